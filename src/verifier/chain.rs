//! An X.509-SVID: a chain and the proof that its presenter holds the leaf's key.

use super::Verifier;
use super::grant::{self, Proven};
use crate::credential::x509_svid::Chain;
use crate::crypto::{path, possession, sha256};
use crate::policy::{Attestor, Binding, Kind, Policy};
use crate::request::{Possession, Request};
use crate::result::{Outcome, Scratch};
use crate::step::Step;
use crate::verdict::Reason;
use std::sync::Arc;

impl Verifier {
    pub(super) fn judge_chain(
        &self,
        policy: &Arc<Policy>,
        request: &Request<'_>,
        scratch: &mut Scratch,
        outcome: &mut Outcome,
        is_shadow: bool,
    ) -> Result<(), Reason> {
        outcome.step = Step::Form;
        let chain = Chain::read(request.chain.unwrap_or_default(), policy.chain_bytes)?;
        outcome.step = Step::Leaf;
        outcome.identity.push_str(chain.check_leaf()?);

        outcome.step = Step::Route;
        let at = policy.route_chain(request.attestor, &outcome.identity, request.audience)?;
        outcome.judged_by.set(at);
        let attestor = &policy.attestors[at];
        let Kind::Spiffe(spiffe) = &attestor.kind else { return Err(Reason::InternalError) };
        outcome.step = Step::Profile;
        // X509-SVID section 3.1: a leaf always has a path, whatever a token may have.
        outcome.name_by_trust_domain(true)?;
        chain.check_usage(spiffe.x509.usage)?;
        outcome.step = Step::Time;
        chain.check_time(spiffe.x509.leeway, outcome.now)?;
        outcome.expires_at = chain.leaf().not_after;

        outcome.step = Step::Source;
        let (kind, name) = outcome.source().ok_or(Reason::InternalError)?;
        let source = self.store.find(kind, name).ok_or(Reason::BundleUnavailable)?;
        let authorities = source.x509().ok_or(Reason::BundleUnavailable)?;
        outcome.bundle_due = authorities.origin.check_age(attestor.max_staleness, outcome.now)?;
        outcome.step = Step::Signature;
        let crls = source.crls();
        let verified = path::verify(
            &chain,
            &authorities,
            crls.as_deref(),
            spiffe.x509.revocation,
            spiffe.x509.leeway,
            outcome.now,
        );
        if matches!(verified, Err(Reason::ChainUntrusted)) && !is_shadow {
            outcome.refresh_wanted = self.store.mark(&source, outcome.now);
        }
        let path = verified?;
        let authority = Arc::clone(&authorities);
        outcome.anchored_by = Some((authorities, path.authority));
        outcome.step = Step::Possession;
        check_possession(&chain, attestor, request)?;
        outcome.authenticated = true;
        outcome.leaf_sha256 = sha256(chain.leaf().der);

        let path = (&path, &chain, &authority.entries[path.authority]);
        let proven = Proven { claims: None, passport: scratch.passport.proven(), path: Some(path) };
        grant::check(&self.store, attestor, proven, outcome, &mut scratch.text)
    }
}

/// A certificate is public: whoever presents it proves to hold its key, and where the policy binds it to the passport,
/// in a signature that covers the passport too.
fn check_possession(chain: &Chain<'_>, attestor: &Attestor, request: &Request<'_>) -> Result<(), Reason> {
    let bound = attestor.binding == Binding::Audience;
    match request.possession.ok_or(Reason::PopRequired)? {
        _ if bound && request.passport.is_none() => Err(Reason::PopRequired),
        Possession::TlsHandshake if bound => Err(Reason::PopRequired),
        Possession::TlsHandshake => Ok(()),
        Possession::SignedChallenge { challenge, proof } => {
            let audience = request.audience.ok_or(Reason::AudienceMissing)?;
            let message =
                possession::message(challenge, audience.as_bytes(), request.passport.unwrap_or_default())?;
            possession::verify(chain.leaf().public_key_info, &message, proof)
        }
    }
}
