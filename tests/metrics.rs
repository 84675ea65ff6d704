//! What a verifier counts and says of its sources.

use attestor::metrics::OTHER;
use attestor::{
    BundleStore, Format, Freshness, Now, PutOptions, Readiness, Reason, Request, Source, SourceKind,
    SourceMetrics, Verifier, VerifyResult,
};
use std::sync::Arc;

const NOW: i64 = 1_800_000_000;
const BUNDLE: &[u8] = include_bytes!("data/spire/ec-p256/s0.bundle.spiffe.json");
const TOKEN: &[u8] = include_bytes!("data/spire/ec-p256/s0.minted.jwt");
/// One JWT key, two entries that no store uses.
const ISSUER_KEYS: &str = r#"{"keys":[{"kty":"AKP"},{"kty":"EC","use":"enc"},{"kid":"k","kty":"EC","crv":"P-256",
    "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;

fn policy(id: &str, more: &str) -> Vec<u8> {
    format!(
        r#"{{"version":1,"attestors":[{{"id":"{id}","kind":"spiffe","audiences":["spiffe://example.org/verifier"],
            "trust_domains":["example.org"]}}{more}]}}"#
    )
    .into_bytes()
}

const ISSUER: &str =
    r#",{"id":"idp","kind":"oidc","issuer":"https://idp.example","audiences":["x"],"max_staleness_secs":60}"#;

fn store() -> Arc<BundleStore> {
    let store = Arc::new(BundleStore::new());
    let domain = Source::trust_domain("example.org");
    store
        .put(domain, Format::SpiffeBundle, BUNDLE, &PutOptions::default(), Now::At(NOW))
        .expect("the bundle");
    store
}

fn verify(verifier: &Verifier, credential: &[u8]) {
    let _ = verifier.verify(&Request::new(credential).at(Now::At(NOW)), &mut VerifyResult::new());
}

fn counts(verifier: &Verifier) -> Vec<(String, Option<Reason>, u64)> {
    verifier.metrics().verdicts.into_iter().map(|row| (row.attestor, row.reason, row.count)).collect()
}

fn row(attestor: &str, reason: Option<Reason>, count: u64) -> (String, Option<Reason>, u64) {
    (attestor.to_owned(), reason, count)
}

#[test]
fn verdicts_are_counted_by_attestor_and_reason() {
    let store = store();
    let verifier = Verifier::new(Arc::clone(&store), &policy("spiffe", "")).expect("the policy");
    assert_eq!(counts(&verifier), []);
    let forged = [&TOKEN[..TOKEN.len() - 4], b"AAAA".as_slice()].concat();
    for credential in [TOKEN, TOKEN, b"a.b", b"a.b", &forged] {
        verify(&verifier, credential);
    }
    store.remove(Source::trust_domain("example.org")).expect("a removal");
    verify(&verifier, TOKEN);
    let expected = [
        row("", Some(Reason::MalformedToken), 2),
        row("spiffe", None, 2),
        row("spiffe", Some(Reason::SignatureInvalid), 1),
        row("spiffe", Some(Reason::BundleUnavailable), 1),
    ];
    assert_eq!(counts(&verifier), expected);
}

#[test]
fn a_policy_swap_keeps_the_counts_and_hides_names_that_are_gone() {
    let verifier = Verifier::new(store(), &policy("first", "")).expect("the policy");
    verify(&verifier, TOKEN);
    verifier.set_policy(&policy("first", ISSUER)).expect("the policy");
    verify(&verifier, TOKEN);
    assert_eq!(counts(&verifier), [row("first", None, 2)]);
    verifier.set_policy(&policy("second", "")).expect("the policy");
    verify(&verifier, TOKEN);
    let renamed = [row("second", None, 1), row(OTHER, None, 2)];
    assert_eq!(counts(&verifier), renamed);
    for _ in 0..5 {
        assert!(verifier.set_policy(b"{}").is_err());
        verifier.set_policy(&policy("second", ISSUER)).expect("the policy");
    }
    assert_eq!(counts(&verifier), renamed);
}

#[test]
fn a_shadow_policy_counts_nothing() {
    let verifier = Verifier::new(store(), &policy("live", "")).expect("the policy");
    verifier.set_shadow_policy(Some(&policy("shadow", ""))).expect("the policy");
    verify(&verifier, TOKEN);
    assert_eq!(counts(&verifier), [row("live", None, 1)]);
}

fn readiness(verifier: &Verifier, now: i64) -> (bool, [usize; 5]) {
    let r: Readiness = verifier.readiness(Now::At(now)).expect("a time");
    (r.is_ready(), [r.sources, r.fresh, r.due, r.stale, r.missing])
}

/// The SPIRE bundle says nothing of its refresh: due after 300 s, stale after 600; the issuer's keys are due after 600
/// and, by this policy, stale a minute later.
#[test]
fn readiness_follows_the_ages_that_the_policy_asks_for() {
    let store = store();
    let verifier = Verifier::new(Arc::clone(&store), &policy("spiffe", ISSUER)).expect("the policy");
    assert_eq!(readiness(&verifier, NOW), (false, [2, 1, 0, 0, 1]));
    let mut options = PutOptions::default();
    options.max_age = Some(600);
    let issuer = Source::issuer("https://idp.example");
    store.put(issuer, Format::Jwks, ISSUER_KEYS.as_bytes(), &options, Now::At(NOW)).expect("the keys");
    assert_eq!(readiness(&verifier, NOW), (true, [2, 2, 0, 0, 0]));
    assert_eq!(readiness(&verifier, NOW + 599), (true, [2, 1, 1, 0, 0]));
    assert_eq!(readiness(&verifier, NOW + 600), (false, [2, 0, 1, 1, 0]));
    store.touch(Source::trust_domain("example.org"), 0, Now::At(NOW + 600)).expect("the bundle");
    assert_eq!(readiness(&verifier, NOW + 659), (true, [2, 1, 1, 0, 0]));
    assert_eq!(readiness(&verifier, NOW + 660), (false, [2, 1, 0, 1, 0]));
    assert!(verifier.readiness(Now::At(0)).is_err());
}

#[test]
fn only_sources_of_the_policy_have_a_name() {
    let store = store();
    for n in 0..3 {
        let name = format!("https://stranger{n}.example");
        let options = PutOptions::default();
        store
            .put(Source::issuer(&name), Format::Jwks, ISSUER_KEYS.as_bytes(), &options, Now::At(NOW))
            .expect("the keys");
    }
    let refused = store.put(
        Source::issuer("https://stranger0.example"),
        Format::Jwks,
        b"{}",
        &PutOptions::default(),
        Now::At(NOW),
    );
    assert!(refused.is_err());
    let verifier = Verifier::new(store, &policy("spiffe", ISSUER)).expect("the policy");
    let seen = verifier.source_metrics(Now::At(NOW + 10)).expect("a time");
    let [domain, issuer, others] = &seen[..] else { panic!("three rows: {seen:?}") };
    assert_eq!(domain.source, Some((SourceKind::TrustDomain, "example.org".to_owned())));
    assert_eq!((domain.sources, domain.jwt, domain.age), (1, Some(Freshness::Fresh), Some(10)));
    assert_eq!((domain.refreshes, domain.failures), (1, 0));
    assert_eq!(issuer.source, Some((SourceKind::Issuer, "https://idp.example".to_owned())));
    assert_eq!((issuer.jwt, issuer.x509, issuer.age, issuer.keys), (None, None, None, 0));
    assert_eq!(others.source, None);
    assert_eq!((others.sources, others.keys, others.skipped), (3, 3, 6));
    assert_eq!((others.refreshes, others.failures), (3, 1));
    for (at, row) in seen.iter().enumerate() {
        let one: Option<SourceMetrics> = verifier.source_metrics_at(at, Now::At(NOW + 10)).expect("a time");
        assert_eq!(one.as_ref(), Some(row));
    }
    assert_eq!(verifier.source_metrics_at(3, Now::At(NOW)).expect("a time"), None);
}

#[test]
fn a_remembered_credential_is_a_verdict_too() {
    let verifier = Verifier::new(store(), &policy("spiffe", "")).expect("the policy");
    for _ in 0..3 {
        verify(&verifier, TOKEN);
    }
    let seen = verifier.metrics();
    assert_eq!(counts(&verifier), [row("spiffe", None, 3)]);
    assert_eq!((seen.cache.hits, seen.cache.misses, seen.cache.insertions), (2, 1, 1));
}
