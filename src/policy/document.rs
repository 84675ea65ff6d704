//! The policy document, version 1: checked whole when it is read, and never changed afterwards.

use super::reader::{Field, Object};
use crate::credential::claims::Audience;
use crate::credential::spiffe_id;
use crate::crypto::{Algorithm, AlgorithmSet, sha256};
use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::json::{Limits, Tape};
use std::collections::HashMap;

const MAX_BYTES: usize = 1 << 20;
const DOCUMENT: Limits = Limits { depth: 16, members: 64 * 1024 };
/// The largest `limits.credential_bytes`.
pub(crate) const MAX_CREDENTIAL_BYTES: i64 = 65536;
/// Ten years: no limit on a duration needs more.
const MAX_SECS: i64 = 10 * 366 * 86400;

/// A checked policy.
pub(crate) struct Policy {
    pub(crate) credential_bytes: usize,
    pub(crate) json: Limits,
    pub(crate) attestors: Vec<Attestor>,
    /// SHA-256 of the document.
    pub(crate) digest: [u8; 32],
    /// Attestors, by position, that list a trust domain.
    routes: HashMap<Box<str>, Vec<usize>>,
    /// Attestors, by position, that take every trust domain.
    open: Vec<usize>,
}

/// One way in: which credentials, and what is asked of them.
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
    pub(crate) require_path: bool,
    pub(crate) local_trust_domain: Option<Box<str>>,
    /// `None` is every domain the store has.
    trust_domains: Option<Vec<Box<str>>>,
}

impl Policy {
    /// Reads and checks a document.
    pub(crate) fn read(document: &[u8]) -> Result<Self, ConfigError> {
        let invalid = |what: &str| ConfigError::new(Reason::ConfigInvalid, format!("$: {what}"));
        if document.len() > MAX_BYTES {
            return Err(invalid("larger than 1 MiB"));
        }
        let mut tape = Tape::default();
        let value = tape.read(document, DOCUMENT).map_err(|reason| invalid(reason.phrase()))?;
        let field = Field { value, path: "$".into() };
        let root = field.object(&["version", "clock_skew_secs", "limits", "attestors"])?;
        root.required("version")?.integer(1..=1)?;
        let skew = root.integer_or("clock_skew_secs", 0..=300, 60)?;
        let (credential_bytes, json) = read_limits(&root)?;
        let list = root.required("attestors")?.list()?;
        let mut policy = Self {
            credential_bytes,
            json,
            attestors: Vec::with_capacity(list.len()),
            digest: sha256(document),
            routes: HashMap::new(),
            open: Vec::new(),
        };
        for field in &list {
            policy.add(Attestor::read(field, skew)?, field)?;
        }
        Ok(policy)
    }

    /// Adds an attestor that no other one overlaps: (trust domain, audience) is unique.
    fn add(&mut self, attestor: Attestor, field: &Field<'_>) -> Result<(), ConfigError> {
        for other in &self.attestors {
            if other.id == attestor.id {
                return field.fail("another attestor has the same id");
            }
            let same_audience = other.audiences.iter().any(|a| attestor.audiences.contains(a));
            if same_audience && other.shares_domain(&attestor) {
                return field.fail("another attestor has the same trust domain and audience");
            }
        }
        let at = self.attestors.len();
        match &attestor.trust_domains {
            None => self.open.push(at),
            Some(domains) => {
                for domain in domains {
                    self.routes.entry(domain.clone()).or_default().push(at);
                }
            }
        }
        self.attestors.push(attestor);
        Ok(())
    }

    /// The one attestor that judges a subject of this trust domain: of those that list it, the one whose
    /// audience matches. Routing grants nothing: the audience is checked again in its turn.
    pub(crate) fn route(&self, trust_domain: &str, audience: Audience<'_>) -> Result<usize, Reason> {
        let listed = self.routes.get(trust_domain).into_iter().flatten();
        let mut candidates = listed.chain(&self.open).copied().peekable();
        let first = *candidates.peek().ok_or(Reason::TrustDomainUnknown)?;
        Ok(candidates.find(|at| audience.matches(&self.attestors[*at].audiences)).unwrap_or(first))
    }

    /// The position of the attestor with this id.
    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.attestors.iter().position(|attestor| *attestor.id == *id)
    }
}

fn read_limits(root: &Object<'_, '_>) -> Result<(usize, Limits), ConfigError> {
    let (mut bytes, mut depth, mut members) = (16384, 16, 256);
    if let Some(field) = root.optional("limits") {
        let limits = field.object(&["credential_bytes", "json_depth", "json_members"])?;
        bytes = limits.integer_or("credential_bytes", 256..=MAX_CREDENTIAL_BYTES, bytes)?;
        depth = limits.integer_or("json_depth", 2..=64, depth)?;
        members = limits.integer_or("json_members", 8..=4096, members)?;
    }
    let size = |n: i64| usize::try_from(n).unwrap_or_default(); // the ranges are positive
    Ok((size(bytes), Limits { depth: size(depth), members: size(members) }))
}

const FIELDS: &[&str] = &[
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
    "trust_domains",
    "local_trust_domain",
    "require_path",
];

impl Attestor {
    fn read(field: &Field<'_>, default_skew: i64) -> Result<Self, ConfigError> {
        let object = field.object(FIELDS)?;
        let id = read_id(&object.required("id")?)?;
        let kind = object.required("kind")?;
        if kind.string()? != "spiffe" {
            return kind.fail("only the kind `spiffe` is supported by this version");
        }
        let seconds =
            |name: &str, least| object.optional(name).map(|f| f.integer(least..=MAX_SECS)).transpose();
        Ok(Self {
            id,
            audiences: object.required("audiences")?.strings()?,
            algorithms: object
                .optional("algorithms")
                .map_or(Ok(AlgorithmSet::all()), |f| read_algorithms(&f))?,
            single_key: object.optional("kid_policy").map_or(Ok(false), |f| read_kid_policy(&f))?,
            strict_headers: object.boolean_or("strict_headers", false)?,
            clock_skew: object.integer_or("clock_skew_secs", 0..=300, default_skew)?,
            max_lifetime: seconds("max_lifetime_secs", 1)?,
            max_token_age: seconds("max_token_age_secs", 1)?,
            max_iat_future: seconds("max_iat_future_secs", 0)?,
            accept_unbound_cnf: object.boolean_or("accept_unbound_cnf", false)?,
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

fn read_id(field: &Field<'_>) -> Result<Box<str>, ConfigError> {
    let id = field.string()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if id.len() > 64 || !id.bytes().all(plain) {
        return field.fail("must be at most 64 characters of A-Z a-z 0-9 . _ -");
    }
    Ok(id.into())
}

fn read_kid_policy(field: &Field<'_>) -> Result<bool, ConfigError> {
    match field.string()?.as_str() {
        "required" => Ok(false),
        "single" => Ok(true),
        _ => field.fail("must be `required` or `single`"),
    }
}

fn read_algorithms(field: &Field<'_>) -> Result<AlgorithmSet, ConfigError> {
    let mut set = AlgorithmSet::default();
    for element in field.list()? {
        let Some(alg) = element.value.as_str().and_then(Algorithm::from_name) else {
            return element.fail("must be one of RS256 RS384 RS512 ES256 ES384 ES512 PS256 PS384 PS512");
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

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(document: &str) -> String {
        let error = Policy::read(document.as_bytes()).err().expect("a refusal");
        assert_eq!(error.reason(), Reason::ConfigInvalid);
        error.detail().to_owned()
    }

    fn with(attestor: &str) -> String {
        format!(
            r#"{{"version":1,"attestors":[{{"id":"a","kind":"spiffe","audiences":["x"],"trust_domains":["td"]{attestor}}}]}}"#
        )
    }

    #[test]
    fn errors_name_the_path_and_no_value() {
        for (document, expected) in [
            ("", "$: invalid JSON"),
            (r#"{"version":1,"version":1}"#, "$: duplicate JSON member"),
            (r#"{"attestors":[]}"#, "$: `version` is required"),
            (r#"{"version":2,"attestors":[]}"#, "$.version: must be an integer from 1 to 1"),
            (r#"{"version":1}"#, "$: `attestors` is required"),
            (r#"{"version":1,"attestors":[]}"#, "$.attestors: must not be empty"),
            (r#"{"version":1,"attestors":[7]}"#, "$.attestors[0]: must be an object, not a number"),
            (
                r#"{"version":1,"attestors":[{"id":"a","kind":"oidc"}]}"#,
                "$.attestors[0].kind: only the kind `spiffe` is supported by this version",
            ),
            (
                r#"{"version":1,"clock_skew_secs":301,"attestors":[]}"#,
                "$.clock_skew_secs: must be an integer from 0 to 300",
            ),
            (
                r#"{"version":1,"limits":{"chain_bytes":1},"attestors":[]}"#,
                "$.limits.chain_bytes: unknown field",
            ),
            (
                &with(r#","audience":["secret"]"#),
                "$.attestors[0].audience: unknown field (did you mean `audiences`?)",
            ),
            (
                &with(r#","strict_haeders":true"#),
                "$.attestors[0].strict_haeders: unknown field (did you mean `strict_headers`?)",
            ),
            (&with(r#","allow":{}"#), "$.attestors[0].allow: unknown field"),
            (
                &with(r#","algorithms":["secret"]"#),
                "$.attestors[0].algorithms[0]: must be one of RS256 RS384 RS512 ES256 ES384 ES512 PS256 PS384 PS512",
            ),
            (&with(r#","algorithms":["ES256","ES256"]"#), "$.attestors[0].algorithms[1]: occurs twice"),
            (&with(r#","kid_policy":"secret""#), "$.attestors[0].kid_policy: must be `required` or `single`"),
            (
                &with(r#","max_lifetime_secs":"1""#),
                "$.attestors[0].max_lifetime_secs: must be an integer, not a string",
            ),
            (
                &with(r#","max_lifetime_secs":1.5"#),
                "$.attestors[0].max_lifetime_secs: must be an integer from 1 to 316224000",
            ),
            (&with(r#","require_path":null"#), "$.attestors[0].require_path: must be a boolean, not null"),
            (
                &with(r#","local_trust_domain":"Secret""#),
                "$.attestors[0].local_trust_domain: not a trust domain: SPIFFE ID trust domain has a forbidden character",
            ),
            (&with("").replace("\"x\"", ""), "$.attestors[0].audiences: must not be empty"),
            (&with("").replace("\"x\"", "\"\""), "$.attestors[0].audiences[0]: must not be empty"),
            (&with("").replace("\"x\"", "\"x\",\"x\""), "$.attestors[0].audiences[1]: occurs twice"),
            (
                &with("").replace("\"td\"", "\"td\",\"*\""),
                "$.attestors[0].trust_domains[1]: not a trust domain: SPIFFE ID trust domain has a forbidden character",
            ),
        ] {
            assert_eq!(detail(document), expected, "{document}");
        }
    }

    #[test]
    fn attestors_do_not_overlap() {
        let two = |first: &str, second: &str| {
            let one = |id: &str, rest: &str| format!(r#"{{"id":"{id}","kind":"spiffe",{rest}}}"#);
            format!(r#"{{"version":1,"attestors":[{},{}]}}"#, one("a", first), one("b", second))
        };
        let plain = r#""audiences":["x","y"],"trust_domains":["td"]"#;
        assert!(Policy::read(two(plain, r#""audiences":["z"],"trust_domains":["td"]"#).as_bytes()).is_ok());
        assert!(
            Policy::read(two(plain, r#""audiences":["x"],"trust_domains":["other"]"#).as_bytes()).is_ok()
        );
        for other in [
            r#""audiences":["y"],"trust_domains":["spiffe://td"]"#,
            r#""audiences":["y"],"trust_domains":["*"]"#,
        ] {
            assert_eq!(
                detail(&two(plain, other)),
                "$.attestors[1]: another attestor has the same trust domain and audience"
            );
        }
        let same_id = two(plain, r#""audiences":["z"],"trust_domains":["td"]"#).replace("\"b\"", "\"a\"");
        assert_eq!(detail(&same_id), "$.attestors[1]: another attestor has the same id");
    }
}
