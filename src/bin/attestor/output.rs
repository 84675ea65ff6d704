//! What the command prints: one line of JSON, or a few lines for a person.

use anstyle::{AnsiColor, Style};
use attestor::{Class, ConfigError, Reason, Verified, VerifyResult};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

const BOLD: Style = Style::new().bold();
/// Good.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default().bold();
/// To be looked at.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
/// Bad.
pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();

/// What stopped the command before there was a verdict.
pub(crate) struct Failure {
    reason: Reason,
    message: String,
}

impl Failure {
    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        Self { reason: Reason::ConfigInvalid, message: format!("{}: {error}", path.display()) }
    }

    pub(crate) fn usage(message: String) -> Self {
        Self { reason: Reason::ArgumentInvalid, message }
    }

    pub(crate) fn config(what: &str, error: &ConfigError) -> Self {
        Self { reason: error.reason(), message: format!("{what}: {error}") }
    }
}

/// 0 allow, 1 deny, 2 unavailable, 3 misuse.
pub(crate) fn exit_code(class: Class) -> ExitCode {
    ExitCode::from(match class {
        Class::Allow => 0,
        Class::Deny => 1,
        Class::Unavailable => 2,
        Class::Misuse => 3,
    })
}

/// Prints a verdict.
pub(crate) fn verdict(result: &VerifyResult, as_json: bool) -> ExitCode {
    match result.verified() {
        _ if as_json => println_json(&verdict_json(result)),
        Some(verified) => allowed(&verified),
        None => refused(result),
    }
    exit_code(result.class())
}

pub(crate) fn verdict_json(result: &VerifyResult) -> Value {
    let reason = result.reason();
    let mut object = reason_json(result.class(), reason, result.authenticated());
    if let Some(verified) = result.verified() {
        let mut evidence = String::new();
        result.write_evidence(&mut evidence);
        object["identity"] = json!(verified.identity);
        object["attestor_id"] = json!(verified.attestor_id);
        object["expires_at"] = json!(verified.expires_at);
        object["key_thumbprint"] = json!(verified.key_thumbprint);
        object["evidence"] = serde_json::from_str(&evidence).unwrap_or(Value::Null);
    }
    object
}

fn reason_json(class: Class, reason: Option<Reason>, authenticated: bool) -> Value {
    json!({
        "verdict": class.name(),
        "code": reason.map_or(0, Reason::code),
        "reason": reason.map_or("ok", Reason::slug),
        "phrase": reason.map_or("ok", Reason::phrase),
        "authenticated": authenticated,
    })
}

/// Prints what stopped the command before there was a verdict.
pub(crate) fn failure(failure: &Failure, as_json: bool) -> ExitCode {
    anstream::eprintln!("{RED}error:{RED:#} {}", failure.message);
    if as_json {
        let mut object = reason_json(Class::Misuse, Some(failure.reason), false);
        object["message"] = json!(failure.message);
        println_json(&object);
    }
    exit_code(Class::Misuse)
}

/// Prints the JSON of a misuse.
pub(crate) fn json_misuse(reason: Reason) {
    println_json(&reason_json(Class::Misuse, Some(reason), false));
}

/// Prints one JSON object on one line.
pub(crate) fn println_json(value: &Value) {
    anstream::println!("{value}");
}

fn allowed(verified: &Verified<'_>) {
    headline(GREEN, "allow", verified.identity);
    row("attestor", verified.attestor_id);
    row("expires", &date(verified.expires_at));
    row("key", verified.key_thumbprint);
}

fn refused(result: &VerifyResult) {
    let reason = result.reason().unwrap_or(Reason::InternalError);
    let color = if result.class() == Class::Unavailable { YELLOW } else { RED };
    headline(color, result.class().name(), reason.phrase());
    row("reason", &format!("{} ({})", reason.slug(), reason.code()));
    row("signature", if result.authenticated() { "verified" } else { "not verified" });
    if let Some(id) = result.attestor_id() {
        row("attestor", id);
    }
    row("meaning", reason.doc());
}

/// Says what was assumed, beside the answer.
pub(crate) fn note(text: &str) {
    anstream::eprintln!("{text}");
}

/// The answer: a word in its color, and what it is about.
pub(crate) fn headline(color: Style, word: &str, about: &str) {
    anstream::println!("{color}{word}{color:#}  {BOLD}{about}{BOLD:#}");
}

/// One fact of the answer.
pub(crate) fn row(name: &str, value: &str) {
    anstream::println!("  {name:<10} {value}");
}

/// One fact of the answer, if it is known.
pub(crate) fn optional_row(name: &str, value: Option<String>) {
    if let Some(value) = value {
        row(name, &value);
    }
}

/// RFC 3339.
pub(crate) fn date(seconds: i64) -> String {
    match u64::try_from(seconds) {
        Ok(s) => humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(s)).to_string(),
        Err(_) => seconds.to_string(),
    }
}
