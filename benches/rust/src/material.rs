//! The keys, bundles and tokens that the programs of every language read: made afresh for each run.
//!
//! One folder an algorithm: `bundle.json` (a SPIFFE bundle, or an issuer's key set, of the key and its successor),
//! `policy.json`, `manifest.json` (who is who), `key.jwk` and `public.pem` (the key), `public.key` (the key as ring
//! takes it), the tokens, and `distinct.jwts`: good ones of as many workloads, one a line.

use crate::algorithm::Algorithm;
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self as aws, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

pub const TRUST_DOMAIN: &str = "prod.example.org";
pub const AUDIENCE: &str = "spiffe://prod.example.org/ns/orders/sa/api";
pub const ISSUER: &str = "https://oidc.prod.example.org";
/// Key identifiers as SPIRE makes them: 32 characters.
pub const KID: &str = "Q3Jk0VtJ8mXwZ5uYb2RnLc7EhUsDgPaO";
const SUCCESSOR: &str = "T9fW4xKq1LzN6vBd8SrHj3YcMgUeIoPa";
const UNKNOWN: &str = "Z7yX2wVu5TsR8qPo1NmLk4JiHgFeDcBa";
const HOUR: u64 = 3600;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The tokens there are of each algorithm: file name, and whether it is to be accepted.
pub const TOKENS: [(&str, bool); 5] = [
    ("valid", true),
    ("bad-signature", false),
    ("unknown-kid", false),
    ("expired", false),
    ("short-signature", false),
];

/// How many workloads `distinct.jwts` is of.
pub const WORKLOADS: u32 = 64;

/// A key pair of whichever algorithm.
enum Signer {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn aws::RsaEncoding),
    Ed(Ed25519KeyPair),
}

impl Signer {
    fn new(algorithm: Algorithm) -> Result<Self> {
        let ec = |algorithm| EcdsaKeyPair::generate(algorithm).map(Self::Ec);
        let rsa = |size, encoding| RsaKeyPair::generate(size).map(|key| Self::Rsa(key, encoding));
        Ok(match algorithm {
            Algorithm::Es256 => ec(&aws::ECDSA_P256_SHA256_FIXED_SIGNING)?,
            Algorithm::Es384 => ec(&aws::ECDSA_P384_SHA384_FIXED_SIGNING)?,
            Algorithm::Es512 => ec(&aws::ECDSA_P521_SHA512_FIXED_SIGNING)?,
            Algorithm::Rs256 => rsa(KeySize::Rsa2048, &aws::RSA_PKCS1_SHA256)?,
            Algorithm::Rs256Of3072 => rsa(KeySize::Rsa3072, &aws::RSA_PKCS1_SHA256)?,
            Algorithm::Rs256Of4096 => rsa(KeySize::Rsa4096, &aws::RSA_PKCS1_SHA256)?,
            Algorithm::Ps256 => rsa(KeySize::Rsa2048, &aws::RSA_PSS_SHA256)?,
            Algorithm::EdDsa => Self::Ed(Ed25519KeyPair::generate()?),
        })
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        Ok(match self {
            Self::Ec(key) => key.sign(&random, message)?.as_ref().to_vec(),
            Self::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, &random, message, &mut signature)?;
                signature
            }
            Self::Ed(key) => key.sign(message).as_ref().to_vec(),
        })
    }

    /// An uncompressed point, an `RSAPublicKey`, or the encoded point of Ed25519.
    fn public(&self) -> &[u8] {
        match self {
            Self::Ec(key) => key.public_key().as_ref(),
            Self::Rsa(key, _) => key.public_key().as_ref(),
            Self::Ed(key) => key.public_key().as_ref(),
        }
    }

    fn pem(&self) -> Result<String> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Ec(key) => key.public_key().as_der()?,
            Self::Rsa(key, _) => key.public_key().as_der()?,
            Self::Ed(key) => key.public_key().as_der()?,
        };
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        Ok(format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n")))
    }

    fn jwk(&self, algorithm: Algorithm, kid: &str) -> Value {
        let alg = algorithm.alg();
        match self {
            Self::Ec(_) => {
                let (x, y) = self.public()[1..].split_at(self.public().len() / 2);
                let curve = match algorithm {
                    Algorithm::Es384 => "P-384",
                    Algorithm::Es512 => "P-521",
                    _ => "P-256",
                };
                json!({"kty": "EC", "crv": curve, "kid": kid, "alg": alg, "x": encode(x), "y": encode(y)})
            }
            Self::Rsa(key, _) => {
                let (n, e) = (key.public_key().modulus(), key.public_key().exponent());
                let [n, e] = [n, e].map(|number| encode(number.big_endian_without_leading_zero()));
                json!({"kty": "RSA", "kid": kid, "alg": alg, "n": n, "e": e})
            }
            Self::Ed(_) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": alg, "x": encode(self.public())})
            }
        }
    }
}

/// Writes everything into `folder`.
pub fn make(folder: &Path) -> Result<()> {
    for algorithm in Algorithm::ALL {
        let folder = folder.join(algorithm.name());
        fs::create_dir_all(&folder)?;
        let (signer, successor) = (Signer::new(algorithm)?, Signer::new(algorithm)?);
        fs::write(folder.join("public.key"), signer.public())?;
        fs::write(folder.join("public.pem"), signer.pem()?)?;
        let keys = [signer.jwk(algorithm, KID), successor.jwk(algorithm, SUCCESSOR)];
        fs::write(folder.join("key.jwk"), keys[0].to_string())?;
        fs::write(folder.join("bundle.json"), bundle(algorithm, &keys))?;
        fs::write(folder.join("policy.json"), policy(algorithm))?;
        fs::write(folder.join("manifest.json"), manifest(algorithm))?;
        for (name, _) in TOKENS {
            fs::write(folder.join(format!("{name}.jwt")), token(algorithm, &signer, name)?)?;
        }
        fs::write(folder.join("distinct.jwts"), distinct(algorithm, &signer)?)?;
    }
    Ok(())
}

fn manifest(algorithm: Algorithm) -> String {
    let (source, name) =
        if algorithm.is_of_svids() { ("trust_domain", TRUST_DOMAIN) } else { ("issuer", ISSUER) };
    json!({
        "source": source,
        "name": name,
        "alg": algorithm.alg(),
        "audience": AUDIENCE,
        "kid": KID,
        "subject": subject(algorithm),
    })
    .to_string()
}

/// The `sub` of the tokens.
pub fn subject(algorithm: Algorithm) -> &'static str {
    if algorithm.is_of_svids() {
        "spiffe://prod.example.org/ns/payments/sa/worker"
    } else {
        "system:serviceaccount:prod-payments-svc:worker1"
    }
}

/// A SPIFFE bundle document that may be kept for a day, or an issuer's key set.
fn bundle(algorithm: Algorithm, keys: &[Value]) -> String {
    if !algorithm.is_of_svids() {
        return json!({"keys": keys}).to_string();
    }
    let for_svids = |key: &Value| {
        let mut key = key.clone();
        key["use"] = "jwt-svid".into();
        key
    };
    let keys: Vec<_> = keys.iter().map(for_svids).collect();
    json!({"spiffe_sequence": 1, "spiffe_refresh_hint": 43200, "keys": keys}).to_string()
}

/// A policy of the plainest kind.
fn policy(algorithm: Algorithm) -> String {
    if algorithm.is_of_svids() {
        return svid_policy(TRUST_DOMAIN);
    }
    json!({"version": 1, "attestors": [
        {"id": "oidc", "kind": "oidc", "audiences": [AUDIENCE], "issuer": ISSUER}
    ]})
    .to_string()
}

/// Likewise for the JWT-SVIDs of a trust domain; `*` takes all that the store has.
pub fn svid_policy(trust_domain: &str) -> String {
    json!({"version": 1, "attestors": [
        {"id": "spiffe", "kind": "spiffe", "audiences": [AUDIENCE], "trust_domains": [trust_domain]}
    ]})
    .to_string()
}

fn token(algorithm: Algorithm, key: &Signer, name: &str) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let kid = if name == "unknown-kid" { UNKNOWN } else { KID };
    let issued = if name == "expired" { now - 48 * HOUR } else { now - 60 };
    let signed = signing_input(algorithm.alg(), kid, subject(algorithm), AUDIENCE, issued);
    let mut signature = match name {
        // Well formed, by the right key, over something else: nothing but the whole computation can tell.
        "bad-signature" => key.sign(b"something else")?,
        _ => key.sign(signed.as_bytes())?,
    };
    if name == "short-signature" {
        signature.pop();
    }
    Ok(format!("{signed}.{}", encode(&signature)))
}

fn distinct(algorithm: Algorithm, key: &Signer) -> Result<String> {
    let issued = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() - 60;
    let token = |workload| {
        let subject = format!("{}-{workload}", subject(algorithm));
        let signed = signing_input(algorithm.alg(), KID, &subject, AUDIENCE, issued);
        Ok(format!("{signed}.{}", encode(&key.sign(signed.as_bytes())?)))
    };
    Ok((0..WORKLOADS).map(token).collect::<Result<Vec<_>>>()?.join("\n"))
}

/// The header and claims of a JWT-SVID as SPIRE issues it, good for a day.
pub fn signing_input(alg: &str, kid: &str, subject: &str, audience: &str, issued: u64) -> String {
    let header = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"JWT"}}"#);
    let claims = format!(
        r#"{{"aud":["{audience}"],"exp":{},"iat":{issued},"iss":"{ISSUER}","jti":"3f2b8a6c91d04e57b8a1c6f20e9d","sub":"{subject}"}}"#,
        issued + 24 * HOUR
    );
    format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()))
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The tokens and key of one algorithm, read back.
pub struct Material {
    pub algorithm: Algorithm,
    pub bundle: String,
    pub policy: String,
    pub jwk: String,
    pub public: Vec<u8>,
    pub distinct: Vec<String>,
    tokens: Vec<(&'static str, String)>,
}

impl Material {
    pub fn read(folder: &Path, algorithm: Algorithm) -> Result<Self> {
        let folder = folder.join(algorithm.name());
        let token = |(name, _)| Ok((name, fs::read_to_string(folder.join(format!("{name}.jwt")))?));
        Ok(Self {
            algorithm,
            bundle: fs::read_to_string(folder.join("bundle.json"))?,
            policy: fs::read_to_string(folder.join("policy.json"))?,
            jwk: fs::read_to_string(folder.join("key.jwk"))?,
            public: fs::read(folder.join("public.key"))?,
            distinct: fs::read_to_string(folder.join("distinct.jwts"))?.lines().map(String::from).collect(),
            tokens: TOKENS.into_iter().map(token).collect::<Result<_>>()?,
        })
    }

    pub fn token(&self, name: &str) -> &str {
        self.tokens.iter().find(|(known, _)| *known == name).map_or("", |(_, token)| token)
    }

    /// The signed part of a token, and its signature.
    pub fn signed(&self, name: &str) -> Result<(Vec<u8>, Vec<u8>)> {
        let (signed, signature) = self.token(name).rsplit_once('.').ok_or("no signature")?;
        Ok((signed.into(), URL_SAFE_NO_PAD.decode(signature)?))
    }
}
