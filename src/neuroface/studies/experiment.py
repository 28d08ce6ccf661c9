"""An experiment with several cells: one complete run folder each, and one table above them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError, NeurofaceError, RunFailedError
from neuroface.places import check_writable
from neuroface.studies import film
from neuroface.studies.experiment_folder import ABOUT, about, check_free
from neuroface.studies.train import train


def run_cells(config: DictConfig, choices: dict[str, Any], overrides: list[str], folder: Path) -> None:
    """Run every cell under `folder`, then write and print the table. A failing cell does not stop the others.

    A key that the command line gives wins over the cells; cells that become equal by it are run once.
    """
    plain: Any = OmegaConf.to_container(config.cells)
    cells = distinct_cells(plain, overrides)
    title = config.get("title") or folder.name
    check_free(folder, title=title, cells=cells)
    check_writable("run", folder)
    networks = film.prepare(config, overrides, folder) if config.get("film") else {}
    composed = []
    for name, cell in cells.items():
        common = networks[cell["network"]] if networks else overrides
        cell_overrides = [*common, *words_of(cell)]
        composed.append((name, _columns(cell), cell_overrides, *compose("train", cell_overrides)))
        if networks:  # what the landmarks are of, not the folder that they lie in now
            composed[-1][-1]["cohort"] = choices["cohort"]
    failures: list[NeurofaceError] = []
    for number, (name, columns, words, cell_config, cell_choices) in enumerate(composed, 1):
        print(f"{name} ({number}/{len(composed)})", file=sys.stderr, flush=True)
        try:
            train(cell_config, cell_choices, folder / name, words, columns)
        except ConfigError:
            raise
        except NeurofaceError as error:
            print(f"neuroface: {name}: {error}", file=sys.stderr)
            failures.append(error)
    told = {
        "title": title,
        "published": config.get("published"),
        "cells": [{"name": name, "columns": columns} for name, columns, *_ in composed],
        "compared": "network" if networks else None,
        "more": list(config.get("more") or ()),
        "table": config.get("table"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ABOUT).write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(draw_table(folder))
    if len(failures) == 1 and len(composed) == 1:
        raise failures[0]
    if failures:
        raise RunFailedError(f"{len(failures)} of {len(composed)} cells failed; the same command does only those.")


def draw_table(folder: Path) -> str:
    """Write table.csv and table.html above the cells of an experiment; returns the table for the terminal."""
    from neuroface.report import database_table, leak_table, tables

    told = about(folder)
    cells = [{**cell, "folder": folder / cell["name"]} for cell in told["cells"]]
    if told.get("table") == "databases":
        return database_table.database_table(cells, folder, title=told["title"], published=told["published"])
    if told.get("table") == "leaks":
        return leak_table.leak_table(cells, folder, title=told["title"])
    shown = {key: told[key] for key in ("title", "published", "compared", "more") if key in told}
    return tables.experiment_table(cells, folder, **shown)


def distinct_cells(cells: list[dict[str, Any]], overrides: list[str]) -> dict[str, dict[str, Any]]:
    """name -> overrides of each cell, without the keys that the command line sets itself."""
    given = {override.lstrip("+~").partition("=")[0] for override in overrides}
    kept: dict[str, dict[str, Any]] = {}
    for cell in cells:
        rest = {key: value for key, value in cell.items() if key not in given}
        name = "-".join(_columns(rest).values()) or "all"
        if kept.setdefault(name, rest) != rest:
            raise ConfigError(f"two cells of the experiment are named {name}; give them a key that tells them apart.")
    return kept


def words_of(cell: dict[str, Any]) -> list[str]:
    """A cell as words of the command line."""
    return [f"{key}={_word(value)}" for key, value in cell.items() if key != "network"]


def _columns(cell: dict[str, Any]) -> dict[str, str]:
    """What tells a cell apart: its plain values, by the last word of their keys."""
    return {key.rpartition(".")[-1]: str(value) for key, value in cell.items() if not isinstance(value, list | dict)}


def _word(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(str, value))}]"
    return "null" if value is None else str(value)
