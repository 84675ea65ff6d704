//! How many verdicts the kernels and their peers have to agree on, and who counts them.
//!
//! A few hundred in a plain `cargo test`; ATTESTOR_ROUNDS multiplies that: `make test`, `make test-nightly`.

use super::tables::reference::Random;
use std::num::NonZero;
use std::thread;

/// Verdicts on which all agreed.
#[derive(Default)]
pub(super) struct Tally {
    accepted: usize,
    refused: usize,
}

impl Tally {
    pub(super) fn count(&mut self, accepted: bool) {
        *(if accepted { &mut self.accepted } else { &mut self.refused }) += 1;
    }

    pub(super) fn total(&self) -> usize {
        self.accepted + self.refused
    }
}

/// Has `judge` collect verdicts on every processor until there are `few` times the rounds; a third at least is of either
/// kind, or the inputs prove little. Every call of `judge` adds some to the tally.
pub(super) fn collect(what: &str, few: usize, judge: impl Fn(&mut Random, &mut Tally) + Sync) {
    let rounds = std::env::var("ATTESTOR_ROUNDS").map_or(1, |text| text.parse().unwrap());
    let (wanted, processors) = (few * rounds, thread::available_parallelism().map_or(1, NonZero::get));
    let tallies = thread::scope(|scope| {
        let share = |seed: usize| {
            let mut random = Random::new(1000 + seed as u64);
            let mut tally = Tally::default();
            while tally.total() < wanted.div_ceil(processors) {
                judge(&mut random, &mut tally);
            }
            tally
        };
        let threads: Vec<_> = (0..processors).map(|seed| scope.spawn(move || share(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let [accepted, refused] = [|tally: &Tally| tally.accepted, |tally: &Tally| tally.refused]
        .map(|of| tallies.iter().map(of).sum::<usize>());
    let total = accepted + refused;
    println!("{what}: {total} verdicts agree, {accepted} accepted and {refused} refused");
    assert!(total >= wanted && accepted * 3 >= total && refused * 3 >= total);
}
