"""The deny overlay: what is refused at run time although the policy would let it in."""

from __future__ import annotations

import hashlib
from typing import Any

from .. import x509
from ..corpus import AUDIENCE, DOMAIN, NOW, PARTNER, SUB, Corpus, deny
from ..encoding import js
from ..keys import thumbprint
from . import oidc as issuers
from .common import MAIN, policy
from .oidc import FED, IDENTITY, ISSUER, OTHER, SUBJECT
from .passports import KEY, OTHER_KEY, identity, passport
from .x509_svid import BELOW, CHALLENGE, LEAF, MIDDLE, OTHER_ROOT, ROOT, Chain, joined

DENIED, INVALID = "overlay_denied", "argument_invalid"
DOMAINS, ISSUERS, NATIVE = "trust_domain", "issuer", "native"
JTI, POD = "ea28ed49-2e11", "5e0bd49b-33c1"
LONGEST = 2048


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    for table in (svids, tokens, natives):
        table(c)
    canonical_sources(c)
    verifying_keys(c)
    certificates(c)
    chain_subjects(c)
    passports_beside(c)
    kinds_apart(c)
    several(c)
    order(c)
    values(c)


def ask(
    c: Corpus,
    name: str,
    reason: str,
    credential: bytes | None,
    *entries: str,
    **options: Any,
) -> None:
    """Add one case: the sources are fed, and these entries deny."""
    fed = options.pop("fed", [MAIN, FED])
    if credential is not None and options.get("policy") == "oidc.json":
        options.setdefault("identity", IDENTITY)
    bundles = [*fed, *entries]
    c.case(f"overlay-{name}", "D-001", reason, credential, bundles=bundles, **options)


def near(value: str) -> dict[str, str]:
    """Give values that differ a little."""
    return {
        "longer": value + "x",
        "shorter": value[:-1],
        "other-case": value.swapcase(),
        "space": value + " ",
        "star": "*",
    }


def fields(
    c: Corpus,
    label: str,
    kind: str,
    source: str | None,
    credential: bytes | None,
    held: dict[str, str],
    **options: Any,
) -> None:
    """Deny by every field that a credential has, and by what it has not."""
    own = "*" if source is None else source
    others = {DOMAINS: PARTNER, ISSUERS: OTHER}
    for field, value in held.items():
        at = f"{label}-{field.replace('_', '-')}"
        ask(c, at, DENIED, credential, deny(kind, own, field, value), **options)
        entry = deny(kind, "*", field, value)
        if source is not None:
            ask(c, f"{at}-every-source", DENIED, credential, entry, **options)
            entry = deny(kind, others[kind], field, value)
            ask(c, f"{at}-other-source", "ok", credential, entry, **options)
        for other in sorted({DOMAINS, ISSUERS, NATIVE} - {kind}):
            entry = deny(other, "*", field, value)
            name = f"{at}-other-kind-{other.replace('_', '-')}"
            ask(c, name, "ok", credential, entry, **options)
        if field == "key_thumbprint":
            changed = value[:-1] + ("A" if value[-1] != "A" else "B")
            entry = deny(kind, "*", field, changed)
            ask(c, f"{at}-other-key", "ok", credential, entry, **options)
            continue
        for what, text in near(value).items():
            entry = deny(kind, "*", field, text)
            ask(c, f"{at}-{what}", "ok", credential, entry, **options)
        for other_field in sorted({"sub", "jti", "kid", "pod_uid"} - {field}):
            entry = deny(kind, "*", other_field, value)
            name = f"{at}-as-{other_field.replace('_', '-')}"
            ask(c, name, "ok", credential, entry, **options)


def svids(c: Corpus) -> None:
    """A JWT-SVID, by its subject, its id and its key."""
    key = c.keys["p256"]
    held = {
        "sub": SUB,
        "jti": JTI,
        "kid": "p256",
        "key_thumbprint": thumbprint(key),
    }
    fields(c, "svid", DOMAINS, DOMAIN, c.token({"jti": js(JTI)}), held)


def tokens(c: Corpus) -> None:
    """An OIDC token likewise, and by its pod."""
    own = {"namespace": "prod", "pod": {"name": "orders-7d4b", "uid": POD}}
    token = issuers.token(c, {"jti": js(JTI), "kubernetes.io": js(own)})
    held = {
        "sub": SUBJECT,
        "jti": JTI,
        "kid": "p256",
        "key_thumbprint": thumbprint(c.keys["p256"]),
        "pod_uid": POD,
    }
    fields(c, "oidc", ISSUERS, ISSUER, token, held, policy="oidc.json")
    entry = deny(ISSUERS, "*", "sub", IDENTITY)
    ask(c, "oidc-sub-is-not-the-identity", "ok", token, entry, policy="oidc.json")


def natives(c: Corpus) -> None:
    """A passport alone, by its key in either spelling, and its id."""
    presented = passport(c, {"jti": js(JTI)})
    held = {
        "sub": c.ed(KEY).public.hex(),
        "jti": JTI,
        "key_thumbprint": thumbprint(c.keys[KEY]),
    }
    options = {"policy": "native.json", "identity": identity(c), "passport": presented}
    fields(c, "native", NATIVE, None, None, held, **options, admit=True)


def canonical_sources(c: Corpus) -> None:
    """A source has one canonical spelling."""
    token = c.token()
    entry = deny(DOMAINS, f"spiffe://{DOMAIN}", "sub", SUB)
    ask(c, "source-as-id", DENIED, token, entry)
    for label, source in [("below", f"a.{DOMAIN}"), ("suffix", "org")]:
        ask(c, f"source-{label}", "ok", token, deny(DOMAINS, source, "sub", SUB))
    alias = "issuer.example"
    rules = c.policy("overlay-alias", issuers.policy(issuer_aliases=[alias]))
    named = issuers.token(c, {"iss": js(alias)})
    options = {"policy": rules, "identity": IDENTITY}
    entry = deny(ISSUERS, ISSUER, "sub", SUBJECT)
    ask(c, "source-canonical-issuer", DENIED, named, entry, **options)
    entry = deny(ISSUERS, alias, "sub", SUBJECT)
    ask(c, "source-alias", "ok", named, entry, **options)
    entry = deny(ISSUERS, ISSUER + "/", "sub", SUBJECT)
    ask(c, "source-issuer-slash", "ok", named, entry, **options)


def verifying_keys(c: Corpus) -> None:
    """`kid` and thumbprint mean the key that verified, not what a header says."""
    single = c.put("overlay-single", {"keys": [c.jwt_jwk("p256")]})
    rules = c.policy("overlay-single", policy(kid_policy="single"))
    token = c.token(header={"kid": None})
    options = {"policy": rules, "fed": [single]}
    ask(
        c,
        "kid-not-in-token",
        DENIED,
        token,
        deny(DOMAINS, "*", "kid", "p256"),
        **options,
    )
    entry = deny(DOMAINS, "*", "kid", "p384")
    ask(c, "kid-of-another-key", "ok", c.token(), entry)
    entry = deny(DOMAINS, "*", "key_thumbprint", thumbprint(c.keys["p384"]))
    ask(c, "thumbprint-of-another-key", "ok", c.token(), entry)
    renamed = c.put("overlay-renamed", {"keys": [c.jwt_jwk("p256", kid="new")]})
    entry = deny(DOMAINS, "*", "key_thumbprint", thumbprint(c.keys["p256"]))
    token = c.token(header={"kid": '"new"'})
    ask(c, "thumbprint-survives-a-new-kid", DENIED, token, entry, fed=[renamed])
    rsa = c.token(key="rsa2048")
    entry = deny(DOMAINS, "*", "key_thumbprint", thumbprint(c.keys["rsa2048"]))
    ask(c, "thumbprint-of-rsa", DENIED, rsa, entry)


def chain(
    c: Corpus,
    name: str,
    reason: str,
    presented: list[Chain],
    *entries: str,
    **options: Any,
) -> None:
    """Add one case of a chain; the root is fed."""
    usual: dict[str, Any] = {"possession": "tls", "chain": joined(presented)}
    fed = [c.put("chain-root", ROOT.der, form="x509_der")]
    ask(c, f"chain-{name}", reason, None, *entries, **usual | {"fed": fed} | options)


def certificates(c: Corpus) -> None:
    """Serial numbers and keys are those of every certificate of the path."""
    leaf = MIDDLE.leaf(serial=0xFE01)
    presented = [leaf, MIDDLE, OTHER_ROOT]
    path = {"leaf": leaf, "middle": MIDDLE.certificate, "anchor": ROOT.certificate}
    spki = "spki_sha256"

    def by_serial(serial: int, issuer: str | None = None, source: str = DOMAIN) -> str:
        text = f"{serial:x}"
        if issuer is not None:
            text += "@" + hashlib.sha256(x509.name(issuer)).hexdigest()
        return deny(DOMAINS, source, "x509_serial", text)

    for label, certificate in path.items():
        serial, issuer = certificate.serial, certificate.issuer
        info = hashlib.sha256(x509.key_info(certificate.key)).hexdigest()
        for what, reason, entry in [
            ("serial", DENIED, by_serial(serial)),
            ("serial-every-source", DENIED, by_serial(serial, source="*")),
            ("serial-other-source", "ok", by_serial(serial, source=PARTNER)),
            ("serial-next", "ok", by_serial(serial + 1)),
            ("serial-longer", "ok", by_serial(serial << 4)),
            ("serial-of-issuer", DENIED, by_serial(serial, issuer)),
            ("serial-of-other-issuer", "ok", by_serial(serial, "nobody")),
            ("serial-of-its-subject", "ok", by_serial(serial, certificate.subject)),
            ("key", DENIED, deny(DOMAINS, DOMAIN, spki, info)),
            ("key-every-source", DENIED, deny(DOMAINS, "*", spki, info)),
            ("key-other-source", "ok", deny(DOMAINS, PARTNER, spki, info)),
            ("key-other-kind", "ok", deny(ISSUERS, "*", spki, info)),
            ("serial-as-jti", "ok", deny(DOMAINS, "*", "jti", f"{serial:x}")),
        ]:
            if label == "anchor" and what == "serial-of-its-subject":
                continue  # it is its own issuer
            chain(c, f"{label}-{what}", reason, presented, entry)
    idle = OTHER_ROOT.certificate
    info = hashlib.sha256(x509.key_info(idle.key)).hexdigest()
    unique = x509.replace(idle, serial=0x777)
    presented = [leaf, MIDDLE, unique]
    chain(c, "unneeded-serial", "ok", presented, by_serial(0x777))
    chain(c, "unneeded-key", "ok", presented, deny(DOMAINS, "*", spki, info))
    whole = hashlib.sha256(leaf.der).hexdigest()
    chain(
        c,
        "key-is-not-the-certificate",
        "ok",
        presented,
        deny(DOMAINS, "*", spki, whole),
    )
    # A token has neither.
    token = c.token()
    info = hashlib.sha256(x509.key_info(c.keys["p256"])).hexdigest()
    ask(c, "svid-has-no-serial", "ok", token, deny(DOMAINS, "*", "x509_serial", "1"))
    ask(c, "svid-has-no-spki", "ok", token, deny(DOMAINS, "*", spki, info))


def chain_subjects(c: Corpus) -> None:
    """A chain's subject is its SPIFFE ID, and its key the authority's."""
    for label, reason, entry in [
        ("sub", DENIED, deny(DOMAINS, DOMAIN, "sub", SUB)),
        ("sub-every-source", DENIED, deny(DOMAINS, "*", "sub", SUB)),
        ("sub-other-source", "ok", deny(DOMAINS, PARTNER, "sub", SUB)),
        ("sub-longer", "ok", deny(DOMAINS, DOMAIN, "sub", SUB + "-2")),
        ("sub-folder", "ok", deny(DOMAINS, DOMAIN, "sub", "spiffe://example.org/ns")),
        ("sub-other-kind", "ok", deny(ISSUERS, "*", "sub", SUB)),
        ("common-name", "ok", deny(DOMAINS, DOMAIN, "sub", "workload")),
        (
            "authority-thumbprint",
            DENIED,
            deny(DOMAINS, DOMAIN, "key_thumbprint", thumbprint(ROOT.key)),
        ),
        (
            "other-thumbprint",
            "ok",
            deny(DOMAINS, DOMAIN, "key_thumbprint", thumbprint(OTHER_ROOT.key)),
        ),
    ]:
        chain(c, label, reason, [LEAF], entry)


def passports_beside(c: Corpus) -> None:
    """A passport's key is denied beside a credential too."""
    presented, other = passport(c), passport(c, key=OTHER_KEY)
    print_ = thumbprint(c.keys[KEY])
    mine = deny(NATIVE, "*", "key_thumbprint", print_)
    for label, token, rules in [
        ("svid", c.token(), "default.json"),
        ("oidc", issuers.token(c), "oidc.json"),
    ]:
        options: dict[str, Any] = {"policy": rules}
        name = f"{label}-passport-key"
        for admit in (False, True):
            suffix = "-admit" if admit else ""
            given = options | {"admit": admit, "passport": presented}
            ask(c, f"{name}{suffix}", DENIED, token, mine, **given)
        ask(c, f"{name}-other", "ok", token, mine, passport=other, **options)
        ask(c, f"{name}-no-passport", "ok", token, mine, **options)
        for kind in (DOMAINS, ISSUERS):
            entry = deny(kind, "*", "key_thumbprint", print_)
            at = f"{name}-as-{kind.replace('_', '-')}"
            ask(c, at, "ok", token, entry, passport=presented, **options)
    chain(c, "passport-key", DENIED, [LEAF], mine, passport=presented)
    chain(c, "passport-key-other", "ok", [LEAF], mine, passport=other)


def kinds_apart(c: Corpus) -> None:
    """An issuer named like a trust domain is another source."""
    entry = deny(ISSUERS, DOMAIN, "sub", SUB)
    ask(c, "issuer-named-like-domain", "ok", c.token(), entry)


def several(c: Corpus) -> None:
    """One entry that fits is enough, however many there are."""
    token = c.token({"jti": js(JTI)})
    idle = [deny(DOMAINS, DOMAIN, "jti", f"idle-{n}") for n in range(20)]
    ask(c, "many-idle", "ok", token, *idle)
    ask(c, "many-and-one", DENIED, token, *idle, deny(DOMAINS, DOMAIN, "jti", JTI))
    twice = deny(DOMAINS, DOMAIN, "jti", JTI)
    ask(c, "twice", DENIED, token, twice, twice)
    odd = "a/b,c%d=e;f"
    token = c.token({"jti": js(odd)})
    ask(c, "odd-characters", DENIED, token, deny(DOMAINS, DOMAIN, "jti", odd))
    escaped = c.token({"jti": '"\\u0065a28ed49-2e11"'})
    ask(c, "escaped-in-token", DENIED, escaped, deny(DOMAINS, DOMAIN, "jti", JTI))
    numeric = c.token({"kubernetes.io": js({"pod": {"uid": 17}})})
    ask(c, "pod-uid-number", "ok", numeric, deny(DOMAINS, "*", "pod_uid", "17"))


def order(c: Corpus) -> None:
    """The overlay comes after `allow` and before `map`; nothing of it before the signature."""
    entry = deny(DOMAINS, "*", "sub", SUB)
    by_kid = deny(DOMAINS, "*", "kid", "p256")
    nobody = c.policy("overlay-nobody", policy(allow={"ids": [SUB + "-2"]}))
    mapped = {"match": "spiffe://example.org/other/{a}", "internal_identity": "a/{a}"}
    unmapped = c.policy("overlay-unmapped", policy(map=[mapped], map_required=True))
    forged = c.token(header={"kid": '"p256"'}, key="evil")

    def at(name: str, reason: str, credential: bytes, **options: Any) -> None:
        fed = options.pop("fed", [MAIN])
        bundles = [*fed, entry, by_kid]
        c.case(
            f"order-overlay-{name}",
            "D-001",
            reason,
            credential,
            bundles=bundles,
            **options,
        )

    late = c.token({"exp": str(NOW - 60)})
    at("after-allow", "not_allowed", c.token(), policy=nobody)
    at("before-map", DENIED, c.token(), policy=unmapped)
    at("after-signature", "signature_invalid", forged)
    at("after-time", "token_expired", late)
    at("after-audience", "audience_mismatch", c.token({"aud": '"x"'}))
    at("after-source", "bundle_unavailable", c.token(), fed=[])
    at("after-kid", "kid_not_found", c.token(header={"kid": '"x"'}))
    at("after-cnf", "cnf_invalid", c.token({"cnf": "{}"}))
    other_audience = f"audience={AUDIENCE}"
    thief = x509.proof(x509.ec_key("x509 thief"), b"")
    challenge = {
        "possession": "challenge",
        "challenge": CHALLENGE,
        "proof": thief,
        "request": other_audience,
    }
    forged_leaf = x509.replace(LEAF, signer=x509.ec_key("x509 forger"))
    chain(c, "order-after-path", "chain_untrusted", [forged_leaf], entry)
    chain(c, "order-after-proof", "signature_invalid", [LEAF], entry, **challenge)
    given = {"possession": None, "authenticated": False}
    chain(c, "order-after-possession", "pop_required", [LEAF], entry, **given)
    chain(c, "order-after-allow", "not_allowed", [LEAF], entry, policy=nobody)
    chain(c, "order-before-map", DENIED, [LEAF], entry, policy=unmapped)
    late_leaf = ROOT.leaf(not_after=NOW - 1)
    chain(c, "order-after-time", "cert_expired", [late_leaf], entry)
    below = [BELOW, MIDDLE]
    chain(c, "order-below-intermediate", DENIED, below, entry)


def values(c: Corpus) -> None:
    """Each field has its own form, and a source is a name or `*`."""
    token, print_ = c.token(), thumbprint(c.keys["p256"])
    digest = hashlib.sha256(b"").hexdigest()
    for label, field, value in [
        ("sub-empty", "sub", ""),
        ("sub-too-long", "sub", "a" * (LONGEST + 1)),
        ("jti-empty", "jti", ""),
        ("kid-empty", "kid", ""),
        ("pod-uid-empty", "pod_uid", ""),
        ("thumbprint-padded", "key_thumbprint", print_ + "="),
        ("thumbprint-short", "key_thumbprint", print_[:-1]),
        ("thumbprint-standard", "key_thumbprint", print_[:-1] + "+"),
        ("thumbprint-hex", "key_thumbprint", digest),
        ("serial-empty", "x509_serial", ""),
        ("serial-upper", "x509_serial", "AB"),
        ("serial-leading-zero", "x509_serial", "0ab"),
        ("serial-colons", "x509_serial", "ab:cd"),
        ("serial-prefix", "x509_serial", "0xab"),
        ("serial-issuer-empty", "x509_serial", "ab@"),
        ("serial-issuer-short", "x509_serial", "ab@" + digest[:-1]),
        ("serial-issuer-upper", "x509_serial", "ab@" + digest.upper()),
        ("serial-only-issuer", "x509_serial", "@" + digest),
        ("spki-upper", "spki_sha256", digest.upper()),
        ("spki-short", "spki_sha256", digest[:-1]),
        ("spki-long", "spki_sha256", digest + "0"),
        ("spki-thumbprint", "spki_sha256", print_),
    ]:
        ask(
            c,
            f"value-{label}",
            INVALID,
            token,
            deny(DOMAINS, DOMAIN, field, value),
            authenticated=False,
        )
    for label, field, value in [
        ("sub-longest", "sub", "a" * LONGEST),
        ("serial-zero", "x509_serial", "0"),
        ("serial-issuer", "x509_serial", "ab@" + digest),
        ("spki", "spki_sha256", digest),
    ]:
        ask(c, f"value-{label}", "ok", token, deny(DOMAINS, DOMAIN, field, value))
    for label, kind, source in [
        ("domain-upper", DOMAINS, "Example.org"),
        ("domain-path", DOMAINS, "spiffe://example.org/a"),
        ("domain-empty", DOMAINS, ""),
        ("domain-pattern", DOMAINS, "*.example.org"),
        ("issuer-empty", ISSUERS, ""),
        ("native-name", NATIVE, DOMAIN),
        ("native-empty", NATIVE, ""),
    ]:
        entry = deny(kind, source, "sub", "a")
        ask(c, f"source-bad-{label}", "source_name_invalid", token, entry)
