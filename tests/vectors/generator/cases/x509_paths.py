"""Section 7: the path from a leaf to an authority of its own trust domain."""

from __future__ import annotations

from typing import Any

from .. import x509
from ..corpus import NOW, PARTNER, SUB, Corpus
from ..keys import Key
from ..x509 import (
    CERT_SIGN,
    CRL_SIGN,
    DIGITAL,
    PRIVATE_EXTENSION,
    Ca,
    Certificate,
    alternative,
    basic,
    constraints,
    dns,
    tlv,
    uri,
    usage,
)
from .common import policy
from .x509_svid import (
    ALG,
    BELOW,
    EARLY,
    EXPIRED,
    LEAF,
    LENGTH,
    LONG,
    MALFORMED,
    MIDDLE,
    NOT_CA,
    OTHER_ROOT,
    PARTNER_SUB,
    ROOT,
    UNAVAILABLE,
    UNSUPPORTED,
    UNTRUSTED,
    VIOLATION,
    WEAK,
    anchors,
    case,
    joined,
)


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    chains(c)
    validity(c)
    moments(c)
    domains(c)
    issuers(c)
    path_lengths(c)
    name_constraints(c)
    loops(c)
    budget(c)
    algorithms(c)
    weak_keys(c)


def ladder(count: int) -> list[Ca]:
    """Give so many intermediates, each issued by the one before."""
    rungs = [ROOT]
    for n in range(count):
        rungs.append(rungs[-1].ca(f"rung {n}"))
    return rungs[1:]


def chains(c: Corpus) -> None:
    """The leaf comes first; the rest is in any order and may be idle, up to six."""
    one, two, *_ = ladder(2)
    leaf = two.leaf()
    case(c, "chain-in-order", "X-019", "ok", leaf, two, one)
    case(c, "chain-out-of-order", "X-019", "ok", leaf, one, two)
    case(c, "chain-with-root", "X-019", "ok", leaf, two, one, ROOT)
    case(c, "chain-root-second", "X-019", "ok", leaf, ROOT, one, two)
    case(c, "chain-direct-with-root", "X-019", "ok", LEAF, ROOT)
    case(c, "chain-root-twice", "X-019", "ok", LEAF, ROOT, ROOT)
    case(c, "chain-leaf-twice", "X-019", "ok", LEAF, LEAF)
    case(c, "chain-middle-twice", "X-019", "ok", BELOW, MIDDLE, MIDDLE)
    case(c, "chain-other-leaf", "X-019", "ok", LEAF, ROOT.leaf(uri(SUB + "-2")))
    idle = [OTHER_ROOT, ROOT.ca("idle"), OTHER_ROOT.ca("other idle")]
    case(c, "chain-idle", "X-019", "ok", LEAF, *idle)
    case(c, "chain-idle-between", "X-019", "ok", leaf, *idle, two, one)
    case(c, "chain-gap", "X-008", UNTRUSTED, leaf, two)
    case(c, "chain-gap-below", "X-008", UNTRUSTED, leaf, one)
    case(c, "chain-leaf-only", "X-008", UNTRUSTED, leaf)
    case(c, "chain-unknown-root", "X-013", UNTRUSTED, OTHER_ROOT.leaf(), OTHER_ROOT)
    rungs = ladder(6)
    for count in (5, 6):
        chain = [rungs[count - 1].leaf(), *reversed(rungs[:count])]
        reason = "ok" if count == 5 else LONG
        case(c, f"chain-path-of-{count + 1}", "X-019", reason, *chain)
    for count in (5, 6):
        many = [ROOT.ca(f"idle {n}") for n in range(count)]
        reason = "ok" if count == 5 else LONG
        case(c, f"chain-idle-{count}", "X-019", reason, LEAF, *many)
    case(c, "chain-seven-of-one", "X-019", LONG, *[LEAF] * 7)
    size = len(joined([BELOW, MIDDLE, ROOT]))
    for label, limit, reason in [("fits", size, "ok"), ("exceeds", size - 1, LONG)]:
        rules = policy({"limits": {"chain_bytes": limit}})
        rules_file = c.policy(f"x509-bytes-{label}", rules)
        case(
            c,
            f"chain-bytes-{label}",
            "X-019",
            reason,
            BELOW,
            MIDDLE,
            ROOT,
            policy=rules_file,
        )
    # What limits a token does not limit a chain.
    short = c.policy(
        "x509-tokens-short", policy({"limits": {"credential_bytes": 1024}})
    )
    case(
        c, "chain-longer-than-tokens", "X-019", "ok", BELOW, MIDDLE, ROOT, policy=short
    )


def validity(c: Corpus) -> None:
    """Both ends of a validity belong to it, for every certificate of the path."""
    after, before = {"not_after": NOW}, {"not_before": NOW}
    late, soon = {"not_after": NOW - 1}, {"not_before": NOW + 1}
    for label, reason, changes in [
        ("last-second", "ok", after),
        ("expired", EXPIRED, late),
        ("first-second", "ok", before),
        ("early", EARLY, soon),
        ("one-second", "ok", {**after, **before}),
    ]:
        case(c, f"time-leaf-{label}", "X-014", reason, ROOT.leaf(**changes))
        middle = ROOT.ca("middle", **changes)
        case(c, f"time-middle-{label}", "X-014", reason, middle.leaf(), middle)
        top = x509.root("root", **changes)
        case(c, f"time-anchor-{label}", "X-014", reason, top.leaf(), bundles=top)
        chain = [top.ca("middle").leaf(), top.ca("middle")]
        case(c, f"time-anchor-above-{label}", "X-014", reason, *chain, bundles=top)
    expired = ROOT.ca("extra", not_after=NOW - 1)
    case(c, "time-unneeded-expired", "X-019", "ok", LEAF, expired)
    for leeway in (0, 60, 300):
        rules = c.policy(f"x509-leeway-{leeway}", policy(x509={"leeway_secs": leeway}))
        for label, reason, changes in [
            ("expired-within", "ok", {"not_after": NOW - leeway}),
            ("expired-beyond", EXPIRED, {"not_after": NOW - leeway - 1}),
            ("early-within", "ok", {"not_before": NOW + leeway}),
            ("early-beyond", EARLY, {"not_before": NOW + leeway + 1}),
        ]:
            leaf = ROOT.leaf(**changes)
            case(
                c, f"time-leeway-{leeway}-{label}", "X-014", reason, leaf, policy=rules
            )
    # The tolerance is the leaf's, and tokens have one of their own.
    rules = "x509-leeway-300.json"
    for label, reason, changes in [("expired", EXPIRED, late), ("early", EARLY, soon)]:
        middle = ROOT.ca("middle", **changes)
        name = f"time-leeway-middle-{label}"
        case(c, name, "X-014", reason, middle.leaf(), middle, policy=rules)
        top = x509.root("root", **changes)
        name = f"time-leeway-anchor-{label}"
        case(c, name, "X-014", reason, top.leaf(), bundles=top, policy=rules)
        skew = c.policy("x509-skew-300", policy({"clock_skew_secs": 300}))
        name = f"time-skew-is-for-tokens-{label}"
        case(c, name, "X-014", reason, ROOT.leaf(**changes), policy=skew)
    for label, value in [("negative", -1), ("large", 301), ("fraction", 1.5)]:
        rules = c.policy(f"x509-leeway-{label}", policy(x509={"leeway_secs": value}))
        case(c, f"time-leeway-{label}", "C-006", "config_invalid", LEAF, policy=rules)


def moments(c: Corpus) -> None:
    """Times have one spelling each (RFC 5280, section 4.1.2.5)."""
    forever = {"not_after": x509.FOREVER}
    case(c, "date-forever-leaf", "X-014", "ok", ROOT.leaf(**forever))
    middle, top = ROOT.ca("middle", **forever), x509.root("root", **forever)
    case(c, "date-forever-middle", "X-014", "ok", middle.leaf(), middle)
    case(c, "date-forever-anchor", "X-014", "ok", top.leaf(), bundles=top)
    case(c, "date-2050", "X-014", "ok", ROOT.leaf(not_after=2524608000))
    case(c, "date-2049", "X-014", "ok", ROOT.leaf(not_after=2524607999))
    from_2050 = ROOT.leaf(not_before=2524608000, not_after=2524608100)
    last = 2524608000
    top = x509.root("root", not_after=x509.FOREVER)
    case(
        c,
        "date-from-2050",
        "X-014",
        "ok",
        top.leaf(not_before=last, not_after=last + 9),
        bundles=top,
        now=last,
    )
    case(c, "date-from-2050-early", "X-014", EARLY, from_2050)
    start = x509.time(NOW - 60)
    for label, end in [
        ("utc-no-seconds", tlv(x509.UTC_TIME, b"3001010000Z")),
        ("utc-offset", tlv(x509.UTC_TIME, b"300101000000+0000")),
        ("utc-no-zone", tlv(x509.UTC_TIME, b"300101000000")),
        ("utc-month-13", tlv(x509.UTC_TIME, b"301301000000Z")),
        ("utc-day-31", tlv(x509.UTC_TIME, b"300431000000Z")),
        ("utc-february-29", tlv(x509.UTC_TIME, b"300229000000Z")),
        ("utc-hour-24", tlv(x509.UTC_TIME, b"300101240000Z")),
        ("utc-text", tlv(x509.UTC_TIME, b"3001010000 0Z")),
        ("general-fraction", tlv(x509.GENERALIZED, b"20600101000000.5Z")),
        ("general-no-zone", tlv(x509.GENERALIZED, b"20600101000000")),
        ("general-two-digits", tlv(x509.GENERALIZED, b"600101000000Z")),
        ("none", b""),
        ("integer", x509.integer(2000000000)),
        ("three", x509.time(NOW + 60) + x509.time(NOW + 60)),
    ]:
        leaf = ROOT.leaf(validity=x509.sequence(start, end))
        case(c, f"date-{label}", "X-014", MALFORMED, leaf)
    pivot = x509.sequence(start, tlv(x509.UTC_TIME, b"500101000000Z"))
    case(c, "date-utc-1950", "X-014", EXPIRED, ROOT.leaf(validity=pivot))
    leap = x509.sequence(start, tlv(x509.UTC_TIME, b"280229000000Z"))
    case(c, "date-leap-day", "X-014", "ok", ROOT.leaf(validity=leap))
    back = {"not_before": NOW - 10, "not_after": NOW - 20}
    case(c, "date-ends-before-it-begins", "X-014", EXPIRED, ROOT.leaf(**back))


def domains(c: Corpus) -> None:
    """Only the authorities of the leaf's own trust domain count."""
    fed = anchors(c, "root", ROOT)
    partner = anchors(c, "partner", OTHER_ROOT, domain=PARTNER)
    both = [fed, partner]
    theirs = uri(PARTNER_SUB)
    mine = {"identity": PARTNER_SUB, "bundles": both}
    case(c, "domain-partner", "X-013", "ok", OTHER_ROOT.leaf(theirs), **mine)
    case(c, "domain-main", "X-013", "ok", LEAF, bundles=both)
    case(
        c,
        "domain-main-by-partner",
        "X-013+F-001",
        UNTRUSTED,
        OTHER_ROOT.leaf(),
        bundles=both,
    )
    case(
        c,
        "domain-partner-by-main",
        "X-013+F-001",
        UNTRUSTED,
        ROOT.leaf(theirs),
        bundles=both,
    )
    with_root = [OTHER_ROOT.leaf(), OTHER_ROOT]
    case(c, "domain-brings-its-root", "X-013", UNTRUSTED, *with_root, bundles=both)
    crossed = Ca(x509.replace(OTHER_ROOT.certificate, issuer="root", signer=ROOT.key))
    chain = [OTHER_ROOT.leaf(theirs), crossed]
    case(c, "domain-crossed-for-partner", "X-013", "ok", *chain, **mine)
    chain = [OTHER_ROOT.leaf(), crossed]
    case(c, "domain-crossed-for-main", "X-012+X-013", "ok", *chain, bundles=both)
    crossed = Ca(
        x509.replace(ROOT.certificate, issuer="partner root", signer=OTHER_ROOT.key)
    )
    only = {"bundles": [partner]}
    case(c, "domain-not-fed", "X-013", UNAVAILABLE, LEAF, crossed, OTHER_ROOT, **only)
    stranger = ROOT.leaf(uri("spiffe://x.example/a"))
    unknown = "trust_domain_unknown"
    case(c, "domain-not-in-policy", "X-013", unknown, stranger, bundles=both)
    fed_x = anchors(c, "x", ROOT, domain="x.example")
    case(c, "domain-not-in-policy-but-fed", "X-013", unknown, stranger, bundles=[fed_x])
    parent = ROOT.leaf(uri("spiffe://sub.example.org/a"))
    case(c, "domain-below", "S-014", unknown, parent, bundles=both)
    # One authority in two domains (F-003): the leaf says which it is.
    shared = [fed, anchors(c, "root", ROOT, domain=PARTNER)]
    case(c, "domain-shared-authority-main", "F-003", "ok", LEAF, bundles=shared)
    leaf = ROOT.leaf(theirs)
    named = {"identity": PARTNER_SUB, "bundles": shared}
    case(c, "domain-shared-authority-partner", "F-003", "ok", leaf, **named)
    # Another domain's root of the same name and another key.
    twin = x509.root("root", x509.ec_key("x509 twin"))
    twins = [fed, anchors(c, "twin", twin, domain=PARTNER)]
    case(c, "domain-twin-root", "X-013", UNTRUSTED, twin.leaf(), bundles=twins)
    case(c, "domain-twin-root-own", "X-013", "ok", LEAF, bundles=twins)
    named = {"identity": PARTNER_SUB, "bundles": twins}
    case(c, "domain-twin-root-partner", "X-013", "ok", twin.leaf(theirs), **named)
    rotated = anchors(c, "rotated", twin, ROOT)
    case(c, "domain-two-roots-of-a-name", "X-008", "ok", LEAF, bundles=rotated)
    every = c.policy("x509-every-domain", policy(trust_domains=["*"]))
    options = {"bundles": [fed_x], "policy": every, "identity": "spiffe://x.example/a"}
    case(c, "domain-every", "X-013", "ok", stranger, **options)
    case(
        c,
        "domain-every-not-fed",
        "X-013",
        UNAVAILABLE,
        LEAF,
        bundles=[fed_x],
        policy=every,
    )
    # What a CA calls itself is not asked.
    for label, name in [
        ("root-slash", "spiffe://example.com/"),
        ("with-path", "spiffe://example.org/ca"),
        ("of-partner", "spiffe://partner.example"),
        ("upper", "SPIFFE://EXAMPLE.ORG"),
    ]:
        plus = (alternative(uri(name)),)
        top = x509.root("root", plus=plus)
        case(c, f"domain-anchor-{label}", "X-012", "ok", top.leaf(), bundles=top)
        middle = ROOT.ca("middle", plus=plus)
        case(c, f"domain-middle-{label}", "X-012", "ok", middle.leaf(), middle)
    several = ROOT.ca(
        "middle", plus=(alternative(uri("spiffe://a"), uri("spiffe://b")),)
    )
    case(c, "domain-middle-several", "X-012", "ok", several.leaf(), several)


def issuers(c: Corpus) -> None:
    """Every issuer of the path is a CA that may sign certificates."""
    for label, changes in [
        ("not-ca", {"basic": basic()}),
        ("basic-absent", {"basic": None}),
        ("no-cert-sign", {"usage": usage(DIGITAL, CRL_SIGN)}),
        ("no-cert-sign-not-critical", {"usage": usage(DIGITAL, critical=False)}),
    ]:
        middle = ROOT.ca("middle", **changes)
        case(c, f"issuer-{label}", "X-009", NOT_CA, middle.leaf(), middle)
        upper = ROOT.ca("upper", **changes)
        lower = upper.ca("lower")
        case(c, f"issuer-above-{label}", "X-009", NOT_CA, lower.leaf(), lower, upper)
        idle = ROOT.ca("idle", **changes)
        case(c, f"issuer-unneeded-{label}", "X-019", "ok", LEAF, idle)
    second = Ca(LEAF).leaf(key=x509.ec_key("x509 second"), subject="second")
    case(c, "issuer-is-leaf", "X-009", NOT_CA, second, LEAF)
    itself = x509.root(
        "workload", usage=usage(DIGITAL), basic=basic(), plus=(alternative(uri(SUB)),)
    )
    case(c, "issuer-is-itself", "X-013", UNTRUSTED, itself)
    not_critical = ROOT.ca("middle", basic=basic(True, critical=False))
    case(c, "issuer-ca-not-critical", "X-009", "ok", not_critical.leaf(), not_critical)
    more = ROOT.ca("middle", usage=usage(DIGITAL, CERT_SIGN, CRL_SIGN))
    case(c, "issuer-more-uses", "X-009", "ok", more.leaf(), more)
    only = ROOT.ca("middle", usage=usage(CERT_SIGN))
    case(c, "issuer-cert-sign-only", "X-009", "ok", only.leaf(), only)
    # No authority is made of what is no CA.
    for label, changes in [
        ("not-ca", {"basic": basic()}),
        ("no-cert-sign", {"usage": usage(CRL_SIGN)}),
    ]:
        top = x509.root("root", **changes)
        reason = "no_usable_keys"
        case(c, f"issuer-anchor-{label}", "B-011", reason, top.leaf(), bundles=top)
    # Names chain byte for byte, and names alone prove nothing.
    renamed = x509.replace(LEAF, issuer="Root")
    case(c, "issuer-other-name", "X-008", UNTRUSTED, renamed)
    forged = x509.replace(LEAF, signer=x509.ec_key("x509 forger"))
    case(c, "issuer-other-key", "X-008", UNTRUSTED, forged)
    forged_middle = Ca(
        x509.replace(MIDDLE.certificate, signer=x509.ec_key("x509 forger"))
    )
    case(c, "issuer-middle-other-key", "X-008", UNTRUSTED, BELOW, forged_middle)
    no_ids = ROOT.ca("middle", subject_key_id=None, authority_key_id=None)
    leaf = no_ids.leaf(subject_key_id=None, authority_key_id=None)
    case(c, "issuer-no-key-ids", "X-008", "ok", leaf, no_ids)


def path_lengths(c: Corpus) -> None:
    """A path length counts the intermediates below that are not self-issued."""

    def limited(length: int, **changes: Any) -> Ca:
        return x509.root("root", basic=basic(True, length), **changes)

    for length in range(3):
        top = limited(length)
        rungs = [top]
        for count in range(4):
            if count:
                rungs.append(rungs[-1].ca(f"rung {count}"))
            reason = "ok" if count <= length else LENGTH
            chain = [rungs[-1].leaf(), *reversed(rungs[1:])]
            name = f"path-anchor-{length}-with-{count}"
            case(c, name, "X-010", reason, *chain, bundles=top)
        upper = ROOT.ca("upper", basic=basic(True, length))
        rungs = [upper]
        for count in range(4):
            if count:
                rungs.append(rungs[-1].ca(f"rung {count}"))
            reason = "ok" if count <= length else LENGTH
            chain = [rungs[-1].leaf(), *reversed(rungs)]
            case(c, f"path-middle-{length}-with-{count}", "X-010", reason, *chain)
    # A self-issued certificate, as a change of keys leaves it, does not count.
    for label, top in [("anchor", limited(0)), ("free", x509.root("root"))]:
        again = top.ca("root", x509.ec_key("x509 root again"))
        chain = [again.leaf(), again]
        case(c, f"path-self-issued-{label}", "X-010", "ok", *chain, bundles=top)
        below = again.ca("below")
        reason = LENGTH if label == "anchor" else "ok"
        name = f"path-self-issued-{label}-and-one"
        case(c, name, "X-010", reason, below.leaf(), below, again, bundles=top)
    upper = ROOT.ca("upper", basic=basic(True, 0))
    again = upper.ca("upper", x509.ec_key("x509 upper again"))
    free = ROOT.ca("upper")
    freed = free.ca("upper", x509.ec_key("x509 upper again"))
    case(c, "path-self-issued-middle-free", "X-010", "ok", freed.leaf(), freed, free)
    # Stricter than RFC 5280 section 4.2.1.9, which leaves self-issued intermediates out of the count.
    case(c, "path-self-issued-middle", "X-010", "chain_untrusted", again.leaf(), again, upper)


def name_constraints(c: Corpus) -> None:
    """DNS and IP constraints are judged; a constraint on URIs refuses the path."""
    inside, outside = dns("a.example.org"), dns("a.example.net")
    address = tlv(x509.IP, bytes([10, 0, 0, 1]))
    network = tlv(x509.IP, bytes([10, 0, 0, 0, 255, 0, 0, 0]))
    elsewhere = tlv(x509.IP, bytes([192, 168, 0, 0, 255, 255, 0, 0]))
    own, other = dns("example.org"), dns("example.net")
    email = tlv(x509.EMAIL, b"orders@example.org")
    directory = tlv(x509.DIRECTORY, x509.name("workload"))
    for label, rule, reason, permitted, excluded, names in [
        ("uri-permitted", "X-015", UNSUPPORTED, [uri("example.org")], [], []),
        ("uri-permitted-other", "X-015", UNSUPPORTED, [uri("other.org")], [], []),
        ("uri-excluded", "X-015", UNSUPPORTED, [], [uri("example.org")], []),
        ("uri-excluded-other", "X-015", UNSUPPORTED, [], [uri("other.org")], []),
        ("uri-below", "X-015", UNSUPPORTED, [uri(".example.org")], [], []),
        ("uri-and-dns", "X-015", UNSUPPORTED, [uri("example.org"), own], [], [inside]),
        ("dns-permitted-without", "X-017", "ok", [own], [], []),
        ("dns-permitted-inside", "X-017", "ok", [own], [], [inside]),
        ("dns-permitted-itself", "X-017", "ok", [own], [], [own]),
        ("dns-permitted-case", "X-017", "ok", [dns("Example.ORG")], [], [inside]),
        ("dns-permitted-either", "X-017", "ok", [other, own], [], [inside]),
        ("dns-permitted-outside", "X-017", VIOLATION, [own], [], [outside]),
        ("dns-permitted-one-outside", "X-017", VIOLATION, [own], [], [inside, outside]),
        ("dns-permitted-suffix", "X-017", VIOLATION, [own], [], [dns("anexample.org")]),
        ("dns-excluded-without", "X-017", "ok", [], [other], []),
        ("dns-excluded-outside", "X-017", "ok", [], [other], [inside]),
        ("dns-excluded-inside", "X-017", VIOLATION, [], [own], [inside]),
        ("dns-excluded-itself", "X-017", VIOLATION, [], [own], [own]),
        ("dns-excluded-case", "X-017", VIOLATION, [], [dns("EXAMPLE.org")], [inside]),
        (
            "dns-excluded-wins",
            "X-017",
            VIOLATION,
            [own],
            [dns("a.example.org")],
            [inside],
        ),
        ("ip-permitted-inside", "X-017", "ok", [network], [], [address]),
        ("ip-permitted-outside", "X-017", VIOLATION, [elsewhere], [], [address]),
        ("ip-excluded-inside", "X-017", VIOLATION, [], [network], [address]),
        ("ip-excluded-outside", "X-017", "ok", [], [elsewhere], [address]),
        ("ip-permitted-without", "X-017", "ok", [network], [], [inside]),
        ("email-permitted", "X-017", UNSUPPORTED, [email], [], [email]),
        ("email-excluded", "X-017", UNSUPPORTED, [], [email], [email]),
        ("email-without", "X-017", "ok", [email], [], []),
        ("directory-permitted", "X-017", UNSUPPORTED, [directory], [], []),
        ("directory-excluded", "X-017", UNSUPPORTED, [], [directory], []),
    ]:
        plus = (constraints(tuple(permitted), tuple(excluded)),)
        middle = ROOT.ca("middle", plus=plus)
        leaf = middle.leaf(uri(SUB), *names)
        case(c, f"constraint-{label}", rule, reason, leaf, middle)
        top = x509.root("root", plus=plus)
        leaf = top.leaf(uri(SUB), *names)
        case(c, f"constraint-anchor-{label}", rule, reason, leaf, bundles=top)
    plus = (constraints((own,)),)
    upper = ROOT.ca("upper", plus=plus)
    lower = upper.ca("lower")
    leaf = lower.leaf(uri(SUB), outside)
    case(c, "constraint-above", "X-017", VIOLATION, leaf, lower, upper)
    relaxed = upper.ca("lower", plus=(constraints((other,)),))
    leaf = relaxed.leaf(uri(SUB), outside)
    case(c, "constraint-not-relaxed", "X-017", VIOLATION, leaf, relaxed, upper)
    idle = ROOT.ca("idle", plus=(constraints((uri("other.org"),)),))
    case(c, "constraint-unneeded", "X-019", "ok", LEAF, idle)
    soft = ROOT.ca("middle", plus=(constraints((uri("other.org"),), critical=False),))
    case(c, "constraint-not-critical", "X-015", UNSUPPORTED, soft.leaf(), soft)
    soft = ROOT.ca("middle", plus=(constraints((own,), critical=False),))
    leaf = soft.leaf(uri(SUB), outside)
    case(c, "constraint-dns-not-critical", "X-017", VIOLATION, leaf, soft)
    ours = c.policy("x509-addresses", policy(trust_domains=["10.0.0.1"]))
    strict = ROOT.ca("middle", plus=(constraints((uri("10.0.0.1"),)),))
    fed = anchors(c, "address", ROOT, domain="10.0.0.1")
    leaf = strict.leaf(uri("spiffe://10.0.0.1/a"))
    case(
        c,
        "constraint-address",
        "X-016",
        UNSUPPORTED,
        leaf,
        strict,
        bundles=fed,
        policy=ours,
    )


def crossed(ca: Ca, by: Ca) -> Ca:
    """Let another CA certify the name and key of one."""
    certified = ca.certificate
    return by.ca(certified.subject, certified.key)


def loops(c: Corpus) -> None:
    """Loops end, and a CA that several certify is found by any of them."""
    one, two = x509.root("one"), x509.root("two")
    ring = [crossed(one, two), crossed(two, one)]
    case(c, "loop-of-two", "X-019", UNTRUSTED, one.leaf(), *ring)
    case(c, "loop-of-one", "X-019", UNTRUSTED, one.leaf(), one)
    case(c, "loop-and-way-out", "X-019", "ok", one.leaf(), *ring, crossed(two, ROOT))
    new = x509.root("new root")
    both = anchors(c, "root-and-new", ROOT, new)
    chain = [new.leaf(), crossed(new, ROOT)]
    case(c, "crossed-old-root-fed", "X-008", "ok", *chain)
    case(c, "crossed-both-fed", "X-008", "ok", *chain, bundles=both)
    case(c, "crossed-new-root-fed", "X-008", "ok", *chain, bundles=new)
    case(c, "crossed-with-both-roots", "X-008", "ok", *chain, new, ROOT)
    a, b = crossed(MIDDLE, ROOT), crossed(MIDDLE, OTHER_ROOT)
    case(c, "crossed-right-first", "X-008", "ok", BELOW, a, b)
    case(c, "crossed-right-last", "X-008", "ok", BELOW, b, a)
    case(c, "crossed-wrong-only", "X-013", UNTRUSTED, BELOW, b)
    dead = ROOT.ca("middle", not_after=NOW - 1)
    case(c, "crossed-one-expired", "X-008", "ok", BELOW, dead, MIDDLE)
    case(c, "crossed-other-expired", "X-008", "ok", BELOW, MIDDLE, dead)
    weak = ROOT.ca("middle", basic=basic())
    case(c, "crossed-one-not-ca", "X-008", "ok", BELOW, weak, MIDDLE)
    narrow = ROOT.ca("middle", plus=(constraints((uri("other.org"),)),))
    case(c, "crossed-one-constrained", "X-008", "ok", BELOW, narrow, MIDDLE)
    short = ROOT.ca("middle", usage=usage(CRL_SIGN))
    case(c, "crossed-one-without-use", "X-008", "ok", BELOW, short, MIDDLE)


def budget(c: Corpus) -> None:
    """At most twelve signatures are checked."""
    many = [x509.root("many", x509.ec_key(f"x509 many {n}")) for n in range(14)]
    bare = [Ca(x509.replace(ca.certificate, extensions=(basic(True),))) for ca in many]
    for count, reason in [(12, UNTRUSTED), (13, "budget_exceeded")]:
        fed = anchors(c, f"many-{count}", *bare[:count])
        forged = many[13].leaf(authority_key_id=None)
        name = f"budget-{count}-roots-none-fits"
        case(c, name, "X-019", reason, forged, bundles=fed)
    fed = anchors(c, "many-12", *bare[:12])
    last = many[11].leaf(authority_key_id=None)
    case(c, "budget-twelfth-root-fits", "X-019", "ok", last, bundles=fed)
    rungs = [Ca(x509.replace(ca.certificate, issuer="many")) for ca in bare[:5]]
    tangle = [crossed(rungs[n], rungs[(n + 1) % 5]) for n in range(5)]
    leaf = many[13].leaf(authority_key_id=None)
    case(c, "budget-tangle", "X-019", UNTRUSTED, leaf, *tangle)


def by(key: Key, **changes: Any) -> tuple[Ca, Certificate]:
    """Let an authority with this key issue a leaf."""
    top = x509.root("root", key)
    return top, top.leaf(**changes)


def algorithms(c: Corpus) -> None:
    """RSA with SHA-2, ECDSA on the three curves, Ed25519; nothing older."""
    curves = {
        size: x509.ec_key(f"x509 p{size}", f"P-{size}") for size in (256, 384, 521)
    }
    ed, rsa = c.ed("ed25519"), c.rsa("rsa2048")
    for label, key, hashed, pss, reason in [
        ("p256-sha256", curves[256], "sha256", False, "ok"),
        ("p256-sha384", curves[256], "sha384", False, "ok"),
        ("p256-sha1", curves[256], "sha1", False, ALG),
        ("p384-sha256", curves[384], "sha256", False, "ok"),
        ("p384-sha384", curves[384], "sha384", False, "ok"),
        ("p384-sha1", curves[384], "sha1", False, ALG),
        ("p521-sha384", curves[521], "sha384", False, "ok"),
        ("p521-sha512", curves[521], "sha512", False, "ok"),
        ("p521-sha1", curves[521], "sha1", False, ALG),
        ("ed25519", ed, "", False, "ok"),
        ("rsa2048-sha256", rsa, "sha256", False, "ok"),
        ("rsa2048-sha384", rsa, "sha384", False, "ok"),
        ("rsa2048-sha512", rsa, "sha512", False, "ok"),
        ("rsa2048-sha1", rsa, "sha1", False, ALG),
        ("rsa2048-md5", rsa, "md5", False, ALG),
        ("rsa2048-pss-sha256", rsa, "sha256", True, "ok"),
        ("rsa2048-pss-sha384", rsa, "sha384", True, "ok"),
        ("rsa2048-pss-sha512", rsa, "sha512", True, "ok"),
        ("rsa2048-pss-sha1", rsa, "sha1", True, ALG),
        ("rsa3072-sha256", c.rsa("rsa3072"), "sha256", False, "ok"),
        ("rsa4096-sha384", c.rsa("rsa4096"), "sha384", False, "ok"),
    ]:
        top, leaf = by(key, hash=hashed, pss=pss)
        case(c, f"signed-leaf-{label}", "X-018", reason, leaf, bundles=top)
        middle = top.ca("middle", hash=hashed, pss=pss)
        chain = [middle.leaf(), middle]
        case(c, f"signed-middle-{label}", "X-018", reason, *chain, bundles=top)
        # An authority's own signature says nothing.
        top = x509.root("root", key, hash=hashed, pss=pss)
        case(c, f"signed-anchor-{label}", "B-011", "ok", top.leaf(), bundles=top)
    for label, key in [
        ("p384", curves[384]),
        ("p521", curves[521]),
        ("ed25519", ed),
        ("rsa2048", rsa),
        ("rsa4096", c.rsa("rsa4096")),
    ]:
        case(c, f"key-leaf-{label}", "X-018", "ok", ROOT.leaf(key=key))
        middle = ROOT.ca("middle", key)
        case(c, f"key-middle-{label}", "X-018", "ok", middle.leaf(), middle)
    pss_mismatch = x509.algorithm(rsa, "sha256", pss=True)
    top, leaf = by(rsa, inner=pss_mismatch, outer=pss_mismatch)
    case(c, "signed-pkcs1-called-pss", "X-018", UNTRUSTED, leaf, bundles=top)


def weak_keys(c: Corpus) -> None:
    """Weak, strange and broken keys, wherever they are in the path."""
    for size in (1024, 2047):
        weak = c.rsa(f"rsa{size}")
        case(c, f"key-leaf-rsa{size}", "X-018", WEAK, ROOT.leaf(key=weak))
        middle = ROOT.ca("middle", weak)
        case(c, f"key-middle-rsa{size}", "X-018", WEAK, middle.leaf(), middle)
        case(c, f"key-unneeded-rsa{size}", "X-019", "ok", LEAF, ROOT.ca("idle", weak))
        top, leaf = by(weak)
        reason = "no_usable_keys"
        case(c, f"key-anchor-rsa{size}", "A-005", reason, leaf, bundles=top)
        mixed = anchors(c, f"rsa{size}-and-root", top, ROOT)
        case(c, f"key-beside-rsa{size}", "B-006", "ok", LEAF, bundles=mixed)
    p256 = x509.oid("1.2.840.10045.3.1.7")
    elliptic = x509.oid("1.2.840.10045.2.1")
    zeros = x509.sequence(
        x509.sequence(elliptic, p256), x509.bits(b"\x04" + b"\x01" * 64)
    )
    x25519 = x509.sequence(
        x509.sequence(x509.oid("1.3.101.110")), x509.bits(b"\x09" + bytes(31))
    )
    ed448 = x509.sequence(
        x509.sequence(x509.oid("1.3.101.113")), x509.bits(b"\x09" * 57)
    )
    unknown = x509.sequence(
        x509.sequence(x509.oid(PRIVATE_EXTENSION)), x509.bits(b"\x01" * 32)
    )
    for label, reason, info in [
        ("k256", ALG, x509.key_info(c.ec("k256"))),
        ("x25519", ALG, x25519),
        ("ed448", ALG, ed448),
        ("unknown", ALG, unknown),
        ("off-curve", "key_invalid", zeros),
    ]:
        case(c, f"key-leaf-{label}", "X-018", reason, ROOT.leaf(info=info))
