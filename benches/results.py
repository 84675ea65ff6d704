"""What the programs measured, all turns together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

LANGUAGES = ("rust", "go", "python", "c")
#: The states in which attestor's own program measures it with tables, the fastest first.
WARM_STATES = ("ifma", "portable")


class Absent(Exception):
    """A figure that there is not, and why."""


@dataclass(frozen=True)
class Timing:
    """Nanoseconds a call."""

    min: float
    median: float


class Results:
    """The results of all programs, from a folder that `run.py` filled."""

    def __init__(self, folder: Path) -> None:
        self.environment: dict[str, object] = json.loads((folder / "environment.json").read_text())
        self.versions: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
        self.kernels: dict[str, str] = {}
        self._figures: dict[str, float] = {}
        self._absent: dict[tuple[str, str], str] = {}
        self._failed = {path.name: path.read_text() for path in folder.glob("*.failed")}
        self._turns: dict[tuple[str, str], list[Timing]] = {}
        for path in sorted(folder.glob("*.[0-9]*.json")):
            self._add(json.loads(path.read_text()))
        crates = self.environment["versions"]
        assert isinstance(crates, dict)
        self.versions["rust"] = crates

    def _add(self, result: dict[str, dict[str, object]]) -> None:
        language = str(result["language"])
        for name, timing in result["timings"].items():
            assert isinstance(timing, dict)
            self._turns.setdefault((language, name), []).append(Timing(**timing))
        for name, figure in result["figures"].items():
            if isinstance(figure, (int, float)):
                self._figures[name] = figure
        for name, why in result["absent"].items():
            self._absent[language, name] = str(why)
        self.kernels |= {name: str(kernel) for name, kernel in result["kernels"].items()}
        self.versions[language] |= {name: str(v) for name, v in result.get("versions", {}).items()}

    @property
    def has_ifma(self) -> bool:
        """Whether the CPU has the instructions of the IFMA kernels."""
        features = self.environment["features"]
        return isinstance(features, list) and "avx512ifma" in features

    def timing(self, language: str, name: str) -> Timing:
        """Give the least of all turns' minima, and the median of their medians."""
        turns = self._turns.get((language, name))
        if not turns:
            raise Absent(self._why(language, name))
        return Timing(min(turn.min for turn in turns), median(turn.median for turn in turns))

    def figure(self, name: str) -> float:
        """Give a figure of the Rust program, or an allocation count of the Go one."""
        if name not in self._figures:
            raise Absent(self._failed.get("scale.0.failed", f"no figure {name}"))
        return self._figures[name]

    def figures(self, prefix: str) -> Iterator[tuple[str, float]]:
        """Give the figures whose names begin so, and what follows in their names."""
        for name, figure in sorted(self._figures.items()):
            if name.startswith(prefix):
                yield name.removeprefix(prefix), figure

    def kernel(self, algorithm: str, state: str) -> str:
        """Say what checked the signatures."""
        return self.kernels.get(f"{algorithm}/{state}", "unknown")

    def _why(self, language: str, name: str) -> str:
        for turn in range(len(self._failed) + 1):
            if why := self._failed.get(f"{language}.{turn}.failed"):
                return why
        # The reason is given once, for the good token.
        good = name.rsplit("/", 1)[0] + "/valid"
        if why := self._absent.get((language, name)) or self._absent.get((language, good)):
            return why
        library = name.split("/")[0]
        return f"{library} not installed" if language == "c" else f"no timing {name}"
