"""`neuroface eval`: scores of finished runs, computed again from their predictions; several runs also as one."""

from __future__ import annotations

from neuroface.studies import folders
from neuroface.studies.evaluate import evaluated


def run(overrides: list[str]) -> None:
    """Score again, with `bootstrap` resamples, and draw the report again; of several named runs, make an ensemble."""
    for path in evaluated(overrides):
        print(folders.summary(path))
