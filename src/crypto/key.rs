//! A public key, checked once when it is loaded, that can then only say yes or no.

use super::tables::{is_edwards_point, verify_p521};
use super::{Algorithm, Curve, KeyType, ed25519, sha256};
use crate::verdict::Reason;
use crate::wire::{base64url, der};
use core::fmt;
use ring::digest::{Context, SHA256, SHA512, digest};
use ring::signature as sig;

/// Smallest and largest RSA modulus, in bits (RFC 7518 section 3.3; the upper bound is ours).
const RSA_BITS: core::ops::RangeInclusive<usize> = 2048..=8192;
/// Largest RSA exponent.
const RSA_EXPONENT: u64 = (1 << 33) - 1;

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyError {
    Invalid,
    /// Of a type or on a curve that nothing here verifies with.
    Unsupported,
    TooWeak,
    TooLarge,
}

/// A key that verifies one type of signature.
pub(crate) enum PublicKey {
    /// Big-endian, no leading zeros.
    Rsa { modulus: Box<[u8]>, exponent: Box<[u8]> },
    /// An uncompressed SEC 1 point; ring takes it as it is.
    Ec { curve: Curve, point: Box<[u8]> },
    /// The encoded point (RFC 8032 section 5.1.2).
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// An RSA key from big-endian integers; leading zeros are tolerated.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let (modulus, exponent) = (der::strip_zeros(modulus), der::strip_zeros(exponent));
        check_rsa(modulus, exponent)?;
        Ok(Self::Rsa { modulus: modulus.into(), exponent: exponent.into() })
    }

    /// An EC key from full-length big-endian coordinates of a point on the curve.
    pub(crate) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        if !curve.contains(x, y) {
            return Err(KeyError::Invalid);
        }
        let point = [&[4], x, y].concat();
        Ok(Self::Ec { curve, point: point.into() })
    }

    /// An Ed25519 key: a canonical encoding of a point that is not of small order.
    pub(crate) fn ed25519(encoded: &[u8]) -> Result<Self, KeyError> {
        let encoded: [u8; 32] = encoded.try_into().map_err(|_| KeyError::Invalid)?;
        if ed25519::is_canonical(&encoded) && !ed25519::is_small_order(&encoded) && is_edwards_point(&encoded)
        {
            Ok(Self::Ed25519(encoded))
        } else {
            Err(KeyError::Invalid)
        }
    }

    /// A key from a SubjectPublicKeyInfo.
    pub(crate) fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        match Spki::read(der)? {
            Spki::Rsa { modulus, exponent } => Self::rsa(modulus, exponent),
            Spki::Ec { curve, x, y } => Self::ec(curve, x, y),
            Spki::Ed25519(point) => Self::ed25519(point),
        }
    }

    pub(crate) fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa { .. } => KeyType::Rsa,
            Self::Ec { curve, .. } => KeyType::Ec(*curve),
            Self::Ed25519(_) => KeyType::Ed25519,
        }
    }

    /// Whether `bits`, the contents of a SubjectPublicKeyInfo's BIT STRING, hold this very key.
    pub(crate) fn is_subject_key(&self, bits: &[u8]) -> bool {
        match self {
            Self::Rsa { modulus, exponent } => der::rsa_public_key(bits) == Some((modulus, exponent)),
            Self::Ec { point, .. } => **point == *bits,
            Self::Ed25519(point) => point[..] == *bits,
        }
    }

    /// The JWK thumbprint (RFC 7638): base64url of SHA-256 over the required members.
    pub(crate) fn thumbprint(&self) -> Box<str> {
        let encode = base64url::encode;
        let canonical = match self {
            Self::Rsa { modulus, exponent } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(exponent), encode(modulus))
            }
            Self::Ec { curve, point, .. } => {
                let (x, y) = point[1..].split_at(curve.bytes());
                format!(r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#, curve.name(), encode(x), encode(y))
            }
            Self::Ed25519(point) => return encode(&ed25519_thumbprint(point)).into(),
        };
        encode(&sha256(canonical.as_bytes())).into()
    }

    /// Checks `signature` over `message`. One attempt, no allocation but ring's for RSA.
    pub(crate) fn verify(&self, alg: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), Reason> {
        if alg.key_type() != self.key_type() {
            return Err(Reason::AlgKeyMismatch);
        }
        let expected = match self {
            Self::Rsa { modulus, .. } => modulus.len(),
            Self::Ec { curve, .. } => 2 * curve.bytes(),
            Self::Ed25519(_) => 64,
        };
        if signature.len() != expected {
            return Err(Reason::SignatureMalformed);
        }
        let good = match self {
            Self::Rsa { modulus, exponent } => {
                let key = sig::RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(rsa_parameters(alg), message, signature).is_ok()
            }
            Self::Ed25519(point) => {
                // ring compares R byte for byte, so only canonical encodings are left to look at.
                let commitment = signature.first_chunk().is_some_and(|r| !ed25519::is_small_order(r));
                commitment
                    && sig::UnparsedPublicKey::new(&sig::ED25519, &point[..])
                        .verify(message, signature)
                        .is_ok()
            }
            Self::Ec { curve: Curve::P521, point } => {
                verify_p521(point, digest(&SHA512, message).as_ref(), signature).is_ok()
            }
            Self::Ec { curve, point } => {
                let parameters = match curve {
                    Curve::P384 => &sig::ECDSA_P384_SHA384_FIXED,
                    _ => &sig::ECDSA_P256_SHA256_FIXED,
                };
                sig::UnparsedPublicKey::new(parameters, point).verify(message, signature).is_ok()
            }
        };
        if good { Ok(()) } else { Err(Reason::SignatureInvalid) }
    }
}

/// The JWK thumbprint of an Ed25519 key (RFC 8037 appendix A.3), made without allocating.
pub(crate) fn ed25519_thumbprint(point: &[u8; 32]) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    hash.update(br#"{"crv":"Ed25519","kty":"OKP","x":""#);
    base64url::encode_to(point, |text| hash.update(text));
    hash.update(br#""}"#);
    let mut out = [0; 32];
    out.copy_from_slice(hash.finish().as_ref());
    out
}

/// The rules of an RSA key (RFC 7518 section 3.3), its integers without leading zeros.
fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyError> {
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |b| b.leading_zeros() as usize);
    let even = |bytes: &[u8]| bytes.last().is_none_or(|b| b % 2 == 0);
    if exponent.len() > 8 || even(modulus) || even(exponent) {
        return Err(KeyError::Invalid);
    }
    let value = exponent.iter().fold(0, |v, b| v << 8 | u64::from(*b));
    if !(3..=RSA_EXPONENT).contains(&value) {
        return Err(KeyError::Invalid);
    }
    if bits < *RSA_BITS.start() {
        return Err(KeyError::TooWeak);
    }
    if bits > *RSA_BITS.end() {
        return Err(KeyError::TooLarge);
    }
    Ok(())
}

/// A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) taken apart.
enum Spki<'a> {
    Rsa { modulus: &'a [u8], exponent: &'a [u8] },
    Ec { curve: Curve, x: &'a [u8], y: &'a [u8] },
    Ed25519(&'a [u8]),
}

impl<'a> Spki<'a> {
    fn read(der: &'a [u8]) -> Result<Self, KeyError> {
        let info = der::public_key_info(der).ok_or(KeyError::Invalid)?;
        match (info.algorithm, info.parameters) {
            (der::RSA, _) => {
                let (modulus, exponent) = der::rsa_public_key(info.key).ok_or(KeyError::Invalid)?;
                Ok(Self::Rsa { modulus, exponent })
            }
            (der::EC, curve) => {
                let curve = der::NAMED_CURVES.iter().position(|named| *named == curve);
                let curve = Curve::ALL[curve.ok_or(KeyError::Unsupported)?];
                let point = info.key.strip_prefix(&[4]).filter(|point| point.len() == 2 * curve.bytes());
                let (x, y) = point.ok_or(KeyError::Invalid)?.split_at(curve.bytes());
                Ok(Self::Ec { curve, x, y })
            }
            (der::ED25519, _) => Ok(Self::Ed25519(info.key)),
            _ => Err(KeyError::Unsupported),
        }
    }
}

/// Whether a SubjectPublicKeyInfo holds a key of a type, form and size that is accepted, its point on the curve.
/// Allocates nothing.
pub(crate) fn check_spki(der: &[u8]) -> Result<(), KeyError> {
    match Spki::read(der)? {
        Spki::Rsa { modulus, exponent } => check_rsa(modulus, exponent),
        Spki::Ec { curve, x, y } => {
            if curve.contains(x, y) {
                Ok(())
            } else {
                Err(KeyError::Invalid)
            }
        }
        Spki::Ed25519(point) => {
            let encoded = point.try_into().map_err(|_| KeyError::Invalid)?;
            let strong = ed25519::is_canonical(encoded) && !ed25519::is_small_order(encoded);
            if strong && is_edwards_point(encoded) { Ok(()) } else { Err(KeyError::Invalid) }
        }
    }
}

/// RFC 7518 sections 3.3 and 3.5: PKCS #1 v1.5 or PSS with a salt as long as the hash.
fn rsa_parameters(alg: Algorithm) -> &'static sig::RsaParameters {
    match alg {
        Algorithm::Rs384 => &sig::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &sig::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &sig::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &sig::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &sig::RSA_PSS_2048_8192_SHA512,
        _ => &sig::RSA_PKCS1_2048_8192_SHA256,
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.key_type())
    }
}
