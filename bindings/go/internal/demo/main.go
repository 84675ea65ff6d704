// Command demo is one verification for examples/demo/run.py:
// demo POLICY_FILE BUNDLES NOW CREDENTIAL|- REQUEST prints `verdict reason`. BUNDLES and REQUEST are written as in
// tests/vectors/README.md, with paths for files.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	attestor "github.com/libattestor/attestor/bindings/go"
)

var errSkip = errors.New("no door of this package puts the question")

func main() {
	log.SetFlags(0)
	if len(os.Args) != 6 {
		log.Fatal("usage: demo POLICY_FILE BUNDLES NOW CREDENTIAL|- REQUEST")
	}
	seconds, err := strconv.ParseInt(os.Args[3], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	question, err := readRequest(os.Args[4], os.Args[5])
	if err != nil {
		log.Fatal(err)
	}
	err = judge(os.Args[1], os.Args[2], attestor.At(time.Unix(seconds, 0)), question)
	reason := attestor.OK
	switch {
	case err == errSkip:
		fmt.Println("skip")
	case err != nil && !errors.As(err, &reason):
		log.Fatal(err)
	default:
		fmt.Println(reason.Class(), reason.Slug())
	}
}

func judge(policyFile, bundles string, at attestor.TimeOption, question *request) error {
	store := attestor.NewBundleStore()
	defer store.Close()
	if bundles != "-" {
		for item := range strings.SplitSeq(bundles, ",") {
			if err := put(store, item, at); err != nil {
				return err
			}
		}
	}
	policy, err := os.ReadFile(policyFile)
	if err != nil {
		return err
	}
	verifier, err := attestor.NewVerifier(store, policy)
	if err != nil {
		return err
	}
	defer verifier.Close()
	return question.ask(verifier, at)
}

var formats = map[string]attestor.Format{
	"spiffe_bundle": attestor.SPIFFEBundle, "workload_api_jwks": attestor.WorkloadAPIJWKS, "jwks": attestor.JWKS,
	"public_key_pem": attestor.PublicKeyPEM, "x509_pem": attestor.X509PEM, "x509_der": attestor.X509DER,
	"bundle_map": attestor.BundleMap, "x509_crl": attestor.X509CRL,
}

// put takes NAME=FORMAT=FILE; an issuer is one by its scheme or by `issuer:`.
func put(store *attestor.BundleStore, item string, at attestor.PutOption) error {
	fields := strings.SplitN(item, "=", 3)
	if len(fields) != 3 || formats[fields[1]] == 0 {
		return fmt.Errorf("bundle %q", item)
	}
	document, err := os.ReadFile(fields[2])
	if err != nil {
		return err
	}
	format := formats[fields[1]]
	name, isIssuer := strings.CutPrefix(fields[0], "issuer:")
	switch {
	case name == "" && format == attestor.BundleMap:
		return store.PutMap(document, at)
	case isIssuer || strings.HasPrefix(name, "https://"):
		return store.PutIssuer(name, document, format, at)
	default:
		return store.Put(name, document, format, at)
	}
}

// request is what was asked.
type request struct {
	credential              string
	passport                *string
	admit                   bool
	possession, audience    string
	chain, challenge, proof []byte
	opts                    []attestor.VerifyOption
}

func (r *request) ask(verifier *attestor.Verifier, at attestor.VerifyOption) error {
	opts := append(r.opts, at)
	admit := r.admit && r.chain == nil
	if r.passport != nil && !admit {
		opts = append(opts, attestor.Passport(*r.passport))
	}
	var err error
	switch {
	case r.admit && r.passport == nil:
		err = errSkip
	case r.possession == "tls":
		if r.audience != "" {
			opts = append(opts, attestor.Audience(r.audience))
		}
		// The demo attests a handshake that it has not had.
		peer := []*x509.Certificate{{Raw: r.chain}}
		_, err = verifier.VerifyConnection(tls.ConnectionState{HandshakeComplete: true, PeerCertificates: peer}, opts...)
	case r.possession == "challenge":
		_, err = verifier.VerifyChallenge([][]byte{r.chain}, r.challenge, r.audience, r.proof, opts...)
	case r.chain != nil:
		err = errSkip
	case admit:
		_, err = verifier.Admit(*r.passport, r.credential, opts...)
	default:
		_, err = verifier.Verify(r.credential, opts...)
	}
	return err
}

// readRequest reads a credential's path, or "-", and options joined by ";", or "-".
func readRequest(credential, column string) (*request, error) {
	r := &request{}
	if credential != "-" {
		token, err := os.ReadFile(credential)
		if err != nil {
			return nil, err
		}
		r.credential = string(token)
	}
	if column == "-" {
		return r, nil
	}
	for item := range strings.SplitSeq(column, ";") {
		name, value, _ := strings.Cut(item, "=")
		if err := r.read(name, value); err != nil {
			return nil, fmt.Errorf("request option %s: %w", name, err)
		}
	}
	return r, nil
}

func (r *request) read(name, value string) (err error) {
	var data []byte
	switch name {
	case "nonce":
		r.opts = append(r.opts, attestor.Nonce(value))
	case "max_age":
		var seconds int64
		seconds, err = strconv.ParseInt(value, 10, 32)
		r.opts = append(r.opts, attestor.MaxAge(time.Duration(seconds)*time.Second))
	case "access_token":
		r.opts = append(r.opts, attestor.AccessToken(value))
	case "attestor":
		r.opts = append(r.opts, attestor.Attestor(value))
	case "admit":
		r.admit = true
	case "passport":
		data, err = os.ReadFile(value)
		passport := string(data)
		r.passport = &passport
	case "chain":
		r.chain, err = os.ReadFile(value)
	case "possession":
		r.possession = value
	case "challenge":
		r.challenge, err = hex.DecodeString(value)
	case "proof":
		r.proof, err = os.ReadFile(value)
	case "audience":
		r.audience = value
	case "peer_certificate":
		data, err = os.ReadFile(value)
		r.opts = append(r.opts, attestor.PeerCertificate(&x509.Certificate{Raw: data}))
	default:
		err = errors.New("unknown")
	}
	return err
}
