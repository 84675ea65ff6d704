"""Section 7: X.509-SVIDs, their paths, and the proof that their holder has the key."""

from __future__ import annotations

from base64 import encodebytes
from typing import Any

from .. import evidence, x509
from ..certs import x5c
from ..corpus import AUDIENCE, DOMAIN, NOW, PARTNER, SUB, Corpus
from ..keys import Jwk
from ..x509 import (
    AGREEMENT,
    ANY_USAGE,
    CERT_SIGN,
    CLIENT,
    CODE_SIGNING,
    CRL_SIGN,
    DIGITAL,
    KEY_ENCIPHERMENT,
    PRIVATE_EXTENSION,
    SERVER,
    Ca,
    Certificate,
    alternative,
    basic,
    dns,
    extended,
    extension,
    tlv,
    uri,
    usage,
)
from .common import attestor, authority_jwk, policy
from .oidc import of, oidc
from .passports import native, passport

MALFORMED, UNTRUSTED, LONG = "cert_malformed", "chain_untrusted", "chain_too_long"
EXPIRED, EARLY = "cert_expired", "cert_not_yet_valid"
NOT_CA, LENGTH, ALG = "issuer_not_ca", "path_len_exceeded", "cert_alg_not_allowed"
WEAK, CRITICAL = "key_too_weak", "critical_extension_unsupported"
VIOLATION, UNSUPPORTED = "name_constraint_violation", "name_constraint_unsupported"
INVALID, SIGNATURE = "signature_malformed", "signature_invalid"
REQUIRED, REVOKED = "pop_required", "cert_revoked"
UNAVAILABLE, STALE = "bundle_unavailable", "bundle_stale"
PARTNER_SUB = "spiffe://partner.example/ns/a"
CHALLENGE = bytes(range(16))

ROOT = x509.root("root")
MIDDLE = ROOT.ca("middle")
OTHER_ROOT = x509.root("partner root")
LEAF, BELOW = ROOT.leaf(), MIDDLE.leaf()
Chain = bytes | Certificate | Ca
Items = list[str]


def joined(chain: list[Chain]) -> bytes:
    """Give a chain's bytes."""
    return b"".join(c if isinstance(c, bytes) else c.der for c in chain)


def anchors(
    c: Corpus, label: str, *roots: Chain, domain: str = DOMAIN, fails: bool = False
) -> str:
    """Feed these authorities to a trust domain."""
    put, document = f"chain-{label}", joined(list(roots))
    return c.put(put, document, domain=domain, form="x509_der", fails=fails)


def case(
    c: Corpus, label: str, rule: str, reason: str, *chain: Chain, **options: Any
) -> None:
    """Add one case of a chain; by default the handshake is done, the root is fed."""
    usual: dict[str, Any] = {"possession": "tls", "bundles": anchors(c, "root", ROOT)}
    options = usual | options
    if isinstance(options["bundles"], Ca):
        options["bundles"] = anchors(c, label, options["bundles"])
    if reason in (REQUIRED, "signature_invalid", "argument_invalid"):
        options.setdefault("authenticated", False)
    name = label if label.startswith("order-") else f"x509-{label}"
    c.case(name, rule, reason, None, chain=joined(list(chain)), **options)


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    good(c)
    identities(c)
    other_names(c)
    leaf_uses(c)
    extended_uses(c)
    extensions(c)
    form(c)
    routing(c)
    policies(c)
    sources(c)
    order(c)


def good(c: Corpus) -> None:
    """A chain like SPIRE's is good, however its authority was fed."""
    for label, chain in [("good", [LEAF]), ("good-intermediate", [BELOW, MIDDLE])]:
        told = told_of(c, chain[0].der)
        case(c, label, "X-001+X-008", "ok", *chain, evidence=told)
    pem = x509_pem(ROOT.der)
    fed = c.put("chain-root", pem, form="x509_pem")
    case(c, "good-fed-as-pem", "X-013", "ok", LEAF, bundles=fed)
    fed = c.put("chain-root-bundle", {"keys": [entry(c, ROOT)]})
    case(c, "good-fed-as-bundle", "X-013", "ok", LEAF, bundles=fed)
    # An authority needs no signature of its own (B-011), so it may be an intermediate.
    case(c, "good-anchored-at-intermediate", "B-011", "ok", BELOW, bundles=MIDDLE)
    both = anchors(c, "both", ROOT, MIDDLE)
    case(c, "good-two-anchors", "X-008", "ok", BELOW, MIDDLE, bundles=both)


def told_of(c: Corpus, leaf: bytes) -> bytes:
    """Give the evidence of a good leaf; the root's key is what verified."""
    fed = {
        "age": 0,
        "digest": evidence.sha256(ROOT.der),
        "kind": "trust_domain",
        "name": DOMAIN,
        "slot": "x509",
    }
    return evidence.allow(
        c,
        "x509_svid",
        leaf,
        ROOT.key,
        "default.json",
        identity=SUB,
        subject=SUB,
        attestor="spiffe",
        bundle=fed,
        trust_domain=DOMAIN,
    )


def x509_pem(der: bytes) -> bytes:
    """Armour a certificate."""
    lines = encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + lines + b"-----END CERTIFICATE-----\n"


def entry(c: Corpus, ca: Ca) -> Jwk:
    """Publish an authority as an `x509-svid` entry."""
    jwk = ca.key.jwk(use="x509-svid", x5c=[x5c(ca.der)])
    del jwk["kid"]
    return jwk


def identities(c: Corpus) -> None:
    """The one URI is a SPIFFE ID with a path, byte for byte."""
    char, domain = "spiffe_id_bad_path_char", "spiffe_id_bad_trust_domain_char"
    scheme, required = "spiffe_id_wrong_scheme", "spiffe_id_path_required"
    for label, rule, reason, names in [
        ("none", "X-001", "uri_san_missing", [dns("a.example.org")]),
        ("in-dns", "X-001", "uri_san_missing", [dns(SUB)]),
        ("two", "X-001", "uri_san_multiple", [uri(SUB), uri(SUB + "-2")]),
        ("twice", "X-001", "uri_san_multiple", [uri(SUB), uri(SUB)]),
        (
            "beside-https",
            "X-001",
            "uri_san_multiple",
            [uri(SUB), uri("https://example.org/")],
        ),
        (
            "behind-https",
            "X-001",
            "uri_san_multiple",
            [uri("https://example.org/"), uri(SUB)],
        ),
        ("empty", "X-002+S-001", "spiffe_id_empty", [uri("")]),
        ("https", "X-002+S-001", scheme, [uri("https://example.org/ns")]),
        ("upper-scheme", "X-002+S-002", scheme, [uri("SPIFFE://example.org/ns/a")]),
        ("mixed-scheme", "X-002+S-002", scheme, [uri("Spiffe://example.org/ns/a")]),
        ("upper-domain", "X-002+S-002", domain, [uri("spiffe://Example.org/ns/a")]),
        ("escape-in-path", "X-002+S-006", char, [uri("spiffe://example.org/%61")]),
        ("escape-in-domain", "X-002+S-006", domain, [uri("spiffe://ex%61mple.org/a")]),
        ("nul-at-end", "X-002", char, [uri(SUB.encode() + b"\0")]),
        ("nul-in-path", "X-002", char, [uri(SUB.encode() + b"\0.evil")]),
        ("nul-in-domain", "X-002", domain, [uri(b"spiffe://example.org\0.evil/a")]),
        ("utf-8-in-path", "X-002+S-010", char, [uri("spiffe://example.org/ü")]),
        ("utf-8-in-domain", "X-002+S-004", domain, [uri("spiffe://exämple.org/a")]),
        ("latin-1-in-path", "X-002", char, [uri(b"spiffe://example.org/\xfc")]),
        ("latin-1-in-domain", "X-002", domain, [uri(b"spiffe://ex\xe4mple.org/a")]),
        ("space", "X-002+S-010", char, [uri("spiffe://example.org/a b")]),
        ("query", "X-002+S-013", char, [uri("spiffe://example.org/a?b")]),
        ("fragment", "X-002+S-013", char, [uri("spiffe://example.org/a#b")]),
        ("port", "X-002+S-005", domain, [uri("spiffe://example.org:443/a")]),
        ("user", "X-002+S-005", domain, [uri("spiffe://u@example.org/a")]),
        (
            "no-domain",
            "X-002+S-003",
            "spiffe_id_missing_trust_domain",
            [uri("spiffe:///a")],
        ),
        (
            "dot-segment",
            "X-002+S-012",
            "spiffe_id_dot_segment",
            [uri("spiffe://example.org/a/../b")],
        ),
        (
            "empty-segment",
            "X-002+S-011",
            "spiffe_id_empty_segment",
            [uri("spiffe://example.org/a//b")],
        ),
        (
            "trailing-slash",
            "X-002+S-011",
            "spiffe_id_trailing_slash",
            [uri("spiffe://example.org/a/")],
        ),
        (
            "root-path",
            "X-004+S-011",
            "spiffe_id_trailing_slash",
            [uri("spiffe://example.org/")],
        ),
        (
            "too-long",
            "X-002+S-009",
            "spiffe_id_too_long",
            [uri("spiffe://example.org/" + "a" * 2028)],
        ),
        ("no-path", "X-004", required, [uri("spiffe://example.org")]),
    ]:
        case(c, f"uri-{label}", rule, reason, ROOT.leaf(*names))
    case(c, "uri-no-san", "X-001", "uri_san_missing", ROOT.leaf(names=None))
    lax = c.policy("x509-no-path", policy(require_path=False))
    plain = ROOT.leaf(uri("spiffe://example.org"))
    case(c, "uri-no-path-for-tokens", "X-004", required, plain, policy=lax)
    longest = "spiffe://example.org/" + "a" * 2027
    leaf = ROOT.leaf(uri(longest))
    case(c, "uri-longest", "S-009", "ok", leaf, identity=longest)
    special = "spiffe://example.org/A-b_c.9/..."
    case(
        c,
        "uri-every-character",
        "S-010",
        "ok",
        ROOT.leaf(uri(special)),
        identity=special,
    )
    ours = c.policy("x509-addresses", policy(trust_domains=["10.0.0.1"]))
    address = "spiffe://10.0.0.1/a"
    case(
        c,
        "uri-address",
        "S-007",
        "ok",
        ROOT.leaf(uri(address)),
        bundles=anchors(c, "address", ROOT, domain="10.0.0.1"),
        policy=ours,
        identity=address,
    )


def other_names(c: Corpus) -> None:
    """Names of other forms may stand beside the URI, and mean nothing."""
    kinds = {
        "dns": dns("orders.example.org"),
        "several-dns": dns("a.example.org") + dns("b.example.org"),
        "ip": tlv(x509.IP, bytes([10, 0, 0, 1])),
        "email": tlv(x509.EMAIL, b"orders@example.org"),
        "directory": tlv(x509.DIRECTORY, x509.name("orders")),
        "dns-like-id": dns("spiffe://example.org/ns/b"),
    }
    for label, names in kinds.items():
        case(c, f"beside-{label}", "X-001", "ok", ROOT.leaf(uri(SUB), names))
        case(c, f"behind-{label}", "X-001", "ok", ROOT.leaf(names, uri(SUB)))
    case(c, "beside-all", "X-001", "ok", ROOT.leaf(uri(SUB), *kinds.values()))
    like = ROOT.leaf(subject="spiffe://example.org/ns/b")
    case(c, "subject-like-id", "X-001", "ok", like)
    empty = ROOT.leaf(subject="", names=alternative(uri(SUB), critical=True))
    case(c, "subject-empty", "X-021", "ok", empty)
    not_critical = ROOT.leaf(subject="")
    case(c, "subject-empty-san-not-critical", "X-021", "ok", not_critical)
    case(
        c,
        "san-critical",
        "X-008",
        "ok",
        ROOT.leaf(names=alternative(uri(SUB), critical=True)),
    )


def leaf_uses(c: Corpus) -> None:
    """A leaf is no CA, and its key is for signing only."""
    forbidden = "leaf_key_usage_forbidden"
    missing = "leaf_digital_signature_missing"
    for label, rule, reason, changes in [
        ("basic-absent", "X-003", "ok", {"basic": None}),
        ("basic-not-critical", "X-003", "ok", {"basic": basic(critical=False)}),
        ("ca", "X-003", "leaf_is_ca", {"basic": basic(True)}),
        ("ca-path-len", "X-003", "leaf_is_ca", {"basic": basic(True, 0)}),
        (
            "ca-not-critical",
            "X-003",
            "leaf_is_ca",
            {"basic": basic(True, critical=False)},
        ),
        ("usage-absent", "X-006", "ok", {"usage": None}),
        ("usage-signing-only", "X-006", "ok", {"usage": usage(DIGITAL)}),
        (
            "usage-not-critical",
            "X-006",
            "ok",
            {"usage": usage(DIGITAL, critical=False)},
        ),
        ("usage-nine-bits", "X-006", "ok", {"usage": usage(DIGITAL, AGREEMENT, 8)}),
        ("usage-cert-sign", "X-005", forbidden, {"usage": usage(DIGITAL, CERT_SIGN)}),
        ("usage-crl-sign", "X-005", forbidden, {"usage": usage(DIGITAL, CRL_SIGN)}),
        (
            "usage-both",
            "X-005",
            forbidden,
            {"usage": usage(DIGITAL, CERT_SIGN, CRL_SIGN)},
        ),
        (
            "usage-cert-sign-not-critical",
            "X-005",
            forbidden,
            {"usage": usage(DIGITAL, CERT_SIGN, critical=False)},
        ),
        ("usage-encipherment", "X-006", missing, {"usage": usage(KEY_ENCIPHERMENT)}),
        ("usage-agreement", "X-006", missing, {"usage": usage(AGREEMENT)}),
        ("usage-content-commitment", "X-006", missing, {"usage": usage(1)}),
        ("usage-second-byte-only", "X-006", missing, {"usage": usage(8)}),
    ]:
        case(c, f"leaf-{label}", rule, reason, ROOT.leaf(**changes))
    issuing = ROOT.ca("issuing", basic=basic(True), plus=(alternative(uri(SUB)),))
    case(c, "leaf-is-intermediate", "X-003+X-011", "leaf_is_ca", issuing)
    case(c, "leaf-is-root", "X-003+X-011", "leaf_is_ca", ROOT)
    case(c, "leaf-not-first", "X-019", "leaf_is_ca", MIDDLE, BELOW)


def extended_uses(c: Corpus) -> None:
    """An extended key usage, if there is one, must cover the role."""
    usages: dict[str, tuple[str, ...] | None] = {
        "absent": None,
        "client": (CLIENT,),
        "server": (SERVER,),
        "both": (SERVER, CLIENT),
        "every": (ANY_USAGE,),
        "every-and-other": (CODE_SIGNING, ANY_USAGE),
        "other": (CODE_SIGNING,),
    }
    everywhere = {"absent", "both", "every", "every-and-other"}
    accepted = {
        "default": everywhere | {"client"},
        "client": everywhere | {"client"},
        "server": everywhere | {"server"},
        "both": everywhere,
        "any": set(usages),
    }
    for role, fitting in accepted.items():
        setting = None if role == "default" else {"eku": role}
        rules = c.policy(f"x509-eku-{role}", policy(x509=setting))
        for label, ids in usages.items():
            leaf = ROOT.leaf(extended=ids and extended(*ids))
            reason = "ok" if label in fitting else "eku_mismatch"
            case(c, f"eku-{role}-{label}", "X-007", reason, leaf, policy=rules)
    critical = extended(CLIENT, critical=True)
    case(c, "eku-critical", "X-007", "ok", ROOT.leaf(extended=critical))
    # A CA's own is no rule of path validation (RFC 5280, section 6.1).
    for label, id in [("server", SERVER), ("other", CODE_SIGNING)]:
        narrow = ROOT.ca("narrow", plus=(extended(id),))
        case(c, f"eku-of-intermediate-{label}", "X-008", "ok", narrow.leaf(), narrow)


def extensions(c: Corpus) -> None:
    """A critical extension is understood or fatal; no extension occurs twice."""
    strange = {
        critical: extension(PRIVATE_EXTENSION, b"\x05\x00", critical=critical)
        for critical in (False, True)
    }
    for critical, reason in [(False, "ok"), (True, CRITICAL)]:
        label = "critical" if critical else "not-critical"
        plus = (strange[critical],)
        leaf = ROOT.leaf(plus=plus)
        case(c, f"extension-leaf-{label}", "X-008", reason, leaf)
        middle = ROOT.ca("middle", plus=plus)
        case(c, f"extension-middle-{label}", "X-008", reason, middle.leaf(), middle)
        extra = ROOT.ca("extra", plus=plus)
        case(c, f"extension-unneeded-{label}", "X-019", "ok", LEAF, extra)
    twins = [
        ("unknown", (strange[False], strange[False]), {}),
        ("basic", (basic(),), {}),
        ("usage", (usage(DIGITAL),), {}),
        ("extended", (extended(CLIENT),), {}),
        ("names", (alternative(uri(SUB)),), {}),
    ]
    for label, plus, changes in twins:
        leaf = ROOT.leaf(plus=plus, **changes)
        case(c, f"extension-twice-{label}", "X-008", MALFORMED, leaf)
    twice = ROOT.ca("middle", plus=(basic(True),))
    case(c, "extension-twice-middle", "X-008", MALFORMED, twice.leaf(), twice)
    for label, changes in [
        ("names-no-sequence", {"names": extension("2.5.29.17", uri(SUB))}),
        ("names-cut", {"names": extension("2.5.29.17", tlv(0x30, uri(SUB))[:-1])}),
        (
            "names-and-more",
            {"names": extension("2.5.29.17", tlv(0x30, uri(SUB)) + b"\0")},
        ),
        ("usage-no-bits", {"usage": extension("2.5.29.15", b"\x04\x01\x80")}),
        ("extended-empty", {"extended": extended()}),
        (
            "basic-boolean-one",
            {"basic": extension("2.5.29.19", b"\x30\x03\x01\x01\x01")},
        ),
        ("basic-no-sequence", {"basic": extension("2.5.29.19", b"\x01\x01\x00")}),
        ("basic-empty-value", {"basic": extension("2.5.29.19", b"")}),
    ]:
        case(c, f"extension-broken-{label}", "X-008", MALFORMED, ROOT.leaf(**changes))


def form(c: Corpus) -> None:
    """A chain is DER certificates of version 3, one after the other."""
    der, middle = LEAF.der, MIDDLE.der
    indefinite = b"\x30\x80" + der[4:] + b"\0\0"
    # The same lengths in one byte more than needed.
    long_length = b"\x30\x83\x00" + der[2:]
    inside = x509.sequence(der[4:] + b"\x05\x00")
    for label, reason, chain in [
        ("empty", "chain_empty", b""),
        ("pem", MALFORMED, x509_pem(der)),
        ("text", MALFORMED, b"not a certificate"),
        ("nul", MALFORMED, b"\0"),
        ("cut", MALFORMED, der[:-1]),
        ("first-byte", MALFORMED, der[:1]),
        ("header", MALFORMED, der[:4]),
        ("empty-sequence", MALFORMED, b"\x30\x00"),
        ("trailing-nul", MALFORMED, der + b"\0"),
        ("trailing-newline", MALFORMED, der + b"\n"),
        ("trailing-null", MALFORMED, der + b"\x05\x00"),
        ("leading-nul", MALFORMED, b"\0" + der),
        ("between", MALFORMED, der + b"\0" + middle),
        ("second-cut", MALFORMED, der + middle[:-1]),
        ("second-text", MALFORMED, der + b"text"),
        ("more-inside", MALFORMED, inside),
        ("indefinite-length", MALFORMED, indefinite),
        ("long-length", MALFORMED, long_length),
        ("set", MALFORMED, b"\x31" + der[1:]),
        ("wrapped", MALFORMED, x509.sequence(der)),
        ("key-only", MALFORMED, x509.key_info(LEAF.key)),
    ]:
        case(c, f"form-{label}", "X-019", reason, chain)
    plain = {"extensions": ()}
    for label, version in [("v1", 0), ("v2", 1), ("v4", 3)]:
        leaf = x509.replace(LEAF, version=version)
        case(c, f"form-{label}-with-extensions", "X-008", MALFORMED, leaf)
    v1 = x509.replace(LEAF, version=0, **plain)
    case(c, "form-v1", "X-008", MALFORMED, v1)
    old = Ca(x509.replace(MIDDLE.certificate, version=0, **plain))
    case(c, "form-v1-intermediate", "X-009", MALFORMED, BELOW, old)
    bare = x509.replace(LEAF, **plain)
    case(c, "form-no-extensions", "X-001", "uri_san_missing", bare)
    sha384 = x509.algorithm(ROOT.key, "sha384")
    null = x509.sequence(x509.oid("1.2.840.10045.4.3.2"), tlv(x509.NULL))
    for label, identifier in [("other", sha384), ("null", null)]:
        for where in ("inner", "outer"):
            changes: dict[str, Any] = {where: identifier}
            leaf = ROOT.leaf(**changes)
            case(c, f"form-algorithm-{where}-{label}", "X-018", MALFORMED, leaf)
    broken = bytearray(der)
    broken[-1] ^= 1
    case(c, "form-signature-flipped", "X-008", UNTRUSTED, bytes(broken))
    swapped = der.replace(b"/ns/prod/sa/orders", b"/ns/prod/sa/0rders")
    case(c, "form-name-flipped", "X-008", UNTRUSTED, swapped)


def routing(c: Corpus) -> None:
    """The leaf's trust domain finds the attestor; where several take it, the audience."""
    near = attestor(id="near", audiences=["near"], allow={"ids": [SUB]})
    far = attestor(id="far", audiences=["far"], allow={"ids": [SUB + "-2"]})
    token_only = oidc(id="oidc")
    rules = c.policy("x509-two-attestors", of(near, far, token_only))
    one = c.policy(
        "x509-one-attestor", of(attestor(audiences=["near", "far"]), token_only)
    )
    unknown, mismatch = "trust_domain_unknown", "audience_mismatch"
    for label, reason, request, chosen in [
        ("none", "audience_missing", "-", rules),
        ("near", "ok", "audience=near", rules),
        ("far", "not_allowed", "audience=far", rules),
        ("nobodys", mismatch, "audience=nobody", rules),
        ("case", mismatch, "audience=Near", rules),
        ("of-issuer", mismatch, f"audience={AUDIENCE}", rules),
        ("forced-near", "ok", "attestor=near", rules),
        ("forced-far", "not_allowed", "attestor=far", rules),
        ("forced-and-its-audience", "ok", "attestor=near;audience=near", rules),
        ("forced-and-other-audience", mismatch, "attestor=near;audience=far", rules),
        ("forced-issuer", "typ_mismatch", "attestor=oidc", rules),
        ("forced-unknown", "attestor_unknown", "attestor=x", rules),
        ("one-none", "ok", "-", one),
        ("one-first", "ok", "audience=near", one),
        ("one-second", "ok", "audience=far", one),
        ("one-nobodys", mismatch, "audience=nobody", one),
    ]:
        name = f"route-{label}"
        case(c, name, "O-013", reason, LEAF, policy=chosen, request=request)
    main = attestor(id="main", trust_domains=[DOMAIN])
    partner = attestor(id="partner", trust_domains=[PARTNER])
    apart = c.policy("x509-apart", of(main, partner))
    case(c, "route-by-domain", "X-013", "ok", LEAF, policy=apart)
    forced = {"policy": apart, "request": "attestor=partner"}
    case(c, "route-forced-other-domain", "X-013", unknown, LEAF, **forced)
    issuers_only = c.policy("x509-issuers-only", of(token_only))
    case(c, "route-issuers-only", "X-013", unknown, LEAF, policy=issuers_only)
    passports_only = c.policy("x509-passports-only", of(native()))
    case(c, "route-passports-only", "X-013", unknown, LEAF, policy=passports_only)
    beside = {"policy": passports_only, "passport": passport(c), "admit": True}
    case(c, "route-passport-does-not-help", "N-001", unknown, LEAF, **beside)


def policies(c: Corpus) -> None:
    """Who may enter is asked of a chain as of a token; it has no claims."""
    folder = "spiffe://example.org/ns/prod"
    for label, reason, allow in [
        ("id", "ok", {"ids": [SUB]}),
        ("other-id", "not_allowed", {"ids": [SUB + "-2"]}),
        ("prefix", "ok", {"prefixes": [folder + "/"]}),
        (
            "other-prefix",
            "not_allowed",
            {"prefixes": ["spiffe://example.org/ns/test/"]},
        ),
        ("claims", "not_allowed", {"claims": [{"/iss": ["x"]}]}),
        ("claims-sub", "not_allowed", {"claims": [{"/sub": [SUB]}]}),
        ("claims-or-id", "ok", {"ids": [SUB], "claims": [{"/iss": ["x"]}]}),
    ]:
        rules = c.policy(f"x509-allow-{label}", policy(allow=allow))
        case(c, f"allow-{label}", "X-011", reason, LEAF, policy=rules)
    mapped = {
        "match": "spiffe://example.org/ns/{ns}/sa/{sa}",
        "internal_identity": "agent/{sa}",
    }
    rules = c.policy("x509-map", policy(map=[mapped], map_required=True))
    case(c, "map-fits", "X-011", "ok", LEAF, policy=rules)
    stray = ROOT.leaf(uri("spiffe://example.org/other"))
    case(c, "map-does-not-fit", "X-011", "not_mapped", stray, policy=rules)
    # What limits tokens is not asked of a chain.
    limits = {
        "max_lifetime_secs": 1,
        "max_token_age_secs": 1,
        "kid_policy": "required",
        "algorithms": ["RS256"],
    }
    rules = c.policy("x509-token-limits", policy(**limits))
    case(c, "map-token-limits", "X-018", "ok", LEAF, policy=rules)
    for label, value in [
        ("eku-unknown", {"eku": "peer"}),
        ("eku-list", {"eku": ["client"]}),
        ("crl-unknown", {"crl": "off"}),
        ("member-unknown", {"max_depth": 3}),
        ("list", []),
        ("null", None),
    ]:
        document = policy()
        document["attestors"][0]["x509"] = value
        rules = c.policy(f"x509-bad-{label}", document)
        case(c, f"policy-{label}", "C-009", "config_invalid", LEAF, policy=rules)


def sources(c: Corpus) -> None:
    """The authorities are those of the `x509` slot, as last fed."""
    jwt_only = c.put(
        "chain-jwt-only", {"keys": [c.jwt_jwk("p256")]}, form="workload_api_jwks"
    )
    plain = c.put("chain-plain", {"keys": [c.keys["p256"].jwk()]}, form="jwks")
    case(c, "source-none", "X-013", UNAVAILABLE, LEAF, bundles=[])
    case(c, "source-workload-api-keys", "X-013", UNAVAILABLE, LEAF, bundles=jwt_only)
    case(c, "source-key-set", "X-013", UNAVAILABLE, LEAF, bundles=plain)
    fed = anchors(c, "root", ROOT)
    case(c, "source-beside-keys", "X-013", "ok", LEAF, bundles=[fed, jwt_only])
    # A SPIFFE bundle speaks for both uses: one without authorities has revoked them.
    keys = c.put("chain-bundle-of-keys", {"keys": [c.jwt_jwk("p256")]})
    empty = c.put("chain-bundle-empty", {"keys": []})
    for label, item in [("keys", keys), ("empty", empty)]:
        name = f"source-bundle-of-{label}"
        case(c, name, "B-002", UNTRUSTED, LEAF, bundles=[item])
        case(
            c, f"{name}-after-root", "B-002+F-005", UNTRUSTED, LEAF, bundles=[fed, item]
        )
        case(c, f"{name}-before-root", "B-002", "ok", LEAF, bundles=[item, fed])
    other = anchors(c, "other", OTHER_ROOT)
    case(c, "source-replaced", "F-005", UNTRUSTED, LEAF, bundles=[fed, other])
    case(c, "source-replaced-back", "F-005", "ok", LEAF, bundles=[other, fed])
    bad = c.put("chain-garbage", b"garbage", form="x509_der", fails=True)
    case(c, "source-last-good", "L-009", "ok", LEAF, bundles=[fed, bad])
    cut = c.put("chain-cut", ROOT.der + b"\0", form="x509_der")
    case(c, "source-trailing-byte", "L-009", "bundle_malformed", LEAF, bundles=[cut])
    armoured = c.put("chain-pem-as-der", x509_pem(ROOT.der), form="x509_der")
    case(c, "source-pem-as-der", "L-009", "bundle_malformed", LEAF, bundles=[armoured])
    issuer = c.put(
        "chain-root", ROOT.der, domain="https://example.org", form="x509_der"
    )
    case(c, "source-of-issuer", "B-015", "format_unsupported", LEAF, bundles=[issuer])
    usual = c.put("chain-both-uses", {"keys": [authority_jwk(c), c.jwt_jwk("p256")]})
    case(c, "source-other-authority", "X-013", UNTRUSTED, LEAF, bundles=[usual])
    # A token's key is no authority, and an authority no token's key.
    token_key = x509.root("root", c.ec("p256"))
    case(c, "source-token-key", "J-011", UNTRUSTED, token_key.leaf(), bundles=[usual])


def order(c: Corpus) -> None:
    """Size, form, leaf, route, time, source, path, possession, allow: in this order."""
    rules = c.policy("x509-nobody", policy(allow={"ids": [SUB + "-2"]}))
    no_proof = {
        "possession": "challenge",
        "challenge": CHALLENGE,
        "proof": x509.proof(x509.ec_key("x509 thief"), b""),
        "request": f"audience={AUDIENCE}",
    }
    forged = x509.replace(LEAF, signer=x509.ec_key("x509 forger"))
    late = {"not_after": NOW - 1}
    unknown = ROOT.leaf(uri("spiffe://x.example/a"), **late)
    for label, reason, chain, options in [
        ("long-before-form", LONG, [LEAF.der * 6, b"\x30\x00"], {}),
        ("form-before-leaf", MALFORMED, [ROOT, b"\0"], {}),
        (
            "leaf-before-route",
            "leaf_is_ca",
            [ROOT],
            {"policy": "x509-issuers-only.json"},
        ),
        ("route-before-time", "trust_domain_unknown", [unknown], {}),
        (
            "path-before-time",
            "spiffe_id_path_required",
            [ROOT.leaf(uri("spiffe://example.org"), **late)],
            {},
        ),
        ("time-before-source", EXPIRED, [ROOT.leaf(**late)], {"bundles": []}),
        ("time-before-signature", EXPIRED, [x509.replace(forged, **late)], {}),
        ("source-before-signature", UNAVAILABLE, [forged], {"bundles": []}),
        ("signature-before-proof", UNTRUSTED, [forged], no_proof),
        ("signature-before-possession", UNTRUSTED, [forged], {"possession": None}),
        ("signature-before-allow", UNTRUSTED, [forged], {"policy": rules}),
        ("proof-before-allow", SIGNATURE, [LEAF], no_proof | {"policy": rules}),
        (
            "possession-before-allow",
            REQUIRED,
            [LEAF],
            {"policy": rules, "possession": None},
        ),
        ("source-before-proof", UNAVAILABLE, [LEAF], no_proof | {"bundles": []}),
        ("passport-before-chain", "malformed_token", [b"\0"], {"passport": b"x"}),
    ]:
        case(c, f"order-x509-{label}", "X-008", reason, *chain, **options)
