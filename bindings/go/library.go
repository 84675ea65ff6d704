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
	_ = [1]struct{}{}[C.ATTESTOR_SLOT_JWT-SlotJWT]
	_ = [1]struct{}{}[C.ATTESTOR_SLOT_X509-SlotX509]
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
