//! `attestor policy`: what a policy document lets in.

use crate::input::read_document;
use crate::output::{self, Failure, GREEN, RED, YELLOW};
use attestor::{Finding, Severity, lint};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Subcommand)]
pub(crate) enum Command {
    Check(Check),
}

/// Check a policy document, and look for rules that let in more than they seem to.
///
/// Exit status: 0 nothing worse than warnings, 1 a finding of severity danger, 3 not a policy.
#[derive(Args)]
#[command(after_help = "Example:\n  attestor policy check policy.json")]
pub(crate) struct Check {
    /// Print one JSON object on one line
    #[arg(long)]
    json: bool,

    /// Policy document (JSON); `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(command: &Command) -> ExitCode {
    let Command::Check(arguments) = command;
    match check(arguments) {
        Ok(findings) => report(&findings, arguments.json),
        Err(failure) => output::failure(&failure, arguments.json),
    }
}

fn check(arguments: &Check) -> Result<Vec<Finding>, Failure> {
    let document = read_document(&arguments.file)?;
    lint(&document).map_err(|error| Failure::config(&arguments.file.display().to_string(), &error))
}

fn report(findings: &[Finding], as_json: bool) -> ExitCode {
    let worst = findings.iter().map(|finding| finding.severity).max();
    if as_json {
        let each = |finding: &Finding| {
            json!({
                "rule": finding.rule,
                "severity": finding.severity.name(),
                "path": finding.path,
                "message": finding.message,
            })
        };
        let findings: Vec<_> = findings.iter().map(each).collect();
        output::println_json(&json!({"result": worst.map_or("clean", Severity::name), "findings": findings}));
    } else {
        findings.iter().for_each(print);
        if findings.is_empty() {
            output::headline(GREEN, "clean", "a policy, and nothing to remark");
        }
    }
    ExitCode::from(u8::from(worst == Some(Severity::Danger)))
}

fn print(finding: &Finding) {
    let color = if finding.severity == Severity::Danger { RED } else { YELLOW };
    output::headline(color, finding.severity.name(), &finding.path);
    output::row("rule", finding.rule);
    output::row("meaning", finding.message);
}
