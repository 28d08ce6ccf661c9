"""The reference of every group, choice and key, from the YAML files and the docstrings of what they name.

python scripts/site/reference.py     prints the page
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
KEY = re.compile(r"^(\s*)([A-Za-z_][\w.]*):(?:\s+(.*))?$")
COMMENT = re.compile(r"\s+#\s?(.*)$")


def page(configs: Path) -> str:
    """Markdown: a section per group, a paragraph and a table of keys per choice."""
    lines = [
        "# Reference",
        "",
        "Every group, choice and key. `group=choice` picks one, `group.key=value` sets a key.",
        "`neuroface list GROUP` and `neuroface VERB --help` say the same in a terminal.",
        "",
        "## Keys of the verbs",
        "",
    ]
    for file in sorted(configs.glob("*.yaml")):
        if file.stem != "multirun":
            lines += [f"### {file.stem}", "", *table(file, {}, {}), ""]
    for folder in sorted(path for path in configs.rglob("*") if path.is_dir()):
        files = sorted(folder.glob("*.yaml"))
        group = folder.relative_to(configs).as_posix()
        if files:
            lines += [f"## {group}", ""]
        said = said_in_group(files)
        for file in files:
            node = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
            lines += [f"### {group}={file.stem}", "", first_comment(file) or docstring(node), ""]
            lines += [*table(file, node, said), ""]
    return "\n".join(lines)


def table(file: Path, node: dict[str, Any], said: dict[str, str]) -> list[str]:
    """Key, default and meaning of each key that a user may set; nothing where there is none.

    said: what other choices of the group say of a key, for those that do not say it again.
    """
    meanings = {**said, **meanings_of(node)}
    rows = [
        f"| `{key}` | `{default}` | {cell(meaning or meanings.get(key.rpartition('.')[2], '') or foreign(node, key))} |"
        for key, default, meaning in keys(file.read_text(encoding="utf-8"))
    ]
    return ["| Key | Default | Meaning |", "|---|---|---|", *rows] if rows else []


def said_in_group(files: list[Path]) -> dict[str, str]:
    """Last word of a key -> what the choices of a group say of it, where all that say something say the same."""
    found: dict[str, set[str]] = {}
    for file in files:
        for key, _, comment in keys(file.read_text(encoding="utf-8")):
            if comment:
                found.setdefault(key.rpartition(".")[2], set()).add(comment)
    return {key: comments.pop() for key, comments in found.items() if len(comments) == 1}


def foreign(node: dict[str, Any], key: str) -> str:
    """Whose argument a key is, where another library explains it."""
    inner: Any = node
    for name in key.split(".")[:-1]:
        inner = inner.get(name) if isinstance(inner, dict) else None
    target = str(inner.get("_target_", "")) if isinstance(inner, dict) else ""
    return f"see `{target}`" if target and not target.startswith("neuroface") else ""


def keys(text: str) -> Iterator[tuple[str, str, str]]:
    """(dotted key, default, comment) of every key with a value; a comment stands behind the value or above the key."""
    above: list[str] = []
    path: list[tuple[int, str]] = []
    skipped = -1  # indentation of a defaults list, whose entries are no keys
    for line in text.splitlines():
        found = KEY.match(line)
        if line.strip().startswith("#"):
            above.append(line.strip().lstrip("# "))
            continue
        if not found:
            continue
        indent, key, rest = len(found.group(1)), found.group(2), found.group(3) or ""
        if 0 <= skipped < indent:
            continue
        skipped = indent if key == "defaults" else -1
        behind = COMMENT.search(" " + rest)
        value = COMMENT.sub("", " " + rest).strip()
        path = [*(entry for entry in path if entry[0] < indent), (indent, key)]
        if value and not key.startswith("_"):
            dotted = ".".join(name for _, name in path)
            comment = behind.group(1) if behind else " ".join(above)
            yield dotted, value.replace("|", "\\|"), comment
        above = []


def meanings_of(node: Any) -> dict[str, str]:
    """Argument -> what the docstring of its target says of it, `name: sentence.`, or the sentence that holds `name`."""
    found: dict[str, str] = {}
    if isinstance(node, dict):
        text = docstring(node, whole=True)
        for key in node:
            told = re.search(rf"(?:^|[\s,]){re.escape(str(key))}(?:, \w+)*: (.+?)\.(?:\s|$)", text, re.DOTALL)
            told = told or re.search(rf"(?:^|[.:]\s)([^.:]*`{re.escape(str(key))}`[^.]*)\.(?:\s|$)", text)
            if told:
                found[str(key)] = " ".join(told.group(1).split())
        for value in node.values():
            found |= meanings_of(value)
    return found


def docstring(node: dict[str, Any], *, whole: bool = False) -> str:
    """The docstring of a node's target, or its first line; empty for what neuroface does not own."""
    module, _, name = str(node.get("_target_", "")).rpartition(".")
    if not module.startswith("neuroface"):
        return ""
    text = inspect.getdoc(getattr(importlib.import_module(module), name)) or ""
    return text if whole else text.partition("\n")[0]


def first_comment(file: Path) -> str:
    comments = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    return next((line.lstrip("# ") for line in comments if "@package" not in line), "")


def cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(page(CONFIGS))
