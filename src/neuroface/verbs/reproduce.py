"""`neuroface reproduce`: a paper's tables made again, ours beside the paper's."""

from __future__ import annotations

import shlex
from pathlib import Path

from omegaconf import DictConfig

from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError, RunMismatchError
from neuroface.evaluate.run_folder import RunFolder
from neuroface.report.published import systems
from neuroface.studies import finetune, folders
from neuroface.studies.both_ways import both_ways
from neuroface.studies.experiment import distinct_cells, draw_table
from neuroface.studies.experiment_folder import about
from neuroface.studies.film import FINETUNE
from neuroface.verbs import train

SHOWN = ("guarin", "neuronet")  # experiments of the same names, whose tables are shown


def run(arguments: list[str]) -> None:
    """Show the tables of a finished experiment: its name, run= and, as for train, other words.

    `all`, several names, or that of a system which is no experiment: published systems made again both ways.

    Errors: ConfigError, which says what would be run and how long that takes, where nothing is finished; experiments
    run for hours, and are started by `neuroface train` alone. RunMismatchError for the folder of another experiment.
    """
    names = [word for word in arguments if "=" not in word]
    if both := _systems(names):
        shared = [word for word in arguments if "=" in word and not word.startswith("run=")]
        where = next((word.partition("=")[2] for word in arguments if word.startswith("run=")), "runs/both_ways")
        print(both_ways(both, shared, Path(where)))
        return
    if len(names) != 1:
        raise ConfigError("name one experiment to make again: neuroface reproduce guarin run=runs/guarin.")
    words = [f"experiment={names[0]}", *(word for word in arguments if "=" in word)]
    config, _ = compose("train", words)
    folder = Path(str(config.get("run") or f"runs/{names[0]}"))
    if not _is_finished(folder, several=bool(config.get("cells"))):
        raise ConfigError(_how_to(config, words, folder))
    _check_same(config, names[0], folder)
    if len(words) > 1 + bool(config.get("run")):
        train.run(words)
    elif config.get("cells"):
        if finetune.is_run(folder / FINETUNE):
            print(finetune.summary(folder / FINETUNE), end="\n\n")
        print(draw_table(folder))
    else:
        print(folders.summary(folder))


def _systems(names: list[str]) -> list[str]:
    """The systems that are meant; none where the one name is that of an experiment."""
    known = list(systems.available())
    if names == ["all"]:
        return known
    return names if names and set(names) <= set(known) and (len(names) > 1 or names[0] not in SHOWN) else []


def _is_finished(folder: Path, *, several: bool) -> bool:
    return bool(about(folder)) if several else RunFolder(folder).facts.get("status") == "done"


def _check_same(config: DictConfig, name: str, folder: Path) -> None:
    """Another experiment's tables are never shown under this one's name."""
    wanted, there = (
        (config.get("title"), about(folder)["title"])
        if config.get("cells")
        else (name, RunFolder(folder).facts.get("choices", {}).get("experiment"))
    )
    if wanted and wanted != there:
        what = f"another experiment, {there!r}" if there else "a run of no experiment"
        raise RunMismatchError(f"{folder} holds {what}, not {wanted!r}. Choose another run=.")


def _how_to(config: DictConfig, words: list[str], folder: Path) -> str:
    """That there is nothing yet, what the experiment consists of, how long it takes, and the words that start it."""
    cells = distinct_cells([dict(cell) for cell in config.get("cells") or ()], words)
    size = f"{len(cells)} runs" if cells else "one run"
    takes = f" It takes {config.takes}." if config.get("takes") else ""
    given = words if config.get("run") else [*words, f"run={folder}"]
    return (
        f"{folder} holds no finished experiment, so there is nothing to show. It is {size}.{takes} "
        f"Start it, or go on with it, by: {shlex.join(['neuroface', 'train', *given])}"
    )
