//! Bundle documents (Trust Domain and Bundle section 4, JWT-SVID section 6, RFC 7517 section 5).
//!
//! The format is always stated, never guessed: it decides which `use` an entry must have.

use super::jwk;
use super::skip::{Skip, SkipCounts};
use super::slot::{Authority, Key, Slot};
use crate::credential::spiffe_id;
use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::json::{Kind, Limits, Str, Tape, Value};

/// Largest document, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Most entries of `keys`.
const MAX_KEYS: usize = 1024;
const LIMITS: Limits = Limits { depth: 16, members: 64 * 1024 };
/// Bounds of a refresh hint, in seconds.
const REFRESH_HINT: (u64, u64) = (10, 24 * 3600);

/// The format of a bundle document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Format {
    /// A SPIFFE bundle: `use` decides; feeds both slots.
    SpiffeBundle = 1,
    /// A JWT bundle as the Workload API gives it: `use` absent or `jwt-svid`; feeds the JWT slot.
    WorkloadApiJwks = 2,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::SpiffeBundle, Self::WorkloadApiJwks];

    /// The name used in flags and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SpiffeBundle => "spiffe_bundle",
            Self::WorkloadApiJwks => "workload_api_jwks",
        }
    }

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name() == name)
    }
}

/// What a document says. A slot the document does not speak for is `None` and stays as it is.
pub(crate) struct Bundle {
    pub(crate) keys: Option<Vec<Key>>,
    pub(crate) authorities: Option<Vec<Authority>>,
    pub(crate) sequence: Option<u64>,
    pub(crate) refresh_hint: Option<u64>,
    pub(crate) skips: SkipCounts,
}

/// Reads a document for the trust domain `name`.
pub(crate) fn read(name: &str, format: Format, document: &[u8]) -> Result<Bundle, ConfigError> {
    let malformed = |what: &str| ConfigError::new(Reason::BundleMalformed, what);
    if document.len() > MAX_BYTES {
        return Err(malformed("the document is larger than 1 MiB"));
    }
    let mut tape = Tape::default();
    let root = tape.read(document, LIMITS).map_err(|reason| malformed(reason.phrase()))?;
    let keys = root.get("keys").ok_or_else(|| malformed("keys: missing"))?;
    if keys.kind() != Kind::Array {
        return Err(malformed(&format!("keys: must be an array, not {}", keys.kind().name())));
    }
    if keys.elements().count() > MAX_KEYS {
        return Err(malformed("keys: more than 1024 entries"));
    }
    check_own_name(root, name)?;
    let mut bundle = collect(keys, format)?;
    bundle.sequence = root.get("spiffe_sequence").and_then(Value::as_u64);
    bundle.refresh_hint = root
        .get("spiffe_refresh_hint")
        .and_then(Value::as_u64)
        .filter(|hint| *hint > 0)
        .map(|hint| hint.clamp(REFRESH_HINT.0, REFRESH_HINT.1));
    Ok(bundle)
}

fn check_own_name(root: Value<'_>, name: &str) -> Result<(), ConfigError> {
    match root.get("trust_domain") {
        None => Ok(()),
        Some(own) => {
            let own = own.as_str().map(Str::decode).unwrap_or_default();
            if spiffe_id::trust_domain_name(&own) == Ok(name) {
                return Ok(());
            }
            Err(ConfigError::new(
                Reason::TrustDomainMismatch,
                "trust_domain: not the name the bundle is put under",
            ))
        }
    }
}

fn collect(entries: Value<'_>, format: Format) -> Result<Bundle, ConfigError> {
    let mut skips = SkipCounts::default();
    let (mut keys, mut authorities) = (Vec::new(), Vec::new());
    let (mut key_entries, mut authority_entries) = (0, 0);
    for (at, entry) in entries.elements().enumerate() {
        let use_ = used_for(entry, format);
        if use_.is_ok() && jwk::is_private(entry) {
            return Err(ConfigError::new(
                Reason::BundlePrivateKey,
                format!("keys[{at}]: has private members"),
            ));
        }
        let outcome = match use_ {
            Err(skip) => Err(skip),
            Ok(Use::Jwt) => {
                key_entries += 1;
                jwk::jwt_key(entry).map(|key| keys.push(key))
            }
            Ok(Use::X509) => {
                authority_entries += 1;
                jwk::authority(entry).map(|authority| add_once(&mut authorities, authority))
            }
        };
        if let Err(skip) = outcome {
            skips.add(skip);
        }
    }
    let keys = Slot::drop_ambiguous(keys, &mut skips);
    let revoked = entries.elements().next().is_none();
    if !revoked && keys.is_empty() && authorities.is_empty() {
        return Err(ConfigError::new(Reason::NoUsableKeys, describe(&skips)));
    }
    // Entries that are all unusable are a broken publication, not a revocation.
    let broken = |entries: i32, usable: usize| entries > 0 && usable == 0;
    Ok(Bundle {
        keys: (!broken(key_entries, keys.len())).then_some(keys),
        authorities: (format == Format::SpiffeBundle && !broken(authority_entries, authorities.len()))
            .then_some(authorities),
        sequence: None,
        refresh_hint: None,
        skips,
    })
}

/// A publisher may repeat an anchor; it is still one.
fn add_once(authorities: &mut Vec<Authority>, authority: Authority) {
    if !authorities.iter().any(|known| known.der == authority.der) {
        authorities.push(authority);
    }
}

fn describe(skips: &SkipCounts) -> String {
    let counted =
        |skip: &Skip| (skips.get(*skip) > 0).then(|| format!("{} {}", skips.get(*skip), skip.slug()));
    let parts: Vec<_> = Skip::ALL.iter().filter_map(counted).collect();
    format!("{} of {} entries skipped: {}", skips.total(), skips.total(), parts.join(", "))
}

enum Use {
    Jwt,
    X509,
}

fn used_for(entry: Value<'_>, format: Format) -> Result<Use, Skip> {
    if entry.kind() != Kind::Object {
        return Err(Skip::NotObject);
    }
    let is = |value: Value<'_>, name: &str| value.as_str().is_some_and(|s| s.is(name));
    match (format, entry.get("use")) {
        (Format::WorkloadApiJwks, None) => Ok(Use::Jwt),
        (_, Some(use_)) if is(use_, "jwt-svid") => Ok(Use::Jwt),
        (Format::SpiffeBundle, Some(use_)) if is(use_, "x509-svid") => Ok(Use::X509),
        _ => Err(Skip::UseIgnored),
    }
}
