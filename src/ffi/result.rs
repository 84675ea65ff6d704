//! `attestor_result`: storage of one verdict, and what can be read out of it.

use super::boundary::{boundary, check_buffer, required, status, write_bytes, write_out};
use super::structs::{Sized32, declared_size, flags, write_struct};
use super::types::{attestor_error, attestor_status, attestor_str};
use crate::result::{Verified, VerifyResult};
use crate::verdict::{Class, Reason};
use core::ptr::null_mut;

/// `attestor_summary.flags`: the signature was verified, whatever was decided afterwards.
pub const ATTESTOR_AUTHENTICATED: u32 = 1;
/// `attestor_summary.flags`: the trust domain is the attestor's `local_trust_domain`.
pub const ATTESTOR_LOCAL: u32 = 2;
/// `attestor_summary.flags`: the refusal is about the passport, not about the credential beside it.
pub const ATTESTOR_ABOUT_PASSPORT: u32 = 4;
/// `attestor_summary.flags`: a shadow policy judged too; `shadow_code` is what it said.
pub const ATTESTOR_SHADOWED: u32 = 8;
/// `attestor_summary.flags`: the bundle that was asked is past its soft age: still used, a refresh is due.
pub const ATTESTOR_BUNDLE_DUE: u32 = 16;
/// `attestor_summary.flags`: the bundle does not have what the credential names, and this is the first verification
/// within the store's cooldown that says so: fetch it again.
pub const ATTESTOR_REFRESH_WANTED: u32 = 32;
/// `attestor_summary.flags`: the verified-credential cache knew the credential, whatever was decided afterwards: no
/// shadow policy was asked.
pub const ATTESTOR_FROM_CACHE: u32 = 64;

/// `attestor_summary.credential_kind`: a token that no attestor has taken.
pub const ATTESTOR_CREDENTIAL_TOKEN: u32 = 0;
/// A SPIFFE JWT-SVID.
pub const ATTESTOR_CREDENTIAL_JWT_SVID: u32 = 1;
/// A SPIFFE X.509-SVID.
pub const ATTESTOR_CREDENTIAL_X509_SVID: u32 = 2;
/// An OIDC ID or access token.
pub const ATTESTOR_CREDENTIAL_OIDC: u32 = 3;
/// A native passport, alone.
pub const ATTESTOR_CREDENTIAL_PASSPORT: u32 = 4;

/// Storage of one verdict. Local: made once per thread and reused; grows to its high-water mark and stays.
pub struct attestor_result {
    pub(super) inner: VerifyResult,
}

/// Everything hot of one verdict, in one crossing.
///
/// `identity`, `trust_domain`, `key_thumbprint` and `expires_at` are set for an allow only.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_summary {
    /// `sizeof(attestor_summary)`; set before the call.
    pub struct_size: u32,
    /// The verdict.
    pub code: attestor_status,
    /// ATTESTOR_CLASS_* of the verdict.
    pub verdict_class: i32,
    /// ATTESTOR_AUTHENTICATED, ATTESTOR_LOCAL and the other flags of a summary.
    pub flags: u32,
    /// Unix seconds; the credential's own expiry, without clock skew.
    pub expires_at: i64,
    /// The workload's identity: `spiffe://trust-domain/path`, `oidc:<issuer>:<sub>`, or `<prefix><key, hex>`.
    pub identity: attestor_str,
    /// The identity's trust domain; absent for an OIDC token.
    pub trust_domain: attestor_str,
    /// The attestor that judged; absent if routing found none.
    pub attestor_id: attestor_str,
    /// RFC 7638 thumbprint of the key that verified, base64url.
    pub key_thumbprint: attestor_str,
    /// The configured canonical issuer, of an OIDC token.
    pub issuer: attestor_str,
    /// The identity without what the attestor puts before it: SPIFFE ID, `sub`, or the passport's key.
    pub subject: attestor_str,
    /// As what the workload enters, by the policy's `map`; absent if that gives none.
    pub internal_identity: attestor_str,
    /// RFC 7638 thumbprint of the passport's key, base64url, if a passport came too.
    pub passport_thumbprint: attestor_str,
    /// ATTESTOR_CREDENTIAL_*.
    pub credential_kind: u32,
    /// What the shadow policy would have said: 0 is an allow. Meaningful with ATTESTOR_SHADOWED only.
    pub shadow_code: attestor_status,
    /// How many policies the mapping grants; see `attestor_result_policy`.
    pub policies: u64,
}

// SAFETY: repr(C), integers and pointers, the size first.
unsafe impl Sized32 for attestor_summary {}

const _: () = assert!(size_of::<attestor_summary>() == 24 + 8 * size_of::<attestor_str>() + 16);

impl attestor_summary {
    /// Writes that nothing was verified.
    ///
    /// SAFETY: `to` starts with its size and is writable for that many bytes.
    pub(super) unsafe fn begin(to: *mut Self) -> Result<(), Reason> {
        let mut summary = Self::zeroed();
        summary.code = Reason::NotVerified.code();
        summary.verdict_class = Class::Misuse as i32;
        // SAFETY: passed on.
        unsafe { write_struct(to, &summary) }
    }
}

impl attestor_result {
    /// Clears the result there is, if any.
    pub(super) fn forget(result: &mut Option<&mut Self>) {
        if let Some(result) = result {
            result.clear();
        }
    }

    /// Whatever happens next, the last verdict is gone.
    pub(super) fn clear(&mut self) {
        self.inner.clear();
    }

    pub(super) fn check_verified(&self) -> Result<(), Reason> {
        if self.inner.reason() == Some(Reason::NotVerified) { Err(Reason::NotVerified) } else { Ok(()) }
    }

    /// A question that never reached the verifier has its answer too.
    pub(super) fn note(&mut self, verdict: Result<(), Reason>) {
        if let (Some(Reason::NotVerified), Err(reason)) = (self.inner.reason(), verdict) {
            self.inner.refuse(reason);
        }
    }

    /// SAFETY: `to` starts with its size and is writable for that many bytes.
    pub(super) unsafe fn write_summary(&self, to: *mut attestor_summary) -> Result<(), Reason> {
        // SAFETY: passed on.
        unsafe { write_struct(to, &self.summary(self.inner.verified().as_ref())) }
    }

    pub(super) fn code(&self) -> attestor_status {
        self.inner.reason().map_or(0, Reason::code)
    }

    /// ATTESTOR_AUTHENTICATED and the other flags of a summary.
    pub(super) fn flags(&self, verified: Option<&Verified<'_>>) -> u32 {
        flags([
            (self.inner.authenticated(), ATTESTOR_AUTHENTICATED),
            (verified.is_some_and(|verified| verified.is_local), ATTESTOR_LOCAL),
            (self.inner.is_about_passport(), ATTESTOR_ABOUT_PASSPORT),
            (self.inner.shadow().is_some(), ATTESTOR_SHADOWED),
            (self.inner.is_bundle_due(), ATTESTOR_BUNDLE_DUE),
            (self.inner.is_refresh_wanted(), ATTESTOR_REFRESH_WANTED),
            (self.inner.is_from_cache(), ATTESTOR_FROM_CACHE),
        ])
    }

    /// What the shadow policy would have said; 0 without one, too.
    pub(super) fn shadow_code(&self) -> attestor_status {
        self.inner.shadow().flatten().map_or(0, Reason::code)
    }

    /// The summary of the verdict, its views into this result.
    fn summary(&self, verified: Option<&Verified<'_>>) -> attestor_summary {
        let mut summary = attestor_summary::zeroed();
        summary.code = self.code();
        summary.verdict_class = self.inner.class() as i32;
        summary.attestor_id = attestor_str::new(self.inner.attestor_id());
        summary.flags = self.flags(verified);
        summary.shadow_code = self.shadow_code();
        summary.credential_kind = self.inner.credential_kind() as u32;
        if let Some(verified) = verified {
            summary.expires_at = verified.expires_at;
            summary.identity = attestor_str::new(Some(verified.identity));
            summary.trust_domain = attestor_str::new(verified.trust_domain);
            summary.key_thumbprint = attestor_str::new(Some(verified.key_thumbprint));
            summary.issuer = attestor_str::new(verified.issuer);
            summary.subject = attestor_str::new(Some(verified.subject));
            summary.internal_identity = attestor_str::new(verified.internal_identity);
            summary.passport_thumbprint = attestor_str::new(verified.passport_thumbprint);
            summary.policies = self.inner.policies().count() as u64;
        }
        summary
    }
}

/// Makes the storage of one verdict.
///
/// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID.
/// Lifetime: until `attestor_result_free`; independent of stores and verifiers.
/// Threads: one at a time. Allocates: on construction.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_result_new(
    out: *mut *mut attestor_result,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for a writable pointer.
        unsafe { write_out(out, null_mut()) }?;
        let result = Box::new(attestor_result { inner: VerifyResult::new() });
        // SAFETY: checked above.
        Ok(unsafe { write_out(out, Box::into_raw(result)) }?)
    })
}

/// Frees the result, cleared as by `attestor_result_clear`. NULL is fine.
///
/// Threads: no other call on this result. Allocates: never.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_result_free(result: *mut attestor_result) {
    boundary((), || {
        if !result.is_null() {
            // SAFETY: a live handle came from `Box::into_raw`, and the caller gives it up.
            drop(unsafe { Box::from_raw(result) });
        }
    });
}

/// Forgets the last verdict and overwrites what its credential left: for a result that goes back to a pool.
///
/// Not overwritten: the header of a proven token that says no more than `alg`, `kid` and `typ`, which the next token of
/// the same key has too.
/// `result` may be NULL. Threads: one at a time. Allocates: never.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_result_clear(mut result: Option<&mut attestor_result>) {
    boundary((), || {
        attestor_result::forget(&mut result);
    });
}

/// Reads the summary of the last verdict again; `attestor_verify` fills one directly.
///
/// `out->struct_size` must be set. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_NOT_VERIFIED before the first verification (`out` is then not written).
/// Lifetime: views are valid until the next `attestor_verify`, `_clear` or `_free` of this result.
/// Threads: any, while no verification uses the result. Allocates: never.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_result_summary(
    result: Option<&attestor_result>,
    out: *mut attestor_summary,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        let result = required(result)?;
        // SAFETY: the header asks for a structure that starts with its size.
        unsafe { declared_size(out) }?;
        result.check_verified()?;
        // SAFETY: the header asks for a writable structure that starts with its size.
        Ok(unsafe { result.write_summary(out) }?)
    })
}

/// Reads one of the policies that the mapping grants, in the order of the policy document.
///
/// `index` below `attestor_summary.policies`. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID past the last one.
/// Lifetime: as the views of the summary. Threads: any, while no verification uses the result. Allocates: never.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_result_policy(
    result: Option<&attestor_result>,
    index: u64,
    out: *mut attestor_str,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        let result = required(result)?;
        let at = usize::try_from(index).map_err(|_| Reason::ArgumentInvalid)?;
        let policy = required(result.inner.policies().nth(at))?;
        // SAFETY: the header asks for a writable pointer.
        Ok(unsafe { write_out(out, attestor_str::new(Some(policy))) }?)
    })
}

/// Writes the evidence of the last verdict, canonical JSON (docs/evidence.md), into the caller's buffer.
///
/// `buf` may be NULL if `cap` is 0, to ask for the size: then ATTESTOR_BUFFER_TOO_SMALL and `*len_out`. `err` may
/// be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size), ATTESTOR_NOT_VERIFIED.
/// Threads: any, while no verification uses the result. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_result_evidence(
    result: Option<&attestor_result>,
    buf: *mut u8,
    cap: usize,
    len_out: *mut usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        check_buffer(buf, cap, len_out)?;
        let result = required(result)?;
        let mut evidence = String::new();
        result.inner.write_evidence(&mut evidence);
        if evidence.is_empty() {
            return Err(Reason::NotVerified.into());
        }
        // SAFETY: the header asks for a writable buffer and pointer.
        Ok(unsafe { write_bytes(evidence.as_bytes(), buf, cap, len_out) }?)
    })
}
