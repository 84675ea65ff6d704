//! A slot: the keys or authorities of one use that one update put in place, and what is known of it.

use super::skip::{Skip, SkipCounts};
use crate::crypto::{Algorithm, PublicKey};
use crate::verdict::Reason;
use crate::wire::certificate::{Certificate, KeyUsage};
use crate::wire::crl::CertificateList;
use crate::wire::json::Str;
use pki_types::TrustAnchor;
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

/// One generation of a slot. Never changed, only replaced.
pub(crate) struct Slot<T> {
    pub(crate) entries: Vec<T>,
    pub(crate) origin: Origin,
}

/// Where a slot's material came from.
#[derive(Clone)]
pub(crate) struct Origin {
    /// Counts the store's updates; unique within the store.
    pub(crate) generation: u64,
    pub(crate) feed: u64,
    /// Unix seconds at which the feed last confirmed the material.
    pub(crate) confirmed_at: i64,
    pub(crate) sequence: Option<u64>,
    pub(crate) refresh_hint: Option<u64>,
    /// SHA-256 of the document.
    pub(crate) digest: [u8; 32],
    pub(crate) skips: SkipCounts,
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
    /// Counts the store's updates: a higher number is newer.
    pub generation: u64,
    /// The feed that filled the slot.
    pub feed: u64,
    /// Unix seconds at which the feed last confirmed the material.
    pub confirmed_at: i64,
    /// `spiffe_sequence` of the document, if it has a usable one.
    pub sequence: Option<u64>,
    /// `spiffe_refresh_hint` in seconds within 10 s and 24 h, if the document has a usable one.
    pub refresh_hint: Option<u64>,
    /// SHA-256 of the document.
    pub digest: [u8; 32],
    /// Usable keys, authorities or lists; none means that all were revoked.
    pub entries: usize,
    /// How often each reason of [`Skip::ALL`] passed an entry of the document over.
    pub skipped: [u32; Skip::ALL.len()],
}

impl<T> Slot<T> {
    pub(crate) fn info(&self) -> SlotInfo {
        let origin = &self.origin;
        SlotInfo {
            generation: origin.generation,
            feed: origin.feed,
            confirmed_at: origin.confirmed_at,
            sequence: origin.sequence,
            refresh_hint: origin.refresh_hint,
            digest: origin.digest,
            entries: self.entries.len(),
            skipped: core::array::from_fn(|i| origin.skips.get(Skip::ALL[i])),
        }
    }
}
