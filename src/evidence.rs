//! What an auditor gets: one canonical JSON object per verdict, the same bytes in every language.
//!
//! Members are sorted by name, there is no white space, and nothing but the identity of an allow comes
//! from the credential. Written on demand; the verification itself does not pay for it.

use crate::result::{Outcome, Presented, VerifyResult};
use crate::verdict::Reason;
use crate::wire::base64url;
use crate::wire::canonical::{Object, write_strings};
use crate::wire::json::write_str;
use core::fmt::Write as _;
use ring::digest::{Context, SHA256};

impl VerifyResult {
    /// Appends the evidence of the verdict to `out`; nothing before the first verification.
    pub fn write_evidence(&self, out: &mut String) {
        match (self.reason(), self.verified()) {
            (None, Some(verified)) => {
                let mut object = Object::begin(out);
                object.string("attested_external_identity", verified.identity);
                object.string("attestor_id", verified.attestor_id);
                self.write_attributes(object.member("attributes"));
                if self.outcome.source().is_some() {
                    self.write_bundle(object.member("bundle"));
                }
                object.string("credential_kind", verified.kind.name());
                object.hex("credential_sha256", &self.credential_sha256());
                object.optional("internal_identity", verified.internal_identity);
                object.optional("issuer", verified.issuer);
                object.string("key_thumbprint", verified.key_thumbprint);
                object.optional("passport_thumbprint", verified.passport_thumbprint);
                write_strings(object.member("policies"), self.policies());
                self.write_policy(object.member("policy"));
                object.string("subject", verified.subject);
                object.optional("trust_domain", verified.trust_domain);
                object.number("verified_at", self.outcome.now);
                object.end();
            }
            (Some(Reason::NotVerified), _) | (None, None) => {}
            (Some(reason), _) => {
                let mut object = Object::begin(out);
                object.optional("attestor_id", self.attestor_id());
                object.raw("authenticated", if self.authenticated() { "true" } else { "false" });
                object.string("class", reason.class().name());
                object.number("deny_code", reason.code().into());
                object.string("deny_reason", reason.phrase());
                object.string("deny_slug", reason.slug());
                if self.is_about_passport() {
                    object.string("part", "passport");
                }
                object.end();
            }
        }
    }

    fn write_bundle(&self, out: &mut String) {
        let Some((kind, name)) = self.outcome.source() else { return };
        let Outcome { now, verified_with, anchored_by, .. } = &self.outcome;
        let (origin, slot) = match (verified_with.get(), anchored_by) {
            (Some((slot, _)), _) => (&slot.origin, "jwt"),
            (None, Some((slot, _))) => (&slot.origin, "x509"),
            (None, None) => return,
        };
        let mut object = Object::begin(out);
        object.number("age", now.saturating_sub(origin.confirmed_at).max(0));
        object.hex("digest", &origin.digest);
        object.string("kind", kind.name());
        object.string("name", name);
        if let Some(sequence) = origin.sequence {
            object.raw("sequence", &sequence.to_string());
        }
        object.string("slot", slot);
        object.end();
    }

    /// The claims that the policy lets through, and what its mapping captured.
    fn write_attributes(&self, out: &mut String) {
        let mut attributes: Vec<(&str, String)> = Vec::new();
        if let Some((rule, captures)) = self.outcome.mapping() {
            for (name, value) in rule.captured(self.outcome.subject(), captures) {
                let mut json = String::new();
                write_str(&mut json, value);
                attributes.push((name, json));
            }
        }
        if let (Some(attestor), Some(claims)) = (self.outcome.attestor(), self.claims()) {
            for projected in &attestor.evidence {
                let json = projected.json(claims, self.outcome.subject(), self.outcome.now);
                attributes.extend(json.map(|json| (&*projected.name, json)));
            }
        }
        attributes.sort_unstable();
        let mut object = Object::begin(out);
        for (name, json) in &attributes {
            object.any_member(name).push_str(json);
        }
        object.end();
    }

    fn write_policy(&self, out: &mut String) {
        let Some((policy, _)) = self.outcome.judged_by.get() else { return };
        let mut object = Object::begin(out);
        object.hex("digest", &policy.digest);
        if let Some((at, _)) = &self.outcome.mapped {
            // Writing to a string cannot fail.
            let _ = write!(object.member("map"), "\"map[{at}]\"");
        }
        let allow = self.outcome.attestor().and_then(|attestor| attestor.allow.as_ref());
        if let Some((allow, entry)) = allow.zip(self.outcome.admitted_by) {
            let rule = object.member("rule");
            rule.push('"');
            allow.push_place(entry, rule);
            rule.push('"');
        }
        object.end();
    }

    /// SHA-256 of the credential, of a chain its leaf: canonical base64url makes the decoded parts give its very bytes.
    fn credential_sha256(&self) -> [u8; 32] {
        if self.outcome.presented == Presented::Chain {
            return self.outcome.leaf_sha256;
        }
        if let Some(known) = self.outcome.credential_sha256 {
            return known;
        }
        let parts = match self.outcome.presented {
            Presented::PassportAlone => &self.scratch.passport.parts,
            _ => &self.scratch.parts,
        };
        let mut hash = self.scratch.signed_sha256.clone().unwrap_or_else(|| {
            let mut hash = Context::new(&SHA256);
            base64url::encode_to(parts.header(), |text| hash.update(text));
            hash.update(b".");
            base64url::encode_to(parts.payload(), |text| hash.update(text));
            hash
        });
        hash.update(b".");
        base64url::encode_to(parts.signature(), |text| hash.update(text));
        let mut out = [0; 32];
        out.copy_from_slice(hash.finish().as_ref());
        out
    }
}
