"""One verification for examples/demo/run.py: demo.py BUNDLE|- AUDIENCE NOW CREDENTIAL prints `verdict reason`."""

import sys
from pathlib import Path

from libattestor import AttestorError, BundleStore, Denied, Unavailable, Verifier


def judge(bundle: str, audience: str, now: int, credential: str) -> None:
    policy = {
        "version": 1,
        "attestors": [
            {"id": "spiffe", "kind": "spiffe", "audiences": [audience], "trust_domains": ["example.org"]}
        ],
    }
    with BundleStore() as store:
        if bundle != "-":
            store.put("example.org", Path(bundle).read_bytes(), now=now)
        with Verifier(store, policy) as verifier:
            verifier.verify(Path(credential).read_bytes(), now=now)


def main() -> None:
    bundle, audience, now, credential = sys.argv[1:]
    try:
        judge(bundle, audience, int(now), credential)
        print("allow ok")
    except Denied as denied:
        print("deny", denied.slug)
    except Unavailable as unavailable:
        print("unavailable", unavailable.slug)
    except AttestorError as misuse:
        print("misuse", misuse.slug)


if __name__ == "__main__":
    main()
