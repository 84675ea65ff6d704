"""X.509 authorities for the `x509-svid` entries of a bundle."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from .keys import EcKey


@dataclass(frozen=True)
class Authority:
    """What a certificate says; the defaults make a good authority."""

    ca: bool = True
    cert_sign: bool = True
    uri: str = "spiffe://example.org"
    serial: int = 1


GOOD = Authority()


def name(text: str) -> x509.Name:
    """Give a distinguished name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(authority: Authority) -> x509.KeyUsage:
    """Give the key usage of an authority, or of a leaf."""
    return x509.KeyUsage(
        digital_signature=not authority.cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority.cert_sign,
        crl_sign=authority.cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


def certificate(
    key: EcKey, authority: Authority = GOOD, issuer: EcKey | None = None
) -> bytes:
    """Issue a certificate, self-signed unless an issuer is given; as DER."""
    signer = issuer or key
    public = key.private_key.public_key()
    alternative = x509.SubjectAlternativeName(
        [x509.UniformResourceIdentifier(authority.uri)]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(key.kid))
        .issuer_name(name(signer.kid))
        .public_key(public)
        .serial_number(authority.serial)
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2044, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(authority.ca, None), critical=True)
        .add_extension(usage(authority), critical=True)
        .add_extension(alternative, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    )
    signed = builder.sign(signer.private_key, hashes.SHA256(), ecdsa_deterministic=True)
    return signed.public_bytes(serialization.Encoding.DER)


def x5c(der: bytes) -> str:
    """Encode a certificate for `x5c`: standard base64 with padding."""
    return base64.b64encode(der).decode("ascii")
