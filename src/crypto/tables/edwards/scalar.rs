//! Integers modulo L = 2^252 + 27742317777372353535851937790883648493, the order of the base point.

#![allow(clippy::cast_possible_truncation)] // a limb is the low half of a double one

use super::super::field::power_of_two;
use crate::crypto::limbs::{from_le_bytes, less, raw_add, raw_sub};

/// Bits that every scalar but the few from 2^252 on fits in.
pub(super) const BITS: usize = 252;

/// L - 2^252.
const TAIL: [u64; 2] = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6];

const ORDER: [u64; 4] = [TAIL[0], TAIL[1], 0, 1 << 60];

/// 2^256, 2^320, 2^384 and 2^448 modulo L.
const POWERS: [[u64; 4]; 4] = [
    power_of_two(256, &ORDER),
    power_of_two(320, &ORDER),
    power_of_two(384, &ORDER),
    power_of_two(448, &ORDER),
];

/// A little-endian integer below L (RFC 8032 section 5.1.7).
pub(super) fn read(bytes: &[u8; 32]) -> Option<[u64; 4]> {
    let limbs = from_le_bytes(bytes);
    less(&limbs, &ORDER).then_some(limbs)
}

/// A little-endian integer of 64 bytes modulo L.
pub(super) fn reduce(bytes: &[u8]) -> [u64; 4] {
    let [low @ .., h0, h1, h2, h3]: [u64; 8] = from_le_bytes(bytes);
    let (mut sum, mut above) = (low, 0);
    for (limb, power) in [h0, h1, h2, h3].into_iter().zip(&POWERS) {
        above += add_product(&mut sum, limb, power);
    }
    // 2^252 q + rest: q is below 2^67, and 2^252 is -TAIL, so that q TAIL is far below L.
    let q = [sum[3] >> 60 | above << 4, above >> 60];
    sum[3] &= !0 >> 4;
    let mut product = [0; 4];
    let first = add_product(&mut product, q[0], &[TAIL[0], TAIL[1], 0, 0]);
    debug_assert_eq!(first, 0);
    add_product(&mut product, q[1], &[0, TAIL[0], TAIL[1], 0]);
    let (rest, borrowed) = raw_sub(&sum, &product);
    if borrowed { raw_add(&rest, &ORDER).0 } else { rest }
}

/// Adds factor times `value`, and says what carried out of the last limb.
fn add_product(sum: &mut [u64; 4], factor: u64, value: &[u64; 4]) -> u64 {
    let mut carry = 0;
    for (limb, value) in sum.iter_mut().zip(value) {
        let wide = u128::from(*limb) + u128::from(factor) * u128::from(*value) + carry;
        *limb = wide as u64;
        carry = wide >> 64;
    }
    carry as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::tables::reference::Random;
    use num_bigint::BigUint;

    /// As RFC 8032 section 5.1 prints it.
    fn order() -> BigUint {
        (BigUint::from(1u32) << 252)
            + BigUint::parse_bytes(b"27742317777372353535851937790883648493", 10).unwrap()
    }

    fn to_integer(limbs: &[u64]) -> BigUint {
        limbs.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 64) + *limb)
    }

    fn bytes<const N: usize>(integer: &BigUint) -> [u8; N] {
        let mut bytes = integer.to_bytes_le();
        bytes.resize(N, 0);
        bytes.try_into().unwrap()
    }

    #[test]
    fn reads_what_is_below_the_order() {
        let order = order();
        assert_eq!(to_integer(&ORDER), order);
        for below in [BigUint::ZERO, BigUint::from(1u32), &order >> 1, &order - 2u32, &order - 1u32] {
            assert_eq!(read(&bytes(&below)).map(|limbs| to_integer(&limbs)), Some(below));
        }
        let above = [order.clone(), &order + 1u32, &order << 1, BigUint::from(1u32) << 253];
        for above in
            above.iter().chain([&(BigUint::from(1u32) << 255), &((BigUint::from(1u32) << 256) - 1u32)])
        {
            assert_eq!(read(&bytes(above)), None, "{above}");
        }
    }

    #[test]
    fn reduces_like_integers() {
        let (order, one, mut random) = (order(), BigUint::from(1u32), Random::new(22));
        let mut all = vec![BigUint::ZERO, (&one << 512) - 1u32];
        for bit in 0..512 {
            all.extend([&one << bit, (&one << bit) - 1u32, (&one << 512) - (&one << bit)]);
        }
        let most = ((&one << 512) - 1u32) / &order;
        for times in
            [one.clone(), &one << 64, &one << 128, &one << 192, (&one << 192) - 1u32, &most >> 1, most]
        {
            all.extend([&times * &order, &times * &order - 1u32, &times * &order + 1u32]);
        }
        all.extend((0..2000).map(|_| BigUint::from_bytes_le(&random.bytes(64))));
        for integer in all {
            assert_eq!(to_integer(&reduce(&bytes::<64>(&integer))), &integer % &order, "{integer}");
        }
    }
}
