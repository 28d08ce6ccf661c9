"""Folders of plain video: who is who with and without a table, what counts as a recording, what is wrong with files."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from neuroface.cohorts.reading import BrokenRecordingsError
from neuroface.cohorts.videos import VideosCohort, find_videos
from neuroface.errors import ConfigError, DataError


def clip(file: Path, n_frames: int = 6) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for index in range(n_frames):
        writer.write(np.full((48, 64, 3), 10 * index, np.uint8))
    writer.release()
    return file


def images(folder: Path, n: int = 3) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(n):
        cv2.imwrite(str(folder / f"{index}.png"), np.full((48, 64, 3), 10 * index, np.uint8))


def test_without_a_table_each_file_is_its_own_subject(tmp_path):
    clip(tmp_path / "clip10.avi")
    clip(tmp_path / "clip2.avi")
    clip(tmp_path / "visit 1" / "clip2.avi")
    clip(tmp_path / ".hidden" / "x.avi")
    (tmp_path / "notes.txt").write_text("no video")
    found = list(VideosCohort(root=tmp_path).recordings())
    assert [r.name for r in found] == ["clip2/video", "clip10/video", "visit 1-clip2/video"]
    assert {r.group for r in found} == {"unlabelled"}
    assert found[0].notes["subject"] == "named after the file; no table says whose recording it is"
    assert found[0].landmarks.points.shape == (6, 68, 2)
    assert np.isnan(found[0].landmarks.points).all()
    assert [f.index for f in found[0].video.frames()] == list(range(6))


def test_files_that_differ_in_their_suffix_keep_it(tmp_path):
    clip(tmp_path / "a.avi")
    shutil.copy(tmp_path / "a.avi", tmp_path / "a.mkv")
    assert [r.subject for r in VideosCohort(root=tmp_path).recordings()] == ["a.avi", "a.mkv"]


def test_files_whose_folders_read_like_their_names_are_kept_apart(tmp_path):
    clip(tmp_path / "a-b.avi")
    clip(tmp_path / "a" / "b.avi")
    images(tmp_path / "c")
    clip(tmp_path / "c.avi")
    found = list(VideosCohort(root=tmp_path, fps=10).recordings())
    assert sorted(r.subject for r in found) == ["a+b.avi", "a-b.avi", "c", "c.avi"]


def test_a_root_may_hold_images_itself(tmp_path):
    images(tmp_path / "walk")
    clip(tmp_path / "walk" / "a.avi")
    found = list(VideosCohort(root=tmp_path / "walk", fps=10).recordings())
    assert sorted(r.subject for r in found) == ["a", "walk"]


def test_a_root_may_be_one_recording_with_depth(tmp_path):
    images(tmp_path / "P1" / "color")
    images(tmp_path / "P1" / "depth")
    (tmp_path / "P1" / "camera.json").write_text("{}")
    assert find_videos(tmp_path / "P1") == [tmp_path / "P1"]
    assert find_videos(tmp_path) == [tmp_path / "P1"]


@pytest.mark.parametrize("fps", ["-3", "0", "nan", "inf"])
def test_a_rate_that_is_none_breaks_its_own_recording_only(tmp_path, fps):
    clip(tmp_path / "a.avi")
    clip(tmp_path / "b.avi")
    table = tmp_path / "subjects.csv"
    table.write_text(f"file,subject,fps\na.avi,S1,{fps}\nb.avi,S2,10\n")
    recordings = VideosCohort(root=tmp_path, subjects=table).recordings()
    assert next(recordings).subject == "S2"
    with pytest.raises(BrokenRecordingsError) as error:
        next(recordings)
    told = f"has fps '{fps}' in the subjects table; it must be a positive number"
    assert error.value.problems == (("S1/video", told),)


def test_a_table_says_who_is_who(tmp_path):
    for name in ("a.avi", "b.avi", "extra.avi"):
        clip(tmp_path / "in" / name)
    table = tmp_path / "subjects.csv"
    table.write_text("file,subject,group,task,session,fps,age\na.avi,007,ALS,OPEN,1,50,61\nb.avi,007,ALS,OPEN,2,,\n")
    first, second = VideosCohort(root=tmp_path / "in", subjects=table).recordings()
    assert (first.name, second.name) == ("007/1/OPEN", "007/2/OPEN")
    assert first.group == "ALS"
    assert dict(first.attributes) == {"age": "61"}
    np.testing.assert_allclose(first.landmarks.timestamps_s, np.arange(6) / 50)
    np.testing.assert_allclose(second.landmarks.timestamps_s, np.arange(6) / 25, atol=1e-6)
    assert first.notes["files_not_in_subjects_table"] == 1
    tab = tmp_path / "subjects.tsv"
    tab.write_text(table.read_text().replace(",", "\t"))
    assert [r.name for r in VideosCohort(root=tmp_path / "in", subjects=tab).recordings()] == [first.name, second.name]


def test_images_are_a_sequence_or_stills_or_nothing(tmp_path):
    images(tmp_path / "walk")
    clip(tmp_path / "a.avi")
    assert [p.name for p in find_videos(tmp_path)] == ["a.avi", "walk"]
    assert [p.name for p in find_videos(tmp_path, images="stills")] == ["a.avi", "0.png", "1.png", "2.png"]
    assert [p.name for p in find_videos(tmp_path, images="none")] == ["a.avi"]
    sequence = list(VideosCohort(root=tmp_path, fps=10).recordings())[1]
    assert sequence.subject == "walk"
    np.testing.assert_allclose(sequence.landmarks.timestamps_s, [0, 0.1, 0.2])
    stills = list(VideosCohort(root=tmp_path, images="stills").recordings())
    assert [r.subject for r in stills] == ["a", "walk-0", "walk-1", "walk-2"]
    assert len(stills[3].landmarks) == 1


def test_tracks_come_with_their_video(tmp_path):
    clip(tmp_path / "in" / "a.avi")
    tracks = tmp_path / "tracks"
    tracks.mkdir()
    points = np.random.default_rng(0).uniform(0, 40, (6, 68, 2)).astype(np.float32)
    np.savez(tracks / "a.npz", points_px=points)
    (one,) = VideosCohort(root=tmp_path / "in", tracks=tracks).recordings()
    np.testing.assert_array_equal(one.landmarks.points, points)
    np.savez(tracks / "a.npz", points=points[:5])
    with pytest.raises(DataError, match=r"has 5 frames, the video 6"):
        list(VideosCohort(root=tmp_path / "in", tracks=tracks).recordings())
    (tracks / "a.npz").unlink()
    with pytest.raises(DataError, match=r"has no track: no a\.npz in"):
        list(VideosCohort(root=tmp_path / "in", tracks=tracks).recordings())


def test_all_that_is_wrong_is_told_at_once_after_the_sound_ones(tmp_path):
    clip(tmp_path / "good.avi")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mov").write_text("not a video at all")
    images(tmp_path / "walk")  # no clock
    recordings = VideosCohort(root=tmp_path).recordings()
    assert next(recordings).subject == "good"
    with pytest.raises(BrokenRecordingsError) as error:
        next(recordings)
    assert "cohort.exclude=[empty/video,text/video,walk/video]" in str(error.value)
    assert "set fps to the frames per second it was recorded at" in str(error.value)
    assert sorted(name for name, _ in error.value.problems) == ["empty/video", "text/video", "walk/video"]


def test_table_errors_name_the_row(tmp_path):
    clip(tmp_path / "a.avi")
    table = tmp_path / "subjects.csv"
    table.write_text("file,subject,session,fps\nb.avi,S1,1,\na.avi,S2,1,fast\n")
    with pytest.raises(BrokenRecordingsError) as error:
        list(VideosCohort(root=tmp_path, subjects=table).recordings())
    told = dict(error.value.problems)
    assert told["S1/1/video"] == f"has no file {tmp_path / 'b.avi'}; correct it in the subjects table"
    assert told["S2/1/video"] == "has fps 'fast' in the subjects table; it must be a positive number"
    table.write_text("file,person\n")
    with pytest.raises(DataError, match="has no column 'subject'"):
        list(VideosCohort(root=tmp_path, subjects=table).recordings())


def test_choices_are_checked():
    with pytest.raises(ConfigError) as error:
        VideosCohort(root=None)
    assert str(error.value) == "cohort.root is not set. Set it to the folder that holds the recordings."
    with pytest.raises(ConfigError) as error:
        VideosCohort(root=".", images="still")
    assert str(error.value) == "cohort.images=still: there is no such choice. Did you mean 'stills'?"


def test_real_clips(shared_data):
    cohort = VideosCohort(root=shared_data / "video_rgb", tracks=shared_data / "tracks68_2d")
    recordings = list(cohort.recordings())
    assert len(recordings) == 21
    assert sum(len(r.landmarks) for r in recordings) == 1395
    assert recordings[-1].subject == "single_face"


def test_several_clips_of_one_person_without_session_or_task_are_named(tmp_path):
    for name in ("a", "b", "c"):
        clip(tmp_path / f"{name}.avi")
    table = tmp_path / "who.csv"
    table.write_text("file,subject,group\na.avi,S1,HC\nb.avi,S1,HC\nc.avi,S2,ALS\n")
    with pytest.raises(DataError) as error:
        list(VideosCohort(root=tmp_path, subjects=table).recordings())
    assert str(error.value) == (
        f"{table} gives one name to several files (S1/video: a.avi, b.avi). Add a column session (1, 2, ...) where a "
        "person did the same again, or a column task (OPEN, REST, ...) where it was something else."
    )
    table.write_text("file,subject,group,session\na.avi,S1,HC,1\nb.avi,S1,HC,2\nc.avi,S2,ALS,1\n")
    names = [recording.name for recording in VideosCohort(root=tmp_path, subjects=table).recordings()]
    assert names == ["S1/1/video", "S1/2/video", "S2/1/video"]


def test_classes_that_are_not_there_name_the_key_and_those_that_are(tmp_path):
    for name in ("a", "b"):
        clip(tmp_path / f"{name}.avi")
    with pytest.raises(
        DataError, match=r"no group HC, ALS. It has unlabelled. Say who is of which group, in the cohort's"
    ):
        list(VideosCohort(root=tmp_path).recordings(groups=["HC", "ALS"]))
    table = tmp_path / "who.csv"
    table.write_text("file,subject,group\na.avi,S1,control\nb.avi,S2,patient\n")
    with pytest.raises(
        DataError, match=r"It has control, patient. Say 'protocol.classes=\[control,patient\]' with those"
    ):
        list(VideosCohort(root=tmp_path, subjects=table).recordings(groups=["HC", "ALS"]))
    with pytest.raises(
        DataError, match=r"no task OPEN. It has video. Say protocol.task=..., or protocol.task=null for all"
    ):
        list(VideosCohort(root=tmp_path, subjects=table).recordings(tasks=["OPEN"]))
