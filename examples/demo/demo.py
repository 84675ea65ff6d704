"""One verification for examples/demo/run.py, which prints `verdict reason`.

usage: demo.py POLICY BUNDLES NOW CREDENTIAL REQUEST

BUNDLES is `-` or `NAME=FORMAT=FILE` joined by `,`, CREDENTIAL a file or `-`; REQUEST is what tests/vectors has in its
column of that name, with paths for files. What the package has no way to ask prints `skip`: above all a TLS handshake
cannot be attested without one.
"""

import sys
from pathlib import Path

from libattestor import AttestorError, BundleStore, Denied, Unavailable, Verified, Verifier

FILES = {"passport", "chain", "proof", "peer_certificate"}


def put(store: BundleStore, item: str, now: int) -> None:
    name, format, file = item.rsplit("=", 2)
    document = Path(file).read_bytes()
    if format == "bundle_map" and not name:
        store.put_map(document, now=now)
    elif name.startswith(("https://", "issuer:")):
        store.put_issuer(name.removeprefix("issuer:"), document, format=format, now=now)
    else:
        store.put(name, document, format=format, now=now)


def read(request: str) -> dict[str, object]:
    asked: dict[str, object] = {}
    for option in [] if request == "-" else request.split(";"):
        name, _, value = option.partition("=")
        if name in FILES:
            asked[name] = Path(value).read_bytes()
        elif name == "max_age":
            asked[name] = int(value)
        elif name == "challenge":
            asked[name] = bytes.fromhex(value)
        else:
            asked[name] = value
    return asked


def expressible(asked: dict[str, object]) -> bool:
    if "chain" in asked:
        return asked.get("possession") == "challenge" and {"challenge", "proof", "audience"} <= asked.keys()
    return "admit" not in asked or "passport" in asked


def judge(verifier: Verifier, credential: bytes, now: int, asked: dict) -> Verified:
    if asked.pop("possession", None) == "challenge":
        return verifier.verify_challenge(asked.pop("chain"), now=now, **asked)
    if "admit" in asked:
        del asked["admit"]
        return verifier.admit(asked.pop("passport"), credential, now=now, **asked)
    return verifier.verify(credential, now=now, **asked)


def main() -> None:
    policy, bundles, now, credential, request = sys.argv[1:]
    asked = read(request)
    if not expressible(asked):
        print("skip")
        return
    document = b"" if credential == "-" else Path(credential).read_bytes()
    try:
        with BundleStore() as store:
            for item in [] if bundles == "-" else bundles.split(","):
                put(store, item, int(now))
            with Verifier(store, Path(policy).read_bytes()) as verifier:
                judge(verifier, document, int(now), asked)
        print("allow ok")
    except Denied as denied:
        print("deny", denied.slug)
    except Unavailable as unavailable:
        print("unavailable", unavailable.slug)
    except AttestorError as misuse:
        print("misuse", misuse.slug)


if __name__ == "__main__":
    main()
