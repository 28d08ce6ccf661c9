"""`neuroface landmarks`: the landmarks of a cohort on disk, with their quality and, if asked, drawn on the clip."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from neuroface.cohort_summary import Notes, told
from neuroface.configuration.compose import compose, instantiate
from neuroface.errors import ConfigError, Problems
from neuroface.places import check_writable
from neuroface.studies.experiment_folder import check_no_run
from neuroface.types import Landmarks, Recording


def run(overrides: list[str]) -> None:
    """Write out/landmarks (native layout), out/quality.csv unless quality=null, out/overlay/*.mp4 with overlay=true."""
    config, _ = compose("landmarks", overrides)
    if not config.out:
        raise ConfigError("out= says where the folder goes: out=DIR.")
    check_writable("out", Path(str(config.out)))
    check_no_run("out", Path(str(config.out)))
    import pandas as pd

    from neuroface.cohorts import folder
    from neuroface.recording import overlay, quality
    from neuroface.samples import with_depth
    from neuroface.studies.building import print_left_out
    from neuroface.studies.locate import located

    measure, out = instantiate(config.quality, "quality"), Path(str(config.out))
    rows: list[dict[str, Any]] = []
    counts, notes, problems = Counter[str](), Notes(), Problems()

    def seen(recording: Recording, lifted: Landmarks, counted: dict[str, int]) -> None:
        counts.update(counted)
        notes.add({name: value for name, value in recording.notes.items() if name not in counted})
        if measure is not None:
            rows.append(measure(with_depth(recording, recording.landmarks, lifted)))
        if config.overlay:
            clip = out / "overlay" / f"{recording.name.replace('/', '_')}.mp4"
            clip.parent.mkdir(parents=True, exist_ok=True)
            overlay.write_overlay(recording, clip)

    written = folder.write(located(config, seen=seen, problems=problems), out / "landmarks")
    print_left_out(problems.items(), file=sys.stderr)
    if measure is not None:
        quality.write(pd.DataFrame(rows), out / "quality.csv")
    lines = [_told(counts), *told(notes.values, notes.of, written.recordings), str(out)]
    print(f"{written.recordings} recordings of {written.people} people", *lines, sep="\n")


def _told(counts: Counter[str]) -> str:
    """One line: how many frames, and what was counted of them."""
    rest = (f"{name.replace('_', ' ')} {n}" for name, n in counts.items() if n and name != "frames")
    return ", ".join([f"{counts['frames']} frames", *rest])
