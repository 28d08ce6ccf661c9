"""The direction of imports, and which heavy library may be imported where."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import neuroface

PACKAGE = Path(neuroface.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# A room may import rooms of a lower floor, and itself.
FLOORS = [
    {"errors", "face", "schemes", "progress", "contents", "outside", "outside_pickle"},
    {"places", "landmark_views", "processor"},
    {"types"},
    {"geometry", "signals", "store", "plausible", "model_files", "fetching"},
    {"recording"},
    {"cohorts", "synthesis", "landmarks", "repetitions", "features", "classifiers", "evaluate"},
    {"views"},
    {"samples", "cohort_summary", "contracts", "detection"},
    {"explain", "report", "configuration"},
    {"studies"},
    {"verbs", "door"},
    {"cli", "__main__"},
]
# Rooms of one floor know nothing of each other, but for these.
NEIGHBOURS = {
    ("cohorts", "synthesis"),
    ("fetching", "model_files"),
    ("cohorts", "recording"),
    ("landmarks", "recording"),
    ("samples", "cohort_summary"),
    ("samples", "detection"),
    ("__main__", "cli"),
}
TORCH = {"landmarks", "classifiers", "explain", "processor"}
HYDRA = {"configuration"}
OMEGACONF = {"configuration", "studies", "verbs"}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} imports relatively"
            module = node.module or ""
            yield from ([f"{module}.{alias.name}" for alias in node.names] if module == "neuroface" else [module])


def outside_type_checking(file: Path) -> set[str]:
    """The packages that are imported as soon as the file is."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    found = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(node.module or "").split(".")[0] for node in found if isinstance(node, ast.ImportFrom)} | {
        alias.name.split(".")[0] for node in found if isinstance(node, ast.Import) for alias in node.names
    }


def name_of(file: Path) -> str:
    return "neuroface." + ".".join(file.relative_to(PACKAGE).with_suffix("").parts)


def floor(name: str) -> int:
    found = [i for i, rooms in enumerate(FLOORS) if name in rooms]
    assert found, f"neuroface.{name} stands on no floor; say in test_walls.py where it belongs"
    return found[0]


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_imports_run_one_way(file: Path):
    here = room(name_of(file))
    if here == "__init__":  # the door, opened when a name of it is first asked for
        assert "neuroface" not in outside_type_checking(file)
        return
    for module in imports(file):
        there = room(module) if module.startswith("neuroface.") else ""
        if there in ("", "__version__", here):
            continue
        lower = floor(there) < floor(here)
        assert lower or (here, there) in NEIGHBOURS, f"{here} must not import {there}"
        if here == "evaluate":
            assert there in ("types", "errors"), f"evaluate imports only types and errors, not {there}"


def test_no_file_is_imported_in_a_circle():
    """Imports inside functions count too: what a file needs to work must not need that file."""
    names = {name_of(file).removesuffix(".__init__") for file in FILES}
    uses = {name_of(file): {m for m in mentioned(file) if m in names and m != name_of(file)} for file in FILES}
    reached = {name: reachable(name, uses) for name in uses}
    circles = {frozenset([n, *(m for m in reached[n] if n in reached.get(m, ()))]) for n in uses if n in reached[n]}
    assert not circles, "; ".join(", ".join(sorted(circle)) for circle in circles)


def mentioned(file: Path) -> Iterator[str]:
    """Every module that a file may mean by its imports: `from a import b` means a.b if that is a module, or a."""
    files = {name_of(file).removesuffix(".__init__") for file in FILES}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from (inner & files) or {node.module}


def reachable(name: str, uses: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    to_do = [name]
    while to_do:
        new = uses.get(to_do.pop(), set()) - seen
        seen |= new
        to_do += new
    return seen


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_heavy_libraries_stay_in_their_rooms(file: Path):
    here = room(name_of(file))
    roots = {module.split(".")[0] for module in imports(file)}
    assert not roots & {"torch", "torchvision"} or here in TORCH, "torch belongs to landmarks, classifiers, explain"
    assert "hydra" not in roots or here in HYDRA, "hydra belongs to configuration"
    assert "omegaconf" not in roots or here in OMEGACONF, "omegaconf belongs to configuration, studies and verbs"


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_private_names_stay_in_their_file(file: Path):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("neuroface"):
            private = [alias.name for alias in node.names if re.match("_[^_]", alias.name)]
            assert not private, f"{node.module} keeps {', '.join(private)} to itself; give them public names"


def test_indices_are_written_in_face_only():
    """Points are named: no array is indexed by a number that is a landmark (17 and up) outside face.py."""
    for file in FILES:
        if file.name == "face.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name | ast.Attribute):
                name = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
                numbers = [n.value for n in ast.walk(node.slice) if isinstance(n, ast.Constant)]
                bare = [n for n in numbers if isinstance(n, int) and 17 <= n < 68]
                assert not (name == "points" and bare), f"{file.name}:{node.lineno} indexes points by {bare}"
