//! The checks an attestor's settings ask for, each a step of the one order.

use super::attestor::{Attestor, Kind};
use crate::credential::claims::{Audience, Claims};
use crate::credential::header::Header;
use crate::verdict::Reason;
use crate::wire::json::Str;

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
        if let (Some(most), Some(iat)) = (self.max_iat_future, claims.issued_at) {
            if iat > now.saturating_add(most + skew) {
                return Err(Reason::IssuedInFuture);
            }
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

    /// `aud` names us, byte for byte.
    pub(crate) fn check_audience(&self, audience: Audience<'_>) -> Result<(), Reason> {
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
                };
                if audience.all(known) { Ok(()) } else { Err(Reason::AudienceUntrustedExtra) }
            }
            _ => Ok(()),
        }
    }
}
