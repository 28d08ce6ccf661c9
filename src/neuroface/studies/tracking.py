"""Landmarks of a whole cohort by several networks at once: recordings side by side, each film seen once; resumable."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.cohort_summary import counts_to_note
from neuroface.errors import ConfigError, DataError, RunMismatchError, WeightsNotFoundError
from neuroface.store import digest_of
from neuroface.types import Landmarks, Recording

Step = Any  # Recording -> (Landmarks, counts)
PARTS = ".recordings"
IDENTITY = "identity.json"


def track(
    recordings: list[Recording],
    networks: Mapping[str, Step],
    lift: Any,
    out: Path,
    *,
    n_jobs: int,
    identity: Mapping[str, Any],
    progress: Any = None,
) -> dict[str, Path]:
    """Landmarks of every recording by every network, lifted; one folder in the native layout per network.

    networks: name -> landmark step; what it and the lift counted stands in the notes of each recording. What was
    finished before an interruption is kept below out/.recordings and not done again. identity: plain data that say what
    the landmarks depend on. Returns name -> folder.
    Errors: RunMismatchError for a folder that was begun with another identity; DataError that names every recording in
    which a network finds no face; ConfigError or WeightsNotFoundError for steps that work on no recording at all.
    """
    from neuroface.cohorts import folder_writer
    from neuroface.evaluate.workers import Failure, outcomes

    found = {name: out / name for name in networks}
    _claim(out, identity)
    if all((path / "participants.tsv").is_file() for path in found.values()):
        return found
    files = {recording.name: out / PARTS / f"{_file_name(recording.name)}.npz" for recording in recordings}
    missing = [recording for recording in recordings if not files[recording.name].is_file()]
    calls = [(_detect, (recording, dict(networks), lift)) for recording in missing]
    failures: list[Failure] = []
    for number, outcome in enumerate(outcomes(calls, n_jobs=n_jobs, where=out), 1):
        if isinstance(outcome, Failure):
            failures.append(outcome)
        else:
            name, content = outcome
            _write(files[name], content)
        if progress:
            progress("landmarks of recordings", number, len(missing))
    if failures:
        causes = "; ".join(f"{failure.name}: {failure.cause.rstrip('.')}" for failure in failures[:3])
        raise DataError(
            f"{len(failures)} of {len(recordings)} recordings have no landmarks: {causes}. The others are kept; mend "
            "these, or leave them out with cohort.exclude=[...], and give the same command again."
        )
    for name, path in found.items():
        folder_writer.write((_tracked(recording, files[recording.name], name) for recording in recordings), path)
    shutil.rmtree(out / PARTS)
    return found


def _claim(out: Path, identity: Mapping[str, Any]) -> None:
    """Note what the landmarks here depend on, or compare it with what is noted."""
    file = out / IDENTITY
    wanted = {key: digest_of(value) for key, value in identity.items()}
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else wanted
    differing = sorted(key for key in {*known, *wanted} if known.get(key) != wanted.get(key))
    if differing:
        raise RunMismatchError(
            f"{out} holds landmarks made with other {', '.join(differing)}. Choose another run=, or delete {out} to "
            "find them again."
        )
    _write(file, json.dumps(wanted, indent=1).encode())


def _detect(recording: Recording, networks: Mapping[str, Step], lift: Any) -> Any:
    """In a worker: (name of the recording, its landmarks by every network as the bytes of an .npz), or a Failure."""
    from neuroface.evaluate.workers import Failure, one_thread
    from neuroface.recording.spool import Spooled

    try:
        arrays: dict[str, np.ndarray] = {}
        if recording.video is None:
            raise DataError("has no video")
        with one_thread(), Spooled(recording.video) as video:
            filmed = replace(recording, video=video)
            for name, step in networks.items():
                pixels, counted = step(filmed)
                lifted, of_lift = lift(pixels, filmed)
                arrays |= {
                    f"{name}/points": lifted.points,
                    f"{name}/timestamps_s": lifted.timestamps_s,
                    f"{name}/space": np.array(lifted.space),
                    f"{name}/fitted_on": np.array(sorted(lifted.fitted_on), dtype=str),
                    f"{name}/notes": np.array(json.dumps(counts_to_note({**counted, **of_lift}))),
                }
        content = io.BytesIO()
        np.savez(content, **arrays)  # type: ignore[arg-type]
    except (ConfigError, WeightsNotFoundError):  # which are not about this recording, and would come with each
        raise
    except Exception as error:
        return Failure(recording.name, f"{type(error).__name__}: {error}", traceback.format_exc())
    return recording.name, content.getvalue()


def _tracked(recording: Recording, file: Path, network: str) -> Recording:
    """The recording with a network's landmarks in place of its own, and without its film."""
    with np.load(file, allow_pickle=False) as arrays:
        landmarks = Landmarks(
            points=arrays[f"{network}/points"],
            timestamps_s=arrays[f"{network}/timestamps_s"],
            space=str(arrays[f"{network}/space"]),  # type: ignore[arg-type]
            fitted_on=frozenset(map(str, arrays[f"{network}/fitted_on"])),
        )
        notes = {**recording.notes, **json.loads(str(arrays[f"{network}/notes"]))}
    return replace(recording, landmarks=landmarks, notes=notes, video=None)


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    draft.write_bytes(content)
    draft.replace(file)


def _file_name(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]
