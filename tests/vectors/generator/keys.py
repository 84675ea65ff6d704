"""The test-only keys: how they are made, kept, published as JWKs and used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from .encoding import b64u, uint
from .rsa import HASHES, RsaNumbers, digest, digest_info, pkcs1, standard_pss

NOTICE = "TEST-ONLY private keys. They are public: never trust anything they sign."
EC_CURVES: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
EC_HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
Jwk = dict[str, Any]


@dataclass(frozen=True)
class EcKey:
    """A key on a curve that signs with deterministic nonces (RFC 6979)."""

    kid: str
    curve: str
    d: int

    @property
    def alg(self) -> str:
        """Give the algorithm the key is for."""
        return {"P-384": "ES384", "P-521": "ES512"}.get(self.curve, "ES256")

    @property
    def private_key(self) -> ec.EllipticCurvePrivateKey:
        """Give the key as the library's object."""
        return ec.derive_private_key(self.d, EC_CURVES[self.curve])

    @property
    def public(self) -> tuple[int, int]:
        """Give the coordinates of the public point."""
        numbers = self.private_key.public_key().public_numbers()
        return numbers.x, numbers.y

    @property
    def size(self) -> int:
        """Give the bytes of a coordinate, and of r and s."""
        return (EC_CURVES[self.curve].key_size + 7) // 8

    def rs(self, message: bytes, alg: str) -> tuple[int, int]:
        """Sign and give the two numbers of the signature."""
        scheme = ec.ECDSA(EC_HASHES[alg[2:5]], deterministic_signing=True)
        return decode_dss_signature(self.private_key.sign(message, scheme))

    def sign(self, message: bytes, alg: str) -> bytes:
        """Sign, in the fixed-length form of JWS."""
        r, s = self.rs(message, alg)
        return uint(r, self.size) + uint(s, self.size)

    def jwk(self, **extra: Any) -> Jwk:
        """Publish the key."""
        x, y = self.public
        return ec_jwk(self.kid, self.curve, x, y, self.size) | extra


@dataclass(frozen=True)
class RsaKey:
    """An RSA key; the encodings are our own."""

    kid: str
    numbers: RsaNumbers
    alg: str = "RS256"

    def sign(self, message: bytes, alg: str) -> bytes:
        """Sign by the algorithm; anything that is not PSS is PKCS #1 v1.5."""
        name = HASHES.get(alg[2:5], "sha256")
        if not alg.startswith("PS"):
            info = digest_info(name, digest(name, message))
            return self.numbers.raw(pkcs1(self.numbers.size, info))
        encoded = standard_pss(name).encode(message, self.numbers.n.bit_length())
        return self.numbers.raw(encoded)

    def jwk(self, **extra: Any) -> Jwk:
        """Publish the key."""
        return rsa_jwk(self.kid, self.numbers.n, self.numbers.e) | extra


@dataclass(frozen=True)
class EdKey:
    """An Ed25519 key, which OIDC allows and JWT-SVID does not."""

    kid: str
    seed: bytes
    alg: str = "EdDSA"

    def sign(self, message: bytes, alg: str) -> bytes:
        """Sign; the algorithm has no say."""
        del alg
        return self.private_key.sign(message)

    def jwk(self, **extra: Any) -> Jwk:
        """Publish the key."""
        return ed_jwk(self.kid, self.public) | extra

    @property
    def private_key(self) -> ed25519.Ed25519PrivateKey:
        """Give the key as the library's object."""
        return ed25519.Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        """Give the encoded public point."""
        return self.private_key.public_key().public_bytes_raw()

    @property
    def scalar(self) -> int:
        """Give the secret scalar (RFC 8032, section 5.1.5)."""
        low = int.from_bytes(hashlib.sha512(self.seed).digest()[:32], "little")
        return low & ((1 << 254) - 8) | 1 << 254


Key = EcKey | RsaKey | EdKey


def ec_jwk(kid: str, curve: str, x: int, y: int, size: int) -> Jwk:
    """Write a point as a JWK."""
    coordinates = {"x": b64u(uint(x, size)), "y": b64u(uint(y, size))}
    return {"kty": "EC", "kid": kid, "crv": curve, **coordinates}


def ed_jwk(kid: str, x: bytes) -> Jwk:
    """Write an encoded point as a JWK."""
    return {"kty": "OKP", "kid": kid, "crv": "Ed25519", "x": b64u(x)}


def rsa_jwk(kid: str, n: int, e: int) -> Jwk:
    """Write a modulus and an exponent as a JWK."""
    return {"kty": "RSA", "kid": kid, "n": b64u(uint(n)), "e": b64u(uint(e))}


def spki(key: Key) -> tuple[bytes, bytes]:
    """Give the public key as PEM and as DER, the spellings MAC attacks use."""
    if not isinstance(key, RsaKey):
        public: Any = key.private_key.public_key()
    else:
        public = rsa.RSAPublicNumbers(key.numbers.e, key.numbers.n).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return (
        public.public_bytes(serialization.Encoding.PEM, form),
        public.public_bytes(serialization.Encoding.DER, form),
    )


def private_pem(key: EcKey | EdKey, form: serialization.PrivateFormat) -> bytes:
    """Give a private key, which has no business in a bundle."""
    return key.private_key.private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()
    )


def thumbprint(key: Key) -> str:
    """Give the JWK thumbprint of the public key (RFC 7638, RFC 8037 appendix A.3)."""
    required = {name: value for name, value in key.jwk().items() if name != "kid"}
    text = json.dumps(required, separators=(",", ":"), sort_keys=True)
    return b64u(hashlib.sha256(text.encode()).digest())


def pkcs1_pem(key: RsaKey) -> bytes:
    """Give an RSA public key in the older PEM form."""
    public = rsa.RSAPublicNumbers(key.numbers.e, key.numbers.n).public_key()
    form = serialization.PublicFormat.PKCS1
    return public.public_bytes(serialization.Encoding.PEM, form)


EC_SPECS = {
    "p256": "P-256",
    "p256-next": "P-256",
    "p256-other": "P-256",
    "p384": "P-384",
    "p384-other": "P-384",
    "p521": "P-521",
    "p521-other": "P-521",
    "k256": "secp256k1",
    "partner": "P-256",
    "evil": "P-256",
    "ca": "P-256",
    "ca-parent": "P-256",
}
RSA_SPECS = {
    "rsa1024": 1024,
    "rsa2047": 2047,
    "rsa2048": 2048,
    "rsa2048-other": 2048,
    "rsa2049": 2049,
    "rsa3072": 3072,
    "rsa4096": 4096,
    "rsa8192": 8192,
    "rsa8193": 8193,
    "evil-rsa": 2048,
}


ED_NAMES = ("ed25519", "ed25519-other")


def new_ec(curve: str, wanted: Callable[[int], bool] = lambda x: True) -> Jwk:
    """Make a key whose public x is as wanted."""
    while True:
        key = ec.generate_private_key(EC_CURVES[curve])
        if wanted(key.public_key().public_numbers().x):
            return {
                "type": "ec",
                "curve": curve,
                "d": f"{key.private_numbers().private_value:x}",
            }


def new_rsa(bits: int, e: int = 65537) -> Jwk:
    """Make a key with a modulus of exactly so many bits."""
    half = (bits + 1) // 2
    while True:
        p, q = (
            rsa.generate_private_key(e, size).private_numbers().p
            for size in (2 * half, 2 * (bits - half))
        )
        if (p * q).bit_length() == bits:
            return {"type": "rsa", "e": e, "p": f"{p:x}", "q": f"{q:x}"}


def new_keys() -> Jwk:
    """Make all keys afresh."""
    keys = {name: new_ec(curve) for name, curve in EC_SPECS.items()}
    keys["p256-zero-x"] = new_ec("P-256", lambda x: x < 1 << 248)
    keys |= {name: new_rsa(bits) for name, bits in RSA_SPECS.items()}
    keys["rsa-e3"] = new_rsa(2048, 3)
    for name in ED_NAMES:
        seed = ed25519.Ed25519PrivateKey.generate().private_bytes_raw().hex()
        keys[name] = {"type": "ed25519", "seed": seed}
    return {"notice": NOTICE, "keys": keys}


def read_key(name: str, entry: Jwk) -> Key:
    """Read one key; its kid is its name."""
    if entry["type"] == "ec":
        return EcKey(name, entry["curve"], int(entry["d"], 16))
    if entry["type"] == "rsa":
        p, q = int(entry["p"], 16), int(entry["q"], 16)
        return RsaKey(name, RsaNumbers(p, q, entry["e"]))
    return EdKey(name, bytes.fromhex(entry["seed"]))


def load_keys(path: Path) -> dict[str, Key]:
    """Read the committed keys."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return {name: read_key(name, entry) for name, entry in document["keys"].items()}
