//! The native passport: a compact JWS that carries its own Ed25519 key, signed by that key.
//!
//! It proves possession of the key and nothing else; the key is the identity. This is the one kind of
//! credential whose header key is read.

use crate::credential::claims::{Claims, date};
use crate::credential::header::{self, Typ};
use crate::crypto::{Algorithm, AlgorithmSet, PublicKey, ed25519_thumbprint};
use crate::verdict::Reason;
use crate::wire::canonical::push_hex;
use crate::wire::json::{Kind, Limits, Tape, Value};
use crate::wire::numeric_date::Round;
use crate::wire::{base64url, jws};

/// What reading a passport needs, and what is known of the last one that verified.
#[derive(Default)]
pub(crate) struct Storage {
    pub(crate) parts: jws::Parts,
    header: Tape,
    pub(crate) claims: Tape,
    pub(crate) key: [u8; 32],
    /// RFC 7638 thumbprint of the key, base64url; empty until the signature has been verified.
    pub(crate) thumbprint: String,
}

impl Storage {
    /// Overwrites what the last passport left.
    pub(crate) fn wipe(&mut self) {
        self.parts.wipe();
        self.claims.clear();
        self.key = [0; 32];
        self.thumbprint.clear();
    }

    /// The key of a passport that verified, and its thumbprint.
    pub(crate) fn proven(&self) -> Option<Proof<'_>> {
        (!self.thumbprint.is_empty()).then_some((&self.key, &*self.thumbprint))
    }
}

/// A key whose possession a passport proved, and its RFC 7638 thumbprint, base64url.
pub(crate) type Proof<'a> = (&'a [u8; 32], &'a str);

/// A passport whose form is good and whose signature has not been looked at.
pub(crate) struct Passport<'a> {
    pub(crate) key: &'a [u8; 32],
    pub(crate) claims: Claims<'a>,
    pub(crate) expires_at: i64,
    root: Value<'a>,
    signed: &'a [u8],
    signature: &'a [u8],
    algorithm: Algorithm,
    thumbprint: &'a mut String,
}

/// Reads a passport: its bytes, its header, its claims.
pub(crate) fn read<'a>(
    storage: &'a mut Storage,
    token: &'a [u8],
    max_bytes: usize,
    limits: Limits,
) -> Result<Passport<'a>, Reason> {
    let Storage { parts, header, claims, key, thumbprint } = storage;
    let signed = parts.decode(token, max_bytes)?;
    let root = header.read(parts.header(), limits)?;
    let exact = |typ| if typ == Typ::Passport { Ok(()) } else { Err(Reason::TypMismatch) };
    let algorithm = header::read(root, exact, AlgorithmSet::ed25519())?.algorithm;
    *key = read_key(root)?;
    parts.require_signature()?;
    let root = claims.read(parts.payload(), limits)?;
    let claims = Claims::read(root)?;
    let expires_at = read_expiry(&claims, root)?;
    Ok(Passport {
        key,
        claims,
        expires_at,
        root,
        signed,
        signature: parts.signature(),
        algorithm,
        thumbprint,
    })
}

/// The header is `alg`, `typ` and `jwk`, nothing else; the key likewise is `kty`, `crv` and `x`.
fn read_key(header: Value<'_>) -> Result<[u8; 32], Reason> {
    if header.members().any(|(name, _)| !["alg", "typ", "jwk"].iter().any(|known| name.is(known))) {
        return Err(Reason::HeaderParamForbidden);
    }
    let jwk = header.get("jwk").ok_or(Reason::KeyInvalid)?;
    if jwk.kind() != Kind::Object {
        return Err(Reason::HeaderParamInvalid);
    }
    let key = read_jwk(jwk)?;
    if jwk.members().count() == 3 { Ok(key) } else { Err(Reason::KeyInvalid) }
}

/// A public Ed25519 JWK (RFC 8037 section 2), its point not yet judged.
pub(crate) fn read_jwk(jwk: Value<'_>) -> Result<[u8; 32], Reason> {
    let text = |name| jwk.get(name).and_then(Value::as_str).ok_or(Reason::KeyInvalid);
    if !text("kty")?.is("OKP") || !text("crv")?.is("Ed25519") {
        return Err(Reason::AlgKeyMismatch);
    }
    base64url::decode_32(text("x")?.chars()).ok_or(Reason::KeyInvalid)
}

/// `expires_at`, or `exp`; of both, one value.
fn read_expiry(claims: &Claims<'_>, root: Value<'_>) -> Result<i64, Reason> {
    let own = root.get("expires_at").map(|value| date(value, Round::Down)).transpose()?;
    match (own, claims.expires_at) {
        (Some(own), Some(registered)) if own != registered => Err(Reason::ClaimTypeInvalid),
        (own, registered) => own.or(registered).ok_or(Reason::ClaimMissing),
    }
}

impl<'a> Passport<'a> {
    /// Valid while `now` is before the expiry, without leeway; `skew` is for `nbf` only.
    pub(crate) fn check_time(&self, skew: i64, now: i64) -> Result<(), Reason> {
        if now >= self.expires_at {
            return Err(Reason::TokenExpired);
        }
        match self.claims.not_before {
            Some(nbf) if now < nbf - skew => Err(Reason::TokenNotYetValid),
            _ => Ok(()),
        }
    }

    /// The signature is the header key's own; the key is a point, canonically encoded, not of small order. Gives the
    /// key and its thumbprint, and the claims.
    pub(crate) fn verify(self) -> Result<(Proof<'a>, Value<'a>), Reason> {
        let key = PublicKey::ed25519(self.key).map_err(|_| Reason::KeyInvalid)?;
        key.verify(self.algorithm, self.signed, self.signature)?;
        base64url::encode_to(&ed25519_thumbprint(self.key), |text| {
            self.thumbprint.extend(text.iter().map(|byte| char::from(*byte)));
        });
        Ok(((self.key, self.thumbprint), self.root))
    }

    /// Appends the key as 64 hex digits.
    pub(crate) fn push_key_hex(&self, out: &mut String) {
        push_hex(out, self.key);
    }
}
