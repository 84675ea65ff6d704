"""Feeds that the host lends to a store: a callable that fetches, and the sink that it fetches into."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import _lowlevel
from ._arguments import choice, lifetime, octets, wrong_type
from ._reasons import Reason
from .errors import Closed, Misuse
from .values import Source

if TYPE_CHECKING:
    from ._ffi import CData
    from .store import Format

__all__ = ["Fetch", "Sink"]


class Sink:
    """Takes what a fetch fetched: during the fetch, on its thread."""

    __slots__ = ("_format", "_pointer", "_thread")

    def __init__(self, pointer: CData, source: Source) -> None:
        self._pointer: CData | None = pointer
        self._thread = threading.get_ident()
        trust_domain = "spiffe_bundle" if source.name else "bundle_map"
        self._format = "jwks" if source.kind == "issuer" else trust_domain

    def put(
        self,
        document: bytes | str,
        *,
        format: Format | str | None = None,
        max_age: int | None = None,
        refresh_after: int | None = None,
        force: bool = False,
    ) -> None:
        """Put a document, as `BundleStore.put`, `put_issuer` or `put_map` does.

        None of a `format` is the default of that method. `max_age` is for how many seconds its host says
        that it may be kept (`Cache-Control: max-age`), `refresh_after` after how many to fetch again (None:
        at the soft age). Raises `Misuse`: what was there stays.
        """
        name = self._format if format is None else format
        number = choice("format", name, _lowlevel.FORMATS, Reason.FORMAT_UNSUPPORTED)
        taken = octets("document", document)
        keep, again = lifetime("max_age", max_age), lifetime("refresh_after", refresh_after)
        sink = self._open()
        _lowlevel.sink_put(sink, taken, format=number, max_age=keep, refresh_after=again, force=force)

    def confirm(self, *, refresh_after: int | None = None) -> None:
        """Say that nothing is new (HTTP 304, a stream that was opened again): the material is young again.

        Raises `Unavailable` if this feed has put nothing that is still there.
        """
        _lowlevel.sink_confirm(self._open(), lifetime("refresh_after", refresh_after))

    def _open(self) -> CData:
        pointer = self._pointer
        if pointer is None:
            raise Closed(Reason.HANDLE_CLOSED)
        if self._thread != threading.get_ident():
            raise Misuse(Reason.ARGUMENT_INVALID, "sink: belongs to the thread of its fetch")
        return pointer


#: Fetches a source into a sink; what it raises is a failure of this source only.
Fetch = Callable[[Source, Sink], None]


def callback(fetch: object) -> Fetch:
    """Take what can be called."""
    if not callable(fetch):
        raise wrong_type("fetch", "callable", fetch)
    return fetch
