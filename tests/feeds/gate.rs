//! The rotation gate: removals at once, additions not.

use crate::material::*;
use attestor::{
    BundleStore, Format, Gate, GateAction, GateFinding, Reason, SlotKind, StoreOptions, Verifier,
};
use std::sync::Arc;

const SPIRE: &str = include_str!("../data/spire/ec-p256/s0.bundle.spiffe.json");

/// A store and a verifier of the trust domain `td`, which is asked who is let in.
struct Gated {
    store: Arc<BundleStore>,
    verifier: Verifier,
}

impl Gated {
    fn new(gate: Gate) -> Self {
        let mut options = StoreOptions::default();
        options.gate = gate;
        let store = Arc::new(BundleStore::with(options));
        let verifier = verifier(&store, &["td"]);
        Self { store, verifier }
    }

    fn by_default() -> Self {
        Self::new(Gate::default())
    }

    fn with(action: GateAction) -> Self {
        Self::new(Gate { rollback: action, rekeyed: action, replaced: action })
    }

    fn put(&self, document: &str) -> Result<u32, Reason> {
        put(&self.store, "td", 0, document, 0).map(|report| report.findings)
    }

    fn force(&self, document: &str) {
        let mut options = of_feed(0);
        options.force = true;
        let put = self.store.put(domain("td"), Format::SpiffeBundle, document.as_bytes(), &options, at(0));
        assert_eq!(put.map(|report| report.findings), Ok(0));
    }

    /// Whether the `n`th key is taken under the name `kid`.
    fn takes(&self, kid: &str, n: u8) -> Result<(), Reason> {
        verdict(&self.verifier, &token("td", kid, n), 0)
    }

    /// Entries, sequence, findings and what was withheld.
    fn slot(&self) -> (usize, Option<u64>, u32, u32) {
        let slot = jwt_slot(&self.store, "td").expect("a slot");
        (slot.entries, slot.sequence, slot.findings, slot.withheld)
    }
}

const ROLLBACK: u32 = GateFinding::Rollback as u32;
const REKEYED: u32 = GateFinding::Rekeyed as u32;
const REPLACED: u32 = GateFinding::Replaced as u32;

#[test]
fn a_rollback_removes_and_adds_nothing() {
    let gated = Gated::by_default();
    assert_eq!(gated.put(&bundle_at(5, &[jwk("a", 1), jwk("b", 2)])), Ok(0));
    let older = bundle_at(4, &[jwk("a", 1), jwk("c", 3), jwk("d", 4)]);
    for _ in 0..2 {
        assert_eq!(gated.put(&older), Err(Reason::BundleRollback));
        assert_eq!(gated.slot(), (1, Some(5), ROLLBACK, 2));
        assert_eq!(gated.takes("a", 1), Ok(()));
        assert_eq!(gated.takes("b", 2), Err(Reason::KidNotFound), "removed at once");
        assert_eq!(gated.takes("c", 3), Err(Reason::KidNotFound), "withheld");
    }
    // The publisher is back at what was accepted.
    assert_eq!(gated.put(&bundle_at(5, &[jwk("a", 1), jwk("b", 2)])), Ok(0));
    assert_eq!(gated.slot(), (2, Some(5), 0, 0));
    assert_eq!(gated.takes("b", 2), Ok(()));
    assert_eq!(gated.put(&bundle_at(6, &[jwk("b", 2), jwk("c", 3)])), Ok(0));
    assert_eq!(gated.slot(), (2, Some(6), 0, 0));
}

#[test]
fn a_forced_update_is_what_later_ones_are_compared_with() {
    let gated = Gated::by_default();
    gated.put(&bundle_at(5, &[jwk("a", 1)])).expect("the bundle");
    let older = bundle_at(4, &[jwk("a", 1), jwk("b", 2)]);
    gated.put(&older).expect_err("a rollback");
    gated.force(&older);
    assert_eq!(gated.slot(), (2, Some(4), 0, 0));
    assert_eq!(gated.put(&older), Ok(0));
    assert_eq!(gated.put(&bundle_at(3, &[jwk("a", 1), jwk("c", 3)])), Err(Reason::BundleRollback));
}

#[test]
fn the_same_keys_in_an_older_document_are_a_rollback_too() {
    let gated = Gated::by_default();
    gated.put(&bundle_at(5, &[jwk("a", 1)])).expect("the bundle");
    let generation = jwt_slot(&gated.store, "td").expect("a slot").generation;
    assert_eq!(gated.put(&bundle_at(4, &[jwk("a", 1)])), Err(Reason::BundleRollback));
    assert_eq!(gated.slot(), (1, Some(5), ROLLBACK, 0));
    assert_eq!(jwt_slot(&gated.store, "td").expect("a slot").generation, generation);
}

#[test]
fn revocations_pass_whatever_their_sequence() {
    let gated = Gated::by_default();
    gated.put(&bundle_at(5, &[jwk("a", 1), jwk("b", 2), jwk("c", 3)])).expect("the bundle");
    assert_eq!(gated.put(&bundle_at(4, &[jwk("a", 1), jwk("b", 2)])), Ok(0));
    assert_eq!(gated.slot(), (2, Some(5), 0, 0), "the sequence does not go back");
    assert_eq!(gated.put(&bundle_at(4, &[jwk("a", 1), jwk("c", 3)])), Err(Reason::BundleRollback));
    assert_eq!(gated.put(&bundle_at(3, &[])), Ok(0));
    assert_eq!(gated.slot(), (0, Some(5), 0, 0));
    assert_eq!(gated.put(&bundle_at(2, &[])), Ok(0), "twice");
    assert_eq!(gated.takes("a", 1), Err(Reason::KidNotFound));
    assert_eq!(gated.put(&bundle_at(4, &[jwk("a", 1)])), Err(Reason::BundleRollback));
    assert_eq!(gated.put(&bundle_at(5, &[jwk("a", 1)])), Ok(0));
}

/// A key under two names is one key: it does not stand in for another one that is gone.
#[test]
fn a_removal_is_seen_behind_a_key_of_two_names() {
    let gated = Gated::by_default();
    gated.put(&bundle_at(5, &[jwk("a", 1), jwk("b", 2)])).expect("the bundle");
    assert_eq!(gated.put(&bundle_at(4, &[jwk("a", 1), jwk("again", 1)])), Ok(0));
    assert_eq!(gated.takes("b", 2), Err(Reason::KidNotFound));
    assert_eq!(gated.takes("a", 1), Ok(()));
}

#[test]
fn a_known_kid_keeps_its_key() {
    let gated = Gated::by_default();
    gated.put(&bundle(&[jwk("a", 1), jwk("b", 2)])).expect("the bundle");
    let rekeyed = bundle(&[jwk("a", 1), jwk("b", 3), jwk("c", 4)]);
    for _ in 0..2 {
        assert_eq!(gated.put(&rekeyed), Err(Reason::BundleRekeyed));
        assert_eq!(gated.slot(), (1, None, REKEYED, 2));
        assert_eq!(gated.takes("b", 3), Err(Reason::KidNotFound));
        assert_eq!(gated.takes("b", 2), Err(Reason::KidNotFound), "no longer published");
        assert_eq!(gated.takes("c", 4), Err(Reason::KidNotFound), "all additions are withheld");
        assert_eq!(gated.takes("a", 1), Ok(()));
    }
    gated.force(&rekeyed);
    assert_eq!(gated.takes("b", 3), Ok(()));
    assert_eq!(gated.slot(), (3, None, 0, 0));
    // A new name for a known key is no other key.
    assert_eq!(gated.put(&bundle(&[jwk("a", 1), jwk("new", 3), jwk("c", 4)])), Ok(0));
    assert_eq!(gated.takes("new", 3), Ok(()));
}

/// What is suspicious of one use is not taken of the other.
#[test]
fn a_finding_withholds_the_additions_of_every_slot() {
    let spire: serde_json::Value = serde_json::from_str(SPIRE).expect("JSON");
    let keys = spire["keys"].as_array().expect("an array");
    let authority = keys.iter().find(|key| key["use"] == "x509-svid").expect("an authority").to_string();
    let gated = Gated::by_default();
    let authorities = || {
        let slot = gated.store.info(domain("td"), SlotKind::X509).expect("a name");
        slot.map(|slot| (slot.entries, slot.withheld, slot.findings))
    };
    let (first, rekeyed) = ([jwk("a", 1), jwk("b", 2)], [jwk("a", 3), jwk("b", 2)]);
    let with_authority = |keys: &[String]| bundle(&[keys, std::slice::from_ref(&authority)].concat());
    gated.put(&bundle(&first)).expect("the bundle");
    assert_eq!(authorities(), Some((0, 0, 0)));
    assert_eq!(gated.put(&with_authority(&rekeyed)), Err(Reason::BundleRekeyed));
    assert_eq!(authorities(), Some((0, 1, REKEYED)));
    assert_eq!(gated.put(&with_authority(&first)), Ok(0));
    assert_eq!(authorities(), Some((1, 0, 0)));
    assert_eq!(gated.slot(), (2, None, 0, 0));
}

#[test]
fn what_is_warned_about_is_taken_and_still_shown() {
    let gated = Gated::by_default();
    gated.put(&bundle(&[jwk("a", 1)])).expect("the bundle");
    let other = bundle(&[jwk("b", 2)]);
    assert_eq!(gated.put(&other), Ok(REPLACED));
    assert_eq!(gated.takes("b", 2), Ok(()));
    assert_eq!(gated.put(&other), Ok(0));
    gated.store.touch(domain("td"), 0, at(1)).expect("its feed");
    assert_eq!(gated.slot(), (1, None, REPLACED, 0), "confirmed, and what was found still counts");
    assert_eq!(gated.put(&bundle(&[jwk("b", 2), jwk("c", 3)])), Ok(0));
    assert_eq!(gated.slot(), (2, None, 0, 0));
}

#[test]
fn hold_off_and_warn_are_the_same_for_every_finding() {
    let first = bundle_at(5, &[jwk("a", 1), jwk("b", 2)]);
    for (second, reason, finding) in [
        (bundle_at(4, &[jwk("a", 1), jwk("c", 3)]), Reason::BundleRollback, ROLLBACK),
        (bundle_at(6, &[jwk("a", 1), jwk("b", 3)]), Reason::BundleRekeyed, REKEYED),
        (bundle_at(6, &[jwk("c", 3)]), Reason::BundleReplaced, REPLACED),
        (bundle_at(4, &[jwk("b", 3)]), Reason::BundleRollback, ROLLBACK | REKEYED | REPLACED),
    ] {
        for (action, outcome) in
            [(GateAction::Hold, Err(reason)), (GateAction::Warn, Ok(finding)), (GateAction::Off, Ok(0))]
        {
            let gated = Gated::with(action);
            gated.put(&first).expect("the bundle");
            assert_eq!(gated.put(&second), outcome, "{action:?}");
            let held = action == GateAction::Hold;
            assert_eq!(gated.slot().3, u32::from(held), "{action:?}");
            let seen = if action == GateAction::Off { 0 } else { finding };
            assert_eq!(gated.slot().2, seen, "{action:?}");
        }
    }
}

#[test]
fn nothing_is_suspicious_of_a_source_that_was_removed() {
    let gated = Gated::with(GateAction::Hold);
    gated.put(&bundle_at(5, &[jwk("a", 1)])).expect("the bundle");
    assert_eq!(gated.store.remove(domain("td")), Ok(true));
    assert_eq!(gated.put(&bundle_at(1, &[jwk("a", 2)])), Ok(0));
}

/// What the gate leaves was in the document: its age begins anew. What it withholds does not age into the slot.
#[test]
fn a_held_update_confirms_what_it_leaves() {
    let gated = Gated::by_default();
    gated.put(&bundle(&[jwk("a", 1), jwk("b", 2)])).expect("the bundle");
    put(&gated.store, "td", 0, &bundle(&[jwk("a", 1), jwk("b", 3)]), 500).expect_err("rekeyed");
    assert_eq!(verdict(&gated.verifier, &token("td", "a", 1), 1_099), Ok(()));
    assert_eq!(verdict(&gated.verifier, &token("td", "a", 1), 1_100), Err(Reason::BundleStale));
}
