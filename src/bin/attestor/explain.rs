//! `attestor explain`: why a verdict is what it is, step by step, and what to do next.

use crate::output::{self, headline, optional_row, row};
use crate::question::{Asked, Question};
use anstyle::{AnsiColor, Style};
use attestor::{Class, Reason, SlotInfo, SlotKind, StepOutcome, VerifyResult};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Show every check of a verification: passed, failed or not reached; which key and bundle; what to do next.
///
/// Claims are shown by name and kind; their values only with `--reveal`, and nothing that is shown of a
/// refused credential has been proven. Exit status as of `verify`.
#[derive(Args)]
#[command(
    after_help = "Example:\n  attestor explain --policy policy.json --bundle example.org=bundle.json token.jwt"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    question: Question,

    /// Show the values of header parameters and claims too
    #[arg(long)]
    reveal: bool,
}

/// Runs the command; the exit status is the verdict's class.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let mut result = VerifyResult::new();
    let json = arguments.question.json;
    let asked = match arguments.question.judge(&mut result) {
        Ok(asked) => asked,
        Err(failure) => return output::failure(&failure, json),
    };
    let explanation = Explanation { result: &result, asked: &asked, reveal: arguments.reveal };
    if json {
        output::println_json(&explanation.to_json());
        return output::exit_code(result.class());
    }
    let status = output::verdict(&result, false);
    explanation.print();
    status
}

struct Explanation<'a> {
    result: &'a VerifyResult,
    asked: &'a Asked,
    reveal: bool,
}

impl Explanation<'_> {
    fn print(&self) {
        headline(Style::new(), "checks", "");
        for (step, outcome) in self.result.steps() {
            let (color, word) = match outcome {
                StepOutcome::Passed => (AnsiColor::Green, "passed"),
                StepOutcome::Failed => (AnsiColor::Red, "failed"),
                StepOutcome::NotReached => (AnsiColor::BrightBlack, "not reached"),
            };
            let color = color.on_default();
            anstream::println!("  {color}{word:<11}{color:#} {:<18} {}", step.slug(), step.doc());
        }
        self.print_material();
        for (title, token) in self.tokens() {
            print_members(title, token, self.reveal);
        }
        if let Some(reason) = self.result.reason() {
            headline(Style::new(), "next", next(reason));
        }
    }

    fn print_material(&self) {
        let examined = self.result.examined();
        let Some(source) = examined.source else { return };
        headline(Style::new(), "trust bundle", "");
        row(source.kind.name(), source.name);
        match self.slot() {
            Some(info) => {
                row(
                    "entries",
                    &format!("{} ({} passed over)", info.entries, info.skipped.iter().sum::<u32>()),
                );
                row("generation", &info.generation.to_string());
                optional_row("sequence", info.sequence.map(|sequence| sequence.to_string()));
            }
            None => row("entries", "nothing has been put for this source"),
        }
        optional_row("kid", examined.kid.map(escape));
        optional_row("key", examined.key_thumbprint.map(ToOwned::to_owned));
    }

    fn slot(&self) -> Option<SlotInfo> {
        let source = self.result.examined().source?;
        let chain = self.result.credential_kind() == attestor::CredentialKind::X509Svid;
        let slot = if chain { SlotKind::X509 } else { SlotKind::Jwt };
        self.asked.store.info(source, slot).ok().flatten()
    }

    /// What has header and claims to be shown.
    fn tokens(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let credential =
            (!self.asked.credential.is_empty()).then_some(("credential", &*self.asked.credential));
        let passport = self.asked.passport.as_deref().map(|passport| ("passport", passport));
        passport.into_iter().chain(credential)
    }

    fn to_json(&self) -> Value {
        let mut object = output::verdict_json(self.result);
        let steps = self.result.steps().map(|(step, outcome)| {
            let outcome = match outcome {
                StepOutcome::Passed => "passed",
                StepOutcome::Failed => "failed",
                StepOutcome::NotReached => "not_reached",
            };
            json!({"step": step.slug(), "outcome": outcome})
        });
        object["checks"] = steps.collect();
        let examined = self.result.examined();
        if let Some(source) = examined.source {
            object["bundle"] = json!({
                "kind": source.kind.name(),
                "name": source.name,
                "entries": self.slot().map(|info| info.entries),
                "kid": examined.kid,
                "key_thumbprint": examined.key_thumbprint,
            });
        }
        for (title, token) in self.tokens() {
            let part = |at| {
                members(token, at)
                    .map(|list| list.iter().map(|(n, v)| self.member_json(n, v)).collect::<Value>())
            };
            object[title] = json!({"header": part(0), "claims": part(1)});
        }
        if let Some(reason) = self.result.reason() {
            object["next"] = json!(next(reason));
        }
        object
    }

    fn member_json(&self, name: &str, value: &Value) -> Value {
        let kind = kind(value);
        if self.reveal {
            json!({"name": name, "kind": kind, "value": value})
        } else {
            json!({"name": name, "kind": kind})
        }
    }
}

fn print_members(title: &str, token: &[u8], reveal: bool) {
    for (at, part) in ["header", "claims"].into_iter().enumerate() {
        headline(Style::new(), &format!("{title} {part}"), "");
        let Some(list) = members(token, at) else {
            row("-", "not a JSON object in base64url");
            continue;
        };
        for (name, value) in list {
            let shown = if reveal { escape(&value.to_string()) } else { String::new() };
            row(&escape(&name), &format!("{} {shown}", kind(&value)));
        }
    }
}

/// The members of a part of a compact JWS, as they stand, sorted by name.
fn members(token: &[u8], part: usize) -> Option<Vec<(String, Value)>> {
    let text = token.split(|byte| *byte == b'.').nth(part)?;
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()? {
        Value::Object(members) => Some(members.into_iter().collect()),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Bytes of a stranger on a terminal: nothing that moves its cursor.
fn escape(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// What an operator does about it.
fn next(reason: Reason) -> &'static str {
    match reason {
        Reason::KidNotFound => {
            "Refresh the bundle: the key is newer than it, was revoked, or the bundle is another issuer's. `attestor bundle inspect` lists its keys."
        }
        Reason::BundleUnavailable => {
            "Feed the source named above: the policy trusts it and nothing has been put. Check its feed."
        }
        Reason::BundleStale => {
            "The source's feed has been silent for too long: check the agent or the issuer's key set URL."
        }
        Reason::SignatureInvalid | Reason::SignatureMalformed => {
            "The token was changed on its way, or signed by another key under the same kid: compare the issuer's published key."
        }
        Reason::TokenExpired | Reason::CertExpired => {
            "Fetch a fresh credential; if it is fresh, compare the clocks of both sides."
        }
        Reason::TokenNotYetValid | Reason::CertNotYetValid | Reason::IssuedInFuture => {
            "Compare the clocks: the issuer's is ahead of ours by more than the skew."
        }
        Reason::AudienceMismatch | Reason::AudienceMissing => {
            "Ask the workload to request one of the attestor's audiences, byte for byte; `--reveal` shows what the token has."
        }
        Reason::AudienceUntrustedExtra => {
            "The token is for others too: list them in `trusted_audiences`, or have it issued for us alone."
        }
        Reason::TrustDomainUnknown | Reason::IssuerUnknown => {
            "Add the trust domain or issuer to an attestor of the policy, spelled as in the token, if it is to be trusted."
        }
        Reason::NotAllowed => {
            "The credential is good: if the workload may enter, add it to the attestor's `allow`."
        }
        Reason::NotMapped => {
            "The credential is good: add an entry to the attestor's `map` that matches the subject."
        }
        Reason::OverlayDenied => {
            "Somebody denied it at run time: lift the entry of the overlay if that is over."
        }
        Reason::KeyUntrusted => {
            "The passport is good: add its thumbprint to `pinned_keys` if the agent may enter."
        }
        Reason::PopRequired => {
            "The credential is bound to a key: present the passport (`--passport`), the peer certificate, or a proof of possession with it."
        }
        Reason::CnfInvalid => {
            "The credential is bound to another key than the one that was proven, or in a way that is not supported."
        }
        Reason::ChainUntrusted => {
            "No authority of the leaf's own trust domain issued it: refresh that bundle, or send the intermediates too."
        }
        Reason::AlgNotAllowed | Reason::CertAlgNotAllowed => {
            "Use an algorithm of the attestor's list; `none` and HMAC never verify."
        }
        _ if reason.class() == Class::Misuse => {
            "Correct the call or the configuration: the credential was not judged."
        }
        _ => "The credential is not of the form its kind demands: look at its issuer's configuration.",
    }
}
