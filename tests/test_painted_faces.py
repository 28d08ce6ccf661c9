"""Faces painted for the training of the bundled network: what is moved takes its landmarks along."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from sys import modules

import numpy as np
import pytest

from checks import still_face
from neuroface import face

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "painted_faces.py"
SIDE, PX_PER_MM = 192, 0.9


@pytest.fixture
def painted_faces(monkeypatch):
    spec = spec_from_file_location("painted_faces", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(modules, "painted_faces", module)  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def face_px() -> np.ndarray:
    return PX_PER_MM * still_face()[:, :2] + SIDE / 2


@pytest.mark.parametrize("point", [face.LIP_BOTTOM_INNER, face.LIP_BOTTOM_OUTER, face.CHIN, face.LIP_TOP_OUTER, 36])
def test_an_opened_mouth_takes_its_landmarks_along(painted_faces, point):
    points = face_px()
    points[np.r_[3:14, 55:60, 65:68], 1] += 10  # lips apart, so that each mark lies on one of them
    y, x = np.mgrid[:SIDE, :SIDE]
    mark = np.exp(-((x - points[point, 0]) ** 2 + (y - points[point, 1]) ** 2) / 2)
    image = np.repeat(255 * mark[..., None], 3, axis=2).astype(np.float32)
    opened, moved = painted_faces._opened(image, points, np.random.default_rng(3))
    weight = opened[..., 0] / opened[..., 0].sum()
    assert [(weight * x).sum(), (weight * y).sum()] == pytest.approx(moved[point], abs=0.5)
    assert moved[face.LIP_BOTTOM_INNER, 1] - points[face.LIP_BOTTOM_INNER, 1] > 2
    assert moved[face.LIP_TOP_INNER, 1] <= points[face.LIP_TOP_INNER, 1]


def test_the_same_generator_paints_the_same_face(painted_faces):
    crop = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    (a, at), (b, bt) = (painted_faces.painted(crop, face_px(), np.random.default_rng(5), opened=0.5) for _ in range(2))
    assert np.array_equal(a, b)
    assert np.array_equal(at, bt)
    assert (a.shape, a.dtype) == (crop.shape, np.uint8)
