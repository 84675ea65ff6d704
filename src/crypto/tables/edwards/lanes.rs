//! The sum of a signature's table points by eight lanes at once, each of which adds up its share.
//!
//! As in the portable form there are no exceptional cases, and so nothing that the lanes could not tell.

// Of the digits that `digits!` leaves out, clippy does not see that they are left out.
#![allow(clippy::out_of_bounds_indexing)]
#![allow(clippy::inline_always)] // a call would pass vectors through memory, and so would a closure
#![allow(clippy::many_single_char_names)] // the formulas'

use super::super::field::{Modulus, power_of_two, times_power_of_two};
use super::super::lanes::field::{Columns, Digits, Field, Loose, Strict, digits, digits_of};
use super::super::lanes::sum::{self, reduced, unpack};
use super::comb::Comb;
use super::field::{Element, Prime};
use super::point::Affine;
use super::{BASE_WINDOW, KEY_WINDOW, TERMS};
use crate::crypto::lanes::{DIGIT, DIGIT_MASK, Kernel, LANES, Machine, Part, Vectors};
use crate::crypto::limbs::negated_inverse;

const LIMBS: usize = 4;
const DIGITS: usize = 5;

/// What a table has of a point: y + x, y - x and 2 d x y.
pub(super) type Entry = sum::Entry<LIMBS, 3>;

type Terms<'a> = sum::Terms<'a, LIMBS, 3>;
type Residue<M> = Strict<M, DIGITS>;

/// One, four and 2 d in the lanes' Montgomery form.
const ONE: [u64; LIMBS] = power_of_two(260, &<Prime as Modulus<LIMBS>>::VALUE);
const FOUR: [u64; LIMBS] = power_of_two(262, &<Prime as Modulus<LIMBS>>::VALUE);
const TWICE_D: [u64; LIMBS] = times_power_of_two(Element::D.limbs(), 261, &<Prime as Modulus<LIMBS>>::VALUE);

/// The neutral element.
const NONE: Entry = [ONE, ONE, [0; LIMBS]];

/// Bounds, in sixteenths of p, of what a sum keeps, and of what is multiplied to make it. A product of residues below
/// a p and b p is below (a b / 32 + 1) p.
mod bound {
    /// Of a coordinate: the largest is Z = F G < (6 * 5.1 / 32 + 1) p.
    pub(super) const COORDINATE: u64 = 32;
    /// Of 2 (y - x) and 2 (y + x) of a table, with which a sum begins.
    pub(super) const FIRST: u64 = 64;
    /// Of Y - X + 4 p.
    pub(super) const DIFFERENCE: u64 = FIRST + 64;
    /// Of D - C + 2 p, E = B - A + 3 p and the others that are products' sums.
    pub(super) const FACTOR: u64 = 96;
}

/// The points of a comb in the lanes' form.
pub(super) fn pack<const WINDOW: usize>(comb: &Comb<Affine, WINDOW>) -> Comb<Entry, WINDOW> {
    comb.map(|point| point.coordinates().map(|value| (value * Element::of(ONE)).reduced()))
}

/// X, Y and Z of s B - h A, of the base point's multiples and those of the key's opposite.
pub(super) fn combine(
    vectors: Vectors,
    base: &Comb<Entry, BASE_WINDOW>,
    opposite: &Comb<Entry, KEY_WINDOW>,
    [s, h]: [&[u64; LIMBS]; 2],
) -> [Element; 3] {
    let mut terms = Terms::new();
    base.each(s, |at, entry, minus| terms.put(at, entry.unwrap_or(&NONE), minus));
    let first = Comb::<Entry, BASE_WINDOW>::TERMS;
    opposite.each(h, |at, entry, minus| terms.put(first + at, entry.unwrap_or(&NONE), minus));
    // All three have the factor R', which is as good as none.
    vectors.run(AddUp(&terms)).map(|digits| Element::of(reduced::<Prime, LIMBS, DIGITS>(digits)))
}

/// Eight points as a table has them.
struct Points<M: Machine> {
    sum: Residue<M>,
    difference: Residue<M>,
    product: Residue<M>,
}

/// Eight sums: x = X / Z, y = Y / Z, and T = X Y / Z.
struct Sums<M: Machine> {
    x: Residue<M>,
    y: Residue<M>,
    z: Residue<M>,
    t: Residue<M>,
}

struct AddUp<'a>(&'a Terms<'a>);

impl Kernel for AddUp<'_> {
    type Output = [[u64; DIGITS]; 3];

    #[inline(always)]
    fn run<M: Machine>(self, m: M) -> [[u64; DIGITS]; 3] {
        const { assert!(TERMS.is_multiple_of(LANES)) }
        let field = Field::of(m);
        let mut sums = field.begin(&field.read(self.0, 0));
        let mut points = field.read(self.0, 1);
        for round in 1..TERMS / LANES {
            // The next points are on their way while these are added.
            let next = field.read(self.0, round + 1);
            sums = field.add_points(&sums, &points);
            points = next;
        }
        sums = field.sum_of_sums(&sums, &field.lower_all::<4>(&sums));
        sums = field.sum_of_sums(&sums, &field.lower_all::<2>(&sums));
        sums = field.sum_of_sums(&sums, &field.lower_all::<1>(&sums));
        [field.first_of(&sums.x), field.first_of(&sums.y), field.first_of(&sums.z)]
    }
}

impl<M: Machine> Field<M, Prime, DIGITS> {
    /// The points of a round.
    #[inline(always)]
    fn read(self, terms: &Terms<'_>, round: usize) -> Points<M> {
        let (limbs, minus) = terms.limbs(self.m, round);
        let first = unpack::<M, LIMBS, DIGITS>(self.m, &limbs, 0);
        let second = unpack::<M, LIMBS, DIGITS>(self.m, &limbs, LIMBS);
        let product = unpack::<M, LIMBS, DIGITS>(self.m, &limbs, 2 * LIMBS);
        let opposite = self.carry(self.subtract(self.primes(1), &product.0), 17);
        Points {
            sum: self.select(minus, &second, &first),
            difference: self.select(minus, &first, &second),
            product: self.select(minus, &opposite, &product),
        }
    }

    /// The points as sums: what adding them to the neutral element comes to.
    #[inline(always)]
    fn begin(self, points: &Points<M>) -> Sums<M> {
        let Points { sum, difference, .. } = points;
        let e = self.carry(self.subtract(self.add(self.primes(1), &sum.0), &difference.0), 32);
        let h = self.carry(self.add(Loose(sum.0), &difference.0), 32);
        Sums {
            x: self.carry(self.add(Loose(e.0), &e.0), bound::FIRST),
            y: self.carry(self.add(Loose(h.0), &h.0), bound::FIRST),
            z: self.constant(&FOUR),
            t: self.carry(self.product(&e, &h), bound::COORDINATE),
        }
    }

    /// Adds eight points: "madd-2008-hwcd-3".
    #[inline(always)]
    fn add_points(self, sums: &Sums<M>, points: &Points<M>) -> Sums<M> {
        let a = self.product(&self.difference(sums), &points.difference);
        let b = self.product(&self.sum(sums), &points.sum);
        let c = self.product(&sums.t, &points.product);
        let d = self.add(Loose(sums.z.0), &sums.z.0);
        self.of_abcd(a, b, c, d)
    }

    /// The sums of eight sums and eight others.
    #[inline(always)]
    fn sum_of_sums(self, first: &Sums<M>, second: &Sums<M>) -> Sums<M> {
        self.m.apart(AddSums { field: self, first, second })
    }

    /// Y - X, below that and 4 p.
    #[inline(always)]
    fn difference(self, sums: &Sums<M>) -> Residue<M> {
        self.carry(self.subtract(self.add(self.primes(4), &sums.y.0), &sums.x.0), bound::DIFFERENCE)
    }

    #[inline(always)]
    fn sum(self, sums: &Sums<M>) -> Residue<M> {
        self.carry(self.add(Loose(sums.y.0), &sums.x.0), bound::DIFFERENCE)
    }

    /// What both additions end with, by the formulas' names.
    #[inline(always)]
    fn of_abcd(
        self,
        a: Loose<M, DIGITS>,
        b: Loose<M, DIGITS>,
        c: Loose<M, DIGITS>,
        d: Loose<M, DIGITS>,
    ) -> Sums<M> {
        let e = self.carry(self.subtract(self.add(self.primes(3), &b.0), &a.0), bound::FACTOR);
        let f = self.carry(self.subtract(self.add(self.primes(2), &d.0), &c.0), bound::FACTOR);
        let g = self.carry(self.add(d, &c.0), bound::FACTOR);
        let h = self.carry(self.add(b, &a.0), bound::FACTOR);
        Sums {
            x: self.carry(self.product(&e, &f), bound::COORDINATE),
            y: self.carry(self.product(&g, &h), bound::COORDINATE),
            z: self.carry(self.product(&f, &g), bound::COORDINATE),
            t: self.carry(self.product(&e, &h), bound::COORDINATE),
        }
    }

    /// The same integer in all lanes.
    #[inline(always)]
    fn constant(self, limbs: &[u64; LIMBS]) -> Residue<M> {
        let (mut out, digits) = ([self.m.splat(0); DIGITS], digits_of::<LIMBS, DIGITS>(limbs));
        digits!(I below DIGITS => { out[I] = self.m.splat(digits[I]); });
        Strict(out)
    }

    /// What is BY lanes above a lane, in that lane.
    #[inline(always)]
    fn lower_all<const BY: i32>(self, sums: &Sums<M>) -> Sums<M> {
        Sums {
            x: self.lower::<BY>(&sums.x),
            y: self.lower::<BY>(&sums.y),
            z: self.lower::<BY>(&sums.z),
            t: self.lower::<BY>(&sums.t),
        }
    }
}

struct AddSums<'a, M: Machine> {
    field: Field<M, Prime, DIGITS>,
    first: &'a Sums<M>,
    second: &'a Sums<M>,
}

impl<M: Machine> Part<M> for AddSums<'_, M> {
    type Output = Sums<M>;

    /// "add-2008-hwcd-3".
    #[inline(always)]
    fn run(self, _: M) -> Sums<M> {
        let Self { field, first, second } = self;
        let tt = field.carry(field.product(&first.t, &second.t), bound::COORDINATE);
        let a = field.product(&field.difference(first), &field.difference(second));
        let b = field.product(&field.sum(first), &field.sum(second));
        let c = field.product(&tt, &field.constant(&TWICE_D));
        let zz = field.product(&first.z, &second.z);
        field.of_abcd(a, b, c, field.add(zz, &zz.0))
    }
}

impl Digits<DIGITS> for Prime {
    const VALUE: [u64; DIGITS] = digits_of(&<Self as Modulus<LIMBS>>::VALUE);
    /// Nothing is folded.
    const BOUND_OF_X: u64 = 16 * 16;
    const APART: bool = false;

    /// For q, the column's low digit over 19, q p = q 2^255 - 19 q is added.
    #[inline(always)]
    fn reduce<M: Machine>(m: M, columns: &mut Columns<M>) {
        let [over, nineteen, top] = [OVER_19, 19, 1 << 47].map(|factor| m.splat(factor));
        let zero = m.splat(0);
        digits!(I below 5 => {
            let q = m.multiply_add_low(zero, columns[I], over);
            let low = m.multiply_add_low(zero, q, nineteen);
            let high = m.multiply_add_high(zero, q, nineteen);
            let carried = m.shift_right_signed::<DIGIT>(m.sub(columns[I], low));
            columns[I + 1] = m.add(columns[I + 1], m.sub(carried, high));
            columns[I + 4] = m.multiply_add_low(columns[I + 4], q, top);
            columns[I + 5] = m.multiply_add_high(columns[I + 5], q, top);
        });
    }
}

/// 1 / 19 modulo 2^52.
const OVER_19: u64 = negated_inverse(19).wrapping_neg() & DIGIT_MASK;

#[cfg(test)]
mod tests {
    use super::super::super::lanes::tests::{Vector, edge, lane, vector};
    use super::*;
    use crate::crypto::lanes::Emulated;
    use crate::crypto::tables::reference::Random;
    use num_bigint::BigInt;

    /// Sums, what is added of a table, and what is added of other sums.
    struct Both<'a>(&'a [Vector<DIGITS>; 4], &'a [Vector<DIGITS>; 3], &'a [Vector<DIGITS>; 4]);

    impl Kernel for Both<'_> {
        type Output = [[Vector<DIGITS>; 4]; 2];

        #[inline(always)]
        fn run<M: Machine>(self, m: M) -> Self::Output {
            let field = Field::<M, Prime, DIGITS>::of(m);
            let residue = |value: &Vector<DIGITS>| Strict::<M, DIGITS>(value.map(|digit| m.load(&digit)));
            let sums = |[x, y, z, t]: &[Vector<DIGITS>; 4]| Sums {
                x: residue(x),
                y: residue(y),
                z: residue(z),
                t: residue(t),
            };
            let [sum, difference, product] = self.1.each_ref().map(residue);
            let added = field.add_points(&sums(self.0), &Points { sum, difference, product });
            // From here on no coordinate is as large as those that a sum begins with.
            let united = field.sum_of_sums(&sums(self.2), &added);
            [added, united]
                .map(|sums| [sums.x, sums.y, sums.z, sums.t].map(|value| value.0.map(|digit| m.store(digit))))
        }
    }

    /// X, Y, Z and T by the formulas' A, B, C and D.
    fn of_abcd(p: &BigInt, [a, b, c, d]: [BigInt; 4]) -> [BigInt; 4] {
        let (e, f, g, h) = (&b - &a, &d - &c, d + c, b + a);
        [&e * &f, &g * &h, f * g, e * h].map(|value| ((value % p) + p) % p)
    }

    /// Coordinates of nothing, of the most that their bounds allow, or of something between: debug builds check every
    /// bound on the way.
    #[test]
    fn sums_at_their_bounds() {
        let p = (BigInt::from(1) << 255u32) - 19;
        let over_r = (BigInt::from(1) << 260u32).modinv(&p).unwrap();
        // RFC 8032 section 5.1: d = -121665 / 121666.
        let d = (&p - 121_665) * BigInt::from(121_666).modinv(&p).unwrap() % &p;
        let mut random = Random::new(9);
        for _ in 0..200 {
            let mut draw = |bounds: &[u64], lanes: &mut Vec<[BigInt; LANES]>| {
                lanes.extend(
                    bounds.iter().map(|bound| core::array::from_fn(|_| edge(&mut random, &p, *bound))),
                );
            };
            let mut all = Vec::new();
            draw(&[bound::FIRST, bound::FIRST, bound::COORDINATE, bound::COORDINATE], &mut all);
            draw(&[16, 16, 16], &mut all);
            draw(&[bound::COORDINATE; 4], &mut all);
            let vectors: Vec<_> = all.iter().map(vector::<DIGITS>).collect();
            let [sums, points, others] = [&vectors[..4], &vectors[4..7], &vectors[7..]];
            let kernel =
                || Both(sums.try_into().unwrap(), points.try_into().unwrap(), others.try_into().unwrap());
            let out = Emulated.run(kernel());
            if let Some(vectors) = Vectors::detect() {
                assert_eq!(vectors.run(kernel()), out);
            }
            (0..LANES).for_each(|at| {
                let plain = |which: usize| &all[which][at] * &over_r % &p;
                let [x, y, z, t] = [0, 1, 2, 3].map(plain);
                let [sum, difference, product] = [4, 5, 6].map(plain);
                let added = of_abcd(&p, [(&y - &x) * difference, (y + x) * sum, t * product, 2 * z]);
                let [x, y, z, t] = [7, 8, 9, 10].map(plain);
                let [to_x, to_y, to_z, to_t] = &added;
                let united = of_abcd(
                    &p,
                    [(&y - &x) * (to_y - to_x), (y + x) * (to_y + to_x), 2 * &d * t * to_t, 2 * z * to_z],
                );
                for (wanted, out) in added.iter().chain(&united).zip(out.as_flattened()) {
                    assert_eq!(lane(out, at) * &over_r % &p, *wanted);
                }
            });
        }
    }
}
