"""The bundle cache: what goes in, and what is known of it."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from libattestor import BundleStore, Format, Misuse, Reason, Verifier
from material import BUNDLE, CLOCK, IDENTITY, NEXT_BUNDLE, TOKEN, refused


def document(**members: object) -> bytes:
    """Give the sample bundle with some members changed."""
    return json.dumps({**json.loads(BUNDLE), **members}).encode()


def test_info_describes_both_slots(store: BundleStore) -> None:
    jwt, x509 = store.info("example.org"), store.info("example.org", "x509")
    assert jwt is not None and x509 is not None
    assert jwt.digest == x509.digest == hashlib.sha256(BUNDLE).hexdigest()
    assert (jwt.entries, jwt.sequence, jwt.refresh_hint, jwt.feed) == (1, 1, None, 0)
    assert (jwt.confirmed_at, jwt.skipped) == (CLOCK, {})
    assert isinstance(hash(jwt), int)


def test_info_of_what_was_never_fed_is_none(store: BundleStore) -> None:
    assert store.info("other.test") is None
    store.remove("example.org")
    assert store.info("example.org") is None
    store.remove("example.org")


def test_info_counts_what_was_skipped_by_name(store: BundleStore) -> None:
    keys = json.loads(BUNDLE)["keys"]
    post_quantum = {"kty": "AKP", "kid": "a", "use": "jwt-svid"}
    secret = {"kty": "oct", "kid": "b", "use": "jwt-svid"}
    store.put("example.org", document(keys=[*keys, post_quantum, secret, 7], spiffe_sequence=2))
    info = store.info("example.org")
    assert info is not None
    assert info.skipped == {"not_object": 1, "key_type_unsupported": 2}


def test_a_put_carries_its_feed_and_hint(store: BundleStore) -> None:
    store.put("example.org", document(spiffe_refresh_hint=60), feed=2**64 - 1, now=CLOCK + 5)
    info = store.info("example.org")
    assert info is not None
    assert (info.feed, info.refresh_hint, info.confirmed_at) == (2**64 - 1, 60, CLOCK + 5)


def test_a_sequence_going_back_needs_force(store: BundleStore) -> None:
    store.put("example.org", document(spiffe_sequence=9))
    error = refused(Misuse, lambda: store.put("example.org", document(spiffe_sequence=8)))
    assert error.reason is Reason.BUNDLE_ROLLBACK
    store.put("example.org", document(spiffe_sequence=8), force=True)
    info = store.info("example.org")
    assert info is not None and info.sequence == 8


def test_text_is_a_document_too(store: BundleStore) -> None:
    store.put("spiffe://example.org", NEXT_BUNDLE.decode(), now=CLOCK)
    info = store.info("example.org")
    assert info is not None and info.entries == 2


def test_the_format_is_never_guessed(store: BundleStore, verifier: Verifier) -> None:
    (key,) = (key for key in json.loads(BUNDLE)["keys"] if key["use"] == "jwt-svid")
    del key["use"]
    jwks = json.dumps({"keys": [key]})
    assert refused(Misuse, lambda: store.put("example.org", jwks)).reason is Reason.NO_USABLE_KEYS
    for name in (Format.WORKLOAD_API_JWKS, "workload_api_jwks", Format.JWKS, "jwks"):
        store.remove("example.org")
        store.put("example.org", jwks, format=name, now=CLOCK)
        assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY


def test_certificates_alone_feed_the_other_slot() -> None:
    (key,) = (key for key in json.loads(BUNDLE)["keys"] if key["use"] == "x509-svid")
    (certificate,) = key["x5c"]
    pem = f"-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n"
    forms: dict[Format, str | bytes] = {
        Format.X509_PEM: pem,
        Format.X509_DER: base64.b64decode(certificate),
    }
    for format, authorities in forms.items():
        with BundleStore() as store:
            store.put("example.org", authorities, format=format, now=CLOCK)
            info = store.info("example.org", "x509")
            assert info is not None and info.entries == 1
            assert store.info("example.org") is None


@pytest.mark.parametrize("name", ["", "pem", "SPIFFE_BUNDLE", "\ud800"])
def test_an_unknown_format_is_misuse(store: BundleStore, name: str) -> None:
    error = refused(Misuse, lambda: store.put("example.org", BUNDLE, format=name))
    assert error.reason is Reason.FORMAT_UNSUPPORTED
    assert error.detail == f"format: must be one of {', '.join(known.value for known in Format)}"


NO_TRUST_DOMAINS = ["", "Example.org", "a b", "spiffe://", "spiffe://example.org/path", "\ud800", "a" * 3000]


@pytest.mark.parametrize("name", NO_TRUST_DOMAINS)
def test_a_name_that_is_no_trust_domain_is_misuse(store: BundleStore, name: str) -> None:
    assert refused(Misuse, lambda: store.put(name, BUNDLE)).reason is Reason.SOURCE_NAME_INVALID
    assert refused(Misuse, lambda: store.remove(name)).reason is Reason.SOURCE_NAME_INVALID
    assert refused(Misuse, lambda: store.info(name)).reason is Reason.SOURCE_NAME_INVALID


@pytest.mark.parametrize("bad", [b"", b"{", "\ud800", b"[]", b"-----BEGIN CERTIFICATE-----"])
def test_a_document_that_is_none_keeps_the_last_good(
    store: BundleStore, verifier: Verifier, bad: bytes | str
) -> None:
    assert refused(Misuse, lambda: store.put("example.org", bad)).reason is Reason.BUNDLE_MALFORMED
    assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY


@pytest.mark.parametrize("feed", [-1, 2**64])
def test_a_feed_that_cannot_be_is_misuse(store: BundleStore, feed: int) -> None:
    error = refused(Misuse, lambda: store.put("example.org", BUNDLE, feed=feed))
    assert error.reason is Reason.ARGUMENT_INVALID


def test_an_unknown_slot_is_misuse(store: BundleStore) -> None:
    error = refused(Misuse, lambda: store.info("example.org", "oidc"))  # type: ignore[arg-type]
    assert error.detail == "slot: must be one of jwt, x509, crl"


def test_a_clock_that_cannot_be_is_misuse(store: BundleStore) -> None:
    error = refused(Misuse, lambda: store.put("example.org", BUNDLE, now=0))
    assert error.reason is Reason.CLOCK_INVALID
