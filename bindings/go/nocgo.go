//go:build !cgo

package attestor

import (
	"crypto"
	"crypto/ed25519"
	"crypto/tls"
)

// BundleStore needs cgo: every method returns [ErrCGORequired].
type BundleStore struct{}

// NewBundleStore makes a store that can do nothing.
func NewBundleStore() *BundleStore { return &BundleStore{} }

// Put returns [ErrCGORequired].
func (*BundleStore) Put(string, []byte, ...PutOption) error { return ErrCGORequired }

// PutIssuer returns [ErrCGORequired].
func (*BundleStore) PutIssuer(string, []byte, ...PutOption) error { return ErrCGORequired }

// PutMap returns [ErrCGORequired].
func (*BundleStore) PutMap([]byte, ...PutOption) error { return ErrCGORequired }

// Remove returns [ErrCGORequired].
func (*BundleStore) Remove(string) error { return ErrCGORequired }

// RemoveIssuer returns [ErrCGORequired].
func (*BundleStore) RemoveIssuer(string) error { return ErrCGORequired }

// Info returns [ErrCGORequired].
func (*BundleStore) Info(string, Slot) (SlotInfo, error) { return SlotInfo{}, ErrCGORequired }

// IssuerInfo returns [ErrCGORequired].
func (*BundleStore) IssuerInfo(string) (SlotInfo, error) { return SlotInfo{}, ErrCGORequired }

// Deny returns [ErrCGORequired].
func (*BundleStore) Deny(DenyEntry, ...DenyOption) error { return ErrCGORequired }

// Lift returns [ErrCGORequired].
func (*BundleStore) Lift(DenyEntry) (bool, error) { return false, ErrCGORequired }

// ClearDenials returns [ErrCGORequired].
func (*BundleStore) ClearDenials() error { return ErrCGORequired }

// Denials returns [ErrCGORequired].
func (*BundleStore) Denials() (int, error) { return 0, ErrCGORequired }

// Close has nothing to close.
func (*BundleStore) Close() error { return nil }

// Verifier needs cgo: there is none without it.
type Verifier struct{}

// NewVerifier returns [ErrCGORequired].
func NewVerifier(*BundleStore, []byte, ...VerifierOption) (*Verifier, error) {
	return nil, ErrCGORequired
}

// SetPolicy returns [ErrCGORequired].
func (*Verifier) SetPolicy([]byte) error { return ErrCGORequired }

// SetShadowPolicy returns [ErrCGORequired].
func (*Verifier) SetShadowPolicy([]byte) error { return ErrCGORequired }

// Verify returns [ErrCGORequired].
func (*Verifier) Verify(string, ...VerifyOption) (*Identity, error) { return nil, ErrCGORequired }

// Admit returns [ErrCGORequired].
func (*Verifier) Admit(string, string, ...VerifyOption) (*Identity, error) {
	return nil, ErrCGORequired
}

// VerifyConnection returns [ErrCGORequired].
func (*Verifier) VerifyConnection(tls.ConnectionState, ...VerifyOption) (*Identity, error) {
	return nil, ErrCGORequired
}

// PeerVerifier makes a function that returns [ErrCGORequired].
func (*Verifier) PeerVerifier(func(*Identity) error, ...VerifyOption) func(tls.ConnectionState) error {
	return func(tls.ConnectionState) error { return ErrCGORequired }
}

// VerifyChallenge returns [ErrCGORequired].
func (*Verifier) VerifyChallenge([][]byte, []byte, string, []byte, ...VerifyOption) (*Identity, error) {
	return nil, ErrCGORequired
}

// Close has nothing to close.
func (*Verifier) Close() error { return nil }

// ReceiptLog needs cgo: there is none without it.
type ReceiptLog struct{}

// OpenReceiptLog returns [ErrCGORequired].
func OpenReceiptLog(string, ...ReceiptOption) (*ReceiptLog, error) { return nil, ErrCGORequired }

// Append returns [ErrCGORequired].
func (*ReceiptLog) Append(string, []byte, map[string]string) (ReceiptHead, error) {
	return ReceiptHead{}, ErrCGORequired
}

// Head is of no line.
func (*ReceiptLog) Head() ReceiptHead { return ReceiptHead{} }

// Rotate returns [ErrCGORequired].
func (*ReceiptLog) Rotate(string) error { return ErrCGORequired }

// Close has nothing to close.
func (*ReceiptLog) Close() error { return nil }

// MintPassport returns [ErrCGORequired].
func MintPassport(ed25519.PrivateKey, PassportClaims) (string, error) { return "", ErrCGORequired }

// PassportThumbprint returns [ErrCGORequired].
func PassportThumbprint(ed25519.PrivateKey) (string, error) { return "", ErrCGORequired }

// SignChallenge returns [ErrCGORequired].
func SignChallenge(crypto.Signer, []byte, string, string) ([]byte, error) { return nil, ErrCGORequired }

func libraryText(Reason) (slug, phrase string) { return "unknown", "unknown" }
