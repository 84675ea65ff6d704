"""How the trust material and the verdicts are doing: plain values, copied out of the library."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ._reasons import Reason
from .values import Source

__all__ = [
    "CacheMetrics",
    "Freshness",
    "KeyTableMetrics",
    "Metrics",
    "Readiness",
    "SourceHealth",
    "SourceMetrics",
    "VerdictCount",
]


class Freshness(str, Enum):
    """How old the material of a slot is."""

    #: Within its soft age, or without one.
    FRESH = "fresh"
    #: Past its soft age: still used, a refresh is due.
    DUE = "due"
    #: At its hard age: no longer used, `bundle_stale`.
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """What is known of the feeding of a source."""

    #: A callback feeds it.
    has_callback: bool
    #: A verification asked for a key that it does not have, and nobody has fetched since.
    wanted: bool
    #: A callback is fetching it.
    in_flight: bool
    #: The last update had nothing usable in it, and none has succeeded since.
    empty_update: bool
    #: The clock is before the material was confirmed: it has gone back.
    clock_went_back: bool
    #: Updates and confirmations that succeeded.
    refreshes: int
    #: Updates and fetches that failed.
    failures: int
    #: How many of them since the last success.
    failures_in_a_row: int
    #: Why the last failure was one; None if there was none since the last success.
    last_failure: Reason | None
    #: The keys for tokens; None if nothing has filled them.
    jwt: Freshness | None
    #: The X.509 authorities; None if nothing has filled them.
    x509: Freshness | None
    #: Unix seconds of the last success.
    succeeded_at: int | None
    #: Unix seconds of the last failure.
    failed_at: int | None
    #: Unix seconds at which the callback is due, in the past if overdue; None if there is nothing to do.
    next_refresh: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether a verifier has what its policy needs."""

    #: Every source that the policy names can be used.
    ready: bool
    #: How many sources the policy names.
    sources: int
    #: How many of them are within their soft age.
    fresh: int
    #: How many are past it, and still used.
    due: int
    #: How many are past their hard age.
    stale: int
    #: How many nothing has filled.
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMetrics:
    """What the verified-credential cache did and holds."""

    hits: int
    misses: int
    insertions: int
    #: Entries that made room for others.
    evictions: int
    #: Entries that were found and no longer counted: keys, policy or denials had changed.
    stale: int
    #: Entries that are there now.
    entries: int
    #: Bytes that they take.
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTableMetrics:
    """The tables of a store's keys, whichever verifier asked."""

    #: Keys that have one now.
    held: int
    #: Bytes that they take.
    bytes: int
    made: int
    #: Tables that made room for others.
    evicted: int
    #: Tables that the reference contradicted, and self-tests that failed: any is a defect.
    disagreements: int
    #: Signatures that tables checked.
    by_table: int
    #: Signatures that the reference checked.
    by_reference: int
    #: AVX-512 IFMA is used: the processor has it, and the store was not made with `ifma=False`.
    ifma: bool


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """How often an attestor came to one verdict."""

    #: None if no attestor took the credential; "other" stands for those that the policy no longer has.
    attestor_id: str | None
    #: None is an allow.
    reason: Reason | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMetrics:
    """One source that the policy names, or all the others together."""

    #: None for the others.
    source: Source | None
    #: 1, or how many others there are.
    sources: int
    #: The keys for tokens; None if nothing has filled them.
    jwt: Freshness | None
    #: The X.509 authorities; None if nothing has filled them.
    x509: Freshness | None
    #: Seconds since the older slot was confirmed; None if nothing has filled one.
    age: int | None
    #: Usable keys.
    keys: int
    #: Usable X.509 authorities.
    authorities: int
    #: Entries of documents that were passed over.
    skipped: int
    #: Updates and confirmations that succeeded.
    refreshes: int
    #: Updates and fetches that failed.
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What a verifier counted since it was made, and its sources as they are."""

    allowed: int
    denied: int
    unavailable: int
    misused: int
    cache: CacheMetrics
    key_tables: KeyTableMetrics
    #: By attestor and reason, those that occurred.
    verdicts: tuple[VerdictCount, ...]
    #: Those that the policy names, then the others together. Never a name that only a credential has.
    sources: tuple[SourceMetrics, ...]
