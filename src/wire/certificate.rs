//! One X.509 certificate (RFC 5280 section 4.1) as a borrowed view: what is signed, by whom, for how long, and the
//! extensions that a path or a leaf is judged by. Nothing here says whether the certificate is any good.

use super::der::{self, BIT_STRING, BOOLEAN, Element, INTEGER, OCTET_STRING, OID, SEQUENCE};

/// UTCTime, GeneralizedTime.
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]` version and `[3]` extensions of a TBSCertificate.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// `[0]` keyIdentifier of an AuthorityKeyIdentifier.
const KEY_IDENTIFIER: u8 = 0x80;
/// `[6]` uniformResourceIdentifier of a GeneralName.
const URI: u8 = 0x86;

/// More extensions than any certificate has: looking for a repeated one is quadratic.
const MAX_EXTENSIONS: usize = 64;

/// Extended key usages (RFC 5280 section 4.2.1.12).
pub(crate) const ANY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
pub(crate) const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
pub(crate) const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// A certificate of version 3. Names, keys and algorithm identifiers are DER as they stand.
#[derive(Clone, Copy, Default)]
pub(crate) struct Certificate<'a> {
    /// The whole certificate.
    pub(crate) der: &'a [u8],
    /// The contents of the serial number's INTEGER.
    pub(crate) serial: &'a [u8],
    /// A Name, its header included; so is `subject`.
    pub(crate) issuer: &'a [u8],
    pub(crate) subject: &'a [u8],
    /// Unix seconds; both ends belong to the validity.
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    /// A SubjectPublicKeyInfo, its header included.
    pub(crate) public_key_info: &'a [u8],
    pub(crate) is_ca: bool,
    pub(crate) path_len: Option<usize>,
    pub(crate) key_usage: Option<KeyUsage>,
    /// KeyPurposeIds, one after the other.
    extended_key_usage: Option<&'a [u8]>,
    /// GeneralNames, one after the other.
    alternative_names: &'a [u8],
    /// The contents of the NameConstraints.
    pub(crate) name_constraints: Option<&'a [u8]>,
    pub(crate) authority_key_id: Option<&'a [u8]>,
    pub(crate) subject_key_id: Option<&'a [u8]>,
    /// There is a critical extension that nobody here reads.
    pub(crate) unknown_critical: bool,
}

/// The bits of a keyUsage (RFC 5280 section 4.2.1.3), the first one highest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyUsage(u8);

impl KeyUsage {
    pub(crate) fn digital_signature(self) -> bool {
        self.0 & 0x80 != 0
    }

    pub(crate) fn cert_sign(self) -> bool {
        self.0 & 0x04 != 0
    }

    pub(crate) fn crl_sign(self) -> bool {
        self.0 & 0x02 != 0
    }
}

impl<'a> Certificate<'a> {
    /// Reads one certificate that fills `bytes` to the last byte.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let outer = der::only(bytes, SEQUENCE)?;
        let signed = der::expect(outer, SEQUENCE)?;
        let algorithm = der::expect(signed.rest, SEQUENCE)?;
        der::only(algorithm.rest, BIT_STRING)?.split_first()?;

        let version = der::expect(signed.contents, VERSION)?;
        if der::only(version.contents, INTEGER)? != [2] {
            return None;
        }
        let serial = der::expect(version.rest, INTEGER).filter(|serial| !serial.contents.is_empty())?;
        let inner_algorithm = der::expect(serial.rest, SEQUENCE)?;
        if inner_algorithm.contents != algorithm.contents {
            return None;
        }
        let (issuer, rest) = der::whole(inner_algorithm.rest, SEQUENCE)?;
        let validity = der::expect(rest, SEQUENCE)?;
        let (subject, rest) = der::whole(validity.rest, SEQUENCE)?;
        let (public_key_info, rest) = der::whole(rest, SEQUENCE)?;
        der::public_key_info(public_key_info)?;
        let (not_before, later) = time(validity.contents)?;
        let (not_after, []) = time(later)? else { return None };

        let mut certificate = Self {
            der: bytes,
            serial: serial.contents,
            issuer,
            subject,
            not_before,
            not_after,
            public_key_info,
            ..Self::default()
        };
        // Unique identifiers are of no version that is issued, and no path builder reads them.
        if !rest.is_empty() {
            let list = der::only(der::only(rest, EXTENSIONS)?, SEQUENCE)?;
            certificate.read_extensions(list)?;
        }
        Some(certificate)
    }

    fn read_extensions(&mut self, list: &'a [u8]) -> Option<()> {
        if elements(list).take(MAX_EXTENSIONS + 1).count() > MAX_EXTENSIONS {
            return None;
        }
        let mut rest = list;
        while !rest.is_empty() {
            let extension = der::expect(rest, SEQUENCE)?;
            rest = extension.rest;
            let id = der::expect(extension.contents, OID)?;
            if occurs_again(id.contents, rest) {
                return None;
            }
            let (critical, value) = match der::expect(id.rest, BOOLEAN) {
                Some(critical) => (boolean(critical.contents)?, critical.rest),
                None => (false, id.rest),
            };
            let known = self.read_extension(id.contents, der::only(value, OCTET_STRING)?)?;
            self.unknown_critical |= critical && !known;
        }
        Some(())
    }

    /// Takes one extension; whether its being critical is lived up to.
    fn read_extension(&mut self, id: &[u8], value: &'a [u8]) -> Option<bool> {
        let &[0x55, 0x1d, extension] = id else { return Some(false) };
        match extension {
            14 => self.subject_key_id = Some(der::only(value, OCTET_STRING)?),
            15 => self.key_usage = Some(key_usage(der::only(value, BIT_STRING)?)?),
            17 => {
                self.alternative_names = der::only(value, SEQUENCE)?;
                elements(self.alternative_names).try_for_each(|name| name.map(|_| ()))?;
            }
            19 => (self.is_ca, self.path_len) = basic_constraints(der::only(value, SEQUENCE)?)?,
            30 => self.name_constraints = Some(der::only(value, SEQUENCE)?),
            35 => self.authority_key_id = key_identifier(der::only(value, SEQUENCE)?),
            37 => {
                let usages = der::only(value, SEQUENCE)?;
                elements(usages).try_for_each(|id| id.filter(|id| id.tag == OID).map(|_| ()))?;
                self.extended_key_usage = Some(usages).filter(|usages| !usages.is_empty());
                self.extended_key_usage?;
            }
            _ => {}
        }
        // Distribution points (31) are for whoever fetches lists; the identifiers are never critical.
        Some(matches!(extension, 15 | 17 | 19 | 30 | 31 | 37))
    }

    /// The URIs among the subject's alternative names, as they stand.
    pub(crate) fn uris(&self) -> impl Iterator<Item = &'a [u8]> {
        elements(self.alternative_names).flatten().filter(|name| name.tag == URI).map(|name| name.contents)
    }

    /// Whether the extended key usage lists `id`; `None` if there is none.
    pub(crate) fn has_usage(&self, id: &[u8]) -> Option<bool> {
        let usages = self.extended_key_usage?;
        Some(elements(usages).flatten().any(|usage| usage.contents == id))
    }

    /// The serial number, big-endian, without leading zeros.
    pub(crate) fn serial_number(&self) -> &'a [u8] {
        der::strip_zeros(self.serial)
    }
}

/// Whether NameConstraints constrain a form of name other than DNS and IP address (RFC 5280 section 4.2.1.10).
pub(crate) fn constrains_other_names(contents: &[u8]) -> bool {
    let mut subtrees = elements(contents).flatten().flat_map(|list| elements(list.contents).flatten());
    subtrees.any(|subtree| der::read(subtree.contents).is_none_or(|base| !matches!(base.tag, 0x82 | 0x87)))
}

/// The elements of a list, up to the first that is none.
fn elements(list: &[u8]) -> impl Iterator<Item = Option<Element<'_>>> {
    let mut rest = list;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let element = der::read(rest);
        rest = element.as_ref().map_or(&[], |element| element.rest);
        Some(element)
    })
}

fn occurs_again(id: &[u8], extensions: &[u8]) -> bool {
    let id_of =
        |extension: Element<'_>| der::expect(extension.contents, OID).is_some_and(|o| o.contents == id);
    elements(extensions).flatten().any(id_of)
}

/// DER knows two booleans (X.690 section 11.1).
fn boolean(contents: &[u8]) -> Option<bool> {
    match contents {
        [0] => Some(false),
        [0xff] => Some(true),
        _ => None,
    }
}

fn basic_constraints(contents: &[u8]) -> Option<(bool, Option<usize>)> {
    let (is_ca, rest) = match der::expect(contents, BOOLEAN) {
        Some(ca) => (boolean(ca.contents)?, ca.rest),
        None => (false, contents),
    };
    if rest.is_empty() {
        return Some((is_ca, None));
    }
    let path_len = der::only(rest, INTEGER)?;
    let value = path_len.iter().try_fold(0usize, |n, b| n.checked_mul(256)?.checked_add(usize::from(*b)))?;
    let negative = path_len.first().is_none_or(|first| first & 0x80 != 0);
    (!negative).then_some((is_ca, Some(value)))
}

fn key_usage(contents: &[u8]) -> Option<KeyUsage> {
    let (&unused, bits) = contents.split_first()?;
    match bits {
        [] => (unused == 0).then_some(KeyUsage(0)),
        [first, ..] => (unused < 8).then_some(KeyUsage(*first)),
    }
}

fn key_identifier(contents: &[u8]) -> Option<&[u8]> {
    der::expect(contents, KEY_IDENTIFIER).map(|id| id.contents)
}

/// The first element of `input` as a time, in Unix seconds, and what follows it (RFC 5280 section 4.1.2.5).
pub(super) fn time(input: &[u8]) -> Option<(i64, &[u8])> {
    let element = der::read(input)?;
    let (year, rest) = match element.tag {
        UTC_TIME => {
            let (year, rest) = digits(element.contents, 2)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => digits(element.contents, 4)?,
        _ => return None,
    };
    let (month, rest) = digits(rest, 2)?;
    let (day, rest) = digits(rest, 2)?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest, 2)?;
    let (second, rest) = digits(rest, 2)?;
    if rest != b"Z" || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_since_1970(year, month, day)?;
    Some((days * 86400 + hour * 3600 + minute * 60 + second, element.rest))
}

fn digits(text: &[u8], count: usize) -> Option<(i64, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    let value = digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))?;
    Some((value, rest))
}

/// The proleptic Gregorian calendar.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    const BEFORE_MONTH: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    const DAYS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::try_from(month).ok()?.checked_sub(1)?;
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let in_month = DAYS.get(month)? + i64::from(leap && month == 1);
    if !(1..=in_month).contains(&day) {
        return None;
    }
    // Leap days of the years before this one.
    let leap_days = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    Some(days + BEFORE_MONTH[month] + i64::from(leap && month > 1) + day - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(tag: u8, text: &str) -> Option<i64> {
        let length = u8::try_from(text.len()).unwrap();
        time(&[&[tag, length], text.as_bytes()].concat()).map(|(seconds, _)| seconds)
    }

    /// Expected values: `date -u -d … +%s`.
    #[test]
    fn times_of_either_form() {
        for (tag, text, seconds) in [
            (UTC_TIME, "700101000000Z", 0),
            (UTC_TIME, "000229235959Z", 951_868_799),
            (UTC_TIME, "491231235959Z", 2_524_607_999),
            (UTC_TIME, "500101000000Z", -631_152_000),
            (UTC_TIME, "261121114500Z", 1_795_261_500),
            (GENERALIZED_TIME, "20500101000000Z", 2_524_608_000),
            (GENERALIZED_TIME, "21000301000000Z", 4_107_542_400),
            (GENERALIZED_TIME, "99991231235959Z", 253_402_300_799),
        ] {
            assert_eq!(at(tag, text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for (tag, text) in [
            (UTC_TIME, "7001010000Z"),
            (UTC_TIME, "700101000000+0000"),
            (UTC_TIME, "19700101000000Z"),
            (UTC_TIME, "700101000000"),
            (UTC_TIME, "010229000000Z"),
            (UTC_TIME, "700001000000Z"),
            (UTC_TIME, "701301000000Z"),
            (UTC_TIME, "700100000000Z"),
            (UTC_TIME, "700101240000Z"),
            (UTC_TIME, "700101000060Z"),
            (GENERALIZED_TIME, "20500101000000.5Z"),
            (GENERALIZED_TIME, "21000229000000Z"),
            (GENERALIZED_TIME, "2050010100000aZ"),
            (0x0c, "700101000000Z"),
        ] {
            assert_eq!(at(tag, text), None, "{text}");
        }
    }

    #[test]
    fn integers_and_booleans_are_der() {
        assert_eq!(basic_constraints(&[]), Some((false, None)));
        assert_eq!(basic_constraints(&[1, 1, 0xff, 2, 1, 0]), Some((true, Some(0))));
        assert_eq!(basic_constraints(&[1, 1, 0xff, 2, 2, 1, 0]), Some((true, Some(256))));
        for bad in [&[1, 1, 1][..], &[1, 1, 0xff, 2, 1, 0xff], &[1, 1, 0xff, 2, 0], &[1, 1, 0xff, 5, 0]] {
            assert_eq!(basic_constraints(bad), None, "{bad:?}");
        }
        assert!(key_usage(&[0]).is_some_and(|usage| !usage.digital_signature()));
        assert!(key_usage(&[7, 0x80]).is_some_and(KeyUsage::digital_signature));
        assert!(key_usage(&[]).is_none() && key_usage(&[1]).is_none() && key_usage(&[8, 0]).is_none());
    }

    const LEAF: &str = include_str!("../../tests/data/spire/ec-p256/s0.svid.2.pem");

    fn leaf() -> Vec<u8> {
        super::super::pem::blocks(LEAF).unwrap().swap_remove(0).der
    }

    /// Expected values: `openssl x509 -text`.
    #[test]
    fn a_certificate_of_spire() {
        let der = leaf();
        let certificate = Certificate::read(&der).unwrap();
        assert!(certificate.uris().eq([&b"spiffe://example.org/short"[..]]));
        assert!(!certificate.is_ca && !certificate.unknown_critical);
        assert!(
            certificate.key_usage.is_some_and(|u| u.digital_signature() && !u.cert_sign() && !u.crl_sign())
        );
        assert_eq!(
            (certificate.has_usage(CLIENT_AUTH), certificate.has_usage(ANY_USAGE)),
            (Some(true), Some(false))
        );
        assert!(Certificate::read(&[&der[..], &[0]].concat()).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Certificate::read(&bytes).is_none());
        }

        #[test]
        fn a_changed_certificate_never_panics(at in 0..400usize, byte in any::<u8>(), cut in any::<bool>()) {
            let mut der = leaf();
            let at = at % der.len();
            if cut { der.truncate(at) } else { der[at] = byte }
            if let Some(certificate) = Certificate::read(&der) {
                let _ = (certificate.uris().count(), certificate.has_usage(ANY_USAGE), certificate.name_constraints.map(constrains_other_names));
            }
        }
    }
}
