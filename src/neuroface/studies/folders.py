"""Which finished runs a word names, and what each shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuroface.errors import ConfigError
from neuroface.studies import finetune, pretrain, train
from neuroface.studies.experiment import draw_table
from neuroface.studies.experiment_folder import ABOUT


def experiment_folders(run: Any) -> list[Path]:
    """Those of the folders that `run` names that hold an experiment."""
    named = [Path(str(name)) for name in ([run] if isinstance(run, str) else run)]
    return [path for path in named if (path / ABOUT).is_file()]


def run_folders(run: Any) -> list[Path]:
    """The finished run folders that `run` names; an experiment's folder stands for all of its cells.

    Errors: ConfigError for a folder that is no run, or one that is not finished.
    """
    if not run:
        raise ConfigError("run= names a run folder: run=runs/NAME, or run=[A,B].")
    folders: list[Path] = []
    for name in [run] if isinstance(run, str) else list(run):
        path = Path(str(name))
        cells = sorted(child.parent for child in path.glob("*/run.json"))
        if (path / "run.json").is_file():
            folders.append(path)
        elif cells:
            folders += cells
        else:
            raise ConfigError(f"{path} is not a run folder: it has no run.json.")
    if weights := [str(path) for path in folders if pretrain.is_run(path)]:
        raise ConfigError(
            f"{', '.join(weights)}: a backbone that knows people, and no predictions to look at. Its weights are for "
            f"classifier.weights={weights[0]}/{pretrain.WEIGHTS}."
        )
    unfinished = [str(path) for path in folders if not (path / "predictions.csv").is_file()]
    if unfinished:
        raise ConfigError(f"not finished: {', '.join(unfinished)}. Run neuroface train with the same run= to go on.")
    return folders


def summary(path: Path) -> str:
    """The lines that tell how a run or an experiment came out."""
    if (path / ABOUT).is_file():
        return draw_table(path)
    if pretrain.is_run(path):
        return pretrain.summary(path)
    return finetune.summary(path) if finetune.is_run(path) else train.summary(path)


def draw(path: Path, *, vector: str | None = None, faces: bool = False) -> Path:
    """Draw the report of a finished run again, figures as "pdf" or "svg", too, if asked; returns the page.

    faces: draw faces of people where the report has a place for them.
    """
    if finetune.is_run(path):
        return finetune.draw(path, vector=vector, faces=faces)
    return train.draw(path, tensorboard=False, vector=vector)
