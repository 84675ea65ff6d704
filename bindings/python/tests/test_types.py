"""The installed package carries its types."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def test_the_installed_package_is_typed(tmp_path: Path) -> None:
    usage = shutil.copy(Path(__file__).with_name("typed_usage.py"), tmp_path)
    options = ["--strict", "--no-incremental", "--cache-dir", str(tmp_path / "cache")]
    command = [sys.executable, "-m", "mypy", *options, str(usage)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert run.stdout == "Success: no issues found in 1 source file\n", run.stdout + run.stderr
