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
        self.place = store.find_in(kind, name).map(|(shard, stamp, source)| {
            // Only now is the name the store's own: until then it is what an unproven credential says.
            self.name.clear();
            self.name.push_str(name);
            let jwt = Arc::clone(&source.jwt);
            Place { kind, shard, stamp, jwt }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{Format, PutOptions, Source};

    fn put(store: &BundleStore, name: &str) {
        let bundle = include_bytes!("../../tests/data/spire/ec-p256/s0.bundle.spiffe.json");
        let (source, now) = (Source::trust_domain(name), crate::Now::At(1_800_000_000));
        store.put(source, Format::SpiffeBundle, bundle, &PutOptions::default(), now).unwrap();
    }

    #[test]
    fn what_is_not_found_leaves_nothing() {
        let (store, mut found) = (BundleStore::new(), Found::default());
        put(&store, "known");
        assert!(found.jwt(&store, SourceKind::TrustDomain, "secret").is_none());
        assert_eq!(found.name, "");
        assert!(found.jwt(&store, SourceKind::TrustDomain, "known").is_some());
        assert!(found.jwt(&store, SourceKind::TrustDomain, "secret").is_none());
        assert_eq!(found.name, "known");
        assert!(found.jwt(&store, SourceKind::Issuer, "known").is_none());
        assert!(found.jwt(&store, SourceKind::TrustDomain, "known").is_some());
    }

    #[test]
    fn what_is_removed_or_of_another_store_is_not_found() {
        let (store, other, mut found) = (BundleStore::new(), BundleStore::new(), Found::default());
        let mut finds = |store: &BundleStore| found.jwt(store, SourceKind::TrustDomain, "td").is_some();
        put(&store, "td");
        assert_eq!([finds(&store), finds(&other), finds(&store)], [true, false, true]);
        store.remove(Source::trust_domain("td")).unwrap();
        assert!(!finds(&store));
        put(&store, "td");
        assert!(finds(&store));
    }
}
