//! A bundle document, entry by entry, for the people who run it: what is used, what is passed over, and why.

use super::bundle::{self, LIMITS, Use};
use super::format::Format;
use super::jwk;
use super::skip::Skip;
use super::slot::Key;
use super::source::{Source, SourceKind};
use crate::credential::spiffe_id;
use crate::crypto::{KeyType, PublicKey, sha256};
use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::certificate::Certificate;
use crate::wire::json::{Tape, Value};

/// What a document is to a store that it would be put into.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The format it was read as.
    pub format: Format,
    /// SHA-256 of the document: the `digest` of evidence and slots.
    pub digest: [u8; 32],
    /// `spiffe_sequence`, if usable.
    pub sequence: Option<u64>,
    /// `spiffe_refresh_hint` in seconds, if usable.
    pub refresh_hint: Option<u64>,
    /// Each entry, in the order of the document; none of a document that cannot be taken apart.
    pub entries: Vec<Entry>,
    /// Why a put would refuse the document as a whole.
    pub refusal: Option<ConfigError>,
}

/// One entry of a document: what it says of itself, public parts only, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// What becomes of it.
    pub outcome: Outcome,
    /// `kid` as it is used; absent of a certificate.
    pub kid: Option<String>,
    /// `use` as written.
    pub use_: Option<String>,
    /// Such as `EC P-256` or `RSA 2048`; as written if the key cannot be used.
    pub key_type: Option<String>,
    /// `alg` as written.
    pub algorithm: Option<String>,
    /// RFC 7638 thumbprint of the key, base64url.
    pub thumbprint: Option<String>,
    /// Of an X.509 authority.
    pub certificate: Option<CertificateFacts>,
}

/// What becomes of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A key that verifies JWTs.
    Key,
    /// An X.509 authority.
    Authority,
    /// Passed over.
    Skipped(Skip),
    /// It has private members: the key has leaked, and the document is refused.
    Private,
}

/// An X.509 authority without its names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
    /// The serial number, big-endian, without leading zeros.
    pub serial: Vec<u8>,
    /// Unix seconds.
    pub not_before: i64,
    /// Unix seconds.
    pub not_after: i64,
}

impl Format {
    /// Looks at a document of this format entry by entry. `source` is what it would be put as; without one the
    /// document's own `trust_domain` is taken at its word.
    pub fn inspect(self, source: Option<Source<'_>>, document: &[u8]) -> Inspection {
        let (bundle, refusal) = match read_as(source, self, document) {
            Ok(bundle) => (bundle, None),
            Err(refusal) => (bundle::Bundle::default(), Some(refusal)),
        };
        let mut entries = entries(self, document).unwrap_or_default();
        let reason = refusal.as_ref().map(ConfigError::reason);
        if matches!(reason, None | Some(Reason::NoUsableKeys)) {
            mark_ambiguous(&mut entries, bundle.keys.as_deref().unwrap_or_default());
        }
        Inspection {
            format: self,
            digest: sha256(document),
            sequence: bundle.sequence,
            refresh_hint: bundle.refresh_hint,
            entries,
            refusal,
        }
    }
}

/// Reads a document as a put would.
pub(super) fn read_as(
    source: Option<Source<'_>>,
    format: Format,
    document: &[u8],
) -> Result<bundle::Bundle, ConfigError> {
    let own;
    let name = match source {
        Some(source) if !format.feeds(source.kind) => {
            return Err(ConfigError::new(
                Reason::FormatUnsupported,
                format!("{} does not feed an {}", format.name(), SourceKind::Issuer.name()),
            ));
        }
        Some(source) => source.canonical()?,
        None => {
            own = own_name(document).unwrap_or_default();
            spiffe_id::trust_domain_name(&own).unwrap_or_default()
        }
    };
    bundle::read(name, format, document)
}

fn own_name(document: &[u8]) -> Option<String> {
    let mut tape = Tape::default();
    Some(tape.read(document, LIMITS).ok()?.get("trust_domain")?.as_str()?.decode())
}

/// Keys that made it through their own checks and are not among those kept.
fn mark_ambiguous(entries: &mut [Entry], kept: &[Key]) {
    for entry in entries.iter_mut().filter(|entry| entry.outcome == Outcome::Key) {
        let is_same = |key: &Key| {
            Some(&*key.kid) == entry.kid.as_deref() && Some(&*key.thumbprint) == entry.thumbprint.as_deref()
        };
        if !kept.iter().any(is_same) {
            entry.outcome = Outcome::Skipped(Skip::KidAmbiguous);
        }
    }
}

/// The entries of a document; `None` if it cannot be taken apart.
pub(super) fn entries(format: Format, document: &[u8]) -> Option<Vec<Entry>> {
    match format {
        Format::SpiffeBundle | Format::WorkloadApiJwks | Format::Jwks => {
            let mut tape = Tape::default();
            let keys = tape.read(document, LIMITS).ok()?.get("keys")?;
            Some(keys.elements().map(|entry| jwk_entry(entry, format)).collect())
        }
        Format::PublicKeyPem => {
            let blocks = bundle::pem_blocks(document, "PUBLIC KEY").ok()?;
            Some(blocks.iter().map(|block| Entry::of_key(jwk::key_from_spki(&block.der))).collect())
        }
        Format::X509Pem => {
            let blocks = bundle::pem_blocks(document, "CERTIFICATE").ok()?;
            Some(blocks.iter().map(|block| Entry::of_certificate(&block.der)).collect())
        }
        Format::X509Der => {
            let certificates = bundle::der_sequence(document).ok()?;
            Some(certificates.into_iter().map(Entry::of_certificate).collect())
        }
        // These hold no entries of one source.
        Format::BundleMap | Format::X509Crl => None,
    }
}

fn jwk_entry(entry: Value<'_>, format: Format) -> Entry {
    let text = |name: &str| Some(entry.get(name)?.as_str()?.decode());
    let written = Entry {
        kid: text("kid"),
        use_: text("use"),
        key_type: text("kty").map(|kty| text("crv").map_or(kty.clone(), |crv| format!("{kty} {crv}"))),
        algorithm: text("alg"),
        ..Entry::new(Outcome::Skipped(Skip::NotObject))
    };
    if jwk::is_private(entry) {
        return Entry { outcome: Outcome::Private, ..written };
    }
    match bundle::used_for(entry, format) {
        Err(skip) => Entry { outcome: Outcome::Skipped(skip), ..written },
        Ok(Use::Jwt) => match jwk::jwt_key(entry, format.key_rules()) {
            Err(skip) => Entry { outcome: Outcome::Skipped(skip), ..written },
            Ok(key) => Entry { use_: written.use_, algorithm: written.algorithm, ..Entry::of_key(Ok(key)) },
        },
        Ok(Use::X509) => match jwk::authority(entry) {
            Err(skip) => Entry { outcome: Outcome::Skipped(skip), ..written },
            Ok(authority) => {
                let certificate = Entry::of_certificate(&authority.der);
                Entry { use_: written.use_, kid: written.kid, ..certificate }
            }
        },
    }
}

impl Entry {
    fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            kid: None,
            use_: None,
            key_type: None,
            algorithm: None,
            thumbprint: None,
            certificate: None,
        }
    }

    fn of_key(key: Result<Key, Skip>) -> Self {
        match key {
            Err(skip) => Self::new(Outcome::Skipped(skip)),
            Ok(key) => Self {
                kid: (!key.kid.is_empty()).then(|| key.kid.into()),
                key_type: Some(type_name(&key.public)),
                algorithm: key.algorithm.map(|alg| alg.name().to_owned()),
                thumbprint: Some(key.thumbprint.into()),
                ..Self::new(Outcome::Key)
            },
        }
    }

    fn of_certificate(bytes: &[u8]) -> Self {
        let outcome = jwk::authority_from(bytes).map_or_else(Outcome::Skipped, |_| Outcome::Authority);
        let Some(parts) = Certificate::read(bytes) else { return Self::new(outcome) };
        let key = jwk::key_from_spki(parts.public_key_info).ok();
        Self {
            key_type: key.as_ref().map(|key| type_name(&key.public)),
            thumbprint: key.map(|key| key.thumbprint.into()),
            certificate: Some(CertificateFacts {
                sha256: sha256(bytes),
                serial: parts.serial_number().into(),
                not_before: parts.not_before,
                not_after: parts.not_after,
            }),
            ..Self::new(outcome)
        }
    }
}

fn type_name(key: &PublicKey) -> String {
    match key.key_type() {
        KeyType::Ec(curve) => format!("EC {}", curve.name()),
        KeyType::Ed25519 => "OKP Ed25519".into(),
        KeyType::Rsa => {
            let bits = match key {
                PublicKey::Rsa { modulus, .. } => {
                    modulus.len() * 8 - modulus.first().map_or(0, |b| b.leading_zeros() as usize)
                }
                _ => 0,
            };
            format!("RSA {bits}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::canonical::hex;
    use proptest::prelude::*;

    const SPIRE: &[u8] = include_bytes!("../../tests/data/spire/ec-p256/s0.bundle.spiffe.json");

    fn outcomes(format: Format, document: &str) -> Vec<Outcome> {
        format.inspect(None, document.as_bytes()).entries.iter().map(|entry| entry.outcome).collect()
    }

    /// The certificate's facts are what openssl prints.
    #[test]
    fn a_bundle_of_spire() {
        let seen = Format::SpiffeBundle.inspect(Some(Source::trust_domain("example.org")), SPIRE);
        assert_eq!((seen.refusal, seen.sequence, seen.refresh_hint), (None, Some(1), None));
        assert_eq!(hex(&seen.digest), "936a86a7851e8f197c17d558c30ce9a82502267dc0482da3b35064ce32b851dc");
        let [authority, key] = &seen.entries[..] else { panic!("two entries") };
        assert_eq!((authority.outcome, key.outcome), (Outcome::Authority, Outcome::Key));
        let facts = authority.certificate.as_ref().unwrap();
        assert_eq!(hex(&facts.serial), "b7503a5554366c60532d2feef2a32e0f");
        assert_eq!((facts.not_before, facts.not_after), (1_795_302_236, 2_426_022_246));
        assert_eq!(hex(&facts.sha256), "f8c1eca0fe44ba8334908616ff791427b8925238ef60d3e4c311cf1f1ae76730");
        assert_eq!(authority.use_.as_deref(), Some("x509-svid"));
        assert_eq!(key.kid.as_deref(), Some("5QOS27cm1rm45u9ufh2w60QSZfyKFKkK"));
        assert_eq!((key.key_type.as_deref(), key.use_.as_deref()), (Some("EC P-256"), Some("jwt-svid")));
        assert_eq!(key.thumbprint.as_deref(), Some("0szpT7ur7YBdwpU-eWFx1t6NMr_SaAYFzSz5EIa32t4"));
        assert!(key.certificate.is_none() && key.algorithm.is_none());
    }

    #[test]
    fn every_entry_says_what_becomes_of_it() {
        let point = r#""kty":"EC","crv":"P-256","x":"XbF2Ziu5j3U9bm1wYELCrF45v0r-SjfQPgmMOJ3DcF0","y":"B_jTuj8o7inV7on8ukQHtkMBsTaEGU4nGzHxkdv5sGs""#;
        let other = r#""kty":"EC","crv":"P-256","x":"lLBWOm2fe5oL0gRzyDnajKKuw2DumB7Gw8rjgPFEsHY","y":"3TVWZIiSCAPJK5tIRVXMHZ5ykHPe-ytoSSDumxODH38""#;
        let document = format!(
            r#"{{"keys":[{{"use":"jwt-svid","kid":"a",{point}}},7,{{"use":"jwt-svid",{point}}},{{"use":"enc","kid":"b",{point}}},
                {{"use":"jwt-svid","kid":"p","kty":"AKP"}},{{"use":"x509-svid",{point}}},
                {{"use":"jwt-svid","kid":"two",{point}}},{{"use":"jwt-svid","kid":"two",{other}}}]}}"#
        );
        let skipped = Outcome::Skipped;
        assert_eq!(
            outcomes(Format::SpiffeBundle, &document),
            [
                Outcome::Key,
                skipped(Skip::NotObject),
                skipped(Skip::KidMissing),
                skipped(Skip::UseIgnored),
                skipped(Skip::KeyTypeUnsupported),
                skipped(Skip::CertificateMissing),
                skipped(Skip::KidAmbiguous),
                skipped(Skip::KidAmbiguous),
            ]
        );
        let nothing =
            Format::SpiffeBundle.inspect(None, br#"{"keys":[{"use":"jwt-svid","kid":"p","kty":"AKP"}]}"#);
        assert_eq!(nothing.refusal.map(|error| error.reason()), Some(Reason::NoUsableKeys));
        assert_eq!(nothing.entries[0].key_type.as_deref(), Some("AKP"));
        let private = format!(
            r#"{{"keys":[{{"use":"enc","d":"AA",{point}}},{{"use":"jwt-svid","kid":"k",{point}}}]}}"#
        );
        assert_eq!(outcomes(Format::SpiffeBundle, &private), [Outcome::Private, Outcome::Key]);
    }

    #[test]
    fn a_document_is_refused_as_a_put_would() {
        let reason = |source: Option<Source<'_>>, format: Format, document: &[u8]| {
            format.inspect(source, document).refusal.map(|error| error.reason())
        };
        let named = br#"{"trust_domain":"td","keys":[]}"#;
        assert_eq!(reason(None, Format::SpiffeBundle, named), None);
        let other = Some(Source::trust_domain("other"));
        assert_eq!(reason(other, Format::SpiffeBundle, named), Some(Reason::TrustDomainMismatch));
        let odd = br#"{"trust_domain":"Not one","keys":[]}"#;
        assert_eq!(reason(None, Format::SpiffeBundle, odd), Some(Reason::TrustDomainMismatch));
        let issuer = Some(Source::issuer("https://issuer.example"));
        assert_eq!(reason(issuer, Format::SpiffeBundle, named), Some(Reason::FormatUnsupported));
        assert_eq!(reason(None, Format::X509Der, b""), Some(Reason::BundleMalformed));
        assert_eq!(reason(None, Format::X509Pem, SPIRE), Some(Reason::BundleMalformed));
    }

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), format in 0..Format::ALL.len()) {
            let format = Format::ALL[format];
            format.inspect(None, &bytes);
            let _ = format.convert(None, &bytes, Format::Jwks);
        }
    }
}
