//! What is known of a slot.

use super::boundary::{required, status};
use super::store::{attestor_store, source};
use super::structs::{Sized32, flags, write_struct};
use super::types::{attestor_error, attestor_status};
use crate::trust::{GateFinding, Skip, SlotInfo, SlotKind};
use crate::verdict::Reason;
use core::ffi::c_char;

/// The slot of keys that verify JWTs.
pub const ATTESTOR_SLOT_JWT: u32 = 1;
/// The slot of X.509 authorities.
pub const ATTESTOR_SLOT_X509: u32 = 2;
/// The slot of X.509 revocation lists.
pub const ATTESTOR_SLOT_CRL: u32 = 3;

/// `attestor_slot_info.flags`: `sequence` is set.
pub const ATTESTOR_SLOT_HAS_SEQUENCE: u32 = 1;
/// `attestor_slot_info.flags`: `refresh_hint` is set.
pub const ATTESTOR_SLOT_HAS_REFRESH_HINT: u32 = 2;
/// `attestor_slot_info.flags`: `soft_age_secs` is set.
pub const ATTESTOR_SLOT_HAS_SOFT_AGE: u32 = 4;
/// `attestor_slot_info.flags`: `hard_age_secs` is set.
pub const ATTESTOR_SLOT_HAS_HARD_AGE: u32 = 8;
/// `attestor_slot_info.flags`: the material is a snapshot's, and no feed has spoken since.
pub const ATTESTOR_SLOT_RESTORED: u32 = 16;

/// `attestor_slot_info.findings`: `spiffe_sequence` went back.
pub const ATTESTOR_FINDING_ROLLBACK: u32 = 1;
/// `attestor_slot_info.findings`: a known `kid` has another key.
pub const ATTESTOR_FINDING_REKEYED: u32 = 2;
/// `attestor_slot_info.findings`: not one key or authority of the slot was in the update.
pub const ATTESTOR_FINDING_REPLACED: u32 = 4;

const _: () = assert!(ATTESTOR_FINDING_ROLLBACK == GateFinding::Rollback as u32);
const _: () = assert!(ATTESTOR_FINDING_REKEYED == GateFinding::Rekeyed as u32);
const _: () = assert!(ATTESTOR_FINDING_REPLACED == GateFinding::Replaced as u32);

/// What is known of a filled slot.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_slot_info {
    /// `sizeof(attestor_slot_info)`; set before the call.
    pub struct_size: u32,
    /// ATTESTOR_SLOT_HAS_*, ATTESTOR_SLOT_RESTORED.
    pub flags: u32,
    /// Counts the store's updates: a higher number is newer. Material that is only confirmed keeps its own.
    pub generation: u64,
    /// The feed that filled the slot.
    pub feed: u64,
    /// Unix seconds at which the feed last confirmed the material.
    pub confirmed_at: i64,
    /// `spiffe_sequence` of the document.
    pub sequence: u64,
    /// `spiffe_refresh_hint` in seconds, within 10 s and 24 h.
    pub refresh_hint: u64,
    /// Usable keys, authorities or lists; 0 means that all were revoked.
    pub entries: u64,
    /// SHA-256 of the document.
    pub digest: [u8; 32],
    /// Entries of the document that were passed over, by reason (`attestor_skip_slug`).
    pub skipped: [u32; 32],
    /// Seconds after which a refresh is due.
    pub soft_age_secs: u64,
    /// Seconds from which on the material is not used, unless a policy's `max_staleness_secs` says otherwise.
    pub hard_age_secs: u64,
    /// ATTESTOR_FINDING_*: what the rotation gate found in the last update.
    pub findings: u32,
    /// Additions of the last update that the rotation gate held back.
    pub withheld: u32,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_slot_info {}

const _: () = assert!(Skip::ALL.len() <= 32);
const _: () = assert!(size_of::<attestor_slot_info>() == 56 + 32 + 128 + 24);

/// Says what is known of a slot (ATTESTOR_SLOT_*).
///
/// `out->struct_size` must be set. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUNDLE_UNAVAILABLE if nothing has fed the slot, ATTESTOR_SOURCE_NAME_INVALID.
/// Threads: any; never waits. Allocates: never.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_info(
    store: Option<&attestor_store>,
    kind: u32,
    name: *const c_char,
    name_len: usize,
    slot: u32,
    out: *mut attestor_slot_info,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        let store = required(store)?;
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let source = unsafe { source(kind, name, name_len) }?;
        let slot = match slot {
            ATTESTOR_SLOT_JWT => SlotKind::Jwt,
            ATTESTOR_SLOT_X509 => SlotKind::X509,
            ATTESTOR_SLOT_CRL => SlotKind::Crl,
            _ => return Err(Reason::ArgumentInvalid.into()),
        };
        if out.is_null() {
            return Err(Reason::ArgumentInvalid.into());
        }
        let info = store.inner.info(source, slot)?.ok_or(Reason::BundleUnavailable)?;
        // SAFETY: the header asks for a writable structure that starts with its size.
        Ok(unsafe { write_struct(out, &report_of(&info)) }?)
    })
}

fn report_of(info: &SlotInfo) -> attestor_slot_info {
    let mut report = attestor_slot_info {
        struct_size: 0,
        flags: 0,
        generation: info.generation,
        feed: info.feed,
        confirmed_at: info.confirmed_at,
        sequence: info.sequence.unwrap_or_default(),
        refresh_hint: info.refresh_hint.unwrap_or_default(),
        entries: info.entries as u64,
        digest: info.digest,
        skipped: [0; 32],
        soft_age_secs: info.soft_age.unwrap_or_default(),
        hard_age_secs: info.hard_age.unwrap_or_default(),
        findings: info.findings,
        withheld: info.withheld,
    };
    report.flags = flags([
        (info.sequence.is_some(), ATTESTOR_SLOT_HAS_SEQUENCE),
        (info.refresh_hint.is_some(), ATTESTOR_SLOT_HAS_REFRESH_HINT),
        (info.soft_age.is_some(), ATTESTOR_SLOT_HAS_SOFT_AGE),
        (info.hard_age.is_some(), ATTESTOR_SLOT_HAS_HARD_AGE),
        (info.restored, ATTESTOR_SLOT_RESTORED),
    ]);
    report.skipped[..info.skipped.len()].copy_from_slice(&info.skipped);
    report
}
