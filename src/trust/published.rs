//! A value that one writer replaces and any number of readers see, without waiting for anybody.
//!
//! A ring of cells, of which one is current. A writer fills another cell and then names it current;
//! a reader only ever *tries* to lock, and fails only if the ring went round meanwhile, so every
//! retry means that a write was finished. A forked child can read whatever its parent was doing.

use super::sync::{AtomicUsize, Mutex, Ordering, RwLock, spin_loop, yield_now};

const CELLS: usize = 4;

pub(crate) struct Published<T> {
    current: AtomicUsize,
    cells: [RwLock<T>; CELLS],
    writer: Mutex<()>,
}

impl<T: Clone> Published<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            current: AtomicUsize::new(0),
            cells: core::array::from_fn(|_| RwLock::new(value.clone())),
            writer: Mutex::new(()),
        }
    }

    /// A copy of the current value.
    pub(crate) fn load(&self) -> T {
        self.read(T::clone)
    }

    /// Runs `look` on the current value. `look` is short and takes no lock.
    pub(crate) fn read<R>(&self, look: impl Fn(&T) -> R) -> R {
        loop {
            let current = self.current.load(Ordering::Acquire);
            if let Some(value) = self.cells[current].try_read() {
                let seen = look(&value);
                // A cell that was refilled but is not named yet must not be seen early.
                if self.current.load(Ordering::Acquire) == current {
                    return seen;
                }
            }
            spin_loop();
        }
    }

    /// Replaces the value.
    pub(crate) fn store(&self, value: T) {
        let _writer = self.writer.lock();
        self.replace(value);
    }

    /// Replaces the value by what `change` makes of it.
    pub(crate) fn update(&self, change: impl FnOnce(&T) -> T) {
        let _writer = self.writer.lock();
        let next = change(&self.cells[self.current.load(Ordering::Acquire)].read());
        self.replace(next);
    }

    fn replace(&self, value: T) {
        let current = self.current.load(Ordering::Acquire);
        let mut next = current;
        let mut cell = loop {
            next = (next + 1) % CELLS;
            if next == current {
                yield_now();
                continue;
            }
            // A late reader may still hold a cell: take another, do not wait for it.
            if let Some(cell) = self.cells[next].try_write() {
                break cell;
            }
        };
        *cell = value;
        drop(cell);
        self.current.store(next, Ordering::Release);
        self.forget_old(next);
    }

    /// Cells that are not current would keep old keys alive; one copy of the new value is enough.
    fn forget_old(&self, current: usize) {
        let value = self.cells[current].read().clone();
        for (at, cell) in self.cells.iter().enumerate() {
            if at != current
                && let Some(mut cell) = cell.try_write()
            {
                *cell = value.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn readers_see_whole_values_that_never_go_back() {
        let published = Arc::new(Published::new(Arc::new((0u64, 0u64))));
        let done = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let (published, done) = (Arc::clone(&published), Arc::clone(&done));
                std::thread::spawn(move || {
                    let mut last = 0;
                    while !done.load(Ordering::Relaxed) {
                        let value = published.load();
                        assert_eq!(value.0 * 3, value.1);
                        assert!(value.0 >= last);
                        last = value.0;
                    }
                })
            })
            .collect();
        for n in 1..=20_000u64 {
            published.store(Arc::new((n, n * 3)));
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
        assert_eq!(published.load().0, 20_000);
    }

    #[test]
    fn a_reader_that_never_finishes_does_not_stop_a_writer() {
        let published = Published::new(1);
        let _stuck = published.cells[0].read();
        for n in 2..20 {
            published.store(n);
            assert_eq!(published.load(), n);
        }
    }

    #[test]
    fn replaced_values_are_dropped() {
        let published = Published::new(Arc::new(1));
        let old = Arc::downgrade(&published.load());
        published.store(Arc::new(2));
        assert!(old.upgrade().is_none());
    }
}
