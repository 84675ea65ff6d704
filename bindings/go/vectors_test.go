//go:build cgo

package attestor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const vectorColumns = "id\trule\tnow\tpolicy\tbundles\tcredential\tverdict\treason\tauthenticated\tidentity"

// outcome is what every language says of a case, as the columns of the table.
type outcome struct{ verdict, reason, authenticated, identity string }

func (o outcome) String() string {
	return strings.Join([]string{o.verdict, o.reason, o.authenticated, o.identity}, "\t")
}

// TestVectors runs the corpus that all languages share. ATTESTOR_VECTORS names its folder, ATTESTOR_VERDICTS
// a file for what was decided.
func TestVectors(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(string(vector(t, "", "cases.tsv")), "\n"), "\n")
	// The column of request options may be left out.
	if strings.TrimSuffix(lines[0], "\trequest") != vectorColumns || len(lines) < 2 {
		t.Fatalf("cases.tsv has %d lines and the columns %q", len(lines), lines[0])
	}
	var verdicts strings.Builder
	for _, line := range lines[1:] {
		columns := strings.Split(line, "\t")
		if len(columns) == 10 {
			columns = append(columns, "-")
		}
		if len(columns) != 11 {
			t.Fatalf("%s: %d columns", columns[0], len(columns))
		}
		want := outcome{columns[6], columns[7], columns[8], columns[9]}
		got := judge(t, columns[2], columns[3], columns[4], columns[5], columns[10])
		if got != want {
			t.Errorf("%s (%s): got %q, want %q", columns[0], columns[1], got, want)
		}
		fmt.Fprintf(&verdicts, "%s\t%s\n", columns[0], got)
	}
	if path := os.Getenv("ATTESTOR_VERDICTS"); path != "" {
		if err := os.WriteFile(path, []byte(verdicts.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// judge runs one case; the first step that fails decides.
func judge(t *testing.T, now, policy, bundles, credential, request string) outcome {
	t.Helper()
	seconds, err := strconv.ParseInt(now, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	at := At(time.Unix(seconds, 0))
	store := NewBundleStore()
	defer store.Close()
	if err := putAll(t, store, bundles, at); err != nil {
		return refused(err)
	}
	verifier, err := NewVerifier(store, vector(t, "policies", policy))
	if err != nil {
		return refused(err)
	}
	defer verifier.Close()
	identity, err := verifier.Verify(string(vector(t, "credentials", credential)), requestOptions(t, request, at)...)
	if err != nil {
		return refused(err)
	}
	return outcome{"allow", "ok", "1", identity.ID}
}

func putAll(t *testing.T, store *BundleStore, bundles string, at PutOption) error {
	t.Helper()
	if bundles == "-" {
		return nil
	}
	formats := map[string]Format{
		"spiffe_bundle": SPIFFEBundle, "workload_api_jwks": WorkloadAPIJWKS, "jwks": JWKS,
		"public_key_pem": PublicKeyPEM, "x509_pem": X509PEM, "x509_der": X509DER,
	}
	for item := range strings.SplitSeq(bundles, ",") {
		item, mustFail := strings.CutPrefix(item, "?")
		fields := strings.Split(item, "=")
		if len(fields) != 3 || formats[fields[1]] == 0 {
			t.Fatalf("bundle %q", item)
		}
		put := store.Put
		name, isIssuer := strings.CutPrefix(fields[0], "issuer:")
		if isIssuer || strings.HasPrefix(name, "https://") {
			put = store.PutIssuer
		}
		err := put(name, vector(t, "bundles", fields[2]), formats[fields[1]], at)
		if mustFail && err == nil {
			t.Errorf("bundle %q was taken", item)
		}
		if !mustFail && err != nil {
			return err
		}
	}
	return nil
}

// requestOptions reads the last column: "-", or nonce=TEXT, max_age=SECONDS and access_token=TEXT joined by ";".
func requestOptions(t *testing.T, request string, at VerifyOption) []VerifyOption {
	t.Helper()
	opts := []VerifyOption{at}
	if request == "-" {
		return opts
	}
	for item := range strings.SplitSeq(request, ";") {
		name, value, ok := strings.Cut(item, "=")
		seconds, err := strconv.ParseInt(value, 10, 32)
		switch {
		case ok && name == "nonce":
			opts = append(opts, Nonce(value))
		case ok && name == "max_age" && err == nil:
			opts = append(opts, MaxAge(time.Duration(seconds)*time.Second))
		case ok && name == "access_token":
			opts = append(opts, AccessToken(value))
		default:
			t.Fatalf("request option %q", item)
		}
	}
	return opts
}

func refused(err error) outcome {
	var reason Reason
	if !errors.As(err, &reason) {
		return outcome{verdict: err.Error()}
	}
	var verdict *VerdictError
	authenticated := "0"
	if errors.As(err, &verdict) && verdict.Authenticated {
		authenticated = "1"
	}
	return outcome{reason.Class().String(), reason.Slug(), authenticated, "-"}
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
