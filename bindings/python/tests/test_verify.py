"""One question, one verdict."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from collections import ChainMap
from functools import partial

import pytest

from libattestor import BundleStore, CredentialKind, Denied, Misuse, Reason, Unavailable, Verified, Verifier
from material import AUDIENCE, BUNDLE, CLOCK, EXPIRES, IDENTITY, POLICY, TOKEN, refused


def test_an_allow_says_who_may_enter(verifier: Verifier) -> None:
    verified = verifier.verify(TOKEN, now=CLOCK)
    assert verified == Verified(
        kind=CredentialKind.JWT_SVID,
        subject=IDENTITY,
        identity=IDENTITY,
        trust_domain="example.org",
        issuer=None,
        is_local=False,
        attestor_id="spiffe",
        expires_at=EXPIRES,
        key_thumbprint=verified.key_thumbprint,
    )
    assert len(verified.key_thumbprint) == 43
    assert verified.evidence is None


def test_a_verdict_cannot_be_changed(verifier: Verifier) -> None:
    verified = verifier.verify(TOKEN, now=CLOCK)
    with pytest.raises(dataclasses.FrozenInstanceError):
        verified.identity = "spiffe://example.org/root"  # type: ignore[misc]
    assert not hasattr(verified, "__dict__")


@pytest.mark.parametrize("form", [bytes, bytearray, memoryview, bytes.decode])
def test_every_form_of_a_credential_is_the_same_credential(verifier: Verifier, form: type[bytes]) -> None:
    assert verifier.verify(form(TOKEN), now=CLOCK).identity == IDENTITY
    assert refused(Denied, lambda: verifier.verify(form(TOKEN + b"\n"), now=CLOCK)).reason


def test_a_view_with_gaps_is_read_as_its_bytes(verifier: Verifier) -> None:
    spread = bytes(byte for pair in zip(TOKEN, TOKEN, strict=True) for byte in pair)
    assert verifier.verify(memoryview(spread)[::2], now=CLOCK).identity == IDENTITY


def test_a_buffer_of_the_caller_is_free_again_after_the_call(verifier: Verifier) -> None:
    buffer = bytearray(TOKEN)
    verifier.verify(buffer, now=CLOCK)
    buffer.clear()
    assert refused(Denied, lambda: verifier.verify(buffer, now=CLOCK)).reason is Reason.MALFORMED_TOKEN


@pytest.mark.parametrize("credential", ["", "\ud800", "a.b.\udcff", "\x00", "ä.ö.ü", "\U0010ffff"])
def test_text_that_is_no_credential_is_denied(verifier: Verifier, credential: str) -> None:
    assert refused(Denied, lambda: verifier.verify(credential, now=CLOCK)).attestor_id is None


def test_a_huge_credential_is_denied(verifier: Verifier) -> None:
    error = refused(Denied, lambda: verifier.verify(b"a" * (1 << 20), now=CLOCK))
    assert error.reason is Reason.INPUT_TOO_LARGE


def test_a_deny_says_why_and_what_was_known(verifier: Verifier) -> None:
    forged = TOKEN[:-4] + b"AAAA"
    error = refused(Denied, lambda: verifier.verify(forged, now=CLOCK))
    assert (error.reason, error.code, error.slug) == (Reason.SIGNATURE_INVALID, 1201, "signature_invalid")
    assert str(error) == error.phrase == "signature verification failed"
    assert (error.authenticated, error.attestor_id, error.evidence) == (False, "spiffe", None)


def test_what_was_never_fed_is_unavailable() -> None:
    with BundleStore() as store, Verifier(store, POLICY) as verifier:
        error = refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK))
        assert error.reason is Reason.BUNDLE_UNAVAILABLE
        assert error.attestor_id == "spiffe"
        store.put("example.org", BUNDLE, now=CLOCK)
        assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY
        store.remove("example.org")
        assert refused(Unavailable, lambda: verifier.verify(TOKEN, now=CLOCK)).code == 2000


@pytest.mark.parametrize("now", [0, -1, -(2**63), 2**63, -(2**64), 2**200])
def test_a_clock_that_cannot_be_is_misuse(verifier: Verifier, now: int) -> None:
    assert refused(Misuse, lambda: verifier.verify(TOKEN, now=now)).reason is Reason.CLOCK_INVALID


def test_the_clock_decides(store: BundleStore, verifier: Verifier) -> None:
    store.put("example.org", BUNDLE, permanent=True)
    assert verifier.verify(TOKEN).identity == IDENTITY
    assert verifier.verify(TOKEN, now=EXPIRES + 59).identity == IDENTITY
    error = refused(Denied, lambda: verifier.verify(TOKEN, now=EXPIRES + 60))
    assert error.reason is Reason.TOKEN_EXPIRED
    assert refused(Denied, lambda: verifier.verify(TOKEN, now=2**63 - 1)).reason is Reason.TOKEN_EXPIRED


def test_an_attestor_can_be_forced(verifier: Verifier) -> None:
    assert verifier.verify(TOKEN, now=CLOCK, attestor="spiffe").attestor_id == "spiffe"
    for unknown in ("", "other", "spiffe\x00"):
        error = refused(Misuse, partial(verifier.verify, TOKEN, now=CLOCK, attestor=unknown))
        assert error.reason is Reason.ATTESTOR_UNKNOWN
    # The forced attestor does not stick to the next call.
    assert verifier.verify(TOKEN, now=CLOCK).attestor_id == "spiffe"


@pytest.mark.parametrize("attestor", ["\ud800", "x" * 65])
def test_an_attestor_id_that_cannot_be_is_misuse(verifier: Verifier, attestor: str) -> None:
    error = refused(Misuse, lambda: verifier.verify(TOKEN, now=CLOCK, attestor=attestor, evidence=True))
    assert error.reason is Reason.ARGUMENT_INVALID


def test_evidence_of_an_allow(verifier: Verifier) -> None:
    verified = verifier.verify(TOKEN, now=CLOCK, evidence=True)
    assert verified.evidence is not None
    evidence = json.loads(verified.evidence)
    assert evidence["attested_external_identity"] == IDENTITY
    assert evidence["credential_sha256"] == hashlib.sha256(TOKEN).hexdigest()
    assert evidence["verified_at"] == CLOCK
    canonical = json.dumps(evidence, sort_keys=True, separators=(",", ":"))
    assert verified.evidence == canonical.encode()


def test_evidence_of_a_refusal(verifier: Verifier) -> None:
    error = refused(Denied, lambda: verifier.verify(TOKEN, now=EXPIRES + 60, evidence=True))
    assert error.evidence is not None
    evidence = json.loads(error.evidence)
    assert (evidence["class"], evidence["deny_code"]) == ("deny", error.code)
    assert (evidence["deny_slug"], evidence["deny_reason"]) == (error.slug, error.phrase)


def test_evidence_longer_than_the_first_guess(verifier: Verifier) -> None:
    audience = "x" * 1000
    long = {**POLICY["attestors"][0], "id": "i" * 64, "audiences": [AUDIENCE, audience]}  # type: ignore[index]
    verifier.set_policy({"version": 1, "attestors": [long]})
    verified = verifier.verify(TOKEN, now=CLOCK, evidence=True)
    assert verified.evidence is not None
    assert json.loads(verified.evidence)["attestor_id"] == "i" * 64


def test_a_policy_in_every_form() -> None:
    document = json.dumps(POLICY)
    with BundleStore() as store:
        store.put("example.org", BUNDLE, now=CLOCK)
        for policy in (document, document.encode(), POLICY, ChainMap(POLICY)):
            with Verifier(store, policy) as verifier:
                assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        ({}, "$"),
        ({"version": 2, "attestors": []}, "$.version"),
        ("{", "$"),
        ("\ud800", "$"),
        ({"version": float("nan"), "attestors": []}, "$"),
    ],
)
def test_a_wrong_policy_names_the_path(
    store: BundleStore, policy: str | dict[str, object], path: str
) -> None:
    error = refused(Misuse, lambda: Verifier(store, policy))
    assert error.reason is Reason.CONFIG_INVALID
    assert error.detail.startswith(f"{path}: ")
    assert str(error) == f"invalid configuration: {error.detail}"


def test_a_policy_can_be_swapped(verifier: Verifier) -> None:
    other = {**POLICY["attestors"][0], "audiences": ["somebody-else"]}  # type: ignore[index]
    verifier.set_policy({"version": 1, "attestors": [other]})
    error = refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK))
    assert error.reason is Reason.AUDIENCE_MISMATCH
    refused(Misuse, lambda: verifier.set_policy({}))
    assert refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK)).reason is Reason.AUDIENCE_MISMATCH
    verifier.set_policy(POLICY)
    assert verifier.verify(TOKEN, now=CLOCK).identity == IDENTITY


def test_local_is_what_the_policy_calls_local(verifier: Verifier) -> None:
    local = {**POLICY["attestors"][0], "local_trust_domain": "example.org"}  # type: ignore[index]
    verifier.set_policy({"version": 1, "attestors": [local]})
    assert verifier.verify(TOKEN, now=CLOCK).is_local


def test_a_call_that_takes_a_short_way_has_the_arguments_it_says(verifier: Verifier) -> None:
    assert "evidence" in inspect.signature(verifier.verify).parameters
    with pytest.raises(TypeError, match=r"^Verifier\.verify\(\) got an unexpected keyword argument"):
        verifier.verify(TOKEN, audience="a")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^Verifier\.verify\(\) takes 2 positional arguments"):
        verifier.verify(TOKEN, CLOCK)  # type: ignore[call-arg]
    assert verifier.verify(credential=TOKEN, now=CLOCK) == verifier.verify(TOKEN, now=CLOCK, evidence=False)
    assert refused(Denied, lambda: verifier.verify("\ud800", now=CLOCK)).slug == "malformed_token"
