"""Tokens of a certified OpenID provider (`oidc-provider` from npm), fetched on loopback and judged offline.

`make test-oidc-provider` installs the provider below build/; this test starts it and drives it over plain HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import http.cookiejar
import json
import secrets
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from libattestor import BundleStore, Denied, Reason, Unavailable, Verified, Verifier

SCRIPT = Path(__file__).parents[2] / "build" / "oidc-provider" / "provider.mjs"
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
CLIENTS = [f"client-{algorithm}" for algorithm in ALGORITHMS]
ORDERS, BILLING = "https://orders.example/api", "https://billing.example/api"
CALLBACK = "https://client.example/callback"
PATIENCE = 20  # seconds for one answer


class Provider:
    """A provider that is running."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.issuer: str = self._read()["issuer"]

    def _read(self) -> dict[str, str]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline() or '{"issuer": "the provider has died"}')

    def command(self, name: str) -> None:
        assert self._process.stdin is not None
        print(name, file=self._process.stdin, flush=True)
        assert self._read() == {"done": name}

    @property
    def discovery(self) -> dict[str, object]:
        return json.loads(fetch(f"{self.issuer}/.well-known/openid-configuration"))

    @property
    def jwks(self) -> bytes:
        return fetch(str(self.discovery["jwks_uri"]))

    def service_token(self, algorithm: str = "ES256", resource: str = ORDERS) -> str:
        """Give a JWT access token of a client itself."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": "orders"}
        return self._token(algorithm, form)["access_token"]

    def login(self, algorithm: str = "ES256", user: str = "alice", **parameters: str) -> dict[str, str]:
        """Log a user in; give what the token endpoint answers to the code, or the callback in the hybrid flow."""
        verifier = secrets.token_urlsafe(32)
        state = secrets.token_urlsafe()
        query = {
            "client_id": f"client-{algorithm}",
            "response_type": "code",
            "scope": "openid orders",
            "redirect_uri": CALLBACK,
            "resource": ORDERS,
            "login_hint": user,
            "state": state,
            "code_challenge": base64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
            **parameters,
        }
        answer = follow_to_callback(f"{self.discovery['authorization_endpoint']}?{urllib.parse.urlencode(query)}")
        assert answer["state"] == state and "error" not in answer, answer
        if "id_token" in answer:
            return answer
        assert answer["iss"] == self.issuer
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
        }
        return self._token(algorithm, form)

    def _token(self, algorithm: str, form: dict[str, str]) -> dict[str, str]:
        user, password = (urllib.parse.quote(text) for text in (f"client-{algorithm}", f"secret of client-{algorithm}"))
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        request = urllib.request.Request(
            str(self.discovery["token_endpoint"]),
            data=urllib.parse.urlencode(form).encode(),
            headers={"Authorization": f"Basic {basic}"},
        )
        return json.loads(fetch(request))


class StopAtCallback(urllib.request.HTTPRedirectHandler):
    """A browser that does not leave the machine."""

    def redirect_request(self, request, file, code, message, headers, url):  # type: ignore[no-untyped-def]
        if url.startswith(CALLBACK):
            return None
        return super().redirect_request(request, file, code, message, headers, url)


def opened(*handlers: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
    """Give a client that asks no proxy about loopback."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)


def fetch(request: str | urllib.request.Request) -> bytes:
    return opened().open(request, timeout=PATIENCE).read()


def follow_to_callback(url: str) -> dict[str, str]:
    """Follow redirects with cookies, as a browser does, and give what the client's callback would see."""
    browser = opened(StopAtCallback, urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with pytest.raises(urllib.error.HTTPError) as stopped:
        browser.open(url, timeout=PATIENCE)
    location = stopped.value.headers["Location"]
    assert location is not None and location.startswith(CALLBACK), stopped.value.read()
    parts = urllib.parse.urlsplit(location)
    return dict(urllib.parse.parse_qsl(parts.query or parts.fragment))


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(token: str, at: int) -> dict[str, object]:
    """Decode the header (0) or claims (1), without judging them: what the provider itself says it has signed."""
    text = token.split(".")[at]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@contextmanager
def running() -> Iterator[Provider]:
    assert SCRIPT.exists(), f"{SCRIPT} is missing: run `make test-oidc-provider`"
    with subprocess.Popen(
        ["node", SCRIPT.name], cwd=SCRIPT.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Provider(process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture(scope="module")
def other() -> Iterator[Provider]:
    """Give another issuer, with the same clients and keys of its own."""
    with running() as provider:
        yield provider


def policy(issuer: str, token: str, **more: object) -> dict[str, object]:
    """Give a policy that takes one class of token, whichever of our clients or APIs it is for."""
    attestor = {"id": token, "kind": "oidc", "issuer": issuer, "token": token, "audiences": [*CLIENTS, ORDERS], **more}
    return {"version": 1, "attestors": [attestor]}


class Judge:
    """A store with the keys of a provider; verifiers of the policies asked for."""

    def __init__(self, provider: Provider) -> None:
        self.issuer = provider.issuer
        self.store = BundleStore()
        self.store.put_issuer(self.issuer, provider.jwks)

    def verify(self, kind: str, credential: str, rules: dict[str, object] | None = None, **asked: object) -> Verified:
        with Verifier(self.store, policy(self.issuer, kind, **(rules or {}))) as verifier:
            return verifier.verify(credential, **asked)  # type: ignore[arg-type]

    def reason(self, kind: str, credential: str, rules: dict[str, object] | None = None, **asked: object) -> Reason:
        with pytest.raises(Denied) as refusal:
            self.verify(kind, credential, rules, **asked)
        return refusal.value.reason


@pytest.fixture
def judge(provider: Provider) -> Judge:
    return Judge(provider)


def test_discovery_names_the_issuer_it_was_asked_at(provider: Provider) -> None:
    discovery = provider.discovery
    assert discovery["issuer"] == provider.issuer
    assert set(ALGORITHMS) <= set(discovery["id_token_signing_alg_values_supported"])  # type: ignore[call-overload]
    keys = json.loads(provider.jwks)["keys"]
    assert len(keys) == len(ALGORITHMS) - 1, "EdDSA and Ed25519 are one key"
    with BundleStore() as store:
        store.put_issuer(provider.issuer, provider.jwks)
        info = store.issuer_info(provider.issuer)
    assert info is not None and info.entries == len(keys) and not any(info.skipped.values())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_id_tokens(provider: Provider, judge: Judge, algorithm: str) -> None:
    hybrid = {"response_type": "code id_token token", "nonce": "n-0S6_WzA2Mj", "max_age": "3600"}
    answer = provider.login(algorithm, **hybrid)
    token, access_token = answer["id_token"], answer["access_token"]
    claims = part(token, 1)
    assert part(token, 0)["alg"] == algorithm and claims["nonce"] == "n-0S6_WzA2Mj"
    assert "at_hash" in claims and "auth_time" in claims

    party = {"authorized_parties": [f"client-{algorithm}"]}
    asked = {"nonce": "n-0S6_WzA2Mj", "max_age": 60, "access_token": access_token}
    verified = judge.verify("id", token, party, **asked)
    assert verified.identity == f"oidc:{provider.issuer}:alice"
    assert verified.issuer == provider.issuer
    assert verified.expires_at == claims["exp"]

    assert judge.reason("id", token, nonce="n-0S6_WzA2Mk") == Reason.NONCE_MISMATCH
    assert judge.reason("id", token, {"nonce": "required"}) == Reason.NONCE_MISSING
    changed = access_token[:-1] + ("A" if access_token[-1] != "A" else "B")
    assert judge.reason("id", token, access_token=changed) == Reason.AT_HASH_MISMATCH
    head, _, signature = token.split(".")
    forged = base64url(json.dumps({**claims, "sub": "mallory"}).encode())
    assert judge.reason("id", f"{head}.{forged}.{signature}") == Reason.SIGNATURE_INVALID


def test_a_nonce_that_the_token_does_not_have(provider: Provider, judge: Judge) -> None:
    token = provider.login()["id_token"]
    assert judge.verify("id", token).issuer == provider.issuer
    assert judge.reason("id", token, nonce="n") == Reason.NONCE_MISSING


def test_max_age(provider: Provider, judge: Judge) -> None:
    token = provider.login(max_age="3600")["id_token"]
    auth_time = part(token, 1)["auth_time"]
    assert isinstance(auth_time, int)
    at_the_end = auth_time + 600 + 60  # the policy's clock skew
    assert judge.verify("id", token, max_age=600, now=at_the_end)
    assert judge.reason("id", token, max_age=600, now=at_the_end + 1) == Reason.AUTH_TOO_OLD
    without = provider.login()["id_token"]
    assert "auth_time" not in part(without, 1)
    assert judge.reason("id", without, max_age=600) == Reason.AUTH_TIME_MISSING


def test_authorized_parties(provider: Provider, judge: Judge) -> None:
    token = provider.login("RS256")["id_token"]
    rules = {"authorized_parties": ["client-RS256"]}
    assert part(token, 1)["azp"] == "client-RS256"
    assert judge.verify("id", token, rules)
    assert judge.reason("id", token, {"authorized_parties": ["client-ES256"]}) == Reason.AZP_MISMATCH
    without = provider.login("RS256", user="without-azp")["id_token"]
    assert "azp" not in part(without, 1)
    assert judge.verify("id", without)
    assert judge.reason("id", without, rules) == Reason.AZP_MISSING


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_access_tokens(provider: Provider, judge: Judge, algorithm: str) -> None:
    token = provider.service_token(algorithm)
    assert part(token, 0)["alg"] == algorithm and part(token, 0)["typ"] == "at+jwt"
    verified = judge.verify("access", token, {"authorized_parties": [f"client-{algorithm}"]})
    assert verified.identity == f"oidc:{provider.issuer}:client-{algorithm}"
    of_user = provider.login(algorithm)["access_token"]
    assert judge.verify("access", of_user).identity == f"oidc:{provider.issuer}:alice"


def test_classes_do_not_mix(provider: Provider, judge: Judge) -> None:
    answer = provider.login()
    assert judge.reason("access", answer["id_token"]) == Reason.TYP_MISMATCH
    assert judge.reason("id", answer["access_token"]) == Reason.TOKEN_CLASS_MISMATCH
    for token in answer["id_token"], answer["access_token"]:
        assert judge.verify("either", token)


def test_audiences(provider: Provider, judge: Judge) -> None:
    billing = provider.service_token(resource=BILLING)
    assert judge.reason("access", billing) == Reason.AUDIENCE_MISMATCH
    assert judge.verify("access", billing, {"audiences": [BILLING]})
    token = provider.login("RS256")["id_token"]
    assert judge.reason("id", token, {"audiences": ["client-ES256"]}) == Reason.AUDIENCE_MISMATCH


@pytest.mark.parametrize("kind", ["id", "access"])
def test_times(provider: Provider, judge: Judge, kind: str) -> None:
    token = provider.login()[f"{kind}_token"]
    expires = part(token, 1)["exp"]
    assert isinstance(expires, int)
    assert judge.verify(kind, token, now=expires + 59)
    assert judge.reason(kind, token, now=expires + 60) == Reason.TOKEN_EXPIRED


def test_another_issuer(provider: Provider, other: Provider, judge: Judge) -> None:
    stranger = other.login()["id_token"]
    assert judge.reason("id", stranger) == Reason.ISSUER_UNKNOWN

    # Both in one policy: each issuer's tokens by its own keys, and none before those are fed.
    both = policy(provider.issuer, "id")
    theirs = policy(other.issuer, "id")["attestors"]
    both["attestors"] = [*both["attestors"], {**theirs[0], "id": "other"}]  # type: ignore[index,misc]
    with Verifier(judge.store, both) as verifier:
        with pytest.raises(Unavailable) as unfed:
            verifier.verify(stranger)
        assert unfed.value.reason == Reason.BUNDLE_UNAVAILABLE
        judge.store.put_issuer(other.issuer, other.jwks)
        assert verifier.verify(stranger).identity == f"oidc:{other.issuer}:alice"

    judge.store.put_issuer(provider.issuer, other.jwks)
    assert judge.reason("id", provider.login()["id_token"]) == Reason.KID_NOT_FOUND


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_rotation(algorithm: str) -> None:
    """The new key beside the old one, then alone; what we hold is what we were last fed."""
    with running() as provider:
        judge = Judge(provider)

        def tokens() -> list[tuple[str, str]]:
            return [("id", provider.login(algorithm)["id_token"]), ("access", provider.service_token(algorithm))]

        old = tokens()
        assert all(judge.verify(*token) for token in old)

        provider.command("publish")
        new = tokens()
        assert part(new[0][1], 0)["kid"] != part(old[0][1], 0)["kid"]
        assert [judge.reason(*token) for token in new] == [Reason.KID_NOT_FOUND] * 2
        judge.store.put_issuer(provider.issuer, provider.jwks)
        assert all(judge.verify(*token) for token in new + old)

        provider.command("retire")
        assert all(judge.verify(*token) for token in old), "the old key has not been taken back here"
        judge.store.put_issuer(provider.issuer, provider.jwks)
        assert [judge.reason(*token) for token in old] == [Reason.KID_NOT_FOUND] * 2
        assert all(judge.verify(*token) for token in new + tokens())
