"""What an allow is worth: map, evidence; and what a shadow policy would have said."""

from __future__ import annotations

import json
from typing import Any

from .. import evidence
from ..corpus import AUDIENCE, DOMAIN, NOW, PARTNER, SUB, Corpus
from ..encoding import Changes, b64u, js
from ..evidence import Raw
from ..keys import thumbprint
from . import oidc as issuers
from .common import MAIN, PARTNERS, attestor
from .common import policy as spiffe_policy
from .oidc import FED, IDENTITY, ISSUER, OTHER, SUBJECT, of, oidc
from .oidc import policy as oidc_policy
from .passports import KEY, OTHER_KEY, native, passport
from .passports import identity as key_identity
from .passports import policy as native_policy

PREFIX = f"spiffe://{DOMAIN}"
PATTERN = PREFIX + "/ns/{ns}/sa/{sa}"
CAPTURED = {"ns": "prod", "sa": "orders"}
NOT_MAPPED, NOT_ALLOWED, REFUSED = "not_mapped", "not_allowed", "config_invalid"


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    spiffe_map(c)
    several_rules(c)
    oidc_map(c)
    native_map(c)
    with_allow(c)
    projection(c)
    spellings(c)
    materials(c)
    refusals(c)
    refused_maps(c)
    refused_projections(c)
    refused_bindings(c)
    shadows(c)
    shadows_of_passports(c)


# --- one case of each kind -------------------------------------------------------


def svid(
    c: Corpus, name: str, policy: str, claims: Changes | None = None, **told: Any
) -> None:
    """Add an allow of a JWT-SVID with its evidence; `told` is what differs."""
    token = c.token(claims)
    sub = json.loads((claims or {}).get("sub") or js(SUB))
    usual: dict[str, Any] = {
        "identity": sub,
        "subject": sub,
        "attestor": "spiffe",
        "trust_domain": DOMAIN,
        "bundle": evidence.bundle(c, "trust_domain", DOMAIN, "main.json"),
    }
    text = evidence.allow(c, "jwt_svid", token, c.keys["p256"], policy, **usual | told)
    options = {"policy": policy, "identity": sub, "evidence": text}
    c.case(f"grant-{name}", "F-008+C-009", "ok", token, **options)


def token(
    c: Corpus, name: str, policy: str, claims: Changes | None = None, **told: Any
) -> None:
    """Add an allow of an OIDC token with its evidence."""
    signed = issuers.token(c, claims)
    sub = json.loads((claims or {}).get("sub") or js(SUBJECT))
    usual: dict[str, Any] = {
        "identity": f"oidc:{ISSUER}:{sub}",
        "subject": sub,
        "attestor": "oidc",
        "issuer": ISSUER,
        "bundle": evidence.bundle(c, "issuer", ISSUER, "issuer.json"),
    }
    text = evidence.allow(c, "oidc", signed, c.keys["p256"], policy, **usual | told)
    options = {"policy": policy, "bundles": FED, "identity": usual["identity"]}
    c.case(f"grant-{name}", "O-001+C-009", "ok", signed, evidence=text, **options)


def refuse(
    c: Corpus,
    name: str,
    reason: str,
    policy: str,
    signed: bytes,
    at: str | None,
    **options: Any,
) -> None:
    """Add a refusal of a credential that was verified, with its evidence."""
    told = evidence.refusal(reason, attestor=at, authenticated=True)
    options = {"policy": policy, "evidence": told} | options
    c.case(f"grant-{name}", "C-009", reason, signed, **options)


# --- map -------------------------------------------------------------------------


def spiffe_map(c: Corpus) -> None:
    """A pattern matches the whole SPIFFE ID, a capture one whole segment of it."""
    rule = {"match": PATTERN, "internal_identity": "agent/{sa}", "policies": ["read"]}
    both = c.policy("map", spiffe_policy(map=[rule]))
    must = c.policy("map-required", spiffe_policy(map=[rule], map_required=True))
    optional = c.policy(
        "map-not-required", spiffe_policy(map=[rule], map_required=False)
    )
    granted = {"mapped": "map[0]", "policies": ["read"]}
    for name, policy in [("", both), ("-required", must), ("-optional", optional)]:
        told = {"attributes": CAPTURED, "internal_identity": "agent/orders", **granted}
        svid(c, f"map{name}", policy, **told)
    segment = "A-z.0_9"
    told = {"ns": segment, "sa": "x"}
    sub = f"{PREFIX}/ns/{segment}/sa/x"
    svid(
        c,
        "map-every-character",
        both,
        {"sub": js(sub)},
        attributes=told,
        internal_identity="agent/x",
        **granted,
    )
    for name, path in [
        ("shorter", "/ns/prod/sa"),
        ("longer", "/ns/prod/sa/orders/x"),
        ("segment-between", "/ns/prod/x/sa/orders"),
        ("other-name", "/ns/prod/sb/orders"),
        ("upper-name", "/NS/prod/sa/orders"),
        ("prefix-of-a-name", "/ns/prod/saa/orders"),
        ("other-beginning", "/x/ns/prod/sa/orders"),
    ]:
        claims = {"sub": js(PREFIX + path)}
        svid(c, f"map-not-{name}", both, claims)
        refuse(
            c, f"map-required-not-{name}", NOT_MAPPED, must, c.token(claims), "spiffe"
        )
    other = {"sub": js(f"spiffe://{PARTNER}/ns/prod/sa/orders")}
    signed = c.token(other, key="partner")
    name = "map-required-other-domain"
    refuse(c, name, NOT_MAPPED, must, signed, "spiffe", bundles=[MAIN, PARTNERS])


def several_rules(c: Corpus) -> None:
    """The first pattern that matches counts; what it grants is in its own order."""
    wide = {"match": PATTERN, "policies": ["wide"]}
    exact = {
        "match": SUB,
        "internal_identity": "the-orders",
        "policies": ["b", "a", "B"],
    }
    never = {"match": PREFIX + "/x/{y}", "policies": ["never"]}
    identity = {"internal_identity": "the-orders"}
    for name, rules, told in [
        (
            "wide-first",
            [wide, exact],
            {"attributes": CAPTURED, "policies": ["wide"], "mapped": "map[0]"},
        ),
        (
            "exact-first",
            [exact, wide],
            {"policies": ["b", "a", "B"], "mapped": "map[0]", **identity},
        ),
        (
            "third",
            [never, {"match": PREFIX + "/{a}", "policies": ["x"]}, exact],
            {"policies": ["b", "a", "B"], "mapped": "map[2]", **identity},
        ),
        (
            "identity-only",
            [{"match": SUB, "internal_identity": "the-orders"}],
            {"mapped": "map[0]", **identity},
        ),
        (
            "template-with-captures",
            [{"match": PATTERN, "internal_identity": "{sa}.{ns}/{sa}{ns}"}],
            {
                "attributes": CAPTURED,
                "internal_identity": "orders.prod/ordersprod",
                "mapped": "map[0]",
            },
        ),
        (
            "capture-unused",
            [{"match": PREFIX + "/ns/prod/sa/{sa}", "policies": ["x"]}],
            {"attributes": {"sa": "orders"}, "policies": ["x"], "mapped": "map[0]"},
        ),
        (
            "identity-unlike-text",
            [{"match": SUB, "internal_identity": '\u00e9 "\\ /'}],
            {"internal_identity": '\u00e9 "\\ /', "mapped": "map[0]"},
        ),
    ]:
        policy = c.policy(f"map-{name}", spiffe_policy(map=rules))
        svid(c, f"map-{name}", policy, **told)
    eight = "".join(f"/{{s{n}}}" for n in range(8))
    rules = [{"match": PREFIX + eight, "internal_identity": "{s7}{s0}"}]
    policy = c.policy("map-eight-captures", spiffe_policy(map=rules))
    claims = {"sub": js(PREFIX + "/a/b/c/d/e/f/g/h")}
    told = {f"s{n}": "abcdefgh"[n] for n in range(8)}
    more = {"internal_identity": "ha", "mapped": "map[0]"}
    svid(c, "map-eight-captures", policy, claims, attributes=told, **more)
    rules = [{"match": PREFIX + "/{a}", "policies": ["x"]}]
    policy = c.policy("map-every-domain", spiffe_policy(trust_domains=["*"], map=rules))
    claims = {"sub": js(PREFIX + "/one")}
    told = {"attributes": {"a": "one"}, "policies": ["x"], "mapped": "map[0]"}
    svid(c, "map-every-domain", policy, claims, **told)


def oidc_map(c: Corpus) -> None:
    """Of an issuer, `sub` is what is matched; a segment is `[A-Za-z0-9._-]+`."""
    account = {
        "match": "system:serviceaccount:{namespace}:{name}",
        "internal_identity": "{namespace}/{name}",
    }
    branch = {
        "match": "repo:{owner}/{repo}:ref:refs/heads/main",
        "internal_identity": "ci/{owner}/{repo}",
        "policies": ["deploy"],
    }
    policy = c.policy("map-oidc", oidc_policy(map=[account, branch], map_required=True))
    told = {"namespace": "prod", "name": "orders"}
    more = {"internal_identity": "prod/orders", "mapped": "map[0]"}
    token(c, "map-oidc", policy, attributes=told, **more)
    claims = {"sub": '"repo:o-1/r.2:ref:refs/heads/main"'}
    told = {"owner": "o-1", "repo": "r.2"}
    more = {"internal_identity": "ci/o-1/r.2", "mapped": "map[1]"}
    token(
        c,
        "map-oidc-second",
        policy,
        claims,
        attributes=told,
        policies=["deploy"],
        **more,
    )
    for name, sub in [
        ("other-branch", "repo:o/r:ref:refs/heads/main2"),
        ("longer", "repo:o/r:ref:refs/heads/main/x"),
        ("two-segments", "repo:o/r/x:ref:refs/heads/main"),
        ("ids", "repo:o@1/r@2:ref:refs/heads/main"),
        ("escaped-colon", "repo:o/r%3A:ref:refs/heads/main"),
        ("empty-segment", "repo:/r:ref:refs/heads/main"),
        ("space", "repo:o/r r:ref:refs/heads/main"),
        ("umlaut", "repo:o/\u00fc:ref:refs/heads/main"),
        ("newline", "repo:o/r\n:ref:refs/heads/main"),
        ("colon-in-capture", "system:serviceaccount:a:b:c"),
        ("prefixed", "xsystem:serviceaccount:a:b"),
        ("identity", IDENTITY),
    ]:
        signed = issuers.token(c, {"sub": js(sub)})
        refuse(
            c, f"map-oidc-not-{name}", NOT_MAPPED, policy, signed, "oidc", bundles=FED
        )


def native_map(c: Corpus) -> None:
    """Of a passport the key in hexadecimal is matched, whatever stands before it."""
    hexadecimal = c.ed(KEY).public.hex()
    rules = [
        {"match": c.ed(OTHER_KEY).public.hex(), "policies": ["other"]},
        {"match": "{key}", "internal_identity": "agent/{key}", "policies": ["any"]},
    ]
    document = native_policy(identity_prefix="n:", map=rules, evidence={"id": "/jti"})
    policy = c.policy("map-native", document)
    claims = {"jti": '"a\\u0031"', "sub": '"spiffe://example.org/a"'}
    for name, key, told in [
        (
            "any",
            KEY,
            {
                "attributes": {"id": "a1", "key": hexadecimal},
                "internal_identity": f"agent/{hexadecimal}",
                "policies": ["any"],
                "mapped": "map[1]",
            },
        ),
        (
            "exact",
            OTHER_KEY,
            {"attributes": {"id": "a1"}, "policies": ["other"], "mapped": "map[0]"},
        ),
    ]:
        presented = passport(c, claims, key=key)
        named = key_identity(c, key, "n:")
        text = evidence.allow(
            c,
            "passport",
            presented,
            c.keys[key],
            policy,
            identity=named,
            subject=c.ed(key).public.hex(),
            attestor="native",
            passport_thumbprint=thumbprint(c.keys[key]),
            **told,
        )
        options = {"policy": policy, "bundles": [], "identity": named, "evidence": text}
        name = f"grant-map-native-{name}"
        c.case(name, "N-002", "ok", None, admit=True, passport=presented, **options)
    only = [{"match": hexadecimal, "policies": ["x"]}]
    strict = c.policy("map-native-required", native_policy(map=only, map_required=True))
    stranger = passport(c, key=OTHER_KEY)
    told = evidence.refusal(
        NOT_MAPPED, attestor="native", authenticated=True, passport=True
    )
    options = {"policy": strict, "bundles": [], "evidence": told, "passport": stranger}
    name = "grant-map-native-required"
    c.case(name, "N-002", NOT_MAPPED, None, admit=True, **options)


def with_allow(c: Corpus) -> None:
    """`allow` comes first and says which entry admitted."""
    rule = {"match": PATTERN, "policies": ["x"]}
    other = f"{PREFIX}/other"
    granted = {"attributes": CAPTURED, "policies": ["x"], "mapped": "map[0]"}
    for name, allow, place in [
        ("ids", {"ids": [other, SUB]}, "allow.ids[1]"),
        ("prefixes", {"prefixes": [f"{PREFIX}/ns"]}, "allow.prefixes[0]"),
        (
            "claims",
            {"claims": [{"/x": ["1"]}, {"/aud": [AUDIENCE]}]},
            "allow.claims[1]",
        ),
    ]:
        policy = c.policy(f"map-allow-{name}", spiffe_policy(allow=allow, map=[rule]))
        svid(c, f"allow-{name}-and-map", policy, rule=place, **granted)
        alone = c.policy(f"evidence-allow-{name}", spiffe_policy(allow=allow))
        svid(c, f"allow-{name}", alone, rule=place)
    rules = {"subjects": ["x", SUBJECT]}
    alone = c.policy("evidence-allow-subjects", oidc_policy(allow=rules))
    token(c, "allow-subjects", alone, rule="allow.subjects[1]")
    nobody = {"ids": [other]}
    unmapped = [{"match": other, "policies": ["x"]}]
    document = spiffe_policy(allow=nobody, map=unmapped, map_required=True)
    strict = c.policy("map-order", document)
    refuse(c, "allow-before-map", NOT_ALLOWED, strict, c.token(), "spiffe")
    document = spiffe_policy(allow={"ids": [SUB]}, map=unmapped, map_required=True)
    strict = c.policy("map-after-allow", document)
    refuse(c, "map-after-allow", NOT_MAPPED, strict, c.token(), "spiffe")


# --- evidence --------------------------------------------------------------------


def projection(c: Corpus) -> None:
    """Only what the policy lists, under its names, in the order of their bytes."""
    names = {
        "text": "/text",
        "nested": "/outer/inner",
        "slashed": "/https:~1~1example.org~1roles",
        "tilde": "/a~0b",
        "both": "/~01",
        "empty_name": "/",
        "absent": "/nowhere",
        "through_text": "/text/inner",
        "absent_inside": "/outer/other",
        "9": "/nine",
        "_": "/low",
        "a": "/whole",
    }
    claims = {
        "text": '"t"',
        "outer": '{"inner":"i","secret":"s"}',
        "https://example.org/roles": '["r"]',
        "a~b": "1",
        "~1": "2",
        "": '"e"',
        "nine": "9",
        "low": '"l"',
        "whole": '{"z":1,"y":[{"b":1,"a":2}],"x":{}}',
        "secret": '"never"',
    }
    told = {
        "text": "t",
        "nested": "i",
        "slashed": ["r"],
        "tilde": 1,
        "both": 2,
        "empty_name": "e",
        "9": 9,
        "_": "l",
        "a": {"x": {}, "y": [{"a": 2, "b": 1}], "z": 1},
    }
    policy = c.policy("evidence-svid", spiffe_policy(evidence=names))
    svid(c, "evidence-svid", policy, claims, attributes=told)
    policy = c.policy("evidence-oidc", oidc_policy(evidence=names))
    token(c, "evidence-oidc", policy, claims, attributes=told)
    rules = [{"match": PATTERN, "policies": ["x"]}]
    document = spiffe_policy(
        map=rules, evidence={"o": "/text", "sb": "/text", "registered": "/exp"}
    )
    policy = c.policy("evidence-and-map", document)
    told = CAPTURED | {"o": "t", "sb": "t", "registered": NOW + 300}
    more = {"policies": ["x"], "mapped": "map[0]"}
    svid(c, "evidence-and-map", policy, {"text": '"t"'}, attributes=told, **more)
    none = c.policy("evidence-none", spiffe_policy(evidence={}))
    svid(c, "evidence-none", none, claims)
    svid(c, "evidence-not-asked", "default.json", claims)


def spellings(c: Corpus) -> None:
    """Sorted by UTF-8 bytes, the fewest escapes, numbers as they were."""
    policy = c.policy("evidence-x", spiffe_policy(evidence={"x": "/x"}))
    astral, private = "\U00010000", "\ue000"
    for name, text, value in [
        ("escapes", '"\\u0041\\/\\u00e9\\u2028\\"\\\\"', 'A/\u00e9\u2028"\\'),
        ("controls", '"\\u000a\\u0009\\u000d\\u0001\\u001f"', "\n\t\r\x01\x1f"),
        ("short-controls", '"\\b\\f"', "\b\f"),
        ("delete", '"\\u007f\\u0080"', "\x7f\x80"),
        ("surrogates", '"\\ud83d\\ude00"', "\U0001f600"),
        ("nul", '"a\\u0000b"', "a\0b"),
        ("markup", '"<a href=\\u0026>"', "<a href=&>"),
        ("number", "1.0e2", Raw("1.0e2")),
        ("number-exponent", "-1E+02", Raw("-1E+02")),
        (
            "number-large",
            "123456789012345678901234567890",
            Raw("123456789012345678901234567890"),
        ),
        ("number-precise", "9007199254740993", Raw("9007199254740993")),
        ("number-minus-zero", "-0", Raw("-0")),
        ("number-small", "1e-400", Raw("1e-400")),
        ("true", "true", True),
        ("false", "false", False),
        ("null", "null", None),
        ("empty-text", '""', ""),
        ("empty-object", "{ }", {}),
        ("empty-array", "[ \n]", []),
        (
            "array",
            '[ 2, "b",null ,[true], {"b":1, "a":2} ]',
            [2, "b", None, [True], {"a": 2, "b": 1}],
        ),
        (
            "names-by-bytes",
            '{"b":1,"a":2,"B":3,"":4,"\\u00e9":5,"aa":6}',
            {"b": 1, "a": 2, "B": 3, "": 4, "\u00e9": 5, "aa": 6},
        ),
        (
            "names-beyond-the-plane",
            '{"\\ud800\\udc00":1,"\\ue000":2}',
            {astral: 1, private: 2},
        ),
        ("names-escaped", '{"\\u0062":1,"\\"":2}', {"b": 1, '"': 2}),
    ]:
        svid(c, f"evidence-{name}", policy, {"x": text}, attributes={"x": value})


def materials(c: Corpus) -> None:
    """What verified: the bundle at hand, and the key of the token."""
    later = {"spiffe_sequence": 8, "keys": [c.jwt_jwk("p256"), c.jwt_jwk("p256-next")]}
    items = [MAIN, c.put("later", later)]
    signed = c.token(key="p256-next")
    text = evidence.allow(
        c,
        "jwt_svid",
        signed,
        c.keys["p256-next"],
        "default.json",
        identity=SUB,
        subject=SUB,
        attestor="spiffe",
        trust_domain=DOMAIN,
        bundle=evidence.bundle(c, "trust_domain", DOMAIN, "later.json"),
    )
    c.case(
        "grant-evidence-rotated", "B-012", "ok", signed, bundles=items, evidence=text
    )
    sub = f"spiffe://{PARTNER}/ns/a"
    signed = c.token({"sub": js(sub)}, key="partner")
    text = evidence.allow(
        c,
        "jwt_svid",
        signed,
        c.keys["partner"],
        "default.json",
        identity=sub,
        subject=sub,
        attestor="spiffe",
        trust_domain=PARTNER,
        bundle=evidence.bundle(c, "trust_domain", PARTNER, "partner.json"),
        now=NOW + 5,
    )
    options = {"bundles": [MAIN, PARTNERS], "identity": sub, "now": NOW + 5}
    c.case("grant-evidence-partner", "F-008", "ok", signed, evidence=text, **options)
    alias = "https://alias.example"
    policy = c.policy("evidence-alias", oidc_policy(issuer_aliases=[alias]))
    token(c, "evidence-alias", policy, {"iss": js(alias)})


def refusals(c: Corpus) -> None:
    """A refusal holds nothing of the credential, and says how far it came."""
    for name, reason, signed, at, authenticated, options in [
        ("expired", "token_expired", c.token({"exp": "1"}), "spiffe", False, {}),
        (
            "early",
            "token_not_yet_valid",
            c.token({"nbf": str(NOW + 61)}),
            "spiffe",
            False,
            {},
        ),
        (
            "domain",
            "trust_domain_unknown",
            c.token({"sub": '"spiffe://x/a"'}),
            None,
            False,
            {},
        ),
        ("typ", "typ_mismatch", c.token(header={"typ": '"x"'}), None, False, {}),
        ("alg", "alg_not_allowed", c.token(header={"alg": '"none"'}), None, False, {}),
        ("kid", "kid_not_found", c.token(header={"kid": '"x"'}), "spiffe", False, {}),
        ("unfed", "bundle_unavailable", c.token(), "spiffe", False, {"bundles": []}),
        (
            "bound",
            "pop_required",
            c.token({"cnf": js({"jkt": b64u(bytes(32))})}),
            "spiffe",
            True,
            {},
        ),
        (
            "issuer",
            "issuer_unknown",
            issuers.token(c, {"iss": js(OTHER)}),
            None,
            False,
            {"policy": "oidc.json"},
        ),
    ]:
        told = evidence.refusal(reason, attestor=at, authenticated=authenticated)
        name = f"grant-refused-{name}"
        c.case(name, "R-002", reason, signed, evidence=told, **options)


# --- configuration ---------------------------------------------------------------


def refuse_policy(c: Corpus, name: str, document: Any) -> None:
    """Add one case of a policy that must be refused."""
    policy = c.policy(f"grant-bad-{name}", document)
    c.case(f"policy-grant-{name}", "C-009", REFUSED, c.token(), policy=policy)


def refused_maps(c: Corpus) -> None:
    """A map that never matches, grants nothing or reads unlike it works is refused."""
    grant = {"policies": ["x"]}
    path = PREFIX + "/"
    for name, rules in [
        ("empty", []),
        ("object", {}),
        ("string", PATTERN),
        ("of-string", [PATTERN]),
        ("no-match", [grant]),
        ("no-grant", [{"match": PATTERN}]),
        ("second-no-grant", [{"match": SUB, **grant}, {"match": PATTERN}]),
        ("unknown-field", [{"match": SUB, **grant, "policy": "x"}]),
        ("match-empty", [{"match": "", **grant}]),
        ("match-number", [{"match": 1, **grant}]),
        ("match-null", [{"match": None, **grant}]),
        ("match-list", [{"match": [SUB], **grant}]),
        ("identity-empty", [{"match": SUB, "internal_identity": ""}]),
        ("identity-number", [{"match": SUB, "internal_identity": 1}]),
        ("identity-null", [{"match": SUB, "internal_identity": None, **grant}]),
        ("policies-empty", [{"match": SUB, "internal_identity": "a", "policies": []}]),
        ("policies-string", [{"match": SUB, "policies": "x"}]),
        ("policies-number", [{"match": SUB, "policies": [1]}]),
        ("policies-empty-text", [{"match": SUB, "policies": [""]}]),
        ("policies-same", [{"match": SUB, "policies": ["x", "x"]}]),
        ("part-of-a-segment", [{"match": path + "a{b}", **grant}]),
        ("capture-then-text", [{"match": path + "{a}b", **grant}]),
        ("capture-then-dot", [{"match": path + "{a}.b", **grant}]),
        ("capture-then-dash", [{"match": path + "{a}-{b}", **grant}]),
        ("captures-adjacent", [{"match": path + "{a}{b}", **grant}]),
        ("brace-open", [{"match": path + "{a", **grant}]),
        ("brace-close", [{"match": path + "a}", **grant}]),
        ("brace-double", [{"match": path + "{{a}}", **grant}]),
        ("name-empty", [{"match": path + "{}", **grant}]),
        ("name-upper", [{"match": path + "{A}", **grant}]),
        ("name-dash", [{"match": path + "{a-b}", **grant}]),
        ("name-65", [{"match": path + "{" + "a" * 65 + "}", **grant}]),
        ("identity-brace", [{"match": path + "{a}", "internal_identity": "{a"}]),
        ("identity-brace-close", [{"match": path + "{a}", "internal_identity": "a}"}]),
        (
            "nine-captures",
            [{"match": PREFIX + "".join(f"/{{s{n}}}" for n in range(9)), **grant}],
        ),
        ("beyond-capture-twice", [{"match": path + "{a}/{a}", **grant}]),
        (
            "beyond-unknown-capture",
            [{"match": path + "{a}", "internal_identity": "{b}"}],
        ),
        ("beyond-other-domain", [{"match": "spiffe://other.example/{a}", **grant}]),
        ("beyond-longer-domain", [{"match": f"{PREFIX}.evil/{{a}}", **grant}]),
        ("captured-domain", [{"match": "spiffe://{domain}/a", **grant}]),
        ("captured-all", [{"match": "{all}", **grant}]),
        ("no-scheme", [{"match": f"{DOMAIN}/{{a}}", **grant}]),
        ("upper-scheme", [{"match": f"SPIFFE://{DOMAIN}/{{a}}", **grant}]),
        ("issuer-pattern", [{"match": "repo:{owner}/{repo}", **grant}]),
    ]:
        refuse_policy(c, f"map-{name}", spiffe_policy(map=rules))
    null = {"version": 1, "attestors": [{**attestor(), "map": None}]}
    refuse_policy(c, "map-null", null)
    wildcard = spiffe_policy(trust_domains=["*"], map=[{"match": "{all}", **grant}])
    refuse_policy(c, "map-captured-all-every-domain", wildcard)
    rules = [{"match": "a", **grant}]
    for kind, make in [("oidc", oidc), ("native", native)]:
        refuse_policy(c, f"map-no-grant-{kind}", of(make(map=[{"match": "a"}])))
        refuse_policy(c, f"map-part-{kind}", of(make(map=[{"match": "a{b}", **grant}])))
        refuse_policy(c, f"map-required-alone-{kind}", of(make(map_required=True)))
    refuse_policy(c, "map-required-alone", spiffe_policy(map_required=True))
    for name, value in [("string", "true"), ("number", 1), ("null", None)]:
        document = {
            "version": 1,
            "attestors": [{**oidc(map=rules), "map_required": value}],
        }
        refuse_policy(c, f"map-required-{name}", document)
    lone = c.policy("map-required-false-alone", spiffe_policy(map_required=False))
    c.case("grant-map-required-false-alone", "C-009", "ok", c.token(), policy=lone)


def refused_projections(c: Corpus) -> None:
    """Evidence has plain names, each with one meaning, and pointers into the claims."""
    for name, value in [
        ("list", ["/a"]),
        ("string", "/a"),
        ("number", 1),
        ("pointer-bare", {"a": "sub"}),
        ("pointer-empty", {"a": ""}),
        ("pointer-fragment", {"a": "#/sub"}),
        ("pointer-tilde", {"a": "/a~"}),
        ("pointer-tilde-two", {"a": "/a~2b"}),
        ("pointer-number", {"a": 1}),
        ("pointer-list", {"a": ["/a"]}),
        ("pointer-null", {"a": None}),
        ("name-empty", {"": "/a"}),
        ("name-upper", {"A": "/a"}),
        ("name-dash", {"a-b": "/a"}),
        ("name-dot", {"a.b": "/a"}),
        ("name-65", {"a" * 65: "/a"}),
    ]:
        for kind, make in [("spiffe", attestor), ("oidc", oidc), ("native", native)]:
            refuse_policy(c, f"evidence-{name}-{kind}", of(make(evidence=value)))
    null = {"version": 1, "attestors": [{**attestor(), "evidence": None}]}
    refuse_policy(c, "evidence-null", null)
    rules = [{"match": SUB, "policies": ["x"]}, {"match": PATTERN, "policies": ["x"]}]
    document = spiffe_policy(map=rules, evidence={"other": "/a", "sa": "/a"})
    refuse_policy(c, "beyond-evidence-name-of-a-capture", document)
    longest = c.policy("evidence-name-64", spiffe_policy(evidence={"a" * 64: "/sub"}))
    svid(c, "evidence-name-64", longest, attributes={"a" * 64: SUB})


def refused_bindings(c: Corpus) -> None:
    """`passport_binding` is one of three words, and no matter of passports alone."""
    for kind, make in [("spiffe", attestor), ("oidc", oidc)]:
        for name, value in [
            ("unknown", "jkt"),
            ("upper", "CNF"),
            ("empty", ""),
            ("true", True),
            ("list", ["cnf"]),
        ]:
            document = of(make(passport_binding=value))
            refuse_policy(c, f"binding-{name}-{kind}", document)
        document = {"version": 1, "attestors": [{**make(), "passport_binding": None}]}
        refuse_policy(c, f"binding-null-{kind}", document)
    for value in ("none", "cnf", "audience"):
        refuse_policy(c, f"binding-{value}-native", of(native(passport_binding=value)))
    refuse_policy(c, "unbound-native", of(native(accept_unbound_cnf=True)))


# --- shadow policies -------------------------------------------------------------


def shadows(c: Corpus) -> None:
    """A shadow policy judges the same credential, is told, and decides nothing."""
    other = {"ids": [f"{PREFIX}/other"]}
    nobody = c.policy("shadow-nobody", spiffe_policy(allow=other))
    partner = c.policy("shadow-partner", spiffe_policy(trust_domains=[PARTNER]))
    narrow = c.policy("shadow-es384", spiffe_policy(algorithms=["ES384"]))
    small = c.policy(
        "shadow-small", spiffe_policy({"limits": {"credential_bytes": 256}})
    )
    renamed = c.policy("shadow-renamed", spiffe_policy(id="other"))
    elsewhere = c.policy("shadow-audience", spiffe_policy(audiences=["x"]))
    unmapped = [{"match": f"{PREFIX}/other", "policies": ["x"]}]
    must = c.policy("shadow-mapped", spiffe_policy(map=unmapped, map_required=True))
    bound = c.policy("shadow-bound", spiffe_policy(passport_binding="audience"))
    both = {"iss": js(ISSUER)}
    default, by_issuer = "default.json", "oidc.json"
    # The issuer publishes another key under the same kid.
    forged = c.put(
        "shadow-issuer",
        {"keys": [c.ec("evil").jwk(kid="p256")]},
        domain=ISSUER,
        form="jwks",
    )
    evil = c.token(both, {"kid": '"p256"'}, key="evil")
    late = c.token({"exp": str(NOW - 30)})
    strict = "skew-0.json"
    good = c.token()
    unavailable, mismatch = "bundle_unavailable", "audience_mismatch"
    expired, invalid = "token_expired", "signature_invalid"
    table: list[tuple[str, bytes, str, str, str, str, list[str]]] = [
        ("same", good, default, "ok", default, "ok", [MAIN]),
        ("stricter", good, default, "ok", nobody, NOT_ALLOWED, [MAIN]),
        ("looser", good, nobody, NOT_ALLOWED, default, "ok", [MAIN]),
        ("domain", good, default, "ok", partner, "trust_domain_unknown", [MAIN]),
        ("domain-looser", good, partner, "trust_domain_unknown", default, "ok", [MAIN]),
        ("algorithm", good, default, "ok", narrow, "alg_not_allowed", [MAIN]),
        ("algorithm-looser", good, narrow, "alg_not_allowed", default, "ok", [MAIN]),
        ("size", good, default, "ok", small, "input_too_large", [MAIN]),
        ("audience", good, default, "ok", elsewhere, mismatch, [MAIN]),
        ("audience-looser", good, elsewhere, mismatch, default, "ok", [MAIN]),
        ("map", good, default, "ok", must, NOT_MAPPED, [MAIN]),
        ("binding", good, default, "ok", bound, "pop_required", [MAIN]),
        ("renamed", good, default, "ok", renamed, "ok", [MAIN]),
        ("skew", late, default, "ok", strict, expired, [MAIN]),
        ("skew-looser", late, strict, expired, default, "ok", [MAIN]),
        ("nothing-fed", good, default, unavailable, default, unavailable, []),
        ("kinds", c.token(both), default, "ok", by_issuer, "ok", [MAIN, FED]),
        ("kinds-not-fed", c.token(both), default, "ok", by_issuer, unavailable, [MAIN]),
        (
            "kinds-no-issuer",
            good,
            default,
            "ok",
            by_issuer,
            "claim_missing",
            [MAIN, FED],
        ),
        (
            "kinds-other-key",
            c.token(both),
            default,
            "ok",
            by_issuer,
            invalid,
            [MAIN, forged],
        ),
        (
            "kinds-other-key-looser",
            evil,
            default,
            invalid,
            by_issuer,
            "ok",
            [MAIN, forged],
        ),
        ("forged", evil, default, invalid, default, invalid, [MAIN]),
        ("forged-and-elsewhere", evil, elsewhere, mismatch, default, invalid, [MAIN]),
        ("forged-and-stricter", evil, default, invalid, nobody, invalid, [MAIN]),
        ("junk", b"x", default, "malformed_token", nobody, "malformed_token", [MAIN]),
    ]
    for name, signed, live, reason, shadow, said, bundles in table:
        items = [*bundles, f"~{shadow}"]
        options = {"policy": live, "bundles": items, "shadow": said}
        c.case(f"shadow-{name}", "R-002", reason, signed, **options)
    identity = f"oidc:{ISSUER}:{SUB}"
    options = {"policy": by_issuer, "bundles": [MAIN, FED, f"~{default}"]}
    options |= {"identity": identity, "shadow": "ok"}
    c.case("shadow-kinds-reversed", "R-002", "ok", c.token(both), **options)
    items = [MAIN, f"~{renamed}"]
    options = {
        "bundles": items,
        "request": "attestor=spiffe",
        "shadow": "attestor_unknown",
    }
    c.case("shadow-forced", "R-002", "ok", good, **options)
    bad = c.policy("shadow-bad", {"version": 1})
    c.case("shadow-refused", "C-009", REFUSED, good, bundles=[MAIN, f"~{bad}"])
    told = evidence.allow(
        c,
        "jwt_svid",
        good,
        c.keys["p256"],
        default,
        identity=SUB,
        subject=SUB,
        attestor="spiffe",
        trust_domain=DOMAIN,
        bundle=evidence.bundle(c, "trust_domain", DOMAIN, "main.json"),
    )
    options = {"bundles": [MAIN, f"~{nobody}"], "shadow": NOT_ALLOWED, "evidence": told}
    c.case("shadow-leaves-evidence", "R-002", "ok", good, **options)
    told = evidence.refusal(NOT_ALLOWED, attestor="spiffe", authenticated=True)
    options = {"bundles": [MAIN, f"~{default}"], "shadow": "ok", "evidence": told}
    c.case(
        "shadow-leaves-refusals", "R-002", NOT_ALLOWED, good, policy=nobody, **options
    )


def shadows_of_passports(c: Corpus) -> None:
    """Admissions have shadows too."""
    ours, theirs = passport(c), passport(c, key=OTHER_KEY)
    expired = passport(c, {"expires_at": str(NOW)})
    pinned, free, default = "native-pinned.json", "native.json", "default.json"
    malformed, untrusted = "malformed_token", "key_untrusted"
    late = "token_expired"
    bound = c.token({"cnf": js({"jkt": thumbprint(c.keys[KEY])})})
    loose = "svid-unbound-none.json"
    invalid = "cnf_invalid"
    key = key_identity(c)
    table: list[tuple[str, bytes | None, bytes, str, str, str, str, str]] = [
        ("pinned", None, ours, free, "ok", pinned, "ok", key),
        (
            "stranger",
            None,
            theirs,
            free,
            "ok",
            pinned,
            untrusted,
            key_identity(c, OTHER_KEY),
        ),
        ("stranger-looser", None, theirs, pinned, untrusted, free, "ok", ""),
        ("no-native", None, ours, free, "ok", default, malformed, key),
        ("native-only-there", None, ours, default, malformed, free, "ok", ""),
        ("expired", None, expired, free, late, pinned, late, ""),
        ("beside", c.token(), ours, default, "ok", default, "ok", SUB),
        ("beside-expired", c.token(), expired, default, late, default, late, ""),
        ("bound", bound, ours, default, "ok", loose, "ok", SUB),
        ("bound-looser", bound, theirs, default, invalid, loose, "ok", ""),
        ("bound-stricter", bound, theirs, loose, "ok", default, invalid, SUB),
        ("never-native", c.token(), ours, default, "ok", free, "alg_not_allowed", SUB),
    ]
    for name, credential, presented, live, reason, shadow, said, identity in table:
        options = {"policy": live, "bundles": [MAIN, f"~{shadow}"], "shadow": said}
        options |= {"passport": presented, "admit": True, "identity": identity}
        c.case(f"shadow-passport-{name}", "N-001", reason, credential, **options)
