//! Making a passport.

use super::boundary::{bytes, check_buffer, required, status, text, write_bytes};
use super::structs::{Sized32, read_struct};
use super::types::{attestor_error, attestor_status, attestor_str};
use crate::mint::{PassportClaims, passport_thumbprint};
use crate::verdict::Reason;
use core::ffi::c_char;

const MAX_TEXT: usize = 4096;
const MAX_AUDIENCES: usize = 64;

/// What a passport says beside its key. Initialize with ATTESTOR_PASSPORT_CLAIMS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_passport_claims {
    /// `sizeof(attestor_passport_claims)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// Unix seconds; from then on the passport is expired, without leeway.
    pub expires_at: i64,
    /// Unix seconds; 0 leaves `iat` out.
    pub issued_at: i64,
    /// Whom it is for: `audiences_len` views; NULL leaves `aud` out.
    pub audiences: *const attestor_str,
    /// Views at `audiences`, at most 64.
    pub audiences_len: usize,
    /// A unique id; may be NULL.
    pub id: *const c_char,
    /// Bytes of the id.
    pub id_len: usize,
}

// SAFETY: repr(C), integers and pointers, the size first.
unsafe impl Sized32 for attestor_passport_claims {}

const _: () = assert!(size_of::<attestor_passport_claims>() == 24 + 4 * size_of::<*const u8>());

/// Signs a passport with the Ed25519 private key whose 32-byte seed (RFC 8032 section 5.1.5) is at `seed`.
///
/// `buf` may be NULL if `cap` is 0, to ask for the size. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size), ATTESTOR_ARGUMENT_INVALID.
/// Threads: any. Allocates: yes; the seed is not kept.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_passport_mint(
    claims: *const attestor_passport_claims,
    seed: *const u8,
    seed_len: usize,
    buf: *mut u8,
    cap: usize,
    len_out: *mut usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        check_buffer(buf, cap, len_out)?;
        // SAFETY: the header asks for a structure that starts with its size.
        let claims = required(unsafe { read_struct(claims) }?)?;
        if claims.flags != 0 {
            return Err(Reason::OptionUnsupported.into());
        }
        // SAFETY: the header asks for readable (pointer, length) pairs.
        let (seed, id, audiences) = unsafe {
            (bytes(seed, seed_len, 32)?, text(claims.id, claims.id_len, MAX_TEXT)?, audiences(&claims)?)
        };
        let seed = seed.try_into().map_err(|_| Reason::ArgumentInvalid)?;
        let passport = PassportClaims {
            expires_at: claims.expires_at,
            issued_at: (claims.issued_at != 0).then_some(claims.issued_at),
            audiences: &audiences,
            id: (!claims.id.is_null()).then_some(id),
        };
        // SAFETY: the header asks for a writable buffer and pointer.
        Ok(unsafe { write_bytes(passport.mint(seed)?.as_bytes(), buf, cap, len_out) }?)
    })
}

/// Writes the RFC 7638 thumbprint of the passport key with this seed: what a policy pins.
///
/// As `attestor_passport_mint`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_passport_thumbprint(
    seed: *const u8,
    seed_len: usize,
    buf: *mut u8,
    cap: usize,
    len_out: *mut usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        check_buffer(buf, cap, len_out)?;
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let seed = unsafe { bytes(seed, seed_len, 32) }?;
        let thumbprint = passport_thumbprint(seed.try_into().map_err(|_| Reason::ArgumentInvalid)?)?;
        // SAFETY: the header asks for a writable buffer and pointer.
        Ok(unsafe { write_bytes(thumbprint.as_bytes(), buf, cap, len_out) }?)
    })
}

/// SAFETY: `claims.audiences` is NULL or readable for `audiences_len` views, each readable.
unsafe fn audiences<'a>(claims: &attestor_passport_claims) -> Result<Vec<&'a str>, Reason> {
    if claims.audiences_len == 0 {
        return Ok(Vec::new());
    }
    if claims.audiences.is_null() || claims.audiences_len > MAX_AUDIENCES {
        return Err(Reason::ArgumentInvalid);
    }
    // SAFETY: the caller's contract.
    let views = unsafe { core::slice::from_raw_parts(claims.audiences, claims.audiences_len) };
    // SAFETY: likewise.
    views.iter().map(|view| unsafe { text(view.ptr, view.len, MAX_TEXT) }).collect()
}
