//! Snapshots: what a store holds in one sealed piece, so that a restart in an outage goes on deciding.
//!
//! ```text
//! snapshot = header payload seal
//! header   = "attestor.snapshot" version:u32 sealing:u8        version 1; sealing 0 without a key, 1 with one
//! payload  = count (source)* count (denial)*
//! source   = kind:u32 name:text optional(slot) optional(slot) optional(slot)              JWT, X.509, CRL
//! slot     = feed:u64 format:u32 confirmed_at:i64 optional(soft:u64) optional(hard:u64) optional(sequence:u64)
//!            optional(refresh_hint:u64) digest:32 bytes count (skips:u32)* findings:u32 withheld:u32
//!            optional(baseline) count (document:text)*
//! baseline = count (optional(kid:text) identity:text)*
//! denial   = key:text optional(expires_at:i64)
//! seal     = 32 bytes: HMAC-SHA-256, without a key SHA-256, of all that stands before it
//! ```
//!
//! Integers are little-endian, a count is a u64, a text is its length as a u64 and that many bytes, `optional` a byte
//! 0, or 1 and the value. `kind` and `format` are the numbers of [`SourceKind`] and [`Format`](super::Format), `skips`
//! are in the order of [`Skip::ALL`](super::Skip::ALL). A document is one key as a key set, all authorities as
//! `x509_der`, all lists as `x509_crl`; no entries are no document. The key of a denial is the overlay's.
//!
//! Nothing is read before the seal is checked. What is read then passes the same code as an update does.

mod bytes;
mod record;

use self::bytes::{Broken, Reader, Writer};
use super::overlay::{self, Entries};
use super::slot::{Authority, Crl, Key, Slot};
use super::source::{Source, SourceKind};
use super::store::BundleStore;
use super::stored::SlotCell;
use crate::clock::Now;
use crate::crypto::sha256;
use crate::error::ConfigError;
use crate::verdict::Reason;
use ring::hmac;
use std::fmt;
use std::sync::Arc;

const MAGIC: &[u8] = b"attestor.snapshot";
const VERSION: u32 = 1;
const SEAL: usize = 32;
/// Shortest key, in bytes.
const MIN_KEY: usize = 32;

/// What seals a snapshot.
pub struct SnapshotKey(Option<hmac::Key>);

impl SnapshotKey {
    /// A secret of at least 32 bytes that only the host's own processes know.
    ///
    /// # Errors
    /// `argument_invalid` if it is shorter.
    pub fn new(key: &[u8]) -> Result<Self, ConfigError> {
        if key.len() < MIN_KEY {
            return Err(ConfigError::new(Reason::ArgumentInvalid, "key: must be at least 32 bytes"));
        }
        Ok(Self(Some(hmac::Key::new(hmac::HMAC_SHA256, key))))
    }

    /// No key: a checksum tells accidents, and whoever can write the file can say what is trusted. The host protects
    /// it.
    pub fn unkeyed() -> Self {
        Self(None)
    }

    fn header(&self) -> Vec<u8> {
        [MAGIC, &VERSION.to_le_bytes(), &[self.0.is_some().into()]].concat()
    }

    fn seal(&self, mut content: Vec<u8>) -> Vec<u8> {
        match &self.0 {
            Some(key) => content.extend(hmac::sign(key, &content).as_ref()),
            None => content.extend(sha256(&content)),
        }
        content
    }

    /// The payload of a snapshot whose seal is good.
    fn open<'s>(&self, snapshot: &'s [u8]) -> Result<&'s [u8], ConfigError> {
        let (content, seal) =
            snapshot.split_last_chunk::<SEAL>().ok_or_else(|| invalid("it is not a snapshot"))?;
        let good = match &self.0 {
            Some(key) => hmac::verify(key, content, seal).is_ok(),
            None => sha256(content) == *seal,
        };
        let payload = self.check_header(content)?;
        if good { Ok(payload) } else { Err(invalid("it was changed, or made under another key")) }
    }

    /// What stands behind the header; else what the snapshot says to be instead of one of this key.
    fn check_header<'s>(&self, content: &'s [u8]) -> Result<&'s [u8], ConfigError> {
        let rest = content.strip_prefix(MAGIC).ok_or_else(|| invalid("it is not a snapshot"))?;
        let other_version = || invalid("it is of another version");
        let rest = rest.strip_prefix(&VERSION.to_le_bytes()).ok_or_else(other_version)?;
        match (rest.split_first(), &self.0) {
            (Some((1, payload)), Some(_)) | (Some((0, payload)), None) => Ok(payload),
            (_, Some(_)) => Err(invalid("it was made without a key")),
            (_, None) => Err(invalid("it was made with a key")),
        }
    }
}

impl fmt::Debug for SnapshotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotKey").finish_non_exhaustive()
    }
}

fn invalid(what: &str) -> ConfigError {
    ConfigError::new(Reason::SnapshotInvalid, what)
}

/// What a restore did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RestoreReport {
    /// Slots it filled.
    pub slots: usize,
    /// Slots it left alone: a feed had filled them.
    pub skipped: usize,
    /// Entries it added to the deny overlay.
    pub denials: usize,
}

/// One source, and its slots that are filled.
struct Filled<N, K, A, C> {
    kind: SourceKind,
    name: N,
    jwt: Option<K>,
    x509: Option<A>,
    crls: Option<C>,
}

type Held = Filled<Box<str>, Arc<Slot<Key>>, Arc<Slot<Authority>>, Arc<Slot<Crl>>>;
type Restored<'a> = Filled<&'a str, Slot<Key>, Slot<Authority>, Slot<Crl>>;

/// What a payload says.
struct Content<'a> {
    sources: Vec<Restored<'a>>,
    denials: Entries,
}

impl BundleStore {
    /// Everything that the store holds: every slot with what is known of it, and the deny overlay but for what has
    /// expired. Callbacks and health are not in it. The same state gives the same bytes.
    ///
    /// # Errors
    /// `clock_invalid`, `store_poisoned`.
    pub fn snapshot(&self, key: &SnapshotKey, now: Now) -> Result<Vec<u8>, ConfigError> {
        let now = now.resolve()?;
        let (mut sources, shards) = self.between_updates(|| (self.held(), self.overlay().entries()))?;
        sources.sort_by(|one, other| (one.kind as u32, &one.name).cmp(&(other.kind as u32, &other.name)));
        let live = |(_, expires_at): &(&Arc<str>, &Option<i64>)| overlay::is_live(**expires_at, now);
        let mut denials: Vec<_> = shards.iter().flat_map(|shard| shard.iter().filter(live)).collect();
        denials.sort();

        let mut out = Writer(key.header());
        out.count(sources.len());
        for source in &sources {
            source.write(&mut out);
        }
        out.count(denials.len());
        for (denial, expires_at) in denials {
            out.bytes(denial.as_bytes());
            out.optional(*expires_at, Writer::i64);
        }
        Ok(key.seal(out.0))
    }

    /// Gives an empty store, or one that feeds have begun to fill, what a snapshot holds. Only slots that nothing has
    /// filled are filled, and entries of the deny overlay that are there stay as they are. Denials come first, so that
    /// nothing can be used before them.
    ///
    /// Material keeps the time at which its feed confirmed it, and goes on ageing from there; if that is in the
    /// future it is stale. It has a hard age of at most 24 hours, also where it had none, and is `restored` until its
    /// feed speaks.
    ///
    /// # Errors
    /// `snapshot_invalid` (the detail says of which kind the fault is), `overlay_full`, `clock_invalid`,
    /// `store_poisoned`; nothing is changed then.
    pub fn restore(
        &self,
        key: &SnapshotKey,
        snapshot: &[u8],
        now: Now,
    ) -> Result<RestoreReport, ConfigError> {
        let now = now.resolve()?;
        let content = Content::read(key.open(snapshot)?, now)
            .map_err(|Broken| invalid("its content is not what a store holds"))?;
        self.change(|generation| {
            let denials = self.overlay().deny_absent(&content.denials, now)?;
            let mut report = RestoreReport { denials, ..RestoreReport::default() };
            for source in content.sources {
                let target =
                    self.find(source.kind, source.name).unwrap_or_else(|| self.add(source.kind, source.name));
                let mut source = source;
                let keys = source.jwt.as_mut().and_then(|slot| Arc::get_mut(&mut slot.entries));
                self.tables().take_over(keys.map_or(&mut [], Vec::as_mut_slice), &[], now);
                let filled = [
                    source.jwt.map(|slot| fill(&target.jwt, slot, generation)),
                    source.x509.map(|slot| fill(&target.x509, slot, generation)),
                    source.crls.map(|slot| fill(&target.crls, slot, generation)),
                ];
                report.slots += filled.iter().filter(|filled| **filled == Some(true)).count();
                report.skipped += filled.iter().filter(|filled| **filled == Some(false)).count();
            }
            Ok(report)
        })
    }

    /// Every source with a filled slot.
    fn held(&self) -> Vec<Held> {
        let sources = self.named_sources().into_iter();
        let held = sources.map(|(kind, name, source)| Filled {
            kind,
            name,
            jwt: source.jwt(),
            x509: source.x509(),
            crls: source.crls(),
        });
        held.filter(|held| held.jwt.is_some() || held.x509.is_some() || held.crls.is_some()).collect()
    }
}

/// Fills a slot that is empty; whether it was.
fn fill<T>(cell: &SlotCell<T>, mut slot: Slot<T>, generation: u64) -> bool {
    let is_empty = cell.load().is_none();
    if is_empty {
        slot.origin.generation = generation;
        cell.store(Some(Arc::new(slot)));
    }
    is_empty
}

impl Held {
    fn write(&self, out: &mut Writer) {
        out.u32(self.kind as u32);
        out.bytes(self.name.as_bytes());
        out.optional(self.jwt.as_deref(), record::write);
        out.optional(self.x509.as_deref(), record::write);
        out.optional(self.crls.as_deref(), record::write);
    }
}

impl<'a> Restored<'a> {
    fn read(bytes: &mut Reader<'a>, now: i64) -> Result<Self, Broken> {
        let kinds = [SourceKind::TrustDomain, SourceKind::Issuer];
        let number = bytes.u32()?;
        let kind = kinds.into_iter().find(|kind| *kind as u32 == number).ok_or(Broken)?;
        let name = bytes.text()?;
        let source = Source { kind, name };
        if source.canonical() != Ok(name) {
            return Err(Broken);
        }
        Ok(Self {
            kind,
            name,
            jwt: bytes.optional(|bytes| record::read(bytes, source, now))?,
            x509: bytes.optional(|bytes| record::read(bytes, source, now))?,
            crls: bytes.optional(|bytes| record::read(bytes, source, now))?,
        })
    }
}

impl<'a> Content<'a> {
    fn read(payload: &'a [u8], now: i64) -> Result<Self, Broken> {
        let mut bytes = Reader(payload);
        let sources = bytes.list(|bytes| Restored::read(bytes, now))?;
        let denials = bytes.list(|bytes| {
            let key = Some(bytes.text()?).filter(|key| overlay::is_key(key)).ok_or(Broken)?;
            Ok((Arc::from(key), bytes.optional(Reader::i64)?))
        })?;
        let denials = denials.into_iter().collect();
        if bytes.0.is_empty() { Ok(Self { sources, denials }) } else { Err(Broken) }
    }
}
