//! What one thread found in the store last: good for its next verification without a look at anything that threads
//! share and write to, until it is replaced.

use super::published::Kept;
use super::slot::{Key, Slot};
use super::source::SourceKind;
use super::store::BundleStore;
use super::stored::StoredSource;
use std::sync::Arc;

/// A source, and its JWT keys.
#[derive(Default)]
pub(crate) struct Found {
    source: Option<FoundSource>,
    name: String,
    jwt: Option<Kept<Option<Arc<Slot<Key>>>>>,
}

struct FoundSource {
    kind: SourceKind,
    /// The shard that holds the name, and which state of it held the source.
    shard: usize,
    stamp: u64,
    source: Arc<StoredSource>,
}

impl Found {
    /// Finds the source of this canonical name, and its current JWT keys. Allocates only while names grow longer.
    pub(crate) fn jwt(
        &mut self,
        store: &BundleStore,
        kind: SourceKind,
        name: &str,
    ) -> Option<(&Arc<StoredSource>, &Arc<Slot<Key>>)> {
        if !self.is_current(store, kind, name) {
            self.find(store, kind, name);
        }
        let source = &self.source.as_ref()?.source;
        Some((source, source.jwt.again(&mut self.jwt).as_ref()?))
    }

    fn is_current(&self, store: &BundleStore, kind: SourceKind, name: &str) -> bool {
        self.source.as_ref().is_some_and(|found| {
            let shard = store.table(kind).get(found.shard);
            found.kind == kind && self.name == name && shard.is_some_and(|shard| shard.stamp() == found.stamp)
        })
    }

    fn find(&mut self, store: &BundleStore, kind: SourceKind, name: &str) {
        self.name.clear();
        self.name.push_str(name);
        self.source = store.find_in(kind, name).map(|(shard, stamp, source)| FoundSource {
            kind,
            shard,
            stamp,
            source,
        });
    }
}
