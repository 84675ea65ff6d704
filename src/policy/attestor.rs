//! One way in: which credentials an attestor takes, and what it asks of them.

use super::allow::Allow;
use super::reader::{Field, Object};
use crate::credential::oidc::TokenClass;
use crate::credential::spiffe_id;
use crate::crypto::{Algorithm, AlgorithmSet};
use crate::error::ConfigError;
use crate::wire::json::Value;

/// Ten years: no limit on a duration needs more.
const MAX_SECS: i64 = 10 * 366 * 86400;

/// An attestor of any kind.
pub(crate) struct Attestor {
    pub(crate) id: Box<str>,
    pub(crate) audiences: Vec<Box<str>>,
    pub(crate) algorithms: AlgorithmSet,
    /// A token without `kid` is fine if exactly one key fits.
    pub(crate) single_key: bool,
    pub(crate) strict_headers: bool,
    pub(crate) clock_skew: i64,
    pub(crate) max_lifetime: Option<i64>,
    pub(crate) max_token_age: Option<i64>,
    pub(crate) max_iat_future: Option<i64>,
    pub(crate) accept_unbound_cnf: bool,
    /// `None` admits whoever verifies.
    pub(crate) allow: Option<Allow>,
    pub(crate) kind: Kind,
}

/// What is particular to a kind of credential.
pub(crate) enum Kind {
    Spiffe(Spiffe),
    Oidc(Oidc),
}

/// JWT-SVIDs of some trust domains.
pub(crate) struct Spiffe {
    pub(crate) require_path: bool,
    pub(crate) local_trust_domain: Option<Box<str>>,
    /// `None` is every domain the store has.
    pub(crate) trust_domains: Option<Vec<Box<str>>>,
}

/// Tokens of one issuer.
pub(crate) struct Oidc {
    /// The canonical spelling: names the source and the identity.
    pub(crate) issuer: Box<str>,
    /// Other spellings of `iss` that mean the same issuer.
    pub(crate) aliases: Vec<Box<str>>,
    pub(crate) token: TokenClass,
    pub(crate) reject_extra_audiences: bool,
    pub(crate) trusted_audiences: Vec<Box<str>>,
    /// Empty: `azp` is not looked at.
    pub(crate) authorized_parties: Vec<Box<str>>,
    pub(crate) nonce: Nonce,
}

/// What a token's `nonce` must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nonce {
    Forbidden,
    /// Compared if the request has one.
    Optional,
    /// The request must have one.
    Required,
}

const COMMON: &[&str] = &[
    "id",
    "kind",
    "audiences",
    "algorithms",
    "kid_policy",
    "strict_headers",
    "max_lifetime_secs",
    "max_token_age_secs",
    "max_iat_future_secs",
    "clock_skew_secs",
    "accept_unbound_cnf",
    "allow",
];
const SPIFFE: &[&str] = &["trust_domains", "local_trust_domain", "require_path"];
const OIDC: &[&str] = &[
    "issuer",
    "issuer_aliases",
    "token",
    "extra_audiences",
    "trusted_audiences",
    "authorized_parties",
    "nonce",
];

impl Attestor {
    pub(crate) fn read(field: &Field<'_>, default_skew: i64) -> Result<Self, ConfigError> {
        // The kind decides which fields there are, so it is looked at before the names are.
        let kind = field.value.get("kind").and_then(Value::as_str);
        let oidc = kind.is_some_and(|kind| kind.is("oidc"));
        let own = if oidc { OIDC } else { SPIFFE };
        let object = field.object(&[COMMON, own].concat())?;
        let id = read_id(&object.required("id")?)?;
        let kind = object.required("kind")?;
        if !oidc && kind.string()? != "spiffe" {
            return kind.fail("must be `spiffe` or `oidc`: no other kind is supported by this version");
        }
        let seconds =
            |name: &str, least| object.optional(name).map(|f| f.integer(least..=MAX_SECS)).transpose();
        let possible = if oidc { AlgorithmSet::all() } else { AlgorithmSet::jwt_svid() };
        let algorithms = object.optional("algorithms");
        let kind = if oidc { Kind::Oidc(Oidc::read(&object)?) } else { Kind::Spiffe(Spiffe::read(&object)?) };
        let read_allow = |field: Field<'_>| match &kind {
            Kind::Spiffe(spiffe) => Allow::read_spiffe(&field, |domain| spiffe.takes_domain(domain)),
            Kind::Oidc(_) => Allow::read_oidc(&field),
        };
        Ok(Self {
            id,
            audiences: object.required("audiences")?.strings()?,
            algorithms: algorithms.map_or(Ok(possible), |f| read_algorithms(&f, possible))?,
            single_key: one_of(&object, "kid_policy", &[("required", false), ("single", true)])?
                .unwrap_or(false),
            strict_headers: object.boolean_or("strict_headers", false)?,
            clock_skew: object.integer_or("clock_skew_secs", 0..=300, default_skew)?,
            max_lifetime: seconds("max_lifetime_secs", 1)?,
            max_token_age: seconds("max_token_age_secs", 1)?,
            max_iat_future: seconds("max_iat_future_secs", 0)?,
            accept_unbound_cnf: object.boolean_or("accept_unbound_cnf", false)?,
            allow: object.optional("allow").map(read_allow).transpose()?,
            kind,
        })
    }

    /// Whether one token could be meant for either: a shared source and a shared audience.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let source = match (&self.kind, &other.kind) {
            (Kind::Spiffe(ours), Kind::Spiffe(theirs)) => ours.shares_domain(theirs),
            (Kind::Oidc(ours), Kind::Oidc(theirs)) => ours.spellings().any(|name| theirs.is_issuer(name)),
            _ => false,
        };
        source && self.audiences.iter().any(|audience| other.audiences.contains(audience))
    }
}

impl Spiffe {
    fn read(object: &Object<'_, '_>) -> Result<Self, ConfigError> {
        Ok(Self {
            require_path: object.boolean_or("require_path", true)?,
            local_trust_domain: object
                .optional("local_trust_domain")
                .map(|f| read_trust_domain(&f))
                .transpose()?,
            trust_domains: read_trust_domains(&object.required("trust_domains")?)?,
        })
    }

    fn shares_domain(&self, other: &Self) -> bool {
        match (&self.trust_domains, &other.trust_domains) {
            (Some(ours), Some(theirs)) => ours.iter().any(|domain| theirs.contains(domain)),
            _ => true,
        }
    }

    pub(crate) fn takes_domain(&self, domain: &str) -> bool {
        self.trust_domains.as_ref().is_none_or(|domains| domains.iter().any(|d| **d == *domain))
    }
}

impl Oidc {
    fn read(object: &Object<'_, '_>) -> Result<Self, ConfigError> {
        let strings = |name: &str| object.optional(name).map_or(Ok(Vec::new()), |field| field.strings());
        let classes =
            [("either", TokenClass::Either), ("id", TokenClass::Id), ("access", TokenClass::Access)];
        let token = one_of(object, "token", &classes)?.unwrap_or(TokenClass::Either);
        let extra = one_of(object, "extra_audiences", &[("allow", false), ("reject", true)])?;
        let nonces =
            [("forbidden", Nonce::Forbidden), ("optional", Nonce::Optional), ("required", Nonce::Required)];
        let issuer: Box<str> = object.required("issuer")?.string()?.into();
        let aliases = strings("issuer_aliases")?;
        if aliases.contains(&issuer) {
            return object.required("issuer_aliases")?.fail("repeats the issuer");
        }
        Ok(Self {
            issuer,
            aliases,
            token,
            reject_extra_audiences: extra.unwrap_or(token == TokenClass::Id),
            trusted_audiences: strings("trusted_audiences")?,
            authorized_parties: strings("authorized_parties")?,
            nonce: one_of(object, "nonce", &nonces)?.unwrap_or(Nonce::Optional),
        })
    }

    /// Every spelling of the issuer, the canonical one first.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = &str> {
        core::iter::once(&self.issuer).chain(&self.aliases).map(|name| &**name)
    }

    pub(crate) fn is_issuer(&self, name: &str) -> bool {
        self.spellings().any(|spelling| spelling == name)
    }
}

/// An optional member that is one of a few words.
fn one_of<T: Copy>(
    object: &Object<'_, '_>,
    name: &str,
    words: &[(&str, T)],
) -> Result<Option<T>, ConfigError> {
    let Some(field) = object.optional(name) else {
        return Ok(None);
    };
    let text = field.string()?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(Some(*value));
    }
    let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
    field.fail(format!("must be {}", words.join(" or ")))
}

fn read_id(field: &Field<'_>) -> Result<Box<str>, ConfigError> {
    let id = field.string()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if id.len() > 64 || !id.bytes().all(plain) {
        return field.fail("must be at most 64 characters of A-Z a-z 0-9 . _ -");
    }
    Ok(id.into())
}

fn read_algorithms(field: &Field<'_>, possible: AlgorithmSet) -> Result<AlgorithmSet, ConfigError> {
    let mut set = AlgorithmSet::default();
    for element in field.list()? {
        let wanted = element.value.as_str().and_then(Algorithm::from_name);
        let Some(alg) = wanted.filter(|alg| possible.contains(*alg)) else {
            let names: Vec<_> =
                Algorithm::ALL.iter().filter(|a| possible.contains(**a)).map(|a| a.name()).collect();
            return element.fail(format!("must be one of {}", names.join(" ")));
        };
        if set.contains(alg) {
            return element.fail("occurs twice");
        }
        set = set.with(alg);
    }
    Ok(set)
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
    if let [only] = &list[..] {
        if only.value.as_str().is_some_and(|s| s.is("*")) {
            return Ok(None);
        }
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
