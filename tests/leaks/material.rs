//! Credentials with a canary in every field, signed so that they verify.

use super::canary::canary;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _,
};
use serde_json::{Value, json};
use std::sync::LazyLock;

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const KID: &str = "the-key";
pub(crate) const US: &str = "https://attestor.example/us";

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn generate(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key")
}

/// Signs tokens.
static ISSUER: LazyLock<EcdsaKeyPair> = LazyLock::new(|| generate(&ECDSA_P256_SHA256_FIXED_SIGNING));

/// The issuer's key set, of the use that JWT-SVIDs have; an issuer's may have it too.
pub(crate) fn key_set() -> Vec<u8> {
    let point = ISSUER.public_key().as_ref();
    let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
    let key = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": KID, "use": "jwt-svid"});
    json!({"keys": [key]}).to_string().into_bytes()
}

pub(crate) fn token(header: &Value, claims: &Value) -> Vec<u8> {
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = ISSUER.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
    format!("{signed}.{}", encode(signature)).into_bytes()
}

/// A header that any token may have, with what is never read full of canaries.
pub(crate) fn header() -> Value {
    let name = canary("name");
    json!({
        "alg": "ES256", "kid": KID, "typ": "JWT",
        "jku": canary("jku"), "x5u": canary("x5u"), "x5c": [canary("x5c")], "x5t": canary("x5t"),
        "jwk": {"kty": "oct", "k": canary("jwk")}, name: canary("header"),
    })
}

/// Claims that any token may have.
pub(crate) fn claims(subject: &str) -> Value {
    let name = canary("name");
    json!({
        "sub": subject, "aud": [US, canary("aud")], "exp": NOW + 600, "nbf": NOW - 10, "iat": NOW - 10,
        "jti": canary("jti"), "nonce": canary("nonce"), "at_hash": canary("athash"), "azp": canary("azp"),
        "client_id": canary("client"), "auth_time": NOW - 1000, "acr": canary("acr"), "amr": [canary("amr")],
        "scope": canary("scope"), "email": canary("email"), "shown": canary("shown"),
        name: canary("value"), "nested": [{canary("name"): {canary("name"): [canary("value")]}}],
    })
}

/// `claims` with the members of `more`.
pub(crate) fn with(mut claims: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("an object") };
    claims.as_object_mut().expect("an object").extend(more);
    claims
}

/// A token whose signature has become another one.
pub(crate) fn forged(token: &[u8]) -> Vec<u8> {
    let mut token = token.to_vec();
    let at = token.len() - 10;
    token[at] = if token[at] == b'A' { b'B' } else { b'A' };
    token
}

const SEED: [u8; 32] = [7; 32];

/// The hex of the key that signs passports.
pub(crate) fn passport_key() -> String {
    let key = Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a key");
    key.public_key().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A passport; `more` goes into its header, which may not have more.
pub(crate) fn passport(more: Value, claims: &Value) -> Vec<u8> {
    let key = Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a key");
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key())});
    let header = with(json!({"alg": "EdDSA", "typ": "passport+jwt", "jwk": jwk}), more);
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}").into_bytes()
}

/// The claims of a passport, among them all that only other kinds have.
pub(crate) fn passport_claims() -> Value {
    with(claims(&canary("sub")), json!({"iss": canary("iss"), "expires_at": NOW + 600}))
}

// ---- certificates -----------------------------------------------------------------------------------

fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).expect("short");
    let header = match length {
        0..0x80 => vec![tag, length.to_be_bytes()[1]],
        _ => [&[tag, 0x82], &length.to_be_bytes()[..]].concat(),
    };
    [&header, contents].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn text(tag: u8, field: &str) -> Vec<u8> {
    tlv(tag, canary(field).as_bytes())
}

/// A `Name` of every usual attribute: CN, serialNumber, C, L, ST, O, OU, title, e-mail, DC, UID.
fn name(prefix: &str) -> Vec<u8> {
    const EMAIL: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 9, 1];
    const DOMAIN: &[u8] = &[6, 10, 9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25];
    const USER: &[u8] = &[6, 10, 9, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1];
    let relative =
        |id: &[u8], tag, field: &str| tlv(0x31, &sequence(&[id, &text(tag, &format!("{prefix}{field}"))]));
    let mut parts: Vec<u8> = [3, 5, 7, 8, 10, 11, 12]
        .into_iter()
        .flat_map(|n| relative(&[6, 3, 0x55, 4, n], 0x0c, &n.to_string()))
        .collect();
    for (id, tag) in [(EMAIL, 0x16), (DOMAIN, 0x16), (USER, 0x13)] {
        parts.extend(relative(id, tag, &format!("id{}", id[id.len() - 1])));
    }
    tlv(0x30, &parts)
}

fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&tlv(6, id), critical, &tlv(4, value)])
}

fn standard(id: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    extension(&[0x55, 0x1d, id], critical, value)
}

/// An authority, and the key of its leaves.
pub(crate) struct Authority {
    key: EcdsaKeyPair,
    leaf_key: EcdsaKeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = || generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        Self { key: key(), leaf_key: key() }
    }

    fn seal(&self, serial: &str, subject: &[u8], key: &EcdsaKeyPair, extensions: &[Vec<u8>]) -> Vec<u8> {
        const ECDSA_SHA256: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        const P256: &[u8] = &[
            0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7,
        ];
        let time = |text: &str| tlv(0x17, text.as_bytes());
        let public_key_info = sequence(&[P256, &tlv(3, &[&[0], key.public_key().as_ref()].concat())]);
        let signed = sequence(&[
            &tlv(0xa0, &[2, 1, 2]),
            &tlv(2, serial.as_bytes()),
            ECDSA_SHA256,
            &name("issuer"),
            &sequence(&[&time("260101000000Z"), &time("280101000000Z")]),
            subject,
            &public_key_info,
            &tlv(0xa3, &tlv(0x30, &extensions.concat())),
        ]);
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        sequence(&[&signed, ECDSA_SHA256, &tlv(3, &[&[0], signature.as_ref()].concat())])
    }

    /// The authority's own certificate.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        let uri = tlv(0x86, b"spiffe://example.org");
        let extensions = [
            standard(19, true, &sequence(&[&[1, 1, 0xff]])),
            standard(15, true, &[3, 2, 1, 6]),
            standard(14, false, &text(4, "keyid")),
            standard(17, false, &tlv(0x30, &uri)),
        ];
        self.seal(&canary("caserial")[..18], &name("issuer"), &self.key, &extensions)
    }

    /// A leaf of this SPIFFE ID with a canary in every other field that can hold text, then `more` extensions.
    pub(crate) fn leaf(&self, id: &str, more: &[Vec<u8>]) -> Vec<u8> {
        const OTHER_NAME: &[u8] = &[6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3];
        const OCSP: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1];
        const CPS: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 2, 1];
        const NOTICE: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 2, 2];
        let other_name = [OTHER_NAME, &tlv(0xa0, &text(0x0c, "othername"))].concat();
        let alternative_names = [
            tlv(0x86, id.as_bytes()),
            text(0x81, "email"),
            tlv(0x82, format!("{}.example.org", canary("dns")).as_bytes()),
            tlv(0xa0, &other_name),
            tlv(0xa4, &name("directory")),
        ];
        let points = sequence(&[&sequence(&[&tlv(0xa0, &tlv(0xa0, &text(0x86, "crl")))])]);
        let qualifiers =
            [sequence(&[CPS, &text(0x16, "cps")]), sequence(&[NOTICE, &sequence(&[&text(0x0c, "notice")])])];
        let policy = sequence(&[&[6, 3, 0x2a, 3, 4], &tlv(0x30, &qualifiers.concat())]);
        let mut extensions = vec![
            standard(15, true, &[3, 2, 3, 0x88]),
            standard(17, false, &tlv(0x30, &alternative_names.concat())),
            standard(18, false, &tlv(0x30, &text(0x86, "issuername"))),
            standard(14, false, &text(4, "leafkeyid")),
            standard(35, false, &tlv(0x30, &text(0x80, "keyid"))),
            standard(31, false, &points),
            standard(32, false, &tlv(0x30, &policy)),
            extension(
                &[0x2b, 6, 1, 5, 5, 7, 1, 1],
                false,
                &sequence(&[&sequence(&[OCSP, &text(0x86, "ocsp")])]),
            ),
            extension(&[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 13], false, &text(0x16, "comment")),
            extension(&[0x2a, 3, 4, 5], false, canary("unknown").as_bytes()),
        ];
        extensions.extend_from_slice(more);
        self.seal(&canary("serial")[..17], &name("subject"), &self.leaf_key, &extensions)
    }

    /// An extension that nobody knows and everybody must.
    pub(crate) fn critical() -> Vec<u8> {
        extension(&[0x2a, 3, 4, 6], true, canary("critical").as_bytes())
    }
}
