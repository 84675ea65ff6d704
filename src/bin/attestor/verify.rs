//! `attestor verify`: one credential, judged as a control plane would.

use crate::output;
use crate::question::Question;
use attestor::VerifyResult;
use clap::Args;
use std::process::ExitCode;

/// Judge one credential against bundles in files.
///
/// Exit status: 0 allow, 1 deny, 2 unavailable (our own trust material is missing), 3 usage or configuration.
#[derive(Args)]
#[command(
    after_help = "Example:\n  attestor verify --trust-domain example.org --audience yutha-orders-prod \\\n    --bundle example.org=bundle.json token.jwt"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    question: Question,
}

/// Runs the command; the exit status is the verdict's class.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let mut result = VerifyResult::new();
    let json = arguments.question.json;
    match arguments.question.judge(&mut result) {
        Ok(_) => output::verdict(&result, json),
        Err(failure) => output::failure(&failure, json),
    }
}
