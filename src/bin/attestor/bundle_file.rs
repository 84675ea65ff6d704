//! What an operator's bundle file is: looked at once, and said. The library itself never guesses.

use attestor::{Format, SourceKind};
use clap::ValueEnum;
use serde_json::Value;

/// The format of a file for a source of this kind; `None` if it looks like nothing known.
pub(crate) fn detect(document: &[u8], kind: SourceKind) -> Option<Format> {
    if document.first() == Some(&0x30) {
        return Some(Format::X509Der);
    }
    let text = core::str::from_utf8(document).ok()?;
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return Some(Format::X509Pem);
    }
    if text.contains("-----BEGIN ") {
        return Some(Format::PublicKeyPem);
    }
    let document: Value = serde_json::from_str(text).ok()?;
    if document["trust_domains"].is_object() {
        return Some(Format::BundleMap);
    }
    let keys = document["keys"].as_array()?;
    let uses = |name: &str| keys.iter().any(|key| key["use"] == name);
    let spiffe_members = ["spiffe_sequence", "spiffe_refresh_hint", "trust_domain"];
    Some(if kind == SourceKind::Issuer {
        Format::Jwks
    } else if uses("x509-svid")
        || uses("jwt-svid")
        || spiffe_members.iter().any(|name| !document[name].is_null())
    {
        Format::SpiffeBundle
    } else if uses("sig") {
        Format::Jwks
    } else if keys.is_empty() {
        Format::SpiffeBundle
    } else {
        Format::WorkloadApiJwks
    })
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum FormatName {
    /// A SPIFFE bundle document: `use` decides (`spire-server bundle show -format spiffe`)
    SpiffeBundle,
    /// A JWT bundle of the Workload API: `use` absent or `jwt-svid`
    WorkloadApiJwks,
    /// A plain key set: `use` absent, `sig` or `jwt-svid` (an issuer, SPIRE's discovery provider)
    Jwks,
    /// PEM `PUBLIC KEY` blocks; the `kid` of each is its thumbprint
    PublicKeyPem,
    /// PEM `CERTIFICATE` blocks
    X509Pem,
    /// DER certificates one after the other
    X509Der,
    /// A bundle map: the SPIFFE bundles of several trust domains
    BundleMap,
    /// DER revocation lists one after the other
    X509Crl,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::SpiffeBundle => Self::SpiffeBundle,
            FormatName::WorkloadApiJwks => Self::WorkloadApiJwks,
            FormatName::Jwks => Self::Jwks,
            FormatName::PublicKeyPem => Self::PublicKeyPem,
            FormatName::X509Pem => Self::X509Pem,
            FormatName::X509Der => Self::X509Der,
            FormatName::BundleMap => Self::BundleMap,
            FormatName::X509Crl => Self::X509Crl,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_operators_have() {
        let domain = |text: &str| detect(text.as_bytes(), SourceKind::TrustDomain);
        assert_eq!(domain(r#"{"keys":[{"use":"x509-svid"}]}"#), Some(Format::SpiffeBundle));
        assert_eq!(
            domain(r#"{"keys":[{"use":"jwt-svid"}],"spiffe_sequence":1}"#),
            Some(Format::SpiffeBundle)
        );
        assert_eq!(domain(r#"{"keys":[]}"#), Some(Format::SpiffeBundle));
        assert_eq!(domain(r#"{"keys":[{"kty":"EC","kid":"a"}]}"#), Some(Format::WorkloadApiJwks));
        assert_eq!(domain(r#"{"keys":[{"kty":"RSA","use":"sig"}]}"#), Some(Format::Jwks));
        assert_eq!(domain("-----BEGIN PUBLIC KEY-----\n"), Some(Format::PublicKeyPem));
        assert_eq!(domain("subject=x\n-----BEGIN CERTIFICATE-----\n"), Some(Format::X509Pem));
        assert_eq!(detect(&[0x30, 0x82], SourceKind::TrustDomain), Some(Format::X509Der));
        assert_eq!(detect(br#"{"keys":[{"kty":"RSA"}]}"#, SourceKind::Issuer), Some(Format::Jwks));
        for text in ["", "hello", "[]", "{}"] {
            assert_eq!(domain(text), None, "{text}");
        }
    }
}
