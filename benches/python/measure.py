"""attestor and its Python peers on the same tokens.

usage: measure.py FOLDER RESULT [--quick]
"""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import ours
import peers
from material import ALGORITHMS, Material
from rounds import Case, measure

#: Rounds of the protocol: enough for a figure, or enough for a good one.
QUICK, FULL = 20, 150


def main(arguments: list[str]) -> int:
    if len(arguments) not in (2, 3) or arguments[2:] not in ([], ["--quick"]):
        print(__doc__, file=sys.stderr)
        return 3
    folder, result = Path(arguments[0]), Path(arguments[1])
    cases: list[Case] = []
    absent: dict[str, str] = {}
    for algorithm in ALGORITHMS:
        material = Material(folder, algorithm)
        cases += ours.cases(material)
        cases += peers.cases(material, absent)
    timings = measure(cases, QUICK if arguments[2:] else FULL)
    versions = {library: version(package) for library, package in peers.PACKAGES.items()}
    versions["python"] = platform.python_version()
    result.write_text(
        json.dumps(
            {
                "language": "python",
                "versions": versions,
                "timings": timings,
                "figures": {},
                "absent": absent,
                "kernels": {},
            }
        )
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
