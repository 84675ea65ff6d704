//go:build cgo

package attestor

// #cgo noescape attestor_go_evidence
// #cgo nocallback attestor_go_evidence
// #cgo noescape attestor_go_policy
// #cgo nocallback attestor_go_policy
// #include "shim.h"
import "C"

import "runtime"

// result is the library's storage of one verdict, for one call at a time. It stays warm in a pool, and
// whatever the pool drops is freed.
type result struct {
	ptr *C.attestor_result
	// chain is where the certificates of a request stand one after the other.
	chain []byte
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

// joined is the chain as the library takes it, valid until the next one. What is longer than any chain may be
// is cut, and refused for its length.
func (r *result) joined(chain [][]byte) (*C.uint8_t, C.size_t) {
	const tooLong = 1 << 20
	r.chain = r.chain[:0]
	for _, certificate := range chain {
		r.chain = append(r.chain, certificate[:min(len(certificate), tooLong-len(r.chain))]...)
	}
	return presentBytes(r.chain)
}

// policies are the library's texts, of the last verdict.
func (r *result) policies(count uint64) ([]string, error) {
	const absurd = 1 << 16
	if count == 0 {
		return nil, nil
	}
	if count > absurd {
		return nil, &ConfigError{Reason: InternalError}
	}
	policies := make([]string, count)
	for at := range policies {
		policy := C.attestor_go_policy(r.ptr, C.uint64_t(at))
		if policy.status != C.ATTESTOR_OK {
			return nil, &ConfigError{Reason: InternalError}
		}
		policies[at] = view(policy.text)
	}
	return policies, nil
}

// evidence copies the evidence of the last verdict out.
func (r *result) evidence() ([]byte, error) {
	return written(make([]byte, 1024), func(buf *C.uint8_t, size C.size_t) C.attestor_go_written {
		return C.attestor_go_evidence(r.ptr, buf, size)
	})
}
