//! Adding points of y^2 = x^3 - 3 x + b: complete, by looking for the exceptional cases instead of avoiding them.

#![allow(clippy::inline_always)] // part of one run of instructions, or it is slow
#![allow(clippy::many_single_char_names)] // the formulas'

use super::curves::{Element, P256, P384, P521, Weierstrass};
use super::field::{Modulus, Residue};
use crate::crypto::Curve;
use crate::crypto::limbs::{from_be_bytes, less};

/// A point that is not infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Affine<C: Weierstrass<N>, const N: usize> {
    pub(super) x: Element<C, N>,
    pub(super) y: Element<C, N>,
}

impl<C: Weierstrass<N>, const N: usize> Affine<C, N> {
    pub(super) fn base() -> Self {
        let [x, y] = C::BASE;
        Self { x: Element::<C, N>::of(&x), y: Element::<C, N>::of(&y) }
    }

    /// The point of big-endian coordinates below the prime.
    pub(super) fn read(x: &[u8], y: &[u8]) -> Self {
        Self { x: Element::<C, N>::of(&from_be_bytes(x)), y: Element::<C, N>::of(&from_be_bytes(y)) }
    }

    /// The point or, where `minus`, its opposite.
    #[inline(always)]
    pub(super) fn signed(&self, minus: bool) -> Self {
        Self { x: self.x, y: (-self.y).or(self.y, minus) }
    }

    /// Whether y^2 = x^3 - 3 x + b.
    fn is_on_curve(&self) -> bool {
        let three = triple(Element::<C, N>::ONE);
        self.y.square() == (self.x.square() - three) * self.x + Element::<C, N>::of(&C::B)
    }
}

impl Curve {
    /// Whether big-endian `x`, `y` of full length are an affine point of the curve (RFC 7518 section 6.2.1).
    pub(crate) fn contains(self, x: &[u8], y: &[u8]) -> bool {
        match self {
            Self::P256 => has_point::<P256, 4>(x, y),
            Self::P384 => has_point::<P384, 6>(x, y),
            Self::P521 => has_point::<P521, 9>(x, y),
        }
    }
}

fn has_point<C: Weierstrass<N>, const N: usize>(x: &[u8], y: &[u8]) -> bool {
    let is_coordinate =
        |bytes: &[u8]| bytes.len() == C::CURVE.bytes() && less(&from_be_bytes(bytes), &C::Prime::VALUE);
    is_coordinate(x) && is_coordinate(y) && Affine::<C, N>::read(x, y).is_on_curve()
}

/// A sum of points: x = X / ZZ and y = Y / ZZZ with ZZ^3 = ZZZ^2; ZZ is zero for infinity.
#[derive(Clone, Copy)]
pub(super) struct Sum<C: Weierstrass<N>, const N: usize> {
    pub(super) x: Element<C, N>,
    pub(super) y: Element<C, N>,
    pub(super) zz: Element<C, N>,
    pub(super) zzz: Element<C, N>,
}

impl<C: Weierstrass<N>, const N: usize> Sum<C, N> {
    pub(super) const INFINITY: Self = Self {
        x: Element::<C, N>::ONE,
        y: Element::<C, N>::ONE,
        zz: Element::<C, N>::ZERO,
        zzz: Element::<C, N>::ZERO,
    };

    #[inline]
    pub(super) fn is_infinity(&self) -> bool {
        self.zz.is_zero()
    }

    /// Adds a point. "madd-2008-s" of the Explicit-Formulas Database.
    #[inline(always)]
    pub(super) fn add(&mut self, point: &Affine<C, N>) {
        if self.is_infinity() {
            *self = Self::of(point.x, point.y);
            return;
        }
        let p = point.x * self.zz - self.x;
        let r = point.y * self.zzz - self.y;
        if p.is_zero() {
            *self = if r.is_zero() { self.double() } else { Self::INFINITY };
            return;
        }
        // In an order that leaves no product waiting for the one before it.
        let pp = p.square();
        let rr = r.square();
        let q = self.x * pp;
        let ppp = p * pp;
        self.zz = self.zz * pp;
        let x = rr - ppp - q.double();
        self.zzz = self.zzz * ppp;
        let below = self.y * ppp;
        self.y = r * (q - x) - below;
        self.x = x;
    }

    /// Twice the point. "dbl-2008-s-1"; no point has order two, so that only infinity doubles to infinity.
    pub(super) fn double(&self) -> Self {
        let u = self.y.double();
        let v = u.square();
        let w = u * v;
        let s = self.x * v;
        let m = triple(self.x.square() - self.zz.square());
        let x = m.square() - s.double();
        Self { x, y: m * (s - x) - w * self.y, zz: v * self.zz, zzz: w * self.zzz }
    }

    /// The point, which is not infinity, given 1 / ZZZ.
    pub(super) fn over(&self, inverse: Element<C, N>) -> Affine<C, N> {
        let over_z = inverse * self.zz;
        Affine { x: self.x * over_z.square(), y: self.y * inverse }
    }

    pub(super) fn of(x: Element<C, N>, y: Element<C, N>) -> Self {
        Self { x, y, zz: Element::<C, N>::ONE, zzz: Element::<C, N>::ONE }
    }
}

pub(super) fn triple<M: Modulus<N>, const N: usize>(x: Residue<M, N>) -> Residue<M, N> {
    x.double() + x
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::curves::{P256, P384, P521};
    use super::super::reference;
    use super::*;
    use num_bigint::BigUint;

    /// The point of an uncompressed SEC 1 encoding.
    pub(in super::super) fn read<C: Weierstrass<N>, const N: usize>(sec1: &[u8]) -> Affine<C, N> {
        let (x, y) = sec1[1..].split_at(C::CURVE.bytes());
        Affine::read(x, y)
    }

    /// The SEC 1 encoding of a sum.
    pub(in super::super) fn encode<C: Weierstrass<N>, const N: usize>(sum: &Sum<C, N>) -> Vec<u8> {
        if sum.is_infinity() {
            return vec![0];
        }
        let mut one = [0; N];
        one[0] = 1;
        let coordinate = |value: Element<C, N>, over: Element<C, N>| {
            let plain = (value * over.invert()).times_plain(&one);
            let bytes: Vec<u8> = plain.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
            bytes[bytes.len() - C::CURVE.bytes()..].to_vec()
        };
        [vec![4], coordinate(sum.x, sum.zz), coordinate(sum.y, sum.zzz)].concat()
    }

    /// Sums and doubles of small multiples: equal, opposite and infinite ones, with Z one and not.
    fn adds_every_pair<C: Weierstrass<N>, const N: usize>() {
        let multiple = |k: i64| {
            let size = BigUint::from(k.unsigned_abs() * 7) % reference::order(C::CURVE);
            let positive = if k < 0 { reference::order(C::CURVE) - size } else { size };
            reference::multiple(C::CURVE, &positive)
        };
        let point = |k: i64| read::<C, N>(&multiple(k));
        for i in -4..=4 {
            let mut scaled = Sum::INFINITY;
            scaled.add(&point(i + 11));
            scaled.add(&point(11).signed(true));
            let plain = if i == 0 { Sum::INFINITY } else { Sum::of(point(i).x, point(i).y) };
            for start in [plain, scaled] {
                assert_eq!(encode(&start), multiple(i));
                assert_eq!(encode(&start.double()), multiple(2 * i));
                for j in 1..=4 {
                    for minus in [false, true] {
                        let mut sum = start;
                        sum.add(&point(j).signed(minus));
                        assert_eq!(
                            encode(&sum),
                            multiple(if minus { i - j } else { i + j }),
                            "{i} {j} {minus}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn adds_equal_opposite_and_infinite_points() {
        adds_every_pair::<P256, 4>();
        adds_every_pair::<P384, 6>();
        adds_every_pair::<P521, 9>();
    }

    #[test]
    fn base_points_are_those_of_the_standard() {
        fn check<C: Weierstrass<N>, const N: usize>() {
            let base = Affine::<C, N>::base();
            assert_eq!(encode(&Sum::<C, N>::of(base.x, base.y)), reference::base(C::CURVE));
        }
        check::<P256, 4>();
        check::<P384, 6>();
        check::<P521, 9>();
    }
}
