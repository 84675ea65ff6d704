"""The examples of the README run."""

from __future__ import annotations

import os
import re
import time
from functools import partialmethod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import oidc_material
import x509_material
from libattestor import (
    BundleStore,
    ReceiptLog,
    Source,
    Verified,
    Verifier,
    mint_passport,
    possession_message,
)
from material import AUDIENCE, BUNDLE, IDENTITY, POLICY, ROOT, TOKEN
from x509_material import authority, signature, svid


def example(text: str) -> str:
    """Give the one example of the README that has a text in it."""
    readme = (ROOT / "bindings" / "python" / "README.md").read_text(encoding="utf-8")
    (found,) = (code for code in re.findall(r"```python\n(.*?)```", readme, flags=re.S) if text in code)
    return str(found)


def test_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    exec(example("orders-prod").replace("orders-prod", AUDIENCE), {"bundle_json": BUNDLE, "token": TOKEN})
    assert capsys.readouterr().out == f"{IDENTITY}\n"


def test_the_fetching_example() -> None:
    issuer = Source.issuer("https://issuer.test")
    replies = [SimpleNamespace(status=200, body=oidc_material.JWKS, max_age=600), SimpleNamespace(status=304)]
    warnings: list[tuple[object, ...]] = []
    with BundleStore() as store:
        names: dict[str, object] = {
            "store": store,
            "session": SimpleNamespace(get=lambda url: replies.pop(0)),
            "urls": {issuer: "https://issuer.test/jwks"},
            "log": SimpleNamespace(warning=lambda *message: warnings.append(message)),
        }
        exec(example("sink.confirm"), names)
        store.refresh_source(issuer)
        health = store.health(issuer)
        assert health is not None and (health.refreshes, health.failures) == (2, 0)
        assert not replies and not warnings
        # Now the session has nothing left to give.
        exec(example("sink.confirm"), names)
    ((_, name, error),) = warnings
    assert (name, type(error)) == (issuer.name, IndexError)


def test_the_oidc_example(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in ((Verifier, "verify"), (BundleStore, "put_issuer")):
        at_the_clock = partialmethod(getattr(owner, name), now=oidc_material.CLOCK)
        monkeypatch.setattr(owner, name, at_the_clock)
    names = {
        "jwks": oidc_material.JWKS,
        "id_token": oidc_material.TOKEN,
        "nonce": oidc_material.NONCE,
        "access_token": oidc_material.ACCESS_TOKEN,
    }
    exec(example("id_token"), names)
    assert capsys.readouterr().out == f"{oidc_material.IDENTITY}\n"


def test_the_passport_example(capsys: pytest.CaptureFixture[str]) -> None:
    exec(example("pinned_keys"), {"seed": bytes(range(32)), "soon": int(time.time()) + 60})
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
        exec(example("verify_challenge"), names)
    assert names["verified"].identity == x509_material.IDENTITY


def test_the_receipts_example(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: BundleStore
) -> None:
    monkeypatch.chdir(tmp_path)
    passport = mint_passport(bytes(32), expires_at=int(time.time()) + 60)
    store.put("example.org", BUNDLE)
    names = {"store": store, "policy": POLICY, "passport": passport, "token": TOKEN, "agent_id": "a"}
    exec(example("ReceiptLog"), {**names, "key": bytes(16), "ReceiptLog": ReceiptLog, "Verifier": Verifier})
    assert capsys.readouterr().out.startswith("1:")
    assert '"event":"agent.register.allow"' in Path("receipts.jsonl").read_text()
