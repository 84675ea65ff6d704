//go:build cgo

package attestor

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/url"
	"reflect"
	"testing"
	"time"
)

const x509Policy = `{"version": 1, "attestors": [{"id": "spiffe", "kind": "spiffe", "audiences": ["orders", "other"],
	"trust_domains": ["example.org"], "local_trust_domain": "example.org", "x509": {"eku": "both"}}]}`

// authority signs X.509-SVIDs.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	serial      int64
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key := newKey(t, elliptic.P256())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, URIs: []*url.URL{spiffeURI(domain)},
		NotBefore: issued.Add(-time.Hour), NotAfter: issued.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return &authority{certificate: create(t, template, template, key.Public(), key), key: key, serial: 1}
}

// issue gives the chain of an SVID, leaf first, DER.
func (a *authority) issue(t testing.TB, key crypto.Signer) [][]byte {
	t.Helper()
	a.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), URIs: []*url.URL{spiffeURI(domain + "/ns/shop/sa/orders")},
		NotBefore: issued.Add(-time.Hour), NotAfter: issued.Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	return [][]byte{create(t, template, a.certificate, key.Public(), a.key).Raw}
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// revoke is a list of one serial number, DER.
func (a *authority) revoke(t testing.TB, serial int64) []byte {
	t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: issued.Add(-time.Minute), NextUpdate: issued.Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(serial), RevocationTime: issued}},
	}, a.certificate, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func create(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func spiffeURI(id string) *url.URL {
	return &url.URL{Scheme: "spiffe", Host: domain, Path: id[len(domain):]}
}

func x509Verifier(t testing.TB, trusted *authority) (*Verifier, *BundleStore) {
	t.Helper()
	store := newStore(t)
	if err := store.Put(domain, trusted.pem(), X509PEM, At(issued)); err != nil {
		t.Fatal(err)
	}
	return newVerifier(t, store, []byte(x509Policy)), store
}

var challenge = []byte("0123456789abcdef")

func TestChallenge(t *testing.T) {
	trusted := newAuthority(t)
	verifier, _ := x509Verifier(t, trusted)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	passport := newEdDSA(t)
	token := passport.passport(t, passportClaims())
	for name, key := range map[string]crypto.Signer{
		"ES256": newKey(t, elliptic.P256()), "ES384": newKey(t, elliptic.P384()), "ES512": newKey(t, elliptic.P521()),
		"PS256": rsaKey, "EdDSA": edKey,
	} {
		chain := trusted.issue(t, key)
		proof := mustSign(t, key, challenge, "orders", "")
		identity, err := verifier.VerifyChallenge(chain, challenge, "orders", proof, At(issued))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := &Identity{
			ID: agent, Kind: KindX509SVID, Subject: agent, TrustDomain: domain, Local: true, AttestorID: "spiffe",
			ExpiresAt: issued.Add(time.Hour).UTC(), KeyThumbprint: identity.KeyThumbprint,
		}
		if !reflect.DeepEqual(identity, want) {
			t.Errorf("%s: got %+v, want %+v", name, *identity, *want)
		}
		proof = mustSign(t, key, challenge, "orders", token)
		identity, err = verifier.VerifyChallenge(chain, challenge, "orders", proof, Passport(token), At(issued))
		if err != nil || identity.PassportThumbprint != passport.thumbprint {
			t.Errorf("%s with a passport: %v", name, err)
		}
	}
}

func mustSign(t testing.TB, key crypto.Signer, challenge []byte, audience, passport string) []byte {
	t.Helper()
	proof, err := SignChallenge(key, challenge, audience, passport)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func TestChallengeRefusals(t *testing.T) {
	trusted := newAuthority(t)
	verifier, _ := x509Verifier(t, trusted)
	key := newKey(t, elliptic.P256())
	chain := trusted.issue(t, key)
	proof := mustSign(t, key, challenge, "orders", "")
	token := newEdDSA(t).passport(t, passportClaims())
	stolen := mustSign(t, newKey(t, elliptic.P256()), challenge, "orders", "")
	at := []VerifyOption{At(issued)}
	for _, test := range []struct {
		name      string
		chain     [][]byte
		challenge []byte
		audience  string
		proof     []byte
		opts      []VerifyOption
		reason    Reason
	}{
		{"another challenge", chain, []byte("fedcba9876543210"), "orders", proof, at, SignatureInvalid},
		{"another audience of ours", chain, challenge, "other", proof, at, SignatureInvalid},
		{"an audience not ours", chain, challenge, "billing", proof, at, AudienceMismatch},
		{"no audience", chain, challenge, "", proof, at, AudienceMismatch},
		{"another key", chain, challenge, "orders", stolen, at, SignatureInvalid},
		{"a proof without the passport", chain, challenge, "orders", proof, []VerifyOption{At(issued), Passport(token)}, SignatureInvalid},
		{"a proof for a passport", chain, challenge, "orders", mustSign(t, key, challenge, "orders", token), at, SignatureInvalid},
		{"half a proof", chain, challenge, "orders", proof[:32], at, SignatureMalformed},
		{"no proof", chain, challenge, "orders", nil, at, SignatureMalformed},
		{"a short challenge", chain, challenge[:15], "orders", proof, at, ArgumentInvalid},
		{"no challenge", chain, nil, "orders", proof, at, ArgumentInvalid},
		{"no chain", nil, challenge, "orders", proof, at, ChainEmpty},
		{"an empty certificate", [][]byte{{}}, challenge, "orders", proof, at, ChainEmpty},
		{"no certificate", [][]byte{challenge}, challenge, "orders", proof, at, CertMalformed},
		{"expired", chain, challenge, "orders", proof, []VerifyOption{At(issued.Add(2 * time.Hour))}, CertExpired},
		{"another authority", newAuthority(t).issue(t, key), challenge, "orders", proof, at, ChainUntrusted},
		{"two audiences", chain, challenge, "orders", proof, []VerifyOption{Audience("orders")}, ArgumentInvalid},
	} {
		identity, err := verifier.VerifyChallenge(test.chain, test.challenge, test.audience, test.proof, test.opts...)
		if identity != nil || !errors.Is(err, test.reason) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.reason)
		}
	}
	huge := [][]byte{make([]byte, 3<<19), make([]byte, 3<<19)}
	if identity, err := verifier.VerifyChallenge(huge, challenge, "orders", proof, At(issued)); identity != nil || err == nil {
		t.Errorf("3 MiB of certificates: %v", err)
	}
}

// brokenSigner says that it is of a key, and signs what it likes.
type brokenSigner struct {
	public    crypto.PublicKey
	signature []byte
	err       error
}

func (s brokenSigner) Public() crypto.PublicKey { return s.public }

func (s brokenSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return s.signature, s.err
}

func TestSignChallengeErrors(t *testing.T) {
	p256 := newKey(t, elliptic.P256()).Public()
	for name, test := range map[string]struct {
		signer    crypto.Signer
		challenge []byte
	}{
		"no signer":         {nil, challenge},
		"a short challenge": {newKey(t, elliptic.P256()), challenge[:15]},
		"P-224":             {newKey(t, elliptic.P224()), challenge},
		"no key":            {brokenSigner{}, challenge},
	} {
		if proof, err := SignChallenge(test.signer, test.challenge, "orders", ""); proof != nil || !errors.Is(err, ArgumentInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := SignChallenge(brokenSigner{public: p256, err: io.ErrClosedPipe}, challenge, "", ""); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a signer that fails: %v", err)
	}
	for name, signature := range map[string][]byte{
		"nothing": nil, "not ASN.1": {1, 2, 3}, "zero": {0x30, 6, 2, 1, 0, 2, 1, 1}, "negative": {0x30, 6, 2, 1, 1, 2, 1, 0xff},
		"too long": append([]byte{0x30, 38, 2, 1, 1, 2, 33}, append([]byte{1}, make([]byte, 32)...)...),
		"trailing": {0x30, 6, 2, 1, 1, 2, 1, 1, 0},
	} {
		if proof, err := SignChallenge(brokenSigner{public: p256, signature: signature}, challenge, "", ""); proof != nil || err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

func TestRevocationList(t *testing.T) {
	trusted := newAuthority(t)
	verifier, store := x509Verifier(t, trusted)
	key := newKey(t, elliptic.P256())
	chain := trusted.issue(t, key)
	proof := mustSign(t, key, challenge, "orders", "")
	judge := func() error {
		_, err := verifier.VerifyChallenge(chain, challenge, "orders", proof, At(issued))
		return err
	}
	if _, err := store.Info(domain, SlotCRL); !errors.Is(err, BundleUnavailable) {
		t.Errorf("nothing was fed: %v", err)
	}
	if err := store.Put(domain, trusted.revoke(t, trusted.serial+1), X509CRL, At(issued)); err != nil {
		t.Fatal(err)
	}
	if err := judge(); err != nil {
		t.Errorf("another certificate was revoked: %v", err)
	}
	if err := store.Put(domain, trusted.revoke(t, trusted.serial), X509CRL, At(issued)); err != nil {
		t.Fatal(err)
	}
	if err := judge(); !errors.Is(err, CertRevoked) {
		t.Errorf("revoked: %v", err)
	}
	if info, err := store.Info(domain, SlotCRL); err != nil || info.Entries != 1 {
		t.Errorf("got %+v, %v", info, err)
	}
	if err := store.Put(domain, trusted.certificate.Raw, X509CRL); !errors.Is(err, BundleMalformed) {
		t.Errorf("a certificate is no list: %v", err)
	}
	if err := judge(); !errors.Is(err, CertRevoked) {
		t.Errorf("a refused list took effect: %v", err)
	}
	if err := store.Put(domain, nil, X509CRL, At(issued)); err != nil {
		t.Fatal(err)
	}
	if err := judge(); err != nil {
		t.Errorf("cleared: %v", err)
	}
}
