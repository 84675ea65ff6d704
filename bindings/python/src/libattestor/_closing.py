"""The life of a handle: open until `close`, freed by its last user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._reasons import Reason
from .errors import Closed

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ._lowlevel import Handle


class Closing:
    """Owns a handle. A call that is under way holds it too, so `close` is safe at any time, on any thread."""

    __slots__ = ("__weakref__", "_handle")

    _handle: Handle | None

    def close(self) -> None:
        """Refuse new calls at once; those under way finish. Closing again does nothing."""
        self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> Handle:
        handle = self._handle
        if handle is None or handle.pointer is None:
            raise Closed(Reason.HANDLE_CLOSED)
        return handle
