//! The verified-credential cache: a credential that comes again gets the verdict, the reason and the evidence that it
//! would get without the cache, whatever happened in between.

use attestor::{
    BundleStore, CacheStats, DenyEntry, DenyField, DenyKind, Format, Now, PassportClaims, PutOptions, Reason,
    Request, Source, SourceKind, Step, StepOutcome, Verifier, VerifierOptions, VerifyResult,
    passport_thumbprint,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

const NOW: i64 = 1_800_000_000;
/// Credentials outlive the hard age of every bundle.
const EXPIRES: i64 = NOW + 30 * 86_400;
const US: &str = "https://attestor.example/us";
const DOMAIN: Source<'static> = Source { kind: SourceKind::TrustDomain, name: "example.org" };
const ISSUER: Source<'static> = Source { kind: SourceKind::Issuer, name: "https://issuer.example" };
const SUBJECT: &str = "spiffe://example.org/ns/a/sa/b";
const NONCE: &str = "the nonce";
const ACCESS_TOKEN: &[u8] = b"an access token";
const CERTIFICATE: &[u8] = b"whatever the TLS peer presented";
/// Of passports: whom credentials are bound to, and somebody else.
const HOLDER: [u8; 32] = [7; 32];
const ANOTHER: [u8; 32] = [8; 32];

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

static KEYS: LazyLock<[EcdsaKeyPair; 2]> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    [(); 2].map(|()| {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key")
    })
});

/// A key set with this key under this name. Tokens are signed by key 0, named `k`.
fn key_set(key: usize, kid: &str) -> Vec<u8> {
    let point = KEYS[key].public_key().as_ref();
    let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
    let key = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "jwt-svid"});
    json!({"keys": [key]}).to_string().into_bytes()
}

fn token(claims: &Value) -> Vec<u8> {
    let signed = format!("{}.{}", encode(r#"{"alg":"ES256","kid":"k"}"#), encode(claims.to_string()));
    let signature = KEYS[0].sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
    format!("{signed}.{}", encode(signature)).into_bytes()
}

fn passport(seed: &[u8; 32]) -> Vec<u8> {
    let claims =
        PassportClaims { expires_at: EXPIRES + 1_000, issued_at: Some(NOW), audiences: &[], id: None };
    claims.mint(seed).expect("a passport").into_bytes()
}

static PASSPORTS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| [passport(&HOLDER), passport(&ANOTHER)]);

fn claims(subject: &str, more: &Value) -> Value {
    let mut claims = json!({"sub": subject, "aud": [US], "exp": EXPIRES, "nbf": NOW - 100, "iat": NOW - 100,
        "jti": "the id", "team": "a team"});
    let more = more.as_object().expect("an object").clone();
    claims.as_object_mut().expect("an object").extend(more);
    claims
}

/// A credential and what must be asked along with it.
struct Kind {
    name: &'static str,
    source: Source<'static>,
    token: Vec<u8>,
    request: fn(Request<'_>) -> Request<'_>,
}

/// One of each kind that is remembered.
static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let jkt = passport_thumbprint(&HOLDER).expect("a thumbprint");
    let bound = format!("urn:attestor:jkt:{jkt}");
    let half = |bytes: &[u8]| encode(&digest(&SHA256, bytes).as_ref()[..16]);
    let spiffe = |name, more: Value, request| Kind {
        name,
        source: DOMAIN,
        token: token(&claims(SUBJECT, &more)),
        request,
    };
    let oidc = |name, more: Value, request| {
        let mut claims = claims("somebody", &more);
        claims["iss"] = ISSUER.name.into();
        Kind { name, source: ISSUER, token: token(&claims), request }
    };
    vec![
        spiffe("JWT-SVID", json!({}), |request| request),
        spiffe("JWT-SVID of a forced attestor", json!({}), |request| request.attestor("spiffe")),
        spiffe("JWT-SVID beside a passport", json!({}), |request| request.passport(&PASSPORTS[0])),
        spiffe("JWT-SVID bound by cnf", json!({"cnf": {"jkt": jkt}}), |request| {
            request.passport(&PASSPORTS[0])
        }),
        spiffe(
            "JWT-SVID bound to a certificate",
            json!({"cnf": {"x5t#S256": encode(digest(&SHA256, CERTIFICATE))}}),
            |request| request.peer_certificate(CERTIFICATE),
        ),
        spiffe("JWT-SVID bound by audience", json!({"aud": [US, "bound", bound]}), |request| {
            request.attestor("bound").passport(&PASSPORTS[0])
        }),
        oidc("access token", json!({}), |request| request),
        oidc(
            "ID token",
            json!({"nonce": NONCE, "azp": "client", "auth_time": NOW - 10, "at_hash": half(ACCESS_TOKEN)}),
            |request| request.nonce(NONCE).max_age(40 * 86_400).access_token(ACCESS_TOKEN),
        ),
    ]
});

/// The policy in force at first. `change` is given its attestors.
fn policy(change: impl Fn(&mut Value)) -> Vec<u8> {
    let map = json!([{"match": "spiffe://example.org/ns/{ns}/sa/{sa}", "internal_identity": "{ns}/{sa}", "policies": ["p"]}]);
    let evidence = json!({"team": "/team"});
    let mut attestors = json!([
        {"id": "spiffe", "kind": "spiffe", "audiences": [US], "trust_domains": ["example.org"], "map": map,
            "evidence": evidence, "allow": {"prefixes": ["spiffe://example.org/ns"]}},
        {"id": "bound", "kind": "spiffe", "audiences": ["bound"], "trust_domains": ["example.org"],
            "passport_binding": "audience"},
        {"id": "oidc", "kind": "oidc", "audiences": [US], "issuer": ISSUER.name, "nonce": "optional",
            "evidence": evidence},
    ]);
    change(&mut attestors);
    json!({"version": 1, "attestors": attestors}).to_string().into_bytes()
}

/// All that a verdict says.
#[derive(Debug, PartialEq)]
struct Verdict {
    reason: Option<Reason>,
    authenticated: bool,
    about_passport: bool,
    due: bool,
    allowed: String,
    policies: Vec<String>,
    evidence: String,
    steps: Vec<(Step, StepOutcome)>,
}

fn judge(verifier: &Verifier, request: &Request<'_>, result: &mut VerifyResult) -> Verdict {
    let allowed = verifier.verify(request, result).map(|allowed| format!("{allowed:?}"));
    let mut evidence = String::new();
    result.write_evidence(&mut evidence);
    Verdict {
        reason: result.reason(),
        authenticated: result.authenticated(),
        about_passport: result.is_about_passport(),
        due: result.is_bundle_due(),
        allowed: allowed.unwrap_or_default(),
        policies: result.policies().map(str::to_owned).collect(),
        evidence,
        steps: result.steps().collect(),
    }
}

/// One store, and two verifiers that differ in the cache alone.
struct World {
    store: Arc<BundleStore>,
    cached: Verifier,
    plain: Verifier,
    results: [VerifyResult; 2],
}

impl World {
    fn new() -> Self {
        let store = Arc::new(BundleStore::new());
        let policy = policy(|_| ());
        let verifier = |entries| {
            let mut options = VerifierOptions::default();
            options.cache_entries = entries;
            Verifier::with(Arc::clone(&store), &policy, options).expect("the policy")
        };
        let (cached, plain) = (verifier(VerifierOptions::default().cache_entries), verifier(0));
        let world = Self { store, cached, plain, results: [VerifyResult::new(), VerifyResult::new()] };
        for source in [DOMAIN, ISSUER] {
            world.put(source, &key_set(0, "k"), NOW);
        }
        world
    }

    /// A world in which the cache knows the credential.
    fn that_knows(kind: &Kind) -> Self {
        let mut world = Self::new();
        assert_eq!(world.ask(kind, NOW), (None, false), "{}", kind.name);
        assert_eq!(world.ask(kind, NOW), (None, true), "{}", kind.name);
        world
    }

    /// The verdict, which is that of the verifier without a cache, and whether it came from the cache.
    fn ask_with(&mut self, name: &str, request: &Request<'_>) -> (Option<Reason>, bool) {
        let [cached, plain] = &mut self.results;
        let verdict = judge(&self.cached, request, cached);
        assert_eq!(verdict, judge(&self.plain, request, plain), "{name}");
        assert!(!plain.is_from_cache());
        (verdict.reason, cached.is_from_cache())
    }

    fn ask(&mut self, kind: &Kind, now: i64) -> (Option<Reason>, bool) {
        self.ask_with(kind.name, &(kind.request)(Request::new(&kind.token)).at(Now::At(now)))
    }

    /// Whatever the rotation gate says.
    fn put(&self, source: Source<'_>, document: &[u8], now: i64) {
        let mut options = PutOptions::default();
        options.force = true;
        let format = if source.kind == SourceKind::Issuer { Format::Jwks } else { Format::SpiffeBundle };
        self.store.put(source, format, document, &options, Now::At(now)).expect("the bundle");
    }

    fn set_policy(&self, policy: &[u8]) {
        for verifier in [&self.cached, &self.plain] {
            verifier.set_policy(policy).expect("a policy");
        }
    }
}

/// What an operator does about credentials that are in use, and what those then get.
#[test]
fn no_verdict_outlives_what_it_was_made_of() {
    type Deed = fn(&World, &Kind);
    let deeds: [(&str, Deed, Reason); 8] = [
        (
            "rotate, the old name",
            |world, kind| world.put(kind.source, &key_set(1, "k"), NOW),
            Reason::SignatureInvalid,
        ),
        (
            "rotate, a new name",
            |world, kind| world.put(kind.source, &key_set(1, "k2"), NOW),
            Reason::KidNotFound,
        ),
        ("remove", |world, kind| drop(world.store.remove(kind.source)), Reason::BundleUnavailable),
        (
            "withdraw the feed",
            |world, _| drop(world.store.withdraw(PutOptions::default().feed)),
            Reason::BundleUnavailable,
        ),
        (
            "deny the subject",
            |world, kind| {
                let (kind, value) = match kind.source.kind {
                    SourceKind::Issuer => (DenyKind::Issuer, "somebody"),
                    _ => (DenyKind::TrustDomain, SUBJECT),
                };
                deny(world, kind, DenyField::Sub, value);
            },
            Reason::OverlayDenied,
        ),
        (
            "deny the token",
            |world, _| {
                deny(world, DenyKind::TrustDomain, DenyField::Jti, "the id");
                deny(world, DenyKind::Issuer, DenyField::Jti, "the id");
            },
            Reason::OverlayDenied,
        ),
        (
            "allow somebody else",
            |world, _| {
                world.set_policy(&policy(|attestors| {
                    attestors[0]["allow"] = json!({"ids": ["spiffe://example.org/x"]});
                    attestors[1]["allow"] = json!({"ids": ["spiffe://example.org/x"]});
                    attestors[2]["allow"] = json!({"subjects": ["x"]});
                }));
            },
            Reason::NotAllowed,
        ),
        (
            "be somebody else",
            |world, _| {
                world.set_policy(&policy(|attestors| {
                    for at in 0..3 {
                        attestors[at]["audiences"] = json!(["https://elsewhere.example"]);
                    }
                    attestors[1]["audiences"] = json!(["nobody"]);
                }));
            },
            Reason::AudienceMismatch,
        ),
    ];
    for kind in KINDS.iter() {
        for (name, deed, reason) in deeds {
            let mut world = World::that_knows(kind);
            deed(&world, kind);
            assert_eq!(world.ask(kind, NOW), (Some(reason), false), "{}: {name}", kind.name);
            assert_eq!(world.ask(kind, NOW), (Some(reason), false), "{}: {name}, again", kind.name);
        }
    }
}

fn deny(world: &World, kind: DenyKind, field: DenyField, value: &str) {
    let entry = DenyEntry { kind, source: "*", field, value, expires_at: None };
    world.store.deny(entry, Now::At(NOW)).expect("an entry");
}

#[test]
fn an_empty_bundle_revokes_what_is_remembered() {
    for kind in KINDS.iter().filter(|kind| kind.source == DOMAIN) {
        let mut world = World::that_knows(kind);
        world.put(DOMAIN, br#"{"keys":[]}"#, NOW);
        assert_eq!(world.ask(kind, NOW), (Some(Reason::KidNotFound), false), "{}", kind.name);
    }
}

/// The same key under the same policy is another generation, another epoch: judged once more, then known again.
#[test]
fn what_was_undone_is_judged_once_more() {
    for kind in KINDS.iter() {
        let mut world = World::that_knows(kind);
        let undo: [&dyn Fn(&World); 4] = [
            &|world| {
                world.put(kind.source, &key_set(1, "k"), NOW);
                world.put(kind.source, &key_set(0, "k"), NOW);
            },
            &|world| {
                assert_eq!(world.store.remove(kind.source), Ok(true));
                world.put(kind.source, &key_set(0, "k"), NOW);
            },
            &|world| {
                deny(world, DenyKind::Native, DenyField::Jti, "another");
                world.store.clear_denials().expect("a good store");
            },
            &|world| world.set_policy(&policy(|_| ())),
        ];
        for deed in undo {
            deed(&world);
            assert_eq!(world.ask(kind, NOW), (None, false), "{}", kind.name);
            assert_eq!(world.ask(kind, NOW), (None, true), "{}", kind.name);
        }
    }
}

/// A feed that confirms what it put keeps the cache, and the evidence tells the new age.
#[test]
fn a_confirmation_keeps_what_is_remembered() {
    for kind in KINDS.iter() {
        let mut world = World::that_knows(kind);
        world.store.touch(kind.source, 0, Now::At(NOW + 5)).expect("fed");
        assert_eq!(world.ask(kind, NOW + 7), (None, true), "{}", kind.name);
        let mut evidence = String::new();
        world.results[0].write_evidence(&mut evidence);
        assert!(evidence.contains(r#""age":2,"#), "{evidence}");
        world.put(kind.source, &key_set(0, "k"), NOW + 7);
        assert_eq!(world.ask(kind, NOW + 7), (None, true), "{}", kind.name);
    }
}

#[test]
fn a_stale_bundle_counts_for_what_is_remembered() {
    for kind in KINDS.iter() {
        let mut world = World::that_knows(kind);
        let (soft, hard) = if kind.source == ISSUER { (3_600, 86_400) } else { (300, 600) };
        for (age, due) in [(soft - 1, false), (soft, true), (hard - 1, true)] {
            assert_eq!(world.ask(kind, NOW + age), (None, true), "{}", kind.name);
            assert_eq!(world.results[0].is_bundle_due(), due, "{}", kind.name);
        }
        assert_eq!(world.ask(kind, NOW + hard), (Some(Reason::BundleStale), false), "{}", kind.name);
        // An attestor's own bound.
        let mut world = World::that_knows(kind);
        world.set_policy(&policy(|attestors| {
            (0..3).for_each(|at| attestors[at]["max_staleness_secs"] = 0.into());
        }));
        assert_eq!(world.ask(kind, NOW + soft - 1), (None, false), "{}", kind.name);
        assert_eq!(world.ask(kind, NOW + soft - 1), (None, true), "{}", kind.name);
        assert_eq!(world.ask(kind, NOW + soft), (Some(Reason::BundleStale), false), "{}", kind.name);
    }
}

#[test]
fn an_expired_credential_is_not_remembered() {
    for kind in KINDS.iter() {
        let mut world = World::that_knows(kind);
        world.store.touch(kind.source, 0, Now::At(EXPIRES)).expect("fed");
        assert_eq!(world.ask(kind, EXPIRES + 59), (None, true), "{}", kind.name);
        assert_eq!(world.ask(kind, EXPIRES + 60), (Some(Reason::TokenExpired), false), "{}", kind.name);
    }
}

/// `max_token_age_secs` counts from `iat`, with the leeway: 100 s before, 300 s allowed, 60 s of skew.
#[test]
fn a_token_gets_too_old_in_the_cache() {
    for kind in KINDS.iter() {
        let mut world = World::new();
        world.set_policy(&policy(|attestors| {
            (0..3).for_each(|at| attestors[at]["max_token_age_secs"] = 300.into());
        }));
        assert_eq!(world.ask(kind, NOW), (None, false), "{}", kind.name);
        assert_eq!(world.ask(kind, NOW + 260), (None, true), "{}", kind.name);
        assert_eq!(world.ask(kind, NOW + 261), (Some(Reason::LifetimeTooLong), false), "{}", kind.name);
    }
}

#[test]
fn a_clock_that_went_back_is_another_question() {
    for kind in KINDS.iter() {
        let mut world = World::that_knows(kind);
        assert_eq!(world.ask(kind, NOW - 1), (None, false), "{}", kind.name);
        assert_eq!(world.ask(kind, NOW - 1), (None, true), "{}", kind.name);
        let early = NOW - 161;
        assert_eq!(world.ask(kind, early), (Some(Reason::TokenNotYetValid), false), "{}", kind.name);
    }
}

#[test]
fn what_belongs_to_the_request_is_asked_every_time() {
    type Change = fn(Request<'_>) -> Request<'_>;
    let [_, _, beside, cnf, certificate, audience, _, id_token] = &KINDS[..] else { panic!("eight kinds") };
    let cases: [(&Kind, Change, Reason); 12] = [
        (cnf, |request| request, Reason::PopRequired),
        (cnf, |request| request.passport(&PASSPORTS[1]), Reason::CnfInvalid),
        (cnf, |request| request.passport(b"a.b.c"), Reason::InvalidBase64url),
        (certificate, |request| request, Reason::PopRequired),
        (certificate, |request| request.peer_certificate(b"another"), Reason::CnfInvalid),
        (audience, |request| request.attestor("bound"), Reason::PopRequired),
        (audience, |request| request.attestor("bound").passport(&PASSPORTS[1]), Reason::AudienceMismatch),
        (id_token, |request| request.nonce("another"), Reason::NonceMismatch),
        (id_token, |request| request.nonce(NONCE).max_age(9), Reason::AuthTooOld),
        (id_token, |request| request.access_token(b"another"), Reason::AtHashMismatch),
        (beside, |request| request.passport(b""), Reason::MalformedToken),
        (beside, |request| request.attestor("oidc"), Reason::ClaimMissing),
    ];
    for (kind, change, reason) in cases {
        let mut world = World::that_knows(kind);
        let request = change(Request::new(&kind.token)).at(Now::At(NOW + 60));
        let (verdict, from_cache) = world.ask_with(kind.name, &request);
        assert_eq!(verdict, Some(reason), "{}", kind.name);
        // Refused after the signature, whose proof is remembered.
        assert_eq!(from_cache, world.results[1].authenticated(), "{}: {reason:?}", kind.name);
        assert_eq!(world.ask(kind, NOW + 60), (None, true), "{}", kind.name);
    }
}

/// The credential stays known, and the passport that comes with it this time is not allowed.
#[test]
fn a_denied_passport_is_denied_beside_a_remembered_credential() {
    let beside = &KINDS[2];
    let mut world = World::that_knows(beside);
    let key = passport_thumbprint(&ANOTHER).expect("a thumbprint");
    deny(&world, DenyKind::Native, DenyField::KeyThumbprint, &key);
    assert_eq!(world.ask(beside, NOW), (None, false));
    let request = Request::new(&beside.token).at(Now::At(NOW));
    assert_eq!(world.ask_with("none", &request), (None, true));
    let other = request.passport(&PASSPORTS[1]);
    assert_eq!(world.ask_with("another", &other), (Some(Reason::OverlayDenied), true));
    assert_eq!(world.ask(beside, NOW), (None, true));
}

#[test]
fn an_attestor_that_is_forced_is_another_question() {
    let kind = &KINDS[0];
    let mut world = World::that_knows(kind);
    let request = Request::new(&kind.token).at(Now::At(NOW));
    for (id, reason) in
        [("spiffe", None), ("bound", Some(Reason::AudienceMismatch)), ("", Some(Reason::AttestorUnknown))]
    {
        assert_eq!(world.ask_with(id, &request.attestor(id)), (reason, false), "{id:?}");
    }
    assert_eq!(world.ask_with("spiffe", &request.attestor("spiffe")), (None, true));
}

/// Without this, a busy credential would hide from a shadow policy for as long as it lives.
#[test]
fn a_new_shadow_policy_judges_every_credential_once() {
    let kind = &KINDS[0];
    let world = World::that_knows(kind);
    let request = Request::new(&kind.token).at(Now::At(NOW));
    let mut result = VerifyResult::new();
    let mut shadow = |expected, from_cache| {
        world.cached.verify(&request, &mut result).expect("an allow");
        assert_eq!((result.shadow(), result.is_from_cache()), (expected, from_cache));
    };
    let strict = policy(|attestors| attestors[0]["allow"] = json!({"ids": ["spiffe://example.org/x"]}));
    world.cached.set_shadow_policy(Some(&strict)).expect("a shadow policy");
    shadow(Some(Some(Reason::NotAllowed)), false);
    shadow(None, true);
    world.cached.set_shadow_policy(Some(&policy(|_| ()))).expect("a shadow policy");
    shadow(Some(None), false);
    shadow(None, true);
    world.cached.set_shadow_policy(None).expect("none");
    shadow(None, false);
    shadow(None, true);
}

#[test]
fn refusals_chains_and_passports_alone_are_not_remembered() {
    let mut world = World::new();
    world.set_policy(&policy(|attestors| {
        let pinned = passport_thumbprint(&HOLDER).expect("a thumbprint");
        let native = json!({"id": "native", "kind": "native", "pinned_keys": [pinned]});
        attestors.as_array_mut().expect("a list").push(native);
    }));
    let mut forged = KINDS[0].token.clone();
    let at = forged.len() - 10;
    forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
    let now = Now::At(NOW);
    for _ in 0..2 {
        let alone = Request::new(b"").passport(&PASSPORTS[0]).at(now);
        assert_eq!(world.ask_with("passport", &alone), (None, false));
        assert_eq!(
            world.ask_with("forged", &Request::new(&forged).at(now)),
            (Some(Reason::SignatureInvalid), false)
        );
        assert!(world.ask_with("garbage", &Request::new(b"garbage").at(now)).0.is_some());
        assert!(world.ask_with("huge", &Request::new(&vec![b'.'; 20_000]).at(now)).0.is_some());
    }
    let stats = world.cached.metrics().cache;
    assert_eq!((stats.hits, stats.insertions, stats.entries), (0, 0, 0));
    // The forged one and the garbage were looked up; nothing of the rest was.
    assert_eq!(stats.misses, 4);
}

#[test]
fn counters_tell_what_happened() {
    let kind = &KINDS[0];
    let mut world = World::that_knows(kind);
    world.ask(kind, NOW - 1);
    let stats = world.cached.metrics().cache;
    assert_eq!((stats.hits, stats.misses, stats.stale), (1, 1, 1));
    assert_eq!((stats.insertions, stats.evictions, stats.entries), (2, 0, 1));
    assert!(stats.bytes > 0 && stats.bytes < 4096);
    assert_eq!(world.plain.metrics().cache, CacheStats::default());
    world.set_policy(&policy(|_| ()));
    let stats = world.cached.metrics().cache;
    assert_eq!((stats.entries, stats.bytes), (0, 0));
}

/// Hits, misses, swaps and changes from many threads: a verdict is only ever one that some state explains.
#[test]
fn threads_agree_with_the_store() {
    let world = World::new();
    let verifier = &world.cached;
    let kind = &KINDS[0];
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut result = VerifyResult::new();
                for _ in 0..1_000 {
                    let verdict = verifier.verify(&Request::new(&kind.token).at(Now::At(NOW)), &mut result);
                    assert!(matches!(verdict.map_err(|r| r.reason), Ok(_) | Err(Reason::SignatureInvalid)));
                }
            });
        }
        for n in 0..200 {
            world.put(DOMAIN, &key_set(n % 2, "k"), NOW);
            let now = Request::new(&kind.token).at(Now::At(NOW));
            // Nobody else writes: what was put last is what counts, here and at once.
            let allowed = verifier.verify(&now, &mut VerifyResult::new()).is_ok();
            assert_eq!(allowed, n % 2 == 0, "{n}");
        }
    });
}

/// Whoever judges while the policy is swapped judges by one of them: an attestor is never looked up in another policy than
/// the one that it was found in.
#[test]
fn threads_agree_with_the_policy() {
    let world = World::new();
    let verifier = &world.cached;
    let orders = [policy(|_| ()), policy(|attestors| attestors.as_array_mut().expect("a list").swap(0, 1))];
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut result = VerifyResult::new();
                for _ in 0..1_000 {
                    let request = Request::new(&KINDS[0].token).at(Now::At(NOW));
                    let allowed = verifier.verify(&request, &mut result).expect("an allow");
                    assert_eq!((allowed.attestor_id, allowed.internal_identity), ("spiffe", Some("a/b")));
                }
            });
        }
        for n in 0..400 {
            verifier.set_policy(&orders[n % 2]).expect("a policy");
        }
    });
}

// ---- any history ------------------------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Deed {
    Put { issuer: bool, key: usize, kid: bool },
    Revoke,
    Remove { issuer: bool },
    Touch { issuer: bool },
    Deny { entry: usize, seconds: i64 },
    Lift { entry: usize },
    ClearDenials,
    SetPolicy(usize),
    SetShadow(bool),
    Wait(i64),
    Verify { kind: usize, request: usize },
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        2 => (any::<bool>(), 0..2usize, any::<bool>()).prop_map(|(issuer, key, kid)| Deed::Put { issuer, key, kid }),
        2 => any::<bool>().prop_map(|issuer| Deed::Put { issuer, key: 0, kid: true }),
        1 => Just(Deed::Revoke),
        1 => any::<bool>().prop_map(|issuer| Deed::Remove { issuer }),
        4 => any::<bool>().prop_map(|issuer| Deed::Touch { issuer }),
        1 => (0..5usize, 1..600i64).prop_map(|(entry, seconds)| Deed::Deny { entry, seconds }),
        2 => (0..5usize).prop_map(|entry| Deed::Lift { entry }),
        1 => Just(Deed::ClearDenials),
        1 => (0..4usize).prop_map(Deed::SetPolicy),
        1 => any::<bool>().prop_map(Deed::SetShadow),
        3 => prop_oneof![-30..60i64, 100..400i64, Just(3_600), Just(90_000)].prop_map(Deed::Wait),
        30 => (0..8usize, 0..6usize).prop_map(|(kind, request)| Deed::Verify { kind, request }),
    ]
}

/// As its kind asks, or in another way.
fn any_request(kind: &Kind, request: usize) -> Request<'_> {
    let plain = Request::new(&kind.token);
    match request {
        0 => plain,
        1 => (kind.request)(plain).passport(&PASSPORTS[1]),
        2 => (kind.request)(plain).nonce("another"),
        _ => (kind.request)(plain),
    }
}

fn policies(at: usize) -> Vec<u8> {
    policy(|attestors| match at {
        0 => {}
        1 => attestors[0]["allow"] = json!({"claims": [{"/team": ["a team"]}]}),
        2 => attestors[0]["allow"] = json!({"ids": ["spiffe://example.org/x"]}),
        // The attestors in another order: what one was is now another.
        _ => attestors.as_array_mut().expect("a list").reverse(),
    })
}

fn denial(entry: usize, holder: &str) -> DenyEntry<'_> {
    let (kind, field, value) = [
        (DenyKind::TrustDomain, DenyField::Sub, SUBJECT),
        (DenyKind::TrustDomain, DenyField::Kid, "k"),
        (DenyKind::Issuer, DenyField::Jti, "the id"),
        (DenyKind::Native, DenyField::KeyThumbprint, holder),
        (DenyKind::Issuer, DenyField::Sub, "nobody"),
    ][entry];
    DenyEntry { kind, source: "*", field, value, expires_at: None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Verdict, reason, steps and evidence are those of a verifier without a cache.
    #[test]
    fn the_cache_changes_nothing(deeds in proptest::collection::vec(any_deed(), 1..120)) {
        let (mut world, mut now) = (World::new(), NOW);
        let holder = passport_thumbprint(&HOLDER).expect("a thumbprint");
        let source = |issuer| if issuer { ISSUER } else { DOMAIN };
        for deed in deeds {
            match deed {
                Deed::Put { issuer, key, kid } => {
                    world.put(source(issuer), &key_set(key, if kid { "k" } else { "other" }), now);
                }
                Deed::Revoke => world.put(DOMAIN, br#"{"keys":[]}"#, now),
                Deed::Remove { issuer } => drop(world.store.remove(source(issuer))),
                Deed::Touch { issuer } => drop(world.store.touch(source(issuer), 0, Now::At(now))),
                Deed::Deny { entry, seconds } => {
                    let entry = DenyEntry { expires_at: Some(now + seconds), ..denial(entry, &holder) };
                    world.store.deny(entry, Now::At(now)).expect("an entry");
                }
                Deed::Lift { entry } => drop(world.store.lift(denial(entry, &holder))),
                Deed::ClearDenials => world.store.clear_denials().expect("a good store"),
                Deed::SetPolicy(at) => world.set_policy(&policies(at)),
                Deed::SetShadow(on) => {
                    let shadow = on.then(|| policies(2));
                    world.cached.set_shadow_policy(shadow.as_deref()).expect("a shadow policy");
                }
                Deed::Wait(seconds) => now += seconds,
                Deed::Verify { kind, request } => {
                    let kind = &KINDS[kind];
                    world.ask_with(kind.name, &any_request(kind, request).at(Now::At(now)));
                }
            }
        }
    }
}
