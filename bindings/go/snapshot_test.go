//go:build cgo

package attestor

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

var snapshotKey = bytes.Repeat([]byte{7}, 32)

// With the snapshot of another store, a new one decides as that did, until the hard age.
func TestSnapshot(t *testing.T) {
	keys := newES256(t)
	_, store := oidcVerifier(t, keys)
	entry := DenyEntry{Kind: DenyIssuer, Source: issuer, Field: DenySub, Value: "stolen"}
	if err := store.Deny(entry, At(issued)); err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string][]byte{"keyed": snapshotKey, "longer": bytes.Repeat([]byte{8}, 64), "unkeyed": nil} {
		opts := []SnapshotOption{At(issued)}
		if key == nil {
			opts = append(opts, Unkeyed())
		}
		snapshot, err := store.Snapshot(key, opts...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		next := newStore(t)
		report, err := next.Restore(key, snapshot, opts...)
		if want := (RestoreReport{Slots: 1, Denials: 1}); err != nil || report != want {
			t.Errorf("%s: got %+v, %v", name, report, err)
		}
		info, err := next.IssuerInfo(issuer)
		if err != nil || !info.Restored || info.HardAge != 24*time.Hour || !info.ConfirmedAt.Equal(issued) {
			t.Errorf("%s: got %+v, %v", name, info, err)
		}
		verifier := newVerifier(t, next, []byte(oidcPolicy))
		if _, err := verifier.Verify(keys.mint(t, "k1", orders()), At(issued), Nonce("n-1")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := verifier.Verify(keys.mint(t, "k1", orders().with("sub", "stolen")), At(issued), Nonce("n-1")); !errors.Is(err, OverlayDenied) {
			t.Errorf("%s: denied before: %v", name, err)
		}
		late := keys.mint(t, "k1", orders().with("exp", issued.Add(90*time.Hour).Unix()))
		if _, err := verifier.Verify(late, At(issued.Add(24*time.Hour)), Nonce("n-1")); !errors.Is(err, BundleStale) {
			t.Errorf("%s: a day later: %v", name, err)
		}
	}
}

func TestRestoreFillsOnlyWhatIsEmpty(t *testing.T) {
	_, store := oidcVerifier(t, newES256(t))
	snapshot, err := store.Snapshot(snapshotKey, At(issued))
	if err != nil {
		t.Fatal(err)
	}
	_, fed := oidcVerifier(t, newES256(t))
	before, err := fed.IssuerInfo(issuer)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := fed.Restore(snapshotKey, snapshot, At(issued)); err != nil || report != (RestoreReport{Skipped: 1}) {
		t.Errorf("got %+v, %v", report, err)
	}
	if after, err := fed.IssuerInfo(issuer); err != nil || after.Digest != before.Digest || after.Restored {
		t.Errorf("got %+v, %v", after, err)
	}
}

func TestChangedSnapshotsAreRefused(t *testing.T) {
	_, store := oidcVerifier(t, newES256(t))
	snapshot, err := store.Snapshot(snapshotKey, At(issued))
	if err != nil {
		t.Fatal(err)
	}
	next := newStore(t)
	mustRefuse := func(name string, key, snapshot []byte) {
		t.Helper()
		report, err := next.Restore(key, snapshot, At(issued))
		if !errors.Is(err, SnapshotInvalid) || !errors.Is(err, ErrMisuse) || report != (RestoreReport{}) {
			t.Errorf("%s: got %+v, %v", name, report, err)
		}
	}
	for at := range snapshot {
		changed := bytes.Clone(snapshot)
		changed[at] ^= 1 << (at % 8)
		mustRefuse("a changed byte", snapshotKey, changed)
	}
	for size := range snapshot {
		mustRefuse("a part", snapshotKey, snapshot[:size])
	}
	mustRefuse("more", snapshotKey, append(bytes.Clone(snapshot), 0))
	mustRefuse("another key", bytes.Repeat([]byte{8}, 32), snapshot)
	mustRefuse("a longer key", bytes.Repeat([]byte{7}, 33), snapshot)
	if _, err := next.Restore(nil, snapshot, Unkeyed(), At(issued)); !errors.Is(err, SnapshotInvalid) {
		t.Errorf("without its key: %v", err)
	}
	bare, err := store.Snapshot(nil, Unkeyed(), At(issued))
	if err != nil {
		t.Fatal(err)
	}
	mustRefuse("one without a key", snapshotKey, bare)
	if _, err := next.IssuerInfo(issuer); !errors.Is(err, BundleUnavailable) {
		t.Errorf("something was restored: %v", err)
	}
}

func TestSnapshotArguments(t *testing.T) {
	store := newStore(t)
	for name, test := range map[string]struct {
		key    []byte
		opts   []SnapshotOption
		reason Reason
	}{
		"no key":              {nil, nil, ArgumentInvalid},
		"an empty key":        {[]byte{}, nil, ArgumentInvalid},
		"a short key":         {make([]byte, 31), nil, ArgumentInvalid},
		"a key and none":      {snapshotKey, []SnapshotOption{Unkeyed()}, ArgumentInvalid},
		"a nil option":        {snapshotKey, []SnapshotOption{nil}, ArgumentInvalid},
		"a time that is none": {snapshotKey, []SnapshotOption{At(time.Time{})}, ClockInvalid},
	} {
		if snapshot, err := store.Snapshot(test.key, test.opts...); snapshot != nil || !errors.Is(err, test.reason) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := store.Restore(test.key, nil, test.opts...); !errors.Is(err, test.reason) && !errors.Is(err, SnapshotInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
