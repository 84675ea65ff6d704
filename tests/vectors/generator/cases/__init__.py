"""The tables of cases, one file per part of the rules."""

from __future__ import annotations

from collections.abc import Mapping

from ..corpus import Corpus
from ..keys import Key
from . import (
    algorithms,
    allow,
    bundles,
    claims,
    common,
    documents,
    ecdsa,
    headers,
    isolation,
    oidc,
    oidc_keys,
    order,
    policies,
    rsa_signatures,
    spiffe_ids,
    times,
    wire,
)

MODULES = (
    common,
    wire,
    documents,
    headers,
    algorithms,
    ecdsa,
    rsa_signatures,
    times,
    claims,
    spiffe_ids,
    bundles,
    isolation,
    policies,
    order,
    oidc,
    oidc_keys,
    allow,
)


def build(keys: Mapping[str, Key]) -> Corpus:
    """Collect the whole corpus."""
    corpus = Corpus(keys)
    for module in MODULES:
        module.add(corpus)
    return corpus
