"""The C ABI, and the only file that touches ffi: handles and bytes in, plain values or exceptions out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ._ffi import ffi
from ._reasons import Reason
from .errors import AttestorError, Denied, Misuse, Unavailable
from .values import SlotInfo, Verified

if TYPE_CHECKING:
    from ._ffi import CData


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
_LOCAL: Final = _lib.ATTESTOR_LOCAL
_verify: Final = _lib.attestor_verify
_clear: Final = _lib.attestor_result_clear
_unpack: Final = ffi.unpack
_OCTETS: Final = ffi.typeof("uint8_t[]")
_TEXT: Final = ffi.typeof("char[]")
_REASONS: Final = {reason.value: reason for reason in Reason}
_REJECTIONS: Final = {_lib.ATTESTOR_CLASS_DENY: Denied, _lib.ATTESTOR_CLASS_UNAVAILABLE: Unavailable}

VERSION: Final = ffi.string(_lib.attestor_version_string()).decode()
FORMATS: Final = {
    "spiffe_bundle": _lib.ATTESTOR_FORMAT_SPIFFE_BUNDLE,
    "workload_api_jwks": _lib.ATTESTOR_FORMAT_WORKLOAD_API_JWKS,
    "jwks": _lib.ATTESTOR_FORMAT_JWKS,
    "public_key_pem": _lib.ATTESTOR_FORMAT_PUBLIC_KEY_PEM,
    "x509_pem": _lib.ATTESTOR_FORMAT_X509_PEM,
    "x509_der": _lib.ATTESTOR_FORMAT_X509_DER,
}
SLOTS: Final = {"jwt": _lib.ATTESTOR_SLOT_JWT, "x509": _lib.ATTESTOR_SLOT_X509}
TRUST_DOMAIN: Final = _lib.ATTESTOR_SOURCE_TRUST_DOMAIN
ISSUER: Final = _lib.ATTESTOR_SOURCE_ISSUER


class Source(NamedTuple):
    """Whose keys: an issuer named like a trust domain is another source."""

    kind: int
    name: bytes


class Handle:
    """Owns what the library made, until its last user lets go.

    Not `ffi.gc`: in a garbage cycle that would leave a freed pointer within reach of other finalizers.
    """

    __slots__ = ("_free", "pointer")

    def __init__(self, pointer: CData, free: Callable[[CData], None]) -> None:
        self.pointer: CData | None = pointer
        self._free = free

    def __del__(self) -> None:
        pointer, self.pointer = self.pointer, None
        if pointer is not None:
            self._free(pointer)


def _sized(struct: str) -> CData:
    """Make a structure that says its own size, all else zero."""
    return ffi.new(f"{struct} *", {"struct_size": ffi.sizeof(struct)})


def _error(
    status: int, detail: str = "", judged: _Scratch | None = None, evidence: bool = False
) -> AttestorError:
    """Turn a status into its exception; every refusal of the library goes through here."""
    reason = _REASONS.get(status)
    kind = _REJECTIONS.get(_lib.attestor_status_class(status))
    if reason is None or kind is None:
        return Misuse(reason or Reason.INTERNAL_ERROR, detail)
    if judged is None:
        return kind(reason)
    return kind(reason, judged.authenticated(), judged.attestor_id(), judged.evidence() if evidence else None)


def _configure(function: Any, *arguments: object) -> None:
    """Make a call that takes an `attestor_error` last, and raise what it reports."""
    error = _sized("attestor_error")
    status = function(*arguments, error)
    if status != _OK:
        raise _error(status, ffi.string(error.detail).decode("utf-8", "replace"))


def store_new() -> Handle:
    """Make an empty store."""
    out = ffi.new("attestor_store **")
    _configure(_lib.attestor_store_new, ffi.NULL, out)
    return Handle(out[0], _lib.attestor_store_free)


def store_put(
    store: Handle, source: Source, document: bytes, *, format: int, feed: int, force: bool, now: int
) -> None:
    """Put the keys of a source."""
    options = _sized("attestor_put_options")
    options.feed = feed
    options.flags = _lib.ATTESTOR_PUT_FORCE if force else 0
    kind, name = source
    arguments = (kind, name, len(name), format, document, len(document), options, now)
    _configure(_lib.attestor_store_put, store.pointer, *arguments)


def store_remove(store: Handle, source: Source) -> None:
    """Forget a source."""
    kind, name = source
    _configure(_lib.attestor_store_remove, store.pointer, kind, name, len(name))


def store_info(store: Handle, source: Source, slot: int) -> SlotInfo | None:
    """Describe a slot; None if nothing has filled it."""
    info = _sized("attestor_slot_info")
    kind, name = source
    try:
        _configure(_lib.attestor_store_info, store.pointer, kind, name, len(name), slot, info)
    except Unavailable:
        return None
    counts = {index: count for index, count in enumerate(info.skipped) if count}
    return SlotInfo(
        generation=info.generation,
        feed=info.feed,
        confirmed_at=info.confirmed_at,
        sequence=info.sequence if info.flags & _lib.ATTESTOR_SLOT_HAS_SEQUENCE else None,
        refresh_hint=info.refresh_hint if info.flags & _lib.ATTESTOR_SLOT_HAS_REFRESH_HINT else None,
        entries=info.entries,
        digest=bytes(info.digest).hex(),
        skipped={ffi.string(_lib.attestor_skip_slug(index)).decode(): n for index, n in counts.items()},
    )


def verifier_new(store: Handle, policy: bytes) -> Handle:
    """Make a verifier, which holds its own reference to the store."""
    out = ffi.new("attestor_verifier **")
    _configure(_lib.attestor_verifier_new, store.pointer, policy, len(policy), ffi.NULL, out)
    return Handle(out[0], _lib.attestor_verifier_free)


def verifier_set_policy(verifier: Handle, policy: bytes) -> None:
    """Swap the policy of a verifier."""
    _configure(_lib.attestor_verifier_set_policy, verifier.pointer, policy, len(policy))


class _Scratch:
    """What one verification works in, allocated once and reused."""

    def __init__(self) -> None:
        out = ffi.new("attestor_result **")
        _configure(_lib.attestor_result_new, out)
        self.result = Handle(out[0], _lib.attestor_result_free)
        self.request = _sized("attestor_request")
        self.request_bytes = ffi.buffer(self.request)
        self.blank_request = self.request_bytes[:]
        self.summary = summary = _sized("attestor_summary")
        # Views into the summary, whatever it holds.
        self.identity = summary.identity
        self.trust_domain = summary.trust_domain
        self.issuer = summary.issuer
        self.judged_by = summary.attestor_id
        self.thumbprint = summary.key_thumbprint

    def judge(
        self,
        verifier: Handle,
        credential: bytes,
        now: int,
        attestor: bytes | None,
        nonce: bytes | None,
        max_age: int | None,
        access_token: bytes | None,
    ) -> int:
        """Make the one crossing and give its status."""
        request = self.request
        held = ffi.from_buffer(_OCTETS, credential)
        request.now = now
        request.credential = held
        request.credential_len = len(credential)
        if attestor is not None:
            forced = ffi.from_buffer(_TEXT, attestor)
            request.attestor_id = forced
            request.attestor_id_len = len(attestor)
        if nonce is not None:
            expected = ffi.from_buffer(_TEXT, nonce)
            request.nonce = expected
            request.nonce_len = len(nonce)
        if max_age is not None:
            request.max_age_secs = max_age
        if access_token is not None:
            beside = ffi.from_buffer(_OCTETS, access_token)
            request.access_token = beside
            request.access_token_len = len(access_token)
        status: int = _verify(verifier.pointer, request, self.result.pointer, self.summary, ffi.NULL)
        return status

    def forget(self) -> None:
        """Keep no pointer into the caller's memory, and nothing of the credential or the request."""
        _clear(self.result.pointer)
        self.request_bytes[:] = self.blank_request

    def verified(self, evidence: bool) -> Verified:
        """Copy an allow out."""
        return Verified(
            identity=_text(self.identity),
            trust_domain=_text_or_none(self.trust_domain),
            issuer=_text_or_none(self.issuer),
            is_local=self.summary.flags & _LOCAL != 0,
            attestor_id=_text(self.judged_by),
            expires_at=self.summary.expires_at,
            key_thumbprint=_text(self.thumbprint),
            evidence=self.evidence() if evidence else None,
        )

    def authenticated(self) -> bool:
        """Tell whether the signature was verified."""
        return bool(self.summary.flags & _lib.ATTESTOR_AUTHENTICATED)

    def attestor_id(self) -> str | None:
        """Name the attestor that judged, if one did."""
        return _text_or_none(self.judged_by)

    def evidence(self) -> bytes:
        """Copy the evidence of the verdict out."""
        length = ffi.new("size_t *", 1024)
        status = _lib.ATTESTOR_BUFFER_TOO_SMALL
        while status == _lib.ATTESTOR_BUFFER_TOO_SMALL:
            room = length[0]
            buffer = ffi.new(_OCTETS, room)
            status = _lib.attestor_result_evidence(self.result.pointer, buffer, room, length, ffi.NULL)
        if status != _OK:
            raise _error(status)
        return ffi.buffer(buffer, length[0])[:]


def _text(view: Any) -> str:
    text: str = _unpack(view.ptr, view.len).decode()
    return text


def _text_or_none(view: Any) -> str | None:
    return _text(view) if view.ptr else None


class _Idle(threading.local):
    """The scratches that no call of this thread is using.

    A call takes one out: a signal handler or finalizer that verifies in the middle of it gets another, and a
    forked child, which drops what the parent's other threads had here, never frees one in use.
    """

    def __init__(self) -> None:
        self.scratches: list[_Scratch] = []

    def take(self) -> _Scratch:
        """Give one that is alive: when the interpreter exits, a finalizer may find what is already freed."""
        while self.scratches:
            scratch = self.scratches.pop()
            if scratch.result.pointer is not None:
                return scratch
        return _Scratch()


_idle: Final = _Idle()


def verify(
    verifier: Handle,
    credential: bytes,
    *,
    now: int,
    attestor: bytes | None,
    nonce: bytes | None,
    max_age: int | None,
    access_token: bytes | None,
    evidence: bool,
) -> Verified:
    """Judge one credential."""
    scratch = _idle.take()
    try:
        status = scratch.judge(verifier, credential, now, attestor, nonce, max_age, access_token)
        if status == _OK:
            return scratch.verified(evidence)
        raise _error(status, judged=scratch, evidence=evidence)
    finally:
        scratch.forget()
        _idle.scratches.append(scratch)
