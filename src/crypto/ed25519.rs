//! Which encodings are refused as Ed25519 keys (RFC 8032 section 5.1.3): those of no point, or of a weak one.

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

/// Whether a canonical encoding is that of a point of order 1, 2, 4 or 8.
pub(super) fn is_small_order(encoded: &[u8; 32]) -> bool {
    SMALL_ORDER.contains(&without_sign(encoded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::edwards::CompressedEdwardsY;

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
