//! Throughput of two threads that share a verifier, over that of one: a fixed amount of work each, best of the rounds.

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

/// Verdicts a second of one and of two threads, together.
pub fn throughput(material: &Material, state: State, rounds: usize) -> Result<[f64; 2]> {
    let verifier = verifier(material, state, false)?;
    let token = material.token("valid").as_bytes();
    let calls = calls_in(WORK, &verifier, token);
    let mut best = [f64::INFINITY; 2];
    for _ in 0..rounds {
        for (threads, best) in (1..).zip(&mut best) {
            *best = best.min(elapsed(&verifier, token, threads, calls).as_secs_f64());
        }
    }
    Ok([f64::from(calls) / best[0], 2.0 * f64::from(calls) / best[1]])
}

fn calls_in(time: Duration, verifier: &Verifier, token: &[u8]) -> u32 {
    let (start, mut result, mut calls) = (Instant::now(), VerifyResult::new(), 0);
    while start.elapsed() < time {
        let _ = verifier.verify(&Request::new(token), &mut result);
        calls += 1;
    }
    calls
}

/// How long the slowest of some threads takes that begin at the same moment.
fn elapsed(verifier: &Verifier, token: &[u8], threads: usize, calls: u32) -> Duration {
    let ready = AtomicUsize::new(0);
    let work = || {
        let mut result = VerifyResult::new();
        ready.fetch_add(1, Ordering::AcqRel);
        while ready.load(Ordering::Acquire) < threads {
            spin_loop();
        }
        let start = Instant::now();
        for _ in 0..calls {
            assert!(verifier.verify(&Request::new(token), &mut result).is_ok(), "refused");
        }
        start.elapsed()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(Duration::MAX))
            .max()
            .unwrap_or(Duration::MAX)
    })
}
