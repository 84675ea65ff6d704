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

/// The first position of `byte` where it is likely to be far: over most of the way by 32 bytes at a time.
pub(crate) fn find_far(bytes: &[u8], byte: u8) -> Option<usize> {
    let holds = |block: &[u8; 32]| block.iter().fold(0, |found, other| found | u8::from(*other == byte)) != 0;
    let skipped = bytes.as_chunks().0.iter().take_while(|block| !holds(block)).count() * 32;
    find(&bytes[skipped..], byte).map(|at| skipped + at)
}

/// The first position of what a JSON string cannot hold as it is: a quote, a backslash, a control character.
#[inline]
pub(crate) fn find_special(bytes: &[u8]) -> Option<usize> {
    position(bytes, specials, |byte| matches!(byte, b'"' | b'\\' | 0x00..=0x1f))
}

/// The top bit of every byte of `word` that is a quote, a backslash or a control character.
#[inline]
fn specials(word: u64) -> u64 {
    // With its second bit flipped a quote is 0x20, and a control character still one. The bit that a byte lacks if it
    // is below the subtrahend was set before: no byte borrows from another.
    let others = ((word ^ (0x02 * LOW)) | HIGH) - 0x21 * LOW;
    let no_backslashes = ((word ^ (u64::from(b'\\') * LOW)) | HIGH) - LOW;
    !(others & no_backslashes) & !word & HIGH
}

/// Replaces `marks` by a bit for each special byte of `text`, in words of 64 bytes from the lowest bit on. What is
/// behind the end of the text is special, too.
pub(crate) fn mark_specials(text: &[u8], marks: &mut Vec<u64>) {
    marks.clear();
    let (blocks, rest) = text.as_chunks();
    let mut last = [b'"'; 64];
    last[..rest.len()].copy_from_slice(rest);
    for blocks in [blocks, &[last]] {
        mark_blocks(blocks, marks);
    }
}

fn mark_blocks(blocks: &[[u8; 64]], marks: &mut Vec<u64>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = super::avx2::Avx2::detect() {
        return avx2.mark_specials(blocks, marks);
    }
    mark_by_words(blocks, marks);
}

fn mark_by_words(blocks: &[[u8; 64]], marks: &mut Vec<u64>) {
    // To the top of a word, from the lowest bit of every byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    marks.extend(blocks.iter().map(|block| {
        block.as_chunks().0.iter().rev().fold(0, |marks, word| {
            let lowest = specials(u64::from_le_bytes(*word)) >> 7;
            marks << 8 | lowest.wrapping_mul(GATHER) >> 56
        })
    }));
}

/// The first marked place from `from` on.
#[inline]
pub(crate) fn next_marked(marks: &[u64], from: u32) -> Option<u32> {
    let mut at = from / 64;
    let mut bits = marks.get(at as usize)? & u64::MAX << (from % 64);
    while bits == 0 {
        at += 1;
        bits = *marks.get(at as usize)?;
    }
    Some(at * 64 + bits.trailing_zeros())
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
                        assert_eq!(find_far(&bytes, byte), Some(at), "{byte} {filler}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_byte_is_marked_or_not() {
        for (at, byte) in (0..64).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut block = [b'a'; 64];
            block[at] = byte;
            let special = matches!(byte, b'"' | b'\\' | 0..=0x1f);
            for form in [mark_by_words, mark_blocks] {
                let mut marks = Vec::new();
                form(&[[b'"'; 64], block], &mut marks);
                assert_eq!(marks, [u64::MAX, u64::from(special) << at], "{at} {byte}");
            }
        }
    }

    proptest! {
        #[test]
        fn special_bytes_are_marked(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut marks = Vec::new();
            mark_specials(&bytes, &mut marks);
            for from in 0..bytes.len() {
                let first = find_special(&bytes[from..]).unwrap_or(bytes.len() - from) + from;
                let from = u32::try_from(from).unwrap();
                prop_assert_eq!(next_marked(&marks, from).map(|at| at as usize), Some(first));
            }
        }

        #[test]
        fn the_first_is_found(bytes in proptest::collection::vec(any::<u8>(), 0..200), byte: u8) {
            let first = bytes.iter().position(|b| *b == byte);
            prop_assert_eq!([find(&bytes, byte), find_far(&bytes, byte)], [first; 2]);
            let special = bytes.iter().position(|b| *b == b'"' || *b == b'\\' || *b < 0x20);
            prop_assert_eq!(find_special(&bytes), special);
        }
    }
}
