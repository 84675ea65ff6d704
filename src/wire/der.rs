//! The little DER (X.690) that a trust anchor needs: tag, length, value, and the parts of a certificate.

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
const EXTENSIONS: u8 = 0xa3;

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

/// Reads an element that must have this tag.
pub(crate) fn expect(input: &[u8], tag: u8) -> Option<Element<'_>> {
    read(input).filter(|element| element.tag == tag)
}

/// What a trust anchor is checked by.
pub(crate) struct Certificate<'a> {
    /// The subject public key's bits, without the count of unused ones.
    pub(crate) public_key: &'a [u8],
    pub(crate) is_ca: bool,
    /// `keyCertSign`, if the extension is there.
    pub(crate) may_sign: Option<bool>,
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
    pub(crate) algorithm: &'a [u8],
    /// The named curve of an EC key, else whatever the parameters hold.
    pub(crate) parameters: &'a [u8],
    /// The key's bits, without the count of unused ones.
    pub(crate) key: &'a [u8],
}

/// Reads a SubjectPublicKeyInfo that fills `der` to the last byte.
pub(crate) fn public_key_info(der: &[u8]) -> Option<PublicKeyInfo<'_>> {
    let outer = expect(der, SEQUENCE).filter(|outer| outer.rest.is_empty())?;
    let algorithm = expect(outer.contents, SEQUENCE)?;
    let id = expect(algorithm.contents, OID)?;
    let parameters = read(id.rest).map_or(&[][..], |p| p.contents);
    let key = expect(algorithm.rest, BIT_STRING).filter(|bits| bits.rest.is_empty())?;
    Some(PublicKeyInfo { algorithm: id.contents, parameters, key: key.contents.strip_prefix(&[0])? })
}

/// Reads one certificate (RFC 5280 section 4.1) that fills `der` to the last byte.
pub(crate) fn certificate(der: &[u8]) -> Option<Certificate<'_>> {
    let outer = expect(der, SEQUENCE).filter(|outer| outer.rest.is_empty())?;
    let mut rest = expect(outer.contents, SEQUENCE)?.contents;
    if rest.first() == Some(&0xa0) {
        rest = read(rest)?.rest; // version
    }
    for _ in ["serial", "signature", "issuer", "validity", "subject"] {
        rest = read(rest)?.rest;
    }
    let key_info = expect(rest, SEQUENCE)?;
    let algorithm = expect(key_info.contents, SEQUENCE)?;
    let public_key = expect(algorithm.rest, BIT_STRING)?.contents.strip_prefix(&[0])?;
    let mut certificate = Certificate { public_key, is_ca: false, may_sign: None };
    rest = key_info.rest;
    while let Some(element) = read(rest) {
        if element.tag == EXTENSIONS {
            extensions(expect(element.contents, SEQUENCE)?.contents, &mut certificate)?;
        }
        rest = element.rest;
    }
    Some(certificate)
}

fn extensions<'a>(mut list: &'a [u8], certificate: &mut Certificate<'a>) -> Option<()> {
    while !list.is_empty() {
        let extension = expect(list, SEQUENCE)?;
        list = extension.rest;
        let id = expect(extension.contents, OID)?;
        let mut value = read(id.rest)?;
        if value.tag == BOOLEAN {
            value = read(value.rest)?; // critical
        }
        let value = (value.tag == OCTET_STRING).then_some(value.contents)?;
        match id.contents {
            [0x55, 0x1d, 0x13] => certificate.is_ca = basic_constraints(value)?,
            [0x55, 0x1d, 0x0f] => certificate.may_sign = Some(key_cert_sign(value)?),
            _ => {}
        }
    }
    Some(())
}

fn basic_constraints(value: &[u8]) -> Option<bool> {
    let contents = expect(value, SEQUENCE)?.contents;
    Some(expect(contents, BOOLEAN).is_some_and(|ca| ca.contents == [0xff]))
}

fn key_cert_sign(value: &[u8]) -> Option<bool> {
    let bits = expect(value, BIT_STRING)?.contents;
    Some(bits.get(1).is_some_and(|byte| byte & 0x04 != 0))
}

/// The modulus and exponent of an RSAPublicKey (RFC 8017 A.1.1), without leading zeros.
pub(crate) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let modulus = expect(expect(der, SEQUENCE)?.contents, INTEGER)?;
    let exponent = expect(modulus.rest, INTEGER)?;
    Some((strip_zeros(modulus.contents), strip_zeros(exponent.contents)))
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
            let _ = certificate(&bytes);
            let _ = rsa_public_key(&bytes);
        }
    }
}
