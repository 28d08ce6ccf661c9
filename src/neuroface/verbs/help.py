"""The help of a verb: read from the configuration tree itself, without Hydra."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neuroface.configuration.tree import config_dir

OPTIONS_OF = {
    "train": "run=FOLDER (default runs/<experiment, or question and digest>)",
    "eval": "run=FOLDER, or run=[A,B,...]",
    "report": "run=FOLDER, or run=[A,B,...]",
    "explain": "run=FOLDER, or run=[A,B,...], panels=N samples to draw (24), tiles=N across the face (8)",
    "landmarks": "out=FOLDER, overlay=true for clips with the points drawn on them",
    "features": "out=FILE.csv or FILE.parquet",
    "prepare": "out=FOLDER, cohort.layout=native|toronto|faces",
}


def verb_help(verb: str, line: str) -> str:
    """What `neuroface <verb> --help` prints."""
    if verb == "list":
        return f"neuroface list [group ...]: {line}\n\ngroups: {', '.join(sorted(_tree()))}"
    if verb == "fetch":
        from neuroface.verbs.fetch import KNOWN

        return f"neuroface fetch [NAME ...] [from=FILE]: {line}\n\nnames: {', '.join(KNOWN)}; without one, all are told"
    if verb == "reproduce":
        names = ", ".join(_tree()["experiment"])
        return f"neuroface reproduce EXPERIMENT [run=FOLDER] [key=value ...]: {line}\n\nexperiments: {names}"
    if verb == "check":
        return f"neuroface check group=choice [group=choice ...] | all: {line}"
    words = [f"neuroface {verb} [group=choice ...] [key=value ...]: {line}", "", OPTIONS_OF[verb]]
    if verb not in ("eval", "report", "explain"):
        tree = _tree()
        width = max(map(len, tree))
        words += ["", "groups and their choices (neuroface list GROUP says what each one is)"]
        words += [f"  {group:<{width}}  {', '.join(names)}" for group, names in sorted(tree.items())]
        texts = [(config_dir() / f"{name}.yaml").read_text(encoding="utf-8") for name in (verb, "base")]
        words += ["", "keys and their defaults, beside those of the choices", *map(_indented, texts)]
        words += ["", "keys of the default choices", *_keys_of_choices(verb)]
        words += ["", "-m runs every combination of comma-separated values; --cfg job shows the whole configuration"]
    return "\n".join(words)


def _tree() -> dict[str, list[str]]:
    return {
        folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
        for folder in sorted(config_dir().iterdir())
        if folder.is_dir()
    }


def _keys_of_choices(verb: str) -> list[str]:
    """Each group's default choice and, below it, the keys it brings with their values."""
    choices = {group: name for name in ("base", verb) for group, name in _default_choices(_read(f"{name}.yaml"))}
    nodes = {group: _read(f"{group}/{name}.yaml") for group, name in choices.items()}
    for group, node in list(nodes.items()):  # a choice may have groups of its own
        for inner, name in _default_choices(node):
            choices[f"{group}/{inner}"], nodes[f"{group}/{inner}"] = name, _read(f"{group}/{inner}/{name}.yaml")
    keys = {group: dict(_flat(node, group.replace("/", "."))) for group, node in nodes.items()}
    values = {key: value for found in keys.values() for key, value in found.items()}
    width = max(map(len, values))
    lines = []
    for group in sorted(keys):
        lines.append(f"  {group}={choices[group]}")
        lines += [f"    {key:<{width}}  {_shown(value, values)}" for key, value in keys[group].items()]
    return lines


def _default_choices(node: dict[str, Any]) -> list[tuple[str, str]]:
    """(group, option) pairs of a defaults list; lists of options, whose keys `neuroface list` tells, are left out."""
    pairs = [pair for entry in node.get("defaults", ()) if isinstance(entry, dict) for pair in entry.items()]
    return [(group.removeprefix("override /"), name) for group, name in pairs if isinstance(name, str)]


def _read(name: str) -> dict[str, Any]:
    import yaml

    return yaml.safe_load((config_dir() / name).read_text(encoding="utf-8")) or {}


def _flat(node: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of a node, without what names targets."""
    for key, value in node.items():
        if isinstance(value, dict) and "_target_" in value:
            yield from _flat(value, f"{prefix}.{key}")
        elif key != "defaults" and not key.startswith("_"):
            yield f"{prefix}.{key}", value


def _shown(value: Any, values: dict[str, Any]) -> str:
    """A value as it is written on the command line; ${key} as what that key holds."""
    if isinstance(value, str) and value.startswith("${"):
        return _shown(values[value[2:-1]], values)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(inner, values)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(_shown(inner, values) for inner in value)}]"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _indented(yaml: str) -> str:
    """The root keys of a YAML file, without its defaults list and comments for maintainers."""
    lines, inside = [], False
    for text in yaml.splitlines():
        if text.startswith(("defaults:", "# @", "# What")):
            inside = text.startswith("defaults:")
        elif inside and text.startswith((" ", "-")):
            continue
        elif text.strip():
            inside = False
            lines.append("  " + text)
    return "\n".join(lines)
