"""`neuroface eval`: scores of finished runs, computed again; several runs as one; a run on another cohort."""

from __future__ import annotations

from neuroface.studies import external, folders
from neuroface.studies.comparing import compared
from neuroface.studies.evaluate import evaluated
from neuroface.studies.verdict import refuse_unclean


def run(overrides: list[str]) -> None:
    """Score again, with `bootstrap` resamples, and draw the report again; of several named runs, make an ensemble.

    With compare=true: compare several runs pair by pair. With cohort=: apply one run to other people.
    """
    if external.is_meant(overrides):
        told, page = external.validate(overrides)
        print(told, page, sep="\n")
        return
    if (differences := compared(overrides)) is not None:
        print(differences)
        return
    paths = []
    for path in evaluated(overrides):
        print(folders.summary(path))
        paths.append(path)
    refuse_unclean(paths)
