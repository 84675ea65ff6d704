"""The shared corpus: every case that the other languages run too."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from libattestor import BundleStore, Denied, Misuse, Rejected, Verifier
from material import ROOT


class Case(NamedTuple):
    """One line of `cases.tsv`."""

    id: str
    rule: str
    now: str
    policy: str
    bundles: str
    credential: str
    verdict: str
    reason: str
    authenticated: str
    identity: str


Verdict = tuple[str, str, str, str]


def vectors_folder() -> Path:
    """Find the corpus; it is not optional."""
    folder = Path(os.environ.get("ATTESTOR_VECTORS", ROOT / "tests" / "vectors"))
    assert (folder / "cases.tsv").is_file(), f"no corpus in {folder}"
    return folder


def read_cases(folder: Path) -> list[Case]:
    """Read the table."""
    header, *lines = (folder / "cases.tsv").read_text(encoding="utf-8").splitlines()
    assert tuple(header.split("\t")) == Case._fields
    return [Case(*line.split("\t")) for line in lines]


def put_all(store: BundleStore, folder: Path, case: Case) -> None:
    """Put the bundles in their order; one with a question mark must be refused."""
    for item in [] if case.bundles == "-" else case.bundles.split(","):
        name, format, file = item.removeprefix("?").split("=")
        document = (folder / "bundles" / file).read_bytes()
        try:
            store.put(name, document, format=format, now=int(case.now))
        except Misuse:
            if not item.startswith("?"):
                raise
        else:
            assert not item.startswith("?"), f"{case.id}: {file} was taken"


def judge(folder: Path, case: Case, form: Callable[[bytes], bytes | str]) -> Verdict:
    """Run a case; the first step that fails gives the verdict."""
    policy = (folder / "policies" / case.policy).read_bytes()
    credential = form((folder / "credentials" / case.credential).read_bytes())
    try:
        with BundleStore() as store:
            put_all(store, folder, case)
            with Verifier(store, policy) as verifier:
                verified = verifier.verify(credential, now=int(case.now))
    except Rejected as error:
        verdict = "deny" if isinstance(error, Denied) else "unavailable"
        return verdict, error.slug, str(int(error.authenticated)), "-"
    except Misuse as error:
        return "misuse", error.slug, "0", "-"
    return "allow", "ok", "1", verified.identity


def as_text(credential: bytes) -> bytes | str:
    """Give the credential as text where it is text."""
    try:
        return credential.decode()
    except UnicodeDecodeError:
        return credential


def test_every_case_of_the_corpus() -> None:
    folder = vectors_folder()
    cases = read_cases(folder)
    verdicts = [judge(folder, case, bytes) for case in cases]
    target = os.environ.get("ATTESTOR_VERDICTS")
    if target:
        lines = ["\t".join((case.id, *verdict)) for case, verdict in zip(cases, verdicts, strict=True)]
        Path(target).write_text("\n".join(lines) + "\n", encoding="utf-8")
    pairs = zip(cases, verdicts, strict=True)
    wrong = [(case.id, case[6:], verdict) for case, verdict in pairs if case[6:] != verdict]
    assert not wrong
    assert len(cases) > 100


def test_text_and_bytes_get_the_same_verdict() -> None:
    folder = vectors_folder()
    cases = read_cases(folder)
    wrong = [case.id for case in cases if judge(folder, case, as_text) != case[6:]]
    assert not wrong
