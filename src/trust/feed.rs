//! Feeds that the host lends: callbacks that fetch a source's material, and the sink that takes it.

use super::demand::{Boarded, Flight};
use super::format::Format;
use super::health::Failure;
use super::put::{self, PutOptions, PutReport};
use super::source::Source;
use super::store::BundleStore;
use crate::clock::Now;
use crate::error::ConfigError;
use crate::verdict::Reason;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What fetches a source's material. It is dropped once, when the store no longer holds it: replaced, closed or removed,
/// at the end of its own fetch if one is under way, or with the store. A panic of its destructor stays there.
pub trait Feed: Send + Sync {
    /// Hands the material of `source` to `sink`, or confirms what was handed over before.
    ///
    /// # Errors
    /// Nothing could be fetched; what the store holds stays, and ages.
    fn fetch(&self, source: Source<'_>, sink: &mut Sink<'_>) -> Result<(), FetchError>;
}

impl<F> Feed for F
where
    F: Fn(Source<'_>, &mut Sink<'_>) -> Result<(), FetchError> + Send + Sync,
{
    fn fetch(&self, source: Source<'_>, sink: &mut Sink<'_>) -> Result<(), FetchError> {
        self(source, sink)
    }
}

/// A fetch that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FetchError {
    /// The host's own number for what happened, shown in [`super::SourceHealth`].
    pub host_code: i32,
}

/// A callback and whose feed it is.
pub(super) struct Registration {
    pub(super) id: u64,
    /// Taken out by the destructor only.
    feed: Option<Box<dyn Feed>>,
    closed: AtomicBool,
    /// Its own: a callback that hangs does not keep the one that replaces it from fetching.
    flight: Flight,
}

impl Registration {
    pub(super) fn new(id: u64, feed: impl Feed + 'static) -> Self {
        let feed: Box<dyn Feed> = Box::new(feed);
        Self { id, feed: Some(feed), closed: AtomicBool::new(false), flight: Flight::new() }
    }

    /// Takes the right to call it, while nobody else has that.
    pub(super) fn board(&self) -> Option<Boarded<'_>> {
        self.flight.board(process::id())
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.flight.is_taken(process::id())
    }

    /// Runs the host's code, with no lock held: how that came out, and the seconds after which it wants to be called
    /// again. A panic is a failure.
    pub(super) fn call(
        self: &Arc<Self>,
        store: &BundleStore,
        source: Source<'_>,
        now: Now,
    ) -> (Result<(), Failure>, Option<u64>) {
        let mut sink =
            Sink { store, source, registration: self, now, taken: false, refused: None, refresh_after: None };
        let fetch = || self.feed.as_ref().map_or(Ok(()), |feed| feed.fetch(source, &mut sink));
        let returned = catch_unwind(AssertUnwindSafe(fetch)).unwrap_or(Err(FetchError::default()));
        let host_code = returned.err().map_or(0, |error| error.host_code);
        let nothing = (returned.is_err() || !sink.taken).then_some(Reason::CallbackFailed);
        let failed = sink.refused.or(nothing).map(|reason| Failure { reason, host_code });
        (failed.map_or(Ok(()), Err), sink.refresh_after)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// What a fetch under way still gives is not taken.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let feed = self.feed.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(feed)));
    }
}

/// How a [`Sink`] takes material.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SinkOptions {
    /// Seconds for which the host of the document says it may be kept (`Cache-Control: max-age`).
    pub max_age: Option<u64>,
    /// Seconds after which to fetch again; by default at the soft age, or half the hard one if that comes first.
    pub refresh_after: Option<u64>,
    /// Take the update whatever the rotation gate says.
    pub force: bool,
}

/// Where a callback puts what it fetched.
pub struct Sink<'a> {
    store: &'a BundleStore,
    source: Source<'a>,
    registration: &'a Arc<Registration>,
    now: Now,
    taken: bool,
    refused: Option<Reason>,
    refresh_after: Option<u64>,
}

impl Sink<'_> {
    /// Puts a document for the source, as [`BundleStore::put`] does. A fetch of which one was refused has failed.
    ///
    /// # Errors
    /// As [`BundleStore::put`]; `feed_replaced` if the source was removed or given another callback meanwhile.
    pub fn put(
        &mut self,
        format: Format,
        document: &[u8],
        options: &SinkOptions,
    ) -> Result<PutReport, ConfigError> {
        let put = PutOptions {
            feed: self.registration.id,
            force: options.force,
            max_age: options.max_age,
            permanent: false,
        };
        self.take(options, |sink, now| {
            let source = put::place_of(sink.source, format)?;
            sink.store.put_by(Some(sink.registration), source, format, document, &put, now)
        })
    }

    /// Confirms what the feed put before: nothing is new (HTTP 304, a stream that was opened again).
    ///
    /// # Errors
    /// `bundle_unavailable` if the source holds nothing of this feed, `feed_replaced`, `clock_invalid`.
    pub fn confirm(&mut self, options: &SinkOptions) -> Result<(), ConfigError> {
        self.take(options, |sink, now| {
            sink.store.touch_by(Some(sink.registration), sink.source, sink.registration.id, now)
        })
    }

    fn take<R>(
        &mut self,
        options: &SinkOptions,
        give: impl FnOnce(&Self, i64) -> Result<R, ConfigError>,
    ) -> Result<R, ConfigError> {
        self.refresh_after = self.refresh_after.into_iter().chain(options.refresh_after).min();
        let given = self.now.resolve().map_err(ConfigError::from).and_then(|now| give(self, now));
        match &given {
            Ok(_) => self.taken = true,
            Err(error) => self.refused = Some(error.reason()),
        }
        given
    }
}

impl fmt::Debug for Sink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").finish_non_exhaustive()
    }
}
