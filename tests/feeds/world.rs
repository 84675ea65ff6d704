//! The callback of the whole world: bundle maps, and the marks of the domains it feeds.

use crate::material::*;
use attestor::{BundleStore, Format, Reason, SinkOptions, Source};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A store whose world is fed with whatever map is published.
struct World {
    store: Arc<BundleStore>,
    map: Arc<Mutex<String>>,
    fetches: Arc<AtomicUsize>,
}

impl World {
    fn new(map: String) -> Self {
        let world = Self {
            store: Arc::new(BundleStore::new()),
            map: Arc::new(Mutex::new(map)),
            fetches: Arc::default(),
        };
        let (map, fetches) = (Arc::clone(&world.map), Arc::clone(&world.fetches));
        let fetch = feed(move |source, sink| {
            assert_eq!(source.name, "");
            fetches.fetch_add(1, Ordering::Relaxed);
            let map = map.lock().expect("no panic");
            let _ = sink.put(Format::BundleMap, map.as_bytes(), &SinkOptions::default());
            Ok(())
        });
        world.store.set_feed(domain(""), 7, fetch).expect("a callback");
        world
    }

    fn publish(&self, map: String) {
        *self.map.lock().expect("no panic") = map;
    }

    fn refresh(&self, seconds: i64) -> usize {
        self.store.refresh(at(seconds)).expect("a refresh");
        self.fetches.load(Ordering::Relaxed)
    }
}

#[test]
fn a_map_feeds_and_forgets_its_domains() {
    let world = World::new(map_of(&[("a", bundle(&[jwk("k", 1)])), ("b", bundle(&[jwk("k", 2)]))]));
    let verifier = verifier(&world.store, &["a", "b"]);
    assert_eq!(world.refresh(0), 1);
    assert_eq!(verdict(&verifier, &token("a", "k", 1), 0), Ok(()));
    assert_eq!(verdict(&verifier, &token("b", "k", 2), 0), Ok(()));
    assert_eq!(verdict(&verifier, &token("b", "k", 1), 0), Err(Reason::SignatureInvalid));
    world.publish(map_of(&[("b", bundle(&[jwk("k", 2)]))]));
    assert_eq!(world.refresh(300), 2, "due at the soft age");
    assert_eq!(verdict(&verifier, &token("a", "k", 1), 300), Err(Reason::BundleUnavailable));
    assert_eq!(jwt_slot(&world.store, "b").map(|slot| slot.confirmed_at), Some(START + 300));
}

#[test]
fn a_missing_key_of_a_domain_makes_the_world_due() {
    let world = World::new(map_of(&[("a", bundle(&[jwk("k", 1)]))]));
    let verifier = verifier(&world.store, &["a"]);
    assert_eq!(world.refresh(0), 1);
    world.publish(map_of(&[("a", bundle(&[jwk("k", 1), jwk("new", 2)]))]));
    assert_eq!(verdict(&verifier, &token("a", "new", 2), 3), Err(Reason::KidNotFound));
    assert_eq!(world.store.next_refresh(at(3)), Ok(Some(START + 10)));
    assert_eq!(world.refresh(9), 1, "the cooldown");
    assert_eq!(world.refresh(10), 2);
    assert_eq!(verdict(&verifier, &token("a", "new", 2), 10), Ok(()));
    assert_eq!(world.refresh(20), 2, "nobody wants anything");
}

/// The mark of one domain is left although another's was fetched for within the cooldown.
#[test]
fn the_marks_of_two_domains_are_both_served() {
    let world = World::new(map_of(&[("a", bundle(&[jwk("k", 1)])), ("b", bundle(&[jwk("k", 2)]))]));
    let verifier = verifier(&world.store, &["a", "b"]);
    assert_eq!(world.refresh(0), 1);
    assert_eq!(verdict(&verifier, &token("a", "x", 3), 11), Err(Reason::KidNotFound));
    assert_eq!(world.refresh(11), 2);
    assert_eq!(verdict(&verifier, &token("b", "y", 4), 12), Err(Reason::KidNotFound));
    assert_eq!(world.refresh(21), 2, "marked within the cooldown of the other's");
    assert_eq!(verdict(&verifier, &token("b", "y", 4), 21), Err(Reason::KidNotFound));
    assert_eq!(world.refresh(21), 3, "although b's own cooldown is not over");
}

#[test]
fn issuers_and_domains_with_a_callback_do_not_bother_the_world() {
    let world = World::new(map_of(&[("a", bundle(&[jwk("k", 1)]))]));
    world.refresh(0);
    put(&world.store, "own", 1, &bundle(&[jwk("k", 1)]), 0).expect("a bundle");
    let fetch = feed(|_, sink| give(sink, &bundle(&[jwk("k", 1)])));
    world.store.set_feed(domain("own"), 1, fetch).expect("a callback");
    world.store.refresh_source(domain("own"), at(0)).expect("a fetch");
    let own = verifier(&world.store, &["own"]);
    assert_eq!(verdict(&own, &token("own", "x", 1), 1), Err(Reason::KidNotFound));
    let is_wanted = |source| world.store.health(source, at(1)).expect("a name").expect("health").wanted;
    assert!(is_wanted(domain("own")) && !is_wanted(domain("")));

    let issuer = Source::issuer("https://issuer.example");
    let keys = bundle(&[jwk("k", 1)]);
    world.store.put(issuer, Format::Jwks, keys.as_bytes(), &of_feed(1), at(0)).expect("keys");
    let policy = br#"{"version":1,"attestors":[{"id":"o","kind":"oidc","issuer":"https://issuer.example",
        "audiences":["here"]}]}"#;
    let oidc = attestor::Verifier::new(Arc::clone(&world.store), policy).expect("the policy");
    assert_eq!(verdict(&oidc, &id_token("https://issuer.example", "x", 1), 1), Err(Reason::KidNotFound));
    assert!(is_wanted(issuer) && !is_wanted(domain("")));
}

#[test]
fn one_suspicious_domain_keeps_no_other_back() {
    let world = World::new(map_of(&[("a", bundle(&[jwk("k", 1)])), ("b", bundle(&[jwk("k", 2)]))]));
    let verifier = verifier(&world.store, &["a", "b"]);
    world.refresh(0);
    world.publish(map_of(&[("a", bundle(&[jwk("k", 3)])), ("b", bundle(&[jwk("k", 2), jwk("new", 4)]))]));
    let report = world.store.refresh(at(300)).expect("a refresh");
    assert_eq!((report.succeeded, report.failed), (0, 1));
    assert_eq!(verdict(&verifier, &token("b", "new", 4), 300), Ok(()));
    assert_eq!(verdict(&verifier, &token("a", "k", 3), 300), Err(Reason::KidNotFound));
    let health = |name| world.store.health(domain(name), at(300)).expect("a name").expect("health");
    assert_eq!(health("").last_failure, Some(Reason::BundleRekeyed));
    assert_eq!((health("a").failures, health("a").last_failure), (1, Some(Reason::BundleRekeyed)));
    assert_eq!((health("b").refreshes, health("b").failures), (2, 0));
}

#[test]
fn the_world_is_known_once_something_was_put_or_registered() {
    let store = BundleStore::new();
    let is_known = || store.health(domain(""), at(0)).expect("a name").is_some();
    assert!(!is_known());
    store.put(domain(""), Format::BundleMap, b"{", &of_feed(1), at(0)).expect_err("no map");
    assert!(is_known());
    assert_eq!(store.close_feed(domain("")), Ok(false));
    assert_eq!(store.remove(domain("")).map_err(|e| e.reason()), Err(Reason::SourceNameInvalid));
}

#[test]
fn the_world_confirms_everything_of_its_feed() {
    let store = Arc::new(BundleStore::new());
    let map = map_of(&[("a", bundle(&[jwk("k", 1)])), ("b", bundle(&[jwk("k", 2)]))]);
    let given = Mutex::new(false);
    let fetch = feed(move |_, sink| {
        let mut given = given.lock().expect("no panic");
        let _ = if *given {
            sink.confirm(&SinkOptions::default())
        } else {
            sink.put(Format::BundleMap, map.as_bytes(), &SinkOptions::default()).map(|_| ())
        };
        *given = true;
        Ok(())
    });
    store.set_feed(domain(""), 7, fetch).expect("a callback");
    put(&store, "c", 8, &bundle(&[jwk("k", 3)]), 0).expect("another feed's");
    for seconds in [0, 300] {
        assert_eq!(store.refresh(at(seconds)).map(|report| report.succeeded), Ok(1));
    }
    let confirmed = ["a", "b", "c"].map(|name| jwt_slot(&store, name).expect("a slot").confirmed_at - START);
    assert_eq!(confirmed, [300, 300, 0]);
}
