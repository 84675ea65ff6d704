"""The same credentials of every kind, good and bad, through C, Python, Go and the command line: one table.

usage: run.py CLI C_PROGRAM GO_PROGRAM PYTHON
"""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parents[1] / "tests"
FOLDERS = {"spire": TESTS / "data" / "spire", "vectors": TESTS / "vectors"}
FILES = ("passport", "chain", "proof", "peer_certificate")


def locate(name: str) -> Path:
    """Find a file of the test material, or of this folder."""
    folder, _, rest = name.partition("/")
    return FOLDERS[folder] / rest if folder in FOLDERS else HERE / "policies" / name


def tamper(credential: Path, folder: Path) -> Path:
    """Change one bit of a claim's value, so that only the signature can tell."""
    header, claims, signature = credential.read_text().split(".")
    padded = claims + "=" * (-len(claims) % 4)
    changed = base64.urlsafe_b64decode(padded).replace(b"/minted", b"/mintee")
    tampered = folder / credential.name
    tampered.write_text(".".join([header, base64.urlsafe_b64encode(changed).decode().rstrip("="), signature]))
    return tampered


def to_der(chain: Path, folder: Path) -> Path:
    """Unwrap PEM certificates: a request takes them as TLS has them."""
    blocks = chain.read_text().split("-----BEGIN CERTIFICATE-----")[1:]
    der = b"".join(base64.b64decode(block.partition("-----END")[0]) for block in blocks)
    unwrapped = folder / (chain.name + ".der")
    unwrapped.write_bytes(der)
    return unwrapped


def with_paths(request: str, folder: Path) -> str:
    """Replace the names of files in a request by their paths."""
    options = []
    for option in request.split(";"):
        name, _, value = option.partition("=")
        if name in FILES:
            path = locate(value)
            option = f"{name}={to_der(path, folder) if path.suffix == '.pem' else path}"
        options.append(option)
    return ";".join(options)


def bundles_with_paths(bundles: str) -> str:
    if bundles == "-":
        return bundles
    items = (item.rsplit("=", 2) for item in bundles.split(","))
    return ",".join(f"{name}={form}={locate(file)}" for name, form, file in items)


def run_cli(cli: str, policy: str, bundles: str, now: str, credential: str, request: str, folder: Path) -> str:
    command = [cli, "verify", "--json", "--policy", policy, "--now", now]
    # One format option serves all bundles of a call, so each is left to what its file looks like.
    for item in bundles.split(",") if bundles != "-" else []:
        name, _, file = item.rsplit("=", 2)
        command += ["--bundle", f"{name}={file}"]
    for option in request.split(";"):
        name, _, value = option.partition("=")
        if name in ("passport", "chain", "proof"):
            command += [f"--{name}", value]
        elif name == "possession" and value == "tls":
            command.append("--tls-handshake")
        elif name == "challenge":
            challenge = folder / "challenge"
            challenge.write_bytes(bytes.fromhex(value))
            command += ["--challenge", str(challenge)]
        elif name == "audience":
            command += ["--presented-to", value]
    if credential != "-":
        command.append(credential)
    verdict = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    return f"{verdict['verdict']} {verdict['reason']}"


def run_program(program: list[str], *arguments: str) -> str:
    return subprocess.run([*program, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    cli, c_program, go_program, python = sys.argv[1:]
    rows = [line.split("\t") for line in (HERE / "cases.tsv").read_text().splitlines()[1:]]
    print(f"{'credential':<36} {'C':<32} {'Python':<6} {'Go':<6} {'CLI':<6}")
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, policy, bundles, now, credential, request, expected in rows:
            path = credential if credential == "-" else str(locate(credential.lstrip("!")))
            if credential.startswith("!"):
                path = str(tamper(Path(path), folder))
            arguments = (
                str(locate(policy)), bundles_with_paths(bundles), now, path, with_paths(request, folder),
            )
            verdicts = [
                run_program([c_program], *arguments),
                run_program([python, str(HERE / "demo.py")], *arguments),
                run_program([go_program], *arguments),
                run_cli(cli, *arguments, folder),
            ]
            marks = ["same" if verdict == verdicts[0] else verdict for verdict in verdicts[1:]]
            agreed = set(verdicts) - {"skip"} == {expected}
            wrong += not agreed
            note = "" if agreed else f"  <- expected {expected}"
            print(f"{title:<36} {verdicts[0]:<32} {marks[0]:<6} {marks[1]:<6} {marks[2]:<6}{note}")
    print(f"\n{len(rows)} credentials, 4 ways in, {wrong} disagreements")
    print("skip: the language has no way to say that a TLS handshake took place without taking part in one")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
