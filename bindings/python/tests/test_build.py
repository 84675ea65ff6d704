"""The build hook: what a wheel and an sdist hold, and that the source tree stays as it is."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import libattestor
from material import ROOT

PROJECT = ROOT / "bindings" / "python"
LIBRARY = Path(libattestor.__file__).with_name("libattestor.so")


def build(target: str, folder: Path, library: Path = LIBRARY) -> subprocess.CompletedProcess[str]:
    """Build a distribution around a library that is there already."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    env = {**os.environ, "ATTESTOR_PREBUILT_LIBRARY": str(library), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)


def sources() -> dict[Path, float]:
    """Give the files of the project and their times."""
    folders = [PROJECT, PROJECT / "src", PROJECT / "src" / "libattestor"]
    return {path: path.stat().st_mtime for folder in folders for path in folder.iterdir() if path.is_file()}


def test_a_wheel_holds_the_library_and_what_calls_it(tmp_path: Path) -> None:
    before = sources()
    assert build("wheel", tmp_path).returncode == 0
    assert sources() == before
    (wheel,) = tmp_path.iterdir()
    name, _, tag = wheel.stem.partition("-py3-none-")
    assert name == f"libattestor-{libattestor.__version__}"
    assert tag and tag != "any"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert archive.read("libattestor/libattestor.so") == LIBRARY.read_bytes()
        facts = archive.read(f"{name}.dist-info/WHEEL").decode().splitlines()
        assert archive.read("libattestor/_ffi.py").startswith(b"# auto-generated file\nimport _cffi_backend")
    assert "Root-Is-Purelib: false" in facts
    assert {"libattestor/py.typed", "libattestor/_ffi.pyi", "libattestor/_reasons.py"} <= names
    assert not [name for name in names if "_cdef" in name or "tests" in name]


def test_an_sdist_holds_what_cargo_needs(tmp_path: Path) -> None:
    assert build("sdist", tmp_path).returncode == 0
    (sdist,) = tmp_path.iterdir()
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        "Cargo.toml",
        "Cargo.lock",
        "cbindgen.toml",
        "include/attestor.h",
        "src/lib.rs",
        "src/ffi/mod.rs",
    }
    assert {f"rust/{name}" for name in wanted} <= names
    assert {"pyproject.toml", "hatch_build.py", "src/libattestor/_cdef.py"} <= names
    assert not [name for name in names if name.startswith("rust/target")]


def test_a_prebuilt_library_that_is_not_there_is_refused(tmp_path: Path) -> None:
    run = build("wheel", tmp_path, tmp_path / "nowhere.so")
    assert run.returncode != 0
    assert "ATTESTOR_PREBUILT_LIBRARY does not name a file" in run.stderr
