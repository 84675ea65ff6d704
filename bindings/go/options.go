package attestor

import (
	"crypto/x509"
	"fmt"
	"io"
	"time"
)

// A VerifyOption changes one verification: [At], [Attestor], [WithEvidence], [WithReceipts], [Passport],
// [PeerCertificate], [Audience], [Nonce], [MaxAge] or [AccessToken].
type VerifyOption interface{ verifyOption() }

// A PutOption changes one update of the store: [At], [Feed], [Force] or a [Format].
type PutOption interface{ putOption() }

// A DenyOption changes one entry into the deny overlay: [At].
type DenyOption interface{ denyOption() }

// A TimeOption is what [At] returns.
type TimeOption interface {
	VerifyOption
	PutOption
	DenyOption
}

// A VerifierOption sets up a verifier: [WithReceipts].
type VerifierOption interface{ verifierOption() }

// A ReceiptsOption is what [WithReceipts] returns.
type ReceiptsOption interface {
	VerifyOption
	VerifierOption
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

// WithReceipts, of one call or of every call of a verifier, records the verdict in the log before it is given:
// an allow that cannot be recorded is not given, and a refusal that cannot be comes as a [ReceiptError] too.
// Misuse is no verdict and not recorded. The events are agent.register.allow and agent.register.deny where a
// passport came, else credential.verify.allow and credential.verify.deny.
//
// The members that host returns are recorded beside the evidence; it may be nil. It gets the identity of an
// allow, or the error of a refusal.
func WithReceipts(log *ReceiptLog, host func(*Identity, error) map[string]string) ReceiptsOption {
	return receipts{log, host}
}

// Passport is the passport that came with the credential: a compact JWS, byte for byte.
func Passport(passport string) VerifyOption {
	return passportToken(passport)
}

// PeerCertificate is the certificate of the peer of a finished TLS handshake: what satisfies a cnf of
// x5t#S256.
func PeerCertificate(certificate *x509.Certificate) VerifyOption {
	return peerCertificate{certificate}
}

// Audience says which of our audiences a certificate chain was presented to in a TLS handshake; it selects
// between attestors.
func Audience(audience string) VerifyOption {
	return presentedTo(audience)
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
	// BundleMap is SPIFFE bundles by trust domain; see [BundleStore.PutMap].
	BundleMap Format = 7
	// X509CRL is DER revocation lists one after the other; feeds the CRL slot of a trust domain. An empty
	// document clears it.
	X509CRL Format = 8
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
	instant         int64
	forcedAttestor  string
	evidence        struct{}
	passportToken   string
	peerCertificate struct{ certificate *x509.Certificate }
	presentedTo     string
	expectedNonce   string
	maxAge          time.Duration
	accessToken     string
	feed            uint64
	force           struct{}
)

func (instant) verifyOption()         {}
func (forcedAttestor) verifyOption()  {}
func (evidence) verifyOption()        {}
func (receipts) verifyOption()        {}
func (passportToken) verifyOption()   {}
func (peerCertificate) verifyOption() {}
func (presentedTo) verifyOption()     {}
func (expectedNonce) verifyOption()   {}
func (maxAge) verifyOption()          {}
func (accessToken) verifyOption()     {}

func (receipts) verifierOption() {}

func (instant) putOption() {}
func (feed) putOption()    {}
func (force) putOption()   {}
func (Format) putOption()  {}

func (instant) denyOption() {}

// Format tells nothing of the value, whatever the verb.
func (passportToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "attestor.Passport") }

// Format tells nothing of the value, whatever the verb.
func (peerCertificate) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "attestor.PeerCertificate")
}

// Format tells nothing of the value, whatever the verb.
func (expectedNonce) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "attestor.Nonce") }

// Format tells nothing of the value, whatever the verb.
func (accessToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "attestor.AccessToken") }
