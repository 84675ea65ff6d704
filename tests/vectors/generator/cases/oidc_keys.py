"""What feeds an issuer: formats, and Ed25519 keys and signatures (RFC 8032)."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.serialization import PrivateFormat

from ..certs import Authority, certificate
from ..corpus import DOMAIN, Corpus
from ..encoding import b64u, js, pretty
from ..keys import Jwk, ed_jwk, pkcs1_pem, private_pem, spki, thumbprint
from .common import MAIN
from .oidc import FED, ISSUER, case, policy, token

JWKS, PEM, X509_PEM, X509_DER = "jwks", "public_key_pem", "x509_pem", "x509_der"
MALFORMED, UNUSABLE = "bundle_malformed", "no_usable_keys"
FIELD = (1 << 255) - 19
GROUP = (1 << 252) + 27742317777372353535851937790883648493
IDENTITY_POINT = (1).to_bytes(32, "little")


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    c.policy("oidc-single", policy(kid_policy="single"))
    signatures(c)
    points(c)
    key_types(c)
    key_sets(c)
    last_good(c)
    static_keys(c)
    not_static_keys(c)
    authorities(c)
    formats_of_sources(c)


def feed(c: Corpus, name: str, keys: list[Jwk]) -> str:
    """Give the item that puts a key set under the issuer."""
    return c.put(f"jwks-{name}", {"keys": keys}, domain=ISSUER, form=JWKS)


# --- Ed25519 ------------------------------------------------------------------


def resigned(c: Corpus, big_r: bytes) -> bytes:
    """Sign with the commitment `big_r`, as if it were the identity.

    S is then k times the secret scalar. Who decodes `big_r` to the identity, or
    multiplies by the cofactor, finds the equation satisfied.
    """
    key = c.ed("ed25519")
    text = token(c, key="ed25519").rpartition(b".")[0]
    k = int.from_bytes(hashlib.sha512(big_r + key.public + text).digest(), "little")
    s = k * key.scalar % GROUP
    return text + b"." + b64u(big_r + s.to_bytes(32, "little")).encode()


def signatures(c: Corpus) -> None:
    """One signature of a message, 64 bytes of it, S below the group order."""
    invalid, malformed = "signature_invalid", "signature_malformed"
    good = token(c, key="ed25519")
    text = good.rpartition(b".")[0]
    signature = c.ed("ed25519").sign(text, "EdDSA")
    flipped = bytes([signature[31] ^ 0x80])
    big_r, s = signature[:32], int.from_bytes(signature[32:], "little")

    def with_s(number: int) -> bytes:
        return big_r + number.to_bytes(32, "little")

    case(c, "ed25519-good", "A-015", "ok", good)
    for name, reason, value in [
        ("s-plus-order", invalid, with_s(s + GROUP)),
        ("s-negated", invalid, with_s(GROUP - s)),
        ("s-zero", invalid, with_s(0)),
        ("s-top-bit", invalid, with_s(s | 1 << 255)),
        ("r-sign-flipped", invalid, signature[:31] + flipped + signature[32:]),
        ("halves-swapped", invalid, signature[32:] + signature[:32]),
        ("zero", invalid, bytes(64)),
        ("ones", invalid, b"\xff" * 64),
        ("short", malformed, signature[:-1]),
        ("long", malformed, signature + b"\x00"),
        ("half", malformed, signature[:32]),
        ("one-byte", malformed, b"\x00"),
    ]:
        forged = text + b"." + b64u(value).encode()
        case(c, f"ed25519-{name}", "A-015", reason, forged)
    for name, rule, value in [
        ("identity", "A-017", IDENTITY_POINT),
        ("order-two", "A-017", (FIELD - 1).to_bytes(32, "little")),
        ("order-four", "A-017", bytes(32)),
        ("identity-unreduced", "A-016", (FIELD + 1).to_bytes(32, "little")),
        ("identity-with-sign", "A-016", (1 | 1 << 255).to_bytes(32, "little")),
    ]:
        case(c, f"ed25519-r-{name}", rule, invalid, resigned(c, value))
    other = token(c, header={"kid": '"ed25519"'}, key="ed25519-other")
    case(c, "ed25519-other-key", "A-015+A-018", invalid, other)


def points(c: Corpus) -> None:
    """A key is the canonical encoding of a point that is not of small order."""
    good = c.ed("ed25519").public
    for name, rule, encoded in [
        ("identity", "A-017", IDENTITY_POINT),
        ("order-two", "A-017", (FIELD - 1).to_bytes(32, "little")),
        ("order-four", "A-017", bytes(32)),
        ("order-four-with-sign", "A-017", (1 << 255).to_bytes(32, "little")),
        (
            "order-eight",
            "A-017",
            bytes.fromhex(
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
            ),
        ),
        ("identity-unreduced", "A-016", (FIELD + 1).to_bytes(32, "little")),
        ("identity-with-sign", "A-016", (1 | 1 << 255).to_bytes(32, "little")),
        ("unreduced", "A-016", (FIELD + 3).to_bytes(32, "little")),
        ("all-ones", "A-016", b"\xff" * 32),
        # y = 2 is no point of the curve.
        ("no-point", "A-016", (2).to_bytes(32, "little")),
        ("short", "A-015", good[:31]),
        ("long", "A-015", good + b"\x00"),
        ("empty", "A-015", b""),
    ]:
        bad = ed_jwk("ed25519", encoded)
        signed = token(c, key="ed25519")
        bundle = feed(c, f"ed25519-{name}", [bad])
        name = f"ed25519-key-{name}"
        case(c, name, rule, UNUSABLE, signed, bundles=[bundle])
    pair = [ed_jwk("ed25519", IDENTITY_POINT), c.ec("p256").jwk()]
    bundle = feed(c, "ed25519-identity-beside", pair)
    name = "ed25519-key-identity-beside"
    case(c, name, "A-017", "ok", token(c), bundles=[bundle])
    # Under the identity as key, S = 0 with R = identity "signs" everything.
    text = token(c, key="ed25519").rpartition(b".")[0]
    universal = text + b"." + b64u(IDENTITY_POINT + bytes(32)).encode()
    case(c, f"{name}-used", "A-017", "kid_not_found", universal, bundles=[bundle])


def key_types(c: Corpus) -> None:
    """The algorithm binds the key type; an `alg` of the key narrows it."""
    ed = c.ed("ed25519").jwk()
    mismatch, missing = "alg_key_mismatch", "kid_not_found"
    for alg, kid, signer in [
        ("ES256", "ed25519", "p256"),
        ("RS256", "ed25519", "rsa2048"),
        ("EdDSA", "p256", "ed25519"),
        ("Ed25519", "rsa2048", "ed25519"),
    ]:
        signed = token(c, header={"kid": js(kid)}, key=signer, alg=alg)
        name = f"mismatch-{alg.lower()}-kid-of-{kid}"
        case(c, name, "A-003+A-014", mismatch, signed)
    beside = c.ec("p256").jwk()
    for name, change, reason in [
        ("eddsa", {"alg": "EdDSA"}, "ok"),
        ("es256", {"alg": "ES256"}, missing),
        ("key-ops-verify", {"key_ops": ["verify"]}, "ok"),
        ("key-ops-sign", {"key_ops": ["sign"]}, missing),
        ("x25519", {"crv": "X25519"}, missing),
        ("ed448", {"crv": "Ed448"}, missing),
        ("lower", {"crv": "ed25519"}, missing),
        ("as-ec", {"kty": "EC"}, missing),
    ]:
        bundle = feed(c, f"ed25519-jwk-{name}", [ed | change, beside])
        signed = token(c, key="ed25519", alg="EdDSA")
        name = f"ed25519-jwk-{name}"
        case(c, name, "A-004+A-014", reason, signed, bundles=[bundle])
    bundle = feed(c, "ed25519-private", [ed | {"d": b64u(bytes(32))}, beside])
    reason = "bundle_private_key"
    case(c, "ed25519-jwk-private", "B-008", reason, token(c), bundles=[bundle])


# --- key sets -----------------------------------------------------------------


def key_sets(c: Corpus) -> None:
    """`use` is absent, `sig` or `jwt-svid`; a kid is not required of a key."""
    key, beside = c.ec("p256").jwk(), c.ec("p384").jwk()
    for name, value in [("sig", "sig"), ("jwt-svid", "jwt-svid")]:
        bundle = feed(c, f"use-{name}", [key | {"use": value}])
        case(c, f"jwks-use-{name}", "B-005", "ok", token(c), bundles=[bundle])
    bundle = feed(c, "use-absent", [key])
    case(c, "jwks-use-absent", "B-005", "ok", token(c), bundles=[bundle])
    for name, value in [
        ("enc", "enc"),
        ("x509-svid", "x509-svid"),
        ("upper", "SIG"),
        ("empty", ""),
        ("null", None),
        ("array", ["sig"]),
    ]:
        bad = key | {"use": value}
        alone = feed(c, f"use-{name}", [bad])
        both = feed(c, f"use-{name}-beside", [bad, beside])
        stem = f"jwks-use-{name}"
        case(c, f"{stem}-alone", "B-005", UNUSABLE, token(c), bundles=[alone])
        case(c, stem, "B-005", "kid_not_found", token(c), bundles=[both])
        name = f"{stem}-beside"
        case(c, name, "B-005", "ok", token(c, key="p384"), bundles=[both])
    for name, document, reason in [
        ("empty", {"keys": []}, UNUSABLE),
        ("no-keys", {}, MALFORMED),
        ("single-jwk", key, MALFORMED),
        ("pem", spki(c.ec("p256"))[0], MALFORMED),
        ("private", {"keys": [key | {"d": "AQAB"}, beside]}, "bundle_private_key"),
        ("rsa1024", {"keys": [c.rsa("rsa1024").jwk()]}, UNUSABLE),
        ("oct", {"keys": [{"kty": "oct", "kid": "p256", "k": "AQAB"}]}, UNUSABLE),
    ]:
        bundle = c.put(f"jwks-{name}", document, domain=ISSUER, form=JWKS)
        case(c, f"jwks-{name}", "B-002", reason, token(c), bundles=[bundle])
    single, required = "oidc-single.json", "oidc.json"
    nameless = {k: v for k, v in key.items() if k != "kid"}
    one = feed(c, "nameless", [nameless, beside])
    twins = [nameless, c.ec("p256-other").jwk() | {"kid": ""}]
    two = feed(c, "nameless-twins", [*twins, beside])
    no_kid = {"kid": None}
    for name, reason, header, rules, bundle in [
        ("usable", "ok", no_kid, single, one),
        ("required", "kid_missing", no_kid, required, one),
        ("other-kid", "kid_not_found", {}, single, one),
        ("empty-kid", "ok", {"kid": '""'}, single, one),
        ("twins", "kid_missing", no_kid, single, two),
    ]:
        name = f"jwks-nameless-{name}"
        signed = token(c, header=header)
        case(c, name, "A-020", reason, signed, policy=rules, bundles=[bundle])
    domain = c.put("jwks-use-sig", {"keys": [key | {"use": "sig"}]}, form=JWKS)
    name = "oidc-jwks-feeds-a-trust-domain"
    c.case(name, "B-005", "ok", c.token(), bundles=[domain])
    for form in ("spiffe_bundle", "workload_api_jwks"):
        ed = c.ed("ed25519").jwk(use="jwt-svid")
        bundle = c.put("ed25519-svid", {"keys": [ed]}, form=form)
        name = f"oidc-ed25519-in-{form.replace('_', '-')}"
        c.case(name, "A-021", UNUSABLE, c.token(), bundles=[bundle])


def last_good(c: Corpus) -> None:
    """An update that fails changes nothing, an empty one included; a good one does."""
    items: list[tuple[str, bytes | Jwk]] = [
        ("empty", {"keys": []}),
        ("rsa1024", {"keys": [c.rsa("rsa1024").jwk()]}),
        ("no-keys", {}),
    ]
    for name, document in items:
        bad = c.put(f"jwks-{name}", document, domain=ISSUER, form=JWKS, fails=True)
        name = f"last-good-{name}"
        case(c, name, "B-001+B-002", "ok", token(c), bundles=[FED, bad])
    rotated = feed(c, "rotated", [c.ec("p256-next").jwk()])
    both = [FED, rotated]
    case(c, "rotated-old", "B-012", "kid_not_found", token(c), bundles=both)
    case(c, "rotated-new", "B-012", "ok", token(c, key="p256-next"), bundles=both)


# --- PEM and DER --------------------------------------------------------------


def static_keys(c: Corpus) -> None:
    """A `PUBLIC KEY` block; the kid is the RFC 7638 thumbprint."""
    names = ("p256", "p384", "p521", "rsa2048", "ed25519")
    for name in names:
        key = c.keys[name]
        bundle = c.put(f"public-{name}", spki(key)[0], domain=ISSUER, form=PEM)
        own = {"kid": js(thumbprint(key))}
        for label, reason, header, rules in [
            ("thumbprint", "ok", own, "oidc.json"),
            ("other-kid", "kid_not_found", {}, "oidc.json"),
            ("no-kid", "kid_missing", {"kid": None}, "oidc.json"),
            ("single", "ok", {"kid": None}, "oidc-single.json"),
        ]:
            signed = token(c, header=header, key=name)
            label = f"pem-{name}-{label}"
            case(c, label, "A-020", reason, signed, policy=rules, bundles=[bundle])
    all_keys = b"".join(spki(c.keys[name])[0] for name in names)
    text = b"Keys of the issuer.\n" + all_keys.replace(b"\n", b"\r\n") + b"End.\n"
    for label, content in [("all", all_keys), ("all-with-text", text)]:
        bundle = c.put(f"public-{label}", content, domain=ISSUER, form=PEM)
        own = {"kid": js(thumbprint(c.keys["ed25519"]))}
        signed = token(c, header=own, key="ed25519")
        case(c, f"pem-{label}", "A-020", "ok", signed, bundles=[bundle])
    domain = c.put("public-p256", spki(c.ec("p256"))[0], form=PEM)
    signed = c.token(header={"kid": js(thumbprint(c.ec("p256")))})
    name = "oidc-pem-feeds-a-trust-domain"
    c.case(name, "A-020", "ok", signed, bundles=[domain])


def not_static_keys(c: Corpus) -> None:
    """Anything else in the file is refused, and a private key is named as one."""
    good, der = spki(c.ec("p256"))
    cert = certificate(c.ec("ca"))
    lines = good.splitlines(keepends=True)
    pkcs8 = private_pem(c.ec("p256-other"), PrivateFormat.PKCS8)
    older = private_pem(c.ec("p256-other"), PrivateFormat.TraditionalOpenSSL)
    private = "bundle_private_key"
    for name, reason, content in [
        ("private", private, pkcs8),
        ("private-older", private, older),
        ("private-ed25519", private, private_pem(c.ed("ed25519"), PrivateFormat.PKCS8)),
        ("private-after-public", private, good + pkcs8),
        ("private-before-public", private, pkcs8 + good),
        ("certificate", MALFORMED, pem("CERTIFICATE", cert)),
        ("certificate-after-public", MALFORMED, good + pem("CERTIFICATE", cert)),
        ("rsa-public", MALFORMED, pkcs1_pem(c.rsa("rsa2048"))),
        ("junk-block", MALFORMED, pem("PUBLIC KEY", b"junk")),
        ("certificate-as-public", MALFORMED, pem("PUBLIC KEY", cert)),
        ("trailing-byte", MALFORMED, pem("PUBLIC KEY", der + b"\x00")),
        ("cut-key", MALFORMED, pem("PUBLIC KEY", der[:-1])),
        ("not-base64", MALFORMED, lines[0] + b"*" + b"".join(lines[1:])),
        ("no-end", MALFORMED, b"".join(lines[:-1])),
        ("other-end", MALFORMED, good.replace(b"END PUBLIC", b"END RSA PUBLIC")),
        ("text", MALFORMED, b"no key here\n"),
        ("empty", MALFORMED, b""),
        ("der", MALFORMED, der),
        ("jwks", MALFORMED, pretty({"keys": [c.ec("p256").jwk()]})),
        ("rsa1024", UNUSABLE, spki(c.rsa("rsa1024"))[0]),
        ("secp256k1", UNUSABLE, spki(c.ec("k256"))[0]),
    ]:
        bundle = c.put(f"public-{name}", content, domain=ISSUER, form=PEM)
        case(c, f"pem-{name}", "B-002+B-008", reason, token(c), bundles=[bundle])


def pem(label: str, der: bytes) -> bytes:
    """Wrap bytes as a PEM block."""
    text = b64u(der).replace("-", "+").replace("_", "/")
    text += "=" * (-len(text) % 4)
    body = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()


def authorities(c: Corpus) -> None:
    """Certificates feed the X.509 slot and leave the JWT slot alone."""
    ca = certificate(c.ec("ca"))
    parent = certificate(c.ec("ca-parent"))
    leaf = certificate(c.ec("ca"), Authority(ca=False, cert_sign=False))
    idle = certificate(c.ec("ca"), Authority(cert_sign=False))
    pkcs8 = private_pem(c.ec("p256-other"), PrivateFormat.PKCS8)
    loaded, private = "bundle_unavailable", "bundle_private_key"
    for name, reason, content in [
        ("one", loaded, pem("CERTIFICATE", ca)),
        ("two", loaded, pem("CERTIFICATE", ca) + pem("CERTIFICATE", parent)),
        ("leaf", UNUSABLE, pem("CERTIFICATE", leaf)),
        ("no-cert-sign", UNUSABLE, pem("CERTIFICATE", idle)),
        ("leaf-beside", loaded, pem("CERTIFICATE", leaf) + pem("CERTIFICATE", ca)),
        ("private", private, pem("CERTIFICATE", ca) + pkcs8),
        ("public", MALFORMED, spki(c.ec("ca"))[0]),
        ("junk", MALFORMED, pem("CERTIFICATE", b"junk")),
        ("text", MALFORMED, b"no certificate here\n"),
        ("empty", MALFORMED, b""),
        ("der", MALFORMED, ca),
    ]:
        bundle = c.put(f"x509-{name}", content, form=X509_PEM)
        name = f"oidc-x509-pem-{name}"
        c.case(name, "B-006", reason, c.token(), bundles=[bundle])
        if reason == loaded:
            both = [MAIN, bundle]
            c.case(f"{name}-beside-keys", "B-006", "ok", c.token(), bundles=both)
    for name, reason, content in [
        ("one", loaded, ca),
        ("two", loaded, ca + parent),
        ("leaf", UNUSABLE, leaf),
        ("trailing-byte", MALFORMED, ca + b"\x00"),
        ("trailing-newline", MALFORMED, ca + b"\n"),
        ("cut", MALFORMED, ca[:-1]),
        ("empty", MALFORMED, b""),
        ("pem", MALFORMED, pem("CERTIFICATE", ca)),
    ]:
        bundle = c.put(f"x509-{name}", content, form=X509_DER)
        name = f"oidc-x509-der-{name}"
        c.case(name, "B-006", reason, c.token(), bundles=[bundle])
        if reason == loaded:
            both = [MAIN, bundle]
            c.case(f"{name}-beside-keys", "B-006", "ok", c.token(), bundles=both)


def formats_of_sources(c: Corpus) -> None:
    """An issuer takes key sets and static keys, and has a name."""
    reason = "format_unsupported"
    ca = certificate(c.ec("ca"))
    keys = {"keys": [c.jwt_jwk("p256")]}
    for form, document in [
        ("spiffe_bundle", keys),
        ("workload_api_jwks", keys),
        (X509_PEM, pem("CERTIFICATE", ca)),
        (X509_DER, ca),
    ]:
        file = "x509-one" if document is not keys else "issuer-svid"
        for label, name in [("url", ISSUER), ("name", f"issuer:{DOMAIN}")]:
            bundle = c.put(file, document, domain=name, form=form)
            label = f"issuer-of-{form.replace('_', '-')}-{label}"
            case(c, label, "B-005", reason, token(c), bundles=[bundle])
    empty = c.put("issuer-svid", keys, domain="issuer:", form=JWKS)
    reason = "source_name_invalid"
    case(c, "issuer-name-empty", "O-001", reason, token(c), bundles=[empty])
    bundle = c.put("issuer-svid", keys, domain="other.example/", form=JWKS)
    name = "oidc-issuer-without-its-mark"
    c.case(name, "S-004", reason, c.token(), bundles=[bundle])
