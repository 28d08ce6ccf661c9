"""`neuroface train`: one question, one classifier, everyone left out once. Several cells make an experiment."""

from __future__ import annotations

from neuroface.studies import folders, several, start
from neuroface.studies.experiment_folder import ABOUT
from neuroface.studies.verdict import refuse_unclean


def run(overrides: list[str]) -> None:
    """Run what the overrides ask for, and tell how it came out; of an experiment, that is told as its cells end."""
    path = start.run(overrides)
    if (path / ABOUT).is_file():
        refuse_unclean(sorted(file.parent for file in path.glob("*/audit.json")), accepted=True)
        return
    print(folders.summary(path))
    refuse_unclean([path])


def after_several(runs: list[list[str]]) -> None:
    """Lay several runs side by side, one line each, in the order in which they were started."""
    if len(runs) > 1:
        print(f"\n{several.table(runs)}")
