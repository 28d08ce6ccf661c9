"""The table of what was found against what the public release holds; nothing here needs a video that plays."""

from __future__ import annotations

import sys

import pytest

from neuroface.cohorts.toronto import TorontoCohort
from neuroface.cohorts.toronto_inventory import ANNOTATED_FRAMES, PEOPLE, VIDEOS_PER_TASK, inventory
from neuroface.cohorts.toronto_layout import TASKS
from neuroface.errors import ConfigError, DataError

NAME_OF_TASK = {task: name for name, task in TASKS.items()}
FOLDERS = {"ALS": "ALS", "HC": "Healthy controls", "PS": "Stroke"}
HEADER = "Frame," + ",".join(f"{axis}{i}" for i in range(1, 69) for axis in "xy")


def whole_release(root):
    """Empty videos of the right number and name, and landmark files with the right number of lines."""
    for column, group in enumerate(PEOPLE):
        place = root / FOLDERS[group]
        for folder in ("Videos", "Landmarks_gt"):
            (place / folder).mkdir(parents=True)
        names = [
            f"{subject}_02_{NAME_OF_TASK[task]}_color"
            for task, counts in VIDEOS_PER_TASK.items()
            for subject in PEOPLE[group][: counts[column]]
        ]
        for number, name in enumerate(names):
            (place / "Videos" / f"{name}.avi").touch()
            each, rest = divmod(ANNOTATED_FRAMES[group], len(names))
            frames = range(1, 1 + each + (number < rest))
            lines = [HEADER, *(f"{frame}" + ",1" * 136 for frame in frames)]
            (place / "Landmarks_gt" / f"{name}.txt").write_text("\n".join(lines))
    return root


def test_published_counts_add_up():
    assert [sum(column) for column in zip(*VIDEOS_PER_TASK.values(), strict=True)] == [76, 80, 105]
    assert 76 + 80 + 105 == 261
    assert sum(ANNOTATED_FRAMES.values()) == 3306
    assert {group: len(people) for group, people in PEOPLE.items()} == {"ALS": 11, "HC": 11, "PS": 14}
    assert all(len(subject) == 4 for people in PEOPLE.values() for subject in people)
    assert "REST" not in VIDEOS_PER_TASK


def test_a_whole_release_misses_nothing(tmp_path):
    found = inventory(whole_release(tmp_path), depth=None)
    assert found.remarks == ()
    text = [" ".join(line.split()) for line in str(found).splitlines()]
    assert "people 11 / 11 11 / 11 14 / 14 36 / 36" in text
    assert "videos 76 / 76 80 / 80 105 / 105 261 / 261" in text
    assert "BIGSMILE 4 / 4 3 / 3 3 / 3 10 / 10" in text
    assert "annotated frames 920 / 920 1015 / 1015 1371 / 1371 3306 / 3306" in text
    assert "recordings with depth 0 0 0 0" in text
    assert str(found).endswith("Nothing is missing that the public release is known to hold.")


def test_what_is_missing_unknown_or_broken_is_said(tmp_path):
    root = whole_release(tmp_path)
    als, stroke = root / "ALS", root / "Stroke"
    for file in [*als.rglob("A017_*"), *als.rglob("A016_02_NSM_KISS*")]:
        file.unlink()
    (stroke / "Videos" / "S099_02_NSM_OPEN_color.avi").touch()
    (stroke / "Videos" / "S001_02_REST_color.avi").touch()
    (als / "Landmarks_gt" / "A002_02_NSM_OPEN_color.txt").write_text(HEADER + "\n3" + ",1" * 136 + "\n3" + ",1" * 136)
    text = TorontoCohort(root=root).inventory()
    assert "ALS: not found: A017." in text
    assert "ALS: no video of A016/KISS." in text
    assert "PS: not in the public release: S099." in text
    assert "PS/S001_02_REST_color: unknown task 'REST' in its name." in text
    assert "A002_02_NSM_OPEN_color.txt lists frame 3 more than once." in text
    assert "10 / 11" in text
    assert "15 / 14" in text


def test_without_openpyxl_the_workbooks_are_a_remark_and_reading_says_how_to_get_it(tmp_path, monkeypatch):
    place = tmp_path / "ALS" / "Landmarks_gt"
    place.mkdir(parents=True)
    (place / "A002_02_NSM_OPEN_color.txt").write_text(HEADER + "\n1" + ",1" * 136)
    (tmp_path / "SLP_Assessment_ALS.xlsx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    said = "SLP_Assessment_ALS.xlsx needs openpyxl: pip install 'neuroface[toronto]'."
    assert said in TorontoCohort(root=tmp_path).inventory()
    with pytest.raises(ConfigError) as error:
        list(TorontoCohort(root=tmp_path).recordings())
    assert str(error.value).endswith(said)


def test_a_folder_without_groups_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"has no folder of a group .* Set cohort\.root to the folder above them\."):
        inventory(tmp_path, depth=None)
