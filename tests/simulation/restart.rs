//! What a host that begins anew takes over from the one before.

use super::oracle::Saved;
use super::outages::Outages;
use attestor::{BundleStore, Now, SnapshotKey};

/// A snapshot, and what the others who watch knew when it was made.
#[derive(Debug)]
pub(crate) struct Copy {
    snapshot: Vec<u8>,
    pub(crate) oracle: Saved,
    pub(crate) outages: Outages,
}

fn key(fill: u8) -> SnapshotKey {
    SnapshotKey::new(&[fill; 32]).expect("32 bytes")
}

impl Copy {
    pub(crate) fn new(store: &BundleStore, oracle: Saved, outages: Outages, now: i64) -> Self {
        let snapshot = store.snapshot(&key(1), Now::At(now)).expect("the store is whole");
        Self { snapshot, oracle, outages }
    }

    /// Fills an empty store; how many denials came with that. `at` says which byte was changed in a copy that must be
    /// refused before.
    pub(crate) fn restore(&self, store: &BundleStore, at: usize, now: i64) -> usize {
        let now = Now::At(now);
        let mut changed = self.snapshot.clone();
        let at = at % changed.len();
        changed[at] ^= 1;
        for (key, snapshot) in
            [(key(1), &changed), (key(2), &self.snapshot), (SnapshotKey::unkeyed(), &self.snapshot)]
        {
            let refused = store.restore(&key, snapshot, now).expect_err("it is not this host's snapshot");
            assert_eq!(refused.reason().slug(), "snapshot_invalid");
        }
        store.restore(&key(1), &self.snapshot, now).expect("the snapshot").denials
    }
}
