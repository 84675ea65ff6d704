"""What most cases share: the default policy and the bundles of the trust domains."""

from __future__ import annotations

from typing import Any

from ..certs import GOOD, Authority, certificate, x5c
from ..corpus import AUDIENCE, DOMAIN, PARTNER, Corpus
from ..keys import Jwk

MAIN = f"{DOMAIN}=spiffe_bundle=main.json"
PARTNERS = f"{PARTNER}=spiffe_bundle=partner.json"
MAIN_KEYS = ("p256", "p384", "p521", "rsa2048", "rsa3072", "rsa4096")


def attestor(**changes: Any) -> Jwk:
    """Give the default attestor with some members changed (None removes one)."""
    base = {
        "id": "spiffe",
        "kind": "spiffe",
        "audiences": [AUDIENCE],
        "trust_domains": [DOMAIN, PARTNER],
    }
    return {k: v for k, v in (base | changes).items() if v is not None}


def policy(top: Jwk | None = None, **changes: Any) -> Jwk:
    """Give a policy of one attestor; `top` adds top-level members."""
    return {"version": 1} | (top or {}) | {"attestors": [attestor(**changes)]}


def authority_jwk(c: Corpus, authority: Authority = GOOD, **extra: Any) -> Jwk:
    """Publish the X.509 authority of the trust domain as an `x509-svid` entry."""
    entry = c.ec("ca").jwk(
        use="x509-svid", x5c=[x5c(certificate(c.ec("ca"), authority))]
    )
    del entry["kid"]
    return entry | extra


def main_bundle(c: Corpus) -> Jwk:
    """Give the SPIFFE bundle of the trust domain."""
    keys = [c.jwt_jwk(name) for name in MAIN_KEYS]
    return {
        "spiffe_sequence": 7,
        "spiffe_refresh_hint": 300,
        "keys": [authority_jwk(c), *keys],
    }


def partner_bundle(c: Corpus) -> Jwk:
    """Give the bundle of a federated domain; it reuses a kid of the main one."""
    partner = c.jwt_jwk("partner")
    return {"keys": [partner, partner | {"kid": "p256"}]}


def add(c: Corpus) -> None:
    """Add the shared files."""
    c.policy("default", policy())
    c.policy("skew-0", policy({"clock_skew_secs": 0}))
    c.put("main", main_bundle(c))
    c.put("partner", partner_bundle(c), domain=PARTNER)
