"""Opens whatever holds frames: a video file, a folder of images, an RGB-D folder, a RealSense bag."""

from __future__ import annotations

from pathlib import Path

from neuroface.recording.realsense import RealSenseBag
from neuroface.recording.rgbd import RgbdFolder
from neuroface.recording.video import VideoFile

BAG = ".bag"
Clip = VideoFile | RgbdFolder | RealSenseBag


def is_rgbd(folder: Path) -> bool:
    """Whether a folder holds colour and depth of one recording: a calibration and depth frames."""
    return (folder / "camera.json").is_file() and (folder / "depth").is_dir()


def open_clip(path: Path, *, fps: float | None = None, depth_scale: float | None = None) -> Clip:
    """A types.Video of the file or folder, with `timestamps_s` (T,) of its frames; no more than its ends is decoded.

    fps: overrides what a video says of its rate; a bag has stamps of its own. depth_scale: metres in one raw unit, for
    a bag that does not hold it. Errors: DataError for what cannot be read.
    """
    if path.suffix.lower() == BAG:
        return RealSenseBag(path, depth_scale=depth_scale)
    return RgbdFolder(path, fps=fps) if is_rgbd(path) else VideoFile(path, fps=fps)
