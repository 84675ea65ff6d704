"""Sections 2, 3 and 5: what the header says, and what it may not say."""

from __future__ import annotations

import hmac
import json

from ..certs import Authority, certificate, x5c
from ..corpus import CLAIMS, DOMAIN, Corpus
from ..encoding import Changes, b64u, js, merged, obj
from ..keys import pkcs1_pem, spki
from .common import policy

Table = list[tuple[str, str, str | None]]


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    typ(c)
    crit(c)
    refused_parameters(c)
    alg(c)
    macs(c)
    kid(c)
    kid_single(c)
    embedded(c)
    strict(c)
    algorithms_of_the_attestor(c)


def vary(c: Corpus, member: str, rule: str, table: Table) -> None:
    """Add one case for each value of a header parameter."""
    for name, reason, text in table:
        c.case(f"{member}-{name}", rule, reason, c.token(header={member: text}))


def typ(c: Corpus) -> None:
    """Absent, or exactly `JWT` or `JOSE`."""
    wrong, invalid = "typ_mismatch", "header_param_invalid"
    mismatches = [
        ("lower", '"jwt"'),
        ("title", '"Jwt"'),
        ("jose-lower", '"jose"'),
        ("at-jwt", '"at+jwt"'),
        ("wit-jwt", '"wit+jwt"'),
        ("dpop-jwt", '"dpop+jwt"'),
        ("passport-jwt", '"passport+jwt"'),
        ("media-type", '"application/jwt"'),
        ("media-type-upper", '"application/JWT"'),
        ("trailing-space", '"JWT "'),
        ("leading-space", '" JWT"'),
        ("trailing-nul", '"JWT\\u0000"'),
        ("empty", '""'),
        ("jws", '"JWS"'),
        ("jose-json", '"JOSE+JSON"'),
        ("prefix", '"JW"'),
        ("both", '"JWT JOSE"'),
        ("cyrillic", js("\u0408WT")),
    ]
    types = [
        ("number", "1"),
        ("null", "null"),
        ("true", "true"),
        ("array", '["JWT"]'),
        ("object", '{"JWT":1}'),
    ]
    fine = [
        ("absent", None),
        ("jwt", '"JWT"'),
        ("jose", '"JOSE"'),
        ("escaped", '"\\u004aWT"'),
    ]
    vary(c, "typ", "J-002", [(name, "ok", text) for name, text in fine])
    vary(c, "typ", "J-002+E-016", [(name, wrong, text) for name, text in mismatches])
    vary(c, "typ", "J-002", [(name, invalid, text) for name, text in types])


def crit(c: Corpus) -> None:
    """No extension is understood, so any `crit` refuses the token."""
    table: list[tuple[str, Changes]] = [
        ("exp", {"crit": '["exp"]', "exp": "1800000300"}),
        ("exp-not-there", {"crit": '["exp"]'}),
        ("empty", {"crit": "[]"}),
        ("string", {"crit": '"b64"', "b64": "true"}),
        ("registered-name", {"crit": '["alg"]'}),
        ("kid", {"crit": '["kid"]'}),
        ("itself", {"crit": '["crit"]'}),
        ("b64-true", {"crit": '["b64"]', "b64": "true"}),
        ("b64-false", {"crit": '["b64"]', "b64": "false"}),
        ("b64-not-there", {"crit": '["b64"]'}),
        ("repeated", {"crit": '["x","x"]', "x": "1"}),
        ("private", {"crit": '["http://example.org/x"]', "http://example.org/x": "1"}),
        ("empty-name", {"crit": '[""]', "": "1"}),
        ("null", {"crit": "null"}),
        ("false", {"crit": "false"}),
        ("number", {"crit": "1"}),
        ("object", {"crit": "{}"}),
        ("array-of-number", {"crit": "[1]"}),
        ("escaped-name", {"cr\\u0069t": '["x"]'}),
    ]
    for name, changes in table:
        text = {k: v for k, v in changes.items() if k != "cr\\u0069t"}
        head = obj(merged(c.header(c.keys["p256"]), text))
        if name == "escaped-name":
            head = head[:-1] + b',"cr\\u0069t":["x"],"x":1}'
        c.case(f"crit-{name}", "E-012", "crit_unsupported", c.signed(head, obj(CLAIMS)))
    c.case("crit-other-case", "E-012+E-011", "ok", c.token(header={"CRIT": '["x"]'}))


def refused_parameters(c: Corpus) -> None:
    """No unencoded payload, no compression, no encryption, no nesting."""
    forbidden, invalid = "header_param_forbidden", "header_param_invalid"
    encrypted = "token_encrypted"
    table: list[tuple[str, str, str, str]] = [
        ("b64", "false", "b64_forbidden", "false"),
        ("b64", "true", "ok", "true"),
        ("b64", "string", invalid, '"false"'),
        ("b64", "zero", invalid, "0"),
        ("b64", "null", invalid, "null"),
        ("b64", "array", invalid, "[false]"),
        ("zip", "deflate", forbidden, '"DEF"'),
        ("zip", "gzip", forbidden, '"GZ"'),
        ("zip", "empty", forbidden, '""'),
        ("zip", "null", forbidden, "null"),
        ("zip", "none", forbidden, '"none"'),
        ("enc", "gcm", encrypted, '"A256GCM"'),
        ("enc", "null", encrypted, "null"),
        ("epk", "key", encrypted, '{"kty":"EC"}'),
        ("epk", "null", encrypted, "null"),
        ("cty", "jwt", forbidden, '"JWT"'),
        ("cty", "jwt-lower", forbidden, '"jwt"'),
        ("cty", "jwt-mixed", forbidden, '"jWt"'),
        ("cty", "media-type", forbidden, '"application/jwt"'),
        ("cty", "media-type-upper", forbidden, '"APPLICATION/JWT"'),
        ("cty", "other", "ok", '"json"'),
        ("cty", "empty", "ok", '""'),
        ("cty", "null", invalid, "null"),
        ("cty", "number", invalid, "7"),
        ("cty", "array", invalid, '["JWT"]'),
    ]
    for member, name, reason, text in table:
        rule = "E-013" if member == "b64" else "E-017"
        c.case(f"{member}-{name}", rule, reason, c.token(header={member: text}))
    for member, text in [
        ("B64", "false"),
        ("ZIP", '"DEF"'),
        ("Enc", '"A256GCM"'),
        ("Cty", '"JWT"'),
    ]:
        case = f"{member.lower()}-other-case"
        c.case(case, "E-011+E-015", "ok", c.token(header={member: text}))
    unencoded(c)


def unencoded(c: Corpus) -> None:
    """A signature over the raw payload does not help."""
    head = obj(c.header(c.keys["p256"]) | {"b64": "false"})
    payload = obj(CLAIMS)
    text = b64u(head).encode() + b"." + payload
    signature = b64u(c.keys["p256"].sign(text, "ES256")).encode()
    encoded = b".".join([b64u(head).encode(), b64u(payload).encode(), signature])
    c.case("b64-false-signed-raw", "E-013", "b64_forbidden", encoded)
    raw = b".".join([b64u(head).encode(), payload.replace(b".", b"-"), signature])
    c.case("b64-false-raw-payload", "E-013+E-003", "invalid_base64url", raw)


def alg(c: Corpus) -> None:
    """Nine names, byte for byte."""
    refused = [
        ("none", '"none"'),
        ("none-title", '"None"'),
        ("none-upper", '"NONE"'),
        ("none-mixed", '"nOnE"'),
        ("none-space", '"none "'),
        ("empty", '""'),
        ("lower", '"es256"'),
        ("mixed", '"Es256"'),
        ("trailing-space", '"ES256 "'),
        ("leading-space", '" ES256"'),
        ("trailing-nul", '"ES256\\u0000"'),
        ("trailing-newline", '"ES256\\n"'),
        ("hyphen", '"ES-256"'),
        ("prefix", '"ES25"'),
        ("longer", '"ES2566"'),
        ("two", '"ES256,RS256"'),
        ("es256k", '"ES256K"'),
        ("es521", '"ES521"'),
        ("es224", '"ES224"'),
        ("rs1", '"RS1"'),
        ("rs224", '"RS224"'),
        ("ps1", '"PS1"'),
        ("eddsa", '"EdDSA"'),
        ("ed25519", '"Ed25519"'),
        ("ed448", '"Ed448"'),
        ("ml-dsa", '"ML-DSA-65"'),
        ("hs256", '"HS256"'),
        ("dir", '"dir"'),
        ("rsa-oaep", '"RSA-OAEP"'),
        ("rsa1-5", '"RSA1_5"'),
        ("ecdh-es", '"ECDH-ES"'),
        ("a128kw", '"A128KW"'),
        ("sha256withecdsa", '"SHA256withECDSA"'),
        ("fullwidth", js("\uff25\uff33256")),
    ]
    types = [
        ("null", "null"),
        ("number", "256"),
        ("true", "true"),
        ("false", "false"),
        ("array", '["ES256"]'),
        ("object", '{"ES256":true}'),
    ]
    vary(
        c,
        "alg",
        "A-001+J-001",
        [(name, "alg_not_allowed", text) for name, text in refused],
    )
    vary(
        c,
        "alg",
        "A-001",
        [(name, "header_param_invalid", text) for name, text in types],
    )
    vary(c, "alg", "E-010", [("escaped", "ok", '"\\u0045S256"')])
    vary(c, "alg", "A-001", [("missing", "alg_missing", None)])
    for name in ("Alg", "ALG", "alg ", "algorithm"):
        header = {"alg": None, name: '"ES256"'}
        case = f"alg-named-{'alg-space' if name.endswith(' ') else name.lower()}"
        case += "-title" if name == "Alg" else ""
        c.case(case, "E-011", "alg_missing", c.token(header=header))
    empty = c.signed(b"{}", obj(CLAIMS))
    c.case("alg-missing-empty-header", "A-001", "alg_missing", empty)
    ed25519(c)


def ed25519(c: Corpus) -> None:
    """Not an algorithm of JWT-SVID, even with a good key in the bundle."""
    document = {"keys": [c.jwt_jwk("ed25519"), c.jwt_jwk("p256")]}
    bundle = c.put("ed25519-beside", document)
    for name in ("EdDSA", "Ed25519"):
        token = c.token(key="ed25519", alg=name)
        case = f"alg-{name.lower()}-with-its-key"
        c.case(case, "J-001+A-014", "alg_not_allowed", token, bundles=bundle)
    c.case("alg-beside-ed25519", "A-021", "ok", c.token(), bundles=bundle)
    curve = {"keys": [c.jwt_jwk("k256"), c.jwt_jwk("p256")]}
    token = c.token(key="k256", alg="ES256K")
    bundle = c.put("secp256k1-beside", curve)
    c.case("alg-es256k-with-its-key", "A-003", "alg_not_allowed", token, bundles=bundle)
    token = c.token(key="k256", alg="ES256")
    c.case(
        "alg-es256-with-secp256k1",
        "A-003+A-021",
        "kid_not_found",
        token,
        bundles=bundle,
    )


def macs(c: Corpus) -> None:
    """A public key is no secret."""
    rsa, p256 = c.rsa("rsa2048"), c.ec("p256")
    rsa_pem, rsa_der = spki(rsa)
    ec_pem, ec_der = spki(p256)
    secrets = [
        ("rsa-pem", "HS256", "rsa2048", rsa_pem),
        ("rsa-pem-no-newline", "HS256", "rsa2048", rsa_pem.rstrip()),
        ("rsa-pem-384", "HS384", "rsa2048", rsa_pem),
        ("rsa-pem-512", "HS512", "rsa2048", rsa_pem),
        ("rsa-pkcs1-pem", "HS256", "rsa2048", pkcs1_pem(rsa)),
        ("rsa-der", "HS256", "rsa2048", rsa_der),
        ("rsa-jwk", "HS256", "rsa2048", json.dumps(rsa.jwk()).encode()),
        ("rsa-modulus", "HS256", "rsa2048", rsa.jwk()["n"].encode()),
        ("ec-pem", "HS256", "p256", ec_pem),
        ("ec-der", "HS256", "p256", ec_der),
        ("empty", "HS256", "p256", b""),
        ("kid", "HS256", "p256", b"p256"),
    ]
    for name, algorithm, key, secret in secrets:
        head = obj(c.header(c.keys[key], algorithm))
        c.case(f"mac-{name}", "A-002", "alg_not_allowed", mac(algorithm, head, secret))
    secret = b"a shared secret of 32 bytes....."
    entry = {"kty": "oct", "use": "jwt-svid", "kid": "oct", "k": b64u(secret)}
    document = {"keys": [entry | {"alg": "HS256"}, c.jwt_jwk("p256")]}
    bundle = c.put("oct-beside", document)
    head = obj({"alg": '"HS256"', "kid": '"oct"'})
    token = mac("HS256", head, secret)
    c.case("mac-oct-in-bundle", "A-002", "alg_not_allowed", token, bundles=bundle)
    c.case("mac-beside-oct", "A-002+B-020", "ok", c.token(), bundles=bundle)
    for algorithm in ("ES256", "RS256"):
        token = mac("HS256", obj({"alg": js(algorithm), "kid": '"oct"'}), secret)
        case = f"mac-oct-as-{algorithm.lower()}"
        c.case(case, "A-002", "kid_not_found", token, bundles=bundle)


def mac(algorithm: str, head: bytes, secret: bytes) -> bytes:
    """Authenticate a token with a shared secret."""
    text = f"{b64u(head)}.{b64u(obj(CLAIMS))}".encode()
    name = "sha" + algorithm[-3:]
    return text + b"." + b64u(hmac.new(secret, text, name).digest()).encode()


def kid(c: Corpus) -> None:
    """The kid is required, compared by bytes, and chooses the one key to try."""
    unknown = [
        ("unknown", '"nobody"'),
        ("upper", '"P256"'),
        ("prefix", '"p25"'),
        ("longer", '"p2566"'),
        ("trailing-space", '"p256 "'),
        ("leading-space", '" p256"'),
        ("trailing-nul", '"p256\\u0000"'),
        ("trailing-newline", '"p256\\n"'),
        ("nul", '"\\u0000"'),
        ("space", '" "'),
        ("path", '"../../../../dev/null"'),
        ("url", '"https://example.org/keys/p256"'),
        ("sql", js("x' UNION SELECT 'key' --")),
        ("shell", '"p256|id"'),
        ("format", '"%s%n%x"'),
        ("wildcard", '"*"'),
        ("fullwidth", js("\uff50256")),
        ("index", '"0"'),
        ("long", js("k" * 4000)),
        ("trust-domain", '"spiffe://example.org"'),
    ]
    types = [
        ("null", "null"),
        ("number", "256"),
        ("true", "true"),
        ("array", '["p256"]'),
        ("object", '{"kid":"p256"}'),
    ]
    missing = [("absent", None), ("empty", '""')]
    vary(c, "kid", "A-020", [(name, "kid_not_found", text) for name, text in unknown])
    vary(
        c,
        "kid",
        "E-011",
        [(name, "header_param_invalid", text) for name, text in types],
    )
    vary(
        c, "kid", "J-004+A-020", [(name, "kid_missing", text) for name, text in missing]
    )
    vary(c, "kid", "A-018", [("of-other-type", "alg_key_mismatch", '"rsa2048"')])
    vary(c, "kid", "A-018", [("of-other-curve", "alg_key_mismatch", '"p384"')])
    vary(c, "kid", "E-011", [("escaped", "ok", '"\\u0070256"')])
    header = {"kid": None, "KID": '"p256"'}
    c.case("kid-named-upper", "E-011", "kid_missing", c.token(header=header))
    unusual_kids(c)
    chosen_by_kid(c)


def unusual_kids(c: Corpus) -> None:
    """Any non-empty string is a kid; spellings are not unified."""
    names = {
        "composed": "cl\u00e9",
        "decomposed": "cle\u0301",
        "spaced": " key 1 ",
        "nul": "a\x00b",
        "long": "k" * 1000,
        "emoji": "\U0001f511",
        "url": "https://example.org/keys#1",
    }
    for name, value in names.items():
        bundle = c.put(f"kid-{name}", {"keys": [c.jwt_jwk("p256", kid=value)]})
        token = c.token(header={"kid": js(value)})
        c.case(f"kid-unusual-{name}", "A-020", "ok", token, bundles=bundle)
    composed = f"{DOMAIN}=spiffe_bundle=kid-composed.json"
    token = c.token(header={"kid": js(names["decomposed"])})
    c.case("kid-not-normalised", "A-020", "kid_not_found", token, bundles=composed)
    nul = f"{DOMAIN}=spiffe_bundle=kid-nul.json"
    token = c.token(header={"kid": '"a"'})
    c.case("kid-cut-at-nul", "A-020", "kid_not_found", token, bundles=nul)


def chosen_by_kid(c: Corpus) -> None:
    """Only the key with the kid is tried, never another one."""
    document = {"keys": [c.jwt_jwk("p256"), c.jwt_jwk("p256-other")]}
    bundle = c.put("two-p256", document)
    for key, other in [("p256", "p256-other"), ("p256-other", "p256")]:
        good = c.token(key=key)
        c.case(f"kid-chooses-{key}", "A-018", "ok", good, bundles=bundle)
        wrong = c.token(header={"kid": js(other)}, key=key)
        case = f"kid-of-the-other-signed-by-{key}"
        c.case(case, "A-018", "signature_invalid", wrong, bundles=bundle)
    swapped = c.token(header={"kid": '"rsa2048"'}, key="rsa2048-other")
    c.case("kid-of-another-rsa-key", "A-018", "signature_invalid", swapped)


def kid_single(c: Corpus) -> None:
    """With `kid_policy` `single`, a missing kid is fine if one key fits."""
    rules = c.policy("kid-single", policy(kid_policy="single"))
    required = c.policy("kid-required", policy(kid_policy="required"))
    main = f"{DOMAIN}=spiffe_bundle=main.json"
    one = c.put("one-p256", {"keys": [c.jwt_jwk("p256")]})
    two = f"{DOMAIN}=spiffe_bundle=two-p256.json"
    by_alg = c.put(
        "two-rsa-by-alg",
        {
            "keys": [
                c.jwt_jwk("rsa2048", alg="RS256"),
                c.jwt_jwk("rsa2048-other", alg="PS256"),
            ]
        },
    )
    empty = c.put("empty", {"keys": []})
    absent, blank = {"kid": None}, {"kid": '""'}
    attacker = {"kid": None, "jwk": js(c.ec("evil").jwk())}
    table = [
        ("one", "ok", c.token(header=absent), one),
        ("one-blank", "ok", c.token(header=blank), one),
        ("one-of-its-curve", "ok", c.token(header=absent), main),
        ("one-p521", "ok", c.token(header=absent, key="p521"), main),
        ("one-by-alg", "ok", c.token(header=absent, key="rsa2048"), by_alg),
        (
            "one-by-other-alg",
            "ok",
            c.token(header=absent, key="rsa2048-other", alg="PS256"),
            by_alg,
        ),
        ("known-kid", "ok", c.token(), two),
        ("two", "kid_missing", c.token(header=absent), two),
        ("two-blank", "kid_missing", c.token(header=blank), two),
        ("three-rsa", "kid_missing", c.token(header=absent, key="rsa2048"), main),
        ("none-fits", "kid_missing", c.token(header=absent, key="p384"), one),
        (
            "none-fits-by-alg",
            "kid_missing",
            c.token(header=absent, key="rsa2048", alg="RS512"),
            by_alg,
        ),
        ("unknown-kid", "kid_not_found", c.token(header={"kid": '"x"'}), one),
        ("null", "header_param_invalid", c.token(header={"kid": "null"}), one),
        ("other-signer", "signature_invalid", c.token(header=absent, key="evil"), one),
        (
            "attacker-jwk",
            "signature_invalid",
            c.token(header=attacker, key="evil"),
            one,
        ),
        ("revoked", "kid_not_found", c.token(header=absent), empty),
    ]
    for name, reason, token, bundle in table:
        case = f"kid-single-{name}"
        c.case(case, "A-020", reason, token, bundles=bundle, policy=rules)
    token = c.token(header=absent)
    c.case(
        "kid-required-one", "A-020", "kid_missing", token, bundles=one, policy=required
    )


def embedded(c: Corpus) -> None:
    """Key-bearing parameters are never read."""
    evil, p256 = c.ec("evil"), c.ec("p256")
    jwk = js(evil.jwk())
    chain = js([x5c(certificate(evil, Authority(serial=7)))])
    ca_chain = js([x5c(certificate(c.ec("ca")))])
    rsa = js(c.rsa("evil-rsa").jwk())
    unknown: list[tuple[str, str, Changes]] = [
        ("jwk", "evil", {"jwk": jwk}),
        ("jku", "evil", {"jku": '"https://evil.example/jwks"'}),
        ("x5u", "evil", {"x5u": '"https://evil.example/chain.pem"'}),
        ("x5c", "evil", {"x5c": chain}),
        ("x5c-of-the-authority", "ca", {"x5c": ca_chain}),
    ]
    for name, key, extra in unknown:
        for kid_name, kid_text, reason in [
            ("unknown-kid", js(key), "kid_not_found"),
            ("known-kid", '"p256"', "signature_invalid"),
            ("no-kid", None, "kid_missing"),
        ]:
            token = c.token(header={**extra, "kid": kid_text}, key=key)
            c.case(f"embedded-{name}-{kid_name}", "E-014", reason, token)
    token = c.token(header={"jwk": rsa, "kid": '"rsa2048"'}, key="evil-rsa")
    c.case("embedded-rsa-jwk-known-kid", "E-014", "signature_invalid", token)
    own_kid = js(evil.jwk(kid="p256"))
    token = c.token(header={"jwk": own_kid, "kid": '"p256"'}, key="evil")
    c.case("embedded-jwk-claims-the-kid", "E-014", "signature_invalid", token)
    ignored: list[tuple[str, Changes]] = [
        ("jwk", {"jwk": jwk}),
        ("own-jwk", {"jwk": js(p256.jwk())}),
        ("jwk-of-no-type", {"jwk": "7"}),
        ("jwk-null", {"jwk": "null"}),
        ("private-jwk", {"jwk": js(evil.jwk(d=b64u(bytes(31) + b"\x01")))}),
        ("jku", {"jku": '"https://evil.example/jwks"'}),
        ("jku-not-a-url", {"jku": "[]"}),
        ("x5u", {"x5u": '"file:///etc/passwd"'}),
        ("x5c", {"x5c": chain}),
        ("x5c-garbage", {"x5c": '["@@@"]'}),
        ("x5t", {"x5t": '"AAAA"', "x5t#S256": "null"}),
        ("private", {"ver": '"1"', "nonce": '"n"', "urn:x": '{"a":[1]}'}),
        ("jwe-names", {"p2c": "2147483647", "p2s": '"AAAA"', "iv": '"A"', "apu": "1"}),
        ("claims", {"sub": '"spiffe://example.org/admin"', "iss": '"x"', "exp": "1"}),
    ]
    for name, extra in ignored:
        rule = (
            "E-015+J-003"
            if name in ("private", "jwe-names", "claims")
            else "E-014+J-003"
        )
        c.case(f"header-ignored-{name}", rule, "ok", c.token(header=extra))


def strict(c: Corpus) -> None:
    """With `strict_headers` only `alg`, `kid` and `typ` may be there."""
    rules = c.policy("strict-headers", policy(strict_headers=True))
    lax = c.policy("lax-headers", policy(strict_headers=False))
    forbidden = "header_param_forbidden"
    table: list[tuple[str, str, Changes]] = [
        ("three", "ok", {}),
        ("no-typ", "ok", {"typ": None}),
        ("jose", "ok", {"typ": '"JOSE"'}),
        ("private", forbidden, {"x": "1"}),
        ("empty-name", forbidden, {"": "1"}),
        ("other-case", forbidden, {"KID": '"p256"'}),
        ("jwk", forbidden, {"jwk": js(c.ec("p256").jwk())}),
        ("jku", forbidden, {"jku": '"https://example.org/keys"'}),
        ("x5c", forbidden, {"x5c": "[]"}),
        ("x5t", forbidden, {"x5t": '"AAAA"'}),
        ("x5u", forbidden, {"x5u": '"https://example.org/chain"'}),
        ("b64-true", forbidden, {"b64": "true"}),
        ("cty-json", forbidden, {"cty": '"json"'}),
        ("crit", "crit_unsupported", {"crit": '["x"]', "x": "1"}),
        ("no-kid", "kid_missing", {"kid": None}),
    ]
    for name, reason, header in table:
        case, token = f"strict-{name}", c.token(header=header)
        c.case(case, "J-003+E-014", reason, token, policy=rules)
    token = c.token(header={"x": "1"})
    c.case("strict-off", "J-003+E-015", "ok", token, policy=lax)


def algorithms_of_the_attestor(c: Corpus) -> None:
    """The host may allow fewer algorithms, never more."""
    only = c.policy("only-es256", policy(algorithms=["ES256"]))
    two = c.policy("only-ps", policy(algorithms=["PS384", "PS256"]))
    for key, algorithm, reason in [
        ("p256", "ES256", "ok"),
        ("p384", "ES384", "alg_not_allowed"),
        ("rsa2048", "RS256", "alg_not_allowed"),
        ("rsa2048", "PS256", "alg_not_allowed"),
    ]:
        token = c.token(key=key, alg=algorithm)
        case = f"only-es256-{algorithm.lower()}"
        c.case(case, "A-001", reason, token, policy=only)
    for algorithm, reason in [
        ("PS256", "ok"),
        ("PS384", "ok"),
        ("PS512", "alg_not_allowed"),
        ("RS256", "alg_not_allowed"),
    ]:
        token = c.token(key="rsa2048", alg=algorithm)
        case = f"only-ps-{algorithm.lower()}"
        c.case(case, "A-001", reason, token, policy=two)
    every = [
        "RS256",
        "RS384",
        "RS512",
        "ES256",
        "ES384",
        "ES512",
        "PS256",
        "PS384",
        "PS512",
    ]
    rules = c.policy("all-nine", policy(algorithms=every))
    c.case("all-nine-es512", "A-001+A-013", "ok", c.token(key="p521"), policy=rules)
