//! `attestor verify`: one credential, judged as a control plane would.

use crate::bundle_file;
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

    /// Trust bundle of a source: a trust domain, an `https://` issuer or `issuer:ANYTHING`, split from the file
    /// at the first `=`; may be repeated
    #[arg(long = "bundle", value_name = "NAME=FILE", value_parser = split_bundle)]
    bundles: Vec<(String, PathBuf)>,

    /// Format of the bundle files, instead of what they look like
    #[arg(long, value_enum)]
    format: Option<FormatName>,

    /// The nonce an ID token must carry
    #[arg(long)]
    nonce: Option<String>,

    /// How many seconds ago the end user of an ID token may have authenticated
    #[arg(long, value_name = "SECS")]
    max_age: Option<u32>,

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
    /// A plain key set: `use` absent, `sig` or `jwt-svid` (an issuer, SPIRE's discovery provider)
    Jwks,
    /// PEM `PUBLIC KEY` blocks; the `kid` of each is its thumbprint
    PublicKeyPem,
    /// PEM `CERTIFICATE` blocks
    X509Pem,
    /// DER certificates one after the other
    X509Der,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::SpiffeBundle => Self::SpiffeBundle,
            FormatName::WorkloadApiJwks => Self::WorkloadApiJwks,
            FormatName::Jwks => Self::Jwks,
            FormatName::PublicKeyPem => Self::PublicKeyPem,
            FormatName::X509Pem => Self::X509Pem,
            FormatName::X509Der => Self::X509Der,
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
        let source = source(name);
        let format = format_of(arguments, file, &document, source.kind);
        let put = store.put(source, format, &document, &PutOptions::default(), now);
        put.map_err(|error| Failure::config(&format!("bundle {}", file.display()), &error))?;
    }
    let policy = policy(arguments)?;
    let verifier = Verifier::new(store, &policy).map_err(|error| Failure::config("policy", &error))?;
    let credential = credential(arguments)?;
    let mut request = Request::new(&credential).at(now);
    if let Some(nonce) = &arguments.nonce {
        request = request.nonce(nonce);
    }
    if let Some(seconds) = arguments.max_age {
        request = request.max_age(seconds);
    }
    // The verdict, refusals included, is in `result`.
    let _ = verifier.verify(&request, result);
    Ok(())
}

/// The format that was named, else what the file looks like, which is said. Nothing known is left to the
/// library's error.
fn format_of(arguments: &Arguments, file: &Path, document: &[u8], kind: SourceKind) -> Format {
    if let Some(format) = arguments.format {
        return format.into();
    }
    let format = bundle_file::detect(document, kind).unwrap_or(Format::SpiffeBundle);
    if !arguments.json {
        output::note(&format!("{}: read as {}", file.display(), format.name()));
    }
    format
}

/// `https://…` and `issuer:ANYTHING` name issuers, everything else a trust domain.
fn source(name: &str) -> Source<'_> {
    if let Some(name) = name.strip_prefix("issuer:") {
        return Source::issuer(name);
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
