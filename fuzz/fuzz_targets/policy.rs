//! A policy: what is taken can be linted, too.
#![no_main]

use attestor::{BundleStore, Verifier, lint};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

fuzz_target!(|data: &[u8]| {
    let taken = Verifier::new(Arc::new(BundleStore::new()), data).is_ok();
    assert_eq!(taken, lint(data).is_ok());
});
