"""A face in the page that turns with the mouse and moves with a slider: one HTML file, no network, no WebGL."""

from __future__ import annotations

import base64
import json

import numpy as np


def data(vertices: np.ndarray, moved: np.ndarray, triangles: np.ndarray, colors: dict[str, np.ndarray]) -> str:
    """What the script draws, as JSON.

    vertices, moved: (V, 3) mm, face axes, at rest and at the peak. triangles: (F, 3). colors: name -> (V, 3) 0..1.
    """
    told = {
        "rest": _numbers(vertices.astype("<f4")),
        "moved": _numbers(moved.astype("<f4")),
        "triangles": _numbers(triangles.astype("<u2")),
        "colors": {name: _numbers(np.round(one * 255).astype("u1")) for name, one in colors.items()},
    }
    return json.dumps(told, separators=(",", ":"))


def _numbers(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
