//! `attestor verify`: one credential, judged as a control plane would.

use crate::output::{self, Failure};
use attestor::{BundleStore, Format, Now, PutOptions, Request, Source, SourceKind, Verifier, VerifyResult};
use clap::{Args, ValueEnum};
use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// No credential of any policy is longer; one byte more is enough to say so.
const MAX_CREDENTIAL: u64 = 65_537;
/// No bundle or policy document is longer.
const MAX_DOCUMENT: u64 = (1 << 20) + 1;

/// Judge one credential against bundles in files.
///
/// Exit status: 0 allow, 1 deny, 2 unavailable (our own trust material is missing), 3 usage or configuration.
#[derive(Args)]
#[command(
    after_help = "Example:\n  attestor verify --trust-domain example.org --audience yutha-orders-prod \\\n    --bundle example.org=bundle.json token.jwt"
)]
pub(crate) struct Arguments {
    /// Policy document (JSON)
    #[arg(long, value_name = "FILE", required_unless_present = "trust_domain", conflicts_with_all = ["trust_domain", "audience", "clock_skew"])]
    policy: Option<PathBuf>,

    /// Accept subjects of this trust domain, in place of a policy; may be repeated
    #[arg(long, value_name = "TD", requires = "audience")]
    trust_domain: Vec<String>,

    /// Accept tokens for this audience, in place of a policy; may be repeated
    #[arg(long, value_name = "AUD")]
    audience: Vec<String>,

    /// Clock skew to tolerate, 0 to 300 [default: 60]
    #[arg(long, value_name = "SECS")]
    clock_skew: Option<u32>,

    /// Trust bundle of a source: a trust domain, split from the file at the first `=`; may be repeated
    #[arg(long = "bundle", value_name = "NAME=FILE", value_parser = split_bundle)]
    bundles: Vec<(String, PathBuf)>,

    /// Format of the bundle files
    #[arg(long, value_enum, default_value = "spiffe_bundle")]
    format: FormatName,

    /// Judge at this time instead of the system clock's
    #[arg(long, value_name = "UNIX_SECONDS", allow_negative_numbers = true)]
    now: Option<i64>,

    /// Print one JSON object on one line
    #[arg(long)]
    json: bool,

    /// Drop one trailing newline of the credential (always done on standard input)
    #[arg(long)]
    trim: bool,

    /// File whose bytes are the credential; `-` is standard input
    #[arg(value_name = "CREDENTIAL_FILE")]
    credential: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum FormatName {
    /// A SPIFFE bundle document: `use` decides (`spire-server bundle show -format spiffe`)
    SpiffeBundle,
    /// A JWT bundle of the Workload API: `use` absent or `jwt-svid`
    WorkloadApiJwks,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::SpiffeBundle => Self::SpiffeBundle,
            FormatName::WorkloadApiJwks => Self::WorkloadApiJwks,
        }
    }
}

fn split_bundle(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.into(), file.into())),
        _ => Err("expected NAME=FILE".into()),
    }
}

/// Runs the command; the exit status is the verdict's class.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let mut result = VerifyResult::new();
    match judge(arguments, &mut result) {
        Ok(()) => output::verdict(&result, arguments.json),
        Err(failure) => output::failure(&failure, arguments.json),
    }
}

fn judge(arguments: &Arguments, result: &mut VerifyResult) -> Result<(), Failure> {
    let now = arguments.now.map_or(Now::System, Now::At);
    let store = Arc::new(BundleStore::new());
    for (name, file) in &arguments.bundles {
        let document = read(file, MAX_DOCUMENT)?;
        let put = store.put(source(name), arguments.format.into(), &document, &PutOptions::default(), now);
        put.map_err(|error| Failure::config(&format!("bundle {}", file.display()), &error))?;
    }
    let policy = policy(arguments)?;
    let verifier = Verifier::new(store, &policy).map_err(|error| Failure::config("policy", &error))?;
    let credential = credential(arguments)?;
    // The verdict, refusals included, is in `result`.
    let _ = verifier.verify(&Request::new(&credential).at(now), result);
    Ok(())
}

/// `https://…` and `issuer:ANYTHING` name issuers, everything else a trust domain.
fn source(name: &str) -> Source<'_> {
    if let Some(name) = name.strip_prefix("issuer:") {
        return Source { kind: SourceKind::Issuer, name };
    }
    let kind = if name.starts_with("https://") { SourceKind::Issuer } else { SourceKind::TrustDomain };
    Source { kind, name }
}

fn policy(arguments: &Arguments) -> Result<Vec<u8>, Failure> {
    if let Some(file) = &arguments.policy {
        return read(file, MAX_DOCUMENT);
    }
    let attestor = serde_json::json!({
        "id": "spiffe",
        "kind": "spiffe",
        "audiences": arguments.audience,
        "trust_domains": arguments.trust_domain,
        "clock_skew_secs": arguments.clock_skew.unwrap_or(60),
    });
    Ok(serde_json::json!({"version": 1, "attestors": [attestor]}).to_string().into_bytes())
}

fn credential(arguments: &Arguments) -> Result<Vec<u8>, Failure> {
    let standard_input = arguments.credential == Path::new("-");
    let mut bytes = if standard_input {
        let mut bytes = Vec::new();
        let read = stdin().lock().take(MAX_CREDENTIAL + 2).read_to_end(&mut bytes);
        read.map_err(|error| Failure::io(&arguments.credential, &error))?;
        bytes
    } else {
        read(&arguments.credential, MAX_CREDENTIAL + 2)?
    };
    if (standard_input || arguments.trim) && bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    Ok(bytes)
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| Failure::io(path, &error))
}
