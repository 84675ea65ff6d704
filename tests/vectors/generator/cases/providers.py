"""Provider profiles: tokens in the shape each provider gives them, and its quirks."""

from __future__ import annotations

from typing import Any

from ..corpus import AUDIENCE, NOW, Corpus
from ..encoding import Changes, js
from ..keys import Jwk
from .oidc import of, oidc

OK, MISSING, BAD_TYPE = "ok", "claim_missing", "claim_type_invalid"
CLASS, INCONSISTENT = "token_class_mismatch", "subject_inconsistent"
TENANT, VERSION = "tenant_mismatch", "issuer_mismatch"
UNKNOWN, EXTRA = "issuer_unknown", "audience_untrusted_extra"
TID = "72f988bf-86f1-41af-91ab-2d7cd011db47"
OTHER_TID = "9188040d-6c67-4c5b-b112-36a304b66dad"

Claims = dict[str, Any]


class Provider:
    """One provider's issuer, its token and the policies that take it."""

    def __init__(
        self, c: Corpus, name: str, issuer: str, claims: Claims, **settings: Any
    ) -> None:
        """Feed the issuer and write the plain policy."""
        self.c, self.name, self.issuer = c, name, issuer
        self.claims: Claims = {"iss": issuer} | claims
        self.settings = {"id": name, "profile": name, "issuer": issuer} | settings
        self.header: Changes = {}
        self.feed = f"{issuer}=jwks=issuer.json"
        self.plain = self.policy("plain")

    def policy(self, kind: str, **changes: Any) -> str:
        """Write a policy of this provider, with some settings changed."""
        document = {"version": 1, "attestors": [oidc(**self.settings | changes)]}
        return self.c.policy(f"{self.name}-{kind}", document)

    def case(
        self,
        name: str,
        rule: str,
        reason: str,
        changes: Claims | None = None,
        header: Changes | None = None,
        key: str = "rsa2048",
        **options: Any,
    ) -> None:
        """Add a case; a change of ... removes the claim."""
        claims = self.claims | (changes or {})
        texts = {k: js(v) for k, v in claims.items() if v is not ...}
        gone = {k: None for k, v in claims.items() if v is ...}
        signed = self.c.token({**texts, **gone}, {**self.header, **(header or {})}, key)
        usual = {
            "policy": self.plain,
            "bundles": self.feed,
            "identity": f"oidc:{self.issuer}:{claims['sub']}",
        }
        self.c.case(f"{self.name}-{name}", rule, reason, signed, **usual | options)


def add(c: Corpus) -> None:
    """Add the cases of every provider, and the policies that are refused."""
    kubernetes(c)
    github(c)
    gitlab(c)
    entra(c)
    entra_keys(c)
    okta(c)
    auth0(c)
    keycloak(c)
    google(c)
    mistakes(c)


def kubernetes(c: Corpus) -> None:
    """The subject and the bound claims name one service account; there is no `typ`."""
    own = {
        "namespace": "prod",
        "node": {"name": "n1", "uid": "1f2c"},
        "pod": {"name": "orders-7d4b9c6f5-x2x9z", "uid": "5e0bd49b"},
        "serviceaccount": {"name": "orders", "uid": "14ee3fa4"},
        "warnafter": NOW - 10 + 3607,
    }
    claims = {
        "sub": "system:serviceaccount:prod:orders",
        "nbf": NOW - 10,
        "jti": "ea28ed49-2e11-4280-9ec5-bc3d1d84661a",
        "kubernetes.io": own,
    }
    p = Provider(c, "kubernetes", "https://kubernetes.default.svc.cluster.local", claims)
    p.header = {"typ": None}

    def bound(**changes: Any) -> Claims:
        return {"kubernetes.io": {k: v for k, v in (own | changes).items() if v is not ...}}

    for name, reason, changes in [
        ("good", OK, {}),
        ("no-pod", OK, bound(pod=..., node=...)),
        ("secret", OK, bound(pod=..., secret={"name": "s", "uid": "1"})),
        ("stale", OK, bound(warnafter=NOW - 1)),
        ("other-namespace", INCONSISTENT, bound(namespace="dev")),
        ("other-account", INCONSISTENT, bound(serviceaccount={"name": "billing"})),
        ("sub-other", INCONSISTENT, {"sub": "system:serviceaccount:prod:billing"}),
        ("sub-longer", INCONSISTENT, {"sub": "system:serviceaccount:prod:orders:x"}),
        ("sub-node", INCONSISTENT, {"sub": "system:node:n1"}),
        ("sub-upper", INCONSISTENT, {"sub": "system:serviceaccount:Prod:orders"}),
        ("no-claims", MISSING, {"kubernetes.io": ...}),
        ("no-namespace", MISSING, bound(namespace=...)),
        ("no-account", MISSING, bound(serviceaccount=...)),
        ("no-account-name", MISSING, bound(serviceaccount={"uid": "1"})),
        ("namespace-number", BAD_TYPE, bound(namespace=1)),
        ("claims-string", BAD_TYPE, {"kubernetes.io": "prod"}),
    ]:
        p.case(name, "P-002", reason, changes)
    legacy = {
        "iss": "kubernetes/serviceaccount",
        "aud": ...,
        "exp": ...,
        "kubernetes.io": ...,
        "kubernetes.io/serviceaccount/namespace": "prod",
        "kubernetes.io/serviceaccount/service-account.name": "orders",
    }
    p.case("legacy", "P-001", UNKNOWN, legacy)
    p.case("implicit-audience", "P-002", "audience_missing", {"aud": ...})
    p.case("ahead", "P-004", OK, {"nbf": NOW + 5, "iat": NOW + 5})


def github(c: Corpus) -> None:
    """The subject has two forms, may be customised, and never contradicts the claims."""
    claims = {
        "sub": "repo:octo-org/octo-repo:ref:refs/heads/main",
        "jti": "6f4762ed-0758-4ccb-808d-ee3af5d723a8",
        "nbf": NOW - 310,
        "ref": "refs/heads/main",
        "ref_type": "branch",
        "ref_protected": "true",
        "sha": "2d1b3a8e8e2f4bc9f5e0e8a5b1d6c7e8f9a0b1c2",
        "repository": "octo-org/octo-repo",
        "repository_id": "74",
        "repository_owner": "octo-org",
        "repository_owner_id": "65",
        "repository_visibility": "private",
        "run_id": "30433642",
        "run_attempt": "2",
        "runner_environment": "github-hosted",
        "actor": "octocat",
        "actor_id": "12",
        "workflow_ref": "octo-org/octo-repo/.github/workflows/ci.yml@refs/heads/main",
        "job_workflow_ref": "octo-org/infra/.github/workflows/x.yml@refs/heads/main",
        "event_name": "push",
    }
    issuer = "https://token.actions.githubusercontent.com"
    allow = {"claims": [{"/repository_owner_id": ["65"], "/ref": ["refs/heads/main"]}]}
    p = Provider(c, "github", issuer, claims, allow=allow)
    p.header = {"x5t": '"ykNaY4qM_ta4k2TgZOCEYLkcYlA"'}
    main, env = ":ref:refs/heads/main", ":environment:"
    classic, immutable = "repo:octo-org/octo-repo", "repo:octo-org@65/octo-repo@74"
    at_colon = {"environment": "eu:prod"}
    for name, reason, subject, changes in [
        ("classic", OK, classic + main, {}),
        ("immutable", OK, immutable + main, {}),
        ("colon", OK, f"{classic}{env}eu%3Aprod", at_colon),
        ("colon-immutable", OK, f"{immutable}{env}eu%3Aprod", at_colon),
        ("pull-request", OK, f"{classic}:pull_request", {}),
        ("customised", OK, "repository_owner_id:65:ref:refs/heads/other", {}),
        ("customised-half", OK, "repo:octo-org@9/octo-repo:ref:x", {}),
        ("other-repository", INCONSISTENT, f"repo:octo-org/evil{main}", {}),
        ("other-owner", INCONSISTENT, f"repo:octo-org-evil/octo-repo{main}", {}),
        ("other-owner-id", INCONSISTENT, f"repo:octo-org@66/octo-repo@74{main}", {}),
        ("other-id", INCONSISTENT, f"repo:octo-org@65/octo-repo@7{main}", {}),
        ("other-ref", INCONSISTENT, f"{classic}:ref:refs/heads/dev", {}),
        ("other-environment", INCONSISTENT, f"{classic}{env}eu", at_colon),
        ("other-repository-claim", INCONSISTENT, classic + main, {"repository": "a/b"}),
        ("repository-number", BAD_TYPE, classic + main, {"repository": 1}),
    ]:
        p.case(f"sub-{name}", "P-008", reason, {"sub": subject, **changes})
    for name, reason, changes in [
        ("owner", "not_allowed", {"repository_owner_id": "66"}),
        ("ref", "not_allowed", {"ref": "refs/heads/dev", "sub": classic + ":pull_request"}),
    ]:
        p.case(f"allow-{name}", "P-008", reason, changes)
    p.case("enterprise", "P-007", UNKNOWN, {"iss": f"{issuer}/octo-inc"})
    p.case("default-audience", "P-009", "audience_mismatch", {"aud": "https://github.com/octo-org"})
    everybody = p.policy("open", allow=None, open=True)
    changes = {"repository_owner_id": "66"}
    p.case("open", "P-009", OK, changes, policy=everybody)


def gitlab(c: Corpus) -> None:
    """CI/CD ID tokens; other customers have them too."""
    claims = {
        "sub": "project_path:my-group/my-project:ref_type:branch:ref:main",
        "nbf": NOW - 15,
        "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
        "namespace_id": "72",
        "namespace_path": "my-group",
        "project_id": "20",
        "project_path": "my-group/my-project",
        "user_id": "1",
        "user_login": "sample-user",
        "pipeline_id": "574",
        "pipeline_source": "push",
        "job_id": "302",
        "ref": "main",
        "ref_type": "branch",
        "ref_protected": "true",
        "environment": "production",
        "environment_protected": "true",
    }
    allow = {"claims": [{"/project_id": ["20"], "/ref_protected": ["true"]}]}
    p = Provider(c, "gitlab", "https://gitlab.example", claims, allow=allow)
    p.case("good", "P-009", OK)
    p.case("other-project", "P-009", "not_allowed", {"project_id": "21"})
    p.case("unprotected", "P-009", "not_allowed", {"ref_protected": "false"})
    everybody = p.policy("open", allow=None, open=True)
    p.case("open", "P-009", OK, {"project_id": "21"}, policy=everybody)


def entra(c: Corpus) -> None:
    """One tenant by its issuer, or many by a template that `tid` fills."""
    template = "https://login.microsoftonline.com/{tenantid}/v2.0"
    one = template.replace("{tenantid}", TID)
    claims = {
        "iss": one,
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "nbf": NOW - 10,
        "tid": TID,
        "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474",
        "azp": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
        "azpacr": "1",
        "roles": ["Orders.Enter"],
        "ver": "2.0",
        "rh": "0.",
        "uti": "x",
    }
    sts = "https://sts.windows.net/{tenantid}/"
    p = Provider(c, "entra", template, claims, tenants=[TID], issuer_aliases=[sts])
    p.header = {"x5t": '"nOo3ZDrODXEK1jKWhXslHR_KXEg"'}
    identity = f"oidc:{one}:{claims['sub']}"
    v1 = {"iss": sts.replace("{tenantid}", TID), "ver": "1.0", "azp": ..., "appid": "6e74172b"}
    other = {"iss": template.replace("{tenantid}", OTHER_TID), "tid": OTHER_TID}
    upper = {"iss": template.replace("{tenantid}", TID.upper()), "tid": TID.upper()}
    for name, rule, reason, changes in [
        ("good", "P-011", OK, {}),
        ("v1", "P-010", OK, v1),
        ("v1-with-ver-2", "P-010", VERSION, {**v1, "ver": "2.0"}),
        ("v2-with-ver-1", "P-010", VERSION, {"ver": "1.0"}),
        ("ver-absent", "P-010", OK, {"ver": ...}),
        ("ver-number", "P-010", BAD_TYPE, {"ver": 2.0}),
        ("tid-other", "P-011", TENANT, {"tid": OTHER_TID}),
        ("tid-upper", "P-011", TENANT, {"tid": TID.upper()}),
        ("tid-common", "P-011", TENANT, {"tid": "common"}),
        ("tid-dots", "P-011", TENANT, {"tid": "../.."}),
        ("tid-absent", "P-011", MISSING, {"tid": ...}),
        ("tid-null", "P-011", BAD_TYPE, {"tid": None}),
        ("iss-template", "P-011", UNKNOWN, {"iss": template}),
        ("iss-common", "P-013", UNKNOWN, {"iss": template.replace("{tenantid}", "common"), "tid": "common"}),
        ("iss-slash", "P-011", UNKNOWN, {"iss": f"{one}/"}),
        ("iss-two-tenants", "P-011", UNKNOWN, {"iss": one.replace(TID, f"{TID}/{TID}")}),
        ("iss-prefix", "P-011", UNKNOWN, {"iss": f"https://evil.example/{one}"}),
        ("graph", "P-014", "audience_mismatch", {"aud": "00000003-0000-0000-c000-000000000000"}),
    ]:
        p.case(name, rule, reason, changes, identity=identity)
    p.case("tenant-not-listed", "P-011", TENANT, other, authenticated=True)
    p.case("tenant-not-listed-other-key", "P-011", "signature_invalid", other, {"kid": '"rsa2048"'}, "rsa2048-other")
    everybody = p.policy("open", tenants=None, open=True)
    named = f"oidc:{other['iss']}:{claims['sub']}"
    p.case("open", "P-011", OK, other, policy=everybody, identity=named)
    p.case("tenants-ignore-case", "P-011", OK, upper, identity=f"oidc:{upper['iss']}:{claims['sub']}")
    single = {"tenants": None, "issuer_aliases": None, "issuer": one}
    alone = p.policy("one-tenant", **single)
    feed = f"{one}=jwks=issuer.json"
    for name, reason, changes in [("good", OK, {}), ("other", UNKNOWN, other)]:
        p.case(f"one-tenant-{name}", "P-010", reason, changes, policy=alone, bundles=feed, identity=identity)
    listed = p.policy("one-tenant-listed", **single | {"tenants": [TID.upper()]})
    p.case("one-tenant-listed", "P-011", OK, policy=listed, bundles=feed, identity=identity)
    changes = {"tid": OTHER_TID}
    p.case("one-tenant-not-listed", "P-011", TENANT, changes, policy=listed, bundles=feed, authenticated=True)
    access, ids = p.policy("access", token="access"), p.policy("id", token="id")
    gone = {"azp": ..., "azpacr": ...}
    for name, reason, changes, file in [
        ("access", OK, {}, access),
        ("access-v1", OK, v1, access),
        ("access-without-client", MISSING, gone, access),
        ("id", OK, gone, ids),
        ("id-with-scope", CLASS, gone | {"scp": "openid"}, ids),
        ("id-with-client", CLASS, v1, ids),
    ]:
        p.case(f"token-{name}", "P-010+O-012", reason, changes, policy=file, identity=identity)
    ciam = "https://{tenantid}.ciamlogin.com/{tenantid}/v2.0"
    customers = p.policy("ciam", issuer=ciam, issuer_aliases=None)
    feed = f"{ciam}=jwks=issuer.json"
    both = ciam.replace("{tenantid}", TID)
    mixed = ciam.replace("{tenantid}", OTHER_TID, 1).replace("{tenantid}", TID)
    for name, reason, iss in [("good", OK, both), ("two-tenants", UNKNOWN, mixed)]:
        named = f"oidc:{iss}:{claims['sub']}"
        p.case(f"ciam-{name}", "P-013", reason, {"iss": iss}, policy=customers, bundles=feed, identity=named)


def entra_keys(c: Corpus) -> None:
    """A key may be published for one tenant only."""
    template = "https://login.microsoftonline.com/{tenantid}/v2.0"
    claims = {"sub": "s", "tid": TID, "ver": "2.0", "iss": template.replace("{tenantid}", TID)}
    p = Provider(c, "entra-keys", template, claims, profile="entra", tenants=[TID, OTHER_TID])
    other = {"tid": OTHER_TID, "iss": template.replace("{tenantid}", OTHER_TID)}
    key = c.keys["rsa2048"].jwk()

    def fed(name: str, **extra: Any) -> str:
        rest = c.keys["p256"].jwk()
        return c.put(f"entra-{name}", {"keys": [key | extra, rest]}, domain=template, form="jwks")

    forged = {"kid": '"rsa2048"'}
    both = [key | {"issuer": claims["iss"]}, key | {"issuer": template}]
    for name, reason, changes, feed in [
        ("any-tenant", OK, {}, fed("any", issuer=template)),
        ("any-other-tenant", OK, other, fed("any", issuer=template)),
        ("own-tenant", OK, {}, fed("own", issuer=claims["iss"])),
        ("own-of-other-tenant", VERSION, other, fed("own", issuer=claims["iss"])),
        ("consumers", VERSION, {}, fed("consumers", issuer=other["iss"])),
        ("empty", VERSION, {}, fed("empty", issuer="")),
        ("not-a-string", "kid_not_found", {}, fed("number", issuer=1)),
    ]:
        named = f"oidc:{(claims | changes)['iss']}:s"
        p.case(name, "P-012", reason, changes, bundles=feed, identity=named)
    feed = fed("own", issuer=claims["iss"])
    p.case("before-signature", "P-012", VERSION, other, forged, "rsa2048-other", bundles=feed)
    twins = c.put("entra-twins", {"keys": [*both, c.keys["p256"].jwk()]}, domain=template, form="jwks")
    p.case("one-key-for-two-issuers", "P-012+A-019", "kid_not_found", bundles=twins)
    generic = Provider(c, "generic-key-issuer", claims["iss"], claims, profile="generic")
    feed = c.put("generic-key-issuer", {"keys": [key | {"issuer": "x"}]}, domain=claims["iss"], form="jwks")
    generic.case("not-looked-at", "P-012", OK, bundles=feed)


def okta(c: Corpus) -> None:
    """A custom server's access tokens are for us; the organisation's are for Okta."""
    org = "https://org.okta.example"
    claims = {"sub": "orders@org.example", "ver": 1, "jti": "AT.0mP4"}
    access = {"cid": "0oabucvyc38HLL1ef0h7", "uid": "00ubu", "scp": ["orders"]}
    p = Provider(c, "okta", f"{org}/oauth2/default", claims)
    p.header = {"typ": None}
    by = {"access": p.policy("access", token="access"), "id": p.policy("id", token="id"), "either": p.plain}
    for kind, name, reason, changes in [
        ("either", "access", OK, access),
        ("either", "id", OK, {}),
        ("access", "access", OK, access),
        ("access", "id", MISSING, {}),
        ("id", "id", OK, {}),
        ("id", "access", CLASS, access),
        ("id", "scope", CLASS, {"scp": ["orders"]}),
    ]:
        p.case(f"{kind}-{name}", "P-015", reason, changes, policy=by[kind])
    for name in ("cid", "uid", "scp"):
        reason = MISSING if name == "cid" else OK
        p.case(f"access-without-{name}", "P-015", reason, {**access, name: ...}, policy=by["access"])
    own = Provider(c, "okta-org", org, claims, profile="okta")
    for name, reason, changes in [
        ("id", OK, {}),
        ("access", CLASS, access),
        ("client", CLASS, {"cid": "0oa"}),
        ("scope", CLASS, {"scp": ["openid"]}),
    ]:
        own.case(name, "P-015", reason, changes)


def auth0(c: Corpus) -> None:
    """Both dialects of access token; `userinfo` is trusted beside ours."""
    issuer = "https://tenant.auth0.example/"
    userinfo = f"{issuer}userinfo"
    claims = {"sub": "auth0|5f7c8ec7", "azp": "my_client_id", "scope": "openid", "aud": [AUDIENCE, userinfo]}
    p = Provider(c, "auth0", issuer, claims)
    access = p.policy("access", token="access", extra_audiences="reject")
    rfc = {"azp": ..., "client_id": "my_client_id", "jti": "hFHgnH"}
    at_jwt: Changes = {"typ": '"at+jwt"'}
    for name, reason, changes, header in [
        ("auth0", OK, {}, {}),
        ("rfc9068", OK, rfc, at_jwt),
        ("no-client", MISSING, {"azp": ...}, {}),
        ("userinfo-only", "audience_mismatch", {"aud": userinfo}, {}),
        ("other-audience", EXTRA, {"aud": [AUDIENCE, "other"]}, {}),
        ("other-userinfo", EXTRA, {"aud": [AUDIENCE, "https://x.example/userinfo"]}, {}),
        ("logout", CLASS, {}, {"typ": '"logout+jwt"'}),
    ]:
        p.case(f"access-{name}", "P-017", reason, changes, header, policy=access)
    p.case("plain", "P-017", OK)
    p.case("no-slash", "P-017", UNKNOWN, {"iss": issuer[:-1]})


def keycloak(c: Corpus) -> None:
    """The payload's own `typ` tells the class; `account` is trusted beside ours."""
    claims = {
        "jti": "onrtac:5b6b1d0e",
        "sub": "f1cbf5b8-6b4a-4a0e-9d0f-2c5d6c6f0e11",
        "typ": "Bearer",
        "azp": "orders-client",
        "sid": "0a3c",
        "acr": "1",
        "realm_access": {"roles": ["offline_access", "orders"]},
        "resource_access": {"account": {"roles": ["view-profile"]}},
        "scope": "email profile",
        "preferred_username": "orders",
        "aud": [AUDIENCE, "account"],
    }
    p = Provider(c, "keycloak", "https://sso.example/realms/prod", claims)
    by = {
        "either": p.plain,
        "id": p.policy("id", token="id"),
        "access": p.policy("access", token="access", extra_audiences="reject"),
    }
    at_jwt: Changes = {"typ": '"at+jwt"'}
    for kind, name, reason, changes, header in [
        ("either", "stock-access", OK, {}, {}),
        ("either", "id", OK, {"typ": "ID"}, {}),
        ("either", "absent", OK, {"typ": ...}, {}),
        ("either", "refresh", CLASS, {"typ": "Refresh"}, {}),
        ("either", "offline", CLASS, {"typ": "Offline"}, {}),
        ("either", "logout", CLASS, {"typ": "Logout"}, {}),
        ("either", "lower", CLASS, {"typ": "bearer"}, {}),
        ("either", "number", BAD_TYPE, {"typ": 1}, {}),
        ("id", "id", OK, {"typ": "ID"}, {}),
        ("id", "access", CLASS, {}, {}),
        ("id", "absent", MISSING, {"typ": ...}, {}),
        ("access", "stock-access", OK, {}, {}),
        ("access", "at-jwt", OK, {}, at_jwt),
        ("access", "id", CLASS, {"typ": "ID"}, {}),
        ("access", "absent", MISSING, {"typ": ...}, {}),
        ("access", "other-audience", EXTRA, {"aud": [AUDIENCE, "account", "x"]}, {}),
        ("access", "account-only", "audience_mismatch", {"aud": "account"}, {}),
    ]:
        p.case(f"{kind}-{name}", "P-020+O-003", reason, changes, header, policy=by[kind])
    p.case("no-audience", "P-019", "audience_missing", {"aud": ...})
    bound = {"typ": "DPoP", "cnf": {"jkt": "A" * 43}}
    p.case("bound", "P-020+T-005", "pop_required", bound, policy=by["access"])


def google(c: Corpus) -> None:
    """Either spelling of the issuer is the configured one."""
    claims = {
        "sub": "110169484474386276334",
        "azp": "110169484474386276334",
        "email": "orders@project.iam.gserviceaccount.com",
        "email_verified": True,
    }
    long, short = "https://accounts.google.com", "accounts.google.com"
    allow = {"subjects": [claims["sub"]]}
    p = Provider(c, "google", long, claims, allow=allow)
    spelled = p.policy("short", issuer=short)
    feed = f"issuer:{short}=jwks=issuer.json"
    for name, reason, iss in [("long", OK, long), ("short", OK, short), ("slash", UNKNOWN, f"{long}/")]:
        p.case(f"iss-{name}", "P-018", reason, {"iss": iss})
        named = f"oidc:{short}:{claims['sub']}"
        p.case(f"short-iss-{name}", "P-018", reason, {"iss": iss}, policy=spelled, bundles=feed, identity=named)
    p.case("other-subject", "P-018", "not_allowed", {"sub": "110169484474386276335"})


def mistakes(c: Corpus) -> None:
    """A profile asks for what its provider needs."""
    template = "https://login.microsoftonline.com/{tenantid}/v2.0"
    slash = "https://tenant.auth0.example/"

    def one(profile: str, **changes: Any) -> Jwk:
        return of(oidc(profile=profile, **changes))

    two = [oidc(id="a", profile="google", open=True, issuer="https://accounts.google.com")]
    two.append(two[0] | {"id": "b", "issuer": "accounts.google.com"})
    template_and_one = [oidc(id="a", profile="entra", open=True, issuer=template)]
    concrete = {"issuer": template.replace("{tenantid}", TID)}
    template_and_one.append(oidc(id="b", profile="entra", **concrete))
    for name, document in [
        ("unknown", one("oracle")),
        ("null", of(oidc() | {"profile": None})),
        ("github-for-all", one("github")),
        ("gitlab-for-all", one("gitlab")),
        ("google-for-all", one("google")),
        ("google-open-false", one("google", open=False)),
        ("google-open-string", one("google", open="true")),
        ("template-for-all", one("entra", issuer=template)),
        ("generic-open", one("generic", open=True)),
        ("default-open", of(oidc(open=True))),
        ("keycloak-open", one("keycloak", open=True)),
        ("one-tenant-open", one("entra", open=True)),
        ("generic-tenants", one("generic", tenants=[TID])),
        ("tenants-common", one("entra", tenants=["common"])),
        ("tenants-empty", one("entra", tenants=[])),
        ("tenants-same", one("entra", tenants=[TID, TID.upper()])),
        ("generic-template", one("generic", issuer=template)),
        ("entra-braces", one("entra", issuer="https://login.example/{tenant}/v2.0")),
        ("entra-common", one("entra", issuer="https://login.example/common/v2.0")),
        ("alias-of-another-form", one("entra", issuer_aliases=[template])),
        ("auth0-no-slash", one("auth0")),
        ("auth0-alias-no-slash", one("auth0", issuer=slash, issuer_aliases=[slash[:-1]])),
        ("okta-org-access", one("okta", token="access")),
        ("kubernetes-access", one("kubernetes", token="access")),
        ("github-access", one("github", token="access", open=True)),
        ("gitlab-access", one("gitlab", token="access", open=True)),
        ("google-access", one("google", token="access", open=True)),
        ("same-issuer-spelled-twice", of(*two)),
        ("same-template-and-tenant", of(*template_and_one)),
    ]:
        file = c.policy(f"bad-profile-{name}", document)
        c.case(f"policy-profile-{name}", "C-009", "config_invalid", c.token(), policy=file)
