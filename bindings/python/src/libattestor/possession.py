"""That a peer holds the key of its certificate: a signed challenge, or a finished TLS handshake."""

from __future__ import annotations

import ssl
from typing import Any

from . import _lowlevel
from ._arguments import binary, certificates, octets, text, wrong_type
from ._reasons import Reason
from .errors import Misuse

__all__ = ["possession_message"]


def possession_message(
    challenge: bytes, audience: str, passport: str | bytes | bytearray | memoryview = b""
) -> bytes:
    """Give what the holder of a leaf's key signs for `Verifier.verify_challenge`.

    The challenge has at least 16 bytes, made by the verifying host, kept there and used once; the passport is
    the one that goes with it, if any. Sign with PS256, ES256, ES384, ES512 or EdDSA, as the key's type has
    it; the proof is the signature as JWS has it (RFC 7518 section 3: no DER). Raises `Misuse`.
    """
    return _lowlevel.possession_message(
        binary("challenge", challenge), text("audience", audience), octets("passport", passport)
    )


def peer_chain(connection: object, chain: object = None) -> bytes:
    """Give the chain that the peer of a TLS connection presented, whose leaf's key its handshake proved.

    `chain`, if given, is the same leaf with intermediates that came some other way. Empty if no certificate
    came.
    """
    if not isinstance(connection, (ssl.SSLSocket, ssl.SSLObject)):
        raise wrong_type("connection", "ssl.SSLSocket or ssl.SSLObject", connection)
    # `version` is None until OpenSSL calls the handshake finished: only then are the peer's signature over it
    # and its Finished checked, and what `getpeercert` gives is more than a claim.
    if connection.version() is None:
        raise Misuse(Reason.ARGUMENT_INVALID, "connection: its handshake is not finished, or it is closed")
    leaf = connection.getpeercert(True)
    if leaf is None:
        if connection.server_side and connection.context.verify_mode is ssl.CERT_NONE:
            detail = "connection: verify_mode is CERT_NONE, which asks no client for a certificate"
            raise Misuse(Reason.ARGUMENT_INVALID, detail)
        return b""
    presented = b"".join(_presented(connection)) if chain is None else certificates("chain", chain)
    if presented.startswith(leaf):
        return presented
    if chain is not None:
        raise Misuse(Reason.ARGUMENT_INVALID, "chain: must begin with the peer's certificate")
    return leaf


def _presented(connection: ssl.SSLSocket | ssl.SSLObject) -> list[bytes]:
    """Give what this CPython tells of the presented chain: at worst nothing."""
    public: Any = getattr(connection, "get_unverified_chain", None)
    if public is not None:  # 3.13
        return list(public() or ())
    inner: Any = getattr(connection, "_sslobj", None)
    private: Any = getattr(inner, "get_unverified_chain", None)
    if private is None:
        return []
    return [certificate.public_bytes(_ENCODING_DER) for certificate in private() or ()]


# `_ssl.ENCODING_DER`, which `ssl` does not export.
_ENCODING_DER = 2
