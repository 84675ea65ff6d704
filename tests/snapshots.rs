//! Snapshots: a restart in an outage goes on deciding, nobody without the key has a say in it, and no bytes do harm.

use attestor::{
    BundleStore, ConfigError, DenyEntry, DenyField, DenyKind, Format, Gate, GateAction, Now, PutOptions,
    Reason, Request, RestoreReport, SlotInfo, SlotKind, SnapshotKey, Source, SourceKind, StoreOptions,
    Verifier, VerifyResult,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

/// When everything is put.
const T0: i64 = 1_800_000_000;
const DAY: i64 = 86_400;
const SECRET: [u8; 32] = [7; 32];
const TOKEN: &[u8] = include_bytes!("data/spire/ec-p256/s0.minted.jwt");
const BUNDLE: &[u8] = include_bytes!("data/spire/ec-p256/s0.bundle.spiffe.json");
/// P-256, P-384, P-521, RSA and Ed25519.
const PUBLIC: &[u8] = include_bytes!("vectors/bundles/public-all.pem");
const AUTHORITIES: &[u8] = include_bytes!("vectors/bundles/x509-two.der");
const AUTHORITIES_PEM: &[u8] = include_bytes!("vectors/bundles/x509-two.pem");
const LISTS: &[u8] = include_bytes!("vectors/bundles/chain-crl-clean.der");
const POLICY: &[u8] = br#"{"version":1,"attestors":[{"id":"a","kind":"spiffe",
    "audiences":["spiffe://example.org/verifier"],"trust_domains":["example.org"]}]}"#;
const SLOTS: [SlotKind; 3] = [SlotKind::Jwt, SlotKind::X509, SlotKind::Crl];

const A: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;
const B: &str = r#""kty":"EC","crv":"P-256","x":"XbF2Ziu5j3U9bm1wYELCrF45v0r-SjfQPgmMOJ3DcF0",
    "y":"B_jTuj8o7inV7on8ukQHtkMBsTaEGU4nGzHxkdv5sGs""#;

fn key() -> SnapshotKey {
    SnapshotKey::new(&SECRET).expect("a key")
}

fn spiffe(sequence: u64, keys: &[(&str, &str)]) -> String {
    let keys: Vec<_> =
        keys.iter().map(|(kid, key)| format!(r#"{{"use":"jwt-svid","kid":"{kid}",{key}}}"#)).collect();
    format!(r#"{{"spiffe_sequence":{sequence},"spiffe_refresh_hint":120,"keys":[{}]}}"#, keys.join(","))
}

fn feed(feed: u64) -> PutOptions {
    let mut options = PutOptions::default();
    options.feed = feed;
    options
}

fn permanent() -> PutOptions {
    let mut options = PutOptions::default();
    options.permanent = true;
    options
}

fn put(store: &BundleStore, source: Source<'_>, format: Format, document: &[u8], options: &PutOptions) {
    store.put(source, format, document, options, Now::At(T0)).expect("the document");
}

fn take(store: &BundleStore) -> Vec<u8> {
    store.snapshot(&key(), Now::At(T0)).expect("a snapshot")
}

fn restore(store: &BundleStore, snapshot: &[u8], now: i64) -> Result<RestoreReport, Reason> {
    store.restore(&key(), snapshot, Now::At(now)).map_err(|error| error.reason())
}

fn restored(snapshot: &[u8], now: i64) -> Arc<BundleStore> {
    let store = Arc::new(BundleStore::new());
    restore(&store, snapshot, now).expect("the snapshot");
    store
}

fn counts(report: RestoreReport) -> (usize, usize, usize) {
    (report.slots, report.skipped, report.denials)
}

fn info(store: &BundleStore, source: Source<'_>, slot: SlotKind) -> Option<SlotInfo> {
    store.info(source, slot).expect("a name")
}

fn judge(store: &Arc<BundleStore>, now: i64) -> Result<(), Reason> {
    let verifier = Verifier::new(Arc::clone(store), POLICY).expect("the policy");
    let mut result = VerifyResult::new();
    let request = Request::new(TOKEN).at(Now::At(now));
    verifier.verify(&request, &mut result).map(|_| ()).map_err(|rejected| rejected.reason)
}

fn deny(store: &BundleStore, value: &str, expires_at: Option<i64>) {
    store.deny(entry(value, expires_at), Now::At(T0)).expect("an entry");
}

fn entry(value: &str, expires_at: Option<i64>) -> DenyEntry<'_> {
    DenyEntry { kind: DenyKind::TrustDomain, source: "example.org", field: DenyField::Sub, value, expires_at }
}

/// A store with the bundle that the token verifies with.
fn spire(options: &PutOptions) -> Arc<BundleStore> {
    let store = Arc::new(BundleStore::new());
    put(&store, Source::trust_domain("example.org"), Format::SpiffeBundle, BUNDLE, options);
    store
}

const FULL: [Source<'static>; 8] = [
    Source { kind: SourceKind::TrustDomain, name: "spiffe.example" },
    Source { kind: SourceKind::TrustDomain, name: "workload.example" },
    Source { kind: SourceKind::TrustDomain, name: "files.example" },
    Source { kind: SourceKind::TrustDomain, name: "der.example" },
    Source { kind: SourceKind::TrustDomain, name: "revoked.example" },
    Source { kind: SourceKind::TrustDomain, name: "held.example" },
    Source { kind: SourceKind::Issuer, name: "https://issuer.example" },
    Source { kind: SourceKind::Issuer, name: "spiffe.example" },
];

/// A store with every format and kind of slot, none of which is static.
fn full() -> BundleStore {
    let store = BundleStore::new();
    let [domain, workload, files, der, revoked, held, issuer, twin] = FULL;
    let mut aged = feed(3);
    aged.max_age = Some(600);
    put(&store, domain, Format::SpiffeBundle, BUNDLE, &feed(u64::MAX));
    put(&store, domain, Format::X509Crl, LISTS, &feed(2));
    put(
        &store,
        workload,
        Format::WorkloadApiJwks,
        spiffe(1, &[("k", A), (r#"é\u0001\""#, B)]).as_bytes(),
        &feed(1),
    );
    put(&store, files, Format::PublicKeyPem, PUBLIC, &aged);
    put(&store, files, Format::X509Pem, AUTHORITIES_PEM, &aged);
    put(&store, der, Format::X509Der, AUTHORITIES, &feed(4));
    put(&store, revoked, Format::SpiffeBundle, br#"{"keys":[],"spiffe_sequence":9}"#, &feed(1));
    put(&store, revoked, Format::X509Crl, b"", &feed(1));
    put(&store, held, Format::SpiffeBundle, spiffe(5, &[("k", A)]).as_bytes(), &feed(1));
    let rekeyed = spiffe(6, &[("k", B)]);
    let refused = store.put(held, Format::SpiffeBundle, rekeyed.as_bytes(), &feed(1), Now::At(T0));
    assert_eq!(refused.unwrap_err().reason(), Reason::BundleRekeyed);
    // Without `kid`, of one issuer, with each `alg` of one key; `oct` and a strange `use` are passed over.
    let jwks = format!(
        r#"{{"keys":[{{{A}}},{{"kid":"tenant","issuer":"https://t.example/","alg":"ES256",{B}}},
            {{"kid":"ed","alg":"Ed25519","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}},
            {{"kty":"oct","k":"AA"}},{{"use":"enc",{A}}}]}}"#
    );
    put(&store, issuer, Format::Jwks, jwks.as_bytes(), &feed(5));
    put(&store, twin, Format::Jwks, jwks.as_bytes(), &feed(5));
    deny(&store, "spiffe://example.org/a", None);
    deny(&store, "spiffe://example.org/b", Some(T0 + 100));
    store
}

#[test]
fn everything_comes_back() {
    let store = full();
    let snapshot = take(&store);
    let other = BundleStore::new();
    assert_eq!(restore(&other, &snapshot, T0 + 60).map(counts), Ok((14, 0, 2)));
    assert_eq!(other.denials(), 2);
    for source in FULL {
        for slot in SLOTS {
            let expected = info(&store, source, slot).map(|mut info| {
                info.generation = 1;
                info.restored = true;
                if slot == SlotKind::Crl {
                    info.hard_age = Some(86_400);
                }
                info
            });
            assert_eq!(info(&other, source, slot), expected, "{} {slot:?}", source.name);
        }
    }
    // What cannot be seen from outside is in the bytes; only the revocation lists had no hard age.
    let again = take(&other);
    assert_eq!(again.len(), snapshot.len() + 2 * 8);
    assert_eq!(take(&restored(&again, T0)), again);
}

#[test]
fn what_is_restored_publishes_as_before() {
    let store = full();
    let other = restored(&take(&store), T0);
    for (source, format) in [
        (FULL[0], Format::SpiffeBundle),
        (FULL[1], Format::WorkloadApiJwks),
        (FULL[2], Format::PublicKeyPem),
        (FULL[2], Format::X509Pem),
        (FULL[3], Format::X509Der),
        (FULL[4], Format::SpiffeBundle),
        (FULL[6], Format::Jwks),
    ] {
        let publish = |store: &BundleStore| {
            store.allow_publishing(source, true).expect("a name");
            store.publish(source, format, Now::At(T0)).expect("the document")
        };
        assert_eq!(publish(&store), publish(&other), "{}", source.name);
    }
    assert_eq!(other.publish(FULL[2], Format::PublicKeyPem, Now::At(T0)).expect("the document"), PUBLIC);
}

#[test]
fn an_outage_is_lived_through_until_the_hard_age_from_the_first_confirmation() {
    // Without a hint the bundle is due after 300 s and stale after 600 s.
    let snapshot = spire(&feed(1)).snapshot(&key(), Now::At(T0 + 500)).expect("a snapshot");
    let store = restored(&snapshot, T0 + 599);
    let slot = info(&store, Source::trust_domain("example.org"), SlotKind::Jwt).expect("the slot");
    assert_eq!((slot.confirmed_at, slot.restored, slot.hard_age), (T0, true, Some(600)));
    assert_eq!(judge(&store, T0 + 599), Ok(()));
    assert_eq!(judge(&store, T0 + 600), Err(Reason::BundleStale));
    // A chain of restarts wins no time.
    let again = restored(&take(&store), T0 + 10);
    assert_eq!(judge(&again, T0 + 600), Err(Reason::BundleStale));
    // The feed speaks.
    store.touch(Source::trust_domain("example.org"), 1, Now::At(T0 + 700)).expect("the feed's");
    assert_eq!(judge(&store, T0 + 1_299), Ok(()));
    let slot = info(&store, Source::trust_domain("example.org"), SlotKind::Jwt).expect("the slot");
    assert!(!slot.restored);
}

#[test]
fn static_material_gets_a_day() {
    let store = spire(&permanent());
    assert_eq!(judge(&store, T0 + 30 * DAY), Ok(()));
    let store = restored(&take(&store), T0 + 5);
    assert_eq!(judge(&store, T0 + DAY - 1), Ok(()));
    assert_eq!(judge(&store, T0 + DAY), Err(Reason::BundleStale));
    // The operator's file is loaded again: it is the same material, and ages no longer.
    let generation =
        info(&store, Source::trust_domain("example.org"), SlotKind::Jwt).expect("a slot").generation;
    put(&store, Source::trust_domain("example.org"), Format::SpiffeBundle, BUNDLE, &permanent());
    let slot = info(&store, Source::trust_domain("example.org"), SlotKind::Jwt).expect("the slot");
    assert_eq!((slot.generation, slot.restored, slot.hard_age), (generation, false, None));
    assert_eq!(judge(&store, T0 + 30 * DAY), Ok(()));
}

#[test]
fn a_confirmation_in_the_future_is_stale() {
    for options in [feed(1), permanent()] {
        let snapshot = take(&spire(&options));
        assert_eq!(judge(&restored(&snapshot, T0), T0), Ok(()));
        for now in [T0 - 1, T0 - DAY, 1] {
            let store = restored(&snapshot, now);
            for at in [now, T0 - 1, T0, T0 + 1] {
                assert_eq!(judge(&store, at), Err(Reason::BundleStale), "{now} {at}");
            }
            store.touch(Source::trust_domain("example.org"), options.feed, Now::At(T0)).expect("the feed's");
            assert_eq!(judge(&store, T0), Ok(()));
        }
    }
}

#[test]
fn what_a_feed_has_filled_meanwhile_stays() {
    let domain = Source::trust_domain("held.example");
    let store = BundleStore::new();
    put(
        &store,
        domain,
        Format::Jwks,
        spiffe(1, &[("new", B)]).replace("jwt-svid", "sig").as_bytes(),
        &feed(9),
    );
    let before = info(&store, domain, SlotKind::Jwt);
    assert_eq!(restore(&store, &take(&full()), T0).map(counts), Ok((13, 1, 2)));
    assert_eq!(info(&store, domain, SlotKind::Jwt), before);
    let x509 = info(&store, domain, SlotKind::X509).expect("the other slot is the snapshot's");
    assert!(x509.restored && x509.generation > before.expect("a slot").generation);
    // A second time there is nothing left to do, and nothing that is kept of verdicts is outdated.
    let (state, epoch) = (take(&store), store.denial_epoch());
    assert_eq!(restore(&store, &take(&full()), T0).map(counts), Ok((0, 14, 0)));
    assert_eq!((take(&store), store.denial_epoch()), (state, epoch));
}

#[test]
fn what_the_gate_held_stays_held() {
    let held = Source::trust_domain("held.example");
    let store = restored(&take(&full()), T0);
    let slot = info(&store, held, SlotKind::Jwt).expect("the slot");
    assert_eq!((slot.entries, slot.withheld, slot.sequence), (0, 1, Some(5)));
    let attempt = |sequence, kid, key, force| {
        let mut options = feed(1);
        options.force = force;
        let document = spiffe(sequence, &[(kid, key)]);
        let put = store.put(held, Format::SpiffeBundle, document.as_bytes(), &options, Now::At(T0));
        put.map(|report| report.findings).map_err(|error| error.reason())
    };
    assert_eq!(attempt(6, "k", B, false), Err(Reason::BundleRekeyed));
    assert_eq!(attempt(4, "k", A, false), Err(Reason::BundleRollback));
    assert_eq!(attempt(6, "k", B, true), Ok(0));

    // All keys of an issuer at once, where the operator wants that held: the slot has no key, and no revocation.
    let mut options = StoreOptions::default();
    options.gate = Gate { replaced: GateAction::Hold, ..Gate::default() };
    let issuer = Source::issuer("https://issuer.example");
    let jwks = |key: &str| format!(r#"{{"keys":[{{{key}}}]}}"#);
    let attempt = |store: &BundleStore, key| {
        let put = store.put(issuer, Format::Jwks, jwks(key).as_bytes(), &feed(1), Now::At(T0));
        put.map(|_| ()).map_err(|error| error.reason())
    };
    let store = BundleStore::with(options);
    assert_eq!(attempt(&store, A), Ok(()));
    assert_eq!(attempt(&store, B), Err(Reason::BundleReplaced));
    let again = BundleStore::with(options);
    restore(&again, &take(&store), T0).expect("the snapshot");
    assert_eq!(info(&again, issuer, SlotKind::Jwt).map(|slot| slot.entries), Some(0));
    assert_eq!(attempt(&again, B), Err(Reason::BundleReplaced));
    assert_eq!(attempt(&again, A), Ok(()));
}

#[test]
fn denials_come_back_until_they_end() {
    const MINTED: &str = "spiffe://example.org/minted";
    let store = spire(&permanent());
    deny(&store, MINTED, Some(T0 + 100));
    deny(&store, "spiffe://example.org/other", None);
    let snapshot = take(&store);
    let before_the_end = restored(&snapshot, T0 + 99);
    assert_eq!(judge(&before_the_end, T0 + 99), Err(Reason::OverlayDenied));
    assert_eq!(judge(&before_the_end, T0 + 100), Ok(()));
    let after_it = restored(&snapshot, T0 + 100);
    assert_eq!((judge(&after_it, T0 + 100), after_it.denials()), (Ok(()), 1));
    assert!(after_it.denial_epoch() > 0);
    // An entry that is there stays as it is; one that has expired is none.
    for (own_end, expected) in [(T0 + 50, Ok(())), (T0 + 5, Err(Reason::OverlayDenied))] {
        let store = Arc::new(BundleStore::new());
        deny(&store, MINTED, Some(own_end));
        restore(&store, &snapshot, T0 + 10).expect("the snapshot");
        assert_eq!(judge(&store, T0 + 60), expected, "{own_end}");
    }
    // What has expired when the snapshot is taken is not in it.
    let late = store.snapshot(&key(), Now::At(T0 + 100)).expect("a snapshot");
    assert!(late.len() < snapshot.len());
    assert_eq!(restored(&late, T0).denials(), 1);
}

#[test]
fn denials_that_do_not_fit_keep_everything_out() {
    let store = BundleStore::new();
    for n in 0..99_999 {
        deny(&store, &format!("spiffe://example.org/{n}"), Some(T0 + 10));
    }
    let snapshot = take(&full());
    assert_eq!(restore(&store, &snapshot, T0 + 9), Err(Reason::OverlayFull));
    assert!(FULL.iter().all(|source| SLOTS.iter().all(|slot| info(&store, *source, *slot).is_none())));
    assert_eq!(restore(&store, &snapshot, T0 + 10).map(counts), Ok((14, 0, 2)));
    assert_eq!(store.denials(), 2);
}

#[test]
fn nothing_is_usable_before_its_denials() {
    let donor = spire(&feed(1));
    deny(&donor, "spiffe://example.org/minted", None);
    for n in 0..20_000 {
        deny(&donor, &format!("spiffe://example.org/{n}"), None);
    }
    let snapshot = take(&donor);
    for _ in 0..5 {
        let store = Arc::new(BundleStore::new());
        let (reading, done) = (AtomicBool::new(false), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    let refusal = judge(&store, T0).expect_err("no allow");
                    assert!(matches!(refusal, Reason::BundleUnavailable | Reason::OverlayDenied));
                    reading.store(true, Ordering::Release);
                }
            });
            while !reading.load(Ordering::Acquire) && !reader.is_finished() {
                std::thread::yield_now();
            }
            restore(&store, &snapshot, T0).expect("the snapshot");
            done.store(true, Ordering::Release);
        });
        assert_eq!(judge(&store, T0), Err(Reason::OverlayDenied));
    }
}

#[test]
fn a_snapshot_is_of_one_moment() {
    let store = BundleStore::new();
    let done = AtomicBool::new(false);
    let domain = Source::trust_domain("td");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 1.. {
                if done.load(Ordering::Acquire) {
                    break;
                }
                let document = spiffe(n, &[("k", A)]);
                put(&store, domain, Format::SpiffeBundle, document.as_bytes(), &feed(1));
            }
        });
        for _ in 0..300 {
            let copy = restored(&take(&store), T0);
            let sequence = |slot| info(&copy, domain, slot).map(|info| (info.sequence, info.digest));
            assert_eq!(sequence(SlotKind::Jwt), sequence(SlotKind::X509));
        }
        done.store(true, Ordering::Release);
        writer.join().expect("the writer");
    });
}

#[test]
fn many_sources_and_denials() {
    let store = BundleStore::new();
    let document = spiffe(1, &[("a", A), ("b", B)]);
    for n in 0..2_000 {
        let name = format!("td{n}.example");
        put(&store, Source::trust_domain(&name), Format::SpiffeBundle, document.as_bytes(), &feed(1));
    }
    for n in 0..100_000 {
        deny(&store, &format!("spiffe://example.org/{n}"), None);
    }
    let snapshot = take(&store);
    let other = BundleStore::new();
    assert_eq!(restore(&other, &snapshot, T0).map(counts), Ok((4_000, 0, 100_000)));
    assert_eq!(take(&other), snapshot);
}

/// What a put takes at its limits comes back too.
#[test]
fn the_largest_documents() {
    let members = A.replace(['\n', ' '], "");
    let frame = format!(r#"{{"keys":[{{"kid":"",{members}}}]}}"#).len();
    let long = format!(r#"{{"keys":[{{"kid":"{}",{members}}}]}}"#, "k".repeat((1 << 20) - frame));
    let many: String = (0..1_100).map(|_| pem_of(&new_point())).collect();
    let [one, other] = [Source::issuer("https://long.example"), Source::issuer("https://many.example")];
    let store = BundleStore::new();
    put(&store, one, Format::Jwks, long.as_bytes(), &feed(1));
    put(&store, other, Format::PublicKeyPem, many.as_bytes(), &feed(1));
    let copy = restored(&take(&store), T0);
    assert_eq!(info(&copy, one, SlotKind::Jwt).map(|slot| slot.entries), Some(1));
    assert_eq!(info(&copy, other, SlotKind::Jwt).map(|slot| slot.entries), Some(1_100));
    copy.allow_publishing(other, true).expect("a name");
    let published = copy.publish(other, Format::PublicKeyPem, Now::At(T0));
    assert_eq!(published.expect("the keys"), many.as_bytes());
}

/// A point of P-256 as a SubjectPublicKeyInfo's bits hold it.
fn new_point() -> Vec<u8> {
    let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
    pair.public_key().as_ref().into()
}

fn pem_of(point: &[u8]) -> String {
    let info = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\0";
    let base64 = STANDARD.encode([&info[..], point].concat());
    let (first, second) = base64.split_at(64);
    format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
}

// Who may make one.

/// A small store in which everything of a snapshot occurs.
fn small() -> BundleStore {
    let store = BundleStore::new();
    put(
        &store,
        Source::trust_domain("td"),
        Format::SpiffeBundle,
        spiffe(2, &[("k", A)]).as_bytes(),
        &feed(1),
    );
    deny(&store, "spiffe://example.org/a", Some(T0 + 100));
    store
}

/// Tries a snapshot that must be refused on an empty store and on one that is in use.
fn refused(key: &SnapshotKey, snapshot: &[u8]) -> ConfigError {
    static USED: LazyLock<BundleStore> = LazyLock::new(small);
    let before = (take(&USED), USED.denial_epoch());
    let error = USED.restore(key, snapshot, Now::At(T0)).expect_err("not a good snapshot");
    assert_eq!((take(&USED), USED.denial_epoch()), before);
    let empty = BundleStore::new();
    assert_eq!(empty.restore(key, snapshot, Now::At(T0)).as_ref(), Err(&error));
    assert_eq!((empty.denials(), empty.denial_epoch()), (0, 0));
    assert_eq!(take(&empty), take(&BundleStore::new()));
    assert_eq!(error.reason(), Reason::SnapshotInvalid);
    error
}

#[test]
fn any_bit_that_is_flipped_is_noticed() {
    for key in [key(), SnapshotKey::unkeyed()] {
        let good = small().snapshot(&key, Now::At(T0)).expect("a snapshot");
        for at in 0..good.len() {
            for flip in [0x01, 0x02, 0x10, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                refused(&key, &bad);
            }
        }
    }
}

#[test]
fn other_lengths_are_noticed() {
    let good = take(&small());
    for length in 0..good.len() {
        refused(&key(), &good[..length]);
        refused(&key(), &good[good.len() - length..]);
    }
    for extra in [&[0][..], &[0xff; 32], &good] {
        refused(&key(), &[&good, extra].concat());
        refused(&key(), &[extra, &good].concat());
    }
}

#[test]
fn every_key_opens_its_own_only() {
    let store = small();
    let keys = [key(), SnapshotKey::new(&[8; 32]).expect("a key"), SnapshotKey::unkeyed()];
    let of_no_key = SnapshotKey::new(&[0; 32]).expect("a key");
    for (made, by) in keys.iter().enumerate() {
        let snapshot = store.snapshot(by, Now::At(T0)).expect("a snapshot");
        for (opened, with) in keys.iter().enumerate() {
            if made == opened {
                BundleStore::new().restore(with, &snapshot, Now::At(T0)).expect("its own");
            } else {
                let detail = refused(with, &snapshot).detail().to_owned();
                let expected = match (made, opened) {
                    (2, _) => "it was made without a key",
                    (_, 2) => "it was made with a key",
                    _ => "it was changed, or made under another key",
                };
                assert_eq!(detail, expected);
            }
        }
        refused(&of_no_key, &snapshot);
    }
    // A checksum is no seal, whatever the header says of itself.
    let mut unkeyed = store.snapshot(&SnapshotKey::unkeyed(), Now::At(T0)).expect("a snapshot");
    let header = b"attestor.snapshot".len() + 4;
    unkeyed[header] = 1;
    let content = unkeyed.len() - 32;
    let checksum = ring::digest::digest(&ring::digest::SHA256, &unkeyed[..content]);
    unkeyed[content..].copy_from_slice(checksum.as_ref());
    for key in &keys {
        refused(key, &unkeyed);
    }
}

#[test]
fn keys_are_long_and_not_shown() {
    for length in [0, 1, 16, 31] {
        let error = SnapshotKey::new(&vec![1; length]).unwrap_err();
        assert_eq!(error.reason(), Reason::ArgumentInvalid);
    }
    for length in [32, 64, 65, 1000] {
        SnapshotKey::new(&vec![1; length]).expect("long enough");
    }
    assert_eq!(format!("{:?}", key()), "SnapshotKey { .. }");
    assert_eq!(format!("{:?}", SnapshotKey::unkeyed()), "SnapshotKey { .. }");
}

#[test]
fn a_clock_is_needed() {
    let store = small();
    let snapshot = take(&store);
    assert_eq!(store.snapshot(&key(), Now::At(0)).unwrap_err().reason(), Reason::ClockInvalid);
    assert_eq!(restore(&BundleStore::new(), &snapshot, 0), Err(Reason::ClockInvalid));
}

// The format, written here from its description.

const HEADER: &[u8] = b"attestor.snapshot\x01\0\0\0\x01";

fn seal(content: &[u8]) -> Vec<u8> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &SECRET), content);
    [content, tag.as_ref()].concat()
}

fn count(n: usize) -> Vec<u8> {
    (n as u64).to_le_bytes().into()
}

fn text(bytes: &[u8]) -> Vec<u8> {
    [count(bytes.len()), bytes.into()].concat()
}

fn some(bytes: &[u8]) -> Vec<u8> {
    [&[1], bytes].concat()
}

#[derive(Clone)]
struct Described {
    kind: u32,
    name: Vec<u8>,
    /// 0 the JWT slot, 1 the X.509 slot, 2 the CRL slot.
    slot: usize,
    format: u32,
    confirmed_at: i64,
    ages: Vec<u8>,
    skips: Vec<u32>,
    findings: u32,
    baseline: Vec<u8>,
    documents: Vec<Vec<u8>>,
    denial: Vec<u8>,
}

impl Default for Described {
    fn default() -> Self {
        Self {
            kind: 1,
            name: b"td".into(),
            slot: 0,
            format: 1,
            confirmed_at: T0,
            ages: [some(&120u64.to_le_bytes()), some(&240u64.to_le_bytes())].concat(),
            skips: vec![0; 14],
            findings: 0,
            baseline: vec![0],
            documents: vec![one_key(&format!(r#""kid":"k",{A}"#))],
            denial: b"1.1.11.example.orgspiffe://example.org/a".into(),
        }
    }
}

fn one_key(members: &str) -> Vec<u8> {
    format!(r#"{{"keys":[{{{members}}}]}}"#).into()
}

impl Described {
    fn payload(&self) -> Vec<u8> {
        let list = |items: &[Vec<u8>]| [count(items.len()), items.concat()].concat();
        let skips: Vec<_> = self.skips.iter().map(|n| n.to_le_bytes().to_vec()).collect();
        let documents: Vec<_> = self.documents.iter().map(|document| text(document)).collect();
        let slot = [
            &1u64.to_le_bytes()[..],
            &self.format.to_le_bytes(),
            &self.confirmed_at.to_le_bytes(),
            &self.ages,
            &some(&2u64.to_le_bytes()),
            &some(&120u64.to_le_bytes()),
            &[0xd1; 32],
            &list(&skips),
            &self.findings.to_le_bytes(),
            &0u32.to_le_bytes(),
            &self.baseline,
            &list(&documents),
        ]
        .concat();
        let mut slots = [vec![0], vec![0], vec![0]];
        slots[self.slot] = some(&slot);
        [
            count(1),
            self.kind.to_le_bytes().into(),
            text(&self.name),
            slots.concat(),
            count(1),
            text(&self.denial),
            some(&(T0 + 100).to_le_bytes()),
        ]
        .concat()
    }

    fn snapshot(&self) -> Vec<u8> {
        seal(&[HEADER, &self.payload()].concat())
    }
}

fn described(change: impl FnOnce(&mut Described)) -> Described {
    let mut described = Described::default();
    change(&mut described);
    described
}

#[test]
fn the_format_is_as_described() {
    let store = BundleStore::new();
    let described = described(|d| {
        d.skips[1] = 3;
        d.findings = 4;
        let entry = [some(&text(b"k")), text(b"thumbprint")].concat();
        d.baseline = some(&[count(1), entry].concat());
    });
    assert_eq!(restore(&store, &described.snapshot(), T0).map(counts), Ok((1, 0, 1)));
    let slot = info(&store, Source::trust_domain("td"), SlotKind::Jwt).expect("the slot");
    assert_eq!((slot.feed, slot.confirmed_at, slot.entries), (1, T0, 1));
    assert_eq!((slot.soft_age, slot.hard_age), (Some(120), Some(240)));
    assert_eq!((slot.sequence, slot.refresh_hint, slot.digest), (Some(2), Some(120), [0xd1; 32]));
    assert_eq!((slot.skipped[1], slot.skipped.iter().sum(), slot.findings), (3, 3, 4));
    assert_eq!(store.lift(entry("spiffe://example.org/a", None)), Ok(true));
    deny(&store, "spiffe://example.org/a", Some(T0 + 100));
    // Byte for byte, but for how the key set is spelled.
    let canonical = concat!(
        r#"{"keys":[{"crv":"P-256","kid":"k","kty":"EC","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","#,
        r#""y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#
    );
    assert_eq!(take(&store), Described { documents: vec![canonical.into()], ..described }.snapshot());
}

#[test]
fn values_are_clamped() {
    for (soft, hard, expected) in [
        (vec![0], vec![0], (None, Some(86_400))),
        (some(&[0xff; 8]), some(&[0xff; 8]), (Some(86_400), Some(86_400))),
        (some(&[0; 8]), some(&[0; 8]), (Some(1), Some(1))),
        (some(&60u64.to_le_bytes()), vec![0], (Some(60), Some(86_400))),
    ] {
        let store = restored(&described(|d| d.ages = [soft, hard].concat()).snapshot(), T0);
        let slot = info(&store, Source::trust_domain("td"), SlotKind::Jwt).expect("the slot");
        assert_eq!((slot.soft_age, slot.hard_age), expected);
    }
    for (confirmed_at, age) in [
        (i64::MIN, u64::try_from(i64::MAX).expect("an age")),
        (0, 1_800_000_000),
        (i64::MAX, u64::from(u32::MAX)),
    ] {
        let store = restored(&described(|d| d.confirmed_at = confirmed_at).snapshot(), T0);
        let slot = info(&store, Source::trust_domain("td"), SlotKind::Jwt).expect("the slot");
        assert_eq!(slot.age(T0), age);
    }
    // An older release knew fewer reasons to pass an entry over.
    let store = restored(&described(|d| d.skips = vec![0, 2]).snapshot(), T0);
    assert_eq!(info(&store, Source::trust_domain("td"), SlotKind::Jwt).expect("the slot").skipped[1], 2);
}

#[test]
fn what_an_update_would_not_bring_in_is_refused() {
    let keys = |documents: Vec<Vec<u8>>| described(|d| d.documents = documents);
    let certificates =
        |document: &[u8]| described(|d| (d.slot, d.format, d.documents) = (1, 6, vec![document.into()]));
    let lists =
        |document: &[u8]| described(|d| (d.slot, d.format, d.documents) = (2, 8, vec![document.into()]));
    for good in [keys(vec![]), certificates(AUTHORITIES), lists(LISTS)] {
        restored(&good.snapshot(), T0);
    }
    let weak = include_str!("vectors/bundles/beside-rsa1024.json");
    let weak = weak.split(['{', '}']).nth(2).expect("the first key");
    let good = format!(r#""kid":"k",{A}"#);
    let off_curve = good.replace("y\":\"4", "y\":\"5");
    let leaf = include_bytes!("vectors/bundles/x509-leaf.der");
    let cut = include_bytes!("vectors/bundles/x509-cut.der");
    for (what, bad) in [
        ("a weak key", keys(vec![one_key(weak)])),
        ("a point off the curve", keys(vec![one_key(&off_curve)])),
        ("a private member", keys(vec![one_key(&format!(r#"{good},"d":"AA""#))])),
        ("a secret", keys(vec![one_key(r#""kty":"oct","k":"AA""#)])),
        ("two keys of one kid", keys(vec![one_key(&good), one_key(&format!(r#""kid":"k",{B}"#))])),
        ("one key twice", keys(vec![one_key(&good), one_key(&good)])),
        ("two in one document", keys(vec![format!(r#"{{"keys":[{{{good}}},{{{B}}}]}}"#).into()])),
        ("no key in a document", keys(vec![br#"{"keys":[]}"#.to_vec()])),
        ("no JSON", keys(vec![b"keys".to_vec()])),
        ("an empty document", keys(vec![Vec::new()])),
        ("too many keys", keys(vec![one_key(&good); 10_001])),
        ("a leaf", certificates(leaf)),
        ("a leaf beside", certificates(&[AUTHORITIES, leaf].concat())),
        ("half a certificate", certificates(cut)),
        ("an empty certificate document", certificates(b"")),
        ("a certificate as a list", lists(AUTHORITIES)),
        ("half a list", lists(&LISTS[..LISTS.len() - 1])),
        ("65 lists", lists(&LISTS.repeat(65))),
        (
            "two documents of lists",
            described(|d| {
                (d.slot, d.format, d.documents) = (2, 8, vec![LISTS.into(), LISTS.into()]);
            }),
        ),
        ("a kind that is none", described(|d| d.kind = 3)),
        ("no name", described(|d| d.name = Vec::new())),
        ("a name that is none", described(|d| d.name = b"Td".into())),
        ("another spelling of a name", described(|d| d.name = b"spiffe://td".into())),
        ("a name that is no text", described(|d| d.name = vec![0xff])),
        ("a format that is none", described(|d| d.format = 9)),
        ("a format without a number", described(|d| d.format = 0)),
        ("a map", described(|d| d.format = 7)),
        ("certificates as keys", described(|d| d.format = 6)),
        ("lists as keys", described(|d| d.format = 8)),
        (
            "certificates of keys' format",
            described(|d| (d.slot, d.format, d.documents) = (1, 4, vec![AUTHORITIES.into()])),
        ),
        ("a SPIFFE bundle of an issuer", described(|d| (d.kind, d.format) = (2, 1))),
        ("certificates of an issuer", {
            let mut bad = certificates(AUTHORITIES);
            bad.kind = 2;
            bad
        }),
        ("a finding that is none", described(|d| d.findings = 8)),
        ("more skips than reasons", described(|d| d.skips = vec![0; 15])),
        ("more skips than entries", described(|d| d.skips = vec![u32::MAX; 14])),
        ("an optional that is neither", described(|d| d.ages = vec![2, 0])),
        (
            "a baseline without an end",
            described(|d| d.baseline = some(&[vec![0], count(usize::MAX)].concat())),
        ),
        ("a denial that is none", described(|d| d.denial = b"1.1.11.example.org".into())),
        ("a denial of a stranger", described(|d| d.denial = b"9.1.1.*a".into())),
        ("a denial that is no text", described(|d| d.denial = b"2.1.1.*\xff".into())),
    ] {
        let error = refused(&key(), &bad.snapshot());
        assert_eq!(error.detail(), "its content is not what a store holds", "{what}");
    }
}

#[test]
fn other_headers_and_ends_are_refused() {
    let payload = Described::default().payload();
    restored(&seal(&[HEADER, &payload].concat()), T0);
    for (header, detail) in [
        (&b"attestor.snapshot\x02\0\0\0\x01"[..], "it is of another version"),
        (b"attestor.snapshot\x01\0\0\x01\x01", "it is of another version"),
        (b"attestor.snapshot\x01\0\0\0\0", "it was made without a key"),
        (b"attestor.snapshot\x01\0\0\0\x02", "it was made without a key"),
        (b"attestor.snapshit\x01\0\0\0\x01", "it is not a snapshot"),
        (b"", "it is not a snapshot"),
    ] {
        assert_eq!(refused(&key(), &seal(&[header, &payload].concat())).detail(), detail);
    }
    for length in 0..payload.len() {
        refused(&key(), &seal(&[HEADER, &payload[..length]].concat()));
    }
    refused(&key(), &seal(&[HEADER, &payload, &[0]].concat()));
    refused(&key(), &[]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever the holder of the key seals: it is restored as a whole, or nothing is changed.
    #[test]
    fn sealed_nonsense_does_no_harm(
        edits in proptest::collection::vec((any::<proptest::sample::Index>(), 0..4u8, any::<u8>()), 0..6),
        now in prop_oneof![Just(T0), 1..i64::MAX],
    ) {
        static PAYLOAD: LazyLock<Vec<u8>> = LazyLock::new(|| {
            let snapshot = take(&full());
            snapshot[HEADER.len()..snapshot.len() - 32].to_vec()
        });
        let mut payload = PAYLOAD.clone();
        for (at, edit, byte) in &edits {
            let at = at.index(payload.len());
            match edit {
                0 => payload[at] = *byte,
                1 => payload.insert(at, *byte),
                2 => { payload.remove(at); }
                _ => { payload[at] ^= 1 << (byte % 8); }
            }
        }
        let store = BundleStore::new();
        match restore(&store, &seal(&[HEADER, &payload].concat()), now) {
            Ok(report) => {
                let held = restored(&store.snapshot(&key(), Now::At(now)).expect("a snapshot"), now);
                prop_assert_eq!(take(&held), take(&store));
                prop_assert!(report.slots + report.skipped <= 14);
                prop_assert!(!edits.is_empty() || report.slots == 14);
            }
            Err(reason) => {
                prop_assert_eq!(reason, Reason::SnapshotInvalid);
                prop_assert_eq!(take(&store), take(&BundleStore::new()));
                prop_assert_eq!((store.denials(), store.denial_epoch()), (0, 0));
            }
        }
    }

    #[test]
    fn sealed_bytes_do_no_harm(payload in proptest::collection::vec(prop_oneof![3 => 0..4u8, 1 => any::<u8>()], 0..120)) {
        let store = BundleStore::new();
        if restore(&store, &seal(&[HEADER, &payload].concat()), T0).is_err() {
            prop_assert_eq!(take(&store), take(&BundleStore::new()));
        }
    }
}
