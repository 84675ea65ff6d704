//! The pipeline: one credential from bytes to verdict, in the one order.

mod chain;
mod grant;
mod passport;
mod token;

use crate::error::ConfigError;
use crate::policy::Policy;
use crate::request::Request;
use crate::result::{Outcome, Presented, Rejected, Scratch, Verified, VerifyResult};
use crate::step::Step;
use crate::trust::{BundleStore, Published};
use crate::verdict::Reason;
use core::fmt;
use std::sync::Arc;

/// A store and a policy. Shared: every method takes `&self`.
pub struct Verifier {
    store: Arc<BundleStore>,
    policy: Published<Arc<Policy>>,
    shadow: Published<Option<Arc<Policy>>>,
}

impl Verifier {
    /// A verifier of `policy`, a JSON document (`docs/policy.schema.json`), against `store`.
    ///
    /// # Errors
    /// `config_invalid`, with the JSON path of the mistake.
    pub fn new(store: Arc<BundleStore>, policy: &[u8]) -> Result<Self, ConfigError> {
        let policy = Arc::new(Policy::read(policy)?);
        Ok(Self { store, policy: Published::new(policy), shadow: Published::new(None) })
    }

    /// Swaps the policy; verifications under way finish under the one they began with.
    ///
    /// # Errors
    /// `config_invalid`; the old policy then stays.
    pub fn set_policy(&self, policy: &[u8]) -> Result<(), ConfigError> {
        self.policy.store(Arc::new(Policy::read(policy)?));
        Ok(())
    }

    /// Sets or removes a shadow policy: it judges whatever the policy judges, and decides nothing.
    ///
    /// # Errors
    /// `config_invalid`; the old shadow policy then stays.
    pub fn set_shadow_policy(&self, policy: Option<&[u8]>) -> Result<(), ConfigError> {
        self.shadow.store(policy.map(Policy::read).transpose()?.map(Arc::new));
        Ok(())
    }

    /// The store the verifier asks.
    pub fn store(&self) -> &Arc<BundleStore> {
        &self.store
    }

    /// Judges one credential. Allocates nothing once `result` is warm, but for RSA (at most five by ring)
    /// and X.509.
    ///
    /// # Errors
    /// [`Rejected`], with one reason; `result` then holds no identity.
    pub fn verify<'r>(
        &self,
        request: &Request<'_>,
        result: &'r mut VerifyResult,
    ) -> Result<Verified<'r>, Rejected> {
        result.clear();
        let VerifyResult { scratch, outcome, shadow, shadowed } = result;
        outcome.status = self.judge(&self.policy.load(), request, scratch, outcome, None);
        if let Some(policy) = self.shadow.load() {
            let (scratch, seen) = &mut **shadow.get_or_insert_default();
            seen.status = self.judge(&policy, request, scratch, seen, Some(outcome));
            *shadowed = true;
        }
        let rejected = |reason, authenticated| Rejected { reason, authenticated };
        if let Err(reason) = result.outcome.status {
            return Err(rejected(reason, result.outcome.authenticated));
        }
        result.outcome.step = Step::Done;
        result.verified().ok_or(rejected(Reason::InternalError, false))
    }

    /// Judges an admission: a passport, and the credential that came with it or none.
    ///
    /// # Errors
    /// As [`Self::verify`]; `argument_invalid` if the request has no passport.
    pub fn admit<'r>(
        &self,
        request: &Request<'_>,
        result: &'r mut VerifyResult,
    ) -> Result<Verified<'r>, Rejected> {
        if request.passport.is_none() {
            result.clear();
            result.outcome.status = Err(Reason::ArgumentInvalid);
            return Err(Rejected { reason: Reason::ArgumentInvalid, authenticated: false });
        }
        self.verify(request, result)
    }

    /// `live` is what the policy in force came to, while the shadow policy judges.
    fn judge(
        &self,
        policy: &Arc<Policy>,
        request: &Request<'_>,
        scratch: &mut Scratch,
        outcome: &mut Outcome,
        live: Option<&Outcome>,
    ) -> Result<(), Reason> {
        outcome.now = request.now.resolve()?;
        outcome.presented = match (request.chain, request.credential, request.passport) {
            (Some(_), credential, _) if !credential.is_empty() => return Err(Reason::ArgumentInvalid),
            (Some(_), ..) => Presented::Chain,
            (None, [], Some(_)) if policy.has_natives() => Presented::PassportAlone,
            _ => Presented::Token,
        };
        if let Some(token) = request.passport {
            outcome.with_passport = true;
            self.judge_passport(policy, token, request, scratch, outcome)?;
        }
        match outcome.presented {
            Presented::PassportAlone => Ok(()),
            Presented::Chain => self.judge_chain(policy, request, scratch, outcome),
            Presented::Token => self.judge_token(policy, request, scratch, outcome, live),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}
