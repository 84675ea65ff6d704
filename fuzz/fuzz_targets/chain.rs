//! A certificate chain, DER: reading, SPIFFE's rules and the path.
#![no_main]

use attestor::{Possession, Request, Verifier};
use attestor_fuzz::{NOW, judge, verifier};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static VERIFIER: LazyLock<Verifier> = LazyLock::new(verifier);

fuzz_target!(|data: &[u8]| judge(&VERIFIER, &Request::x509(data, Possession::TlsHandshake).at(NOW)));
