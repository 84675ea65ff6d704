"""The corpus under construction: cases, and the files they name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .encoding import Changes, b64u, js, merged, obj, pretty
from .keys import EcKey, EdKey, Jwk, Key, RsaKey

NOW: Final = 1_800_000_000
DOMAIN: Final = "example.org"
PARTNER: Final = "partner.example"
AUDIENCE: Final = "orders-prod"
SUB: Final = "spiffe://example.org/ns/prod/sa/orders"
COLUMNS: Final = (
    "id",
    "rule",
    "now",
    "policy",
    "bundles",
    "credential",
    "verdict",
    "reason",
    "authenticated",
    "identity",
    "request",
    "evidence",
    "shadow",
)
CLAIMS: Final = {
    "sub": js(SUB),
    "aud": js([AUDIENCE]),
    "exp": str(NOW + 300),
    "iat": str(NOW - 10),
}

MISUSE: Final = [
    "argument_invalid",
    "config_invalid",
    "attestor_unknown",
    "source_name_invalid",
    "format_unsupported",
    "bundle_malformed",
    "bundle_private_key",
    "no_usable_keys",
    "trust_domain_mismatch",
    "bundle_rekeyed",
    "bundle_rollback",
    "bundle_duplicate_trust_domain",
]
UNAVAILABLE: Final = ["bundle_unavailable", "bundle_stale"]
DENY: Final = [
    "input_too_large",
    "malformed_token",
    "token_encrypted",
    "json_serialization_rejected",
    "invalid_base64url",
    "invalid_utf8",
    "invalid_json",
    "json_duplicate_member",
    "json_too_deep",
    "header_param_forbidden",
    "header_param_invalid",
    "crit_unsupported",
    "b64_forbidden",
    "typ_mismatch",
    "alg_missing",
    "alg_not_allowed",
    "alg_key_mismatch",
    "kid_missing",
    "kid_not_found",
    "key_invalid",
    "key_too_weak",
    "signature_malformed",
    "signature_invalid",
    "pop_required",
    "cnf_invalid",
    "numeric_date_invalid",
    "token_expired",
    "token_not_yet_valid",
    "issued_in_future",
    "lifetime_too_long",
    "claim_missing",
    "claim_type_invalid",
    "audience_missing",
    "audience_mismatch",
    "issuer_unknown",
    "audience_untrusted_extra",
    "token_class_mismatch",
    "azp_missing",
    "azp_mismatch",
    "nonce_missing",
    "nonce_mismatch",
    "auth_time_missing",
    "auth_too_old",
    "at_hash_mismatch",
    "issuer_mismatch",
    "tenant_mismatch",
    "subject_inconsistent",
    "trust_domain_unknown",
    "spiffe_id_empty",
    "spiffe_id_wrong_scheme",
    "spiffe_id_missing_trust_domain",
    "spiffe_id_bad_trust_domain_char",
    "spiffe_id_trust_domain_too_long",
    "spiffe_id_bad_path_char",
    "spiffe_id_empty_segment",
    "spiffe_id_dot_segment",
    "spiffe_id_trailing_slash",
    "spiffe_id_too_long",
    "spiffe_id_path_required",
    "cert_malformed",
    "chain_empty",
    "chain_too_long",
    "leaf_is_ca",
    "leaf_key_usage_forbidden",
    "leaf_digital_signature_missing",
    "eku_mismatch",
    "uri_san_missing",
    "uri_san_multiple",
    "issuer_not_ca",
    "path_len_exceeded",
    "name_constraint_violation",
    "name_constraint_unsupported",
    "critical_extension_unsupported",
    "cert_expired",
    "cert_not_yet_valid",
    "cert_alg_not_allowed",
    "cert_revoked",
    "chain_untrusted",
    "budget_exceeded",
    "not_allowed",
    "not_mapped",
    "overlay_denied",
    "key_untrusted",
]
VERDICTS: Final = (
    {"ok": "allow"}
    | dict.fromkeys(MISUSE, "misuse")
    | dict.fromkeys(UNAVAILABLE, "unavailable")
    | dict.fromkeys(DENY, "deny")
)
AFTER_SIGNATURE: Final = (
    "ok",
    "nonce_missing",
    "nonce_mismatch",
    "azp_missing",
    "azp_mismatch",
    "auth_time_missing",
    "auth_too_old",
    "at_hash_mismatch",
    "pop_required",
    "cnf_invalid",
    "not_allowed",
    "not_mapped",
    "overlay_denied",
    "key_untrusted",
)
SUFFIXES: Final = {
    "public_key_pem": "pem",
    "x509_pem": "pem",
    "x509_der": "der",
    "x509_crl": "der",
}
SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass
class Corpus:
    """Collects cases; refuses what would make the corpus inconsistent."""

    keys: Mapping[str, Key]
    files: dict[str, bytes] = field(default_factory=dict)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    credentials: dict[bytes, str] = field(default_factory=dict)

    # --- keys -----------------------------------------------------------------

    def ec(self, name: str) -> EcKey:
        """Give an elliptic-curve key."""
        key = self.keys[name]
        assert isinstance(key, EcKey)
        return key

    def rsa(self, name: str) -> RsaKey:
        """Give an RSA key."""
        key = self.keys[name]
        assert isinstance(key, RsaKey)
        return key

    def ed(self, name: str) -> EdKey:
        """Give an Ed25519 key."""
        key = self.keys[name]
        assert isinstance(key, EdKey)
        return key

    def jwt_jwk(self, name: str, **extra: Any) -> Jwk:
        """Publish a key as a `jwt-svid` entry."""
        return self.keys[name].jwk(use="jwt-svid") | extra

    # --- tokens ---------------------------------------------------------------

    def header(self, key: Key, alg: str | None = None) -> dict[str, str]:
        """Give the header of a good token, by raw JSON text."""
        return {"alg": js(alg or key.alg), "typ": '"JWT"', "kid": js(key.kid)}

    def token(
        self,
        claims: Changes | None = None,
        header: Changes | None = None,
        key: str = "p256",
        alg: str | None = None,
    ) -> bytes:
        """Sign a good token with some members changed (None removes one)."""
        signer = self.keys[key]
        head = obj(merged(self.header(signer, alg), header or {}))
        return self.signed(head, obj(merged(CLAIMS, claims or {})), key, alg)

    def signed(self, header: bytes, payload: bytes, key: str = "p256", alg: str | None = None) -> bytes:
        """Sign a header and a payload as they stand."""
        signer = self.keys[key]
        text = f"{b64u(header)}.{b64u(payload)}".encode()
        return text + b"." + b64u(signer.sign(text, alg or signer.alg)).encode()

    # --- files ----------------------------------------------------------------

    def file(self, path: str, content: bytes) -> None:
        """Add a file; the same name always means the same bytes."""
        if self.files.setdefault(path, content) != content:
            raise ValueError(f"two contents for {path}")

    def policy(self, name: str, document: Any) -> str:
        """Add a policy and give the name by which cases refer to it."""
        content = document if isinstance(document, bytes) else pretty(document)
        self.file(f"policies/{name}.json", content)
        return f"{name}.json"

    def put(
        self,
        name: str,
        document: Any,
        *,
        domain: str = DOMAIN,
        form: str = "spiffe_bundle",
        fails: bool = False,
    ) -> str:
        """Add a bundle and give the item that puts it under a domain or an issuer."""
        content = document if isinstance(document, bytes) else pretty(document)
        file = f"{name}.{SUFFIXES.get(form, 'json')}"
        self.file(f"bundles/{file}", content)
        return f"{'?' if fails else ''}{domain}={form}={file}"

    def credential(self, case: str, content: bytes, suffix: str = "jwt") -> str:
        """Add a credential or a proof; equal bytes share the file of their first case."""
        name = self.credentials.setdefault(content, f"{case}.{suffix}")
        self.file(f"credentials/{name}", content)
        return name

    # --- cases ----------------------------------------------------------------

    def case(
        self,
        case: str,
        rule: str,
        reason: str,
        credential: bytes | None,
        *,
        now: int = NOW,
        policy: str = "default.json",
        bundles: str | Sequence[str] = f"{DOMAIN}=spiffe_bundle=main.json",
        identity: str = SUB,
        request: str = "-",
        admit: bool = False,
        passport: bytes | None = None,
        chain: bytes | None = None,
        possession: str | None = None,
        challenge: bytes | None = None,
        proof: bytes | None = None,
        peer_certificate: bytes | None = None,
        authenticated: bool | None = None,
        evidence: bytes | None = None,
        shadow: str = "-",
    ) -> None:
        """Add one case; the verdict follows from the reason's class.

        So does `authenticated`, unless the reason is one that can come before the
        signature and after it. `request` is what the options after it do not say.
        """
        if case in self.ids or not SLUG.fullmatch(case):
            raise ValueError(f"bad or repeated id: {case}")
        self.ids.add(case)
        items = [bundles] if isinstance(bundles, str) else bundles
        if authenticated is None:
            authenticated = reason in AFTER_SIGNATURE
        if shadow not in ("-", *VERDICTS):
            raise ValueError(f"unknown reason of a shadow policy: {shadow}")
        attached = [
            ("passport", passport, f"{case}-passport", "jwt"),
            ("chain", chain, case, "der"),
            ("proof", proof, f"{case}-proof", "bin"),
            ("peer_certificate", peer_certificate, f"{case}-peer", "der"),
        ]
        options = [request] if request != "-" else []
        options += ["admit"] if admit else []
        options += [
            f"{option}={self.credential(name, content, suffix)}"
            for option, content, name, suffix in attached
            if content is not None
        ]
        options += [f"possession={possession}"] if possession is not None else []
        options += [f"challenge={challenge.hex()}"] if challenge is not None else []
        if evidence is not None:
            self.file(f"evidence/{case}.json", evidence)
        self.rows.append(
            (
                case,
                rule,
                str(now),
                policy,
                ",".join(items) or "-",
                "-" if credential is None else self.credential(case, credential),
                VERDICTS[reason],
                reason,
                "1" if authenticated else "0",
                identity if reason == "ok" else "-",
                ";".join(options) or "-",
                "-" if evidence is None else f"{case}.json",
                shadow,
            )
        )

    def rendered(self) -> dict[str, bytes]:
        """Give every file of the corpus."""
        self.check_references()
        lines = ["\t".join(row) for row in (COLUMNS, *self.rows)]
        return self.files | {"cases.tsv": ("\n".join(lines) + "\n").encode()}

    def check_references(self) -> None:
        """Refuse a case that names a file that is not there, and idle files."""
        named = set[str]()
        for row in self.rows:
            named |= named_files(row)
        if named != set(self.files):
            raise ValueError(f"dangling or idle: {sorted(named ^ set(self.files))}")


FILE_OPTIONS: Final = ("passport", "chain", "proof", "peer_certificate")


def named_files(row: tuple[str, ...]) -> set[str]:
    """Give the files that a case names."""
    cell = dict(zip(COLUMNS, row, strict=True))
    named = {f"policies/{cell['policy']}"}
    if cell["credential"] != "-":
        named.add(f"credentials/{cell['credential']}")
    if cell["evidence"] != "-":
        named.add(f"evidence/{cell['evidence']}")
    for item in cell["bundles"].split(",") if cell["bundles"] != "-" else []:
        if item.startswith("~"):
            named.add(f"policies/{item[1:]}")
        elif not item.startswith("!"):
            put = item.removeprefix("?")
            put = put.split("@", 2)[2] if put.startswith("@") else put
            named.add(f"bundles/{put.split('=')[2]}")
    for option in cell["request"].split(";"):
        name, _, value = option.partition("=")
        if name in FILE_OPTIONS:
            named.add(f"credentials/{value}")
    return named


def taken(item: str, **options: int | bool | None) -> str:
    """Give an item whose put has options: `ago`, `max_age`, `feed`, `force`, `permanent`."""
    given = [(name, value) for name, value in options.items() if value is not None]
    words = [name if value is True else f"{name}={value}" for name, value in given]
    return f"@{';'.join(words)}@{item}"


def deny(kind: str, source: str, field: str, value: str) -> str:
    """Give the item that adds an entry to the deny overlay."""

    def cell(text: str) -> str:
        return "".join(f"%{ord(c):02X}" if c in "%/,\t" else c for c in text)

    return f"!{kind}/{cell(source)}/{field}/{cell(value)}"
