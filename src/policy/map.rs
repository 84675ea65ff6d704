//! `map`: as what a workload enters. Ordered; the first entry whose pattern matches the subject counts.

use super::reader::Field;
use crate::credential::spiffe_id;
use crate::error::ConfigError;

/// Most captures of one pattern: their places are kept without allocating.
pub(crate) const MAX_CAPTURES: usize = 8;

/// The entries of one attestor.
pub(crate) struct Map {
    pub(crate) rules: Vec<Rule>,
}

/// One entry.
pub(crate) struct Rule {
    pattern: Vec<Piece>,
    identity: Option<Vec<Piece>>,
    pub(crate) policies: Vec<Box<str>>,
}

/// A part of a pattern or template.
enum Piece {
    Text(Box<str>),
    /// One whole segment of the subject, by its name.
    Capture(Box<str>),
}

/// Where each capture of a match lies in the subject, in the order of the pattern.
pub(crate) type Captures = [(usize, usize); MAX_CAPTURES];

impl Map {
    /// Reads the list; `check_pattern` says whether the text before the first capture can match at all.
    pub(super) fn read(
        field: &Field<'_>,
        check_pattern: impl Fn(&Field<'_>, &str) -> Result<(), ConfigError>,
    ) -> Result<Self, ConfigError> {
        let mut rules = Vec::new();
        for element in field.list()? {
            let object = element.object(&["match", "internal_identity", "policies"])?;
            let pattern = read_pattern(&object.required("match")?)?;
            check_pattern(&object.required("match")?, leading_text(&pattern))?;
            let identity = object.optional("internal_identity");
            let identity = identity.map(|field| read_template(&field, &pattern)).transpose()?;
            let policies = object.optional("policies").map_or(Ok(Vec::new()), |field| field.strings())?;
            if identity.is_none() && policies.is_empty() {
                return element.fail("grants nothing: give `internal_identity` or `policies`");
            }
            rules.push(Rule { pattern, identity, policies });
        }
        Ok(Self { rules })
    }

    /// The first entry that matches, and what it captured.
    pub(crate) fn find(&self, subject: &str) -> Option<(usize, Captures)> {
        let matched = |(at, rule): (usize, &Rule)| rule.match_(subject).map(|captures| (at, captures));
        self.rules.iter().enumerate().find_map(matched)
    }

    /// Whether some entry captures under this name.
    pub(super) fn captures(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| capture_names(&rule.pattern).any(|capture| capture == name))
    }
}

impl Rule {
    fn match_(&self, subject: &str) -> Option<Captures> {
        let mut captures = [(0, 0); MAX_CAPTURES];
        let mut found = captures.iter_mut();
        let mut at = 0;
        for piece in &self.pattern {
            let rest = &subject[at..];
            match piece {
                Piece::Text(text) => at += rest.strip_prefix(&**text).map(|_| text.len())?,
                Piece::Capture(_) => {
                    // Text of the pattern never begins with a segment character here, so the longest is the only one.
                    let len = rest.bytes().take_while(|b| is_segment_byte(*b)).count();
                    if len == 0 {
                        return None;
                    }
                    *found.next()? = (at, at + len);
                    at += len;
                }
            }
        }
        (at == subject.len()).then_some(captures)
    }

    /// The captures of a match by name, in the order of the pattern.
    pub(crate) fn captured<'a>(
        &'a self,
        subject: &'a str,
        captures: &'a Captures,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let text = |(from, to): (usize, usize)| subject.get(from..to).unwrap_or_default();
        capture_names(&self.pattern).zip(captures.iter().map(move |range| text(*range)))
    }

    /// Appends the internal identity; whether there is one.
    pub(crate) fn push_identity(&self, subject: &str, captures: &Captures, out: &mut String) -> bool {
        let Some(template) = &self.identity else { return false };
        for piece in template {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Capture(name) => {
                    let value = self.captured(subject, captures).find(|(captured, _)| *captured == &**name);
                    out.push_str(value.map_or("", |(_, text)| text));
                }
            }
        }
        true
    }
}

fn is_segment_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

fn leading_text(pattern: &[Piece]) -> &str {
    match pattern.first() {
        Some(Piece::Text(text)) => text,
        _ => "",
    }
}

fn capture_names(pieces: &[Piece]) -> impl Iterator<Item = &str> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Capture(name) => Some(&**name),
        Piece::Text(_) => None,
    })
}

/// A pattern, each capture of which is a whole segment: nothing beside it that a segment could hold.
fn read_pattern(field: &Field<'_>) -> Result<Vec<Piece>, ConfigError> {
    let pattern = read_pieces(field)?;
    let names: Vec<_> = capture_names(&pattern).collect();
    if names.len() > MAX_CAPTURES {
        return field.fail(format!("more than {MAX_CAPTURES} captures"));
    }
    if names.iter().enumerate().any(|(at, name)| names[..at].contains(name)) {
        return field.fail("captures twice under one name");
    }
    for pair in pattern.windows(2) {
        let whole = match (&pair[0], &pair[1]) {
            (Piece::Text(text), Piece::Capture(_)) => !text.bytes().next_back().is_some_and(is_segment_byte),
            (Piece::Capture(_), Piece::Text(text)) => !text.bytes().next().is_some_and(is_segment_byte),
            _ => false,
        };
        if !whole {
            return field.fail("a capture is one whole segment, with delimiters around it");
        }
    }
    Ok(pattern)
}

/// An internal identity whose captures its pattern has.
fn read_template(field: &Field<'_>, pattern: &[Piece]) -> Result<Vec<Piece>, ConfigError> {
    let template = read_pieces(field)?;
    if capture_names(&template).any(|name| !capture_names(pattern).any(|captured| captured == name)) {
        return field.fail("uses a capture that `match` does not have");
    }
    Ok(template)
}

fn read_pieces(field: &Field<'_>) -> Result<Vec<Piece>, ConfigError> {
    let text = field.string()?;
    let mut pieces = Vec::new();
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return field.fail("a brace is not closed");
        };
        if !is_name(name) {
            return field.fail("the name in braces must be 1 to 64 characters of a-z 0-9 _");
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before.into()));
        }
        pieces.push(Piece::Capture(name.into()));
        rest = after;
    }
    if text.replace(|c| c != '}', "").len() != text.replace(|c| c != '{', "").len() {
        return field.fail("a brace is not opened");
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.into()));
    }
    Ok(pieces)
}

/// A name in evidence: of a capture or of a projected claim.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// A pattern of a `spiffe` attestor begins with one of its trust domains, spelled out.
pub(super) fn check_spiffe(
    field: &Field<'_>,
    leading: &str,
    takes_domain: impl Fn(&str) -> bool,
) -> Result<(), ConfigError> {
    let domain = leading.strip_prefix("spiffe://").and_then(|rest| rest.split('/').next());
    match domain {
        Some(domain) if spiffe_id::trust_domain_name(domain) == Ok(domain) && takes_domain(domain) => Ok(()),
        _ => field.fail("must begin with `spiffe://` and a trust domain of this attestor"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json::{Limits, Tape};
    use proptest::prelude::*;

    fn with_map<R>(json: &str, look: impl Fn(Result<Map, ConfigError>) -> R) -> R {
        let document = format!(r#"{{"map":{json}}}"#);
        let mut tape = Tape::default();
        let root = tape.read(document.as_bytes(), Limits { depth: 8, members: 64 }).unwrap();
        let field = Field { value: root.get("map").unwrap(), path: "$.map".into() };
        look(Map::read(&field, |_, _| Ok(())))
    }

    fn identity(pattern: &str, template: &str, subject: &str) -> Option<String> {
        let json = format!(r#"[{{"match":"{pattern}","internal_identity":"{template}"}}]"#);
        with_map(&json, |map| {
            let map = map.unwrap();
            let (at, captures) = map.find(subject)?;
            let mut out = String::new();
            assert!(map.rules[at].push_identity(subject, &captures, &mut out));
            Some(out)
        })
    }

    #[test]
    fn a_capture_is_one_whole_segment() {
        let spiffe = "spiffe://td/ns/{ns}/sa/{sa}";
        let map = |subject: &str| identity(spiffe, "agent/{sa}@{ns}", subject);
        assert_eq!(map("spiffe://td/ns/a-1/sa/b.c").as_deref(), Some("agent/b.c@a-1"));
        for other in [
            "spiffe://td/ns/a/sa",
            "spiffe://td/ns/a/sa/",
            "spiffe://td/ns//sa/b",
            "spiffe://td/ns/a/b/sa/c",
            "spiffe://td/ns/a/sa/b/c",
            "spiffe://td2/ns/a/sa/b",
            "xspiffe://td/ns/a/sa/b",
        ] {
            assert_eq!(map(other), None, "{other}");
        }
        let github =
            |subject: &str| identity("repo:{owner}/{repo}:ref:refs/heads/main", "{owner}.{repo}", subject);
        assert_eq!(github("repo:o/r:ref:refs/heads/main").as_deref(), Some("o.r"));
        for other in [
            "repo:o/r/x:ref:refs/heads/main",
            "repo:o/r:ref:refs/heads/main2",
            "repo:o/r%3A:ref:refs/heads/main",
            "repo:o@1/r@2:ref:refs/heads/main",
            "repo:o/r:environment:x:ref:refs/heads/main",
        ] {
            assert_eq!(github(other), None, "{other}");
        }
    }

    #[test]
    fn the_first_match_wins() {
        let json = r#"[{"match":"a:{x}","policies":["one"]},{"match":"a:b","policies":["two"]},{"match":"c","policies":["three","four"]}]"#;
        with_map(json, |map| {
            let map = map.unwrap();
            let policies = |subject: &str| map.find(subject).map(|(at, _)| map.rules[at].policies.join(","));
            assert_eq!(policies("a:b").as_deref(), Some("one"));
            assert_eq!(policies("c").as_deref(), Some("three,four"));
            assert_eq!(policies("a:").as_deref(), None);
        });
    }

    #[test]
    fn mistakes_name_their_place() {
        for (entry, detail) in [
            (r#"{"match":"a"}"#, "$.map[0]: grants nothing: give `internal_identity` or `policies`"),
            (r#"{"policies":["x"]}"#, "$.map[0]: `match` is required"),
            (
                r#"{"match":"a{b}","policies":["x"]}"#,
                "$.map[0].match: a capture is one whole segment, with delimiters around it",
            ),
            (
                r#"{"match":"/{a}{b}","policies":["x"]}"#,
                "$.map[0].match: a capture is one whole segment, with delimiters around it",
            ),
            (
                r#"{"match":"/{a}x","policies":["x"]}"#,
                "$.map[0].match: a capture is one whole segment, with delimiters around it",
            ),
            (r#"{"match":"/{a}/{a}","policies":["x"]}"#, "$.map[0].match: captures twice under one name"),
            (r#"{"match":"/{a","policies":["x"]}"#, "$.map[0].match: a brace is not closed"),
            (r#"{"match":"/a}","policies":["x"]}"#, "$.map[0].match: a brace is not opened"),
            (
                r#"{"match":"/{}","policies":["x"]}"#,
                "$.map[0].match: the name in braces must be 1 to 64 characters of a-z 0-9 _",
            ),
            (
                r#"{"match":"/{A}","policies":["x"]}"#,
                "$.map[0].match: the name in braces must be 1 to 64 characters of a-z 0-9 _",
            ),
            (
                r#"{"match":"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}","policies":["x"]}"#,
                "$.map[0].match: more than 8 captures",
            ),
            (
                r#"{"match":"/{a}","internal_identity":"{b}"}"#,
                "$.map[0].internal_identity: uses a capture that `match` does not have",
            ),
        ] {
            let got = with_map(&format!("[{entry}]"), |map| map.err().map(|e| e.detail().to_owned()));
            assert_eq!(got.as_deref(), Some(detail), "{entry}");
        }
    }

    proptest! {
        /// Any subject is matched, or not, without a panic; and what is captured is a segment.
        #[test]
        fn any_subject(subject in "\\PC{0,40}|[a/:.{}é]{0,12}") {
            with_map(r#"[{"match":"/{a}/{b}:{c}","policies":["x"]}]"#, |map| {
                let map = map.unwrap();
                if let Some((at, captures)) = map.find(&subject) {
                    for (_, value) in map.rules[at].captured(&subject, &captures) {
                        assert!(!value.is_empty() && value.bytes().all(is_segment_byte));
                    }
                }
            });
        }
    }
}
