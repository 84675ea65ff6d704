"""Fixtures: a store fed with a bundle that SPIRE issued, and a verifier that trusts it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import libattestor
from libattestor import BundleStore, Verifier
from material import BUNDLE, CLOCK, POLICY

PROJECT = Path(__file__).resolve().parents[1]


def pytest_sessionstart() -> None:
    """Refuse to test anything but the installed package."""
    if PROJECT in Path(libattestor.__file__).resolve().parents:
        pytest.exit("the tests run against the installed package: pip install it first", returncode=1)


@pytest.fixture
def store() -> Iterator[BundleStore]:
    with BundleStore() as store:
        store.put("example.org", BUNDLE, now=CLOCK)
        yield store


@pytest.fixture
def verifier(store: BundleStore) -> Iterator[Verifier]:
    with Verifier(store, POLICY) as verifier:
        yield verifier
