//go:build cgo

package attestor

// #cgo noescape attestor_go_verifier_new
// #cgo nocallback attestor_go_verifier_new
// #cgo noescape attestor_go_verifier_set_policy
// #cgo nocallback attestor_go_verifier_set_policy
// #cgo noescape attestor_go_verify
// #cgo nocallback attestor_go_verify
// #include "shim.h"
import "C"

import (
	"strings"
	"sync"
	"time"
	"unsafe"
)

// Verifier is a store and a policy. Made by [NewVerifier]; the zero Verifier is closed. Safe for concurrent
// use.
type Verifier struct {
	handle  *handle
	results sync.Pool
}

// NewVerifier makes a verifier of a policy, a JSON document, against a store.
func NewVerifier(store *BundleStore, policy []byte) (*Verifier, error) {
	if store == nil {
		return nil, &ConfigError{Reason: ArgumentInvalid, Detail: "the store is nil"}
	}
	from, err := store.enter()
	if err != nil {
		return nil, err
	}
	defer store.handle.leave()
	text, textLen := bytesData(policy)
	made := C.attestor_go_verifier_new(from, (*C.char)(unsafe.Pointer(text)), textLen)
	if err := callError(&made.error); err != nil {
		return nil, err
	}
	verifier := &Verifier{}
	verifier.handle = newHandle(verifier, unsafe.Pointer(made.verifier), func(ptr unsafe.Pointer) {
		C.attestor_verifier_free((*C.attestor_verifier)(ptr))
	})
	return verifier, nil
}

// SetPolicy swaps the policy. Verifications under way finish under the one they began with; on an error the
// old one stays.
func (v *Verifier) SetPolicy(policy []byte) error {
	verifier, err := v.handle.enter()
	if err != nil {
		return err
	}
	defer v.handle.leave()
	text, textLen := bytesData(policy)
	report := C.attestor_go_verifier_set_policy((*C.attestor_verifier)(verifier),
		(*C.char)(unsafe.Pointer(text)), textLen)
	return callError(&report)
}

// Verify judges a credential: the token byte for byte, without "Bearer " or a newline. The identity is nil
// unless the error is, and a nil error is the only acceptance.
//
// A refusal is a [*VerdictError], a defect of the host a [*ConfigError].
func (v *Verifier) Verify(credential string, opts ...VerifyOption) (*Identity, error) {
	o, err := readVerifyOptions(opts)
	if err != nil {
		return nil, err
	}
	verifier, err := v.handle.enter()
	if err != nil {
		return nil, err
	}
	defer v.handle.leave()
	result := v.takeResult()
	if result == nil {
		return nil, &ConfigError{Reason: InternalError}
	}
	defer v.results.Put(result)

	token, tokenLen := stringData(credential)
	id, idLen := optionalData(o.attestor)
	nonce, nonceLen := optionalData(o.nonce)
	access, accessLen := optionalData(o.accessToken)
	verdict := C.attestor_go_verify((*C.attestor_verifier)(verifier), result.ptr, token, tokenLen,
		id, idLen, nonce, nonceLen, access, accessLen, C.uint64_t(o.maxAgeSeconds), C.int64_t(o.now))
	if reason := Reason(verdict.status); reason != OK {
		return nil, result.refusal(reason, &verdict.summary, o.evidence)
	}
	return result.identity(&verdict.summary, o.evidence)
}

// Close gives the verifier up. It waits for nobody: calls under way finish, later ones get [ErrClosed]. It
// always returns nil, and may be called again.
func (v *Verifier) Close() error {
	v.handle.close()
	return nil
}

// String tells nothing of the contents.
func (v *Verifier) String() string { return "attestor.Verifier" }

// GoString is String.
func (v *Verifier) GoString() string { return v.String() }

// takeResult gives storage that no other call uses; nil if there is none to be had.
func (v *Verifier) takeResult() *result {
	if pooled, ok := v.results.Get().(*result); ok {
		return pooled
	}
	return newResult()
}

// refusal is the error of a verdict that is not an allow.
func (r *result) refusal(reason Reason, summary *C.attestor_summary, wantEvidence bool) error {
	if reason.Class() == ClassMisuse {
		return &ConfigError{Reason: reason}
	}
	refused := &VerdictError{
		Reason:        reason,
		Authenticated: summary.flags&C.ATTESTOR_AUTHENTICATED != 0,
		AttestorID:    strings.Clone(view(summary.attestor_id)),
	}
	if wantEvidence {
		// A refusal stands without it.
		refused.Evidence, _ = r.evidence()
	}
	return refused
}

// identity copies an allow out. One that is not whole, or whose evidence cannot be had, is no allow.
func (r *result) identity(summary *C.attestor_summary, wantEvidence bool) (*Identity, error) {
	id, domain, issuer := view(summary.identity), view(summary.trust_domain), view(summary.issuer)
	attestor, thumbprint := view(summary.attestor_id), view(summary.key_thumbprint)
	if summary.code != C.ATTESTOR_OK || summary.verdict_class != C.ATTESTOR_CLASS_ALLOW || id == "" {
		return nil, &ConfigError{Reason: InternalError}
	}
	// One allocation for all five.
	var text strings.Builder
	text.Grow(len(id) + len(domain) + len(issuer) + len(attestor) + len(thumbprint))
	take := func(s string) string {
		start := text.Len()
		text.WriteString(s)
		return text.String()[start:]
	}
	identity := &Identity{
		ID:            take(id),
		TrustDomain:   take(domain),
		Issuer:        take(issuer),
		Local:         summary.flags&C.ATTESTOR_LOCAL != 0,
		AttestorID:    take(attestor),
		ExpiresAt:     time.Unix(int64(summary.expires_at), 0).UTC(),
		KeyThumbprint: take(thumbprint),
	}
	if wantEvidence {
		var err error
		if identity.Evidence, err = r.evidence(); err != nil {
			return nil, err
		}
	}
	return identity, nil
}

// view is text of the library's own memory, to be copied before the result is used again.
func view(s C.attestor_str) string {
	return unsafe.String((*byte)(unsafe.Pointer(s.ptr)), int(s.len))
}
