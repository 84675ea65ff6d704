//! Bundle documents (Trust Domain and Bundle section 4, JWT-SVID section 6, RFC 7517 section 5).
//!
//! The format is always stated, never guessed: it decides which `use` an entry must have.

use super::format::Format;
use super::jwk::{self, KeyRules};
use super::skip::{Skip, SkipCounts};
use super::slot::{Authority, Crl, Key, Slot};
use crate::credential::spiffe_id;
use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::der;
use crate::wire::json::{Kind, Limits, Str, Tape, Value};
use crate::wire::pem::{self, Block};

/// Largest document, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Most entries of `keys`.
const MAX_KEYS: usize = 1024;
/// Most revocation lists.
const MAX_CRLS: usize = 64;
pub(super) const LIMITS: Limits = Limits { depth: 16, members: 64 * 1024 };
/// Bounds of a refresh hint, in seconds.
pub(super) const REFRESH_HINT: (u64, u64) = (10, 24 * 3600);

impl Format {
    pub(super) fn key_rules(self) -> KeyRules {
        let plain = self == Self::Jwks;
        KeyRules { kid_required: !plain, ed25519: plain, issuer: plain }
    }
}

/// What a document says. A slot the document does not speak for is `None` and stays as it is.
#[derive(Default)]
pub(crate) struct Bundle {
    pub(crate) keys: Option<Vec<Key>>,
    pub(crate) authorities: Option<Vec<Authority>>,
    pub(crate) crls: Option<Vec<Crl>>,
    pub(crate) sequence: Option<u64>,
    pub(crate) refresh_hint: Option<u64>,
    pub(crate) skips: SkipCounts,
}

/// Reads a document for the source `name`.
pub(crate) fn read(name: &str, format: Format, document: &[u8]) -> Result<Bundle, ConfigError> {
    if document.len() > MAX_BYTES {
        return Err(malformed("the document is larger than 1 MiB"));
    }
    match format {
        Format::SpiffeBundle | Format::WorkloadApiJwks | Format::Jwks => read_json(name, format, document),
        Format::PublicKeyPem => read_public_keys(document),
        Format::X509Pem => read_authorities(pem_blocks(document, "CERTIFICATE")?.iter().map(|b| &*b.der)),
        Format::X509Der => read_authorities(der_sequence(document)?.into_iter()),
        Format::BundleMap => {
            Err(ConfigError::new(Reason::FormatUnsupported, "a bundle map is not one source's document"))
        }
        Format::X509Crl => read_crls(document),
    }
}

pub(super) fn malformed(what: impl Into<String>) -> ConfigError {
    ConfigError::new(Reason::BundleMalformed, what)
}

fn read_json(name: &str, format: Format, document: &[u8]) -> Result<Bundle, ConfigError> {
    let mut tape = Tape::default();
    let root = tape.read(document, LIMITS).map_err(|reason| malformed(reason.phrase()))?;
    let keys = root.get("keys").ok_or_else(|| malformed("keys: missing"))?;
    if keys.kind() != Kind::Array {
        return Err(malformed(format!("keys: must be an array, not {}", keys.kind().name())));
    }
    if keys.elements().count() > MAX_KEYS {
        return Err(malformed("keys: more than 1024 entries"));
    }
    if format != Format::Jwks {
        check_own_name(root, name)?;
    }
    let mut bundle = collect(keys, format)?;
    bundle.sequence = root.get("spiffe_sequence").and_then(Value::as_u64);
    bundle.refresh_hint = root
        .get("spiffe_refresh_hint")
        .and_then(Value::as_u64)
        .filter(|hint| *hint > 0)
        .map(|hint| hint.clamp(REFRESH_HINT.0, REFRESH_HINT.1));
    Ok(bundle)
}

/// The blocks of a PEM file, all of one label. A private key beside them has leaked.
pub(crate) fn pem_blocks<'a>(document: &'a [u8], label: &str) -> Result<Vec<Block<'a>>, ConfigError> {
    let text = core::str::from_utf8(document).map_err(|_| malformed(Reason::InvalidUtf8.phrase()))?;
    let blocks = pem::blocks(text).ok_or_else(|| malformed("a PEM block is broken"))?;
    for (at, block) in blocks.iter().enumerate() {
        if block.label.ends_with("PRIVATE KEY") {
            return Err(ConfigError::new(Reason::BundlePrivateKey, format!("PEM block {at}: a private key")));
        }
        if block.label != label {
            return Err(malformed(format!("PEM block {at}: not a {label}")));
        }
    }
    if blocks.is_empty() { Err(malformed(format!("no PEM block {label}"))) } else { Ok(blocks) }
}

fn read_public_keys(document: &[u8]) -> Result<Bundle, ConfigError> {
    let mut bundle = Bundle::default();
    let mut keys = Vec::new();
    for block in pem_blocks(document, "PUBLIC KEY")? {
        match jwk::key_from_spki(&block.der) {
            Ok(key) => keys.push(key),
            Err(Skip::KeyInvalid) => return Err(malformed("a PEM block is not a public key")),
            Err(skip) => bundle.skips.add(skip),
        }
    }
    let keys = Slot::drop_ambiguous(keys, &mut bundle.skips);
    if keys.is_empty() {
        return Err(ConfigError::new(Reason::NoUsableKeys, describe(&bundle.skips)));
    }
    bundle.keys = Some(keys);
    Ok(bundle)
}

fn read_authorities<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> Result<Bundle, ConfigError> {
    let mut bundle = Bundle::default();
    let mut authorities = Vec::new();
    for certificate in certificates {
        match jwk::authority_from(certificate) {
            Ok(authority) => add_once(&mut authorities, authority),
            Err(Skip::CertificateInvalid) => return Err(malformed("a certificate cannot be read")),
            Err(skip) => bundle.skips.add(skip),
        }
    }
    if authorities.is_empty() {
        return Err(ConfigError::new(Reason::NoUsableKeys, describe(&bundle.skips)));
    }
    bundle.authorities = Some(authorities);
    Ok(bundle)
}

/// DER revocation lists without anything between, before or behind them; none clears the slot.
fn read_crls(document: &[u8]) -> Result<Bundle, ConfigError> {
    let broken = || malformed("a revocation list cannot be read");
    let mut crls = Vec::new();
    let mut rest = document;
    while !rest.is_empty() {
        if crls.len() == MAX_CRLS {
            return Err(malformed("more than 64 revocation lists"));
        }
        let (bytes, behind) = der::whole(rest, der::SEQUENCE).ok_or_else(broken)?;
        rest = behind;
        crls.push(Crl::read(bytes).ok_or_else(broken)?);
    }
    Ok(Bundle { crls: Some(crls), ..Bundle::default() })
}

/// DER certificates without anything between, before or behind them.
pub(super) fn der_sequence(document: &[u8]) -> Result<Vec<&[u8]>, ConfigError> {
    let mut certificates = Vec::new();
    let mut rest = document;
    while !rest.is_empty() {
        let element =
            der::expect(rest, der::SEQUENCE).ok_or_else(|| malformed("a certificate cannot be read"))?;
        certificates.push(&rest[..rest.len() - element.rest.len()]);
        rest = element.rest;
    }
    if certificates.is_empty() { Err(malformed("no certificate")) } else { Ok(certificates) }
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
                jwk::jwt_key(entry, format.key_rules()).map(|key| keys.push(key))
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
    if revoked && format == Format::Jwks {
        return Err(ConfigError::new(Reason::NoUsableKeys, "keys: empty; only SPIFFE formats revoke"));
    }
    if !revoked && keys.is_empty() && authorities.is_empty() {
        return Err(ConfigError::new(Reason::NoUsableKeys, describe(&skips)));
    }
    // Entries that are all unusable are a broken publication, not a revocation.
    let broken = |entries: i32, usable: usize| entries > 0 && usable == 0;
    Ok(Bundle {
        keys: (!broken(key_entries, keys.len())).then_some(keys),
        authorities: (format == Format::SpiffeBundle && !broken(authority_entries, authorities.len()))
            .then_some(authorities),
        crls: None,
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

pub(super) enum Use {
    Jwt,
    X509,
}

pub(super) fn used_for(entry: Value<'_>, format: Format) -> Result<Use, Skip> {
    if entry.kind() != Kind::Object {
        return Err(Skip::NotObject);
    }
    let is = |value: Value<'_>, name: &str| value.as_str().is_some_and(|s| s.is(name));
    match (format, entry.get("use")) {
        (Format::WorkloadApiJwks | Format::Jwks, None) => Ok(Use::Jwt),
        (Format::Jwks, Some(use_)) if is(use_, "sig") => Ok(Use::Jwt),
        (_, Some(use_)) if is(use_, "jwt-svid") => Ok(Use::Jwt),
        (Format::SpiffeBundle, Some(use_)) if is(use_, "x509-svid") => Ok(Use::X509),
        _ => Err(Skip::UseIgnored),
    }
}
