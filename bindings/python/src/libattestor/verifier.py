"""A store and a policy: may this credential enter?"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, TypeVar, cast

from . import _callbacks, _lowlevel
from ._arguments import (
    SYSTEM_CLOCK,
    age,
    binary,
    certificates,
    clock,
    fields,
    number_of_64_bits,
    octets,
    text,
    wrong_type,
)
from ._closing import Closing
from ._reasons import Reason
from .errors import Misuse, Rejected, Unrecorded
from .health import Metrics, Readiness
from .possession import peer_chain
from .receipts import ReceiptLog
from .store import BundleStore
from .verified import Verified

__all__ = ["Verifier"]

Credential = str | bytes | bytearray | memoryview
Chain = bytes | bytearray | memoryview | Sequence[bytes]
Fields = Mapping[str, str]
_Verify = TypeVar("_Verify", bound=Callable[..., Verified])


def _quick(verify: _Verify) -> _Verify:
    """Judge a credential alone without taking every other argument: that would show in the time."""

    @wraps(verify)
    def verify_alone(
        self: Verifier, credential: Credential, *, now: int | None = None, **asked: Any
    ) -> Verified:
        if asked or self._receipts is not None:
            return verify(self, credential, now=now, **asked)
        # What `octets` and `_open` do for what is usual, without the calls: they would show in the time.
        try:
            shown = credential.encode() if type(credential) is str else octets("credential", credential)
        except UnicodeEncodeError:
            shown = octets("credential", credential)
        at = SYSTEM_CLOCK if now is None else clock(now)
        handle = self._handle
        if handle is None or handle.pointer is None:
            handle = self._open()
        return _lowlevel.verify_alone(handle, shown, at)

    return cast(_Verify, verify_alone)


class Verifier(Closing):
    """Judges credentials. Any number of threads; a verification waits for nobody, its receipt aside."""

    __slots__ = ("_receipts",)

    def __init__(
        self,
        store: BundleStore,
        policy: bytes | str | Mapping[str, object],
        *,
        receipts: ReceiptLog | None = None,
        cache_entries: int = 4096,
        cache_bytes: int = 8 << 20,
        double_check: bool = False,
    ) -> None:
        """Take a policy, JSON or what becomes it; raises `Misuse` with the path of a mistake.

        The verifier keeps what it needs of the store: the store object may be closed first. With `receipts`
        every verdict is recorded before it is given, and one that cannot be is `Unrecorded`; the log stays
        the caller's.

        `cache_entries` and `cache_bytes` bound the cache of tokens that were verified; 0 does without.
        With `double_check` the reference is asked, too, before a signature that a key's table checked is
        accepted.
        """
        if not isinstance(store, BundleStore):
            raise wrong_type("store", "BundleStore", store)
        if not isinstance(receipts, (ReceiptLog, type(None))):
            raise wrong_type("receipts", "ReceiptLog", receipts)
        self._receipts = receipts
        entries = number_of_64_bits("cache_entries", cache_entries)
        size = number_of_64_bits("cache_bytes", cache_bytes)
        self._handle = _lowlevel.verifier_new(store._open(), _document(policy), entries, size, double_check)

    def set_policy(self, policy: bytes | str | Mapping[str, object]) -> None:
        """Swap the policy; on `Misuse` the old one stays. Calls under way finish under the one they had."""
        _lowlevel.verifier_set_policy(self._open(), _document(policy))

    def set_shadow_policy(self, policy: bytes | str | Mapping[str, object] | None) -> None:
        """Let another policy judge along, which decides nothing; None ends that. See `shadow` of a verdict.

        On `Misuse` the old one stays.
        """
        _lowlevel.verifier_set_shadow_policy(self._open(), None if policy is None else _document(policy))

    def readiness(self, *, now: int | None = None) -> Readiness:
        """Say whether the trust material that the policy needs is there, and how old it is."""
        return _lowlevel.verifier_readiness(self._open(), clock(now))

    def metrics(self, *, now: int | None = None) -> Metrics:
        """Give the counters since the verifier was made, and its sources as they are at `now`."""
        return _lowlevel.verifier_metrics(self._open(), clock(now))

    @_quick
    def verify(
        self,
        credential: Credential,
        *,
        now: int | None = None,
        attestor: str | None = None,
        nonce: str | None = None,
        max_age: int | None = None,
        access_token: str | bytes | None = None,
        passport: Credential | None = None,
        peer_certificate: bytes | None = None,
        refresh: bool = False,
        evidence: bool = False,
        receipt_fields: Fields | None = None,
    ) -> Verified:
        """Judge one credential, byte for byte: no `Bearer `, no newline. Returning is the only acceptance.

        `now` is Unix seconds (the system clock if None), `attestor` forces the attestor of that id,
        `evidence` asks for canonical JSON with the verdict. Raises `Denied`, `Unavailable` or `Misuse`.

        About OIDC tokens only: `nonce` is the one that the token must carry, `max_age` how many seconds ago
        its end user may have authenticated (None for any time; 0 is refused), `access_token` what came with
        it, for its `at_hash`.

        What a credential may be bound to: `passport`, the one that came with it, and `peer_certificate`, the
        certificate (DER) of the peer of a finished TLS handshake. `receipt_fields` go into the receipt.

        With `refresh`, keys that are missing or too old are first fetched by what `BundleStore.set_feed` set,
        if that is due; what a fetch raises is then the `__cause__` of a refusal. Without, nobody is called.
        """
        shown = octets("credential", credential)
        asked = _asked(attestor, nonce, max_age, access_token, passport, peer_certificate)
        return self._judge(shown, asked, now, evidence, receipt_fields, refresh)

    def admit(
        self,
        passport: Credential,
        credential: Credential = b"",
        *,
        now: int | None = None,
        attestor: str | None = None,
        nonce: str | None = None,
        max_age: int | None = None,
        access_token: str | bytes | None = None,
        peer_certificate: bytes | None = None,
        refresh: bool = False,
        evidence: bool = False,
        receipt_fields: Fields | None = None,
    ) -> Verified:
        """Judge an admission: a passport, and the credential that came with it or none; else as `verify`.

        A refusal whose `about_passport` is true is about the passport, not about the credential beside it.
        """
        asked = _asked(attestor, nonce, max_age, access_token, None, peer_certificate)
        asked["passport"] = octets("passport", passport)
        shown = octets("credential", credential)
        return self._judge(shown, asked, now, evidence, receipt_fields, refresh, admit=True)

    def verify_challenge(
        self,
        chain: Chain,
        *,
        challenge: bytes,
        audience: str,
        proof: bytes,
        passport: Credential | None = None,
        now: int | None = None,
        attestor: str | None = None,
        refresh: bool = False,
        evidence: bool = False,
        receipt_fields: Fields | None = None,
    ) -> Verified:
        """Judge an X.509-SVID whose holder signed a challenge. Otherwise as `verify`.

        `chain` is DER, the leaf first: certificate by certificate, or one after the other. `proof` is the
        signature over `possession_message(challenge, audience, passport)`. The host made the challenge, kept
        it and takes it once: it must not come from the request that brings the proof.
        """
        asked = _asked(attestor=attestor, passport=passport)
        asked["chain"] = certificates("chain", chain)
        asked["possession"] = _lowlevel.SIGNED_CHALLENGE
        asked["challenge"] = binary("challenge", challenge)
        asked["audience"] = text("audience", audience)
        asked["proof"] = binary("proof", proof)
        return self._judge(b"", asked, now, evidence, receipt_fields, refresh)

    def verify_connection(
        self,
        connection: ssl.SSLSocket | ssl.SSLObject,
        *,
        chain: Chain | None = None,
        audience: str | None = None,
        passport: Credential | None = None,
        now: int | None = None,
        attestor: str | None = None,
        refresh: bool = False,
        evidence: bool = False,
        receipt_fields: Fields | None = None,
    ) -> Verified:
        """Judge the X.509-SVID of the peer of a TLS connection whose handshake is finished, else `Misuse`.

        `chain` is for intermediates that `ssl` does not give (see "X.509 and ssl" in the README); it begins
        with the peer's own certificate. `audience` selects between attestors. Otherwise as `verify`.
        """
        asked = _asked(attestor=attestor, passport=passport)
        asked["chain"] = peer_chain(connection, chain)
        asked["possession"] = _lowlevel.TLS_HANDSHAKE
        if audience is not None:
            asked["audience"] = text("audience", audience)
        return self._judge(b"", asked, now, evidence, receipt_fields, refresh)

    def _judge(
        self,
        credential: bytes,
        asked: _lowlevel.Asked,
        now: int | None,
        evidence: bool,
        receipt_fields: Fields | None,
        refresh: bool = False,
        admit: bool = False,
    ) -> Verified:
        at, log = clock(now), self._receipts
        ask = _fetching if refresh else _lowlevel.verify
        if log is None:
            if receipt_fields is not None:
                raise Misuse(Reason.ARGUMENT_INVALID, "receipt_fields: the verifier has no receipts")
            return ask(self._open(), credential, asked, at, evidence, admit)
        members = {} if receipt_fields is None else fields("receipt_fields", receipt_fields)
        event = "agent.register" if "passport" in asked else "credential.verify"
        try:
            verified = ask(self._open(), credential, asked, at, True, admit)
        except Rejected as refusal:
            _record(log, f"{event}.deny", refusal.evidence, members, now, refusal)
            raise
        _record(log, f"{event}.allow", verified.evidence, members, now)
        return verified


def _fetching(
    verifier: _lowlevel.Handle,
    credential: bytes,
    asked: _lowlevel.Asked,
    now: int,
    evidence: bool,
    admit: bool,
) -> Verified:
    """Judge, fetch what is missing, and judge again."""
    question = partial(_lowlevel.verify, verifier, credential, asked, now, evidence, admit, refresh=True)
    call = _callbacks.Call()
    verdict = call.run(question)
    if isinstance(verdict, Verified):
        return verdict
    raise verdict from next(iter(call.errors.values()), None)


def _asked(
    attestor: str | None = None,
    nonce: str | None = None,
    max_age: int | None = None,
    access_token: str | bytes | None = None,
    passport: Credential | None = None,
    peer_certificate: bytes | None = None,
) -> dict[str, bytes | int]:
    """Collect what is asked beside the credential."""
    asked: dict[str, bytes | int] = {}
    if attestor is not None:
        asked["attestor_id"] = text("attestor", attestor)
    if nonce is not None:
        asked["nonce"] = text("nonce", nonce)
    if max_age is not None:
        asked["max_age_secs"] = age("max_age", max_age)
    if access_token is not None:
        asked["access_token"] = octets("access_token", access_token)
    if passport is not None:
        asked["passport"] = octets("passport", passport)
    if peer_certificate is not None:
        asked["peer_certificate"] = binary("peer_certificate", peer_certificate)
    return asked


def _record(
    log: ReceiptLog,
    event: str,
    evidence: bytes | None,
    members: Fields,
    now: int | None,
    refusal: Rejected | None = None,
) -> None:
    try:
        log.record(event, evidence=evidence, fields=members, at=now)
    except Exception as failure:
        raise Unrecorded(refusal) from failure


def _document(policy: object) -> bytes:
    if isinstance(policy, Mapping):
        policy = json.dumps(dict(policy))
    return octets("policy", policy)
