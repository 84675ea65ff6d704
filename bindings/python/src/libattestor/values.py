"""What calls give back: plain values, copied out of the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from ._reasons import Reason

__all__ = [
    "CredentialKind",
    "Finding",
    "Head",
    "RefreshReport",
    "RestoreReport",
    "Shadow",
    "SlotInfo",
    "Source",
    "SourceKind",
]

#: What names a source: an issuer named like a trust domain is another source.
SourceKind = Literal["trust_domain", "issuer"]
#: What the rotation gate finds: a sequence that went back, a known `kid` with another key, all keys replaced.
Finding = Literal["rollback", "rekeyed", "replaced"]


class CredentialKind(str, Enum):
    """What a workload showed."""

    #: A SPIFFE JWT-SVID.
    JWT_SVID = "jwt_svid"
    #: A SPIFFE X.509-SVID.
    X509_SVID = "x509_svid"
    #: An OIDC ID or access token.
    OIDC = "oidc"
    #: A native passport, alone.
    PASSPORT = "passport"


@dataclass(frozen=True, slots=True)
class Shadow:
    """What the shadow policy would have said; it decides nothing."""

    #: None is an allow.
    reason: Reason | None

    @property
    def allowed(self) -> bool:
        """It would have let the workload in."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Source:
    """Whose keys: a trust domain or an issuer. `Source.trust_domain("example.org")`."""

    kind: SourceKind
    name: str

    @classmethod
    def trust_domain(cls, name: str) -> Source:
        """Name a trust domain."""
        return cls("trust_domain", name)

    @classmethod
    def issuer(cls, name: str) -> Source:
        """Name an issuer of OIDC tokens, as the policy does."""
        return cls("issuer", name)

    @classmethod
    def world(cls) -> Source:
        """Name all trust domains of one feed, which delivers bundle maps."""
        return cls("trust_domain", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotInfo:
    """What is known of a filled slot."""

    #: Counts the store's updates: a higher number is newer.
    generation: int
    #: The feed that filled the slot.
    feed: int
    #: Unix seconds at which the feed last confirmed the material.
    confirmed_at: int
    #: Seconds since then after which a refresh is due; None for material that does not age.
    soft_age: int | None
    #: Seconds since then from which on it is `bundle_stale`, if the policy does not say otherwise.
    hard_age: int | None
    #: `spiffe_sequence` of the document.
    sequence: int | None
    #: `spiffe_refresh_hint` in seconds, within 10 s and 24 h.
    refresh_hint: int | None
    #: Usable keys, authorities or lists; 0 means that all were revoked.
    entries: int
    #: SHA-256 of the document, in hex.
    digest: str
    #: It came from a snapshot, and no feed has spoken since.
    restored: bool
    #: What the rotation gate found in the last update.
    findings: frozenset[Finding]
    #: Additions of the last update that the gate held back.
    withheld: int
    #: Entries of the document that were passed over, counted by reason.
    skipped: dict[str, int] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReport:
    """What a refresh did."""

    #: Fetches that put or confirmed something.
    succeeded: int
    #: Fetches that did not; the health of their sources says more.
    failed: int
    #: Sources that were due, but another thread was fetching them.
    busy: int
    #: What fetches raised.
    errors: Mapping[Source, Exception] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreReport:
    """What was taken from a snapshot."""

    #: Slots that were empty and are filled now.
    slots: int
    #: Slots that were passed over: a feed had filled them.
    skipped: int
    #: Denials that were added.
    denials: int


@dataclass(frozen=True, slots=True)
class Head:
    """Where a receipt log has got to; its text is what `attestor receipts verify --expect-head` takes."""

    #: Lines so far, rotated files included.
    seq: int = 0
    #: SHA-256 of the last line without its newline; zeros if there is none.
    digest: bytes = bytes(32)

    def __str__(self) -> str:
        return f"{self.seq}:{self.digest.hex()}"
