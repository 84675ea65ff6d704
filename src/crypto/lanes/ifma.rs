//! The processor's vectors: the only file outside the C layer with `unsafe`, one intrinsic a function.

#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // a call would pass vectors through memory
#![allow(clippy::cast_possible_wrap)] // intrinsics take signed integers

use super::{Kernel, LANES, Machine, Part};
use core::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_alignr_epi64, _mm512_and_si512, _mm512_cmpeq_epu64_mask,
    _mm512_cmplt_epu64_mask, _mm512_loadu_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_mask_blend_epi64, _mm512_permutex2var_epi64, _mm512_set1_epi64, _mm512_slli_epi64,
    _mm512_srai_epi64, _mm512_srli_epi64, _mm512_storeu_si512, _mm512_sub_epi64,
};

/// A processor with AVX-512 F and IFMA: made only by [`Ifma::detect`].
#[derive(Clone, Copy, Debug)]
pub(in crate::crypto) struct Ifma(());

impl Ifma {
    /// The proof that this processor, and its operating system, has AVX-512 F and IFMA.
    pub(in crate::crypto) fn detect() -> Option<Self> {
        let has = std::is_x86_feature_detected!("avx512f") && std::is_x86_feature_detected!("avx512ifma");
        has.then_some(Self(()))
    }
}

/// Where the compiler may use the two features; everything below is inlined into this.
#[target_feature(enable = "avx512f,avx512ifma")]
fn switched_on<K: Kernel>(kernel: K, machine: Ifma) -> K::Output {
    kernel.run(machine)
}

/// Likewise, and never a part of what calls it.
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline(never)]
fn apart<P: Part<Ifma>>(part: P, machine: Ifma) -> P::Output {
    part.run(machine)
}

impl Machine for Ifma {
    type Lanes = __m512i;

    #[inline]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` exists only where `detect` found both features.
        unsafe { switched_on(kernel, self) }
    }

    #[inline(always)]
    fn apart<P: Part<Self>>(self, part: P) -> P::Output {
        // SAFETY: `self` exists only where `detect` found both features.
        unsafe { apart(part, self) }
    }

    #[inline(always)]
    fn load(self, lanes: &[u64; LANES]) -> __m512i {
        // SAFETY: `self` proves AVX-512 F; the array has the 64 bytes that are read, which need no alignment.
        unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, lanes: __m512i) -> [u64; LANES] {
        let mut out = [0; LANES];
        // SAFETY: `self` proves AVX-512 F; the array has the 64 bytes that are written, which need no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), lanes) };
        out
    }

    #[inline(always)]
    fn splat(self, value: u64) -> __m512i {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_set1_epi64(value as i64) }
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_add_epi64(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_sub_epi64(a, b) }
    }

    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_and_si512(a, b) }
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_slli_epi64::<BITS>(a) }
    }

    #[inline(always)]
    fn shift_right<const BITS: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_srli_epi64::<BITS>(a) }
    }

    #[inline(always)]
    fn shift_right_signed<const BITS: u32>(self, a: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_srai_epi64::<BITS>(a) }
    }

    #[inline(always)]
    fn multiply_add_low(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 IFMA.
        unsafe { _mm512_madd52lo_epu64(sum, a, b) }
    }

    #[inline(always)]
    fn multiply_add_high(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 IFMA.
        unsafe { _mm512_madd52hi_epu64(sum, a, b) }
    }

    #[inline(always)]
    fn equal(self, a: __m512i, b: __m512i) -> u8 {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_cmpeq_epu64_mask(a, b) }
    }

    #[inline(always)]
    fn below(self, a: __m512i, b: __m512i) -> u8 {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_cmplt_epu64_mask(a, b) }
    }

    #[inline(always)]
    fn select(self, mask: u8, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_mask_blend_epi64(mask, b, a) }
    }

    #[inline(always)]
    fn align<const FROM: i32>(self, low: __m512i, high: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_alignr_epi64::<FROM>(high, low) }
    }

    #[inline(always)]
    fn permute(self, low: __m512i, high: __m512i, from: __m512i) -> __m512i {
        // SAFETY: `self` proves AVX-512 F.
        unsafe { _mm512_permutex2var_epi64(low, from, high) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DIGIT_MASK, Emulated};
    use super::*;

    /// What carries, borrows, signs and cuts off differently, in every lane.
    const SAMPLES: [u64; 13] = [
        0,
        1,
        2,
        DIGIT_MASK - 1,
        DIGIT_MASK,
        DIGIT_MASK + 1,
        1 << 63,
        u64::MAX >> 1,
        u64::MAX - 1,
        u64::MAX,
        0x0123_4567_89ab_cdef,
        0xfedc_ba98_7654_3210,
        0xffff_ffff,
    ];

    fn vectors() -> impl Iterator<Item = [u64; LANES]> {
        (0..SAMPLES.len()).map(|at| core::array::from_fn(|i| SAMPLES[(at + i * (at + 1)) % SAMPLES.len()]))
    }

    /// Calls `$check` for two machines on every pair of sample vectors, and compares.
    struct All<'a>(&'a [u64; LANES], &'a [u64; LANES], &'a [u64; LANES]);

    impl Kernel for All<'_> {
        type Output = (Vec<[u64; LANES]>, [u8; 2]);

        #[inline(always)]
        fn run<M: Machine>(self, m: M) -> Self::Output {
            let [a, b, sum] = [self.0, self.1, self.2].map(|lanes| m.load(lanes));
            let mask = self.0[0].to_le_bytes()[0];
            let vectors = [
                a,
                m.splat(self.0[3]),
                m.add(a, b),
                m.sub(a, b),
                m.and(a, b),
                m.shift_left::<1>(a),
                m.shift_left::<52>(a),
                m.shift_right::<12>(a),
                m.shift_right::<52>(a),
                m.shift_right_signed::<1>(a),
                m.shift_right_signed::<52>(a),
                m.multiply_add_low(sum, a, b),
                m.multiply_add_high(sum, a, b),
                m.select(mask, a, b),
                m.align::<0>(a, b),
                m.align::<1>(a, b),
                m.align::<7>(a, b),
                m.permute(a, b, sum),
            ];
            (vectors.map(|lanes| m.store(lanes)).to_vec(), [m.equal(a, b), m.below(a, b)])
        }
    }

    #[test]
    fn the_processor_does_what_the_emulation_does() {
        let Some(machine) = Ifma::detect() else {
            eprintln!("not run: this processor has no AVX-512 IFMA");
            return;
        };
        for a in vectors() {
            for b in vectors() {
                for sum in vectors() {
                    assert_eq!(machine.run(All(&a, &b, &sum)), Emulated.run(All(&a, &b, &sum)));
                }
            }
        }
    }
}
