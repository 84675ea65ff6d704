"""Metrics in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .health import Freshness, Metrics, SourceMetrics

__all__ = ["prometheus_text"]

Sample = tuple[dict[str, str], int]


def prometheus_text(metrics: Metrics) -> str:
    """Write every metric with its samples, as a scrape answers it."""
    return "".join(
        line
        for name, kind, what, samples in _families(metrics)
        for line in _family(f"attestor_{name}", kind, what, samples)
    )


def _family(name: str, kind: str, what: str, samples: Iterable[Sample]) -> Iterator[str]:
    samples = list(samples)
    if not samples:
        return
    yield f"# HELP {name} {what}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        pairs = ",".join(f'{label}="{_escape(text)}"' for label, text in labels.items())
        yield f"{name}{{{pairs}}} {value}\n" if pairs else f"{name} {value}\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _families(metrics: Metrics) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    verdicts = [
        ({"attestor": row.attestor_id or "", "reason": row.reason.slug if row.reason else "ok"}, row.count)
        for row in metrics.verdicts
    ]
    yield "verdicts_total", "counter", "Verdicts, by attestor and reason; ok is an allow.", verdicts
    cache = metrics.cache
    for name, kind, what, value in (
        ("hits_total", "counter", "Credentials that were remembered.", cache.hits),
        ("misses_total", "counter", "Credentials that were not remembered.", cache.misses),
        ("insertions_total", "counter", "Credentials that were taken up.", cache.insertions),
        ("evictions_total", "counter", "Credentials that gave way to others.", cache.evictions),
        ("stale_total", "counter", "Remembered credentials for which something had changed.", cache.stale),
        ("entries", "gauge", "Credentials that are remembered now.", cache.entries),
        ("bytes", "gauge", "Memory that they take.", cache.bytes),
    ):
        yield f"cache_{name}", kind, what, [({}, value)]
    tables = metrics.key_tables
    for name, kind, what, value in (
        ("held", "gauge", "Keys of the store that have a table now.", tables.held),
        ("bytes", "gauge", "Memory that the tables take.", tables.bytes),
        ("made_total", "counter", "Tables that were made.", tables.made),
        ("evicted_total", "counter", "Tables that gave way to others.", tables.evicted),
        (
            "disagreements_total",
            "counter",
            "Tables that the reference contradicted, and self-tests that failed: a defect.",
            tables.disagreements,
        ),
        ("signatures_total", "counter", "Signatures that tables checked.", tables.by_table),
        (
            "reference_signatures_total",
            "counter",
            "Signatures that the reference checked.",
            tables.by_reference,
        ),
        ("ifma", "gauge", "1 if AVX-512 IFMA is used, else 0.", int(tables.ifma)),
    ):
        yield f"key_tables_{name}", kind, what, [({}, value)]
    named = [(_labels(source), source) for source in metrics.sources]
    ages = [(labels, source.age) for labels, source in named if source.age is not None]
    yield "source_age_seconds", "gauge", "Seconds since the older slot of the source was confirmed.", ages
    slots = [
        (labels | {"slot": slot}, _number(freshness))
        for labels, source in named
        for slot, freshness in (("jwt", source.jwt), ("x509", source.x509))
    ]
    what = "0 not there, 1 fresh, 2 past the soft age, 3 at the hard age."
    yield "source_freshness", "gauge", what, slots
    for name, kind, what in (
        ("keys", "gauge", "Usable keys for tokens."),
        ("authorities", "gauge", "Usable X.509 authorities."),
        ("skipped", "gauge", "Entries of the documents that were passed over."),
        ("refreshes", "counter", "Updates and confirmations that succeeded."),
        ("failures", "counter", "Updates and fetches that failed."),
    ):
        samples = [(labels, getattr(source, name)) for labels, source in named]
        yield f"source_{name}{'_total' if kind == 'counter' else ''}", kind, what, samples


def _labels(metrics: SourceMetrics) -> dict[str, str]:
    if metrics.source is None:
        return {"kind": "other", "name": "other"}
    return {"kind": metrics.source.kind, "name": metrics.source.name}


def _number(freshness: Freshness | None) -> int:
    return 0 if freshness is None else ("fresh", "due", "stale").index(freshness.value) + 1
