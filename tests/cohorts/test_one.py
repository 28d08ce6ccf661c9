from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neuroface.cohorts import folder_writer
from neuroface.cohorts.one import OneRecording, Visits
from neuroface.errors import ConfigError, DataError
from neuroface.synthesis.face_model import NEUTRAL
from neuroface.types import Landmarks, Recording

PX = (NEUTRAL[:, :2] * 3 + 320)[None] + np.sin(np.arange(30))[:, None, None]


def the_one(**words) -> Recording:
    (recording,) = OneRecording(**words).recordings()
    return recording


def test_points_in_pixels_with_a_rate(tmp_path):
    np.savez(tmp_path / "anna.npz", points_px=PX, fps=25.0, size_wh=[640, 800])
    recording = the_one(path=tmp_path / "anna.npz", task="OPEN")
    assert (recording.subject, recording.task, recording.landmarks.space) == ("anna", "OPEN", "pixel")
    assert recording.landmarks.timestamps_s[1] == pytest.approx(0.04)
    assert the_one(path=tmp_path / "anna.npz", fps=50).landmarks.timestamps_s[1] == pytest.approx(0.02)


def test_points_in_mm_with_times(tmp_path):
    points = NEUTRAL[None] + [0, 0, 400] + np.zeros((30, 1, 1))
    np.savez(tmp_path / "x.npz", points=points, timestamps_s=np.arange(30) / 50)
    recording = the_one(path=tmp_path / "x.npz", subject="P7")
    assert (recording.subject, recording.landmarks.unit) == ("P7", "mm")
    np.testing.assert_allclose(recording.landmarks.points, points)


def test_a_folder_is_of_its_people(tmp_path):
    landmarks = Landmarks(PX, np.arange(30) / 25, "pixel")
    folder_writer.write(
        [Recording("A", "HC", "OPEN", landmarks), Recording("B", "HC", "OPEN", landmarks)], tmp_path / "f"
    )
    assert [r.subject for r in OneRecording(path=tmp_path / "f").recordings()] == ["A", "B"]
    with pytest.raises(DataError, match="holds several people"):
        list(Visits(paths=[tmp_path / "f", tmp_path / "f"]).recordings())


def test_two_visits_are_two_people_of_one_name(tmp_path):
    for name in ("before", "after"):
        np.savez(tmp_path / f"{name}.npz", points_px=PX, fps=25.0)
    visits = Visits(paths=[tmp_path / "before.npz", tmp_path / "after.npz"], subject="P", task="OPEN")
    assert [r.subject for r in visits.recordings(tasks=["OPEN"])] == ["P visit 1", "P visit 2"]
    with pytest.raises(DataError, match="no recording of SMILE"):
        list(visits.recordings(tasks=["SMILE"]))


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ConfigError, match="there is nothing"):
        OneRecording(path=tmp_path / "nothing.mp4")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DataError, match="is no recording that can be read"):
        the_one(path=tmp_path / "notes.txt")
    np.savez(tmp_path / "a.npz", points=PX)
    with pytest.raises(DataError, match="neither timestamps_s nor fps; set fps="):
        the_one(path=tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", points=PX[:, :5])
    with pytest.raises(DataError, match="no array points or points_px of shape"):
        the_one(path=tmp_path / "b.npz")


@pytest.mark.skipif(not Path("../shared/data/tracks68_2d").is_dir(), reason="no shared recordings here")
def test_a_track_of_a_real_face_is_read():
    file = next(Path("../shared/data/tracks68_2d").glob("*.npz"))
    assert len(the_one(path=file).landmarks) > 20
