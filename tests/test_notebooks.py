"""Notebooks are kept as their cells alone, and the site shows each. `make notebooks` executes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_LINES = 26  # of a cell that still fits on a screen


def cells(file: Path) -> list[dict[str, Any]]:
    return json.loads(file.read_text(encoding="utf-8"))["cells"]


def test_there_are_six():
    assert [file.name[0] for file in NOTEBOOKS] == list("123456")


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_no_output_is_kept(file):
    for cell in cells(file):
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None), cell["id"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_cells_are_short_and_have_names_of_their_own(file):
    names = [cell["id"] for cell in cells(file)]
    assert len(set(names)) == len(names)
    assert max(len(cell["source"]) for cell in cells(file)) <= MOST_LINES
    first = cells(file)[0]
    assert first["source"][0].startswith(f"# {file.name[0]} · ")
    assert "research software, not a medical device" in " ".join("".join(first["source"]).split())


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_the_site_shows_it(file):
    assert f": notebooks/{file.stem}.md\n" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
