#!/usr/bin/env python3
"""Write the conformance corpus, or check that what is on disk is up to date.

make.py             write cases.tsv, policies/, bundles/, credentials/ and evidence/
make.py --check     fail if anything on disk differs, is missing or is stale
make.py --new-keys  make keys.json afresh (once; every signature changes)
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from generator.cases import build
from generator.encoding import pretty
from generator.keys import load_keys, new_keys

HERE = Path(__file__).resolve().parent
KEYS = HERE / "keys.json"
FOLDERS = ("policies", "bundles", "credentials", "evidence")


def on_disk() -> dict[str, bytes]:
    """Read every generated file that is there."""
    paths = [p for folder in FOLDERS for p in (HERE / folder).glob("*")]
    paths += [p for p in [HERE / "cases.tsv"] if p.exists()]
    return {p.relative_to(HERE).as_posix(): p.read_bytes() for p in paths}


def differences(wanted: dict[str, bytes]) -> list[str]:
    """Name the files that are missing, stale or different."""
    found = on_disk()
    names = sorted(wanted.keys() | found.keys())
    return [name for name in names if wanted.get(name) != found.get(name)]


def write(wanted: dict[str, bytes]) -> None:
    """Bring the disk up to date, stale files removed."""
    for name in differences(wanted):
        path = HERE / name
        if name not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(wanted[name])


def summary(wanted: dict[str, bytes]) -> str:
    """Count the cases by verdict."""
    rows = wanted["cases.tsv"].decode().splitlines()[1:]
    verdicts = Counter(row.split("\t")[6] for row in rows)
    counts = ", ".join(f"{n} {verdict}" for verdict, n in sorted(verdicts.items()))
    return f"{len(rows)} cases: {counts}"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Write the conformance corpus.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--new-keys", action="store_true", help="make keys.json afresh")
    options = parser.parse_args()
    if options.new_keys:
        KEYS.write_bytes(pretty(new_keys()))
    wanted = build(load_keys(KEYS)).rendered()
    if options.check:
        for name in (different := differences(wanted)):
            print(f"differs: {name}", file=sys.stderr)
        return 1 if different else 0
    write(wanted)
    print(summary(wanted))
    return 0


if __name__ == "__main__":
    sys.exit(main())
