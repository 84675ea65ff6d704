//! The bundle store: which sources there are, and how an update takes effect, whole or not at all.

use super::bundle::{self, Bundle, Format};
use super::published::Published;
use super::slot::{Authority, Key, Origin, Slot, SlotInfo, SlotKind};
use super::source::{Source, SourceKind};
use crate::clock::Now;
use crate::crypto::sha256;
use crate::error::ConfigError;
use crate::verdict::Reason;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
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

/// What an update did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutReport {
    /// The generation of the slots it replaced.
    pub generation: u64,
    /// Usable JWT keys, if the JWT slot was replaced.
    pub keys: Option<usize>,
    /// Usable X.509 authorities, if the X.509 slot was replaced.
    pub authorities: Option<usize>,
    /// Entries passed over.
    pub skipped: u32,
}

type SlotCell<T> = Published<Option<Arc<Slot<T>>>>;

/// One source and its slots.
pub(crate) struct StoredSource {
    jwt: SlotCell<Key>,
    x509: SlotCell<Authority>,
}

impl StoredSource {
    fn new() -> Self {
        Self { jwt: Published::new(None), x509: Published::new(None) }
    }

    /// The current JWT keys; `None` while nothing has fed them.
    pub(crate) fn jwt(&self) -> Option<Arc<Slot<Key>>> {
        self.jwt.load()
    }

    fn sequence(&self) -> Option<u64> {
        let jwt = self.jwt.load().and_then(|slot| slot.origin.sequence);
        jwt.max(self.x509.load().and_then(|slot| slot.origin.sequence))
    }
}

type Shard = Published<Arc<HashMap<Box<str>, Arc<StoredSource>>>>;

/// The bundle cache. Shared: every method takes `&self`; readers never wait and hold no lock.
pub struct BundleStore {
    hasher: RandomState,
    /// One name table per kind of source.
    shards: [Box<[Shard]>; 2],
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
            updates: Mutex::new(0),
            poisoned: AtomicBool::new(false),
        }
    }

    /// Takes a bundle document for `source`: every slot it speaks for is replaced at once, or nothing is.
    ///
    /// # Errors
    /// `source_name_invalid`, `format_unsupported`, `bundle_malformed`, `bundle_private_key`,
    /// `no_usable_keys`, `trust_domain_mismatch`, `bundle_rollback`, `clock_invalid`,
    /// `store_poisoned`. The store is then unchanged: the last good bundle stays.
    pub fn put(
        &self,
        source: Source<'_>,
        format: Format,
        document: &[u8],
        options: &PutOptions,
        now: Now,
    ) -> Result<PutReport, ConfigError> {
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
            let stored = known.as_ref().and_then(|source| source.sequence());
            if bundle.sequence.zip(stored).is_some_and(|(new, old)| new < old) && !options.force {
                return Err(ConfigError::new(
                    Reason::BundleRollback,
                    "spiffe_sequence: lower than the stored one",
                ));
            }
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
        }))
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

fn fill(target: &StoredSource, bundle: Bundle, origin: &Origin) -> PutReport {
    let report = PutReport {
        generation: origin.generation,
        keys: bundle.keys.as_ref().map(Vec::len),
        authorities: bundle.authorities.as_ref().map(Vec::len),
        skipped: bundle.skips.total(),
    };
    place(&target.jwt, bundle.keys, origin);
    place(&target.x509, bundle.authorities, origin);
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
