"""What the tests are made of: real credentials and bundles, at a pinned clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from libattestor import AttestorError

ROOT = Path(__file__).resolve().parents[3]
SPIRE = ROOT / "tests" / "data" / "spire"

CLOCK = 1_800_000_000
AUDIENCE = "spiffe://example.org/verifier"
IDENTITY = "spiffe://example.org/minted"
EXPIRES = 2_110_662_257
POLICY = {
    "version": 1,
    "attestors": [
        {"id": "spiffe", "kind": "spiffe", "audiences": [AUDIENCE], "trust_domains": ["example.org"]},
    ],
}

BUNDLE = (SPIRE / "ec-p256/s0.bundle.spiffe.json").read_bytes()
NEXT_BUNDLE = (SPIRE / "ec-p256/s1-prepared.bundle.spiffe.json").read_bytes()
REVOKING_BUNDLE = (SPIRE / "ec-p256/s4-old-revoked.bundle.spiffe.json").read_bytes()
TOKEN = (SPIRE / "ec-p256/s0.minted.jwt").read_bytes()
OTHER_TOKEN = (SPIRE / "ec-p256/s0.a.jwt").read_bytes()
OTHER_IDENTITY = "spiffe://example.org/workload/a"
# Signed by the key that `NEXT_BUNDLE` adds, and the only one that `REVOKING_BUNDLE` has.
NEXT_TOKEN = (SPIRE / "ec-p256/s2.new-key.jwt").read_bytes()
EXPIRED_TOKEN = (SPIRE / "ec-p256/s0.short.jwt").read_bytes()

E = TypeVar("E", bound=AttestorError)


def refused(kind: type[E], call: Callable[[], object]) -> E:
    """Give the exception of a call that must be refused, of exactly this kind."""
    try:
        call()
    except AttestorError as error:
        assert type(error) is kind, repr(error)
        return error
    raise AssertionError("not refused")
