"""Bundle maps: the bundles of all trust domains of a feed, in one document."""

from __future__ import annotations

from typing import Any

from ..certs import x5c
from ..corpus import DOMAIN, PARTNER, SUB, Corpus
from ..encoding import js
from ..keys import Jwk
from . import oidc as issuers
from .common import MAIN, PARTNERS, main_bundle, partner_bundle, policy
from .oidc import FED, IDENTITY
from .x509_svid import LEAF, ROOT, joined

PARTNER_SUB = "spiffe://partner.example/ns/a"
MALFORMED, DUPLICATE = "bundle_malformed", "bundle_duplicate_trust_domain"
NAME, UNAVAILABLE = "source_name_invalid", "bundle_unavailable"
Document = Jwk | bytes


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    good(c)
    isolation(c)
    names(c)
    duplicates(c)
    documents(c)
    broken_bundles(c)
    state_of_the_world(c)
    targets(c)


def put(c: Corpus, label: str, document: Document, *, name: str = "") -> str:
    """Put a map, under the empty name unless another is given."""
    return c.put(f"map-{label}", document, domain=name, form="bundle_map")


def domains(**bundles: Any) -> Jwk:
    """Give a map; two underscores stand for the dot of a name."""
    return {
        "trust_domains": {name.replace("__", "."): b for name, b in bundles.items()}
    }


def both(c: Corpus) -> Jwk:
    """Give the map of the two usual domains."""
    return domains(example__org=main_bundle(c), partner__example=partner_bundle(c))


def case(
    c: Corpus,
    name: str,
    rule: str,
    reason: str,
    *items: str,
    partner: bool = False,
    **options: Any,
) -> None:
    """Ask about a good token of the domain, or of its partner, under these items."""
    token = partner_token(c) if partner else c.token()
    named = PARTNER_SUB if partner else SUB
    usual: dict[str, Any] = {"bundles": list(items), "identity": named}
    c.case(f"map-{name}", rule, reason, token, **usual | options)


def partner_token(c: Corpus) -> bytes:
    """Sign a good token of the partner."""
    return c.token({"sub": js(PARTNER_SUB)}, key="partner")


def good(c: Corpus) -> None:
    """Every bundle of a map counts as if it were put alone."""
    whole = put(c, "both", both(c))
    case(c, "main", "B-016", "ok", whole)
    case(c, "partner", "B-016", "ok", whole, partner=True)
    one = put(c, "one", domains(example__org=main_bundle(c)))
    case(c, "one", "B-016", "ok", one)
    case(c, "one-other-absent", "B-016", UNAVAILABLE, one, partner=True)
    empty = put(c, "empty", {"trust_domains": {}})
    case(c, "empty", "B-016", UNAVAILABLE, empty)
    more = both(c) | {"comment": "x", "spiffe_sequence": 1, "keys": []}
    case(c, "unknown-members", "B-014+B-016", "ok", put(c, "more", more))
    revoked = put(c, "revoked", domains(example__org={"keys": []}))
    case(c, "revoked", "B-002", "kid_not_found", revoked)
    named = main_bundle(c) | {"trust_domain": DOMAIN}
    case(c, "own-name", "B-015", "ok", put(c, "named", domains(example__org=named)))
    entry = ROOT.key.jwk(use="x509-svid", x5c=[x5c(ROOT.der)])
    authority = put(c, "authority", domains(example__org={"keys": [entry]}))
    held = {"chain": joined([LEAF]), "possession": "tls"}
    name = "map-authority"
    c.case(name, "B-016+X-013", "ok", None, bundles=[authority], **held)
    c.case(
        "map-authority-other",
        "B-016+X-013",
        "chain_untrusted",
        None,
        bundles=[whole],
        **held,
    )
    any_domain = c.policy("map-any-domain", policy(trust_domains=["*"]))
    case(c, "every-domain", "B-016", "ok", whole, partner=True, policy=any_domain)


def isolation(c: Corpus) -> None:
    """The bundles of a map are never merged."""
    swapped = domains(example__org=partner_bundle(c), partner__example=main_bundle(c))
    item = put(c, "swapped", swapped)
    case(c, "swapped", "F-001", "signature_invalid", item)
    case(c, "swapped-partner", "F-001", "kid_not_found", item, partner=True)
    only = c.policy("map-only-main", policy(trust_domains=[DOMAIN]))
    item = put(c, "both", both(c))
    unknown = "trust_domain_unknown"
    case(c, "not-in-policy", "F-002", unknown, item, partner=True, policy=only)


def names(c: Corpus) -> None:
    """Every name is a trust domain, plain or as a SPIFFE ID without a path."""
    whole = {"trust_domains": {f"spiffe://{DOMAIN}": main_bundle(c)}}
    case(c, "name-as-id", "B-016+S-015", "ok", put(c, "name-as-id", whole))
    for label, name in [
        ("upper", "Example.org"),
        ("empty", ""),
        ("scheme-only", "spiffe://"),
        ("path", "spiffe://example.org/a"),
        ("slash", "example.org/"),
        ("https", "https://example.org"),
        ("port", "example.org:443"),
        ("space", "example org"),
        ("star", "*"),
        ("umlaut", "exämple.org"),
        ("long", "a" * 256),
    ]:
        bundle = {"keys": [c.jwt_jwk("p256")]}
        document = {"trust_domains": {DOMAIN: bundle, name: bundle}}
        item = put(c, f"name-{label}", document)
        case(c, f"name-{label}", "B-016+S-004", NAME, item)
        case(c, f"name-{label}-last-good", "B-016", "ok", MAIN, f"?{item}")
        # Nothing of a refused map is taken.
        case(c, f"name-{label}-nothing-taken", "B-016", UNAVAILABLE, f"?{item}")
    longest = "a" * 255
    bundle = {"keys": [c.jwt_jwk("p256")]}
    item = put(c, "name-longest", {"trust_domains": {longest: bundle, DOMAIN: bundle}})
    case(c, "name-longest", "S-008", "ok", item)


def duplicates(c: Corpus) -> None:
    """A trust domain is named once, however it is spelled."""
    good, other = (js({"keys": [c.jwt_jwk(name)]}) for name in ("p256", "p384"))

    def document(*members: tuple[str, str]) -> bytes:
        texts = [f'"{name}":{text}' for name, text in members]
        return ('{"trust_domains":{' + ",".join(texts) + "}}").encode()

    escaped = "\\u0065xample.org"
    for label, members in [
        ("same", [(DOMAIN, good), (DOMAIN, good)]),
        ("other", [(DOMAIN, good), (DOMAIN, other)]),
        ("escaped", [(DOMAIN, good), (escaped, other)]),
        ("escaped-first", [(escaped, good), (DOMAIN, other)]),
        ("as-id", [(DOMAIN, good), (f"spiffe://{DOMAIN}", other)]),
        ("as-id-first", [(f"spiffe://{DOMAIN}", good), (DOMAIN, other)]),
        ("as-id-escaped", [(DOMAIN, good), (f"spiffe:\\/\\/{DOMAIN}", other)]),
        ("apart", [(DOMAIN, good), (PARTNER, good), (DOMAIN, good)]),
        ("of-another", [(DOMAIN, good), (PARTNER, good), (PARTNER, other)]),
    ]:
        item = put(c, f"twice-{label}", document(*members))
        case(c, f"twice-{label}", "B-016", DUPLICATE, item)
        case(c, f"twice-{label}-last-good", "B-016", "ok", MAIN, f"?{item}")
    # A repeated member elsewhere is only bad JSON.
    twin = js({"keys": []})[:-1] + ',"keys":[]}'
    for label, text in [
        ("in-bundle", document((DOMAIN, twin))),
        ("at-top", b'{"trust_domains":{},"trust_domains":{}}'),
        ("beside", b'{"a":1,"a":2,"trust_domains":{}}'),
    ]:
        item = put(c, f"repeated-{label}", text)
        case(c, f"repeated-{label}", "E-008+B-016", MALFORMED, item)


def documents(c: Corpus) -> None:
    """A map is one JSON object with an object of trust domains."""
    bundle = main_bundle(c)
    whole = js(both(c)).encode()
    for label, document in [
        ("empty", b""),
        ("text", b"503 Service Unavailable\n"),
        ("array", b"[]"),
        ("null", b"null"),
        ("no-trust-domains", b"{}"),
        ("bundle", js(bundle).encode()),
        ("other-case", js({"Trust_Domains": {}}).encode()),
        ("domains-null", b'{"trust_domains":null}'),
        ("domains-array", b'{"trust_domains":[]}'),
        ("domains-string", b'{"trust_domains":"example.org"}'),
        ("cut", whole[:-1]),
        ("trailing", whole + b"}"),
        ("bom", b"\xef\xbb\xbf" + whole),
        ("not-utf-8", b'{"trust_domains":{"\xff":{"keys":[]}}}'),
        ("bundle-null", js({"trust_domains": {DOMAIN: None}}).encode()),
        ("bundle-array", js({"trust_domains": {DOMAIN: []}}).encode()),
        ("bundle-string", js({"trust_domains": {DOMAIN: js(bundle)}}).encode()),
        ("bundle-no-keys", js({"trust_domains": {DOMAIN: {}}}).encode()),
        ("bundle-keys-null", js({"trust_domains": {DOMAIN: {"keys": None}}}).encode()),
    ]:
        item = put(c, f"document-{label}", document)
        case(c, f"document-{label}", "B-016", MALFORMED, item)
        case(c, f"document-{label}-last-good", "B-016", "ok", MAIN, f"?{item}")


def broken_bundles(c: Corpus) -> None:
    """One bundle that cannot be taken refuses the map, and every last good bundle stays."""
    secret = c.jwt_jwk("p256") | {"d": "AAAA"}
    weak = c.rsa("rsa1024").jwk(use="jwt-svid")
    for label, reason, bundle in [
        ("malformed", MALFORMED, {"keys": {}}),
        ("private", "bundle_private_key", {"keys": [c.jwt_jwk("p384"), secret]}),
        ("unusable", "no_usable_keys", {"keys": [weak]}),
        (
            "other-name",
            "trust_domain_mismatch",
            partner_bundle(c) | {"trust_domain": DOMAIN},
        ),
        (
            "name-number",
            "trust_domain_mismatch",
            partner_bundle(c) | {"trust_domain": 1},
        ),
    ]:
        for where, members in [
            ("last", [(DOMAIN, main_bundle(c)), (PARTNER, bundle)]),
            ("first", [(PARTNER, bundle), (DOMAIN, main_bundle(c))]),
        ]:
            item = put(c, f"broken-{label}-{where}", {"trust_domains": dict(members)})
            name = f"broken-{label}-{where}"
            case(c, name, "B-016", reason, item)
            case(c, f"{name}-nothing-taken", "B-016", UNAVAILABLE, f"?{item}")
            kept = [MAIN, PARTNERS, f"?{item}"]
            case(c, f"{name}-last-good", "B-016", "ok", *kept)
            case(c, f"{name}-last-good-partner", "B-016", "ok", *kept, partner=True)
    # What single puts pass over, maps pass over.
    mixed = {"keys": [weak, c.jwt_jwk("p256"), {"use": "other"}, 1]}
    item = put(c, "mixed", domains(example__org=mixed))
    case(c, "skips-entries", "B-006", "ok", item)
    old = main_bundle(c) | {"spiffe_sequence": 6}
    item = put(
        c, "rollback", domains(example__org=old, partner__example=partner_bundle(c))
    )
    case(c, "rollback", "B-012", "bundle_rollback", MAIN, item)
    case(c, "rollback-last-good", "B-012", "ok", MAIN, f"?{item}")
    case(
        c,
        "rollback-others-taken",
        "B-012",
        "ok",
        MAIN,
        f"?{item}",
        partner=True,
    )
    case(c, "rollback-not", "B-012", "ok", put(c, "both", both(c)), MAIN)


def state_of_the_world(c: Corpus) -> None:
    """A map says all that its feed has: what it does not name is dropped."""
    whole = put(c, "both", both(c))
    one = put(c, "one", domains(example__org=main_bundle(c)))
    other = put(c, "other", domains(partner__example=partner_bundle(c)))
    empty = put(c, "empty", {"trust_domains": {}})
    case(c, "second-keeps", "B-017", "ok", whole, one)
    case(c, "second-drops", "B-017+F-004", UNAVAILABLE, whole, one, partner=True)
    case(c, "second-drops-main", "B-017+F-004", UNAVAILABLE, whole, other)
    case(c, "second-brings", "B-017", "ok", one, whole, partner=True)
    case(c, "second-brings-back", "B-017", "ok", whole, other, whole)
    case(c, "second-empty", "B-017", UNAVAILABLE, whole, empty)
    new = {"keys": [c.jwt_jwk("p256-next")]}
    replaced = put(c, "replaced", domains(example__org=new))
    case(c, "second-replaces", "F-005", "kid_not_found", one, replaced)
    # A single put is the same feed's, and so is what it filled.
    case(c, "drops-single-put", "B-017", UNAVAILABLE, PARTNERS, one, partner=True)
    case(c, "keeps-single-put-after", "B-017", "ok", one, PARTNERS, partner=True)
    case(
        c,
        "replaces-single-put",
        "B-017",
        "kid_not_found",
        f"{DOMAIN}=spiffe_bundle=partner-keys.json",
        replaced,
    )
    c.put("partner-keys", {"keys": [c.jwt_jwk("p256")]})
    # Issuers are no trust domains.
    token = issuers.token(c)
    options: dict[str, Any] = {"policy": "oidc.json", "identity": IDENTITY}
    for label, item in [("empty", empty), ("both", whole)]:
        bundles = [FED, item]
        c.case(
            f"map-{label}-leaves-issuers",
            "B-017",
            "ok",
            token,
            bundles=bundles,
            **options,
        )
    # A list of revoked certificates and authorities fed alone go too.
    alone = c.put("map-root", ROOT.der, form="x509_der")
    held = {"chain": joined([LEAF]), "possession": "tls"}
    for label, reason, items in [
        ("drops-authorities", UNAVAILABLE, [alone, other]),
        (
            "brings-none",
            "chain_untrusted",
            [alone, put(c, "keys-only", domains(example__org=new))],
        ),
        ("authorities-after", "ok", [other, alone]),
    ]:
        c.case(f"map-{label}", "B-017", reason, None, bundles=items, **held)


def targets(c: Corpus) -> None:
    """A map names its trust domains itself."""
    for label, name, reason in [
        ("domain", DOMAIN, NAME),
        ("issuer", "https://issuer.example", "format_unsupported"),
    ]:
        item = put(c, "both", both(c), name=name)
        case(c, f"put-under-{label}", "B-015", reason, item)
    for form in ("spiffe_bundle", "x509_der", "jwks", "x509_crl"):
        item = f"={form}=map-both.json"
        name = f"empty-name-{form.replace('_', '-')}"
        case(c, name, "B-015", NAME, item)
    whole = f"{DOMAIN}=spiffe_bundle=map-both.json"
    case(c, "as-bundle", "B-001", MALFORMED, whole)
