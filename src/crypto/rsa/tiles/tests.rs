use super::*;
use crate::crypto::tables::reference::Random;
use num_bigint::BigUint;

const FULL: Tile = [u64::MAX; LIMBS];

fn to_integer(low: &Tile, high: &Tile) -> BigUint {
    low.iter().chain(high).rev().fold(BigUint::ZERO, |sum, limb| (sum << 64) + *limb)
}

/// Zero, one, all ones, ends of limbs, and what looks random.
fn samples() -> Vec<Tile> {
    let mut random = Random::new(11);
    let mut all = vec![[0; LIMBS], FULL, [1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, u64::MAX]];
    all.extend([[u64::MAX, 0, u64::MAX, 0, u64::MAX, 0, u64::MAX, 0], [1 << 63; LIMBS], [1; LIMBS]]);
    all.extend([[u64::MAX, 0, 0, 0, 0, 0, 0, 0], [0, u64::MAX, u64::MAX, u64::MAX, 0, 0, 0, 1]]);
    let mut tile = || core::array::from_fn(|_| u64::from_be_bytes(random.bytes(8).try_into().unwrap()));
    all.extend((0..5).map(|_| tile()));
    all
}

pub(in crate::crypto::rsa) fn says_if_not_run() {
    if Tiles::detect().is_none() {
        eprintln!("not run: this processor has no BMI2 or no ADX");
    }
}

#[test]
fn products_agree_with_integers() {
    says_if_not_run();
    for (tiles, zero) in Tiles::every().into_iter().map(|tiles| (tiles, [0; LIMBS])) {
        for acc in samples() {
            for a in samples() {
                for b in samples() {
                    let expected = to_integer(&acc, &zero) + to_integer(&a, &zero) * to_integer(&b, &zero);
                    let mut low = b;
                    let high = tiles.multiply(acc, &a, &mut low);
                    assert_eq!(to_integer(&low, &high), expected, "{tiles:?} {acc:x?} {a:x?} {b:x?}");
                }
            }
        }
    }
}

#[test]
fn reductions_agree_with_integers() {
    says_if_not_run();
    let block = BigUint::from(1u32) << 512;
    for (tiles, zero) in Tiles::every().into_iter().map(|tiles| (tiles, [0; LIMBS])) {
        for acc in samples() {
            for mut n in samples() {
                n[0] |= 1;
                let inverse = to_integer(&n, &zero).modinv(&block).unwrap();
                let m = (&block - to_integer(&acc, &zero)) * &inverse % &block;
                let expected = (to_integer(&acc, &zero) + &m * to_integer(&n, &zero)) / &block;
                let limb = (block.clone() - inverse).to_u64_digits()[0];
                let mut multiple = [limb; LIMBS];
                let quotient = tiles.reduce(acc, &n, &mut multiple);
                assert_eq!(to_integer(&multiple, &zero), m, "{tiles:?} {acc:x?} {n:x?}");
                assert_eq!(to_integer(&quotient, &zero), expected, "{tiles:?} {acc:x?} {n:x?}");
            }
        }
    }
}

/// (2^512 - 1)^2 + 2^512 - 1 = (2^512 - 1) 2^512.
#[test]
fn the_largest_product_by_hand() {
    says_if_not_run();
    for tiles in Tiles::every() {
        let mut low = FULL;
        assert_eq!((tiles.multiply(FULL, &FULL, &mut low), low), (FULL, [0; LIMBS]));
        // Of 2^512 - 1, -1 / n is 1, so that m is acc: (acc + acc (2^512 - 1)) / 2^512 is acc.
        let mut m = [1; LIMBS];
        assert_eq!((tiles.reduce(FULL, &FULL, &mut m), m), (FULL, FULL));
    }
}
