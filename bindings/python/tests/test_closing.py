"""Closing: at once for new calls, harmless for those under way."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable

import pytest

from libattestor import BundleStore, Closed, Reason, Source, Verifier
from material import BUNDLE, CLOCK, IDENTITY, POLICY, TOKEN, refused
from tracing import on_every_line

SOURCE = Source.trust_domain("example.org")


def test_nothing_is_answered_after_close(store: BundleStore, verifier: Verifier) -> None:
    store.close()
    verifier.close()
    calls: list[Callable[[], object]] = [
        lambda: store.put("example.org", BUNDLE),
        lambda: store.remove("example.org"),
        lambda: store.info("example.org"),
        lambda: store.put_issuer("https://issuer.test", BUNDLE),
        lambda: store.remove_issuer("https://issuer.test"),
        lambda: store.issuer_info("https://issuer.test"),
        lambda: Verifier(store, POLICY),
        lambda: verifier.verify(TOKEN, now=CLOCK),
        lambda: verifier.set_policy(POLICY),
        lambda: verifier.set_shadow_policy(None),
        lambda: verifier.admit(TOKEN, TOKEN, now=CLOCK),
        lambda: verifier.verify_challenge(b"", challenge=bytes(16), audience="", proof=b""),
        lambda: store.put_map(b"{}"),
        lambda: store.deny("trust_domain", "sub", "a"),
        lambda: store.lift("trust_domain", "sub", "a"),
        lambda: store.clear_denials(),
        lambda: store.denials,
        lambda: store.touch("example.org"),
        lambda: store.touch_issuer("https://issuer.test"),
        lambda: store.touch_all(1),
        lambda: store.withdraw(1),
        lambda: store.set_feed(SOURCE, lambda source, sink: None),
        lambda: store.close_feed(SOURCE),
        lambda: store.refresh(),
        lambda: store.refresh_source(SOURCE),
        lambda: store.next_refresh(),
        lambda: store.health(SOURCE),
        lambda: store.snapshot(unkeyed=True),
        lambda: store.restore(b"", unkeyed=True),
        lambda: store.allow_publishing(SOURCE),
        lambda: store.publish(SOURCE, "jwks"),
        lambda: verifier.verify(TOKEN, now=CLOCK, refresh=True),
        lambda: verifier.readiness(),
        lambda: verifier.metrics(),
    ]
    for call in calls:
        error = refused(Closed, call)
        assert error.reason is Reason.HANDLE_CLOSED
        assert str(error) == "handle is closed"


def test_closing_again_does_nothing(store: BundleStore, verifier: Verifier) -> None:
    for _ in range(2):
        store.close()
        verifier.close()


def test_the_end_of_a_with_block_closes() -> None:
    with BundleStore() as store, Verifier(store, POLICY) as verifier:
        assert store.info("example.org") is None
    refused(Closed, lambda: store.info("example.org"))
    refused(Closed, lambda: verifier.verify(TOKEN))


def test_a_verifier_outlives_its_store_object(store: BundleStore, verifier: Verifier) -> None:
    store.close()
    assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY


def test_a_handle_that_nobody_closes_is_collected(store: BundleStore) -> None:
    verifier = Verifier(store, POLICY)
    trace = weakref.ref(verifier)
    del verifier
    gc.collect()
    assert trace() is None


@pytest.mark.parametrize("late_first", [False, True])
def test_a_finalizer_in_the_same_garbage_finds_an_open_or_a_closed_verifier(
    store: BundleStore, late_first: bool
) -> None:
    found: list[object] = []

    class Late:
        verifier: Verifier

        def __del__(self) -> None:
            try:
                found.append(self.verifier.verify(TOKEN, now=CLOCK).identity)
            except Closed:
                found.append(IDENTITY)

    for _ in range(50):
        late = Late() if late_first else None
        verifier = Verifier(store, POLICY)
        late = late or Late()
        late.verifier = verifier
        late.cycle = late  # type: ignore[attr-defined]
        del late, verifier
        gc.collect()
    assert found == [IDENTITY] * 50


def test_closing_in_the_middle_of_a_call_lets_it_finish(store: BundleStore) -> None:
    verifier = Verifier(store, POLICY)
    with on_every_line("verify_alone", verifier.close) as lines:
        identity = verifier.verify(TOKEN, now=CLOCK).identity
    assert identity == IDENTITY
    assert lines
    refused(Closed, lambda: verifier.verify(TOKEN, now=CLOCK))


@pytest.mark.parametrize("round", range(5))
def test_closing_while_eight_threads_verify_and_put(round: int) -> None:
    store = BundleStore()
    store.put("example.org", BUNDLE, now=CLOCK)
    verifier = Verifier(store, POLICY)
    busy = threading.Barrier(9)
    ends: list[object] = []

    def until_closed(call: Callable[[], object]) -> None:
        try:
            call()
            busy.wait()
            while True:
                call()
        except Closed:
            ends.append("closed")
        except BaseException as error:
            ends.append(error)

    def verify() -> None:
        assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY

    def put() -> None:
        store.put("example.org", BUNDLE, now=CLOCK)

    threads = [threading.Thread(target=until_closed, args=(call,)) for call in [verify] * 6 + [put] * 2]
    for thread in threads:
        thread.start()
    busy.wait()
    verifier.close()
    store.close()
    for thread in threads:
        thread.join()
    assert ends == ["closed"] * 8
