//! The corpus under `tests/vectors`: the same cases run in Rust, C, Python and Go.

use attestor::{
    BundleStore, Class, ConfigError, Format, Now, PutOptions, Request, Source, Verifier, VerifyResult,
};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a case says, or what a run came to: `verdict reason authenticated identity`.
type Verdict = [String; 4];

struct Case<'a> {
    id: &'a str,
    now: i64,
    policy: &'a str,
    bundles: &'a str,
    credential: &'a str,
    expected: Verdict,
    request: &'a str,
}

impl<'a> Case<'a> {
    fn read(line: &'a str) -> Self {
        let columns: Vec<_> = line.split('\t').collect();
        let [
            id,
            _rule,
            now,
            policy,
            bundles,
            credential,
            verdict,
            reason,
            authenticated,
            identity,
            rest @ ..,
        ] = &columns[..]
        else {
            panic!("ten columns: {line}");
        };
        let expected = [verdict, reason, authenticated, identity].map(|column| (*column).to_owned());
        let request = rest.first().copied().unwrap_or("-");
        Self { id, now: now.parse().expect("a time"), policy, bundles, credential, expected, request }
    }
}

fn folder() -> PathBuf {
    let local = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    std::env::var_os("ATTESTOR_VECTORS").map_or(local, PathBuf::from)
}

fn read(kind: &str, name: &str) -> Vec<u8> {
    fs::read(folder().join(kind).join(name)).unwrap_or_else(|e| panic!("{kind}/{name}: {e}"))
}

/// `https://…` and `issuer:ANYTHING` name issuers, as on the command line.
fn source(name: &str) -> Source<'_> {
    match name.strip_prefix("issuer:") {
        Some(name) => Source::issuer(name),
        None if name.starts_with("https://") => Source::issuer(name),
        None => Source::trust_domain(name),
    }
}

/// Applies `nonce=TEXT;max_age=SECONDS;access_token=TEXT`.
fn with_options<'a>(mut request: Request<'a>, options: &'a str) -> Request<'a> {
    for option in options.split(';').filter(|option| *option != "-") {
        request = match option.split_once('=').expect("an option") {
            ("nonce", nonce) => request.nonce(nonce),
            ("max_age", seconds) => request.max_age(seconds.parse().expect("seconds")),
            ("access_token", token) => request.access_token(token.as_bytes()),
            (unknown, _) => panic!("option {unknown}"),
        };
    }
    request
}

fn put(store: &BundleStore, item: &str, now: Now) -> Result<(), ConfigError> {
    let [name, format, file] = item.splitn(3, '=').collect::<Vec<_>>().try_into().expect("NAME=FORMAT=FILE");
    let format = Format::from_name(format).expect("a format");
    let document = read("bundles", file);
    store.put(source(name), format, &document, &PutOptions::default(), now).map(|_| ())
}

fn judge(case: &Case<'_>, result: &mut VerifyResult) -> Result<Verdict, ConfigError> {
    let now = Now::At(case.now);
    let store = Arc::new(BundleStore::new());
    for item in case.bundles.split(',').filter(|item| *item != "-") {
        match item.strip_prefix('?') {
            Some(item) => assert!(put(&store, item, now).is_err(), "{}: {item} must be refused", case.id),
            None => put(&store, item, now)?,
        }
    }
    let verifier = Verifier::new(store, &read("policies", case.policy))?;
    let credential = read("credentials", case.credential);
    let verdict = verifier.verify(&with_options(Request::new(&credential).at(now), case.request), result);
    let (reason, identity) = match verdict {
        Ok(allowed) => ("ok", allowed.identity.to_owned()),
        Err(rejected) => (rejected.reason.slug(), "-".to_owned()),
    };
    let authenticated = i32::from(result.authenticated()).to_string();
    Ok([result.class().name().into(), reason.into(), authenticated, identity])
}

#[test]
fn every_case_reaches_its_verdict() {
    let cases = fs::read_to_string(folder().join("cases.tsv")).expect("the corpus");
    // One result for all: nothing of one case may show in the next.
    let mut result = VerifyResult::new();
    let (mut verdicts, mut wrong, mut count) = (String::new(), Vec::new(), 0);
    for case in cases.lines().skip(1).map(Case::read) {
        let verdict = judge(&case, &mut result).unwrap_or_else(|refused| {
            [Class::Misuse.name().into(), refused.reason().slug().into(), "0".into(), "-".into()]
        });
        count += 1;
        writeln!(verdicts, "{}\t{}", case.id, verdict.join("\t")).expect("memory");
        if verdict != case.expected {
            wrong.push(format!("{}: expected {:?}, got {verdict:?}", case.id, case.expected));
        }
    }
    if let Some(file) = std::env::var_os("ATTESTOR_VERDICTS") {
        fs::write(file, verdicts).expect("writable");
    }
    assert!(count > 300, "only {count} cases");
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
}
