//! The little DER (X.690) that keys and certificates need: tag, length, value, and the public keys made of them.

/// One element: its tag, its contents, and what follows it.
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    pub(crate) rest: &'a [u8],
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// Reads the first element of `input`: one-byte tag, definite minimal length.
pub(crate) fn read(input: &[u8]) -> Option<Element<'_>> {
    let (&tag, rest) = input.split_first()?;
    if tag & 0x1f == 0x1f {
        return None; // no multi-byte tag occurs in a certificate
    }
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length =
                bytes.iter().try_fold(0usize, |n, b| n.checked_mul(256)?.checked_add(usize::from(*b)))?;
            if bytes[0] == 0 || length < 0x80 {
                return None;
            }
            (length, rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some(Element { tag, contents, rest })
}

/// What an element holds, without its header; nothing if it is none.
pub(crate) fn contents(element: &[u8]) -> &[u8] {
    read(element).map_or(&[], |element| element.contents)
}

/// Reads an element that must have this tag.
pub(crate) fn expect(input: &[u8], tag: u8) -> Option<Element<'_>> {
    read(input).filter(|element| element.tag == tag)
}

/// The contents of an element that must have this tag and fill `input`.
pub(crate) fn only(input: &[u8], tag: u8) -> Option<&[u8]> {
    expect(input, tag).filter(|element| element.rest.is_empty()).map(|element| element.contents)
}

/// The first element of `input` with its header, and what follows it.
pub(crate) fn whole(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = expect(input, tag)?.rest;
    Some((&input[..input.len() - rest.len()], rest))
}

/// Algorithm identifiers of public keys (RFC 3279 section 2.3, RFC 8410 section 3), and the named curves
/// P-256, P-384, P-521.
pub(crate) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
pub(crate) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
pub(crate) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
pub(crate) const NAMED_CURVES: [&[u8]; 3] = [
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
    &[0x2b, 0x81, 0x04, 0x00, 0x22],
    &[0x2b, 0x81, 0x04, 0x00, 0x23],
];

/// A SubjectPublicKeyInfo.
pub(crate) struct PublicKeyInfo<'a> {
    /// The contents of the whole AlgorithmIdentifier.
    pub(crate) algorithm_id: &'a [u8],
    pub(crate) algorithm: &'a [u8],
    /// The named curve of an EC key, else whatever the parameters hold.
    pub(crate) parameters: &'a [u8],
    /// The key's bits, without the count of unused ones.
    pub(crate) key: &'a [u8],
}

/// Reads a SubjectPublicKeyInfo that fills `der` to the last byte.
pub(crate) fn public_key_info(der: &[u8]) -> Option<PublicKeyInfo<'_>> {
    public_key_contents(only(der, SEQUENCE)?)
}

/// Reads the contents of a SubjectPublicKeyInfo.
pub(crate) fn public_key_contents(contents: &[u8]) -> Option<PublicKeyInfo<'_>> {
    let algorithm = expect(contents, SEQUENCE)?;
    let id = expect(algorithm.contents, OID)?;
    let parameters = read(id.rest).map_or(&[][..], |p| p.contents);
    let key = only(algorithm.rest, BIT_STRING)?.strip_prefix(&[0])?;
    Some(PublicKeyInfo { algorithm_id: algorithm.contents, algorithm: id.contents, parameters, key })
}

/// The modulus and exponent of an RSAPublicKey (RFC 8017 A.1.1), without leading zeros.
pub(crate) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let modulus = expect(expect(der, SEQUENCE)?.contents, INTEGER)?;
    let exponent = expect(modulus.rest, INTEGER)?;
    Some((strip_zeros(modulus.contents), strip_zeros(exponent.contents)))
}

/// The halves of an ECDSA-Sig-Value (RFC 3279 section 2.2.3): positive, minimal, without leading zeros.
pub(crate) fn ecdsa_signature(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let r = expect(only(der, SEQUENCE)?, INTEGER)?;
    Some((positive(r.contents)?, positive(only(r.rest, INTEGER)?)?))
}

fn positive(contents: &[u8]) -> Option<&[u8]> {
    match contents {
        [0, next, ..] if next & 0x80 != 0 => Some(&contents[1..]),
        [first, ..] if (1..0x80).contains(first) => Some(contents),
        _ => None,
    }
}

/// The bytes of a big-endian integer without leading zeros.
pub(crate) fn strip_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_are_definite_and_minimal() {
        assert!(read(&[0x30, 0x80, 0, 0]).is_none());
        assert!(read(&[0x30, 0x81, 0x01, 0]).is_none());
        assert!(read(&[0x30, 0x82, 0x00, 0x80]).is_none());
        assert!(read(&[0x30, 0x85, 1, 1, 1, 1, 1]).is_none());
        assert!(read(&[0x30, 0x02, 0]).is_none());
        assert_eq!(
            read(&[0x30, 0x01, 7, 9]).map(|e| (e.contents.to_vec(), e.rest.to_vec())),
            Some((vec![7], vec![9]))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = public_key_info(&bytes);
            let _ = ecdsa_signature(&bytes);
            let _ = rsa_public_key(&bytes);
        }
    }
}
