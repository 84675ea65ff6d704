//go:build cgo

package attestor

import (
	"context"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"
)

const canary = "cAnArY"

// canaries has one in every claim, in those of a passport and in those that nobody knows too.
func canaries(changed claims) claims {
	c := claims{
		"iss": canary + "-iss", "sub": "spiffe://example.org/" + canary + "-sub", "aud": []string{"orders", canary + "-aud"},
		"exp": issued.Add(time.Hour).Unix(), "expires_at": issued.Add(time.Hour).Unix(), "jti": canary + "-jti",
		"nonce": canary + "-nonce", "azp": canary + "-azp", "at_hash": canary + "-at_hash", canary + "-name": canary + "-value",
		"nested": claims{canary + "-member": []any{canary + "-element"}},
	}
	for name, value := range changed {
		c[name] = value
	}
	return c
}

// cage collects whatever a program might print, with the parts of tokens that must not be there.
type cage struct {
	text    strings.Builder
	secrets []string
}

func (c *cage) add(values ...any) {
	for _, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&c.text, verb+"\n", value)
		}
	}
}

// refusal adds an error and what it carries.
func (c *cage) refusal(t *testing.T, err error) {
	t.Helper()
	var reason Reason
	if !errors.As(err, &reason) || reason == OK {
		t.Errorf("no refusal: %v", err)
	}
	c.add(err, &err)
	var refused *VerdictError
	if errors.As(err, &refused) {
		c.add(*refused, string(refused.Evidence))
	}
	var unrecorded *ReceiptError
	if errors.As(err, &unrecorded) {
		c.add(*unrecorded)
	}
}

// token remembers the parts of a token as secrets.
func (c *cage) token(token string) string {
	parts := strings.Split(token, ".")
	c.secrets = append(c.secrets, parts[1][:24], parts[2][:24])
	return token
}

func (c *cage) search(t *testing.T, secrets ...string) {
	t.Helper()
	text := strings.ToLower(c.text.String())
	for _, secret := range append(secrets, c.secrets...) {
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret))} {
			if at := strings.Index(text, strings.ToLower(form)); at >= 0 {
				t.Errorf("%q is in what can be printed: %s", secret, text[max(0, at-60):min(len(text), at+60)])
			}
		}
	}
}

func TestNothingOfARefusedAdmissionIsPrinted(t *testing.T) {
	a, stranger := newAdmission(t), newEdDSA(t)
	var cage cage
	log, path := newLog(t)
	opts := []VerifyOption{At(issued), WithEvidence(), WithReceipts(log, nil)}
	passports := map[string]string{
		"good":     a.agent.passport(t, canaries(nil)),
		"stranger": stranger.passport(t, canaries(nil)),
		"expired":  a.agent.passport(t, canaries(claims{"expires_at": 1, "exp": 1})),
		"garbled":  a.agent.passport(t, canaries(claims{"expires_at": canary})),
		"empty":    "",
	}
	credentials := map[string]string{
		"good":         a.authority.mint(t, "k1", canaries(claims{"cnf": claims{"jkt": canary}})),
		"kid":          a.authority.mint(t, canary, canaries(nil)),
		"domain":       a.authority.mint(t, "k1", canaries(claims{"sub": "spiffe://" + strings.ToLower(canary) + ".org/x"})),
		"audience":     a.authority.mint(t, "k1", canaries(claims{"aud": canary})),
		"expired":      a.authority.mint(t, "k1", canaries(claims{"exp": 1})),
		"wrong types":  a.authority.mint(t, "k1", canaries(claims{"exp": canary})),
		"another's":    newES256(t).mint(t, "k1", canaries(nil)),
		"no audiences": a.authority.mint(t, "k1", canaries(claims{"aud": []int{1}})),
	}
	for _, passport := range passports {
		if passport != "" {
			cage.token(passport)
		}
	}
	for name, credential := range credentials {
		cage.token(credential)
		_, err := a.verifier.Verify(credential, opts...)
		cage.refusal(t, err)
		for _, passport := range passports {
			_, err := a.verifier.Admit(passport, credential, opts...)
			cage.refusal(t, err)
		}
		if name == "good" {
			// An allow that cannot be recorded, and a refusal that cannot.
			unusable := WithReceipts(&ReceiptLog{}, nil)
			_, err = a.verifier.Admit(passports["good"], "", At(issued), unusable)
			cage.refusal(t, err)
			_, err = a.verifier.Verify(credential, At(issued), unusable)
			cage.refusal(t, err)
		}
	}
	for name, passport := range passports {
		if name != "good" {
			_, err := a.verifier.Admit(passport, "", opts...)
			cage.refusal(t, err)
		}
	}
	_, err := a.verifier.Admit(passports["good"], "", append(opts, Passport(passports["good"]))...)
	cage.refusal(t, err)
	_, err = a.verifier.Admit(passports["good"], "", append(opts, Attestor(canary))...)
	cage.refusal(t, err)

	withheld := []VerifyOption{
		Passport(passports["good"]), PeerCertificate(selfSigned(t)), WithReceipts(log, nil),
		Refreshing(context.WithValue(ctx, contextKey{}, canary)),
	}
	cage.add(a.verifier, a.store, log, withheld)
	for _, opt := range withheld {
		cage.add(opt)
	}
	cage.add(string(mustRead(t, path)))
	cage.search(t, canary, a.agent.publicHex(), stranger.publicHex())
}

// An allow tells the identity, and of the rest what the policy names.
func TestNothingElseOfAnAdmissionIsRecorded(t *testing.T) {
	a := newAdmission(t)
	var cage cage
	log, path := newLog(t)
	passport := cage.token(a.agent.passport(t, canaries(nil)))
	credential := cage.token(a.authority.mint(t, "k1", canaries(claims{"sub": agent})))
	admitted, err := a.verifier.Admit(passport, credential, At(issued), WithReceipts(log, nil))
	if err != nil {
		t.Fatal(err)
	}
	alone, err := a.verifier.Admit(passport, "", At(issued), WithReceipts(log, nil))
	if err != nil {
		t.Fatal(err)
	}
	cage.add(admitted, *admitted, string(admitted.Evidence), alone, *alone, string(alone.Evidence), string(mustRead(t, path)))
	cage.search(t, canary)
}

func TestNothingOfARefusedCertificateIsPrinted(t *testing.T) {
	trusted, stranger := newAuthority(t), newAuthority(t)
	verifier, store := x509Verifier(t, trusted)
	if err := store.Deny(DenyEntry{Kind: DenyTrustDomain, Source: domain, Field: DenySub, Value: "spiffe://example.org/" + canary}, At(issued)); err != nil {
		t.Fatal(err)
	}
	var cage cage
	log, path := newLog(t)
	key := newKey(t, elliptic.P256())
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte(canary)), Subject: pkix.Name{CommonName: canary}, DNSNames: []string{canary + ".example"},
		URIs:      []*url.URL{{Scheme: "spiffe", Host: domain, Path: "/" + canary}},
		NotBefore: issued.Add(-time.Hour), NotAfter: issued.Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
	for name, signer := range map[string]*authority{"denied": trusted, "untrusted": stranger} {
		der, err := x509.CreateCertificate(rand.Reader, template, signer.certificate, key.Public(), signer.key)
		if err != nil {
			t.Fatal(err)
		}
		for _, bytes := range [][]byte{der, der[:len(der)-1], append(der, 0)} {
			proof := mustSign(t, key, challenge, "orders", "")
			identity, err := verifier.VerifyChallenge([][]byte{bytes}, challenge, "orders", proof, At(issued), WithReceipts(log, nil))
			if identity != nil {
				t.Errorf("%s: accepted", name)
			}
			cage.refusal(t, err)
		}
	}
	cage.add(verifier, store, string(mustRead(t, path)))
	cage.search(t, canary)
}
