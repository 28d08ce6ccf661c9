"""`neuroface landmarks`: the landmarks of a cohort on disk, with their quality and, if asked, drawn on the clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from neuroface.errors import ConfigError
from neuroface.types import Recording
from neuroface.verbs.configuration import compose, instantiate
from neuroface.verbs.places import check_writable


def run(overrides: list[str]) -> None:
    """Write out/landmarks (native layout), out/quality.csv and, with overlay=true, out/overlay/*.mp4."""
    config, _ = compose("landmarks", overrides)
    if not config.out:
        raise ConfigError("out= says where the folder goes: out=DIR.")
    check_writable("out", Path(str(config.out)))
    import pandas as pd

    from neuroface.cohorts import folder
    from neuroface.recording import overlay, quality
    from neuroface.samples import with_depth
    from neuroface.verbs.building import build_cohort, build_steps, wanted_recordings

    cohort, common = build_cohort(config)
    steps, measure, out = build_steps(config), instantiate(config.quality, "quality"), Path(str(config.out))
    rows: list[dict[str, Any]] = []

    def found() -> Iterator[Recording]:
        for recording in wanted_recordings(cohort, common, quality=measure):
            landmarks, _ = steps.landmarks(recording)
            lifted, _ = steps.lift(landmarks, recording)
            recording = replace(recording, landmarks=landmarks)
            rows.append(measure(with_depth(recording, landmarks, lifted)))
            if config.overlay:
                clip = out / "overlay" / f"{recording.name.replace('/', '_')}.mp4"
                clip.parent.mkdir(parents=True, exist_ok=True)
                overlay.write_overlay(recording, clip)
            yield replace(recording, landmarks=lifted, video=None)

    written = folder.write(found(), out / "landmarks")
    quality.write(pd.DataFrame(rows), out / "quality.csv")
    print(f"{written.recordings} recordings of {written.people} people\n{out}")
