"""Graded stills: people by file name or by CSV, both sides of a person together, and what must be refused."""

from __future__ import annotations

import pytest

from checks import read_until_error
from neuroface.cohorts.annotations import side_of, subject_of
from neuroface.cohorts.fnp import FnpCohort
from neuroface.errors import DataError
from palsy_folders import face_picture, write_fnp, write_image

PEOPLE = {"patient001": 1, "patient002": 3, "patient003": 6}


def table(folder, text, name="table.csv"):
    (folder / name).write_text(text)
    return folder / name


def test_both_sides_of_a_person_are_one_subject(tmp_path):
    read = list(FnpCohort(root=write_fnp(tmp_path, PEOPLE)).recordings())
    facts = [(r.subject, r.group, r.repetitions[0].label, r.attributes["side"]) for r in read]
    assert facts == [(p, str(g), str(g), side) for p, g in PEOPLE.items() for side in ("left", "right")]
    assert read[0].name == "patient001/patient001-left/still"
    assert "the file's name before its last _" in read[0].notes["subject"]
    (frame,) = read[0].video.frames()
    assert frame.color.shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("stem", "subject", "side"),
    [
        ("patient001_left", "patient001", "left"),
        ("ward_2_RIGHT", "ward_2", "right"),
        ("patient001", "patient001", "unknown"),
        ("patient001_2", "patient001", "unknown"),
        ("bright_3", "bright", "unknown"),  # right, but not as a word
        ("left_right", "left", "unknown"),
    ],
)
def test_names_of_files(stem, subject, side):
    assert (subject_of(stem), side_of(stem)) == (subject, side)


def test_a_person_under_two_grades_is_refused_by_name(tmp_path):
    write_fnp(tmp_path, PEOPLE)
    write_image(tmp_path / "grade_4" / "patient002_front.jpg", face_picture(0.5, 1))
    names, error = read_until_error(FnpCohort(root=tmp_path).recordings())
    assert [name.split("/")[0] for name in names] == ["patient001", "patient001", "patient003", "patient003"]
    assert "patient002 stands under grades 3 and 4; the file's name before its last _ names the person" in str(error)


def test_grades_beyond_six_and_unreadable_images_are_listed(tmp_path):
    write_fnp(tmp_path, PEOPLE)
    write_image(tmp_path / "grade_7" / "patient009_left.png", face_picture(1, 1))
    write_image(tmp_path / "grade_0" / "patient008_left.png", face_picture(1, 1))
    (tmp_path / "grade_6" / "patient003_left.jpg").write_bytes(b"")
    names, error = read_until_error(FnpCohort(root=tmp_path).recordings())
    assert len(names) == 5
    told = "patient008/patient008-left/still, patient009/patient009-left/still: has grade '0'; House-Brackmann"
    assert told in str(error)
    assert "grades run from 1 to 6 (the others alike)" in str(error)
    assert "patient003_left.jpg (0 bytes) cannot be read as an image" in str(error)


def test_a_csv_says_who_is_who(tmp_path):
    write_fnp(tmp_path, PEOPLE)
    file = table(
        tmp_path,
        "image_path,grade,side,split,subject\n"
        "grade_1/patient001_left.jpg,1,left,train,A\n"
        "grade_1/patient001_right.jpg,2,,test,B\n",
    )
    read = list(FnpCohort(root=tmp_path, annotations=file).recordings())
    facts = [(r.subject, r.repetitions[0].label, dict(r.attributes)) for r in read]
    assert facts == [("A", "1", {"side": "left", "split": "train"}), ("B", "2", {"side": "right", "split": "test"})]


def test_a_person_in_train_and_test_of_a_csv_is_refused_by_name(tmp_path):
    """The published split was drawn image by image."""
    write_fnp(tmp_path, PEOPLE)
    file = table(
        tmp_path,
        "image_path,grade,side,split\n"
        "grade_1/patient001_left.jpg,1,left,train\n"
        "grade_1/patient001_right.jpg,1,right,test\n"
        "grade_3/patient002_left.jpg,3,left,test\n",
    )
    names, error = read_until_error(FnpCohort(root=tmp_path, annotations=file).recordings())
    assert names == ["patient002/patient002-left/still"]
    assert "patient001 stands in test and train" in str(error)


def test_three_classes_become_grades_and_the_notes_say_so(tmp_path):
    write_fnp(tmp_path, PEOPLE, sides=["left"])
    rows = [f"grade_{g}/{p}_left.jpg,{c}" for (p, g), c in zip(PEOPLE.items(), (0, 1, 2), strict=True)]
    file = table(tmp_path, "image_path,class\n" + "\n".join(rows))
    read = list(FnpCohort(root=tmp_path, annotations=file).recordings())
    assert [r.repetitions[0].label for r in read] == ["1", "2", "4"]
    assert read[0].notes["grades taken from three classes (0, 1, 2 for 1, 2, 4)"] == 1
    table(tmp_path, "image_path,class\ngrade_1/patient001_left.jpg,3\n")
    _, error = read_until_error(FnpCohort(root=tmp_path, annotations=file).recordings())
    assert "has class '3'; it must be 0, 1 or 2, which are taken for grades 1, 2 and 4" in str(error)


def test_a_csv_in_the_folder_wins_over_folder_names(tmp_path):
    write_fnp(tmp_path, PEOPLE)
    table(tmp_path, "image_path,grade,subject\ngrade_1/patient001_left.jpg,5,Q\n", "annotations.csv")
    (one,) = FnpCohort(root=tmp_path).recordings()
    assert (one.subject, one.group) == ("Q", "5")


def test_rows_without_an_image_and_columns_that_are_missing(tmp_path):
    write_fnp(tmp_path, PEOPLE)
    file = table(tmp_path, "image_path,grade\ngrade_2/nobody_left.jpg,2\n")
    _, error = read_until_error(FnpCohort(root=tmp_path, annotations=file).recordings())
    assert "nobody/nobody-left/still: has no file grade_2/nobody_left.jpg, neither in" in str(error)
    table(tmp_path, "image_path,mark\nx.jpg,2\n")
    with pytest.raises(DataError, match=r"table\.csv has no column 'grade', and no 'class' in its place\.$"):
        list(FnpCohort(root=tmp_path, annotations=file).recordings())


def test_a_folder_without_grades_says_what_to_set(tmp_path):
    with pytest.raises(DataError, match=r"^There is no image in grade_1 \.\. grade_6 of .* Set cohort\.root, or"):
        list(FnpCohort(root=tmp_path).recordings())
