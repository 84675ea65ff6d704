"""Sections 4 and 5: audiences, the other claims, and confirmation."""

from __future__ import annotations

from ..corpus import AUDIENCE, DOMAIN, PARTNER, Corpus
from ..encoding import b64u, js
from ..rsa import digest
from .common import attestor, policy

TYPE = "claim_type_invalid"


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    audience_forms(c)
    audience_values(c)
    several_audiences(c)
    several_attestors(c)
    string_claims(c)
    ignored_claims(c)
    confirmation(c)


def audience_forms(c: Corpus) -> None:
    """A string or an array of strings, with at least one value."""
    missing, mismatch = "audience_missing", "audience_mismatch"
    for name, reason, text in [
        ("string", "ok", '"orders-prod"'),
        ("array", "ok", '["orders-prod"]'),
        ("array-first", "ok", '["orders-prod","other"]'),
        ("array-last", "ok", '["other","another","orders-prod"]'),
        ("array-repeated", "ok", '["orders-prod","orders-prod"]'),
        ("array-with-empty", "ok", '["","orders-prod"]'),
        ("escaped", "ok", '"orders\\u002dprod"'),
        ("absent", missing, None),
        ("empty-string", missing, '""'),
        ("empty-array", missing, "[]"),
        ("array-of-empty", mismatch, '[""]'),
        ("null", TYPE, "null"),
        ("number", TYPE, "1"),
        ("true", TYPE, "true"),
        ("object", TYPE, '{"aud":"orders-prod"}'),
        ("empty-object", TYPE, "{}"),
        ("array-of-number", TYPE, "[1]"),
        ("array-with-number-first", TYPE, '[1,"orders-prod"]'),
        ("array-with-number-last", TYPE, '["orders-prod",1]'),
        ("array-with-null", TYPE, '["orders-prod",null]'),
        ("array-with-array", TYPE, '["orders-prod",["x"]]'),
        ("array-in-array", TYPE, '[["orders-prod"]]'),
        ("array-with-object", TYPE, '["orders-prod",{}]'),
        ("array-with-true", TYPE, '[true,"orders-prod"]'),
    ]:
        c.case(f"aud-{name}", "C-008+J-007", reason, c.token({"aud": text}))
    token = c.token({"aud": None, "AUD": '["orders-prod"]'})
    c.case("aud-other-case-name", "C-008", missing, token)
    token = c.token({"aud": None, "audience": '"orders-prod"'})
    c.case("aud-long-name", "C-008", missing, token)


def audience_values(c: Corpus) -> None:
    """Byte equality: no prefix, no folding, no wildcard, no normalisation."""
    for name, text in [
        ("other", '"billing-prod"'),
        ("upper", '"ORDERS-PROD"'),
        ("title", '"Orders-prod"'),
        ("prefix", '"orders-pro"'),
        ("longer", '"orders-prod2"'),
        ("slash", '"orders-prod/"'),
        ("leading-space", '" orders-prod"'),
        ("trailing-space", '"orders-prod "'),
        ("trailing-newline", '"orders-prod\\n"'),
        ("trailing-nul", '"orders-prod\\u0000"'),
        ("cut-by-nul", '"orders-prod\\u0000.evil"'),
        ("joined-by-space", '"other orders-prod"'),
        ("joined-by-comma", '"orders-prod,other"'),
        ("json-in-string", js('["orders-prod"]')),
        ("wildcard", '"*"'),
        ("glob", '"orders-*"'),
        ("regex", '".*"'),
        ("percent", '"orders%2Dprod"'),
        ("unicode-hyphen", js("orders\u2010prod")),
        ("cyrillic", js("\u043erders-prod")),
        ("zero-width", js("orders-prod\u200b")),
        ("soft-hyphen", js("orders\u00ad-prod")),
        ("quoted", js('"orders-prod"')),
        ("our-trust-domain", '"spiffe://example.org"'),
        ("our-id", '"spiffe://example.org/ns/prod/sa/orders"'),
        ("many", js([f"a{i}" for i in range(200)])),
    ]:
        c.case(
            f"aud-value-{name}", "C-008", "audience_mismatch", c.token({"aud": text})
        )


def several_audiences(c: Corpus) -> None:
    """Any one of ours will do."""
    rules = c.policy(
        "three-audiences", policy(audiences=["a", "https://x.example/", "caf\u00e9"])
    )
    for name, text, reason in [
        ("first", '"a"', "ok"),
        ("second", '["z","https://x.example/"]', "ok"),
        ("two-of-ours", '["a","https://x.example/"]', "ok"),
        ("no-slash", '"https://x.example"', "audience_mismatch"),
        ("upper-host", '"https://X.example/"', "audience_mismatch"),
        ("default-port", '"https://x.example:443/"', "audience_mismatch"),
        ("longer-path", '"https://x.example/a"', "audience_mismatch"),
        ("composed", js("caf\u00e9"), "ok"),
        ("composed-raw", '"caf\u00e9"', "ok"),
        ("decomposed", js("cafe\u0301"), "audience_mismatch"),
        ("latin-letter", '"cafe"', "audience_mismatch"),
        ("default", '"orders-prod"', "audience_mismatch"),
    ]:
        token = c.token({"aud": text})
        c.case(f"aud-ours-{name}", "C-008+C-009", reason, token, policy=rules)


def several_attestors(c: Corpus) -> None:
    """Of the attestors of a trust domain, the one with the audience judges."""
    strict = attestor(id="strict", audiences=["strict"], strict_headers=True)
    loose = attestor(id="loose", audiences=["loose"], trust_domains=[DOMAIN])
    partner = attestor(id="partner", audiences=["loose"], trust_domains=[PARTNER])
    strict["trust_domains"] = [DOMAIN]
    rules = c.policy(
        "three-attestors", {"version": 1, "attestors": [strict, loose, partner]}
    )
    header = {"x": "1"}
    partner_id = "spiffe://partner.example/a"
    both = [
        f"{DOMAIN}=spiffe_bundle=main.json",
        f"{PARTNER}=spiffe_bundle=partner.json",
    ]
    for name, reason, audience, header_ in [
        ("strict", "ok", "strict", {}),
        ("strict-extra-header", "header_param_forbidden", "strict", header),
        ("loose", "ok", "loose", {}),
        ("loose-extra-header", "ok", "loose", header),
        ("neither", "audience_mismatch", AUDIENCE, {}),
    ]:
        token = c.token({"aud": js(audience)}, header_)
        c.case(f"attestors-{name}", "C-008", reason, token, policy=rules, bundles=both)
    for name, reason, audience in [
        ("partner", "ok", "loose"),
        ("partner-of-the-other", "audience_mismatch", "strict"),
    ]:
        token = c.token({"aud": js(audience), "sub": js(partner_id)}, key="partner")
        c.case(
            f"attestors-{name}",
            "C-008",
            reason,
            token,
            policy=rules,
            bundles=both,
            identity=partner_id,
        )


def string_claims(c: Corpus) -> None:
    """`iss`, `sub` and `jti` are strings where they are."""
    values = [
        ("null", "null"),
        ("number", "1"),
        ("true", "true"),
        ("array", '["a"]'),
        ("object", '{"a":1}'),
    ]
    for claim in ("iss", "sub", "jti"):
        rule = {"iss": "C-010", "sub": "J-005", "jti": "C-011"}[claim]
        for name, text in values:
            token = c.token({claim: text})
            c.case(f"{claim}-type-{name}", rule, TYPE, token)
    token = c.token({"iss": '"https://a.example\\u0000.evil"'})
    c.case("iss-with-nul", "C-010", TYPE, token)
    c.case("jti-with-nul", "C-011", "ok", c.token({"jti": '"a\\u0000b"'}))
    c.case("jti-empty", "C-011", "ok", c.token({"jti": '""'}))


def ignored_claims(c: Corpus) -> None:
    """`iss` never chooses keys or trust; other claims mean nothing here."""
    for name, text in [
        ("own-domain", '"spiffe://example.org"'),
        ("partner-domain", '"spiffe://partner.example"'),
        ("url", '"https://oidc.example.org"'),
        ("evil", '"https://evil.example"'),
        ("empty", '""'),
        ("upper", '"HTTPS://OIDC.EXAMPLE.ORG/"'),
        ("not-a-url", '"any string"'),
    ]:
        rule = "J-009+J-013" if name == "url" else "J-009+C-010"
        c.case(f"iss-{name}", rule, "ok", c.token({"iss": text}))
    for name, text in [
        ("nonce", '"n"'),
        ("azp", '"someone"'),
        ("scope", '"a b"'),
        ("kubernetes.io", '{"namespace":"prod","serviceaccount":{"name":"orders"}}'),
        ("crit", '["x"]'),
        ("alg", '"none"'),
        ("kid", '"p384"'),
        ("act", '{"sub":"spiffe://example.org/other"}'),
        ("auth_time", '"yesterday"'),
    ]:
        case = f"claim-ignored-{name.replace('.', '-').replace('_', '-')}"
        c.case(case, "J-009", "ok", c.token({name: text}))
    exact = c.token(
        {"big": "9007199254740993", "small": "0.1000000000000000055511151231257827"}
    )
    c.case("claim-exact-number", "C-012", "ok", exact)


def confirmation(c: Corpus) -> None:
    """A token bound to a key is no bearer token."""
    evil = c.ec("evil").jwk()
    jwk, thumb = js(evil), js(b64u(digest("sha256", b"thumbprint")))
    required, invalid = "pop_required", "cnf_invalid"
    table = [
        ("jwk", required, f'{{"jwk":{jwk}}}'),
        ("jkt", required, f'{{"jkt":{thumb}}}'),
        ("x5t", required, f'{{"x5t#S256":{thumb}}}'),
        ("null", invalid, "null"),
        ("empty", invalid, "{}"),
        ("string", invalid, thumb),
        ("number", invalid, "1"),
        ("true", invalid, "true"),
        ("array", invalid, f'[{{"jwk":{jwk}}}]'),
        ("empty-array", invalid, "[]"),
        ("jwk-string", invalid, f'{{"jwk":{js(jwk)}}}'),
        ("jwk-null", invalid, '{"jwk":null}'),
        ("jwk-array", invalid, f'{{"jwk":[{jwk}]}}'),
        ("jkt-number", invalid, '{"jkt":1}'),
        ("jkt-null", invalid, '{"jkt":null}'),
        ("jkt-object", invalid, f'{{"jkt":{jwk}}}'),
        ("x5t-object", invalid, '{"x5t#S256":{}}'),
        ("x5t-null", invalid, '{"x5t#S256":null}'),
        ("two", invalid, f'{{"jwk":{jwk},"jkt":{thumb}}}'),
        ("two-thumbprints", invalid, f'{{"jkt":{thumb},"x5t#S256":{thumb}}}'),
        ("jkt-and-unknown", invalid, f'{{"jkt":{thumb},"x":1}}'),
        ("kid", invalid, '{"kid":"p256"}'),
        ("jwe", invalid, '{"jwe":"a.b.c.d.e"}'),
        ("jku", invalid, '{"jku":"https://evil.example/keys"}'),
        ("x5t-sha1", invalid, '{"x5t":"AAAA"}'),
        ("x5t-lower", invalid, f'{{"x5t#s256":{thumb}}}'),
        ("jwk-upper", invalid, f'{{"JWK":{jwk}}}'),
        ("unknown", invalid, '{"osc":{}}'),
    ]
    unbound = c.policy("unbound-cnf", policy(accept_unbound_cnf=True))
    bound = c.policy("bound-cnf", policy(accept_unbound_cnf=False))
    for name, reason, text in table:
        c.case(f"cnf-{name}", "T-005", reason, c.token({"cnf": text}))
        if name in ("jwk", "jkt", "x5t", "null", "two", "kid"):
            token = c.token({"cnf": text})
            c.case(f"cnf-accepted-{name}", "T-005", "ok", token, policy=unbound)
    token = c.token({"cnf": f'{{"jkt":{thumb}}}'})
    c.case("cnf-opt-out-off", "T-005", "pop_required", token, policy=bound)
    c.case("cnf-other-case", "T-005", "ok", c.token({"CNF": f'{{"jkt":{thumb}}}'}))
    escaped = c.token({"cnf": f'{{"j\\u006bt":{thumb}}}'})
    c.case("cnf-escaped-member", "T-005", "pop_required", escaped)
    forged = c.token({"cnf": f'{{"jkt":{thumb}}}'}, {"kid": '"p256"'}, key="evil")
    c.case("cnf-forged", "T-005+A-018", "signature_invalid", forged)
