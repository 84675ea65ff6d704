//! Verdicts of the tables: constructed signatures that meet every exceptional case and, in bulk, agreement with the peers.

#![allow(clippy::many_single_char_names)] // the standard's

mod agreement;
mod ratchet;

use super::curves::{P256, P384, P521, Weierstrass};
use super::reference::{self, Random};
use super::{BaseTables, KeyTable, knows_answer};
use crate::crypto::lanes::Vectors;
use crate::crypto::{Curve, Message};
use crate::verdict::Reason;
use num_bigint::BigUint;

const INVALID: Result<(), Reason> = Err(Reason::SignatureInvalid);

fn int(value: u64) -> BigUint {
    BigUint::from(value)
}

/// No vectors, emulated ones and, where there are any, the processor's.
pub(super) fn vectors() -> Vec<Option<Vectors>> {
    let mut all = vec![None, Some(Vectors::emulated())];
    match Vectors::detect() {
        Some(vectors) => all.push(Some(vectors)),
        None => eprintln!("not run: this processor has no AVX-512 IFMA"),
    }
    all
}

/// Base tables of every form.
pub(in crate::crypto) fn forms() -> Vec<BaseTables> {
    vectors().into_iter().map(BaseTables::new).collect()
}

/// Every form with every curve.
fn each() -> Vec<(BaseTables, Curve)> {
    Curve::ALL.iter().flat_map(|curve| forms().into_iter().map(|base| (base, *curve))).collect()
}

/// A signature and what it is a signature of.
struct Signed {
    curve: Curve,
    point: Vec<u8>,
    digest: Vec<u8>,
    r: BigUint,
    s: BigUint,
}

impl Signed {
    /// What makes a verifier add u1 G + u2 Q for Q = q G; `None` where that is infinity, which nothing signs.
    fn asking_for(curve: Curve, [u1, u2, q]: [&BigUint; 3]) -> Option<Self> {
        let n = reference::order(curve);
        let sum = (u1 + u2 * q) % &n;
        if sum == BigUint::ZERO {
            return None;
        }
        let r = reference::x(curve, &reference::multiple(curve, &sum)) % &n;
        let s = &r * u2.modinv(&n)? % &n;
        let digest = whole_digest(curve, &(u1 * &s % &n));
        Some(Self { curve, point: reference::multiple(curve, q), digest, r, s })
    }

    /// The signature of a digest by the key q with the nonce k, by the book (FIPS 186-5 section 6.4.1).
    fn by(curve: Curve, q: &BigUint, k: &BigUint, digest: Vec<u8>) -> Self {
        let n = reference::order(curve);
        let e = BigUint::from_bytes_be(&digest); // never longer than the order
        let r = reference::x(curve, &reference::multiple(curve, k)) % &n;
        let s = (e + &r * q) * k.modinv(&n).unwrap() % &n;
        Self { curve, point: reference::multiple(curve, q), digest, r, s }
    }

    /// One whose verifier arrives at a given point R, by a key that is made for it: Q = (s R - e G) / r.
    fn with_sum(curve: Curve, sum: &[u8], r: BigUint) -> Self {
        let n = reference::order(curve);
        let (s, e) = (int(0x1234_5678_9abc), int(0xdef0_1234));
        let over = r.modinv(&n).unwrap();
        let [a, b] = [&s * &over % &n, (&n - &e) * &over % &n];
        let point = reference::combine(curve, &a, sum, &b, &reference::base(curve));
        Self { curve, point, digest: whole_digest(curve, &e), r, s }
    }

    fn signature(&self) -> Vec<u8> {
        [&self.r, &self.s].map(|half| reference::bytes(self.curve, half)).concat()
    }

    fn table(&self, base: &BaseTables) -> KeyTable {
        KeyTable::new(base, self.curve, &self.point).unwrap()
    }

    /// It is good, and nothing next to it is.
    fn check(&self, base: &BaseTables, what: &str) {
        let (table, n) = (self.table(base), reference::order(self.curve));
        let verify = |r: &BigUint, s: &BigUint, digest: &[u8]| {
            let halves = [r, s].map(|half| reference::bytes(self.curve, half)).concat();
            table.verify_digest(digest, &halves)
        };
        let (r, s, digest) = (&self.r, &self.s, &*self.digest);
        assert_eq!(verify(r, s, digest), Ok(()), "{:?} {what}", self.curve);
        // The opposite nonce: as good by the standard.
        assert_eq!(verify(r, &(&n - s), digest), Ok(()), "{:?} {what}", self.curve);
        assert_eq!(verify(&((r + 1u32) % &n), s, digest), INVALID, "{:?} {what}", self.curve);
        assert_eq!(verify(r, &((s + 1u32) % &n), digest), INVALID, "{:?} {what}", self.curve);
        let mut other = digest.to_vec();
        other[5] ^= 1;
        assert_eq!(verify(r, s, &other), INVALID, "{:?} {what}", self.curve);
        for end in [&BigUint::ZERO, &n] {
            assert_eq!(verify(end, s, digest), INVALID);
            assert_eq!(verify(r, end, digest), INVALID);
        }
    }
}

/// A digest whose leading bits are the integer: as long as a coordinate.
fn whole_digest(curve: Curve, e: &BigUint) -> Vec<u8> {
    let unused = 8 * curve.bytes() as u64 - reference::order(curve).bits();
    reference::bytes(curve, &(e << unused))
}

#[test]
fn exceptional_sums() {
    for (base, curve) in &each() {
        let curve = *curve;
        let n = reference::order(curve);
        let one = &int(1);
        let opposite = &(&n - 1u32);
        let big = &(int(3) << 200);
        for (what, factors) in [
            ("Q = G, doubled at once", [one, one, one]),
            ("Q = G, doubled in a later row", [&int(1 << 24), &int(1 << 24), one]),
            ("Q = 64 G, doubled", [&int(64), one, &int(64)]),
            ("Q = -G, doubled", [one, opposite, opposite]),
            ("Q = -G, infinity in the middle", [one, &int(65), opposite]),
            ("Q = -G, infinity in the middle, far apart", [one, &(big + 1u32), opposite]),
            ("Q = -G, infinity before the last", [big, &(big + (int(1) << 210)), opposite]),
            ("Q = G", [&int(12345), &int(678), one]),
            ("Q = -G", [&int(12345), &int(678), opposite]),
            ("u1 is zero", [&BigUint::ZERO, &int(77), &int(5)]),
            ("u1 is zero and u2 is one", [&BigUint::ZERO, one, &int(5)]),
            ("both are n - 1", [opposite, opposite, &int(9)]),
            ("both are n / 2", [&(&n >> 1), &(&n >> 1), &int(9)]),
            ("u1 Q and u2 Q are the same point", [&int(35), &int(7), &int(5)]),
        ] {
            Signed::asking_for(curve, factors).unwrap().check(base, what);
        }
    }
}

/// Lanes meet equal and opposite points: when a lane adds a point, and in each of the three steps that add up lanes.
///
/// All digits of the scalars are one, so the points are G 2^(v i) and then Q 2^(w j), dealt in this order; Q is what
/// makes two summands meet.
#[test]
fn exceptional_lanes() {
    for (base, curve) in &each() {
        let n = reference::order(*curve);
        let bits = usize::try_from(n.bits()).unwrap() - 1;
        let (v, w) = match curve {
            Curve::P256 => (P256::BASE_WINDOW, P256::KEY_WINDOW),
            Curve::P384 => (P384::BASE_WINDOW, P384::KEY_WINDOW),
            Curve::P521 => (P521::BASE_WINDOW, P521::KEY_WINDOW),
        };
        let (of_g, of_q) = (bits / v, bits / w);
        let sum =
            |count: usize, window: usize| (0..count).fold(int(0), |sum, i| sum + (int(1) << (i * window)));
        let (u1, u2) = (sum(of_g, v), sum(of_q, w));
        // What the lanes of a mask add up, as factors of G and of Q.
        let share = |mask: u8| {
            let mine = |at: &usize| mask >> (at % 8) & 1 == 1;
            let g = (0..of_g).filter(mine).fold(int(0), |sum, i| sum + (int(1) << (v * i)));
            let q = (0..of_q).filter(|j| mine(&(of_g + j))).fold(int(0), |sum, j| sum + (int(1) << (w * j)));
            [g, q]
        };
        let mut cases = Vec::new();
        // The first point of the key is what its lane has so far.
        let before = share(1 << (of_g % 8))[0].clone();
        cases.push(("a lane's own, equal", before.clone()));
        cases.push(("a lane's own, opposite", &n - before % &n));
        for (what, first, second) in [
            ("lanes 0 and 4", 0b0000_0001, 0b0001_0000),
            ("lanes 3 and 7", 0b0000_1000, 0b1000_0000),
            ("lanes 0 and 2, two of each", 0b0001_0001, 0b0100_0100),
            ("lanes 0 and 1, four of each", 0b0101_0101, 0b1010_1010),
        ] {
            let ([g, q], [other_g, other_q]) = (share(first), share(second));
            // g + q Q = other_g + other_q Q.
            let fall = (&n + other_g.clone() % &n - &g % &n) % &n;
            let over = (&n + &q % &n - other_q.clone() % &n) % &n;
            cases.push((what, fall * over.modinv(&n).unwrap() % &n));
            // g + q Q = -(other_g + other_q Q).
            let fall = (&n + &n - other_g % &n - g % &n) % &n;
            cases.push((what, fall * ((q + other_q) % &n).modinv(&n).unwrap() % &n));
        }
        let mut told = 0;
        for (what, q) in &cases {
            let table = KeyTable::new(base, *curve, &reference::multiple(*curve, q)).unwrap();
            told += usize::from(table.lanes_can_tell([&u1, &u2]));
            // Opposite in the very last step: that is infinity, and no signature.
            if let Some(signed) = Signed::asking_for(*curve, [&u1, &u2, q]) {
                signed.check(base, what);
            }
        }
        assert_eq!((cases.len(), told), (10, 0), "{curve:?}");
        // The same scalars and another key: no exception, nothing falls back. Fewer points than two for a lane do.
        let table = KeyTable::new(base, *curve, &reference::multiple(*curve, &int(5))).unwrap();
        assert_eq!(table.lanes_can_tell([&u1, &u2]), base.vectors.is_some());
        assert_eq!(table.lanes_can_tell([&sum(8, v), &sum(8, w)]), base.vectors.is_some());
        assert!(!table.lanes_can_tell([&sum(8, v), &sum(7, w)]));
    }
}

#[test]
fn answers_are_known_in_every_form() {
    for base in forms() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            assert!(knows_answer(curve, base.vectors));
        }
    }
}

/// Where the sum is infinity there is no x, whatever r is.
#[test]
fn infinity_at_the_end() {
    for (base, curve) in &each() {
        let curve = *curve;
        let n = reference::order(curve);
        for (u1, q) in [(int(1), &n - 1u32), (int(35), &n - 7u32), (int(3) << 200, &n - (int(3) << 200))] {
            // u2 = r / s, u1 = e / s and u1 + u2 q = 0.
            let u2 = (&n - &u1) * q.modinv(&n).unwrap() % &n;
            let table = KeyTable::new(base, curve, &reference::multiple(curve, &q)).unwrap();
            for r in [int(1), int(7), &n - 1u32, BigUint::from_bytes_be(&curve_base_x(curve)) % &n] {
                let s = &r * u2.modinv(&n).unwrap() % &n;
                let digest = whole_digest(curve, &(&u1 * &s % &n));
                let halves = [&r, &s].map(|half| reference::bytes(curve, half)).concat();
                assert_eq!(table.verify_digest(&digest, &halves), INVALID);
            }
        }
    }
}

fn curve_base_x(curve: Curve) -> Vec<u8> {
    reference::base(curve)[1..=curve.bytes()].to_vec()
}

/// An x from n on: r is x - n, and only the second candidate fits.
#[test]
fn an_x_above_the_order() {
    for (base, curve) in &each() {
        let curve = *curve;
        let (n, p) = (reference::order(curve), reference::prime(curve));
        let mut found = 0;
        for offset in (0..20u32).map(|i| &n + i).chain((1..20u32).map(|i| &p - i)) {
            let Some(sum) = reference::with_x(curve, &offset) else { continue };
            if offset == n {
                continue; // r would be zero
            }
            let signed = Signed::with_sum(curve, &sum, &offset - &n);
            signed.check(base, "r + n");
            found += 1;
            // x itself is not below the order, and so no r.
            let halves = [&offset, &signed.s].map(|half| reference::bytes(curve, half)).concat();
            assert_eq!(signed.table(base).verify_digest(&signed.digest, &halves), INVALID);
        }
        assert!(found > 5, "{curve:?}: {found}");
    }
}

/// r + n from p on is no x, although it is one modulo p.
#[test]
fn a_second_candidate_above_the_prime() {
    for (base, curve) in &each() {
        let curve = *curve;
        let (n, p) = (reference::order(curve), reference::prime(curve));
        let mut found = 0;
        for small in 1..20u32 {
            // A point with this x, and r with r + n = x + p: the field equation holds, the standard's does not.
            let Some(sum) = reference::with_x(curve, &int(small.into())) else { continue };
            let signed = Signed::with_sum(curve, &sum, &p + small - &n);
            assert_eq!(signed.table(base).verify_digest(&signed.digest, &signed.signature()), INVALID);
            found += 1;
        }
        assert!(found > 5, "{curve:?}: {found}");
    }
}

/// FIPS 186-5 section 6.4.1: a longer digest counts with its leading bits, a shorter one as it is.
#[test]
fn digests_of_any_length_and_size() {
    for (base, curve) in &each() {
        let curve = *curve;
        let n = reference::order(curve);
        let mut random = Random::new(4);
        let (q, k) = (random.below(&n), random.below(&n));
        for length in [0, 1, 20, 31] {
            let digest = random.bytes(length);
            let signed = Signed::by(curve, &q, &k, digest);
            let table = signed.table(base);
            assert_eq!(
                table.verify_digest(&signed.digest, &signed.signature()),
                Ok(()),
                "{curve:?} {length}"
            );
            let longer = [&[1], &*signed.digest].concat();
            assert_eq!(table.verify_digest(&longer, &signed.signature()), INVALID, "{curve:?} {length}");
        }
        let whole = 8 * curve.bytes() as u64 - n.bits();
        for e in [BigUint::ZERO, int(1), &n - 1u32, n.clone(), &n + 1u32, (int(1) << n.bits()) - 1u32] {
            let mut signed = Signed::by(curve, &q, &k, reference::bytes(curve, &(&e % &n)));
            let digest = reference::bytes(curve, &(&e << whole));
            let table = signed.table(base);
            for tail in [&[][..], &[0xff], &[0; 40]] {
                signed.digest = [&*digest, tail].concat();
                assert_eq!(table.verify_digest(&signed.digest, &signed.signature()), Ok(()), "{curve:?} {e}");
            }
            signed.digest[0] ^= 0x80;
            assert_eq!(table.verify_digest(&signed.digest, &signed.signature()), INVALID, "{curve:?} {e}");
        }
    }
}

#[test]
fn malformed_signatures_and_points() {
    for (base, curve) in &each() {
        let curve = *curve;
        let signed = Signed::by(curve, &int(5), &int(6), vec![7; 32]);
        let (table, good) = (signed.table(base), signed.signature());
        for wrong in [&good[1..], &good[..good.len() - 1], &[&good[..], &[0]].concat(), &[]] {
            assert_eq!(table.verify(&Message::new(b""), wrong), Err(Reason::SignatureMalformed));
            assert_eq!(table.verify_digest(&signed.digest, wrong), Err(Reason::SignatureMalformed));
        }
        assert_eq!(table.verify_digest(&signed.digest, &vec![0xff; good.len()]), INVALID);
        let point = &signed.point;
        let mut off = point.clone();
        *off.last_mut().unwrap() ^= 1;
        for wrong in
            [&off[..], &point[1..], &point[..point.len() - 1], &[&point[..], &[0]].concat(), &[0], &[]]
        {
            assert!(KeyTable::new(base, curve, wrong).is_none());
        }
    }
}
