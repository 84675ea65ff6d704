//! `attestor bundle`: what a bundle file holds, and the same in another format.

use crate::bundle_file::{self, FormatName};
use crate::input::read_document;
use crate::output::{self, Failure, GREEN, RED, YELLOW};
use attestor::{CertificateFacts, Entry, Format, Inspection, Outcome, Source, SourceKind};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Subcommand)]
pub(crate) enum Command {
    Inspect(Inspect),
    Convert(Convert),
}

/// Show what a bundle file holds: each entry, and what becomes of it.
///
/// Exit status: 0 a store would take the document, 3 it would not.
#[derive(Args)]
#[command(after_help = "Example:\n  attestor bundle inspect --trust-domain example.org bundle.json")]
pub(crate) struct Inspect {
    /// Format of the file, instead of what it looks like
    #[arg(long, value_enum)]
    format: Option<FormatName>,

    #[command(flatten)]
    source: Named,

    /// Print one JSON object on one line
    #[arg(long)]
    json: bool,

    /// Bundle file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Write a bundle file in another format, on standard output.
///
/// The document is rebuilt from its public members; what the format has no place for is named on standard error. A
/// private key in it is refused. Exit status: 0 written, 3 not.
#[derive(Args)]
#[command(after_help = "Example:\n  attestor bundle convert --to jwks bundle.json > keys.json")]
pub(crate) struct Convert {
    /// Format of the file, instead of what it looks like
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: Option<FormatName>,

    /// Format to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: FormatName,

    #[command(flatten)]
    source: Named,

    /// Bundle file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What the bundle would be put as.
#[derive(Args)]
#[group(multiple = false)]
struct Named {
    /// The bundle is of this trust domain [default: what the document says of itself]
    #[arg(long, value_name = "NAME")]
    trust_domain: Option<String>,

    /// The bundle is of this issuer
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,
}

impl Named {
    fn source(&self) -> Option<Source<'_>> {
        let domain = self.trust_domain.as_deref().map(Source::trust_domain);
        domain.or_else(|| self.issuer.as_deref().map(Source::issuer))
    }
}

pub(crate) fn run(command: &Command) -> ExitCode {
    match command {
        Command::Inspect(arguments) => match inspect(arguments) {
            Ok(code) => code,
            Err(failure) => output::failure(&failure, arguments.json),
        },
        Command::Convert(arguments) => match convert(arguments) {
            Ok(code) => code,
            Err(failure) => output::failure(&failure, false),
        },
    }
}

/// The file, and the format that was named, else what it looks like.
fn open(file: &Path, format: Option<FormatName>, named: &Named) -> Result<(Vec<u8>, Format), Failure> {
    let document = read_document(file)?;
    if let Some(format) = format {
        return Ok((document, format.into()));
    }
    let kind = named.source().map_or(SourceKind::TrustDomain, |source| source.kind);
    let format = bundle_file::detect(&document, kind);
    format
        .map(|format| (document, format))
        .ok_or_else(|| Failure::usage(format!("{}: looks like no bundle format; name it", file.display())))
}

fn inspect(arguments: &Inspect) -> Result<ExitCode, Failure> {
    let (document, format) = open(&arguments.file, arguments.format, &arguments.source)?;
    let seen = format.inspect(arguments.source.source(), &document);
    if arguments.json {
        output::println_json(&as_json(&seen));
    } else {
        print(&seen);
    }
    Ok(ExitCode::from(if seen.refusal.is_some() { 3 } else { 0 }))
}

fn convert(arguments: &Convert) -> Result<ExitCode, Failure> {
    let (document, format) = open(&arguments.file, arguments.from, &arguments.source)?;
    let name = arguments.file.display();
    let written = format
        .convert(arguments.source.source(), &document, arguments.to.into())
        .map_err(|error| Failure::config(&name.to_string(), &error))?;
    if arguments.from.is_none() {
        output::note(&format!("{name}: read as {}", format.name()));
    }
    for dropped in &written.dropped {
        output::note(&format!("dropped: {dropped}"));
    }
    // Not a line of text: DER is bytes.
    let mut out = std::io::stdout().lock();
    let result = out.write_all(&written.document).and_then(|()| out.flush());
    result.map_err(|error| Failure::io(Path::new("standard output"), &error))?;
    Ok(ExitCode::SUCCESS)
}

fn as_json(seen: &Inspection) -> Value {
    json!({
        "result": if seen.refusal.is_some() { "refused" } else { "usable" },
        "reason": seen.refusal.as_ref().map(|error| error.reason().slug()),
        "detail": seen.refusal.as_ref().map(attestor::ConfigError::detail),
        "format": seen.format.name(),
        "sha256": hex(&seen.digest),
        "sequence": seen.sequence,
        "refresh_hint": seen.refresh_hint,
        "entries": seen.entries.iter().map(entry_json).collect::<Vec<_>>(),
    })
}

fn entry_json(entry: &Entry) -> Value {
    let certificate = |facts: &CertificateFacts| {
        json!({
            "sha256": hex(&facts.sha256),
            "serial": hex(&facts.serial),
            "not_before": facts.not_before,
            "not_after": facts.not_after,
        })
    };
    let skip = if let Outcome::Skipped(skip) = entry.outcome { Some(skip.slug()) } else { None };
    json!({
        "outcome": outcome_name(entry.outcome),
        "skip": skip,
        "kid": entry.kid,
        "use": entry.use_,
        "key_type": entry.key_type,
        "alg": entry.algorithm,
        "thumbprint": entry.thumbprint,
        "certificate": entry.certificate.as_ref().map(certificate),
    })
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Key => "jwt_key",
        Outcome::Authority => "x509_authority",
        Outcome::Skipped(_) => "skipped",
        Outcome::Private => "private",
    }
}

fn print(seen: &Inspection) {
    match &seen.refusal {
        None => output::headline(GREEN, "usable", &counts(&seen.entries)),
        Some(error) => output::headline(RED, "refused", &error.to_string()),
    }
    output::row("format", seen.format.name());
    output::row("sha256", &hex(&seen.digest));
    output::optional_row("sequence", seen.sequence.map(|n| n.to_string()));
    output::optional_row("hint", seen.refresh_hint.map(|n| format!("{n} s")));
    for (at, entry) in seen.entries.iter().enumerate() {
        print_entry(at, entry);
    }
}

fn counts(entries: &[Entry]) -> String {
    let count = |is: fn(&Entry) -> bool| entries.iter().filter(|entry| is(entry)).count();
    let keys = count(|entry| entry.outcome == Outcome::Key);
    let authorities = count(|entry| entry.outcome == Outcome::Authority);
    let skipped = entries.len() - keys - authorities;
    if entries.is_empty() {
        return "no entries: it revokes everything".into();
    }
    format!("JWT keys: {keys}, X.509 authorities: {authorities}, skipped: {skipped}")
}

fn print_entry(at: usize, entry: &Entry) {
    let (color, word) = match entry.outcome {
        Outcome::Key => (GREEN, "JWT key"),
        Outcome::Authority => (GREEN, "X.509 authority"),
        Outcome::Skipped(_) => (YELLOW, "skipped"),
        Outcome::Private => (RED, "PRIVATE KEY"),
    };
    output::headline(color, &format!("[{at}]"), word);
    if let Outcome::Skipped(skip) = entry.outcome {
        output::row("reason", skip.slug());
        output::row("meaning", skip.doc());
    }
    if entry.outcome == Outcome::Private {
        output::row("meaning", "the key has leaked to whoever can read this file: replace it");
    }
    // Text of the document: whoever wrote it does not write to the terminal.
    let quoted = |text: &Option<String>| text.as_ref().map(|text| text.escape_debug().to_string());
    output::optional_row("kid", quoted(&entry.kid));
    output::optional_row("use", quoted(&entry.use_));
    output::optional_row("key", quoted(&entry.key_type));
    output::optional_row("alg", quoted(&entry.algorithm));
    output::optional_row("thumbprint", entry.thumbprint.clone());
    if let Some(facts) = &entry.certificate {
        output::row("sha256", &hex(&facts.sha256));
        output::row("serial", &hex(&facts.serial));
        output::row(
            "valid",
            &format!("{} to {}", output::date(facts.not_before), output::date(facts.not_after)),
        );
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
