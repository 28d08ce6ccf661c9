"""Checklists say what the run knows, with its numbers, and leave the rest visibly blank."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("jinja2")

from neuroface.report import known, reporting, run, standards, story
from neuroface.report.methods import methods

MakeRun = Callable[..., Path]


def told(folder: Path) -> story.Story:
    return story.of_run(run.read(folder))


@pytest.mark.parametrize("name", standards.NAMES)
def test_every_answer_of_a_checklist_is_known(name: str) -> None:
    items = standards.load(name).items
    assert {item.answer for item in items if item.answer} <= set(known.ANSWERS)
    assert len({(item.number, item.about) for item in items}) == len(items)


def test_checklists_have_the_items_of_their_statements() -> None:
    tripod = {item.number for item in standards.load("tripod_ai").items}
    assert len(tripod) == 52  # 27 items with their parts
    assert {number.rstrip("abcdefg") for number in tripod} == {str(i) for i in range(1, 28)}
    reforms = [item.number for item in standards.load("reforms").items]
    assert len(reforms) == 32  # in eight modules
    numbered = [number for number in reforms if number[0].isdigit()]
    assert numbered == [f"{i}{part}" for i, parts in ((1, "abc"), (2, "abcde"), (3, "abcd")) for part in parts]
    assert len(set(reforms) - set(numbered)) == 6  # data quality goes on, and five modules more, by their names


def test_every_answer_is_asked_for_by_some_checklist() -> None:
    asked = {item.answer for name in standards.NAMES for item in standards.load(name).items}
    assert set(known.ANSWERS) - asked == {"preparation", "repeated"} - asked


@pytest.mark.parametrize("kind", ["binary", "three_way", "within"])
def test_what_the_run_does_not_know_stays_blank(make_run: MakeRun, tmp_path: Path, kind: str) -> None:
    page = reporting.write(told(make_run(kind)), tmp_path)
    rows = pd.read_csv(tmp_path / "checklists.csv", dtype=str).fillna("")
    tripod = rows[rows["checklist"] == "TRIPOD+AI"].set_index("item")
    for number in ("3a", "5b", "17", "18a", "25"):  # context, dates, ethics, funding, interpretation
        assert tripod.loc[number, "state"] == "blank"
        assert tripod.loc[number, "known"] == ""
    assert tripod.loc["23a", "state"] == "filled"
    assert page.read_text(encoding="utf-8").count('class="blank"') == (rows["state"] == "blank").sum()
    assert (tmp_path / "model_card.md").read_text(encoding="utf-8").count(reporting.BLANK) >= 4


def test_methods_carry_the_numbers_of_the_run(make_run: MakeRun) -> None:
    folder = make_run("binary")
    scores = json.loads((folder / "scores.json").read_text())["subject"]
    text = methods(told(folder))
    assert f"AUC {scores['auc']:.2f} [0.70, 0.98]" in text
    assert f"{scores['n_permutations']} times" in text
    assert "[Who was recruited" in text  # what authors must add stands in brackets
    assert text.count("\n") == 1


def test_a_leak_is_never_told_as_honest(make_run: MakeRun) -> None:
    found = told(make_run("binary"))
    found.config["protocol"]["leak"] = "frame_split"  # type: ignore[index]
    texts = {name: answer(found) for name, answer in known.ANSWERS.items()} | {"methods": methods(found)}
    assert "never saw" not in "".join(texts.values())
    assert "nobody is both" not in "".join(texts.values())
    assert "all of it fitted" not in "".join(texts.values())
    for name in ("partition", "output", "limits", "methods", "transformations"):
        assert "frame_split" in texts[name]


def test_text_is_not_escaped_and_pages_are(make_run: MakeRun, tmp_path: Path) -> None:
    found = told(make_run("binary"))
    object.__setattr__(found, "title", "<b>a & b")
    page = reporting.write(found, tmp_path)
    assert "<b>a & b" in (tmp_path / "model_card.md").read_text(encoding="utf-8")
    assert "<b>a & b" not in page.read_text(encoding="utf-8")


def test_a_table_of_features_claims_no_landmarks_and_no_faces(make_run: MakeRun) -> None:
    found = told(make_run("binary"))
    found.facts["choices"].update(landmarks="given", lift="depth", repetitions="given")
    found.config.update(frame="head", quality={"gate": {"max_yaw_deg": 30, "max_pitch_deg": 30, "max_share": 0.5}})  # type: ignore[attr-defined]
    names = ("transformations", "preparation", "poor_input", "measurement", "nobody_judged")
    recorded = {name: known.ANSWERS[name](found) for name in names}
    assert "landmarks=given, lift=depth, repetitions=given, frame=head" in recorded["transformations"]
    assert "Looking away" in recorded["poor_input"]
    found.facts["choices"]["cohort"] = "table"
    table = {name: known.ANSWERS[name](found) for name in names}
    assert table.pop("transformations").startswith("Features not scaled")
    assert not any(table.values())


def test_pictures_without_landmarks_have_no_gaps(make_run: MakeRun) -> None:
    found = told(make_run("binary"))
    found.cohort.update(frames=24, frames_filled=0, frames_missing=24)  # type: ignore[attr-defined]
    assert "24 left missing" in known.missing(found)
    assert "gaps too long" in known.preparation(found)
    found.facts["choices"]["landmarks"] = "none"
    told_now = methods(found) + known.missing(found) + known.preparation(found)
    assert "left missing" not in told_now
    assert "gaps too long" not in told_now


def test_a_run_of_a_number_has_a_model_and_a_mean_for_a_dummy(make_run: MakeRun) -> None:
    found = told(make_run("binary"))
    assert "what knows the class sizes only: 0.50 AUC" in known.baselines(found).replace("What", "what")
    assert "The classifier was forest." in methods(found)
    scores = {"subject": {"dummy_rmse": 4.25, "sd": 4.0}}
    number = dataclasses.replace(found, column="score", scores=scores, performance={"RMSE": "3.9"})
    assert known.baselines(number).startswith("What knows the mean of the training people only: 4.25 RMSE")
    assert "The model was forest." in methods(number)


def test_a_stack_tells_of_its_weights(make_run: MakeRun) -> None:
    found = told(make_run("binary"))
    assert "mean over repetitions, then over tasks" in known.output(found)
    found.config["ensemble"] = {"method": "stack", "runs": ["3f", "4a"]}  # type: ignore[index]
    assert "mean of 2 runs by weights learnt in each fold" in known.output(found)
    assert "then over tasks" not in known.output(found)
