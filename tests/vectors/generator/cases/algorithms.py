"""Section 3: every algorithm with every kind of key."""

from __future__ import annotations

from ..corpus import Corpus
from ..encoding import b64u, js
from ..rsa import HASHES, digest
from .common import MAIN

ECDSA = ("ES256", "ES384", "ES512")
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
CURVE_KEYS = ("p256", "p384", "p521")
RSA_KEYS = ("rsa2048", "rsa3072", "rsa4096")


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    good(c)
    wrong_kind_of_key(c)
    wrong_scheme(c)
    jwk_alg(c)


def good(c: Corpus) -> None:
    """All nine algorithms verify, RSA with every size of key."""
    for key, alg in zip(CURVE_KEYS, ECDSA, strict=True):
        rule = "J-001+A-013" if alg == "ES512" else "J-001+A-003"
        c.case(
            f"good-{alg.lower()}", rule, "ok", c.token(key=key, alg=alg), bundles=MAIN
        )
    for key in RSA_KEYS:
        for alg in RSA:
            case = f"good-{alg.lower()}-{key}"
            c.case(case, "J-001+A-005", "ok", c.token(key=key, alg=alg))


def wrong_kind_of_key(c: Corpus) -> None:
    """The algorithm binds the key type and the curve."""
    for key, own in zip(CURVE_KEYS, ECDSA, strict=True):
        for alg in (*ECDSA, *RSA):
            if alg != own:
                case, token = f"mismatch-{alg.lower()}-{key}", c.token(key=key, alg=alg)
                c.case(case, "A-003", "alg_key_mismatch", token)
    for alg in ECDSA:
        token = c.token(key="rsa2048", alg=alg)
        c.case(f"mismatch-{alg.lower()}-rsa2048", "A-003", "alg_key_mismatch", token)
    for alg, key in [("ES256", "rsa2048"), ("RS256", "p256"), ("ES384", "p256")]:
        signer = "p256" if key != "p256" else ("rsa2048" if alg == "RS256" else "p384")
        token = c.token(header={"alg": js(alg), "kid": js(key)}, key=signer, alg=alg)
        case = f"mismatch-{alg.lower()}-signed-well-kid-of-{key}"
        c.case(case, "A-003+A-018", "alg_key_mismatch", token)


def wrong_scheme(c: Corpus) -> None:
    """A signature by one scheme is none by another, with the very same key."""
    for claimed, used in [
        ("RS256", "RS384"),
        ("RS256", "RS512"),
        ("RS384", "RS256"),
        ("RS512", "RS256"),
        ("RS256", "PS256"),
        ("RS384", "PS384"),
        ("RS512", "PS512"),
        ("PS256", "RS256"),
        ("PS384", "RS384"),
        ("PS512", "RS512"),
        ("PS256", "PS384"),
        ("PS384", "PS256"),
        ("PS512", "PS256"),
    ]:
        token = c.token(header={"alg": js(claimed)}, key="rsa2048", alg=used)
        case = f"scheme-{claimed.lower()}-signed-{used.lower()}"
        c.case(
            case,
            "A-009" if "P" in claimed + used else "A-008",
            "signature_invalid",
            token,
        )
    for key, claimed, used in [
        ("p256", "ES256", "ES384"),
        ("p256", "ES256", "ES512"),
        ("p384", "ES384", "ES256"),
        ("p384", "ES384", "ES512"),
        ("p521", "ES512", "ES256"),
        ("p521", "ES512", "ES384"),
    ]:
        token = c.token(header={"alg": js(claimed)}, key=key, alg=used)
        case = f"scheme-{claimed.lower()}-hashed-{used.lower()}"
        c.case(case, "A-003", "signature_invalid", token)
    hashed_twice(c)


def hashed_twice(c: Corpus) -> None:
    """The message is hashed once, and all of it."""
    h, p, _ = c.token().split(b".")
    for name, message in [
        ("payload-only", p),
        ("without-dot", h + p),
        ("with-trailing-dot", h + b"." + p + b"."),
        ("hash-of-hash", digest(HASHES["256"], h + b"." + p)),
        ("decoded", b'{"alg":"ES256"}.{}'),
        ("empty", b""),
    ]:
        signature = b64u(c.keys["p256"].sign(message, "ES256")).encode()
        token = b".".join([h, p, signature])
        c.case(f"scheme-signed-{name}", "E-010", "signature_invalid", token)


def jwk_alg(c: Corpus) -> None:
    """An `alg` in the JWK narrows what the key is for."""
    for name, jwk_name, alg, reason in [
        ("same", "RS256", "RS256", "ok"),
        ("other-hash", "RS256", "RS512", "kid_not_found"),
        ("other-scheme", "RS256", "PS256", "kid_not_found"),
        ("pss-same", "PS256", "PS256", "ok"),
        ("pss-other-scheme", "PS256", "RS256", "kid_not_found"),
    ]:
        document = {"keys": [c.jwt_jwk("rsa2048", alg=jwk_name), c.jwt_jwk("p384")]}
        bundle = c.put(f"rsa2048-alg-{jwk_name.lower()}", document)
        token = c.token(key="rsa2048", alg=alg)
        c.case(f"jwk-alg-{name}", "A-004", reason, token, bundles=bundle)
    for name, value, reason in [
        ("ec-same", "ES256", "ok"),
        ("ec-other-curve", "ES384", "kid_not_found"),
        ("ec-rsa", "RS256", "kid_not_found"),
        ("ec-es256k", "ES256K", "kid_not_found"),
        ("ec-ecdh", "ECDH-ES", "kid_not_found"),
        ("ec-lower", "es256", "kid_not_found"),
        ("ec-none", "none", "kid_not_found"),
        ("ec-hs256", "HS256", "kid_not_found"),
    ]:
        document = {"keys": [c.jwt_jwk("p256", alg=value), c.jwt_jwk("p384")]}
        bundle = c.put(f"jwk-alg-{name}", document)
        c.case(f"jwk-alg-{name}", "A-004", reason, c.token(), bundles=bundle)
