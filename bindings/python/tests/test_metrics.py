"""What a verifier counts, and what it still remembers of credentials."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libattestor import (
    BundleStore,
    Denied,
    Freshness,
    KeyTableMetrics,
    Misuse,
    Readiness,
    Reason,
    Source,
    Unavailable,
    VerdictCount,
    Verifier,
)
from material import BUNDLE, CLOCK, EXPIRED_TOKEN, IDENTITY, POLICY, REVOKING_BUNDLE, TOKEN, refused

TWO_DOMAINS = {
    "version": 1,
    "attestors": [{**POLICY["attestors"][0], "trust_domains": ["example.org", "other.test"]}],  # type: ignore[index]
}


def test_readiness_follows_the_material(store: BundleStore) -> None:
    def found(ready: bool, fresh: int = 0, due: int = 0, stale: int = 0, missing: int = 0) -> Readiness:
        return Readiness(ready=ready, sources=2, fresh=fresh, due=due, stale=stale, missing=missing)

    with Verifier(store, TWO_DOMAINS) as verifier:
        assert verifier.readiness(now=CLOCK) == found(False, fresh=1, missing=1)
        store.put("other.test", b'{"keys": [], "spiffe_sequence": 1}', now=CLOCK + 200)
        assert verifier.readiness(now=CLOCK + 200) == found(True, fresh=2)
        assert verifier.readiness(now=CLOCK + 300) == found(True, fresh=1, due=1)
        assert verifier.readiness(now=CLOCK + 600) == found(False, due=1, stale=1)


def test_metrics_count_verdicts(store: BundleStore, verifier: Verifier) -> None:
    verifier.verify(TOKEN, now=CLOCK)
    verifier.verify(TOKEN, now=CLOCK)
    refused(Denied, lambda: verifier.verify(EXPIRED_TOKEN, now=CLOCK))
    refused(Denied, lambda: verifier.verify(b"", now=CLOCK))
    store.remove("example.org")
    refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK))
    refused(Misuse, lambda: verifier.verify(TOKEN, now=0))
    metrics = verifier.metrics(now=CLOCK)
    counts = (metrics.allowed, metrics.denied, metrics.unavailable, metrics.misused)
    assert counts == (2, 2, 1, 1)
    assert set(metrics.verdicts) == {
        VerdictCount("spiffe", None, 2),
        VerdictCount("spiffe", Reason.TOKEN_EXPIRED, 1),
        VerdictCount("spiffe", Reason.BUNDLE_UNAVAILABLE, 1),
        VerdictCount(None, Reason.MALFORMED_TOKEN, 1),
        VerdictCount(None, Reason.CLOCK_INVALID, 1),
    }


def test_metrics_name_the_sources_of_the_policy_only(store: BundleStore) -> None:
    store.put("stranger.test", b'{"keys": [], "spiffe_sequence": 1}', now=CLOCK)
    with Verifier(store, TWO_DOMAINS) as verifier:
        first, second, others = verifier.metrics(now=CLOCK + 7).sources
    names = {first.source: first, second.source: second}
    known = names[Source.trust_domain("example.org")]
    assert (known.sources, known.age, known.keys, known.authorities) == (1, 7, 1, 1)
    assert (known.jwt, known.x509) == (Freshness.FRESH, Freshness.FRESH)
    assert (known.refreshes, known.failures, known.skipped) == (1, 0, 0)
    missing = names[Source.trust_domain("other.test")]
    assert (missing.age, missing.jwt, missing.x509) == (None, None, None)
    assert (others.source, others.sources) == (None, 1)
    assert "stranger" not in repr((first, second, others))


def test_a_credential_is_remembered(store: BundleStore, verifier: Verifier) -> None:
    first = verifier.verify(TOKEN, now=CLOCK)
    again = verifier.verify(TOKEN, now=CLOCK + 1)
    assert (first.from_cache, again.from_cache) == (False, True)
    assert first == again
    cache = verifier.metrics(now=CLOCK).cache
    assert (cache.hits, cache.misses, cache.insertions, cache.entries) == (1, 1, 1, 1)
    assert cache.bytes > 0


@pytest.mark.parametrize("options", [{"cache_entries": 0}, {"cache_bytes": 0}])
def test_the_cache_can_be_left_out(store: BundleStore, options: dict[str, int]) -> None:
    with Verifier(store, POLICY, **options) as verifier:  # type: ignore[arg-type]
        assert not any(verifier.verify(TOKEN, now=CLOCK).from_cache for _ in range(3))
        assert verifier.metrics(now=CLOCK).cache.entries == 0


def test_the_cache_is_bounded(store: BundleStore) -> None:
    with Verifier(store, POLICY, cache_entries=1, cache_bytes=1 << 16) as verifier:
        verifier.verify(TOKEN, now=CLOCK)
        assert verifier.metrics(now=CLOCK).cache.entries <= 1


@pytest.mark.parametrize("name", ["cache_entries", "cache_bytes"])
def test_bounds_that_cannot_be(store: BundleStore, name: str) -> None:
    wrong: dict[str, Any] = {name: -1}
    error = refused(Misuse, lambda: Verifier(store, POLICY, **wrong))
    assert error.detail == f"{name}: must be an unsigned 64-bit integer"
    with pytest.raises(TypeError):
        Verifier(store, POLICY, **{name: "1"})  # type: ignore[arg-type]


EXAMPLE = "example.org"
OTHER_POLICY = {
    "version": 1,
    "attestors": [{**POLICY["attestors"][0], "audiences": ["another"]}],  # type: ignore[index]
}
CHANGES: dict[str, tuple[Callable[[BundleStore, Verifier], object], str]] = {
    "rotated": (lambda store, verifier: store.put(EXAMPLE, REVOKING_BUNDLE, now=CLOCK), "kid_not_found"),
    "revoked": (
        lambda store, verifier: store.put(EXAMPLE, b'{"keys": [], "spiffe_sequence": 2}', now=CLOCK),
        "kid_not_found",
    ),
    "removed": (lambda store, verifier: store.remove(EXAMPLE), "bundle_unavailable"),
    "withdrawn": (lambda store, verifier: store.withdraw(0), "bundle_unavailable"),
    "denied": (
        lambda store, verifier: store.deny("trust_domain", "sub", IDENTITY, now=CLOCK),
        "overlay_denied",
    ),
    "another policy": (lambda store, verifier: verifier.set_policy(OTHER_POLICY), "audience_mismatch"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_remembered_credential_is_denied_at_once(
    store: BundleStore, verifier: Verifier, change: str
) -> None:
    verifier.verify(TOKEN, now=CLOCK)
    assert verifier.verify(TOKEN, now=CLOCK).from_cache
    act, slug = CHANGES[change]
    act(store, verifier)
    for _ in range(2):
        with pytest.raises((Denied, Unavailable)) as caught:
            verifier.verify(TOKEN, now=CLOCK)
        assert caught.value.slug == slug


def test_a_remembered_credential_ages(verifier: Verifier) -> None:
    verifier.verify(TOKEN, now=CLOCK)
    due = verifier.verify(TOKEN, now=CLOCK + 300)
    assert due.from_cache and due.bundle_due
    assert refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK + 600)).slug == "bundle_stale"


def test_put_again_is_only_confirmed(store: BundleStore, verifier: Verifier) -> None:
    verifier.verify(TOKEN, now=CLOCK)
    store.put("example.org", BUNDLE, now=CLOCK + 900)
    assert verifier.verify(TOKEN, now=CLOCK + 900).from_cache


def tables(double_check: bool = False, **options: Any) -> KeyTableMetrics:
    """Say what a store made of its tables for four verdicts without a cache."""
    with BundleStore(**options) as store:
        store.put("example.org", BUNDLE, now=CLOCK)
        with Verifier(store, POLICY, cache_entries=0, double_check=double_check) as verifier:
            for _ in range(4):
                verifier.verify(TOKEN, now=CLOCK)
            return verifier.metrics(now=CLOCK).key_tables


def has_ifma() -> bool:
    """Say whether the processor has AVX-512 IFMA."""
    return "avx512ifma" in Path("/proc/cpuinfo").read_text().split()


@pytest.mark.parametrize(
    "options",
    [{}, {"key_tables": "off"}, {"key_tables": "auto"}, {"key_tables": "at_load", "key_table_bytes": 0}],
)
def test_no_key_has_a_table_yet(options: dict[str, Any]) -> None:
    made = tables(**options)
    assert (made.held, made.bytes, made.made, made.by_table, made.by_reference) == (0, 0, 0, 0, 4)


@pytest.mark.parametrize("double_check", [False, True])
def test_keys_get_tables_at_load(double_check: bool) -> None:
    made = tables(double_check, key_tables="at_load", ifma=not double_check)
    assert (made.held, made.made, made.evicted, made.disagreements) == (1, 1, 0, 0)
    assert made.bytes > 0
    # The first verdict is the reference's and proves the table, which gives the others.
    assert (made.by_table, made.by_reference) == (3, 4 if double_check else 1)
    assert made.ifma is (not double_check and has_ifma())


def test_a_table_that_does_not_fit() -> None:
    made = tables(key_tables="at_load", key_table_bytes=1)
    assert (made.held, made.bytes, made.made, made.by_table, made.by_reference) == (0, 0, 0, 0, 4)


@pytest.mark.parametrize("options", [{"key_tables": "always"}, {"key_table_bytes": -1}])
def test_tables_that_cannot_be(options: dict[str, Any]) -> None:
    refused(Misuse, lambda: BundleStore(**options))
