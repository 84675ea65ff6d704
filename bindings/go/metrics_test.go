//go:build cgo

package attestor

import (
	"errors"
	"reflect"
	"testing"
	"time"
)

func TestMetrics(t *testing.T) {
	a := newAdmission(t)
	if err := a.store.PutIssuer(issuer, a.authority.jwks(), At(issued)); err != nil {
		t.Fatal(err)
	}
	token := a.authority.mint(t, "k1", svid())
	for range 3 {
		if _, err := a.verifier.Verify(token, At(issued)); err != nil {
			t.Fatal(err)
		}
	}
	remembered, err := a.verifier.Metrics(At(issued))
	if c := remembered.Cache; err != nil || c.Hits != 2 || c.Misses != 1 || c.Insertions != 1 || c.Entries != 1 || c.Bytes == 0 {
		t.Errorf("got %+v, %v", c, err)
	}
	for _, refused := range []string{a.authority.mint(t, "k2", svid()), "no token"} {
		if _, err := a.verifier.Verify(refused, At(issued)); err == nil {
			t.Error("accepted")
		}
	}
	if _, err := a.verifier.Verify(token, At(issued.Add(24*time.Hour))); err == nil {
		t.Error("accepted")
	}
	later := issued.Add(2 * time.Hour)
	metrics, err := a.verifier.Metrics(At(later))
	if err != nil {
		t.Fatal(err)
	}
	if metrics.Allowed != 3 || metrics.Allowed+metrics.Denied+metrics.Unavailable != 6 || metrics.Misused != 0 {
		t.Errorf("got %+v", metrics)
	}
	// A day later its key is too old to speak for it.
	if c := metrics.Cache; c.Hits != 2 || c.Insertions != 1 || c.Stale != 1 || c.Entries != 0 {
		t.Errorf("got %+v", c)
	}
	counts := make(map[VerdictCount]bool)
	for _, count := range metrics.Verdicts {
		counts[count] = true
	}
	if !counts[VerdictCount{"spiffe", OK, 3}] || !counts[VerdictCount{"spiffe", KidNotFound, 1}] || !counts[VerdictCount{"", MalformedToken, 1}] ||
		len(metrics.Verdicts) != 4 {
		t.Errorf("got %+v", metrics.Verdicts)
	}
	wantSources := []SourceMetrics{
		{Source: TrustDomain(domain), Sources: 1, JWT: Due, Age: 2 * time.Hour, Keys: 1, Refreshes: 1},
		{Sources: 1, JWT: Due, Age: 2 * time.Hour, Keys: 1, Refreshes: 1},
	}
	if !reflect.DeepEqual(metrics.Sources, wantSources) {
		t.Errorf("got %+v, want %+v", metrics.Sources, wantSources)
	}
	if _, err := a.verifier.Metrics(At(time.Time{})); !errors.Is(err, ClockInvalid) {
		t.Errorf("got %v", err)
	}

	if err := a.verifier.SetPolicy([]byte(oidcPolicy)); err != nil {
		t.Fatal(err)
	}
	metrics, err = a.verifier.Metrics(At(later))
	if err != nil || len(metrics.Sources) < 3 {
		t.Errorf("got %+v, %v", metrics, err)
	}
	for _, count := range metrics.Verdicts {
		if id := count.AttestorID; id != "" && id != "other" && id != "spiffe" {
			t.Errorf("got %+v", metrics.Verdicts)
		}
	}
}

func TestMetricsOfNothing(t *testing.T) {
	verifier := newVerifier(t, newStore(t), policyFor(audience))
	metrics, err := verifier.Metrics()
	want := []SourceMetrics{{Source: TrustDomain(domain), Sources: 1, Age: -time.Second}, {Age: -time.Second}}
	if err != nil || len(metrics.Verdicts) != 0 || !reflect.DeepEqual(metrics.Sources, want) {
		t.Errorf("got %+v, %v", metrics, err)
	}
}

func TestReadiness(t *testing.T) {
	store, keys := newStore(t), newES256(t)
	verifier := newVerifier(t, store, []byte(oidcPolicy))
	ready := func(at time.Time, want Readiness) {
		t.Helper()
		if got, err := verifier.Readiness(At(at)); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	// The policy names two issuers and a trust domain.
	ready(issued, Readiness{Sources: 3, Missing: 3})
	if err := store.PutIssuer(issuer, keys.jwks(), At(issued)); err != nil {
		t.Fatal(err)
	}
	ready(issued, Readiness{Sources: 3, Fresh: 1, Missing: 2})
	if err := store.PutIssuer(domain, keys.jwks(), At(issued.Add(-2*time.Hour))); err != nil {
		t.Fatal(err)
	}
	if err := store.Put(domain, keys.jwks(), JWKS, Permanent(), At(issued)); err != nil {
		t.Fatal(err)
	}
	ready(issued, Readiness{Ready: true, Sources: 3, Fresh: 2, Due: 1})
	ready(issued.Add(23*time.Hour), Readiness{Sources: 3, Fresh: 1, Due: 1, Stale: 1})
	if _, err := verifier.Readiness(nil); !errors.Is(err, ArgumentInvalid) {
		t.Errorf("got %v", err)
	}
}
