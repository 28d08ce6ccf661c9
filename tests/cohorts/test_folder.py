"""The native layout: what is written comes back bit for bit; what is broken is told all at once."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from checks import read_until_error, still_face
from neuroface.cohorts.folder import FolderCohort
from neuroface.cohorts.folder_writer import write
from neuroface.errors import ConfigError, DataError
from neuroface.types import Camera, Landmarks, Recording, Repetition, Truth

CAMERA = Camera(fx=617.3, fy=617.1, cx=320.5, cy=240.25, width=640, height=480, depth_unit_mm=0.125, model="SR300")


def landmarks(frames: int = 20, *, seed: int = 0, space: str = "camera") -> Landmarks:
    random = np.random.default_rng(seed)
    at = np.array([320, 240]) if space == "pixel" else np.array([0, 0, 600])
    points = still_face()[:, : len(at)] + at + random.normal(size=(frames, 68, len(at)))
    points[1, 5] = np.nan
    times = 7.5 + np.cumsum(random.uniform(0.018, 0.022, frames))
    return Landmarks(points, times, space)  # type: ignore[arg-type]


def recording(subject: str = "S1", task: str = "OPEN", *, seed: int = 0, **more) -> Recording:
    marks = more.pop("landmarks", landmarks(seed=seed))
    reps = (Repetition(0, 8, 0), Repetition(8, 20, 1, "slow"))
    return Recording(subject, more.pop("group", "HC"), task, marks, **{"repetitions": reps, **more})


def full_cohort() -> list[Recording]:
    pixels = replace(
        landmarks(seed=3, space="pixel"),
        depth=np.random.default_rng(4).integers(0, 9000, (20, 68)).astype(np.uint16),
        score=np.random.default_rng(5).uniform(size=(20, 68)).astype(np.float32),
        fitted_on=frozenset({"S2", "S9"}),
    )
    truth = Truth(
        landmarks=landmarks(30, seed=6),
        repetitions=(Repetition(2, 9, 0), Repetition(10, 18, 1)),
        severity=0.1 + 0.2,
        affected_side="left",
        values={"rom.mouth_opening_mm": np.array([30.1, 29.9]), "asymmetry": np.array([0.5, 0.25])},
    )
    facts = {"age": 61, "height_m": 1.7000000000000002, "sex": "f", "code": "007", "trained": True, "onset": None}
    others = {"age": 40, "height_m": 2.0, "sex": "m", "code": "x", "trained": False}
    return [
        recording("007", "OPEN", attributes=facts, truth=truth, notes={"frames_merged": 3, "why": "dropped"}),
        recording("007", "doubt_question", attributes=facts, repetitions=None, seed=1),
        recording("A_b", "OPEN", group="ALS", attributes=others, landmarks=pixels, camera=CAMERA, session="2"),
        recording("A_b", "OPEN", group="ALS", attributes=others, session="3", seed=2, repetitions=()),
    ]


def assert_same_landmarks(a: Landmarks, b: Landmarks) -> None:
    assert (a.space, a.fitted_on) == (b.space, b.fitted_on)
    for name in ("points", "timestamps_s", "score", "depth"):
        one, other = getattr(a, name), getattr(b, name)
        assert (one is None) == (other is None)
        if one is not None:
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def test_round_trip_is_bit_for_bit(tmp_path):
    cohort = full_cohort()
    written = write(iter(cohort), tmp_path / "out")
    assert (written.recordings, written.people, written.groups) == (4, 2, {"HC": 1, "ALS": 1})
    back = {r.name: r for r in FolderCohort(root=tmp_path / "out").recordings()}
    assert set(back) == {"007/OPEN", "007/doubt_question", "A_b/2/OPEN", "A_b/3/OPEN"}
    for was in cohort:
        now = back[was.name]
        assert_same_landmarks(was.landmarks, now.landmarks)
        assert now.repetitions == was.repetitions
        assert now.camera == was.camera
        assert (now.group, now.session, dict(now.notes)) == (was.group, was.session, dict(was.notes))
        assert dict(now.attributes) == dict(was.attributes)
        assert {n: type(v) for n, v in now.attributes.items()} == {n: type(v) for n, v in was.attributes.items()}


def test_what_else_a_model_saw_is_read_back_and_merged_with_its_frames(tmp_path):
    was = full_cohort()[0]
    mesh = np.random.default_rng(0).random((len(was.landmarks), 468, 3)).astype(np.float32)
    write([replace(was, landmarks=replace(was.landmarks, extras={"mesh": mesh}))], tmp_path)
    (now,) = FolderCohort(root=tmp_path).recordings()
    np.testing.assert_array_equal(now.landmarks.extras["mesh"], mesh)
    (file,) = tmp_path.rglob("*_landmarks.npz")
    with np.load(file) as stored:
        arrays = dict(stored)
    np.savez(file, **{name: np.concatenate([value[:1], value]) for name, value in arrays.items()})
    (now,) = FolderCohort(root=tmp_path).recordings()
    np.testing.assert_array_equal(now.landmarks.extras["mesh"], mesh)


def test_round_trip_of_the_truth(tmp_path):
    write(full_cohort(), tmp_path)
    now, was = next(FolderCohort(root=tmp_path).recordings()).truth, full_cohort()[0].truth
    assert was is not None
    assert now is not None
    assert_same_landmarks(was.landmarks, now.landmarks)
    assert (now.repetitions, now.severity, now.affected_side) == (was.repetitions, was.severity, "left")
    quantities = dict(now.values)
    assert list(quantities) == ["rom.mouth_opening_mm", "asymmetry"]
    assert quantities["rom.mouth_opening_mm"].tolist() == [30.1, 29.9]
    assert quantities["asymmetry"].tolist() == [0.5, 0.25]


def test_groups_and_tasks_that_are_not_asked_for_are_skipped(tmp_path):
    write(full_cohort(), tmp_path)
    cohort = FolderCohort(root=tmp_path)
    assert [r.name for r in cohort.recordings(groups=["ALS"])] == ["A_b/2/OPEN", "A_b/3/OPEN"]
    assert [r.name for r in cohort.recordings(tasks=["doubt_question"])] == ["007/doubt_question"]


def test_people_that_are_not_asked_for_are_told(tmp_path):
    write(full_cohort(), tmp_path)
    cohort = FolderCohort(root=tmp_path)
    list(cohort.recordings(groups=["ALS"]))
    assert cohort.left_out_ == [{"what": "1 person of group HC", "why": "the question is of other groups"}]
    list(cohort.recordings(tasks=["doubt_question"]))
    assert cohort.left_out_ == [{"what": "1 person of group ALS", "why": "no recording of task doubt_question"}]
    list(cohort.recordings())
    assert cohort.left_out_ == []


def test_groups_that_differ_only_in_case(tmp_path):
    write([recording("S1"), recording("S2", group="hc")], tmp_path)
    assert "groups 'HC' and 'hc' differ only in case or blanks. Write them alike." in error_of(tmp_path)


def test_an_unknown_group_gets_the_nearest(tmp_path):
    write(full_cohort(), tmp_path)
    with pytest.raises(DataError, match=r"holds no group AL. Did you mean 'ALS'"):
        list(FolderCohort(root=tmp_path).recordings(groups=["AL"]))


def test_seconds_give_the_same_frames_as_frames(tmp_path):
    was = recording()
    write([was], tmp_path)
    events = tmp_path / "sub-S1" / "sub-S1_task-OPEN_events.tsv"
    table = pd.read_csv(events, sep="\t", dtype=str)
    table.drop(columns=["start_frame", "stop_frame"]).to_csv(events, sep="\t", index=False)
    now = next(FolderCohort(root=tmp_path).recordings())
    assert [(r.start, r.stop) for r in now.repetitions or ()] == [(0, 8), (8, 20)]


def foreign_folder(
    root: Path,
    *,
    sidecar: dict | None = None,
    times: np.ndarray | None = None,
    points: np.ndarray | None = None,
    bom: str = "",
) -> Path:
    """One person's recording as somebody else would make it: CSV, no participants.json."""
    person = root / "sub-12"
    person.mkdir(parents=True, exist_ok=True)
    (root / "participants.tsv").write_text(f"{bom}participant_id\tgroup\tage\n12\tHC\t70\n", encoding="utf-8")
    points = landmarks(6).points if points is None else points
    columns = {f"{axis}_{i}": points[:, i, k] for k, axis in enumerate("xyz") for i in range(68)}
    if times is not None:
        columns = {"timestamp_s": times, **columns}
    text = pd.DataFrame(columns).to_csv(index=False)
    (person / "sub-12_task-OPEN_landmarks.csv").write_text(bom + text, encoding="utf-8")
    sidecar = {"space": "camera", "fps": 50} if sidecar is None else sidecar
    (person / "sub-12_task-OPEN_landmarks.json").write_text(json.dumps(sidecar))
    return root


def test_csv_with_byte_order_marks_and_a_frame_rate_instead_of_timestamps(tmp_path):
    one = next(FolderCohort(root=foreign_folder(tmp_path, bom="\ufeff")).recordings())
    assert (one.subject, one.attributes["age"], one.repetitions) == ("12", 70, None)
    np.testing.assert_allclose(one.landmarks.points, landmarks(6).points, rtol=1e-12, atol=1e-15)
    assert one.landmarks.timestamps_s.tolist() == [0, 0.02, 0.04, 0.06, 0.08, 0.1]


def test_facts_of_all_recordings_stand_in_one_file(tmp_path):
    root = foreign_folder(tmp_path, sidecar={"fps": 25})
    (root / "landmarks.json").write_text(json.dumps({"space": "head", "fps": 50}))
    one = next(FolderCohort(root=root).recordings())
    assert one.landmarks.space == "head"
    assert one.landmarks.timestamps_s[1] == 1 / 25


def test_repeated_timestamps_are_merged_and_repetitions_move_along(tmp_path):
    copied = landmarks(6)
    copied.points[2] = copied.points[1]
    root = foreign_folder(tmp_path, points=copied.points, times=np.array([0, 0.02, 0.02, 0.04, 0.06, 0.08]))
    (root / "sub-12" / "sub-12_task-OPEN_events.tsv").write_text("start_frame\tstop_frame\n0\t2\n2\t4\n4\t6\n")
    one = next(FolderCohort(root=root).recordings())
    assert one.notes == {"frames_merged": 1}
    assert len(one.landmarks) == 5
    # frame 2 has the time of frame 1 and is now frame 1; what followed moved up by one
    assert [(r.start, r.stop) for r in one.repetitions or ()] == [(0, 2), (1, 3), (3, 5)]


def error_of(root: Path) -> str:
    with pytest.raises(DataError) as caught:
        list(FolderCohort(root=root).recordings())
    return str(caught.value)


def test_root_not_set():
    with pytest.raises(ConfigError, match=r"cohort.root is not set. Set it to the folder that holds the recordings."):
        FolderCohort(root=None)


def test_missing_folder(tmp_path):
    where = tmp_path / "nowhere"
    assert error_of(where) == f"There is no folder {where}. Set cohort.root to the folder that holds the recordings."


def test_no_participants(tmp_path):
    wanted = f"There is no participants.tsv in {tmp_path}. Set cohort.root to a folder in the native layout."
    assert error_of(tmp_path) == wanted


def test_nobody(tmp_path):
    (tmp_path / "participants.tsv").write_text("participant_id\tgroup\n")
    assert error_of(tmp_path) == f"{tmp_path / 'participants.tsv'} lists nobody."


def test_misspelt_column(tmp_path):
    (tmp_path / "participants.tsv").write_text("participant\tgroup\n1\tHC\n")
    wanted = f"{tmp_path / 'participants.tsv'} has no column 'participant_id'. Did you mean 'participant'?"
    assert error_of(tmp_path) == wanted


def test_frame_rate_of_zero(tmp_path):
    root = foreign_folder(tmp_path, sidecar={"space": "camera", "fps": 0})
    sidecar = root / "sub-12" / "sub-12_task-OPEN_landmarks.json"
    assert error_of(root) == (
        f"1 of 1 recordings: 12/OPEN: fps is 0 in {sidecar}; it must be a positive number. "
        "Repair them, or leave them out with cohort.exclude=[12/OPEN]."
    )


def test_timestamps_that_run_backwards(tmp_path):
    root = foreign_folder(tmp_path, times=np.array([0, 0.02, 0.04, 0.03, 0.06, 0.08]))
    assert error_of(root).startswith(
        "1 of 1 recordings: 12/OPEN: timestamps run backwards 1 times, first at frame 3 (0.030 s after 0.040 s); "
        "put the frames in order of time."
    )


def test_timestamps_in_milliseconds(tmp_path):
    root = foreign_folder(tmp_path, times=np.arange(6) * 20.0)
    assert "timestamps advance by 20 s a frame, fps is 50: they seem to be in ms; write" in error_of(root)
    assert '{"time_unit": "ms"} in ' in error_of(root)
    root = foreign_folder(
        tmp_path, times=np.arange(6) * 20.0, sidecar={"space": "camera", "time_unit": "ms", "fps": 50}
    )
    (one,) = FolderCohort(root=root).recordings()
    assert one.landmarks.timestamps_s == pytest.approx(np.arange(6) / 50)


@pytest.mark.parametrize(("unit", "per_mm"), [("m", 1e-3), ("cm", 0.1), ("um", 1e3)])
def test_another_unit_is_refused_until_it_is_declared(tmp_path, unit, per_mm):
    points = landmarks(6).points
    root = foreign_folder(tmp_path, points=points * per_mm, sidecar={"space": "camera", "fps": 50})
    assert f'{{"units": "{unit}"}}' in error_of(root)
    root = foreign_folder(tmp_path, points=points * per_mm, sidecar={"space": "camera", "units": unit, "fps": 50})
    (one,) = FolderCohort(root=root).recordings()
    np.testing.assert_allclose(one.landmarks.points, points, rtol=1e-12)


@pytest.mark.parametrize(("unit", "per_px"), [("normalised", 1), ("percent", 100)])
def test_shares_of_the_image_are_refused_until_they_are_declared(tmp_path, unit, per_px):
    size = np.array([640, 480])
    points = landmarks(6).points[..., :2]
    points = 200 + 2 * (points - np.nanmean(points, axis=(0, 1)))
    camera = {"fx": 600, "fy": 600, "cx": 320, "cy": 240, "width": 640, "height": 480}
    shares = np.concatenate([points / size * per_px, np.zeros((6, 68, 1))], axis=2)  # z is not read in pixel space
    sidecar = {"space": "pixel", "fps": 50, "camera": camera}
    assert f'{{"units": "{unit}"}}' in error_of(foreign_folder(tmp_path, points=shares, sidecar=sidecar))
    (one,) = FolderCohort(root=foreign_folder(tmp_path, points=shares, sidecar=sidecar | {"units": unit})).recordings()
    np.testing.assert_allclose(one.landmarks.points, points, rtol=1e-9)
    shares[..., :2] = 10 * points  # of a larger picture: read, and told
    (one,) = FolderCohort(root=foreign_folder(tmp_path, points=shares, sidecar=sidecar)).recordings()
    assert one.notes["points_outside_the_picture"] == np.isfinite(points).all(axis=2).sum()


def test_a_stated_frame_rate_that_the_times_do_not_have_is_noted(tmp_path):
    root = foreign_folder(tmp_path, times=np.arange(6) / 40)
    (one,) = FolderCohort(root=root).recordings()
    assert one.notes == {"frame rate": "the times say 40 frames/s, fps says 50; the times count"}


def test_a_unit_that_the_space_cannot_have(tmp_path):
    root = foreign_folder(tmp_path, sidecar={"space": "camera", "units": "px", "fps": 50})
    assert "units 'px' cannot be; space 'camera' is in mm" in error_of(root)


def test_no_space(tmp_path):
    assert "no space in" in error_of(foreign_folder(tmp_path, sidecar={"fps": 50}))


def test_all_problems_are_told_at_once_after_every_sound_recording(tmp_path):
    nothing = replace(landmarks(), points=np.full((20, 68, 3), np.nan))
    cohort = [recording(f"S{i}", seed=i) for i in range(1, 7)] + [recording("S7", landmarks=nothing)]
    write(cohort, tmp_path)
    table = tmp_path / "participants.tsv"
    lines = [line for line in table.read_text().splitlines() if not line.startswith("sub-S6")]
    table.write_text("\n".join([*lines, "sub-S5\tHC", "sub-S8\tHC"]) + "\n")
    (tmp_path / "sub-S2" / "sub-S2_task-OPEN_landmarks.npz").write_bytes(b"not a zip")
    (tmp_path / "sub-S3" / "sub-S3_task-OPEN_events.tsv").write_text("onset\tduration\n")
    (tmp_path / "sub-S4" / "sub-S4_task-OPEN_events.tsv").write_text("start_frame\tstop_frame\n3\t99\n")
    read, error = read_until_error(FolderCohort(root=tmp_path).recordings())
    assert read == ["S1/OPEN"]
    problems = dict(error.problems)  # type: ignore[attr-defined]
    assert set(problems) == {"S2/OPEN", "S3", "S4/OPEN", "S5", "S6", "S7/OPEN", "S8"}
    assert "cannot be read as .npz" in problems["S2/OPEN"]
    assert problems["S3"] == "has no repetition: its 1 events files list none"
    wanted = "repetition 0 in sub-S4_task-OPEN_events.tsv covers frames 3 to 99, the recording has 20"
    assert problems["S4/OPEN"] == wanted
    assert problems["S5"] == "stands in participants.tsv more than once"
    assert problems["S6"] == "has a folder sub-S6 but no line in participants.tsv"
    assert problems["S7/OPEN"] == "has no landmark in any of its 20 frames; all are missing"
    assert problems["S8"].startswith("has no recording: no file sub-S8_task-<task>_landmarks.npz or .csv")
    assert str(error).startswith("7 problems\n")
    assert "cohort.exclude=[S2/OPEN,S3,S4/OPEN,S5,S6,S7/OPEN,S8]." in str(error)


def test_a_file_name_that_says_no_task(tmp_path):
    write([recording()], tmp_path)
    person = tmp_path / "sub-S1"
    (person / "sub-S1_task-OPEN_landmarks.npz").rename(person / "open_landmarks.npz")
    wanted = "its name must be sub-S1[_ses-<session>]_task-<task>_landmarks.npz"
    assert wanted in error_of(tmp_path)


def test_the_same_recording_in_two_formats(tmp_path):
    root = foreign_folder(tmp_path)
    marks = landmarks(6)
    np.savez(root / "sub-12" / "sub-12_task-OPEN_landmarks.npz", points=marks.points)
    assert "12/OPEN: stands in the cohort more than once" in error_of(root)


def test_hidden_folders_of_a_person_are_passed_over(tmp_path):
    write([recording()], tmp_path)
    person = tmp_path / "sub-S1"
    shutil.copytree(person, person / ".snapshot")
    assert [one.task for one in FolderCohort(root=tmp_path).recordings()] == ["OPEN"]


def test_writing_refuses_a_folder_of_others(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match=r"is not empty and not written by neuroface\. Choose an empty folder"):
        write([recording()], tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_writing_again_replaces_and_never_mixes_two_cohorts(tmp_path):
    write([recording("S1"), recording("S2")], tmp_path)
    write([recording("S1", seed=9), recording("S2")], tmp_path)
    back = list(FolderCohort(root=tmp_path).recordings())
    np.testing.assert_array_equal(back[0].landmarks.points, landmarks(seed=9).points)
    with pytest.raises(DataError, match=r"holds 3 files of another cohort, first sub-S2/sub-S2_task-OPEN_events.tsv"):
        write([recording("S1")], tmp_path)
    assert len(list(FolderCohort(root=tmp_path).recordings())) == 2


def test_an_interrupted_write_changes_nothing(tmp_path):
    write([recording("S1")], tmp_path)

    def interrupted():
        yield recording("S1", seed=9)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(interrupted(), tmp_path)
    back = list(FolderCohort(root=tmp_path).recordings())
    np.testing.assert_array_equal(back[0].landmarks.points, landmarks(seed=0).points)
    assert not list(tmp_path.glob(".partial-*"))


@pytest.mark.parametrize(
    ("cohort", "wanted"),
    [
        ([recording("a/b")], "subject 'a/b' cannot be part of a file name"),
        ([recording(), recording()], "S1/OPEN: stands in the cohort more than once"),
        ([recording("a"), recording("A")], "A/OPEN: stands in the cohort more than once"),
        ([recording(), recording(task="KISS", group="ALS")], "group or attributes differ from this person's other"),
        ([recording(attributes={"scan": [1]})], "attribute 'scan' is neither text nor a number"),
        ([], "There are no recordings to write."),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, cohort, wanted):
    with pytest.raises(DataError) as caught:
        write(cohort, tmp_path / "out")
    assert wanted in str(caught.value)
    assert not list((tmp_path / "out").glob("sub-*"))
