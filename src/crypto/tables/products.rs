//! How many field products this thread has worked out: what a verification costs, the same under every compiler.

use std::cell::Cell;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn count_one() {
    COUNT.set(COUNT.get() + 1);
}

/// The products of a run, and what it gives.
pub(super) fn counted<R>(run: impl FnOnce() -> R) -> (usize, R) {
    let before = COUNT.get();
    let result = run();
    (COUNT.get() - before, result)
}
