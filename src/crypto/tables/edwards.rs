//! Ed25519 verification (RFC 8032 section 5.1.7, without the cofactor) where the multiples of base point and key are at
//! hand: s B - h A is about sixty additions and no doubling.

mod comb;
pub(super) mod field;
mod known_answer;
mod lanes;
mod point;
mod scalar;
#[cfg(test)]
mod tests;

use crate::crypto::ed25519::{is_canonical, is_small_order};
use crate::crypto::lanes::Vectors;
use crate::verdict::Reason;
use comb::Comb;
use field::Element;
use lanes::{Entry, pack};
use point::{Affine, Sum, is_encoding};
use ring::digest::{Context, SHA512};
use std::sync::Arc;

/// Bits of a window of the base point, whose table all keys share.
const BASE_WINDOW: usize = 9;
/// Bits of a window of a key.
const KEY_WINDOW: usize = 7;

/// Points that are added up.
const TERMS: usize = Comb::<Affine, BASE_WINDOW>::TERMS + Comb::<Affine, KEY_WINDOW>::TERMS;

/// Whether a canonical encoding is that of a point.
pub(crate) fn is_edwards_point(encoded: &[u8; 32]) -> bool {
    Sum::decode(encoded).is_some()
}

/// The base point's multiples and the form that they have, and with it the keys' tables.
pub(crate) struct Ed25519Base(Base);

enum Base {
    Portable(Arc<Comb<Affine, BASE_WINDOW>>),
    Lanes(Vectors, Arc<Comb<Entry, BASE_WINDOW>>),
}

impl Ed25519Base {
    /// Allocates, and takes some milliseconds.
    pub(crate) fn new(vectors: Option<Vectors>) -> Self {
        let comb = Comb::new(Sum::base());
        Self(match vectors {
            None => Base::Portable(Arc::new(comb)),
            Some(vectors) => Base::Lanes(vectors, Arc::new(pack(&comb))),
        })
    }
}

/// A key with the multiples that checking its signatures adds up.
pub(crate) struct Ed25519Table {
    encoded: [u8; 32],
    multiples: Multiples,
}

/// Those of the base point, and those of the key's opposite.
enum Multiples {
    Portable { base: Arc<Comb<Affine, BASE_WINDOW>>, opposite: Comb<Affine, KEY_WINDOW> },
    Lanes { vectors: Vectors, base: Arc<Comb<Entry, BASE_WINDOW>>, opposite: Comb<Entry, KEY_WINDOW> },
}

impl Ed25519Table {
    /// A table for an encoded key; `None` if it is not the canonical encoding of a point, or of one of small order.
    pub(crate) fn new(base: &Ed25519Base, key: &[u8; 32]) -> Option<Self> {
        let point = Sum::decode(key).filter(|_| !is_small_order(key))?;
        let opposite = Comb::new(-point);
        let multiples = match &base.0 {
            Base::Portable(base) => Multiples::Portable { base: Arc::clone(base), opposite },
            Base::Lanes(vectors, base) => {
                Multiples::Lanes { vectors: *vectors, base: Arc::clone(base), opposite: pack(&opposite) }
            }
        };
        Some(Self { encoded: *key, multiples })
    }

    /// Bytes on the heap, without the base point's.
    pub(crate) const fn bytes() -> usize {
        Comb::<Affine, KEY_WINDOW>::bytes()
    }

    /// Whether a table takes a published signature and refuses its neighbours. Makes a table for that.
    pub(crate) fn knows_answer(vectors: Option<Vectors>) -> bool {
        known_answer::holds(vectors)
    }

    /// Checks `signature`, 64 bytes, over `message`. Allocates nothing.
    ///
    /// # Errors
    /// `signature_malformed` for any other length, `signature_invalid`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Reason> {
        let (r, s) = signature.split_first_chunk().ok_or(Reason::SignatureMalformed)?;
        let s = s.try_into().map_err(|_| Reason::SignatureMalformed)?;
        if self.holds(message, r, s) { Ok(()) } else { Err(Reason::SignatureInvalid) }
    }

    /// Whether R is the canonical encoding of s B - h A, s below the order, and R not of small order.
    fn holds(&self, message: &[u8], r: &[u8; 32], s: &[u8; 32]) -> bool {
        let Some(s) = scalar::read(s) else { return false };
        if !is_canonical(r) || is_small_order(r) {
            return false;
        }
        is_encoding(r, self.multiples.combine([&s, &self.challenge(message, r)]))
    }

    /// h, SHA-512 of R, key and message, modulo the order.
    fn challenge(&self, message: &[u8], r: &[u8; 32]) -> [u64; 4] {
        let mut hash = Context::new(&SHA512);
        for part in [r, &self.encoded, message] {
            hash.update(part);
        }
        scalar::reduce(hash.finish().as_ref())
    }
}

impl Multiples {
    /// X, Y and Z of s B - h A.
    fn combine(&self, [s, h]: [&[u64; 4]; 2]) -> [Element; 3] {
        match self {
            Self::Portable { base, opposite } => combine(base, opposite, [s, h]),
            Self::Lanes { vectors, base, opposite } => lanes::combine(*vectors, base, opposite, [s, h]),
        }
    }
}

/// X, Y and Z of s B - h A. All points are fetched before the first is added: most are far from the processor, and so it
/// waits for many at once instead of for one after the other.
fn combine(
    base: &Comb<Affine, BASE_WINDOW>,
    opposite: &Comb<Affine, KEY_WINDOW>,
    [s, h]: [&[u64; 4]; 2],
) -> [Element; 3] {
    let mut terms = [Affine::NONE; TERMS];
    let (first, second) = terms.split_at_mut(Comb::<Affine, BASE_WINDOW>::TERMS);
    base.fetch(s, first);
    opposite.fetch(h, second);
    let mut sum = Sum::NONE;
    for term in &terms {
        sum.add(term);
    }
    [sum.x, sum.y, sum.z]
}
