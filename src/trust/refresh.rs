//! When callbacks are called, and what is told of it.
//!
//! They run in [`BundleStore::refresh`] and its kin only, on the caller's thread, with no lock held, one at a time for
//! each source. Whatever one of them does, no other source notices.

use super::feed::{Feed, Registration};
use super::health::{Failure, Ledger, SourceHealth};
use super::put::{Putter, check_putter};
use super::source::{Source, SourceKind};
use super::store::BundleStore;
use super::stored::StoredSource;
use crate::clock::Now;
use crate::error::ConfigError;
use crate::verdict::Reason;
use core::num::NonZeroUsize;
use parking_lot::RawThreadId;
use parking_lot::lock_api::GetThreadId;
use std::hash::BuildHasher;
use std::sync::Arc;

/// What a refresh did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RefreshReport {
    /// Callbacks that succeeded.
    pub succeeded: usize,
    /// Callbacks that failed; the health of their sources says why.
    pub failed: usize,
    /// Sources that were due and that another thread was fetching.
    pub busy: usize,
}

/// A source whose callback is to be called.
struct Due {
    at: i64,
    kind: SourceKind,
    name: Box<str>,
    source: Arc<StoredSource>,
    /// [`Ledger::fetches`] when that was found.
    fetches: u64,
}

impl BundleStore {
    /// Lets `feed` fetch a source, from the next [`Self::refresh`] on; it replaces the callback there was, and is
    /// due at once. What it puts belongs to the feed `id`.
    ///
    /// The trust domain of the empty name is the whole world of one feed: its callback puts bundle maps.
    ///
    /// # Errors
    /// `source_name_invalid`, `store_poisoned`.
    pub fn set_feed(
        &self,
        source: Source<'_>,
        id: u64,
        feed: impl Feed + 'static,
    ) -> Result<(), ConfigError> {
        let registration = Arc::new(Registration::new(id, feed));
        let name = source.canonical_or_world(true)?;
        let replaced = self.change(|_| {
            let target = self.find_or_world(source.kind, name).unwrap_or_else(|| self.add(source.kind, name));
            let replaced = target.set_feed(Some(&registration))?;
            self.register(source.kind, name, &target)?;
            Ok(replaced)
        });
        replaced.map(drop) // the host's own code may run here: outside of every lock
    }

    /// Takes the callback of a source away. Its material stays, and ages. Whether there was one.
    ///
    /// # Errors
    /// `source_name_invalid`, `store_poisoned`.
    pub fn close_feed(&self, source: Source<'_>) -> Result<bool, ConfigError> {
        let name = source.canonical_or_world(true)?;
        let closed = self.change(|_| {
            let Some(target) = self.find_or_world(source.kind, name) else { return Ok(None) };
            let closed = target.set_feed(None)?;
            self.unregister(source.kind, name)?;
            if !name.is_empty() && !target.is_filled() {
                self.forget(source.kind, name);
            }
            Ok(closed)
        });
        closed.map(|feed| feed.is_some())
    }

    /// Calls back for every source whose refresh is due, one after the other, on this thread. Sources that another
    /// thread is fetching are left to it.
    ///
    /// # Errors
    /// `refresh_reentrant` from within a callback of the store, `clock_invalid`. What a callback did wrong is in
    /// the health of its source.
    pub fn refresh(&self, now: Now) -> Result<RefreshReport, ConfigError> {
        let at = now.resolve()?;
        let _inside = self.enter_refresh()?;
        let mut report = RefreshReport::default();
        for due in self.due(at)? {
            // While one callback took its time, another thread may have come to the next one first.
            let is_due = |ledger: &Ledger| ledger.fetches() == due.fetches;
            match self.fetch(Source { kind: due.kind, name: &due.name }, &due.source, now, is_due) {
                Ok(fetched) => report.succeeded += usize::from(fetched),
                Err(failure) => match failure.reason {
                    Reason::RefreshBusy => report.busy += 1,
                    Reason::FeedReplaced => {}
                    _ => report.failed += 1,
                },
            }
        }
        Ok(report)
    }

    /// What is due at `now`, the longest overdue first.
    fn due(&self, now: i64) -> Result<Vec<Due>, Reason> {
        let mut due = Vec::new();
        for (kind, name, source) in self.registered()? {
            let fetches = source.ledger()?.fetches();
            if let Some(at) = self.due_at(&source, &name, now)?.filter(|at| *at <= now) {
                due.push(Due { at, kind, name, source, fetches });
            }
        }
        due.sort_by(|one, other| (one.at, &one.name).cmp(&(other.at, &other.name)));
        Ok(due)
    }

    /// Calls back for one source at once, due or not.
    ///
    /// # Errors
    /// `refresh_busy` if another thread is fetching it or it has no callback, `refresh_reentrant`, `callback_failed`,
    /// what a put of the callback was refused for, `feed_replaced` if it was given another callback or removed
    /// meanwhile, `source_name_invalid`, `clock_invalid`, `store_poisoned`.
    pub fn refresh_source(&self, source: Source<'_>, now: Now) -> Result<(), ConfigError> {
        let name = source.canonical_or_world(true)?;
        now.resolve()?;
        let _inside = self.enter_refresh()?;
        let target = self.find_or_world(source.kind, name).ok_or(Reason::RefreshBusy)?;
        match self.fetch(Source { name, ..source }, &target, now, |_| true) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Reason::RefreshBusy.into()),
            Err(failure) => Err(ConfigError::of_callback(failure.reason, failure.host_code)),
        }
    }

    /// Calls back for what feeds a source, its own callback or the world's, if that is due; whether the callback ran.
    pub(crate) fn refresh_if_due(&self, kind: SourceKind, name: &str, now: Now) -> bool {
        let own = self.find(kind, name).filter(|source| source.has_feed());
        let (name, target) = match own {
            Some(own) => (name, own),
            None if kind == SourceKind::TrustDomain => ("", Arc::clone(self.world())),
            None => return false,
        };
        let Ok(at) = now.resolve() else { return false };
        if !matches!(self.due_at(&target, name, at), Ok(Some(due_at)) if due_at <= at) {
            return false;
        }
        let Ok(_inside) = self.enter_refresh() else { return false };
        // Asked again once nobody else fetches it: somebody may just have done so.
        let is_due = |ledger: &Ledger| self.due_by(ledger, &target, name, at).is_some_and(|due| due <= at);
        match self.fetch(Source { kind, name }, &target, now, is_due) {
            Ok(fetched) => fetched,
            Err(failure) => failure.reason != Reason::RefreshBusy,
        }
    }

    /// Unix seconds at which [`Self::refresh`] next has something to do, in the past if it is overdue; none if there
    /// is no callback, or nothing that they feed ages. What is being fetched is not waited for.
    ///
    /// # Errors
    /// `clock_invalid`, `store_poisoned`.
    pub fn next_refresh(&self, now: Now) -> Result<Option<i64>, ConfigError> {
        let now = now.resolve()?;
        let mut next = None;
        for (_, name, source) in self.registered()? {
            if !source.feed()?.is_some_and(|feed| feed.is_in_flight()) {
                next = next.into_iter().chain(self.due_at(&source, &name, now)?).min();
            }
        }
        Ok(next)
    }

    /// Confirms at `now` what `feed` put before: nothing is new (HTTP 304, a stream that was opened again). The
    /// trust domain of the empty name stands for everything that the feed put.
    ///
    /// # Errors
    /// `bundle_unavailable` if nothing there is of this feed, `source_name_invalid`, `clock_invalid`,
    /// `store_poisoned`.
    pub fn touch(&self, source: Source<'_>, feed: u64, now: Now) -> Result<(), ConfigError> {
        let name = source.canonical_or_world(true)?;
        let now = now.resolve()?;
        self.touch_by(None, Source { name, ..source }, feed, now)?;
        if let Some(target) = self.find_or_world(source.kind, name) {
            target.note(Ok(()), now);
        }
        Ok(())
    }

    /// Likewise under its canonical name, for a callback too. Whoever calls tells the source's ledger.
    pub(super) fn touch_by(
        &self,
        putter: Putter<'_>,
        source: Source<'_>,
        feed: u64,
        now: i64,
    ) -> Result<(), ConfigError> {
        let confirmed = self.change(|_| {
            check_putter(putter)?;
            if !source.name.is_empty() {
                let target = self.find(source.kind, source.name);
                return Ok(target.is_some_and(|target| target.confirm(feed, now)));
            }
            let mut sources = self.every_source();
            sources.retain(|source| source.confirm(feed, now));
            for source in &sources {
                source.note(Ok(()), now);
            }
            Ok(!sources.is_empty())
        })?;
        if confirmed { Ok(()) } else { Err(Reason::BundleUnavailable.into()) }
    }

    /// What is known of the feeding of a source; `None` of one that is neither fed nor has a callback.
    ///
    /// # Errors
    /// `source_name_invalid`, `clock_invalid`, `store_poisoned`.
    pub fn health(&self, source: Source<'_>, now: Now) -> Result<Option<SourceHealth>, ConfigError> {
        let name = source.canonical_or_world(true)?;
        let now = now.resolve()?;
        let Some(found) = self.find_or_world(source.kind, name) else { return Ok(None) };
        let health = found.health(self.due_at(&found, name, now)?, now)?;
        // What stands for the world is always there.
        let is_known = !name.is_empty() || health.has_callback || health.refreshes + health.failures > 0;
        Ok(is_known.then_some(health))
    }

    /// Marks a source as wanted where a key was missing; whether this call did.
    pub(crate) fn mark(&self, source: &StoredSource, now: i64) -> bool {
        if source.is_of_the_world() {
            // Its own cooldown: a mark that another domain's fetch came before would be lost with the domain's.
            self.world().demand.mark(now, self.cooldown());
        }
        source.demand.mark(now, self.cooldown())
    }

    fn due_at(&self, source: &StoredSource, name: &str, now: i64) -> Result<Option<i64>, Reason> {
        if !source.has_feed() {
            return Ok(None);
        }
        Ok(self.due_by(&*source.ledger()?, source, name, now))
    }

    fn due_by(&self, ledger: &Ledger, source: &StoredSource, name: &str, now: i64) -> Option<i64> {
        let jitter = i64::try_from(self.hasher().hash_one(name) % 1024).unwrap_or_default();
        ledger.due_at(&source.demand, self.cooldown(), jitter, now)
    }

    /// Calls one callback back if it still `is_due`; whether it was. Its failures stay with its source.
    fn fetch(
        &self,
        source: Source<'_>,
        target: &StoredSource,
        now: Now,
        is_due: impl Fn(&Ledger) -> bool,
    ) -> Result<bool, Failure> {
        let Some(registration) = target.feed()? else { return Ok(false) };
        let _boarded = registration.board().ok_or(Reason::RefreshBusy)?;
        let began = now.resolve()?;
        {
            let mut ledger = target.ledger()?;
            if registration.is_closed() || !is_due(&ledger) {
                return Ok(false);
            }
            ledger.begin();
        }
        target.demand.take();
        let (outcome, refresh_after) = registration.call(self, source, now);
        let interval = self.interval(refresh_after, source, registration.id);
        let ended = now.resolve().unwrap_or(began);
        let mut ledger = target.ledger()?;
        if registration.is_closed() {
            return Err(Reason::FeedReplaced.into()); // nobody's failure: the source has another callback, or none
        }
        ledger.end(outcome, interval, ended);
        outcome.map(|()| true)
    }

    /// Seconds until the next fetch after a success: what the callback said, or the soft age.
    fn interval(&self, said: Option<u64>, source: Source<'_>, feed: u64) -> Option<i64> {
        let soft = || {
            if source.name.is_empty() {
                let sources = self.every_source();
                return sources.iter().filter_map(|source| source.refresh_after(feed)).min();
            }
            self.find(source.kind, source.name).and_then(|found| found.refresh_after(feed))
        };
        said.or_else(soft).map(|seconds| i64::try_from(seconds.max(1)).unwrap_or(i64::MAX))
    }

    /// Marks this thread as one that calls back.
    fn enter_refresh(&self) -> Result<Inside<'_>, Reason> {
        let thread = this_thread();
        let mut threads = self.refreshing().lock()?;
        if threads.contains(&thread) {
            return Err(Reason::RefreshReentrant);
        }
        threads.push(thread);
        Ok(Inside(self, thread))
    }
}

struct Inside<'a>(&'a BundleStore, NonZeroUsize);

/// Tells the threads that live apart. Unlike std's id it makes nothing that a foreign thread would leave behind.
fn this_thread() -> NonZeroUsize {
    RawThreadId::INIT.nonzero_thread_id()
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if let Ok(mut threads) = self.0.refreshing().lock() {
            threads.retain(|thread| *thread != self.1);
        }
    }
}
