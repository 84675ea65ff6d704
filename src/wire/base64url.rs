//! Canonical, unpadded base64url (RFC 7515 section 2; RFC 4648 section 3.5 for the spare bits).

use super::scan::Class;
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

const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
pub(super) const ALPHABET: Class = Class::of(CHARACTERS);

/// No character of the alphabet.
const NONE: u32 = 1 << 31;

/// What a character means as the first, second, third or fourth of four.
const VALUES: [[u32; 256]; 4] = {
    let mut values = [[NONE; 256]; 4];
    let mut place = 0;
    while place < 4 {
        let (mut i, mut value) = (0, 0);
        while i < 64 {
            values[place][CHARACTERS[i] as usize] = value << (18 - 6 * place);
            (i, value) = (i + 1, value + 1);
        }
        place += 1;
    }
    values
};

/// Room that is enough to decode a text of so many bytes.
pub(crate) const fn room(text: usize) -> usize {
    (text / 32 + 1) * 24
}

/// Decodes `text` up to the first byte that is not of the alphabet, into `out`, which has [`room`]: how many bytes of
/// text and of data it is. Zeros follow the data up to the end of their block.
pub(crate) fn decode_run(text: &[u8], out: &mut [u8]) -> Result<(usize, usize), Reason> {
    let run = decode_blocks(text, out.as_chunks_mut().0);
    let length = match run % 4 {
        1 => return Err(Reason::InvalidBase64url),
        spare => run / 4 * 3 + spare.saturating_sub(1),
    };
    // What follows begins with the spare bits.
    let canonical = run.is_multiple_of(4) || out.get(length) == Some(&0);
    if canonical { Ok((run, length)) } else { Err(Reason::InvalidBase64url) }
}

fn decode_blocks(text: &[u8], out: &mut [[u8; 24]]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = super::avx2::Avx2::detect() {
        return avx2.decode_base64url(text, out);
    }
    decode_by_table(text, out)
}

/// Eight characters at a time.
fn decode_by_table(text: &[u8], out: &mut [[u8; 24]]) -> usize {
    let (eights, rest) = text.as_chunks();
    let mut last = [0; 8]; // no character of the alphabet
    last[..rest.len()].copy_from_slice(rest);
    let mut count = 0;
    for (eight, six) in eights.iter().chain([&last]).zip(out.as_flattened_mut().as_chunks_mut().0) {
        let (run, bytes) = values(*eight).map_or_else(|| first_values(*eight), |bytes| (8, bytes));
        *six = bytes;
        count += run;
        if run < eight.len() {
            break;
        }
    }
    count
}

/// How many characters mean something before the first that does not, and what they mean.
fn first_values(eight: [u8; 8]) -> (usize, [u8; 6]) {
    let run = ALPHABET.run_of_bytes(&eight);
    let mut padded = [b'A'; 8];
    padded[..run].copy_from_slice(&eight[..run]);
    (run, values(padded).unwrap_or_default())
}

/// The six bytes that eight characters mean, unless one means nothing.
#[inline]
fn values(eight: [u8; 8]) -> Option<[u8; 6]> {
    let [high, low] = [0, 4].map(|at| value(&eight[at..]));
    let [_, _, bytes @ ..] = (u64::from(high) << 24 | u64::from(low)).to_be_bytes();
    ((high | low) & NONE == 0).then_some(bytes)
}

/// The 24 bits of four characters, and [`NONE`] if one means nothing.
#[inline]
fn value(four: &[u8]) -> u32 {
    four.iter().zip(&VALUES).fold(0, |bits, (byte, values)| bits | values[usize::from(*byte)])
}

/// Decodes `text` into a new vector.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Reason> {
    let mut out = vec![0; room(text.len())];
    let (run, length) = decode_run(text.as_bytes(), &mut out)?;
    out.truncate(length);
    if run == text.len() { Ok(out) } else { Err(Reason::InvalidBase64url) }
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
            let mut out = [[1; 24]; 3];
            assert_eq!(form(&block, &mut out), 32);
            for (at, byte) in (0..32).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
                let mut changed = block;
                changed[at] = byte;
                let text = [block, changed].concat();
                let known = URL_SAFE.decode(changed);
                let run = if known.is_ok() { 64 } else { 32 + at };
                assert_eq!(form(&text, &mut out), run, "{at} {byte}");
                let theirs = [&expected[..], &known.unwrap_or_else(|_| expected.clone())].concat();
                let length = run * 6 / 8;
                assert_eq!(out.as_flattened()[..length], theirs[..length], "{at} {byte}");
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
        /// The crate's opinion of what stands before the first byte that is none of the alphabet; zeros behind it.
        #[test]
        fn a_run_ends_where_the_alphabet_does(
            text in "[A-Za-z0-9_-]{0,90}", end: u8, rest in proptest::collection::vec(any::<u8>(), 0..70),
        ) {
            prop_assume!(!CHARACTERS.contains(&end));
            let bytes = [text.as_bytes(), &[end], &rest].concat();
            let mut out = vec![0; room(bytes.len())];
            let ours = decode_run(&bytes, &mut out);
            let theirs = URL_SAFE.decode(&text).ok();
            prop_assert_eq!(ours.ok(), theirs.as_ref().map(|bytes| (text.len(), bytes.len())));
            let mut expected = theirs.unwrap_or_default();
            if ours.is_ok() {
                expected.resize(out.len(), 0);
                prop_assert_eq!(out, expected);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..100), room in 0usize..200,
        ) {
            let _ = decode_run(&bytes, &mut vec![0; room]);
        }
    }
}
