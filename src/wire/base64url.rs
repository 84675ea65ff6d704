//! Canonical, unpadded base64url (RFC 7515 section 2; RFC 4648 section 3.5 for the spare bits).

use crate::verdict::Reason;
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::NO_PAD};

// One spelling per byte string: no padding, no spare bits set.
const STRICT: GeneralPurposeConfig =
    NO_PAD.with_decode_allow_trailing_bits(false).with_decode_padding_mode(DecodePaddingMode::RequireNone);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, STRICT);
const STANDARD: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(false),
);

/// No character of the alphabet.
const NONE: u32 = 1 << 31;

/// What a character means as the first, second, third or fourth of four.
const VALUES: [[u32; 256]; 4] = {
    let mut values = [[NONE; 256]; 4];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut place = 0;
    while place < 4 {
        let (mut i, mut value) = (0, 0);
        while i < 64 {
            values[place][alphabet[i] as usize] = value << (18 - 6 * place);
            (i, value) = (i + 1, value + 1);
        }
        place += 1;
    }
    values
};

/// Decodes `text` into `out`, replacing its contents. Allocates only while `out` grows.
pub(crate) fn decode_into(text: &[u8], out: &mut Vec<u8>) -> Result<(), Reason> {
    out.clear();
    out.resize(text.len().div_ceil(32) * 24, 0);
    if let Some(length) = decode_padded(text, out) {
        out.truncate(length);
        return Ok(());
    }
    out.fill(0);
    out.clear();
    Err(Reason::InvalidBase64url)
}

/// Decodes `text` as if zeros followed it up to the end of `out`; the bytes that are its own.
fn decode_padded(text: &[u8], out: &mut [u8]) -> Option<usize> {
    let length = match text.len() % 4 {
        1 => return None,
        spare => text.len() / 4 * 3 + spare.saturating_sub(1),
    };
    let (blocks, rest) = text.as_chunks();
    let (whole, last) = out.as_chunks_mut().0.split_at_mut(blocks.len());
    let mut padded = [b'A'; 32];
    padded[..rest.len()].copy_from_slice(rest);
    let decoded = decode_blocks(blocks, whole) && decode_blocks(&[padded], last);
    // What follows begins with the spare bits.
    (decoded && out.get(length).is_none_or(|spare| *spare == 0)).then_some(length)
}

/// Whether every character of these blocks, as many as there is room for, means something: then they are decoded.
fn decode_blocks(text: &[[u8; 32]], out: &mut [[u8; 24]]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = super::avx2::Avx2::detect() {
        return avx2.decode_base64url(text, out);
    }
    decode_by_table(text, out)
}

fn decode_by_table(text: &[[u8; 32]], out: &mut [[u8; 24]]) -> bool {
    let mut all = 0;
    for (block, out) in text.iter().zip(out) {
        for (eight, six) in block.as_chunks::<8>().0.iter().zip(out.as_chunks_mut::<6>().0) {
            let [high, low] = [0, 4].map(|at| value(&eight[at..]));
            all |= high | low;
            let [_, _, bytes @ ..] = (u64::from(high) << 24 | u64::from(low)).to_be_bytes();
            *six = bytes;
        }
    }
    all & NONE == 0
}

/// The 24 bits of four characters, and [`NONE`] if one means nothing.
#[inline]
fn value(four: &[u8]) -> u32 {
    four.iter().zip(&VALUES).fold(0, |bits, (byte, values)| bits | values[usize::from(*byte)])
}

/// Decodes `text` into a new vector.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Reason> {
    let mut out = Vec::new();
    decode_into(text.as_bytes(), &mut out)?;
    Ok(out)
}

/// Decodes the one spelling of 32 bytes, as a key or a SHA-256 has it, without allocating.
pub(crate) fn decode_32(text: impl Iterator<Item = char>) -> Option<[u8; 32]> {
    let (mut encoded, mut count) = ([0; 43], 0);
    for c in text {
        *encoded.get_mut(count)? = u8::try_from(c).ok()?;
        count += 1;
    }
    // One byte of slack: the engine asks for room by the length of the text.
    let mut decoded = [0; 33];
    let complete = count == encoded.len() && URL_SAFE.decode_slice(encoded, &mut decoded) == Ok(32);
    complete.then(|| decoded.first_chunk().copied()).flatten()
}

/// Encodes `bytes` without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

/// Feeds the base64url text of `bytes` to `sink` in pieces, without allocating.
pub(crate) fn encode_to(bytes: &[u8], mut sink: impl FnMut(&[u8])) {
    let mut text = [0; 64];
    // 48 bytes give 64 characters: only the last piece can be shorter.
    for piece in bytes.chunks(48) {
        match URL_SAFE.encode_slice(piece, &mut text) {
            Ok(n) => sink(&text[..n]),
            Err(_) => unreachable!("48 bytes fit 64 characters"),
        }
    }
}

/// Decodes padded standard base64, as in a JWK's `x5c` (RFC 7517 section 4.7).
pub(crate) fn decode_standard(text: &str) -> Result<Vec<u8>, Reason> {
    STANDARD.decode(text).map_err(|_| Reason::InvalidBase64url)
}

/// Encodes as padded standard base64.
pub(crate) fn encode_standard(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_every_other_spelling() {
        for text in ["Zg==", "Zg=", "Zh", "Z", "Zm9v\n", " Zm9v", "Zm+v", "Zm/v", "Zm9v\u{a0}", "Zm 9v"] {
            assert_eq!(decode(text), Err(Reason::InvalidBase64url), "{text:?}");
        }
        assert_eq!(decode("Zg").unwrap(), b"f");
        assert_eq!(decode("").unwrap(), b"");
        assert_eq!(decode("-_-_").unwrap(), [0xfb, 0xff, 0xbf]);
    }

    #[test]
    fn standard_base64_is_padded() {
        assert_eq!(decode_standard("+/8=").unwrap(), [0xfb, 0xff]);
        assert!(decode_standard("+/8").is_err());
        assert!(decode_standard("-_8=").is_err());
        assert!(decode_standard("+/8 =").is_err());
    }

    /// Every byte at every place of a block, by the table and by what this processor has.
    #[test]
    fn every_form_knows_every_character() {
        let block = *b"AZaz09-_BYby18-_CXcx27-_DWdw36-_";
        let expected = URL_SAFE.decode(block).unwrap();
        for form in [decode_by_table, decode_blocks] {
            let mut out = [[0; 24]; 2];
            assert!(form(&[block, block], &mut out));
            assert_eq!(out.as_flattened(), [&*expected, &expected].concat());
            for (at, byte) in (0..32).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
                let mut changed = block;
                changed[at] = byte;
                let theirs = URL_SAFE.decode(changed);
                assert_eq!(form(&[block, changed], &mut out), theirs.is_ok(), "{at} {byte}");
                assert!(theirs.is_err() || out[1] == *theirs.unwrap(), "{at} {byte}");
            }
        }
    }

    proptest! {
        /// The base64 crate as the other opinion.
        #[test]
        fn decodes_what_the_crate_decodes(text in "[A-Za-z0-9_\\-]{0,90}[A-Za-z0-9_=+/ -]{0,3}") {
            let theirs = URL_SAFE.decode(&text);
            prop_assert_eq!(decode(&text).ok(), theirs.ok(), "{}", text);
        }

        #[test]
        fn what_decodes_encodes_back(text in "[A-Za-z0-9_-]{0,200}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(&encode(&bytes), &text);
                let mut pieces = Vec::new();
                encode_to(&bytes, |piece| pieces.extend_from_slice(piece));
                prop_assert_eq!(pieces, text.as_bytes());
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode_into(&bytes, &mut Vec::new());
        }
    }
}
