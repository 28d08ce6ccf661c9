"""Motion-BIDS: <name>_motion.tsv without a header, <name>_channels.tsv that names its columns, <name>_motion.json.

Jeung et al., Scientific Data 11 (2024) 716; BIDS 1.9, "Motion". A channel of type POS is one coordinate of one tracked
point; one of type LATENCY holds the time of each sample in seconds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neuroface.cohorts.dialect import is_nan, read_text
from neuroface.cohorts.reading import read_rows
from neuroface.cohorts.trackers.tables import number, read_lines
from neuroface.cohorts.trackers.tracks import Tracks
from neuroface.errors import DataError
from neuroface.outside import read_json

NAME = "motion-BIDS"
ENDS = "_motion.tsv"


def is_it(path: Path, head: bytes) -> bool:
    return path.name.endswith(ENDS)


def read(path: Path) -> Tracks:
    """Errors: DataError for a missing channels.tsv or rate, another number of columns, and half a file."""
    base = path.name.removesuffix(ENDS)
    channels = path.with_name(f"{base}_channels.tsv")
    needed = ("name", "component", "type", "tracked_point", "units")
    _, rows = read_rows(channels, required=needed, delimiter="\t", next_step="It belongs beside each motion.tsv.")
    about = _about(path.with_name(f"{base}_motion.json"))
    lines = read_lines(path, delimiter="\t")
    if len(lines[0]) != len(rows):
        raise DataError(f"{path} has {len(lines[0])} columns, {channels.name} names {len(rows)} channels")
    where = f"a cell of {path}"
    values = np.array([[np.nan if is_nan(cell) else number(cell, where) for cell in line] for line in lines])
    places = {(r["tracked_point"], r["component"]): at for at, r in enumerate(rows) if r["type"].upper() == "POS"}
    names = list(dict.fromkeys(point for point, _ in places))
    axes = [axis for axis in "xyz" if any(component == axis for _, component in places)]
    missing = [f"{axis} of {name}" for name in names for axis in axes if (name, axis) not in places]
    if missing or len(axes) < 2:
        raise DataError(
            f"{channels} has no channel of type POS for {missing[0] if missing else 'x and y of any point'}"
        )
    units = {rows[at]["units"] for at in places.values()}
    if len(units) > 1:
        raise DataError(f"{channels} has positions in {', '.join(sorted(units))}; one unit is needed")
    points = np.stack([values[:, [places[name, axis] for name in names]] for axis in axes], axis=-1)
    latency = [at for at, row in enumerate(rows) if row["type"].upper() == "LATENCY"]
    fps = about.get("SamplingFrequency")
    if fps is not None and not (isinstance(fps, (int, float)) and fps > 0):
        raise DataError(f"SamplingFrequency of {path.name} is {fps!r}; a positive number is needed")
    frames = np.arange(float(len(points)))
    times = values[:, latency[0]] if latency else None
    return Tracks(names, points, frames, times=times, fps=fps, unit=units.pop(), space=about.get("NeurofaceSpace"))


def _about(file: Path) -> dict:
    if not file.is_file():
        return {}
    try:
        content = read_json(read_text(file))
    except ValueError as error:
        raise DataError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file} must hold one JSON object")
    return content
