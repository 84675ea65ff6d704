//! What one thread found in the store last: good for its next verification without a look at anything that threads
//! share and write to, until it is replaced.

use super::published::Kept;
use super::slot::{Key, Slot};
use super::source::SourceKind;
use super::store::BundleStore;
use super::stored::SlotCell;
use std::sync::Arc;

/// A source's JWT keys.
#[derive(Default)]
pub(crate) struct Found {
    place: Option<Place>,
    name: String,
    jwt: Option<Kept<Option<Arc<Slot<Key>>>>>,
}

struct Place {
    kind: SourceKind,
    /// The shard that holds the name, and which state of it held the source.
    shard: usize,
    stamp: u64,
    jwt: Arc<SlotCell<Key>>,
}

impl Found {
    /// The current JWT keys of the source of this canonical name. Allocates only while names grow longer.
    pub(crate) fn jwt(
        &mut self,
        store: &BundleStore,
        kind: SourceKind,
        name: &str,
    ) -> Option<&Arc<Slot<Key>>> {
        if !self.is_current(store, kind, name) {
            self.find(store, kind, name);
        }
        self.place.as_ref()?.jwt.again(&mut self.jwt).as_ref()
    }

    fn is_current(&self, store: &BundleStore, kind: SourceKind, name: &str) -> bool {
        self.place.as_ref().is_some_and(|found| {
            let shard = store.table(kind).get(found.shard);
            found.kind == kind && self.name == name && shard.is_some_and(|shard| shard.stamp() == found.stamp)
        })
    }

    fn find(&mut self, store: &BundleStore, kind: SourceKind, name: &str) {
        self.name.clear();
        self.name.push_str(name);
        self.place = store.find_in(kind, name).map(|(shard, stamp, source)| {
            let jwt = Arc::clone(&source.jwt);
            Place { kind, shard, stamp, jwt }
        });
    }
}
