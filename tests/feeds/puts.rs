//! Puts, confirmations, withdrawals and what the ledger of a source says of them.

use crate::material::*;
use attestor::{BundleStore, Format, Reason, Source};
use std::sync::Arc;

#[test]
fn the_same_document_only_confirms() {
    let store = BundleStore::new();
    let document = bundle(&[jwk("a", 1)]);
    let first = put(&store, "td", 1, &document, 0).expect("the bundle");
    assert!(first.changed);
    let again = put(&store, "td", 2, &document, 100).expect("the bundle");
    assert!(!again.changed);
    let slot = jwt_slot(&store, "td").expect("a slot");
    assert_eq!((slot.generation, slot.confirmed_at, slot.feed), (first.generation, START + 100, 2));
    // One byte more is another document.
    let other = put(&store, "td", 2, &format!("{document} "), 200).expect("the bundle");
    assert!(other.changed && other.generation > again.generation);
    assert_eq!(jwt_slot(&store, "td").expect("a slot").generation, other.generation);
}

#[test]
fn a_touch_confirms_what_the_feed_put() {
    let store = Arc::new(BundleStore::new());
    let verifier = verifier(&store, &["td"]);
    let by_a = token("td", "a", 1);
    put(&store, "td", 1, &bundle(&[jwk("a", 1)]), 0).expect("the bundle");
    let generation = jwt_slot(&store, "td").expect("a slot").generation;
    let touch =
        |name, feed, seconds| store.touch(domain(name), feed, at(seconds)).map_err(|error| error.reason());
    assert_eq!(touch("td", 2, 500), Err(Reason::BundleUnavailable), "another feed's");
    assert_eq!(touch("other", 1, 500), Err(Reason::BundleUnavailable));
    assert_eq!(touch("td/x", 1, 500), Err(Reason::SourceNameInvalid));
    assert_eq!(touch("td", 1, 599), Ok(()));
    assert_eq!(jwt_slot(&store, "td").expect("a slot").generation, generation);
    assert_eq!(verdict(&verifier, &by_a, 1_198), Ok(()));
    assert_eq!(verdict(&verifier, &by_a, 1_199), Err(Reason::BundleStale));
    // What is stale can be confirmed: the feed has just said that it still counts.
    assert_eq!(touch("", 1, 2_000), Ok(()));
    assert_eq!(verdict(&verifier, &by_a, 2_000), Ok(()));
    assert_eq!(touch("", 2, 2_000), Err(Reason::BundleUnavailable));
}

#[test]
fn withdrawing_a_feed_drops_what_it_filled_and_nothing_else() {
    let store = Arc::new(BundleStore::new());
    let verifier = verifier(&store, &["own", "shared", "other", "fed"]);
    let keys = bundle(&[jwk("a", 1)]);
    put(&store, "own", 1, &keys, 0).expect("a bundle");
    put(&store, "shared", 1, &keys, 0).expect("a bundle");
    let jwt_only = Format::WorkloadApiJwks;
    store.put(domain("shared"), jwt_only, keys.as_bytes(), &of_feed(2), at(0)).expect("keys");
    put(&store, "other", 2, &keys, 0).expect("a bundle");
    put(&store, "fed", 1, &keys, 0).expect("a bundle");
    let document = keys.clone();
    store.set_feed(domain("fed"), 1, feed(move |_, sink| give(sink, &document))).expect("a callback");
    let issuer = Source::issuer("https://issuer.example");
    store.put(issuer, Format::Jwks, keys.as_bytes(), &of_feed(1), at(0)).expect("keys");

    assert_eq!(store.withdraw(1), Ok(3), "own, fed and the issuer");
    assert!(jwt_slot(&store, "own").is_none());
    assert_eq!(jwt_slot(&store, "shared").map(|slot| slot.feed), Some(2));
    assert_eq!(verdict(&verifier, &token("own", "a", 1), 0), Err(Reason::BundleUnavailable));
    assert_eq!(verdict(&verifier, &token("shared", "a", 1), 0), Ok(()));
    assert_eq!(verdict(&verifier, &token("other", "a", 1), 0), Ok(()));
    assert_eq!(store.remove(domain("own")), Ok(false), "it is gone");
    // What has a callback stays to be fed again.
    assert_eq!(verdict(&verifier, &token("fed", "a", 1), 0), Err(Reason::BundleUnavailable));
    assert_eq!(store.refresh(at(0)).map(|report| report.succeeded), Ok(1));
    assert_eq!(verdict(&verifier, &token("fed", "a", 1), 0), Ok(()));
    assert_eq!(store.withdraw(7), Ok(0));
}

#[test]
fn health_tells_what_became_of_updates() {
    let store = BundleStore::new();
    let health = |seconds| store.health(domain("td"), at(seconds)).expect("a name");
    assert_eq!(health(0), None);
    assert_eq!(put(&store, "td", 0, "{", 0), Err(Reason::BundleMalformed));
    assert_eq!(health(0), None, "what is not fed has no health");
    put(&store, "td", 0, &bundle(&[jwk("a", 1)]), 1).expect("the bundle");
    put(&store, "td", 0, "{", 2).expect_err("no bundle");
    put(&store, "td", 0, r#"{"keys":[{"kty":"AKP","use":"jwt-svid"}]}"#, 3).expect_err("no key");
    let seen = health(4).expect("health");
    assert_eq!((seen.refreshes, seen.failures, seen.failures_in_a_row), (1, 2, 2));
    assert_eq!((seen.succeeded_at, seen.failed_at), (Some(START + 1), Some(START + 3)));
    assert_eq!((seen.last_failure, seen.empty_update), (Some(Reason::NoUsableKeys), true));
    assert_eq!((seen.has_callback, seen.in_flight, seen.next_refresh), (false, false, None));
    assert!(!seen.clock_went_back && health(0).expect("health").clock_went_back);
    store.touch(domain("td"), 0, at(5)).expect("its feed");
    let seen = health(5).expect("health");
    assert_eq!((seen.refreshes, seen.failures, seen.failures_in_a_row), (2, 2, 0));
    assert_eq!((seen.last_failure, seen.empty_update), (None, false));
}

/// A host that fetches by itself sees the mark until it puts what it fetched.
#[test]
fn a_put_takes_the_mark_where_there_is_no_callback() {
    let store = Arc::new(BundleStore::new());
    let verifier = verifier(&store, &["td"]);
    put(&store, "td", 0, &bundle(&[jwk("a", 1)]), 0).expect("the bundle");
    let wanted = || store.health(domain("td"), at(1)).expect("a name").expect("health").wanted;
    assert!(!wanted());
    assert_eq!(verdict(&verifier, &token("td", "b", 2), 1), Err(Reason::KidNotFound));
    assert!(wanted());
    put(&store, "td", 0, "{", 1).expect_err("no bundle");
    assert!(wanted(), "nothing has come");
    put(&store, "td", 0, &bundle(&[jwk("a", 1), jwk("b", 2)]), 1).expect("the bundle");
    assert!(!wanted());
}

/// An update made by a destructor while its thread panics is an update like any other.
#[test]
fn a_put_during_a_panic_poisons_nothing() {
    struct Puts<'a>(&'a BundleStore);
    impl Drop for Puts<'_> {
        fn drop(&mut self) {
            put(self.0, "td", 0, &bundle(&[jwk("a", 1)]), 0).expect("the bundle");
        }
    }
    let store = BundleStore::new();
    let panics = std::panic::AssertUnwindSafe(|| {
        let _puts = Puts(&store);
        panic!("the host's");
    });
    std::panic::catch_unwind(panics).expect_err("a panic");
    assert!(jwt_slot(&store, "td").is_some());
    put(&store, "td", 0, &bundle(&[jwk("a", 2)]), 0).expect_err("rekeyed, not poisoned");
}
