//go:build !cgo

package attestor

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/tls"
	"time"
)

// BundleStore needs cgo: every method returns [ErrCGORequired].
type BundleStore struct{}

// NewBundleStore makes a store that can do nothing.
func NewBundleStore(...StoreOption) *BundleStore { return &BundleStore{} }

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

// Touch returns [ErrCGORequired].
func (*BundleStore) Touch(string, ...TouchOption) error { return ErrCGORequired }

// TouchIssuer returns [ErrCGORequired].
func (*BundleStore) TouchIssuer(string, ...TouchOption) error { return ErrCGORequired }

// TouchAll returns [ErrCGORequired].
func (*BundleStore) TouchAll(uint64, ...TouchOption) error { return ErrCGORequired }

// Withdraw returns [ErrCGORequired].
func (*BundleStore) Withdraw(uint64) (int, error) { return 0, ErrCGORequired }

// SetFeed returns [ErrCGORequired].
func (*BundleStore) SetFeed(Source, Feed, ...FeedOption) error { return ErrCGORequired }

// CloseFeed returns [ErrCGORequired].
func (*BundleStore) CloseFeed(Source) error { return ErrCGORequired }

// Refresh returns [ErrCGORequired].
func (*BundleStore) Refresh(context.Context, ...TimeOption) (RefreshReport, error) {
	return RefreshReport{}, ErrCGORequired
}

// RefreshSource returns [ErrCGORequired].
func (*BundleStore) RefreshSource(context.Context, Source, ...TimeOption) error {
	return ErrCGORequired
}

// NextRefresh has nothing to wait for.
func (*BundleStore) NextRefresh(...TimeOption) (time.Time, bool) { return time.Time{}, false }

// Health returns [ErrCGORequired].
func (*BundleStore) Health(Source, ...TimeOption) (SourceHealth, error) {
	return SourceHealth{}, ErrCGORequired
}

// Snapshot returns [ErrCGORequired].
func (*BundleStore) Snapshot([]byte, ...SnapshotOption) ([]byte, error) { return nil, ErrCGORequired }

// Restore returns [ErrCGORequired].
func (*BundleStore) Restore([]byte, []byte, ...SnapshotOption) (RestoreReport, error) {
	return RestoreReport{}, ErrCGORequired
}

// AllowPublishing returns [ErrCGORequired].
func (*BundleStore) AllowPublishing(Source, bool) error { return ErrCGORequired }

// Publish returns [ErrCGORequired].
func (*BundleStore) Publish(Source, Format, ...TimeOption) ([]byte, error) {
	return nil, ErrCGORequired
}

// Sink needs cgo: no [Feed] gets one without it.
type Sink struct{}

// Put returns [ErrCGORequired].
func (*Sink) Put(Format, []byte, ...SinkOption) error { return ErrCGORequired }

// Confirm returns [ErrCGORequired].
func (*Sink) Confirm(...SinkOption) error { return ErrCGORequired }

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

// Readiness returns [ErrCGORequired].
func (*Verifier) Readiness(...TimeOption) (Readiness, error) { return Readiness{}, ErrCGORequired }

// Metrics returns [ErrCGORequired].
func (*Verifier) Metrics(...TimeOption) (Metrics, error) { return Metrics{}, ErrCGORequired }

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
