"""Prints the target table of a run; writes the document and the charts if told where.

usage: report.py RESULTS [DOCS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import document
from results import Results
from targets import Row, count, judge

COLUMNS = ("what", "must", "wanted", "measured", "verdict", "made of")


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 3
    results = Results(Path(arguments[0]))
    rows = judge(results)
    if arguments[1:]:
        document.write(Path(arguments[1]), results, rows)
    print(f"CPU: {results.environment['cpu']}, {results.environment['cpus']} of them; ratios of minima\n")
    print(table(rows))
    print(count(rows))
    return 0


def table(rows: list[Row]) -> str:
    """The targets, in columns for a terminal."""
    lines = [COLUMNS, *map(cells, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    return "".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table."""
    target = row.target
    made_of = row.value.of if row.value else ""
    return (target.what, target.bound(target.must), target.bound(target.wanted), row.measured, row.verdict, made_of)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
