//! `allow`: who may enter. Any one entry admits; a policy without it admits whoever verifies.

use super::pointer::Pointer;
use super::reader::{Field, Object};
use crate::credential::spiffe_id;
use crate::error::ConfigError;
use crate::wire::json::{Kind, Value};
use core::fmt::Write as _;
use std::collections::HashMap;

/// The ways in of one attestor.
#[derive(Default)]
pub(crate) struct Allow {
    /// Whole SPIFFE IDs, or whole subjects of an issuer, and their places in the list.
    exact: HashMap<Box<str>, usize>,
    /// SPIFFE ID prefixes, each ending with a slash.
    prefixes: Vec<Box<str>>,
    names_spiffe_ids: bool,
    /// Claim rules: all conditions of one must hold.
    claims: Vec<Vec<Condition>>,
}

/// The entry that admitted a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Exact(usize),
    Prefix(usize),
    Claims(usize),
}

/// One claim and the values it may have.
struct Condition {
    pointer: Pointer,
    values: Vec<Box<str>>,
}

impl Allow {
    /// Reads the object of a `spiffe` attestor; `takes_domain` says which trust domains it lists.
    pub(crate) fn read_spiffe(
        field: &Field<'_>,
        takes_domain: impl Fn(&str) -> bool,
    ) -> Result<Self, ConfigError> {
        let object = field.object(&["ids", "prefixes", "claims"])?;
        let mut allow = Self { names_spiffe_ids: true, ..Self::default() };
        for element in list(&object, "ids")? {
            let id = element.string()?;
            let path = check_domain(&element, &id, &takes_domain)?;
            if let Err(reason) = spiffe_id::check_path(&id, path) {
                return element.fail(format!("not a SPIFFE ID: {}", reason.phrase()));
            }
            let at = allow.exact.len();
            allow.exact.entry(id.into()).or_insert(at);
        }
        for element in list(&object, "prefixes")? {
            let prefix = element.string()?;
            let without_slash = prefix.strip_suffix('/').unwrap_or(&prefix);
            let path = check_domain(&element, without_slash, &takes_domain)?;
            if let Err(reason) = spiffe_id::check_path(without_slash, path) {
                return element.fail(format!("not a SPIFFE ID prefix: {}", reason.phrase()));
            }
            allow.prefixes.push(format!("{without_slash}/").into());
        }
        allow.finish(field, &object)
    }

    /// Reads the object of an `oidc` attestor.
    pub(crate) fn read_oidc(field: &Field<'_>) -> Result<Self, ConfigError> {
        let object = field.object(&["subjects", "claims"])?;
        let mut allow = Self::default();
        for element in list(&object, "subjects")? {
            let at = allow.exact.len();
            allow.exact.entry(element.string()?.into()).or_insert(at);
        }
        allow.finish(field, &object)
    }

    fn finish(mut self, field: &Field<'_>, object: &Object<'_, '_>) -> Result<Self, ConfigError> {
        for rule in list(object, "claims")? {
            self.claims.push(read_rule(&rule)?);
        }
        if self.exact.is_empty() && self.prefixes.is_empty() && self.claims.is_empty() {
            return field.fail("admits nobody: leave it out, or name somebody");
        }
        Ok(self)
    }

    /// The entry that admits this subject (the SPIFFE ID, or `sub`) with these claims, if the credential has any.
    pub(crate) fn admits(&self, subject: &str, claims: Option<Value<'_>>) -> Option<Entry> {
        if let Some(at) = self.exact.get(subject) {
            return Some(Entry::Exact(*at));
        }
        // The prefix itself is not an ID under it, and a sibling that begins alike is none either.
        if let Some(at) = self.prefixes.iter().position(|prefix| subject.starts_with(&**prefix)) {
            return Some(Entry::Prefix(at));
        }
        let claims = claims?;
        let holds = |rule: &Vec<Condition>| rule.iter().all(|condition| condition.holds(claims));
        self.claims.iter().position(holds).map(Entry::Claims)
    }

    /// Appends the entry's place below `allow`.
    pub(crate) fn push_place(&self, entry: Entry, out: &mut String) {
        let (list, at) = match entry {
            Entry::Exact(at) if self.names_spiffe_ids => ("ids", at),
            Entry::Exact(at) => ("subjects", at),
            Entry::Prefix(at) => ("prefixes", at),
            Entry::Claims(at) => ("claims", at),
        };
        // Writing to a string cannot fail.
        let _ = write!(out, "allow.{list}[{at}]");
    }
}

/// Checks that an ID or prefix names a trust domain of the attestor; returns what follows it.
fn check_domain<'i>(
    element: &Field<'_>,
    id: &'i str,
    takes_domain: &impl Fn(&str) -> bool,
) -> Result<&'i str, ConfigError> {
    match spiffe_id::split(id) {
        Ok((domain, path)) if takes_domain(domain) => Ok(path),
        Ok(_) => element.fail("not in a trust domain of this attestor: it could never match"),
        Err(reason) => element.fail(format!("not a SPIFFE ID: {}", reason.phrase())),
    }
}

fn list<'a>(object: &Object<'_, 'a>, name: &str) -> Result<Vec<Field<'a>>, ConfigError> {
    object.optional(name).map_or(Ok(Vec::new()), |field| field.list())
}

fn read_rule(rule: &Field<'_>) -> Result<Vec<Condition>, ConfigError> {
    if rule.value.kind() != Kind::Object {
        return rule.fail(format!("must be an object, not {}", rule.value.kind().name()));
    }
    let mut conditions = Vec::new();
    for (at, (name, value)) in rule.value.members().enumerate() {
        let field = Field { value, path: format!("{}.<{at}>", rule.path) };
        let Some(pointer) = Pointer::read(&name.text().decode()) else {
            return field.fail("the name must be a JSON Pointer such as `/repository_id`");
        };
        conditions.push(Condition { pointer, values: field.strings()? });
    }
    if conditions.is_empty() { rule.fail("must not be empty") } else { Ok(conditions) }
}

impl Condition {
    /// The claim is there and is, or as an array has, one of the values, by exact text.
    fn holds(&self, claims: Value<'_>) -> bool {
        let Some(claim) = self.pointer.find(claims) else { return false };
        match claim.kind() {
            Kind::Array => claim.elements().any(|element| self.is_value(element)),
            _ => self.is_value(claim),
        }
    }

    fn is_value(&self, claim: Value<'_>) -> bool {
        self.values.iter().any(|wanted| match claim.kind() {
            Kind::String => claim.as_str().is_some_and(|text| text.is(wanted)),
            Kind::Number => claim.as_number() == Some(&**wanted),
            Kind::True => &**wanted == "true",
            Kind::False => &**wanted == "false",
            Kind::Null | Kind::Object | Kind::Array => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::{Limits, Tape};

    const LIMITS: Limits = Limits { depth: 16, members: 256 };

    fn with_allow<R>(json: &str, spiffe: bool, look: impl Fn(Result<Allow, ConfigError>) -> R) -> R {
        let mut tape = Tape::default();
        let value = tape.read(json.as_bytes(), LIMITS).unwrap();
        let field = Field { value, path: "$".into() };
        look(if spiffe {
            Allow::read_spiffe(&field, |domain| domain == "td")
        } else {
            Allow::read_oidc(&field)
        })
    }

    fn admits(json: &str, spiffe: bool, subject: &str, claims: &str) -> bool {
        let mut tape = Tape::default();
        let claims = tape.read(claims.as_bytes(), LIMITS).unwrap();
        with_allow(json, spiffe, |allow| allow.unwrap().admits(subject, Some(claims)).is_some())
    }

    #[test]
    fn prefixes_stop_at_segments() {
        for prefix in [r#"{"prefixes":["spiffe://td/pay"]}"#, r#"{"prefixes":["spiffe://td/pay/"]}"#] {
            assert!(admits(prefix, true, "spiffe://td/pay/a", "{}"));
            assert!(admits(prefix, true, "spiffe://td/pay/a/b", "{}"));
            for other in
                ["spiffe://td/pay", "spiffe://td/payroll", "spiffe://td/payroll/a", "spiffe://td.evil/pay/a"]
            {
                assert!(!admits(prefix, true, other, "{}"), "{other}");
            }
        }
        assert!(admits(r#"{"prefixes":["spiffe://td"]}"#, true, "spiffe://td/x", "{}"));
        assert!(!admits(r#"{"prefixes":["spiffe://td"]}"#, true, "spiffe://td.evil/x", "{}"));
    }

    #[test]
    fn exact_entries_are_exact() {
        let allow = r#"{"ids":["spiffe://td/a"]}"#;
        assert!(admits(allow, true, "spiffe://td/a", "{}"));
        assert!(!admits(allow, true, "spiffe://td/a/b", "{}") && !admits(allow, true, "spiffe://td/A", "{}"));
        let allow = r#"{"subjects":["repo:o/r:ref:x"]}"#;
        assert!(
            admits(allow, false, "repo:o/r:ref:x", "{}") && !admits(allow, false, "repo:o/r:ref:y", "{}")
        );
    }

    #[test]
    fn claims_are_all_of_an_object_and_any_of_the_list() {
        let allow = r#"{"claims":[{"/id":["12","13"],"/a~1b/c":["x"]},{"/flag":["true"]}]}"#;
        let check = |claims: &str| admits(allow, false, "s", claims);
        assert!(check(r#"{"id":"12","a/b":{"c":"x"}}"#));
        assert!(check(r#"{"id":13,"a/b":{"c":["y","x"]}}"#));
        assert!(check(r#"{"flag":true}"#));
        for claims in [
            "{}",
            r#"{"id":"12"}"#,
            r#"{"id":"12","a/b":{"c":"y"}}"#,
            r#"{"id":12.0,"a/b":{"c":"x"}}"#,
            r#"{"id":null,"a/b":{"c":"x"}}"#,
            r#"{"id":{"x":"12"},"a/b":{"c":"x"}}"#,
            r#"{"flag":false}"#,
            r#"{"a":{"b":{"c":"x"}},"id":"12"}"#,
            r#"{"id":[["12"]],"a/b":{"c":"x"}}"#,
        ] {
            assert!(!check(claims), "{claims}");
        }
    }

    #[test]
    fn mistakes_name_their_place() {
        for (json, spiffe, detail) in [
            ("{}", true, "$: admits nobody: leave it out, or name somebody"),
            (r#"{"subjects":["x"]}"#, true, "$.subjects: unknown field"),
            (r#"{"ids":["x"]}"#, false, "$.ids: unknown field"),
            (r#"{"ids":["x"]}"#, true, "$.ids[0]: not a SPIFFE ID: SPIFFE ID scheme is not spiffe"),
            (
                r#"{"ids":["spiffe://other/x"]}"#,
                true,
                "$.ids[0]: not in a trust domain of this attestor: it could never match",
            ),
            (
                r#"{"prefixes":["spiffe://td//"]}"#,
                true,
                "$.prefixes[0]: not a SPIFFE ID prefix: SPIFFE ID ends with a slash",
            ),
            (r#"{"claims":[{}]}"#, false, "$.claims[0]: must not be empty"),
            (
                r#"{"claims":[{"sub":["x"]}]}"#,
                false,
                "$.claims[0].<0>: the name must be a JSON Pointer such as `/repository_id`",
            ),
            (
                r#"{"claims":[{"/a~2":["x"]}]}"#,
                false,
                "$.claims[0].<0>: the name must be a JSON Pointer such as `/repository_id`",
            ),
            (r#"{"claims":[{"/a":[]}]}"#, false, "$.claims[0].<0>: must not be empty"),
            (r#"{"claims":[{"/a":"x"}]}"#, false, "$.claims[0].<0>: must be an array, not a string"),
        ] {
            let got = with_allow(json, spiffe, |allow| allow.err().map(|e| e.detail().to_owned()));
            assert_eq!(got.as_deref(), Some(detail), "{json}");
        }
    }
}
