"""CK+: which image is the peak, whose landmarks and emotion, and no grade without somebody who gave it."""

from __future__ import annotations

import numpy as np
import pytest

from checks import read_until_error
from neuroface.cohorts.ckplus import CkPlusCohort
from neuroface.errors import ConfigError, DataError
from palsy_folders import write_ckplus, write_text

SEQUENCES = {("S005", "001"): 3, ("S005", "002"): None, ("S010", "001"): 7, ("S010", "002"): 1}


def grades(folder, rows, name="grades.csv"):
    write_text(folder / name, "subject,sequence,grade\n" + "".join(f"{s},{q},{g}\n" for s, q, g in rows))
    return folder / name


def test_onset_and_peak_with_their_landmarks_and_emotion(tmp_path):
    read = list(CkPlusCohort(root=write_ckplus(tmp_path, SEQUENCES, n_images=11)).recordings())
    assert [(r.name, r.repetitions[0].label) for r in read] == [
        ("S005/001/expression", "disgust"),
        ("S010/001/expression", "surprise"),
        ("S010/002/expression", "anger"),
    ]
    first = read[0]
    assert [f.name for f in first.video.files] == ["S005_001_00000001.png", "S005_001_00000011.png"]
    assert first.landmarks.timestamps_s == pytest.approx([0, 10 / 30])
    p = np.arange(68)
    for frame, image in enumerate((1, 11)):
        assert first.landmarks.points[frame] == pytest.approx(np.stack([10 + p + image, 20.0 + p], axis=1))
    assert first.notes["sequences without an emotion"] == 1
    assert "sequences without an emotion" not in read[1].notes
    assert (first.repetitions[0].start, first.repetitions[0].stop) == (0, 2)


@pytest.mark.parametrize(("frames", "images"), [("peak", [4]), ("onset_peak", [1, 4]), ("sequence", [1, 2, 3, 4])])
def test_which_images(tmp_path, frames, images):
    (first, *_) = CkPlusCohort(root=write_ckplus(tmp_path, SEQUENCES), frames=frames).recordings()
    assert [int(f.stem[-8:]) for f in first.video.files] == images
    assert len(first.landmarks) == first.repetitions[0].stop == len(images)


def test_images_without_landmarks_are_missing_and_counted(tmp_path):
    (first, *_) = CkPlusCohort(root=write_ckplus(tmp_path, SEQUENCES, landmarks=False)).recordings()
    assert np.isnan(first.landmarks.points).all()
    assert first.notes["images without a file of landmarks"] == 2


def test_fractions_of_the_image_are_refused_and_zeros_are_missing(tmp_path):
    root = write_ckplus(tmp_path, {("S005", "001"): 3})
    files = sorted((root / "Landmarks" / "S005" / "001").glob("*.txt"))
    points = np.stack([10.0 + np.arange(68), 20.0 + np.arange(68)], axis=1)
    points[3] = 0
    for file in files:
        np.savetxt(file, points)
    (read,) = CkPlusCohort(root=root).recordings()
    assert np.flatnonzero(np.isnan(read.landmarks.points[0]).any(axis=1)).tolist() == [3]
    assert read.notes["points_stored_as_0"] == 2
    for file in files:
        np.savetxt(file, points / 100)
    with pytest.raises(DataError, match=r"S005/001/expression: .* fractions of the image, not px"):
        list(CkPlusCohort(root=root).recordings())


def test_no_grade_without_a_table_of_grades():
    with pytest.raises(ConfigError) as error:
        CkPlusCohort(root=".", target="grade")
    assert str(error.value) == (
        "cohort.target=grade: CK+ comes without grades of palsy. Set cohort.grades to a CSV with columns "
        "subject,sequence,grade, or cohort.target=emotion."
    )
    with pytest.raises(ConfigError, match=r"^cohort\.grades is set, but cohort\.target=emotion does not use it"):
        CkPlusCohort(root=".", grades="grades.csv")


def test_grades_are_those_of_the_table(tmp_path):
    write_ckplus(tmp_path, SEQUENCES)
    file = grades(tmp_path, [(s, q, 1 if s == "S005" else 4) for s, q in SEQUENCES])
    read = list(CkPlusCohort(root=tmp_path, target="grade", grades=file).recordings())
    assert [(r.subject, r.session, r.repetitions[0].label) for r in read] == [
        ("S005", "001", "1"),
        ("S005", "002", "1"),
        ("S010", "001", "4"),
        ("S010", "002", "4"),
    ]


def test_sequences_without_a_row_are_named_never_graded(tmp_path):
    write_ckplus(tmp_path, SEQUENCES)
    file = grades(tmp_path, [("S005", "001", 1), ("S005", "001", 2), ("S010", "002", 1), ("S999", "001", 2)])
    with pytest.raises(DataError) as error:
        list(CkPlusCohort(root=tmp_path, target="grade", grades=file).recordings())
    assert str(error.value) == (
        f"{file} has no row for S005/002, S010/001; rows for sequences that are not there: S999/001; more than one row "
        "for S005/001. Each sequence needs one row; leave out none, guess none."
    )


def test_broken_files_are_told_together(tmp_path):
    write_ckplus(tmp_path, SEQUENCES)
    write_text(tmp_path / "Emotion/S005/001/S005_001_00000004_emotion.txt", "8.0\n")
    write_text(tmp_path / "Emotion/S010/001/S010_001_00000004_emotion.txt", "happy\n")
    write_text(tmp_path / "Landmarks/S010/002/S010_002_00000004_landmarks.txt", "1.0 2.0\n" * 67)
    names, error = read_until_error(CkPlusCohort(root=tmp_path).recordings())
    assert names == []
    assert "S005_001_00000004_emotion.txt holds code 8; emotions are 0 to 7" in str(error)
    assert "S010_001_00000004_emotion.txt holds 'happy'; the code of an emotion, 0 to 7, is needed" in str(error)
    assert "S010_002_00000004_landmarks.txt holds (67, 2) numbers; 68 lines x y are needed" in str(error)


def test_grade_beyond_six_is_told(tmp_path):
    write_ckplus(tmp_path, SEQUENCES)
    file = grades(tmp_path, [(s, q, 7 if q == "002" else 1) for s, q in SEQUENCES])
    names, error = read_until_error(CkPlusCohort(root=tmp_path, target="grade", grades=file).recordings())
    assert len(names) == 2
    assert "2 of 4 recordings: S005/002/expression, S010/002/expression: has grade '7'; House-Brackmann" in str(error)


def test_folders_without_sequences_or_emotions_say_so(tmp_path):
    with pytest.raises(
        DataError, match=r"^There is no sequence such as S005/001 in .* Set cohort\.root to the folder of"
    ):
        list(CkPlusCohort(root=tmp_path).recordings())
    write_ckplus(tmp_path, {("S005", "001"): None})
    with pytest.raises(DataError, match=r"^No sequence has a file in .*Emotion\. Unpack the emotion labels beside"):
        list(CkPlusCohort(root=tmp_path).recordings())


def test_sequences_right_under_the_root(tmp_path):
    """The layout of the source system: S005/001/*.png."""
    write_ckplus(tmp_path, SEQUENCES)
    file = grades(tmp_path, [(s, q, 2) for s, q in SEQUENCES])
    bare = tmp_path / "cohn-kanade-images"
    read = list(CkPlusCohort(root=bare, target="grade", grades=file, frames="peak").recordings())
    assert [r.video.files[0].name for r in read] == [f"{s}_{q}_00000004.png" for s, q in SEQUENCES]


@pytest.mark.parametrize(("key", "value"), [("target", "grades"), ("frames", "peaks")])
def test_unknown_choices(key, value):
    with pytest.raises(ConfigError, match=rf"^cohort\.{key}={value}: there is no such choice\. Did you mean"):
        CkPlusCohort(root=".", **{key: value})
