//go:build !cgo

package attestor

import (
	"context"
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
	emptied, withdrawErr := store.Withdraw(1)
	_, refreshErr := store.Refresh(context.Background())
	_, waiting := store.NextRefresh()
	_, healthErr := store.Health(World())
	snapshot, snapshotErr := store.Snapshot(nil, Unkeyed())
	_, restoreErr := store.Restore(nil, nil, Unkeyed())
	published, publishErr := store.Publish(World(), JWKS)
	_, readinessErr := verifier.Readiness()
	_, metricsErr := verifier.Metrics()
	log, logErr := OpenReceiptLog("log.jsonl")
	_, appendErr := log.Append("event", nil, nil)
	passport, mintErr := MintPassport(nil, PassportClaims{})
	thumbprint, thumbprintErr := PassportThumbprint(nil)
	proof, signErr := SignChallenge(nil, nil, "", "")
	if made != nil || lifted || identity != nil || admitted != nil || connected != nil || challenged != nil ||
		emptied != 0 || waiting || snapshot != nil || published != nil || log != nil || passport != "" || thumbprint != "" || proof != nil {
		t.Error("something came of nothing")
	}
	for name, err := range map[string]error{
		"Put": store.Put("example.org", nil), "Remove": store.Remove("example.org"), "Info": infoErr,
		"PutIssuer": store.PutIssuer("https://issuer.example", nil), "IssuerInfo": issuerErr,
		"RemoveIssuer": store.RemoveIssuer("https://issuer.example"),
		"PutMap":       store.PutMap(nil), "Deny": store.Deny(DenyEntry{}), "Lift": liftErr, "ClearDenials": store.ClearDenials(),
		"Denials": denialsErr, "NewVerifier": newErr, "Verify": verifyErr, "Admit": admitErr,
		"Touch": store.Touch("example.org"), "TouchIssuer": store.TouchIssuer("example.org"), "TouchAll": store.TouchAll(1),
		"Withdraw": withdrawErr, "SetFeed": store.SetFeed(World(), FeedFunc(nil)), "CloseFeed": store.CloseFeed(World()),
		"Refresh": refreshErr, "RefreshSource": store.RefreshSource(context.Background(), World()), "Health": healthErr,
		"Snapshot": snapshotErr, "Restore": restoreErr, "AllowPublishing": store.AllowPublishing(World(), true),
		"Publish": publishErr, "Sink.Put": (&Sink{}).Put(JWKS, nil, Force()), "Confirm": (&Sink{}).Confirm(RefreshAfter(1)),
		"Readiness": readinessErr, "Metrics": metricsErr,
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
