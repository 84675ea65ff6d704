//! The name of a source: (kind, name).

use crate::credential::spiffe_id;
use crate::error::ConfigError;
use crate::verdict::Reason;

/// What a source's name is the name of. An issuer named like a trust domain is another source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum SourceKind {
    /// A SPIFFE trust domain: slots `jwt` and `x509`.
    TrustDomain = 1,
    /// A token issuer: slot `jwt`.
    Issuer = 2,
}

impl SourceKind {
    /// The name used in evidence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TrustDomain => "trust_domain",
            Self::Issuer => "issuer",
        }
    }
}

/// The name of a source: (kind, name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source<'a> {
    /// What the name is the name of.
    pub kind: SourceKind,
    /// A trust domain (`example.org` or `spiffe://example.org`) or an issuer.
    pub name: &'a str,
}

impl<'a> Source<'a> {
    /// The trust domain `name`.
    pub fn trust_domain(name: &'a str) -> Self {
        Self { kind: SourceKind::TrustDomain, name }
    }

    /// The issuer `name`, in its canonical spelling.
    pub fn issuer(name: &'a str) -> Self {
        Self { kind: SourceKind::Issuer, name }
    }

    /// The canonical name; where `world` may be meant, empty for everything that a feed delivers.
    pub(crate) fn canonical_or_world(self, world: bool) -> Result<&'a str, ConfigError> {
        if world && self.kind == SourceKind::TrustDomain && self.name.is_empty() {
            return Ok("");
        }
        self.canonical()
    }

    /// The canonical name, checked.
    pub(crate) fn canonical(self) -> Result<&'a str, ConfigError> {
        let invalid = |what: &str| ConfigError::new(Reason::SourceNameInvalid, what);
        match self.kind {
            SourceKind::TrustDomain => {
                spiffe_id::trust_domain_name(self.name).map_err(|reason| invalid(reason.phrase()))
            }
            SourceKind::Issuer if self.name.is_empty() => Err(invalid("an issuer is not empty")),
            SourceKind::Issuer => Ok(self.name),
        }
    }
}
