//! Nothing of a refused credential comes out anywhere; of an allowed one only its identity.

use attestor::{BundleStore, Format, Now, PutOptions, Request, Source, Verifier, VerifyResult};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;

const CANARY: &str = "canary7f3a";

fn token(header: &str, claims: &str) -> Vec<u8> {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(header), encode(claims), encode(CANARY)).into_bytes()
}

fn verifier() -> Verifier {
    let store = Arc::new(BundleStore::new());
    let bundle = include_bytes!("data/spire/ec-p256/s0.bundle.spiffe.json");
    let domain = Source::trust_domain("example.org");
    store.put(domain, Format::SpiffeBundle, bundle, &PutOptions::default(), Now::System).expect("the bundle");
    let policy = br#"{"version":1,"attestors":[{"id":"spiffe","kind":"spiffe",
        "audiences":["spiffe://example.org/verifier"],"trust_domains":["example.org"]}]}"#;
    Verifier::new(store, policy).expect("the policy")
}

#[test]
fn refusals_show_nothing_of_the_credential() {
    let verifier = verifier();
    let header = format!(r#"{{"alg":"ES256","kid":"{CANARY}","{CANARY}":"{CANARY}"}}"#);
    let claims = |aud: &str, sub: &str, exp: &str| {
        format!(r#"{{"sub":"{sub}","aud":["{aud}"],"exp":{exp},"jti":"{CANARY}","{CANARY}":"{CANARY}"}}"#)
    };
    let us = "spiffe://example.org/verifier";
    let sub = format!("spiffe://example.org/{CANARY}");
    let mut result = VerifyResult::new();
    for token in [
        CANARY.as_bytes().to_vec(),
        token(CANARY, "{}"),
        token(&header.replace("ES256", CANARY), "{}"),
        token(&header, CANARY),
        token(&header, &claims(us, &format!("spiffe://{CANARY}.example/x"), "99999999999")),
        token(&header, &claims(us, &format!("{CANARY}://x"), "99999999999")),
        token(&header, &claims(us, &sub, "1")),
        token(&header, &claims(CANARY, &sub, "99999999999")),
        token(&header, &claims(us, &sub, "99999999999")),
        token(
            &header.replace(&format!("\"kid\":\"{CANARY}\""), "\"kid\":\"5QOS27cm1rm45u9ufh2w60QSZfyKFKkK\""),
            &claims(us, &sub, "99999999999"),
        ),
    ] {
        let request = Request::new(&token).at(Now::At(1_800_000_000));
        let rejected = verifier.verify(&request, &mut result).expect_err("a refusal");
        let mut evidence = String::new();
        result.write_evidence(&mut evidence);
        let shown = format!("{rejected} {rejected:?} {request:?} {result:?} {verifier:?} {evidence}");
        assert!(!shown.contains(CANARY), "{shown}");
        let encoded = URL_SAFE_NO_PAD.encode(CANARY);
        assert!(!shown.contains(&encoded), "{shown}");
    }
}

#[test]
fn configuration_errors_show_no_value() {
    let store = BundleStore::new();
    for document in [
        CANARY.to_owned(),
        format!(r#"{{"keys":"{CANARY}"}}"#),
        format!(r#"{{"keys":[{{"use":"jwt-svid","kty":"EC","d":"{CANARY}"}}]}}"#),
        format!(r#"{{"keys":[{{"use":"{CANARY}","kid":"{CANARY}"}}]}}"#),
        format!(r#"{{"keys":[],"trust_domain":"{CANARY}"}}"#),
    ] {
        let source = Source::trust_domain("example.org");
        let put =
            store.put(source, Format::SpiffeBundle, document.as_bytes(), &PutOptions::default(), Now::System);
        let error = put.expect_err("a refusal");
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    }
    for policy in [
        format!(r#"{{"version":"{CANARY}"}}"#),
        format!(r#"{{"version":1,"attestors":[{{"id":" {CANARY}"}}]}}"#),
        format!(r#"{{"version":1,"attestors":[{{"id":"a","kind":"{CANARY}"}}]}}"#),
        format!(r#"{{"version":1,"attestors":[{{"id":"a","kind":"spiffe","audiences":"{CANARY}"}}]}}"#),
        format!(
            r#"{{"version":1,"attestors":[{{"id":"a","kind":"spiffe","audiences":["{CANARY}"],"trust_domains":["{CANARY}/"]}}]}}"#
        ),
    ] {
        let error = Verifier::new(Arc::new(BundleStore::new()), policy.as_bytes()).expect_err("a refusal");
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
    }
}

#[test]
fn evidence_of_an_allow_is_canonical_and_exact() {
    let token = include_bytes!("data/spire/ec-p256/s0.minted.jwt");
    let mut result = VerifyResult::new();
    verifier().verify(&Request::new(token).at(Now::At(1_800_000_000)), &mut result).expect("an allow");
    let mut evidence = String::new();
    result.write_evidence(&mut evidence);
    let value: serde_json::Value = serde_json::from_str(&evidence).expect("JSON");
    assert_eq!(value.to_string(), evidence, "sorted by name, no white space");
    let digest = ring::digest::digest(&ring::digest::SHA256, token);
    let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(value["credential_sha256"], hex);
    assert_eq!(value["attested_external_identity"], "spiffe://example.org/minted");
    assert_eq!(value["verified_at"], 1_800_000_000);
}

#[test]
fn a_result_that_was_never_used_says_so() {
    let result = VerifyResult::new();
    let mut evidence = String::new();
    result.write_evidence(&mut evidence);
    assert!(evidence.is_empty() && result.verified().is_none() && !result.authenticated());
    assert_eq!(result.reason(), Some(attestor::Reason::NotVerified));
}
