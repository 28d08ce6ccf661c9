from __future__ import annotations

import json
from collections.abc import Callable
from math import nan
from pathlib import Path

import pytest

from neuroface.report import run as runs
from neuroface.report import wording
from neuroface.types import PEOPLE_UNKNOWN


@pytest.mark.parametrize(
    ("value", "text"),
    [(31.24, "31.2"), (0.9123, "0.912"), (1240.4, "1240"), (0.0, "0"), (-0.01942, "−0.0194"), (nan, "–")],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert wording.compact(value) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.002, "p = 0.002"), (0.0004, "p < 0.001"), (0.0005, "p = 0.001"), (1.0, "p = 1.000"), (None, "–")]
)
def test_p_values(p: float | None, text: str) -> None:
    assert wording.p_value(p) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.523, ".52"), (1.0, "1.0"), (0.0, "0.0"), (0.999, "1.0"), (0.004, "0.0")]
)
def test_short_shares(value: float, text: str) -> None:
    assert wording.short(value) == text


@pytest.mark.parametrize(
    ("column", "feature", "unit"),
    [
        ("rom.mouth_opening_mm", "rom · mouth opening", "mm"),
        ("rom.mouth_area_px2", "rom · mouth area", "px²"),
        ("velocity.opening_peak_mm_per_s", "velocity · opening peak", "mm/s"),
        ("velocity.opening_peak_icd_per_s", "velocity · opening peak", "icd/s"),
        ("symmetry.mouth_tilt_deg", "symmetry · mouth tilt", "°"),
        ("symmetry.area_ratio", "symmetry · area ratio", ""),
        ("roundness.axis", "roundness · axis", ""),
    ],
)
def test_units_are_read_from_names(column: str, feature: str, unit: str) -> None:
    assert wording.feature_and_unit(column) == (feature, unit)


def test_the_answer_says_how_often_shuffled_labels_did_as_well(make_run: Callable[..., Path]) -> None:
    run = runs.read(make_run(permutations=499))
    assert wording.answer(run).endswith(
        "With shuffled labels the same pipeline scored 0.43 ± 0.17 and did as well in 0 of 499 permutations "
        "(p = 0.002): shuffled labels do not explain this result."
    )


@pytest.mark.parametrize(
    ("unit", "told"), [("px", "a difference between people may be one of distance"), ("icd", "near or far"), ("mm", "")]
)
def test_pixels_that_do_not_compare_are_warned_of(make_run: Callable[..., Path], unit: str, told: str) -> None:
    folder = make_run()
    table = folder / "samples.csv"
    table.write_text(table.read_text().replace("_mm", f"_{unit}"))
    words = wording.pixels(runs.read(folder))
    assert told in words
    assert bool(words) == bool(told)


def test_pictures_that_were_taken_for_people_are_told(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    assert wording.unknown_people(runs.read(folder)) == ""
    cohort = json.loads((folder / "cohort.json").read_text())
    (folder / "cohort.json").write_text(json.dumps(cohort | {"notes": {PEOPLE_UNKNOWN: 12}}))
    assert wording.unknown_people(runs.read(folder)).startswith("Nobody says who is in 12 pictures: each counts as a")


def test_without_a_named_set_the_features_are_counted(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    facts = json.loads((folder / "run.json").read_text())
    del facts["choices"]["features"]
    (folder / "run.json").write_text(json.dumps(facts))
    assert wording.method(runs.read(folder)) == "forest on 8 features"


def test_without_a_null_nothing_is_said_about_chance(make_run: Callable[..., Path]) -> None:
    run = runs.read(make_run(permutations=0))
    assert wording.answer(run).endswith("No permutation null was run, so nothing is said about chance.")
    assert wording.null(run) == "no permutation null was run"
    assert wording.null_note(run) == ""


def test_command_names_choices_task_seed_and_places_but_not_the_machine(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    assert wording.command(runs.read(folder)) == (
        "neuroface train cohort=synthetic classifier=forest features=[als11_v1] split=loso protocol=als_vs_hc "
        "protocol.task=OPEN seed=0"
    )


def with_null(
    make_run: Callable[..., Path], *, name: str, permutations: int, p: float, facts: dict | None = None, **scores
):
    folder = make_run(name=name, permutations=permutations)
    for file, new in (("scores.json", scores), ("run.json", facts or {})):
        content = json.loads((folder / file).read_text()) | new
        if file == "scores.json":
            content["subject"]["auc_p"] = p
        (folder / file).write_text(json.dumps(content))
    return runs.read(folder)


def test_a_null_that_is_too_small_never_speaks_of_chance(make_run: Callable[..., Path]) -> None:
    few = with_null(make_run, name="few", permutations=3, p=0.25)
    assert "cannot be told from that" not in wording.answer(few)
    assert "3 permutations cannot give less than p = 0.25; the same command with" in wording.answer(few)
    assert wording.null(few).endswith("p = 0.250 (3 permutations; too few to tell)")
    small = with_null(make_run, name="small", permutations=99, p=0.17, arrangements=6)
    assert "these people allow 6 arrangements of the labels only, and p is hardly below 0.17" in wording.answer(small)
    enough = with_null(make_run, name="enough", permutations=99, p=0.17)
    assert "this result cannot be told from that of shuffled labels" in wording.answer(enough)


def test_a_null_without_refits_says_what_its_p_is_worth_in_the_first_lines(make_run: Callable[..., Path]) -> None:
    run = with_null(make_run, name="cheap", permutations=99, p=0.01, facts={"null": "predictions"})
    assert ".077-.086" in wording.answer(run)
    assert "not refitted: p < .05 in .077-.086 without any signal" in wording.null(run)


def test_the_audit_line_names_what_was_found(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    found = [{"check": "no feature that encodes the class", "found": ["id: one value per class"]}]
    (folder / "audit.json").write_text(json.dumps({"verdict": "suspect", "findings": found, "checks": {}}))
    assert wording.quality(runs.read(folder)).endswith("audit: SUSPECT (id: one value per class)")


def test_a_null_that_stopped_early_says_so_and_counts_what_reached_the_score(make_run: Callable[..., Path]) -> None:
    folder = make_run(permutations=99)
    facts, scores = (json.loads((folder / name).read_text()) for name in ("run.json", "scores.json"))
    scores["subject"] |= {"auc_p": 0.02, "auc_reached": 0, "auc_settled": True}
    (folder / "run.json").write_text(json.dumps(facts | {"permutations": "auto"}))
    (folder / "scores.json").write_text(json.dumps(scores))
    found = runs.read(folder)
    assert wording.null(found).endswith("p = 0.020 (99 permutations; stopped when it was decided)")
    assert "did as well in 0 of 99 permutations (p = 0.020)" in wording.answer(found)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1250.02, "1250"), (38.104, "38.1"), (-0.000683, "-0.000683"), (0.998, "0.998"), (0.0, "0"), (2e-16, "0"),
     (-9.96, "-9.96"), (99.99, "100.0"), (float("nan"), wording.NOTHING)],
)  # fmt: skip
def test_three_digits_whatever_the_size(value, text):
    assert wording.significant(value) == text


def test_more_permutations_of_an_ensemble_are_those_of_its_runs(make_run: Callable[..., Path]) -> None:
    folder = make_run(permutations=9)
    assert "the same command with protocol.permutations=499" in wording.cannot_tell(runs.read(folder))
    with (folder / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("ensemble: {method: stack, runs: [3f, 4a]}\n")
    told = wording.cannot_tell(runs.read(folder))
    assert "the same command" not in told
    assert "its runs, each trained with protocol.permutations=499" in told
