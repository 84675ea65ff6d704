"""Adds up what the test runs said of themselves; the last line counts all tests.

usage: summary.py LOG_FOLDER
"""

import re
import sys
from pathlib import Path

CARGO = r"^test result: \w+\. (\d+) passed; (\d+) failed"
PYTEST = r"^(?:(\d+) failed, )?(\d+) passed"
# One pattern a runner: (passed, failed).
PATTERNS = {
    "rust": CARGO,
    "models": CARGO,
    "c": r"^(\d+) passed, (\d+) failed$",
    "install": r"^(\d+) passed, (\d+) failed$",
    "go": r"^\s*--- (PASS|FAIL): ",
    "python": PYTEST,
    "oidc": PYTEST,
}


def count(name: str, text: str) -> tuple[int, int]:
    matches = re.findall(PATTERNS[name], text, re.MULTILINE)
    if name == "go":
        return matches.count("PASS"), matches.count("FAIL")
    if PATTERNS[name] == PYTEST:
        return sum(int(p) for _, p in matches), sum(int(f or 0) for f, _ in matches)
    if name == "c":
        matches = matches[-1:]  # its last line is already a sum
    return sum(int(p) for p, _ in matches), sum(int(f) for _, f in matches)


def main() -> int:
    folder = Path(sys.argv[1])
    total_passed = total_failed = 0
    for name in PATTERNS:
        passed, failed = count(name, (folder / f"{name}.log").read_text())
        print(f"{name:<8} {passed:>6} passed {failed:>4} failed")
        if passed == 0:
            print(f"{name}: no test ran")
            failed += 1
        total_passed += passed
        total_failed += failed
    print(f"{total_passed} passed, {total_failed} failed")
    return 1 if total_failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
