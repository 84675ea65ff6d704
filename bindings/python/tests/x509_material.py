"""Test-only: X.509 authorities and SVIDs, minted on the spot by an implementation that is not ours."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
AUDIENCE = "orders"
IDENTITY = "spiffe://example.org/ns/prod/sa/orders"
POLICY = {
    "version": 1,
    "attestors": [
        {"id": "spiffe", "kind": "spiffe", "audiences": [AUDIENCE], "trust_domains": ["example.org"]},
    ],
}


@dataclass
class Holder:
    """A certificate, its key, and the certificates that lead to an authority."""

    certificate: x509.Certificate
    key: Key
    intermediates: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> list[bytes]:
        """Leaf first, DER."""
        return [certificate.public_bytes(DER) for certificate in (self.certificate, *self.intermediates)]

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(PEM)

    def files(self, folder: Path, name: str) -> tuple[str, str]:
        """Write what `SSLContext.load_cert_chain` reads."""
        chain, key = folder / f"{name}.pem", folder / f"{name}.key"
        chain.write_bytes(self.pem + b"".join(c.public_bytes(PEM) for c in self.intermediates))
        plain = serialization.NoEncryption()
        key.write_bytes(self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, plain))
        return str(chain), str(key)


def certificate(
    key: Key,
    issuer: Holder | None,
    *,
    ca: bool,
    uris: Sequence[str],
    name: str = "attestor test",
    valid: tuple[datetime.timedelta, datetime.timedelta] | None = None,
) -> x509.Certificate:
    """Issue a certificate; without an issuer it is self-signed."""
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = valid or (datetime.timedelta(hours=-1), datetime.timedelta(hours=1))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begin)
        .not_valid_after(now + end)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(usage, critical=True)
    )
    if uris:
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])
        builder = builder.add_extension(names, critical=False)
    if not ca:
        both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(both, critical=False)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm)


def authority(name: str = "authority", issuer: Holder | None = None) -> Holder:
    """Make an authority, a root without an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = certificate(key, issuer, ca=True, uris=["spiffe://example.org"], name=name)
    return Holder(made, key, (made, *issuer.intermediates) if issuer else ())


def svid(
    issuer: Holder,
    *,
    uris: Sequence[str] = (IDENTITY,),
    key: Key | None = None,
    valid: tuple[datetime.timedelta, datetime.timedelta] | None = None,
    name: str = "svid",
) -> Holder:
    """Make an SVID."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    made = certificate(key, issuer, ca=False, uris=uris, valid=valid, name=name)
    return Holder(made, key, issuer.intermediates)


def signature(key: Key, message: bytes) -> bytes:
    """Sign as JWS does (RFC 7518 sections 3.4, 3.5; RFC 8037 section 3.1)."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        return key.sign(message, pss, hashes.SHA256())
    algorithm, size = {256: (hashes.SHA256(), 32), 384: (hashes.SHA384(), 48), 521: (hashes.SHA512(), 66)}[
        key.curve.key_size
    ]
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(algorithm)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")
