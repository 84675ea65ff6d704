//! What `verify` and `explain` ask: a credential, the policy, and trust bundles in files.

use crate::bundle_file::{self, FormatName};
use crate::input::{MAX_DOCUMENT, read, source};
use crate::output::{self, Failure};
use attestor::{
    BundleStore, Format, KeyTables, Now, Possession, PutOptions, Request, SourceKind, StoreOptions, Verifier,
    VerifyResult, chain_from_pem,
};
use clap::Args;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// No credential of any policy is longer; one byte more is enough to say so.
const MAX_CREDENTIAL: u64 = 65_537;
/// Likewise for a chain, which PEM makes longer by a third.
const MAX_CHAIN: u64 = (1 << 19) + 1;

#[derive(Args)]
pub(crate) struct Question {
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
    /// at the first `=`; `=FILE` is a bundle map; may be repeated
    #[arg(long = "bundle", value_name = "NAME=FILE", value_parser = split_bundle)]
    bundles: Vec<(String, PathBuf)>,

    /// Format of the bundle files, instead of what they look like
    #[arg(long, value_enum)]
    format: Option<FormatName>,

    /// The id of the attestor that is to judge, instead of the one that routing finds
    #[arg(long, value_name = "ID")]
    attestor: Option<String>,

    /// The nonce an ID token must carry
    #[arg(long)]
    nonce: Option<String>,

    /// How many seconds ago the end user of an ID token may have authenticated
    #[arg(long, value_name = "SECS")]
    max_age: Option<u32>,

    /// File with the passport that came with the credential, or alone: judges an admission
    #[arg(long, value_name = "FILE")]
    passport: Option<PathBuf>,

    /// File with an X.509-SVID in place of a token: the chain, PEM or DER, leaf first
    #[arg(long, value_name = "FILE", conflicts_with = "credential")]
    chain: Option<PathBuf>,

    /// The chain was presented in a TLS handshake that finished: you vouch for that
    #[arg(long, requires = "chain", conflicts_with = "challenge")]
    tls_handshake: bool,

    /// File with the challenge that the chain's holder signed
    #[arg(long, value_name = "FILE", requires_all = ["chain", "proof", "presented_to"])]
    challenge: Option<PathBuf>,

    /// File with the signature over the challenge
    #[arg(long, value_name = "FILE", requires = "challenge")]
    proof: Option<PathBuf>,

    /// The audience that the chain was presented to
    #[arg(long, value_name = "AUD", requires = "chain")]
    presented_to: Option<String>,

    /// File with the TLS peer's certificate, PEM or DER, for a token that `cnf` binds to it
    #[arg(long, value_name = "FILE")]
    peer_certificate: Option<PathBuf>,

    /// Judge at this time instead of the system clock's
    #[arg(long, value_name = "UNIX_SECONDS", allow_negative_numbers = true)]
    now: Option<i64>,

    /// Print one JSON object on one line
    #[arg(long)]
    pub(crate) json: bool,

    /// Drop one trailing newline of the credential (always done on standard input)
    #[arg(long)]
    trim: bool,

    /// File whose bytes are the credential; `-` is standard input
    #[arg(value_name = "CREDENTIAL_FILE", required_unless_present_any = ["chain", "passport"])]
    credential: Option<PathBuf>,
}

/// What was read, kept for those who explain.
pub(crate) struct Asked {
    pub(crate) store: Arc<BundleStore>,
    pub(crate) credential: Vec<u8>,
    pub(crate) passport: Option<Vec<u8>>,
}

fn split_bundle(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !file.is_empty() => Ok((name.into(), file.into())),
        _ => Err("expected NAME=FILE".into()),
    }
}

impl Question {
    /// Asks; the verdict, refusals included, is in `result`.
    pub(crate) fn judge(&self, result: &mut VerifyResult) -> Result<Asked, Failure> {
        let now = self.now.map_or(Now::System, Now::At);
        let mut options = StoreOptions::default();
        options.key_tables = KeyTables::Off; // one question makes no key busy
        let store = Arc::new(BundleStore::with(options));
        for (name, file) in &self.bundles {
            let document = read(file, MAX_DOCUMENT)?;
            let source = source(name);
            let format = self.format_of(file, &document, source.kind, name.is_empty());
            // A file on an operator's disk is as old as it is: what it says is what is asked about.
            let mut options = PutOptions::default();
            options.permanent = true;
            let put = store.put(source, format, &document, &options, now);
            put.map_err(|error| Failure::config(&format!("bundle {}", file.display()), &error))?;
        }
        let policy = self.policy()?;
        let verifier =
            Verifier::new(Arc::clone(&store), &policy).map_err(|error| Failure::config("policy", &error))?;
        let file = |path: &Option<PathBuf>| path.as_deref().map(|path| self.token(path)).transpose();
        let certificates = |path: &Option<PathBuf>| path.as_deref().map(certificates).transpose();
        let credential = file(&self.credential)?.unwrap_or_default();
        let (passport, chain, peer) =
            (file(&self.passport)?, certificates(&self.chain)?, certificates(&self.peer_certificate)?);
        let proof = self.challenge.as_deref().zip(self.proof.as_deref());
        let proof =
            proof.map(|(challenge, proof)| Ok((read(challenge, 4096)?, read(proof, 4096)?))).transpose()?;

        let mut request = match &chain {
            Some(chain) => Request::x509(chain, self.possession(proof.as_ref())?),
            None => Request::new(&credential),
        }
        .at(now);
        if let Some(id) = &self.attestor {
            request = request.attestor(id);
        }
        if let Some(nonce) = &self.nonce {
            request = request.nonce(nonce);
        }
        if let Some(seconds) = self.max_age {
            request = request.max_age(seconds);
        }
        if let Some(passport) = &passport {
            request = request.passport(passport);
        }
        if let Some(peer) = &peer {
            request = request.peer_certificate(peer);
        }
        if let Some(audience) = &self.presented_to {
            request = request.audience(audience);
        }
        let _ = verifier.verify(&request, result);
        Ok(Asked { store, credential, passport })
    }

    fn possession<'a>(&self, proof: Option<&'a (Vec<u8>, Vec<u8>)>) -> Result<Possession<'a>, Failure> {
        match proof {
            Some((challenge, proof)) => Ok(Possession::SignedChallenge { challenge, proof }),
            None if self.tls_handshake => Ok(Possession::TlsHandshake),
            None => Err(Failure::usage(
                "a certificate is public and proves nothing: say --tls-handshake if it came from one, or give \
                 --challenge, --proof and --presented-to"
                    .into(),
            )),
        }
    }

    /// The format that was named, else what the file looks like, which is said. Nothing known is left to the
    /// library's error.
    fn format_of(&self, file: &Path, document: &[u8], kind: SourceKind, map: bool) -> Format {
        if map {
            return Format::BundleMap;
        }
        if let Some(format) = self.format {
            return format.into();
        }
        let format = bundle_file::detect(document, kind).unwrap_or(Format::SpiffeBundle);
        if !self.json {
            output::note(&format!("{}: read as {}", file.display(), format.name()));
        }
        format
    }

    fn policy(&self) -> Result<Vec<u8>, Failure> {
        if let Some(file) = &self.policy {
            return read(file, MAX_DOCUMENT);
        }
        let attestor = serde_json::json!({
            "id": "spiffe",
            "kind": "spiffe",
            "audiences": self.audience,
            "trust_domains": self.trust_domain,
            "clock_skew_secs": self.clock_skew.unwrap_or(60),
        });
        Ok(serde_json::json!({"version": 1, "attestors": [attestor]}).to_string().into_bytes())
    }

    fn token(&self, path: &Path) -> Result<Vec<u8>, Failure> {
        let standard_input = path == Path::new("-");
        let mut bytes = if standard_input {
            let mut bytes = Vec::new();
            let read = stdin().lock().take(MAX_CREDENTIAL + 2).read_to_end(&mut bytes);
            read.map_err(|error| Failure::io(path, &error))?;
            bytes
        } else {
            read(path, MAX_CREDENTIAL + 2)?
        };
        if (standard_input || self.trim) && bytes.ends_with(b"\n") {
            bytes.pop();
            if bytes.ends_with(b"\r") {
                bytes.pop();
            }
        }
        Ok(bytes)
    }
}

/// DER certificates one after the other; PEM is unwrapped.
fn certificates(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(path, MAX_CHAIN)?;
    if !bytes.windows(11).any(|window| window == b"-----BEGIN ") {
        return Ok(bytes);
    }
    chain_from_pem(&bytes).map_err(|error| Failure::config(&path.display().to_string(), &error))
}
