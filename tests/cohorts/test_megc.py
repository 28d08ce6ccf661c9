"""The micro-expression composite: both published layouts, who is who, and what must not be mixed up."""

from __future__ import annotations

import csv
import shutil
from collections import Counter

import cv2
import numpy as np
import pytest

from checks import read_until_error
from neuroface.cohorts.megc import MegcCohort
from neuroface.errors import ConfigError, DataError
from neuroface.recording.flow import PUBLISHED_POINTS, FlowImage
from palsy_folders import MEGC_ROWS, MEGC_TABLE, flow_picture, write_megc

BY_SUBJECT = "datasets/three_norm_u_v_os"


def test_people_of_three_databases_stay_distinct(tmp_path):
    read = list(MegcCohort(root=write_megc(tmp_path)).recordings())
    assert len(read) == len(MEGC_ROWS) == 18
    assert sorted({r.subject for r in read}) == [
        "casme2-sub01",
        "casme2-sub02",
        "samm-006",
        "samm-007",
        "smic-s01",
        "smic-s02",
    ]
    assert Counter(r.group for r in read) == {"casme2": 6, "smic": 6, "samm": 6}
    assert Counter(r.repetitions[0].label for r in read) == {"negative": 6, "positive": 6, "surprise": 6}
    first = read[0]
    assert first.name == "casme2-sub01/EP01-00f/micro-expression"
    assert (first.attributes, first.notes) == ({"database": "casme2"}, {})
    assert np.isnan(first.landmarks.points).all()
    assert first.landmarks.points.shape == (1, 68, 2)


@pytest.mark.parametrize("layout", ["by_subject", "flat"])
def test_pictures_are_those_of_the_csv_in_either_layout(tmp_path, layout):
    """Of a database that names its images otherwise in the CSV's imagename (SMIC), too."""
    read = list(MegcCohort(root=write_megc(tmp_path, layout=layout)).recordings())
    for seed, (recording, row) in enumerate(zip(read, MEGC_ROWS, strict=True)):
        assert isinstance(recording.video, FlowImage)
        np.testing.assert_array_equal(recording.video.channels(), flow_picture(row[3], seed))
        assert recording.video.files[0].name == f"{row[1]}_{row[2]} .png"


def test_both_layouts_hold_the_same_samples(tmp_path):
    names = [
        [r.name for r in MegcCohort(root=write_megc(tmp_path / layout, layout=layout)).recordings()]
        for layout in ("by_subject", "flat")
    ]
    assert names[0] == names[1]


def test_training_folders_are_not_read(tmp_path):
    """Every image of u_train is somebody's u_test; reading both would count people five times over."""
    write_megc(tmp_path)
    for place in (tmp_path / BY_SUBJECT).glob("*/u_train"):
        shutil.rmtree(place)
    assert len(list(MegcCohort(root=tmp_path).recordings())) == 18


def test_a_person_in_their_own_training_folder_is_told(tmp_path):
    write_megc(tmp_path)
    place = tmp_path / BY_SUBJECT / "s01"
    shutil.copy(place / "u_test" / "0" / "s01_s01_ne_01 .png", place / "u_train" / "0")
    notes = [(r.subject, r.notes) for r in MegcCohort(root=tmp_path).recordings() if r.notes]
    assert notes == [("smic-s01", {"flow images of a person in their own u_train (not used)": 1})]


def test_missing_doubled_and_misfiled_images_are_told_together(tmp_path):
    place = write_megc(tmp_path) / BY_SUBJECT
    (place / "sub01/u_test/0/sub01_EP01_00f .png").unlink()
    shutil.copy(place / "sub01/u_test/1/sub01_EP01_01f .png", place / "sub01/u_test/2")
    (place / "s02/u_test/2/s02_s02_sur_01 .png").rename(place / "s02/u_test/0/s02_s02_sur_01 .png")
    (place / "006/u_test/0/006_006_1_2 .png").rename(place / "007/u_test/0/006_006_1_2 .png")
    (place / "007/u_test/2/007_007_1_4 .png").write_bytes(b"not an image")
    names, error = read_until_error(MegcCohort(root=tmp_path).recordings())
    assert len(names) == 13
    for what in (
        "casme2-sub01/EP01-00f/micro-expression: has no flow image 'sub01_EP01_00f .png' in ",
        "casme2-sub01/EP01-01f/micro-expression: has 2 flow images (sub01/u_test/1, sub01/u_test/2)",
        "smic-s02/s02-sur-01/micro-expression: lies in u_test/0, and the CSV gives label 2",
        "samm-006/006-1-2/micro-expression: lies in the test folder of 007",
        "007_007_1_4 .png (12 bytes) cannot be read as an image",
    ):
        assert what in str(error)


def test_images_that_the_csv_does_not_list_are_counted(tmp_path):
    write_megc(tmp_path, layout="flat")
    flat = tmp_path / "datasets" / "STSNet_whole_norm_u_v_os"
    shutil.copy(flat / "sub01_EP01_00f .png", flat / "sub09_EP01_00f .png")
    first, *others = MegcCohort(root=tmp_path).recordings()
    assert first.notes == {"flow images that the CSV does not list": 1}
    assert not any(r.notes for r in others)


def test_regions_are_the_published_ones_or_those_of_a_file(tmp_path):
    write_megc(tmp_path)
    (default, *_) = MegcCohort(root=tmp_path).recordings()
    np.testing.assert_array_equal(default.video.points, PUBLISHED_POINTS)
    rows = [[f"{sub}_{name} .png", *(np.arange(10) + i).tolist()] for i, (_, sub, name, _) in enumerate(MEGC_ROWS)]
    with (tmp_path / "points.csv").open("w", newline="") as lines:
        header = ["image", *(f"{axis}{i}" for i in range(1, 6) for axis in "xy")]
        csv.writer(lines).writerows([header, *rows[:-1]])
    read, cohort = [], MegcCohort(root=tmp_path, regions="points.csv")
    with pytest.raises(DataError, match=r"samm-007/007-1-4/micro-expression: has no points in cohort\.regions"):
        read.extend(cohort.recordings())
    assert read[1].video.points.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]


def test_a_label_beyond_three_classes_is_told(tmp_path):
    write_megc(tmp_path)
    table = tmp_path / MEGC_TABLE
    table.write_text(table.read_text().replace("casme2,sub01,EP01_00f,0", "casme2,sub01,EP01_00f,3"))
    _, error = read_until_error(MegcCohort(root=tmp_path).recordings())
    assert "has label '3' in the CSV; it must be 0, 1 or 2" in str(error)


def test_folders_that_are_not_there(tmp_path):
    with pytest.raises(
        ConfigError, match=r"^cohort\.root is not set\. Set it to the folder that holds combined_3_class2"
    ):
        MegcCohort(root=None)
    with pytest.raises(
        DataError, match=r"Set cohort\.root to the folder that holds combined_3_class2_for_optical_flow"
    ):
        list(MegcCohort(root=tmp_path).recordings())
    write_megc(tmp_path)
    shutil.move(tmp_path / BY_SUBJECT, tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"has none of three_norm_u_v_os, .* Set cohort\.flow to the folder of flow"):
        list(MegcCohort(root=tmp_path).recordings())
    assert len(list(MegcCohort(root=tmp_path, flow="elsewhere").recordings(groups=["samm"]))) == 6


def test_the_reader_sees_what_opencv_sees(tmp_path):
    write_megc(tmp_path)
    (first, *_) = MegcCohort(root=tmp_path).recordings()
    np.testing.assert_array_equal(first.video.channels(), cv2.imread(str(first.video.files[0])))
