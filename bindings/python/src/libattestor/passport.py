"""Passports: what a workload signs with its own Ed25519 key."""

from __future__ import annotations

from collections.abc import Sequence

from . import _lowlevel
from ._arguments import binary, seconds, text, wrong_type

__all__ = ["mint_passport", "passport_thumbprint"]


def mint_passport(
    seed: bytes | bytearray,
    *,
    expires_at: int,
    issued_at: int | None = None,
    audiences: Sequence[str] = (),
    id: str | None = None,
) -> str:
    """Sign a passport with the Ed25519 private key of a 32-byte seed (RFC 8032 section 5.1.5).

    Times are Unix seconds; from `expires_at` on the passport is expired, without leeway. Without `audiences`
    it proves only that its holder had the key at some time. Raises `Misuse`.
    """
    if isinstance(audiences, str) or not isinstance(audiences, Sequence):
        raise wrong_type("audiences", "a sequence of str", audiences)
    return _lowlevel.passport_mint(
        binary("seed", seed),
        expires_at=seconds("expires_at", expires_at),
        issued_at=0 if issued_at is None else seconds("issued_at", issued_at),
        audiences=[text("audiences", audience) for audience in audiences],
        id=None if id is None else text("id", id),
    )


def passport_thumbprint(seed: bytes | bytearray) -> str:
    """Give the RFC 7638 thumbprint of a passport's key, base64url: what a policy pins. Raises `Misuse`."""
    return _lowlevel.passport_thumbprint(binary("seed", seed))
