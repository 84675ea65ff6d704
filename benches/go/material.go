package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are the folders of tokens; RSA is of 2048 bits unless the name says more.
var algorithms = []string{"ES256", "ES384", "ES512", "RS256", "RS256-3072", "RS256-4096", "PS256", "EdDSA"}

// tokens are what is asked about, and whether it is to be accepted.
var tokens = []struct {
	name     string
	expected bool
}{{"valid", true}, {"bad-signature", false}, {"unknown-kid", false}, {"expired", false}}

// material is the tokens and keys of one algorithm.
type material struct {
	algorithm string
	bundle    []byte
	policy    []byte
	// key is the one that signed, parsed.
	key    any
	tokens map[string]string
	// distinct are good tokens, each of another workload.
	distinct []string

	Source   string `json:"source"`
	Name     string `json:"name"`
	Alg      string `json:"alg"`
	Audience string `json:"audience"`
	KeyID    string `json:"kid"`
	Subject  string `json:"subject"`
}

func (m *material) isOfSVIDs() bool { return m.Source == "trust_domain" }

// isOfRSA says whether a key may be left to ring: not every processor has what is faster.
func (m *material) isOfRSA() bool { return strings.ContainsAny(m.algorithm[:1], "RP") }

func readMaterial(folder, algorithm string) (*material, error) {
	m := &material{algorithm: algorithm, tokens: map[string]string{}}
	read := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, algorithm, name)) }
	manifest, err := read("manifest.json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(manifest, m); err != nil {
		return nil, err
	}
	if m.bundle, err = read("bundle.json"); err != nil {
		return nil, err
	}
	if m.policy, err = read("policy.json"); err != nil {
		return nil, err
	}
	for _, token := range tokens {
		text, err := read(token.name + ".jwt")
		if err != nil {
			return nil, err
		}
		m.tokens[token.name] = string(text)
	}
	lines, err := read("distinct.jwts")
	if err != nil {
		return nil, err
	}
	m.distinct = strings.Fields(string(lines))
	text, err := read("key.jwk")
	if err != nil {
		return nil, err
	}
	var key jose.JSONWebKey
	if err := json.Unmarshal(text, &key); err != nil {
		return nil, err
	}
	m.key = key.Key
	return m, nil
}

// casesOf are one library's: it must accept the good token and refuse the others.
func (m *material) casesOf(library string, check func(token string) bool) []*timedCase {
	var cases []*timedCase
	for _, token := range tokens {
		text := m.tokens[token.name]
		cases = append(cases, &timedCase{
			name:     library + "/" + m.algorithm + "/" + token.name,
			expected: token.expected,
			run:      func() bool { return check(text) },
		})
	}
	return cases
}
