//! One sum of table points dealt into eight lanes: every lane adds up its share, and then the lanes are added up.

#![allow(clippy::cast_possible_truncation)] // a shift is below 64
#![allow(clippy::inline_always)] // a call would pass vectors through memory

use super::field::{Digits, Field, Strict, digits};
use super::point::{Affine, Sum};
use crate::crypto::lanes::{DIGIT, DIGIT_MASK, Kernel, LANES, Machine, Vectors};
use crate::crypto::limbs::less;
use core::marker::PhantomData;

/// x and y, each below the prime, in the lanes' Montgomery form.
pub(in super::super) type Entry<const N: usize> = [[u64; N]; 2];

/// Rounds of eight points at most: enough for windows of five bits of both scalars of any curve.
const ROUNDS: usize = 27;

/// The points of one sum, and whether a point's opposite is meant.
pub(in super::super) struct Terms<'a, const N: usize> {
    entries: [[&'a Entry<N>; LANES]; ROUNDS],
    minus: [u8; ROUNDS],
    count: usize,
}

impl<'a, const N: usize> Terms<'a, N> {
    const NONE: Entry<N> = [[0; N]; 2];

    pub(super) fn new() -> Self {
        Self { entries: [[&Self::NONE; LANES]; ROUNDS], minus: [0; ROUNDS], count: 0 }
    }

    pub(super) fn push(&mut self, entry: &'a Entry<N>, minus: bool) {
        let (round, lane) = (self.count / LANES, self.count % LANES);
        if let (Some(entries), Some(signs)) = (self.entries.get_mut(round), self.minus.get_mut(round)) {
            entries[lane] = entry;
            *signs |= u8::from(minus) << lane;
        }
        self.count += 1;
    }

    /// X and ZZ of the sum, both below the prime and in the lanes' Montgomery form. `None` if there are too few points
    /// for all lanes, or if a lane met an exceptional case: then the sum has to be worked out otherwise.
    pub(super) fn add_up<P: Digits<D>, const D: usize>(&self, vectors: Vectors) -> Option<[[u64; N]; 2]> {
        if !(2 * LANES..=ROUNDS * LANES).contains(&self.count) {
            return None;
        }
        let [x, zz] = vectors.run(AddUp { terms: self, prime: PhantomData::<P> }).map(reduced::<P, N, D>);
        (zz != [0; N]).then_some([x, zz])
    }
}

/// The integer of digits, modulo the prime, of which it is no more than a few times.
fn reduced<P: Digits<D>, const N: usize, const D: usize>(digits: [u64; D]) -> [u64; N] {
    let mut digits = digits;
    while !less(&digits, &P::VALUE) {
        let mut borrow = 0;
        for (digit, prime) in digits.iter_mut().zip(&P::VALUE) {
            let difference = digit.wrapping_sub(prime + borrow);
            *digit = difference & DIGIT_MASK;
            borrow = difference >> 63;
        }
    }
    let mut limbs = [0; N];
    for (i, digit) in digits.iter().enumerate() {
        let (limb, shift) = (52 * i / 64, 52 * i % 64);
        if let Some(limb) = limbs.get_mut(limb) {
            *limb |= digit << shift;
        }
        if let Some(above) = limbs.get_mut(limb + 1).filter(|_| shift > 12) {
            *above |= digit >> (64 - shift);
        }
    }
    limbs
}

struct AddUp<'a, P, const N: usize, const D: usize> {
    terms: &'a Terms<'a, N>,
    prime: PhantomData<P>,
}

impl<P: Digits<D>, const N: usize, const D: usize> Kernel for AddUp<'_, P, N, D> {
    type Output = [[u64; D]; 2];

    #[inline(always)]
    fn run<M: Machine>(self, m: M) -> [[u64; D]; 2] {
        let (field, terms) = (Field::<M, P, D>::of(m), self.terms);
        let mut sum = field.add_affine(&terms.read(field, 0), &terms.read(field, 1));
        let rounds = terms.count.div_ceil(LANES);
        let mut point = terms.read(field, 2);
        for round in 2..rounds {
            // The next points are on their way while these are added.
            let next = terms.read(field, round + 1);
            let added = field.add_point(&sum, &point);
            let left = terms.count - round * LANES;
            sum = if left < LANES { field.choose((1 << left) - 1, &added, &sum) } else { added };
            point = next;
        }
        sum = field.add_sums(&sum, &field.move_down::<4>(&sum));
        sum = field.add_sums(&sum, &field.move_down::<2>(&sum));
        sum = field.add_sums(&sum, &field.move_down::<1>(&sum));
        [sum.x, sum.zz].map(|value| value.0.map(|digit| m.store(digit)[0]))
    }
}

impl<M: Machine, P: Digits<D>, const D: usize> Field<M, P, D> {
    /// `a` in the lanes of the mask, `b` elsewhere.
    #[inline(always)]
    fn choose(self, mask: u8, a: &Sum<M, D>, b: &Sum<M, D>) -> Sum<M, D> {
        Sum {
            x: self.select(mask, &a.x, &b.x),
            y: self.select(mask, &a.y, &b.y),
            zz: self.select(mask, &a.zz, &b.zz),
            zzz: self.select(mask, &a.zzz, &b.zzz),
        }
    }

    /// What is BY lanes above a lane, in that lane.
    #[inline(always)]
    fn move_down<const BY: i32>(self, sum: &Sum<M, D>) -> Sum<M, D> {
        let mut out = *sum;
        for value in [&mut out.x, &mut out.y, &mut out.zz, &mut out.zzz] {
            digits!(I below D => { value.0[I] = self.m.align::<BY>(value.0[I], value.0[I]); });
        }
        out
    }
}

impl<const N: usize> Terms<'_, N> {
    /// The points of a round. Beyond the last there is something that is not used.
    #[inline(always)]
    fn read<M: Machine, P: Digits<D>, const D: usize>(
        &self,
        field: Field<M, P, D>,
        round: usize,
    ) -> Affine<M, D> {
        let (m, round) = (field.m, round.min(ROUNDS - 1));
        let entries = &self.entries[round];
        let mut limbs = [m.splat(0); 24];
        // As many blocks of eight limbs as it takes; the last one ends with the entry.
        digits!(I below (2 * N).div_ceil(8) => {
            let start = (8 * I).min(2 * N - 8);
            let block = transposed(m, entries, start);
            digits!(J below 8 => { limbs[start + J] = block[J]; });
        });
        Affine {
            x: unpack::<M, N, D>(m, &limbs, 0),
            y: unpack::<M, N, D>(m, &limbs, N),
            minus: self.minus[round],
        }
    }
}

/// Limbs `start` to `start` + 7 of eight entries: limb after limb, an entry a lane.
#[inline(always)]
fn transposed<M: Machine, const N: usize>(
    m: M,
    entries: &[&Entry<N>; LANES],
    start: usize,
) -> [M::Lanes; LANES] {
    let mut rows = [m.splat(0); LANES];
    digits!(I below LANES => {
        let limbs = entries[I].as_flattened().get(start..).and_then(|limbs| limbs.first_chunk());
        rows[I] = m.load(limbs.unwrap_or(&[0; LANES]));
    });
    // Two by two, then pairs by pairs, then fours by fours.
    let rows = woven(m, rows, [[0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]], 1);
    let rows = woven(m, rows, [[0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]], 2);
    woven(m, rows, [[0, 1, 2, 3, 8, 9, 10, 11], [4, 5, 6, 7, 12, 13, 14, 15]], 4)
}

/// Every two rows that are `apart` replaced by what the two orders take from them.
#[inline(always)]
fn woven<M: Machine>(
    m: M,
    rows: [M::Lanes; LANES],
    orders: [[u64; LANES]; 2],
    apart: usize,
) -> [M::Lanes; LANES] {
    let (mut out, [first, second]) = (rows, [m.load(&orders[0]), m.load(&orders[1])]);
    digits!(I below LANES => { if I & apart == 0 {
        out[I] = m.permute(rows[I], rows[I + apart], first);
        out[I + apart] = m.permute(rows[I], rows[I + apart], second);
    } });
    out
}

/// The digits of the N limbs from `start` on.
#[inline(always)]
fn unpack<M: Machine, const N: usize, const D: usize>(
    m: M,
    limbs: &[M::Lanes; 24],
    start: usize,
) -> Strict<M, D> {
    let (mut out, mask) = ([m.splat(0); D], m.splat(DIGIT_MASK));
    digits!(I below D => {
        const LIMB: usize = I * DIGIT as usize / 64;
        const SHIFT: u32 = (I * DIGIT as usize % 64) as u32;
        if LIMB < N {
            let mut digit = m.shift_right::<SHIFT>(limbs[start + LIMB]);
            if SHIFT > 12 && LIMB + 1 < N {
                digit = m.add(digit, m.shift_left::<{ (64 - SHIFT) % 64 }>(limbs[start + LIMB + 1]));
            }
            out[I] = m.and(digit, mask);
        }
    });
    Strict(out)
}
