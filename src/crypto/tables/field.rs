//! Arithmetic modulo a fixed prime, in Montgomery form: a residue x is held as x R mod p, R = 2^(64 N).
//!
//! Residues are held below 2 p and not always below p: taking p away is left for when somebody looks.

#![allow(clippy::cast_possible_truncation)] // a limb is the low half of a double one
#![allow(clippy::inline_always)] // a product is one run of instructions, or it is slow

use crate::crypto::limbs::{less, negated_inverse, raw_add, raw_sub};
use core::marker::PhantomData;

/// An odd prime of N limbs, its constants, and how products and sums are brought back below 2 p.
pub(super) trait Modulus<const N: usize>: Copy + Eq + core::fmt::Debug {
    const VALUE: [u64; N];
    /// -1 / p mod 2^64.
    const NEGATED_INVERSE: u64 = negated_inverse(Self::VALUE[0]);
    /// R mod p: one in Montgomery form.
    const ONE: [u64; N] = power_of_two(64 * N, &Self::VALUE);
    /// R^2 mod p: what brings an integer into Montgomery form.
    const SQUARE: [u64; N] = power_of_two(128 * N, &Self::VALUE);

    /// Whether R is below 2 p: then whatever N limbs hold is.
    const FILLS: bool = Self::VALUE[N - 1] >> 63 == 1;

    /// (t + m p) / 2^64 for the m < 2^64 that makes it whole; `top` is what of t lies above N limbs.
    ///
    /// The result is below t / 2^64 + p.
    #[inline(always)]
    fn divide_by_limb(t: &[u64; N], top: u128) -> ([u64; N], u64) {
        let m = t[0].wrapping_mul(Self::NEGATED_INVERSE);
        let (product, above) = times_limb(&Self::VALUE, m);
        let (sum, carried) = raw_add(t, &product);
        let top = top + u128::from(above) + u128::from(carried);
        let mut out = [0; N];
        out[..N - 1].copy_from_slice(&sum[1..]);
        out[N - 1] = top as u64;
        (out, (top >> 64) as u64)
    }

    /// A product over R, below R + p, as a residue below 2 p; `carried` stands for R.
    #[inline(always)]
    fn hold_product(limbs: [u64; N], carried: bool) -> [u64; N] {
        if Self::FILLS {
            drop_carry(limbs, carried, &Self::VALUE)
        } else {
            reduce(limbs, carried, &Self::VALUE)
        }
    }

    /// The sum of two residues as a residue below 2 p; `carried` stands for R.
    #[inline(always)]
    fn hold_sum(limbs: [u64; N], carried: bool) -> [u64; N] {
        if Self::FILLS {
            return drop_carry(limbs, carried, &Self::VALUE);
        }
        // Either addend may be p or more.
        reduce(reduce(limbs, carried, &Self::VALUE), false, &Self::VALUE)
    }
}

/// What is below 2 p, modulo p; `carried` stands for R.
#[inline(always)]
fn reduce<const N: usize>(limbs: [u64; N], carried: bool, p: &[u64; N]) -> [u64; N] {
    let (less, borrowed) = raw_sub(&limbs, p);
    select(carried || !borrowed, less, limbs)
}

/// What `carried` makes R or more, less p until it is not: for a prime with R < 2 p.
#[inline(always)]
fn drop_carry<const N: usize>(limbs: [u64; N], carried: bool, p: &[u64; N]) -> [u64; N] {
    let (less, borrowed) = raw_sub(&limbs, &select(carried, *p, [0; N]));
    // Next to never: the first time leaves less than R - p above R. What carried nothing borrows nothing, and to ask for
    // that first would be a jump that nobody can guess.
    if carried == borrowed { less } else { raw_sub(&less, p).0 }
}

/// a b, and what of it lies above N limbs.
#[inline(always)]
fn times_limb<const N: usize>(a: &[u64; N], b: u64) -> ([u64; N], u64) {
    let (mut out, mut above, mut carry) = ([0; N], 0, false);
    for i in 0..N {
        let product = u128::from(a[i]) * u128::from(b);
        (out[i], carry) = (product as u64).carrying_add(above, carry);
        above = (product >> 64) as u64;
    }
    (out, above + u64::from(carry))
}

/// 2^exponent mod p.
pub(super) const fn power_of_two<const N: usize>(exponent: usize, p: &[u64; N]) -> [u64; N] {
    let mut one = [0; N];
    one[0] = 1;
    times_power_of_two(one, exponent, p)
}

/// value 2^exponent mod p, for a value below p.
pub(super) const fn times_power_of_two<const N: usize>(
    value: [u64; N],
    exponent: usize,
    p: &[u64; N],
) -> [u64; N] {
    let (mut product, mut i) = (value, 0);
    while i < exponent {
        product = doubled(&product, p);
        i += 1;
    }
    product
}

/// 2 a mod p for a below p; the additions of `limbs` are no constant expressions.
const fn doubled<const N: usize>(a: &[u64; N], p: &[u64; N]) -> [u64; N] {
    let (mut double, mut less) = ([0; N], [0; N]);
    let (mut carry, mut borrow, mut i) = (0, 0, 0);
    while i < N {
        double[i] = a[i] << 1 | carry;
        carry = a[i] >> 63;
        let difference = (double[i] as u128).wrapping_sub(p[i] as u128 + borrow);
        less[i] = difference as u64;
        borrow = difference >> 127;
        i += 1;
    }
    if carry as u128 >= borrow { less } else { double }
}

/// A residue in Montgomery form, below twice the prime.
#[derive(Clone, Copy, Debug)]
pub(super) struct Residue<M, const N: usize>([u64; N], PhantomData<M>);

impl<M: Modulus<N>, const N: usize> Residue<M, N> {
    pub(super) const ZERO: Self = Self::raw([0; N]);
    pub(super) const ONE: Self = Self::raw(M::ONE);

    /// The residue whose Montgomery form is `form`, which is below the prime.
    pub(super) const fn raw(form: [u64; N]) -> Self {
        Self(form, PhantomData)
    }

    /// The Montgomery form, below the prime.
    pub(super) fn form(&self) -> [u64; N] {
        reduce(self.0, false, &M::VALUE)
    }

    /// What it is held as.
    pub(super) const fn limbs(&self) -> &[u64; N] {
        &self.0
    }

    /// The residue of an integer below the prime.
    pub(super) fn of(plain: &[u64; N]) -> Self {
        Self::raw(*plain) * Self::raw(M::SQUARE)
    }

    /// The product with an integer below the prime, as an integer below the prime.
    pub(super) fn times_plain(&self, plain: &[u64; N]) -> [u64; N] {
        (*self * Self::raw(*plain)).form()
    }

    #[inline(always)]
    pub(super) fn is_zero(&self) -> bool {
        self.0 == [0; N] || self.0 == M::VALUE
    }

    #[inline(always)]
    pub(super) fn square(self) -> Self {
        #[cfg(test)]
        super::products::count_one();
        if N <= 4 { self.squared() } else { self.squared_apart() }
    }

    #[inline(always)]
    pub(super) fn double(self) -> Self {
        self + self
    }

    /// This one or, unless `first`, the other, without a jump.
    #[inline(always)]
    pub(super) fn or(self, other: Self, first: bool) -> Self {
        Self::raw(select(first, self.0, other.0))
    }

    /// A value below 2 p, of which `high` lies above N limbs, as a residue.
    #[inline(always)]
    pub(super) fn reduced(value: [u64; N], high: u64) -> Self {
        Self::raw(reduce(value, high != 0, &M::VALUE))
    }
}

/// One of two values without a jump, which random residues would make the processor guess wrong.
#[inline(always)]
fn select<const N: usize>(first: bool, a: [u64; N], b: [u64; N]) -> [u64; N] {
    let mask = u64::from(first).wrapping_neg();
    core::array::from_fn(|i| a[i] & mask | b[i] & !mask)
}

impl<M: Modulus<N>, const N: usize> core::ops::Add for Residue<M, N> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let (sum, carried) = raw_add(&self.0, &other.0);
        Self::raw(M::hold_sum(sum, carried))
    }
}

impl<M: Modulus<N>, const N: usize> core::ops::Sub for Residue<M, N> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let (difference, borrowed) = raw_sub(&self.0, &other.0);
        let (sum, carried) = raw_add(&difference, &select(borrowed, M::VALUE, [0; N]));
        // Next to never: what is taken away is below 2 p, and hardly ever p or more. As in `drop_carry`, one question.
        Self::raw(if borrowed == carried { sum } else { raw_add(&sum, &M::VALUE).0 })
    }
}

impl<M: Modulus<N>, const N: usize> core::ops::Neg for Residue<M, N> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl<M: Modulus<N>, const N: usize> core::ops::Mul for Residue<M, N> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        #[cfg(test)]
        super::products::count_one();
        // The call would cost a short product a sixth of its time; long ones in line would not fit the cache.
        if N <= 4 { self.product(&other) } else { self.product_apart(&other) }
    }
}

impl<M: Modulus<N>, const N: usize> PartialEq for Residue<M, N> {
    fn eq(&self, other: &Self) -> bool {
        self.form() == other.form()
    }
}

impl<M: Modulus<N>, const N: usize> Eq for Residue<M, N> {}

/// A product of two numbers of N limbs, of which `2 N` are used.
type Wide = [u64; 2 * MOST_LIMBS];

/// Limbs of the longest prime.
const MOST_LIMBS: usize = 9;

/// Runs `$body` for `$i` from 0 to N - 1. Spelled out, because the compiler leaves a loop a loop, and that takes half as
/// long again.
macro_rules! for_each_limb {
    ($i:ident => $body:block) => {{
        const { assert!(N <= MOST_LIMBS) }
        for_each_limb!($i => $body; 0 1 2 3 4 5 6 7 8);
    }};
    ($i:ident => $body:block; $($limb:literal)*) => { $(if $limb < N {
        let $i = $limb;
        $body
    })* };
}

impl<M: Modulus<N>, const N: usize> Residue<M, N> {
    #[inline(never)]
    fn product_apart(&self, other: &Self) -> Self {
        self.product(other)
    }

    #[inline(never)]
    fn squared_apart(&self) -> Self {
        self.squared()
    }

    #[inline(always)]
    fn product(&self, other: &Self) -> Self {
        let mut wide: Wide = [0; 2 * MOST_LIMBS];
        for_each_limb!(i => {
            // A whole row, then its sum: one chain of carries at a time is what the compiler can keep in the flag.
            let (row, above) = times_limb(&self.0, other.0[i]);
            let mut carry = false;
            for_each_limb!(j => {
                (wide[i + j], carry) = wide[i + j].carrying_add(row[j], carry);
            });
            wide[i + N] = above + u64::from(carry);
        });
        Self::over_r(&wide)
    }

    /// Every product of two different limbs once, all that doubled, and the squares of the limbs.
    #[inline(always)]
    fn squared(&self) -> Self {
        let mut wide: Wide = [0; 2 * MOST_LIMBS];
        for_each_limb!(i => {
            let (mut row, mut above, mut carry) = ([0; N], 0, false);
            for_each_limb!(j => {
                if j > i {
                    let product = u128::from(self.0[j]) * u128::from(self.0[i]);
                    (row[j], carry) = (product as u64).carrying_add(above, carry);
                    above = (product >> 64) as u64;
                }
            });
            above += u64::from(carry);
            carry = false;
            for_each_limb!(j => {
                if j > i {
                    (wide[i + j], carry) = wide[i + j].carrying_add(row[j], carry);
                }
            });
            wide[i + N] = above + u64::from(carry);
        });
        let (mut carry, mut shifted) = (false, 0);
        for_each_limb!(i => {
            let square = u128::from(self.0[i]) * u128::from(self.0[i]);
            for (at, own) in [(2 * i, square as u64), (2 * i + 1, (square >> 64) as u64)] {
                let doubled = wide[at] << 1 | shifted;
                shifted = wide[at] >> 63;
                (wide[at], carry) = doubled.carrying_add(own, carry);
            }
        });
        Self::over_r(&wide)
    }

    /// Divides by R, a limb at a time: what is below R^2 comes out below R + p.
    #[inline(always)]
    fn over_r(wide: &Wide) -> Self {
        let mut low: [u64; N] = core::array::from_fn(|i| wide[i]);
        let high: [u64; N] = core::array::from_fn(|i| wide[i + N]);
        for_each_limb!(_i => {
            // Below R / 2^64 + p, and so below R.
            (low, _) = M::divide_by_limb(&low, 0);
        });
        let (sum, carried) = raw_add(&low, &high);
        Self::raw(M::hold_product(sum, carried))
    }
}

/// The integer, below 2^(64 N) and below 2 p, modulo the prime.
pub(super) fn reduce_once<M: Modulus<N>, const N: usize>(integer: [u64; N]) -> [u64; N] {
    if less(&integer, &M::VALUE) { integer } else { raw_sub(&integer, &M::VALUE).0 }
}

#[cfg(test)]
mod tests {
    use super::super::curves::{P256Order, P256Prime, P384Order, P384Prime, P521Order, P521Prime};
    use super::super::reference::{self, Random};
    use super::*;
    use crate::crypto::Curve;
    use crate::crypto::limbs::from_be_bytes;
    use num_bigint::BigUint;

    fn to_limbs<const N: usize>(integer: &BigUint) -> [u64; N] {
        from_be_bytes(&integer.to_bytes_be())
    }

    fn to_integer(limbs: &[u64]) -> BigUint {
        limbs.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 64) + *limb)
    }

    /// Integers below p where carries, borrows and reductions change, and some between.
    fn samples<const N: usize>(p: &BigUint) -> Vec<BigUint> {
        let one = BigUint::from(1u32);
        let mut all = vec![BigUint::ZERO, p >> 1, (p >> 1) + 1u32];
        all.extend((1..=3u32).flat_map(|i| [BigUint::from(i), p - i]));
        for limb in 1..=N {
            for boundary in [&one << (64 * limb), &one << (64 * limb - 32)] {
                all.extend([&boundary - 1u32, boundary.clone(), &boundary + 1u32, p - (&boundary % p)]);
            }
            // One full limb, and all but one.
            let full = (&one << (64 * limb)) - (&one << (64 * limb - 64));
            all.extend([full.clone(), (&one << (64 * N)) - 1u32 - full]);
        }
        all.retain(|integer| integer < p);
        let mut random = Random::new(1);
        all.extend((0..40).map(|_| random.below(p)));
        all
    }

    /// Every operation on the very limbs, so that forms too lie on the boundaries.
    fn agrees_with_integers<M: Modulus<N>, const N: usize>(p: &BigUint) {
        assert_eq!(&to_integer(&M::VALUE), p);
        let r = (BigUint::from(1u32) << (64 * N)) % p;
        let over_r = r.modinv(p).unwrap();
        let samples = samples::<N>(p);
        let forms: Vec<Residue<M, N>> = samples.iter().map(|a| Residue::raw(to_limbs(a))).collect();
        for (a, form) in samples.iter().zip(&forms) {
            assert_eq!(to_integer(&(-*form).form()), (p - a) % p);
            assert_eq!(to_integer(&form.double().form()), a * 2u32 % p);
            assert_eq!(to_integer(&form.square().form()), a * a * &over_r % p);
            assert_eq!(to_integer(&Residue::<M, N>::of(&form.form()).form()), a * &r % p);
            assert_eq!(form.is_zero(), *a == BigUint::ZERO);
            for (b, other) in samples.iter().zip(&forms) {
                assert_eq!(to_integer(&(*form * *other).form()), a * b * &over_r % p);
                assert_eq!(to_integer(&(*form + *other).form()), (a + b) % p);
                assert_eq!(to_integer(&(*form - *other).form()), (a + p - b) % p);
                assert_eq!(to_integer(&form.times_plain(&other.form())), a * b * &over_r % p);
            }
            assert_eq!(to_integer(&reduce_once::<M, N>(to_limbs(a))), *a);
            let above = a + p;
            if above < BigUint::from(1u32) << (64 * N) {
                assert_eq!(to_integer(&reduce_once::<M, N>(to_limbs(&above))), *a);
            }
        }
        for (a, form) in samples.iter().zip(&forms) {
            let inverse = a.modinv(p).unwrap_or_default();
            assert_eq!(to_integer(&Residue::<M, N>::inverse_of(&form.form()).form()), &inverse * &r % p);
            assert_eq!(to_integer(&form.invert().form()), inverse * &r * &r % p);
        }
    }

    #[test]
    fn residues_agree_with_integers() {
        let [p256, p384, p521] = Curve::ALL.map(reference::prime);
        agrees_with_integers::<P256Prime, 4>(&p256);
        agrees_with_integers::<P384Prime, 6>(&p384);
        agrees_with_integers::<P521Prime, 9>(&p521);
        let [p256, p384, p521] = Curve::ALL.map(reference::order);
        agrees_with_integers::<P256Order, 4>(&p256);
        agrees_with_integers::<P384Order, 6>(&p384);
        agrees_with_integers::<P521Order, 9>(&p521);
    }

    /// Operands that are held above the prime, up to the most there is room for.
    fn holds_up_to_twice_the_prime<M: Modulus<N>, const N: usize>(p: &BigUint) {
        let r = BigUint::from(1u32) << (64 * N);
        let end = r.clone().min(p * 2u32);
        let over_r = (&r % p).modinv(p).unwrap();
        let mut pool = samples::<N>(p);
        pool.extend(samples::<N>(&(&end - p)).into_iter().map(|a| a + p));
        pool.extend((1..=3u32).map(|i| &end - i));
        let holds = |result: &Residue<M, N>, expected: BigUint| {
            assert!(to_integer(result.limbs()) < end, "{expected}");
            assert_eq!(to_integer(&result.form()), expected % p);
            assert_eq!(result.is_zero(), to_integer(&result.form()) == BigUint::ZERO);
        };
        let held: Vec<Residue<M, N>> = pool.iter().map(|a| Residue::raw(to_limbs(a))).collect();
        for (a, one) in pool.iter().zip(&held) {
            holds(one, a.clone());
            holds(&-*one, p * 2u32 - a);
            holds(&one.square(), a * a * &over_r);
            for (b, other) in pool.iter().zip(&held) {
                holds(&(*one + *other), a + b);
                holds(&(*one - *other), a + p * 2u32 - b);
                holds(&(*one * *other), a * b * &over_r);
                assert_eq!(one == other, a % p == b % p);
            }
        }
    }

    #[test]
    fn residues_above_the_prime() {
        let [p256, p384, p521] = Curve::ALL.map(reference::prime);
        holds_up_to_twice_the_prime::<P256Prime, 4>(&p256);
        holds_up_to_twice_the_prime::<P384Prime, 6>(&p384);
        holds_up_to_twice_the_prime::<P521Prime, 9>(&p521);
        let [p256, p384, _] = Curve::ALL.map(reference::order);
        holds_up_to_twice_the_prime::<P256Order, 4>(&p256);
        holds_up_to_twice_the_prime::<P384Order, 6>(&p384);
    }

    /// Dense, sparse and alternating operands take the division steps on very different paths.
    #[test]
    fn inverses_of_many_shapes() {
        fn check<M: Modulus<N>, const N: usize>() {
            let (p, mut random) = (to_integer(&M::VALUE), Random::new(2));
            let mut shapes: Vec<BigUint> = (0..p.bits()).map(|bit| BigUint::from(1u32) << bit).collect();
            shapes.extend((0..p.bits() - 1).map(|bit| (&p >> bit) - 1u32));
            shapes.extend((0..200).map(|_| random.below(&p)));
            shapes.extend((0..200).map(|i| random.below(&p) >> (i % (p.bits() - 8))));
            for shape in shapes.iter().filter(|shape| **shape < p && **shape > BigUint::ZERO) {
                let limbs = to_limbs(shape);
                let inverse = Residue::<M, N>::inverse_of(&limbs);
                assert_eq!(to_integer(&inverse.times_plain(&limbs)), BigUint::from(1u32), "{shape}");
            }
        }
        check::<P256Prime, 4>();
        check::<P256Order, 4>();
        check::<P384Prime, 6>();
        check::<P384Order, 6>();
        check::<P521Prime, 9>();
        check::<P521Order, 9>();
    }

    /// Against the code that fiat-crypto proves, which keeps the same Montgomery form.
    macro_rules! agrees_with_fiat {
        ($test:ident, $modulus:ty, $limbs:literal, $module:ident, $form:ident, $mul:ident, $square:ident, $add:ident,
         $sub:ident, $opp:ident) => {
            #[test]
            fn $test() {
                use fiat_crypto::$module as fiat;
                type R = Residue<$modulus, $limbs>;
                let samples: Vec<[u64; $limbs]> =
                    samples::<$limbs>(&to_integer(&<$modulus>::VALUE)).iter().map(to_limbs).collect();
                let mut out = fiat::$form([0; $limbs]);
                for a in &samples {
                    fiat::$square(&mut out, &fiat::$form(*a));
                    assert_eq!(R::raw(*a).square().form(), out.0);
                    fiat::$opp(&mut out, &fiat::$form(*a));
                    assert_eq!((-R::raw(*a)).form(), out.0);
                    for b in &samples {
                        fiat::$mul(&mut out, &fiat::$form(*a), &fiat::$form(*b));
                        assert_eq!((R::raw(*a) * R::raw(*b)).form(), out.0);
                        fiat::$add(&mut out, &fiat::$form(*a), &fiat::$form(*b));
                        assert_eq!((R::raw(*a) + R::raw(*b)).form(), out.0);
                        fiat::$sub(&mut out, &fiat::$form(*a), &fiat::$form(*b));
                        assert_eq!((R::raw(*a) - R::raw(*b)).form(), out.0);
                    }
                }
            }
        };
    }

    agrees_with_fiat!(
        p256_agrees_with_fiat,
        P256Prime,
        4,
        p256_64,
        fiat_p256_montgomery_domain_field_element,
        fiat_p256_mul,
        fiat_p256_square,
        fiat_p256_add,
        fiat_p256_sub,
        fiat_p256_opp
    );
    agrees_with_fiat!(
        p256_order_agrees_with_fiat,
        P256Order,
        4,
        p256_scalar_64,
        fiat_p256_scalar_montgomery_domain_field_element,
        fiat_p256_scalar_mul,
        fiat_p256_scalar_square,
        fiat_p256_scalar_add,
        fiat_p256_scalar_sub,
        fiat_p256_scalar_opp
    );
    agrees_with_fiat!(
        p384_agrees_with_fiat,
        P384Prime,
        6,
        p384_64,
        fiat_p384_montgomery_domain_field_element,
        fiat_p384_mul,
        fiat_p384_square,
        fiat_p384_add,
        fiat_p384_sub,
        fiat_p384_opp
    );
    agrees_with_fiat!(
        p384_order_agrees_with_fiat,
        P384Order,
        6,
        p384_scalar_64,
        fiat_p384_scalar_montgomery_domain_field_element,
        fiat_p384_scalar_mul,
        fiat_p384_scalar_square,
        fiat_p384_scalar_add,
        fiat_p384_scalar_sub,
        fiat_p384_scalar_opp
    );

    /// fiat-crypto's P-521 has no Montgomery form, so products are compared as integers. It has no P-521 order.
    #[test]
    fn p521_agrees_with_fiat() {
        use fiat_crypto::p521_64::{
            fiat_p521_carry_mul, fiat_p521_from_bytes, fiat_p521_loose_field_element, fiat_p521_relax,
            fiat_p521_tight_field_element, fiat_p521_to_bytes,
        };
        type R = Residue<P521Prime, 9>;
        let samples = samples::<9>(&reference::prime(Curve::P521));
        let loose = |integer: &BigUint| {
            let mut bytes = reference::bytes(Curve::P521, integer);
            bytes.reverse();
            let mut tight = fiat_p521_tight_field_element([0; 9]);
            fiat_p521_from_bytes(&mut tight, bytes.first_chunk().unwrap());
            let mut loose = fiat_p521_loose_field_element([0; 9]);
            fiat_p521_relax(&mut loose, &tight);
            loose
        };
        for a in &samples {
            for b in &samples {
                let mut product = fiat_p521_tight_field_element([0; 9]);
                fiat_p521_carry_mul(&mut product, &loose(a), &loose(b));
                let mut bytes = [0; 66];
                fiat_p521_to_bytes(&mut bytes, &product);
                let ours = R::of(&to_limbs(a)).times_plain(&to_limbs(b));
                assert_eq!(to_integer(&ours), BigUint::from_bytes_le(&bytes));
            }
        }
    }
}
