"""What makes a run what it is: its resolved configuration, with the content of every file in place of its path.

An argument that takes a file says so in its signature (`str | Path`), which is all that a new one has to do. Of targets
that are not ours, every value that looks like a path and is there counts as one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neuroface import contents
from neuroface.configuration.values import parameters

# Not part of a run's identity: how and where it runs, and what only lays several runs side by side.
NOT_SCIENCE = (
    "execution", "run", "out", "cells", "title", "published", "more", "table", "takes", "synthetic_means",
    "allow_any_target", "report",
)  # fmt: skip
# The same of keys inside a group.
NOT_SCIENCE_OF = {
    "landmarks": ("device", "batch_size", "allow_download"),  # landmarks do not depend on how many faces go together
    "lift": ("store",),
    "protocol": ("permutations",),  # more of them make the null of the same result finer
}
MARK = "content "  # what a path becomes begins with it


def science(config: DictConfig) -> dict[str, Any]:
    """The resolved configuration without where and how it runs, and with contents in place of paths."""
    return _resolved(config)[0]


def paths(config: DictConfig) -> dict[str, str]:
    """Dotted key -> the path that stood there: no part of the run's identity, but needed to make it again."""
    return _resolved(config)[1]


def key_of(key_file: Any) -> str:
    """What a run's identity says of a key file of pseudonyms: its place, for it grows while people are read."""
    place = str(Path(str(key_file)).expanduser().resolve())
    return f"key {hashlib.sha256(place.encode()).hexdigest()[:16]}"


def _resolved(config: DictConfig) -> tuple[dict[str, Any], dict[str, str]]:
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    part: dict[str, Any] = {str(key): value for key, value in plain.items() if key not in NOT_SCIENCE}
    for group, keys in NOT_SCIENCE_OF.items():
        for key in keys:
            part.get(group, {}).pop(key, None)
    _without_idle(part.get("protocol") or {})
    found: dict[str, str] = {}
    if key_file := part.get("cohort", {}).pop("pseudonyms", None):
        found["cohort.pseudonyms"] = str(key_file)
        part["cohort"]["pseudonyms"] = key_of(key_file)
    return {key: _by_content(value, key, found) for key, value in part.items()}, found


def _without_idle(protocol: dict[str, Any]) -> None:
    """Take off what does nothing as it stands: runs of before there was such a key are the same runs."""
    if protocol.get("task") != "all":
        protocol.pop("over_tasks", None)
    if not protocol.get("residualise"):
        protocol.pop("residualise", None)
        protocol.pop("residualise_from", None)
    if not protocol.get("match"):
        protocol.pop("match", None)


def _by_content(node: Any, where: str, found: dict[str, str]) -> Any:
    """A node with the paths among the arguments of its targets replaced; `found` learns which they were."""
    if isinstance(node, list):
        return [_by_content(value, f"{where}[{at}]", found) for at, value in enumerate(node)]
    if not isinstance(node, Mapping):
        return node
    target = str(node.get("_target_", ""))
    replaced = {}
    for key, value in node.items():
        here = f"{where}.{key}"
        text = isinstance(value, str) and key != "_target_"
        if text and contents.is_there(value) and _takes_file(target, key, value):
            found[here] = value
            replaced[key] = MARK + contents.digest_of(value)
        else:
            replaced[key] = _by_content(value, here, found)
    return replaced


def _takes_file(target: str, key: str, value: str) -> bool:
    """Whether an argument of a target takes a file, and not a name that happens to be that of a file."""
    if not target.startswith("neuroface."):
        return bool(target and re.search(r"[/\\]|\.\w+$", value))
    declared = parameters(target).get(key)
    annotation = "" if declared is None else str(declared.annotation)
    return "Path" in annotation and not re.search(rf"['\"]{re.escape(value)}['\"]", annotation)
