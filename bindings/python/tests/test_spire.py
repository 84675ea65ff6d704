"""Credentials and bundles that a real SPIRE issued, over a key rotation, at pinned clocks."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from libattestor import BundleStore, Denied, Format, Rejected, Unavailable, Verifier
from material import SPIRE

MANIFEST = json.loads((SPIRE / "manifest.json").read_text())
SLUGS = {
    "expired": "token_expired",
    "aud": "audience_mismatch",
    "trust_domain": "trust_domain_unknown",
    "key_not_found": "kid_not_found",
}


def checks() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give every check of a JWT-SVID."""
    for artifact in MANIFEST["artifacts"]:
        if artifact["kind"] == "jwt_svid":
            for check in artifact["checks"]:
                yield artifact, check


def judge(credential: bytes | str, check: dict[str, Any], bundle: bytes, format: Format) -> str:
    """Give the identity of an allow or the slug of a refusal."""
    attestor = {
        "id": "spiffe",
        "kind": "spiffe",
        "audiences": [check["audience"]],
        "trust_domains": [check.get("trust_domain", "example.org")],
        "clock_skew_secs": check.get("skew", 60),
    }
    with BundleStore() as store:
        store.put("example.org", bundle, format=format, now=check["clock"])
        with Verifier(store, {"version": 1, "attestors": [attestor]}) as verifier:
            try:
                return verifier.verify(credential, now=check["clock"]).identity
            except Rejected as error:
                assert isinstance(error, (Denied, Unavailable))
                return error.slug


@pytest.mark.parametrize(("artifact", "check"), list(checks()))
def test_every_check_of_every_jwt_svid(artifact: dict[str, Any], check: dict[str, Any]) -> None:
    credential = (SPIRE / artifact["file"]).read_bytes()
    verdict = judge(credential, check, (SPIRE / check["bundle"]).read_bytes(), Format.SPIFFE_BUNDLE)
    expected = artifact["sub"] if check["expected"] == "accept" else SLUGS[check["reason"]]
    assert verdict == expected


def test_the_manifest_has_checks() -> None:
    verdicts = [check["expected"] for _, check in checks()]
    assert verdicts.count("accept") > 50
    assert verdicts.count("reject") > 30


@pytest.mark.parametrize("keys", ["ec-p256", "rsa-2048"])
def test_what_a_workload_gets_from_its_agent(keys: str) -> None:
    svids, bundles = json.loads((SPIRE / keys / "s0.workload-api.json").read_text())
    bundle = base64.b64decode(bundles["bundles"]["spiffe://example.org"])
    check = {"audience": "all-entries", "clock": MANIFEST["made"]}
    assert svids["svids"]
    for svid in svids["svids"]:
        assert judge(svid["svid"], check, bundle, Format.WORKLOAD_API_JWKS) == svid["spiffe_id"]
