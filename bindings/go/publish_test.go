//go:build cgo

package attestor

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// What is published verifies elsewhere what its source signed.
func TestPublish(t *testing.T) {
	a := newAdmission(t)
	bundle := strings.Replace(string(a.authority.jwks()), `"sig"`, `"jwt-svid"`, 1)
	if err := a.store.Put(domain, []byte(bundle), At(issued)); err != nil {
		t.Fatal(err)
	}
	source := TrustDomain(domain)
	if _, err := a.store.Publish(source, JWKS, At(issued)); !errors.Is(err, SourceNotPublished) || !errors.Is(err, ErrMisuse) {
		t.Errorf("not on the list: %v", err)
	}
	if err := a.store.AllowPublishing(source, true); err != nil {
		t.Fatal(err)
	}
	token := a.authority.mint(t, "k1", svid())
	for _, format := range []Format{JWKS, SPIFFEBundle, WorkloadAPIJWKS} {
		document, err := a.store.Publish(source, format, At(issued))
		if err != nil {
			t.Errorf("format %d: %v", format, err)
			continue
		}
		elsewhere := newStore(t)
		if err := elsewhere.Put(domain, document, format, At(issued)); err != nil {
			t.Errorf("format %d: %v", format, err)
		}
		if _, err := newVerifier(t, elsewhere, admissionPolicy(a.agent.thumbprint)).Verify(token, At(issued)); err != nil {
			t.Errorf("format %d: %v", format, err)
		}
	}
	for name, test := range map[string]struct {
		source Source
		format Format
		at     time.Time
		reason Reason
	}{
		"too old":       {source, JWKS, issued.Add(24 * time.Hour), BundleStale},
		"no authority":  {source, X509PEM, issued, NoUsableKeys},
		"another":       {Issuer(domain), JWKS, issued, SourceNotPublished},
		"of no format":  {source, Format(99), issued, FormatUnsupported},
		"a map":         {source, BundleMap, issued, FormatUnsupported},
		"of no kind":    {Source{Name: domain}, JWKS, issued, ArgumentInvalid},
		"at no time":    {source, JWKS, time.Time{}, ClockInvalid},
		"of a bad name": {TrustDomain("/"), JWKS, issued, SourceNameInvalid},
	} {
		if document, err := a.store.Publish(test.source, test.format, At(test.at)); document != nil || !errors.Is(err, test.reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := a.store.Remove(domain); err != nil {
		t.Fatal(err)
	}
	if _, err := a.store.Publish(source, JWKS, At(issued)); !errors.Is(err, BundleUnavailable) {
		t.Errorf("removed: %v", err)
	}
	if err := a.store.AllowPublishing(source, false); err != nil {
		t.Fatal(err)
	}
	if _, err := a.store.Publish(source, JWKS, At(issued)); !errors.Is(err, SourceNotPublished) {
		t.Errorf("taken off the list: %v", err)
	}
}
