"""Runs something between any two lines of the wrapper, as a signal handler or a finalizer may."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from libattestor import _lowlevel


@contextmanager
def on_every_line(function: str, interrupt: Callable[[], object]) -> Iterator[list[int]]:
    """Interrupt every line of what a low-level function does, itself included; gives the lines."""
    lines: list[int] = []

    def inside(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            lines.append(frame.f_lineno)
            sys.settrace(None)
            interrupt()
            sys.settrace(enter)
        return inside

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if code.co_filename != _lowlevel.__file__:
            return None
        return inside if lines or code.co_name == function else None

    previous = sys.gettrace()
    sys.settrace(enter)
    try:
        yield lines
    finally:
        sys.settrace(previous)
