//go:build cgo

package attestor

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const (
	domain   = "example.org"
	audience = "spiffe://example.org/verifier"
	minted   = "spiffe://example.org/minted"
	issuer   = "https://issuer.example"
)

// The life of the credentials that SPIRE issued.
var (
	issued = time.Unix(1_800_000_000, 0)
	expiry = time.Unix(2_110_662_257, 0)
)

func spire(t testing.TB, name string) []byte {
	t.Helper()
	return mustRead(t, filepath.Join("..", "..", "tests", "data", "spire", name))
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func policyFor(audience string) []byte {
	return fmt.Appendf(nil, `{"version": 1, "attestors": [{"id": "spiffe", "kind": "spiffe", "audiences": [%q],
		"trust_domains": [%q], "local_trust_domain": %[2]q}]}`, audience, domain)
}

func newStore(t testing.TB) *BundleStore {
	t.Helper()
	store := NewBundleStore()
	t.Cleanup(func() { store.Close(); mustBeFreed(t, store.handle) })
	return store
}

func newVerifier(t testing.TB, store *BundleStore, policy []byte, opts ...VerifierOption) *Verifier {
	t.Helper()
	verifier, err := NewVerifier(store, policy, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { verifier.Close(); mustBeFreed(t, verifier.handle) })
	return verifier
}

func mustBeFreed(t testing.TB, h *handle) {
	t.Helper()
	if users := h.state.Load() - closed; users != 0 {
		t.Errorf("%d calls never left", users)
	}
}

// fedVerifier is ready to admit the credentials of one of SPIRE's key types, ec-p256 or rsa-2048.
func fedVerifier(t testing.TB, keys string) (*Verifier, *BundleStore) {
	t.Helper()
	store := newStore(t)
	if err := store.Put(domain, spire(t, keys+"/s0.bundle.spiffe.json"), At(issued), Permanent()); err != nil {
		t.Fatal(err)
	}
	return newVerifier(t, store, policyFor(audience)), store
}
