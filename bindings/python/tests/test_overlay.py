"""Denials, and bundle maps."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from libattestor import (
    BundleStore,
    Denied,
    Misuse,
    Reason,
    Unavailable,
    Verifier,
    mint_passport,
    passport_thumbprint,
)
from material import BUNDLE, CLOCK, IDENTITY, OTHER_IDENTITY, OTHER_TOKEN, TOKEN, refused

SEED = bytes(32)
KID = next(key["kid"] for key in json.loads(BUNDLE)["keys"] if key["use"] == "jwt-svid")


def test_a_denial_holds_until_it_is_lifted(store: BundleStore, verifier: Verifier) -> None:
    assert store.denials == 0
    store.deny("trust_domain", "sub", IDENTITY, source="example.org")
    error = refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK))
    assert (error.reason, error.authenticated) == (Reason.OVERLAY_DENIED, True)
    assert verifier.verify(OTHER_TOKEN, now=CLOCK).identity == OTHER_IDENTITY
    assert store.denials == 1
    assert not store.lift("trust_domain", "sub", IDENTITY)
    assert store.lift("trust_domain", "sub", IDENTITY, source="example.org")
    assert not store.lift("trust_domain", "sub", IDENTITY, source="example.org")
    assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY


@pytest.mark.parametrize("source", ["*", "example.org"])
def test_a_key_is_denied_with_all_that_it_signed(store: BundleStore, verifier: Verifier, source: str) -> None:
    thumbprint = verifier.verify(TOKEN, now=CLOCK).key_thumbprint
    fields: list[tuple[Any, str]] = [("kid", KID), ("key_thumbprint", thumbprint)]
    for field, value in fields:
        store.deny("trust_domain", field, value, source=source)
        for token in (TOKEN, OTHER_TOKEN):
            assert refused(Denied, partial(verifier.verify, token, now=CLOCK)).code == 1702
        store.clear_denials()
        assert store.denials == 0
        assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY


def test_a_denial_of_another_source_says_nothing(store: BundleStore, verifier: Verifier) -> None:
    store.deny("trust_domain", "sub", IDENTITY, source="other.test")
    store.deny("issuer", "sub", IDENTITY)
    store.deny("native", "sub", IDENTITY)
    assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY


def test_a_denial_expires(store: BundleStore, verifier: Verifier) -> None:
    store.deny("trust_domain", "sub", IDENTITY, expires_at=CLOCK + 10, now=CLOCK)
    assert refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK + 9)).code == 1702
    assert verifier.verify(TOKEN, now=CLOCK + 10).identity == IDENTITY
    store.deny("trust_domain", "sub", IDENTITY, now=CLOCK)
    assert refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK + 10)).code == 1702


def test_a_passport_is_denied_by_its_key() -> None:
    policy = {"version": 1, "attestors": [{"id": "native", "kind": "native"}]}
    passport = mint_passport(SEED, expires_at=CLOCK + 60, id="once")
    with BundleStore() as store, Verifier(store, policy) as verifier:
        denials: list[tuple[Any, str]] = [("key_thumbprint", passport_thumbprint(SEED)), ("jti", "once")]
        for field, value in denials:
            store.deny("native", field, value)
            assert refused(Denied, lambda: verifier.admit(passport, now=CLOCK)).code == 1702
            assert store.lift("native", field, value)
        assert verifier.admit(passport, now=CLOCK).attestor_id == "native"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"kind": "spiffe"}, Reason.ARGUMENT_INVALID),
        ({"field": "aud"}, Reason.ARGUMENT_INVALID),
        ({"field": "key_thumbprint", "value": "short"}, Reason.ARGUMENT_INVALID),
        ({"field": "x509_serial", "value": "0A"}, Reason.ARGUMENT_INVALID),
        ({"value": ""}, Reason.ARGUMENT_INVALID),
        ({"value": "x" * 2049}, Reason.ARGUMENT_INVALID),
        ({"value": "\ud800"}, Reason.ARGUMENT_INVALID),
        ({"source": "Not A Domain"}, Reason.SOURCE_NAME_INVALID),
        ({"expires_at": 0}, Reason.ARGUMENT_INVALID),
        ({"expires_at": CLOCK}, Reason.ARGUMENT_INVALID),
        ({"now": 0}, Reason.CLOCK_INVALID),
    ],
)
def test_what_cannot_be_denied_is_misuse(store: BundleStore, wrong: Any, reason: Reason) -> None:
    asked = {"kind": "trust_domain", "field": "sub", "value": IDENTITY, "now": CLOCK, **wrong}
    assert refused(Misuse, lambda: store.deny(**asked)).reason is reason
    assert store.denials == 0


@pytest.mark.parametrize("name", ["kind", "field", "value", "source", "expires_at"])
def test_a_wrong_type(store: BundleStore, name: str) -> None:
    asked: Any = {"kind": "trust_domain", "field": "sub", "value": IDENTITY, name: b"x"}
    with pytest.raises(TypeError, match=rf"^{name} must be (str|int), not bytes$"):
        store.deny(**asked)


def bundle_map(**domains: bytes) -> bytes:
    """Give a bundle map of bundles."""
    bundles = {name.replace("_", "."): json.loads(bundle) for name, bundle in domains.items()}
    return json.dumps({"trust_domains": bundles}).encode()


def test_a_bundle_map_is_all_that_its_feed_delivers(store: BundleStore, verifier: Verifier) -> None:
    store.remove("example.org")
    store.put_map(bundle_map(example_org=BUNDLE, other_test=BUNDLE), feed=7, now=CLOCK)
    info = store.info("other.test")
    assert info is not None and info.feed == 7
    assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY
    store.put("third.test", BUNDLE, feed=8, now=CLOCK)
    store.put_map(bundle_map(other_test=BUNDLE), feed=7, force=True, now=CLOCK)
    assert refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK)).code == 2000
    assert store.info("other.test") is not None and store.info("third.test") is not None


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b'{"trust_domains":{"example.org":{}}}'])
def test_a_map_that_is_none_keeps_the_last_good(
    store: BundleStore, verifier: Verifier, document: bytes
) -> None:
    store.put_map(bundle_map(example_org=BUNDLE), force=True, now=CLOCK)
    refused(Misuse, lambda: store.put_map(document, now=CLOCK))
    assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY


def test_a_map_has_no_name(store: BundleStore) -> None:
    document = bundle_map(example_org=BUNDLE)
    error = refused(Misuse, lambda: store.put("example.org", document, format="bundle_map"))
    assert error.reason in {Reason.SOURCE_NAME_INVALID, Reason.FORMAT_UNSUPPORTED}
