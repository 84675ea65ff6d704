//! The formats of bundle documents. Always stated, never guessed.

use super::source::SourceKind;

/// The format of a bundle document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Format {
    /// A SPIFFE bundle: `use` decides; feeds both slots.
    SpiffeBundle = 1,
    /// A JWT bundle as the Workload API gives it: `use` absent or `jwt-svid`; feeds the JWT slot.
    WorkloadApiJwks = 2,
    /// A plain key set (RFC 7517), as an issuer or SPIRE's discovery provider publishes it: `use` absent,
    /// `sig` or `jwt-svid`; feeds the JWT slot.
    Jwks = 3,
    /// Static public keys, PEM `PUBLIC KEY` blocks; the `kid` of each is its thumbprint. Feeds the JWT slot.
    PublicKeyPem = 4,
    /// X.509 authorities, PEM `CERTIFICATE` blocks; feeds the X.509 slot.
    X509Pem = 5,
    /// X.509 authorities, DER certificates one after the other; feeds the X.509 slot.
    X509Der = 6,
    /// A SPIFFE bundle map (Trust Domain and Bundle section 5): the SPIFFE bundles of all trust domains that
    /// a feed delivers. It is put as the trust domain of the empty name.
    BundleMap = 7,
    /// Revocation lists, DER one after the other; feeds the CRL slot. An empty document clears it.
    X509Crl = 8,
}

impl Format {
    /// Every format.
    pub const ALL: &'static [Self] = &[
        Self::SpiffeBundle,
        Self::WorkloadApiJwks,
        Self::Jwks,
        Self::PublicKeyPem,
        Self::X509Pem,
        Self::X509Der,
        Self::BundleMap,
        Self::X509Crl,
    ];

    /// The name used in flags and configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SpiffeBundle => "spiffe_bundle",
            Self::WorkloadApiJwks => "workload_api_jwks",
            Self::Jwks => "jwks",
            Self::PublicKeyPem => "public_key_pem",
            Self::X509Pem => "x509_pem",
            Self::X509Der => "x509_der",
            Self::BundleMap => "bundle_map",
            Self::X509Crl => "x509_crl",
        }
    }

    /// Whether documents of this format can feed a source of this kind.
    pub(crate) fn feeds(self, kind: SourceKind) -> bool {
        kind == SourceKind::TrustDomain || matches!(self, Self::Jwks | Self::PublicKeyPem)
    }

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name() == name)
    }
}
