"""Section 13: native passports, which carry their own key and are signed by it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from .. import evidence
from ..corpus import AUDIENCE, NOW, Corpus
from ..encoding import Changes, b64u, js, merged, obj
from ..keys import Jwk, thumbprint
from .common import attestor
from .oidc import of, oidc
from .oidc_keys import FIELD, GROUP, IDENTITY_POINT

KEY, OTHER_KEY = "ed25519", "ed25519-other"
FORBIDDEN, KEY_INVALID = "header_param_forbidden", "key_invalid"
PARAM_INVALID, TYPE_INVALID = "header_param_invalid", "claim_type_invalid"
MISMATCH, INVALID = "alg_key_mismatch", "signature_invalid"
CLAIMS: Changes = {"expires_at": str(NOW + 300), "iat": str(NOW - 10)}
LIMIT = 16384


def native(**changes: Any) -> Jwk:
    """Give a native attestor with some members changed."""
    base = {"id": "native", "kind": "native"}
    return {k: v for k, v in (base | changes).items() if v is not None}


def policy(top: Jwk | None = None, **changes: Any) -> Jwk:
    """Give a policy of one native attestor; `top` adds top-level members."""
    return {"version": 1} | (top or {}) | {"attestors": [native(**changes)]}


def public_jwk(c: Corpus, key: str = KEY) -> Jwk:
    """Give a key as a passport carries it."""
    return {name: v for name, v in c.keys[key].jwk().items() if name != "kid"}


def passport(
    c: Corpus,
    claims: Changes | None = None,
    header: Changes | None = None,
    key: str = KEY,
) -> bytes:
    """Sign a good passport with some members changed (None removes one)."""
    usual = {
        "alg": '"EdDSA"',
        "typ": '"passport+jwt"',
        "jwk": js(public_jwk(c, key)),
    }
    head = obj(merged(usual, header or {}))
    return c.signed(head, obj(merged(merged(CLAIMS, {}), claims or {})), key)


def identity(c: Corpus, key: str = KEY, prefix: str = "native:") -> str:
    """Give the identity of a passport key."""
    return prefix + c.ed(key).public.hex()


def case(
    c: Corpus,
    name: str,
    rule: str,
    reason: str,
    presented: bytes | None,
    **options: Any,
) -> None:
    """Add one case of a passport alone."""
    usual: dict[str, Any] = {
        "policy": "native.json",
        "bundles": [],
        "identity": identity(c),
        "admit": True,
        "passport": presented,
    }
    c.case(f"passport-{name}", rule, reason, None, **usual | options)


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    c.policy("native", policy())
    c.policy("native-pinned", policy(pinned_keys=[thumbprint(c.keys[KEY])]))
    good(c)
    wire(c)
    typ(c)
    algorithms(c)
    header_parameters(c)
    jwk_members(c)
    points(c)
    payload(c)
    expiry(c)
    other_times(c)
    audiences(c)
    lifetimes(c)
    pins(c)
    signatures(c)
    routing(c)
    empty_credential(c)
    configuration(c)


def good(c: Corpus) -> None:
    """A well-formed passport is its key's identity, whoever asks."""
    presented = passport(c)
    told = evidence.allow(
        c,
        "passport",
        presented,
        c.keys[KEY],
        "native.json",
        identity=identity(c),
        subject=c.ed(KEY).public.hex(),
        attestor="native",
        passport_thumbprint=thumbprint(c.keys[KEY]),
    )
    case(c, "good", "N-001", "ok", presented, evidence=told)
    case(c, "good-verify", "N-001", "ok", presented, admit=False, evidence=told)
    other = passport(c, key=OTHER_KEY)
    case(c, "good-other-key", "N-002", "ok", other, identity=identity(c, OTHER_KEY))
    jwk = b'{"x":"%s","crv":"Ed25519","kty":"OKP"}' % public_jwk(c)["x"].encode()
    spaced = b'{ "typ":"passport+jwt",\n "jwk":' + jwk + b',"alg":"Ed25519" }'
    signed = c.signed(spaced, b' {"expires_at" : %d} ' % (NOW + 300), KEY)
    case(c, "good-spacing-and-order", "E-010+N-001", "ok", signed)


def wire(c: Corpus) -> None:
    """A compact JWS in its one spelling, within the limits of the policy."""
    whole = passport(c)
    h, p, s = whole.split(b".")
    other_end = bytes([s[-1] + 1])
    for name, rule, reason, token in [
        ("two-parts", "E-001", "malformed_token", h + b"." + p),
        ("four-parts", "E-001", "malformed_token", whole + b"." + s),
        ("five-parts", "E-001", "token_encrypted", whole + b"." + s + b"." + s),
        ("no-signature", "E-005", "malformed_token", h + b"." + p + b"."),
        ("json", "E-002", "json_serialization_rejected", b'{"payload":"e30"}'),
        ("padded", "E-003+N-004", "invalid_base64url", whole + b"=="),
        ("newline", "E-003+N-004", "invalid_base64url", whole + b"\n"),
        ("bearer", "E-003", "invalid_base64url", b"Bearer " + whole),
        ("other-spelling", "E-004+N-004", "invalid_base64url", whole[:-1] + other_end),
    ]:
        case(c, name, rule, reason, token)
    for name, reason, inside in [
        ("largest", "ok", True),
        ("too-large", "input_too_large", False),
    ]:
        token = sized(c, inside)
        case(c, name, "E-009", reason, token)
    many = {f"m{n}": "0" for n in range(260)}
    case(c, "many-members", "E-009", "input_too_large", passport(c, many))
    deep = passport(c, {"deep": "[" * 16 + "]" * 16})
    case(c, "too-deep", "E-009", "json_too_deep", deep)
    case(c, "deep", "E-009", "ok", passport(c, {"deep": "[" * 15 + "]" * 15}))


def sized(c: Corpus, inside: bool) -> bytes:
    """Give the longest passport within the limit, or the shortest beyond it."""
    lengths = range(11_800, 12_200)
    tokens = [passport(c, {"pad": js("x" * n)}) for n in lengths]
    if inside:
        return max((t for t in tokens if len(t) <= LIMIT), key=len)
    return min((t for t in tokens if len(t) > LIMIT), key=len)


def typ(c: Corpus) -> None:
    """`typ` is `passport+jwt`, to the letter."""
    wrong = "typ_mismatch"
    for name, reason, text in [
        ("escaped", "ok", '"passport\\u002bjwt"'),
        ("absent", wrong, None),
        ("empty", wrong, '""'),
        ("jwt", wrong, '"JWT"'),
        ("at-jwt", wrong, '"at+jwt"'),
        ("wit-jwt", wrong, '"wit+jwt"'),
        ("upper", wrong, '"PASSPORT+JWT"'),
        ("title", wrong, '"Passport+jwt"'),
        ("suffix-upper", wrong, '"passport+JWT"'),
        ("media-type", wrong, '"application/passport+jwt"'),
        ("passport", wrong, '"passport"'),
        ("space", wrong, '"passport+jwt "'),
        ("parameter", wrong, '"passport+jwt;v=1"'),
        ("null", PARAM_INVALID, "null"),
        ("number", PARAM_INVALID, "1"),
        ("array", PARAM_INVALID, '["passport+jwt"]'),
    ]:
        case(c, f"typ-{name}", "N-001", reason, passport(c, header={"typ": text}))


def algorithms(c: Corpus) -> None:
    """`alg` is `EdDSA` or `Ed25519`; whatever fits another key does not count."""
    wrong = "alg_not_allowed"
    for name, reason, text in [
        ("eddsa", "ok", '"EdDSA"'),
        ("ed25519", "ok", '"Ed25519"'),
        ("absent", "alg_missing", None),
        ("none", wrong, '"none"'),
        ("hs256", wrong, '"HS256"'),
        ("lower", wrong, '"eddsa"'),
        ("upper", wrong, '"ED25519"'),
        ("ed448", wrong, '"Ed448"'),
        ("empty", wrong, '""'),
        ("number", PARAM_INVALID, "1"),
        ("null", PARAM_INVALID, "null"),
    ]:
        case(c, f"alg-{name}", "N-001+A-014", reason, passport(c, header={"alg": text}))
    for name, alg, key in [
        ("es256", "ES256", "p256"),
        ("es512", "ES512", "p521"),
        ("rs256", "RS256", "rsa2048"),
        ("ps256", "PS256", "rsa2048"),
    ]:
        signed = passport(c, header={"alg": js(alg)}, key=key)
        case(c, f"alg-{name}-of-its-key", "N-001+A-001", wrong, signed)
    for key in ("p256", "rsa2048"):
        signed = passport(c, key=key)
        case(c, f"jwk-of-{key}", "A-003", MISMATCH, signed)


def header_parameters(c: Corpus) -> None:
    """The header is exactly `alg`, `typ` and `jwk`."""
    der = js(["AAAA"])
    for name, reason, change in [
        ("kid", FORBIDDEN, {"kid": js(thumbprint(c.keys[KEY]))}),
        ("kid-empty", FORBIDDEN, {"kid": '""'}),
        ("jku", FORBIDDEN, {"jku": '"https://example.org/keys"'}),
        ("x5u", FORBIDDEN, {"x5u": '"https://example.org/keys"'}),
        ("x5c", FORBIDDEN, {"x5c": der}),
        ("x5t", FORBIDDEN, {"x5t": '"AAAA"'}),
        ("cty", FORBIDDEN, {"cty": '"x"'}),
        ("cty-jwt", FORBIDDEN, {"cty": '"JWT"'}),
        ("zip", FORBIDDEN, {"zip": '"DEF"'}),
        ("b64-true", FORBIDDEN, {"b64": "true"}),
        ("iss", FORBIDDEN, {"iss": '"a"'}),
        ("unknown", FORBIDDEN, {"v": "1"}),
        ("upper-jwk", FORBIDDEN, {"JWK": js(public_jwk(c))}),
        ("empty-name", FORBIDDEN, {"": "1"}),
        ("crit", "crit_unsupported", {"crit": '["jwk"]'}),
        ("crit-empty", "crit_unsupported", {"crit": "[]"}),
        ("b64-false", "b64_forbidden", {"b64": "false"}),
        ("enc", "token_encrypted", {"enc": '"A128GCM"'}),
        ("jwk-absent", KEY_INVALID, {"jwk": None}),
        ("jwk-null", PARAM_INVALID, {"jwk": "null"}),
        ("jwk-string", PARAM_INVALID, {"jwk": js(public_jwk(c)["x"])}),
        ("jwk-array", PARAM_INVALID, {"jwk": js([public_jwk(c)])}),
        ("jwk-number", PARAM_INVALID, {"jwk": "1"}),
        ("jwk-empty", KEY_INVALID, {"jwk": "{}"}),
    ]:
        case(c, f"header-{name}", "N-001", reason, passport(c, header=change))
    first = obj({"alg": '"EdDSA"', "typ": '"passport+jwt"'})[:-1]
    own, other = js(public_jwk(c)).encode(), js(public_jwk(c, OTHER_KEY)).encode()
    twice = "json_duplicate_member"
    for name, rest in [
        ("jwk", b'"jwk":' + other + b',"jwk":' + own),
        ("jwk-escaped", b'"jw\\u006b":' + other + b',"jwk":' + own),
        ("alg", b'"alg":"EdDSA","jwk":' + own),
        ("typ", b'"typ":"passport+jwt","jwk":' + own),
    ]:
        signed = c.signed(first + b"," + rest + b"}", obj(merged(CLAIMS, {})), KEY)
        case(c, f"header-twice-{name}", "E-007+N-001", twice, signed)
    signed = c.signed(b"[1]", obj(merged(CLAIMS, {})), KEY)
    case(c, "header-array", "E-006", "invalid_json", signed)


def jwk_members(c: Corpus) -> None:
    """The key is exactly `kty`, `crv` and `x`, and nothing of its secret."""
    own, x = public_jwk(c), public_jwk(c)["x"]
    seed = b64u(c.ed(KEY).seed)
    last = x[:-1] + chr(ord(x[-1]) + 1)
    for name, rule, reason, change in [
        ("d", "N-001", KEY_INVALID, {"d": seed}),
        ("kid", "N-001", KEY_INVALID, {"kid": "a"}),
        ("use", "N-001", KEY_INVALID, {"use": "sig"}),
        ("alg", "N-001", KEY_INVALID, {"alg": "EdDSA"}),
        ("unknown", "N-001", KEY_INVALID, {"v": 1}),
        ("no-kty", "N-001", KEY_INVALID, {"kty": None}),
        ("no-crv", "N-001", KEY_INVALID, {"crv": None}),
        ("no-x", "N-001", KEY_INVALID, {"x": None}),
        ("kty-number", "N-001", KEY_INVALID, {"kty": 1}),
        ("crv-number", "N-001", KEY_INVALID, {"crv": 1}),
        ("x-number", "N-001", KEY_INVALID, {"x": 1}),
        ("kty-ec", "A-003", MISMATCH, {"kty": "EC"}),
        ("kty-lower", "A-003", MISMATCH, {"kty": "okp"}),
        ("crv-x25519", "A-014", MISMATCH, {"crv": "X25519"}),
        ("crv-ed448", "A-014", MISMATCH, {"crv": "Ed448"}),
        ("crv-lower", "A-014", MISMATCH, {"crv": "ed25519"}),
        ("x-padded", "N-004", KEY_INVALID, {"x": f"{x}="}),
        ("x-other-spelling", "E-004+N-004", KEY_INVALID, {"x": last}),
        ("x-space", "N-004", KEY_INVALID, {"x": f"{x[:-1]} "}),
        ("x-standard-base64", "N-004", KEY_INVALID, {"x": standard(x)}),
        ("x-hex", "N-004", KEY_INVALID, {"x": c.ed(KEY).public.hex()}),
        ("x-short", "A-015", KEY_INVALID, {"x": b64u(c.ed(KEY).public[:31])}),
        ("x-long", "A-015", KEY_INVALID, {"x": b64u(c.ed(KEY).public + b"\0")}),
        ("x-empty", "A-015", KEY_INVALID, {"x": ""}),
    ]:
        changed = {k: v for k, v in (own | change).items() if v is not None}
        signed = passport(c, header={"jwk": js(changed)})
        case(c, f"jwk-{name}", rule, reason, signed)
    twice = js(own)[:-1] + f',"x":{js(public_jwk(c, OTHER_KEY)["x"])}}}'
    signed = passport(c, header={"jwk": twice})
    case(c, "jwk-twice-x", "E-007", "json_duplicate_member", signed)
    oct_key = js({"kty": "oct", "k": "AAAA"})
    signed = passport(c, header={"jwk": oct_key})
    case(c, "jwk-oct", "A-002+A-003", MISMATCH, signed)


def standard(text: str) -> str:
    """Spell base64url with the other alphabet's characters, at least one."""
    spelled = text.replace("-", "+").replace("_", "/")
    return spelled if spelled != text else f"{text[:20]}+{text[21:]}"


def universal(c: Corpus, encoded: bytes) -> bytes:
    """Sign under a key of small order: S = 0, R the identity, and k a multiple of 8."""
    head = obj({"alg": '"EdDSA"', "typ": '"passport+jwt"', "jwk": ed(encoded)})
    for number in range(1000):
        claims = obj(merged(CLAIMS, {"jti": js(str(number))}))
        text = f"{b64u(head)}.{b64u(claims)}".encode()
        digest = hashlib.sha512(IDENTITY_POINT + encoded + text).digest()
        if int.from_bytes(digest, "little") % GROUP % 8 == 0:
            break
    return text + b"." + b64u(IDENTITY_POINT + bytes(32)).encode()


def ed(encoded: bytes) -> str:
    """Write an encoded point as the key of a passport."""
    return js({"kty": "OKP", "crv": "Ed25519", "x": b64u(encoded)})


def points(c: Corpus) -> None:
    """The key is the canonical encoding of a point that is not of small order."""
    eight = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
    for name, rule, encoded in [
        ("identity", "A-017", IDENTITY_POINT),
        ("order-two", "A-017", (FIELD - 1).to_bytes(32, "little")),
        ("order-four", "A-017", bytes(32)),
        ("order-four-with-sign", "A-017", (1 << 255).to_bytes(32, "little")),
        ("order-eight", "A-017", bytes.fromhex(eight)),
        ("identity-unreduced", "A-016", (FIELD + 1).to_bytes(32, "little")),
        ("identity-with-sign", "A-016", (1 | 1 << 255).to_bytes(32, "little")),
        ("order-four-unreduced", "A-016", FIELD.to_bytes(32, "little")),
        ("unreduced", "A-016", (FIELD + 3).to_bytes(32, "little")),
        ("all-ones", "A-016", b"\xff" * 32),
        # y = 2 is no point of the curve.
        ("no-point", "A-016", (2).to_bytes(32, "little")),
    ]:
        signed = universal(c, encoded)
        case(c, f"key-{name}", f"{rule}+N-004", KEY_INVALID, signed)


def payload(c: Corpus) -> None:
    """The claims are one strict JSON object, and each that is read is of its type."""
    for name, rule, reason, claims in [
        ("sub-and-iss", "N-003", "ok", {"sub": '"agent"', "iss": '"agent"'}),
        ("unknown", "N-003", "ok", {"x": '{"y":[1,null,true]}'}),
        ("jti", "N-003", "ok", {"jti": '"a"'}),
        ("no-iat", "N-003", "ok", {"iat": None}),
        ("iat-in-the-future", "N-003+C-007", "ok", {"iat": str(NOW + 5000)}),
        ("jti-number", "N-003", TYPE_INVALID, {"jti": "1"}),
        ("jti-null", "N-003", TYPE_INVALID, {"jti": "null"}),
        ("iat-string", "C-001", TYPE_INVALID, {"iat": js(str(NOW))}),
        ("iat-null", "C-001", TYPE_INVALID, {"iat": "null"}),
        ("iat-huge", "C-003", "numeric_date_invalid", {"iat": "1e400"}),
        ("sub-number", "C-001", TYPE_INVALID, {"sub": "1"}),
        ("nested-twice", "E-008", "json_duplicate_member", {"x": '{"a":1,"a":2}'}),
    ]:
        case(c, f"claims-{name}", rule, reason, passport(c, claims))
    head = obj({"alg": '"EdDSA"', "typ": '"passport+jwt"', "jwk": js(public_jwk(c))})
    date = str(NOW + 300).encode()
    for name, rule, reason, text in [
        ("twice", "E-008", "json_duplicate_member", b'{"exp":1,"exp":' + date + b"}"),
        (
            "twice-escaped",
            "E-008",
            "json_duplicate_member",
            b'{"expires_a\\u0074":1,"expires_at":' + date + b"}",
        ),
        ("array", "E-006", "invalid_json", b"[" + date + b"]"),
        ("trailing", "E-006", "invalid_json", b'{"exp":' + date + b"}x"),
        ("latin-1", "E-006", "invalid_utf8", b'{"exp":' + date + b',"x":"\xe9"}'),
        ("empty-object", "N-003", "claim_missing", b"{}"),
    ]:
        case(c, f"claims-{name}", rule, reason, c.signed(head, text, KEY))


def expiry(c: Corpus) -> None:
    """`expires_at`, or `exp`, or both and equal; without leeway."""
    until = NOW + 300
    number, text = str(until), js(str(until))
    expired, missing = "token_expired", "claim_missing"
    late = {"exp": number, "expires_at": str(until + 1)}
    early = {"exp": str(until + 1), "expires_at": number}
    for name, rule, reason, claims in [
        ("exp", "N-003", "ok", {"expires_at": None, "exp": number}),
        ("both", "N-003", "ok", {"exp": number}),
        ("both-spelled-apart", "N-003", "ok", {"exp": "1.8000003e9"}),
        ("neither", "N-003", missing, {"expires_at": None}),
        ("both-exp-earlier", "N-003", TYPE_INVALID, late),
        ("both-exp-later", "N-003", TYPE_INVALID, early),
        ("string", "C-001", TYPE_INVALID, {"expires_at": text}),
        ("null", "C-001", TYPE_INVALID, {"expires_at": "null"}),
        ("true", "C-001", TYPE_INVALID, {"expires_at": "true"}),
        ("array", "C-001", TYPE_INVALID, {"expires_at": f"[{number}]"}),
        ("exp-string", "C-001", TYPE_INVALID, {"exp": text}),
        ("exp-null", "C-001", TYPE_INVALID, {"exp": "null"}),
        ("upper-name", "N-003", missing, {"expires_at": None, "Expires_At": number}),
        ("camel-name", "N-003", missing, {"expires_at": None, "expiresAt": number}),
        ("fraction", "C-002", "ok", {"expires_at": f"{NOW + 1}.5"}),
        ("fraction-of-now", "C-002", expired, {"expires_at": f"{NOW}.5"}),
        ("exponent", "C-002", "ok", {"expires_at": "1.8000003e9"}),
        ("huge", "C-003", "numeric_date_invalid", {"expires_at": "1e400"}),
        ("year-10000", "C-003", "numeric_date_invalid", {"expires_at": "253402300800"}),
        ("year-9999", "C-003", "ok", {"expires_at": "253402300799"}),
        ("zero", "C-003", expired, {"expires_at": "0"}),
        ("negative", "C-003", expired, {"expires_at": "-1"}),
    ]:
        case(c, f"expiry-{name}", rule, reason, passport(c, claims))
    wide = c.policy("native-skew-300", policy({"clock_skew_secs": 300}))
    own = c.policy("native-own-skew-300", policy(clock_skew_secs=300))
    renamed = passport(c, {"expires_at": None, "exp": number})
    for name, reason, now in [
        ("before", "ok", until - 1),
        ("exactly", expired, until),
        ("after", expired, until + 1),
        ("within-the-skew", expired, until + 59),
    ]:
        case(c, f"expiry-{name}", "N-003", reason, passport(c), now=now)
        case(c, f"expiry-{name}-exp", "N-003", reason, renamed, now=now)
    for name, rules in [("policy", wide), ("attestor", own)]:
        for at, reason, now in [
            ("before", "ok", until - 1),
            ("exactly", expired, until),
        ]:
            options = {"now": now, "policy": rules}
            name_at = f"expiry-no-leeway-of-the-{name}-{at}"
            case(c, name_at, "N-003", reason, passport(c), **options)


def other_times(c: Corpus) -> None:
    """`nbf` is enforced, with the tolerance that clocks need."""
    strict = c.policy("native-skew-0", policy(clock_skew_secs=0))
    early = "token_not_yet_valid"
    for name, reason, at, rules in [
        ("now", "ok", NOW, strict),
        ("next-second", early, NOW + 1, strict),
        ("within-the-skew", "ok", NOW + 60, "native.json"),
        ("beyond-the-skew", early, NOW + 61, "native.json"),
        ("negative", "ok", -1, strict),
    ]:
        signed = passport(c, {"nbf": str(at)})
        case(c, f"nbf-{name}", "C-005", reason, signed, policy=rules)
    for name, text in [("string", js(str(NOW))), ("null", "null")]:
        signed = passport(c, {"nbf": text})
        case(c, f"nbf-{name}", "C-001", TYPE_INVALID, signed)


def audiences(c: Corpus) -> None:
    """`aud` is matched where the policy has audiences, and of its type everywhere."""
    ours = c.policy("native-audience", policy(audiences=[AUDIENCE, "b"]))
    missing, mismatch = "audience_missing", "audience_mismatch"
    for name, reason, text in [
        ("string", "ok", js(AUDIENCE)),
        ("second", "ok", '"b"'),
        ("list", "ok", js([AUDIENCE])),
        ("among-others", "ok", js(["x", AUDIENCE])),
        ("absent", missing, None),
        ("empty-list", missing, "[]"),
        ("empty", missing, '""'),
        ("other", mismatch, '"x"'),
        ("others", mismatch, '["x","y"]'),
        ("upper", mismatch, js(AUDIENCE.upper())),
        ("prefix", mismatch, js(AUDIENCE[:-1])),
        ("longer", mismatch, js(f"{AUDIENCE}-2")),
        ("number", TYPE_INVALID, "1"),
        ("null", TYPE_INVALID, "null"),
        ("list-of-number", TYPE_INVALID, f"[{js(AUDIENCE)},1]"),
        ("object", TYPE_INVALID, "{}"),
    ]:
        signed = passport(c, {"aud": text})
        case(c, f"aud-{name}", "N-003", reason, signed, policy=ours)
        unasked = "ok" if reason in (missing, mismatch) else reason
        case(c, f"aud-{name}-not-asked", "N-003", unasked, signed)


def lifetimes(c: Corpus) -> None:
    """`passport_max_lifetime_secs` counts from `iat`, but never from later than now."""
    rules = c.policy("native-lifetime", policy(passport_max_lifetime_secs=3600))
    long = "lifetime_too_long"
    for name, reason, iat, until in [
        ("exactly", "ok", NOW - 600, NOW + 3000),
        ("a-second-more", long, NOW - 601, NOW + 3000),
        ("from-now", "ok", NOW, NOW + 3600),
        ("far", long, NOW - 10, NOW + 86400),
        ("iat-after-now", "ok", NOW + 30, NOW + 3600),
        ("iat-after-now-too-long", long, NOW + 30, NOW + 3630),
        ("iat-far-after-now", long, NOW + 90000, NOW + 93000),
        ("iat-of-expiry", long, NOW + 4000, NOW + 4000),
        ("fraction", "ok", f"{NOW}.5", NOW + 3600),
        ("negative-iat", long, -1, NOW + 10),
    ]:
        signed = passport(c, {"iat": str(iat), "expires_at": str(until)})
        case(c, f"lifetime-{name}", "N-003", reason, signed, policy=rules)
    signed = passport(c, {"iat": None})
    case(c, "lifetime-no-iat", "N-003", "claim_missing", signed, policy=rules)
    signed = passport(c, {"iat": None, "nbf": str(NOW - 10)})
    case(c, "lifetime-nbf-is-no-iat", "N-003", "claim_missing", signed, policy=rules)


def pins(c: Corpus) -> None:
    """With `pinned_keys` the thumbprint of the key must be listed."""
    pinned = "native-pinned.json"
    case(c, "pinned", "N-002", "ok", passport(c), policy=pinned)
    stranger = passport(c, key=OTHER_KEY)
    told = evidence.refusal(
        "key_untrusted", attestor="native", authenticated=True, passport=True
    )
    name = "pinned-other-key"
    case(c, name, "N-002", "key_untrusted", stranger, policy=pinned, evidence=told)
    claimed = passport(c, header={"kid": js(thumbprint(c.keys[KEY]))}, key=OTHER_KEY)
    case(c, "pinned-kid-of-another", "N-002", FORBIDDEN, claimed, policy=pinned)
    borrowed = passport(c, header={"jwk": js(public_jwk(c))}, key=OTHER_KEY)
    told = evidence.refusal(INVALID, attestor="native", passport=True)
    name = "pinned-key-borrowed"
    case(c, name, "N-002", INVALID, borrowed, policy=pinned, evidence=told)
    pair = [thumbprint(c.keys[OTHER_KEY]), thumbprint(c.keys[KEY])]
    several = c.policy("native-pinned-two", policy(pinned_keys=pair))
    case(c, "pinned-second", "N-002", "ok", passport(c), policy=several)
    expired = passport(c, {"expires_at": str(NOW)}, key=OTHER_KEY)
    name = "order-passport-expired-before-pins"
    options = {"policy": pinned, "bundles": [], "passport": expired, "admit": True}
    c.case(name, "N-002+N-003", "token_expired", None, **options)


def signatures(c: Corpus) -> None:
    """The signature is the header key's own over these bytes, in its one form."""
    whole = passport(c)
    text, _, encoded = whole.rpartition(b".")
    h, p, _ = whole.split(b".")
    other = passport(c, {"jti": '"a"'})
    foreign = passport(c, key=OTHER_KEY)
    signature = c.ed(KEY).sign(text, "EdDSA")
    big_r, s = signature[:32], int.from_bytes(signature[32:], "little")

    def with_s(value: int) -> bytes:
        return big_r + value.to_bytes(32, "little")

    malformed = "signature_malformed"
    for name, rule, reason, value in [
        ("s-plus-order", "A-015", INVALID, with_s(s + GROUP)),
        ("s-top-bit", "A-015", INVALID, with_s(s | 1 << 255)),
        ("s-negated", "A-015", INVALID, with_s(GROUP - s)),
        ("first-bit", "A-015", INVALID, bytes([signature[0] ^ 1]) + signature[1:]),
        ("zero", "A-015", INVALID, bytes(64)),
        ("short", "A-015", malformed, signature[:-1]),
        ("long", "A-015", malformed, signature + b"\0"),
        ("of-another-key", "A-018", INVALID, c.ed(OTHER_KEY).sign(text, "EdDSA")),
        ("r-identity", "A-017", INVALID, small_commitment(c, text, IDENTITY_POINT)),
        (
            "r-order-two",
            "A-017",
            INVALID,
            small_commitment(c, text, (FIELD - 1).to_bytes(32, "little")),
        ),
    ]:
        forged = text + b"." + b64u(value).encode()
        case(c, f"signature-{name}", f"{rule}+N-004", reason, forged)
    for name, parts in [
        ("other-claims", [h, other.split(b".")[1], encoded]),
        ("other-header", [foreign.split(b".")[0], p, encoded]),
        ("of-other-claims", [h, p, other.split(b".")[2]]),
        ("of-other-passport", [h, p, foreign.split(b".")[2]]),
    ]:
        case(c, f"signature-{name}", "N-004", INVALID, b".".join(parts))


def small_commitment(c: Corpus, text: bytes, big_r: bytes) -> bytes:
    """Sign as if `big_r` were the identity."""
    key = c.ed(KEY)
    k = int.from_bytes(hashlib.sha512(big_r + key.public + text).digest(), "little")
    return big_r + (k * key.scalar % GROUP).to_bytes(32, "little")


def routing(c: Corpus) -> None:
    """Of several native attestors the audience chooses; the host may force one."""
    prefix = "yutha:native:"
    renamed = c.policy("native-prefix", policy(identity_prefix=prefix))
    named = identity(c, prefix=prefix)
    case(c, "prefix", "N-002", "ok", passport(c), policy=renamed, identity=named)
    longest = c.policy("native-prefix-64", policy(identity_prefix="p" * 64))
    named = identity(c, prefix="p" * 64)
    case(c, "prefix-64", "N-002", "ok", passport(c), policy=longest, identity=named)
    pinned = [thumbprint(c.keys[KEY])]
    one = native(id="one", audiences=["a"], identity_prefix="one:", pinned_keys=pinned)
    two = native(id="two", audiences=["b"], identity_prefix="two:", pinned_keys=pinned)
    two["passport_max_lifetime_secs"] = 600
    by_audience = c.policy("native-by-audience", of(one, two))
    both, mismatch = '["a","b"]', "audience_mismatch"
    long = {"expires_at": str(NOW + 5000)}
    for name, reason, claims, request, prefix in [
        ("first", "ok", {"aud": '"a"'}, "-", "one:"),
        ("second", "ok", {"aud": '"b"'}, "-", "two:"),
        ("neither", mismatch, {"aud": '"c"'}, "-", ""),
        ("absent", "audience_missing", {}, "-", ""),
        ("second-is-final", "lifetime_too_long", {"aud": '"b"'} | long, "-", ""),
        ("first-has-no-limit", "ok", {"aud": '"a"'} | long, "-", "one:"),
        ("forced-first", "ok", {"aud": both}, "attestor=one", "one:"),
        ("forced-second", "ok", {"aud": both}, "attestor=two", "two:"),
        ("forced-other-audience", mismatch, {"aud": '"a"'}, "attestor=two", ""),
        ("forced-nobody", "attestor_unknown", {"aud": '"a"'}, "attestor=three", ""),
    ]:
        options = {"policy": by_audience, "request": request}
        named = identity(c, prefix=prefix)
        signed = passport(c, claims)
        name = f"several-{name}"
        case(c, name, "N-003", reason, signed, identity=named, **options)
    mixed = c.policy("native-beside-all", beside_all(c))
    case(c, "beside-others", "N-002", "ok", passport(c), policy=mixed)
    stranger = passport(c, key=OTHER_KEY)
    name = "beside-others-stranger"
    case(c, name, "N-002", "key_untrusted", stranger, policy=mixed)
    for name, reason, request in [
        ("native", "ok", "attestor=native"),
        ("spiffe", "malformed_token", "attestor=spiffe"),
        ("oidc", "malformed_token", "attestor=oidc"),
    ]:
        options = {"policy": mixed, "request": request}
        case(c, f"forced-{name}", "N-001", reason, passport(c), **options)


def beside_all(c: Corpus) -> Jwk:
    """Give a policy of one attestor of each kind; one key is pinned."""
    return of(attestor(), oidc(), native(pinned_keys=[thumbprint(c.keys[KEY])]))


def empty_credential(c: Corpus) -> None:
    """No credential at all is for native attestors only, and takes a passport."""
    malformed, misuse = "malformed_token", "argument_invalid"
    for kind, rules in [
        ("spiffe", "default.json"),
        ("oidc", "oidc.json"),
        ("mixed", "oidc-mixed.json"),
    ]:
        case(c, f"alone-under-{kind}", "N-001", malformed, passport(c), policy=rules)
        told = evidence.refusal(malformed)
        name = f"alone-under-{kind}-verify"
        options = {"policy": rules, "admit": False, "evidence": told}
        case(c, name, "N-001", malformed, passport(c), **options)
        stranger = passport(c, {"expires_at": str(NOW)})
        name = f"alone-expired-under-{kind}"
        told = evidence.refusal("token_expired", passport=True)
        options = {"policy": rules, "evidence": told}
        case(c, name, "N-003", "token_expired", stranger, **options)
    for kind, rules in [
        ("spiffe", "default.json"),
        ("oidc", "oidc.json"),
        ("native", "native.json"),
        ("all", "native-beside-all.json"),
    ]:
        name = f"nothing-under-{kind}"
        case(c, name, "N-001", misuse, None, policy=rules)
        options = {"policy": rules, "admit": False}
        case(c, f"{name}-verify", "N-001", malformed, None, **options)
    # The empty file and no file are the same credential.
    options = {"policy": "native.json", "bundles": [], "identity": identity(c)}
    named = "passport-beside-empty-file"
    c.case(named, "N-001", "ok", b"", admit=True, passport=passport(c), **options)


def configuration(c: Corpus) -> None:
    """A native attestor is right as a whole, and never an open door beside another."""
    refused = "config_invalid"
    pin = thumbprint(c.keys[KEY])
    for name, changes in [
        ("prefix-empty", {"identity_prefix": ""}),
        ("prefix-number", {"identity_prefix": 1}),
        ("prefix-space", {"identity_prefix": "a b:"}),
        ("prefix-newline", {"identity_prefix": "a\nb"}),
        ("prefix-umlaut", {"identity_prefix": "\u00e4:"}),
        ("prefix-65", {"identity_prefix": "p" * 65}),
        ("prefix-spiffe", {"identity_prefix": "spiffe://example.org/"}),
        ("prefix-oidc", {"identity_prefix": "oidc:https://issuer.example:"}),
        ("pins-empty", {"pinned_keys": []}),
        ("pins-string", {"pinned_keys": pin}),
        ("pins-number", {"pinned_keys": [1]}),
        ("pins-empty-text", {"pinned_keys": [""]}),
        ("pins-short", {"pinned_keys": [pin[:-1]]}),
        ("pins-long", {"pinned_keys": [f"{pin}A"]}),
        ("pins-padded", {"pinned_keys": [f"{pin}="]}),
        ("pins-hex", {"pinned_keys": [c.ed(KEY).public.hex()]}),
        ("pins-same", {"pinned_keys": [pin, pin]}),
        ("lifetime-zero", {"passport_max_lifetime_secs": 0}),
        ("lifetime-negative", {"passport_max_lifetime_secs": -1}),
        ("lifetime-string", {"passport_max_lifetime_secs": "3600"}),
        ("lifetime-fraction", {"passport_max_lifetime_secs": 1.5}),
        ("lifetime-huge", {"passport_max_lifetime_secs": 1 << 40}),
        ("audiences-empty", {"audiences": []}),
        ("audiences-string", {"audiences": "a"}),
        ("issuer", {"issuer": "https://issuer.example"}),
        ("trust-domains", {"trust_domains": ["example.org"]}),
        ("token", {"token": "either"}),
        ("skew", {"clock_skew_secs": 301}),
        ("unknown", {"pinned_key": [pin]}),
        ("no-id", {"id": None}),
    ]:
        rules = c.policy(f"native-bad-{name}", policy(**changes))
        case(c, f"policy-{name}", "N-002+C-009", refused, passport(c), policy=rules)
    null = {"version": 1, "attestors": [{**native(), "pinned_keys": None}]}
    rules = c.policy("native-bad-pins-null", null)
    case(c, "policy-pins-null", "N-002+C-009", refused, passport(c), policy=rules)
    for name, make in [("spiffe", attestor), ("oidc", oidc)]:
        foreign_fields(c, name, make)
    audience = {"audiences": ["a"], "pinned_keys": [pin]}
    for name, reason, document in [
        ("beside-spiffe", refused, of(attestor(), native())),
        ("beside-oidc", refused, of(native(), oidc())),
        (
            "beside-spiffe-other-audience",
            refused,
            of(attestor(), native(audiences=["x"])),
        ),
        (
            "beside-spiffe-lifetime",
            refused,
            of(attestor(), native(passport_max_lifetime_secs=1)),
        ),
        ("beside-spiffe-pinned", "ok", of(attestor(), native(pinned_keys=[pin]))),
        (
            "several-without-audience",
            refused,
            of(native(pinned_keys=[pin]), native(id="b", pinned_keys=[pin])),
        ),
        (
            "several-one-without-audience",
            refused,
            of(native(pinned_keys=[pin]), native(id="b", **audience)),
        ),
        (
            "several-same-audience",
            refused,
            of(native(**audience), native(id="b", **audience)),
        ),
        (
            "several-same-id",
            refused,
            of(attestor(), native(id="spiffe", pinned_keys=[pin])),
        ),
    ]:
        rules = c.policy(f"native-{name}", document)
        case(c, f"policy-{name}", "N-002+C-009", reason, passport(c), policy=rules)


def foreign_fields(c: Corpus, kind: str, make: Callable[..., Jwk]) -> None:
    """What is a native attestor's own is no other's."""
    for field, value in [
        ("identity_prefix", "a:"),
        ("pinned_keys", [thumbprint(c.keys[KEY])]),
        ("passport_max_lifetime_secs", 3600),
    ]:
        name = f"{field.replace('_', '-')}-of-{kind}"
        rules = c.policy(f"native-bad-{name}", of(make(**{field: value})))
        case(c, f"policy-{name}", "C-009", "config_invalid", passport(c), policy=rules)
