"""The examples of the README run."""

from __future__ import annotations

import os
import re
import time
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest

import oidc_material
import x509_material
from libattestor import (
    BundleStore,
    ReceiptLog,
    Verified,
    Verifier,
    mint_passport,
    possession_message,
)
from material import AUDIENCE, BUNDLE, IDENTITY, POLICY, ROOT, TOKEN
from x509_material import authority, signature, svid


def examples() -> list[str]:
    """Give the Python code of the README."""
    readme = (ROOT / "bindings" / "python" / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", readme, flags=re.S)


def test_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    example = examples()[0]
    assert "orders-prod" in example
    exec(example.replace("orders-prod", AUDIENCE), {"bundle_json": BUNDLE, "token": TOKEN})
    assert capsys.readouterr().out == f"{IDENTITY}\n"


def test_the_oidc_example(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    example = examples()[1]
    at_the_clock = partialmethod(Verifier.verify, now=oidc_material.CLOCK)
    monkeypatch.setattr(Verifier, "verify", at_the_clock)
    names = {
        "jwks": oidc_material.JWKS,
        "id_token": oidc_material.TOKEN,
        "nonce": oidc_material.NONCE,
        "access_token": oidc_material.ACCESS_TOKEN,
    }
    exec(example, names)
    assert capsys.readouterr().out == f"{oidc_material.IDENTITY}\n"


def test_the_passport_example(capsys: pytest.CaptureFixture[str]) -> None:
    exec(examples()[2], {"seed": bytes(range(32)), "soon": int(time.time()) + 60})
    assert capsys.readouterr().out == "passport\n"


def test_the_x509_example() -> None:
    root = authority()
    holder = svid(root)

    class Holder(Verifier):
        """Lets the workload sign in time."""

        def verify_challenge(self, chain: Any, **asked: Any) -> Verified:
            message = possession_message(asked["challenge"], asked["audience"])
            return super().verify_challenge(chain, **{**asked, "proof": signature(holder.key, message)})

    with BundleStore() as store, Holder(store, x509_material.POLICY) as verifier:
        store.put("example.org", root.pem, format="x509_pem")
        names: dict[str, Any] = {"os": os, "verifier": verifier, "chain": holder.chain, "proof": None}
        exec(examples()[3], names)
    assert names["verified"].identity == x509_material.IDENTITY


def test_the_receipts_example(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: BundleStore
) -> None:
    monkeypatch.chdir(tmp_path)
    passport = mint_passport(bytes(32), expires_at=int(time.time()) + 60)
    names = {"store": store, "policy": POLICY, "passport": passport, "token": TOKEN, "agent_id": "a"}
    exec(examples()[4], {**names, "key": bytes(16), "ReceiptLog": ReceiptLog, "Verifier": Verifier})
    assert capsys.readouterr().out.startswith("1:")
    assert '"event":"agent.register.allow"' in Path("receipts.jsonl").read_text()
