//go:build cgo

package attestor

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestKeyTables(t *testing.T) {
	processor, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip("what the processor has cannot be known:", err)
	}
	ifma := slices.Contains(strings.Fields(string(processor)), "avx512ifma")
	token, bundle := string(spire(t, "ec-p256/s0.minted.jwt")), spire(t, "ec-p256/s0.bundle.spiffe.json")
	tables := func(options []StoreOption, more ...VerifierOption) KeyTableMetrics {
		store := NewBundleStore(options...)
		t.Cleanup(func() { _ = store.Close() })
		if err := store.Put(domain, bundle, At(issued)); err != nil {
			t.Fatal(err)
		}
		verifier := newVerifier(t, store, policyFor(audience), append(more, WithoutCache())...)
		for range 4 {
			if _, err := verifier.Verify(token, At(issued)); err != nil {
				t.Fatal(err)
			}
		}
		metrics, err := verifier.Metrics(At(issued))
		if err != nil {
			t.Fatal(err)
		}
		return metrics.KeyTables
	}
	for _, none := range [][]StoreOption{nil, {KeyTablesOff}, {KeyTablesAuto}, {KeyTablesOff, WithoutIFMA()}} {
		want := KeyTableMetrics{ByReference: 4, IFMA: len(none) < 2 && ifma}
		if got := tables(none); got != want {
			t.Errorf("%v: got %+v, want %+v", none, got, want)
		}
	}
	for _, made := range []struct{ got, want KeyTableMetrics }{
		// The first verdict is the reference's and proves the table, which gives the others.
		{tables([]StoreOption{KeyTablesAtLoad}), KeyTableMetrics{Held: 1, Made: 1, ByTable: 3, ByReference: 1, IFMA: ifma}},
		{
			tables([]StoreOption{KeyTablesAtLoad, WithoutIFMA(), KeyTableBytes(1 << 20)}, DoubleCheck()),
			KeyTableMetrics{Held: 1, Made: 1, ByTable: 3, ByReference: 4},
		},
	} {
		made.want.Bytes = made.got.Bytes
		if made.got != made.want || made.got.Bytes <= 0 {
			t.Errorf("got %+v, want %+v", made.got, made.want)
		}
	}
	if got := tables([]StoreOption{KeyTablesAtLoad, KeyTableBytes(1)}); got != (KeyTableMetrics{ByReference: 4, IFMA: ifma}) {
		t.Errorf("no table fits: %+v", got)
	}
	for _, wrong := range []StoreOption{KeyTables(4), KeyTableBytes(-1)} {
		if err := NewBundleStore(wrong).Put(domain, bundle); !errors.Is(err, ArgumentInvalid) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
