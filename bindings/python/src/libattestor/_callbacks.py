"""What the library calls back: two C functions for the whole process, which find a fetch by its number.

A number, and not a pointer to an object: whatever C kept for too long then finds nothing, instead of memory
that is no longer an object.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import ref

from . import _lowlevel
from ._ffi import ffi
from .errors import AttestorError
from .feeds import Fetch, Sink
from .values import Source

if TYPE_CHECKING:
    from ._ffi import CData, CType

T = TypeVar("T")

# What the health of a source has as its callback's own number: it raised.
_RAISED: Final = 1


class Feeds:
    """The fetches of one store.

    Every handle that keeps the store alive holds them, and nothing global does: a fetch that refers to its
    own store is garbage that the collector sees.
    """

    __slots__ = ("__weakref__", "c_functions", "fetches")

    def __init__(self) -> None:
        self.fetches: dict[int, Fetch] = {}
        self.c_functions: _lowlevel.CFunctions | None = None


_numbers: Final = count(1)
_feeds: Final[dict[int, ref[Feeds]]] = {}


def set_fetch(store: _lowlevel.Handle, source: _lowlevel.SourceKey, fetch: Fetch, feed: int) -> None:
    """Let a store call a fetch for a source."""
    feeds, number = store.feeds, next(_numbers)
    assert feeds is not None
    feeds.c_functions = functions = _c_functions()
    feeds.fetches[number], _feeds[number] = fetch, ref(feeds)
    try:
        _lowlevel.store_set_source(store, source, functions, number, feed)
    except AttestorError:
        del feeds.fetches[number], _feeds[number]
        raise


class Call:
    """A call that may call back: keeps what the fetches raise, which no frame of C could pass on."""

    __slots__ = ("_outer", "errors", "interrupt")

    def __init__(self) -> None:
        self.errors: dict[Source, Exception] = {}
        #: What must end more than a fetch: KeyboardInterrupt, SystemExit, a cancellation.
        self.interrupt: BaseException | None = None

    def keep(self, source: Source, error: BaseException) -> None:
        """Keep what a fetch raised."""
        if isinstance(error, Exception):
            self.errors[source] = error
        else:
            self.interrupt = error

    def run(self, work: Callable[[], T]) -> T | AttestorError:
        """Do what may call back. A refusal is given back, so that what a fetch raised can go before it."""
        outcome: T | AttestorError
        outer, _current.call = _current.call, self
        try:
            outcome = work()
        except AttestorError as refusal:
            outcome = refusal
        finally:
            _current.call = outer
        if self.interrupt is not None:
            raise self.interrupt
        return outcome


class _Current(threading.local):
    """The innermost call of this thread; fetches run on the thread of their call."""

    call: Call | None = None


_current: Final = _Current()


_UINTPTR: Final = ffi.typeof("uintptr_t")


def _number(userdata: CData, cast: Any = ffi.cast, kind: CType = _UINTPTR) -> int:
    return int(cast(kind, userdata))


@cache
def _c_functions() -> _lowlevel.CFunctions:
    """Make them when they are first needed: a hardened system may refuse memory for them."""
    # Names of a function, not of the module: those are gone when the interpreter exits, and stores are not.
    feeds, current, number, source_of = _feeds, _current, _number, _lowlevel.source_of
    new_sink, raised = Sink, _RAISED

    def run(userdata: CData, kind: int, name: CData, length: int, pointer: CData) -> int:
        call, found = current.call, feeds.get(number(userdata))
        keeper = None if found is None else found()
        # Ctrl-C ends the refresh: what is left of it fails at once.
        if keeper is None or call is None or call.interrupt is not None:
            return raised
        source = source_of(kind, name, length)
        sink = new_sink(pointer, source)
        try:
            keeper.fetches[number(userdata)](source, sink)
        except BaseException as error:
            call.keep(source, error)
            return raised
        finally:
            # No call: a signal handler could raise in it, and leave the sink open.
            sink._pointer = None
        return 0

    def escaped(kind: type[BaseException], error: BaseException, trace: TracebackType) -> None:
        """Keep what a signal handler raised beside the fetch."""
        if current.call is not None:
            current.call.interrupt = error

    def drop(userdata: CData) -> None:
        found = feeds.pop(number(userdata), None)
        keeper = None if found is None else found()
        if keeper is not None:
            keeper.fetches.pop(number(userdata), None)

    fields = dict(ffi.typeof("attestor_source").fields)
    return _lowlevel.CFunctions(
        ffi.callback(fields["fetch"].type, run, error=_RAISED, onerror=escaped),
        ffi.callback(fields["drop"].type, drop),
    )
