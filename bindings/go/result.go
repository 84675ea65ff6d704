//go:build cgo

package attestor

// #include "shim.h"
import "C"

import "runtime"

// result is the library's storage of one verdict, for one call at a time. It stays warm in a pool, and
// whatever the pool drops is freed.
type result struct {
	ptr *C.attestor_result
	// chain is where the certificates of a request stand one after the other.
	chain []byte
	// answer is where the library writes what it decides: a head, and texts behind it.
	answer []byte
	// texts are those of the last identity, which the next has too if it is the same.
	texts string
}

// Most answers are shorter, with their evidence.
const usualAnswer = 2048

func newResult() *result {
	ptr := C.attestor_go_result_new()
	if ptr == nil {
		return nil
	}
	r := &result{ptr: ptr, answer: make([]byte, usualAnswer)}
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
