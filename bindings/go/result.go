//go:build cgo

package attestor

// #cgo noescape attestor_go_evidence
// #cgo nocallback attestor_go_evidence
// #include "shim.h"
import "C"

import "runtime"

// result is the library's storage of one verdict, for one call at a time. It stays warm in a pool, and
// whatever the pool drops is freed.
type result struct {
	ptr *C.attestor_result
}

func newResult() *result {
	ptr := C.attestor_go_result_new()
	if ptr == nil {
		return nil
	}
	r := &result{ptr: ptr}
	runtime.AddCleanup(r, func(ptr *C.attestor_result) { C.attestor_result_free(ptr) }, ptr)
	return r
}

// evidence copies the evidence of the last verdict out.
func (r *result) evidence() ([]byte, error) {
	buf := make([]byte, 1024)
	for {
		data, dataCap := bytesData(buf)
		written := C.attestor_go_evidence(r.ptr, data, dataCap)
		size := int(written.len)
		switch {
		case written.status == C.ATTESTOR_OK && size > 0 && size <= len(buf):
			return buf[:size:size], nil
		case written.status == C.ATTESTOR_BUFFER_TOO_SMALL && size > len(buf):
			buf = make([]byte, size)
		default:
			return nil, &ConfigError{Reason: InternalError}
		}
	}
}
