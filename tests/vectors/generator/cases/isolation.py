"""Section 6 over time, and between trust domains: what is kept, and what is apart."""

from __future__ import annotations

from ..corpus import DOMAIN, PARTNER, Corpus
from ..encoding import js
from ..keys import Jwk
from .common import MAIN, PARTNERS, authority_jwk, main_bundle, policy

WORKLOAD = "workload_api_jwks"
PARTNER_ID = "spiffe://partner.example/ns/a"
BOTH = [MAIN, PARTNERS]
NOT_FOUND, INVALID = "kid_not_found", "signature_invalid"


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    domains(c)
    fed_or_not(c)
    wildcard(c)
    last_good(c)
    revocation(c)
    rotation(c)


def domains(c: Corpus) -> None:
    """Keys come only from the bundle of the trust domain in `sub`."""
    partner = {"sub": js(PARTNER_ID)}
    shared = {"kid": '"p256"'}
    only_main = c.policy("only-main", policy(trust_domains=[DOMAIN]))
    case = c.case
    token = c.token(partner, key="partner")
    case("isolation-partner", "J-010", "ok", token, bundles=BOTH, identity=PARTNER_ID)
    token = c.token(partner, shared, key="partner")
    name = "isolation-partner-shared-kid"
    case(name, "J-010", "ok", token, bundles=BOTH, identity=PARTNER_ID)
    case("isolation-main", "J-010", "ok", c.token(), bundles=BOTH)
    case("isolation-main-fed-last", "J-010", "ok", c.token(), bundles=BOTH[::-1])
    token = c.token(header=shared, key="partner")
    case("isolation-shared-kid-wrong-key", "J-010+A-018", INVALID, token, bundles=BOTH)
    token = c.token(partner)
    case("isolation-shared-kid-main-key", "J-010+A-018", INVALID, token, bundles=BOTH)
    token = c.token(key="partner")
    case("isolation-partner-kid-in-main", "J-010", NOT_FOUND, token, bundles=BOTH)
    token = c.token(partner, key="p384")
    case("isolation-main-kid-in-partner", "J-010", NOT_FOUND, token, bundles=BOTH)
    token = c.token({"iss": js(f"spiffe://{PARTNER}")}, key="partner")
    case("isolation-iss-does-not-choose", "J-010+J-009", NOT_FOUND, token, bundles=BOTH)
    token = c.token({**partner, "iss": js(f"spiffe://{DOMAIN}")})
    case("isolation-iss-does-not-lend", "J-010+J-009", INVALID, token, bundles=BOTH)
    token = c.token(
        {**partner, "aud": js(["orders-prod", "spiffe://example.org"])}, key="p521"
    )
    case("isolation-aud-does-not-choose", "J-010", NOT_FOUND, token, bundles=BOTH)
    token = c.token(partner, key="partner")
    for name, bundles in [("fed", BOTH), ("not-fed", [MAIN])]:
        case(
            f"isolation-not-in-policy-{name}",
            "J-010",
            "trust_domain_unknown",
            token,
            bundles=bundles,
            policy=only_main,
        )
    local = c.policy("local-partner", policy(local_trust_domain=PARTNER))
    case("isolation-local-domain", "J-010", "ok", c.token(), bundles=BOTH, policy=local)


def fed_or_not(c: Corpus) -> None:
    """A trust domain of the policy without material is unavailable."""
    missing = "bundle_unavailable"
    token = c.token({"sub": js(PARTNER_ID)}, key="partner")
    c.case("fed-nothing", "J-010", missing, c.token(), bundles=[])
    c.case("fed-other-domain", "J-010", missing, token, bundles=[MAIN])
    c.case(
        "fed-other-domain-shared-kid",
        "J-010",
        missing,
        c.token({"sub": js(PARTNER_ID)}),
        bundles=[MAIN],
    )
    swapped = c.put("main", main_bundle(c), domain=PARTNER)
    c.case("fed-under-other-name", "B-015", missing, c.token(), bundles=[swapped])
    for name, content in failing(c):
        bundle = c.put(f"failing-{name}", content, fails=True)
        c.case(
            f"fed-only-failing-{name}", "B-002", missing, c.token(), bundles=[bundle]
        )


def wildcard(c: Corpus) -> None:
    """`*` lists every trust domain that is fed."""
    rules = c.policy("any-domain", policy(trust_domains=["*"]))
    token = c.token({"sub": js(PARTNER_ID)}, key="partner")
    c.case("wildcard-main", "J-010", "ok", c.token(), bundles=BOTH, policy=rules)
    case = "wildcard-partner"
    c.case(case, "J-010", "ok", token, bundles=BOTH, policy=rules, identity=PARTNER_ID)
    token = c.token({"sub": js(PARTNER_ID)}, key="p384")
    c.case("wildcard-other-key", "J-010", NOT_FOUND, token, bundles=BOTH, policy=rules)
    token = c.token({"sub": '"spiffe://never.fed/a"'})
    c.case(
        "wildcard-never-fed",
        "J-010",
        "bundle_unavailable",
        token,
        bundles=BOTH,
        policy=rules,
    )
    token = c.token({"sub": '"spiffe://*/a"'})
    reason = "spiffe_id_bad_trust_domain_char"
    c.case("wildcard-as-domain", "S-004", reason, token, bundles=BOTH, policy=rules)


def failing(c: Corpus) -> list[tuple[str, bytes | Jwk]]:
    """Give updates that fail, each for another reason."""
    good = c.jwt_jwk("p256-next")
    return [
        ("not-json", b"503 Service Unavailable\n"),
        ("no-keys", b"{}"),
        ("cut", js({"keys": [good]})[:-1].encode()),
        ("unusable", {"keys": [c.jwt_jwk("rsa1024")]}),
        ("no-use", {"keys": [c.ec("p256-next").jwk()]}),
        ("private", {"keys": [good, good | {"d": "AQAB"}]}),
        ("names-partner", {"trust_domain": PARTNER, "keys": [good]}),
    ]


def last_good(c: Corpus) -> None:
    """An update that fails changes nothing."""
    reasons = {
        "unusable": "no_usable_keys",
        "no-use": "no_usable_keys",
        "private": "bundle_private_key",
        "names-partner": "trust_domain_mismatch",
    }
    fresh = c.token(key="p256-next")
    for name, content in failing(c):
        ignored = c.put(f"failing-{name}", content, fails=True)
        loud = c.put(f"failing-{name}", content)
        case, kept = f"last-good-{name}", [MAIN, ignored]
        c.case(f"{case}-kept", "B-001+B-002", "ok", c.token(), bundles=kept)
        c.case(f"{case}-not-taken", "B-001+B-002", NOT_FOUND, fresh, bundles=kept)
        reason = reasons.get(name, "bundle_malformed")
        c.case(f"{case}-told", "B-001+B-002", reason, c.token(), bundles=[MAIN, loud])
    bad = [
        c.put(f"failing-{name}", content, fails=True) for name, content in failing(c)
    ]
    c.case(
        "last-good-many-failures",
        "B-002",
        "ok",
        c.token(),
        bundles=[bad[0], MAIN, *bad],
    )
    workload = c.put("failing-unusable", failing(c)[3][1], form=WORKLOAD, fails=True)
    plain = c.put(
        "plain-jwks",
        {"keys": [c.ec("p256").jwk(), c.rsa("rsa2048").jwk()]},
        form=WORKLOAD,
    )
    c.case(
        "last-good-workload", "B-002+B-005", "ok", c.token(), bundles=[plain, workload]
    )
    elsewhere = c.put("failing-not-json", failing(c)[0][1], domain=PARTNER, fails=True)
    c.case("last-good-elsewhere", "B-002", "ok", c.token(), bundles=[MAIN, elsewhere])
    recovered = c.put("next", {"keys": [c.jwt_jwk("p256-next")]})
    c.case(
        "last-good-then-better", "B-002", "ok", fresh, bundles=[MAIN, bad[0], recovered]
    )


def revocation(c: Corpus) -> None:
    """An empty set revokes every key; it is not a failure."""
    empty = c.put("empty", {"keys": []})
    rich = c.put(
        "empty-with-members",
        {"spiffe_sequence": 8, "spiffe_refresh_hint": 60, "keys": []},
    )
    plain = c.put("empty", {"keys": []}, form=WORKLOAD)
    named = c.put("empty-named", {"trust_domain": DOMAIN, "keys": []})
    for name, bundles in [
        ("at-once", [empty]),
        ("after-keys", [MAIN, empty]),
        ("with-members", [MAIN, rich]),
        ("named", [MAIN, named]),
        ("workload", [plain]),
        ("workload-after-keys", [MAIN.replace("spiffe_bundle", WORKLOAD), plain]),
        ("twice", [MAIN, empty, empty]),
    ]:
        c.case(f"revoked-{name}", "B-002", NOT_FOUND, c.token(), bundles=bundles)
    again = c.put("next", {"keys": [c.jwt_jwk("p256-next")]})
    token = c.token(key="p256-next")
    c.case("revoked-then-fed", "B-002", "ok", token, bundles=[MAIN, empty, again])
    c.case(
        "revoked-then-fed-old-key",
        "B-002",
        NOT_FOUND,
        c.token(),
        bundles=[MAIN, empty, again],
    )
    bad = c.put("failing-not-json", failing(c)[0][1], fails=True)
    c.case(
        "revoked-then-failing",
        "B-002",
        NOT_FOUND,
        c.token(),
        bundles=[MAIN, empty, bad],
    )
    other = c.put("empty", {"keys": []}, domain=PARTNER)
    c.case("revoked-elsewhere", "B-002+J-010", "ok", c.token(), bundles=[*BOTH, other])
    token = c.token({"sub": js(PARTNER_ID)}, key="partner")
    c.case("revoked-partner", "B-002+J-010", NOT_FOUND, token, bundles=[*BOTH, other])


def rotation(c: Corpus) -> None:
    """Keys come and go with the document that names them."""
    old, new = c.jwt_jwk("p256"), c.jwt_jwk("p256-next")
    authority = authority_jwk(c)
    first = c.put("rotation-1", {"spiffe_sequence": 1, "keys": [authority, old]})
    both = c.put("rotation-2", {"spiffe_sequence": 2, "keys": [authority, old, new]})
    last = c.put("rotation-3", {"spiffe_sequence": 3, "keys": [authority, new]})
    fresh = c.token(key="p256-next")
    for name, reason, token, bundles in [
        ("1-old", "ok", c.token(), [first]),
        ("1-new", NOT_FOUND, fresh, [first]),
        ("2-old", "ok", c.token(), [first, both]),
        ("2-new", "ok", fresh, [first, both]),
        ("3-old", NOT_FOUND, c.token(), [first, both, last]),
        ("3-new", "ok", fresh, [first, both, last]),
        ("skipped-old", NOT_FOUND, c.token(), [first, last]),
        ("skipped-new", "ok", fresh, [first, last]),
        ("repeated", "ok", c.token(), [first, first, first]),
        ("back", "bundle_rollback", c.token(), [first, last, first]),
    ]:
        c.case(f"rotation-{name}", "B-012", reason, token, bundles=bundles)
