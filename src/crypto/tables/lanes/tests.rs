//! Products, squares and sums of products at their bounds, against integers of any size.

#![allow(clippy::inline_always)] // a call would pass vectors through memory
#![allow(clippy::many_single_char_names, clippy::similar_names)] // the documentation's

use super::field::{Digits, Field, Loose, Strict};
use super::point::Four;
use crate::crypto::Curve;
use crate::crypto::lanes::{DIGIT_MASK, Emulated, Kernel, LANES, Machine, Vectors};
use crate::crypto::tables::curves::{P256Prime, P384Prime, P521Prime};
use crate::crypto::tables::edwards::field::Prime as EdwardsPrime;
use crate::crypto::tables::reference::{self, Random};
use core::marker::PhantomData;
use num_bigint::{BigInt, BigUint};

pub(in super::super) type Vector<const D: usize> = [[u64; LANES]; D];

/// What is worked out of a, b, c, d: a b, a^2, a b + c d, all over R', and a folded.
struct All<'a, P, const D: usize>(&'a [Vector<D>; 4], PhantomData<P>);

impl<P: Digits<D>, const D: usize> Kernel for All<'_, P, D> {
    type Output = [Vector<D>; 4];

    #[inline(always)]
    fn run<M: Machine>(self, m: M) -> Self::Output {
        let field = Field::<M, P, D>::of(m);
        let [a, b, c, d] = self.0.map(|value| Strict::<M, D>(value.map(|digit| m.load(&digit))));
        [
            field.product(&a, &b),
            field.square(&a),
            field.sum_of_products([&a, &b], [&c, &d]),
            field.fold(Loose(a.0)),
        ]
        .map(|value| value.0.map(|digit| m.store(digit)))
    }
}

fn integer(digits: impl Iterator<Item = u64>) -> BigInt {
    let mut digits: Vec<_> = digits.collect();
    digits.reverse();
    digits.iter().fold(BigInt::ZERO, |sum, digit| (sum << 52) + BigInt::from(digit.cast_signed()))
}

pub(in super::super) fn lane<const D: usize>(vector: &Vector<D>, lane: usize) -> BigInt {
    integer(vector.iter().map(|digit| digit[lane]))
}

/// An integer a lane.
pub(in super::super) fn vector<const D: usize>(lanes: &[BigInt; LANES]) -> Vector<D> {
    let digit = |value: &BigInt, at: usize| (value >> (52 * at)) & BigInt::from(DIGIT_MASK);
    core::array::from_fn(|at| lanes.each_ref().map(|value| u64::try_from(digit(value, at)).unwrap()))
}

/// Nothing, the most that so many sixteenths of p allow, p, or something between.
pub(in super::super) fn edge(random: &mut Random, p: &BigInt, bound: u64) -> BigInt {
    let most = p * bound / 16 - 1;
    match random.index(4) {
        0 => BigInt::ZERO,
        1 => most,
        2 => p.clone().min(most),
        _ => BigInt::from(BigUint::from_bytes_be(&random.bytes(90))) % most,
    }
}

/// All digits the largest, one digit the largest, the prime and what is next to it, and random ones.
fn samples<P: Digits<D>, const D: usize>() -> Vec<[u64; D]> {
    let mut random = Random::new(6);
    let mut all = vec![[DIGIT_MASK; D], [0; D], P::VALUE, [1; D], [DIGIT_MASK - 1; D], [1 << 51; D]];
    for at in 0..D {
        let mut one = [0; D];
        one[at] = DIGIT_MASK;
        all.push(one);
        all.push(one.map(|digit| DIGIT_MASK - digit));
    }
    for _ in 0..30 {
        let bytes = random.bytes(8 * D);
        let mut digits = bytes.chunks(8).map(|bytes| u64::from_be_bytes(*bytes.first_chunk().unwrap()));
        all.push(core::array::from_fn(|_| digits.next().unwrap() & DIGIT_MASK));
    }
    all
}

fn agrees<P: Digits<D>, const D: usize>(p: &BigUint) {
    let (p, r) = (BigInt::from(p.clone()), BigInt::from(1) << (52 * D));
    assert_eq!(integer(P::VALUE.into_iter()), p);
    let samples = samples::<P, D>();
    let at = |i: usize| samples[i % samples.len()];
    for (i, a) in samples.iter().enumerate() {
        for j in (0..samples.len()).step_by(LANES) {
            let vectors: [Vector<D>; 4] = [0, 1, 5, 11].map(|step| {
                core::array::from_fn(|digit| {
                    // The first lane of the first round has every digit of every factor at its largest.
                    core::array::from_fn(|lane| {
                        if i + j + lane == 0 {
                            DIGIT_MASK
                        } else if step == 0 {
                            a[digit]
                        } else {
                            at(j + lane + step * i)[digit]
                        }
                    })
                })
            });
            let outcome = Emulated.run(All(&vectors, PhantomData::<P>));
            if let Some(vectors_of_cpu) = Vectors::detect() {
                assert_eq!(vectors_of_cpu.run(All(&vectors, PhantomData::<P>)), outcome);
            }
            for l in 0..LANES {
                let [a, b, c, d] = vectors.each_ref().map(|vector| lane(vector, l));
                let wanted = [&a * &b, &a * &a, &a * &b + &c * &d];
                for (wanted, out) in wanted.iter().zip(&outcome) {
                    let out = lane(out, l);
                    assert_eq!((&out * &r - wanted) % &p, BigInt::ZERO);
                    assert!(out >= BigInt::ZERO && (&out - &p) * &r <= *wanted, "{out} is out of its bounds");
                }
                let folded = lane(&outcome[3], l);
                assert_eq!((&folded - &a) % &p, BigInt::ZERO);
                if a < &p * 16 {
                    // A prime with room for anything up to 16 p leaves it as it is.
                    let bound = &p * P::BOUND_OF_X;
                    assert!(
                        folded >= BigInt::ZERO && (&folded * 16 < bound || folded == a && P::BOUND_OF_X > 17),
                        "{folded}"
                    );
                }
            }
        }
    }
}

/// X and Y, ZZ and ZZZ of what four sums and four others come to.
struct Fours<'a, P, const D: usize>(&'a [Vector<D>; 4], bool, PhantomData<P>);

impl<P: Digits<D>, const D: usize> Kernel for Fours<'_, P, D> {
    type Output = [Vector<D>; 2];

    #[inline(always)]
    fn run<M: Machine>(self, m: M) -> Self::Output {
        let field = Field::<M, P, D>::of(m);
        let [first_xy, first_zs, second_xy, second_zs] =
            self.0.map(|value| Strict::<M, D>(value.map(|digit| m.load(&digit))));
        let first = Four { xy: first_xy, zs: first_zs };
        let sum = field.add_fours(&first, &Four { xy: second_xy, zs: second_zs }, self.1);
        [sum.xy, sum.zs].map(|value| value.0.map(|digit| m.store(digit)))
    }
}

/// "add-2008-s" over integers: X, Y, ZZ and ZZZ.
fn added(p: &BigInt, [x1, y1, zz1, zzz1]: &[BigInt; 4], [x2, y2, zz2, zzz2]: &[BigInt; 4]) -> [BigInt; 4] {
    let [u, s] = [x1 * zz2 % p, y1 * zzz2 % p];
    let [fall, rise] = [x2 * zz1 - &u, y2 * zzz1 - &s].map(|value| value % p);
    let pp = &fall * &fall % p;
    let [ppp, q] = [&fall * &pp % p, &u * &pp % p];
    let x = (&rise * &rise - &ppp - 2 * &q) % p;
    let y = rise * (q - &x) - s * &ppp;
    [x, y, zz1 * zz2 * pp, zzz1 * zzz2 * ppp].map(|value| ((value % p) + p) % p)
}

/// Sums of which every coordinate is nothing, the most that its bound allows, or something between: debug builds check
/// every bound on the way.
fn adds_fours<P: Digits<D>, const D: usize>(p: &BigUint) {
    let (p, mut random) = (BigInt::from(p.clone()), Random::new(8));
    let over_r = (BigInt::from(1) << (52 * D)).modinv(&p).unwrap();
    let bounds = [P::BOUND_OF_X, 60, 32, 32];
    for _ in 0..200 {
        // Four sums, then four others; X, Y, ZZ and ZZZ of each.
        let sums: [[BigInt; 4]; LANES] =
            core::array::from_fn(|_| bounds.map(|bound| edge(&mut random, &p, bound)));
        let halves = |from: usize, first: usize| -> Vector<D> {
            vector(&core::array::from_fn(|lane| sums[from + lane % 4][first + lane / 4].clone()))
        };
        let vectors = [halves(0, 0), halves(0, 2), halves(4, 0), halves(4, 2)];
        for last in [false, true] {
            let out = Emulated.run(Fours(&vectors, last, PhantomData::<P>));
            if let Some(vectors_of_cpu) = Vectors::detect() {
                assert_eq!(vectors_of_cpu.run(Fours(&vectors, last, PhantomData::<P>)), out);
            }
            for i in 0..4 {
                let plain = |sum: &[BigInt; 4]| sum.each_ref().map(|value| value * &over_r % &p);
                let [x, y, zz, zzz] = added(&p, &plain(&sums[i]), &plain(&sums[4 + i]));
                let is = |vector: &Vector<D>, at: usize, wanted: BigInt| {
                    assert_eq!(lane(vector, at) * &over_r % &p, wanted);
                };
                is(&out[0], i, x);
                is(&out[1], i, zz);
                is(&out[1], 4 + i, zzz);
                if !last {
                    is(&out[0], 4 + i, y);
                }
            }
        }
    }
}

#[test]
fn sums_of_four_at_their_bounds() {
    let [p256, p384, p521] = Curve::ALL.map(reference::prime);
    adds_fours::<P256Prime, 5>(&p256);
    adds_fours::<P384Prime, 8>(&p384);
    adds_fours::<P521Prime, 11>(&p521);
}

#[test]
fn products_and_sums_at_their_bounds() {
    let [p256, p384, p521] = Curve::ALL.map(reference::prime);
    agrees::<P256Prime, 5>(&p256);
    agrees::<P384Prime, 8>(&p384);
    agrees::<P521Prime, 11>(&p521);
    agrees::<EdwardsPrime, 5>(&((BigUint::from(1u32) << 255) - 19u32));
    if Vectors::detect().is_none() {
        eprintln!("not run: this processor has no AVX-512 IFMA");
    }
}
