"""OIDC tokens: which issuer, which class of token, and what the request asks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..corpus import AUDIENCE, DOMAIN, NOW, SUB, Corpus
from ..encoding import Changes, b64u, js
from ..keys import Jwk
from ..rsa import HASHES, digest
from .common import MAIN, attestor
from .common import policy as spiffe_policy

ISSUER = "https://issuer.example"
OTHER = "https://other.example"
SUBJECT = "system:serviceaccount:prod:orders"
IDENTITY = f"oidc:{ISSUER}:{SUBJECT}"
CLAIMS: Changes = {"iss": js(ISSUER), "sub": js(SUBJECT)}
ISSUER_KEYS = ("p256", "p384", "p521", "rsa2048", "ed25519")
FED = f"{ISSUER}=jwks=issuer.json"
FED_OTHER = f"{OTHER}=jwks=other-issuer.json"
BAD_TYPE, CLASS = "claim_type_invalid", "token_class_mismatch"
ACCESS: Changes = {"client_id": '"cli"', "jti": '"1"'}
ACCESS_TOKEN = "2YotnFZFEjr1zCsicMWpAA"


def oidc(**changes: Any) -> Jwk:
    """Give an OIDC attestor with some members changed (None removes one)."""
    base = {"id": "oidc", "kind": "oidc", "audiences": [AUDIENCE], "issuer": ISSUER}
    return {k: v for k, v in (base | changes).items() if v is not None}


def policy(top: Jwk | None = None, **changes: Any) -> Jwk:
    """Give a policy of one OIDC attestor; `top` adds top-level members."""
    return {"version": 1} | (top or {}) | {"attestors": [oidc(**changes)]}


def of(*attestors: Jwk) -> Jwk:
    """Give a policy of these attestors."""
    return {"version": 1, "attestors": list(attestors)}


def token(
    c: Corpus,
    claims: Changes | None = None,
    header: Changes | None = None,
    key: str = "p256",
    alg: str | None = None,
) -> bytes:
    """Sign a good token of the issuer with some members changed."""
    return c.token({**CLAIMS, **(claims or {})}, header, key, alg)


def case(
    c: Corpus, name: str, rule: str, reason: str, credential: bytes, **options: Any
) -> None:
    """Add one case; the issuer is fed and in the policy."""
    usual = {"policy": "oidc.json", "bundles": FED, "identity": IDENTITY}
    c.case(f"oidc-{name}", rule, reason, credential, **usual | options)


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    c.policy("oidc", policy())
    c.policy("oidc-id", policy(token="id"))
    c.policy("oidc-access", policy(token="access"))
    c.policy("oidc-mixed", of(attestor(), oidc()))
    c.put("issuer", {"keys": [c.keys[name].jwk() for name in ISSUER_KEYS]})
    partner = c.ec("partner").jwk()
    c.put("other-issuer", {"keys": [partner, partner | {"kid": "p256"}]})
    algorithms(c)
    issuers(c)
    aliases(c)
    two_issuers(c)
    names_apart(c)
    kinds_apart(c)
    mixed(c)
    types(c)
    class_claims(c)
    subjects(c)
    audiences(c)
    parties(c)
    nonces(c)
    max_age(c)
    access_token_hash(c)
    confirmation(c)
    order(c)
    configuration(c)


def algorithms(c: Corpus) -> None:
    """The nine algorithms, and Ed25519 under both of its names."""
    for key, algs in [
        ("p256", ["ES256"]),
        ("p384", ["ES384"]),
        ("p521", ["ES512"]),
        ("rsa2048", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
        ("ed25519", ["EdDSA", "Ed25519"]),
    ]:
        for alg in algs:
            signed = token(c, key=key, alg=alg)
            case(c, f"good-{alg.lower()}", "O-005+A-014", "ok", signed)
    for name, value in [("ed448", "Ed448"), ("lower", "eddsa"), ("es256k", "ES256K")]:
        signed = token(c, header={"alg": js(value)}, key="ed25519")
        case(c, f"alg-{name}", "A-014", "alg_not_allowed", signed)
    for name, value in [("none", "none"), ("hs256", "HS256")]:
        signed = token(c, header={"alg": js(value)})
        case(c, f"alg-{name}", "O-005", "alg_not_allowed", signed)
    only = c.policy("oidc-only-eddsa", policy(algorithms=["EdDSA"]))
    signed = token(c, key="ed25519", alg="EdDSA")
    case(c, "algorithms-eddsa", "O-005", "ok", signed, policy=only)
    for name, key, alg in [("ed25519", "ed25519", "Ed25519"), ("es256", "p256", None)]:
        signed = token(c, key=key, alg=alg)
        case(
            c,
            f"algorithms-not-{name}",
            "O-005",
            "alg_not_allowed",
            signed,
            policy=only,
        )


def issuers(c: Corpus) -> None:
    """`iss` is the configured issuer, byte for byte."""
    unknown = "issuer_unknown"
    for name, reason, text in [
        ("escaped", "ok", '"https:\\/\\/issuer\\u002eexample"'),
        ("missing", "claim_missing", None),
        ("null", BAD_TYPE, "null"),
        ("number", BAD_TYPE, "1"),
        ("true", BAD_TYPE, "true"),
        ("array", BAD_TYPE, js([ISSUER])),
        ("object", BAD_TYPE, js({"iss": ISSUER})),
        ("empty", unknown, '""'),
        ("other", unknown, js(OTHER)),
        ("trailing-slash", unknown, js(f"{ISSUER}/")),
        ("path", unknown, js(f"{ISSUER}/a")),
        ("upper-host", unknown, '"https://ISSUER.example"'),
        ("upper-scheme", unknown, '"HTTPS://issuer.example"'),
        ("http", unknown, '"http://issuer.example"'),
        ("no-scheme", unknown, '"issuer.example"'),
        ("prefix", unknown, js(ISSUER[:-1])),
        ("longer-host", unknown, js(f"{ISSUER}.evil.example")),
        ("subdomain", unknown, '"https://evil.issuer.example"'),
        ("userinfo", unknown, js(f"{ISSUER}@evil.example")),
        ("default-port", unknown, js(f"{ISSUER}:443")),
        ("query", unknown, js(f"{ISSUER}?a")),
        ("leading-space", unknown, js(f" {ISSUER}")),
        ("trailing-newline", unknown, js(f"{ISSUER}\n")),
        ("percent", unknown, '"https://issuer%2Eexample"'),
        ("cyrillic", unknown, js(ISSUER.replace("issuer", "\u0456ssuer"))),
    ]:
        case(c, f"iss-{name}", "O-001", reason, token(c, {"iss": text}))
    signed = token(c, {"iss": None, "ISS": js(ISSUER)})
    case(c, "iss-other-case-name", "O-001", "claim_missing", signed)


def aliases(c: Corpus) -> None:
    """An alias is the issuer, under its canonical name."""
    alias = "issuer.example"
    rules = c.policy("oidc-alias", policy(issuer_aliases=[alias, "b"]))
    for name, reason, issuer in [
        ("canonical", "ok", ISSUER),
        ("first", "ok", alias),
        ("second", "ok", "b"),
        ("longer", "issuer_unknown", f"{alias}/"),
        ("upper", "issuer_unknown", "B"),
    ]:
        signed = token(c, {"iss": js(issuer)})
        case(c, f"alias-{name}", "O-001", reason, signed, policy=rules)
    signed = token(c, {"iss": js(alias)})
    case(c, "alias-not-configured", "O-001", "issuer_unknown", signed)
    fed = f"issuer:{alias}=jwks=issuer.json"
    reason = "bundle_unavailable"
    case(
        c, "alias-fed-by-alias", "O-001", reason, signed, policy=rules, bundles=[fed]
    )


def two_issuers(c: Corpus) -> None:
    """Keys are those of the token's own issuer only."""
    two = c.policy("oidc-two", of(oidc(), oidc(id="other", issuer=OTHER)))
    both = [FED, FED_OTHER]
    other = {"iss": js(OTHER)}
    shared = {"kid": '"p256"'}
    other_identity = f"oidc:{OTHER}:{SUBJECT}"
    for name, reason, signed, bundles in [
        ("first", "ok", token(c), both),
        ("shared-kid-other-key", "signature_invalid", token(c, other), both),
        (
            "shared-kid-first-issuer",
            "signature_invalid",
            token(c, header=shared, key="partner"),
            both,
        ),
        ("kid-of-the-other", "kid_not_found", token(c, key="partner"), both),
        ("other-not-fed", "bundle_unavailable", token(c, other), [FED]),
    ]:
        case(
            c,
            f"issuers-{name}",
            "O-001+A-018",
            reason,
            signed,
            policy=two,
            bundles=bundles,
        )
    signed = token(c, other, shared, key="partner")
    case(
        c,
        "issuers-other-shared-kid",
        "O-001+A-018",
        "ok",
        signed,
        policy=two,
        bundles=both,
        identity=other_identity,
    )
    by_audience = c.policy(
        "oidc-by-audience",
        of(
            oidc(id="es", audiences=["es"], algorithms=["ES256"]),
            oidc(id="rs", audiences=["rs"], algorithms=["RS256"]),
        ),
    )
    for name, reason, audience, key in [
        ("first", "ok", "es", "p256"),
        ("second", "ok", "rs", "rsa2048"),
        ("second-other-alg", "alg_not_allowed", "rs", "p256"),
        ("neither", "audience_mismatch", AUDIENCE, "p256"),
    ]:
        signed = token(c, {"aud": js(audience)}, key=key)
        case(c, f"by-audience-{name}", "O-013", reason, signed, policy=by_audience)


def names_apart(c: Corpus) -> None:
    """An issuer named like a trust domain is another source."""
    named = c.policy("oidc-named-like-domain", policy(issuer=DOMAIN))
    as_issuer = f"issuer:{DOMAIN}=jwks=issuer.json"
    as_domain = f"{DOMAIN}=jwks=issuer.json"
    signed = token(c, {"iss": js(DOMAIN)})
    for name, reason, fed in [
        ("issuer-fed", "ok", [as_issuer]),
        ("domain-fed", "bundle_unavailable", [as_domain]),
        ("nothing-fed", "bundle_unavailable", []),
    ]:
        identity = f"oidc:{DOMAIN}:{SUBJECT}"
        case(
            c,
            f"named-like-domain-{name}",
            "O-001+J-010",
            reason,
            signed,
            policy=named,
            bundles=fed,
            identity=identity,
        )
    rule, unavailable = "J-010+O-001", "bundle_unavailable"
    c.case(
        "oidc-issuer-feeds-no-domain", rule, unavailable, c.token(), bundles=[as_issuer]
    )
    case(c, "not-fed", "O-001", unavailable, token(c), bundles=[])
    slashed = FED.replace("=jwks", "/=jwks")
    case(c, "fed-with-slash", "O-001", unavailable, token(c), bundles=[slashed])


def kinds_apart(c: Corpus) -> None:
    """A credential of one kind is none of the other."""
    scheme = "spiffe_id_wrong_scheme"
    c.case("oidc-under-spiffe", "O-011", scheme, token(c), bundles=[FED, MAIN])
    typed = token(c, header={"typ": '"at+jwt"'})
    c.case("oidc-access-under-spiffe", "J-002", "typ_mismatch", typed)
    for alg in ("EdDSA", "Ed25519"):
        signed = token(c, key="ed25519", alg=alg)
        name = f"oidc-{alg.lower()}-under-spiffe"
        c.case(name, "A-014", "alg_not_allowed", signed)
    case(c, "svid", "O-001", "claim_missing", c.token(), bundles=[FED, MAIN])
    signed = c.token({"iss": js(f"spiffe://{DOMAIN}")})
    case(c, "svid-with-iss", "O-001", "issuer_unknown", signed, bundles=[FED, MAIN])
    # As SPIRE's discovery provider lets it be used.
    signed = c.token({"iss": js(ISSUER)})
    identity = f"oidc:{ISSUER}:{SUB}"
    case(c, "svid-of-the-issuer", "O-001", "ok", signed, identity=identity)


def mixed(c: Corpus) -> None:
    """The subject's trust domain chooses, then the issuer."""
    both = [MAIN, FED]
    unlisted = "spiffe://unlisted.example/a"
    iss = js(ISSUER)
    c.put(
        "ed25519-jwks",
        {"keys": [c.ed("ed25519").jwk(), c.ec("p256").jwk()]},
        form="jwks",
    )
    ed_domain = f"{DOMAIN}=jwks=ed25519-jwks.json"
    table: list[tuple[str, str, bytes, list[str], str]] = [
        ("oidc", "ok", token(c), both, IDENTITY),
        ("svid", "ok", c.token(), both, SUB),
        ("svid-with-iss", "ok", c.token({"iss": iss}), both, SUB),
        ("svid-jose", "ok", c.token(header={"typ": '"JOSE"'}), both, SUB),
        (
            "oidc-jose",
            "typ_mismatch",
            token(c, header={"typ": '"JOSE"'}),
            both,
            "",
        ),
        ("svid-lower", "typ_mismatch", c.token(header={"typ": '"jwt"'}), both, ""),
        ("oidc-lower", "ok", token(c, header={"typ": '"jwt"'}), both, IDENTITY),
        ("svid-access", "typ_mismatch", c.token(header={"typ": '"at+jwt"'}), both, ""),
        ("oidc-access", "ok", token(c, header={"typ": '"at+jwt"'}), both, IDENTITY),
        ("oidc-eddsa", "ok", token(c, key="ed25519"), both, IDENTITY),
        (
            "svid-eddsa",
            "alg_not_allowed",
            c.token(key="ed25519"),
            [ed_domain, FED],
            "",
        ),
        (
            "svid-with-iss-eddsa",
            "alg_not_allowed",
            c.token({"iss": iss}, key="ed25519"),
            [ed_domain, FED],
            "",
        ),
        (
            "svid-with-iss-domain-not-fed",
            "bundle_unavailable",
            c.token({"iss": iss}),
            [FED],
            "",
        ),
        (
            "unlisted-domain-of-the-issuer",
            "ok",
            c.token({"sub": js(unlisted), "iss": iss}),
            both,
            f"oidc:{ISSUER}:{unlisted}",
        ),
        (
            "unlisted-domain",
            "trust_domain_unknown",
            c.token({"sub": js(unlisted)}),
            both,
            "",
        ),
        (
            "unknown-issuer",
            "issuer_unknown",
            token(c, {"iss": js(OTHER)}),
            both,
            "",
        ),
        ("no-issuer", "claim_missing", token(c, {"iss": None}), both, ""),
    ]
    for name, reason, signed, bundles, identity in table:
        case(
            c,
            f"mixed-{name}",
            "O-011+J-010",
            reason,
            signed,
            policy="oidc-mixed.json",
            bundles=bundles,
            identity=identity,
        )
    c.case(
        "oidc-svid-eddsa-by-jwks",
        "A-014",
        "alg_not_allowed",
        c.token(key="ed25519"),
        bundles=[ed_domain],
    )


def types(c: Corpus) -> None:
    """`typ` is a media type; each class takes its own."""
    other, wrong = CLASS, "typ_mismatch"
    table = [
        ("absent", None, "ok", "ok", wrong),
        ("jwt", '"JWT"', "ok", "ok", wrong),
        ("jwt-lower", '"jwt"', "ok", "ok", wrong),
        ("jwt-long", '"application/jwt"', "ok", "ok", wrong),
        ("jwt-long-upper", '"Application/JWT"', "ok", "ok", wrong),
        ("at", '"at+jwt"', "ok", other, "ok"),
        ("at-upper", '"AT+JWT"', "ok", other, "ok"),
        ("at-long", '"application/at+jwt"', "ok", other, "ok"),
        ("logout", '"logout+jwt"', other, other, other),
        ("logout-long", '"application/logout+jwt"', other, other, other),
        ("secevent", '"secevent+jwt"', other, other, other),
        ("dpop", '"dpop+jwt"', other, other, other),
        ("wit", '"wit+jwt"', other, other, other),
        ("passport", '"passport+jwt"', other, other, other),
        ("passport-upper", '"Passport+JWT"', other, other, other),
        ("jose", '"JOSE"', wrong, wrong, wrong),
        ("empty", '""', wrong, wrong, wrong),
        ("unknown", '"x+jwt"', wrong, wrong, wrong),
        ("other-tree", '"text/jwt"', wrong, wrong, wrong),
        ("parameter", '"at+jwt;a=b"', wrong, wrong, wrong),
        ("number", "1", *["header_param_invalid"] * 3),
    ]
    for name, typ, *reasons in table:
        for kind, reason in zip(("either", "id", "access"), reasons, strict=True):
            rules = "oidc.json" if kind == "either" else f"oidc-{kind}.json"
            signed = token(c, ACCESS, {"typ": typ})
            case(
                c,
                f"typ-{name}-{kind}",
                "O-011+O-012",
                reason,
                signed,
                policy=rules,
            )


def class_claims(c: Corpus) -> None:
    """Each class has claims of its own; `events` is none of theirs."""
    missing = "claim_missing"
    at = {"typ": '"at+jwt"'}
    event = {"events": '{"http://schemas.openid.net/event/backchannel-logout":{}}'}
    for name, kind, reason, change in [
        ("either-no-iat", "either", "ok", {"iat": None}),
        ("id-no-iat", "id", missing, {"iat": None}),
        ("access-no-iat", "access", missing, {**ACCESS, "iat": None}),
        ("access-no-client-id", "access", missing, {**ACCESS, "client_id": None}),
        ("access-no-jti", "access", missing, {**ACCESS, "jti": None}),
        ("access-all", "access", "ok", ACCESS),
        ("either-no-exp", "either", missing, {"exp": None}),
        ("either-events", "either", CLASS, event),
        ("either-events-null", "either", CLASS, {"events": "null"}),
        ("id-events", "id", CLASS, event),
        ("access-events", "access", CLASS, {**ACCESS, **event}),
    ]:
        rules = "oidc.json" if kind == "either" else f"oidc-{kind}.json"
        signed = token(c, change, at if kind == "access" else None)
        case(c, f"class-{name}", "O-006+O-012", reason, signed, policy=rules)
    nested = token(c, {"x": '{"events":{}}'})
    case(c, "class-events-inside", "O-011", "ok", nested)


def subjects(c: Corpus) -> None:
    """`sub` is there and not empty; what it holds is the issuer's business."""
    for name, reason, text in [
        ("missing", "claim_missing", None),
        ("empty", "claim_missing", '""'),
        ("null", BAD_TYPE, "null"),
        ("number", BAD_TYPE, "1"),
        ("nul", BAD_TYPE, '"a\\u0000b"'),
        ("only-nul", BAD_TYPE, '"\\u0000"'),
        ("upper-spiffe", "ok", '"SPIFFE://example.org/a"'),
        ("colons", "ok", '"a:b::"'),
        ("spaces", "ok", '" a b "'),
        ("unicode", "ok", '"caf\u00e9"'),
    ]:
        identity = f"oidc:{ISSUER}:{(text or '')[1:-1]}"
        signed = token(c, {"sub": text})
        case(c, f"sub-{name}", "O-006", reason, signed, identity=identity)


def audiences(c: Corpus) -> None:
    """Further audiences are a risk where the token says who somebody is."""
    extra = "audience_untrusted_extra"
    ours = [AUDIENCE, "second"]
    reject = {"extra_audiences": "reject"}
    trusted = {"trusted_audiences": ["userinfo", "more"]}
    rules = {
        "either": {},
        "id": {"token": "id"},
        "id-allow": {"token": "id", "extra_audiences": "allow"},
        "id-trusted": {"token": "id"} | trusted,
        "reject": reject,
        "access": {"token": "access"},
    }
    for name, changes in rules.items():
        c.policy(f"oidc-aud-{name}", policy(audiences=ours, **changes))
    for name, kind, reason, audience in [
        ("one", "id", "ok", ours[:1]),
        ("string", "id", "ok", AUDIENCE),
        ("both-ours", "id", "ok", ours),
        ("repeated", "id", "ok", ours[:1] * 2),
        ("default-of-id", "id", extra, [AUDIENCE, "x"]),
        ("first-extra", "id", extra, ["x", AUDIENCE]),
        ("empty-extra", "id", extra, [AUDIENCE, ""]),
        ("upper-extra", "id", extra, [AUDIENCE, AUDIENCE.upper()]),
        ("not-ours", "id", "audience_mismatch", ["x", "y"]),
        ("none", "id", "audience_missing", []),
        ("default-of-either", "either", "ok", [AUDIENCE, "x"]),
        ("default-of-access", "access", "ok", [AUDIENCE, "x"]),
        ("allowed", "id-allow", "ok", [AUDIENCE, "x"]),
        ("rejected", "reject", extra, [AUDIENCE, "x"]),
        ("trusted", "id-trusted", "ok", [AUDIENCE, "userinfo", "more"]),
        ("trusted-and-another", "id-trusted", extra, [AUDIENCE, "userinfo", "x"]),
        ("only-trusted", "id-trusted", "audience_mismatch", ["userinfo"]),
    ]:
        access = kind == "access"
        header = {"typ": '"at+jwt"'} if access else None
        signed = token(c, {"aud": js(audience), **(ACCESS if access else {})}, header)
        name, of_kind = f"extra-{name}", f"oidc-aud-{kind}.json"
        case(c, name, "O-003", reason, signed, policy=of_kind)


def parties(c: Corpus) -> None:
    """`azp` is one of those listed, where some are."""
    rules = c.policy("oidc-parties", policy(authorized_parties=["cli", "web"]))
    for name, reason, text in [
        ("first", "ok", '"cli"'),
        ("second", "ok", '"web"'),
        ("missing", "azp_missing", None),
        ("other", "azp_mismatch", '"evil"'),
        ("upper", "azp_mismatch", '"CLI"'),
        ("prefix", "azp_mismatch", '"cl"'),
        ("longer", "azp_mismatch", '"cli2"'),
        ("empty", "azp_mismatch", '""'),
        ("null", BAD_TYPE, "null"),
        ("array", BAD_TYPE, '["cli"]'),
    ]:
        signed = token(c, {"azp": text})
        case(
            c, f"azp-{name}", "O-004", reason, signed, policy=rules, authenticated=True
        )
    case(c, "azp-not-asked", "O-004", "ok", token(c, {"azp": '"evil"'}))
    signed = token(c, {"azp": None, "client_id": '"cli"'})
    case(c, "azp-not-client-id", "O-004", "azp_missing", signed, policy=rules)


def nonces(c: Corpus) -> None:
    """The token's nonce is the request's, as the policy has it."""
    for mode in ("forbidden", "optional", "required"):
        c.policy(f"oidc-nonce-{mode}", policy(nonce=mode))
    missing, mismatch = "nonce_missing", "nonce_mismatch"
    sent, ours = "nonce=n-0S6_WzA2Mj", '"n-0S6_WzA2Mj"'
    for name, mode, reason, text, request in [
        ("none", "optional", "ok", None, "-"),
        ("not-asked", "optional", "ok", '"x"', "-"),
        ("same", "optional", "ok", ours, sent),
        ("absent", "optional", missing, None, sent),
        ("other", "optional", mismatch, '"x"', sent),
        ("upper", "optional", mismatch, ours.upper(), sent),
        ("prefix", "optional", mismatch, ours[:-2] + '"', sent),
        ("longer", "optional", mismatch, ours[:-1] + '2"', sent),
        ("empty", "optional", mismatch, '""', sent),
        ("null", "optional", BAD_TYPE, "null", sent),
        ("array", "optional", BAD_TYPE, f"[{ours}]", sent),
        ("same", "required", "ok", ours, sent),
        ("absent", "required", missing, None, sent),
        ("other", "required", mismatch, '"x"', sent),
        ("not-sent", "required", missing, ours, "-"),
        ("neither", "required", missing, None, "-"),
        ("neither", "forbidden", "ok", None, "-"),
        ("in-token", "forbidden", mismatch, ours, "-"),
        ("null-in-token", "forbidden", mismatch, "null", "-"),
        ("sent", "forbidden", mismatch, None, sent),
        ("same", "forbidden", mismatch, ours, sent),
    ]:
        case(
            c,
            f"nonce-{mode}-{name}",
            "O-007",
            reason,
            token(c, {"nonce": text}),
            policy=f"oidc-nonce-{mode}.json",
            request=request,
            authenticated=True,
        )
    signed = token(c, {"nonce": '"x"'})
    reason = "nonce_mismatch"
    case(c, "nonce-default-is-optional", "O-007", reason, signed, request=sent)


def max_age(c: Corpus) -> None:
    """The end user authenticated recently enough, the skew included."""
    c.policy("oidc-skew-0", policy({"clock_skew_secs": 0}))
    old = "auth_too_old"
    for name, reason, text in [
        ("fresh", "ok", f"{NOW - 10}"),
        ("at-the-age", "ok", f"{NOW - 300}"),
        ("at-the-skew", "ok", f"{NOW - 360}"),
        ("past-the-skew", old, f"{NOW - 361}"),
        ("past-by-a-fraction", old, f"{NOW - 361}.5"),
        ("zero", old, "0"),
        ("absent", "auth_time_missing", None),
        ("string", BAD_TYPE, f'"{NOW - 10}"'),
        ("null", BAD_TYPE, "null"),
        ("beyond-9999", "numeric_date_invalid", "253402300800"),
    ]:
        signed = token(c, {"auth_time": text})
        request = "max_age=300"
        case(
            c,
            f"max-age-{name}",
            "O-008",
            reason,
            signed,
            request=request,
            authenticated=True,
        )
    for name, reason, age in [("at", "ok", 300), ("past", old, 301)]:
        signed = token(c, {"auth_time": f"{NOW - age}"})
        case(
            c,
            f"max-age-no-skew-{name}",
            "O-008",
            reason,
            signed,
            policy="oidc-skew-0.json",
            request="max_age=300",
        )
    case(c, "max-age-not-asked", "O-008", "ok", token(c, {"auth_time": "0"}))


def access_token_hash(c: Corpus) -> None:
    """`at_hash` is the left half of the hash that the algorithm uses."""
    request = f"access_token={ACCESS_TOKEN}"

    def half(bits: str, text: str = ACCESS_TOKEN) -> str:
        whole = digest(HASHES[bits], text.encode())
        return b64u(whole[: len(whole) // 2])

    for alg, key, bits, wrong in [
        ("ES256", "p256", "256", "512"),
        ("RS384", "rsa2048", "384", "256"),
        ("ES512", "p521", "512", "256"),
        ("EdDSA", "ed25519", "512", "256"),
        ("Ed25519", "ed25519", "512", "256"),
    ]:
        for name, reason, value in [
            ("match", "ok", half(bits)),
            ("other-token", "at_hash_mismatch", half(bits, "other")),
            ("other-hash", "at_hash_mismatch", half(wrong)),
        ]:
            signed = token(c, {"at_hash": js(value)}, key=key, alg=alg)
            case_name = f"at-hash-{alg.lower()}-{name}"
            case(c, case_name, "O-009", reason, signed, request=request)
    whole = digest("sha256", ACCESS_TOKEN.encode())
    for name, reason, text in [
        ("absent", "ok", None),
        ("whole", "at_hash_mismatch", js(b64u(whole))),
        ("right-half", "at_hash_mismatch", js(b64u(whole[16:]))),
        ("padded", "at_hash_mismatch", js(half("256") + "==")),
        ("cut", "at_hash_mismatch", js(half("256")[:-1])),
        ("hex", "at_hash_mismatch", js(whole[:16].hex())),
        ("empty", "at_hash_mismatch", '""'),
        ("number", BAD_TYPE, "1"),
        ("null", BAD_TYPE, "null"),
    ]:
        case(
            c,
            f"at-hash-{name}",
            "O-009",
            reason,
            token(c, {"at_hash": text}),
            request=request,
            authenticated=True,
        )
    signed = token(c, {"at_hash": js(half("256", "other"))})
    case(c, "at-hash-not-asked", "O-009", "ok", signed)


def confirmation(c: Corpus) -> None:
    """A token bound to a key needs a proof, of whatever kind it is."""
    bound = token(c, {"cnf": js({"jkt": "A" * 43})})
    loose = c.policy("oidc-unbound", policy(accept_unbound_cnf=True))
    case(c, "cnf", "T-005", "pop_required", bound)
    case(c, "cnf-unbound", "T-005", "ok", bound, policy=loose)
    case(c, "cnf-empty", "T-005", "cnf_invalid", token(c, {"cnf": "{}"}))


def order(c: Corpus) -> None:
    """Of two faults, the earlier one is told."""
    rules = c.policy(
        "oidc-order",
        policy(
            token="id",
            algorithms=["ES256", "ES384"],
            authorized_parties=["cli"],
            nonce="required",
        ),
    )
    ask = f"nonce=n;max_age=300;access_token={ACCESS_TOKEN}"
    good: dict[str, str | None] = {
        "azp": '"cli"',
        "nonce": '"n"',
        "auth_time": str(NOW),
    }
    # What is wrong at each step: claims and header; `sign` is the key that signs.
    steps: list[tuple[str, str, Changes, Changes]] = [
        ("sub", "claim_missing", {"sub": None}, {}),
        ("iss", "issuer_unknown", {"iss": js(OTHER)}, {}),
        ("typ", CLASS, {}, {"typ": '"at+jwt"'}),
        ("class", "claim_missing", {"iat": None}, {}),
        ("alg", "alg_not_allowed", {}, {"alg": '"RS256"'}),
        ("time", "token_expired", {"exp": "1700000000"}, {}),
        (
            "audience",
            "audience_untrusted_extra",
            {"aud": js([AUDIENCE, "x"])},
            {},
        ),
        ("kid", "kid_not_found", {}, {"kid": '"nobody"'}),
        ("key", "alg_key_mismatch", {}, {"alg": '"ES384"'}),
        ("nonce", "nonce_mismatch", {"nonce": '"x"'}, {}),
        ("azp", "azp_mismatch", {"azp": '"x"'}, {}),
        ("max-age", "auth_too_old", {"auth_time": "0"}, {}),
        ("at-hash", "at_hash_mismatch", {"at_hash": '"x"'}, {}),
        ("cnf", "pop_required", {"cnf": js({"jkt": "A" * 43})}, {}),
    ]
    for (name, reason, claims, head), (later, _, more, more_head) in pairwise(steps):
        signed = token(c, {**good, **more, **claims}, {**more_head, **head})
        case(
            c,
            f"order-{name}-before-{later}",
            "O-001+O-011",
            reason,
            signed,
            policy=rules,
            request=ask,
        )
    signed = token(c, {**good, "nonce": '"x"'}, {"kid": '"p256"'}, key="p256-other")
    case(
        c,
        "order-signature-before-nonce",
        "O-005",
        "signature_invalid",
        signed,
        policy=rules,
        request=ask,
    )
    signed = token(c, {**good, "aud": '"x"'})
    case(
        c,
        "order-audience-before-bundle",
        "O-003",
        "audience_mismatch",
        signed,
        policy=rules,
        bundles=[],
        request=ask,
    )
    signed = token(c, good, {"kid": None})
    case(
        c,
        "order-bundle-before-kid",
        "O-001",
        "bundle_unavailable",
        signed,
        policy=rules,
        bundles=[],
        request=ask,
    )
    case(c, "order-good", "O-001", "ok", token(c, good), policy=rules, request=ask)


def configuration(c: Corpus) -> None:
    """A policy of this kind is right as a whole or refused."""
    one = oidc()
    alias = ["https://alias.example"]
    two = oidc(id="two", audiences=["billing-prod", AUDIENCE])
    for name, document in [
        ("issuer-missing", policy(issuer=None)),
        ("issuer-empty", policy(issuer="")),
        ("issuer-null", of(one | {"issuer": None})),
        ("issuer-number", policy(issuer=1)),
        ("issuer-array", policy(issuer=[ISSUER])),
        ("audiences-missing", policy(audiences=None)),
        ("kind-upper", policy(kind="OIDC")),
        ("kind-unknown", policy(kind="saml")),
        ("token-unknown", policy(token="refresh")),
        ("token-upper", policy(token="ID")),
        ("token-array", policy(token=["id"])),
        ("aliases-repeat-issuer", policy(issuer_aliases=[ISSUER])),
        ("aliases-twice", policy(issuer_aliases=alias * 2)),
        ("aliases-string", policy(issuer_aliases=alias[0])),
        ("aliases-with-empty", policy(issuer_aliases=["", *alias])),
        ("extra-unknown", policy(extra_audiences="deny")),
        ("extra-true", policy(extra_audiences=True)),
        ("trusted-string", policy(trusted_audiences="x")),
        ("parties-string", policy(authorized_parties="x")),
        ("parties-empty", policy(authorized_parties=[])),
        ("nonce-unknown", policy(nonce="mandatory")),
        ("nonce-true", policy(nonce=True)),
        ("algorithms-none", policy(algorithms=["none"])),
        ("algorithms-hs256", policy(algorithms=["HS256"])),
        ("algorithms-ed448", policy(algorithms=["Ed448"])),
        ("trust-domains", policy(trust_domains=[DOMAIN])),
        ("local-trust-domain", policy(local_trust_domain=DOMAIN)),
        ("require-path", policy(require_path=False)),
        ("issuers", policy(issuers=[ISSUER])),
        ("alias", policy(issuer_alias=alias)),
        ("same-issuer-and-audience", of(one, two)),
        (
            "alias-of-another",
            of(one, two | {"issuer": OTHER, "issuer_aliases": [ISSUER]}),
        ),
        (
            "shared-alias",
            of(
                one | {"issuer_aliases": alias},
                two | {"issuer": OTHER, "issuer_aliases": alias},
            ),
        ),
        ("same-id", of(attestor(id="oidc"), one)),
        ("spiffe-issuer", spiffe_policy(issuer=ISSUER)),
        ("spiffe-aliases", spiffe_policy(issuer_aliases=alias)),
        ("spiffe-token", spiffe_policy(token="id")),
        ("spiffe-extra-audiences", spiffe_policy(extra_audiences="reject")),
        ("spiffe-trusted-audiences", spiffe_policy(trusted_audiences=["x"])),
        ("spiffe-parties", spiffe_policy(authorized_parties=["x"])),
        ("spiffe-nonce", spiffe_policy(nonce="optional")),
        ("spiffe-eddsa", spiffe_policy(algorithms=["EdDSA"])),
    ]:
        rules = c.policy(f"bad-oidc-{name}", document)
        case(c, f"policy-{name}", "C-009", "config_invalid", token(c), policy=rules)
    full = policy(
        issuer_aliases=alias,
        token="id",
        extra_audiences="allow",
        trusted_audiences=["x"],
        authorized_parties=["cli"],
        nonce="optional",
        algorithms=["ES256", "EdDSA", "Ed25519", "PS512"],
        kid_policy="single",
        strict_headers=True,
        max_lifetime_secs=3600,
        max_token_age_secs=3600,
        max_iat_future_secs=60,
        clock_skew_secs=10,
        accept_unbound_cnf=False,
    )
    rules = c.policy("good-oidc-everything", full)
    signed = token(c, {"azp": '"cli"'})
    case(c, "policy-everything", "C-009", "ok", signed, policy=rules)
    apart = c.policy("good-oidc-audiences-apart", of(one, two | {"audiences": ["b"]}))
    case(c, "policy-audiences-apart", "C-009", "ok", token(c), policy=apart)
