"""What `attestor_ask` writes: a head of numbers and texts behind it. Most is read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Final

from ._ffi import ffi
from ._reasons import Reason
from .values import CredentialKind, Shadow

_constant: Final = ffi.integer_const
_OK: Final = _constant("ATTESTOR_OK")
_SHADOWED: Final = _constant("ATTESTOR_SHADOWED")
_ATTESTOR_ID: Final = _constant("ATTESTOR_TEXT_ATTESTOR_ID")
_POLICIES: Final = _constant("ATTESTOR_TEXT_POLICIES")
_KINDS: Final = {
    _constant("ATTESTOR_CREDENTIAL_JWT_SVID"): CredentialKind.JWT_SVID,
    _constant("ATTESTOR_CREDENTIAL_X509_SVID"): CredentialKind.X509_SVID,
    _constant("ATTESTOR_CREDENTIAL_OIDC"): CredentialKind.OIDC,
    _constant("ATTESTOR_CREDENTIAL_PASSPORT"): CredentialKind.PASSPORT,
}
REASONS: Final = {reason.value: reason for reason in Reason}
#: The members of `attestor_answer`.
head: Final = Struct("@IiiIqIiIIII").unpack_from
#: What is read of every allow: size, code, class, expiry, where the texts begin, and where the first ends.
#: That stands right behind the head, which is no longer than above in the library of this package.
allow: Final = Struct("@Iii4xq20xII").unpack_from
_kind: Final = Struct("@24xI").unpack_from
_policies: Final = Struct("@32xI").unpack_from
_places: Final = Struct("@40xII").unpack_from
_two_ends: Final = Struct("@II").unpack_from


def reason(status: int) -> Reason | None:
    """Give what a status says; None is an allow."""
    return None if status == _OK else REASONS.get(status, Reason.INTERNAL_ERROR)


def shadow(answer: bytes) -> Shadow | None:
    """Give what the shadow policy would have said, if there is one."""
    _, _, _, flags, _, _, status, *_ = head(answer)
    return Shadow(reason(status)) if flags & _SHADOWED else None


def attestor_id(answer: bytes) -> str | None:
    """Give the attestor that judged, of a refusal too; None if routing found none."""
    return _text(answer, _ATTESTOR_ID).decode() or None


def evidence(answer: bytes) -> bytes | None:
    """Give the evidence; None if the question did not ask for it."""
    return _text(answer, _POLICIES + _policies(answer)[0]) or None


def _granted(answer: bytes) -> tuple[str, ...]:
    return tuple([_text(answer, _POLICIES + at).decode() for at in range(_policies(answer)[0])])


def _text(answer: bytes, index: int) -> bytes:
    """Cut out a text that is not the first. A NUL stands before it, and may be in it, too."""
    ends_at, start = _places(answer)
    before, end = _two_ends(answer, ends_at + 4 * index - 4)
    return answer[start + before + 1 : start + end]


def _present(name: str) -> Callable[[bytes], str]:
    index = _constant(f"ATTESTOR_TEXT_{name}")
    return lambda answer: _text(answer, index).decode()


def _optional(name: str) -> Callable[[bytes], str | None]:
    index = _constant(f"ATTESTOR_TEXT_{name}")
    return lambda answer: _text(answer, index).decode() or None


def _flag(name: str) -> Callable[[bytes], bool]:
    bit = _constant(f"ATTESTOR_{name}")
    return lambda answer: head(answer)[3] & bit != 0


_READERS: Final[dict[str, Callable[[bytes], object]]] = {
    "kind": lambda answer: _KINDS[_kind(answer)[0]],
    "subject": _present("SUBJECT"),
    "trust_domain": _optional("TRUST_DOMAIN"),
    "issuer": _optional("ISSUER"),
    "is_local": _flag("LOCAL"),
    "attestor_id": _present("ATTESTOR_ID"),
    "key_thumbprint": _present("KEY_THUMBPRINT"),
    "internal_identity": _optional("INTERNAL_IDENTITY"),
    "policies": _granted,
    "passport_thumbprint": _optional("PASSPORT_THUMBPRINT"),
    "shadow": shadow,
    "bundle_due": _flag("BUNDLE_DUE"),
    "from_cache": _flag("FROM_CACHE"),
    "evidence": evidence,
}


class Told:
    """Has an answer, and reads a value in it when that is first asked for: most hosts look at few."""

    __slots__ = ("_answer",)

    _answer: bytes

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            """Only what has no value yet is looked for here."""
            read = _READERS.get(name)
            if read is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            value = read(self._answer)
            object.__setattr__(self, name, value)
            return value
