"""Evidence in its canonical form, computed from what a case is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .corpus import NOW, VERDICTS, Corpus
from .keys import Key, thumbprint

# Code and phrase of the refusals whose evidence is compared.
REFUSALS: Final = {
    "malformed_token": (1001, "not a compact JWS"),
    "typ_mismatch": (1104, "token type not accepted"),
    "alg_not_allowed": (1106, "algorithm not allowed"),
    "kid_not_found": (1109, "kid not found in trust bundle"),
    "key_invalid": (1110, "key not usable"),
    "signature_invalid": (1201, "signature verification failed"),
    "pop_required": (1202, "proof of possession required"),
    "cnf_invalid": (1203, "confirmation claim not usable"),
    "token_expired": (1301, "credential expired"),
    "token_not_yet_valid": (1302, "nbf in the future"),
    "claim_missing": (1400, "required claim missing"),
    "audience_mismatch": (1403, "audience mismatch"),
    "issuer_unknown": (1404, "issuer not in policy"),
    "trust_domain_unknown": (1500, "trust domain not in bundle"),
    "not_allowed": (1700, "identity not allowed by policy"),
    "not_mapped": (1701, "identity has no mapping in policy"),
    "overlay_denied": (1702, "identity denied by overlay"),
    "key_untrusted": (1703, "passport key not pinned by policy"),
    "bundle_unavailable": (2000, "trust bundle unavailable"),
}


@dataclass(frozen=True)
class Raw:
    """JSON text that stands as it is: a number as its source has it."""

    text: str


def canonical(value: Any) -> str:
    """Write JSON with sorted names, no white space and no needless escape."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: name.encode())
        members = (f"{canonical(name)}:{canonical(value[name])}" for name in names)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(element) for element in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def sha256(content: bytes) -> str:
    """Give a digest as evidence has it."""
    return hashlib.sha256(content).hexdigest()


def bundle(c: Corpus, kind: str, name: str, file: str) -> dict[str, Any]:
    """Describe the bundle that verified; it was put at the time of the verification."""
    content = c.files[f"bundles/{file}"]
    described = {
        "age": 0,
        "digest": sha256(content),
        "kind": kind,
        "name": name,
        "slot": "jwt",
    }
    sequence = json.loads(content).get("spiffe_sequence")
    return described if sequence is None else described | {"sequence": sequence}


def allow(
    c: Corpus,
    kind: str,
    credential: bytes,
    key: Key,
    policy: str,
    *,
    identity: str,
    subject: str,
    attestor: str,
    attributes: Mapping[str, Any] | None = None,
    policies: Sequence[str] = (),
    rule: str | None = None,
    mapped: str | None = None,
    now: int = NOW,
    **more: Any,
) -> bytes:
    """Give the evidence of an allow; `more` is what only some kinds have."""
    judged = {"digest": sha256(c.files[f"policies/{policy}"])}
    judged |= {} if rule is None else {"rule": rule}
    judged |= {} if mapped is None else {"map": mapped}
    members = {
        "attested_external_identity": identity,
        "attestor_id": attestor,
        "attributes": attributes or {},
        "credential_kind": kind,
        "credential_sha256": sha256(credential),
        "key_thumbprint": thumbprint(key),
        "policies": list(policies),
        "policy": judged,
        "subject": subject,
        "verified_at": now,
    }
    return canonical(members | more).encode()


def refusal(
    reason: str,
    *,
    attestor: str | None = None,
    authenticated: bool = False,
    passport: bool = False,
) -> bytes:
    """Give the evidence of a refusal."""
    code, phrase = REFUSALS[reason]
    members = {
        "authenticated": authenticated,
        "class": VERDICTS[reason],
        "deny_code": code,
        "deny_reason": phrase,
        "deny_slug": reason,
    }
    members |= {} if attestor is None else {"attestor_id": attestor}
    members |= {"part": "passport"} if passport else {}
    return canonical(members).encode()
