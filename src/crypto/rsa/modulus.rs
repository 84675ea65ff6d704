//! An RSA modulus and what its products need, in digits of 52 bits: made once a key, in a few microseconds.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a digit is the low part of a sum

use super::Opens;
use super::montgomery::Power;
use crate::crypto::lanes::{DIGIT, DIGIT_MASK, LANES, Vectors};
use crate::crypto::limbs::negated_inverse;

/// V vectors of digits, least significant first.
pub(super) type Number<const V: usize> = [[u64; LANES]; V];

/// Bytes of two digits.
const PAIR: usize = 2 * DIGIT as usize / 8;

/// An odd modulus n of exactly `BITS` bits. R is 2^(416 V), one vector of digits being 416 bits.
pub(super) struct Modulus<const V: usize> {
    pub(super) value: Number<V>,
    /// 2^-416 mod n: what moves the lowest vector of a number up by one.
    pub(super) over_block: Number<V>,
    /// -1 / n mod 2^416.
    pub(super) negated_inverse: [u64; LANES],
    /// R^2 mod n.
    pub(super) square: Number<V>,
}

impl<const V: usize> Opens<Vectors> for Modulus<V> {
    fn new(_: Vectors, bytes: &[u8]) -> Self {
        Self::of(bytes)
    }

    fn open(&self, vectors: Vectors, signature: &[u8], encoded: &mut [u8]) -> Option<()> {
        let base = self.read(signature)?;
        self.write(&vectors.run(Power { modulus: self, base: &base }), encoded);
        Some(())
    }
}

impl<const V: usize> Modulus<V> {
    /// Digits of a number.
    const DIGITS: usize = V * LANES;

    /// From big-endian bytes, odd and with the top bit set; at least 32 bits shorter than R.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let bits = bytes.len() * 8;
        debug_assert!(
            bits + 32 <= Self::DIGITS * DIGIT as usize && bits > Self::DIGITS * DIGIT as usize - 416
        );
        debug_assert!(bytes[0] >> 7 == 1 && bytes[bytes.len() - 1] & 1 == 1);
        let value = read(bytes);
        let (negated_inverse, over_block) = one_over_block(&value);
        // The largest power of the radix below n, times the radix until it is R^2.
        let mut square = [[0; LANES]; V];
        let start = (bits - 1) / DIGIT as usize;
        square.as_flattened_mut()[start] = 1;
        for _ in start..2 * Self::DIGITS {
            square = times_radix(&square, &value, bits);
        }
        Self { value, over_block, negated_inverse, square }
    }

    /// A number below n from big-endian bytes, as many as n has.
    fn read(&self, bytes: &[u8]) -> Option<Number<V>> {
        let number = read(bytes);
        less(&number, &self.value).then_some(number)
    }

    /// A number below 3 n, modulo n, as big-endian bytes.
    fn write(&self, number: &Number<V>, bytes: &mut [u8]) {
        let number = reduce(*number, &self.value);
        let (pairs, _) = number.as_flattened().as_chunks();
        for (chunk, [low, high]) in bytes.rchunks_mut(PAIR).zip(pairs) {
            let pair = (u128::from(*low) | u128::from(*high) << DIGIT).to_be_bytes();
            chunk.copy_from_slice(&pair[pair.len() - chunk.len()..]);
        }
    }
}

/// Digits of big-endian bytes, no more than fit.
fn read<const V: usize>(bytes: &[u8]) -> Number<V> {
    let mut number = [[0; LANES]; V];
    let (top, pairs) = bytes.as_rchunks::<PAIR>();
    let mut head = [0; PAIR];
    head[PAIR - top.len()..].copy_from_slice(top);
    let (digits, _) = number.as_flattened_mut().as_chunks_mut();
    for ([low, high], pair) in digits.iter_mut().zip(pairs.iter().rev().chain([&head])) {
        let mut wide = [0; 16];
        wide[16 - PAIR..].copy_from_slice(pair);
        let pair = u128::from_be_bytes(wide);
        (*low, *high) = (pair as u64 & DIGIT_MASK, (pair >> DIGIT) as u64);
    }
    number
}

pub(super) fn less<const V: usize>(a: &Number<V>, b: &Number<V>) -> bool {
    a.as_flattened().iter().rev().lt(b.as_flattened().iter().rev())
}

/// The number modulo n, of which it is a small multiple.
fn reduce<const V: usize>(mut number: Number<V>, n: &Number<V>) -> Number<V> {
    while !less(&number, n) {
        let mut borrow = 0;
        for (digit, n) in number.as_flattened_mut().iter_mut().zip(n.as_flattened()) {
            let difference = digit.wrapping_sub(*n).wrapping_sub(borrow);
            (*digit, borrow) = (difference & DIGIT_MASK, difference >> 63);
        }
    }
    number
}

/// -1 / n mod 2^416 and 2^-416 mod n: one, divided by the radix as Montgomery does, eight times. The multiples of n
/// that make it divisible are the digits of the first.
fn one_over_block<const V: usize>(n: &Number<V>) -> ([u64; LANES], Number<V>) {
    let mut quotient: Number<V> = [[0; LANES]; V];
    quotient[0][0] = 1;
    let negated_inverse = negated_inverse(n[0][0]);
    let multiples = core::array::from_fn(|_| {
        let multiple = quotient[0][0].wrapping_mul(negated_inverse) & DIGIT_MASK;
        let digits = quotient.as_flattened_mut();
        let mut carry = 0;
        for (i, n) in n.as_flattened().iter().enumerate() {
            let sum = u128::from(digits[i]) + u128::from(multiple) * u128::from(*n) + carry;
            if i > 0 {
                digits[i - 1] = sum as u64 & DIGIT_MASK;
            }
            carry = sum >> DIGIT;
        }
        // q below n stays so: (q + m n) / 2^52 with m < 2^52.
        digits[digits.len() - 1] = carry as u64;
        multiple
    });
    (multiples, quotient)
}

/// x 2^52 mod n for x < n < 2^bits.
///
/// With X and N the first 64 bits of x and n, q = X 2^52 / (N + 1) is not above x 2^52 / n, and less than 1 + 2^-10
/// below it, for N is at least 2^63. So x 2^52 - q n is below 2 n.
fn times_radix<const V: usize>(x: &Number<V>, n: &Number<V>, bits: usize) -> Number<V> {
    let q = (u128::from(leading(x, bits)) << DIGIT) / (u128::from(leading(n, bits)) + 1);
    let mut out = [[0; LANES]; V];
    let (mut below, mut carry) = (0, 0i128);
    for (out, (x, n)) in out.as_flattened_mut().iter_mut().zip(x.as_flattened().iter().zip(n.as_flattened()))
    {
        let sum = i128::from(below) - (q * u128::from(*n)).cast_signed() + carry;
        (*out, carry) = (sum as u64 & DIGIT_MASK, sum >> DIGIT);
        below = *x;
    }
    reduce(out, n)
}

/// The first 64 of `bits` bits.
fn leading<const V: usize>(x: &Number<V>, bits: usize) -> u64 {
    let (at, skipped) = ((bits - 64) / DIGIT as usize, (bits - 64) as u32 % DIGIT);
    let digit = |i: usize| x.as_flattened().get(at + i).map_or(0, |digit| u128::from(*digit));
    ((digit(0) | digit(1) << DIGIT | digit(2) << (2 * DIGIT)) >> skipped) as u64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::crypto::tables::reference::Random;
    use num_bigint::BigUint;

    pub(in crate::crypto::rsa) fn int(value: u64) -> BigUint {
        BigUint::from(value)
    }

    pub(in crate::crypto::rsa) fn to_integer(digits: &[u64]) -> BigUint {
        digits.iter().rev().fold(BigUint::ZERO, |sum, digit| (sum << DIGIT) + *digit)
    }

    pub(in crate::crypto::rsa) fn to_number<const V: usize>(integer: &BigUint) -> Number<V> {
        let mut digits = integer.clone();
        let mut number = [[0; LANES]; V];
        for digit in number.as_flattened_mut() {
            *digit = (&digits & int(DIGIT_MASK)).try_into().unwrap();
            digits >>= DIGIT;
        }
        assert_eq!(digits, BigUint::ZERO);
        number
    }

    /// Below `end`, of a few kilobytes at most.
    pub(in crate::crypto::rsa) fn random_below(random: &mut Random, end: &BigUint) -> BigUint {
        BigUint::from_bytes_be(&random.bytes(1024)) % end
    }

    /// The smallest and the largest moduli of so many bits, those whose digits are zero or full, and a few between.
    pub(in crate::crypto::rsa) fn moduli(bits: u64) -> Vec<BigUint> {
        let power = |exponent: u64| int(1) << exponent;
        let top = power(bits - 1);
        let mut random = Random::new(bits);
        let mut all = vec![&top + 1u32, &top + 3u32, power(bits) - 1u32, power(bits) - 3u32];
        all.push(&top + power(bits / 2) - 1u32);
        for (digit, block) in [(52, 416), (64, 512)] {
            // -1 / n is one, and the largest digit, modulo a block; only the first digits are zero, or only they are full.
            all.extend([&top + power(block) - 1u32, &top + power(block) + 1u32]);
            all.extend([power(bits) - power(block) + 1u32, power(bits) - power(block) - 1u32]);
            all.extend([&top + power(digit) - 1u32, power(bits) - power(digit) + 1u32]);
            // Every other digit full.
            let full = power(digit) - 1u32;
            let striped =
                (0..bits / (2 * digit)).fold(BigUint::ZERO, |sum, i| sum + (&full << (2 * digit * i)));
            all.push(top.clone() | striped);
        }
        all.extend((0..3).map(|_| random_below(&mut random, &top) | &top | int(1)));
        for n in &all {
            assert!(n.bits() == bits && n.bit(0));
        }
        all
    }

    /// Numbers below `end` where digits, vectors and bytes change.
    pub(in crate::crypto::rsa) fn numbers_below(end: &BigUint) -> Vec<BigUint> {
        let mut all = vec![BigUint::ZERO, int(1), int(2), end >> 1, end - 1u32, end - 2u32];
        for bit in [52, 64, 104, 128, 416, 512, 832, 1024, 2048, 2080, end.bits() - 1] {
            let power = int(1) << bit;
            all.extend([&power - 1u32, power.clone(), &power + 1u32]);
        }
        all.retain(|number| number < end);
        let mut random = Random::new(3);
        all.extend((0..2).map(|_| random_below(&mut random, end)));
        all
    }

    fn constants<const V: usize>(bits: u64) {
        let block = int(1) << 416;
        for n in moduli(bits) {
            let modulus = Modulus::<V>::of(&n.to_bytes_be());
            assert_eq!(to_integer(modulus.value.as_flattened()), n);
            let inverse = to_integer(&modulus.negated_inverse);
            assert_eq!((&n * inverse + 1u32) % &block, BigUint::ZERO, "{n:x}");
            let over_block = to_integer(modulus.over_block.as_flattened());
            assert!(over_block < n && over_block * &block % &n == int(1), "{n:x}");
            let r_squared = (int(1) << (832 * V)) % &n;
            assert_eq!(to_integer(modulus.square.as_flattened()), r_squared, "{n:x}");
        }
    }

    fn bytes<const V: usize>(bits: u64) {
        let length = usize::try_from(bits / 8).unwrap();
        for n in moduli(bits) {
            let modulus = Modulus::<V>::of(&n.to_bytes_be());
            for number in numbers_below(&(&n * 3u32)) {
                let mut out = vec![0; length];
                modulus.write(&to_number(&number), &mut out);
                assert_eq!(BigUint::from_bytes_be(&out), &number % &n);
                if number.bits() <= bits {
                    let bytes = number.to_bytes_be();
                    let bytes = [vec![0; length - bytes.len()], bytes].concat();
                    let read = modulus.read(&bytes).map(|read| to_integer(read.as_flattened()));
                    assert_eq!(read, (number < n).then_some(number));
                }
            }
            // n itself is the first number that is refused.
            assert_eq!(modulus.read(&n.to_bytes_be()), None);
            assert!(modulus.read(&(&n - 1u32).to_bytes_be()).is_some());
        }
    }

    #[test]
    fn constants_agree_with_integers() {
        constants::<5>(2048);
        constants::<8>(3072);
        constants::<10>(4096);
    }

    #[test]
    fn numbers_are_read_and_written() {
        bytes::<5>(2048);
        bytes::<8>(3072);
        bytes::<10>(4096);
    }
}
