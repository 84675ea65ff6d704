//go:build cgo

package attestor

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestReasonsAreTheLibrarys(t *testing.T) {
	for code := Reason(-10); code < 4000; code++ {
		slug, phrase := libraryText(code)
		known, ok := reasonTable[code]
		if ok != (slug != "unknown") {
			t.Errorf("%d: in the table: %t, the library says %q", code, ok, slug)
		}
		if ok && known != [2]string{slug, phrase} {
			t.Errorf("%d: got %q, the library says %q and %q", code, known, slug, phrase)
		}
		if code.Slug() != slug || code.String() != phrase || code.Error() != phrase {
			t.Errorf("%d: got %q, %q, %q", code, code.Slug(), code.String(), code.Error())
		}
		if (code.Class() == ClassAllow) != (code == OK) {
			t.Errorf("%d: class %v", code, code.Class())
		}
	}
}

func TestClasses(t *testing.T) {
	for code, want := range map[Reason]Class{
		-1: ClassMisuse, 0: ClassAllow, 1: ClassMisuse, 99: ClassMisuse, 100: ClassMisuse, 999: ClassMisuse,
		1000: ClassDeny, 1999: ClassDeny, 2000: ClassUnavailable, 2099: ClassUnavailable, 2100: ClassMisuse,
	} {
		if code.Class() != want {
			t.Errorf("%d: %v, want %v", code, code.Class(), want)
		}
		for class, target := range map[Class]error{ClassDeny: ErrDenied, ClassUnavailable: ErrUnavailable, ClassMisuse: ErrMisuse} {
			if errors.Is(code, target) != (class == want) {
				t.Errorf("%d is %v: %t", code, target, class != want)
			}
		}
	}
	if err := statusError(4000, ""); !errors.Is(err, ErrMisuse) {
		t.Errorf("an unassigned status: %v", err)
	}
}

func TestABI(t *testing.T) {
	if err := libraryFits(); err != nil {
		t.Error(err)
	}
	if err := checkABI(2, 1); !errors.Is(err, ErrMisuse) || !strings.Contains(err.Error(), "ABI 2") {
		t.Errorf("got %v", err)
	}
}

func TestNothingOfACredentialIsFormatted(t *testing.T) {
	verifier, store := fedVerifier(t, "ec-p256")
	token := string(spire(t, "ec-p256/s0.minted.jwt"))
	values := []any{store, verifier, verifier.handle}
	refuse := func(token string, opts ...VerifyOption) {
		_, err := verifier.Verify(token, opts...)
		if err == nil {
			t.Error("a credential of this test was accepted")
		}
		var refused *VerdictError
		if errors.As(err, &refused) {
			values = append(values, *refused, string(refused.Evidence))
		}
		values = append(values, err, &err)
	}
	refuse(token+"A", At(issued), WithEvidence())
	refuse("eyJ"+token, At(issued), WithEvidence())
	refuse(token, At(expiry.Add(time.Hour)), WithEvidence())
	refuse(token, At(time.Time{}))
	refuse(token, At(issued), Attestor("other"))
	if err := verifier.SetPolicy(policyFor("spiffe://example.org/other")); err != nil {
		t.Fatal(err)
	}
	refuse(token, At(issued), WithEvidence())
	// A verifier whose pool has just held the credential.
	values = append(values, verifier)
	// Options of a request are credentials too.
	withhold := []VerifyOption{Nonce(token), AccessToken(token)}
	values = append(values, withhold, withhold[0], withhold[1])

	var text strings.Builder
	for _, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&text, verb+"\n", value)
		}
	}
	parts := strings.Split(token, ".")
	for _, secret := range []string{parts[0][4:20], parts[1][:16], parts[2][:16], "minted", "5QOS27cm"} {
		if strings.Contains(text.String(), secret) || strings.Contains(text.String(), hex.EncodeToString([]byte(secret))) {
			t.Errorf("%q is in what was formatted", secret)
		}
	}
}
