//! The bundle store: which sources there are, and how an update takes effect, whole or not at all.

use super::bundle::{self, Bundle, Format};
use super::bundle_map;
use super::overlay::{DenyEntry, Overlay};
use super::published::Published;
use super::slot::{Authority, Crl, Key, Origin, Slot, SlotInfo, SlotKind};
use super::source::{Source, SourceKind};
use crate::clock::Now;
use crate::crypto::sha256;
use crate::error::ConfigError;
use crate::verdict::Reason;
use parking_lot::Mutex;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shards of the name table: an added name copies one of them.
const SHARDS: usize = 256;

/// How an update is to be taken.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PutOptions {
    /// Which feed speaks; a slot belongs to the feed that filled it last.
    pub feed: u64,
    /// Take the update although its sequence went back.
    pub force: bool,
}

/// What an update did; of a bundle map, to all trust domains together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutReport {
    /// The generation of the slots it replaced.
    pub generation: u64,
    /// Usable JWT keys, if the JWT slot was replaced.
    pub keys: Option<usize>,
    /// Usable X.509 authorities, if the X.509 slot was replaced.
    pub authorities: Option<usize>,
    /// Revocation lists, if their slot was replaced.
    pub crls: Option<usize>,
    /// Entries passed over.
    pub skipped: u32,
}

impl PutReport {
    fn plus(self, other: &Self) -> Self {
        let sum = |one: Option<usize>, other: Option<usize>| match (one, other) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        Self {
            generation: self.generation,
            keys: sum(self.keys, other.keys),
            authorities: sum(self.authorities, other.authorities),
            crls: sum(self.crls, other.crls),
            skipped: self.skipped.saturating_add(other.skipped),
        }
    }
}

type SlotCell<T> = Published<Option<Arc<Slot<T>>>>;

/// One source and its slots.
pub(crate) struct StoredSource {
    jwt: SlotCell<Key>,
    x509: SlotCell<Authority>,
    crls: SlotCell<Crl>,
}

impl StoredSource {
    fn new() -> Self {
        Self { jwt: Published::new(None), x509: Published::new(None), crls: Published::new(None) }
    }

    /// The current JWT keys; `None` while nothing has fed them.
    pub(crate) fn jwt(&self) -> Option<Arc<Slot<Key>>> {
        self.jwt.load()
    }

    /// The current X.509 authorities, likewise.
    pub(crate) fn x509(&self) -> Option<Arc<Slot<Authority>>> {
        self.x509.load()
    }

    /// The current revocation lists, likewise.
    pub(crate) fn crls(&self) -> Option<Arc<Slot<Crl>>> {
        self.crls.load()
    }

    fn sequence(&self) -> Option<u64> {
        let jwt = self.jwt.load().and_then(|slot| slot.origin.sequence);
        jwt.max(self.x509.load().and_then(|slot| slot.origin.sequence))
    }

    /// Empties the slots that this feed filled; whether that leaves nothing.
    fn drop_slots_of(&self, feed: u64) -> bool {
        let jwt_left = keep_of_others(&self.jwt, feed);
        let x509_left = keep_of_others(&self.x509, feed);
        let crls_left = keep_of_others(&self.crls, feed);
        !(jwt_left || x509_left || crls_left)
    }
}

/// Empties a slot that this feed filled; whether it is still filled.
fn keep_of_others<T>(cell: &SlotCell<T>, feed: u64) -> bool {
    let owner = cell.load().map(|slot| slot.origin.feed);
    if owner == Some(feed) {
        cell.store(None);
    }
    owner.is_some_and(|owner| owner != feed)
}

type Shard = Published<Arc<HashMap<Box<str>, Arc<StoredSource>>>>;

/// The bundle cache. Shared: every method takes `&self`; readers never wait and hold no lock.
pub struct BundleStore {
    hasher: RandomState,
    /// One name table per kind of source.
    shards: [Box<[Shard]>; 2],
    overlay: Overlay,
    /// Serializes updates and counts them.
    updates: Mutex<u64>,
    poisoned: AtomicBool,
}

impl Default for BundleStore {
    fn default() -> Self {
        Self::new()
    }
}

impl BundleStore {
    /// An empty store.
    pub fn new() -> Self {
        let empty = Arc::default();
        let table = || (0..SHARDS).map(|_| Published::new(Arc::clone(&empty))).collect();
        Self {
            hasher: RandomState::new(),
            shards: [table(), table()],
            overlay: Overlay::new(),
            updates: Mutex::new(0),
            poisoned: AtomicBool::new(false),
        }
    }

    /// Takes a bundle document for `source`: every slot it speaks for is replaced at once, or nothing is.
    ///
    /// A [`Format::BundleMap`] is the state of the world of its feed, put as the trust domain of the empty
    /// name: every bundle of it is taken or none, and the slots that the feed filled for other domains are
    /// dropped. Slots are replaced one after the other, so a reader never sees a slot of two maps, but may
    /// meet some domains of the new map beside others of the old one. The digest of a slot is that of its
    /// bundle's text within the map, and a bundle's refresh hint is not taken (it is none for the map).
    ///
    /// # Errors
    /// `source_name_invalid`, `format_unsupported`, `bundle_malformed`, `bundle_private_key`,
    /// `no_usable_keys`, `trust_domain_mismatch`, `bundle_duplicate_trust_domain`, `bundle_rollback`,
    /// `clock_invalid`, `store_poisoned`. The store is then unchanged: the last good bundle stays.
    pub fn put(
        &self,
        source: Source<'_>,
        format: Format,
        document: &[u8],
        options: &PutOptions,
        now: Now,
    ) -> Result<PutReport, ConfigError> {
        if format == Format::BundleMap {
            return self.put_map(source, document, options, now);
        }
        let name = source.canonical()?;
        if !format.feeds(source.kind) {
            return Err(ConfigError::new(
                Reason::FormatUnsupported,
                "an issuer takes jwks and public_key_pem only",
            ));
        }
        let confirmed_at = now.resolve()?;
        let bundle = bundle::read(name, format, document)?;
        let digest = sha256(document);
        self.change(|generation| {
            let known = self.find(source.kind, name);
            check_sequence(&bundle, known.as_deref(), options)?;
            let origin = Origin {
                generation,
                feed: options.feed,
                confirmed_at,
                sequence: bundle.sequence,
                refresh_hint: bundle.refresh_hint,
                digest,
                skips: bundle.skips,
            };
            let target = known.unwrap_or_else(|| self.add(source.kind, name));
            Ok(fill(&target, bundle, &origin))
        })
    }

    fn put_map(
        &self,
        source: Source<'_>,
        document: &[u8],
        options: &PutOptions,
        now: Now,
    ) -> Result<PutReport, ConfigError> {
        if source.kind != SourceKind::TrustDomain {
            return Err(ConfigError::new(Reason::FormatUnsupported, "a bundle map feeds trust domains only"));
        }
        if !source.name.is_empty() {
            let what = "a bundle map names its trust domains itself: the name must be empty";
            return Err(ConfigError::new(Reason::SourceNameInvalid, what));
        }
        let confirmed_at = now.resolve()?;
        let domains = bundle_map::read(document)?;
        self.change(|generation| {
            for (at, domain) in domains.iter().enumerate() {
                let known = self.find(source.kind, &domain.name);
                check_sequence(&domain.bundle, known.as_deref(), options)
                    .map_err(|error| bundle_map::within(at, &error))?;
            }
            self.drop_absent(options.feed, &domains.iter().map(|domain| domain.name.as_str()).collect());
            let nothing = PutReport { generation, keys: None, authorities: None, crls: None, skipped: 0 };
            Ok(domains.into_iter().fold(nothing, |report, domain| {
                let origin = Origin {
                    generation,
                    feed: options.feed,
                    confirmed_at,
                    sequence: domain.bundle.sequence,
                    refresh_hint: domain.bundle.refresh_hint,
                    digest: domain.digest,
                    skips: domain.bundle.skips,
                };
                let known = self.find(source.kind, &domain.name);
                let target = known.unwrap_or_else(|| self.add(source.kind, &domain.name));
                report.plus(&fill(&target, domain.bundle, &origin))
            }))
        })
    }

    /// Drops what this feed filled for the trust domains that are not in `present`.
    fn drop_absent(&self, feed: u64, present: &HashSet<&str>) {
        let [trust_domains, _] = &self.shards;
        for shard in trust_domains {
            let known = shard.load();
            let absent = known.iter().filter(|(name, _)| !present.contains(&***name));
            let gone: Vec<_> =
                absent.filter(|(_, source)| source.drop_slots_of(feed)).map(|(name, _)| name).collect();
            if !gone.is_empty() {
                shard.update(|shard| {
                    let mut shard = HashMap::clone(shard);
                    shard.retain(|name, _| !gone.contains(&name));
                    Arc::new(shard)
                });
            }
        }
    }

    /// Forgets a source at once; whether it was there.
    ///
    /// # Errors
    /// `source_name_invalid`, `store_poisoned`.
    pub fn remove(&self, source: Source<'_>) -> Result<bool, ConfigError> {
        let name = source.canonical()?;
        self.change(|_| {
            let found = self.find(source.kind, name).is_some();
            if found {
                self.shard(source.kind, name).update(|shard| {
                    let mut shard = HashMap::clone(shard);
                    shard.remove(name);
                    Arc::new(shard)
                });
            }
            Ok(found)
        })
    }

    /// What is known of a slot; `None` if nothing has fed it.
    ///
    /// # Errors
    /// `source_name_invalid`.
    pub fn info(&self, source: Source<'_>, slot: SlotKind) -> Result<Option<SlotInfo>, ConfigError> {
        let found = self.find(source.kind, source.canonical()?);
        Ok(found.and_then(|found| match slot {
            SlotKind::Jwt => found.jwt.load().map(|slot| slot.info()),
            SlotKind::X509 => found.x509.load().map(|slot| slot.info()),
            SlotKind::Crl => found.crls.load().map(|slot| slot.info()),
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
        self.shard(kind, name).read(|shard| shard.get(name).map(Arc::clone))
    }

    fn shard(&self, kind: SourceKind, name: &str) -> &Shard {
        let table = match kind {
            SourceKind::TrustDomain => &self.shards[0],
            SourceKind::Issuer => &self.shards[1],
        };
        let shard = self.hasher.hash_one(name) % SHARDS as u64;
        &table[usize::try_from(shard).unwrap_or_default()]
    }

    fn add(&self, kind: SourceKind, name: &str) -> Arc<StoredSource> {
        let source = Arc::new(StoredSource::new());
        self.shard(kind, name).update(|shard| {
            let mut shard = HashMap::clone(shard);
            shard.insert(name.into(), Arc::clone(&source));
            Arc::new(shard)
        });
        source
    }

    /// Runs one update alone. A panic inside leaves the store readable and refuses further updates.
    fn change<R>(&self, apply: impl FnOnce(u64) -> Result<R, ConfigError>) -> Result<R, ConfigError> {
        let mut updates = self.updates.lock();
        if self.poisoned.load(Ordering::Acquire) {
            return Err(Reason::StorePoisoned.into());
        }
        let _guard = PoisonOnPanic(&self.poisoned);
        *updates += 1;
        apply(*updates)
    }
}

fn check_sequence(
    bundle: &Bundle,
    known: Option<&StoredSource>,
    options: &PutOptions,
) -> Result<(), ConfigError> {
    let stored = known.and_then(StoredSource::sequence);
    if bundle.sequence.zip(stored).is_some_and(|(new, old)| new < old) && !options.force {
        return Err(ConfigError::new(Reason::BundleRollback, "spiffe_sequence: lower than the stored one"));
    }
    Ok(())
}

fn fill(target: &StoredSource, bundle: Bundle, origin: &Origin) -> PutReport {
    let report = PutReport {
        generation: origin.generation,
        keys: bundle.keys.as_ref().map(Vec::len),
        authorities: bundle.authorities.as_ref().map(Vec::len),
        crls: bundle.crls.as_ref().map(Vec::len),
        skipped: bundle.skips.total(),
    };
    place(&target.jwt, bundle.keys, origin);
    place(&target.x509, bundle.authorities, origin);
    place(&target.crls, bundle.crls, origin);
    report
}

fn place<T>(cell: &SlotCell<T>, entries: Option<Vec<T>>, origin: &Origin) {
    if let Some(entries) = entries {
        cell.store(Some(Arc::new(Slot { entries, origin: origin.clone() })));
    }
}

struct PoisonOnPanic<'a>(&'a AtomicBool);

impl Drop for PoisonOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
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
    use crate::trust::Skip;

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
            (&sequence(4), Reason::BundleRollback),
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
