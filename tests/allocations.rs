//! The allocation contract: none on a warm result, but for RSA (at most five, all ring's).

use attestor::{
    BundleStore, Format, Now, Possession, PutOptions, Request, Source, Verifier, VerifyResult, chain_from_pem,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[allow(unsafe_code)]
// SAFETY: every call is passed on to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn counted<R>(run: impl FnOnce() -> R) -> (R, usize) {
    let before = COUNT.with(Cell::get);
    let result = run();
    (result, COUNT.with(Cell::get) - before)
}

/// The most an algorithm's verification may allocate; what comes before the signature allocates nothing.
fn allowance(credential: &[u8], result: &VerifyResult) -> usize {
    let header = credential.split(|b| *b == b'.').next().unwrap_or_default();
    let rsa = [&b"eyJhbGciOiJSUz"[..], b"eyJhbGciOiJQUz"].iter().any(|start| header.starts_with(start));
    let refused_there = result.reason().is_some_and(|r| (1201..1300).contains(&r.code()));
    if rsa && (result.authenticated() || refused_there) { 5 } else { 0 }
}

fn file(kind: &str, name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    fs::read(folder.join(kind).join(name)).unwrap_or_else(|e| panic!("{kind}/{name}: {e}"))
}

/// Does the puts of a case, as far as they succeed.
fn fill(store: &BundleStore, bundles: &str, now: Now) {
    for item in bundles.split(',').filter(|item| item.contains('=') && !item.starts_with('!')) {
        let parts: Vec<_> = item.trim_start_matches('?').splitn(3, '=').collect();
        let format = Format::from_name(parts[1]).expect("a format");
        let source = match parts[0].strip_prefix("issuer:") {
            Some(name) => Source::issuer(name),
            None if parts[0].starts_with("https://") => Source::issuer(parts[0]),
            None => Source::trust_domain(parts[0]),
        };
        let _ = store.put(source, format, &file("bundles", parts[2]), &PutOptions::default(), now);
    }
}

/// What a case asks beside its credential, by the name of the option: text, or the content of the file.
fn options(asked: &str) -> HashMap<&str, Vec<u8>> {
    let read = |(name, value): (_, &str)| match name {
        "passport" | "peer_certificate" => (name, file("credentials", value)),
        _ => (name, value.into()),
    };
    asked.split(';').filter_map(|option| option.split_once('=')).map(read).collect()
}

/// Every case of the corpus but for chains, judged a second time on the same result.
#[test]
fn a_warm_verdict_allocates_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let cases = fs::read_to_string(folder.join("cases.tsv")).expect("the corpus");
    let mut result = VerifyResult::new();
    let (mut judged, mut rsa, mut passports) = (0, 0, 0);
    for line in cases.lines().skip(1) {
        let columns: Vec<_> = line.split('\t').collect();
        let [id, _, now, policy, bundles, credential, _, _, _, _, asked, ..] = columns[..] else {
            panic!("eleven columns or more")
        };
        if asked.contains("chain=") {
            continue;
        }
        let now = Now::At(now.parse().expect("a time"));
        let store = Arc::new(BundleStore::new());
        fill(&store, bundles, now);
        let Ok(verifier) = Verifier::new(store, &file("policies", policy)) else { continue };
        if let Some(shadow) = bundles.split(',').find_map(|item| item.strip_prefix('~')) {
            let _ = verifier.set_shadow_policy(Some(&file("policies", shadow)));
        }
        let credential = if credential == "-" { Vec::new() } else { file("credentials", credential) };
        let options = options(asked);
        let text = |name: &str| std::str::from_utf8(options.get(name)?).ok();
        let mut request = Request::new(&credential).at(now);
        request = options.get("passport").map_or(request, |passport| request.passport(passport));
        request = options.get("peer_certificate").map_or(request, |der| request.peer_certificate(der));
        request = text("attestor").map_or(request, |attestor| request.attestor(attestor));
        request = text("nonce").map_or(request, |nonce| request.nonce(nonce));
        request = text("max_age").map_or(request, |age| request.max_age(age.parse().expect("seconds")));
        request = options.get("access_token").map_or(request, |token| request.access_token(token));
        let cold = verifier.verify(&request, &mut result).map(|_| ());
        let (warm, count) = counted(|| verifier.verify(&request, &mut result).map(|_| ()));
        assert_eq!(cold, warm, "{id}");
        let most = allowance(&credential, &result);
        assert!(count <= most, "{id}: {count} allocations, at most {most} allowed");
        judged += 1;
        rsa += usize::from(most > 0);
        passports += usize::from(options.contains_key("passport"));
    }
    assert!(judged > 300 && rsa > 0, "{judged} judged, {rsa} of them RSA");
    assert!(passports > 300, "{passports} of them with a passport");
}

#[test]
fn hostile_input_allocates_nothing_and_does_no_work() {
    let store = Arc::new(BundleStore::new());
    let policy =
        br#"{"version":1,"attestors":[{"id":"a","kind":"spiffe","audiences":["x"],"trust_domains":["td"]}]}"#;
    let verifier = Verifier::new(store, policy).expect("the policy");
    let mut result = VerifyResult::new();
    let dots = vec![b'.'; 1 << 20];
    let deep = [b"eyJh".as_slice(), &vec![b'W'; 12_000], b".e30.AA"].concat();
    let members: Vec<_> = (0..250).map(|n| format!("\"n{n}\":0")).collect();
    let claims = URL_SAFE_NO_PAD.encode(format!("{{{}}}", members.join(",")));
    let wide = ["eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ", &claims, "AAAA"].join(".").into_bytes();
    for credential in [&dots[..], &dots[..16_000], &deep, &wide] {
        let request = Request::new(credential);
        let _ = verifier.verify(&request, &mut result);
        let (verdict, count) = counted(|| verifier.verify(&request, &mut result).is_err());
        assert!(verdict);
        assert_eq!(count, 0);
    }
}

/// A chain of EC certificates on a warm result: the anchors that are candidates, twice.
#[test]
fn a_warm_chain_allocates_twice() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/spire/ec-p256");
    let read = |name: &str| fs::read(folder.join(name)).expect(name);
    let (store, now) = (Arc::new(BundleStore::new()), Now::At(1_800_000_000));
    let (source, options) = (Source::trust_domain("example.org"), PutOptions::default());
    store
        .put(source, Format::SpiffeBundle, &read("s0.bundle.spiffe.json"), &options, now)
        .expect("the bundle");
    let policy = br#"{"version":1,"attestors":[{"id":"a","kind":"spiffe","audiences":["x"],"trust_domains":["example.org"]}]}"#;
    let verifier = Verifier::new(store, policy).expect("the policy");
    let chain = chain_from_pem(&read("s0.svid.0.pem")).expect("PEM");
    let mut result = VerifyResult::new();
    let good = Request::x509(&chain, Possession::TlsHandshake).at(now);
    // Refused before the path is built.
    let expired = Request::x509(&chain, Possession::TlsHandshake).at(Now::At(4_000_000_000));
    for (request, allowed, most) in [(good, true, 2), (expired, false, 0)] {
        let _ = verifier.verify(&request, &mut result);
        let (verdict, allocations) = counted(|| verifier.verify(&request, &mut result).is_ok());
        assert_eq!(verdict, allowed);
        assert!(allocations <= most, "{allocations} allocations");
    }
}
