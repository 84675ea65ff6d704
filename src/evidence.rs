//! What an auditor gets: one canonical JSON object per verdict, the same bytes in every language.
//!
//! Members are sorted by name, there is no white space, and nothing but the identity of an allow comes
//! from the credential. Written on demand; the verification itself does not pay for it.

use crate::result::{Outcome, VerifyResult};
use crate::verdict::Reason;
use crate::wire::base64url;
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
                object.raw("attributes", "{}");
                self.write_bundle(object.member("bundle"));
                object.string("credential_sha256", &hex(&self.credential_sha256()));
                object.optional("issuer", verified.issuer);
                object.string("key_thumbprint", verified.key_thumbprint);
                object.raw("policies", "[]");
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
                object.end();
            }
        }
    }

    fn write_bundle(&self, out: &mut String) {
        let Some((slot, _)) = &self.outcome.verified_with else { return };
        let Some((kind, name)) = self.outcome.source() else { return };
        let Outcome { now, .. } = self.outcome;
        let mut object = Object::begin(out);
        object.number("age", now.saturating_sub(slot.origin.confirmed_at).max(0));
        object.string("digest", &hex(&slot.origin.digest));
        object.string("kind", kind.name());
        object.string("name", name);
        if let Some(sequence) = slot.origin.sequence {
            object.raw("sequence", &sequence.to_string());
        }
        object.string("slot", "jwt");
        object.end();
    }

    fn write_policy(&self, out: &mut String) {
        let Some((policy, _)) = &self.outcome.judged_by else { return };
        let mut object = Object::begin(out);
        object.string("digest", &hex(&policy.digest));
        object.end();
    }

    /// SHA-256 of the credential: canonical base64url makes the decoded parts give its very bytes.
    fn credential_sha256(&self) -> [u8; 32] {
        let parts = &self.scratch.parts;
        let mut hash = Context::new(&SHA256);
        base64url::encode_to(&parts.header, |text| hash.update(text));
        hash.update(b".");
        base64url::encode_to(&parts.payload, |text| hash.update(text));
        hash.update(b".");
        base64url::encode_to(&parts.signature, |text| hash.update(text));
        let mut out = [0; 32];
        out.copy_from_slice(hash.finish().as_ref());
        out
    }
}

/// A JSON object being written, member by member, in the order of the names.
struct Object<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> Object<'o> {
    fn begin(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    fn member(&mut self, name: &str) -> &mut String {
        if !core::mem::take(&mut self.first) {
            self.out.push(',');
        }
        write_str(self.out, name);
        self.out.push(':');
        self.out
    }

    fn string(&mut self, name: &str, value: &str) {
        write_str(self.member(name), value);
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(name, value);
        }
    }

    fn number(&mut self, name: &str, value: i64) {
        // Writing to a string cannot fail.
        let _ = write!(self.member(name), "{value}");
    }

    fn raw(&mut self, name: &str, json: &str) {
        self.member(name).push_str(json);
    }

    fn end(self) {
        self.out.push('}');
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
