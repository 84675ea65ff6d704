"""The text that a scrape of a verifier answers."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from libattestor import (
    BundleStore,
    CacheMetrics,
    Freshness,
    KeyTableMetrics,
    Metrics,
    Reason,
    Source,
    SourceMetrics,
    VerdictCount,
    Verifier,
    prometheus_text,
)
from material import BUNDLE, CLOCK, POLICY, TOKEN

EXPECTED = Path(__file__).resolve().parents[3] / "tests" / "data" / "prometheus.txt"

METRICS = Metrics(
    allowed=1,
    denied=1,
    unavailable=1,
    misused=0,
    cache=CacheMetrics(hits=5, misses=4, insertions=3, evictions=2, stale=1, entries=6, bytes=7000),
    key_tables=KeyTableMetrics(
        held=8, bytes=90000, made=10, evicted=2, disagreements=0, by_table=11, by_reference=12, ifma=True
    ),
    verdicts=(
        VerdictCount(None, Reason.MALFORMED_TOKEN, 3),
        VerdictCount("spiffe", None, 2**64 - 1),
        VerdictCount("other", Reason.BUNDLE_STALE, 1),
    ),
    sources=(
        SourceMetrics(
            source=Source.trust_domain("example.org"),
            sources=1,
            jwt=Freshness.FRESH,
            x509=Freshness.STALE,
            age=42,
            keys=2,
            authorities=1,
            skipped=9,
            refreshes=10,
            failures=11,
        ),
        SourceMetrics(
            source=Source.issuer('https://a.example/"\\\n'),
            sources=1,
            jwt=None,
            x509=None,
            age=None,
            keys=0,
            authorities=0,
            skipped=0,
            refreshes=0,
            failures=12,
        ),
        SourceMetrics(
            source=None,
            sources=0,
            jwt=None,
            x509=None,
            age=None,
            keys=0,
            authorities=0,
            skipped=0,
            refreshes=0,
            failures=0,
        ),
    ),
)


def test_every_metric_has_its_line() -> None:
    assert prometheus_text(METRICS) == EXPECTED.read_text()


def test_a_scrape_can_be_parsed(store: BundleStore) -> None:
    store.put("example.org", BUNDLE, now=CLOCK)
    with Verifier(store, POLICY) as verifier:
        verifier.verify(TOKEN, now=CLOCK)
        text = prometheus_text(verifier.metrics(now=CLOCK + 7))
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    age = ("attestor_source_age_seconds", ("kind", "trust_domain"), ("name", "example.org"))
    assert samples[age] == 7
    attestor = str(POLICY["attestors"][0]["id"])  # type: ignore[index]
    assert samples["attestor_verdicts_total", ("attestor", attestor), ("reason", "ok")] == 1
    assert samples[("attestor_cache_entries",)] == 1


def test_names_are_escaped() -> None:
    families = {family.name: family for family in text_string_to_metric_families(prometheus_text(METRICS))}
    names = {sample.labels["name"] for sample in families["attestor_source_keys"].samples}
    assert names == {"example.org", 'https://a.example/"\\\n', "other"}
