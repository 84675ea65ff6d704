"""The bundle cache."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from . import _lowlevel
from ._arguments import choice, clock, integer, octets, seconds, text
from ._closing import Closing
from ._reasons import Reason
from .errors import Misuse
from .values import SlotInfo

__all__ = ["BundleStore", "Format"]


#: Whose credentials a denial is about: SVIDs, tokens of issuers, passports alone.
DenyKind = Literal["trust_domain", "issuer", "native"]
#: What a denial's value is compared with.
DenyField = Literal["sub", "jti", "kid", "key_thumbprint", "x509_serial", "spki_sha256", "pod_uid"]


class Format(str, Enum):
    """How a bundle document is to be read; never guessed."""

    #: A SPIFFE bundle document: each entry's `use` decides.
    SPIFFE_BUNDLE = "spiffe_bundle"
    #: A JWT bundle as the Workload API gives it.
    WORKLOAD_API_JWKS = "workload_api_jwks"
    #: A plain key set, of an issuer or a trust domain.
    JWKS = "jwks"
    #: PEM `PUBLIC KEY` blocks, of an issuer or a trust domain; the `kid` of each is its thumbprint.
    PUBLIC_KEY_PEM = "public_key_pem"
    #: PEM `CERTIFICATE` blocks: X.509 authorities.
    X509_PEM = "x509_pem"
    #: DER certificates one after the other: X.509 authorities.
    X509_DER = "x509_der"
    #: The SPIFFE bundles of all trust domains of a feed; see `BundleStore.put_map`.
    BUNDLE_MAP = "bundle_map"
    #: DER revocation lists one after the other, of a trust domain's authorities; an empty document clears.
    X509_CRL = "x509_crl"


class BundleStore(Closing):
    """The public keys of trust domains and issuers; denials. Any number of threads; readers never wait."""

    __slots__ = ()

    def __init__(self) -> None:
        self._handle = _lowlevel.store_new()

    def put(
        self,
        trust_domain: str,
        document: bytes | str,
        *,
        format: Format | str = Format.SPIFFE_BUNDLE,
        feed: int = 0,
        force: bool = False,
        now: int | None = None,
    ) -> None:
        """Replace the keys of a trust domain by those of a document, whole or not at all.

        `feed` numbers who speaks, `force` takes a document whose sequence went back, `now` is Unix seconds
        (the system clock if None). Raises `Misuse`; the last good bundle then stays.
        """
        self._put(_trust_domain(trust_domain), document, format, feed, force, now)

    def put_issuer(
        self,
        issuer: str,
        document: bytes | str,
        *,
        format: Format | str = Format.JWKS,
        feed: int = 0,
        force: bool = False,
        now: int | None = None,
    ) -> None:
        """Replace the keys of an issuer of OIDC tokens, named as in the policy; otherwise as `put`.

        The formats are `jwks` and `public_key_pem`.
        """
        self._put(_issuer(issuer), document, format, feed, force, now)

    def put_map(
        self, document: bytes | str, *, feed: int = 0, force: bool = False, now: int | None = None
    ) -> None:
        """Take a SPIFFE bundle map: all that a feed delivers, whole or not at all; otherwise as `put`.

        What the feed filled for trust domains that the map does not name is dropped.
        """
        everybody = _lowlevel.Source(_lowlevel.TRUST_DOMAIN, b"")
        self._put(everybody, document, Format.BUNDLE_MAP, feed, force, now)

    def remove(self, trust_domain: str) -> None:
        """Forget a trust domain at once; an unknown one is fine."""
        _lowlevel.store_remove(self._open(), _trust_domain(trust_domain))

    def remove_issuer(self, issuer: str) -> None:
        """Forget an issuer at once; an unknown one is fine."""
        _lowlevel.store_remove(self._open(), _issuer(issuer))

    def info(self, trust_domain: str, slot: Literal["jwt", "x509", "crl"] = "jwt") -> SlotInfo | None:
        """Say what is known of a slot; None if nothing has filled it."""
        return self._info(_trust_domain(trust_domain), slot)

    def issuer_info(self, issuer: str) -> SlotInfo | None:
        """Say what is known of an issuer's keys; None if nothing has fed them."""
        return self._info(_issuer(issuer), "jwt")

    def deny(
        self,
        kind: DenyKind,
        field: DenyField,
        value: str,
        *,
        source: str = "*",
        expires_at: int | None = None,
        now: int | None = None,
    ) -> None:
        """Deny what carries a value, whatever the policy says, from the next verification on.

        `kind` says whose credentials, `source` which trust domain or issuer (`*`: all of the kind), `value`
        is compared byte for byte: an `x509_serial` is lower-case hexadecimal without leading zeros, of one
        issuer only if `@` and the SHA-256 of the issuer's DER name follow; an `spki_sha256` is lower-case
        hexadecimal. `expires_at` is in Unix seconds, None for never. Denying again replaces it. Raises
        `Misuse`.
        """
        until = 0 if expires_at is None else seconds("expires_at", expires_at)
        _lowlevel.store_deny(self._open(), _denial(kind, field, value, source), until, clock(now))

    def lift(self, kind: DenyKind, field: DenyField, value: str, *, source: str = "*") -> bool:
        """Take back what `deny` put in; tells whether it was there."""
        return _lowlevel.store_lift(self._open(), _denial(kind, field, value, source))

    def clear_denials(self) -> None:
        """Take back everything that `deny` put in."""
        _lowlevel.store_clear_denials(self._open())

    @property
    def denials(self) -> int:
        """How many denials there are; expired ones count until their room is needed."""
        return _lowlevel.store_denials(self._open())

    def _put(
        self,
        source: _lowlevel.Source,
        document: bytes | str,
        format: Format | str,
        feed: int,
        force: bool,
        now: int | None,
    ) -> None:
        _lowlevel.store_put(
            self._open(),
            source,
            octets("document", document),
            format=choice("format", format, _lowlevel.FORMATS, Reason.FORMAT_UNSUPPORTED),
            feed=_feed(feed),
            force=force,
            now=clock(now),
        )

    def _info(self, source: _lowlevel.Source, slot: str) -> SlotInfo | None:
        number = choice("slot", slot, _lowlevel.SLOTS, Reason.ARGUMENT_INVALID)
        return _lowlevel.store_info(self._open(), source, number)


def _trust_domain(name: object) -> _lowlevel.Source:
    return _lowlevel.Source(_lowlevel.TRUST_DOMAIN, text("trust_domain", name))


def _issuer(name: object) -> _lowlevel.Source:
    return _lowlevel.Source(_lowlevel.ISSUER, text("issuer", name))


def _denial(kind: object, field: object, value: object, source: object) -> _lowlevel.Denial:
    return _lowlevel.Denial(
        choice("kind", kind, _lowlevel.DENY_KINDS, Reason.ARGUMENT_INVALID),
        text("source", source),
        choice("field", field, _lowlevel.DENY_FIELDS, Reason.ARGUMENT_INVALID),
        text("value", value),
    )


def _feed(feed: object) -> int:
    number = integer("feed", feed)
    if not 0 <= number < 2**64:
        raise Misuse(Reason.ARGUMENT_INVALID, "feed: must be an unsigned 64-bit integer")
    return number
