//! How often an attestor came to each verdict.

use crate::verdict::Reason;
use core::array;
use core::sync::atomic::{AtomicU64, Ordering};

/// The label of attestors that the policy no longer has.
pub const OTHER: &str = "other";

/// An allow, then every reason.
const COLUMNS: usize = 1 + Reason::ALL.len();

/// How often an attestor came to each verdict.
pub(crate) struct Row([AtomicU64; COLUMNS]);

impl Row {
    pub(crate) fn new() -> Self {
        Self(array::from_fn(|_| AtomicU64::new(0)))
    }

    pub(crate) fn count(&self, verdict: Result<(), Reason>) {
        let column = match verdict {
            Ok(()) => Some(0),
            Err(reason) => {
                Reason::ALL.binary_search_by_key(&reason.code(), |known| known.code()).ok().map(|at| at + 1)
            }
        };
        if let Some(counter) = column.and_then(|column| self.0.get(column)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn add(&self, other: &Self) {
        for (sum, counter) in self.0.iter().zip(&other.0) {
            sum.fetch_add(counter.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self, attestor: &str, out: &mut Vec<VerdictCount>) {
        let reasons = core::iter::once(None).chain(Reason::ALL.iter().copied().map(Some));
        for (counter, reason) in self.0.iter().zip(reasons) {
            let count = counter.load(Ordering::Relaxed);
            if count > 0 {
                out.push(VerdictCount { attestor: attestor.to_owned(), reason, count });
            }
        }
    }
}

/// How often one attestor came to one verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerdictCount {
    /// Its id; empty where no attestor took the credential, [`OTHER`] for those that the policy
    /// no longer has.
    pub attestor: String,
    /// The reason; `None` is an allow.
    pub reason: Option<Reason>,
    /// Never zero, and never decreases while the policy has the attestor.
    pub count: u64,
}
