"""The configuration tree as plain files: what would be chosen, and every key, found without Hydra.

For help and completion, which must answer at once and also while a plug-in is broken: a file that cannot be read counts
as empty. What runs is composed by Hydra (`configuration.compose`); a test holds the two together.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from neuroface.configuration.tree import PLUGIN_GROUP, config_dir

Node = dict[str, Any]
ROOT = "@package _global_"
LAST = ("cohort", "experiment")


@functools.cache
def places(folders: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """Our tree, the configuration folders of installed plug-ins, and loose folders. Nothing is imported."""
    found = [config_dir()]
    for point in sorted(entry_points(group=PLUGIN_GROUP), key=lambda point: point.value):
        top, *inner = point.value.split(".")
        try:
            spec = importlib.util.find_spec(top)
        except (ImportError, ValueError):
            continue
        found += [Path(place, *inner) for place in (spec.submodule_search_locations or ()) if spec] if spec else []
    return tuple(place for place in (*found, *map(Path, folders)) if place.is_dir())


def groups(folders: Sequence[str] = ()) -> dict[str, list[str]]:
    """Group -> the names of its options; a group inside another is `faces/detector`."""
    found: dict[str, set[str]] = {}
    for place in places(tuple(folders)):
        for file in (*place.glob("*/*.yaml"), *place.glob("*/*/*.yaml")):
            found.setdefault(file.parent.relative_to(place).as_posix(), set()).add(file.stem)
    return {group: sorted(names) for group, names in sorted(found.items())}


@functools.cache
def read(name: str, folders: tuple[str, ...] = ()) -> tuple[Node, bool]:
    """The content of an option (`cohort/table`) or root (`train`), and whether it stands at the root (a package of its
    own); {} where it cannot be read."""
    import yaml

    for place in places(folders):
        file = place / f"{name}.yaml"
        if file.is_file():
            try:
                text = file.read_text(encoding="utf-8")
                content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            except (OSError, UnicodeDecodeError, yaml.YAMLError):
                return {}, False
            return (content if isinstance(content, dict) else {}), ROOT in text
    return {}, False


class Tree:
    """What a verb's words choose. choices: where in the configuration -> (group, option); config: every key."""

    def __init__(self, verb: str, words: Iterable[str] = (), folders: Sequence[str] = ()) -> None:
        self.folders = tuple(folders)
        self.groups = groups(folders)
        self.choices: dict[str, tuple[str, str]] = {}
        self._given = self._groups_of(words)
        self._add_defaults(verb)
        for key in self._given:
            group, _, place = key.partition("@")
            place = place or group.replace("/", ".")
            if place not in self.choices:
                self._choose(group, place, "")
        self.config: Node = {}
        self._merge_root(verb)
        # what stands inside another option first, for that may set its keys; what may set any key last
        for place in sorted(self.choices, key=lambda place: (place in LAST, -place.count("."), place)):
            self._merge_option(*self.choices[place], place)

    def keys(self) -> dict[str, Any]:
        """Dotted key -> value, of everything that can be set; not of what names targets."""
        return dict(_flat(self.config))

    def _groups_of(self, words: Iterable[str]) -> dict[str, str]:
        given = {}
        for word in words:
            key, sign, value = word.lstrip("+").partition("=")
            names = value.strip("[]").split(",")
            if sign and key.partition("@")[0] in self.groups:
                given[key] = ",".join(name for name in names if name)
        return given

    def _add_defaults(self, name: str, group: str = "", place: str = "") -> None:
        """Follow the defaults list of an option that stands at `place`, or of a root: what it includes and chooses."""
        content, at_root = read(f"{group}/{name}" if group else name, self.folders)
        for entry in content.get("defaults") or ():
            if isinstance(entry, str):
                if entry != "_self_":
                    self._add_defaults(entry, group, place)
                continue
            for key, value in entry.items() if isinstance(entry, Mapping) else ():
                names = value if isinstance(value, list) else [value]
                wanted, inner = _target(key, group, "" if at_root else place)
                self._choose(wanted, inner, ",".join(str(name) for name in names if name))

    def _choose(self, group: str, place: str, default: str) -> None:
        """The option of a group at a place: what a word gives, else this default."""
        by_group = self._given.get(group, default) if place == group.replace("/", ".") else default
        names = self._given.get(f"{group}@{place}", by_group)
        for inner in [known for known in self.choices if known == place or known.startswith(f"{place}.")]:
            del self.choices[inner]
        if names and names != "null":
            self.choices[place] = (group, names)
            for name in names.split(","):
                self._add_defaults(name, group, place)

    def _merge_root(self, name: str) -> None:
        content, _ = read(name, self.folders)
        for entry in content.get("defaults") or ():
            if isinstance(entry, str) and entry != "_self_":
                self._merge_root(entry)
        _merge(self.config, {key: value for key, value in content.items() if key != "defaults"})

    def _merge_option(self, group: str, names: str, place: str) -> None:
        for name in names.split(","):
            content, at_root = read(f"{group}/{name}", self.folders)
            for entry in content.get("defaults") or ():
                if isinstance(entry, str) and entry != "_self_":
                    self._merge_option(group, entry, place)
            node: Node = {key: value for key, value in content.items() if key != "defaults"}
            for part in reversed([] if at_root else place.split(".")):
                node = {part: node}
            _merge(self.config, node)


def _target(key: str, group: str, place: str) -> tuple[str, str]:
    """(group, place) that an entry of a defaults list means, in a file of `group` that stands at `place`.

    /view@view -> view at place.view; override /lift@_global_.lift -> lift; detector -> group/detector.
    """
    plain = key.removeprefix("override ").strip()
    named, _, package = plain.lstrip("/").partition("@")
    wanted = named if plain.startswith("/") or not group else f"{group}/{named}"
    if package.startswith("_global_"):
        return wanted, package.removeprefix("_global_").lstrip(".")
    if package:
        return wanted, f"{place}.{package}" if place else package
    return wanted, wanted.replace("/", ".")


def _merge(into: Node, new: Mapping[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = {**value} if isinstance(value, Mapping) else value


def _flat(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value): a mapping that names a target, or holds some, is opened; another one is a value."""
    for key, value in node.items():
        if str(key).startswith("_") or key == "hydra":
            continue
        opened = isinstance(value, Mapping) and (prefix == "" or _has_target(value) or not value)
        if opened:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _has_target(node: Mapping[str, Any]) -> bool:
    return "_target_" in node or any(isinstance(value, Mapping) and _has_target(value) for value in node.values())
