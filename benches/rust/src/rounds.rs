//! The protocol of every program: cases take turns in rounds, a short batch each; minimum and median over the rounds.
//!
//! What else the machine does hits all cases alike, and the minimum is what a call costs when nothing does.

use crate::material::Result;
use std::time::{Duration, Instant};

/// How long one batch is to last.
const BATCH: Duration = Duration::from_micros(400);
/// How long a case runs before it is measured.
const WARM: Duration = Duration::from_millis(5);

/// One thing that is timed.
pub struct Case {
    /// `library/algorithm/state`.
    name: String,
    /// What `run` is to return, each time.
    expected: bool,
    run: Box<dyn FnMut() -> bool>,
    /// After so many calls it begins again.
    turn: u32,
    calls: u32,
    rounds: Vec<f64>,
}

/// What was measured of a case, in nanoseconds a call.
pub struct Timing {
    pub name: String,
    pub min: f64,
    pub median: f64,
}

impl Case {
    pub fn new(name: String, expected: bool, run: impl FnMut() -> bool + 'static) -> Self {
        Self { name, expected, run: Box::new(run), turn: 1, calls: 1, rounds: Vec::new() }
    }

    /// A case that does something else each time, and begins again after so many.
    pub fn in_turn(name: String, of: u32, run: impl FnMut() -> bool + 'static) -> Self {
        Self { turn: of, ..Self::new(name, true, run) }
    }

    /// Warms the case up, and finds out how many calls make a batch.
    fn prepare(&mut self) -> Result<()> {
        if (self.run)() != self.expected {
            return Err(format!("{}: not the verdict that was expected", self.name).into());
        }
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < WARM {
            (self.run)();
            calls += 1;
        }
        let one = start.elapsed().as_secs_f64() / f64::from(calls);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 1 to 400,000
        let calls = (BATCH.as_secs_f64() / one).clamp(1.0, 4e5) as u32;
        self.calls = calls.next_multiple_of(self.turn);
        Ok(())
    }

    fn batch(&mut self) -> Result<()> {
        // The first calls find the caches as the case before left them.
        let mut as_expected = (0..self.turn).all(|_| (self.run)() == self.expected);
        let start = Instant::now();
        for _ in 0..self.calls {
            as_expected &= (self.run)() == self.expected;
        }
        let elapsed = start.elapsed();
        self.rounds.push(elapsed.as_secs_f64() * 1e9 / f64::from(self.calls));
        if as_expected { Ok(()) } else { Err(format!("{}: another verdict", self.name).into()) }
    }

    fn timing(self) -> Timing {
        let (min, median) = summary(self.rounds);
        Timing { name: self.name, min, median }
    }
}

/// Measures all cases, `rounds` batches of each.
pub fn measure(mut cases: Vec<Case>, rounds: usize) -> Result<Vec<Timing>> {
    cases.iter_mut().try_for_each(Case::prepare)?;
    for _ in 0..rounds {
        cases.iter_mut().try_for_each(Case::batch)?;
    }
    Ok(cases.into_iter().map(Case::timing).collect())
}

/// Minimum and median.
pub fn summary(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
    (at(0), at(values.len() / 2))
}
