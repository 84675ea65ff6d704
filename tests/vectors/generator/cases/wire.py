"""Section 2, before any JSON is read: size, parts and base64url."""

from __future__ import annotations

import json

from ..corpus import CLAIMS, Corpus
from ..encoding import Changes, b64u, js, obj
from .common import policy

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

FOREIGN = [
    ("crlf", b"\r\n"),
    ("tab", b"\t"),
    ("nbsp", b"\xc2\xa0"),
    ("percent", b"%2D"),
    ("byte-ff", b"\xff"),
    ("byte-80", b"\x80"),
    ("asterisk", b"*"),
    ("at", b"@"),
    ("grave", b"`"),
    ("bracket", b"["),
    ("brace", b"{"),
    ("colon", b":"),
    ("caret", b"^"),
    ("backslash", b"\\"),
]


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    parts(c)
    serializations(c)
    foreign_characters(c)
    padding_and_length(c)
    spare_bits(c)
    sizes(c)
    mutations(c)


def parts(c: Corpus) -> None:
    """Exactly three parts, none of them empty."""
    h, p, s = c.token().split(b".")
    jwe = b64u(b'{"alg":"dir","enc":"A128GCM"}').encode()
    oaep = b64u(b'{"alg":"RSA-OAEP","enc":"A256GCM"}').encode()
    none = b64u(b'{"alg":"none"}').encode()
    bad, jwe_reason = "malformed_token", "token_encrypted"
    table = [
        ("empty", "E-001", bad, b""),
        ("one", "E-001", bad, h),
        ("one-word", "E-001", bad, b"hello"),
        ("two", "E-001", bad, b".".join([h, p])),
        ("four", "E-001", bad, b".".join([h, p, s, s])),
        ("five", "E-001", jwe_reason, b".".join([h, p, s, s, s])),
        ("six", "E-001", bad, b".".join([h, p, s, h, p, s])),
        ("five-jwe-direct", "E-001", jwe_reason, b".".join([jwe, b"", s, p, s])),
        ("five-jwe-oaep", "E-001", jwe_reason, b".".join([oaep, s, s, p, s])),
        ("five-short", "E-001", jwe_reason, b"a.b.c.d.e"),
        ("two-tokens-spaced", "E-001", jwe_reason, c.token() + b" " + c.token()),
        ("leading-dot", "E-001", bad, b"." + c.token()),
        ("trailing-dot", "E-001", bad, c.token() + b"."),
        ("double-dot", "E-001", bad, b".".join([h, b"", p, s])),
        ("dot", "E-001", bad, b"."),
        ("two-dots", "E-001+E-005", bad, b".."),
        ("three-dots", "E-001", bad, b"..."),
        ("many-dots", "E-001", bad, b"." * 1000),
        ("fullwidth-dots", "E-001", bad, "\uff0e".encode().join([h, p, s])),
        ("colons", "E-001", bad, b":".join([h, p, s])),
        ("no-header", "E-005", bad, b".".join([b"", p, s])),
        ("no-payload", "E-005", bad, b".".join([h, b"", s])),
        ("no-signature", "E-005", bad, b".".join([h, p, b""])),
        ("only-header", "E-005", bad, h + b".."),
        # An absent signature is judged after `alg`: `none` is the better reason.
        ("unsecured", "E-005+A-001", "alg_not_allowed", b".".join([none, p, b""])),
    ]
    for name, rule, reason, credential in table:
        c.case(f"parts-{name}", rule, reason, credential)


def serializations(c: Corpus) -> None:
    """The JSON forms of a JWS are refused, however good the signature."""
    h, p, s = (part.decode() for part in c.token().split(b"."))
    one = {"protected": h, "signature": s}
    flattened = {"payload": p, **one}
    refused, lenient = "json_serialization_rejected", "malformed_token"
    table = [
        ("flattened", refused, js(flattened)),
        (
            "flattened-unprotected",
            refused,
            js({**flattened, "header": {"kid": "p256"}}),
        ),
        ("general", refused, js({"payload": p, "signatures": [one]})),
        ("general-two", refused, js({"payload": p, "signatures": [one, one]})),
        ("array", refused, js([flattened])),
        ("array-of-compact", refused, js([f"{h}.{p}.{s}"])),
        ("claims-only", refused, json.dumps({"sub": "spiffe://example.org/a"})),
        ("brace-only", refused, "{"),
        ("bracket-then-compact", refused, f"[{h}.{p}.{s}"),
        ("brace-then-compact", refused, f"{{{h}.{p}.{s}"),
        ("after-space", lenient, " " + js(flattened)),
        ("after-newline", lenient, "\n" + js(flattened)),
    ]
    for name, reason, text in table:
        c.case(f"serialization-{name}", "E-002", reason, text.encode())


def foreign_characters(c: Corpus) -> None:
    """Only the base64url alphabet; nothing is trimmed, skipped or unwrapped."""
    token = c.token()
    h, p, s = token.split(b".")
    wrappers = [
        ("bearer", "E-003+J-012", b"Bearer " + token),
        ("bearer-lower", "E-003+J-012", b"bearer " + token),
        ("bearer-colon", "E-003+J-012", b"Bearer:" + token),
        ("double-quotes", "E-003", b'"' + token + b'"'),
        ("single-quotes", "E-003", b"'" + token + b"'"),
        ("angle-brackets", "E-003", b"<" + token + b">"),
        ("cookie", "E-003", b"jwt=" + token),
        ("bom", "E-003", b"\xef\xbb\xbf" + token),
        ("comma", "E-003", token + b","),
        ("semicolon", "E-003", token + b";"),
        ("fragment", "E-003", token + b"#x"),
    ]
    for name, rule, text in wrappers:
        c.case(f"base64-wrapped-{name}", rule, "invalid_base64url", text)
    for name, extra in [("space", b" "), ("newline", b"\n"), ("nul", b"\x00")]:
        for place, text in [
            ("leading", extra + token),
            ("in-header", b".".join([h[:8] + extra + h[8:], p, s])),
            ("in-payload", b".".join([h, p[:9] + extra + p[9:], s])),
            ("in-signature", b".".join([h, p, s[:40] + extra + s[40:]])),
            ("trailing", token + extra),
        ]:
            c.case(f"base64-{name}-{place}", "E-003", "invalid_base64url", text)
    for name, extra in FOREIGN:
        for place, text in [
            ("in-payload", b".".join([h, p[:9] + extra + p[9:], s])),
            ("trailing", token + extra),
        ]:
            c.case(f"base64-{name}-{place}", "E-003", "invalid_base64url", text)
    standard_alphabet(c)


def standard_alphabet(c: Corpus) -> None:
    """The standard alphabet is not the URL-safe one."""
    header = {"x": js("~~~???~~~???")}
    claims = {"jti": js("~~~???~~~???"), "pad": js("~~~???>>>")}
    token = c.token(claims, header)
    h, p, s = token.split(b".")
    to_standard = bytes.maketrans(b"-_", b"+/")
    if any(part.translate(to_standard) == part for part in (h, p, s)):
        raise ValueError("every part must hold a character that differs")
    for index, name in enumerate(("header", "payload", "signature")):
        pieces = [h, p, s]
        pieces[index] = pieces[index].translate(to_standard)
        text = b".".join(pieces)
        c.case(f"base64-standard-{name}", "E-003", "invalid_base64url", text)
    c.case("base64-url-safe", "E-003", "ok", token)


def padding_and_length(c: Corpus) -> None:
    """No padding, and no length that base64url cannot have."""
    pieces = part_lengths(c, 1, 1).split(b".")
    for index, name in enumerate(("header", "payload", "signature")):
        padded, cut, single = list(pieces), list(pieces), list(pieces)
        padded[index] += b"=" * (-len(padded[index]) % 4)
        single[index] += b"="
        cut[index] = cut[index][: len(cut[index]) // 4 * 4 + 1]
        for case, parts_ in [("padded", padded), ("one-pad", single), ("length", cut)]:
            text = b".".join(parts_)
            c.case(f"base64-{case}-{name}", "E-003", "invalid_base64url", text)
    middle = b".".join([pieces[0], pieces[1][:4] + b"==" + pieces[1][4:], pieces[2]])
    c.case("base64-padded-inside", "E-003", "invalid_base64url", middle)
    for index, name in enumerate(("header", "payload", "signature")):
        short = list(pieces)
        short[index] = b"A"
        text = b".".join(short)
        c.case(f"base64-one-character-{name}", "E-003", "invalid_base64url", text)


def part_lengths(c: Corpus, header: int, payload: int, key: str = "p256") -> bytes:
    """Sign a token whose JSON texts have these lengths modulo three."""

    def padded(base: dict[str, str], remainder: int) -> bytes:
        texts = [obj(base | {"pad": js("x" * fill)}) for fill in range(3)]
        return next(text for text in texts if len(text) % 3 == remainder)

    head = padded(c.header(c.keys[key]), header)
    return c.signed(head, padded(dict(CLAIMS), payload), key)


def respelled(part: bytes, change: int) -> bytes:
    """Change the last character without changing the decoded bytes."""
    spare = {2: 4, 3: 2}[len(part) % 4]
    value = ALPHABET.index(chr(part[-1]))
    if value % (1 << spare):
        raise ValueError("spare bits are not zero to begin with")
    return part[:-1] + ALPHABET[value + change % (1 << spare)].encode()


def spare_bits(c: Corpus) -> None:
    """Unused trailing bits are zero, or one token has several spellings."""
    for key, change in [("p256", 1), ("p256", 8), ("p256", 15), ("rsa2048", 1)]:
        h, p, s = c.token(key=key).split(b".")
        text = b".".join([h, p, respelled(s, change)])
        name = f"base64-spare-bits-signature-{key}-{change}"
        c.case(name, "E-004", "invalid_base64url", text)
    for remainder in (1, 2):
        h, p, _ = part_lengths(c, remainder, remainder).split(b".")
        signer = c.keys["p256"]
        for name, text in [
            ("header", respelled(h, 1) + b"." + p),
            ("payload", h + b"." + respelled(p, 3)),
        ]:
            token = text + b"." + b64u(signer.sign(text, "ES256")).encode()
            case = f"base64-spare-bits-{name}-{remainder}"
            c.case(case, "E-004", "invalid_base64url", token)
        c.case(
            f"base64-spare-bits-zero-{remainder}",
            "E-004",
            "ok",
            part_lengths(c, remainder, remainder),
        )
    c.case("base64-no-spare-bits", "E-004", "ok", part_lengths(c, 0, 0, "p384"))


def sized(c: Corpus, size: int, claims: Changes | None = None) -> bytes:
    """Sign a token of exactly so many bytes."""
    for fill in range(4):
        header = {"typ": None, "p": js("x" * fill)}
        short = len(c.token({**(claims or {}), "p": '""'}, header))
        start = max(0, (size - short) * 3 // 4 - 4)
        for length in range(start, start + 8):
            token = c.token({**(claims or {}), "p": js("x" * length)}, header)
            if len(token) == size:
                return token
    raise ValueError(f"no token of {size} bytes")


def sizes(c: Corpus) -> None:
    """The limit on a credential is looked at before anything else."""
    big, small = "limit-bytes-65536", "limit-bytes-256"
    c.policy(big, policy({"limits": {"credential_bytes": 65536}}))
    c.policy(small, policy({"limits": {"credential_bytes": 256}}))
    tiny = {
        "sub": js("spiffe://example.org/a"),
        "exp": "1800000009",
        "iat": None,
    }
    table = [
        ("default-16384", "ok", sized(c, 16384), "default"),
        ("default-16385", "input_too_large", sized(c, 16385), "default"),
        ("raised-16385", "ok", sized(c, 16385), big),
        ("raised-65537", "input_too_large", b"A" * 65537, big),
        ("lowered-257", "input_too_large", sized(c, 257, tiny), small),
        ("dots", "input_too_large", b"." * 16385, "default"),
        ("json", "input_too_large", b"{" * 16385, "default"),
        ("zeros", "input_too_large", bytes(16385), "default"),
        ("zeros-at-limit", "malformed_token", bytes(16384), "default"),
        ("dots-at-limit", "malformed_token", b"." * 16384, "default"),
    ]
    for name, reason, credential, rules in table:
        c.case(f"size-{name}", "E-009", reason, credential, policy=f"{rules}.json")
    c.case(
        "size-lowered-256",
        "E-009",
        "ok",
        sized(c, 256, tiny),
        policy=f"{small}.json",
        identity="spiffe://example.org/a",
    )


def flipped(text: bytes, index: int) -> bytes:
    """Replace one character by another of the alphabet, all six bits different."""
    value = ALPHABET.index(chr(text[index])) ^ 0x3F
    return text[:index] + ALPHABET[value].encode() + text[index + 1 :]


def mutations(c: Corpus) -> None:
    """A changed token never verifies."""
    claims = {"jti": js("a" * 30)}
    token = c.token(claims)
    h, p, s = token.split(b".")
    _, p2, s2 = c.token({"jti": js("b" * 30)}).split(b".")
    h384, _, s384 = c.token(claims, key="p384").split(b".")
    changed = p.replace(b64u(b"aaaaaa").encode(), b64u(b"aaabaa").encode(), 1)
    raw = c.keys["p256"].sign(h + b"." + p, "ES256")
    invalid, bad_length, no_token = (
        "signature_invalid",
        "signature_malformed",
        "malformed_token",
    )
    table = [
        ("payload-swapped", invalid, [h, p2, s]),
        ("signature-swapped", invalid, [h, p, s2]),
        ("claim-changed", invalid, [h, changed, s]),
        ("header-of-another-key", bad_length, [h384, p, s]),
        ("signature-of-another-key", bad_length, [h, p, s384]),
        ("signature-first-character", invalid, [h, p, flipped(s, 0)]),
        ("signature-middle-character", invalid, [h, p, flipped(s, 50)]),
        ("signature-cut", bad_length, [h, p, b64u(raw[:-3]).encode()]),
        ("signature-longer", bad_length, [h, p, b64u(raw + bytes(3)).encode()]),
        ("signature-twice", bad_length, [h, p, b64u(raw + raw).encode()]),
        ("signature-is-header", bad_length, [h, p, h]),
        ("cut-in-payload", no_token, [h, p[:20]]),
        ("cut-in-header", no_token, [h[:20]]),
        ("cut-after-second-dot", no_token, [h, p, b""]),
    ]
    for name, reason, pieces in table:
        c.case(f"mutation-{name}", "E-010", reason, b".".join(pieces))
    c.case("mutation-none", "E-010", "ok", token)
