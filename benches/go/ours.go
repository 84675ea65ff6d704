package main

import (
	"errors"
	"fmt"

	attestor "github.com/libattestor/attestor/bindings/go"
)

// warmCalls are more than a key needs to get its table, and to use it.
const warmCalls = 64

// ownCases are attestor's: with the options a store has by default, keys busy; and remembered.
func ownCases(m *material, out *results) ([]*timedCase, error) {
	var cases []*timedCase
	for _, state := range []struct {
		name    string
		options []attestor.VerifierOption
	}{{"warm", []attestor.VerifierOption{attestor.WithoutCache()}}, {"cached", nil}} {
		verifier, err := newVerifier(m, state.options)
		if err != nil {
			return nil, err
		}
		check := func(token string) bool {
			identity, err := verifier.Verify(token)
			return err == nil && identity.ID != ""
		}
		valid := m.tokens["valid"]
		for range warmCalls {
			check(valid)
		}
		if state.name == "warm" && !m.isOfRSA() {
			if err := isWarm(verifier); err != nil {
				return nil, fmt.Errorf("%s: %w", m.algorithm, err)
			}
		}
		out.Figures["allocations/"+m.algorithm+"/"+state.name] = allocations(func() bool { return check(valid) })
		made := m.casesOf("attestor", check)
		if state.name == "cached" {
			made = made[:1]
		}
		name := "attestor/" + m.algorithm + "/" + state.name + "/"
		for at, c := range made {
			c.name = name + tokens[at].name
		}
		cases = append(cases, made...)
		if state.name == "cached" {
			cases = append(cases, &timedCase{name: name + "distinct", expected: true, run: inTurn(m.distinct, check)})
		}
	}
	return cases, nil
}

// isWarm is an error unless the key has its table, and that is asked.
func isWarm(verifier *attestor.Verifier) error {
	metrics, err := verifier.Metrics()
	if err == nil && metrics.KeyTables.ByTable == 0 {
		err = errors.New("no signature was checked by a table")
	}
	return err
}

// inTurn asks about the next of several tokens each time.
func inTurn(tokens []string, check func(token string) bool) func() bool {
	next := 0
	return func() bool {
		token := tokens[next]
		if next++; next == len(tokens) {
			next = 0
		}
		return check(token)
	}
}

func newVerifier(m *material, options []attestor.VerifierOption) (*attestor.Verifier, error) {
	store := attestor.NewBundleStore()
	put := store.Put
	if !m.isOfSVIDs() {
		put = store.PutIssuer
	}
	if err := put(m.Name, m.bundle); err != nil {
		return nil, err
	}
	return attestor.NewVerifier(store, m.policy, options...)
}
