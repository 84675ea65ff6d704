"""Fetches that the library calls back: what they put, raise and hold."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import x509_material
from libattestor import (
    BundleStore,
    Closed,
    Denied,
    Fetch,
    Misuse,
    Reason,
    RefreshReport,
    Sink,
    Source,
    Unavailable,
    Verifier,
    _callbacks,
    mint_passport,
    possession_message,
)
from material import (
    BUNDLE,
    CLOCK,
    IDENTITY,
    NEXT_BUNDLE,
    NEXT_TOKEN,
    POLICY,
    TOKEN,
    refused,
)
from oidc_material import JWKS, PUBLIC_KEY
from x509_material import authority, signature, svid

SOURCE = Source.trust_domain("example.org")
OTHER = Source.trust_domain("other.test")


class Nothing(Exception):
    """What a fetch of these tests raises."""


def put(document: bytes | str = BUNDLE) -> Fetch:
    """Give a fetch that always puts the same."""
    return lambda source, sink: sink.put(document)


def report(succeeded: int = 0, failed: int = 0, busy: int = 0) -> RefreshReport:
    """Give a report without errors."""
    return RefreshReport(succeeded=succeeded, failed=failed, busy=busy, errors={})


@pytest.fixture
def empty() -> BundleStore:
    return BundleStore()


def test_a_fetch_feeds_the_store(empty: BundleStore) -> None:
    asked: list[object] = []

    def fetch(source: Source, sink: Sink) -> None:
        asked.append((source, threading.get_ident()))
        sink.put(BUNDLE)

    empty.set_feed(Source.trust_domain("spiffe://example.org"), fetch, feed=7)
    assert asked == []
    assert empty.next_refresh(now=CLOCK) == CLOCK
    assert empty.refresh(now=CLOCK) == report(succeeded=1)
    assert asked == [(SOURCE, threading.get_ident())]
    info = empty.info("example.org")
    assert info is not None and (info.feed, info.confirmed_at) == (7, CLOCK)
    assert empty.refresh(now=CLOCK + 1) == report()
    with Verifier(empty, POLICY) as verifier:
        assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY


def test_a_refresh_is_due_at_the_soft_age_or_when_the_fetch_said(empty: BundleStore) -> None:
    empty.set_feed(SOURCE, put())
    empty.refresh(now=CLOCK)
    at = empty.next_refresh(now=CLOCK)
    # A bundle without a hint is due after 300 s, or up to a tenth earlier.
    assert at is not None and CLOCK + 270 <= at <= CLOCK + 300
    assert empty.refresh(now=at - 1) == report()
    empty.set_feed(SOURCE, lambda source, sink: sink.put(BUNDLE, refresh_after=5))
    empty.refresh(now=CLOCK)
    assert empty.next_refresh(now=CLOCK) in (CLOCK + 4, CLOCK + 5)
    empty.close_feed(SOURCE)
    assert empty.next_refresh(now=CLOCK) is None
    assert empty.info("example.org") is not None


def test_every_kind_of_source_has_its_format(empty: BundleStore) -> None:
    issuer = Source.issuer("https://issuer.test")
    empty.set_feed(issuer, put(JWKS))
    empty.set_feed(Source.world(), put(b'{"trust_domains": {"example.org": %s}}' % BUNDLE), feed=2)
    assert empty.refresh(now=CLOCK) == report(succeeded=2)
    assert empty.issuer_info("https://issuer.test") is not None
    info = empty.info("example.org")
    assert info is not None and info.feed == 2
    empty.set_feed(issuer, lambda source, sink: sink.put(PUBLIC_KEY, format="public_key_pem", max_age=600))
    empty.refresh_source(issuer, now=CLOCK)
    info = empty.issuer_info("https://issuer.test")
    assert info is not None and (info.entries, info.soft_age) == (1, 600)


def test_a_confirmation_makes_material_young(empty: BundleStore) -> None:
    empty.set_feed(SOURCE, lambda source, sink: sink.confirm(refresh_after=60))
    # Nothing is there that could be confirmed.
    assert refused(Unavailable, lambda: empty.refresh_source(SOURCE, now=CLOCK)).slug == "bundle_unavailable"
    empty.put("example.org", BUNDLE, now=CLOCK)
    empty.refresh_source(SOURCE, now=CLOCK + 9000)
    info = empty.info("example.org")
    assert info is not None and info.confirmed_at == CLOCK + 9000


@pytest.mark.parametrize("document", [b"{", b"", "\ud800"])
def test_a_document_that_is_none_is_refused_in_the_fetch(empty: BundleStore, document: bytes | str) -> None:
    told: list[Reason] = []

    def fetch(source: Source, sink: Sink) -> None:
        told.append(refused(Misuse, lambda: sink.put(document)).reason)

    empty.put("example.org", BUNDLE, now=CLOCK)
    empty.set_feed(SOURCE, fetch)
    assert refused(Misuse, lambda: empty.refresh_source(SOURCE, now=CLOCK)).reason is told[0]
    assert told == [Reason.BUNDLE_MALFORMED]
    info = empty.info("example.org")
    assert info is not None and info.entries == 1


def test_force_passes_the_gate(empty: BundleStore) -> None:
    older = NEXT_BUNDLE.replace(b'"spiffe_sequence": 2', b'"spiffe_sequence": 1')
    empty.put("example.org", NEXT_BUNDLE, now=CLOCK)
    empty.set_feed(SOURCE, lambda source, sink: sink.put(older))
    assert refused(Misuse, lambda: empty.refresh_source(SOURCE)).reason is Reason.BUNDLE_ROLLBACK
    empty.set_feed(SOURCE, lambda source, sink: sink.put(older, force=True))
    empty.refresh_source(SOURCE)
    info = empty.info("example.org")
    assert info is not None and info.sequence == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "pem"},
        {"format": ""},
        {"max_age": -1},
        {"max_age": 2**64},
        {"refresh_after": -1},
        {"document": 7},
    ],
)
def test_wrong_arguments_of_a_sink(empty: BundleStore, wrong: dict[str, object]) -> None:
    def fetch(source: Source, sink: Sink) -> None:
        with pytest.raises((Misuse, TypeError)) as caught:
            sink.put(**{"document": BUNDLE, **wrong})  # type: ignore[arg-type]
        assert str(caught.value).count(next(iter(wrong)))
        sink.put(BUNDLE, max_age=0, refresh_after=0)

    empty.set_feed(SOURCE, fetch)
    empty.refresh_source(SOURCE, now=CLOCK)


def test_what_a_fetch_raises_comes_out(empty: BundleStore) -> None:
    error = Nothing("no network")

    def fetch(source: Source, sink: Sink) -> None:
        raise error

    empty.set_feed(SOURCE, fetch)
    empty.set_feed(OTHER, put(b'{"keys": [], "spiffe_sequence": 1}'))
    outcome = empty.refresh(now=CLOCK)
    assert (outcome.succeeded, outcome.failed, outcome.errors) == (1, 1, {SOURCE: error})
    with pytest.raises(Nothing) as caught:
        empty.refresh_source(SOURCE, now=CLOCK)
    assert caught.value is error
    assert error.__context__ is None and error.__cause__ is None
    health = empty.health(SOURCE, now=CLOCK)
    assert health is not None
    assert (health.failures, health.last_failure) == (2, Reason.CALLBACK_FAILED)


def test_a_fetch_that_puts_nothing_has_failed(empty: BundleStore) -> None:
    empty.set_feed(SOURCE, lambda source, sink: None)
    assert empty.refresh(now=CLOCK) == report(failed=1)
    assert refused(Misuse, lambda: empty.refresh_source(SOURCE)).reason is Reason.CALLBACK_FAILED


def test_a_failure_after_a_put_is_one_and_what_was_put_stays(empty: BundleStore) -> None:
    def fetch(source: Source, sink: Sink) -> None:
        sink.put(BUNDLE)
        raise Nothing

    empty.set_feed(SOURCE, fetch)
    with pytest.raises(Nothing):
        empty.refresh_source(SOURCE, now=CLOCK)
    assert empty.info("example.org") is not None


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_a_program_ends_the_refresh(empty: BundleStore, kind: type[BaseException]) -> None:
    fetched: list[Source] = []

    def fetch(source: Source, sink: Sink) -> None:
        fetched.append(source)
        raise kind

    for source in (SOURCE, OTHER):
        empty.set_feed(source, fetch)
    with pytest.raises(kind) as caught:
        empty.refresh(now=CLOCK)
    assert caught.value.__context__ is None
    assert len(fetched) == 1
    with pytest.raises(kind):
        empty.refresh_source(SOURCE)
    with Verifier(empty, POLICY) as verifier, pytest.raises(kind):
        verifier.verify(TOKEN, now=CLOCK + 1000, refresh=True)


@pytest.fixture
def interruptible() -> Iterator[None]:
    # Whoever runs the tests in the background may have told them to ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_signal_in_a_fetch(empty: BundleStore) -> None:
    def fetch(source: Source, sink: Sink) -> None:
        signal.raise_signal(signal.SIGINT)
        sink.put(BUNDLE)

    empty.set_feed(SOURCE, fetch)
    with pytest.raises(KeyboardInterrupt):
        empty.refresh(now=CLOCK)


def test_a_verification_fetches_only_when_it_is_asked_to(empty: BundleStore) -> None:
    fetched: list[Source] = []

    def fetch(source: Source, sink: Sink) -> None:
        fetched.append(source)
        sink.put(BUNDLE if len(fetched) == 1 else NEXT_BUNDLE)

    empty.set_feed(SOURCE, fetch)
    with Verifier(empty, POLICY) as verifier:
        assert refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK)).slug == "bundle_unavailable"
        assert not fetched
        assert verifier.verify(TOKEN, now=CLOCK, refresh=True).identity == IDENTITY
        assert fetched == [SOURCE]
        # Rotated: an unknown key is worth a fetch once in a cooldown.
        wanted = refused(Denied, lambda: verifier.verify(NEXT_TOKEN, now=CLOCK + 1))
        assert (wanted.slug, wanted.refresh_wanted) == ("kid_not_found", True)
        again = refused(Denied, lambda: verifier.verify(NEXT_TOKEN, now=CLOCK + 1))
        assert not again.refresh_wanted
        verified = verifier.verify(NEXT_TOKEN, now=CLOCK + 11, refresh=True)
        assert verified.identity == IDENTITY
        assert fetched == [SOURCE, SOURCE]


def test_a_fetch_that_fails_is_the_cause_of_a_refusal(empty: BundleStore) -> None:
    error = Nothing()

    def fetch(source: Source, sink: Sink) -> None:
        raise error

    empty.set_feed(SOURCE, fetch)
    with Verifier(empty, POLICY) as verifier:
        refusal = refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK, refresh=True))
    assert refusal.__cause__ is error


def test_every_way_to_ask_may_fetch(empty: BundleStore) -> None:
    counted: list[Source] = []

    def fetch(source: Source, sink: Sink) -> None:
        counted.append(source)

    with Verifier(empty, POLICY) as verifier:
        empty.set_feed(SOURCE, fetch)
        passport = mint_passport(bytes(32), expires_at=CLOCK + 60)
        refused(Unavailable, lambda: verifier.admit(passport, TOKEN, now=CLOCK, refresh=True))
        assert counted == [SOURCE]
        root = authority()
        holder = svid(root)
        challenge = bytes(16)
        proof = signature(holder.key, possession_message(challenge, "orders"))
        at = int(time.time())
        with Verifier(empty, x509_material.POLICY) as judge:
            empty.set_feed(SOURCE, lambda source, sink: sink.put(root.pem, format="x509_pem"))
            verified = judge.verify_challenge(
                holder.chain, challenge=challenge, audience="orders", proof=proof, now=at, refresh=True
            )
    assert verified.identity == x509_material.IDENTITY


def test_a_refresh_in_a_fetch_is_refused(empty: BundleStore) -> None:
    told: list[object] = []

    def fetch(source: Source, sink: Sink) -> None:
        told.append(refused(Misuse, empty.refresh).reason)
        told.append(refused(Misuse, lambda: empty.refresh_source(OTHER)).reason)
        with Verifier(empty, POLICY) as verifier:
            told.append(refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK, refresh=True)).reason)
        sink.put(BUNDLE)

    empty.set_feed(SOURCE, fetch)
    assert empty.refresh(now=CLOCK) == report(succeeded=1)
    reentrant = Reason.REFRESH_REENTRANT
    assert told == [reentrant, reentrant, Reason.BUNDLE_UNAVAILABLE]


def test_another_store_may_be_refreshed_in_a_fetch(empty: BundleStore) -> None:
    with BundleStore() as inner:

        def outer_fetch(source: Source, sink: Sink) -> None:
            with pytest.raises(Nothing):
                inner.refresh_source(SOURCE, now=CLOCK)
            raise ValueError

        def inner_fetch(source: Source, sink: Sink) -> None:
            raise Nothing

        empty.set_feed(SOURCE, outer_fetch)
        inner.set_feed(SOURCE, inner_fetch)
        outcome = empty.refresh(now=CLOCK)
    assert [type(error) for error in outcome.errors.values()] == [ValueError]


def test_a_store_may_be_changed_in_a_fetch(empty: BundleStore) -> None:
    def replaced(source: Source, sink: Sink) -> None:
        empty.set_feed(SOURCE, put(NEXT_BUNDLE))
        assert refused(Misuse, lambda: sink.put(BUNDLE)).reason is Reason.FEED_REPLACED

    def removed(source: Source, sink: Sink) -> None:
        empty.remove("other.test")
        assert refused(Misuse, lambda: sink.put(BUNDLE)).reason is Reason.FEED_REPLACED

    empty.set_feed(SOURCE, replaced)
    empty.set_feed(OTHER, removed)
    empty.refresh(now=CLOCK)
    assert empty.info("example.org") is None
    empty.refresh(now=CLOCK)
    info = empty.info("example.org")
    assert info is not None and info.sequence == 2
    assert empty.health(OTHER) is None


def test_a_store_may_be_closed_in_a_fetch(empty: BundleStore) -> None:
    def fetch(source: Source, sink: Sink) -> None:
        empty.close()
        refused(Closed, empty.refresh)
        sink.put(BUNDLE)

    empty.set_feed(SOURCE, fetch)
    trace = weakref.ref(fetch)
    assert empty.refresh(now=CLOCK) == report(succeeded=1)
    del fetch
    gc.collect()
    assert trace() is None


def test_closing_while_a_thread_fetches(empty: BundleStore) -> None:
    inside, closed = threading.Event(), threading.Event()
    outcomes: list[object] = []

    def fetch(source: Source, sink: Sink) -> None:
        inside.set()
        assert closed.wait(60)
        sink.put(BUNDLE)

    empty.set_feed(SOURCE, fetch)
    thread = threading.Thread(target=lambda: outcomes.append(empty.refresh(now=CLOCK)))
    thread.start()
    assert inside.wait(60)
    empty.close()
    closed.set()
    thread.join()
    assert outcomes == [report(succeeded=1)]


def test_one_thread_fetches_a_source_and_others_do_not_wait(empty: BundleStore) -> None:
    inside, go_on = threading.Event(), threading.Event()
    outcomes: list[object] = []

    def fetch(source: Source, sink: Sink) -> None:
        inside.set()
        # The interpreter runs here: the other thread could not set this otherwise.
        assert go_on.wait(60)
        sink.put(BUNDLE)

    empty.set_feed(SOURCE, fetch)
    thread = threading.Thread(target=lambda: outcomes.append(empty.refresh(now=CLOCK)))
    thread.start()
    assert inside.wait(60)
    # A clock that went back knows of no fetch, so that this one is due.
    assert empty.refresh(now=CLOCK - 1) == report(busy=1)
    assert refused(Misuse, lambda: empty.refresh_source(SOURCE)).reason is Reason.REFRESH_BUSY
    health = empty.health(SOURCE, now=CLOCK)
    assert health is not None and health.in_flight
    with Verifier(empty, POLICY) as verifier:
        refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK - 1, refresh=True))
    go_on.set()
    thread.join()
    assert outcomes == [report(succeeded=1)]


def test_the_interpreter_runs_while_a_put_is_in_the_library(empty: BundleStore) -> None:
    # A map of many domains keeps the library busy for a while.
    names = (f"d{number}.test" for number in range(4000))
    world = b'{"trust_domains": {%s}}' % b",".join(b'"%s": %s' % (n.encode(), BUNDLE) for n in names)
    turns = [0, 0]
    inside, done = threading.Event(), threading.Event()

    def fetch(source: Source, sink: Sink) -> None:
        inside.set()
        before = turns[0]
        sink.put(world)
        turns[1] = turns[0] - before

    def count() -> None:
        assert inside.wait(60)
        while not done.is_set():
            turns[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    empty.set_feed(Source.world(), fetch)
    interval = sys.getswitchinterval()
    # Nobody is made to give way: the other thread runs where this one lets go by itself.
    sys.setswitchinterval(60)
    try:
        thread.start()
        assert empty.refresh(now=CLOCK) == report(succeeded=1)
    finally:
        done.set()
        sys.setswitchinterval(interval)
        thread.join()
    assert turns[1] > 0


def test_many_threads_refresh_and_verify(empty: BundleStore) -> None:
    rounds, threads = 200, 6
    running: list[int] = []
    together: list[int] = []

    def fetch(source: Source, sink: Sink) -> None:
        running.append(1)
        together.append(len(running))
        sink.put(BUNDLE, refresh_after=1)
        running.pop()

    empty.set_feed(SOURCE, fetch)
    verifier = Verifier(empty, POLICY)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(rounds):
                at = CLOCK + step
                if number % 2:
                    empty.refresh(now=at)
                else:
                    try:
                        assert verifier.verify(TOKEN, now=at, refresh=True).identity == IDENTITY
                    except Unavailable:
                        assert step < rounds - 1
        except BaseException as error:
            failures.append(error)

    pool = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    assert not failures
    assert set(together) == {1}


def test_a_sink_is_of_no_use_after_its_fetch(empty: BundleStore) -> None:
    kept: list[Sink] = []

    def fetch(source: Source, sink: Sink) -> None:
        kept.append(sink)
        raise Nothing

    empty.set_feed(SOURCE, fetch)
    empty.refresh(now=CLOCK)
    assert refused(Closed, lambda: kept[0].put(BUNDLE)).reason is Reason.HANDLE_CLOSED
    assert refused(Closed, kept[0].confirm).reason is Reason.HANDLE_CLOSED


def test_a_sink_is_of_no_use_on_another_thread(empty: BundleStore) -> None:
    told: list[str] = []

    def fetch(source: Source, sink: Sink) -> None:
        def use() -> None:
            told.append(refused(Misuse, lambda: sink.put(BUNDLE)).detail)

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        sink.put(BUNDLE)

    empty.set_feed(SOURCE, fetch)
    empty.refresh_source(SOURCE, now=CLOCK)
    assert told == ["sink: belongs to the thread of its fetch"]


class Holder:
    """Something that a fetch holds."""

    def __call__(self, source: Source, sink: Sink) -> None:
        sink.put(BUNDLE)


def let_go(name: str, store: BundleStore) -> None:
    """Make the store let go of its fetch."""
    if name == "close_feed":
        store.close_feed(SOURCE)
    elif name == "another":
        store.set_feed(SOURCE, put())
    elif name == "remove":
        store.remove("example.org")
    else:
        store.close()


@pytest.mark.parametrize("way", ["close_feed", "another", "remove", "close"])
@pytest.mark.parametrize("used", [False, True])
def test_a_fetch_is_dropped_when_the_store_lets_go(empty: BundleStore, way: str, used: bool) -> None:
    fetch = Holder()
    trace = weakref.ref(fetch)
    empty.set_feed(SOURCE, fetch)
    if used:
        empty.refresh(now=CLOCK)
    del fetch
    gc.collect()
    assert trace() is not None
    numbers = set(_callbacks._feeds)
    let_go(way, empty)
    # At once: nothing waits for the collector.
    assert trace() is None
    assert len(numbers - set(_callbacks._feeds)) == 1


def test_a_fetch_lives_as_long_as_a_verifier_may_call_it(empty: BundleStore) -> None:
    fetch = Holder()
    trace = weakref.ref(fetch)
    verifier = Verifier(empty, POLICY)
    empty.set_feed(SOURCE, fetch)
    empty.close()
    del fetch
    gc.collect()
    assert verifier.verify(TOKEN, now=CLOCK, refresh=True).identity == IDENTITY
    verifier.close()
    assert trace() is None


def test_a_fetch_that_holds_its_store_is_collected() -> None:
    def made() -> weakref.ref[BundleStore]:
        store = BundleStore()

        def fetch(source: Source, sink: Sink) -> None:
            assert store.health(source) is not None
            sink.put(BUNDLE)

        store.set_feed(SOURCE, fetch)
        assert store.refresh(now=CLOCK) == report(succeeded=1)
        return weakref.ref(store)

    trace = made()
    numbers = set(_callbacks._feeds)
    gc.collect()
    assert trace() is None
    assert len(numbers - set(_callbacks._feeds)) == 1


def test_a_raised_exception_keeps_nothing_alive(empty: BundleStore) -> None:
    class Failing(Holder):
        def __call__(self, source: Source, sink: Sink) -> None:
            raise Nothing

    def use(fetch: Fetch) -> list[str]:
        empty.set_feed(SOURCE, fetch)
        slugs = []
        with Verifier(empty, POLICY) as verifier:
            try:
                verifier.verify(TOKEN, now=CLOCK, refresh=True)
            except Unavailable as error:
                slugs.append(error.slug)
            try:
                empty.refresh_source(SOURCE, now=CLOCK)
            except Nothing:
                slugs.append("nothing")
            assert len(empty.refresh(now=CLOCK + 999).errors) == 1
        return slugs

    fetch = Failing()
    trace = weakref.ref(fetch)
    assert use(fetch) == ["bundle_unavailable", "nothing"]
    del fetch
    empty.close()
    # An exception holds frames, which hold it: that is for the collector.
    gc.collect()
    assert trace() is None


def test_a_feed_that_is_refused_leaves_nothing(empty: BundleStore) -> None:
    numbers = set(_callbacks._feeds)

    def attempt() -> weakref.ref[Holder]:
        fetch = Holder()
        error = refused(Misuse, lambda: empty.set_feed(Source.trust_domain("Not one"), fetch))
        assert error.reason is Reason.SOURCE_NAME_INVALID
        return weakref.ref(fetch)

    trace = attempt()
    gc.collect()
    assert trace() is None
    assert set(_callbacks._feeds) == numbers


def test_a_callable_with_a_loud_finalizer_harms_nobody(empty: BundleStore) -> None:
    gone: list[object] = []

    class Loud(Holder):
        def __del__(self) -> None:
            gone.append(empty.health(SOURCE, now=CLOCK))

    empty.set_feed(SOURCE, Loud())
    empty.close_feed(SOURCE)
    assert len(gone) == 1


def test_a_second_refresh_goes_on_after_a_failure(empty: BundleStore) -> None:
    documents: list[bytes | None] = [None, BUNDLE]

    def fetch(source: Source, sink: Sink) -> None:
        document = documents.pop(0)
        if document is None:
            raise Nothing
        sink.put(document)

    empty.set_feed(SOURCE, fetch)
    assert empty.refresh(now=CLOCK).failed == 1
    assert empty.next_refresh(now=CLOCK) in range(CLOCK + 9, CLOCK + 11)
    assert empty.refresh(now=CLOCK + 10).succeeded == 1
    health = empty.health(SOURCE, now=CLOCK + 10)
    assert health is not None
    assert (health.failures, health.failures_in_a_row, health.refreshes) == (1, 0, 1)
    assert (health.failed_at, health.succeeded_at) == (CLOCK, CLOCK + 10)


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.set_feed("example.org", put()),
        lambda store: store.set_feed(SOURCE, None),
        lambda store: store.set_feed(SOURCE, put(), feed="1"),
        lambda store: store.refresh_source("example.org"),
        lambda store: store.health(7),
        lambda store: store.close_feed(None),
        lambda store: store.publish("example.org", "jwks"),
        lambda store: store.refresh(now="1"),
        lambda store: store.set_feed(Source("trust_domain", 7), put()),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_type(empty: BundleStore, call: Callable[[BundleStore], object]) -> None:
    with pytest.raises(TypeError):
        call(empty)


def test_a_kind_that_there_is_not(empty: BundleStore) -> None:
    nobody = Source("nobody", "example.org")  # type: ignore[arg-type]
    error = refused(Misuse, lambda: empty.set_feed(nobody, put()))
    assert error.detail == "source.kind: must be one of trust_domain, issuer"


def test_a_fetch_may_be_anything_that_can_be_called(empty: BundleStore, tmp_path: Path) -> None:
    file = tmp_path / "bundle"
    file.write_bytes(BUNDLE)

    class FromFile:
        def fetch(self, source: Source, sink: Sink) -> None:
            sink.put(file.read_bytes())

    empty.set_feed(SOURCE, FromFile().fetch)
    assert empty.refresh(now=CLOCK) == report(succeeded=1)
