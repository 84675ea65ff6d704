"""X.509 certificates and revocation lists, written out so that each can be got wrong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from .corpus import NOW, SUB
from .curves import CURVES
from .encoding import uint
from .keys import EcKey, EdKey, Key, RsaKey, spki
from .rsa import OIDS, Pss, digest, digest_info, fixed_salt, pkcs1

BOOLEAN, INTEGER, BITS, OCTETS, NULL = 0x01, 0x02, 0x03, 0x04, 0x05
OID, ENUMERATED, UTF8, SEQUENCE, SET, UTC_TIME, GENERALIZED = (
    0x06,
    0x0A,
    0x0C,
    0x30,
    0x31,
    0x17,
    0x18,
)
EMAIL, DNS, DIRECTORY, URI, IP = 0x81, 0x82, 0xA4, 0x86, 0x87
SERVER, CLIENT, CODE_SIGNING = (f"1.3.6.1.5.5.7.3.{n}" for n in (1, 2, 3))
ANY_USAGE: Final = "2.5.29.37.0"
PRIVATE_EXTENSION: Final = "1.3.6.1.4.1.55555.1"
FOREVER: Final = b"99991231235959Z"
DIGITAL, KEY_ENCIPHERMENT, AGREEMENT, CERT_SIGN, CRL_SIGN = 0, 2, 4, 5, 6


# --- DER ----------------------------------------------------------------------


def tlv(tag: int, *contents: bytes) -> bytes:
    """Encode one value."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = uint(length)
    return bytes([tag, 0x80 | len(size)]) + size + content


def sequence(*contents: bytes) -> bytes:
    """Encode a SEQUENCE."""
    return tlv(SEQUENCE, *contents)


def integer(value: int) -> bytes:
    """Encode an INTEGER that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text: str) -> bytes:
    """Encode an OBJECT IDENTIFIER."""
    first, second, *rest = (int(part) for part in text.split("."))
    content = b""
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return tlv(OID, content)


def bits(content: bytes, unused: int = 0) -> bytes:
    """Encode a BIT STRING."""
    return tlv(BITS, bytes([unused]), content)


def boolean(value: bool) -> bytes:
    """Encode a BOOLEAN."""
    return tlv(BOOLEAN, b"\xff" if value else b"\x00")


def time(value: int | bytes) -> bytes:
    """Encode a Time; bytes are the contents of a GeneralizedTime as they stand."""
    if isinstance(value, bytes):
        return tlv(GENERALIZED, value)
    moment = datetime.fromtimestamp(value, UTC)
    if moment.year < 2050:
        return tlv(UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(GENERALIZED, moment.strftime("%Y%m%d%H%M%SZ").encode())


def name(text: str) -> bytes:
    """Encode a Name of one common name; no text is the empty Name."""
    if not text:
        return sequence()
    attribute = sequence(oid("2.5.4.3"), tlv(UTF8, text.encode()))
    return sequence(tlv(SET, attribute))


# --- keys and signatures --------------------------------------------------------


def ec_key(label: str, curve: str = "P-256") -> EcKey:
    """Derive a test-only key from a label."""
    seed = b"".join(
        hashlib.sha512(f"conformance corpus {label} {n}".encode()).digest()
        for n in range(2)
    )
    return EcKey(label, curve, int.from_bytes(seed, "big") % (CURVES[curve].n - 1) + 1)


def key_info(key: Key) -> bytes:
    """Give the SubjectPublicKeyInfo of a key."""
    return spki(key)[1]


def key_id(info: bytes) -> bytes:
    """Give a key identifier: any would do."""
    return hashlib.sha256(info).digest()[:20]


def algorithm(key: Key, hashed: str, *, pss: bool = False) -> bytes:
    """Give the AlgorithmIdentifier of a signature."""
    if isinstance(key, EdKey):
        return sequence(oid("1.3.101.112"))
    if isinstance(key, EcKey):
        arcs = {"sha1": "1", "sha256": "3.2", "sha384": "3.3", "sha512": "3.4"}
        return sequence(oid(f"1.2.840.10045.4.{arcs[hashed]}"))
    if pss:
        inner = sequence(OIDS[hashed], tlv(NULL))
        mask = sequence(oid("1.2.840.113549.1.1.8"), inner)
        salt = integer(len(digest(hashed, b"")))
        parameters = sequence(tlv(0xA0, inner), tlv(0xA1, mask), tlv(0xA2, salt))
        return sequence(oid("1.2.840.113549.1.1.10"), parameters)
    arcs = {"md5": 4, "sha1": 5, "sha256": 11, "sha384": 12, "sha512": 13}
    return sequence(oid(f"1.2.840.113549.1.1.{arcs[hashed]}"), tlv(NULL))


def sign(key: Key, message: bytes, hashed: str, *, pss: bool = False) -> bytes:
    """Sign as certificates do, with nothing left to chance."""
    if isinstance(key, EdKey):
        return key.sign(message, "EdDSA")
    if isinstance(key, EcKey):
        chosen = {
            "sha1": hashes.SHA1(),
            "sha256": hashes.SHA256(),
            "sha384": hashes.SHA384(),
            "sha512": hashes.SHA512(),
        }[hashed]
        scheme = ec.ECDSA(chosen, deterministic_signing=True)
        return key.private_key.sign(message, scheme)
    if pss:
        salt = fixed_salt(len(digest(hashed, b"")))
        encoded = Pss(hashed, hashed, salt).encode(message, key.numbers.n.bit_length())
        return key.numbers.raw(encoded)
    info = digest_info(hashed, digest(hashed, message))
    return key.numbers.raw(pkcs1(key.numbers.size, info))


def usual_hash(key: Key) -> str:
    """Give the hash that usually goes with a key."""
    sizes = {"P-384": "sha384", "P-521": "sha512"}
    return sizes.get(key.curve, "sha256") if isinstance(key, EcKey) else "sha256"


# --- extensions -----------------------------------------------------------------


def extension(id: str, value: bytes, *, critical: bool = False) -> bytes:
    """Encode an Extension."""
    flag = boolean(True) if critical else b""
    return sequence(oid(id), flag, tlv(OCTETS, value))


def basic(
    ca: bool = False, path_len: int | None = None, *, critical: bool = True
) -> bytes:
    """Constrain to being a CA or none; none is the default and so not written."""
    flag = boolean(True) if ca else b""
    length = b"" if path_len is None else integer(path_len)
    return extension("2.5.29.19", sequence(flag, length), critical=critical)


def usage(*positions: int, critical: bool = True) -> bytes:
    """Allow these uses of the key, by the positions of RFC 5280."""
    size = max(positions) // 8 + 1
    value = sum(1 << (8 * size - 1 - position) for position in positions)
    unused = 8 * size - 1 - max(positions)
    return extension("2.5.29.15", bits(uint(value, size), unused), critical=critical)


def extended(*ids: str, critical: bool = False) -> bytes:
    """Give an extended key usage."""
    return extension("2.5.29.37", sequence(*map(oid, ids)), critical=critical)


def alternative(*names: bytes, critical: bool = False) -> bytes:
    """Give subject alternative names."""
    return extension("2.5.29.17", sequence(*names), critical=critical)


def constraints(
    permitted: tuple[bytes, ...] = (),
    excluded: tuple[bytes, ...] = (),
    *,
    critical: bool = True,
) -> bytes:
    """Constrain the names that may be issued."""
    lists = [
        tlv(tag, *map(sequence, names))
        for tag, names in ((0xA0, permitted), (0xA1, excluded))
        if names
    ]
    return extension("2.5.29.30", sequence(*lists), critical=critical)


def subject_key_id(info: bytes) -> bytes:
    """Name the certificate's own key."""
    return extension("2.5.29.14", tlv(OCTETS, key_id(info)))


def authority_key_id(info: bytes) -> bytes:
    """Name the issuer's key."""
    return extension("2.5.29.35", sequence(tlv(0x80, key_id(info))))


def uri(text: str | bytes) -> bytes:
    """Give a URI as a GeneralName; bytes may be no IA5String."""
    return tlv(URI, text if isinstance(text, bytes) else text.encode())


def dns(text: str) -> bytes:
    """Give a DNS name as a GeneralName."""
    return tlv(DNS, text.encode())


# --- certificates ---------------------------------------------------------------


@dataclass(frozen=True)
class Certificate:
    """A certificate to be; `replace` changes what shall differ."""

    subject: str
    key: Key
    issuer: str
    signer: Key
    extensions: tuple[bytes, ...] = ()
    serial: int = 0x1001
    not_before: int | bytes = NOW - 3600
    not_after: int | bytes = NOW + 3600
    version: int = 2
    hash: str = ""
    pss: bool = False
    info: bytes = b""
    inner: bytes = b""
    outer: bytes = b""
    validity: bytes = b""

    @property
    def der(self) -> bytes:
        """Sign it."""
        hashed = self.hash or usual_hash(self.signer)
        usual = algorithm(self.signer, hashed, pss=self.pss)
        extensions = tlv(0xA3, sequence(*self.extensions)) if self.extensions else b""
        body = sequence(
            tlv(0xA0, integer(self.version)) if self.version else b"",
            integer(self.serial),
            self.inner or usual,
            name(self.issuer),
            self.validity or sequence(time(self.not_before), time(self.not_after)),
            name(self.subject),
            self.info or key_info(self.key),
            extensions,
        )
        signature = sign(self.signer, body, hashed, pss=self.pss)
        return sequence(body, self.outer or usual, bits(signature))


@dataclass(frozen=True)
class Ca:
    """Whoever issues: a name, a key, and the certificate that says so."""

    certificate: Certificate

    @property
    def der(self) -> bytes:
        """Give the CA's own certificate."""
        return self.certificate.der

    @property
    def key(self) -> Key:
        """Give the CA's key."""
        return self.certificate.key

    def leaf(
        self, *names: bytes, key: Key | None = None, **changes: object
    ) -> Certificate:
        """Issue a workload's certificate as SPIRE does, some of it changed.

        `names` are the alternative names, by default the one SPIFFE ID; `without` and
        `plus` change the extensions by object identifier and by whole extension.
        """
        holder = key or ec_key("x509 workload")
        info = key_info(holder)
        usual = {
            "usage": usage(DIGITAL, KEY_ENCIPHERMENT, AGREEMENT),
            "extended": extended(SERVER, CLIENT),
            "basic": basic(),
            "subject_key_id": subject_key_id(info),
            "authority_key_id": authority_key_id(key_info(self.key)),
            "names": alternative(*(names or (uri(SUB),))),
        }
        plain = Certificate(
            "workload", holder, self.certificate.subject, self.key, tuple()
        )
        return changed(plain, usual, changes)

    def ca(self, label: str, key: Key | None = None, **changes: object) -> Ca:
        """Issue the certificate of an intermediate CA."""
        holder = key or ec_key(f"x509 {label}")
        plain = Certificate(
            label, holder, self.certificate.subject, self.key, serial=0x2001
        )
        usual = authority_extensions(holder, self.key)
        return Ca(changed(plain, usual, changes))


def root(label: str, key: Key | None = None, **changes: object) -> Ca:
    """Make a self-signed CA."""
    holder = key or ec_key(f"x509 {label}")
    plain = Certificate(label, holder, label, holder, serial=0x3001)
    return Ca(changed(plain, authority_extensions(holder, None), changes))


def authority_extensions(key: Key, issuer: Key | None) -> dict[str, bytes]:
    """Give the extensions of a CA."""
    usual = {
        "usage": usage(CERT_SIGN, CRL_SIGN),
        "basic": basic(True),
        "subject_key_id": subject_key_id(key_info(key)),
    }
    if issuer is not None:
        usual["authority_key_id"] = authority_key_id(key_info(issuer))
    return usual


def changed(
    plain: Certificate, usual: dict[str, bytes], changes: dict[str, object]
) -> Certificate:
    """Change extensions by name (None removes one, `plus` adds some), else fields."""
    extensions: dict[str, object] = {**usual}
    plus = changes.pop("plus", ())
    for what in [what for what in changes if what in usual]:
        extensions[what] = changes.pop(what)
    kept = [value for value in extensions.values() if value is not None]
    return replace(plain, extensions=(*kept, *plus), **changes)


# --- revocation lists -----------------------------------------------------------


def revocation_list(
    issuer: Ca,
    *serials: int,
    this_update: int = NOW - 600,
    next_update: int = NOW + 600,
    signer: Key | None = None,
    subject: str | None = None,
    number: int = 1,
) -> bytes:
    """Revoke these serial numbers; `signer` and `subject` pretend."""
    key = signer or issuer.key
    hashed = usual_hash(key)
    used = algorithm(key, hashed)
    entries = [sequence(integer(serial), time(this_update)) for serial in serials]
    own = sequence(
        authority_key_id(key_info(issuer.key)),
        extension("2.5.29.20", integer(number)),
    )
    body = sequence(
        integer(1),
        used,
        name(issuer.certificate.subject if subject is None else subject),
        time(this_update),
        time(next_update),
        sequence(*entries) if entries else b"",
        tlv(0xA0, own),
    )
    return sequence(body, used, bits(sign(key, body, hashed)))


# --- possession -----------------------------------------------------------------


def possession_message(challenge: bytes, audience: str, passport: bytes = b"") -> bytes:
    """Give what the holder of a leaf's key signs."""
    parts = (challenge, audience.encode(), passport)
    hashed = b"".join(hashlib.sha256(part).digest() for part in parts)
    return b"\x20" * 64 + b"attestor x509 possession v1\x00" + hashed


def proof(key: Key, message: bytes, alg: str | None = None) -> bytes:
    """Sign it as a JWS would carry the signature."""
    return key.sign(message, alg or ("PS256" if isinstance(key, RsaKey) else key.alg))
