"""Section 4: NumericDate, and the three times a token carries."""

from __future__ import annotations

from ..corpus import NOW, Corpus
from ..encoding import Changes, js
from .common import policy

LAST = 253_402_300_799  # the last second of year 9999
EXPIRED, EARLY = "token_expired", "token_not_yet_valid"
RANGE, TYPE = "numeric_date_invalid", "claim_type_invalid"


def add(c: Corpus) -> None:
    """Add all cases of this file."""
    c.policy("skew-300", policy({"clock_skew_secs": 300}))
    c.policy("skew-own-5", policy({"clock_skew_secs": 300}, clock_skew_secs=5))
    types(c)
    expiry(c)
    not_before(c)
    issued_at(c)
    number_forms(c)
    clocks(c)
    future_iat(c)
    lifetime(c)
    age(c)


def types(c: Corpus) -> None:
    """A date is a JSON number; null is not absent."""
    values = [
        ("string", '"1800000300"'),
        ("empty-string", '""'),
        ("iso", '"2027-01-15T08:05:00Z"'),
        ("never", '"never"'),
        ("true", "true"),
        ("false", "false"),
        ("null", "null"),
        ("array", "[1800000300]"),
        ("empty-array", "[]"),
        ("object", '{"seconds":1800000300}'),
    ]
    for claim in ("exp", "nbf", "iat"):
        for name, text in values:
            case, token = f"{claim}-type-{name}", c.token({claim: text})
            c.case(case, "C-001", TYPE, token)
    c.case("exp-missing", "J-008", "claim_missing", c.token({"exp": None}))
    c.case(
        "exp-other-case",
        "J-008",
        "claim_missing",
        c.token({"exp": None, "EXP": "1800000300"}),
    )
    c.case("nbf-missing", "J-009", "ok", c.token({"nbf": None}))
    c.case("iat-missing", "J-009", "ok", c.token({"iat": None}))
    bare = c.token({"iat": None, "nbf": None, "exp": str(NOW + 1)})
    c.case("only-exp", "J-008+J-009", "ok", bare)


def expiry(c: Corpus) -> None:
    """Valid while now is before exp plus the skew; exp rounds down."""
    table = [
        ("skew-0", "1800000001", "ok"),
        ("skew-0", "1800000000", EXPIRED),
        ("skew-0", "1799999999", EXPIRED),
        ("skew-0", "1800000000.999999999", EXPIRED),
        ("skew-0", "1800000001.0", "ok"),
        ("skew-0", "1800000001.5", "ok"),
        ("default", "1799999942", "ok"),
        ("default", "1799999941", "ok"),
        ("default", "1799999940", EXPIRED),
        ("default", "1799999939", EXPIRED),
        ("default", "1799999940.5", EXPIRED),
        ("default", "1799999941.5", "ok"),
        ("default", "1800000000", "ok"),
        ("skew-300", "1799999701", "ok"),
        ("skew-300", "1799999700", EXPIRED),
        ("skew-own-5", "1799999996", "ok"),
        ("skew-own-5", "1799999995", EXPIRED),
    ]
    for rules, text, reason in table:
        case = f"exp-{text.replace('.', '-')}-{rules}"
        rule = "C-004+C-006" + ("+C-002" if "." in text else "")
        c.case(case, rule, reason, c.token({"exp": text}), policy=f"{rules}.json")


def not_before(c: Corpus) -> None:
    """Valid from nbf less the skew on; nbf rounds up."""
    table = [
        ("skew-0", "1800000000", "ok"),
        ("skew-0", "1799999999", "ok"),
        ("skew-0", "1800000001", EARLY),
        ("skew-0", "1800000000.000000001", EARLY),
        ("skew-0", "1799999999.5", "ok"),
        ("default", "1800000059", "ok"),
        ("default", "1800000060", "ok"),
        ("default", "1800000061", EARLY),
        ("default", "1800000059.5", "ok"),
        ("default", "1800000060.5", EARLY),
        ("skew-300", "1800000300", "ok"),
        ("skew-300", "1800000301", EARLY),
        ("skew-own-5", "1800000005", "ok"),
        ("skew-own-5", "1800000006", EARLY),
        ("default", "4102444800", EARLY),
    ]
    for rules, text, reason in table:
        case = f"nbf-{text.replace('.', '-')}-{rules}"
        rule = "C-005+C-006" + ("+C-002" if "." in text else "")
        token = c.token({"nbf": text, "exp": "5000000000"})
        c.case(case, rule, reason, token, policy=f"{rules}.json")
    inverted = c.token({"nbf": "1800000050", "exp": "1799999990"})
    c.case("nbf-after-exp-both-in-skew", "C-004+C-005", "ok", inverted)


def issued_at(c: Corpus) -> None:
    """Without an option, iat is not judged by the clock."""
    for name, text in [
        ("now", "1800000000"),
        ("future", "1800001000"),
        ("far-future", "253402300799"),
        ("zero", "0"),
        ("negative", "-1"),
        ("after-exp", "1800000301"),
        ("fraction", "1799999999.25"),
    ]:
        c.case(f"iat-{name}", "C-007", "ok", c.token({"iat": text}))


def number_forms(c: Corpus) -> None:
    """Exact decimals: nothing saturates, wraps or loses digits."""
    exp = [
        ("exponent", "1.8000003e9", "ok"),
        ("exponent-upper", "18000003E2", "ok"),
        ("exponent-plus", "18000003e+2", "ok"),
        ("exponent-zeros", "18000003e0002", "ok"),
        ("exponent-negative", "18000003000000000000e-10", "ok"),
        ("exponent-zero", "1800000300e0", "ok"),
        ("exponent-large-of-small", "0.00000000018000003e19", "ok"),
        ("fraction-zeros", "1800000300.000", "ok"),
        ("fraction-long", "1800000300." + "9" * 400, "ok"),
        ("fraction-tiny", "1800000300." + "0" * 400 + "1", "ok"),
        ("exponent-just-past", "179999994099999999999e-11", EXPIRED),
        ("exponent-past", "1.8e8", EXPIRED),
        ("zero", "0", EXPIRED),
        ("minus-zero", "-0", EXPIRED),
        ("minus-zero-exponent", "-0.0e99", EXPIRED),
        ("zero-huge-exponent", "0e400", EXPIRED),
        ("zero-absurd-exponent", "0e99999999999999999999", EXPIRED),
        ("one", "1", EXPIRED),
        ("minus-one", "-1", EXPIRED),
        ("minus-fraction", "-0.5", EXPIRED),
        ("minus-now", "-1800000300", EXPIRED),
        ("tiny", "1e-400", EXPIRED),
        ("minus-tiny", "-1e-400", EXPIRED),
        ("absurdly-tiny", "1e-99999999999999999999", EXPIRED),
        ("min-i32", "-2147483648", EXPIRED),
        ("2-31-less-1", "2147483647", "ok"),
        ("2-31", "2147483648", "ok"),
        ("2-32-less-1", "4294967295", "ok"),
        ("2-32", "4294967296", "ok"),
        ("2-32-and-now", "6094967596", "ok"),
        ("2-32-and-past", "6094967196", "ok"),
        ("last", str(LAST), "ok"),
        ("last-fraction", f"{LAST}.999", "ok"),
        ("last-exponent", "2.53402300799e11", "ok"),
        ("last-and-1", str(LAST + 1), RANGE),
        ("milliseconds", "1800000300000", RANGE),
        ("2-53", "9007199254740992", RANGE),
        ("2-53-and-1", "9007199254740993", RANGE),
        ("9e18", "9e18", RANGE),
        ("2-63-less-1", "9223372036854775807", RANGE),
        ("2-63", "9223372036854775808", RANGE),
        ("2-64-less-1", "18446744073709551615", RANGE),
        ("2-64", "18446744073709551616", RANGE),
        ("2-64-and-now", "18446744075509551916", RANGE),
        ("2-128", "340282366920938463463374607431768211456", RANGE),
        ("many-digits", "1" * 300, RANGE),
        ("many-zeros", "1800000300" + "0" * 1000, RANGE),
        ("1e308", "1e308", RANGE),
        ("1e309", "1e309", RANGE),
        ("1e400", "1e400", RANGE),
        ("minus-1e400", "-1e400", RANGE),
        ("absurdly-huge", "1e99999999999999999999", RANGE),
        ("min-i64", "-9223372036854775808", RANGE),
        ("below-min-i64", "-9223372036854775809", RANGE),
        ("minus-last", str(-LAST), EXPIRED),
        ("minus-last-fraction", f"-{LAST}.5", RANGE),
        ("minus-last-and-1", str(-LAST - 1), RANGE),
    ]
    nbf = [
        ("exponent", "1.8e9", "ok"),
        ("exponent-just-ahead", "180000006000000000001e-11", EARLY),
        ("zero", "0", "ok"),
        ("minus-zero", "-0", "ok"),
        ("minus-one", "-1", "ok"),
        ("tiny", "1e-400", "ok"),
        ("minus-tiny", "-1e-400", "ok"),
        ("2-31", "2147483648", EARLY),
        ("2-32", "4294967296", EARLY),
        ("2-32-and-past", "6094967195", EARLY),
        ("last", str(LAST), EARLY),
        ("last-fraction", f"{LAST}.5", RANGE),
        ("last-and-1", str(LAST + 1), RANGE),
        ("1e18", "1e18", RANGE),
        ("2-63", "9223372036854775808", RANGE),
        ("2-64", "18446744073709551616", RANGE),
        ("1e400", "1e400", RANGE),
        ("minus-1e400", "-1e400", RANGE),
        ("minus-last-fraction", f"-{LAST}.5", "ok"),
        ("minus-last-and-1", str(-LAST - 1), RANGE),
    ]
    iat = [
        ("last", str(LAST), "ok"),
        ("last-and-1", str(LAST + 1), RANGE),
        ("1e400", "1e400", RANGE),
        ("2-64", "18446744073709551616", RANGE),
        ("tiny", "1e-400", "ok"),
        ("minus-last", str(-LAST), "ok"),
        ("minus-last-fraction", f"-{LAST}.5", RANGE),
    ]
    for claim, table in [("exp", exp), ("nbf", nbf), ("iat", iat)]:
        for name, text, reason in table:
            token = c.token({"exp": "5000000000", claim: text})
            rule = "C-003" if reason == RANGE else "C-002+C-003"
            c.case(f"{claim}-number-{name}", rule, reason, token)


def clocks(c: Corpus) -> None:
    """The clock is an input, and may be far from ours."""
    table: list[tuple[str, int, Changes, str, str]] = [
        ("1970", 1, {"nbf": "1799999990"}, EARLY, "default"),
        ("1970-no-nbf", 1, {}, "ok", "default"),
        ("2-31-before", 2**31 - 1, {"exp": str(2**31)}, "ok", "skew-0"),
        ("2-31-at", 2**31, {"exp": str(2**31)}, EXPIRED, "skew-0"),
        (
            "2-31-after",
            2**31,
            {"exp": str(2**31 + 1), "nbf": str(2**31)},
            "ok",
            "skew-0",
        ),
        ("2-32-before", 2**32 - 1, {"exp": str(2**32)}, "ok", "skew-0"),
        ("2-32-at", 2**32, {"exp": str(2**32)}, EXPIRED, "skew-0"),
        ("2-32-after", 2**32, {"exp": str(2**32 + 1)}, "ok", "skew-0"),
        ("2-32-wrapped", 2**32 + 10, {"exp": "20"}, EXPIRED, "skew-0"),
        ("last-before", LAST - 1, {"exp": str(LAST)}, "ok", "skew-0"),
        ("last-at", LAST, {"exp": str(LAST)}, EXPIRED, "skew-0"),
        ("last-at-skew", LAST, {"exp": str(LAST)}, "ok", "default"),
        ("small-exp", 10, {"exp": "11", "iat": None}, "ok", "skew-0"),
        ("skew-below-zero", 1, {"nbf": "61", "iat": None}, "ok", "default"),
        ("skew-below-zero-early", 1, {"nbf": "62", "iat": None}, EARLY, "default"),
        ("day-later", NOW + 86400, {}, EXPIRED, "default"),
        ("last-second", NOW + 359, {}, "ok", "default"),
        ("too-late", NOW + 360, {}, EXPIRED, "default"),
    ]
    for name, now, claims, reason, rules in table:
        token = c.token(claims)
        c.case(f"clock-{name}", "C-013", reason, token, now=now, policy=f"{rules}.json")


def future_iat(c: Corpus) -> None:
    """`max_iat_future_secs` bounds how far ahead iat may be."""
    rules = c.policy("iat-future-30", policy(max_iat_future_secs=30))
    zero = c.policy(
        "iat-future-0", policy({"clock_skew_secs": 0}, max_iat_future_secs=0)
    )
    for name, text, reason, chosen in [
        ("at-bound", "1800000090", "ok", rules),
        ("fraction", "1800000090.9", "ok", rules),
        ("beyond", "1800000091", "issued_in_future", rules),
        ("far", "253402300799", "issued_in_future", rules),
        ("past", "1", "ok", rules),
        ("absent", None, "ok", rules),
        ("zero-now", "1800000000", "ok", zero),
        ("zero-next", "1800000001", "issued_in_future", zero),
    ]:
        token = c.token({"iat": text})
        c.case(f"iat-future-{name}", "C-007", reason, token, policy=chosen)


def lifetime(c: Corpus) -> None:
    """`max_lifetime_secs` bounds exp less iat, or else less nbf."""
    rules = c.policy("lifetime-3600", policy(max_lifetime_secs=3600))
    long, missing = "lifetime_too_long", "claim_missing"
    table: list[tuple[str, str, str | None, str | None, str]] = [
        ("iat-at-bound", "1800000300", "1799996700", None, "ok"),
        ("iat-beyond", "1800000300", "1799996699", None, long),
        ("iat-fraction-beyond", "1800000300", "1799996699.5", None, long),
        ("exp-fraction-at-bound", "1800000300.9", "1799996700", None, "ok"),
        ("nbf-at-bound", "1800000300", None, "1799996700", "ok"),
        ("nbf-beyond", "1800000300", None, "1799996699", long),
        ("iat-wins", "1800000300", "1799999990", "1", "ok"),
        ("iat-wins-beyond", "1800000300", "1", "1799999990", long),
        ("neither", "1800000300", None, None, missing),
        ("forever", "253402300799", "1799999990", None, long),
        ("whole-range", "253402300799", "-253402300799", None, long),
        ("short", "1800000001", "1800000000", None, "ok"),
    ]
    for name, exp, iat, nbf, reason in table:
        token = c.token({"exp": exp, "iat": iat, "nbf": nbf})
        c.case(f"lifetime-{name}", "C-007+J-008", reason, token, policy=rules)
    token = c.token({"exp": "253402300799", "iat": "0"})
    c.case("lifetime-no-bound", "J-008", "ok", token)


def age(c: Corpus) -> None:
    """`max_token_age_secs` bounds now less iat."""
    rules = c.policy("age-600", policy(max_token_age_secs=600))
    for name, text, reason in [
        ("at-bound", "1799999340", "ok"),
        ("beyond", "1799999339", "lifetime_too_long"),
        ("fraction-beyond", "1799999339.9", "lifetime_too_long"),
        ("fresh", "1799999999", "ok"),
        ("future", "1800001000", "ok"),
        ("ancient", "-253402300799", "lifetime_too_long"),
        ("absent", None, "claim_missing"),
    ]:
        token = c.token({"iat": text, "jti": js(name)})
        c.case(f"age-{name}", "C-007", reason, token, policy=rules)
