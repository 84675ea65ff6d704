"""A store and a policy: may this credential enter?"""

from __future__ import annotations

import json
from collections.abc import Mapping

from . import _lowlevel
from ._arguments import age, clock, octets, text, wrong_type
from ._closing import Closing
from .store import BundleStore
from .values import Verified

__all__ = ["Verifier"]


class Verifier(Closing):
    """Judges credentials. Any number of threads; a verification holds no lock and waits for nobody."""

    __slots__ = ()

    def __init__(self, store: BundleStore, policy: bytes | str | Mapping[str, object]) -> None:
        """Take a policy, JSON or what becomes it; raises `Misuse` with the path of a mistake.

        The verifier keeps what it needs of the store: the store object may be closed first.
        """
        if not isinstance(store, BundleStore):
            raise wrong_type("store", "BundleStore", store)
        self._handle = _lowlevel.verifier_new(store._open(), _document(policy))

    def set_policy(self, policy: bytes | str | Mapping[str, object]) -> None:
        """Swap the policy; on `Misuse` the old one stays. Calls under way finish under the one they had."""
        _lowlevel.verifier_set_policy(self._open(), _document(policy))

    def verify(
        self,
        credential: str | bytes | bytearray | memoryview,
        *,
        now: int | None = None,
        attestor: str | None = None,
        nonce: str | None = None,
        max_age: int | None = None,
        access_token: str | bytes | None = None,
        evidence: bool = False,
    ) -> Verified:
        """Judge one credential, byte for byte: no `Bearer `, no newline. Returning is the only acceptance.

        `now` is Unix seconds (the system clock if None), `attestor` forces the attestor of that id,
        `evidence` asks for canonical JSON with the verdict. Raises `Denied`, `Unavailable` or `Misuse`.

        About OIDC tokens only: `nonce` is the one that the token must carry, `max_age` how many seconds ago
        its end user may have authenticated (None for any time; 0 is refused), `access_token` what came with
        it, for its `at_hash`.
        """
        return _lowlevel.verify(
            self._open(),
            octets("credential", credential),
            now=clock(now),
            attestor=None if attestor is None else text("attestor", attestor),
            nonce=None if nonce is None else text("nonce", nonce),
            max_age=None if max_age is None else age("max_age", max_age),
            access_token=None if access_token is None else octets("access_token", access_token),
            evidence=evidence,
        )


def _document(policy: object) -> bytes:
    if isinstance(policy, Mapping):
        policy = json.dumps(dict(policy))
    return octets("policy", policy)
