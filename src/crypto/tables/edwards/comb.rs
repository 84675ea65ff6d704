//! All the multiples of one point that a sum of windows can ask for.

#![allow(clippy::inline_always)] // what is taken is worked with in the caller

use super::super::comb::{bits, invert_all};
use super::point::{Affine, Sum};
use super::scalar;

/// d 2^(w i) P for every window i of a scalar and every size d of its digit, window by window.
///
/// Digits are signed, so d ends at 2^(w - 1). The last digit is not, and takes the last carry: a scalar is below 2^252
/// and a little, and must not be exchanged for its opposite, because P may be of another order than the base point.
pub(super) struct Comb<T, const WINDOW: usize>(Box<[T]>);

impl<T, const WINDOW: usize> Comb<T, WINDOW> {
    /// Windows but the last.
    const ROWS: usize = (scalar::BITS - 1) / WINDOW;
    const WIDTH: usize = 1 << (WINDOW - 1);
    const LAST_WIDTH: usize = 1 << (scalar::BITS - Self::ROWS * WINDOW);
    const POINTS: usize = Self::ROWS * Self::WIDTH + Self::LAST_WIDTH;
    /// How many terms a multiple has.
    pub(super) const TERMS: usize = Self::ROWS + 1;

    /// Bytes on the heap.
    pub(super) const fn bytes() -> usize {
        Self::POINTS * size_of::<T>()
    }

    /// The same table in another form.
    pub(super) fn map<U>(&self, form: impl Fn(&T) -> U) -> Comb<U, WINDOW> {
        Comb(self.0.iter().map(form).collect())
    }

    /// Calls `take` once for every window, with the point that the scalar's multiple has of it, if any, and whether its
    /// opposite is meant; the scalar is below the base point's order.
    #[inline(always)]
    pub(super) fn each<'a>(&'a self, scalar: &[u64; 4], mut take: impl FnMut(usize, Option<&'a T>, bool)) {
        let mut carry = 0;
        for i in 0..Self::TERMS {
            let last = i == Self::ROWS;
            let digit = bits(scalar, i * WINDOW, WINDOW + usize::from(last)) + carry;
            let minus = digit > Self::WIDTH && !last;
            carry = usize::from(minus);
            let size = if minus { 2 * Self::WIDTH - digit } else { digit };
            take(i, size.checked_sub(1).and_then(|at| self.0.get(i * Self::WIDTH + at)), minus);
        }
    }
}

impl<const WINDOW: usize> Comb<Affine, WINDOW> {
    /// Allocates the table and, while it is made, a few rows.
    pub(super) fn new(point: Sum) -> Self {
        let (mut points, mut first) = (Vec::with_capacity(Self::POINTS), point);
        for _ in 0..Self::ROWS {
            add_row(&mut points, first, Self::WIDTH);
            first = (0..WINDOW).fold(first, |power, _| power.double());
        }
        add_row(&mut points, first, Self::LAST_WIDTH);
        Self(points.into())
    }

    /// Fetches the points that add up to the scalar's multiple, one of every window; the scalar is below the base point's
    /// order.
    pub(super) fn fetch(&self, scalar: &[u64; 4], terms: &mut [Affine]) {
        self.each(scalar, |at, point, minus| {
            if let Some(term) = terms.get_mut(at) {
                *term = point.unwrap_or(&Affine::NONE).signed(minus);
            }
        });
    }
}

/// Appends the multiples of a point from 1 to `width`.
fn add_row(points: &mut Vec<Affine>, first: Sum, width: usize) {
    let step = first.scaled(first.z.residue().invert());
    let mut multiples = vec![first; width];
    for i in 1..width {
        multiples[i] = multiples[i - 1];
        multiples[i].add(&step);
    }
    let mut over_z: Vec<_> = multiples.iter().map(|sum| sum.z.residue()).collect();
    invert_all(&mut over_z);
    points.extend(multiples.iter().zip(over_z).map(|(sum, over_z)| sum.scaled(over_z)));
}

#[cfg(test)]
mod tests {
    use super::super::point::tests::{is, read};
    use super::*;
    use crate::crypto::limbs::from_le_bytes;
    use crate::crypto::tables::reference::Random;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use curve25519_dalek::scalar::Scalar;

    fn two_to(exponent: usize) -> Scalar {
        (0..exponent).fold(Scalar::ONE, |power, _| power + power)
    }

    /// Scalars that make every kind of digit: none, the largest of either sign, carries through all windows.
    fn scalars(window: usize) -> Vec<Scalar> {
        let mut all = vec![Scalar::ZERO, two_to(252), two_to(252) - Scalar::ONE, two_to(251)];
        all.extend((1..=3u32).flat_map(|i| [Scalar::from(i), -Scalar::from(i)]));
        let width = 1u32 << (window - 1);
        for digit in [1, width - 1, width, width + 1, 2 * width - 1] {
            let rows = (0..252 / window).map(|i| two_to(window * i) * Scalar::from(digit));
            all.push(rows.fold(Scalar::ZERO, |sum, row| sum + row));
        }
        for at in (0..252).step_by(window) {
            all.extend([two_to(at), two_to(at) * Scalar::from(width), -two_to(at)]);
        }
        let mut random = Random::new(24);
        all.extend((0..10).map(|_| Scalar::from_bytes_mod_order(*random.bytes(32).first_chunk().unwrap())));
        all
    }

    /// A point of prime order and one of eight times that, with which no scalar may be reduced.
    fn multiplies<const WINDOW: usize>() {
        let strong = ED25519_BASEPOINT_POINT * Scalar::from(77u32);
        for point in [strong, strong + EIGHT_TORSION[1]] {
            let comb = Comb::<Affine, WINDOW>::new(read(point));
            assert_eq!(Comb::<Affine, WINDOW>::bytes(), size_of_val(&*comb.0));
            for scalar in scalars(WINDOW) {
                let mut terms = vec![Affine::NONE; Comb::<Affine, WINDOW>::TERMS];
                comb.fetch(&from_le_bytes(scalar.as_bytes()), &mut terms);
                let mut sum = Sum::NONE;
                for term in &terms {
                    sum.add(term);
                }
                assert!(is(&sum, point * scalar), "{WINDOW} {scalar:?}");
            }
        }
    }

    /// Windows that divide the 252 bits, and such that do not.
    #[test]
    fn multiplies_by_every_digit() {
        multiplies::<2>();
        multiplies::<4>();
        multiplies::<5>();
        multiplies::<6>();
        multiplies::<7>();
        multiplies::<8>();
        multiplies::<9>();
    }

    #[test]
    fn holds_the_multiples_that_it_says() {
        let comb = Comb::<Affine, 6>::new(Sum::base());
        let mut row = ED25519_BASEPOINT_POINT;
        for (i, points) in comb.0.chunks(32).enumerate() {
            // The last row goes on to 64.
            let first = if i == 42 { 33u32 } else { 1 };
            for (d, point) in (first..).zip(points) {
                let mut sum = Sum::NONE;
                sum.add(point);
                assert!(is(&sum, row * Scalar::from(d)), "{i} {d}");
            }
            row = if i < 41 { row * Scalar::from(64u32) } else { row };
        }
    }
}
