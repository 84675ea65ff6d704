//go:build cgo

package attestor

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAllow(t *testing.T) {
	for keys, expires := range map[string]int64{"ec-p256": expiry.Unix(), "rsa-2048": 2_110_662_313} {
		verifier, _ := fedVerifier(t, keys)
		identity, err := verifier.Verify(string(spire(t, keys+"/s0.minted.jwt")), At(issued))
		if err != nil {
			t.Fatalf("%s: %v", keys, err)
		}
		want := &Identity{
			ID: minted, Kind: KindJWTSVID, Subject: minted, TrustDomain: domain, Local: true, AttestorID: "spiffe",
			ExpiresAt: time.Unix(expires, 0).UTC(), KeyThumbprint: identity.KeyThumbprint,
		}
		if !reflect.DeepEqual(identity, want) {
			t.Errorf("%s: got %+v, want %+v", keys, *identity, *want)
		}
		if len(identity.KeyThumbprint) != 43 {
			t.Errorf("%s: thumbprint %q", keys, identity.KeyThumbprint)
		}
	}
}

func TestRefusals(t *testing.T) {
	fed, _ := fedVerifier(t, "ec-p256")
	otherAudience, store := fedVerifier(t, "ec-p256")
	if err := otherAudience.SetPolicy(policyFor("spiffe://example.org/other")); err != nil {
		t.Fatal(err)
	}
	if err := store.Remove("absent.example"); err != nil {
		t.Fatal(err)
	}
	unfed := newVerifier(t, newStore(t), policyFor(audience))
	token := string(spire(t, "ec-p256/s0.minted.jwt"))
	forged := token[:strings.LastIndex(token, ".")+1] + strings.Repeat("A", 86)

	for _, test := range []struct {
		name     string
		verifier *Verifier
		token    string
		at       time.Time
		reason   Reason
		class    error
		attestor string
	}{
		{"expired", fed, token, expiry.Add(time.Minute), TokenExpired, ErrDenied, "spiffe"},
		{"forged", fed, forged, issued, SignatureInvalid, ErrDenied, "spiffe"},
		{"newline", fed, token + "\n", issued, InvalidBase64url, ErrDenied, ""},
		{"empty", fed, "", issued, MalformedToken, ErrDenied, ""},
		{"huge", fed, strings.Repeat("A", 1<<20), issued, InputTooLarge, ErrDenied, ""},
		{"audience", otherAudience, token, issued, AudienceMismatch, ErrDenied, "spiffe"},
		{"never fed", unfed, token, issued, BundleUnavailable, ErrUnavailable, "spiffe"},
	} {
		identity, err := test.verifier.Verify(test.token, At(test.at))
		if identity != nil {
			t.Errorf("%s: an identity came back", test.name)
		}
		var refused *VerdictError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v is no VerdictError", test.name, err)
			continue
		}
		want := VerdictError{Reason: test.reason, AttestorID: test.attestor}
		if !reflect.DeepEqual(*refused, want) {
			t.Errorf("%s: got %+v, want %+v", test.name, *refused, want)
		}
		if !errors.Is(err, test.reason) || !errors.Is(err, test.class) || errors.Is(err, ErrMisuse) {
			t.Errorf("%s: %v matches the wrong targets", test.name, err)
		}
		if err.Error() != test.reason.String() {
			t.Errorf("%s: message %q", test.name, err)
		}
	}
}

func TestAuthenticatedRefusal(t *testing.T) {
	store := newStore(t)
	if err := store.Put(domain, vector(t, "bundles", "main.json"), At(issued)); err != nil {
		t.Fatal(err)
	}
	verifier := newVerifier(t, store, vector(t, "policies", "default.json"))
	_, err := verifier.Verify(string(vector(t, "credentials", "cnf-jwk.jwt")), At(issued))
	var refused *VerdictError
	if !errors.As(err, &refused) || refused.Reason != PopRequired || !refused.Authenticated {
		t.Errorf("got %#v", err)
	}
}

func TestMisuse(t *testing.T) {
	verifier, _ := fedVerifier(t, "ec-p256")
	token := string(spire(t, "ec-p256/s0.minted.jwt"))
	for _, test := range []struct {
		name   string
		opts   []VerifyOption
		reason Reason
	}{
		{"zero time", []VerifyOption{At(time.Time{})}, ClockInvalid},
		{"the number that means now", []VerifyOption{At(time.Unix(systemClock, 0))}, ClockInvalid},
		{"unknown attestor", []VerifyOption{At(issued), Attestor("other")}, AttestorUnknown},
		{"empty attestor", []VerifyOption{At(issued), Attestor("")}, AttestorUnknown},
		{"endless attestor", []VerifyOption{At(issued), Attestor(strings.Repeat("a", 1<<20))}, ArgumentInvalid},
		{"nil option", []VerifyOption{nil}, ArgumentInvalid},
	} {
		identity, err := verifier.Verify(token, test.opts...)
		var misuse *ConfigError
		if identity != nil || !errors.As(err, &misuse) || misuse.Reason != test.reason {
			t.Errorf("%s: got %v, %#v", test.name, identity, err)
		}
		if !errors.Is(err, ErrMisuse) || errors.Is(err, ErrDenied) || errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v matches the wrong targets", test.name, err)
		}
	}
	if identity, err := verifier.Verify(token, At(issued), Attestor("spiffe")); err != nil || identity.ID != minted {
		t.Errorf("the forced attestor: %v", err)
	}
}

func TestPolicyErrors(t *testing.T) {
	verifier, store := fedVerifier(t, "ec-p256")
	bad := []byte(`{"version": 1, "attestors": [{"id": "spiffe", "kind": "spiffe", "audiences": []}]}`)
	made, err := NewVerifier(store, bad)
	var invalid *ConfigError
	if made != nil || !errors.As(err, &invalid) || invalid.Reason != ConfigInvalid ||
		!strings.HasPrefix(invalid.Detail, "$.attestors[0]") {
		t.Errorf("got %v, %#v", made, err)
	}
	if want := ConfigInvalid.String() + ": " + invalid.Detail; err.Error() != want {
		t.Errorf("message %q, want %q", err, want)
	}
	for _, policy := range [][]byte{nil, {}, bad, make([]byte, 2<<20)} {
		if err := verifier.SetPolicy(policy); !errors.Is(err, ConfigInvalid) {
			t.Errorf("policy of %d bytes: %v", len(policy), err)
		}
	}
	if _, err := verifier.Verify(string(spire(t, "ec-p256/s0.minted.jwt")), At(issued)); err != nil {
		t.Errorf("a refused policy took effect: %v", err)
	}
	if made, err := NewVerifier(nil, policyFor(audience)); made != nil || !errors.Is(err, ArgumentInvalid) {
		t.Errorf("nil store: %v", err)
	}
}

func TestEvidence(t *testing.T) {
	verifier, _ := fedVerifier(t, "ec-p256")
	token := string(spire(t, "ec-p256/s0.minted.jwt"))

	identity, err := verifier.Verify(token, At(issued), WithEvidence())
	if err != nil {
		t.Fatal(err)
	}
	var allow struct {
		Identity   string `json:"attested_external_identity"`
		VerifiedAt int64  `json:"verified_at"`
	}
	if err := json.Unmarshal(identity.Evidence, &allow); err != nil {
		t.Fatal(err)
	}
	if allow.Identity != minted || allow.VerifiedAt != issued.Unix() {
		t.Errorf("got %+v", allow)
	}

	_, err = verifier.Verify(token, At(expiry.Add(time.Hour)), WithEvidence())
	var refused *VerdictError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v", err)
	}
	var deny struct {
		Code Reason `json:"deny_code"`
	}
	if err := json.Unmarshal(refused.Evidence, &deny); err != nil || deny.Code != refused.Reason {
		t.Errorf("got %+v, %v", deny, err)
	}
}

func TestLongEvidence(t *testing.T) {
	store := newStore(t)
	if err := store.Put(domain, vector(t, "bundles", "main.json"), At(issued)); err != nil {
		t.Fatal(err)
	}
	verifier := newVerifier(t, store, vector(t, "policies", "default.json"))
	identity, err := verifier.Verify(longestIdentity(t), At(issued), WithEvidence())
	if err != nil {
		t.Fatal(err)
	}
	if len(identity.Evidence) < 2*len(identity.ID) || len(identity.ID) < 1024 || !json.Valid(identity.Evidence) {
		t.Errorf("%d bytes of evidence for an identity of %d", len(identity.Evidence), len(identity.ID))
	}
}

func TestWarmVerifyAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	verifier, store := fedVerifier(t, "ec-p256")
	forgetful := newVerifier(t, store, policyFor(audience), WithoutCache())
	token := string(spire(t, "ec-p256/s0.minted.jwt"))
	// The identity and its text; for a refusal the error and its attestor.
	for name, verify := range map[string]func() error{
		"allow": func() error {
			_, err := forgetful.Verify(token, At(issued), Attestor("spiffe"))
			return err
		},
		"allow what is remembered": func() error {
			_, err := verifier.Verify(token, At(issued), Attestor("spiffe"))
			return err
		},
		"refusal": func() error {
			if _, err := verifier.Verify(token, At(expiry.Add(time.Hour))); err == nil {
				return errors.New("accepted")
			}
			return nil
		},
	} {
		if n := testing.AllocsPerRun(200, func() {
			if err := verify(); err != nil {
				t.Fatal(err)
			}
		}); n > 2 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
