//! RSA verification for moduli of 2048, 3072 and 4096 bits and the exponent 65537: by AVX-512 IFMA, or by BMI2 and ADX.
//!
//! Verification only, and in variable time by design: key, message and signature are public. Nothing here may ever see
//! a secret.

mod encoding;
mod known;
mod limbs;
mod modulus;
mod montgomery;
#[cfg(test)]
mod tests;
mod tiles;

use super::lanes::Vectors;
use super::{Algorithm, KeyType, Message, PublicKey};
use crate::verdict::Reason;
use crate::wire::base64url;
use encoding::is_encoding_of;
use known::{KNOWN, Known};
use limbs::LimbModulus;
use modulus::Modulus;
use tiles::Tiles;

/// The only exponent taken: 65537, big-endian.
const EXPONENT: &[u8] = &[1, 0, 1];

/// The forms of the arithmetic: having one is the proof that the processor can do it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// Digits of 52 bits in the lanes of a vector.
    Lanes(Vectors),
    /// Limbs of 64 bits.
    Limbs(Tiles),
}

impl Form {
    /// The fastest one of this processor, if it has any; `vectors` are those that may be used.
    pub(crate) fn detect(vectors: Option<Vectors>) -> Option<Self> {
        vectors.map(Self::Lanes).or_else(|| Tiles::detect().map(Self::Limbs))
    }

    /// By emulation and, where it can, by the processor.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn every() -> Vec<Self> {
        let lanes = [Some(Vectors::emulated()), Vectors::detect()].map(|vectors| vectors.map(Self::Lanes));
        lanes.into_iter().flatten().chain(Tiles::every().into_iter().map(Self::Limbs)).collect()
    }
}

/// A modulus and what the products of a form need.
trait Opens<F>: Sized {
    /// From big-endian bytes, odd and with the top bit set.
    fn new(form: F, modulus: &[u8]) -> Self;
    /// Raises a signature to the power of 65537, both as long as the modulus; `None` for one that is not below it.
    fn open(&self, form: F, signature: &[u8], encoded: &mut [u8]) -> Option<()>;
}

/// An RSA key, prepared for a form: half a kilobyte to two.
pub(crate) struct RsaContext(Kind);

enum Kind {
    Lanes(Vectors, InLanes),
    Limbs(Tiles, InLimbs),
}

type InLanes = Lengths<Modulus<5>, Modulus<8>, Modulus<10>>;
type InLimbs = Lengths<LimbModulus<4>, LimbModulus<6>, LimbModulus<8>>;

enum Lengths<A, B, C> {
    Bits2048(Box<A>),
    Bits3072(Box<B>),
    Bits4096(Box<C>),
}

impl RsaContext {
    /// Prepares an RSA key of 2048, 3072 or 4096 bits with the exponent 65537; `None` for any other key.
    pub(super) fn new(form: Form, key: &PublicKey) -> Option<Self> {
        let modulus = modulus_of(key)?;
        Some(Self(match form {
            Form::Lanes(vectors) => Kind::Lanes(vectors, Lengths::new(vectors, modulus)?),
            Form::Limbs(tiles) => Kind::Limbs(tiles, Lengths::new(tiles, modulus)?),
        }))
    }

    /// Bytes on the heap for a key; `None` for one that is not taken.
    pub(super) fn bytes(form: Form, key: &PublicKey) -> Option<usize> {
        let length = modulus_of(key)?.len();
        match form {
            Form::Lanes(_) => InLanes::bytes(length),
            Form::Limbs(_) => InLimbs::bytes(length),
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
        alg: Algorithm,
        message: &Message<'_>,
        signature: &[u8],
    ) -> Result<(), Reason> {
        if alg.key_type() != KeyType::Rsa {
            return Err(Reason::AlgKeyMismatch);
        }
        let good = match &self.0 {
            Kind::Lanes(vectors, modulus) => modulus.is_good(*vectors, alg, message, signature),
            Kind::Limbs(tiles, modulus) => modulus.is_good(*tiles, alg, message, signature),
        };
        match good {
            None => Err(Reason::SignatureMalformed),
            Some(false) => Err(Reason::SignatureInvalid),
            Some(true) => Ok(()),
        }
    }
}

/// The modulus of a key with the right exponent, if it is odd and of whole bytes.
fn modulus_of(key: &PublicKey) -> Option<&[u8]> {
    let PublicKey::Rsa { modulus, exponent } = key else { return None };
    let taken = **exponent == *EXPONENT && modulus.first()? >> 7 == 1 && modulus.last()? & 1 == 1;
    taken.then_some(modulus)
}

impl<A, B, C> Lengths<A, B, C> {
    /// `None` for another length in bytes than these.
    fn bytes(length: usize) -> Option<usize> {
        match length {
            256 => Some(size_of::<A>()),
            384 => Some(size_of::<B>()),
            512 => Some(size_of::<C>()),
            _ => None,
        }
    }

    /// `None` for a modulus of another length than these.
    fn new<F>(form: F, modulus: &[u8]) -> Option<Self>
    where
        A: Opens<F>,
        B: Opens<F>,
        C: Opens<F>,
    {
        match modulus.len() {
            256 => Some(Self::Bits2048(Box::new(A::new(form, modulus)))),
            384 => Some(Self::Bits3072(Box::new(B::new(form, modulus)))),
            512 => Some(Self::Bits4096(Box::new(C::new(form, modulus)))),
            _ => None,
        }
    }

    /// `None` for a signature of another length than the modulus.
    fn is_good<F>(&self, form: F, alg: Algorithm, message: &Message<'_>, signature: &[u8]) -> Option<bool>
    where
        A: Opens<F>,
        B: Opens<F>,
        C: Opens<F>,
    {
        match self {
            Self::Bits2048(modulus) => is_good::<F, A, 256>(modulus, form, alg, message, signature),
            Self::Bits3072(modulus) => is_good::<F, B, 384>(modulus, form, alg, message, signature),
            Self::Bits4096(modulus) => is_good::<F, C, 512>(modulus, form, alg, message, signature),
        }
    }
}

/// `None` for a signature of another length than the modulus, which has `BYTES`.
fn is_good<F, N: Opens<F>, const BYTES: usize>(
    modulus: &N,
    form: F,
    alg: Algorithm,
    message: &Message<'_>,
    signature: &[u8],
) -> Option<bool> {
    let signature: &[u8; BYTES] = signature.try_into().ok()?;
    let mut encoded = [0; BYTES];
    let opened = modulus.open(form, signature, &mut encoded);
    Some(opened.is_some() && is_encoding_of(&encoded, alg, message))
}

/// Whether this form finds known signatures good, and altered ones bad: one for each length and padding.
pub(super) fn knows_answers(form: Form) -> bool {
    KNOWN.iter().all(|known| known_answer(form, known).is_some())
}

fn known_answer(form: Form, known: &Known) -> Option<()> {
    let decode = |text| base64url::decode(text).ok();
    let context = RsaContext::new(form, &PublicKey::rsa(&decode(known.modulus)?, EXPONENT).ok()?)?;
    for (alg, signature) in [(Algorithm::Rs256, known.rs256), (Algorithm::Ps256, known.ps256)] {
        let mut signature = decode(signature)?;
        let message = Message::new(b"");
        context.verify(alg, &message, &signature).ok()?;
        *signature.last_mut()? ^= 1;
        if context.verify(alg, &message, &signature) != Err(Reason::SignatureInvalid) {
            return None;
        }
    }
    Some(())
}
