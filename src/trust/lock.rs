//! A lock that a forked child does not wait for for ever: its holder may have stayed in the parent.

use crate::verdict::Reason;
use parking_lot::{Mutex, MutexGuard};
use std::process;
use std::thread;
use std::time::Duration;

/// How often a child tries, a millisecond apart.
const TRIES: u32 = 1000;

/// Not poisoned by a panic; the holders are short and run no code of the host's.
pub(super) struct Lock<T> {
    value: Mutex<T>,
    /// The process that made it.
    process: u32,
}

impl<T> Lock<T> {
    pub(super) fn new(value: T) -> Self {
        Self { value: Mutex::new(value), process: process::id() }
    }

    /// # Errors
    /// `store_poisoned` in a forked child, if it was held when the parent forked.
    pub(super) fn lock(&self) -> Result<MutexGuard<'_, T>, Reason> {
        if process::id() == self.process {
            return Ok(self.value.lock());
        }
        // A waiter would be parked in a table whose own lock may have stayed in the parent too.
        for _ in 0..TRIES {
            if let Some(value) = self.value.try_lock() {
                return Ok(value);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(Reason::StorePoisoned)
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_gives_up_where_the_parent_waits() {
        let mut lock = Lock::new(7);
        assert_eq!(lock.lock().as_deref(), Ok(&7));
        lock.process = 0; // never a process of ours: what a fork looks like
        assert_eq!(lock.lock().as_deref(), Ok(&7));
        let _kept = lock.value.lock();
        assert_eq!(lock.lock().map(|_| ()), Err(Reason::StorePoisoned));
    }
}
