//! The Rust peers, each asked for the same: key by `kid`, signature, `exp`, `aud`, and the subject at the end.

use crate::algorithm::Algorithm;
use crate::material::{AUDIENCE, KID, Material, Result, TRUST_DOMAIN, subject};
use crate::rounds::Case;
use jwt_simple::prelude::{
    ECDSAP256PublicKeyLike as _, ECDSAP384PublicKeyLike as _, ES256PublicKey, ES384PublicKey,
    Ed25519PublicKey, EdDSAPublicKeyLike as _, NoCustomClaims, PS256PublicKey, RS256PublicKey,
    RSAPublicKeyLike as _, Token, VerificationOptions,
};
use serde::Deserialize;
use spiffe::{JwtBundle, JwtBundleSet, JwtSvid, TrustDomain};
use std::collections::HashMap;
use std::rc::Rc;

/// Judges a token.
type Check = Rc<dyn Fn(&str) -> bool>;

/// What is timed of a library beside the token it accepts.
const TOKENS: [(&str, bool); 4] =
    [("valid", true), ("bad-signature", false), ("unknown-kid", false), ("expired", false)];

pub fn cases(material: &Material, absent: &mut Vec<(String, String)>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (library, check) in [
        ("jsonwebtoken", jsonwebtoken(material)?),
        ("spiffe", spiffe(material)?),
        ("jwt-simple", jwt_simple(material)?),
    ] {
        let name = |token: &str| format!("{library}/{}/{token}", material.algorithm.name());
        let Some(check) = check else {
            absent.push((name("valid"), format!("{library} has no {}", material.algorithm.alg())));
            continue;
        };
        for (token, expected) in TOKENS {
            let (check, text) = (Rc::clone(&check), material.token(token).to_owned());
            cases.push(Case::new(name(token), expected, move || check(&text)));
        }
    }
    Ok(cases)
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

/// With aws-lc-rs. The header is read once for the `kid`, and again by the verification: there is no other way.
fn jsonwebtoken(material: &Material) -> Result<Option<Check>> {
    use jsonwebtoken::{Algorithm as Alg, DecodingKey, Validation, decode, decode_header};
    let algorithm = match material.algorithm {
        Algorithm::Es256 => Alg::ES256,
        Algorithm::Es384 => Alg::ES384,
        Algorithm::Es512 => return Ok(None),
        Algorithm::Rs256 | Algorithm::Rs256Of3072 | Algorithm::Rs256Of4096 => Alg::RS256,
        Algorithm::Ps256 => Alg::PS256,
        Algorithm::EdDsa => Alg::EdDSA,
    };
    let key = DecodingKey::from_jwk(&serde_json::from_str(&material.jwk)?)?;
    let keys = HashMap::from([(KID.to_owned(), key)]);
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    let subject = subject(material.algorithm);
    Ok(Some(Rc::new(move |token| {
        let header = decode_header(token).ok();
        let key = header.and_then(|header| keys.get(&header.kid?));
        key.and_then(|key| decode::<Claims>(token, key, &validation).ok())
            .is_some_and(|token| token.claims.sub == subject)
    })))
}

/// With aws-lc-rs. It parses the key at each call.
fn spiffe(material: &Material) -> Result<Option<Check>> {
    if matches!(material.algorithm, Algorithm::Es512 | Algorithm::EdDsa) {
        return Ok(None);
    }
    let domain = TrustDomain::new(TRUST_DOMAIN)?;
    let mut bundles = JwtBundleSet::new();
    bundles.add_bundle(JwtBundle::from_jwt_authorities(domain, material.bundle.as_bytes())?);
    Ok(Some(Rc::new(move |token| {
        JwtSvid::parse_and_validate(token, &bundles, &[AUDIENCE])
            .is_ok_and(|svid| svid.spiffe_id().path() == "/ns/payments/sa/worker")
    })))
}

/// With `BoringSSL` for RSA, the crates p256, p384 and ed25519-compact for the rest.
fn jwt_simple(material: &Material) -> Result<Option<Check>> {
    macro_rules! with {
        ($key:ty) => {{
            let keys = HashMap::from([(
                KID.to_owned(),
                <$key>::from_jwk(&material.jwk).map_err(|e| e.to_string())?,
            )]);
            let options = VerificationOptions {
                allowed_audiences: Some([AUDIENCE.to_owned()].into()),
                time_tolerance: None,
                ..VerificationOptions::default()
            };
            let subject = subject(material.algorithm);
            Rc::new(move |token: &str| {
                let header = Token::decode_metadata(token).ok();
                let key = header.and_then(|header| keys.get(header.key_id()?));
                key.and_then(|key| key.verify_token::<NoCustomClaims>(token, Some(options.clone())).ok())
                    .is_some_and(|claims| claims.subject.as_deref() == Some(subject))
            })
        }};
    }
    let check: Check = match material.algorithm {
        Algorithm::Es256 => with!(ES256PublicKey),
        Algorithm::Es384 => with!(ES384PublicKey),
        Algorithm::Es512 => return Ok(None),
        Algorithm::Rs256 | Algorithm::Rs256Of3072 | Algorithm::Rs256Of4096 => with!(RS256PublicKey),
        Algorithm::Ps256 => with!(PS256PublicKey),
        Algorithm::EdDsa => with!(Ed25519PublicKey),
    };
    Ok(Some(check))
}
