//go:build cgo

package attestor

import (
	"crypto/elliptic"
	"errors"
	"strings"
	"testing"
)

func BenchmarkVerify(b *testing.B) {
	for name, keys := range map[string]string{"ES256": "ec-p256", "RS256": "rsa-2048"} {
		b.Run(name, func(b *testing.B) {
			_, store := fedVerifier(b, keys)
			verifier := newVerifier(b, store, policyFor(audience), WithoutCache())
			token := string(spire(b, keys+"/s0.minted.jwt"))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := verifier.Verify(token, At(issued)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerifyRemembered(b *testing.B) {
	verifier, _ := fedVerifier(b, "ec-p256")
	token := string(spire(b, "ec-p256/s0.minted.jwt"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verifier.Verify(token, At(issued)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdmit(b *testing.B) {
	a := newAdmission(b)
	passport, credential := a.agent.passport(b, passportClaims()), a.authority.mint(b, "k1", svid())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.verifier.Admit(passport, credential, At(issued)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChallenge(b *testing.B) {
	trusted := newAuthority(b)
	verifier, _ := x509Verifier(b, trusted)
	key := newKey(b, elliptic.P256())
	svid, proof := trusted.issue(b, key), mustSign(b, key, challenge, "orders", "")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verifier.VerifyChallenge(svid, challenge, "orders", proof, At(issued)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReceipt(b *testing.B) {
	log, _ := newLog(b, WithoutSync())
	verifier, _ := fedVerifier(b, "ec-p256")
	token := string(spire(b, "ec-p256/s0.minted.jwt"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verifier.Verify(token, At(issued), WithReceipts(log, nil)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyParallel(b *testing.B) {
	verifier, _ := fedVerifier(b, "ec-p256")
	token := string(spire(b, "ec-p256/s0.minted.jwt"))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := verifier.Verify(token, At(issued)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// What a refusal before any cryptography costs: mostly the crossing.
func BenchmarkRefuse(b *testing.B) {
	verifier, _ := fedVerifier(b, "ec-p256")
	token := strings.Repeat("A", 300)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := verifier.Verify(token, At(issued)); !errors.Is(err, MalformedToken) {
			b.Fatal(err)
		}
	}
}
