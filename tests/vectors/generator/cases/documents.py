"""Section 2, the JSON of header and payload: syntax, duplicates, depth and width."""

from __future__ import annotations

from ..corpus import CLAIMS, Corpus
from ..encoding import body, js, obj
from .common import policy

# A document is a template: BASE stands for the members of a good one.
REFUSED: list[tuple[str, bytes]] = [
    ("trailing-comma", b"{BASE,}"),
    ("leading-comma", b"{,BASE}"),
    ("double-comma", b'{BASE,,"x":1}'),
    ("missing-comma", b'{BASE "x":1}'),
    ("semicolon", b'{BASE;"x":1}'),
    ("missing-colon", b'{BASE,"x" 1}'),
    ("double-colon", b'{BASE,"x"::1}'),
    ("equals", b'{BASE,"x"=1}'),
    ("missing-value", b'{BASE,"x":}'),
    ("missing-name", b"{BASE,:1}"),
    ("name-only", b'{BASE,"x"}'),
    ("name-number", b"{BASE,1:1}"),
    ("name-unquoted", b"{BASE,x:1}"),
    ("name-null", b"{BASE,null:1}"),
    ("single-quotes", b"{BASE,'x':1}"),
    ("backquotes", b"{BASE,`x`:1}"),
    ("comment-block", b"{/* c */BASE}"),
    ("comment-line", b"{BASE// c\n}"),
    ("comment-hash", b"{BASE# c\n}"),
    ("number-leading-zero", b'{BASE,"x":01}'),
    ("number-negative-leading-zero", b'{BASE,"x":-01}'),
    ("number-plus", b'{BASE,"x":+1}'),
    ("number-leading-point", b'{BASE,"x":.5}'),
    ("number-trailing-point", b'{BASE,"x":1.}'),
    ("number-point-exponent", b'{BASE,"x":1.e3}'),
    ("number-bare-exponent", b'{BASE,"x":1e}'),
    ("number-bare-signed-exponent", b'{BASE,"x":1e+}'),
    ("number-fractional-exponent", b'{BASE,"x":1e1.5}'),
    ("number-minus", b'{BASE,"x":-}'),
    ("number-two-minus", b'{BASE,"x":--1}'),
    ("number-two-points", b'{BASE,"x":1.2.3}'),
    ("number-hex", b'{BASE,"x":0x10}'),
    ("number-underscore", b'{BASE,"x":1_000}'),
    ("number-arabic-digit", '{BASE,"x":\u0661}'.encode()),
    ("nan", b'{BASE,"x":NaN}'),
    ("infinity", b'{BASE,"x":Infinity}'),
    ("negative-infinity", b'{BASE,"x":-Infinity}'),
    ("literal-upper", b'{BASE,"x":TRUE}'),
    ("literal-cut", b'{BASE,"x":nul}'),
    ("literal-long", b'{BASE,"x":nullx}'),
    ("literal-undefined", b'{BASE,"x":undefined}'),
    ("control-01", b'{BASE,"x":"a\x01b"}'),
    ("control-1f", b'{BASE,"x":"a\x1fb"}'),
    ("control-nul", b'{BASE,"x":"a\x00b"}'),
    ("control-newline", b'{BASE,"x":"a\nb"}'),
    ("control-tab", b'{BASE,"x":"a\tb"}'),
    ("control-in-name", b'{BASE,"x\x01":1}'),
    ("escape-x", b'{BASE,"x":"\\x41"}'),
    ("escape-quote", b'{BASE,"x":"\\\'"}'),
    ("escape-upper-u", b'{BASE,"x":"\\U0041"}'),
    ("escape-short-u", b'{BASE,"x":"\\u41"}'),
    ("escape-non-hex-u", b'{BASE,"x":"\\u00g1"}'),
    ("escape-braced-u", b'{BASE,"x":"\\u{41}"}'),
    ("escape-signed-u", b'{BASE,"x":"\\u+041"}'),
    ("escape-octal", b'{BASE,"x":"\\101"}'),
    ("escape-nul", b'{BASE,"x":"\\0"}'),
    ("escape-newline", b'{BASE,"x":"a\\\nb"}'),
    ("lone-high-surrogate", b'{BASE,"x":"\\ud800"}'),
    ("lone-low-surrogate", b'{BASE,"x":"\\udc00"}'),
    ("reversed-surrogates", b'{BASE,"x":"\\udc00\\ud800"}'),
    ("two-high-surrogates", b'{BASE,"x":"\\ud800\\ud800"}'),
    ("surrogate-then-text", b'{BASE,"x":"\\ud800u\\dc00"}'),
    ("surrogate-then-escape", b'{BASE,"x":"\\ud800\\n"}'),
    ("surrogate-in-name", b'{BASE,"\\udfff":1}'),
    ("bom", b"\xef\xbb\xbf{BASE}"),
    ("leading-nul", b"\x00{BASE}"),
    ("trailing-nul", b"{BASE}\x00"),
    ("trailing-brace", b"{BASE}}"),
    ("trailing-bracket", b"{BASE}]"),
    ("trailing-object", b"{BASE}{}"),
    ("trailing-twin", b"{BASE}\n{BASE}"),
    ("trailing-word", b"{BASE} x"),
    ("trailing-comma-outside", b"{BASE},"),
    ("space-nbsp", "{\u00a0BASE}".encode()),
    ("space-line-separator", "{BASE\u2028}".encode()),
    ("space-form-feed", b"{\x0cBASE}"),
    ("space-vertical-tab", b"{BASE\x0b}"),
    ("unclosed", b"{BASE"),
    ("unclosed-string", b'{BASE,"x":"a}'),
    ("unclosed-array", b'{BASE,"x":[1}'),
    ("array-trailing-comma", b'{BASE,"x":[1,]}'),
    ("array-holes", b'{BASE,"x":[1,,2]}'),
    ("in-array", b"[{BASE}]"),
    ("empty-array", b"[]"),
    ("string", b'"BASIC"'),
    ("number", b"1"),
    ("null", b"null"),
    ("true", b"true"),
    ("space", b" "),
    ("utf-16-le", "{BASE}".encode("utf-16-le")),
    ("utf-16-be", "{BASE}".encode("utf-16-be")),
]
NOT_UTF8: list[tuple[str, bytes]] = [
    ("ff", b"\xff"),
    ("latin1", b"caf\xe9"),
    ("overlong-slash", b"\xc0\xaf"),
    ("overlong-nul", b"\xc0\x80"),
    ("overlong-three", b"\xe0\x80\xaf"),
    ("overlong-four", b"\xf0\x80\x80\xaf"),
    ("surrogate", b"\xed\xa0\x80"),
    ("cesu-pair", b"\xed\xa0\xbd\xed\xb8\x80"),
    ("beyond-unicode", b"\xf4\x90\x80\x80"),
    ("five-bytes", b"\xf8\x88\x80\x80\x80"),
    ("lone-continuation", b"\x80"),
    ("cut-sequence", b"\xe2\x82"),
]
FINE: list[tuple[str, bytes]] = [
    ("spaces", b" \t\r\n{ \t\r\nBASE \t\r\n} \t\r\n"),
    ("surrogate-pair", b'{BASE,"x":"\\ud83d\\ude00"}'),
    ("emoji", '{BASE,"x":"\U0001f600"}'.encode()),
    ("del", b'{BASE,"x":"\x7f"}'),
    ("noncharacter", '{BASE,"x":"\uffff\ufdd0"}'.encode()),
    ("last-code-point", '{BASE,"x":"\U0010ffff"}'.encode()),
    ("bom-inside", '{BASE,"x":"\ufeff"}'.encode()),
    ("escapes", b'{BASE,"x":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uABcd"}'),
    ("escaped-nul", b'{BASE,"x":"\\u0000"}'),
    ("empty-name", b'{BASE,"":1}'),
    ("proto", b'{BASE,"__proto__":{"alg":"none"}}'),
    ("number-huge", b'{BASE,"x":1e400}'),
    ("number-tiny", b'{BASE,"x":-1E-400}'),
    ("number-exact", b'{BASE,"x":9007199254740993}'),
    ("number-minus-zero", b'{BASE,"x":-0}'),
    (
        "number-forms",
        b'{BASE,"x":[0,0.0,-0.5e+10,1E2,10,123456789012345678901234567890]}',
    ),
    ("empty-containers", b'{BASE,"x":{},"y":[],"z":[[],{}]}'),
    ("literals", b'{BASE,"x":[true,false,null]}'),
]


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    for part in ("header", "payload"):
        syntax(c, part)
        depth(c, part)
        width(c, part)
    twins(c)
    spelled_differently(c)
    limits(c)


def base(c: Corpus, part: str) -> dict[str, str]:
    """Give the members of a good header or payload."""
    return c.header(c.keys["p256"]) if part == "header" else dict(CLAIMS)


def with_document(c: Corpus, part: str, document: bytes) -> bytes:
    """Sign a token with this header or payload, the other one good."""
    if part == "header":
        return c.signed(document, obj(CLAIMS))
    return c.signed(obj(base(c, "header")), document)


def filled(c: Corpus, part: str, template: bytes) -> bytes:
    """Sign a token with a document made from a template."""
    text = body(base(c, part))
    for codec in ("utf-16-le", "utf-16-be", "ascii"):
        template = template.replace("BASE".encode(codec), text.encode(codec))
    return with_document(c, part, template)


def syntax(c: Corpus, part: str) -> None:
    """Strict RFC 8259 and UTF-8, nothing else."""
    for name, template in REFUSED:
        credential = filled(c, part, template)
        c.case(f"json-{part}-{name}", "E-006", "invalid_json", credential)
    for name, text in NOT_UTF8:
        credential = filled(c, part, b'{BASE,"x":"' + text + b'"}')
        c.case(f"json-{part}-utf8-{name}", "E-006", "invalid_utf8", credential)
    in_name = filled(c, part, b'{BASE,"\xc3\x28":1}')
    c.case(f"json-{part}-utf8-in-name", "E-006", "invalid_utf8", in_name)
    for name, template in FINE:
        rule = "E-006+C-012" if name.startswith("number") else "E-006+E-010"
        c.case(f"json-{part}-fine-{name}", rule, "ok", filled(c, part, template))


def twins(c: Corpus) -> None:
    """A name occurs once in an object, at any depth and in any spelling."""
    header = [
        ("alg-none-first", b'{"alg":"none",BASE}'),
        ("alg-none-last", b'{BASE,"alg":"none"}'),
        ("alg-same", b'{BASE,"alg":"ES256"}'),
        ("alg-escaped", b'{BASE,"\\u0061lg":"ES256"}'),
        ("kid", b'{BASE,"kid":"p384"}'),
        ("kid-escaped", b'{BASE,"k\\u0069d":"p256"}'),
        ("typ", b'{"typ":"JOSE",BASE}'),
        ("unknown", b'{BASE,"x":1,"x":2}'),
        ("unknown-far-apart", b'{"x":1,BASE,"x":1}'),
        ("in-embedded-key", b'{BASE,"jwk":{"kty":"EC","kty":"RSA"}}'),
        ("crit", b'{BASE,"crit":["x"],"crit":["x"],"x":1}'),
    ]
    payload = [
        ("sub-first", b'{"sub":"spiffe://example.org/admin",BASE}'),
        ("sub-last", b'{BASE,"sub":"spiffe://example.org/admin"}'),
        ("sub-same", b'{BASE,"sub":"spiffe://example.org/ns/prod/sa/orders"}'),
        ("sub-escaped", b'{BASE,"\\u0073\\u0075\\u0062":"spiffe://example.org/admin"}'),
        ("sub-escaped-upper-hex", b'{BASE,"su\\u0062":"x"}'),
        ("aud", b'{BASE,"aud":"other"}'),
        ("exp", b'{BASE,"exp":9}'),
        ("iat", b'{BASE,"iat":1800000000}'),
        ("nbf", b'{BASE,"nbf":1,"nbf":2}'),
        ("iss", b'{BASE,"iss":"a","iss":"a"}'),
        ("jti", b'{BASE,"jti":"a","jti":"b"}'),
        ("cnf", b'{BASE,"cnf":{"jkt":"a"},"cnf":null}'),
        ("private", b'{BASE,"roles":["a"],"roles":["b"]}'),
        ("nested", b'{BASE,"k":{"pod":"a","pod":"b"}}'),
        ("nested-escaped", b'{BASE,"k":{"pod":"a","p\\u006fd":"b"}}'),
        ("nested-in-array", b'{BASE,"k":[{},{"a":1,"b":2,"a":3}]}'),
        ("nested-deep", b'{BASE,"k":{"k":{"k":{"k":{"a":[],"a":[]}}}}}'),
        ("nested-after-object", b'{BASE,"k":{"a":{"b":1},"a":2}}'),
        ("empty-name", b'{BASE,"":1,"":2}'),
        ("slash", b'{BASE,"a/b":1,"a\\/b":2}'),
        ("quote", b'{BASE,"a\\"b":1,"a\\u0022b":2}'),
        ("nul", b'{BASE,"a\\u0000":1,"a\\u0000":2}'),
        ("surrogate-pair", '{BASE,"\U0001f600":1,"\\ud83d\\ude00":2}'.encode()),
        ("two-byte", '{BASE,"\u00e9":1,"\\u00e9":2}'.encode()),
        ("three-byte", '{BASE,"\u20ac":1,"\\u20AC":2}'.encode()),
    ]
    for part, rule, table in [
        ("header", "E-007", header),
        ("payload", "E-008", payload),
    ]:
        for name, template in table:
            case, credential = f"twin-{part}-{name}", filled(c, part, template)
            c.case(case, rule, "json_duplicate_member", credential)
    many = ",".join(f'"m{i}":{i}' for i in range(200))
    wide = filled(c, "payload", f'{{BASE,{many},"m0":0}}'.encode())
    c.case("twin-payload-among-many", "E-008", "json_duplicate_member", wide)


def spelled_differently(c: Corpus) -> None:
    """Names that only look alike are different names."""
    table = [
        ("header", "alg-other-case", b'{BASE,"ALG":"none","Alg":1}'),
        ("header", "kid-other-case", b'{BASE,"KID":"p384"}'),
        ("payload", "sub-other-case", b'{BASE,"SUB":"spiffe://example.org/admin"}'),
        ("payload", "sub-with-space", b'{BASE,"sub ":"spiffe://example.org/admin"}'),
        (
            "payload",
            "sub-with-nul",
            b'{BASE,"sub\\u0000":"spiffe://example.org/admin"}',
        ),
        ("payload", "prefixes", b'{BASE,"x":1,"xx":1,"xxx":1}'),
        ("payload", "composed", '{BASE,"\u00e9":1,"e\u0301":2}'.encode()),
        (
            "payload",
            "other-objects",
            b'{BASE,"a":{"sub":1,"a":{"sub":2}},"b":[{"a":1},{"a":1}]}',
        ),
        ("payload", "escaped-backslash", b'{BASE,"\\\\u0073ub":"x"}'),
    ]
    for part, name, template in table:
        rule = "E-007+E-011" if part == "header" else "E-008"
        c.case(f"not-twin-{name}", rule, "ok", filled(c, part, template))
    escaped = (
        b'{"\\u0061l\\u0067":"\\u0045S256","typ":"J\\u0057T","k\\u0069d":"p25\\u0036"}'
    )
    c.case("escaped-header", "E-010", "ok", with_document(c, "header", escaped))
    claims = (
        b'{"\\u0073ub":"spiffe:\\/\\/example.org\\/ns/prod/sa/\\u006frders",'
        b'"aud":["orders\\u002dprod"],"e\\u0078p":1800000300}'
    )
    c.case("escaped-claims", "E-010", "ok", with_document(c, "payload", claims))


def nested(depth: int, kind: str) -> str:
    """Nest containers so many levels deep."""
    if kind == "array":
        return "[" * depth + "]" * depth
    if kind == "object":
        return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)
    opens = ["[" if level % 2 else '{"a":' for level in range(depth)]
    closes = ["]" if level % 2 else "}" for level in range(depth)]
    return "".join(opens) + "1" + "".join(reversed(closes))


def depth(c: Corpus, part: str) -> None:
    """Sixteen containers, the document itself counted."""
    for kind in ("array", "object", "mixed"):
        for levels, reason in [(15, "ok"), (16, "json_too_deep")]:
            template = '{BASE,"x":' + nested(levels, kind) + "}"
            credential = filled(c, part, template.encode())
            c.case(f"depth-{part}-{kind}-{levels + 1}", "E-009", reason, credential)
    for name, text in [("arrays", "["), ("objects", '{"a":')]:
        count = 8000 if name == "arrays" else 2000
        template = '{BASE,"x":' + text * count
        credential = filled(c, part, template.encode())
        c.case(f"depth-{part}-unclosed-{name}", "E-009", "json_too_deep", credential)
    level = '{BASE,"x":[' + ",".join(["[]"] * 500) + "]}"
    credential = filled(c, part, level.encode())
    c.case(f"depth-{part}-many-siblings", "E-009", "ok", credential)


def members(c: Corpus, part: str, total: int) -> str:
    """Give extra members that bring the object to a total."""
    return "".join(f',"m{i}":{i}' for i in range(total - len(base(c, part))))


def width(c: Corpus, part: str) -> None:
    """At most 256 members, those of inner objects counted."""
    for total, reason in [(256, "ok"), (257, "input_too_large")]:
        flat = "{BASE" + members(c, part, total) + "}"
        inner = ",".join(f'"n{i}":{i}' for i in range(100))
        nested_ = "{BASE" + members(c, part, total - 101) + ',"o":{' + inner + "}}"
        for name, template in [("flat", flat), ("nested", nested_)]:
            credential = filled(c, part, template.encode())
            c.case(f"width-{part}-{name}-{total}", "E-009", reason, credential)
    elements = '{BASE,"x":[' + ",".join(["0"] * 1000) + "]}"
    credential = filled(c, part, elements.encode())
    c.case(f"width-{part}-array-elements", "E-009", "ok", credential)


def limits(c: Corpus) -> None:
    """The policy may move the limits."""
    for key, low, high in [("json_depth", 2, 64), ("json_members", 8, 300)]:
        for value in (low, high):
            c.policy(
                f"limit-{key.replace('_', '-')}-{value}",
                policy({"limits": {key: value}}),
            )
    for limit, levels, reason in [
        (2, 1, "ok"),
        (2, 2, "json_too_deep"),
        (64, 63, "ok"),
        (64, 64, "json_too_deep"),
    ]:
        credential = filled(
            c, "payload", f'{{BASE,"x":{nested(levels, "array")}}}'.encode()
        )
        case, rules = (
            f"limit-depth-{limit}-of-{levels + 1}",
            f"limit-json-depth-{limit}.json",
        )
        c.case(case, "E-009", reason, credential, policy=rules)
    for limit in (8, 300):
        for total, reason in [(limit, "ok"), (limit + 1, "input_too_large")]:
            template = "{BASE" + members(c, "payload", total) + "}"
            credential = filled(c, "payload", template.encode())
            case, rules = (
                f"limit-members-{limit}-of-{total}",
                f"limit-json-members-{limit}.json",
            )
            c.case(case, "E-009", reason, credential, policy=rules)
    wide_header = "{BASE" + members(c, "header", 9) + "}"
    c.case(
        "limit-members-8-header-of-9",
        "E-009",
        "input_too_large",
        filled(c, "header", wide_header.encode()),
        policy="limit-json-members-8.json",
    )
    c.case(
        "limit-audience-of-array",
        "E-009",
        "ok",
        c.token({"aud": js([f"a{i}" for i in range(500)] + ["orders-prod"])}),
    )
