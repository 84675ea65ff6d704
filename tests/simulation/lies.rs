//! Hosts that do not do what they say: if the oracle does not notice, it proves nothing.

use super::host::{Host, Put, source_of};
use super::oracle::{Denial, Field};
use super::policy::Plan;
use super::publisher::{Document, Publisher, Style, US};
use super::random::Random;
use attestor::{Now, PutOptions};

const NAME: &str = "domain.example";
const FEED: u64 = 7;
const NOW: i64 = 1_800_000_000;

fn told() -> Put {
    Put { feed: FEED, ..Put::default() }
}

/// A host that has been fed at `NOW`, for ten minutes.
fn host() -> (Host, Publisher) {
    let publisher = Publisher::new(NAME.to_owned(), Style::SpiffeBundle, None, &mut Random::new(1), NOW);
    let groups = vec![(vec![NAME.to_owned()], None)];
    let plan = Plan { clock_skew: 60, audiences: vec![US.to_owned()], groups, issuers: Vec::new() };
    let mut host = Host::new(plan);
    assert_eq!(host.put(&publisher.document(), told(), NOW), Ok(()));
    assert_eq!(host.verify(&publisher.tokens[0], NOW), Ok(()));
    assert!(host.disagreements.is_empty());
    (host, publisher)
}

/// Puts a document behind the oracle's back.
fn put_untold(host: &Host, document: &Document, at: i64) {
    let mut options = PutOptions::default();
    options.feed = FEED;
    let source = source_of(NAME, false);
    host.store.put(source, document.format, &document.bytes, &options, Now::At(at)).expect("a document");
}

/// The one disagreement there is.
fn caught(host: &Host) -> &str {
    assert_eq!(host.report.disagreements, 1);
    assert_eq!(host.disagreements.len(), 1);
    &host.disagreements[0]
}

#[test]
fn keys_that_are_older_than_the_store_was_told_are_noticed() {
    let (mut host, publisher) = host();
    put_untold(&host, &publisher.document(), NOW + 500);
    assert_eq!(host.verify(&publisher.tokens[0], NOW + 600), Ok(()), "the store believes the lie");
    assert!(caught(&host).contains(r#"the library says Ok(()), the oracle Err("bundle_stale")"#));
}

#[test]
fn an_outage_that_nothing_explains_is_noticed() {
    let (mut host, publisher) = host();
    put_untold(&host, &publisher.document(), NOW - 300);
    assert_eq!(host.verify(&publisher.tokens[0], NOW + 300), Err("bundle_stale"));
    assert!(caught(&host).contains(r#"the library says Err("bundle_stale"), the oracle Ok(())"#));
}

#[test]
fn a_revoked_key_that_the_store_still_has_is_noticed() {
    let (mut host, mut publisher) = host();
    let (before, old) = (publisher.document(), publisher.tokens[0].clone());
    publisher.prepare(None);
    publisher.activate(&mut Random::new(2), NOW);
    publisher.revoke();
    assert_eq!(host.put(&publisher.document(), told(), NOW), Ok(()));
    assert_eq!(host.verify(&old, NOW), Err("kid_not_found"));
    assert!(host.disagreements.is_empty());
    let mut forced = PutOptions::default();
    (forced.feed, forced.force) = (FEED, true);
    let source = source_of(NAME, false);
    host.store.put(source, before.format, &before.bytes, &forced, Now::At(NOW)).expect("a document");
    assert_eq!(host.verify(&old, NOW), Ok(()));
    assert!(caught(&host).contains(r#"the oracle Err("kid_not_found")"#));
}

#[test]
fn a_denial_that_never_reached_the_store_is_noticed() {
    let (mut host, publisher) = host();
    let token = &publisher.tokens[0];
    host.oracle.deny(Denial {
        source: Some(NAME.to_owned()),
        is_issuer: false,
        field: Field::TokenId,
        value: token.jti.clone(),
        expires: None,
        lifted: false,
    });
    assert_eq!(host.verify(token, NOW), Ok(()));
    assert!(caught(&host).contains(r#"the oracle Err("overlay_denied")"#));
}

#[test]
fn a_forgery_that_is_said_to_be_none_is_noticed() {
    let (mut host, publisher) = host();
    let mut forged = publisher.tokens[0].forged();
    forged.signed_by = publisher.tokens[0].signed_by;
    assert_eq!(host.verify(&forged, NOW), Err("signature_invalid"));
    assert!(caught(&host).contains("the oracle Ok(())"));
}

/// The second opinion on outages, which does not ask the oracle for a verdict.
#[test]
fn outages_have_an_explanation_or_are_reported() {
    use super::outages::Outages;
    let mut outages = Outages::default();
    assert_eq!(outages.seen(NAME, true, None, NOW), None, "nobody has fed it");
    outages.delivered(NAME, NOW);
    assert!(outages.seen(NAME, true, Some(600), NOW + 599).is_some());
    assert_eq!(outages.seen(NAME, false, Some(600), NOW + 599), None);
    assert_eq!(outages.seen(NAME, true, Some(600), NOW + 600), None);
    outages.delivered(NAME, NOW + 700);
    assert!(outages.seen(NAME, true, Some(600), NOW + 700).is_some());
    assert!(outages.seen(NAME, true, None, NOW + 9_999).is_some(), "it does not age");
    outages.emptied(NAME);
    assert_eq!(outages.seen(NAME, true, Some(600), NOW + 700), None);
}
