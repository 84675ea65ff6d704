//! The allocation contract: none on a warm result, but for RSA without a table (at most five, all ring's), and for the cache
//! until it is full.

use attestor::{
    BundleStore, Format, KeyTables, Now, Possession, PutOptions, Request, Source, StoreOptions, Verifier,
    VerifierOptions, VerifyResult, chain_from_pem,
};
use aws_lc_rs::signature as aws;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const POLICY: &[u8] =
    br#"{"version":1,"attestors":[{"id":"a","kind":"spiffe","audiences":["x"],"trust_domains":["td"]}]}"#;
const ISSUER_POLICY: &[u8] = br#"{"version": 1, "attestors": [{"id": "o", "kind": "oidc",
    "issuer": "https://issuer.example", "audiences": ["x"], "algorithms": ["EdDSA"]}]}"#;

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
        let item = item.trim_start_matches('?');
        // The options of a put change no allocation.
        let item =
            item.strip_prefix('@').and_then(|item| item.split_once('@')).map_or(item, |(_, item)| item);
        let parts: Vec<_> = item.splitn(3, '=').collect();
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

fn options_of(cache_entries: usize) -> VerifierOptions {
    let mut options = VerifierOptions::default();
    options.cache_entries = cache_entries;
    options
}

#[test]
fn a_warm_verdict_allocates_nothing() {
    judge_all_twice(options_of(0));
}

#[test]
fn a_verdict_from_the_cache_allocates_nothing() {
    assert!(judge_all_twice(VerifierOptions::default()) > 200);
}

/// Every case of the corpus but for chains, judged a second time on the same result; how many then came from the cache.
fn judge_all_twice(verifier_options: VerifierOptions) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let cases = fs::read_to_string(folder.join("cases.tsv")).expect("the corpus");
    let mut result = VerifyResult::new();
    let (mut judged, mut rsa, mut passports, mut from_cache) = (0, 0, 0, 0);
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
        let Ok(verifier) = Verifier::with(store, &file("policies", policy), verifier_options) else {
            continue;
        };
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
        let most = if result.is_from_cache() { 0 } else { allowance(&credential, &result) };
        assert!(count <= most, "{id}: {count} allocations, at most {most} allowed");
        judged += 1;
        rsa += usize::from(allowance(&credential, &result) > 0);
        from_cache += usize::from(result.is_from_cache());
        passports += usize::from(options.contains_key("passport"));
    }
    assert!(judged > 300 && rsa > 0, "{judged} judged, {rsa} of them RSA");
    assert!(passports > 300, "{passports} of them with a passport");
    from_cache
}

fn is_rsa(alg: &str) -> bool {
    ["RS256", "PS256"].contains(&alg)
}

/// A bundle of one key, and a token by it.
fn bundle_and_token(alg: &str) -> (String, String) {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let claims = r#"{"iss":"https://issuer.example","sub":"spiffe://td/w","aud":"x","iat":1700000000,"exp":1900000000}"#;
    let header = format!(r#"{{"alg":"{alg}","kid":"k"}}"#);
    let signed = [&*header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let (key, signature) = if let Some((crv, algorithm)) = match alg {
        "ES256" => Some(("P-256", &aws::ECDSA_P256_SHA256_FIXED_SIGNING)),
        "ES384" => Some(("P-384", &aws::ECDSA_P384_SHA384_FIXED_SIGNING)),
        "ES512" => Some(("P-521", &aws::ECDSA_P521_SHA512_FIXED_SIGNING)),
        _ => None,
    } {
        let pair = aws::EcdsaKeyPair::generate(algorithm).expect("a key");
        let point = &aws::KeyPair::public_key(&pair).as_ref()[1..];
        let [x, y] =
            [&point[..point.len() / 2], &point[point.len() / 2..]].map(|c| URL_SAFE_NO_PAD.encode(c));
        let key = format!(r#""kty":"EC","crv":"{crv}","x":"{x}","y":"{y}""#);
        (key, pair.sign(&random, signed.as_bytes()).expect("a signature").as_ref().to_vec())
    } else if is_rsa(alg) {
        let padding: &dyn aws::RsaEncoding =
            if alg == "RS256" { &aws::RSA_PKCS1_SHA256 } else { &aws::RSA_PSS_SHA256 };
        let pair = aws::RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).expect("a key");
        // Behind the heads of the sequence and of the first integer (RFC 8017 appendix A.1.1), and the latter's leading zero.
        let n = URL_SAFE_NO_PAD.encode(&aws::KeyPair::public_key(&pair).as_ref()[9..][..256]);
        let mut signature = [0; 256];
        pair.sign(padding, &random, signed.as_bytes(), &mut signature).expect("a signature");
        (format!(r#""kty":"RSA","n":"{n}","e":"AQAB""#), signature.to_vec())
    } else {
        let pair = aws::Ed25519KeyPair::generate().expect("a key");
        let x = URL_SAFE_NO_PAD.encode(aws::KeyPair::public_key(&pair));
        (format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}""#), pair.sign(signed.as_bytes()).as_ref().to_vec())
    };
    let usage = if alg == "EdDSA" { "sig" } else { "jwt-svid" };
    let bundle = format!(r#"{{"keys":[{{"use":"{usage}","kid":"k",{key}}}]}}"#);
    (bundle, format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Whether the processor has what RSA keys get tables for.
fn has_rsa_tables() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        let mulx = std::is_x86_feature_detected!("bmi2") && std::is_x86_feature_detected!("adx");
        mulx || std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512ifma")
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Verdicts without a cache, by the reference and by the key's table: good ones and forgeries. RSA by the reference, which is
/// ring, allocates.
#[test]
fn a_verdict_by_a_table_allocates_nothing() {
    let now = Now::At(1_800_000_000);
    for alg in ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"] {
        for key_tables in [KeyTables::Off, KeyTables::AtLoad] {
            let tabled = key_tables == KeyTables::AtLoad && (!is_rsa(alg) || has_rsa_tables());
            let (bundle, token) = bundle_and_token(alg);
            let mut options = StoreOptions::default();
            options.key_tables = key_tables;
            let store = Arc::new(BundleStore::with(options));
            // No SVID is signed by EdDSA: that token is an issuer's.
            let (source, format, policy) = if alg == "EdDSA" {
                (Source::issuer("https://issuer.example"), Format::Jwks, ISSUER_POLICY)
            } else {
                (Source::trust_domain("td"), Format::SpiffeBundle, POLICY)
            };
            store.put(source, format, bundle.as_bytes(), &PutOptions::default(), now).expect("the bundle");
            let verifier = Verifier::with(Arc::clone(&store), policy, options_of(0)).expect("the policy");
            let mut result = VerifyResult::new();
            let good = Request::new(token.as_bytes()).at(now);
            let forged = [&token[..token.len() - 4], "AAAA"].concat();
            let forged = Request::new(forged.as_bytes()).at(now);
            // The first accepted signature proves a fresh table.
            assert!(
                verifier.verify(&good, &mut result).is_ok() && verifier.verify(&forged, &mut result).is_err()
            );
            let before = store.key_table_stats().by_table;
            for (request, good) in [(&good, true), (&forged, false), (&good, true)] {
                let (verdict, count) = counted(|| verifier.verify(request, &mut result).is_ok());
                assert_eq!(verdict, good, "{alg} {key_tables:?}");
                let most = if is_rsa(alg) && !tabled { 5 } else { 0 };
                assert!(count <= most, "{alg} {key_tables:?}: {count} allocations");
            }
            let by_table = store.key_table_stats().by_table - before;
            assert_eq!(by_table, if tabled { 3 } else { 0 }, "{alg}");
        }
    }
}

/// A cache that is full: who comes takes the storage of who leaves.
#[test]
fn a_full_cache_allocates_nothing() {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
    let (x, y) = key.public_key().as_ref()[1..].split_at(32);
    let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
    let bundle = format!(
        r#"{{"keys":[{{"use":"jwt-svid","kid":"k","kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}]}}"#
    );
    let token = |number: usize| {
        let claims = format!(r#"{{"sub":"spiffe://td/{number}","aud":"x","exp":1900000000}}"#);
        let signed =
            [r#"{"alg":"ES256","kid":"k"}"#, &claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        let signature = key.sign(&random, signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into_bytes()
    };
    // A table would be made meanwhile.
    let mut store_options = StoreOptions::default();
    store_options.key_tables = KeyTables::Off;
    let (store, now) = (Arc::new(BundleStore::with(store_options)), Now::At(1_800_000_000));
    let (source, options) = (Source::trust_domain("td"), PutOptions::default());
    store.put(source, Format::SpiffeBundle, bundle.as_bytes(), &options, now).expect("the bundle");
    let verifier = Verifier::with(store, POLICY, options_of(20)).expect("the policy");
    let mut result = VerifyResult::new();
    for number in 100..200 {
        let token = token(number);
        let verify = || verifier.verify(&Request::new(&token).at(now), &mut result).is_ok();
        let (allowed, count) = counted(verify);
        assert!(allowed && (number < 120 || count == 0), "{number}: {count} allocations");
    }
    let stats = verifier.metrics().cache;
    assert_eq!((stats.insertions, stats.evictions, stats.entries), (100, 80, 20));
}

#[test]
fn hostile_input_allocates_nothing_and_does_no_work() {
    let store = Arc::new(BundleStore::new());
    let verifier = Verifier::new(store, POLICY).expect("the policy");
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
    // A table would be made meanwhile.
    let mut store_options = StoreOptions::default();
    store_options.key_tables = KeyTables::Off;
    let (store, now) = (Arc::new(BundleStore::with(store_options)), Now::At(1_800_000_000));
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
