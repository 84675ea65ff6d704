"""Affine arithmetic on the NIST prime curves, to build edge cases no library signs."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[int, int] | None


@dataclass(frozen=True)
class Curve:
    """A short Weierstrass curve with a = -3."""

    name: str
    p: int
    b: int
    n: int
    g: tuple[int, int]

    @property
    def size(self) -> int:
        """Give the bytes of a coordinate, and of r and s."""
        return (self.p.bit_length() + 7) // 8


P256 = Curve(
    "P-256",
    2**256 - 2**224 + 2**192 + 2**96 - 1,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
)
P384 = Curve(
    "P-384",
    2**384 - 2**128 - 2**96 + 2**32 - 1,
    int(
        "B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875A"
        "C656398D8A2ED19D2A85C8EDD3EC2AEF",
        16,
    ),
    int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF"
        "581A0DB248B0A77AECEC196ACCC52973",
        16,
    ),
    (
        int(
            "AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A38"
            "5502F25DBF55296C3A545E3872760AB7",
            16,
        ),
        int(
            "3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C0"
            "0A60B1CE1D7E819D7A431D7C90EA0E5F",
            16,
        ),
    ),
)
P521 = Curve(
    "P-521",
    2**521 - 1,
    int(
        "0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF1"
        "09E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B50"
        "3F00",
        16,
    ),
    int(
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        "FFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E9138"
        "6409",
        16,
    ),
    (
        int(
            "00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D"
            "3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5"
            "BD66",
            16,
        ),
        int(
            "011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E"
            "662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD1"
            "6650",
            16,
        ),
    ),
)
CURVES = {curve.name: curve for curve in (P256, P384, P521)}


def add(curve: Curve, a: Point, b: Point) -> Point:
    """Add two points."""
    if a is None or b is None:
        return b if a is None else a
    (x1, y1), (x2, y2) = a, b
    if x1 == x2 and (y1 + y2) % curve.p == 0:
        return None
    if a == b:
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, curve.p)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, curve.p)
    x3 = (slope * slope - x1 - x2) % curve.p
    return x3, (slope * (x1 - x3) - y1) % curve.p


def mul(curve: Curve, scalar: int, point: Point) -> Point:
    """Multiply a point by a scalar."""
    result: Point = None
    for bit in bin(scalar % curve.n)[2:]:
        result = add(curve, result, result)
        if bit == "1":
            result = add(curve, result, point)
    return result


def affine(point: Point) -> tuple[int, int]:
    """Give the coordinates of a point that is not the one at infinity."""
    if point is None:
        raise ValueError("point at infinity")
    return point


def lift_x(curve: Curve, x: int) -> Point:
    """Give the point with this x and an even y, if there is one (p = 3 mod 4)."""
    square = (x**3 - 3 * x + curve.b) % curve.p
    y = pow(square, (curve.p + 1) // 4, curve.p)
    if y * y % curve.p != square:
        return None
    return x, y if y % 2 == 0 else curve.p - y


def first_point(curve: Curve, start: int) -> tuple[int, int]:
    """Give the first point whose x is at least `start`."""
    x = start
    while (point := lift_x(curve, x)) is None:
        x += 1
    return point


def recover(
    curve: Curve, digest: int, big_r: tuple[int, int], s: int
) -> tuple[int, int]:
    """Give the public key under which (x of R mod n, s) signs the digest."""
    inverse = pow(big_r[0] % curve.n, -1, curve.n)
    left = mul(curve, s * inverse, big_r)
    right = mul(curve, -digest * inverse, curve.g)
    return affine(add(curve, left, right))
