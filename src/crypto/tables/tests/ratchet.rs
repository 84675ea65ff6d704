//! What a verification costs, in field products: more than the formulas ask for is a step back.

use super::Signed;
use crate::crypto::Curve;
use crate::crypto::tables::products::counted;
use crate::crypto::tables::reference::{self, Random};
use crate::crypto::tables::{BaseTables, Ed25519Base, Ed25519Table, verify_p521};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

// The formulas' products and squares: madd-2008-s, dbl-2008-s-1, and adding what is prepared to twisted Edwards points.
const ADDITION: usize = 10;
const DOUBLING: usize = 10;
const EDWARDS_ADDITION: usize = 7;
/// The inverse of s, u1, u2, what brings r and r + n into Montgomery form and compares them; or an encoding.
const REST: usize = 12;

/// Runs ten verifications by keys and digests that are made for them; each has at most so many products, and most of them.
fn check(most: usize, what: &str, mut verify: impl FnMut(&mut Random) -> usize) {
    let mut random = Random::new(41);
    for _ in 0..10 {
        let products = verify(&mut random);
        // One window of sixty-four or more holds no digit: a few additions may be missing.
        assert!(products <= most && products > most * 4 / 5, "{what}: {products} products, {most} allowed");
    }
}

fn signed(curve: Curve, random: &mut Random) -> Signed {
    let n = reference::order(curve);
    let (q, k) = (random.below(&n), random.below(&n));
    Signed::by(curve, &q, &k, random.bytes(32))
}

#[test]
fn products_of_ecdsa_by_tables() {
    let base = BaseTables::default();
    for (curve, window) in [(Curve::P256, 7), (Curve::P384, 6), (Curve::P521, 6)] {
        let bits = usize::try_from(reference::order(curve).bits()).unwrap();
        let most = (bits.div_ceil(8) + bits.div_ceil(window)) * ADDITION + REST;
        check(most, &format!("{curve:?}"), |random| {
            let signed = signed(curve, random);
            let (table, signature) = (signed.table(&base), signed.signature());
            let (products, verdict) = counted(|| table.verify_digest(&signed.digest, &signature));
            assert_eq!(verdict, Ok(()));
            products
        });
    }
}

/// Five doublings and two additions for each of 105 windows, and sixteen multiples of either point, which take a doubling
/// or an addition and a share of an inverse each.
#[test]
fn products_of_p521_without_a_table() {
    let most = 105 * (5 * DOUBLING + 2 * ADDITION) + 2 * 16 * 2 * ADDITION + REST;
    check(most, "P-521 without a table", |random| {
        let signed = signed(Curve::P521, random);
        let signature = signed.signature();
        let (products, verdict) = counted(|| verify_p521(&signed.point, &signed.digest, &signature));
        assert_eq!(verdict, Ok(()));
        products
    });
}

/// 253 bits in windows of nine for the base point and of seven for the key.
#[test]
fn products_of_ed25519() {
    let base = Ed25519Base::new(None);
    let most = (253_usize.div_ceil(9) + 253_usize.div_ceil(7)) * EDWARDS_ADDITION + REST;
    check(most, "Ed25519", |random| {
        let pair = Ed25519KeyPair::from_seed_unchecked(&random.bytes(32)).unwrap();
        let encoded = *pair.public_key().as_ref().first_chunk().unwrap();
        let table = Ed25519Table::new(&base, &encoded).unwrap();
        let message = random.bytes(50);
        let signature = pair.sign(&message);
        let (products, verdict) = counted(|| table.verify(&message, signature.as_ref()));
        assert_eq!(verdict, Ok(()));
        products
    });
}
