//! The three NIST curves, by name and size; `tables::curves` has their arithmetic.

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
