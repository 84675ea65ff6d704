"""RSA encodings, written out so that each of them can be got wrong on purpose."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import lcm

from .encoding import uint

HASHES = {"256": "sha256", "384": "sha384", "512": "sha512"}
OIDS = {
    "md5": bytes.fromhex("06082a864886f70d0205"),
    "sha1": bytes.fromhex("06052b0e03021a"),
    "sha256": bytes.fromhex("0609608648016503040201"),
    "sha384": bytes.fromhex("0609608648016503040202"),
    "sha512": bytes.fromhex("0609608648016503040203"),
}
NULL = bytes.fromhex("0500")


@dataclass(frozen=True)
class RsaNumbers:
    """A private key, by its primes."""

    p: int
    q: int
    e: int

    @property
    def n(self) -> int:
        """Give the modulus."""
        return self.p * self.q

    @property
    def d(self) -> int:
        """Give the private exponent."""
        return pow(self.e, -1, lcm(self.p - 1, self.q - 1))

    @property
    def size(self) -> int:
        """Give the bytes of the modulus, and of a signature."""
        return (self.n.bit_length() + 7) // 8

    def private(self, encoded: bytes) -> int:
        """Apply the private key by the Chinese remainder theorem."""
        m, d = int.from_bytes(encoded, "big"), self.d
        if m >= self.n:
            raise ValueError("representative out of range")
        m1 = pow(m % self.p, d % (self.p - 1), self.p)
        m2 = pow(m % self.q, d % (self.q - 1), self.q)
        return m2 + self.q * ((m1 - m2) * pow(self.q, -1, self.p) % self.p)

    def raw(self, encoded: bytes) -> bytes:
        """Sign an encoded message as it stands."""
        return uint(self.private(encoded), self.size)


def digest(name: str, message: bytes) -> bytes:
    """Hash a message."""
    return hashlib.new(name, message).digest()


def tlv(tag: int, content: bytes, *, long_form: bool = False) -> bytes:
    """Encode one DER value; `long_form` gives the length the BER way."""
    length = len(content)
    if long_form or length > 127:
        return bytes([tag, 0x81, length]) + content
    return bytes([tag, length]) + content


def digest_info(name: str, hashed: bytes) -> bytes:
    """Encode the DigestInfo of RFC 8017, section 9.2."""
    return tlv(0x30, tlv(0x30, OIDS[name] + NULL) + tlv(0x04, hashed))


def pkcs1(size: int, info: bytes, *, head: bytes = b"\x00\x01") -> bytes:
    """Pad a DigestInfo to a full encoded message."""
    return head + b"\xff" * (size - len(head) - 1 - len(info)) + b"\x00" + info


def mgf1(name: str, seed: bytes, length: int) -> bytes:
    """Generate the mask of RFC 8017, appendix B.2.1."""
    mask = b""
    while len(mask) < length:
        mask += digest(name, seed + uint(len(mask) // len(digest(name, b"")), 4))
    return mask[:length]


@dataclass(frozen=True)
class Pss:
    """The choices of an EMSA-PSS encoding (RFC 8017, section 9.1.1)."""

    hash: str
    mgf: str
    salt: bytes
    trailer: bytes = b"\xbc"
    separator: bytes = b"\x01"
    padding: bytes = b"\x00"
    top_bit: bool = False

    def encode(self, message: bytes, bits: int) -> bytes:
        """Encode a message for a modulus of `bits` bits."""
        em_bits = bits - 1
        size = (em_bits + 7) // 8
        inner = digest(self.hash, bytes(8) + digest(self.hash, message) + self.salt)
        fill = size - len(self.salt) - len(inner) - 2
        block = self.padding * fill + self.separator + self.salt
        mask = mgf1(self.mgf, inner, len(block))
        masked = bytearray(a ^ b for a, b in zip(block, mask, strict=True))
        masked[0] &= 0xFF >> (8 * size - em_bits)
        if self.top_bit:
            masked[0] |= 0x80
        return bytes(masked) + inner + self.trailer


def fixed_salt(length: int) -> bytes:
    """Give the salt of the corpus: fixed, so that every run writes the same bytes."""
    return mgf1("sha256", b"conformance corpus salt", length)


def standard_pss(name: str) -> Pss:
    """Give the PSS parameters of RFC 7518, section 3.5."""
    return Pss(name, name, fixed_salt(len(digest(name, b""))))
