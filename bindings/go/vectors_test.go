//go:build cgo

package attestor

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const vectorColumns = "id\trule\tnow\tpolicy\tbundles\tcredential\tverdict\treason\tauthenticated\tidentity" +
	"\trequest\tevidence\tshadow"

// A case has the first ten columns; those behind may be left out, and are then "-".
const (
	columnID = iota
	columnRule
	columnNow
	columnPolicy
	columnBundles
	columnCredential
	columnVerdict
	columnReason
	columnAuthenticated
	columnIdentity
	columnRequest
	columnEvidence
	columnShadow
	columns
)

// outcome is what every language says of a case, as the columns of the table; the last three are written only.
type outcome struct {
	verdict, reason, authenticated, identity string
	shadow                                   string
	evidence                                 []byte
	internal, policies                       string
}

// verdicts is the line of the file that all languages write alike.
func (o *outcome) verdicts() string {
	digest := "-"
	if o.evidence != nil {
		digest = fmt.Sprintf("%x", sha256.Sum256(o.evidence))
	}
	return strings.Join([]string{
		o.verdict, o.reason, o.authenticated, o.identity, o.internal, o.policies, digest,
	}, "\t")
}

// TestVectors runs the corpus that all languages share. ATTESTOR_VECTORS names its folder, ATTESTOR_VERDICTS
// a file for what was decided.
func TestVectors(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(string(vector(t, "", "cases.tsv")), "\n"), "\n")
	if !strings.HasPrefix(vectorColumns, lines[0]) || len(lines) < 2 {
		t.Fatalf("cases.tsv has %d lines and the columns %q", len(lines), lines[0])
	}
	var verdicts strings.Builder
	for _, line := range lines[1:] {
		row := strings.Split(line, "\t")
		if len(row) < columnRequest || len(row) > columns {
			t.Fatalf("%s: %d columns", row[columnID], len(row))
		}
		for len(row) < columns {
			row = append(row, "-")
		}
		got := judgeCase(t, row)
		want := []string{row[columnVerdict], row[columnReason], row[columnAuthenticated], row[columnIdentity], row[columnShadow]}
		if said := []string{got.verdict, got.reason, got.authenticated, got.identity, got.shadow}; !slices.Equal(said, want) {
			t.Errorf("%s (%s): got %q, want %q", row[columnID], row[columnRule], said, want)
		}
		if row[columnEvidence] != "-" && !bytes.Equal(got.evidence, vector(t, "evidence", row[columnEvidence])) {
			t.Errorf("%s (%s): the evidence is %s", row[columnID], row[columnRule], got.evidence)
		}
		fmt.Fprintf(&verdicts, "%s\t%s\n", row[columnID], got.verdicts())
	}
	if path := os.Getenv("ATTESTOR_VERDICTS"); path != "" {
		if err := os.WriteFile(path, []byte(verdicts.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// judgeCase runs one case; the first step that fails decides.
func judgeCase(t *testing.T, row []string) *outcome {
	t.Helper()
	seconds, err := strconv.ParseInt(row[columnNow], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(seconds, 0)
	at := At(now)
	store := NewBundleStore()
	defer store.Close()
	shadow, err := feedCase(t, store, row[columnBundles], now)
	if err != nil {
		return refused(err)
	}
	verifier, err := NewVerifier(store, vector(t, "policies", row[columnPolicy]))
	if err != nil {
		return refused(err)
	}
	defer verifier.Close()
	if shadow != nil {
		if err := verifier.SetShadowPolicy(shadow); err != nil {
			return refused(err)
		}
	}
	request := readRequest(t, row[columnRequest])
	if row[columnCredential] != "-" {
		request.credential = string(vector(t, "credentials", row[columnCredential]))
	}
	identity, err := request.ask(verifier, at)
	if err != nil {
		return refused(err)
	}
	allowed := &outcome{
		verdict: "allow", reason: "ok", authenticated: "1", identity: identity.ID,
		shadow: "-", evidence: identity.Evidence,
		internal: orDash(identity.InternalIdentity), policies: orDash(strings.Join(identity.Policies, ",")),
	}
	if identity.Shadowed {
		allowed.shadow = identity.Shadow.Slug()
	}
	return allowed
}

// feedCase puts bundles and denials into the store, and finds the shadow policy.
func feedCase(t *testing.T, store *BundleStore, bundles string, now time.Time) (shadow []byte, err error) {
	t.Helper()
	if bundles == "-" {
		return nil, nil
	}
	for item := range strings.SplitSeq(bundles, ",") {
		if name, ok := strings.CutPrefix(item, "~"); ok {
			shadow = vector(t, "policies", name)
			continue
		}
		if entry, ok := strings.CutPrefix(item, "!"); ok {
			if err := store.Deny(readDenial(t, entry), At(now)); err != nil {
				return nil, err
			}
			continue
		}
		item, mustFail := strings.CutPrefix(item, "?")
		err := putItem(t, store, item, now)
		if mustFail && err == nil {
			t.Errorf("bundle %q was taken", item)
		}
		if !mustFail && err != nil {
			return nil, err
		}
	}
	return shadow, nil
}

// putItem takes NAME=FORMAT=FILE, and what stands before it between two @: options joined by ";".
func putItem(t *testing.T, store *BundleStore, item string, now time.Time) error {
	t.Helper()
	opts := []PutOption{At(now)}
	if rest, ok := strings.CutPrefix(item, "@"); ok {
		options, named, _ := strings.Cut(rest, "@")
		opts, item = readPut(t, options, now), named
	}
	formats := map[string]Format{
		"spiffe_bundle": SPIFFEBundle, "workload_api_jwks": WorkloadAPIJWKS, "jwks": JWKS,
		"public_key_pem": PublicKeyPEM, "x509_pem": X509PEM, "x509_der": X509DER,
		"bundle_map": BundleMap, "x509_crl": X509CRL,
	}
	fields := strings.Split(item, "=")
	if len(fields) != 3 || formats[fields[1]] == 0 {
		t.Fatalf("bundle %q", item)
	}
	document := vector(t, "bundles", fields[2])
	format := formats[fields[1]]
	opts = append(opts, format)
	name, isIssuer := strings.CutPrefix(fields[0], "issuer:")
	switch {
	case format == BundleMap && name == "":
		return store.PutMap(document, opts...)
	case isIssuer || strings.HasPrefix(name, "https://"):
		return store.PutIssuer(name, document, opts...)
	default:
		return store.Put(name, document, opts...)
	}
}

// readPut reads the options of an item; the put is at now, or ago seconds before.
func readPut(t *testing.T, options string, now time.Time) []PutOption {
	t.Helper()
	var opts []PutOption
	for option := range strings.SplitSeq(options, ";") {
		name, value, _ := strings.Cut(option, "=")
		number := func() int64 {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		switch name {
		case "ago":
			now = now.Add(-time.Duration(number()) * time.Second)
		case "force":
			opts = append(opts, Force())
		case "permanent":
			opts = append(opts, Permanent())
		case "max_age":
			opts = append(opts, KeepFor(time.Duration(number())*time.Second))
		case "feed":
			opts = append(opts, FeedID(uint64(number())))
		default:
			t.Fatalf("bundle option %q", option)
		}
	}
	return append(opts, At(now))
}

// readDenial reads KIND/SOURCE/FIELD/VALUE.
func readDenial(t *testing.T, item string) DenyEntry {
	t.Helper()
	kinds := map[string]DenyKind{"trust_domain": DenyTrustDomain, "issuer": DenyIssuer, "native": DenyNative}
	fields := map[string]DenyField{
		"sub": DenySub, "jti": DenyJTI, "kid": DenyKID, "key_thumbprint": DenyKeyThumbprint,
		"x509_serial": DenyX509Serial, "spki_sha256": DenySPKISHA256, "pod_uid": DenyPodUID,
	}
	parts := strings.Split(item, "/")
	if len(parts) != 4 || kinds[parts[0]] == 0 || fields[parts[2]] == 0 {
		t.Fatalf("denial %q", item)
	}
	source, err := url.PathUnescape(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	value, err := url.PathUnescape(parts[3])
	if err != nil {
		t.Fatal(err)
	}
	return DenyEntry{Kind: kinds[parts[0]], Source: source, Field: fields[parts[2]], Value: value}
}

// request is one case's question: options, and what the doors of the package take beside them.
type request struct {
	question
	opts []VerifyOption
}

// ask goes in by the package's own doors wherever those can put the question.
func (r *request) ask(verifier *Verifier, at VerifyOption) (*Identity, error) {
	opts := append(r.opts, at, WithEvidence())
	q := r.question
	switch {
	case q.chain == nil && !q.admit:
		if q.passport.given {
			opts = append(opts, Passport(q.passport.text))
		}
		return verifier.Verify(q.credential, opts...)
	case q.chain == nil && q.passport.given:
		return verifier.Admit(q.passport.text, q.credential, opts...)
	case q.possession == signedChallenge && q.audience.given && !q.admit:
		if q.passport.given {
			opts = append(opts, Passport(q.passport.text))
		}
		return verifier.VerifyChallenge(q.chain, q.challenge, q.audience.text, q.proof, opts...)
	default:
		// TLS hands over what crypto/x509 can read, and no door leaves possession out.
		return verifier.judge(&q, opts)
	}
}

// readRequest reads the column: "-", or options joined by ";".
func readRequest(t *testing.T, column string) *request {
	t.Helper()
	r := &request{}
	if column == "-" {
		return r
	}
	for item := range strings.SplitSeq(column, ";") {
		name, value, _ := strings.Cut(item, "=")
		file := func() []byte { return vector(t, "credentials", value) }
		switch name {
		case "nonce":
			r.opts = append(r.opts, Nonce(value))
		case "max_age":
			seconds, err := strconv.ParseInt(value, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			r.opts = append(r.opts, MaxAge(time.Duration(seconds)*time.Second))
		case "access_token":
			r.opts = append(r.opts, AccessToken(value))
		case "attestor":
			r.opts = append(r.opts, Attestor(value))
		case "admit":
			r.admit = true
		case "passport":
			r.passport = optional{string(file()), true}
		case "chain":
			r.chain = [][]byte{file()}
		case "possession":
			r.possession = possession(t, value)
		case "challenge":
			challenge, err := hex.DecodeString(value)
			if err != nil {
				t.Fatal(err)
			}
			r.challenge = challenge
		case "proof":
			r.proof = file()
		case "audience":
			r.audience = optional{value, true}
		case "peer_certificate":
			r.opts = append(r.opts, PeerCertificate(&x509.Certificate{Raw: file()}))
		default:
			t.Fatalf("request option %q", item)
		}
	}
	return r
}

func possession(t *testing.T, name string) possessionKind {
	t.Helper()
	switch name {
	case "tls":
		return tlsHandshake
	case "challenge":
		return signedChallenge
	default:
		t.Fatalf("possession %q", name)
		return 0
	}
}

func refused(err error) *outcome {
	o := &outcome{authenticated: "0", identity: "-", shadow: "-", internal: "-", policies: "-"}
	var reason Reason
	if !errors.As(err, &reason) {
		o.verdict = err.Error()
		return o
	}
	o.verdict, o.reason = reason.Class().String(), reason.Slug()
	var verdict *VerdictError
	if errors.As(err, &verdict) {
		o.evidence = verdict.Evidence
		if verdict.Authenticated {
			o.authenticated = "1"
		}
		if verdict.Shadowed {
			o.shadow = verdict.Shadow.Slug()
		}
	}
	return o
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func vector(t testing.TB, folder, name string) []byte {
	t.Helper()
	root := os.Getenv("ATTESTOR_VECTORS")
	if root == "" {
		root = filepath.Join("..", "..", "tests", "vectors")
	}
	return mustRead(t, filepath.Join(root, folder, name))
}

// longestIdentity is the accepted credential with the longest SPIFFE ID.
func longestIdentity(t *testing.T) string {
	t.Helper()
	credential, longest := "", ""
	for line := range strings.Lines(string(vector(t, "", "cases.tsv"))) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if columns[3] == "default.json" && columns[4] == "example.org=spiffe_bundle=main.json" && len(columns[9]) > len(longest) {
			credential, longest = columns[5], columns[9]
		}
	}
	return string(vector(t, "credentials", credential))
}
