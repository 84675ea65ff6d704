//! Which attestor judges a token: its subject's trust domain, else its issuer. Routing grants nothing.

use super::attestor::{Attestor, Kind};
use super::document::Policy;
use crate::credential::claims::{Audience, Claims};
use crate::credential::header::Typ;
use crate::credential::{jwt_svid, oidc, spiffe_id};
use crate::verdict::Reason;

impl Policy {
    /// `typ` is one that some attestor's kind takes; the attestor's own rule comes once it is found.
    pub(crate) fn check_typ(&self, typ: Typ) -> Result<(), Reason> {
        match typ {
            Typ::Jose if self.has_trust_domains() => Ok(()),
            _ if self.has_issuers() => oidc::check_typ(typ, oidc::TokenClass::Either),
            _ => jwt_svid::check_typ(typ),
        }
    }

    /// Finds the attestor, by position. `subject` is the decoded `sub`, `issuer` the decoded `iss`.
    pub(crate) fn route(
        &self,
        forced: Option<&str>,
        subject: &str,
        issuer: Option<&str>,
        claims: &Claims<'_>,
    ) -> Result<usize, Reason> {
        if let Some(id) = forced {
            let at = self.find(id).ok_or(Reason::AttestorUnknown)?;
            return self.attestors[at].takes(subject, issuer).map(|()| at);
        }
        let trust_domain = spiffe_id::split(subject).map(|(domain, _)| domain);
        let by_domain = trust_domain.ok().and_then(|domain| self.for_trust_domain(domain, claims.audience));
        let by_issuer = || issuer.and_then(|name| self.for_issuer(name, claims.audience));
        by_domain.or_else(by_issuer).ok_or_else(|| self.why_unknown(subject, issuer, trust_domain.err()))
    }

    /// Finds the attestor of an X.509-SVID, which names no audience: the request does, where several attestors take
    /// the trust domain.
    pub(crate) fn route_chain(
        &self,
        forced: Option<&str>,
        subject: &str,
        audience: Option<&str>,
    ) -> Result<usize, Reason> {
        let (domain, _) = spiffe_id::split(subject)?;
        let ours = |at: &usize| match audience {
            Some(audience) => self.attestors[*at].audiences.iter().any(|our| **our == *audience),
            None => true,
        };
        if let Some(id) = forced {
            let at = self.find(id).ok_or(Reason::AttestorUnknown)?;
            return match &self.attestors[at].kind {
                Kind::Spiffe(spiffe) if !spiffe.takes_domain(domain) => Err(Reason::TrustDomainUnknown),
                Kind::Spiffe(_) if ours(&at) => Ok(at),
                Kind::Spiffe(_) => Err(Reason::AudienceMismatch),
                _ => Err(Reason::TypMismatch), // a token's or a passport's
            };
        }
        let mut all = self.of_trust_domain(domain);
        let mut matching = all.clone().filter(ours);
        match (matching.next(), matching.next()) {
            (Some(at), None) => Ok(at),
            (Some(_), Some(_)) => Err(Reason::AudienceMissing),
            (None, _) if all.next().is_none() => Err(Reason::TrustDomainUnknown),
            (None, _) => Err(Reason::AudienceMismatch),
        }
    }

    /// Finds the attestor of a passport alone.
    pub(crate) fn route_passport(
        &self,
        forced: Option<&str>,
        audience: Audience<'_>,
    ) -> Result<usize, Reason> {
        let Some(id) = forced else {
            return self.for_passport(audience).ok_or(Reason::InternalError);
        };
        let at = self.find(id).ok_or(Reason::AttestorUnknown)?;
        match self.attestors[at].kind {
            Kind::Native(_) => Ok(at),
            _ => Err(Reason::MalformedToken), // another kind wants a credential, and there is none
        }
    }

    /// Nobody takes the token: for what it looks like, or for what the policy has.
    fn why_unknown(&self, subject: &str, issuer: Option<&str>, malformed: Option<Reason>) -> Reason {
        let looks_like_svid = subject.starts_with("spiffe://") && self.has_trust_domains();
        if looks_like_svid || !self.has_issuers() {
            return malformed.unwrap_or(Reason::TrustDomainUnknown);
        }
        if issuer.is_some() { Reason::IssuerUnknown } else { Reason::ClaimMissing }
    }
}

impl Attestor {
    /// Whether a forced attestor may judge this token at all.
    fn takes(&self, subject: &str, issuer: Option<&str>) -> Result<(), Reason> {
        match &self.kind {
            Kind::Spiffe(spiffe) => {
                let (domain, _) = spiffe_id::split(subject)?;
                if spiffe.takes_domain(domain) { Ok(()) } else { Err(Reason::TrustDomainUnknown) }
            }
            Kind::Native(_) => Err(Reason::TypMismatch), // a passport alone, never a credential
            Kind::Oidc(oidc) => {
                let issuer = issuer.ok_or(Reason::ClaimMissing)?;
                if oidc.is_issuer(issuer) { Ok(()) } else { Err(Reason::IssuerUnknown) }
            }
        }
    }
}
