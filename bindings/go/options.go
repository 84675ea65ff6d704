package attestor

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"time"
)

// A VerifyOption changes one verification: [At], [Attestor], [WithEvidence], [WithReceipts], [Passport],
// [PeerCertificate], [Audience], [Nonce], [MaxAge], [AccessToken] or [Refreshing].
type VerifyOption interface{ verifyOption() }

// A StoreOption sets up a store: [RotationGate], [Cooldown], [KeyTables], [KeyTableBytes] or [WithoutIFMA].
type StoreOption interface{ storeOption() }

// A PutOption changes one update of the store: [At], [FeedID], [Force], [KeepFor], [Permanent] or a [Format].
type PutOption interface{ putOption() }

// A TouchOption changes one confirmation of what the store holds: [At] or [FeedID].
type TouchOption interface{ touchOption() }

// A FeedOption sets up a [Feed]: [FeedID].
type FeedOption interface{ feedOption() }

// A SinkOption changes one update by a [Feed]: [Force], [KeepFor] or [RefreshAfter].
type SinkOption interface{ sinkOption() }

// A SnapshotOption changes one snapshot or restoration of a store: [At] or [Unkeyed].
type SnapshotOption interface{ snapshotOption() }

// A DenyOption changes one entry into the deny overlay: [At].
type DenyOption interface{ denyOption() }

// A TimeOption is what [At] returns; some calls have no other option.
type TimeOption interface {
	VerifyOption
	PutOption
	DenyOption
	TouchOption
	SnapshotOption
}

// A FeedIDOption is what [FeedID] returns.
type FeedIDOption interface {
	PutOption
	TouchOption
	FeedOption
}

// An UpdateOption is what [Force] and [KeepFor] return.
type UpdateOption interface {
	PutOption
	SinkOption
}

// A VerifierOption sets up a verifier: [WithReceipts], [WithoutCache], [CacheSize] or [DoubleCheck].
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

// Refreshing lets the [Feed] of the credential's source fetch what is missing or too old, if that is due, and judges
// again: within the call, with ctx. It never waits for the fetch of another goroutine, and in a Fetch of the same
// store it changes nothing.
func Refreshing(ctx context.Context) VerifyOption {
	return refreshing{ctx}
}

// Cooldown is the least time between two fetches of a source for keys that it did not have, in whole seconds. The
// default is ten.
func Cooldown(d time.Duration) StoreOption {
	return cooldown(d)
}

// KeyTables says which keys of a store get tables, by which their signatures are checked faster; 0 is the default,
// KeyTablesAuto.
type KeyTables uint32

// The settings of [KeyTables].
const (
	// KeyTablesOff makes none.
	KeyTablesOff KeyTables = 1
	// KeyTablesAuto makes one for a key that has proven busy.
	KeyTablesAuto KeyTables = 2
	// KeyTablesAtLoad makes one for every key when it is put.
	KeyTablesAtLoad KeyTables = 3
)

// KeyTableBytes bounds the memory of the tables, of which the least recently used go; 0 is the default, 32 MiB.
func KeyTableBytes(bytes int) StoreOption {
	return keyTableBytes(bytes)
}

// WithoutIFMA does without AVX-512 IFMA, whatever the processor has; the verdicts are the same.
func WithoutIFMA() StoreOption {
	return withoutIFMA{}
}

// DoubleCheck asks the reference, too, before a signature that a table checked is accepted: for those who trust it more.
// It costs what the tables save.
func DoubleCheck() VerifierOption {
	return doubleCheck{}
}

// WithoutCache verifies every signature anew, of a credential that was verified before too.
func WithoutCache() VerifierOption {
	return cacheSize{off: true}
}

// CacheSize bounds the verified credentials that a verifier remembers, in number, up to 1,048,576, and in memory; 0 is
// the default, 4096 of them in 8 MiB.
func CacheSize(entries, bytes int) VerifierOption {
	return cacheSize{entries: entries, bytes: bytes}
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

// FeedID says which feed speaks: a slot belongs to the feed that filled it last. The default is 0.
func FeedID(id uint64) FeedIDOption {
	return feedID(id)
}

// Force takes the update whatever the [RotationGate] says.
func Force() UpdateOption {
	return force{}
}

// KeepFor is for how long the host of the document says it may be kept, such as max-age of Cache-Control. Parts of
// a second do not count.
func KeepFor(d time.Duration) UpdateOption {
	return keepFor(d)
}

// Permanent material does not age: a file that an operator keeps.
func Permanent() PutOption {
	return permanent{}
}

// RefreshAfter is when to fetch again, from this fetch on; without it, at the soft age of what was fetched.
func RefreshAfter(d time.Duration) SinkOption {
	return refreshAfter(d)
}

// Unkeyed is in place of a key, for a host that protects its snapshots by other means: anyone who can write such a
// snapshot decides who is trusted.
func Unkeyed() SnapshotOption {
	return unkeyed{}
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
	refreshing      struct{ ctx context.Context }
	feedID          uint64
	force           struct{}
	keepFor         time.Duration
	permanent       struct{}
	refreshAfter    time.Duration
	unkeyed         struct{}
	cooldown        time.Duration
	keyTableBytes   int
	withoutIFMA     struct{}
	doubleCheck     struct{}
	cacheSize       struct {
		off            bool
		entries, bytes int
	}
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
func (refreshing) verifyOption()      {}

func (receipts) verifierOption()    {}
func (cacheSize) verifierOption()   {}
func (doubleCheck) verifierOption() {}

func (RotationGate) storeOption()  {}
func (cooldown) storeOption()      {}
func (KeyTables) storeOption()     {}
func (keyTableBytes) storeOption() {}
func (withoutIFMA) storeOption()   {}

func (instant) putOption()   {}
func (feedID) putOption()    {}
func (force) putOption()     {}
func (keepFor) putOption()   {}
func (permanent) putOption() {}
func (Format) putOption()    {}

func (instant) touchOption() {}
func (feedID) touchOption()  {}

func (feedID) feedOption() {}

func (force) sinkOption()        {}
func (keepFor) sinkOption()      {}
func (refreshAfter) sinkOption() {}

func (instant) snapshotOption() {}
func (unkeyed) snapshotOption() {}

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

// Format tells nothing of the value, whatever the verb.
func (refreshing) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "attestor.Refreshing") }
