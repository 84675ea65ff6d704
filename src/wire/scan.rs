//! Looking for bytes eight at a time.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The top bit of every byte of `word` that is zero; bytes above the first such one may be marked as well.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

/// The first position at which `marks` marks a byte, or in less than a word `holds` holds.
#[inline]
fn position(bytes: &[u8], marks: impl Fn(u64) -> u64, holds: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let marked = marks(u64::from_le_bytes(*word));
        if marked != 0 {
            return Some(i * 8 + marked.trailing_zeros() as usize / 8);
        }
    }
    if let Some(last) = bytes.last_chunk() {
        // Once more what no mark was found in, and the rest.
        let marked = marks(u64::from_le_bytes(*last));
        return (marked != 0).then(|| bytes.len() - 8 + marked.trailing_zeros() as usize / 8);
    }
    rest.iter().position(|byte| holds(*byte))
}

/// The first position of `byte`.
#[inline]
pub(crate) fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    position(bytes, |word| zeros(word ^ (u64::from(byte) * LOW)), |other| other == byte)
}

/// The first position of what a JSON string cannot hold as it is: a quote, a backslash, a control character.
#[inline]
pub(crate) fn find_special(bytes: &[u8]) -> Option<usize> {
    let marks = |word: u64| {
        // A byte below 0x20 borrows; one from 0x80 on is masked away.
        let controls = word.wrapping_sub(0x20 * LOW) & !word & HIGH;
        zeros(word ^ (u64::from(b'"') * LOW)) | zeros(word ^ (u64::from(b'\\') * LOW)) | controls
    };
    position(bytes, marks, |byte| matches!(byte, b'"' | b'\\' | 0x00..=0x1f))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=255 {
            for at in 0..20 {
                for filler in [b'a', 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']', 0x20] {
                    let mut bytes = [filler; 20];
                    bytes[at] = byte;
                    let special = byte == b'"' || byte == b'\\' || byte < 0x20;
                    assert_eq!(find_special(&bytes), special.then_some(at), "{byte} {filler}");
                    if byte != filler {
                        assert_eq!(find(&bytes, byte), Some(at), "{byte} {filler}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_first_is_found(bytes in proptest::collection::vec(any::<u8>(), 0..64), byte: u8) {
            prop_assert_eq!(find(&bytes, byte), bytes.iter().position(|b| *b == byte));
            let special = bytes.iter().position(|b| *b == b'"' || *b == b'\\' || *b < 0x20);
            prop_assert_eq!(find_special(&bytes), special);
        }
    }
}
