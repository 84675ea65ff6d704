//! The policy document, version 1: checked whole when it is read, and never changed afterwards.

use super::attestor::{Attestor, Kind};
use super::reader::{Field, Object};
use super::spiffe::Spiffe;
use crate::credential::claims::Audience;
use crate::crypto::{AlgorithmSet, sha256};
use crate::error::ConfigError;
use crate::tally::Row;
use crate::trust::SourceKind;
use crate::verdict::Reason;
use crate::wire::json::{Limits, Tape};
use std::collections::BTreeMap;
use std::sync::Arc;

const MAX_BYTES: usize = 1 << 20;
pub(super) const DOCUMENT: Limits = Limits { depth: 16, members: 64 * 1024 };
/// The largest `limits.credential_bytes`.
pub(crate) const MAX_CREDENTIAL_BYTES: i64 = 65536;

/// A source that a policy names.
pub(crate) struct NamedSource {
    pub(crate) kind: SourceKind,
    pub(crate) name: Box<str>,
    /// The `max_staleness_secs` of every attestor that asks it.
    pub(crate) max_staleness: Vec<Option<u64>>,
}

/// A checked policy.
pub(crate) struct Policy {
    pub(crate) credential_bytes: usize,
    /// Of attestors that set none, and of passports.
    pub(crate) clock_skew: i64,
    pub(crate) chain_bytes: usize,
    pub(crate) json: Limits,
    pub(crate) attestors: Vec<Attestor>,
    /// SHA-256 of the document.
    pub(crate) digest: [u8; 32],
    /// Which of its verifier's policies it is; whoever keeps a verdict compares it.
    pub(crate) epoch: u64,
    /// What each attestor has come to, once a verifier has the policy.
    pub(crate) rows: Vec<Arc<Row>>,
    /// The sources that the attestors name, sorted.
    pub(crate) sources: Vec<NamedSource>,
    /// What any attestor's kind knows; each attestor's own set is checked once it is found.
    pub(crate) algorithms: AlgorithmSet,
    /// Attestors, by position, that list a trust domain.
    trust_domains: BTreeMap<Box<str>, Vec<usize>>,
    /// Attestors, by position, that take every trust domain.
    open: Vec<usize>,
    /// Attestors, by position, of an issuer, under each of its spellings.
    issuers: BTreeMap<Box<str>, Vec<usize>>,
    /// Attestors, by position, of passports alone.
    natives: Vec<usize>,
    /// Attestors, by position, whose issuer is a template.
    templates: Vec<usize>,
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
        let (credential_bytes, chain_bytes, json) = read_limits(&root)?;
        let list = root.required("attestors")?.list()?;
        let mut policy = Self {
            credential_bytes,
            clock_skew: skew,
            chain_bytes,
            json,
            attestors: Vec::with_capacity(list.len()),
            digest: sha256(document),
            epoch: 0,
            rows: Vec::new(),
            sources: Vec::new(),
            algorithms: AlgorithmSet::default(),
            trust_domains: BTreeMap::new(),
            open: Vec::new(),
            issuers: BTreeMap::new(),
            natives: Vec::new(),
            templates: Vec::new(),
        };
        for field in &list {
            policy.add(Attestor::read(field, skew)?, field)?;
        }
        policy.check_native(&list)?;
        policy.sources = policy.named_sources();
        Ok(policy)
    }

    fn named_sources(&self) -> Vec<NamedSource> {
        let mut named: BTreeMap<(SourceKind, &str), Vec<Option<u64>>> = BTreeMap::new();
        for attestor in &self.attestors {
            let own: Vec<_> = match &attestor.kind {
                Kind::Spiffe(spiffe) => spiffe
                    .trust_domains
                    .iter()
                    .flatten()
                    .map(|domain| (SourceKind::TrustDomain, &**domain))
                    .collect(),
                Kind::Oidc(oidc) => vec![(SourceKind::Issuer, &*oidc.issuer)],
                Kind::Native(_) => Vec::new(),
            };
            for name in own {
                named.entry(name).or_default().push(attestor.max_staleness);
            }
        }
        let source = |((kind, name), max_staleness): ((SourceKind, &str), _)| NamedSource {
            kind,
            name: name.into(),
            max_staleness,
        };
        named.into_iter().map(source).collect()
    }

    /// Whether an attestor names the source.
    pub(crate) fn names(&self, kind: SourceKind, name: &str) -> bool {
        self.sources.binary_search_by(|named| (named.kind, &*named.name).cmp(&(kind, name))).is_ok()
    }

    /// Adds an attestor that no other one overlaps: (source, audience) is unique.
    fn add(&mut self, attestor: Attestor, field: &Field<'_>) -> Result<(), ConfigError> {
        for other in &self.attestors {
            if other.id == attestor.id {
                return field.fail("another attestor has the same id");
            }
            if other.overlaps(&attestor) {
                return field.fail("another attestor has the same trust domain or issuer, and audience");
            }
        }
        let at = self.attestors.len();
        match &attestor.kind {
            Kind::Spiffe(Spiffe { trust_domains: None, .. }) => self.open.push(at),
            Kind::Spiffe(Spiffe { trust_domains: Some(domains), .. }) => {
                for domain in domains {
                    self.trust_domains.entry(domain.clone()).or_default().push(at);
                }
            }
            Kind::Native(_) => self.natives.push(at),
            Kind::Oidc(oidc) if oidc.template => self.templates.push(at),
            Kind::Oidc(oidc) => {
                for name in oidc.spellings() {
                    self.issuers.entry(name.into()).or_default().push(at);
                }
            }
        }
        self.algorithms = self.algorithms.union(match attestor.kind {
            Kind::Spiffe(_) => AlgorithmSet::jwt_svid(),
            Kind::Oidc(_) => AlgorithmSet::all(),
            Kind::Native(_) => AlgorithmSet::default(), // a passport never comes as the credential
        });
        self.attestors.push(attestor);
        Ok(())
    }

    /// Anybody can sign a passport: beside another attestor, `native` without pins is an open door.
    fn check_native(&self, list: &[Field<'_>]) -> Result<(), ConfigError> {
        if self.natives.len() == self.attestors.len() {
            return Ok(());
        }
        for (attestor, field) in self.attestors.iter().zip(list) {
            if matches!(&attestor.kind, Kind::Native(native) if native.pinned_keys.is_none()) {
                return field.fail(
                    "`native` beside another attestor needs `pinned_keys`: anybody can sign a passport",
                );
            }
        }
        Ok(())
    }

    /// Whether an audience that is named names us: one of any attestor's.
    pub(crate) fn is_audience(&self, audience: Audience<'_>) -> bool {
        audience.is_empty() || self.attestors.iter().any(|attestor| audience.matches(&attestor.audiences))
    }

    /// The attestor that judges a passport alone, picked by its audience.
    pub(crate) fn for_passport(&self, audience: Audience<'_>) -> Option<usize> {
        self.pick(self.natives.iter().copied(), audience)
    }

    /// The attestor that judges a subject of this trust domain: of those that list it, the one whose
    /// audience matches. Routing grants nothing: the audience is checked again in its turn.
    pub(crate) fn for_trust_domain(&self, trust_domain: &str, audience: Audience<'_>) -> Option<usize> {
        self.pick(self.of_trust_domain(trust_domain), audience)
    }

    /// Every attestor that takes this trust domain, by position: those that list it, then those that take all.
    pub(super) fn of_trust_domain(&self, trust_domain: &str) -> impl Iterator<Item = usize> + Clone {
        let listed = self.trust_domains.get(trust_domain).into_iter().flatten();
        listed.chain(&self.open).copied()
    }

    /// The attestor that judges a token of this issuer, picked likewise.
    pub(crate) fn for_issuer(&self, issuer: &str, audience: Audience<'_>) -> Option<usize> {
        let named = self.issuers.get(issuer).into_iter().flatten();
        let of_template = self.templates.iter().filter(|at| match &self.attestors[**at].kind {
            Kind::Oidc(oidc) => oidc.is_issuer(issuer),
            _ => false,
        });
        self.pick(named.chain(of_template).copied(), audience)
    }

    fn pick(&self, mut candidates: impl Iterator<Item = usize>, audience: Audience<'_>) -> Option<usize> {
        let first = candidates.next()?;
        let matches = |at: &usize| audience.matches(&self.attestors[*at].audiences);
        let mut others = candidates.peekable();
        // One alone judges, whatever its audiences.
        if others.peek().is_none() || matches(&first) {
            return Some(first);
        }
        Some(others.find(matches).unwrap_or(first))
    }

    /// Whether some attestor takes passports alone.
    pub(crate) fn has_natives(&self) -> bool {
        !self.natives.is_empty()
    }

    /// Whether some attestor takes tokens by their issuer.
    pub(crate) fn has_issuers(&self) -> bool {
        !self.issuers.is_empty() || !self.templates.is_empty()
    }

    /// Whether some attestor takes tokens by their trust domain.
    pub(crate) fn has_trust_domains(&self) -> bool {
        !self.trust_domains.is_empty() || !self.open.is_empty()
    }

    /// The position of the attestor with this id.
    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.attestors.iter().position(|attestor| *attestor.id == *id)
    }
}

fn read_limits(root: &Object<'_, '_>) -> Result<(usize, usize, Limits), ConfigError> {
    let (mut bytes, mut chain_bytes, mut depth, mut members) = (16384, 65536, 16, 256);
    if let Some(field) = root.optional("limits") {
        let limits = field.object(&["credential_bytes", "chain_bytes", "json_depth", "json_members"])?;
        bytes = limits.integer_or("credential_bytes", 256..=MAX_CREDENTIAL_BYTES, bytes)?;
        chain_bytes = limits.integer_or("chain_bytes", 1024..=262_144, chain_bytes)?;
        depth = limits.integer_or("json_depth", 2..=64, depth)?;
        members = limits.integer_or("json_members", 8..=4096, members)?;
    }
    let size = |n: i64| usize::try_from(n).unwrap_or_default(); // the ranges are positive
    Ok((size(bytes), size(chain_bytes), Limits { depth: size(depth), members: size(members) }))
}

#[cfg(test)]
mod tests {
    use super::super::spiffe::X509;
    use super::*;
    use crate::credential::x509_svid::Usage;
    use crate::crypto::Revocation;

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
                r#"{"version":1,"attestors":[{"id":"a","kind":"saml"}]}"#,
                "$.attestors[0].kind: must be `spiffe`, `oidc` or `native`: no other kind is supported by this version",
            ),
            (
                r#"{"version":1,"clock_skew_secs":301,"attestors":[]}"#,
                "$.clock_skew_secs: must be an integer from 0 to 300",
            ),
            (
                r#"{"version":1,"limits":{"chain_bytes":1},"attestors":[]}"#,
                "$.limits.chain_bytes: must be an integer from 1024 to 262144",
            ),
            (
                &with(r#","audience":["secret"]"#),
                "$.attestors[0].audience: unknown field (did you mean `audiences`?)",
            ),
            (
                &with(r#","strict_haeders":true"#),
                "$.attestors[0].strict_haeders: unknown field (did you mean `strict_headers`?)",
            ),
            (&with(r#","map":[]"#), "$.attestors[0].map: must not be empty"),
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
            (
                &with(r#","x509":{"eku":"secret"}"#),
                "$.attestors[0].x509.eku: must be `client` or `server` or `both` or `any`",
            ),
            (&with(r#","x509":{"crl":"secret"}"#), "$.attestors[0].x509.crl: must be `soft` or `hard`"),
            (
                &with(r#","x509":{"leeway_secs":301}"#),
                "$.attestors[0].x509.leeway_secs: must be an integer from 0 to 300",
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
    fn settings_of_x509_and_their_defaults() {
        let read = |rest: &str| {
            let policy = Policy::read(with(rest).as_bytes()).unwrap();
            assert_eq!(policy.chain_bytes, 65536);
            match &policy.attestors[0].kind {
                Kind::Spiffe(spiffe) => spiffe.x509,
                _ => unreachable!(),
            }
        };
        assert_eq!(read(""), X509::default());
        let (leeway, usage, revocation) = (300, Usage::Both, Revocation::Hard);
        let all = r#","x509":{"leeway_secs":300,"eku":"both","crl":"hard"}"#;
        assert_eq!(read(all), X509 { leeway, usage, revocation });
        let limited = r#"{"version":1,"limits":{"chain_bytes":1024},"#;
        let policy = with("").replace(r#"{"version":1,"#, limited);
        assert_eq!(Policy::read(policy.as_bytes()).unwrap().chain_bytes, 1024);
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
                "$.attestors[1]: another attestor has the same trust domain or issuer, and audience"
            );
        }
        let same_id = two(plain, r#""audiences":["z"],"trust_domains":["td"]"#).replace("\"b\"", "\"a\"");
        assert_eq!(detail(&same_id), "$.attestors[1]: another attestor has the same id");
    }
}
