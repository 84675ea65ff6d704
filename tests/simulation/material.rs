//! Keys, and the documents and tokens that are made of them.

use super::oracle::{Key, Question};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Key numbers from here on are Ed25519 keys, which no SVID may have; those below are P-256 keys.
pub(crate) const ED25519: u32 = 160;
const KEYS: u32 = 200;

enum Signer {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// The same keys in every run.
static SIGNERS: LazyLock<Vec<Signer>> = LazyLock::new(|| (0..KEYS).map(signer).collect());

fn signer(number: u32) -> Signer {
    let seed = digest(&SHA256, &number.to_be_bytes());
    if number >= ED25519 {
        return Signer::Ed25519(Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).expect("a seed"));
    }
    let public = p256::ecdsa::SigningKey::from_slice(seed.as_ref()).expect("a scalar");
    let point = public.verifying_key().to_encoded_point(false);
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let pair =
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, seed.as_ref(), point.as_bytes(), &random);
    Signer::P256(pair.expect("a key"))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The members of a public key that make it that key, in the order of RFC 7638.
fn members(number: u32) -> String {
    match &SIGNERS[number as usize] {
        Signer::P256(pair) => {
            let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
            format!(r#""crv":"P-256","kty":"EC","x":"{}","y":"{}""#, encode(x), encode(y))
        }
        Signer::Ed25519(pair) => {
            format!(r#""crv":"Ed25519","kty":"OKP","x":"{}""#, encode(pair.public_key()))
        }
    }
}

/// RFC 7638.
pub(crate) fn thumbprint(number: u32) -> String {
    encode(digest(&SHA256, format!("{{{}}}", members(number)).as_bytes()))
}

/// A JWK; `more` are members with a comma behind each.
pub(crate) fn jwk(key: &Key, more: &str) -> String {
    format!(r#"{{{more}"kid":"{}",{}}}"#, key.kid, members(key.number))
}

/// A PEM block of a P-256 key (RFC 5480).
pub(crate) fn pem(number: u32) -> String {
    const P256_KEY_INFO: &[u8] = &[
        0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d,
        3, 1, 7, 3, 0x42, 0,
    ];
    let Signer::P256(pair) = &SIGNERS[number as usize] else { panic!("static keys are P-256 keys") };
    let text = STANDARD.encode([P256_KEY_INFO, pair.public_key().as_ref()].concat());
    let (first, second) = text.split_at(64);
    format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
}

/// A token and all that can be seen of it.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) bytes: Vec<u8>,
    pub(crate) source: String,
    pub(crate) is_issuer: bool,
    pub(crate) kid: String,
    pub(crate) signed_by: Option<u32>,
    pub(crate) audience: String,
    pub(crate) subject: String,
    pub(crate) jti: String,
    pub(crate) not_before: i64,
    pub(crate) expires: i64,
}

impl Token {
    /// Signs what the other members say with the key of that number.
    pub(crate) fn sign(mut self, number: u32) -> Self {
        let pair = &SIGNERS[number as usize];
        let algorithm = if matches!(pair, Signer::P256(_)) { "ES256" } else { "EdDSA" };
        let header = json!({"alg": algorithm, "kid": self.kid, "typ": "JWT"});
        let signed = format!("{}.{}", encode(header.to_string()), encode(self.claims().to_string()));
        let signature = match pair {
            Signer::P256(pair) => {
                encode(pair.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature"))
            }
            Signer::Ed25519(pair) => encode(pair.sign(signed.as_bytes())),
        };
        self.bytes = format!("{signed}.{signature}").into_bytes();
        self.signed_by = Some(number);
        self
    }

    fn claims(&self) -> Value {
        let mut claims = json!({
            "sub": self.subject, "aud": [self.audience], "jti": self.jti,
            "nbf": self.not_before, "iat": self.not_before, "exp": self.expires,
        });
        if self.is_issuer {
            claims["iss"] = json!(self.source);
        }
        claims
    }

    /// The token with another signature than the one that was made.
    pub(crate) fn forged(&self) -> Self {
        let mut forged = self.clone();
        let at = forged.bytes.len() - 10;
        forged.bytes[at] = if forged.bytes[at] == b'A' { b'B' } else { b'A' };
        forged.signed_by = None;
        forged
    }

    /// The token with another `kid` and the signature that it had.
    pub(crate) fn of_kid(&self, kid: String) -> Self {
        let mut other = Self { kid, signed_by: None, ..self.clone() };
        let text = String::from_utf8(std::mem::take(&mut other.bytes)).expect("a token is ASCII");
        let (_, rest) = text.split_once('.').expect("a header");
        let algorithm =
            if self.signed_by.is_some_and(|number| number >= ED25519) { "EdDSA" } else { "ES256" };
        let header = json!({"alg": algorithm, "kid": other.kid, "typ": "JWT"});
        other.bytes = format!("{}.{rest}", encode(header.to_string())).into_bytes();
        other
    }

    pub(crate) fn question(&self) -> Question<'_> {
        Question {
            source: &self.source,
            is_issuer: self.is_issuer,
            kid: &self.kid,
            signed_by: self.signed_by,
            audience: &self.audience,
            subject: &self.subject,
            token_id: &self.jti,
            not_before: self.not_before,
            expires: self.expires,
        }
    }
}
