//! A JWT-SVID or an OIDC token, from bytes to verdict.

use super::Verifier;
use super::grant::{self, Proven};
use crate::credential::claims::Claims;
use crate::credential::confirmation::Proofs;
use crate::credential::{header, jwt_svid, oidc};
use crate::policy::{Attestor, Kind, Nonce, Oidc, Policy};
use crate::request::Request;
use crate::result::{Outcome, Scratch};
use crate::step::Step;
use crate::verdict::Reason;
use crate::wire::json::Value;
use crate::wire::numeric_date::{self, Round};
use std::sync::Arc;

impl Verifier {
    pub(super) fn judge_token(
        &self,
        policy: &Arc<Policy>,
        request: &Request<'_>,
        scratch: &mut Scratch,
        outcome: &mut Outcome,
        live: Option<&Outcome>,
    ) -> Result<(), Reason> {
        outcome.step = Step::Form;
        let now = outcome.now;
        let parts = &mut scratch.parts;
        let signed = parts.decode(request.credential, policy.credential_bytes)?;
        outcome.step = Step::Header;
        let root = scratch.header.read(&parts.header, policy.json)?;
        let header = header::read(root, |typ| policy.check_typ(typ), policy.algorithms)?;
        parts.require_signature()?;
        outcome.step = Step::Claims;
        let root = scratch.claims.read(&parts.payload, policy.json)?;
        let claims = Claims::read(root)?;

        outcome.step = Step::Route;
        claims.subject.ok_or(Reason::ClaimMissing)?.push_to(&mut outcome.identity);
        let issuer = claims.issuer.map(|issuer| {
            issuer.push_to(&mut scratch.issuer);
            &*scratch.issuer
        });
        let at = policy.route(request.attestor, &outcome.identity, issuer, &claims)?;
        outcome.judged_by = Some((Arc::clone(policy), at));
        let attestor = &policy.attestors[at];
        outcome.step = Step::Profile;
        match &attestor.kind {
            Kind::Spiffe(spiffe) => {
                jwt_svid::check_typ(header.typ)?;
                outcome.name_by_trust_domain(spiffe.require_path)?;
            }
            Kind::Oidc(oidc) => {
                let issuer = issuer.ok_or(Reason::ClaimMissing)?;
                oidc.check_token(header.typ, &claims, root, &outcome.identity, issuer)?;
                outcome.name_by_issuer(oidc.canonical(issuer))?;
            }
            Kind::Native(_) => return Err(Reason::InternalError), // routing gives it no token
        }
        attestor.check_header(&header)?;
        outcome.step = Step::Time;
        outcome.expires_at = attestor.check_time(&claims, now)?;
        outcome.step = Step::Audience;
        attestor.check_audience(claims.audience)?;

        outcome.step = Step::Source;
        let (kind, name) = outcome.source().ok_or(Reason::InternalError)?;
        let slot =
            self.store.find(kind, name).and_then(|source| source.jwt()).ok_or(Reason::BundleUnavailable)?;
        outcome.step = Step::Key;
        let key = slot.select(header.kid, header.algorithm, attestor.single_key)?;
        if let (Kind::Oidc(oidc), Some(issuer)) = (&attestor.kind, issuer) {
            oidc.check_key(slot.entries[key].issuer.as_deref(), issuer)?;
        }
        outcome.step = Step::Signature;
        let verdict = match live.and_then(|live| live.signature(&slot, key)) {
            Some(verdict) => verdict,
            None => slot.entries[key].public.verify(header.algorithm, signed, &parts.signature),
        };
        outcome.verified_with = Some((slot, key));
        verdict?;
        outcome.authenticated = true;

        if let Kind::Oidc(oidc) = &attestor.kind {
            outcome.step = Step::Session;
            check_oidc(attestor, oidc, request, root, now)?;
            if let Some(token) = request.access_token {
                oidc::check_access_token_hash(root, header.algorithm, token)?;
            }
        }
        outcome.step = Step::Confirmation;
        let proofs =
            Proofs { passport: scratch.passport.proven(), peer_certificate: request.peer_certificate };
        attestor.check_binding(&claims, proofs)?;
        let proven = Proven { claims: Some(root), passport: proofs.passport, path: None };
        grant::check(&self.store, attestor, proven, outcome, &mut scratch.text)
    }
}

/// What a verified token of an issuer is asked beyond its audience.
fn check_oidc(
    attestor: &Attestor,
    rules: &Oidc,
    request: &Request<'_>,
    root: Value<'_>,
    now: i64,
) -> Result<(), Reason> {
    match (rules.nonce, request.nonce) {
        (Nonce::Forbidden, Some(_)) => return Err(Reason::NonceMismatch),
        (Nonce::Forbidden, None) if root.get("nonce").is_some() => return Err(Reason::NonceMismatch),
        (Nonce::Required, None) => return Err(Reason::NonceMissing),
        (_, Some(nonce)) => oidc::check_nonce(root, nonce)?,
        (_, None) => {}
    }
    oidc::check_authorized_party(root, &rules.authorized_parties)?;
    rules.check_tenants(root)?;
    if let Some(max_age) = request.max_age {
        let number = root.get("auth_time").map(|time| time.as_number().ok_or(Reason::ClaimTypeInvalid));
        let auth_time = number.transpose()?.map(|text| numeric_date::parse(text, Round::Down)).transpose()?;
        oidc::check_auth_time(auth_time, max_age, attestor.clock_skew, now)?;
    }
    Ok(())
}
