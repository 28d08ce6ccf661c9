"""`neuroface new`: a feature, classifier or cohort of one's own, as three files that run and wait to be changed."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from string import Template

from neuroface.configuration.tree import config_dir
from neuroface.configuration.yaml_tree import groups
from neuroface.errors import ConfigError, did_you_mean
from neuroface.places import check_writable
from neuroface.verbs.new_templates import KINDS, ROOMS

HOW = "neuroface new feature|classifier|cohort NAME [out=FOLDER]"


def run(arguments: list[str]) -> None:
    """Write code, YAML and test under one name: into the checkout that neuroface runs from, or out=FOLDER as a plug-in.

    Errors: ConfigError for a kind that there is not, a name that cannot be one or exists already, and where there is
    no checkout to write to.
    """
    named = [word for word in arguments if "=" not in word]
    given = dict(word.split("=", 1) for word in arguments if "=" in word)
    if len(named) != 2 or given.keys() - {"out"}:
        raise ConfigError(f"say what is new and its name: {HOW}.")
    kind, name = named
    if kind not in KINDS:
        raise ConfigError(f"new {kind}: there is no such kind." + did_you_mean(kind, KINDS))
    group = KINDS[kind][0]
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(f"{name!r} cannot be a name; use small letters, digits and _, a letter first.")
    if name in groups().get(group, ()):
        raise ConfigError(f"{group}={name} exists already. Choose another name.")
    files = _plug_in(kind, name, Path(given["out"]).expanduser()) if "out" in given else _in_checkout(kind, name)
    there = [str(file) for file in files if file.exists()]
    if there:
        raise ConfigError(f"{', '.join(there)}: there already. Choose another name.")
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(file)
    print(_next_step(group, name, given.get("out")))


def _in_checkout(kind: str, name: str) -> dict[Path, str]:
    root, room = config_dir().parent, ROOMS[kind]
    if not (root / "src" / "neuroface" / room).is_dir():
        raise ConfigError("neuroface is installed without its sources here; out=FOLDER writes a plug-in.")
    check_writable("neuroface new", root)
    code, yaml, test = _filled(kind, name, f"neuroface.{room}.{name}")
    return {
        root / "src" / "neuroface" / room / f"{name}.py": code,
        root / "configs" / KINDS[kind][0] / f"{name}.yaml": yaml,
        root / "tests" / room / f"test_{name}.py": test,
    }


def _plug_in(kind: str, name: str, out: Path) -> dict[Path, str]:
    check_writable("out", out)
    if not (out / f"{name}.py").exists() and importlib.util.find_spec(name) is not None:
        raise ConfigError(f"{name} is the name of a Python module already. Choose another name.")
    code, yaml, test = _filled(kind, name, name)
    return {out / f"{name}.py": code, out / KINDS[kind][0] / f"{name}.yaml": yaml, out / f"test_{name}.py": test}


def _filled(kind: str, name: str, module: str) -> list[str]:
    """Code, YAML and test of a kind under a name."""
    class_name = "".join(part.capitalize() for part in name.split("_"))
    texts = [Template(text).substitute(name=name, Name=class_name, module=module) for text in KINDS[kind][1:]]
    return [_imports_in_order(text) for text in texts]


def _imports_in_order(text: str) -> str:
    """Where the name of the module puts its import among the others."""
    return re.sub(r"(?m)(^from .*\n){2,}", lambda block: "".join(sorted(block[0].splitlines(keepends=True))), text)


def _next_step(group: str, name: str, out: str | None) -> str:
    where = f" 'hydra.searchpath=[{out}]'" if out else ""
    chosen = f"'{group}=[{name}]'" if group == "features" else f"{group}={name}"
    return f"check it: neuroface check {group}={name}{where}\nuse it:   neuroface train {chosen}{where}"
