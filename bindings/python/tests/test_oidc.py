"""OIDC tokens: an issuer's keys, and what a request asks of a token beyond its policy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import partial

import pytest

import material
from libattestor import (
    BundleStore,
    CredentialKind,
    Denied,
    Format,
    Misuse,
    Reason,
    Unavailable,
    Verified,
    Verifier,
)
from material import refused
from oidc_material import (
    ACCESS_TOKEN,
    AUDIENCE,
    CLOCK,
    DOMAIN_ISSUER_TOKEN,
    EDDSA_TOKEN,
    EXPIRES,
    IDENTITY,
    ISSUER,
    JWKS,
    NONCE,
    OTHER_HASH_TOKEN,
    OTHER_ISSUER,
    OTHER_ISSUER_TOKEN,
    OTHER_NONCE_TOKEN,
    POLICY,
    PUBLIC_KEY,
    STALE_TOKEN,
    SUBJECT,
    THUMBPRINT,
    TOKEN,
)


@pytest.fixture
def issuers() -> Iterator[BundleStore]:
    with BundleStore() as store:
        store.put_issuer(ISSUER, JWKS, now=CLOCK)
        yield store


@pytest.fixture
def login(issuers: BundleStore) -> Iterator[Verifier]:
    with Verifier(issuers, POLICY) as verifier:
        yield verifier


def policy_of(issuer: str) -> dict[str, object]:
    """Give a policy that takes the tokens of an issuer."""
    attestor = {"id": "login", "kind": "oidc", "audiences": [AUDIENCE], "issuer": issuer}
    return {"version": 1, "attestors": [attestor]}


def test_an_allow_names_the_issuer_and_no_trust_domain(login: Verifier) -> None:
    assert login.verify(TOKEN, now=CLOCK) == Verified(
        kind=CredentialKind.OIDC,
        identity=IDENTITY,
        subject=SUBJECT,
        trust_domain=None,
        issuer=ISSUER,
        is_local=False,
        attestor_id="login",
        expires_at=EXPIRES,
        key_thumbprint=THUMBPRINT,
    )


@pytest.mark.parametrize("token", [TOKEN, EDDSA_TOKEN])
@pytest.mark.parametrize("access_token", [ACCESS_TOKEN, ACCESS_TOKEN.encode()])
def test_a_token_that_is_all_that_was_asked_for(
    login: Verifier, token: bytes, access_token: str | bytes
) -> None:
    verified = login.verify(token, now=CLOCK, nonce=NONCE, max_age=60, access_token=access_token)
    assert verified.identity == IDENTITY


def test_both_kinds_side_by_side(issuers: BundleStore) -> None:
    attestors = [*material.POLICY["attestors"], *POLICY["attestors"]]  # type: ignore[misc]
    issuers.put("example.org", material.BUNDLE, now=CLOCK)
    with Verifier(issuers, {"version": 1, "attestors": attestors}) as verifier:
        for _ in range(2):
            workload = verifier.verify(material.TOKEN, now=CLOCK)
            assert (workload.trust_domain, workload.issuer) == ("example.org", None)
            person = verifier.verify(TOKEN, now=CLOCK)
            assert (person.trust_domain, person.issuer) == (None, ISSUER)


def test_an_issuer_that_is_not_in_the_policy_is_denied(login: Verifier, issuers: BundleStore) -> None:
    issuers.put_issuer(OTHER_ISSUER, JWKS, now=CLOCK)
    error = refused(Denied, lambda: login.verify(OTHER_ISSUER_TOKEN, now=CLOCK))
    assert error.reason is Reason.ISSUER_UNKNOWN
    login.set_policy(policy_of(OTHER_ISSUER))
    assert login.verify(OTHER_ISSUER_TOKEN, now=CLOCK).issuer == OTHER_ISSUER


@pytest.mark.parametrize("nonce", ["", NONCE, NONCE + "x", "ä", "\0"])
def test_another_nonce_is_denied(login: Verifier, nonce: str) -> None:
    error = refused(Denied, lambda: login.verify(OTHER_NONCE_TOKEN, now=CLOCK, nonce=nonce))
    assert (error.reason, error.authenticated) == (Reason.NONCE_MISMATCH, True)


@pytest.mark.parametrize("nonce", ["", NONCE[:-1], NONCE + "x", NONCE + "\0"])
def test_a_nonce_is_compared_whole(login: Verifier, nonce: str) -> None:
    assert login.verify(TOKEN, now=CLOCK, nonce=NONCE).identity == IDENTITY
    error = refused(Denied, lambda: login.verify(TOKEN, now=CLOCK, nonce=nonce))
    assert error.reason is Reason.NONCE_MISMATCH


@pytest.mark.parametrize("nonce", ["\ud800", "n" * 4097])
def test_a_nonce_that_cannot_be_is_misuse(login: Verifier, nonce: str) -> None:
    error = refused(Misuse, lambda: login.verify(TOKEN, now=CLOCK, nonce=nonce))
    assert error.reason is Reason.ARGUMENT_INVALID


def test_the_age_of_the_authentication_is_limited(login: Verifier) -> None:
    # The policy's clock skew of 60 seconds is granted.
    for limit in (3540, 2**32, 2**64 - 1):
        assert login.verify(STALE_TOKEN, now=CLOCK, max_age=limit).identity == IDENTITY
    for limit in (1, 3539):
        error = refused(Denied, partial(login.verify, STALE_TOKEN, now=CLOCK, max_age=limit))
        assert (error.reason, error.authenticated) == (Reason.AUTH_TOO_OLD, True)


@pytest.mark.parametrize("limit", [0, -1, 2**64])
def test_a_max_age_that_cannot_be_is_misuse(login: Verifier, limit: int) -> None:
    error = refused(Misuse, lambda: login.verify(STALE_TOKEN, now=CLOCK, max_age=limit))
    assert error.reason is Reason.ARGUMENT_INVALID
    assert error.detail == "max_age: must be a positive 64-bit integer"


def test_the_access_token_of_another_is_denied(login: Verifier) -> None:
    cases: list[tuple[bytes, str | bytes]] = [(OTHER_HASH_TOKEN, ACCESS_TOKEN)]
    cases += [(TOKEN, wrong) for wrong in ("", b"", ACCESS_TOKEN + " ", "\ud800", "t" * 65536)]
    for token, access_token in cases:
        error = refused(Denied, partial(login.verify, token, now=CLOCK, access_token=access_token))
        assert (error.reason, error.authenticated) == (Reason.AT_HASH_MISMATCH, True)


def test_a_huge_access_token_is_misuse(login: Verifier) -> None:
    error = refused(Misuse, lambda: login.verify(TOKEN, now=CLOCK, access_token=b"t" * 65537))
    assert error.reason is Reason.ARGUMENT_INVALID


def test_what_one_call_asks_does_not_stick_to_the_next(login: Verifier) -> None:
    for token in (OTHER_NONCE_TOKEN, STALE_TOKEN, OTHER_HASH_TOKEN):
        ask = partial(login.verify, token, now=CLOCK)
        refused(Denied, lambda ask=ask: ask(nonce=NONCE, max_age=60, access_token=ACCESS_TOKEN))  # type: ignore[misc]
        assert ask().identity == IDENTITY


def test_an_issuer_named_like_a_trust_domain_is_another_source() -> None:
    with BundleStore() as store, Verifier(store, material.POLICY) as verifier:
        store.put_issuer("example.org", material.BUNDLE, now=CLOCK)
        assert store.info("example.org") is None
        error = refused(Unavailable, lambda: verifier.verify(material.TOKEN, now=CLOCK))
        assert error.reason is Reason.BUNDLE_UNAVAILABLE
        store.put("example.org", material.BUNDLE, now=CLOCK)
        store.remove_issuer("example.org")
        assert verifier.verify(material.TOKEN, now=CLOCK).identity == material.IDENTITY


def test_a_trust_domain_named_like_an_issuer_is_another_source() -> None:
    with BundleStore() as store, Verifier(store, policy_of("example.org")) as verifier:
        store.put("example.org", JWKS, format=Format.JWKS, now=CLOCK)
        assert store.issuer_info("example.org") is None
        error = refused(Unavailable, lambda: verifier.verify(DOMAIN_ISSUER_TOKEN, now=CLOCK))
        assert error.reason is Reason.BUNDLE_UNAVAILABLE
        store.put_issuer("example.org", JWKS, now=CLOCK)
        store.remove("example.org")
        assert verifier.verify(DOMAIN_ISSUER_TOKEN, now=CLOCK).issuer == "example.org"


@pytest.mark.parametrize("document", [PUBLIC_KEY, PUBLIC_KEY.encode()])
@pytest.mark.parametrize("name", [Format.PUBLIC_KEY_PEM, "public_key_pem"])
def test_a_public_key_in_pem(document: str | bytes, name: str) -> None:
    with BundleStore() as store, Verifier(store, POLICY) as verifier:
        error = refused(Misuse, lambda: store.put_issuer(ISSUER, document, now=CLOCK))
        assert error.reason is Reason.BUNDLE_MALFORMED
        store.put_issuer(ISSUER, document, format=name, now=CLOCK)
        assert verifier.verify(TOKEN, now=CLOCK).key_thumbprint == THUMBPRINT
        unknown = refused(Denied, lambda: verifier.verify(EDDSA_TOKEN, now=CLOCK))
        assert unknown.reason is Reason.KID_NOT_FOUND


def test_an_issuer_is_described_and_forgotten(login: Verifier, issuers: BundleStore) -> None:
    issuers.put_issuer(ISSUER, JWKS, feed=7, now=CLOCK + 5)
    info = issuers.issuer_info(ISSUER)
    assert info is not None
    assert (info.entries, info.feed, info.confirmed_at) == (2, 7, CLOCK + 5)
    assert info.digest == hashlib.sha256(JWKS.encode()).hexdigest()
    assert issuers.issuer_info(OTHER_ISSUER) is None
    for _ in range(2):
        issuers.remove_issuer(ISSUER)
        assert issuers.issuer_info(ISSUER) is None
        assert refused(Unavailable, lambda: login.verify(TOKEN, now=CLOCK)).code == 2000


@pytest.mark.parametrize("name", ["", "\ud800", "a" * 2049])
def test_a_name_that_is_no_issuer_is_misuse(issuers: BundleStore, name: str) -> None:
    assert refused(Misuse, lambda: issuers.put_issuer(name, JWKS)).reason is Reason.SOURCE_NAME_INVALID
    assert refused(Misuse, lambda: issuers.remove_issuer(name)).reason is Reason.SOURCE_NAME_INVALID
    assert refused(Misuse, lambda: issuers.issuer_info(name)).reason is Reason.SOURCE_NAME_INVALID


@pytest.mark.parametrize("format", sorted(set(Format) - {Format.JWKS, Format.PUBLIC_KEY_PEM}))
def test_an_issuer_takes_no_other_format(login: Verifier, issuers: BundleStore, format: Format) -> None:
    error = refused(Misuse, lambda: issuers.put_issuer(ISSUER, JWKS, format=format))
    assert error.reason is Reason.FORMAT_UNSUPPORTED
    assert login.verify(TOKEN, now=CLOCK).identity == IDENTITY


def test_evidence_names_the_issuer_and_nothing_of_the_request(login: Verifier) -> None:
    verified = login.verify(TOKEN, now=CLOCK, nonce=NONCE, access_token=ACCESS_TOKEN, evidence=True)
    assert verified.evidence is not None
    evidence = json.loads(verified.evidence)
    assert (evidence["issuer"], evidence["attested_external_identity"]) == (ISSUER, IDENTITY)
    assert "trust_domain" not in evidence
    assert NONCE.encode() not in verified.evidence and ACCESS_TOKEN.encode() not in verified.evidence
