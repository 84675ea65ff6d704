"""How often a verification crosses into the library: once, whatever it asks and whatever it is told."""

from __future__ import annotations

import copy
import pickle
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest

from libattestor import (
    BundleStore,
    CredentialKind,
    Denied,
    Reason,
    Unavailable,
    Verified,
    Verifier,
    _lowlevel,
    mint_passport,
)
from material import (
    BUNDLE,
    CLOCK,
    EXPIRED_TOKEN,
    IDENTITY,
    OTHER_IDENTITY,
    OTHER_TOKEN,
    POLICY,
    TOKEN,
    refused,
)

PASSPORT = mint_passport(bytes(32), expires_at=CLOCK + 60)
Crossings = Counter[str]


class Counting:
    """The library, each call of which is counted."""

    def __init__(self, library: Any, crossings: Crossings) -> None:
        self.library = library
        self.crossings = crossings

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.library, name)
        return self.count(name, function) if name.startswith("attestor_") else function

    def count(self, name: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            self.crossings[name] += 1
            return function(*arguments)

        return call


@pytest.fixture
def crossings(verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crossings]:
    """Count from here on, this thread's storage having been made."""
    verifier.verify(TOKEN, now=CLOCK)
    counted: Crossings = Counter()
    library = Counting(_lowlevel._lib, counted)
    monkeypatch.setattr(_lowlevel, "_lib", library)
    for name in ("ask", "clear"):
        function = {"ask": "attestor_ask", "clear": "attestor_result_clear"}[name]
        monkeypatch.setattr(_lowlevel, f"_{name}", getattr(library, function))
    yield counted


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"evidence": True},
        {"attestor": "spiffe"},
        {"peer_certificate": b"c", "nonce": "n", "max_age": 1, "access_token": "t"},
        {"passport": PASSPORT},
        {"refresh": True},
    ],
)
@pytest.mark.parametrize("token", [TOKEN, OTHER_TOKEN, EXPIRED_TOKEN, b"", b"a.b.c"])
def test_a_verification_crosses_once(
    verifier: Verifier, crossings: Crossings, token: bytes, asked: dict[str, Any]
) -> None:
    with suppress(Denied):
        verifier.verify(token, now=CLOCK, **asked)
    assert crossings == {"attestor_ask": 1}


def test_an_admission_crosses_once(verifier: Verifier, crossings: Crossings) -> None:
    with suppress(Denied):
        verifier.admit(PASSPORT, TOKEN, now=CLOCK, evidence=True)
    assert crossings == {"attestor_ask": 1}


def test_what_has_no_room_is_read_whole(verifier: Verifier, crossings: Crossings) -> None:
    granted = [f"{number:060}" for number in range(200)]
    rule = {"match": "spiffe://example.org/{name}", "internal_identity": "x" * 200, "policies": granted}
    long = {**POLICY["attestors"][0], "map": [rule]}  # type: ignore[index]
    verifier.set_policy({"version": 1, "attestors": [long]})
    crossings.clear()
    for evidence in (False, True):
        verified = verifier.verify(TOKEN, now=CLOCK, evidence=evidence)
        assert (verified.identity, verified.policies) == (IDENTITY, tuple(granted))
        assert (verified.evidence is not None) is evidence
    assert crossings == {"attestor_ask": 2, "attestor_result_answer": 2, "attestor_result_clear": 2}


def test_a_text_may_hold_what_stands_between_texts(store: BundleStore) -> None:
    rule = {
        "match": "spiffe://example.org/{name}",
        "internal_identity": "a\0b",
        "policies": ["c", "\0", "ü\0"],
    }
    attestor = {**POLICY["attestors"][0], "map": [rule]}  # type: ignore[index]
    with Verifier(store, {"version": 1, "attestors": [attestor]}) as verifier:
        verified = verifier.verify(TOKEN, now=CLOCK, evidence=True)
    assert (verified.identity, verified.internal_identity) == (IDENTITY, "a\0b")
    assert verified.policies == ("c", "\0", "ü\0")
    assert verified.evidence is not None and verified.evidence.endswith(b"}")


def test_an_answer_that_was_before_is_judged_anew(store: BundleStore, verifier: Verifier) -> None:
    def ask(token: bytes) -> Verified:
        return verifier.verify(token, now=CLOCK)

    ask(TOKEN), ask(OTHER_TOKEN)
    assert ask(TOKEN) == ask(TOKEN)
    assert (ask(TOKEN).identity, ask(OTHER_TOKEN).identity) == (IDENTITY, OTHER_IDENTITY)
    other = {**POLICY["attestors"][0], "id": "other"}  # type: ignore[index]
    verifier.set_policy({"version": 1, "attestors": [other]})
    assert ask(TOKEN).attestor_id == "other"
    store.remove("example.org")
    assert refused(Unavailable, lambda: ask(TOKEN)).reason is Reason.BUNDLE_UNAVAILABLE
    store.put("example.org", BUNDLE, now=CLOCK)
    assert ask(TOKEN).attestor_id == "other"


def test_what_was_told_outlasts_its_storage(verifier: Verifier) -> None:
    first, second = (verifier.verify(token, now=CLOCK) for token in (TOKEN, OTHER_TOKEN))
    assert (first.subject, second.subject) == (IDENTITY, OTHER_IDENTITY)
    assert first != second and first == verifier.verify(TOKEN, now=CLOCK)
    assert hash(first) == hash(verifier.verify(TOKEN, now=CLOCK))


@pytest.mark.parametrize("twin_of", [copy.copy, copy.deepcopy, lambda told: pickle.loads(pickle.dumps(told))])
def test_what_was_told_can_be_copied_before_it_is_read(
    verifier: Verifier, twin_of: Callable[[Verified], Verified]
) -> None:
    told = verifier.verify(TOKEN, now=CLOCK, evidence=True)
    twin = twin_of(told)
    assert [getattr(twin, field.name) for field in fields(Verified)] == [
        getattr(told, field.name) for field in fields(Verified)
    ]
    assert (twin.attestor_id, twin.kind, twin.policies) == ("spiffe", CredentialKind.JWT_SVID, ())
    assert twin.evidence is not None and IDENTITY.encode() in twin.evidence


def test_what_was_told_cannot_be_changed(verifier: Verifier) -> None:
    told = verifier.verify(TOKEN, now=CLOCK)
    for name in ("identity", "subject"):
        with pytest.raises(FrozenInstanceError):
            setattr(told, name, "other")
    assert not hasattr(told, "unknown")
    assert replace(told, subject="other").subject == "other" and told.subject == IDENTITY
