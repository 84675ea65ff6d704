//! ECDSA verification (FIPS 186-5 section 6.4.2) where the multiples of base point and key are at hand.

#![allow(clippy::inline_always)] // or a processor's own multiplications stay unused

use super::comb::Comb;
use super::curves::{Element, Weierstrass};
use super::field::{Modulus, Residue, reduce_once};
#[cfg(test)]
use super::lanes::in_lanes;
use super::lanes::{InLanes, Packed, combine};
use super::point::{Affine, Sum};
use super::straus;
use crate::crypto::lanes::Vectors;
use crate::crypto::limbs::{from_be_bytes, less, raw_add};
use crate::crypto::mulx::{self, Work};
use crate::crypto::prefetch::prefetch;
use crate::verdict::Reason;
use std::sync::Arc;

/// The base point's multiples and the form that they have, and with it the keys' tables.
pub(super) enum Base<C: Weierstrass<N>, const N: usize> {
    Portable(Arc<Comb<C, N>>),
    Lanes(Vectors, Arc<Packed<C, N>>),
}

impl<C: InLanes<N>, const N: usize> Base<C, N> {
    pub(super) fn new(vectors: Option<Vectors>, window: usize) -> Self {
        let comb = Comb::new(Affine::base(), window);
        match vectors {
            None => Self::Portable(Arc::new(comb)),
            Some(vectors) => Self::Lanes(vectors, Arc::new(Packed::new(&comb))),
        }
    }
}

/// A key with the multiples that checking its signatures adds up.
pub(super) enum Table<C: Weierstrass<N>, const N: usize> {
    Portable { base: Arc<Comb<C, N>>, key: Comb<C, N> },
    Lanes { vectors: Vectors, base: Arc<Packed<C, N>>, key: Packed<C, N> },
}

impl<C: InLanes<N>, const N: usize> Table<C, N> {
    /// A table for big-endian `x`, `y`, the coordinates of a point of the curve.
    pub(super) fn new(base: &Base<C, N>, x: &[u8], y: &[u8]) -> Self {
        Self::with_window(base, x, y, C::KEY_WINDOW)
    }

    pub(super) fn with_window(base: &Base<C, N>, x: &[u8], y: &[u8], window: usize) -> Self {
        let key = Comb::new(Affine::read(x, y), window);
        match base {
            Base::Portable(base) => Self::Portable { base: Arc::clone(base), key },
            Base::Lanes(vectors, base) => {
                Self::Lanes { vectors: *vectors, base: Arc::clone(base), key: Packed::new(&key) }
            }
        }
    }

    /// Bytes on the heap, without the base point's and what aligns them.
    pub(super) fn bytes() -> usize {
        Comb::<C, N>::bytes(C::KEY_WINDOW)
    }

    /// Checks r and s, big-endian of full length, over `digest`.
    ///
    /// # Errors
    /// `signature_malformed` for any other length, `signature_invalid`.
    pub(super) fn verify(&self, digest: &[u8], signature: &[u8]) -> Result<(), Reason> {
        verify::<C, N>(digest, signature, |u1, u2| self.combine(u1, u2))
    }

    /// X and ZZ of u1 G + u2 Q.
    fn combine(&self, u1: &[u64; N], u2: &[u64; N]) -> [Element<C, N>; 2] {
        match self {
            Self::Portable { base, key } => mulx::run(Combine([(base, u1), (key, u2)])),
            Self::Lanes { vectors, base, key } => combine(*vectors, [base, key], [u1, u2]),
        }
    }
}

/// Terms of the longest scalars at the smallest windows there are, the self-test's.
const MOST_TERMS: usize = 2 * 521_usize.div_ceil(5);

/// A sum of multiples: X and ZZ.
struct Combine<'a, C: Weierstrass<N>, const N: usize>([(&'a Comb<C, N>, &'a [u64; N]); 2]);

impl<C: Weierstrass<N>, const N: usize> Work for Combine<'_, C, N> {
    type Output = [Element<C, N>; 2];

    #[inline(always)]
    fn run(self) -> [Element<C, N>; 2] {
        let (mut terms, mut count) = ([None; MOST_TERMS], 0);
        for (comb, scalar) in self.0 {
            comb.terms(scalar, |point, minus| {
                prefetch(point);
                terms[count] = Some((point, minus));
                count += 1;
            });
        }
        let mut sum = Sum::INFINITY;
        for (point, minus) in terms.iter().map_while(|term| *term) {
            sum.add(&point.signed(minus));
        }
        [sum.x, sum.zz]
    }
}

#[cfg(test)]
impl<C: InLanes<N>, const N: usize> Table<C, N> {
    pub(super) fn lanes_can_tell(&self, scalars: [&num_bigint::BigUint; 2]) -> bool {
        let [u1, u2] = scalars.map(|scalar| from_be_bytes(&scalar.to_bytes_be()));
        match self {
            Self::Portable { .. } => false,
            Self::Lanes { vectors, base, key } => in_lanes(*vectors, [base, key], [&u1, &u2]).is_some(),
        }
    }
}

/// Checks r and s, big-endian of full length, over `digest`; `combine` gives X and ZZ of u1 G + u2 Q.
///
/// # Errors
/// `signature_malformed` for any other length, `signature_invalid`.
fn verify<C: Weierstrass<N>, const N: usize>(
    digest: &[u8],
    signature: &[u8],
    combine: impl FnOnce(&[u64; N], &[u64; N]) -> [Element<C, N>; 2],
) -> Result<(), Reason> {
    if signature.len() != 2 * C::CURVE.bytes() {
        return Err(Reason::SignatureMalformed);
    }
    let (r, s) = signature.split_at(C::CURVE.bytes());
    let r = scalar::<C, N>(r).ok_or(Reason::SignatureInvalid)?;
    let s = scalar::<C, N>(s).ok_or(Reason::SignatureInvalid)?;
    let inverse = Residue::<C::Order, N>::inverse_of(&s);
    let u1 = inverse.times_plain(&truncate::<C, N>(digest));
    let u2 = inverse.times_plain(&r);
    if has_x::<C, N>(combine(&u1, &u2), r) { Ok(()) } else { Err(Reason::SignatureInvalid) }
}

/// Checks a signature by a key without a table, big-endian `x`, `y`: a point of the curve. Allocates nothing.
///
/// # Errors
/// Those of [`Table::verify`].
pub(super) fn verify_without_table<C: Weierstrass<N>, const N: usize>(
    x: &[u8],
    y: &[u8],
    digest: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    verify::<C, N>(digest, signature, |u1, u2| {
        let sum = straus::combine::<C, N>(u1, u2, Affine::read(x, y));
        [sum.x, sum.zz]
    })
}

/// An integer from 1 to n - 1.
fn scalar<C: Weierstrass<N>, const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let limbs = from_be_bytes(bytes);
    (limbs != [0; N] && less(&limbs, &C::Order::VALUE)).then_some(limbs)
}

/// As many leading bits of the digest as the order has, modulo the order.
fn truncate<C: Weierstrass<N>, const N: usize>(digest: &[u8]) -> [u64; N] {
    let length = C::BITS.div_ceil(8);
    let Some(head) = digest.get(..length) else {
        return reduce_once::<C::Order, N>(from_be_bytes(digest));
    };
    let mut limbs: [u64; N] = from_be_bytes(head);
    let excess = length * 8 - C::BITS;
    if excess > 0 {
        for i in 0..N {
            let above = limbs.get(i + 1).map_or(0, |above| above << (64 - excess));
            limbs[i] = limbs[i] >> excess | above;
        }
    }
    reduce_once::<C::Order, N>(limbs)
}

/// Whether X / ZZ is r modulo n. It is not worked out: x can only be r or r + n, because n is below p and p below 2 n.
fn has_x<C: Weierstrass<N>, const N: usize>([x, zz]: [Element<C, N>; 2], r: [u64; N]) -> bool {
    if zz.is_zero() {
        return false;
    }
    let is_x = |candidate: &[u64; N]| Element::<C, N>::of(candidate) * zz == x;
    let (second, carried) = raw_add(&r, &C::Order::VALUE);
    is_x(&r) || (!carried && less(&second, &C::Prime::VALUE) && is_x(&second))
}
