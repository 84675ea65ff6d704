//! The storage of one verdict: made once, reused for every verification, so that a warm call allocates nothing.

use crate::policy::{Attestor, Kind, Policy};
use crate::trust::{Key, Slot, SourceKind};
use crate::verdict::{Class, Reason};
use crate::wire::{json, jws};
use core::fmt;
use std::sync::Arc;

/// Storage of one verdict. One per thread; until a verification says otherwise it holds `not_verified`.
pub struct VerifyResult {
    pub(crate) scratch: Scratch,
    pub(crate) outcome: Outcome,
}

/// What reading a credential needs.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) parts: jws::Parts,
    pub(crate) header: json::Tape,
    pub(crate) claims: json::Tape,
    /// The decoded `iss`.
    pub(crate) issuer: String,
}

/// The verdict and what it was reached by.
pub(crate) struct Outcome {
    pub(crate) status: Result<(), Reason>,
    pub(crate) authenticated: bool,
    /// Begins as `sub`, as soon as that is read; shown for an allow only.
    pub(crate) identity: String,
    /// Where `sub` begins in the identity.
    subject_at: usize,
    pub(crate) trust_domain_len: usize,
    pub(crate) now: i64,
    pub(crate) expires_at: i64,
    pub(crate) judged_by: Option<(Arc<Policy>, usize)>,
    pub(crate) verified_with: Option<(Arc<Slot<Key>>, usize)>,
}

const SCHEME_LEN: usize = "spiffe://".len();

impl Default for VerifyResult {
    fn default() -> Self {
        Self::new()
    }
}

impl VerifyResult {
    /// An empty result.
    pub fn new() -> Self {
        let outcome = Outcome {
            status: Err(Reason::NotVerified),
            authenticated: false,
            identity: String::new(),
            subject_at: 0,
            trust_domain_len: 0,
            now: 0,
            expires_at: 0,
            judged_by: None,
            verified_with: None,
        };
        Self { scratch: Scratch::default(), outcome }
    }

    /// Forgets the last verdict and overwrites what its credential left behind.
    pub fn clear(&mut self) {
        self.scratch.parts.wipe();
        wipe(&mut self.scratch.issuer);
        let outcome = &mut self.outcome;
        wipe(&mut outcome.identity);
        outcome.subject_at = 0;
        outcome.status = Err(Reason::NotVerified);
        outcome.authenticated = false;
        outcome.trust_domain_len = 0;
        outcome.now = 0;
        outcome.expires_at = 0;
        outcome.judged_by = None;
        outcome.verified_with = None;
    }

    /// The reason of a refusal; `None` is an allow.
    pub fn reason(&self) -> Option<Reason> {
        self.outcome.status.err()
    }

    /// The class of the verdict.
    pub fn class(&self) -> Class {
        self.reason().map_or(Class::Allow, Reason::class)
    }

    /// Whether the signature was verified, whatever was decided afterwards.
    pub fn authenticated(&self) -> bool {
        self.outcome.authenticated
    }

    /// The attestor that judged, once routing has found it.
    pub fn attestor_id(&self) -> Option<&str> {
        self.outcome.attestor().map(|attestor| &*attestor.id)
    }

    /// The workload that may enter; `None` unless the verdict is an allow.
    pub fn verified(&self) -> Option<Verified<'_>> {
        self.outcome.status.ok()?;
        let outcome = &self.outcome;
        let attestor = outcome.attestor()?;
        let (kind, source) = outcome.source()?;
        let trust_domain = (kind == SourceKind::TrustDomain).then_some(source);
        let is_local = match &attestor.kind {
            Kind::Spiffe(spiffe) => spiffe.local_trust_domain.as_deref().is_some_and(|local| local == source),
            Kind::Oidc(_) => false,
        };
        Some(Verified {
            identity: &outcome.identity,
            subject: outcome.subject(),
            trust_domain,
            issuer: (kind == SourceKind::Issuer).then_some(source),
            is_local,
            attestor_id: &attestor.id,
            expires_at: outcome.expires_at,
            key_thumbprint: &outcome.key()?.thumbprint,
        })
    }
}

impl Drop for VerifyResult {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Overwrites and empties a string whose storage is kept.
fn wipe(text: &mut String) {
    let mut bytes = core::mem::take(text).into_bytes();
    bytes.fill(0);
    bytes.clear();
    *text = String::from_utf8(bytes).unwrap_or_default();
}

impl Outcome {
    /// Turns the subject into an identity of this issuer: `oidc:<issuer>:<sub>`.
    pub(crate) fn name_by_issuer(&mut self, issuer: &str) -> Result<(), Reason> {
        if self.identity.contains('\0') {
            return Err(Reason::ClaimTypeInvalid);
        }
        for (at, part) in [(0, "oidc:"), (5, issuer), (5 + issuer.len(), ":")] {
            self.identity.insert_str(at, part);
        }
        self.subject_at = 5 + issuer.len() + 1;
        Ok(())
    }

    /// `sub`.
    pub(crate) fn subject(&self) -> &str {
        self.identity.get(self.subject_at..).unwrap_or_default()
    }

    /// The source whose keys are asked.
    pub(crate) fn source(&self) -> Option<(SourceKind, &str)> {
        match &self.attestor()?.kind {
            Kind::Oidc(oidc) => Some((SourceKind::Issuer, &oidc.issuer)),
            Kind::Spiffe(_) => {
                let name = self.identity.get(SCHEME_LEN..SCHEME_LEN + self.trust_domain_len)?;
                Some((SourceKind::TrustDomain, name))
            }
        }
    }

    pub(crate) fn attestor(&self) -> Option<&Attestor> {
        let (policy, at) = self.judged_by.as_ref()?;
        policy.attestors.get(*at)
    }

    pub(crate) fn key(&self) -> Option<&Key> {
        let (slot, at) = self.verified_with.as_ref()?;
        slot.entries.get(*at)
    }
}

impl fmt::Debug for VerifyResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyResult")
            .field("class", &self.class())
            .field("reason", &self.reason())
            .field("authenticated", &self.authenticated())
            .finish_non_exhaustive()
    }
}

/// A workload that may enter. Borrows from the result: valid until its next verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified<'r> {
    /// `spiffe://trust-domain/path` or `oidc:<issuer>:<sub>`.
    pub identity: &'r str,
    /// `sub`.
    pub subject: &'r str,
    /// The identity's trust domain, of a SPIFFE credential.
    pub trust_domain: Option<&'r str>,
    /// The configured canonical issuer, of an OIDC token.
    pub issuer: Option<&'r str>,
    /// The trust domain is the attestor's `local_trust_domain`.
    pub is_local: bool,
    /// The attestor that judged.
    pub attestor_id: &'r str,
    /// Unix seconds; the credential itself, without clock skew.
    pub expires_at: i64,
    /// RFC 7638 thumbprint of the key that verified, base64url.
    pub key_thumbprint: &'r str,
}

/// A credential that may not enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// Why.
    pub reason: Reason,
    /// Whether the signature was verified nevertheless.
    pub authenticated: bool,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl core::error::Error for Rejected {}
