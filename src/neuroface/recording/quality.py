"""How good each recording is: lost frames and depth, head pose and distance, blur, and what lies out of the picture.

Every number is a description, not a verdict; the only rule here is the frontal gate, and its limits are keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface import face
from neuroface.errors import ConfigError
from neuroface.recording import head_pose, projection
from neuroface.recording.crop import box_around
from neuroface.recording.head_pose import HeadPose
from neuroface.recording.landmark_match import LandmarksAt
from neuroface.types import Landmarks, Recording

if TYPE_CHECKING:
    import pandas as pd

# Which way the head looks is known from these; what a column holds stands in docs/videos.md.
POSE_SOURCES = ("mm", "depth", "pixels", "pixels, guessed camera", "")


@dataclass(frozen=True)
class FrontalGate:
    """When a person looks away: the head turns more than `max_yaw_deg` or `max_pitch_deg` from the camera's axis.

    max_share: a recording looks away when more than this share of the frames whose pose is known do. Guarin et al.
    leave out videos in which the subject looks away and give no limit; these defaults are ours. A nose or brow unlike
    the mean face's shifts pitch by a few degrees, so narrow limits on pitch throw out faces, not poses.
    Errors: ConfigError for limits without meaning.
    """

    max_yaw_deg: float = 30.0
    max_pitch_deg: float = 30.0
    max_share: float = 0.5

    def __post_init__(self) -> None:
        if not (self.max_yaw_deg > 0 and self.max_pitch_deg > 0 and 0 <= self.max_share <= 1):
            raise ConfigError(
                f"max_yaw_deg={self.max_yaw_deg}, max_pitch_deg={self.max_pitch_deg}, max_share={self.max_share}: "
                "positive angles and a share from 0 to 1 are needed."
            )

    def away(self, pose: HeadPose) -> np.ndarray:
        """(T,) bool: frames that look away; False where the pose is not known."""
        return (np.abs(pose.yaw) > self.max_yaw_deg) | (np.abs(pose.pitch) > self.max_pitch_deg)

    def share_away(self, pose: HeadPose) -> float:
        """0..1 of the frames whose pose is known; NaN when none is."""
        known = np.isfinite(pose.yaw)
        return float(self.away(pose)[known].mean()) if known.any() else float("nan")


def pose_of(recording: Recording) -> tuple[HeadPose, str]:
    """Head pose in each frame of landmarks, and what it was computed from (one of POSE_SOURCES).

    From mm in camera axes; else from pixels with depth and a camera; else from pixels and a mean head, with the camera
    or a guessed one. NaN when there is neither: landmarks in head space have lost their pose.
    """
    landmarks, camera = recording.landmarks, _color_camera(recording)
    if landmarks.space == "camera":
        return head_pose.from_mm(landmarks.points), "mm"
    if landmarks.space == "pixel":
        if camera is not None and landmarks.depth is not None:
            return head_pose.from_mm(projection.deproject(landmarks.points, landmarks.depth, camera)), "depth"
        if camera is not None:
            return head_pose.from_pixels(landmarks.points, camera), "pixels"
        if recording.video is not None:
            guess = head_pose.guessed_camera(recording.video.size)
            return head_pose.from_pixels(landmarks.points, guess), "pixels, guessed camera"
    unknown = np.full((len(landmarks), 3, 3), np.nan)
    return HeadPose(unknown, unknown[:, 0]), ""


def measure(recording: Recording, *, gate: FrontalGate | None = None, blur_every_s: float = 0.5) -> dict[str, Any]:
    """One row of quality.csv; see docs/videos.md for the columns.

    blur_every_s: seconds between the video frames that blur is measured in (each is decoded).
    """
    gate = gate or FrontalGate()
    landmarks = recording.landmarks
    pose, source = pose_of(recording)
    row: dict[str, Any] = {name: getattr(recording, name) for name in ("name", "subject", "session", "group", "task")}
    row["recording"] = row.pop("name")
    row |= _timing(getattr(recording.video, "timestamps_s", landmarks.timestamps_s))
    row["frames_without_face"] = int((~np.isfinite(landmarks.points).all(axis=2).any(axis=1)).sum())
    row["mouth_depth_missing"] = mouth_depth_missing(landmarks)
    row["pose_from"] = source
    for name in ("yaw", "pitch", "roll"):
        row[f"{name}_deg"] = _median(getattr(pose, name))
    row["yaw_range_deg"] = _range(pose.yaw)
    row["looks_away"] = gate.share_away(pose)
    row["frontal"] = None if np.isnan(row["looks_away"]) else bool(row["looks_away"] <= gate.max_share)
    row["distance_mm"] = _median(pose.distance)
    row["out_of_frame"] = out_of_frame(landmarks, _frame_size(recording))
    row["blur"] = _median(np.array(list(_sharpness(recording, blur_every_s))))
    return row


def write(table: pd.DataFrame, file: str | Path) -> None:
    """quality.csv, written beside its place and moved there."""
    target = Path(file)
    part = target.with_name(f".partial-{target.name}")
    table.to_csv(part, index=False, float_format="%.6g")
    part.replace(target)


def mouth_depth_missing(landmarks: Landmarks) -> float:
    """0..1: mouth landmarks that are seen in the image but have no depth; NaN when no depth was looked up."""
    if landmarks.depth is None:
        return float("nan")
    seen = np.isfinite(landmarks.points[:, face.MOUTH]).all(axis=2)
    missing = ~(landmarks.depth[:, face.MOUTH] > 0)  # 0 and NaN are missing
    return float(missing[seen].mean()) if seen.any() else float("nan")


def out_of_frame(landmarks: Landmarks, frame_size: tuple[int, int] | None) -> float:
    """0..1: share of the landmarks seen that lie beyond the frame of (width, height) px; NaN if unknown."""
    if landmarks.space != "pixel" or frame_size is None:
        return float("nan")
    seen = landmarks.points[np.isfinite(landmarks.points).all(axis=2)]
    beyond = ((seen < -0.5) | (seen > np.array(frame_size) - 0.5)).any(axis=1)
    return float(beyond.mean()) if len(seen) else float("nan")


def sharpness(image: np.ndarray, box: np.ndarray) -> float:
    """Variance of the Laplacian of the grey image (H, W, 3) inside a box (4,) px; NaN when the box is outside.

    Pech-Pacheco et al., ICPR 2000. It falls with blur, but also with contrast and with the size of the face: compare
    within one camera and distance.
    """
    import cv2

    x, y, width, height = np.round(box).astype(int)
    part = image[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    if part.size == 0:
        return float("nan")
    return float(cv2.Laplacian(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def _sharpness(recording: Recording, every_s: float) -> Iterator[float]:
    """Sharpness of the face in every k-th frame, about `every_s` apart; frames without landmarks are passed over."""
    if recording.video is None or recording.landmarks.space != "pixel":
        return
    first = [frame.timestamp_s for frame in recording.video.frames(0, 2)]
    step = max(round(every_s / (first[1] - first[0])), 1) if len(first) == 2 else 1
    known = LandmarksAt(recording.landmarks)
    for frame in recording.video.frames(step=step):
        box = box_around(known.points(frame.timestamp_s))
        if box is not None:
            yield sharpness(frame.color, box)


def _timing(times: np.ndarray) -> dict[str, Any]:
    """frames, seconds, frames/s, and frames lost: those that would fit into gaps of the usual interval.

    times: (T,) s, of the video where it knows them all, else of the landmarks.
    """
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) else float("nan")
    lost = int((np.round(steps / usual) - 1).clip(min=0).sum()) if len(steps) else 0
    duration_s = float(times[-1] - times[0]) if len(times) else 0.0
    return {
        "frames": len(times),
        "duration_s": duration_s,
        "fps": (len(steps) + lost) / duration_s if len(steps) else float("nan"),
        "frames_lost": lost,
        "frames_lost_share": lost / (len(times) + lost) if len(times) else float("nan"),
    }


def _color_camera(recording: Recording) -> Any:
    rig = recording.video.rig if recording.video is not None else None
    return recording.camera or (rig.color if rig is not None else None)


def _frame_size(recording: Recording) -> tuple[int, int] | None:
    if recording.video is not None:
        return recording.video.size
    return (recording.camera.width, recording.camera.height) if recording.camera is not None else None


def _median(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def _range(values: np.ndarray) -> float:
    """5-95 percentile range of the finite values."""
    finite = values[np.isfinite(values)]
    return float(np.subtract(*np.percentile(finite, [95, 5]))) if len(finite) else float("nan")
