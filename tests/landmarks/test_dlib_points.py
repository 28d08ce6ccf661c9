"""landmarks=dlib: the predictor is shown an enlarged face, and its whole pixels become parts of a pixel."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import checks
from models import needed
from neuroface import face
from neuroface.errors import ConfigError
from neuroface.landmarks import dlib_points
from neuroface.landmarks.dlib_points import DlibDetector
from neuroface.recording.clip import open_clip
from neuroface.types import Landmarks, Recording

from .test_mesh import Begin

FACE = checks.still_face()[:, :2] / 2  # px: about 70 from brow to chin


def in_whole_pixels(shown: np.ndarray, box: SimpleNamespace) -> SimpleNamespace:
    """A predictor that knows the face about the brightest pixel, to a whole pixel of what it is shown."""
    y, x = np.unravel_index(shown[..., 0].argmax(), shown.shape[:2])
    zoom = shown[..., 1].max() / 10
    points = np.rint(FACE * zoom + [x, y]).astype(int)
    return SimpleNamespace(parts=lambda: [SimpleNamespace(x=x, y=y) for x, y in points])


@pytest.fixture
def fake(monkeypatch):
    module = ModuleType("dlib")
    module.rectangle = lambda *edges: SimpleNamespace(edges=edges)
    monkeypatch.setitem(sys.modules, "dlib", module)


@pytest.mark.parametrize(("enlarge", "largest_error"), [(1.0, 0.6), (4.0, 0.15)])
def test_points_are_as_fine_as_the_face_is_enlarged(fake, monkeypatch, enlarge, largest_error):
    image = np.zeros((200, 200, 3), dtype=np.uint8)
    image[100, 100, 0] = 255
    image[..., 1] = round(10 * enlarge)
    monkeypatch.setattr(dlib_points, "_loaded", lambda: in_whole_pixels)
    found = DlibDetector(enlarge=enlarge).points(image, np.array([60.0, 60, 80, 80]))
    middle = (found - FACE).mean(axis=0)
    assert middle == pytest.approx([100, 100], abs=0.7)
    assert np.abs(found - FACE - middle).max() < largest_error + 0.01


def test_without_dlib_the_way_out_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'neuroface\[dlib\]'"):
        DlibDetector().points(np.zeros((9, 9, 3), np.uint8), np.array([0.0, 0, 9, 9]))


def test_a_real_face_by_the_real_predictor(shared_data):
    pytest.importorskip("dlib")
    needed("dlib")
    video = open_clip(shared_data / "video_rgb" / "single_face.mp4")
    nothing = Landmarks(np.full((10, 68, 2), np.nan), video.timestamps_s[:10], "pixel")
    landmarks, counts = DlibDetector(median_frames=1)(Recording("A", "HC", "SMILE", nothing, video=Begin(video, 10)))
    assert counts["frames_without_face"] == 0
    with np.load(shared_data / "tracks68_2d" / "single_face.npz") as tracks:
        other = tracks["points_px"][:10]
    eyes = np.linalg.norm(other[:, face.CANTHUS_LEFT_OUTER] - other[:, face.CANTHUS_RIGHT_OUTER], axis=1)
    apart = np.linalg.norm(landmarks.points - other, axis=2)[:, face.WITHOUT_JAW] / eyes[:, None]
    assert np.median(apart) < 0.06
