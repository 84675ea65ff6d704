//! Publishing: only what the host lists, only what is fresh, only public members, and nothing that reads otherwise.

use attestor::{BundleStore, Format, Inspection, Now, PutOptions, Reason, SlotKind, Source, SourceKind};
use proptest::prelude::*;

const T0: i64 = 1_800_000_000;
const BUNDLE: &[u8] = include_bytes!("data/spire/ec-p256/s0.bundle.spiffe.json");
/// P-256, P-384, P-521, RSA and Ed25519.
const PUBLIC: &[u8] = include_bytes!("vectors/bundles/public-all.pem");
const AUTHORITIES_DER: &[u8] = include_bytes!("vectors/bundles/x509-two.der");
const AUTHORITIES_PEM: &[u8] = include_bytes!("vectors/bundles/x509-two.pem");
const TD: Source<'static> = Source { kind: SourceKind::TrustDomain, name: "example.org" };
const ISSUER: Source<'static> = Source { kind: SourceKind::Issuer, name: "https://issuer.example" };
const WRITTEN: [Format; 6] = [
    Format::SpiffeBundle,
    Format::Jwks,
    Format::WorkloadApiJwks,
    Format::PublicKeyPem,
    Format::X509Pem,
    Format::X509Der,
];

const A: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;
const B: &str = r#""kty":"EC","crv":"P-256","x":"XbF2Ziu5j3U9bm1wYELCrF45v0r-SjfQPgmMOJ3DcF0","y":"B_jTuj8o7inV7on8ukQHtkMBsTaEGU4nGzHxkdv5sGs""#;
const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

fn listed(source: Source<'_>) -> BundleStore {
    let store = BundleStore::new();
    store.allow_publishing(source, true).expect("a name");
    store
}

fn put(store: &BundleStore, source: Source<'_>, format: Format, document: &[u8]) {
    store.put(source, format, document, &PutOptions::default(), Now::At(T0)).expect("the document");
}

fn publish(store: &BundleStore, source: Source<'_>, format: Format) -> Result<Vec<u8>, Reason> {
    store.publish(source, format, Now::At(T0)).map_err(|error| error.reason())
}

/// The thumbprints of a document's keys and authorities that are used.
fn thumbprints(format: Format, document: &[u8]) -> Vec<String> {
    let Inspection { entries, refusal, .. } = format.inspect(None, document);
    assert_eq!(refusal, None);
    let mut all: Vec<_> = entries.into_iter().filter_map(|entry| entry.thumbprint).collect();
    all.sort();
    all.dedup(); // one key under two names is one in PEM
    all
}

#[test]
fn only_what_is_listed_is_published() {
    let store = BundleStore::new();
    put(&store, TD, Format::SpiffeBundle, BUNDLE);
    let stranger = Source::trust_domain("stranger.example");
    let twin = Source::issuer("example.org");
    for format in Format::ALL {
        for source in [TD, stranger, twin] {
            assert_eq!(publish(&store, source, *format), Err(Reason::SourceNotPublished), "{format:?}");
        }
    }
    store.allow_publishing(Source::trust_domain("spiffe://example.org"), true).expect("another spelling");
    assert!(publish(&store, TD, Format::SpiffeBundle).is_ok());
    assert_eq!(publish(&store, twin, Format::Jwks), Err(Reason::SourceNotPublished));
    // The list is configuration: it outlives the source.
    assert_eq!(store.remove(TD), Ok(true));
    assert_eq!(publish(&store, TD, Format::SpiffeBundle), Err(Reason::BundleUnavailable));
    put(&store, TD, Format::SpiffeBundle, BUNDLE);
    assert!(publish(&store, TD, Format::SpiffeBundle).is_ok());
    store.allow_publishing(TD, false).expect("a name");
    assert_eq!(publish(&store, TD, Format::SpiffeBundle), Err(Reason::SourceNotPublished));

    let invalid = Source::trust_domain("Example");
    assert_eq!(store.allow_publishing(invalid, true).unwrap_err().reason(), Reason::SourceNameInvalid);
    assert_eq!(publish(&store, invalid, Format::Jwks), Err(Reason::SourceNameInvalid));
    let refused = store.publish(TD, Format::Jwks, Now::At(0));
    assert_eq!(refused.unwrap_err().reason(), Reason::ClockInvalid);
}

#[test]
fn a_slot_that_is_needed_must_be_filled() {
    let jwt = listed(TD);
    put(&jwt, TD, Format::WorkloadApiJwks, format!(r#"{{"keys":[{{"kid":"k",{A}}}]}}"#).as_bytes());
    let x509 = listed(TD);
    put(&x509, TD, Format::X509Der, AUTHORITIES_DER);
    let empty = listed(TD);
    for format in WRITTEN {
        let of_keys = matches!(format, Format::Jwks | Format::WorkloadApiJwks | Format::PublicKeyPem);
        let of_authorities = matches!(format, Format::X509Pem | Format::X509Der);
        assert_eq!(publish(&empty, TD, format), Err(Reason::BundleUnavailable));
        // A bundle without the other slot would revoke it.
        assert_eq!(publish(&jwt, TD, format).err(), (!of_keys).then_some(Reason::BundleUnavailable));
        assert_eq!(publish(&x509, TD, format).err(), (!of_authorities).then_some(Reason::BundleUnavailable));
    }
    for format in [Format::BundleMap, Format::X509Crl] {
        assert_eq!(publish(&jwt, TD, format), Err(Reason::FormatUnsupported));
    }
    let issuer = listed(ISSUER);
    put(&issuer, ISSUER, Format::Jwks, format!(r#"{{"keys":[{{"kid":"k",{A}}}]}}"#).as_bytes());
    for format in [Format::SpiffeBundle, Format::WorkloadApiJwks, Format::X509Pem, Format::X509Der] {
        assert_eq!(publish(&issuer, ISSUER, format), Err(Reason::FormatUnsupported));
    }
}

#[test]
fn nothing_stale_is_published_as_new() {
    let store = listed(TD);
    put(&store, TD, Format::SpiffeBundle, BUNDLE);
    let at = |now, format| store.publish(TD, format, Now::At(now)).map_err(|error| error.reason());
    for format in WRITTEN {
        // Due after 300 s, stale after 600 s.
        assert!(at(T0 + 599, format).is_ok());
        assert_eq!(at(T0 + 600, format), Err(Reason::BundleStale), "{format:?}");
    }
    // One slot is enough to hold a bundle back.
    let document = format!(r#"{{"keys":[{{"kid":"k",{A}}}]}}"#);
    store
        .put(TD, Format::WorkloadApiJwks, document.as_bytes(), &PutOptions::default(), Now::At(T0 + 600))
        .expect("the keys");
    assert!(at(T0 + 600, Format::Jwks).is_ok());
    assert_eq!(at(T0 + 600, Format::SpiffeBundle), Err(Reason::BundleStale));
}

#[test]
fn a_revocation_is_published_where_it_can_be_said() {
    let store = listed(TD);
    put(&store, TD, Format::SpiffeBundle, BUNDLE);
    put(&store, TD, Format::SpiffeBundle, br#"{"keys":[],"spiffe_sequence":2,"spiffe_refresh_hint":60}"#);
    let text =
        |format| publish(&store, TD, format).map(|document| String::from_utf8(document).expect("text"));
    let expected = "{\"keys\":[],\"spiffe_refresh_hint\":60,\"spiffe_sequence\":2}\n";
    assert_eq!(text(Format::SpiffeBundle).as_deref(), Ok(expected));
    assert_eq!(text(Format::WorkloadApiJwks).as_deref(), Ok("{\"keys\":[]}\n"));
    for format in [Format::Jwks, Format::PublicKeyPem, Format::X509Pem, Format::X509Der] {
        assert_eq!(text(format), Err(Reason::NoUsableKeys));
    }
}

#[test]
fn keys_without_a_place_are_never_published_as_revoked() {
    let store = listed(TD);
    let jwks = |keys: &str| format!(r#"{{"keys":[{keys}]}}"#);
    for only in [
        format!(r#"{{"kid":"ed",{ED25519}}}"#),
        format!("{{{A}}}"),
        format!(r#"{{"kid":"t","issuer":"https://t.example/",{A}}}"#),
    ] {
        put(&store, TD, Format::X509Der, AUTHORITIES_DER);
        put(&store, TD, Format::Jwks, jwks(&only).as_bytes());
        for format in [Format::SpiffeBundle, Format::WorkloadApiJwks] {
            assert_eq!(publish(&store, TD, format), Err(Reason::NoUsableKeys), "{only}");
        }
        assert!(publish(&store, TD, Format::Jwks).is_ok());
        let bound = only.contains("issuer");
        assert_eq!(publish(&store, TD, Format::PublicKeyPem).is_ok(), !bound, "a bound key stays bound");
    }
    // Beside another key it is what every reader of the format passes over.
    put(&store, TD, Format::Jwks, jwks(&format!(r#"{{"kid":"k",{A}}},{{"kid":"ed",{ED25519}}}"#)).as_bytes());
    let published = publish(&store, TD, Format::WorkloadApiJwks).expect("one key");
    assert_eq!(thumbprints(Format::WorkloadApiJwks, &published).len(), 1);
}

#[test]
fn a_bundle_of_spire_goes_out_as_it_came_in() {
    let store = listed(TD);
    put(&store, TD, Format::SpiffeBundle, BUNDLE);
    for format in WRITTEN {
        let expected = Format::SpiffeBundle.convert(None, BUNDLE, format).expect("the document").document;
        assert_eq!(publish(&store, TD, format), Ok(expected), "{format:?}");
    }
}

#[test]
fn a_bundle_of_two_feeds_has_the_higher_sequence_and_the_shorter_hint() {
    let store = listed(TD);
    put(&store, TD, Format::SpiffeBundle, br#"{"keys":[],"spiffe_sequence":4,"spiffe_refresh_hint":600}"#);
    // Nothing usable for the X.509 slot: it stays what it was.
    let keys = format!(r#"{{"use":"jwt-svid","kid":"k",{A}}},{{"use":"x509-svid","kty":"EC"}}"#);
    let document = format!(r#"{{"keys":[{keys}],"spiffe_sequence":7,"spiffe_refresh_hint":60}}"#);
    put(&store, TD, Format::SpiffeBundle, document.as_bytes());
    assert_eq!(store.info(TD, SlotKind::X509).expect("a name").expect("the slot").sequence, Some(4));
    let expected = concat!(
        r#"{"keys":[{"crv":"P-256","kid":"k","kty":"EC","use":"jwt-svid","#,
        r#""x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}],"#,
        "\"spiffe_refresh_hint\":60,\"spiffe_sequence\":7}\n"
    );
    assert_eq!(publish(&store, TD, Format::SpiffeBundle).as_deref(), Ok(expected.as_bytes()));
}

#[test]
fn what_is_held_back_does_not_go_out() {
    let store = listed(TD);
    let spiffe = |sequence, kid: &str, key: &str| {
        format!(r#"{{"spiffe_sequence":{sequence},"keys":[{{"use":"jwt-svid","kid":"{kid}",{key}}}]}}"#)
    };
    put(&store, TD, Format::SpiffeBundle, spiffe(1, "k", A).as_bytes());
    let update = spiffe(2, "k", B);
    let held = store.put(TD, Format::SpiffeBundle, update.as_bytes(), &PutOptions::default(), Now::At(T0));
    assert_eq!(held.unwrap_err().reason(), Reason::BundleRekeyed);
    let document = publish(&store, TD, Format::SpiffeBundle).expect("the document");
    // The removal is true; nothing else of the update was taken.
    assert_eq!(String::from_utf8(document).expect("text"), "{\"keys\":[],\"spiffe_sequence\":1}\n");
}

#[test]
fn more_than_a_reader_takes_is_not_published() {
    let store = listed(TD);
    let one = |n: u32| format!(r#"{{"kid":"{n}",{A}}}"#);
    let document = |count| format!(r#"{{"keys":[{}]}}"#, (0..count).map(one).collect::<Vec<_>>().join(","));
    put(&store, TD, Format::WorkloadApiJwks, document(1024).as_bytes());
    put(&store, TD, Format::X509Der, AUTHORITIES_DER);
    assert!(publish(&store, TD, Format::Jwks).is_ok());
    assert_eq!(publish(&store, TD, Format::SpiffeBundle), Err(Reason::BundleMalformed));
    put(&store, TD, Format::WorkloadApiJwks, document(1022).as_bytes());
    assert!(publish(&store, TD, Format::SpiffeBundle).is_ok());
}

/// Whatever a store takes, another takes what it publishes, and has the same keys then.
#[test]
fn what_goes_out_comes_in_elsewhere() {
    let full = format!(
        r#"{{"keys":[{{"kid":"a","alg":"ES256",{A}}},{{"kid":"b","use":"sig",{B}}},{{"kid":"e",{ED25519}}}]}}"#
    );
    for (from, document) in [
        (Format::SpiffeBundle, BUNDLE),
        (Format::PublicKeyPem, PUBLIC),
        (Format::X509Pem, AUTHORITIES_PEM),
        (Format::X509Der, AUTHORITIES_DER),
        (Format::Jwks, full.as_bytes()),
    ] {
        let store = listed(TD);
        put(&store, TD, from, document);
        for to in WRITTEN {
            let Ok(published) = publish(&store, TD, to) else { continue };
            let other = listed(TD);
            put(&other, TD, to, &published);
            assert_eq!(publish(&other, TD, to).as_ref(), Ok(&published), "{from:?} {to:?}");
            let sent = Format::convert(from, None, document, to).expect("the same keys").document;
            assert_eq!(thumbprints(to, &published), thumbprints(to, &sent), "{from:?} {to:?}");
            // Between formats that hold the same kind of key nothing is lost but Ed25519 in those of SPIFFE.
            if to == Format::Jwks || (from == Format::X509Pem && to == Format::X509Der) {
                let own: Vec<_> = thumbprints(from, document);
                assert!(thumbprints(to, &published).iter().all(|thumbprint| own.contains(thumbprint)));
            }
        }
    }
    let store = listed(TD);
    put(&store, TD, Format::PublicKeyPem, PUBLIC);
    let jwks = publish(&store, TD, Format::Jwks).expect("the keys");
    assert_eq!(thumbprints(Format::Jwks, &jwks), thumbprints(Format::PublicKeyPem, PUBLIC));
    assert_eq!(publish(&store, TD, Format::PublicKeyPem).as_deref(), Ok(PUBLIC));
    put(&store, TD, Format::X509Pem, AUTHORITIES_PEM);
    assert_eq!(publish(&store, TD, Format::X509Der).as_deref(), Ok(AUTHORITIES_DER));
    assert_eq!(publish(&store, TD, Format::X509Pem).as_deref(), Ok(AUTHORITIES_PEM));
    let spiffe = publish(&store, TD, Format::SpiffeBundle).expect("the bundle");
    assert_eq!(thumbprints(Format::SpiffeBundle, &spiffe).len(), 4 + 2);
}

const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQ";

/// An entry with members that it should not have, secret ones among them.
fn strange_entry() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        4 => Just(A),
        4 => Just(B),
        2 => Just(ED25519),
        1 => Just(r#""kty":"oct""#),
        1 => Just(r#""kty":"XYZ""#),
    ];
    let extra = prop_oneof!["d", "p", "q", "dp", "dq", "qi", "oth", "k", "x5u", "priv", "x-[a-z]{1,4}"];
    let use_ =
        prop_oneof![Just(""), Just(r#""use":"sig","#), Just(r#""use":"enc","#), Just(r#""use":"jwt-svid","#)];
    (key, proptest::option::weighted(0.4, extra), use_, 0..6u8).prop_map(|(key, extra, use_, kid)| {
        let extra = extra.map(|name| format!(r#","{name}":"{SECRET}""#)).unwrap_or_default();
        format!(r#"{{{use_}"kid":"{kid}",{key}{extra}}}"#)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_secret_goes_out(entries in proptest::collection::vec(strange_entry(), 1..5)) {
        let document = format!(r#"{{"keys":[{}],"k":"{SECRET}"}}"#, entries.join(","));
        for from in [Format::Jwks, Format::WorkloadApiJwks, Format::SpiffeBundle] {
            let store = listed(TD);
            let put = store.put(TD, from, document.as_bytes(), &PutOptions::default(), Now::At(T0));
            if put.is_err() {
                continue;
            }
            for to in WRITTEN {
                let Ok(published) = publish(&store, TD, to) else { continue };
                let text = String::from_utf8_lossy(&published);
                prop_assert!(!text.contains(SECRET));
                if text.starts_with('{') {
                    let value: serde_json::Value = serde_json::from_slice(&published).expect("JSON");
                    for key in value["keys"].as_array().expect("keys") {
                        for (name, _) in key.as_object().expect("a key") {
                            let public = ["alg", "crv", "e", "issuer", "kid", "kty", "n", "use", "x", "x5c", "y"];
                            prop_assert!(public.contains(&name.as_str()), "{}", name);
                        }
                    }
                }
                let other = listed(TD);
                prop_assert!(other.put(TD, to, &published, &PutOptions::default(), Now::At(T0)).is_ok());
                let again = publish(&other, TD, to).expect("the same keys");
                prop_assert_eq!(thumbprints(to, &again), thumbprints(to, &published));
            }
        }
    }
}
