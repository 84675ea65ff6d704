//go:build cgo

package attestor

import (
	"context"
	"crypto/elliptic"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var ctx = context.Background()

// putting is a feed of the keys.
func putting(keys signer, opts ...SinkOption) FeedFunc {
	return func(_ context.Context, _ Source, sink *Sink) error {
		return sink.Put(JWKS, keys.jwks(), opts...)
	}
}

func setFeed(t testing.TB, store *BundleStore, source Source, feed Feed, opts ...FeedOption) {
	t.Helper()
	if err := store.SetFeed(source, feed, opts...); err != nil {
		t.Fatal(err)
	}
}

func mustRefresh(t testing.TB, store *BundleStore, at time.Time, want RefreshReport) {
	t.Helper()
	report, err := store.Refresh(ctx, At(at))
	if err != nil || !reflect.DeepEqual(report, want) {
		t.Errorf("got %+v, %v, want %+v", report, err, want)
	}
}

type contextKey struct{}

func TestFeedPuts(t *testing.T) {
	store, keys := newStore(t), newES256(t)
	if _, ok := store.NextRefresh(At(issued)); ok {
		t.Error("there is something to do without a feed")
	}
	given := context.WithValue(ctx, contextKey{}, "given")
	fetches := 0
	setFeed(t, store, Issuer(issuer), FeedFunc(func(ctx context.Context, source Source, sink *Sink) error {
		if fetches++; (ctx.Value(contextKey{}) == "given") != (fetches == 1) || source != Issuer(issuer) {
			t.Errorf("context %v, source %v", ctx, source)
		}
		return sink.Put(JWKS, keys.jwks())
	}), FeedID(7))
	if next, ok := store.NextRefresh(At(issued)); !ok || !next.Equal(issued) {
		t.Errorf("a new feed is due at %v, %t", next, ok)
	}
	report, err := store.Refresh(given, At(issued))
	if want := (RefreshReport{Succeeded: 1}); err != nil || !reflect.DeepEqual(report, want) {
		t.Fatalf("got %+v, %v", report, err)
	}
	info, err := store.IssuerInfo(issuer)
	if err != nil || info.Feed != 7 || info.Entries != 1 || !info.ConfirmedAt.Equal(issued) {
		t.Errorf("got %+v, %v", info, err)
	}
	// A key set is due after an hour, up to a tenth earlier.
	if next, ok := store.NextRefresh(At(issued)); !ok || next.After(issued.Add(time.Hour)) || next.Before(issued.Add(54*time.Minute)) {
		t.Errorf("next refresh %v, %t", next, ok)
	}
	mustRefresh(t, store, issued.Add(time.Minute), RefreshReport{})
	mustRefresh(t, store, issued.Add(time.Hour), RefreshReport{Succeeded: 1})
	if fetches != 2 {
		t.Errorf("%d fetches", fetches)
	}
}

func TestFeedSaysWhen(t *testing.T) {
	store := newStore(t)
	setFeed(t, store, Issuer(issuer), putting(newES256(t), KeepFor(10*time.Minute), RefreshAfter(100*time.Second)))
	mustRefresh(t, store, issued, RefreshReport{Succeeded: 1})
	if next, ok := store.NextRefresh(At(issued)); !ok || next.After(issued.Add(100*time.Second)) || next.Before(issued.Add(89*time.Second)) {
		t.Errorf("next refresh %v, %t", next, ok)
	}
	if info, err := store.IssuerInfo(issuer); err != nil || info.SoftAge != 10*time.Minute {
		t.Errorf("got %+v, %v", info, err)
	}
}

func TestFeedConfirms(t *testing.T) {
	store, keys := newStore(t), newES256(t)
	confirm := false
	setFeed(t, store, Issuer(issuer), FeedFunc(func(_ context.Context, _ Source, sink *Sink) error {
		if confirm {
			return sink.Confirm(RefreshAfter(time.Minute))
		}
		return sink.Put(JWKS, keys.jwks())
	}))
	mustRefresh(t, store, issued, RefreshReport{Succeeded: 1})
	before, err := store.IssuerInfo(issuer)
	if err != nil {
		t.Fatal(err)
	}
	confirm = true
	later := issued.Add(2 * time.Hour)
	mustRefresh(t, store, later, RefreshReport{Succeeded: 1})
	after, err := store.IssuerInfo(issuer)
	if err != nil || !after.ConfirmedAt.Equal(later) || after.Generation != before.Generation {
		t.Errorf("got %+v, %v, after %+v", after, err, before)
	}
	if err := store.RemoveIssuer(issuer); err != nil {
		t.Fatal(err)
	}
	setFeed(t, store, Issuer(issuer), FeedFunc(func(_ context.Context, _ Source, sink *Sink) error { return sink.Confirm() }))
	if err := store.RefreshSource(ctx, Issuer(issuer), At(later)); !errors.Is(err, BundleUnavailable) {
		t.Errorf("nothing was put that could be confirmed: %v", err)
	}
}

// One feed delivers every trust domain.
func TestWorldFeed(t *testing.T) {
	store, keys := newStore(t), newES256(t)
	bundle := strings.Replace(string(keys.jwks()), `"sig"`, `"jwt-svid"`, 1)
	setFeed(t, store, World(), FeedFunc(func(_ context.Context, source Source, sink *Sink) error {
		if source != World() || source.String() != "*" {
			t.Errorf("source %v", source)
		}
		return sink.Put(BundleMap, fmt.Appendf(nil, `{"trust_domains": {%q: %s, "b.example": %s}}`, domain, bundle, bundle))
	}), FeedID(3))
	mustRefresh(t, store, issued, RefreshReport{Succeeded: 1})
	if info, err := store.Info("b.example", SlotJWT); err != nil || info.Feed != 3 {
		t.Errorf("got %+v, %v", info, err)
	}
	if emptied, err := store.Withdraw(3); emptied != 2 || err != nil {
		t.Errorf("withdrew %d, %v", emptied, err)
	}
	if _, err := store.Info("b.example", SlotJWT); !errors.Is(err, BundleUnavailable) {
		t.Errorf("after Withdraw: %v", err)
	}
}

func TestFeedFails(t *testing.T) {
	unreachable := errors.New("unreachable")
	const down = "https://down.example"
	for _, test := range []struct {
		name  string
		fetch FeedFunc
		// reason is the library's, causes are what the errors match beside it.
		reason Reason
		causes []error
	}{
		{"an error", func(context.Context, Source, *Sink) error { return unreachable }, CallbackFailed, []error{unreachable}},
		{"nothing", func(context.Context, Source, *Sink) error { return nil }, CallbackFailed, nil},
		{"a refused document", func(_ context.Context, _ Source, sink *Sink) error {
			return sink.Put(JWKS, []byte("{}"))
		}, BundleMalformed, nil},
		{"a refused document, ignored", func(_ context.Context, _ Source, sink *Sink) error {
			_ = sink.Put(JWKS, []byte("{}"))
			return nil
		}, BundleMalformed, nil},
		{"a refused document and an error", func(_ context.Context, _ Source, sink *Sink) error {
			_ = sink.Put(JWKS, []byte("{}"))
			return unreachable
		}, BundleMalformed, []error{unreachable}},
		{"an error after a document", func(_ context.Context, _ Source, sink *Sink) error {
			if err := sink.Put(JWKS, newES256(t).jwks(), Force()); err != nil {
				t.Error(err)
			}
			return unreachable
		}, CallbackFailed, []error{unreachable}},
		{"a format for another kind", func(_ context.Context, _ Source, sink *Sink) error {
			return sink.Put(X509PEM, nil)
		}, FormatUnsupported, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := newStore(t)
			setFeed(t, store, Issuer(down), test.fetch)
			setFeed(t, store, Issuer(issuer), putting(newES256(t)))
			report, err := store.Refresh(ctx, At(issued))
			if err != nil || report.Succeeded != 1 || report.Failed != 1 || len(report.Errors) != 1 {
				t.Errorf("got %+v, %v", report, err)
			}
			failure := store.RefreshSource(ctx, Issuer(down), At(issued))
			if !errors.Is(failure, test.reason) || !errors.Is(failure, ErrMisuse) {
				t.Errorf("RefreshSource: %v", failure)
			}
			for _, cause := range test.causes {
				if !errors.Is(failure, cause) || !errors.Is(report.Errors[Issuer(down)], cause) {
					t.Errorf("RefreshSource: %v; Refresh: %v", failure, report.Errors)
				}
			}
			if report.Errors[Issuer(down)] == nil || strings.Count(failure.Error(), test.reason.String()) != 1 {
				t.Errorf("RefreshSource: %v; Refresh: %v", failure, report.Errors)
			}
			health, err := store.Health(Issuer(down), At(issued))
			if err != nil || !health.HasFeed || health.LastFailure != test.reason || health.FailuresInARow == 0 ||
				!health.FailedAt.Equal(issued) || !health.NextRefresh.After(issued) {
				t.Errorf("got %+v, %v", health, err)
			}
		})
	}
}

func TestFailedFeedKeepsTheLastGood(t *testing.T) {
	verifier, store := oidcVerifier(t, newES256(t))
	before, err := store.IssuerInfo(issuer)
	if err != nil {
		t.Fatal(err)
	}
	setFeed(t, store, Issuer(issuer), FeedFunc(func(context.Context, Source, *Sink) error { return errors.New("down") }))
	if report, err := store.Refresh(ctx, At(issued.Add(time.Minute))); err != nil || report.Failed != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
	if after, err := store.IssuerInfo(issuer); err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("got %+v, %v, want %+v", after, err, before)
	}
	if readiness, err := verifier.Readiness(At(issued.Add(time.Minute))); err != nil || readiness.Fresh == 0 {
		t.Errorf("got %+v, %v", readiness, err)
	}
}

// A panic comes out of the call that fetched, once every other feed has had its turn.
func TestFeedPanics(t *testing.T) {
	store, keys := newStore(t), newES256(t)
	cause := errors.New("cause")
	panicking := func(context.Context, Source, *Sink) error { panic(cause) }
	setFeed(t, store, Issuer("https://down.example"), FeedFunc(panicking))
	setFeed(t, store, Issuer(issuer), putting(keys))
	mustPanic := func(name string, call func()) {
		t.Helper()
		defer func() {
			p, ok := recover().(*FeedPanic)
			if !ok || p.Value != error(cause) || !errors.Is(p, cause) || p.Source != Issuer("https://down.example") ||
				!strings.Contains(p.Error(), "TestFeedPanics") {
				t.Errorf("%s: recovered %v", name, p)
			}
		}()
		call()
		t.Errorf("%s: the panic was lost", name)
	}
	mustPanic("Refresh", func() { _, _ = store.Refresh(ctx, At(issued)) })
	if _, err := store.IssuerInfo(issuer); err != nil {
		t.Errorf("the other feed: %v", err)
	}
	mustPanic("RefreshSource", func() { _ = store.RefreshSource(ctx, Issuer("https://down.example"), At(issued)) })
	if health, err := store.Health(Issuer("https://down.example"), At(issued)); err != nil || health.Failures != 2 || health.InFlight {
		t.Errorf("got %+v, %v", health, err)
	}

	// Of two panics the first one goes on; the value need not be an error.
	setFeed(t, store, Issuer("https://down.example"), FeedFunc(func(context.Context, Source, *Sink) error { panic("text") }))
	setFeed(t, store, Issuer(issuer), FeedFunc(nil))
	func() {
		defer func() {
			if p, ok := recover().(*FeedPanic); !ok || p.Value != "text" || p.Unwrap() != nil {
				t.Errorf("recovered %v", p)
			}
		}()
		_, _ = store.Refresh(ctx, At(issued))
		t.Error("the panics were lost")
	}()
	if health, err := store.Health(Issuer(issuer), At(issued)); err != nil || health.LastFailure != CallbackFailed {
		t.Errorf("got %+v, %v", health, err)
	}

	other := newStore(t)
	setFeed(t, other, TrustDomain(domain), FeedFunc(panicking))
	verifier := newVerifier(t, other, policyFor(audience))
	func() {
		defer func() {
			if _, ok := recover().(*FeedPanic); !ok {
				t.Error("no FeedPanic")
			}
		}()
		_, _ = verifier.Verify(string(spire(t, "ec-p256/s0.minted.jwt")), At(issued), Refreshing(ctx))
		t.Error("the panic was lost")
	}()
}

func TestFeedMayUseTheStore(t *testing.T) {
	store, keys := newStore(t), newES256(t)
	verifier := newVerifier(t, store, []byte(oidcPolicy))
	other := newStore(t)
	setFeed(t, other, Issuer(issuer), FeedFunc(func(ctx context.Context, _ Source, sink *Sink) error {
		if ctx.Value(contextKey{}) != "inner" {
			t.Error("the inner call has another context")
		}
		return sink.Put(JWKS, keys.jwks())
	}))
	token := keys.mint(t, "k1", orders())
	fetches := 0
	feed := func(ctx context.Context, source Source, sink *Sink) error {
		fetches++
		if ctx.Value(contextKey{}) != "outer" {
			t.Error("the outer call has another context")
		}
		if _, err := store.Refresh(ctx, At(issued)); !errors.Is(err, RefreshReentrant) {
			t.Errorf("Refresh: %v", err)
		}
		if err := store.RefreshSource(ctx, source, At(issued)); !errors.Is(err, RefreshReentrant) {
			t.Errorf("RefreshSource: %v", err)
		}
		_, err := verifier.Verify(token, At(issued), Nonce("n-1"), Refreshing(ctx))
		if source == Issuer(issuer) && !errors.Is(err, BundleUnavailable) {
			t.Errorf("Verify: %v", err)
		}
		inner := context.WithValue(ctx, contextKey{}, "inner")
		if err := other.RefreshSource(inner, Issuer(issuer), At(issued)); err != nil {
			t.Errorf("another store: %v", err)
		}
		if health, err := store.Health(source, At(issued)); err != nil || !health.InFlight {
			t.Errorf("got %+v, %v", health, err)
		}
		if err := store.Put(domain, spire(t, "ec-p256/s0.bundle.spiffe.json"), At(issued)); err != nil {
			t.Errorf("Put: %v", err)
		}
		return sink.Put(JWKS, keys.jwks())
	}
	setFeed(t, store, Issuer(issuer), FeedFunc(feed))
	setFeed(t, store, Issuer("https://second.example"), FeedFunc(feed))
	report, err := store.Refresh(context.WithValue(ctx, contextKey{}, "outer"), At(issued))
	if err != nil || report.Failed != 0 || fetches != 2 {
		t.Errorf("got %+v, %v after %d fetches", report, err, fetches)
	}
}

func TestFeedMayGiveItselfUp(t *testing.T) {
	before := registrations.Load()
	for name, giveUp := range map[string]func(*BundleStore) error{
		"CloseFeed":    func(s *BundleStore) error { return s.CloseFeed(Issuer(issuer)) },
		"RemoveIssuer": func(s *BundleStore) error { return s.RemoveIssuer(issuer) },
		"SetFeed":      func(s *BundleStore) error { return s.SetFeed(Issuer(issuer), putting(newES256(t))) },
	} {
		store := newStore(t)
		setFeed(t, store, Issuer(issuer), FeedFunc(func(_ context.Context, _ Source, sink *Sink) error {
			if err := giveUp(store); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			return sink.Put(JWKS, newES256(t).jwks())
		}))
		if err := store.RefreshSource(ctx, Issuer(issuer), At(issued)); !errors.Is(err, FeedReplaced) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := store.IssuerInfo(issuer); !errors.Is(err, BundleUnavailable) {
			t.Errorf("%s: what it put was taken: %v", name, err)
		}
		store.Close()
	}
	store := newStore(t)
	setFeed(t, store, Issuer(issuer), FeedFunc(func(_ context.Context, _ Source, sink *Sink) error {
		store.Close()
		return sink.Put(JWKS, newES256(t).jwks())
	}))
	if err := store.RefreshSource(ctx, Issuer(issuer), At(issued)); err != nil {
		t.Errorf("Close: %v", err)
	}
	if after := registrations.Load(); after != before {
		t.Errorf("%d feeds are left", after-before)
	}
}

func TestFeedContext(t *testing.T) {
	store := newStore(t)
	fetches := 0
	canceled, cancel := context.WithCancel(ctx)
	setFeed(t, store, Issuer(issuer), FeedFunc(func(ctx context.Context, _ Source, _ *Sink) error {
		fetches++
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}))
	report, err := store.Refresh(canceled, At(issued))
	if err != nil || report.Failed != 1 || !errors.Is(report.Errors[Issuer(issuer)], context.Canceled) {
		t.Errorf("canceled under way: %+v, %v", report, err)
	}
	if _, err := store.Refresh(canceled, At(issued.Add(time.Hour))); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled before: %v", err)
	}
	if err := store.RefreshSource(canceled, Issuer(issuer), At(issued)); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled before: %v", err)
	}
	if fetches != 1 {
		t.Errorf("%d fetches", fetches)
	}
}

func TestFeedArguments(t *testing.T) {
	before := registrations.Load()
	store := newStore(t)
	verifier := newVerifier(t, store, policyFor(audience))
	var none context.Context
	_, refreshErr := store.Refresh(none)
	_, optionErr := store.Refresh(ctx, nil)
	_, clockErr := store.Refresh(ctx, At(time.Time{}))
	_, verifyErr := verifier.Verify("", Refreshing(none))
	_, kindErr := store.Health(Source{})
	for name, test := range map[string]struct {
		err    error
		reason Reason
	}{
		"a nil feed":          {store.SetFeed(Issuer(issuer), nil), ArgumentInvalid},
		"a nil option":        {store.SetFeed(Issuer(issuer), FeedFunc(nil), nil), ArgumentInvalid},
		"no name":             {store.SetFeed(Issuer(""), FeedFunc(nil)), SourceNameInvalid},
		"no kind":             {store.SetFeed(Source{}, FeedFunc(nil)), ArgumentInvalid},
		"no kind, Health":     {kindErr, ArgumentInvalid},
		"nobody to fetch":     {store.RefreshSource(ctx, Issuer(issuer)), RefreshBusy},
		"a nil context":       {refreshErr, ArgumentInvalid},
		"a nil context too":   {verifyErr, ArgumentInvalid},
		"a nil time":          {optionErr, ArgumentInvalid},
		"a time that is none": {clockErr, ClockInvalid},
		"closing nothing":     {store.CloseFeed(Issuer(issuer)), OK},
	} {
		if test.reason == OK && test.err == nil {
			continue
		}
		if !errors.Is(test.err, test.reason) {
			t.Errorf("%s: %v", name, test.err)
		}
	}
	if after := registrations.Load(); after != before {
		t.Errorf("%d feeds are left", after-before)
	}
}

func TestSinkIsOfItsFetch(t *testing.T) {
	store, keys := newStore(t), newES256(t)
	var kept *Sink
	setFeed(t, store, Issuer(issuer), FeedFunc(func(_ context.Context, _ Source, sink *Sink) error {
		kept = sink
		elsewhere := make(chan error)
		go func() {
			err := sink.Put(JWKS, keys.jwks())
			if err == nil {
				err = sink.Confirm()
			}
			elsewhere <- err
		}()
		if err := <-elsewhere; !errors.Is(err, ArgumentInvalid) {
			t.Errorf("on another goroutine: %v", err)
		}
		for _, opt := range []SinkOption{nil, KeepFor(-1), RefreshAfter(-time.Hour)} {
			if err := sink.Put(JWKS, keys.jwks(), opt); !errors.Is(err, ArgumentInvalid) {
				t.Errorf("%v: %v", opt, err)
			}
		}
		if text := fmt.Sprintf("%v %+v %#v", sink, sink, sink); text != "attestor.Sink attestor.Sink attestor.Sink" {
			t.Errorf("a sink is printed as %s", text)
		}
		return nil
	}))
	if err := store.RefreshSource(ctx, Issuer(issuer), At(issued)); err == nil {
		t.Error("a fetch that put nothing succeeded")
	}
	for name, err := range map[string]error{"Put": kept.Put(JWKS, keys.jwks()), "Confirm": kept.Confirm()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Fetch: %v", name, err)
		}
	}
	if _, err := store.IssuerInfo(issuer); !errors.Is(err, BundleUnavailable) {
		t.Errorf("something was put: %v", err)
	}
}

func TestFeedsAreDroppedOnce(t *testing.T) {
	before := registrations.Load()
	live := func(want int64, after string) {
		t.Helper()
		if n := registrations.Load() - before; n != want {
			t.Errorf("%d feeds after %s, want %d", n, after, want)
		}
	}
	store := NewBundleStore()
	setFeed(t, store, Issuer(issuer), FeedFunc(nil))
	setFeed(t, store, Issuer(issuer), FeedFunc(nil))
	live(1, "a replacement")
	setFeed(t, store, TrustDomain(domain), FeedFunc(nil))
	setFeed(t, store, World(), FeedFunc(nil))
	live(3, "two more")
	for range 2 {
		if err := store.CloseFeed(Issuer(issuer)); err != nil {
			t.Error(err)
		}
	}
	live(2, "CloseFeed")
	for range 2 {
		if err := store.Remove(domain); err != nil {
			t.Error(err)
		}
	}
	live(1, "Remove")
	setFeed(t, store, Issuer(issuer), putting(newES256(t)))
	if err := store.RefreshSource(ctx, Issuer(issuer), At(issued)); err != nil {
		t.Error(err)
	}
	if _, err := store.Withdraw(0); err != nil {
		t.Error(err)
	}
	live(2, "Withdraw")
	verifier, err := NewVerifier(store, policyFor(audience))
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	live(2, "Close of the store")
	verifier.Close()
	live(0, "Close of its verifier")

	// The collector closes what is dropped.
	setFeed(t, NewBundleStore(), Issuer(issuer), FeedFunc(nil))
	for registrations.Load() != before {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

// Each goroutine is a thread of its own while it is called back.
func TestSourceIsFetchedByOneGoroutineAtATime(t *testing.T) {
	store, keys := newStore(t), newES256(t)
	var inside, fetches atomic.Int64
	sources := []Source{Issuer("https://a.example"), Issuer("https://b.example"), TrustDomain(domain)}
	fetching := make(map[Source]*atomic.Int64)
	for _, source := range sources {
		fetching[source] = new(atomic.Int64)
		setFeed(t, store, source, FeedFunc(func(_ context.Context, source Source, sink *Sink) error {
			inside.Add(1)
			defer inside.Add(-1)
			if fetching[source].Add(1) != 1 {
				t.Errorf("%v is fetched by two", source)
			}
			defer fetching[source].Add(-1)
			fetches.Add(1)
			for range 10 {
				runtime.Gosched()
			}
			return sink.Put(JWKS, keys.jwks())
		}))
	}
	var succeeded, busy atomic.Int64
	var users sync.WaitGroup
	for range 24 {
		users.Add(1)
		go func() {
			defer users.Done()
			for second := range 20 {
				report, err := store.Refresh(ctx, At(issued.Add(time.Duration(second)*time.Hour)))
				if err != nil || report.Failed != 0 {
					t.Errorf("got %+v, %v", report, err)
				}
				succeeded.Add(int64(report.Succeeded))
				busy.Add(int64(report.Busy))
				for _, source := range sources {
					switch err := store.RefreshSource(ctx, source, At(issued)); {
					case err == nil:
						succeeded.Add(1)
					case !errors.Is(err, RefreshBusy):
						t.Error(err)
					}
				}
			}
		}()
	}
	users.Wait()
	if succeeded.Load() != fetches.Load() || inside.Load() != 0 || fetches.Load() < 3 {
		t.Errorf("%d fetches, %d succeeded, %d under way", fetches.Load(), succeeded.Load(), inside.Load())
	}
}

func TestRefreshing(t *testing.T) {
	store, first, second := newStore(t), newES256(t), newES256(t)
	keys := first.jwks()
	fetches := 0
	setFeed(t, store, Issuer(issuer), FeedFunc(func(_ context.Context, _ Source, sink *Sink) error {
		fetches++
		return sink.Put(JWKS, keys)
	}))
	verifier := newVerifier(t, store, []byte(oidcPolicy))
	verify := func(keys signer, kid string, at time.Time, opts ...VerifyOption) error {
		identity, err := verifier.Verify(keys.mint(t, kid, orders()), append(opts, At(at), Nonce("n-1"))...)
		if (identity == nil) == (err == nil) {
			t.Errorf("%v with the error %v", identity, err)
		}
		return err
	}
	if err := verify(first, "k1", issued); !errors.Is(err, BundleUnavailable) || fetches != 0 {
		t.Errorf("without the option: %v after %d fetches", err, fetches)
	}
	if err := verify(first, "k1", issued, Refreshing(ctx)); err != nil || fetches != 1 {
		t.Errorf("with it: %v after %d fetches", err, fetches)
	}
	keys = []byte(strings.Replace(string(second.jwks()), `"k1"`, `"k2"`, 1))
	var refused *VerdictError
	if err := verify(second, "k2", issued.Add(time.Second)); !errors.As(err, &refused) || refused.Reason != KidNotFound ||
		!refused.RefreshWanted {
		t.Errorf("an unknown kid: %#v", err)
	}
	if err := verify(second, "k2", issued.Add(2*time.Second), Refreshing(ctx)); !errors.Is(err, KidNotFound) || fetches != 1 {
		t.Errorf("before the cooldown: %v after %d fetches", err, fetches)
	}
	if health, err := store.Health(Issuer(issuer), At(issued.Add(2*time.Second))); err != nil || !health.Wanted {
		t.Errorf("got %+v, %v", health, err)
	}
	if err := verify(second, "k2", issued.Add(10*time.Second), Refreshing(ctx)); err != nil || fetches != 2 {
		t.Errorf("after the cooldown: %v after %d fetches", err, fetches)
	}
}

func TestAdmitRefreshing(t *testing.T) {
	store, authority, agent := newStore(t), newES256(t), newEdDSA(t)
	setFeed(t, store, TrustDomain(domain), putting(authority))
	verifier := newVerifier(t, store, admissionPolicy(agent.thumbprint))
	passport, credential := agent.passport(t, passportClaims()), authority.mint(t, "k1", svid())
	if _, err := verifier.Admit(passport, credential, At(issued)); !errors.Is(err, BundleUnavailable) {
		t.Errorf("without the option: %v", err)
	}
	admitted, err := verifier.Admit(passport, credential, At(issued), Refreshing(ctx))
	if err != nil || admitted.PassportThumbprint != agent.thumbprint {
		t.Errorf("with it: %v, %v", admitted, err)
	}
}

func TestChallengeRefreshing(t *testing.T) {
	store, trusted := newStore(t), newAuthority(t)
	setFeed(t, store, TrustDomain(domain), FeedFunc(func(_ context.Context, _ Source, sink *Sink) error {
		return sink.Put(X509PEM, trusted.pem())
	}))
	verifier := newVerifier(t, store, []byte(x509Policy))
	key := newKey(t, elliptic.P256())
	svid, proof := trusted.issue(t, key), mustSign(t, key, challenge, "orders", "")
	if _, err := verifier.VerifyChallenge(svid, challenge, "orders", proof, At(issued)); !errors.Is(err, BundleUnavailable) {
		t.Errorf("without the option: %v", err)
	}
	if _, err := verifier.VerifyChallenge(svid, challenge, "orders", proof, At(issued), Refreshing(ctx)); err != nil {
		t.Errorf("with it: %v", err)
	}
}

// Attackers choose kids: they fetch at most once in a cooldown, whatever they send.
func TestUnknownKidsFetchOncePerCooldown(t *testing.T) {
	store, keys := NewBundleStore(Cooldown(20*time.Second)), newES256(t)
	defer store.Close()
	fetches := 0
	setFeed(t, store, Issuer(issuer), FeedFunc(func(_ context.Context, _ Source, sink *Sink) error {
		fetches++
		return sink.Put(JWKS, keys.jwks())
	}))
	mustRefresh(t, store, issued, RefreshReport{Succeeded: 1})
	verifier := newVerifier(t, store, []byte(oidcPolicy))
	good := keys.mint(t, "k1", orders())
	parts := strings.SplitN(good, ".", 2)
	wanted := 0
	for second := range 60 {
		at := issued.Add(time.Duration(second) * time.Second)
		for n := range 40 {
			kid := fmt.Sprintf("%d-%d", second, n)
			header := encode(fmt.Appendf(nil, `{"alg":"ES256","kid":%q,"typ":"JWT"}`, kid))
			_, err := verifier.Verify(header+"."+parts[1], At(at), Nonce("n-1"), Refreshing(ctx))
			var refused *VerdictError
			if !errors.As(err, &refused) || refused.Reason != KidNotFound {
				t.Fatalf("kid %s: %v", kid, err)
			}
			if refused.RefreshWanted {
				wanted++
			}
		}
		if _, err := verifier.Verify(good, At(at), Nonce("n-1"), Refreshing(ctx)); err != nil {
			t.Errorf("a good one at %v: %v", at, err)
		}
	}
	// Asked for at 0, fetched at 20; asked for again, fetched at 40.
	if fetches-1 > 60/20 || fetches-1 < 1 || wanted > 60/20 {
		t.Errorf("%d fetches, wanted %d times", fetches-1, wanted)
	}
}
