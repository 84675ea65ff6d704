//! Ed25519 verification (RFC 8032 section 5.1.7, without the cofactor) where the multiples of base point and key are at
//! hand: s B - h A is about sixty additions and no doubling.

mod comb;
mod field;
mod known_answer;
mod point;
mod scalar;
#[cfg(test)]
mod tests;

use crate::crypto::ed25519::{is_canonical, is_small_order};
use crate::verdict::Reason;
use comb::Comb;
use point::{Affine, Sum};
use ring::digest::{Context, SHA512};
use std::sync::Arc;

/// Bits of a window of the base point, whose table all keys share.
const BASE_WINDOW: usize = 9;
/// Bits of a window of a key.
const KEY_WINDOW: usize = 7;

/// Points that are added up.
const TERMS: usize = Comb::<BASE_WINDOW>::TERMS + Comb::<KEY_WINDOW>::TERMS;

/// Whether a canonical encoding is that of a point.
pub(crate) fn is_edwards_point(encoded: &[u8; 32]) -> bool {
    Sum::decode(encoded).is_some()
}

/// The table of the base point.
pub(crate) struct Ed25519Base(Comb<BASE_WINDOW>);

impl Ed25519Base {
    /// Allocates, and takes some milliseconds.
    pub(crate) fn new() -> Self {
        Self(Comb::new(Sum::base()))
    }
}

/// A key with the multiples that checking its signatures adds up.
pub(crate) struct Ed25519Table {
    base: Arc<Ed25519Base>,
    encoded: [u8; 32],
    /// Of the key's opposite.
    opposite: Comb<KEY_WINDOW>,
}

impl Ed25519Table {
    /// A table for an encoded key; `None` if it is not the canonical encoding of a point, or of one of small order.
    pub(crate) fn new(base: Arc<Ed25519Base>, key: &[u8; 32]) -> Option<Self> {
        let point = Sum::decode(key).filter(|_| !is_small_order(key))?;
        Some(Self { base, encoded: *key, opposite: Comb::new(-point) })
    }

    /// Bytes on the heap, without the base point's.
    pub(crate) const fn bytes() -> usize {
        Comb::<KEY_WINDOW>::bytes()
    }

    /// Whether a table takes a published signature and refuses its neighbours. Makes a table for that.
    pub(crate) fn knows_answer() -> bool {
        known_answer::holds()
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
        self.combine(s, self.challenge(message, r)).is_encoded_as(r)
    }

    /// s B - h A. All points are fetched before the first is added: most are far from the processor, and so it waits for
    /// many at once instead of for one after the other.
    fn combine(&self, s: [u64; 4], h: [u64; 4]) -> Sum {
        let mut terms = [Affine::NONE; TERMS];
        let (base, key) = terms.split_at_mut(Comb::<BASE_WINDOW>::TERMS);
        self.base.0.fetch(&s, base);
        self.opposite.fetch(&h, key);
        let mut sum = Sum::NONE;
        for term in &terms {
            sum.add(term);
        }
        sum
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
