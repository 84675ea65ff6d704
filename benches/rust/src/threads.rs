//! Throughput of two threads that share a verifier, over that of one: a fixed amount of work each, best of the rounds. And
//! of two that share nothing: what the machine itself gives to a second thread just then.

use crate::material::{Material, Result};
use crate::ours::verifier;
use crate::states::State;
use attestor::{Request, Verifier, VerifyResult};
use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long the work of one thread is to last: less than the scheduler's slice, so that some round meets two idle CPUs.
const WORK: Duration = Duration::from_millis(2);

/// Verdicts a second of one thread, of two together, and of two that share nothing.
pub fn throughput(material: &Material, state: State, rounds: usize) -> Result<[(&'static str, f64); 3]> {
    let (one, other) = (&verifier(material, state, false)?, &verifier(material, state, false)?);
    let token = material.token("valid").as_bytes();
    let calls = calls_in(WORK, one, token);
    let cases: [&[&Verifier]; 3] = [&[one], &[one, one], &[one, other]];
    let mut best = [f64::INFINITY; 3];
    for _ in 0..rounds {
        for (verifiers, best) in cases.iter().zip(&mut best) {
            *best = best.min(elapsed(verifiers, token, calls).as_secs_f64());
        }
    }
    let calls = f64::from(calls);
    Ok([("1", calls / best[0]), ("2", 2.0 * calls / best[1]), ("apart", 2.0 * calls / best[2])])
}

fn calls_in(time: Duration, verifier: &Verifier, token: &[u8]) -> u32 {
    let (start, mut result, mut calls) = (Instant::now(), VerifyResult::new(), 0);
    while start.elapsed() < time {
        let _ = verifier.verify(&Request::new(token), &mut result);
        calls += 1;
    }
    calls
}

/// How long the slowest of some threads takes that begin at the same moment, one for each of the verifiers.
fn elapsed(verifiers: &[&Verifier], token: &[u8], calls: u32) -> Duration {
    let ready = &AtomicUsize::new(0);
    let work = |verifier: &Verifier| {
        let mut result = VerifyResult::new();
        ready.fetch_add(1, Ordering::AcqRel);
        while ready.load(Ordering::Acquire) < verifiers.len() {
            spin_loop();
        }
        let start = Instant::now();
        for _ in 0..calls {
            assert!(verifier.verify(&Request::new(token), &mut result).is_ok(), "refused");
        }
        start.elapsed()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = verifiers.iter().map(|verifier| scope.spawn(|| work(verifier))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(Duration::MAX))
            .max()
            .unwrap_or(Duration::MAX)
    })
}
