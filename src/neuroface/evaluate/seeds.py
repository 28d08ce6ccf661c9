"""Seeds that depend on what is done, never on when or where: order, process and parallelism do not matter."""

from __future__ import annotations

import hashlib
from typing import Any


def derive_seed(*parts: object) -> int:
    """0 <= seed < 2**32 from the SHA-256 of the parts' text, kept apart: ("a", "bc") is not ("ab", "c")."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def seeded(estimator: Any, seed: int) -> Any:
    """An unfitted copy in which every `random_state` is set, also those inside pipelines and meta-estimators.

    Each gets a seed of its own, derived from `seed` and the name of its parameter.
    """
    from sklearn.base import clone

    copy = clone(estimator)
    names = [name for name in copy.get_params() if name == "random_state" or name.endswith("__random_state")]
    return copy.set_params(**{name: derive_seed(seed, name) for name in names}) if names else copy
