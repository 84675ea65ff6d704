"""The shared corpus: every case that the other languages run too."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import oidc_material
import x509_material
from libattestor import (
    BundleStore,
    Denied,
    Misuse,
    Rejected,
    Shadow,
    Verified,
    Verifier,
    _lowlevel,
    mint_passport,
    possession_message,
)
from libattestor._arguments import octets
from material import BUNDLE, CLOCK, IDENTITY, NEXT_BUNDLE, POLICY, ROOT, TOKEN
from x509_material import authority, signature, svid


class Case(NamedTuple):
    """One line of `cases.tsv`; the last columns may be missing."""

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
    evidence: str = "-"
    shadow: str = "-"

    @property
    def expected(self) -> tuple[str, str, str, str]:
        """What every implementation must reach."""
        return self.verdict, self.reason, self.authenticated, self.identity


class Verdict(NamedTuple):
    """What a case came to."""

    verdict: str
    reason: str
    authenticated: str = "0"
    identity: str = "-"
    internal_identity: str = "-"
    policies: str = "-"
    evidence: bytes | None = None
    shadow: str = "-"

    @property
    def columns(self) -> tuple[str, ...]:
        """What every implementation reports."""
        digest = "-" if self.evidence is None else hashlib.sha256(self.evidence).hexdigest()
        return (*self[:6], digest)


def vectors_folder() -> Path:
    """Find the corpus; it is not optional."""
    folder = Path(os.environ.get("ATTESTOR_VECTORS", ROOT / "tests" / "vectors"))
    assert (folder / "cases.tsv").is_file(), f"no corpus in {folder}"
    return folder


def read_cases(folder: Path) -> list[Case]:
    """Read the table."""
    header, *lines = (folder / "cases.tsv").read_text(encoding="utf-8").splitlines()
    columns = tuple(header.split("\t"))
    assert columns in (Case._fields, Case._fields[:-1], Case._fields[:-2])
    cases = [line.split("\t") for line in lines]
    assert all(len(case) == len(columns) for case in cases)
    return [Case(*case) for case in cases]


def items(cell: str, separator: str) -> list[str]:
    """Split a cell; a dash is none."""
    return [] if cell == "-" else cell.split(separator)


def put_all(store: BundleStore, folder: Path, case: Case) -> None:
    """Put bundles and denials in their order; one with a question mark must be refused."""
    for item in items(case.bundles, ","):
        if item.startswith("~"):
            continue
        text = item.removeprefix("?")
        try:
            if item.startswith("!"):
                denial(store, item)(now=int(case.now))
            else:
                put_bundle(store, folder, text, int(case.now))
        except Misuse:
            if not item.startswith("?"):
                raise
        else:
            assert not item.startswith("?"), f"{case.id}: {item} was taken"


def put_bundle(store: BundleStore, folder: Path, item: str, now: int) -> None:
    """Put `NAME=FORMAT=FILE`, or `@OPTIONS@NAME=FORMAT=FILE`."""
    options: dict[str, int] = {}
    if item.startswith("@"):
        said, item = item[1:].split("@", 1)
        for option in said.split(";"):
            name, _, value = option.partition("=")
            options[name] = int(value or True)
    at = now - options.pop("ago", 0)
    assert options.keys() <= {"force", "permanent", "max_age", "feed"}, item
    bundle(store, folder, item)(now=at, **options)


def bundle(store: BundleStore, folder: Path, item: str) -> Callable[..., None]:
    """Give the put of `NAME=FORMAT=FILE`."""
    name, format, file = item.rsplit("=", 2)
    document = (folder / "bundles" / file).read_bytes()
    if format == "bundle_map" and not name:
        return partial(store.put_map, document)
    issuer = name.startswith(("https://", "issuer:"))
    put = partial(store.put_issuer, name.removeprefix("issuer:")) if issuer else partial(store.put, name)
    return partial(put, document, format=format)


def denial(store: BundleStore, item: str) -> Callable[..., None]:
    """Give the denial of `!KIND/SOURCE/FIELD/VALUE`."""
    kind, source, field, value = item.removeprefix("!").split("/")
    deny: Callable[..., None] = store.deny
    return partial(deny, kind, field, unquote(value), source=unquote(source))


FILES = {"passport", "chain", "proof", "peer_certificate"}
TEXTS = {"nonce": "nonce", "access_token": "access_token", "attestor": "attestor_id", "audience": "audience"}
POSSESSION = {"tls": _lowlevel.TLS_HANDSHAKE, "challenge": _lowlevel.SIGNED_CHALLENGE}


def asked(folder: Path, case: Case) -> dict[str, bytes | int]:
    """Give what a case asks beside its credential, half requests too: hence not the public methods."""
    found: dict[str, bytes | int] = {}
    for option in items(case.request, ";"):
        name, _, value = option.partition("=")
        if name in FILES:
            found[name] = (folder / "credentials" / value).read_bytes()
        elif name in TEXTS:
            found[TEXTS[name]] = value.encode()
        elif name == "max_age":
            found["max_age_secs"] = int(value)
        elif name == "possession":
            found["possession"] = POSSESSION[value]
        elif name == "challenge":
            found["challenge"] = bytes.fromhex(value)
        else:
            assert option == "admit", f"{case.id}: {option}"
    return found


def judge(folder: Path, case: Case, form: Callable[[bytes], bytes | str]) -> Verdict:
    """Run a case; the first step that fails gives the verdict."""
    policy = (folder / "policies" / case.policy).read_bytes()
    credential = b"" if case.credential == "-" else (folder / "credentials" / case.credential).read_bytes()
    try:
        with BundleStore() as store:
            put_all(store, folder, case)
            with Verifier(store, policy) as verifier:
                for item in items(case.bundles, ","):
                    if item.startswith("~"):
                        verifier.set_shadow_policy((folder / "policies" / item[1:]).read_bytes())
                verified = ask(verifier, folder, case, form(credential))
    except Rejected as error:
        verdict = "deny" if isinstance(error, Denied) else "unavailable"
        authenticated = str(int(error.authenticated))
        told = Verdict(verdict, error.slug, authenticated, evidence=error.evidence)
        return told._replace(shadow=shadowed(error.shadow))
    except Misuse as error:
        return Verdict("misuse", error.slug)
    return Verdict(
        "allow",
        "ok",
        "1",
        verified.identity,
        verified.internal_identity or "-",
        ",".join(verified.policies) or "-",
        verified.evidence,
        shadowed(verified.shadow),
    )


def ask(verifier: Verifier, folder: Path, case: Case, credential: bytes | str) -> Verified:
    """Ask what a case asks."""
    options = asked(folder, case)
    admit = "admit" in items(case.request, ";")
    return verifier._judge(octets("credential", credential), options, int(case.now), True, None, admit=admit)


def shadowed(shadow: Shadow | None) -> str:
    """Give a column's text."""
    return "-" if shadow is None else "ok" if shadow.reason is None else shadow.reason.slug


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
        pairs = zip(cases, verdicts, strict=True)
        lines = ["\t".join((case.id, *verdict.columns)) for case, verdict in pairs]
        Path(target).write_text("\n".join(lines) + "\n", encoding="utf-8")
    wrong = [
        (case, verdict)
        for case, verdict in zip(cases, verdicts, strict=True)
        if case.expected != verdict[:4]
        or (case.shadow != "-" and case.shadow != verdict.shadow)
        or (case.evidence != "-" and (folder / "evidence" / case.evidence).read_bytes() != verdict.evidence)
    ]
    assert not wrong
    assert len(cases) > 100


def test_an_issuer_and_a_request_of_a_case_are_heeded(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "policies/p": json.dumps(oidc_material.POLICY),
        "bundles/b": oidc_material.JWKS,
        "credentials/good": oidc_material.TOKEN,
        "credentials/stale": oidc_material.STALE_TOKEN,
    }
    write_all(tmp_path, files)
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
    table = ["\t".join(Case._fields[:-2])]
    for bundles, credential, verdict, request in cases:
        table.append("\t".join(("id", "rule", clock, "p", bundles, credential, *verdict, request)))
    (tmp_path / "cases.tsv").write_text("\n".join(table) + "\n")
    found = read_cases(tmp_path)
    assert [case.request for case in found] == [case[-1] for case in cases]
    assert [judge(tmp_path, case, bytes)[:4] for case in found] == [case.expected for case in found]


def test_every_option_of_a_case_is_heeded(tmp_path: Path) -> None:
    root = authority()
    holder = svid(root)
    challenge, passport = bytes(range(16)), mint_passport(bytes(32), expires_at=2**32)
    proof = signature(holder.key, possession_message(challenge, "orders", passport))
    rule = {
        "match": "spiffe://example.org/{name}",
        "internal_identity": "agent/{name}",
        "policies": ["a", "b"],
    }
    spiffe: dict[str, object] = POLICY["attestors"][0]  # type: ignore[index]
    shadowing = {"version": 1, "attestors": [{"id": "native", "kind": "native", "audiences": ["x"]}]}
    files: dict[str, bytes | str] = {
        "policies/p": json.dumps(x509_material.POLICY),
        "policies/mapped": json.dumps({"version": 1, "attestors": [{**spiffe, "map": [rule]}]}),
        "policies/native": json.dumps({"version": 1, "attestors": [{"id": "native", "kind": "native"}]}),
        "policies/shadow": json.dumps(shadowing),
        "bundles/roots": root.pem,
        "bundles/spire": BUNDLE,
        "bundles/next": NEXT_BUNDLE,
        "bundles/older": NEXT_BUNDLE.replace(b'"spiffe_sequence": 2', b'"spiffe_sequence": 1'),
        "bundles/none": '{"trust_domains": {}}',
        "bundles/map": json.dumps({"trust_domains": {"example.org": json.loads(BUNDLE)}}),
        "credentials/token": TOKEN,
        "credentials/chain": b"".join(holder.chain),
        "credentials/passport": passport,
        "credentials/proof": proof,
    }
    write_all(tmp_path, files)
    now, clock = str(int(time.time())), str(CLOCK)
    roots, passed = "example.org=x509_pem=roots", "passport=passport"
    signed = f"chain=chain;possession=challenge;challenge={challenge.hex()};proof=proof;audience=orders"
    alone = mint_identity(bytes(32))
    quoted = quote(IDENTITY, safe=":")
    unfed = ("unavailable", "bundle_unavailable", "0", "-")
    stale = ("unavailable", "bundle_stale", "0", "-")
    allowed = ("allow", "ok", "1", IDENTITY)
    next_one = "example.org=spiffe_bundle=next"
    denied = f"=bundle_map=map,!trust_domain/*/sub/{quoted}"
    proven = ("allow", "ok", "1", x509_material.IDENTITY)
    cases = [
        (now, "p", roots, "-", proven, f"{signed};{passed}", "-"),
        (now, "p", roots, "-", ("deny", "signature_invalid", "0", "-"), signed, "-"),
        (now, "p", roots, "-", ("deny", "pop_required", "0", "-"), "chain=chain", "-"),
        (
            now,
            "p",
            roots,
            "-",
            proven,
            "chain=chain;possession=tls",
            "-",
        ),
        (clock, "native", "~shadow", "-", ("allow", "ok", "1", alone), f"admit;{passed}", "audience_missing"),
        (clock, "native", "~native", "-", ("allow", "ok", "1", alone), passed, "ok"),
        (clock, "native", "-", "-", ("misuse", "argument_invalid", "0", "-"), "admit", "-"),
        (clock, "mapped", "=bundle_map=map", "token", allowed, "-", "-"),
        (clock, "mapped", denied, "token", ("deny", "overlay_denied", "1", "-"), "attestor=spiffe", "-"),
        (clock, "mapped", "?=bundle_map=spire", "token", unfed, "-", "-"),
        (clock, "mapped", "@ago=599@=bundle_map=map", "token", allowed, "-", "-"),
        (clock, "mapped", "@ago=600@=bundle_map=map", "token", stale, "-", "-"),
        (clock, "mapped", "@ago=-5@=bundle_map=map", "token", allowed, "-", "-"),
        (clock, "mapped", "@ago=600;permanent@=bundle_map=map", "token", allowed, "-", "-"),
        (clock, "mapped", "@ago=120;max_age=60@=bundle_map=map", "token", stale, "-", "-"),
        (clock, "mapped", "=bundle_map=map,?@feed=2@=bundle_map=spire", "token", allowed, "-", "-"),
        (clock, "mapped", "@feed=1@=bundle_map=map,@feed=2@=bundle_map=none", "token", allowed, "-", "-"),
        (clock, "mapped", "@feed=1@=bundle_map=map,@feed=1@=bundle_map=none", "token", unfed, "-", "-"),
        (clock, "mapped", f"{next_one},?example.org=spiffe_bundle=older", "token", allowed, "-", "-"),
        (clock, "mapped", f"{next_one},@force@example.org=spiffe_bundle=older", "token", allowed, "-", "-"),
    ]
    table = ["\t".join(Case._fields)]
    for at, policy, bundles, credential, verdict, request, shadow in cases:
        row = ("id", "rule", at, policy, bundles, credential, *verdict, request, "-", shadow)
        table.append("\t".join(row))
    (tmp_path / "cases.tsv").write_text("\n".join(table) + "\n")
    found = read_cases(tmp_path)
    verdicts = [judge(tmp_path, case, bytes) for case in found]
    assert [verdict[:4] for verdict in verdicts] == [case.expected for case in found]
    assert [verdict.shadow for verdict in verdicts] == [case.shadow for case in found]
    mapped = verdicts[7]
    assert mapped.evidence is not None
    digest = hashlib.sha256(mapped.evidence).hexdigest()
    assert mapped.columns == ("allow", "ok", "1", IDENTITY, "agent/minted", "a,b", digest)
    assert verdicts[6].columns == ("misuse", "argument_invalid", "0", "-", "-", "-", "-")


def write_all(folder: Path, files: dict[str, bytes | str]) -> None:
    """Write a corpus."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def mint_identity(seed: bytes) -> str:
    """Give the identity of a passport alone."""
    return "native:" + Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw().hex()


def test_text_and_bytes_get_the_same_verdict() -> None:
    folder = vectors_folder()
    cases = read_cases(folder)
    wrong = [case.id for case in cases if judge(folder, case, as_text)[:4] != case.expected]
    assert not wrong
