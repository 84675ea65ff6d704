//! What a verifier has counted, over all the policies it had.

use crate::policy::Policy;
use crate::result::Outcome;
use crate::tally::{OTHER, Row, VerdictCount};
use parking_lot::Mutex;
use std::sync::Arc;

/// The counters that belong to no attestor of the policy in force.
pub(crate) struct Counters {
    /// No attestor took the credential.
    unrouted: Row,
    /// Attestors that earlier policies had.
    other: Row,
    /// Rows of earlier policies that verifications under way may still count in.
    retired: Mutex<Vec<Arc<Row>>>,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self { unrouted: Row::new(), other: Row::new(), retired: Mutex::default() }
    }

    pub(crate) fn count(&self, outcome: &Outcome) {
        let row = outcome.judged_by.get().and_then(|(policy, at)| policy.rows.get(at));
        row.map_or(&self.unrouted, |row| row).count(outcome.status);
    }

    /// Gives a policy its rows: attestors of the same id go on counting where they were.
    pub(crate) fn adopt(&self, policy: &mut Policy, former: Option<&Policy>) {
        let known = |id: &str| {
            let former = former?;
            former.rows.get(former.find(id)?).map(Arc::clone)
        };
        policy.rows =
            policy.attestors.iter().map(|a| known(&a.id).unwrap_or_else(|| Arc::new(Row::new()))).collect();
        let Some(former) = former else { return };
        let mut retired = self.retired.lock();
        retired.extend(
            former.rows.iter().filter(|row| !policy.rows.iter().any(|kept| Arc::ptr_eq(kept, row))).cloned(),
        );
        retired.retain(|row| {
            let in_use = Arc::strong_count(row) > 1;
            if !in_use {
                self.other.add(row);
            }
            in_use
        });
    }

    pub(crate) fn read(&self, policy: &Policy) -> Vec<VerdictCount> {
        let mut out = Vec::new();
        self.unrouted.read("", &mut out);
        for (attestor, row) in policy.attestors.iter().zip(&policy.rows) {
            row.read(&attestor.id, &mut out);
        }
        let other = Row::new();
        let retired = self.retired.lock();
        other.add(&self.other);
        retired.iter().for_each(|row| other.add(row));
        other.read(OTHER, &mut out);
        out
    }
}
