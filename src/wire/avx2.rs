//! Text by AVX2, 32 bytes at a time: each step is also there in plain integers.

#![allow(unsafe_code)]

use super::{base64url, scan::Class};
use core::arch::x86_64::{
    __m256i, _mm_set_epi64x, _mm256_add_epi8, _mm256_and_si256, _mm256_blendv_epi8,
    _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_extract_epi64,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_movemask_epi8, _mm256_or_si256,
    _mm256_permutevar8x32_epi32, _mm256_set_epi64x, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_setr_epi8, _mm256_setr_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
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

    /// Decodes base64url up to the first byte that is none, or as far as there is room; how many bytes of text it is.
    pub(super) fn decode_base64url(self, text: &[u8], out: &mut [[u8; 24]]) -> usize {
        // SAFETY: there is a `self`, so the processor has AVX2.
        unsafe { decode_base64url(text, out) }
    }

    /// For every 64 bytes, a bit for each that is of the class.
    pub(super) fn mark(self, class: &Class, text: &[[u8; 64]], marks: &mut Vec<u64>) {
        // SAFETY: there is a `self`, so the processor has AVX2.
        unsafe { mark(class, text, marks) }
    }

    /// How many bytes are of the class, from the first on.
    pub(super) fn run(self, class: &Class, text: &[u8]) -> usize {
        // SAFETY: there is a `self`, so the processor has AVX2.
        unsafe { run(class, text) }
    }

    /// The text, if it is ASCII.
    pub(super) fn ascii(self, text: &[u8]) -> Option<&str> {
        // SAFETY: there is a `self`, so the processor has AVX2.
        let ascii = unsafe { is_ascii(text) };
        // SAFETY: ASCII is UTF-8.
        ascii.then(|| unsafe { core::str::from_utf8_unchecked(text) })
    }
}

#[target_feature(enable = "avx2")]
fn mark(class: &Class, text: &[[u8; 64]], marks: &mut Vec<u64>) {
    marks.extend(text.iter().map(|block| {
        let (halves, _) = block.as_chunks();
        let [low, high] = [0, 1].map(|half| members(class, load(&halves[half])));
        u64::from(low) | u64::from(high) << 32
    }));
}

#[target_feature(enable = "avx2")]
fn run(class: &Class, text: &[u8]) -> usize {
    let run = |block: &[u8; 32]| members(class, load(block)).trailing_ones() as usize;
    let (blocks, rest) = text.as_chunks();
    let mut count = 0;
    for block in blocks {
        let first = run(block);
        count += first;
        if first < block.len() {
            return count;
        }
    }
    count + run(&padded(rest))
}

/// A block that ends in bytes of no class.
fn padded(rest: &[u8]) -> [u8; 32] {
    let mut block = [0x80; 32];
    block[..rest.len()].copy_from_slice(rest);
    block
}

#[target_feature(enable = "avx2")]
fn is_ascii(text: &[u8]) -> bool {
    let (blocks, rest) = text.as_chunks();
    let all = blocks.iter().fold(_mm256_setzero_si256(), |all, block| _mm256_or_si256(all, load(block)));
    _mm256_movemask_epi8(all) == 0 && rest.is_ascii()
}

/// A bit for each byte that is of the class.
#[target_feature(enable = "avx2")]
fn members(class: &Class, text: __m256i) -> u32 {
    // Of a byte from 0x80 on the row is empty, and its bit is all of them.
    let bits = _mm256_setr_epi8(
        1, 2, 4, 8, 16, 32, 64, -128, -1, -1, -1, -1, -1, -1, -1, -1, //
        1, 2, 4, 8, 16, 32, 64, -128, -1, -1, -1, -1, -1, -1, -1, -1,
    );
    let row = _mm256_shuffle_epi8(twice(class.rows()), text);
    let bit = _mm256_shuffle_epi8(bits, upper_halves(text));
    _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_and_si256(row, bit), bit)).cast_unsigned()
}

/// Of each byte.
#[target_feature(enable = "avx2")]
fn upper_halves(text: __m256i) -> __m256i {
    _mm256_and_si256(_mm256_srli_epi16::<4>(text), _mm256_set1_epi8(15))
}

#[target_feature(enable = "avx2")]
fn decode_base64url(text: &[u8], out: &mut [[u8; 24]]) -> usize {
    let (blocks, rest) = text.as_chunks();
    let mut out = out.iter_mut();
    let mut count = 0;
    for (block, out) in blocks.iter().zip(&mut out) {
        let run = decode_block(block, out);
        count += run;
        if run < block.len() {
            return count;
        }
    }
    count + out.next().map_or(0, |out| decode_block(&padded(rest), out))
}

/// Decodes up to the first character that stands for nothing, and zeros from there on; how many characters.
#[target_feature(enable = "avx2")]
fn decode_block(text: &[u8; 32], out: &mut [u8; 24]) -> usize {
    let text = load(text);
    let run = members(&base64url::ALPHABET, text).trailing_ones();
    let values = values(text);
    let values = if run == 32 { values } else { _mm256_and_si256(values, first(run)) };
    store(pack(values), out);
    run as usize
}

/// What characters of the alphabet stand for.
#[target_feature(enable = "avx2")]
fn values(text: __m256i) -> __m256i {
    // The way from a character to its value, by the character's upper half; that of `_` is one of its own.
    let ways = _mm256_setr_epi8(
        0, 0, 17, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0, //
        0, 0, 17, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0,
    );
    let values = _mm256_add_epi8(text, _mm256_shuffle_epi8(ways, upper_halves(text)));
    let is_last = _mm256_cmpeq_epi8(text, _mm256_set1_epi8(b'_'.cast_signed()));
    _mm256_blendv_epi8(values, _mm256_set1_epi8(63), is_last)
}

/// Ones in so many bytes.
#[target_feature(enable = "avx2")]
fn first(count: u32) -> __m256i {
    #[rustfmt::skip]
    let places = _mm256_setr_epi8(
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
    );
    _mm256_cmpgt_epi8(_mm256_set1_epi8(i8::try_from(count).unwrap_or(i8::MAX)), places)
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

/// In both halves.
#[target_feature(enable = "avx2")]
fn twice(bytes: [u8; 16]) -> __m256i {
    let (eights, _) = bytes.as_chunks::<8>();
    let [low, high] = [0, 1].map(|i| i64::from_le_bytes(eights[i]));
    _mm256_broadcastsi128_si256(_mm_set_epi64x(high, low))
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
