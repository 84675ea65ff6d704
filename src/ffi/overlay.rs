//! The deny overlay of an `attestor_store`: what is refused although the policy would let it in.

use super::boundary::{boundary, required, status, text};
use super::store::{attestor_store, now};
use super::structs::{Sized32, read_struct};
use super::types::{attestor_error, attestor_status};
use crate::trust::{DenyEntry, DenyField, DenyKind};
use crate::verdict::Reason;
use core::ffi::c_char;

/// `attestor_deny_entry.kind`: SVIDs of a trust domain.
pub const ATTESTOR_DENY_KIND_TRUST_DOMAIN: u32 = 1;
/// `attestor_deny_entry.kind`: tokens of an issuer.
pub const ATTESTOR_DENY_KIND_ISSUER: u32 = 2;
/// `attestor_deny_entry.kind`: passports; their source is `*`.
pub const ATTESTOR_DENY_KIND_NATIVE: u32 = 3;

/// `attestor_deny_entry.field`: the subject.
pub const ATTESTOR_DENY_FIELD_SUB: u32 = 1;
/// `attestor_deny_entry.field`: the token's own id.
pub const ATTESTOR_DENY_FIELD_JTI: u32 = 2;
/// `attestor_deny_entry.field`: the id of the key that verified.
pub const ATTESTOR_DENY_FIELD_KID: u32 = 3;
/// `attestor_deny_entry.field`: the thumbprint of the key that verified, 43 base64url characters.
pub const ATTESTOR_DENY_FIELD_KEY_THUMBPRINT: u32 = 4;
/// `attestor_deny_entry.field`: the serial number of a certificate of the path, lower-case hexadecimal without
/// leading zeros; of one issuer only if `@` and the SHA-256 of the issuer's DER name follow, in hexadecimal.
pub const ATTESTOR_DENY_FIELD_X509_SERIAL: u32 = 5;
/// `attestor_deny_entry.field`: the SHA-256 of the public key info of a certificate of the path, 64 characters
/// of lower-case hexadecimal.
pub const ATTESTOR_DENY_FIELD_SPKI_SHA256: u32 = 6;
/// `attestor_deny_entry.field`: the UID of a Kubernetes pod.
pub const ATTESTOR_DENY_FIELD_POD_UID: u32 = 7;

/// Longest source name and longest value.
const MAX_TEXT: usize = 2048;

/// One thing to deny: credentials of `source` whose `field` is `value`, byte for byte.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_deny_entry {
    /// `sizeof(attestor_deny_entry)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// ATTESTOR_DENY_KIND_*.
    pub kind: u32,
    /// ATTESTOR_DENY_FIELD_*.
    pub field: u32,
    /// Unix seconds from which on the entry says nothing; 0 for never.
    pub expires_at: i64,
    /// A trust domain or an issuer in its canonical spelling, or `*` for every source of the kind.
    pub source: *const c_char,
    /// Bytes of `source`, at most 2048.
    pub source_len: usize,
    /// In the form of the field; at most 2048 bytes.
    pub value: *const c_char,
    /// Bytes of `value`.
    pub value_len: usize,
}

// SAFETY: repr(C), integers and pointers, the size first.
unsafe impl Sized32 for attestor_deny_entry {}

const _: () = assert!(size_of::<attestor_deny_entry>() == 24 + 4 * size_of::<usize>());

/// SAFETY: `entry` is NULL or starts with its size, and its pairs are NULL or readable for their lengths.
unsafe fn entry<'a>(entry: *const attestor_deny_entry) -> Result<DenyEntry<'a>, Reason> {
    // SAFETY: passed on.
    let entry = required(unsafe { read_struct(entry) }?)?;
    if entry.flags != 0 {
        return Err(Reason::OptionUnsupported);
    }
    let kind = DenyKind::ALL.iter().copied().find(|kind| *kind as u32 == entry.kind);
    let field = DenyField::ALL.iter().copied().find(|field| *field as u32 == entry.field);
    // SAFETY: the header asks for readable (pointer, length) pairs.
    let (source, value) = unsafe {
        (text(entry.source, entry.source_len, MAX_TEXT)?, text(entry.value, entry.value_len, MAX_TEXT)?)
    };
    Ok(DenyEntry {
        kind: required(kind)?,
        source,
        field: required(field)?,
        value,
        expires_at: (entry.expires_at != 0).then_some(entry.expires_at),
    })
}

/// Denies what carries the entry's value, from the next verification on. Denying again replaces `expires_at`.
///
/// `now` Unix seconds or ATTESTOR_NOW; `expires_at` must be after it. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID (an unknown kind or field, a value of another form, an entry that
/// has expired), ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_OVERLAY_FULL (100000 entries that have not expired),
/// ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED, ATTESTOR_OPTION_UNSUPPORTED.
/// Threads: any, although the handle is not const; readers never wait. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_deny(
    store: *mut attestor_store,
    entry: *const attestor_deny_entry,
    now: i64,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = required(unsafe { store.as_ref() })?;
        // SAFETY: the header asks for a structure that starts with its size.
        let entry = unsafe { self::entry(entry) }?;
        store.inner.deny(entry, self::now(now))
    })
}

/// Takes an entry back; `expires_at` is not compared. One that is not there is fine.
///
/// `*lifted` says whether it was there: 1 or 0. `lifted` and `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID, ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_STORE_POISONED,
/// ATTESTOR_OPTION_UNSUPPORTED.
/// Threads: any, although the handle is not const. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_lift(
    store: *mut attestor_store,
    entry: *const attestor_deny_entry,
    lifted: *mut i32,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = required(unsafe { store.as_ref() })?;
        // SAFETY: the header asks for a structure that starts with its size.
        let entry = unsafe { self::entry(entry) }?;
        let found = store.inner.lift(entry)?;
        // SAFETY: the header asks for NULL or a writable pointer.
        if let Some(lifted) = unsafe { lifted.as_mut() } {
            *lifted = i32::from(found);
        }
        Ok(())
    })
}

/// Takes every entry back.
///
/// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_STORE_POISONED.
/// Threads: any, although the handle is not const. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_clear_denials(
    store: *mut attestor_store,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = required(unsafe { store.as_ref() })?;
        store.inner.clear_denials()
    })
}

/// How many entries there are; expired ones count until their room is needed. 0 for NULL.
///
/// Threads: any; never waits. Allocates: never.
#[unsafe(no_mangle)]
pub extern "C" fn attestor_store_denials(store: Option<&attestor_store>) -> u64 {
    boundary(0, || store.map_or(0, |store| store.inner.denials() as u64))
}
