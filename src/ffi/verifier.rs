//! `attestor_verifier` and the request: one question, one status.

use super::boundary::{boundary, bytes, required, status, text, write_out};
use super::result::{attestor_result, attestor_summary};
use super::store::{attestor_store, now};
use super::structs::{Sized32, read_struct};
use super::types::{attestor_error, attestor_status};
use crate::error::ConfigError;
use crate::request::{Possession, Request, possession_message};
use crate::result::{Rejected, Verified, VerifyResult};
use crate::verdict::Reason;
use crate::verifier::{Verifier, VerifierOptions};
use core::ffi::c_char;
use core::ptr::null_mut;
use std::sync::Arc;

const MAX_POLICY: usize = 1 << 20;
/// The largest `limits.credential_bytes` a policy can set.
const MAX_CREDENTIAL: usize = 65536;
const MAX_ID: usize = 64;
const MAX_NONCE: usize = 4096;
/// The largest `limits.chain_bytes` a policy can set.
const MAX_CHAIN: usize = 1 << 18;
const MAX_CHALLENGE: usize = 4096;
/// Records are set aside for every entry there may be.
const MAX_CACHE_ENTRIES: u64 = 1 << 20;

/// `attestor_request.possession`: the host finished a TLS handshake in which the peer presented the chain.
pub const ATTESTOR_POSSESSION_TLS_HANDSHAKE: u32 = 1;
/// `attestor_request.possession`: the peer signed `challenge`; `proof` is the signature.
pub const ATTESTOR_POSSESSION_SIGNED_CHALLENGE: u32 = 2;

/// `attestor_verifier_options.flags`: every credential is verified anew.
pub const ATTESTOR_VERIFIER_NO_CACHE: u32 = 1;
/// `attestor_verifier_options.flags`: the reference is asked, too, before a signature that a table checked is accepted.
pub const ATTESTOR_VERIFIER_DOUBLE_CHECK: u32 = 2;

/// A store and a policy. Shared: any number of threads; reference-counted by `_ref` and `_free`.
pub struct attestor_verifier {
    pub(super) inner: Verifier,
}

/// Options of `attestor_verifier_new`. Zero is the default of every member.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_verifier_options {
    /// `sizeof(attestor_verifier_options)`.
    pub struct_size: u32,
    /// ATTESTOR_VERIFIER_*.
    pub flags: u32,
    /// Most entries of the verified-credential cache, at most 1048576; 0 is 4096. Their records, of less than half a
    /// kilobyte each, are set aside at once.
    pub cache_entries: u64,
    /// Most bytes that the cache holds; 0 is 8 MiB.
    pub cache_bytes: u64,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_verifier_options {}

impl attestor_verifier_options {
    fn read(&self) -> Result<VerifierOptions, Reason> {
        if self.flags & !(ATTESTOR_VERIFIER_NO_CACHE | ATTESTOR_VERIFIER_DOUBLE_CHECK) != 0 {
            return Err(Reason::OptionUnsupported);
        }
        if self.cache_entries > MAX_CACHE_ENTRIES {
            return Err(Reason::ArgumentInvalid);
        }
        let chosen = |value: u64, default| match value {
            0 => default,
            _ => usize::try_from(value).unwrap_or(usize::MAX),
        };
        let default = VerifierOptions::default();
        let entries = chosen(self.cache_entries, default.cache_entries);
        Ok(VerifierOptions {
            cache_entries: if self.flags & ATTESTOR_VERIFIER_NO_CACHE == 0 { entries } else { 0 },
            cache_bytes: chosen(self.cache_bytes, default.cache_bytes),
            double_check: self.flags & ATTESTOR_VERIFIER_DOUBLE_CHECK != 0,
        })
    }
}

/// One verification. Initialize with ATTESTOR_REQUEST_INIT. The pointers are read before the call returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_request {
    /// `sizeof(attestor_request)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// Unix seconds, or ATTESTOR_NOW; other values that are not positive are misuse.
    pub now: i64,
    /// The credential, byte for byte: no `Bearer `, no newline.
    pub credential: *const u8,
    /// Bytes of the credential.
    pub credential_len: usize,
    /// Forces the attestor with this id instead of routing; may be NULL.
    pub attestor_id: *const c_char,
    /// Bytes of the id.
    pub attestor_id_len: usize,
    /// The nonce an ID token must carry; may be NULL.
    pub nonce: *const c_char,
    /// Bytes of the nonce.
    pub nonce_len: usize,
    /// The access token that came with an ID token, to compare `at_hash`; may be NULL.
    pub access_token: *const u8,
    /// Bytes of the access token.
    pub access_token_len: usize,
    /// How many seconds ago the end user of an ID token may have authenticated; 0 is any time.
    pub max_age_secs: u64,
    /// The passport that came with the credential or alone, a compact JWS; may be NULL, but for `attestor_admit`.
    pub passport: *const u8,
    /// Bytes of the passport.
    pub passport_len: usize,
    /// An X.509-SVID in place of `credential`: DER certificates one after the other, the leaf first; may be NULL.
    pub chain: *const u8,
    /// Bytes of the chain.
    pub chain_len: usize,
    /// How the holder of the chain proved possession: ATTESTOR_POSSESSION_*; 0 is none, which never allows.
    pub possession: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The challenge that was signed, at least 16 bytes, made and used once by the host.
    pub challenge: *const u8,
    /// Bytes of the challenge.
    pub challenge_len: usize,
    /// The signature over `attestor_possession_message`, as JWS has it.
    pub proof: *const u8,
    /// Bytes of the proof.
    pub proof_len: usize,
    /// Which of our audiences the chain was presented to; may be NULL for a TLS handshake.
    pub audience: *const c_char,
    /// Bytes of the audience.
    pub audience_len: usize,
    /// The certificate of the TLS peer, DER, for a `cnf` of `x5t#S256`; may be NULL.
    pub peer_certificate: *const u8,
    /// Bytes of the certificate.
    pub peer_certificate_len: usize,
}

// SAFETY: repr(C), integers and pointers, the size first.
unsafe impl Sized32 for attestor_request {}

const _: () = assert!(size_of::<attestor_verifier_options>() == 24);
const _: () = assert!(size_of::<attestor_request>() == 32 + 20 * size_of::<*const u8>());

/// Makes a verifier of a policy document (UTF-8 JSON) against a store, of which it takes a reference.
///
/// The first in a process tests the kernels that key tables are for, which takes some twenty milliseconds. `options` and
/// `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_CONFIG_INVALID with the JSON path in `err->detail`,
/// ATTESTOR_OPTION_UNSUPPORTED, ATTESTOR_ARGUMENT_INVALID (`*out` is then NULL).
/// Lifetime: until the last reference is given up with `attestor_verifier_free`.
/// Threads: any. Allocates: on construction.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verifier_new(
    store: Option<&attestor_store>,
    policy: *const c_char,
    policy_len: usize,
    options: *const attestor_verifier_options,
    out: *mut *mut attestor_verifier,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for a writable pointer.
        unsafe { write_out(out, null_mut()) }?;
        let store = Arc::clone(&required(store)?.inner);
        // SAFETY: the header asks for NULL or a structure that starts with its size.
        let options = unsafe { read_struct(options) }?.unwrap_or_else(attestor_verifier_options::zeroed);
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let policy = unsafe { bytes(policy.cast(), policy_len, MAX_POLICY) }?;
        let verifier = Arc::new(attestor_verifier { inner: Verifier::with(store, policy, options.read()?)? });
        // SAFETY: checked above.
        Ok(unsafe { write_out(out, Arc::into_raw(verifier).cast_mut()) }?)
    })
}

/// Adds a reference and returns the same handle; NULL for NULL.
///
/// Threads: any. Allocates: never.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verifier_ref(verifier: *mut attestor_verifier) -> *mut attestor_verifier {
    boundary(null_mut(), || {
        if !verifier.is_null() {
            // SAFETY: a live handle came from `Arc::into_raw`.
            unsafe { Arc::increment_strong_count(verifier) };
        }
        verifier
    })
}

/// Gives up a reference; the last one frees the verifier. NULL is fine.
///
/// Threads: any; a thread that still uses the handle must hold a reference of its own. Allocates: never.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verifier_free(verifier: *mut attestor_verifier) {
    boundary((), || {
        if !verifier.is_null() {
            // SAFETY: a live handle came from `Arc::into_raw`, and the caller gives this reference up.
            drop(unsafe { Arc::from_raw(verifier) });
        }
    });
}

/// Swaps the policy. Verifications under way finish under the one they began with.
///
/// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_CONFIG_INVALID (the old policy then stays).
/// Threads: any, although the handle is not const. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verifier_set_policy(
    verifier: *mut attestor_verifier,
    policy: *const c_char,
    policy_len: usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let policy = unsafe { bytes(policy.cast(), policy_len, MAX_POLICY) }?;
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        required(unsafe { verifier.as_ref() })?.inner.set_policy(policy)
    })
}

/// Sets a shadow policy, which judges whatever the policy judges and decides nothing; `policy` NULL removes it.
///
/// A credential that the cache knows (ATTESTOR_FROM_CACHE) it has judged before.
/// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_CONFIG_INVALID (the old one then stays).
/// Threads: any, although the handle is not const. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verifier_set_shadow_policy(
    verifier: *mut attestor_verifier,
    policy: *const c_char,
    policy_len: usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let document = unsafe { bytes(policy.cast(), policy_len, MAX_POLICY) }?;
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let verifier = required(unsafe { verifier.as_ref() })?;
        verifier.inner.set_shadow_policy((!policy.is_null()).then_some(document))
    })
}

/// Judges one credential. ATTESTOR_OK is the only acceptance.
///
/// `summary` is filled whatever the outcome if it is not NULL (set its `struct_size`); `err` may be NULL.
/// Returns: ATTESTOR_OK, a deny (1000-1999), an unavailable (2000-2099), or misuse (1-99).
/// Lifetime: views in `summary` are valid until the next `attestor_verify`, `_clear` or `_free` of this result.
/// Threads: `verifier` any, `result` one at a time. Never waits for an update and never calls back.
/// Allocates: never on a result that has grown to the size of its credentials, with a cache that is off or full; RSA
/// without a table: at most 5; a chain of EC certificates: 2.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verify(
    verifier: Option<&attestor_verifier>,
    request: *const attestor_request,
    result: Option<&mut attestor_result>,
    summary: *mut attestor_summary,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header's contract.
        unsafe { ask(verifier, request, result, summary, Verifier::verify) }
    })
}

/// Judges an admission: a passport, and the credential that came with it or none. As `attestor_verify`, but a
/// request without a passport is ATTESTOR_ARGUMENT_INVALID.
///
/// A refusal with ATTESTOR_ABOUT_PASSPORT is about the passport.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_admit(
    verifier: Option<&attestor_verifier>,
    request: *const attestor_request,
    result: Option<&mut attestor_result>,
    summary: *mut attestor_summary,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header's contract.
        unsafe { ask(verifier, request, result, summary, Verifier::admit) }
    })
}

/// Judges, lets the callback of the source fetch what is missing or too old if that is due, and judges again. As
/// `attestor_verify`, but it runs callbacks.
///
/// It never waits for another thread's fetch. In a callback of the same store it only judges. A callback must not use
/// `result`, and not give up the last reference to `verifier`.
/// Returns: as `attestor_verify`, of the last judgement. Threads: `verifier` any, `result` one at a time.
/// Allocates: as `attestor_verify`, and what a refresh does.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verify_refreshing(
    verifier: Option<&attestor_verifier>,
    request: *const attestor_request,
    result: Option<&mut attestor_result>,
    summary: *mut attestor_summary,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header's contract.
        unsafe { ask(verifier, request, result, summary, Verifier::verify_refreshing) }
    })
}

/// Judges an admission as `attestor_admit`, refreshing as `attestor_verify_refreshing`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_admit_refreshing(
    verifier: Option<&attestor_verifier>,
    request: *const attestor_request,
    result: Option<&mut attestor_result>,
    summary: *mut attestor_summary,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header's contract.
        unsafe { ask(verifier, request, result, summary, Verifier::admit_refreshing) }
    })
}

/// Bytes of a possession message.
pub const ATTESTOR_POSSESSION_MESSAGE_LEN: u32 = 188;

pub(super) type Judge =
    for<'r> fn(&Verifier, &Request<'_>, &'r mut VerifyResult) -> Result<Verified<'r>, Rejected>;

/// SAFETY: `request` and `summary` are NULL or as the header describes them.
unsafe fn ask(
    verifier: Option<&attestor_verifier>,
    request: *const attestor_request,
    mut result: Option<&mut attestor_result>,
    summary: *mut attestor_summary,
    judge: Judge,
) -> Result<(), ConfigError> {
    // An allow of an earlier call is gone before anything else is looked at.
    if !summary.is_null() {
        // SAFETY: not NULL; the header asks for a structure that starts with its size.
        unsafe { attestor_summary::begin(summary) }.inspect_err(|_| attestor_result::forget(&mut result))?;
    }
    let result = required(result)?;
    result.clear();
    // SAFETY: the header's contract of `attestor_request`.
    let verdict = unsafe { read_and_judge(verifier, request, result, judge) };
    result.note(verdict);
    if !summary.is_null() {
        // SAFETY: not NULL; the header asks for a structure that starts with its size.
        unsafe { result.write_summary(summary) }?;
    }
    verdict.map_err(ConfigError::from)
}

/// SAFETY: `request` is NULL or as the header describes it.
unsafe fn read_and_judge(
    verifier: Option<&attestor_verifier>,
    request: *const attestor_request,
    result: &mut attestor_result,
    judge: Judge,
) -> Result<(), Reason> {
    let verifier = required(verifier)?;
    // SAFETY: the caller's contract.
    let request = required(unsafe { read_struct(request) }?)?;
    // SAFETY: the caller's contract: readable (pointer, length) pairs.
    let question = unsafe { read_request(&request) }?;
    judge(&verifier.inner, &question, &mut result.inner).map(|_| ()).map_err(|rejected| rejected.reason)
}

/// A request of nothing else.
///
/// SAFETY: as for [`bytes`].
pub(super) unsafe fn read_credential<'a>(ptr: *const u8, len: usize, at: i64) -> Result<Request<'a>, Reason> {
    // SAFETY: passed on.
    Ok(Request::new(unsafe { bytes(ptr, len, MAX_CREDENTIAL) }?).at(now(at)))
}

/// SAFETY: every pointer is NULL or readable for its length, for `'a`.
pub(super) unsafe fn read_request<'a>(request: &attestor_request) -> Result<Request<'a>, Reason> {
    if request.flags != 0 || request.reserved != 0 {
        return Err(Reason::OptionUnsupported);
    }
    if request.access_token_len > MAX_CREDENTIAL || request.peer_certificate_len > MAX_CREDENTIAL {
        return Err(Reason::ArgumentInvalid);
    }
    let r = request;
    // SAFETY: passed on.
    unsafe {
        let mut question = read_credential(r.credential, r.credential_len, r.now)?;
        question.attestor = optional_text(r.attestor_id, r.attestor_id_len, MAX_ID)?;
        question.nonce = optional_text(r.nonce, r.nonce_len, MAX_NONCE)?;
        question.audience = optional_text(r.audience, r.audience_len, MAX_NONCE)?;
        question.access_token = optional(r.access_token, r.access_token_len, MAX_CREDENTIAL)?;
        question.passport = optional(r.passport, r.passport_len, MAX_CREDENTIAL)?;
        question.peer_certificate = optional(r.peer_certificate, r.peer_certificate_len, MAX_CREDENTIAL)?;
        question.chain = optional(r.chain, r.chain_len, MAX_CHAIN)?;
        question.possession = possession(request)?;
        if r.max_age_secs != 0 {
            question = question.max_age(u32::try_from(r.max_age_secs).unwrap_or(u32::MAX));
        }
        Ok(question)
    }
}

/// The bytes at (`ptr`, `len`); none for NULL, which has no length.
///
/// SAFETY: as for [`bytes`].
unsafe fn optional<'a>(ptr: *const u8, len: usize, max: usize) -> Result<Option<&'a [u8]>, Reason> {
    // SAFETY: passed on.
    let bytes = unsafe { bytes(ptr, len, max) }?;
    Ok((!ptr.is_null()).then_some(bytes))
}

/// Likewise of text.
///
/// SAFETY: as for [`text`].
unsafe fn optional_text<'a>(ptr: *const c_char, len: usize, max: usize) -> Result<Option<&'a str>, Reason> {
    // SAFETY: passed on.
    let text = unsafe { text(ptr, len, max) }?;
    Ok((!ptr.is_null()).then_some(text))
}

/// SAFETY: as for [`read_request`].
unsafe fn possession<'a>(request: &attestor_request) -> Result<Option<Possession<'a>>, Reason> {
    if request.challenge_len > MAX_CHALLENGE || request.proof_len > MAX_CHALLENGE {
        return Err(Reason::ArgumentInvalid);
    }
    // SAFETY: passed on.
    let (challenge, proof) = unsafe {
        (
            bytes(request.challenge, request.challenge_len, MAX_CHALLENGE)?,
            bytes(request.proof, request.proof_len, MAX_CHALLENGE)?,
        )
    };
    match request.possession {
        0 => Ok(None),
        ATTESTOR_POSSESSION_TLS_HANDSHAKE => Ok(Some(Possession::TlsHandshake)),
        ATTESTOR_POSSESSION_SIGNED_CHALLENGE => Ok(Some(Possession::SignedChallenge { challenge, proof })),
        _ => Err(Reason::ArgumentInvalid),
    }
}

/// Writes what the holder of an X.509-SVID signs for ATTESTOR_POSSESSION_SIGNED_CHALLENGE: 188 bytes.
///
/// `passport` is the passport that goes with the request, or empty. `out` has room for
/// ATTESTOR_POSSESSION_MESSAGE_LEN bytes. The proof is a signature over them as JWS has it (RFC 7518, RFC 8037):
/// PS256 for an RSA key, ES256, ES384, ES512 (r and s, not DER) for EC, EdDSA for Ed25519. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID for a challenge of less than 16 bytes.
/// Threads: any. Allocates: never.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_possession_message(
    challenge: *const u8,
    challenge_len: usize,
    audience: *const c_char,
    audience_len: usize,
    passport: *const u8,
    passport_len: usize,
    out: *mut u8,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        if challenge_len > MAX_CHALLENGE || passport_len > MAX_CREDENTIAL {
            return Err(Reason::ArgumentInvalid.into());
        }
        // SAFETY: the header asks for readable (pointer, length) pairs.
        let (challenge, audience, passport) = unsafe {
            (
                bytes(challenge, challenge_len, MAX_CHALLENGE)?,
                text(audience, audience_len, MAX_NONCE)?,
                bytes(passport, passport_len, MAX_CREDENTIAL)?,
            )
        };
        let message = possession_message(challenge, audience, passport)?;
        // SAFETY: the header asks for room for the message; it has no alignment.
        Ok(unsafe { write_out(out.cast::<[u8; ATTESTOR_POSSESSION_MESSAGE_LEN as usize]>(), message) }?)
    })
}
