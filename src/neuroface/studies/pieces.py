"""A folder of recordings written one recording at a time, by worker processes; what is whole is not written again.

.recordings/<key>.part/    what a worker writes now; nobody counts it as done
.recordings/<key>/         the files of a recording that is whole, on their way to their places
.recordings/<key>.json     what made it, what is told of it, and the sums of its files, wherever they are now
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

import neuroface
from neuroface.cohorts.native_video import files_below
from neuroface.configuration.identity import science
from neuroface.contents import KEPT, digest_of_file
from neuroface.errors import Problems
from neuroface.evaluate.each import Failed, Failures, each, is_alone, meter_of
from neuroface.evaluate.lock import exclusive
from neuroface.evaluate.run_folder import digest_of
from neuroface.outside import read_json
from neuroface.places import begin_folder
from neuroface.studies.whole import Recordings, Unreadable, Whole, readable
from neuroface.types import Recording

WHO = ("exclude", "skip_broken", "frontal_only")  # which recordings are looked at does not change any of them
LOCK = ".lock"
AGAIN = "What was finished is kept; the same command does only the others."

Do = Callable[[Any, Recording, Path], dict[str, Any]]
Told = dict[str, Any]


def made_by(config: DictConfig, verb: str) -> str:
    """Digest of what the files of a recording depend on: the configuration, and the content of what it reads."""
    part = science(config)
    for key in WHO:
        part["cohort"].pop(key, None)
    return digest_of({**part, "neuroface": neuroface.__version__, "verb": verb})


class Pieces:
    """Recordings on their way to `target`. place: where the folder .recordings lies; digest: of what makes them.

    Of recordings all but `write` need only who they are.
    with pieces.open(): pieces.write(recordings, do, given, ...); pieces.place(recordings.named)
    """

    def __init__(self, place: Path, target: Path, digest: str) -> None:
        self.folder, self.target, self.digest = place / KEPT, target, digest
        self._known: dict[str, Told] = {}

    @contextmanager
    def open(self, *, key: str = "out") -> Iterator[None]:
        """Nobody else writes here meanwhile; what is empty at the end goes. ConfigError naming who writes here."""
        new = [place for place in (self.folder, *self.folder.parents) if not place.exists()]
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with exclusive(self.folder / LOCK, what="Folder", key=key):
                for left in self.folder.glob("*.part"):  # of a command that was killed
                    shutil.rmtree(left)
                yield
        except BaseException:
            if new and not any(self.folder.glob("*.json")):  # nothing came of it
                shutil.rmtree(self.folder, ignore_errors=True)
                with suppress(OSError):
                    for place in new[1:]:
                        place.rmdir()
            raise

    def told(self, recording: Recording) -> Told | None:
        """What is told of a recording that is whole, by an earlier command or this one; None where there is none."""
        if recording.name not in self._known and (found := self._found(recording.name)) is not None:
            self._known[recording.name] = found
        return self._known.get(recording.name)

    def write(
        self,
        recordings: Recordings,
        do: Do,
        given: Any,
        *,
        execution: DictConfig,
        threads: int | None = 1,
        problems: Problems,
        why: Callable[[str, Recording], str] = lambda cause, _: cause,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> Failures:
        """Write the recordings, which have been read, that are not whole yet; what is wrong goes to the problems.

        do(given, recording, folder), in a worker: writes the recording's files below an empty folder as they go below
        the target, and tells of it what JSON can hold. why: what is told of a cause. What all of them will cost is told
        after the first ones. Returns what failed otherwise.
        """
        named = recordings.named
        todo = [recording for recording in named if self.told(recording) is None]
        failures = Failures()
        meter, notes = meter_of(self.folder, todo, n_jobs=execution.n_jobs, threads=threads)
        done = each(
            functools.partial(_write_one, do),
            (given, self.folder),
            _Keyed(recordings.whole([recording.name for recording in todo])),
            n_jobs=execution.n_jobs,
            where=self.target,
            limit_s=execution.fold_timeout_s,
            threads=threads,
            meter=meter,
        )
        for count, (place, outcome) in enumerate(done, 1):
            recording = todo[place]
            if not isinstance(outcome, Failed):
                self._keep(recording.name, outcome)
            elif outcome.expected:
                problems.add(recording.name, why(outcome.cause, recording))
            else:
                failures.add(recording.name, outcome)
            if progress and not is_alone(execution.n_jobs, todo, threads):  # then the work tells where it is
                progress("recordings", len(named) - len(todo) + count, len(named))
        notes.tell()
        return failures

    def files(self, recordings: Sequence[Recording]) -> list[Path]:
        """The files of whole recordings, relative to the target; a video's folder counts as one."""
        return [Path(file) for one in recordings for file in self._record(one.name)["files"]]

    def place(self, recordings: Sequence[Recording]) -> None:
        """Move the files of whole recordings to their places, each at once. Once more where it was interrupted."""
        for number, recording in enumerate(recordings):
            made = self.folder / _key(recording.name)
            for file in self._record(recording.name)["files"]:
                if not (made / file).exists():
                    continue  # it is in its place
                (self.target / file).parent.mkdir(parents=True, exist_ok=True)
                if (self.target / file).is_dir():  # no folder can be moved onto one with files in it
                    (self.target / file).replace(self.folder / f"{number}-{Path(file).name}.part")
                (made / file).replace(self.target / file)
            shutil.rmtree(made, ignore_errors=True)
        for replaced in self.folder.glob("*.part"):
            shutil.rmtree(replaced, ignore_errors=True)

    def close(self, recordings: Sequence[Recording]) -> None:
        """Nothing but the files of these recordings stays below the target: what goes on from here goes, too."""
        wanted = set(self.files(recordings))
        for file in files_below(self.target):
            if file.relative_to(self.target) not in wanted and self.folder not in file.parents:
                file.unlink()  # of another command, that was killed when it moved its files here
        shutil.rmtree(self.folder)

    def _keep(self, name: str, told: Told) -> None:
        part, made = self.folder / f"{_key(name)}.part", self.folder / _key(name)
        shutil.rmtree(made, ignore_errors=True)
        part.rename(made)
        files = {file.relative_to(made).as_posix(): _sum(file) for file in sorted(files_below(made))}
        record = {"name": name, "digest": self.digest, "files": files, "told": told}
        _write_json(self.folder / f"{_key(name)}.json", record)
        self._known[name] = json.loads(json.dumps(told))

    def _record(self, name: str) -> dict[str, Any]:
        try:
            record = read_json((self.folder / f"{_key(name)}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        whole = (
            isinstance(record, dict) and isinstance(record.get("files"), dict) and isinstance(record.get("told"), dict)
        )
        return record if whole else {}

    def _found(self, name: str) -> Told | None:
        record, made = self._record(name), self.folder / _key(name)
        if record.get("digest") != self.digest:
            return None
        for file, wanted in record["files"].items():
            there = next((place / file for place in (made, self.target) if (place / file).exists()), None)
            if there is None or _sum(there) != wanted:
                what = "is not there any more" if there is None else "has other bytes than were written"
                print(f"{name}: {file} {what}; the recording is done again.", file=sys.stderr)
                return None
        return record["told"]


class _Keyed:
    """Each recording with the name of its files."""

    def __init__(self, whole: Whole) -> None:
        self._whole = whole

    def __len__(self) -> int:
        return len(self._whole)

    def __iter__(self) -> Iterator[tuple[Recording | Unreadable, str]]:
        return zip(self._whole, map(_key, self._whole.names), strict=True)


def _write_one(do: Do, common: tuple[Any, Path], thing: tuple[Recording | Unreadable, str]) -> Told:
    """In a worker: the files of one recording below a folder of its own, which vanishes when anything fails."""
    (given, folder), (_, key), recording = common, thing, readable(thing[0])
    part = folder / f"{key}.part"
    begin_folder(part)
    try:
        return do(given, recording, part)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _sum(path: Path) -> str | list[int]:
    """SHA-256 of a file; of a video's folder, which may be gigabytes, how many files it holds and their bytes."""
    if path.is_file():
        return digest_of_file(path)
    sizes = [file.stat().st_size for file in path.rglob("*") if file.is_file()]
    return [len(sizes), sum(sizes)]


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def _write_json(file: Path, content: Any) -> None:
    draft = file.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump(content, stream)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
