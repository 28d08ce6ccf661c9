"""Is this the depth of a face, in this unit? Asked wherever depth turns pixels into millimetres."""

from __future__ import annotations

import warnings

import numpy as np

from neuroface import face
from neuroface.errors import DataError
from neuroface.types import Camera

# Distances in an adult face, mm: means of men and women, Farkas, "Anthropometry of the Head and Face", 1994 (biocular
# and intercanthal width, width of the mouth, morphological face height, rounded to what serves a factor of two).
ADULT_MM = {
    (face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER): 90.0,
    (face.CANTHUS_RIGHT_INNER, face.CANTHUS_LEFT_INNER): 33.0,
    (face.MOUTH_CORNER_RIGHT, face.MOUTH_CORNER_LEFT): 52.0,
    (int(face.NOSE_BRIDGE[0]), face.CHIN): 117.0,
}
# A child of two has about .8 of these; a unit that was mistaken is wrong by four or more.
SMALLEST, LARGEST = 0.5, 2.0
# No depth camera sees nearer (RealSense D405: 70 mm), nor a face from farther.
NEAREST_MM, FARTHEST_MM = 50.0, 10_000.0
# Metres in one raw unit of common cameras: D400, SR300, L515, D405, and depth that was written in cm or in metres.
SCALES_M = (1e-3, 1.25e-4, 2.5e-4, 1e-4, 1e-2, 1.0)
# 8 bits end here. Depth cut off there has many points at that value and none beyond it.
TOP_8_BITS, AT_TOP = 255, 0.2
# Byte order is judged on images of more than this many values: a wall at one distance has no order.
FEWEST_VALUES = 16
# Neighbours in an image whose bytes are swapped differ by 256 times as much. Edges are rough both ways.
ROUGHER = 8.0
ROWS_APART = 4
LIKE_THE_CAMERA = "export the frames again as 16-bit PNG from the camera's 16-bit values"


def check_image(depth: np.ndarray) -> None:
    """DataError when a depth image (h, w), 0 is missing, has its bytes the wrong way round or only 8 bits.

    Images of real numbers, which no camera writes, pass.
    """
    if depth.dtype != np.uint16:
        return
    rows = depth[::ROWS_APART]
    values = np.unique(rows[rows > 0])
    for step, how in ((256, "in the upper byte"), (257, "stretched to 16")):
        if len(values) > 1 and not (values % step).any():
            raise DataError(f"depth has 8 bits only, {how}: every value is a multiple of {step}; {LIKE_THE_CAMERA}")
    if len(values) > FEWEST_VALUES and _roughness(rows) > ROUGHER * _roughness(rows.byteswap()):
        raise DataError(
            f"neighbouring depths differ by {_roughness(rows):.0f} units on average, and by "
            f"{_roughness(rows.byteswap()):.0f} with the bytes of each swapped: the two bytes were written the wrong "
            f"way round (PNG is big-endian, cameras are not); {LIKE_THE_CAMERA}"
        )


def check_face(points_mm: np.ndarray, depth: np.ndarray, camera: Camera, *, key: str) -> None:
    """DataError, with the likely cause, when landmarks lifted by their depth are not those of a face.

    points_mm: (T, 68, 3) camera frame. depth: (T, 68) raw units, 0 or NaN is missing. camera: whose depth_unit_mm the
    lift used. key: what declares that unit.
    """
    known = np.isfinite(points_mm).all(axis=2)
    if not known.any():
        raise DataError(
            f"none of its {len(points_mm)} frames has depth under a landmark; are landmarks, colour and depth of one "
            "recording and one size? Set lift=none to go on in 2-D"
        )
    raw = depth[known]
    if raw.max() <= TOP_8_BITS + 1 and (np.abs(raw - TOP_8_BITS) <= 1).mean() >= AT_TOP:
        share = 100 * (np.abs(raw - TOP_8_BITS) <= 1).mean()
        raise DataError(f"depth is cut off at 255 units, in {share:.0f} % of the points: 8 bits; {LIKE_THE_CAMERA}")
    away_mm, size = float(np.median(points_mm[known][:, 2])), _size(points_mm)
    if NEAREST_MM <= away_mm <= FARTHEST_MM and (np.isnan(size) or SMALLEST <= size <= LARGEST):
        return
    wide = "" if np.isnan(size) else f" and {size:.2g} times as large as an adult's"
    raise DataError(
        f"by its depth the face is {away_mm / 1e3:.3g} m away{wide} (one raw unit is {camera.depth_unit_mm:g} mm); "
        f"{_likely(raw, size, away_mm, camera.depth_unit_mm, key)}"
    )


def _roughness(rows: np.ndarray) -> float:
    """Mean difference of neighbours in a row, both measured."""
    both = (rows[:, 1:] > 0) & (rows[:, :-1] > 0)
    return float(np.abs(np.diff(rows.astype(np.int32), axis=1))[both].mean()) if both.any() else 0.0


def _size(points_mm: np.ndarray) -> float:
    """How many times as large as an adult's a face is, by the distances that are known; NaN without any."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a distance that no frame knows is NaN
        ratios = [
            np.nanmedian(np.linalg.norm(points_mm[:, a] - points_mm[:, b], axis=1)) / adult
            for (a, b), adult in ADULT_MM.items()
        ]
        return float(np.nanmedian(ratios))


def _likely(raw: np.ndarray, size: float, away_mm: float, unit_mm: float, key: str) -> str:
    """What would make a face of it: other byte order, or another unit."""
    times = (away_mm / 600 if np.isnan(size) else size) or np.nan  # 600 mm: where people sit before a camera
    swapped = np.median(np.rint(raw).clip(0, 2**16 - 1).astype(np.uint16).byteswap()) / np.median(raw)
    if SMALLEST <= times * swapped <= LARGEST:
        return f"its two bytes are the wrong way round; {LIKE_THE_CAMERA}"
    scale = min(SCALES_M, key=lambda scale: abs(np.log(times * scale * 1e3 / unit_mm)))
    if SMALLEST <= times * scale * 1e3 / unit_mm <= LARGEST:
        return f"a unit of {scale * 1e3:g} mm would make it a face: set {key}"
    return f"no usual unit makes a face of it; are these the intrinsics and the depth of this recording? See {key}"
