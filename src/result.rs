//! The storage of one verdict: made once, reused for every verification, so that a warm call allocates nothing.

use crate::cache::Remembered;
use crate::credential::{header, passport, spiffe_id};
use crate::held::Held;
use crate::policy::{Attestor, Captures, Entry, Kind, Policy, Rule};
use crate::step::{CredentialKind, Step, StepOutcome};
use crate::trust::{Authority, Found, Kept, Key, Slot, Source, SourceKind};
use crate::verdict::{Class, Reason};
use crate::wire::json::Value;
use crate::wire::wipe::wipe;
use crate::wire::{json, jws};
use core::cmp::Ordering;
use core::fmt;
use ring::digest::{Context, SHA256};
use std::sync::Arc;

/// Storage of one verdict. One per thread; until a verification says otherwise it holds `not_verified`.
pub struct VerifyResult {
    pub(crate) scratch: Scratch,
    pub(crate) outcome: Outcome,
    /// What the shadow policy said, in storage that is made when there first is one.
    pub(crate) shadow: Option<Box<(Scratch, Outcome)>>,
    pub(crate) shadowed: bool,
    pub(crate) policies: Policies,
    /// Whether there is anything to forget.
    used: bool,
}

/// The policies in force when they were last looked at.
#[derive(Default)]
pub(crate) struct Policies {
    pub(crate) live: Option<Kept<Arc<Policy>>>,
    pub(crate) shadow: Option<Kept<Option<Arc<Policy>>>>,
}

/// What reading a credential needs.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) parts: jws::Parts,
    pub(crate) header: header::Storage,
    pub(crate) claims: json::Tape,
    /// The decoded `iss`.
    pub(crate) issuer: String,
    pub(crate) passport: passport::Storage,
    /// Text to be looked up.
    pub(crate) text: [String; 2],
    /// SHA-256 as it stood behind what the signature covers, where checking it took that.
    pub(crate) signed_sha256: Option<Context>,
    /// Outlasts the verdict: of the store, not of the credential.
    pub(crate) found: Found,
}

impl Scratch {
    fn wipe(&mut self) {
        self.parts.wipe();
        self.header.clear();
        self.claims.clear();
        wipe(&mut self.issuer);
        self.passport.wipe();
        self.text.iter_mut().for_each(wipe);
        if let Some(hash) = &mut self.signed_sha256 {
            *hash = Context::new(&SHA256); // over the bytes that wait for the rest of their block
            self.signed_sha256 = None;
        }
    }
}

/// The verdict and what it was reached by.
pub(crate) struct Outcome {
    pub(crate) status: Result<(), Reason>,
    pub(crate) authenticated: bool,
    /// The step under way; of a refusal, the one that decided.
    pub(crate) step: Step,
    pub(crate) presented: Presented,
    pub(crate) with_passport: bool,
    /// Begins as `sub`, as soon as that is read; shown for an allow only.
    pub(crate) identity: String,
    /// Where `sub` begins in the identity.
    pub(crate) subject_at: usize,
    pub(crate) trust_domain_len: usize,
    pub(crate) now: i64,
    pub(crate) expires_at: i64,
    /// The policy in force; once routing has found it, the attestor.
    pub(crate) judged_by: Held<Policy>,
    /// The keys of the source; once it is asked for, the one whose signature it is, whatever that says.
    pub(crate) verified_with: Held<Slot<Key>>,
    /// The authority that a certificate path ended at.
    pub(crate) anchored_by: Option<(Arc<Slot<Authority>>, usize)>,
    /// SHA-256 of the leaf certificate.
    pub(crate) leaf_sha256: [u8; 32],
    pub(crate) admitted_by: Option<Entry>,
    /// The bundle is past its soft age.
    pub(crate) bundle_due: bool,
    /// This verification marked its source as wanted.
    pub(crate) refresh_wanted: bool,
    /// The entry of `map` that matched, and what it captured of the subject.
    pub(crate) mapped: Option<(usize, Captures)>,
    pub(crate) internal_identity: String,
    /// SHA-256 of the token, where the verified-credential cache was asked.
    pub(crate) credential_sha256: Option<[u8; 32]>,
    /// What the signature proves was found in the cache.
    pub(crate) from_cache: bool,
}

/// What the host brought.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented {
    Token,
    Chain,
    PassportAlone,
}

const ISSUED: &str = "oidc:";
const SCHEME_LEN: usize = "spiffe://".len();

impl Default for VerifyResult {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Outcome {
    fn default() -> Self {
        Self {
            status: Err(Reason::NotVerified),
            authenticated: false,
            step: Step::Request,
            presented: Presented::Token,
            with_passport: false,
            identity: String::new(),
            subject_at: 0,
            trust_domain_len: 0,
            now: 0,
            expires_at: 0,
            judged_by: Held::default(),
            verified_with: Held::default(),
            anchored_by: None,
            leaf_sha256: [0; 32],
            admitted_by: None,
            bundle_due: false,
            refresh_wanted: false,
            mapped: None,
            internal_identity: String::new(),
            credential_sha256: None,
            from_cache: false,
        }
    }
}

impl VerifyResult {
    /// An empty result.
    pub fn new() -> Self {
        let (scratch, outcome, policies) = Default::default();
        Self { scratch, outcome, shadow: None, shadowed: false, policies, used: false }
    }

    /// Forgets the last verdict and overwrites what its credential left behind. What it was judged by stays at hand for
    /// the next: the policy, the bundle, and of a token that was proven the header, if that says no more than `alg`,
    /// `kid` and `typ`.
    pub fn clear(&mut self) {
        if !self.used {
            return;
        }
        self.scratch.wipe();
        self.outcome.clear();
        self.shadowed = false;
        if let Some(shadow) = &mut self.shadow {
            shadow.0.wipe();
            shadow.1.clear();
        }
        self.used = false;
    }

    /// Forgets the last verdict for another to come.
    pub(crate) fn begin(&mut self) {
        self.clear();
        self.used = true;
    }

    /// What a question comes to that cannot be judged.
    pub(crate) fn refuse(&mut self, reason: Reason) {
        self.begin();
        self.outcome.status = Err(reason);
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

    /// Whether the verified-credential cache knew the credential, whatever was decided afterwards. It changes no
    /// verdict: only how long it took, and that no shadow policy was asked.
    pub fn is_from_cache(&self) -> bool {
        self.outcome.from_cache
    }

    /// Whether the bundle that was asked is past its soft age: it is still used, and should have been refreshed.
    pub fn is_bundle_due(&self) -> bool {
        self.outcome.bundle_due
    }

    /// Whether the bundle did not have what the credential names, and this is the first verification within the
    /// store's cooldown that says so: the host should fetch it again.
    pub fn is_refresh_wanted(&self) -> bool {
        self.outcome.refresh_wanted
    }

    /// The attestor that judged, once routing has found it.
    pub fn attestor_id(&self) -> Option<&str> {
        self.outcome.attestor().map(|attestor| &*attestor.id)
    }

    /// The kind of credential the verdict is about.
    pub fn credential_kind(&self) -> CredentialKind {
        match (self.outcome.attestor().map(|attestor| &attestor.kind), self.outcome.presented) {
            (_, Presented::Chain) => CredentialKind::X509Svid,
            (_, Presented::PassportAlone) => CredentialKind::Passport,
            (Some(Kind::Spiffe(_)), _) => CredentialKind::JwtSvid,
            (Some(Kind::Oidc(_)), _) => CredentialKind::Oidc,
            (Some(Kind::Native(_)) | None, _) => CredentialKind::Token,
        }
    }

    /// Whether a refusal is about the passport, not about the credential that came with it.
    pub fn is_about_passport(&self) -> bool {
        let alone = self.credential_kind() == CredentialKind::Passport;
        self.reason().is_some()
            && (alone || (Step::PassportForm..=Step::PassportSignature).contains(&self.outcome.step))
    }

    /// The steps of the last verification in their order, each with its outcome; none before the first.
    pub fn steps(&self) -> impl Iterator<Item = (Step, StepOutcome)> {
        let (kind, decided) = (self.credential_kind(), self.outcome.step);
        let admitted = self.outcome.with_passport;
        let outcome = move |step: Step| match step.cmp(&decided) {
            Ordering::Less => StepOutcome::Passed,
            Ordering::Equal => StepOutcome::Failed,
            Ordering::Greater => StepOutcome::NotReached,
        };
        let verified = self.reason() != Some(Reason::NotVerified);
        let steps = Step::ALL.iter().copied().filter(move |step| verified && kind.has(*step, admitted));
        steps.map(move |step| (step, outcome(step)))
    }

    /// What the shadow policy would have said: `None` without one or where the cache knew the credential, `Some(None)` an
    /// allow. A new shadow policy judges every credential at least once.
    pub fn shadow(&self) -> Option<Option<Reason>> {
        let shadow = self.shadow.as_ref().filter(|_| self.shadowed)?;
        Some(shadow.1.status.err())
    }

    /// What was looked at, allow or not: for an operator who asks why, not for the caller.
    pub fn examined(&self) -> Examined<'_> {
        let outcome = &self.outcome;
        let (kind, name) = match outcome.source() {
            Some((kind, name)) if !name.is_empty() && outcome.source_is_ours() => (Some(kind), name),
            _ => (None, ""),
        };
        Examined {
            source: kind.map(|kind| Source { kind, name }),
            kid: outcome.key().map(|key| &*key.kid),
            key_thumbprint: outcome.key_thumbprint(),
        }
    }

    /// The policies that the mapping grants; none unless the verdict is an allow.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        let rule = self.outcome.status.ok().and_then(|()| self.outcome.mapping());
        rule.into_iter().flat_map(|(rule, _)| rule.policies.iter().map(|policy| &**policy))
    }

    /// The workload that may enter; `None` unless the verdict is an allow.
    pub fn verified(&self) -> Option<Verified<'_>> {
        self.outcome.status.ok()?;
        let outcome = &self.outcome;
        let attestor = outcome.attestor()?;
        let mut verified = Verified {
            kind: self.credential_kind(),
            identity: &outcome.identity,
            subject: outcome.subject(),
            trust_domain: None,
            issuer: None,
            is_local: false,
            attestor_id: &attestor.id,
            expires_at: outcome.expires_at,
            key_thumbprint: "",
            internal_identity: None,
            passport_thumbprint: None,
        };
        if !outcome.internal_identity.is_empty() {
            verified.internal_identity = Some(&outcome.internal_identity);
        }
        if let Some((_, thumbprint)) = self.scratch.passport.proven() {
            verified.passport_thumbprint = Some(thumbprint);
        }
        match &attestor.kind {
            Kind::Native(_) => verified.key_thumbprint = verified.passport_thumbprint?,
            Kind::Spiffe(spiffe) => {
                let (_, domain) = outcome.source()?;
                verified.trust_domain = Some(domain);
                verified.is_local = spiffe.local_trust_domain.as_deref().is_some_and(|local| local == domain);
                verified.key_thumbprint = outcome.key_thumbprint()?;
            }
            Kind::Oidc(_) => {
                verified.issuer = Some(outcome.issuer()?);
                verified.key_thumbprint = &outcome.key()?.thumbprint;
            }
        }
        Some(verified)
    }

    /// The claims that evidence may project: of the credential, or of a passport alone.
    pub(crate) fn claims(&self) -> Option<Value<'_>> {
        let scratch = &self.scratch;
        match self.outcome.presented {
            Presented::Token => scratch.claims.again(scratch.parts.payload()),
            Presented::PassportAlone => scratch.passport.claims.again(scratch.passport.parts.payload()),
            Presented::Chain => None,
        }
    }
}

impl Drop for VerifyResult {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Outcome {
    fn clear(&mut self) {
        let Self { mut identity, mut internal_identity, mut judged_by, mut verified_with, .. } =
            core::mem::take(self);
        wipe(&mut identity);
        wipe(&mut internal_identity);
        judged_by.unset();
        verified_with.unset();
        *self = Self { identity, judged_by, verified_with, internal_identity, ..Self::default() };
    }

    /// Takes over what the verdict on the same credential consisted of.
    pub(crate) fn recall(&mut self, entry: Remembered<'_>) {
        let facts = entry.facts;
        self.from_cache = true;
        self.authenticated = true;
        self.identity.push_str(entry.identity);
        self.internal_identity.push_str(entry.internal_identity);
        (self.subject_at, self.trust_domain_len) = (facts.subject_at, facts.trust_domain_len);
        self.expires_at = facts.expires_at;
        (self.admitted_by, self.mapped) = (facts.admitted_by, facts.mapped);
    }

    /// Names the holder of a passport: `<prefix><key in hex>`.
    pub(crate) fn name_by_key(&mut self, prefix: &str, passport: &passport::Passport<'_>) {
        self.identity.push_str(prefix);
        passport.push_key_hex(&mut self.identity);
        self.subject_at = prefix.len();
    }

    /// Finds the entry of the attestor's `map`; whether there is one, or none is needed.
    pub(crate) fn apply_map(&mut self, attestor: &Attestor) -> Result<(), Reason> {
        let Some(map) = &attestor.map else { return Ok(()) };
        let subject = self.identity.get(self.subject_at..).unwrap_or_default();
        self.mapped = map.find(subject);
        match &self.mapped {
            Some((at, captures)) => {
                map.rules[*at].push_identity(subject, captures, &mut self.internal_identity);
                Ok(())
            }
            None if attestor.map_required => Err(Reason::NotMapped),
            None => Ok(()),
        }
    }

    /// The entry of `map` that matched.
    pub(crate) fn mapping(&self) -> Option<(&Rule, &Captures)> {
        let (at, captures) = self.mapped.as_ref()?;
        Some((self.attestor()?.map.as_ref()?.rules.get(*at)?, captures))
    }

    /// Takes the subject as a SPIFFE ID, which it must be.
    pub(crate) fn name_by_trust_domain(&mut self, require_path: bool) -> Result<(), Reason> {
        let (trust_domain, path) = spiffe_id::split(&self.identity)?;
        self.trust_domain_len = trust_domain.len();
        spiffe_id::check_path(&self.identity, path)?;
        if path.is_empty() && require_path { Err(Reason::SpiffeIdPathRequired) } else { Ok(()) }
    }

    /// What another policy's verification of the same credential found of this very key's signature.
    pub(crate) fn signature(&self, slot: &Arc<Slot<Key>>, key: usize) -> Option<Result<(), Reason>> {
        let (asked, at) = self.verified_with.get()?;
        match self.status {
            _ if !Arc::ptr_eq(asked, slot) || at != key => None,
            _ if self.authenticated => Some(Ok(())),
            status => Some(status),
        }
    }

    /// Turns the subject into an identity of this issuer: `oidc:<issuer>:<sub>`.
    pub(crate) fn name_by_issuer<'i>(&mut self, issuer: impl Iterator<Item = &'i str>) -> Result<(), Reason> {
        if self.identity.contains('\0') {
            return Err(Reason::ClaimTypeInvalid);
        }
        for part in core::iter::once(ISSUED).chain(issuer).chain([":"]) {
            self.identity.insert_str(self.subject_at, part);
            self.subject_at += part.len();
        }
        Ok(())
    }

    /// The canonical issuer in the identity; a template is filled there.
    fn issuer(&self) -> Option<&str> {
        self.identity.get(ISSUED.len()..self.subject_at.checked_sub(1)?)
    }

    /// `sub`.
    pub(crate) fn subject(&self) -> &str {
        self.identity.get(self.subject_at..).unwrap_or_default()
    }

    /// The source whose keys are asked; none for a passport.
    pub(crate) fn source(&self) -> Option<(SourceKind, &str)> {
        source_of(self.attestor()?, &self.identity, self.trust_domain_len)
    }

    /// Whether the source's name is our own: of the policy, or of the store. Under `["*"]` it is at first the token's.
    fn source_is_ours(&self) -> bool {
        let kind = self.attestor().map(|attestor| &attestor.kind);
        let open = matches!(kind, Some(Kind::Spiffe(spiffe)) if spiffe.trust_domains.is_none());
        !open || self.step > Step::Source
    }

    pub(crate) fn attestor(&self) -> Option<&Attestor> {
        let (policy, at) = self.judged_by.get()?;
        policy.attestors.get(at)
    }

    /// Of the key or authority that verified.
    pub(crate) fn key_thumbprint(&self) -> Option<&str> {
        if let Some((slot, at)) = &self.anchored_by {
            return slot.entries.get(*at).map(|authority| &*authority.thumbprint);
        }
        self.key().map(|key| &*key.thumbprint)
    }

    pub(crate) fn key(&self) -> Option<&Key> {
        let (slot, at) = self.verified_with.get()?;
        slot.entries.get(at)
    }
}

/// The source whose keys are asked about an identity; none for a passport.
pub(crate) fn source_of<'a>(
    attestor: &'a Attestor,
    identity: &'a str,
    trust_domain_len: usize,
) -> Option<(SourceKind, &'a str)> {
    match &attestor.kind {
        Kind::Native(_) => None,
        Kind::Oidc(oidc) => Some((SourceKind::Issuer, &oidc.issuer)),
        Kind::Spiffe(_) => {
            let name = identity.get(SCHEME_LEN..SCHEME_LEN + trust_domain_len)?;
            Some((SourceKind::TrustDomain, name))
        }
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
    /// What was verified.
    pub kind: CredentialKind,
    /// `spiffe://trust-domain/path`, `oidc:<issuer>:<sub>`, or `<identity_prefix><passport key, hex>`.
    pub identity: &'r str,
    /// The identity without what the attestor puts before it: SPIFFE ID, `sub`, or key.
    pub subject: &'r str,
    /// The identity's trust domain, of a SPIFFE credential.
    pub trust_domain: Option<&'r str>,
    /// The configured canonical issuer, of an OIDC token; a template is filled with the token's tenant.
    pub issuer: Option<&'r str>,
    /// The trust domain is the attestor's `local_trust_domain`.
    pub is_local: bool,
    /// The attestor that judged.
    pub attestor_id: &'r str,
    /// Unix seconds; the credential itself, without clock skew.
    pub expires_at: i64,
    /// RFC 7638 thumbprint of the key that verified, base64url.
    pub key_thumbprint: &'r str,
    /// As what the workload enters: the `internal_identity` of the policy's `map`.
    pub internal_identity: Option<&'r str>,
    /// RFC 7638 thumbprint of the passport's key, base64url, if a passport came too.
    pub passport_thumbprint: Option<&'r str>,
}

/// What a verification looked at, as far as it came.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Examined<'r> {
    /// The source whose material was asked.
    pub source: Option<Source<'r>>,
    /// The `kid` of the bundle's key whose signature was asked for.
    pub kid: Option<&'r str>,
    /// Its RFC 7638 thumbprint, base64url.
    pub key_thumbprint: Option<&'r str>,
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
