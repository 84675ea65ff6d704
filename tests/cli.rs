//! The command line: exit statuses, JSON, trimming, and every way to hold it wrong.
#![cfg(feature = "cli")]

use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/spire/ec-p256").join(name)
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attestor"));
    command.arg("verify").args(arguments);
    command
}

const AUDIENCE: &str = "spiffe://example.org/verifier";

fn good(extra: &[&str]) -> Command {
    let mut command =
        command(&["--trust-domain", "example.org", "--audience", AUDIENCE, "--now", "1800000000"]);
    let bundle = format!("example.org={}", data("s0.bundle.spiffe.json").display());
    command.args(["--bundle", &bundle]).args(extra);
    command
}

fn run(command: &mut Command) -> (i32, Value, Output) {
    let output = command.output().expect("runs");
    let line = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let json = line.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or(Value::Null);
    (output.status.code().expect("an exit status"), json, output)
}

#[test]
fn allow_in_json() {
    let (code, json, output) = run(good(&["--json"]).arg(data("s0.minted.jwt")));
    assert_eq!((code, &json["verdict"], &json["code"]), (0, &"allow".into(), &0.into()));
    assert_eq!(json["identity"], "spiffe://example.org/minted");
    assert_eq!(json["authenticated"], true);
    assert_eq!(json["attestor_id"], "spiffe");
    assert_eq!(json["evidence"]["attested_external_identity"], "spiffe://example.org/minted");
    assert!(json["expires_at"].is_i64() && json["key_thumbprint"].is_string());
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    assert!(output.stderr.is_empty());
}

#[test]
fn each_class_has_its_exit_status() {
    let bundle = format!("example.org={}", data("s0.bundle.spiffe.json").display());
    let mut other =
        command(&["--trust-domain", "example.org", "--audience", "x", "--now", "1800000000", "--json"]);
    let (code, json, _) = run(other.args(["--bundle", &bundle]).arg(data("s0.minted.jwt")));
    assert_eq!((code, json["reason"].as_str()), (1, Some("audience_mismatch")));
    let mut unfed =
        command(&["--trust-domain", "example.org", "--audience", AUDIENCE, "--now", "1800000000", "--json"]);
    let (code, json, _) = run(unfed.arg(data("s0.minted.jwt")));
    assert_eq!(
        (code, json["verdict"].as_str(), json["reason"].as_str()),
        (2, Some("unavailable"), Some("bundle_unavailable"))
    );
    for arguments in [
        &["--json"][..],
        &["--json", "--trust-domain", "example.org", "x"],
        &["--json", "--no-such-flag"],
        &["--json", "--trust-domain", "example.org", "--audience", "", "-"],
        &["--json", "--trust-domain", "Example.org", "--audience", "a", "-"],
        &["--json", "--trust-domain", "example.org", "--audience", "a", "--clock-skew", "301", "-"],
        &["--json", "--trust-domain", "example.org", "--audience", "a", "--now", "0", "-"],
        &["--json", "--trust-domain", "example.org", "--audience", "a", "--now", "-5", "-"],
        &["--json", "--trust-domain", "example.org", "--audience", "a", "--bundle", "nofile", "-"],
        &[
            "--json",
            "--trust-domain",
            "example.org",
            "--audience",
            "a",
            "--bundle",
            "example.org=/nonexistent",
            "-",
        ],
        &[
            "--json",
            "--trust-domain",
            "example.org",
            "--audience",
            "a",
            "--bundle",
            "https://issuer=/dev/null",
            "-",
        ],
        &["--json", "--trust-domain", "example.org", "--audience", "a", "/nonexistent"],
        &["--json", "--policy", "/nonexistent", "-"],
        &["--json", "--policy", "/dev/null", "-"],
        &["--json", "--policy", "/dev/null", "--audience", "a", "-"],
    ] {
        let (code, json, _) = run(command(arguments).stdin(Stdio::null()));
        assert_eq!((code, json["verdict"].as_str()), (3, Some("misuse")), "{arguments:?}");
        assert_eq!(json["authenticated"], false);
    }
}

#[test]
fn only_standard_input_and_trim_drop_a_newline() {
    let mut token = std::fs::read(data("s0.minted.jwt")).expect("the token");
    token.push(b'\n');
    let file = std::env::temp_dir().join(format!("attestor-cli-{}.jwt", std::process::id()));
    std::fs::write(&file, &token).expect("writable");
    assert_eq!(run(good(&["--json"]).arg(&file)).1["reason"], "invalid_base64url");
    assert_eq!(run(good(&["--json", "--trim"]).arg(&file)).0, 0);
    std::fs::remove_file(&file).expect("removable");
    for (extra, code) in [(&b""[..], 0), (b"\n", 1)] {
        let mut child = good(&["-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("runs");
        let mut input = child.stdin.take().expect("piped");
        input.write_all(&token).and_then(|()| input.write_all(extra)).expect("written");
        drop(input);
        assert_eq!(child.wait().expect("ends").code(), Some(code));
    }
}

#[test]
fn an_endless_credential_ends() {
    let zeros = std::fs::File::open("/dev/zero").expect("the device");
    let (code, json, _) = run(good(&["--json", "-"]).stdin(zeros));
    assert_eq!((code, json["reason"].as_str()), (1, Some("input_too_large")));
}

#[test]
fn a_person_gets_words_and_no_escape_codes_in_a_pipe() {
    let (code, _, output) = run(good(&[]).arg(data("s0.minted.jwt")));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        code == 0 && text.starts_with("allow  spiffe://example.org/minted\n") && !text.contains('\u{1b}'),
        "{text}"
    );
    let (code, _, output) = run(command(&["--help"]).arg("x"));
    assert!(code == 0 && String::from_utf8_lossy(&output.stdout).contains("--trust-domain"));
}

#[test]
fn a_policy_file_and_its_mistakes() {
    let folder = std::env::temp_dir().join(format!("attestor-cli-policy-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let policy = folder.join("policy.json");
    let text = r#"{"version":1,"attestors":[{"id":"prod","kind":"spiffe","audiences":["AUD"],"trust_domains":["example.org"]}]}"#;
    let bundle = format!("spiffe://example.org={}", data("s0.bundle.spiffe.json").display());
    let verify = |text: &str| {
        std::fs::write(&policy, text).expect("writable");
        let mut verify = command(&["--json", "--now", "1800000000", "--bundle", &bundle, "--policy"]);
        run(verify.arg(&policy).arg(data("s0.minted.jwt")))
    };
    assert_eq!(verify(&text.replace("AUD", AUDIENCE)).1["attestor_id"], "prod");
    let (code, json, output) = verify(&text.replace("audiences", "audience"));
    assert_eq!((code, json["reason"].as_str()), (3, Some("config_invalid")));
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        message.contains("$.attestors[0].audience: unknown field (did you mean `audiences`?)"),
        "{message}"
    );
    std::fs::remove_dir_all(&folder).expect("removable");
}

fn vectors(name: &str) -> String {
    format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn an_issuer_is_named_by_url_or_prefix() {
    let bundle = vectors("bundles/issuer.json");
    let verify = |name: &str, nonce: &[&str]| {
        let mut verify = command(&[
            "--json",
            "--now",
            "1800000000",
            "--policy",
            &vectors("policies/oidc-nonce-optional.json"),
        ]);
        verify.args(["--bundle", &format!("{name}={bundle}")]).args(nonce);
        run(verify.arg(vectors("credentials/oidc-nonce-optional-same.jwt"))).1
    };
    let sent = ["--nonce", "n-0S6_WzA2Mj"];
    assert_eq!(verify("https://issuer.example", &sent)["verdict"], "allow");
    assert_eq!(
        verify("issuer:https://issuer.example", &sent)["evidence"]["issuer"],
        "https://issuer.example"
    );
    assert_eq!(verify("https://issuer.example", &["--nonce", "x"])["reason"], "nonce_mismatch");
    assert_eq!(verify("issuer.example", &sent)["reason"], "bundle_unavailable");
}

#[test]
fn a_bundle_file_is_recognised_and_said() {
    let (code, _, output) = run(good(&[]).arg(data("s0.minted.jwt")));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(code == 0 && said.ends_with("s0.bundle.spiffe.json: read as spiffe_bundle\n"), "{said}");
    let (code, json, _) = run(good(&["--json", "--format", "workload_api_jwks"]).arg(data("s0.minted.jwt")));
    assert_eq!(code, 0, "its JWT keys are read, its X.509 entries skipped: {json}");
    let (code, json, _) = run(good(&["--json", "--format", "public_key_pem"]).arg(data("s0.minted.jwt")));
    assert_eq!((code, json["reason"].as_str()), (3, Some("bundle_malformed")));
}
