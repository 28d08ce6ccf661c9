"""The MEEI standard set: groups and sub-categories from folders, and no grade unless the shortcut is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface.cohorts.meei import MeeiCohort
from neuroface.errors import ConfigError, DataError
from palsy_folders import write_image, write_meei


def sheet(folder, rows, header=("Category", "Sub-category", "#", "Side", "Gender", "Age")):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append(row)
    book.save(folder / "participants.xlsx")


def test_people_expressions_and_sub_categories(tmp_path):
    read = list(MeeiCohort(root=write_meei(tmp_path)).recordings())
    assert len(read) == 24
    facts = {(r.subject, r.group, r.repetitions[0].label) for r in read}
    assert facts == {
        ("MildFlaccid1", "Flaccid", "Mild"),
        ("CompleteSynkinetic2", "Synkinetic", "Complete"),
        ("Normal3", "Normal", "Normal"),
    }
    tasks = [r.task for r in read if r.subject == "Normal3"]
    assert (tasks[0], tasks[5], len(set(tasks))) == ("rest", "smile_open", 8)


def test_grades_only_as_a_shortcut_that_says_so(tmp_path):
    read = list(MeeiCohort(root=write_meei(tmp_path), grades="author_shortcut").recordings())
    assert {r.subject: r.repetitions[0].label for r in read} == {
        "MildFlaccid1": "3",
        "CompleteSynkinetic2": "6",
        "Normal3": "1",
    }
    assert {r.notes["grades"] for r in read} == {
        "a public author's shortcut from eFACE sub-categories; no clinician gave them"
    }
    with pytest.raises(ConfigError, match=r"^cohort\.grades=author: there is no such choice"):
        MeeiCohort(root=tmp_path, grades="author")


def test_the_sheet_gives_facts_and_who_is_not_in_it_is_counted(tmp_path):
    write_meei(tmp_path)
    sheet(tmp_path, [("Flaccid", "Mild", 1, "Left", "F", 41), ("Synkinetic", "Complete", 2, "Right", None, 50)])
    read = {r.subject: r for r in MeeiCohort(root=tmp_path).recordings()}
    assert read["MildFlaccid1"].attributes == {"side": "Left", "sex": "F", "age": 41}
    assert read["CompleteSynkinetic2"].attributes == {"side": "Right", "age": 50}
    assert read["Normal3"].attributes == {}
    assert read["Normal3"].notes == {"photographs of people not in the sheet": 1}


def test_a_sheet_without_its_columns_is_refused(tmp_path):
    write_meei(tmp_path)
    sheet(tmp_path, [("Flaccid", "Mild", 1)], header=("Category", "Subcategory", "#"))
    with pytest.raises(DataError, match=r"has no column 'Sub-category'\. Did you mean 'Subcategory'"):
        list(MeeiCohort(root=tmp_path).recordings())


def test_other_names_of_photographs_and_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match=r"^There is no folder such as Flaccid/MildFlaccid/MildFlaccid1 in"):
        list(MeeiCohort(root=tmp_path).recordings())
    write_meei(tmp_path, ["Normal1"])
    write_image(tmp_path / "Normal" / "Normal1" / "portrait.jpg", np.zeros((8, 8, 3), dtype=np.uint8))
    assert "Normal1/portrait/unnumbered" in {r.name for r in MeeiCohort(root=tmp_path).recordings()}
