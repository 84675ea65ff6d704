"""The receipt log: a chain of lines that nobody cuts, forks or tears unseen."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from libattestor import (
    BundleStore,
    Closed,
    Denied,
    Head,
    Misuse,
    Reason,
    ReceiptLog,
    Unavailable,
    Unrecorded,
    Verifier,
    mint_passport,
    receipts,
)
from material import CLOCK, EXPIRED_TOKEN, IDENTITY, POLICY, TOKEN, refused

KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "receipts.jsonl"


def follow(*files: Path, key: Callable[[int], bytes] | None = None) -> Head:
    """Check a chain as docs/receipts.md has it, with nothing of ours; give its head."""
    seq, digest = 0, bytes(32)
    for line in b"".join(file.read_bytes() for file in files).splitlines(keepends=True):
        assert line.endswith(b"\n")
        line = line[:-1]
        receipt = json.loads(line)
        canonical = json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert canonical.encode() == line
        assert (receipt["seq"], receipt["prev"], receipt["v"]) == (seq + 1, digest.hex(), 1)
        assert ("mac" in receipt) is (key is not None)
        if key is not None:
            mac = f',"mac":"{receipt["mac"]}"'.encode()
            expected = hmac.new(key(receipt["seq"]), line.replace(mac, b""), "sha256").hexdigest()
            assert receipt["mac"] == expected
        seq, digest = seq + 1, hashlib.sha256(line).digest()
    return Head(seq, digest)


def lines(path: Path) -> list[Any]:
    """Read a log."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_log_is_a_chain_that_goes_on_when_it_is_opened_again(path: Path) -> None:
    with ReceiptLog(path) as log:
        assert log.head == Head() and str(log.head) == "0:" + "0" * 64
        first = log.record("agent.note", fields={"swarm_id": "s", "agent_id": 'a\n"é'}, at=CLOCK)
        assert log.head == first == follow(path)
    with ReceiptLog(str(path), fsync=False) as log:
        assert log.head == first
        log.record("agent.note", evidence=b'{"a":1}')
        assert log.head == follow(path) and log.head.seq == 2
    note, proven = lines(path)
    assert (note["at"], note["event"]) == (CLOCK, "agent.note")
    assert note["host"] == {"agent_id": 'a\n"é', "swarm_id": "s"}
    assert proven["evidence"] == {"a": 1} and "host" not in proven
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("key", [KEY, lambda seq: hashlib.sha256(KEY + bytes([seq])).digest()])
def test_every_line_has_a_mac_under_the_key(path: Path, key: Any) -> None:
    with ReceiptLog(path, key=key) as log:
        for _ in range(3):
            log.record("agent.note")
        log.rotate(path.with_suffix(".2"))
    assert follow(path, path.with_suffix(".2"), key=key if callable(key) else lambda seq: key).seq == 4
    assert KEY.hex() not in repr(log) and str(KEY) not in repr(log)


@pytest.mark.parametrize("key", [b"", b"k" * 15, b"k" * 4097])
def test_a_key_that_cannot_be_is_misuse(path: Path, key: bytes) -> None:
    refused(Misuse, lambda: ReceiptLog(path, key=key))
    assert not path.exists()
    with ReceiptLog(path, key=lambda seq: key) as log:
        refused(Misuse, lambda: log.record("agent.note"))
    assert path.read_bytes() == b""


def test_a_rotated_log_carries_the_head_on(path: Path) -> None:
    new = path.with_name("receipts-2.jsonl")
    with ReceiptLog(path) as log:
        log.record("agent.note")
        with pytest.raises(FileExistsError):
            log.rotate(path)
        log.rotate(new)
        log.record("agent.note")
        assert log.head == follow(path, new)
        with ReceiptLog(path) as old:
            assert old.head.seq == 1
    begin, _ = lines(new)
    assert (begin["event"], begin["seq"], begin["host"]) == ("log.rotated", 2, {"from": path.name})
    with ReceiptLog(new) as log:
        assert log.head == follow(path, new)


def test_a_rotation_that_fails_goes_on_in_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ReceiptLog(path) as log:
        log.record("agent.note")
        with pytest.raises(FileNotFoundError):
            log.rotate(path.parent / "nowhere" / "x")
        with monkeypatch.context() as patch:
            patch.setattr(receipts, "_write", failing(OSError(28, "No space left on device")))
            with pytest.raises(OSError, match="No space left"):
                log.rotate(path.with_suffix(".2"))
        log.record("agent.note")
        assert log.head == follow(path) and log.head.seq == 2
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("torn", [b"{", b'{"at":18', b"\0" * 100, "half a lettér".encode()[:-2]])
@pytest.mark.parametrize("whole", [0, 1, 2])
def test_a_torn_line_is_moved_aside_and_recorded(path: Path, whole: int, torn: bytes) -> None:
    with ReceiptLog(path) as log:
        for _ in range(whole):
            log.record("agent.note")
    with path.open("ab") as file:
        file.write(torn)
    with ReceiptLog(path) as log:
        assert log.head == follow(path) and log.head.seq == whole + 1
    aside = path.with_name(f"{path.name}.torn-{whole + 1}")
    assert aside.read_bytes() == torn
    entry = lines(path)[-1]
    digest = hashlib.sha256(torn).hexdigest()
    assert entry["event"] == "log.torn"
    assert entry["host"] == {"bytes": str(len(torn)), "moved_to": aside.name, "sha256": digest}


def test_a_torn_line_is_never_overwritten(path: Path) -> None:
    kept = path.with_name(f"{path.name}.torn-1")
    kept.write_bytes(b"an earlier one")
    path.write_bytes(b"torn")
    ReceiptLog(path).close()
    assert kept.read_bytes() == b"an earlier one"
    assert path.with_name(f"{path.name}.torn-1.1").read_bytes() == b"torn"


LONG = b"x" * (3 << 20)


LONG = b"x" * (3 << 20)


@pytest.mark.parametrize("content", [b"\n", b"{}\n", b"hello\n", LONG, b"{}\n" + LONG])
def test_what_is_no_receipt_log_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert refused(Misuse, lambda: ReceiptLog(path)).reason is Reason.RECEIPT_INVALID
    assert path.read_bytes() == content


def test_what_is_no_file_is_no_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert refused(Misuse, lambda: ReceiptLog(tmp_path / "fifo")).detail == "path: must be a regular file"
    with pytest.raises(IsADirectoryError):
        ReceiptLog(tmp_path)


def test_a_log_has_one_writer(path: Path) -> None:
    command = f"from libattestor import ReceiptLog; ReceiptLog({str(path)!r})"
    with ReceiptLog(path) as log:
        with pytest.raises(BlockingIOError, match="in use") as caught:
            ReceiptLog(path)
        assert caught.value.filename == str(path)
        run = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
        assert "BlockingIOError" in run.stderr
        log.record("agent.note")
    ReceiptLog(path).close()


@pytest.mark.parametrize(
    ("wrong", "member"),
    [
        ({"event": ""}, "event"),
        ({"event": "Agent Note"}, "event"),
        ({"event": "x" * 65}, ""),
        ({"evidence": b"[]"}, "evidence"),
        ({"evidence": b'{"b":1,"a":2}'}, "evidence"),
        ({"fields": {"Agent-Id": "a"}}, "host"),
        ({"fields": {"": "a"}}, "host"),
        ({"fields": {f"n{n}": "" for n in range(65)}}, ""),
        ({"fields": {"agent_id": "x" * (1 << 20)}}, ""),
        ({"fields": {"agent_id": "\ud800"}}, ""),
        ({"at": 0}, ""),
    ],
)
def test_what_cannot_be_a_line_leaves_the_log_as_it_was(path: Path, wrong: Any, member: str) -> None:
    with ReceiptLog(path) as log:
        before = log.record("agent.note")
        error = refused(Misuse, lambda: log.record(**{"event": "agent.note", **wrong}))
        assert error.detail.startswith(member)
        assert log.head == before == follow(path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"event": b"agent.note"},
        {"evidence": "{}"},
        {"fields": [("a", "b")]},
        {"fields": {"a": 1}},
        {"fields": {1: "a"}},
        {"at": 1.5},
    ],
)
def test_a_wrong_type(path: Path, wrong: Any) -> None:
    with ReceiptLog(path) as log, pytest.raises(TypeError):
        log.record(**{"event": "agent.note", **wrong})
    with pytest.raises(TypeError, match=r"^key must be a bytes-like object, not str$"):
        ReceiptLog(path, key="secret" * 9)  # type: ignore[arg-type]


def test_threads_write_one_chain(path: Path) -> None:
    with ReceiptLog(path, fsync=False) as log:

        def write(name: str) -> None:
            for _ in range(100):
                log.record("agent.note", fields={"agent_id": name})

        threads = [threading.Thread(target=write, args=(str(n),)) for n in range(8)]
        for thread in threads:
            thread.start()
        log.rotate(path.with_suffix(".2"))
        for thread in threads:
            thread.join()
        assert log.head == follow(path, path.with_suffix(".2")) and log.head.seq == 801


def failing(error: BaseException, after: int = 10) -> Callable[..., None]:
    """Give a write that fails in the middle of a line."""

    def write(file: Any, octets: bytes, *, sync: bool) -> None:
        os.write(file.fileno(), octets[:after])
        raise error

    return write


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_no_half_a_line(
    path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    with ReceiptLog(path) as log:
        before = log.record("agent.note")
        with monkeypatch.context() as patch:
            patch.setattr(receipts, "_write", failing(failure))
            with pytest.raises(type(failure)):
                log.record("agent.note")
        assert log.head == before == follow(path)
        log.record("agent.note")
        assert log.head == follow(path) and log.head.seq == 2


def test_a_disk_that_does_not_sync_takes_no_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(number: int) -> None:
        raise OSError(5, "Input/output error")

    with ReceiptLog(path) as log:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            with pytest.raises(OSError, match="Input/output"):
                log.record("agent.note")
        assert path.read_bytes() == b"" and log.head == Head()


def test_a_file_that_somebody_else_changed_takes_no_line(path: Path) -> None:
    def unlink() -> None:
        path.unlink()

    for change in (partial(os.truncate, path, 0), partial(path.write_bytes, b"more\n" * 99), unlink):
        with ReceiptLog(path) as log:
            log.record("agent.note")
            change()
            error = refused(Misuse, lambda: log.record("agent.note"))
            assert error.reason is Reason.RECEIPT_INVALID
        path.unlink(missing_ok=True)


def test_a_line_in_the_middle_of_a_line_is_refused(path: Path) -> None:
    refusals: list[Misuse] = []

    def key(seq: int) -> bytes:
        calls: list[Callable[[], object]] = [partial(log.record, "agent.note"), log.close]
        refusals.extend(refused(Misuse, call) for call in calls)
        return KEY

    with ReceiptLog(path, key=key) as log:
        log.record("agent.note")
        assert len(refusals) == 2 and log.head == follow(path, key=lambda seq: KEY)


def test_nothing_is_written_after_close(path: Path) -> None:
    log = ReceiptLog(path)
    log.close()
    log.close()
    for call in (lambda: log.record("agent.note"), lambda: log.rotate(path.with_suffix(".2"))):
        assert refused(Closed, call).reason is Reason.HANDLE_CLOSED
    assert log.head == Head()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_forked_child_does_not_write_on_its_parent_s_chain(path: Path, verifier: Verifier) -> None:
    with ReceiptLog(path) as log, BundleStore() as store, Verifier(store, POLICY, receipts=log) as recording:
        log.record("agent.note")
        holding = log._lock
        pid = 0
        with holding:  # as another thread of the parent may, at the fork
            thread_free = threading.Thread(target=lambda: None)
            thread_free.start()
            thread_free.join()
            pid = os.fork()
            if pid == 0:
                signal.alarm(60)
                try:
                    refused(Misuse, lambda: log.record("agent.note"))
                    refused(Misuse, lambda: log.rotate(path.with_suffix(".2")))
                    error = refused(Unrecorded, lambda: recording.verify(TOKEN, now=CLOCK))
                    assert isinstance(error.refusal, Unavailable)
                    log.close()
                    os._exit(0)
                finally:
                    os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        # The child's close let nobody in.
        with pytest.raises(BlockingIOError):
            ReceiptLog(path)
        log.record("agent.note")
        assert log.head == follow(path) and log.head.seq == 2


def test_every_verdict_is_recorded(path: Path, store: BundleStore) -> None:
    passport = mint_passport(bytes(32), expires_at=CLOCK + 60)
    with ReceiptLog(path) as log, Verifier(store, POLICY, receipts=log) as verifier:
        verified = verifier.verify(TOKEN, now=CLOCK, receipt_fields={"agent_id": "a"})
        admitted = verifier.admit(passport, TOKEN, now=CLOCK)
        denied = refused(Denied, lambda: verifier.verify(EXPIRED_TOKEN, now=CLOCK))
        refused(Denied, lambda: verifier.admit("a.b.c", TOKEN, now=CLOCK))
        store.remove("example.org")
        refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK))
        refused(Misuse, lambda: verifier.verify(TOKEN, now=0))
        assert log.head == follow(path)
    found = lines(path)
    assert [(line["event"], line["at"]) for line in found] == [
        ("credential.verify.allow", CLOCK),
        ("agent.register.allow", CLOCK),
        ("credential.verify.deny", CLOCK),
        ("agent.register.deny", CLOCK),
        ("credential.verify.deny", CLOCK),
    ]
    assert verified.evidence and admitted.evidence and denied.evidence
    assert found[0]["evidence"] == json.loads(verified.evidence)
    assert found[0]["host"] == {"agent_id": "a"}
    assert found[2]["evidence"] == json.loads(denied.evidence)
    assert found[3]["evidence"]["part"] == "passport"
    assert found[4]["evidence"]["class"] == "unavailable"


def test_an_allow_that_cannot_be_recorded_is_not_given(
    path: Path, store: BundleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(28, "No space left on device")
    with ReceiptLog(path) as log, Verifier(store, POLICY, receipts=log) as verifier:
        with monkeypatch.context() as patch:
            patch.setattr(receipts, "_write", failing(full))
            error = refused(Unrecorded, lambda: verifier.verify(TOKEN, now=CLOCK))
            assert error.__cause__ is full and error.refusal is None
            assert str(error) == "the verdict could not be recorded"
            error = refused(Unrecorded, lambda: verifier.verify(EXPIRED_TOKEN, now=CLOCK))
            assert isinstance(error.refusal, Denied) and error.refusal.slug == "token_expired"
        assert path.read_bytes() == b""
        assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY
        bad = {"Agent-Id": "a"}
        error = refused(Unrecorded, lambda: verifier.verify(TOKEN, now=CLOCK, receipt_fields=bad))
        assert isinstance(error.__cause__, Misuse)
        with pytest.raises(TypeError):
            verifier.verify(TOKEN, now=CLOCK, receipt_fields={"agent_id": 7})  # type: ignore[dict-item]
        log.close()
        error = refused(Unrecorded, lambda: verifier.verify(TOKEN, now=CLOCK))
        assert isinstance(error.__cause__, Closed)
    assert len(lines(path)) == 1


def test_a_key_that_is_not_to_be_had_lets_nobody_in(path: Path, store: BundleStore) -> None:
    def key(seq: int) -> bytes:
        raise LookupError("vault is sealed")

    with ReceiptLog(path, key=key) as log, Verifier(store, POLICY, receipts=log) as verifier:
        error = refused(Unrecorded, lambda: verifier.verify(TOKEN, now=CLOCK))
        assert isinstance(error.__cause__, LookupError)
    assert path.read_bytes() == b""


def test_fields_without_a_log_are_misuse(verifier: Verifier) -> None:
    error = refused(Misuse, lambda: verifier.verify(TOKEN, now=CLOCK, receipt_fields={"agent_id": "a"}))
    assert error.detail == "receipt_fields: the verifier has no receipts"
    with BundleStore() as store, pytest.raises(TypeError, match=r"^receipts must be ReceiptLog, not str$"):
        Verifier(store, POLICY, receipts="log")  # type: ignore[arg-type]
