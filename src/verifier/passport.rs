//! A passport, alone or beside a credential.

use super::Verifier;
use super::grant::{self, Proven};
use crate::credential::passport;
use crate::policy::{Kind, Policy};
use crate::request::Request;
use crate::result::{Outcome, Presented, Scratch};
use crate::step::Step;
use crate::verdict::Reason;
use std::sync::Arc;

impl Verifier {
    /// Judges the passport of an admission by the rules that every passport has; one that comes alone also by
    /// the native attestor's.
    pub(super) fn judge_passport(
        &self,
        policy: &Arc<Policy>,
        token: &[u8],
        request: &Request<'_>,
        scratch: &mut Scratch,
        outcome: &mut Outcome,
    ) -> Result<(), Reason> {
        let now = outcome.now;
        outcome.step = Step::PassportForm;
        let passport = passport::read(&mut scratch.passport, token, policy.credential_bytes, policy.json)?;
        if outcome.presented != Presented::PassportAlone {
            outcome.step = Step::PassportTime;
            passport.check_time(policy.clock_skew, now)?;
            // RFC 7519 section 4.1.3: whom it is not for must refuse it.
            if !policy.is_audience(passport.claims.audience) {
                return Err(Reason::AudienceMismatch);
            }
            outcome.step = Step::PassportSignature;
            return passport.verify().map(|_| ());
        }
        outcome.step = Step::Route;
        let at = policy.route_passport(request.attestor, passport.claims.audience)?;
        outcome.judged_by.set(at);
        let attestor = &policy.attestors[at];
        let Kind::Native(native) = &attestor.kind else { return Err(Reason::InternalError) };
        outcome.name_by_key(&native.identity_prefix, &passport);
        outcome.step = Step::Time;
        passport.check_time(attestor.clock_skew, now)?;
        native.check_lifetime(&passport, now)?;
        outcome.expires_at = passport.expires_at;
        outcome.step = Step::Audience;
        attestor.check_audience(passport.claims.audience)?;
        outcome.step = Step::Signature;
        let ((key, thumbprint), claims) = passport.verify()?;
        outcome.authenticated = true;
        outcome.step = Step::Allow;
        native.check_pin(thumbprint)?;
        let proven = Proven { claims: Some(claims), passport: Some((key, thumbprint)), path: None };
        grant::check(&self.store, attestor, proven, outcome, &mut scratch.text)
    }
}
