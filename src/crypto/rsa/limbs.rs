//! Powers modulo an RSA modulus in limbs of 64 bits: Montgomery products, a tile of eight limbs by eight at a time.
//!
//! R is 2^(512 C) for C tiles, and as the top bit of n is set, R / 2 < n < R. Numbers are below R: of a product
//! t < R^2, reduction leaves (t + m n) / R < R + n for some m < R, of which n is taken away once if it is not below R.

#![allow(clippy::inline_always)] // a call would pass eight registers through memory

use super::Opens;
use super::modulus::less;
use super::tiles::{LIMBS, Tile, Tiles};
use crate::crypto::limbs::{borrowing_sub, carrying_add, negated_inverse};

/// C tiles, least significant first.
type Number<const C: usize> = [Tile; C];

/// The double length.
type Product<const C: usize> = [[Tile; 2]; C];

/// An odd modulus n of exactly 512 C bits, and what its products need: made once a key, in some ten microseconds.
pub(super) struct LimbModulus<const C: usize> {
    value: Number<C>,
    /// -1 / n mod 2^64.
    negated_inverse: u64,
    /// R^2 mod n.
    r_squared: Number<C>,
}

impl<const C: usize> Opens<Tiles> for LimbModulus<C> {
    fn new(tiles: Tiles, bytes: &[u8]) -> Self {
        debug_assert!(bytes.len() == 64 * C && bytes[0] >> 7 == 1 && bytes[bytes.len() - 1] & 1 == 1);
        let value = read(bytes);
        let negated_inverse = negated_inverse(value[0][0]);
        let mut modulus = Self { value, negated_inverse, r_squared: [[0; LIMBS]; C] };
        modulus.r_squared = modulus.square_of_r(tiles);
        modulus
    }

    fn open(&self, tiles: Tiles, signature: &[u8], encoded: &mut [u8]) -> Option<()> {
        let base = read(signature);
        let power = less(&base, &self.value).then(|| self.power(tiles, &base))?;
        write(&power, encoded);
        Some(())
    }
}

impl<const C: usize> LimbModulus<C> {
    /// 2^e R becomes 2^(2 e) R by a Montgomery square: up to R R, from the odd factor of 512 C.
    fn square_of_r(&self, tiles: Tiles) -> Number<C> {
        let exponent = 512 * C;
        // R modulo n.
        let mut power = subtract(&[[0; LIMBS]; C], &self.value);
        for _ in 0..exponent >> exponent.trailing_zeros() {
            let (double, over) = double(&power);
            power = self.below_n(double, over);
        }
        for _ in 0..exponent.trailing_zeros() {
            power = self.square(tiles, &power);
        }
        self.below_n(power, false)
    }

    /// `base`, which is below n, to the power of 65537 modulo n.
    fn power(&self, tiles: Tiles, base: &Number<C>) -> Number<C> {
        // R^2 base / R = base R; then base^65536 R; the last product takes R away.
        let mut power = self.multiply(tiles, &self.r_squared, base);
        for _ in 0..16 {
            power = self.square(tiles, &power);
        }
        self.below_n(self.multiply(tiles, &power, base), false)
    }

    /// a b / R modulo n, below R.
    fn multiply(&self, tiles: Tiles, a: &Number<C>, b: &Number<C>) -> Number<C> {
        let mut product: Product<C> = [[[0; LIMBS]; 2]; C];
        let t = product.as_flattened_mut();
        for (i, a) in a.iter().enumerate() {
            let carry = add_row(tiles, a, b, false, &mut t[i..=i + C]);
            debug_assert!(!carry);
        }
        self.reduce(tiles, product)
    }

    /// a^2 / R modulo n, below R.
    fn square(&self, tiles: Tiles, a: &Number<C>) -> Number<C> {
        let mut product: Product<C> = [[[0; LIMBS]; 2]; C];
        let t = product.as_flattened_mut();
        for i in 1..C {
            let carry = add_row(tiles, &a[i - 1], &a[i..], false, &mut t[2 * i - 1..i + C]);
            debug_assert!(!carry);
        }
        // Doubled, and the squares of the tiles added.
        let (mut top_bit, mut carry) = (false, false);
        for (a, [low, high]) in a.iter().zip(&mut product) {
            let (twice_low, bit) = carrying_add(low, low, top_bit);
            let twice_high;
            (twice_high, top_bit) = carrying_add(high, high, bit);
            let (acc, carried) = carrying_add(&twice_low, &[0; LIMBS], carry);
            *low = *a;
            (*high, carry) = carrying_add(&tiles.multiply(acc, a, low), &twice_high, carried);
        }
        debug_assert!(!top_bit && !carry);
        self.reduce(tiles, product)
    }

    /// t / R modulo n, below R, for t < R^2: tile by tile, a multiple of n makes the lowest one zero.
    fn reduce(&self, tiles: Tiles, mut product: Product<C>) -> Number<C> {
        let t = product.as_flattened_mut();
        let mut over = false;
        for i in 0..C {
            let mut m = [self.negated_inverse; LIMBS];
            let acc = tiles.reduce(t[i], &self.value[0], &mut m);
            let carry;
            (t[i + 1], carry) = carrying_add(&acc, &t[i + 1], false);
            let carry = add_row(tiles, &m, &self.value[1..], carry, &mut t[i + 1..=i + C]);
            over |= add_carry(&mut t[i + C + 1..], carry);
        }
        let (high, _) = t[C..].as_chunks();
        if over { subtract(&high[0], &self.value) } else { high[0] }
    }

    /// A number below 2 n, `over` of which stands for R, modulo n.
    fn below_n(&self, number: Number<C>, over: bool) -> Number<C> {
        if over || !less(&number, &self.value) { subtract(&number, &self.value) } else { number }
    }
}

/// t += a b for a t of one tile more than b, and `carry` for its second tile; the carry out of it.
#[inline(always)]
fn add_row(tiles: Tiles, a: &Tile, b: &[Tile], mut carry: bool, t: &mut [Tile]) -> bool {
    let mut acc = t[0];
    for (i, b) in b.iter().enumerate() {
        t[i] = *b;
        acc = tiles.multiply(acc, a, &mut t[i]);
        (acc, carry) = carrying_add(&acc, &t[i + 1], carry);
    }
    t[b.len()] = acc;
    carry
}

/// t += carry; the carry out of it.
fn add_carry(t: &mut [Tile], mut carry: bool) -> bool {
    for limb in t.as_flattened_mut() {
        (*limb, carry) = limb.overflowing_add(u64::from(carry));
        // Whether the first limb is altered is anybody's guess; that the next one is, next to never.
        if !carry {
            break;
        }
    }
    carry
}

/// 2 a modulo R, and whether that is less than 2 a.
fn double<const C: usize>(a: &Number<C>) -> (Number<C>, bool) {
    let (mut out, mut carry) = (*a, false);
    for tile in &mut out {
        (*tile, carry) = carrying_add(tile, tile, carry);
    }
    (out, carry)
}

/// a - b modulo R.
fn subtract<const C: usize>(a: &Number<C>, b: &Number<C>) -> Number<C> {
    let (mut out, mut borrow) = ([[0; LIMBS]; C], false);
    for (out, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
        (*out, borrow) = borrowing_sub(a, b, borrow);
    }
    out
}

fn read<const C: usize>(bytes: &[u8]) -> Number<C> {
    let mut number = [[0; LIMBS]; C];
    let (_, limbs) = bytes.as_rchunks();
    for (limb, bytes) in number.as_flattened_mut().iter_mut().zip(limbs.iter().rev()) {
        *limb = u64::from_be_bytes(*bytes);
    }
    number
}

/// As big-endian bytes, as many as n has.
fn write<const C: usize>(number: &Number<C>, bytes: &mut [u8]) {
    let (_, limbs) = bytes.as_rchunks_mut();
    for (limb, bytes) in number.as_flattened().iter().zip(limbs.iter_mut().rev()) {
        *bytes = limb.to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::super::modulus::tests::{int, moduli, numbers_below};
    use super::super::tiles::tests::says_if_not_run;
    use super::*;
    use num_bigint::BigUint;

    fn to_integer(limbs: &[u64]) -> BigUint {
        limbs.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 64) + *limb)
    }

    fn to_number<const C: usize>(integer: &BigUint) -> Number<C> {
        let mut number = [[0; LIMBS]; C];
        let digits = integer.to_u64_digits();
        number.as_flattened_mut()[..digits.len()].copy_from_slice(&digits);
        number
    }

    fn bytes<const C: usize>(integer: &BigUint) -> Vec<u8> {
        let bytes = integer.to_bytes_be();
        [vec![0; 64 * C - bytes.len()], bytes].concat()
    }

    fn modulus<const C: usize>(tiles: Tiles, n: &BigUint) -> LimbModulus<C> {
        LimbModulus::new(tiles, &bytes::<C>(n))
    }

    fn constants<const C: usize>() {
        for n in moduli(512 * C as u64) {
            for tiles in Tiles::every() {
                let modulus = modulus::<C>(tiles, &n);
                assert_eq!(to_integer(modulus.value.as_flattened()), n);
                let inverse = int(modulus.negated_inverse);
                assert_eq!((&n * inverse + 1u32) % (int(1) << 64), BigUint::ZERO, "{n:x}");
                let r_squared = (int(1) << (1024 * C)) % &n;
                assert_eq!(to_integer(modulus.r_squared.as_flattened()), r_squared, "{n:x}");
            }
        }
    }

    #[test]
    fn constants_agree_with_integers() {
        says_if_not_run();
        constants::<4>();
        constants::<6>();
        constants::<8>();
    }

    /// (t + m n) / R for m = -t / n mod R, and whether n had to be taken away for that to be below R.
    fn reduced(t: &BigUint, n: &BigUint, inverse: &BigUint, r: &BigUint) -> (BigUint, bool) {
        let m = (r - t % r) * inverse % r;
        let quotient = (t + m * n) / r;
        if quotient < *r { (quotient, false) } else { (quotient - n, true) }
    }

    /// Factors up to R - 1, so that every carry occurs.
    fn products<const C: usize>() {
        says_if_not_run();
        let r = int(1) << (512 * C);
        let mut over = [0; 2];
        for n in moduli(512 * C as u64) {
            let inverse = n.modinv(&r).unwrap();
            let mut factors = numbers_below(&r);
            factors.extend([&n - 1u32, n.clone(), &r - &n, &n >> 1]);
            for (i, a) in factors.iter().enumerate() {
                let b = &factors[(5 * i + 3) % factors.len()];
                let (product, product_over) = reduced(&(a * b), &n, &inverse, &r);
                let (square, square_over) = reduced(&(a * a), &n, &inverse, &r);
                over[usize::from(product_over)] += 1;
                over[usize::from(square_over)] += 1;
                let (a, b) = (to_number(a), to_number(b));
                for tiles in Tiles::every() {
                    let modulus = modulus::<C>(tiles, &n);
                    let of_both = modulus.multiply(tiles, &a, &b);
                    assert_eq!(to_integer(of_both.as_flattened()), product, "{n:x} {a:x?} {b:x?}");
                    let of_one = modulus.square(tiles, &a);
                    assert_eq!(to_integer(of_one.as_flattened()), square, "{n:x} {a:x?}");
                }
            }
        }
        // Both ends of a reduction were met.
        assert!(over[0] > 10 && over[1] > 10, "{over:?}");
    }

    #[test]
    fn products_of_2048_agree_with_integers() {
        products::<4>();
    }

    #[test]
    fn products_of_3072_agree_with_integers() {
        products::<6>();
    }

    #[test]
    fn products_of_4096_agree_with_integers() {
        products::<8>();
    }

    fn powers<const C: usize>() {
        for n in moduli(512 * C as u64) {
            for tiles in Tiles::every() {
                let modulus = modulus::<C>(tiles, &n);
                let open = |signature: &BigUint| {
                    let mut encoded = vec![0; 64 * C];
                    modulus.open(tiles, &bytes::<C>(signature), &mut encoded)?;
                    Some(BigUint::from_bytes_be(&encoded))
                };
                for base in [int(0), int(1), int(2), &n >> 1, &n - 2u32, &n - 1u32] {
                    assert_eq!(open(&base), Some(base.modpow(&int(65537), &n)), "{n:x} {base:x}");
                }
                // n itself is the first number that is refused.
                let largest = (int(1) << (512 * C)) - 1u32;
                for above in [n.clone(), (&n + 1u32).min(largest.clone()), largest] {
                    assert_eq!(open(&above), None, "{n:x} {above:x}");
                }
            }
        }
    }

    #[test]
    fn powers_agree_with_integers() {
        says_if_not_run();
        powers::<4>();
        powers::<6>();
        powers::<8>();
    }

    #[test]
    fn remainders_at_the_ends() {
        let r: BigUint = int(1) << 2048;
        for n in moduli(2048) {
            let modulus = modulus::<4>(Tiles::Plain, &n);
            for number in [int(0), &n - 1u32, n.clone(), &n + 1u32, &r - 1u32, r.clone(), (&n << 1) - 1u32] {
                if number < &n << 1 {
                    let remainder = modulus.below_n(to_number(&(&number % &r)), number >= r);
                    assert_eq!(to_integer(remainder.as_flattened()), &number % &n, "{n:x} {number:x}");
                }
            }
        }
    }

    /// What chance never brings about: a carry through everything, and out of it.
    #[test]
    fn carries_that_run_on() {
        let full = [[u64::MAX; LIMBS]; 3];
        let mut t = full;
        assert!(!add_carry(&mut t, false) && t == full);
        assert!(add_carry(&mut t, true) && t == [[0; LIMBS]; 3]);
        assert!(!add_carry(&mut t, true) && to_integer(t.as_flattened()) == int(1));
        t = [[u64::MAX; LIMBS], [u64::MAX, u64::MAX, 7, 0, 0, 0, 0, 0], [5; LIMBS]];
        assert!(!add_carry(&mut t, true));
        assert_eq!(t, [[0; LIMBS], [0, 0, 8, 0, 0, 0, 0, 0], [5; LIMBS]]);
        assert!(add_carry(&mut [], true) && !add_carry(&mut [], false));
    }
}
