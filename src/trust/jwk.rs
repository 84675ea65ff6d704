//! One JWK (RFC 7517, RFC 7518 section 6) as an entry of a key set: a key, an authority, or a named skip.

use super::slot::{Authority, Key};
use crate::crypto::{Algorithm, Curve, KeyError, PublicKey};
use crate::wire::json::{Kind, Str, Value};
use crate::wire::{base64url, der};

macro_rules! skips {
    ($($variant:ident => $slug:literal, $doc:literal;)+) => {
        /// Why an entry of a key set was passed over; the rest of the set is used.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Skip { $(#[doc = $doc] $variant,)+ }

        impl Skip {
            /// Every skip reason, in the order of `SlotInfo`'s and the C API's counters.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable machine name.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// The slug with a NUL behind it, for C.
            #[cfg(feature = "capi")]
            pub(crate) const fn slug_nul(self) -> &'static str {
                match self { $(Self::$variant => concat!($slug, "\0"),)+ }
            }

            /// What the reason means.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }
        }
    };
}

skips! {
    NotObject => "not_object", "The entry is not a JSON object.";
    UseIgnored => "use_ignored", "`use` is absent, unknown, or not one the format feeds.";
    KeyTypeUnsupported => "key_type_unsupported", "`kty` or `crv` is not supported (`oct` never is).";
    AlgorithmUnsupported => "algorithm_unsupported", "`alg` is unknown or does not fit the key.";
    OperationUnsupported => "operation_unsupported", "`key_ops` does not contain `verify`.";
    KidMissing => "kid_missing", "A JWT key without a usable `kid`.";
    KidAmbiguous => "kid_ambiguous", "Different keys share a `kid` and nothing tells them apart.";
    KeyInvalid => "key_invalid", "A parameter is missing, malformed, or not a key.";
    KeyTooWeak => "key_too_weak", "An RSA modulus below 2048 bits.";
    KeyTooLarge => "key_too_large", "An RSA modulus above 8192 bits.";
    CertificateMissing => "certificate_missing", "`x5c` is absent or empty.";
    CertificateInvalid => "certificate_invalid", "The first `x5c` value is not a certificate.";
    CertificateKeyMismatch => "certificate_key_mismatch", "The certificate holds another key than the entry.";
    CertificateNotCa => "certificate_not_ca", "The certificate may not sign certificates.";
}

/// Entries that were passed over, by reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct SkipCounts([u32; Skip::ALL.len()]);

impl SkipCounts {
    pub(crate) fn add(&mut self, skip: Skip) {
        self.0[skip as usize] += 1;
    }

    pub(crate) fn get(&self, skip: Skip) -> u32 {
        self.0[skip as usize]
    }

    pub(crate) fn total(&self) -> u32 {
        self.0.iter().sum()
    }
}

/// Whether an entry that should be public gives its secret away: private members of a known key type
/// (RFC 7518 section 6, RFC 8037 section 2). Unknown types and `oct` are skipped instead.
pub(crate) fn is_private(entry: Value<'_>) -> bool {
    let asymmetric = |kty: Str<'_>| ["RSA", "EC", "OKP"].iter().any(|known| kty.is(known));
    let secret = |name: Str<'_>| ["d", "p", "q", "dp", "dq", "qi", "oth"].iter().any(|s| name.is(s));
    entry.get("kty").and_then(Value::as_str).is_some_and(asymmetric) && entry.members().any(|(name, _)| secret(name))
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
