"""OpenFace CSV files: what they say, what they do not, and what is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from checks import read_until_error, still_face
from neuroface.cohorts.openface import OpenFaceCohort
from neuroface.errors import ConfigError, DataError

FRAMES = 6
FACE = np.round(still_face(), 3)


def openface_csv(file: Path, *, faces: int = 1, bom: str = "", drop: tuple[str, ...] = (), **columns) -> None:
    """As OpenFace writes it: a blank before each name but the first. The face moves by 1 mm or px a frame."""
    frame = np.arange(1, FRAMES + 1)
    values = {"frame": frame, "face_id": 0 * frame, "timestamp": (frame - 1) * 0.04}
    values |= {"confidence": np.full(FRAMES, 0.98), "success": np.ones(FRAMES, dtype=int), "pose_Tx": 0.5 * frame}
    for axis, offset in (("x", 100), ("y", 200), ("X", 0), ("Y", 10), ("Z", 600)):
        values |= {f"{axis}_{i}": offset + FACE[i, "xyz".index(axis.lower())] + frame for i in range(68)}
    values |= columns
    rows = [", ".join(str(values[name][at]) for name in values if name not in drop) for at in range(FRAMES)]
    if faces == 2:
        rows += [row.replace(", 0, ", ", 1, ", 1) for row in rows[: FRAMES // 2]]
    header = bom + ", ".join(name for name in values if name not in drop)
    file.write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def cohort(root: Path, table: str = "subject,group,file,task,age\n01,HC,a.csv,OPEN,60\n", **more) -> OpenFaceCohort:
    (root / "subjects.csv").write_text(table, encoding="utf-8")
    return OpenFaceCohort(root=root, subjects=root / "subjects.csv", **more)


def only(made: OpenFaceCohort):
    (one,) = made.recordings()
    return one


def test_millimetres_with_blanks_and_byte_order_marks(tmp_path):
    openface_csv(tmp_path / "a.csv", bom="\ufeff")
    one = only(cohort(tmp_path, "\ufeffsubject, group, file, task, age\n01, HC, a.csv, OPEN, 60\n"))
    assert (one.subject, one.group, one.task, one.attributes) == ("01", "HC", "OPEN", {"age": 60})
    assert one.landmarks.space == "camera"
    assert one.landmarks.points[2, 30] == pytest.approx(FACE[30] + [3, 13, 603])
    assert one.landmarks.timestamps_s.tolist() == [0, 0.04, 0.08, 0.12, 0.16, 0.2]
    assert one.landmarks.score is not None
    assert (one.landmarks.score == 0.98).all()
    assert "nominal" in one.notes["millimetres"]


def test_pixels(tmp_path):
    openface_csv(tmp_path / "a.csv")
    one = only(cohort(tmp_path, space="2d"))
    assert one.landmarks.space == "pixel"
    assert one.landmarks.points[0, 0] == pytest.approx(FACE[0, :2] + [101, 201])
    assert "millimetres" not in one.notes


def test_frames_without_a_face_are_missing_and_counted(tmp_path):
    openface_csv(tmp_path / "a.csv", success=[1, 0, 1, 1, 1, 0], confidence=[0.98, 0, 0.79, 0.8, 0.98, 0.98])
    one = only(cohort(tmp_path))
    assert np.isnan(one.landmarks.points).all(axis=(1, 2)).tolist() == [False, True, True, False, False, True]
    assert (one.notes["frames_unsuccessful"], one.notes["frames_of_low_confidence"]) == (2, 1)


def test_confidence_in_per_cent_is_refused(tmp_path):
    openface_csv(tmp_path / "a.csv", confidence=[98, 0, 30, 80, 98, 98])
    with pytest.raises(DataError, match=r"confidence goes up to 98 in .*; OpenFace's lies between 0 and 1"):
        only(cohort(tmp_path))


def test_the_face_that_is_there_most_is_kept(tmp_path):
    openface_csv(tmp_path / "a.csv", faces=2)
    one = only(cohort(tmp_path))
    assert len(one.landmarks) == FRAMES
    assert one.notes["frames_of_other_faces"] == FRAMES // 2


def test_frame_numbers_and_a_frame_rate_instead_of_timestamps(tmp_path):
    openface_csv(tmp_path / "a.csv", drop=("timestamp",))
    assert np.diff(only(cohort(tmp_path, fps=50)).landmarks.timestamps_s) == pytest.approx(1 / 50)
    with pytest.raises(DataError, match=r"has no column 'timestamp'; set cohort.fps"):
        only(cohort(tmp_path))


def test_repeated_timestamps_are_merged_and_counted(tmp_path):
    openface_csv(tmp_path / "a.csv", timestamp=[0, 0.04, 0.04, 0.08, 0.12, 0.16])
    one = only(cohort(tmp_path))
    assert (len(one.landmarks), one.notes["frames_merged"]) == (5, 1)


def test_task_of_all_recordings(tmp_path):
    openface_csv(tmp_path / "a.csv")
    table = "subject,group,file\n01,HC,a.csv\n"
    assert only(cohort(tmp_path, table, task="KISS")).task == "KISS"
    with pytest.raises(DataError, match=r"has no column 'task'. Add one, or set cohort.task to the task of all"):
        only(cohort(tmp_path, table))


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    openface_csv(tmp_path / "good.csv")
    openface_csv(tmp_path / "flat.csv", drop=tuple(f"{axis}_{i}" for axis in "XYZ" for i in range(68)))
    openface_csv(tmp_path / "back.csv", timestamp=[0, 0.04, 0.02, 0.08, 0.12, 0.16])
    openface_csv(tmp_path / "blind.csv", success=[0] * FRAMES)
    openface_csv(tmp_path / "text.csv", X_3=["?"] * FRAMES)
    names = ["good", "flat", "gone", "back", "blind", "text"]
    table = "subject,group,file,task\n" + "".join(f"{n},HC,{n}.csv,OPEN\n" for n in names) + "good,HC,good.csv,OPEN\n"
    read, error = read_until_error(cohort(tmp_path, table).recordings())
    assert read == ["good/OPEN"]
    problems = dict(error.problems)  # type: ignore[attr-defined]
    assert problems == {
        "flat/OPEN": f"{tmp_path / 'flat.csv'} has no column X_0 and 203 more; columns X_0 .. Z_67 are needed",
        "gone/OPEN": f"There is no file {tmp_path / 'gone.csv'}",
        "back/OPEN": "timestamps run backwards 1 times, first at frame 2 (0.020 s after 0.040 s); "
        "put the frames in order of time",
        "blind/OPEN": "has no landmark in any of its 6 frames; all are missing",
        "text/OPEN": f"{tmp_path / 'text.csv'} holds text where numbers are needed, in column X_3",
        "good/OPEN": "stands in the cohort more than once",
    }


def test_a_csv_of_something_else(tmp_path):
    (tmp_path / "a.csv").write_text("frame,x_0\n1,2\n")
    with pytest.raises(DataError, match=r"has no column 'success'; is it an OpenFace CSV\?"):
        only(cohort(tmp_path))


def test_an_empty_table(tmp_path):
    with pytest.raises(DataError, match=r"There are no recordings in .*subjects.csv\."):
        only(cohort(tmp_path, "subject,group,file,task\n"))


def test_a_line_that_is_too_short(tmp_path):
    with pytest.raises(DataError, match=r"Line 2 of .*subjects.csv has 2 cells, the first line 5 columns."):
        only(cohort(tmp_path, "subject,group,file,task,age\n01,HC\n"))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"space": "3D"}, "cohort.space=3D: there is no such choice."),
        ({"fps": 0}, "cohort.fps=0; it must be positive."),
        ({"min_confidence": 80}, "cohort.min_confidence=80; it must lie between 0 and 1."),
        ({"subjects": None}, "cohort.subjects is not set. Set it to a CSV with columns subject, group, file."),
    ],
)
def test_wrong_keys(tmp_path, keys, message):
    with pytest.raises(ConfigError) as caught:
        OpenFaceCohort(**{"root": tmp_path, "subjects": tmp_path / "s.csv", **keys})
    assert str(caught.value).startswith(message)
