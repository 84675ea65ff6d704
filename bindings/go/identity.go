package attestor

import "time"

// Identity is a workload that may enter: copied out of the library, it stays valid.
type Identity struct {
	// ID is the workload's identity: spiffe://trust-domain/path, or oidc:<issuer>:<sub>.
	ID string
	// TrustDomain is the identity's trust domain; empty for an OIDC token.
	TrustDomain string
	// Issuer is the configured canonical issuer of an OIDC token; empty for SPIFFE.
	Issuer string
	// Local says that the trust domain is the attestor's local_trust_domain.
	Local bool
	// AttestorID is the attestor that judged.
	AttestorID string
	// ExpiresAt is the credential's own expiry, without clock skew, in UTC.
	ExpiresAt time.Time
	// KeyThumbprint is the RFC 7638 thumbprint of the key that verified, base64url.
	KeyThumbprint string
	// Evidence is one canonical JSON object for an auditor; nil unless [WithEvidence] asked for it.
	Evidence []byte
}

// String is the ID.
func (i *Identity) String() string {
	return i.ID
}
