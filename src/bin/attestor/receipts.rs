//! `attestor receipts`: whether a receipt log is the one that was written.

use crate::input::{open, read};
use crate::output::{self, Failure, GREEN, RED};
use attestor::receipt::{Chain, Head, MAX_LINE, MIN_KEY};
use clap::{Args, Subcommand};
use serde_json::json;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// No key is longer.
const MAX_KEY: u64 = 4096;

#[derive(Subcommand)]
pub(crate) enum Command {
    Verify(Verify),
    Head(ShowHead),
}

/// Check that each line of a receipt log follows the one before, over rotated files.
///
/// Exit status: 0 intact, 1 broken, 3 usage, or a file that cannot be read.
#[derive(Args)]
#[command(
    after_help = "Example:\n  attestor receipts verify --expect-head \"$(cat saved.head)\" log.jsonl.1 log.jsonl"
)]
pub(crate) struct Verify {
    /// A head that was saved earlier: the log must still have that line, and may have grown
    #[arg(long, value_name = "SEQ:HEX")]
    expect_head: Option<Head>,

    /// File whose bytes, a final newline included, are the key of each line's `mac`
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// Print one JSON object on one line
    #[arg(long)]
    json: bool,

    /// Files of the log, oldest first; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Print the head of a receipt log, to be saved where the log's writer cannot change it.
///
/// The log is checked on the way. Exit status: 0 printed, 1 the log is broken, 3 usage, or a file that cannot be
/// read.
#[derive(Args)]
#[command(after_help = "Example:\n  attestor receipts head log.jsonl > saved.head")]
pub(crate) struct ShowHead {
    /// Print one JSON object on one line
    #[arg(long)]
    json: bool,

    /// The newest file of the log; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What is wrong, and where.
struct Broken {
    file: PathBuf,
    /// 1 is the first; `None` if it is no line that is wrong.
    line: Option<u64>,
    reason: &'static str,
    phrase: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.line.map_or(String::new(), |line| format!(" line {line}"));
        write!(f, "{}{place}: {}", self.file.display(), self.phrase)
    }
}

/// Why a walk ended early.
enum Stop {
    Broken(Broken),
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A log being read.
#[derive(Default)]
struct Walk {
    chain: Chain,
    key: Option<Vec<u8>>,
    expected: Option<Head>,
    found: bool,
}

pub(crate) fn run(command: &Command) -> ExitCode {
    match command {
        Command::Verify(arguments) => {
            let mut walk = Walk { expected: arguments.expect_head, ..Walk::default() };
            match verify(&mut walk, arguments) {
                Ok(()) => intact(&walk, arguments.json),
                Err(Stop::Broken(broken)) => report(&walk, &broken, arguments.json),
                Err(Stop::Failed(failure)) => output::failure(&failure, arguments.json),
            }
        }
        Command::Head(arguments) => {
            let mut walk = Walk::default();
            match walk.file(&arguments.file) {
                Ok(()) => head(walk.chain.head(), arguments.json),
                // Standard output goes to a file that should hold a head or nothing.
                Err(Stop::Broken(broken)) if !arguments.json => {
                    output::note(&format!("{RED}broken{RED:#} {broken}"));
                    ExitCode::from(1)
                }
                Err(Stop::Broken(broken)) => report(&walk, &broken, arguments.json),
                Err(Stop::Failed(failure)) => output::failure(&failure, arguments.json),
            }
        }
    }
}

fn verify(walk: &mut Walk, arguments: &Verify) -> Result<(), Stop> {
    walk.key = arguments.key_file.as_deref().map(read_key).transpose()?;
    for file in &arguments.files {
        walk.file(file)?;
    }
    let Some(file) = arguments.files.last() else { return Ok(()) };
    walk.check_found(file)
}

fn read_key(file: &Path) -> Result<Vec<u8>, Failure> {
    let key = read(file, MAX_KEY + 1)?;
    if key.len() < MIN_KEY || key.len() as u64 > MAX_KEY {
        return Err(Failure::usage(format!("{}: a key has 16 to 4096 bytes", file.display())));
    }
    Ok(key)
}

impl Walk {
    fn file(&mut self, path: &Path) -> Result<(), Stop> {
        let mut reader = BufReader::new(open(path)?);
        let mut line = Vec::new();
        let broken = |line, reason, phrase| {
            Stop::Broken(Broken { file: path.into(), line: Some(line), reason, phrase })
        };
        for number in 1.. {
            line.clear();
            // One byte more than a line and its newline: enough to see that it is too long.
            let read = reader.by_ref().take(MAX_LINE as u64 + 2).read_until(b'\n', &mut line);
            read.map_err(|error| Failure::io(path, &error))?;
            if line.is_empty() {
                break;
            }
            let whole = line.strip_suffix(b"\n");
            if whole.is_none() && line.len() <= MAX_LINE {
                let phrase = "the line is cut off: it does not end with a newline";
                return Err(broken(number, "line_torn", phrase));
            }
            let taken = self.chain.push(whole.unwrap_or(&line), self.key.as_deref());
            taken.map_err(|error| broken(number, error.slug(), error.phrase()))?;
            self.check_expected().map_err(|phrase| broken(number, "head_mismatch", phrase))?;
        }
        Ok(())
    }

    /// Whether the line with the expected number is the expected one; the line before the first counts.
    fn check_expected(&mut self) -> Result<(), &'static str> {
        let Some(expected) = self.expected else { return Ok(()) };
        let seen = [self.chain.start(), Some(self.chain.head())];
        match seen.into_iter().flatten().find(|head| head.seq == expected.seq) {
            Some(head) if head != expected => {
                Err("a line with the expected head's number is there, and it is another one")
            }
            Some(_) => {
                self.found = true;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Whether the expected head came by.
    fn check_found(&self, last: &Path) -> Result<(), Stop> {
        let Some(expected) = self.expected else { return Ok(()) };
        let head = self.chain.head();
        if self.found || expected == head {
            return Ok(());
        }
        let (reason, phrase) = if head.seq < expected.seq {
            ("head_missing", "the log ends before the expected head: its end was cut off")
        } else {
            ("head_before_start", "the expected head is before the first line: name the older files too")
        };
        Err(Stop::Broken(Broken { file: last.into(), line: None, reason, phrase }))
    }
}

fn intact(walk: &Walk, as_json: bool) -> ExitCode {
    let (chain, head) = (&walk.chain, walk.chain.head());
    let first = chain.start().map(|start| start.seq + 1);
    if as_json {
        output::println_json(&json!({
            "result": "intact",
            "receipts": chain.lines(),
            "first": first,
            "head": head.to_string(),
            "macs": if walk.key.is_some() { "verified" } else { "not_checked" },
            "macs_not_checked": chain.unchecked_macs(),
        }));
        return ExitCode::SUCCESS;
    }
    let count = chain.lines();
    output::headline(GREEN, "intact", &format!("{count} receipt{}", if count == 1 { "" } else { "s" }));
    output::optional_row("first", first.map(|seq| seq.to_string()));
    output::row("head", &head.to_string());
    output::row(
        "macs",
        &match (walk.key.is_some(), chain.unchecked_macs()) {
            (true, _) => "verified".to_owned(),
            (false, 0) => "none".to_owned(),
            (false, n) => format!("{n} not checked: name the key with --key-file"),
        },
    );
    if walk.expected.is_none() {
        output::row("note", "lines cut off the end do not show without --expect-head");
    }
    ExitCode::SUCCESS
}

fn head(head: Head, as_json: bool) -> ExitCode {
    if as_json {
        output::println_json(&json!({"result": "intact", "head": head.to_string(), "seq": head.seq}));
    } else {
        anstream::println!("{head}");
    }
    ExitCode::SUCCESS
}

fn report(walk: &Walk, broken: &Broken, as_json: bool) -> ExitCode {
    let head = walk.chain.head();
    if as_json {
        output::println_json(&json!({
            "result": "broken",
            "file": broken.file.to_string_lossy(),
            "line": broken.line,
            "reason": broken.reason,
            "phrase": broken.phrase,
            "head": head.to_string(),
        }));
        return ExitCode::from(1);
    }
    output::headline(RED, "broken", &broken.to_string());
    output::row("reason", broken.reason);
    output::row("intact to", &head.to_string());
    let newline = walk.key.as_deref().is_some_and(|key| key.ends_with(b"\n"));
    if broken.reason == "mac_mismatch" && newline {
        output::row("hint", "the key file ends with a newline, which is part of the key");
    }
    ExitCode::from(1)
}
