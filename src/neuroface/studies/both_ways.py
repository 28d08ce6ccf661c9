"""Published systems made again both ways, and one page that lays the published numbers beside ours."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuroface.errors import NeurofaceError
from neuroface.places import check_writable
from neuroface.report.published import systems
from neuroface.studies import start

BASE = ("protocol.permutations=0", "execution.save_models=false", "execution.tensorboard=false")


def both_ways(names: Sequence[str], words: Sequence[str], folder: Path) -> str:
    """Run what is missing under `folder`, write table.csv and table.html there; returns the table for the terminal.

    names: of systems. words: further words of every run, size=ci for one. A run that fails is told in its row, and the
    others go on. Errors: ConfigError for a name that is no system.
    """
    from neuroface.report.both_ways import page

    chosen = [systems.load(name) for name in names]
    check_writable("run", folder)
    began, rows = time.monotonic(), []
    for system in chosen:
        for row in system.rows:
            told: dict[str, Any] = {"system": system, "row": row}
            for way, more in (("as published", row.as_published), ("honest", ())):
                print(f"{system.name}: {row.what}, {way}", file=sys.stderr, flush=True)
                told[way] = _run([*row.words, *BASE, *words, *more], folder, system.name, way)
            rows.append(told)
    return page(rows, folder, seconds=time.monotonic() - began)


def _run(words: list[str], folder: Path, system: str, way: str) -> Path | str:
    """The folder of the finished run, or what went wrong. Rows that ask for the same run share it, systems, too."""
    digest = hashlib.sha256("\x1f".join(words).encode()).hexdigest()[:8]
    run = folder / "runs" / f"{digest}-{way.replace(' ', '_')}"
    try:
        start.run([*words, f"run={run}"])
    except NeurofaceError as error:
        print(f"neuroface: {system}, {way}: {error}", file=sys.stderr)
        return str(error)
    return run
