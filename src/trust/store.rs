//! The bundle store: which sources there are, and the one lock of those who change them.

use super::gate::Gate;
use super::key_tables::{KeyTableStats, KeyTables, Tables};
use super::lock::Lock;
use super::overlay::{DenyEntry, Overlay};
use super::published::Published;
use super::slot::{SlotInfo, SlotKind};
use super::source::{Source, SourceKind};
use super::stored::StoredSource;
use crate::clock::Now;
use crate::crypto::Kernels;
use crate::error::ConfigError;
use crate::verdict::Reason;
use core::num::NonZeroUsize;
use parking_lot::MutexGuard;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shards of the name table: an added name copies one of them.
const SHARDS: usize = 256;

type Shard = Published<Arc<HashMap<Box<str>, Arc<StoredSource>>>>;

/// How a store behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreOptions {
    /// What is done about suspicious updates.
    pub gate: Gate,
    /// Seconds between two fetches of a source for keys that it did not have; at least 1.
    pub cooldown: u32,
    /// Which keys get tables.
    pub key_tables: KeyTables,
    /// Bytes that the tables of keys may take; where they would be more, the least recently used go. The base points'
    /// are not counted.
    pub key_table_bytes: usize,
    /// Whether processors with AVX-512 IFMA may use it; the verdicts are the same without.
    pub ifma: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            gate: Gate::default(),
            cooldown: 10,
            key_tables: KeyTables::default(),
            key_table_bytes: 32 << 20,
            ifma: true,
        }
    }
}

/// The sources that may be published.
type AllowList = HashSet<(SourceKind, Box<str>)>;

/// A source and its name.
pub(super) type Named = (SourceKind, Box<str>, Arc<StoredSource>);

type Registered = HashMap<(SourceKind, Box<str>), Arc<StoredSource>>;

/// The bundle cache. Shared: every method takes `&self`; readers never wait and hold no lock.
pub struct BundleStore {
    options: StoreOptions,
    tables: Tables,
    hasher: RandomState,
    /// One name table per kind of source.
    shards: [Box<[Shard]>; 2],
    /// What stands for all trust domains of one feed: it has a callback and no slots of its own.
    world: Arc<StoredSource>,
    /// The sources that have a callback.
    registered: Lock<Registered>,
    /// The threads that are calling back.
    refreshing: Lock<Vec<NonZeroUsize>>,
    overlay: Overlay,
    /// Configuration: a source that is removed stays on it.
    allow_list: Published<Arc<AllowList>>,
    /// Serializes updates and counts them.
    updates: Lock<u64>,
    poisoned: AtomicBool,
}

impl Default for BundleStore {
    fn default() -> Self {
        Self::new()
    }
}

impl BundleStore {
    /// An empty store with the default options.
    pub fn new() -> Self {
        Self::with(StoreOptions::default())
    }

    /// An empty store.
    pub fn with(options: StoreOptions) -> Self {
        Self::with_kernels(options, Kernels::new(options.ifma))
    }

    pub(super) fn with_kernels(options: StoreOptions, kernels: Kernels) -> Self {
        let empty = Arc::default();
        let table = || (0..SHARDS).map(|_| Published::new(Arc::clone(&empty))).collect();
        Self {
            options,
            tables: Tables::new(options.key_tables, options.key_table_bytes, kernels),
            hasher: RandomState::new(),
            shards: [table(), table()],
            world: Arc::new(StoredSource::new(SourceKind::TrustDomain)),
            registered: Lock::default(),
            refreshing: Lock::default(),
            overlay: Overlay::new(),
            allow_list: Published::new(Arc::default()),
            updates: Lock::default(),
            poisoned: AtomicBool::new(false),
        }
    }

    /// What the tables of its keys have done, and what they take.
    pub fn key_table_stats(&self) -> KeyTableStats {
        self.tables.stats()
    }

    /// The tables of its keys.
    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Forgets a source at once, its callback too; whether it was there.
    ///
    /// # Errors
    /// `source_name_invalid`, `store_poisoned`.
    pub fn remove(&self, source: Source<'_>) -> Result<bool, ConfigError> {
        let name = source.canonical()?;
        let found = self.change(|_| {
            let Some(found) = self.find(source.kind, name) else { return Ok(None) };
            let feed = found.set_feed(None)?;
            self.unregister(source.kind, name)?;
            self.forget(source.kind, name);
            Ok(Some(feed))
        });
        found.map(|found| found.is_some()) // the callback is dropped here: outside of every lock
    }

    /// What is known of a slot; `None` if nothing has fed it.
    ///
    /// # Errors
    /// `source_name_invalid`.
    pub fn info(&self, source: Source<'_>, slot: SlotKind) -> Result<Option<SlotInfo>, ConfigError> {
        let found = self.find(source.kind, source.canonical()?);
        Ok(found.and_then(|found| match slot {
            SlotKind::Jwt => found.jwt().map(|slot| slot.info()),
            SlotKind::X509 => found.x509().map(|slot| slot.info()),
            SlotKind::Crl => found.crls().map(|slot| slot.info()),
        }))
    }
}

/// The deny overlay: what is refused although the policy would let it in.
impl BundleStore {
    /// Denies what carries `entry`'s value, from the next verification on. Denying again replaces the time
    /// at which the entry expires.
    ///
    /// # Errors
    /// `source_name_invalid`, `argument_invalid` (a value that is not of the field's form, or an entry that
    /// has expired), `overlay_full` (100,000 entries that have not expired), `clock_invalid`, `store_poisoned`.
    pub fn deny(&self, entry: DenyEntry<'_>, now: Now) -> Result<(), ConfigError> {
        let key = entry.key()?;
        let now = now.resolve()?;
        self.change(|_| self.overlay.deny(&key, entry.expires_at, now))
    }

    /// Takes an entry back, whatever its `expires_at`; whether it was there.
    ///
    /// # Errors
    /// `source_name_invalid`, `argument_invalid`, `store_poisoned`.
    pub fn lift(&self, entry: DenyEntry<'_>) -> Result<bool, ConfigError> {
        let key = entry.key()?;
        self.change(|_| Ok(self.overlay.lift(&key)))
    }

    /// Takes every entry back.
    ///
    /// # Errors
    /// `store_poisoned`.
    pub fn clear_denials(&self) -> Result<(), ConfigError> {
        self.change(|_| {
            self.overlay.clear();
            Ok(())
        })
    }

    /// Entries of the overlay; expired ones count until their room is needed.
    pub fn denials(&self) -> usize {
        self.overlay.len()
    }

    /// Raised by every change of the overlay once it can be seen: whoever keeps a verdict compares it.
    pub fn denial_epoch(&self) -> u64 {
        self.overlay.epoch()
    }

    pub(crate) fn overlay(&self) -> &Overlay {
        &self.overlay
    }
}

impl BundleStore {
    /// The source of this canonical name.
    pub(crate) fn find(&self, kind: SourceKind, name: &str) -> Option<Arc<StoredSource>> {
        self.find_in(kind, name).map(|(_, _, source)| source)
    }

    /// Likewise, with the shard of the name table that it is in and the stamp of that.
    pub(super) fn find_in(&self, kind: SourceKind, name: &str) -> Option<(usize, u64, Arc<StoredSource>)> {
        let shard = self.shard_of(name);
        self.table(kind)[shard]
            .stamped(|names, stamp| names.get(name).map(|source| (shard, stamp, Arc::clone(source))))
    }

    /// The source of this name, or what stands for everything that a feed delivers.
    pub(super) fn find_or_world(&self, kind: SourceKind, name: &str) -> Option<Arc<StoredSource>> {
        if name.is_empty() { Some(Arc::clone(&self.world)) } else { self.find(kind, name) }
    }

    pub(super) fn world(&self) -> &Arc<StoredSource> {
        &self.world
    }

    pub(super) fn every_source(&self) -> Vec<Arc<StoredSource>> {
        self.named_sources().into_iter().map(|(_, _, source)| source).collect()
    }

    /// Looks at every source of a kind.
    pub(crate) fn for_each(&self, kind: SourceKind, mut look: impl FnMut(&str, &Arc<StoredSource>)) {
        for shard in self.table(kind) {
            shard.load().iter().for_each(|(name, source)| look(name, source));
        }
    }

    /// Every source that has a name.
    pub(super) fn named_sources(&self) -> Vec<Named> {
        let mut named = Vec::new();
        for kind in [SourceKind::TrustDomain, SourceKind::Issuer] {
            self.for_each(kind, |name, source| named.push((kind, name.into(), Arc::clone(source))));
        }
        named
    }

    pub(super) fn table(&self, kind: SourceKind) -> &[Shard] {
        match kind {
            SourceKind::TrustDomain => &self.shards[0],
            SourceKind::Issuer => &self.shards[1],
        }
    }

    fn shard(&self, kind: SourceKind, name: &str) -> &Shard {
        &self.table(kind)[self.shard_of(name)]
    }

    fn shard_of(&self, name: &str) -> usize {
        usize::try_from(self.hasher.hash_one(name) % SHARDS as u64).unwrap_or_default()
    }

    pub(super) fn add(&self, kind: SourceKind, name: &str) -> Arc<StoredSource> {
        let source = Arc::new(StoredSource::new(kind));
        self.shard(kind, name).update(|shard| {
            let mut shard = HashMap::clone(shard);
            shard.insert(name.into(), Arc::clone(&source));
            Arc::new(shard)
        });
        source
    }

    pub(super) fn forget(&self, kind: SourceKind, name: &str) {
        self.shard(kind, name).update(|shard| {
            let mut shard = HashMap::clone(shard);
            shard.remove(name);
            Arc::new(shard)
        });
    }

    pub(super) fn register(
        &self,
        kind: SourceKind,
        name: &str,
        source: &Arc<StoredSource>,
    ) -> Result<(), Reason> {
        self.registered.lock()?.insert((kind, name.into()), Arc::clone(source));
        Ok(())
    }

    pub(super) fn unregister(&self, kind: SourceKind, name: &str) -> Result<(), Reason> {
        self.registered.lock()?.remove(&(kind, name.into()));
        Ok(())
    }

    /// The sources that have a callback.
    pub(super) fn registered(&self) -> Result<Vec<Named>, Reason> {
        let registered = self.registered.lock()?;
        let named = |((kind, name), source): (&(SourceKind, Box<str>), &Arc<StoredSource>)| {
            (*kind, name.clone(), Arc::clone(source))
        };
        Ok(registered.iter().map(named).collect())
    }

    pub(super) fn allow_list(&self) -> &Published<Arc<AllowList>> {
        &self.allow_list
    }

    pub(super) fn refreshing(&self) -> &Lock<Vec<NonZeroUsize>> {
        &self.refreshing
    }

    pub(super) fn hasher(&self) -> &RandomState {
        &self.hasher
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.options.gate
    }

    pub(super) fn cooldown(&self) -> i64 {
        self.options.cooldown.max(1).into()
    }

    /// Runs one update alone. A panic inside leaves the store readable and refuses further updates.
    pub(super) fn change<R>(
        &self,
        apply: impl FnOnce(u64) -> Result<R, ConfigError>,
    ) -> Result<R, ConfigError> {
        let mut updates = self.lock_updates()?;
        let unfinished = PoisonOnDrop(&self.poisoned);
        *updates += 1;
        let applied = apply(*updates);
        core::mem::forget(unfinished);
        applied
    }

    /// Looks at the store while no update is under way.
    pub(super) fn between_updates<R>(&self, look: impl FnOnce() -> R) -> Result<R, ConfigError> {
        let _updates = self.lock_updates()?;
        Ok(look())
    }

    /// In a forked child an update of its parent's may never end: then the store can be read only.
    fn lock_updates(&self) -> Result<MutexGuard<'_, u64>, Reason> {
        let updates = self.updates.lock()?;
        // What a panic left may be half an update.
        if self.poisoned.load(Ordering::Acquire) { Err(Reason::StorePoisoned) } else { Ok(updates) }
    }
}

/// Dropped by an update that panics only: one that a destructor makes while its thread panics is as good as any.
struct PoisonOnDrop<'a>(&'a AtomicBool);

impl Drop for PoisonOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl fmt::Debug for BundleStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Algorithm;
    use crate::trust::{Format, PutOptions, PutReport, Skip};

    const BUNDLE: &str = r#"{"spiffe_sequence":SEQ,"keys":[{"use":"jwt-svid","kid":"k","kty":"EC","crv":"P-256",
        "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;

    fn put(store: &BundleStore, name: &str, document: &str) -> Result<PutReport, Reason> {
        let options = PutOptions::default();
        store
            .put(Source::trust_domain(name), Format::SpiffeBundle, document.as_bytes(), &options, Now::At(1))
            .map_err(|e| e.reason())
    }

    fn info(store: &BundleStore, name: &str) -> Option<SlotInfo> {
        store.info(Source::trust_domain(name), SlotKind::Jwt).unwrap()
    }

    fn sequence(n: u32) -> String {
        BUNDLE.replace("SEQ", &n.to_string())
    }

    #[test]
    fn refused_updates_change_nothing() {
        let store = BundleStore::new();
        put(&store, "td", &sequence(5)).unwrap();
        let before = info(&store, "td");
        for (document, reason) in [
            ("", Reason::BundleMalformed),
            ("{}", Reason::BundleMalformed),
            (r#"{"keys":null}"#, Reason::BundleMalformed),
            (r#"{"keys":[],"keys":[]}"#, Reason::BundleMalformed),
            (r#"{"keys":[{"use":"jwt-svid","kty":"AKP"}]}"#, Reason::NoUsableKeys),
            (r#"{"keys":[{"use":"jwt-svid","kty":"EC","d":"AA"}]}"#, Reason::BundlePrivateKey),
            (r#"{"keys":[],"trust_domain":"other"}"#, Reason::TrustDomainMismatch),
        ] {
            assert_eq!(put(&store, "td", document), Err(reason), "{document}");
        }
        assert_eq!(info(&store, "td"), before);
        let forced = PutOptions { force: true, ..PutOptions::default() };
        let older = sequence(4);
        store
            .put(Source::trust_domain("td"), Format::SpiffeBundle, older.as_bytes(), &forced, Now::At(1))
            .unwrap();
    }

    #[test]
    fn names_are_checked_and_canonical() {
        let store = BundleStore::new();
        assert_eq!(put(&store, "td/x", &sequence(1)), Err(Reason::SourceNameInvalid));
        assert_eq!(put(&store, "", &sequence(1)), Err(Reason::SourceNameInvalid));
        put(&store, "spiffe://td", &sequence(1)).unwrap();
        assert!(info(&store, "td").is_some());
        let issuer = Source { kind: SourceKind::Issuer, name: "td" };
        assert!(store.info(issuer, SlotKind::Jwt).unwrap().is_none());
        let refused = store.put(issuer, Format::SpiffeBundle, b"{}", &PutOptions::default(), Now::At(1));
        assert_eq!(refused.unwrap_err().reason(), Reason::FormatUnsupported);
        assert_eq!(store.remove(Source::trust_domain("td")), Ok(true));
        assert_eq!(store.remove(Source::trust_domain("td")), Ok(false));
        assert!(info(&store, "td").is_none());
    }

    #[test]
    fn skips_are_counted_by_name() {
        let store = BundleStore::new();
        let good = sequence(1);
        let extra = r#"{"use":"jwt-svid","kty":"AKP","kid":"pq"},{"use":"foo","kty":"EC"},7,{"use":"jwt-svid","kty":"oct","k":"AA"},"#;
        let report = put(&store, "td", &good.replace('[', &format!("[{extra}"))).unwrap();
        assert_eq!((report.keys, report.authorities, report.skipped), (Some(1), Some(0), 4));
        let info = info(&store, "td").unwrap();
        let count = |skip: Skip| info.skipped[skip as usize];
        assert_eq!(count(Skip::KeyTypeUnsupported), 2);
        assert_eq!(count(Skip::UseIgnored), 1);
        assert_eq!(count(Skip::NotObject), 1);
    }

    /// RFC 9864 renames the algorithm of a key that RFC 8037 published: one header means the other's key.
    #[test]
    fn both_names_of_ed25519_fit_one_key() {
        let store = BundleStore::new();
        let document = br#"{"keys":[{"kid":"k","kty":"OKP","crv":"Ed25519","alg":"EdDSA",
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let source = Source::issuer("https://issuer.example");
        store.put(source, Format::Jwks, document, &PutOptions::default(), Now::At(1)).unwrap();
        let slot = store.find(SourceKind::Issuer, "https://issuer.example").unwrap().jwt().unwrap();
        for alg in [Algorithm::EdDsa, Algorithm::Ed25519] {
            assert_eq!(slot.select(None, alg, true), Ok(0));
        }
        assert_eq!(slot.select(None, Algorithm::Es256, true), Err(Reason::KidMissing));
    }

    #[test]
    fn a_panicking_update_poisons_writing_only() {
        let store = BundleStore::new();
        put(&store, "td", &sequence(1)).unwrap();
        let update = std::panic::AssertUnwindSafe(|| store.change::<()>(|_| panic!("test")));
        assert!(std::panic::catch_unwind(update).is_err());
        assert_eq!(put(&store, "td", &sequence(2)), Err(Reason::StorePoisoned));
        assert!(store.find(SourceKind::TrustDomain, "td").unwrap().jwt().is_some());
    }

    #[test]
    fn ten_thousand_sources_stay_apart() {
        let store = BundleStore::new();
        let document = sequence(1);
        for n in 0..10_000 {
            put(&store, &format!("td{n}"), &document).unwrap();
        }
        for n in (0..10_000).step_by(997) {
            let generation = info(&store, &format!("td{n}")).unwrap().generation;
            assert_eq!(generation, n + 1);
        }
        assert!(store.find(SourceKind::TrustDomain, "td10000").is_none());
    }
}
