//! The compact serialization of a JWS (RFC 7515 section 7.1), cut and decoded but not judged.

use crate::verdict::Reason;
use crate::wire::{base64url, scan};

/// The decoded parts of one token, in storage that is reused.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) header: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Parts {
    /// Overwrites what the last token left.
    pub(crate) fn wipe(&mut self) {
        for part in [&mut self.header, &mut self.payload, &mut self.signature] {
            if !part.is_empty() {
                part.fill(0);
                part.clear();
            }
        }
    }

    /// Cuts and decodes `token`; returns the bytes the signature covers. An absent signature is left to
    /// [`Self::require_signature`]: what the header says of `alg` comes first.
    pub(crate) fn decode<'t>(&mut self, token: &'t [u8], max_bytes: usize) -> Result<&'t [u8], Reason> {
        if token.len() > max_bytes {
            return Err(Reason::InputTooLarge);
        }
        let [first, second] = find_dots(token)?;
        base64url::decode_into(&token[..first], &mut self.header)?;
        base64url::decode_into(&token[first + 1..second], &mut self.payload)?;
        base64url::decode_into(&token[second + 1..], &mut self.signature)?;
        Ok(&token[..second])
    }

    /// Refuses detached and unsecured tokens (RFC 7515 appendix F, RFC 7519 section 6).
    pub(crate) fn require_signature(&self) -> Result<(), Reason> {
        if self.signature.is_empty() { Err(Reason::MalformedToken) } else { Ok(()) }
    }
}

/// The positions of exactly two dots with something before and between them.
fn find_dots(token: &[u8]) -> Result<[usize; 2], Reason> {
    if matches!(token.first(), Some(b'{' | b'[')) {
        return Err(Reason::JsonSerializationRejected);
    }
    let next_dot = |from: usize| Some(from + scan::find_far(token.get(from..)?, b'.')?);
    let first = next_dot(0).ok_or(Reason::MalformedToken)?;
    let second = next_dot(first + 1).ok_or(Reason::MalformedToken)?;
    if let Some(third) = next_dot(second + 1) {
        // Five parts are a JWE; a fifth dot ends the search.
        let fourth = next_dot(third + 1);
        let encrypted = fourth.is_some_and(|fourth| next_dot(fourth + 1).is_none());
        return Err(if encrypted { Reason::TokenEncrypted } else { Reason::MalformedToken });
    }
    if first == 0 || second == first + 1 {
        return Err(Reason::MalformedToken);
    }
    Ok([first, second])
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
        assert!(parts.header.is_empty() && parts.payload.is_empty() && parts.signature.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(token in proptest::collection::vec(prop_oneof![Just(b'.'), any::<u8>()], 0..80)) {
            let _ = decode(&token);
        }
    }
}
