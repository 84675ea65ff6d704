//go:build cgo

package attestor

import (
	"context"
	"crypto/tls"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

func TestUseAfterClose(t *testing.T) {
	verifier, store := fedVerifier(t, "ec-p256")
	token := string(spire(t, "ec-p256/s0.minted.jwt"))
	for range 2 {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := verifier.Verify(token, At(issued)); err != nil {
		t.Errorf("a verifier lives on without the store's handle: %v", err)
	}
	for range 2 {
		if err := verifier.Close(); err != nil {
			t.Error(err)
		}
	}
	mustBeClosed(t, store, verifier)
}

func TestZeroValuesAreClosed(t *testing.T) {
	store, verifier := &BundleStore{}, &Verifier{}
	mustBeClosed(t, store, verifier)
	if store.Close() != nil || verifier.Close() != nil {
		t.Error("Close failed")
	}
}

func mustBeClosed(t *testing.T, store *BundleStore, verifier *Verifier) {
	t.Helper()
	_, infoErr := store.Info(domain, SlotJWT)
	_, issuerErr := store.IssuerInfo(issuer)
	made, newErr := NewVerifier(store, policyFor(audience))
	_, denialsErr := store.Denials()
	lifted, liftErr := store.Lift(DenyEntry{})
	identity, verifyErr := verifier.Verify("", At(issued))
	admitted, admitErr := verifier.Admit("", "", At(issued))
	connected, connectionErr := verifier.VerifyConnection(tls.ConnectionState{HandshakeComplete: true})
	challenged, challengeErr := verifier.VerifyChallenge(nil, nil, "", nil)
	_, withdrawErr := store.Withdraw(1)
	_, refreshErr := store.Refresh(context.Background())
	_, waiting := store.NextRefresh()
	_, healthErr := store.Health(TrustDomain(domain))
	snapshot, snapshotErr := store.Snapshot(nil, Unkeyed())
	_, restoreErr := store.Restore(nil, nil, Unkeyed())
	published, publishErr := store.Publish(TrustDomain(domain), JWKS)
	_, readinessErr := verifier.Readiness()
	_, metricsErr := verifier.Metrics()
	if waiting || snapshot != nil || published != nil || made != nil || lifted || identity != nil || admitted != nil || connected != nil || challenged != nil {
		t.Error("something came of a closed handle")
	}
	for name, err := range map[string]error{
		"Put": store.Put(domain, nil), "Remove": store.Remove(domain), "Info": infoErr, "NewVerifier": newErr,
		"PutIssuer": store.PutIssuer(issuer, nil), "RemoveIssuer": store.RemoveIssuer(issuer), "IssuerInfo": issuerErr,
		"PutMap": store.PutMap(nil), "Deny": store.Deny(DenyEntry{}), "Lift": liftErr, "ClearDenials": store.ClearDenials(),
		"Denials": denialsErr, "Verify": verifyErr, "Admit": admitErr, "VerifyConnection": connectionErr,
		"PeerVerifier": verifier.PeerVerifier(nil)(tls.ConnectionState{}), "VerifyChallenge": challengeErr,
		"Touch": store.Touch(domain), "TouchIssuer": store.TouchIssuer(issuer), "TouchAll": store.TouchAll(1),
		"Withdraw": withdrawErr, "SetFeed": store.SetFeed(TrustDomain(domain), FeedFunc(nil)),
		"CloseFeed": store.CloseFeed(TrustDomain(domain)), "Refresh": refreshErr,
		"RefreshSource": store.RefreshSource(context.Background(), TrustDomain(domain)), "Health": healthErr,
		"Snapshot": snapshotErr, "Restore": restoreErr, "AllowPublishing": store.AllowPublishing(TrustDomain(domain), true),
		"Publish": publishErr, "Readiness": readinessErr, "Metrics": metricsErr,
		"SetPolicy": verifier.SetPolicy(nil), "SetShadowPolicy": verifier.SetShadowPolicy(nil),
	} {
		if !errors.Is(err, ErrClosed) || !errors.Is(err, HandleClosed) || !errors.Is(err, ErrMisuse) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Close meets ten goroutines in the middle of their calls; each goes on until it is told.
func TestConcurrentUse(t *testing.T) {
	verifier, store := fedVerifier(t, "ec-p256")
	token := string(spire(t, "ec-p256/s0.minted.jwt"))
	bundle, policy := spire(t, "ec-p256/s0.bundle.spiffe.json"), policyFor(audience)

	verify := func() error {
		identity, err := verifier.Verify(token, At(issued))
		if (err == nil) != (identity != nil && identity.ID == minted) {
			t.Errorf("%v with the error %v", identity, err)
		}
		return err
	}
	put := func() error { return store.Put(domain, bundle, Permanent()) }
	setPolicy := func() error { return verifier.SetPolicy(policy) }
	setShadow := func() error { return verifier.SetShadowPolicy(policy) }
	deny := func() error {
		return store.Deny(DenyEntry{Kind: DenyTrustDomain, Source: domain, Field: DenySub, Value: agent})
	}

	var calls atomic.Int64
	var users sync.WaitGroup
	for _, call := range []func() error{
		verify, verify, verify, verify, verify, put, put, setPolicy, setShadow, deny,
	} {
		users.Add(1)
		go func() {
			defer users.Done()
			err := call()
			for ; err == nil; err = call() {
				calls.Add(1)
			}
			if !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
		}()
	}
	for calls.Load() < 500 {
		runtime.Gosched()
	}
	for range 4 {
		users.Add(1)
		go func() {
			defer users.Done()
			verifier.Close()
			store.Close()
		}()
	}
	users.Wait()
}

func TestHandleIsFreedOnceByItsLastUser(t *testing.T) {
	for range 200 {
		var freed atomic.Int64
		owner := new(int)
		h := newHandle(owner, unsafe.Pointer(owner), func(unsafe.Pointer) { freed.Add(1) })
		var users sync.WaitGroup
		for i := range 8 {
			users.Add(1)
			go func() {
				defer users.Done()
				if i%4 == 3 {
					h.close()
				}
				if _, err := h.enter(); err != nil {
					return
				}
				runtime.Gosched()
				if freed.Load() != 0 {
					t.Error("freed under a user")
				}
				h.leave()
			}()
		}
		users.Wait()
		if n := freed.Load(); n != 1 {
			t.Fatalf("freed %d times", n)
		}
		runtime.KeepAlive(owner)
	}
}

func TestCollectorClosesWhatIsDropped(t *testing.T) {
	freed := make(chan struct{})
	newHandle(new(BundleStore), nil, func(unsafe.Pointer) { close(freed) })
	for {
		runtime.GC()
		select {
		case <-freed:
			return
		case <-time.After(time.Millisecond):
		}
	}
}
