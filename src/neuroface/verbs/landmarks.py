"""`neuroface landmarks`: the landmarks of a cohort on disk, with their quality and, if asked, drawn on the clip."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from neuroface.cohort_summary import Notes, told
from neuroface.configuration.compose import compose
from neuroface.errors import ConfigError, Problems
from neuroface.places import check_writable
from neuroface.studies.experiment_folder import check_no_run
from neuroface.types import Recording


def run(overrides: list[str]) -> None:
    """Write out/landmarks (native layout), out/quality.csv unless quality=null, out/overlay/*.mp4 with overlay=true.

    Landmarks that were found are kept, whatever stops it: the same command does only the others.
    """
    config, _ = compose("landmarks", overrides)
    if not config.out:
        raise ConfigError("out= says where the folder goes: out=DIR.")
    out = Path(str(config.out)).expanduser()
    check_writable("out", out)
    check_no_run("out", out)
    from neuroface.studies.pieces import Pieces, made_by

    pieces = Pieces(out.resolve(), out.resolve() / "landmarks", made_by(config, "landmarks"))
    with pieces.open():
        _write(config, out, pieces)


def _write(config: DictConfig, out: Path, pieces: Any) -> None:
    from neuroface.cohorts import folder_writer
    from neuroface.evaluate.each import Failures
    from neuroface.evaluate.spread import spread
    from neuroface.progress import Progress
    from neuroface.samples import SKIP
    from neuroface.studies.building import build_cohort, print_left_out, read_recordings
    from neuroface.studies.locate import cause, finder_of
    from neuroface.studies.pieces import AGAIN

    cohort, common = build_cohort(config)
    finder = finder_of(config, overlays=out.resolve() / "overlay" if config.overlay else None)
    recordings = read_recordings(cohort, common, quality=finder.steps.quality)
    folder_writer.check(recordings.read(), out / "landmarks")
    before = sum(pieces.told(recording) is not None for recording in recordings.named)
    problems, failures = Problems(), Failures()
    stopped: KeyboardInterrupt | None = None
    where = config.execution
    try:
        with spread(where.backend, address=where.address, n_jobs=where.n_jobs), Progress() as progress:
            failures = pieces.write(
                recordings,
                _piece,
                finder,
                execution=where,
                threads=finder.threads(recordings.named),
                problems=problems,
                why=cause,
                progress=progress,
            )
    except KeyboardInterrupt as error:
        stopped = error
    whole = [recording for recording in recordings.named if pieces.told(recording) is not None]
    if not whole:
        if stopped is not None:
            raise stopped
        failures.raise_if_any("Nothing was written.")
        problems.raise_if_any(SKIP)  # where nothing is left to write, that is why
    found = [pieces.told(recording) or {} for recording in whole]
    written = folder_writer.finish(whole, out / "landmarks", pieces.files(whole), lambda: pieces.place(whole))
    if finder.steps.quality is not None:
        _write_quality([each["row"] for each in found], out)
    kept = f"{written.recordings} recordings of {written.people} people"
    if stopped is not None:
        print(f"{kept} are finished and kept in {out}", file=sys.stderr)
        raise stopped
    failures.raise_if_any(f"The landmarks of {kept} are kept in {out}. {AGAIN}")
    if not common.get("skip_broken"):
        problems.raise_if_any(f"The landmarks of {kept} are kept in {out}. {SKIP}")
    print_left_out(problems.items(), file=sys.stderr)
    counts, notes = Counter[str](), Notes()
    for each in found:
        counts.update(each["counted"])
        notes.add(each["notes"])
    counts["recordings found before"] = before
    print(kept, _told(counts), *told(notes.values, notes.of, written.recordings), str(out), sep="\n")


def _piece(finder: Any, recording: Recording, folder: Path) -> dict[str, Any]:
    """In a worker: the files of a recording's landmarks, and what is told of them."""
    from neuroface.cohorts import native

    found, about = finder(recording)
    native.write_below(None, found, folder)
    return _plain(about)


def _plain(value: Any) -> Any:
    """Numbers, text and lists, for JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value.item() if hasattr(value, "item") else value


def _write_quality(rows: Sequence[dict[str, Any]], out: Path) -> None:
    import pandas as pd

    from neuroface.recording import quality

    quality.write(pd.DataFrame(rows), out / "quality.csv")


def _told(counts: Counter[str]) -> str:
    """One line: how many frames, and what was counted of them."""
    rest = (f"{name.replace('_', ' ')} {n}" for name, n in counts.items() if n and name != "frames")
    return ", ".join([f"{counts['frames']} frames", *rest])
