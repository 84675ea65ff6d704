"""The examples of the README run."""

from __future__ import annotations

import re
from functools import partialmethod

import pytest

import oidc_material
from libattestor import Verifier
from material import AUDIENCE, BUNDLE, IDENTITY, ROOT, TOKEN


def examples() -> list[str]:
    """Give the Python code of the README."""
    readme = (ROOT / "bindings" / "python" / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", readme, flags=re.S)


def test_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    example, _ = examples()
    assert "orders-prod" in example
    exec(example.replace("orders-prod", AUDIENCE), {"bundle_json": BUNDLE, "token": TOKEN})
    assert capsys.readouterr().out == f"{IDENTITY}\n"


def test_the_oidc_example(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _, example = examples()
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
