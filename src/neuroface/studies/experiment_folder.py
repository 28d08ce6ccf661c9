"""Whose an experiment's folder is: asked before anything is written, so that nothing lands beside another's results."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neuroface.errors import ConfigError, RunMismatchError
from neuroface.evaluate.run_files import RUN_FILE

ABOUT = "experiment.json"  # in the folder of an experiment whose cells have been run
# What stands beside the cells: the stages before them, and the tables above them.
BESIDE = (
    "finetune",
    "landmarks",
    "table.csv",
    "table.html",
    "differences.csv",
    "leaks.png",
    "leaks.pdf",
    "leaks.svg",
    ABOUT,
)


def about(folder: Path) -> dict[str, Any]:
    """experiment.json, or {} where there is none."""
    file = folder / ABOUT
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def check_free(folder: Path, *, title: str, cells: Iterable[str]) -> None:
    """Whether an experiment of these cells may be written to a folder: one of its own, absent or empty.

    Errors: ConfigError for a folder that holds a run or anything else, RunMismatchError for another experiment. Nothing
    is changed.
    """
    if not folder.is_dir():
        return
    if (folder / RUN_FILE).is_file():
        raise ConfigError(f"{folder} holds a run, and this experiment has several. Nothing was changed; choose run=.")
    names = set(cells)
    known = about(folder)
    there = {cell["name"] for cell in known.get("cells", ())}
    if known and (known.get("title") != title or not there <= names):
        lost = f" with cells {', '.join(sorted(there - names)[:3])}" if known.get("title") == title else ""
        raise RunMismatchError(
            f"{folder} holds another experiment, {known.get('title')!r}{lost}. Nothing was changed; choose run=."
        )
    strangers = sorted(
        path.name for path in folder.iterdir() if path.name not in {*names, *BESIDE} and not path.name.startswith(".")
    )
    if strangers:
        shown = ", ".join(strangers[:5]) + (", ..." if len(strangers) > 5 else "")
        raise ConfigError(f"{folder} is not a folder of this experiment: it holds {shown}. Choose another run=.")


def check_no_run(key: str, folder: Path) -> None:
    """ConfigError for a folder to write to that holds a run or an experiment. key: the word that names it."""
    if (folder / RUN_FILE).is_file() or (folder / ABOUT).is_file():
        raise ConfigError(f"{key}={folder}: a run is kept there, and is not written into. Choose another folder.")
