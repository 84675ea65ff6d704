//! `attestor`: the operator's command line.

mod bundle;
mod bundle_file;
mod explain;
mod input;
mod output;
mod passport;
mod policy;
mod question;
mod receipts;
mod verify;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Verify workload identity credentials offline, against trust bundles in files.
#[derive(Parser)]
#[command(name = "attestor", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Verify(verify::Arguments),
    Explain(explain::Arguments),
    /// Make native passports
    #[command(subcommand)]
    Passport(passport::Command),
    /// Look a policy document over
    #[command(subcommand)]
    Policy(policy::Command),
    /// Look into trust bundle files
    #[command(subcommand)]
    Bundle(bundle::Command),
    /// Check a log of receipts
    #[command(subcommand)]
    Receipts(receipts::Command),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match cli.command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Passport(command) => passport::run(&command),
        Command::Policy(command) => policy::run(&command),
        Command::Bundle(command) => bundle::run(&command),
        Command::Receipts(command) => receipts::run(&command),
    }
}

/// Help and version are answers; anything else is misuse, said in JSON too if JSON was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    let asked_for = !error.use_stderr();
    // Nothing is left to do if the terminal is gone.
    let _ = error.print();
    if asked_for {
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        output::json_misuse(attestor::Reason::ArgumentInvalid);
    }
    output::exit_code(attestor::Class::Misuse)
}
