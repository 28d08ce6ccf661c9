"""One face at one time: what is stored for a missing point is made missing, rows of one time are merged, and the rest
must be a face (`neuroface.plausible`). Every reader of landmarks passes through here: by `on_one_clock`, or by `a_face`
where single frames were chosen, each by its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neuroface import face, plausible
from neuroface.errors import DataError
from neuroface.types import Landmarks, Space

# What files hold, in all coordinates of a point, where there is no point; 0 besides.
CODES = (-1.0, -9.0, -99.0, -999.0, -9999.0, 9999.0, 99999.0)
SMALLEST_OF_LARGE = min(code for code in CODES if code > 0)
FAR = 6.0  # of the distance of the eyes: a face, its own noise included, is within two
SAME_FACE = 0.3  # of the distance of the eyes: a face that moved less between two rows of one time is one face
MERGED_SHARE = 0.05  # of the frames: more rows of one time that differ are no slip but a clock too coarse
SURER_SHARE = 0.25  # of the frames: more second faces are a second person


def on_one_clock(
    points: np.ndarray,
    timestamps_s: np.ndarray,
    *,
    space: Space,
    declare: str = plausible.CONVERT,
    fps: float | None = None,
    in_seconds: bool = False,
    size: tuple[int, int] | None = None,
    codes: Sequence[float] = (0.0, *CODES),
    **more: Any,
) -> tuple[Landmarks, np.ndarray, dict[str, int]]:
    """Landmarks that are a face at increasing times, the new index of each old frame, and what was counted.

    points: (T, 68, D); timestamps_s: (T,); more: `score`, `depth`, `fitted_on`, `extras` as in Landmarks. declare, fps,
    in_seconds: see `plausible`; size: (width, height) px of the image that the points must be of. Of frames with the
    same time that are copies the first is kept; of those that differ the one that is seen, else the surer one. Errors:
    DataError when there is no frame, no point anywhere, time runs backwards, one time has two different faces and no
    score tells which, or the points are no face.
    """
    if not len(points):
        raise DataError("has no frames")
    if len(points) != len(timestamps_s):
        raise DataError(f"has {len(points)} frames but {len(timestamps_s)} timestamps")
    if points.ndim != 3 or points.shape[1] != face.N_POINTS or points.dtype.kind not in "fiu":
        raise DataError(
            f"has points of {points.dtype}, shape {points.shape}; numbers (T, 68, 2) or (T, 68, 3) are needed"
        )
    points, counts = without_codes(points, space, codes)
    if not (np.isfinite(points[0]).any() or np.isfinite(points).any()):  # mostly the first frame tells
        zeros = " or stored as a number such as 0" if counts else ""
        raise DataError(f"has no landmark in any of its {len(points)} frames; all are missing{zeros}")
    points = _without_strays(points, counts)
    steps = np.diff(timestamps_s)
    backwards = np.flatnonzero(steps < 0)
    if len(backwards):
        at = int(backwards[0])
        raise DataError(
            f"timestamps run backwards {len(backwards)} times, first at frame {at + 1} "
            f"({timestamps_s[at + 1]:.3f} s after {timestamps_s[at]:.3f} s); put the frames in order of time"
        )
    index = np.r_[0, np.cumsum(steps != 0)]
    if index[-1] + 1 < len(points):
        kept = _kept(points, timestamps_s, index, more.get("score"), counts)
        points, timestamps_s = points[kept], timestamps_s[kept]
        more = {name: _rows(value, kept) for name, value in more.items()}
    landmarks = Landmarks(points=points, timestamps_s=timestamps_s, space=space, **more)
    plausible.check_landmarks(landmarks.points, pixels=space == "pixel", from_camera=space == "camera", declare=declare)
    if size is not None:
        _count_outside(landmarks.points, size, declare, counts)
    plausible.check_clock(landmarks.timestamps_s, fps=fps, declared=in_seconds, declare=declare)
    return landmarks, index, counts


def _rows(value: Any, kept: np.ndarray) -> Any:
    """Of an array, or of each in a mapping, the frames that are kept; anything else as it is."""
    if isinstance(value, Mapping):
        return {name: one[kept] for name, one in value.items()}
    return value[kept] if isinstance(value, np.ndarray) else value


def a_face(
    points: np.ndarray,
    *,
    space: Space,
    declare: str = plausible.CONVERT,
    size: tuple[int, int] | None = None,
    codes: Sequence[float] = (0.0, *CODES),
) -> tuple[np.ndarray, dict[str, int]]:
    """Points of chosen frames, (T, 68, D), those missing that are stored as a number; and what was counted.

    Frames without any point stay. Errors: DataError for points that are no face.
    """
    points, counts = without_codes(points, space, codes)
    points = _without_strays(points, counts)
    plausible.check_landmarks(points, pixels=space == "pixel", from_camera=space == "camera", declare=declare)
    if size is not None:
        _count_outside(points, size, declare, counts)
    return points, counts


def _count_outside(points: np.ndarray, size: tuple[int, int], declare: str, counts: dict[str, int]) -> None:
    """Points outside the picture, to be told: they may be of a picture of another size."""
    if outside := plausible.check_picture(points, size, declare=declare):
        counts["points_outside_the_picture"] = outside


def without_codes(
    points: np.ndarray, space: Space, codes: Sequence[float] = (0.0, *CODES)
) -> tuple[np.ndarray, dict[str, int]]:
    """The points with those missing that a file stores as zeros, as -1 or 9999, or all in one place; counted.

    A point in the camera's own plane (z of 0) was never measured. In the head's space the origin may be a landmark:
    what is at 0 in every frame stays.
    """
    last = np.ascontiguousarray(points[..., -1])
    coded = np.zeros(last.shape, dtype=bool)
    # most files hold none: the codes lie at both ends of what a coordinate can be
    ends = (last <= 0) | (last >= SMALLEST_OF_LARGE)
    for code in codes if ends.any() else ():
        found = last == code
        if not found.any():
            continue
        if space != "camera" or code:
            found &= (points == code).all(axis=-1)
        if space == "head" and code == 0:
            found &= ~found.all(axis=0)
        coded |= found
    right, left = points[:, face.CANTHUS_RIGHT_OUTER], points[:, face.CANTHUS_LEFT_OUTER]
    for frame in np.flatnonzero(right[:, 0] == left[:, 0]):
        coded[frame] |= (points[frame] == right[frame]).all()
    if not coded.any():
        return points, {}
    points = np.array(points, dtype=float)
    points[coded] = np.nan
    whole = int(coded.all(axis=1).sum())
    counts = {"frames_stored_as_0": whole, "points_stored_as_0": int(coded.sum()) - whole * face.N_POINTS}
    return points, {name: count for name, count in counts.items() if count}


def _without_strays(points: np.ndarray, counts: dict[str, int]) -> np.ndarray:
    """The points with those missing that lie far above, below or (in mm) before or behind the eyes; counted."""
    right, left = points[:, face.CANTHUS_RIGHT_OUTER], points[:, face.CANTHUS_LEFT_OUTER]
    apart = np.sqrt(((left - right) ** 2).sum(axis=1))
    if np.isnan(apart).all():
        return points
    stray = np.abs(points[..., -1] - (right[:, -1:] + left[:, -1:]) / 2) > FAR * np.nanmedian(apart)
    if stray.any():
        points = np.array(points, dtype=float)
        points[stray] = np.nan
        counts["points_far_from_the_face"] = int(stray.sum())
    return points


def _kept(
    points: np.ndarray, timestamps_s: np.ndarray, index: np.ndarray, score: np.ndarray | None, counts: dict[str, int]
) -> np.ndarray:
    """(n,) the frame to keep of each time; counts what was merged. index: (T,) number of each frame's time."""
    first = np.searchsorted(index, np.arange(index[-1] + 1))
    last = np.append(first[1:], len(index))
    kept, coarse, surer, double = first.copy(), 0, 0, []
    for number in np.flatnonzero(last - first > 1):
        rows = range(first[number], last[number])
        seen = [row for row in rows if np.isfinite(points[row]).any()] or [first[number]]
        kept[number] = seen[0]
        others = [row for row in seen if not np.array_equal(points[row], points[seen[0]], equal_nan=True)]
        if not others:
            continue
        best = _surest(score, [seen[0], *others])
        if best is not None:
            kept[number], surer = best, surer + 1
        elif all(_same_face(points[seen[0]], points[row]) for row in others):
            coarse += 1
        else:
            double.append(number)
    if double and len(double) + coarse > len(first) / 2:
        raise DataError(
            f"{len(double) + coarse} of {len(first)} times have rows that differ: the clock seems to count whole "
            "seconds, or two faces are in the file; give each frame its own time, and keep the rows of one person"
        )
    if double:
        raise DataError(
            f"{len(double)} times have two different faces, first at {timestamps_s[first[double[0]]]:.3f} s, "
            "and no score says which is the person's; keep one row for each time"
        )
    if coarse > max(1, MERGED_SHARE * len(first)):
        raise DataError(
            f"{coarse} of {len(first)} times have rows that differ: the clock seems to count whole seconds or to be "
            "rounded; give each frame its own time, or none and the frame rate"
        )
    if surer > max(1, SURER_SHARE * len(first)):
        raise DataError(
            f"{surer} of {len(first)} times have two different faces: a second person, or two recordings in one file; "
            "keep the rows of one person"
        )
    merged = {"frames_merged": len(points) - len(first), "second_faces_left_out": surer}
    counts.update({name: count for name, count in merged.items() if count})
    return kept


def _surest(score: np.ndarray | None, rows: list[int]) -> int | None:
    """The row with the highest mean score, or None where there is no score or two are equally sure."""
    if score is None:
        return None
    means = np.nan_to_num([np.nanmean(score[row]) if np.isfinite(score[row]).any() else 0.0 for row in rows])
    order = np.argsort(means)
    return rows[order[-1]] if means[order[-1]] > means[order[-2]] else None


def _same_face(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two rows (68, D) can be one face that moved a little."""
    apart = np.linalg.norm(a[face.CANTHUS_LEFT_OUTER] - a[face.CANTHUS_RIGHT_OUTER])
    return bool(np.nanmax(np.linalg.norm(a - b, axis=-1), initial=0.0) < SAME_FACE * apart)
