"""Section 1, and the `sub` of section 5: which identities exist."""

from __future__ import annotations

from ..corpus import DOMAIN, SUB, Corpus
from ..encoding import js
from .common import main_bundle, policy

CHAR, PATH = "spiffe_id_bad_trust_domain_char", "spiffe_id_bad_path_char"
SCHEME, NO_DOMAIN = "spiffe_id_wrong_scheme", "spiffe_id_missing_trust_domain"
UNKNOWN = "trust_domain_unknown"
EMPTY, DOT = "spiffe_id_empty_segment", "spiffe_id_dot_segment"
SLASH, NO_PATH = "spiffe_id_trailing_slash", "spiffe_id_path_required"

REFUSED = [
    ("S-001", "spiffe_id_empty", [("empty", "")]),
    (
        "S-001+J-005",
        SCHEME,
        [
            ("https", "https://example.org/a"),
            ("http", "http://example.org/a"),
            ("one-slash", "spiffe:/example.org/a"),
            ("no-slash", "spiffe:example.org/a"),
            ("relative", "//example.org/a"),
            ("no-scheme", "example.org/a"),
            ("path-only", "/ns/prod/sa/orders"),
            ("email", "orders@example.org"),
            ("word", "orders"),
            ("service-account", "system:serviceaccount:prod:orders"),
            ("scheme-cut", "spiff://example.org/a"),
            ("scheme-longer", "spiffes://example.org/a"),
            ("scheme-only", "spiffe"),
            ("scheme-colon", "spiffe:"),
            ("scheme-colon-slash", "spiffe:/"),
            ("leading-space", " spiffe://example.org/a"),
            ("leading-nul", "\x00spiffe://example.org/a"),
            ("leading-bom", "\ufeffspiffe://example.org/a"),
            ("urn", "urn:spiffe://example.org/a"),
            ("backslashes", "spiffe:\\\\example.org\\a"),
            ("cyrillic", "spiff\u0435://example.org/a"),
            ("colon-escaped", "spiffe%3A//example.org/a"),
            ("space", " "),
        ],
    ),
    (
        "S-002",
        SCHEME,
        [
            ("scheme-upper", "SPIFFE://example.org/a"),
            ("scheme-title", "Spiffe://example.org/a"),
            ("scheme-last-upper", "spiffE://example.org/a"),
        ],
    ),
    (
        "S-002",
        CHAR,
        [
            ("domain-title", "spiffe://Example.org/a"),
            ("domain-upper", "spiffe://EXAMPLE.ORG/a"),
            ("domain-last-upper", "spiffe://example.orG/a"),
        ],
    ),
    (
        "S-003",
        NO_DOMAIN,
        [
            ("no-domain", "spiffe:///a"),
            ("no-domain-no-path", "spiffe://"),
            ("no-domain-slashes", "spiffe:////"),
            ("no-domain-repeated", "spiffe:///example.org/a"),
        ],
    ),
    (
        "S-004",
        CHAR,
        [
            ("domain-space", "spiffe://example org/a"),
            ("domain-star", "spiffe://*/a"),
            ("domain-star-label", "spiffe://*.example.org/a"),
            ("domain-umlaut", "spiffe://ex\u00e4mple.org/a"),
            ("domain-ipv6", "spiffe://[::1]/a"),
            ("domain-nul", "spiffe://example.org\x00/a"),
            ("domain-nul-suffix", "spiffe://example.org\x00.evil.example/a"),
            ("domain-tab", "spiffe://example.org\t/a"),
            ("domain-newline", "spiffe://example.org\n/a"),
            ("domain-ideographic-dot", "spiffe://example\u3002org/a"),
            ("domain-fullwidth-dot", "spiffe://example\uff0eorg/a"),
            ("domain-cyrillic", "spiffe://\u0435xample.org/a"),
            ("domain-backslash", "spiffe://example.org\\a"),
            ("domain-backslash-at", "spiffe://example.org\\@evil.example/a"),
            ("domain-comma", "spiffe://example.org,evil/a"),
            ("domain-semicolon", "spiffe://example.org;a/a"),
            ("domain-equals", "spiffe://a=b/a"),
            ("domain-plus", "spiffe://a+b/a"),
            ("domain-tilde", "spiffe://a~b/a"),
            ("domain-exclamation", "spiffe://a!b/a"),
            ("domain-del", "spiffe://a\x7fb/a"),
            ("domain-zero-width", "spiffe://example.org\u200b/a"),
        ],
    ),
    (
        "S-005",
        CHAR,
        [
            ("user", "spiffe://user@example.org/a"),
            ("user-empty", "spiffe://@example.org/a"),
            ("user-password", "spiffe://u:p@example.org/a"),
            ("user-evil", "spiffe://example.org@evil.example/a"),
            ("port", "spiffe://example.org:443/a"),
            ("port-empty", "spiffe://example.org:/a"),
            ("port-no-path", "spiffe://example.org:443"),
            ("port-only", "spiffe://:80/a"),
        ],
    ),
    (
        "S-006",
        CHAR,
        [
            ("domain-percent", "spiffe://example%2Eorg/a"),
            ("domain-percent-letter", "spiffe://%65xample.org/a"),
            ("domain-percent-slash", "spiffe://example.org%2Fa/b"),
        ],
    ),
    (
        "S-006",
        PATH,
        [
            ("path-percent", "spiffe://example.org/%61"),
            ("path-percent-slash", "spiffe://example.org/a%2Fb"),
            ("path-percent-dots", "spiffe://example.org/%2e%2e/a"),
            ("path-percent-nul", "spiffe://example.org/a%00"),
            ("path-percent-alone", "spiffe://example.org/a%"),
        ],
    ),
    (
        "S-010",
        PATH,
        [
            ("path-space", "spiffe://example.org/a b"),
            ("path-trailing-space", "spiffe://example.org/a "),
            ("path-colon", "spiffe://example.org/a:b"),
            ("path-plus", "spiffe://example.org/a+b"),
            ("path-umlaut", "spiffe://example.org/\u00fc"),
            ("path-semicolon", "spiffe://example.org/a;b"),
            ("path-equals", "spiffe://example.org/a=b"),
            ("path-tilde", "spiffe://example.org/a~b"),
            ("path-at", "spiffe://example.org/a@b"),
            ("path-dollar", "spiffe://example.org/a$b"),
            ("path-star", "spiffe://example.org/*"),
            ("path-backslash", "spiffe://example.org/a\\b"),
            ("path-nul", "spiffe://example.org/a\x00"),
            ("path-nul-inside", "spiffe://example.org/ns/prod/sa/orders\x00/x"),
            ("path-newline", "spiffe://example.org/a\n"),
            ("path-tab", "spiffe://example.org/a\tb"),
            ("path-del", "spiffe://example.org/a\x7f"),
            ("path-quote", 'spiffe://example.org/a"b'),
            ("path-bracket", "spiffe://example.org/[a]"),
            ("path-cyrillic", "spiffe://example.org/\u0430"),
            ("path-emoji", "spiffe://example.org/\U0001f600"),
            ("path-fullwidth-slash", "spiffe://example.org/a\uff0fb"),
            ("path-zero-width", "spiffe://example.org/a\u200bb"),
            ("path-combining", "spiffe://example.org/a\u0301"),
        ],
    ),
    (
        "S-011",
        EMPTY,
        [
            ("segment-empty-first", "spiffe://example.org//a"),
            ("segment-empty-middle", "spiffe://example.org/a//b"),
            ("segment-empty-many", "spiffe://example.org/a////b"),
        ],
    ),
    (
        "S-011",
        SLASH,
        [
            ("slash-root", "spiffe://example.org/"),
            ("slash-last", "spiffe://example.org/a/"),
            ("slash-last-of-three", "spiffe://example.org/a/b/c/"),
        ],
    ),
    (
        "S-012",
        DOT,
        [
            ("dot-first", "spiffe://example.org/./a"),
            ("dot-last", "spiffe://example.org/a/."),
            ("dot-only", "spiffe://example.org/."),
            ("dots-first", "spiffe://example.org/../a"),
            ("dots-last", "spiffe://example.org/a/.."),
            ("dots-only", "spiffe://example.org/.."),
            ("dots-middle", "spiffe://example.org/ns/../prod"),
            ("dots-to-other-domain", "spiffe://example.org/../partner.example/a"),
        ],
    ),
    (
        "S-013",
        PATH,
        [
            ("query", "spiffe://example.org/a?x=1"),
            ("query-empty", "spiffe://example.org/a?"),
            ("fragment", "spiffe://example.org/a#f"),
            ("fragment-empty", "spiffe://example.org/a#"),
        ],
    ),
    (
        "S-013",
        CHAR,
        [
            ("query-no-path", "spiffe://example.org?x=1"),
            ("query-empty-no-path", "spiffe://example.org?"),
            ("query-alone", "spiffe://?x"),
            ("fragment-no-path", "spiffe://example.org#f"),
            ("fragment-empty-no-path", "spiffe://example.org#"),
        ],
    ),
    (
        "S-014+J-010",
        UNKNOWN,
        [
            ("subdomain", "spiffe://sub.example.org/a"),
            ("parent", "spiffe://org/a"),
            ("suffix", "spiffe://example.org.evil/a"),
            ("prefix", "spiffe://evilexample.org/a"),
            ("cut", "spiffe://example.or/a"),
            ("trailing-dot", "spiffe://example.org./a"),
            ("leading-dot", "spiffe://.example.org/a"),
            ("hyphen-for-dot", "spiffe://example-org/a"),
            ("underscore", "spiffe://example_org/a"),
            ("other", "spiffe://evil.example/a"),
            ("punycode", "spiffe://xn--exmple-cua.org/a"),
        ],
    ),
    (
        "S-015+J-006",
        NO_PATH,
        [("no-path", "spiffe://example.org")],
    ),
]
FINE = [
    ("S-010", "characters", "spiffe://example.org/A-b_c.9"),
    ("S-010", "one-character", "spiffe://example.org/a"),
    ("S-010", "digits", "spiffe://example.org/0/1/2"),
    ("S-010", "hyphens", "spiffe://example.org/-/--/_"),
    (
        "S-010",
        "alphabet",
        "spiffe://example.org/abcdefghijklmnopqrstuvwxyz/ABCDEFGHIJKLMNOPQRSTUVWXYZ/0123456789._-",
    ),
    ("S-010", "many-segments", "spiffe://example.org" + "/s" * 500),
    ("S-012", "three-dots", "spiffe://example.org/..."),
    ("S-012", "dot-name", "spiffe://example.org/.a"),
    ("S-012", "dot-at-end", "spiffe://example.org/a."),
    ("S-012", "dots-inside", "spiffe://example.org/a..b"),
    ("S-012", "dots-name", "spiffe://example.org/..a"),
    ("S-014", "path-upper", "spiffe://example.org/NS/Prod"),
]


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    for rule, reason, table in REFUSED:
        for name, sub in table:
            c.case(f"id-{name}", rule, reason, c.token({"sub": js(sub)}))
    for rule, name, sub in FINE:
        token = c.token({"sub": js(sub)})
        c.case(f"id-fine-{name}", rule, "ok", token, identity=sub)
    c.case("sub-missing", "J-005", "claim_missing", c.token({"sub": None}))
    c.case(
        "sub-in-iss", "J-005", "claim_missing", c.token({"sub": None, "iss": js(SUB)})
    )
    c.case(
        "sub-other-case",
        "J-005",
        "claim_missing",
        c.token({"sub": None, "Sub": js(SUB)}),
    )
    empty = c.signed(b'{"alg":"ES256","kid":"p256"}', b"{}")
    c.case("claims-empty", "J-005", "claim_missing", empty)
    lengths(c)
    unusual_domains(c)
    no_path(c)


def lengths(c: Corpus) -> None:
    """255 bytes of trust domain, 2048 bytes of ID."""
    long = "a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 63
    rules = c.policy("long-domain", policy(trust_domains=[long]))
    bundle = c.put("main", main_bundle(c), domain=long)
    sub = f"spiffe://{long}/a"
    token = c.token({"sub": js(sub)})
    c.case(
        "id-domain-255",
        "S-008",
        "ok",
        token,
        policy=rules,
        bundles=bundle,
        identity=sub,
    )
    for name, domain in [
        ("256", long + "e"),
        ("2000", "a" * 2000),
        ("3000", "a" * 3000),
    ]:
        token = c.token({"sub": js(f"spiffe://{domain}/a")})
        c.case(f"id-domain-{name}", "S-008", "spiffe_id_trust_domain_too_long", token)
    stem = f"spiffe://{DOMAIN}/"
    for length, reason in [
        (2047, "ok"),
        (2048, "ok"),
        (2049, "spiffe_id_too_long"),
        (8000, "spiffe_id_too_long"),
    ]:
        sub = stem + "x" * (length - len(stem))
        token = c.token({"sub": js(sub)})
        c.case(f"id-length-{length}", "S-009", reason, token, identity=sub)
    whole = f"spiffe://{long}/"
    sub = whole + "x" * (2048 - len(whole))
    token = c.token({"sub": js(sub)})
    c.case(
        "id-longest",
        "S-008+S-009",
        "ok",
        token,
        policy=rules,
        bundles=bundle,
        identity=sub,
    )


def unusual_domains(c: Corpus) -> None:
    """Names that look like addresses or are no DNS names are just names."""
    table = [
        ("ipv4", "10.0.0.1"),
        ("dots", "..."),
        ("hyphen", "-"),
        ("underscore", "my_td-1.x"),
        ("trailing-dot", "td."),
        ("leading-dot", ".td"),
        ("single", "a"),
        ("digits", "123"),
        ("punycode", "xn--exmple-cua.org"),
        ("localhost", "localhost"),
    ]
    rules = c.policy(
        "unusual-domains", policy(trust_domains=[name for _, name in table])
    )
    for name, domain in table:
        bundle = c.put("main", main_bundle(c), domain=domain)
        sub = f"spiffe://{domain}/a"
        token = c.token({"sub": js(sub)})
        case = f"id-domain-{name}"
        c.case(case, "S-007", "ok", token, policy=rules, bundles=bundle, identity=sub)
    token = c.token({"sub": js("spiffe://td/a")})
    c.case("id-domain-without-its-dot", "S-007", UNKNOWN, token, policy=rules)


def no_path(c: Corpus) -> None:
    """An ID without a path names the trust domain; the host may allow it."""
    rules = c.policy("path-optional", policy(require_path=False))
    required = c.policy("path-required", policy(require_path=True))
    sub = f"spiffe://{DOMAIN}"
    token = c.token({"sub": js(sub)})
    c.case("id-no-path-allowed", "S-015+J-006", "ok", token, policy=rules, identity=sub)
    c.case("id-no-path-required", "S-015+J-006", NO_PATH, token, policy=required)
    root = c.token({"sub": js(sub + "/")})
    c.case("id-root-slash-no-path-allowed", "S-011", SLASH, root, policy=rules)
    c.case("id-path-with-option", "J-006", "ok", c.token(), policy=rules)
