//! Properties over random input: nothing panics, nothing forged enters, and no credential changes the store.

use attestor::{
    BundleStore, Format, Now, PutOptions, Reason, Request, SlotKind, Source, Verifier, VerifyResult,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use std::sync::{Arc, LazyLock};

const NOW: Now = Now::At(1_800_000_000);
const TOKEN: &[u8] = include_bytes!("data/spire/ec-p256/s0.minted.jwt");
const BUNDLE: &[u8] = include_bytes!("data/spire/ec-p256/s0.bundle.spiffe.json");
const POLICY: &[u8] = br#"{"version":1,"attestors":[{"id":"a","kind":"spiffe",
    "audiences":["spiffe://example.org/verifier"],"trust_domains":["*"]}]}"#;

fn put(store: &BundleStore, name: &str, document: &[u8]) -> Result<(), Reason> {
    let source = Source::trust_domain(name);
    let put = store.put(source, Format::SpiffeBundle, document, &PutOptions::default(), NOW);
    put.map(|_| ()).map_err(|e| e.reason())
}

fn verifier(store: &Arc<BundleStore>) -> Verifier {
    Verifier::new(Arc::clone(store), POLICY).expect("the policy")
}

fn spire() -> Arc<BundleStore> {
    let store = Arc::new(BundleStore::new());
    put(&store, "example.org", BUNDLE).expect("the bundle");
    store
}

fn judge(verifier: &Verifier, token: &[u8]) -> Result<String, Reason> {
    let mut result = VerifyResult::new();
    let verdict = verifier.verify(&Request::new(token).at(NOW), &mut result);
    verdict.map(|v| v.identity.to_owned()).map_err(|rejected| rejected.reason)
}

/// Signing keys; a domain is fed by one of them.
static KEYS: LazyLock<Vec<EcdsaKeyPair>> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let new = || {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key")
    };
    (0..4).map(|_| new()).collect()
});

fn bundle_of(key: &EcdsaKeyPair) -> String {
    let (x, y) = key.public_key().as_ref()[1..].split_at(32);
    let encode = |bytes| URL_SAFE_NO_PAD.encode(bytes);
    format!(
        r#"{{"keys":[{{"use":"jwt-svid","kid":"same","kty":"EC","crv":"P-256","x":"{}","y":"{}"}}]}}"#,
        encode(x),
        encode(y)
    )
}

fn token_of(key: &EcdsaKeyPair, domain: &str) -> Vec<u8> {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let claims =
        format!(r#"{{"sub":"spiffe://{domain}/w","aud":"spiffe://example.org/verifier","exp":1900000000}}"#);
    let signed = format!("{}.{}", encode(r#"{"alg":"ES256","kid":"same"}"#), encode(&claims));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is changed in a good token, it no longer enters.
    #[test]
    fn no_other_spelling_of_a_good_token_enters(at in 0..TOKEN.len(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut token = TOKEN.to_vec();
        if cut {
            token.remove(at);
        } else {
            token[at] = byte;
        }
        let verifier = verifier(&spire());
        prop_assert_eq!(judge(&verifier, &token).is_ok(), token == TOKEN);
    }

    /// Unverified input never changes key state.
    #[test]
    fn no_credential_changes_the_store(token in proptest::collection::vec(any::<u8>(), 0..600)) {
        let store = spire();
        let before = store.info(Source::trust_domain("example.org"), SlotKind::Jwt);
        prop_assert!(judge(&verifier(&store), &token).is_err());
        prop_assert_eq!(store.info(Source::trust_domain("example.org"), SlotKind::Jwt), before);
    }

    /// A broken bundle is refused, or says something; it never panics and never half takes effect.
    #[test]
    fn mutated_bundles_are_taken_whole_or_refused(at in 0..BUNDLE.len(), byte in any::<u8>()) {
        let store = spire();
        let before = store.info(Source::trust_domain("example.org"), SlotKind::Jwt).expect("a name").expect("fed");
        let mut document = BUNDLE.to_vec();
        document[at] = byte;
        let taken = put(&store, "example.org", &document).is_ok();
        let after = store.info(Source::trust_domain("example.org"), SlotKind::Jwt).expect("a name").expect("fed");
        prop_assert!(taken || after == before);
        prop_assert!(after.generation >= before.generation);
    }

    #[test]
    fn arbitrary_documents_never_panic(document in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(put(&BundleStore::new(), "example.org", &document).is_err());
        prop_assert!(Verifier::new(spire(), &document).is_err());
    }

    #[test]
    fn mutated_policies_never_panic(at in 0..POLICY.len(), byte in any::<u8>()) {
        let mut policy = POLICY.to_vec();
        policy[at] = byte;
        if let Err(error) = Verifier::new(spire(), &policy) {
            prop_assert_eq!(error.reason(), Reason::ConfigInvalid);
        }
    }

    /// A subject enters iff its own domain's bundle signed it, whatever other domains hold under the same kid.
    #[test]
    fn domains_are_never_merged(feeds in proptest::collection::vec(0..4usize, 1..6), domain in 0..6usize, signer in 0..4usize) {
        let store = Arc::new(BundleStore::new());
        for (n, key) in feeds.iter().enumerate() {
            put(&store, &format!("td{n}"), bundle_of(&KEYS[*key]).as_bytes()).expect("the bundle");
        }
        let verdict = judge(&verifier(&store), &token_of(&KEYS[signer], &format!("td{domain}")));
        match feeds.get(domain) {
            Some(key) if *key == signer => prop_assert_eq!(verdict, Ok(format!("spiffe://td{domain}/w"))),
            Some(_) => prop_assert_eq!(verdict, Err(Reason::SignatureInvalid)),
            None => prop_assert_eq!(verdict, Err(Reason::BundleUnavailable)),
        }
    }
}

/// Many threads, one verifier: verdicts are only ever those of some whole generation.
#[test]
fn verdicts_while_bundles_change_are_of_a_whole_bundle() {
    let store = Arc::new(BundleStore::new());
    let (old, new) = (bundle_of(&KEYS[0]), bundle_of(&KEYS[1]));
    put(&store, "td", old.as_bytes()).expect("the bundle");
    let mut force = PutOptions::default();
    force.force = true; // one kid, two keys: the gate would hold that
    let verifier = Arc::new(verifier(&store));
    let tokens = [token_of(&KEYS[0], "td"), token_of(&KEYS[1], "td")];
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut result = VerifyResult::new();
                for n in 0..600 {
                    let verdict = verifier.verify(&Request::new(&tokens[n % 2]).at(NOW), &mut result);
                    assert!(matches!(verdict.map_err(|r| r.reason), Ok(_) | Err(Reason::SignatureInvalid)));
                }
            });
        }
        for n in 0..400 {
            let bundle = if n % 2 == 0 { &new } else { &old }.as_bytes();
            store
                .put(Source::trust_domain("td"), Format::SpiffeBundle, bundle, &force, NOW)
                .expect("the bundle");
        }
    });
}
