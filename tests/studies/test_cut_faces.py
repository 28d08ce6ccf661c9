"""Faces of many recordings: what is written, what is lost, resumed, refused; and that sources stay as they are."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from neuroface.cohorts.toronto_depth import ColorAndDepth, write_depth_image, write_depth_tables
from neuroface.cohorts.videos import VideosCohort
from neuroface.errors import ConfigError, DataError, RunFailedError, RunMismatchError
from neuroface.evaluate.lock import exclusive
from neuroface.recording import extract
from neuroface.recording.extract import sampled
from neuroface.recording.face_cutting import FaceCutting
from neuroface.recording.face_detectors import BoxTable, LandmarkBoxes
from neuroface.recording.video import VideoFile
from neuroface.studies.cut_faces import prepare_faces
from neuroface.types import Camera, Recording, Rig
from neuroface.verbs import prepare
from recording.drawn_clips import DrawnVideo, find_disc, landmarks, recording, write_clip

DISC = FaceCutting(detector=find_disc, search_every_s=0.0, size=64)


def contents(root: Path) -> dict[str, str]:
    return {
        str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(root.rglob("*"))
        if file.is_file()
    }


def on_disk(folder: Path, names: str, n_frames: int = 12) -> list[Recording]:
    folder.mkdir(exist_ok=True)
    clips = [write_clip(folder / f"{name}.avi", n_frames) for name in names]
    marks = landmarks(n_frames)
    return [
        Recording(subject=clip.stem, group="g", task="t", landmarks=marks, video=VideoFile(clip, fps=25))
        for clip in clips
    ]


def test_crops_boxes_and_losses_are_written(tmp_path):
    video = DrawnVideo(20, empty=frozenset({3, 4, 11}))
    done = prepare_faces([recording("P1", 20, video=video), recording("P2", 20)], tmp_path / "out", DISC)
    table = done.recordings.set_index("recording")
    wanted = ["frames_read", "frames_sampled", "faces_detected", "faces_lost", "crops_written"]
    assert list(table.loc["P1/t", wanted]) == [20, 20, 17, 3, 17]
    assert list(table.loc["P2/t", wanted]) == [20, 20, 20, 0, 20]
    faces = pd.read_csv(tmp_path / "out" / "faces.csv")
    assert list(faces.loc[faces["recording"] == "P1/t", "frame"]) == [i for i in range(20) if i not in (3, 4, 11)]
    for file in faces["file"]:
        assert cv2.imread(str(tmp_path / "out" / file)).shape == (64, 64, 3)
    assert done.text().splitlines()[:2] == [
        "2 recordings (0 were complete already): 40 frames sampled, 37 faces, 3 frames without a face (7.5 %) dropped",
        "  P1/t: no face in 3 of 20 frames",
    ]
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out" / "recordings.csv")[wanted], done.recordings[wanted])


def test_landmarks_follow_into_the_crop(tmp_path):
    prepare_faces([recording("P1", 10)], tmp_path / "out", DISC)
    moved = np.load(tmp_path / "out" / "P1__t" / "landmarks.npz")
    faces = pd.read_csv(tmp_path / "out" / "faces.csv")
    image = cv2.imread(str(tmp_path / "out" / faces["file"][4]))
    rows, columns = np.nonzero(image[..., 2] > 128)
    middle = [(columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2]
    np.testing.assert_allclose(moved["points"][4].mean(axis=0), middle, atol=0.5)
    matrix = faces.loc[4, [f"m{r}{c}" for r in range(3) for c in range(3)]].to_numpy(dtype=float).reshape(3, 3)
    points = np.c_[landmarks().points[4], np.ones(68)] @ matrix.T
    np.testing.assert_allclose(moved["points"][4], points[:, :2], atol=1e-9)
    np.testing.assert_allclose(moved["timestamps_s"], np.arange(10) / 25)


@pytest.mark.parametrize("align", ["similarity", "perspective"])
def test_aligned_faces_need_landmarks(tmp_path, align):
    one = recording("P1", 6)
    points = one.landmarks.points.copy()
    points[2, 27:] = np.nan  # a face is seen, its skull is not
    half = replace(one, landmarks=replace(one.landmarks, points=points))
    row = prepare_faces(
        [half], tmp_path / "out", FaceCutting(detector=LandmarkBoxes(), align=align, size=64)
    ).recordings.iloc[0]
    assert (row["crops_written"], row["faces_detected"], row["landmarks_missing"]) == (5, 6, 1)
    blind = replace(one, landmarks=replace(one.landmarks, points=np.full((6, 68, 2), np.nan)))
    with pytest.raises(DataError) as error:
        prepare_faces([blind], tmp_path / "blind", FaceCutting(detector=find_disc, align=align))
    assert f"has no landmarks in pixels, which align={align} needs; set align=box, or give landmarks" in str(
        error.value
    )


@pytest.mark.parametrize(("rate", "frames"), [(5, [0, 5, 10, 15]), (10, [0, 3, 5, 8, 10, 13, 15, 18]), (50, range(20))])
def test_frames_are_sampled_by_time(rate, frames):
    count: Counter[str] = Counter()
    assert [f.index for f in sampled(DrawnVideo(20).frames(), rate, count)] == list(frames)
    assert (count["frames_read"], count["frames_sampled"]) == (20, len(list(frames)))


def test_times_rounded_to_milliseconds_lose_no_frame():
    video = DrawnVideo(90, fps=30)
    video.timestamps_s = np.floor(video.timestamps_s * 1000) / 1000
    assert len(list(sampled(video.frames(), 30, Counter()))) == 90
    assert len(list(sampled(video.frames(), 10, Counter()))) == 30


def test_a_finished_recording_is_not_done_again(tmp_path, monkeypatch):
    first, second = on_disk(tmp_path / "in", "ab")
    prepare_faces([first], tmp_path / "out", DISC)
    whole = prepare_faces([first, second], tmp_path / "out", DISC)
    assert whole.resumed == 1
    stamp = (tmp_path / "out" / "a__t" / "recording.json").stat().st_mtime_ns
    monkeypatch.setattr(extract, "_cut_all", lambda *_: pytest.fail("cut again"))
    again = prepare_faces([first, second], tmp_path / "out", DISC)
    assert again.resumed == 2
    assert (tmp_path / "out" / "a__t" / "recording.json").stat().st_mtime_ns == stamp
    pd.testing.assert_frame_equal(again.recordings, whole.recordings)


def test_a_source_that_changed_is_done_again(tmp_path):
    (one,) = on_disk(tmp_path / "in", "a")
    prepare_faces([one], tmp_path / "out", DISC)
    (longer,) = on_disk(tmp_path / "in", "a", n_frames=15)
    done = prepare_faces([longer], tmp_path / "out", DISC)
    assert done.resumed == 0
    assert done.recordings["crops_written"].tolist() == [15]


def test_other_times_or_landmarks_of_the_same_file_are_done_again(tmp_path):
    (one,) = on_disk(tmp_path / "in", "a")
    prepare_faces([one], tmp_path / "out", DISC)
    slower = replace(one, video=VideoFile(tmp_path / "in" / "a.avi", fps=5))
    assert prepare_faces([slower], tmp_path / "out", DISC).resumed == 0
    np.testing.assert_allclose(pd.read_csv(tmp_path / "out" / "faces.csv")["timestamp_s"], np.arange(12) / 5)
    moved = replace(slower, landmarks=replace(one.landmarks, points=one.landmarks.points + 1))
    before = np.load(tmp_path / "out" / "a__t" / "landmarks.npz")["points"][0]
    assert prepare_faces([moved], tmp_path / "out", DISC).resumed == 0
    after = np.load(tmp_path / "out" / "a__t" / "landmarks.npz")["points"][0]
    assert (after > before).all()
    assert prepare_faces([moved], tmp_path / "out", DISC).resumed == 1


def test_a_replaced_frame_below_a_folder_is_a_change(tmp_path):
    place = tmp_path / "P1"
    (place / "color").mkdir(parents=True)
    for index in range(3):
        (place / "color" / f"{index}.png").write_bytes(b"old")
    video = DrawnVideo(3)
    video.path = place
    before = extract.source_of(recording("P1", 3, video=video))
    assert extract.source_of(recording("P1", 3, video=video)) == before
    frame, newest = place / "color" / "0.png", place / "color" / "2.png"
    frame.write_bytes(b"new")  # as long as before, and not the newest of its folder
    os.utime(frame, ns=(newest.stat().st_atime_ns, newest.stat().st_mtime_ns - 10**9))
    assert extract.source_of(recording("P1", 3, video=video)) != before


def test_a_killed_run_leaves_nothing_that_looks_finished(tmp_path, monkeypatch):
    (one,) = on_disk(tmp_path / "in", "a")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(extract, "_write_image", killed)
        with pytest.raises(KeyboardInterrupt):
            prepare_faces([one], tmp_path / "out", DISC)
    assert not (tmp_path / "out" / "a__t").exists()
    (tmp_path / "out" / ".partial-a__t").mkdir()  # of a process that could not clean up
    (tmp_path / "out" / ".partial-a__t" / "000000.png").write_bytes(b"half")
    resumed, fresh = prepare_faces([one], tmp_path / "out", DISC), prepare_faces([one], tmp_path / "fresh", DISC)
    assert resumed.recordings["crops_written"].tolist() == fresh.recordings["crops_written"].tolist() == [12]
    assert contents(tmp_path / "fresh") == contents(tmp_path / "out")


def test_an_interruption_keeps_what_is_whole_with_the_tables_about_it(tmp_path, monkeypatch, capsys):
    recordings = on_disk(tmp_path / "in", "abc")
    cut = extract._cut_all

    def interrupted(job, cutting):
        if job.recording.subject == "b":
            raise KeyboardInterrupt
        return cut(job, cutting)

    with monkeypatch.context() as patch:
        patch.setattr(extract, "_cut_all", interrupted)
        with pytest.raises(KeyboardInterrupt):
            prepare_faces(recordings, tmp_path / "out", DISC)
    assert f"1 recordings are finished and kept in {tmp_path / 'out'}" in capsys.readouterr().err
    assert set(pd.read_csv(tmp_path / "out" / "faces.csv")["recording"]) == {"a/t"}
    assert prepare_faces(recordings, tmp_path / "out", DISC).resumed == 1
    prepare_faces(recordings, tmp_path / "fresh", DISC)
    assert contents(tmp_path / "fresh") == contents(tmp_path / "out")


def test_a_fault_of_the_code_or_a_full_disk_is_no_broken_recording(tmp_path, monkeypatch, capsys):
    recordings = on_disk(tmp_path / "in", "abc")
    cut = extract._cut_all

    def failing(error):
        def fail(job, cutting):
            if job.recording.subject == "b":
                raise error
            return cut(job, cutting)

        return fail

    monkeypatch.setattr(extract, "_cut_all", failing(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        prepare_faces(recordings, tmp_path / "out", DISC, skip_broken=True)
    monkeypatch.setattr(extract, "_cut_all", failing(ZeroDivisionError("in the code")))
    with pytest.raises(RunFailedError, match=r"1 recordings failed: b/t: ZeroDivisionError: in the code\.\nWhat was"):
        prepare_faces(recordings, tmp_path / "out", DISC, skip_broken=True)
    assert "Traceback" in capsys.readouterr().err
    assert set(pd.read_csv(tmp_path / "out" / "faces.csv")["recording"]) == {"a/t", "c/t"}


def test_two_commands_never_write_into_one_folder(tmp_path):
    (one,) = on_disk(tmp_path / "in", "a")
    prepare_faces([one], tmp_path / "out", DISC)
    with (
        exclusive(tmp_path / "out" / ".lock", what="Folder", key="out"),
        pytest.raises(ConfigError, match=r"is being written by process \d+ on .* choose another out="),
    ):
        prepare_faces([one], tmp_path / "out", DISC)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_workers_write_the_same_bytes(n_jobs, tmp_path):
    recordings = on_disk(tmp_path / "in", "abc")
    prepare_faces(recordings[:1], tmp_path / "again", DISC)
    for name in ("out", "again"):
        prepare_faces(recordings, tmp_path / name, DISC, n_jobs=n_jobs)
    prepare_faces(recordings, tmp_path / "one", DISC)
    whole = contents(tmp_path / "one")
    assert sum(name.endswith(".png") for name in whole) == 36
    assert contents(tmp_path / "out") == contents(tmp_path / "again") == whole


@pytest.mark.parametrize(
    "backend", ["execution.backend=loky", pytest.param("execution.backend=dask", marks=pytest.mark.slow)]
)
def test_the_command_spreads_as_any_other(backend, tmp_path, capsys):
    """Boxes of three clips from a table; a fourth file is no clip and is told once, and all backends write the same."""
    if "dask" in backend:
        pytest.importorskip("distributed")
    on_disk(tmp_path / "in", "abc")
    (tmp_path / "in" / "d.avi").write_bytes(b"no clip")
    lines = [f"{who}/video,{k},{70 + 2 * k},{60 + k},60,60" for who in "abc" for k in range(12)]
    (tmp_path / "boxes.csv").write_text("\n".join(["recording,frame,x,y,width,height", *lines]))
    words = ["cohort=videos", f"cohort.root={tmp_path / 'in'}", "faces/detector=boxes"]
    words += [f"faces.detector.path={tmp_path / 'boxes.csv'}", "cohort.skip_broken=true"]
    prepare.run([*words, "execution.n_jobs=1", f"out={tmp_path / 'one'}"])
    prepare.run([*words, backend, "execution.n_jobs=2", f"out={tmp_path / 'two'}"])
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert capsys.readouterr().out.count("broken: d/video: ") == 2
    assert len(pd.read_csv(tmp_path / "two" / "faces.csv")) == 36


def test_sources_are_never_touched(tmp_path):
    sources = tmp_path / "in"
    recordings = on_disk(sources, "ab")
    before = {name: (digest, (sources / name).stat().st_mtime_ns) for name, digest in contents(sources).items()}
    prepare_faces(recordings, tmp_path / "out", DISC)
    with pytest.raises(DataError):
        prepare_faces(recordings, tmp_path / "broken", FaceCutting(detector=BoxTable(tmp_path / "no.csv")))
    for place in (sources, sources / "faces"):
        with pytest.raises(ConfigError) as error:
            prepare_faces(recordings, place, DISC)
        assert str(error.value) == (
            f"out={place} lies among the source videos in {sources}. Choose a folder elsewhere."
        )
    assert {name: (digest, (sources / name).stat().st_mtime_ns) for name, digest in contents(sources).items()} == before


def test_nothing_is_written_into_the_folder_of_the_cohort(tmp_path):
    root = tmp_path / "col"
    (root / "b").mkdir(parents=True)
    near, far = on_disk(root / "a", "a")[0], on_disk(tmp_path / "elsewhere", "b")[0]
    for given, place, told in (
        ([near], root / "faces", root),
        ([near], root, root),
        ([near, far], tmp_path / "elsewhere" / "faces", tmp_path / "elsewhere"),
    ):
        with pytest.raises(ConfigError) as error:
            prepare_faces(given, place, DISC, root=root)
        assert str(error.value) == f"out={place} lies among the source videos in {told}. Choose a folder elsewhere."
    second = on_disk(root / "b", "b")[0]
    with pytest.raises(ConfigError, match="lies among the source videos"):
        prepare_faces([near, second], root / "faces", DISC)  # the folder common to both
    assert contents(root).keys() == {"a/a.avi", "b/b.avi"}
    assert len(prepare_faces([near], tmp_path / "faces", DISC, root=root).recordings) == 1


def test_another_folder_is_refused(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(ConfigError) as error:
        prepare_faces([recording()], tmp_path, DISC)
    assert str(error.value) == (
        f"out={tmp_path} is not empty and was not made by prepare cohort=videos. Choose an empty folder."
    )
    assert contents(tmp_path).keys() == {"thesis.docx"}


def test_other_settings_are_refused_by_name(tmp_path):
    prepare_faces([recording("P1", 4)], tmp_path / "out", DISC)
    before = contents(tmp_path / "out")
    with pytest.raises(RunMismatchError) as error:
        prepare_faces(
            [recording("P1", 4)], tmp_path / "out", FaceCutting(detector=find_disc, search_every_s=0.0, size=32)
        )
    assert str(error.value) == (
        f"{tmp_path / 'out'} was made with other settings: size=64, not 32. "
        "Choose another out=, or go back to these settings."
    )
    assert contents(tmp_path / "out") == before
    settings = json.loads((tmp_path / "out" / "prepare.json").read_text())["settings"]
    assert settings["detector"]["name"].endswith("drawn_clips.find_disc")


def test_broken_recordings_are_told_together_and_the_others_kept(tmp_path):
    good = recording("P1", 4)
    no_video, twin = replace(good, subject="P2", video=None), replace(good, subject="P1", session="", task="t")
    with pytest.raises(DataError) as error:
        prepare_faces([good, no_video, twin], tmp_path / "out", DISC)
    assert str(error.value) == (
        "2 problems\n"
        "  P2/t: has no video to take faces from.\n"
        "  P1/t: would share the folder 'P1__t' with another recording.\n"
        "What was finished is kept. Repair them, or set cohort.skip_broken=true."
    )
    done = prepare_faces([good, no_video, twin], tmp_path / "out", DISC, skip_broken=True)
    assert done.resumed == 1
    assert "  broken: P2/t: has no video to take faces from" in done.text().splitlines()


def test_no_recording_is_an_error(tmp_path):
    with pytest.raises(DataError, match="There are no recordings to take faces from"):
        prepare_faces([], tmp_path / "out", DISC)


def test_a_clip_without_any_face_is_counted_not_hidden(tmp_path):
    dark = recording("P1", 5, video=DrawnVideo(5, empty=frozenset(range(5))))
    done = prepare_faces([dark], tmp_path / "out", DISC)
    assert done.recordings[["faces_lost", "crops_written"]].to_numpy().tolist() == [[5, 0]]
    assert len(pd.read_csv(tmp_path / "out" / "faces.csv")) == 0


def test_corrected_boxes_can_be_fed_back(tmp_path):
    prepare_faces([recording("P1", 6)], tmp_path / "one", DISC)
    faces = pd.read_csv(tmp_path / "one" / "faces.csv")
    faces = faces[faces["frame"] != 2]
    faces["x"] += 5
    faces.to_csv(tmp_path / "mine.csv", index=False)
    given = FaceCutting(detector=BoxTable(tmp_path / "mine.csv"), size=64)
    done = prepare_faces([recording("P1", 6)], tmp_path / "two", given)
    assert done.recordings["faces_lost"].tolist() == [1]
    again = pd.read_csv(tmp_path / "two" / "faces.csv")
    np.testing.assert_allclose(again[["frame", "x", "y"]], faces[["frame", "x", "y"]])
    faces.assign(x=faces["x"] + 7).to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(
        RunMismatchError, match="was made with other settings: detector="
    ):  # by other boxes of that name
        prepare_faces([recording("P1", 6)], tmp_path / "two", given)


def test_settings_without_meaning_are_refused():
    with pytest.raises(ConfigError) as error:
        FaceCutting(align="simlarity")
    assert str(error.value) == "align=simlarity: there is no such choice. Did you mean 'similarity'?"
    with pytest.raises(ConfigError, match="rate_fps=0"):
        FaceCutting(rate_fps=0)
    with pytest.raises(ConfigError, match="neither callable"):
        FaceCutting(detector="haar")


def test_what_a_cohort_cannot_open_is_told_with_the_rest(tmp_path):
    on_disk(tmp_path / "in", "ab")
    (tmp_path / "in" / "empty.mp4").write_bytes(b"")
    cohort = VideosCohort(root=tmp_path / "in")
    with pytest.raises(DataError, match=r"(?s)^empty/video: .*empty\.mp4.*What was finished is kept"):
        prepare_faces(cohort.recordings(), tmp_path / "out", DISC)
    done = prepare_faces(cohort.recordings(), tmp_path / "out", DISC, skip_broken=True)
    assert (done.resumed, len(done.recordings)) == (2, 2)
    assert [name for name, _ in done.broken] == ["empty/video"]
    left_out = pd.read_csv(tmp_path / "out" / "left_out.csv")
    assert [tuple(row) for row in left_out[["recording", "why"]].to_numpy()] == list(done.broken)
    (tmp_path / "in" / "empty.mp4").unlink()
    prepare_faces(cohort.recordings(), tmp_path / "out", DISC)
    assert (tmp_path / "out" / "left_out.csv").read_text() == "recording,why\n"


def test_a_color_video_with_depth_is_a_source_like_any_other(tmp_path):
    (plain,) = on_disk(tmp_path / "in", "a")
    camera = Camera(fx=300, fy=300, cx=160, cy=120, width=320, height=240)
    for number in range(12):
        write_depth_image(tmp_path / "depth", number, np.full((240, 320), 500, np.uint16))
    write_depth_tables(tmp_path / "depth", Rig(color=camera, depth=camera, aligned=True), np.arange(12) / 25)
    video = ColorAndDepth(VideoFile(tmp_path / "in" / "a.avi", fps=25), tmp_path / "depth")
    with pytest.raises(ConfigError, match="lies among the source videos"):
        prepare_faces([replace(plain, video=video)], tmp_path / "in" / "faces", DISC)
    assert extract.source_of(replace(plain, video=video)) == extract.source_of(plain)
