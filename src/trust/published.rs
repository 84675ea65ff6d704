//! A value that one writer replaces and any number of readers see, without waiting for anybody.
//!
//! A ring of cells, of which one is current. A writer fills another cell and then names it current;
//! a reader only ever *tries* to lock, and fails only if the ring went round meanwhile, so every
//! retry means that a write was finished. A forked child can read whatever its parent was doing.

use super::sync::{AtomicU64, Mutex, Ordering, RwLock, spin_loop, yield_now};

const RING: usize = 4;
const CELLS: u64 = RING as u64;

/// Counts all the values that were ever published, in steps of `CELLS`: no two have one stamp.
static STAMPS: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0);

pub(crate) struct Published<T> {
    /// The stamp of the current value: its place in the ring is what is left over `CELLS`.
    current: AtomicU64,
    cells: [RwLock<T>; RING],
    writer: Mutex<()>,
}

/// A value, and which one it was.
pub(crate) struct Kept<T> {
    stamp: u64,
    value: T,
}

fn place(stamp: u64) -> usize {
    usize::try_from(stamp % CELLS).unwrap_or_default()
}

fn next_stamp(place: u64) -> u64 {
    STAMPS.fetch_add(CELLS, Ordering::Relaxed) + place
}

impl<T: Clone> Published<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            current: AtomicU64::new(next_stamp(0)),
            cells: core::array::from_fn(|_| RwLock::new(value.clone())),
            writer: Mutex::new(()),
        }
    }

    /// A copy of the current value.
    pub(crate) fn load(&self) -> T {
        self.read(T::clone)
    }

    /// The current value: what was kept, as long as nothing has replaced it, so that readers of a value that seldom
    /// changes write to nothing they share.
    pub(crate) fn again<'k>(&self, kept: &'k mut Option<Kept<T>>) -> &'k T {
        let current = self.stamp();
        if kept.as_ref().is_some_and(|kept| kept.stamp != current) {
            *kept = None;
        }
        &kept.get_or_insert_with(|| self.stamped(|value, stamp| Kept { stamp, value: value.clone() })).value
    }

    /// Changes with the value, and belongs to no other value of any `Published`.
    pub(crate) fn stamp(&self) -> u64 {
        self.current.load(Ordering::Acquire)
    }

    /// Runs `look` on the current value. `look` is short and takes no lock.
    pub(crate) fn read<R>(&self, look: impl Fn(&T) -> R) -> R {
        self.stamped(|value, _| look(value))
    }

    /// Likewise, on the value and its stamp.
    pub(crate) fn stamped<R>(&self, look: impl Fn(&T, u64) -> R) -> R {
        loop {
            let current = self.stamp();
            if let Some(value) = self.cells[place(current)].try_read() {
                let seen = look(&value, current);
                // A cell that was refilled but is not named yet must not be seen early.
                if self.stamp() == current {
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
        let next = change(&self.cells[place(self.stamp())].read());
        self.replace(next);
    }

    fn replace(&self, value: T) {
        let current = self.stamp() % CELLS;
        let mut next = current;
        let mut cell = loop {
            next = (next + 1) % CELLS;
            if next == current {
                yield_now();
                continue;
            }
            // A late reader may still hold a cell: take another, do not wait for it.
            if let Some(cell) = self.cells[place(next)].try_write() {
                break cell;
            }
        };
        *cell = value;
        drop(cell);
        self.current.store(next_stamp(next), Ordering::Release);
        self.forget_old(place(next));
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
    fn what_was_kept_is_as_good_as_loaded() {
        let (one, other) = (Published::new(Arc::new(1)), Published::new(Arc::new(1)));
        let mut kept = None;
        let first = Arc::clone(one.again(&mut kept));
        assert!(Arc::ptr_eq(one.again(&mut kept), &first));
        for n in 2..20 {
            one.store(Arc::new(n));
            assert_eq!(**one.again(&mut kept), n);
        }
        // What is kept of one says nothing about another, however alike they are.
        assert!(Arc::ptr_eq(other.again(&mut kept), &other.load()));
    }

    #[test]
    fn replaced_values_are_dropped() {
        let published = Published::new(Arc::new(1));
        let old = Arc::downgrade(&published.load());
        published.store(Arc::new(2));
        assert!(old.upgrade().is_none());
    }
}
