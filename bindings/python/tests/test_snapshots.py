"""A store survives a restart, and gives its public keys away where it may."""

from __future__ import annotations

import json

import pytest

from libattestor import (
    BundleStore,
    Denied,
    Format,
    Misuse,
    Reason,
    RestoreReport,
    Source,
    Unavailable,
    Verifier,
)
from material import BUNDLE, CLOCK, IDENTITY, NEXT_BUNDLE, POLICY, TOKEN, refused
from oidc_material import JWKS

KEY = bytes(range(32))
SOURCE = Source.trust_domain("example.org")
ISSUER = "https://issuer.test"


def test_a_store_survives_a_restart(store: BundleStore) -> None:
    store.put_issuer(ISSUER, JWKS, now=CLOCK)
    store.deny("trust_domain", "jti", "stolen", now=CLOCK)
    snapshot = store.snapshot(key=KEY, now=CLOCK)
    with BundleStore() as other, Verifier(other, POLICY) as verifier:
        # Two slots of the trust domain, one of the issuer.
        report = other.restore(snapshot, key=KEY, now=CLOCK + 10)
        assert report == RestoreReport(slots=3, skipped=0, denials=1)
        assert verifier.verify(TOKEN, now=CLOCK + 10).identity == IDENTITY
        assert other.denials == 1
        info = other.info("example.org")
        assert info is not None and (info.restored, info.confirmed_at) == (True, CLOCK)
        # It goes on ageing from when it was confirmed.
        refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK + 600))
        other.put("example.org", BUNDLE, now=CLOCK + 700)
        info = other.info("example.org")
        assert info is not None and not info.restored


def test_what_a_feed_filled_is_not_restored(store: BundleStore) -> None:
    snapshot = store.snapshot(unkeyed=True, now=CLOCK)
    with BundleStore() as other:
        other.put("example.org", NEXT_BUNDLE, now=CLOCK)
        report = other.restore(snapshot, unkeyed=True, now=CLOCK)
        assert (report.slots, report.skipped) == (0, 2)
        info = other.info("example.org")
        assert info is not None and (info.sequence, info.restored) == (2, False)


@pytest.mark.parametrize("keyed", [True, False])
def test_a_snapshot_that_was_changed_is_refused(store: BundleStore, keyed: bool) -> None:
    snapshot = store.snapshot(key=KEY, now=CLOCK) if keyed else store.snapshot(unkeyed=True, now=CLOCK)
    with BundleStore() as other:

        def restore(data: bytes) -> object:
            if keyed:
                return other.restore(data, key=KEY, now=CLOCK)
            return other.restore(data, unkeyed=True, now=CLOCK)

        for at in range(len(snapshot)):
            flipped = snapshot[:at] + bytes([snapshot[at] ^ 1]) + snapshot[at + 1 :]
            assert refused(Misuse, lambda data=flipped: restore(data)).reason is Reason.SNAPSHOT_INVALID  # type: ignore[misc]
        for cut in (b"", snapshot[:-1], snapshot + b"\0"):
            assert refused(Misuse, lambda data=cut: restore(data)).reason is Reason.SNAPSHOT_INVALID  # type: ignore[misc]
        assert other.info("example.org") is None
        restore(snapshot)
        assert other.info("example.org") is not None


def test_a_snapshot_of_another_key_is_refused(store: BundleStore) -> None:
    keyed, unkeyed = store.snapshot(key=KEY, now=CLOCK), store.snapshot(unkeyed=True, now=CLOCK)
    with BundleStore() as other:
        wrong = [
            lambda: other.restore(keyed, key=KEY[::-1], now=CLOCK),
            lambda: other.restore(keyed, unkeyed=True, now=CLOCK),
            lambda: other.restore(unkeyed, key=KEY, now=CLOCK),
        ]
        for call in wrong:
            assert refused(Misuse, call).reason is Reason.SNAPSHOT_INVALID


@pytest.mark.parametrize(
    "options", [{}, {"key": None}, {"key": KEY, "unkeyed": True}, {"key": b""}, {"key": KEY[1:]}]
)
def test_no_key_must_be_asked_for(store: BundleStore, options: dict[str, bytes]) -> None:
    assert refused(Misuse, lambda: store.snapshot(**options)).reason is Reason.ARGUMENT_INVALID  # type: ignore[arg-type]
    error = refused(Misuse, lambda: store.restore(b"", **options))  # type: ignore[arg-type]
    assert error.reason is Reason.ARGUMENT_INVALID
    with pytest.raises(TypeError, match=r"^key must be a bytes-like object, not str$"):
        store.snapshot(key="a" * 32)  # type: ignore[arg-type]


def test_only_what_is_on_the_list_is_published(store: BundleStore, verifier: Verifier) -> None:
    def publish() -> bytes:
        return store.publish(SOURCE, Format.SPIFFE_BUNDLE, now=CLOCK)

    assert refused(Misuse, publish).reason is Reason.SOURCE_NOT_PUBLISHED
    store.allow_publishing(SOURCE)
    published = publish()
    with BundleStore() as other, Verifier(other, POLICY) as judge:
        other.put("example.org", published, now=CLOCK)
        assert judge.verify(TOKEN, now=CLOCK).identity == IDENTITY
    store.allow_publishing(SOURCE, False)
    assert refused(Misuse, publish).reason is Reason.SOURCE_NOT_PUBLISHED


def test_what_is_published_is_public_and_fresh(store: BundleStore) -> None:
    store.put_issuer(ISSUER, JWKS, now=CLOCK)
    unfed = Source.trust_domain("other.test")
    for source in (SOURCE, Source.issuer(ISSUER), unfed):
        store.allow_publishing(source)
    keys = json.loads(store.publish(Source.issuer(ISSUER), "jwks", now=CLOCK))["keys"]
    assert {key["kid"] for key in keys} == {key["kid"] for key in json.loads(JWKS)["keys"]}
    assert not any({"d", "p", "q", "k"} & key.keys() for key in keys)
    pem = store.publish(Source.issuer(ISSUER), Format.PUBLIC_KEY_PEM, now=CLOCK)
    assert pem.startswith(b"-----BEGIN PUBLIC KEY-----\n")
    assert store.publish(SOURCE, "x509_pem", now=CLOCK).startswith(b"-----BEGIN CERTIFICATE-----\n")
    stale = refused(Unavailable, lambda: store.publish(SOURCE, "jwks", now=CLOCK + 600))
    assert stale.reason is Reason.BUNDLE_STALE
    missing = refused(Unavailable, lambda: store.publish(unfed, "jwks", now=CLOCK))
    assert missing.reason is Reason.BUNDLE_UNAVAILABLE
    for format in ("bundle_map", "x509_crl", "pem"):
        error = refused(Misuse, lambda name=format: store.publish(SOURCE, name, now=CLOCK))  # type: ignore[misc]
        assert error.reason is Reason.FORMAT_UNSUPPORTED


def test_a_denial_survives_a_restart(store: BundleStore) -> None:
    store.deny("trust_domain", "sub", IDENTITY, now=CLOCK)
    snapshot = store.snapshot(key=KEY, now=CLOCK)
    with BundleStore() as other, Verifier(other, POLICY) as verifier:
        other.restore(snapshot, key=KEY, now=CLOCK)
        error = refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK))
        assert error.slug == "overlay_denied"
