"""`neuroface landmarks`: the landmarks of a cohort on disk, with their quality and, if asked, drawn on the clip."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from neuroface.cohort_summary import counts_to_note
from neuroface.configuration.compose import compose, instantiate
from neuroface.errors import ConfigError, DataError, Problems
from neuroface.places import check_writable
from neuroface.types import Recording


def run(overrides: list[str]) -> None:
    """Write out/landmarks (native layout), out/quality.csv unless quality=null, out/overlay/*.mp4 with overlay=true."""
    config, _ = compose("landmarks", overrides)
    if not config.out:
        raise ConfigError("out= says where the folder goes: out=DIR.")
    check_writable("out", Path(str(config.out)))
    import pandas as pd

    from neuroface.cohorts import folder
    from neuroface.recording import overlay, quality
    from neuroface.samples import SKIP, detected, with_depth
    from neuroface.studies.building import build_cohort, build_steps, wanted_recordings

    cohort, common = build_cohort(config)
    steps, measure, out = build_steps(config), instantiate(config.quality, "quality"), Path(str(config.out))
    rows: list[dict[str, Any]] = []
    counts, problems = Counter[str](), Problems()

    def found() -> Iterator[Recording]:
        for recording in wanted_recordings(cohort, common, quality=measure):
            try:
                landmarks, lifted, counted = detected(recording, steps)
            except DataError as error:
                problems.add(recording.name, str(error).rstrip("."))
                continue
            counts.update(counted)
            notes = {**recording.notes, **counts_to_note(counted), **_made_by(steps.landmarks)}
            recording = replace(recording, landmarks=landmarks, notes=notes)
            if measure is not None:
                rows.append(measure(with_depth(recording, landmarks, lifted)))
            if config.overlay:
                clip = out / "overlay" / f"{recording.name.replace('/', '_')}.mp4"
                clip.parent.mkdir(parents=True, exist_ok=True)
                overlay.write_overlay(recording, clip)
            yield replace(recording, landmarks=lifted, video=None)
        if not common.get("skip_broken"):
            problems.raise_if_any(SKIP)

    written = folder.write(found(), out / "landmarks")
    for where, what in problems.items():
        print(f"left out {where}: {what}", file=sys.stderr)
    if measure is not None:
        quality.write(pd.DataFrame(rows), out / "quality.csv")
    print(f"{written.recordings} recordings of {written.people} people\n{_told(counts)}\n{out}")


def _made_by(step: Any) -> dict[str, str]:
    """The note that says what found the landmarks; nothing for those that came with the recording."""
    described = getattr(step, "described", None)
    return {"landmarks": described} if described else {}


def _told(counts: Counter[str]) -> str:
    """One line: how many frames, and what was counted of them."""
    rest = (f"{name.replace('_', ' ')} {n}" for name, n in counts.items() if n and name != "frames")
    return ", ".join([f"{counts['frames']} frames", *rest])
