package attestor

import (
	"fmt"
	"io"
	"time"
)

// DenyKind says whose credentials a [DenyEntry] is about.
type DenyKind uint32

// The kinds of a [DenyEntry].
const (
	// DenyTrustDomain is about SVIDs of a trust domain.
	DenyTrustDomain DenyKind = 1
	// DenyIssuer is about tokens of an issuer.
	DenyIssuer DenyKind = 2
	// DenyNative is about passports alone; their source is "*".
	DenyNative DenyKind = 3
)

// DenyField says what the value of a [DenyEntry] is compared with, byte for byte.
type DenyField uint32

// The fields of a [DenyEntry].
const (
	// DenySub is the subject.
	DenySub DenyField = 1
	// DenyJTI is the token's own id.
	DenyJTI DenyField = 2
	// DenyKID is the id of the key that verified.
	DenyKID DenyField = 3
	// DenyKeyThumbprint is the RFC 7638 thumbprint of the key that verified, base64url.
	DenyKeyThumbprint DenyField = 4
	// DenyX509Serial is the serial number of a certificate of the path, lower-case hexadecimal without leading
	// zeros; of one issuer only if "@" and the SHA-256 of the issuer's DER name follow, in hexadecimal.
	DenyX509Serial DenyField = 5
	// DenySPKISHA256 is the SHA-256 of the public key info of a certificate of the path, lower-case
	// hexadecimal.
	DenySPKISHA256 DenyField = 6
	// DenyPodUID is the UID of a Kubernetes pod.
	DenyPodUID DenyField = 7
)

// DenyEntry is one thing to deny, whatever the policy says.
type DenyEntry struct {
	// Kind says whose credentials.
	Kind DenyKind
	// Source is a trust domain or an issuer in its canonical spelling, or "*" for every one of the kind.
	Source string
	// Field is what Value is compared with.
	Field DenyField
	// Value is in the form of the field.
	Value string
	// ExpiresAt is from when on the entry says nothing, in whole seconds; the zero Time for never.
	ExpiresAt time.Time
}

// Format tells nothing of the value, whatever the verb.
func (DenyEntry) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "attestor.DenyEntry") }
