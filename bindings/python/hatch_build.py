"""Build hook: compiles the Rust library and packages it, with its declarations, beside the Python code."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from cffi import FFI
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

# What an sdist needs of the Rust source, which it keeps in `rust/`.
RUST_FILES = ("Cargo.toml", "Cargo.lock", "src", "include", "cbindgen.toml", "README.md", "LICENSE*")
PREBUILT = "ATTESTOR_PREBUILT_LIBRARY"


class CustomBuildHook(BuildHookInterface[BuilderConfig]):
    """Adds `_ffi.py` and `libattestor.so` to the wheel, and the Rust source to the sdist."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Prepare the generated files in a temporary directory: the source tree stays as it is."""
        rust = rust_source(Path(self.root))
        if self.target_name == "sdist":
            for path in matching(rust, RUST_FILES):
                build_data["force_include"][str(path)] = f"rust/{path.name}"
            return
        if version == "editable":
            raise RuntimeError(
                "libattestor holds a compiled library and has no editable install: use a plain one"
            )

        self._scratch = tempfile.TemporaryDirectory(prefix="libattestor-")
        declarations = Path(self._scratch.name, "_ffi.py")
        write_declarations(Path(self.root, "src/libattestor/_cdef.py"), declarations)
        build_data["force_include"][str(declarations)] = "libattestor/_ffi.py"
        build_data["force_include"][str(library(rust))] = "libattestor/libattestor.so"
        for path in matching(rust, ("LICENSE*",)):
            build_data["extra_metadata"][str(path)] = path.name
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Drop the temporary directory."""
        if self.target_name != "sdist":
            self._scratch.cleanup()


def rust_source(project: Path) -> Path:
    """Find the crate: inside an sdist, else around the checked-out project."""
    for folder in (project / "rust", project.parents[1]):
        if (folder / "Cargo.toml").is_file():
            return folder
    raise RuntimeError("the Rust source of libattestor is neither in rust/ nor in ../..")


def matching(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    """List what is there of the wanted files."""
    return [path for pattern in patterns for path in sorted(folder.glob(pattern))]


def write_declarations(cdef: Path, target: Path) -> None:
    """Write the out-of-line ABI module of cffi."""
    ffi = FFI()
    ffi.set_source("libattestor._ffi", None)
    ffi.cdef(runpy.run_path(str(cdef))["CDEF"])
    ffi.emit_python_code(str(target))


def library(rust: Path) -> Path:
    """Give the shared library: the one that the environment names, else a fresh build."""
    prebuilt = os.environ.get(PREBUILT)
    if prebuilt is None:
        return build(rust)
    path = Path(prebuilt).absolute()
    if not path.is_file():
        raise RuntimeError(f"{PREBUILT} does not name a file: {path}")
    return path


def build(rust: Path) -> Path:
    """Compile the library and take its path from cargo, which alone knows the target directory."""
    command = ["cargo", "build", "--release", "--features", "capi", "--lib", "--locked"]
    command += ["--message-format", "json-render-diagnostics"]
    try:
        output = subprocess.run(command, cwd=rust, check=True, stdout=subprocess.PIPE).stdout
    except FileNotFoundError:
        raise RuntimeError("building libattestor needs Rust: cargo was not found") from None
    for line in output.splitlines():
        message = json.loads(line)
        if message["reason"] == "compiler-artifact" and message["target"]["name"] == "attestor":
            for file in map(Path, message["filenames"]):
                if file.suffix in {".so", ".dylib", ".dll"}:
                    return file
    raise RuntimeError("cargo built no shared library")


def platform() -> str:
    """Give the platform of a wheel that is built here; a manylinux claim is for a repair tool to make."""
    platforms = (tag.platform for tag in sys_tags())
    return next(name for name in platforms if "manylinux" not in name and "musllinux" not in name)
