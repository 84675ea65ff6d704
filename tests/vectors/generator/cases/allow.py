"""Who may enter: IDs, prefixes, subjects and claims, judged after the signature."""

from __future__ import annotations

from typing import Any

from ..corpus import DOMAIN, SUB, Corpus
from ..encoding import js
from ..keys import Jwk
from . import oidc
from .common import policy

NO = "not_allowed"
HERE = f"spiffe://{DOMAIN}"


def add(c: Corpus) -> None:
    """Add the cases."""
    spiffe_ids(c)
    claims(c)
    subjects(c)
    order(c)
    mistakes(c)


def spiffe_ids(c: Corpus) -> None:
    """The subject is spiffe://example.org/ns/prod/sa/orders."""
    table: list[tuple[str, Jwk, str]] = [
        ("id", {"ids": [SUB]}, "ok"),
        ("id-second", {"ids": [f"{HERE}/other", SUB]}, "ok"),
        ("id-other", {"ids": [f"{HERE}/other"]}, NO),
        ("id-parent", {"ids": [f"{HERE}/ns/prod/sa"]}, NO),
        ("id-child", {"ids": [f"{SUB}/x"]}, NO),
        ("id-case", {"ids": [SUB.replace("orders", "Orders")]}, NO),
        ("id-longer", {"ids": [f"{SUB}s"]}, NO),
        ("prefix", {"prefixes": [f"{HERE}/ns/prod/"]}, "ok"),
        ("prefix-without-slash", {"prefixes": [f"{HERE}/ns/prod"]}, "ok"),
        ("prefix-domain", {"prefixes": [HERE]}, "ok"),
        ("prefix-domain-slash", {"prefixes": [f"{HERE}/"]}, "ok"),
        ("prefix-part-of-segment", {"prefixes": [f"{HERE}/ns/pro"]}, NO),
        ("prefix-itself", {"prefixes": [SUB]}, NO),
        ("prefix-itself-slash", {"prefixes": [f"{SUB}/"]}, NO),
        ("prefix-sibling", {"prefixes": [f"{HERE}/ns/prod/sa/order"]}, NO),
        ("prefix-second", {"prefixes": [f"{HERE}/x", f"{HERE}/ns"]}, "ok"),
        ("prefix-or-id", {"prefixes": [f"{HERE}/x"], "ids": [SUB]}, "ok"),
    ]
    for name, rule, reason in table:
        file = c.policy(f"allow-{name}", policy(allow=rule))
        c.case(f"allow-{name}", "S-014", reason, c.token(), policy=file)


def claims(c: Corpus) -> None:
    """An object is all of, the list any of, values are exact text, absent is no match."""
    rule = {"claims": [{"/repository_id": ["12", "13"], "/job/env": ["prod"]}, {"/admin": ["true"]}]}
    file = c.policy("allow-claims", policy(allow=rule))
    good = {"repository_id": '"12"', "job": '{"env":"prod"}'}
    table: list[tuple[str, Any, str]] = [
        ("all", good, "ok"),
        ("other-value", {**good, "repository_id": '"13"'}, "ok"),
        ("number-text", {**good, "repository_id": "13"}, "ok"),
        ("escaped", {**good, "repository_id": r'"\u0031\u0032"'}, "ok"),
        ("array-holds-one", {**good, "repository_id": '["11","12"]'}, "ok"),
        ("second-rule", {"admin": "true"}, "ok"),
        ("second-rule-text", {"admin": '"true"'}, "ok"),
        ("none", {}, NO),
        ("one-of-two", {"repository_id": '"12"'}, NO),
        ("wrong-value", {**good, "repository_id": '"14"'}, NO),
        ("part-of-value", {**good, "repository_id": '"123"'}, NO),
        ("space", {**good, "repository_id": '"12 "'}, NO),
        ("number-spelled-otherwise", {**good, "repository_id": "12.0"}, NO),
        ("exponent", {**good, "repository_id": "1.2e1"}, NO),
        ("null", {**good, "repository_id": "null"}, NO),
        ("object", {**good, "repository_id": '{"12":"12"}'}, NO),
        ("nested-array", {**good, "repository_id": '[["12"]]'}, NO),
        ("empty-array", {**good, "repository_id": "[]"}, NO),
        ("flat-name", {"repository_id": '"12"', "job/env": '"prod"'}, NO),
        ("false", {"admin": "false"}, NO),
        ("one", {"admin": "1"}, NO),
    ]
    for name, changes, reason in table:
        c.case(f"allow-claims-{name}", "S-014", reason, c.token(changes), policy=file)
    slashes = c.policy("allow-claims-escapes", policy(allow={"claims": [{"/a~1b~0c": ["x"]}]}))
    c.case("allow-claims-pointer-escapes", "S-014", "ok", c.token({"a/b~c": '"x"'}), policy=slashes)


def subjects(c: Corpus) -> None:
    """An issuer's subjects are exact text."""
    for name, subject, reason in [
        ("same", oidc.SUBJECT, "ok"),
        ("other", oidc.SUBJECT + "x", NO),
        ("prefix", oidc.SUBJECT[:-1], NO),
        ("whole-identity", oidc.IDENTITY, NO),
    ]:
        file = c.policy(f"allow-subject-{name}", oidc.policy(allow={"subjects": [subject]}))
        oidc.case(c, f"allow-subject-{name}", "S-014", reason, oidc.token(c), policy=file)
    file = c.policy("allow-oidc-claims", oidc.policy(allow={"claims": [{"/ref": ["refs/heads/main"]}]}))
    for name, ref, reason in [("main", "refs/heads/main", "ok"), ("fork", "refs/heads/mainx", NO)]:
        credential = oidc.token(c, {"ref": js(ref)})
        oidc.case(c, f"allow-claims-{name}", "S-014", reason, credential, policy=file)


def order(c: Corpus) -> None:
    """Nothing about `allow` is answered before the signature, nor before `cnf`."""
    file = c.policy("allow-nobody-here", policy(allow={"ids": [f"{HERE}/other"]}))
    forged = c.token()[:-8] + b"AAAAAAAA"
    c.case("order-signature-before-allow", "S-014", "signature_invalid", forged, policy=file)
    expired = c.token({"exp": "1"})
    c.case("order-time-before-allow", "S-014", "token_expired", expired, policy=file)
    bound = c.token({"cnf": '{"jkt":"x"}'})
    c.case("order-cnf-before-allow", "S-014", "pop_required", bound, policy=file)


def mistakes(c: Corpus) -> None:
    """An entry that could never match, or a typo, is an error."""
    table: list[tuple[str, Any]] = [
        ("empty", {}),
        ("null", None),
        ("list", [SUB]),
        ("typo", {"id": [SUB]}),
        ("ids-empty", {"ids": []}),
        ("ids-number", {"ids": [1]}),
        ("ids-text", {"ids": SUB}),
        ("ids-url", {"ids": ["https://example.org/a"]}),
        ("ids-foreign", {"ids": ["spiffe://other.test/a"]}),
        ("ids-trailing-slash", {"ids": [f"{SUB}/"]}),
        ("ids-wildcard", {"ids": [f"{HERE}/*"]}),
        ("prefixes-foreign", {"prefixes": ["spiffe://other.test/"]}),
        ("prefixes-two-slashes", {"prefixes": [f"{HERE}/a//"]}),
        ("prefixes-wildcard", {"prefixes": [f"{HERE}/a*"]}),
        ("subjects", {"subjects": [SUB]}),
        ("claims-object", {"claims": {"/a": ["x"]}}),
        ("claims-empty-rule", {"claims": [{}]}),
        ("claims-no-pointer", {"claims": [{"a": ["x"]}]}),
        ("claims-bad-escape", {"claims": [{"/a~2": ["x"]}]}),
        ("claims-no-values", {"claims": [{"/a": []}]}),
        ("claims-number", {"claims": [{"/a": [1]}]}),
    ]
    for name, rule in table:
        document = policy()
        document["attestors"][0]["allow"] = rule
        file = c.policy(f"bad-allow-{name}", document)
        c.case(f"policy-allow-{name}", "S-014", "config_invalid", c.token(), policy=file)
    file = c.policy("bad-allow-oidc-ids", oidc.policy(allow={"ids": [SUB]}))
    oidc.case(c, "policy-allow-ids", "S-014", "config_invalid", oidc.token(c), policy=file)
