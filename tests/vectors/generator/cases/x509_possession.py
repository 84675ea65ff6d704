"""Section 7: the proof that a leaf's holder has its key, and the passport beside it."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from .. import x509
from ..corpus import AUDIENCE, DOMAIN, NOW, Corpus
from ..keys import Key
from ..x509 import (
    Certificate,
)
from .common import policy
from .passports import passport
from .x509_svid import (
    BELOW,
    CHALLENGE,
    INVALID,
    LEAF,
    MIDDLE,
    REQUIRED,
    ROOT,
    SIGNATURE,
    anchors,
    case,
    joined,
)


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    possession(c)
    passports(c)


def possession(c: Corpus) -> None:
    """A certificate is public: its holder proves to have the key."""
    options = {"request": f"audience={AUDIENCE}"}
    message = x509.possession_message(CHALLENGE, AUDIENCE)

    def challenged(
        label: str,
        reason: str,
        proof: bytes,
        *,
        leaf: Certificate = LEAF,
        challenge: bytes = CHALLENGE,
        **changes: Any,
    ) -> None:
        given = options | changes | {"possession": "challenge"}
        given |= {"challenge": challenge, "proof": proof}
        case(c, f"possession-{label}", "X-021", reason, leaf, **given)

    keys: dict[str, Key] = {
        "p256": LEAF.key,
        "p384": x509.ec_key("x509 p384", "P-384"),
        "p521": x509.ec_key("x509 p521", "P-521"),
        "ed25519": c.ed("ed25519"),
        "rsa2048": c.rsa("rsa2048"),
        "rsa3072": c.rsa("rsa3072"),
    }
    for label, key in keys.items():
        leaf, good = ROOT.leaf(key=key), x509.proof(key, message)
        challenged(f"{label}", "ok", good, leaf=leaf)
        challenged(f"{label}-cut", INVALID, good[:-1], leaf=leaf)
        challenged(f"{label}-longer", INVALID, good + b"\0", leaf=leaf)
        challenged(f"{label}-empty", INVALID, b"", leaf=leaf)
        flipped = bytes([*good[:-1], good[-1] ^ 1])
        challenged(f"{label}-flipped", SIGNATURE, flipped, leaf=leaf)
        bare = x509.proof(key, message[64:])
        challenged(f"{label}-without-padding", SIGNATURE, bare, leaf=leaf)
    for label, alg in [
        ("pkcs1", "RS256"),
        ("pss-sha384", "PS384"),
        ("pss-sha512", "PS512"),
    ]:
        key = keys["rsa2048"]
        other = key.sign(message, alg)
        challenged(f"rsa2048-{label}", SIGNATURE, other, leaf=ROOT.leaf(key=key))
    for label in ("p256", "p384", "p521"):
        key = keys[label]
        assert isinstance(key, x509.EcKey)
        der = encode_dss_signature(*key.rs(message, key.alg))
        challenged(f"{label}-der", INVALID, der, leaf=ROOT.leaf(key=key))
    zeros = bytes(64)
    challenged("p256-zeros", SIGNATURE, zeros)
    good = x509.proof(LEAF.key, message)
    challenged("other-key", SIGNATURE, x509.proof(x509.ec_key("x509 thief"), message))
    challenged("issuer-key", SIGNATURE, x509.proof(ROOT.key, message))
    again = x509.possession_message(CHALLENGE[::-1], AUDIENCE)
    challenged("other-challenge", SIGNATURE, x509.proof(LEAF.key, again))
    elsewhere = x509.possession_message(CHALLENGE, "other-prod")
    challenged("other-audience", SIGNATURE, x509.proof(LEAF.key, elsewhere))
    with_passport = x509.possession_message(CHALLENGE, AUDIENCE, passport(c))
    challenged("passport-not-given", SIGNATURE, x509.proof(LEAF.key, with_passport))
    challenged("challenge-itself", SIGNATURE, x509.proof(LEAF.key, CHALLENGE))
    for size, reason in [
        (0, "argument_invalid"),
        (15, "argument_invalid"),
        (16, "ok"),
        (17, "ok"),
        (1024, "ok"),
    ]:
        challenge = bytes(n % 251 for n in range(size))
        made = x509.possession_message(challenge, AUDIENCE)
        label = f"challenge-of-{size}"
        challenged(label, reason, x509.proof(LEAF.key, made), challenge=challenge)
    challenged("no-audience", "audience_missing", good, request="-")
    empty = x509.proof(LEAF.key, x509.possession_message(CHALLENGE, ""))
    challenged("no-audience-signed", "audience_missing", empty, request="-")
    chain = [BELOW, MIDDLE]
    given = options | {"possession": "challenge", "challenge": CHALLENGE, "proof": good}
    case(c, "possession-below-intermediate", "X-021", "ok", *chain, **given)
    case(c, "possession-none", "X-021", REQUIRED, LEAF, possession=None)
    case(
        c,
        "possession-none-passport",
        "X-021",
        REQUIRED,
        LEAF,
        possession=None,
        passport=passport(c),
    )
    # A handshake is the host's word, whatever else the request says.
    said = {"possession": "tls", "challenge": CHALLENGE, "proof": b"x"}
    case(c, "possession-tls-and-proof", "X-021", "ok", LEAF, **said)
    case(c, "possession-tls-audience", "X-021", "ok", LEAF, **options)
    peer = {"peer_certificate": LEAF.der}
    case(
        c,
        "possession-peer-certificate-alone",
        "X-021",
        REQUIRED,
        LEAF,
        possession=None,
        **peer,
    )
    # A chain and another credential are two questions.
    both = "x509-beside-token"
    fed = [anchors(c, "root", ROOT), f"{DOMAIN}=spiffe_bundle=main.json"]
    c.case(
        both,
        "X-019",
        "argument_invalid",
        c.token(),
        chain=joined([LEAF]),
        possession="tls",
        bundles=fed,
    )


def passports(c: Corpus) -> None:
    """A passport beside a chain, bound to it by the proof or not at all."""
    presented, other = passport(c), passport(c, key="ed25519-other")
    message = x509.possession_message(CHALLENGE, AUDIENCE, presented)
    bound = x509.proof(LEAF.key, message)
    loose = x509.proof(LEAF.key, x509.possession_message(CHALLENGE, AUDIENCE))
    challenge = {
        "possession": "challenge",
        "challenge": CHALLENGE,
        "request": f"audience={AUDIENCE}",
    }
    case(c, "passport-tls", "N-001", "ok", LEAF, passport=presented)
    case(c, "passport-tls-admit", "N-001", "ok", LEAF, passport=presented, admit=True)
    case(c, "admit-no-passport", "N-001", "argument_invalid", LEAF, admit=True)
    case(
        c,
        "passport-proof",
        "X-021",
        "ok",
        LEAF,
        passport=presented,
        proof=bound,
        **challenge,
    )
    case(
        c,
        "passport-proof-without",
        "X-021",
        SIGNATURE,
        LEAF,
        passport=presented,
        proof=loose,
        **challenge,
    )
    case(
        c,
        "passport-proof-of-other",
        "X-021",
        SIGNATURE,
        LEAF,
        passport=other,
        proof=bound,
        **challenge,
    )
    late = passport(c, {"expires_at": str(NOW)})
    case(c, "passport-expired", "N-003", "token_expired", LEAF, passport=late)
    for binding in ("none", "cnf", "audience"):
        rules = c.policy(f"x509-binding-{binding}", policy(passport_binding=binding))
        given = {"policy": rules, "passport": presented}
        strict = binding == "audience"
        reason = REQUIRED if strict else "ok"
        case(c, f"binding-{binding}-tls", "X-021", reason, LEAF, **given)
        proven = given | challenge | {"proof": bound}
        case(c, f"binding-{binding}-proof", "X-021", "ok", LEAF, **proven)
        proven["admit"] = True
        case(c, f"binding-{binding}-admit", "X-021", "ok", LEAF, **proven)
        reason = REQUIRED if strict else "ok"
        alone = challenge | {"policy": rules, "proof": loose}
        case(c, f"binding-{binding}-no-passport", "X-021", reason, LEAF, **alone)
        case(
            c, f"binding-{binding}-tls-no-passport", "X-021", reason, LEAF, policy=rules
        )
        wrong = given | challenge | {"proof": loose}
        case(c, f"binding-{binding}-proof-without", "X-021", SIGNATURE, LEAF, **wrong)
