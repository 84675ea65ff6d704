"""The protocol: cases take turns in rounds, a short batch each; minimum and median over the rounds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from time import perf_counter_ns

#: Nanoseconds that one batch is to last, and that a case runs before it is measured.
BATCH, WARM = 1_000_000, 5_000_000


class Case:
    """One thing that is timed; `run` must return `expected` each time."""

    def __init__(self, name: str, expected: bool, run: Callable[[], bool]) -> None:
        self.name = name
        self.expected = expected
        self.run = run
        self.calls = 1
        self.rounds: list[float] = []

    def prepare(self) -> None:
        """Warm up, and find out how many calls make a batch."""
        start, calls = perf_counter_ns(), 0
        while calls == 0 or perf_counter_ns() - start < WARM:
            self.check(self.run())
            calls += 1
        one = (perf_counter_ns() - start) / calls
        self.calls = max(1, int(BATCH / one))

    def batch(self) -> None:
        """Time one batch."""
        run = self.run
        # The first call finds the caches as the case before left them.
        verdict = run()
        start = perf_counter_ns()
        for _ in repeat(None, self.calls):
            verdict = run()
        self.rounds.append((perf_counter_ns() - start) / self.calls)
        self.check(verdict)

    def check(self, verdict: bool) -> None:
        if verdict is not self.expected:
            raise RuntimeError(f"{self.name}: not the verdict that was expected")


def measure(cases: list[Case], rounds: int) -> dict[str, dict[str, float]]:
    """Let all cases take turns; nanoseconds a call, by the case's name."""
    for case in cases:
        case.prepare()
    for _ in range(rounds):
        for case in cases:
            case.batch()
    timings = {}
    for case in cases:
        case.rounds.sort()
        timings[case.name] = {"min": case.rounds[0], "median": case.rounds[len(case.rounds) // 2]}
    return timings
