//! How an update takes effect: read first, then whole or not at all, but for what the rotation gate holds back.

use super::bundle::{self, Bundle};
use super::bundle_map;
use super::feed::Registration;
use super::format::Format;
use super::freshness::Ages;
use super::gate::{self, Changes, Gate, GateAction, GateFinding, Gated, Judgement};
use super::slot::{Baseline, Origin, Slot};
use super::source::{Source, SourceKind};
use super::store::BundleStore;
use super::stored::{SlotCell, StoredSource};
use crate::clock::Now;
use crate::crypto::sha256;
use crate::error::ConfigError;
use crate::verdict::Reason;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How an update is to be taken.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PutOptions {
    /// Which feed speaks; a slot belongs to the feed that filled it last.
    pub feed: u64,
    /// Take the update whatever the rotation gate says.
    pub force: bool,
    /// Seconds for which the host of the document says it may be kept (`Cache-Control: max-age`).
    pub max_age: Option<u64>,
    /// The material does not age: a file that an operator keeps.
    pub permanent: bool,
}

impl PutOptions {
    fn ages(&self, format: Format, bundle: &Bundle) -> Ages {
        if self.permanent { Ages::default() } else { Ages::of(format, bundle.refresh_hint, self.max_age) }
    }
}

/// What an update did; of a bundle map, to all trust domains together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutReport {
    /// The generation of the slots it replaced.
    pub generation: u64,
    /// Whether a slot was replaced; else everything was only confirmed.
    pub changed: bool,
    /// Usable JWT keys, if the document speaks for the JWT slot.
    pub keys: Option<usize>,
    /// Usable X.509 authorities, if the document speaks for the X.509 slot.
    pub authorities: Option<usize>,
    /// Revocation lists, if the document speaks for their slot.
    pub crls: Option<usize>,
    /// Entries passed over.
    pub skipped: u32,
    /// What the rotation gate warned about: bits of [`GateFinding`].
    pub findings: u32,
}

impl PutReport {
    fn of(generation: u64) -> Self {
        Self {
            generation,
            changed: false,
            keys: None,
            authorities: None,
            crls: None,
            skipped: 0,
            findings: 0,
        }
    }

    fn plus(self, other: &Self) -> Self {
        let sum = |one: Option<usize>, other: Option<usize>| match (one, other) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
        Self {
            generation: self.generation,
            changed: self.changed | other.changed,
            keys: sum(self.keys, other.keys),
            authorities: sum(self.authorities, other.authorities),
            crls: sum(self.crls, other.crls),
            skipped: self.skipped.saturating_add(other.skipped),
            findings: self.findings | other.findings,
        }
    }
}

/// Who puts: the host itself, or a callback of its that may have been replaced meanwhile.
pub(super) type Putter<'a> = Option<&'a Arc<Registration>>;

/// Whether a callback may still put: it may not once its source was removed, or given to another one.
pub(super) fn check_putter(putter: Putter<'_>) -> Result<(), Reason> {
    match putter {
        Some(registration) if registration.is_closed() => Err(Reason::FeedReplaced),
        _ => Ok(()),
    }
}

impl BundleStore {
    /// Takes a bundle document for `source`: every slot it speaks for is replaced at once, or nothing is.
    ///
    /// A document that is the same as before only confirms the material, which keeps its generation. What the
    /// rotation gate ([`Gate`]) holds is an error although the removals of the update have taken effect.
    ///
    /// A [`Format::BundleMap`] is the state of the world of its feed, put as the trust domain of the empty
    /// name: every bundle of it is taken or none, and the slots that the feed filled for other domains are
    /// dropped. What the gate holds of one domain keeps no other's back. Slots are replaced one after the other, so
    /// a reader never sees a slot of two maps, but may meet some domains of the new map beside others of the old
    /// one. The digest of a slot is that of its bundle's text within the map, and a bundle's refresh hint is not
    /// taken (it is none for the map).
    ///
    /// # Errors
    /// `source_name_invalid`, `format_unsupported`, `bundle_malformed`, `bundle_private_key`,
    /// `no_usable_keys`, `trust_domain_mismatch`, `bundle_duplicate_trust_domain`, `clock_invalid`,
    /// `store_poisoned`: the store is then unchanged, the last good bundle stays. `bundle_rollback`,
    /// `bundle_rekeyed`, `bundle_replaced`: the gate took the removals and held the additions back.
    pub fn put(
        &self,
        source: Source<'_>,
        format: Format,
        document: &[u8],
        options: &PutOptions,
        now: Now,
    ) -> Result<PutReport, ConfigError> {
        let source = place_of(source, format)?;
        let now = now.resolve()?;
        let report = self.put_by(None, source, format, document, options, now);
        if let Some(target) = self.find_or_world(source.kind, source.name) {
            target.note(report.as_ref().map(|_| ()).map_err(ConfigError::reason), now);
        }
        report
    }

    /// Likewise at its place ([`place_of`]), for a callback too. Whoever calls tells the source's ledger.
    pub(super) fn put_by(
        &self,
        putter: Putter<'_>,
        source: Source<'_>,
        format: Format,
        document: &[u8],
        options: &PutOptions,
        now: i64,
    ) -> Result<PutReport, ConfigError> {
        if format == Format::BundleMap {
            return self.put_map(putter, document, options, now);
        }
        if !format.feeds(source.kind) {
            return Err(ConfigError::new(
                Reason::FormatUnsupported,
                "an issuer takes jwks and public_key_pem only",
            ));
        }
        let mut bundle = bundle::read(source.name, format, document)?;
        let digest = sha256(document);
        self.change(|generation| {
            check_putter(putter)?;
            let target =
                self.find(source.kind, source.name).unwrap_or_else(|| self.add(source.kind, source.name));
            self.take_over_tables(&target, &mut bundle, now);
            let update = Update { gate: self.gate(), options, format, digest, generation, now };
            let (report, held) = update.fill(&target, bundle);
            held.map_or(Ok(report), |finding| Err(refusal(finding)))
        })
    }

    fn put_map(
        &self,
        putter: Putter<'_>,
        document: &[u8],
        options: &PutOptions,
        now: i64,
    ) -> Result<PutReport, ConfigError> {
        let kind = SourceKind::TrustDomain;
        let domains = bundle_map::read(document)?;
        self.change(|generation| {
            check_putter(putter)?;
            self.drop_absent(options.feed, &domains.iter().map(|domain| domain.name.as_str()).collect());
            let mut report = PutReport::of(generation);
            let mut refused = None;
            for (at, mut domain) in domains.into_iter().enumerate() {
                let target = self.find(kind, &domain.name).unwrap_or_else(|| self.add(kind, &domain.name));
                self.take_over_tables(&target, &mut domain.bundle, now);
                let (gate, digest) = (self.gate(), domain.digest);
                let update = Update { gate, options, format: Format::SpiffeBundle, digest, generation, now };
                let (one, held) = update.fill(&target, domain.bundle);
                target.note(held.map_or(Ok(()), |finding| Err(finding.reason())), now);
                report = report.plus(&one);
                if let (None, Some(finding)) = (&refused, held) {
                    refused = Some(bundle_map::within(at, &refusal(finding)));
                }
            }
            refused.map_or(Ok(report), Err)
        })
    }

    fn take_over_tables(&self, target: &StoredSource, bundle: &mut Bundle, now: i64) {
        let current = target.jwt();
        let current = current.as_ref().map_or(&[][..], |slot| &slot.entries);
        self.tables().take_over(bundle.keys.as_deref_mut().unwrap_or_default(), current, now);
    }

    /// Drops what this feed filled for the trust domains that are not in `present`.
    fn drop_absent(&self, feed: u64, present: &HashSet<&str>) {
        self.drop_where(SourceKind::TrustDomain, feed, |name| !present.contains(name));
    }

    /// Drops everything that a feed filled, at once: its host may no longer use it. How many sources that emptied.
    ///
    /// # Errors
    /// `store_poisoned`.
    pub fn withdraw(&self, feed: u64) -> Result<usize, ConfigError> {
        self.change(|_| {
            let kinds = [SourceKind::TrustDomain, SourceKind::Issuer];
            Ok(kinds.into_iter().map(|kind| self.drop_where(kind, feed, |_| true)).sum())
        })
    }

    fn drop_where(&self, kind: SourceKind, feed: u64, is_absent: impl Fn(&str) -> bool) -> usize {
        let mut emptied = 0;
        for shard in self.table(kind) {
            let known = shard.load();
            let absent = known.iter().filter(|(name, _)| is_absent(name));
            let gone: Vec<_> = absent.filter(|(_, source)| source.drop_slots_of(feed)).collect();
            emptied += gone.len();
            let forgotten: Vec<_> =
                gone.into_iter().filter(|(_, source)| !source.has_feed()).map(|(name, _)| name).collect();
            if !forgotten.is_empty() {
                shard.update(|shard| {
                    let mut shard = HashMap::clone(shard);
                    shard.retain(|name, _| !forgotten.contains(&name));
                    Arc::new(shard)
                });
            }
        }
        emptied
    }
}

/// The source that a document is put as: a bundle map as the trust domain of the empty name, everything else under
/// its canonical one.
pub(super) fn place_of(source: Source<'_>, format: Format) -> Result<Source<'_>, ConfigError> {
    if format != Format::BundleMap {
        return Ok(Source { name: source.canonical()?, ..source });
    }
    if source.kind != SourceKind::TrustDomain {
        return Err(ConfigError::new(Reason::FormatUnsupported, "a bundle map feeds trust domains only"));
    }
    if !source.name.is_empty() {
        let what = "a bundle map names its trust domains itself: the name must be empty";
        return Err(ConfigError::new(Reason::SourceNameInvalid, what));
    }
    Ok(source)
}

fn refusal(finding: GateFinding) -> ConfigError {
    let what = match finding {
        GateFinding::Rollback => "spiffe_sequence: lower than the stored one",
        GateFinding::Rekeyed => "keys: a known kid has another key",
        GateFinding::Replaced => "keys: none of the known ones is left",
    };
    ConfigError::new(finding.reason(), what)
}

/// One document on its way into the slots of one source.
struct Update<'a> {
    gate: &'a Gate,
    options: &'a PutOptions,
    format: Format,
    digest: [u8; 32],
    generation: u64,
    now: i64,
}

impl Update<'_> {
    /// Fills every slot that the bundle speaks for; what the gate holds, if it does.
    fn fill(&self, target: &StoredSource, bundle: Bundle) -> (PutReport, Option<GateFinding>) {
        let known = target.sequence();
        let jwt = Changes::of(target.jwt().as_deref(), bundle.keys.as_deref());
        let x509 = Changes::of(target.x509().as_deref(), bundle.authorities.as_deref());
        let slots = [jwt, x509];
        let judgement = if self.options.force {
            Judgement::default()
        } else {
            let went_back = bundle.sequence.zip(known).is_some_and(|(new, known)| new < known);
            self.gate.judge(&slots, went_back)
        };
        let mut report = PutReport {
            keys: bundle.keys.as_ref().map(Vec::len),
            authorities: bundle.authorities.as_ref().map(Vec::len),
            crls: bundle.crls.as_ref().map(Vec::len),
            skipped: bundle.skips.total(),
            findings: judgement.findings,
            ..PutReport::of(self.generation)
        };
        if judgement.held.is_some() {
            let [jwt, x509] = slots;
            self.hold(&target.jwt, bundle.keys, &jwt, judgement.findings);
            self.hold(&target.x509, bundle.authorities, &x509, judgement.findings);
            return (report, judgement.held);
        }
        let origin = Origin {
            generation: self.generation,
            feed: self.options.feed,
            confirmed_at: self.now,
            ages: self.options.ages(self.format, &bundle),
            format: self.format,
            sequence: self.sequence(bundle.sequence, known),
            refresh_hint: bundle.refresh_hint,
            digest: self.digest,
            skips: bundle.skips,
            restored: false,
            findings: judgement.findings,
            withheld: 0,
            baseline: None,
        };
        report.changed |= self.place(&target.jwt, bundle.keys, &origin);
        report.changed |= self.place(&target.x509, bundle.authorities, &origin);
        report.changed |= self.place(&target.crls, bundle.crls, &origin);
        if !target.has_feed() {
            target.demand.take(); // what was wanted has come, if it is there at all
        }
        (report, None)
    }

    /// The sequence that later updates are compared with: an older one that passed does not lower it.
    fn sequence(&self, new: Option<u64>, known: Option<u64>) -> Option<u64> {
        let holds = self.gate.rollback == GateAction::Hold && !self.options.force;
        if holds && new.is_some() { new.max(known) } else { new }
    }

    /// Replaces a slot, or confirms it if the document is the one it was filled from; whether it was replaced.
    fn place<T>(&self, cell: &SlotCell<T>, entries: Option<Vec<T>>, origin: &Origin) -> bool {
        let Some(entries) = entries else { return false };
        let current = cell.load().filter(|current| self.is_source_of(&current.origin));
        let changed = current.is_none();
        let slot = match current {
            Some(current) => {
                let Origin { generation, findings, .. } = current.origin;
                // What was found when it came is still to be seen.
                let origin = Origin { generation, findings: findings | origin.findings, ..origin.clone() };
                Slot { entries: Arc::clone(&current.entries), origin }
            }
            None => Slot { entries: Arc::new(entries), origin: origin.clone() },
        };
        cell.store(Some(Arc::new(slot)));
        changed
    }

    /// Whether the slot was filled from this document, and all of it was taken.
    fn is_source_of(&self, current: &Origin) -> bool {
        current.digest == self.digest && current.format == self.format && current.baseline.is_none()
    }

    /// Removes from a slot what is not in the update, and adds nothing.
    fn hold<T: Gated>(&self, cell: &SlotCell<T>, entries: Option<Vec<T>>, changes: &Changes, findings: u32) {
        // A slot that is not filled is not filled by what is held.
        let (Some(entries), Some(current)) = (entries, cell.load()) else { return };
        let origin = Origin {
            generation: if changes.removes { self.generation } else { current.origin.generation },
            confirmed_at: self.now,
            restored: false,
            findings,
            withheld: u32::try_from(changes.additions).unwrap_or(u32::MAX),
            baseline: Some(Baseline::of(&current)),
            ..current.origin.clone()
        };
        let left = || entries.into_iter().filter(|entry| gate::holds(&current.entries, entry)).collect();
        let entries = if changes.removes { Arc::new(left()) } else { Arc::clone(&current.entries) };
        cell.store(Some(Arc::new(Slot { entries, origin })));
    }
}
