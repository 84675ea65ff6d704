//! What became of the attempts to feed a source, and when the next one is due.

use super::demand::{Demand, is_within};
use crate::verdict::Reason;

/// Longest pause after failures, in seconds.
const LONGEST_PAUSE: i64 = 300;

/// Why an update or a fetch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) reason: Reason,
    /// What the callback returned; 0 if it returned nothing.
    pub(super) host_code: i32,
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self { reason, host_code: 0 }
    }
}

/// What is known of the feeding of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceHealth {
    /// Whether a callback feeds it.
    pub has_callback: bool,
    /// Whether a verification asked for a key that the source does not have, and nobody has fetched since.
    pub wanted: bool,
    /// Whether a callback is fetching it.
    pub in_flight: bool,
    /// Updates and confirmations that succeeded.
    pub refreshes: u64,
    /// Updates and fetches that failed.
    pub failures: u64,
    /// How many of them since the last success.
    pub failures_in_a_row: u32,
    /// Unix seconds of the last success.
    pub succeeded_at: Option<i64>,
    /// Unix seconds of the last failure.
    pub failed_at: Option<i64>,
    /// Why the last failure was one.
    pub last_failure: Option<Reason>,
    /// What the callback of the last failure returned; 0 if that was no callback's.
    pub host_code: i32,
    /// The last failure was an update with nothing usable in it, and nothing has succeeded since.
    pub empty_update: bool,
    /// `now` is before the material was confirmed: a clock has gone back.
    pub clock_went_back: bool,
    /// Unix seconds at which the callback is due; in the past if it is overdue.
    pub next_refresh: Option<i64>,
}

/// The running account.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) refreshes: u64,
    pub(super) failures: u64,
    pub(super) failures_in_a_row: u32,
    pub(super) succeeded_at: Option<i64>,
    pub(super) failed_at: Option<i64>,
    pub(super) last_failure: Option<Reason>,
    pub(super) host_code: i32,
    /// Fetches that began, of whichever callback.
    fetches: u64,
    pace: Pace,
}

/// How the callback is paced. What the host puts beside it changes nothing here.
#[derive(Default)]
struct Pace {
    fetched_at: Option<i64>,
    failed_in_a_row: u32,
    /// Seconds from a success to the next fetch; none if nothing ages.
    interval: Option<i64>,
}

impl Ledger {
    pub(super) fn succeed(&mut self, now: i64) {
        self.refreshes += 1;
        self.failures_in_a_row = 0;
        self.succeeded_at = Some(now);
        self.last_failure = None;
        self.host_code = 0;
    }

    pub(super) fn fail(&mut self, failure: Failure, now: i64) {
        self.failures += 1;
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.failed_at = Some(now);
        self.last_failure = Some(failure.reason);
        self.host_code = failure.host_code;
    }

    /// A fetch begins. It stays due until it ends.
    pub(super) fn begin(&mut self) {
        self.fetches += 1;
    }

    /// A fetch has ended; `interval` is when the next one is due if it went well.
    pub(super) fn end(&mut self, outcome: Result<(), Failure>, interval: Option<i64>, now: i64) {
        self.pace.fetched_at = Some(now);
        match outcome {
            Ok(()) => {
                self.succeed(now);
                (self.pace.failed_in_a_row, self.pace.interval) = (0, interval);
            }
            Err(failure) => {
                self.fail(failure, now);
                self.pace.failed_in_a_row = self.pace.failed_in_a_row.saturating_add(1);
            }
        }
    }

    /// Tells whether somebody has begun to fetch since it was last asked.
    pub(super) fn fetches(&self) -> u64 {
        self.fetches
    }

    /// A new callback is due at once.
    pub(super) fn start_over(&mut self) {
        self.pace = Pace::default();
    }

    /// When the callback is due, in Unix seconds; `cooldown` is in seconds, `jitter` from 0 to 1023 spreads the
    /// sources.
    pub(super) fn due_at(&self, demand: &Demand, cooldown: i64, jitter: i64, now: i64) -> Option<i64> {
        let Some(last) = self.pace.fetched_at else { return Some(now) };
        if last > now && !is_within(last, cooldown, now) {
            return Some(now); // the clock has gone back: nothing is known of when it was
        }
        let pause =
            if self.pace.failed_in_a_row > 0 { Some(self.pause(cooldown)) } else { self.pace.interval };
        let planned = pause.map(|pause| last.saturating_add(pause - early(pause, jitter)));
        let wanted = demand.is_wanted().then(|| last.saturating_add(cooldown));
        planned.into_iter().chain(wanted).min()
    }

    /// Doubles with every failure.
    fn pause(&self, cooldown: i64) -> i64 {
        let doublings = self.pace.failed_in_a_row.saturating_sub(1).min(16);
        (cooldown << doublings).min(LONGEST_PAUSE.max(cooldown))
    }
}

/// Up to a tenth of the pause, and never late.
fn early(pause: i64, jitter: i64) -> i64 {
    pause / 10_240 * jitter + pause % 10_240 * jitter / 10_240
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILURE: Failure = Failure { reason: Reason::CallbackFailed, host_code: 7 };

    fn due(ledger: &Ledger, demand: &Demand, now: i64) -> Option<i64> {
        ledger.due_at(demand, 10, 0, now)
    }

    #[test]
    fn failures_pause_longer_and_longer() {
        let (mut ledger, demand) = (Ledger::default(), Demand::new());
        assert_eq!(due(&ledger, &demand, 500), Some(500));
        for pause in [10, 20, 40, 80, 160, 300, 300] {
            ledger.end(Err(FAILURE), Some(5), 1_000);
            assert_eq!(due(&ledger, &demand, 1_000), Some(1_000 + pause));
        }
        assert_eq!((ledger.failures, ledger.failures_in_a_row, ledger.host_code), (7, 7, 7));
        ledger.end(Ok(()), Some(150), 2_000);
        assert_eq!(due(&ledger, &demand, 2_000), Some(2_150));
        assert_eq!((ledger.failures_in_a_row, ledger.last_failure), (0, None));
        ledger.end(Ok(()), None, 2_000);
        assert_eq!(due(&ledger, &demand, 2_000), None);
    }

    /// A seed that the host puts does not tell a callback that fails to rest.
    #[test]
    fn what_the_host_puts_does_not_pace_the_callback() {
        let (mut ledger, demand) = (Ledger::default(), Demand::new());
        ledger.end(Err(FAILURE), None, 1_000);
        ledger.succeed(1_001);
        assert_eq!(ledger.failures_in_a_row, 0);
        assert_eq!(due(&ledger, &demand, 1_001), Some(1_010));
        ledger.end(Ok(()), Some(100), 1_010);
        ledger.fail(FAILURE, 1_011);
        assert_eq!(due(&ledger, &demand, 1_011), Some(1_110));
    }

    #[test]
    fn what_is_wanted_waits_for_the_cooldown_only() {
        let (mut ledger, demand) = (Ledger::default(), Demand::new());
        ledger.end(Ok(()), Some(3_600), 1_000);
        assert!(demand.mark(1_001, 10));
        assert_eq!(due(&ledger, &demand, 1_001), Some(1_010));
        demand.take();
        assert_eq!(due(&ledger, &demand, 1_001), Some(4_600));
    }

    #[test]
    fn jitter_is_a_tenth_at_most() {
        let (mut ledger, demand) = (Ledger::default(), Demand::new());
        for (pause, least) in [(1_000, 901), (1_000_000, 900_001), (1, 1)] {
            ledger.end(Ok(()), Some(pause), 1_000);
            for jitter in 0..1024 {
                let due = ledger.due_at(&demand, 10, jitter, 1_000).expect("a time");
                assert!((1_000 + least..=1_000 + pause).contains(&due), "{due}");
            }
        }
    }

    #[test]
    fn a_clock_gone_back_is_due_and_one_read_late_is_not() {
        let (mut ledger, demand) = (Ledger::default(), Demand::new());
        ledger.end(Ok(()), Some(1_000), 1_000);
        assert_eq!(due(&ledger, &demand, 991), Some(2_000));
        assert_eq!(due(&ledger, &demand, 990), Some(990));
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let (mut ledger, demand) = (Ledger::default(), Demand::new());
        ledger.end(Ok(()), Some(i64::MAX), i64::MAX);
        demand.mark(i64::MAX, 10);
        assert_eq!(ledger.due_at(&demand, i64::from(u32::MAX), 1023, i64::MAX), Some(i64::MAX));
        for _ in 0..100 {
            ledger.end(Err(FAILURE), None, i64::MAX);
        }
        assert_eq!(ledger.due_at(&demand, i64::from(u32::MAX), 1023, i64::MAX), Some(i64::MAX));
    }
}
