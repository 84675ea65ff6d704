//! The pipeline: one credential from bytes to verdict, in the one order.

use crate::credential::claims::Claims;
use crate::credential::{confirmation, jwt_svid, spiffe_id};
use crate::error::ConfigError;
use crate::policy::{Attestor, Policy};
use crate::request::Request;
use crate::result::{Outcome, Rejected, Scratch, Verified, VerifyResult};
use crate::trust::{BundleStore, Published, SourceKind};
use crate::verdict::Reason;
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
        let header = jwt_svid::read_header(scratch.header.read(&parts.header, policy.json)?)?;
        parts.require_signature()?;
        let claims = Claims::read(scratch.claims.read(&parts.payload, policy.json)?)?;

        claims.subject.ok_or(Reason::ClaimMissing)?.push_to(&mut outcome.identity);
        let (trust_domain, path) = spiffe_id::split(&outcome.identity)?;
        outcome.trust_domain_len = trust_domain.len();
        let at = route(&policy, request.attestor, trust_domain, &claims)?;
        let attestor = &policy.attestors[at];
        outcome.judged_by = Some((Arc::clone(&policy), at));
        spiffe_id::check_path(&outcome.identity, path)?;
        if path.is_empty() && attestor.require_path {
            return Err(Reason::SpiffeIdPathRequired);
        }

        attestor.check_header(&header)?;
        outcome.expires_at = attestor.check_time(&claims, now)?;
        attestor.check_audience(claims.audience)?;

        let source = self.store.find(SourceKind::TrustDomain, trust_domain);
        let slot = source.and_then(|source| source.jwt()).ok_or(Reason::BundleUnavailable)?;
        let key = slot.select(header.kid, header.algorithm, attestor.single_key)?;
        slot.entries[key].public.verify(header.algorithm, signed, &parts.signature)?;
        outcome.authenticated = true;
        outcome.verified_with = Some((slot, key));

        if !attestor.accept_unbound_cnf {
            confirmation::without_proof(claims.confirmation)?;
        }
        Ok(())
    }
}

/// The attestor that judges: the forced one, if it takes the domain, else the routed one.
fn route(
    policy: &Policy,
    forced: Option<&str>,
    trust_domain: &str,
    claims: &Claims<'_>,
) -> Result<usize, Reason> {
    let Some(id) = forced else {
        return policy.route(trust_domain, claims.audience);
    };
    let at = policy.find(id).ok_or(Reason::AttestorUnknown)?;
    let attestor: &Attestor = &policy.attestors[at];
    if attestor.takes_domain(trust_domain) { Ok(at) } else { Err(Reason::TrustDomainUnknown) }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}
