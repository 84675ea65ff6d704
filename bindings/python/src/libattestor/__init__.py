"""Verify SPIFFE JWT-SVIDs and OIDC tokens offline, in process, against a cached trust bundle.

A `BundleStore` holds the public keys of trust domains and issuers, a policy says what may enter, a `Verifier`
judges credentials: `verify` returns for an allow and raises for everything else.
"""

from ._lowlevel import VERSION as __version__
from ._reasons import Reason
from .errors import AttestorError, Closed, Denied, Misuse, Rejected, Unavailable
from .store import BundleStore, Format
from .values import SlotInfo, Verified
from .verifier import Verifier

__all__ = [
    "AttestorError",
    "BundleStore",
    "Closed",
    "Denied",
    "Format",
    "Misuse",
    "Reason",
    "Rejected",
    "SlotInfo",
    "Unavailable",
    "Verified",
    "Verifier",
    "__version__",
]
