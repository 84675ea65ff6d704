//! What is known of the feeding of a source.

use super::boundary::{required, status};
use super::store::{attestor_store, now, source};
use super::structs::{Sized32, declared_size, flags, write_struct};
use super::types::{attestor_error, attestor_status};
use crate::clock::Now;
use crate::error::ConfigError;
use crate::trust::{BundleStore, Freshness, SlotKind, Source, SourceHealth};
use crate::verdict::Reason;
use core::ffi::c_char;

/// `jwt_freshness`, `x509_freshness`: within the soft age, or without one. 0 is a slot that nothing has filled.
pub const ATTESTOR_FRESH: u32 = 1;
/// `jwt_freshness`, `x509_freshness`: past the soft age: still used, a refresh is due.
pub const ATTESTOR_DUE: u32 = 2;
/// `jwt_freshness`, `x509_freshness`: at the hard age: no longer used.
pub const ATTESTOR_STALE: u32 = 3;

const _: () = assert!(ATTESTOR_FRESH == Freshness::Fresh as u32);
const _: () = assert!(ATTESTOR_DUE == Freshness::Due as u32);
const _: () = assert!(ATTESTOR_STALE == Freshness::Stale as u32);

/// `attestor_source_health.flags`: a callback feeds the source.
pub const ATTESTOR_HEALTH_HAS_CALLBACK: u32 = 1;
/// `attestor_source_health.flags`: a verification asked for a key that the source does not have, and nobody has fetched
/// since.
pub const ATTESTOR_HEALTH_WANTED: u32 = 2;
/// `attestor_source_health.flags`: a callback is fetching the source.
pub const ATTESTOR_HEALTH_IN_FLIGHT: u32 = 4;
/// `attestor_source_health.flags`: the last update had nothing usable in it, and nothing has succeeded since.
pub const ATTESTOR_HEALTH_EMPTY_UPDATE: u32 = 8;
/// `attestor_source_health.flags`: `now` is before the material was confirmed.
pub const ATTESTOR_HEALTH_CLOCK_WENT_BACK: u32 = 16;

/// What is known of the feeding of a source.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_source_health {
    /// `sizeof(attestor_source_health)`; set before the call.
    pub struct_size: u32,
    /// ATTESTOR_HEALTH_*.
    pub flags: u32,
    /// Updates and confirmations that succeeded.
    pub refreshes: u64,
    /// Updates and fetches that failed.
    pub failures: u64,
    /// How many of them since the last success.
    pub failures_in_a_row: u32,
    /// Why the last of them failed; ATTESTOR_OK if something has succeeded since.
    pub last_failure: attestor_status,
    /// What the callback of that failure returned; 0 if it was no callback's.
    pub host_code: i32,
    /// ATTESTOR_FRESH, ATTESTOR_DUE, ATTESTOR_STALE of the JWT keys, or 0.
    pub jwt_freshness: u32,
    /// Likewise of the X.509 authorities.
    pub x509_freshness: u32,
    /// 0.
    pub reserved: u32,
    /// Unix seconds of the last success; 0 is never.
    pub succeeded_at: i64,
    /// Unix seconds of the last failure; 0 is never.
    pub failed_at: i64,
    /// Unix seconds at which the callback is due, in the past if it is overdue; INT64_MAX is never.
    pub next_refresh: i64,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_source_health {}

const _: () = assert!(size_of::<attestor_source_health>() == 72);

/// Says what is known of the feeding of a source, and how fresh it is. `kind` and `name` as for
/// `attestor_store_set_source`.
///
/// `out->struct_size` must be set. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUNDLE_UNAVAILABLE if it is neither fed nor has a callback,
/// ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_CLOCK_INVALID.
/// Threads: any. Allocates: never.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_health(
    store: Option<&attestor_store>,
    kind: u32,
    name: *const c_char,
    name_len: usize,
    now: i64,
    out: *mut attestor_source_health,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        let store = required(store)?;
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let source = unsafe { source(kind, name, name_len) }?;
        // SAFETY: the header asks for a structure that starts with its size.
        unsafe { declared_size(out) }?;
        let at = self::now(now).resolve()?;
        let health = store.inner.health(source, Now::At(at))?.ok_or(Reason::BundleUnavailable)?;
        let mut report = report_of(&health);
        if !source.name.is_empty() {
            report.jwt_freshness = freshness(&store.inner, source, SlotKind::Jwt, at)?;
            report.x509_freshness = freshness(&store.inner, source, SlotKind::X509, at)?;
        }
        // SAFETY: the header asks for a writable structure that starts with its size.
        Ok(unsafe { write_struct(out, &report) }?)
    })
}

fn freshness(store: &BundleStore, source: Source<'_>, slot: SlotKind, now: i64) -> Result<u32, ConfigError> {
    Ok(store.info(source, slot)?.map_or(0, |info| info.freshness(now) as u32))
}

fn report_of(health: &SourceHealth) -> attestor_source_health {
    attestor_source_health {
        struct_size: 0,
        flags: flags([
            (health.has_callback, ATTESTOR_HEALTH_HAS_CALLBACK),
            (health.wanted, ATTESTOR_HEALTH_WANTED),
            (health.in_flight, ATTESTOR_HEALTH_IN_FLIGHT),
            (health.empty_update, ATTESTOR_HEALTH_EMPTY_UPDATE),
            (health.clock_went_back, ATTESTOR_HEALTH_CLOCK_WENT_BACK),
        ]),
        refreshes: health.refreshes,
        failures: health.failures,
        failures_in_a_row: health.failures_in_a_row,
        last_failure: health.last_failure.map_or(0, Reason::code),
        host_code: health.host_code,
        jwt_freshness: 0,
        x509_freshness: 0,
        reserved: 0,
        succeeded_at: health.succeeded_at.unwrap_or_default(),
        failed_at: health.failed_at.unwrap_or_default(),
        next_refresh: health.next_refresh.unwrap_or(i64::MAX),
    }
}
