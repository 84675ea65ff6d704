//! What a `native` attestor adds: which passports may enter without another credential.

use super::reader::{Field, MAX_SECS, Object};
use crate::credential::passport::Passport;
use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::base64url;

/// Passports alone.
pub(crate) struct Native {
    /// What stands before the key in the identity.
    pub(crate) identity_prefix: Box<str>,
    /// RFC 7638 thumbprints, base64url; `None` takes any key.
    pub(crate) pinned_keys: Option<Vec<Box<str>>>,
    max_lifetime: Option<i64>,
}

impl Native {
    pub(super) const FIELDS: &[&str] = &["identity_prefix", "pinned_keys", "passport_max_lifetime_secs"];

    pub(super) fn read(object: &Object<'_, '_>) -> Result<Self, ConfigError> {
        let prefix = object.optional("identity_prefix").map(|field| read_prefix(&field)).transpose()?;
        let lifetime = object.optional("passport_max_lifetime_secs");
        Ok(Self {
            identity_prefix: prefix.unwrap_or_else(|| "native:".into()),
            pinned_keys: object.optional("pinned_keys").map(|field| read_pins(&field)).transpose()?,
            max_lifetime: lifetime.map(|f| f.integer(1..=MAX_SECS)).transpose()?,
        })
    }

    /// How long the passport lives, and still will: a self-signed `iat` in the future buys nothing.
    pub(crate) fn check_lifetime(&self, passport: &Passport<'_>, now: i64) -> Result<(), Reason> {
        let Some(most) = self.max_lifetime else { return Ok(()) };
        let start = passport.claims.issued_at.ok_or(Reason::ClaimMissing)?.min(now);
        if passport.expires_at.saturating_sub(start) > most { Err(Reason::LifetimeTooLong) } else { Ok(()) }
    }

    pub(crate) fn check_pin(&self, thumbprint: &str) -> Result<(), Reason> {
        match &self.pinned_keys {
            Some(pins) if !pins.iter().any(|pin| **pin == *thumbprint) => Err(Reason::KeyUntrusted),
            _ => Ok(()),
        }
    }
}

/// Printable ASCII; and no prefix that lends a key the look of another kind's identity.
fn read_prefix(field: &Field<'_>) -> Result<Box<str>, ConfigError> {
    let prefix = field.string()?;
    if prefix.len() > 64 || !prefix.bytes().all(|b| b.is_ascii_graphic()) {
        return field.fail("must be at most 64 printable ASCII characters");
    }
    if ["spiffe:", "oidc:"].iter().any(|other| prefix.starts_with(other)) {
        return field.fail("must not look like the identity of another kind");
    }
    Ok(prefix.into())
}

fn read_pins(field: &Field<'_>) -> Result<Vec<Box<str>>, ConfigError> {
    let pins = field.strings()?;
    for (element, pin) in field.list()?.iter().zip(&pins) {
        if base64url::decode_32(pin.chars()).is_none() {
            return element.fail("must be an RFC 7638 thumbprint: 43 characters of base64url");
        }
    }
    Ok(pins)
}
