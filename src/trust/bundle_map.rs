//! SPIFFE bundle maps (Trust Domain and Bundle section 5): the bundles of many trust domains in one document.
//!
//! Each bundle is read as if it were put alone, so a map takes exactly what single puts take.

use super::bundle::{self, Bundle, malformed};
use super::format::Format;
use super::source::Source;
use crate::crypto::sha256;
use crate::error::ConfigError;
use crate::verdict::Reason;
use crate::wire::json::{Kind, Limits, Str, Tape, Value};
use std::collections::HashSet;

/// Largest document, in bytes.
const MAX_BYTES: usize = 16 << 20;
/// Two levels more than a bundle, which is judged by its own limits.
const LIMITS: Limits = Limits { depth: 18, members: 1 << 20 };

/// One trust domain of a map.
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) bundle: Bundle,
    /// SHA-256 of the bundle's text as it stands in the map.
    pub(super) digest: [u8; 32],
}

/// Reads a map: every bundle in it, in its order, or nothing.
pub(super) fn read(document: &[u8]) -> Result<Vec<Domain>, ConfigError> {
    if document.len() > MAX_BYTES {
        return Err(malformed("the document is larger than 16 MiB"));
    }
    let mut tape = Tape::default();
    let root = tape.read(document, LIMITS).map_err(|reason| unreadable(document, reason))?;
    let list = root.get("trust_domains").ok_or_else(|| malformed("trust_domains: missing"))?;
    if list.kind() != Kind::Object {
        return Err(malformed(format!("trust_domains: must be an object, not {}", list.kind().name())));
    }
    let mut names = HashSet::new();
    let mut domains = Vec::new();
    for (at, (name, value)) in list.members().enumerate() {
        let domain = read_domain(name.text(), value).map_err(|error| within(at, &error))?;
        if !names.insert(domain.name.clone()) {
            return Err(duplicate(Some(at)));
        }
        domains.push(domain);
    }
    Ok(domains)
}

fn read_domain(name: Str<'_>, value: Value<'_>) -> Result<Domain, ConfigError> {
    let name = Source::trust_domain(&name.decode()).canonical()?.to_owned();
    let text = value
        .as_object_text()
        .ok_or_else(|| malformed(format!("must be an object, not {}", value.kind().name())))?
        .as_bytes();
    let bundle = bundle::read(&name, Format::SpiffeBundle, text)?;
    // A hint says when to fetch that bundle again; it is no hint for the map.
    Ok(Domain { name, bundle: Bundle { refresh_hint: None, ..bundle }, digest: sha256(text) })
}

/// A duplicate among the trust domains has a reason of its own: a second reading tells where it stopped.
fn unreadable(document: &[u8], reason: Reason) -> ConfigError {
    let mut tape = Tape::default();
    let again = tape.read(document, LIMITS).err();
    let is_list = |name: Str<'_>| name.is("trust_domains");
    if again == Some(Reason::JsonDuplicateMember) && tape.stopped_in(document).is_some_and(is_list) {
        return duplicate(None);
    }
    malformed(reason.phrase())
}

fn duplicate(at: Option<usize>) -> ConfigError {
    let place = at.map_or_else(|| "trust_domains".to_owned(), place);
    ConfigError::new(Reason::BundleDuplicateTrustDomain, format!("{place}: named before"))
}

/// The error of one bundle, with the position of its trust domain in the map.
pub(super) fn within(at: usize, error: &ConfigError) -> ConfigError {
    ConfigError::new(error.reason(), format!("{}: {}", place(at), error.detail()))
}

fn place(at: usize) -> String {
    format!("trust_domains[{at}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = r#"{"use":"jwt-svid","kid":"k","kty":"EC","crv":"P-256",
        "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;

    fn refusal(document: &str) -> (Reason, String) {
        match read(document.as_bytes()) {
            Ok(_) => panic!("taken: {document}"),
            Err(error) => (error.reason(), error.detail().to_owned()),
        }
    }

    #[test]
    fn a_map_is_read_in_its_order() {
        let text = format!(r#"{{ "keys" : [{KEY}], "spiffe_sequence":7, "spiffe_refresh_hint":60 }}"#);
        let document =
            format!(r#"{{"other":1,"trust_domains":{{"b":{text},"spiffe://\u0061":{{"keys":[]}}}}}}"#);
        let domains = read(document.as_bytes()).unwrap();
        let names: Vec<_> = domains.iter().map(|domain| domain.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(domains[0].digest, sha256(text.as_bytes()));
        assert_eq!(domains[0].bundle.sequence, Some(7));
        assert_eq!(domains[0].bundle.refresh_hint, None);
        assert_eq!(domains[0].bundle.keys.as_ref().map(Vec::len), Some(1));
        assert!(read(br#"{"trust_domains":{}}"#).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_map_is_malformed() {
        for document in [
            "",
            "[]",
            "{}",
            r#"{"trust_domains":null}"#,
            r#"{"trust_domains":[]}"#,
            r#"{"trust_domains":{"a":{"keys":[]}}"#,
            r#"{"trust_domains":{},"trust_domains":{}}"#,
            r#"{"a":1,"a":2,"trust_domains":{}}"#,
            r#"{"other":{"a":1,"a":2},"trust_domains":{}}"#,
            r#"{"keys":[]}"#,
        ] {
            assert_eq!(refusal(document).0, Reason::BundleMalformed, "{document}");
        }
    }

    /// Trust Domain and Bundle section 5.1.1 and 6.3: a name that occurs twice makes the map invalid.
    #[test]
    fn a_name_occurs_once_however_it_is_spelled() {
        for (first, second) in
            [("td", "td"), ("td", "\\u0074d"), ("td", "spiffe://td"), ("spiffe:\\/\\/td", "td")]
        {
            let document =
                format!(r#"{{"trust_domains":{{"{first}":{{"keys":[]}},"{second}":{{"keys":[]}}}}}}"#);
            let (reason, detail) = refusal(&document);
            assert_eq!(reason, Reason::BundleDuplicateTrustDomain, "{document}");
            assert!(detail.starts_with("trust_domains") && !detail.contains("td"), "{detail}");
        }
    }

    #[test]
    fn a_bundle_that_is_refused_alone_refuses_the_map() {
        for (name, bundle, reason) in [
            ("Example.org", r#"{"keys":[]}"#, Reason::SourceNameInvalid),
            ("", r#"{"keys":[]}"#, Reason::SourceNameInvalid),
            ("spiffe://secret/path", r#"{"keys":[]}"#, Reason::SourceNameInvalid),
            ("secret", "null", Reason::BundleMalformed),
            ("secret", "[]", Reason::BundleMalformed),
            ("secret", "{}", Reason::BundleMalformed),
            ("secret", r#"{"keys":[],"keys":[]}"#, Reason::BundleMalformed),
            ("secret", r#"{"keys":[],"trust_domain":"other"}"#, Reason::TrustDomainMismatch),
            ("secret", r#"{"keys":[{"use":"jwt-svid","kty":"AKP"}]}"#, Reason::NoUsableKeys),
            ("secret", r#"{"keys":[{"use":"jwt-svid","kty":"EC","d":"AA"}]}"#, Reason::BundlePrivateKey),
        ] {
            let document = format!(r#"{{"trust_domains":{{"good":{{"keys":[]}},"{name}":{bundle}}}}}"#);
            let (refused, detail) = refusal(&document);
            assert_eq!(refused, reason, "{document}");
            // The reader finds a duplicate inside a bundle before it knows of trust domains.
            let position = if bundle.matches("keys").count() > 1 { "" } else { "trust_domains[1]: " };
            assert!(detail.starts_with(position) && !detail.contains("secret"), "{detail}");
        }
    }

    #[test]
    fn a_bundle_has_its_own_limits_within_those_of_the_map() {
        let nested = |n: usize| format!("{}0{}", "[".repeat(n), "]".repeat(n));
        let map = |bundle: String| format!(r#"{{"trust_domains":{{"td":{bundle}}}}}"#);
        let deep = |n: usize| format!(r#"{{"keys":[],"x":{}}}"#, nested(n));
        assert!(read(map(deep(15)).as_bytes()).is_ok());
        assert_eq!(refusal(&map(deep(16))).0, Reason::BundleMalformed);
        let padded = |n: usize| format!(r#"{{"keys":[]{}}}"#, " ".repeat(n - 11));
        assert!(read(map(padded(1 << 20)).as_bytes()).is_ok());
        assert!(refusal(&map(padded((1 << 20) + 1))).1.contains("1 MiB"));
        let large = format!(r#"{{"trust_domains":{{}}{}}}"#, " ".repeat(MAX_BYTES - 20));
        assert_eq!(large.len(), MAX_BYTES);
        assert!(read(large.as_bytes()).is_ok());
        assert!(refusal(&format!("{large} ")).1.contains("16 MiB"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn changed_maps_never_panic(at in 0..400usize, byte in any::<u8>()) {
            let mut document = format!(r#"{{"trust_domains":{{"a":{{"keys":[{KEY}]}},"b":{{"keys":[]}}}}}}"#).into_bytes();
            let at = at % document.len();
            document[at] = byte;
            let _ = read(&document);
        }
    }
}
