"""The one order of checks: of two faults, the earlier one is told."""

from __future__ import annotations

from itertools import pairwise

from ..corpus import CLAIMS, DOMAIN, Corpus
from ..encoding import Changes, b64u, js, merged, obj
from .common import policy

EXPIRED: Changes = {"exp": "1700000000"}
FOREIGN: Changes = {"sub": '"spiffe://evil.example/a"'}
BAD_PATH: Changes = {"sub": '"spiffe://example.org/a b"'}
OTHER_AUDIENCE: Changes = {"aud": '"billing-prod"'}
UNKNOWN_KID: Changes = {"kid": '"nobody"'}
BOUND: Changes = {"cnf": '{"jkt":"AAAA"}'}


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    before_the_header(c)
    within_the_header(c)
    between_documents(c)
    claims_and_rules(c)
    source_and_key(c)
    construction(c)


def before_the_header(c: Corpus) -> None:
    """Size, form, parts and base64url come before any JSON."""
    h, p, s = c.token(header={"typ": '"x"'}).split(b".")
    broken = b64u(b"{").encode()
    table = [
        ("base64-before-header-json", "invalid_base64url", [broken, p, s + b"="]),
        ("base64-before-typ", "invalid_base64url", [h, p, s + b"="]),
        (
            "payload-base64-before-header-json",
            "invalid_base64url",
            [broken, b"*" + p, s],
        ),
        ("parts-before-base64", "malformed_token", [h + b"=", p]),
        ("empty-part-before-base64", "malformed_token", [h + b"=", b"", s]),
        ("five-parts-before-base64", "token_encrypted", [h + b"=", b"*", p, s, s]),
    ]
    for name, reason, pieces in table:
        c.case(f"order-{name}", "E-001+E-003", reason, b".".join(pieces))
    one = b64u(b'{"alg":1}').encode() + b"." + p + b"." + s
    c.case("order-header-before-signature", "E-006", "header_param_invalid", one)


def within_the_header(c: Corpus) -> None:
    """typ, crit, b64, encryption, zip, cty, alg, kid."""
    steps: list[tuple[str, str, Changes]] = [
        ("typ", "typ_mismatch", {"typ": '"at+jwt"'}),
        ("crit", "crit_unsupported", {"crit": '["x"]'}),
        ("b64", "b64_forbidden", {"b64": "false"}),
        ("enc", "token_encrypted", {"enc": '"A128GCM"'}),
        ("zip", "header_param_forbidden", {"zip": '"DEF"'}),
        ("alg", "alg_not_allowed", {"alg": '"none"'}),
        ("kid", "header_param_invalid", {"kid": "1"}),
    ]
    for (name, reason, first), (later, _, second) in pairwise(steps):
        token = c.token(header={**second, **first})
        c.case(f"order-{name}-before-{later}", "E-012+J-002", reason, token)
    everything: dict[str, str | None] = {}
    for _, _, change in steps:
        everything |= change
    c.case("order-typ-before-all", "J-002", "typ_mismatch", c.token(header=everything))
    token = c.token(header={"cty": '"JWT"', "alg": None})
    c.case("order-cty-before-alg", "E-017", "header_param_forbidden", token)
    token = c.token(header={"typ": "1", "crit": "[]"})
    c.case("order-typ-type-before-crit", "J-002", "header_param_invalid", token)


def between_documents(c: Corpus) -> None:
    """The header is judged before the payload is read."""
    good = obj(c.header(c.keys["p256"]))
    for name, reason, header, payload in [
        (
            "header-json-before-payload-json",
            "json_duplicate_member",
            b'{"a":1,"a":2}',
            b"{",
        ),
        ("typ-before-payload-json", "typ_mismatch", b'{"alg":"ES256","typ":"x"}', b"{"),
        ("alg-before-payload-json", "alg_not_allowed", b'{"alg":"none"}', b"[]"),
        ("alg-missing-before-payload-json", "alg_missing", b"{}", b"null"),
        (
            "kid-type-before-payload-json",
            "header_param_invalid",
            b'{"alg":"ES256","kid":[]}',
            b"1",
        ),
        ("payload-json-before-kid", "invalid_json", b'{"alg":"ES256"}', b"[]"),
        (
            "payload-json-before-claims",
            "json_duplicate_member",
            good,
            b'{"exp":1,"exp":1}',
        ),
        ("types-before-sub", "claim_type_invalid", good, b'{"exp":"x"}'),
        ("range-before-sub", "numeric_date_invalid", good, b'{"exp":1e30}'),
    ]:
        c.case(f"order-{name}", "E-006", reason, c.signed(header, payload))


def claims_and_rules(c: Corpus) -> None:
    """Types, identity, the attestor's header rules, time, audience."""
    only = "only-es256.json"
    strict = "strict-headers.json"
    lifetime = c.policy("lifetime-60", policy(max_lifetime_secs=60))
    table: list[tuple[str, str, Changes, Changes, str]] = [
        ("type-before-sub", "claim_type_invalid", {"jti": "1", "sub": '""'}, {}, ""),
        (
            "aud-type-before-sub",
            "claim_type_invalid",
            {"aud": "null", **FOREIGN},
            {},
            "",
        ),
        (
            "range-before-route",
            "numeric_date_invalid",
            {"nbf": "1e400", **FOREIGN},
            {},
            "",
        ),
        ("sub-before-time", "claim_missing", {"sub": None, **EXPIRED}, {}, ""),
        ("route-before-time", "trust_domain_unknown", {**FOREIGN, **EXPIRED}, {}, ""),
        (
            "route-before-path",
            "trust_domain_unknown",
            {"sub": '"spiffe://evil.example/a b"'},
            {},
            "",
        ),
        (
            "route-before-slash",
            "trust_domain_unknown",
            {"sub": '"spiffe://evil.example/"'},
            {},
            "",
        ),
        (
            "route-before-no-path",
            "trust_domain_unknown",
            {"sub": '"spiffe://evil.example"'},
            {},
            "",
        ),
        (
            "route-before-length",
            "trust_domain_unknown",
            {"sub": js("spiffe://evil.example/" + "a" * 3000)},
            {},
            "",
        ),
        (
            "length-before-path",
            "spiffe_id_too_long",
            {"sub": js("spiffe://example.org/" + " " * 3000)},
            {},
            "",
        ),
        (
            "domain-before-path",
            "spiffe_id_bad_trust_domain_char",
            {"sub": '"spiffe://Example.org/a b"'},
            {},
            "",
        ),
        (
            "scheme-before-domain",
            "spiffe_id_wrong_scheme",
            {"sub": '"http://Example.org/"'},
            {},
            "",
        ),
        (
            "first-segment-char",
            "spiffe_id_bad_path_char",
            {"sub": '"spiffe://example.org/a b/../c"'},
            {},
            "",
        ),
        (
            "first-segment-dot",
            "spiffe_id_dot_segment",
            {"sub": '"spiffe://example.org/../a b"'},
            {},
            "",
        ),
        (
            "first-segment-empty",
            "spiffe_id_empty_segment",
            {"sub": '"spiffe://example.org//../"'},
            {},
            "",
        ),
        (
            "char-before-slash",
            "spiffe_id_bad_path_char",
            {"sub": '"spiffe://example.org/a b/"'},
            {},
            "",
        ),
        (
            "dot-before-slash",
            "spiffe_id_dot_segment",
            {"sub": '"spiffe://example.org/../"'},
            {},
            "",
        ),
        (
            "path-before-time",
            "spiffe_id_bad_path_char",
            {**BAD_PATH, **EXPIRED},
            {},
            "",
        ),
        ("path-before-strict", "spiffe_id_bad_path_char", BAD_PATH, {"x": "1"}, strict),
        (
            "path-before-algorithm",
            "spiffe_id_bad_path_char",
            BAD_PATH,
            {"alg": '"ES384"'},
            only,
        ),
        ("algorithm-before-time", "alg_not_allowed", EXPIRED, {"alg": '"ES384"'}, only),
        ("strict-before-time", "header_param_forbidden", EXPIRED, {"x": "1"}, strict),
        (
            "exp-missing-before-audience",
            "claim_missing",
            {"exp": None, **OTHER_AUDIENCE},
            {},
            "",
        ),
        ("exp-before-nbf", "token_expired", {**EXPIRED, "nbf": "1900000000"}, {}, ""),
        ("exp-before-audience", "token_expired", {**EXPIRED, **OTHER_AUDIENCE}, {}, ""),
        (
            "nbf-before-audience",
            "token_not_yet_valid",
            {"nbf": "1900000000", "aud": None},
            {},
            "",
        ),
        (
            "nbf-before-lifetime",
            "token_not_yet_valid",
            {"nbf": "1900000000"},
            {},
            lifetime,
        ),
        ("lifetime-before-audience", "lifetime_too_long", OTHER_AUDIENCE, {}, lifetime),
        ("audience-before-kid", "audience_mismatch", OTHER_AUDIENCE, UNKNOWN_KID, ""),
        (
            "audience-missing-before-kid",
            "audience_missing",
            {"aud": "[]"},
            {"kid": None},
            "",
        ),
        ("time-before-kid", "token_expired", EXPIRED, UNKNOWN_KID, ""),
        ("time-before-key-type", "token_expired", EXPIRED, {"kid": '"rsa2048"'}, ""),
    ]
    for name, reason, claims, header, rules in table:
        token = c.token(claims, header)
        chosen = rules or "default.json"
        c.case(f"order-{name}", "C-004+J-007", reason, token, policy=chosen)


def source_and_key(c: Corpus) -> None:
    """Source, kid, key type, signature, confirmation."""
    cut = c.token().rpartition(b".")[0] + b".AAAA"
    missing = "bundle_unavailable"
    for name, reason, token in [
        ("time-before-source", "token_expired", c.token(EXPIRED)),
        ("audience-before-source", "audience_mismatch", c.token(OTHER_AUDIENCE)),
        ("source-before-kid", missing, c.token(header={"kid": None})),
        ("source-before-signature", missing, cut),
    ]:
        c.case(f"order-{name}", "J-010+J-007", reason, token, bundles=[])
    revoked = f"{DOMAIN}=spiffe_bundle=empty.json"
    token = c.token(header={"kid": None})
    c.case("order-revoked-before-kid", "B-002", "kid_not_found", token, bundles=revoked)
    forged = "signature_invalid"
    for name, reason, claims, header, key in [
        ("kid-before-key-type", "kid_not_found", {}, UNKNOWN_KID, "p384"),
        (
            "key-type-before-signature",
            "alg_key_mismatch",
            {},
            {"kid": '"p384"'},
            "evil",
        ),
        ("signature-before-cnf", forged, BOUND, {"kid": '"p256"'}, "evil"),
        ("signature-before-cnf-form", forged, {"cnf": "1"}, {"kid": '"p256"'}, "evil"),
        (
            "audience-before-forgery",
            "audience_mismatch",
            OTHER_AUDIENCE,
            {"kid": '"p256"'},
            "evil",
        ),
        ("time-before-forgery", "token_expired", EXPIRED, {"kid": '"p256"'}, "evil"),
        ("time-before-cnf", "token_expired", {**EXPIRED, **BOUND}, {}, "p256"),
    ]:
        c.case(f"order-{name}", "A-018+A-003", reason, c.token(claims, header, key=key))
    short = b".".join([*c.token(BOUND).split(b".")[:2], b"AAAA"])
    c.case("order-signature-length-before-cnf", "A-010", "signature_malformed", short)
    head = obj(merged(c.header(c.keys["p256"]), {"kid": '"rsa2048"'}))
    text = f"{b64u(head)}.{b64u(obj(CLAIMS))}".encode() + b".AAAA"
    c.case("order-key-type-before-length", "A-003", "alg_key_mismatch", text)


def construction(c: Corpus) -> None:
    """Bundles are put first, then the policy is read, then the token."""
    bad_policy = "bad-version-two.json"
    bad_bundle = f"{DOMAIN}=spiffe_bundle=document-no-keys.json"
    case = c.case
    case(
        "order-bundle-before-policy",
        "B-001",
        "bundle_malformed",
        b"x",
        bundles=bad_bundle,
        policy=bad_policy,
    )
    case(
        "order-policy-before-token", "C-009", "config_invalid", b"x", policy=bad_policy
    )
    case(
        "order-bundle-before-token",
        "B-001",
        "bundle_malformed",
        b"x",
        bundles=bad_bundle,
    )
    tolerated = [f"?{bad_bundle}"]
    case(
        "order-policy-after-failing-bundle",
        "C-009",
        "config_invalid",
        b"x",
        bundles=tolerated,
        policy=bad_policy,
    )
