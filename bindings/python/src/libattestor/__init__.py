"""Verify SPIFFE JWT-SVIDs and X.509-SVIDs, OIDC tokens and passports offline, against a cached trust bundle.

A `BundleStore` holds the public keys of trust domains and issuers, a policy says what may enter, a `Verifier`
judges credentials: `verify` and its siblings return for an allow and raise for everything else. A
`ReceiptLog` records what was decided.
"""

from ._lowlevel import VERSION as __version__
from ._reasons import Reason
from .errors import AttestorError, Closed, Denied, Misuse, Rejected, Unavailable, Unrecorded
from .feeds import Fetch, Sink
from .health import (
    CacheMetrics,
    Freshness,
    KeyTableMetrics,
    Metrics,
    Readiness,
    SourceHealth,
    SourceMetrics,
    VerdictCount,
)
from .passport import mint_passport, passport_thumbprint
from .possession import possession_message
from .prometheus import prometheus_text
from .receipts import ReceiptLog
from .store import BundleStore, DenyField, DenyKind, Format, GateAction, RotationGate
from .values import (
    CredentialKind,
    Finding,
    Head,
    RefreshReport,
    RestoreReport,
    Shadow,
    SlotInfo,
    Source,
    SourceKind,
)
from .verified import Verified
from .verifier import Verifier

__all__ = [
    "AttestorError",
    "BundleStore",
    "CacheMetrics",
    "Closed",
    "CredentialKind",
    "Denied",
    "DenyField",
    "DenyKind",
    "Fetch",
    "Finding",
    "Format",
    "Freshness",
    "GateAction",
    "Head",
    "KeyTableMetrics",
    "Metrics",
    "Misuse",
    "Readiness",
    "Reason",
    "ReceiptLog",
    "RefreshReport",
    "Rejected",
    "RestoreReport",
    "RotationGate",
    "Shadow",
    "Sink",
    "SlotInfo",
    "Source",
    "SourceHealth",
    "SourceKind",
    "SourceMetrics",
    "Unavailable",
    "Unrecorded",
    "VerdictCount",
    "Verified",
    "Verifier",
    "__version__",
    "mint_passport",
    "passport_thumbprint",
    "possession_message",
    "prometheus_text",
]
