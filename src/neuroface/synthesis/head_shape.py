"""The skin of a head between the 68 landmarks: its neutral relief, and how triangles cover it.

The skin is laid out flat as a globe is on a map: longitude u and latitude v about the middle of the head, both in mm on
a sphere of RADIUS_MM, with the mouth held open so that the two lips are apart. On that layout thin-plate splines give
every vertex its place from the landmarks and from points of relief that no landmark scheme has (forehead, cheeks, sides
of the nose). Those points are drawn by eye, like the depths in face_model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from neuroface import face
from neuroface.synthesis import face_model, thin_plate

CENTRE_YZ_MM, RADIUS_MM = (10.0, 80.0), 90.0
LAYOUT_JAW_DEG = 9.0  # how far the mouth is open in the layout
CURVE_STEPS = 4  # vertices per segment of the outlines of lips and eyes

# Relief of the right half and the mid-line: x, y, z (mm, face axes) and the share of the jaw's turn they follow.
_RELIEF = np.array(
    [
        # forehead, up to the crown
        (0, -20, -11, 0), (0, -33, -9.5, 0), (0, -48, -7, 0), (0, -64, -0.5, 0), (0, -80, 13, 0), (0, -95, 36, 0),
        (-28, -40, -4.5, 0), (-30, -60, 2.5, 0), (-29, -77, 18, 0), (-28, -90, 38, 0),
        (-47, -36, 8, 0), (-50, -56, 20, 0), (-48, -72, 36, 0), (-44, -85, 56, 0),
        (-61, -32, 36, 0), (-62, -52, 48, 0), (-59, -68, 62, 0),
        (-67, -28, 70, 0), (-68, -48, 78, 0),
        # temple and cheekbone
        (-60, -10, 26, 0), (-66, -8, 52, 0), (-67, -14, 78, 0),
        (-57, 12, 22, 0), (-64, 14, 50, 0), (-67.5, 6, 86, 0), (-66, 28, 84, 0.05),
        # eye socket
        (-12.5, -3, -3, 0), (-20, -10.5, -2.5, 0), (-30, -12, -0.5, 0), (-40, -11, 5, 0), (-49, -6, 13, 0),
        (-20, 9, -0.5, 0), (-30, 11.5, 0, 0), (-40, 10, 5.5, 0), (-49, 6, 14, 0),
        # cheek
        (-20, 20, -4, 0), (-31, 22, -2, 0), (-44, 22, 7, 0), (-24, 34, -4, 0), (-37, 36, 0.5, 0), (-51, 36, 17, 0),
        (-59, 40, 42, 0.1), (-27, 50, -4, 0.05), (-40, 54, 5, 0.2), (-52, 58, 26, 0.3), (-36, 70, 2.5, 0.45),
        (-46, 74, 19, 0.55),
        # nose
        (-7.5, -5, -5, 0), (-7, 8, -10, 0), (-8.5, 20, -13.5, 0), (-10.5, 29, -15, 0), (-5.5, 33, -28.5, 0),
        (-9.5, 37.5, -22, 0), (-15.5, 36.5, -11.5, 0), (-20.5, 40, -4, 0), (-20, 47, -5, 0), (0, 42.5, -24, 0),
        (-14.5, 25, -7, 0),
        # between nose and mouth, and the red of the lips
        (0, 54, -14.4, 0), (-4.5, 55, -15.2, 0), (-12, 54.5, -11.5, 0), (-21, 60, -6.5, 0.05),
        (0, 65, -17.0, 0), (-8.5, 64.6, -15.8, 0),
        (0, 73, -16.9, 1), (-8.5, 72.6, -15.8, 0.97), (-16, 71.2, -11.8, 0.85),
        # chin and below
        (0, 85, -9.8, 1), (-13, 84, -8.2, 1), (-24, 80, -4.5, 0.8), (0, 99, -14, 1), (-12, 98, -11.5, 1),
        (-26, 93, -2, 0.95), (-38, 86, 9, 0.8),
        (0, 116, 22, 1), (-22, 109, 28, 0.95), (-40, 92, 48, 0.8), (-52, 72, 68, 0.5), (-60, 50, 84, 0.2),
    ],
    dtype=float,
)  # fmt: skip
# Relief that no muscle moves: everything this far up or back.
_STILL_ABOVE_Y, _STILL_BEHIND_Z = -45.0, 60.0


@dataclass(frozen=True, eq=False)
class HeadShape:
    """Skin of a head, the same for everybody: vertices 0..67 are the landmarks.

    layout: (V, 2) mm. triangles: (F, 3) vertices; (b - a) x (c - a) points out of the head. relief: (R, 3) mm neutral
    points of relief. from_controls: (V, 68 + R) neutral vertices from neutral landmarks and relief.
    relief_from_landmarks: (R, 68) how the relief follows a face of another shape. motion: (V, 68) how vertices follow
    the landmarks as they move.
    """

    layout: np.ndarray
    triangles: np.ndarray
    relief: np.ndarray
    from_controls: np.ndarray
    relief_from_landmarks: np.ndarray
    motion: np.ndarray

    def neutral(self, landmarks: np.ndarray) -> np.ndarray:
        """(V, 3) mm, face axes: the skin of the person whose neutral landmarks, (68, 3) mm, these are."""
        relief = self.relief + self.relief_from_landmarks @ (landmarks - face_model.NEUTRAL)
        return self.from_controls @ np.vstack([landmarks, relief])


@cache
def head_shape() -> HeadShape:
    """The one head shape; computed once."""
    relief = np.vstack([_RELIEF, _RELIEF[_RELIEF[:, 0] < 0] * [-1, 1, 1, 1]])
    landmark_sites = layout_of(_jaw_opened(face_model.NEUTRAL, face_model.JAW_WEIGHTS))
    relief_sites = layout_of(_jaw_opened(relief[:, :3], relief[:, 3]))
    controls = np.vstack([landmark_sites, relief_sites])
    outlines = [weight @ landmark_sites for weight in _outline_weights(landmark_sites)]
    layout = np.vstack([landmark_sites, *outlines, _red_of_lips(landmark_sites), relief_sites])
    layout = np.vstack([layout, _filler(layout, controls)])
    still = (relief[:, 1] < _STILL_ABOVE_Y) | ((relief[:, 2] > _STILL_BEHIND_Z) & (relief[:, 3] < 0.1))
    motion_sites = np.vstack([landmark_sites, relief_sites[still]])
    from_controls, motion = thin_plate.weights(controls, layout), thin_plate.weights(motion_sites, layout)
    # landmarks exactly, not to rounding; outlines between them by landmarks alone, so that closed lips stay closed
    by_landmarks = np.vstack([np.eye(face.N_POINTS), *_outline_weights(landmark_sites)])
    n = len(by_landmarks)
    from_controls[:n], motion[:n] = 0.0, 0.0
    from_controls[:n, : face.N_POINTS] = motion[:n, : face.N_POINTS] = by_landmarks
    return HeadShape(
        layout=layout,
        triangles=_triangles(layout, landmark_sites),
        relief=relief[:, :3],
        from_controls=from_controls,
        relief_from_landmarks=thin_plate.weights(landmark_sites, relief_sites),
        motion=np.ascontiguousarray(motion[:, : face.N_POINTS]),
    )


def layout_of(points: np.ndarray) -> np.ndarray:
    """(n, 2) mm: longitude and latitude times RADIUS_MM of points (n, 3) mm, face axes."""
    x, y, z = points[:, 0], points[:, 1] - CENTRE_YZ_MM[0], CENTRE_YZ_MM[1] - points[:, 2]
    return RADIUS_MM * np.column_stack([np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))])


def _outline_weights(landmark_sites: np.ndarray) -> list[np.ndarray]:
    """(k, 68) each: smooth curves of outer lips, inner lips and eyes as weights of landmarks; landmarks left out."""
    out = []
    for loop in (face.MOUTH_OUTER, face.MOUTH_INNER, face.EYE_RIGHT, face.EYE_LEFT):
        weight = _between(landmark_sites[loop])
        out.append(np.zeros((len(weight), face.N_POINTS)))
        out[-1][:, loop] = weight
    return out


def _red_of_lips(landmark_sites: np.ndarray) -> np.ndarray:
    """(14, 2) mm: points half way between the outer and the inner outline of the lips: the red keeps its relief."""
    share = np.linspace(0.25, 0.75, 7)  # nearer the corners the lips are too thin for a third row
    halves = []
    for loop in (face.MOUTH_OUTER, face.MOUTH_INNER):
        outline = opening(landmark_sites, loop)
        half = len(outline) // 2  # both loops start at the right corner and pass the left one half way
        halves.append([_along(path, share) for path in (outline[: half + 1], np.vstack([outline[half:], outline[:1]]))])
    (outer_top, outer_bottom), (inner_top, inner_bottom) = halves
    return np.vstack([outer_top + inner_top, outer_bottom + inner_bottom]) / 2


def _along(path: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(k, 2): points at the given shares of the length of a path (n, 2)."""
    length = np.r_[0.0, np.cumsum(np.hypot(*np.diff(path, axis=0).T))]
    return np.column_stack([np.interp(share * length[-1], length, path[:, axis]) for axis in range(2)])


def opening(landmark_sites: np.ndarray, loop: np.ndarray) -> np.ndarray:
    """(k, 2) mm: the whole smooth outline through a closed loop of landmarks, in order."""
    corners = landmark_sites[loop]
    between = (_between(corners) @ corners).reshape(len(corners), CURVE_STEPS - 1, 2)
    return np.concatenate([corners[:, None], between], axis=1).reshape(-1, 2)


def _between(corners: np.ndarray) -> np.ndarray:
    """(n * (CURVE_STEPS - 1), n): Catmull-Rom points between the corners (n, 2) of a closed curve, as weights."""
    n = len(corners)
    here = np.eye(n)
    before, after, beyond = (np.roll(here, -k, axis=0) for k in (-1, 1, 2))
    # at the two ends of the opening (least and largest u) the curve turns sharply: no tangent there
    ends = np.isin(np.arange(n), [corners[:, 0].argmin(), corners[:, 0].argmax()])[:, None]
    tangent = np.where(ends, 0.0, (after - before) / 2)
    tangent_after = np.where(np.roll(ends, -1), 0.0, (beyond - here) / 2)
    t = (np.arange(1, CURVE_STEPS) / CURVE_STEPS)[:, None, None]
    curve = (2 * t**3 - 3 * t**2 + 1) * here + (t**3 - 2 * t**2 + t) * tangent
    curve = curve + (3 * t**2 - 2 * t**3) * after + (t**3 - t**2) * tangent_after
    return curve.swapaxes(0, 1).reshape(-1, n)


def _jaw_opened(points: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(n, 3) mm: points turned about the jaw's axis by their share, (n,), of LAYOUT_JAW_DEG."""
    angle = np.radians(LAYOUT_JAW_DEG) * weight
    (axis_y, axis_z), out = face_model.JAW_AXIS_YZ, points.copy()
    y, z = points[:, 1] - axis_y, points[:, 2] - axis_z
    out[:, 1] = axis_y + np.cos(angle) * y - np.sin(angle) * z
    out[:, 2] = axis_z + np.sin(angle) * y + np.cos(angle) * z
    return out


def _filler(taken: np.ndarray, controls: np.ndarray) -> np.ndarray:
    """(k, 2) mm: mirror-symmetric vertices between those there are; finer about mouth, nose and eyes."""
    from matplotlib.path import Path
    from scipy.spatial import ConvexHull, cKDTree

    hull = ConvexHull(controls)
    lips = Path(opening(controls[: face.N_POINTS], face.MOUTH_OUTER))
    out: list[np.ndarray] = []
    for spacing, fine in ((5.5, True), (10.5, False)):
        rows = np.arange(-110.0, 130.0, spacing * np.sqrt(0.75))
        u = np.arange(0.0, 170.0, spacing)
        shifts = spacing / 2 * (np.arange(len(rows)) % 2)
        sites = np.column_stack([(u + shifts[:, None]).ravel(), np.repeat(rows, len(u))])
        near = (np.abs(sites[:, 0]) < 55) & (sites[:, 1] > -35) & (sites[:, 1] < 85)
        sites = sites[(near == fine) & (sites @ hull.equations[:, :2].T + hull.equations[:, 2] < -1.0).all(axis=1)]
        sites = sites[((sites[:, 0] == 0) | (sites[:, 0] > spacing / 3)) & ~lips.contains_points(sites)]
        apart, _ = cKDTree(np.vstack([taken, *out])).query(sites)
        sites = sites[apart > 0.7 * spacing]
        out += [sites, sites[sites[:, 0] > 0] * [-1.0, 1.0]]
    return np.vstack(out)


def _triangles(layout: np.ndarray, landmark_sites: np.ndarray) -> np.ndarray:
    """(F, 3): Delaunay triangles of the layout without those in the openings of mouth and eyes."""
    from matplotlib.path import Path
    from scipy.spatial import Delaunay

    triangles = Delaunay(layout).simplices
    centre = layout[triangles].mean(axis=1)
    for loop in (face.MOUTH_INNER, face.EYE_RIGHT, face.EYE_LEFT):
        inside = Path(opening(landmark_sites, loop)).contains_points(centre)
        triangles, centre = triangles[~inside], centre[~inside]
    a, b, c = (layout[triangles[:, k]] for k in range(3))
    turn = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    triangles = triangles[np.abs(turn) > 1e-3]
    return np.where((turn[np.abs(turn) > 1e-3] > 0)[:, None], triangles[:, ::-1], triangles).astype(np.int32)
