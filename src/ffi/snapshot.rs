//! Snapshots of a store, and its keys as documents for others.

use super::boundary::{bytes, check_buffer, required, status, write_bytes};
use super::store::{attestor_store, format, now, source};
use super::structs::{Sized32, check_optional, write_optional};
use super::types::{attestor_error, attestor_status};
use crate::error::ConfigError;
use crate::trust::SnapshotKey;
use crate::verdict::Reason;
use core::ffi::c_char;

const MAX_KEY: usize = 4096;
const MAX_SNAPSHOT: usize = 1 << 30;

/// What `attestor_store_restore` did.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_restore_report {
    /// `sizeof(attestor_restore_report)`; set before the call.
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    /// Slots it filled.
    pub slots: u64,
    /// Slots it left alone: a feed had filled them.
    pub skipped: u64,
    /// Entries it added to the deny overlay.
    pub denials: u64,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_restore_report {}

const _: () = assert!(size_of::<attestor_restore_report>() == 32);

/// SAFETY: `key` is NULL or valid for reads of `len` bytes.
unsafe fn snapshot_key(key: *const u8, len: usize) -> Result<SnapshotKey, ConfigError> {
    if key.is_null() && len == 0 {
        return Ok(SnapshotKey::unkeyed());
    }
    if len > MAX_KEY {
        return Err(Reason::ArgumentInvalid.into());
    }
    // SAFETY: passed on.
    SnapshotKey::new(unsafe { bytes(key, len, MAX_KEY) }?)
}

/// Writes everything that the store holds: every slot, and the deny overlay but for what has expired. Callbacks,
/// health, policies and the publishing list are not in it.
///
/// `key` is a secret of 32 to 4096 bytes that only the host's own processes know, or (NULL, 0): then a checksum tells
/// accidents, and the host protects the file. `buf` may be NULL if `cap` is 0, to ask for the size: it is that of the
/// moment, so ask again if it has grown meanwhile. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size), ATTESTOR_ARGUMENT_INVALID (a key of
/// another length), ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED.
/// Threads: any; waits for an update under way, readers never wait for it. Allocates: yes; the key is not kept.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_snapshot(
    store: Option<&attestor_store>,
    key: *const u8,
    key_len: usize,
    now: i64,
    buf: *mut u8,
    cap: usize,
    len_out: *mut usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        check_buffer(buf, cap, len_out)?;
        let store = required(store)?;
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let key = unsafe { snapshot_key(key, key_len) }?;
        let snapshot = store.inner.snapshot(&key, self::now(now))?;
        // SAFETY: the header asks for a writable buffer and pointer.
        Ok(unsafe { write_bytes(&snapshot, buf, cap, len_out) }?)
    })
}

/// Fills the slots that nothing has filled with what a snapshot holds, and denies what it denies; all or nothing.
///
/// Material goes on ageing from when its feed last confirmed it: it is stale at its hard age, at the latest after 24 h,
/// and at once if that time is in the future. It is ATTESTOR_SLOT_RESTORED until its feed speaks. `key` as the snapshot
/// was made with, at most 1 GiB at `snapshot`. `out` (its `struct_size` set) and `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_SNAPSHOT_INVALID (not a snapshot, of another version, made under another key or
/// none, changed), ATTESTOR_OVERLAY_FULL, ATTESTOR_ARGUMENT_INVALID, ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED.
/// Threads: any, although the handle is not const. Allocates: yes; the key is not kept.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_restore(
    store: *mut attestor_store,
    key: *const u8,
    key_len: usize,
    snapshot: *const u8,
    len: usize,
    now: i64,
    out: *mut attestor_restore_report,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = required(unsafe { store.as_ref() })?;
        // SAFETY: the header asks for readable (pointer, length) pairs.
        let (key, snapshot) = unsafe { (snapshot_key(key, key_len)?, bytes(snapshot, len, MAX_SNAPSHOT)?) };
        // SAFETY: the header asks for NULL or a structure that starts with its size.
        unsafe { check_optional(out) }?;
        if len > MAX_SNAPSHOT {
            return Err(Reason::SnapshotInvalid.into());
        }
        let report = store.inner.restore(&key, snapshot, self::now(now))?;
        let report = attestor_restore_report {
            struct_size: 0,
            flags: 0,
            slots: report.slots as u64,
            skipped: report.skipped as u64,
            denials: report.denials as u64,
        };
        // SAFETY: the header asks for NULL or a writable structure that starts with its size.
        Ok(unsafe { write_optional(out, &report) }?)
    })
}

/// Lets a source be published (`allowed` 1), or no longer (0). It may come before the source is fed, and stays when the
/// source is removed.
///
/// `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID, ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_STORE_POISONED.
/// Threads: any, although the handle is not const. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_allow_publishing(
    store: *mut attestor_store,
    kind: u32,
    name: *const c_char,
    name_len: usize,
    allowed: u32,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = required(unsafe { store.as_ref() })?;
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let source = unsafe { source(kind, name, name_len) }?;
        if allowed > 1 {
            return Err(Reason::ArgumentInvalid.into());
        }
        store.inner.allow_publishing(source, allowed == 1)
    })
}

/// Writes what the store holds of a source as a document for others, rebuilt from the public members that were read.
///
/// `format`: ATTESTOR_FORMAT_SPIFFE_BUNDLE of both slots; ATTESTOR_FORMAT_JWKS, ATTESTOR_FORMAT_WORKLOAD_API_JWKS,
/// ATTESTOR_FORMAT_PUBLIC_KEY_PEM of the JWT keys; ATTESTOR_FORMAT_X509_PEM, ATTESTOR_FORMAT_X509_DER of the
/// authorities. `buf` may be NULL if `cap` is 0, to ask for the size of the moment. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size), ATTESTOR_SOURCE_NOT_PUBLISHED of
/// every source that `attestor_store_allow_publishing` does not list, ATTESTOR_BUNDLE_UNAVAILABLE if a slot that the
/// format speaks for is not filled, ATTESTOR_BUNDLE_STALE, ATTESTOR_NO_USABLE_KEYS if the format has a place for none,
/// ATTESTOR_FORMAT_UNSUPPORTED, ATTESTOR_BUNDLE_MALFORMED (larger than a reader takes), ATTESTOR_SOURCE_NAME_INVALID,
/// ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED.
/// Threads: any; waits for an update under way, readers never wait for it. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_publish(
    store: Option<&attestor_store>,
    kind: u32,
    name: *const c_char,
    name_len: usize,
    format: u32,
    now: i64,
    buf: *mut u8,
    cap: usize,
    len_out: *mut usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        check_buffer(buf, cap, len_out)?;
        let store = required(store)?;
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let source = unsafe { source(kind, name, name_len) }?;
        let document = store.inner.publish(source, self::format(format)?, self::now(now))?;
        // SAFETY: the header asks for a writable buffer and pointer.
        Ok(unsafe { write_bytes(&document, buf, cap, len_out) }?)
    })
}
