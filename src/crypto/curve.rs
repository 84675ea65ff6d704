//! The three NIST curves, as far as loading a key needs them: is this point on the curve?

use super::limbs::{from_be_bytes, less, raw_add, raw_sub};

pub(super) const LIMBS: usize = 9;
pub(super) type Field = [u64; LIMBS];

/// A NIST prime curve (FIPS 186-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// The JWK `crv` name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Bytes of a coordinate, and of each half of a signature.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The field prime and the coefficient b of y^2 = x^3 - 3x + b, little-endian limbs.
    pub(super) const fn parameters(self) -> (Field, Field) {
        match self {
            Self::P256 => (
                [!0, 0xffff_ffff, 0, 0xffff_ffff_0000_0001, 0, 0, 0, 0, 0],
                [
                    0x3bce_3c3e_27d2_604b,
                    0x651d_06b0_cc53_b0f6,
                    0xb3eb_bd55_7698_86bc,
                    0x5ac6_35d8_aa3a_93e7,
                    0,
                    0,
                    0,
                    0,
                    0,
                ],
            ),
            Self::P384 => (
                [0xffff_ffff, 0xffff_ffff_0000_0000, !1, !0, !0, !0, 0, 0, 0],
                [
                    0x2a85_c8ed_d3ec_2aef,
                    0xc656_398d_8a2e_d19d,
                    0x0314_088f_5013_875a,
                    0x181d_9c6e_fe81_4112,
                    0x988e_056b_e3f8_2d19,
                    0xb331_2fa7_e23e_e7e4,
                    0,
                    0,
                    0,
                ],
            ),
            Self::P521 => (
                [!0, !0, !0, !0, !0, !0, !0, !0, 0x1ff],
                [
                    0xef45_1fd4_6b50_3f00,
                    0x3573_df88_3d2c_34f1,
                    0x1652_c0bd_3bb1_bf07,
                    0x5619_3951_ec7e_937b,
                    0xb8b4_8991_8ef1_09e1,
                    0xa2da_725b_99b3_15f3,
                    0x929a_21a0_b685_40ee,
                    0x953e_b961_8e1c_9a1f,
                    0x0051,
                ],
            ),
        }
    }

    /// Whether big-endian `x`, `y` of full length are an affine point of the curve (RFC 7518 section 6.2.1).
    pub(crate) fn contains(self, x: &[u8], y: &[u8]) -> bool {
        let (p, b) = self.parameters();
        let (Some(x), Some(y)) = (self.element(x, &p), self.element(y, &p)) else {
            return false;
        };
        let square = mul(&x, &x, &p);
        let minus_three = sub(&[0; LIMBS], &[3, 0, 0, 0, 0, 0, 0, 0, 0], &p);
        let right = add(&mul(&add(&square, &minus_three, &p), &x, &p), &b, &p);
        mul(&y, &y, &p) == right
    }

    fn element(self, bytes: &[u8], p: &Field) -> Option<Field> {
        if bytes.len() != self.bytes() {
            return None;
        }
        let limbs = from_be_bytes(bytes);
        less(&limbs, p).then_some(limbs)
    }
}

pub(super) fn add(a: &Field, b: &Field, p: &Field) -> Field {
    let (sum, _) = raw_add(a, b); // the ninth limb has room for the carry
    if less(&sum, p) { sum } else { raw_sub(&sum, p).0 }
}

pub(super) fn sub(a: &Field, b: &Field, p: &Field) -> Field {
    let (difference, borrowed) = raw_sub(a, b);
    if borrowed { raw_add(&difference, p).0 } else { difference }
}

/// a * b by doubling and adding: slow, and only used when a key is loaded.
pub(super) fn mul(a: &Field, b: &Field, p: &Field) -> Field {
    let mut product = [0; LIMBS];
    for limb in a.iter().rev() {
        for bit in (0..64).rev() {
            product = add(&product, &product, p);
            if limb >> bit & 1 == 1 {
                product = add(&product, b, p);
            }
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::elliptic_curve::sec1::ToEncodedPoint;
    use proptest::prelude::*;

    fn check(curve: Curve, sec1: &[u8]) {
        let (x, y) = sec1[1..].split_at(curve.bytes());
        assert!(curve.contains(x, y));
        let mut negated_x = x.to_vec();
        negated_x[0] ^= 1;
        assert!(!curve.contains(&negated_x, y));
        let mut off = y.to_vec();
        *off.last_mut().unwrap() ^= 1;
        assert!(!curve.contains(x, &off));
        assert!(!curve.contains(&x[1..], y));
        assert!(!curve.contains(&[&[0], x].concat(), y));
        // The prime itself and everything above are not field elements.
        assert!(!curve.contains(&vec![0xff; curve.bytes()], y));
        assert!(!curve.contains(&vec![0; curve.bytes()], &vec![0; curve.bytes()]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn knows_the_points_that_rustcrypto_makes(seed in 1u64..) {
            check(Curve::P256, (p256::ProjectivePoint::GENERATOR * p256::Scalar::from(seed)).to_encoded_point(false).as_bytes());
            check(Curve::P384, (p384::ProjectivePoint::GENERATOR * p384::Scalar::from(seed)).to_encoded_point(false).as_bytes());
            check(Curve::P521, (p521::ProjectivePoint::GENERATOR * p521::Scalar::from(seed)).to_encoded_point(false).as_bytes());
        }
    }
}
