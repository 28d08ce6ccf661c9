"""`neuroface landmarks`: the landmarks of a cohort on disk, with their quality and, if asked, drawn on the clip."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from neuroface.cohort_summary import Notes, told
from neuroface.configuration.compose import compose, instantiate
from neuroface.errors import ConfigError, DataError, Problems
from neuroface.places import check_writable
from neuroface.studies.experiment_folder import check_no_run
from neuroface.types import Landmarks, Recording

if TYPE_CHECKING:
    from neuroface.cohorts.folder_writer import Written


def run(overrides: list[str]) -> None:
    """Write out/landmarks (native layout), out/quality.csv unless quality=null, out/overlay/*.mp4 with overlay=true.

    Landmarks that were found are kept, whatever stops it: the same command does only the others.
    """
    config, _ = compose("landmarks", overrides)
    if not config.out:
        raise ConfigError("out= says where the folder goes: out=DIR.")
    out = Path(str(config.out))
    check_writable("out", out)
    check_no_run("out", out)
    from neuroface.samples import SKIP
    from neuroface.studies.building import print_left_out

    job = _Job(config, out)
    written = job.write()
    kept = f"{written.recordings} recordings of {written.people} people"
    if job.stopped is not None:
        print(f"{kept} are finished and kept in {out}", file=sys.stderr)
        raise job.stopped
    if not config.cohort.get("skip_broken"):
        job.problems.raise_if_any(f"The landmarks of {kept} are kept in {out}. {SKIP}")
    print_left_out(job.problems.items(), file=sys.stderr)
    lines = [_told(job.counts), *told(job.notes.values, job.notes.of, written.recordings), str(out)]
    print(kept, *lines, sep="\n")


class _Job:
    """Landmarks on their way to a folder. stopped: what interrupted it, after which the finished ones are written."""

    def __init__(self, config: DictConfig, out: Path) -> None:
        from neuroface.studies import kept

        self.config, self.out = config, out
        self.measure = instantiate(config.quality, "quality")
        self.kept = kept.Kept(config, out)
        self.rows: list[dict[str, Any]] = []
        self.counts, self.notes, self.problems = Counter[str](), Notes(), Problems()
        self.stopped: KeyboardInterrupt | None = None

    def write(self) -> Written:
        import pandas as pd

        from neuroface.cohorts import folder_writer
        from neuroface.recording import quality
        from neuroface.samples import SKIP

        found = self._found()
        first = list(itertools.islice(found, 1))  # what cannot start leaves nothing behind
        try:
            written = folder_writer.write(itertools.chain(first, found), self.out / "landmarks")
        except DataError:
            self.problems.raise_if_any(SKIP)  # where nothing is left to write, that is why
            raise
        if self.measure is not None:
            quality.write(pd.DataFrame(self.rows), self.out / "quality.csv")
        self.kept.sign()
        return written

    def _found(self) -> Iterator[Recording]:
        from neuroface.studies.locate import located

        count = 0
        try:
            for recording in located(self.config, check=self._check, seen=self._seen, problems=self.problems):
                count += 1
                yield recording
        except KeyboardInterrupt as error:
            if not count:
                raise
            self.stopped = error

    def _check(self, recordings: list[Recording]) -> Mapping[str, Recording]:
        from neuroface.cohorts import folder_writer

        folder_writer.check(recordings, self.out / "landmarks")
        known, rows = self.kept.found({recording.name for recording in recordings})
        self.rows += rows
        self.counts.update({"recordings found before": len(known)})
        return known

    def _seen(self, recording: Recording, lifted: Landmarks, counted: dict[str, int]) -> None:
        from neuroface.recording import overlay
        from neuroface.samples import with_depth

        self.counts.update(counted)
        self.notes.add({name: value for name, value in recording.notes.items() if name not in counted})
        if self.measure is not None:
            self.rows.append(self.measure(with_depth(recording, recording.landmarks, lifted)))
        if self.config.overlay:
            clip = self.out / "overlay" / f"{recording.name.replace('/', '_')}.mp4"
            clip.parent.mkdir(parents=True, exist_ok=True)
            overlay.write_overlay(recording, clip)


def _told(counts: Counter[str]) -> str:
    """One line: how many frames, and what was counted of them."""
    rest = (f"{name.replace('_', ' ')} {n}" for name, n in counts.items() if n and name != "frames")
    return ", ".join([f"{counts['frames']} frames", *rest])
