"""Which tool wrote a file of points: its validators are asked in turn."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from neuroface.cohorts.trackers import c3d_file, deeplabcut, mediapipe, motion_bids, movement, openface3, pyfeat, sleap

HEAD_BYTES = 65_536
FORMATS: tuple[ModuleType, ...] = (openface3, pyfeat, deeplabcut, sleap, mediapipe, c3d_file, movement, motion_bids)


def format_of(file: Path) -> ModuleType | None:
    """The first format whose validator knows a file; None for any other, and for no file."""
    if not file.is_file():
        return None
    with file.open("rb") as content:
        head = content.read(HEAD_BYTES)
    return next((form for form in FORMATS if form.is_it(file, head)), None)
