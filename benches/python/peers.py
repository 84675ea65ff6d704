"""The Python peers, each asked for the same: key by `kid`, signature, `exp`, `aud`, and the subject at the end."""

from __future__ import annotations

from collections.abc import Callable

import jwt
from joserfc import jwt as jose_jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet
from material import Material
from rounds import Case
from spiffe import JwtBundle, JwtSvid, TrustDomain
from spiffe.errors import PySpiffeError

#: Whose versions are told, by the names that the results have.
PACKAGES = {"pyjwt": "PyJWT", "joserfc": "joserfc", "spiffe": "spiffe", "cryptography": "cryptography"}

Check = Callable[[str], bool]


def cases(material: Material, absent: dict[str, str]) -> list[Case]:
    """Make the cases of every peer that has the algorithm."""
    made = [
        *material.cases("pyjwt", _pyjwt(material)),
        *material.cases("joserfc", _joserfc(material)),
    ]
    if material.is_of_svids:
        made += material.cases("spiffe", _spiffe(material))
    else:
        absent[f"spiffe/{material.algorithm}/valid"] = f"spiffe has no {material.alg}"
    return made


def _pyjwt(material: Material) -> Check:
    """The key is parsed beforehand; the header is read once for the `kid`, and again by the verification."""
    keys = {material.kid: jwt.PyJWK(material.jwk, material.alg)}
    algorithms, audience, subject = [material.alg], material.audience, material.subject
    required = jwt.types.Options(require=["exp", "aud", "sub"])

    def check(token: str) -> bool:
        try:
            key = keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(token, key, algorithms=algorithms, audience=audience, options=required)
        except (jwt.PyJWTError, KeyError):
            return False
        return bool(claims["sub"] == subject)

    return check


def _joserfc(material: Material) -> Check:
    keys = KeySet([JWKRegistry.import_key({**material.jwk})])
    algorithms, subject = [material.alg], material.subject
    wanted = jose_jwt.JWTClaimsRegistry(
        aud={"essential": True, "value": material.audience}, exp={"essential": True}, sub={"essential": True}
    )

    def check(token: str) -> bool:
        try:
            claims = jose_jwt.decode(token, keys, algorithms=algorithms).claims
            wanted.validate(claims)
        except (JoseError, ValueError):
            return False
        return bool(claims["sub"] == subject)

    return check


def _spiffe(material: Material) -> Check:
    """It writes the key as PEM and parses that at each call, and reads the header twice."""
    bundle = JwtBundle.parse(TrustDomain(material.name), material.bundle)
    audience, subject = {material.audience}, material.subject

    def check(token: str) -> bool:
        try:
            svid = JwtSvid.parse_and_validate(token, bundle, audience)
        except PySpiffeError:
            return False
        return str(svid.spiffe_id) == subject

    return check
