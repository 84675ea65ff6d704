//! A larger corpus kept outside this repository, run where its folder is there (`ATTESTOR_SHARED`, else `../shared`).

use attestor::{BundleStore, Format, Now, PutOptions, Reason, Request, Source, Verifier, VerifyResult};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("ATTESTOR_SHARED").map_or(beside, PathBuf::from);
    Some(shared.join("corpus")).filter(|corpus| corpus.join("manifest.json").exists())
}

/// Judges one case; `Err` is a refusal of the bundle or the policy.
fn judge(corpus: &Path, case: &Value) -> Result<(), Reason> {
    let settings = &case["settings"];
    let now = Now::At(settings["clock"].as_i64().expect("a clock"));
    let store = Arc::new(BundleStore::new());
    for (name, file) in case["bundles"].as_object().expect("bundles") {
        let document = fs::read(corpus.join(file.as_str().expect("a file"))).expect("the bundle");
        let (source, format) = if case["kind"] == "oidc" {
            (Source::issuer(name), Format::Jwks)
        } else {
            (Source::trust_domain(name), Format::SpiffeBundle)
        };
        store.put(source, format, &document, &PutOptions::default(), now).map_err(|e| e.reason())?;
    }
    let mut attestor =
        json!({"id": "a", "audiences": settings["audience"], "clock_skew_secs": settings["skew"]});
    if case["kind"] == "oidc" {
        attestor["kind"] = "oidc".into();
        attestor["issuer"] = settings["issuer"].clone();
        if let Some(azp) = settings["azp"].as_str() {
            attestor["authorized_parties"] = json!([azp]);
        }
    } else {
        attestor["kind"] = "spiffe".into();
        attestor["trust_domains"] = json!([settings["trust_domain"]]);
    }
    let policy = json!({"version": 1, "attestors": [attestor]});
    let verifier = Verifier::new(store, policy.to_string().as_bytes()).map_err(|e| e.reason())?;
    let credential =
        fs::read(corpus.join(case["credential"].as_str().expect("a file"))).expect("the credential");
    let mut result = VerifyResult::new();
    let mut request = Request::new(&credential).at(now);
    if let Some(nonce) = settings["nonce"].as_str() {
        request = request.nonce(nonce);
    }
    let verdict = verifier.verify(&request, &mut result);
    verdict.map(|_| ()).map_err(|rejected| rejected.reason)
}

/// The corpus's own words for a reason.
fn families(reason: Reason) -> &'static [&'static str] {
    match reason.slug() {
        "alg_not_allowed" => &["alg"],
        "alg_missing" => &["alg", "malformed"],
        "alg_key_mismatch" => &["alg_key", "key_not_found"],
        "audience_mismatch" => &["aud"],
        "audience_missing" => &["aud", "aud_missing"],
        "b64_forbidden" | "crit_unsupported" => &["crit"],
        "bundle_malformed" | "bundle_private_key" | "no_usable_keys" => &["bundle", "key_policy"],
        "issuer_unknown" => &["iss"],
        "nonce_missing" | "nonce_mismatch" => &["nonce"],
        "azp_missing" | "azp_mismatch" => &["azp"],
        "audience_untrusted_extra" => &["aud", "azp"],
        "bundle_unavailable" | "trust_domain_unknown" => &["trust_domain"],
        "claim_missing" => &["exp_missing", "sub_missing", "sub", "iss", "iat"],
        "config_invalid" => &["config"],
        "header_param_forbidden" => &["header_param"],
        "input_too_large" | "json_too_deep" => &["limits", "malformed"],
        "json_duplicate_member" => &["duplicate"],
        "kid_not_found" | "kid_missing" => &["key_not_found"],
        "numeric_date_invalid" => &["malformed", "time"],
        "signature_invalid" | "signature_malformed" => &["signature"],
        "token_expired" => &["expired"],
        "token_not_yet_valid" => &["not_yet_valid"],
        "token_class_mismatch" | "typ_mismatch" => &["typ"],
        slug if slug.starts_with("spiffe_id_") => &["sub"],
        _ => &["malformed"],
    }
}

#[test]
fn agrees_with_the_shared_corpus() {
    let Some(corpus) = folder() else {
        println!("no shared corpus here: nothing to compare");
        return;
    };
    let manifest = fs::read_to_string(corpus.join("manifest.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    let (mut wrong, mut judged) = (Vec::new(), 0);
    for case in manifest["cases"].as_array().expect("cases") {
        let verdict = judge(&corpus, case);
        if case["level"] == "none" {
            continue; // only: no crash, no hang
        }
        judged += 1;
        let agrees = match verdict {
            Ok(()) => case["expected"] == "accept",
            Err(reason) => {
                let expected = case["reason"].as_str().expect("reasons");
                case["expected"] == "reject"
                    && expected.split('|').any(|word| families(reason).contains(&word))
            }
        };
        if !agrees {
            wrong.push(format!(
                "{}: expected {} ({}), got {verdict:?}",
                case["id"], case["expected"], case["reason"]
            ));
        }
    }
    println!("{judged} cases judged, {} disagree", wrong.len());
    assert!(judged > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}
