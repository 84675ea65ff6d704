//! The compact serialization of a JWS (RFC 7515 section 7.1), cut and decoded but not judged.

use crate::verdict::Reason;
use crate::wire::base64url;

/// The decoded parts of one token, in storage that is reused.
#[derive(Default)]
pub(crate) struct Parts {
    /// One part after the other, and zeros behind them.
    bytes: Vec<u8>,
    /// Where the header, the payload and the signature end.
    ends: [usize; 3],
}

impl Parts {
    pub(crate) fn header(&self) -> &[u8] {
        &self.bytes[..self.ends[0]]
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.bytes[self.ends[0]..self.ends[1]]
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.bytes[self.ends[1]..self.ends[2]]
    }

    /// Overwrites what the last token left.
    pub(crate) fn wipe(&mut self) {
        // Filling nothing is not free: a masked store of no byte to no address takes some processors a hundred cycles.
        if self.ends[2] > 0 {
            self.bytes[..self.ends[2]].fill(0);
            self.ends = [0; 3];
        }
    }

    /// Cuts and decodes `token`; returns the bytes the signature covers. An absent signature is left to
    /// [`Self::require_signature`]: what the header says of `alg` comes first.
    pub(crate) fn decode<'t>(&mut self, token: &'t [u8], max_bytes: usize) -> Result<&'t [u8], Reason> {
        if token.len() > max_bytes {
            return Err(Reason::InputTooLarge);
        }
        self.wipe();
        self.make_room(base64url::room(token.len()) + base64url::room(0));
        self.cut(token).ok_or_else(|| {
            self.bytes.fill(0);
            self.ends = [0; 3];
            // Three parts that could not be decoded, if not fewer or more.
            check_dots(token).err().unwrap_or(Reason::InvalidBase64url)
        })
    }

    fn make_room(&mut self, bytes: usize) {
        if self.bytes.len() < bytes {
            self.bytes.resize(bytes, 0);
        }
    }

    /// The bytes the signature covers, of exactly three parts in base64url; only the last may be empty.
    fn cut<'t>(&mut self, token: &'t [u8]) -> Option<&'t [u8]> {
        let first = self.take(0, token, 0)?;
        let second = self.take(1, token, first + 1)?;
        let end = self.take(2, token, second + 1)?;
        let dots = token[first] == b'.' && token[second] == b'.' && end == token.len();
        (dots && first > 0 && second > first + 1).then(|| &token[..second])
    }

    /// Decodes the part that begins there; where it ends.
    fn take(&mut self, part: usize, token: &[u8], from: usize) -> Option<usize> {
        let begin = part.checked_sub(1).map_or(0, |before| self.ends[before]);
        let (run, length) = base64url::decode_run(token.get(from..)?, &mut self.bytes[begin..]).ok()?;
        self.ends[part] = begin + length;
        Some(from + run)
    }

    /// Holds a payload alone.
    pub(crate) fn set_payload(&mut self, payload: &[u8]) {
        self.wipe();
        self.make_room(payload.len());
        self.bytes[..payload.len()].copy_from_slice(payload);
        self.ends = [0, payload.len(), payload.len()];
    }

    /// Refuses detached and unsecured tokens (RFC 7515 appendix F, RFC 7519 section 6).
    pub(crate) fn require_signature(&self) -> Result<(), Reason> {
        if self.signature().is_empty() { Err(Reason::MalformedToken) } else { Ok(()) }
    }
}

/// Refuses all but two dots with something before and between them.
fn check_dots(token: &[u8]) -> Result<(), Reason> {
    if matches!(token.first(), Some(b'{' | b'[')) {
        return Err(Reason::JsonSerializationRejected);
    }
    let mut parts = token.split(|byte| *byte == b'.');
    let [header, payload, signature] = core::array::from_fn(|_| parts.next());
    match parts.take(3).count() {
        0 => {}
        2 => return Err(Reason::TokenEncrypted), // five parts are a JWE
        _ => return Err(Reason::MalformedToken),
    }
    let good = header.is_some_and(|part| !part.is_empty()) && payload.is_some_and(|part| !part.is_empty());
    if good && signature.is_some() { Ok(()) } else { Err(Reason::MalformedToken) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(token: &[u8]) -> Result<usize, Reason> {
        let mut parts = Parts::default();
        let signed = parts.decode(token, 64)?.len();
        parts.require_signature().map(|()| signed)
    }

    #[test]
    fn exactly_three_parts() {
        assert_eq!(decode(b"e30.e30.Zm8"), Ok(7));
        for token in
            [&b""[..], b".", b"..", b"...", b"e30", b"e30.e30", b".e30.Zm8", b"e30..Zm8", b"e30.e30."]
        {
            assert_eq!(decode(token), Err(Reason::MalformedToken), "{token:?}");
        }
        assert_eq!(decode(b"a.b.c.d"), Err(Reason::MalformedToken));
        assert_eq!(decode(b"a.b.c.d.e"), Err(Reason::TokenEncrypted));
        assert_eq!(decode(b"...."), Err(Reason::TokenEncrypted));
        assert_eq!(decode(b"a.b.c.d.e.f"), Err(Reason::MalformedToken));
        assert_eq!(decode(b"{\"payload\":\"e30\"}"), Err(Reason::JsonSerializationRejected));
    }

    #[test]
    fn size_comes_first() {
        assert_eq!(decode(&[b'.'; 65]), Err(Reason::InputTooLarge));
        assert_eq!(decode(&vec![b'.'; 1 << 20]), Err(Reason::InputTooLarge));
    }

    #[test]
    fn wiped_parts_hold_nothing() {
        let mut parts = Parts::default();
        parts.decode(b"Zm9v.YmFy.Zm8", 64).unwrap();
        parts.wipe();
        assert!(parts.header().is_empty() && parts.payload().is_empty() && parts.signature().is_empty());
        assert!(parts.bytes.iter().all(|byte| *byte == 0));
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(token in proptest::collection::vec(prop_oneof![Just(b'.'), any::<u8>()], 0..80)) {
            let _ = decode(&token);
        }
    }
}
