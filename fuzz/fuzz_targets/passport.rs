//! A passport beside a good token.
#![no_main]

use attestor::{Request, Verifier};
use attestor_fuzz::{NOW, judge, verifier};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(verifier);

const TOKEN: &[u8] = include_bytes!("../../tests/data/spire/ec-p256/s0.minted.jwt");

fuzz_target!(|data: &[u8]| judge(&VERIFIER, &Request::new(TOKEN).passport(data).at(NOW)));
