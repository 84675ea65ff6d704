//! One source of the store: its slots, who feeds it, and what became of that.

use super::demand::Demand;
use super::feed::Registration;
use super::health::{Ledger, SourceHealth};
use super::lock::Lock;
use super::published::Published;
use super::slot::{Authority, Crl, Key, Origin, Slot};
use super::source::SourceKind;
use crate::verdict::Reason;
use parking_lot::MutexGuard;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) type SlotCell<T> = Published<Option<Arc<Slot<T>>>>;

/// One source and its slots. It is in the store while a slot is filled or a callback feeds it.
pub(crate) struct StoredSource {
    kind: SourceKind,
    /// Shared with who found it last, who must not keep the source: with that a callback of the host's goes.
    pub(super) jwt: Arc<SlotCell<Key>>,
    pub(super) x509: SlotCell<Authority>,
    pub(super) crls: SlotCell<Crl>,
    pub(super) demand: Demand,
    ledger: Lock<Ledger>,
    feed: Lock<Option<Arc<Registration>>>,
    /// What `feed` holds, for verifications, which take no lock.
    has_feed: AtomicBool,
}

impl StoredSource {
    pub(super) fn new(kind: SourceKind) -> Self {
        Self {
            kind,
            jwt: Arc::new(Published::new(None)),
            x509: Published::new(None),
            crls: Published::new(None),
            demand: Demand::new(),
            ledger: Lock::default(),
            feed: Lock::default(),
            has_feed: AtomicBool::new(false),
        }
    }

    /// The current JWT keys; `None` while nothing has fed them.
    pub(crate) fn jwt(&self) -> Option<Arc<Slot<Key>>> {
        self.jwt.load()
    }

    /// The current X.509 authorities, likewise.
    pub(crate) fn x509(&self) -> Option<Arc<Slot<Authority>>> {
        self.x509.load()
    }

    /// The current revocation lists, likewise.
    pub(crate) fn crls(&self) -> Option<Arc<Slot<Crl>>> {
        self.crls.load()
    }

    pub(super) fn sequence(&self) -> Option<u64> {
        let jwt = self.jwt.load().and_then(|slot| slot.origin.sequence);
        jwt.max(self.x509.load().and_then(|slot| slot.origin.sequence))
    }

    /// Empties the slots that this feed filled; whether that emptied the source.
    pub(super) fn drop_slots_of(&self, feed: u64) -> bool {
        let slots =
            [drop_slot_of(&self.jwt, feed), drop_slot_of(&self.x509, feed), drop_slot_of(&self.crls, feed)];
        slots.contains(&Dropped::Yes) && !slots.contains(&Dropped::OfAnother)
    }

    pub(super) fn is_filled(&self) -> bool {
        self.jwt.read(Option::is_some) || self.x509.read(Option::is_some) || self.crls.read(Option::is_some)
    }

    /// Confirms at `now` what this feed filled; whether that was something.
    pub(super) fn confirm(&self, feed: u64, now: i64) -> bool {
        let jwt = confirm_slot(&self.jwt, feed, now);
        let x509 = confirm_slot(&self.x509, feed, now);
        let crls = confirm_slot(&self.crls, feed, now);
        jwt || x509 || crls
    }

    /// Seconds after which to fetch what this feed filled again.
    pub(super) fn refresh_after(&self, feed: u64) -> Option<u64> {
        let of = |origin: &Origin| origin.ages.refresh_after().filter(|_| origin.feed == feed);
        let jwt = self.jwt.load().and_then(|slot| of(&slot.origin));
        let x509 = self.x509.load().and_then(|slot| of(&slot.origin));
        jwt.into_iter().chain(x509).min()
    }

    pub(super) fn has_feed(&self) -> bool {
        self.has_feed.load(Ordering::Acquire)
    }

    /// Whether the callback of the whole world, which puts bundle maps, feeds it where it has none of its own.
    pub(super) fn is_of_the_world(&self) -> bool {
        self.kind == SourceKind::TrustDomain && !self.has_feed()
    }

    /// # Errors
    /// `store_poisoned`, as everywhere of a [`Lock`].
    pub(super) fn feed(&self) -> Result<Option<Arc<Registration>>, Reason> {
        Ok(self.feed.lock()?.clone())
    }

    /// Replaces who feeds the source. What is returned, and `feed` in the event of an error, may be the last of the
    /// host's callback: the caller drops it outside of every lock.
    pub(super) fn set_feed(
        &self,
        feed: Option<&Arc<Registration>>,
    ) -> Result<Option<Arc<Registration>>, Reason> {
        let replaced = core::mem::replace(&mut *self.feed.lock()?, feed.cloned());
        self.has_feed.store(feed.is_some(), Ordering::Release);
        if let Some(replaced) = &replaced {
            replaced.close();
        }
        // After the old one is closed: a fetch of it that ends now no longer tells the ledger.
        self.ledger()?.start_over();
        Ok(replaced)
    }

    pub(super) fn ledger(&self) -> Result<MutexGuard<'_, Ledger>, Reason> {
        self.ledger.lock()
    }

    /// Notes how an update or a confirmation of the host's came out.
    pub(super) fn note(&self, outcome: Result<(), Reason>, now: i64) {
        let Ok(mut ledger) = self.ledger() else { return };
        match outcome {
            Ok(()) => ledger.succeed(now),
            Err(reason) => ledger.fail(reason.into(), now),
        }
    }

    /// Refreshes and failures.
    pub(crate) fn counts(&self) -> (u64, u64) {
        self.ledger().map_or((0, 0), |ledger| (ledger.refreshes, ledger.failures))
    }

    pub(super) fn health(&self, next_refresh: Option<i64>, now: i64) -> Result<SourceHealth, Reason> {
        let confirmed = [
            self.jwt.load().map(|slot| slot.origin.confirmed_at),
            self.x509.load().map(|slot| slot.origin.confirmed_at),
        ];
        let feed = self.feed()?;
        let ledger = self.ledger()?;
        Ok(SourceHealth {
            has_callback: feed.is_some(),
            wanted: self.demand.is_wanted(),
            in_flight: feed.is_some_and(|feed| feed.is_in_flight()),
            refreshes: ledger.refreshes,
            failures: ledger.failures,
            failures_in_a_row: ledger.failures_in_a_row,
            succeeded_at: ledger.succeeded_at,
            failed_at: ledger.failed_at,
            last_failure: ledger.last_failure,
            host_code: ledger.host_code,
            empty_update: ledger.last_failure == Some(Reason::NoUsableKeys),
            clock_went_back: confirmed.into_iter().flatten().any(|at| at > now),
            next_refresh,
        })
    }
}

#[derive(PartialEq, Eq)]
enum Dropped {
    Empty,
    Yes,
    OfAnother,
}

/// Empties a slot that this feed filled.
fn drop_slot_of<T>(cell: &SlotCell<T>, feed: u64) -> Dropped {
    match cell.load().map(|slot| slot.origin.feed) {
        None => Dropped::Empty,
        Some(owner) if owner == feed => {
            cell.store(None);
            Dropped::Yes
        }
        Some(_) => Dropped::OfAnother,
    }
}

fn confirm_slot<T>(cell: &SlotCell<T>, feed: u64, now: i64) -> bool {
    let Some(slot) = cell.load().filter(|slot| slot.origin.feed == feed) else { return false };
    let origin = Origin { confirmed_at: now, restored: false, ..slot.origin.clone() };
    cell.store(Some(Arc::new(Slot { entries: Arc::clone(&slot.entries), origin })));
    true
}
