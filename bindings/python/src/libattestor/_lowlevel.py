"""The C ABI, which only this file and `_callbacks` touch: handles and bytes in, values or exceptions out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from . import _answers
from ._ffi import ffi
from ._reasons import Reason
from .errors import AttestorError, Denied, Misuse, Unavailable
from .health import (
    CacheMetrics,
    Freshness,
    KeyTableMetrics,
    Metrics,
    Readiness,
    SourceHealth,
    SourceMetrics,
    VerdictCount,
)
from .values import Finding, Head, RestoreReport, SlotInfo, Source
from .verified import Verified

if TYPE_CHECKING:
    from ._callbacks import Feeds
    from ._ffi import Buffer, CData, CType
    from .values import SourceKind


def _load() -> Any:
    path = Path(__file__).with_name("libattestor.so")
    # Handles may outlive this module when the interpreter exits: the code that frees them must stay.
    flags = ffi.RTLD_NOW | getattr(ffi, "RTLD_NODELETE", 0)
    try:
        library = ffi.dlopen(str(path), flags)
        abi = library.attestor_abi()
    except (OSError, ffi.error) as error:
        raise ImportError(f"cannot load {path}: {error}", name=__name__, path=str(path)) from error
    if abi != library.ATTESTOR_ABI:
        message = f"{path} speaks ABI {abi}, this package ABI {library.ATTESTOR_ABI}: reinstall libattestor"
        raise ImportError(message, name=__name__, path=str(path))
    return library


_lib: Final = _load()
_OK: Final = _lib.ATTESTOR_OK
_AUTHENTICATED: Final = _lib.ATTESTOR_AUTHENTICATED
_ABOUT_PASSPORT: Final = _lib.ATTESTOR_ABOUT_PASSPORT
_WANTED: Final = _lib.ATTESTOR_REFRESH_WANTED
_ALLOW: Final = _lib.ATTESTOR_CLASS_ALLOW
_ADMISSION: Final = _lib.ATTESTOR_ASK_ADMISSION
_REFRESHING: Final = _lib.ATTESTOR_ASK_REFRESHING
_EVIDENCE: Final = _lib.ATTESTOR_ASK_EVIDENCE
_TOO_SMALL: Final = _lib.ATTESTOR_BUFFER_TOO_SMALL
_ask: Final = _lib.attestor_ask
_clear: Final = _lib.attestor_result_clear
_head: Final = _answers.head
_allow: Final = _answers.allow
_unpack: Final = ffi.unpack
_OCTETS: Final = ffi.typeof("uint8_t[]")
_TEXT: Final = ffi.typeof("char[]")
_ANSWER: Final = ffi.typeof("attestor_answer *")
_REASONS: Final = _answers.REASONS
_reason: Final = _answers.reason
_REJECTIONS: Final = {_lib.ATTESTOR_CLASS_DENY: Denied, _lib.ATTESTOR_CLASS_UNAVAILABLE: Unavailable}

VERSION: Final = ffi.string(_lib.attestor_version_string()).decode()
FORMATS: Final = {
    "spiffe_bundle": _lib.ATTESTOR_FORMAT_SPIFFE_BUNDLE,
    "workload_api_jwks": _lib.ATTESTOR_FORMAT_WORKLOAD_API_JWKS,
    "jwks": _lib.ATTESTOR_FORMAT_JWKS,
    "public_key_pem": _lib.ATTESTOR_FORMAT_PUBLIC_KEY_PEM,
    "x509_pem": _lib.ATTESTOR_FORMAT_X509_PEM,
    "x509_der": _lib.ATTESTOR_FORMAT_X509_DER,
    "bundle_map": _lib.ATTESTOR_FORMAT_BUNDLE_MAP,
    "x509_crl": _lib.ATTESTOR_FORMAT_X509_CRL,
}
SLOTS: Final = {
    "jwt": _lib.ATTESTOR_SLOT_JWT,
    "x509": _lib.ATTESTOR_SLOT_X509,
    "crl": _lib.ATTESTOR_SLOT_CRL,
}
TRUST_DOMAIN: Final = _lib.ATTESTOR_SOURCE_TRUST_DOMAIN
ISSUER: Final = _lib.ATTESTOR_SOURCE_ISSUER
SOURCE_KINDS: Final[Mapping[str, int]] = {"trust_domain": TRUST_DOMAIN, "issuer": ISSUER}
GATE_ACTIONS: Final = {
    "off": _lib.ATTESTOR_GATE_OFF,
    "warn": _lib.ATTESTOR_GATE_WARN,
    "hold": _lib.ATTESTOR_GATE_HOLD,
}
KEY_TABLES: Final = {
    "off": _lib.ATTESTOR_KEY_TABLES_OFF,
    "auto": _lib.ATTESTOR_KEY_TABLES_AUTO,
    "at_load": _lib.ATTESTOR_KEY_TABLES_AT_LOAD,
}
DENY_KINDS: Final = {
    "trust_domain": _lib.ATTESTOR_DENY_KIND_TRUST_DOMAIN,
    "issuer": _lib.ATTESTOR_DENY_KIND_ISSUER,
    "native": _lib.ATTESTOR_DENY_KIND_NATIVE,
}
DENY_FIELDS: Final = {
    "sub": _lib.ATTESTOR_DENY_FIELD_SUB,
    "jti": _lib.ATTESTOR_DENY_FIELD_JTI,
    "kid": _lib.ATTESTOR_DENY_FIELD_KID,
    "key_thumbprint": _lib.ATTESTOR_DENY_FIELD_KEY_THUMBPRINT,
    "x509_serial": _lib.ATTESTOR_DENY_FIELD_X509_SERIAL,
    "spki_sha256": _lib.ATTESTOR_DENY_FIELD_SPKI_SHA256,
    "pod_uid": _lib.ATTESTOR_DENY_FIELD_POD_UID,
}
TLS_HANDSHAKE: Final = _lib.ATTESTOR_POSSESSION_TLS_HANDSHAKE
SIGNED_CHALLENGE: Final = _lib.ATTESTOR_POSSESSION_SIGNED_CHALLENGE

_SOURCES: Final[dict[int, SourceKind]] = {TRUST_DOMAIN: "trust_domain", ISSUER: "issuer"}
_FINDINGS: Final[dict[Finding, int]] = {
    "rollback": _lib.ATTESTOR_FINDING_ROLLBACK,
    "rekeyed": _lib.ATTESTOR_FINDING_REKEYED,
    "replaced": _lib.ATTESTOR_FINDING_REPLACED,
}
_FRESHNESS: Final = {
    _lib.ATTESTOR_FRESH: Freshness.FRESH,
    _lib.ATTESTOR_DUE: Freshness.DUE,
    _lib.ATTESTOR_STALE: Freshness.STALE,
}
_NEVER: Final = 2**63 - 1
# What a request may carry beside the credential, and how the ABI spells it.
_ASKED: Final = {
    "attestor_id": _TEXT,
    "nonce": _TEXT,
    "access_token": _OCTETS,
    "passport": _OCTETS,
    "peer_certificate": _OCTETS,
    "chain": _OCTETS,
    "challenge": _OCTETS,
    "proof": _OCTETS,
    "audience": _TEXT,
}


class SourceKey(NamedTuple):
    """Whose keys, as the ABI takes it: an issuer named like a trust domain is another source."""

    kind: int
    name: bytes


def source_of(kind: int, name: CData, length: int, kinds: Any = _SOURCES, unpack: Any = _unpack) -> Source:
    """Name a source as people do."""
    return Source(kinds[kind], unpack(name, length).decode())


class Handle:
    """Owns what the library made, until its last user lets go.

    Not `ffi.gc`: in a garbage cycle that would leave a freed pointer within reach of other finalizers.
    """

    __slots__ = ("_free", "feeds", "idle", "pointer")

    def __init__(self, pointer: CData, free: Callable[[CData], None], feeds: Feeds | None = None) -> None:
        self.pointer: CData | None = pointer
        self._free = free
        #: Of a verifier: the scratches that no call is using. A call takes one out, in one step: another
        #: thread, or a signal handler or finalizer in the middle of it, gets another, and a forked child
        #: never uses one that the parent's other threads had taken.
        self.idle: list[_Scratch] = []
        #: What the store behind it may call back.
        self.feeds = feeds

    def __del__(self) -> None:
        pointer, self.pointer = self.pointer, None
        if pointer is not None:
            self._free(pointer)


def _sized(struct: str) -> CData:
    """Make a structure that says its own size, all else zero."""
    return ffi.new(f"{struct} *", {"struct_size": ffi.sizeof(struct)})


def _error(status: int, detail: str = "") -> AttestorError:
    """Turn a status into its exception."""
    reason = _REASONS.get(status)
    kind = _REJECTIONS.get(_lib.attestor_status_class(status))
    if reason is None or kind is None:
        return Misuse(reason or Reason.INTERNAL_ERROR, detail)
    return kind(reason)


def _configure(function: Any, *arguments: object) -> None:
    """Make a call that takes an `attestor_error` last, and raise what it reports."""
    error = _sized("attestor_error")
    status = function(*arguments, error)
    if status != _OK:
        raise _error(status, ffi.string(error.detail).decode("utf-8", "replace"))


def _written(function: Any, *arguments: object, room: int = 1024) -> bytes:
    """Make a call that writes into a buffer, and once more if that was too small."""
    error = _sized("attestor_error")
    length = ffi.new("size_t *", room)
    status = _lib.ATTESTOR_BUFFER_TOO_SMALL
    while status == _lib.ATTESTOR_BUFFER_TOO_SMALL:
        room = length[0]
        buffer = ffi.new(_OCTETS, room)
        status = function(*arguments, buffer, room, length, error)
    if status != _OK:
        raise _error(status, ffi.string(error.detail).decode("utf-8", "replace"))
    return ffi.buffer(buffer, length[0])[:]


class _Held:
    """Keeps what a structure points to alive for a call."""

    def __init__(self, struct: str) -> None:
        self.struct = _sized(struct)
        self._kept: list[CData] = []

    def point(self, member: str, kind: CType, value: bytes) -> None:
        """Point a member at bytes, and say how many."""
        view = ffi.from_buffer(kind, value)
        self._kept.append(view)
        setattr(self.struct, member, view)
        setattr(self.struct, f"{member}_len", len(value))

    def view(self, view: Any, value: bytes) -> None:
        """Let an `attestor_str` show bytes."""
        held = ffi.from_buffer(_TEXT, value)
        self._kept.append(held)
        view.ptr, view.len = held, len(value)

    def keep(self, array: CData) -> CData:
        """Keep an array that a member points to."""
        self._kept.append(array)
        return array


def store_new(
    feeds: Feeds,
    gate: Mapping[str, int],
    cooldown: int,
    *,
    key_tables: int,
    key_table_bytes: int,
    ifma: bool,
) -> Handle:
    """Make an empty store."""
    options = _sized("attestor_store_options")
    options.cooldown_secs = cooldown
    options.key_tables, options.key_table_bytes = key_tables, key_table_bytes
    options.flags = 0 if ifma else _lib.ATTESTOR_STORE_NO_IFMA
    for finding, action in gate.items():
        setattr(options, f"gate_{finding}", action)
    out = ffi.new("attestor_store **")
    _configure(_lib.attestor_store_new, options, out)
    return Handle(out[0], _lib.attestor_store_free, feeds)


def store_put(
    store: Handle,
    source: SourceKey,
    document: bytes,
    *,
    format: int,
    feed: int,
    force: bool,
    max_age: int,
    permanent: bool,
    now: int,
) -> None:
    """Put the keys of a source."""
    options = _sized("attestor_put_options")
    options.feed, options.max_age_secs = feed, max_age
    forced = _lib.ATTESTOR_PUT_FORCE if force else 0
    options.flags = forced | (_lib.ATTESTOR_PUT_PERMANENT if permanent else 0)
    kind, name = source
    arguments = (kind, name, len(name), format, document, len(document), options, now)
    _configure(_lib.attestor_store_put, store.pointer, *arguments)


def store_touch(store: Handle, source: SourceKey, feed: int, now: int) -> None:
    """Confirm what a feed put."""
    kind, name = source
    _configure(_lib.attestor_store_touch, store.pointer, kind, name, len(name), feed, now)


def store_withdraw(store: Handle, feed: int) -> int:
    """Take back what a feed put; tells how many sources hold nothing any more."""
    emptied = ffi.new("uint64_t *")
    _configure(_lib.attestor_store_withdraw, store.pointer, feed, emptied)
    count: int = emptied[0]
    return count


def store_remove(store: Handle, source: SourceKey) -> None:
    """Forget a source."""
    kind, name = source
    _configure(_lib.attestor_store_remove, store.pointer, kind, name, len(name))


def store_info(store: Handle, source: SourceKey, slot: int) -> SlotInfo | None:
    """Describe a slot; None if nothing has filled it."""
    info = _sized("attestor_slot_info")
    kind, name = source
    try:
        _configure(_lib.attestor_store_info, store.pointer, kind, name, len(name), slot, info)
    except Unavailable:
        return None
    counts = {index: count for index, count in enumerate(info.skipped) if count}
    flags = info.flags
    return SlotInfo(
        generation=info.generation,
        feed=info.feed,
        confirmed_at=info.confirmed_at,
        soft_age=info.soft_age_secs if flags & _lib.ATTESTOR_SLOT_HAS_SOFT_AGE else None,
        hard_age=info.hard_age_secs if flags & _lib.ATTESTOR_SLOT_HAS_HARD_AGE else None,
        sequence=info.sequence if flags & _lib.ATTESTOR_SLOT_HAS_SEQUENCE else None,
        refresh_hint=info.refresh_hint if flags & _lib.ATTESTOR_SLOT_HAS_REFRESH_HINT else None,
        entries=info.entries,
        digest=bytes(info.digest).hex(),
        restored=flags & _lib.ATTESTOR_SLOT_RESTORED != 0,
        findings=frozenset(finding for finding, bit in _FINDINGS.items() if info.findings & bit),
        withheld=info.withheld,
        skipped={ffi.string(_lib.attestor_skip_slug(index)).decode(): n for index, n in counts.items()},
    )


class CFunctions(NamedTuple):
    """What the library is given to call. They must outlive every store that may call them."""

    fetch: CData
    drop: CData


def store_set_source(store: Handle, source: SourceKey, functions: CFunctions, number: int, feed: int) -> None:
    """Let a store call back for a source; `number` is what the functions are told."""
    callback = _sized("attestor_source")
    callback.fetch, callback.drop = functions
    callback.userdata, callback.feed = ffi.cast("void *", number), feed
    kind, name = source
    _configure(_lib.attestor_store_set_source, store.pointer, kind, name, len(name), callback)


def store_close_source(store: Handle, source: SourceKey) -> None:
    """Call back for a source no more."""
    kind, name = source
    _configure(_lib.attestor_store_set_source, store.pointer, kind, name, len(name), ffi.NULL)


def sink_put(
    sink: CData, document: bytes, *, format: int, max_age: int, refresh_after: int, force: bool
) -> None:
    """Put what a fetch fetched."""
    options = _sink_options(refresh_after)
    options.flags = _lib.ATTESTOR_PUT_FORCE if force else 0
    options.max_age_secs = max_age
    _configure(_lib.attestor_sink_put, sink, format, document, len(document), options)


def sink_confirm(sink: CData, refresh_after: int) -> None:
    """Confirm what a fetch put before."""
    _configure(_lib.attestor_sink_confirm, sink, _sink_options(refresh_after))


def _sink_options(refresh_after: int) -> CData:
    options = _sized("attestor_sink_options")
    options.refresh_after_secs = refresh_after
    return options


def store_refresh(store: Handle, now: int) -> tuple[int, int, int]:
    """Call back for all that is due; gives how many succeeded, failed and were busy."""
    report = _sized("attestor_refresh_report")
    _configure(_lib.attestor_store_refresh, store.pointer, now, report)
    return report.succeeded, report.failed, report.busy


def store_refresh_source(store: Handle, source: SourceKey, now: int) -> None:
    """Call back for one source."""
    kind, name = source
    _configure(_lib.attestor_store_refresh_source, store.pointer, kind, name, len(name), now)


def store_next_refresh(store: Handle, now: int) -> int | None:
    """Give when something is due, if anything ever is."""
    at = ffi.new("int64_t *")
    _configure(_lib.attestor_store_next_refresh, store.pointer, now, at)
    return _moment(at[0])


def _moment(at: int) -> int | None:
    return None if at == _NEVER else at


def store_health(store: Handle, source: SourceKey, now: int) -> SourceHealth | None:
    """Say how the feeding of a source is doing; None if it is neither fed nor called back for."""
    health = _sized("attestor_source_health")
    kind, name = source
    try:
        _configure(_lib.attestor_store_health, store.pointer, kind, name, len(name), now, health)
    except Unavailable:
        return None
    flags = health.flags
    return SourceHealth(
        has_callback=flags & _lib.ATTESTOR_HEALTH_HAS_CALLBACK != 0,
        wanted=flags & _lib.ATTESTOR_HEALTH_WANTED != 0,
        in_flight=flags & _lib.ATTESTOR_HEALTH_IN_FLIGHT != 0,
        empty_update=flags & _lib.ATTESTOR_HEALTH_EMPTY_UPDATE != 0,
        clock_went_back=flags & _lib.ATTESTOR_HEALTH_CLOCK_WENT_BACK != 0,
        refreshes=health.refreshes,
        failures=health.failures,
        failures_in_a_row=health.failures_in_a_row,
        last_failure=_reason(health.last_failure),
        jwt=_FRESHNESS.get(health.jwt_freshness),
        x509=_FRESHNESS.get(health.x509_freshness),
        succeeded_at=health.succeeded_at or None,
        failed_at=health.failed_at or None,
        next_refresh=_moment(health.next_refresh),
    )


def store_snapshot(store: Handle, key: bytes | None, now: int) -> bytes:
    """Write a snapshot; without a key it is only as safe as the file that it goes to."""
    return _written(_lib.attestor_store_snapshot, store.pointer, *_key(key), now, room=1 << 16)


def store_restore(store: Handle, key: bytes | None, snapshot: bytes, now: int) -> RestoreReport:
    """Take what a snapshot has and the store has not."""
    report = _sized("attestor_restore_report")
    arguments = (*_key(key), snapshot, len(snapshot), now, report)
    _configure(_lib.attestor_store_restore, store.pointer, *arguments)
    return RestoreReport(slots=report.slots, skipped=report.skipped, denials=report.denials)


def _key(key: bytes | None) -> tuple[object, int]:
    return (ffi.NULL, 0) if key is None else (key, len(key))


def store_allow_publishing(store: Handle, source: SourceKey, allowed: bool) -> None:
    """Put a source on the list of what may be published, or take it off."""
    kind, name = source
    _configure(_lib.attestor_store_allow_publishing, store.pointer, kind, name, len(name), allowed)


def store_publish(store: Handle, source: SourceKey, format: int, now: int) -> bytes:
    """Write the public keys of a source."""
    kind, name = source
    arguments = (kind, name, len(name), format, now)
    return _written(_lib.attestor_store_publish, store.pointer, *arguments, room=1 << 14)


class Denial(NamedTuple):
    """What the deny overlay compares."""

    kind: int
    source: bytes
    field: int
    value: bytes


def _deny_entry(denial: Denial, expires_at: int = 0) -> _Held:
    entry = _Held("attestor_deny_entry")
    entry.struct.kind, entry.struct.field = denial.kind, denial.field
    entry.struct.expires_at = expires_at
    entry.point("source", _TEXT, denial.source)
    entry.point("value", _TEXT, denial.value)
    return entry


def store_deny(store: Handle, denial: Denial, expires_at: int, now: int) -> None:
    """Put an entry into the deny overlay."""
    entry = _deny_entry(denial, expires_at)
    _configure(_lib.attestor_store_deny, store.pointer, entry.struct, now)


def store_lift(store: Handle, denial: Denial) -> bool:
    """Take an entry of the deny overlay back; tells whether it was there."""
    entry = _deny_entry(denial)
    lifted = ffi.new("int32_t *")
    _configure(_lib.attestor_store_lift, store.pointer, entry.struct, lifted)
    return bool(lifted[0])


def store_clear_denials(store: Handle) -> None:
    """Empty the deny overlay."""
    _configure(_lib.attestor_store_clear_denials, store.pointer)


def store_denials(store: Handle) -> int:
    """Count the entries of the deny overlay."""
    count: int = _lib.attestor_store_denials(store.pointer)
    return count


def verifier_new(
    store: Handle, policy: bytes, cache_entries: int, cache_bytes: int, double_check: bool
) -> Handle:
    """Make a verifier, which holds its own reference to the store."""
    options = _sized("attestor_verifier_options")
    if cache_entries and cache_bytes:
        options.cache_entries, options.cache_bytes = cache_entries, cache_bytes
    else:
        options.flags = _lib.ATTESTOR_VERIFIER_NO_CACHE
    if double_check:
        options.flags |= _lib.ATTESTOR_VERIFIER_DOUBLE_CHECK
    out = ffi.new("attestor_verifier **")
    _configure(_lib.attestor_verifier_new, store.pointer, policy, len(policy), options, out)
    return Handle(out[0], _lib.attestor_verifier_free, store.feeds)


def verifier_set_policy(verifier: Handle, policy: bytes) -> None:
    """Swap the policy of a verifier."""
    _configure(_lib.attestor_verifier_set_policy, verifier.pointer, policy, len(policy))


def verifier_set_shadow_policy(verifier: Handle, policy: bytes | None) -> None:
    """Set the shadow policy of a verifier, or remove it."""
    document, length = (ffi.NULL, 0) if policy is None else (policy, len(policy))
    _configure(_lib.attestor_verifier_set_shadow_policy, verifier.pointer, document, length)


def verifier_readiness(verifier: Handle, now: int) -> Readiness:
    """Say whether the policy has what it needs."""
    found = _sized("attestor_readiness")
    _configure(_lib.attestor_verifier_readiness, verifier.pointer, now, found)
    return Readiness(
        ready=found.ready != 0,
        sources=found.sources,
        fresh=found.fresh,
        due=found.due,
        stale=found.stale,
        missing=found.missing,
    )


def verifier_metrics(verifier: Handle, now: int) -> Metrics:
    """Copy the counters out."""
    found = _sized("attestor_metrics")
    _configure(_lib.attestor_verifier_metrics, verifier.pointer, found)
    cache = {field.name: getattr(found, f"cache_{field.name}") for field in fields(CacheMetrics)}
    tables = {
        field.name: getattr(found, f"key_tables_{field.name}")
        for field in fields(KeyTableMetrics)
        if field.name != "ifma"
    }
    return Metrics(
        allowed=found.allowed,
        denied=found.denied,
        unavailable=found.unavailable,
        misused=found.misused,
        cache=CacheMetrics(**cache),
        key_tables=KeyTableMetrics(**tables, ifma=bool(found.flags & _lib.ATTESTOR_METRICS_IFMA)),
        verdicts=_verdict_counts(verifier),
        sources=_source_metrics(verifier, now),
    )


def _verdict_counts(verifier: Handle) -> tuple[VerdictCount, ...]:
    count = ffi.new("size_t *")
    status = _lib.attestor_verifier_verdict_counts(verifier.pointer, ffi.NULL, 0, count, ffi.NULL)
    while status == _lib.ATTESTOR_BUFFER_TOO_SMALL:
        room = count[0]
        rows = ffi.new("attestor_verdict_count[]", room)
        status = _lib.attestor_verifier_verdict_counts(verifier.pointer, rows, room, count, ffi.NULL)
    if status != _OK:
        raise _error(status)
    counted = [rows[index] for index in range(count[0])]
    return tuple(
        VerdictCount(ffi.string(row.attestor_id).decode() or None, _reason(row.code), row.count)
        for row in counted
    )


def _source_metrics(verifier: Handle, now: int) -> tuple[SourceMetrics, ...]:
    while True:
        count = _lib.attestor_verifier_source_count(verifier.pointer)
        try:
            return tuple(_one_source(verifier, index, now) for index in range(count))
        except Misuse:
            # Unless the policy was swapped meanwhile.
            if count == _lib.attestor_verifier_source_count(verifier.pointer):
                raise


def _one_source(verifier: Handle, index: int, now: int) -> SourceMetrics:
    found = _sized("attestor_source_metrics")
    name = _written(_lib.attestor_verifier_source_metrics, verifier.pointer, index, now, found)
    kind = _SOURCES.get(found.kind)
    return SourceMetrics(
        source=None if kind is None else Source(kind, name.decode()),
        sources=found.sources,
        jwt=_FRESHNESS.get(found.jwt_freshness),
        x509=_FRESHNESS.get(found.x509_freshness),
        age=None if found.age_secs < 0 else found.age_secs,
        keys=found.keys,
        authorities=found.authorities,
        skipped=found.skipped,
        refreshes=found.refreshes,
        failures=found.failures,
    )


class _Draft(Verified):
    """A `Verified` while it is filled; the constructor of a frozen dataclass takes four times as long."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __init__(self) -> None: ...

    else:
        __init__ = object.__init__
        __setattr__, __delattr__ = object.__setattr__, object.__delattr__


class _Scratch:
    """What one verification works in, allocated once and reused."""

    __slots__ = ("_block", "answer", "now", "plain", "question", "request", "request_bytes", "result")

    def __init__(self) -> None:
        out = ffi.new("attestor_result **")
        _configure(_lib.attestor_result_new, out)
        self.result = Handle(out[0], _lib.attestor_result_free)
        self.request = _sized("attestor_request")
        self.request_bytes = ffi.buffer(self.request)
        self._block = ffi.new(_OCTETS, 8192)
        self.answer = ffi.buffer(self._block)
        #: What most calls ask: nothing but a time changes in it, and that not often.
        self.plain = self._question()
        self.now: int | None = None
        self.question = self._question()
        self.question.request = self.request

    def _question(self) -> CData:
        question = _sized("attestor_question")
        question.result = self.result.pointer
        question.answer, question.room = ffi.cast(_ANSWER, self._block), len(self.answer)
        return question

    def ask(self, verifier: Handle, credential: bytes, asked: Asked, now: int, flags: int) -> int:
        """Ask about more than a credential."""
        question, request = self.question, self.request
        question.now, question.flags = now, flags
        held = []
        try:
            for name, value in asked.items():
                if isinstance(value, int):
                    setattr(request, name, value)
                else:
                    view = ffi.from_buffer(_ASKED[name], value)
                    held.append(view)
                    setattr(request, name, view)
                    setattr(request, f"{name}_len", len(value))
            status: int = _ask(verifier.pointer, question, credential, len(credential))
        finally:
            # No pointer into the caller's memory stays, and nothing of the request.
            self.request_bytes[:] = _BLANK_REQUEST
        return status

    def outcome(self, status: int, evidence: bool) -> Verified:
        """Copy the answer out, or raise it."""
        answer = self.answer
        if status == _TOO_SMALL:
            answer = self._whole_answer(evidence)
            status = _head(answer)[1]
        if status != _OK:
            raise _refusal(answer, evidence)
        return _verified(answer, evidence)

    def _whole_answer(self, evidence: bool) -> Buffer:
        """Read an answer that was too long for its room: the library still has it."""
        try:
            size = _head(self.answer)[0]
            block = ffi.new(_OCTETS, size)
            flags = _EVIDENCE if evidence else 0
            answer = ffi.cast(_ANSWER, block)
            _configure(_lib.attestor_result_answer, self.result.pointer, flags, answer, size)
        finally:
            _clear(self.result.pointer)
        return ffi.buffer(block)


_BLANK_REQUEST: Final = ffi.buffer(_sized("attestor_request"))[:]


def _verified(answer: Buffer, evidence: bool = False) -> Verified:
    """Copy an allow out; one that is not whole is none."""
    size, code, verdict, expires_at, start, end = _allow(answer)
    told = answer[:size]
    identity = told[start : start + end].decode()
    if code != _OK or verdict != _ALLOW or not identity or (evidence and not _answers.evidence(told)):
        raise Misuse(Reason.INTERNAL_ERROR)
    draft: Any = _Draft()
    draft._answer = told
    draft.identity = identity
    draft.expires_at = expires_at
    draft.__class__ = Verified
    verified: Verified = draft
    return verified


def _refusal(answer: Buffer, evidence: bool) -> AttestorError:
    """Copy out what is no allow; every refusal of a credential goes through here."""
    size, code, verdict, flags, *_ = _head(answer)
    reason, kind = _REASONS.get(code), _REJECTIONS.get(verdict)
    if reason is None or kind is None:
        return Misuse(reason or Reason.INTERNAL_ERROR)
    told = answer[:size]
    return kind(
        reason,
        flags & _AUTHENTICATED != 0,
        _answers.attestor_id(told),
        _answers.evidence(told) if evidence else None,
        flags & _ABOUT_PASSPORT != 0,
        _answers.shadow(told),
        flags & _WANTED != 0,
    )


#: What is asked beside the credential: members of `attestor_request`, as bytes or numbers.
Asked = Mapping[str, bytes | int]


def verify_alone(verifier: Handle, credential: bytes, now: int) -> Verified:
    """Judge a credential of which nothing more is asked, as most calls do."""
    idle = verifier.idle
    try:
        scratch = idle.pop()
    except IndexError:
        scratch = _Scratch()
    if scratch.result.pointer is None:
        # The interpreter exits, and a finalizer verifies.
        scratch = _Scratch()
    try:
        question = scratch.plain
        if scratch.now is not now:
            # Between any two of these a signal handler may raise: what is remembered is never wrong.
            scratch.now = None
            question.now = now
            scratch.now = now
        status = _ask(verifier.pointer, question, credential, len(credential))
        if status == _OK:
            return _verified(scratch.answer)
        return scratch.outcome(status, False)
    finally:
        idle.append(scratch)


def verify(
    verifier: Handle,
    credential: bytes,
    asked: Asked,
    now: int,
    evidence: bool,
    admit: bool = False,
    refresh: bool = False,
) -> Verified:
    """Judge one credential, or with `admit` an admission; only with `refresh` are fetches called."""
    flags = (_EVIDENCE if evidence else 0) | (_ADMISSION if admit else 0) | (_REFRESHING if refresh else 0)
    idle = verifier.idle
    try:
        scratch = idle.pop()
    except IndexError:
        scratch = _Scratch()
    if scratch.result.pointer is None:
        # The interpreter exits, and a finalizer verifies.
        scratch = _Scratch()
    try:
        return scratch.outcome(scratch.ask(verifier, credential, asked, now, flags), evidence)
    finally:
        idle.append(scratch)


def passport_mint(
    seed: bytes, *, expires_at: int, issued_at: int, audiences: Sequence[bytes], id: bytes | None
) -> str:
    """Sign a passport."""
    claims = _Held("attestor_passport_claims")
    claims.struct.expires_at, claims.struct.issued_at = expires_at, issued_at
    if audiences:
        views = claims.keep(ffi.new("attestor_str[]", len(audiences)))
        for view, audience in zip(views, audiences, strict=True):
            claims.view(view, audience)
        claims.struct.audiences, claims.struct.audiences_len = views, len(audiences)
    if id is not None:
        claims.point("id", _TEXT, id)
    return _written(_lib.attestor_passport_mint, claims.struct, seed, len(seed)).decode()


def passport_thumbprint(seed: bytes) -> str:
    """Give the thumbprint of a passport's key."""
    return _written(_lib.attestor_passport_thumbprint, seed, len(seed), room=64).decode()


def possession_message(challenge: bytes, audience: bytes, passport: bytes) -> bytes:
    """Give what the holder of a leaf's key signs."""
    message = ffi.new(_OCTETS, _lib.ATTESTOR_POSSESSION_MESSAGE_LEN)
    parts = (challenge, len(challenge), audience, len(audience), passport, len(passport))
    _configure(_lib.attestor_possession_message, *parts, message)
    return ffi.buffer(message)[:]


def receipt_write(
    after: Head,
    *,
    at: int,
    event: bytes,
    evidence: bytes | None = None,
    host: Mapping[bytes, bytes] | None = None,
    key: bytes | None = None,
) -> bytes:
    """Write one line of a receipt log, without its newline."""
    receipt = _Held("attestor_receipt")
    receipt.struct.seq, receipt.struct.at, receipt.struct.prev = after.seq + 1, at, after.digest
    receipt.point("event", _TEXT, event)
    if evidence is not None:
        receipt.point("evidence", _OCTETS, evidence)
    if host:
        members = receipt.keep(ffi.new("attestor_receipt_field[]", len(host)))
        for member, (name, value) in zip(members, host.items(), strict=True):
            receipt.view(member.name, name)
            receipt.view(member.value, value)
        receipt.struct.host, receipt.struct.host_count = members, len(host)
    if key is not None:
        receipt.point("key", _OCTETS, key)
    return _written(_lib.attestor_receipt_write, receipt.struct)


def receipt_head(line: bytes) -> Head:
    """Check one line of a receipt log, and give the head that it makes."""
    seq = ffi.new("uint64_t *")
    digest = ffi.new(_OCTETS, 32)
    _configure(_lib.attestor_receipt_head, line, len(line), seq, digest)
    return Head(seq[0], ffi.buffer(digest)[:])
