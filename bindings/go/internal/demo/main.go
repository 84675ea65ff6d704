// Command demo is one verification for examples/demo/run.py:
// demo BUNDLE|- AUDIENCE NOW CREDENTIAL prints `verdict reason`.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	attestor "github.com/libattestor/attestor/bindings/go"
)

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: demo BUNDLE|- AUDIENCE NOW CREDENTIAL")
	}
	now, err := strconv.ParseInt(os.Args[3], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	reason := attestor.OK
	if err := judge(os.Args[1], os.Args[2], time.Unix(now, 0), os.Args[4]); err != nil && !errors.As(err, &reason) {
		log.Fatal(err)
	}
	fmt.Println(reason.Class(), reason.Slug())
}

func judge(bundle, audience string, now time.Time, credential string) error {
	store := attestor.NewBundleStore()
	defer store.Close()
	if bundle != "-" {
		document, err := os.ReadFile(bundle)
		if err != nil {
			return err
		}
		if err := store.Put("example.org", document, attestor.At(now)); err != nil {
			return err
		}
	}
	policy := fmt.Sprintf(`{"version": 1, "attestors": [{"id": "spiffe", "kind": "spiffe",
		"audiences": [%q], "trust_domains": ["example.org"]}]}`, audience)
	verifier, err := attestor.NewVerifier(store, []byte(policy))
	if err != nil {
		return err
	}
	defer verifier.Close()
	token, err := os.ReadFile(credential)
	if err != nil {
		return err
	}
	_, err = verifier.Verify(string(token), attestor.At(now))
	return err
}
