"""The recordings of a cohort with their landmarks found and lifted, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from omegaconf import DictConfig

from neuroface.cohort_summary import counts_to_note, why
from neuroface.errors import DataError, Problems
from neuroface.types import Landmarks, Recording

Seen = Callable[[Recording, Landmarks, dict[str, int]], None]


def located(config: DictConfig, *, seen: Seen | None = None, problems: Problems | None = None) -> Iterator[Recording]:
    """Each wanted recording with lifted landmarks and without its video.

    seen: is told each recording with its landmarks as they were found and its video, the lifted ones, and what was
    counted. problems: collects what is wrong. Errors: DataError, at the end, that names every recording that cannot be
    used, unless cohort.skip_broken.
    """
    from neuroface.configuration.compose import instantiate
    from neuroface.samples import SKIP, detected
    from neuroface.studies.building import build_cohort, build_steps, wanted_recordings

    cohort, common = build_cohort(config)
    steps, measure = build_steps(config), instantiate(config.quality, "quality")
    problems = Problems() if problems is None else problems
    for recording in wanted_recordings(cohort, common, quality=measure):
        try:
            found, lifted, counted = detected(recording, steps)
        except DataError as error:
            problems.add(recording.name, why(error, recording.notes))
            continue
        notes = {**recording.notes, **counts_to_note(counted), **_made_by(steps.landmarks)}
        recording = replace(recording, landmarks=found, notes=notes)
        if seen:
            seen(recording, lifted, counted)
        yield replace(recording, landmarks=lifted, video=None)
    if not common.get("skip_broken"):
        problems.raise_if_any(SKIP)


def _made_by(step: Any) -> dict[str, str]:
    """The note that says what found the landmarks; nothing for those that came with the recording."""
    described = getattr(step, "described", None)
    return {"landmarks": described} if described else {}
