//! A text that is planted in credentials, and the search for whatever it may have become on its way out.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Every canary begins with this.
pub(crate) const CANARY: &str = "canary7f3a";

/// The canary of one field: no other field's begins with it.
pub(crate) fn canary(field: &str) -> String {
    format!("{CANARY}{field}z")
}

/// The spellings of [`CANARY`] that are searched for, each with its name.
fn spellings() -> Vec<(&'static str, String)> {
    let each = |write: fn(u8) -> String| CANARY.bytes().map(write).collect::<String>();
    let mut spellings = vec![
        ("in clear", CANARY.to_owned()),
        ("reversed", CANARY.chars().rev().collect()),
        ("as hex", each(|b| format!("{b:02x}"))),
        ("as reversed hex", CANARY.bytes().rev().map(|b| format!("{b:02x}")).collect()),
        ("as hex with colons", each(|b| format!("{b:02x}:")).trim_end_matches(':').to_owned()),
        ("percent-encoded", each(|b| format!("%{b:02x}"))),
        ("as JSON escapes", each(|b| format!("\\u{b:04x}"))),
        ("as Rust escapes", each(|b| format!("\\u{{{b:x}}}"))),
        ("as byte escapes", each(|b| format!("\\x{b:02x}"))),
        ("as a list of bytes", each(|b| format!("{b}, ")).trim_end_matches([',', ' ']).to_owned()),
        ("as a JSON list of bytes", each(|b| format!("{b},")).trim_end_matches(',').to_owned()),
    ];
    // Within longer data, base64 of a text has three forms; what its neighbours decide too is cut off.
    for before in 0..3 {
        let data = format!("{}{CANARY}", &"..."[..before]);
        let whole = (before * 8).div_ceil(6)..data.len() * 8 / 6;
        spellings.push(("in base64url", URL_SAFE_NO_PAD.encode(&data)[whole.clone()].to_owned()));
        spellings.push(("in base64", STANDARD_NO_PAD.encode(&data)[whole].to_owned()));
    }
    spellings
}

/// Panics if anything that begins like a canary is in `shown`, but for the permitted texts in clear.
pub(crate) fn assert_clean(shown: &str, permitted: &[&str], what: &str) {
    let mut permitted = permitted.to_vec();
    permitted.sort_by_key(|text| core::cmp::Reverse(text.len()));
    let rest = permitted.iter().fold(shown.to_owned(), |rest, text| rest.replace(text, ""));
    let lower = rest.to_lowercase();
    for (name, spelling) in spellings() {
        let exact = name.contains("base64");
        let found = if exact { rest.contains(&spelling) } else { lower.contains(&spelling) };
        assert!(!found, "{what}: a canary shows {name}:\n{shown}");
    }
}

#[test]
fn every_spelling_is_found() {
    let secret = canary("field");
    let hex: String = secret.bytes().map(|b| format!("{b:02X}")).collect();
    for shown in [
        secret.to_uppercase(),
        secret.chars().rev().collect(),
        hex,
        format!("{:?}", secret.as_bytes()),
        serde_json::to_string(secret.as_bytes()).expect("JSON"),
        URL_SAFE_NO_PAD.encode(&secret),
        URL_SAFE_NO_PAD.encode(format!("a{secret}b")),
        STANDARD_NO_PAD.encode(format!("ab{secret}?>")),
        secret.escape_unicode().to_string(),
    ] {
        let seen = std::panic::catch_unwind(|| assert_clean(&shown, &[&canary("other")], "a trial"));
        assert!(seen.is_err(), "{shown}");
    }
    assert_clean(&format!("identity: {secret}."), &[&secret], "a permitted text");
    assert_clean("nothing", &[], "nothing");
}
