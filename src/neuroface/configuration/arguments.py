"""Arguments that a target takes and its YAML leaves at their defaults (max_depth of a forest) are keys all the same."""

from __future__ import annotations

import importlib
import inspect
import re

import hydra
from hydra.errors import ConfigCompositionException
from omegaconf import DictConfig, OmegaConf

from neuroface.configuration.targets import check_targets

SEARCH = "classifier.search"  # of any classifier, settings to be chosen inside each fold
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def with_plus(verb: str, overrides: list[str]) -> list[str]:
    """The words, with Hydra's + before a key that only the signature of its target knows. Needs a Hydra context.

    Errors: Hydra's for other words that it does not take.
    """
    words = list(overrides)
    for _ in words:
        try:
            hydra.compose(verb, words)
            return words
        except ConfigCompositionException as error:
            found = re.search(r"Could not override '([^']+)'", str(error))
            at = [i for i, word in enumerate(words) if found and word.partition("=")[0] == found.group(1)]
            if found is None or not at:
                raise
            key = found.group(1)
            others = [word for word in words if word.partition("=")[0] != key]
            if key not in of(verb, others, key.rpartition(".")[0]):
                raise
            for i in at:
                words[i] = f"+{words[i]}"
    return words


def of(verb: str, overrides: list[str], parent: str) -> list[str]:
    """The keys below `parent` that the target named there takes, in full; none where there is no target."""
    try:
        node = OmegaConf.select(hydra.compose(verb, overrides), parent) if parent else None
        target = str(node.get("_target_", "")) if isinstance(node, DictConfig) else ""
        check_targets(node)  # what would not be called is not imported either
        module, _, name = target.rpartition(".")
        parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters if module else {}
    except Exception:  # what cannot be composed or imported is told by whoever needs it
        return []
    found = [f"{parent}.{name}" for name, parameter in parameters.items() if parameter.kind in NAMED]
    return [*found, SEARCH] if parent == SEARCH.partition(".")[0] else found
