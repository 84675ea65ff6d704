"""The declarations that Python calls by, held against the header by a C compiler."""

from __future__ import annotations

import ctypes
import importlib.util
import re
import runpy
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import cffi
import pytest

from libattestor import _arguments, _ffi, _lowlevel
from material import ROOT

CDEF: str = runpy.run_path(str(ROOT / "bindings/python/src/libattestor/_cdef.py"))["CDEF"]
OPAQUE = {"attestor_result", "attestor_sink", "attestor_store", "attestor_verifier"}
LIBRARY = Path(_lowlevel.__file__).with_name("libattestor.so")


def prototypes(cdef: str) -> str:
    """Give the functions alone: in C, saying them again differently is an error."""
    without_types = re.sub(r"^typedef [^;{]*(\{[^}]*\}[^;]*)?;", "", cdef, flags=re.M)
    return re.sub(r"^#define .*$", "", without_types, flags=re.M)


def compiled(folder: Path, cdef: str) -> ModuleType:
    """Compile declarations against the header, in cffi's API mode, and load the outcome."""
    # An extension module is loaded once per name.
    name = f"_attestor_{zlib.crc32(cdef.encode()):08x}"
    builder = cffi.FFI()
    builder.cdef(cdef + "#define ATTESTOR_NOW ...\n")
    builder.set_source(
        name,
        '#include "attestor.h"\n' + prototypes(cdef),
        include_dirs=[str(ROOT / "include")],
        extra_compile_args=["-Werror", "-O0"],
    )
    path = builder.compile(tmpdir=str(folder))
    ctypes.CDLL(str(LIBRARY), mode=ctypes.RTLD_GLOBAL)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def facts(ffi: Any) -> dict[str, object]:
    """Give every type's name and size, and its members' names, offsets and types."""
    found: dict[str, object] = {}
    for name in set(ffi.list_types()[0]) - OPAQUE:
        kind = ffi.typeof(name)
        members = kind.fields if kind.kind == "struct" else []
        layout = [(member, what.offset, what.type.cname) for member, what in members]
        found[name] = kind.cname, ffi.sizeof(name), layout
    return found


def constants(library: Any) -> dict[str, int]:
    """Give every constant; in API mode a wrong one is refused when it is read."""
    return {name: getattr(library, name) for name in dir(library) if name.startswith("ATTESTOR_")}


def test_the_compiler_agrees(tmp_path: Path) -> None:
    module = compiled(tmp_path, CDEF)
    expected = facts(module.ffi)
    assert facts(_ffi.ffi) == expected
    assert len(expected) > 8
    numbers = constants(module.lib)
    assert numbers.pop("ATTESTOR_NOW") == _arguments.SYSTEM_CLOCK
    assert constants(_lowlevel._lib) == numbers
    functions = {name for name in dir(module.lib) if name.startswith("attestor_")}
    assert functions == {name for name in dir(_lowlevel._lib) if name.startswith("attestor_")}
    assert module.lib.attestor_abi() == module.lib.ATTESTOR_ABI


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("#define ATTESTOR_CLASS_DENY 1", "#define ATTESTOR_CLASS_DENY 2"),
        ("    uint64_t feed;\n    int64_t confirmed_at;", "    int64_t confirmed_at;\n    uint64_t feed;"),
        ("    int64_t expires_at;", "    int32_t expires_at;"),
        (
            "attestor_status attestor_store_put(struct attestor_store *store,\n",
            "int64_t attestor_store_put(void *s,",
        ),
        ("uint32_t slot,", "uint64_t slot,"),
    ],
)
def test_the_compiler_would_disagree(tmp_path: Path, right: str, wrong: str) -> None:
    assert right in CDEF
    with pytest.raises((cffi.VerificationError, _ffi.ffi.error)):
        module = compiled(tmp_path, CDEF.replace(right, wrong))
        assert facts(module.ffi) and constants(module.lib)
