//go:build cgo

package attestor_test

import (
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
	if err := store.Put("example.org", readFile("s0.bundle.spiffe.json")); err != nil {
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
