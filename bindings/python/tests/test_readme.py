"""The example of the README runs."""

from __future__ import annotations

import re

import pytest

from material import AUDIENCE, BUNDLE, IDENTITY, ROOT, TOKEN


def test_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / "bindings" / "python" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, flags=re.S)
    assert "orders-prod" in example
    exec(example.replace("orders-prod", AUDIENCE), {"bundle_json": BUNDLE, "token": TOKEN})
    assert capsys.readouterr().out == f"{IDENTITY}\n"
