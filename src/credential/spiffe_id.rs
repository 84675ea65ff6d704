//! The grammar of SPIFFE IDs and trust domain names (SPIFFE-ID sections 2.1-2.4).
//!
//! Bytes are judged as they stand: nothing is folded, decoded or normalised.

use crate::verdict::Reason;
use crate::wire::scan::Class;

const SCHEME: &str = "spiffe://";
const MAX_ID: usize = 2048;
const MAX_TRUST_DOMAIN: usize = 255;

/// Splits an ID into its trust domain, checked, and its path, not yet checked.
pub(crate) fn split(id: &str) -> Result<(&str, &str), Reason> {
    if id.is_empty() {
        return Err(Reason::SpiffeIdEmpty);
    }
    let rest = id.strip_prefix(SCHEME).ok_or(Reason::SpiffeIdWrongScheme)?;
    let (domain, path) = rest.split_at(DOMAIN.run(rest.as_bytes()));
    if !path.is_empty() && !path.starts_with('/') {
        return Err(Reason::SpiffeIdBadTrustDomainChar);
    }
    check_length(domain)?;
    Ok((domain, path))
}

/// Checks the path of `id`, and the whole ID's length. An empty path is for the caller to judge.
pub(crate) fn check_path(id: &str, path: &str) -> Result<(), Reason> {
    if id.len() > MAX_ID {
        return Err(Reason::SpiffeIdTooLong);
    }
    if is_plain(path.as_bytes()) { Ok(()) } else { check_segments(path) }
}

/// Whether every segment, of right characters, begins with another one than a dot: none can be wrong then.
fn is_plain(path: &[u8]) -> bool {
    let Some(next) = path.get(1..) else { return path.is_empty() };
    // A dot and a slash differ in their lowest bit.
    let questions = |(byte, next): (&u8, &u8)| u8::from(*byte == b'/') & u8::from(*next | 1 == b'/');
    let questionable = path.iter().zip(next).map(questions).fold(0, |found, one| found | one);
    questionable == 0 && path.last() != Some(&b'/') && PATH.run(path) == path.len()
}

fn check_segments(path: &str) -> Result<(), Reason> {
    let Some(path) = path.strip_prefix('/') else {
        return Ok(());
    };
    let mut segments = path.as_bytes().split(|b| *b == b'/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            b"" if segments.peek().is_none() => return Err(Reason::SpiffeIdTrailingSlash),
            b"" => return Err(Reason::SpiffeIdEmptySegment),
            b"." | b".." => return Err(Reason::SpiffeIdDotSegment),
            _ if PATH.run(segment) == segment.len() => {}
            _ => return Err(Reason::SpiffeIdBadPathChar),
        }
    }
    Ok(())
}

/// A trust domain named by an operator: `example.org` or `spiffe://example.org`.
pub(crate) fn trust_domain_name(name: &str) -> Result<&str, Reason> {
    let domain = name.strip_prefix(SCHEME).unwrap_or(name);
    check_trust_domain(domain).map(|()| domain)
}

fn check_trust_domain(domain: &str) -> Result<(), Reason> {
    if DOMAIN.run(domain.as_bytes()) < domain.len() {
        return Err(Reason::SpiffeIdBadTrustDomainChar);
    }
    check_length(domain)
}

fn check_length(domain: &str) -> Result<(), Reason> {
    match domain.len() {
        0 => Err(Reason::SpiffeIdMissingTrustDomain),
        1..=MAX_TRUST_DOMAIN => Ok(()),
        _ => Err(Reason::SpiffeIdTrustDomainTooLong),
    }
}

/// What a trust domain name is made of.
const DOMAIN: Class = Class::of(b"abcdefghijklmnopqrstuvwxyz0123456789._-");
/// What a path is made of.
const PATH: Class = Class::of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(id: &str) -> Result<(), Reason> {
        split(id).and_then(|(_, path)| check_path(id, path))
    }

    #[test]
    fn grammar() {
        let long = |n: usize| format!("spiffe://td/{}", "a".repeat(n - 12));
        let domain = |n: usize| format!("spiffe://{}/x", "d".repeat(n));
        for id in [
            "spiffe://a.b/c",
            "spiffe://td",
            "spiffe://my_td-1.x/A-b_c.9",
            "spiffe://10.0.0.1/x",
            "spiffe://.../x",
            "spiffe://-/x",
            "spiffe://td./x",
            "spiffe://td/...",
            "spiffe://td/.a/a..b",
        ] {
            assert_eq!(check(id), Ok(()), "{id}");
        }
        assert_eq!((check(&long(2048)), check(&domain(255))), (Ok(()), Ok(())));
        for (id, reason) in [
            ("", Reason::SpiffeIdEmpty),
            ("http://a.b/c", Reason::SpiffeIdWrongScheme),
            ("spiffe:/a/b", Reason::SpiffeIdWrongScheme),
            ("SPIFFE://td/x", Reason::SpiffeIdWrongScheme),
            ("//a/b", Reason::SpiffeIdWrongScheme),
            (" spiffe://td/x", Reason::SpiffeIdWrongScheme),
            ("spiffe://", Reason::SpiffeIdMissingTrustDomain),
            ("spiffe:///x", Reason::SpiffeIdMissingTrustDomain),
            ("spiffe://Example.org/x", Reason::SpiffeIdBadTrustDomainChar),
            ("spiffe://u@td/x", Reason::SpiffeIdBadTrustDomainChar),
            ("spiffe://td:/x", Reason::SpiffeIdBadTrustDomainChar),
            ("spiffe://t%64/x", Reason::SpiffeIdBadTrustDomainChar),
            ("spiffe://td?x=1", Reason::SpiffeIdBadTrustDomainChar),
            ("spiffe://[::1]/x", Reason::SpiffeIdBadTrustDomainChar),
            ("spiffe://t\0d/x", Reason::SpiffeIdBadTrustDomainChar),
            ("spiffe://täst/x", Reason::SpiffeIdBadTrustDomainChar),
            ("spiffe://td/", Reason::SpiffeIdTrailingSlash),
            ("spiffe://td/x/", Reason::SpiffeIdTrailingSlash),
            ("spiffe://td//x", Reason::SpiffeIdEmptySegment),
            ("spiffe://td/./a", Reason::SpiffeIdDotSegment),
            ("spiffe://td/a/..", Reason::SpiffeIdDotSegment),
            ("spiffe://td/a b", Reason::SpiffeIdBadPathChar),
            ("spiffe://td/%61", Reason::SpiffeIdBadPathChar),
            ("spiffe://td/x?", Reason::SpiffeIdBadPathChar),
            ("spiffe://td/x#", Reason::SpiffeIdBadPathChar),
            ("spiffe://td/ü", Reason::SpiffeIdBadPathChar),
            ("spiffe://td/a\0", Reason::SpiffeIdBadPathChar),
        ] {
            assert_eq!(check(id), Err(reason), "{id:?}");
        }
        assert_eq!(check(&long(2049)), Err(Reason::SpiffeIdTooLong));
        assert_eq!(check(&domain(256)), Err(Reason::SpiffeIdTrustDomainTooLong));
    }

    #[test]
    fn operators_may_write_either_form() {
        assert_eq!(trust_domain_name("example.org"), Ok("example.org"));
        assert_eq!(trust_domain_name("spiffe://example.org"), Ok("example.org"));
        for name in
            ["", "spiffe://", "spiffe://example.org/", "example.org/x", "Example.org", "https://example.org"]
        {
            assert!(trust_domain_name(name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_never_panics(text in any::<String>()) {
            let _ = check(&text);
            let _ = check(&format!("spiffe://td/{text}"));
        }
    }
}
