//go:build cgo

package attestor

// #cgo noescape attestor_go_verifier_new
// #cgo nocallback attestor_go_verifier_new
// #cgo noescape attestor_go_verifier_set_policy
// #cgo nocallback attestor_go_verifier_set_policy
// #cgo noescape attestor_go_verifier_set_shadow_policy
// #cgo nocallback attestor_go_verifier_set_shadow_policy
// #cgo noescape attestor_go_ask
// #cgo nocallback attestor_go_ask
// #cgo noescape attestor_go_ask_more
// #cgo nocallback attestor_go_ask_more
// #include "callbacks.h"
import "C"

import (
	"runtime/cgo"
	"sync"
	"unsafe"
)

// Verifier is a store and a policy. Made by [NewVerifier]; the zero Verifier is closed. Safe for concurrent
// use.
type Verifier struct {
	handle   *handle
	results  sync.Pool
	receipts receipts
}

// NewVerifier makes a verifier of a policy, a JSON document, against a store.
func NewVerifier(store *BundleStore, policy []byte, opts ...VerifierOption) (*Verifier, error) {
	if store == nil {
		return nil, errOption("the store is nil")
	}
	o, err := readVerifierOptions(opts)
	if err != nil {
		return nil, err
	}
	from, err := store.enter()
	if err != nil {
		return nil, err
	}
	defer store.handle.leave()
	text, textLen := bytesData(policy)
	flags := C.uint32_t(0)
	if o.cache.off {
		flags |= C.ATTESTOR_VERIFIER_NO_CACHE
	}
	if o.doubleCheck {
		flags |= C.ATTESTOR_VERIFIER_DOUBLE_CHECK
	}
	made := C.attestor_go_verifier_new(from, (*C.char)(unsafe.Pointer(text)), textLen,
		flags, C.uint64_t(o.cache.entries), C.uint64_t(o.cache.bytes))
	if err := callError(&made.error); err != nil {
		return nil, err
	}
	verifier := &Verifier{receipts: o.receipts}
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

// SetShadowPolicy sets a policy that judges whatever the policy judges and decides nothing: Shadow of an
// [Identity] or [VerdictError] is what it would have said. A credential that is remembered ([CacheSize]) it has judged
// before, and does not again. A nil policy removes it; on an error the old one stays.
func (v *Verifier) SetShadowPolicy(policy []byte) error {
	verifier, err := v.handle.enter()
	if err != nil {
		return err
	}
	defer v.handle.leave()
	text, textLen := bytesData(policy)
	if policy != nil {
		text, textLen = presentBytes(policy)
	}
	report := C.attestor_go_verifier_set_shadow_policy((*C.attestor_verifier)(verifier),
		(*C.char)(unsafe.Pointer(text)), textLen)
	return callError(&report)
}

// Verify judges a credential: the token byte for byte, without "Bearer " or a newline. The identity is nil
// unless the error is, and a nil error is the only acceptance.
//
// A refusal is a [*VerdictError], a defect of the host a [*ConfigError].
func (v *Verifier) Verify(credential string, opts ...VerifyOption) (*Identity, error) {
	return v.judge(&question{credential: credential}, opts)
}

// Admit judges an admission: a passport, and the credential that came with it; an empty one leaves it to the
// native attestor to judge the passport alone. The rest is as for [Verifier.Verify].
func (v *Verifier) Admit(passport, credential string, opts ...VerifyOption) (*Identity, error) {
	return v.judge(&question{credential: credential, passport: optional{passport, true}, admit: true}, opts)
}

// VerifyChallenge judges an X.509-SVID whose holder signed a challenge: DER certificates, the leaf first. The
// challenge is at least 16 random bytes that the host made for this one call; audience is the one the workload
// was told, proof what [SignChallenge] made of both. If a [Passport] came too, the proof is over it as well.
// The rest is as for [Verifier.Verify].
func (v *Verifier) VerifyChallenge(chain [][]byte, challenge []byte, audience string, proof []byte,
	opts ...VerifyOption) (*Identity, error) {
	return v.judge(&question{
		possession: signedChallenge, chain: chain, challenge: challenge,
		audience: optional{audience, true}, proof: proof,
	}, opts)
}

// possessionKind is how the holder of a chain proved that it has the leaf's key.
type possessionKind uint32

const (
	tlsHandshake    possessionKind = C.ATTESTOR_POSSESSION_TLS_HANDSHAKE
	signedChallenge possessionKind = C.ATTESTOR_POSSESSION_SIGNED_CHALLENGE
)

// question is what a call asks, beside its options.
type question struct {
	credential string
	passport   optional
	admit      bool
	// possession is 0 unless chain is the credential, in place of a token.
	possession possessionKind
	chain      [][]byte
	challenge  []byte
	audience   optional
	proof      []byte
	// provisional is an allow that the rest of a handshake may yet undo: it is not recorded.
	provisional bool
}

func (v *Verifier) judge(q *question, opts []VerifyOption) (*Identity, error) {
	o := verifyOptions{now: systemClock}
	if err := o.read(opts); err != nil {
		return nil, err
	}
	if q.passport.given && o.passport.given || q.audience.given && o.audience.given {
		return nil, errOption("a passport or an audience is given twice")
	}
	if q.passport.given {
		o.passport = q.passport
	}
	if q.audience.given {
		o.audience = q.audience
	}
	if o.receipts.log == nil {
		o.receipts = v.receipts
	}
	identity, err := v.ask(q, &o)
	if o.receipts.log == nil || err == nil && q.provisional {
		return identity, err
	}
	return o.receipts.record(o.now, o.passport.given, identity, err)
}

// ask crosses once, and copies the outcome out.
func (v *Verifier) ask(q *question, o *verifyOptions) (*Identity, error) {
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

	flags := C.uint32_t(0)
	if q.admit {
		flags |= C.ATTESTOR_ASK_ADMISSION
	}
	wantEvidence := o.evidence || o.receipts.log != nil
	if wantEvidence {
		flags |= C.ATTESTOR_ASK_EVIDENCE
	}
	reason := Reason(cross((*C.attestor_verifier)(verifier), result, q, o, flags))
	if reason == BufferTooSmall {
		reason = result.wholeAnswer(flags & C.ATTESTOR_ASK_EVIDENCE)
	}
	if reason != OK {
		return nil, result.refusal(reason, wantEvidence)
	}
	return result.identity(wantEvidence)
}

// cross is the one crossing; it calls feeds back only if there is a context for them.
func cross(verifier *C.attestor_verifier, result *result, q *question, o *verifyOptions,
	flags C.uint32_t) (status C.attestor_status) {
	answer, room := result.head(), C.size_t(len(result.answer))
	if q.isPlain(o) {
		credential, size := textBytes(q.credential)
		return C.attestor_go_ask(number(unsafe.Pointer(verifier)), number(unsafe.Pointer(result.ptr)), C.int64_t(o.now),
			flags, credential, size, answer, room)
	}
	request := result.request(q, o)
	if o.refreshing == nil {
		return C.attestor_go_ask_more(verifier, result.ptr, request, flags, answer, room)
	}
	callingBack(o.refreshing, func(call cgo.Handle) {
		status = C.attestor_go_ask_refreshing(verifier, result.ptr, request, flags, answer, room, C.uintptr_t(call))
	})
	return status
}

// number is what the library made as C takes it where cgo need not look at it: it is no memory of Go.
func number(made unsafe.Pointer) C.uintptr_t { return C.uintptr_t(uintptr(made)) }

// isPlain says that there is nothing but a credential, and no feed to call.
func (q *question) isPlain(o *verifyOptions) bool {
	given := o.attestor.given || o.passport.given || o.audience.given || o.nonce.given || o.accessToken.given
	return !given && o.peer == nil && o.maxAgeSeconds == 0 && q.possession == 0 && q.chain == nil &&
		o.refreshing == nil
}

// request is what the library takes for it all.
func (r *result) request(q *question, o *verifyOptions) C.attestor_request {
	request := C.attestor_request{
		struct_size:  C.sizeof_attestor_request,
		now:          C.int64_t(o.now),
		max_age_secs: C.uint64_t(o.maxAgeSeconds),
		possession:   C.uint32_t(q.possession),
	}
	request.credential, request.credential_len = textBytes(q.credential)
	request.attestor_id, request.attestor_id_len = optionalData(o.attestor)
	request.nonce, request.nonce_len = optionalData(o.nonce)
	request.access_token, request.access_token_len = optionalBytes(o.accessToken)
	request.passport, request.passport_len = optionalBytes(o.passport)
	request.audience, request.audience_len = optionalData(o.audience)
	request.peer_certificate, request.peer_certificate_len = bytesData(o.peer)
	if q.possession != 0 || q.chain != nil {
		request.chain, request.chain_len = r.joined(q.chain)
		request.challenge, request.challenge_len = bytesData(q.challenge)
		request.proof, request.proof_len = bytesData(q.proof)
	}
	return request
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
