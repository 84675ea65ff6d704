"""The same SPIRE-issued credentials, good and bad, through C, Python, Go and the command line: one table.

usage: run.py CLI C_PROGRAM GO_PROGRAM PYTHON
"""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "tests" / "data" / "spire"


def tamper(credential: Path, folder: Path) -> Path:
    """Change one bit of a claim's value, so that only the signature can tell."""
    header, claims, signature = credential.read_text().split(".")
    padded = claims + "=" * (-len(claims) % 4)
    changed = base64.urlsafe_b64decode(padded).replace(b"/minted", b"/mintee")
    tampered = folder / credential.name
    tampered.write_text(".".join([header, base64.urlsafe_b64encode(changed).decode().rstrip("="), signature]))
    return tampered


def run_cli(cli: str, bundle: str, audience: str, now: str, credential: str) -> str:
    command = [cli, "verify", "--json", "--trust-domain", "example.org", "--audience", audience, "--now", now]
    if bundle != "-":
        command += ["--bundle", f"example.org={bundle}"]
    verdict = json.loads(subprocess.run([*command, credential], capture_output=True, text=True).stdout)
    return f"{verdict['verdict']} {verdict['reason']}"


def run_program(program: list[str], *arguments: str) -> str:
    return subprocess.run([*program, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    cli, c_program, go_program, python = sys.argv[1:]
    rows = [line.split("\t") for line in (HERE / "cases.tsv").read_text().splitlines()[1:]]
    print(f"{'credential':<30} {'C':<32} {'Python':<6} {'Go':<6} {'CLI':<6}")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, bundle, audience, now, credential, expected in rows:
            path = DATA / credential.lstrip("!")
            if credential.startswith("!"):
                path = tamper(path, Path(folder))
            arguments = (bundle if bundle == "-" else str(DATA / bundle), audience, now, str(path))
            verdicts = [
                run_program([c_program], *arguments),
                run_program([python, str(HERE / "demo.py")], *arguments),
                run_program([go_program], *arguments),
                run_cli(cli, *arguments),
            ]
            marks = ["same" if verdict == verdicts[0] else verdict for verdict in verdicts[1:]]
            agreed = set(verdicts) == {expected}
            wrong += not agreed
            note = "" if agreed else f"  <- expected {expected}"
            print(f"{name:<30} {verdicts[0]:<32} {marks[0]:<6} {marks[1]:<6} {marks[2]:<6}{note}")
    print(f"\n{len(rows)} credentials, 4 ways in, {wrong} disagreements")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
