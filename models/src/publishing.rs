//! `Published`: one writer at a time, readers that never wait.

use crate::check;
use crate::published::Published;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;

/// A value in two halves, to be seen torn if it can be.
type Halves = (u32, u32);

fn whole(n: u32) -> Halves {
    (n, n * 3)
}

/// Loads so many times; what is seen is whole and never older than what was seen before.
fn watch(published: &Published<Halves>, loads: u32) -> u32 {
    let mut last = 0;
    for _ in 0..loads {
        let seen = published.load();
        assert_eq!(seen, whole(seen.0), "torn");
        assert!(seen.0 >= last, "{} after {last}", seen.0);
        last = seen.0;
    }
    last
}

/// A reader beside a writer sees whole values that never go back, and comes to an end.
pub fn a_reader_never_goes_back() {
    check(3, || {
        let published = Arc::new(Published::new(whole(0)));
        let read = Arc::clone(&published);
        let reader = thread::spawn(move || watch(&read, 2));
        published.store(whole(1));
        assert_eq!(published.load(), whole(1), "a writer sees what it wrote");
        published.store(whole(2));
        reader.join().expect("the reader");
        assert_eq!(published.load(), whole(2));
    });
}

/// Nor does one that keeps what it saw; and it does not go on with that once it has heard of something later.
pub fn what_is_kept_is_given_up() {
    check(3, || {
        let published = Arc::new(Published::new(whole(0)));
        let told = Arc::new(AtomicU32::new(0));
        let (read, hear) = (Arc::clone(&published), Arc::clone(&told));
        let reader = thread::spawn(move || {
            let (mut kept, mut last) = (None, 0);
            for _ in 0..3 {
                let heard = hear.load(Ordering::Acquire);
                let seen = *read.again(&mut kept);
                assert_eq!(seen, whole(seen.0), "torn");
                assert!(seen.0 >= last && seen.0 >= heard, "{} after {last} and {heard}", seen.0);
                last = seen.0;
            }
        });
        for n in 1..=2 {
            published.store(whole(n));
            told.store(n, Ordering::Release);
        }
        reader.join().expect("the reader");
    });
}

/// The ring of cells goes round while a reader stands still: the cell it had chosen holds a later value.
pub fn a_reader_survives_a_round_of_the_ring() {
    check(3, || {
        let published = Arc::new(Published::new(whole(0)));
        let read = Arc::clone(&published);
        let reader = thread::spawn(move || watch(&read, 2));
        for n in 1..=5 {
            published.store(whole(n));
        }
        reader.join().expect("the reader");
        assert_eq!(published.load(), whole(5));
    });
}

/// What one thread has seen, another that hears of it sees too.
pub fn a_value_seen_is_there_for_all() {
    check(3, || {
        let published = Arc::new(Published::new(whole(0)));
        let seen = Arc::new(AtomicU32::new(0));
        let (write, tell) = (Arc::clone(&published), (Arc::clone(&published), Arc::clone(&seen)));
        let writer = thread::spawn(move || write.store(whole(1)));
        let teller = thread::spawn(move || {
            let (published, seen) = tell;
            seen.store(published.load().0, Ordering::Release);
        });
        let heard = seen.load(Ordering::Acquire);
        assert!(published.load().0 >= heard);
        writer.join().expect("the writer");
        teller.join().expect("the teller");
    });
}

/// Two writers do not lose each other's updates.
pub fn two_writers_lose_nothing() {
    check(3, || {
        let published = Arc::new(Published::new(whole(0)));
        let other = Arc::clone(&published);
        let writer = thread::spawn(move || other.update(|seen| whole(seen.0 + 1)));
        published.update(|seen| whole(seen.0 + 1));
        assert!(watch(&published, 1) >= 1);
        writer.join().expect("the writer");
        assert_eq!(published.load(), whole(2));
    });
}

/// Two writers and a reader between them.
pub fn a_reader_beside_two_writers() {
    check(3, || {
        let published = Arc::new(Published::new(whole(0)));
        let (one, read) = (Arc::clone(&published), Arc::clone(&published));
        let writer = thread::spawn(move || one.update(|seen| whole(seen.0 + 1)));
        let reader = thread::spawn(move || watch(&read, 2));
        published.update(|seen| whole(seen.0 + 1));
        writer.join().expect("the writer");
        reader.join().expect("the reader");
        assert_eq!(published.load(), whole(2));
    });
}
