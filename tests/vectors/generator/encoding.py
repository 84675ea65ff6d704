"""Bytes and JSON text: nothing here knows what a credential is."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

Members = Mapping[str, str]
Changes = Mapping[str, str | None]


def b64u(data: bytes) -> str:
    """Encode as unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def uint(value: int, length: int | None = None) -> bytes:
    """Encode big-endian, in `length` bytes or as short as possible."""
    return value.to_bytes(length or max(1, (value.bit_length() + 7) // 8), "big")


def js(value: Any) -> str:
    """Give the compact JSON text of a value."""
    return json.dumps(value, separators=(",", ":"))


def pretty(value: Any) -> bytes:
    """Give indented JSON for files that people read."""
    return (json.dumps(value, indent=2) + "\n").encode()


def merged(base: Members, changes: Changes) -> dict[str, str]:
    """Change members of an object; a value of None removes the member."""
    members: dict[str, str | None] = {**base, **changes}
    return {name: text for name, text in members.items() if text is not None}


def body(members: Members) -> str:
    """Give an object's text without its braces; values are raw JSON text."""
    return ",".join(f"{js(name)}:{text}" for name, text in members.items())


def obj(members: Members) -> bytes:
    """Give an object's text; values are raw JSON text."""
    return ("{" + body(members) + "}").encode()
