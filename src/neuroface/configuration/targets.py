"""Which code a configuration may name: a YAML file from elsewhere must not run what nobody asked for.

A `_target_` is called with arguments of the same file. So it has to be part of neuroface, of an installed plug-in, of a
loose folder that the command line names, or a class of one of SCIENTIFIC; allow_any_target=true lifts that.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from neuroface.configuration.search_path import named_folders, plugin_packages
from neuroface.errors import ConfigError

OURS = "neuroface"
# Packages whose classes (estimators, splitters, layers) are named in configurations. Their functions are not: some of
# them read pickles, load libraries or write files (torch.load, numpy.memmap).
SCIENTIFIC = (
    "aeon", "catboost", "imblearn", "lightgbm", "sklearn", "skorch", "sktime", "timm", "torch.nn", "torchvision.models",
    "tslearn", "xgboost",
)  # fmt: skip


def check_targets(config: Any, *, allow_any: bool = False) -> None:
    """Refuse a configuration that names code from elsewhere; nothing is imported.

    allow_any: allow_any_target of the configuration. Errors: one ConfigError that names each such target and its key.
    """
    if allow_any:
        return
    trusted = trusted_packages()
    wrong = [f"{key} is {target}" for key, target in named_targets(config) if not _is_known(target, trusted)]
    if wrong:
        raise ConfigError(
            f"{'; '.join(wrong[:5])}{'; ...' if len(wrong) > 5 else ''}: this is no code of neuroface, of an installed "
            "plug-in, of a folder in hydra.searchpath, or a class of a known scientific package, and is not called. "
            "If you know it, add allow_any_target=true."
        )


def check_resolved(config: Any) -> None:
    """Refuse a target that only passes through a package on its way elsewhere (neuroface.fetching.subprocess.run).

    Imports what is named. Errors: ConfigError; what cannot be imported is left to whoever builds it.
    """
    for key, target in named_targets(config):
        root = target.partition(".")[0]
        if root != OURS and not _is_class_of_science(target):
            continue
        found = _resolved(target)
        home = str(getattr(found, "__module__", None) or getattr(found, "__name__", root)).partition(".")[0]
        if found is not None and home != root:
            raise ConfigError(f"{key} is {target}, which is no part of {root} itself (it belongs to {home}).")


def trusted_packages() -> frozenset[str]:
    """Top-level packages whose code may be named in full: ours, plug-ins', and what lies in the named folders."""
    loose = {
        entry.stem
        for folder in named_folders()
        for entry in Path(folder).iterdir()
        if entry.suffix == ".py" or (entry.is_dir() and entry.name.isidentifier())
    }
    return frozenset({OURS, *(package.partition(".")[0] for package in plugin_packages()), *loose})


def named_targets(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, target) of everything in a configuration, at any depth."""
    plain = OmegaConf.to_container(node) if OmegaConf.is_config(node) else node
    if isinstance(plain, Mapping):
        for name, value in plain.items():
            where = f"{key}.{name!s}" if key else str(name)
            yield from [(where, str(value))] if name == "_target_" else named_targets(value, where)
    elif isinstance(plain, Sequence) and not isinstance(plain, str):
        for at, value in enumerate(plain):
            yield from named_targets(value, f"{key}[{at}]")


def _is_known(target: str, trusted: frozenset[str]) -> bool:
    return target.partition(".")[0] in trusted or _is_class_of_science(target)


def _is_class_of_science(target: str) -> bool:
    """Whether a name is, by how it is written (PEP 8), that of a class of one of the packages."""
    name = target.rpartition(".")[2]
    return name[:1].isupper() and any(target.startswith(f"{package}.") for package in SCIENTIFIC)


def _resolved(target: str) -> Any:
    """What Hydra would call: the longest part of the name that is a module, then attributes. None: not there."""
    parts = target.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for name in parts[length:]:
            found = getattr(found, name, None)
        return found
    return None
