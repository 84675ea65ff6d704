//! `attestor_store`: the bundle cache.

use super::boundary::{boundary, bytes, required, status, write_out};
use super::structs::{Sized32, read_struct};
use super::types::{attestor_error, attestor_status};
use crate::clock::Now;
use crate::trust::{
    BundleStore, Format, GateAction, KeyTables, PutOptions, Source, SourceKind, StoreOptions,
};
use crate::verdict::Reason;
use core::ffi::c_char;
use core::ptr::null_mut;
use std::sync::Arc;

/// A source named by a trust domain: slots jwt and x509.
pub const ATTESTOR_SOURCE_TRUST_DOMAIN: u32 = 1;
/// A source named by a token issuer: slot jwt.
pub const ATTESTOR_SOURCE_ISSUER: u32 = 2;

/// A SPIFFE bundle document: each entry's `use` decides; feeds both slots.
pub const ATTESTOR_FORMAT_SPIFFE_BUNDLE: u32 = 1;
/// A JWT bundle as the Workload API gives it: `use` absent or `jwt-svid`; feeds the jwt slot.
pub const ATTESTOR_FORMAT_WORKLOAD_API_JWKS: u32 = 2;
/// A plain key set: `use` absent, `sig` or `jwt-svid`; feeds the jwt slot of an issuer or trust domain.
pub const ATTESTOR_FORMAT_JWKS: u32 = 3;
/// PEM `PUBLIC KEY` blocks, the `kid` of each its thumbprint; feeds the jwt slot of an issuer or trust domain.
pub const ATTESTOR_FORMAT_PUBLIC_KEY_PEM: u32 = 4;
/// PEM `CERTIFICATE` blocks; feeds the x509 slot.
pub const ATTESTOR_FORMAT_X509_PEM: u32 = 5;
/// DER certificates one after the other; feeds the x509 slot.
pub const ATTESTOR_FORMAT_X509_DER: u32 = 6;
/// A SPIFFE bundle map: the bundles of all trust domains of a feed. Put as the trust domain of the empty name.
pub const ATTESTOR_FORMAT_BUNDLE_MAP: u32 = 7;
/// DER revocation lists one after the other; feeds the CRL slot of a trust domain. An empty document clears it.
pub const ATTESTOR_FORMAT_X509_CRL: u32 = 8;

/// `attestor_put_options.flags`: take the update whatever the rotation gate says.
pub const ATTESTOR_PUT_FORCE: u32 = 1;
/// `attestor_put_options.flags`: the material does not age: a file that an operator keeps.
pub const ATTESTOR_PUT_PERMANENT: u32 = 2;

/// `attestor_store_options.gate_*`: nothing is done.
pub const ATTESTOR_GATE_OFF: u32 = 1;
/// `attestor_store_options.gate_*`: the update is taken, and the slot says so.
pub const ATTESTOR_GATE_WARN: u32 = 2;
/// `attestor_store_options.gate_*`: removals are taken, additions are not, and the put says why.
pub const ATTESTOR_GATE_HOLD: u32 = 3;

/// `attestor_store_options.flags`: no AVX-512 IFMA, whatever the processor has; the verdicts are the same.
pub const ATTESTOR_STORE_NO_IFMA: u32 = 1;

/// `attestor_store_options.key_tables`: no key gets a table.
pub const ATTESTOR_KEY_TABLES_OFF: u32 = 1;
/// `attestor_store_options.key_tables`: a key gets its table when it has proven busy.
pub const ATTESTOR_KEY_TABLES_AUTO: u32 = 2;
/// `attestor_store_options.key_tables`: every key gets its table when it is put.
pub const ATTESTOR_KEY_TABLES_AT_LOAD: u32 = 3;

/// `now`: read the system clock. Other values are Unix seconds and must be positive.
pub const ATTESTOR_NOW: i64 = i64::MIN;

const MAX_NAME: usize = 2048;
/// A bundle map's limit; every other format has a lower one of its own.
pub(super) const MAX_DOCUMENT: usize = 16 << 20;

/// The bundle cache. Shared: any number of threads; reference-counted by `_ref` and `_free`.
pub struct attestor_store {
    pub(super) inner: Arc<BundleStore>,
}

/// Options of `attestor_store_new`. Zero is the default of every member.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_store_options {
    /// `sizeof(attestor_store_options)`.
    pub struct_size: u32,
    /// ATTESTOR_STORE_NO_IFMA or 0.
    pub flags: u32,
    /// ATTESTOR_GATE_*: what is done about a `spiffe_sequence` that went back; 0 is ATTESTOR_GATE_HOLD.
    pub gate_rollback: u32,
    /// ATTESTOR_GATE_*: about a known `kid` that has another key; 0 is ATTESTOR_GATE_HOLD.
    pub gate_rekeyed: u32,
    /// ATTESTOR_GATE_*: about all keys replaced at once; 0 is ATTESTOR_GATE_WARN.
    pub gate_replaced: u32,
    /// Seconds between two fetches of a source for keys that it did not have; 0 is 10.
    pub cooldown_secs: u32,
    /// ATTESTOR_KEY_TABLES_*: which keys get tables, by which signatures are checked faster; 0 is
    /// ATTESTOR_KEY_TABLES_AUTO.
    pub key_tables: u32,
    /// Must be 0.
    pub reserved: u32,
    /// Most bytes of the tables, of which the least recently used go; 0 is 32 MiB.
    pub key_table_bytes: u64,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_store_options {}

/// Options of `attestor_store_put`. Zero is the default of every member.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_put_options {
    /// `sizeof(attestor_put_options)`.
    pub struct_size: u32,
    /// ATTESTOR_PUT_*.
    pub flags: u32,
    /// Which feed speaks: a slot belongs to the feed that filled it last.
    pub feed: u64,
    /// Seconds for which the host of the document says it may be kept (`Cache-Control: max-age`); 0 if it says nothing.
    pub max_age_secs: u64,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_put_options {}

const _: () = assert!(size_of::<attestor_store_options>() == 40);
const _: () = assert!(size_of::<attestor_put_options>() == 24);

/// `now` of the header as the core takes it.
pub(super) fn now(seconds: i64) -> Now {
    if seconds == ATTESTOR_NOW { Now::System } else { Now::At(seconds) }
}

/// SAFETY: `name` is NULL or valid for reads of `name_len` bytes.
pub(super) unsafe fn source<'a>(
    kind: u32,
    name: *const c_char,
    name_len: usize,
) -> Result<Source<'a>, Reason> {
    let kind = match kind {
        ATTESTOR_SOURCE_TRUST_DOMAIN => SourceKind::TrustDomain,
        ATTESTOR_SOURCE_ISSUER => SourceKind::Issuer,
        _ => return Err(Reason::ArgumentInvalid),
    };
    // SAFETY: passed on.
    let name = unsafe { bytes(name.cast(), name_len, MAX_NAME) }?;
    if name_len > MAX_NAME {
        return Err(Reason::SourceNameInvalid);
    }
    Ok(Source { kind, name: core::str::from_utf8(name).map_err(|_| Reason::SourceNameInvalid)? })
}

impl attestor_store_options {
    fn read(&self) -> Result<StoreOptions, Reason> {
        if self.flags & !ATTESTOR_STORE_NO_IFMA != 0 || self.reserved != 0 {
            return Err(Reason::OptionUnsupported);
        }
        let mut options = StoreOptions::default();
        let rules = [
            (self.gate_rollback, &mut options.gate.rollback),
            (self.gate_rekeyed, &mut options.gate.rekeyed),
            (self.gate_replaced, &mut options.gate.replaced),
        ];
        for (chosen, rule) in rules {
            *rule = match chosen {
                0 => *rule,
                ATTESTOR_GATE_OFF => GateAction::Off,
                ATTESTOR_GATE_WARN => GateAction::Warn,
                ATTESTOR_GATE_HOLD => GateAction::Hold,
                _ => return Err(Reason::ArgumentInvalid),
            };
        }
        if self.cooldown_secs != 0 {
            options.cooldown = self.cooldown_secs;
        }
        options.key_tables = match self.key_tables {
            0 => options.key_tables,
            ATTESTOR_KEY_TABLES_OFF => KeyTables::Off,
            ATTESTOR_KEY_TABLES_AUTO => KeyTables::Auto,
            ATTESTOR_KEY_TABLES_AT_LOAD => KeyTables::AtLoad,
            _ => return Err(Reason::ArgumentInvalid),
        };
        if self.key_table_bytes != 0 {
            options.key_table_bytes = usize::try_from(self.key_table_bytes).unwrap_or(usize::MAX);
        }
        options.ifma = self.flags & ATTESTOR_STORE_NO_IFMA == 0;
        Ok(options)
    }
}

/// `format` of the header as the core takes it.
pub(super) fn format(format: u32) -> Result<Format, Reason> {
    match format {
        ATTESTOR_FORMAT_SPIFFE_BUNDLE => Ok(Format::SpiffeBundle),
        ATTESTOR_FORMAT_WORKLOAD_API_JWKS => Ok(Format::WorkloadApiJwks),
        ATTESTOR_FORMAT_JWKS => Ok(Format::Jwks),
        ATTESTOR_FORMAT_PUBLIC_KEY_PEM => Ok(Format::PublicKeyPem),
        ATTESTOR_FORMAT_X509_PEM => Ok(Format::X509Pem),
        ATTESTOR_FORMAT_X509_DER => Ok(Format::X509Der),
        ATTESTOR_FORMAT_BUNDLE_MAP => Ok(Format::BundleMap),
        ATTESTOR_FORMAT_X509_CRL => Ok(Format::X509Crl),
        _ => Err(Reason::FormatUnsupported),
    }
}

/// Makes an empty store.
///
/// `options` and `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_OPTION_UNSUPPORTED, ATTESTOR_ARGUMENT_INVALID (`*out` is then NULL).
/// Lifetime: until the last reference is given up with `attestor_store_free`.
/// Threads: any. Allocates: on construction.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_new(
    options: *const attestor_store_options,
    out: *mut *mut attestor_store,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for a writable pointer.
        unsafe { write_out(out, null_mut()) }?;
        // SAFETY: the header asks for NULL or a structure that starts with its size.
        let options = unsafe { read_struct(options) }?.unwrap_or_else(attestor_store_options::zeroed);
        let store = Arc::new(attestor_store { inner: Arc::new(BundleStore::with(options.read()?)) });
        // SAFETY: checked above.
        Ok(unsafe { write_out(out, Arc::into_raw(store).cast_mut()) }?)
    })
}

/// Adds a reference and returns the same handle; NULL for NULL.
///
/// Threads: any. Allocates: never.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_ref(store: *mut attestor_store) -> *mut attestor_store {
    boundary(null_mut(), || {
        if !store.is_null() {
            // SAFETY: a live handle came from `Arc::into_raw`.
            unsafe { Arc::increment_strong_count(store) };
        }
        store
    })
}

/// Gives up a reference; the last one frees the store. NULL is fine.
///
/// A verifier holds its own reference. Lifetime: with the store go its callbacks: `drop` of each runs here, or where
/// the last verifier is freed. Threads: any; a thread that still uses the handle must hold a reference of its own.
/// Allocates: never.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_free(store: *mut attestor_store) {
    boundary((), || {
        if !store.is_null() {
            // SAFETY: a live handle came from `Arc::into_raw`, and the caller gives this reference up.
            drop(unsafe { Arc::from_raw(store) });
        }
    });
}

/// Takes a bundle document for a source. All slots it speaks for are replaced at once, or nothing is: on failure
/// the last good bundle stays. A document that is the same as before only confirms what is there.
///
/// What the rotation gate holds takes its removals at once and keeps its additions back; ATTESTOR_PUT_FORCE passes
/// it. Empty and removal-only updates always pass: `{"keys": []}` revokes, but for an issuer, where it is refused.
/// Material ages from `now`: past its soft age (SPIFFE: the refresh hint, or 300 s; key sets: `max_age_secs` within
/// 300 s and 24 h, or 3600 s) a refresh is due, from its hard age (SPIFFE: twice that, within 60 s and 24 h; key sets:
/// 24 h) on it is not used. PEM files do not age unless `max_age_secs` is said; ATTESTOR_PUT_PERMANENT never does.
/// A bundle map is all that its feed delivers: each bundle is taken or none, and what the feed filled for other
/// trust domains is dropped. A reader may meet some domains of the new map beside others of the old one.
/// `kind` ATTESTOR_SOURCE_*, `name` a trust domain (`example.org` or `spiffe://example.org`) or an issuer, empty for
/// a bundle map, `format` ATTESTOR_FORMAT_*, `now` Unix seconds or ATTESTOR_NOW. `options` and `err` may be NULL.
/// Returns: ATTESTOR_OK; with the removals taken, ATTESTOR_BUNDLE_ROLLBACK, ATTESTOR_BUNDLE_REKEYED,
/// ATTESTOR_BUNDLE_REPLACED; with nothing changed, ATTESTOR_BUNDLE_MALFORMED, ATTESTOR_BUNDLE_PRIVATE_KEY,
/// ATTESTOR_NO_USABLE_KEYS, ATTESTOR_TRUST_DOMAIN_MISMATCH, ATTESTOR_BUNDLE_DUPLICATE_TRUST_DOMAIN,
/// ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_FORMAT_UNSUPPORTED, ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED,
/// ATTESTOR_OPTION_UNSUPPORTED.
/// Threads: any, although the handle is not const; updates run one after the other, readers never wait. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_put(
    store: *mut attestor_store,
    kind: u32,
    name: *const c_char,
    name_len: usize,
    format: u32,
    document: *const u8,
    document_len: usize,
    options: *const attestor_put_options,
    now: i64,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = required(unsafe { store.as_ref() })?;
        // SAFETY: the header asks for readable (pointer, length) pairs.
        let (source, document) =
            unsafe { (source(kind, name, name_len)?, bytes(document, document_len, MAX_DOCUMENT)?) };
        let format = self::format(format)?;
        // SAFETY: the header asks for NULL or a structure that starts with its size.
        let options = unsafe { read_struct(options) }?.unwrap_or_else(attestor_put_options::zeroed);
        if options.flags & !(ATTESTOR_PUT_FORCE | ATTESTOR_PUT_PERMANENT) != 0 {
            return Err(Reason::OptionUnsupported.into());
        }
        let options = PutOptions {
            feed: options.feed,
            force: options.flags & ATTESTOR_PUT_FORCE != 0,
            max_age: (options.max_age_secs != 0).then_some(options.max_age_secs),
            permanent: options.flags & ATTESTOR_PUT_PERMANENT != 0,
        };
        store.inner.put(source, format, document, &options, self::now(now)).map(|_| ())
    })
}

/// Forgets a source and its callback at once: the next verification finds it unavailable. An unknown one is fine.
///
/// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_STORE_POISONED.
/// Lifetime: `drop` of a callback runs before this returns, or when its fetch under way ends.
/// Threads: any, although the handle is not const. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_remove(
    store: *mut attestor_store,
    kind: u32,
    name: *const c_char,
    name_len: usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = required(unsafe { store.as_ref() })?;
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let source = unsafe { source(kind, name, name_len) }?;
        store.inner.remove(source).map(|_| ())
    })
}

/// Confirms at `now` what a feed put before: nothing is new (HTTP 304, a stream that was opened again).
///
/// The trust domain of the empty name stands for everything that `feed` put. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUNDLE_UNAVAILABLE if nothing there is of this feed, ATTESTOR_SOURCE_NAME_INVALID,
/// ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED.
/// Threads: any, although the handle is not const. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_touch(
    store: *mut attestor_store,
    kind: u32,
    name: *const c_char,
    name_len: usize,
    feed: u64,
    now: i64,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = required(unsafe { store.as_ref() })?;
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let source = unsafe { source(kind, name, name_len) }?;
        store.inner.touch(source, feed, self::now(now))
    })
}

/// Drops everything that a feed filled, at once: its host may no longer use it.
///
/// `*emptied` says how many sources hold nothing any more. `emptied` and `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_STORE_POISONED.
/// Threads: any, although the handle is not const. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_withdraw(
    store: *mut attestor_store,
    feed: u64,
    emptied: *mut u64,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = required(unsafe { store.as_ref() })?;
        let count = store.inner.withdraw(feed)?;
        // SAFETY: the header asks for NULL or a writable pointer.
        if let Some(emptied) = unsafe { emptied.as_mut() } {
            *emptied = count as u64;
        }
        Ok(())
    })
}
