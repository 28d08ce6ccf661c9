"""Candidates for the word at the cursor, from the configuration tree's files: at once, also with a broken plug-in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from neuroface.configuration.yaml_tree import Tree, groups
from neuroface.verbs.help import GROUPS_OF, ROOT_KEYS_OF

SEARCHPATH = "hydra.searchpath="
MULTIPLE = ("features",)
# Keys whose values are files or folders.
PATHS = (
    "run",
    "out",
    "root",
    "path",
    "subjects",
    "annotations",
    "grades",
    "sheet",
    "tracks",
    "weights",
    "store",
    "from",
)
SHELLS = ("bash", "zsh", "fish")
KINDS = ("feature", "classifier", "cohort")


def candidates(words: Sequence[str], verbs: Iterable[str]) -> list[str]:
    """What the last of the words may become; the others stand before it. Never raises."""
    try:
        *before, last = [word.lstrip("'\"") for word in words] or [""]
        if not before:
            return [verb for verb in verbs if verb.startswith(last)]
        return sorted({word for word in _of_verb(before[0], before[1:], last) if word.startswith(last)})
    except Exception:  # a half-typed word, a broken file: no candidate is better than a traceback at the prompt
        return []


def _of_verb(verb: str, before: Sequence[str], last: str) -> Iterable[str]:
    folders = _folders(before)
    simple: dict[str, Callable[[], Iterable[str]]] = {
        "list": lambda: groups(folders),
        "completion": lambda: SHELLS,
        "new": lambda: KINDS if not before else (),
        "check": lambda: ["all", *_choices(groups(folders), last)],
    }
    if verb in simple:
        return simple[verb]()
    if verb == "reproduce" and "=" not in last and not before:
        return groups(folders)["experiment"]
    given = [word for word in before if "=" in word]
    tree = Tree("train" if verb == "reproduce" else verb, given, folders)
    return [*_choices(_used(verb, tree.groups), last), *_keys(verb, tree, last)]


def _folders(words: Iterable[str]) -> tuple[str, ...]:
    """The loose folders that hydra.searchpath=[A,B] names."""
    found = [word.removeprefix(SEARCHPATH).strip("'\"[]") for word in words if word.startswith(SEARCHPATH)]
    return tuple(part.strip("'\" ") for text in found for part in text.split(",") if part)


def _used(verb: str, known: dict[str, list[str]]) -> dict[str, list[str]]:
    used = GROUPS_OF.get(verb)
    return {name: names for name, names in known.items() if used is None or name.partition("/")[0] in used}


def _choices(known: dict[str, list[str]], last: str) -> list[str]:
    """group= for a word without =; group=option, and the next of a list of options, for one with it."""
    group, sign, value = last.partition("=")
    if not sign:
        return [f"{name}=" for name in known]
    names = known.get(group, [])
    if value.startswith("["):
        chosen, _, _ = value[1:].rpartition(",")
        start = f"{group}=[{chosen}{',' if chosen else ''}"
        return [f"{start}{name}" for name in names if name not in chosen.split(",")]
    if group in MULTIPLE and not value:
        return [f"{group}=["]
    swept, comma, _ = value.rpartition(",")  # as -m takes several
    return [f"{group}={swept}{comma}{name}" for name in names if name not in swept.split(",")]


def _keys(verb: str, tree: Tree, last: str) -> list[str]:
    """key=, one level of names at a time; key=value where the values are known."""
    used, roots = GROUPS_OF.get(verb), ROOT_KEYS_OF.get(verb, ())
    values = {
        key: value
        for key, value in tree.keys().items()
        if used is None or "." not in key or key.partition(".")[0] in (*used, *roots)
    }
    if "=" in last:
        return _values(values, last)
    depth = last.count(".")
    levels = [key.split(".") for key in values]
    return [
        ".".join(parts[: depth + 1]) + ("=" if len(parts) == depth + 1 else ".")
        for parts in levels
        if len(parts) > depth and ".".join(parts).startswith(last)
    ]


def _values(known: dict[str, Any], last: str) -> list[str]:
    key, _, _ = last.partition("=")
    if key.rpartition(".")[2] in PATHS:
        return _paths(last)
    value = known.get(key)
    if isinstance(value, bool):
        return [f"{key}=true", f"{key}=false"]
    plain = isinstance(value, int | float | str) and not str(value).startswith("${")
    return [f"{key}={value}"] if plain else []


def _paths(last: str) -> list[str]:
    """The files and folders that the value may become; a folder ends with /."""
    key, _, value = last.partition("=")
    folder, slash, start = value.rpartition("/")
    place = Path(f"{folder}{slash}").expanduser() if slash else Path()
    shown = sorted(place.iterdir()) if place.is_dir() else []
    return [
        f"{key}={folder}{slash}{path.name}{'/' if path.is_dir() else ''}"
        for path in shown
        if path.name.startswith(start) and (start or not path.name.startswith("."))
    ]
