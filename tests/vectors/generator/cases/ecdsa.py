"""Section 3: ECDSA signatures at and beyond their bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..corpus import CLAIMS, DOMAIN, Corpus
from ..curves import CURVES, Curve, affine, first_point, lift_x, mul, recover
from ..encoding import b64u, js, obj, uint
from ..keys import EcKey, ec_jwk
from ..rsa import HASHES, digest

# Gives a public key and the (r, s) that go with the digest of the token.
Construction = Callable[[Curve, int], tuple[tuple[int, int], int, int]]


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    for name in ("p256", "p384", "p521"):
        ranges(c, c.ec(name))
        lengths(c, c.ec(name))
        constructed(c, c.ec(name))
    leading_zeros(c)
    zero_x(c)
    der(c)


def signing_input(key: EcKey, claims: dict[str, str] | None = None) -> bytes:
    """Give the bytes that the key signs."""
    head = {"alg": js(key.alg), "typ": '"JWT"', "kid": js(key.kid)}
    return f"{b64u(obj(head))}.{b64u(obj(claims or CLAIMS))}".encode()


def with_signature(text: bytes, signature: bytes) -> bytes:
    """Complete a token."""
    return text + b"." + b64u(signature).encode()


def ranges(c: Corpus, key: EcKey) -> None:
    """Both numbers are in 1..n-1; there is no rule against a high s."""
    curve = CURVES[key.curve]
    n, size = curve.n, curve.size
    text = signing_input(key)
    r, s = key.rs(text, key.alg)
    top = (1 << (8 * size)) - 1
    bad = [
        ("0-0", 0, 0),
        ("0-1", 0, 1),
        ("1-0", 1, 0),
        ("1-1", 1, 1),
        ("n-n", n, n),
        ("n-1", n, 1),
        ("1-n", 1, n),
        ("0-n", 0, n),
        ("n-0", n, 0),
        ("0-s", 0, s),
        ("r-0", r, 0),
        ("n-s", n, s),
        ("r-n", r, n),
        ("p-p", curve.p, curve.p),
        ("top-top", top, top),
        ("r-top", r, top),
        ("minus-r-s", n - r, s),
        ("r-plus-1", r, s % (n - 1) + 1),
        ("gx-of-key", key.public[0] % n, s),
        ("s-r", s, r),
    ]
    if top > 2 * n:
        bad += [("r-plus-n", r + n, s), ("s-plus-n", r, s + n)]
    for name, r_, s_ in bad:
        token = with_signature(text, uint(r_, size) + uint(s_, size))
        c.case(f"ecdsa-{key.kid}-{name}", "A-011", "signature_invalid", token)
    little = uint(r, size)[::-1] + uint(s, size)[::-1]
    token = with_signature(text, little)
    c.case(f"ecdsa-{key.kid}-little-endian", "A-010", "signature_invalid", token)
    for name, s_ in [("low-s", min(s, n - s)), ("high-s", max(s, n - s))]:
        token = with_signature(text, uint(r, size) + uint(s_, size))
        c.case(f"ecdsa-{key.kid}-{name}", "A-011", "ok", token)


def lengths(c: Corpus, key: EcKey) -> None:
    """The signature has exactly two field elements' bytes."""
    text = signing_input(key)
    raw = key.sign(text, key.alg)
    size = len(raw)
    r, s = raw[: size // 2], raw[size // 2 :]
    table = [
        ("one-short", raw[:-1]),
        ("first-cut", raw[1:]),
        ("one-long", raw + b"\x00"),
        ("zero-first", b"\x00" + raw),
        ("zero-before-each", b"\x00" + r + b"\x00" + s),
        ("half", r),
        ("twice", raw + raw),
        ("one-byte", b"\x00"),
        ("hex", raw.hex().encode()),
        ("recovery-id", raw + b"\x1b"),
    ]
    others = {64, 96, 132} - {size}
    table += [(f"zeros-{other}", bytes(other)) for other in sorted(others)]
    table += [
        (f"padded-{o}", bytes(o - size) + raw) for o in sorted(others) if o > size
    ]
    if key.curve == "P-521":
        table += [("each-one-short", r[1:] + s[1:]), ("zeros-131", bytes(131))]
    for name, signature in table:
        token = with_signature(text, signature)
        case = f"ecdsa-{key.kid}-length-{name}"
        c.case(case, "A-010", "signature_malformed", token)


def der_integer(value: int) -> bytes:
    """Encode an ASN.1 INTEGER."""
    content = uint(value, value.bit_length() // 8 + 1)
    return bytes([0x02, len(content)]) + content


def der(c: Corpus) -> None:
    """JWS does not use the ASN.1 form."""
    for name in ("p256", "p384", "p521"):
        key = c.ec(name)
        text = signing_input(key)
        r, s = key.rs(text, key.alg)
        content = der_integer(r) + der_integer(s)
        length = [len(content)] if len(content) < 128 else [0x81, len(content)]
        token = with_signature(text, bytes([0x30, *length]) + content)
        c.case(f"ecdsa-{name}-der", "A-010", "signature_malformed", token)


def leading_zeros(c: Corpus) -> None:
    """Numbers that happen to be short are padded, and only then verify."""
    for name in ("p256", "p384"):
        key = c.ec(name)
        for which in (0, 1):
            text, pair = short_number(key, which)
            letter, size = "rs"[which], key.size
            raw = uint(pair[0], size) + uint(pair[1], size)
            case = f"ecdsa-{name}-short-{letter}"
            c.case(case, "A-010", "ok", with_signature(text, raw))
            cut = b"".join(uint(number) for number in pair)
            token = with_signature(text, cut)
            c.case(f"{case}-cut", "A-010", "signature_malformed", token)


def short_number(key: EcKey, which: int) -> tuple[bytes, tuple[int, int]]:
    """Find a token whose r or s has a leading zero byte, the other one none."""
    limit = 1 << (8 * (key.size - 1))
    for counter in range(100_000):
        text = signing_input(key, CLAIMS | {"jti": js(f"short-{counter}")})
        pair = key.rs(text, key.alg)
        if pair[which] < limit <= pair[1 - which]:
            return text, pair
    raise AssertionError


def zero_x(c: Corpus) -> None:
    """A coordinate with a leading zero byte keeps it."""
    key = c.ec("p256-zero-x")
    other = c.jwt_jwk("p384")
    full = c.put("p256-zero-x", {"keys": [c.jwt_jwk(key.kid), other]})
    c.case("jwk-x-leading-zero", "A-012", "ok", c.token(key=key.kid), bundles=full)
    cut = c.jwt_jwk(key.kid, x=b64u(uint(key.public[0])))
    bundle = c.put("p256-zero-x-cut", {"keys": [cut, other]})
    token = c.token(key=key.kid)
    case = "jwk-x-leading-zero-cut"
    c.case(case, "A-012", "kid_not_found", token, bundles=bundle)


# --- keys made to fit a signature -----------------------------------------------


def large_x(curve: Curve, e: int) -> tuple[tuple[int, int], int, int]:
    """R has an x of at least n, so r is x - n."""
    big_r = first_point(curve, curve.n + 1)
    s = pow(3, 77, curve.n)
    return recover(curve, e, big_r, s), big_r[0] - curve.n, s


def large_x_not_reduced(curve: Curve, e: int) -> tuple[tuple[int, int], int, int]:
    """As before, but r is x - n + 1: near, and wrong."""
    public, r, s = large_x(curve, e)
    return public, r + 1, s


def smallest_r(curve: Curve, e: int) -> tuple[tuple[int, int], int, int]:
    """R has the smallest x of the curve."""
    big_r = first_point(curve, 1)
    s = pow(5, 77, curve.n)
    return recover(curve, e, big_r, s), big_r[0], s


def largest_r(curve: Curve, e: int) -> tuple[tuple[int, int], int, int]:
    """R has the largest x below n."""
    x = curve.n - 1
    while (big_r := lift_x(curve, x)) is None:
        x -= 1
    s = pow(7, 77, curve.n)
    return recover(curve, e, big_r, s), big_r[0], s


def with_s(s: int) -> Construction:
    """Use a chosen s; negative numbers count from n."""

    def construct(curve: Curve, e: int) -> tuple[tuple[int, int], int, int]:
        big_r = affine(mul(curve, 0xC0FFEE, curve.g))
        return recover(curve, e, big_r, s % curve.n), big_r[0] % curve.n, s % curve.n

    return construct


def doubling(curve: Curve, e: int) -> tuple[tuple[int, int], int, int]:
    """The two halves of the sum are the same point."""
    k = pow(11, 77, curve.n)
    r = affine(mul(curve, k, curve.g))[0] % curve.n
    d = e * pow(r, -1, curve.n)
    return affine(mul(curve, d, curve.g)), r, 2 * e * pow(k, -1, curve.n) % curve.n


def infinity(curve: Curve, e: int) -> tuple[tuple[int, int], int, int]:
    """The two halves of the sum cancel, which leaves no x to compare."""
    r = affine(mul(curve, 12345, curve.g))[0] % curve.n
    d = -e * pow(r, -1, curve.n)
    return affine(mul(curve, d, curve.g)), r, pow(13, 77, curve.n)


def private_scalar(d: int) -> Construction:
    """Sign with a chosen private key; negative numbers count from n."""

    def construct(curve: Curve, e: int) -> tuple[tuple[int, int], int, int]:
        k = pow(17, 77, curve.n)
        r = affine(mul(curve, k, curve.g))[0] % curve.n
        s = pow(k, -1, curve.n) * (e + r * d) % curve.n
        return affine(mul(curve, d, curve.g)), r, s

    return construct


def same_point(curve: Curve, e: int) -> tuple[tuple[int, int], int, int]:
    """R is the public key itself."""
    d = pow(19, 77, curve.n)
    public = affine(mul(curve, d, curve.g))
    r = public[0] % curve.n
    return public, r, pow(d, -1, curve.n) * (e + r * d) % curve.n


CONSTRUCTIONS: list[tuple[str, str, Construction]] = [
    ("x-beyond-n", "ok", large_x),
    ("x-beyond-n-plus-1", "signature_invalid", large_x_not_reduced),
    ("smallest-r", "ok", smallest_r),
    ("largest-r", "ok", largest_r),
    ("s-is-1", "ok", with_s(1)),
    ("s-is-2", "ok", with_s(2)),
    ("s-is-minus-1", "ok", with_s(-1)),
    ("equal-halves", "ok", doubling),
    ("opposite-halves", "signature_invalid", infinity),
    ("key-is-generator", "ok", private_scalar(1)),
    ("key-is-minus-generator", "ok", private_scalar(-1)),
    ("key-is-twice-generator", "ok", private_scalar(2)),
    ("nonce-is-key", "ok", same_point),
]


def constructed(c: Corpus, key: EcKey) -> None:
    """Signatures that hit the rare branches of the arithmetic."""
    curve = CURVES[key.curve]
    name = HASHES[key.alg[-3:]]
    text = signing_input(key)
    e = int.from_bytes(digest(name, text), "big")
    for label, reason, construct in CONSTRUCTIONS:
        public, r, s = construct(curve, e)
        jwk: dict[str, Any] = ec_jwk(key.kid, key.curve, *public, curve.size)
        case = f"ecdsa-{key.kid}-{label}"
        bundle = c.put(case, {"keys": [jwk | {"use": "jwt-svid"}]}, domain=DOMAIN)
        token = with_signature(text, uint(r, curve.size) + uint(s, curve.size))
        c.case(case, "A-011", reason, token, bundles=bundle)
