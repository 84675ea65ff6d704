//! A modulus with its ends set, or a known one; a signature of its length, and every algorithm.
#![no_main]

use attestor::Algorithm;
use attestor_fuzz::{Bytes, agree};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;

/// RFC 7515 appendix A.2: a modulus, and a token by it.
const MODULUS: &str = include_str!("../../tests/data/rfc/7515-a2.n");
const TOKEN: &str = include_str!("../../tests/data/rfc/7515-a2.jws");

const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let (mode, flips) = (bytes.byte(), bytes.take(7));
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end()).expect("base64url");
    if mode % 4 == 0 {
        let (message, signature) = TOKEN.rsplit_once('.').expect("a signature");
        let mut signature = decode(signature);
        let good = signature.clone();
        Bytes(&flips).flip(&mut signature);
        let taken = agree(Algorithm::Rs256, &decode(MODULUS), message.as_bytes(), &signature, &[]);
        assert_eq!(taken, signature == good);
        return;
    }
    let length = [256, 384, 512][usize::from(mode / 4 % 3)];
    let (mut modulus, signature) = (bytes.take(length), bytes.take(length));
    modulus[0] |= 0x80;
    modulus[length - 1] |= 1;
    // The first of the verdicts that have to agree is ring's.
    agree(ALGORITHMS[usize::from(mode / 16 % 6)], &modulus, bytes.rest(), &signature, &[]);
});
