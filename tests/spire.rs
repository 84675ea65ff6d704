//! Credentials and bundles that a real SPIRE issued, over a key rotation, at pinned clocks.

use attestor::{
    BundleStore, Format, Now, Possession, PutOptions, Reason, Request, SlotKind, Source, Verifier,
    VerifyResult, chain_from_pem,
};
use base64::Engine as _;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/spire")
}

fn artifacts() -> Vec<Value> {
    let manifest = fs::read_to_string(folder().join("manifest.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    manifest["artifacts"].as_array().expect("artifacts").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn slug(word: &str) -> &'static [&'static str] {
    match word {
        "expired" => &["token_expired"],
        "aud" => &["audience_mismatch"],
        "trust_domain" => &["trust_domain_unknown", "bundle_unavailable"],
        "key_not_found" => &["kid_not_found"],
        "signature" => &["signature_invalid", "signature_malformed"],
        _ => &[],
    }
}

fn judge(token: &[u8], check: &Value, format: Format, bundle: &[u8]) -> Result<String, Reason> {
    let now = Now::At(check["clock"].as_i64().expect("a clock"));
    let trusted = check["trust_domain"].as_str().unwrap_or("example.org");
    let store = Arc::new(BundleStore::new());
    store
        .put(Source::trust_domain("example.org"), format, bundle, &PutOptions::default(), now)
        .expect("the bundle");
    let policy = json!({"version": 1, "attestors": [{
        "id": "spiffe", "kind": "spiffe", "audiences": [check["audience"]], "trust_domains": [trusted],
        "clock_skew_secs": check["skew"].as_i64().unwrap_or(0),
    }]});
    let verifier = Verifier::new(store, policy.to_string().as_bytes()).expect("the policy");
    let mut result = VerifyResult::new();
    let verdict = verifier.verify(&Request::new(token).at(now), &mut result);
    verdict.map(|verified| verified.identity.to_owned()).map_err(|rejected| rejected.reason)
}

#[test]
fn every_check_of_every_jwt_svid() {
    let mut checks = 0;
    for artifact in artifacts().iter().filter(|a| a["kind"] == "jwt_svid") {
        let token = fs::read(folder().join(text(&artifact["file"]))).expect("the token");
        for check in artifact["checks"].as_array().expect("checks") {
            let bundle = fs::read(folder().join(text(&check["bundle"]))).expect("the bundle");
            let verdict = judge(&token, check, Format::SpiffeBundle, &bundle);
            let name = format!("{} at {}", artifact["file"], check);
            if check["expected"] == "accept" {
                assert_eq!(verdict.as_deref(), Ok(text(&artifact["sub"])), "{name}");
            } else {
                let reason = verdict.expect_err(&name);
                assert!(slug(text(&check["reason"])).contains(&reason.slug()), "{name}: {reason:?}");
            }
            checks += 1;
        }
    }
    assert!(checks >= 100, "only {checks} checks");
}

#[test]
fn every_spiffe_bundle_loads_both_slots_without_a_skip() {
    for artifact in artifacts().iter().filter(|a| a["kind"] == "spiffe_bundle") {
        let document = fs::read(folder().join(text(&artifact["file"]))).expect("the bundle");
        let store = BundleStore::new();
        let source = Source::trust_domain(text(&artifact["trust_domain"]));
        let report = store
            .put(source, Format::SpiffeBundle, &document, &PutOptions::default(), Now::System)
            .expect("loads");
        assert!(report.keys > Some(0) && report.authorities > Some(0), "{}", artifact["file"]);
        assert_eq!(report.skipped, 0, "{}", artifact["file"]);
        assert!(store.info(source, SlotKind::X509).expect("a name").expect("filled").sequence.is_some());
    }
}

/// What a workload gets from its agent: bundles without `use`, and its own SVIDs.
#[test]
fn workload_api_answers_verify() {
    for key_type in ["ec-p256", "rsa-2048"] {
        let answers =
            fs::read_to_string(folder().join(key_type).join("s0.workload-api.json")).expect("the answers");
        let answers: Value = serde_json::from_str(&answers).expect("JSON");
        let encoded = text(&answers[1]["bundles"]["spiffe://example.org"]);
        let bundle = base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64");
        for svid in answers[0]["svids"].as_array().expect("svids") {
            let check = json!({"clock": 1_795_302_320, "audience": "all-entries"});
            let verdict = judge(text(&svid["svid"]).as_bytes(), &check, Format::WorkloadApiJwks, &bundle);
            assert_eq!(verdict.as_deref(), Ok(text(&svid["spiffe_id"])));
        }
        // The other format reads no key out of it: `use` is absent.
        let store = BundleStore::new();
        let source = Source::trust_domain("example.org");
        let refused = store.put(source, Format::SpiffeBundle, &bundle, &PutOptions::default(), Now::System);
        assert_eq!(refused.expect_err("no use").reason(), Reason::NoUsableKeys);
    }
}

#[test]
fn every_check_of_every_x509_svid() {
    let mut checks = 0;
    for artifact in artifacts().iter().filter(|a| a["kind"] == "x509_svid_pem") {
        let pem = fs::read(folder().join(text(&artifact["file"]))).expect("the chain");
        let chain = chain_from_pem(&pem).expect("PEM");
        for check in artifact["checks"].as_array().expect("checks") {
            let verdict = judge_chain(&chain, check);
            let name = format!("{} at {check}", artifact["file"]);
            let expected = match check["reason"].as_str() {
                None => Ok((
                    text(&artifact["uri_san"][0]).to_owned(),
                    artifact["not_after"].as_i64().expect("a time"),
                )),
                Some("expired") => Err(Reason::CertExpired),
                Some("not_yet_valid") => Err(Reason::CertNotYetValid),
                Some("untrusted") => Err(Reason::ChainUntrusted),
                Some(other) => panic!("{other}"),
            };
            assert_eq!(verdict, expected, "{name}");
            checks += 1;
        }
    }
    assert!(checks >= 70, "only {checks} checks");
}

fn judge_chain(chain: &[u8], check: &Value) -> Result<(String, i64), Reason> {
    let now = Now::At(check["clock"].as_i64().expect("a clock"));
    let bundle = text(&check["bundle"]);
    let document = fs::read(folder().join(bundle)).expect("the bundle");
    let pem = Path::new(bundle).extension().is_some_and(|extension| extension == "pem");
    let format = if pem { Format::X509Pem } else { Format::SpiffeBundle };
    let store = Arc::new(BundleStore::new());
    let source = Source::trust_domain("example.org");
    store.put(source, format, &document, &PutOptions::default(), now).expect("the bundle");
    let policy = br#"{"version":1,"attestors":[{"id":"spiffe","kind":"spiffe","audiences":["x"],
        "trust_domains":["example.org"]}]}"#;
    let verifier = Verifier::new(store, policy).expect("the policy");
    let mut result = VerifyResult::new();
    let request = Request::x509(chain, Possession::TlsHandshake).at(now);
    let verdict = verifier.verify(&request, &mut result);
    verdict
        .map(|verified| (verified.identity.to_owned(), verified.expires_at))
        .map_err(|rejected| rejected.reason)
}
