"""A clip with what was measured drawn on it: points, repetition bounds, the mouth opening as it goes, and the sound.

For looking at a recording and its landmarks. It is research software, not a medical device, and says so in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuroface import face, geometry
from neuroface.errors import ConfigError, DataError, did_you_mean
from neuroface.recording import projection, sound
from neuroface.recording.landmark_match import LandmarksAt
from neuroface.types import Landmarks, Recording, Repetition

# Four-character code of the encoder by file type; both come with every OpenCV.
ENCODERS = {".avi": "MJPG", ".mp4": "mp4v"}
TRACE_HEIGHT_PX = 110
# RGB. Regions in hues that stay apart for colour-blind eyes (Okabe & Ito, 2008).
COLORS = {
    "jaw": (86, 180, 233),
    "brows": (230, 159, 0),
    "nose": (240, 228, 66),
    "eyes": (0, 158, 115),
    "mouth": (213, 94, 0),
}
SOUND = (0, 114, 178)
BACKGROUND, SHADE, FAINT, INK, CURSOR = (24, 24, 28), (52, 52, 66), (96, 96, 104), (235, 235, 235), (213, 94, 0)
FOOTER = "research software, not a medical device"


def write_overlay(
    recording: Recording,
    out: str | Path,
    *,
    repetitions: Sequence[Repetition] | None = None,
    scale: float = 1.0,
) -> int:
    """Write the recording's clip with its landmarks drawn on it to `out` (.mp4 or .avi); returns the frames written.

    repetitions: those to draw, by default the recording's own. scale: size of the picture relative to the frames.
    Frames are streamed; the file appears under its name only when it is complete. The clip runs at the median frame
    rate.
    Errors: ConfigError for another file type or scale; DataError when there is no video, when landmarks have no place
    in the image (head space, or mm without a camera), or when OpenCV cannot write the file.
    """
    import cv2

    target = Path(out)
    if target.suffix.lower() not in ENCODERS:
        raise ConfigError(f"{target.name} is no overlay file." + did_you_mean(target.suffix, ENCODERS))
    if not scale > 0:
        raise ConfigError(f"overlay scale={scale} must be positive.")
    if recording.video is None:
        raise DataError(f"{recording.name} has no video to draw on.")
    pixels = LandmarksAt(image_landmarks(recording))
    width, height = (max(round(side * scale), 16) for side in recording.video.size)
    chosen = recording.repetitions if repetitions is None else repetitions
    trace = MouthTrace(recording.landmarks, chosen or (), width)
    part = target.with_name(f".partial-{target.name}")
    writer = cv2.VideoWriter(
        str(part),
        cv2.VideoWriter.fourcc(*ENCODERS[target.suffix.lower()]),
        _rate(recording),
        (width, height + TRACE_HEIGHT_PX),
    )
    try:
        if not writer.isOpened():
            raise DataError(f"OpenCV cannot write {target}; is its folder there, and writable?")
        written = 0
        for frame in recording.video.frames():
            image = (
                frame.color if scale == 1 else cv2.resize(frame.color, (width, height), interpolation=cv2.INTER_AREA)
            )
            picture = np.concatenate([image, trace.at(frame.timestamp_s)])
            draw_points(picture, (pixels.points(frame.timestamp_s) + 0.5) * scale - 0.5)
            _write(picture, f"{recording.name}  {frame.timestamp_s:.2f} s  frame {frame.index}", (6, 16))
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            written += 1
        writer.release()
        part.replace(target)
    finally:
        writer.release()
        part.unlink(missing_ok=True)
    return written


def image_landmarks(recording: Recording) -> Landmarks:
    """Where the recording's landmarks are in its image: (T, 68, 2) px; mm are projected through its colour camera.

    Errors: DataError for landmarks that have no place in the image.
    """
    landmarks = recording.landmarks
    if landmarks.space == "pixel":
        return landmarks
    rig = recording.video.rig if recording.video is not None else None
    camera = rig.color if rig is not None else recording.camera
    if landmarks.space == "head":
        raise DataError(
            f"{recording.name}: landmarks in head space have no place in the image. Draw them before frame=head."
        )
    if camera is None:
        raise DataError(f"{recording.name}: landmarks in mm need a camera to be drawn. Draw them before the lift.")
    pixels, _ = projection.project(landmarks.points, camera)
    return Landmarks(pixels, landmarks.timestamps_s, "pixel")


def draw_points(image: np.ndarray, points: np.ndarray) -> None:
    """Draw landmarks (68, 2) px into an image (H, W, 3) RGB, coloured by region; missing ones are left out."""
    import cv2

    at = np.where(np.isfinite(points), points, -1e4)
    radius = max(round(_face_width(points) / 110), 1)
    for region, color in COLORS.items():
        for x, y in at[face.REGIONS[region]]:
            if abs(x) < 1e4 and abs(y) < 1e4:
                centre = (round(float(x) * 16), round(float(y) * 16))
                cv2.circle(image, centre, radius * 16, color, cv2.FILLED, cv2.LINE_AA, shift=4)


class MouthTrace:
    """The strip under the clip: mouth opening over the whole recording, faint until it has been; repetitions shaded.

    landmarks: (T, 68, D); the opening is the distance between the inner lips at the mid-line, in mm or px. Where they
    have an envelope of the sound (`recording.sound`) it stands behind, from the ground up to its own maximum.
    """

    def __init__(self, landmarks: Landmarks, repetitions: Sequence[Repetition], width: int) -> None:
        times = landmarks.timestamps_s
        self.opening = geometry.distance(landmarks.points, face.LIP_TOP_INNER, face.LIP_BOTTOM_INNER)
        self._known, self._unit, self._width = LandmarksAt(landmarks), landmarks.unit, width
        self._start_s = float(times[0]) if len(times) else 0.0
        self._length_s = max(float(times[-1]) - self._start_s, 1e-9) if len(times) else 1.0
        self._envelope = landmarks.extras.get(sound.EXTRA)
        finite = self.opening[np.isfinite(self.opening)]
        self._low, self._high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        self._faint = self._strip(times, repetitions, FAINT)
        self._done = self._strip(times, repetitions, INK)

    def x(self, timestamp_s: float) -> int:
        """Column (px) of a time."""
        return int(np.clip((timestamp_s - self._start_s) / self._length_s, 0, 1) * (self._width - 1))

    def at(self, timestamp_s: float) -> np.ndarray:
        """(TRACE_HEIGHT_PX, width, 3) uint8 RGB: the strip at a time."""
        now, strip = self.x(timestamp_s), self._faint.copy()
        strip[:, : now + 1] = self._done[:, : now + 1]
        strip[:, now] = CURSOR
        at = self._known.position(timestamp_s)
        value = float("nan") if at is None else float(self.opening[at])
        shown = "mouth opening missing" if np.isnan(value) else f"mouth opening {value:.1f} {self._unit}"
        _write(strip, shown, (6, 14))
        return strip

    def _strip(self, times: np.ndarray, repetitions: Sequence[Repetition], color: tuple[int, int, int]) -> np.ndarray:
        import cv2

        strip = np.full((TRACE_HEIGHT_PX, self._width, 3), BACKGROUND, np.uint8)
        for repetition in repetitions:
            first, last = self.x(times[repetition.start]), self.x(times[repetition.stop - 1])
            strip[20 : TRACE_HEIGHT_PX - 16, first : last + 1] = SHADE
            strip[20 : TRACE_HEIGHT_PX - 16, [first, last]] = FAINT
            _write(strip, str(repetition.index + 1), (first + 3, TRACE_HEIGHT_PX - 20))
        self._draw_sound(strip, times)
        heights = (self.opening - self._low) / max(self._high - self._low, 1e-9)
        rows = (TRACE_HEIGHT_PX - 20) - heights * (TRACE_HEIGHT_PX - 46)
        columns = (times - self._start_s) / self._length_s * (self._width - 1)
        for line in _unbroken(np.stack([columns, rows], axis=1)):
            cv2.polylines(strip, [np.round(line * 16).astype(np.int32)], False, color, 1, cv2.LINE_AA, shift=4)
        _write(strip, f"{self._low:.1f} - {self._high:.1f} {self._unit}   {FOOTER}", (6, TRACE_HEIGHT_PX - 5), FAINT)
        return strip

    def _draw_sound(self, strip: np.ndarray, times: np.ndarray) -> None:
        loud = self._envelope
        if loud is None or not np.nanmax(loud, initial=0.0) > 0:
            return
        ground = TRACE_HEIGHT_PX - 17
        tops = ground - np.nan_to_num(loud / np.nanmax(loud)) * (ground - 22)
        columns = np.arange(self._width)
        at = np.interp(columns, (times - self._start_s) / self._length_s * (self._width - 1), tops)
        rows = np.arange(TRACE_HEIGHT_PX)[:, None]
        strip[(rows >= at) & (rows < ground)] = SOUND
        _write(strip, "sound", (self._width - 50, 14), SOUND)


def _unbroken(points: np.ndarray) -> list[np.ndarray]:
    """Runs of points (n, 2) between missing ones."""
    gone = ~np.isfinite(points).all(axis=1)
    runs = np.split(points, np.flatnonzero(gone))
    return [run for run in (r[np.isfinite(r).all(axis=1)] for r in runs) if len(run)]


def _face_width(points: np.ndarray) -> float:
    x = points[np.isfinite(points).all(axis=1), 0]
    return float(x.max() - x.min()) if len(x) else 0.0


def _rate(recording: Recording) -> float:
    """Frames/s of the clip, over its first 30 frames."""
    assert recording.video is not None
    times = np.array([frame.timestamp_s for frame in recording.video.frames(0, 30)])
    if not len(times):
        raise DataError(f"{recording.name} has no frames to draw on.")
    return (len(times) - 1) / float(times[-1] - times[0]) if len(times) > 1 else 1.0


def _write(image: np.ndarray, text: str, at: tuple[int, int], color: Any = INK) -> None:
    import cv2

    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, BACKGROUND, 3, cv2.LINE_AA)
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, color, 1, cv2.LINE_AA)
