//go:build !cgo

package attestor

import (
	"crypto/tls"
	"errors"
	"testing"
	"time"
)

func TestWithoutCGO(t *testing.T) {
	store, verifier := NewBundleStore(), &Verifier{}
	_, infoErr := store.Info("example.org", SlotJWT)
	_, issuerErr := store.IssuerInfo("https://issuer.example")
	made, newErr := NewVerifier(store, nil)
	lifted, liftErr := store.Lift(DenyEntry{})
	_, denialsErr := store.Denials()
	identity, verifyErr := verifier.Verify("")
	admitted, admitErr := verifier.Admit("", "", Passport(""), At(time.Now()))
	connected, connectionErr := verifier.VerifyConnection(tls.ConnectionState{HandshakeComplete: true})
	challenged, challengeErr := verifier.VerifyChallenge(nil, nil, "", nil)
	log, logErr := OpenReceiptLog("log.jsonl")
	_, appendErr := log.Append("event", nil, nil)
	passport, mintErr := MintPassport(nil, PassportClaims{})
	thumbprint, thumbprintErr := PassportThumbprint(nil)
	proof, signErr := SignChallenge(nil, nil, "", "")
	if made != nil || lifted || identity != nil || admitted != nil || connected != nil || challenged != nil ||
		log != nil || passport != "" || thumbprint != "" || proof != nil {
		t.Error("something came of nothing")
	}
	for name, err := range map[string]error{
		"Put": store.Put("example.org", nil), "Remove": store.Remove("example.org"), "Info": infoErr,
		"PutIssuer": store.PutIssuer("https://issuer.example", nil), "IssuerInfo": issuerErr,
		"RemoveIssuer": store.RemoveIssuer("https://issuer.example"),
		"PutMap":       store.PutMap(nil), "Deny": store.Deny(DenyEntry{}), "Lift": liftErr, "ClearDenials": store.ClearDenials(),
		"Denials": denialsErr, "NewVerifier": newErr, "Verify": verifyErr, "Admit": admitErr,
		"VerifyConnection": connectionErr, "PeerVerifier": verifier.PeerVerifier(nil)(tls.ConnectionState{}),
		"VerifyChallenge": challengeErr, "SetPolicy": verifier.SetPolicy(nil), "SetShadowPolicy": verifier.SetShadowPolicy(nil),
		"OpenReceiptLog": logErr, "Append": appendErr, "Rotate": log.Rotate(""), "MintPassport": mintErr,
		"PassportThumbprint": thumbprintErr, "SignChallenge": signErr,
	} {
		if !errors.Is(err, ErrCGORequired) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if store.Close() != nil || verifier.Close() != nil || log.Close() != nil {
		t.Error("Close failed")
	}
}
