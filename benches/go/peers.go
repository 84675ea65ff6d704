package main

import (
	"context"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
)

// libraryOf names the modules whose versions are told.
var libraryOf = map[string]string{
	"github.com/spiffe/go-spiffe/v2": "go-spiffe",
	"github.com/golang-jwt/jwt/v5":   "golang-jwt",
	"github.com/go-jose/go-jose/v4":  "go-jose",
	"github.com/lestrrat-go/jwx/v3":  "jwx",
}

var errUnknownKey = errors.New("no such key")

// peerCases are the peers', each asked for the same: key by kid, signature, exp, aud, and the subject at the end.
func peerCases(m *material, out *results) ([]*timedCase, error) {
	var cases []*timedCase
	for _, peer := range []struct {
		name string
		make func(*material) (func(string) bool, error)
	}{{"go-spiffe", goSpiffe}, {"golang-jwt", golangJWT}, {"go-jose", goJOSE}, {"jwx", jwx}} {
		check, err := peer.make(m)
		if err != nil {
			return nil, err
		}
		if check == nil {
			out.Absent[peer.name+"/"+m.algorithm+"/valid"] = peer.name + " has no " + m.Alg
			continue
		}
		cases = append(cases, m.casesOf(peer.name, check)...)
	}
	return cases, nil
}

func goSpiffe(m *material) (func(string) bool, error) {
	if !m.isOfSVIDs() {
		return nil, nil
	}
	domain, err := spiffeid.TrustDomainFromString(m.Name)
	if err != nil {
		return nil, err
	}
	bundle, err := jwtbundle.Parse(domain, m.bundle)
	if err != nil {
		return nil, err
	}
	audience := []string{m.Audience}
	return func(token string) bool {
		svid, err := jwtsvid.ParseAndValidate(token, bundle, audience)
		return err == nil && svid.ID.String() == m.Subject
	}, nil
}

func golangJWT(m *material) (func(string) bool, error) {
	keys := map[string]any{m.KeyID: m.key}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{m.Alg}), jwt.WithAudience(m.Audience),
		jwt.WithExpirationRequired())
	find := func(token *jwt.Token) (any, error) {
		if kid, ok := token.Header["kid"].(string); ok && keys[kid] != nil {
			return keys[kid], nil
		}
		return nil, errUnknownKey
	}
	return func(token string) bool {
		var claims jwt.RegisteredClaims
		_, err := parser.ParseWithClaims(token, &claims, find)
		return err == nil && claims.Subject == m.Subject
	}, nil
}

func goJOSE(m *material) (func(string) bool, error) {
	keys := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: m.key, KeyID: m.KeyID, Algorithm: m.Alg}}}
	allowed := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(m.Alg)}
	return func(token string) bool {
		parsed, err := josejwt.ParseSigned(token, allowed)
		if err != nil {
			return false
		}
		var claims josejwt.Claims
		if parsed.Claims(keys, &claims) != nil {
			return false
		}
		expected := josejwt.Expected{AnyAudience: josejwt.Audience{m.Audience}, Time: time.Now()}
		return claims.Validate(expected) == nil && claims.Subject == m.Subject
	}, nil
}

func jwx(m *material) (func(string) bool, error) {
	algorithm, ok := jwa.LookupSignatureAlgorithm(m.Alg)
	if !ok {
		return nil, nil
	}
	keys := map[string]any{m.KeyID: m.key}
	find := jws.KeyProviderFunc(func(_ context.Context, sink jws.KeySink, sig *jws.Signature, _ *jws.Message) error {
		kid, ok := sig.ProtectedHeaders().KeyID()
		if !ok || keys[kid] == nil {
			return errUnknownKey
		}
		sink.Key(algorithm, keys[kid])
		return nil
	})
	options := []jwxjwt.ParseOption{
		jwxjwt.WithKeyProvider(find), jwxjwt.WithValidate(true), jwxjwt.WithAudience(m.Audience),
		jwxjwt.WithRequiredClaim("exp"),
	}
	return func(token string) bool {
		parsed, err := jwxjwt.Parse([]byte(token), options...)
		if err != nil {
			return false
		}
		subject, ok := parsed.Subject()
		return ok && subject == m.Subject
	}, nil
}
