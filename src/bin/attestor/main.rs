//! `attestor`: the operator's command line.

mod bundle_file;
mod output;
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
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match cli.command {
        Command::Verify(arguments) => verify::run(&arguments),
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
