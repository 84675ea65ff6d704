//! Bundle maps in the store (Trust Domain and Bundle section 5): one state of the world for each feed.

use attestor::{BundleStore, Format, Now, PutOptions, PutReport, Reason, SlotInfo, SlotKind, Source};
use proptest::prelude::*;
use ring::digest::{SHA256, digest};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

const NOW: Now = Now::At(1_800_000_000);
const SLOTS: [SlotKind; 2] = [SlotKind::Jwt, SlotKind::X509];
const SPIRE: &str = include_str!("data/spire/ec-p256/s0.bundle.spiffe.json");
const KEY: &str = r#"{"use":"jwt-svid","kid":"k","kty":"EC","crv":"P-256",
    "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;

fn map_of<'a>(domains: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let members: Vec<_> = domains.into_iter().map(|(name, bundle)| format!("\"{name}\":{bundle}")).collect();
    format!(r#"{{"trust_domains":{{{}}}}}"#, members.join(","))
}

fn put_map(store: &BundleStore, feed: u64, document: &str) -> Result<PutReport, Reason> {
    let options = with_feed(feed);
    let put = store.put(Source::trust_domain(""), Format::BundleMap, document.as_bytes(), &options, NOW);
    put.map_err(|error| error.reason())
}

fn put_one(store: &BundleStore, feed: u64, name: &str, document: &str) -> Result<PutReport, Reason> {
    let source = Source::trust_domain(name);
    let put = store.put(source, Format::SpiffeBundle, document.as_bytes(), &with_feed(feed), NOW);
    put.map_err(|error| error.reason())
}

fn with_feed(feed: u64) -> PutOptions {
    let mut options = PutOptions::default();
    options.feed = feed;
    options
}

fn info(store: &BundleStore, name: &str, slot: SlotKind) -> Option<SlotInfo> {
    store.info(Source::trust_domain(name), slot).expect("a name")
}

/// Everything known of these domains.
fn state(store: &BundleStore, names: &[&str]) -> Vec<Option<SlotInfo>> {
    names.iter().flat_map(|name| SLOTS.map(|slot| info(store, name, slot))).collect()
}

#[test]
fn a_map_takes_what_single_puts_take() {
    let with_broken_authority = format!(r#"{{"keys":[{KEY},{{"use":"x509-svid","kty":"EC"}}]}}"#);
    let domains = [("a", SPIRE.trim()), ("b", r#"{"keys":[]}"#), ("c", &with_broken_authority)];
    let (mapped, single) = (BundleStore::new(), BundleStore::new());
    let report = put_map(&mapped, 7, &map_of(domains)).expect("the map");
    let mut sum = (0, 0, 0);
    for (name, bundle) in domains {
        let one = put_one(&single, 7, name, bundle).expect("the bundle");
        sum.0 += one.keys.unwrap_or_default();
        sum.1 += one.authorities.unwrap_or_default();
        sum.2 += one.skipped;
    }
    assert_eq!((report.keys, report.authorities, report.skipped), (Some(sum.0), Some(sum.1), sum.2));
    for (name, _) in domains {
        for slot in SLOTS {
            let expected = info(&single, name, slot).map(|mut info| {
                info.generation = 1;
                info.refresh_hint = None;
                info
            });
            assert_eq!(info(&mapped, name, slot), expected, "{name}");
        }
    }
    assert!(info(&mapped, "c", SlotKind::X509).is_none());
}

#[test]
fn a_map_has_no_name_and_no_issuer() {
    let store = BundleStore::new();
    for (source, reason) in [
        (Source::trust_domain("td"), Reason::SourceNameInvalid),
        (Source::trust_domain("spiffe://"), Reason::SourceNameInvalid),
        (Source::issuer(""), Reason::FormatUnsupported),
        (Source::issuer("https://issuer.example"), Reason::FormatUnsupported),
    ] {
        let put =
            store.put(source, Format::BundleMap, br#"{"trust_domains":{}}"#, &PutOptions::default(), NOW);
        assert_eq!(put.unwrap_err().reason(), reason);
    }
    let options = PutOptions::default();
    let put = store.put(Source::trust_domain(""), Format::BundleMap, b"{}", &options, Now::At(0));
    assert_eq!(put.unwrap_err().reason(), Reason::ClockInvalid);
    assert_eq!(Format::from_name("bundle_map"), Some(Format::BundleMap));
}

#[test]
fn a_refused_map_changes_nothing() {
    let store = BundleStore::new();
    let at = |sequence: u32| format!(r#"{{"spiffe_sequence":{sequence},"keys":[{KEY}]}}"#);
    put_map(&store, 0, &map_of([("a", &*at(5)), ("b", &*at(5))])).expect("the map");
    let before = state(&store, &["a", "b", "c"]);
    for (name, bundle, reason) in [
        ("b", "{}".to_owned(), Reason::BundleMalformed),
        ("b", r#"{"keys":[{"use":"jwt-svid","kty":"AKP"}]}"#.to_owned(), Reason::NoUsableKeys),
        ("b", r#"{"keys":[{"use":"jwt-svid","kty":"EC","d":"AA"}]}"#.to_owned(), Reason::BundlePrivateKey),
        ("B", at(6), Reason::SourceNameInvalid),
        ("c", at(6), Reason::BundleDuplicateTrustDomain),
    ] {
        assert_eq!(put_map(&store, 0, &map_of([("c", &*at(6)), (name, &*bundle)])), Err(reason));
        assert_eq!(state(&store, &["a", "b", "c"]), before, "{name} {bundle}");
    }
    let mut force = PutOptions::default();
    force.force = true;
    let older = map_of([("b", &*at(4))]);
    let put = store.put(Source::trust_domain(""), Format::BundleMap, older.as_bytes(), &force, NOW);
    assert_eq!(put.map(|report| report.keys), Ok(Some(1)));
    assert_eq!(info(&store, "b", SlotKind::Jwt).and_then(|slot| slot.sequence), Some(4));
    assert!(info(&store, "a", SlotKind::Jwt).is_none());
}

#[test]
fn the_detail_of_a_rollback_is_a_position() {
    let store = BundleStore::new();
    let map = |sequence: u32| {
        map_of([
            ("first", r#"{"keys":[]}"#),
            ("secret", &*format!(r#"{{"spiffe_sequence":{sequence},"keys":[{KEY}]}}"#)),
        ])
    };
    put_map(&store, 0, &map(2)).expect("the map");
    let document = map(1);
    let options = PutOptions::default();
    let error = store
        .put(Source::trust_domain(""), Format::BundleMap, document.as_bytes(), &options, NOW)
        .unwrap_err();
    assert_eq!(error.detail(), "trust_domains[1]: spiffe_sequence: lower than the stored one");
    assert_eq!(error.reason(), Reason::BundleRollback);
}

#[test]
fn what_other_feeds_filled_stays() {
    let store = BundleStore::new();
    let keys = format!(r#"{{"keys":[{KEY}]}}"#);
    put_one(&store, 1, "other", &keys).expect("a bundle");
    put_one(&store, 2, "mixed", &keys).expect("a bundle");
    let jwt_only = Format::WorkloadApiJwks;
    store.put(Source::trust_domain("mixed"), jwt_only, keys.as_bytes(), &with_feed(1), NOW).expect("keys");
    let issuer = Source::issuer("gone");
    store.put(issuer, Format::Jwks, keys.as_bytes(), &with_feed(2), NOW).expect("keys");
    put_map(&store, 2, &map_of([("gone", &*keys), ("mixed", &*keys)])).expect("the map");
    store.put(Source::trust_domain("mixed"), jwt_only, keys.as_bytes(), &with_feed(1), NOW).expect("keys");
    put_map(&store, 2, &map_of([])).expect("the empty map");
    let filled = |name| SLOTS.map(|slot| info(&store, name, slot).map(|slot| slot.feed));
    assert_eq!(filled("other"), [Some(1), Some(1)]);
    assert_eq!(filled("mixed"), [Some(1), None]);
    assert_eq!(filled("gone"), [None, None]);
    assert!(store.info(issuer, SlotKind::Jwt).expect("a name").is_some());
    assert_eq!(store.remove(Source::trust_domain("mixed")), Ok(true));
    assert_eq!(store.remove(Source::trust_domain("gone")), Ok(false));
}

#[test]
fn hundreds_of_domains_load_and_vanish() {
    let store = BundleStore::new();
    let bundle = format!(r#"{{"keys":[{KEY}]}}"#);
    let names: Vec<_> = (0..600).map(|n| format!("td{n}.example")).collect();
    let report = put_map(&store, 3, &map_of(names.iter().map(|name| (&**name, &*bundle)))).expect("the map");
    assert_eq!((report.keys, report.authorities), (Some(600), Some(0)));
    let filled = || names.iter().filter(|name| info(&store, name, SlotKind::Jwt).is_some()).count();
    assert_eq!(filled(), 600);
    put_map(&store, 3, &map_of(names[100..150].iter().map(|name| (&**name, &*bundle)))).expect("the map");
    assert_eq!(filled(), 50);
    assert!(names[100..150].iter().all(|name| info(&store, name, SlotKind::Jwt).is_some()));
    let report = put_map(&store, 3, &map_of([])).expect("the empty map");
    assert_eq!((report.keys, report.authorities, filled()), (None, None, 0));
    assert!(names.iter().all(|name| store.remove(Source::trust_domain(name)) == Ok(false)));
}

#[test]
fn readers_see_whole_slots_of_one_map() {
    let store = BundleStore::new();
    let bundles = [
        r#"{"spiffe_sequence":1,"keys":[]}"#.to_owned(),
        format!(r#"{{"spiffe_sequence":1,"keys":[{KEY}]}}"#),
    ];
    let digests = bundles.each_ref().map(|text| digest(&SHA256, text.as_bytes()));
    let maps = bundles.each_ref().map(|text| map_of([("stays", &**text), ("beside", &**text)]));
    put_map(&store, 0, &maps[0]).expect("the map");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let slot = info(&store, "stays", SlotKind::Jwt).expect("present in every map");
                    assert!(slot.entries < 2 && slot.digest == digests[slot.entries].as_ref());
                    assert!(slot.generation >= last);
                    last = slot.generation;
                }
            });
        }
        for n in 0..600 {
            let map = if n % 3 == 0 { map_of([("stays", &*bundles[0])]) } else { maps[n % 2].clone() };
            put_map(&store, 0, &map).expect("the map");
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Bundles, and how many entries each gives the jwt and the x509 slot; `None` leaves the slot as it is.
fn bundles() -> [(String, [Option<usize>; 2]); 4] {
    let broken = r#"{"use":"x509-svid","kty":"EC"}"#;
    [
        (r#"{"keys":[]}"#.to_owned(), [Some(0), Some(0)]),
        (format!(r#"{{"keys":[{KEY}]}}"#), [Some(1), Some(0)]),
        (format!(r#"{{"keys":[{broken},{KEY}]}}"#), [Some(1), None]),
        (SPIRE.trim().replace("\"spiffe_sequence\"", "\"x\""), [Some(1), Some(1)]),
    ]
}

const NAMES: [&str; 4] = ["a", "b.example", "c-d", "e_f"];

#[derive(Clone, Debug)]
enum Step {
    Map(u64, Vec<Option<usize>>),
    One(u64, usize, usize),
    Remove(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let domains = proptest::collection::vec(proptest::option::of(0..4usize), NAMES.len());
    prop_oneof![
        4 => (0..3u64, domains).prop_map(|(feed, domains)| Step::Map(feed, domains)),
        3 => (0..3u64, 0..NAMES.len(), 0..4usize).prop_map(|(feed, name, bundle)| Step::One(feed, name, bundle)),
        1 => (0..NAMES.len()).prop_map(Step::Remove),
    ]
}

proptest! {
    /// Against a table of slots, each with its feed and its bundle.
    #[test]
    fn each_slot_belongs_to_the_feed_that_filled_it(steps in proptest::collection::vec(step(), 1..12)) {
        let bundles = bundles();
        let store = BundleStore::new();
        let mut model: HashMap<(usize, usize), (u64, usize)> = HashMap::new();
        let fill = |model: &mut HashMap<_, _>, feed: u64, name: usize, bundle: usize| {
            for slot in (0..2).filter(|slot| bundles[bundle].1[*slot].is_some()) {
                model.insert((name, slot), (feed, bundle));
            }
        };
        for step in steps {
            match step {
                Step::Map(feed, domains) => {
                    let present = || domains.iter().enumerate().filter_map(|(name, bundle)| Some((name, (*bundle)?)));
                    let map = map_of(present().map(|(name, bundle)| (NAMES[name], &*bundles[bundle].0)));
                    prop_assert!(put_map(&store, feed, &map).is_ok());
                    model.retain(|(name, _), (owner, _)| *owner != feed || domains[*name].is_some());
                    present().for_each(|(name, bundle)| fill(&mut model, feed, name, bundle));
                }
                Step::One(feed, name, bundle) => {
                    prop_assert!(put_one(&store, feed, NAMES[name], &bundles[bundle].0).is_ok());
                    fill(&mut model, feed, name, bundle);
                }
                Step::Remove(name) => {
                    let known = (0..2).any(|slot| model.remove(&(name, slot)).is_some());
                    model.remove(&(name, 1));
                    prop_assert_eq!(store.remove(Source::trust_domain(NAMES[name])), Ok(known));
                }
            }
            for (name, text) in NAMES.iter().enumerate() {
                for (slot, kind) in SLOTS.into_iter().enumerate() {
                    let known = info(&store, text, kind).map(|info| (info.feed, info.digest.to_vec(), Some(info.entries)));
                    let expected = model.get(&(name, slot)).map(|(feed, bundle)| {
                        let (text, entries) = &bundles[*bundle];
                        (*feed, digest(&SHA256, text.as_bytes()).as_ref().to_vec(), entries[slot])
                    });
                    prop_assert_eq!(known, expected);
                }
            }
        }
    }
}
