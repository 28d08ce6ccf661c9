"""What a configuration leaves to the machine is settled before a run begins, and is then a part of what the run is."""

from __future__ import annotations

import importlib
from typing import Any

from omegaconf import DictConfig

KEY = "choice"  # of a target that has `settled()`: null is what is best here


def settle_choices(node: Any) -> None:
    """Fill every `choice: null` in a configuration, in place, with what its target finds on this machine."""
    if not isinstance(node, DictConfig):
        return
    target = str(node.get("_target_", ""))
    if target.startswith("neuroface.") and KEY in node and node[KEY] is None:
        module, _, name = target.rpartition(".")
        settled = getattr(getattr(importlib.import_module(module), name), "settled", None)
        node[KEY] = settled() if settled else None
    for key in list(node):
        settle_choices(node[key])
