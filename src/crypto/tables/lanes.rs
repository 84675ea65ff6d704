//! The sum of a signature's table points by eight lanes at once.
//!
//! The points are independent summands: each lane takes its share. An exceptional case is only noticed here, and then
//! the portable form decides over the same table.

// Of the digits that `digits!` leaves out, clippy does not see that they are left out.
#![allow(clippy::absurd_extreme_comparisons, clippy::bad_bit_mask, clippy::out_of_bounds_indexing)]
#![allow(clippy::unnecessary_min_or_max)]

pub(super) mod field;
mod point;
pub(super) mod sum;
#[cfg(test)]
pub(super) mod tests;

use super::comb::{Comb, places};
use super::curves::{Element, P256, P256Prime, P384, P384Prime, P521, P521Prime, Weierstrass};
use super::field::{Modulus, power_of_two};
use super::point::{Affine, Sum};
use crate::crypto::lanes::Vectors;
use core::marker::PhantomData;
use sum::{Entry, Terms};

/// A curve that lanes know.
pub(super) trait InLanes<const N: usize>: Weierstrass<N> {
    /// R' modulo p: what changes the portable Montgomery form into the lanes'.
    const INTO: [u64; N];
    /// R^2 / R' modulo p: what changes it back.
    const BACK: [u64; N];

    /// See [`Terms::add_up`].
    fn add_up(terms: &Terms<N>, vectors: Vectors) -> Option<[[u64; N]; 2]>;
}

macro_rules! in_lanes {
    ($curve:ty, $prime:ty, $limbs:literal, $digits:literal) => {
        impl InLanes<$limbs> for $curve {
            const INTO: [u64; $limbs] = power_of_two(52 * $digits, &<$prime as Modulus<$limbs>>::VALUE);
            const BACK: [u64; $limbs] =
                power_of_two(128 * $limbs - 52 * $digits, &<$prime as Modulus<$limbs>>::VALUE);

            fn add_up(terms: &Terms<$limbs>, vectors: Vectors) -> Option<[[u64; $limbs]; 2]> {
                terms.add_up::<$prime, $digits>(vectors)
            }
        }
    };
}

in_lanes!(P256, P256Prime, 4, 5);
in_lanes!(P384, P384Prime, 6, 8);
in_lanes!(P521, P521Prime, 9, 11);

/// A comb whose points have the lanes' Montgomery form. A point of P-256 lies in one cache line.
pub(super) struct Packed<C, const N: usize> {
    window: usize,
    limbs: Box<[u64]>,
    /// Limbs before the first line of the cache.
    skip: usize,
    curve: PhantomData<C>,
}

/// Limbs of a cache line.
const LINE: usize = 8;

impl<C: InLanes<N>, const N: usize> Packed<C, N> {
    pub(super) fn new(comb: &Comb<C, N>) -> Self {
        let mut limbs = vec![0; comb.points().len() * 2 * N + LINE - 1];
        let skip = limbs.as_ptr().align_offset(size_of::<[u64; LINE]>()).min(LINE - 1);
        let into = Element::<C, N>::raw(C::INTO);
        for (entry, point) in limbs[skip..].chunks_exact_mut(2 * N).zip(comb.points()) {
            let (x, y) = entry.split_at_mut(N);
            x.copy_from_slice(&(point.x * into).form());
            y.copy_from_slice(&(point.y * into).form());
        }
        Self { window: comb.window(), limbs: limbs.into(), skip, curve: PhantomData }
    }

    fn entries(&self) -> &[Entry<N>] {
        let limbs = self.limbs.get(self.skip..).unwrap_or_default();
        limbs.as_chunks().0.as_chunks().0
    }

    /// Puts the scalar's multiple of the point among the terms; the scalar is below the order.
    fn add_to<'a>(&'a self, terms: &mut Terms<'a, N>, scalar: &[u64; N]) {
        // Counted here: a count among the terms would go through memory for each.
        let (entries, mut count) = (self.entries(), terms.count);
        places::<C, N>(scalar, self.window, |at, minus| {
            if let Some(entry) = entries.get(at) {
                terms.put(count, entry, minus);
                count += 1;
            }
        });
        terms.count = count;
    }

    /// Adds the scalar's multiple of the point to a portable sum.
    fn add_to_portable(&self, sum: &mut Sum<C, N>, scalar: &[u64; N]) {
        let (entries, back) = (self.entries(), Element::<C, N>::raw(C::BACK));
        places::<C, N>(scalar, self.window, |at, minus| {
            if let Some([x, y]) = entries.get(at) {
                let point = Affine { x: Element::<C, N>::raw(*x) * back, y: Element::<C, N>::raw(*y) * back };
                sum.add(&point.signed(minus));
            }
        });
    }
}

/// u1 G + u2 Q as its X and ZZ; ZZ is zero for infinity.
pub(super) fn combine<C: InLanes<N>, const N: usize>(
    vectors: Vectors,
    [g, q]: [&Packed<C, N>; 2],
    [u1, u2]: [&[u64; N]; 2],
) -> [Element<C, N>; 2] {
    in_lanes(vectors, [g, q], [u1, u2]).unwrap_or_else(|| {
        let mut sum = Sum::INFINITY;
        g.add_to_portable(&mut sum, u1);
        q.add_to_portable(&mut sum, u2);
        [sum.x, sum.zz]
    })
}

/// Likewise, times a constant; `None` where the lanes cannot tell.
pub(super) fn in_lanes<C: InLanes<N>, const N: usize>(
    vectors: Vectors,
    [g, q]: [&Packed<C, N>; 2],
    [u1, u2]: [&[u64; N]; 2],
) -> Option<[Element<C, N>; 2]> {
    let mut terms = Terms::new();
    g.add_to(&mut terms, u1);
    q.add_to(&mut terms, u2);
    // Another Montgomery form is another factor, which X and ZZ share.
    C::add_up(&terms, vectors).map(|both| both.map(Element::<C, N>::raw))
}
