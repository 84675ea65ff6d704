//! Nothing of a refused credential comes out anywhere; of an allowed one only its identity.

#[path = "leaks/canary.rs"]
mod canary;
#[path = "leaks/material.rs"]
mod material;

use attestor::receipt::{Head, Receipt};
use attestor::{
    BundleStore, DenyEntry, DenyField, DenyKind, Format, KeyTables, Now, Possession, PutOptions, Reason,
    Request, Source, SourceKind, StoreOptions, Verifier, VerifierOptions, VerifyResult,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use canary::{CANARY, canary};
use material::{Authority, NOW, US};
use serde_json::{Value, json};
use std::sync::Arc;

fn token(header: &str, claims: &str) -> Vec<u8> {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(header), encode(claims), encode(CANARY)).into_bytes()
}

fn verifier() -> Verifier {
    verifier_with(StoreOptions::default(), VerifierOptions::default())
}

fn verifier_with(store: StoreOptions, options: VerifierOptions) -> Verifier {
    let store = Arc::new(BundleStore::with(store));
    let bundle = include_bytes!("data/spire/ec-p256/s0.bundle.spiffe.json");
    let domain = Source::trust_domain("example.org");
    let now = Now::At(1_800_000_000);
    store.put(domain, Format::SpiffeBundle, bundle, &PutOptions::default(), now).expect("the bundle");
    let policy = br#"{"version":1,"attestors":[{"id":"spiffe","kind":"spiffe",
        "audiences":["spiffe://example.org/verifier"],"trust_domains":["example.org"]}]}"#;
    Verifier::with(store, policy, options).expect("the policy")
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

/// By the reference, by the key's table, which shares its hash with the evidence, and from the cache.
#[test]
fn evidence_does_not_say_who_checked_the_signature() {
    let token = include_bytes!("data/spire/ec-p256/s0.minted.jwt");
    let hex: String = ring::digest::digest(&ring::digest::SHA256, token)
        .as_ref()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let mut store = StoreOptions::default();
    store.key_tables = KeyTables::AtLoad;
    let mut written = Vec::new();
    for cache_entries in [0, 16] {
        let mut options = VerifierOptions::default();
        options.cache_entries = cache_entries;
        let (verifier, mut result) = (verifier_with(store, options), VerifyResult::new());
        for _ in 0..3 {
            verifier.verify(&Request::new(token).at(Now::At(1_800_000_000)), &mut result).expect("an allow");
            let mut evidence = String::new();
            result.write_evidence(&mut evidence);
            written.push(evidence);
        }
        assert_eq!(verifier.store().key_table_stats().by_table, if cache_entries == 0 { 2 } else { 0 });
        assert_eq!(result.is_from_cache(), cache_entries > 0);
    }
    assert!(written[0].contains(&hex));
    written.dedup();
    assert_eq!(written.len(), 1);
}

#[test]
fn a_result_that_was_never_used_says_so() {
    let result = VerifyResult::new();
    let mut evidence = String::new();
    result.write_evidence(&mut evidence);
    assert!(evidence.is_empty() && result.verified().is_none() && !result.authenticated());
    assert_eq!(result.reason(), Some(attestor::Reason::NotVerified));
}

// ---- a canary in every field of every kind ------------------------------------------------------------

/// One kind of credential that verifies, full of canaries.
#[derive(Clone)]
struct Kind {
    name: &'static str,
    policy: Value,
    source: Option<(SourceKind, String)>,
    format: Format,
    bundle: Vec<u8>,
    claims: Value,
    token: Vec<u8>,
    chain: Option<Vec<u8>>,
    passport: Option<Vec<u8>>,
    /// All that an allow may show: the subject, then what the policy lets through.
    shown: Vec<String>,
}

impl Kind {
    fn verifier(&self, change: impl Fn(&mut Value)) -> Verifier {
        let mut policy = self.policy.clone();
        change(&mut policy["attestors"][0]);
        let store = Arc::new(BundleStore::new());
        if let Some((kind, name)) = &self.source {
            let source = Source { kind: *kind, name };
            let options = PutOptions::default();
            store.put(source, self.format, &self.bundle, &options, Now::At(NOW)).expect("the bundle");
        }
        Verifier::new(store, policy.to_string().as_bytes()).expect(self.name)
    }

    fn request(&self) -> Request<'_> {
        let mut request = match &self.chain {
            Some(chain) => Request::x509(chain, Possession::TlsHandshake),
            None => Request::new(&self.token),
        };
        if let Some(passport) = &self.passport {
            request = request.passport(passport);
        }
        request.at(Now::At(NOW))
    }

    fn refuses(&self, reason: Reason) {
        self.judge(&self.verifier(|_| ()), &self.request(), Some(reason));
    }

    fn is_oidc(&self) -> bool {
        self.policy["attestors"][0]["kind"] == "oidc"
    }

    /// Judges, twice: alone and with a shadow policy that refuses; what comes out is clean.
    fn judge(&self, verifier: &Verifier, request: &Request<'_>, reason: Option<Reason>) {
        let permitted: Vec<&str> = match reason {
            None => self.shown.iter().map(String::as_str).collect(),
            Some(_) => Vec::new(),
        };
        for shadow in [None, Some(SHADOW)] {
            verifier.set_shadow_policy(shadow).expect("a shadow policy");
            let mut result = VerifyResult::new();
            let shown = everything(verifier, request, &mut result);
            assert_eq!(result.reason(), reason, "{}", self.name);
            assert_eq!(result.shadow().is_some(), shadow.is_some());
            canary::assert_clean(&shown, &permitted, &format!("{}: {reason:?}", self.name));
            for text in permitted.iter().filter(|_| reason.is_none()) {
                assert!(shown.contains(text), "{}: an allow shows {text}", self.name);
            }
            result.clear();
            canary::assert_clean(&format!("{result:?} {:?}", result.examined()), &[], self.name);
        }
    }
}

const SHADOW: &[u8] = br#"{"version":1,"attestors":[
    {"id":"a","kind":"spiffe","audiences":["x"],"trust_domains":["*"]},
    {"id":"b","kind":"oidc","audiences":["x"],"issuer":"https://issuer.example"}]}"#;

/// All that a host can print of one verification.
fn everything(verifier: &Verifier, request: &Request<'_>, result: &mut VerifyResult) -> String {
    let verdict = match verifier.verify(request, result) {
        Ok(allowed) => format!("{allowed:?}"),
        Err(rejected) => {
            let reason = rejected.reason;
            format!(
                "{rejected} {rejected:?} {} {} {} {reason:?}",
                reason.slug(),
                reason.phrase(),
                reason.doc()
            )
        }
    };
    let mut evidence = String::new();
    result.write_evidence(&mut evidence);
    let mut receipt = String::new();
    let event = "agent.register";
    let line =
        Receipt { after: Head::EMPTY, at: NOW, event, evidence: &evidence, host: &[], key: Some(&[7; 32]) };
    let head = line.write(&mut receipt).expect("a receipt");
    let steps: Vec<_> = result.steps().map(|(step, outcome)| (step.slug(), outcome)).collect();
    let policies: Vec<_> = result.policies().collect();
    let (shadow, examined) = (result.shadow(), result.examined());
    let store = verifier.store();
    format!(
        "{verdict} {evidence} {receipt} {head} {steps:?} {policies:?} {shadow:?} {examined:?} {request:?} {result:?} \
         {verifier:?} {:?} {:?} {:?}",
        result.attestor_id(),
        result.credential_kind(),
        store.denials(),
    )
}

fn policy(attestor: &Value) -> Value {
    json!({"version": 1, "attestors": [attestor]})
}

fn token_kind(name: &'static str, source: (SourceKind, &str), attestor: Value, claims: Value) -> Kind {
    let common = json!({"id": "judge", "audiences": [US], "evidence": {"shown": "/shown"}});
    Kind {
        name,
        policy: policy(&material::with(common, attestor)),
        source: Some((source.0, source.1.into())),
        format: if source.0 == SourceKind::Issuer { Format::Jwks } else { Format::SpiffeBundle },
        bundle: material::key_set(),
        token: material::token(&material::header(), &claims),
        chain: None,
        passport: None,
        shown: vec![claims["sub"].as_str().expect("sub").into(), canary("shown")],
        claims,
    }
}

fn jwt_svid() -> Kind {
    let sub = format!("spiffe://example.org/ns/{}/sa/{}", canary("ns"), canary("sa"));
    let map = json!([{"match": "spiffe://example.org/ns/{ns}/sa/{sa}", "internal_identity": "agent/{sa}", "policies": ["p"]}]);
    let attestor = json!({"kind": "spiffe", "trust_domains": ["example.org"], "local_trust_domain": "example.org", "map": map});
    let claims = material::with(material::claims(&sub), json!({"iss": canary("iss")}));
    let mut kind = token_kind("jwt_svid", (SourceKind::TrustDomain, "example.org"), attestor, claims);
    kind.shown.extend([canary("ns"), canary("sa")]);
    kind
}

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/// One of each profile, with the claims that its provider is known for.
fn oidc() -> Vec<Kind> {
    let c = canary;
    let entra = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let git = json!({"ref": c("ref"), "ref_type": c("reftype"), "ref_protected": c("protected"), "sha": c("sha"),
        "environment": c("environment"), "runner_environment": c("runner")});
    [
        ("generic", "https://issuer.example", c("sub"), json!({"groups": [c("group")]})),
        (
            "kubernetes",
            "https://kubernetes.default.svc",
            format!("system:serviceaccount:{}:{}", c("ns"), c("sa")),
            json!({"kubernetes.io": {"namespace": c("ns"), "serviceaccount": {"name": c("sa"), "uid": c("uid")},
                "pod": {"name": c("pod"), "uid": c("poduid")}, "node": {"name": c("node"), "uid": c("nodeuid")}}}),
        ),
        (
            "github",
            "https://token.actions.githubusercontent.com",
            format!("repo:{}/{}:ref:{}", c("owner"), c("repo"), c("ref")),
            material::with(git.clone(), json!({"repository": format!("{}/{}", c("owner"), c("repo")),
                "repository_owner": c("owner"), "repository_id": c("repoid"), "repository_owner_id": c("ownerid"),
                "workflow_ref": c("workflow"), "job_workflow_ref": c("job"), "actor": c("actor"), "actor_id": c("actorid"),
                "event_name": c("event"), "run_id": c("run"), "enterprise": c("enterprise")})),
        ),
        (
            "gitlab",
            "https://gitlab.com",
            c("sub"),
            material::with(git, json!({"project_path": c("project"), "project_id": c("projectid"),
                "namespace_path": c("namespace"), "user_login": c("login"), "user_email": c("email"),
                "ci_config_ref_uri": c("config"), "pipeline_source": c("pipeline")})),
        ),
        (
            "entra",
            &entra,
            c("sub"),
            json!({"tid": TENANT, "ver": "2.0", "oid": c("oid"), "appid": c("appid"), "roles": [c("role")],
                "groups": [c("group")], "idtyp": c("idtyp"), "preferred_username": c("user")}),
        ),
        (
            "okta",
            "https://tenant.okta.com/oauth2/default",
            c("sub"),
            json!({"cid": c("cid"), "uid": c("uid"), "scp": [c("scp")]}),
        ),
        (
            "auth0",
            "https://tenant.eu.auth0.com/",
            c("sub"),
            json!({"org_id": c("org"), "permissions": [c("permission")]}),
        ),
        (
            "keycloak",
            "https://keycloak.example/realms/r",
            c("sub"),
            json!({"typ": "Bearer", "sid": c("sid"), "realm_access": {"roles": [c("role")]},
                "preferred_username": c("user"), "groups": [c("group")]}),
        ),
        ("google", "https://accounts.google.com", c("sub"), json!({"hd": c("hd"), "email_verified": c("verified")})),
    ]
    .into_iter()
    .map(|(profile, issuer, sub, own)| {
        let attestor = json!({"kind": "oidc", "profile": profile, "issuer": issuer, "allow": {"subjects": [sub]}});
        let claims = material::with(material::claims(&sub), material::with(own, json!({"iss": issuer})));
        token_kind(profile, (SourceKind::Issuer, issuer), attestor, claims)
    })
    .collect()
}

fn native() -> Kind {
    let attestor =
        json!({"id": "native", "kind": "native", "audiences": [US], "evidence": {"shown": "/shown"}});
    Kind {
        name: "passport",
        policy: policy(&attestor),
        source: None,
        format: Format::Jwks,
        bundle: Vec::new(),
        token: Vec::new(),
        chain: None,
        passport: Some(material::passport(json!({}), &material::passport_claims())),
        shown: vec![material::passport_key(), canary("shown")],
        claims: material::passport_claims(),
    }
}

fn admission() -> Kind {
    let passport = material::passport(json!({}), &material::passport_claims());
    Kind { name: "admission", passport: Some(passport), ..jwt_svid() }
}

fn x509_svid(authority: &Authority) -> Kind {
    let id = format!("spiffe://example.org/{}", canary("path"));
    let attestor =
        json!({"id": "x509", "kind": "spiffe", "audiences": [US], "trust_domains": ["example.org"]});
    Kind {
        name: "x509_svid",
        policy: policy(&attestor),
        source: Some((SourceKind::TrustDomain, "example.org".into())),
        format: Format::X509Der,
        bundle: authority.certificate(),
        token: Vec::new(),
        chain: Some(authority.leaf(&id, &[])),
        passport: None,
        shown: vec![id],
        claims: Value::Null,
    }
}

fn kinds() -> Vec<Kind> {
    let mut kinds = oidc();
    kinds.extend([jwt_svid(), admission(), native(), x509_svid(&Authority::new())]);
    kinds
}

#[test]
fn an_allow_shows_its_identity_and_what_the_policy_lets_through() {
    for kind in kinds() {
        kind.judge(&kind.verifier(|_| ()), &kind.request(), None);
        // A policy that lets nothing through leaves the identity.
        let mut bare = kind.clone();
        bare.shown.truncate(1);
        let verifier = kind.verifier(|attestor| {
            let attestor = attestor.as_object_mut().expect("an object");
            attestor.retain(|name, _| name != "evidence" && name != "map");
        });
        bare.judge(&verifier, &bare.request(), None);
    }
}

#[test]
fn a_refusal_by_policy_shows_nothing() {
    for kind in kinds() {
        let refuses = |reason, change: &dyn Fn(&mut Value)| {
            kind.judge(&kind.verifier(change), &kind.request(), Some(reason));
        };
        let (ids, nobody) =
            if kind.is_oidc() { ("subjects", "nobody") } else { ("ids", "spiffe://example.org/nobody") };
        let Some((source_kind, source)) = &kind.source else {
            refuses(Reason::KeyUntrusted, &|attestor| attestor["pinned_keys"] = json!(["A".repeat(43)]));
            refuses(Reason::AudienceMismatch, &|attestor| attestor["audiences"] = json!(["other"]));
            deny(&kind, DenyKind::Native, "*");
            continue;
        };
        refuses(Reason::NotAllowed, &|attestor| attestor["allow"] = json!({ids: [nobody]}));
        refuses(Reason::NotMapped, &|attestor| {
            attestor["map"] = json!([{"match": nobody, "policies": ["p"]}]);
            attestor["map_required"] = json!(true);
        });
        if kind.chain.is_none() {
            refuses(Reason::AudienceMismatch, &|attestor| attestor["audiences"] = json!(["other"]));
            refuses(Reason::LifetimeTooLong, &|attestor| attestor["max_lifetime_secs"] = json!(1));
        }
        let issuer = *source_kind == SourceKind::Issuer;
        let deny_kind = if issuer { DenyKind::Issuer } else { DenyKind::TrustDomain };
        deny(&kind, deny_kind, source);
        let unfed = Kind { source: None, ..kind.clone() };
        unfed.refuses(Reason::BundleUnavailable);
    }
}

fn deny(kind: &Kind, deny_kind: DenyKind, source: &str) {
    let verifier = kind.verifier(|_| ());
    let field = DenyField::Sub;
    let entry = DenyEntry { kind: deny_kind, source, field, value: &kind.shown[0], expires_at: None };
    verifier.store().deny(entry, Now::At(NOW)).expect("an entry");
    kind.judge(&verifier, &kind.request(), Some(Reason::OverlayDenied));
}

#[test]
fn a_refused_token_shows_nothing() {
    let tokens = oidc().into_iter().chain([jwt_svid(), admission()]);
    for kind in tokens {
        let presenting = |token: Vec<u8>| Kind { token, ..kind.clone() };
        presenting(material::forged(&kind.token)).refuses(Reason::SignatureInvalid);
        presenting(canary("token").into_bytes()).refuses(Reason::MalformedToken);
        for (more, reason) in [
            (json!({"kid": canary("kid")}), Reason::KidNotFound),
            (json!({"alg": canary("alg")}), Reason::AlgNotAllowed),
            (json!({"typ": canary("typ")}), Reason::TypMismatch),
            (json!({"crit": [canary("crit")]}), Reason::CritUnsupported),
            (json!({"cty": "JWT", "zip": canary("zip")}), Reason::HeaderParamForbidden),
        ] {
            let header = material::with(material::header(), more);
            presenting(material::token(&header, &kind.claims)).refuses(reason);
        }
        let (unknown, unknown_reason) = if kind.is_oidc() {
            (json!({"iss": canary("iss")}), Reason::IssuerUnknown)
        } else {
            (json!({"sub": format!("spiffe://{}.example/w", canary("td"))}), Reason::TrustDomainUnknown)
        };
        for (more, reason) in [
            (json!({"exp": 1}), Reason::TokenExpired),
            (json!({"nbf": NOW + 500}), Reason::TokenNotYetValid),
            (json!({"aud": canary("aud")}), Reason::AudienceMismatch),
            (json!({"aud": {canary("name"): canary("aud")}}), Reason::ClaimTypeInvalid),
            (json!({"sub": [canary("sub")]}), Reason::ClaimTypeInvalid),
            (json!({"cnf": {canary("name"): canary("cnf")}}), Reason::CnfInvalid),
            (unknown, unknown_reason),
        ] {
            let claims = material::with(kind.claims.clone(), more);
            presenting(material::token(&material::header(), &claims)).refuses(reason);
        }
        if kind.is_oidc() {
            let (other, request) = (canary("other"), kind.request());
            for (request, reason) in [
                (request.nonce(&other), Reason::NonceMismatch),
                (request.access_token(other.as_bytes()), Reason::AtHashMismatch),
                (request.max_age(1), Reason::AuthTooOld),
            ] {
                kind.judge(&kind.verifier(|_| ()), &request, Some(reason));
            }
            let parties = kind.verifier(|attestor| attestor["authorized_parties"] = json!(["other"]));
            kind.judge(&parties, &request, Some(Reason::AzpMismatch));
        }
    }
}

#[test]
fn a_refused_passport_shows_nothing() {
    for kind in [native(), admission()] {
        let presenting = |passport: Vec<u8>| Kind { passport: Some(passport), ..kind.clone() };
        let claims = material::passport_claims();
        let expired = material::with(claims.clone(), json!({"exp": 1, "expires_at": 1}));
        let no_date = material::with(claims.clone(), json!({"expires_at": canary("expires")}));
        let good = material::passport(json!({}), &claims);
        let key = json!({"jwk": {"kty": "OKP", "crv": "Ed25519", "x": canary("x")}});
        for (passport, reason) in [
            (material::forged(&good), Reason::SignatureInvalid),
            (canary("passport").into_bytes(), Reason::MalformedToken),
            (material::passport(json!({"kid": canary("kid")}), &claims), Reason::HeaderParamForbidden),
            (material::passport(json!({"typ": canary("typ")}), &claims), Reason::TypMismatch),
            (material::passport(json!({"alg": canary("alg")}), &claims), Reason::AlgNotAllowed),
            (material::passport(key, &claims), Reason::KeyInvalid),
            (material::passport(json!({}), &expired), Reason::TokenExpired),
            (material::passport(json!({}), &no_date), Reason::ClaimTypeInvalid),
        ] {
            presenting(passport).refuses(reason);
        }
    }
}

#[test]
fn a_refused_chain_shows_nothing() {
    let authority = Authority::new();
    let kind = x509_svid(&authority);
    let presenting = |chain: Vec<u8>| Kind { chain: Some(chain), ..kind.clone() };
    let good = kind.chain.clone().expect("a chain");
    let domain = format!("spiffe://{}.example/w", canary("td"));
    for (chain, reason) in [
        (Authority::new().leaf(&kind.shown[0], &[]), Reason::ChainUntrusted),
        (authority.leaf(&kind.shown[0], &[Authority::critical()]), Reason::CriticalExtensionUnsupported),
        (authority.leaf(&domain, &[]), Reason::TrustDomainUnknown),
        (authority.leaf(&format!("https://{}", canary("uri")), &[]), Reason::SpiffeIdWrongScheme),
        (
            authority.leaf(&format!("spiffe://example.org/{}/..", canary("dots")), &[]),
            Reason::SpiffeIdDotSegment,
        ),
        (good[..good.len() - 1].to_vec(), Reason::CertMalformed),
        (canary("chain").into_bytes(), Reason::CertMalformed),
        (good.repeat(7), Reason::ChainTooLong),
        (authority.certificate(), Reason::LeafIsCa),
    ] {
        presenting(chain).refuses(reason);
    }
    let verifier = kind.verifier(|_| ());
    let late = kind.request().at(Now::At(NOW * 2));
    kind.judge(&verifier, &late, Some(Reason::CertExpired));
    let (challenge, proof) = (canary("challenge-of-us"), canary("proof"));
    let possession = Possession::SignedChallenge { challenge: challenge.as_bytes(), proof: proof.as_bytes() };
    let signed = Request::x509(&good, possession).audience(US).at(Now::At(NOW));
    kind.judge(&verifier, &signed, Some(Reason::SignatureMalformed));
}

/// What an operator reads of a domain that the policy takes unseen and nothing has fed.
#[test]
fn an_unproven_trust_domain_is_not_named() {
    let sub = format!("spiffe://{}.example/w", canary("td"));
    let claims = material::with(material::claims(&sub), json!({}));
    let token = material::token(&material::header(), &claims);
    let mut kind = Kind { token, ..jwt_svid() };
    kind.policy["attestors"][0] =
        json!({"id": "any", "kind": "spiffe", "audiences": [US], "trust_domains": ["*"]});
    kind.refuses(Reason::BundleUnavailable);
}

#[test]
fn other_configuration_shows_no_value() {
    let store = BundleStore::new();
    let c = canary("value");
    for kind in DenyKind::ALL {
        for field in DenyField::ALL {
            let domain = format!("{c}/no domain");
            let long = c.repeat(200);
            for (source, value) in [(&*domain, &*c), ("*", &long), (&long, &c), ("*", "")] {
                let entry = DenyEntry { kind: *kind, source, field: *field, value, expires_at: Some(1) };
                if let Err(error) = store.deny(entry, Now::At(NOW)) {
                    canary::assert_clean(&format!("{error} {error:?} {}", error.detail()), &[], "a denial");
                }
            }
        }
    }
    for kind in kinds() {
        let mut policy = kind.policy.clone();
        policy["attestors"][0]["audiences"] = json!([canary("audience")]);
        let findings = attestor::lint(policy.to_string().as_bytes()).expect("a policy");
        canary::assert_clean(&format!("{findings:?}"), &[], kind.name);
    }
    let policy = format!(
        r#"{{"version":1,"attestors":[{{"id":"{c}","kind":"oidc","profile":"github","open":true,"issuer":"http://{c}",
            "audiences":["{c}"],"nonce":"optional","allow":{{"claims":[{{"/{c}":["{c}"]}}]}},
            "map":[{{"match":"repo:{c}/{{x}}","policies":["{c}"]}}],"evidence":{{"{c}":"/{c}"}}}}]}}"#
    );
    let findings = attestor::lint(policy.as_bytes()).expect("a policy");
    assert!(!findings.is_empty());
    canary::assert_clean(&format!("{findings:?}"), &[], "lint");
}

// ---- the command line -------------------------------------------------------------------------------

/// What `verify` and `explain` print, as text and as JSON, on both streams.
#[cfg(feature = "cli")]
fn printed(kind: &Kind, folder: &std::path::Path) -> Vec<(i32, String)> {
    use std::process::Command;
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.join(name);
        std::fs::write(&file, bytes).expect("writable");
        file
    };
    let mut arguments: Vec<std::ffi::OsString> = vec!["--now".into(), NOW.to_string().into()];
    arguments.extend(["--policy".into(), write("policy.json", kind.policy.to_string().as_bytes()).into()]);
    if let Some((source_kind, name)) = &kind.source {
        let prefix = if *source_kind == SourceKind::Issuer { "issuer:" } else { "" };
        let file = write("bundle", &kind.bundle);
        arguments.extend(["--bundle".into(), format!("{prefix}{name}={}", file.display()).into()]);
    }
    if let Some(passport) = &kind.passport {
        arguments.extend(["--passport".into(), write("passport", passport).into()]);
    }
    match &kind.chain {
        Some(chain) => {
            arguments.extend(["--tls-handshake".into(), "--chain".into(), write("chain", chain).into()]);
        }
        None if kind.token.is_empty() => {}
        None => arguments.push(write("token", &kind.token).into()),
    }
    let forms = [&["verify"][..], &["verify", "--json"], &["explain"], &["explain", "--json"]];
    forms
        .into_iter()
        .map(|form| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_attestor"));
            let output = command.args(form).args(&arguments).output().expect("runs");
            let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
            (output.status.code().expect("an exit status"), text.concat())
        })
        .collect()
}

/// `explain` names the members of header and claims; without `--reveal` none of their values.
#[cfg(feature = "cli")]
#[test]
fn the_command_line_shows_no_more() {
    let folder = std::env::temp_dir().join(format!("attestor-leaks-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let other = Authority::new();
    for kind in kinds() {
        let names = canary("name");
        let allowed: Vec<&str> = kind.shown.iter().chain([&names]).map(String::as_str).collect();
        for (code, text) in printed(&kind, &folder) {
            assert_eq!(code, 0, "{}: {text}", kind.name);
            canary::assert_clean(&text, &allowed, kind.name);
        }
        let mut refused = kind.clone();
        refused.chain = kind.chain.map(|_| other.leaf(&kind.shown[0], &[]));
        match &mut refused {
            Kind { token, .. } if !token.is_empty() => *token = material::forged(token),
            Kind { passport: Some(passport), .. } => *passport = material::forged(passport),
            _ => {}
        }
        for (code, text) in printed(&refused, &folder) {
            assert_eq!(code, 1, "{}: {text}", kind.name);
            canary::assert_clean(&text, &[&names], kind.name);
        }
        for garbage in [canary("garbage"), format!("{0}.{0}.{0}", material::encode(canary("part")))] {
            let bytes = garbage.into_bytes();
            let passport = kind.passport.as_ref().map(|_| bytes.clone());
            let garbage = match &kind.source {
                None => Kind { passport, ..refused.clone() },
                Some(_) if refused.chain.is_some() => Kind { chain: Some(bytes), ..refused.clone() },
                Some(_) => Kind { token: bytes, passport, ..refused.clone() },
            };
            for (code, text) in printed(&garbage, &folder) {
                assert_eq!(code, 1, "{}: {text}", kind.name);
                canary::assert_clean(&text, &[], kind.name);
            }
        }
    }
    std::fs::remove_dir_all(&folder).expect("removable");
}
