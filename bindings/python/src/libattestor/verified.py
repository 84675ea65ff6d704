"""A workload that may enter."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._answers import Told
from .values import CredentialKind, Shadow

__all__ = ["Verified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Told):
    """A workload that may enter."""

    #: What it showed.
    kind: CredentialKind
    #: `spiffe://trust-domain/path`, `oidc:<issuer>:<sub>`, or `<prefix><key in hex>` of a passport alone.
    identity: str
    #: The identity without what the attestor puts before it: SPIFFE ID, `sub`, or the passport's key.
    subject: str
    #: The identity's trust domain; SPIFFE only.
    trust_domain: str | None
    #: The issuer as the policy spells it; OIDC only.
    issuer: str | None
    #: The trust domain is the attestor's `local_trust_domain`.
    is_local: bool
    #: The attestor that judged.
    attestor_id: str
    #: Unix seconds; the credential's own expiry, without clock skew.
    expires_at: int
    #: RFC 7638 thumbprint of the key that verified, base64url.
    key_thumbprint: str
    #: As what the workload enters, by the policy's `map`; None if that gives none.
    internal_identity: str | None = None
    #: What the policy's `map` grants, in its order.
    policies: tuple[str, ...] = ()
    #: RFC 7638 thumbprint of the passport's key, base64url, if a passport came.
    passport_thumbprint: str | None = None
    #: What the shadow policy would have said; None without one.
    shadow: Shadow | None = None
    #: The keys that verified it are past their soft age: still used, but refresh them.
    bundle_due: bool = field(default=False, compare=False)
    #: The signature was verified before, by a key that is still trusted; all else was judged anew.
    from_cache: bool = field(default=False, compare=False)
    #: Canonical JSON for an audit log, if it was asked for or recorded.
    evidence: bytes | None = field(default=None, repr=False)
