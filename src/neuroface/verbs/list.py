"""`neuroface list`: what there is to choose from, with a line of explanation each; plug-ins too."""

from __future__ import annotations

import importlib
import inspect
from importlib import resources
from pathlib import Path
from typing import Any

from neuroface.errors import ConfigError, did_you_mean
from neuroface.verbs.configuration import groups, hydra_context, option_node, options, plugin_packages
from neuroface.verbs.help import config_dir


def run(arguments: list[str]) -> None:
    """Print the groups, or the options of the groups that are named."""
    with hydra_context():
        known = groups()
        if not arguments:
            print("\n".join(f"{group:<12} {', '.join(options(group))}" for group in known))
            return
        for group in arguments:
            if group not in known:
                raise ConfigError(f"there is no group {group!r}." + did_you_mean(group, known))
            print("\n".join(_lines(group)))


def _lines(group: str) -> list[str]:
    names = options(group)
    width = max(map(len, names))
    lines = []
    for name in names:
        lines.append(f"{name:<{width}}  {_comment(group, name) or _docstring(option_node(group, name))}")
        if group == "features":
            targets = list(targets_of(option_node(group, name)))
            inner = max(len(key) for key, _ in targets)
            lines += [f"{'':<{width}}    {key:<{inner}}  {_first_line(target)}" for key, target in targets]
    return lines


def targets_of(node: Any, prefix: str = "") -> Any:
    """(dotted key, target) of every node in a nested mapping that names a target."""
    if isinstance(node, dict):
        if "_target_" in node:
            yield prefix.rstrip("."), node["_target_"]
            return
        for key, value in node.items():
            yield from targets_of(value, f"{prefix}{key}.")


def _comment(group: str, name: str) -> str:
    """The first comment line of an option's YAML that is not a directive."""
    places = [config_dir(), *(Path(str(resources.files(package))) for package in plugin_packages())]
    for place in places:
        file = place / group / f"{name}.yaml"
        if file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.startswith("#") and "@package" not in line:
                    return line.lstrip("# ").strip()
                if line.strip() and not line.startswith("#"):
                    break
    return ""


def _docstring(node: Any) -> str:
    return next((_first_line(target) for _, target in targets_of(node)), "")


def _first_line(target: str) -> str:
    module, _, name = target.rpartition(".")
    try:
        return (inspect.getdoc(getattr(importlib.import_module(module), name)) or "").partition("\n")[0]
    except (ImportError, AttributeError) as error:
        return f"cannot be imported: {error}"
