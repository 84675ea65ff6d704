//! `Demand` and `Flight`: marks that are neither lost nor doubled, and one fetch at a time.

use crate::check;
use crate::demand::{Demand, Flight};
use crate::published::Published;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

const PARENT: u32 = 1;
const CHILD: u32 = 2;
const COOLDOWN: i64 = 10;

/// What only who is on board may touch; loom sees two at once, and one who does not see what the last one did.
struct Craft {
    flight: Flight,
    cabin: UnsafeCell<()>,
}

impl Craft {
    fn new() -> Self {
        Self { flight: Flight::new(), cabin: UnsafeCell::new(()) }
    }

    /// Flies if nobody else does.
    fn fly(&self, process: u32) -> bool {
        let boarded = self.flight.board(process);
        if boarded.is_some() {
            assert!(self.flight.is_taken(process));
            self.cabin.with_mut(|_| thread::yield_now());
        }
        boarded.is_some()
    }
}

/// Never two on board, somebody gets on board, and the seat is free again afterwards.
pub fn one_flies_at_a_time() {
    check(3, || {
        let craft = Arc::new(Craft::new());
        let others: Vec<_> = (0..2)
            .map(|_| {
                let craft = Arc::clone(&craft);
                thread::spawn(move || craft.fly(PARENT))
            })
            .collect();
        let own = craft.fly(PARENT);
        let flown: Vec<_> = others.into_iter().map(|other| other.join().expect("a thread")).collect();
        assert!(own || flown.contains(&true), "nobody flew");
        assert!(!craft.flight.is_taken(PARENT));
        assert!(craft.fly(PARENT), "the seat was not given back");
    });
}

/// In a child, what a thread of the parent holds is free, for one.
pub fn a_child_takes_over_from_its_parent() {
    check(3, || {
        let craft = Arc::new(Craft::new());
        std::mem::forget(craft.flight.board(PARENT)); // its thread stayed in the parent
        let others: Vec<_> = (0..2)
            .map(|_| {
                let craft = Arc::clone(&craft);
                thread::spawn(move || craft.fly(CHILD))
            })
            .collect();
        let flown: Vec<_> = others.into_iter().map(|other| other.join().expect("a thread")).collect();
        assert!(flown.contains(&true), "nobody flew");
        assert!(craft.fly(CHILD));
    });
}

/// Of all who ask in one cooldown, one leaves a mark, whatever second each of them saw.
pub fn a_mark_is_left_once_in_a_cooldown() {
    check(3, || {
        let demand = Arc::new(Demand::new());
        let others: Vec<_> = [100, 105]
            .map(|now| {
                let demand = Arc::clone(&demand);
                thread::spawn(move || demand.mark(now, COOLDOWN))
            })
            .into_iter()
            .collect();
        let own = demand.mark(99, COOLDOWN);
        let marked: Vec<_> = others.into_iter().map(|other| other.join().expect("a thread")).collect();
        let marks = marked.iter().chain([&own]).filter(|marked| **marked).count();
        assert_eq!(marks, 1);
        assert!(demand.is_wanted());
    });
}

/// A mark beside somebody who takes: taken, or still to be seen, and not both.
pub fn a_mark_is_taken_or_still_there() {
    check(3, || {
        let demand = Arc::new(Demand::new());
        let asked = Arc::clone(&demand);
        let other = thread::spawn(move || asked.take());
        assert!(demand.mark(100, COOLDOWN));
        let taken = other.join().expect("the other one");
        assert_ne!(taken, demand.is_wanted());
        assert_ne!(taken, demand.take());
        assert!(demand.mark(100 + COOLDOWN, COOLDOWN), "the next cooldown");
        assert!(demand.is_wanted());
    });
}

/// Two take one mark: one of them fetches.
pub fn a_mark_is_taken_once() {
    check(3, || {
        let demand = Arc::new(Demand::new());
        assert!(demand.mark(100, COOLDOWN));
        let asked = Arc::clone(&demand);
        let other = thread::spawn(move || asked.take());
        let own = demand.take();
        assert_ne!(own, other.join().expect("the other one"));
    });
}

/// A publisher brings a key and a verification misses it, beside a fetch under way: the fetch has it, or the mark
/// outlives the fetch.
pub fn what_is_missed_is_fetched_or_wanted() {
    check(3, || {
        let (demand, keys) = (Arc::new(Demand::new()), Arc::new(Published::new(0)));
        let newest = Arc::new(AtomicU32::new(1));
        assert!(demand.mark(100, COOLDOWN));
        let (asked, seen, publisher) = (Arc::clone(&demand), Arc::clone(&keys), Arc::clone(&newest));
        let verification = thread::spawn(move || {
            publisher.store(2, Ordering::Relaxed);
            if seen.load() < 2 {
                asked.mark(100 + COOLDOWN, COOLDOWN);
            }
        });
        let fetch = || {
            demand.take();
            keys.store(newest.load(Ordering::Relaxed));
        };
        fetch();
        verification.join().expect("the verification");
        if demand.is_wanted() {
            fetch();
        }
        assert_eq!(keys.load(), 2, "the mark was lost");
    });
}
