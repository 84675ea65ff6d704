"""A forked child can verify, whatever the parent's threads were doing."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from libattestor import BundleStore, Misuse, Sink, Source, Verifier
from material import BUNDLE, CLOCK, IDENTITY, NEXT_BUNDLE, POLICY, TOKEN

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning"),
]

SOURCE = Source.trust_domain("example.org")


def child(verifier: Verifier) -> int:
    """Verify in this thread, in a new one, and with a store of the child's own."""
    verified = [verifier.verify(TOKEN, now=CLOCK) for _ in range(5)]
    thread = threading.Thread(target=lambda: verified.append(verifier.verify(TOKEN, now=CLOCK)))
    thread.start()
    thread.join()
    with BundleStore() as store, Verifier(store, POLICY) as own:
        store.put("example.org", BUNDLE, now=CLOCK)
        verified.append(own.verify(TOKEN, now=CLOCK))
        store.remove("example.org")
        store.set_feed(SOURCE, lambda source, sink: sink.put(NEXT_BUNDLE))
        verified.append(own.verify(TOKEN, now=CLOCK, refresh=True))
    gc.collect()
    return 0 if [v.identity for v in verified] == [IDENTITY] * 8 else 1


def fork(verifier: Verifier) -> int:
    """Give the exit status of a child; one that hangs is killed by its alarm."""
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(60)
            os._exit(child(verifier))
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_children_verify_while_the_parent_writes_and_verifies(store: BundleStore, verifier: Verifier) -> None:
    done = threading.Event()

    def write() -> None:
        for bundle in (BUNDLE, NEXT_BUNDLE):
            store.put("example.org", bundle, force=True, now=CLOCK)

    def verify() -> None:
        verifier.verify(TOKEN, now=CLOCK)

    def until_done(call: Callable[[], None]) -> None:
        while not done.is_set():
            call()

    threads = [threading.Thread(target=until_done, args=(call,)) for call in (write, write, verify, verify)]
    for thread in threads:
        thread.start()
    try:
        statuses = [fork(verifier) for _ in range(30)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert statuses == [0] * 30


def test_children_verify_while_the_parent_fetches(store: BundleStore, verifier: Verifier) -> None:
    done = threading.Event()

    def fetch(source: Source, sink: Sink) -> None:
        sink.put(BUNDLE, force=True)

    def put() -> None:
        for bundle in (BUNDLE, NEXT_BUNDLE):
            store.put("example.org", bundle, force=True, now=CLOCK)

    def refresh() -> None:
        # The other thread may be at it.
        with suppress(Misuse):
            store.refresh_source(SOURCE, now=CLOCK)

    def until_done(call: Callable[[], object]) -> None:
        while not done.is_set():
            call()

    store.set_feed(SOURCE, fetch)
    calls = [put, refresh, refresh, lambda: store.snapshot(unkeyed=True, now=CLOCK)]
    threads = [threading.Thread(target=until_done, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    try:
        statuses = [fork(verifier) for _ in range(10)]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert statuses == [0] * 10


def test_the_parent_goes_on(store: BundleStore, verifier: Verifier) -> None:
    assert fork(verifier) == 0
    store.put("example.org", NEXT_BUNDLE, now=CLOCK)
    assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY
