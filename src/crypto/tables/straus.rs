//! u1 G + u2 Q for a key without a table: both scalars' windows are worked off together, over shared doublings
//! (Straus's trick). Allocates nothing.

use super::comb::{invert_in_place, places};
use super::curves::{Element, Weierstrass};
use super::point::{Affine, Sum};

/// Bits of a window.
const WINDOW: usize = 5;
/// The largest digit.
const WIDTH: usize = 1 << (WINDOW - 1);
/// Windows of the longest scalar.
const MOST_DIGITS: usize = 521_usize.div_ceil(WINDOW);

/// u1 G + u2 Q; the scalars are below the order.
pub(super) fn combine<C: Weierstrass<N>, const N: usize>(
    u1: &[u64; N],
    u2: &[u64; N],
    key: Affine<C, N>,
) -> Sum<C, N> {
    let factors = [Factor::new(u1, Affine::base()), Factor::new(u2, key)];
    let mut sum = Sum::INFINITY;
    for at in (0..C::BITS.div_ceil(WINDOW)).rev() {
        for _ in 0..WINDOW {
            sum = sum.double();
        }
        for factor in &factors {
            factor.add_digit(&mut sum, at);
        }
    }
    sum
}

/// One product of the sum.
struct Factor<C: Weierstrass<N>, const N: usize> {
    /// The digits of the scalar: size, and whether it is taken off.
    digits: [(usize, bool); MOST_DIGITS],
    /// The point once, twice, and so on.
    multiples: [Affine<C, N>; WIDTH],
}

impl<C: Weierstrass<N>, const N: usize> Factor<C, N> {
    fn new(scalar: &[u64; N], point: Affine<C, N>) -> Self {
        let mut digits = [(0, false); MOST_DIGITS];
        places::<C, N>(scalar, WINDOW, |at, minus| digits[at / WIDTH] = (at % WIDTH + 1, minus));
        Self { digits, multiples: multiples(point) }
    }

    fn add_digit(&self, sum: &mut Sum<C, N>, at: usize) {
        let (size, minus) = self.digits[at];
        if let Some(point) = size.checked_sub(1).and_then(|at| self.multiples.get(at)) {
            sum.add(&point.signed(minus));
        }
    }
}

/// The order is a prime above all of these multiples: none is infinity.
fn multiples<C: Weierstrass<N>, const N: usize>(point: Affine<C, N>) -> [Affine<C, N>; WIDTH] {
    let mut sum = Sum::INFINITY;
    let sums: [Sum<C, N>; WIDTH] = core::array::from_fn(|_| {
        sum.add(&point);
        sum
    });
    let (mut inverses, mut products) = (sums.map(|sum| sum.zzz), [Element::<C, N>::ONE; WIDTH]);
    invert_in_place(&mut inverses, &mut products);
    core::array::from_fn(|i| sums[i].over(inverses[i]))
}

#[cfg(test)]
mod tests {
    use super::super::curves::{P256, P384, P521};
    use super::super::point::tests::{encode, read};
    use super::super::reference::{self, Random};
    use super::*;
    use crate::crypto::limbs::from_be_bytes;
    use num_bigint::BigUint;

    fn combines<C: Weierstrass<N>, const N: usize>() {
        let n = reference::order(C::CURVE);
        let (one, mut random) = (BigUint::from(1u32), Random::new(7));
        let mut scalars =
            vec![BigUint::ZERO, one.clone(), BigUint::from(16u32), &n - 1u32, &n >> 1, (&n >> 1) + 1u32];
        scalars.extend((0..n.bits()).step_by(61).map(|at| (&one << at) * 17u32 % &n));
        scalars.extend((0..4).map(|_| random.below(&n)));
        // The base point, its opposite and any other: sums meet equal and opposite points on the way.
        for q in [one.clone(), &n - 1u32, BigUint::from(32u32), random.below(&n)] {
            let key = reference::multiple(C::CURVE, &q);
            for u1 in &scalars {
                for u2 in &scalars {
                    let [a, b] = [u1, u2].map(|scalar| from_be_bytes(&scalar.to_bytes_be()));
                    let expected = reference::combine(C::CURVE, u1, &reference::base(C::CURVE), u2, &key);
                    assert_eq!(encode(&combine(&a, &b, read::<C, N>(&key))), expected, "{q} {u1} {u2}");
                }
            }
        }
    }

    #[test]
    fn sums_without_tables() {
        combines::<P256, 4>();
        combines::<P384, 6>();
        combines::<P521, 9>();
    }
}
