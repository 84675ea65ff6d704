//! One JWK (RFC 7517, RFC 7518 section 6) as an entry of a key set: a key, an authority, or a named skip.

use super::skip::Skip;
use super::slot::{Authority, Key};
use crate::crypto::{Algorithm, Curve, KeyError, PublicKey};
use crate::wire::json::{Kind, Str, Value};
use crate::wire::{base64url, der};

/// Whether an entry that should be public gives its secret away: private members of a known key type
/// (RFC 7518 section 6, RFC 8037 section 2). Unknown types and `oct` are skipped instead.
pub(crate) fn is_private(entry: Value<'_>) -> bool {
    let asymmetric = |kty: Str<'_>| ["RSA", "EC", "OKP"].iter().any(|known| kty.is(known));
    let secret = |name: Str<'_>| ["d", "p", "q", "dp", "dq", "qi", "oth"].iter().any(|s| name.is(s));
    entry.get("kty").and_then(Value::as_str).is_some_and(asymmetric)
        && entry.members().any(|(name, _)| secret(name))
}

/// Reads an entry that verifies JWTs.
pub(crate) fn jwt_key(entry: Value<'_>) -> Result<Key, Skip> {
    let public = public_key(entry)?;
    let algorithm = match entry.get("alg") {
        None => None,
        Some(alg) => {
            let known =
                alg.as_str().and_then(Algorithm::from_name).filter(|a| a.key_type() == public.key_type());
            Some(known.ok_or(Skip::AlgorithmUnsupported)?)
        }
    };
    if let Some(operations) = entry.get("key_ops") {
        if !operations.elements().filter_map(Value::as_str).any(|op| op.is("verify")) {
            return Err(Skip::OperationUnsupported);
        }
    }
    let kid = entry.get("kid").and_then(Value::as_str).map(Str::decode).unwrap_or_default();
    if kid.is_empty() {
        return Err(Skip::KidMissing);
    }
    Ok(Key { kid: kid.into(), algorithm, thumbprint: public.thumbprint(), public })
}

/// Reads an entry that is an X.509 authority: the first `x5c` value (X509-SVID section 6.2).
pub(crate) fn authority(entry: Value<'_>) -> Result<Authority, Skip> {
    let first = entry.get("x5c").and_then(|list| list.elements().next()).ok_or(Skip::CertificateMissing)?;
    let text = first.as_str().map(Str::decode).ok_or(Skip::CertificateInvalid)?;
    let bytes = base64url::decode_standard(&text).map_err(|_| Skip::CertificateInvalid)?;
    let certificate = der::certificate(&bytes).ok_or(Skip::CertificateInvalid)?;
    if !public_key(entry)?.is_subject_key(certificate.public_key) {
        return Err(Skip::CertificateKeyMismatch);
    }
    if !certificate.is_ca || certificate.may_sign == Some(false) {
        return Err(Skip::CertificateNotCa);
    }
    Ok(Authority { der: bytes.into() })
}

fn public_key(entry: Value<'_>) -> Result<PublicKey, Skip> {
    let kty = entry.get("kty").and_then(Value::as_str).ok_or(Skip::KeyTypeUnsupported)?;
    let key = if kty.is("RSA") {
        PublicKey::rsa(&parameter(entry, "n")?, &parameter(entry, "e")?)
    } else if kty.is("EC") {
        let crv = entry.get("crv").and_then(Value::as_str).ok_or(Skip::KeyInvalid)?;
        let curve = Curve::ALL.into_iter().find(|c| crv.is(c.name())).ok_or(Skip::KeyTypeUnsupported)?;
        PublicKey::ec(curve, &parameter(entry, "x")?, &parameter(entry, "y")?)
    } else {
        return Err(Skip::KeyTypeUnsupported);
    };
    key.map_err(|error| match error {
        KeyError::Invalid => Skip::KeyInvalid,
        KeyError::TooWeak => Skip::KeyTooWeak,
        KeyError::TooLarge => Skip::KeyTooLarge,
    })
}

fn parameter(entry: Value<'_>, name: &str) -> Result<Vec<u8>, Skip> {
    let value = entry.get(name).filter(|v| v.kind() == Kind::String).and_then(Value::as_str);
    base64url::decode(&value.ok_or(Skip::KeyInvalid)?.decode()).map_err(|_| Skip::KeyInvalid)
}
