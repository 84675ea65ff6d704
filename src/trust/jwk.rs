//! One JWK (RFC 7517, RFC 7518 section 6) as an entry of a key set: a key, an authority, or a named skip.

use super::skip::Skip;
use super::slot::{Authority, Key};
use crate::crypto::{Algorithm, Curve, KeyError, KeyType, PublicKey};
use crate::wire::certificate::Certificate;
use crate::wire::json::{Kind, Name, Str, Value};
use crate::wire::{base64url, der};
use pki_types::CertificateDer;
use std::sync::Arc;

/// Whether an entry that should be public gives its secret away: private members of a known key type
/// (RFC 7518 section 6, RFC 8037 section 2). Unknown types and `oct` are skipped instead.
pub(crate) fn is_private(entry: Value<'_>) -> bool {
    let asymmetric = |kty: Str<'_>| ["RSA", "EC", "OKP"].iter().any(|known| kty.is(known));
    let secret = |name: Name<'_>| ["d", "p", "q", "dp", "dq", "qi", "oth"].iter().any(|s| name.is(s));
    entry.get("kty").and_then(Value::as_str).is_some_and(asymmetric)
        && entry.members().any(|(name, _)| secret(name))
}

/// Reads an entry that verifies JWTs.
pub(crate) fn jwt_key(entry: Value<'_>, rules: KeyRules) -> Result<Key, Skip> {
    let public = public_key(entry)?;
    if public.key_type() == KeyType::Ed25519 && !rules.ed25519 {
        return Err(Skip::KeyTypeUnsupported);
    }
    let algorithm = match entry.get("alg") {
        None => None,
        Some(alg) => {
            let known =
                alg.as_str().and_then(Algorithm::from_name).filter(|a| a.key_type() == public.key_type());
            Some(known.ok_or(Skip::AlgorithmUnsupported)?)
        }
    };
    if let Some(operations) = entry.get("key_ops")
        && !operations.elements().filter_map(Value::as_str).any(|op| op.is("verify"))
    {
        return Err(Skip::OperationUnsupported);
    }
    let kid = entry.get("kid").and_then(Value::as_str).map(Str::decode).unwrap_or_default();
    if kid.is_empty() && rules.kid_required {
        return Err(Skip::KidMissing);
    }
    let issuer = match entry.get("issuer").filter(|_| rules.issuer) {
        None => None,
        // Passing over what limits the key would widen it.
        Some(issuer) => Some(issuer.as_str().ok_or(Skip::KeyInvalid)?.decode().into()),
    };
    Ok(Key {
        kid: kid.into(),
        algorithm,
        thumbprint: public.thumbprint(),
        public,
        issuer,
        shelf: Arc::default(),
    })
}

/// Reads an entry that is an X.509 authority: the first `x5c` value (X509-SVID section 6.2).
pub(crate) fn authority(entry: Value<'_>) -> Result<Authority, Skip> {
    let first = entry.get("x5c").and_then(|list| list.elements().next()).ok_or(Skip::CertificateMissing)?;
    let text = first.as_str().map(Str::decode).ok_or(Skip::CertificateInvalid)?;
    let bytes = base64url::decode_standard(&text).map_err(|_| Skip::CertificateInvalid)?;
    let certificate = Certificate::read(&bytes).ok_or(Skip::CertificateInvalid)?;
    let info = der::public_key_info(certificate.public_key_info).ok_or(Skip::CertificateInvalid)?;
    if !public_key(entry)?.is_subject_key(info.key) {
        return Err(Skip::CertificateKeyMismatch);
    }
    ca(&certificate)
}

/// Takes a certificate as an authority: it must be a CA that may sign certificates.
pub(crate) fn authority_from(bytes: &[u8]) -> Result<Authority, Skip> {
    ca(&Certificate::read(bytes).ok_or(Skip::CertificateInvalid)?)
}

fn ca(certificate: &Certificate<'_>) -> Result<Authority, Skip> {
    if !certificate.is_ca || certificate.key_usage.is_some_and(|usage| !usage.cert_sign()) {
        return Err(Skip::CertificateNotCa);
    }
    let public = PublicKey::from_spki(certificate.public_key_info).map_err(skip_of)?;
    let anchor = CertificateDer::from(certificate.der);
    let anchor = webpki::anchor_from_trusted_cert(&anchor).map_err(|_| Skip::CertificateInvalid)?;
    Ok(Authority {
        der: certificate.der.into(),
        thumbprint: public.thumbprint(),
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        path_len: certificate.path_len,
        key_usage: certificate.key_usage,
        subject_key_id: certificate.subject_key_id.map(Into::into),
        anchor: anchor.to_owned(),
    })
}

/// Takes a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) as a key whose `kid` is its thumbprint.
pub(crate) fn key_from_spki(bytes: &[u8]) -> Result<Key, Skip> {
    let public = PublicKey::from_spki(bytes).map_err(skip_of)?;
    let thumbprint = public.thumbprint();
    Ok(Key {
        kid: thumbprint.clone(),
        algorithm: None,
        thumbprint,
        public,
        issuer: None,
        shelf: Arc::default(),
    })
}

/// What a format asks of its JWT keys.
#[derive(Clone, Copy)]
pub(crate) struct KeyRules {
    pub(crate) kid_required: bool,
    /// Ed25519 keys may verify: JWT-SVID does not allow them.
    pub(crate) ed25519: bool,
    /// A key may name the issuer it is for, as Entra's do.
    pub(crate) issuer: bool,
}

fn public_key(entry: Value<'_>) -> Result<PublicKey, Skip> {
    let kty = entry.get("kty").and_then(Value::as_str).ok_or(Skip::KeyTypeUnsupported)?;
    let key = if kty.is("RSA") {
        PublicKey::rsa(&parameter(entry, "n")?, &parameter(entry, "e")?)
    } else if kty.is("EC") {
        let crv = entry.get("crv").and_then(Value::as_str).ok_or(Skip::KeyInvalid)?;
        let curve = Curve::ALL.into_iter().find(|c| crv.is(c.name())).ok_or(Skip::KeyTypeUnsupported)?;
        PublicKey::ec(curve, &parameter(entry, "x")?, &parameter(entry, "y")?)
    } else if kty.is("OKP") && entry.get("crv").and_then(Value::as_str).is_some_and(|crv| crv.is("Ed25519")) {
        PublicKey::ed25519(&parameter(entry, "x")?)
    } else {
        return Err(Skip::KeyTypeUnsupported);
    };
    key.map_err(skip_of)
}

fn skip_of(error: KeyError) -> Skip {
    match error {
        KeyError::Invalid => Skip::KeyInvalid,
        KeyError::Unsupported => Skip::KeyTypeUnsupported,
        KeyError::TooWeak => Skip::KeyTooWeak,
        KeyError::TooLarge => Skip::KeyTooLarge,
    }
}

fn parameter(entry: Value<'_>, name: &str) -> Result<Vec<u8>, Skip> {
    let value = entry.get(name).filter(|v| v.kind() == Kind::String).and_then(Value::as_str);
    base64url::decode(&value.ok_or(Skip::KeyInvalid)?.decode()).map_err(|_| Skip::KeyInvalid)
}
