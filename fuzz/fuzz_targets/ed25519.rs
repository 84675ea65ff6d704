//! A key from a seed or any encoding; a signature by the seed with some bits flipped, or any.
#![no_main]

use attestor::Algorithm;
use attestor_fuzz::{Bytes, agree};
use curve25519_dalek::edwards::CompressedEdwardsY;
use libfuzzer_sys::fuzz_target;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let (mode, seed, any, flips) = (bytes.byte(), bytes.take(32), bytes.take(64), bytes.take(7));
    let message = bytes.rest();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a seed");
    let key = if mode & 1 == 0 { pair.public_key().as_ref() } else { &seed };
    let mut signature = if mode & 2 == 0 { pair.sign(message).as_ref().to_vec() } else { any };
    Bytes(&flips).flip(&mut signature);
    // What ring takes and we do not: an R of small order.
    let commitment = CompressedEdwardsY::from_slice(&signature[..32]).expect("32 bytes").decompress();
    let weak = commitment.is_some_and(|point| point.is_small_order());
    let ring = !weak && UnparsedPublicKey::new(&ED25519, key).verify(message, &signature).is_ok();
    agree(Algorithm::Ed25519, key, message, &signature, &[ring]);
});
