//! A credential from the first byte on, without a valid signature.
#![no_main]

use attestor::{Request, Verifier};
use attestor_fuzz::{NOW, judge, verifier};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(verifier);

fuzz_target!(|data: &[u8]| judge(&VERIFIER, &Request::new(data).at(NOW)));
