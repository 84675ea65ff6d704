package attestor

import (
	"fmt"
	"io"
	"time"
)

// A VerifyOption changes one verification: [At], [Attestor], [WithEvidence], [Nonce], [MaxAge] or
// [AccessToken].
type VerifyOption interface{ verifyOption() }

// A PutOption changes one update of the store: [At], [Feed], [Force] or a [Format].
type PutOption interface{ putOption() }

// A TimeOption is what [At] returns.
type TimeOption interface {
	VerifyOption
	PutOption
}

// At sets the time of the call, in place of the system clock. Times before 1970, the zero Time among them,
// are [ClockInvalid].
func At(t time.Time) TimeOption {
	return instant(max(t.Unix(), 0))
}

// Attestor makes the attestor with this id judge, instead of the one that routing finds.
func Attestor(id string) VerifyOption {
	return forcedAttestor(id)
}

// WithEvidence asks for the evidence of the verdict, in [Identity] or [VerdictError].
func WithEvidence() VerifyOption {
	return evidence{}
}

// Nonce is the nonce that an ID token must carry, byte for byte.
func Nonce(nonce string) VerifyOption {
	return expectedNonce(nonce)
}

// MaxAge is how long ago the end user of an ID token may have authenticated. It is a positive number of whole
// seconds; anything else is [ArgumentInvalid].
func MaxAge(age time.Duration) VerifyOption {
	return maxAge(age)
}

// AccessToken is the access token that came with an ID token, whose at_hash is compared with it.
func AccessToken(token string) VerifyOption {
	return accessToken(token)
}

// Format is the form of a bundle document. As a [PutOption] it replaces the default: SPIFFEBundle for a trust
// domain, JWKS for an issuer.
type Format uint32

// The formats of a bundle document.
const (
	// SPIFFEBundle is a SPIFFE bundle: each entry's use decides; feeds both slots.
	SPIFFEBundle Format = 1
	// WorkloadAPIJWKS is a JWT bundle as the Workload API gives it; feeds the JWT slot.
	WorkloadAPIJWKS Format = 2
	// JWKS is a plain key set; feeds the JWT slot of an issuer or trust domain.
	JWKS Format = 3
	// PublicKeyPEM is PEM blocks PUBLIC KEY, the kid of each its thumbprint; feeds the JWT slot of an issuer or
	// trust domain.
	PublicKeyPEM Format = 4
	// X509PEM is PEM blocks CERTIFICATE; feeds the X.509 slot.
	X509PEM Format = 5
	// X509DER is DER certificates one after the other; feeds the X.509 slot.
	X509DER Format = 6
)

// Feed says which feed speaks: a slot belongs to the feed that filled it last. The default is 0.
func Feed(id uint64) PutOption {
	return feed(id)
}

// Force takes the update although its sequence went back.
func Force() PutOption {
	return force{}
}

type (
	instant        int64
	forcedAttestor string
	evidence       struct{}
	expectedNonce  string
	maxAge         time.Duration
	accessToken    string
	feed           uint64
	force          struct{}
)

func (instant) verifyOption()        {}
func (forcedAttestor) verifyOption() {}
func (evidence) verifyOption()       {}
func (expectedNonce) verifyOption()  {}
func (maxAge) verifyOption()         {}
func (accessToken) verifyOption()    {}

func (instant) putOption() {}
func (feed) putOption()    {}
func (force) putOption()   {}
func (Format) putOption()  {}

// Format tells nothing of the value, whatever the verb.
func (expectedNonce) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "attestor.Nonce") }

// Format tells nothing of the value, whatever the verb.
func (accessToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "attestor.AccessToken") }
