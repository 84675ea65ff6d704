package attestor

import "time"

// CredentialKind is what kind of credential a workload showed.
type CredentialKind uint32

// The kinds of credentials.
const (
	// KindToken is a token that no attestor has taken; never of an [Identity].
	KindToken CredentialKind = iota
	// KindJWTSVID is a SPIFFE JWT-SVID.
	KindJWTSVID
	// KindX509SVID is a SPIFFE X.509-SVID.
	KindX509SVID
	// KindOIDC is an OIDC ID or access token.
	KindOIDC
	// KindPassport is a native passport, alone.
	KindPassport
)

// String is the kind's name in evidence.
func (k CredentialKind) String() string {
	switch k {
	case KindJWTSVID:
		return "jwt_svid"
	case KindX509SVID:
		return "x509_svid"
	case KindOIDC:
		return "oidc"
	case KindPassport:
		return "passport"
	default:
		return "token"
	}
}

// Identity is a workload that may enter: copied out of the library, it stays valid.
type Identity struct {
	// ID is the workload's identity: spiffe://trust-domain/path, oidc:<issuer>:<sub>, or <prefix><key, hex> of
	// a passport alone.
	ID string
	// Kind is what the workload showed.
	Kind CredentialKind
	// Subject is the identity without what the attestor puts before it: the SPIFFE ID, sub, or the passport's
	// key.
	Subject string
	// TrustDomain is the identity's trust domain; SPIFFE only.
	TrustDomain string
	// Issuer is the configured canonical issuer; OIDC only.
	Issuer string
	// Local says that the trust domain is the attestor's local_trust_domain.
	Local bool
	// InternalIdentity is as what the workload enters, by the policy's map; empty if that gives none.
	InternalIdentity string
	// Policies is what the policy's map grants, in its order.
	Policies []string
	// AttestorID is the attestor that judged.
	AttestorID string
	// ExpiresAt is the credential's own expiry, without clock skew, in UTC.
	ExpiresAt time.Time
	// KeyThumbprint is the RFC 7638 thumbprint of the key that verified, base64url.
	KeyThumbprint string
	// PassportThumbprint is the one of the passport's key; empty if none came.
	PassportThumbprint string
	// BundleDue says that the trust material is past its soft age: a refresh is due.
	BundleDue bool
	// FromCache says that the signature was verified earlier, and everything else now.
	FromCache bool
	// Shadow is what the shadow policy would have said; meaningful if Shadowed.
	Shadow Reason
	// Shadowed says that a shadow policy judged too.
	Shadowed bool
	// Evidence is one canonical JSON object for an auditor; nil unless [WithEvidence] or [WithReceipts] asked
	// for it.
	Evidence []byte
}

// String is the ID.
func (i *Identity) String() string {
	return i.ID
}
