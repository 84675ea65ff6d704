//! The pipeline: one credential from bytes to verdict, in the one order.

mod chain;
mod counters;
mod grant;
mod passport;
mod recall;
mod token;

use crate::cache::{Cache, CacheStats};
use crate::error::ConfigError;
use crate::policy::Policy;
use crate::request::Request;
use crate::result::{Outcome, Presented, Rejected, Scratch, Verified, VerifyResult};
use crate::step::Step;
use crate::trust::{BundleStore, Published};
use crate::verdict::Reason;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use counters::Counters;
use std::sync::Arc;

/// How a verifier behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifierOptions {
    /// Most entries of the verified-credential cache; 0 turns it off. It remembers what the signature of a token
    /// proved, for as long as policy, deny overlay and key stay the same and the token is valid: no verdict changes.
    pub cache_entries: usize,
    /// Most bytes of claims and identities that the cache holds; 0 turns it off.
    pub cache_bytes: usize,
    /// Whether the reference is asked, too, before a signature of a bundle key is accepted: for those who trust ring
    /// more than the tables of this library. Costs what the tables save on accepted credentials.
    pub double_check: bool,
}

impl Default for VerifierOptions {
    fn default() -> Self {
        Self { cache_entries: 4096, cache_bytes: 8 << 20, double_check: false }
    }
}

/// A store and a policy. Shared: every method takes `&self`.
pub struct Verifier {
    store: Arc<BundleStore>,
    policy: Published<Arc<Policy>>,
    shadow: Published<Option<Arc<Policy>>>,
    /// Counts the policies there were.
    epochs: AtomicU64,
    counters: Counters,
    cache: Cache,
    double_check: bool,
}

impl Verifier {
    /// A verifier of `policy`, a JSON document (`docs/policy.schema.json`), against `store`. The first in a process tests
    /// the kernels that key tables are for, which takes some twenty milliseconds.
    ///
    /// # Errors
    /// `config_invalid`, with the JSON path of the mistake.
    pub fn new(store: Arc<BundleStore>, policy: &[u8]) -> Result<Self, ConfigError> {
        Self::with(store, policy, VerifierOptions::default())
    }

    /// Likewise, with other options than the default.
    ///
    /// # Errors
    /// `config_invalid`, with the JSON path of the mistake.
    pub fn with(
        store: Arc<BundleStore>,
        policy: &[u8],
        options: VerifierOptions,
    ) -> Result<Self, ConfigError> {
        let mut policy = Policy::read(policy)?;
        store.tables().self_test();
        let counters = Counters::new();
        counters.adopt(&mut policy, None);
        let (policy, shadow) = (Published::new(Arc::new(policy)), Published::new(None));
        let cache = Cache::new(options.cache_entries, options.cache_bytes);
        Ok(Self {
            store,
            policy,
            shadow,
            epochs: AtomicU64::new(0),
            counters,
            cache,
            double_check: options.double_check,
        })
    }

    /// Swaps the policy; verifications under way finish under the one they began with.
    ///
    /// # Errors
    /// `config_invalid`; the old policy then stays.
    pub fn set_policy(&self, policy: &[u8]) -> Result<(), ConfigError> {
        let mut policy = Policy::read(policy)?;
        policy.epoch = 1 + self.epochs.fetch_add(1, Ordering::Relaxed);
        self.policy.update(|former| {
            self.counters.adopt(&mut policy, Some(former));
            Arc::new(policy)
        });
        self.cache.clear();
        Ok(())
    }

    /// Sets or removes a shadow policy: it judges whatever the policy judges, and decides nothing.
    ///
    /// # Errors
    /// `config_invalid`; the old shadow policy then stays.
    pub fn set_shadow_policy(&self, policy: Option<&[u8]>) -> Result<(), ConfigError> {
        self.shadow.store(policy.map(Policy::read).transpose()?.map(Arc::new));
        // It judges full verifications only: let there be one of every credential.
        self.cache.clear();
        Ok(())
    }

    pub(crate) fn cache_stats(&self) -> CacheStats {
        self.cache.stats()
    }

    /// The store the verifier asks.
    pub fn store(&self) -> &Arc<BundleStore> {
        &self.store
    }

    pub(crate) fn policy(&self) -> Arc<Policy> {
        self.policy.load()
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Judges one credential. Allocates nothing once `result` is warm, but for RSA (at most five by ring), X.509,
    /// and the cache until it is full.
    ///
    /// # Errors
    /// [`Rejected`], with one reason; `result` then holds no identity.
    pub fn verify<'r>(
        &self,
        request: &Request<'_>,
        result: &'r mut VerifyResult,
    ) -> Result<Verified<'r>, Rejected> {
        result.begin();
        let VerifyResult { scratch, outcome, shadow, shadowed, policies, .. } = result;
        let policy = self.policy.again(&mut policies.live);
        outcome.status = self.judge(policy, request, scratch, outcome, None);
        self.counters.count(outcome);
        if let Some(policy) = self.shadow.again(&mut policies.shadow)
            && !outcome.from_cache
        {
            let (scratch, seen) = &mut **shadow.get_or_insert_default();
            seen.status = self.judge(policy, request, scratch, seen, Some(outcome));
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
            result.refuse(Reason::ArgumentInvalid);
            return Err(Rejected { reason: Reason::ArgumentInvalid, authenticated: false });
        }
        self.verify(request, result)
    }

    /// Judges, lets the callback of the source fetch what is missing or too old if it is due, and judges again. It
    /// never waits for another thread's fetch.
    ///
    /// # Errors
    /// As [`Self::verify`], of the last judgement.
    pub fn verify_refreshing<'r>(
        &self,
        request: &Request<'_>,
        result: &'r mut VerifyResult,
    ) -> Result<Verified<'r>, Rejected> {
        let judged = self.verify(request, result).map(|_| ());
        if judged.is_err_and(|rejected| self.refresh_for(rejected.reason, request, result)) {
            return self.verify(request, result);
        }
        judged?;
        result.verified().ok_or(Rejected { reason: Reason::InternalError, authenticated: false })
    }

    /// [`Self::admit`], refreshing as [`Self::verify_refreshing`] does.
    ///
    /// # Errors
    /// As [`Self::admit`], of the last judgement.
    pub fn admit_refreshing<'r>(
        &self,
        request: &Request<'_>,
        result: &'r mut VerifyResult,
    ) -> Result<Verified<'r>, Rejected> {
        if request.passport.is_none() {
            return self.admit(request, result);
        }
        self.verify_refreshing(request, result)
    }

    /// Fetches the source of a refusal if that may change it; whether something was fetched.
    fn refresh_for(&self, reason: Reason, request: &Request<'_>, result: &VerifyResult) -> bool {
        let curable =
            [Reason::KidNotFound, Reason::ChainUntrusted, Reason::BundleUnavailable, Reason::BundleStale];
        let Some((kind, name)) = result.outcome.source().filter(|_| curable.contains(&reason)) else {
            return false;
        };
        self.store.refresh_if_due(kind, name, request.now)
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
        outcome.judged_by.hold(policy);
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
            Presented::Chain => self.judge_chain(policy, request, scratch, outcome, live.is_some()),
            Presented::Token => self.judge_token(policy, request, scratch, outcome, live),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}
