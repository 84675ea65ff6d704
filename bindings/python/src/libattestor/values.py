"""What calls give back: plain values, copied out of the library."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["SlotInfo", "Verified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A workload that may enter."""

    #: `spiffe://trust-domain/path`, or `oidc:<issuer>:<sub>`.
    identity: str
    #: The identity's trust domain; None for an OIDC token.
    trust_domain: str | None
    #: The issuer of an OIDC token, as the policy spells it; None for a JWT-SVID.
    issuer: str | None
    #: The trust domain is the attestor's `local_trust_domain`.
    is_local: bool
    #: The attestor that judged.
    attestor_id: str
    #: Unix seconds; the credential's own expiry, without clock skew.
    expires_at: int
    #: RFC 7638 thumbprint of the key that verified, base64url.
    key_thumbprint: str
    #: Canonical JSON for an audit log, if it was asked for.
    evidence: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotInfo:
    """What is known of a filled slot."""

    #: Counts the store's updates: a higher number is newer.
    generation: int
    #: The feed that filled the slot.
    feed: int
    #: Unix seconds at which the feed last confirmed the material.
    confirmed_at: int
    #: `spiffe_sequence` of the document.
    sequence: int | None
    #: `spiffe_refresh_hint` in seconds, within 10 s and 24 h.
    refresh_hint: int | None
    #: Usable keys or authorities; 0 means that all were revoked.
    entries: int
    #: SHA-256 of the document, in hex.
    digest: str
    #: Entries of the document that were passed over, counted by reason.
    skipped: dict[str, int] = field(hash=False)
