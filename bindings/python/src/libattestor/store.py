"""The bundle cache."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Literal

from . import _callbacks, _lowlevel
from ._arguments import (
    binary,
    choice,
    clock,
    integer,
    lifetime,
    number_of_64_bits,
    octets,
    seconds,
    text,
    wrong_type,
)
from ._closing import Closing
from ._reasons import Reason
from .errors import AttestorError, Misuse
from .feeds import Fetch, callback
from .health import SourceHealth
from .values import RefreshReport, RestoreReport, SlotInfo, Source

__all__ = ["BundleStore", "Format", "RotationGate"]


#: What the rotation gate does about a finding: nothing; take the update and say so; take its removals only.
GateAction = Literal["off", "warn", "hold"]
KeyTables = Literal["off", "auto", "at_load"]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationGate:
    """What is done about updates that look like an attack. `force` of a put takes one all the same."""

    #: `spiffe_sequence` went back.
    rollback: GateAction = "hold"
    #: A known `kid` has another key.
    rekeyed: GateAction = "hold"
    #: Not one key or authority stayed.
    replaced: GateAction = "warn"


class BundleStore(Closing):
    """The public keys of trust domains and issuers; denials. Any number of threads; readers never wait."""

    __slots__ = ()

    def __init__(
        self,
        *,
        gate: RotationGate | None = None,
        cooldown: int = 10,
        key_tables: KeyTables = "auto",
        key_table_bytes: int = 32 << 20,
        ifma: bool = True,
    ) -> None:
        """Begin empty. `cooldown`: least seconds between two fetches for keys that are missing.

        `key_tables`: which keys get tables, by which their signatures are checked faster: those that have
        proven busy, all when they are put, or none. `key_table_bytes` bounds them; 0 does without. Without
        `ifma`, AVX-512 IFMA is not used, whatever the processor has. No verdict depends on these three.
        """
        tables = choice("key_tables", key_tables, _lowlevel.KEY_TABLES, Reason.ARGUMENT_INVALID)
        size = number_of_64_bits("key_table_bytes", key_table_bytes)
        self._handle = _lowlevel.store_new(
            _callbacks.Feeds(),
            _gate(gate),
            _cooldown(cooldown),
            key_tables=tables if size else _lowlevel.KEY_TABLES["off"],
            key_table_bytes=size,
            ifma=ifma,
        )

    def put(
        self,
        trust_domain: str,
        document: bytes | str,
        *,
        format: Format | str = Format.SPIFFE_BUNDLE,
        feed: int = 0,
        force: bool = False,
        max_age: int | None = None,
        permanent: bool = False,
        now: int | None = None,
    ) -> None:
        """Replace the keys of a trust domain by those of a document, whole or not at all.

        `feed` numbers who speaks, `force` takes what the rotation gate would hold. The material ages from
        `now` on (Unix seconds, the system clock if None): `max_age` is for how many seconds its host says
        that it may be kept, `permanent` is for what an operator keeps in files. Raises `Misuse`; the last
        good bundle then stays, less what an update removed that the gate holds.
        """
        self._put(_trust_domain(trust_domain), document, format, feed, force, max_age, permanent, now)

    def put_issuer(
        self,
        issuer: str,
        document: bytes | str,
        *,
        format: Format | str = Format.JWKS,
        feed: int = 0,
        force: bool = False,
        max_age: int | None = None,
        permanent: bool = False,
        now: int | None = None,
    ) -> None:
        """Replace the keys of an issuer of OIDC tokens, named as in the policy; otherwise as `put`.

        The formats are `jwks` and `public_key_pem`.
        """
        self._put(_issuer(issuer), document, format, feed, force, max_age, permanent, now)

    def put_map(
        self,
        document: bytes | str,
        *,
        feed: int = 0,
        force: bool = False,
        max_age: int | None = None,
        permanent: bool = False,
        now: int | None = None,
    ) -> None:
        """Take a SPIFFE bundle map: all that a feed delivers, whole or not at all; otherwise as `put`.

        What the feed filled for trust domains that the map does not name is dropped.
        """
        self._put(_WORLD, document, Format.BUNDLE_MAP, feed, force, max_age, permanent, now)

    def touch(self, trust_domain: str, *, feed: int = 0, now: int | None = None) -> None:
        """Say that nothing is new (HTTP 304, a stream that was opened again): its material is young again.

        Raises `Unavailable` if the feed has put nothing that is still there.
        """
        self._touch(_trust_domain(trust_domain), feed, now)

    def touch_issuer(self, issuer: str, *, feed: int = 0, now: int | None = None) -> None:
        """Likewise of an issuer."""
        self._touch(_issuer(issuer), feed, now)

    def touch_all(self, feed: int, *, now: int | None = None) -> None:
        """Likewise of everything that a feed put."""
        self._touch(_WORLD, feed, now)

    def withdraw(self, feed: int) -> int:
        """Forget at once what a feed put; tells how many sources hold nothing any more."""
        return _lowlevel.store_withdraw(self._open(), number_of_64_bits("feed", feed))

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

    def set_feed(self, source: Source, fetch: Fetch, *, feed: int = 0) -> None:
        """Let `fetch(source, sink)` fetch a source whenever a refresh is due, from the next one on.

        It is called in `refresh`, `refresh_source` and verifications with `refresh=True`, on their thread and
        one at a time for each source; it puts or confirms into the sink. What it raises is a failure of
        this source only. It takes the place of the one there was. `Source.world()` is for bundle maps.
        """
        number = number_of_64_bits("feed", feed)
        _callbacks.set_fetch(self._open(), _named(source), callback(fetch), number)

    def close_feed(self, source: Source) -> None:
        """Fetch a source no more. What was fetched stays, and ages."""
        _lowlevel.store_close_source(self._open(), _named(source))

    def refresh(self, *, now: int | None = None) -> RefreshReport:
        """Fetch everything that is due, one after the other, on this thread.

        Sources that another thread is fetching are left to it. A KeyboardInterrupt, or whatever else is no
        `Exception`, ends it and is raised. Raises `Misuse` from within a fetch of the same store.
        """
        call = _callbacks.Call()
        counts = call.run(partial(_lowlevel.store_refresh, self._open(), clock(now)))
        if isinstance(counts, AttestorError):
            raise counts
        succeeded, failed, busy = counts
        return RefreshReport(succeeded=succeeded, failed=failed, busy=busy, errors=call.errors)

    def refresh_source(self, source: Source, *, now: int | None = None) -> None:
        """Fetch one source, due or not; raises what its fetch raises.

        Raises `Misuse` if another thread is fetching it, it has no fetch, or a put of the fetch was refused.
        """
        call = _callbacks.Call()
        work = partial(_lowlevel.store_refresh_source, self._open(), _named(source), clock(now))
        refused = call.run(work)
        for error in (*call.errors.values(), refused):
            if error is not None:
                raise error

    def next_refresh(self, *, now: int | None = None) -> int | None:
        """Say at which Unix second `refresh` has something to do, in the past if overdue; None for never."""
        return _lowlevel.store_next_refresh(self._open(), clock(now))

    def health(self, source: Source, *, now: int | None = None) -> SourceHealth | None:
        """Say how the feeding of a source is doing; None if it is neither fed nor has a fetch."""
        return _lowlevel.store_health(self._open(), _named(source), clock(now))

    def snapshot(self, *, key: bytes | None = None, unkeyed: bool = False, now: int | None = None) -> bytes:
        """Write down everything that the store holds, for `restore` after a restart.

        `key` is at least 32 bytes: a snapshot that was changed, or made under another key, is then refused.
        `unkeyed` does without, for hosts that keep the file where nobody else can write.
        """
        return _lowlevel.store_snapshot(self._open(), _snapshot_key(key, unkeyed), clock(now))

    def restore(
        self, snapshot: bytes, *, key: bytes | None = None, unkeyed: bool = False, now: int | None = None
    ) -> RestoreReport:
        """Take what a snapshot has and the store has not; it ages on from when it was confirmed.

        Raises `Misuse`, and takes nothing, if it is not one of this key.
        """
        taken = binary("snapshot", snapshot)
        return _lowlevel.store_restore(self._open(), _snapshot_key(key, unkeyed), taken, clock(now))

    def allow_publishing(self, source: Source, allowed: bool = True) -> None:
        """Let `publish` give the keys of a source, or no longer."""
        _lowlevel.store_allow_publishing(self._open(), _named(source), bool(allowed))

    def publish(self, source: Source, format: Format | str, *, now: int | None = None) -> bytes:
        """Write the public keys of a source that `allow_publishing` names; no map and no revocation lists.

        Raises `Misuse`, or `Unavailable` if there are none or they are too old.
        """
        number = choice("format", format, _lowlevel.FORMATS, Reason.FORMAT_UNSUPPORTED)
        return _lowlevel.store_publish(self._open(), _named(source), number, clock(now))

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
        source: _lowlevel.SourceKey,
        document: bytes | str,
        format: Format | str,
        feed: int,
        force: bool,
        max_age: int | None,
        permanent: bool,
        now: int | None,
    ) -> None:
        _lowlevel.store_put(
            self._open(),
            source,
            octets("document", document),
            format=choice("format", format, _lowlevel.FORMATS, Reason.FORMAT_UNSUPPORTED),
            feed=number_of_64_bits("feed", feed),
            force=force,
            max_age=lifetime("max_age", max_age),
            permanent=permanent,
            now=clock(now),
        )

    def _touch(self, source: _lowlevel.SourceKey, feed: int, now: int | None) -> None:
        _lowlevel.store_touch(self._open(), source, number_of_64_bits("feed", feed), clock(now))

    def _info(self, source: _lowlevel.SourceKey, slot: str) -> SlotInfo | None:
        number = choice("slot", slot, _lowlevel.SLOTS, Reason.ARGUMENT_INVALID)
        return _lowlevel.store_info(self._open(), source, number)


def _trust_domain(name: object) -> _lowlevel.SourceKey:
    return _lowlevel.SourceKey(_lowlevel.TRUST_DOMAIN, text("trust_domain", name))


#: All trust domains of a feed.
_WORLD = _lowlevel.SourceKey(_lowlevel.TRUST_DOMAIN, b"")


def _named(source: object) -> _lowlevel.SourceKey:
    if not isinstance(source, Source):
        raise wrong_type("source", "Source", source)
    kind = choice("source.kind", source.kind, _lowlevel.SOURCE_KINDS, Reason.ARGUMENT_INVALID)
    return _lowlevel.SourceKey(kind, text("source.name", source.name))


def _issuer(name: object) -> _lowlevel.SourceKey:
    return _lowlevel.SourceKey(_lowlevel.ISSUER, text("issuer", name))


def _denial(kind: object, field: object, value: object, source: object) -> _lowlevel.Denial:
    return _lowlevel.Denial(
        choice("kind", kind, _lowlevel.DENY_KINDS, Reason.ARGUMENT_INVALID),
        text("source", source),
        choice("field", field, _lowlevel.DENY_FIELDS, Reason.ARGUMENT_INVALID),
        text("value", value),
    )


def _gate(gate: RotationGate | None) -> dict[str, int]:
    if not isinstance(gate, (RotationGate, type(None))):
        raise wrong_type("gate", "RotationGate", gate)
    gate = gate or RotationGate()
    actions = {"rollback": gate.rollback, "rekeyed": gate.rekeyed, "replaced": gate.replaced}
    return {
        finding: choice(f"gate.{finding}", action, _lowlevel.GATE_ACTIONS, Reason.ARGUMENT_INVALID)
        for finding, action in actions.items()
    }


def _cooldown(cooldown: object) -> int:
    number = integer("cooldown", cooldown)
    if not 0 < number < 2**32:
        raise Misuse(Reason.ARGUMENT_INVALID, "cooldown: must be a positive 32-bit integer")
    return number


def _snapshot_key(key: bytes | None, unkeyed: bool) -> bytes | None:
    if (key is None) != bool(unkeyed):
        raise Misuse(Reason.ARGUMENT_INVALID, "key: give one, or say unkeyed=True")
    if key is None:
        return None
    # To the ABI an empty key is none.
    if not (secret := binary("key", key)):
        raise Misuse(Reason.ARGUMENT_INVALID, "key: must not be empty")
    return secret
