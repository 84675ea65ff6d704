"""attestor: with the options a store has by default, keys busy; and remembered."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

from libattestor import BundleStore, Rejected, Verifier
from material import Material
from rounds import Case

#: More calls than a key needs to get its table, and to use it.
WARM_CALLS = 64


def cases(material: Material) -> list[Case]:
    """Make the cases of both states."""
    verifier = _verifier(material, cache_entries=0)
    if not material.is_of_rsa and verifier.metrics().key_tables.by_table == 0:
        raise RuntimeError(f"{material.algorithm}: no signature was checked by a table")
    warm = material.cases("attestor", _check(verifier))
    remembering = _check(_verifier(material, cache_entries=4096))
    cached = material.cases("attestor", remembering)[:1]
    tokens = cycle(material.distinct)
    cached.append(Case(f"attestor/{material.algorithm}/distinct", True, lambda: remembering(next(tokens))))
    return [_in_state("warm", case) for case in warm] + [_in_state("cached", case) for case in cached]


def _verifier(material: Material, cache_entries: int) -> Verifier:
    store = BundleStore()
    put = store.put if material.is_of_svids else store.put_issuer
    put(material.name, material.bundle)
    verifier = Verifier(store, material.policy, cache_entries=cache_entries)
    for _ in range(WARM_CALLS):
        verifier.verify(material.tokens["valid"])
    return verifier


def _check(verifier: Verifier) -> Callable[[str], bool]:
    def check(token: str) -> bool:
        try:
            return bool(verifier.verify(token).identity)
        except Rejected:
            return False

    return check


def _in_state(state: str, case: Case) -> Case:
    library, algorithm, token = case.name.split("/")
    case.name = f"{library}/{algorithm}/{state}/{token}"
    return case
