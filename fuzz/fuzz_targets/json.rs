//! What the strict reader takes, serde_json takes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if attestor::fuzzing::is_json(data) {
        serde_json::from_slice::<serde::de::IgnoredAny>(data).expect("JSON by RFC 8259");
    }
});
