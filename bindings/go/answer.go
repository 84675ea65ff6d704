//go:build cgo

package attestor

// #cgo noescape attestor_go_answer
// #cgo nocallback attestor_go_answer
// #include "shim.h"
import "C"

import (
	"bytes"
	"encoding/binary"
	"time"
	"unsafe"
)

// head is where the answer is written, and its first part.
func (r *result) head() *C.attestor_answer {
	return (*C.attestor_answer)(unsafe.Pointer(unsafe.SliceData(r.answer)))
}

// wholeAnswer reads an answer for which there was no room, and gives its verdict.
func (r *result) wholeAnswer(flags C.uint32_t) Reason {
	r.answer = make([]byte, r.head().size)
	if status := C.attestor_go_answer(r.ptr, flags, r.head(), C.size_t(len(r.answer))); status != C.ATTESTOR_OK {
		return InternalError
	}
	return Reason(r.head().code)
}

// text is the one at an index, until the result is used again: they stand one after the other, a NUL behind each.
func (r *result) text(index int) []byte {
	head := r.head()
	ends, texts := r.answer[head.ends_at:head.texts_at], r.answer[head.texts_at:head.size]
	begin := 0
	if index > 0 {
		begin = int(binary.NativeEndian.Uint32(ends[4*index-4:])) + 1
	}
	return texts[begin:binary.NativeEndian.Uint32(ends[4*index:])]
}

// refusal is the error of a verdict that is not an allow.
func (r *result) refusal(reason Reason, wantEvidence bool) error {
	if reason.Class() == ClassMisuse {
		return &ConfigError{Reason: reason}
	}
	head := r.head()
	refused := &VerdictError{
		Reason:        reason,
		Authenticated: head.flags&C.ATTESTOR_AUTHENTICATED != 0,
		AboutPassport: head.flags&C.ATTESTOR_ABOUT_PASSPORT != 0,
		AttestorID:    string(r.text(C.ATTESTOR_TEXT_ATTESTOR_ID)),
		RefreshWanted: head.flags&C.ATTESTOR_REFRESH_WANTED != 0,
	}
	refused.Shadow, refused.Shadowed = shadow(head)
	if wantEvidence {
		refused.Evidence = r.evidence()
	}
	return refused
}

// identity copies an allow out, its texts in one allocation unless they are those of the last. One that is not whole,
// or whose evidence cannot be had, is no allow.
func (r *result) identity(wantEvidence bool) (*Identity, error) {
	head := r.head()
	if head.code != C.ATTESTOR_OK || head.verdict_class != C.ATTESTOR_CLASS_ALLOW {
		return nil, &ConfigError{Reason: InternalError}
	}
	ends, begin := r.answer[head.ends_at:head.texts_at], uint32(0)
	policies := int(head.policies)
	last := binary.NativeEndian.Uint32(ends[4*(C.ATTESTOR_TEXT_POLICIES+policies-1):])
	texts := r.answer[head.texts_at:head.size][:last]
	if string(texts) != r.texts {
		r.texts = string(texts)
	}
	all := r.texts
	// In their order.
	next := func() string {
		end := binary.NativeEndian.Uint32(ends)
		text := all[begin:end]
		ends, begin = ends[4:], end+1
		return text
	}
	identity := &Identity{
		ID:                 next(),
		Subject:            next(),
		TrustDomain:        next(),
		Issuer:             next(),
		InternalIdentity:   next(),
		AttestorID:         next(),
		KeyThumbprint:      next(),
		PassportThumbprint: next(),
		Kind:               CredentialKind(head.credential_kind),
		Local:              head.flags&C.ATTESTOR_LOCAL != 0,
		ExpiresAt:          time.Unix(int64(head.expires_at), 0).UTC(),
		BundleDue:          head.flags&C.ATTESTOR_BUNDLE_DUE != 0,
		FromCache:          head.flags&C.ATTESTOR_FROM_CACHE != 0,
	}
	identity.Shadow, identity.Shadowed = shadow(head)
	if policies > 0 {
		identity.Policies = make([]string, policies)
		for at := range identity.Policies {
			identity.Policies[at] = next()
		}
	}
	if wantEvidence {
		identity.Evidence = r.evidence()
	}
	if identity.ID == "" || wantEvidence && identity.Evidence == nil {
		return nil, &ConfigError{Reason: InternalError}
	}
	return identity, nil
}

// evidence copies the evidence out; nil if there is none.
func (r *result) evidence() []byte {
	evidence := r.text(C.ATTESTOR_TEXT_POLICIES + int(r.head().policies))
	if len(evidence) == 0 {
		return nil
	}
	return bytes.Clone(evidence)
}

func shadow(head *C.attestor_answer) (Reason, bool) {
	if head.flags&C.ATTESTOR_SHADOWED == 0 {
		return OK, false
	}
	return Reason(head.shadow_code), true
}
