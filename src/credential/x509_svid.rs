//! The X.509-SVID profile (X509-SVID sections 2-5): the chain that was presented, and what its leaf must be.
//! Whether an authority stands behind the chain is for `crypto::path`.

use crate::credential::spiffe_id;
use crate::crypto::{KeyError, check_spki};
use crate::verdict::Reason;
use crate::wire::certificate::{ANY_USAGE, CLIENT_AUTH, Certificate, SERVER_AUTH};
use crate::wire::der;

/// Most certificates of a chain.
pub(crate) const MAX_CERTIFICATES: usize = 6;

/// Which extended key usage a leaf that has any must have (section 4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Usage {
    #[default]
    Client,
    Server,
    Both,
    /// Not looked at.
    Any,
}

/// A presented chain: the leaf, then other certificates in any order. None of it is trusted.
pub(crate) struct Chain<'a> {
    certificates: [Certificate<'a>; MAX_CERTIFICATES],
    len: usize,
}

impl<'a> Chain<'a> {
    /// Reads DER certificates, one after the other with nothing between, of at most `max_bytes` together.
    ///
    /// # Errors
    /// `chain_empty`, `chain_too_long`, `cert_malformed`.
    pub(crate) fn read(bytes: &'a [u8], max_bytes: usize) -> Result<Self, Reason> {
        if bytes.is_empty() {
            return Err(Reason::ChainEmpty);
        }
        if bytes.len() > max_bytes {
            return Err(Reason::ChainTooLong);
        }
        let mut chain = Self { certificates: [Certificate::default(); MAX_CERTIFICATES], len: 0 };
        let mut rest = bytes;
        while !rest.is_empty() {
            let place = chain.certificates.get_mut(chain.len).ok_or(Reason::ChainTooLong)?;
            let (certificate, behind) = der::whole(rest, der::SEQUENCE).ok_or(Reason::CertMalformed)?;
            *place = Certificate::read(certificate).ok_or(Reason::CertMalformed)?;
            chain.len += 1;
            rest = behind;
        }
        Ok(chain)
    }

    /// All certificates, the leaf first.
    pub(crate) fn certificates(&self) -> &[Certificate<'a>] {
        &self.certificates[..self.len]
    }

    pub(crate) fn leaf(&self) -> &Certificate<'a> {
        &self.certificates[0]
    }

    /// Checks what every leaf must be, and gives its one URI, not yet judged as a SPIFFE ID (sections 2, 4, 5.2).
    ///
    /// # Errors
    /// `critical_extension_unsupported`, `leaf_is_ca`, `leaf_key_usage_forbidden`,
    /// `leaf_digital_signature_missing`, `uri_san_missing`, `uri_san_multiple`, `spiffe_id_*` of a URI that is no
    /// text, `key_too_weak`, `cert_alg_not_allowed`.
    pub(crate) fn check_leaf(&self) -> Result<&'a str, Reason> {
        let leaf = self.leaf();
        if leaf.unknown_critical {
            return Err(Reason::CriticalExtensionUnsupported);
        }
        if leaf.is_ca {
            return Err(Reason::LeafIsCa);
        }
        if let Some(usage) = leaf.key_usage {
            if usage.cert_sign() || usage.crl_sign() {
                return Err(Reason::LeafKeyUsageForbidden);
            }
            if !usage.digital_signature() {
                return Err(Reason::LeafDigitalSignatureMissing);
            }
        }
        let mut uris = leaf.uris();
        let uri = uris.next().ok_or(Reason::UriSanMissing)?;
        if uris.next().is_some() {
            return Err(Reason::UriSanMultiple);
        }
        check_key(leaf)?;
        core::str::from_utf8(uri).map_err(|error| refuse_bytes(uri, error.valid_up_to()))
    }

    /// Checks the leaf's extended key usage, if it has one.
    ///
    /// # Errors
    /// `eku_mismatch`.
    pub(crate) fn check_usage(&self, usage: Usage) -> Result<(), Reason> {
        // A leaf without the extension, or with `anyExtendedKeyUsage`, is for everything.
        let has = |id| self.leaf().has_usage(id).unwrap_or(true);
        let fits = match usage {
            Usage::Client => has(CLIENT_AUTH),
            Usage::Server => has(SERVER_AUTH),
            Usage::Both => has(CLIENT_AUTH) && has(SERVER_AUTH),
            Usage::Any => true,
        };
        if fits || has(ANY_USAGE) { Ok(()) } else { Err(Reason::EkuMismatch) }
    }

    /// Checks the leaf's validity, both ends included, stretched by `leeway` seconds.
    ///
    /// # Errors
    /// `cert_expired`, `cert_not_yet_valid`.
    pub(crate) fn check_time(&self, leeway: i64, now: i64) -> Result<(), Reason> {
        let leaf = self.leaf();
        if now.saturating_sub(leeway) > leaf.not_after {
            return Err(Reason::CertExpired);
        }
        if now.saturating_add(leeway) < leaf.not_before {
            return Err(Reason::CertNotYetValid);
        }
        Ok(())
    }
}

/// Whether a certificate's own key may be used at all.
pub(crate) fn check_key(certificate: &Certificate<'_>) -> Result<(), Reason> {
    check_spki(certificate.public_key_info).map_err(|error| match error {
        KeyError::TooWeak => Reason::KeyTooWeak,
        KeyError::Unsupported | KeyError::TooLarge => Reason::CertAlgNotAllowed,
        KeyError::Invalid => Reason::KeyInvalid,
    })
}

/// The reason the grammar has for a URI whose bytes are text only up to `valid`.
fn refuse_bytes(uri: &[u8], valid: usize) -> Reason {
    let text = core::str::from_utf8(&uri[..valid]).unwrap_or_default();
    match spiffe_id::split(text) {
        Ok((_, path)) if !path.is_empty() => Reason::SpiffeIdBadPathChar,
        Err(Reason::SpiffeIdWrongScheme | Reason::SpiffeIdEmpty) => Reason::SpiffeIdWrongScheme,
        _ => Reason::SpiffeIdBadTrustDomainChar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::minted::{
        self, CERT_SIGN, CRL_SIGN, DIGITAL_SIGNATURE, DNS, ECDSA_SHA1, EMAIL, IP, KEY_AGREEMENT, Key, NOW,
        Template, URI, basic_constraints, extended_key_usage, extension, key_usage, names, tlv,
    };
    use crate::wire::pem;
    use proptest::prelude::*;

    const ID: &str = "spiffe://example.org/w";

    fn leaf(change: impl FnOnce(Template) -> Template) -> Vec<u8> {
        let key = Key::new();
        change(Template::leaf(ID, "ca", &key)).sign(&key)
    }

    fn check(der: &[u8]) -> Result<String, Reason> {
        Chain::read(der, 65536)?.check_leaf().map(str::to_owned)
    }

    #[test]
    fn chains_are_bounded() {
        let one = leaf(|leaf| leaf);
        let count = |der: &[u8], most| Chain::read(der, most).map(|chain| chain.certificates().len());
        assert_eq!(count(&[], 65536), Err(Reason::ChainEmpty));
        assert_eq!(count(&one.repeat(6), 65536), Ok(6));
        assert_eq!(count(&one.repeat(7), 65536), Err(Reason::ChainTooLong));
        assert_eq!(count(&one, one.len()), Ok(1));
        assert_eq!(count(&one, one.len() - 1), Err(Reason::ChainTooLong));
        let pem = [b"-----BEGIN CERTIFICATE-----\n", &one[..]].concat();
        for broken in [&one[..one.len() - 1], &one[1..], &[&one[..], &[0]].concat(), &[0x30, 0], &pem] {
            assert_eq!(count(broken, 65536), Err(Reason::CertMalformed));
        }
    }

    #[test]
    fn what_is_no_version_3_certificate() {
        let twice = leaf(|mut leaf| {
            leaf.extensions.push(names(&[(URI, ID.as_bytes())]));
            leaf
        });
        let usages = |value: &[u8]| leaf(|leaf| leaf.with(extension(37, false, value)));
        let many = leaf(|mut leaf| {
            leaf.extensions.extend((100..180).map(|id| extension(id, false, &[5, 0])));
            leaf
        });
        for (der, what) in [
            (leaf(|leaf| Template { version: Some(1), ..leaf }), "version 2"),
            (leaf(|leaf| Template { version: None, ..leaf }), "version 1 with extensions"),
            (leaf(|leaf| Template { version: None, ..leaf.without_extensions() }), "version 1"),
            (leaf(|leaf| Template { inner_algorithm: ECDSA_SHA1, ..leaf }), "two algorithms"),
            (leaf(|leaf| Template { serial: Vec::new(), ..leaf }), "no serial"),
            (leaf(|leaf| leaf.valid("260101000000Z", "soon")), "no time"),
            (leaf(|leaf| leaf.with(extension(19, true, &[0x30, 3, 1, 1, 1]))), "no boolean of DER"),
            (leaf(|leaf| leaf.with(extension(15, true, &[4, 1, 0x80]))), "no bit string"),
            (leaf(|leaf| leaf.with(extension(17, false, &[0x30, 2, 0x86, 9]))), "a cut name"),
            (leaf(|leaf| leaf.with(extension(17, false, &[0x30, 0, 0]))), "something behind the names"),
            (usages(&[0x30, 0]), "an empty extended key usage"),
            (usages(&[0x30, 2, 5, 0]), "an extended key usage of no identifiers"),
            (twice, "an extension twice"),
            (many, "too many extensions"),
        ] {
            assert_eq!(check(&der), Err(Reason::CertMalformed), "{what}");
        }
    }

    /// one URI, whatever else there is, and its bytes as they stand.
    #[test]
    fn the_leaf_has_one_uri() {
        let named = |list: &[(u8, &[u8])]| check(&leaf(|leaf| leaf.with(names(list))));
        let id = ID.as_bytes();
        assert_eq!(named(&[(URI, id)]).as_deref(), Ok(ID));
        assert_eq!(
            named(&[(DNS, b"a"), (URI, id), (IP, &[1; 4]), (EMAIL, b"b"), (DNS, b"c")]).as_deref(),
            Ok(ID)
        );
        assert_eq!(check(&leaf(Template::without_extensions)), Err(Reason::UriSanMissing));
        assert_eq!(named(&[]), Err(Reason::UriSanMissing));
        assert_eq!(named(&[(DNS, id)]), Err(Reason::UriSanMissing));
        assert_eq!(named(&[(URI, id), (URI, id)]), Err(Reason::UriSanMultiple));
        assert_eq!(
            named(&[(URI, b"https://example.org"), (DNS, b"a"), (URI, id)]),
            Err(Reason::UriSanMultiple)
        );
    }

    #[test]
    fn the_uri_is_judged_as_it_stands() {
        let judge = |uri: &[u8]| {
            let id = check(&leaf(|leaf| leaf.with(names(&[(URI, uri)]))))?;
            spiffe_id::split(&id).and_then(|(_, path)| spiffe_id::check_path(&id, path))
        };
        for (uri, reason) in [
            (&b""[..], Reason::SpiffeIdEmpty),
            (b"SPIFFE://example.org/w", Reason::SpiffeIdWrongScheme),
            (b"spiffe://Example.org/w", Reason::SpiffeIdBadTrustDomainChar),
            (b"spiffe://example.org\0.evil/w", Reason::SpiffeIdBadTrustDomainChar),
            (b"spiffe://example.org/w\0", Reason::SpiffeIdBadPathChar),
            (b"spiffe://example.org/%61", Reason::SpiffeIdBadPathChar),
            ("spiffe://example.org/ü".as_bytes(), Reason::SpiffeIdBadPathChar),
            (b"spiffe://example.org/w\xff", Reason::SpiffeIdBadPathChar),
            (b"spiffe://example.org\xff/w", Reason::SpiffeIdBadTrustDomainChar),
            (b"spiffe://\xff", Reason::SpiffeIdBadTrustDomainChar),
            (b"spif\xfffe://example.org/w", Reason::SpiffeIdWrongScheme),
            (b"\xff", Reason::SpiffeIdWrongScheme),
        ] {
            assert_eq!(judge(uri), Err(reason), "{:?}", String::from_utf8_lossy(uri));
        }
        assert_eq!(judge(ID.as_bytes()), Ok(()));
    }

    ///
    #[test]
    fn what_the_leaf_may_be_used_for() {
        let with = |extension: Vec<u8>| check(&leaf(|leaf| leaf.with(extension))).map(|_| ());
        assert_eq!(with(basic_constraints(false, None)), Ok(()));
        assert_eq!(with(basic_constraints(true, None)), Err(Reason::LeafIsCa));
        assert_eq!(with(basic_constraints(true, Some(0))), Err(Reason::LeafIsCa));
        assert_eq!(with(key_usage(DIGITAL_SIGNATURE)), Ok(()));
        for forbidden in [CERT_SIGN, CRL_SIGN] {
            assert_eq!(with(key_usage(DIGITAL_SIGNATURE | forbidden)), Err(Reason::LeafKeyUsageForbidden));
        }
        assert_eq!(with(key_usage(KEY_AGREEMENT)), Err(Reason::LeafDigitalSignatureMissing));
        let no_usage = |leaf: Template| leaf.without_extensions().with(names(&[(URI, ID.as_bytes())]));
        assert_eq!(check(&leaf(no_usage)).as_deref(), Ok(ID));
        assert_eq!(with(extension(99, false, &[5, 0])), Ok(()));
        assert_eq!(with(extension(99, true, &[5, 0])), Err(Reason::CriticalExtensionUnsupported));
        assert_eq!(with(extension(32, true, &[0x30, 0])), Err(Reason::CriticalExtensionUnsupported));
    }

    ///
    #[test]
    fn extended_key_usage_if_there_is_one() {
        use Usage::{Any, Both, Client, Server};
        let email: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 4];
        for (usages, fitting) in [
            (&[][..], &[Client, Server, Both, Any][..]),
            (&[CLIENT_AUTH], &[Client, Any]),
            (&[SERVER_AUTH], &[Server, Any]),
            (&[SERVER_AUTH, CLIENT_AUTH], &[Client, Server, Both, Any]),
            (&[ANY_USAGE], &[Client, Server, Both, Any]),
            (&[email], &[Any]),
        ] {
            let der = match usages {
                [] => leaf(|leaf| leaf),
                usages => leaf(|leaf| leaf.with(extended_key_usage(usages))),
            };
            let chain = Chain::read(&der, 65536).unwrap();
            for usage in [Client, Server, Both, Any] {
                let verdict = if fitting.contains(&usage) { Ok(()) } else { Err(Reason::EkuMismatch) };
                assert_eq!(chain.check_usage(usage), verdict, "{usages:?} {usage:?}");
            }
        }
    }

    /// both ends belong to the validity. 2027-01-01T00:00:00Z and 2027-01-02T00:00:00Z by `date`.
    #[test]
    fn validity_has_inclusive_ends() {
        let der = leaf(|leaf| leaf.valid("270101000000Z", "20270102000000Z"));
        let chain = Chain::read(&der, 65536).unwrap();
        let (from, to) = (1_798_761_600, 1_798_848_000);
        for (leeway, now, verdict) in [
            (0, from, Ok(())),
            (0, to, Ok(())),
            (0, from - 1, Err(Reason::CertNotYetValid)),
            (0, to + 1, Err(Reason::CertExpired)),
            (30, from - 30, Ok(())),
            (30, to + 30, Ok(())),
            (30, from - 31, Err(Reason::CertNotYetValid)),
            (30, to + 31, Err(Reason::CertExpired)),
            (300, i64::MAX, Err(Reason::CertExpired)),
            (300, i64::MIN, Err(Reason::CertNotYetValid)),
        ] {
            assert_eq!(chain.check_time(leeway, now), verdict, "{leeway} {now}");
        }
        let forever = leaf(|leaf| leaf.valid("20500101000000Z", "99991231235959Z"));
        let chain = Chain::read(&forever, 65536).unwrap();
        assert_eq!(chain.check_time(0, 253_402_300_799), Ok(()));
        assert_eq!(chain.check_time(0, NOW), Err(Reason::CertNotYetValid));
    }

    /// The certificates are OpenSSL's.
    #[test]
    fn the_key_is_of_an_accepted_type_and_size() {
        let first = |text: &str| pem::blocks(text).unwrap().swap_remove(0).der;
        for (text, verdict) in [
            (include_str!("../../tests/data/x509/rsa.pem"), Ok(())),
            (include_str!("../../tests/data/x509/p384.pem"), Ok(())),
            (include_str!("../../tests/data/x509/p521-sha512.pem"), Ok(())),
            (include_str!("../../tests/data/x509/ed25519.pem"), Ok(())),
            (include_str!("../../tests/data/x509/rsa-1024.pem"), Err(Reason::KeyTooWeak)),
            (include_str!("../../tests/data/x509/secp256k1.pem"), Err(Reason::CertAlgNotAllowed)),
        ] {
            assert_eq!(check(&first(text)).map(|_| ()), verdict);
        }
        let ed25519 =
            |key: &[u8]| [&[0x30, 5, 6, 3, 0x2b, 0x65, 0x70][..], &tlv(3, &[&[0], key].concat())].concat();
        let with = |key| check(&leaf(|leaf| Template { public_key_info: tlv(0x30, &ed25519(key)), ..leaf }));
        let (neutral, short) = ([&[1][..], &[0; 31]].concat(), [9; 31]);
        assert_eq!(with(&neutral), Err(Reason::KeyInvalid));
        assert_eq!(with(&short), Err(Reason::KeyInvalid));
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Chain::read(&bytes, 65536).is_err());
        }

        #[test]
        fn a_changed_chain_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let ca = minted::Template::ca("ca", "ca", &Key::new()).sign(&Key::new());
            let mut der = [leaf(|leaf| leaf.with(extended_key_usage(&[CLIENT_AUTH]))), ca].concat();
            let at = at.index(der.len());
            der[at] = byte;
            if let Ok(chain) = Chain::read(&der, 65536) {
                let _ = (chain.check_leaf(), chain.check_usage(Usage::Both), chain.check_time(0, NOW));
            }
        }
    }
}
