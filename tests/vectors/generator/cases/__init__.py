"""The tables of cases, one file per part of the rules."""

from __future__ import annotations

from collections.abc import Mapping

from ..corpus import Corpus
from ..keys import Key
from . import (
    admission,
    ages,
    algorithms,
    allow,
    bundle_maps,
    bundles,
    claims,
    common,
    documents,
    ecdsa,
    grants,
    headers,
    isolation,
    oidc,
    oidc_keys,
    order,
    overlay,
    passports,
    policies,
    providers,
    rsa_signatures,
    spiffe_ids,
    times,
    wire,
    x509_paths,
    x509_possession,
    x509_revocation,
    x509_svid,
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
    providers,
    passports,
    admission,
    grants,
    x509_svid,
    ages,
    x509_paths,
    x509_possession,
    x509_revocation,
    overlay,
    bundle_maps,
)


def build(keys: Mapping[str, Key]) -> Corpus:
    """Collect the whole corpus."""
    corpus = Corpus(keys)
    for module in MODULES:
        module.add(corpus)
    return corpus
