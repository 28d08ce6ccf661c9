"""YouTube Facial Palsy through a table that the user makes."""

from __future__ import annotations

import pytest

from checks import read_until_error
from neuroface.cohorts.yfp import YfpCohort
from neuroface.errors import ConfigError, DataError
from palsy_folders import face_picture, write_image, write_text


def write(folder, *rows):
    for name in ("v1/001.png", "v1/002.png"):
        write_image(folder / name, face_picture(0.5, 1))
    write_text(folder / "table.csv", "\n".join(["image,subject,region,intensity,left", *rows]))
    return YfpCohort(root=folder, annotations=folder / "table.csv")


def test_each_region_of_an_image_is_a_sample(tmp_path):
    cohort = write(tmp_path, "v1/001.png,P1,Eyes,0.5,12", "v1/001.png,P1,Mouth,1.0,", "v1/002.png,P1,Mouth,0,3")
    facts = [(r.name, r.group, r.repetitions[0].label, dict(r.attributes)) for r in cohort.recordings()]
    assert facts == [
        ("P1/v1-001/eyes", "palsy", "0.5", {"left": "12"}),
        ("P1/v1-001/mouth", "palsy", "1", {}),
        ("P1/v1-002/mouth", "palsy", "0", {"left": "3"}),
    ]
    assert [r.session for r in cohort.recordings(tasks=["eyes"])] == ["v1-001"]


def test_wrong_rows_are_told_together(tmp_path):
    cohort = write(tmp_path, "v1/001.png,P1,Nose,1,", "v1/001.png,P1,Eyes,0.7,", "v1/009.png,P2,Eyes,1,")
    names, error = read_until_error(cohort.recordings())
    assert names == []
    assert "has region 'Nose'; it must be Eyes or Mouth" in str(error)
    assert "has intensity '0.7'; it must be 0, 0.5 or 1" in str(error)
    assert "009.png (0 bytes) cannot be read as an image" in str(error)


def test_without_a_table(tmp_path):
    with pytest.raises(
        ConfigError, match=r"^cohort\.annotations is not set\. Set it to a CSV with columns image,subject"
    ):
        YfpCohort(root=tmp_path, annotations=None)
    with pytest.raises(DataError, match=r"There is no file .*nowhere\.csv\. Set cohort\.annotations to a CSV"):
        list(YfpCohort(root=tmp_path, annotations=tmp_path / "nowhere.csv").recordings())
