//! Text by AVX2, 32 bytes at a time: each step is also there in plain integers.

#![allow(unsafe_code)]

use core::arch::x86_64::{
    __m256i, _mm256_add_epi8, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_extract_epi64,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256,
    _mm256_permutevar8x32_epi32, _mm256_set_epi64x, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_setr_epi8, _mm256_setr_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8,
};

/// A processor with AVX2: made only by [`Avx2::detect`].
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

#[allow(clippy::unused_self)] // it is the proof
impl Avx2 {
    #[inline]
    pub(super) fn detect() -> Option<Self> {
        std::is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Decodes blocks of base64url, as many as there is room for; whether they hold the alphabet's characters alone.
    pub(super) fn decode_base64url(self, text: &[[u8; 32]], out: &mut [[u8; 24]]) -> bool {
        // SAFETY: there is a `self`, so the processor has AVX2.
        unsafe { decode_base64url(text, out) }
    }

    /// For every 64 bytes, a bit for each that a JSON string cannot hold as it is.
    pub(super) fn mark_specials(self, text: &[[u8; 64]], marks: &mut Vec<u64>) {
        // SAFETY: there is a `self`, so the processor has AVX2.
        unsafe { mark_specials(text, marks) }
    }
}

#[target_feature(enable = "avx2")]
fn mark_specials(text: &[[u8; 64]], marks: &mut Vec<u64>) {
    marks.extend(text.iter().map(|block| {
        let (halves, _) = block.as_chunks();
        u64::from(special(load(&halves[0]))) | u64::from(special(load(&halves[1]))) << 32
    }));
}

/// A bit for each quote, backslash and control character.
#[target_feature(enable = "avx2")]
fn special(text: __m256i) -> u32 {
    let is = |byte: u8| _mm256_cmpeq_epi8(text, _mm256_set1_epi8(byte.cast_signed()));
    let last_control = _mm256_set1_epi8(0x1f);
    let controls = _mm256_cmpeq_epi8(_mm256_min_epu8(text, last_control), text);
    let found = _mm256_or_si256(controls, _mm256_or_si256(is(b'"'), is(b'\\')));
    _mm256_movemask_epi8(found).cast_unsigned()
}

#[target_feature(enable = "avx2")]
fn decode_base64url(text: &[[u8; 32]], out: &mut [[u8; 24]]) -> bool {
    text.iter().zip(out).all(|(block, out)| {
        let values = values(load(block));
        values.map(|values| store(pack(values), out)).is_some()
    })
}

/// What each character stands for; `None` if one stands for nothing.
#[target_feature(enable = "avx2")]
fn values(text: __m256i) -> Option<__m256i> {
    // Compared as signed bytes: from 0x80 on they are below all of these.
    let between = |first: u8, last: u8| {
        let above = _mm256_cmpgt_epi8(text, _mm256_set1_epi8(first.cast_signed() - 1));
        _mm256_and_si256(above, _mm256_cmpgt_epi8(_mm256_set1_epi8(last.cast_signed() + 1), text))
    };
    let is = |byte: u8| _mm256_cmpeq_epi8(text, _mm256_set1_epi8(byte.cast_signed()));
    // Each class, and the way from a character of it to its value.
    let classes = [
        (between(b'A', b'Z'), -65),
        (between(b'a', b'z'), 26 - 97),
        (between(b'0', b'9'), 52 - 48),
        (is(b'-'), 62 - 45),
        (is(b'_'), 63 - 95),
    ];
    let mut known = _mm256_setzero_si256();
    let mut ways = known;
    for (of_class, way) in classes {
        known = _mm256_or_si256(known, of_class);
        ways = _mm256_or_si256(ways, _mm256_and_si256(of_class, _mm256_set1_epi8(way)));
    }
    (_mm256_movemask_epi8(known) == -1).then(|| _mm256_add_epi8(text, ways))
}

/// Four values of six bits to three bytes, eight times; behind them are eight zero bytes.
#[target_feature(enable = "avx2")]
fn pack(values: __m256i) -> __m256i {
    let twelves = _mm256_maddubs_epi16(values, _mm256_set1_epi16(0x0140)); // first * 2^6 + second
    let numbers = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x0001_1000)); // first * 2^12 + second
    #[rustfmt::skip]
    let big_endian = _mm256_setr_epi8(
        2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,
        2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,
    );
    let halves = _mm256_shuffle_epi8(numbers, big_endian);
    _mm256_permutevar8x32_epi32(halves, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7))
}

#[target_feature(enable = "avx2")]
fn load(block: &[u8; 32]) -> __m256i {
    let (eights, _) = block.as_chunks::<8>();
    let [a, b, c, d] = core::array::from_fn(|i| i64::from_le_bytes(eights[i]));
    _mm256_set_epi64x(d, c, b, a)
}

#[target_feature(enable = "avx2")]
fn store(bytes: __m256i, out: &mut [u8; 24]) {
    let eights = [
        _mm256_extract_epi64::<0>(bytes),
        _mm256_extract_epi64::<1>(bytes),
        _mm256_extract_epi64::<2>(bytes),
    ];
    for (out, eight) in out.as_chunks_mut::<8>().0.iter_mut().zip(eights) {
        *out = eight.to_le_bytes();
    }
}
