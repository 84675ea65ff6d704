"""Section 7: revocation lists, and what a path owes them."""

from __future__ import annotations

from .. import x509
from ..corpus import DOMAIN, NOW, PARTNER, Corpus
from ..encoding import js
from ..x509 import (
    CERT_SIGN,
    Ca,
    usage,
)
from .common import policy
from .x509_paths import crossed
from .x509_svid import (
    MIDDLE,
    OTHER_ROOT,
    REVOKED,
    ROOT,
    STALE,
    UNAVAILABLE,
    Chain,
    anchors,
    case,
    x509_pem,
)


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    revocation(c)
    revocation_documents(c)


def revocation(c: Corpus) -> None:
    """A list of the issuer refuses what it names; `hard` wants a current one."""
    root, middle = anchors(c, "root", ROOT), MIDDLE
    soft = "default.json"
    hard = c.policy("x509-crl-hard", policy(x509={"crl": "hard"}))
    leaf, below = ROOT.leaf(serial=0x51), middle.leaf(serial=0x52)
    serial_of_middle = middle.certificate.serial

    def fed(label: str, *lists: bytes, domain: str = DOMAIN) -> str:
        name, document = f"chain-crl-{label}", b"".join(lists)
        return c.put(name, document, domain=domain, form="x509_crl")

    def both(
        label: str, reasons: tuple[str, str], *chain: Chain, lists: list[str]
    ) -> None:
        for mode, rules, reason in [
            ("soft", soft, reasons[0]),
            ("hard", hard, reasons[1]),
        ]:
            name = f"crl-{mode}-{label}"
            case(c, name, "X-020", reason, *chain, bundles=[root, *lists], policy=rules)

    revoke = x509.revocation_list
    clean_root, clean_middle = revoke(ROOT, 7, number=1), revoke(middle, 7, number=1)
    clean = fed("clean", clean_root)
    all_clean = fed("all-clean", clean_root, clean_middle)
    names_leaf = revoke(ROOT, 7, 0x51, 9)
    names_middle = revoke(ROOT, serial_of_middle)
    revoked = (REVOKED, REVOKED)
    path = [below, middle]
    both("none", ("ok", UNAVAILABLE), leaf, lists=[])
    both("clean", ("ok", "ok"), leaf, lists=[clean])
    both("empty-list", ("ok", "ok"), leaf, lists=[fed("empty-list", revoke(ROOT))])
    both("revoked", revoked, leaf, lists=[fed("revoked", names_leaf)])
    both("path-none", ("ok", UNAVAILABLE), *path, lists=[])
    both("path-clean", ("ok", "ok"), *path, lists=[all_clean])
    both("path-root-only", ("ok", UNAVAILABLE), *path, lists=[clean])
    only = fed("middle-only", clean_middle)
    both("path-middle-only", ("ok", UNAVAILABLE), *path, lists=[only])
    named = fed("middle-revoked", names_middle, clean_middle)
    both("path-middle-revoked", revoked, *path, lists=[named])
    alone = fed("middle-revoked-alone", names_middle)
    both("path-middle-revoked-alone", (REVOKED, REVOKED), *path, lists=[alone])
    named = fed("below-revoked", clean_root, revoke(middle, 0x52))
    both("path-leaf-revoked", revoked, *path, lists=[named])
    # Serial numbers are an issuer's own.
    stray = fed("serial-of-other", revoke(ROOT, 0x52), clean_middle)
    both("path-serial-of-other-issuer", ("ok", "ok"), *path, lists=[stray])
    # Bounds of a list.
    edge = fed("last-second", revoke(ROOT, 7, next_update=NOW))
    both("last-second", ("ok", "ok"), leaf, lists=[edge])
    old = fed("expired", revoke(ROOT, 7, next_update=NOW - 1))
    both("expired", ("ok", STALE), leaf, lists=[old])
    old = fed("expired-revoked", revoke(ROOT, 0x51, next_update=NOW - 1))
    both("expired-revoked", revoked, leaf, lists=[old])
    pair = fed(
        "expired-and-new",
        revoke(ROOT, 7, next_update=NOW - 1),
        revoke(ROOT, 8, number=2),
    )
    both("expired-and-new", ("ok", "ok"), leaf, lists=[pair])
    # A list counts only if the path's own issuer signed it, and may.
    forger = x509.ec_key("x509 forger")
    stranger = fed("unknown-issuer", revoke(OTHER_ROOT, 0x51))
    both("unknown-issuer", ("ok", UNAVAILABLE), leaf, lists=[stranger])
    forged = fed("forged", revoke(ROOT, 0x51, signer=forger))
    both("forged", ("ok", UNAVAILABLE), leaf, lists=[forged])
    mixed = fed("forged-and-clean", revoke(ROOT, 0x51, signer=forger), clean_root)
    both("forged-and-clean", ("ok", "ok"), leaf, lists=[mixed])
    mixed = fed("forged-and-revoked", revoke(ROOT, 7, signer=forger), names_leaf)
    both("forged-and-revoked", revoked, leaf, lists=[mixed])
    signer = ROOT.ca("middle", usage=usage(CERT_SIGN))
    child = signer.leaf(serial=0x53)
    lists = fed("no-crl-sign", clean_root, revoke(signer, 0x53))
    both("issuer-may-not-sign-lists", ("ok", UNAVAILABLE), child, signer, lists=[lists])
    # Lists of one domain say nothing in another.
    theirs = fed("of-partner", names_leaf, domain=PARTNER)
    both("of-partner", ("ok", UNAVAILABLE), leaf, lists=[theirs])
    # Another way round what is revoked.
    twin = crossed(middle, ROOT)
    twin = Ca(x509.replace(twin.certificate, serial=0x2002))
    lists = fed("one-way", names_middle, clean_middle)
    both("one-of-two-ways", ("ok", "ok"), below, middle, twin, lists=[lists])
    both("one-of-two-ways-swapped", ("ok", "ok"), below, twin, middle, lists=[lists])
    lists = fed("idle", names_middle)
    both("unneeded-revoked", ("ok", "ok"), leaf, middle, lists=[lists])
    # The state of the slot is what was put last.
    gone = fed("nothing")
    named_list = fed("revoked", names_leaf)
    both("cleared", ("ok", UNAVAILABLE), leaf, lists=[named_list, gone])
    both("replaced", ("ok", "ok"), leaf, lists=[named_list, clean])
    both("replaced-back", revoked, leaf, lists=[clean, named_list])
    for label, key in [
        ("p384", x509.ec_key("x509 p384", "P-384")),
        ("p521", x509.ec_key("x509 p521", "P-521")),
        ("ed25519", c.ed("ed25519")),
        ("rsa2048", c.rsa("rsa2048")),
    ]:
        top = x509.root("root", key)
        lists = fed(f"by-{label}", revoke(top, 0x51))
        chain = top.leaf(serial=0x51)
        items = [anchors(c, f"lists-by-{label}", top), lists]
        case(c, f"crl-by-{label}", "X-020", REVOKED, chain, bundles=items)
        chain = top.leaf(serial=0x52)
        name = f"crl-by-{label}-clean"
        case(c, name, "X-020", "ok", chain, bundles=items, policy=hard)
    large = int.from_bytes(b"\xfe" + bytes(range(19)), "big")
    chain = ROOT.leaf(serial=large)
    lists = fed("large-serial", revoke(ROOT, large))
    both("large-serial", revoked, chain, lists=[lists])
    case(c, "crl-lists-alone", "X-020", UNAVAILABLE, leaf, bundles=[clean])


def revocation_documents(c: Corpus) -> None:
    """What is no list is refused whole, and the last good lists stay."""
    root = anchors(c, "root", ROOT)
    leaf = ROOT.leaf(serial=0x51)
    named = x509.revocation_list(ROOT, 0x51)
    good = c.put("chain-crl-named", named, form="x509_crl")
    armoured = x509_pem(named).replace(b"CERTIFICATE", b"X509 CRL")
    for label, document in [
        ("garbage", b"garbage"),
        ("nul", b"\0"),
        ("cut", named[:-1]),
        ("trailing", named + b"\0"),
        ("second-cut", named + named[:-1]),
        ("pem", armoured),
        ("certificate", ROOT.der),
        ("wrapped", x509.sequence(named)),
        ("json", js({"keys": []}).encode()),
    ]:
        name = f"crl-put-{label}"
        put = c.put(f"chain-{name}", document, form="x509_crl")
        case(c, name, "X-020", "bundle_malformed", leaf, bundles=[root, put])
        kept = [root, good, f"?{put}"]
        case(c, f"{name}-last-good", "X-020", REVOKED, leaf, bundles=kept)
    issuer = c.put(
        "chain-crl-named", named, domain="https://example.org", form="x509_crl"
    )
    reason = "format_unsupported"
    case(c, "crl-put-issuer", "X-020", reason, leaf, bundles=[root, issuer])
