"""X.509-SVIDs whose holder signs a challenge, and denials and revocations of them."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import PublicFormat

from libattestor import (
    BundleStore,
    CredentialKind,
    Denied,
    Misuse,
    Reason,
    Unavailable,
    Verifier,
    mint_passport,
    passport_thumbprint,
    possession_message,
)
from material import refused
from x509_material import AUDIENCE, DER, IDENTITY, PEM, POLICY, Key, authority, signature, svid

CHALLENGE = bytes(range(32))
ROOT = authority("root")
ISSUING = authority("issuing", ROOT)
SVID = svid(ISSUING)
HOUR = datetime.timedelta(hours=1)
SEED = bytes(range(32))
PASSPORT = mint_passport(SEED, expires_at=2**32)


@pytest.fixture
def roots() -> Iterator[BundleStore]:
    with BundleStore() as store:
        store.put("example.org", ROOT.pem, format="x509_pem")
        yield store


@pytest.fixture
def verifier(roots: BundleStore) -> Iterator[Verifier]:
    with Verifier(roots, POLICY) as verifier:
        yield verifier


def proof(key: Key = SVID.key, passport: str | bytes = b"", audience: str = AUDIENCE) -> bytes:
    """Do what the holder does."""
    return signature(key, possession_message(CHALLENGE, audience, passport))


def ask(verifier: Verifier, **changed: Any) -> Any:
    """Ask about the SVID, with some arguments changed."""
    asked = {"chain": SVID.chain, "challenge": CHALLENGE, "audience": AUDIENCE, "proof": proof(), **changed}
    return verifier.verify_challenge(asked.pop("chain"), **asked)


def test_the_message_is_the_documented_one() -> None:
    parts = (CHALLENGE, AUDIENCE.encode(), PASSPORT.encode())
    hashes = b"".join(hashlib.sha256(part).digest() for part in parts)
    expected = b"\x20" * 64 + b"attestor x509 possession v1\0" + hashes
    assert possession_message(CHALLENGE, AUDIENCE, PASSPORT) == expected
    assert possession_message(CHALLENGE, AUDIENCE, PASSPORT.encode()) == expected
    assert possession_message(CHALLENGE, AUDIENCE)[-32:] == hashlib.sha256(b"").digest()


def test_a_short_challenge_is_misuse(verifier: Verifier) -> None:
    for call in (
        lambda: possession_message(bytes(15), AUDIENCE),
        lambda: ask(verifier, challenge=bytes(15)),
        lambda: ask(verifier, challenge=b""),
    ):
        assert refused(Misuse, call).reason is Reason.ARGUMENT_INVALID


def test_an_allow_says_who_may_enter(verifier: Verifier) -> None:
    verified = ask(verifier)
    assert (verified.kind, verified.identity) == (CredentialKind.X509_SVID, IDENTITY)
    assert (verified.subject, verified.trust_domain, verified.issuer) == (IDENTITY, "example.org", None)
    assert verified.expires_at == int(SVID.certificate.not_valid_after_utc.timestamp())
    assert verified.passport_thumbprint is None


@pytest.mark.parametrize(
    "form",
    [tuple, b"".join, lambda chain: bytearray(b"".join(chain)), lambda chain: [memoryview(c) for c in chain]],
)
def test_a_chain_in_every_form(verifier: Verifier, form: Callable[[list[bytes]], Any]) -> None:
    assert ask(verifier, chain=form(SVID.chain)).identity == IDENTITY


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=lambda key: type(key).__name__,
)
def test_every_type_of_key(verifier: Verifier, key: Key) -> None:
    holder = svid(ISSUING, key=key)
    assert ask(verifier, chain=holder.chain, proof=proof(key)).identity == IDENTITY
    error = refused(Denied, lambda: ask(verifier, chain=holder.chain, proof=proof(key, b"other")))
    assert error.reason is Reason.SIGNATURE_INVALID


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"chain": []}, Reason.CHAIN_EMPTY),
        ({"chain": b""}, Reason.CHAIN_EMPTY),
        ({"chain": b"not a certificate"}, Reason.CERT_MALFORMED),
        ({"chain": SVID.chain * 4}, Reason.CHAIN_TOO_LONG),
        ({"chain": SVID.chain[:1]}, Reason.CHAIN_UNTRUSTED),
        ({"chain": svid(authority()).chain}, Reason.CHAIN_UNTRUSTED),
        ({"chain": svid(ISSUING, uris=[]).chain}, Reason.URI_SAN_MISSING),
        ({"chain": svid(ISSUING, uris=[IDENTITY, IDENTITY + "2"]).chain}, Reason.URI_SAN_MULTIPLE),
        ({"chain": svid(ISSUING, uris=["spiffe://other.test/a"]).chain}, Reason.TRUST_DOMAIN_UNKNOWN),
        ({"chain": svid(ISSUING, valid=(-2 * HOUR, -HOUR)).chain}, Reason.CERT_EXPIRED),
        ({"chain": svid(ISSUING, valid=(HOUR, 2 * HOUR)).chain}, Reason.CERT_NOT_YET_VALID),
        ({"chain": ISSUING.chain}, Reason.LEAF_IS_CA),
        ({"chain": svid(ISSUING).chain}, Reason.SIGNATURE_INVALID),
        ({"proof": b""}, Reason.SIGNATURE_MALFORMED),
        ({"proof": proof()[:-1]}, Reason.SIGNATURE_MALFORMED),
        ({"proof": proof(audience="other")}, Reason.SIGNATURE_INVALID),
        ({"proof": proof(passport=PASSPORT)}, Reason.SIGNATURE_INVALID),
        ({"passport": PASSPORT}, Reason.SIGNATURE_INVALID),
        ({"challenge": CHALLENGE[::-1]}, Reason.SIGNATURE_INVALID),
        ({"audience": "other", "proof": proof(audience="other")}, Reason.AUDIENCE_MISMATCH),
    ],
)
def test_what_is_no_svid_of_ours(verifier: Verifier, changed: dict[str, Any], reason: Reason) -> None:
    assert refused(Denied, lambda: ask(verifier, **changed)).reason is reason


def test_a_passport_is_bound_by_the_proof(verifier: Verifier) -> None:
    verified = ask(verifier, passport=PASSPORT, proof=proof(passport=PASSPORT))
    assert verified.passport_thumbprint == passport_thumbprint(SEED)
    forged = PASSPORT[:-4] + "AAAA"
    error = refused(Denied, lambda: ask(verifier, passport=forged, proof=proof(passport=forged)))
    assert error.about_passport


def test_a_credential_beside_a_chain_is_no_way_in(verifier: Verifier) -> None:
    asked: dict[str, bytes | int] = {"chain": b"".join(SVID.chain), "possession": 0}
    error = refused(Denied, lambda: verifier._judge(b"", asked, None, False, None))
    assert error.reason is Reason.POP_REQUIRED
    assert refused(Misuse, lambda: verifier._judge(b"a.b.c", asked, None, False, None))


def test_what_was_never_fed_is_unavailable() -> None:
    with BundleStore() as store, Verifier(store, POLICY) as verifier:
        assert refused(Unavailable, lambda: ask(verifier)).reason is Reason.BUNDLE_UNAVAILABLE


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"chain": "text"}, "chain must be a bytes-like object or a sequence of them, not str"),
        ({"chain": ["text"]}, "chain must be a bytes-like object, not str"),
        ({"chain": None}, "chain must be a bytes-like object or a sequence of them, not NoneType"),
        ({"challenge": "text" * 9}, "challenge must be a bytes-like object, not str"),
        ({"audience": b"orders"}, "audience must be str, not bytes"),
        ({"proof": "text"}, "proof must be a bytes-like object, not str"),
    ],
)
def test_a_wrong_type(verifier: Verifier, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        ask(verifier, **wrong)
    assert str(caught.value) == message


def serial_of(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:x}"


def spki_of(certificate: x509.Certificate) -> str:
    info = certificate.public_key().public_bytes(DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest()


def name_of(certificate: x509.Certificate) -> str:
    return hashlib.sha256(certificate.issuer.public_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sub", IDENTITY),
        ("x509_serial", serial_of(SVID.certificate)),
        ("x509_serial", serial_of(ISSUING.certificate)),
        ("x509_serial", f"{serial_of(SVID.certificate)}@{name_of(SVID.certificate)}"),
        ("spki_sha256", spki_of(SVID.certificate)),
        ("spki_sha256", spki_of(ISSUING.certificate)),
    ],
)
def test_what_is_denied_of_a_path(roots: BundleStore, verifier: Verifier, field: Any, value: str) -> None:
    roots.deny("trust_domain", field, value, source="example.org")
    error = refused(Denied, lambda: ask(verifier))
    assert (error.reason, error.authenticated) == (Reason.OVERLAY_DENIED, True)
    assert roots.lift("trust_domain", field, value, source="example.org")
    assert ask(verifier).identity == IDENTITY


def revocations(*serials: int) -> x509.CertificateRevocationList:
    """Let the issuing authority revoke certificates."""
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateRevocationListBuilder(ISSUING.certificate.subject, now - HOUR, now + HOUR)
    assert isinstance(ISSUING.key, ec.EllipticCurvePrivateKey)
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ISSUING.key.public_key())
    builder = builder.add_extension(x509.CRLNumber(1), False).add_extension(signer, False)
    for serial in serials:
        revoked = x509.RevokedCertificateBuilder(serial, now - HOUR).build()
        builder = builder.add_revoked_certificate(revoked)
    return builder.sign(ISSUING.key, hashes.SHA256())


def test_a_revoked_certificate(roots: BundleStore, verifier: Verifier) -> None:
    assert roots.info("example.org", "crl") is None
    harmless, revoked = revocations(7), revocations(SVID.certificate.serial_number)
    roots.put("example.org", harmless.public_bytes(DER), format="x509_crl")
    info = roots.info("example.org", "crl")
    assert info is not None and info.entries == 1
    assert ask(verifier).identity == IDENTITY
    roots.put("example.org", revoked.public_bytes(DER), format="x509_crl")
    assert refused(Denied, lambda: ask(verifier)).reason is Reason.CERT_REVOKED
    pem = harmless.public_bytes(PEM)
    error = refused(Misuse, lambda: roots.put("example.org", pem, format="x509_crl"))
    assert error.reason is Reason.BUNDLE_MALFORMED
    assert refused(Denied, lambda: ask(verifier)).reason is Reason.CERT_REVOKED
    roots.put("example.org", b"", format="x509_crl")
    assert ask(verifier).identity == IDENTITY
