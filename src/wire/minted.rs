//! Certificates and revocation lists for tests, with every field open to be wrong. P-256 signs them.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

/// A time within the default validity, 2026 and 2027.
pub(crate) const NOW: i64 = 1_800_000_000;

/// AlgorithmIdentifier contents: ecdsa-with-SHA256, ecdsa-with-SHA1, md5WithRSAEncryption.
pub(crate) const ECDSA_SHA256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
pub(crate) const ECDSA_SHA1: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
pub(crate) const RSA_MD5: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0xd, 1, 1, 4, 5, 0];

/// `keyUsage` bits.
pub(crate) const DIGITAL_SIGNATURE: u8 = 0x80;
pub(crate) const KEY_AGREEMENT: u8 = 0x08;
pub(crate) const CERT_SIGN: u8 = 0x04;
pub(crate) const CRL_SIGN: u8 = 0x02;

/// GeneralName tags.
pub(crate) const EMAIL: u8 = 0x81;
pub(crate) const DNS: u8 = 0x82;
pub(crate) const URI: u8 = 0x86;
pub(crate) const IP: u8 = 0x87;

pub(crate) fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let header = match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => vec![tag, short],
        Ok(byte) => vec![tag, 0x81, byte],
        Err(_) => [&[tag, 0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
    };
    [&header, contents].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

fn common_name(text: &str) -> Vec<u8> {
    let attribute = sequence(&[&[6, 3, 0x55, 4, 3], &tlv(0x0c, text.as_bytes())]);
    tlv(0x30, &tlv(0x31, &attribute))
}

pub(crate) struct Key(EcdsaKeyPair);

impl Key {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        Self(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap())
    }

    pub(crate) fn public_key_info(&self) -> Vec<u8> {
        let algorithm = [
            0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7,
        ];
        sequence(&[&algorithm, &tlv(3, &[&[0], self.0.public_key().as_ref()].concat())])
    }

    fn seal(&self, signed: &[u8], algorithm: &[u8]) -> Vec<u8> {
        let signature = self.0.sign(&SystemRandom::new(), signed).unwrap();
        sequence(&[signed, &tlv(0x30, algorithm), &tlv(3, &[&[0], signature.as_ref()].concat())])
    }
}

/// What a certificate says.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) version: Option<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) inner_algorithm: &'static [u8],
    pub(crate) algorithm: &'static [u8],
    pub(crate) issuer: &'static str,
    pub(crate) validity: (&'static str, &'static str),
    pub(crate) subject: &'static str,
    pub(crate) public_key_info: Vec<u8>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl Template {
    fn new(subject: &'static str, issuer: &'static str, key: &Key) -> Self {
        Self {
            version: Some(2),
            serial: vec![7],
            inner_algorithm: ECDSA_SHA256,
            algorithm: ECDSA_SHA256,
            issuer,
            validity: ("260101000000Z", "280101000000Z"),
            subject,
            public_key_info: key.public_key_info(),
            extensions: Vec::new(),
        }
    }

    /// A leaf as SPIRE makes it, of the one URI.
    pub(crate) fn leaf(uri: &str, issuer: &'static str, key: &Key) -> Self {
        Self::new("leaf", issuer, key)
            .with(key_usage(DIGITAL_SIGNATURE | KEY_AGREEMENT))
            .with(names(&[(URI, uri.as_bytes())]))
    }

    pub(crate) fn ca(subject: &'static str, issuer: &'static str, key: &Key) -> Self {
        Self::new(subject, issuer, key)
            .with(basic_constraints(true, None))
            .with(key_usage(CERT_SIGN | CRL_SIGN))
    }

    /// Adds an extension, or puts it in the place of the one of its kind.
    pub(crate) fn with(mut self, extension: Vec<u8>) -> Self {
        let same = |known: &Vec<u8>| known[2..7] == extension[2..7];
        match self.extensions.iter_mut().find(|known| same(known)) {
            Some(known) => *known = extension,
            None => self.extensions.push(extension),
        }
        self
    }

    pub(crate) fn without_extensions(mut self) -> Self {
        self.extensions.clear();
        self
    }

    pub(crate) fn valid(mut self, from: &'static str, to: &'static str) -> Self {
        self.validity = (from, to);
        self
    }

    pub(crate) fn serial(mut self, serial: u8) -> Self {
        self.serial = vec![serial];
        self
    }

    pub(crate) fn sign(&self, key: &Key) -> Vec<u8> {
        let version = self.version.map_or(Vec::new(), |v| tlv(0xa0, &[2, 1, v]));
        let extensions = match &self.extensions[..] {
            [] => Vec::new(),
            list => tlv(0xa3, &tlv(0x30, &list.concat())),
        };
        let signed = sequence(&[
            &version,
            &tlv(2, &self.serial),
            &tlv(0x30, self.inner_algorithm),
            &common_name(self.issuer),
            &sequence(&[&time(self.validity.0), &time(self.validity.1)]),
            &common_name(self.subject),
            &self.public_key_info,
            &extensions,
        ]);
        key.seal(&signed, self.algorithm)
    }
}

fn time(text: &str) -> Vec<u8> {
    tlv(if text.len() == 13 { 0x17 } else { 0x18 }, text.as_bytes())
}

/// An extension `2.5.29.id`.
pub(crate) fn extension(id: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&[6, 3, 0x55, 0x1d, id], critical, &tlv(4, value)])
}

pub(crate) fn basic_constraints(is_ca: bool, path_len: Option<u8>) -> Vec<u8> {
    let ca: &[u8] = if is_ca { &[1, 1, 0xff] } else { &[] };
    let path_len = path_len.map_or(Vec::new(), |n| vec![2, 1, n]);
    extension(19, true, &sequence(&[ca, &path_len]))
}

pub(crate) fn key_usage(bits: u8) -> Vec<u8> {
    let unused = u8::try_from(bits.trailing_zeros().min(7)).unwrap();
    extension(15, true, &[3, 2, unused, bits])
}

/// `subjectAltName`.
pub(crate) fn names(list: &[(u8, &[u8])]) -> Vec<u8> {
    let list: Vec<_> = list.iter().map(|(tag, name)| tlv(*tag, name)).collect();
    extension(17, false, &tlv(0x30, &list.concat()))
}

pub(crate) fn extended_key_usage(list: &[&[u8]]) -> Vec<u8> {
    let list: Vec<_> = list.iter().map(|id| tlv(6, id)).collect();
    extension(37, false, &tlv(0x30, &list.concat()))
}

/// `nameConstraints` of one subtree, permitted (0xa0) or excluded (0xa1).
pub(crate) fn name_constraints(subtrees: u8, tag: u8, base: &[u8]) -> Vec<u8> {
    extension(30, true, &tlv(0x30, &tlv(subtrees, &sequence(&[&tlv(tag, base)]))))
}

/// A revocation list of these serial numbers, with further extensions.
pub(crate) fn revocation_list(
    issuer: &str,
    next_update: &str,
    serials: &[u8],
    extensions: &[Vec<u8>],
    key: &Key,
) -> Vec<u8> {
    let entry = |serial: &u8| sequence(&[&[2, 1, *serial], &time("260101000000Z")]);
    let revoked = match serials {
        [] => Vec::new(),
        serials => tlv(0x30, &serials.iter().flat_map(entry).collect::<Vec<_>>()),
    };
    let number = extension(20, false, &[2, 1, 1]);
    let signed = sequence(&[
        &[2, 1, 1],
        &tlv(0x30, ECDSA_SHA256),
        &common_name(issuer),
        &time("260101000000Z"),
        &time(next_update),
        &revoked,
        &tlv(0xa0, &sequence(&[&number, &extensions.concat()])),
    ]);
    key.seal(&signed, ECDSA_SHA256)
}
