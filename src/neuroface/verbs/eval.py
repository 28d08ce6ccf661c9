"""`neuroface eval`: scores of finished runs, computed again from their predictions; several runs also as one."""

from __future__ import annotations

from neuroface.studies import folders
from neuroface.studies.evaluate import evaluated
from neuroface.studies.verdict import refuse_unclean


def run(overrides: list[str]) -> None:
    """Score again, with `bootstrap` resamples, and draw the report again; of several named runs, make an ensemble."""
    paths = []
    for path in evaluated(overrides):
        print(folders.summary(path))
        paths.append(path)
    refuse_unclean(paths)
