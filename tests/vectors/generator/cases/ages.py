"""How old material may get, who speaks for it, and what the rotation gate holds back."""

from __future__ import annotations

from typing import Any

from ..corpus import SUB, Corpus, taken
from . import bundle_maps, oidc, x509_svid
from .common import MAIN, PARTNERS, main_bundle, policy

STALE, UNAVAILABLE, NOT_FOUND = "bundle_stale", "bundle_unavailable", "kid_not_found"
ROLLBACK, REKEYED = "bundle_rollback", "bundle_rekeyed"
DAY = 86_400
DECADE = 10 * 365 * DAY


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    spiffe_material(c)
    x509_authorities(c)
    key_sets(c)
    static_material(c)
    staleness_of_policies(c)
    order(c)
    confirmation(c)
    rollbacks(c)
    rekeyed_kids(c)
    feeds(c)


def ask(c: Corpus, name: str, reason: str, *items: str, **options: Any) -> None:
    """Ask about a good token of the domain, under these items."""
    credential = options.pop("token", None) or c.token()
    rule = options.pop("rule", "F-006")
    c.case(f"age-{name}", rule, reason, credential, bundles=list(items), **options)


def spiffe(c: Corpus, name: str, hint: int | None) -> str:
    """Put the key of the domain with a refresh hint."""
    hints = {} if hint is None else {"spiffe_refresh_hint": hint}
    return c.put(f"age-{name}", {"keys": [c.jwt_jwk("p256")]} | hints)


def spiffe_material(c: Corpus) -> None:
    """Due at the hint (none: 300 s), stale at twice that within 60 s and 24 h."""
    for name, hint, stale_at in [
        ("none", None, 600),
        ("300", 300, 600),
        ("5", 5, 60),
        ("10", 10, 60),
        ("30", 30, 60),
        ("31", 31, 62),
        ("3600", 3600, 7200),
        ("43200", 43_200, DAY),
        ("43201", 43_201, DAY),
        ("86400", DAY, DAY),
        ("week", 7 * DAY, DAY),
    ]:
        item = spiffe(c, f"hint-{name}", hint)
        for moment, ago, reason in [
            ("before", stale_at - 1, "ok"),
            ("at", stale_at, STALE),
            ("long-after", DECADE, STALE),
        ]:
            ask(c, f"hint-{name}-{moment}", reason, taken(item, ago=ago), rule="B-013")
    item = spiffe(c, "hint-none", None)
    ask(c, "clock-went-back", "ok", taken(item, ago=-DECADE), rule="C-013")
    kept_for = taken(item, ago=119, max_age=60)
    ask(c, "spiffe-max-age-before", "ok", kept_for)
    ask(c, "spiffe-max-age-at", STALE, taken(item, ago=120, max_age=60))
    hinted = spiffe(c, "hint-300", 300)
    ask(c, "hint-over-max-age", "ok", taken(hinted, ago=599, max_age=60), rule="B-013")
    jwks = c.put("age-workload", {"keys": [c.ec("p256").jwk()]}, form="workload_api_jwks")
    ask(c, "workload-before", "ok", taken(jwks, ago=599))
    ask(c, "workload-at", STALE, taken(jwks, ago=600))
    whole = bundle_maps.put(c, "both", bundle_maps.both(c))
    ask(c, "map-before", "ok", taken(whole, ago=599), rule="B-017")
    ask(c, "map-at", STALE, taken(whole, ago=600), rule="B-017")


def x509_authorities(c: Corpus) -> None:
    """The slot of authorities ages by the same rules."""
    item = x509_svid.anchors(c, "root", x509_svid.ROOT)
    for name, ago, reason in [("before", 599, "ok"), ("at", 600, STALE)]:
        bundles = taken(item, ago=ago)
        x509_svid.case(c, f"age-{name}", "F-006", reason, x509_svid.LEAF, bundles=bundles)


def key_sets(c: Corpus) -> None:
    """An issuer's key set is stale after a day, whatever its host says."""
    for name, ago, max_age, reason in [
        ("before", DAY - 1, None, "ok"),
        ("at", DAY, None, STALE),
        ("short-before", DAY - 1, 1, "ok"),
        ("short-at", DAY, 1, STALE),
        ("long-before", DAY - 1, 30 * DAY, "ok"),
        ("long-at", DAY, 30 * DAY, STALE),
    ]:
        bundles = taken(oidc.FED, ago=ago, max_age=max_age)
        oidc.case(c, f"age-{name}", "F-006", reason, oidc.token(c), bundles=bundles)
    zero = c.policy("oidc-staleness-0", oidc.policy(max_staleness_secs=0))
    for name, max_age, soft in [
        ("none", None, 3600),
        ("1", 1, 300),
        ("300", 300, 300),
        ("600", 600, 600),
        ("30-days", 30 * DAY, DAY),
    ]:
        for moment, ago, reason in [("before", soft - 1, "ok"), ("at", soft, STALE)]:
            bundles = taken(oidc.FED, ago=ago, max_age=max_age)
            label = f"age-zero-{name}-{moment}"
            signed = oidc.token(c)
            oidc.case(c, label, "F-006", reason, signed, bundles=bundles, policy=zero)


def static_material(c: Corpus) -> None:
    """What an operator keeps in files does not age."""
    permanent = taken(spiffe(c, "hint-10", 10), ago=DECADE, permanent=True)
    ask(c, "permanent", "ok", permanent)
    keys = taken(oidc.FED, ago=DECADE, permanent=True)
    oidc.case(c, "age-permanent", "F-006", "ok", oidc.token(c), bundles=keys)


def staleness_of_policies(c: Corpus) -> None:
    """`max_staleness_secs` counts from the moment the refresh is due."""
    for name, staleness, stale_at in [("0", 0, 300), ("1", 1, 301), ("900", 900, 1200)]:
        rules = c.policy(f"staleness-{name}", policy(max_staleness_secs=staleness))
        for moment, ago, reason in [
            ("before", stale_at - 1, "ok"),
            ("at", stale_at, STALE),
        ]:
            item = taken(MAIN, ago=ago)
            ask(c, f"staleness-{name}-{moment}", reason, item, policy=rules)
    rules = c.policy("staleness-0", policy(max_staleness_secs=0))
    permanent = taken(MAIN, ago=DECADE, permanent=True)
    ask(c, "staleness-permanent", "ok", permanent, policy=rules)
    for name, value in [("below", -1), ("text", "1"), ("fraction", 1.5)]:
        bad = c.policy(f"staleness-bad-{name}", policy(max_staleness_secs=value))
        ask(c, f"staleness-bad-{name}", "config_invalid", MAIN, policy=bad)


def order(c: Corpus) -> None:
    """The slot's age is asked after the audience and before the kid."""
    old = taken(MAIN, ago=600)
    for name, reason, token in [
        ("expired", "token_expired", c.token({"exp": "1"})),
        ("audience", "audience_mismatch", c.token({"aud": '"other"'})),
        ("unknown-kid", STALE, c.token(header={"kid": '"other"'})),
        ("no-kid", STALE, c.token(header={"kid": None})),
        ("signature", STALE, c.token()[:-4] + b"AAAA"),
    ]:
        ask(c, f"order-{name}", reason, old, token=token)
    empty = c.put("age-revoked", {"keys": []})
    ask(c, "revoked-before", NOT_FOUND, taken(empty, ago=599), rule="B-002")
    ask(c, "revoked-at", STALE, taken(empty, ago=600), rule="B-002")
    ask(c, "other-domain", "ok", MAIN, taken(PARTNERS, ago=600), rule="F-001")


def confirmation(c: Corpus) -> None:
    """The same document again makes the material young; a refused one does not."""
    ask(c, "put-again", "ok", taken(MAIN, ago=700), taken(MAIN, ago=100))
    broken = c.put("age-broken", {"keys": {}}, fails=True)
    ask(c, "refused-put", STALE, taken(MAIN, ago=600), broken)
    ask(c, "refused-put-before", "ok", taken(MAIN, ago=599), broken)


def keyed(c: Corpus, name: str, sequence: int | None, *keys: str, fails: bool = False) -> str:
    """Put these keys with a sequence."""
    sequences = {} if sequence is None else {"spiffe_sequence": sequence}
    document = sequences | {"keys": [c.jwt_jwk(key) for key in keys]}
    return c.put(f"gate-{name}", document, fails=fails)


def rollbacks(c: Corpus) -> None:
    """An older sequence may remove and never add."""
    first = keyed(c, "10-a", 10, "p256")
    two = keyed(c, "10-ab", 10, "p256", "p256-next")
    old, new = c.token(), c.token(key="p256-next")
    more = keyed(c, "9-ab", 9, "p256", "p256-next")
    held = f"?{more}"
    for name, reason, token, items in [
        ("adds", ROLLBACK, old, [first, more]),
        ("adds-kept", "ok", old, [first, held]),
        ("adds-not-added", NOT_FOUND, new, [first, held]),
        ("again-not-added", NOT_FOUND, new, [first, held, held]),
        ("forced", "ok", new, [first, taken(more, force=True)]),
        ("forced-kept", "ok", old, [first, taken(more, force=True)]),
        ("removes", "ok", old, [two, keyed(c, "9-a", 9, "p256")]),
        ("removes-gone", NOT_FOUND, new, [two, keyed(c, "9-a", 9, "p256")]),
        ("empties", NOT_FOUND, old, [two, keyed(c, "9-none", 9)]),
        ("newer-again", "ok", new, [first, held, keyed(c, "10-b", 10, "p256-next")]),
        ("sequence-stays", ROLLBACK, old, [two, keyed(c, "9-a", 9, "p256"), more]),
        ("same-keys", ROLLBACK, old, [first, keyed(c, "9-a", 9, "p256")]),
    ]:
        ask(c, f"rollback-{name}", reason, *items, token=token, rule="B-012")


def rekeyed_kids(c: Corpus) -> None:
    """A known kid with another key may remove and never add."""
    first = keyed(c, "ab", None, "p256", "p384")
    other = c.jwt_jwk("p256-next") | {"kid": "p256"}

    def again(name: str, *more: str) -> str:
        keys = [other, *(c.jwt_jwk(key) for key in more)]
        return c.put(f"gate-rekeyed-{name}", {"keys": keys})

    changed, more = again("beside", "p384"), again("more", "p384", "rsa2048")
    by_other = c.token(header={"kid": '"p256"'}, key="p256-next")
    for name, reason, token, items in [
        ("held", REKEYED, c.token(), [first, changed]),
        ("removed", NOT_FOUND, c.token(), [first, f"?{changed}"]),
        ("not-added", NOT_FOUND, by_other, [first, f"?{changed}"]),
        ("others-stay", "ok", c.token(key="p384"), [first, f"?{changed}"]),
        ("again", REKEYED, by_other, [first, f"?{changed}", changed]),
        ("nothing-added", NOT_FOUND, c.token(key="rsa2048"), [first, f"?{more}"]),
        ("forced", "ok", by_other, [first, taken(changed, force=True)]),
        ("forced-old", "signature_invalid", c.token(), [first, taken(changed, force=True)]),
        ("taken-back", "ok", c.token(), [first, f"?{changed}", first]),
        ("unknown-before", "ok", by_other, [changed]),
        ("another-domain", "ok", c.token(), [PARTNERS, first]),
    ]:
        ask(c, f"rekeyed-{name}", reason, *items, token=token, rule="B-012")
    gone = keyed(c, "b", None, "p384")
    ask(c, "rekeyed-after-removal", "ok", first, gone, changed, token=by_other, rule="B-012")
    replaced = keyed(c, "replaced", None, "rsa2048")
    fresh = c.token(key="rsa2048")
    ask(c, "replaced-is-taken", "ok", first, replaced, token=fresh, rule="F-005")
    ask(c, "replaced-is-gone", NOT_FOUND, first, replaced, rule="F-005")


def feeds(c: Corpus) -> None:
    """A state of the world removes what its own feed filled, and nothing else."""
    whole = bundle_maps.put(c, "both", bundle_maps.both(c))
    less = bundle_maps.put(c, "age-less", bundle_maps.domains(example__org=main_bundle(c)))
    none = bundle_maps.put(c, "empty", {"trust_domains": {}})
    for name, reason, items in [
        ("own-removed", UNAVAILABLE, [taken(whole, feed=1), taken(none, feed=1)]),
        ("other-kept", "ok", [taken(whole, feed=1), taken(none, feed=2)]),
        ("taken-over", "ok", [taken(whole, feed=1), taken(less, feed=2), taken(none, feed=1)]),
        ("put-kept", "ok", [taken(MAIN, feed=1), taken(none, feed=2)]),
        ("put-removed", UNAVAILABLE, [taken(MAIN, feed=1), taken(none, feed=1)]),
    ]:
        ask(c, f"feed-{name}", reason, *items, rule="B-017+L-007", identity=SUB)
    oidc.case(
        c,
        "age-not-of-a-map",
        "B-017",
        "ok",
        oidc.token(c),
        bundles=[taken(oidc.FED, feed=1), taken(none, feed=1)],
    )
