"""The receipt log: what was decided, one line a verdict, each naming the one before it."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from . import _lowlevel
from ._arguments import binary, clock, octets, text
from ._arguments import fields as text_fields
from ._reasons import Reason
from .errors import Closed, Misuse
from .values import Head

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["ReceiptLog"]

_MAX_LINE = 1 << 20
_START = Head()


class _End(NamedTuple):
    """Where the file ends, and the head that its last line makes: changed together or not at all."""

    size: int
    head: Head


class ReceiptLog:
    """A file of receipts that this process alone writes. Any number of threads; not across a fork.

    It shows edits by anyone who cannot rewrite all that follows (with `key`: who has not the key), and that
    its end was cut off only against a head that was saved elsewhere. `attestor receipts verify` checks a
    whole log.
    """

    __slots__ = ("__weakref__", "_busy", "_end", "_file", "_fsync", "_key", "_lock", "_path", "_pid")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        key: bytes | Callable[[int], bytes] | None = None,
        fsync: bool = True,
    ) -> None:
        """Open a log, or begin one, under an exclusive lock.

        `key` adds a `mac` to every line: 16 to 4096 bytes, or what gives them for a line's number. With
        `fsync` a line is on disk before `record` returns. A last line that was torn by a crash is moved to
        `<path>.torn-<number>` and recorded. Raises `OSError` (`BlockingIOError` if another process has the
        log) and `Misuse` for a file that is no receipt log.
        """
        if key is not None and not callable(key):
            # Refused now if the library would refuse it later.
            key = binary("key", key)
            _lowlevel.receipt_write(_START, at=1, event=b"log.opened", key=key)
        self._path = os.fspath(path)
        self._key = key
        self._fsync = fsync
        self._pid = os.getpid()
        # Reentrant: a signal handler that records in the middle of a line is refused, not left waiting for
        # itself.
        self._lock = threading.RLock()
        self._busy = False
        self._file: io.FileIO | None = _open(self._path)
        try:
            self._end, torn = _read_end(self._file)
            if torn:
                self._move_aside(torn)
        except BaseException:
            self.close()
            raise

    @property
    def head(self) -> Head:
        """The head of the last line: save it where the log's writer cannot change it."""
        return self._end.head

    def record(
        self,
        event: str,
        *,
        evidence: bytes | None = None,
        fields: Mapping[str, str] | None = None,
        at: int | None = None,
    ) -> Head:
        """Append one line, and give the head that it makes.

        `event` is 1 to 64 of `a-z 0-9 . _ -`, `evidence` what a verdict gave, `fields` what only the host
        knows, `at` Unix seconds (the system clock if None). Raises `Misuse` and `OSError`; the log is then as
        it was.
        """
        name, when = text("event", event), clock(at)
        proof = None if evidence is None else binary("evidence", evidence)
        members = {} if fields is None else text_fields("fields", fields)
        with self._turn() as file:
            return self._append(file, name, proof, members, when)

    def rotate(self, new_path: str | os.PathLike[str]) -> None:
        """Go on in a new file, which must not exist; its first line, `log.rotated`, follows this file's last.

        Raises `FileExistsError`, `OSError` and `Misuse`; the log then goes on in the old file.
        """
        path = os.fspath(new_path)
        with self._turn() as old:
            before = self._path, self._end
            file = _open(path, new=True)
            try:
                self._end = _End(0, self._end.head)
                self._append(file, b"log.rotated", None, {"from": _base_name(self._path)}, clock(None))
                _sync_folder(path)
                self._path, self._file = path, file
            finally:
                if self._file is not file:
                    self._path, self._end = before
                    file.close()
                    os.unlink(path)
            old.close()

    def close(self) -> None:
        """Let the file and its lock go, after the line that is being written. Closing again does nothing."""
        if os.getpid() != self._pid:
            # Whoever held the lock in the parent does not exist here; the parent's file stays locked.
            self._let_go()
            return
        with self._lock:
            self._refuse_if_busy()
            self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _turn(self) -> Iterator[io.FileIO]:
        """Let one thread write."""
        # Before the lock, which another thread of the parent may have held at the fork.
        if os.getpid() != self._pid:
            raise Misuse(Reason.ARGUMENT_INVALID, "log: a forked child cannot go on with its parent's log")
        with self._lock:
            self._refuse_if_busy()
            if self._file is None:
                raise Closed(Reason.HANDLE_CLOSED)
            self._busy = True
            try:
                yield self._file
            finally:
                self._busy = False

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _refuse_if_busy(self) -> None:
        if self._busy:
            raise Misuse(Reason.ARGUMENT_INVALID, "log: this thread is in the middle of writing a line")

    def _append(
        self, file: io.FileIO, event: bytes, evidence: bytes | None, members: Mapping[str, str], at: int
    ) -> Head:
        end = self._end
        self._check_file(file, end)
        key = self._key(end.head.seq + 1) if callable(self._key) else self._key
        line = _lowlevel.receipt_write(
            end.head,
            at=at,
            event=event,
            evidence=evidence,
            host={octets("fields", name): octets("fields", value) for name, value in members.items()},
            key=None if key is None else binary("key", key),
        )
        head = _lowlevel.receipt_head(line)
        try:
            _write(file, line + b"\n", sync=self._fsync)
            self._end = _End(end.size + len(line) + 1, head)
        except BaseException:
            # Whatever interrupted: no half of a line stays, and no line that the chain does not know.
            os.ftruncate(file.fileno(), self._end.size)
            raise
        return head

    def _check_file(self, file: io.FileIO, end: _End) -> None:
        found = os.fstat(file.fileno())
        if found.st_size != end.size or found.st_nlink == 0:
            raise Misuse(Reason.RECEIPT_INVALID, "path: the file is not as this log left it")

    def _move_aside(self, torn: bytes) -> None:
        """Keep what a crash left of a line in a file of its own, and say so in the log."""
        file = self._file
        assert file is not None
        aside = _keep(f"{self._path}.torn-{self._end.head.seq + 1}", torn)
        os.ftruncate(file.fileno(), self._end.size)
        digest = hashlib.sha256(torn).hexdigest()
        members = {"bytes": str(len(torn)), "moved_to": _base_name(aside), "sha256": digest}
        self._append(file, b"log.torn", None, members, clock(None))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _open(path: str, *, new: bool = False) -> io.FileIO:
    """Open a file to append to, under an exclusive lock."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | (os.O_EXCL if new else 0)
    file = io.FileIO(path, "r+", opener=lambda name, _: _private(name, flags))
    try:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Misuse(Reason.ARGUMENT_INVALID, "path: must be a regular file")
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(error.errno, "the receipt log is in use", path) from None
        _sync_folder(path)
    except BaseException:
        file.close()
        raise
    return file


def _read_end(file: io.FileIO) -> tuple[_End, bytes]:
    """Give the end of the last whole line, and what a crash left of one behind it."""
    size = file.seek(0, os.SEEK_END)
    # Room for a torn line, and a whole one before it.
    start = file.seek(max(0, size - 2 * (_MAX_LINE + 1)))
    tail = b""
    while len(tail) < size - start:
        tail += file.read(size - start - len(tail)) or _cut_off()
    whole, newline, torn = tail.rpartition(b"\n")
    if not newline:
        if start > 0 or len(torn) > _MAX_LINE:
            raise Misuse(Reason.RECEIPT_INVALID, "path: the last line is longer than 1 MiB")
        return _End(0, _START), torn
    head = _lowlevel.receipt_head(whole.rpartition(b"\n")[2])
    return _End(size - len(torn), head), torn


def _cut_off() -> bytes:
    raise Misuse(Reason.RECEIPT_INVALID, "path: the file shrank while it was read")


def _write(file: io.FileIO, octets: bytes, *, sync: bool) -> None:
    rest = memoryview(octets)
    while rest:
        rest = rest[file.write(rest) or 0 :]
    if sync:
        os.fsync(file.fileno())


def _keep(path: str, octets: bytes) -> str:
    """Put bytes into a new file of about this name, and give its name."""
    for number in count():
        name = f"{path}.{number}" if number else path
        try:
            with open(name, "xb", buffering=0, opener=_private) as kept:
                _write(kept, octets, sync=True)
        except FileExistsError:
            continue
        break
    _sync_folder(name)
    return name


def _sync_folder(path: str) -> None:
    """Let a new name outlive a crash."""
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _base_name(path: str) -> str:
    """Give a file's name as text, whatever its bytes."""
    return os.fsencode(os.path.basename(path)).decode("utf-8", "backslashreplace")
