"""The tokens and keys of one algorithm, as the Rust program made them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from rounds import Case

#: The folders; RSA is of 2048 bits unless the name says more.
ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "RS256-3072", "RS256-4096", "PS256", "EdDSA")
#: What is asked about, and whether it is to be accepted.
TOKENS = {"valid": True, "bad-signature": False, "unknown-kid": False, "expired": False}


class Material:
    """What is in one folder."""

    def __init__(self, folder: Path, algorithm: str) -> None:
        self.algorithm = algorithm
        folder = folder / algorithm
        self.bundle = (folder / "bundle.json").read_bytes()
        self.policy = (folder / "policy.json").read_bytes()
        self.jwk: dict[str, str] = json.loads((folder / "key.jwk").read_text())
        self.tokens = {name: (folder / f"{name}.jwt").read_text() for name in TOKENS}
        self.distinct = (folder / "distinct.jwts").read_text().split()
        manifest: dict[str, str] = json.loads((folder / "manifest.json").read_text())
        self.is_of_svids = manifest["source"] == "trust_domain"
        #: A key that may be left to ring: not every processor has what is faster.
        self.is_of_rsa = algorithm.startswith(("RS", "PS"))
        self.name = manifest["name"]
        self.alg = manifest["alg"]
        self.audience = manifest["audience"]
        self.kid = manifest["kid"]
        self.subject = manifest["subject"]

    def cases(self, library: str, check: Callable[[str], bool]) -> list[Case]:
        """Make one library's cases: it must accept the good token and refuse the others."""

        def case(name: str, expected: bool) -> Case:
            token = self.tokens[name]
            return Case(f"{library}/{self.algorithm}/{name}", expected, lambda: check(token))

        return [case(name, expected) for name, expected in TOKENS.items()]
