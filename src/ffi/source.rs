//! The host's callbacks: who fetches a source's material, and when.

use super::boundary::{bytes, required, status, write_out};
use super::store::{ATTESTOR_PUT_FORCE, MAX_DOCUMENT, attestor_store, format, now, source};
use super::structs::{Sized32, check_optional, read_struct, write_optional};
use super::types::{attestor_error, attestor_status};
use crate::error::ConfigError;
use crate::trust::{Feed, FetchError, Sink, SinkOptions, Source};
use crate::verdict::Reason;
use core::ffi::{c_char, c_void};
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Where a callback puts what it fetched. Valid during the callback only, and on its thread only.
pub struct attestor_sink {
    _private: [u8; 0],
}

/// Options of `attestor_sink_put` and `attestor_sink_confirm`. Zero is the default of every member.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_sink_options {
    /// `sizeof(attestor_sink_options)`.
    pub struct_size: u32,
    /// ATTESTOR_PUT_FORCE or 0.
    pub flags: u32,
    /// Seconds for which the host of the document says it may be kept (`Cache-Control: max-age`); 0 if it says nothing.
    pub max_age_secs: u64,
    /// Seconds after which to fetch again; 0 is at the soft age, or half the hard one if that comes first.
    pub refresh_after_secs: u64,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_sink_options {}

/// A callback that fetches a source's material. Initialize with ATTESTOR_SOURCE_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_source {
    /// `sizeof(attestor_source)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// Hands the material of the source to `sink`, or confirms what it handed over before; 0, or the host's own number
    /// for why it could not. `name` has no NUL and is valid during the call; it is empty for the whole world of a feed.
    pub fetch: Option<
        unsafe extern "C-unwind" fn(
            userdata: *mut c_void,
            kind: u32,
            name: *const c_char,
            name_len: usize,
            sink: *mut attestor_sink,
        ) -> i32,
    >,
    /// Called exactly once, on any thread, when the store has let go of the callback; may be NULL.
    pub drop: Option<unsafe extern "C-unwind" fn(userdata: *mut c_void)>,
    /// The first argument of both; may be NULL. Used by any thread, by one at a time.
    pub userdata: *mut c_void,
    /// What the callback puts belongs to this feed.
    pub feed: u64,
}

// SAFETY: repr(C), integers, pointers and nullable function pointers, the size first.
unsafe impl Sized32 for attestor_source {}

/// What `attestor_store_refresh` did.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_refresh_report {
    /// `sizeof(attestor_refresh_report)`; set before the call.
    pub struct_size: u32,
    /// 0.
    pub flags: u32,
    /// Callbacks that succeeded.
    pub succeeded: u64,
    /// Callbacks that failed: `attestor_store_health` of their sources says why.
    pub failed: u64,
    /// Sources that were due and that another thread was fetching.
    pub busy: u64,
}

// SAFETY: repr(C), integers, the size first.
unsafe impl Sized32 for attestor_refresh_report {}

const _: () = assert!(size_of::<attestor_sink_options>() == 24);
const _: () = assert!(core::mem::offset_of!(attestor_source, userdata) == 8 + 2 * size_of::<usize>());
const _: () = assert!(size_of::<attestor_source>() == core::mem::offset_of!(attestor_source, feed) + 8);
const _: () = assert!(size_of::<attestor_refresh_report>() == 32);

type Fetch = unsafe extern "C-unwind" fn(*mut c_void, u32, *const c_char, usize, *mut attestor_sink) -> i32;
type Release = unsafe extern "C-unwind" fn(*mut c_void);

/// Keeps a thread that its host ends inside a callback until the process is gone, as `pthread_exit` by an interpreter
/// that exits: nobody may take down the frames above it.
struct Stays;

impl Drop for Stays {
    fn drop(&mut self) {
        loop {
            std::thread::park();
        }
    }
}

/// Runs host code that may never come back.
fn host<R>(code: impl FnOnce() -> R) -> R {
    let stays = Stays;
    let result = code();
    core::mem::forget(stays);
    result
}

/// A host's callback as the store holds it.
struct HostFeed {
    fetch: Fetch,
    release: Option<Release>,
    userdata: *mut c_void,
    /// Set by the first of the two that must have happened before `release`: the store took the callback, and let go.
    half_done: Arc<AtomicBool>,
}

// SAFETY: the header asks for functions and userdata that any thread may use; the store calls one at a time.
unsafe impl Send for HostFeed {}
// SAFETY: likewise.
unsafe impl Sync for HostFeed {}

impl Feed for HostFeed {
    fn fetch(&self, source: Source<'_>, sink: &mut Sink<'_>) -> Result<(), FetchError> {
        let (kind, name) = (source.kind as u32, source.name);
        let sink = core::ptr::from_mut(sink).cast::<attestor_sink>();
        // SAFETY: the header's contract of `fetch`; name and sink outlive the call, and no lock is held.
        let fetch = || unsafe { (self.fetch)(self.userdata, kind, name.as_ptr().cast(), name.len(), sink) };
        let code = host(fetch);
        if code == 0 { Ok(()) } else { Err(FetchError { host_code: code }) }
    }
}

impl Drop for HostFeed {
    fn drop(&mut self) {
        // SAFETY: the store lets go here, and nowhere else.
        unsafe { release_second(&self.half_done, self.release, self.userdata) };
    }
}

/// Gives the host its userdata back, if this is the second of the two that must have happened: a callback that the
/// store let go of without having taken it is still the host's own.
///
/// SAFETY: called by each of the two once; the header's contract of `drop`.
unsafe fn release_second(half_done: &AtomicBool, release: Option<Release>, userdata: *mut c_void) {
    if let (true, Some(release)) = (half_done.swap(true, Ordering::AcqRel), release) {
        // SAFETY: passed on.
        host(|| unsafe { release(userdata) });
    }
}

/// Lets a callback fetch a source, from the next refresh on; it replaces the one there was and is due at once.
///
/// `source` NULL takes the callback away: the material stays, and ages. `kind` and `name` as for `attestor_store_put`;
/// the trust domain of the empty name is the whole world of one feed: its callback puts bundle maps. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID (`fetch` is NULL), ATTESTOR_SOURCE_NAME_INVALID,
/// ATTESTOR_STORE_POISONED, ATTESTOR_OPTION_UNSUPPORTED.
/// Lifetime: `userdata` until `drop`, which is called once the callback was replaced, taken away, or removed with its
/// source, or the store was freed, and no fetch of it is under way; never if this call fails.
/// Threads: any, although the handle is not const. The callback runs only inside `attestor_store_refresh`,
/// `attestor_store_refresh_source`, `attestor_verify_refreshing` and `attestor_admit_refreshing`, on their threads, one
/// call at a time for each source, with no lock held. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_set_source(
    store: *mut attestor_store,
    kind: u32,
    name: *const c_char,
    name_len: usize,
    source: *const attestor_source,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = required(unsafe { store.as_ref() })?;
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let target = unsafe { self::source(kind, name, name_len) }?;
        // SAFETY: the header asks for NULL or a structure that starts with its size.
        let Some(source) = unsafe { read_struct(source) }? else {
            return store.inner.close_feed(target).map(|_| ());
        };
        if source.flags != 0 {
            return Err(Reason::OptionUnsupported.into());
        }
        let half_done = Arc::new(AtomicBool::new(false));
        let feed = HostFeed {
            fetch: required(source.fetch)?,
            release: source.drop,
            userdata: source.userdata,
            half_done: Arc::clone(&half_done),
        };
        store.inner.set_feed(target, source.feed, feed)?;
        // SAFETY: the store took the callback here, and nowhere else.
        unsafe { release_second(&half_done, source.drop, source.userdata) };
        Ok(())
    })
}

/// Puts a document for the source that is being fetched, as `attestor_store_put` does. In a callback only.
///
/// `options` and `err` may be NULL. A callback may put several documents; if one is refused, the fetch has failed.
/// Returns: as `attestor_store_put`; ATTESTOR_FEED_REPLACED if the source was removed or given another callback.
/// Threads: that of the callback. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_sink_put(
    sink: *mut attestor_sink,
    format: u32,
    document: *const u8,
    document_len: usize,
    options: *const attestor_sink_options,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or the sink of the callback that is running on this thread.
        let sink = required(unsafe { sink.cast::<Sink<'_>>().as_mut() })?;
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let document = unsafe { bytes(document, document_len, MAX_DOCUMENT) }?;
        // SAFETY: the header asks for NULL or a structure that starts with its size.
        let options = unsafe { sink_options(options) }?;
        sink.put(self::format(format)?, document, &options).map(|_| ())
    })
}

/// Confirms what the feed put before for the source that is being fetched: nothing is new (HTTP 304). In a callback
/// only.
///
/// `options` and `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUNDLE_UNAVAILABLE if the source holds nothing of this feed, ATTESTOR_FEED_REPLACED,
/// ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED, ATTESTOR_OPTION_UNSUPPORTED.
/// Threads: that of the callback. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_sink_confirm(
    sink: *mut attestor_sink,
    options: *const attestor_sink_options,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or the sink of the callback that is running on this thread.
        let sink = required(unsafe { sink.cast::<Sink<'_>>().as_mut() })?;
        // SAFETY: the header asks for NULL or a structure that starts with its size.
        let options = unsafe { sink_options(options) }?;
        sink.confirm(&options)
    })
}

/// SAFETY: `options` is NULL or starts with its size.
unsafe fn sink_options(options: *const attestor_sink_options) -> Result<SinkOptions, Reason> {
    // SAFETY: passed on.
    let options = unsafe { read_struct(options) }?.unwrap_or_else(attestor_sink_options::zeroed);
    if options.flags & !ATTESTOR_PUT_FORCE != 0 {
        return Err(Reason::OptionUnsupported);
    }
    Ok(SinkOptions {
        max_age: (options.max_age_secs != 0).then_some(options.max_age_secs),
        refresh_after: (options.refresh_after_secs != 0).then_some(options.refresh_after_secs),
        force: options.flags & ATTESTOR_PUT_FORCE != 0,
    })
}

/// Calls back for every source whose refresh is due, one after the other, on this thread.
///
/// What another thread is fetching is left to it. What a callback did wrong harms its own source only: it is counted
/// in `out` and told by `attestor_store_health`. `out` (its `struct_size` set) and `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_REFRESH_REENTRANT from a callback of this store, ATTESTOR_CLOCK_INVALID.
/// Threads: any, although the handle is not const; runs callbacks, never waits for another thread's. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_refresh(
    store: *mut attestor_store,
    now: i64,
    out: *mut attestor_refresh_report,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = Arc::clone(&required(unsafe { store.as_ref() })?.inner);
        // SAFETY: the header asks for NULL or a structure that starts with its size.
        unsafe { check_optional(out) }?;
        let report = store.refresh(self::now(now))?;
        let report = attestor_refresh_report {
            struct_size: 0,
            flags: 0,
            succeeded: report.succeeded as u64,
            failed: report.failed as u64,
            busy: report.busy as u64,
        };
        // SAFETY: the header asks for NULL or a writable structure that starts with its size.
        Ok(unsafe { write_optional(out, &report) }?)
    })
}

/// Calls back for one source at once, due or not. `kind` and `name` as for `attestor_store_set_source`.
///
/// `err` may be NULL; its `host_code` is what the callback returned.
/// Returns: ATTESTOR_OK, ATTESTOR_REFRESH_BUSY if another thread is fetching it or it has no callback,
/// ATTESTOR_CALLBACK_FAILED, what a put of the callback was refused for, ATTESTOR_REFRESH_REENTRANT from a callback of
/// this store, ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_CLOCK_INVALID.
/// Threads: any, although the handle is not const; runs the callback, never waits for another thread's. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_refresh_source(
    store: *mut attestor_store,
    kind: u32,
    name: *const c_char,
    name_len: usize,
    now: i64,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a live handle; it is only ever shared.
        let store = Arc::clone(&required(unsafe { store.as_ref() })?.inner);
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let source = unsafe { source(kind, name, name_len) }?;
        store.refresh_source(source, self::now(now))
    })
}

/// Says when `attestor_store_refresh` next has something to do, in Unix seconds; in the past if it is overdue.
///
/// `*out` is INT64_MAX if there is no callback, or nothing that they feed ages. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_CLOCK_INVALID.
/// Threads: any. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_store_next_refresh(
    store: Option<&attestor_store>,
    now: i64,
    out: *mut i64,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        let store = required(store)?;
        let next = store.inner.next_refresh(self::now(now))?;
        // SAFETY: the header asks for a writable pointer.
        unsafe { write_out(out, next.unwrap_or(i64::MAX)) }.map_err(ConfigError::from)
    })
}
