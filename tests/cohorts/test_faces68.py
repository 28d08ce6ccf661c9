"""Stills with .pts files and clips with tracks: small ones drawn here, and the real pack where it is at hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from neuroface import face
from neuroface.cohorts.faces68 import Faces68Cohort
from neuroface.errors import ConfigError, DataError

POINTS = np.stack([np.arange(68) + 1.0, np.arange(68) / 2 + 1.0], axis=1)
N_FRAMES = 6


def still(folder, stem, *, n_points=68, image=True):
    rows = "\n".join(f"{x} {y}" for x, y in POINTS[:n_points])
    (folder / f"{stem}.pts").write_text(f"version: 1\nn_points: {n_points}\n{{\n{rows}\n}}\n")
    if image:
        cv2.imwrite(str(folder / f"{stem}.png"), np.full((48, 80, 3), (10, 20, 30), dtype=np.uint8))


def clip(root, name):
    (root / "video_rgb").mkdir(exist_ok=True)
    (root / "tracks68_2d").mkdir(exist_ok=True)
    writer = cv2.VideoWriter(str(root / "video_rgb" / f"{name}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 20, (80, 48))
    for i in range(N_FRAMES):
        writer.write(np.full((48, 80, 3), 20 * i, dtype=np.uint8))
    writer.release()
    points = np.tile(POINTS, (N_FRAMES, 1, 1)).astype(np.float32)
    points[2] = np.nan
    score = np.array([0.9, 0.9, 0, 0.9, 0.9, 0.9], dtype=np.float32)
    np.savez(root / "tracks68_2d" / f"{name}.npz", points_px=points, det_score=score, fps=np.float32(25))


def test_stills_have_points_from_zero_and_their_picture(tmp_path):
    still(tmp_path, "anna_003")
    (one,) = Faces68Cohort(root=tmp_path).recordings()
    assert (one.subject, one.group, one.task, one.session) == ("anna", "unlabelled", "still", "anna-003")
    assert one.landmarks.points[0] == pytest.approx(POINTS - 1)
    (frame,) = one.video.frames()
    assert one.video.size == (80, 48)
    assert frame.color[0, 0].tolist() == [30, 20, 10]


def test_index_says_who_is_the_same_person(tmp_path):
    for stem in ("again_000", "bird_000", "other_000"):
        still(tmp_path, stem)
    (tmp_path / "index.csv").write_text("image,subject\nagain_000.png,S1\nbird_000.png,S1\n")
    assert [r.subject for r in Faces68Cohort(root=tmp_path).recordings()] == ["S1", "S1", "other"]


def test_broken_stills_are_told_together(tmp_path):
    still(tmp_path, "a_1")
    still(tmp_path, "b_1", n_points=67)
    still(tmp_path, "c_1", image=False)
    read, cohort = [], Faces68Cohort(root=tmp_path)
    with pytest.raises(DataError) as error:
        read.extend(cohort.recordings())
    assert [r.subject for r in read] == ["a"]
    assert "b/b-1/still: " in str(error.value)
    assert "holds 67 points; 68 are needed" in str(error.value)
    assert "c/c-1/still: has no image c_1.png beside c_1.pts" in str(error.value)


def test_folder_without_pts_says_what_to_set(tmp_path):
    with pytest.raises(
        DataError, match=r"There is no \.pts or \.xml file in .* Set cohort\.root to a folder of images"
    ):
        list(Faces68Cohort(root=tmp_path).recordings())


def test_clips_have_tracks_on_the_clock_of_the_pack(tmp_path):
    clip(tmp_path, "wave")
    (tmp_path / "tracks68_2d" / "index.csv").write_text("track,subject,label\nwave,S1,waving\nlost,S2,none\n")
    cohort, read = Faces68Cohort(root=tmp_path, content="clips"), []
    with pytest.raises(DataError, match=r"S2/none: has no clip video_rgb/lost\.\*"):
        read.extend(cohort.recordings())
    (one,) = read
    assert (one.name, one.landmarks.points.shape) == ("S1/waving", (N_FRAMES, face.N_POINTS, 2))
    assert one.landmarks.timestamps_s == pytest.approx(np.arange(N_FRAMES) / 25)
    assert [frame.timestamp_s for frame in one.video.frames()] == pytest.approx(np.arange(N_FRAMES) / 25)
    assert np.isnan(one.landmarks.points).any(axis=(1, 2)).tolist() == [False, False, True, False, False, False]
    assert one.landmarks.score[:, 0] == pytest.approx([0.9, 0.9, 0, 0.9, 0.9, 0.9])
    assert one.notes["frames_without_face"] == 1


def test_a_track_of_another_length_than_its_clip_is_refused(tmp_path):
    clip(tmp_path, "wave")
    track = tmp_path / "tracks68_2d" / "wave.npz"
    with np.load(track) as arrays:
        np.savez(track, points_px=arrays["points_px"][:-1], det_score=arrays["det_score"][:-1], fps=arrays["fps"])
    (tmp_path / "tracks68_2d" / "index.csv").write_text("track,subject,label\nwave,S1,waving\n")
    with pytest.raises(DataError, match=r"S1/waving: .*wave\.npz has 5 frames, the video 6\."):
        list(Faces68Cohort(root=tmp_path, content="clips").recordings())


def test_unknown_content_is_refused():
    with pytest.raises(ConfigError, match=r"cohort\.content=clip: there is no such choice\. Did you mean 'clips'\?"):
        Faces68Cohort(root=".", content="clip")


def test_pack_stills_lie_on_the_faces_of_the_pack_clips(shared_data):
    """A still is cut from a frame of a clip, so its points are the track's, moved by one whole pixel offset."""
    stills = {r.session: r for r in Faces68Cohort(root=shared_data).recordings()}
    clips = {r.task: r for r in Faces68Cohort(root=shared_data, content="clips").recordings()}
    assert len(stills) == 50
    assert len({r.subject for r in stills.values()}) == 9
    offset = clips["again"].landmarks.points[76] - stills["asl-again-076"].landmarks.points[0]
    assert offset.std(axis=0).max() < 0.001
    assert offset.mean(axis=0) == pytest.approx(np.round(offset.mean(axis=0)), abs=0.001)
    x, y = np.round(offset.mean(axis=0)).astype(int)
    width, height = stills["asl-again-076"].video.size
    (frame,) = clips["again"].video.frames(76, 77)
    (cut,) = stills["asl-again-076"].video.frames()
    assert np.abs(frame.color[y : y + height, x : x + width].astype(int) - cut.color).max() <= 2
    assert clips["bird"].notes["frames_without_face"] == 31


def test_stills_of_a_dlib_file(tmp_path):
    """dlib counts pixels from 0; the second face of an image is another person."""
    parts = "".join(f"<part name='{i:02d}' x='{x:.0f}' y='{y:.0f}'/>" for i, (x, y) in enumerate(POINTS))
    box = f"<box top='0' left='0' width='80' height='48'>{parts}</box>"
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "anna_001.png"), np.zeros((48, 80, 3), dtype=np.uint8))
    (tmp_path / "faces.xml").write_text(
        f"<dataset><images><image file='images/anna_001.png'>{box}{box}</image></images></dataset>"
    )
    first, second = Faces68Cohort(root=tmp_path).recordings()
    assert (first.name, second.name) == ("anna/anna-001/still", "anna-2/anna-001/still")
    np.testing.assert_array_equal(first.landmarks.points[0], np.round(POINTS))
    assert next(first.video.frames()).color.shape == (48, 80, 3)


def test_a_dlib_file_that_cannot_be_read_hides_no_other_problem(tmp_path):
    still(tmp_path, "a_1")
    still(tmp_path, "c_1", image=False)
    (tmp_path / "broken.xml").write_text("<dataset>")
    part = "<part name='nose' x='1' y='1'/>"
    (tmp_path / "named.xml").write_text(f"<dataset><image file='a_1.png'><box>{part}</box></image></dataset>")
    read, cohort = [], Faces68Cohort(root=tmp_path)
    with pytest.raises(DataError) as error:
        read.extend(cohort.recordings(tasks=["still"]))
    assert [r.subject for r in read] == ["a"]
    assert "c/c-1/still: has no image c_1.png" in str(error.value)
    assert "broken.xml/still: " in str(error.value)
    assert "broken.xml cannot be read as XML" in str(error.value)
    assert "named.xml: parts 0 to 67 are needed, others are in a_1.png (1, one named 'nose')" in str(error.value)
