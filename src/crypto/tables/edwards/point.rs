//! Points of -x^2 + y^2 = 1 + d x^2 y^2.
//!
//! d is no square and -1 is one, so the addition formulas hold for every two points: equal, opposite or neutral, and of
//! any order ("Twisted Edwards Curves", Bernstein, Birkner, Joye, Lange and Peters, 2008, theorem 3.3 and section 6; RFC 8032
//! section 5.1.4). There are no exceptional cases to look for, and Z is never zero.

#![allow(clippy::inline_always)] // an addition is one run of instructions, or it is slow
#![allow(clippy::many_single_char_names)] // the formulas'

use super::super::field::Residue;
use super::field::{Element, Prime};
use crate::crypto::ed25519;

/// A point to add: y + x, y - x and 2 d x y.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affine {
    sum: Element,
    difference: Element,
    product: Element,
}

impl Affine {
    /// The neutral element.
    pub(super) const NONE: Self =
        Self { sum: Element::ONE, difference: Element::ONE, product: Element::ZERO };

    fn of(x: Element, y: Element) -> Self {
        Self { sum: y + x, difference: y - x, product: (x * y * Element::D).double() }
    }

    /// y + x, y - x and 2 d x y.
    pub(super) fn coordinates(&self) -> [Element; 3] {
        [self.sum, self.difference, self.product]
    }

    /// The point or, where `minus`, its opposite.
    #[inline(always)]
    pub(super) fn signed(&self, minus: bool) -> Self {
        if minus {
            Self { sum: self.difference, difference: self.sum, product: -self.product }
        } else {
            *self
        }
    }
}

/// A sum of points: x = X / Z, y = Y / Z, and T = X Y / Z.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    pub(super) x: Element,
    pub(super) y: Element,
    pub(super) z: Element,
    t: Element,
}

impl Sum {
    /// The neutral element.
    pub(super) const NONE: Self =
        Self { x: Element::ZERO, y: Element::ONE, z: Element::ONE, t: Element::ZERO };

    /// The base point (RFC 8032 section 5.1).
    pub(super) fn base() -> Self {
        Self::of(Element::BASE[0], Element::BASE[1])
    }

    pub(super) fn of(x: Element, y: Element) -> Self {
        Self { x, y, z: Element::ONE, t: x * y }
    }

    /// The point of a canonical encoding (RFC 8032 section 5.1.3).
    pub(super) fn decode(encoded: &[u8; 32]) -> Option<Self> {
        let (y, odd) = split(encoded)?;
        let square = y.square();
        let x = (square - Element::ONE).root_over(Element::D * square + Element::ONE)?;
        if odd && x == Element::ZERO {
            return None;
        }
        Some(Self::of(if x.is_odd() == odd { x } else { -x }, y))
    }

    /// Adds a point. "madd-2008-hwcd-3" of the Explicit-Formulas Database.
    #[inline(always)]
    pub(super) fn add(&mut self, point: &Affine) {
        let a = (self.y - self.x) * point.difference;
        let b = (self.y + self.x) * point.sum;
        let c = self.t * point.product;
        let d = self.z.double();
        let (e, f, g, h) = (b - a, d - c, d + c, b + a);
        *self = Self { x: e * f, y: g * h, z: f * g, t: e * h };
    }

    /// The point to add, where 1 / Z is known.
    pub(super) fn scaled(&self, over_z: Residue<Prime, 4>) -> Affine {
        Affine::of(self.x.times(over_z), self.y.times(over_z))
    }

    /// Twice the point. "dbl-2008-hwcd", all signs turned.
    pub(super) fn double(&self) -> Self {
        let (a, b) = (self.x.square(), self.y.square());
        let h = a + b;
        let (e, g) = (h - (self.x + self.y).square(), a - b);
        let f = self.z.square().double() + g;
        Self { x: e * f, y: g * h, z: f * g, t: e * h }
    }
}

impl core::ops::Neg for Sum {
    type Output = Self;

    fn neg(self) -> Self {
        Self { x: -self.x, t: -self.t, ..self }
    }
}

/// Whether an encoding is that of X / Z and Y / Z: nothing but the canonical one is. One inversion, and only where y fits.
pub(super) fn is_encoding(encoded: &[u8; 32], [x, y, z]: [Element; 3]) -> bool {
    split(encoded).is_some_and(|(encoded_y, odd)| encoded_y * z == y && x.over(z).is_odd() == odd)
}

/// y below the prime, and whether x is odd.
fn split(encoded: &[u8; 32]) -> Option<(Element, bool)> {
    let mut y = *encoded;
    y[31] &= 0x7f;
    ed25519::is_canonical(encoded).then(|| (Element::read(&y), encoded[31] >> 7 == 1))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::crypto::tables::reference::Random;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
    use curve25519_dalek::scalar::Scalar;
    use curve25519_dalek::traits::Identity;

    impl Sum {
        pub(in super::super) fn is_encoded_as(&self, encoded: &[u8; 32]) -> bool {
            is_encoding(encoded, [self.x, self.y, self.z])
        }
    }

    pub(in super::super) fn read(point: EdwardsPoint) -> Sum {
        Sum::decode(&point.compress().0).unwrap()
    }

    /// Whether it is that point, by the check that verifying uses and by T = X Y / Z.
    pub(in super::super) fn is(sum: &Sum, point: EdwardsPoint) -> bool {
        sum.is_encoded_as(&point.compress().0) && sum.t * sum.z == sum.x * sum.y
    }

    /// The neutral element, points of every small order, of prime order and of mixed order, opposites of each other.
    fn points() -> Vec<EdwardsPoint> {
        let odd = ED25519_BASEPOINT_POINT * Scalar::from(12345u32);
        let mut all = EIGHT_TORSION.to_vec();
        all.extend([ED25519_BASEPOINT_POINT, odd, -odd, ED25519_BASEPOINT_POINT + odd]);
        all.extend(EIGHT_TORSION[1..].iter().map(|weak| odd + weak));
        all.extend(EIGHT_TORSION[1..3].iter().map(|weak| -odd - weak));
        all
    }

    /// There is no exceptional case: every pair is added by the same formula, with Z one and not.
    #[test]
    fn adds_and_doubles_every_pair() {
        for a in points() {
            for b in points() {
                let term = read(b).scaled(Residue::ONE);
                let mut sum = read(a);
                sum.add(&term);
                assert!(is(&sum, a + b));
                sum.add(&term);
                assert!(is(&sum, a + b + b));
                sum.add(&term.signed(true));
                assert!(is(&sum, a + b));
                assert!(is(&sum.double(), a + b + a + b));
                assert!(is(&-sum, -a - b));
                sum.add(&term.signed(true));
                sum.add(&read(a).scaled(Residue::ONE).signed(true));
                assert!(is(&sum, EdwardsPoint::identity()));
                sum.add(&Affine::NONE);
                assert!(is(&sum.double(), EdwardsPoint::identity()));
            }
        }
        assert!(is(&Sum::base(), ED25519_BASEPOINT_POINT));
        assert!(is(&Sum::NONE, EdwardsPoint::identity()));
    }

    #[test]
    fn scales_back() {
        let mut sum = read(ED25519_BASEPOINT_POINT).double().double();
        let term = sum.scaled(sum.z.residue().invert());
        sum.add(&term);
        assert!(is(&sum, ED25519_BASEPOINT_POINT * Scalar::from(8u32)));
    }

    /// One encoding only: no other of the same y modulo the prime, and not the other sign.
    #[test]
    fn has_one_encoding() {
        for point in points() {
            let sum = read(point).double().double();
            let point = point + point + point + point;
            let encoded = point.compress().0;
            assert!(sum.is_encoded_as(&encoded));
            for bit in 0..256 {
                let mut other = encoded;
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(!sum.is_encoded_as(&other), "{bit} {encoded:02x?}");
            }
        }
        // 1 + p for the neutral element, and its x of 0 with a sign.
        let mut above = [0xff; 32];
        (above[0], above[31]) = (0xee, 0x7f);
        assert!(!Sum::NONE.is_encoded_as(&above));
        above[31] |= 0x80;
        assert!(!Sum::NONE.is_encoded_as(&above));
        let mut signed = [0; 32];
        (signed[0], signed[31]) = (1, 0x80);
        assert!(!Sum::NONE.is_encoded_as(&signed));
        assert!(Sum::decode(&signed).is_none());
    }

    #[test]
    fn decodes_what_dalek_decodes() {
        let (mut random, mut points) = (Random::new(23), 0);
        for small in 0..40 {
            let mut encoded = [0; 32];
            encoded[0] = small;
            points += usize::from(decodes_alike(&encoded));
            encoded[31] = 0x80;
            // dalek takes the sign of an x that is zero; RFC 8032 section 5.1.3 does not.
            if small == 1 {
                assert!(Sum::decode(&encoded).is_none());
            } else {
                points += usize::from(decodes_alike(&encoded));
            }
        }
        for _ in 0..200 {
            points += usize::from(decodes_alike(random.bytes(32).first_chunk().unwrap()));
        }
        assert!((100..180).contains(&points), "{points}");
        for low in 0xed..=0xff {
            let mut encoded = [0xff; 32];
            encoded[0] = low;
            assert!(Sum::decode(&encoded).is_none());
            encoded[31] = 0x7f;
            assert!(Sum::decode(&encoded).is_none());
        }
    }

    fn decodes_alike(encoded: &[u8; 32]) -> bool {
        let expected = CompressedEdwardsY(*encoded).decompress();
        let sum = Sum::decode(encoded);
        assert_eq!(sum.is_some(), expected.is_some(), "{encoded:02x?}");
        assert!(sum.zip(expected).is_none_or(|(sum, point)| is(&sum, point)));
        sum.is_some()
    }
}
