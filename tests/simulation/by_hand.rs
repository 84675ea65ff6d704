//! Tiny histories whose answers follow from the design by hand: who judges the judge.

use super::oracle::{Attestor, Denial, Field, Key, Kind, Material, Oracle, Question, Rules, Update, Verdict};

const DAY: i64 = 24 * 3600;
const FOREVER: i64 = 100 * DAY;

fn key(kid: &str, number: u32) -> Key {
    Key { kid: kid.to_owned(), number }
}

fn update(at: i64, keys: &[Key]) -> Update {
    Update {
        at,
        feed: 1,
        kind: Kind::Spiffe,
        material: Material::Keys(keys.to_vec()),
        sequence: None,
        hint: None,
        max_age: None,
        force: false,
        permanent: false,
    }
}

fn sequenced(sequence: u64, keys: &[Key]) -> Update {
    Update { sequence: Some(sequence), ..update(0, keys) }
}

fn rules(max_staleness: Option<i64>) -> Rules {
    let attestor =
        Attestor { sources: vec!["td".to_owned()], audiences: vec!["us".to_owned()], max_staleness };
    Rules { clock_skew: 60, attestors: vec![attestor] }
}

fn oracle() -> Oracle {
    let mut oracle = Oracle::default();
    oracle.set_rules(rules(None));
    oracle
}

/// A token of the key `k`, which is number 1.
fn token() -> Question<'static> {
    Question {
        source: "td",
        is_issuer: false,
        kid: "k",
        signed_by: Some(1),
        audience: "us",
        subject: "spiffe://td/w",
        token_id: "t",
        not_before: -FOREVER,
        expires: FOREVER,
    }
}

fn judge(oracle: &Oracle, now: i64) -> Verdict {
    oracle.judge(&token(), now)
}

#[test]
fn a_source_that_nobody_fed_is_unavailable_and_an_unknown_one_is_denied() {
    let oracle = oracle();
    assert_eq!(judge(&oracle, 0), Err("bundle_unavailable"));
    assert_eq!(oracle.judge(&Question { source: "other", ..token() }, 0), Err("trust_domain_unknown"));
    let issuer = Question { source: "other", is_issuer: true, ..token() };
    assert_eq!(oracle.judge(&issuer, 0), Err("issuer_unknown"));
}

#[test]
fn ages_end_on_the_second() {
    for (change, soft, hard) in [
        (Update { ..update(0, &[]) }, 300, 600),
        (Update { hint: Some(10), ..update(0, &[]) }, 10, 60),
        (Update { hint: Some(3600), ..update(0, &[]) }, 3600, 7200),
        (Update { hint: Some(DAY), ..update(0, &[]) }, DAY, DAY),
        (Update { kind: Kind::KeySet, ..update(0, &[]) }, 3600, DAY),
        (Update { kind: Kind::KeySet, max_age: Some(1), ..update(0, &[]) }, 300, DAY),
        (Update { kind: Kind::KeySet, max_age: Some(7 * DAY), ..update(0, &[]) }, DAY, DAY),
    ] {
        let mut oracle = oracle();
        let change = Update { material: Material::Keys(vec![key("k", 1)]), ..change };
        assert_eq!(oracle.update("td", change), Ok(()));
        assert!(!oracle.is_due("td", soft - 1) && oracle.is_due("td", soft));
        assert_eq!(judge(&oracle, hard - 1), Ok(()));
        assert_eq!(judge(&oracle, hard), Err("bundle_stale"));
        assert_eq!(judge(&oracle, -5), Ok(()), "a clock that has gone back");
        oracle.set_rules(rules(Some(0)));
        assert_eq!(judge(&oracle, soft - 1), Ok(()));
        assert_eq!(judge(&oracle, soft), Err("bundle_stale"), "no staleness: the hint is the hard age");
    }
    let mut oracle = oracle();
    let file = Update { permanent: true, ..update(0, &[key("k", 1)]) };
    assert_eq!(oracle.update("td", file), Ok(()));
    assert_eq!(judge(&oracle, FOREVER - 1), Ok(()));
}

#[test]
fn a_confirmation_counts_if_it_is_the_owners() {
    let mut oracle = oracle();
    assert_eq!(oracle.confirm("td", 1, 0), Err("bundle_unavailable"));
    assert_eq!(oracle.update("td", update(0, &[key("k", 1)])), Ok(()));
    assert_eq!(oracle.confirm("td", 2, 500), Err("bundle_unavailable"));
    assert_eq!(judge(&oracle, 600), Err("bundle_stale"));
    assert_eq!(oracle.confirm("td", 1, 500), Ok(()));
    assert_eq!(judge(&oracle, 1_099), Ok(()));
    assert_eq!(judge(&oracle, 1_100), Err("bundle_stale"));
}

#[test]
fn the_first_thing_that_is_wrong_is_the_reason() {
    let mut oracle = oracle();
    assert_eq!(oracle.update("td", update(0, &[key("k", 1), key("l", 2)])), Ok(()));
    let late = Question { expires: 0, audience: "them", kid: "none", ..token() };
    for (question, now, expected) in [
        (token(), 0, Ok(())),
        (Question { signed_by: Some(2), ..token() }, 0, Err("signature_invalid")),
        (Question { signed_by: None, ..token() }, 0, Err("signature_invalid")),
        (Question { kid: "l", signed_by: Some(2), ..token() }, 0, Ok(())),
        (Question { kid: "none", ..token() }, 0, Err("kid_not_found")),
        (Question { kid: "none", ..token() }, 600, Err("bundle_stale")),
        (Question { audience: "them", kid: "none", ..token() }, 600, Err("audience_mismatch")),
        (late, 59, Err("audience_mismatch")),
        (late, 60, Err("token_expired")),
        (Question { not_before: 100, ..token() }, 39, Err("token_not_yet_valid")),
        (Question { not_before: 100, ..token() }, 40, Ok(())),
    ] {
        assert_eq!(oracle.judge(&question, now), expected, "{question:?} at {now}");
    }
}

#[test]
fn what_is_not_a_usable_update_changes_nothing() {
    let mut oracle = oracle();
    assert_eq!(oracle.update("td", update(0, &[key("k", 1)])), Ok(()));
    for (kind, material, reason) in [
        (Kind::Spiffe, Material::Malformed, "bundle_malformed"),
        (Kind::Spiffe, Material::Private, "bundle_private_key"),
        (Kind::Spiffe, Material::Unusable, "no_usable_keys"),
        (Kind::KeySet, Material::Keys(Vec::new()), "no_usable_keys"),
    ] {
        assert_eq!(oracle.update("td", Update { kind, material, ..update(500, &[]) }), Err(reason));
        assert_eq!(judge(&oracle, 599), Ok(()));
        assert_eq!(judge(&oracle, 600), Err("bundle_stale"), "it confirms nothing");
    }
    // An empty SPIFFE bundle revokes, and is no outage.
    assert_eq!(oracle.update("td", update(500, &[])), Ok(()));
    assert_eq!(judge(&oracle, 500), Err("kid_not_found"));
}

#[test]
fn the_gate_takes_removals_and_holds_additions() {
    let (old, new) = (key("k", 1), key("n", 2));
    let mut oracle = oracle();
    assert_eq!(oracle.update("td", sequenced(5, &[old.clone(), key("l", 3)])), Ok(()));
    // An older sequence: the new key waits, and the one that is gone is gone.
    assert_eq!(oracle.update("td", sequenced(4, &[old.clone(), new.clone()])), Err("bundle_rollback"));
    assert_eq!(judge(&oracle, 0), Ok(()));
    let by_new = Question { kid: "n", signed_by: Some(2), ..token() };
    assert_eq!(oracle.judge(&by_new, 0), Err("kid_not_found"));
    assert_eq!(oracle.judge(&Question { kid: "l", signed_by: Some(3), ..token() }, 0), Err("kid_not_found"));
    // The publisher is there again, or is believed.
    assert_eq!(oracle.update("td", sequenced(5, &[old.clone(), new.clone()])), Ok(()));
    assert_eq!(oracle.judge(&by_new, 0), Ok(()));
    // Fewer keys pass whatever their sequence.
    assert_eq!(oracle.update("td", sequenced(1, std::slice::from_ref(&new))), Ok(()));
    assert_eq!(judge(&oracle, 0), Err("kid_not_found"));
    assert_eq!(oracle.update("td", sequenced(4, &[old.clone(), new.clone()])), Err("bundle_rollback"));
    let forced = Update { force: true, ..sequenced(2, &[old, new]) };
    assert_eq!(oracle.update("td", forced), Ok(()));
    assert_eq!(judge(&oracle, 0), Ok(()));
    assert_eq!(
        oracle.update("td", sequenced(3, &[key("k", 1), key("m", 9)])),
        Ok(()),
        "2 is what was forced"
    );
}

#[test]
fn a_known_kid_keeps_its_key_until_somebody_insists() {
    let mut oracle = oracle();
    assert_eq!(oracle.update("td", sequenced(1, &[key("k", 1)])), Ok(()));
    let rekeyed = sequenced(2, &[key("k", 2)]);
    for _ in 0..2 {
        assert_eq!(oracle.update("td", rekeyed.clone()), Err("bundle_rekeyed"));
        assert_eq!(judge(&oracle, 0), Err("kid_not_found"), "the old key is no longer published");
    }
    assert_eq!(oracle.update("td", Update { force: true, ..rekeyed }), Ok(()));
    assert_eq!(judge(&oracle, 0), Err("signature_invalid"));
    assert_eq!(oracle.judge(&Question { signed_by: Some(2), ..token() }, 0), Ok(()));
}

#[test]
fn what_is_withdrawn_or_removed_is_unavailable() {
    let mut oracle = oracle();
    assert_eq!(oracle.update("td", update(0, &[key("k", 1)])), Ok(()));
    assert!(!oracle.withdraw("td", 2));
    assert_eq!(judge(&oracle, 0), Ok(()));
    assert!(oracle.withdraw("td", 1));
    assert_eq!(judge(&oracle, 0), Err("bundle_unavailable"));
    assert_eq!(oracle.update("td", update(0, &[key("k", 1)])), Ok(()));
    oracle.remove("td");
    assert_eq!(judge(&oracle, 0), Err("bundle_unavailable"));
}

#[test]
fn a_restart_keeps_what_was_saved_for_as_long_as_it_lasts() {
    let mut oracle = oracle();
    assert_eq!(oracle.update("td", update(1_000, &[key("k", 1)])), Ok(()));
    oracle.restore(oracle.save(1_050), 1_100);
    assert_eq!(judge(&oracle, 1_599), Ok(()));
    assert_eq!(judge(&oracle, 1_600), Err("bundle_stale"));
    // What was confirmed at a time that has not come is stale.
    assert_eq!(oracle.confirm("td", 1, 5_000), Ok(()));
    oracle.restore(oracle.save(4_000), 4_000);
    assert_eq!(judge(&oracle, 4_000), Err("bundle_stale"));
    // What never aged does now.
    let file = Update { permanent: true, ..update(5_000, &[key("k", 1)]) };
    assert_eq!(oracle.update("td", file), Ok(()));
    oracle.restore(oracle.save(5_500), 6_000);
    assert_eq!(judge(&oracle, 5_000 + DAY - 1), Ok(()));
    assert_eq!(judge(&oracle, 5_000 + DAY), Err("bundle_stale"));
    // What happened after it was saved has not happened.
    let saved = oracle.save(6_000);
    oracle.remove("td");
    assert_eq!(judge(&oracle, 6_000), Err("bundle_unavailable"));
    oracle.restore(saved, 6_000);
    assert_eq!(judge(&oracle, 6_000), Ok(()));
    oracle.forget_everything();
    assert_eq!(judge(&oracle, 6_000), Err("bundle_unavailable"));
}

#[test]
fn the_last_word_on_a_denial_counts() {
    let mut oracle = oracle();
    assert_eq!(oracle.update("td", Update { permanent: true, ..update(0, &[key("k", 1)]) }), Ok(()));
    let denial = |source: Option<&str>, field, value: &str, expires| Denial {
        source: source.map(str::to_owned),
        is_issuer: false,
        field,
        value: value.to_owned(),
        expires,
        lifted: false,
    };
    oracle.deny(denial(Some("other"), Field::KeyId, "k", None));
    oracle.deny(denial(Some("td"), Field::TokenId, "k", None));
    oracle.deny(Denial { is_issuer: true, ..denial(None, Field::KeyId, "k", None) });
    assert_eq!(judge(&oracle, 0), Ok(()));
    oracle.deny(denial(Some("td"), Field::KeyId, "k", Some(100)));
    assert_eq!(judge(&oracle, 99), Err("overlay_denied"));
    assert_eq!(judge(&oracle, 100), Ok(()));
    oracle.deny(denial(None, Field::Subject, "spiffe://td/w", None));
    assert_eq!(judge(&oracle, 100), Err("overlay_denied"));
    assert_eq!(oracle.judge(&Question { signed_by: None, ..token() }, 100), Err("signature_invalid"));
    oracle.restore(oracle.save(100), 100);
    assert_eq!((judge(&oracle, 99), oracle.denied()), (Err("overlay_denied"), 4));
    oracle.deny(Denial { lifted: true, ..denial(None, Field::Subject, "spiffe://td/w", None) });
    assert_eq!(judge(&oracle, 100), Ok(()));
    oracle.restore(oracle.save(100), 100);
    assert_eq!((judge(&oracle, 99), oracle.denied()), (Ok(()), 3), "what has ended is not saved");
}
