//! Unsigned integers of a fixed number of 64-bit limbs, least significant first.

#![allow(clippy::inline_always)] // part of one run of instructions, or it is slow

/// Big-endian bytes, no more than fit.
pub(super) fn from_be_bytes<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let mut limbs = [0; N];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks(8)) {
        *limb = chunk.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    }
    limbs
}

/// Little-endian bytes, no more than fit.
pub(super) fn from_le_bytes<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let mut limbs = [0; N];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks(8)) {
        *limb = chunk.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
    }
    limbs
}

#[inline(always)]
pub(super) fn less<const N: usize>(a: &[u64; N], b: &[u64; N]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// a - b, and whether it borrowed.
#[inline(always)]
pub(super) fn raw_sub<const N: usize>(a: &[u64; N], b: &[u64; N]) -> ([u64; N], bool) {
    borrowing_sub(a, b, false)
}

/// a + b, and whether it carried.
#[inline(always)]
pub(super) fn raw_add<const N: usize>(a: &[u64; N], b: &[u64; N]) -> ([u64; N], bool) {
    carrying_add(a, b, false)
}

/// a - b - borrow, and whether it borrowed.
#[inline(always)]
pub(super) fn borrowing_sub<const N: usize>(
    a: &[u64; N],
    b: &[u64; N],
    mut borrow: bool,
) -> ([u64; N], bool) {
    let mut out = [0; N];
    for i in 0..N {
        (out[i], borrow) = a[i].borrowing_sub(b[i], borrow);
    }
    (out, borrow)
}

/// a + b + carry, and whether it carried.
#[inline(always)]
pub(super) fn carrying_add<const N: usize>(a: &[u64; N], b: &[u64; N], mut carry: bool) -> ([u64; N], bool) {
    let mut out = [0; N];
    for i in 0..N {
        (out[i], carry) = a[i].carrying_add(b[i], carry);
    }
    (out, carry)
}

/// -1 / n mod 2^64 by Newton's iteration: every step doubles the number of right bits, of which odd n has three.
pub(super) const fn negated_inverse(n: u64) -> u64 {
    let (mut inverse, mut bits) = (n, 3);
    while bits < 64 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(n.wrapping_mul(inverse)));
        bits *= 2;
    }
    inverse.wrapping_neg()
}
