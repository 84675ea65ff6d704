//! The linter: policies that are valid and still let in more than their author thinks.
//!
//! It reads the document again, as JSON: what is judged is what was written, absent fields included.

use super::document::{DOCUMENT, Policy};
use crate::error::ConfigError;
use crate::wire::json::{Str, Tape, Value};
use core::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// A habit that has hurt others, or a rule that does nothing.
    Warning,
    /// Somebody may enter who should not.
    Danger,
}

impl Severity {
    /// `warning` or `danger`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule's stable machine name.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where in the document, as in the errors of a policy; never a value.
    pub path: String,
    /// Why it matters and what to do.
    pub message: &'static str,
}

/// Looks a policy over, in the order of the document.
///
/// # Errors
/// `config_invalid`: the document is no policy.
pub fn lint(policy: &[u8]) -> Result<Vec<Finding>, ConfigError> {
    Policy::read(policy)?;
    let mut tape = Tape::default();
    Ok(lint_document(tape.read(policy, DOCUMENT)?))
}

fn lint_document(policy: Value<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    let attestors: Vec<Attestor<'_>> = policy
        .get("attestors")
        .into_iter()
        .flat_map(Value::elements)
        .enumerate()
        .map(|(at, value)| Attestor { value, path: format!("$.attestors[{at}]") })
        .collect();
    for (at, attestor) in attestors.iter().enumerate() {
        let before = &attestors[..at];
        check_admission(attestor, &mut findings);
        check_claim_rules(attestor, &mut findings);
        check_foreign_claims(attestor, &mut findings);
        check_audiences(attestor, before, &mut findings);
        check_issuer(attestor, before, &mut findings);
        check_binding(attestor, &mut findings);
        check_map(attestor, &mut findings);
    }
    findings.0
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn warning(&mut self, rule: &'static str, path: impl Into<String>, message: &'static str) {
        self.0.push(Finding { rule, severity: Severity::Warning, path: path.into(), message });
    }

    fn danger(&mut self, rule: &'static str, path: impl Into<String>, message: &'static str) {
        self.0.push(Finding { rule, severity: Severity::Danger, path: path.into(), message });
    }
}

/// A provider where anybody can have tokens made, with an audience of their choice.
struct Public {
    profile: &'static str,
    /// The issuer, and whatever begins with it and a slash.
    issuer: &'static str,
    /// Claims that name a tenant for good.
    ids: &'static [&'static str],
    /// Claims whose names can be given up and taken by somebody else.
    names: &'static [&'static str],
}

const PUBLIC: &[Public] = &[
    Public {
        profile: "github",
        issuer: "https://token.actions.githubusercontent.com",
        ids: &["/repository_id", "/repository_owner_id", "/enterprise_id"],
        names: &[
            "/repository",
            "/repository_owner",
            "/enterprise",
            "/job_workflow_ref",
            "/workflow_ref",
            "/sub",
        ],
    },
    Public {
        profile: "gitlab",
        issuer: "https://gitlab.com",
        ids: &["/project_id", "/namespace_id"],
        names: &["/project_path", "/namespace_path", "/ci_config_ref_uri", "/sub"],
    },
    Public {
        profile: "google",
        issuer: "https://accounts.google.com",
        ids: &["/sub", "/azp"],
        names: &["/email", "/hd"],
    },
];

/// One element of `attestors`. A field that is absent, or of another type than the policy's reader takes, reads as
/// nothing.
struct Attestor<'a> {
    value: Value<'a>,
    path: String,
}

impl<'a> Attestor<'a> {
    fn is_kind(&self, kind: &str) -> bool {
        self.is("kind", kind)
    }

    fn is(&self, name: &str, text: &str) -> bool {
        self.value.get(name).and_then(Value::as_str).is_some_and(|value| value.is(text))
    }

    fn is_true(&self, name: &str) -> bool {
        self.value.get(name).and_then(Value::as_bool) == Some(true)
    }

    fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some()
    }

    fn text(&self, name: &str) -> Option<String> {
        Some(self.value.get(name)?.as_str()?.decode())
    }

    /// The elements of a list inside `allow`.
    fn allow(&self, name: &str) -> Vec<Value<'a>> {
        self.value
            .get("allow")
            .and_then(|allow| allow.get(name))
            .into_iter()
            .flat_map(Value::elements)
            .collect()
    }

    /// The elements of a list that are strings.
    fn strings(&self, name: &str) -> Vec<String> {
        strings(self.value.get(name))
    }

    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.path)
    }

    fn public(&self) -> Option<&'static Public> {
        let issuer = self.text("issuer").unwrap_or_default();
        let below = |public: &Public| {
            let rest = issuer.strip_prefix(public.issuer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        PUBLIC.iter().find(|public| self.is("profile", public.profile) || below(public))
    }

    /// Whether claims are read of a trust domain that is not the local one.
    fn has_foreign_domains(&self) -> bool {
        let domains = self.strings("trust_domains");
        let local = self.text("local_trust_domain").or_else(|| domains.first().cloned());
        let bare = |name: &str| name.strip_prefix("spiffe://").unwrap_or(name).to_owned();
        let local = local.map(|name| bare(&name));
        domains.iter().any(|domain| domain == "*" || Some(bare(domain)) != local)
    }
}

fn strings(list: Option<Value<'_>>) -> Vec<String> {
    list.into_iter().flat_map(Value::elements).filter_map(|e| Some(e.as_str()?.decode())).collect()
}

/// Who may enter at all.
fn check_admission(attestor: &Attestor<'_>, findings: &mut Findings) {
    if attestor.is_true("open") {
        findings.danger(
            "open",
            attestor.path(".open"),
            "whoever has a token of this issuer may enter, and anybody can get one: name subjects, claims or tenants",
        );
    }
    let native = attestor.is_kind("native");
    if native && !attestor.has("pinned_keys") {
        findings.danger(
            "native_unpinned",
            attestor.path.as_str(),
            "anybody can make a key and a passport: list `pinned_keys`, or use an attestor that proves more",
        );
    }
    if native && !attestor.has("audiences") {
        findings.warning(
            "native_no_audience",
            attestor.path.as_str(),
            "a passport without `aud` is good anywhere, and whoever has seen it can show it: set `audiences`",
        );
    }
    if !native && !attestor.has("allow") {
        no_allow(attestor, findings);
    }
    let any_domain = attestor.strings("trust_domains").iter().any(|domain| domain == "*");
    if any_domain {
        let path = attestor.path(".trust_domains");
        let message = "every trust domain that is ever fed may enter, federated ones too: list them";
        let bounded = attestor.has("allow") && attestor.allow("claims").is_empty();
        if bounded {
            findings.warning("any_trust_domain", path, message);
        } else {
            findings.danger("any_trust_domain", path, message);
        }
    }
    for (at, prefix) in attestor.allow("prefixes").iter().enumerate() {
        let prefix = prefix.as_str().map(Str::decode).unwrap_or_default();
        let domain = prefix.strip_prefix("spiffe://").unwrap_or_default();
        if !domain.trim_end_matches('/').contains('/') {
            findings.warning(
                "open_prefix",
                attestor.path(&format!(".allow.prefixes[{at}]")),
                "the prefix is a whole trust domain: every workload of it may enter",
            );
        }
    }
}

fn no_allow(attestor: &Attestor<'_>, findings: &mut Findings) {
    let path = attestor.path.as_str();
    if attestor.public().is_some() && !attestor.has("tenants") {
        if !attestor.is_true("open") {
            findings.danger(
                "no_allow",
                path,
                "anybody can have this issuer make a token for your audience: say in `allow` who may enter",
            );
        }
    } else {
        findings.warning(
            "no_allow",
            path,
            "without `allow` every workload of the trust domain or issuer may enter that can ask for your audience",
        );
    }
}

/// Rules on names that somebody else can take over.
fn check_claim_rules(attestor: &Attestor<'_>, findings: &mut Findings) {
    const NAMES: &str = "names can be given up and registered by somebody else: pin the owner's or repository's id in the same rule";
    let Some(public) = attestor.public() else { return };
    for (at, subject) in attestor.allow("subjects").iter().enumerate() {
        let subject = subject.as_str().map(Str::decode).unwrap_or_default();
        if is_name_only(public, &subject) {
            findings.danger("name_only_rule", attestor.path(&format!(".allow.subjects[{at}]")), NAMES);
        }
    }
    for (at, rule) in attestor.allow("claims").iter().enumerate() {
        let has = |pointers: &[&str]| rule.members().any(|(name, _)| pointers.iter().any(|p| name.is(p)));
        let path = attestor.path(&format!(".allow.claims[{at}]"));
        if has(public.ids) {
            continue;
        }
        if has(public.names) {
            findings.danger("name_only_rule", path, NAMES);
        } else if !attestor.has("tenants") {
            findings.danger(
                "stranger_rule",
                path,
                "nothing in the rule says whose token it is, and anybody can have this issuer make one that fits",
            );
        }
    }
}

/// `repo:OWNER/NAME:…` and `project_path:GROUP/NAME:…` name; `repo:OWNER@ID/NAME@ID:…` and subjects of ids do not.
fn is_name_only(public: &Public, subject: &str) -> bool {
    let mut parts = subject.split(':');
    let name = match (public.profile, parts.next()) {
        ("github", Some("repo" | "repository" | "repository_owner"))
        | ("gitlab", Some("project_path" | "namespace_path")) => parts.next().unwrap_or_default(),
        _ => return false,
    };
    // The rest of a subject that was composed by the owner may hold the id.
    let has_id = parts.any(|part| public.ids.iter().any(|id| id.strip_prefix('/') == Some(part)));
    let numbered = |segment: &str| {
        let id = segment.rsplit_once('@').map_or("", |(_, id)| id);
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())
    };
    !has_id && !name.split('/').next().is_some_and(numbered)
}

/// What another domain's authority says of its workloads is that authority's word alone.
fn check_foreign_claims(attestor: &Attestor<'_>, findings: &mut Findings) {
    if !attestor.is_kind("spiffe") || !attestor.has_foreign_domains() {
        return;
    }
    for (name, rule) in [("evidence", "foreign_evidence"), ("allow.claims", "foreign_claim_rule")] {
        let used = match name {
            "evidence" => attestor.has(name),
            _ => !attestor.allow("claims").is_empty(),
        };
        if used {
            findings.danger(
                rule,
                attestor.path(&format!(".{name}")),
                "a foreign trust domain can put any claim into its tokens: read claims of `local_trust_domain` only, \
                 in an attestor of its own",
            );
        }
    }
}

/// Words that many a service calls itself by.
const GENERIC: &[&str] = &[
    "account",
    "agent",
    "agents",
    "any",
    "api",
    "app",
    "aud",
    "audience",
    "auth",
    "backend",
    "client",
    "default",
    "dev",
    "example",
    "internal",
    "kubernetes",
    "local",
    "localhost",
    "oidc",
    "prod",
    "production",
    "server",
    "service",
    "spiffe",
    "staging",
    "svc",
    "test",
    "testing",
    "vault",
    "web",
    "workload",
];

/// Audiences of somebody else's service, whose tokens are everywhere.
const FOREIGN: &[&str] = &[
    "sts.amazonaws.com",
    "sts.amazonaws.com.cn",
    "sigstore",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "https://kubernetes.default.svc",
    "https://kubernetes.default.svc.cluster.local",
    "https://kubernetes.default",
    "api://AzureADTokenExchange",
    "https://management.azure.com",
    "https://graph.microsoft.com",
    "https://gitlab.com",
    "https://vault.hashicorp.com",
    "https://pypi.org",
    "pypi",
];
const FOREIGN_BELOW: &[&str] = &[
    "https://github.com",
    "https://iam.googleapis.com",
    "//iam.googleapis.com",
    "https://container.googleapis.com",
];

fn check_audiences(attestor: &Attestor<'_>, before: &[Attestor<'_>], findings: &mut Findings) {
    for (at, audience) in attestor.strings("audiences").iter().enumerate() {
        let path = attestor.path(&format!(".audiences[{at}]"));
        if is_foreign_audience(audience) {
            findings.danger(
                "foreign_audience",
                path.as_str(),
                "tokens for somebody else's service carry this audience, and each holder could enter here: \
                 use a name that only this control plane has",
            );
        } else if GENERIC.iter().any(|word| audience.eq_ignore_ascii_case(word)) {
            findings.danger(
                "generic_audience",
                path.as_str(),
                "other services call themselves that too, and could show the tokens they are sent here: \
                 use a name that only this control plane has",
            );
        } else if is_hostname(audience) {
            findings.warning(
                "hostname_audience",
                path.as_str(),
                "a host's name or address is the audience of all that listens there: \
                 use a name that only this control plane has",
            );
        }
        if before.iter().any(|other| other.strings("audiences").contains(audience)) {
            findings.warning(
                "shared_audience",
                path,
                "another attestor takes this audience too: with one for each, a token cannot be meant for both",
            );
        }
    }
}

fn is_foreign_audience(audience: &str) -> bool {
    let bare = audience.strip_suffix('/').unwrap_or(audience);
    let below = |root: &&str| bare.strip_prefix(*root).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    FOREIGN.contains(&bare) || FOREIGN_BELOW.iter().any(below)
}

/// `host.name`, with or without a port, or the address of a whole host.
fn is_hostname(audience: &str) -> bool {
    let scheme = ["https://", "http://"].iter().find_map(|scheme| audience.strip_prefix(scheme));
    let host = scheme.unwrap_or(audience);
    let host = host.strip_suffix('/').unwrap_or(host);
    let (host, port) = host.split_once(':').unwrap_or((host, "1"));
    let label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let dotted = scheme.is_some() || host.contains('.');
    dotted && host.split('.').all(label) && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

fn check_issuer(attestor: &Attestor<'_>, before: &[Attestor<'_>], findings: &mut Findings) {
    let spellings = |attestor: &Attestor<'_>| -> Vec<String> {
        attestor.text("issuer").into_iter().chain(attestor.strings("issuer_aliases")).collect()
    };
    let ours = spellings(attestor);
    let twin = |a: &String, b: &String| a != b && a.trim_end_matches('/') == b.trim_end_matches('/');
    let slashes = |other: &Attestor<'_>| {
        let theirs = spellings(other);
        // Whoever lists both spellings knows of both.
        let knows = |list: &[String]| list.iter().any(|a| list.iter().any(|b| twin(a, b)));
        !knows(&ours) && !knows(&theirs) && ours.iter().any(|a| theirs.iter().any(|b| twin(a, b)))
    };
    if before.iter().any(slashes) {
        findings.warning(
            "issuer_slash",
            attestor.path(".issuer"),
            "another attestor's issuer differs by a trailing slash only: an issuer spells its name one way, \
             and the other attestor will never see a token",
        );
    }
    let kubernetes = attestor.is("profile", "kubernetes");
    if kubernetes && !attestor.has("max_lifetime_secs") {
        findings.warning(
            "kubernetes_lifetime",
            attestor.path.as_str(),
            "service account tokens may live a year, and outlive their pod: set `max_lifetime_secs`",
        );
    }
}

fn check_binding(attestor: &Attestor<'_>, findings: &mut Findings) {
    if attestor.is_true("accept_unbound_cnf") {
        findings.warning(
            "accept_unbound_cnf",
            attestor.path(".accept_unbound_cnf"),
            "a credential that its issuer bound to a key is taken from whoever holds it",
        );
    }
}

/// One entry of `map`, as far as it says whom it matches and what they get.
struct MapRule {
    /// Literal segments and their separators; `None` for a capture.
    pattern: Vec<Option<String>>,
    /// It has conditions beside `match`.
    conditional: bool,
    /// What it gives, captures by their place in the pattern.
    grants: (String, Vec<String>),
}

fn check_map(attestor: &Attestor<'_>, findings: &mut Findings) {
    let rules = attestor.value.get("map").into_iter().flat_map(Value::elements).map(map_rule);
    let rules: Vec<MapRule> = rules.collect();
    for (at, rule) in rules.iter().enumerate() {
        let path = attestor.path(&format!(".map[{at}]"));
        let earlier = &rules[..at];
        if let Some(winner) = earlier.iter().find(|earlier| earlier.covers(rule)) {
            if winner.grants == rule.grants {
                let message =
                    "an earlier entry matches whatever this one does, and gives the same: it never applies";
                findings.warning("map_unreachable", path, message);
            } else {
                let message = "an earlier entry matches whatever this one does, and gives something else: it never applies";
                findings.danger("map_unreachable", path, message);
            }
        } else if earlier.iter().any(|earlier| earlier.overlaps(rule) && !rule.covers(earlier)) {
            findings.warning(
                "map_overlap",
                path,
                "an earlier entry matches some of the same identities and gives something else: the earlier one wins",
            );
        }
    }
}

fn map_rule(entry: Value<'_>) -> MapRule {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(Str::decode).unwrap_or_default();
    let (mut pattern, mut captures) = (Vec::new(), Vec::new());
    for token in text("match").split_inclusive(['/', ':']) {
        let (segment, separator) = match token.strip_suffix(['/', ':']) {
            Some(segment) => (segment, &token[segment.len()..]),
            None => (token, ""),
        };
        let capture = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        if let Some(name) = capture {
            captures.push((format!("{{{name}}}"), pattern.len()));
        }
        pattern.push(capture.is_none().then(|| segment.to_owned()));
        pattern.push(Some(separator.to_owned()));
    }
    let placed = |text: String| {
        captures.iter().fold(text, |text, (name, place)| text.replace(name, &format!("{{#{place}}}")))
    };
    let mut policies = strings(entry.get("policies"));
    policies.sort_unstable();
    let known = ["match", "internal_identity", "policies"];
    MapRule {
        pattern,
        conditional: entry.members().any(|(name, _)| !known.iter().any(|known| name.is(known))),
        grants: (placed(text("internal_identity")), policies),
    }
}

impl MapRule {
    /// Whether it matches everything that `later` does.
    fn covers(&self, later: &Self) -> bool {
        let covers = |(ours, theirs): (&Option<String>, &Option<String>)| ours.is_none() || ours == theirs;
        !self.conditional
            && self.pattern.len() == later.pattern.len()
            && self.pattern.iter().zip(&later.pattern).all(covers)
    }

    /// Whether some identity matches both, with different outcomes.
    fn overlaps(&self, later: &Self) -> bool {
        let meets = |(ours, theirs): (&Option<String>, &Option<String>)| {
            ours.is_none() || theirs.is_none() || ours == theirs
        };
        self.grants != later.grants
            && self.pattern.len() == later.pattern.len()
            && self.pattern.iter().zip(&later.pattern).all(meets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Reason;

    /// `rule severity path` of each finding, the path below the attestors.
    fn found(attestors: &str) -> Vec<String> {
        let document = format!(r#"{{"version":1,"attestors":[{attestors}]}}"#);
        let mut tape = Tape::default();
        let findings = lint_document(tape.read(document.as_bytes(), DOCUMENT).unwrap());
        let short = |f: &Finding| {
            format!("{} {} {}", f.rule, f.severity, f.path.strip_prefix("$.attestors").unwrap_or(&f.path))
        };
        findings.iter().map(short).collect()
    }

    fn spiffe(more: &str) -> Vec<String> {
        found(&format!(
            r#"{{"id":"s","kind":"spiffe","audiences":["orders-plane-prod"],"trust_domains":["td"],
            "allow":{{"ids":["spiffe://td/x"]}}{more}}}"#
        ))
    }

    /// An OIDC attestor with these members beside id, kind and audiences.
    fn oidc(members: &str) -> Vec<String> {
        found(&format!(r#"{{"id":"o","kind":"oidc","audiences":["orders-plane-prod"],{members}}}"#))
    }

    const GITHUB: &str = r#""profile":"github","issuer":"https://token.actions.githubusercontent.com""#;

    fn github(allow: &str) -> Vec<String> {
        oidc(&format!(r#"{GITHUB},"allow":{allow}"#))
    }

    #[test]
    fn a_careful_policy_has_no_findings() {
        assert_eq!(spiffe(""), [""; 0]);
        assert_eq!(spiffe(r#","local_trust_domain":"td","evidence":{"a":"/a"}"#), [""; 0]);
        assert_eq!(
            github(r#"{"claims":[{"/repository_owner_id":["1"],"/ref":["refs/heads/main"]}]}"#),
            [""; 0]
        );
        let native = r#"{"id":"n","kind":"native","audiences":["orders-plane-prod"],"pinned_keys":["x"]}"#;
        assert_eq!(found(native), [""; 0]);
    }

    #[test]
    fn open_doors() {
        let open = |members: &str| {
            found(&format!(r#"{{"id":"s","kind":"spiffe","audiences":["orders-plane-prod"],{members}}}"#))
        };
        assert_eq!(open(r#""trust_domains":["td"]"#), ["no_allow warning [0]"]);
        let any = |allow: &str| {
            open(&format!(r#""trust_domains":["*"],"local_trust_domain":"td","allow":{allow}"#))
        };
        assert_eq!(any(r#"{"ids":["spiffe://td/x"]}"#), ["any_trust_domain warning [0].trust_domains"]);
        assert_eq!(
            any(r#"{"claims":[{"/a":["b"]}]}"#),
            ["any_trust_domain danger [0].trust_domains", "foreign_claim_rule danger [0].allow.claims"]
        );
        let prefixes = r#""trust_domains":["td"],
            "allow":{"prefixes":["spiffe://td/ns","spiffe://td","spiffe://td/"]}"#;
        assert_eq!(
            open(prefixes),
            ["open_prefix warning [0].allow.prefixes[1]", "open_prefix warning [0].allow.prefixes[2]"]
        );
        assert_eq!(oidc(r#""issuer":"https://own.example""#), ["no_allow warning [0]"]);
        assert_eq!(oidc(GITHUB), ["no_allow danger [0]"]);
        assert_eq!(oidc(&format!(r#"{GITHUB},"open":true"#)), ["open danger [0].open"]);
        assert_eq!(oidc(r#""issuer":"https://accounts.google.com""#), ["no_allow danger [0]"]);
        assert_eq!(oidc(r#""issuer":"https://accounts.google.com.example""#), ["no_allow warning [0]"]);
        assert_eq!(
            found(r#"{"id":"n","kind":"native"}"#),
            ["native_unpinned danger [0]", "native_no_audience warning [0]"]
        );
    }

    #[test]
    fn audiences_that_are_not_ones_own() {
        let of = |audience: &str| {
            let attestor = format!(
                r#"{{"kind":"spiffe","audiences":["{audience}"],"trust_domains":["td"],"allow":{{}}}}"#
            );
            found(&attestor).first().map(|finding| finding.split(' ').next().unwrap_or_default().to_owned())
        };
        for (audience, rule) in [
            ("api", "generic_audience"),
            ("API", "generic_audience"),
            ("default", "generic_audience"),
            ("kubernetes", "generic_audience"),
            ("https://kubernetes.default.svc", "foreign_audience"),
            ("https://kubernetes.default.svc.cluster.local", "foreign_audience"),
            ("sts.amazonaws.com", "foreign_audience"),
            ("https://github.com/octo-org", "foreign_audience"),
            ("https://gitlab.com", "foreign_audience"),
            ("example.org", "hostname_audience"),
            ("https://example.org", "hostname_audience"),
            ("https://example.org/", "hostname_audience"),
            ("http://localhost:8080", "hostname_audience"),
            ("example.org:443", "hostname_audience"),
        ] {
            assert_eq!(of(audience).as_deref(), Some(rule), "{audience}");
        }
        for audience in [
            "orders-plane-prod",
            "spiffe://td/plane",
            "https://example.org/orders/plane",
            "urn:example:plane",
            "apiary",
        ] {
            assert_eq!(of(audience), None, "{audience}");
        }
        let two = |audience: &str| {
            let one = |id: &str, audience: &str| {
                format!(
                    r#"{{"id":"{id}","kind":"spiffe","audiences":["{audience}"],"trust_domains":["{id}"],"allow":{{}}}}"#
                )
            };
            found(&format!("{},{}", one("a", "plane-a"), one("b", audience)))
        };
        assert_eq!(two("plane-a"), ["shared_audience warning [1].audiences[0]"]);
        assert_eq!(two("plane-b"), [""; 0]);
    }

    #[test]
    fn rules_on_names_only() {
        for rule in [
            r#"{"/repository":["o/r"]}"#,
            r#"{"/repository_owner":["o"],"/ref":["refs/heads/main"]}"#,
            r#"{"/job_workflow_ref":["o/r/.github/workflows/x.yml@refs/heads/main"]}"#,
        ] {
            assert_eq!(
                github(&format!(r#"{{"claims":[{{"/repository_id":["1"]}},{rule}]}}"#)),
                ["name_only_rule danger [0].allow.claims[1]"]
            );
        }
        assert_eq!(
            github(r#"{"claims":[{"/ref":["refs/heads/main"]}]}"#),
            ["stranger_rule danger [0].allow.claims[0]"]
        );
        let subject = |subject: &str| github(&format!(r#"{{"subjects":["{subject}"]}}"#));
        for name_only in [
            "repo:o/r:ref:refs/heads/main",
            "repo:o/r@12:pull_request",
            "repo:o@x/r:environment:prod",
            "repository_owner:o",
        ] {
            assert_eq!(subject(name_only), ["name_only_rule danger [0].allow.subjects[0]"], "{name_only}");
        }
        for by_id in [
            "repo:o@12/r@34:ref:refs/heads/main",
            "repository_owner_id:12",
            "repo:o/r:repository_owner_id:12",
            "repository_id:7",
        ] {
            assert_eq!(subject(by_id), [""; 0], "{by_id}");
        }
        let gitlab =
            |rule: &str| oidc(&format!(r#""issuer":"https://gitlab.com","allow":{{"claims":[{rule}]}}"#));
        assert_eq!(gitlab(r#"{"/project_path":["g/p"]}"#), ["name_only_rule danger [0].allow.claims[0]"]);
        assert_eq!(gitlab(r#"{"/project_path":["g/p"],"/namespace_id":["1"]}"#), [""; 0]);
        // An issuer of one's own: nobody else registers names there.
        assert_eq!(oidc(r#""issuer":"https://own.example","allow":{"claims":[{"/team":["a"]}]}"#), [""; 0]);
    }

    #[test]
    fn claims_of_foreign_domains() {
        let foreign = |domains: &str, more: &str| {
            found(&format!(
                r#"{{"id":"s","kind":"spiffe","audiences":["orders-plane-prod"],"trust_domains":{domains},
                    "allow":{{"ids":["spiffe://td/x"]}}{more}}}"#
            ))
        };
        let evidence = r#","evidence":{"a":"/a"}"#;
        let danger = ["foreign_evidence danger [0].evidence"];
        assert_eq!(foreign(r#"["td","partner"]"#, evidence), danger);
        assert_eq!(
            foreign(r#"["td","partner"]"#, &format!(r#"{evidence},"local_trust_domain":"td""#)),
            danger
        );
        assert_eq!(foreign(r#"["partner"]"#, &format!(r#"{evidence},"local_trust_domain":"td""#)), danger);
        assert_eq!(
            foreign(r#"["td"]"#, &format!(r#"{evidence},"local_trust_domain":"spiffe://td""#)),
            [""; 0]
        );
        assert_eq!(foreign(r#"["td"]"#, evidence), [""; 0]);
        assert_eq!(foreign(r#"["td","partner"]"#, ""), [""; 0]);
    }

    #[test]
    fn issuers_and_bindings() {
        let two = |first: &str, second: &str| {
            let one = |id: &str, issuer: &str| {
                format!(
                    r#"{{"id":"{id}","kind":"oidc","audiences":["plane-{id}"],{issuer},"allow":{{"subjects":["x"]}}}}"#
                )
            };
            found(&format!("{},{}", one("a", first), one("b", second)))
        };
        let plain = r#""issuer":"https://a.example""#;
        assert_eq!(two(plain, r#""issuer":"https://a.example/""#), ["issuer_slash warning [1].issuer"]);
        assert_eq!(two(plain, plain), [""; 0]);
        assert_eq!(two(plain, r#""issuer":"https://b.example/""#), [""; 0]);
        let both = format!(r#"{plain},"issuer_aliases":["https://a.example/"]"#);
        assert_eq!(two(plain, &both), [""; 0]);
        assert_eq!(
            spiffe(r#","accept_unbound_cnf":true"#),
            ["accept_unbound_cnf warning [0].accept_unbound_cnf"]
        );
        assert_eq!(spiffe(r#","accept_unbound_cnf":false"#), [""; 0]);
        let kubernetes = r#""profile":"kubernetes","issuer":"https://k.example","allow":{"subjects":["x"]}"#;
        assert_eq!(oidc(kubernetes), ["kubernetes_lifetime warning [0]"]);
        assert_eq!(oidc(&format!(r#"{kubernetes},"max_lifetime_secs":3600"#)), [""; 0]);
    }

    #[test]
    fn map_entries_that_never_apply() {
        let map = |entries: &str| spiffe(&format!(r#","map":[{entries}]"#));
        let entry = |pattern: &str, identity: &str, policy: &str| {
            format!(
                r#"{{"match":"spiffe://td/{pattern}","internal_identity":"{identity}","policies":["{policy}"]}}"#
            )
        };
        let two = |first: String, second: String| map(&format!("{first},{second}"));
        let any = |policy: &str| entry("{a}/{b}", "x/{b}", policy);
        assert_eq!(two(any("p"), entry("n/{b}", "x/{b}", "q")), ["map_unreachable danger [0].map[1]"]);
        assert_eq!(two(any("p"), any("p")), ["map_unreachable warning [0].map[1]"]);
        // Other names for the same captures grant the same; swapped ones do not.
        assert_eq!(two(any("p"), entry("{c}/{d}", "x/{d}", "p")), ["map_unreachable warning [0].map[1]"]);
        assert_eq!(two(any("p"), entry("{b}/{a}", "x/{b}", "p")), ["map_unreachable danger [0].map[1]"]);
        assert_eq!(
            two(entry("n/{b}", "x", "p"), entry("{a}/o", "x", "q")),
            ["map_overlap warning [0].map[1]"]
        );
        assert_eq!(two(entry("n/{b}", "x", "p"), entry("{a}/o", "x", "p")), [""; 0]);
        assert_eq!(
            two(entry("n/{b}", "x", "p"), any("q")),
            [""; 0],
            "the special one first is how it is done"
        );
        assert_eq!(two(entry("n/{b}", "x", "p"), entry("m/{b}", "x", "q")), [""; 0]);
        assert_eq!(two(entry("{a}", "x", "p"), any("q")), [""; 0]);
        let conditional = any("p").replacen("{\"match\"", "{\"claims\":{\"/a\":[\"b\"]},\"match\"", 1);
        assert_eq!(two(conditional.clone(), entry("n/{b}", "x/{b}", "p")), [""; 0]);
        assert_eq!(
            two(conditional, entry("n/{b}", "x/{b}", "q")),
            ["map_overlap warning [0].map[1]"],
            "a condition may hold or not"
        );
    }

    #[test]
    fn only_policies_are_looked_at() {
        assert_eq!(lint(b"{}").unwrap_err().reason(), Reason::ConfigInvalid);
        assert_eq!(lint(b"\xff").unwrap_err().reason(), Reason::ConfigInvalid);
        let policy = br#"{"version":1,"attestors":[{"id":"a","kind":"spiffe","audiences":["api"],"trust_domains":["*"]}]}"#;
        let rules: Vec<_> = lint(policy).unwrap().iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["no_allow", "any_trust_domain", "generic_audience"]);
    }

    proptest::proptest! {
        /// Any document at all, policy or not, is looked over without a panic.
        #[test]
        fn any_document_never_panics(text in r#"(\{|\}|\[|\]|,|:|"(attestors|map|match|allow|claims|audiences|\{a\}/|repo:@:|issuer|kind|spiffe)"|1|true){0,40}"#) {
            let document = format!(r#"{{"attestors":[{{"map":[{text}]}},{text}]}}"#);
            if let Ok(value) = Tape::default().read(document.as_bytes(), DOCUMENT) {
                lint_document(value);
            }
        }
    }
}
