//! The checks an attestor's settings ask for, each a step of the one order.

use super::attestor::{Attestor, Binding, Kind};
use crate::credential::claims::{Audience, Claims};
use crate::credential::confirmation::{self, Proofs};
use crate::credential::header::Header;
use crate::verdict::Reason;
use crate::wire::json::Str;

/// An audience that names the key of a passport: what follows is its RFC 7638 thumbprint.
const KEY_AUDIENCE: &str = "urn:attestor:jkt:";

impl Attestor {
    /// What the header must be beyond the rules of the kind.
    pub(crate) fn check_header(&self, header: &Header<'_>) -> Result<(), Reason> {
        if !self.algorithms.contains(header.algorithm) {
            return Err(Reason::AlgNotAllowed);
        }
        if self.strict_headers && header.has_other_parameters {
            return Err(Reason::HeaderParamForbidden);
        }
        Ok(())
    }

    /// Dates against `now` (RFC 7519 sections 4.1.4-4.1.6); returns when the credential expires.
    pub(crate) fn check_time(&self, claims: &Claims<'_>, now: i64) -> Result<i64, Reason> {
        let skew = self.clock_skew;
        let expires_at = claims.expires_at.ok_or(Reason::ClaimMissing)?;
        // Dates are within the year 9999 and `now` may be anything positive: saturate, never wrap.
        if now >= expires_at.saturating_add(skew) {
            return Err(Reason::TokenExpired);
        }
        if claims.not_before.is_some_and(|nbf| now < nbf - skew) {
            return Err(Reason::TokenNotYetValid);
        }
        if let (Some(most), Some(iat)) = (self.max_iat_future, claims.issued_at)
            && iat > now.saturating_add(most + skew)
        {
            return Err(Reason::IssuedInFuture);
        }
        if let Some(most) = self.max_lifetime {
            let start = claims.issued_at.or(claims.not_before).ok_or(Reason::ClaimMissing)?;
            if expires_at - start > most {
                return Err(Reason::LifetimeTooLong);
            }
        }
        if let Some(most) = self.max_token_age {
            let iat = claims.issued_at.ok_or(Reason::ClaimMissing)?;
            if now.saturating_sub(iat) > most + skew {
                return Err(Reason::LifetimeTooLong);
            }
        }
        Ok(expires_at)
    }

    /// The first second at which [`Self::check_time`] refuses claims that it takes now: it never takes them again.
    pub(crate) fn holds_until(&self, claims: &Claims<'_>) -> Option<i64> {
        let expired = claims.expires_at?.saturating_add(self.clock_skew);
        let aged = |(most, iat): (i64, i64)| iat.saturating_add(most + self.clock_skew + 1);
        Some(self.max_token_age.zip(claims.issued_at).map(aged).map_or(expired, |aged| aged.min(expired)))
    }

    /// `aud` names us, byte for byte.
    pub(crate) fn check_audience(&self, audience: Audience<'_>) -> Result<(), Reason> {
        if self.audiences.is_empty() {
            return Ok(()); // a native attestor may have none
        }
        if audience.is_empty() {
            return Err(Reason::AudienceMissing);
        }
        if !audience.matches(&self.audiences) {
            return Err(Reason::AudienceMismatch);
        }
        match &self.kind {
            Kind::Oidc(oidc) if oidc.reject_extra_audiences => {
                let known = |value: Str<'_>| {
                    self.audiences.iter().chain(&oidc.trusted_audiences).any(|ours| value.is(ours))
                        || (self.binding == Binding::Audience && value.starts_with(KEY_AUDIENCE))
                };
                if audience.all(known) { Ok(()) } else { Err(Reason::AudienceUntrustedExtra) }
            }
            _ => Ok(()),
        }
    }

    /// What ties the credential to a key: `cnf`, and to the passport it came with what the policy asks for.
    pub(crate) fn check_binding(&self, claims: &Claims<'_>, proofs: Proofs<'_>) -> Result<(), Reason> {
        match confirmation::check(claims.confirmation, proofs) {
            Ok(()) => {}
            // Taken as a bearer token, but not beside a passport of another key.
            Err(reason) if self.accept_unbound_cnf => {
                if self.binding == Binding::Cnf && proofs.passport.is_some() && reason == Reason::CnfInvalid {
                    return Err(reason);
                }
            }
            Err(reason) => return Err(reason),
        }
        if self.binding != Binding::Audience {
            return Ok(());
        }
        let (_, thumbprint) = proofs.passport.ok_or(Reason::PopRequired)?;
        let names_key = |value: Str<'_>| value.is_joined(KEY_AUDIENCE, thumbprint);
        if claims.audience.any(names_key) { Ok(()) } else { Err(Reason::AudienceMismatch) }
    }
}
