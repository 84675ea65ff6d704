//! OIDC ID tokens (OpenID Connect Core section 3.1.3.7) and JWT access tokens (RFC 9068).

use crate::credential::claims::Claims;
use crate::credential::header::Typ;
use crate::crypto::Algorithm;
use crate::verdict::Reason;
use crate::wire::base64url;
use crate::wire::json::{Str, Value};
use ring::digest;

/// Which tokens of an issuer are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenClass {
    Either,
    Id,
    /// As RFC 9068 has it.
    Access,
}

/// `typ` against the class; classes do not mix (RFC 8725 section 3.12).
pub(crate) fn check_typ(typ: Typ, class: TokenClass) -> Result<(), Reason> {
    match (typ, class) {
        (Typ::OtherClass | Typ::Passport, _) | (Typ::AccessToken, TokenClass::Id) => {
            Err(Reason::TokenClassMismatch)
        }
        (Typ::AccessToken, _) => Ok(()),
        (_, TokenClass::Access) => Err(Reason::TypMismatch),
        (Typ::Absent | Typ::Jwt | Typ::JwtSpelling, _) => Ok(()),
        _ => Err(Reason::TypMismatch),
    }
}

/// What the claims of a class are, beyond `typ`.
#[derive(Clone, Copy)]
pub(crate) struct ClassRules {
    /// Of each group, one claim must be there.
    pub(crate) required: &'static [&'static [&'static str]],
    /// Claims that only another class has.
    pub(crate) foreign: &'static [&'static str],
    /// What the payload's own `typ` may say; empty where the provider has none.
    pub(crate) kinds: &'static [&'static str],
}

impl ClassRules {
    pub(crate) const NONE: Self = Self { required: &[], foreign: &[], kinds: &[] };
    pub(crate) const ID: Self = Self { required: &[&["iat"]], ..Self::NONE };
    /// RFC 9068 section 2.2, but for what every token must have.
    pub(crate) const RFC_9068: Self = Self { required: &[&["client_id"], &["iat"], &["jti"]], ..Self::NONE };
}

/// Claims a class must have, and those that betray another one.
pub(crate) fn check_class(claims: &Claims<'_>, root: Value<'_>, rules: &ClassRules) -> Result<(), Reason> {
    let has = |name: &&str| root.get(name).is_some();
    if has(&"events") || rules.foreign.iter().any(has) {
        return Err(Reason::TokenClassMismatch);
    }
    if let Some(kind) = root.get("typ").filter(|_| !rules.kinds.is_empty()) {
        let kind = kind.as_str().ok_or(Reason::ClaimTypeInvalid)?;
        if !rules.kinds.iter().any(|known| kind.is(known)) {
            return Err(Reason::TokenClassMismatch);
        }
    }
    let missing = rules.required.iter().any(|group| !group.iter().any(has));
    if missing || claims.subject.is_none_or(Str::is_empty) { Err(Reason::ClaimMissing) } else { Ok(()) }
}

/// `azp` where the policy lists authorized parties.
pub(crate) fn check_authorized_party(root: Value<'_>, parties: &[Box<str>]) -> Result<(), Reason> {
    if parties.is_empty() {
        return Ok(());
    }
    let azp = root.get("azp").ok_or(Reason::AzpMissing)?;
    let azp = azp.as_str().ok_or(Reason::ClaimTypeInvalid)?;
    if parties.iter().any(|party| azp.is(party)) { Ok(()) } else { Err(Reason::AzpMismatch) }
}

/// The token's `nonce` is the one the host sent (section 3.1.3.7, item 11).
pub(crate) fn check_nonce(root: Value<'_>, expected: &str) -> Result<(), Reason> {
    let nonce = root.get("nonce").ok_or(Reason::NonceMissing)?;
    let nonce = nonce.as_str().ok_or(Reason::ClaimTypeInvalid)?;
    if nonce.is(expected) { Ok(()) } else { Err(Reason::NonceMismatch) }
}

/// The end user authenticated at most `max_age` seconds ago (item 13).
pub(crate) fn check_auth_time(
    auth_time: Option<i64>,
    max_age: i64,
    skew: i64,
    now: i64,
) -> Result<(), Reason> {
    let auth_time = auth_time.ok_or(Reason::AuthTimeMissing)?;
    if now.saturating_sub(auth_time) > max_age.saturating_add(skew) {
        Err(Reason::AuthTooOld)
    } else {
        Ok(())
    }
}

/// `at_hash`, where the token has one, is the left half of the access token's hash (section 3.1.3.8).
pub(crate) fn check_access_token_hash(
    root: Value<'_>,
    alg: Algorithm,
    access_token: &[u8],
) -> Result<(), Reason> {
    let Some(claim) = root.get("at_hash") else {
        return Ok(());
    };
    let claim = claim.as_str().ok_or(Reason::ClaimTypeInvalid)?;
    let hash = digest::digest(alg.hash(), access_token);
    let half = &hash.as_ref()[..hash.as_ref().len() / 2];
    let mut characters = claim.chars();
    let mut same = true;
    base64url::encode_to(half, |text| same &= text.iter().all(|b| characters.next() == Some(char::from(*b))));
    if same && characters.next().is_none() { Ok(()) } else { Err(Reason::AtHashMismatch) }
}
