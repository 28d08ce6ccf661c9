"""The recordings of a cohort with their landmarks found and lifted, by worker processes, one recording at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from neuroface.cohort_summary import counts_to_note, why
from neuroface.detection import Steps, detected, made_by, on_gpu, with_depth
from neuroface.errors import DataError, Problems
from neuroface.evaluate.each import Failed, Failures, each
from neuroface.types import Recording


@dataclass(frozen=True)
class Finder:
    """Finds and lifts the landmarks of a recording. hears: sound goes beside them. overlays: the folder of clips on
    which they are drawn, or None."""

    steps: Steps
    hears: bool = False
    overlays: Path | None = None

    def __call__(self, recording: Recording) -> tuple[Recording, dict[str, Any]]:
        """The recording with lifted landmarks and without its video; and plain data about it: its row of quality.csv
        (None: not measured), what was counted, and the notes of its reader."""
        from neuroface.recording import overlay, sound

        found, lifted, counted = detected(recording, self.steps)
        notes = {**recording.notes, **counts_to_note(counted), **made_by(self.steps.landmarks, recording)}
        if self.hears:
            found, told = sound.beside(found, recording.video)
            lifted, notes = replace(lifted, extras={**lifted.extras, **found.extras}), {**notes, **told}
        recording = replace(recording, landmarks=found, notes=notes)
        row = None if self.steps.quality is None else self.steps.quality(with_depth(recording, found, lifted))
        if self.overlays is not None:
            clip = self.overlays / f"{recording.name.replace('/', '_')}.mp4"
            clip.parent.mkdir(parents=True, exist_ok=True)
            overlay.write_overlay(recording, clip)
        told = {name: value for name, value in notes.items() if name not in counted}
        return replace(recording, landmarks=lifted, video=None), {"row": row, "counted": counted, "notes": told}

    def threads(self, recordings: list[Recording]) -> int | None:
        """Of each recording: 1, so that sums come out the same for any number of workers. None, all of them in this
        process, for a single recording and for a network on a GPU."""
        if on_gpu(self.steps.landmarks):
            return None
        return None if len(recordings) == 1 else 1


def finder_of(config: DictConfig, *, overlays: Path | None = None) -> Finder:
    """The finder of a configuration, and what its choice of a network has to say."""
    from neuroface.recording import sound
    from neuroface.studies.building import build_steps

    hears = sound.is_asked(config.get("audio", False))
    steps = build_steps(config)
    getattr(steps.landmarks, "described", None)  # a network that is chosen late is chosen, and its library read, now
    return Finder(steps, hears, overlays)


def cause(text: str, recording: Recording) -> str:
    """Why a recording has no landmarks, with what its reader noted."""
    return why(DataError(text), recording.notes)


def located(config: DictConfig) -> Iterator[Recording]:
    """Each wanted recording with lifted landmarks and without its video, in the order of the cohort.

    Errors: DataError that names every recording that cannot be read (before the first) or used (at the end), unless
    cohort.skip_broken; RunFailedError, at the end, for those that failed in another way.
    """
    from neuroface.evaluate.spread import spread
    from neuroface.samples import SKIP
    from neuroface.studies.building import build_cohort, wanted_recordings

    cohort, common = build_cohort(config)
    finder, where = finder_of(config), config.execution
    recordings = list(wanted_recordings(cohort, common, quality=finder.steps.quality))
    problems, failures = Problems(), Failures()
    ready: dict[int, Recording | None] = {}
    turn = 0
    with spread(where.backend, address=where.address, n_jobs=where.n_jobs):
        keys = {"n_jobs": where.n_jobs, "where": Path("landmarks"), "threads": finder.threads(recordings)}
        for place, outcome in each(_found, replace(finder, overlays=None), recordings, **keys):
            ready[place] = None if isinstance(outcome, Failed) else outcome
            if isinstance(outcome, Failed):
                name = recordings[place].name
                if outcome.expected:
                    problems.add(name, cause(outcome.cause, recordings[place]))
                else:
                    failures.add(name, outcome)
            while turn in ready:
                if (one := ready.pop(turn)) is not None:
                    yield one
                turn += 1
    failures.raise_if_any("Nothing was written.")
    if not common.get("skip_broken"):
        problems.raise_if_any(SKIP)


def _found(finder: Finder, recording: Recording) -> Recording:
    return finder(recording)[0]
