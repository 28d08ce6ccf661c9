"""What lies in the folder of a run or an experiment, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neuroface.errors import ConfigError
from neuroface.evaluate import cost
from neuroface.evaluate.run_folder import RunFolder
from neuroface.studies import folders
from neuroface.studies.experiment_folder import about

# What a run leaves, and what it is; the README has the same list.
PARTS = {
    "report/report.html": "the page, which needs no other file",
    "report/*.csv": "its tables",
    "report/*.png": "its figures",
    "predictions.csv": "one row per repetition",
    "scores.json": "all scores",
    "audit.json": "what was checked for leakage",
    "samples.csv": "the features",
    "people.csv": "what is known of each person",
    "quality.csv": "how good each recording is",
    "models/*": "what was fitted",
    "models/final.*": "a model fitted on everybody: never evaluated",
    "folds/*.csv": "finished folds",
    "null/*.csv": "finished permutations",
    "explain/*": "what its networks looked at",
    "tensorboard/*": "curves: tensorboard --logdir",
    "config.yaml": "what was asked",
}


def told(folder: Path) -> str:
    """How it came out, or how far it is, and what there is. Errors: ConfigError for a folder that holds no run."""
    if about(folder):
        return "\n".join([folders.summary(folder), "", *_cells(folder)])
    facts = RunFolder(folder).facts
    if not facts:
        if started := list(folder.glob("*/run.json")):
            return f"{folder}: an experiment that is not finished; {len(started)} of its runs were started"
        raise ConfigError(f"{folder} is not a run folder: it has no run.json.")
    if facts["status"] == "done":
        lines = [folders.summary(folder)]
    else:
        lines = [f"{folder}: {facts['status']}, {facts.get('n_done', 0)} of {facts.get('n_folds', '?')} folds"]
        lines += [f"go on with it: {facts['command']} run={folder}"] if facts.get("command") else []
    return "\n".join([*lines, *_cost(facts, RunFolder(folder)), "", *_parts(folder)])


def _cost(facts: dict[str, Any], folder: RunFolder) -> Iterator[str]:
    """What the finished stages cost in their last start, what the others will cost, and what it all takes on disk."""
    for stage in ("folds", "permutations"):
        for kind, words in (("cost", "took"), ("forecast", "expected")):
            noted = facts.get(kind, {}).get(stage)
            if noted:
                yield f"{words}: {cost.in_words(stage, noted)}"
                break
    if facts.get("wall_s"):
        yield f"{cost.duration(facts['wall_s'])} in all; {cost.disk_bytes(folder) / 1e6:.1f} MB in the folder"


def page(folder: Path) -> Path | None:
    """The page to look at: an experiment's table, or a run's report."""
    return next((file for name in ("table.html", "report/report.html") if (file := folder / name).is_file()), None)


def _cells(folder: Path) -> Iterator[str]:
    for cell in about(folder)["cells"]:
        facts = RunFolder(folder / cell["name"]).facts
        yield f"  {facts.get('status', 'not started'):<10}  {folder / cell['name']}"


def _parts(folder: Path) -> Iterator[str]:
    width = max(map(len, PARTS))
    for pattern, what in PARTS.items():
        found = [path for path in folder.glob(pattern) if not path.name.startswith(".")]
        if found:
            count = f"{len(found)}: " if "*" in pattern else ""
            yield f"  {pattern:<{width}}  {count}{what}"
