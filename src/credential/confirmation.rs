//! `cnf` (RFC 7800): a credential bound to a key is worth nothing without proof of that key.

use crate::credential::passport;
use crate::crypto::sha256;
use crate::verdict::Reason;
use crate::wire::base64url;
use crate::wire::json::{Kind, Value};

/// What was proven beside the credential.
#[derive(Clone, Copy, Default)]
pub(crate) struct Proofs<'a> {
    pub(crate) passport: Option<passport::Proof<'a>>,
    /// The certificate of the TLS peer, DER.
    pub(crate) peer_certificate: Option<&'a [u8]>,
}

/// Whether what `cnf` asks for was proven: exactly one of `jwk`, `jkt` and `x5t#S256`.
pub(crate) fn check(confirmation: Option<Value<'_>>, proofs: Proofs<'_>) -> Result<(), Reason> {
    let Some(confirmation) = confirmation else {
        return Ok(());
    };
    let mut members = confirmation.members();
    let (Some((name, value)), None) = (members.next(), members.next()) else {
        return Err(Reason::CnfInvalid);
    };
    let (wanted, proven) = if name.is("jwk") {
        (Kind::Object, proofs.passport.map(|(key, _)| names_key(value, key)))
    } else if name.is("jkt") {
        (
            Kind::String,
            proofs.passport.map(|(_, thumbprint)| value.as_str().is_some_and(|s| s.is(thumbprint))),
        )
    } else if name.is("x5t#S256") {
        (Kind::String, proofs.peer_certificate.map(|certificate| names_certificate(value, certificate)))
    } else {
        return Err(Reason::CnfInvalid);
    };
    match proven {
        _ if value.kind() != wanted => Err(Reason::CnfInvalid),
        Some(true) => Ok(()),
        Some(false) => Err(Reason::CnfInvalid),
        None => Err(Reason::PopRequired),
    }
}

/// RFC 7800 section 3.2; a confirmation that gives a private key away confirms nothing.
fn names_key(jwk: Value<'_>, key: &[u8; 32]) -> bool {
    !jwk.members().any(|(name, _)| name.is("d")) && passport::read_jwk(jwk).is_ok_and(|named| named == *key)
}

/// RFC 8705 section 3.1.
fn names_certificate(value: Value<'_>, certificate: &[u8]) -> bool {
    let named = value.as_str().and_then(|text| base64url::decode_32(text.chars()));
    named == Some(sha256(certificate))
}
