"""What is written for other tools says the same when it is read back."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from checks import still_face
from neuroface.cohorts import points_writer
from neuroface.cohorts.openface import OpenFaceCohort
from neuroface.cohorts.points import PointsCohort
from neuroface.errors import DataError
from neuroface.types import Landmarks, Recording, Repetition

TIMES = np.array([0.0, 0.04, 0.081, 0.12, 0.16])  # no even clock


def a_recording(space: str = "camera", session: str = "1") -> Recording:
    steps = np.linspace(0, 1 / 3, len(TIMES))[:, None, None]
    placed = still_face()[:, :2] + 300.0 if space == "pixel" else still_face() + 600.0
    points = placed + steps
    points[1, 7] = np.nan
    points[3] = np.nan
    return Recording(
        subject="07",
        group="HC",
        task="OPEN",
        session=session,
        landmarks=Landmarks(points, TIMES, space),
        repetitions=(Repetition(start=0, stop=2, index=0), Repetition(start=2, stop=5, index=1)),
        attributes={"age": 60},
    )


@pytest.mark.parametrize("space", ["pixel", "camera", "head"])
@pytest.mark.parametrize("layout", points_writer.LAYOUTS)
def test_round_trip(tmp_path, layout, space):
    if layout == "movement":
        pytest.importorskip("h5netcdf")
        pytest.importorskip("h5py")
    one, out = a_recording(space), tmp_path / "out"
    if (layout, space) == ("openface", "head"):
        with pytest.raises(DataError, match="holds pixel or camera"):
            points_writer.write([one], out, layout)
        return
    assert points_writer.write([one], out, layout) == 1
    common = {"root": out, "subjects": out / "subjects.csv", "annotations": out, "tier": "*"}
    if layout == "openface":
        made = OpenFaceCohort(**common, space="2d" if space == "pixel" else "3d")
    else:
        made = PointsCohort(**common)
    (back,) = made.recordings()
    assert (back.subject, back.group, back.task, back.session) == ("07", "HC", "OPEN", "1")
    assert back.attributes == {"age": 60}
    assert back.landmarks.space == space
    # the quick parser of pandas may be off in the last binary digit
    np.testing.assert_allclose(back.landmarks.points, one.landmarks.points, rtol=1e-15 if layout == "openface" else 0)
    np.testing.assert_array_equal(back.landmarks.timestamps_s, TIMES)
    assert [(r.start, r.stop) for r in back.repetitions or ()] == [(0, 2), (2, 5)]


def test_folder_of_others_and_names_twice(tmp_path):
    one = a_recording()
    with pytest.raises(DataError, match="more than once"):
        points_writer.write([one, replace(one)], tmp_path / "a", "openface")
    with pytest.raises(DataError, match="is not empty"):
        points_writer.write([one], tmp_path / "a", "openface")


def test_names_in_bids_are_letters_and_digits_and_the_cohorts_own_are_kept(tmp_path):
    names = [
        ("P-1", "open wide", "pre_op"),
        ("p1", "open wide", "pre_op"),
        ("P-1", "open-wide", ""),
        ("Ü", "SMILE", "1"),
    ]
    people = [replace(a_recording(), subject=who, task=task, session=when) for who, task, when in names]
    points_writer.write(people, tmp_path, "motion_bids")
    stems = sorted(file.name.removesuffix("_tracksys-face_motion.tsv") for file in tmp_path.rglob("*_motion.tsv"))
    assert stems == [
        "sub-P1_ses-preop_task-openwide",
        "sub-P1_task-openwidex2",
        "sub-p1x2_ses-preop_task-openwide",
        "sub-x_ses-1_task-SMILE",
    ]
    assert all(re.fullmatch(r"sub-[0-9A-Za-z]+(_ses-[0-9A-Za-z]+)?_task-[0-9A-Za-z]+", stem) for stem in stems)
    assert (tmp_path / "sub-P1" / "ses-preop" / "motion").is_dir()
    with (tmp_path / "participants.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    assert [(row["participant_id"], row["original_id"]) for row in rows] == [
        ("sub-P1", "P-1"),
        ("sub-p1x2", "p1"),
        ("sub-x", "Ü"),
    ]
    assert rows[0]["group"] == "HC"
    assert rows[0]["age"] == "60"
    (about,) = (tmp_path / "sub-p1x2").rglob("*_motion.json")
    assert json.loads(about.read_text())["TaskName"] == "open wide"
    made = PointsCohort(root=tmp_path, subjects=tmp_path / "subjects.csv", annotations=tmp_path, tier="*").recordings()
    assert [(one.subject, one.task, one.session) for one in made] == names


def test_other_layouts_keep_names_as_they_are(tmp_path):
    points_writer.write([replace(a_recording(), subject="P-1")], tmp_path, "openface")
    assert (tmp_path / "sub-P-1").is_dir()
    assert not (tmp_path / "participants.tsv").exists()
