"""Section 6: bundles and key sets, and the keys of section 3."""

from __future__ import annotations

import base64
import json
from typing import Any

from ..certs import Authority, certificate, x5c
from ..corpus import DOMAIN, NOW, PARTNER, Corpus
from ..curves import P256, P384, P521
from ..encoding import b64u, js, pretty, uint
from ..keys import Jwk, spki
from .common import MAIN, authority_jwk, main_bundle, policy

WORKLOAD = "workload_api_jwks"
NOT_FOUND = "kid_not_found"
MALFORMED, UNUSABLE, PRIVATE = (
    "bundle_malformed",
    "no_usable_keys",
    "bundle_private_key",
)


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    documents(c)
    counts(c)
    uses(c)
    formats(c)
    skipped_entries(c)
    skipped_rsa(c)
    tolerated_entries(c)
    nothing_usable(c)
    private_members(c)
    repeated_kids(c)
    sequences(c)
    hints_and_strangers(c)
    names(c)
    authorities(c)
    only_authorities(c)


def keys(*entries: Any, **top: Any) -> Jwk:
    """Give a key set."""
    return top | {"keys": list(entries)}


# --- the document ---------------------------------------------------------------


def documents(c: Corpus) -> None:
    """A document that is no key set is refused as a whole."""
    good = c.jwt_jwk("p256")
    text = pretty(keys(good)).decode()
    entry = js(good)
    pem, der = spki(c.ec("p256"))
    armour = b"-----%s CERTIFICATE-----\n"
    lines = base64.encodebytes(certificate(c.ec("ca")))
    certificate_pem = armour % b"BEGIN" + lines + armour % b"END"
    table: list[tuple[str, str, bytes]] = [
        ("no-keys", "B-001", b"{}"),
        ("keys-null", "B-001", b'{"keys":null}'),
        ("keys-object", "B-001", f'{{"keys":{entry}}}'.encode()),
        ("keys-string", "B-001", b'{"keys":"none"}'),
        ("keys-number", "B-001", b'{"keys":0}'),
        ("keys-false", "B-001", b'{"keys":false}'),
        ("keys-other-case", "B-001", f'{{"Keys":[{entry}]}}'.encode()),
        ("keys-nested", "B-001", f'{{"jwks":{{"keys":[{entry}]}}}}'.encode()),
        ("single-jwk", "B-001", entry.encode()),
        ("array", "B-001", b"[]"),
        ("array-of-jwk", "B-001", f"[{entry}]".encode()),
        ("null", "B-001", b"null"),
        ("string", "B-001", b'"keys"'),
        ("number", "B-001", b"1"),
        ("empty", "B-001", b""),
        ("space", "B-001", b"\n"),
        ("cut", "B-001", text.rstrip()[:-1].encode()),
        ("cut-in-key", "B-001", text[: len(text) // 2].encode()),
        ("trailing-brace", "B-001", text.encode() + b"}"),
        ("trailing-document", "B-001", text.encode() * 2),
        ("trailing-nul", "B-001", text.encode() + b"\x00"),
        ("trailing-comma", "B-001", f'{{"keys":[{entry},]}}'.encode()),
        ("comment", "B-001", f'{{"keys":[{entry}]/* c */}}'.encode()),
        ("single-quotes", "B-001", f"{{'keys':[{entry}]}}".encode()),
        ("nan", "B-001", f'{{"keys":[{entry}],"x":NaN}}'.encode()),
        ("control-character", "B-001", f'{{"keys":[{entry}],"x":"\x01"}}'.encode()),
        ("lone-surrogate", "B-001", f'{{"keys":[{entry}],"x":"\\ud800"}}'.encode()),
        ("not-utf-8", "B-020", f'{{"keys":[{entry}],"x":"'.encode() + b'\xff"}'),
        ("utf-16", "B-020", text.encode("utf-16-le")),
        ("bom", "B-020", b"\xef\xbb\xbf" + text.encode()),
        ("unclosed-arrays", "B-020", b'{"keys":' + b"[" * 20000),
        ("twin-keys", "B-020", f'{{"keys":[],"keys":[{entry}]}}'.encode()),
        (
            "twin-keys-escaped",
            "B-020",
            f'{{"keys":[{entry}],"k\\u0065ys":[]}}'.encode(),
        ),
        ("twin-in-key", "B-020", f'{{"keys":[{entry[:-1]},"kid":"other"}}]}}'.encode()),
        (
            "twin-in-key-same",
            "B-020",
            f'{{"keys":[{entry[:-1]},"kty":"EC"}}]}}'.encode(),
        ),
        (
            "twin-in-key-escaped",
            "B-020",
            f'{{"keys":[{entry[:-1]},"k\\u0069d":"p256"}}]}}'.encode(),
        ),
        (
            "twin-sequence",
            "B-020",
            f'{{"spiffe_sequence":1,"spiffe_sequence":2,"keys":[{entry}]}}'.encode(),
        ),
        ("twin-unknown", "B-020", f'{{"x":1,"x":2,"keys":[{entry}]}}'.encode()),
        ("pem-certificate", "B-019", certificate_pem),
        ("pem-public-key", "B-019", pem),
        ("der-public-key", "B-019", der),
        ("text", "B-001", b"not found\n"),
        ("html", "B-001", b"<!doctype html><title>503</title>"),
        ("token", "B-001", c.token()),
    ]
    both = {
        "no-keys",
        "keys-null",
        "array",
        "bom",
        "empty",
        "twin-keys",
        "pem-public-key",
    }
    for name, rule, content in table:
        bundle = c.put(f"document-{name}", content)
        c.case(f"bundle-document-{name}", rule, MALFORMED, c.token(), bundles=bundle)
        if name in both:
            bundle = c.put(f"document-{name}", content, form=WORKLOAD)
            case = f"bundle-document-{name}-workload"
            c.case(case, rule, MALFORMED, c.token(), bundles=bundle)
    spaced = b" \t\r\n" + json.dumps(keys(good), indent=7).encode() + b"\r\n\t "
    fine = [
        ("spaced", spaced),
        ("compact", js(keys(good)).encode()),
        (
            "escaped",
            text.replace('"keys"', '"\\u006bey\\u0073"')
            .replace('"jwt-svid"', '"jwt\\u002dsvid"')
            .encode(),
        ),
    ]
    for name, content in fine:
        bundle = c.put(f"document-{name}", content)
        c.case(f"bundle-document-{name}", "B-001", "ok", c.token(), bundles=bundle)


def counts(c: Corpus) -> None:
    """At most 1024 keys; the limits on credentials are not limits on bundles."""
    good = c.jwt_jwk("p256")
    for name, count, reason in [("1024", 1023, "ok"), ("1025", 1024, MALFORMED)]:
        for kind, filler in [("empty", {}), ("unknown", {"kty": "AKP"})]:
            document = js(keys(good, *[filler] * count)).encode()
            bundle = c.put(f"keys-{name}-{kind}", document)
            c.case(
                f"bundle-keys-{name}-{kind}", "B-020", reason, c.token(), bundles=bundle
            )
    many = [c.jwt_jwk("p256-other", kid=f"k{i}") for i in range(60)]
    bundle = c.put("keys-60", js(keys(*many, good)).encode())
    c.case("bundle-many-members", "B-020", "ok", c.token(), bundles=bundle)
    token = c.token(header={"kid": '"k59"'}, key="p256-other")
    c.case("bundle-many-same-key", "A-019", "ok", token, bundles=bundle)


# --- uses and formats -----------------------------------------------------------


def uses(c: Corpus) -> None:
    """In a SPIFFE bundle the use decides, byte for byte; others are not read."""
    beside = c.jwt_jwk("p384")
    for name, rule, value in [
        ("missing", "B-004", None),
        ("sig", "B-003", "sig"),
        ("enc", "B-003", "enc"),
        ("foo-svid", "B-003", "foo-svid"),
        ("upper", "B-003", "JWT-SVID"),
        ("mixed", "B-003", "Jwt-Svid"),
        ("trailing-space", "B-003", "jwt-svid "),
        ("underscore", "B-003", "jwt_svid"),
        ("empty", "B-003", ""),
        ("null", "B-003", ...),
        ("array", "B-003", ["jwt-svid"]),
        ("number", "B-003", 1),
        ("wit-svid", "B-018+J-011", "wit-svid"),
        ("x509-svid", "J-011+B-008", "x509-svid"),
    ]:
        entry = c.ec("p256").jwk()
        if value is not None:
            entry["use"] = None if value is ... else value
        bundle = c.put(f"use-{name}", keys(entry, beside))
        c.case(f"use-{name}", rule, NOT_FOUND, c.token(), bundles=bundle)
    bundle = c.put("use-foo-svid", keys(c.ec("p256").jwk(use="foo-svid"), beside))
    token = c.token(key="p384")
    c.case("use-beside-unknown", "B-003", "ok", token, bundles=bundle)
    wit = c.ec("p256-other").jwk(kid="p256", use="wit-svid")
    bundle = c.put("use-wit-same-kid", keys(wit, c.jwt_jwk("p256")))
    c.case("use-wit-same-kid", "B-018", "ok", c.token(), bundles=bundle)
    token = c.token(header={"kid": '"p256"'}, key="p256-other")
    c.case(
        "use-wit-key-same-kid",
        "B-018+J-011",
        "signature_invalid",
        token,
        bundles=bundle,
    )
    named = authority_jwk(c, kid="ca")
    bundle = c.put("use-x509-with-kid", keys(named, beside))
    token = c.token(key="ca")
    c.case("use-authority-signs-token", "J-011", NOT_FOUND, token, bundles=bundle)
    shared = authority_jwk(c, kid="p256")
    bundle = c.put("use-x509-same-kid", keys(shared, c.jwt_jwk("p256")))
    c.case("use-authority-same-kid", "J-011", "ok", c.token(), bundles=bundle)
    token = c.token(header={"kid": '"p256"'}, key="ca")
    c.case(
        "use-authority-same-kid-signs",
        "J-011",
        "signature_invalid",
        token,
        bundles=bundle,
    )


def formats(c: Corpus) -> None:
    """The host says what it feeds; a key set without uses is no SPIFFE bundle."""
    plain = keys(c.ec("p256").jwk(), c.rsa("rsa2048").jwk())
    item = c.put("plain-jwks", plain)
    c.case("format-plain-as-bundle", "B-005", UNUSABLE, c.token(), bundles=item)
    item = c.put("plain-jwks", plain, form=WORKLOAD)
    c.case("format-plain-as-workload", "B-005", "ok", c.token(), bundles=item)
    token = c.token(key="rsa2048", alg="PS256")
    c.case("format-plain-as-workload-rsa", "B-005", "ok", token, bundles=item)
    item = c.put("main", main_bundle(c), form=WORKLOAD)
    c.case("format-bundle-as-workload", "B-005", "ok", c.token(), bundles=item)
    beside = c.ec("p384").jwk()
    for name, value, reason in [
        ("jwt-svid", "jwt-svid", "ok"),
        ("sig", "sig", NOT_FOUND),
        ("x509-svid", "x509-svid", NOT_FOUND),
        ("wit-svid", "wit-svid", NOT_FOUND),
        ("upper", "JWT-SVID", NOT_FOUND),
        ("empty", "", NOT_FOUND),
        ("null", None, NOT_FOUND),
    ]:
        entry = c.ec("p256").jwk(use=value)
        item = c.put(f"workload-use-{name}", keys(entry, beside), form=WORKLOAD)
        c.case(f"format-workload-use-{name}", "B-005", reason, c.token(), bundles=item)
    item = c.put(
        "workload-no-kid",
        keys(without(c.ec("p256").jwk(), "kid"), beside),
        form=WORKLOAD,
    )
    c.case("format-workload-no-kid", "B-005+B-007", NOT_FOUND, c.token(), bundles=item)
    token = c.token(key="p384")
    c.case("format-workload-beside-no-kid", "B-006", "ok", token, bundles=item)
    item = c.put("only-authority", keys(authority_jwk(c)), form=WORKLOAD)
    c.case("format-workload-only-authority", "B-005", UNUSABLE, c.token(), bundles=item)


# --- entries that are skipped ---------------------------------------------------


def without(entry: Jwk, *members: str) -> Jwk:
    """Remove members of an entry."""
    return {name: value for name, value in entry.items() if name not in members}


def standard(text: str) -> str:
    """Spell base64url with the standard alphabet."""
    return text.replace("-", "+").replace("_", "/")


def spare(text: str) -> str:
    """Set a spare bit of the last character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


def skipped_entries(c: Corpus) -> None:
    """A broken entry is skipped, and only that entry."""
    good, other = c.jwt_jwk("p256"), c.jwt_jwk("p384")
    x, y = c.ec("p256").public
    mixed = c.jwt_jwk("rsa2048", kid="p256")
    table: list[tuple[str, str, Any]] = [
        ("kid-missing", "B-007", without(good, "kid")),
        ("kid-empty", "B-007", good | {"kid": ""}),
        ("kid-number", "B-007", good | {"kid": 256}),
        ("kid-null", "B-007", good | {"kid": None}),
        ("kid-array", "B-007", good | {"kid": ["p256"]}),
        ("kty-missing", "A-021", without(good, "kty")),
        ("kty-null", "A-021", good | {"kty": None}),
        ("kty-lower", "A-021", good | {"kty": "ec"}),
        ("kty-akp", "A-021", good | {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA"}),
        ("kty-okp", "A-021", good | {"kty": "OKP"}),
        ("kty-oct", "A-021", good | {"kty": "oct", "k": "AAAA"}),
        ("kty-rsa-of-ec", "B-006", good | {"kty": "RSA"}),
        ("kty-ec-of-rsa", "B-006", mixed | {"kty": "EC"}),
        ("kty-array", "A-021", good | {"kty": ["EC"]}),
        ("crv-missing", "A-021", without(good, "crv")),
        ("crv-null", "A-021", good | {"crv": None}),
        ("crv-lower", "A-021", good | {"crv": "p-256"}),
        ("crv-no-hyphen", "A-021", good | {"crv": "P256"}),
        ("crv-secp256k1", "A-021", good | {"crv": "secp256k1"}),
        ("crv-p-384", "A-012", good | {"crv": "P-384"}),
        ("crv-p-521", "A-012", good | {"crv": "P-521"}),
        ("crv-ed25519", "A-021", good | {"crv": "Ed25519"}),
        ("x-missing", "A-012", without(good, "x")),
        ("y-missing", "A-012", without(good, "y")),
        ("x-null", "A-012", good | {"x": None}),
        ("x-number", "A-012", good | {"x": 7}),
        ("x-empty", "A-012", good | {"x": ""}),
        ("x-array", "A-012", good | {"x": [good["x"]]}),
        ("x-31-bytes", "A-012", good | {"x": b64u(uint(x, 32)[:-1])}),
        ("x-33-bytes", "A-012", good | {"x": b64u(b"\x00" + uint(x, 32))}),
        ("x-33-bytes-after", "A-012", good | {"x": b64u(uint(x, 32) + b"\x00")}),
        ("y-33-bytes", "A-012", good | {"y": b64u(b"\x00" + uint(y, 32))}),
        ("x-huge", "A-012", good | {"x": b64u(b"\x01" * 3000)}),
        (
            "x-whole-point",
            "A-012",
            good | {"x": b64u(b"\x04" + uint(x, 32) + uint(y, 32))},
        ),
        ("x-hex", "A-012", good | {"x": uint(x, 32).hex()}),
        ("x-padded", "A-012", good | {"x": good["x"] + "="}),
        ("x-space", "A-012", good | {"x": good["x"] + " "}),
        ("x-newline", "A-012", good | {"x": good["x"][:20] + "\n" + good["x"][20:]}),
        ("x-nul", "A-012", good | {"x": good["x"] + "\x00"}),
        ("x-spare-bits", "A-012", good | {"x": spare(good["x"])}),
        ("x-of-zero", "A-012", good | {"x": b64u(bytes(32)), "y": b64u(bytes(32))}),
        ("x-plus-one", "A-012", good | {"x": b64u(uint(x + 1, 32))}),
        ("y-plus-one", "A-012", good | {"y": b64u(uint(y + 1, 32))}),
        ("x-is-p", "A-012", good | {"x": b64u(uint(P256.p, 32))}),
        ("x-all-ff", "A-012", good | {"x": b64u(b"\xff" * 32)}),
        ("y-all-ff", "A-012", good | {"y": b64u(b"\xff" * 32)}),
        ("y-zero", "A-012", good | {"y": b64u(bytes(32))}),
        ("swapped", "A-012", good | {"x": good["y"], "y": good["x"]}),
        ("key-ops-sign", "A-004", good | {"key_ops": ["sign"]}),
        ("key-ops-encrypt", "A-004", good | {"key_ops": ["encrypt", "wrapKey"]}),
        ("key-ops-empty", "A-004", good | {"key_ops": []}),
        ("key-ops-upper", "A-004", good | {"key_ops": ["Verify"]}),
        ("alg-rsa-oaep", "A-004", mixed | {"alg": "RSA-OAEP"}),
        ("alg-unknown", "A-021", good | {"alg": "XX256"}),
        ("entry-null", "B-006", None),
        ("entry-number", "B-006", 1),
        ("entry-string", "B-006", js(good)),
        ("entry-array", "B-006", [good]),
        ("entry-true", "B-006", True),
        ("entry-empty", "B-006", {}),
    ]
    for name, rule, entry in table:
        bundle = c.put(f"skipped-{name}", keys(entry, other))
        case, token = f"skipped-{name}", c.token()
        if name == "alg-rsa-oaep":
            token = c.token(header={"kid": '"p256"'}, key="rsa2048")
        c.case(case, rule, NOT_FOUND, token, bundles=bundle)
        if name in ("kid-missing", "x-31-bytes", "entry-null", "kty-akp", "x-plus-one"):
            token = c.token(key="p384")
            c.case(f"{case}-beside", rule, "ok", token, bundles=bundle)
    standard_coordinates(c)
    other_curves(c)


def standard_coordinates(c: Corpus) -> None:
    """A coordinate in the standard alphabet is not base64url."""
    for name in ("p256", "p256-next", "p256-other", "partner", "evil", "ca"):
        entry = c.jwt_jwk(name)
        if standard(entry["x"]) == entry["x"]:
            continue
        entry["x"] = standard(entry["x"])
        bundle = c.put("skipped-x-standard", keys(entry, c.jwt_jwk("p384")))
        token = c.token(key=name)
        c.case("skipped-x-standard", "A-012", NOT_FOUND, token, bundles=bundle)
        return
    raise ValueError("no key has a character that differs")


def other_curves(c: Corpus) -> None:
    """The same for the larger curves, and a point that is merely another one."""
    beside = c.jwt_jwk("p256")
    for name, curve in [("p384", P384), ("p521", P521)]:
        key, good = c.ec(name), c.jwt_jwk(name)
        x, y = key.public
        size = curve.size
        table = [
            ("x-plus-one", {"x": b64u(uint(x + 1, size))}),
            ("x-short", {"x": b64u(uint(x, size)[:-1])}),
            ("x-long", {"x": b64u(b"\x00" + uint(x, size))}),
            ("x-p256", {"x": beside["x"], "y": beside["y"]}),
            ("zero", {"x": b64u(bytes(size)), "y": b64u(bytes(size))}),
        ]
        if name == "p521":
            table += [
                ("x-plus-p", {"x": b64u(uint(x + curve.p, size))}),
                ("y-plus-p", {"y": b64u(uint(y + curve.p, size))}),
                ("x-high-bits", {"x": b64u(uint(x | 1 << 527, size))}),
                ("x-65-bytes", {"x": b64u(uint(x & ((1 << 520) - 1), 65))}),
            ]
        for label, change in table:
            bundle = c.put(f"skipped-{name}-{label}", keys(good | change, beside))
            case, token = f"skipped-{name}-{label}", c.token(key=name)
            c.case(case, "A-012", NOT_FOUND, token, bundles=bundle)
    x, y = c.ec("p256").public
    negative = beside | {"y": b64u(uint(P256.p - y, 32))}
    bundle = c.put("negative-y", keys(negative))
    c.case("jwk-negative-y", "A-012", "signature_invalid", c.token(), bundles=bundle)


def skipped_rsa(c: Corpus) -> None:
    """RSA keys that are too weak, too large, or not RSA keys."""
    good, beside = c.jwt_jwk("rsa2048"), c.jwt_jwk("p256")
    n, e = c.rsa("rsa2048").numbers.n, good["e"]
    pem, _ = spki(c.rsa("rsa2048"))
    table: list[tuple[str, str, Jwk]] = [
        ("n-missing", "A-006", without(good, "n")),
        ("e-missing", "A-006", without(good, "e")),
        ("n-empty", "A-006", good | {"n": ""}),
        ("n-null", "A-006", good | {"n": None}),
        ("n-number", "A-006", good | {"n": 3233}),
        ("n-zero", "A-006", good | {"n": "AA"}),
        ("n-zeros", "A-006", good | {"n": b64u(bytes(256))}),
        ("n-one", "A-006", good | {"n": "AQ"}),
        ("n-even", "A-006", good | {"n": b64u(uint(n - 1))}),
        ("n-even-shifted", "A-006", good | {"n": b64u(uint(n << 1))}),
        ("n-hex", "A-006", good | {"n": f"{n:x}x"}),
        ("n-decimal-number", "A-006", good | {"n": n}),
        ("n-padded", "A-006", good | {"n": good["n"] + "=="}),
        ("n-standard", "A-006", good | {"n": standard(good["n"])}),
        ("n-newline", "A-006", good | {"n": good["n"][:64] + "\n" + good["n"][64:]}),
        ("n-spare-bits", "A-006", good | {"n": spare(good["n"])}),
        ("n-pem", "A-006", good | {"n": pem.decode()}),
        ("e-empty", "A-006", good | {"e": ""}),
        ("e-null", "A-006", good | {"e": None}),
        ("e-number", "A-006", good | {"e": 65537}),
        ("e-decimal", "A-006", good | {"e": "65537"}),
        ("e-zero", "A-006", good | {"e": "AA"}),
        ("e-one", "A-006", good | {"e": "AQ"}),
        ("e-two", "A-006", good | {"e": "Ag"}),
        ("e-even", "A-006", good | {"e": "AQAA"}),
        ("e-padded", "A-006", good | {"e": "AQAB="}),
        ("e-as-large-as-n", "A-006", good | {"e": good["n"]}),
        ("1024-bits", "A-005", c.jwt_jwk("rsa1024", kid="rsa2048")),
        ("512-bits", "A-005", good | {"n": b64u(b"\xc1" + bytes(62) + b"\x01")}),
    ]
    if standard(good["n"]) == good["n"] or e != "AQAB":
        raise ValueError("the RSA key does not show what these cases need")
    for name, rule, entry in table:
        bundle = c.put(f"skipped-rsa-{name}", keys(entry, beside))
        case, token = f"skipped-rsa-{name}", c.token(key="rsa2048")
        c.case(case, rule, NOT_FOUND, token, bundles=bundle)
    for name, reason in [
        ("rsa1024", NOT_FOUND),
        ("rsa2047", NOT_FOUND),
        ("rsa8192", "ok"),
        ("rsa8193", NOT_FOUND),
    ]:
        bundle = c.put(f"beside-{name}", keys(c.jwt_jwk(name), beside))
        for alg in ("RS256", "PS256"):
            token = c.token(key=name, alg=alg)
            case = f"{name}-{alg.lower()}"
            c.case(case, "A-005", reason, token, bundles=bundle)
        if reason != "ok":
            case = f"{name}-beside"
            c.case(case, "A-005+B-006", "ok", c.token(), bundles=bundle)


def tolerated_entries(c: Corpus) -> None:
    """What a key may say beside the key."""
    good, rsa = c.jwt_jwk("p256"), c.jwt_jwk("rsa2048")
    n = c.rsa("rsa2048").numbers.n
    table: list[tuple[str, str, str, Jwk]] = [
        ("key-ops-verify", "A-004", "p256", good | {"key_ops": ["verify"]}),
        ("key-ops-both", "A-004", "p256", good | {"key_ops": ["sign", "verify"]}),
        (
            "unknown-members",
            "B-014",
            "p256",
            good | {"x5t": "AAAA", "ext": True, "nbf": 1},
        ),
        ("nested-unknown", "B-014", "p256", good | {"meta": {"a": [1, {"b": None}]}}),
        ("rsa-no-alg", "A-004", "rsa2048", rsa),
        ("n-leading-zero", "A-006", "rsa2048", rsa | {"n": b64u(b"\x00" + uint(n))}),
        ("n-leading-zeros", "A-006", "rsa2048", rsa | {"n": b64u(bytes(3) + uint(n))}),
        ("e-leading-zero", "A-006", "rsa2048", rsa | {"e": b64u(b"\x00\x01\x00\x01")}),
    ]
    for name, rule, key, entry in table:
        bundle = c.put(f"tolerated-{name}", keys(entry))
        c.case(f"tolerated-{name}", rule, "ok", c.token(key=key), bundles=bundle)
    mixed = keys(
        {
            "kty": "AKP",
            "alg": "ML-DSA-44",
            "kid": "pq",
            "use": "jwt-svid",
            "pub": "AAAA",
        },
        c.jwt_jwk("ed25519"),
        {"kty": "oct", "kid": "oct", "use": "jwt-svid", "k": "AAAA"},
        c.jwt_jwk("k256"),
        c.jwt_jwk("rsa1024"),
        None,
        rsa,
    )
    bundle = c.put("tolerated-mixed", mixed)
    token = c.token(key="rsa2048")
    c.case("tolerated-mixed", "A-021+B-006", "ok", token, bundles=bundle)
    token = c.token(key="rsa1024")
    c.case("tolerated-mixed-weak", "A-005", NOT_FOUND, token, bundles=bundle)


def nothing_usable(c: Corpus) -> None:
    """Entries, but none that can be used: the update is refused."""
    good = c.jwt_jwk("p256")
    authority = authority_jwk(c)
    table: list[tuple[str, str, list[Any]]] = [
        ("use-missing", "B-004", [c.ec("p256").jwk()]),
        ("use-unknown", "B-003", [c.ec("p256").jwk(use="JWT-SVID")]),
        ("use-wit", "B-018", [c.ec("p256").jwk(use="wit-svid")]),
        ("kid-missing", "B-007", [without(good, "kid")]),
        ("rsa1024", "A-005", [c.jwt_jwk("rsa1024")]),
        ("rsa2047", "A-005", [c.jwt_jwk("rsa2047")]),
        ("off-curve", "A-012", [good | {"y": good["x"]}]),
        ("secp256k1", "A-021", [c.jwt_jwk("k256")]),
        ("ed25519", "A-021", [c.jwt_jwk("ed25519")]),
        (
            "oct",
            "A-002",
            [{"kty": "oct", "kid": "p256", "use": "jwt-svid", "k": "AAAA"}],
        ),
        ("nulls", "B-006", [None, None]),
        ("empty-entry", "B-006", [{}]),
        ("same-kid-twice", "A-019", [good, c.jwt_jwk("p256-other", kid="p256")]),
        ("authority-no-x5c", "B-008", [without(authority, "x5c")]),
    ]
    for name, rule, entries in table:
        bundle = c.put(f"unusable-{name}", keys(*entries))
        c.case(f"unusable-{name}", f"{rule}+B-002", UNUSABLE, c.token(), bundles=bundle)
    for name, entries in [
        ("use-sig", [c.ec("p256").jwk(use="sig")]),
        ("weak", [c.rsa("rsa1024").jwk()]),
        ("no-kid", [without(c.ec("p256").jwk(), "kid")]),
    ]:
        item = c.put(f"unusable-workload-{name}", keys(*entries), form=WORKLOAD)
        c.case(
            f"unusable-workload-{name}",
            "B-002+B-005",
            UNUSABLE,
            c.token(),
            bundles=item,
        )


def private_members(c: Corpus) -> None:
    """A private key in a bundle has leaked; nothing of that update is taken."""
    good, beside = c.jwt_jwk("p256"), c.jwt_jwk("p384")
    rsa, weak = c.jwt_jwk("rsa2048"), c.jwt_jwk("rsa1024")
    secret = {"d": b64u(uint(c.ec("evil").d, 32))}
    table: list[tuple[str, Jwk]] = [
        ("ec", good | secret),
        ("ec-empty", good | {"d": ""}),
        ("ec-null", good | {"d": None}),
        ("ec-number", good | {"d": 1}),
        ("ec-no-kid", without(good, "kid") | secret),
        ("ec-off-curve", good | {"y": good["x"]} | secret),
        ("ec-unknown-curve", c.jwt_jwk("k256") | secret),
        ("ec-unknown-alg", good | {"alg": "ECDH-ES"} | secret),
        ("ec-key-ops-sign", good | {"key_ops": ["sign"]} | secret),
        ("okp", c.jwt_jwk("ed25519") | secret),
        ("rsa-d", rsa | {"d": "AQAB"}),
        ("rsa-p", rsa | {"p": "AQAB"}),
        ("rsa-q", rsa | {"q": "AQAB"}),
        ("rsa-dp", rsa | {"dp": "AQAB"}),
        ("rsa-dq", rsa | {"dq": "AQAB"}),
        ("rsa-qi", rsa | {"qi": "AQAB"}),
        ("rsa-oth", rsa | {"oth": []}),
        ("rsa-weak", weak | {"d": "AQAB"}),
        ("authority", authority_jwk(c) | secret),
        ("authority-no-x5c", without(authority_jwk(c), "x5c") | secret),
    ]
    for name, entry in table:
        bundle = c.put(f"private-{name}", keys(beside, entry))
        token = c.token(key="p384")
        c.case(f"private-{name}", "B-020", PRIVATE, token, bundles=bundle)
    escaped = js(keys(beside, good))[:-3] + ',"\\u0064":"AQAB"}]}'
    bundle = c.put("private-escaped", escaped.encode())
    c.case("private-escaped", "B-020", PRIVATE, c.token(key="p384"), bundles=bundle)
    plain = keys(c.ec("p384").jwk(), c.ec("p256").jwk() | secret)
    item = c.put("private-plain", plain, form=WORKLOAD)
    c.case("private-workload", "B-020", PRIVATE, c.token(key="p384"), bundles=item)
    harmless: list[tuple[str, Jwk]] = [
        ("unknown-use", c.ec("p256").jwk(use="foo-svid") | secret),
        ("missing-use", c.ec("p256").jwk() | secret),
        (
            "unknown-kty",
            {"kty": "AKP", "use": "jwt-svid", "kid": "pq", "priv": "AAAA"} | secret,
        ),
        ("oct", {"kty": "oct", "use": "jwt-svid", "kid": "o", "k": "AAAA"}),
        ("upper", good | {"D": "AQAB"}),
    ]
    for name, entry in harmless:
        bundle = c.put(f"private-not-read-{name}", keys(beside, entry))
        token = c.token(key="p384")
        c.case(f"private-not-read-{name}", "B-020+B-003", "ok", token, bundles=bundle)


def repeated_kids(c: Corpus) -> None:
    """One kid for two keys is fine where the algorithm tells them apart."""
    shared = {"kid": "shared"}
    p256, other = c.jwt_jwk("p256") | shared, c.jwt_jwk("p256-other") | shared
    p384, rsa = c.jwt_jwk("p384") | shared, c.jwt_jwk("rsa2048") | shared
    rsa_other = c.jwt_jwk("rsa2048-other") | shared
    beside = c.jwt_jwk("p521")

    def token(key: str, alg: str | None = None) -> bytes:
        return c.token(header={"kid": '"shared"'}, key=key, alg=alg)

    by_alg = keys(rsa | {"alg": "RS256"}, rsa_other | {"alg": "PS256"})
    table: list[tuple[str, str, bytes, Jwk]] = [
        ("rsa-and-ec-ec", "ok", token("p256"), keys(rsa, p256)),
        ("rsa-and-ec-rsa", "ok", token("rsa2048"), keys(rsa, p256)),
        ("rsa-and-ec-ps", "ok", token("rsa2048", "PS384"), keys(p256, rsa)),
        ("rsa-and-ec-p384", "alg_key_mismatch", token("p384"), keys(rsa, p256)),
        ("curves-p256", "ok", token("p256"), keys(p256, p384)),
        ("curves-p384", "ok", token("p384"), keys(p256, p384)),
        ("algs-first", "ok", token("rsa2048", "RS256"), by_alg),
        ("algs-second", "ok", token("rsa2048-other", "PS256"), by_alg),
        ("algs-crossed", "signature_invalid", token("rsa2048", "PS256"), by_alg),
        ("algs-neither", NOT_FOUND, token("rsa2048", "RS512"), by_alg),
        ("identical", "ok", token("p256"), keys(p256, p256)),
        ("identical-rsa", "ok", token("rsa2048"), keys(rsa, rsa, beside)),
        ("different-first", NOT_FOUND, token("p256"), keys(p256, other, beside)),
        ("different-second", NOT_FOUND, token("p256-other"), keys(p256, other, beside)),
        ("different-rsa", NOT_FOUND, token("rsa2048"), keys(rsa, rsa_other, beside)),
        ("different-apart", NOT_FOUND, token("p256"), keys(p256, beside, other)),
        ("different-beside", "ok", c.token(key="p521"), keys(p256, other, beside)),
    ]
    for name, reason, credential, document in table:
        bundle = c.put(f"repeated-{name}", document)
        c.case(f"repeated-kid-{name}", "A-019", reason, credential, bundles=bundle)


# --- the document's other members -----------------------------------------------


def sequences(c: Corpus) -> None:
    """A sequence never goes back; what is no integer is no sequence."""
    old, new = c.jwt_jwk("p256"), c.jwt_jwk("p256-next")
    largest = 2**64 - 1

    def item(name: str, entry: Jwk, text: str | None, *, fails: bool = False) -> str:
        top = f'"spiffe_sequence":{text},' if text is not None else ""
        content = f'{{{top}"keys":[{js(entry)}]}}'.encode()
        return c.put(f"sequence-{name}", content, fails=fails)

    first = item("10", old, "10")
    top = item("largest", old, str(largest))
    taken = [
        ("higher", first, "11"),
        ("much-higher", first, str(largest)),
        ("equal", first, "10"),
        ("absent", first, None),
        ("null", first, "null"),
        ("string", first, '"5"'),
        ("fraction", first, "5.5"),
        ("true", first, "true"),
        ("array", first, "[5]"),
        ("beyond-u64", first, str(largest + 1)),
        ("beyond-u64-by-now", top, str(largest + 5)),
    ]
    for name, before, text in taken:
        after = item(f"new-{name}", new, text)
        token = c.token(key="p256-next")
        c.case(f"sequence-{name}", "B-012", "ok", token, bundles=[before, after])
        case = f"sequence-{name}-replaces"
        c.case(case, "B-012", NOT_FOUND, c.token(), bundles=[before, after])
    refused = [
        ("lower", first, "9"),
        ("zero", first, "0"),
        ("below-largest", top, str(largest - 1)),
        ("2-53", item("2-53-and-1", old, str(2**53 + 1)), str(2**53)),
    ]
    for name, before, text in refused:
        after = item(f"back-{name}", new, text)
        tolerated = item(f"back-{name}", new, text, fails=True)
        token = c.token(key="p256-next")
        case = f"sequence-back-{name}"
        c.case(case, "B-012", "bundle_rollback", token, bundles=[before, after])
        held = [before, tolerated]
        c.case(f"{case}-removed", "B-012", NOT_FOUND, c.token(), bundles=held)
        c.case(f"{case}-not-added", "B-012", NOT_FOUND, token, bundles=held)
    apart = item("9-elsewhere", new, "9").replace(DOMAIN, PARTNER, 1)
    c.case("sequence-per-domain", "B-012", "ok", c.token(), bundles=[first, apart])


def hints_and_strangers(c: Corpus) -> None:
    """A hint is only a hint, and unknown members are nobody's business."""
    entry = js(c.jwt_jwk("p256"))
    for name, text in [
        ("zero", "0"),
        ("minus-one", "-1"),
        ("huge", "1e30"),
        ("absurd", "1e400"),
        ("fraction", "0.5"),
        ("string", '"300"'),
        ("null", "null"),
        ("array", "[]"),
        ("beyond-u64", "18446744073709551616"),
    ]:
        content = f'{{"spiffe_refresh_hint":{text},"keys":[{entry}]}}'
        bundle = c.put(f"hint-{name}", content.encode())
        c.case(f"bundle-hint-{name}", "B-013", "ok", c.token(), bundles=bundle)
    for name, text in [
        ("members", '"x":1,"y":{"keys":[]},"z":null'),
        ("unprefixed", '"refresh_hint":"soon","sequence":-1'),
        ("spelled-otherwise", '"KEYS":[],"Trust_Domain":"partner.example"'),
        ("empty-name", '"":{}'),
        ("numbers", '"a":1e400,"b":-0,"c":123456789012345678901234567890'),
        ("kty", '"kty":"EC","d":"AQAB"'),
    ]:
        content = f'{{{text},"keys":[{entry}]}}'
        bundle = c.put(f"strange-{name}", content.encode())
        c.case(f"bundle-strange-{name}", "B-014", "ok", c.token(), bundles=bundle)
    late = c.put(
        "sequence-and-hint-last",
        f'{{"keys":[{entry}],"spiffe_sequence":3,"spiffe_refresh_hint":60}}'.encode(),
    )
    c.case("bundle-members-after-keys", "B-014", "ok", c.token(), bundles=late, now=NOW)


def names(c: Corpus) -> None:
    """The host names the trust domain; the document may only agree."""
    entry = c.jwt_jwk("p256")
    own = keys(entry, trust_domain=DOMAIN)
    bundle = c.put("names-itself", own)
    c.case("name-agrees", "B-015", "ok", c.token(), bundles=bundle)
    mismatch = "trust_domain_mismatch"
    for name, text in [
        ("partner", PARTNER),
        ("upper", "Example.org"),
        ("subdomain", "sub.example.org"),
        ("longer", "example.org.evil"),
        ("trailing-dot", "example.org."),
        ("trailing-space", "example.org "),
    ]:
        bundle = c.put(f"names-{name}", keys(entry, trust_domain=text))
        c.case(f"name-contradicts-{name}", "B-015", mismatch, c.token(), bundles=bundle)
    item = c.put("names-itself", own, domain=PARTNER)
    c.case("name-contradicts-host", "B-015", mismatch, c.token(), bundles=item)
    foreign = authority_jwk(c, Authority(uri="spiffe://evil.example"))
    bundle = c.put("foreign-authority", keys(foreign, entry))
    c.case("name-not-from-authority", "B-015", "ok", c.token(), bundles=bundle)
    for name, domain in [
        ("upper", "Example.org"),
        ("empty", ""),
        ("slash", "example.org/"),
        ("path", "example.org/a"),
        ("id-with-path", "spiffe://example.org/a"),
        ("http", "http://example.org"),
        ("wildcard", "*"),
        ("space", "example org"),
        ("port", "example.org:443"),
        ("percent", "ex%61mple.org"),
        ("user", "u@example.org"),
        ("umlaut", "ex\u00e4mple.org"),
        ("too-long", "a" * 256),
    ]:
        item = c.put("main", main_bundle(c), domain=domain)
        case = f"source-name-{name}"
        c.case(case, "B-015+S-015", "source_name_invalid", c.token(), bundles=item)
    ignored = c.put("main", main_bundle(c), domain="Example.org", fails=True)
    c.case(
        "source-name-not-folded",
        "B-015+S-002",
        "ok",
        c.token(),
        bundles=[MAIN, ignored],
    )
    only = [ignored]
    c.case(
        "source-name-feeds-nothing",
        "B-015+S-002",
        "bundle_unavailable",
        c.token(),
        bundles=only,
    )


# --- X.509 authorities beside the keys ------------------------------------------


def authorities(c: Corpus) -> None:
    """What counts as an `x509-svid` entry, seen by whether anything is usable."""
    ca, evil = c.ec("ca"), c.ec("evil")
    good = certificate(ca)
    url_safe = x5c(good).replace("+", "-").replace("/", "_")
    pem = f"-----BEGIN CERTIFICATE-----\n{x5c(good)}\n-----END CERTIFICATE-----\n"
    leaf = certificate(ca, Authority(ca=False, cert_sign=False))
    table: list[tuple[str, str, str, Jwk]] = [
        ("good", "B-008", NOT_FOUND, {}),
        (
            "two-values",
            "B-008",
            NOT_FOUND,
            {"x5c": [x5c(good), x5c(certificate(evil))]},
        ),
        ("second-garbage", "B-008", NOT_FOUND, {"x5c": [x5c(good), "@@@"]}),
        ("first-garbage", "B-008", UNUSABLE, {"x5c": ["@@@", x5c(good)]}),
        ("x5c-empty", "B-008", UNUSABLE, {"x5c": []}),
        ("x5c-null", "B-008", UNUSABLE, {"x5c": None}),
        ("x5c-string", "B-008", UNUSABLE, {"x5c": x5c(good)}),
        ("x5c-of-number", "B-008", UNUSABLE, {"x5c": [1]}),
        ("x5c-of-empty", "B-008", UNUSABLE, {"x5c": [""]}),
        ("x5c-url-safe", "B-009", UNUSABLE, {"x5c": [url_safe]}),
        ("x5c-pem", "B-009", UNUSABLE, {"x5c": [pem]}),
        ("x5c-cut", "B-009", UNUSABLE, {"x5c": [x5c(good[:-1])]}),
        (
            "x5c-not-a-certificate",
            "B-009",
            UNUSABLE,
            {"x5c": [x5c(b"\x30\x03\x02\x01\x05")]},
        ),
        ("other-key", "B-010", UNUSABLE, {"x5c": [x5c(certificate(evil))]}),
        ("other-point", "B-010", UNUSABLE, without(evil.jwk(), "kid")),
        ("leaf", "B-011", UNUSABLE, {"x5c": [x5c(leaf)]}),
        (
            "not-ca",
            "B-011",
            UNUSABLE,
            {"x5c": [x5c(certificate(ca, Authority(ca=False)))]},
        ),
        (
            "no-cert-sign",
            "B-011",
            UNUSABLE,
            {"x5c": [x5c(certificate(ca, Authority(cert_sign=False)))]},
        ),
        (
            "intermediate",
            "B-011",
            NOT_FOUND,
            {"x5c": [x5c(certificate(ca, issuer=c.ec("ca-parent")))]},
        ),
        ("with-kid", "B-011", NOT_FOUND, {"kid": "p256"}),
    ]
    if url_safe == x5c(good):
        raise ValueError("the certificate has no character that differs")
    for name, rule, reason, change in table:
        bundle = c.put(f"authority-{name}", keys(authority_jwk(c) | change))
        c.case(f"authority-{name}", rule, reason, c.token(), bundles=bundle)
    broken = authority_jwk(c) | {"x5c": ["@@@"]}
    bundle = c.put("authority-broken-beside-key", keys(broken, c.jwt_jwk("p256")))
    c.case(
        "authority-broken-beside-key", "B-006+B-008", "ok", c.token(), bundles=bundle
    )


def only_authorities(c: Corpus) -> None:
    """The two slots of a trust domain succeed or fail on their own."""
    only = c.put("only-authority", keys(authority_jwk(c)))
    c.case("slots-only-authority", "B-002+J-011", NOT_FOUND, c.token(), bundles=only)
    c.case(
        "slots-authority-after-keys",
        "B-002+J-011",
        NOT_FOUND,
        c.token(),
        bundles=[MAIN, only],
    )
    weak = c.put("authority-and-weak-key", keys(authority_jwk(c), c.jwt_jwk("rsa1024")))
    c.case(
        "slots-keys-unusable",
        "B-002+B-006",
        "bundle_unavailable",
        c.token(),
        bundles=weak,
    )
    kept = [MAIN, weak]
    c.case("slots-keys-kept", "B-002+B-006", "ok", c.token(), bundles=kept)
    rules = c.policy("kid-single-slots", policy(kid_policy="single"))
    token = c.token(header={"kid": None})
    c.case(
        "slots-single-no-keys",
        "A-020+J-011",
        NOT_FOUND,
        token,
        bundles=only,
        policy=rules,
    )
