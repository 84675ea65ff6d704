//! Bundle documents that are written: always rebuilt from what was read, so that nothing but public members leaves.

use super::bundle::Bundle;
use super::format::Format;
use super::inspect::{Outcome, entries, read_as};
use super::jwk;
use super::slot::{Authority, Key};
use super::source::Source;
use crate::crypto::{Curve, PublicKey};
use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::canonical::Object;
use crate::wire::{base64url, der, pem};
use core::fmt;

/// A document in another format.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// The document.
    pub document: Vec<u8>,
    /// JWT keys in it.
    pub keys: usize,
    /// X.509 authorities in it.
    pub authorities: usize,
    /// What the first document says and this one does not.
    pub dropped: Vec<Dropped>,
}

/// What a SPIFFE bundle says beside its entries.
pub(super) struct Said {
    pub(super) sequence: Option<u64>,
    pub(super) refresh_hint: Option<u64>,
}

/// Something that a conversion left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dropped {
    /// Entries that no store would use.
    Entries(u32),
    /// JWT keys that the format has no place for, or not without a `kid`.
    Keys(usize),
    /// X.509 authorities that the format has no place for.
    Authorities(usize),
    /// The `kid` of keys: in the format each key's is its thumbprint.
    KeyIds(usize),
    /// The one algorithm that keys were restricted to.
    Algorithms(usize),
    /// `spiffe_sequence`.
    Sequence,
    /// `spiffe_refresh_hint`.
    RefreshHint,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |f: &mut fmt::Formatter<'_>, n: usize, one: &str, many: &str| {
            write!(f, "{n} {}", if n == 1 { one } else { many })
        };
        match self {
            Self::Entries(n) => {
                counted(f, *n as usize, "entry that is not used", "entries that are not used")
            }
            Self::Keys(n) => counted(f, *n, "JWT key", "JWT keys"),
            Self::Authorities(n) => counted(f, *n, "X.509 authority", "X.509 authorities"),
            Self::KeyIds(n) => counted(f, *n, "kid (now the thumbprint)", "kids (now the thumbprints)"),
            Self::Algorithms(n) => counted(f, *n, "alg", "algs"),
            Self::Sequence => f.write_str("spiffe_sequence"),
            Self::RefreshHint => f.write_str("spiffe_refresh_hint"),
        }
    }
}

impl Format {
    /// Writes a document of this format as one of another. `source` is what it would be put as; without one the
    /// document's own `trust_domain` is taken at its word.
    ///
    /// # Errors
    /// What a put would refuse it for, `bundle_private_key` whatever the entry's use, and `no_usable_keys` if the
    /// other format has a place for none of them.
    pub fn convert(
        self,
        source: Option<Source<'_>>,
        document: &[u8],
        to: Self,
    ) -> Result<Converted, ConfigError> {
        for (at, entry) in entries(self, document).unwrap_or_default().iter().enumerate() {
            if entry.outcome == Outcome::Private {
                let detail = format!("keys[{at}]: has private members");
                return Err(ConfigError::new(Reason::BundlePrivateKey, detail));
            }
        }
        let bundle = read_as(source, self, document)?;
        let keys: Vec<&Key> = bundle.keys.iter().flatten().filter(|key| to.has_place_for(key)).collect();
        let authorities: Vec<&Authority> =
            bundle.authorities.iter().flatten().filter(|_| to.has_authorities()).collect();
        // Nothing at all is a revocation, which SPIFFE documents can say.
        let revokes = bundle.is_empty() && to.can_revoke();
        if keys.is_empty() && authorities.is_empty() && !revokes {
            return Err(ConfigError::new(
                Reason::NoUsableKeys,
                format!("nothing in the document can be written as {}", to.name()),
            ));
        }
        let said = Said { sequence: bundle.sequence, refresh_hint: bundle.refresh_hint };
        let document = to.write(&keys, &authorities, &said)?;
        let dropped = to.dropped(&keys, &authorities, &bundle);
        Ok(Converted { document, keys: keys.len(), authorities: authorities.len(), dropped })
    }

    /// Whether a document without entries says that all of them are revoked.
    pub(super) fn can_revoke(self) -> bool {
        matches!(self, Self::SpiffeBundle | Self::WorkloadApiJwks)
    }

    pub(super) fn has_keys(self) -> bool {
        matches!(self, Self::SpiffeBundle | Self::WorkloadApiJwks | Self::Jwks | Self::PublicKeyPem)
    }

    pub(super) fn has_authorities(self) -> bool {
        matches!(self, Self::SpiffeBundle | Self::X509Pem | Self::X509Der)
    }

    pub(super) fn has_place_for(self, key: &Key) -> bool {
        let rules = self.key_rules();
        let ed25519 = matches!(key.public, PublicKey::Ed25519(_));
        // A key that is bound to an issuer stays so.
        if key.issuer.is_some() && !rules.issuer {
            return false;
        }
        let fits = (rules.ed25519 || !ed25519) && !(rules.kid_required && key.kid.is_empty());
        self == Self::PublicKeyPem || (self.has_keys() && fits)
    }

    pub(super) fn write(
        self,
        keys: &[&Key],
        authorities: &[&Authority],
        said: &Said,
    ) -> Result<Vec<u8>, ConfigError> {
        let mut text = String::new();
        match self {
            Self::X509Der => return Ok(authorities.iter().flat_map(|a| a.der.to_vec()).collect()),
            Self::X509Pem => {
                for authority in authorities {
                    pem::write(&mut text, "CERTIFICATE", &authority.der);
                }
            }
            Self::PublicKeyPem => {
                for key in keys {
                    pem::write(&mut text, "PUBLIC KEY", &public_key_info(&key.public));
                }
            }
            Self::SpiffeBundle | Self::WorkloadApiJwks | Self::Jwks => {
                self.write_json(keys, authorities, said, &mut text)?;
            }
            Self::BundleMap | Self::X509Crl => {
                return Err(ConfigError::new(Reason::FormatUnsupported, "not a format of one source's keys"));
            }
        }
        Ok(text.into_bytes())
    }

    fn write_json(
        self,
        keys: &[&Key],
        authorities: &[&Authority],
        said: &Said,
        out: &mut String,
    ) -> Result<(), ConfigError> {
        let use_ = if self == Self::Jwks { "sig" } else { "jwt-svid" };
        let mut document = Object::begin(out);
        let list = document.member("keys");
        list.push('[');
        for (at, key) in keys.iter().enumerate() {
            list.push_str(if at > 0 { "," } else { "" });
            write_key(list, key, Some(use_));
        }
        for (at, authority) in authorities.iter().enumerate() {
            list.push_str(if at + keys.len() > 0 { "," } else { "" });
            write_authority(list, authority)?;
        }
        list.push(']');
        if self == Self::SpiffeBundle {
            let mut number = |name: &'static str, value: Option<u64>| {
                if let Some(value) = value {
                    document.raw(name, &value.to_string());
                }
            };
            number("spiffe_refresh_hint", said.refresh_hint);
            number("spiffe_sequence", said.sequence);
        }
        document.end();
        out.push('\n');
        Ok(())
    }

    fn dropped(self, keys: &[&Key], authorities: &[&Authority], bundle: &Bundle) -> Vec<Dropped> {
        let pem = self == Self::PublicKeyPem;
        let count = |lost: fn(&Key) -> bool| keys.iter().filter(|key| pem && lost(key)).count();
        let spiffe = self == Self::SpiffeBundle;
        let losses = [
            (bundle.skips.total() > 0).then(|| Dropped::Entries(bundle.skips.total())),
            some(bundle.keys.iter().flatten().count() - keys.len(), Dropped::Keys),
            some(bundle.authorities.iter().flatten().count() - authorities.len(), Dropped::Authorities),
            some(count(|key| !key.kid.is_empty() && key.kid != key.thumbprint), Dropped::KeyIds),
            some(count(|key| key.algorithm.is_some()), Dropped::Algorithms),
            (bundle.sequence.is_some() && !spiffe).then_some(Dropped::Sequence),
            (bundle.refresh_hint.is_some() && !spiffe).then_some(Dropped::RefreshHint),
        ];
        losses.into_iter().flatten().collect()
    }
}

fn some(count: usize, dropped: fn(usize) -> Dropped) -> Option<Dropped> {
    (count > 0).then(|| dropped(count))
}

impl Bundle {
    fn is_empty(&self) -> bool {
        let keys = self.keys.as_ref().is_none_or(Vec::is_empty);
        keys && self.authorities.as_ref().is_none_or(Vec::is_empty) && self.skips.total() == 0
    }
}

/// A plain key set (RFC 7517) of one key: no longer than any document that the key was read from.
pub(super) fn key_set_of(key: &Key) -> String {
    let mut out = String::from("{\"keys\":[");
    write_key(&mut out, key, None);
    out.push_str("]}");
    out
}

fn write_key(out: &mut String, key: &Key, use_: Option<&str>) {
    let mut object = Object::begin(out);
    object.optional("alg", key.algorithm.map(crate::crypto::Algorithm::name));
    write_public(
        &mut object,
        &key.public,
        [key.issuer.as_deref(), (!key.kid.is_empty()).then_some(&*key.kid)],
        use_,
        None,
    );
    object.end();
}

fn write_authority(out: &mut String, authority: &Authority) -> Result<(), ConfigError> {
    let certificate = authority.certificate();
    let key = certificate.and_then(|certificate| jwk::key_from_spki(certificate.public_key_info).ok());
    let key = key.ok_or_else(|| {
        ConfigError::new(Reason::NoUsableKeys, "an X.509 authority has a key that no JWK can hold")
    })?;
    let mut object = Object::begin(out);
    let x5c = base64url::encode_standard(&authority.der);
    write_public(&mut object, &key.public, [None, None], Some("x509-svid"), Some(&x5c));
    object.end();
    Ok(())
}

/// The members of a JWK from `crv` on (RFC 7518 section 6, RFC 8037), in the order of their names.
fn write_public(
    object: &mut Object<'_>,
    key: &PublicKey,
    [issuer, kid]: [Option<&str>; 2],
    use_: Option<&str>,
    x5c: Option<&str>,
) {
    let coordinates = match key {
        PublicKey::Rsa { modulus, exponent } => {
            object.string("e", &base64url::encode(exponent));
            object.optional("issuer", issuer);
            object.optional("kid", kid);
            object.string("kty", "RSA");
            object.string("n", &base64url::encode(modulus));
            None
        }
        PublicKey::Ec { curve, point, .. } => {
            let (x, y) = point.get(1..).unwrap_or_default().split_at(curve.bytes());
            object.string("crv", curve.name());
            object.optional("issuer", issuer);
            object.optional("kid", kid);
            object.string("kty", "EC");
            Some((base64url::encode(x), Some(base64url::encode(y))))
        }
        PublicKey::Ed25519(point) => {
            object.string("crv", "Ed25519");
            object.optional("issuer", issuer);
            object.optional("kid", kid);
            object.string("kty", "OKP");
            Some((base64url::encode(&point[..]), None))
        }
    };
    object.optional("use", use_);
    let (x, y) = coordinates.unzip();
    object.optional("x", x.as_deref());
    if let Some(x5c) = x5c {
        object.raw("x5c", &format!("[\"{x5c}\"]"));
    }
    object.optional("y", y.flatten().as_deref());
}

/// SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7; parameters by RFC 3279 section 2.3, RFC 5480, RFC 8410).
fn public_key_info(key: &PublicKey) -> Vec<u8> {
    const NULL: &[u8] = &[0x05, 0x00];
    let oid = |id: &[u8]| element(der::OID, &[id]);
    let (algorithm, parameters, bits) = match key {
        PublicKey::Rsa { modulus, exponent } => {
            let key = element(der::SEQUENCE, &[&positive(modulus), &positive(exponent)]);
            (oid(der::RSA), NULL.to_vec(), key)
        }
        PublicKey::Ec { curve, point, .. } => {
            let named = Curve::ALL.iter().zip(der::NAMED_CURVES).find(|(known, _)| *known == curve);
            (oid(der::EC), named.map(|(_, id)| oid(id)).unwrap_or_default(), point.to_vec())
        }
        PublicKey::Ed25519(point) => (oid(der::ED25519), Vec::new(), point.to_vec()),
    };
    let algorithm = element(der::SEQUENCE, &[&algorithm, &parameters]);
    element(der::SEQUENCE, &[&algorithm, &element(der::BIT_STRING, &[&[0], &bits])])
}

/// An INTEGER from big-endian bytes without leading zeros.
fn positive(bytes: &[u8]) -> Vec<u8> {
    let zero: &[u8] = if bytes.first().is_some_and(|b| *b >= 0x80) { &[0] } else { &[] };
    element(der::INTEGER, &[zero, bytes])
}

/// One DER element; its length in the shortest form.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = contents.len().to_be_bytes();
    let length = der::strip_zeros(&length);
    let mut out = vec![tag];
    match length {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(0x7f));
            out.extend_from_slice(long);
        }
    }
    out.extend(contents);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sha256;
    use proptest::prelude::*;

    const SPIRE: &[u8] = include_bytes!("../../tests/data/spire/ec-p256/s0.bundle.spiffe.json");
    /// P-256, P-384, P-521, RSA and Ed25519, by another implementation.
    const PUBLIC: &[u8] = include_bytes!("../../tests/vectors/bundles/public-all.pem");
    const CERTIFICATES_PEM: &[u8] = include_bytes!("../../tests/vectors/bundles/x509-two.pem");
    const CERTIFICATES_DER: &[u8] = include_bytes!("../../tests/vectors/bundles/x509-two.der");

    fn convert(from: Format, document: &[u8], to: Format) -> Result<Converted, Reason> {
        from.convert(None, document, to).map_err(|error| error.reason())
    }

    fn text(converted: &Converted) -> &str {
        core::str::from_utf8(&converted.document).unwrap()
    }

    #[test]
    fn keys_survive_every_format_to_the_byte() {
        let jwks = convert(Format::PublicKeyPem, PUBLIC, Format::Jwks).unwrap();
        assert_eq!((jwks.keys, jwks.authorities, &jwks.dropped[..]), (5, 0, &[][..]));
        let pem = convert(Format::Jwks, &jwks.document, Format::PublicKeyPem).unwrap();
        assert_eq!(text(&pem), core::str::from_utf8(PUBLIC).unwrap());
        assert_eq!(pem.dropped, [], "a thumbprint is what the kid was");
        // JWT-SVID has no Ed25519.
        let spiffe = convert(Format::PublicKeyPem, PUBLIC, Format::SpiffeBundle).unwrap();
        assert_eq!((spiffe.keys, &spiffe.dropped[..]), (4, &[Dropped::Keys(1)][..]));
    }

    #[test]
    fn certificates_survive_every_format_to_the_byte() {
        let der = convert(Format::X509Pem, CERTIFICATES_PEM, Format::X509Der).unwrap();
        assert_eq!((der.authorities, &*der.document), (2, CERTIFICATES_DER));
        let spiffe = convert(Format::X509Der, CERTIFICATES_DER, Format::SpiffeBundle).unwrap();
        assert!(text(&spiffe).contains(r#""use":"x509-svid""#));
        let pem = convert(Format::SpiffeBundle, &spiffe.document, Format::X509Pem).unwrap();
        assert_eq!(pem.document, CERTIFICATES_PEM);
        assert_eq!(
            convert(Format::X509Der, CERTIFICATES_DER, Format::Jwks).unwrap_err(),
            Reason::NoUsableKeys
        );
    }

    #[test]
    fn a_bundle_of_spire_and_what_each_format_leaves_out() {
        let jwks = convert(Format::SpiffeBundle, SPIRE, Format::Jwks).unwrap();
        assert_eq!(
            text(&jwks),
            concat!(
                r#"{"keys":[{"crv":"P-256","kid":"5QOS27cm1rm45u9ufh2w60QSZfyKFKkK","kty":"EC","use":"sig","#,
                r#""x":"XbF2Ziu5j3U9bm1wYELCrF45v0r-SjfQPgmMOJ3DcF0","y":"B_jTuj8o7inV7on8ukQHtkMBsTaEGU4nGzHxkdv5sGs"}]}"#,
                "\n"
            )
        );
        assert_eq!(jwks.dropped, [Dropped::Authorities(1), Dropped::Sequence]);
        let pem = convert(Format::SpiffeBundle, SPIRE, Format::PublicKeyPem).unwrap();
        assert_eq!(pem.dropped, [Dropped::Authorities(1), Dropped::KeyIds(1), Dropped::Sequence]);
        let der = convert(Format::SpiffeBundle, SPIRE, Format::X509Der).unwrap();
        assert_eq!(der.dropped, [Dropped::Keys(1), Dropped::Sequence]);
        let openssl = "f8c1eca0fe44ba8334908616ff791427b8925238ef60d3e4c311cf1f1ae76730";
        assert_eq!(crate::wire::canonical::hex(&sha256(&der.document)), openssl);
        let same = convert(Format::SpiffeBundle, SPIRE, Format::SpiffeBundle).unwrap();
        assert_eq!(same.dropped, []);
        assert!(text(&same).ends_with("],\"spiffe_sequence\":1}\n"));
        let again = convert(Format::SpiffeBundle, &same.document, Format::SpiffeBundle).unwrap();
        assert_eq!(again.document, same.document);
    }

    #[test]
    fn secrets_and_strangers_stay_behind() {
        let point = r#""kty":"EC","crv":"P-256","x":"XbF2Ziu5j3U9bm1wYELCrF45v0r-SjfQPgmMOJ3DcF0","y":"B_jTuj8o7inV7on8ukQHtkMBsTaEGU4nGzHxkdv5sGs""#;
        let set = |keys: &str| format!(r#"{{"x":1,"keys":[{keys}]}}"#);
        for private in
            [format!(r#"{{"use":"sig","d":"AA",{point}}}"#), format!(r#"{{"use":"enc","d":"AA",{point}}}"#)]
        {
            let document = set(&format!(r#"{{"kid":"k",{point}}},{private}"#));
            assert_eq!(
                convert(Format::Jwks, document.as_bytes(), Format::Jwks).unwrap_err(),
                Reason::BundlePrivateKey
            );
        }
        let private = include_bytes!("../../tests/vectors/bundles/public-private-after-public.pem");
        assert_eq!(
            convert(Format::PublicKeyPem, private, Format::Jwks).unwrap_err(),
            Reason::BundlePrivateKey
        );
        let extra = set(&format!(
            r#"{{"kid":"k","alg":"ES256","x-secret":"s","k":"s",{point}}},{{"kty":"oct","k":"s","kid":"o"}}"#
        ));
        let jwks = convert(Format::Jwks, extra.as_bytes(), Format::Jwks).unwrap();
        assert!(
            text(&jwks).starts_with(r#"{"keys":[{"alg":"ES256","crv""#) && !text(&jwks).contains("\"s\"")
        );
        assert_eq!(jwks.dropped, [Dropped::Entries(1)]);
        let pem = convert(Format::Jwks, extra.as_bytes(), Format::PublicKeyPem).unwrap();
        assert_eq!(pem.dropped, [Dropped::Entries(1), Dropped::KeyIds(1), Dropped::Algorithms(1)]);
        let nameless = set(&format!("{{{point}}}"));
        assert_eq!(
            convert(Format::Jwks, nameless.as_bytes(), Format::SpiffeBundle).unwrap_err(),
            Reason::NoUsableKeys
        );
        assert!(!text(&convert(Format::Jwks, nameless.as_bytes(), Format::Jwks).unwrap()).contains("kid"));
    }

    #[test]
    fn a_revocation_stays_one() {
        let revoked = br#"{"keys":[],"spiffe_sequence":9}"#;
        let spiffe = convert(Format::SpiffeBundle, revoked, Format::SpiffeBundle).unwrap();
        assert_eq!(text(&spiffe), "{\"keys\":[],\"spiffe_sequence\":9}\n");
        for to in [Format::Jwks, Format::PublicKeyPem, Format::X509Pem] {
            assert_eq!(convert(Format::SpiffeBundle, revoked, to).unwrap_err(), Reason::NoUsableKeys);
        }
    }

    proptest! {
        #[test]
        fn elements_are_read_back(tag in 0u8..31, contents in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let bytes = element(tag, &[&contents]);
            let read = der::read(&bytes).unwrap();
            prop_assert_eq!((read.tag, read.contents, read.rest), (tag, &contents[..], &[][..]));
        }
    }
}
