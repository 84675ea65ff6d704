"""Possession by a TLS handshake of CPython's own `ssl`: what it gives, and what is no handshake."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from libattestor import (
    BundleStore,
    CredentialKind,
    Denied,
    Misuse,
    Reason,
    Verifier,
    mint_passport,
    passport_thumbprint,
)
from material import refused
from x509_material import AUDIENCE, IDENTITY, POLICY, Holder, authority, svid

ROOT = authority("root")
ISSUING = authority("issuing", ROOT)
SERVER = svid(ISSUING, uris=["spiffe://example.org/server"])
CLIENT = svid(ISSUING)
HOUR = datetime.timedelta(hours=1)
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture
def roots() -> Iterator[BundleStore]:
    with BundleStore() as store:
        store.put("example.org", ROOT.pem, format="x509_pem")
        yield store


@pytest.fixture
def verifier(roots: BundleStore) -> Iterator[Verifier]:
    with Verifier(roots, POLICY) as verifier:
        yield verifier


@dataclass
class Contexts:
    """Both ends' settings."""

    client: ssl.SSLContext
    server: ssl.SSLContext


class Pair:
    """Both ends of a connection in memory."""

    def __init__(self, contexts: Contexts, session: ssl.SSLSession | None = None) -> None:
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = contexts.server.wrap_bio(there, back, server_side=True)
        self.client = contexts.client.wrap_bio(back, there, session=session)

    def shake(self) -> Pair:
        """Finish the handshake at both ends."""
        pending = [self.client, self.server]
        while pending:
            pending = [end for end in pending if not self.step(end)]
        self.server.write(b"x")
        assert self.client.read(1) == b"x"
        return self

    @staticmethod
    def step(end: ssl.SSLObject) -> bool:
        """Let one end do what it can; tells whether it has finished."""
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True


def contexts(
    folder: Path,
    *,
    client: Holder | None = CLIENT,
    authorities: tuple[Holder, ...] = (ROOT,),
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    mode: ssl.VerifyMode = ssl.CERT_REQUIRED,
) -> Contexts:
    """Make both ends' settings."""
    ends = Contexts(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    ends.client.check_hostname = False
    ends.client.verify_mode = ssl.CERT_NONE
    ends.server.load_cert_chain(*SERVER.files(folder, "server"))
    ends.server.verify_mode = mode
    ends.server.load_verify_locations(cadata="".join(holder.pem.decode() for holder in authorities))
    if client is not None:
        ends.client.load_cert_chain(*client.files(folder, "client"))
    for end in (ends.client, ends.server):
        end.minimum_version = end.maximum_version = version
    return ends


@pytest.mark.parametrize("version", VERSIONS)
def test_both_ends_learn_who_the_other_is(tmp_path: Path, verifier: Verifier, version: Any) -> None:
    pair = Pair(contexts(tmp_path, version=version)).shake()
    verified = verifier.verify_connection(pair.server, audience=AUDIENCE)
    assert (verified.kind, verified.identity) == (CredentialKind.X509_SVID, IDENTITY)
    assert verifier.verify_connection(pair.client).identity == "spiffe://example.org/server"


def test_a_socket_over_the_loopback(tmp_path: Path, verifier: Verifier) -> None:
    ends = contexts(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def connect() -> None:
            with (
                socket.create_connection(listener.getsockname()) as plain,
                ends.client.wrap_socket(plain) as tls,
            ):
                tls.sendall(b"hello")
                assert tls.recv(7) == b"welcome"

        client = threading.Thread(target=connect)
        client.start()
        accepted, _ = listener.accept()
        with ends.server.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False) as tls:
            early = refused(Misuse, lambda: verifier.verify_connection(tls))
            tls.do_handshake()
            assert verifier.verify_connection(tls, audience=AUDIENCE).identity == IDENTITY
            assert tls.recv(5) == b"hello"
            tls.sendall(b"welcome")
            client.join()
    assert early.detail == "connection: its handshake is not finished, or it is closed"
    late = refused(Misuse, lambda: verifier.verify_connection(tls))
    assert late.detail == early.detail


@pytest.mark.parametrize("version", VERSIONS)
def test_no_step_of_an_unfinished_handshake_is_enough(
    tmp_path: Path, verifier: Verifier, version: Any
) -> None:
    pair = Pair(contexts(tmp_path, version=version))
    finished = {pair.client: False, pair.server: False}
    refusals = 0
    while not all(finished.values()):
        for end in finished:
            if not finished[end]:
                error = refused(Misuse, partial(verifier.verify_connection, end))
                assert error.reason is Reason.ARGUMENT_INVALID
                refusals += 1
                finished[end] = pair.step(end)
    assert refusals > 3
    assert verifier.verify_connection(pair.server).identity == IDENTITY


def test_no_callback_in_the_middle_of_a_handshake_is_enough(tmp_path: Path, verifier: Verifier) -> None:
    ends = contexts(tmp_path)
    seen: list[Misuse] = []

    def name(end: Any, host: str | None, context: ssl.SSLContext) -> None:
        seen.append(refused(Misuse, lambda: verifier.verify_connection(end)))

    ends.server.sni_callback = name
    Pair(ends).shake()
    assert len(seen) == 1


def test_a_leaf_whose_key_the_client_does_not_prove(tmp_path: Path, verifier: Verifier) -> None:
    """One bit of its CertificateVerify is changed, which TLS 1.2 sends in the clear."""
    ends = contexts(tmp_path, version=ssl.TLSVersion.TLSv1_2)
    to_client, from_client, to_server, from_server = (ssl.MemoryBIO() for _ in range(4))
    client = ends.client.wrap_bio(to_client, from_client)
    server = ends.server.wrap_bio(to_server, from_server, server_side=True)
    changed = False
    with pytest.raises(ssl.SSLError) as caught:
        for _ in range(4):
            Pair.step(client)
            for record in records(from_client.read()):
                changed = changed or is_certificate_verify(record)
                flip = 1 if is_certificate_verify(record) else 0
                to_server.write(record[:-1] + bytes([record[-1] ^ flip]))
            Pair.step(server)
            to_client.write(from_server.read())
    assert changed and caught.value.reason in {"BAD_SIGNATURE", "DATA_TOO_LARGE"}, caught.value.reason
    error = refused(Misuse, lambda: verifier.verify_connection(server))
    assert error.detail == "connection: its handshake is not finished, or it is closed"


def records(stream: bytes) -> Iterator[bytes]:
    """Cut a flight into TLS records (RFC 5246 section 6.2.1)."""
    while stream:
        end = 5 + int.from_bytes(stream[3:5], "big")
        yield stream[:end]
        stream = stream[end:]


def is_certificate_verify(record: bytes) -> bool:
    """A handshake record that holds message 15 (RFC 5246 section 7.4); the encrypted Finished comes later."""
    return record[0] == 22 and record[5] == 15


def test_a_handshake_that_ssl_refuses_is_no_handshake(tmp_path: Path, verifier: Verifier) -> None:
    stranger = svid(authority("strangers"))
    pair = Pair(contexts(tmp_path, client=stranger, version=ssl.TLSVersion.TLSv1_2))
    with pytest.raises(ssl.SSLError):
        pair.shake()
    for end in (pair.server, pair.client):
        assert refused(Misuse, partial(verifier.verify_connection, end))


def test_what_ssl_takes_is_judged_all_the_same(tmp_path: Path, verifier: Verifier) -> None:
    strangers = authority("strangers")
    foreign = svid(strangers)
    pair = Pair(contexts(tmp_path, client=foreign, authorities=(ROOT, strangers))).shake()
    error = refused(Denied, lambda: verifier.verify_connection(pair.server))
    assert (error.reason, error.authenticated) == (Reason.CHAIN_UNTRUSTED, False)


def test_without_a_certificate_of_the_client(tmp_path: Path, verifier: Verifier) -> None:
    pair = Pair(contexts(tmp_path, client=None, mode=ssl.CERT_OPTIONAL)).shake()
    error = refused(Denied, lambda: verifier.verify_connection(pair.server, evidence=True))
    assert error.reason is Reason.CHAIN_EMPTY
    pair = Pair(contexts(tmp_path, mode=ssl.CERT_NONE)).shake()
    misuse = refused(Misuse, lambda: verifier.verify_connection(pair.server))
    assert misuse.detail == "connection: verify_mode is CERT_NONE, which asks no client for a certificate"
    # Not even with a chain that came some other way.
    assert refused(Misuse, lambda: verifier.verify_connection(pair.server, chain=CLIENT.chain))


def test_intermediates_that_came_some_other_way(
    tmp_path: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(contexts(tmp_path)).shake()
    assert verifier.verify_connection(pair.server, chain=CLIENT.chain).identity == IDENTITY
    assert verifier.verify_connection(pair.server, chain=b"".join(CLIENT.chain)).identity == IDENTITY
    for wrong in (SERVER.chain, CLIENT.chain[1:], CLIENT.chain[::-1], [], b""):
        error = refused(Misuse, partial(verifier.verify_connection, pair.server, chain=wrong))
        assert error.detail == "chain: must begin with the peer's certificate"
    # A CPython that gives the leaf alone.
    monkeypatch.setattr("libattestor.possession._presented", lambda connection: [])
    leaf_only = refused(Denied, lambda: verifier.verify_connection(pair.server))
    assert leaf_only.reason is Reason.CHAIN_UNTRUSTED
    assert verifier.verify_connection(pair.server, chain=CLIENT.chain).identity == IDENTITY


@pytest.mark.parametrize("version", VERSIONS)
def test_a_resumed_session_is_judged_anew(
    tmp_path: Path, roots: BundleStore, verifier: Verifier, version: Any
) -> None:
    direct = svid(ROOT)
    ends = contexts(tmp_path, client=direct, version=version)
    first = Pair(ends).shake()
    assert verifier.verify_connection(first.server).identity == IDENTITY
    again = Pair(ends, session=first.client.session).shake()
    assert again.server.session_reused
    assert verifier.verify_connection(again.server).identity == IDENTITY
    after = int(direct.certificate.not_valid_after_utc.timestamp()) + 1
    expired = refused(Denied, lambda: verifier.verify_connection(again.server, now=after))
    assert expired.reason is Reason.CERT_EXPIRED
    roots.deny("trust_domain", "sub", IDENTITY)
    denied = refused(Denied, lambda: verifier.verify_connection(again.server))
    assert denied.reason is Reason.OVERLAY_DENIED


def test_a_resumed_session_has_lost_its_intermediates(tmp_path: Path, verifier: Verifier) -> None:
    ends = contexts(tmp_path)
    first = Pair(ends).shake()
    again = Pair(ends, session=first.client.session).shake()
    assert again.server.session_reused
    error = refused(Denied, lambda: verifier.verify_connection(again.server))
    assert error.reason is Reason.CHAIN_UNTRUSTED
    assert verifier.verify_connection(again.server, chain=CLIENT.chain).identity == IDENTITY


def test_a_passport_beside_a_connection(tmp_path: Path, verifier: Verifier) -> None:
    pair = Pair(contexts(tmp_path)).shake()
    seed = bytes(range(32))
    passport = mint_passport(seed, expires_at=2**32)
    verified = verifier.verify_connection(pair.server, passport=passport)
    assert verified.passport_thumbprint == passport_thumbprint(seed)
    old = mint_passport(seed, expires_at=1)
    error = refused(Denied, lambda: verifier.verify_connection(pair.server, passport=old))
    assert (error.reason, error.about_passport) == (Reason.TOKEN_EXPIRED, True)


def test_what_is_no_connection_of_ssl(verifier: Verifier) -> None:
    untyped: Any = verifier.verify_connection
    with pytest.raises(TypeError, match=r"^connection must be ssl.SSLSocket or ssl.SSLObject, not object$"):
        untyped(object())
    with pytest.raises(TypeError):
        untyped(b"".join(CLIENT.chain))
