//go:build cgo

package attestor

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

const oidcPolicy = `{"version": 1, "attestors": [
	{"id": "ci", "kind": "oidc", "audiences": ["orders"], "issuer": "https://issuer.example",
		"issuer_aliases": ["https://old.example"]},
	{"id": "named", "kind": "oidc", "audiences": ["orders"], "issuer": "example.org"},
	{"id": "spiffe", "kind": "spiffe", "audiences": ["orders"], "trust_domains": ["example.org"]}]}`

// claims of a token; those of orders are a good ID token's.
type claims map[string]any

func orders() claims {
	return claims{
		"iss": issuer, "sub": "repo:orders", "aud": "orders", "nonce": "n-1",
		"iat": issued.Unix(), "exp": issued.Add(time.Hour).Unix(), "auth_time": issued.Add(-time.Minute).Unix(),
	}
}

func (c claims) with(name string, value any) claims {
	c[name] = value
	return c
}

// signer is an issuer's key.
type signer struct {
	key        crypto.Signer
	alg        string
	jwk        string
	thumbprint string
}

func newES256(t testing.TB) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	point := public.Bytes()
	members := fmt.Sprintf(`"crv":"P-256","kty":"EC","x":%q,"y":%q`, encode(point[1:33]), encode(point[33:]))
	return newSigner(key, "ES256", members)
}

func newEdDSA(t testing.TB) signer {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newSigner(key, "EdDSA", fmt.Sprintf(`"crv":"Ed25519","kty":"OKP","x":%q`, encode(public)))
}

// newSigner takes the members that RFC 7638 hashes, in its order.
func newSigner(key crypto.Signer, alg, members string) signer {
	digest := sha256.Sum256([]byte("{" + members + "}"))
	return signer{key: key, alg: alg, jwk: members, thumbprint: encode(digest[:])}
}

func (s signer) jwks() []byte {
	return []byte(`{"keys":[{"kid":"k1","use":"sig",` + s.jwk + `}]}`)
}

func (s signer) pem(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(s.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func (s signer) mint(t testing.TB, kid string, c claims) string {
	t.Helper()
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	input := encode(fmt.Appendf(nil, `{"alg":%q,"kid":%q,"typ":"JWT"}`, s.alg, kid)) + "." + encode(payload)
	var signature []byte
	switch key := s.key.(type) {
	case *ecdsa.PrivateKey:
		digest := sha256.Sum256([]byte(input))
		r, v, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		signature = v.FillBytes(make([]byte, 64))
		r.FillBytes(signature[:32])
	case ed25519.PrivateKey:
		signature = ed25519.Sign(key, []byte(input))
	}
	return input + "." + encode(signature)
}

func encode(data []byte) string {
	return base64.RawURLEncoding.EncodeToString(data)
}

// accessTokenHash is at_hash for ES256.
func accessTokenHash(token string) string {
	digest := sha256.Sum256([]byte(token))
	return encode(digest[:16])
}

func oidcVerifier(t testing.TB, keys signer) (*Verifier, *BundleStore) {
	t.Helper()
	store := newStore(t)
	if err := store.PutIssuer(issuer, keys.jwks(), At(issued)); err != nil {
		t.Fatal(err)
	}
	return newVerifier(t, store, []byte(oidcPolicy)), store
}

func TestOIDCAllow(t *testing.T) {
	for _, keys := range []signer{newES256(t), newEdDSA(t)} {
		verifier, _ := oidcVerifier(t, keys)
		want := &Identity{
			ID: "oidc:" + issuer + ":repo:orders", Kind: KindOIDC, Subject: "repo:orders", Issuer: issuer, AttestorID: "ci",
			ExpiresAt: issued.Add(time.Hour).UTC(), KeyThumbprint: keys.thumbprint,
		}
		for _, spelling := range []string{issuer, "https://old.example"} {
			identity, err := verifier.Verify(keys.mint(t, "k1", orders().with("iss", spelling)), At(issued))
			if err != nil {
				t.Fatalf("%s: %v", keys.alg, err)
			}
			if !reflect.DeepEqual(identity, want) {
				t.Errorf("%s: got %+v, want %+v", keys.alg, *identity, *want)
			}
		}
	}
}

func TestOIDCRequest(t *testing.T) {
	keys := newES256(t)
	verifier, _ := oidcVerifier(t, keys)
	hashed := orders().with("at_hash", accessTokenHash("access"))
	old := orders().with("auth_time", issued.Add(-62*time.Second).Unix())
	for _, test := range []struct {
		name   string
		claims claims
		opts   []VerifyOption
		want   Reason
	}{
		{"everything at once", hashed, []VerifyOption{Nonce("n-1"), MaxAge(time.Hour), AccessToken("access")}, OK},
		{"wrong issuer", orders().with("iss", issuer+"/"), nil, IssuerUnknown},
		{"wrong audience", orders().with("aud", "payments"), nil, AudienceMismatch},
		{"wrong nonce", orders(), []VerifyOption{Nonce("n-2")}, NonceMismatch},
		{"empty nonce", orders(), []VerifyOption{Nonce("")}, NonceMismatch},
		{"the token has an empty nonce", orders().with("nonce", ""), []VerifyOption{Nonce("")}, OK},
		// The policy's default clock skew is added to the age.
		{"within the skew", orders(), []VerifyOption{MaxAge(time.Second)}, OK},
		{"authenticated long ago", old, []VerifyOption{MaxAge(time.Second)}, AuthTooOld},
		{"a longer age", old, []VerifyOption{MaxAge(2 * time.Second)}, OK},
		{"other access token", hashed, []VerifyOption{AccessToken("another")}, AtHashMismatch},
		{"empty access token", hashed, []VerifyOption{AccessToken("")}, AtHashMismatch},
		{"no access token", hashed, nil, OK},
	} {
		identity, err := verifier.Verify(keys.mint(t, "k1", test.claims), append(test.opts, At(issued))...)
		if test.want == OK {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if identity != nil || !errors.Is(err, test.want) || !errors.Is(err, ErrDenied) {
			t.Errorf("%s: got %v, %v", test.name, identity, err)
		}
	}
}

func TestOIDCMisuse(t *testing.T) {
	keys := newES256(t)
	verifier, _ := oidcVerifier(t, keys)
	token := keys.mint(t, "k1", orders())
	for name, opt := range map[string]VerifyOption{
		"zero age": MaxAge(0), "negative age": MaxAge(-time.Second), "half a second": MaxAge(time.Second / 2),
		"a second and a half": MaxAge(3 * time.Second / 2), "nonce that is not text": Nonce("\xff"),
		"endless nonce": Nonce(strings.Repeat("n", 1<<20)), "endless access token": AccessToken(strings.Repeat("a", 1<<20)),
	} {
		identity, err := verifier.Verify(token, At(issued), opt)
		var misuse *ConfigError
		if identity != nil || !errors.As(err, &misuse) || misuse.Reason != ArgumentInvalid {
			t.Errorf("%s: got %v, %#v", name, identity, err)
		}
	}
}

func TestIssuerIsNoTrustDomain(t *testing.T) {
	keys := newES256(t)
	verifier, store := oidcVerifier(t, keys)
	svid := keys.mint(t, "k1", claims{
		"sub": "spiffe://example.org/orders", "aud": "orders", "exp": issued.Add(time.Hour).Unix(),
	})
	token := keys.mint(t, "k1", orders().with("iss", domain))
	verify := func(credential string, want error) {
		t.Helper()
		if _, err := verifier.Verify(credential, At(issued)); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}

	if err := store.PutIssuer(domain, keys.jwks(), At(issued)); err != nil {
		t.Fatal(err)
	}
	verify(token, nil)
	verify(svid, BundleUnavailable)
	if _, err := store.Info(domain, SlotJWT); !errors.Is(err, BundleUnavailable) {
		t.Errorf("the issuer fed the domain: %v", err)
	}

	if err := store.Put(domain, keys.jwks(), JWKS, At(issued)); err != nil {
		t.Fatal(err)
	}
	verify(svid, nil)
	if err := store.RemoveIssuer(domain); err != nil {
		t.Fatal(err)
	}
	verify(token, BundleUnavailable)
	verify(svid, nil)
}

func TestIssuerStore(t *testing.T) {
	keys := newES256(t)
	verifier, store := oidcVerifier(t, keys)
	if err := store.PutIssuer(issuer, keys.jwks(), At(issued), FeedID(7)); err != nil {
		t.Fatal(err)
	}
	info, err := store.IssuerInfo(issuer)
	want := SlotInfo{
		Generation: info.Generation, Feed: 7, ConfirmedAt: issued.UTC(), Entries: 1, Digest: sha256.Sum256(keys.jwks()),
		SoftAge: time.Hour, HardAge: 24 * time.Hour,
	}
	if err != nil || !reflect.DeepEqual(info, want) {
		t.Errorf("got %+v, %v, want %+v", info, err, want)
	}
	for _, test := range []struct {
		name, issuer, document string
		format                 Format
		reason                 Reason
	}{
		{"no name", "", string(keys.jwks()), JWKS, SourceNameInvalid},
		{"endless name", strings.Repeat("a", 1<<20), string(keys.jwks()), JWKS, SourceNameInvalid},
		{"no keys", issuer, `{"keys": []}`, JWKS, NoUsableKeys},
		{"nothing", issuer, "", JWKS, BundleMalformed},
		{"SPIFFE bundle", issuer, string(keys.jwks()), SPIFFEBundle, FormatUnsupported},
		{"Workload API", issuer, string(keys.jwks()), WorkloadAPIJWKS, FormatUnsupported},
		{"certificates", issuer, string(keys.pem(t)), X509PEM, FormatUnsupported},
	} {
		if err := store.PutIssuer(test.issuer, []byte(test.document), test.format); !errors.Is(err, test.reason) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if again, err := store.IssuerInfo(issuer); err != nil || !reflect.DeepEqual(again, info) {
		t.Errorf("a refused update took effect: %+v, %v", again, err)
	}

	for range 2 {
		if err := store.RemoveIssuer(issuer); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.IssuerInfo(issuer); !errors.Is(err, BundleUnavailable) {
		t.Errorf("info after RemoveIssuer: %v", err)
	}
	if _, err := verifier.Verify(keys.mint(t, "k1", orders()), At(issued)); !errors.Is(err, BundleUnavailable) {
		t.Errorf("after RemoveIssuer: %v", err)
	}
}

func TestPublicKeyPEM(t *testing.T) {
	first, second := newES256(t), newEdDSA(t)
	verifier, store := oidcVerifier(t, newES256(t))
	document := append(first.pem(t), second.pem(t)...)
	if err := store.PutIssuer(issuer, document, PublicKeyPEM, At(issued)); err != nil {
		t.Fatal(err)
	}
	for _, keys := range []signer{first, second} {
		identity, err := verifier.Verify(keys.mint(t, keys.thumbprint, orders()), At(issued))
		if err != nil || identity.KeyThumbprint != keys.thumbprint {
			t.Errorf("%s: %+v, %v", keys.alg, identity, err)
		}
	}
	if _, err := verifier.Verify(first.mint(t, "k1", orders()), At(issued)); !errors.Is(err, KidNotFound) {
		t.Errorf("the kid of the replaced key: %v", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(first.key)
	if err != nil {
		t.Fatal(err)
	}
	leaked := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	if err := store.PutIssuer(issuer, leaked, PublicKeyPEM); !errors.Is(err, BundlePrivateKey) {
		t.Errorf("private key: %v", err)
	}
}

func TestCertificates(t *testing.T) {
	key := newES256(t).key
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: issued, NotAfter: expiry, KeyUsage: x509.KeyUsageCertSign,
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	store := newStore(t)
	for format, document := range map[Format][]byte{
		X509DER: der, X509PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	} {
		if err := store.Put(domain, document, format, At(issued)); err != nil {
			t.Fatalf("format %d: %v", format, err)
		}
		info, err := store.Info(domain, SlotX509)
		if err != nil || info.Entries != 1 || info.Digest != sha256.Sum256(document) {
			t.Errorf("format %d: %+v, %v", format, info, err)
		}
		if err := store.Put(domain, document[1:], format); !errors.Is(err, BundleMalformed) {
			t.Errorf("format %d, cut: %v", format, err)
		}
	}
	if _, err := store.Info(domain, SlotJWT); !errors.Is(err, BundleUnavailable) {
		t.Errorf("certificates fed the keys: %v", err)
	}
}

func TestWarmOIDCVerifyAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	keys := newES256(t)
	verifier, _ := oidcVerifier(t, keys)
	access := strings.Repeat("access", 100)
	token := keys.mint(t, "k1", orders().with("at_hash", accessTokenHash(access)))
	// No constants: those would not have to be allocated.
	nonce, age := fmt.Sprint("n-", len(access)/600), time.Duration(len(access))*time.Minute
	if n := testing.AllocsPerRun(200, func() {
		if _, err := verifier.Verify(token, At(issued), Nonce(nonce), MaxAge(age), AccessToken(access)); err != nil {
			t.Fatal(err)
		}
	}); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
