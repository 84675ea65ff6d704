//! One sum of table points dealt into eight lanes: every lane adds up its share, and then the lanes are added up.

#![allow(clippy::cast_possible_truncation)] // a shift is below 64
#![allow(clippy::inline_always)] // a call would pass vectors through memory

use super::field::{Digits, Field, Strict, digits};
use super::point::{Affine, Four, Sum};
use crate::crypto::lanes::{DIGIT, DIGIT_MASK, Kernel, LANES, Machine, Vectors};
use crate::crypto::limbs::less;
use crate::crypto::prefetch::prefetch;
use core::marker::PhantomData;

/// What a table has of a point, x and y for one: each below the prime, in the lanes' Montgomery form.
pub(in super::super) type Entry<const N: usize, const K: usize = 2> = [[u64; N]; K];

/// Rounds of eight points at most: enough for windows of five bits of both scalars of any curve.
const ROUNDS: usize = 27;
/// Room for the limbs of the longest entry, in whole blocks of eight.
const MOST_LIMBS: usize = 24;

/// The points of one sum, and whether a point's opposite is meant.
pub(in super::super) struct Terms<'a, const N: usize, const K: usize = 2> {
    entries: [[&'a Entry<N, K>; LANES]; ROUNDS],
    /// One or nothing, a byte for every point: bits would have to be read before they are written.
    minus: [[u8; LANES]; ROUNDS],
    /// How many there are.
    pub(super) count: usize,
}

impl<'a, const N: usize, const K: usize> Terms<'a, N, K> {
    const NONE: Entry<N, K> = [[0; N]; K];

    pub(in super::super) fn new() -> Self {
        Self { entries: [[&Self::NONE; LANES]; ROUNDS], minus: [[0; LANES]; ROUNDS], count: 0 }
    }

    /// Puts a point in a place; whoever does counts.
    #[inline(always)]
    pub(in super::super) fn put(&mut self, at: usize, entry: &'a Entry<N, K>, minus: bool) {
        prefetch(entry);
        let (entries, signs) = (self.entries.as_flattened_mut(), self.minus.as_flattened_mut());
        if let (Some(place), Some(sign)) = (entries.get_mut(at), signs.get_mut(at)) {
            (*place, *sign) = (entry, u8::from(minus));
        }
    }

    /// The limbs of a round's points, limb after limb and a point a lane, and whose opposites are meant. Beyond the last
    /// point there is something that is not used.
    #[inline(always)]
    pub(in super::super) fn limbs<M: Machine>(&self, m: M, round: usize) -> ([M::Lanes; MOST_LIMBS], u8) {
        let round = round.min(ROUNDS - 1);
        let entries = &self.entries[round];
        let mut limbs = [m.splat(0); MOST_LIMBS];
        // As many blocks of eight limbs as it takes; the last one ends with the entry.
        digits!(I below (K * N).div_ceil(8) => {
            let start = (8 * I).min(K * N - 8);
            let block = transposed(m, entries, start);
            digits!(J below 8 => { limbs[start + J] = block[J]; });
        });
        (limbs, mask(self.minus[round]))
    }
}

impl<const N: usize> Terms<'_, N> {
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
pub(in super::super) fn reduced<P: Digits<D>, const N: usize, const D: usize>(digits: [u64; D]) -> [u64; N] {
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
        let [lower, upper] = field.halves(&sum);
        let four = field.add_fours(&lower, &upper, false);
        let two = field.add_fours(&four, &field.move_down(&four, &[2, 3, 2, 3, 6, 7, 6, 7]), false);
        let one = field.add_fours(&two, &field.move_down(&two, &[1, 1, 1, 1, 5, 5, 5, 5]), true);
        [field.first_of(&one.xy), field.first_of(&one.zs)]
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

    /// The sums of the lanes that the order names.
    #[inline(always)]
    fn move_down(self, sums: &Four<M, D>, order: &[u64; LANES]) -> Four<M, D> {
        Four { xy: self.pick(&sums.xy, &sums.xy, order), zs: self.pick(&sums.zs, &sums.zs, order) }
    }

    /// What is BY lanes above a lane, in that lane.
    #[inline(always)]
    pub(in super::super) fn lower<const BY: i32>(self, value: &Strict<M, D>) -> Strict<M, D> {
        Strict(self.lower_digits::<BY>(&value.0))
    }

    /// Likewise, of any digits.
    #[inline(always)]
    pub(super) fn lower_digits<const BY: i32>(self, digits: &[M::Lanes; D]) -> [M::Lanes; D] {
        let mut out = *digits;
        digits!(I below D => { out[I] = self.m.align::<BY>(digits[I], digits[I]); });
        out
    }

    /// The digits in the first lane.
    #[inline(always)]
    pub(in super::super) fn first_of(self, value: &Strict<M, D>) -> [u64; D] {
        let mut digits = [0; D];
        digits!(I below D => { digits[I] = self.m.store(value.0[I])[0]; });
        digits
    }
}

impl<const N: usize> Terms<'_, N> {
    /// The points of a round.
    #[inline(always)]
    fn read<M: Machine, P: Digits<D>, const D: usize>(
        &self,
        field: Field<M, P, D>,
        round: usize,
    ) -> Affine<M, D> {
        let (limbs, minus) = self.limbs(field.m, round);
        Affine { x: unpack::<M, N, D>(field.m, &limbs, 0), y: unpack::<M, N, D>(field.m, &limbs, N), minus }
    }
}

/// A bit for every byte that is one, the first byte's lowest.
#[inline(always)]
fn mask(bytes: [u8; LANES]) -> u8 {
    // Byte i moves to bit 56 + i, and no two of these products have a bit in common.
    (u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

/// Limbs `start` to `start` + 7 of eight entries: limb after limb, an entry a lane.
#[inline(always)]
fn transposed<M: Machine, const N: usize, const K: usize>(
    m: M,
    entries: &[&Entry<N, K>; LANES],
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
pub(in super::super) fn unpack<M: Machine, const N: usize, const D: usize>(
    m: M,
    limbs: &[M::Lanes; MOST_LIMBS],
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
