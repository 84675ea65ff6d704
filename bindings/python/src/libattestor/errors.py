"""What calls raise. No exception holds bytes of a credential."""

from __future__ import annotations

from ._reasons import Reason
from .values import Shadow

__all__ = ["AttestorError", "Closed", "Denied", "Misuse", "Rejected", "Unavailable", "Unrecorded"]


class AttestorError(Exception):
    """Anything but an allow; `reason` says why."""

    def __init__(self, reason: Reason, *more: object) -> None:
        super().__init__(reason, *more)
        self.reason = reason

    @property
    def code(self) -> int:
        """The stable number of the reason."""
        return self.reason.value

    @property
    def slug(self) -> str:
        """The stable machine name of the reason."""
        return self.reason.slug

    @property
    def phrase(self) -> str:
        """The stable sentence for people."""
        return self.reason.phrase

    def __str__(self) -> str:
        return self.phrase

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.slug!r})"


class Rejected(AttestorError):
    """The credential does not get in: `Denied` or `Unavailable`."""

    def __init__(
        self,
        reason: Reason,
        authenticated: bool = False,
        attestor_id: str | None = None,
        evidence: bytes | None = None,
        about_passport: bool = False,
        shadow: Shadow | None = None,
        refresh_wanted: bool = False,
    ) -> None:
        super().__init__(reason, authenticated, attestor_id, evidence, about_passport, shadow, refresh_wanted)
        #: The signature was verified, whatever was decided afterwards.
        self.authenticated = authenticated
        #: The attestor that judged; None if routing found none.
        self.attestor_id = attestor_id
        #: Canonical JSON for an audit log, if it was asked for or recorded.
        self.evidence = evidence
        #: The passport was refused, not the credential beside it.
        self.about_passport = about_passport
        #: What the shadow policy would have said; None without one.
        self.shadow = shadow
        #: The bundle lacks the key that was named; said once within the store's cooldown: fetch it.
        self.refresh_wanted = refresh_wanted


class Denied(Rejected):
    """The credential is refused."""


class Unavailable(Rejected):
    """Our own trust material is missing or too old: feed the store, then try again."""


class Misuse(AttestorError, ValueError):
    """A programming or configuration error of the host."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        #: The path and kind of a configuration mistake, never a value; may be empty.
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.phrase}: {self.detail}" if self.detail else self.phrase


class Closed(Misuse):
    """The object was used after `close`."""


class Unrecorded(AttestorError):
    """A verdict that could not be recorded, so that nobody enters; `__cause__` says what went wrong."""

    def __init__(self, refusal: Rejected | None = None) -> None:
        super().__init__(Reason.INTERNAL_ERROR)
        self.args = (refusal,)
        #: The refusal that was not recorded; None if it was an allow.
        self.refusal = refusal

    def __str__(self) -> str:
        return "the verdict could not be recorded"
