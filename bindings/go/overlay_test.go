//go:build cgo

package attestor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestDeny(t *testing.T) {
	a := newAdmission(t)
	passport, credential := a.agent.passport(t, passportClaims()), a.authority.mint(t, "k1", svid().with("jti", "j-1"))
	withCredential := func() error {
		_, err := a.verifier.Verify(credential, At(issued))
		return err
	}
	alone := func() error {
		_, err := a.verifier.Admit(passport, "", At(issued))
		return err
	}
	for _, test := range []struct {
		entry DenyEntry
		judge func() error
	}{
		{DenyEntry{Kind: DenyTrustDomain, Source: domain, Field: DenySub, Value: agent}, withCredential},
		{DenyEntry{Kind: DenyTrustDomain, Source: "*", Field: DenyJTI, Value: "j-1"}, withCredential},
		{DenyEntry{Kind: DenyTrustDomain, Source: domain, Field: DenyKID, Value: "k1"}, withCredential},
		{DenyEntry{Kind: DenyTrustDomain, Source: domain, Field: DenyKeyThumbprint, Value: a.authority.thumbprint}, withCredential},
		{DenyEntry{Kind: DenyNative, Source: "*", Field: DenyKeyThumbprint, Value: a.agent.thumbprint}, alone},
	} {
		if err := a.store.Deny(test.entry, At(issued)); err != nil {
			t.Errorf("%d: %v", test.entry.Field, err)
		}
		if err := test.judge(); !errors.Is(err, OverlayDenied) || !errors.Is(err, ErrDenied) {
			t.Errorf("%d: %v", test.entry.Field, err)
		}
		if n, err := a.store.Denials(); n != 1 || err != nil {
			t.Errorf("%d entries, %v", n, err)
		}
		if lifted, err := a.store.Lift(test.entry); !lifted || err != nil {
			t.Errorf("%d: lifted %t, %v", test.entry.Field, lifted, err)
		}
		if err := test.judge(); err != nil {
			t.Errorf("%d was lifted: %v", test.entry.Field, err)
		}
		if lifted, err := a.store.Lift(test.entry); lifted || err != nil {
			t.Errorf("%d: lifted again %t, %v", test.entry.Field, lifted, err)
		}
	}
}

func TestDenialsExpire(t *testing.T) {
	a := newAdmission(t)
	credential := a.authority.mint(t, "k1", svid())
	entry := DenyEntry{
		Kind: DenyTrustDomain, Source: domain, Field: DenySub, Value: agent, ExpiresAt: issued.Add(time.Minute),
	}
	if err := a.store.Deny(entry, At(issued)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.verifier.Verify(credential, At(issued.Add(59*time.Second))); !errors.Is(err, OverlayDenied) {
		t.Errorf("before: %v", err)
	}
	if _, err := a.verifier.Verify(credential, At(issued.Add(time.Minute))); err != nil {
		t.Errorf("after: %v", err)
	}
	entry.ExpiresAt = time.Time{}
	if err := a.store.Deny(entry, At(issued)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.verifier.Verify(credential, At(issued.Add(time.Minute))); !errors.Is(err, OverlayDenied) {
		t.Errorf("for ever: %v", err)
	}
	if err := a.store.ClearDenials(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.verifier.Verify(credential, At(issued)); err != nil {
		t.Errorf("cleared: %v", err)
	}
	if n, err := a.store.Denials(); n != 0 || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
}

func TestDenyErrors(t *testing.T) {
	store := newStore(t)
	good := DenyEntry{Kind: DenyTrustDomain, Source: domain, Field: DenySub, Value: agent}
	for name, test := range map[string]struct {
		change func(*DenyEntry)
		opts   []DenyOption
		reason Reason
	}{
		"no kind":              {func(e *DenyEntry) { e.Kind = 0 }, nil, ArgumentInvalid},
		"no field":             {func(e *DenyEntry) { e.Field = 8 }, nil, ArgumentInvalid},
		"no source":            {func(e *DenyEntry) { e.Source = "" }, nil, SourceNameInvalid},
		"a thumbprint is none": {func(e *DenyEntry) { e.Field = DenyKeyThumbprint }, nil, ArgumentInvalid},
		"expired":              {func(e *DenyEntry) { e.ExpiresAt = issued }, []DenyOption{At(issued)}, ArgumentInvalid},
		"expired before 1970":  {func(e *DenyEntry) { e.ExpiresAt = time.Unix(-1, 0) }, nil, ArgumentInvalid},
		"zero time":            {func(*DenyEntry) {}, []DenyOption{At(time.Time{})}, ClockInvalid},
		"nil option":           {func(*DenyEntry) {}, []DenyOption{nil}, ArgumentInvalid},
	} {
		entry := good
		test.change(&entry)
		if err := store.Deny(entry, test.opts...); !errors.Is(err, test.reason) || !errors.Is(err, ErrMisuse) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := store.Lift(DenyEntry{}); !errors.Is(err, ErrMisuse) {
		t.Errorf("lift: %v", err)
	}
	if n, err := store.Denials(); n != 0 || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
	if text := fmt.Sprintf("%v %+v %#v %q %x", good, good, good, good, &good); strings.Contains(text, "shop") {
		t.Error(text)
	}
}

func TestBundleMap(t *testing.T) {
	a := newAdmission(t)
	if err := a.store.Remove(domain); err != nil {
		t.Fatal(err)
	}
	bundle := strings.Replace(string(a.authority.jwks()), `"sig"`, `"jwt-svid"`, 1)
	document := fmt.Sprintf(`{"trust_domains": {"example.org": %s, "partner.example": %[1]s}}`, bundle)
	if err := a.store.PutMap([]byte(document), At(issued)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.verifier.Verify(a.authority.mint(t, "k1", svid()), At(issued)); err != nil {
		t.Errorf("after PutMap: %v", err)
	}
	if info, err := a.store.Info("partner.example", SlotJWT); err != nil || info.Entries != 1 {
		t.Errorf("got %+v, %v", info, err)
	}
	half := strings.Replace(document, `"partner.example": {"keys"`, `"third.example": {"nokeys"`, 1)
	if err := a.store.PutMap([]byte(half), At(issued)); !errors.Is(err, BundleMalformed) {
		t.Errorf("half a map: %v", err)
	}
	if err := a.store.Put(domain, []byte(document), BundleMap); !errors.Is(err, ErrMisuse) {
		t.Errorf("a map with a name: %v", err)
	}
}
