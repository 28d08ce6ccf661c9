"""Single pictures: whose they are, what they show, and what cannot be one."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from checks import read_until_error
from neuroface.cohorts.image_folder import ImageFolderCohort
from neuroface.errors import ConfigError, DataError
from neuroface.types import PEOPLE_UNKNOWN
from palsy_folders import face_picture, write_image, write_text


def folder_with(root, *names):
    for name in names:
        write_image(root / name, face_picture(0.5, 1))
    return root


def facts(cohort, **wanted):
    return [(r.subject, r.group, r.repetitions[0].label) for r in cohort.recordings(**wanted)]


def test_folders_are_classes_and_the_next_ones_people(tmp_path):
    cohort = ImageFolderCohort(root=folder_with(tmp_path, "sick/P2/a.png", "sick/P2/b.png", "well/P1/a.png"))
    assert facts(cohort) == [("P2", "sick", "sick"), ("P2", "sick", "sick"), ("P1", "well", "well")]
    assert facts(cohort, groups=["well"]) == [("P1", "well", "well")]
    assert [r.session for r in cohort.recordings()] == ["sick-P2-a", "sick-P2-b", "well-P1-a"]
    assert all(PEOPLE_UNKNOWN not in r.notes for r in cohort.recordings())


def test_a_picture_of_nobody_in_particular_is_a_person_of_its_own_and_says_so(tmp_path):
    cohort = ImageFolderCohort(root=folder_with(tmp_path, "sick/1.png", "sick/2.png", "well/1.png"))
    assert [r.subject for r in cohort.recordings()] == ["sick-1", "sick-2", "well-1"]
    assert [r.notes[PEOPLE_UNKNOWN] for r in cohort.recordings()] == [1, 1, 1]


def test_a_pattern_says_who_and_what(tmp_path):
    folder_with(tmp_path, "anna_01_well.png", "anna_02_well.png", "berta_01_sick.png")
    cohort = ImageFolderCohort(root=tmp_path, pattern=r"(?P<subject>[a-z]+)_\d+_(?P<label>[a-z]+)")
    assert facts(cohort) == [("anna", "well", "well"), ("anna", "well", "well"), ("berta", "sick", "sick")]
    folder_with(tmp_path, "12.png")
    names, error = read_until_error(cohort.recordings())
    assert len(names) == 3
    assert "12/still: cohort.pattern does not match 12.png" in str(error)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [("(", "is no regular expression"), (r"\d+", r"does not say who: name that part, (?P<subject>...)")],
)
def test_a_pattern_that_says_nothing(tmp_path, pattern, told):
    with pytest.raises(ConfigError, match=re.escape(told)):
        ImageFolderCohort(root=tmp_path, pattern=pattern)


def test_a_table(tmp_path):
    folder_with(tmp_path, "x/1.png", "x/2.png", "x/3.png")
    table = tmp_path / "t.csv"
    write_text(table, "image,label,subject,split\nx/1.png,sick,P1,train\nx/2.png,sick,P1,\nx/3.png,well,,test\n")
    recordings = list(ImageFolderCohort(root=tmp_path, table=table).recordings())
    assert [(r.subject, r.group, dict(r.attributes)) for r in recordings] == [
        ("P1", "sick", {"split": "train"}),
        ("P1", "sick", {}),
        ("x-3", "well", {"split": "test"}),
    ]
    assert [r.notes.get(PEOPLE_UNKNOWN, 0) for r in recordings] == [0, 0, 1]


def test_a_list_counts_labels_from_one_and_knows_aligned_pictures(tmp_path):
    folder_with(tmp_path, "train_1_aligned.png", "test_2.png")
    write_text(tmp_path / "list.txt", "train_1.png 1\ntest_2.png 2\n")
    cohort = ImageFolderCohort(root=tmp_path, labels=tmp_path / "list.txt", names=["surprise", "fear"])
    recordings = list(cohort.recordings())
    assert [(r.group, r.attributes["split"]) for r in recordings] == [("surprise", "train"), ("fear", "test")]
    write_text(tmp_path / "list.txt", "train_1.png 0\ntest_2.png 3\nnonsense\n")
    with pytest.raises(DataError, match=r"label 0; names has 2.*label 3; names has 2.*line 3 'nonsense' is not"):
        list(cohort.recordings())


def test_who_has_two_labels_is_refused_by_name_unless_labels_are_expressions(tmp_path):
    folder_with(tmp_path, "sick/P1/a.png", "well/P1/a.png", "well/P2/a.png")
    with pytest.raises(DataError, match=r"under two labels: P1 \(sick, well\)\. Mend the labels"):
        list(ImageFolderCohort(root=tmp_path).recordings())
    assert facts(ImageFolderCohort(root=tmp_path, label_of="image")) == [
        ("P1", "unlabelled", "sick"), ("P1", "unlabelled", "well"), ("P2", "unlabelled", "well"),
    ]  # fmt: skip


def test_all_that_is_no_picture_is_told_at_once(tmp_path):
    folder_with(tmp_path, "sick/P1/good.png")
    cv2.imwrite(str(tmp_path / "sick/P1/dot.png"), np.zeros((1, 1, 3), np.uint8))
    whole = (tmp_path / "sick/P1/good.png").read_bytes()
    (tmp_path / "sick/P1/half.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "sick/P1/film.gif").write_bytes(b"GIF89a")
    names, error = read_until_error(ImageFolderCohort(root=tmp_path).recordings())
    assert len(names) == 1
    for told in ("dot.png is 1x1 px; no face", "half.png", "is cut off", "film.gif is a GIF"):
        assert told in str(error)


def test_a_path_out_of_the_folder_and_an_empty_folder(tmp_path):
    (tmp_path / "in").mkdir()
    write_text(tmp_path / "t.csv", "image,label\n../x.png,sick\n")
    with pytest.raises(DataError, match=r"\.\./x\.png leads out of"):
        list(ImageFolderCohort(root=tmp_path / "in", table=tmp_path / "t.csv").recordings())
    with pytest.raises(DataError, match="There is no picture in a folder of"):
        list(ImageFolderCohort(root=tmp_path / "in").recordings())


def test_hidden_folders_are_passed_over_wherever_they_lie(tmp_path):
    folder_with(tmp_path, "sick/P1/a.png", ".trash/P9/a.png", "sick/.thumbs/P1/a.png", "well/.ipynb_checkpoints/a.png")
    assert [r.subject for r in ImageFolderCohort(root=tmp_path).recordings()] == ["P1"]


@pytest.mark.parametrize("person", ["P1/", ""])
def test_a_picture_of_the_same_name_is_told_which_one_it_is(tmp_path, person):
    folder_with(tmp_path, f"sick/{person}smile_1.jpg", f"sick/{person}smile_1.png")
    names, error = read_until_error(ImageFolderCohort(root=tmp_path).recordings())
    assert len(names) == 1
    assert f"sick/{person}smile_1.png has the name of sick/{person}smile_1.jpg, but for its ending" in str(error)
