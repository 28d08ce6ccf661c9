"""From recordings with video to folders of face crops, recordings side by side: `neuroface prepare cohort=videos`.

out/prepare.json             the settings; a folder made with others is refused
out/<recording>/000042.png   the crop of frame 42 (0-based, as the source counts); faces.csv, landmarks.npz,
recording.json out/faces.csv                every crop of every recording, with the box it came from
out/recordings.csv           every recording, with what was read, found and lost
out/left_out.csv             recording and why, of those that could not be read

A recording appears under its name only when it is complete, and then is not done again. Sources are only read.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import neuroface
from neuroface.errors import ConfigError, DataError, Problems, RunMismatchError
from neuroface.evaluate.each import Failed, Failures, each, meter_of
from neuroface.evaluate.lock import exclusive
from neuroface.recording.extract import Job, extract
from neuroface.recording.face_cutting import FaceCutting
from neuroface.studies.whole import Recordings, Unreadable, readable
from neuroface.types import Recording

if TYPE_CHECKING:
    import pandas as pd

SETTINGS = "prepare.json"
STAGE = ".partial-"
LOCK = ".lock"
KEPT = "What was finished is kept."


@dataclass(frozen=True, eq=False)
class PreparedFaces:
    """What `prepare_faces` found and wrote.

    recordings: one row each with frames_read, frames_sampled, faces_detected, faces_interpolated, faces_lost,
    crops_written. resumed: how many of them were complete before. broken: (recording, what is wrong).
    """

    out: Path
    recordings: pd.DataFrame
    resumed: int
    broken: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """A few lines for a person: what was found, what was lost, and in which recordings most."""
        table = self.recordings
        sampled, lost = int(table["frames_sampled"].sum()), int(table["faces_lost"].sum())
        lines = [
            f"{len(table)} recordings ({self.resumed} were complete already): {sampled} frames sampled, "
            f"{sampled - lost} faces, {lost} frames without a face ({100 * lost / max(sampled, 1):.1f} %) dropped"
        ]
        worst = table[table["faces_lost"] > 0].sort_values("faces_lost", ascending=False, kind="stable")
        for row in worst.head(5).to_dict("records"):
            lines.append(f"  {row['recording']}: no face in {row['faces_lost']} of {row['frames_sampled']} frames")
        lines += [f"  broken: {name}: {what}" for name, what in self.broken]
        return "\n".join([*lines, str(self.out)])


def prepare_faces(
    recordings: Recordings | Iterable[Recording],
    out: str | Path,
    cutting: FaceCutting | None = None,
    *,
    root: str | Path | None = None,
    n_jobs: int = 1,
    limit_s: float | None = None,
    skip_broken: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> PreparedFaces:
    """Cut the face out of the frames of each recording's video and write crops, boxes and moved landmarks under `out`.

    root: the folder that the cohort is read from; without it, the folder common to all sources stands for it.
    n_jobs, limit_s: worker processes, or those of the cluster that is joined (evaluate.spread), and what one recording
    may take there. skip_broken: go on without recordings that cannot be read, which left_out.csv names.
    What is whole stays, whatever ends this, with the tables about it.
    Errors: ConfigError for an `out` among the sources, not made by this or in use by another command, RunMismatchError
    for one made with another `cutting`; at the end, DataError that names every recording that cannot be used, and
    RunFailedError those in which something else failed.
    """
    cutting = cutting or FaceCutting()
    problems, failures = Problems(), Failures()
    target = Path(out).expanduser().resolve()
    cohort = recordings if isinstance(recordings, Recordings) else _once(recordings)
    jobs, rows, sources = _planned(cohort, target, problems)
    _keep_away_from_sources(sources, target, root)
    _refuse_foreign(target, cutting.settings())
    target.mkdir(parents=True, exist_ok=True)
    resumed = len(rows)
    with exclusive(target / LOCK, what="Folder", key="out"):
        _claim(target, cutting.settings())
        todo = _Todo(cohort, [job for job in jobs if job.recording.name not in rows])
        try:
            meter, notes = meter_of(target, todo, n_jobs=n_jobs)
            found = each(_extracted, cutting, todo, n_jobs=n_jobs, where=target, limit_s=limit_s, meter=meter)
            for count, (place, outcome) in enumerate(found, start=1):
                name = todo.jobs[place].recording.name
                if not isinstance(outcome, Failed):
                    rows[name] = outcome
                elif outcome.expected:
                    problems.add(name, outcome.cause)
                else:
                    failures.add(name, outcome)
                if progress:
                    progress("recordings", resumed + count, len(jobs))
            notes.tell()
        finally:
            table = _write_tables(rows, jobs, problems, target) if rows else None
            if sys.exc_info()[0] is KeyboardInterrupt:
                print(f"{len(rows)} recordings are finished and kept in {target}", file=sys.stderr)
    failures.raise_if_any(KEPT)
    if not skip_broken or table is None:
        problems.raise_if_any(f"{KEPT} Repair them, or set cohort.skip_broken=true.")
    if table is None:
        raise DataError("There are no recordings to take faces from.")
    return PreparedFaces(target, table, resumed, tuple(problems.items()))


def _once(recordings: Iterable[Recording]) -> Recordings:
    """Recordings that may be asked for once only, and are held therefore."""
    return Recordings(lambda: recordings, limit_bytes=sys.maxsize)


class _Todo:
    """The jobs, each with its whole recording, made one at a time."""

    def __init__(self, cohort: Recordings, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self._whole = cohort.whole([job.recording.name for job in jobs])

    def __len__(self) -> int:
        return len(self.jobs)

    def __iter__(self) -> Iterator[Job | Unreadable]:
        for job, one in zip(self.jobs, self._whole, strict=True):
            yield one if isinstance(one, Unreadable) else replace(job, recording=one)


def _extracted(cutting: FaceCutting, job: Job | Unreadable) -> dict[str, Any]:
    """In a worker. Errors: those of `extract`, and DataError for a recording that could not be read again."""
    return extract(cutting, readable(job))


def _planned(
    cohort: Recordings, target: Path, problems: Problems
) -> tuple[list[Job], dict[str, dict[str, Any]], list[Path]]:
    """A job for each recording, the rows of those that are complete, and the files that all are read from.

    Those that cannot be opened, or cannot have a folder of their own, become problems. The rows are of whatever folder
    stands there; whether it is one of ours, and of these settings, is to be asked before they are used.
    """
    jobs: list[Job] = []
    rows: dict[str, dict[str, Any]] = {}
    sources: list[Path] = []
    taken: set[str] = set()
    for recording in _sound(cohort.read(), problems):
        path = getattr(recording.video, "path", None)
        if path is not None:
            sources.append(Path(path).resolve())
        name = _folder_name(recording, taken, problems)
        if not name:
            continue
        job = Job(recording, target / name, target / f"{STAGE}{name}")
        jobs.append(replace(job, recording=cohort.named[-1]))
        if row := job.finished():
            rows[recording.name] = row
    return jobs, rows, sources


def _sound(recordings: Iterator[Recording], problems: Problems) -> Iterator[Recording]:
    """The recordings that can be opened; the others, which a cohort names after its last sound one, become problems."""
    try:
        yield from recordings
    except DataError as error:
        broken = getattr(error, "problems", None)
        if broken is None:
            raise
        for name, what in broken:
            problems.add(name, what)


def _keep_away_from_sources(sources: Sequence[Path], target: Path, root: str | Path | None) -> None:
    """A folder of crops among the sources would be read as a source the next time, and might overwrite one."""
    for place in _source_folders(sources, root):
        if target.is_relative_to(place):
            raise ConfigError(f"out={target} lies among the source videos in {place}. Choose a folder elsewhere.")


def _source_folders(sources: Sequence[Path], root: str | Path | None) -> list[Path]:
    """The folders in which nothing may be written: the cohort's root, and where sources outside it stand."""
    if root is not None:
        whole = Path(root).expanduser().resolve()
        return [whole, *dict.fromkeys(source.parent for source in sources if not source.is_relative_to(whole))]
    parents = list(dict.fromkeys(source.parent for source in sources))
    drives = {parent.anchor for parent in parents}
    common = Path(os.path.commonpath(parents)) if len(drives) == 1 else None
    if common is None or common == Path(common.anchor):  # the sources have nothing in common but the disk
        return parents
    return [common]


def _refuse_foreign(target: Path, science: dict[str, Any]) -> None:
    """Refuse a folder that was made with other settings, or not by neuroface."""
    file = target / SETTINGS
    if file.is_file():
        made = json.loads(file.read_text(encoding="utf-8"))["settings"]
        differing = [key for key in science if made.get(key) != json.loads(json.dumps(science))[key]]
        if differing:
            raise RunMismatchError(
                f"{target} was made with other settings: "
                + ", ".join(f"{key}={made.get(key)!r}, not {science[key]!r}" for key in differing)
                + ". Choose another out=, or go back to these settings."
            )
    elif target.exists() and (not target.is_dir() or any(not _own(path) for path in target.iterdir())):
        raise ConfigError(
            f"out={target} is not empty and was not made by prepare cohort=videos. Choose an empty folder."
        )


def _own(path: Path) -> bool:
    """Whether a command that was killed before it wrote its settings may have left this."""
    return path.name == LOCK or path.name.startswith(STAGE)


def _claim(target: Path, science: dict[str, Any]) -> None:
    """Make `target` the folder of these settings, without what a command that was killed has left half-made."""
    _refuse_foreign(target, science)
    for left in target.glob(f"{STAGE}*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    file = target / SETTINGS
    if file.is_file():
        return
    whole = {
        "made_by": f"neuroface {neuroface.__version__}, research software, not a medical device",
        "settings": science,
    }
    part = file.with_name(f"{STAGE}{SETTINGS}")
    part.write_text(json.dumps(whole, indent=2), encoding="utf-8")
    part.replace(file)


def _folder_name(recording: Recording, taken: set[str], problems: Problems) -> str:
    """A folder name for a recording; "" for one that cannot have its own, which becomes a problem."""
    name = re.sub(r"[^\w.+\-]+", "_", recording.name.replace("/", "__")).lstrip(".")
    if recording.video is None:
        problems.add(recording.name, "has no video to take faces from")
        return ""
    if not name or name.casefold() in taken:
        problems.add(recording.name, f"would share the folder {name!r} with another recording")
        return ""
    taken.add(name.casefold())
    return name


def _write_tables(
    rows: dict[str, dict[str, Any]], jobs: Sequence[Job], problems: Problems, target: Path
) -> pd.DataFrame:
    """faces.csv, recordings.csv and left_out.csv of the folder, in the order of the cohort; returns the second."""
    import pandas as pd

    done = [job for job in jobs if job.recording.name in rows]
    faces = [pd.read_csv(job.folder / "faces.csv", dtype={"recording": str}) for job in done]
    for table, job in zip(faces, done, strict=True):
        table.insert(1, "file", [f"{job.folder.name}/{name}" for name in table.pop("file")])
    recordings = pd.DataFrame([rows[job.recording.name] for job in done])
    crops = pd.concat([table for table in faces if len(table)] or faces[:1], ignore_index=True)
    left_out = pd.DataFrame(problems.items(), columns=["recording", "why"])
    for name, table in (("faces.csv", crops), ("recordings.csv", recordings), ("left_out.csv", left_out)):
        part = target / f"{STAGE}{name}"
        table.to_csv(part, index=False)
        part.replace(target / name)
    return recordings
