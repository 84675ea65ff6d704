//! The same verdict as ring and aws-lc-rs on random, mutated and constructed signatures.

use super::{Both, PS, Pss, RS, Signer, pkcs1, says_if_not_run, spoilt_pkcs1, spoilt_pss};
use crate::crypto::Algorithm;
use crate::crypto::agreement::collect;
use crate::crypto::tables::reference::Random;
use crate::wire::der;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as aws, KeyPair as _, RsaKeyPair, RsaPublicKeyComponents};
use num_bigint::BigUint;

/// Keys of a run, made afresh: what they disagree on names the key.
const KEYS: usize = 4;

/// A key pair, and who can verify with it.
struct Pair {
    private: RsaKeyPair,
    modulus: Vec<u8>,
    key: Both,
}

impl Pair {
    fn new(bits: u64) -> Self {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            _ => KeySize::Rsa4096,
        };
        let private = RsaKeyPair::generate(size).unwrap();
        let (modulus, exponent) = der::rsa_public_key(private.public_key().as_ref()).unwrap();
        let (modulus, key) = (modulus.to_vec(), Both::new(modulus, exponent).unwrap());
        Self { private, modulus, key }
    }

    fn sign(&self, alg: Algorithm, message: &[u8]) -> Vec<u8> {
        let padding: &dyn aws::RsaEncoding = match alg {
            Algorithm::Rs256 => &aws::RSA_PKCS1_SHA256,
            Algorithm::Rs384 => &aws::RSA_PKCS1_SHA384,
            Algorithm::Rs512 => &aws::RSA_PKCS1_SHA512,
            Algorithm::Ps256 => &aws::RSA_PSS_SHA256,
            Algorithm::Ps384 => &aws::RSA_PSS_SHA384,
            _ => &aws::RSA_PSS_SHA512,
        };
        let mut signature = vec![0; self.modulus.len()];
        self.private.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }
}

/// The one verdict of everybody; forms that are emulated take their time, and are asked one time in five.
fn judge(
    (modulus, key): (&[u8], &Both),
    alg: Algorithm,
    message: &[u8],
    signature: &[u8],
    random: &mut Random,
) -> bool {
    let verdict = key.judge(alg, message, signature, random.index(5) == 0).is_ok();
    let parameters = match alg {
        Algorithm::Rs256 => &aws::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &aws::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &aws::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &aws::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &aws::RSA_PSS_2048_8192_SHA384,
        _ => &aws::RSA_PSS_2048_8192_SHA512,
    };
    let aws = RsaPublicKeyComponents { n: modulus, e: super::EXPONENT };
    let aws = aws.verify(parameters, message, signature).is_ok();
    assert_eq!(aws, verdict, "{modulus:02x?} {alg:?} {message:02x?} {signature:02x?}");
    verdict
}

/// An algorithm, a message and a signature next to good ones.
fn neighbour(
    modulus: &[u8],
    alg: Algorithm,
    message: &[u8],
    good: &[u8],
    random: &mut Random,
) -> (Algorithm, Vec<u8>, Vec<u8>) {
    let (n, signature) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(good));
    let largest = (BigUint::from(1u32) << (8 * good.len())) - 1u32;
    let padded = |integer: &BigUint| {
        let bytes = integer.min(&largest).to_bytes_be();
        [vec![0; good.len() - bytes.len()], bytes].concat()
    };
    let signature = match random.index(12) {
        0 => return (alg, [message, b"!"].concat(), good.to_vec()),
        1 => return ([RS, PS].concat()[random.index(6)], message.to_vec(), good.to_vec()),
        2..6 => {
            let (mut flipped, at) = (good.to_vec(), random.index(good.len() * 8));
            flipped[at / 8] ^= 1 << (at % 8);
            flipped
        }
        6 => padded(&(n - signature)),
        7 => padded(&(signature + n)),
        8 => padded(&(BigUint::from(1u32) << random.index(8 * good.len()))),
        9 => padded(&(n - random.index(3))),
        10 => random.bytes(good.len()),
        _ => good[1..].to_vec(),
    };
    (alg, message.to_vec(), signature)
}

/// What opens to an encoding that is nearly right, or right.
fn constructed(signer: &Signer, alg: Algorithm, message: &[u8], random: &mut Random) -> Vec<u8> {
    let length = signer.bytes();
    let mut encodings = if RS.contains(&alg) {
        [spoilt_pkcs1(length, alg, message), vec![pkcs1(length, alg, message)]].concat()
    } else {
        let good = Pss::good(alg, random).encode(length, alg, message);
        [spoilt_pss(length, alg, message, random), vec![good]].concat()
    };
    let at = random.index(encodings.len());
    signer.sign(&encodings.swap_remove(at))
}

fn agrees(bits: u64, few: usize) {
    says_if_not_run();
    let (signer, pairs) = (Signer::new(bits), [(); KEYS].map(|()| Pair::new(bits)));
    let modulus = signer.n.to_bytes_be();
    collect(&format!("RSA-{bits}"), few, |random, tally| {
        let (pair, alg) = (&pairs[random.index(KEYS)], [RS, PS].concat()[random.index(6)]);
        let length = random.index(300);
        let message = random.bytes(length);
        let good = pair.sign(alg, &message);
        let taken = judge((&pair.modulus, &pair.key), alg, &message, &good, random);
        assert!(taken);
        tally.count(taken);
        for _ in 0..=random.index(2) {
            let (alg, message, signature) = neighbour(&pair.modulus, alg, &message, &good, random);
            tally.count(judge((&pair.modulus, &pair.key), alg, &message, &signature, random));
        }
        if random.index(10) == 0 {
            let signature = constructed(&signer, alg, &message, random);
            tally.count(judge((&modulus, &signer.key), alg, &message, &signature, random));
        }
    });
}

#[test]
fn agrees_on_rsa_2048() {
    agrees(2048, 2000);
}

#[test]
fn agrees_on_rsa_3072() {
    agrees(3072, 200);
}

#[test]
fn agrees_on_rsa_4096() {
    agrees(4096, 200);
}
