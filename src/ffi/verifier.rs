//! `attestor_verifier` and the request: one question, one status.

use super::boundary::{boundary, bytes, required, status, text, write_out};
use super::result::{attestor_result, attestor_summary};
use super::store::{attestor_store, now};
use super::structs::{Sized32, read_struct};
use super::types::{attestor_error, attestor_status};
use crate::error::ConfigError;
use crate::request::Request;
use crate::verdict::Reason;
use crate::verifier::Verifier;
use core::ffi::c_char;
use core::ptr::null_mut;
use std::sync::Arc;

const MAX_POLICY: usize = 1 << 20;
/// The largest `limits.credential_bytes` a policy can set.
const MAX_CREDENTIAL: usize = 65536;
const MAX_ID: usize = 64;
const MAX_NONCE: usize = 4096;

/// A store and a policy. Shared: any number of threads; reference-counted by `_ref` and `_free`.
pub struct attestor_verifier {
    inner: Verifier,
}

/// Options of `attestor_verifier_new`. Zero is the default of every member.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_verifier_options {
    /// `sizeof(attestor_verifier_options)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_verifier_options {}

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
}

// SAFETY: repr(C), integers and pointers, the size first.
unsafe impl Sized32 for attestor_request {}

const _: () = assert!(size_of::<attestor_verifier_options>() == 8);
const _: () = assert!(size_of::<attestor_request>() == 24 + 8 * size_of::<*const u8>());

/// Makes a verifier of a policy document (UTF-8 JSON) against a store, of which it takes a reference.
///
/// `options` and `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_CONFIG_INVALID with the JSON path in `err->detail`,
/// ATTESTOR_OPTION_UNSUPPORTED (`*out` is then NULL).
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
        let options = unsafe { read_struct(options) }?;
        if options.is_some_and(|options| options.flags != 0) {
            return Err(Reason::OptionUnsupported.into());
        }
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let policy = unsafe { bytes(policy.cast(), policy_len, MAX_POLICY) }?;
        let verifier = Arc::new(attestor_verifier { inner: Verifier::new(store, policy)? });
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

/// Judges one credential. ATTESTOR_OK is the only acceptance.
///
/// `summary` is filled whatever the outcome if it is not NULL (set its `struct_size`); `err` may be NULL.
/// Returns: ATTESTOR_OK, a deny (1000-1999), an unavailable (2000-2099), or misuse (1-99).
/// Lifetime: views in `summary` are valid until the next `attestor_verify`, `_clear` or `_free` of this result.
/// Threads: `verifier` any, `result` one at a time. Never waits for an update and never calls back.
/// Allocates: never on a result that has grown to the size of its credentials; RSA: at most 5.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verify(
    verifier: Option<&attestor_verifier>,
    request: *const attestor_request,
    mut result: Option<&mut attestor_result>,
    summary: *mut attestor_summary,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // An allow of an earlier call is gone before anything else is looked at.
        if !summary.is_null() {
            // SAFETY: not NULL; the header asks for a structure that starts with its size.
            unsafe { attestor_summary::begin(summary) }
                .inspect_err(|_| attestor_result::forget(&mut result))?;
        }
        let result = required(result)?;
        result.clear();
        // SAFETY: the header's contract of `attestor_request`.
        let verdict = unsafe { judge(verifier, request, result) };
        result.note(verdict);
        if !summary.is_null() {
            // SAFETY: not NULL; the header asks for a structure that starts with its size.
            unsafe { result.write_summary(summary) }?;
        }
        verdict.map_err(ConfigError::from)
    })
}

/// SAFETY: `request` is NULL or as the header describes it.
unsafe fn judge(
    verifier: Option<&attestor_verifier>,
    request: *const attestor_request,
    result: &mut attestor_result,
) -> Result<(), Reason> {
    let verifier = required(verifier)?;
    // SAFETY: the caller's contract.
    let request = required(unsafe { read_struct(request) }?)?;
    if request.flags != 0 {
        return Err(Reason::OptionUnsupported);
    }
    if request.access_token_len > MAX_CREDENTIAL {
        return Err(Reason::ArgumentInvalid);
    }
    // SAFETY: the caller's contract: readable (pointer, length) pairs.
    let (credential, access_token, id, nonce) = unsafe {
        (
            bytes(request.credential, request.credential_len, MAX_CREDENTIAL)?,
            bytes(request.access_token, request.access_token_len, MAX_CREDENTIAL)?,
            text(request.attestor_id, request.attestor_id_len, MAX_ID)?,
            text(request.nonce, request.nonce_len, MAX_NONCE)?,
        )
    };
    let mut question = Request::new(credential).at(now(request.now));
    if !request.attestor_id.is_null() {
        question = question.attestor(id);
    }
    if !request.nonce.is_null() {
        question = question.nonce(nonce);
    }
    if !request.access_token.is_null() {
        question = question.access_token(access_token);
    }
    if request.max_age_secs != 0 {
        question = question.max_age(u32::try_from(request.max_age_secs).unwrap_or(u32::MAX));
    }
    verifier.inner.verify(&question, result.inner()).map(|_| ()).map_err(|rejected| rejected.reason)
}
