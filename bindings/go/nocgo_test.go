//go:build !cgo

package attestor

import (
	"errors"
	"testing"
)

func TestWithoutCGO(t *testing.T) {
	store, verifier := NewBundleStore(), &Verifier{}
	_, infoErr := store.Info("example.org", SlotJWT)
	_, issuerErr := store.IssuerInfo("https://issuer.example")
	made, newErr := NewVerifier(store, nil)
	identity, verifyErr := verifier.Verify("")
	if made != nil || identity != nil {
		t.Error("something came of nothing")
	}
	for name, err := range map[string]error{
		"Put": store.Put("example.org", nil), "Remove": store.Remove("example.org"), "Info": infoErr,
		"PutIssuer": store.PutIssuer("https://issuer.example", nil), "IssuerInfo": issuerErr,
		"RemoveIssuer": store.RemoveIssuer("https://issuer.example"),
		"NewVerifier":  newErr, "Verify": verifyErr, "SetPolicy": verifier.SetPolicy(nil),
	} {
		if !errors.Is(err, ErrCGORequired) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if store.Close() != nil || verifier.Close() != nil {
		t.Error("Close failed")
	}
}
