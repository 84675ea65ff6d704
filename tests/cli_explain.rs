//! `attestor explain`, `attestor passport`, and credentials of the other kinds, as an operator asks.
#![cfg(feature = "cli")]

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn data(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/spire/ec-p256");
    folder.join(name).display().to_string()
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_attestor")).args(arguments).output().expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit status"), text(output.stdout), text(output.stderr))
}

fn spiffe<'a>(command: &'a str, bundle: &'a str, extra: &[&'a str]) -> Vec<&'a str> {
    let mut arguments =
        vec![command, "--trust-domain", "example.org", "--audience", "spiffe://example.org/verifier"];
    arguments.extend(["--now", "1800000000", "--bundle", bundle]);
    arguments.extend(extra);
    arguments
}

fn outcomes(explanation: &Value) -> Vec<(String, String)> {
    let checks = explanation["checks"].as_array().expect("checks");
    let text = |check: &Value, name: &str| check[name].as_str().expect("text").to_owned();
    checks.iter().map(|check| (text(check, "step"), text(check, "outcome"))).collect()
}

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn the_check_that_decided_is_named() {
    let (bundle, token) = (data("s4-old-revoked.bundle.spiffe.json"), data("s0.minted.jwt"));
    let bundle = format!("example.org={bundle}");
    let (code, out, _) = run(&spiffe("explain", &bundle, &["--json", &token]));
    let explanation: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &explanation["reason"]), (1, &json!("kid_not_found")));
    let outcomes = outcomes(&explanation);
    let decided = outcomes.iter().position(|(_, outcome)| outcome == "failed").expect("a failed step");
    assert_eq!(outcomes[decided].0, "key");
    assert!(outcomes[..decided].iter().all(|(_, outcome)| outcome == "passed"));
    assert!(outcomes[decided + 1..].iter().all(|(_, outcome)| outcome == "not_reached"));
    assert!(outcomes.iter().any(|(step, _)| step == "signature"));
    assert_eq!(explanation["bundle"]["name"], "example.org");
    assert!(explanation["next"].as_str().expect("advice").contains("Refresh the bundle"));
    // Names and kinds, no values.
    let claims = explanation["credential"]["claims"].as_array().expect("claims");
    assert!(claims.contains(&json!({"name": "sub", "kind": "string"})));
    assert!(!out.contains("spiffe://example.org/minted"));
}

#[test]
fn values_are_shown_when_asked_for() {
    let bundle = format!("example.org={}", data("s0.bundle.spiffe.json"));
    let token = data("s0.minted.jwt");
    let (code, out, _) = run(&spiffe("explain", &bundle, &["--json", "--reveal", &token]));
    let explanation: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &explanation["verdict"]), (0, &json!("allow")));
    assert!(outcomes(&explanation).iter().all(|(_, outcome)| outcome == "passed"));
    let sub = json!({"name": "sub", "kind": "string", "value": "spiffe://example.org/minted"});
    assert!(explanation["credential"]["claims"].as_array().expect("claims").contains(&sub));
    let (_, out, _) = run(&spiffe("explain", &bundle, &[&token]));
    assert!(out.contains("passed      signature") && out.contains("  sub        string"), "{out}");
}

#[test]
fn what_is_no_token_is_explained_too() {
    let folder = folder("explain-garbage");
    let bundle = format!("example.org={}", data("s0.bundle.spiffe.json"));
    for (name, bytes) in [
        ("empty", &b""[..]),
        ("binary", &[0, 159, 146, 150]),
        ("dots", b".."),
        ("escape", b"\x1b[2J.e30.e30"),
    ] {
        let file = folder.join(name);
        fs::write(&file, bytes).expect("writable");
        let (code, out, _) = run(&spiffe("explain", &bundle, &[file.to_str().expect("UTF-8")]));
        assert_eq!(code, 1, "{name}");
        assert!(out.contains("failed      form") && !out.contains('\x1b'), "{name}: {out}");
    }
}

#[test]
fn a_chain_needs_possession() {
    let (bundle, chain) = (format!("example.org={}", data("s0.bundle.spiffe.json")), data("s0.svid.0.pem"));
    let (code, out, _) = run(&spiffe("explain", &bundle, &["--chain", &chain, "--tls-handshake", "--json"]));
    let explanation: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &explanation["identity"]), (0, &json!("spiffe://example.org/workload/b")));
    assert!(outcomes(&explanation).contains(&("possession".into(), "passed".into())));
    let (code, _, err) = run(&spiffe("verify", &bundle, &["--chain", &chain]));
    assert_eq!(code, 3);
    assert!(err.contains("--tls-handshake"), "{err}");
    for wrong in [&["--tls-handshake"][..], &["--chain", &chain, "--challenge", &chain]] {
        assert_eq!(run(&spiffe("verify", &bundle, wrong)).0, 3);
    }
}

#[test]
fn a_passport_is_made_and_judged() {
    let folder = folder("passport");
    let file = |name: &str| folder.join(name).to_str().expect("UTF-8").to_owned();
    let (key, passport, policy) = (file("seed"), file("passport.jwt"), file("policy.json"));
    let (code, out, _) = run(&["passport", "keygen", "--json", &key]);
    assert_eq!(code, 0);
    let made: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(fs::read(&key).expect("the seed").len(), 32);
    let (_, out, _) = run(&["passport", "thumbprint", "--json", &key]);
    assert_eq!(serde_json::from_str::<Value>(&out).expect("JSON"), made);
    // An existing key is never written over.
    assert_eq!(run(&["passport", "keygen", &key]).0, 3);

    let mint =
        ["passport", "mint", "--key", &key, "--audience", "x", "--now", "1800000000", "--lifetime", "600"];
    let (code, out, _) = run(&mint);
    assert_eq!(code, 0);
    fs::write(&passport, out.trim_end()).expect("writable");
    let pinned = json!({"version": 1, "attestors": [{
        "id": "self", "kind": "native", "audiences": ["x"], "pinned_keys": [made["thumbprint"]],
    }]});
    fs::write(&policy, pinned.to_string()).expect("writable");
    let judge = |now: &str| {
        let (code, out, _) =
            run(&["verify", "--json", "--policy", &policy, "--passport", &passport, "--now", now]);
        (code, serde_json::from_str::<Value>(&out).expect("JSON"))
    };
    let (code, verdict) = judge("1800000599");
    assert_eq!((code, &verdict["key_thumbprint"]), (0, &made["thumbprint"]));
    let (code, verdict) = judge("1800000600");
    assert_eq!((code, &verdict["reason"]), (1, &json!("token_expired")));

    // A key that is not pinned is refused by the policy, not by the signature.
    let other = pinned.to_string().replace(made["thumbprint"].as_str().expect("text"), &"A".repeat(43));
    fs::write(&policy, other).expect("writable");
    let asked = ["explain", "--json", "--policy", &policy, "--passport", &passport, "--now", "1800000000"];
    let explanation: Value = serde_json::from_str(&run(&asked).1).expect("JSON");
    assert_eq!(explanation["reason"], "key_untrusted");
    let outcomes = outcomes(&explanation);
    assert!(outcomes.contains(&("signature".into(), "passed".into())));
    assert!(outcomes.contains(&("allow".into(), "failed".into())));

    fs::write(&key, [0; 31]).expect("writable");
    assert_eq!(run(&mint).0, 3);
    for lifetime in ["0", "-1", "31622401"] {
        assert_eq!(run(&["passport", "mint", "--key", &key, "--lifetime", lifetime]).0, 3);
    }
}
