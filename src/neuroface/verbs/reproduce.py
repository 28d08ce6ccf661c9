"""`neuroface reproduce`: a paper's tables made again, ours beside the paper's."""

from __future__ import annotations

from pathlib import Path

from neuroface.errors import ConfigError
from neuroface.studies import finetune
from neuroface.studies.experiment import ABOUT, draw_table
from neuroface.studies.film import FINETUNE
from neuroface.verbs import train


def run(arguments: list[str]) -> None:
    """Show the tables of a finished experiment, or run it first: the name of the experiment, run= and other words."""
    names = [word for word in arguments if "=" not in word]
    if len(names) != 1:
        raise ConfigError("name one experiment to make again: neuroface reproduce guarin run=runs/guarin.")
    words = [word for word in arguments if "=" in word]
    given = [word.partition("=")[2] for word in words if word.startswith("run=")]
    folder = Path(given[-1] if given else f"runs/{names[0]}")
    if len(words) > len(given) or not (folder / ABOUT).is_file():
        train.run([f"experiment={names[0]}", *words])
        return
    if finetune.is_run(folder / FINETUNE):
        print(finetune.summary(folder / FINETUNE), end="\n\n")
    print(draw_table(folder))
