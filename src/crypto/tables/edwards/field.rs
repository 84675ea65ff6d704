//! Arithmetic modulo 2^255 - 19. Any integer below 2^256 stands for its residue, so that sums and products need no last
//! reduction; only what is compared or encoded gets one.

#![allow(clippy::cast_possible_truncation)] // a limb is the low half of a double one
#![allow(clippy::inline_always)] // a product is one run of instructions, or it is slow

use super::super::field::{Modulus, Residue};
use crate::crypto::limbs::{from_le_bytes, raw_add, raw_sub};

/// The prime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Prime;

impl Modulus<4> for Prime {
    const VALUE: [u64; 4] = [!0 - 18, !0, !0, !0 >> 1];
}

/// 2^256 modulo the prime.
const EXCESS: u64 = 38;

/// A residue. Not Montgomery's form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element([u64; 4]);

impl Element {
    pub(super) const ZERO: Self = Self([0; 4]);
    pub(super) const ONE: Self = Self([1, 0, 0, 0]);
    /// The coefficient d of -x^2 + y^2 = 1 + d x^2 y^2.
    pub(super) const D: Self =
        Self([0x75eb_4dca_1359_78a3, 0x0070_0a4d_4141_d8ab, 0x8cc7_4079_7779_e898, 0x5203_6cee_2b6f_fe73]);
    /// x and y of the base point.
    pub(super) const BASE: [Self; 2] = [
        Self([0xc956_2d60_8f25_d51a, 0x692c_c760_9525_a7b2, 0xc0a4_e231_fdd6_dc5c, 0x2169_36d3_cd6e_53fe]),
        Self([0x6666_6666_6666_6658, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666]),
    ];

    /// Of an integer.
    pub(super) const fn of(limbs: [u64; 4]) -> Self {
        Self(limbs)
    }

    /// Of little-endian bytes.
    pub(super) fn read(bytes: &[u8; 32]) -> Self {
        Self(from_le_bytes(bytes))
    }

    /// The integer below the prime.
    pub(super) fn reduced(self) -> [u64; 4] {
        let [a, b, c, d] = self.0;
        let (value, _) = raw_add(&[a, b, c, d & (!0 >> 1)], &[19 * (d >> 63), 0, 0, 0]);
        let (less, borrowed) = raw_sub(&value, &Prime::VALUE); // below 2^255 + 19: once is enough
        if borrowed { value } else { less }
    }

    /// What it is held as.
    pub(super) const fn limbs(self) -> [u64; 4] {
        self.0
    }

    pub(super) fn is_odd(self) -> bool {
        self.reduced()[0] & 1 == 1
    }

    pub(super) fn square(self) -> Self {
        self * self
    }

    #[inline(always)]
    pub(super) fn double(self) -> Self {
        self + self
    }

    /// In Montgomery's form, for inverting.
    pub(super) fn residue(self) -> Residue<Prime, 4> {
        Residue::of(&self.reduced())
    }

    /// The product with a residue in Montgomery's form.
    pub(super) fn times(self, factor: Residue<Prime, 4>) -> Self {
        Self(factor.times_plain(&self.reduced()))
    }

    /// self / divisor; zero where that is zero.
    pub(super) fn over(self, divisor: Self) -> Self {
        self.times(Residue::inverse_of(&divisor.reduced()))
    }

    /// The square root of self / divisor, if there is one: either of the two (RFC 8032 section 5.1.3).
    pub(super) fn root_over(self, divisor: Self) -> Option<Self> {
        let cube = divisor.square() * divisor;
        let root = self * cube * (self * cube.square() * divisor).power();
        let square = divisor * root.square();
        if square == self {
            Some(root)
        } else if square == -self {
            // 2^((p - 1) / 4), a root of -1: 2 is no square.
            let two = Self::ONE.double();
            Some(root * two.power().square() * two)
        } else {
            None
        }
    }

    /// self^((p - 5) / 8), which is self^(2^252 - 3).
    fn power(self) -> Self {
        let ones = (1..250).fold(self, |power, _| power.square() * self);
        ones.square().square() * self
    }

    /// value + top 2^256 for a top of at most 38.
    #[inline(always)]
    fn folded(value: [u64; 4], top: u64) -> Self {
        let (mut value, carried) = raw_add(&value, &[top * EXCESS, 0, 0, 0]);
        // What carried is small now: no second carry leaves the first limb.
        value[0] = value[0].wrapping_add(excess_if(carried));
        Self(value)
    }
}

#[inline(always)]
fn excess_if(condition: bool) -> u64 {
    u64::from(condition).wrapping_neg() & EXCESS
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.reduced() == other.reduced()
    }
}

impl core::ops::Add for Element {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let (sum, carried) = raw_add(&self.0, &other.0);
        Self::folded(sum, u64::from(carried))
    }
}

impl core::ops::Sub for Element {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let (difference, borrowed) = raw_sub(&self.0, &other.0);
        let (mut value, borrowed) = raw_sub(&difference, &[excess_if(borrowed), 0, 0, 0]);
        // What borrowed is close to 2^256 now: no second borrow leaves the first limb.
        value[0] = value[0].wrapping_sub(excess_if(borrowed));
        Self(value)
    }
}

impl core::ops::Neg for Element {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl core::ops::Mul for Element {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        #[cfg(test)]
        super::super::products::count_one();
        let (mut low, mut high) = ([0; 4], [0; 4]);
        macro_rules! rows {
            ($($i:literal)*) => { $({
                let (row, top) = times_limb(&self.0, other.0[$i]);
                let (row, carried) = raw_add(&high, &row);
                low[$i] = row[0];
                high = [row[1], row[2], row[3], top + u64::from(carried)];
            })* };
        }
        rows!(0 1 2 3);
        let (folded, top) = times_limb(&high, EXCESS);
        let (folded, carried) = raw_add(&low, &folded);
        Self::folded(folded, top + u64::from(carried))
    }
}

/// a b, and what of it lies above four limbs: at most b - 1. The products come before the one chain of carries, because
/// a multiplication in between would cost the carry its flag.
#[inline(always)]
fn times_limb(a: &[u64; 4], b: u64) -> ([u64; 4], u64) {
    let wide = |a: u64| {
        let product = u128::from(a) * u128::from(b);
        (product as u64, (product >> 64) as u64)
    };
    let ((l0, h0), (l1, h1), (l2, h2), (l3, h3)) = (wide(a[0]), wide(a[1]), wide(a[2]), wide(a[3]));
    let ([l1, l2, l3], carried) = raw_add(&[l1, l2, l3], &[h0, h1, h2]);
    ([l0, l1, l2, l3], h3 + u64::from(carried))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tables::reference::Random;
    use fiat_crypto::curve25519_64 as fiat;
    use num_bigint::BigUint;

    fn one() -> BigUint {
        BigUint::from(1u32)
    }

    fn prime() -> BigUint {
        (one() << 255) - 19u32
    }

    fn to_integer(limbs: &[u64; 4]) -> BigUint {
        limbs.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 64) + *limb)
    }

    fn element(integer: &BigUint) -> Element {
        let mut bytes = integer.to_bytes_le();
        bytes.resize(32, 0);
        Element::read(bytes.first_chunk().unwrap())
    }

    /// Integers below 2^256 where carries, borrows and reductions change, and some between.
    fn samples() -> Vec<BigUint> {
        let (one, p) = (one(), prime());
        let mut all = vec![BigUint::ZERO];
        for boundary in [p.clone(), &p << 1, &one << 255, &p >> 1, BigUint::from(40u32)] {
            all.extend((0..=40u32).step_by(19).flat_map(|i| [&boundary + i, &boundary - i]));
            all.extend([&boundary + 1u32, &boundary - 1u32]);
        }
        for limb in 1..=4 {
            let boundary = &one << (64 * limb);
            all.extend([1, 2, 19, 38, 39].map(|i: u32| &boundary - i));
            all.extend([0, 1, 37, 38].map(|i: u32| &boundary + i));
            all.push(&boundary - (&one << (64 * limb - 64)));
        }
        all.retain(|integer| integer.bits() <= 256);
        let mut random = Random::new(21);
        all.extend((0..20).map(|_| BigUint::from_bytes_le(&random.bytes(32))));
        all
    }

    #[test]
    fn residues_agree_with_integers() {
        let (p, samples) = (prime(), samples());
        assert_eq!(to_integer(&Prime::VALUE), p);
        for a in &samples {
            let x = element(a);
            assert_eq!(to_integer(&x.0), *a);
            assert_eq!(to_integer(&x.reduced()), a % &p);
            assert_eq!(x.is_odd(), (a % &p).bit(0));
            assert_eq!(to_integer(&(-x).reduced()), (&p - a % &p) % &p);
            assert_eq!(to_integer(&x.double().reduced()), a * 2u32 % &p);
            assert_eq!(to_integer(&x.square().reduced()), a * a % &p);
            for b in &samples {
                let y = element(b);
                assert_eq!(to_integer(&(x + y).reduced()), (a + b) % &p, "{a} {b}");
                assert_eq!(to_integer(&(x - y).reduced()), (a + &p * 3u32 - b) % &p, "{a} {b}");
                assert_eq!(to_integer(&(x * y).reduced()), a * b % &p, "{a} {b}");
                assert_eq!(x == y, a % &p == b % &p, "{a} {b}");
            }
        }
    }

    #[test]
    fn quotients_and_roots_agree_with_integers() {
        let (p, samples) = (prime(), samples());
        let (mut roots, mut none) = (0, 0);
        for a in &samples {
            for b in samples.iter().step_by(7) {
                let (x, y) = (element(a), element(b));
                let inverse = (b % &p).modinv(&p).unwrap_or_default();
                let quotient = a * &inverse % &p;
                assert_eq!(to_integer(&x.over(y).reduced()), quotient, "{a} {b}");
                assert_eq!(to_integer(&x.times(y.residue().invert()).reduced()), quotient, "{a} {b}");
                if inverse == BigUint::ZERO {
                    continue;
                }
                // Euler: a square to the (p - 1) / 2 is 1 or 0.
                let is_square = quotient.modpow(&(&p >> 1), &p) <= one();
                let root = x.root_over(y).map(|root| to_integer(&root.reduced()));
                assert_eq!(root.is_some(), is_square, "{a} {b}");
                match root {
                    Some(root) => assert_eq!(&root * &root % &p, quotient, "{a} {b}"),
                    None => none += 1,
                }
                roots += usize::from(is_square);
            }
        }
        assert!(roots > 100 && none > 100, "{roots} {none}");
    }

    /// fiat-crypto proves its code. It keeps five limbs, so what is compared are bytes.
    #[test]
    fn agrees_with_fiat() {
        let p = prime();
        let read = |integer: &BigUint| {
            let mut bytes = (integer % &p).to_bytes_le();
            bytes.resize(32, 0);
            let mut out = fiat::fiat_25519_tight_field_element([0; 5]);
            fiat::fiat_25519_from_bytes(&mut out, bytes.first_chunk().unwrap());
            out
        };
        let bytes = |element: &fiat::fiat_25519_tight_field_element| {
            let mut out = [0; 32];
            fiat::fiat_25519_to_bytes(&mut out, element);
            to_integer(&from_le_bytes(&out))
        };
        let loose = |tight: &fiat::fiat_25519_tight_field_element| {
            let mut out = fiat::fiat_25519_loose_field_element([0; 5]);
            fiat::fiat_25519_relax(&mut out, tight);
            out
        };
        let carry = |loose: &fiat::fiat_25519_loose_field_element| {
            let mut out = fiat::fiat_25519_tight_field_element([0; 5]);
            fiat::fiat_25519_carry(&mut out, loose);
            bytes(&out)
        };
        let samples = samples();
        for a in &samples {
            let mut sum = fiat::fiat_25519_loose_field_element([0; 5]);
            for b in &samples {
                let (x, y, fx, fy) = (element(a), element(b), read(a), read(b));
                let mut product = fiat::fiat_25519_tight_field_element([0; 5]);
                fiat::fiat_25519_carry_mul(&mut product, &loose(&fx), &loose(&fy));
                assert_eq!(to_integer(&(x * y).reduced()), bytes(&product), "{a} {b}");
                fiat::fiat_25519_add(&mut sum, &fx, &fy);
                assert_eq!(to_integer(&(x + y).reduced()), carry(&sum), "{a} {b}");
                fiat::fiat_25519_sub(&mut sum, &fx, &fy);
                assert_eq!(to_integer(&(x - y).reduced()), carry(&sum), "{a} {b}");
            }
            fiat::fiat_25519_opp(&mut sum, &read(a));
            assert_eq!(to_integer(&(-element(a)).reduced()), carry(&sum), "{a}");
        }
    }
}
