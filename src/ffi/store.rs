//! `attestor_store`: the bundle cache.

use super::boundary::{boundary, bytes, required, status, write_out};
use super::structs::{Sized32, read_struct, write_struct};
use super::types::{attestor_error, attestor_status};
use crate::clock::Now;
use crate::error::ConfigError;
use crate::trust::{BundleStore, Format, PutOptions, Skip, SlotKind, Source, SourceKind};
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

/// `attestor_put_options.flags`: take the update although its sequence went back.
pub const ATTESTOR_PUT_FORCE: u32 = 1;

/// `now`: read the system clock. Other values are Unix seconds and must be positive.
pub const ATTESTOR_NOW: i64 = i64::MIN;

const MAX_NAME: usize = 2048;
/// A bundle map's limit; every other format has a lower one of its own.
const MAX_DOCUMENT: usize = 16 << 20;

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
    /// Must be 0.
    pub flags: u32,
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
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_put_options {}

/// What is known of a filled slot.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_slot_info {
    /// `sizeof(attestor_slot_info)`; set before the call.
    pub struct_size: u32,
    /// ATTESTOR_SLOT_HAS_*.
    pub flags: u32,
    /// Counts the store's updates: a higher number is newer.
    pub generation: u64,
    /// The feed that filled the slot.
    pub feed: u64,
    /// Unix seconds at which the feed last confirmed the material.
    pub confirmed_at: i64,
    /// `spiffe_sequence` of the document.
    pub sequence: u64,
    /// `spiffe_refresh_hint` in seconds, within 10 s and 24 h.
    pub refresh_hint: u64,
    /// Usable keys or authorities; 0 means that all were revoked.
    pub entries: u64,
    /// SHA-256 of the document.
    pub digest: [u8; 32],
    /// Entries of the document that were passed over, by reason (`attestor_skip_slug`).
    pub skipped: [u32; 32],
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_slot_info {}

const _: () = assert!(Skip::ALL.len() <= 32);
const _: () = assert!(size_of::<attestor_store_options>() == 8);
const _: () = assert!(size_of::<attestor_put_options>() == 16);
const _: () = assert!(size_of::<attestor_slot_info>() == 56 + 32 + 128);

/// `now` of the header as the core takes it.
pub(super) fn now(seconds: i64) -> Now {
    if seconds == ATTESTOR_NOW { Now::System } else { Now::At(seconds) }
}

/// SAFETY: `name` is NULL or valid for reads of `name_len` bytes.
unsafe fn source<'a>(kind: u32, name: *const c_char, name_len: usize) -> Result<Source<'a>, Reason> {
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
        let options = unsafe { read_struct(options) }?;
        if options.is_some_and(|options| options.flags != 0) {
            return Err(Reason::OptionUnsupported.into());
        }
        let store = Arc::new(attestor_store { inner: Arc::new(BundleStore::new()) });
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
/// A verifier holds its own reference. Threads: any; a thread that still uses the handle must hold
/// a reference of its own. Allocates: never.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_free(store: *mut attestor_store) {
    boundary((), || {
        if !store.is_null() {
            // SAFETY: a live handle came from `Arc::into_raw`, and the caller gives this reference up.
            drop(unsafe { Arc::from_raw(store) });
        }
    });
}

/// Takes a bundle document for a source. All slots it speaks for are replaced at once, or nothing is:
/// on failure the last good bundle stays. `{"keys": []}` revokes.
///
/// A bundle map is all that its feed delivers: each bundle is taken or none, and what the feed filled for other
/// trust domains is dropped. A reader may meet some domains of the new map beside others of the old one.
/// `kind` ATTESTOR_SOURCE_*, `name` a trust domain (`example.org` or `spiffe://example.org`) or an issuer, empty for
/// a bundle map, `format` ATTESTOR_FORMAT_*, `now` Unix seconds or ATTESTOR_NOW. `options` and `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUNDLE_MALFORMED, ATTESTOR_BUNDLE_PRIVATE_KEY, ATTESTOR_NO_USABLE_KEYS,
/// ATTESTOR_TRUST_DOMAIN_MISMATCH, ATTESTOR_BUNDLE_ROLLBACK, ATTESTOR_BUNDLE_DUPLICATE_TRUST_DOMAIN,
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
        let format = match format {
            ATTESTOR_FORMAT_SPIFFE_BUNDLE => Format::SpiffeBundle,
            ATTESTOR_FORMAT_WORKLOAD_API_JWKS => Format::WorkloadApiJwks,
            ATTESTOR_FORMAT_JWKS => Format::Jwks,
            ATTESTOR_FORMAT_PUBLIC_KEY_PEM => Format::PublicKeyPem,
            ATTESTOR_FORMAT_X509_PEM => Format::X509Pem,
            ATTESTOR_FORMAT_X509_DER => Format::X509Der,
            ATTESTOR_FORMAT_BUNDLE_MAP => Format::BundleMap,
            ATTESTOR_FORMAT_X509_CRL => Format::X509Crl,
            _ => return Err(Reason::FormatUnsupported.into()),
        };
        // SAFETY: the header asks for NULL or a structure that starts with its size.
        let options = unsafe { read_struct(options) }?.unwrap_or_else(attestor_put_options::zeroed);
        if options.flags & !ATTESTOR_PUT_FORCE != 0 {
            return Err(Reason::OptionUnsupported.into());
        }
        let options = PutOptions { feed: options.feed, force: options.flags & ATTESTOR_PUT_FORCE != 0 };
        store.inner.put(source, format, document, &options, self::now(now)).map(|_| ())
    })
}

/// Forgets a source at once: the next verification finds it unavailable. An unknown one is fine.
///
/// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_SOURCE_NAME_INVALID.
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
        };
        report.flags |= if info.sequence.is_some() { ATTESTOR_SLOT_HAS_SEQUENCE } else { 0 };
        report.flags |= if info.refresh_hint.is_some() { ATTESTOR_SLOT_HAS_REFRESH_HINT } else { 0 };
        report.skipped[..info.skipped.len()].copy_from_slice(&info.skipped);
        // SAFETY: the header asks for a writable structure that starts with its size.
        unsafe { write_struct(out, &report) }.map_err(ConfigError::from)
    })
}
