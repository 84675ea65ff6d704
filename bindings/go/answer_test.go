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

// JSON texts may hold anything, a NUL too: what an answer has of them is theirs by length, not up to a NUL.
func TestAnswersHoldAnyText(t *testing.T) {
	verifier, _ := fedVerifier(t, "ec-p256")
	policies := []string{"\x00", "ü\x00日本", "\x00\x00🔑", "last"}
	if err := verifier.SetPolicy(mapped(t, "näme\x00\x00of it", policies)); err != nil {
		t.Fatal(err)
	}
	token := string(spire(t, "ec-p256/s0.minted.jwt"))
	for _, remembered := range []bool{false, true} {
		identity, err := verifier.Verify(token, At(issued), WithEvidence())
		if err != nil {
			t.Fatal(err)
		}
		if identity.ID != minted || identity.InternalIdentity != "näme\x00\x00of it" || identity.AttestorID != "spiffe" ||
			!reflect.DeepEqual(identity.Policies, policies) || len(identity.KeyThumbprint) != 43 ||
			identity.PassportThumbprint != "" || identity.FromCache != remembered {
			t.Errorf("got %+v", *identity)
		}
		var evidence struct {
			InternalIdentity string   `json:"internal_identity"`
			Policies         []string `json:"policies"`
		}
		if err := json.Unmarshal(identity.Evidence, &evidence); err != nil ||
			evidence.InternalIdentity != identity.InternalIdentity || !reflect.DeepEqual(evidence.Policies, policies) {
			t.Errorf("got %s, %v", identity.Evidence, err)
		}
	}
}

// An answer that does not fit the storage is asked for again, and the same.
func TestAnswersOfAnyLength(t *testing.T) {
	verifier, _ := fedVerifier(t, "ec-p256")
	token := string(spire(t, "ec-p256/s0.minted.jwt"))
	for _, size := range []int{1, 200, usualAnswer/2 - 200, usualAnswer / 2, usualAnswer, 3 * usualAnswer} {
		policies := []string{strings.Repeat("ü", size/4) + "\x00", strings.Repeat("\x00", size/4) + "x"}
		if err := verifier.SetPolicy(mapped(t, "orders", policies)); err != nil {
			t.Fatal(err)
		}
		identity, err := verifier.Verify(token, At(issued))
		if err != nil || !reflect.DeepEqual(identity.Policies, policies) || identity.ID != minted {
			t.Errorf("%d: got %v, %v", size, identity, err)
		}
	}
	if _, err := verifier.Verify(token, At(expiry.Add(time.Minute))); !errors.Is(err, TokenExpired) {
		t.Errorf("after a long answer: %v", err)
	}
}

// mapped is a policy that says as what the workload enters.
func mapped(t *testing.T, internalIdentity string, policies []string) []byte {
	t.Helper()
	policy, err := json.Marshal(map[string]any{
		"version": 1,
		"attestors": []any{map[string]any{
			"id": "spiffe", "kind": "spiffe", "audiences": []string{audience}, "trust_domains": []string{domain},
			"map": []any{map[string]any{
				"match": "spiffe://example.org/{name}", "internal_identity": internalIdentity, "policies": policies,
			}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return policy
}
