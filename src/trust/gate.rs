//! The rotation gate: which updates are suspicious, and whether their additions are held back.
//!
//! Removals always take effect at once: a key that is no longer published is revoked. A held update therefore
//! shrinks the slots of its source and grows none of them, until an update passes or is forced.

use super::slot::{Authority, Baseline, Key, Known, Slot};
use crate::verdict::Reason;
use std::sync::Arc;

/// What the gate does about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum GateAction {
    /// Nothing.
    Off = 1,
    /// The update is taken, and the slot says so.
    Warn = 2,
    /// Removals are taken, additions to whichever slot are not, and the put fails with the finding's reason.
    Hold = 3,
}

/// What is suspicious about an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum GateFinding {
    /// `spiffe_sequence` went back.
    Rollback = 1,
    /// A known `kid` has another key.
    Rekeyed = 2,
    /// Not one key or authority of a slot is in the update.
    Replaced = 4,
}

impl GateFinding {
    /// Every finding, in the order of their rank.
    pub const ALL: &'static [Self] = &[Self::Rollback, Self::Rekeyed, Self::Replaced];

    pub(super) fn reason(self) -> Reason {
        match self {
            Self::Rollback => Reason::BundleRollback,
            Self::Rekeyed => Reason::BundleRekeyed,
            Self::Replaced => Reason::BundleReplaced,
        }
    }
}

/// What the gate does about each finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// `spiffe_sequence` went back; held by default.
    pub rollback: GateAction,
    /// A known `kid` has another key; held by default.
    pub rekeyed: GateAction,
    /// All keys are replaced at once; warned about by default.
    pub replaced: GateAction,
}

impl Default for Gate {
    fn default() -> Self {
        Self { rollback: GateAction::Hold, rekeyed: GateAction::Hold, replaced: GateAction::Warn }
    }
}

impl Gate {
    fn action(&self, finding: GateFinding) -> GateAction {
        match finding {
            GateFinding::Rollback => self.rollback,
            GateFinding::Rekeyed => self.rekeyed,
            GateFinding::Replaced => self.replaced,
        }
    }
}

/// What can pass the gate.
pub(crate) trait Gated {
    /// The name a publisher gave it.
    fn kid(&self) -> Option<&str>;
    /// What makes it the same entry in two documents.
    fn identity(&self) -> &[u8];
}

impl Gated for Key {
    fn kid(&self) -> Option<&str> {
        (!self.kid.is_empty()).then_some(&self.kid)
    }

    fn identity(&self) -> &[u8] {
        self.thumbprint.as_bytes()
    }
}

impl Gated for Authority {
    fn kid(&self) -> Option<&str> {
        None
    }

    fn identity(&self) -> &[u8] {
        &self.der
    }
}

impl Baseline {
    pub(super) fn of<T: Gated>(slot: &Slot<T>) -> Arc<Self> {
        let entry = |entry: &T| Known { kid: entry.kid().map(Box::from), identity: entry.identity().into() };
        slot.origin
            .baseline
            .clone()
            .unwrap_or_else(|| Arc::new(Self { entries: slot.entries.iter().map(entry).collect() }))
    }

    fn has(&self, identity: &[u8]) -> bool {
        self.entries.iter().any(|known| *known.identity == *identity)
    }

    /// Whether the `kid` is known, and for other keys only.
    fn contradicts<T: Gated>(&self, entry: &T) -> bool {
        let Some(kid) = entry.kid() else { return false };
        let mut named = self.entries.iter().filter(|known| known.kid.as_deref() == Some(kid)).peekable();
        named.peek().is_some() && named.all(|known| *known.identity != *entry.identity())
    }
}

/// What an update would change in one slot.
#[derive(Default)]
pub(super) struct Changes {
    /// Entries of the update.
    entries: usize,
    /// Those of them that the slot does not hold.
    pub(super) additions: usize,
    /// Whether an entry of the slot is not in the update.
    pub(super) removes: bool,
    rekeys: bool,
    replaces: bool,
}

impl Changes {
    /// `update` is none where the document does not speak for the slot.
    pub(super) fn of<T: Gated>(current: Option<&Slot<T>>, update: Option<&[T]>) -> Self {
        let Some(update) = update else { return Self::default() };
        let entries = update.len();
        let Some(current) = current else { return Self { entries, additions: entries, ..Self::default() } };
        let baseline = Baseline::of(current);
        let nothing_left = || !update.iter().any(|entry| baseline.has(entry.identity()));
        Self {
            entries,
            additions: update.iter().filter(|entry| !holds(&current.entries, *entry)).count(),
            removes: current.entries.iter().any(|entry| !holds(update, entry)),
            rekeys: update.iter().any(|entry| baseline.contradicts(entry)),
            replaces: entries > 0 && !baseline.entries.is_empty() && nothing_left(),
        }
    }
}

pub(super) fn holds<T: Gated>(entries: &[T], entry: &T) -> bool {
    entries.iter().any(|known| known.identity() == entry.identity())
}

/// What the gate makes of an update, all slots of its source together.
#[derive(Clone, Copy, Default)]
pub(super) struct Judgement {
    /// Bits of [`GateFinding`], whatever is done about them.
    pub(super) findings: u32,
    /// The finding for which nothing may be added.
    pub(super) held: Option<GateFinding>,
}

impl Gate {
    /// Judges the changes of every slot of a source; `went_back` says that the sequence did.
    pub(super) fn judge(&self, slots: &[Changes], went_back: bool) -> Judgement {
        let grows = slots.iter().any(|slot| slot.additions > 0);
        let shrinks = slots.iter().any(|slot| slot.removes);
        let is_empty = slots.iter().all(|slot| slot.entries == 0);
        if !grows && (shrinks || is_empty) {
            return Judgement::default(); // a revocation
        }
        let found = |finding: GateFinding| match finding {
            GateFinding::Rollback => went_back,
            GateFinding::Rekeyed => slots.iter().any(|slot| slot.rekeys),
            GateFinding::Replaced => slots.iter().any(|slot| slot.replaces),
        };
        let mut judgement = Judgement::default();
        for finding in GateFinding::ALL.iter().copied().filter(|finding| found(*finding)) {
            let action = self.action(finding);
            if action != GateAction::Off {
                judgement.findings |= finding as u32;
            }
            if action == GateAction::Hold {
                judgement.held = judgement.held.or(Some(finding));
            }
        }
        judgement
    }
}
