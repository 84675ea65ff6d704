"""Admissions: passports alone, passports that credentials are bound to, and what the policy makes of them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from libattestor import (
    BundleStore,
    CredentialKind,
    Denied,
    Misuse,
    Reason,
    Shadow,
    Verifier,
    mint_passport,
    passport_thumbprint,
)
from material import AUDIENCE, CLOCK, IDENTITY, POLICY, TOKEN, refused
from x509_material import signature

SEED = bytes(range(32))
OTHER_SEED = bytes(range(1, 33))
PASSPORT = mint_passport(SEED, expires_at=CLOCK + 60, issued_at=CLOCK)
SIGNER = ec.generate_private_key(ec.SECP256R1())


def key_of(seed: bytes) -> bytes:
    """Give the public key of a seed, by an implementation that is not ours."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def thumbprint_of(seed: bytes) -> str:
    """RFC 7638 section 3, RFC 8037 section 2."""
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{base64url(key_of(seed))}"}}'
    return base64url(hashlib.sha256(jwk.encode()).digest())


def native(**more: Any) -> dict[str, Any]:
    """Give a policy that takes passports alone."""
    return {"version": 1, "attestors": [{"id": "native", "kind": "native", **more}]}


def spiffe(**more: Any) -> dict[str, Any]:
    """Give the policy of the samples with something more."""
    return {"version": 1, "attestors": [{**POLICY["attestors"][0], **more}]}  # type: ignore[index]


@pytest.fixture
def minted() -> Iterator[BundleStore]:
    """A store that trusts the key of `bound`."""
    with BundleStore() as store:
        info = SIGNER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        store.put("example.org", info, format="public_key_pem", now=CLOCK)
        yield store


def bound(**claims: Any) -> str:
    """Issue a JWT-SVID with more claims."""
    numbers = SIGNER.public_key().public_numbers()
    x, y = (base64url(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
    jwk = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    kid = base64url(hashlib.sha256(jwk.encode()).digest())
    payload = {"sub": IDENTITY, "aud": AUDIENCE, "exp": CLOCK + 60, **claims}
    parts = [json.dumps(part).encode() for part in ({"alg": "ES256", "kid": kid}, payload)]
    signed = ".".join(map(base64url, parts))
    return f"{signed}.{base64url(signature(SIGNER, signed.encode()))}"


def test_a_passport_is_what_the_documents_say() -> None:
    passport = mint_passport(SEED, expires_at=CLOCK + 1, issued_at=CLOCK, audiences=["a", "b"], id='x"é')
    header, payload, proof = passport.split(".")
    decoded = [base64.urlsafe_b64decode(part + "==") for part in (header, payload, proof)]
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url(key_of(SEED))}
    assert json.loads(decoded[0]) == {"alg": "EdDSA", "typ": "passport+jwt", "jwk": jwk}
    claims = {"expires_at": CLOCK + 1, "iat": CLOCK, "aud": ["a", "b"], "jti": 'x"é'}
    assert json.loads(decoded[1]) == claims
    key = Ed25519PrivateKey.from_private_bytes(SEED).public_key()
    key.verify(decoded[2], f"{header}.{payload}".encode())
    assert passport_thumbprint(SEED) == thumbprint_of(SEED)
    assert mint_passport(bytearray(SEED), expires_at=CLOCK).count(".") == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": b""},
        {"seed": bytes(31)},
        {"seed": bytes(33)},
        {"expires_at": 0},
        {"expires_at": 2**63},
        {"issued_at": 0},
        {"issued_at": CLOCK + 2},
        {"audiences": ["a"] * 65},
        {"audiences": ["\ud800"]},
        {"id": "x" * 5000},
    ],
)
def test_what_no_passport_can_say_is_misuse(wrong: Any) -> None:
    asked = {"seed": SEED, "expires_at": CLOCK + 1, **wrong}
    error = refused(Misuse, lambda: mint_passport(asked.pop("seed"), **asked))
    assert error.reason is Reason.ARGUMENT_INVALID


@pytest.mark.parametrize(
    "wrong",
    [{"seed": "s" * 32}, {"expires_at": 1.5}, {"audiences": "a"}, {"audiences": [b"a"]}, {"id": b"a"}],
)
def test_a_wrong_type_in_a_passport(wrong: Any) -> None:
    asked = {"seed": SEED, "expires_at": CLOCK + 1, **wrong}
    with pytest.raises(TypeError):
        mint_passport(asked.pop("seed"), **asked)


def test_a_passport_alone() -> None:
    with BundleStore() as store, Verifier(store, native()) as verifier:
        verified = verifier.admit(PASSPORT, now=CLOCK, evidence=True)
        assert (verified.kind, verified.attestor_id) == (CredentialKind.PASSPORT, "native")
        assert verified.identity == f"native:{key_of(SEED).hex()}"
        assert verified.subject == key_of(SEED).hex()
        assert verified.passport_thumbprint == verified.key_thumbprint == thumbprint_of(SEED)
        assert (verified.trust_domain, verified.issuer, verified.expires_at) == (None, None, CLOCK + 60)
        assert verifier.verify(b"", passport=PASSPORT, now=CLOCK).identity == verified.identity
        expired = refused(Denied, lambda: verifier.admit(PASSPORT.encode(), now=CLOCK + 60))
        assert (expired.reason, expired.about_passport) == (Reason.TOKEN_EXPIRED, True)
        # Never native: a credential came.
        error = refused(Denied, lambda: verifier.admit(PASSPORT, TOKEN, now=CLOCK))
        assert (error.authenticated, error.about_passport) == (False, False)


def test_a_pinned_key_enters_and_no_other() -> None:
    with BundleStore() as store:
        pins = [passport_thumbprint(SEED)]
        with Verifier(store, native(pinned_keys=pins, identity_prefix="yutha:native:")) as verifier:
            assert verifier.admit(PASSPORT, now=CLOCK).identity.startswith("yutha:native:")
            other = mint_passport(OTHER_SEED, expires_at=CLOCK + 60)
            error = refused(Denied, lambda: verifier.admit(other, now=CLOCK))
            assert error.reason is Reason.KEY_UNTRUSTED


@pytest.mark.parametrize("passport", ["", b"", "a.b.c", PASSPORT[:-4] + "AAAA", TOKEN, "\ud800"])
def test_what_is_no_passport_is_refused_and_named(verifier: Verifier, passport: Any) -> None:
    error = refused(Denied, lambda: verifier.admit(passport, TOKEN, now=CLOCK, evidence=True))
    assert error.about_passport
    assert error.evidence is not None and json.loads(error.evidence)["part"] == "passport"


def test_a_credential_beside_a_good_passport_is_judged_by_itself(verifier: Verifier) -> None:
    verified = verifier.admit(PASSPORT, TOKEN, now=CLOCK)
    assert (verified.identity, verified.passport_thumbprint) == (IDENTITY, thumbprint_of(SEED))
    error = refused(Denied, lambda: verifier.admit(PASSPORT, TOKEN[:-4] + b"AAAA", now=CLOCK))
    assert (error.reason, error.about_passport) == (Reason.SIGNATURE_INVALID, False)
    error = refused(Denied, lambda: verifier.admit(PASSPORT, now=CLOCK))
    assert not error.about_passport
    with pytest.raises(TypeError, match=r"^passport must be str or a bytes-like object, not NoneType$"):
        verifier.admit(None, TOKEN)  # type: ignore[arg-type]


def test_a_confirmation_names_the_passport_or_the_peer(minted: BundleStore) -> None:
    with Verifier(minted, POLICY) as verifier:
        certificate = b"any certificate"
        to_passport = bound(cnf={"jkt": thumbprint_of(SEED)})
        to_peer = bound(cnf={"x5t#S256": base64url(hashlib.sha256(certificate).digest())})
        assert verifier.verify(to_passport, passport=PASSPORT, now=CLOCK).identity == IDENTITY
        assert verifier.verify(to_peer, peer_certificate=certificate, now=CLOCK).identity == IDENTITY
        assert verifier.admit(PASSPORT, to_peer, peer_certificate=certificate, now=CLOCK)
        other = mint_passport(OTHER_SEED, expires_at=CLOCK + 60)
        for token, proof, reason in (
            (to_passport, {}, Reason.POP_REQUIRED),
            (to_passport, {"peer_certificate": certificate}, Reason.POP_REQUIRED),
            (to_passport, {"passport": other}, Reason.CNF_INVALID),
            (to_peer, {"passport": PASSPORT}, Reason.POP_REQUIRED),
            (to_peer, {"peer_certificate": certificate[1:]}, Reason.CNF_INVALID),
        ):
            asked: dict[str, Any] = {"now": CLOCK, **proof}
            error = refused(Denied, partial(verifier.verify, token, **asked))
            assert (error.reason, error.authenticated) == (reason, True)
        with pytest.raises(TypeError, match=r"^peer_certificate must be a bytes-like object, not str$"):
            verifier.verify(to_peer, peer_certificate="text")  # type: ignore[arg-type]


def test_an_audience_binds_a_credential_to_a_passport(minted: BundleStore) -> None:
    with Verifier(minted, spiffe(passport_binding="audience")) as verifier:
        token = bound(aud=[AUDIENCE, f"urn:attestor:jkt:{thumbprint_of(SEED)}"])
        assert verifier.admit(PASSPORT, token, now=CLOCK).identity == IDENTITY
        other = mint_passport(OTHER_SEED, expires_at=CLOCK + 60)
        assert refused(Denied, lambda: verifier.admit(other, token, now=CLOCK)).authenticated
        assert refused(Denied, lambda: verifier.verify(token, now=CLOCK)).authenticated


def test_the_mapping_says_as_what_a_workload_enters(verifier: Verifier) -> None:
    rule = {
        "match": "spiffe://example.org/{name}",
        "internal_identity": "agent/{name}",
        "policies": ["orders-read", "orders-écrire"],
    }
    verifier.set_policy(spiffe(map=[rule]))
    verified = verifier.verify(TOKEN, now=CLOCK, evidence=True)
    assert verified.internal_identity == "agent/minted"
    assert verified.policies == ("orders-read", "orders-écrire")
    assert verified.evidence and json.loads(verified.evidence)["attributes"] == {"name": "minted"}
    verifier.set_policy(spiffe(map=[{**rule, "match": "spiffe://example.org/a/{name}"}]))
    verified = verifier.verify(TOKEN, now=CLOCK)
    assert (verified.internal_identity, verified.policies) == (None, ())
    required = [{**rule, "match": "spiffe://example.org/a/{name}"}]
    verifier.set_policy(spiffe(map=required, map_required=True))
    assert refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK)).reason is Reason.NOT_MAPPED


def test_a_shadow_policy_says_and_decides_nothing(verifier: Verifier) -> None:
    assert verifier.verify(TOKEN, now=CLOCK).shadow is None
    verifier.set_shadow_policy(spiffe(audiences=["somebody-else"]))
    shadow = verifier.verify(TOKEN, now=CLOCK).shadow
    assert shadow == Shadow(Reason.AUDIENCE_MISMATCH) and not shadow.allowed
    error = refused(Denied, lambda: verifier.verify(b"a.b.c", now=CLOCK))
    assert error.shadow == Shadow(error.reason)
    verifier.set_shadow_policy(json.dumps(POLICY))
    verifier.set_policy(spiffe(audiences=["somebody-else"]))
    error = refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK))
    assert error.reason is Reason.AUDIENCE_MISMATCH
    assert error.shadow == Shadow(None) and error.shadow.allowed
    assert refused(Misuse, lambda: verifier.set_shadow_policy({})).reason is Reason.CONFIG_INVALID
    assert refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK)).shadow == Shadow(None)
    verifier.set_shadow_policy(None)
    assert refused(Denied, lambda: verifier.verify(TOKEN, now=CLOCK)).shadow is None
