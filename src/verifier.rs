//! The pipeline: one credential from bytes to verdict, in the one order.

use crate::credential::claims::Claims;
use crate::credential::{confirmation, header, jwt_svid, oidc, spiffe_id};
use crate::error::ConfigError;
use crate::policy::{Attestor, Kind, Nonce, Oidc, Policy};
use crate::request::Request;
use crate::result::{Outcome, Rejected, Scratch, Verified, VerifyResult};
use crate::trust::{BundleStore, Published};
use crate::verdict::Reason;
use crate::wire::json::Value;
use crate::wire::numeric_date::{self, Round};
use core::fmt;
use std::sync::Arc;

/// A store and a policy. Shared: every method takes `&self`.
pub struct Verifier {
    store: Arc<BundleStore>,
    policy: Published<Arc<Policy>>,
}

impl Verifier {
    /// A verifier of `policy`, a JSON document (`docs/policy.schema.json`), against `store`.
    ///
    /// # Errors
    /// `config_invalid`, with the JSON path of the mistake.
    pub fn new(store: Arc<BundleStore>, policy: &[u8]) -> Result<Self, ConfigError> {
        let policy = Arc::new(Policy::read(policy)?);
        Ok(Self { store, policy: Published::new(policy) })
    }

    /// Swaps the policy; verifications under way finish under the one they began with.
    ///
    /// # Errors
    /// `config_invalid`; the old policy then stays.
    pub fn set_policy(&self, policy: &[u8]) -> Result<(), ConfigError> {
        self.policy.store(Arc::new(Policy::read(policy)?));
        Ok(())
    }

    /// The store the verifier asks.
    pub fn store(&self) -> &Arc<BundleStore> {
        &self.store
    }

    /// Judges one credential. Allocates nothing once `result` is warm, but for RSA (at most five by ring).
    ///
    /// # Errors
    /// [`Rejected`], with one reason; `result` then holds no identity.
    pub fn verify<'r>(
        &self,
        request: &Request<'_>,
        result: &'r mut VerifyResult,
    ) -> Result<Verified<'r>, Rejected> {
        result.clear();
        let VerifyResult { scratch, outcome } = result;
        outcome.status = self.judge(request, scratch, outcome);
        let rejected = |reason, authenticated| Rejected { reason, authenticated };
        if let Err(reason) = result.outcome.status {
            return Err(rejected(reason, result.outcome.authenticated));
        }
        result.verified().ok_or(rejected(Reason::InternalError, false))
    }

    fn judge(
        &self,
        request: &Request<'_>,
        scratch: &mut Scratch,
        outcome: &mut Outcome,
    ) -> Result<(), Reason> {
        let policy = self.policy.load();
        let now = request.now.resolve()?;
        outcome.now = now;

        let parts = &mut scratch.parts;
        let signed = parts.decode(request.credential, policy.credential_bytes)?;
        let root = scratch.header.read(&parts.header, policy.json)?;
        let header = header::read(root, |typ| policy.check_typ(typ), policy.algorithms)?;
        parts.require_signature()?;
        let root = scratch.claims.read(&parts.payload, policy.json)?;
        let claims = Claims::read(root)?;

        claims.subject.ok_or(Reason::ClaimMissing)?.push_to(&mut outcome.identity);
        let issuer = claims.issuer.map(|issuer| {
            issuer.push_to(&mut scratch.issuer);
            &*scratch.issuer
        });
        let at = policy.route(request.attestor, &outcome.identity, issuer, &claims)?;
        outcome.judged_by = Some((Arc::clone(&policy), at));
        let attestor = &policy.attestors[at];
        match &attestor.kind {
            Kind::Spiffe(spiffe) => {
                jwt_svid::check_typ(header.typ)?;
                let (trust_domain, path) = spiffe_id::split(&outcome.identity)?;
                outcome.trust_domain_len = trust_domain.len();
                spiffe_id::check_path(&outcome.identity, path)?;
                if path.is_empty() && spiffe.require_path {
                    return Err(Reason::SpiffeIdPathRequired);
                }
            }
            Kind::Oidc(oidc) => {
                oidc::check_typ(header.typ, oidc.token)?;
                oidc::check_class(&claims, root, oidc.token)?;
                outcome.name_by_issuer(&oidc.issuer)?;
            }
        }

        attestor.check_header(&header)?;
        outcome.expires_at = attestor.check_time(&claims, now)?;
        attestor.check_audience(claims.audience)?;

        let (kind, name) = outcome.source().ok_or(Reason::InternalError)?;
        let slot =
            self.store.find(kind, name).and_then(|source| source.jwt()).ok_or(Reason::BundleUnavailable)?;
        let key = slot.select(header.kid, header.algorithm, attestor.single_key)?;
        slot.entries[key].public.verify(header.algorithm, signed, &parts.signature)?;
        outcome.authenticated = true;
        outcome.verified_with = Some((slot, key));

        if let Kind::Oidc(oidc) = &attestor.kind {
            check_oidc(attestor, oidc, request, root, now)?;
            if let Some(token) = request.access_token {
                oidc::check_access_token_hash(root, header.algorithm, token)?;
            }
        }
        if !attestor.accept_unbound_cnf {
            confirmation::without_proof(claims.confirmation)?;
        }
        match &attestor.allow {
            Some(allow) if !allow.admits(outcome.subject(), root) => Err(Reason::NotAllowed),
            _ => Ok(()),
        }
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
    if let Some(max_age) = request.max_age {
        let number = root.get("auth_time").map(|time| time.as_number().ok_or(Reason::ClaimTypeInvalid));
        let auth_time = number.transpose()?.map(|text| numeric_date::parse(text, Round::Down)).transpose()?;
        oidc::check_auth_time(auth_time, max_age, attestor.clock_skew, now)?;
    }
    Ok(())
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}
