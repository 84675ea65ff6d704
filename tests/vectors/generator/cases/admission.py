"""Admissions: a passport beside a credential, and what binds the two."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from .. import evidence
from ..certs import certificate
from ..corpus import AUDIENCE, DOMAIN, NOW, SUB, Corpus
from ..encoding import Changes, b64u, js
from ..keys import thumbprint
from . import oidc as issuers
from .common import MAIN, attestor
from .common import policy as spiffe_policy
from .oidc import FED, FED_OTHER, IDENTITY, ISSUER, OTHER, SUBJECT, of, oidc
from .oidc import policy as oidc_policy
from .oidc_keys import IDENTITY_POINT
from .passports import KEY, OTHER_KEY, native, passport, public_jwk, universal

INVALID, REQUIRED, MISMATCH = "cnf_invalid", "pop_required", "audience_mismatch"
TYP, CLASS, ALG = "typ_mismatch", "token_class_mismatch", "alg_not_allowed"
EXPIRED, SIGNATURE = "token_expired", "signature_invalid"
BOTH = [MAIN, FED]
ALL = "native-beside-all.json"
Make = Callable[..., bytes]


def svid(c: Corpus, claims: Changes | None = None, **options: Any) -> bytes:
    """Sign a good JWT-SVID with some members changed."""
    return c.token(claims, **options)


# For each kind: how a token is made, its policy, its identity, its attestor's rules.
KINDS: dict[str, tuple[Make, str, str, Callable[..., Any]]] = {
    "svid": (svid, "default.json", SUB, spiffe_policy),
    "oidc": (issuers.token, "oidc.json", IDENTITY, oidc_policy),
}


def case(
    c: Corpus, name: str, rule: str, reason: str, credential: bytes, **options: Any
) -> None:
    """Add one case of an admission; both sources are fed."""
    usual: dict[str, Any] = {"bundles": BOTH, "admit": True}
    c.case(f"admission-{name}", rule, reason, credential, **usual | options)


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    good(c)
    passport_faults(c)
    credential_faults(c)
    order(c)
    for kind in KINDS:
        confirmations(c, kind)
        unbound(c, kind)
        bindings(c, kind)
    extra_audiences(c)
    kinds_apart(c)
    one_attestor(c)
    sources_apart(c)


def key_audience(c: Corpus, key: str = KEY) -> str:
    """Give the audience that names a passport's key."""
    return f"urn:attestor:jkt:{thumbprint(c.keys[key])}"


def good(c: Corpus) -> None:
    """Any good passport may come with a good credential, which is what is judged."""
    presented, other = passport(c), passport(c, key=OTHER_KEY)
    for kind, (make, rules, identity, _) in KINDS.items():
        token = make(c)
        named = {"policy": rules, "identity": identity}
        name, issuer = f"{kind}-good", kind == "oidc"
        where = {"issuer": ISSUER} if issuer else {"trust_domain": DOMAIN}
        told = evidence.allow(
            c,
            "oidc" if issuer else "jwt_svid",
            token,
            c.keys["p256"],
            rules,
            identity=identity,
            subject=SUBJECT if issuer else SUB,
            attestor="oidc" if issuer else "spiffe",
            bundle=evidence.bundle(c, "issuer", ISSUER, "issuer.json")
            if issuer
            else evidence.bundle(c, "trust_domain", DOMAIN, "main.json"),
            passport_thumbprint=thumbprint(c.keys[KEY]),
            **where,
        )
        case(c, name, "N-001", "ok", token, passport=presented, evidence=told, **named)
        options = {"passport": presented, "evidence": told, "admit": False, **named}
        case(c, f"{name}-verify", "N-001", "ok", token, **options)
        case(c, f"{name}-other-key", "N-002", "ok", token, passport=other, **named)
        case(c, f"{kind}-no-passport", "N-001", "argument_invalid", token, **named)
        within = passport(c, {"nbf": str(NOW + 60)})
        name = f"{kind}-passport-within-the-skew"
        case(c, name, "C-005", "ok", token, passport=within, **named)


def passport_faults(c: Corpus) -> None:
    """A bad passport refuses the admission, and the refusal says so."""
    good_one = passport(c)
    h, p, s = good_one.split(b".")
    stranger = passport(c, key=OTHER_KEY).split(b".")
    key_invalid = "key_invalid"
    secret = public_jwk(c) | {"d": b64u(c.ed(KEY).seed)}
    for name, reason, presented in [
        ("expired", EXPIRED, passport(c, {"expires_at": str(NOW)})),
        ("early", "token_not_yet_valid", passport(c, {"nbf": str(NOW + 61)})),
        ("no-expiry", "claim_missing", passport(c, {"expires_at": None})),
        ("typ", TYP, passport(c, header={"typ": '"JWT"'})),
        ("alg", ALG, passport(c, header={"alg": '"ES256"'}, key="p256")),
        ("kid", "header_param_forbidden", passport(c, header={"kid": '"p256"'})),
        ("private", key_invalid, passport(c, header={"jwk": js(secret)})),
        ("identity-key", key_invalid, universal(c, IDENTITY_POINT)),
        ("borrowed-key", SIGNATURE, b".".join([stranger[0], p, s])),
        ("other-signature", SIGNATURE, b".".join([h, p, stranger[2]])),
        ("unsigned", "malformed_token", b".".join([h, p, b""])),
        ("two-parts", "malformed_token", b".".join([h, p])),
        ("padded", "invalid_base64url", good_one + b"=="),
        ("large", "input_too_large", b"." * 16385),
        ("aud-number", "claim_type_invalid", passport(c, {"aud": "1"})),
    ]:
        told = (
            evidence.refusal(reason, passport=True)
            if reason in evidence.REFUSALS
            else None
        )
        for kind, (make, rules, _, _) in KINDS.items():
            options = {"policy": rules, "passport": presented, "evidence": told}
            case(c, f"{kind}-passport-{name}", "N-003", reason, make(c), **options)
    # Nor does a policy that would take the passport alone change what is wrong.
    options = {"policy": ALL, "passport": passport(c, {"expires_at": str(NOW)})}
    case(c, "all-passport-expired", "N-003", EXPIRED, svid(c), **options)


def credential_faults(c: Corpus) -> None:
    """A bad credential is refused for itself, and the passport is not asked."""
    late = {"exp": str(NOW - 60)}
    for kind, reason, token, at, authenticated in [
        ("svid-expired", EXPIRED, svid(c, late), "spiffe", False),
        ("svid-audience", MISMATCH, svid(c, {"aud": '"x"'}), "spiffe", False),
        ("svid-kid", "kid_not_found", svid(c, header={"kid": '"x"'}), "spiffe", False),
        (
            "svid-signature",
            SIGNATURE,
            svid(c, header={"kid": '"p256"'}, key="evil"),
            "spiffe",
            False,
        ),
        (
            "svid-domain",
            "trust_domain_unknown",
            svid(c, {"sub": '"spiffe://x.example/a"'}),
            None,
            False,
        ),
        (
            "svid-partner-not-fed",
            "bundle_unavailable",
            svid(c, {"sub": '"spiffe://partner.example/a"'}),
            "spiffe",
            False,
        ),
        ("svid-bound", INVALID, svid(c, {"cnf": "{}"}), "spiffe", True),
        ("oidc-expired", EXPIRED, issuers.token(c, late), "oidc", False),
        (
            "oidc-issuer",
            "issuer_unknown",
            issuers.token(c, {"iss": js(OTHER)}),
            None,
            False,
        ),
        (
            "oidc-signature",
            SIGNATURE,
            issuers.token(c, header={"kid": '"p256"'}, key="evil"),
            "oidc",
            False,
        ),
        (
            "oidc-no-exp",
            "claim_missing",
            issuers.token(c, {"exp": None}),
            "oidc",
            False,
        ),
        ("junk", "malformed_token", b"x", None, False),
        ("space", "malformed_token", b" ", None, False),
    ]:
        told = evidence.refusal(reason, attestor=at, authenticated=authenticated)
        options = {"policy": ALL, "passport": passport(c), "evidence": told}
        case(c, f"fault-{kind}", "N-001", reason, token, **options)


def order(c: Corpus) -> None:
    """Of a fault of the passport and one of the credential, the passport's is told."""
    bad_typ = passport(c, header={"typ": '"JWT"'})
    expired = passport(c, {"expires_at": str(NOW)})
    h, p, _ = passport(c).split(b".")
    forged = b".".join([h, p, passport(c, key=OTHER_KEY).split(b".")[2]])
    junk, late = b"x.y", svid(c, {"exp": str(NOW - 60)})
    for name, reason, presented, token in [
        ("passport-before-junk", TYP, bad_typ, junk),
        ("passport-before-size", EXPIRED, expired, b"." * 16385),
        ("passport-before-expired", SIGNATURE, forged, late),
        ("passport-before-audience", EXPIRED, expired, svid(c, {"aud": '"x"'})),
        ("passport-before-routing", EXPIRED, expired, svid(c, {"sub": '"x"'})),
    ]:
        options = {"bundles": BOTH, "admit": True, "passport": presented}
        told = evidence.refusal(reason, passport=True)
        c.case(f"order-{name}", "N-001", reason, token, evidence=told, **options)
    # Time, form and signature of the passport, in this order.
    both = passport(c, {"expires_at": str(NOW)}, {"typ": '"JWT"'})
    late_and_forged = passport(
        c, {"expires_at": str(NOW)}, {"jwk": js(public_jwk(c))}, key=OTHER_KEY
    )
    for name, reason, presented in [
        ("passport-form-before-time", TYP, both),
        ("passport-time-before-signature", EXPIRED, late_and_forged),
    ]:
        options = {"bundles": BOTH, "admit": True, "passport": presented}
        c.case(f"order-{name}", "N-001+N-003", reason, svid(c), **options)


# --- cnf ------------------------------------------------------------------------


def confirmations(c: Corpus, kind: str) -> None:
    """`cnf` is one of `jwk`, `jkt` and `x5t#S256`, and what it names is proven."""
    make, rules, identity, _ = KINDS[kind]
    ours, own, other = passport(c), public_jwk(c), public_jwk(c, OTHER_KEY)
    jkt, other_jkt = thumbprint(c.keys[KEY]), thumbprint(c.keys[OTHER_KEY])
    peer, stranger = certificate(c.ec("ca")), certificate(c.ec("ca-parent"))
    digest = b64u(hashlib.sha256(peer).digest())
    x5t = {"x5t#S256": digest}
    ec = {k: v for k, v in c.ec("p256").jwk().items() if k != "kid"}
    pair = {"kty": "OKP", "crv": "Ed25519"}
    table: list[tuple[str, str, Any, bytes | None, bytes | None]] = [
        ("jkt", "ok", {"jkt": jkt}, ours, None),
        ("jkt-other", INVALID, {"jkt": other_jkt}, ours, None),
        ("jkt-no-passport", REQUIRED, {"jkt": jkt}, None, None),
        ("jkt-peer-is-no-passport", REQUIRED, {"jkt": jkt}, None, peer),
        ("jkt-padded", INVALID, {"jkt": f"{jkt}="}, ours, None),
        ("jkt-longer", INVALID, {"jkt": f"{jkt}A"}, ours, None),
        ("jkt-shorter", INVALID, {"jkt": jkt[:-1]}, ours, None),
        ("jkt-case", INVALID, {"jkt": jkt.swapcase()}, ours, None),
        ("jkt-empty", INVALID, {"jkt": ""}, ours, None),
        ("jkt-urn", INVALID, {"jkt": f"urn:attestor:jkt:{jkt}"}, ours, None),
        ("jkt-null", INVALID, {"jkt": None}, ours, None),
        ("jkt-number", INVALID, {"jkt": 1}, None, None),
        ("jkt-array", INVALID, {"jkt": [jkt]}, ours, None),
        ("jkt-upper-name", INVALID, {"JKT": jkt}, ours, None),
        ("jwk", "ok", {"jwk": own}, ours, None),
        ("jwk-with-kid", "ok", {"jwk": own | {"kid": "a", "use": "sig"}}, ours, None),
        ("jwk-other", INVALID, {"jwk": other}, ours, None),
        ("jwk-no-passport", REQUIRED, {"jwk": own}, None, None),
        (
            "jwk-private",
            INVALID,
            {"jwk": own | {"d": b64u(c.ed(KEY).seed)}},
            ours,
            None,
        ),
        ("jwk-ec", INVALID, {"jwk": ec}, ours, None),
        ("jwk-oct", INVALID, {"jwk": {"kty": "oct", "k": "AAAA"}}, ours, None),
        ("jwk-x25519", INVALID, {"jwk": own | {"crv": "X25519"}}, ours, None),
        ("jwk-no-x", INVALID, {"jwk": pair}, ours, None),
        ("jwk-padded", INVALID, {"jwk": own | {"x": own["x"] + "="}}, ours, None),
        ("jwk-empty", INVALID, {"jwk": {}}, ours, None),
        ("jwk-string", INVALID, {"jwk": js(own)}, ours, None),
        ("jwk-null", INVALID, {"jwk": None}, ours, None),
        ("jwk-array", INVALID, {"jwk": [own]}, ours, None),
        ("x5t", "ok", x5t, None, peer),
        ("x5t-with-passport", "ok", x5t, ours, peer),
        ("x5t-other", INVALID, x5t, None, stranger),
        ("x5t-no-peer", REQUIRED, x5t, None, None),
        ("x5t-passport-is-no-peer", REQUIRED, x5t, ours, None),
        ("x5t-padded", INVALID, {"x5t#S256": f"{digest}="}, None, peer),
        (
            "x5t-hex",
            INVALID,
            {"x5t#S256": hashlib.sha256(peer).hexdigest()},
            None,
            peer,
        ),
        ("x5t-short", INVALID, {"x5t#S256": digest[:-4]}, None, peer),
        ("x5t-null", INVALID, {"x5t#S256": None}, None, peer),
        ("x5t-lower-name", INVALID, {"x5t#s256": digest}, None, peer),
        ("x5t-sha1", INVALID, {"x5t": b64u(hashlib.sha1(peer).digest())}, None, peer),
        ("both-keys", INVALID, {"jkt": jkt, "jwk": own}, ours, None),
        ("key-and-certificate", INVALID, {"jkt": jkt} | x5t, ours, peer),
        ("and-unknown", INVALID, {"jkt": jkt, "kid": "a"}, ours, None),
        ("unknown", INVALID, {"kid": "a"}, ours, None),
        ("jku", INVALID, {"jku": "https://example.org/keys", "kid": "a"}, ours, None),
        ("jwe", INVALID, {"jwe": "a.b.c.d.e"}, ours, None),
        ("empty", INVALID, {}, ours, None),
        ("empty-no-passport", INVALID, {}, None, None),
        ("null", INVALID, None, ours, None),
        ("string", INVALID, jkt, ours, None),
        ("array", INVALID, [{"jkt": jkt}], ours, None),
        ("number", INVALID, 1, None, None),
        ("true", INVALID, True, ours, peer),
    ]
    for name, reason, cnf, presented, certified in table:
        options = {"policy": rules, "identity": identity, "passport": presented}
        options |= {"peer_certificate": certified, "admit": presented is not None}
        token = make(c, {"cnf": js(cnf)})
        case(c, f"{kind}-cnf-{name}", "T-005", reason, token, **options)
    twice = f'{{"jkt":{js(jkt)},"jkt":{js(jkt)}}}'
    options = {"policy": rules, "passport": ours}
    token = make(c, {"cnf": twice})
    case(c, f"{kind}-cnf-twice", "E-008", "json_duplicate_member", token, **options)


def unbound(c: Corpus, kind: str) -> None:
    """`accept_unbound_cnf` takes bearers; a passport may still have to fit."""
    make, _, identity, policy = KINDS[kind]
    ours, theirs = passport(c), passport(c, key=OTHER_KEY)
    bound = {"cnf": js({"jkt": thumbprint(c.keys[KEY])})}
    named = {"aud": js([AUDIENCE, key_audience(c)])}
    elsewhere = {"cnf": js({"jkt": thumbprint(c.keys[OTHER_KEY])})}
    none = c.policy(
        f"{kind}-unbound-none", policy(accept_unbound_cnf=True, passport_binding="none")
    )
    cnf = c.policy(
        f"{kind}-unbound-cnf", policy(accept_unbound_cnf=True, passport_binding="cnf")
    )
    default = c.policy(f"{kind}-unbound-default", policy(accept_unbound_cnf=True))
    audience = c.policy(
        f"{kind}-unbound-audience",
        policy(accept_unbound_cnf=True, passport_binding="audience"),
    )
    for name, reason, rules, claims, presented in [
        ("none-alone", "ok", none, bound, None),
        ("none-fits", "ok", none, bound, ours),
        ("none-other", "ok", none, bound, theirs),
        ("none-empty", "ok", none, {"cnf": "{}"}, ours),
        ("cnf-alone", "ok", cnf, bound, None),
        ("cnf-empty-alone", "ok", cnf, {"cnf": "{}"}, None),
        ("cnf-fits", "ok", cnf, bound, ours),
        ("cnf-other", INVALID, cnf, bound, theirs),
        ("default-alone", "ok", default, bound, None),
        ("default-other", INVALID, default, bound, theirs),
        ("audience-alone", REQUIRED, audience, bound | named, None),
        ("audience-fits", "ok", audience, bound | named, ours),
        ("audience-cnf-of-another", "ok", audience, elsewhere | named, ours),
        ("audience-other", MISMATCH, audience, bound | named, theirs),
    ]:
        options = {"policy": rules, "identity": identity, "passport": presented}
        options |= {"admit": presented is not None, "authenticated": True}
        token = make(c, claims)
        case(c, f"{kind}-unbound-{name}", "T-005", reason, token, **options)


def bindings(c: Corpus, kind: str) -> None:
    """`passport_binding`: `cnf` where there is one, or an audience of the key."""
    make, _, identity, policy = KINDS[kind]
    ours, theirs = passport(c), passport(c, key=OTHER_KEY)
    bound = {"cnf": js({"jkt": thumbprint(c.keys[KEY])})}
    none = c.policy(f"{kind}-binding-none", policy(passport_binding="none"))
    cnf = c.policy(f"{kind}-binding-cnf", policy(passport_binding="cnf"))
    audience = c.policy(f"{kind}-binding-audience", policy(passport_binding="audience"))
    urn, other_urn = key_audience(c), key_audience(c, OTHER_KEY)

    def aud(*values: str) -> Changes:
        return {"aud": js([AUDIENCE, *values])}

    table: list[tuple[str, str, str, Changes, bytes | None, bool]] = [
        ("none-fits", "ok", none, bound, ours, True),
        ("none-other", INVALID, none, bound, theirs, True),
        ("none-alone", REQUIRED, none, bound, None, True),
        ("none-unbound", "ok", none, {}, theirs, True),
        ("none-other-audience", "ok", none, aud(other_urn), ours, True),
        ("cnf-fits", "ok", cnf, bound, ours, True),
        ("cnf-other", INVALID, cnf, bound, theirs, True),
        ("cnf-unbound", "ok", cnf, {}, theirs, True),
        ("cnf-other-audience", "ok", cnf, aud(other_urn), ours, True),
        ("audience-fits", "ok", audience, aud(urn), ours, True),
        ("audience-first", "ok", audience, {"aud": js([urn, AUDIENCE])}, ours, True),
        ("audience-several", "ok", audience, aud(other_urn, urn), ours, True),
        ("audience-alone", REQUIRED, audience, aud(urn), None, True),
        ("audience-other", MISMATCH, audience, aud(urn), theirs, True),
        ("audience-none-named", MISMATCH, audience, {}, ours, True),
        ("audience-string", MISMATCH, audience, {"aud": js(AUDIENCE)}, ours, True),
        ("audience-longer", MISMATCH, audience, aud(f"{urn}A"), ours, True),
        ("audience-padded", MISMATCH, audience, aud(f"{urn}="), ours, True),
        ("audience-shorter", MISMATCH, audience, aud(urn[:-1]), ours, True),
        ("audience-upper-urn", MISMATCH, audience, aud("URN" + urn[3:]), ours, True),
        ("audience-bare", MISMATCH, audience, aud(urn.rpartition(":")[2]), ours, True),
        ("audience-not-ours", MISMATCH, audience, {"aud": js([urn])}, ours, False),
        ("audience-only", MISMATCH, audience, {"aud": js(urn)}, ours, False),
        ("audience-and-cnf", "ok", audience, bound | aud(urn), ours, True),
        (
            "audience-cnf-of-another",
            INVALID,
            audience,
            {"cnf": js({"jkt": thumbprint(c.keys[OTHER_KEY])})} | aud(urn),
            ours,
            True,
        ),
    ]
    for name, reason, rules, claims, presented, authenticated in table:
        options = {"policy": rules, "identity": identity, "passport": presented}
        options |= {"admit": presented is not None, "authenticated": authenticated}
        token = make(c, claims)
        case(c, f"{kind}-binding-{name}", "J-007+T-005", reason, token, **options)


def extra_audiences(c: Corpus) -> None:
    """An audience that names a key is no stranger where the policy asks for it."""
    extra, urn = "audience_untrusted_extra", key_audience(c)
    strict = {"extra_audiences": "reject", "trusted_audiences": ["account"]}
    bound = c.policy(
        "oidc-reject-audience", oidc_policy(passport_binding="audience", **strict)
    )
    loose = c.policy("oidc-reject-cnf", oidc_policy(**strict))
    ids = c.policy(
        "oidc-id-audience", oidc_policy(token="id", passport_binding="audience")
    )
    for name, reason, rules, audience in [
        ("fits", "ok", bound, [AUDIENCE, urn]),
        ("fits-id", "ok", ids, [AUDIENCE, urn]),
        ("fits-trusted", "ok", bound, [AUDIENCE, "account", urn]),
        ("and-another", extra, bound, [AUDIENCE, urn, "x"]),
        ("and-another-id", extra, ids, [AUDIENCE, urn, "x"]),
        ("like-a-name", extra, bound, [AUDIENCE, urn, "urn:attestor:other"]),
        ("not-asked", extra, loose, [AUDIENCE, urn]),
    ]:
        token = issuers.token(c, {"aud": js(audience)})
        options = {"policy": rules, "passport": passport(c), "identity": IDENTITY}
        case(c, f"extra-{name}", "O-003", reason, token, **options)


# --- kinds, attestors and sources ------------------------------------------------


def kinds_apart(c: Corpus) -> None:
    """A credential is of one kind and no passport; a passport is no credential."""
    full = {
        "sub": js(SUB),
        "iss": js(ISSUER),
        "aud": js([AUDIENCE]),
        "exp": str(NOW + 300),
    }
    as_token = passport(c, full | {"expires_at": None})
    for name, reason, rules in [
        ("spiffe", TYP, "default.json"),
        ("oidc", CLASS, "oidc.json"),
        ("native", TYP, "native.json"),
        ("all", CLASS, ALL),
    ]:
        options = {"policy": rules}
        name = f"passport-as-credential-under-{name}"
        both = {"passport": passport(c), **options}
        case(c, name, "N-001", reason, as_token, **both)
        case(c, f"{name}-verify", "N-001", reason, as_token, admit=False, **options)
    eddsa = issuers.token(c, key="ed25519")
    for name, token in [
        ("svid", svid(c)),
        ("oidc", issuers.token(c)),
        ("oidc-eddsa", eddsa),
    ]:
        options = {"policy": "native.json", "passport": passport(c)}
        case(c, f"{name}-under-native", "N-001", ALG, token, **options)
        options = {"policy": "native.json", "admit": False}
        case(c, f"{name}-under-native-verify", "N-001", ALG, token, **options)
    with_key = svid(c, header={"jwk": js(public_jwk(c))})
    told = evidence.refusal(TYP, passport=True)
    for name, presented in [
        ("svid", svid(c)),
        ("svid-with-jwk", with_key),
        ("oidc", issuers.token(c)),
        ("oidc-eddsa", eddsa),
        ("access", issuers.token(c, header={"typ": '"at+jwt"'})),
    ]:
        for under, token, rules in [
            ("spiffe", svid(c), "default.json"),
            ("oidc", issuers.token(c), "oidc.json"),
            ("all", svid(c), ALL),
        ]:
            options = {"policy": rules, "passport": presented, "evidence": told}
            case(c, f"{name}-as-passport-under-{under}", "N-001", TYP, token, **options)
        options = {"policy": "native.json", "passport": presented, "admit": True}
        c.case(
            f"admission-{name}-as-passport-alone",
            "N-001",
            TYP,
            None,
            bundles=[],
            **options,
        )
    # A passport is a text like any other where an access token is asked for.
    text = passport(c).decode()
    half = hashlib.sha256(text.encode()).digest()[:16]
    for name, reason, claims in [
        ("no-hash", "ok", {}),
        ("its-hash", "ok", {"at_hash": js(b64u(half))}),
        ("other-hash", "at_hash_mismatch", {"at_hash": js(b64u(bytes(16)))}),
    ]:
        options = {"policy": "oidc.json", "identity": IDENTITY, "passport": passport(c)}
        options["request"] = f"access_token={text}"
        token = issuers.token(c, claims)
        case(c, f"passport-as-access-token-{name}", "O-009", reason, token, **options)


def one_attestor(c: Corpus) -> None:
    """One attestor judges: no other's rules count, and nobody else is asked."""
    stranger = passport(c, key=OTHER_KEY)
    iss = {"iss": js(ISSUER)}
    table: list[tuple[str, str, bytes, str, str]] = [
        ("svid", "ok", svid(c), SUB, "-"),
        ("oidc", "ok", issuers.token(c), IDENTITY, "-"),
        ("svid-of-the-issuer", "ok", svid(c, iss), SUB, "-"),
        ("forced-spiffe", "ok", svid(c, iss), SUB, "attestor=spiffe"),
        ("forced-oidc", "ok", svid(c, iss), f"oidc:{ISSUER}:{SUB}", "attestor=oidc"),
        ("svid-forced-native", TYP, svid(c), "", "attestor=native"),
        ("oidc-forced-native", TYP, issuers.token(c), "", "attestor=native"),
        ("svid-forced-oidc", "claim_missing", svid(c), "", "attestor=oidc"),
        (
            "oidc-forced-spiffe",
            "spiffe_id_wrong_scheme",
            issuers.token(c),
            "",
            "attestor=spiffe",
        ),
        ("forced-nobody", "attestor_unknown", svid(c), "", "attestor=nobody"),
        ("svid-audience", MISMATCH, svid(c, iss | {"aud": '"x"'}), "", "-"),
    ]
    for name, reason, token, identity, request in table:
        # The pins are the native attestor's, which is not asked.
        options = {"policy": ALL, "passport": stranger, "request": request}
        case(c, f"one-{name}", "N-002", reason, token, identity=identity, **options)
    # The issuer's attestor would take it; the subject's trust domain has chosen.
    final = c.policy(
        "admission-final",
        of(
            attestor(audiences=["a"]),
            oidc(audiences=["b"]),
            native(pinned_keys=[thumbprint(c.keys[KEY])]),
        ),
    )
    for name, reason, audience in [("first", "ok", "a"), ("final", MISMATCH, "b")]:
        token = svid(c, iss | {"aud": js(audience)})
        options = {"policy": final, "passport": passport(c)}
        case(c, f"one-{name}", "O-013", reason, token, **options)


def sources_apart(c: Corpus) -> None:
    """A passport lends no source: those of one name, or with one kid, stay apart."""
    unavailable = "bundle_unavailable"
    named = c.policy("admission-same-name", of(attestor(), oidc(issuer=DOMAIN)))
    as_issuer, as_domain = (
        f"issuer:{DOMAIN}=jwks=issuer.json",
        f"{DOMAIN}=jwks=issuer.json",
    )
    of_issuer = issuers.token(c, {"iss": js(DOMAIN)})
    of_domain = svid(c, {"iss": js(DOMAIN)})
    for name, reason, token, fed, identity in [
        (
            "token-issuer-fed",
            "ok",
            of_issuer,
            as_issuer,
            f"oidc:{DOMAIN}:{SUBJECT}",
        ),
        ("token-domain-fed", unavailable, of_issuer, as_domain, ""),
        ("svid-domain-fed", "ok", of_domain, as_domain, SUB),
        ("svid-issuer-fed", unavailable, of_domain, as_issuer, ""),
    ]:
        options = {"policy": named, "bundles": [fed], "identity": identity}
        options["passport"] = passport(c)
        case(c, f"same-name-{name}", "J-010+O-001", reason, token, **options)
    two = "oidc-two.json"
    other, shared = {"iss": js(OTHER)}, {"kid": '"p256"'}
    for name, reason, token, identity in [
        ("first", "ok", issuers.token(c), IDENTITY),
        (
            "second",
            "ok",
            issuers.token(c, other, shared, key="partner"),
            f"oidc:{OTHER}:{SUBJECT}",
        ),
        (
            "first-key-of-second",
            SIGNATURE,
            issuers.token(c, header=shared, key="partner"),
            "",
        ),
        ("second-key-of-first", SIGNATURE, issuers.token(c, other), ""),
    ]:
        options = {"policy": two, "bundles": [FED, FED_OTHER], "identity": identity}
        options["passport"] = passport(c)
        case(c, f"shared-kid-{name}", "O-001+A-018", reason, token, **options)
