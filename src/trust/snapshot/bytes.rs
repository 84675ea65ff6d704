//! The bytes of a snapshot: little-endian integers, and texts behind their length. Reading is total: whatever the
//! bytes claim, nothing is allocated for it and nothing behind their end is touched.

/// Writes values one after the other.
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn i64(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }

    /// A number of things that follow.
    pub(super) fn count(&mut self, count: usize) {
        self.u64(count as u64);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend(bytes);
    }

    pub(super) fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.u8(value.is_some().into());
        if let Some(value) = value {
            write(self, value);
        }
    }
}

/// The bytes are not what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// Reads them back.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Broken)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Broken> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Broken> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Broken> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Broken> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        let length = usize::try_from(self.u64()?).map_err(|_| Broken)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Broken> {
        core::str::from_utf8(self.bytes()?).map_err(|_| Broken)
    }

    pub(super) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<Option<T>, Broken> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(Broken),
        }
    }

    /// As many things as are said to follow. Each takes at least one byte, so the bytes bound their number.
    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Broken>,
    ) -> Result<Vec<T>, Broken> {
        let count = self.u64()?;
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(read(self)?);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn claims_beyond_the_end_are_broken() {
        let all = u64::MAX.to_le_bytes();
        assert_eq!(Reader(&all).bytes(), Err(Broken));
        assert_eq!(Reader(&all).list(Reader::u8), Err(Broken));
        assert_eq!(Reader(&[3, 0, 0, 0, 0, 0, 0, 0, b'a', b'b']).bytes(), Err(Broken));
        assert_eq!(Reader(&[2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]).text(), Err(Broken));
        assert_eq!(Reader(&[2]).optional(Reader::u8), Err(Broken));
        assert_eq!(Reader(&[1]).optional(Reader::u8), Err(Broken));
        assert_eq!(Reader(&[]).optional(Reader::u8), Err(Broken));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(a: u8, b: u32, c: Option<u64>, d: i64, texts: Vec<String>) {
            let mut out = Writer(Vec::new());
            out.u8(a);
            out.u32(b);
            out.optional(c, Writer::u64);
            out.i64(d);
            out.count(texts.len());
            for text in &texts {
                out.bytes(text.as_bytes());
            }
            let mut bytes = Reader(&out.0);
            prop_assert_eq!(bytes.u8(), Ok(a));
            prop_assert_eq!(bytes.u32(), Ok(b));
            prop_assert_eq!(bytes.optional(Reader::u64), Ok(c));
            prop_assert_eq!(bytes.i64(), Ok(d));
            prop_assert_eq!(bytes.list(|bytes| bytes.text().map(String::from)), Ok(texts));
            prop_assert!(bytes.0.is_empty());
        }
    }
}
