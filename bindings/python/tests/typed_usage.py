"""The public API as a type checker sees it. Checked by `test_types.py`; every ignored error must be one."""

from __future__ import annotations

import ssl

from typing_extensions import assert_type

from libattestor import (
    AttestorError,
    BundleStore,
    CacheMetrics,
    Closed,
    CredentialKind,
    Denied,
    Fetch,
    Finding,
    Format,
    Freshness,
    Head,
    Metrics,
    Misuse,
    Readiness,
    Reason,
    ReceiptLog,
    RefreshReport,
    Rejected,
    RestoreReport,
    RotationGate,
    Shadow,
    Sink,
    SlotInfo,
    Source,
    SourceHealth,
    SourceMetrics,
    Unavailable,
    Unrecorded,
    VerdictCount,
    Verified,
    Verifier,
    mint_passport,
    passport_thumbprint,
    possession_message,
)


def store() -> None:
    with BundleStore() as store:
        assert_type(store, BundleStore)
        store.put("example.org", b"{}", format=Format.SPIFFE_BUNDLE, feed=1, force=True, now=1)
        store.put("example.org", "{}", format="workload_api_jwks")
        store.put(b"example.org", "{}")  # type: ignore[arg-type]
        store.put("example.org", {})  # type: ignore[arg-type]
        store.put("example.org", "{}", "spiffe_bundle")  # type: ignore[call-arg]
        store.put("example.org", "{}", now=1.5)  # type: ignore[arg-type]
        store.put_issuer("https://issuer.test", "{}", feed=1, force=True, now=1)
        store.put_issuer("https://issuer.test", b"", format=Format.PUBLIC_KEY_PEM)
        store.put_issuer(b"https://issuer.test", "{}")  # type: ignore[arg-type]
        store.put_issuer("https://issuer.test", "{}", "jwks")  # type: ignore[call-arg]
        store.remove_issuer("https://issuer.test")
        assert_type(store.issuer_info("https://issuer.test"), SlotInfo | None)
        store.issuer_info("https://issuer.test", "x509")  # type: ignore[call-arg]
        store.put_map(b"{}", feed=1, force=True, now=1)
        store.put_map(b"{}", 1)  # type: ignore[call-arg]
        store.deny("trust_domain", "sub", "a", source="example.org", expires_at=1, now=1)
        store.deny("trust_domain", "aud", "a")  # type: ignore[arg-type]
        assert_type(store.lift("native", "jti", "a"), bool)
        assert_type(store.denials, int)
        assert_type(store.info("example.org", "crl"), SlotInfo | None)
        store.info("example.org", "oidc")  # type: ignore[arg-type]
        info = store.info("example.org", "x509")
        assert_type(info, SlotInfo | None)
        if info is not None:
            assert_type(info.skipped, dict[str, int])
            assert_type(info.sequence, int | None)
            assert_type((info.soft_age, info.hard_age), tuple[int | None, int | None])
            assert_type(info.findings, frozenset[Finding])
            assert_type((info.restored, info.withheld), tuple[bool, int])
            info.entries = 1  # type: ignore[misc]


def verify(store: BundleStore) -> None:
    Verifier(store, b"{}")
    Verifier(store, {"version": 1})
    Verifier("store", "{}")  # type: ignore[arg-type]
    with Verifier(store, "{}") as verifier:
        for credential in ("", b"", bytearray(), memoryview(b"")):
            assert_type(verifier.verify(credential), Verified)
        verified = verifier.verify("", now=1, attestor="spiffe", evidence=True)
        assert_type(verified.identity, str)
        assert_type(verified.trust_domain, str | None)
        assert_type(verified.issuer, str | None)
        assert_type(verified.expires_at, int)
        assert_type(verified.evidence, bytes | None)
        verifier.verify(None)  # type: ignore[arg-type]
        verifier.verify("", 1)  # type: ignore[call-arg]
        verifier.verify("", attestor=b"spiffe")  # type: ignore[arg-type]
        verifier.verify("", nonce="n", max_age=60, access_token="t")
        verifier.verify("", nonce=None, max_age=None, access_token=b"t")
        verifier.verify("", nonce=b"n")  # type: ignore[arg-type]
        verifier.verify("", max_age=1.5)  # type: ignore[arg-type]
        verifier.verify("", access_token=1)  # type: ignore[arg-type]
        verified.identity = ""  # type: ignore[misc]
        verifier.set_policy({"version": 1})


def fetch(source: Source, sink: Sink) -> None:
    assert_type(sink.put(b"{}"), None)
    sink.put("{}", format=Format.JWKS, max_age=1, refresh_after=1, force=True)
    sink.put("{}", "jwks")  # type: ignore[call-arg]
    sink.put({})  # type: ignore[arg-type]
    sink.confirm(refresh_after=1)
    sink.confirm(1)  # type: ignore[call-arg]
    source.name = ""  # type: ignore[misc]


class Fetcher:
    """A fetch may be a method."""

    def fetch(self, source: Source, sink: Sink) -> None: ...

    def wrong(self, source: Source) -> None: ...


def feeds(store: BundleStore) -> None:
    BundleStore(gate=RotationGate(rollback="off", rekeyed="warn", replaced="hold"), cooldown=1)
    BundleStore(gate="hold")  # type: ignore[arg-type]
    BundleStore(RotationGate())  # type: ignore[call-arg]
    RotationGate(rollback="deny")  # type: ignore[arg-type]
    store.put("example.org", "{}", max_age=60, permanent=True)
    store.put_issuer("https://issuer.test", "{}", max_age=60, permanent=True)
    store.put_map("{}", max_age=60, permanent=True)
    store.put("example.org", "{}", max_age="60")  # type: ignore[arg-type]
    store.touch("example.org", feed=1, now=1)
    store.touch_issuer("https://issuer.test", feed=1, now=1)
    store.touch_all(1, now=1)
    assert_type(store.withdraw(1), int)
    for source in (Source.trust_domain("a"), Source.issuer("b"), Source.world(), Source("issuer", "c")):
        store.set_feed(source, fetch, feed=1)
    Source("nobody", "a")  # type: ignore[arg-type]
    kept: Fetch = fetch
    store.set_feed(source, kept)
    store.set_feed(source, Fetcher().fetch)
    store.set_feed(source, Fetcher().wrong)  # type: ignore[arg-type]
    store.set_feed("example.org", fetch)  # type: ignore[arg-type]
    store.close_feed(source)
    report = store.refresh(now=1)
    assert_type(report, RefreshReport)
    assert_type(report.errors[source], Exception)
    store.refresh_source(source, now=1)
    assert_type(store.next_refresh(now=1), int | None)
    health = store.health(source, now=1)
    assert_type(health, SourceHealth | None)
    if health is not None:
        assert_type(health.last_failure, Reason | None)
        assert_type(health.jwt, Freshness | None)
        assert_type(health.succeeded_at, int | None)
    assert_type(store.snapshot(key=bytes(32), now=1), bytes)
    assert_type(store.restore(b"", unkeyed=True, now=1), RestoreReport)
    store.snapshot(bytes(32))  # type: ignore[call-arg]
    store.allow_publishing(source)
    store.allow_publishing(source, False)
    assert_type(store.publish(source, "jwks", now=1), bytes)


def numbers(store: BundleStore) -> None:
    with Verifier(store, {}, cache_entries=0, cache_bytes=1 << 20) as verifier:
        assert_type(verifier.readiness(now=1), Readiness)
        metrics = verifier.metrics(now=1)
        assert_type(metrics, Metrics)
        assert_type(metrics.cache, CacheMetrics)
        assert_type(metrics.verdicts, tuple[VerdictCount, ...])
        assert_type(metrics.sources, tuple[SourceMetrics, ...])
        verified = verifier.verify("", refresh=True)
        assert_type((verified.bundle_due, verified.from_cache), tuple[bool, bool])
        assert_type(verifier.admit("", refresh=True), Verified)
        verifier.verify("", refresh=1)  # type: ignore[arg-type]


def more(verifier: Verifier, connection: ssl.SSLSocket, log: ReceiptLog, store: BundleStore) -> None:
    passport = mint_passport(bytes(32), expires_at=1, issued_at=1, audiences=["a"], id="i")
    assert_type(passport, str)
    assert_type(passport_thumbprint(bytes(32)), str)
    assert_type(possession_message(bytes(16), "a", passport), bytes)
    verified = verifier.admit(passport, "", now=1, peer_certificate=b"", evidence=True)
    assert_type(verified.kind, CredentialKind)
    assert_type(verified.policies, tuple[str, ...])
    assert_type(verified.internal_identity, str | None)
    assert_type(verified.shadow, Shadow | None)
    verifier.admit()  # type: ignore[call-arg]
    for chain in (b"", [b""], (b"",)):
        asked = verifier.verify_challenge(chain, challenge=b"", audience="", proof=b"", passport=passport)
        assert_type(asked, Verified)
    verifier.verify_challenge(b"", challenge=b"", audience="")  # type: ignore[call-arg]
    assert_type(verifier.verify_connection(connection, chain=[b""], audience="a"), Verified)
    verifier.verify_connection(b"")  # type: ignore[arg-type]
    verifier.set_shadow_policy(None)
    with Verifier(store, {}, receipts=log) as recording:
        recording.verify("", receipt_fields={"agent_id": "a"})
        recording.verify("", receipt_fields={"agent_id": 1})  # type: ignore[dict-item]
    with ReceiptLog("log", key=lambda seq: bytes(seq), fsync=False) as opened:
        assert_type(opened, ReceiptLog)
        assert_type(opened.record("note", evidence=b"{}", fields={"a": "b"}, at=1), Head)
        opened.rotate("log.2")
        assert_type(opened.head.digest, bytes)


def refusal(verifier: Verifier) -> ValueError | None:
    try:
        verifier.verify("")
    except (Denied, Unavailable) as error:
        assert_type(error.authenticated, bool)
        assert_type(error.attestor_id, str | None)
        assert_type(error.evidence, bytes | None)
        assert_type(error.about_passport, bool)
        assert_type(error.shadow, Shadow | None)
        assert_type(error.refresh_wanted, bool)
        assert_type(error.reason, Reason)
        print(error.detail)  # type: ignore[union-attr]
    except Rejected:
        pass
    except Unrecorded as error:
        assert_type(error.refusal, Rejected | None)
    except Closed as error:
        return error
    except Misuse as error:
        assert_type(error.detail, str)
        return error
    except AttestorError as error:
        assert_type((error.code, error.slug, error.phrase), tuple[int, str, str])
    return None
