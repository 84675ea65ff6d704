//! RSA verification by AVX-512 IFMA: for moduli of 2048, 3072 and 4096 bits and the exponent 65537.
//!
//! Verification only, and in variable time by design: key, message and signature are public. Nothing here may ever see
//! a secret.

mod encoding;
mod known;
mod modulus;
mod montgomery;
#[cfg(test)]
mod tests;

use super::lanes::Vectors;
use super::{Algorithm, KeyType, PublicKey};
use crate::verdict::Reason;
use crate::wire::base64url;
use encoding::is_encoding_of;
use known::{KNOWN, Known};
use modulus::Modulus;
use montgomery::Power;

/// The only exponent taken: 65537, big-endian.
const EXPONENT: &[u8] = &[1, 0, 1];

/// An RSA key, prepared for [`Vectors`]: one to two kilobytes.
pub(crate) struct RsaContext(Length);

enum Length {
    Bits2048(Box<Modulus<5>>),
    Bits3072(Box<Modulus<8>>),
    Bits4096(Box<Modulus<10>>),
}

impl RsaContext {
    /// Prepares an RSA key of 2048, 3072 or 4096 bits with the exponent 65537; `None` for any other key.
    pub(super) fn new(key: &PublicKey) -> Option<Self> {
        let PublicKey::Rsa { modulus, .. } = key else { return None };
        Self::bytes(key)?;
        Some(Self(match modulus.len() {
            256 => Length::Bits2048(Box::new(Modulus::new(modulus))),
            384 => Length::Bits3072(Box::new(Modulus::new(modulus))),
            512 => Length::Bits4096(Box::new(Modulus::new(modulus))),
            _ => return None,
        }))
    }

    /// Bytes on the heap for a key; `None` for one that is not taken.
    pub(super) fn bytes(key: &PublicKey) -> Option<usize> {
        let PublicKey::Rsa { modulus, exponent } = key else { return None };
        match modulus.len() {
            _ if **exponent != *EXPONENT || modulus.first()? >> 7 == 0 || modulus.last()? & 1 == 0 => None,
            256 => Some(size_of::<Modulus<5>>()),
            384 => Some(size_of::<Modulus<8>>()),
            512 => Some(size_of::<Modulus<10>>()),
            _ => None,
        }
    }

    /// Checks `signature` over `message` (RFC 8017 sections 8.1.2, 8.2.2), as [`PublicKey::verify`] does. Allocates
    /// nothing.
    ///
    /// # Errors
    /// `alg_key_mismatch` for an algorithm that is not RSA's, `signature_malformed` for a signature that is not as long
    /// as the modulus, `signature_invalid`.
    pub(super) fn verify(
        &self,
        vectors: Vectors,
        alg: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Reason> {
        if alg.key_type() != KeyType::Rsa {
            return Err(Reason::AlgKeyMismatch);
        }
        let good = match &self.0 {
            Length::Bits2048(modulus) => is_good::<5, 256>(modulus, vectors, alg, message, signature),
            Length::Bits3072(modulus) => is_good::<8, 384>(modulus, vectors, alg, message, signature),
            Length::Bits4096(modulus) => is_good::<10, 512>(modulus, vectors, alg, message, signature),
        };
        match good {
            None => Err(Reason::SignatureMalformed),
            Some(false) => Err(Reason::SignatureInvalid),
            Some(true) => Ok(()),
        }
    }
}

/// `None` for a signature of another length than the modulus, which has `BYTES`.
fn is_good<const V: usize, const BYTES: usize>(
    modulus: &Modulus<V>,
    vectors: Vectors,
    alg: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let signature: &[u8; BYTES] = signature.try_into().ok()?;
    let Some(base) = modulus.read(signature) else { return Some(false) };
    let mut encoded = [0; BYTES];
    modulus.write(&vectors.run(Power { modulus, base: &base }), &mut encoded);
    Some(is_encoding_of(&encoded, alg, message))
}

/// Whether these vectors find known signatures good, and altered ones bad: one for each length and padding.
pub(super) fn known_answers(vectors: Vectors) -> bool {
    KNOWN.iter().all(|known| known_answer(vectors, known).is_some())
}

fn known_answer(vectors: Vectors, known: &Known) -> Option<()> {
    let decode = |text| base64url::decode(text).ok();
    let context = RsaContext::new(&PublicKey::rsa(&decode(known.modulus)?, EXPONENT).ok()?)?;
    for (alg, signature) in [(Algorithm::Rs256, known.rs256), (Algorithm::Ps256, known.ps256)] {
        let mut signature = decode(signature)?;
        context.verify(vectors, alg, b"", &signature).ok()?;
        *signature.last_mut()? ^= 1;
        if context.verify(vectors, alg, b"", &signature) != Err(Reason::SignatureInvalid) {
            return None;
        }
    }
    Some(())
}
