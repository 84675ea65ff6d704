//! All the multiples of one point that a sum of windows can ask for, so that multiplying is adding and nothing else.

#![allow(clippy::inline_always)] // part of one run of instructions, or it is slow

use super::curves::{Element, Weierstrass};
use super::field::{Modulus, Residue};
use super::point::{Affine, Sum, triple};
use crate::crypto::limbs::{less, raw_sub};

/// d 2^(w i) P for every window i of a scalar and every d from 1 to 2^(w - 1), window by window.
///
/// Digits are signed, and a scalar above half of the order is taken as the opposite of a smaller one: so the top
/// window has room for the last carry.
pub(super) struct Comb<C: Weierstrass<N>, const N: usize> {
    window: usize,
    points: Box<[Affine<C, N>]>,
}

impl<C: Weierstrass<N>, const N: usize> Comb<C, N> {
    /// The multiples of a point of the curve, for windows of 2 to 8 bits. Allocates the table and, while it is
    /// made, half as much again.
    pub(super) fn new(point: Affine<C, N>, window: usize) -> Self {
        let width = 1 << (window - 1);
        let mut points = vec![point; Self::count(window)];
        place_first(&mut points, width, window);
        let mut known = 1;
        while known < width {
            double_known(&mut points, width, known);
            known *= 2;
        }
        Self { window, points: points.into() }
    }

    fn count(window: usize) -> usize {
        C::BITS.div_ceil(window) << (window - 1)
    }

    /// Bytes on the heap.
    pub(super) fn bytes(window: usize) -> usize {
        Self::count(window) * size_of::<Affine<C, N>>()
    }

    pub(super) fn window(&self) -> usize {
        self.window
    }

    pub(super) fn points(&self) -> &[Affine<C, N>] {
        &self.points
    }

    /// Calls `take` with every point that makes up the scalar's multiple, and whether its opposite is meant; the scalar is
    /// below the order.
    #[inline(always)]
    pub(super) fn terms<'a>(&'a self, scalar: &[u64; N], mut take: impl FnMut(&'a Affine<C, N>, bool)) {
        places::<C, N>(scalar, self.window, |at, minus| {
            if let Some(point) = self.points.get(at) {
                take(point, minus);
            }
        });
    }
}

/// Calls `take` with the place in the table of every point that makes up the scalar's multiple, and whether its opposite
/// is meant. The scalar is below the order.
#[inline(always)]
pub(super) fn places<C: Weierstrass<N>, const N: usize>(
    scalar: &[u64; N],
    window: usize,
    mut take: impl FnMut(usize, bool),
) {
    let (opposite, _) = raw_sub(&C::Order::VALUE, scalar);
    let minus = less(&opposite, scalar);
    let scalar = if minus { &opposite } else { scalar };
    let width = 1 << (window - 1);
    let mut carry = 0;
    for i in 0..C::BITS.div_ceil(window) {
        let digit = bits(scalar, i * window, window) + carry;
        carry = usize::from(digit > width);
        let (size, opposite) = if carry == 1 { (2 * width - digit, !minus) } else { (digit, minus) };
        if size > 0 {
            take(i * width + size - 1, opposite);
        }
    }
}

/// Puts the first point of every row in place: the first of the row before, doubled `window` times.
fn place_first<C: Weierstrass<N>, const N: usize>(points: &mut [Affine<C, N>], width: usize, window: usize) {
    let mut sums = Vec::with_capacity(points.len() / width);
    let mut sum = Sum::<C, N>::of(points[0].x, points[0].y);
    for _ in 0..points.len() / width {
        sums.push(sum);
        for _ in 0..window {
            sum = sum.double();
        }
    }
    let mut inverses: Vec<_> = sums.iter().map(|sum| sum.zzz).collect();
    invert_all(&mut inverses);
    for ((row, sum), inverse) in points.chunks_exact_mut(width).zip(&sums).zip(&inverses) {
        row[0] = sum.over(*inverse);
    }
}

/// From the multiples up to `known` of every row to those up to twice as many, by affine addition.
///
/// The order is a prime above all of these multiples: no two of one row have the same x, and no y is zero.
fn double_known<C: Weierstrass<N>, const N: usize>(points: &mut [Affine<C, N>], width: usize, known: usize) {
    let mut inverses = Vec::with_capacity(points.len() / width * known);
    for row in points.chunks_exact(width) {
        let last = row[known - 1];
        inverses.extend(row[..known - 1].iter().map(|point| last.x - point.x));
        inverses.push(last.y.double());
    }
    invert_all(&mut inverses);
    for (row, inverses) in points.chunks_exact_mut(width).zip(inverses.chunks_exact(known)) {
        let last = row[known - 1];
        for (i, inverse) in inverses.iter().enumerate() {
            let point = row[i];
            let rise = if i == known - 1 {
                triple(last.x.square() - Element::<C, N>::ONE)
            } else {
                last.y - point.y
            };
            let slope = rise * *inverse;
            let x = slope.square() - last.x - point.x;
            row[known + i] = Affine { x, y: slope * (last.x - x) - last.y };
        }
    }
}

/// Inverts residues, none of them zero, by one inversion and three products each (Montgomery's trick).
pub(super) fn invert_all<M: Modulus<N>, const N: usize>(residues: &mut [Residue<M, N>]) {
    invert_in_place(residues, &mut vec![Residue::ONE; residues.len()]);
}

/// Likewise, in room for as many products.
pub(super) fn invert_in_place<M: Modulus<N>, const N: usize>(
    residues: &mut [Residue<M, N>],
    before: &mut [Residue<M, N>],
) {
    let mut product = Residue::ONE;
    for (residue, before) in residues.iter().zip(&mut *before) {
        *before = product;
        product = product * *residue;
    }
    let mut inverse = product.invert();
    for (residue, before) in residues.iter_mut().zip(&*before).rev() {
        let own = inverse * *before;
        inverse = inverse * *residue;
        *residue = own;
    }
}

/// `count` bits of an integer from bit `at` on; bits above the last limb are zero.
pub(super) fn bits<const N: usize>(limbs: &[u64; N], at: usize, count: usize) -> usize {
    let (limb, shift) = (at / 64, at % 64);
    let low = limbs.get(limb).map_or(0, |low| low >> shift);
    let high = limbs.get(limb + 1).map_or(0, |high| if shift == 0 { 0 } else { high << (64 - shift) });
    usize::try_from((low | high) & ((1 << count) - 1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::curves::{P256, P384, P521};
    use super::super::point::tests::{encode, read};
    use super::super::reference::{self, Random};
    use super::*;
    use crate::crypto::Curve;
    use crate::crypto::limbs::from_be_bytes;
    use num_bigint::BigUint;

    /// Scalars that make every kind of digit: none, the largest of either sign, carries through all windows.
    fn scalars(n: &BigUint, window: usize) -> Vec<BigUint> {
        let one = BigUint::from(1u32);
        let half: BigUint = n >> 1;
        let mut all = vec![BigUint::ZERO, half.clone(), &half + 1u32, &half - 1u32];
        all.extend((1..=3u32).flat_map(|i| [BigUint::from(i), n - i]));
        let repeated = |digit: usize| {
            (0..n.bits()).step_by(window).fold(BigUint::ZERO, |sum, at| sum | (BigUint::from(digit) << at))
                % n
        };
        let width = 1usize << (window - 1);
        all.extend([width - 1, width, width + 1, 2 * width - 1].map(repeated));
        for at in (0..n.bits()).step_by(window).chain([n.bits() - 1]) {
            all.extend([(&one << at) % n, ((&one << at) * width) % n, (n - (&one << at) % n) % n]);
        }
        let mut random = Random::new(3);
        all.extend((0..10).map(|_| random.below(n)));
        all
    }

    fn multiplies<C: Weierstrass<N>, const N: usize>(window: usize) {
        let n = reference::order(C::CURVE);
        let mut random = Random::new(window as u64);
        let point = reference::multiple(C::CURVE, &random.below(&n));
        let comb = Comb::<C, N>::new(read(&point), window);
        assert_eq!(Comb::<C, N>::bytes(window), size_of_val(&*comb.points));
        for scalar in scalars(&n, window) {
            let mut sum = Sum::INFINITY;
            comb.terms(&from_be_bytes(&scalar.to_bytes_be()), |point, minus| sum.add(&point.signed(minus)));
            let expected = reference::combine(C::CURVE, &scalar, &point, &BigUint::ZERO, &point);
            assert_eq!(encode(&sum), expected, "{:?} {window} {scalar}", C::CURVE);
        }
    }

    #[test]
    fn multiplies_by_every_digit() {
        for window in 2..=8 {
            multiplies::<P256, 4>(window);
        }
        for window in [6, 8] {
            multiplies::<P384, 6>(window);
            multiplies::<P521, 9>(window);
        }
    }

    /// The row's first, second and last point, everywhere in the table.
    #[test]
    fn holds_the_multiples_that_it_says() {
        let comb = Comb::<P256, 4>::new(Affine::base(), 5);
        for (i, row) in comb.points.chunks_exact(16).enumerate() {
            for (d, point) in row.iter().enumerate() {
                let scalar = BigUint::from(d + 1) << (5 * i);
                assert_eq!(
                    encode(&Sum::<P256, 4>::of(point.x, point.y)),
                    reference::multiple(Curve::P256, &scalar)
                );
            }
        }
    }

    #[test]
    fn bits_across_limbs_and_beyond_the_last() {
        let limbs = [0xf000_0000_0000_0001, 0x8000_0000_0000_0005];
        assert_eq!(
            [bits(&limbs, 0, 6), bits(&limbs, 58, 6), bits(&limbs, 60, 6), bits(&limbs, 64, 6)],
            [1, 60, 31, 5]
        );
        assert_eq!([bits(&limbs, 126, 6), bits(&limbs, 128, 6), bits(&limbs, 122, 6)], [2, 0, 32]);
    }
}
