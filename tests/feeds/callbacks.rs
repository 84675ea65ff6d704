//! Callbacks that misbehave: each harms its own source only.

use crate::material::*;
use attestor::{BundleStore, FetchError, Format, Reason, RefreshReport, SinkOptions, SourceHealth, Verifier};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

const OPTIONS: fn() -> SinkOptions = SinkOptions::default;

/// A store of two sources: `bad`, whose callback a test brings, and `good`, which always gives its key.
struct Pair {
    store: Arc<BundleStore>,
    verifier: Verifier,
}

impl Pair {
    fn new() -> Self {
        let store = Arc::new(BundleStore::new());
        let verifier = verifier(&store, &["bad", "good"]);
        let fetch = feed(|_, sink| give(sink, &bundle(&[jwk("k", 1)])));
        store.set_feed(domain("good"), 1, fetch).expect("a callback");
        Self { store, verifier }
    }

    /// What a refresh says of both, once it has left `good` in order.
    fn refresh(&self, seconds: i64) -> (usize, usize, usize) {
        let RefreshReport { succeeded, failed, busy, .. } =
            self.store.refresh(at(seconds)).expect("a refresh");
        assert_eq!(verdict(&self.verifier, &token("good", "k", 1), seconds), Ok(()));
        (succeeded, failed, busy)
    }

    fn takes_bad(&self, seconds: i64) -> Result<(), Reason> {
        verdict(&self.verifier, &token("bad", "k", 1), seconds)
    }

    fn health(&self, seconds: i64) -> SourceHealth {
        self.store.health(domain("bad"), at(seconds)).expect("a name").expect("a callback")
    }
}

#[test]
fn a_callback_that_fails_is_called_again_later_and_later() {
    let pair = Pair::new();
    let fails = feed(|_, _| Err(FetchError { host_code: -7 }));
    pair.store.set_feed(domain("bad"), 1, fails).expect("a callback");
    assert_eq!(pair.refresh(0), (1, 1, 0));
    assert_eq!(pair.takes_bad(0), Err(Reason::BundleUnavailable));
    let seen = pair.health(0);
    assert_eq!((seen.failures, seen.host_code, seen.last_failure), (1, -7, Some(Reason::CallbackFailed)));
    assert!(seen.has_callback && !seen.in_flight && !seen.empty_update);
    let mut attempts = Vec::new();
    for seconds in 1..1_000 {
        if pair.refresh(seconds).1 == 1 {
            attempts.push(seconds);
        }
    }
    // 10, 20, 40, 80, 160, 300 and 300 seconds, each up to a tenth shorter.
    let mut last = 0;
    for (attempt, pause) in attempts.iter().zip([10, 20, 40, 80, 160, 300, 300]) {
        assert!((pause - pause / 10..=pause).contains(&(attempt - last)), "{attempts:?}");
        last = *attempt;
    }
    assert!((7..=8).contains(&attempts.len()), "{attempts:?}");
}

#[test]
fn a_callback_that_panics_has_failed() {
    let pair = Pair::new();
    pair.store.set_feed(domain("bad"), 1, feed(|_, _| panic!("the host's"))).expect("a callback");
    assert_eq!(pair.refresh(0), (1, 1, 0));
    let error = pair.store.refresh_source(domain("bad"), at(0)).expect_err("a panic");
    assert_eq!(error.reason(), Reason::CallbackFailed);
    assert_eq!((pair.health(0).failures, pair.health(0).in_flight), (2, false));
    put(&pair.store, "bad", 1, &bundle(&[jwk("k", 1)]), 0).expect("the store is not poisoned");
    assert_eq!(pair.takes_bad(0), Ok(()));
}

/// What it put before it panicked was put.
#[test]
fn a_callback_that_puts_and_panics_has_put_and_failed() {
    let pair = Pair::new();
    let fetch = feed(|_, sink| {
        give(sink, &bundle(&[jwk("k", 1)]))?;
        panic!("the host's");
    });
    pair.store.set_feed(domain("bad"), 1, fetch).expect("a callback");
    assert_eq!(pair.refresh(0), (1, 1, 0));
    assert_eq!(pair.takes_bad(0), Ok(()));
    assert_eq!((pair.health(0).refreshes, pair.health(0).failures), (0, 1));
}

#[test]
fn a_callback_that_gives_nothing_has_failed() {
    let pair = Pair::new();
    pair.store.set_feed(domain("bad"), 1, feed(|_, _| Ok(()))).expect("a callback");
    assert_eq!(pair.refresh(0), (1, 1, 0));
    assert_eq!(pair.health(0).last_failure, Some(Reason::CallbackFailed));
    // To confirm what was never put is nothing either.
    let confirms = feed(|_, sink| sink.confirm(&OPTIONS()).map_err(|_| FetchError { host_code: 5 }));
    pair.store.set_feed(domain("bad"), 1, confirms).expect("a callback");
    let error = pair.store.refresh_source(domain("bad"), at(0)).expect_err("nothing to confirm");
    assert_eq!(error.reason(), Reason::BundleUnavailable);
    let seen = pair.health(0);
    assert_eq!((seen.failures, seen.last_failure, seen.host_code), (2, Some(Reason::BundleUnavailable), 5));
}

#[test]
fn a_fetch_fails_once_whatever_was_refused_in_it() {
    let pair = Pair::new();
    let fetch = feed(|_, sink| {
        for document in ["{", r#"{"keys":[7]}"#] {
            give(sink, document)?;
        }
        Err(FetchError { host_code: 3 })
    });
    pair.store.set_feed(domain("bad"), 1, fetch).expect("a callback");
    assert_eq!(pair.refresh(0), (1, 1, 0));
    let seen = pair.health(0);
    assert_eq!((seen.failures, seen.failures_in_a_row, seen.refreshes), (1, 1, 0));
    assert_eq!((seen.last_failure, seen.host_code), (Some(Reason::NoUsableKeys), 3));
    assert!(seen.next_refresh.is_some_and(|next| (START + 9..=START + 10).contains(&next)));
    // One refused document is a failure although another was taken.
    let fetch = feed(|_, sink| {
        give(sink, &bundle(&[jwk("k", 1)]))?;
        give(sink, "{")
    });
    pair.store.set_feed(domain("bad"), 1, fetch).expect("a callback");
    assert_eq!(pair.refresh(0).1, 1);
    assert_eq!((pair.health(0).failures, pair.health(0).refreshes), (2, 0));
    assert_eq!(pair.takes_bad(0), Ok(()));
}

#[test]
fn a_callback_puts_what_its_source_takes() {
    let pair = Pair::new();
    let (tell, told) = channel();
    let tell = Mutex::new(tell);
    let fetch = feed(move |source, sink| {
        assert_eq!(source.name, "bad");
        let map = map_of(&[("bad", bundle(&[jwk("k", 1)]))]);
        let put = sink.put(Format::BundleMap, map.as_bytes(), &OPTIONS());
        tell.lock().expect("no panic").send(put.map_err(|error| error.reason())).expect("a listener");
        Ok(())
    });
    pair.store.set_feed(domain("bad"), 1, fetch).expect("a callback");
    assert_eq!(pair.refresh(0), (1, 1, 0));
    assert_eq!(told.recv(), Ok(Err(Reason::SourceNameInvalid)));
    for (source, document) in [(domain("bad/x"), "x"), (attestor::Source::issuer(""), "x")] {
        let set = pair.store.set_feed(source, 1, feed(move |_, sink| give(sink, document)));
        assert_eq!(set.map_err(|error| error.reason()), Err(Reason::SourceNameInvalid));
    }
}

/// Everything that a callback may do with its own store, and what it may not.
#[test]
fn a_callback_may_use_the_store_but_not_refresh_it() {
    let pair = Pair::new();
    let store = Arc::downgrade(&pair.store);
    let verifier = verifier(&pair.store, &["good"]);
    let fetch = feed(move |_, sink| {
        let store = store.upgrade().expect("a store that calls back");
        let reentrant = |outcome: Result<(), attestor::ConfigError>| {
            assert_eq!(outcome.map_err(|error| error.reason()), Err(Reason::RefreshReentrant));
        };
        reentrant(store.refresh(at(0)).map(|_| ()));
        reentrant(store.refresh_source(domain("good"), at(0)));
        reentrant(store.refresh_source(domain("bad"), at(0)));
        assert!(store.health(domain("bad"), at(0)).expect("a name").expect("health").in_flight);
        assert_eq!(store.next_refresh(at(0)).map(|next| next.is_some()), Ok(true), "of the other");
        put(&store, "good", 1, &bundle(&[jwk("k", 1), jwk("x", 9)]), 0).expect("another source");
        // It verifies, and does not fetch from within.
        let mut result = attestor::VerifyResult::new();
        let missing = token("good", "missing", 3);
        let request = attestor::Request::new(&missing).at(at(0));
        let refused = verifier.verify_refreshing(&request, &mut result).expect_err("no such key");
        assert_eq!(refused.reason, Reason::KidNotFound);
        give(sink, &bundle(&[jwk("k", 1)]))
    });
    pair.store.set_feed(domain("bad"), 1, fetch).expect("a callback");
    assert_eq!(pair.refresh(0), (2, 0, 0));
    assert_eq!(pair.takes_bad(0), Ok(()));
    assert_eq!(pair.health(0).failures, 0);
}

/// After its source was removed, or given to another callback, a fetch under way gives nothing.
#[test]
fn a_callback_that_gives_its_source_away_has_no_say() {
    for replaces in [false, true] {
        let pair = Pair::new();
        let store = Arc::downgrade(&pair.store);
        let fetch = feed(move |_, sink| {
            let store = store.upgrade().expect("a store that calls back");
            if replaces {
                let other = feed(|_, sink| give(sink, &bundle(&[jwk("other", 2)])));
                store.set_feed(domain("bad"), 2, other).expect("a callback");
            } else {
                assert_eq!(store.remove(domain("bad")), Ok(true));
            }
            for outcome in [
                sink.put(Format::SpiffeBundle, bundle(&[jwk("k", 1)]).as_bytes(), &OPTIONS()).map(|_| ()),
                sink.confirm(&OPTIONS()),
            ] {
                assert_eq!(outcome.map_err(|error| error.reason()), Err(Reason::FeedReplaced));
            }
            Err(FetchError { host_code: 9 })
        });
        pair.store.set_feed(domain("bad"), 1, fetch).expect("a callback");
        assert_eq!(pair.refresh(0), (1, 0, 0), "nobody failed");
        assert_eq!(pair.takes_bad(0), Err(Reason::BundleUnavailable));
        let next = pair.store.refresh_source(domain("bad"), at(0)).map_err(|error| error.reason());
        if replaces {
            assert_eq!(next, Ok(()));
            assert_eq!((pair.health(0).failures, pair.health(0).refreshes), (0, 1));
            assert_eq!(verdict(&pair.verifier, &token("bad", "other", 2), 0), Ok(()));
        } else {
            assert_eq!(next, Err(Reason::RefreshBusy));
            assert_eq!(pair.store.health(domain("bad"), at(0)), Ok(None));
        }
    }
}

/// A callback that waits until it is told to go on.
struct Slow {
    entered: Receiver<()>,
    go_on: Sender<()>,
}

impl Slow {
    fn register(store: &BundleStore) -> Self {
        let ((enter, entered), (go_on, wait)) = (channel(), channel());
        let (enter, wait) = (Mutex::new(enter), Mutex::new(wait));
        let fetch = feed(move |_, sink| {
            enter.lock().expect("no panic").send(()).expect("a listener");
            wait.lock().expect("no panic").recv().map_err(|_| FetchError::default())?;
            give(sink, &bundle(&[jwk("k", 1)]))
        });
        store.set_feed(domain("bad"), 1, fetch).expect("a callback");
        Self { entered, go_on }
    }
}

#[test]
fn a_slow_callback_holds_nobody_up() {
    let pair = Pair::new();
    let slow = Slow::register(&pair.store);
    thread::scope(|scope| {
        // `bad` comes before `good`: both are due since for ever, and their names decide.
        let stuck = scope.spawn(|| pair.store.refresh(at(0)));
        slow.entered.recv().expect("a fetch");
        assert!(pair.health(0).in_flight);
        assert_eq!(pair.refresh(0), (1, 0, 1), "the other is fetched, this one is left to who has it");
        assert_eq!(pair.refresh(1), (0, 0, 1));
        let busy = pair.store.refresh_source(domain("bad"), at(0)).map_err(|error| error.reason());
        assert_eq!(busy, Err(Reason::RefreshBusy));
        put(&pair.store, "other", 0, &bundle(&[jwk("k", 1)]), 0).expect("a put");
        assert_eq!(pair.store.remove(domain("other")), Ok(true));
        let good_next =
            pair.store.health(domain("good"), at(1)).expect("a name").expect("health").next_refresh;
        assert_eq!(pair.store.next_refresh(at(1)), Ok(good_next), "nobody waits for the slow one");
        slow.go_on.send(()).expect("a fetch");
        // The stuck thread finds that somebody else has been at the other source.
        let report = stuck.join().expect("a thread").expect("a refresh");
        assert_eq!((report.succeeded, report.failed, report.busy), (1, 0, 0));
    });
    let refreshes = pair.store.health(domain("good"), at(1)).expect("a name").expect("health").refreshes;
    assert_eq!(refreshes, 1);
    assert_eq!(pair.takes_bad(0), Ok(()));
    assert!(!pair.health(0).in_flight);
}

/// A callback that hangs can be replaced, and the new one fetches.
#[test]
fn a_hanging_callback_does_not_hinder_its_successor() {
    let pair = Pair::new();
    let slow = Slow::register(&pair.store);
    thread::scope(|scope| {
        let stuck = scope.spawn(|| pair.store.refresh_source(domain("bad"), at(0)));
        slow.entered.recv().expect("a fetch");
        let other = feed(|_, sink| give(sink, &bundle(&[jwk("other", 2)])));
        pair.store.set_feed(domain("bad"), 2, other).expect("a callback");
        assert!(!pair.health(0).in_flight);
        assert_eq!(pair.refresh(0), (2, 0, 0));
        slow.go_on.send(()).expect("a fetch");
        let late = stuck.join().expect("a thread").map_err(|error| error.reason());
        assert_eq!(late, Err(Reason::FeedReplaced));
    });
    assert_eq!(verdict(&pair.verifier, &token("bad", "other", 2), 0), Ok(()));
    assert_eq!(pair.takes_bad(0), Err(Reason::KidNotFound));
    assert_eq!((pair.health(0).refreshes, pair.health(0).failures), (1, 0));
}

/// A callback that leaves its work to another thread, which refreshes too.
#[test]
fn a_callback_whose_thread_refreshes_does_not_wait_for_itself() {
    let pair = Pair::new();
    let store = Arc::downgrade(&pair.store);
    let fetch = feed(move |_, sink| {
        let store = store.upgrade().expect("a store that calls back");
        let worker = thread::spawn(move || {
            let report = store.refresh(at(0)).expect("a refresh");
            (report.succeeded, report.failed, report.busy)
        });
        assert_eq!(worker.join().expect("the worker"), (1, 0, 1));
        give(sink, &bundle(&[jwk("k", 1)]))
    });
    pair.store.set_feed(domain("bad"), 1, fetch).expect("a callback");
    assert_eq!(pair.refresh(0), (1, 0, 0));
    assert_eq!(pair.takes_bad(0), Ok(()));
}
