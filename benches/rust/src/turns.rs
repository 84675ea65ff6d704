//! For small differences: two calls take turns one by one, each timed alone. What disturbs the machine for longer than a
//! call disturbs both, and pairs that were disturbed are left out.

use crate::material::Result;
use std::time::Instant;

/// What is kept: of ten pairs the fastest.
const FASTEST: usize = 10;

/// By how many nanoseconds `longer` takes longer than `shorter`: the mean over the fastest tenth of `calls` pairs, because a
/// clock may tick in tens of nanoseconds.
pub fn difference(
    longer: &mut dyn FnMut() -> bool,
    shorter: &mut dyn FnMut() -> bool,
    calls: usize,
) -> Result<f64> {
    let mut pairs = Vec::with_capacity(calls);
    for _ in 0..calls {
        pairs.push((timed(longer)?, timed(shorter)?));
    }
    pairs.sort_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1)));
    let fastest = &pairs[..(calls / FASTEST).max(1)];
    let (longer, shorter) = fastest.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    #[allow(clippy::cast_precision_loss)] // some thousands
    Ok((longer - shorter) / fastest.len() as f64)
}

/// Nanoseconds of one call, after one that brings everything into the caches.
fn timed(run: &mut dyn FnMut() -> bool) -> Result<f64> {
    run();
    let start = Instant::now();
    let as_expected = run();
    let elapsed = start.elapsed().as_secs_f64() * 1e9;
    if as_expected { Ok(elapsed) } else { Err("another verdict".into()) }
}
