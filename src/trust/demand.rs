//! Whether somebody asked for what a source does not have, and who fetches it: at most one caller at a time, and
//! nobody waits.

use super::sync::{AtomicBool, AtomicI64, AtomicU32, Ordering};

const NEVER: i64 = i64::MIN;
const NOBODY: u32 = 0;

/// The mark that a verification leaves where a key was missing: at most once in a cooldown, whatever was asked.
pub(crate) struct Demand {
    wanted: AtomicBool,
    marked_at: AtomicI64,
}

impl Demand {
    pub(crate) fn new() -> Self {
        Self { wanted: AtomicBool::new(false), marked_at: AtomicI64::new(NEVER) }
    }

    /// Marks the source at `now`, unless it was within `cooldown` seconds before; whether this call did.
    pub(crate) fn mark(&self, now: i64, cooldown: i64) -> bool {
        let last = self.marked_at.load(Ordering::Relaxed);
        if last != NEVER && is_within(last, cooldown, now) {
            return false;
        }
        let first = self.marked_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if first {
            self.wanted.swap(true, Ordering::AcqRel);
        }
        first
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    /// Takes the mark back: what was wanted is being fetched.
    pub(crate) fn take(&self) -> bool {
        self.wanted.swap(false, Ordering::AcqRel)
    }
}

/// Whether `now` is less than `cooldown` seconds from `last`. To either side: threads that read the clock one after
/// the other may come in another order, and only a longer way back is a clock that was set.
pub(crate) fn is_within(last: i64, cooldown: i64, now: i64) -> bool {
    now.saturating_sub(last).saturating_abs() < cooldown
}

/// The right to fetch a source: one holder at a time, in one process. A forked child does not wait for a fetch that
/// its parent began.
pub(crate) struct Flight {
    process: AtomicU32,
}

/// Gives the right back when it is dropped.
pub(crate) struct Boarded<'a>(&'a Flight);

impl Flight {
    pub(crate) fn new() -> Self {
        Self { process: AtomicU32::new(NOBODY) }
    }

    /// Takes the right; `process` is the caller's own id, never 0.
    pub(crate) fn board(&self, process: u32) -> Option<Boarded<'_>> {
        let holder = self.process.load(Ordering::Relaxed);
        if holder == process {
            return None;
        }
        let taken =
            self.process.compare_exchange(holder, process, Ordering::Acquire, Ordering::Relaxed).is_ok();
        // Lazily: one that is made gives the right back when it goes.
        taken.then(|| Boarded(self))
    }

    pub(crate) fn is_taken(&self, process: u32) -> bool {
        self.process.load(Ordering::Relaxed) == process
    }
}

impl Drop for Boarded<'_> {
    fn drop(&mut self) {
        self.0.process.store(NOBODY, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_left_once_in_a_cooldown() {
        let demand = Demand::new();
        assert!(!demand.is_wanted());
        let marks = [100, 100, 109, 110, 109, 119, 120].map(|now| demand.mark(now, 10));
        assert_eq!(marks, [true, false, false, true, false, false, true]);
        assert!(demand.is_wanted());
        assert!(demand.take());
        assert!(!demand.take());
        assert!(!demand.mark(111, 10), "another thread's clock");
        assert!(demand.mark(110, 10), "the clock went back");
    }

    #[test]
    fn one_boards_at_a_time_and_a_child_does_not_wait() {
        let flight = Flight::new();
        let first = flight.board(7).expect("nobody fetches");
        assert!(flight.board(7).is_none());
        assert!(flight.is_taken(7) && !flight.is_taken(8));
        drop(first);
        assert!(flight.board(7).is_some());
        let _lost = flight.board(7).map(core::mem::forget);
        assert!(flight.board(8).is_some());
    }
}
