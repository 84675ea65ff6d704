//! When a callback is called: soft ages, wishes of the callback, cooldowns, clocks; and a day of a Workload API.

use crate::material::*;
use attestor::{
    BundleStore, FetchError, Format, Freshness, Reason, SinkOptions, SlotKind, Source, StoreOptions,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

fn next(store: &BundleStore, seconds: i64) -> Option<i64> {
    store.next_refresh(at(seconds)).expect("a time").map(|next| next - START)
}

fn refresh(store: &BundleStore, seconds: i64) -> (usize, usize) {
    let report = store.refresh(at(seconds)).expect("a refresh");
    assert_eq!(report.busy, 0);
    (report.succeeded, report.failed)
}

#[test]
fn a_source_is_due_at_once_and_then_at_its_soft_age() {
    let store = BundleStore::new();
    assert_eq!(next(&store, 0), None);
    store.set_feed(domain("td"), 1, feed(|_, sink| give(sink, &bundle(&[jwk("k", 1)])))).expect("a callback");
    assert_eq!(next(&store, 0), Some(0));
    assert_eq!(refresh(&store, 0), (1, 0));
    let due = next(&store, 0).expect("a time");
    assert!((271..=300).contains(&due), "300 s, up to a tenth earlier: {due}");
    assert_eq!(refresh(&store, due - 1), (0, 0));
    assert_eq!(next(&store, due + 5), Some(due), "overdue");
    assert_eq!(refresh(&store, due), (1, 0));
    // A new callback is due at once.
    store.set_feed(domain("td"), 1, feed(|_, sink| give(sink, &bundle(&[jwk("k", 1)])))).expect("a callback");
    assert_eq!(next(&store, due), Some(due));
    assert_eq!(store.close_feed(domain("td")), Ok(true));
    assert_eq!(next(&store, due), None);
}

#[test]
fn the_hint_the_host_or_the_callback_says_when() {
    let hinted = r#"{"spiffe_refresh_hint":1000,"keys":[]}"#;
    let key_set = bundle(&[jwk("k", 1)]);
    let td = domain("td");
    let issuer = Source::issuer("https://issuer.example");
    for (source, format, document, max_age, refresh_after, expected) in [
        (td, Format::SpiffeBundle, hinted, None, None, Some(1_000)),
        (td, Format::SpiffeBundle, hinted, Some(5), Some(50), Some(50)),
        (td, Format::SpiffeBundle, hinted, None, Some(0), Some(1)),
        (issuer, Format::Jwks, &key_set, None, None, Some(3_600)),
        (issuer, Format::Jwks, &key_set, Some(10), None, Some(300)),
        (issuer, Format::Jwks, &key_set, Some(600), None, Some(600)),
        (td, Format::X509Crl, "", None, None, None),
    ] {
        let store = BundleStore::new();
        let document = document.to_owned();
        let fetch = feed(move |_, sink| {
            let mut options = SinkOptions::default();
            (options.max_age, options.refresh_after) = (max_age, refresh_after);
            sink.put(format, document.as_bytes(), &options).map(|_| ()).map_err(|_| FetchError::default())
        });
        store.set_feed(source, 1, fetch).expect("a callback");
        assert_eq!(refresh(&store, 0), (1, 0));
        let due = next(&store, 0);
        let earliest = expected.map(|seconds| seconds - seconds / 10);
        assert!(due >= earliest && due <= expected, "{format:?} {max_age:?} {refresh_after:?}: {due:?}");
    }
}

#[test]
fn no_time_is_too_long() {
    let store = BundleStore::new();
    let fetch = feed(|_, sink| {
        let mut options = SinkOptions::default();
        options.refresh_after = Some(u64::MAX);
        let _ = sink.put(Format::SpiffeBundle, bundle(&[]).as_bytes(), &options);
        Ok(())
    });
    store.set_feed(domain("td"), 1, fetch).expect("a callback");
    for now in [1, START, i64::MAX] {
        let now = attestor::Now::At(now);
        store.refresh_source(domain("td"), now).expect("a fetch");
        assert!(store.next_refresh(now).expect("a time").is_some());
    }
    assert_eq!(
        store.refresh(attestor::Now::At(0)).map_err(|error| error.reason()),
        Err(Reason::ClockInvalid)
    );
}

#[test]
fn a_clock_that_was_set_back_does_not_stop_the_refreshes() {
    let store = Arc::new(BundleStore::new());
    let verifier = verifier(&store, &["td"]);
    store.set_feed(domain("td"), 1, feed(|_, sink| give(sink, &bundle(&[jwk("k", 1)])))).expect("a callback");
    assert_eq!(refresh(&store, 100_000), (1, 0));
    assert!(store.health(domain("td"), at(0)).expect("a name").expect("health").clock_went_back);
    assert_eq!(verdict(&verifier, &token("td", "k", 1), 0), Ok(()), "of age 0");
    assert_eq!(next(&store, 0), Some(0));
    assert_eq!(refresh(&store, 0), (1, 0));
    assert_eq!(refresh(&store, 1), (0, 0));
    assert!(!store.health(domain("td"), at(0)).expect("a name").expect("health").clock_went_back);
    // Another thread's clock, a moment behind, is no clock that was set.
    assert_eq!(refresh(&store, -1), (0, 0));
    assert_eq!(verdict(&verifier, &token("td", "missing", 1), 10), Err(Reason::KidNotFound));
    assert_eq!(refresh(&store, 10), (1, 0));
    assert_eq!(verdict(&verifier, &token("td", "missing", 1), 9), Err(Reason::KidNotFound));
    assert_eq!(refresh(&store, 9), (0, 0));
}

#[test]
fn the_cooldown_is_an_option() {
    for (cooldown, expected) in [(1, 1), (30, 30), (0, 1)] {
        let mut options = StoreOptions::default();
        options.cooldown = cooldown;
        let store = Arc::new(BundleStore::with(options));
        let verifier = verifier(&store, &["td"]);
        store
            .set_feed(domain("td"), 1, feed(|_, sink| give(sink, &bundle(&[jwk("k", 1)]))))
            .expect("a callback");
        assert_eq!(refresh(&store, 0), (1, 0));
        assert_eq!(verdict(&verifier, &token("td", "missing", 1), 0), Err(Reason::KidNotFound));
        assert_eq!(next(&store, 0), Some(expected));
    }
}

/// Twenty-four hours beside an agent that speaks once, while a token is verified every second.
#[test]
fn a_quiet_workload_api_is_never_an_outage() {
    let store = Arc::new(BundleStore::new());
    let verifier = verifier(&store, &["td"]);
    let (by_a, spoken) = (token("td", "a", 1), AtomicBool::new(false));
    let fetches = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&fetches);
    let fetch = feed(move |_, sink| {
        counted.fetch_add(1, Ordering::Relaxed);
        let given = if spoken.swap(true, Ordering::Relaxed) {
            sink.confirm(&SinkOptions::default())
        } else {
            let keys = bundle(&[jwk("a", 1)]);
            sink.put(Format::WorkloadApiJwks, keys.as_bytes(), &SinkOptions::default()).map(|_| ())
        };
        given.map_err(|_| FetchError::default())
    });
    store.set_feed(domain("td"), 1, fetch).expect("a callback");
    refresh(&store, 0);
    let generation = jwt_slot(&store, "td").expect("a slot").generation;
    for second in 0..86_400 {
        if next(&store, second).is_some_and(|next| next <= second) {
            assert_eq!(refresh(&store, second), (1, 0));
        }
        assert_eq!(verdict(&verifier, &by_a, second), Ok(()), "{second}");
    }
    assert_eq!(jwt_slot(&store, "td").expect("a slot").generation, generation);
    let fetches = fetches.load(Ordering::Relaxed);
    assert!((288..=320).contains(&fetches), "every 270 to 300 s: {fetches}");
}

#[test]
fn a_killed_agent_is_stale_at_exactly_the_hard_age() {
    for (hint, soft, hard) in [("", 300, 600), (r#""spiffe_refresh_hint":20,"#, 20, 60)] {
        let store = Arc::new(BundleStore::new());
        let verifier = verifier(&store, &["td"]);
        let (document, dead) =
            (format!(r#"{{{hint}"keys":[{}]}}"#, jwk("a", 1)), Arc::new(AtomicBool::new(false)));
        let killed = Arc::clone(&dead);
        let fetch = feed(move |_, sink| {
            if killed.load(Ordering::Relaxed) {
                return Err(FetchError { host_code: 14 });
            }
            give(sink, &document)
        });
        store.set_feed(domain("td"), 1, fetch).expect("a callback");
        refresh(&store, 0);
        dead.store(true, Ordering::Relaxed);
        for second in 0..2 * hard {
            refresh(&store, second);
            let expected = if second < hard { Ok(()) } else { Err(Reason::BundleStale) };
            assert_eq!(verdict(&verifier, &token("td", "a", 1), second), expected, "{second}");
            let freshness = store.info(domain("td"), SlotKind::Jwt).expect("a name").expect("a slot");
            let expected = match second {
                _ if second < soft => Freshness::Fresh,
                _ if second < hard => Freshness::Due,
                _ => Freshness::Stale,
            };
            assert_eq!(freshness.freshness(START + second), expected, "{second}");
        }
        dead.store(false, Ordering::Relaxed);
        let healed = next(&store, 2 * hard).expect("a time");
        assert!(healed <= 2 * hard + 300, "{healed}");
        assert_eq!(refresh(&store, healed), (1, 0));
        assert_eq!(verdict(&verifier, &token("td", "a", 1), healed), Ok(()));
    }
}
