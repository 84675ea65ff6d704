//go:build cgo

package attestor

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

const agent = "spiffe://example.org/ns/shop/sa/orders"

// admissionPolicy admits SVIDs of agents, and passports alone of one key.
func admissionPolicy(pin string) []byte {
	return fmt.Appendf(nil, `{"version": 1, "attestors": [
		{"id": "spiffe", "kind": "spiffe", "audiences": ["orders"], "trust_domains": ["example.org"],
			"map": [{"match": "spiffe://example.org/ns/{ns}/sa/{sa}", "internal_identity": "agent/{sa}",
				"policies": ["orders-read", "orders-write"]}]},
		{"id": "native", "kind": "native", "audiences": ["orders"], "pinned_keys": [%q]}]}`, pin)
}

func svid() claims {
	return claims{"sub": agent, "aud": "orders", "exp": issued.Add(time.Hour).Unix()}
}

// passport is one that Go signs, by the design's words: this package has no part in it.
func (s signer) passport(t testing.TB, c claims) string {
	t.Helper()
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	header := `{"alg":"EdDSA","typ":"passport+jwt","jwk":{` + s.jwk + `}}`
	input := encode([]byte(header)) + "." + encode(payload)
	return input + "." + encode(ed25519.Sign(s.key.(ed25519.PrivateKey), []byte(input)))
}

func passportClaims() claims {
	return claims{"aud": "orders", "expires_at": issued.Add(time.Minute).Unix()}
}

// admission is a verifier fed with the keys of an authority that mints SVIDs, and the key of one agent.
type admission struct {
	verifier  *Verifier
	store     *BundleStore
	authority signer
	agent     signer
}

func newAdmission(t testing.TB) admission {
	t.Helper()
	a := admission{store: newStore(t), authority: newES256(t), agent: newEdDSA(t)}
	if err := a.store.Put(domain, a.authority.jwks(), JWKS, At(issued)); err != nil {
		t.Fatal(err)
	}
	a.verifier = newVerifier(t, a.store, admissionPolicy(a.agent.thumbprint))
	return a
}

func (s signer) publicHex() string {
	return hex.EncodeToString(s.key.Public().(ed25519.PublicKey))
}

func TestAdmit(t *testing.T) {
	a := newAdmission(t)
	passport := a.agent.passport(t, passportClaims())
	withCredential := &Identity{
		ID: agent, Kind: KindJWTSVID, Subject: agent, TrustDomain: domain,
		InternalIdentity: "agent/orders", Policies: []string{"orders-read", "orders-write"}, AttestorID: "spiffe",
		ExpiresAt: issued.Add(time.Hour).UTC(), KeyThumbprint: a.authority.thumbprint,
		PassportThumbprint: a.agent.thumbprint,
	}
	remembered := *withCredential
	remembered.FromCache = true
	alone := &Identity{
		ID: "native:" + a.agent.publicHex(), Kind: KindPassport, Subject: a.agent.publicHex(), AttestorID: "native",
		ExpiresAt: issued.Add(time.Minute).UTC(), KeyThumbprint: a.agent.thumbprint,
		PassportThumbprint: a.agent.thumbprint,
	}
	credential := a.authority.mint(t, "k1", svid())
	for _, test := range []struct {
		name  string
		judge func() (*Identity, error)
		want  *Identity
	}{
		{"a passport and a credential", func() (*Identity, error) {
			return a.verifier.Admit(passport, credential, At(issued))
		}, withCredential},
		{"the same by the option", func() (*Identity, error) {
			return a.verifier.Verify(credential, Passport(passport), At(issued))
		}, &remembered},
		{"a passport alone", func() (*Identity, error) {
			return a.verifier.Admit(passport, "", At(issued))
		}, alone},
		{"a passport alone by the option", func() (*Identity, error) {
			return a.verifier.Verify("", Passport(passport), At(issued))
		}, alone},
	} {
		identity, err := test.judge()
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if !reflect.DeepEqual(identity, test.want) {
			t.Errorf("%s: got %+v, want %+v", test.name, *identity, *test.want)
		}
	}
	if identity, err := a.verifier.Verify(credential, At(issued)); err != nil || identity.PassportThumbprint != "" {
		t.Errorf("a credential alone: %v, %v", identity, err)
	}
}

func TestAdmissionRefusals(t *testing.T) {
	a, stranger := newAdmission(t), newEdDSA(t)
	passport := a.agent.passport(t, passportClaims())
	credential := a.authority.mint(t, "k1", svid())
	bound := a.authority.mint(t, "k1", svid().with("cnf", claims{"jkt": a.agent.thumbprint}))
	if identity, err := a.verifier.Admit(passport, bound, At(issued)); err != nil || identity.ID != agent {
		t.Errorf("a bound credential: %v", err)
	}
	for _, test := range []struct {
		name                 string
		passport, credential string
		at                   time.Time
		want                 VerdictError
	}{
		{"expired to the second", passport, credential, issued.Add(time.Minute),
			VerdictError{Reason: TokenExpired, AboutPassport: true}},
		{"a passport that is none", credential, credential, issued,
			VerdictError{Reason: TypMismatch, AboutPassport: true}},
		{"an empty passport", "", credential, issued, VerdictError{Reason: MalformedToken, AboutPassport: true}},
		{"a changed passport", passport[:len(passport)-86] + strings.Repeat("A", 86), credential, issued,
			VerdictError{Reason: SignatureInvalid, AboutPassport: true}},
		{"alone, of another key", stranger.passport(t, passportClaims()), "", issued,
			VerdictError{Reason: KeyUntrusted, AboutPassport: true, Authenticated: true, AttestorID: "native"}},
		{"alone, for somebody else", a.agent.passport(t, passportClaims().with("aud", "other")), "", issued,
			VerdictError{Reason: AudienceMismatch, AboutPassport: true, AttestorID: "native"}},
		{"a bound credential with another passport", stranger.passport(t, passportClaims()), bound, issued,
			VerdictError{Reason: CnfInvalid, Authenticated: true, AttestorID: "spiffe"}},
		{"the credential is bad, not the passport", passport, credential[:len(credential)-86] + strings.Repeat("A", 86),
			issued, VerdictError{Reason: SignatureInvalid, AttestorID: "spiffe"}},
	} {
		identity, err := a.verifier.Admit(test.passport, test.credential, At(test.at))
		var refused *VerdictError
		if identity != nil || !errors.As(err, &refused) || !reflect.DeepEqual(*refused, test.want) {
			t.Errorf("%s: got %v, %#v", test.name, identity, err)
		}
	}
	if _, err := a.verifier.Verify(bound, At(issued)); !errors.Is(err, PopRequired) {
		t.Errorf("a bound credential without a passport: %v", err)
	}
	if _, err := a.verifier.Admit(passport, credential, Passport(passport), At(issued)); !errors.Is(err, ArgumentInvalid) {
		t.Errorf("two passports: %v", err)
	}
}

// A credential for urn:attestor:jkt:<thumbprint> is bound to the passport of that key.
func TestPassportBindingByAudience(t *testing.T) {
	a, stranger := newAdmission(t), newEdDSA(t)
	policy := strings.Replace(string(admissionPolicy(a.agent.thumbprint)), `"map"`, `"passport_binding": "audience", "map"`, 1)
	if err := a.verifier.SetPolicy([]byte(policy)); err != nil {
		t.Fatal(err)
	}
	thumbprint, err := PassportThumbprint(a.agent.key.(ed25519.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	bound := a.authority.mint(t, "k1", svid().with("aud", []string{"orders", "urn:attestor:jkt:" + thumbprint}))
	plain := a.authority.mint(t, "k1", svid())
	passport := a.agent.passport(t, passportClaims())
	if identity, err := a.verifier.Admit(passport, bound, At(issued)); err != nil || identity.ID != agent {
		t.Errorf("bound: %v", err)
	}
	for name, test := range map[string][2]string{
		"another passport": {stranger.passport(t, passportClaims()), bound},
		"not bound":        {passport, plain},
	} {
		if identity, err := a.verifier.Admit(test[0], test[1], At(issued)); identity != nil || !errors.Is(err, AudienceMismatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.verifier.Verify(bound, At(issued)); !errors.Is(err, PopRequired) {
		t.Errorf("no passport: %v", err)
	}
}

func TestPeerCertificate(t *testing.T) {
	a := newAdmission(t)
	peer, other := selfSigned(t), selfSigned(t)
	digest := sha256.Sum256(peer.Raw)
	credential := a.authority.mint(t, "k1", svid().with("cnf", claims{"x5t#S256": encode(digest[:])}))
	if identity, err := a.verifier.Verify(credential, PeerCertificate(peer), At(issued)); err != nil || identity.ID != agent {
		t.Errorf("the peer's own: %v", err)
	}
	for _, test := range []struct {
		opts   []VerifyOption
		reason Reason
	}{
		{[]VerifyOption{At(issued)}, PopRequired},
		{[]VerifyOption{At(issued), PeerCertificate(other)}, CnfInvalid},
		{[]VerifyOption{At(issued), PeerCertificate(nil)}, ArgumentInvalid},
		{[]VerifyOption{At(issued), PeerCertificate(&x509.Certificate{})}, ArgumentInvalid},
	} {
		if identity, err := a.verifier.Verify(credential, test.opts...); identity != nil || !errors.Is(err, test.reason) {
			t.Errorf("want %v, got %v", test.reason, err)
		}
	}
}

func selfSigned(t testing.TB) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: issued.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestMintPassport(t *testing.T) {
	a := newAdmission(t)
	key := a.agent.key.(ed25519.PrivateKey)
	passport, err := MintPassport(key, PassportClaims{
		ExpiresAt: issued.Add(time.Minute), IssuedAt: issued, Audiences: []string{"other", "orders"}, ID: "p-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(passport, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !ed25519.Verify(key.Public().(ed25519.PublicKey), []byte(parts[0]+"."+parts[1]), signature) {
		t.Errorf("the signature: %v", err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(payload, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"expires_at": float64(issued.Unix() + 60), "iat": float64(issued.Unix()),
		"aud": []any{"other", "orders"}, "jti": "p-1",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if identity, err := a.verifier.Admit(passport, "", At(issued)); err != nil || identity.Subject != a.agent.publicHex() {
		t.Errorf("it does not admit: %v", err)
	}
	if thumbprint, err := PassportThumbprint(key); err != nil || thumbprint != a.agent.thumbprint {
		t.Errorf("thumbprint %q, %v", thumbprint, err)
	}
}

func TestMintPassportErrors(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := PassportClaims{ExpiresAt: issued}
	if _, err := MintPassport(key, good); err != nil {
		t.Fatal(err)
	}
	many := PassportClaims{ExpiresAt: issued, Audiences: make([]string, 65)}
	for name, mint := range map[string]func() (string, error){
		"no key":        func() (string, error) { return MintPassport(nil, good) },
		"a seed":        func() (string, error) { return MintPassport(key[:32], good) },
		"no expiry":     func() (string, error) { return MintPassport(key, PassportClaims{}) },
		"backwards":     func() (string, error) { return MintPassport(key, PassportClaims{ExpiresAt: issued, IssuedAt: issued}) },
		"before 1970":   func() (string, error) { return MintPassport(key, PassportClaims{issued, time.Unix(-1, 0), nil, ""}) },
		"audiences":     func() (string, error) { return MintPassport(key, many) },
		"no thumbprint": func() (string, error) { return PassportThumbprint(key[:63]) },
	} {
		if text, err := mint(); text != "" || !errors.Is(err, ArgumentInvalid) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestShadowPolicy(t *testing.T) {
	a := newAdmission(t)
	credential := a.authority.mint(t, "k1", svid())
	forged := credential[:len(credential)-86] + strings.Repeat("A", 86)
	shadows := func() (allow *Identity, deny *VerdictError) {
		t.Helper()
		allow, err := a.verifier.Verify(credential, At(issued))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.verifier.Verify(forged, At(issued)); !errors.As(err, &deny) || deny.Reason != SignatureInvalid {
			t.Fatal(err)
		}
		return allow, deny
	}
	none, noneDenied := shadows()
	if none.Shadowed || noneDenied.Shadowed {
		t.Error("a shadow of nothing")
	}
	for policy, want := range map[string][2]Reason{
		string(policyFor("other")):  {AudienceMismatch, AudienceMismatch},
		string(policyFor("orders")): {OK, SignatureInvalid},
	} {
		if err := a.verifier.SetShadowPolicy([]byte(policy)); err != nil {
			t.Fatal(err)
		}
		allow, deny := shadows()
		if !allow.Shadowed || allow.Shadow != want[0] || !deny.Shadowed || deny.Shadow != want[1] {
			t.Errorf("got %v, %v, want %v", allow.Shadow, deny.Shadow, want)
		}
	}
	for _, bad := range [][]byte{{}, []byte("{}")} {
		if err := a.verifier.SetShadowPolicy(bad); !errors.Is(err, ConfigInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	// What is remembered has been judged by it.
	if allow, deny := shadows(); !deny.Shadowed || allow.Shadowed == allow.FromCache {
		t.Error("a refused policy took the old one away")
	}
	if err := a.verifier.SetShadowPolicy(nil); err != nil {
		t.Fatal(err)
	}
	if allow, deny := shadows(); allow.Shadowed || deny.Shadowed {
		t.Error("the shadow policy was not removed")
	}
}

func TestCredentialKinds(t *testing.T) {
	for kind, name := range map[CredentialKind]string{
		KindToken: "token", KindJWTSVID: "jwt_svid", KindX509SVID: "x509_svid", KindOIDC: "oidc", KindPassport: "passport",
		99: "token",
	} {
		if kind.String() != name {
			t.Errorf("%d: %q", kind, kind)
		}
	}
}

func TestWarmAdmissionAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	a := newAdmission(t)
	passport, credential := a.agent.passport(t, passportClaims()), a.authority.mint(t, "k1", svid())
	for name, test := range map[string]struct {
		credential string
		most       float64
	}{
		// The identity and its text, and its list of policies.
		"with a credential": {credential, 3},
		"alone":             {"", 2},
	} {
		if n := testing.AllocsPerRun(200, func() {
			if _, err := a.verifier.Admit(passport, test.credential, At(issued)); err != nil {
				t.Fatal(err)
			}
		}); n > test.most {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
