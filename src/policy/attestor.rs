//! One way in: which credentials an attestor takes, and what every kind asks of them.

use super::allow::Allow;
use super::map::{self, Map};
use super::native::Native;
use super::oidc::Oidc;
use super::projection::Projected;
use super::reader::{Field, MAX_SECS, Object};
use super::spiffe::Spiffe;
use crate::crypto::{Algorithm, AlgorithmSet};
use crate::error::ConfigError;
use crate::wire::json::Value;

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
    /// How long after its soft age a bundle is used; by default the bundle's own hard age counts.
    pub(crate) max_staleness: Option<u64>,
    pub(crate) accept_unbound_cnf: bool,
    /// `None` admits whoever verifies.
    pub(crate) allow: Option<Allow>,
    pub(crate) map: Option<Map>,
    /// Who has no entry in `map` may not enter.
    pub(crate) map_required: bool,
    pub(crate) evidence: Vec<Projected>,
    pub(crate) binding: Binding,
    pub(crate) kind: Kind,
}

/// What is particular to a kind of credential.
pub(crate) enum Kind {
    Spiffe(Spiffe),
    Oidc(Oidc),
    Native(Native),
}

/// What ties a credential to the passport it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// The passport's key is compared only where a `cnf` that must be satisfied names one.
    None,
    /// A `cnf` must name the passport's key whenever there is a passport.
    Cnf,
    /// `aud` must hold the thumbprint of the passport's key.
    Audience,
}

const COMMON: &[&str] = &["id", "kind", "audiences", "clock_skew_secs", "map", "map_required", "evidence"];
const EXTERNAL: &[&str] = &[
    "algorithms",
    "kid_policy",
    "strict_headers",
    "max_lifetime_secs",
    "max_token_age_secs",
    "max_iat_future_secs",
    "max_staleness_secs",
    "passport_binding",
    "accept_unbound_cnf",
    "allow",
];
impl Attestor {
    pub(crate) fn read(field: &Field<'_>, default_skew: i64) -> Result<Self, ConfigError> {
        // The kind decides which fields there are, so it is looked at before the names are.
        let is =
            |name: &str| field.value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.is(name));
        if is("native") {
            return Self::read_native(field, default_skew);
        }
        let oidc = is("oidc");
        let own = if oidc { Oidc::FIELDS } else { Spiffe::FIELDS };
        let object = field.object(&[COMMON, EXTERNAL, own].concat())?;
        let id = read_id(&object.required("id")?)?;
        let kind = object.required("kind")?;
        if !oidc && kind.string()? != "spiffe" {
            return kind
                .fail("must be `spiffe`, `oidc` or `native`: no other kind is supported by this version");
        }
        let seconds =
            |name: &str, least| object.optional(name).map(|f| f.integer(least..=MAX_SECS)).transpose();
        let possible = if oidc { AlgorithmSet::all() } else { AlgorithmSet::jwt_svid() };
        let algorithms = object.optional("algorithms");
        let bindings = [("none", Binding::None), ("cnf", Binding::Cnf), ("audience", Binding::Audience)];
        let kind = if oidc { Kind::Oidc(Oidc::read(&object)?) } else { Kind::Spiffe(Spiffe::read(&object)?) };
        let read_allow = |field: Field<'_>| match &kind {
            Kind::Spiffe(spiffe) => Allow::read_spiffe(&field, |domain| spiffe.takes_domain(domain)),
            _ => Allow::read_oidc(&field),
        };
        let allow = object.optional("allow").map(read_allow).transpose()?;
        if let Kind::Oidc(oidc) = &kind {
            oidc.check_open(&object, allow.is_some())?;
        }
        let (map, evidence) = read_grants(&object, &kind)?;
        Ok(Self {
            id,
            audiences: object.required("audiences")?.strings()?,
            algorithms: algorithms.map_or(Ok(possible), |f| read_algorithms(&f, possible))?,
            single_key: object
                .one_of("kid_policy", &[("required", false), ("single", true)])?
                .unwrap_or(false),
            strict_headers: object.boolean_or("strict_headers", false)?,
            clock_skew: object.integer_or("clock_skew_secs", 0..=300, default_skew)?,
            max_lifetime: seconds("max_lifetime_secs", 1)?,
            max_token_age: seconds("max_token_age_secs", 1)?,
            max_iat_future: seconds("max_iat_future_secs", 0)?,
            max_staleness: seconds("max_staleness_secs", 0)?.and_then(|secs| u64::try_from(secs).ok()),
            accept_unbound_cnf: object.boolean_or("accept_unbound_cnf", false)?,
            allow,
            map_required: read_map_required(&object, map.as_ref())?,
            map,
            evidence,
            binding: object.one_of("passport_binding", &bindings)?.unwrap_or(Binding::Cnf),
            kind,
        })
    }

    fn read_native(field: &Field<'_>, default_skew: i64) -> Result<Self, ConfigError> {
        let object = field.object(&[COMMON, Native::FIELDS].concat())?;
        let id = read_id(&object.required("id")?)?;
        let kind = Kind::Native(Native::read(&object)?);
        let (map, evidence) = read_grants(&object, &kind)?;
        Ok(Self {
            id,
            audiences: object.optional("audiences").map_or(Ok(Vec::new()), |field| field.strings())?,
            algorithms: AlgorithmSet::ed25519(),
            single_key: false,
            strict_headers: true,
            clock_skew: object.integer_or("clock_skew_secs", 0..=300, default_skew)?,
            max_lifetime: None,
            max_token_age: None,
            max_iat_future: None,
            max_staleness: None,
            accept_unbound_cnf: false,
            allow: None,
            map_required: read_map_required(&object, map.as_ref())?,
            map,
            evidence,
            binding: Binding::None,
            kind,
        })
    }

    /// Whether one token could be meant for either: a shared source and a shared audience.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let source = match (&self.kind, &other.kind) {
            (Kind::Spiffe(ours), Kind::Spiffe(theirs)) => ours.shares_domain(theirs),
            (Kind::Oidc(ours), Kind::Oidc(theirs)) => ours.shares_issuer(theirs),
            (Kind::Native(_), Kind::Native(_)) => {
                return self.audiences.is_empty()
                    || other.audiences.is_empty()
                    || self.shares_audience(other);
            }
            _ => false,
        };
        source && self.shares_audience(other)
    }

    fn shares_audience(&self, other: &Self) -> bool {
        self.audiences.iter().any(|audience| other.audiences.contains(audience))
    }
}

/// `map` and `evidence`: what an allow is worth. One name in evidence has one meaning.
fn read_grants(object: &Object<'_, '_>, kind: &Kind) -> Result<(Option<Map>, Vec<Projected>), ConfigError> {
    let check = |field: &Field<'_>, leading: &str| match kind {
        Kind::Spiffe(spiffe) => map::check_spiffe(field, leading, |domain| spiffe.takes_domain(domain)),
        _ => Ok(()),
    };
    let map = object.optional("map").map(|field| Map::read(&field, check)).transpose()?;
    let Some(field) = object.optional("evidence") else {
        return Ok((map, Vec::new()));
    };
    let profile = match kind {
        Kind::Oidc(oidc) => Some(oidc.profile),
        _ => None,
    };
    let evidence = Projected::read_all(&field, profile)?;
    let twice = |name: &str| map.as_ref().is_some_and(|map| map.captures(name));
    match evidence.iter().position(|projected| twice(&projected.name)) {
        Some(at) => field.fail(format!("<{at}> has the name of a capture of `map`")),
        None => Ok((map, evidence)),
    }
}

fn read_map_required(object: &Object<'_, '_>, map: Option<&Map>) -> Result<bool, ConfigError> {
    let required = object.boolean_or("map_required", false)?;
    if required && map.is_none() {
        return object.required("map_required")?.fail("there is no `map`: nobody could enter");
    }
    Ok(required)
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
