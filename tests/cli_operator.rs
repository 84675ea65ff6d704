//! The operator's commands as an operator runs them: policies, bundle files and receipt logs, good and bad.
#![cfg(feature = "cli")]

use attestor::receipt::{Head, Receipt};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A folder of its own for each test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("attestor-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).expect("writable");
        path.to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn source_file(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path).to_str().expect("UTF-8").to_owned()
}

fn spire() -> String {
    source_file("data/spire/ec-p256/s0.bundle.spiffe.json")
}

fn run(arguments: &[&str]) -> (i32, Output) {
    run_on(arguments, b"")
}

fn run_on(arguments: &[&str], input: &[u8]) -> (i32, Output) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attestor"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("runs");
    // The command may have seen enough before it has read everything.
    let _ = child.stdin.take().expect("piped").write_all(input);
    let output = child.wait_with_output().expect("ends");
    (output.status.code().expect("an exit status"), output)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// Exit status and the one line of JSON.
fn json(arguments: &[&str]) -> (i32, Value) {
    let (code, output) = run(arguments);
    let out = text(&output.stdout);
    assert_eq!(out.lines().count(), 1, "{out}");
    (code, serde_json::from_str(out).expect("JSON"))
}

// ---- policy check -----------------------------------------------------------------------------------

const CAREFUL: &str = r#"{"version":1,"attestors":[{"id":"s","kind":"spiffe","audiences":["orders-plane-prod"],
    "trust_domains":["td"],"allow":{"ids":["spiffe://td/x"]}}]}"#;

#[test]
fn a_policy_is_clean_warned_of_dangerous_or_none() {
    let folder = Folder::new("policy");
    let careful = folder.write("careful.json", CAREFUL);
    let (code, output) = run(&["policy", "check", &careful]);
    assert_eq!((code, text(&output.stdout)), (0, "clean  a policy, and nothing to remark\n"));

    let warned = folder.write(
        "warned.json",
        CAREFUL.replace("spiffe://td/x\"]", "spiffe://td/x\"],\"prefixes\":[\"spiffe://td\"]"),
    );
    let (code, found) = json(&["policy", "check", "--json", &warned]);
    assert_eq!((code, &found["result"]), (0, &"warning".into()));
    assert_eq!(found["findings"][0]["rule"], "open_prefix");
    assert_eq!(found["findings"][0]["path"], "$.attestors[0].allow.prefixes[0]");

    let danger = folder.write("danger.json", CAREFUL.replace("orders-plane-prod", "api"));
    let (code, output) = run(&["policy", "check", &danger]);
    let out = text(&output.stdout);
    assert!(
        code == 1 && out.starts_with("danger  $.attestors[0].audiences[0]\n  rule       generic_audience\n"),
        "{out}"
    );
    assert!(!out.contains('\u{1b}'));
    let (code, found) = json(&["policy", "check", "--json", &danger]);
    assert_eq!(
        (code, &found["result"], &found["findings"][0]["severity"]),
        (1, &"danger".into(), &"danger".into())
    );

    let typo = folder.write("typo.json", CAREFUL.replace("audiences", "audience"));
    let (code, output) = run(&["policy", "check", &typo]);
    let said = text(&output.stderr);
    assert!(
        code == 3 && said.contains("$.attestors[0].audience: unknown field (did you mean `audiences`?)"),
        "{said}"
    );
    let (code, found) = json(&["policy", "check", "--json", &typo]);
    assert_eq!((code, &found["reason"]), (3, &"config_invalid".into()));
    assert!(found["message"].as_str().expect("a message").contains("typo.json"));
}

#[test]
fn anything_else_is_no_policy() {
    for input in [&b""[..], b"{}", b"\xff\xfe\x00garbage", &vec![b' '; 2 << 20]] {
        let (code, output) = run_on(&["policy", "check", "-"], input);
        assert!(code == 3 && output.stdout.is_empty() && text(&output.stderr).starts_with("error: -: "));
    }
    assert_eq!(run_on(&["policy", "check", "-"], CAREFUL.as_bytes()).0, 0);
    for arguments in [
        &["policy"][..],
        &["policy", "check"],
        &["policy", "check", "/nonexistent"],
        &["policy", "check", "a", "b"],
    ] {
        assert_eq!(run(arguments).0, 3, "{arguments:?}");
    }
}

// ---- bundle inspect, bundle convert -----------------------------------------------------------------

#[test]
fn a_bundle_is_shown_entry_by_entry() {
    let (code, output) = run(&["bundle", "inspect", &spire()]);
    let out = text(&output.stdout);
    assert!(code == 0 && out.starts_with("usable  JWT keys: 1, X.509 authorities: 1, skipped: 0\n"), "{out}");
    for row in [
        "  format     spiffe_bundle\n",
        "  sequence   1\n",
        "  kid        5QOS27cm1rm45u9ufh2w60QSZfyKFKkK\n",
        "  serial     b7503a5554366c60532d2feef2a32e0f\n",
        "  valid      2026-11-21T23:03:56Z to 2046-11-16T23:04:06Z\n",
    ] {
        assert!(out.contains(row), "{row}{out}");
    }
    let (code, seen) = json(&["bundle", "inspect", "--json", "--trust-domain", "example.org", &spire()]);
    assert_eq!((code, &seen["result"], &seen["reason"]), (0, &"usable".into(), &Value::Null));
    assert_eq!(seen["entries"][1]["thumbprint"], "0szpT7ur7YBdwpU-eWFx1t6NMr_SaAYFzSz5EIa32t4");
    assert_eq!(seen["entries"][0]["certificate"]["not_after"], 2_426_022_246_i64);
    let (_, seen) = json(&["bundle", "inspect", "--json", "--format", "workload_api_jwks", &spire()]);
    assert_eq!(seen["entries"][0]["skip"], "use_ignored");
}

#[test]
fn a_bundle_that_a_store_would_refuse_says_why() {
    let folder = Folder::new("refused");
    let named = folder.write("named.json", r#"{"trust_domain":"td","keys":[]}"#);
    assert_eq!(run(&["bundle", "inspect", &named]).0, 0);
    let (code, seen) = json(&["bundle", "inspect", "--json", "--trust-domain", "other", &named]);
    assert_eq!((code, &seen["reason"]), (3, &"trust_domain_mismatch".into()));
    let (code, seen) = json(&[
        "bundle",
        "inspect",
        "--json",
        "--format",
        "spiffe_bundle",
        "--issuer",
        "https://i.example",
        &named,
    ]);
    assert_eq!((code, &seen["reason"]), (3, &"format_unsupported".into()));
    let escaped =
        folder.write("escaped.json", r#"{"keys":[{"kty":"AKP","use":"sig","kid":"\u001b[31mred"}]}"#);
    let out = run(&["bundle", "inspect", &escaped]).1.stdout;
    let out = text(&out);
    assert!(
        out.contains("key_type_unsupported") && out.contains(r"\u{1b}[31mred") && !out.contains('\u{1b}'),
        "{out}"
    );
    let private = source_file("vectors/bundles/public-private-after-public.pem");
    let (code, seen) = json(&["bundle", "inspect", "--json", &private]);
    assert_eq!((code, &seen["reason"]), (3, &"bundle_private_key".into()));
}

#[test]
fn files_that_are_no_bundles() {
    let folder = Folder::new("no-bundle");
    for (name, content) in
        [("empty", &b""[..]), ("binary", b"\x00\xff\x7fELF"), ("json", b"{}"), ("cut", b"{\"keys\":[")]
    {
        let file = folder.write(name, content);
        let (code, output) = run(&["bundle", "inspect", &file]);
        assert!(code == 3 && text(&output.stderr).contains("looks like no bundle format"), "{name}");
        let (code, output) = run(&["bundle", "convert", "--to", "jwks", &file]);
        assert!(code == 3 && output.stdout.is_empty(), "{name}");
        let (code, seen) = json(&["bundle", "inspect", "--json", "--format", "jwks", &file]);
        assert_eq!((code, &seen["reason"]), (3, &"bundle_malformed".into()), "{name}");
    }
    for arguments in [
        &["bundle", "inspect", "/nonexistent"][..],
        &["bundle", "convert", &spire()],
        &["bundle", "convert", "--to", "nonsense", &spire()],
        &["bundle", "inspect", "--trust-domain", "a", "--issuer", "b", &spire()],
        &["bundle", "inspect", "--trust-domain", "Not one", &spire()],
    ] {
        assert_eq!(run(arguments).0, 3, "{arguments:?}");
    }
}

#[test]
fn a_converted_bundle_verifies_what_the_first_one_did() {
    let folder = Folder::new("convert");
    let (code, output) = run(&["bundle", "convert", "--to", "jwks", &spire()]);
    assert_eq!(code, 0);
    let said = text(&output.stderr);
    assert!(
        said.contains(": read as spiffe_bundle\n") && said.contains("dropped: 1 X.509 authority\n"),
        "{said}"
    );
    assert!(said.contains("dropped: spiffe_sequence\n"), "{said}");
    let keys = folder.write("keys.json", &output.stdout);
    let bundle = format!("example.org={keys}");
    let token = source_file("data/spire/ec-p256/s0.minted.jwt");
    let verify = [
        "verify",
        "--json",
        "--now",
        "1800000000",
        "--trust-domain",
        "example.org",
        "--audience",
        "spiffe://example.org/verifier",
        "--format",
        "jwks",
        "--bundle",
        &bundle,
        &token,
    ];
    assert_eq!(json(&verify).1["verdict"], "allow");

    let der = run(&[
        "bundle",
        "convert",
        "--from",
        "x509_pem",
        "--to",
        "x509_der",
        &source_file("vectors/bundles/x509-two.pem"),
    ]);
    assert!(der.0 == 0 && der.1.stderr.is_empty());
    assert_eq!(der.1.stdout, fs::read(source_file("vectors/bundles/x509-two.der")).expect("the file"));
    let (code, output) = run_on(&["bundle", "convert", "--to", "x509_pem", "-"], &der.1.stdout);
    assert_eq!(
        (code, output.stdout),
        (0, fs::read(source_file("vectors/bundles/x509-two.pem")).expect("the file"))
    );

    let private = source_file("vectors/bundles/public-private-after-public.pem");
    let (code, output) = run(&["bundle", "convert", "--to", "jwks", &private]);
    assert!(code == 3 && output.stdout.is_empty() && text(&output.stderr).contains("contains a private key"));
}

// ---- receipts ---------------------------------------------------------------------------------------

/// Lines that follow `after`, and the head they make.
fn lines(mut after: Head, count: usize, key: Option<&[u8]>) -> (Vec<String>, Head) {
    let mut lines = Vec::new();
    for at in 0..count {
        let agent = format!("agent-{at}");
        let host = [("agent_id", &*agent)];
        let receipt = Receipt {
            after,
            at: 1_800_000_000,
            event: "agent.register.allow",
            evidence: "{}",
            host: &host,
            key,
        };
        let mut line = String::new();
        after = receipt.write(&mut line).expect("a line");
        lines.push(line + "\n");
    }
    (lines, after)
}

fn verify(files: &[&str], options: &[&str]) -> (i32, Value) {
    json(&[&["receipts", "verify", "--json"], options, files].concat())
}

/// Exit status, line and reason of a broken log.
fn broken(file: &str, options: &[&str]) -> (i32, Option<u64>, String) {
    let (code, seen) = verify(&[file], options);
    assert_eq!(seen["result"], "broken", "{seen}");
    (code, seen["line"].as_u64(), seen["reason"].as_str().expect("a reason").to_owned())
}

#[test]
fn an_intact_log_over_rotated_files() {
    let folder = Folder::new("intact");
    let (old, middle) = lines(Head::EMPTY, 3, Some(KEY));
    let (new, head) = lines(middle, 2, Some(KEY));
    let old = folder.write("log.1", old.concat());
    let new = folder.write("log", new.concat());
    let key = folder.write("key", KEY);
    let (code, seen) = verify(&[&old, &new], &["--key-file", &key]);
    assert_eq!((code, &seen["receipts"], &seen["first"]), (0, &5.into(), &1.into()));
    assert_eq!((&seen["macs"], &seen["head"]), (&"verified".into(), &head.to_string().into()));
    let (code, seen) = verify(&[&new], &[]);
    assert_eq!((code, &seen["first"], &seen["macs_not_checked"]), (0, &4.into(), &2.into()));
    // Whatever head was saved, of any line of these files or of the one before them.
    for (saved, files) in [
        (head, &[&*old, &*new][..]),
        (middle, &[&*old, &*new]),
        (middle, &[&*new]),
        (middle, &[&*old]),
        (Head::EMPTY, &[&*old]),
    ] {
        assert_eq!(verify(files, &["--expect-head", &saved.to_string()]).0, 0);
    }
    let (code, output) = run(&["receipts", "head", &new]);
    assert_eq!((code, text(&output.stdout)), (0, &*format!("{head}\n")));
    assert_eq!(json(&["receipts", "head", "--json", &new]).1["head"], head.to_string());
    let (code, output) = run(&["receipts", "verify", &old, &new]);
    let out = text(&output.stdout);
    assert!(code == 0 && out.starts_with("intact  5 receipts\n  first      1\n  head       5:"), "{out}");
    assert!(out.contains("5 not checked") && out.contains("--expect-head"), "{out}");
    let piped = run_on(&["receipts", "verify", "-"], &fs::read(&old).expect("the log"));
    assert_eq!(piped.0, 0);

    let swapped = verify(&[&new, &old], &[]);
    assert_eq!((swapped.0, &swapped.1["reason"]), (1, &"seq_mismatch".into()));
    assert!(swapped.1["file"].as_str().expect("a file").ends_with("log.1"));
}

#[test]
fn an_empty_log_is_a_log_without_lines() {
    let folder = Folder::new("empty-log");
    let empty = folder.write("log", "");
    let (code, seen) = verify(&[&empty], &[]);
    assert_eq!((code, &seen["receipts"], &seen["first"]), (0, &0.into(), &Value::Null));
    assert_eq!(seen["head"], Head::EMPTY.to_string());
    let saved = lines(Head::EMPTY, 1, None).1.to_string();
    assert_eq!(broken(&empty, &["--expect-head", &saved]), (1, None, "head_missing".into()));
}

#[test]
fn a_changed_log_is_broken_where_it_was_changed() {
    let folder = Folder::new("changed");
    let (good, head) = lines(Head::EMPTY, 4, None);
    let changed = |edit: &dyn Fn(&mut Vec<String>)| {
        let mut lines = good.clone();
        edit(&mut lines);
        folder.write("log", lines.concat())
    };
    let edited = changed(&|lines| lines[1] = lines[1].replace("agent-1", "agent-9"));
    assert_eq!(broken(&edited, &[]), (1, Some(3), "prev_mismatch".into()));
    let respelled = changed(&|lines| lines[1] = lines[1].replace("\"at\":", "\"at\": "));
    assert_eq!(broken(&respelled, &[]), (1, Some(2), "not_canonical".into()));
    let crlf = changed(&|lines| lines[0] = lines[0].replace('\n', "\r\n"));
    assert_eq!(broken(&crlf, &[]), (1, Some(1), "not_canonical".into()));
    let swapped = changed(&|lines| lines.swap(1, 2));
    assert_eq!(broken(&swapped, &[]), (1, Some(2), "seq_mismatch".into()));
    let removed = changed(&|lines| drop(lines.remove(1)));
    assert_eq!(broken(&removed, &[]), (1, Some(2), "seq_mismatch".into()));
    let twice = changed(&|lines| lines.insert(1, lines[0].clone()));
    assert_eq!(broken(&twice, &[]), (1, Some(2), "seq_mismatch".into()));
    let blank = changed(&|lines| lines.insert(1, "\n".into()));
    assert_eq!(broken(&blank, &[]), (1, Some(2), "not_a_receipt".into()));
    let torn = changed(&|lines| lines[3].truncate(20));
    assert_eq!(broken(&torn, &[]), (1, Some(4), "line_torn".into()));
    let unended = changed(&|lines| lines[3] = lines[3].trim_end().to_owned());
    assert_eq!(broken(&unended, &[]), (1, Some(4), "line_torn".into()));
    let (code, output) = run(&["receipts", "head", &unended]);
    assert!(
        code == 1 && output.stdout.is_empty() && text(&output.stderr).contains("line 4: the line is cut off")
    );

    // What only a saved head shows.
    let saved = head.to_string();
    let cut = changed(&|lines| lines.truncate(2));
    assert_eq!(verify(&[&cut], &[]).0, 0);
    assert_eq!(broken(&cut, &["--expect-head", &saved]), (1, None, "head_missing".into()));
    let last = changed(&|lines| lines[3] = lines[3].replace("agent-3", "agent-9"));
    assert_eq!(verify(&[&last], &[]).0, 0);
    assert_eq!(broken(&last, &["--expect-head", &saved]), (1, Some(4), "head_mismatch".into()));
    let early = folder.write("late", good[2..].concat());
    let first = lines(Head::EMPTY, 1, None).1.to_string();
    assert_eq!(broken(&early, &["--expect-head", &first]), (1, None, "head_before_start".into()));
}

#[test]
fn a_mac_needs_its_key() {
    let folder = Folder::new("mac");
    let log = folder.write("log", lines(Head::EMPTY, 2, Some(KEY)).0.concat());
    let plain = folder.write("plain", lines(Head::EMPTY, 2, None).0.concat());
    let key = folder.write("key", KEY);
    let newline = folder.write("newline", [KEY, b"\n"].concat());
    assert_eq!(verify(&[&log], &["--key-file", &key]).0, 0);
    assert_eq!(broken(&log, &["--key-file", &newline]), (1, Some(1), "mac_mismatch".into()));
    let (_, output) = run(&["receipts", "verify", "--key-file", &newline, &log]);
    assert!(text(&output.stdout).contains("the key file ends with a newline"));
    // Whoever rewrites the log cannot do without the key by leaving it out.
    assert_eq!(broken(&plain, &["--key-file", &key]), (1, Some(1), "mac_missing".into()));
    for short in ["", "fifteen bytes.."] {
        let short = folder.write("short", short);
        assert_eq!(verify(&[&log], &["--key-file", &short]).0, 3);
    }
    assert_eq!(verify(&[&log], &["--key-file", "/nonexistent"]).0, 3);
}

#[test]
fn files_that_are_no_logs() {
    let folder = Folder::new("no-log");
    for (name, content, reason) in [
        ("binary", b"\x00\xff\xfe\x7fELF\n".to_vec(), "not_a_receipt"),
        ("binary without an end", b"\x00\xff".to_vec(), "line_torn"),
        ("text", b"hello\nworld\n".to_vec(), "not_a_receipt"),
        ("long", vec![b'x'; 3 << 20], "line_too_long"),
    ] {
        let file = folder.write("log", content);
        assert_eq!(broken(&file, &[]), (1, Some(1), reason.into()), "{name}");
    }
    let endless = fs::File::open("/dev/zero").expect("the device");
    let mut command = Command::new(env!("CARGO_BIN_EXE_attestor"));
    assert_eq!(
        command.args(["receipts", "head", "-"]).stdin(endless).output().expect("ends").status.code(),
        Some(1)
    );
    let zeros = "0".repeat(64);
    for arguments in [
        &["receipts", "verify"][..],
        &["receipts", "verify", "/nonexistent"],
        &["receipts", "verify", "--expect-head", "7", "-"],
        &["receipts", "verify", "--expect-head", &format!("1:{zeros}"), "-"],
        &["receipts", "head"],
        &["receipts", "head", "/"],
    ] {
        assert_eq!(run(arguments).0, 3, "{arguments:?}");
    }
}
