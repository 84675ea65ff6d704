"""The bundle cache."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from . import _lowlevel
from ._arguments import choice, clock, integer, octets, text
from ._closing import Closing
from ._reasons import Reason
from .errors import Misuse
from .values import SlotInfo

__all__ = ["BundleStore", "Format"]


class Format(str, Enum):
    """How a bundle document is to be read; never guessed."""

    #: A SPIFFE bundle document: each entry's `use` decides.
    SPIFFE_BUNDLE = "spiffe_bundle"
    #: A JWT bundle as the Workload API gives it.
    WORKLOAD_API_JWKS = "workload_api_jwks"


class BundleStore(Closing):
    """The public keys of trust domains. Any number of threads; no reader ever waits for a writer."""

    __slots__ = ()

    def __init__(self) -> None:
        self._handle = _lowlevel.store_new()

    def put(
        self,
        trust_domain: str,
        document: bytes | str,
        *,
        format: Format | str = Format.SPIFFE_BUNDLE,
        feed: int = 0,
        force: bool = False,
        now: int | None = None,
    ) -> None:
        """Replace the keys of a trust domain by those of a document, whole or not at all.

        `feed` numbers who speaks, `force` takes a document whose sequence went back, `now` is Unix seconds
        (the system clock if None). Raises `Misuse`; the last good bundle then stays.
        """
        _lowlevel.store_put(
            self._open(),
            text("trust_domain", trust_domain),
            octets("document", document),
            format=choice("format", format, _lowlevel.FORMATS, Reason.FORMAT_UNSUPPORTED),
            feed=_feed(feed),
            force=force,
            now=clock(now),
        )

    def remove(self, trust_domain: str) -> None:
        """Forget a trust domain at once; an unknown one is fine."""
        _lowlevel.store_remove(self._open(), text("trust_domain", trust_domain))

    def info(self, trust_domain: str, slot: Literal["jwt", "x509"] = "jwt") -> SlotInfo | None:
        """Say what is known of a slot; None if nothing has filled it."""
        number = choice("slot", slot, _lowlevel.SLOTS, Reason.ARGUMENT_INVALID)
        return _lowlevel.store_info(self._open(), text("trust_domain", trust_domain), number)


def _feed(feed: object) -> int:
    number = integer("feed", feed)
    if not 0 <= number < 2**64:
        raise Misuse(Reason.ARGUMENT_INVALID, "feed: must be an unsigned 64-bit integer")
    return number
