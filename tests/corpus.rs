//! The corpus under `tests/vectors`: the same cases run in Rust, C, Python and Go.

use attestor::{
    BundleStore, Class, ConfigError, DenyEntry, DenyField, DenyKind, Format, Now, Possession, PutOptions,
    Reason, Request, Source, Verifier, VerifyResult,
};
use ring::digest::{SHA256, digest};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a case says, or what a run came to: `verdict reason authenticated identity evidence shadow`.
type Verdict = [String; 6];

struct Case<'a> {
    id: &'a str,
    now: i64,
    policy: &'a str,
    bundles: &'a str,
    credential: &'a str,
    expected: Verdict,
    request: &'a str,
    /// The file of the expected evidence, `-` for a case that does not say.
    evidence: &'a str,
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
            request,
            rest @ ..,
        ] = &columns[..]
        else {
            panic!("eleven columns or more: {line}");
        };
        let cell = |at: usize| rest.get(at).copied().unwrap_or("-");
        let text = |evidence| String::from_utf8(read("evidence", evidence)).expect("UTF-8");
        let evidence = if cell(0) == "-" { "-".to_owned() } else { text(cell(0)) };
        let [verdict, reason, authenticated, identity] =
            [verdict, reason, authenticated, identity].map(|column| (*column).to_owned());
        let expected = [verdict, reason, authenticated, identity, evidence, cell(1).to_owned()];
        let now = now.parse().expect("a time");
        Self { id, now, policy, bundles, credential, expected, request, evidence: cell(0) }
    }
}

/// What the verdict file says beyond the verdict: internal identity, policies, SHA-256 of the evidence.
struct Grant([String; 3]);

impl Default for Grant {
    fn default() -> Self {
        Self(["-"; 3].map(str::to_owned))
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

/// What the `request` column says, each option once; files are read, and `challenge` is decoded.
struct Options<'a> {
    texts: HashMap<&'a str, &'a str>,
    files: HashMap<&'a str, Vec<u8>>,
}

impl<'a> Options<'a> {
    fn read(column: &'a str) -> Self {
        let (mut texts, mut files) = (HashMap::new(), HashMap::new());
        for option in column.split(';').filter(|option| *option != "-") {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name {
                "passport" | "chain" | "proof" | "peer_certificate" => {
                    files.insert(name, read("credentials", value));
                }
                "challenge" => {
                    files.insert(name, unhex(value));
                }
                "nonce" | "max_age" | "access_token" | "attestor" | "admit" | "possession" | "audience" => {
                    texts.insert(name, value);
                }
                _ => panic!("option {name}"),
            }
        }
        Self { texts, files }
    }

    fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    fn request<'r>(&'r self, credential: &'r [u8]) -> Request<'r> {
        let text = |name: &str| self.texts.get(name).copied();
        let mut request = match self.file("chain") {
            Some(chain) if credential.is_empty() => match self.possession() {
                Some(possession) => Request::x509(chain, possession),
                None => Request::new(credential).chain(chain),
            },
            Some(chain) => Request::new(credential).chain(chain),
            None => Request::new(credential),
        };
        for (given, with) in [
            (text("nonce"), Request::nonce as fn(Request<'r>, &'r str) -> Request<'r>),
            (text("attestor"), Request::attestor),
            (text("audience"), Request::audience),
        ] {
            request = given.map_or(request, |value| with(request, value));
        }
        for (given, with) in [
            (self.file("passport"), Request::passport as fn(Request<'r>, &'r [u8]) -> Request<'r>),
            (self.file("peer_certificate"), Request::peer_certificate),
            (text("access_token").map(str::as_bytes), Request::access_token),
        ] {
            request = given.map_or(request, |value| with(request, value));
        }
        text("max_age").map_or(request, |seconds| request.max_age(seconds.parse().expect("seconds")))
    }

    fn possession(&self) -> Option<Possession<'_>> {
        match self.texts.get("possession") {
            None => None,
            Some(&"tls") => Some(Possession::TlsHandshake),
            Some(&"challenge") => Some(Possession::SignedChallenge {
                challenge: self.file("challenge").unwrap_or_default(),
                proof: self.file("proof").unwrap_or_default(),
            }),
            other => panic!("possession {other:?}"),
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(digit).collect()
}

/// Applies one item of the `bundles` column but for a shadow policy.
fn put(store: &BundleStore, item: &str, now: Now) -> Result<(), ConfigError> {
    if let Some(entry) = item.strip_prefix('!') {
        return deny(store, entry, now);
    }
    let (options, item) = match item.strip_prefix('@').and_then(|item| item.split_once('@')) {
        Some((options, item)) => (options, item),
        None => ("", item),
    };
    let (options, now) = put_options(options, now);
    let [name, format, file] = item.splitn(3, '=').collect::<Vec<_>>().try_into().expect("NAME=FORMAT=FILE");
    let format = Format::from_name(format).expect("a format");
    let document = read("bundles", file);
    store.put(source(name), format, &document, &options, now).map(|_| ())
}

/// The options of a put, and when it happens.
fn put_options(text: &str, now: Now) -> (PutOptions, Now) {
    let (mut options, mut at) = (PutOptions::default(), now);
    for option in text.split(';').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let number = || value.parse::<i64>().expect("a number");
        let unsigned = || u64::try_from(number()).expect("no sign");
        match name {
            "ago" => {
                let Now::At(now) = now else { panic!("a time") };
                at = Now::At(now - number());
            }
            "force" => options.force = true,
            "permanent" => options.permanent = true,
            "max_age" => options.max_age = Some(unsigned()),
            "feed" => options.feed = unsigned(),
            _ => panic!("option {name}"),
        }
    }
    (options, at)
}

/// Adds `KIND/SOURCE/FIELD/VALUE` to the deny overlay.
fn deny(store: &BundleStore, entry: &str, now: Now) -> Result<(), ConfigError> {
    let [kind, source, field, value] =
        entry.splitn(4, '/').map(unescape).collect::<Vec<_>>().try_into().expect("KIND/SOURCE/FIELD/VALUE");
    let kind = DenyKind::from_name(&kind).expect("a kind");
    let field = DenyField::from_name(&field).expect("a field");
    store.deny(DenyEntry { kind, source: &source, field, value: &value, expires_at: None }, now)
}

/// `%2F` and the like.
fn unescape(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push(char::from(unhex(&part[..2])[0]));
        out.push_str(&part[2..]);
    }
    out
}

fn judge(case: &Case<'_>, result: &mut VerifyResult) -> Result<(Verdict, Grant), ConfigError> {
    let now = Now::At(case.now);
    let store = Arc::new(BundleStore::new());
    let items = || case.bundles.split(',').filter(|item| *item != "-");
    for item in items().filter(|item| !item.starts_with('~')) {
        match item.strip_prefix('?') {
            Some(item) => assert!(put(&store, item, now).is_err(), "{}: {item} must be refused", case.id),
            None => put(&store, item, now)?,
        }
    }
    let verifier = Verifier::new(store, &read("policies", case.policy))?;
    for shadow in items().filter_map(|item| item.strip_prefix('~')) {
        verifier.set_shadow_policy(Some(&read("policies", shadow)))?;
    }
    let options = Options::read(case.request);
    let credential = if case.credential == "-" { Vec::new() } else { read("credentials", case.credential) };
    let request = options.request(&credential).at(now);
    let judge = if options.texts.contains_key("admit") { Verifier::admit } else { Verifier::verify };
    let mut judged = || {
        let verdict = judge(&verifier, &request, result)
            .map(|allowed| (allowed.identity.to_owned(), allowed.internal_identity.map(str::to_owned)));
        let (verdict, grant) = describe(case, verdict.map_err(|rejected| rejected.reason), result);
        (verdict, grant, result.is_from_cache())
    };
    let (verdict, grant, _) = judged();
    // Once more: what the cache knows changes nothing, but that no shadow policy is asked.
    let (again, grant_again, from_cache) = judged();
    assert_eq!((&again[..5], &grant_again.0), (&verdict[..5], &grant.0), "{}", case.id);
    let bearer = !credential.is_empty() && verdict[1] == "ok";
    assert!(from_cache || !bearer, "{}: not from the cache", case.id);
    Ok((verdict, grant))
}

fn describe(
    case: &Case<'_>,
    verdict: Result<(String, Option<String>), Reason>,
    result: &VerifyResult,
) -> (Verdict, Grant) {
    let mut evidence = String::new();
    result.write_evidence(&mut evidence);
    let mut grant = Grant::default();
    if result.class() != Class::Misuse {
        grant.0[2] = hex(digest(&SHA256, evidence.as_bytes()).as_ref());
    }
    let (reason, identity) = match verdict {
        Ok((identity, internal)) => {
            let policies: Vec<_> = result.policies().collect();
            grant.0[0] = internal.unwrap_or_else(|| "-".into());
            grant.0[1] = if policies.is_empty() { "-".into() } else { policies.join(",") };
            ("ok", identity)
        }
        Err(reason) => (reason.slug(), "-".to_owned()),
    };
    let authenticated = i32::from(result.authenticated()).to_string();
    let evidence = if case.evidence == "-" { "-".into() } else { evidence };
    let shadow = result.shadow().map_or("-", |shadow| shadow.map_or("ok", Reason::slug));
    ([result.class().name().into(), reason.into(), authenticated, identity, evidence, shadow.into()], grant)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("memory");
        text
    })
}

#[test]
fn every_case_reaches_its_verdict() {
    let cases = fs::read_to_string(folder().join("cases.tsv")).expect("the corpus");
    // One result for all: nothing of one case may show in the next.
    let mut result = VerifyResult::new();
    let (mut verdicts, mut wrong, mut count) = (String::new(), Vec::new(), 0);
    for case in cases.lines().skip(1).map(Case::read) {
        let (verdict, grant) = judge(&case, &mut result).unwrap_or_else(|refused| {
            let misuse = [Class::Misuse.name(), refused.reason().slug(), "0", "-", "-", "-"];
            (misuse.map(str::to_owned), Grant::default())
        });
        count += 1;
        let (verdict_columns, grant_columns) = (verdict[..4].join("\t"), grant.0.join("\t"));
        writeln!(verdicts, "{}\t{verdict_columns}\t{grant_columns}", case.id).expect("memory");
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
