"""The targets: what is measured by what, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from results import Absent, Results

NO_IFMA = "no avx512ifma on this CPU"
#: Cases of remembered credentials, and what is told of them.
_REPEATED = ("valid", "one remembered credential")
_DISTINCT = ("distinct", "64 remembered credentials in turn")


@dataclass(frozen=True)
class Value:
    """A measured value, and what it was made of."""

    number: float
    of: str = ""


@dataclass(frozen=True)
class Target:
    """One row. A number is to be at most `must`, or at least if `at_least`; `wanted` likewise."""

    what: str
    measure: Callable[[Results], Value]
    must: float | None
    wanted: float | None = None
    unit: str = ""
    at_least: bool = False
    needs_ifma: bool = False

    def judge(self, results: Results) -> Row:
        """Measure and compare; a row never passes without a number."""
        try:
            value = self.measure(results)
        except Absent as absent:
            lacking = self.needs_ifma and not results.has_ifma
            return Row(self, None, NO_IFMA if lacking else f"not measured: {absent}")
        if self.needs_ifma and not results.has_ifma:
            return Row(self, value, NO_IFMA)
        if self.must is not None and not self._holds(value.number, self.must):
            return Row(self, value, "MISSED")
        if self.wanted is None:
            return Row(self, value, "ok")
        if self._holds(value.number, self.wanted):
            return Row(self, value, "ok, and as wanted")
        return Row(self, value, "ok" if self.must is not None else "not as wanted")

    def _holds(self, number: float, bound: float) -> bool:
        return number >= bound if self.at_least else number <= bound

    def bound(self, bound: float | None) -> str:
        """Write a bound as the tables show it."""
        return "" if bound is None else f"{'>=' if self.at_least else '<='} {bound:g}{self.unit}"


@dataclass(frozen=True)
class Row:
    """A target and what came of it."""

    target: Target
    value: Value | None
    verdict: str

    @property
    def measured(self) -> str:
        """The number as the tables show it."""
        return "" if self.value is None else f"{self.value.number:.3g}{self.target.unit}"

    @property
    def kind(self) -> str:
        """What the last line counts."""
        if self.verdict.startswith("ok"):
            return "ok"
        return self.verdict if self.verdict in ("MISSED", "not as wanted") else "not measured"


def us(nanoseconds: float) -> str:
    """Microseconds, three digits or more."""
    value = nanoseconds / 1000
    return f"{value:.0f} us" if value >= 100 else f"{value:.3g} us"


def _ratio(above: tuple[str, str], below: tuple[str, str]) -> Callable[[Results], Value]:
    """Divide two minima, each a language and a case."""

    def measure(results: Results) -> Value:
        a, b = results.timing(*above).min, results.timing(*below).min
        return Value(a / b, f"{us(a)} / {us(b)}")

    return measure


def _whole(algorithm: str, state: str, raw: str = "ring") -> Callable[[Results], Value]:
    """A whole verification with its evidence, over a bare signature check."""
    ratio = _ratio(("rust", f"attestor/{algorithm}/{state}/evidence"), ("rust", f"{raw}/{algorithm}/valid"))

    def measure(results: Results) -> Value:
        value = ratio(results)
        one, many = (
            us(results.timing("rust", f"attestor/{algorithm}/{state}/{tokens}").min) for tokens in ("valid", "distinct")
        )
        kernel = results.kernel(algorithm, state)
        return Value(
            value.number, f"{value.of}, by {kernel}; without evidence {one}, and {many} for 64 workloads in turn"
        )

    return measure


def _over_rust(language: str, tokens: str, of: str) -> Callable[[Results], Value]:
    """What a wrapper adds to a remembered credential, where nothing else takes long."""

    def measure(results: Results) -> Value:
        wrapped, bare = (results.timing(name, f"attestor/ES256/cached/{tokens}").min for name in (language, "rust"))
        return Value((wrapped - bare) / 1000, f"{us(wrapped)} - {us(bare)}, {of}")

    return measure


def _figure(name: str, scale: float = 1.0, of: str = "") -> Callable[[Results], Value]:
    return lambda results: Value(results.figure(name) / scale, of)


def _hit(results: Results) -> Value:
    hit = results.timing("rust", "attestor/ES256/cached/valid").min
    hashes = {name: results.timing("rust", f"{name}/ES256/sha256").min for name in ("ring", "sha2")}
    fastest = min(hashes, key=lambda name: hashes[name])
    return Value(hit / hashes[fastest], f"{us(hit)} / {us(hashes[fastest])}, SHA-256 by {fastest}")


def _look_up(sources: int) -> Callable[[Results], Value]:
    def measure(results: Results) -> Value:
        # No look-up takes less than a nanosecond: what a clock shows as less is one.
        many, one = (max(1.0, results.figure(f"sources/{count}/lookup/same")) for count in (sources, 1))
        return Value(many / one, f"{many:.0f} ns / {one:.0f} ns")

    return measure


def _waits(sources: int) -> Callable[[Results], Value]:
    def measure(results: Results) -> Value:
        waits, calls = (results.figure(f"sources/{sources}/reader/updating/{n}") for n in ("waits", "calls"))
        return Value(waits, f"in {calls:.0f} calls of a reader meanwhile")

    return measure


def _put(sources: int) -> Callable[[Results], Value]:
    def measure(results: Results) -> Value:
        least, median = (results.figure(f"sources/{sources}/put/{n}") for n in ("min", "median"))
        return Value(least / 1e6, f"median {median / 1e6:.3g} ms")

    return measure


def _threads(results: Results) -> Value:
    state = "ifma" if results.has_ifma else "portable"
    one, two, apart = (results.figure(f"threads/{threads}/{state}") for threads in ("1", "2", "apart"))
    return Value(
        two / one, f"ES256 {state}, {two:,.0f} / {one:,.0f} a second; two that share nothing: {apart / one:.2f}"
    )


def _refusal(results: Results) -> Value:
    """The dearest refusal, over the acceptance of the same kind and state."""
    results.timing("rust", "attestor/ES256/cold/valid")  # or the reason why there is none
    dearest = Value(0)
    for name in results.kernels:
        accepted = results.timing("rust", f"attestor/{name}/valid").min
        for token in ("bad-signature", "unknown-kid", "expired", "short-signature"):
            refused = results.timing("rust", f"attestor/{name}/{token}").min
            if refused / accepted > dearest.number:
                dearest = Value(refused / accepted, f"{name} {token}, {us(refused)} / {us(accepted)}")
    return dearest


def _allocations(chosen: Callable[[str], bool], early: bool, states: tuple[str, ...]) -> Callable[[Results], Value]:
    """The most allocations of a verdict: `chosen` says of which algorithm; `early` refusals besides."""

    def measure(results: Results) -> Value:
        results.figure("allocations/ES256/cold/valid")  # or the reason why there is none
        most = Value(-1)
        for name, count in results.figures("allocations/"):
            # The Go program's have no token.
            algorithm, state, token = (*name.split("/"), "")[:3]
            before_key = early and token in ("expired", "unknown-kid", "short-signature")
            wanted = token and state in states and (chosen(algorithm) or before_key)
            if wanted and count > most.number:
                most = Value(count, f"{algorithm} {state} {token}" if count > 0 else "")
        if most.number < 0:
            raise Absent("nothing was counted")
        return most

    return measure


def _is_rsa(algorithm: str) -> bool:
    return algorithm.startswith(("RS", "PS"))


def _go_allocations(results: Results) -> Value:
    results.timing("go", "attestor/ES256/warm/valid")  # or the reason why there is none
    counts = [results.figure(f"allocations/ES256/{state}") for state in ("warm", "cached")]
    return Value(round(max(counts)), "ES256, warm and remembered")


def _budget(results: Results) -> Value:
    names = ("counted", "allocated", "shared", "keys")
    counted, allocated, shared, keys = (results.figure(f"tables/many/{name}") for name in names)
    seen = f"an allocator saw {allocated / 2**20:.2f} MiB, and {shared / 2**20:.2f} MiB for the base point"
    return Value(counted / 2**20, f"{keys:.0f} P-256 keys want one; {seen}")


def _peer(what: str, language: str, case: str, must: float, wanted: float) -> Target:
    """How many times longer a peer's case takes than ours of the same language and algorithm."""
    algorithm = case.rpartition("/")[2]
    ratio = _ratio((language, f"{case}/valid"), (language, f"attestor/{algorithm}/warm/valid"))
    return Target(f"{what}, {algorithm} (IFMA)", ratio, must, wanted, at_least=True, needs_ifma=True)


TARGETS = [
    Target("whole ES256, evidence written, portable / ring", _whole("ES256", "portable"), 0.30, 0.22),
    Target("whole ES256, evidence written, IFMA / ring", _whole("ES256", "ifma"), 0.15, 0.10, needs_ifma=True),
    Target("whole ES384, portable / ring", _whole("ES384", "portable"), 0.13, 0.09),
    Target("whole ES384, IFMA / ring", _whole("ES384", "ifma"), 0.04, 0.025, needs_ifma=True),
    Target("whole ES512, portable / aws-lc-rs", _whole("ES512", "portable", "aws-lc-rs"), 0.45, 0.30),
    Target("whole ES512, IFMA / aws-lc-rs", _whole("ES512", "ifma", "aws-lc-rs"), 0.13, 0.08, needs_ifma=True),
    Target("whole EdDSA, portable / ring", _whole("EdDSA", "portable"), 0.45, 0.28),
    Target("whole EdDSA, IFMA / ring", _whole("EdDSA", "ifma"), None, 0.15, needs_ifma=True),
    Target("whole RS256 2048, IFMA / ring", _whole("RS256", "ifma"), 0.40, 0.28, needs_ifma=True),
    Target("whole RS256 2048, portable / ring", _whole("RS256", "portable"), 1.10, 1.05),
    Target("whole ES256, cold key / ring", _whole("ES256", "cold"), 1.05),
    Target("everything but hash and signature", _figure("overhead/ES256", 1000, "ES256"), 1.0, 0.7, " us"),
    Target("remembered credential / SHA-256 of its bytes", _hit, 2.5, 1.6),
    Target("Go call over the Rust call", _over_rust("go", *_REPEATED), 0.35, 0.2, " us"),
    Target("allocations of a Go call", _go_allocations, 2),
    Target("Python call over the Rust call", _over_rust("python", *_DISTINCT), 3, 1.5, " us"),
    Target("Python call over the Rust call, repeated", _over_rust("python", *_REPEATED), 3, 1.5, " us"),
    _peer("go-spiffe / our Go", "go", "go-spiffe/ES256", 9, 14),
    _peer("go-spiffe / our Go", "go", "go-spiffe/RS256", 5, 7),
    _peer("spiffe (PyPI) / our Python", "python", "spiffe/ES256", 18, 25),
    _peer("PyJWT / our Python", "python", "pyjwt/RS256", 7, 9),
    Target("look-up among 10,000 sources / among 1", _look_up(10_000), 1.5),
    Target("look-up among 100,000 sources / among 1", _look_up(100_000), None, 1.1),
    Target("update of one of 10,000 sources", _put(10_000), 1, unit=" ms"),
    Target("update of one of 100,000 sources", _put(100_000), None, 1, " ms"),
    Target("times a reader waits for updates of 10,000", _waits(10_000), 0),
    Target("times a reader waits for updates of 100,000", _waits(100_000), None, 0),
    Target(
        "memory of a source without tables",
        _figure("sources/10000/bytes", 1024, "one P-256 JWT key, one X.509 authority"),
        3,
        unit=" KiB",
    ),
    Target("memory of the tables of all keys", _budget, 32, unit=" MiB"),
    Target("2 threads / 1 thread, throughput", _threads, 1.85, 1.95, at_least=True),
    Target("a refused credential / an accepted one, at most", _refusal, 1.1),
    Target(
        "allocations, EC and EdDSA verdicts and early refusals",
        _allocations(lambda algorithm: not _is_rsa(algorithm), True, ("cold", "portable", "ifma")),
        0,
    ),
    Target(
        "allocations, RSA by ring",
        _allocations(_is_rsa, False, ("cold",)),
        5,
    ),
    Target(
        "allocations, RSA portable",
        _allocations(_is_rsa, False, ("portable",)),
        5,
        0,
    ),
    Target(
        "allocations, RSA by IFMA",
        _allocations(_is_rsa, False, ("ifma",)),
        0,
        needs_ifma=True,
    ),
]


def judge(results: Results) -> list[Row]:
    """Every row, in order."""
    return [target.judge(results) for target in TARGETS]


def count(rows: list[Row]) -> str:
    """The last line."""
    counts = {kind: sum(row.kind == kind for row in rows) for kind in ("ok", "MISSED", "not as wanted", "not measured")}
    return ", ".join(f"{number} {kind}" for kind, number in counts.items())
