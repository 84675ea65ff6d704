//go:build cgo

package attestor

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Material ages from when it was confirmed: due at its soft age, refused at its hard age.
func TestAges(t *testing.T) {
	keys := newES256(t)
	const day = 24 * time.Hour
	for _, test := range []struct {
		name       string
		opts       []PutOption
		soft, hard time.Duration
	}{
		{"a key set", nil, time.Hour, day},
		{"a key set to keep", []PutOption{KeepFor(10 * time.Minute)}, 10 * time.Minute, day},
		{"a key set to keep no longer than this", []PutOption{KeepFor(0)}, 5 * time.Minute, day},
		{"half a second more", []PutOption{KeepFor(10*time.Minute + time.Second/2)}, 10 * time.Minute, day},
		{"a bundle", []PutOption{SPIFFEBundle}, 5 * time.Minute, 10 * time.Minute},
		{"a short-lived bundle", []PutOption{SPIFFEBundle, KeepFor(time.Minute)}, time.Minute, 2 * time.Minute},
		{"for good", []PutOption{Permanent()}, 0, 0},
	} {
		store := newStore(t)
		document := strings.Replace(string(keys.jwks()), `"sig"`, `"jwt-svid"`, 1)
		opts := append([]PutOption{JWKS, At(issued)}, test.opts...)
		if err := store.Put(domain, []byte(document), opts...); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		info, err := store.Info(domain, SlotJWT)
		if err != nil || info.SoftAge != test.soft || info.HardAge != test.hard || info.Restored {
			t.Errorf("%s: got %+v, %v", test.name, info, err)
		}
		verifier := newVerifier(t, store, admissionPolicy(keys.thumbprint))
		token := keys.mint(t, "k1", svid().with("exp", issued.Add(100*day).Unix()))
		at := func(age time.Duration, want Freshness) {
			t.Helper()
			identity, err := verifier.Verify(token, At(issued.Add(age)))
			switch {
			case want == Stale && (!errors.Is(err, BundleStale) || !errors.Is(err, ErrUnavailable)):
				t.Errorf("%s, %v old: %v", test.name, age, err)
			case want != Stale && (err != nil || identity.BundleDue != (want == Due)):
				t.Errorf("%s, %v old: %+v, %v", test.name, age, identity, err)
			}
			health, err := store.Health(TrustDomain(domain), At(issued.Add(age)))
			if err != nil || health.JWT != want || health.HasFeed || !health.SucceededAt.Equal(issued) || !health.NextRefresh.IsZero() {
				t.Errorf("%s, %v old: %+v, %v", test.name, age, health, err)
			}
		}
		at(0, Fresh)
		if test.hard == 0 {
			at(99*day, Fresh)
			continue
		}
		at(test.soft-time.Second, Fresh)
		at(test.soft, Due)
		at(test.hard-time.Second, Due)
		at(test.hard, Stale)
	}
}

func TestTouch(t *testing.T) {
	a := newAdmission(t)
	token := a.authority.mint(t, "k1", svid().with("exp", issued.Add(96*time.Hour).Unix()))
	later := issued.Add(24 * time.Hour)
	before, err := a.store.Info(domain, SlotJWT)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.verifier.Verify(token, At(later)); !errors.Is(err, BundleStale) {
		t.Errorf("a day old: %v", err)
	}
	for _, touch := range []func() error{
		func() error { return a.store.Touch(domain, At(later)) },
		func() error { return a.store.Touch("spiffe://"+domain, At(later), FeedID(0)) },
		func() error { return a.store.TouchAll(0, At(later)) },
	} {
		if err := touch(); err != nil {
			t.Error(err)
		}
		if _, err := a.verifier.Verify(token, At(later)); err != nil {
			t.Errorf("confirmed: %v", err)
		}
		after, err := a.store.Info(domain, SlotJWT)
		if err != nil || !after.ConfirmedAt.Equal(later) || after.Generation != before.Generation {
			t.Errorf("got %+v, %v", after, err)
		}
		if err := a.store.TouchAll(0, At(issued)); err != nil {
			t.Error(err)
		}
	}
	for name, test := range map[string]struct {
		err    error
		reason Reason
	}{
		"another feed":       {a.store.Touch(domain, FeedID(7)), BundleUnavailable},
		"all of another":     {a.store.TouchAll(7), BundleUnavailable},
		"an unknown domain":  {a.store.Touch("other.example"), BundleUnavailable},
		"an unknown issuer":  {a.store.TouchIssuer(issuer), BundleUnavailable},
		"no name":            {a.store.Touch(""), SourceNameInvalid},
		"no issuer":          {a.store.TouchIssuer(""), SourceNameInvalid},
		"nil option":         {a.store.Touch(domain, nil), ArgumentInvalid},
		"the zero time":      {a.store.Touch(domain, At(time.Time{})), ClockInvalid},
		"a negative keeping": {a.store.Put(domain, nil, KeepFor(-time.Second)), ArgumentInvalid},
	} {
		if !errors.Is(test.err, test.reason) {
			t.Errorf("%s: %v", name, test.err)
		}
	}
	if err := a.store.PutIssuer(issuer, a.authority.jwks(), At(issued), FeedID(7)); err != nil {
		t.Fatal(err)
	}
	if err := a.store.TouchIssuer(issuer, FeedID(7), At(later)); err != nil {
		t.Error(err)
	}
}

func TestClockGoneBack(t *testing.T) {
	_, store := oidcVerifier(t, newES256(t))
	health, err := store.Health(Issuer(issuer), At(issued.Add(-time.Hour)))
	if err != nil || !health.ClockWentBack || health.JWT != Fresh {
		t.Errorf("got %+v, %v", health, err)
	}
}

func TestWithdraw(t *testing.T) {
	store, keys := newStore(t), newES256(t)
	for issuer, feed := range map[string]uint64{"https://a.example": 1, "https://b.example": 2, "https://c.example": 2} {
		if err := store.PutIssuer(issuer, keys.jwks(), FeedID(feed)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{2, 0} {
		if emptied, err := store.Withdraw(2); emptied != want || err != nil {
			t.Errorf("emptied %d, %v", emptied, err)
		}
	}
	if _, err := store.IssuerInfo("https://b.example"); !errors.Is(err, BundleUnavailable) {
		t.Errorf("withdrawn: %v", err)
	}
	if _, err := store.IssuerInfo("https://a.example"); err != nil {
		t.Errorf("another feed's: %v", err)
	}
}

func TestEmptyUpdateIsTold(t *testing.T) {
	_, store := oidcVerifier(t, newES256(t))
	if err := store.PutIssuer(issuer, []byte(`{"keys": []}`), At(issued)); !errors.Is(err, NoUsableKeys) {
		t.Errorf("got %v", err)
	}
	health, err := store.Health(Issuer(issuer), At(issued))
	if err != nil || !health.EmptyUpdate || health.LastFailure != NoUsableKeys || health.Failures != 1 || health.Refreshes != 1 {
		t.Errorf("got %+v, %v", health, err)
	}
	if _, err := store.Health(Issuer("https://unknown.example")); !errors.Is(err, BundleUnavailable) {
		t.Errorf("a source that is not there: %v", err)
	}
}

func TestRotationGate(t *testing.T) {
	first, second := newES256(t), newES256(t)
	for _, test := range []struct {
		name     string
		gate     []StoreOption
		opts     []PutOption
		reason   Reason
		entries  int
		withheld int
		findings Finding
	}{
		{"by default", nil, nil, BundleRekeyed, 0, 1, FindingRekeyed | FindingReplaced},
		{"forced", nil, []PutOption{Force()}, OK, 1, 0, 0},
		{"warned about", []StoreOption{RotationGate{Rekeyed: GateWarn}}, nil, OK, 1, 0, FindingRekeyed | FindingReplaced},
		{"off", []StoreOption{RotationGate{Rekeyed: GateOff, Replaced: GateOff}}, nil, OK, 1, 0, 0},
		{"replaced is held", []StoreOption{RotationGate{Rekeyed: GateOff, Replaced: GateHold}}, nil, BundleReplaced, 0, 1, FindingReplaced},
	} {
		store := NewBundleStore(test.gate...)
		if err := store.PutIssuer(issuer, first.jwks(), At(issued)); err != nil {
			t.Fatal(err)
		}
		err := store.PutIssuer(issuer, second.jwks(), append(test.opts, At(issued))...)
		if test.reason == OK && err != nil || test.reason != OK && !errors.Is(err, test.reason) {
			t.Errorf("%s: %v", test.name, err)
		}
		info, err := store.IssuerInfo(issuer)
		if err != nil || info.Entries != test.entries || info.Withheld != test.withheld || info.Findings != test.findings {
			t.Errorf("%s: got %+v, %v", test.name, info, err)
		}
		store.Close()
	}
	if text := (FindingRekeyed | FindingReplaced).String(); text != "rekeyed,replaced" || Finding(0).String() != "" {
		t.Errorf("got %q", text)
	}
}

func TestStoreOptions(t *testing.T) {
	for name, opt := range map[string]StoreOption{
		"nil":              nil,
		"no cooldown":      Cooldown(0),
		"half a second":    Cooldown(time.Second / 2),
		"a negative one":   Cooldown(-time.Second),
		"an endless one":   Cooldown(1 << 62),
		"an unknown gate":  RotationGate{Rollback: 9},
		"another unknown":  RotationGate{Rekeyed: 9},
		"and another such": RotationGate{Replaced: 9},
	} {
		store := NewBundleStore(opt)
		if err := store.Put(domain, nil); !errors.Is(err, ArgumentInvalid) && !errors.Is(err, OptionUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
		if store.Close() != nil {
			t.Errorf("%s: Close failed", name)
		}
	}
}
