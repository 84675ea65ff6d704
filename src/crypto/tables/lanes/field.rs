//! Arithmetic modulo the curves' primes, eight residues at once: in Montgomery form with R' = 2^(52 D), in D digits of
//! 52 bits, the lowest first.
//!
//! A residue is not reduced to below the prime, and what a step makes of it is bounded instead: bounds are in sixteenths
//! of p. Whatever is multiplied is [`Strict`]; in between, a [`Loose`] value may have any digits of 63 bits and a sign.

#![allow(clippy::inline_always)] // a call would pass vectors through memory

use super::super::curves::{P256Prime, P384Prime, P521Prime};
use super::super::field::Modulus;
use crate::crypto::lanes::{DIGIT, DIGIT_MASK, LANES, Machine, Part};
use core::marker::PhantomData;

/// Digits of the longest product.
const COLUMNS: usize = 22;

/// `$body` for every digit below `$end`, one after the other: the compiler may leave a loop a loop, and then its digits
/// go through memory.
macro_rules! digits {
    ($at:ident below $end:expr => $body:block) => {
        digits!(@ $at $end, $body 0 1 2 3 4 5 6 7 8 9 10)
    };
    (@ $at:ident $end:expr, $body:block $($i:literal)*) => {{ $(if $i < $end {
        const $at: usize = $i;
        $body
    })* }};
}
pub(in super::super) use digits;

/// A product before it is reduced: column i counts 2^(52 i), and the columns from 2 D on are not used.
pub(in super::super) type Columns<M> = [<M as Machine>::Lanes; COLUMNS];

/// A prime of D digits, and how a product is reduced by it.
pub(in super::super) trait Digits<const D: usize>: Copy {
    const VALUE: [u64; D];
    /// A bound of x of a sum of points, in sixteenths of p; what is above it in whole p.
    const BOUND_OF_X: u64;
    const ABOVE_X: u64 = Self::BOUND_OF_X.div_ceil(16);
    /// Whether products are functions of their own. In line a short one is faster; the long ones of a kernel would
    /// fill the instruction cache.
    const APART: bool;

    /// Columns 0 to D - 1 to zero modulo 2^(52 D), by adding a multiple of p below p 2^(52 D), or one of -p and then p.
    /// Every column is below 2^59 before and 2^60 after.
    fn reduce<M: Machine>(m: M, columns: &mut Columns<M>);

    /// A value from 0 to 16 p below `BOUND_OF_X`.
    #[inline(always)]
    fn fold<M: Machine>(_: M, value: Loose<M, D>) -> Loose<M, D> {
        value
    }
}

/// Digits below 2^52.
#[derive(Clone, Copy)]
pub(in super::super) struct Strict<M: Machine, const D: usize>(pub(in super::super) [M::Lanes; D]);

/// Digits of two's complement and at most 61 bits. Their sum may be of any sign while it is worked on, and is not
/// negative and below 2^(52 D) in the end.
#[derive(Clone, Copy)]
pub(in super::super) struct Loose<M: Machine, const D: usize>(pub(in super::super) [M::Lanes; D]);

/// The residues of one prime on one machine.
pub(in super::super) struct Field<M, P, const D: usize> {
    pub(in super::super) m: M,
    prime: PhantomData<P>,
}

impl<M: Copy, P, const D: usize> Clone for Field<M, P, D> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Copy, P, const D: usize> Copy for Field<M, P, D> {}

impl<M: Machine, P: Digits<D>, const D: usize> Field<M, P, D> {
    /// What is not to be fast is to be compiled fast.
    const APART: bool = P::APART || cfg!(debug_assertions);

    #[inline(always)]
    pub(in super::super) fn of(m: M) -> Self {
        Self { m, prime: PhantomData }
    }

    /// a b / R', for a b < 15 p R': below a b / R' + p.
    #[inline(always)]
    pub(in super::super) fn product(self, a: &Strict<M, D>, b: &Strict<M, D>) -> Loose<M, D> {
        let product = Product { field: self, a, b };
        if Self::APART { self.m.apart(product) } else { product.run(self.m) }
    }

    /// a^2 / R', for a^2 < 15 p R': below a^2 / R' + p.
    #[inline(always)]
    pub(in super::super) fn square(self, a: &Strict<M, D>) -> Loose<M, D> {
        let square = Square { field: self, a };
        if Self::APART { self.m.apart(square) } else { square.run(self.m) }
    }

    /// (a b + c d) / R', for a b + c d < 15 p R': below (a b + c d) / R' + p.
    #[inline(always)]
    pub(super) fn sum_of_products(
        self,
        [a, b]: [&Strict<M, D>; 2],
        [c, d]: [&Strict<M, D>; 2],
    ) -> Loose<M, D> {
        let sum = SumOfProducts { field: self, first: [a, b], second: [c, d] };
        if Self::APART { self.m.apart(sum) } else { sum.run(self.m) }
    }

    #[inline(always)]
    pub(in super::super) fn add(self, a: Loose<M, D>, b: &[M::Lanes; D]) -> Loose<M, D> {
        let mut sum = a.0;
        digits!(I below D => { sum[I] = self.m.add(sum[I], b[I]); });
        Loose(sum)
    }

    #[inline(always)]
    pub(in super::super) fn subtract(self, a: Loose<M, D>, b: &[M::Lanes; D]) -> Loose<M, D> {
        let mut difference = a.0;
        digits!(I below D => { difference[I] = self.m.sub(difference[I], b[I]); });
        Loose(difference)
    }

    /// -a in the lanes of the mask, a elsewhere.
    #[inline(always)]
    pub(super) fn negate_where(self, mask: u8, a: Loose<M, D>) -> Loose<M, D> {
        let (mut out, zero) = (a.0, self.m.splat(0));
        digits!(I below D => { out[I] = self.m.select(mask, self.m.sub(zero, a.0[I]), a.0[I]); });
        Loose(out)
    }

    /// So many times the prime.
    #[inline(always)]
    pub(in super::super) fn primes(self, count: u64) -> Loose<M, D> {
        let mut out = [self.m.splat(0); D];
        digits!(I below D => { out[I] = self.m.splat(count * P::VALUE[I]); });
        Loose(out)
    }

    /// a where the lane's bit is set, b elsewhere.
    #[inline(always)]
    pub(in super::super) fn select(self, mask: u8, a: &Strict<M, D>, b: &Strict<M, D>) -> Strict<M, D> {
        let mut out = b.0;
        digits!(I below D => { out[I] = self.m.select(mask, a.0[I], b.0[I]); });
        Strict(out)
    }

    /// Digits below 2^52 of a value that is below `bound` sixteenths of p and has such.
    #[inline(always)]
    pub(in super::super) fn carry(self, value: Loose<M, D>, bound: u64) -> Strict<M, D> {
        let (m, mut out, mask) = (self.m, value.0, self.m.splat(DIGIT_MASK));
        digits!(I below D - 1 => {
            out[I + 1] = m.add(out[I + 1], m.shift_right_signed::<DIGIT>(out[I]));
            out[I] = m.and(out[I], mask);
        });
        let out = Strict(out);
        self.check(&out, bound);
        out
    }

    #[inline(always)]
    pub(super) fn fold(self, value: Loose<M, D>) -> Loose<M, D> {
        P::fold(self.m, value)
    }

    /// In debug builds: that every digit is below 2^52, and the value below so many sixteenths of p.
    #[inline(always)]
    fn check(self, value: &Strict<M, D>, bound: u64) {
        if cfg!(debug_assertions) {
            let mut digits = [[0; LANES]; D];
            for (digit, lanes) in digits.iter_mut().zip(&value.0) {
                *digit = self.m.store(*lanes);
            }
            for lane in 0..LANES {
                let own = digits.map(|digit| digit[lane]);
                assert!(own.iter().all(|digit| *digit <= DIGIT_MASK), "a digit is too large");
                let scaled = scale::<D>(&own, 16);
                let limit = scale::<D>(&P::VALUE, bound);
                assert!(scaled.iter().rev().lt(limit.iter().rev()), "a residue is above its bound");
            }
        }
    }
}

/// The product of digits and a factor below 2^10, as digits; the one above them all stays in the last.
fn scale<const D: usize>(digits: &[u64; D], factor: u64) -> [u64; D] {
    let (mut out, mut carry) = ([0; D], 0);
    for (out, digit) in out.iter_mut().zip(digits) {
        let sum = digit * factor + carry;
        *out = sum & DIGIT_MASK;
        carry = sum >> DIGIT;
    }
    out[D - 1] |= carry << DIGIT;
    out
}

struct Product<'a, M: Machine, P, const D: usize> {
    field: Field<M, P, D>,
    a: &'a Strict<M, D>,
    b: &'a Strict<M, D>,
}

impl<M: Machine, P: Digits<D>, const D: usize> Part<M> for Product<'_, M, P, D> {
    type Output = Loose<M, D>;

    #[inline(always)]
    fn run(self, m: M) -> Loose<M, D> {
        let mut columns = [m.splat(0); COLUMNS];
        self.field.add_product(&mut columns, self.a, self.b);
        self.field.reduce(columns)
    }
}

struct SumOfProducts<'a, M: Machine, P, const D: usize> {
    field: Field<M, P, D>,
    first: [&'a Strict<M, D>; 2],
    second: [&'a Strict<M, D>; 2],
}

impl<M: Machine, P: Digits<D>, const D: usize> Part<M> for SumOfProducts<'_, M, P, D> {
    type Output = Loose<M, D>;

    #[inline(always)]
    fn run(self, m: M) -> Loose<M, D> {
        let mut columns = [m.splat(0); COLUMNS];
        self.field.add_product(&mut columns, self.first[0], self.first[1]);
        self.field.add_product(&mut columns, self.second[0], self.second[1]);
        self.field.reduce(columns)
    }
}

struct Square<'a, M: Machine, P, const D: usize> {
    field: Field<M, P, D>,
    a: &'a Strict<M, D>,
}

impl<M: Machine, P: Digits<D>, const D: usize> Part<M> for Square<'_, M, P, D> {
    type Output = Loose<M, D>;

    /// Products of different digits once, doubled as sums.
    #[inline(always)]
    fn run(self, m: M) -> Loose<M, D> {
        let (a, mut columns) = (&self.a.0, [m.splat(0); COLUMNS]);
        digits!(I below D => { digits!(J below D => { if I < J {
            columns[I + J] = m.multiply_add_low(columns[I + J], a[I], a[J]);
            columns[I + J + 1] = m.multiply_add_high(columns[I + J + 1], a[I], a[J]);
        } }); });
        digits!(I below D => {
            columns[2 * I] = m.add(columns[2 * I], columns[2 * I]);
            columns[2 * I + 1] = m.add(columns[2 * I + 1], columns[2 * I + 1]);
        });
        digits!(I below D => {
            columns[2 * I] = m.multiply_add_low(columns[2 * I], a[I], a[I]);
            columns[2 * I + 1] = m.multiply_add_high(columns[2 * I + 1], a[I], a[I]);
        });
        self.field.reduce(columns)
    }
}

impl<M: Machine, P: Digits<D>, const D: usize> Field<M, P, D> {
    /// Adds 2 D numbers of 52 bits to a column at most.
    #[inline(always)]
    fn add_product(self, columns: &mut Columns<M>, a: &Strict<M, D>, b: &Strict<M, D>) {
        let (m, a, b) = (self.m, &a.0, &b.0);
        digits!(I below D => { digits!(J below D => {
            columns[I + J] = m.multiply_add_low(columns[I + J], a[I], b[J]);
            columns[I + J + 1] = m.multiply_add_high(columns[I + J + 1], a[I], b[J]);
        }); });
    }

    #[inline(always)]
    fn reduce(self, mut columns: Columns<M>) -> Loose<M, D> {
        P::reduce(self.m, &mut columns);
        let mut out = [self.m.splat(0); D];
        digits!(I below D => { out[I] = columns[D + I]; });
        Loose(out)
    }
}

/// The 52-bit digits of 64-bit limbs.
pub(in super::super) const fn digits_of<const N: usize, const D: usize>(limbs: &[u64; N]) -> [u64; D] {
    let (mut out, mut i) = ([0; D], 0);
    while i < D {
        let (limb, shift) = (52 * i / 64, 52 * i % 64);
        if limb < N {
            out[i] = limbs[limb] >> shift;
            if shift > 12 && limb + 1 < N {
                out[i] |= limbs[limb + 1] << (64 - shift);
            }
            out[i] &= DIGIT_MASK;
        }
        i += 1;
    }
    out
}

impl Digits<5> for P256Prime {
    const VALUE: [u64; 5] = digits_of(&<Self as Modulus<4>>::VALUE);
    const BOUND_OF_X: u64 = 17;
    const APART: bool = false;

    /// p is -1 modulo 2^52, so m is the column's low digit, and m p + m = m (2^96 + 2^192 (2^64 - 2^32 + 1)).
    #[inline(always)]
    fn reduce<M: Machine>(m: M, columns: &mut Columns<M>) {
        let [first, third, fourth] = [1 << 44, 1 << 36, (1 << 48) - (1 << 16)].map(|factor| m.splat(factor));
        digits!(I below 5 => {
            let t = columns[I];
            columns[I + 1] = m.multiply_add_low(columns[I + 1], t, first);
            columns[I + 1] = m.add(columns[I + 1], m.shift_right::<DIGIT>(t));
            columns[I + 2] = m.multiply_add_high(columns[I + 2], t, first);
            columns[I + 3] = m.multiply_add_low(columns[I + 3], t, third);
            columns[I + 4] = m.multiply_add_high(columns[I + 4], t, third);
            columns[I + 4] = m.multiply_add_low(columns[I + 4], t, fourth);
            columns[I + 5] = m.multiply_add_high(columns[I + 5], t, fourth);
        });
    }

    /// Takes q p off, q being the bits from 2^256 on of what is 2^208 less, rounded down. For digits below 2^58 the two
    /// upper ones tell that to 2^166; so what is left is between 0 and 2^256 + 2^209 + 16 (2^256 - p).
    #[inline(always)]
    fn fold<M: Machine>(m: M, value: Loose<M, 5>) -> Loose<M, 5> {
        let mut out = value.0;
        let top = m.add(out[4], m.shift_right_signed::<DIGIT>(m.sub(out[3], m.splat(1 << DIGIT))));
        let q = m.shift_right_signed::<48>(top);
        out[0] = m.add(out[0], q);
        out[1] = m.sub(out[1], m.shift_left::<44>(q));
        out[3] = m.sub(out[3], m.shift_left::<36>(q));
        out[4] = m.add(m.sub(out[4], m.shift_left::<48>(q)), m.shift_left::<16>(q));
        Loose(out)
    }
}

impl Digits<8> for P384Prime {
    const VALUE: [u64; 8] = digits_of(&<Self as Modulus<6>>::VALUE);
    const BOUND_OF_X: u64 = 6 * 16;
    const APART: bool = true;

    /// For q, the column's low digit over p, q p = q 2^384 - q (2^128 + 2^96 - 2^32 + 1) is taken off: in the second
    /// form there are three digits only. What is left may be down to -p, so p goes on top first.
    #[inline(always)]
    fn reduce<M: Machine>(m: M, columns: &mut Columns<M>) {
        digits!(I below 8 => {
            columns[8 + I] = m.add(columns[8 + I], m.splat(<Self as Digits<8>>::VALUE[I]));
        });
        // p is 2^32 - 1 modulo 2^64, and (2^32 - 1) (2^32 + 1) is -1.
        let over_p = m.splat(((1u64 << 32) + 1).wrapping_neg() & DIGIT_MASK);
        let [first, second, third] =
            [(1 << 52) - (1 << 32) + 1, (1 << 44) - 1, 1 << 24].map(|factor| m.splat(factor));
        let (zero, eighth) = (m.splat(0), m.splat(1 << 20));
        let mut above = zero;
        digits!(I below 8 => {
            let q = m.multiply_add_low(zero, columns[I], over_p);
            let low = m.multiply_add_low(columns[I], q, first);
            columns[I + 1] = m.multiply_add_high(columns[I + 1], q, first);
            // On its own, so that the next q waits for one product less.
            let middle = m.multiply_add_low(zero, q, second);
            columns[I + 1] = m.add(columns[I + 1], m.add(middle, m.shift_right_signed::<DIGIT>(low)));
            columns[I + 2] = m.multiply_add_high(columns[I + 2], q, second);
            columns[I + 2] = m.multiply_add_low(columns[I + 2], q, third);
            columns[I + 3] = m.multiply_add_high(columns[I + 3], q, third);
            columns[I + 7] = m.sub(columns[I + 7], m.multiply_add_low(above, q, eighth));
            above = m.multiply_add_high(zero, q, eighth);
        });
        columns[15] = m.sub(columns[15], above);
    }
}

impl Digits<11> for P521Prime {
    const VALUE: [u64; 11] = digits_of(&<Self as Modulus<9>>::VALUE);
    const BOUND_OF_X: u64 = 6 * 16;
    const APART: bool = true;

    /// p is 2^521 - 1: m is the column's low digit, and m p + m is 2 m ten columns further up.
    #[inline(always)]
    fn reduce<M: Machine>(m: M, columns: &mut Columns<M>) {
        let mask = m.splat(DIGIT_MASK);
        digits!(I below 11 => {
            let low = m.and(columns[I], mask);
            columns[I + 1] = m.add(columns[I + 1], m.shift_right::<DIGIT>(columns[I]));
            columns[I + 10] = m.add(columns[I + 10], m.add(low, low));
        });
    }
}
