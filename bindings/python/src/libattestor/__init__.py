"""Verify SPIFFE JWT-SVIDs and X.509-SVIDs, OIDC tokens and passports offline, against a cached trust bundle.

A `BundleStore` holds the public keys of trust domains and issuers, a policy says what may enter, a `Verifier`
judges credentials: `verify` and its siblings return for an allow and raise for everything else. A
`ReceiptLog` records what was decided.
"""

from ._lowlevel import VERSION as __version__
from ._reasons import Reason
from .errors import AttestorError, Closed, Denied, Misuse, Rejected, Unavailable, Unrecorded
from .passport import mint_passport, passport_thumbprint
from .possession import possession_message
from .receipts import ReceiptLog
from .store import BundleStore, DenyField, DenyKind, Format
from .values import CredentialKind, Head, Shadow, SlotInfo, Verified
from .verifier import Verifier

__all__ = [
    "AttestorError",
    "BundleStore",
    "Closed",
    "CredentialKind",
    "Denied",
    "DenyField",
    "DenyKind",
    "Format",
    "Head",
    "Misuse",
    "Reason",
    "ReceiptLog",
    "Rejected",
    "Shadow",
    "SlotInfo",
    "Unavailable",
    "Unrecorded",
    "Verified",
    "Verifier",
    "__version__",
    "mint_passport",
    "passport_thumbprint",
    "possession_message",
]
