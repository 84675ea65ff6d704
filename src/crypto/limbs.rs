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
    let (mut out, mut borrow) = ([0; N], false);
    for i in 0..N {
        (out[i], borrow) = a[i].borrowing_sub(b[i], borrow);
    }
    (out, borrow)
}

/// a + b, and whether it carried.
#[inline(always)]
pub(super) fn raw_add<const N: usize>(a: &[u64; N], b: &[u64; N]) -> ([u64; N], bool) {
    let (mut out, mut carry) = ([0; N], false);
    for i in 0..N {
        (out[i], carry) = a[i].carrying_add(b[i], carry);
    }
    (out, carry)
}
