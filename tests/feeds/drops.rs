//! A callback is dropped exactly once, when the store no longer holds it, and never under a lock.

use crate::material::*;
use attestor::{BundleStore, Feed, FetchError, Reason, Request, Sink, Source, VerifyResult};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

/// Uses every lock of the store when it goes.
struct Callback {
    store: Weak<BundleStore>,
    drops: Arc<AtomicUsize>,
    fetch: fn(&BundleStore),
    panics: bool,
}

impl Feed for Callback {
    fn fetch(&self, _: Source<'_>, sink: &mut Sink<'_>) -> Result<(), FetchError> {
        if let Some(store) = self.store.upgrade() {
            (self.fetch)(&store);
        }
        give(sink, &bundle(&[jwk("k", 1)]))
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        if let Some(store) = self.store.upgrade() {
            put(&store, "other", 0, &bundle(&[jwk("k", 1)]), 0).expect("a put");
            store.set_feed(domain("other"), 1, feed(|_, _| Ok(()))).expect("a callback");
            assert_eq!(store.close_feed(domain("other")), Ok(true));
            store.health(domain("td"), at(0)).expect("a name");
            store.next_refresh(at(0)).expect("a time");
            assert_eq!(store.remove(domain("other")), Ok(true));
        }
        assert!(!self.panics, "the host's");
    }
}

struct Held {
    store: Arc<BundleStore>,
    drops: Arc<AtomicUsize>,
}

impl Held {
    fn new() -> Self {
        Self { store: Arc::new(BundleStore::new()), drops: Arc::default() }
    }

    fn register(&self, name: &str, fetch: fn(&BundleStore), panics: bool) {
        let (store, drops) = (Arc::downgrade(&self.store), Arc::clone(&self.drops));
        self.store.set_feed(domain(name), 1, Callback { store, drops, fetch, panics }).expect("a callback");
    }

    fn dropped(&self) -> usize {
        self.drops.load(Ordering::Relaxed)
    }
}

#[test]
fn replaced_closed_removed_or_with_the_store() {
    for panics in [false, true] {
        let held = Held::new();
        for name in ["td", ""] {
            let before = held.dropped();
            held.register(name, |_| (), panics);
            held.register(name, |_| (), panics);
            assert_eq!(held.dropped(), before + 1, "replaced");
            assert_eq!(held.store.close_feed(domain(name)), Ok(true));
            assert_eq!(held.dropped(), before + 2, "closed");
            assert_eq!(held.store.close_feed(domain(name)), Ok(false));
        }
        held.register("td", |_| (), panics);
        assert_eq!(held.store.remove(domain("td")), Ok(true));
        assert_eq!(held.dropped(), 5, "removed");
        assert_eq!(held.store.remove(domain("td")), Ok(false));
        held.register("td", |_| (), panics);
        held.register("", |_| (), panics);
        let drops = Arc::clone(&held.drops);
        drop(held);
        assert_eq!(drops.load(Ordering::Relaxed), 7, "with the store");
    }
}

/// During its own fetch it stays until that ends, and no other source notices if its destructor panics.
#[test]
fn during_its_own_fetch() {
    let goes: [fn(&BundleStore); 3] = [
        |store| assert_eq!(store.remove(domain("td")), Ok(true)),
        |store| assert_eq!(store.close_feed(domain("td")), Ok(true)),
        |store| store.set_feed(domain("td"), 2, feed(|_, _| Ok(()))).expect("a callback"),
    ];
    for (fetch, panics) in goes.into_iter().flat_map(|fetch| [(fetch, false), (fetch, true)]) {
        let held = Held::new();
        held.register("td", fetch, panics);
        let fetches = feed(|_, sink| give(sink, &bundle(&[jwk("k", 1)])));
        held.store.set_feed(domain("zzz"), 1, fetches).expect("a callback");
        let report = held.store.refresh(at(0)).expect("a refresh");
        assert_eq!((report.succeeded, report.failed, report.busy), (1, 0, 0));
        assert_eq!(held.dropped(), 1);
    }
}

#[test]
fn a_callback_that_was_never_taken_is_dropped() {
    let held = Held::new();
    let (store, drops) = (Arc::downgrade(&held.store), Arc::clone(&held.drops));
    let refused =
        held.store.set_feed(domain("no/name"), 1, Callback { store, drops, fetch: |_| (), panics: false });
    assert_eq!(refused.map_err(|error| error.reason()), Err(Reason::SourceNameInvalid));
    assert_eq!(held.dropped(), 1);
}

/// Closing a callback that never brought anything leaves nothing behind; otherwise its material stays, and ages.
#[test]
fn what_is_closed_keeps_its_material_only() {
    let held = Held::new();
    held.register("td", |_| (), false);
    held.store.close_feed(domain("td")).expect("a name");
    assert_eq!(held.store.health(domain("td"), at(0)), Ok(None));
    held.register("td", |_| (), false);
    held.store.refresh_source(domain("td"), at(0)).expect("a fetch");
    held.store.close_feed(domain("td")).expect("a name");
    assert_eq!(jwt_slot(&held.store, "td").map(|slot| slot.entries), Some(1));
    assert_eq!(held.store.next_refresh(at(0)), Ok(None));
    assert_eq!(held.store.refresh(at(1_000)).map(|report| report.succeeded + report.failed), Ok(0));
    let verifier = verifier(&held.store, &["td"]);
    assert_eq!(verdict(&verifier, &token("td", "k", 1), 599), Ok(()));
    assert_eq!(verdict(&verifier, &token("td", "k", 1), 600), Err(Reason::BundleStale));
}

/// A result, which outlives the store, holds keys that it saw, and no callback.
#[test]
fn a_result_holds_no_callback() {
    let held = Held::new();
    held.register("td", |_| (), false);
    held.store.refresh_source(domain("td"), at(0)).expect("a fetch");
    let verifier = verifier(&held.store, &["td"]);
    let (token, mut result) = (token("td", "k", 1), VerifyResult::new());
    for _ in 0..2 {
        verifier.verify(&Request::new(&token).at(at(0)), &mut result).expect("an allow");
    }
    let drops = Arc::clone(&held.drops);
    drop((held, verifier));
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    assert!(result.verified().is_some());
}
