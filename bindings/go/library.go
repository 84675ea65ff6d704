//go:build cgo

package attestor

// #cgo CFLAGS: -I${SRCDIR}/include
// #include "shim.h"
import "C"

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	// Vendoring keeps only folders that are imported.
	_ "github.com/libattestor/attestor/bindings/go/include"
)

// The numbers of the Go constants are those of the header.
var (
	_ = [1]struct{}{}[C.ATTESTOR_NOW-systemClock]
	_ = [1]struct{}{}[C.ATTESTOR_FORMAT_SPIFFE_BUNDLE-SPIFFEBundle]
	_ = [1]struct{}{}[C.ATTESTOR_FORMAT_WORKLOAD_API_JWKS-WorkloadAPIJWKS]
	_ = [1]struct{}{}[C.ATTESTOR_FORMAT_JWKS-JWKS]
	_ = [1]struct{}{}[C.ATTESTOR_FORMAT_PUBLIC_KEY_PEM-PublicKeyPEM]
	_ = [1]struct{}{}[C.ATTESTOR_FORMAT_X509_PEM-X509PEM]
	_ = [1]struct{}{}[C.ATTESTOR_FORMAT_X509_DER-X509DER]
	_ = [1]struct{}{}[C.ATTESTOR_FORMAT_BUNDLE_MAP-BundleMap]
	_ = [1]struct{}{}[C.ATTESTOR_FORMAT_X509_CRL-X509CRL]
	_ = [1]struct{}{}[C.ATTESTOR_SLOT_JWT-SlotJWT]
	_ = [1]struct{}{}[C.ATTESTOR_SLOT_X509-SlotX509]
	_ = [1]struct{}{}[C.ATTESTOR_SLOT_CRL-SlotCRL]
	_ = [1]struct{}{}[C.ATTESTOR_CREDENTIAL_TOKEN-KindToken]
	_ = [1]struct{}{}[C.ATTESTOR_CREDENTIAL_JWT_SVID-KindJWTSVID]
	_ = [1]struct{}{}[C.ATTESTOR_CREDENTIAL_X509_SVID-KindX509SVID]
	_ = [1]struct{}{}[C.ATTESTOR_CREDENTIAL_OIDC-KindOIDC]
	_ = [1]struct{}{}[C.ATTESTOR_CREDENTIAL_PASSPORT-KindPassport]
	_ = [1]struct{}{}[C.ATTESTOR_DENY_KIND_TRUST_DOMAIN-DenyTrustDomain]
	_ = [1]struct{}{}[C.ATTESTOR_DENY_KIND_ISSUER-DenyIssuer]
	_ = [1]struct{}{}[C.ATTESTOR_DENY_KIND_NATIVE-DenyNative]
	_ = [1]struct{}{}[C.ATTESTOR_DENY_FIELD_SUB-DenySub]
	_ = [1]struct{}{}[C.ATTESTOR_DENY_FIELD_JTI-DenyJTI]
	_ = [1]struct{}{}[C.ATTESTOR_DENY_FIELD_KID-DenyKID]
	_ = [1]struct{}{}[C.ATTESTOR_DENY_FIELD_KEY_THUMBPRINT-DenyKeyThumbprint]
	_ = [1]struct{}{}[C.ATTESTOR_DENY_FIELD_X509_SERIAL-DenyX509Serial]
	_ = [1]struct{}{}[C.ATTESTOR_DENY_FIELD_SPKI_SHA256-DenySPKISHA256]
	_ = [1]struct{}{}[C.ATTESTOR_DENY_FIELD_POD_UID-DenyPodUID]
	_ = [1]struct{}{}[C.ATTESTOR_SOURCE_TRUST_DOMAIN-SourceTrustDomain]
	_ = [1]struct{}{}[C.ATTESTOR_SOURCE_ISSUER-SourceIssuer]
	_ = [1]struct{}{}[C.ATTESTOR_FRESH-Fresh]
	_ = [1]struct{}{}[C.ATTESTOR_DUE-Due]
	_ = [1]struct{}{}[C.ATTESTOR_STALE-Stale]
	_ = [1]struct{}{}[C.ATTESTOR_GATE_OFF-GateOff]
	_ = [1]struct{}{}[C.ATTESTOR_GATE_WARN-GateWarn]
	_ = [1]struct{}{}[C.ATTESTOR_GATE_HOLD-GateHold]
	_ = [1]struct{}{}[C.ATTESTOR_KEY_TABLES_OFF-KeyTablesOff]
	_ = [1]struct{}{}[C.ATTESTOR_KEY_TABLES_AUTO-KeyTablesAuto]
	_ = [1]struct{}{}[C.ATTESTOR_KEY_TABLES_AT_LOAD-KeyTablesAtLoad]
	_ = [1]struct{}{}[C.ATTESTOR_FINDING_ROLLBACK-FindingRollback]
	_ = [1]struct{}{}[C.ATTESTOR_FINDING_REKEYED-FindingRekeyed]
	_ = [1]struct{}{}[C.ATTESTOR_FINDING_REPLACED-FindingReplaced]
	_ = [1]struct{}{}[C.ATTESTOR_CLASS_DENY-ClassDeny]
	_ = [1]struct{}{}[C.ATTESTOR_CLASS_UNAVAILABLE-ClassUnavailable]
	_ = [1]struct{}{}[C.ATTESTOR_CLASS_MISUSE-ClassMisuse]
)

// libraryFits is asked before anything is made; a shared library may be of another version.
var libraryFits = sync.OnceValue(func() error {
	return checkABI(uint32(C.attestor_abi()), C.ATTESTOR_ABI)
})

func checkABI(library, header uint32) error {
	if library == header {
		return nil
	}
	return &ConfigError{
		Reason: InternalError,
		Detail: fmt.Sprintf("libattestor has ABI %d, this package is built for ABI %d", library, header),
	}
}

// libraryText is what the library calls a reason; "unknown" for none of its own.
func libraryText(r Reason) (slug, phrase string) {
	code := C.attestor_status(r)
	return C.GoString(C.attestor_status_slug(code)), C.GoString(C.attestor_status_phrase(code))
}

// callError is the error of a call that reports a detail; nil for ATTESTOR_OK only.
func callError(report *C.attestor_error) error {
	return statusError(report.code, C.GoString(&report.detail[0]))
}

func statusError(code C.attestor_status, detail string) error {
	switch reason := Reason(code); reason.Class() {
	case ClassAllow:
		return nil
	case ClassMisuse:
		// The library cuts a long detail at a byte.
		return &ConfigError{Reason: reason, Detail: strings.ToValidUTF8(detail, "")}
	default:
		return &VerdictError{Reason: reason}
	}
}

// The memory of an input for the length of a C call, to which it is passed directly.
func stringData(s string) (*C.char, C.size_t) {
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))
}

// optionalData is NULL for an absent text only: an empty one is asked about like any other.
func optionalData(o optional) (*C.char, C.size_t) {
	switch {
	case !o.given:
		return nil, 0
	case o.text == "":
		// The memory of an empty string may be NULL.
		data, _ := stringData("-")
		return data, 0
	default:
		return stringData(o.text)
	}
}

func bytesData(b []byte) (*C.uint8_t, C.size_t) {
	return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))), C.size_t(len(b))
}

// presentBytes is not NULL, of nothing either.
func presentBytes(b []byte) (*C.uint8_t, C.size_t) {
	if len(b) == 0 {
		data, _ := textBytes("-")
		return data, 0
	}
	return bytesData(b)
}

// textBytes is a text where the library takes bytes from outside.
func textBytes(s string) (*C.uint8_t, C.size_t) {
	return (*C.uint8_t)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))
}

func optionalBytes(o optional) (*C.uint8_t, C.size_t) {
	data, size := optionalData(o)
	return (*C.uint8_t)(unsafe.Pointer(data)), size
}

// written is what a call writes into buf, or into a larger one if the call asks for it.
func written(buf []byte, write func(*C.uint8_t, C.size_t) C.attestor_go_written) ([]byte, error) {
	for {
		data, room := bytesData(buf)
		report := write(data, room)
		size := int(report.len)
		switch {
		case report.error.code == C.ATTESTOR_OK && size > 0 && size <= len(buf):
			return buf[:size:size], nil
		case report.error.code == C.ATTESTOR_BUFFER_TOO_SMALL && size > len(buf):
			buf = make([]byte, size)
		default:
			if err := callError(&report.error); err != nil {
				return nil, err
			}
			return nil, &ConfigError{Reason: InternalError}
		}
	}
}

// maxTexts is how many texts the library takes in one call.
const maxTexts = C.ATTESTOR_GO_TEXTS

// texts stand one after the other, so that C gets no pointer to pointers of Go.
type texts struct {
	all  []byte
	lens []C.size_t
}

func (t *texts) add(text string) {
	t.all = append(t.all, text...)
	t.lens = append(t.lens, C.size_t(len(text)))
}

// data is not NULL.
func (t *texts) data() (*C.char, *C.size_t) {
	all, lens := append(t.all, 0), append(t.lens, 0)
	return (*C.char)(unsafe.Pointer(unsafe.SliceData(all))), unsafe.SliceData(lens)
}
