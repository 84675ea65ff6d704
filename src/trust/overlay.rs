//! The deny overlay: credentials, keys and subjects that are refused at run time whatever the policy says.
//!
//! Readers hold no lock and never wait. While the overlay is empty a question costs one load; else it
//! costs two look-ups in a table of which a change copies one shard.

use super::published::Published;
use super::source::Source;
use crate::error::ConfigError;
use crate::verdict::Reason;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::fmt::Write as _;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Most entries that have not expired.
const MAX_ENTRIES: usize = 100_000;
const SHARDS: usize = 256;
/// Longest source name and longest value, in bytes.
const MAX_TEXT: usize = 2048;
/// The source that stands for every one of its kind.
const ANY: &str = "*";

/// Whose credentials an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum DenyKind {
    /// SVIDs of a trust domain.
    TrustDomain = 1,
    /// Tokens of an issuer.
    Issuer = 2,
    /// Passports; they have no source but `*`.
    Native = 3,
}

impl DenyKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::TrustDomain, Self::Issuer, Self::Native];

    /// The stable machine name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TrustDomain => "trust_domain",
            Self::Issuer => "issuer",
            Self::Native => "native",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// What an entry's value is compared with, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum DenyField {
    /// The subject.
    Sub = 1,
    /// The token's own id.
    Jti = 2,
    /// The id of the key that verified.
    Kid = 3,
    /// The thumbprint (RFC 7638, SHA-256, base64url) of the key that verified.
    KeyThumbprint = 4,
    /// The serial number of a certificate of the path, in lower-case hexadecimal without leading zeros; of
    /// one issuer only if `@` and the SHA-256 of the issuer's DER `Name` follow, in lower-case hexadecimal.
    X509Serial = 5,
    /// The SHA-256 of the `SubjectPublicKeyInfo` of a certificate of the path, in lower-case hexadecimal.
    SpkiSha256 = 6,
    /// The UID of a Kubernetes pod.
    PodUid = 7,
}

impl DenyField {
    /// Every field.
    pub const ALL: &'static [Self] = &[
        Self::Sub,
        Self::Jti,
        Self::Kid,
        Self::KeyThumbprint,
        Self::X509Serial,
        Self::SpkiSha256,
        Self::PodUid,
    ];

    /// The stable machine name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sub => "sub",
            Self::Jti => "jti",
            Self::Kid => "kid",
            Self::KeyThumbprint => "key_thumbprint",
            Self::X509Serial => "x509_serial",
            Self::SpkiSha256 => "spki_sha256",
            Self::PodUid => "pod_uid",
        }
    }

    /// The field of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// What a value of another form is not.
    fn check(self, value: &str) -> Result<(), &'static str> {
        let (good, form) = match self {
            Self::Sub | Self::Jti | Self::Kid | Self::PodUid => {
                ((1..=MAX_TEXT).contains(&value.len()), "a text of 1 to 2048 bytes")
            }
            Self::KeyThumbprint => (is_thumbprint(value), "an RFC 7638 thumbprint: 43 base64url characters"),
            Self::X509Serial => (is_serial(value), "a serial number: lower-case hex without leading zeros"),
            Self::SpkiSha256 => (is_sha256_hex(value), "a SHA-256: 64 characters of lower-case hex"),
        };
        if good { Ok(()) } else { Err(form) }
    }
}

fn is_thumbprint(value: &str) -> bool {
    value.len() == 43 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_serial(value: &str) -> bool {
    let (serial, issuer) =
        value.split_once('@').map_or((value, None), |(serial, issuer)| (serial, Some(issuer)));
    let canonical = serial == "0" || !serial.starts_with('0');
    (1..=MAX_TEXT).contains(&serial.len()) && is_hex(serial) && canonical && issuer.is_none_or(is_sha256_hex)
}

fn is_sha256_hex(value: &str) -> bool {
    value.len() == 64 && is_hex(value)
}

fn is_hex(value: &str) -> bool {
    value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// One thing to deny.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DenyEntry<'a> {
    /// Whose credentials.
    pub kind: DenyKind,
    /// A trust domain or an issuer in its canonical spelling, or `*` for every source of the kind.
    pub source: &'a str,
    /// What is compared.
    pub field: DenyField,
    /// With what, in the field's own form.
    pub value: &'a str,
    /// Unix seconds from which on the entry says nothing; never by default.
    pub expires_at: Option<i64>,
}

impl DenyEntry<'_> {
    /// The entry's place in the table, everything checked.
    pub(super) fn key(&self) -> Result<String, ConfigError> {
        let source = self.canonical_source()?;
        self.field
            .check(self.value)
            .map_err(|form| ConfigError::new(Reason::ArgumentInvalid, format!("value: not {form}")))?;
        let mut key = String::new();
        write_key(&mut key, self.kind, source, self.field, self.value);
        Ok(key)
    }

    fn canonical_source(&self) -> Result<&str, ConfigError> {
        let invalid = |what: &str| ConfigError::new(Reason::SourceNameInvalid, what);
        match self.kind {
            _ if self.source == ANY => Ok(ANY),
            DenyKind::TrustDomain => Source::trust_domain(self.source).canonical(),
            DenyKind::Issuer if self.source.len() > MAX_TEXT => {
                Err(invalid("an issuer has at most 2048 bytes"))
            }
            DenyKind::Issuer => Source::issuer(self.source).canonical(),
            DenyKind::Native => Err(invalid("passports have no source but *")),
        }
    }
}

/// Values name people and machines: they are not shown.
impl fmt::Debug for DenyEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DenyEntry")
            .field("kind", &self.kind)
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

/// One key for each entry: the length tells where the source ends.
fn write_key(out: &mut String, kind: DenyKind, source: &str, field: DenyField, value: &str) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{}.{}.{}.{source}{value}", kind as u32, field as u32, source.len());
}

/// Whether a text is the key of an entry that could be denied.
pub(super) fn is_key(text: &str) -> bool {
    let read = || {
        let mut parts = text.splitn(4, '.');
        let [kind, field, length] = [parts.next()?, parts.next()?, parts.next()?];
        let (kind, field): (u32, u32) = (kind.parse().ok()?, field.parse().ok()?);
        let (source, value) = parts.next()?.split_at_checked(length.parse().ok()?)?;
        let kind = DenyKind::ALL.iter().copied().find(|known| *known as u32 == kind)?;
        let field = DenyField::ALL.iter().copied().find(|known| *known as u32 == field)?;
        DenyEntry { kind, source, field, value, expires_at: None }.key().ok()
    };
    read().is_some_and(|key| key == text)
}

/// Keys, and when each expires.
pub(super) type Entries = HashMap<Arc<str>, Option<i64>>;

/// The table. Changes come one at a time: the store sees to it.
pub(crate) struct Overlay {
    hasher: RandomState,
    shards: Box<[Published<Arc<Entries>>]>,
    len: AtomicUsize,
    epoch: AtomicU64,
    limit: usize,
}

impl Overlay {
    pub(super) fn new() -> Self {
        Self::with_limit(MAX_ENTRIES)
    }

    fn with_limit(limit: usize) -> Self {
        let empty = Arc::default();
        Self {
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| Published::new(Arc::clone(&empty))).collect(),
            len: AtomicUsize::new(0),
            epoch: AtomicU64::new(0),
            limit,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Raised by every change once it can be seen. Whoever keeps a verdict reads it before judging.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Whether an entry for the canonical `source`, or for every source, denies this value at `now`.
    /// `scratch` is overwritten; it allocates only to grow.
    pub(crate) fn is_denied(
        &self,
        kind: DenyKind,
        source: &str,
        field: DenyField,
        value: &str,
        now: i64,
        scratch: &mut String,
    ) -> bool {
        !self.is_empty()
            && [source, ANY].into_iter().any(|source| {
                scratch.clear();
                write_key(scratch, kind, source, field, value);
                self.shard(scratch)
                    .read(|entries| entries.get(&**scratch).is_some_and(|end| is_live(*end, now)))
            })
    }

    pub(super) fn deny(&self, key: &str, expires_at: Option<i64>, now: i64) -> Result<(), ConfigError> {
        if !is_live(expires_at, now) {
            return Err(ConfigError::new(Reason::ArgumentInvalid, "expires_at: not after now"));
        }
        let known = self.shard(key).read(|entries| entries.contains_key(key));
        if !known && self.len() >= self.limit {
            self.purge(now);
            if self.len() >= self.limit {
                return Err(Reason::OverlayFull.into());
            }
        }
        self.change(key, |entries| {
            entries.insert(key.into(), expires_at);
        });
        Ok(())
    }

    pub(super) fn lift(&self, key: &str) -> bool {
        let known = self.shard(key).read(|entries| entries.contains_key(key));
        if known {
            self.change(key, |entries| {
                entries.remove(key);
            });
        }
        known
    }

    pub(super) fn clear(&self) {
        for shard in &self.shards {
            if !shard.read(|entries| entries.is_empty()) {
                shard.store(Arc::default());
            }
        }
        self.len.store(0, Ordering::Relaxed);
        self.raise();
    }

    /// The table as it is.
    pub(super) fn entries(&self) -> Vec<Arc<Entries>> {
        self.shards.iter().map(Published::load).collect()
    }

    /// Denies what is not denied yet, each shard copied once; whatever does not fit as a whole changes nothing.
    /// How many entries that added. Expired ones are passed over; a known one stays as it is.
    pub(super) fn deny_absent(&self, entries: &Entries, now: i64) -> Result<usize, ConfigError> {
        let mut by_shard: Vec<Vec<(&Arc<str>, Option<i64>)>> = vec![Vec::new(); SHARDS];
        for (key, end) in entries.iter().filter(|(_, end)| is_live(**end, now)) {
            by_shard[self.shard_of(key)].push((key, *end));
        }
        if !self.has_room(&by_shard) {
            self.purge(now);
            if !self.has_room(&by_shard) {
                return Err(Reason::OverlayFull.into());
            }
        }
        let (mut added, mut len) = (0, 0);
        for (shard, entries) in self.shards.iter().zip(by_shard) {
            if !entries.is_empty() {
                shard.update(|known| {
                    let mut known = Entries::clone(known);
                    for (key, end) in entries {
                        if !known.get(key).is_some_and(|end| is_live(*end, now)) {
                            known.insert(Arc::clone(key), end);
                            added += 1;
                        }
                    }
                    Arc::new(known)
                });
            }
            len += shard.read(|entries| entries.len());
        }
        self.len.store(len, Ordering::Relaxed);
        if added > 0 {
            self.raise();
        }
        Ok(added)
    }

    fn has_room(&self, by_shard: &[Vec<(&Arc<str>, Option<i64>)>]) -> bool {
        let new = |(shard, entries): (&Published<Arc<Entries>>, &Vec<(&Arc<str>, _)>)| {
            shard.read(|known| entries.iter().filter(|(key, _)| !known.contains_key(*key)).count())
        };
        self.len() + self.shards.iter().zip(by_shard).map(new).sum::<usize>() <= self.limit
    }

    /// Makes room. What has expired denies nothing, so nothing changes for a reader.
    fn purge(&self, now: i64) {
        let mut len = 0;
        for shard in &self.shards {
            let expired = |entries: &Arc<Entries>| entries.values().any(|end| !is_live(*end, now));
            if shard.read(expired) {
                shard.update(|entries| {
                    let mut entries = Entries::clone(entries);
                    entries.retain(|_, end| is_live(*end, now));
                    Arc::new(entries)
                });
            }
            len += shard.read(|entries| entries.len());
        }
        self.len.store(len, Ordering::Relaxed);
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut Entries)) {
        let (mut before, mut after) = (0, 0);
        self.shard(key).update(|entries| {
            let mut entries = Entries::clone(entries);
            before = entries.len();
            change(&mut entries);
            after = entries.len();
            Arc::new(entries)
        });
        self.len.store((self.len() + after).saturating_sub(before), Ordering::Relaxed);
        self.raise();
    }

    fn raise(&self) {
        self.epoch.fetch_add(1, Ordering::Release);
    }

    fn shard(&self, key: &str) -> &Published<Arc<Entries>> {
        &self.shards[self.shard_of(key)]
    }

    fn shard_of(&self, key: &str) -> usize {
        let shard = self.hasher.hash_one(key) % SHARDS as u64;
        usize::try_from(shard).unwrap_or_default()
    }
}

pub(super) fn is_live(expires_at: Option<i64>, now: i64) -> bool {
    expires_at.is_none_or(|end| now < end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::trust::BundleStore;
    use proptest::prelude::*;

    const THUMBPRINT: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"; // RFC 7638 section 3.1

    fn entry<'a>(kind: DenyKind, source: &'a str, field: DenyField, value: &'a str) -> DenyEntry<'a> {
        DenyEntry { kind, source, field, value, expires_at: None }
    }

    fn asked(store: &BundleStore, entry: DenyEntry<'_>, now: i64) -> bool {
        let mut scratch = String::new();
        store.overlay().is_denied(entry.kind, entry.source, entry.field, entry.value, now, &mut scratch)
    }

    fn refused(entry: DenyEntry<'_>) -> Option<Reason> {
        let store = BundleStore::new();
        let (denied, lifted) = (store.deny(entry, Now::At(1)), store.lift(entry));
        assert_eq!(denied.as_ref().err(), lifted.as_ref().err());
        assert_eq!(store.denials(), 0);
        denied.err().map(|error| {
            assert!(!error.to_string().contains("secret"), "{error}");
            error.reason()
        })
    }

    #[test]
    fn numbers_and_names_are_stable() {
        let names = ["sub", "jti", "kid", "key_thumbprint", "x509_serial", "spki_sha256", "pod_uid"];
        for (n, name) in names.into_iter().enumerate() {
            let field = DenyField::from_name(name).unwrap();
            assert_eq!((field as usize, field.name()), (n + 1, name));
        }
        for (n, name) in ["trust_domain", "issuer", "native"].into_iter().enumerate() {
            let kind = DenyKind::from_name(name).unwrap();
            assert_eq!((kind as usize, kind.name()), (n + 1, name));
        }
        assert_eq!((DenyField::from_name("iss"), DenyKind::from_name("oidc")), (None, None));
    }

    #[test]
    fn an_entry_denies_its_own_value_only() {
        let store = BundleStore::new();
        let denied = entry(DenyKind::TrustDomain, "td", DenyField::Sub, "spiffe://td/a");
        assert!(!asked(&store, denied, 1));
        store.deny(DenyEntry { source: "spiffe://td", ..denied }, Now::At(1)).unwrap();
        assert!(asked(&store, denied, 1));
        for other in [
            DenyEntry { kind: DenyKind::Issuer, ..denied },
            DenyEntry { source: "td2", ..denied },
            DenyEntry { source: "t", value: "dspiffe://td/a", ..denied },
            DenyEntry { field: DenyField::Jti, ..denied },
            DenyEntry { value: "spiffe://td/ab", ..denied },
            DenyEntry { value: "spiffe://td/A", ..denied },
            DenyEntry { value: "", ..denied },
        ] {
            assert!(!asked(&store, other, 1), "{other:?}");
        }
        assert_eq!(store.lift(denied), Ok(true));
        assert_eq!(store.lift(denied), Ok(false));
        assert!(!asked(&store, denied, 1));
    }

    #[test]
    fn a_star_stands_for_every_source_of_the_kind() {
        let store = BundleStore::new();
        let any = entry(DenyKind::Issuer, "*", DenyField::Jti, "j");
        store.deny(any, Now::At(1)).unwrap();
        for issuer in ["https://a.example", "https://b.example", "*"] {
            assert!(asked(&store, DenyEntry { source: issuer, ..any }, 1));
            assert!(!asked(&store, DenyEntry { kind: DenyKind::TrustDomain, source: issuer, ..any }, 1));
        }
        assert_eq!(store.lift(DenyEntry { source: "https://a.example", ..any }), Ok(false));
        assert_eq!(store.lift(any), Ok(true));
    }

    #[test]
    fn an_entry_ends_when_it_says() {
        let store = BundleStore::new();
        let denied = entry(DenyKind::Native, "*", DenyField::KeyThumbprint, THUMBPRINT);
        let until = |end| DenyEntry { expires_at: Some(end), ..denied };
        store.deny(until(100), Now::At(50)).unwrap();
        assert!(asked(&store, denied, 99) && !asked(&store, denied, 100));
        store.deny(until(200), Now::At(50)).unwrap();
        assert!(asked(&store, denied, 199) && !asked(&store, denied, 200));
        store.deny(until(60), Now::At(50)).unwrap();
        assert!(asked(&store, denied, 59) && !asked(&store, denied, 60));
        store.deny(denied, Now::At(50)).unwrap();
        assert!(asked(&store, denied, i64::MAX));
        assert_eq!(store.denials(), 1);
        for past in [50, 0, -1, i64::MIN] {
            assert_eq!(store.deny(until(past), Now::At(50)).unwrap_err().reason(), Reason::ArgumentInvalid);
        }
        assert!(asked(&store, denied, 51));
        assert_eq!(store.deny(denied, Now::At(0)).unwrap_err().reason(), Reason::ClockInvalid);
    }

    #[test]
    fn values_have_the_form_of_their_field() {
        let sha = "0123456789abcdef".repeat(4);
        let long = "s".repeat(2049);
        let serial_of = format!("7b@{sha}");
        let text = [DenyField::Sub, DenyField::Jti, DenyField::Kid, DenyField::PodUid];
        let mut cases: Vec<(DenyField, &str, bool)> = Vec::new();
        for field in text {
            cases.extend([
                (field, "x", true),
                (field, &long[1..], true),
                (field, "", false),
                (field, &long, false),
            ]);
        }
        let upper = sha.to_uppercase();
        let cut = format!("7b@{}", &sha[1..]);
        let twice = format!("7b@{sha}@{sha}");
        cases.extend([
            (DenyField::KeyThumbprint, THUMBPRINT, true),
            (DenyField::KeyThumbprint, &THUMBPRINT[1..], false),
            (DenyField::KeyThumbprint, "NzbLsXh8uDCcd+6MNwXF4W/7noWXFZAfHkxZsRGC9Xs", false),
            (DenyField::KeyThumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs=", false),
            (DenyField::X509Serial, "7b", true),
            (DenyField::X509Serial, "1", true),
            (DenyField::X509Serial, "0", true),
            (DenyField::X509Serial, &serial_of, true),
            (DenyField::X509Serial, "", false),
            (DenyField::X509Serial, "07b", false),
            (DenyField::X509Serial, "00", false),
            (DenyField::X509Serial, "7B", false),
            (DenyField::X509Serial, "7:b", false),
            (DenyField::X509Serial, "7b@", false),
            (DenyField::X509Serial, &cut, false),
            (DenyField::X509Serial, &twice, false),
            (DenyField::X509Serial, &serial_of[2..], false),
            (DenyField::SpkiSha256, &sha, true),
            (DenyField::SpkiSha256, &sha[1..], false),
            (DenyField::SpkiSha256, &upper, false),
        ]);
        for (field, value, good) in cases {
            let expected = if good { None } else { Some(Reason::ArgumentInvalid) };
            let entry = entry(DenyKind::TrustDomain, "td", field, value);
            if good {
                BundleStore::new().deny(entry, Now::At(1)).unwrap();
            } else {
                assert_eq!(refused(entry), expected, "{field:?} {value}");
            }
        }
    }

    #[test]
    fn sources_are_names_of_their_kind() {
        let long = "i".repeat(2049);
        for (kind, source) in [
            (DenyKind::TrustDomain, ""),
            (DenyKind::TrustDomain, "Secret.example"),
            (DenyKind::TrustDomain, "spiffe://secret/path"),
            (DenyKind::TrustDomain, "**"),
            (DenyKind::Issuer, ""),
            (DenyKind::Issuer, &long),
            (DenyKind::Native, ""),
            (DenyKind::Native, "secret"),
        ] {
            assert_eq!(
                refused(entry(kind, source, DenyField::Sub, "x")),
                Some(Reason::SourceNameInvalid),
                "{source}"
            );
        }
    }

    #[test]
    fn nothing_shows_a_value() {
        let shown = format!("{:?}", entry(DenyKind::Issuer, "secret", DenyField::Sub, "secret"));
        assert_eq!(shown, "DenyEntry { kind: Issuer, field: Sub, .. }");
        let invalid = entry(DenyKind::Issuer, "secret", DenyField::SpkiSha256, "secret");
        assert_eq!(refused(invalid), Some(Reason::ArgumentInvalid));
    }

    #[test]
    fn a_full_overlay_makes_room_of_what_has_expired() {
        let overlay = Overlay::with_limit(3);
        let asked = |n: usize, now| {
            overlay.is_denied(DenyKind::Issuer, "i", DenyField::Sub, &n.to_string(), now, &mut String::new())
        };
        let deny = |n: usize, end: Option<i64>, now| {
            let value = n.to_string();
            let key = entry(DenyKind::Issuer, "i", DenyField::Sub, &value).key().unwrap();
            overlay.deny(&key, end, now).map_err(|error| error.reason())
        };
        for n in 0..3 {
            deny(n, (n > 0).then_some(100), 1).unwrap();
        }
        assert_eq!(deny(3, None, 99), Err(Reason::OverlayFull));
        assert_eq!(deny(2, Some(200), 99), Ok(()), "what is known takes no room");
        assert_eq!(deny(3, None, 100), Ok(()));
        assert_eq!(overlay.len(), 3);
        assert_eq!([0, 1, 2, 3].map(|n| asked(n, 150)), [true, false, true, true]);
        assert_eq!(deny(4, None, 150), Err(Reason::OverlayFull));
    }

    #[test]
    fn a_hundred_thousand_entries_fit_and_not_one_more() {
        let store = BundleStore::new();
        let mut scratch = String::new();
        for n in 0..MAX_ENTRIES {
            let value = n.to_string();
            store.deny(entry(DenyKind::Issuer, "i", DenyField::Jti, &value), Now::At(1)).unwrap();
        }
        let one_more = entry(DenyKind::Issuer, "i", DenyField::Jti, "more");
        assert_eq!(store.deny(one_more, Now::At(1)).unwrap_err().reason(), Reason::OverlayFull);
        assert_eq!(store.denials(), MAX_ENTRIES);
        for n in (0..MAX_ENTRIES).step_by(9973) {
            let value = n.to_string();
            assert!(store.overlay().is_denied(
                DenyKind::Issuer,
                "i",
                DenyField::Jti,
                &value,
                1,
                &mut scratch
            ));
        }
        store.clear_denials().unwrap();
        assert_eq!(store.denials(), 0);
        store.deny(one_more, Now::At(1)).unwrap();
    }

    #[test]
    fn many_are_denied_at_once_or_none() {
        let overlay = Overlay::with_limit(3);
        let key = |n: usize| -> Arc<str> {
            entry(DenyKind::Issuer, "i", DenyField::Sub, &n.to_string()).key().unwrap().into()
        };
        let all = |entries: &[(usize, Option<i64>)]| -> Entries {
            entries.iter().map(|(n, end)| (key(*n), *end)).collect()
        };
        let asked = |n: usize, now| {
            overlay.is_denied(DenyKind::Issuer, "i", DenyField::Sub, &n.to_string(), now, &mut String::new())
        };
        overlay.deny(&key(0), Some(100), 1).unwrap();
        let epoch = overlay.epoch();
        let added = overlay.deny_absent(&all(&[(0, None), (1, Some(60)), (2, Some(50))]), 50);
        assert_eq!((added, overlay.len()), (Ok(1), 2), "0 is known, 2 has expired");
        assert!(overlay.epoch() > epoch);
        assert!(asked(0, 99) && !asked(0, 100), "what is known stays as it is");
        assert!(asked(1, 59) && !asked(1, 60) && !asked(2, 50));
        let full = overlay.deny_absent(&all(&[(3, None), (4, None)]), 50);
        assert_eq!(full.unwrap_err().reason(), Reason::OverlayFull);
        assert!(!asked(3, 50) && !asked(4, 50) && overlay.len() == 2);
        assert_eq!(overlay.deny_absent(&all(&[(3, None), (4, None)]), 60), Ok(2), "1 made room");
        assert_eq!(overlay.deny_absent(&all(&[(0, Some(300))]), 100), Ok(1), "an expired one is none");
        assert!(asked(0, 299) && overlay.len() == 3);
    }

    #[test]
    fn keys_are_checked_as_entries_are() {
        let serial = entry(DenyKind::TrustDomain, "td", DenyField::X509Serial, "7b").key().unwrap();
        assert_eq!((serial.as_str(), is_key(&serial)), ("1.5.2.td7b", true));
        assert!(is_key("2.1.1.*a.b.c") && is_key("3.4.1.*NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"));
        for text in [
            "",
            "1.5.2",
            "1.5.2.t",
            "1.5.2.tdx",           // no serial
            "1.5.02.td7b",         // another spelling
            "+1.5.2.td7b",         // likewise
            "1.5.9.spiffe://td7b", // not canonical
            "4.1.1.*a",
            "1.8.1.*a",
            "1.0.1.*a",
            "3.1.1.xa",
            "2.1.1.é",
            "2.1.99999999999999999999.*a",
        ] {
            assert!(!is_key(text), "{text}");
        }
    }

    #[test]
    fn readers_never_miss_what_stays_denied() {
        let store = BundleStore::new();
        let stays = entry(DenyKind::Issuer, "i", DenyField::Sub, "stays");
        store.deny(stays, Now::At(1)).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        assert!(asked(&store, stays, 1));
                    }
                });
            }
            for n in 0..2000 {
                let value = n.to_string();
                let other = entry(DenyKind::Issuer, "i", DenyField::Sub, &value);
                store.deny(other, Now::At(1)).unwrap();
                assert!(asked(&store, other, 1));
                store.deny(stays, Now::At(1)).unwrap();
                assert_eq!(store.lift(other), Ok(true));
            }
            done.store(true, Ordering::Relaxed);
        });
    }

    #[derive(Clone, Debug)]
    enum Step {
        Deny(u8, Option<i64>),
        Lift(u8),
        Clear,
        Wait(i64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (0..24u8, proptest::option::of(1..40i64)).prop_map(|(n, life)| Step::Deny(n, life)),
            3 => (0..24u8).prop_map(Step::Lift),
            1 => Just(Step::Clear),
            2 => (1..20i64).prop_map(Step::Wait),
        ]
    }

    proptest! {
        /// Against a plain map, with the same entries under `*` and under a name.
        #[test]
        fn the_overlay_is_a_set_with_ends(steps in proptest::collection::vec(step(), 0..80)) {
            const LIMIT: usize = 12;
            let overlay = Overlay::with_limit(LIMIT);
            let mut model: HashMap<u8, Option<i64>> = HashMap::new();
            let (mut now, mut scratch) = (1_000, String::new());
            let source = |n: u8| if n.is_multiple_of(2) { "*" } else { "i" };
            let value = |n: u8| (n / 2).to_string();
            for step in steps {
                let epoch = overlay.epoch();
                let changed = match step {
                    Step::Deny(n, life) => {
                        let end = life.map(|life| now + life);
                        let key = entry(DenyKind::Issuer, source(n), DenyField::Sub, &value(n)).key().unwrap();
                        let denied = overlay.deny(&key, end, now);
                        let live = model.values().filter(|end| is_live(**end, now)).count();
                        if model.contains_key(&n) || live < LIMIT {
                            prop_assert_eq!(denied, Ok(()));
                            if !model.contains_key(&n) && model.len() >= LIMIT {
                                model.retain(|_, end| is_live(*end, now));
                            }
                            model.insert(n, end);
                            true
                        } else {
                            prop_assert_eq!(denied.unwrap_err().reason(), Reason::OverlayFull);
                            model.retain(|_, end| is_live(*end, now));
                            false
                        }
                    }
                    Step::Lift(n) => {
                        let key = entry(DenyKind::Issuer, source(n), DenyField::Sub, &value(n)).key().unwrap();
                        let known = model.remove(&n).is_some();
                        prop_assert_eq!(overlay.lift(&key), known);
                        known
                    }
                    Step::Clear => {
                        overlay.clear();
                        model.clear();
                        true
                    }
                    Step::Wait(seconds) => {
                        now += seconds;
                        false
                    }
                };
                prop_assert!(!changed || overlay.epoch() > epoch);
                prop_assert_eq!(overlay.len(), model.len());
                let live = |n: u8| model.get(&n).is_some_and(|end| is_live(*end, now));
                for n in 0..12u8 {
                    let text = n.to_string();
                    let mut ask =
                        |source| overlay.is_denied(DenyKind::Issuer, source, DenyField::Sub, &text, now, &mut scratch);
                    prop_assert_eq!(ask("i"), live(2 * n) || live(2 * n + 1));
                    prop_assert_eq!(ask("other"), live(2 * n));
                }
            }
        }

        /// Different entries never share a key.
        #[test]
        fn keys_are_unambiguous(a in "[a0.*]{0,4}", b in "[a0.*]{0,4}", c in "[a0.*]{0,4}", d in "[a0.*]{0,4}") {
            let key = |source: &str, value: &str| {
                let mut key = String::new();
                write_key(&mut key, DenyKind::Issuer, source, DenyField::Sub, value);
                key
            };
            prop_assert_eq!(key(&a, &b) == key(&c, &d), a == c && b == d);
        }
    }
}
