//! `attestor passport`: making native passports.

use crate::input::read;
use crate::output::{self, Failure, row};
use attestor::{PassportClaims, passport_thumbprint};
use clap::{Args, Subcommand};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make an Ed25519 key: a new file with its 32-byte seed, readable by its owner alone
    Keygen(Keygen),
    /// Sign a passport with a key
    Mint(Mint),
    /// Print the thumbprint of a key, which a policy pins
    Thumbprint(Keygen),
}

#[derive(Args)]
pub(crate) struct Keygen {
    /// Print one JSON object on one line
    #[arg(long)]
    json: bool,

    /// File of the key's seed
    #[arg(value_name = "KEY_FILE")]
    key: PathBuf,
}

#[derive(Args)]
pub(crate) struct Mint {
    /// File with the 32-byte seed of the Ed25519 private key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Seconds until it expires
    #[arg(long, value_name = "SECS", default_value_t = 3600, value_parser = clap::value_parser!(i64).range(1..=31_622_400))]
    lifetime: i64,

    /// Whom it is for; may be repeated
    #[arg(long, value_name = "AUD")]
    audience: Vec<String>,

    /// Its unique id
    #[arg(long)]
    id: Option<String>,

    /// Made at this time instead of the system clock's
    #[arg(long, value_name = "UNIX_SECONDS", value_parser = clap::value_parser!(i64).range(1..=253_402_300_799))]
    now: Option<i64>,
}

/// Runs the command; exit status 3 is usage or configuration.
pub(crate) fn run(command: &Command) -> ExitCode {
    let (done, json) = match command {
        Command::Keygen(arguments) => (keygen(arguments), arguments.json),
        Command::Thumbprint(arguments) => (thumbprint(arguments), arguments.json),
        Command::Mint(arguments) => (mint(arguments), false),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::failure(&failure, json),
    }
}

fn keygen(arguments: &Keygen) -> Result<(), Failure> {
    let mut seed = [0; 32];
    SystemRandom::new()
        .fill(&mut seed)
        .map_err(|_| Failure::usage("the system gives no randomness".into()))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&arguments.key).and_then(|mut file| file.write_all(&seed));
    written.map_err(|error| Failure::io(&arguments.key, &error))?;
    print_thumbprint(&seed, arguments)
}

fn thumbprint(arguments: &Keygen) -> Result<(), Failure> {
    print_thumbprint(&read_seed(&arguments.key)?, arguments)
}

fn print_thumbprint(seed: &[u8; 32], arguments: &Keygen) -> Result<(), Failure> {
    let thumbprint = passport_thumbprint(seed).map_err(|error| Failure::config("key", &error))?;
    if arguments.json {
        output::println_json(&json!({"thumbprint": thumbprint}));
    } else {
        row("thumbprint", &thumbprint);
    }
    Ok(())
}

fn mint(arguments: &Mint) -> Result<(), Failure> {
    let clock =
        || SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_secs()).ok());
    let now = arguments
        .now
        .or_else(clock)
        .ok_or_else(|| Failure::usage("the system clock cannot be read".into()))?;
    let audiences: Vec<_> = arguments.audience.iter().map(|audience| &**audience).collect();
    let claims = PassportClaims {
        expires_at: now + arguments.lifetime,
        issued_at: Some(now),
        audiences: &audiences,
        id: arguments.id.as_deref(),
    };
    let passport =
        claims.mint(&read_seed(&arguments.key)?).map_err(|error| Failure::config("passport", &error))?;
    anstream::println!("{passport}");
    Ok(())
}

fn read_seed(path: &Path) -> Result<[u8; 32], Failure> {
    let wrong = |_| Failure::usage(format!("{}: a seed has exactly 32 bytes", path.display()));
    read(path, 33)?.try_into().map_err(wrong)
}
