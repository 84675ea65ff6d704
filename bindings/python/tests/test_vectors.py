"""The shared corpus: every case that the other languages run too."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import oidc_material
from libattestor import BundleStore, Denied, Misuse, Rejected, Verifier
from material import ROOT


class Case(NamedTuple):
    """One line of `cases.tsv`; the last column may be missing."""

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
    request: str = "-"

    @property
    def expected(self) -> Verdict:
        """What every implementation must reach."""
        return self.verdict, self.reason, self.authenticated, self.identity


Verdict = tuple[str, str, str, str]


def vectors_folder() -> Path:
    """Find the corpus; it is not optional."""
    folder = Path(os.environ.get("ATTESTOR_VECTORS", ROOT / "tests" / "vectors"))
    assert (folder / "cases.tsv").is_file(), f"no corpus in {folder}"
    return folder


def read_cases(folder: Path) -> list[Case]:
    """Read the table."""
    header, *lines = (folder / "cases.tsv").read_text(encoding="utf-8").splitlines()
    columns = tuple(header.split("\t"))
    assert columns in (Case._fields, Case._fields[:-1])
    cases = [line.split("\t") for line in lines]
    assert all(len(case) == len(columns) for case in cases)
    return [Case(*case) for case in cases]


def options(case: Case) -> dict[str, Any]:
    """Give what a case asks of its token, as arguments of `verify`."""
    pairs = [] if case.request == "-" else [option.split("=", 1) for option in case.request.split(";")]
    return {name: int(value) if name == "max_age" else value for name, value in pairs}


def put_all(store: BundleStore, folder: Path, case: Case) -> None:
    """Put the bundles in their order; one with a question mark must be refused."""
    for item in [] if case.bundles == "-" else case.bundles.split(","):
        name, format, file = item.removeprefix("?").split("=", 2)
        issuer = name.startswith(("https://", "issuer:"))
        put = partial(store.put_issuer, name.removeprefix("issuer:")) if issuer else partial(store.put, name)
        document = (folder / "bundles" / file).read_bytes()
        try:
            put(document, format=format, now=int(case.now))
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
                verified = verifier.verify(credential, now=int(case.now), **options(case))
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
    wrong = [(case.id, case.expected, verdict) for case, verdict in pairs if case.expected != verdict]
    assert not wrong
    assert len(cases) > 100


def test_an_issuer_and_a_request_of_a_case_are_heeded(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "policies/p": json.dumps(oidc_material.POLICY),
        "bundles/b": oidc_material.JWKS,
        "credentials/good": oidc_material.TOKEN,
        "credentials/stale": oidc_material.STALE_TOKEN,
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    issuer, clock = oidc_material.ISSUER, str(oidc_material.CLOCK)
    allowed = ("allow", "ok", "1", oidc_material.IDENTITY)
    unfed = ("unavailable", "bundle_unavailable", "0", "-")
    asked = f"nonce={oidc_material.NONCE};max_age=60;access_token={oidc_material.ACCESS_TOKEN}"
    cases = [
        (f"{issuer}=jwks=b", "good", allowed, asked),
        (f"issuer:{issuer}=jwks=b", "good", allowed, "-"),
        ("issuer.test=jwks=b", "good", unfed, "-"),
        (f"{issuer}=jwks=b", "good", ("deny", "nonce_mismatch", "1", "-"), "nonce=a=b"),
        (f"{issuer}=jwks=b", "stale", ("deny", "auth_too_old", "1", "-"), "max_age=60"),
        (f"{issuer}=jwks=b", "good", ("deny", "at_hash_mismatch", "1", "-"), "access_token=other"),
    ]
    table = ["\t".join(Case._fields)]
    for bundles, credential, verdict, request in cases:
        table.append("\t".join(("id", "rule", clock, "p", bundles, credential, *verdict, request)))
    (tmp_path / "cases.tsv").write_text("\n".join(table) + "\n")
    found = read_cases(tmp_path)
    assert [case.request for case in found] == [case[-1] for case in cases]
    assert [judge(tmp_path, case, bytes) for case in found] == [case.expected for case in found]


def test_text_and_bytes_get_the_same_verdict() -> None:
    folder = vectors_folder()
    cases = read_cases(folder)
    wrong = [case.id for case in cases if judge(folder, case, as_text) != case.expected]
    assert not wrong
