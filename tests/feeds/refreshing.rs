//! `verify_refreshing`: verify, fetch if that is due, verify again.

use crate::material::*;
use attestor::{BundleStore, FetchError, Reason, Request, Verifier, VerifyResult};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

fn refreshing(verifier: &Verifier, token: &[u8], seconds: i64) -> Result<(), Reason> {
    let mut result = VerifyResult::new();
    let verdict = verifier.verify_refreshing(&Request::new(token).at(at(seconds)), &mut result);
    verdict.map(|_| ()).map_err(|rejected| rejected.reason)
}

/// A trust domain whose callback gives what is published at the moment, and counts.
struct Fed {
    store: Arc<BundleStore>,
    verifier: Verifier,
    published: Arc<Mutex<Option<String>>>,
    fetches: Arc<AtomicUsize>,
}

impl Fed {
    fn new(document: &str) -> Self {
        let store = Arc::new(BundleStore::new());
        let verifier = verifier(&store, &["td", "other"]);
        let fed = Self {
            store,
            verifier,
            published: Arc::new(Mutex::new(Some(document.to_owned()))),
            fetches: Arc::default(),
        };
        let (published, fetches) = (Arc::clone(&fed.published), Arc::clone(&fed.fetches));
        let fetch = feed(move |_, sink| {
            fetches.fetch_add(1, Ordering::Relaxed);
            match &*published.lock().expect("no panic") {
                Some(document) => give(sink, document),
                None => Err(FetchError::default()),
            }
        });
        fed.store.set_feed(domain("td"), 1, fetch).expect("a callback");
        fed
    }

    fn publish(&self, document: Option<String>) {
        *self.published.lock().expect("no panic") = document;
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::Relaxed)
    }
}

#[test]
fn what_is_not_there_yet_is_fetched() {
    let fed = Fed::new(&bundle(&[jwk("a", 1)]));
    assert_eq!(verdict(&fed.verifier, &token("td", "a", 1), 0), Err(Reason::BundleUnavailable));
    assert_eq!(refreshing(&fed.verifier, &token("td", "a", 1), 0), Ok(()));
    assert_eq!(refreshing(&fed.verifier, &token("td", "a", 1), 1), Ok(()));
    assert_eq!(fed.fetches(), 1, "what is allowed fetches nothing");
    // No callback, nothing to fetch.
    assert_eq!(refreshing(&fed.verifier, &token("other", "a", 1), 0), Err(Reason::BundleUnavailable));
    assert_eq!(fed.fetches(), 1);
}

#[test]
fn a_missing_key_is_fetched_once_in_a_cooldown() {
    let fed = Fed::new(&bundle(&[jwk("a", 1)]));
    assert_eq!(refreshing(&fed.verifier, &token("td", "a", 1), 0), Ok(()));
    fed.publish(Some(bundle(&[jwk("a", 1), jwk("b", 2)])));
    assert_eq!(refreshing(&fed.verifier, &token("td", "b", 2), 9), Err(Reason::KidNotFound));
    assert_eq!(fed.fetches(), 1, "the first fetch was nine seconds ago");
    assert_eq!(refreshing(&fed.verifier, &token("td", "b", 2), 10), Ok(()), "the second verdict counts");
    assert_eq!(fed.fetches(), 2);
    for second in 10..=30 {
        assert_eq!(refreshing(&fed.verifier, &token("td", "c", 3), second), Err(Reason::KidNotFound));
    }
    assert_eq!(fed.fetches(), 4, "at 20 and at 30");
}

#[test]
fn other_refusals_fetch_nothing() {
    let fed = Fed::new(&bundle(&[jwk("a", 1)]));
    assert_eq!(refreshing(&fed.verifier, &token("td", "a", 1), 0), Ok(()));
    let forged = refreshing(&fed.verifier, &token("td", "a", 2), 1_000);
    assert_eq!(
        forged,
        Err(Reason::SignatureInvalid),
        "of the second verdict: the first was that it is stale"
    );
    assert_eq!(fed.fetches(), 2);
    for (token, reason) in [
        (token("td", "a", 2), Reason::SignatureInvalid),
        (token("unknown", "x", 1), Reason::TrustDomainUnknown),
        (b"a.b".to_vec(), Reason::MalformedToken),
    ] {
        assert_eq!(refreshing(&fed.verifier, &token, 1_500), Err(reason));
    }
    assert_eq!(fed.fetches(), 2);
}

#[test]
fn a_fetch_that_fails_leaves_the_first_verdict() {
    let fed = Fed::new(&bundle(&[jwk("a", 1)]));
    assert_eq!(refreshing(&fed.verifier, &token("td", "a", 1), 0), Ok(()));
    fed.publish(None);
    assert_eq!(refreshing(&fed.verifier, &token("td", "a", 1), 600), Err(Reason::BundleStale));
    assert_eq!(refreshing(&fed.verifier, &token("td", "a", 1), 601), Err(Reason::BundleStale));
    assert_eq!(fed.fetches(), 2, "it has just failed");
    fed.publish(Some(bundle(&[jwk("a", 1)])));
    assert_eq!(refreshing(&fed.verifier, &token("td", "a", 1), 610), Ok(()));
}

/// The world's callback is asked for a domain that has none.
#[test]
fn a_domain_of_the_world_is_fetched_with_it() {
    let store = Arc::new(BundleStore::new());
    let verifier = verifier(&store, &["td"]);
    let map = map_of(&[("td", bundle(&[jwk("a", 1)]))]);
    let fetch = feed(move |_, sink| {
        let _ = sink.put(attestor::Format::BundleMap, map.as_bytes(), &attestor::SinkOptions::default());
        Ok(())
    });
    store.set_feed(domain(""), 1, fetch).expect("a callback");
    assert_eq!(refreshing(&verifier, &token("td", "a", 1), 0), Ok(()));
}

#[test]
fn nobody_waits_for_the_fetch_of_another_thread() {
    let store = Arc::new(BundleStore::new());
    let verifier = verifier(&store, &["td"]);
    let (entered, done) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (enter, wait) = (Arc::clone(&entered), Arc::clone(&done));
    let fetch = feed(move |_, sink| {
        enter.wait();
        wait.wait();
        give(sink, &bundle(&[jwk("a", 1)]))
    });
    store.set_feed(domain("td"), 1, fetch).expect("a callback");
    thread::scope(|scope| {
        let first = scope.spawn(|| refreshing(&verifier, &token("td", "a", 1), 0));
        entered.wait();
        assert_eq!(refreshing(&verifier, &token("td", "a", 1), 0), Err(Reason::BundleUnavailable));
        done.wait();
        assert_eq!(first.join().expect("a thread"), Ok(()));
    });
}

/// However many threads miss a key at once, it is fetched once.
#[test]
fn a_herd_fetches_once() {
    let fed = Fed::new(&bundle(&[jwk("a", 1)]));
    fed.store.refresh(at(0)).expect("a refresh");
    for round in 1..=50 {
        let herd = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    herd.wait();
                    refreshing(&fed.verifier, &token("td", "b", 2), round * 10)
                });
            }
        });
        assert_eq!(fed.fetches(), 1 + usize::try_from(round).expect("positive"));
    }
}
