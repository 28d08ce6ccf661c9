"""A person as one mesh that follows the landmarks: skin, eyes, mouth, teeth, hair, ears, neck and torso; face axes.

Surfaces behind others come first and are painted first: what lies in an opening of the skin needs no depth test.
All sizes but those of the landmarks are drawn by eye.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from neuroface import face
from neuroface.synthesis import face_model
from neuroface.synthesis.head_shape import head_shape

# Pixels of the texture: x, y of the first one, width, height. The skin's own part is its layout at SKIN_PX_MM.
SKIN_PX_MM, SKIN_FROM_MM = 3.0, np.array([-160.0, -110.0])
PATCHES: dict[str, tuple[int, int, int, int]] = {
    "skin": (0, 0, 960, 660),
    "eye": (0, 670, 170, 110),
    "cavity": (180, 670, 110, 110),
    "upper_teeth": (300, 670, 260, 60),
    "lower_teeth": (300, 735, 260, 50),
    "plain": (570, 670, 110, 110),
    "hair": (690, 670, 130, 130),
    "cloth": (830, 670, 130, 130),
}
TEXTURE_SIZE = (960, 810)
# Painted in this order; the skin last.
LAYERS = ("hair", "neck", "torso", "ears", "eyes", "cavity", "lower_teeth", "upper_teeth", "skin")
EYE_MM = np.array([17.0, 11.0])  # half width and height of the patch of eyeball behind each eye


@dataclass(eq=False)
class _Parts:
    """Surfaces as they are put together."""

    points: list[np.ndarray] = field(default_factory=list)
    motion: list[np.ndarray] = field(default_factory=list)
    uv: list[np.ndarray] = field(default_factory=list)
    triangles: list[np.ndarray] = field(default_factory=list)
    layer: list[np.ndarray] = field(default_factory=list)

    def add(
        self, layer: str, points: np.ndarray, triangles: np.ndarray, uv: np.ndarray, motion: np.ndarray | None = None
    ) -> None:
        """points: (n, 3) mm; uv: (n, 2) texture px; motion: (n, 68), none for what does not move with the face."""
        first = sum(map(len, self.points))
        self.points.append(points)
        self.motion.append(np.zeros((len(points), face.N_POINTS)) if motion is None else motion)
        self.uv.append(uv)
        self.triangles.append(triangles + first)
        self.layer.append(np.full(len(triangles), LAYERS.index(layer)))


@dataclass(frozen=True, eq=False)
class Figure:
    """One person's mesh. Vertices 0..67 are the landmarks.

    neutral: (68, 3) mm. base: (V, 3) mm, face axes. motion: (V, 68). uv: (V, 2) texture px. triangles: (F, 3) vertices.
    layer: (F,) position in LAYERS. on_torso: (V,) bool, vertices that do not turn with the head.
    """

    neutral: np.ndarray
    base: np.ndarray
    motion: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    layer: np.ndarray
    on_torso: np.ndarray

    def pose(
        self, landmarks: np.ndarray, rotation: np.ndarray, translation: np.ndarray, neck: np.ndarray
    ) -> np.ndarray:
        """(V, 3) mm, camera axes: the mesh of one frame.

        landmarks: (68, 3) mm, face axes. rotation (3, 3), translation (3,): of the head, x_camera = R x + t. neck: (3,)
        mm, face axes, the point about which the head turns on the torso.
        """
        points = self.base + self.motion @ (landmarks - self.neutral)
        points[: face.N_POINTS] = landmarks  # exactly, where adding and subtracting the neutral face would round
        out = points @ rotation.T + translation
        out[self.on_torso] = points[self.on_torso] + (rotation @ neck + translation - neck)
        return out


def build(neutral: np.ndarray, *, long_hair: bool) -> Figure:
    """The mesh of the person with these neutral landmarks, (68, 3) mm, face axes."""
    shape, parts = head_shape(), _Parts()
    parts.add("skin", shape.neutral(neutral), shape.triangles, (shape.layout - SKIN_FROM_MM) * SKIN_PX_MM, shape.motion)
    width = np.ptp(neutral[[face.JAW_RIGHT_END, face.JAW_LEFT_END], 0]) / (2 * face_model.NEUTRAL[face.JAW_LEFT_END, 0])
    size = np.array([width, 1.0, 1.0])
    _add_hair(parts, size, long_hair)
    if not long_hair:
        _add_ears(parts, size)
    _add_neck_and_torso(parts)
    _add_eyes(parts, neutral)
    _add_mouth(parts, neutral)
    layer, triangles = np.concatenate(parts.layer), np.concatenate(parts.triangles)
    on_torso = np.zeros(sum(map(len, parts.points)), dtype=bool)
    on_torso[triangles[layer == LAYERS.index("torso")]] = True
    return Figure(
        neutral=neutral,
        base=np.concatenate(parts.points),
        motion=np.concatenate(parts.motion),
        uv=np.concatenate(parts.uv),
        triangles=triangles,
        layer=layer,
        on_torso=on_torso,
    )


def _grid(columns: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares s, t (n,) of a grid of vertices, row by row, and its triangles."""
    s, t = np.meshgrid(np.linspace(0.0, 1.0, columns), np.linspace(0.0, 1.0, rows))
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    # s to the right in the image and t down: (b - a) x (c - a) then points towards the camera
    quads = [[corner, corner + columns, corner + 1], [corner + 1, corner + columns, corner + columns + 1]]
    return s.ravel(), t.ravel(), np.concatenate([np.column_stack(q) for q in quads])


def _in_patch(name: str, s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(n, 2) texture px of shares s, t (n,) of a patch, some pixels inside its border."""
    x, y, width, height = PATCHES[name]
    return np.column_stack([x + 4 + s * (width - 9), y + 4 + t * (height - 9)])


def _round_about(columns: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """sin and cos of the angle about the vertical, share t downwards, and triangles that close behind the head."""
    s, t, triangles = _grid(columns, rows)
    angle = 2 * np.pi * (s - 0.5)  # 0 in front
    return np.sin(angle), np.cos(angle), t, triangles


def _add_hair(parts: _Parts, size: np.ndarray, long_hair: bool) -> None:
    sine, cosine, t, triangles = _round_about(29, 15)
    polar = np.pi * t
    y = -np.cos(polar)
    radius = np.sin(polar)
    if long_hair:
        radius = np.where(y > 0, np.maximum(radius, 0.92), radius)
        y = np.where(y > 0, y * 1.75, y)
    points = np.column_stack([80 * radius * sine, -17 + 98 * y, 90 - 90 * radius * cosine])
    parts.add("hair", points * size, triangles, _in_patch("hair", np.abs(2 * ((sine + 1) / 2) - 1), t))


def _add_ears(parts: _Parts, size: np.ndarray) -> None:
    sine, cosine, t, triangles = _round_about(11, 7)
    radius, y = np.sin(np.pi * t), -np.cos(np.pi * t)
    for side in (-1.0, 1.0):
        depth = 92 - 15 * radius * cosine - 4 * y  # the upper end lies further back
        points = np.column_stack([side * (69 + 1.5 * (1 - y)) + 7.5 * radius * sine, 16 + 29 * y, depth])
        parts.add("ears", points * size, triangles, _in_patch("plain", (sine + 1) / 2, t))


def _add_neck_and_torso(parts: _Parts) -> None:
    sine, cosine, t, triangles = _round_about(25, 6)
    y = 60 + 150 * t
    radius = 1 + 0.25 * np.clip(t - 0.5, 0, 1)
    points = np.column_stack([53 * radius * sine, y, 70 - 46 * radius * cosine])
    parts.add("neck", points, triangles, _in_patch("plain", (sine + 1) / 2, t))
    sine, cosine, t, triangles = _round_about(33, 12)
    knots = np.linspace(0.0, 1.0, 7)
    y = np.interp(t, knots, [148, 153, 166, 186, 216, 270, 460])
    half_width = np.interp(t, knots, [57, 66, 98, 142, 182, 204, 215])
    half_depth = np.interp(t, knots, [50, 55, 66, 80, 92, 104, 120])
    points = np.column_stack([half_width * sine, y + 10 * np.maximum(cosine, 0) * (1 - t), 78 - half_depth * cosine])
    parts.add("torso", points, triangles, _in_patch("cloth", (sine + 1) / 2, t))


def _add_eyes(parts: _Parts, neutral: np.ndarray) -> None:
    s, t, triangles = _grid(13, 7)
    x, y = (2 * s - 1) * EYE_MM[0], (2 * t - 1) * EYE_MM[1]
    bulge = 11.5 * np.sqrt(np.clip(1 - (x / 18.0) ** 2 - (y / 13.0) ** 2, 0.02, 1))
    for outer, inner in (
        (face.CANTHUS_RIGHT_OUTER, face.CANTHUS_RIGHT_INNER),
        (face.CANTHUS_LEFT_OUTER, face.CANTHUS_LEFT_INNER),
    ):
        a, b = neutral[outer], neutral[inner]
        right, left = (a, b) if a[0] < b[0] else (b, a)
        middle, slope = (a + b) / 2, (left[2] - right[2]) / (left[0] - right[0])
        points = np.column_stack([middle[0] + x, middle[1] - 0.8 + y, middle[2] + 8.2 - bulge + slope * x])
        parts.add("eyes", points, triangles, _in_patch("eye", s, t))


def _add_mouth(parts: _Parts, neutral: np.ndarray) -> None:
    """A dark hollow hung on the inner lips, and two rows of teeth: the upper fixed, the lower with the chin."""
    n = len(face.MOUTH_INNER)
    ring = np.zeros((n, face.N_POINTS))
    ring[np.arange(n), face.MOUTH_INNER] = 0.6
    nearest_outer = face.MOUTH_OUTER[[0, 2, 3, 4, 6, 8, 9, 10]]  # the outer landmark beside each inner one
    ring[np.arange(n), nearest_outer] = 0.4
    middle = ring.mean(axis=0)
    rows = np.vstack([ring, 0.45 * ring + 0.55 * middle, middle])
    back = np.concatenate([np.full(n, 4.0), np.full(n, 24.0), [32.0]])[:, None] * [0.0, 0.0, 1.0]
    i, j = np.arange(n), (np.arange(n) + 1) % n
    triangles = np.concatenate(
        [
            np.column_stack([i, i + n, j]),
            np.column_stack([j, i + n, j + n]),
            np.column_stack([i + n, np.full(n, 2 * n), j + n]),
        ]
    )
    angle = 2 * np.pi * np.arange(n) / n
    radius = np.concatenate([np.full(n, 0.5), np.full(n, 0.25), [0.0]])
    s = 0.5 - radius * np.cos(np.concatenate([angle, angle, [0.0]]))
    t = 0.5 - radius * np.sin(np.concatenate([angle, angle, [0.0]]))
    parts.add("cavity", rows @ neutral + back, triangles, _in_patch("cavity", s, t), rows)
    seam = (neutral[face.LIP_TOP_INNER] + neutral[face.LIP_BOTTOM_INNER]) / 2
    s, t, triangles = _grid(15, 3)
    x = (2 * s - 1) * 23.0
    arch = seam[2] + 4.0 + 16.0 * (x / 23.0) ** 2
    with_chin = np.zeros((len(s), face.N_POINTS))
    with_chin[:, face.CHIN] = 0.92
    upper = np.column_stack([seam[0] + x, seam[1] - 7.5 + 9.3 * t, arch])
    lower = np.column_stack([seam[0] + 0.94 * x, seam[1] + 1.5 + 8.0 * t, arch + 2.5])
    parts.add("upper_teeth", upper, triangles, _in_patch("upper_teeth", s, t))
    parts.add("lower_teeth", lower, triangles, _in_patch("lower_teeth", s, t), with_chin)
