"""landmarks=mesh: the face is followed, lost, found again; of real faces it says what other networks say."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest

from models import needed
from neuroface import face, model_files
from neuroface.errors import ConfigError, DataError, WeightsNotFoundError
from neuroface.landmarks import mesh68
from neuroface.landmarks.mesh import MeshDetector
from neuroface.recording.clip import open_clip
from neuroface.recording.face_mesh import FaceMesh, MeshFace
from neuroface.types import Frame, Landmarks, Recording

SHAPE = np.random.default_rng(0).uniform(-10, 10, (468, 3))
SHAPE[[33, 263], :2] = [[-8, -4], [8, -4]]


class Film:
    """Frames in which a bright disc of radius 10 px is a face; index -> centres."""

    size, rig = (320, 120), None

    def __init__(self, faces):
        self.faces = faces

    def __len__(self):
        return len(self.faces)

    def frames(self, start=0, stop=None, step=1):
        for index in range(len(self.faces))[start:stop:step]:
            image = np.zeros((120, 320, 3), dtype=np.uint8)
            for x, y in self.faces[index]:
                cv2.circle(image, (x, y), 10, (255, 255, 255), -1)
            yield Frame(index, index / 10, image)


class SeesDiscs(FaceMesh):
    """Looks like the mesh: a face is where the middle of the region is bright, at the middle of what is bright."""

    def __init__(self, **_):
        pass

    def look(self, image, region):
        x, y = (round(at) for at in region.centre)
        half = round(region.side / 2)
        left, top = max(x - half, 0), max(y - half, 0)
        rows, columns = np.nonzero(image[top : y + half, left : x + half, 0])
        if not len(rows):
            return MeshFace(SHAPE + np.array([x, y, 0]), 0.0)
        return MeshFace(SHAPE + np.array([left + columns.mean(), top + rows.mean(), 0]), 1.0)


def boxes(frame: Frame) -> np.ndarray:
    """Every disc, and a false box."""
    found, _ = cv2.findContours(frame.color[..., 0].copy(), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return np.array([[200.0, 90, 30, 30], *(cv2.boundingRect(c) for c in found)])


def recording(film) -> Recording:
    nothing = Landmarks(np.full((len(film), 68, 2), np.nan), np.arange(len(film)) / 10, "pixel")
    return Recording(subject="A", group="HC", task="OPEN", landmarks=nothing, video=film)


@pytest.fixture
def detector(monkeypatch):
    def make(**keys):
        monkeypatch.setattr("neuroface.landmarks.mesh.FaceMesh", SeesDiscs)
        return MeshDetector(detector=boxes, median_frames=1, max_gap_s=0.0, **keys)

    return make


def middle(landmarks: Landmarks) -> np.ndarray:
    return landmarks.points.mean(axis=1) - mesh68.points68(SHAPE, "yan")[:, :2].mean(axis=0)


def test_a_face_is_followed_and_false_boxes_are_refused(detector):
    film = Film([[(40 + 3 * k, 50)] for k in range(12)])
    landmarks, counts = detector()(recording(film))
    assert middle(landmarks) == pytest.approx(np.array([[40 + 3 * k, 50] for k in range(12)]), abs=0.6)
    assert landmarks.score == pytest.approx(1.0)
    assert counts["frames_without_face"] == counts["faces_detected_again"] == counts["faces_elsewhere"] == 0
    assert counts["frames_with_other_faces"] == 0  # in a false box nobody is seen


def test_a_bystander_is_not_the_patient(detector):
    patient, bystander = (60, 50), (240, 40)
    film = Film([[patient]] * 3 + [[bystander]] * 8 + [[patient, bystander]] * 3)
    landmarks, counts = detector(patience_s=1.0)(recording(film))
    assert np.isnan(landmarks.points[3:11]).all()
    assert middle(landmarks)[11:] == pytest.approx(np.array([patient] * 3), abs=0.6)
    assert (counts["frames_without_face"], counts["faces_detected_again"], counts["faces_elsewhere"]) == (8, 9, 0)
    impatient, counts = detector(patience_s=0.3)(recording(film))
    assert middle(impatient)[8] == pytest.approx(bystander, abs=0.6)
    assert counts["faces_elsewhere"] == 1  # which the report tells
    longest, counts = detector(patience_s=0.3, whose="longest")(recording(film))
    assert middle(longest)[8] == pytest.approx(bystander, abs=0.6)  # eleven frames against six


def test_somebody_who_comes_in_later_is_counted_once_a_second(detector):
    film = Film([[(60, 50)]] * 15 + [[(60, 50), (240, 40)]] * 20)
    _, counts = detector()(recording(film))
    assert counts["frames_with_other_faces"] == 2  # at 2 and 3 s


def test_whose_face_is_followed_from_the_start(detector):
    film = Film([[(150, 60), (40, 50)]] * 4)
    assert middle(detector(whose="central")(recording(film))[0])[0] == pytest.approx((150, 60), abs=0.6)
    with pytest.raises(ConfigError, match="choose the detector boxes"):
        detector(whose="boxes")


def test_nobody_is_told(detector):
    with pytest.raises(DataError, match="has a face in none of its 3 frames"):
        detector()(recording(Film([[]] * 3)))


def test_all_points_are_kept_if_asked(detector):
    film = Film([[(60, 50)], [], [(60, 50)]])
    landmarks, _ = detector(extras=True)(recording(film))
    mesh = landmarks.extras["mesh"]
    assert mesh.shape == (3, 468, 3)
    assert np.isnan(mesh[1]).all()
    assert mesh68.points68(mesh[0], "yan")[:, :2] == pytest.approx(landmarks.points[0], abs=1e-3)
    assert len(landmarks[1:].extras["mesh"]) == 2


def test_without_the_file_nothing_begins(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(WeightsNotFoundError, match=r"landmarks=mesh: face_landmark\.tflite is not in"):
        MeshDetector(detector=boxes)(recording(Film([[(60, 50)]])))


def test_values_without_meaning():
    with pytest.raises(ConfigError, match="a presence between 0 and 1"):
        MeshDetector(min_presence=1.0)
    with pytest.raises(ConfigError, match="index_list=yen"):
        MeshDetector(index_list="yen")


def test_a_real_face_by_the_real_network(shared_data):
    needed("mesh")
    video = open_clip(shared_data / "video_rgb" / "single_face.mp4")
    times = video.timestamps_s[:40]
    own = Recording("A", "HC", "SMILE", Landmarks(np.full((40, 68, 2), np.nan), times, "pixel"), video=Begin(video, 40))
    step = pickle.loads(pickle.dumps(MeshDetector(median_frames=1)))  # as it travels to a worker
    assert model_files.MODELS["mesh"].sha256[:12] in step.described
    landmarks, counts = step(own)
    assert counts["frames_without_face"] == 0
    with np.load(shared_data / "tracks68_2d" / "single_face.npz") as tracks:
        other = tracks["points_px"][:40]
    eyes = np.linalg.norm(other[:, face.CANTHUS_LEFT_OUTER] - other[:, face.CANTHUS_RIGHT_OUTER], axis=1)
    apart = np.linalg.norm(landmarks.points - other, axis=2)[:, face.WITHOUT_JAW] / eyes[:, None]
    assert np.median(apart) < 0.05  # as far apart as two networks are
    assert (landmarks.points[:, face.MOUTH_CORNER_RIGHT, 0] < landmarks.points[:, face.MOUTH_CORNER_LEFT, 0]).all()


class Begin:
    """The first frames of a video."""

    rig = None

    def __init__(self, video, count):
        self.video, self.count, self.size = video, count, video.size

    def __len__(self):
        return self.count

    def frames(self, start=0, stop=None, step=1):
        return self.video.frames(start, self.count, step)
