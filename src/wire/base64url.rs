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
    let (eights, rest) = text.as_chunks::<8>();
    out.resize(eights.len() * 6, 0);
    let mut all = 0;
    for (eight, six) in eights.iter().zip(out.as_chunks_mut::<6>().0) {
        let (fours, _) = eight.as_chunks::<4>();
        let [high, low] = [value(&fours[0]), value(&fours[1])];
        all |= high | low;
        let [_, _, bytes @ ..] = (u64::from(high) << 24 | u64::from(low)).to_be_bytes();
        *six = bytes;
    }
    let (last, end) = rest.split_at(rest.len() & 4);
    let bits = [value(last), value(end)];
    let [[_, whole @ ..], [_, first, second, third]] = bits.map(u32::to_be_bytes);
    let spare = match end.len() {
        0 => 0,
        2 => u16::from_be_bytes([second, third]),
        3 => third.into(),
        _ => 1,
    };
    if (all | bits[0] | bits[1]) & NONE != 0 || spare != 0 {
        out.fill(0);
        out.clear();
        return Err(Reason::InvalidBase64url);
    }
    out.extend_from_slice(&whole[..last.len() / 4 * 3]);
    out.extend_from_slice(&[first, second][..end.len().saturating_sub(1)]);
    Ok(())
}

/// The 24 bits of up to four characters, and [`NONE`] if one means nothing.
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
