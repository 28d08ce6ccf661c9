"""Is this a face, in these units, at this speed? Asked of all landmarks that come from outside, by one check.

A wrong unit passes through every formula without an error: metres give an opening of 0.02 "mm", a clock in ms a speed a
thousand times too small. What no face before a camera can be is refused with the likely cause and the key that declares
it. The bounds are wide: babies to adults, noisy depth, small faces, 2.5 to 1000 frames/s.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neuroface import face
from neuroface.errors import DataError

CONVERT = "convert them"  # what to do where a reader has no key for it

# Outer canthi: 59 to 73 mm apart in newborns, 80 to 110 in adults (Feingold & Bossert, Birth Defects 1974; Farkas,
# Anthropometry of the Head and Face, 1994). A third is left to either side for depth that is noisy or nominal.
EYES_MM = (40.0, 160.0)
FACE_PX = (4.0, 20_000.0)  # less than 4 px cannot be measured; more than any camera has
PART_MM = (20.0, 400.0)  # from a mouth alone, of which a corner is missing, to a head with its shoulders' noise
FEWEST_POINTS = 8  # of a frame, from which their extent says something
BESIDE = 0.1  # of the image: so far beyond its edge a landmark of a face that is cut off may be placed
LARGE_PX = 240  # of an image in which nobody sits within the first 100 px all the time
DISTANCE_MM = (50.0, 20_000.0)  # of the eyes from the camera: from a phone at the nose to the end of a hall
INTERVAL_S = (1 / 1100, 0.4)  # between frames: 2.5 to 1000 a second, and no clock that counts minutes
SPARSE_S = 10.0  # between frames that somebody chose to mark, where the clock is declared to be in seconds
LOOKS = 64  # frames that are looked at, evenly over the recording
TURNED = 0.2  # sine of the angle from which a face counts as turned over: not noise, not profile
AXES = (("right", "left"), ("down", "up"), ("away", "toward"))  # where x, y and z point, ours first

# the unit that the points seem to be in, by the outer canthi's distance in it, and how it is declared
LENGTHS: Sequence[tuple[str, float, str]] = (
    ("metres", 0.001, "m"),
    ("centimetres", 0.1, "cm"),
    ("micrometres", 1000.0, "um"),
)
# the unit that a clock seems to be in, by the fraction of a second that it counts, and how it is declared
CLOCKS: Sequence[tuple[str, float, str]] = (("ms", 1e-3, "ms"), ("µs", 1e-6, "us"), ("ns", 1e-9, "ns"))


def check_landmarks(points: np.ndarray, *, pixels: bool, from_camera: bool = False, declare: str = CONVERT) -> None:
    """Refuse points that are no face in px (pixels) or mm.

    points: (T, 68, D), NaN is missing. from_camera: the origin is the camera. declare: how a key is set in this reader,
    with {key} and {value} to fill in. Errors: DataError with the likely cause.
    """
    frames = points[:: max(1, len(points) // LOOKS)]
    right, left = frames[:, face.CANTHUS_RIGHT_OUTER], frames[:, face.CANTHUS_LEFT_OUTER]
    mouth = (frames[:, face.MOUTH_CORNER_RIGHT] + frames[:, face.MOUTH_CORNER_LEFT]) / 2
    eyes, across = (left + right) / 2, left - right
    down, nose = mouth - eyes, frames[:, face.NOSE_TIP] - (left + right + mouth) / 3
    vectors = np.stack([eyes, across, down], axis=1)
    seen = np.isfinite(vectors).all(axis=(1, 2))
    if not seen.any():
        _check_extent(frames, pixels, declare)
        return
    eyes, across, down = _middle(vectors[seen])
    apart = float(_middle(np.sqrt(((left - right)[seen] ** 2).sum(axis=1))))
    if pixels:
        _check_pixels(apart, down, declare)
    else:
        _check_millimetres(apart, declare)
        if from_camera:
            _check_distance(float(eyes[2]), declare)
    _check_axes(across, down, _middle(nose[seen]), declare)


def _middle(values: np.ndarray) -> np.ndarray:
    """Upper median over the first axis; numpy's own takes longer than all else here."""
    return np.sort(values, axis=0)[len(values) // 2]


def _check_extent(frames: np.ndarray, pixels: bool, declare: str) -> None:
    """What can be said without the eyes or the mouth: how far the points of a frame that are there lie apart."""
    frames = frames[np.isfinite(frames).all(axis=2).sum(axis=1) >= FEWEST_POINTS]
    if not len(frames):
        return  # nothing to judge by; a recording without any landmark is another reader's question
    extent = float(_middle((np.nanmax(frames, axis=1) - np.nanmin(frames, axis=1)).max(axis=1)))
    told = f"the points of a frame are {extent:.3g} {'px' if pixels else 'mm'} apart at most"
    if pixels and extent < 2:
        raise DataError(f"{told}: they seem to be fractions of the image; {_how(declare, 'units', 'normalised')}")
    low, high = PART_MM
    if pixels or low <= extent <= high:
        return
    for name, mm, value in LENGTHS:
        if low <= extent / mm <= high:
            raise DataError(f"{told}: they seem to be in {name}; {_how(declare, 'units', value)}")
    raise DataError(f"{told}: this is no face in mm; look at the unit of the points, or of the depth they come from")


def _check_millimetres(apart: float, declare: str) -> None:
    low, high = EYES_MM
    if low <= apart <= high:
        return
    told = f"the outer eye corners are {apart:.3g} mm apart (an adult's: 90)"
    for name, mm, value in LENGTHS:
        if low <= apart / mm <= high:
            or_else = " or fractions of the image" if value == "m" else ""
            raise DataError(f"{told}: the points seem to be in {name}{or_else}; {_how(declare, 'units', value)}")
    raise DataError(f"{told}: this is no face in mm; look at the unit of the points, or of the depth they come from")


def _check_pixels(apart: float, down: np.ndarray, declare: str) -> None:
    extent = max(apart, float(np.linalg.norm(down)))
    low, high = FACE_PX
    if extent < low:
        told = f"the eyes are {apart:.3g} px apart and {np.linalg.norm(down):.3g} above the mouth"
        if extent < 2:
            raise DataError(
                f"{told}: the points seem to be fractions of the image, not px; {_how(declare, 'units', 'normalised')}"
            )
        raise DataError(f"{told}: a face of so few px cannot be measured; give the points in px of the image")
    if extent > high:
        raise DataError(
            f"the eyes are {apart:.3g} px apart, more than an image has; give the points in px of the image"
        )


def check_picture(points: np.ndarray, size: tuple[int, int], *, declare: str = CONVERT) -> int:
    """How many points lie well outside the picture; per cent of a picture are refused.

    Points outside are counted, not refused: tracks may be of the whole film and the picture a part of it.
    points: (T, 68, 2) px, NaN is missing. size: (width, height) px. Errors: DataError with the likely cause.
    """
    seen = points[np.isfinite(points).all(axis=2)]
    if not len(seen):
        return 0
    width, height = size
    outside = ((seen < -BESIDE * np.array(size)) | (seen > (1 + BESIDE) * np.array(size))).any(axis=1)
    if min(size) >= LARGE_PX and seen.min() >= 0 and seen.max() <= 100:
        raise DataError(
            f"all points lie within the first 100 px of an image of {width}x{height}; they seem to be per cent of it: "
            f"{_how(declare, 'units', 'percent')}, or px if they are"
        )
    return int(outside.sum())


def _check_distance(distance: float, declare: str) -> None:
    low, high = DISTANCE_MM
    if low <= distance <= high:
        return
    told = f"the eyes are {distance:.3g} mm from the camera"
    if low <= -distance <= high:
        raise DataError(f"{told}: z seems to point towards it; {_how(declare, 'axes', 'right,down,toward')}")
    if abs(distance) < low:
        raise DataError(
            f"{told}: the points seem to be about the head, or z is in another unit; {_how(declare, 'space', 'head')}"
        )
    raise DataError(f"{told}: z seems to be in another unit than x and y; {CONVERT}")


def _check_axes(across: np.ndarray, down: np.ndarray, nose: np.ndarray, declare: str) -> None:
    """Refuse a face that is its own mirror image, or seen from behind: an axis points the other way.

    across: (D,) from the person's right eye to the left; down: from the eyes to the mouth; nose: from the plane of both
    to the tip of the nose. However a head turns before a camera, these keep their order as three
    fingers of one hand do.
    """
    if len(nose) == 2:
        # by the height of the face, not by the distance of the eyes, which a profile hides
        turned = (across[0] * down[1] - across[1] * down[0]) / (down @ down) < -TURNED
    else:
        cross = np.cross(across, down)
        area = float(np.linalg.norm(cross))
        turned = area > 0 and (cross[2] / area < -TURNED or (nose @ cross) / area > TURNED * np.linalg.norm(down) / 2)
    if not turned:
        return
    if len(nose) == 2 and abs(across[1]) > abs(across[0]) and abs(down[0]) > abs(down[1]):
        raise DataError("the face is mirrored about its diagonal: x and y seem to be swapped; swap them back")
    wrong = [across[0] < 0, down[1] < 0, len(nose) == 3 and nose[2] > 0]
    if not any(wrong):
        raise DataError("the face is its own mirror image: two axes seem to be swapped; swap them back")
    value = ",".join(pair[bool(turned)] for pair, turned in zip(AXES[: len(nose)], wrong, strict=False))
    names = [
        f"{axis} seems to point {pair[1]}" for axis, pair, turned in zip("xyz", AXES, wrong, strict=True) if turned
    ]
    raise DataError(f"the face is mirrored or seen from behind: {' and '.join(names)}; {_how(declare, 'axes', value)}")


def check_clock(
    timestamps_s: np.ndarray, *, fps: float | None = None, declared: bool = False, declare: str = CONVERT
) -> None:
    """Refuse a clock that no recording of a face has, in seconds.

    timestamps_s: (T,) s, increasing. fps: what else is said of the frame rate. declared: somebody said that the clock
    is in seconds; then frames may be far apart, chosen ones. Errors: DataError with the likely cause.
    """
    if len(timestamps_s) < 2:
        return
    interval = float(_middle(np.diff(timestamps_s)))
    low, high = INTERVAL_S
    agrees = fps is None or 0.5 < interval * fps < 2
    if agrees and low <= interval <= (SPARSE_S if declared else high):
        return
    told = f"timestamps advance by {interval:g} s a frame" + ("" if fps is None else f", fps is {fps:g}")
    if interval == 1:
        raise DataError(f"{told}: they seem to count frames, or whole seconds; {_how(declare, 'time_unit', 'frames')}")
    if fps is None and high < interval <= SPARSE_S:
        ms = _how(declare, "time_unit", "ms")
        raise DataError(f"{told}, too seldom to follow a face: if they are in ms, {ms}; if frames were chosen, say s")
    for name, seconds, value in CLOCKS:
        fits = low <= interval * seconds <= high if fps is None else 0.5 < interval * seconds * fps < 2
        if fits:
            raise DataError(f"{told}: they seem to be in {name}; {_how(declare, 'time_unit', value)}")
    raise DataError(f"{told}: this is no clock in seconds; {CONVERT}")


def _how(declare: str, key: str, value: str) -> str:
    return declare.format(key=key, value=value)
