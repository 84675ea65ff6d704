//! Inverses modulo a prime by division steps ("Fast constant-time gcd computation and modular inversion", Bernstein
//! and Yang, 2019), 62 at a time as in libsecp256k1. In variable time: a zero bit costs next to nothing.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)] // two's complement
#![allow(clippy::many_single_char_names)] // the paper's

use super::field::{Modulus, Residue};

/// Steps of one batch: what fits into the low limbs of f and g, and into the entries of the matrix.
const STEPS: u32 = 62;
/// More than any operand needs: 521 bits are done after (49 * 521 + 57) / 17 = 1505 steps, which is 25 batches.
const BATCHES: u32 = 31;

impl<M: Modulus<N>, const N: usize> Residue<M, N> {
    /// The inverse of an integer below the prime; zero for zero.
    ///
    /// Keeps d x = f c R^2 and e x = g c R^2 mod p. A batch replaces (f, g) by their combination over 2^62, (d, e) by
    /// the same combination over a limb: c loses two bits, and the last product gives them all back.
    pub(super) fn inverse_of(plain: &[u64; N]) -> Self {
        let (mut f, mut g) = (Signed::of(M::VALUE), Signed::of(*plain));
        let (mut d, mut e) = (Self::ZERO, Self::raw(M::SQUARE));
        let (mut eta, mut lost) = (-1, 0);
        for _ in 0..BATCHES {
            if g.is_zero() {
                break;
            }
            let [[u, v], [q, r]] = steps(&mut eta, f.limbs[0], g.limbs[0]);
            (f, g) = (Signed::combine(u, &f, v, &g), Signed::combine(q, &f, r, &g));
            (d, e) = (Self::combine(u, d, v, e), Self::combine(q, d, r, e));
            lost += 64 - STEPS;
        }
        let mut restored = [0; N];
        restored[0] = 1 << lost;
        let inverse = d * Self::raw(restored);
        if f.negative { -inverse } else { inverse }
    }

    pub(super) fn invert(&self) -> Self {
        Self::of(&Self::inverse_of(&self.form()).form())
    }

    /// (u d + v e) / 2^64 for |u| + |v| <= 2^62: below 1.25 p before it is reduced.
    fn combine(u: i64, d: Self, v: i64, e: Self) -> Self {
        let signed = |factor: i64, value: Self| if factor < 0 { -value } else { value };
        let (d, e) = (signed(u, d), signed(v, e));
        let (u, v) = (u.unsigned_abs(), v.unsigned_abs());
        let (mut sum, mut carry) = ([0; N], 0);
        for (limb, (d, e)) in sum.iter_mut().zip(d.limbs().iter().zip(e.limbs())) {
            let low = u128::from(u) * u128::from(*d) + u128::from(v) * u128::from(*e) + carry;
            *limb = low as u64;
            carry = low >> 64;
        }
        let (sum, high) = M::divide_by_limb(&sum, carry);
        Self::reduced(sum, high)
    }
}

/// A signed integer in two's complement.
#[derive(Clone, Copy)]
struct Signed<const N: usize> {
    limbs: [u64; N],
    negative: bool,
}

impl<const N: usize> Signed<N> {
    fn of(limbs: [u64; N]) -> Self {
        Self { limbs, negative: false }
    }

    fn is_zero(&self) -> bool {
        self.limbs.iter().all(|limb| *limb == 0)
    }

    /// (u f + v g) / 2^62, which leaves no remainder, for |u| + |v| <= 2^62: not longer than the longer of f and g.
    fn combine(u: i64, f: &Self, v: i64, g: &Self) -> Self {
        let (u, v) = (i128::from(u), i128::from(v));
        let (mut limbs, mut below, mut sum) = ([0; N], 0, 0);
        for i in 0..N {
            sum += u * i128::from(f.limbs[i]) + v * i128::from(g.limbs[i]);
            if i > 0 {
                limbs[i - 1] = below >> STEPS | (sum as u64) << (64 - STEPS);
            }
            below = sum as u64;
            sum >>= 64;
        }
        let sum = sum - u * i128::from(f.negative) - v * i128::from(g.negative);
        limbs[N - 1] = below >> STEPS | (sum as u64) << (64 - STEPS);
        Self { limbs, negative: sum < 0 }
    }
}

/// The matrix of one batch, times 2^62, from the low limbs; eta is Bernstein and Yang's -delta.
///
/// A step: for odd g and negative eta (f, g) becomes (g, -f); then f is added to an odd g, and g is halved. Here g is
/// rid of all its zero bits at once, and of up to six bits by one multiple of f, as long as no swap can be due.
fn steps(eta: &mut i64, f: u64, g: u64) -> [[i64; 2]; 2] {
    let (mut f, mut g) = (f, g);
    let (mut u, mut v, mut q, mut r) = (1u64, 0u64, 0u64, 1u64);
    let mut left = STEPS;
    loop {
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        *eta -= i64::from(zeros);
        left -= zeros;
        if left == 0 {
            return [[u as i64, v as i64], [q as i64, r as i64]];
        }
        let few = *eta >= 0;
        if !few {
            *eta = -*eta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, u.wrapping_neg());
            (v, r) = (r, v.wrapping_neg());
        }
        // f (f^2 - 2) is -1 / f modulo 2^6; its four-bit form is cheaper.
        let bits = i64::from(left).min(*eta + 1) as u32;
        let multiple = if few {
            f.wrapping_add((f.wrapping_add(1) & 4) << 1).wrapping_neg().wrapping_mul(g) & 15
        } else {
            f.wrapping_mul(g).wrapping_mul(f.wrapping_mul(f).wrapping_sub(2)) & 63
        };
        let multiple = multiple & (u64::MAX >> (64 - bits.min(64)));
        g = g.wrapping_add(f.wrapping_mul(multiple));
        q = q.wrapping_add(u.wrapping_mul(multiple));
        r = r.wrapping_add(v.wrapping_mul(multiple));
    }
}
