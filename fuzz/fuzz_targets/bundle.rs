//! A bundle document in the format that the first byte says.
#![no_main]

use attestor::{BundleStore, Format, PutOptions, Source};
use attestor_fuzz::NOW;
use libfuzzer_sys::fuzz_target;

const FORMATS: [Format; 6] = [
    Format::SpiffeBundle,
    Format::WorkloadApiJwks,
    Format::Jwks,
    Format::PublicKeyPem,
    Format::X509Pem,
    Format::X509Der,
];

fuzz_target!(|data: &[u8]| {
    let Some((format, document)) = data.split_first() else { return };
    let format = FORMATS[usize::from(*format) % FORMATS.len()];
    let (store, source) = (BundleStore::new(), Source::trust_domain("example.org"));
    let put = || store.put(source, format, document, &PutOptions::default(), NOW).is_ok();
    let first = put();
    assert_eq!(first, put());
});
