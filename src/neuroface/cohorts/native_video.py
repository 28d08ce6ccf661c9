"""The video of a recording in the native layout, beside its landmarks. docs/formats.md has it exactly."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from neuroface.errors import DataError
from neuroface.recording.color_folder import ColorFolder, write_color
from neuroface.recording.rgbd import RgbdFolder
from neuroface.recording.rgbd_writer import write_rgbd
from neuroface.recording.video import VideoFile
from neuroface.types import Video

RGBD, COLOR = "_rgbd", "_video"  # what the names of a recording's folders end with
SUFFIXES = (".avi", ".mkv", ".mov", ".mp4")
Clip = RgbdFolder | ColorFolder | VideoFile


def write_video(video: Video, base: Path) -> None:
    """Write a video as folder <base>_rgbd if it has a depth camera, else <base>_video; one frame is held at a time."""
    rig = video.rig
    if rig is not None and (rig.depth is not None or rig.aligned):
        write_rgbd(video, base.with_name(base.name + RGBD))
    else:
        write_color(video, base.with_name(base.name + COLOR))


def files_below(folder: Path) -> Iterator[Path]:
    """The files in a folder and in those below it that are not hidden; of a video's folder only the folder itself."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*files, *filter(is_folder, folders)))
        folders[:] = [name for name in folders if not is_folder(name) and not name.startswith(".")]


def is_video(path: Path) -> bool:
    """Whether a file or folder is, by its name, the video of a recording."""
    plain = path.suffix.lower() in SUFFIXES and path.stem.endswith(COLOR) and not path.name.startswith(".")
    return plain or is_folder(path.name)


def is_folder(name: str) -> bool:
    """Whether a folder of this name holds the frames of one recording; any other may hold recordings."""
    return name.endswith(RGBD) or ("_task-" in name and name.endswith(COLOR))


def open_video(paths: Sequence[Path], *, fps: float | None = None, file_fps: float | None = None) -> Clip | None:
    """The video of a recording, opened but not decoded; None when `paths` names none.

    fps: frames per second of a folder that stores no times. file_fps: overrides what a video file says of its rate.
    Errors: DataError for two videos, and for one that cannot be read.
    """
    if not paths:
        return None
    if len(paths) > 1:
        raise DataError(f"has {len(paths)} videos, {' and '.join(path.name for path in paths)}; keep one")
    path = paths[0]
    if path.is_file():
        return VideoFile(path, fps=file_fps)
    return RgbdFolder(path, fps=fps) if path.name.endswith(RGBD) else ColorFolder(path, fps=fps)
