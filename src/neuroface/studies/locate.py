"""The recordings of a cohort with their landmarks found and lifted, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from omegaconf import DictConfig

from neuroface.cohort_summary import counts_to_note, why
from neuroface.errors import DataError, Problems
from neuroface.types import Landmarks, Recording

Seen = Callable[[Recording, Landmarks, dict[str, int]], None]


def located(
    config: DictConfig,
    *,
    check: Callable[[list[Recording]], Mapping[str, Recording] | None] | None = None,
    seen: Seen | None = None,
    problems: Problems | None = None,
) -> Iterator[Recording]:
    """Each wanted recording with lifted landmarks and without its video.

    check: is given all recordings before any landmark is found; what it raises stops here, and recordings that it
    returns, by name, are taken as they are. seen: is told each other recording with its landmarks as they were found
    and its video, the lifted ones, and what was counted. problems: collects what is wrong instead of an error. Errors:
    DataError that names every recording that cannot be read (before the first) or used (at the end), unless
    cohort.skip_broken.
    """
    from neuroface.configuration.compose import instantiate
    from neuroface.recording import sound
    from neuroface.samples import SKIP, detected, made_by
    from neuroface.studies.building import build_cohort, build_steps, wanted_recordings

    hears = sound.is_asked(config.get("audio", False))
    cohort, common = build_cohort(config)
    steps, measure = build_steps(config), instantiate(config.quality, "quality")
    wrong = Problems() if problems is None else problems
    recordings = list(wanted_recordings(cohort, common, quality=measure))
    known = (check(recordings) if check else None) or {}
    for recording in recordings:
        if recording.name in known:
            yield known[recording.name]
            continue
        try:
            found, lifted, counted = detected(recording, steps)
        except DataError as error:
            wrong.add(recording.name, why(error, recording.notes))
            continue
        notes = {**recording.notes, **counts_to_note(counted), **made_by(steps.landmarks, recording)}
        if hears:
            found, told = sound.beside(found, recording.video)
            lifted, notes = replace(lifted, extras={**lifted.extras, **found.extras}), {**notes, **told}
        recording = replace(recording, landmarks=found, notes=notes)
        if seen:
            seen(recording, lifted, counted)
        yield replace(recording, landmarks=lifted, video=None)
    if problems is None and not common.get("skip_broken"):
        wrong.raise_if_any(SKIP)
