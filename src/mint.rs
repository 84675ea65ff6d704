//! Making a native passport: for agents, their tests and the command line. A control plane never does.

use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::base64url;
use crate::wire::canonical::{Object, write_strings};
use core::fmt;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// What a passport says beside its key. Times are Unix seconds.
#[derive(Clone, Copy)]
pub struct PassportClaims<'a> {
    /// From then on the passport is expired, without leeway.
    pub expires_at: i64,
    /// When it was made; a policy may bound the lifetime, and then needs it.
    pub issued_at: Option<i64>,
    /// Whom it is for; a policy with audiences needs one of them.
    pub audiences: &'a [&'a str],
    /// A unique id.
    pub id: Option<&'a str>,
}

impl PassportClaims<'_> {
    /// Signs a passport with the Ed25519 private key whose seed (RFC 8032 section 5.1.5) is `seed`.
    ///
    /// # Errors
    /// `argument_invalid`: `expires_at` is not positive or not after `issued_at`.
    pub fn mint(&self, seed: &[u8; 32]) -> Result<String, ConfigError> {
        if self.expires_at <= self.issued_at.unwrap_or_default() {
            return Err(ConfigError::new(Reason::ArgumentInvalid, "expires_at: must be after issued_at"));
        }
        let key = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| ConfigError::new(Reason::KeyInvalid, "seed: not an Ed25519 private key"))?;
        let x = base64url::encode(key.public_key().as_ref());
        let header = format!(
            r#"{{"alg":"EdDSA","jwk":{{"crv":"Ed25519","kty":"OKP","x":"{x}"}},"typ":"passport+jwt"}}"#
        );
        let mut passport =
            [header.as_str(), &self.payload()].map(|part| base64url::encode(part.as_bytes())).join(".");
        let signature = base64url::encode(key.sign(passport.as_bytes()).as_ref());
        passport.push('.');
        passport.push_str(&signature);
        Ok(passport)
    }

    fn payload(&self) -> String {
        let mut out = String::new();
        let mut object = Object::begin(&mut out);
        match self.audiences {
            [] => {}
            [only] => object.string("aud", only),
            several => write_strings(object.member("aud"), several.iter().copied()),
        }
        object.number("expires_at", self.expires_at);
        if let Some(issued_at) = self.issued_at {
            object.number("iat", issued_at);
        }
        object.optional("jti", self.id);
        object.end();
        out
    }
}

impl fmt::Debug for PassportClaims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassportClaims").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The RFC 7638 thumbprint, base64url, of the passport key with this seed: what a policy pins.
///
/// # Errors
/// `key_invalid`.
pub fn passport_thumbprint(seed: &[u8; 32]) -> Result<String, ConfigError> {
    let key = Ed25519KeyPair::from_seed_unchecked(seed).ok();
    let public = key.and_then(|key| <[u8; 32]>::try_from(key.public_key().as_ref()).ok());
    let public = public.ok_or(Reason::KeyInvalid)?;
    Ok(base64url::encode(&crate::crypto::ed25519_thumbprint(&public)))
}
