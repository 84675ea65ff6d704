//! The same verdict as ring, aws-lc-rs and RustCrypto on random, mutated and constructed signatures.

use super::{Signed, forms, int};
use crate::crypto::agreement::{Tally, collect};
use crate::crypto::lanes::Vectors;
use crate::crypto::tables::reference::{self, Random};
use crate::crypto::tables::{BaseTables, KeyTable};
use crate::crypto::{Algorithm, Curve, Message, PublicKey};
use crate::verdict::Reason;
use aws_lc_rs::signature as aws;
use num_bigint::BigUint;
use ring::digest::digest;

/// A key, by all who can verify with it.
struct Key {
    curve: Curve,
    alg: Algorithm,
    point: Vec<u8>,
    tables: Vec<KeyTable>,
    /// Likewise, in lanes that are emulated.
    emulated: Vec<KeyTable>,
    reference: PublicKey,
}

impl Key {
    fn new(forms: &[BaseTables], curve: Curve, point: Vec<u8>) -> Self {
        let (x, y) = point[1..].split_at(curve.bytes());
        let reference = PublicKey::ec(curve, x, y).unwrap();
        let is_emulated = |base: &&BaseTables| base.vectors.is_some_and(Vectors::are_emulated);
        let (slow, fast): (Vec<_>, Vec<_>) = forms.iter().partition(is_emulated);
        let [emulated, tables] = [slow, fast]
            .map(|bases| bases.iter().map(|base| KeyTable::new(base, curve, &point).unwrap()).collect());
        Self { curve, alg: algorithm(curve), point, tables, emulated, reference }
    }

    /// The one verdict of everybody; RustCrypto and emulated lanes take their time, and are not always asked.
    fn judge(&self, message: &[u8], signature: &[u8], ask_the_slow: bool) -> bool {
        // ring's but for P-521, which ring does not have: there it is ours without a table.
        let verdict = self.reference.verify(self.alg, message, signature);
        let input = || format!("{:?} {:02x?} {message:02x?} {signature:02x?}", self.curve, self.point);
        let emulated = self.emulated.iter().filter(|_| ask_the_slow);
        for table in self.tables.iter().chain(emulated) {
            assert_eq!(table.verify(&Message::new(message), signature), verdict, "{}", input());
        }
        let fits = signature.len() == 2 * self.curve.bytes();
        assert_eq!(verdict == Err(Reason::SignatureMalformed), !fits, "{}", input());
        let aws = match self.curve {
            Curve::P256 => &aws::ECDSA_P256_SHA256_FIXED,
            Curve::P384 => &aws::ECDSA_P384_SHA384_FIXED,
            Curve::P521 => &aws::ECDSA_P521_SHA512_FIXED,
        };
        let aws = aws::UnparsedPublicKey::new(aws, &self.point);
        assert_eq!(aws.verify(message, signature).is_ok(), verdict.is_ok(), "{}", input());
        if ask_the_slow {
            let digest = digest(self.alg.hash(), message);
            let taken = reference::verify(self.curve, &self.point, digest.as_ref(), signature);
            assert_eq!(taken, verdict.is_ok(), "{}", input());
        }
        verdict.is_ok()
    }

    /// A good signature, its twin and three of their neighbours.
    fn judge_around(&self, message: &[u8], [r, s]: [&BigUint; 2], random: &mut Random, tally: &mut Tally) {
        let n = reference::order(self.curve);
        let asked = random.index(5);
        let mut judge = |nth: usize, message: &[u8], signature: &[u8]| {
            let verdict = self.judge(message, signature, nth == asked);
            tally.count(verdict);
            verdict
        };
        let join = |r: &BigUint, s: &BigUint| [r, s].map(|half| reference::bytes(self.curve, half)).concat();
        assert!(judge(0, message, &join(r, s)));
        // The opposite nonce: as good by the standard.
        assert!(judge(1, message, &join(r, &(&n - s))));
        for nth in 2..5 {
            let (message, signature) = neighbour(self.curve, message, [r, s], random);
            judge(nth, &message, &signature);
        }
    }
}

fn algorithm(curve: Curve) -> Algorithm {
    match curve {
        Curve::P256 => Algorithm::Es256,
        Curve::P384 => Algorithm::Es384,
        Curve::P521 => Algorithm::Es512,
    }
}

/// A message and a signature next to good ones.
fn neighbour(curve: Curve, message: &[u8], [r, s]: [&BigUint; 2], random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let (n, p) = (reference::order(curve), reference::prime(curve));
    let join = |r: &BigUint, s: &BigUint| {
        // What has no room becomes the largest there is.
        let largest = (int(1) << (8 * curve.bytes())) - 1u32;
        [r, s].map(|half| reference::bytes(curve, half.min(&largest))).concat()
    };
    let good = join(r, s);
    let signature = match random.index(16) {
        0 => return ([message, b"!"].concat(), good),
        1 => return (flipped(&[message, b"!"].concat(), random), good),
        2..5 => flipped(&good, random),
        5 => join(s, r),
        6 => join(&(&n - r), s),
        7 => join(&(r + &n), s),
        8 => join(r, &(s + &n)),
        9 => join(&((r + &p - &n) % &p), s),
        10 => join(&edge(&n, random), s),
        11 => join(r, &edge(&n, random)),
        12 => join(&random.below(&n), &random.below(&n)),
        13 => join([&int(0), &n, &p][random.index(3)], s),
        14 => join(r, [&int(0), &n, &p][random.index(3)]),
        _ => [&good[random.index(2)..], &[0][random.index(2)..]].concat(),
    };
    (message.to_vec(), signature)
}

fn flipped(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut other = bytes.to_vec();
    let at = random.index(8 * bytes.len());
    other[at / 8] ^= 1 << (at % 8);
    other
}

/// A factor from 1 to n - 1 that makes digits of a window extreme: next to a power of two, to an end or to the half; few
/// bits, or nearly all.
fn edge(n: &BigUint, random: &mut Random) -> BigUint {
    let power = |random: &mut Random| int(1) << random.index(usize::try_from(n.bits()).unwrap() - 1);
    let factor = match random.index(5) {
        0 => int(1 + random.index(300) as u64),
        1 => n - 1u32 - random.index(300),
        2 => (n >> 1) + random.index(3),
        3 => power(random) - random.index(2),
        _ => power(random) + power(random),
    };
    factor % (n - 1u32) + 1u32
}

/// The integer that a message is signed as.
fn digest_of(curve: Curve, message: &[u8]) -> Vec<u8> {
    digest(algorithm(curve).hash(), message).as_ref().to_vec()
}

fn message(random: &mut Random) -> Vec<u8> {
    let length = random.index(300);
    random.bytes(length)
}

/// A random key or, one time in three, an extreme one, which meets the base point's multiples; nonces likewise.
fn signed_by_a_key(forms: &[BaseTables], curve: Curve, random: &mut Random, tally: &mut Tally) {
    let n = reference::order(curve);
    let scalar = |random: &mut Random| if random.index(3) == 0 { edge(&n, random) } else { random.below(&n) };
    let q = scalar(random);
    let key = Key::new(forms, curve, reference::multiple(curve, &q));
    for _ in 0..20 {
        let (message, k) = (message(random), scalar(random));
        let signed = Signed::by(curve, &q, &k, digest_of(curve, &message));
        key.judge_around(&message, [&signed.r, &signed.s], random, tally);
    }
}

/// A key made for a signature whose parts are extreme: Q = (s R - e G) / r for an R with a small x, one next to the order
/// or the prime, or any; and an s that is extreme or makes u1 or u2 so.
fn key_by_the_signature(forms: &[BaseTables], curve: Curve, random: &mut Random, tally: &mut Tally) {
    let (n, p, message) = (reference::order(curve), reference::prime(curve), message(random));
    let e = BigUint::from_bytes_be(&digest_of(curve, &message)) % &n;
    let small = random.index(40);
    let x =
        [int(1) + small, &n - 20u32 + small, &p - 1u32 - small, random.below(&p)][random.index(4)].clone();
    let Some(sum) = reference::with_x(curve, &x) else { return };
    let r = x % &n;
    if r == BigUint::ZERO {
        return;
    }
    let extreme = edge(&n, random);
    let over = extreme.modinv(&n).unwrap();
    let s = [extreme, &e * &over % &n, &r * &over % &n][random.index(3)].clone();
    let share = r.modinv(&n).unwrap();
    let [of_sum, of_base] = [&s * &share % &n, (&n - e) * &share % &n];
    let point = reference::combine(curve, &of_sum, &sum, &of_base, &reference::base(curve));
    Key::new(forms, curve, point).judge_around(&message, [&r, &s], random, tally);
}

fn agrees(curve: Curve, few: usize) {
    let forms = forms();
    collect(&format!("{curve:?}"), few, |random, tally| {
        signed_by_a_key(&forms, curve, random, tally);
        for _ in 0..3 {
            key_by_the_signature(&forms, curve, random, tally);
        }
    });
}

#[test]
fn agrees_on_p256() {
    agrees(Curve::P256, 2000);
}

#[test]
fn agrees_on_p384() {
    agrees(Curve::P384, 200);
}

#[test]
fn agrees_on_p521() {
    agrees(Curve::P521, 200);
}
