//! What a `spiffe` attestor adds: trust domains.

use super::reader::{Field, Object};
use crate::credential::spiffe_id;
use crate::credential::x509_svid::Usage;
use crate::crypto::Revocation;
use crate::error::ConfigError;

/// SVIDs of some trust domains.
pub(crate) struct Spiffe {
    pub(crate) require_path: bool,
    pub(crate) local_trust_domain: Option<Box<str>>,
    /// `None` is every domain the store has.
    pub(crate) trust_domains: Option<Vec<Box<str>>>,
    pub(crate) x509: X509,
}

/// What is asked of an X.509-SVID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct X509 {
    /// Seconds by which the leaf's validity is stretched at either end.
    pub(crate) leeway: i64,
    pub(crate) usage: Usage,
    pub(crate) revocation: Revocation,
}

impl X509 {
    fn read(field: &Field<'_>) -> Result<Self, ConfigError> {
        let object = field.object(&["leeway_secs", "eku", "crl"])?;
        let usages = [
            ("client", Usage::Client),
            ("server", Usage::Server),
            ("both", Usage::Both),
            ("any", Usage::Any),
        ];
        let revocations = [("soft", Revocation::Soft), ("hard", Revocation::Hard)];
        Ok(Self {
            leeway: object.integer_or("leeway_secs", 0..=300, 0)?,
            usage: object.one_of("eku", &usages)?.unwrap_or_default(),
            revocation: object.one_of("crl", &revocations)?.unwrap_or_default(),
        })
    }
}

impl Spiffe {
    pub(super) const FIELDS: &[&str] = &["trust_domains", "local_trust_domain", "require_path", "x509"];

    pub(super) fn read(object: &Object<'_, '_>) -> Result<Self, ConfigError> {
        Ok(Self {
            require_path: object.boolean_or("require_path", true)?,
            local_trust_domain: object
                .optional("local_trust_domain")
                .map(|f| read_trust_domain(&f))
                .transpose()?,
            trust_domains: read_trust_domains(&object.required("trust_domains")?)?,
            x509: object.optional("x509").map(|f| X509::read(&f)).transpose()?.unwrap_or_default(),
        })
    }

    pub(super) fn shares_domain(&self, other: &Self) -> bool {
        match (&self.trust_domains, &other.trust_domains) {
            (Some(ours), Some(theirs)) => ours.iter().any(|domain| theirs.contains(domain)),
            _ => true,
        }
    }

    pub(crate) fn takes_domain(&self, domain: &str) -> bool {
        self.trust_domains.as_ref().is_none_or(|domains| domains.iter().any(|d| **d == *domain))
    }
}

fn read_trust_domain(field: &Field<'_>) -> Result<Box<str>, ConfigError> {
    let name = field.string()?;
    match spiffe_id::trust_domain_name(&name) {
        Ok(domain) => Ok(domain.into()),
        Err(reason) => field.fail(format!("not a trust domain: {}", reason.phrase())),
    }
}

/// A list of names, or `["*"]` alone.
fn read_trust_domains(field: &Field<'_>) -> Result<Option<Vec<Box<str>>>, ConfigError> {
    let list = field.list()?;
    if let [only] = &list[..]
        && only.value.as_str().is_some_and(|s| s.is("*"))
    {
        return Ok(None);
    }
    let mut domains = Vec::with_capacity(list.len());
    for element in &list {
        let domain = read_trust_domain(element)?;
        if domains.contains(&domain) {
            return element.fail("occurs twice");
        }
        domains.push(domain);
    }
    Ok(Some(domains))
}
