"""Import: only a library that speaks our ABI is loaded, and only the packaged one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import libattestor

INSTALLED = Path(libattestor.__file__).parent


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the installed package, to be broken."""
    copy = tmp_path / "libattestor"
    shutil.copytree(INSTALLED, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def imported(package: Path, **environment: str) -> str:
    """Import a copy in a fresh interpreter; give what it printed or its last words."""
    command = [sys.executable, "-c", "import libattestor; print(libattestor.__file__)"]
    env = {**os.environ, "PYTHONPATH": str(package.parent), **environment}
    run = subprocess.run(command, capture_output=True, text=True, env=env, cwd=package.parent, check=False)
    return run.stdout.strip() if run.returncode == 0 else run.stderr.strip().splitlines()[-1]


def compiled(package: Path, source: str) -> None:
    """Put another library in the place of the packaged one."""
    target = package / "libattestor.so"
    target.unlink()
    compiler = (sysconfig.get_config_var("CC") or "cc").split()
    command = [*compiler, "-shared", "-fPIC", "-x", "c", "-", "-o", str(target)]
    subprocess.run(command, input=source, text=True, check=True)


def test_the_copy_itself_loads(package: Path) -> None:
    assert imported(package) == str(package / "__init__.py")


def test_another_abi_is_refused(package: Path) -> None:
    compiled(package, "unsigned attestor_abi(void) { return 99; }")
    last = imported(package)
    assert last.startswith("ImportError: ")
    assert last.endswith("libattestor.so speaks ABI 99, this package ABI 1: reinstall libattestor")


def test_another_library_is_refused(package: Path) -> None:
    compiled(package, "int something_else;")
    assert imported(package).startswith("ImportError: cannot load ")


def test_a_missing_library_is_an_import_error(package: Path) -> None:
    (package / "libattestor.so").unlink()
    assert imported(package).startswith("ImportError: cannot load ")


def test_the_environment_cannot_put_another_library_in(package: Path, tmp_path: Path) -> None:
    (package / "libattestor.so").unlink()
    shutil.copy(INSTALLED / "libattestor.so", tmp_path)
    assert imported(package, LD_LIBRARY_PATH=str(tmp_path)).startswith("ImportError: cannot load ")
