"""Material ages, feeds own what they put, and a gate holds rotations that look like an attack."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from libattestor import (
    BundleStore,
    Denied,
    Freshness,
    Misuse,
    Reason,
    RotationGate,
    Source,
    Unavailable,
    Verifier,
)
from material import BUNDLE, CLOCK, IDENTITY, NEXT_TOKEN, POLICY, REVOKING_BUNDLE, TOKEN, refused
from oidc_material import JWKS, PUBLIC_KEY

SOURCE = Source.trust_domain("example.org")
ISSUER = "https://issuer.test"


def document(bundle: bytes = BUNDLE, **members: object) -> bytes:
    """Give a bundle with some members changed."""
    return json.dumps({**json.loads(bundle), **members}).encode()


def rekeyed() -> bytes:
    """Give the sample bundle with another key under the `kid` of its JWT key."""
    keys = json.loads(BUNDLE)["keys"]
    (jwt,) = (key for key in keys if key["use"] == "jwt-svid")
    (other,) = (key for key in json.loads(REVOKING_BUNDLE)["keys"] if key["use"] == "jwt-svid")
    keys[keys.index(jwt)] = {**other, "kid": jwt["kid"]}
    return document(keys=keys, spiffe_sequence=2)


def ages(store: BundleStore) -> tuple[int | None, int | None]:
    """Give the ages of the keys for tokens."""
    info = store.info("example.org")
    assert info is not None
    return info.soft_age, info.hard_age


def test_material_is_fresh_then_due_then_stale(store: BundleStore, verifier: Verifier) -> None:
    # No hint: a refresh is due after 300 s, and the keys are not used from 600 s on.
    seen: list[object] = []
    for age in (0, 299, 300, 599):
        seen.append(verifier.verify(TOKEN, now=CLOCK + age).bundle_due)
    assert seen == [False, False, True, True]
    error = refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK + 600))
    assert error.slug == "bundle_stale"
    found = [store.health(SOURCE, now=CLOCK + age) for age in (299, 300, 600)]
    assert [health and health.jwt for health in found] == [Freshness.FRESH, Freshness.DUE, Freshness.STALE]
    assert [health and health.x509 for health in found] == [Freshness.FRESH, Freshness.DUE, Freshness.STALE]


@pytest.mark.parametrize(
    ("bundle", "options", "expected"),
    [
        (BUNDLE, {}, (300, 600)),
        (BUNDLE, {"max_age": 60}, (60, 120)),
        (BUNDLE, {"max_age": 0}, (1, 60)),
        (document(spiffe_refresh_hint=900), {"max_age": 60}, (900, 1800)),
        (BUNDLE, {"max_age": 60, "permanent": True}, (None, None)),
        (BUNDLE, {"permanent": True}, (None, None)),
    ],
)
def test_ages_come_from_the_bundle_or_the_host(
    bundle: bytes, options: dict[str, Any], expected: tuple[int | None, int | None]
) -> None:
    with BundleStore() as store:
        store.put("example.org", bundle, now=CLOCK, **options)
        assert ages(store) == expected
    with BundleStore() as store:
        world = b'{"trust_domains": {"example.org": %s}}' % bundle
        store.put_map(world, now=CLOCK, **options)
        # A hint inside a map is not taken.
        assert ages(store) == ((300, 600) if expected == (900, 1800) and not options else ages(store))


@pytest.mark.parametrize(
    ("keys", "options", "expected"),
    [
        (JWKS, {}, (3600, 86_400)),
        (JWKS, {"max_age": 0}, (300, 86_400)),
        (JWKS, {"max_age": 7200}, (7200, 86_400)),
        (PUBLIC_KEY, {"format": "public_key_pem"}, (None, None)),
        (PUBLIC_KEY, {"format": "public_key_pem", "max_age": 600}, (600, 86_400)),
    ],
)
def test_ages_of_an_issuer(keys: str, options: dict[str, Any], expected: tuple[int | None, ...]) -> None:
    with BundleStore() as store:
        store.put_issuer(ISSUER, keys, now=CLOCK, **options)
        info = store.issuer_info(ISSUER)
        assert info is not None and (info.soft_age, info.hard_age) == expected


def test_the_same_bundle_put_again_takes_the_ages_of_the_put(store: BundleStore) -> None:
    store.put("example.org", BUNDLE, permanent=True, now=CLOCK)
    assert ages(store) == (None, None)
    store.put("example.org", BUNDLE, now=CLOCK)
    assert ages(store) == (300, 600)


def test_touching_makes_young(store: BundleStore, verifier: Verifier) -> None:
    before = store.info("example.org")
    later = CLOCK + 10_000
    refused(Unavailable, lambda: verifier.verify(TOKEN, now=later))
    store.touch("example.org", now=later)
    assert verifier.verify(TOKEN, now=later).identity == IDENTITY
    after = store.info("example.org")
    assert before is not None and after is not None
    assert (after.confirmed_at, after.generation) == (later, before.generation)


def test_touching_is_for_the_feed_that_put() -> None:
    with BundleStore() as store:
        store.put("example.org", BUNDLE, feed=1, now=CLOCK)
        store.put_issuer(ISSUER, JWKS, feed=2, now=CLOCK)
        wrong: list[Callable[[], object]] = [
            lambda: store.touch("example.org"),
            lambda: store.touch("example.org", feed=2),
            lambda: store.touch("other.test", feed=1),
            lambda: store.touch_issuer(ISSUER, feed=1),
            lambda: store.touch_all(3),
        ]
        for call in wrong:
            assert refused(Unavailable, call).reason is Reason.BUNDLE_UNAVAILABLE
        store.touch_all(1, now=CLOCK + 5)
        store.touch_issuer(ISSUER, feed=2, now=CLOCK + 7)
        domain, issuer = store.info("example.org"), store.issuer_info(ISSUER)
        assert domain is not None and domain.confirmed_at == CLOCK + 5
        assert issuer is not None and issuer.confirmed_at == CLOCK + 7


def test_withdrawing_takes_what_one_feed_put() -> None:
    with BundleStore() as store, Verifier(store, POLICY) as verifier:
        store.put("example.org", BUNDLE, feed=1, now=CLOCK)
        store.put_issuer(ISSUER, JWKS, feed=2, now=CLOCK)
        assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY
        assert store.withdraw(3) == 0
        assert store.withdraw(1) == 1
        assert store.info("example.org") is None
        assert store.issuer_info(ISSUER) is not None
        assert refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK)).slug == "bundle_unavailable"


def test_a_rekeyed_bundle_is_held(store: BundleStore) -> None:
    error = refused(Misuse, lambda: store.put("example.org", rekeyed(), now=CLOCK))
    assert error.reason is Reason.BUNDLE_REKEYED
    info = store.info("example.org")
    assert info is not None
    # The old key was removed at once, the new one was not added.
    assert (info.entries, info.withheld) == (0, 1)
    assert "rekeyed" in info.findings
    store.put("example.org", rekeyed(), force=True, now=CLOCK)
    info = store.info("example.org")
    assert info is not None and (info.entries, info.withheld) == (1, 0)


def test_a_replaced_bundle_is_told_of(store: BundleStore, verifier: Verifier) -> None:
    store.put("example.org", document(REVOKING_BUNDLE), now=CLOCK)
    info = store.info("example.org")
    assert info is not None and (info.findings, info.withheld) == (frozenset({"replaced"}), 0)
    assert verifier.verify(NEXT_TOKEN, now=CLOCK).identity == IDENTITY
    assert refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK)).slug == "kid_not_found"


def test_the_gate_is_the_store_s() -> None:
    with BundleStore(gate=RotationGate(replaced="hold")) as store:
        store.put("example.org", BUNDLE, now=CLOCK)
        error = refused(Misuse, lambda: store.put("example.org", REVOKING_BUNDLE, now=CLOCK))
        assert error.reason is Reason.BUNDLE_REPLACED
    with BundleStore(gate=RotationGate(rollback="warn", rekeyed="off")) as store:
        store.put("example.org", document(spiffe_sequence=9), now=CLOCK)
        store.put("example.org", rekeyed(), now=CLOCK)
        info = store.info("example.org")
        assert info is not None and (info.entries, info.sequence) == (1, 2)
        assert "rollback" in info.findings and "rekeyed" not in info.findings


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"gate": RotationGate(rollback="deny")}, "gate.rollback: must be one of off, warn, hold"),  # type: ignore[arg-type]
        ({"cooldown": 0}, "cooldown: must be a positive 32-bit integer"),
        ({"cooldown": 2**32}, "cooldown: must be a positive 32-bit integer"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], detail: str) -> None:
    error = refused(Misuse, lambda: BundleStore(**options))
    assert (error.reason, error.detail) == (Reason.ARGUMENT_INVALID, detail)


@pytest.mark.parametrize("options", [{"gate": "hold"}, {"cooldown": 1.5}, {"cooldown": True}])
def test_options_of_a_wrong_type(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        BundleStore(**options)


def test_the_cooldown_is_the_store_s() -> None:
    with BundleStore(cooldown=100) as store, Verifier(store, POLICY) as verifier:
        store.put("example.org", BUNDLE, permanent=True, now=CLOCK)
        wanted = [
            refused(Denied, lambda at=at: verifier.verify(NEXT_TOKEN, now=CLOCK + at)).refresh_wanted  # type: ignore[misc]
            for at in (0, 99, 100)
        ]
        assert wanted == [True, False, True]
        health = store.health(SOURCE, now=CLOCK)
        assert health is not None and health.wanted


def test_health_of_what_is_fed(store: BundleStore) -> None:
    refused(Misuse, lambda: store.put("example.org", b"{", now=CLOCK + 3))
    health = store.health(SOURCE, now=CLOCK + 4)
    assert health is not None
    assert (health.refreshes, health.failures, health.failures_in_a_row) == (1, 1, 1)
    assert (health.succeeded_at, health.failed_at) == (CLOCK, CLOCK + 3)
    assert health.last_failure is Reason.BUNDLE_MALFORMED
    assert not (health.has_callback or health.wanted or health.in_flight or health.empty_update)
    assert health.next_refresh is None and not health.clock_went_back
    past = store.health(SOURCE, now=CLOCK - 1)
    assert past is not None and past.clock_went_back


def test_health_of_nobody(store: BundleStore) -> None:
    assert store.health(Source.trust_domain("other.test")) is None
    assert store.health(Source.issuer("example.org")) is None
    error = refused(Misuse, lambda: store.health(Source.trust_domain("Not one")))
    assert error.reason is Reason.SOURCE_NAME_INVALID


def test_an_issuer_s_empty_update_is_told_of() -> None:
    with BundleStore() as store:
        store.put_issuer(ISSUER, JWKS, now=CLOCK)
        refused(Misuse, lambda: store.put_issuer(ISSUER, b'{"keys": []}', now=CLOCK))
        health = store.health(Source.issuer(ISSUER), now=CLOCK)
        assert health is not None
        assert (health.empty_update, health.jwt, health.x509) == (True, Freshness.FRESH, None)


@pytest.mark.parametrize("name", ["max_age", "feed"])
@pytest.mark.parametrize("value", [-1, 2**64])
def test_numbers_that_cannot_be(store: BundleStore, name: str, value: int) -> None:
    for call in (
        lambda: store.put("example.org", BUNDLE, **{name: value}),  # type: ignore[arg-type]
        lambda: store.put_issuer(ISSUER, JWKS, **{name: value}),  # type: ignore[arg-type]
        lambda: store.put_map(b"{}", **{name: value}),  # type: ignore[arg-type]
    ):
        error = refused(Misuse, call)
        assert error.detail == f"{name}: must be an unsigned 64-bit integer"


def test_what_is_told_is_frozen(store: BundleStore) -> None:
    values = [
        RotationGate(),
        store.health(SOURCE, now=CLOCK),
        SOURCE,
        store.refresh(now=CLOCK),
        store.info("example.org"),
    ]
    for value in values:
        assert value is not None
        assert isinstance(hash(value), int)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, dataclasses.fields(value)[0].name, 1)
