//! A slot: the keys or authorities of one use that one update put in place, and what is known of it.

use super::format::Format;
use super::freshness::{self, Ages, Freshness};
use super::key_tables::Shelf;
use super::skip::{Skip, SkipCounts};
use crate::crypto::{Algorithm, PublicKey};
use crate::verdict::Reason;
use crate::wire::certificate::{Certificate, KeyUsage};
use crate::wire::crl::CertificateList;
use crate::wire::json::Str;
use pki_types::TrustAnchor;
use std::sync::Arc;
use webpki::{CertRevocationList, OwnedCertRevocationList};

/// A JWT key of a bundle, ready to verify.
pub(crate) struct Key {
    pub(crate) kid: Box<str>,
    /// The one algorithm the JWK allows, if it names one.
    pub(crate) algorithm: Option<Algorithm>,
    /// RFC 7638, base64url.
    pub(crate) thumbprint: Box<str>,
    pub(crate) public: PublicKey,
    /// The issuer a plain key set publishes the key for, where it says so.
    pub(crate) issuer: Option<Box<str>>,
    pub(crate) shelf: Arc<Shelf>,
}

impl Key {
    fn fits(&self, alg: Algorithm) -> bool {
        self.public.key_type() == alg.key_type() && self.algorithm.is_none_or(|only| only.is_same(alg))
    }

    /// Whether some header could mean either key.
    fn clashes_with(&self, other: &Self) -> bool {
        let same_algorithm = match (self.algorithm, other.algorithm) {
            (Some(a), Some(b)) => a.is_same(b),
            _ => true,
        };
        self.kid == other.kid && self.public.key_type() == other.public.key_type() && same_algorithm
    }
}

/// An X.509 trust anchor: a checked CA certificate.
pub(crate) struct Authority {
    pub(crate) der: Box<[u8]>,
    /// The key's thumbprint: RFC 7638, base64url.
    pub(crate) thumbprint: Box<str>,
    /// Unix seconds; both ends belong to the validity.
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    pub(crate) path_len: Option<usize>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) subject_key_id: Option<Box<[u8]>>,
    pub(crate) anchor: TrustAnchor<'static>,
}

impl Authority {
    /// The certificate's view. An authority is only made of one that can be read.
    pub(crate) fn certificate(&self) -> Option<Certificate<'_>> {
        Certificate::read(&self.der)
    }
}

/// A certificate revocation list, ready to be asked.
pub(crate) struct Crl {
    pub(crate) der: Box<[u8]>,
    pub(crate) list: CertRevocationList<'static>,
}

impl Crl {
    /// Reads one list that fills `der` to the last byte.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        CertificateList::read(der)?;
        let list = OwnedCertRevocationList::from_der(der).ok()?;
        Some(Self { der: der.into(), list: list.into() })
    }

    /// What is signed, and until when it counts.
    pub(crate) fn signed(&self) -> Option<CertificateList<'_>> {
        CertificateList::read(&self.der)
    }
}

/// A slot at one time. Never changed, only replaced; a feed that confirms it gives it another origin and the same
/// entries.
pub(crate) struct Slot<T> {
    pub(crate) entries: Arc<Vec<T>>,
    pub(crate) origin: Origin,
}

/// Where a slot's material came from.
#[derive(Clone)]
pub(crate) struct Origin {
    /// Counts the store's updates; unique within the store. Kept while the entries stay.
    pub(crate) generation: u64,
    pub(crate) feed: u64,
    /// Unix seconds at which the feed last confirmed the material.
    pub(crate) confirmed_at: i64,
    pub(crate) ages: Ages,
    pub(crate) format: Format,
    pub(crate) sequence: Option<u64>,
    pub(crate) refresh_hint: Option<u64>,
    /// SHA-256 of the document.
    pub(crate) digest: [u8; 32],
    pub(crate) skips: SkipCounts,
    /// From a snapshot, and no feed has spoken since.
    pub(crate) restored: bool,
    /// What the gate found in the last update: bits of `GateFinding`.
    pub(crate) findings: u32,
    /// Additions of the last update that the gate held back.
    pub(crate) withheld: u32,
    /// While it holds some back: the last update that passed.
    pub(crate) baseline: Option<Arc<Baseline>>,
}

/// The last update that passed: what later ones are compared with.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Baseline {
    pub(crate) entries: Vec<Known>,
}

/// An entry of an earlier update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) kid: Option<Box<str>>,
    pub(crate) identity: Box<[u8]>,
}

impl Origin {
    /// Seconds since the material was confirmed; 0 if the clock has gone back.
    pub(crate) fn age(&self, now: i64) -> u64 {
        freshness::age(self.confirmed_at, now)
    }

    /// Whether a refresh is due.
    ///
    /// # Errors
    /// `bundle_stale` from the hard age on.
    pub(crate) fn check_age(&self, max_staleness: Option<u64>, now: i64) -> Result<bool, Reason> {
        self.ages.check(self.confirmed_at, max_staleness, now)
    }
}

impl Slot<Key> {
    /// Removes duplicates of one key, and all keys that nothing tells apart (RFC 7517 section 4.5).
    pub(crate) fn drop_ambiguous(keys: Vec<Key>, skips: &mut SkipCounts) -> Vec<Key> {
        let mut unique: Vec<Key> = Vec::with_capacity(keys.len());
        for key in keys {
            let twin = |k: &Key| {
                k.clashes_with(&key)
                    && (&k.thumbprint, k.algorithm, &k.issuer)
                        == (&key.thumbprint, key.algorithm, &key.issuer)
            };
            if !unique.iter().any(twin) {
                unique.push(key);
            }
        }
        let ambiguous: Vec<bool> = unique
            .iter()
            .enumerate()
            .map(|(i, key)| unique.iter().enumerate().any(|(j, other)| i != j && key.clashes_with(other)))
            .collect();
        let mut flags = ambiguous.into_iter();
        unique.retain(|_| {
            let drop = flags.next().unwrap_or(true);
            if drop {
                skips.add(Skip::KidAmbiguous);
            }
            !drop
        });
        unique
    }

    /// The one key a header means, by its position.
    pub(crate) fn select(&self, kid: Option<Str<'_>>, alg: Algorithm, single: bool) -> Result<usize, Reason> {
        let Some(kid) = kid else {
            let mut fitting = self.entries.iter().enumerate().filter(|(_, key)| key.fits(alg));
            return match (single, fitting.next(), fitting.next()) {
                (true, Some((at, _)), None) => Ok(at),
                _ if self.entries.is_empty() => Err(Reason::KidNotFound),
                _ => Err(Reason::KidMissing),
            };
        };
        let mut refusal = Reason::KidNotFound;
        for (at, key) in self.entries.iter().enumerate().filter(|(_, key)| kid.is(&key.kid)) {
            if key.fits(alg) {
                return Ok(at);
            }
            if key.public.key_type() != alg.key_type() {
                refusal = Reason::AlgKeyMismatch;
            }
        }
        Err(refusal)
    }
}

/// Which of a source's slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum SlotKind {
    /// Keys that verify JWTs.
    Jwt = 1,
    /// X.509 authorities.
    X509 = 2,
    /// Certificate revocation lists.
    Crl = 3,
}

/// What is known of a filled slot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotInfo {
    /// Counts the store's updates: a higher number is newer. Material that is only confirmed keeps its own.
    pub generation: u64,
    /// The feed that filled the slot.
    pub feed: u64,
    /// Unix seconds at which the feed last confirmed the material.
    pub confirmed_at: i64,
    /// Seconds after which a refresh is due; none for material that does not age.
    pub soft_age: Option<u64>,
    /// Seconds from which on the material is not used (`bundle_stale`), unless a policy's `max_staleness_secs`
    /// says otherwise.
    pub hard_age: Option<u64>,
    /// `spiffe_sequence` that later documents are compared with: the document's, if it has a usable one, unless the
    /// rotation gate has seen a higher one.
    pub sequence: Option<u64>,
    /// `spiffe_refresh_hint` in seconds within 10 s and 24 h, if the document has a usable one.
    pub refresh_hint: Option<u64>,
    /// SHA-256 of the document.
    pub digest: [u8; 32],
    /// Usable keys, authorities or lists; none means that all were revoked.
    pub entries: usize,
    /// How often each reason of [`Skip::ALL`] passed an entry of the document over.
    pub skipped: [u32; Skip::ALL.len()],
    /// Whether the material is a snapshot's and no feed has spoken since.
    pub restored: bool,
    /// What the rotation gate found in the last update: bits of `GateFinding`.
    pub findings: u32,
    /// Additions of the last update that the rotation gate held back.
    pub withheld: u32,
}

impl SlotInfo {
    /// Seconds since the material was confirmed; 0 if the clock has gone back.
    pub fn age(&self, now: i64) -> u64 {
        freshness::age(self.confirmed_at, now)
    }

    /// How fresh the material is.
    pub fn freshness(&self, now: i64) -> Freshness {
        let ages = Ages { soft: self.soft_age, hard: self.hard_age };
        Freshness::of(ages.check(self.confirmed_at, None, now))
    }
}

impl<T> Slot<T> {
    pub(crate) fn info(&self) -> SlotInfo {
        let origin = &self.origin;
        SlotInfo {
            generation: origin.generation,
            feed: origin.feed,
            confirmed_at: origin.confirmed_at,
            soft_age: origin.ages.soft,
            hard_age: origin.ages.hard,
            sequence: origin.sequence,
            refresh_hint: origin.refresh_hint,
            digest: origin.digest,
            entries: self.entries.len(),
            skipped: core::array::from_fn(|i| origin.skips.get(Skip::ALL[i])),
            restored: origin.restored,
            findings: origin.findings,
            withheld: origin.withheld,
        }
    }
}
