//! A JWT-SVID or an OIDC token, from bytes to verdict.
//!
//! What the signature proves is remembered; what belongs to one request is asked each time, by the same code whether
//! the signature was verified or remembered.

use super::Verifier;
use super::grant::{self, Proven};
use super::recall::Lasting;
use crate::credential::claims::Claims;
use crate::credential::confirmation::Proofs;
use crate::credential::{jwt_svid, oidc};
use crate::crypto::{Algorithm, Message};
use crate::policy::{Attestor, Kind, Nonce, Oidc, Policy};
use crate::request::Request;
use crate::result::{Outcome, Scratch};
use crate::step::Step;
use crate::trust::Signed;
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
        // The shadow policy neither finds nor remembers anything.
        let place = if live.is_none() { self.place(policy, request) } else { None };
        let Some(place) = place else {
            return self.judge_in_full(policy, request, scratch, outcome, live).map(|_| ());
        };
        outcome.credential_sha256 = Some(place.credential_sha256);
        if let Some(algorithm) = self.recall(&place, policy, scratch, outcome) {
            return self.judge_again(policy, request, algorithm, scratch, outcome);
        }
        let lasting = self.judge_in_full(policy, request, scratch, outcome, live)?;
        self.remember(&place, lasting, scratch, outcome);
        Ok(())
    }

    /// Every step of the one order; how long the verdict lasts if nothing else changes.
    fn judge_in_full(
        &self,
        policy: &Arc<Policy>,
        request: &Request<'_>,
        scratch: &mut Scratch,
        outcome: &mut Outcome,
        live: Option<&Outcome>,
    ) -> Result<Lasting, Reason> {
        outcome.step = Step::Form;
        let now = outcome.now;
        let parts = &mut scratch.parts;
        let signed = parts.decode(request.credential, policy.credential_bytes)?;
        outcome.step = Step::Header;
        let check_typ = |typ| policy.check_typ(typ);
        let header = scratch.header.read(parts.header(), policy.json, check_typ, policy.algorithms)?;
        parts.require_signature()?;
        outcome.step = Step::Claims;
        let root = scratch.claims.read(parts.payload(), policy.json)?;
        let claims = Claims::read(root)?;

        outcome.step = Step::Route;
        claims.subject.ok_or(Reason::ClaimMissing)?.push_to(&mut outcome.identity);
        let issuer = claims.issuer.map(|issuer| issuer.text(&mut scratch.issuer));
        let at = policy.route(request.attestor, &outcome.identity, issuer, &claims)?;
        outcome.judged_by.set(at);
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
        let slot = scratch.found.jwt(&self.store, kind, name).ok_or(Reason::BundleUnavailable)?;
        outcome.verified_with.hold(slot);
        outcome.bundle_due = slot.origin.check_age(attestor.max_staleness, now)?;
        outcome.step = Step::Key;
        let selected = slot.select(header.kid, header.algorithm, attestor.single_key);
        if selected == Err(Reason::KidNotFound) && live.is_none() {
            let source = outcome.source().and_then(|(kind, name)| self.store.find(kind, name));
            outcome.refresh_wanted = source.is_some_and(|source| self.store.mark(&source, now));
        }
        let key = selected?;
        if let (Kind::Oidc(oidc), Some(issuer)) = (&attestor.kind, issuer) {
            oidc.check_key(slot.entries[key].issuer.as_deref(), issuer)?;
        }
        outcome.step = Step::Signature;
        let message = Message::new(signed);
        let verdict = live.and_then(|live| live.signature(slot, key)).unwrap_or_else(|| {
            let (key, algorithm) = (&slot.entries[key], header.algorithm);
            let signed = Signed { key, algorithm, message: &message, signature: parts.signature() };
            self.store.tables().verify(&signed, self.double_check, now)
        });
        scratch.signed_sha256 = message.into_sha256();
        outcome.verified_with.set(key);
        verdict?;
        outcome.authenticated = true;
        let algorithm = header.algorithm;
        scratch.header.keep();

        let proofs =
            Proofs { passport: scratch.passport.proven(), peer_certificate: request.peer_certificate };
        let asked = Asked { algorithm, root, claims: &claims, proofs };
        check_request(attestor, request, asked, outcome)?;
        let proven = Proven { claims: Some(root), passport: proofs.passport, path: None };
        grant::check(&self.store, attestor, proven, outcome, &mut scratch.text)?;
        let until = attestor.holds_until(&claims).ok_or(Reason::InternalError)?;
        Ok(Lasting { algorithm, until })
    }

    /// The steps that belong to the request, of a credential that was recalled.
    fn judge_again(
        &self,
        policy: &Policy,
        request: &Request<'_>,
        algorithm: Algorithm,
        scratch: &mut Scratch,
        outcome: &mut Outcome,
    ) -> Result<(), Reason> {
        let attestor = outcome.judged_by.get().and_then(|(_, at)| policy.attestors.get(at));
        let attestor = attestor.ok_or(Reason::InternalError)?;
        let root = scratch.claims.again(scratch.parts.payload()).ok_or(Reason::InternalError)?;
        let claims = Claims::read(root)?;
        let proofs =
            Proofs { passport: scratch.passport.proven(), peer_certificate: request.peer_certificate };
        check_request(attestor, request, Asked { algorithm, root, claims: &claims, proofs }, outcome)?;
        grant::check_passport(&self.store, proofs.passport, outcome, &mut scratch.text)
    }
}

/// What a verified token is asked on behalf of one request.
#[derive(Clone, Copy)]
struct Asked<'a> {
    algorithm: Algorithm,
    root: Value<'a>,
    claims: &'a Claims<'a>,
    proofs: Proofs<'a>,
}

fn check_request(
    attestor: &Attestor,
    request: &Request<'_>,
    asked: Asked<'_>,
    outcome: &mut Outcome,
) -> Result<(), Reason> {
    if let Kind::Oidc(oidc) = &attestor.kind {
        outcome.step = Step::Session;
        check_oidc(attestor, oidc, request, asked.root, outcome.now)?;
        if let Some(token) = request.access_token {
            oidc::check_access_token_hash(asked.root, asked.algorithm, token)?;
        }
    }
    outcome.step = Step::Confirmation;
    attestor.check_binding(asked.claims, asked.proofs)
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
