//! Eight threads do everything at once: a verdict is always one that some whole state explains, and all come to an end.

use crate::material::*;
use attestor::{
    BundleStore, DenyEntry, DenyField, DenyKind, Feed, FetchError, Format, Gate, GateAction, Reason, Request,
    Sink, Source, StoreOptions, Verifier, VerifyResult,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

const ROUNDS: usize = 1_500;

/// Ends the process, and says so, if `run` hangs.
fn watched(run: impl FnOnce()) {
    let (done, wait) = channel::<()>();
    let watchdog = thread::spawn(move || {
        if wait.recv_timeout(Duration::from_mins(10)) == Err(RecvTimeoutError::Timeout) {
            eprintln!("the storm hangs: a deadlock");
            std::process::abort();
        }
    });
    run();
    drop(done);
    watchdog.join().expect("the watchdog");
}

/// The bundles that `td` has one after the other; a key never has another's `kid`.
fn documents() -> [String; 4] {
    [bundle(&[jwk("one", 1)]), bundle(&[jwk("one", 1), jwk("two", 2)]), bundle(&[jwk("two", 2)]), bundle(&[])]
}

struct Counted {
    drops: Arc<AtomicUsize>,
    document: String,
}

impl Feed for Counted {
    fn fetch(&self, _: Source<'_>, sink: &mut Sink<'_>) -> Result<(), FetchError> {
        give(sink, &self.document)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

struct Storm {
    store: Arc<BundleStore>,
    verifier: Verifier,
    drops: Arc<AtomicUsize>,
}

impl Storm {
    fn new() -> Self {
        let mut options = StoreOptions::default();
        let off = GateAction::Off;
        options.gate = Gate { rollback: off, rekeyed: off, replaced: off };
        let store = Arc::new(BundleStore::with(options));
        let verifier = verifier(&store, &["steady", "td"]);
        put(&store, "steady", 9, &bundle(&[jwk("s", 9)]), 0).expect("a bundle");
        Self { store, verifier, drops: Arc::default() }
    }

    fn put(&self, round: usize) {
        put(&self.store, "td", 1, &documents()[round % 4], 0).expect("a bundle");
    }

    fn remove(&self, round: usize) {
        let keys = bundle(&[jwk("one", 1)]);
        match round % 4 {
            0 => drop(self.store.remove(domain("td")).expect("a removal")),
            1 => drop(self.store.withdraw(1).expect("a withdrawal")),
            2 => {
                let map = map_of(&[("td", keys), ("other", bundle(&[]))]);
                let put = self.store.put(domain(""), Format::BundleMap, map.as_bytes(), &of_feed(3), at(0));
                put.expect("a map");
            }
            _ => {
                let map = map_of(&[]);
                let put = self.store.put(domain(""), Format::BundleMap, map.as_bytes(), &of_feed(3), at(0));
                put.expect("a map");
            }
        }
    }

    /// Whatever comes of one source, another thread may be at it.
    fn refresh(&self, round: usize) {
        if round.is_multiple_of(2) {
            self.store.refresh(at(0)).expect("a refresh");
        } else if let Err(error) = self.store.refresh_source(domain("td"), at(0)) {
            assert!([Reason::RefreshBusy, Reason::FeedReplaced].contains(&error.reason()), "{error}");
        }
    }

    fn register(&self, round: usize) {
        if round % 3 == 2 {
            self.store.close_feed(domain("td")).expect("a name");
            return;
        }
        let (drops, document) = (Arc::clone(&self.drops), documents()[round % 4].clone());
        self.store.set_feed(domain("td"), 1, Counted { drops, document }).expect("a callback");
    }

    fn touch(&self, round: usize, last: &mut u64) {
        for (name, feed) in [("td", 1), ("", 3), ("steady", 9)] {
            let touched = self.store.touch(domain(name), feed, at(0)).map_err(|error| error.reason());
            assert!(touched.is_ok() || (name != "steady" && touched == Err(Reason::BundleUnavailable)));
        }
        self.store.health(domain("td"), at(0)).expect("a name");
        self.store.next_refresh(at(0)).expect("a time");
        if let Some(slot) = jwt_slot(&self.store, "td") {
            assert!(slot.generation >= *last, "round {round}: a slot went back");
            assert!(slot.entries <= 2 && [1, 3].contains(&slot.feed));
            *last = slot.generation;
        }
    }

    fn rule(&self, round: usize) {
        let entry = DenyEntry {
            kind: DenyKind::TrustDomain,
            source: "td",
            field: DenyField::Sub,
            value: "spiffe://td/workload",
            expires_at: None,
        };
        match round % 4 {
            0 => self.store.deny(entry, at(0)).expect("a denial"),
            1 => self.verifier.set_policy(policy(&["steady"]).as_bytes()).expect("a policy"),
            2 => drop(self.store.lift(entry).expect("an entry")),
            _ => {
                let policy = policy(&["steady", "td"]);
                self.verifier.set_policy(policy.as_bytes()).expect("a policy");
                let shadow = (round % 8 == 3).then_some(policy.as_bytes());
                self.verifier.set_shadow_policy(shadow).expect("a policy");
            }
        }
    }

    fn verify(&self, tokens: &[Vec<u8>; 4], result: &mut VerifyResult, refreshing: bool) {
        let [steady, one, two, forged] = tokens;
        let mut judge = |token: &[u8]| {
            let request = Request::new(token).at(at(0));
            let verdict = if refreshing {
                self.verifier.verify_refreshing(&request, result)
            } else {
                self.verifier.verify(&request, result)
            };
            verdict.map(|_| ()).map_err(|rejected| rejected.reason)
        };
        assert_eq!(judge(steady), Ok(()), "nobody touched this one");
        // No policy names it, it is not there, its key is not there.
        let absent = [Reason::TrustDomainUnknown, Reason::BundleUnavailable, Reason::KidNotFound];
        for token in [one, two] {
            let verdict = judge(token);
            assert!(
                verdict.is_ok_and(|()| true)
                    || verdict
                        .is_err_and(|reason| absent.contains(&reason) || reason == Reason::OverlayDenied),
                "{verdict:?}"
            );
        }
        let verdict = judge(forged);
        assert!(
            verdict.is_err_and(|reason| absent.contains(&reason) || reason == Reason::SignatureInvalid),
            "{verdict:?}"
        );
    }
}

#[test]
fn eight_threads_come_to_an_end_and_no_verdict_is_a_mixture() {
    watched(|| {
        let storm = Storm::new();
        let tokens =
            [token("steady", "s", 9), token("td", "one", 1), token("td", "two", 2), token("td", "one", 2)];
        let start = Barrier::new(8);
        thread::scope(|scope| {
            let all = |each: fn(&Storm, usize)| {
                let (storm, start) = (&storm, &start);
                scope.spawn(move || {
                    start.wait();
                    (0..ROUNDS).for_each(|round| each(storm, round));
                });
            };
            all(Storm::put);
            all(Storm::remove);
            all(Storm::refresh);
            all(Storm::register);
            all(Storm::rule);
            scope.spawn(|| {
                start.wait();
                let mut last = 0;
                (0..ROUNDS).for_each(|round| storm.touch(round, &mut last));
            });
            for refreshing in [false, true] {
                let (storm, start, tokens) = (&storm, &start, &tokens);
                scope.spawn(move || {
                    start.wait();
                    let mut result = VerifyResult::new();
                    (0..ROUNDS).for_each(|_| storm.verify(tokens, &mut result, refreshing));
                });
            }
        });
        // Afterwards everything is as the last ones said.
        let Storm { store, verifier, drops } = storm;
        store.clear_denials().expect("an overlay");
        verifier.set_policy(policy(&["td"]).as_bytes()).expect("a policy");
        put(&store, "td", 1, &documents()[1], 0).expect("a bundle");
        assert_eq!(verdict(&verifier, &tokens[1], 0), Ok(()));
        assert_eq!(verdict(&verifier, &tokens[2], 0), Ok(()));
        assert_eq!(verdict(&verifier, &tokens[3], 0), Err(Reason::SignatureInvalid));
        drop((store, verifier));
        assert_eq!(drops.load(Ordering::Relaxed), ROUNDS / 3 * 2, "every callback once");
    });
}
