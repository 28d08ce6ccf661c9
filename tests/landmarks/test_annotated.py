from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from neuroface.cohorts.faces68 import Faces68Cohort
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.errors import ConfigError, DataError
from neuroface.landmarks import annotated
from neuroface.types import Landmarks

from . import dots


def marked(centres, subject="P1", times=None, **more):
    """A recording of the dots with a landmark on each, all missing where there is no face."""
    nowhere = np.full((dots.N, 2), np.nan)
    points = np.array([nowhere if centre is None else dots.points(centre) for centre in centres])
    times = np.arange(len(centres)) / dots.FPS if times is None else times
    return replace(dots.recording(centres, subject, **more), landmarks=Landmarks(points, times, "pixel"))


def test_a_crop_shows_each_landmark_where_its_points_say(tmp_path):
    faces = annotated.collect([marked(dots.walk(5))], folder=tmp_path, size=256, margin=0.25)
    assert faces.crops.shape == (5, 384, 384, 3)
    assert isinstance(faces.crops, np.memmap)
    for crop, points in zip(faces.crops, faces.points, strict=True):
        x, y = points.round().astype(int).T
        assert np.abs(crop[y, x].astype(int) - dots.COLORS).max() < 30


def test_points_go_back_to_the_frame(tmp_path):
    centres = dots.walk(3)
    faces = annotated.collect([marked(centres)], folder=tmp_path)
    expected = np.array([dots.points(centre) for centre in centres])
    assert faces.to_frame(faces.points) == pytest.approx(expected, abs=1e-3)


def test_the_middle_is_the_crop_that_the_detector_makes_around_these_points(tmp_path):
    from neuroface.landmarks import crops
    from neuroface.landmarks.augment import middle

    centre = np.array([301.0, 222.0])
    faces = annotated.collect([marked([centre])], folder=tmp_path, size=128)
    inner, points = middle(faces.crops, faces.points, 128)
    crop = crops.from_points(dots.points(centre), 128)
    assert points[0] == pytest.approx(crop.to_crop(dots.points(centre)), abs=1e-3)
    assert np.abs(inner[0].astype(int) - crop.cut(dots.drawn(centre))).max() <= 1


def test_frames_without_landmarks_are_skipped_and_rows_say_who_and_which(tmp_path):
    centres = dots.walk(6)
    centres[1] = centres[4] = None
    faces = annotated.collect([marked(centres), marked(dots.walk(2), "P2")], folder=tmp_path)
    assert faces.frame.tolist() == [0, 2, 3, 5, 0, 1]
    assert faces.subject.tolist() == ["P1"] * 4 + ["P2"] * 2
    assert (faces.group[0], faces.task[0], faces.recording[5]) == ("HC", "OPEN", "P2/OPEN")


def test_so_many_frames_per_recording_are_spread_evenly_and_no_other_is_made(tmp_path):
    recording = marked(dots.walk(20, step=(1, 1)))
    faces = annotated.collect([recording], folder=tmp_path, frames=4)
    assert faces.frame.tolist() == [2, 7, 12, 17]
    assert recording.video.made == 4


def test_when_few_frames_are_annotated_these_are_taken(tmp_path):
    centres = [None] * 20
    for at in (3, 4, 11, 17):
        centres[at] = np.array([300.0, 200.0])
    faces = annotated.collect([marked(centres)], folder=tmp_path, frames=3)
    assert faces.frame.tolist() == [3, 11, 17]


def test_landmarks_of_some_frames_only_find_theirs_by_time(tmp_path):
    """As in Toronto NeuroFace: rows are annotated frames, not frames of the video."""
    centres = dots.walk(10)
    some = marked([centres[4], centres[7]], times=np.array([4, 7]) / dots.FPS, video=dots.DotVideo(centres))
    assert annotated.collect([some], folder=tmp_path).frame.tolist() == [4, 7]


def test_a_frame_that_the_video_does_not_have_is_named(tmp_path):
    centres = dots.walk(4)
    late = marked(centres[:2], times=np.array([0.04, 3.0]), video=dots.DotVideo(centres))
    with pytest.raises(DataError) as error:
        annotated.collect([marked(dots.walk(2), "P0"), late], folder=tmp_path)
    assert str(error.value) == (
        "P1/OPEN: 1 of 2 landmark frames have no video frame within 21 ms; the first, at 3.000 s, is 2880 ms away from "
        "one. Are both on the same clock, and is the frame rate right?. Take these frames out of the annotation, or "
        "leave the recordings out with cohort.exclude."
    )
    with pytest.raises(DataError, match="holds no annotated faces"):
        annotated.load(tmp_path)


def test_a_face_outside_the_image_is_named_with_all_others(tmp_path):
    away = np.array([-200.0, 100.0])
    recordings = [
        marked([np.array([300.0, 200.0]), away]),
        marked([away], "P2"),
        replace(marked([away], "P3"), video=None),
    ]
    with pytest.raises(DataError) as error:
        annotated.collect(recordings, folder=tmp_path)
    message = str(error.value)
    assert "P1/OPEN frame 1, P2/OPEN frame 0: the face lies outside the image: landmarks at x -2" in message
    assert "the image is 640x480 px." in message
    assert "P3/OPEN: has no video to cut faces from." in message


def test_landmarks_in_mm_are_refused(tmp_path):
    [recording] = SyntheticCohort(people={"HC": 1}, tasks=["OPEN"], repetitions={"OPEN": 1}).recordings()
    with pytest.raises(DataError, match="has landmarks in mm, not in pixels of its video"):
        annotated.collect([replace(recording, video=dots.DotVideo(dots.walk(2)))], folder=tmp_path)


def test_67_points_are_refused_by_name(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((50, 50, 3), np.uint8))
    rows = "\n".join(f"{i} {i}" for i in range(67))
    (tmp_path / "a.pts").write_text(f"version: 1\nn_points: 67\n{{\n{rows}\n}}\n")
    with pytest.raises(DataError, match=r"67"):
        annotated.collect(Faces68Cohort(root=tmp_path).recordings(), folder=tmp_path / "faces")


def test_nothing_annotated_and_sizes_without_meaning(tmp_path):
    with pytest.raises(DataError, match=r"^No frame of these recordings is annotated; landmarks in pixels"):
        annotated.collect([marked([None, None])], folder=tmp_path)
    with pytest.raises(ConfigError, match=r"^size=256, margin=-1, frames=None: at least 1, 0 and 1 are needed\.$"):
        annotated.collect([], folder=tmp_path, margin=-1)


@pytest.mark.slow
def test_the_rendered_clinic_is_marked_where_its_truth_is(tmp_path):
    cohort = SyntheticCohort(
        people={"PS": 1}, tasks=["OPEN"], repetitions={"OPEN": 1}, modality="rgbd", noise_mm=0.0, depth_noise_mm=0.0
    )
    [recording] = cohort.recordings()
    faces = annotated.collect([recording], folder=tmp_path, size=128, frames=3)
    assert faces.to_frame(faces.points) == pytest.approx(recording.truth.pixels.points[faces.frame], abs=1e-3)


def test_the_stills_of_the_pack_are_cut_with_their_people(tmp_path, shared_data):
    faces = annotated.collect(Faces68Cohort(root=shared_data).recordings(), folder=tmp_path, size=128)
    assert len(faces) == len(list((shared_data / "faces68").glob("*.pts")))
    inside = ((faces.points > 32) & (faces.points < 160)).all(axis=2)
    assert inside.mean() > 0.97  # the middle holds the face
