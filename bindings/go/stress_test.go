//go:build cgo

package attestor

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// Eight goroutines change, feed and ask a store at once, until it is closed under them.
func TestStoreUnderStress(t *testing.T) {
	before := registrations.Load()
	store, keys := NewBundleStore(), newES256(t)
	verifier, err := NewVerifier(store, []byte(oidcPolicy))
	if err != nil {
		t.Fatal(err)
	}
	jwks, token, source := keys.jwks(), keys.mint(t, "k1", orders()), Issuer(issuer)
	feed := FeedFunc(func(_ context.Context, _ Source, sink *Sink) error {
		runtime.Gosched()
		if sink.Confirm() == nil {
			return nil
		}
		return sink.Put(JWKS, jwks)
	})
	// What another goroutine may be the reason of.
	tolerated := func(err error, reasons ...Reason) error {
		for _, reason := range reasons {
			if errors.Is(err, reason) {
				return nil
			}
		}
		return err
	}
	verify := func(opts ...VerifyOption) error {
		identity, err := verifier.Verify(token, append(opts, At(issued), Nonce("n-1"))...)
		if (identity == nil) == (err == nil) {
			t.Errorf("%v with the error %v", identity, err)
		}
		return tolerated(err, BundleUnavailable)
	}
	calls := map[string]func() error{
		"Verify":     func() error { return verify() },
		"Refreshing": func() error { return verify(Refreshing(ctx)) },
		"Refresh": func() error {
			report, err := store.Refresh(ctx, At(issued))
			for _, failure := range report.Errors {
				if tolerated(failure, FeedReplaced, BundleUnavailable) != nil {
					t.Error(failure)
				}
			}
			return err
		},
		"RefreshSource": func() error {
			err := store.RefreshSource(ctx, source, At(issued))
			return tolerated(err, RefreshBusy, FeedReplaced, BundleUnavailable)
		},
		"SetFeed": func() error {
			if err := store.SetFeed(source, feed, FeedID(1)); err != nil {
				return err
			}
			return store.SetFeed(TrustDomain(domain), feed)
		},
		"Remove": func() error {
			if err := store.RemoveIssuer(issuer); err != nil {
				return err
			}
			return store.CloseFeed(TrustDomain(domain))
		},
		"Put": func() error {
			if err := store.PutIssuer(issuer, jwks, At(issued)); err != nil {
				return err
			}
			if _, err := store.Withdraw(1); err != nil {
				return err
			}
			snapshot, err := store.Snapshot(nil, Unkeyed(), At(issued))
			if err != nil {
				return err
			}
			_, err = store.Restore(nil, snapshot, Unkeyed(), At(issued))
			return err
		},
		"Health": func() error {
			if _, err := store.Health(source, At(issued)); tolerated(err, BundleUnavailable) != nil {
				return err
			}
			store.NextRefresh(At(issued))
			if _, err := verifier.Metrics(At(issued)); err != nil {
				return err
			}
			if _, err := verifier.Readiness(At(issued)); err != nil {
				return err
			}
			_, err := store.IssuerInfo(issuer)
			return tolerated(err, BundleUnavailable)
		},
	}
	var rounds atomic.Int64
	var users sync.WaitGroup
	for name, call := range calls {
		users.Add(1)
		go func() {
			defer users.Done()
			err := call()
			for ; err == nil; err = call() {
				rounds.Add(1)
			}
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}()
	}
	for rounds.Load() < 5000 {
		runtime.Gosched()
	}
	store.Close()
	verifier.Close()
	users.Wait()
	mustBeFreed(t, store.handle)
	mustBeFreed(t, verifier.handle)
	if after := registrations.Load(); after != before {
		t.Errorf("%d feeds are left", after-before)
	}
}
