//! What a verifier counts and knows, as numbers.

use super::boundary::{boundary, check_buffer, required, status, write_bytes};
use super::store::now;
use super::structs::{Sized32, declared_size, write_struct};
use super::types::{attestor_error, attestor_status};
use super::verifier::attestor_verifier;
use crate::error::ConfigError;
use crate::metrics::{Readiness, SourceMetrics, VerdictCount};
use crate::trust::Freshness;
use crate::verdict::{Class, Reason};
use core::ffi::c_char;

/// Whether the sources that a policy names can be used.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_readiness {
    /// `sizeof(attestor_readiness)`; set before the call.
    pub struct_size: u32,
    /// 1 if every source that the policy names can be used, else 0.
    pub ready: u32,
    /// Sources that the policy names.
    pub sources: u64,
    /// Of them, those whose material is fresh,
    pub fresh: u64,
    /// past its soft age in some slot,
    pub due: u64,
    /// at its hard age in some slot,
    pub stale: u64,
    /// or not there at all.
    pub missing: u64,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_readiness {}

/// `attestor_metrics.flags`: AVX-512 IFMA is used: the processor has it, and the store's options allow it.
pub const ATTESTOR_METRICS_IFMA: u32 = 1;

/// What a verifier has counted since it was made.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_metrics {
    /// `sizeof(attestor_metrics)`; set before the call.
    pub struct_size: u32,
    /// ATTESTOR_METRICS_IFMA or 0.
    pub flags: u32,
    /// Verdicts of class allow.
    pub allowed: u64,
    /// Of class deny.
    pub denied: u64,
    /// Of class unavailable.
    pub unavailable: u64,
    /// Of class misuse.
    pub misused: u64,
    /// Look-ups in the verified-credential cache that found a credential whose verdict still held.
    pub cache_hits: u64,
    /// Look-ups that found nothing, or another thread changing that part of the cache.
    pub cache_misses: u64,
    /// Verdicts taken in; replaced ones count again.
    pub cache_insertions: u64,
    /// Verdicts that made room for others.
    pub cache_evictions: u64,
    /// Look-ups that found a credential whose verdict no longer held: it was judged in full.
    pub cache_stale: u64,
    /// Verdicts held now.
    pub cache_entries: u64,
    /// Bytes set aside for their texts now, beside a fixed record of less than half a kilobyte each.
    pub cache_bytes: u64,
    /// Keys of the store that have a table now.
    pub key_tables_held: u64,
    /// Bytes that these take.
    pub key_tables_bytes: u64,
    /// Tables that were made.
    pub key_tables_made: u64,
    /// Tables that gave their place to others'.
    pub key_tables_evicted: u64,
    /// Tables that the reference contradicted, and self-tests that failed: anything but 0 is a defect of the library or the
    /// machine. Every verdict was the reference's.
    pub key_tables_disagreements: u64,
    /// Signatures that tables checked, for any verifier of the store.
    pub key_tables_by_table: u64,
    /// Signatures of the store's keys that the reference checked.
    pub key_tables_by_reference: u64,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_metrics {}

/// How often one attestor came to one verdict.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_verdict_count {
    /// The attestor's id, NUL-terminated; empty where no attestor took the credential, `other` for those that the
    /// policy no longer has.
    pub attestor_id: [c_char; 65],
    /// 0.
    pub reserved: [u8; 3],
    /// The verdict.
    pub code: attestor_status,
    /// Never 0.
    pub count: u64,
}

/// What is known of a source, as numbers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_source_metrics {
    /// `sizeof(attestor_source_metrics)`; set before the call.
    pub struct_size: u32,
    /// ATTESTOR_SOURCE_*; 0 for all sources together that the policy does not name.
    pub kind: u32,
    /// ATTESTOR_FRESH, ATTESTOR_DUE, ATTESTOR_STALE of the JWT keys, of the others the worst; 0 if there are none.
    pub jwt_freshness: u32,
    /// Likewise of the X.509 authorities.
    pub x509_freshness: u32,
    /// Seconds since the older of both was confirmed; -1 if there are none.
    pub age_secs: i64,
    /// 1, or how many the others are.
    pub sources: u64,
    /// Usable JWT keys.
    pub keys: u64,
    /// Usable X.509 authorities.
    pub authorities: u64,
    /// Entries of their documents that were passed over.
    pub skipped: u64,
    /// Updates and confirmations that succeeded.
    pub refreshes: u64,
    /// Updates and fetches that failed.
    pub failures: u64,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_source_metrics {}

const _: () = assert!(size_of::<attestor_readiness>() == 48);
const _: () = assert!(size_of::<attestor_metrics>() == 152);
const _: () = assert!(size_of::<attestor_verdict_count>() == 80);
const _: () = assert!(size_of::<attestor_source_metrics>() == 72);

/// Says whether the sources that the policy names can be used at `now`. A policy that takes every trust domain of a
/// feed names none.
///
/// `out->struct_size` must be set. `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_CLOCK_INVALID.
/// Threads: any; never waits. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verifier_readiness(
    verifier: Option<&attestor_verifier>,
    now: i64,
    out: *mut attestor_readiness,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        let verifier = required(verifier)?;
        // SAFETY: the header asks for a structure that starts with its size.
        unsafe { declared_size(out) }?;
        let readiness = readiness_of(&verifier.inner.readiness(self::now(now))?);
        // SAFETY: the header asks for a writable structure that starts with its size.
        Ok(unsafe { write_struct(out, &readiness) }?)
    })
}

fn readiness_of(readiness: &Readiness) -> attestor_readiness {
    attestor_readiness {
        struct_size: 0,
        ready: readiness.is_ready().into(),
        sources: readiness.sources as u64,
        fresh: readiness.fresh as u64,
        due: readiness.due as u64,
        stale: readiness.stale as u64,
        missing: readiness.missing as u64,
    }
}

/// Reads what was counted: verdicts by class, the verified-credential cache, and the tables of the store's keys. A
/// shadow policy's do not count.
///
/// `out->struct_size` must be set. `err` may be NULL. Returns: ATTESTOR_OK.
/// Threads: any; a verification never waits for it. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verifier_metrics(
    verifier: Option<&attestor_verifier>,
    out: *mut attestor_metrics,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        let verifier = required(verifier)?;
        let metrics = verifier.inner.metrics();
        let of = |class: Class| {
            let verdicts = metrics.verdicts.iter();
            let counts = verdicts.filter(|verdict| class_of(verdict) == class).map(|verdict| verdict.count);
            counts.fold(0, u64::saturating_add)
        };
        let report = attestor_metrics {
            struct_size: 0,
            flags: if metrics.key_tables.ifma { ATTESTOR_METRICS_IFMA } else { 0 },
            allowed: of(Class::Allow),
            denied: of(Class::Deny),
            unavailable: of(Class::Unavailable),
            misused: of(Class::Misuse),
            cache_hits: metrics.cache.hits,
            cache_misses: metrics.cache.misses,
            cache_insertions: metrics.cache.insertions,
            cache_evictions: metrics.cache.evictions,
            cache_stale: metrics.cache.stale,
            cache_entries: metrics.cache.entries,
            cache_bytes: metrics.cache.bytes,
            key_tables_held: metrics.key_tables.tables,
            key_tables_bytes: metrics.key_tables.bytes,
            key_tables_made: metrics.key_tables.made,
            key_tables_evicted: metrics.key_tables.evicted,
            key_tables_disagreements: metrics.key_tables.disagreements,
            key_tables_by_table: metrics.key_tables.by_table,
            key_tables_by_reference: metrics.key_tables.by_reference,
        };
        // SAFETY: the header asks for a writable structure that starts with its size.
        Ok(unsafe { write_struct(out, &report) }?)
    })
}

fn class_of(verdict: &VerdictCount) -> Class {
    verdict.reason.map_or(Class::Allow, Reason::class)
}

/// Reads the verdicts by attestor and code, those that occurred. Only ids of the policy are told: nobody outside can
/// add rows.
///
/// `rows` may be NULL if `cap` is 0, to ask for the number of rows: then ATTESTOR_BUFFER_TOO_SMALL and `*len_out`, or
/// ATTESTOR_OK if there are none. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed number).
/// Threads: any; a verification never waits for it. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verifier_verdict_counts(
    verifier: Option<&attestor_verifier>,
    rows: *mut attestor_verdict_count,
    cap: usize,
    len_out: *mut usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        check_buffer(rows.cast(), cap, len_out)?;
        let counts = required(verifier)?.inner.metrics().verdicts;
        // SAFETY: not NULL; the header asks for a writable pointer.
        unsafe { len_out.write(counts.len()) };
        if cap < counts.len() {
            return Err(Reason::BufferTooSmall.into());
        }
        for (at, count) in counts.iter().enumerate() {
            // SAFETY: the header asks for room for `cap` rows, which is enough.
            unsafe { rows.add(at).write(row_of(count)) };
        }
        Ok(())
    })
}

fn row_of(count: &VerdictCount) -> attestor_verdict_count {
    let mut row = attestor_verdict_count {
        attestor_id: [0; 65],
        reserved: [0; 3],
        code: count.reason.map_or(0, Reason::code),
        count: count.count,
    };
    // A policy's ids have at most 64 bytes: the last one stays NUL.
    for (to, from) in row.attestor_id[..64].iter_mut().zip(count.attestor.bytes()) {
        *to = c_char::from_ne_bytes([from]);
    }
    row
}

/// How many rows `attestor_verifier_source_metrics` has: the sources that the policy names, and one for all others
/// together. 0 for NULL.
///
/// Threads: any; never waits. Allocates: never.
#[unsafe(no_mangle)]
pub extern "C" fn attestor_verifier_source_count(verifier: Option<&attestor_verifier>) -> u64 {
    boundary(0, || verifier.map_or(0, |verifier| verifier.inner.source_count() as u64))
}

/// Reads what is known of one of the sources that the policy names, in the order of their names; the last one is all
/// others together.
///
/// `index` below `attestor_verifier_source_count`. `out->struct_size` must be set. `name` has room for `cap` bytes, and
/// may be NULL if `cap` is 0; it is empty for the others. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size; `out` is written all the same),
/// ATTESTOR_ARGUMENT_INVALID past the last, ATTESTOR_CLOCK_INVALID.
/// Threads: any; never waits. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_verifier_source_metrics(
    verifier: Option<&attestor_verifier>,
    index: u64,
    now: i64,
    out: *mut attestor_source_metrics,
    name: *mut c_char,
    cap: usize,
    len_out: *mut usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        check_buffer(name.cast(), cap, len_out)?;
        let verifier = required(verifier)?;
        // SAFETY: the header asks for a structure that starts with its size.
        unsafe { declared_size(out) }?;
        let at = usize::try_from(index).map_err(|_| Reason::ArgumentInvalid)?;
        let metrics = required(verifier.inner.source_metrics_at(at, self::now(now))?)?;
        // SAFETY: the header asks for a writable structure that starts with its size.
        unsafe { write_struct(out, &source_metrics_of(&metrics)) }?;
        let source = metrics.source.as_ref().map_or("", |(_, name)| name);
        // SAFETY: the header asks for a writable buffer and pointer.
        unsafe { write_bytes(source.as_bytes(), name.cast(), cap, len_out) }.map_err(ConfigError::from)
    })
}

fn source_metrics_of(metrics: &SourceMetrics) -> attestor_source_metrics {
    let freshness = |of: Option<Freshness>| of.map_or(0, |freshness| freshness as u32);
    let age = |secs| i64::try_from(secs).unwrap_or(i64::MAX);
    attestor_source_metrics {
        struct_size: 0,
        kind: metrics.source.as_ref().map_or(0, |(kind, _)| *kind as u32),
        jwt_freshness: freshness(metrics.jwt),
        x509_freshness: freshness(metrics.x509),
        age_secs: metrics.age.map_or(-1, age),
        sources: metrics.sources,
        keys: metrics.keys,
        authorities: metrics.authorities,
        skipped: metrics.skipped,
        refreshes: metrics.refreshes,
        failures: metrics.failures,
    }
}
