//! Looking for bytes, eight or 32 at a time.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The first position of what a JSON string cannot hold as it is: a quote, a backslash, a control character.
pub(crate) fn find_special(bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let marked = specials(u64::from_le_bytes(*word));
        if marked != 0 {
            return Some(i * 8 + marked.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| SPECIALS.holds(*byte))?;
    Some(bytes.len() - rest.len() + at)
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

/// A set of ASCII characters.
pub(crate) struct Class {
    /// For the lower half of a byte, a bit for each upper half.
    rows: [u8; 16],
}

/// What a JSON string cannot hold as it is.
const SPECIALS: Class = {
    let mut rows = [0b11; 16]; // control characters
    rows[2] |= 1 << 2; // a quote, 0x22
    rows[12] |= 1 << 5; // a backslash, 0x5c
    Class { rows }
};

impl Class {
    pub(crate) const fn of(characters: &[u8]) -> Self {
        let mut rows = [0; 16];
        let mut at = 0;
        while at < characters.len() {
            rows[characters[at] as usize & 15] |= 1 << (characters[at] >> 4);
            at += 1;
        }
        Self { rows }
    }

    #[cfg(target_arch = "x86_64")]
    pub(super) fn rows(&self) -> [u8; 16] {
        self.rows
    }

    #[inline]
    fn holds(&self, byte: u8) -> bool {
        byte.is_ascii() && self.rows[usize::from(byte & 15)] >> (byte >> 4) & 1 == 1
    }

    /// How many bytes of `text` are of the class, from the first on.
    pub(crate) fn run(&self, text: &[u8]) -> usize {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = super::avx2::Avx2::detect() {
            return avx2.run(self, text);
        }
        self.run_of_bytes(text)
    }

    /// [`Self::run`], byte by byte.
    pub(super) fn run_of_bytes(&self, bytes: &[u8]) -> usize {
        bytes.iter().take_while(|byte| self.holds(**byte)).count()
    }
}

/// The text, if it is UTF-8.
pub(crate) fn utf8(text: &[u8]) -> Option<&str> {
    #[cfg(target_arch = "x86_64")]
    if let Some(text) = super::avx2::Avx2::detect().and_then(|avx2| avx2.ascii(text)) {
        return Some(text);
    }
    core::str::from_utf8(text).ok()
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
        return avx2.mark(&SPECIALS, blocks, marks);
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
        fn the_first_is_found(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let special = bytes.iter().position(|b| *b == b'"' || *b == b'\\' || *b < 0x20);
            prop_assert_eq!(find_special(&bytes), special);
        }

        /// Classes of any characters, against a search in what they were made of.
        #[test]
        fn a_run_ends_at_the_first_other_byte(
            characters in proptest::collection::vec(0..128u8, 1..90),
            picks in proptest::collection::vec(any::<usize>(), 0..150),
            end: u8,
            rest in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let class = Class::of(&characters);
            let run: Vec<_> = picks.iter().map(|pick| characters[pick % characters.len()]).collect();
            let text = [run, vec![end], rest].concat();
            let expected = text.iter().take_while(|byte| characters.contains(byte)).count();
            prop_assert_eq!(class.run(&text), expected);
            prop_assert_eq!(class.run_of_bytes(&text), expected);
        }

        #[test]
        fn utf8_is_what_the_standard_library_takes(
            ascii in "[ -~]{0,80}", other in proptest::collection::vec(any::<u8>(), 0..4), rest in "\\PC{0,40}",
        ) {
            let text = [ascii.as_bytes(), &other, rest.as_bytes()].concat();
            prop_assert_eq!(utf8(&text), core::str::from_utf8(&text).ok());
        }
    }
}
