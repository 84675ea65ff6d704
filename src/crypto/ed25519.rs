//! Which encodings are refused as Ed25519 keys (RFC 8032 section 5.1.3): those of no point, or of a weak one.

use super::curve::{Field, LIMBS, add, mul, sub};
use super::limbs::{from_be_bytes, less, raw_sub};
use core::mem::swap;

/// The field prime 2^255 - 19, little-endian.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// The y coordinates of the points whose order divides 8, little-endian. Each occurs with either sign of x.
const SMALL_ORDER: [[u8; 32]; 5] = [
    small(0),
    small(1),
    {
        let mut minus_one = P;
        minus_one[0] = 0xec;
        minus_one
    },
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
];

const fn small(y: u8) -> [u8; 32] {
    let mut out = [0; 32];
    out[0] = y;
    out
}

fn without_sign(encoded: &[u8; 32]) -> [u8; 32] {
    let mut y = *encoded;
    y[31] &= 0x7f;
    y
}

/// Whether y is below the prime.
pub(super) fn is_canonical(encoded: &[u8; 32]) -> bool {
    without_sign(encoded).iter().rev().lt(P.iter().rev())
}

/// The coefficient d of -x^2 + y^2 = 1 + d x^2 y^2, little-endian limbs.
pub(super) const D: Field = [
    0x75eb_4dca_1359_78a3,
    0x0070_0a4d_4141_d8ab,
    0x8cc7_4079_7779_e898,
    0x5203_6cee_2b6f_fe73,
    0,
    0,
    0,
    0,
    0,
];

/// Whether a point of the curve has this y: (y^2 - 1) / (d y^2 + 1) is a square, and so is the product.
pub(super) fn is_point(encoded: &[u8; 32]) -> bool {
    let limbs = |little_endian: &[u8; 32]| {
        let mut bytes = *little_endian;
        bytes.reverse();
        from_be_bytes(&bytes)
    };
    let (p, y) = (limbs(&P), limbs(&without_sign(encoded)));
    let mut one = [0; LIMBS];
    one[0] = 1;
    let square = mul(&y, &y, &p);
    let numerator = sub(&square, &one, &p);
    let denominator = add(&mul(&D, &square, &p), &one, &p);
    jacobi(mul(&numerator, &denominator, &p), p) >= 0
}

/// The Jacobi symbol (a / n) for odd n: 1 for a square modulo a prime, -1 for a non-square, 0 for 0.
fn jacobi(mut a: Field, mut n: Field) -> i32 {
    let (zero, mut symbol) = ([0; LIMBS], 1);
    while a != zero {
        while a[0] & 1 == 0 {
            halve(&mut a);
            if matches!(n[0] & 7, 3 | 5) {
                symbol = -symbol;
            }
        }
        if less(&a, &n) {
            swap(&mut a, &mut n);
            if a[0] & 3 == 3 && n[0] & 3 == 3 {
                symbol = -symbol;
            }
        }
        a = raw_sub(&a, &n).0;
    }
    if n[0] == 1 && n[1..] == zero[1..] { symbol } else { 0 }
}

fn halve(a: &mut Field) {
    for i in 0..LIMBS {
        let above = a.get(i + 1).copied().unwrap_or_default();
        a[i] = (a[i] >> 1) | (above << 63);
    }
}

/// Whether a canonical encoding is that of a point of order 1, 2, 4 or 8.
pub(super) fn is_small_order(encoded: &[u8; 32]) -> bool {
    SMALL_ORDER.contains(&without_sign(encoded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::edwards::CompressedEdwardsY;
    use proptest::prelude::*;

    #[test]
    fn knows_the_eight_torsion_points() {
        for point in EIGHT_TORSION {
            assert!(is_small_order(&point.compress().0));
        }
        // Each listed y is one of theirs.
        for y in SMALL_ORDER {
            let point = CompressedEdwardsY(y).decompress().expect("a point");
            assert!(point.is_small_order());
        }
        let base = curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED.0;
        assert!(is_canonical(&base) && !is_small_order(&base));
    }

    proptest! {
        #[test]
        fn knows_which_encodings_are_points(encoded in any::<[u8; 32]>()) {
            if is_canonical(&encoded) {
                prop_assert_eq!(is_point(&encoded), CompressedEdwardsY(encoded).decompress().is_some());
            }
        }
    }

    #[test]
    fn values_from_the_prime_up_are_not_canonical() {
        for low in 0xed..=0xff {
            let mut encoded = P;
            encoded[0] = low;
            assert!(!is_canonical(&encoded));
            encoded[31] |= 0x80;
            assert!(!is_canonical(&encoded));
        }
        let mut below = P;
        below[0] = 0xec;
        assert!(is_canonical(&below));
    }
}
