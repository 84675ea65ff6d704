//go:build cgo

package attestor

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestInfo(t *testing.T) {
	store := newStore(t)
	newer := spire(t, "ec-p256/s1-prepared.bundle.spiffe.json")
	older := bytes.Replace(newer, []byte(`"spiffe_sequence": 2`), []byte(`"spiffe_sequence": 1`), 1)
	if err := store.Put("spiffe://"+domain, newer, At(issued), FeedID(7)); err != nil {
		t.Fatal(err)
	}
	info, err := store.Info(domain, SlotJWT)
	if err != nil {
		t.Fatal(err)
	}
	want := SlotInfo{
		Generation: info.Generation, Feed: 7, ConfirmedAt: issued.UTC(), Sequence: 2, HasSequence: true,
		RefreshHint: info.RefreshHint, Entries: 2, Digest: sha256.Sum256(newer),
		SoftAge: 5 * time.Minute, HardAge: 10 * time.Minute,
	}
	if !reflect.DeepEqual(info, want) {
		t.Errorf("got %+v, want %+v", info, want)
	}
	if info, err := store.Info(domain, SlotX509); err != nil || info.Entries != 1 {
		t.Errorf("x509: %+v, %v", info, err)
	}

	if err := store.Put(domain, older); !errors.Is(err, BundleRollback) || !errors.Is(err, ErrMisuse) {
		t.Errorf("rollback: %v", err)
	}
	if err := store.Put(domain, older, Force()); err != nil {
		t.Errorf("forced: %v", err)
	}
	if forced, err := store.Info(domain, SlotJWT); err != nil || forced.Sequence != 1 || forced.Feed != 0 ||
		forced.Generation <= info.Generation {
		t.Errorf("forced: %+v, %v", forced, err)
	}
}

func TestFormats(t *testing.T) {
	store := newStore(t)
	bundle := spire(t, "ec-p256/s0.bundle.spiffe.json")
	if err := store.Put(domain, bundle, WorkloadAPIJWKS); err != nil {
		t.Fatal(err)
	}
	info, err := store.Info(domain, SlotJWT)
	if want := map[string]int{"use_ignored": 1}; err != nil || !reflect.DeepEqual(info.Skipped, want) {
		t.Errorf("got %+v, %v", info, err)
	}
	if _, err := store.Info(domain, SlotX509); !errors.Is(err, BundleUnavailable) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("a slot the format does not feed: %v", err)
	}
	if err := store.Put(domain, bundle, Format(99)); !errors.Is(err, FormatUnsupported) {
		t.Errorf("unknown format: %v", err)
	}
}

func TestRefreshHint(t *testing.T) {
	store := newStore(t)
	document := strings.Replace(string(spire(t, "ec-p256/s0.bundle.spiffe.json")), "{", `{"spiffe_refresh_hint": 90,`, 1)
	if err := store.Put(domain, []byte(document)); err != nil {
		t.Fatal(err)
	}
	if info, err := store.Info(domain, SlotJWT); err != nil || info.RefreshHint.String() != "1m30s" {
		t.Errorf("got %+v, %v", info, err)
	}
}

func TestPutErrors(t *testing.T) {
	store := newStore(t)
	bundle := spire(t, "ec-p256/s0.bundle.spiffe.json")
	for _, test := range []struct {
		name, domain string
		document     []byte
		opts         []PutOption
		reason       Reason
	}{
		{"no name", "", bundle, nil, SourceNameInvalid},
		{"a name with a path", domain + "/a", bundle, nil, SourceNameInvalid},
		{"a name that is not text", "\xff", bundle, nil, SourceNameInvalid},
		{"nil document", domain, nil, nil, BundleMalformed},
		{"empty document", domain, []byte{}, nil, BundleMalformed},
		{"endless document", domain, make([]byte, 2<<20), nil, BundleMalformed},
		{"zero time", domain, bundle, []PutOption{At(issued.AddDate(-500, 0, 0))}, ClockInvalid},
		{"nil option", domain, bundle, []PutOption{nil}, ArgumentInvalid},
	} {
		err := store.Put(test.domain, test.document, test.opts...)
		var misuse *ConfigError
		if !errors.As(err, &misuse) || misuse.Reason != test.reason {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
	if err := store.Remove("/"); !errors.Is(err, SourceNameInvalid) {
		t.Errorf("remove: %v", err)
	}
	if _, err := store.Info(domain, Slot(99)); !errors.Is(err, ArgumentInvalid) {
		t.Errorf("unknown slot: %v", err)
	}
}

func TestRemove(t *testing.T) {
	verifier, store := fedVerifier(t, "ec-p256")
	if err := store.Remove(domain); err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(string(spire(t, "ec-p256/s0.minted.jwt")), At(issued)); !errors.Is(err, BundleUnavailable) {
		t.Errorf("after Remove: %v", err)
	}
}
