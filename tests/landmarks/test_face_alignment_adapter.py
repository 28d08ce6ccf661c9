from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from neuroface.errors import WeightsNotFoundError
from neuroface.landmarks.face_alignment_adapter import FaceAlignmentDetector

from . import dots


def test_nothing_is_fetched_unless_allowed(monkeypatch, tmp_path):
    import face_alignment

    def constructed(*_, **__):
        raise AssertionError("its constructor would fetch files")

    monkeypatch.setattr(face_alignment, "FaceAlignment", constructed)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(WeightsNotFoundError) as error:
        FaceAlignmentDetector()(dots.recording(dots.walk(2)))
    assert str(error.value) == (
        f"landmarks=face_alignment: {tmp_path}/checkpoints lacks 2DFAN4-11f355bf06.pth.tar (about 91 MiB) and "
        "s3fd-619a316812.pth (about 86 MiB). Set landmarks.allow_download=true to let face-alignment fetch them, or "
        "put them there yourself."
    )
    with pytest.raises(AssertionError, match="its constructor"):
        FaceAlignmentDetector(allow_download=True)(dots.recording(dots.walk(2)))


class Offline:
    """FaceAlignment with networks that know the dots in place of those it would fetch: all else is its own code."""

    def __init__(self, monkeypatch):
        from face_alignment import api
        from face_alignment.detection import sfd

        class Boxes:
            reference_scale = 195

            def __init__(self, **_):
                self.find = dots.BoxAround()

            def detect_from_image(self, image):
                found = self.find(dots.Frame(0, 0.0, image))
                return [np.array([x, y, x + w, y + h, 1.0]) for x, y, w, h in found]

        class Network(dots.ColourFan):
            def forward(self, x):
                return [self.last(self.trunk(x))]

        monkeypatch.setattr(sfd, "FaceDetector", Boxes)
        monkeypatch.setattr(api.FaceAlignment, "_load_native", lambda *_: Network())


def test_its_landmarks_arrive_in_px_with_scores(monkeypatch):
    """It rounds to whole px of the frame, and its last step is a quarter of a cell of 2.2 px."""
    Offline(monkeypatch)
    centres = dots.walk(6)
    centres[3] = None
    step = FaceAlignmentDetector(allow_download=True, flip=False, median_frames=1, max_gap_s=0.01, device="cpu")
    landmarks, counts = step(dots.recording(centres))
    seen = [k for k in range(6) if k != 3]
    truth = np.stack([dots.points(centres[k]) for k in seen])
    errors = np.linalg.norm(landmarks.points[seen] - truth, axis=2)
    assert errors.mean() < 1.5
    assert np.isnan(landmarks.points[3]).all()
    assert landmarks.score[seen].min() > 0.5
    assert (counts["frames"], counts["frames_without_face"]) == (6, 1)


def test_it_says_what_found_the_landmarks():
    described = FaceAlignmentDetector().described
    assert re.fullmatch(r"face-alignment, flip=True, boxes by S3FD in every frame", described)
