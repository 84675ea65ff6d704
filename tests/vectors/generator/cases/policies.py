"""Rules on the host's own configuration: a policy is right as a whole or refused."""

from __future__ import annotations

import json
from typing import Any

from ..corpus import AUDIENCE, DOMAIN, PARTNER, Corpus
from ..encoding import js
from ..keys import Jwk
from .common import attestor, policy

# For each field of an attestor, values it must not have.
FIELD_VALUES: list[tuple[str, str, list[tuple[str, Any]]]] = [
    ("id", "C-009", [("null", None), ("number", 1), ("array", ["spiffe"])]),
    (
        "kind",
        "C-009",
        [
            ("unknown", "spiffy"),
            ("upper", "SPIFFE"),
            ("space", "spiffe "),
            ("empty", ""),
            ("null", None),
            ("number", 1),
            ("array", ["spiffe"]),
        ],
    ),
    (
        "audiences",
        "C-009",
        [
            ("empty", []),
            ("null", None),
            ("string", AUDIENCE),
            ("object", {}),
            ("of-empty", [""]),
            ("with-empty", [AUDIENCE, ""]),
            ("twice", [AUDIENCE, AUDIENCE]),
            ("twice-apart", ["a", "b", "a"]),
            ("of-number", [1]),
            ("of-null", [None]),
            ("of-array", [[AUDIENCE]]),
        ],
    ),
    (
        "trust_domains",
        "S-004+J-010",
        [
            ("empty", []),
            ("null", None),
            ("string", DOMAIN),
            ("of-empty", [""]),
            ("of-number", [1]),
            ("of-null", [None]),
            ("upper", ["Example.org"]),
            ("slash", ["example.org/"]),
            ("path", ["example.org/a"]),
            ("id-with-path", ["spiffe://example.org/a"]),
            ("https", ["https://example.org"]),
            ("space", ["example org"]),
            ("port", ["example.org:443"]),
            ("glob", ["*.example.org"]),
            ("umlaut", ["ex\u00e4mple.org"]),
            ("too-long", ["a" * 256]),
            ("second-bad", [DOMAIN, "Example.org"]),
        ],
    ),
    (
        "algorithms",
        "A-001",
        [
            ("empty", []),
            ("null", None),
            ("string", "ES256"),
            ("none", ["none"]),
            ("hs256", ["HS256"]),
            ("eddsa", ["EdDSA"]),
            ("es256k", ["ES256K"]),
            ("lower", ["es256"]),
            ("second-bad", ["ES256", "none"]),
            ("of-number", [256]),
            ("of-null", [None]),
        ],
    ),
    (
        "kid_policy",
        "A-020",
        [
            ("unknown", "optional"),
            ("upper", "Required"),
            ("null", None),
            ("true", True),
        ],
    ),
    (
        "strict_headers",
        "J-003",
        [("string", "true"), ("number", 1), ("null", None), ("array", [])],
    ),
    (
        "accept_unbound_cnf",
        "T-005",
        [("string", "true"), ("number", 1), ("null", None)],
    ),
    ("require_path", "J-006", [("string", "false"), ("number", 0), ("null", None)]),
    (
        "local_trust_domain",
        "S-015",
        [
            ("upper", "Example.org"),
            ("path", "example.org/a"),
            ("id-with-path", "spiffe://example.org/a"),
            ("empty", ""),
            ("number", 1),
            ("null", None),
            ("array", [DOMAIN]),
        ],
    ),
]
SECONDS = [
    ("negative", "-1"),
    ("fraction", "1.5"),
    ("string", '"60"'),
    ("null", "null"),
    ("true", "true"),
    ("array", "[60]"),
    ("beyond-u64", "18446744073709551616"),
    ("huge", "1e400"),
]


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    documents(c)
    versions_and_attestors(c)
    unknown_fields(c)
    required_fields(c)
    field_values(c)
    seconds(c)
    limits(c)
    several(c)
    good(c)


def refuse(c: Corpus, name: str, rule: str, document: Any) -> None:
    """Add a case whose policy must not load."""
    rules = c.policy(f"bad-{name}", document)
    c.case(f"policy-{name}", rule, "config_invalid", c.token(), policy=rules)


def documents(c: Corpus) -> None:
    """The document is strict JSON without duplicates."""
    text = js(policy())
    inner = text.replace('"id":', '"id":"twin","id":', 1)
    for name, content in [
        ("empty", b""),
        ("null", b"null"),
        ("array", f"[{text}]".encode()),
        ("string", b'"policy"'),
        ("empty-object", b"{}"),
        ("cut", text[:-1].encode()),
        ("trailing", text.encode() + b"}"),
        ("trailing-document", (text * 2).encode()),
        ("trailing-comma", (text[:-1] + ",}").encode()),
        ("comment", ("/* c */" + text).encode()),
        ("single-quotes", text.replace('"', "'").encode()),
        ("bom", b"\xef\xbb\xbf" + text.encode()),
        ("utf-16", text.encode("utf-16-le")),
        (
            "not-utf-8",
            text.replace("spiffe", "SPLIT", 1).encode().replace(b"SPLIT", b"\xff"),
        ),
        ("lone-surrogate", text.replace('"id":"spiffe"', '"id":"\\ud800"').encode()),
        ("nan", text.replace('"version":1', '"version":NaN').encode()),
        ("yaml", b"version: 1\nattestors: []\n"),
        ("twin-version", ('{"version":1,' + text[1:]).encode()),
        ("twin-attestors", (text[:-1] + ',"attestors":[]}').encode()),
        ("twin-in-attestor", inner.encode()),
        ("twin-escaped", inner.replace('"id":"twin"', '"\\u0069d":"twin"').encode()),
        (
            "twin-in-limits",
            ('{"limits":{"json_depth":16,"json_depth":16},' + text[1:]).encode(),
        ),
    ]:
        rule = "E-008" if name.startswith("twin") else "E-006"
        refuse(c, f"document-{name}", rule, content)


def versions_and_attestors(c: Corpus) -> None:
    """Version 1, and at least one attestor."""
    base = policy()
    for name, value in [
        ("zero", 0),
        ("two", 2),
        ("negative", -1),
        ("fraction", 1.5),
        ("string", "1"),
        ("null", None),
        ("true", True),
        ("array", [1]),
    ]:
        refuse(c, f"version-{name}", "C-009", base | {"version": value})
    for name, value in [
        ("empty", []),
        ("null", None),
        ("object", {"spiffe": attestor()}),
        ("one-object", attestor()),
        ("of-null", [None]),
        ("of-string", ["spiffe"]),
        ("of-array", [[attestor()]]),
        ("second-empty", [attestor(), {}]),
    ]:
        refuse(c, f"attestors-{name}", "C-009", base | {"attestors": value})


def unknown_fields(c: Corpus) -> None:
    """A field nobody knows is a typing error that could open a door."""
    for name in (
        "x",
        "Version",
        "clock_skew",
        "clockSkewSecs",
        "clock_skew_secs ",
        "audiences",
        "attestor",
        "limit",
        "",
        "$schema",
    ):
        label = name.strip().lower().strip("$").replace("_", "-") or "no-name"
        label += "-space" if name.endswith(" ") else ""
        refuse(c, f"unknown-top-{label}", "C-009", policy({name: 1}))
    for name in (
        "audience",
        "Audiences",
        "trust_domain",
        "trustDomains",
        "algorithm",
        "algs",
        "strict_header",
        "strict-headers",
        "max_lifetime",
        "max_token_age",
        "max_iat_future",
        "skew",
        "accept_unbound",
        "path_required",
        "comment",
        "version",
        "limits",
        "",
    ):
        label = name.replace("_", "-") or "no-name"
        label = f"{label.lower()}-title" if name == "Audiences" else label.lower()
        refuse(c, f"unknown-field-{label}", "C-009", with_text(name, "1"))
    for name in ("depth", "json-depth", "token_bytes", "Credential_Bytes", ""):
        label = name.lower().replace("_", "-") or "no-name"
        refuse(c, f"unknown-limit-{label}", "E-009", policy({"limits": {name: 16}}))


def required_fields(c: Corpus) -> None:
    """Nothing that matters has a default."""
    for name in ("version", "attestors"):
        document = {k: v for k, v in policy().items() if k != name}
        refuse(c, f"missing-{name}", "C-009", document)
    for name in ("id", "kind", "audiences", "trust_domains"):
        refuse(c, f"missing-{name.replace('_', '-')}", "C-009", policy(**{name: None}))


def field_values(c: Corpus) -> None:
    """Every field has its type, and nothing is coerced."""
    for name, rule, values in FIELD_VALUES:
        for label, value in values:
            document = policy()
            document["attestors"][0][name] = value
            refuse(c, f"{name.replace('_', '-')}-{label}", rule, document)


def with_text(field: str, text: str) -> bytes:
    """Give a policy whose attestor has a field by its JSON text."""
    return js(policy()).replace('"id":', f'"{field}":{text},"id":', 1).encode()


def with_top(field: str, text: str) -> bytes:
    """Give a policy that has a top-level field by its JSON text."""
    return f'{{"{field}":{text},{js(policy())[1:]}'.encode()


def seconds(c: Corpus) -> None:
    """Numbers of seconds are whole and not negative; the skew has a cap."""
    for field in ("max_lifetime_secs", "max_token_age_secs", "max_iat_future_secs"):
        for name, text in SECONDS:
            label = f"{field.replace('_', '-')}-{name}"
            refuse(c, label, "C-007", with_text(field, text))
    for name, text in [*SECONDS, ("301", "301")]:
        refuse(c, f"skew-own-{name}", "C-006", with_text("clock_skew_secs", text))
        refuse(c, f"skew-{name}", "C-006", with_top("clock_skew_secs", text))


def limits(c: Corpus) -> None:
    """The limits have limits."""
    for field, low, high in [
        ("credential_bytes", 256, 65536),
        ("json_depth", 2, 64),
        ("json_members", 8, 4096),
    ]:
        stem = f"limit-{field.replace('_', '-')}"
        for value in (low - 1, high + 1, 0, -1):
            name = f"{stem}-minus-1" if value < 0 else f"{stem}-{value}"
            refuse(c, name, "E-009", policy({"limits": {field: value}}))
        for name, text in [
            ("string", f'"{low}"'),
            ("null", "null"),
            ("fraction", f"{low}.5"),
        ]:
            limit = f'{{"{field}":{text}}}'
            refuse(c, f"{stem}-{name}", "E-009", with_top("limits", limit))
    for name, text in [
        ("null", "null"),
        ("array", "[]"),
        ("number", "16384"),
        ("string", '""'),
    ]:
        refuse(c, f"limits-{name}", "E-009", with_top("limits", text))


def several(c: Corpus) -> None:
    """Which attestor judges must never be in doubt."""
    one = attestor(id="one", trust_domains=[DOMAIN])
    two = attestor(id="two", trust_domains=[PARTNER])
    for name, attestors in [
        ("same-id", [one, two | {"id": "one"}]),
        ("same-pair", [one, one | {"id": "two"}]),
        (
            "one-common-pair",
            [
                one | {"audiences": ["a", AUDIENCE]},
                two | {"trust_domains": [PARTNER, DOMAIN]},
            ],
        ),
        ("third-same-pair", [one, two, two | {"id": "three"}]),
    ]:
        refuse(c, f"several-{name}", "C-009", {"version": 1, "attestors": attestors})
    other = one | {"id": "two", "audiences": ["billing-prod"]}
    for name, attestors in [
        ("domains-apart", [one, two]),
        ("audiences-apart", [one, other]),
    ]:
        rules = c.policy(f"several-{name}", {"version": 1, "attestors": attestors})
        c.case(f"policy-several-{name}", "C-009", "ok", c.token(), policy=rules)


def good(c: Corpus) -> None:
    """Policies that load, with everything they may say."""
    full: Jwk = policy(
        {
            "clock_skew_secs": 30,
            "limits": {"credential_bytes": 8192, "json_depth": 8, "json_members": 64},
        },
        algorithms=["ES256", "RS256", "PS256"],
        kid_policy="required",
        strict_headers=True,
        max_lifetime_secs=3600,
        max_token_age_secs=3600,
        max_iat_future_secs=60,
        clock_skew_secs=10,
        accept_unbound_cnf=False,
        local_trust_domain=DOMAIN,
        require_path=True,
    )
    reordered = {k: full[k] for k in reversed(full)}
    wide = {
        "limits": {"credential_bytes": 65536, "json_depth": 64, "json_members": 4096}
    }
    narrow = {"limits": {"json_depth": 2, "json_members": 8}}
    text = js(policy())
    for name, rule, document in [
        ("everything", "C-009", full),
        ("reordered", "C-009", reordered),
        ("limits-high", "E-009", policy(wide)),
        ("limits-low", "E-009", policy(narrow)),
        ("limits-empty", "E-009", policy({"limits": {}})),
        ("skew-300", "C-006", policy({"clock_skew_secs": 300})),
        ("skew-own-300", "C-006", policy(clock_skew_secs=300)),
        (
            "spaced",
            "C-009",
            b" \r\n\t" + json.dumps(policy(), indent=3).encode() + b"\n",
        ),
        (
            "escaped",
            "C-009",
            text.replace(
                '"audiences":["orders-prod"]', '"\\u0061udiences":["orders\\u002dprod"]'
            ).encode(),
        ),
        ("one-domain", "C-009", policy(trust_domains=[DOMAIN])),
    ]:
        rules = c.policy(f"good-{name}", document)
        c.case(f"policy-good-{name}", rule, "ok", c.token(), policy=rules)
