"""Storage is of one call at a time: verdicts never mix."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from libattestor import BundleStore, Denied, Reason, Verifier, _lowlevel, mint_passport
from libattestor._ffi import ffi
from material import (
    BUNDLE,
    CLOCK,
    EXPIRED_TOKEN,
    EXPIRES,
    IDENTITY,
    NEXT_BUNDLE,
    OTHER_IDENTITY,
    OTHER_TOKEN,
    TOKEN,
    refused,
)
from tracing import on_every_line

PASSPORT = mint_passport(bytes(32), expires_at=CLOCK + 60)


def outcome(verifier: Verifier, token: bytes) -> str:
    """Give the identity of an allow or the slug of a deny."""
    try:
        return verifier.verify(token, now=CLOCK).identity
    except Denied as error:
        return error.slug


def test_threads_get_their_own_verdicts_while_others_write(store: BundleStore, verifier: Verifier) -> None:
    questions = {
        TOKEN: IDENTITY,
        OTHER_TOKEN: OTHER_IDENTITY,
        EXPIRED_TOKEN: "token_expired",
        b"": "malformed_token",
    }
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            for bundle in (BUNDLE, NEXT_BUNDLE):
                store.put("example.org", bundle, force=True, now=CLOCK)

    def ask(token: bytes) -> set[str]:
        return {outcome(verifier, token) for _ in range(300)}

    with ThreadPoolExecutor(9) as pool:
        writer = pool.submit(write)
        tokens = list(questions) * 2
        answers = list(pool.map(ask, tokens))
        done.set()
        writer.result()
    assert answers == [{questions[token]} for token in tokens]


def test_the_interpreter_runs_while_a_thread_is_in_the_library(verifier: Verifier) -> None:
    started, stop = threading.Event(), threading.Event()

    def spin() -> None:
        while not stop.is_set():
            verifier.verify(TOKEN, now=CLOCK)
            started.set()

    thread = threading.Thread(target=spin)
    thread.start()
    assert started.wait(60)
    stop.set()
    thread.join()


@pytest.mark.parametrize("evidence", [False, True])
def test_a_call_in_the_middle_of_a_call_changes_nothing(verifier: Verifier, evidence: bool) -> None:
    def interrupt() -> None:
        assert verifier.verify(OTHER_TOKEN, now=CLOCK).identity == OTHER_IDENTITY
        refused(Denied, lambda: verifier.verify(b"", now=CLOCK))

    alone = partial(verifier.verify, TOKEN, now=CLOCK)
    with on_every_line("verify" if evidence else "verify_alone", interrupt) as lines:
        verified = alone(evidence=True) if evidence else alone()
    assert (verified.identity, verified.expires_at) == (IDENTITY, EXPIRES)
    assert evidence is (verified.evidence is not None and IDENTITY.encode() in verified.evidence)
    assert len(lines) > 10


def test_what_is_judged_cannot_change_in_the_middle_of_a_call(verifier: Verifier) -> None:
    buffer = bytearray(TOKEN)
    view = memoryview(buffer).toreadonly()

    def overwrite() -> None:
        buffer[:] = bytes(len(buffer))

    with on_every_line("verify_alone", overwrite) as lines:
        verified = verifier.verify(view, now=CLOCK)
    assert verified.identity == IDENTITY
    assert len(lines) > 10 and not any(buffer)


def test_a_call_in_the_middle_of_a_refusal_changes_nothing(verifier: Verifier) -> None:
    with on_every_line("verify", lambda: verifier.verify(OTHER_TOKEN, now=CLOCK)) as lines:
        error = refused(Denied, lambda: verifier.verify(EXPIRED_TOKEN, now=CLOCK, evidence=True))
    assert error.slug == "token_expired" and not error.authenticated
    assert error.evidence is not None and b"token_expired" in error.evidence
    assert len(lines) > 10


def test_storage_is_made_once_and_forgets_the_credential(verifier: Verifier) -> None:
    handle = verifier._handle
    assert handle is not None

    def scratches() -> list[_lowlevel._Scratch]:
        calls: list[Callable[[], object]] = [
            lambda: verifier.verify(
                TOKEN,
                now=CLOCK,
                attestor="spiffe",
                nonce="n",
                max_age=1,
                access_token="t",
                passport=PASSPORT,
                peer_certificate=b"c",
            ),
            lambda: refused(
                Denied,
                lambda: verifier.verify_challenge(b"x", challenge=bytes(16), audience="a", proof=b"p"),
            ),
            lambda: refused(Denied, lambda: verifier.verify(EXPIRED_TOKEN, now=CLOCK)),
        ]
        for call in calls * 3:
            call()
            (scratch,) = handle.idle
            request = scratch.request
            for name in ("credential", *_lowlevel._ASKED):
                assert (getattr(request, name), getattr(request, f"{name}_len")) == (ffi.NULL, 0)
            assert (request.flags, request.max_age_secs, request.possession) == (0, 0, 0)
            summary = ffi.new("attestor_summary *", {"struct_size": ffi.sizeof("attestor_summary")})
            status = _lowlevel._lib.attestor_result_summary(scratch.result.pointer, summary, ffi.NULL)
            assert status == Reason.NOT_VERIFIED
        return list(handle.idle)

    with ThreadPoolExecutor(1) as pool:
        there = pool.submit(scratches).result()
    assert scratches() == there
