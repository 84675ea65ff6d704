//! What a verifier counts and knows, as numbers: verdicts, its cache, and the sources that its policy names.
//!
//! Only names of the policy become labels. Whatever else there is goes by one name, so that nobody outside can make
//! labels.

use crate::cache::CacheStats;
use crate::clock::Now;
use crate::error::ConfigError;
use crate::policy::{NamedSource, Policy};
use crate::trust::{BundleStore, Freshness, KeyTableStats, SourceKind, StoredSource};
use crate::verifier::Verifier;

pub use crate::tally::{OTHER, VerdictCount};

/// What a verifier has counted since it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Verdicts, by attestor and reason.
    pub verdicts: Vec<VerdictCount>,
    /// What the verified-credential cache has done, and what it holds.
    pub cache: CacheStats,
    /// What the tables of the store's keys have done, for whichever verifier.
    pub key_tables: KeyTableStats,
}

/// Whether the sources that a policy names can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Readiness {
    /// Sources that the policy names.
    pub sources: usize,
    /// Of them, those whose material is fresh,
    pub fresh: usize,
    /// past its soft age in some slot,
    pub due: usize,
    /// at its hard age in some slot,
    pub stale: usize,
    /// or not there at all.
    pub missing: usize,
}

impl Readiness {
    /// Whether every source that the policy names can be used.
    pub fn is_ready(&self) -> bool {
        self.stale == 0 && self.missing == 0
    }
}

/// What is known of a source, as numbers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SourceMetrics {
    /// The source; `None` for all together that the policy does not name.
    pub source: Option<(SourceKind, String)>,
    /// 1, or how many the others are.
    pub sources: u64,
    /// How fresh the JWT keys are, of the others the worst; `None` if there are none.
    pub jwt: Option<Freshness>,
    /// How fresh the X.509 authorities are, likewise.
    pub x509: Option<Freshness>,
    /// Seconds since the older of both was confirmed.
    pub age: Option<u64>,
    /// Usable JWT keys.
    pub keys: u64,
    /// Usable X.509 authorities.
    pub authorities: u64,
    /// Entries of their documents that were passed over.
    pub skipped: u64,
    /// Updates and confirmations that succeeded.
    pub refreshes: u64,
    /// Updates and fetches that failed.
    pub failures: u64,
}

impl SourceMetrics {
    fn add(&mut self, source: &StoredSource, staleness: &[Option<u64>], now: i64) {
        let worst = |origin: &crate::trust::Origin| {
            let of = |most: &Option<u64>| Freshness::of(origin.check_age(*most, now));
            staleness.iter().map(of).max()
        };
        let (jwt, x509) = (source.jwt(), source.x509());
        self.sources += 1;
        if let Some(slot) = &jwt {
            self.jwt = self.jwt.max(worst(&slot.origin));
            self.keys += slot.entries.len() as u64;
        }
        if let Some(slot) = &x509 {
            self.x509 = self.x509.max(worst(&slot.origin));
            self.authorities += slot.entries.len() as u64;
        }
        let origins = [jwt.as_ref().map(|slot| &slot.origin), x509.as_ref().map(|slot| &slot.origin)];
        let mut documents = Vec::with_capacity(2);
        for origin in origins.into_iter().flatten() {
            self.age = self.age.max(Some(origin.age(now)));
            // One document fills both slots: what it skipped counts once.
            if !documents.contains(&origin.digest) {
                documents.push(origin.digest);
                self.skipped += u64::from(origin.skips.total());
            }
        }
        let (refreshes, failures) = source.counts();
        self.refreshes += refreshes;
        self.failures += failures;
    }

    fn freshness(&self) -> Option<Freshness> {
        self.jwt.max(self.x509)
    }
}

impl Verifier {
    /// What was counted. Cheap enough for every scrape; a verification never waits for it.
    pub fn metrics(&self) -> Metrics {
        Metrics {
            verdicts: self.counters().read(&self.policy()),
            cache: self.cache_stats(),
            key_tables: self.store().key_table_stats(),
        }
    }

    /// Whether the sources that the policy names can be used at `now`. Where a policy takes every trust domain of a
    /// feed it names none.
    ///
    /// # Errors
    /// `clock_invalid`.
    pub fn readiness(&self, now: Now) -> Result<Readiness, ConfigError> {
        let now = now.resolve()?;
        let policy = self.policy();
        let mut readiness = Readiness { sources: policy.sources.len(), ..Readiness::default() };
        for named in &policy.sources {
            match of_named(self.store(), named, now).freshness() {
                Some(Freshness::Fresh) => readiness.fresh += 1,
                Some(Freshness::Due) => readiness.due += 1,
                Some(Freshness::Stale) => readiness.stale += 1,
                None => readiness.missing += 1,
            }
        }
        Ok(readiness)
    }

    /// The sources that the policy names, in the order of their names, and last all others together.
    ///
    /// # Errors
    /// `clock_invalid`.
    pub fn source_metrics(&self, now: Now) -> Result<Vec<SourceMetrics>, ConfigError> {
        let now = now.resolve()?;
        let policy = self.policy();
        let named = policy.sources.iter().map(|named| of_named(self.store(), named, now));
        Ok(named.chain([of_others(self.store(), &policy, now)]).collect())
    }

    /// How many [`Self::source_metrics`] has: the named sources, and one for all others.
    pub fn source_count(&self) -> usize {
        self.policy().sources.len() + 1
    }

    /// One of [`Self::source_metrics`]; `None` past the last.
    ///
    /// # Errors
    /// `clock_invalid`.
    pub fn source_metrics_at(&self, index: usize, now: Now) -> Result<Option<SourceMetrics>, ConfigError> {
        let now = now.resolve()?;
        let policy = self.policy();
        Ok(match policy.sources.get(index) {
            Some(named) => Some(of_named(self.store(), named, now)),
            None if index == policy.sources.len() => Some(of_others(self.store(), &policy, now)),
            None => None,
        })
    }
}

fn of_named(store: &BundleStore, named: &NamedSource, now: i64) -> SourceMetrics {
    let mut metrics = SourceMetrics::default();
    if let Some(source) = store.find(named.kind, &named.name) {
        metrics.add(&source, &named.max_staleness, now);
    }
    SourceMetrics { source: Some((named.kind, named.name.to_string())), sources: 1, ..metrics }
}

fn of_others(store: &BundleStore, policy: &Policy, now: i64) -> SourceMetrics {
    let mut metrics = SourceMetrics::default();
    for kind in [SourceKind::TrustDomain, SourceKind::Issuer] {
        store.for_each(kind, |name, source| {
            if !policy.names(kind, name) {
                metrics.add(source, &[None], now);
            }
        });
    }
    metrics
}
