//! Which attestor judges a token: its subject's trust domain, else its issuer. Routing grants nothing.

use super::attestor::{Attestor, Kind};
use super::document::Policy;
use crate::credential::claims::Claims;
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
            Kind::Oidc(oidc) => {
                let issuer = issuer.ok_or(Reason::ClaimMissing)?;
                if oidc.is_issuer(issuer) { Ok(()) } else { Err(Reason::IssuerUnknown) }
            }
        }
    }
}
