"""The values of a configuration against what is wanted of them, before anything is built."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neuroface.errors import ConfigError


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_workers(value: Any) -> bool:
    return _is_whole(value) and value != 0


def _is_seconds(value: Any) -> bool:
    return (_is_whole(value) or isinstance(value, float)) and value > 0


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


# Kind of value -> how it is called, and how it is told. A whole number is a number; true and false are not.
KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "int": ("a whole number", _is_whole),
    "float": ("a number", lambda value: _is_whole(value) or isinstance(value, float)),
    "bool": ("true or false", _is_switch),
    "str": ("text", lambda value: isinstance(value, str)),
    "list": ("a list", lambda value: isinstance(value, list | tuple)),
    "dict": ("a mapping", lambda value: isinstance(value, Mapping)),
    "None": ("null", lambda value: value is None),
    "Path": ("text", lambda value: isinstance(value, str)),
}
SCALARS = {"int", "float", "bool", "str"}
KIND_OF_CONTAINER = {"tuple": "list", "Sequence": "list", "list": "list", "Mapping": "dict", "dict": "dict"}

# Keys that are no argument of a target: what each must be.
WANTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "seed": ("a whole number of at least 0", lambda value: _is_whole(value) and value >= 0),
    "bootstrap": ("a whole number of at least 1", lambda value: _is_whole(value) and value >= 1),
    "allow_any_target": ("true or false", _is_switch),
    "open": ("true or false", _is_switch),
    "overlay": ("true or false", _is_switch),
    "report.faces": ("true or false", _is_switch),
    "cohort.skip_broken": ("true or false", _is_switch),
    "cohort.frontal_only": ("true or false", _is_switch),
    "execution.n_jobs": ("a whole number other than 0, such as -1 for one process per core,", _is_workers),
    "execution.backend": ("loky or dask", lambda value: value in ("loky", "dask")),
    "execution.address": (
        "text such as tcp://HOST:8786, or null",
        lambda value: value is None or isinstance(value, str),
    ),
    "execution.shared_disk": ("true or false", _is_switch),
    "execution.fold_timeout_s": ("a number above 0, or null", lambda value: value is None or _is_seconds(value)),
    "execution.save_models": ("true or false", _is_switch),
    "execution.final_model": ("true or false", _is_switch),
    "execution.folds_together": ("true or false", _is_switch),
    "execution.tensorboard": ("true or false", _is_switch),
}
ABSENT = object()


def settle(config: DictConfig) -> None:
    """Check the keys that no target checks; a single name in cohort.exclude becomes a list of one.

    Errors: one ConfigError that names every wrong key, its value and what is wanted.
    """
    exclude = OmegaConf.select(config, "cohort.exclude", default=ABSENT)
    if exclude is None:
        config.cohort.exclude = []
    elif isinstance(exclude, str) or _is_whole(exclude):
        config.cohort.exclude = [str(exclude)]
    wrong = [
        f"{key} is {_told(value)}; {words} is wanted."
        for key, (words, fits) in WANTED.items()
        if (value := OmegaConf.select(config, key, default=ABSENT)) is not ABSENT and not fits(value)
    ]
    exclude = OmegaConf.select(config, "cohort.exclude", default=[])
    if not OmegaConf.is_list(exclude) and exclude != []:
        wrong.append(f"cohort.exclude is {_told(exclude)}; a list of subjects or subject/task is wanted.")
    if wrong:
        raise ConfigError(" ".join(wrong))


def check_types(node: Any, where: str) -> None:
    """Compare each value of our own targets in a node, nested ones too, with the kind its signature tells.

    where: dotted key of the node. Errors: one ConfigError that names every wrong key, its value, what is wanted and the
    default.
    """
    wrong = list(_wrong_types(OmegaConf.to_container(node) if OmegaConf.is_config(node) else node, where))
    if wrong:
        raise ConfigError(" ".join(wrong))


def _wrong_types(node: Any, where: str) -> Iterator[str]:
    if not isinstance(node, dict):
        return
    target = str(node.get("_target_", ""))
    declared = parameters(target) if target.startswith("neuroface.") else {}
    for key, value in node.items():
        if (isinstance(value, dict) and "_target_" in value) or key not in declared:
            yield from _wrong_types(value, f"{where}.{key}")
            continue
        kinds, default = _kinds(declared[key]), declared[key].default
        if kinds and not any(KINDS[kind][1](value) for kind in kinds):
            words = " or ".join(dict.fromkeys(KINDS[kind][0] for kind in kinds))
            known = "" if default is inspect.Parameter.empty else f" (default {_told(default)})"
            yield f"{where}.{key} is {_told(value)}; {words} is wanted{known}."


def _told(value: Any) -> str:
    """A value as the command line writes what Python writes otherwise."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def parameters(target: str) -> Mapping[str, inspect.Parameter]:
    """Arguments of a target by name; none where it cannot be imported, which building it reports."""
    module, _, name = target.rpartition(".")
    try:
        return inspect.signature(getattr(importlib.import_module(module), name)).parameters
    except (ImportError, AttributeError):
        return {}


def _kinds(parameter: inspect.Parameter) -> list[str]:
    """The kinds an argument may be: by its annotation where that is plain, else by its default; none: anything."""
    annotation = "" if parameter.annotation is parameter.empty else str(parameter.annotation)
    words = [word.strip() for word in annotation.split("|") if not word.strip().startswith("Literal[")]
    if words and all(word in KINDS for word in words):
        return words
    container = KIND_OF_CONTAINER.get(annotation.partition("[")[0])
    if container and len(words) == 1:
        return [container, "None"] if parameter.default is parameter.empty else [container]
    kind = type(parameter.default).__name__
    return [kind] if kind in SCALARS else []
