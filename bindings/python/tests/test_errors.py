"""Exceptions: their shape, and the reason table."""

from __future__ import annotations

import copy
import pickle
from importlib.metadata import version

import pytest

import libattestor
from libattestor import (
    AttestorError,
    BundleStore,
    Closed,
    Denied,
    Misuse,
    Reason,
    Rejected,
    Shadow,
    Unavailable,
    Unrecorded,
    Verifier,
    _lowlevel,
)
from libattestor._ffi import ffi
from material import BUNDLE, CLOCK, TOKEN

LIBRARY = _lowlevel._lib


def test_the_family() -> None:
    assert issubclass(Denied, Rejected) and issubclass(Unavailable, Rejected)
    assert issubclass(Rejected, AttestorError) and not issubclass(Rejected, ValueError)
    assert issubclass(Misuse, AttestorError) and issubclass(Misuse, ValueError)
    assert issubclass(Closed, Misuse)
    assert issubclass(Unrecorded, AttestorError) and not issubclass(Unrecorded, (Rejected, Misuse))


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_the_library_s(reason: Reason) -> None:
    assert ffi.string(LIBRARY.attestor_status_slug(reason.value)).decode() == reason.slug
    assert ffi.string(LIBRARY.attestor_status_phrase(reason.value)).decode() == reason.phrase


def test_the_library_has_no_other_reason() -> None:
    others = set(range(-10, 4000)) - set(Reason) - {0}
    assert {bytes(ffi.string(LIBRARY.attestor_status_slug(code))) for code in others} == {b"unknown"}


def test_every_status_becomes_the_exception_of_its_class() -> None:
    for code in range(1, 3000):
        known = code in set(Reason)
        kind = Denied if 1000 <= code < 2000 else Unavailable if 2000 <= code < 2100 else Misuse
        error = _lowlevel._error(code)
        assert type(error) is (kind if known else Misuse)
        assert error.reason is (Reason(code) if known else Reason.INTERNAL_ERROR)


@pytest.mark.parametrize(
    "error",
    [
        Denied(Reason.TOKEN_EXPIRED, True, "spiffe", b"{}"),
        Denied(Reason.TOKEN_EXPIRED, False, None, None, True, Shadow(Reason.TOKEN_EXPIRED)),
        Denied(Reason.KID_NOT_FOUND, False, "spiffe", None, False, None, True),
        Unavailable(Reason.BUNDLE_UNAVAILABLE),
        Unrecorded(),
        Misuse(Reason.CONFIG_INVALID, "$.version: wrong"),
        Closed(Reason.HANDLE_CLOSED),
    ],
)
def test_an_exception_survives_being_sent_elsewhere(error: AttestorError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert vars(twin) == vars(error)
        assert str(twin) == str(error)


def test_what_an_exception_shows() -> None:
    error = Denied(Reason.TOKEN_EXPIRED, True, "spiffe", b"{}")
    assert (str(error), repr(error)) == ("credential expired", "Denied('token_expired')")
    unrecorded = Unrecorded(error)
    assert str(unrecorded) == "the verdict could not be recorded"
    assert pickle.loads(pickle.dumps(unrecorded)).refusal.reason is Reason.TOKEN_EXPIRED
    misuse = Misuse(Reason.CONFIG_INVALID, "$.version: wrong")
    assert str(misuse) == "invalid configuration: $.version: wrong"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"credential": 7}, "credential must be str or a bytes-like object, not int"),
        ({"credential": None}, "credential must be str or a bytes-like object, not NoneType"),
        ({"credential": [TOKEN]}, "credential must be str or a bytes-like object, not list"),
        ({"now": 1.5}, "now must be int, not float"),
        ({"now": True}, "now must be int, not bool"),
        ({"now": "1"}, "now must be int, not str"),
        ({"attestor": b"spiffe"}, "attestor must be str, not bytes"),
    ],
)
def test_a_wrong_type_in_verify(verifier: Verifier, wrong: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"credential": TOKEN, "now": CLOCK, **wrong}
    with pytest.raises(TypeError) as caught:
        verifier.verify(**arguments)  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"trust_domain": b"example.org"}, "trust_domain must be str, not bytes"),
        ({"document": {}}, "document must be str or a bytes-like object, not dict"),
        ({"format": 1}, "format must be str, not int"),
        ({"feed": "1"}, "feed must be int, not str"),
        ({"now": None, "feed": True}, "feed must be int, not bool"),
    ],
)
def test_a_wrong_type_in_put(store: BundleStore, wrong: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"trust_domain": "example.org", "document": BUNDLE, **wrong}
    with pytest.raises(TypeError) as caught:
        store.put(**arguments)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_wrong_type_in_a_constructor(store: BundleStore) -> None:
    with pytest.raises(TypeError, match=r"^store must be BundleStore, not str$"):
        Verifier("store", {})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^policy must be str or a bytes-like object, not int$"):
        Verifier(store, 7)  # type: ignore[arg-type]


def test_the_versions_agree() -> None:
    assert libattestor.__version__ == version("libattestor")
