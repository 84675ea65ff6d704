//go:build cgo

package attestor

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// A credential that was verified before is refused as soon as what spoke for it is gone.
func TestRememberedCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*testing.T, admission) error
		reason Reason
	}{
		"the key is rotated away": {func(t *testing.T, a admission) error {
			other := strings.Replace(string(newES256(t).jwks()), `"k1"`, `"k2"`, 1)
			return a.store.Put(domain, []byte(other), JWKS, At(issued))
		}, KidNotFound},
		"the key is replaced": {func(t *testing.T, a admission) error {
			return a.store.Put(domain, newES256(t).jwks(), JWKS, Force(), At(issued))
		}, SignatureInvalid},
		"the keys are revoked": {func(_ *testing.T, a admission) error {
			return a.store.Put(domain, []byte(`{"keys": []}`), WorkloadAPIJWKS, At(issued))
		}, KidNotFound},
		"the domain is removed": {func(_ *testing.T, a admission) error { return a.store.Remove(domain) }, BundleUnavailable},
		"the feed is withdrawn": {func(_ *testing.T, a admission) error {
			_, err := a.store.Withdraw(0)
			return err
		}, BundleUnavailable},
		"the subject is denied": {func(_ *testing.T, a admission) error {
			return a.store.Deny(DenyEntry{Kind: DenyTrustDomain, Source: domain, Field: DenySub, Value: agent}, At(issued))
		}, OverlayDenied},
		"the key is denied": {func(_ *testing.T, a admission) error {
			return a.store.Deny(DenyEntry{Kind: DenyTrustDomain, Source: domain, Field: DenyKID, Value: "k1"}, At(issued))
		}, OverlayDenied},
		"the policy is swapped": {func(_ *testing.T, a admission) error {
			return a.verifier.SetPolicy(policyFor("others"))
		}, AudienceMismatch},
	} {
		a := newAdmission(t)
		token := a.authority.mint(t, "k1", svid())
		for _, remembered := range []bool{false, true, true} {
			identity, err := a.verifier.Verify(token, At(issued))
			if err != nil || identity.FromCache != remembered || identity.ID != agent {
				t.Errorf("%s: got %+v, %v", name, identity, err)
			}
		}
		if err := test.change(t, a); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for range 2 {
			if identity, err := a.verifier.Verify(token, At(issued)); identity != nil || !errors.Is(err, test.reason) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestRememberedCredentialsExpire(t *testing.T) {
	a := newAdmission(t)
	token := a.authority.mint(t, "k1", svid())
	for range 2 {
		if _, err := a.verifier.Verify(token, At(issued)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.verifier.Verify(token, At(issued.Add(2*time.Hour))); !errors.Is(err, TokenExpired) {
		t.Errorf("after its time: %v", err)
	}
	if _, err := a.verifier.Verify(token, At(issued.Add(24*time.Hour))); !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrDenied) {
		t.Errorf("after the bundle's: %v", err)
	}
}

func TestCacheOptions(t *testing.T) {
	a := newAdmission(t)
	token := a.authority.mint(t, "k1", svid())
	policy := admissionPolicy(a.agent.thumbprint)
	for name, test := range map[string]struct {
		opt        VerifierOption
		remembered bool
	}{
		"off": {WithoutCache(), false}, "default": {CacheSize(0, 0), true}, "small": {CacheSize(16, 64<<10), true},
	} {
		verifier, err := NewVerifier(a.store, policy, test.opt)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for range 2 {
			if _, err := verifier.Verify(token, At(issued)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		identity, err := verifier.Verify(token, At(issued))
		if err != nil || identity.FromCache != test.remembered {
			t.Errorf("%s: got %+v, %v", name, identity, err)
		}
		verifier.Close()
	}
	for _, opt := range []VerifierOption{nil, CacheSize(-1, 0), CacheSize(0, -1), CacheSize(1<<20+1, 0)} {
		if verifier, err := NewVerifier(a.store, policy, opt); verifier != nil || !errors.Is(err, ArgumentInvalid) {
			t.Errorf("%v: %v", opt, err)
		}
	}
}
