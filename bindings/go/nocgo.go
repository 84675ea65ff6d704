//go:build !cgo

package attestor

// BundleStore needs cgo: every method returns [ErrCGORequired].
type BundleStore struct{}

// NewBundleStore makes a store that can do nothing.
func NewBundleStore() *BundleStore { return &BundleStore{} }

// Put returns [ErrCGORequired].
func (*BundleStore) Put(string, []byte, ...PutOption) error { return ErrCGORequired }

// PutIssuer returns [ErrCGORequired].
func (*BundleStore) PutIssuer(string, []byte, ...PutOption) error { return ErrCGORequired }

// Remove returns [ErrCGORequired].
func (*BundleStore) Remove(string) error { return ErrCGORequired }

// RemoveIssuer returns [ErrCGORequired].
func (*BundleStore) RemoveIssuer(string) error { return ErrCGORequired }

// Info returns [ErrCGORequired].
func (*BundleStore) Info(string, Slot) (SlotInfo, error) { return SlotInfo{}, ErrCGORequired }

// IssuerInfo returns [ErrCGORequired].
func (*BundleStore) IssuerInfo(string) (SlotInfo, error) { return SlotInfo{}, ErrCGORequired }

// Close has nothing to close.
func (*BundleStore) Close() error { return nil }

// Verifier needs cgo: there is none without it.
type Verifier struct{}

// NewVerifier returns [ErrCGORequired].
func NewVerifier(*BundleStore, []byte) (*Verifier, error) { return nil, ErrCGORequired }

// SetPolicy returns [ErrCGORequired].
func (*Verifier) SetPolicy([]byte) error { return ErrCGORequired }

// Verify returns [ErrCGORequired].
func (*Verifier) Verify(string, ...VerifyOption) (*Identity, error) { return nil, ErrCGORequired }

// Close has nothing to close.
func (*Verifier) Close() error { return nil }

func libraryText(Reason) (slug, phrase string) { return "unknown", "unknown" }
