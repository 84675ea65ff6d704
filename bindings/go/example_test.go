//go:build cgo

package attestor_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/libattestor/attestor/bindings/go"
)

const policy = `{"version": 1, "attestors": [{"id": "spiffe", "kind": "spiffe",
	"audiences": ["spiffe://example.org/verifier"], "trust_domains": ["example.org"]}]}`

func Example() {
	store := attestor.NewBundleStore()
	defer store.Close()
	// A file that does not age; what a feed delivers is put again and again.
	if err := store.Put("example.org", readFile("s0.bundle.spiffe.json"), attestor.Permanent()); err != nil {
		log.Fatal(err)
	}
	verifier, err := attestor.NewVerifier(store, []byte(policy))
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()

	// A program leaves At out: the system clock is the default.
	token := string(readFile("s0.minted.jwt"))
	for _, now := range []int64{1_800_000_000, 3_000_000_000} {
		identity, err := verifier.Verify(token, attestor.At(time.Unix(now, 0)))
		switch {
		case err == nil:
			fmt.Println("enter:", identity.ID)
		case errors.Is(err, attestor.ErrDenied):
			fmt.Println("refused:", err)
		case errors.Is(err, attestor.ErrUnavailable):
			fmt.Println("try again later:", err)
		default:
			log.Fatal(err)
		}
	}
	// Output:
	// enter: spiffe://example.org/minted
	// refused: credential expired
}

func ExampleBundleStore_SetFeed() {
	store := attestor.NewBundleStore()
	defer store.Close()
	err := store.SetFeed(attestor.TrustDomain("example.org"), attestor.FeedFunc(
		func(_ context.Context, source attestor.Source, sink *attestor.Sink) error {
			fmt.Println("fetching", source)
			return sink.Put(attestor.SPIFFEBundle, readFile("s0.bundle.spiffe.json"))
		}))
	if err != nil {
		log.Fatal(err)
	}

	// A program leaves At out, and sleeps until NextRefresh.
	start := time.Unix(1_800_000_000, 0)
	for _, now := range []time.Time{start, start.Add(time.Minute), start.Add(5 * time.Minute)} {
		report, err := store.Refresh(context.Background(), attestor.At(now))
		fmt.Println(report.Succeeded, report.Failed, err)
	}
	// Output:
	// fetching example.org
	// 1 0 <nil>
	// 0 0 <nil>
	// fetching example.org
	// 1 0 <nil>
}

func ExampleVerifier_Admit() {
	// The agent has a key of its own, which the policy pins.
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	thumbprint, err := attestor.PassportThumbprint(key)
	if err != nil {
		log.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	passport, err := attestor.MintPassport(key, attestor.PassportClaims{ExpiresAt: now.Add(time.Minute)})
	if err != nil {
		log.Fatal(err)
	}

	verifier, err := attestor.NewVerifier(attestor.NewBundleStore(), fmt.Appendf(nil,
		`{"version": 1, "attestors": [{"id": "native", "kind": "native", "pinned_keys": [%q]}]}`, thumbprint))
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()
	for _, now := range []time.Time{now, now.Add(time.Hour)} {
		identity, err := verifier.Admit(passport, "", attestor.At(now))
		fmt.Println(identity, err)
	}
	// Output:
	// native:3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29 <nil>
	// <nil> credential expired
}

func ExampleReason() {
	err := error(&attestor.VerdictError{Reason: attestor.KidNotFound})
	var reason attestor.Reason
	if errors.As(err, &reason) {
		fmt.Println(reason.Class(), int(reason), reason.Slug())
	}
	// Output: deny 1109 kid_not_found
}

func readFile(name string) []byte {
	data, err := os.ReadFile("../../tests/data/spire/ec-p256/" + name)
	if err != nil {
		log.Fatal(err)
	}
	return data
}
