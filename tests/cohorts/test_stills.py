"""What every cohort of stills keeps: the contract suite on folders in the published layouts, and names for files."""

from __future__ import annotations

import re

import pytest

from neuroface.cohorts.ckplus import CkPlusCohort
from neuroface.cohorts.fnp import FnpCohort
from neuroface.cohorts.meei import MeeiCohort
from neuroface.cohorts.megc import MegcCohort
from neuroface.cohorts.yfp import YfpCohort
from neuroface.contracts import check_cohort
from palsy_folders import face_picture, write_ckplus, write_fnp, write_image, write_meei, write_megc, write_text


def yfp(root):
    write_image(root / "v1" / "001.png", face_picture(0.5, 1))
    write_text(root / "table.csv", "image,subject,region,intensity\nv1/001.png,P1,Eyes,0.5\nv1/001.png,P1,Mouth,1\n")
    return YfpCohort(root=root, annotations=root / "table.csv")


COHORTS = {
    "megc": lambda root: MegcCohort(root=write_megc(root)),
    "fnp": lambda root: FnpCohort(root=write_fnp(root, {"a": 1, "b": 2, "c": 6})),
    "ckplus": lambda root: CkPlusCohort(root=write_ckplus(root, {("S005", "001"): 3, ("S010", "001"): 7})),
    "meei": lambda root: MeeiCohort(root=write_meei(root)),
    "yfp": yfp,
}


@pytest.mark.parametrize("name", COHORTS)
def test_cohort_keeps_its_contract(tmp_path, name):
    assert check_cohort(COHORTS[name](tmp_path)) == []


@pytest.mark.parametrize("name", COHORTS)
def test_each_recording_is_one_sample_with_its_class(tmp_path, name):
    for recording in COHORTS[name](tmp_path).recordings():
        (repetition,) = recording.repetitions
        assert repetition.label
        assert repetition.stop == len(recording.landmarks) == len(list(recording.video.frames()))


@pytest.mark.parametrize("name", COHORTS)
def test_names_can_be_those_of_files(tmp_path, name):
    """Sessions are made of file names; the native layout parts names by underscores, so that none may hold one."""
    for recording in COHORTS[name](tmp_path).recordings():
        assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9.+\-]*", recording.session)
