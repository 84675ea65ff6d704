"""No exception and no repr holds bytes of a credential."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import oidc_material
import x509_material
from libattestor import (
    AttestorError,
    BundleStore,
    Misuse,
    ReceiptLog,
    Rejected,
    Sink,
    Source,
    Verifier,
    mint_passport,
    passport_thumbprint,
)
from material import BUNDLE, CLOCK, EXPIRED_TOKEN, IDENTITY, OTHER_TOKEN, POLICY, TOKEN, refused
from test_vectors import vectors_folder
from x509_material import authority, svid

CANARY = "Zq7canaryXw93"


def encoded(value: object) -> str:
    """Give a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def planted() -> Iterator[str]:
    """Give tokens that carry the canary in every place, each refused somewhere else."""
    header: dict[str, object] = {"alg": "ES256", "kid": CANARY}
    claims: dict[str, object] = {
        "sub": f"spiffe://example.org/{CANARY}",
        "aud": [CANARY, "spiffe://example.org/verifier"],
        "exp": CLOCK + 60,
    }
    signature = encoded(CANARY)
    for name, value in {"kid": CANARY, "typ": CANARY, "alg": CANARY, "crit": [CANARY], CANARY: 1}.items():
        yield f"{encoded({**header, name: value})}.{encoded(claims)}.{signature}"
    for name, wrong in {
        "sub": CANARY,
        "aud": CANARY,
        "exp": CANARY,
        "cnf": {CANARY: CANARY},
        "iss": [CANARY],
    }.items():
        yield f"{encoded(header)}.{encoded({**claims, name: wrong})}.{signature}"
    yield f"{encoded(header)}.{encoded({**claims, 'sub': f'spiffe://{CANARY.lower()}/a'})}.{signature}"
    yield from (
        CANARY,
        f"{CANARY}.{CANARY}",
        f"{CANARY}.{CANARY}.{CANARY}",
        f"{CANARY}\ud800.b.c",
        f"{CANARY}\0.b.c",
    )


def shown(error: BaseException) -> str:
    """Give all that an exception and those behind it say."""
    texts: list[str] = []
    behind: BaseException | None = error
    while behind is not None:
        texts += [str(behind), repr(behind), repr(behind.args), repr(vars(behind))]
        texts += traceback.format_exception(behind)
        behind = behind.__cause__ or behind.__context__
    return "\n".join(texts)


def raised(call: Callable[[], object]) -> BaseException:
    """Give what a call raises."""
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("not refused")


def pieces(credential: bytes, size: int = 16) -> set[str]:
    """Give every stretch of a credential and of its decoded parts."""
    texts = [credential.decode("latin-1")]
    for part in credential.split(b"."):
        try:
            texts.append(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)).decode("latin-1"))
        except ValueError:
            continue
    return {text[at : at + size] for text in texts for at in range(len(text) - size + 1)}


@pytest.mark.parametrize("number", range(len(list(planted()))))
def test_a_refusal_holds_nothing_of_the_credential(verifier: Verifier, number: int) -> None:
    token = list(planted())[number]
    forms: list[str | bytes] = [token, token.encode("utf-8", "surrogatepass")]
    for form in forms:
        error = raised(partial(verifier.verify, form, now=CLOCK, evidence=True))
        assert isinstance(error, AttestorError)
        assert error.__cause__ is None and error.__context__ is None
        text = shown(error).lower()
        assert CANARY.lower() not in text
        assert encoded(CANARY).lower() not in text


def test_nothing_shows_what_a_store_or_a_feed_holds(store: BundleStore, verifier: Verifier) -> None:
    shown_by: list[object] = []

    def fetch(source: Source, sink: Sink) -> None:
        shown_by.append(repr(sink))
        raised(lambda: sink.put(CANARY))
        sink.put(BUNDLE)

    key = CANARY.encode() * 4
    source = Source.trust_domain("example.org")
    store.set_feed(source, fetch)
    raised(lambda: store.refresh_source(source, now=CLOCK))
    verifier.verify(TOKEN, now=CLOCK)
    for token in planted():
        raised(partial(verifier.verify, token, now=CLOCK, refresh=True))
    snapshot = store.snapshot(key=key, now=CLOCK)
    shown_by += [store, verifier, verifier.metrics(now=CLOCK), verifier.readiness(now=CLOCK)]
    shown_by += [store.refresh(now=CLOCK + 999), store.health(source, now=CLOCK), store.info("example.org")]
    text = repr(shown_by) + shown(raised(lambda: store.restore(snapshot[1:], key=key, now=CLOCK)))
    assert len(shown_by) == 8 + 1
    assert CANARY.lower() not in text.lower()
    assert not pieces(TOKEN) & pieces(text.encode())


def test_the_search_would_find_it() -> None:
    error = raised(lambda: CANARY.encode("utf-16").decode("utf-8"))
    assert CANARY in shown(ValueError(CANARY))
    error.__context__ = ValueError(CANARY)
    assert CANARY in shown(error)
    assert pieces(TOKEN) & pieces(OTHER_TOKEN)


@pytest.mark.parametrize("token", [TOKEN[:-4] + b"AAAA", EXPIRED_TOKEN, OTHER_TOKEN[:-1], TOKEN + b"\n"])
def test_a_refusal_of_a_real_credential_holds_nothing_of_it(verifier: Verifier, token: bytes) -> None:
    text = shown(raised(lambda: verifier.verify(token, now=CLOCK, evidence=True)))
    assert not [piece for piece in pieces(token) if piece in text]


@pytest.mark.parametrize("secret", [CANARY, f"{CANARY}\ud800", f"{CANARY}\0", CANARY * 6000])
@pytest.mark.parametrize("name", ["nonce", "access_token"])
def test_a_refusal_holds_nothing_of_the_request(name: str, secret: str) -> None:
    asked: dict[str, Any] = {name: secret}
    with BundleStore() as store, Verifier(store, oidc_material.POLICY) as verifier:
        store.put_issuer(oidc_material.ISSUER, oidc_material.JWKS, now=CLOCK)
        for token in (oidc_material.TOKEN, oidc_material.OTHER_ISSUER_TOKEN, b""):
            error = raised(partial(verifier.verify, token, now=CLOCK, evidence=True, **asked))
            assert isinstance(error, AttestorError)
            assert error.__cause__ is None and error.__context__ is None
            assert CANARY not in shown(error)
            assert not [piece for piece in pieces(token) if piece in shown(error)]


def test_no_refusal_in_the_corpus_holds_a_piece_of_its_credential() -> None:
    folder = vectors_folder()
    refusals = 0
    with BundleStore() as store, Verifier(store, (folder / "policies/default.json").read_bytes()) as verifier:
        store.put("example.org", (folder / "bundles/main.json").read_bytes(), now=CLOCK)
        for path in sorted((folder / "credentials").iterdir()):
            credential = path.read_bytes()
            try:
                verifier.verify(credential, now=CLOCK, evidence=True)
            except AttestorError as error:
                text = shown(error)
                assert not [piece for piece in pieces(credential) if piece in text], path.name
                refusals += 1
    assert refusals > 1000


def test_wrong_types_show_only_their_names(store: BundleStore, verifier: Verifier) -> None:
    class Talkative:
        def __repr__(self) -> str:
            return CANARY

        __str__ = __repr__

    untyped: Any = verifier.verify
    untyped_put: Any = store.put
    for wrong in (Talkative(), [CANARY], {CANARY: CANARY}, (CANARY,)):
        for call in (
            partial(untyped, wrong),
            partial(untyped, TOKEN, now=wrong),
            partial(untyped, TOKEN, attestor=wrong),
            partial(untyped, TOKEN, nonce=wrong),
            partial(untyped, TOKEN, max_age=wrong),
            partial(untyped, TOKEN, access_token=wrong),
            partial(untyped_put, "example.org", wrong),
            partial(untyped_put, wrong, b""),
        ):
            error = raised(call)
            assert type(error) is TypeError
            assert CANARY not in shown(error)
    for name in ("now", "max_age"):
        assert CANARY not in shown(raised(partial(untyped, TOKEN, **{name: CANARY})))
    assert CANARY not in shown(raised(partial(untyped, TOKEN, nonce=CANARY.encode())))


def test_a_leaked_private_key_is_not_repeated(store: BundleStore) -> None:
    key = {
        "kty": "EC",
        "crv": "P-256",
        "use": "jwt-svid",
        "kid": CANARY,
        "x": CANARY,
        "y": CANARY,
        "d": CANARY,
    }
    error = refused(Misuse, lambda: store.put("example.org", json.dumps({"keys": [key]})))
    assert error.slug == "bundle_private_key"
    assert CANARY not in shown(error)


def test_no_repr_shows_a_credential(store: BundleStore, verifier: Verifier) -> None:
    verified = verifier.verify(TOKEN, now=CLOCK, evidence=True)
    text = repr((store, verifier, verified))
    assert IDENTITY in text
    signature = TOKEN.rpartition(b".")[2]
    assert not [piece for piece in pieces(signature) if piece in text]
    assert "credential_sha256" not in text


def passports() -> Iterator[str]:
    """Give passports that carry the canary in every place, each refused somewhere else."""
    good = mint_passport(bytes(32), expires_at=CLOCK + 60, issued_at=CLOCK, audiences=[CANARY], id=CANARY)
    head, payload, _ = good.split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    yield f"{head}.{payload}.{encoded(CANARY)}"
    yield mint_passport(bytes(32), expires_at=CLOCK, audiences=[CANARY], id=CANARY)
    for name, value in {"alg": CANARY, "typ": CANARY, "kid": CANARY, "jwk": CANARY, CANARY: 1}.items():
        yield f"{encoded({**header, name: value})}.{payload}.{encoded(CANARY)}"
    for name in ("kty", "crv", "x", CANARY):
        jwk = {**header["jwk"], name: CANARY}
        yield f"{encoded({**header, 'jwk': jwk})}.{payload}.{encoded(CANARY)}"
    for name in ("expires_at", "exp", "iat", "nbf", "aud", "jti", CANARY):
        yield f"{head}.{encoded({**claims, name: {CANARY: CANARY}})}.{encoded(CANARY)}"
    yield from (CANARY, f"{CANARY}.{CANARY}.{CANARY}", f"{CANARY}\ud800.b.c")


def test_no_refusal_nor_its_receipt_holds_anything_of_a_passport(store: BundleStore, tmp_path: Path) -> None:
    path = tmp_path / "receipts"
    with ReceiptLog(path, fsync=False) as log, Verifier(store, POLICY, receipts=log) as verifier:
        tokens = list(passports())
        for passport in tokens:
            for credential in (b"", TOKEN, next(planted())):
                error = raised(partial(verifier.admit, passport, credential, now=CLOCK))
                assert isinstance(error, Rejected) and error.evidence
                text = shown(error).lower() + error.evidence.decode().lower()
                assert CANARY.lower() not in text and encoded(CANARY).lower() not in text
        assert log.head.seq == 3 * len(tokens)
    written = path.read_bytes().decode().lower()
    assert CANARY.lower() not in written and encoded(CANARY).lower() not in written


def test_no_refusal_holds_anything_of_a_chain_or_a_proof(tmp_path: Path) -> None:
    root = authority(CANARY)
    uri = f"spiffe://example.org/{CANARY}"
    holders = [
        svid(root, uris=[uri], name=CANARY),
        svid(root, uris=[uri, uri + "2"], name=CANARY),
        svid(root, uris=[f"https://{CANARY}/"], name=CANARY),
        svid(root, uris=[f"spiffe://{CANARY.lower()}.test/a"], name=CANARY),
        svid(root, uris=[f"spiffe://example.org//{CANARY}"], name=CANARY),
    ]
    path = tmp_path / "receipts"
    with ReceiptLog(path, fsync=False) as log, BundleStore() as store:
        store.put("example.org", root.pem, format="x509_pem")
        with Verifier(store, x509_material.POLICY, receipts=log) as verifier:
            untyped: Any = verifier.verify_challenge
            for holder in holders:
                secrets = {"challenge": CANARY.encode() * 4, "proof": CANARY.encode() * 5, "audience": CANARY}
                error = raised(partial(untyped, holder.chain, **secrets))
                assert isinstance(error, Rejected)
                assert CANARY.lower() not in shown(error).lower()
    assert CANARY.lower() not in path.read_bytes().decode().lower()


def test_no_seed_and_no_key_of_a_log_is_shown(tmp_path: Path) -> None:
    secret = CANARY.encode() * 3
    wrong: list[Callable[[], object]] = [
        lambda: mint_passport(secret, expires_at=1),
        lambda: mint_passport(secret[:32], expires_at=0),
        lambda: passport_thumbprint(secret),
        lambda: ReceiptLog(tmp_path / "log", key=secret[:15]),
    ]
    for call in wrong:
        assert CANARY not in shown(raised(call))
    with ReceiptLog(tmp_path / "log", key=secret) as log:
        log.record("agent.note")
        assert CANARY not in repr(log) and CANARY not in shown(raised(lambda: log.record("Not")))
    assert CANARY not in (tmp_path / "log").read_text()
