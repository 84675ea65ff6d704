//! The verified-credential cache as the pipeline uses it: what makes two requests the same, when a verdict still holds,
//! and what of it is kept.
//!
//! Whatever does not hold any more is judged in full, so that no verdict and no reason ever comes from here alone.

use super::Verifier;
use crate::cache::{CacheKey, Facts, Remembered};
use crate::crypto::{Algorithm, sha256};
use crate::policy::Policy;
use crate::request::Request;
use crate::result::{Outcome, Scratch, source_of};
use ring::digest::{Context, SHA256};
use std::sync::Arc;

/// Keys of another meaning begin with another text.
const TAG: &[u8] = b"attestor verified token 1";

/// The key of a credential's verdict: its hash or, where one attestor is asked, a hash of both. The lowest bit tells
/// which, so that no credential is what the other kind is made of.
fn key_of(credential_sha256: &[u8; 32], attestor: Option<&str>) -> CacheKey {
    let Some(attestor) = attestor else {
        let mut key = *credential_sha256;
        key[0] &= !1;
        return key;
    };
    let mut hash = Context::new(&SHA256);
    for part in [TAG, credential_sha256, attestor.as_bytes()] {
        hash.update(part);
    }
    let mut key = [0; 32];
    key.copy_from_slice(hash.finish().as_ref());
    key[0] |= 1;
    key
}

/// Where a credential's verdict is kept, and under what it would be made. Read before the verification begins: what
/// changes meanwhile makes its result stale.
pub(super) struct Place {
    pub(super) credential_sha256: [u8; 32],
    key: CacheKey,
    cache_epoch: u64,
    overlay_epoch: u64,
}

/// What of a verdict the claims alone say.
#[derive(Clone, Copy)]
pub(super) struct Lasting {
    pub(super) algorithm: Algorithm,
    /// The first second at which its dates no longer allow it.
    pub(super) until: i64,
}

impl Verifier {
    /// The place of a token's verdict; none if the cache is off, or the token is refused for its size.
    pub(super) fn place(&self, policy: &Policy, request: &Request<'_>) -> Option<Place> {
        if self.cache.is_off() || request.credential.len() > policy.credential_bytes {
            return None;
        }
        let credential_sha256 = sha256(request.credential);
        let key = key_of(&credential_sha256, request.attestor);
        let (cache_epoch, overlay_epoch) = (self.cache.epoch(), self.store.denial_epoch());
        Some(Place { credential_sha256, key, cache_epoch, overlay_epoch })
    }

    /// Fills in what the signature proved when it was verified, if everything that it depended on is as it was; the
    /// algorithm then.
    pub(super) fn recall(
        &self,
        place: &Place,
        policy: &Arc<Policy>,
        scratch: &mut Scratch,
        outcome: &mut Outcome,
    ) -> Option<Algorithm> {
        self.cache.find(&place.key, |entry| {
            let facts = entry.facts;
            let same = facts.policy_epoch == policy.epoch && facts.overlay_epoch == place.overlay_epoch;
            let in_time = (facts.from..facts.until).contains(&outcome.now);
            let attestor = policy.attestors.get(facts.attestor).filter(|_| same && in_time)?;
            let (kind, name) = source_of(attestor, entry.identity, facts.trust_domain_len)?;
            let slot = scratch.found.jwt(&self.store, kind, name)?;
            if slot.origin.generation != facts.generation {
                return None;
            }
            outcome.bundle_due = slot.origin.check_age(attestor.max_staleness, outcome.now).ok()?;
            outcome.judged_by.set(facts.attestor);
            outcome.verified_with.hold(slot);
            outcome.verified_with.set(facts.key);
            outcome.recall(entry);
            scratch.parts.set_payload(entry.payload);
            scratch.claims.restore(entry.nodes);
            Some(facts.algorithm)
        })
    }

    /// Keeps what an allow was made of.
    pub(super) fn remember(&self, place: &Place, lasting: Lasting, scratch: &Scratch, outcome: &Outcome) {
        let (Some((policy, attestor)), Some((slot, key))) =
            (outcome.judged_by.get(), outcome.verified_with.get())
        else {
            return;
        };
        let facts = Facts {
            cache_epoch: place.cache_epoch,
            policy_epoch: policy.epoch,
            overlay_epoch: place.overlay_epoch,
            attestor,
            generation: slot.origin.generation,
            key,
            algorithm: lasting.algorithm,
            // A clock that has gone back is another question.
            from: outcome.now,
            until: lasting.until,
            expires_at: outcome.expires_at,
            subject_at: outcome.subject_at,
            trust_domain_len: outcome.trust_domain_len,
            admitted_by: outcome.admitted_by,
            mapped: outcome.mapped,
        };
        let entry = Remembered {
            facts: &facts,
            identity: &outcome.identity,
            internal_identity: &outcome.internal_identity,
            payload: scratch.parts.payload(),
            nodes: scratch.claims.nodes(),
        };
        self.cache.insert(&place.key, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Evidence tells the hash of a credential: what is hashed with it may be sent as a credential, too.
    #[test]
    fn no_credential_is_the_key_of_another_for_one_attestor() {
        let credential_sha256 = sha256(b"a credential");
        for attestor in ["", "spiffe", "a longer name of an attestor"] {
            let key = key_of(&credential_sha256, Some(attestor));
            let forged = [TAG, &credential_sha256, attestor.as_bytes()].concat();
            assert_ne!(key_of(&sha256(&forged), None), key);
            assert_ne!(key_of(&sha256(&forged), Some("")), key);
        }
    }

    #[test]
    fn keys_are_told_apart_by_credential_and_by_attestor() {
        let mut keys = Vec::new();
        for credential in ["a", "b", "c"] {
            for attestor in [None, Some(""), Some("a"), Some("b")] {
                keys.push(key_of(&sha256(credential.as_bytes()), attestor));
            }
        }
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
