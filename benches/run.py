"""Runs the programs of all languages in turns, and leaves their results in a folder.

usage: run.py [--quick] FOLDER

FOLDER is where the programs are: `bench-rust`, `bench-go`, `bench-c` and `venv`. One that is missing or fails leaves
the reason in place of its results: the others go on without it. The languages take turns more than once, so that a
slow minute of the machine does not hit one of them alone.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
#: How often the languages take turns.
QUICK_PASSES, FULL_PASSES = 2, 4
#: The Rust packages whose versions are told, by the names that the results have.
CRATES = ("attestor", "aws-lc-rs", "jsonwebtoken", "jwt-simple", "ring", "sha2", "spiffe")


def main(arguments: list[str]) -> int:
    quick = arguments[:1] == ["--quick"]
    if len(arguments) != 1 + quick:
        print(__doc__, file=sys.stderr)
        return 3
    folder = Path(arguments[-1]).resolve()
    results, tokens = folder / "results", folder / "tokens"
    for stale in (results, tokens):
        shutil.rmtree(stale, ignore_errors=True)
        stale.mkdir(parents=True)
    rust, python = folder / "bench-rust", folder / "venv/bin/python"
    (results / "environment.json").write_text(json.dumps(environment()))
    no_tokens = run([rust, "tokens", tokens])
    programs: dict[str, list[str | Path]] = {
        "rust": [rust, "measure"],
        "go": [folder / "bench-go"],
        "python": [python, HERE / "python/measure.py"],
        "c": [folder / "bench-c"],
    }
    turns = [(name, turn) for turn in range(QUICK_PASSES if quick else FULL_PASSES) for name in programs]
    commands = {f"{name}.{turn}": programs[name] for name, turn in turns} | {"scale.0": [rust, "scale"]}
    for name, command in commands.items():
        print(f"measuring {name}", file=sys.stderr, flush=True)
        options = ["--quick"] if quick else []
        if why := no_tokens or run([*command, tokens, results / f"{name}.json", *options]):
            program = "rust" if no_tokens else name.split(".")[0]
            print(f"{name}: bench-{program} {why}", file=sys.stderr)
            (results / f"{name}.failed").write_text(f"bench-{program} {why}")
    return 0


def run(command: list[str | Path]) -> str:
    """Run a program; why it could not, or nothing."""
    try:
        done = subprocess.run([str(part) for part in command], stderr=subprocess.PIPE, text=True, check=False)
    except OSError:
        return "could not be built"
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return f"failed: {last[0]}"
    return ""


def environment() -> dict[str, object]:
    """What the figures depend on beside the programs."""
    cpu = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"^model name\s*: (.*)$", cpu, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.*)$", cpu, re.MULTILINE)
    has = set(flags[1].split()) if flags else set()
    lock = re.findall(r'^name = "(.*)"\nversion = "(.*)"$', (HERE / "rust/Cargo.lock").read_text(), re.MULTILINE)
    # Of several versions of a package the newest, which comes last, is the one that is measured.
    versions = {name: version for name, version in lock if name in CRATES}
    return {
        "cpu": model[1] if model else platform.processor() or platform.machine(),
        "cpus": os.cpu_count() or 0,
        "features": [name for name in ("adx", "avx512f", "avx512ifma", "bmi2", "sha_ni") if name in has],
        "system": f"{platform.system()} {platform.machine()}",
        "compilers": {
            **{name: first_line(name, "--version") for name in ("rustc", "cc")},
            **{name: first_line(name, "version") for name in ("go", "openssl")},
        },
        "versions": versions,
    }


def first_line(*command: str) -> str:
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return "not installed"
    return said.splitlines()[0] if said else "unknown"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
