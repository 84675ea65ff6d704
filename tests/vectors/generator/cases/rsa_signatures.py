"""Section 3: RSA signatures whose encoded message is wrong in one place."""

from __future__ import annotations

from dataclasses import replace
from math import gcd

from ..corpus import CLAIMS, DOMAIN, Corpus
from ..encoding import b64u, js, obj, uint
from ..keys import RsaKey
from ..rsa import (
    NULL,
    OIDS,
    Pss,
    RsaNumbers,
    digest,
    digest_info,
    fixed_salt,
    pkcs1,
    standard_pss,
    tlv,
)


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    encoded_messages(c)
    numbers(c)
    lengths(c)
    leading_zero(c)
    small_exponent(c)
    pss(c)
    pss_odd_sizes(c)
    exponents(c)


def signing_input(key: RsaKey, alg: str, jti: str | None = None) -> bytes:
    """Give the bytes that the key signs."""
    claims = CLAIMS if jti is None else CLAIMS | {"jti": js(jti)}
    head = {"alg": js(alg), "typ": '"JWT"', "kid": js(key.kid)}
    return f"{b64u(obj(head))}.{b64u(obj(claims))}".encode()


def with_signature(text: bytes, signature: bytes) -> bytes:
    """Complete a token."""
    return text + b"." + b64u(signature).encode()


def broken_infos(hashed: bytes) -> list[tuple[str, bytes]]:
    """Give DigestInfos that differ from the only right one."""
    oid = OIDS["sha256"]
    algorithm = tlv(0x30, oid + NULL)
    octets = tlv(0x04, hashed)
    good = tlv(0x30, algorithm + octets)
    arcs = OIDS["sha256"][2:]
    return [
        ("null-missing", tlv(0x30, tlv(0x30, oid) + octets)),
        ("null-twice", tlv(0x30, tlv(0x30, oid + NULL + NULL) + octets)),
        ("null-with-content", tlv(0x30, tlv(0x30, oid + b"\x05\x01\x00") + octets)),
        ("null-long-length", tlv(0x30, tlv(0x30, oid + b"\x05\x81\x00") + octets)),
        ("params-octets", tlv(0x30, tlv(0x30, oid + tlv(0x04, bytes(8))) + octets)),
        ("outer-long-length", tlv(0x30, algorithm + octets, long_form=True)),
        (
            "algorithm-long-length",
            tlv(0x30, tlv(0x30, oid + NULL, long_form=True) + octets),
        ),
        (
            "digest-long-length",
            tlv(0x30, algorithm + tlv(0x04, hashed, long_form=True)),
        ),
        (
            "oid-long-length",
            tlv(0x30, tlv(0x30, b"\x06\x81\x09" + arcs + NULL) + octets),
        ),
        ("outer-indefinite", b"\x30\x80" + algorithm + octets + b"\x00\x00"),
        ("outer-trailing", good + b"\x00"),
        ("outer-trailing-null", good + NULL),
        ("inner-trailing", tlv(0x30, algorithm + octets + NULL)),
        ("digest-trailing", tlv(0x30, algorithm + tlv(0x04, hashed + b"\x00"))),
        ("digest-cut", tlv(0x30, algorithm + tlv(0x04, hashed[:-1]))),
        ("digest-twice", tlv(0x30, algorithm + octets + octets)),
        ("digest-empty", tlv(0x30, algorithm + b"\x04\x00")),
        ("digest-bit-string", tlv(0x30, algorithm + tlv(0x03, b"\x00" + hashed))),
        ("outer-set", tlv(0x31, algorithm + octets)),
        ("oid-sha1", tlv(0x30, tlv(0x30, OIDS["sha1"] + NULL) + octets)),
        ("oid-sha384", tlv(0x30, tlv(0x30, OIDS["sha384"] + NULL) + octets)),
        ("oid-sha512", tlv(0x30, tlv(0x30, OIDS["sha512"] + NULL) + octets)),
        ("oid-md5", tlv(0x30, tlv(0x30, OIDS["md5"] + NULL) + octets)),
        ("no-digest-info", hashed),
        ("only-octets", octets),
        ("nothing", b""),
    ]


def encoded_messages(c: Corpus) -> None:
    """PKCS #1 v1.5: the whole encoded message is compared."""
    key = c.rsa("rsa2048")
    size, raw = key.numbers.size, key.numbers.raw
    text = signing_input(key, "RS256")
    hashed = digest("sha256", text)
    info = digest_info("sha256", hashed)
    good = pkcs1(size, info)
    short = b"\x00\x01" + b"\xff" * 8 + b"\x00" + info
    fill = size - 3 - len(info)
    half = b"\xff" * (fill // 2)
    sha1 = digest_info("sha1", digest("sha1", text))
    md5 = digest_info("md5", digest("md5", text))
    sha512 = digest_info("sha512", digest("sha512", text))
    table = [
        ("ps-short-garbage-after", short.ljust(size, b"\x00")),
        ("ps-short-ff-after", short.ljust(size, b"\xff")),
        ("ps-empty", (b"\x00\x01\x00" + info).ljust(size, b"\xff")),
        ("ps-seven", (b"\x00\x01" + b"\xff" * 7 + b"\x00" + info).ljust(size, b"\xaa")),
        ("ps-zero", b"\x00\x01" + bytes(fill) + b"\x00" + info),
        ("ps-fe", b"\x00\x01" + b"\xfe" * fill + b"\x00" + info),
        ("ps-last-fe", b"\x00\x01" + b"\xff" * (fill - 1) + b"\xfe\x00" + info),
        ("ps-first-fe", b"\x00\x01\xfe" + b"\xff" * (fill - 1) + b"\x00" + info),
        (
            "ps-two-separators",
            b"\x00\x01"
            + half
            + b"\x00"
            + b"\xff" * (fill - len(half) - 1)
            + b"\x00"
            + info,
        ),
        (
            "ps-short-zeros-before-info",
            b"\x00\x01" + half + bytes(fill - len(half) + 1) + info,
        ),
        ("separator-ff", good.replace(b"\xff\x00\x30", b"\xff\xff\x30", 1)),
        ("separator-01", good.replace(b"\xff\x00\x30", b"\xff\x01\x30", 1)),
        ("block-type-0", pkcs1(size, info, head=b"\x00\x00")),
        ("block-type-2", pkcs1(size, info, head=b"\x00\x02")),
        ("first-byte-1", pkcs1(size, info, head=b"\x01\x01")),
        ("no-first-byte", pkcs1(size, info, head=b"\x01")),
        (
            "wrong-digest",
            pkcs1(size, digest_info("sha256", digest("sha256", text + b"x"))),
        ),
        (
            "digest-of-payload",
            pkcs1(size, digest_info("sha256", digest("sha256", text.split(b".")[1]))),
        ),
        ("sha1", pkcs1(size, sha1)),
        ("md5", pkcs1(size, md5)),
        ("sha512", pkcs1(size, sha512)),
        ("info-first", info + b"\xff" * (size - len(info) - 1) + b"\x00"),
        ("message-itself", b"\x00" + (text + text)[-(size - 1) :]),
    ]
    table += [(name, pkcs1(size, broken)) for name, broken in broken_infos(hashed)]
    for name, encoded in table:
        if len(encoded) != size or encoded == good:
            raise ValueError(f"not a forgery: {name}")
        token = with_signature(text, raw(encoded))
        c.case(f"rsa-em-{name}", "A-008", "signature_invalid", token)
    c.case("rsa-em-good", "A-008", "ok", with_signature(text, raw(good)))


def numbers(c: Corpus) -> None:
    """Signatures of the right length that are no signatures."""
    key = c.rsa("rsa2048")
    n, size = key.numbers.n, key.numbers.size
    text = signing_input(key, "RS256")
    signature = key.sign(text, "RS256")
    s = int.from_bytes(signature, "big")
    for name, value in [
        ("0", 0),
        ("1", 1),
        ("n-minus-1", n - 1),
        ("n", n),
        ("n-plus-1", n + 1),
        ("all-ff", (1 << (8 * size)) - 1),
        ("negated", n - s),
        ("plus-one", s + 1),
        (
            "not-encrypted",
            int.from_bytes(
                pkcs1(size, digest_info("sha256", digest("sha256", text))), "big"
            ),
        ),
    ]:
        token = with_signature(text, uint(value, size))
        c.case(f"rsa-number-{name}", "A-007", "signature_invalid", token)
    reverse = with_signature(text, signature[::-1])
    c.case("rsa-number-little-endian", "A-007", "signature_invalid", reverse)
    for alg in ("RS256", "PS256"):
        aliased(c, key, alg)


def aliased(c: Corpus, key: RsaKey, alg: str) -> None:
    """Adding the modulus to a signature must not give a second one."""
    n, size = key.numbers.n, key.numbers.size
    for counter in range(10_000):
        text = signing_input(key, alg, f"alias-{counter}")
        s = int.from_bytes(key.sign(text, alg), "big")
        if s + n < 1 << (8 * size):
            break
    stem = f"rsa-{alg.lower()}"
    c.case(f"{stem}-small", "A-007", "ok", with_signature(text, uint(s, size)))
    plus = with_signature(text, uint(s + n, size))
    c.case(f"{stem}-plus-n", "A-007", "signature_invalid", plus)
    longer = with_signature(text, uint(s + n, size + 1))
    c.case(f"{stem}-plus-n-long", "A-007", "signature_malformed", longer)


def lengths(c: Corpus) -> None:
    """The signature is as long as the modulus."""
    for name, alg in [("rsa2048", "RS256"), ("rsa2048", "PS256"), ("rsa3072", "RS256")]:
        key = c.rsa(name)
        text = signing_input(key, alg)
        signature = key.sign(text, alg)
        other = c.rsa("rsa3072" if name == "rsa2048" else "rsa2048").sign(text, alg)
        for label, value in [
            ("one-short", signature[:-1]),
            ("first-cut", signature[1:]),
            ("zero-first", b"\x00" + signature),
            ("zero-last", signature + b"\x00"),
            ("half", signature[: len(signature) // 2]),
            ("twice", signature * 2),
            ("one-byte", b"\x01"),
            ("of-another-size", other),
            ("ecdsa", c.ec("p256").sign(text, "ES256")),
        ]:
            case = f"rsa-length-{name}-{alg.lower()}-{label}"
            token = with_signature(text, value)
            c.case(case, "A-007", "signature_malformed", token)


def leading_zero(c: Corpus) -> None:
    """A signature that begins with a zero byte keeps it."""
    key = c.rsa("rsa2048")
    for counter in range(100_000):
        text = signing_input(key, "RS256", f"zero-{counter}")
        signature = key.sign(text, "RS256")
        if signature[0] == 0:
            break
    c.case("rsa-leading-zero", "A-007", "ok", with_signature(text, signature))
    cut = with_signature(text, signature[1:])
    c.case("rsa-leading-zero-cut", "A-007", "signature_malformed", cut)


def cube_root(value: int) -> int:
    """Give the smallest integer whose cube is at least this."""
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < value else (low, middle)
    return low


def small_exponent(c: Corpus) -> None:
    """With e = 3 a lax reader of the padding needs no private key at all."""
    key = c.rsa("rsa-e3")
    bundle = c.put("rsa-e3", {"keys": [c.jwt_jwk("rsa-e3")]})
    for alg in ("RS256", "RS512", "PS256", "PS384"):
        token = c.token(key="rsa-e3", alg=alg)
        c.case(f"rsa-e3-{alg.lower()}", "A-006", "ok", token, bundles=bundle)
    size = key.numbers.size
    text = signing_input(key, "RS256")
    info = digest_info("sha256", digest("sha256", text))
    for name, ps in [("ps-8", 8), ("ps-1", 1), ("ps-0", 0)]:
        prefix = b"\x00\x01" + b"\xff" * ps + b"\x00" + info
        root = cube_root(int.from_bytes(prefix.ljust(size, b"\x00"), "big"))
        if not uint(root**3, size).startswith(prefix):
            raise ValueError("no room for a forgery")
        token = with_signature(text, uint(root, size))
        case = f"rsa-e3-forged-{name}"
        c.case(case, "A-008", "signature_invalid", token, bundles=bundle)


def pss_salts(name: str, size: int) -> list[tuple[str, int]]:
    """Give the salt lengths to try with a hash and a modulus."""
    length = len(digest(name, b""))
    lengths_ = {0, 1, 20, length - 1, length + 1, 32, 48, 64, size - length - 2}
    return [(f"salt-{n}", n) for n in sorted(lengths_ - {length})]


def pss(c: Corpus) -> None:
    """PSS: salt as long as the hash, MGF1 with the same hash, nothing else."""
    key = c.rsa("rsa2048")
    n, size = key.numbers.n, key.numbers.size
    bits = n.bit_length()
    for alg, name in [("PS256", "sha256"), ("PS384", "sha384"), ("PS512", "sha512")]:
        text = signing_input(key, alg)
        right = standard_pss(name)
        table = [
            (label, replace(right, salt=fixed_salt(length)))
            for label, length in pss_salts(name, size)
        ]
        table += [
            (f"mgf-{other}", replace(right, mgf=other))
            for other in ("sha1", "sha256", "sha384", "sha512")
            if other != name
        ]
        table += [
            ("hash-sha1", replace(right, hash="sha1")),
            ("all-sha1", Pss("sha1", "sha1", fixed_salt(20))),
            ("trailer-cc", replace(right, trailer=b"\xcc")),
            ("separator-02", replace(right, separator=b"\x02")),
            ("separator-00", replace(right, separator=b"\x00")),
            ("padding-ff", replace(right, padding=b"\xff")),
        ]
        for label, scheme in table:
            encoded = scheme.encode(text, bits)
            if int.from_bytes(encoded, "big") >= n:
                raise ValueError("representative out of range")
            token = with_signature(text, key.numbers.raw(encoded))
            case = f"pss-{alg.lower()}-{label}"
            c.case(case, "A-009", "signature_invalid", token)
        zero_salt = replace(right, salt=bytes(len(right.salt)))
        token = with_signature(text, key.numbers.raw(zero_salt.encode(text, bits)))
        c.case(f"pss-{alg.lower()}-zero-salt", "A-009", "ok", token)
    top_bit(c, key)
    sha512 = standard_pss("sha512")
    text = signing_input(key, "PS256")
    token = with_signature(text, key.numbers.raw(sha512.encode(text, bits)))
    c.case("pss-ps256-all-sha512", "A-009", "signature_invalid", token)


def top_bit(c: Corpus, key: RsaKey) -> None:
    """The bits above emBits are zero; here one of them is set."""
    n = key.numbers.n
    scheme = replace(standard_pss("sha256"), top_bit=True)
    for counter in range(1000):
        text = signing_input(key, "PS256", f"top-{counter}")
        encoded = scheme.encode(text, n.bit_length())
        if int.from_bytes(encoded, "big") < n:
            token = with_signature(text, key.numbers.raw(encoded))
            c.case("pss-ps256-top-bit", "A-009", "signature_invalid", token)
            return
    raise AssertionError


def pss_odd_sizes(c: Corpus) -> None:
    """A modulus of 2049 bits: its encoded message is a byte shorter than it."""
    bundle = c.put("rsa2049", {"keys": [c.jwt_jwk("rsa2049")]})
    for alg in ("RS256", "PS256", "PS512"):
        token = c.token(key="rsa2049", alg=alg)
        c.case(f"rsa2049-{alg.lower()}", "A-005+A-009", "ok", token, bundles=bundle)
    key = c.rsa("rsa2049")
    text = signing_input(key, "PS256")
    cut = with_signature(text, key.sign(text, "PS256")[1:])
    c.case("rsa2049-ps256-cut", "A-007", "signature_malformed", cut, bundles=bundle)
    encoded = standard_pss("sha256").encode(text, key.numbers.n.bit_length())
    shifted = with_signature(text, key.numbers.raw(b"\x01" + encoded))
    c.case(
        "rsa2049-ps256-first-byte",
        "A-009",
        "signature_invalid",
        shifted,
        bundles=bundle,
    )


def exponents(c: Corpus) -> None:
    """Public exponents from 3 up to 33 bits."""
    base = c.rsa("rsa2048").numbers
    beside = c.jwt_jwk("p256")
    for name, e, reason in [
        ("small", next(e for e in range(5, 999, 2) if coprime(base, e)), "ok"),
        ("largest-prime", 2**33 - 9, "ok"),
        ("beyond", 2**33 + 17, "kid_not_found"),
        ("64-bits", 2**64 + 13, "kid_not_found"),
    ]:
        key = RsaKey("rsa-odd-e", RsaNumbers(base.p, base.q, e))
        jwk = key.jwk(use="jwt-svid")
        bundle = c.put(f"rsa-e-{name}", {"keys": [jwk, beside]}, domain=DOMAIN)
        text = signing_input(key, "RS256")
        token = with_signature(text, key.sign(text, "RS256"))
        c.case(f"rsa-e-{name}", "A-006", reason, token, bundles=bundle)


def coprime(numbers_: RsaNumbers, e: int) -> bool:
    """Tell whether an exponent has an inverse."""
    return gcd(e, (numbers_.p - 1) * (numbers_.q - 1)) == 1
