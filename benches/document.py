"""`docs/performance.md`, which is `performance.md.in` with the figures of one run, and its charts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from charts import Bar, chart
from results import LANGUAGES, WARM_STATES, Absent, Results
from targets import NO_IFMA, Row, count, us

ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "RS256-3072", "RS256-4096", "PS256", "EdDSA")
#: The peers by language, in the order of the tables.
PEERS = {
    "rust": ("jsonwebtoken", "spiffe", "jwt-simple"),
    "go": ("go-spiffe", "golang-jwt", "go-jose", "jwx"),
    "python": ("pyjwt", "joserfc", "spiffe"),
    "c": ("cjose", "libjwt"),
}
TITLES = {"rust": "Rust", "go": "Go", "python": "Python", "c": "C"}
FLOORS = ("ring", "aws-lc-rs")


def write(docs: Path, results: Results, rows: list[Row]) -> None:
    """Write the document and the charts."""
    charts = {
        "performance-es256.svg": by_library(results, "ES256"),
        "performance-rs256.svg": by_library(results, "RS256"),
        "performance-algorithms.svg": by_algorithm(results),
    }
    for name, drawn in charts.items():
        (docs / name).write_text(drawn)
    (docs / "performance.md").write_text(text(results, rows))


def text(results: Results, rows: list[Row]) -> str:
    """Put the figures where the template wants them."""
    parts = {
        "targets": f"{targets(rows)}\n{count(rows)}.",
        "machine": machine(results),
        "libraries": "\n".join(by_language(results, algorithm) for algorithm in ALGORITHMS),
        "states": states(results),
        "sources": sources(results),
        "memory": memory(results),
        "threads": threads(results),
    }
    template = (Path(__file__).parent / "performance.md.in").read_text()
    return re.sub(r"^@(\w+)@$", lambda place: parts[place[1]].rstrip(), template, flags=re.MULTILINE)


def grid(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Write a Markdown table."""
    head = list(head)
    rows = [head, ["---"] * len(head), *map(list, lines)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def targets(rows: list[Row]) -> str:
    """Write the target table."""

    def line(row: Row) -> tuple[str, ...]:
        target = row.target
        made_of = row.value.of if row.value else ""
        bounds = (target.bound(target.must), target.bound(target.wanted))
        return (
            target.what,
            *bounds,
            row.measured,
            f"**{row.verdict}**" if row.kind == "MISSED" else row.verdict,
            made_of,
        )

    return grid(("what", "must", "wanted", "measured", "", "made of"), map(line, rows))


def machine(results: Results) -> str:
    """Write what the figures depend on."""
    environment = results.environment
    features = environment["features"]
    compilers = environment["compilers"]
    assert isinstance(features, list) and isinstance(compilers, dict)
    lines = [
        ("CPU", f"{environment['cpu']}, {environment['cpus']} of them"),
        ("instructions that matter", ", ".join(features) + ("" if results.has_ifma else f"; {NO_IFMA}")),
        ("system", str(environment["system"])),
        ("compilers", "; ".join(map(str, compilers.values()))),
    ]
    for language in LANGUAGES:
        versions = ", ".join(f"{name} {version}" for name, version in sorted(results.versions[language].items()))
        lines.append((TITLES[language], versions or "not measured"))
    return grid(("", ""), lines)


def timings(results: Results, algorithm: str) -> list[tuple[str, str, str, float, float]]:
    """Give what there is of an algorithm: label, kind of bar, version, minimum, median; the fastest first."""
    cases = [("rust", name, f"{name}, signature alone", "floor", f"{name}/{algorithm}/valid") for name in FLOORS]
    for language in LANGUAGES:
        for name in PEERS[language]:
            label = f"{name} ({TITLES[language]})"
            cases.append((language, name, label, "", f"{name}/{algorithm}/valid"))
        states = WARM_STATES if language == "rust" else ("warm",)
        for state in states:
            label = f"attestor ({TITLES[language]}{', ' + state if language == 'rust' else ''})"
            cases.append((language, "attestor", label, "own", f"attestor/{algorithm}/{state}/valid"))
    found = []
    for language, name, label, kind, case in cases:
        try:
            timing = results.timing(language, case)
        except Absent:
            continue
        version = results.versions[language].get(name, "")
        found.append((label, kind, version, timing.min, timing.median))
    return sorted(found, key=lambda line: line[3])


def floor(results: Results, algorithm: str) -> tuple[str, float]:
    """Give the bare signature check that an algorithm is measured by: ring's, where it has one."""
    for name in FLOORS:
        try:
            return name, results.timing("rust", f"{name}/{algorithm}/valid").min
        except Absent:
            continue
    raise Absent("no floor")


def by_language(results: Results, algorithm: str) -> str:
    """Write the table of one algorithm."""
    try:
        name, bare = floor(results, algorithm)
    except Absent as absent:
        return f"### {algorithm}\n\nNot measured: {absent}.\n"
    lines = [
        (f"**{label}**" if kind == "own" else label, f"{least / bare:.2f}", us(least), us(median))
        for label, kind, _, least, median in timings(results, algorithm)
    ]
    without = [f"{peer}: {why}" for peer, why in missing(results, algorithm)]
    said = f"\nWithout {'; '.join(without)}.\n" if without else ""
    return f"### {algorithm}\n\n{grid(('', f'of {name} alone', 'minimum', 'median'), lines)}{said}"


def missing(results: Results, algorithm: str) -> Iterator[tuple[str, str]]:
    """Give the peers that are not in the table of an algorithm, and why."""
    for language, peers in PEERS.items():
        for peer in peers:
            try:
                results.timing(language, f"{peer}/{algorithm}/valid")
            except Absent as absent:
                yield f"{peer} ({TITLES[language]})", str(absent)


def states(results: Results) -> str:
    """Write what attestor's Rust program takes in each state, and for each refusal."""
    tokens = ("valid", "distinct", "evidence", "bad-signature", "unknown-kid", "expired")
    lines = []
    for algorithm in ALGORITHMS:
        for state in ("cold", "portable", "ifma", "cached"):
            cells = []
            for token in tokens if state != "cached" else tokens[:1]:
                try:
                    cells.append(us(results.timing("rust", f"attestor/{algorithm}/{state}/{token}").min))
                except Absent as absent:
                    cells.append(str(absent))
                    break
            kernel = "cache" if state == "cached" else results.kernels.get(f"{algorithm}/{state}", "")
            lines.append((algorithm, state, kernel, *cells, *[""] * (len(tokens) - len(cells))))
    head = (
        "",
        "state",
        "signature checked by",
        "accepted",
        "64 in turn",
        "and evidence written",
        "bad signature",
        "unknown kid",
        "expired",
    )
    return "Minima, Rust.\n\n" + grid(head, lines)


def sources(results: Results) -> str:
    """Write what depends on the number of sources."""
    lines = []
    for count_of in (1, 100, 10_000, 100_000):
        figures = dict(results.figures(f"sources/{count_of}/"))
        if not figures:
            return "Not measured.\n"
        lines.append(
            (
                f"{count_of:,}",
                f"{figures['lookup/same']:.0f} ns",
                f"{figures['lookup/spread']:.0f} ns",
                f"{figures['put/min'] / 1000:.0f} us",
                f"{figures['put/median'] / 1000:.0f} us",
                f"{figures['reader/updating/waits']:.0f} of {figures['reader/updating/calls']:,.0f}",
                f"{figures['reader/updating/p99.9'] / 1000:.0f} us",
                f"{figures['reader/quiet/p99.9'] / 1000:.0f} us",
                f"{figures['bytes']:.0f}",
            )
        )
    head = (
        "sources",
        "look-up, asked just before",
        "look-up, not asked for long",
        "update, minimum",
        "median",
        "calls of a reader that waited meanwhile",
        "99.9 % of them within",
        "likewise without updates",
        "bytes a source",
    )
    return grid(head, lines)


def memory(results: Results) -> str:
    """Write what tables take."""
    lines = []
    for algorithm in ALGORITHMS:
        for state in ("portable", "ifma"):
            figures = dict(results.figures(f"tables/{algorithm}/{state}/"))
            if figures:
                counted, allocated = figures["counted"], figures["allocated"]
                lines.append((algorithm, state, *(f"{size / 1024:,.0f} KiB" for size in (counted / 2, allocated))))
    return grid(
        ("", "", "table of a key", "allocated for the two keys of a bundle, base point's table included"), lines
    )


def threads(results: Results) -> str:
    """Write the throughput."""
    lines = []
    for state in ("cold", "portable", "ifma"):
        figures = dict(results.figures("threads/"))
        if f"1/{state}" in figures:
            one, two, apart = (figures[f"{threads}/{state}"] for threads in ("1", "2", "apart"))
            rates = (f"{rate:,.0f}" for rate in (one, two, apart))
            lines.append((state, *rates, f"{two / one:.2f}", f"{apart / one:.2f}"))
    head = ("state", "1 thread", "2 threads", "2 that share nothing", "gain", "gain without sharing")
    return "ES256 verdicts a second.\n\n" + grid(head, lines)


def by_library(results: Results, algorithm: str) -> str:
    """Draw every library on one token."""
    bars = [Bar(label, least, f"{us(least)}", kind) for label, kind, _, least, _ in timings(results, algorithm)]
    return chart(f"One {algorithm} token, verified whole: microseconds", bars)


def by_algorithm(results: Results) -> str:
    """Draw attestor's whole verification, evidence included, in percent of the bare signature check."""
    bars = []
    for algorithm in ALGORITHMS:
        try:
            name, bare = floor(results, algorithm)
        except Absent:
            continue
        bars.append(Bar(f"{algorithm}: {name} alone", 100, f"{us(bare)}", "floor"))
        for state in WARM_STATES:
            try:
                least = results.timing("rust", f"attestor/{algorithm}/{state}/evidence").min
            except Absent:
                continue
            share = 100 * least / bare
            bars.append(Bar(f"attestor, {state}", share, f"{us(least)}, {share:.0f} %", "own"))
    return chart("attestor's whole verification with evidence, over a bare signature check", bars)
