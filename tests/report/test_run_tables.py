from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neuroface.report import run as runs
from neuroface.report import run_tables

MakeRun = Callable[..., Path]


def test_decisions_agree_with_the_confusion_matrix(make_run: MakeRun) -> None:
    for kind in ("binary", "three_way"):
        run = runs.read(make_run(kind, name=kind))
        table = run_tables.subjects(run)
        counted = pd.crosstab(table["y"], table["predicted"]).reindex(index=run.classes, columns=run.classes)
        assert counted.fillna(0).astype(int).to_numpy().tolist() == run.subject_scores["confusion"]


def test_a_person_weighs_every_task_the_same(make_run: MakeRun) -> None:
    folder = make_run()
    rows = pd.read_csv(folder / "predictions.csv")
    one = rows[rows["subject"] == "A001"].iloc[[0, 1, 2]].assign(p_ALS=[0.2, 0.2, 0.8], task=["OPEN", "OPEN", "KISS"])
    pd.concat([rows[rows["subject"] != "A001"], one]).to_csv(folder / "predictions.csv", index=False)
    units = runs.read(folder).units.set_index("subject")
    assert units.loc["A001", "p_ALS"] == pytest.approx(0.5)
    assert units.loc["A001", ["lowest", "highest", "n"]].tolist() == [0.2, 0.8, 3]


def test_null_values_are_the_score_of_each_permutation(make_run: MakeRun) -> None:
    folder = make_run(permutations=2)
    table = pd.DataFrame(
        {"permutation": [0] * 4, "subject": list("abcd"), "task": "OPEN", "y": ["HC", "HC", "ALS", "ALS"],
         "p_HC": 0.0, "p_ALS": [0.1, 0.6, 0.5, 0.9]}
    )  # fmt: skip
    table.to_csv(folder / "null" / "0.csv", index=False)
    table.assign(permutation=1, y=["ALS", "ALS", "HC", "HC"]).to_csv(folder / "null" / "1.csv", index=False)
    assert runs.read(folder).null_values == pytest.approx([3 / 4, 1 / 4])


def test_null_of_classes_inside_people_is_the_mean_over_people(make_run: MakeRun) -> None:
    folder = make_run("within", permutations=1)
    table = pd.DataFrame(
        {"permutation": 0, "sample": list("abcd"), "subject": list("AABB"), "task": "negative",
         "y": ["other", "expression"] * 2, "p_other": 0.0, "p_expression": [0.1, 0.9, 0.7, 0.7]}
    )  # fmt: skip
    table.to_csv(folder / "null" / "0.csv", index=False)
    assert runs.read(folder).null_values == pytest.approx([(1 + 0.5) / 2])


def test_feature_table_is_over_people_not_repetitions(make_run: MakeRun) -> None:
    folder = make_run()
    samples = pd.DataFrame(
        {"sample": list("abcdef"), "subject": ["H1", "H1", "H2", "A1", "A1", "A2"], "group": "", "task": "OPEN",
         "repetition": 0, "y": ["HC"] * 3 + ["ALS"] * 3, "rom.mouth_opening_mm": [10, 30, 40, 5, np.nan, 15]}
    )  # fmt: skip
    samples.to_csv(folder / "samples.csv", index=False)
    [row] = run_tables.features(runs.read(folder)).to_dict("records")
    assert (row["feature"], row["unit"], row["pair"]) == ("rom · mouth opening", "mm", "ALS − HC")
    assert (row["mean_HC"], row["sd_HC"], row["n_HC"]) == (30, pytest.approx(np.sqrt(200)), 2)  # people 20 and 40
    assert (row["mean_ALS"], row["n_ALS"]) == (10, 2)  # people 5 and 15
    assert row["g"] < 0
    assert row["low"] < row["g"] < row["high"]


def test_every_pair_of_three_groups_has_an_effect_size(make_run: MakeRun) -> None:
    table = run_tables.features(runs.read(make_run("three_way")))
    assert set(table["pair"]) == {"ALS − HC", "PS − HC", "PS − ALS"}
    assert len(table) == 3 * table["column"].nunique()


def test_differences_inside_people(make_run: MakeRun) -> None:
    folder = make_run("within")
    samples = pd.DataFrame(
        {"sample": list("abcdef"), "subject": list("AABBCC"), "group": "signer", "task": "", "repetition": 0,
         "y": ["other", "expression"] * 3, "rom.mouth_width_mm": [10, 14, 20, 21, 30, 29.0]}
    )  # fmt: skip
    samples.to_csv(folder / "samples.csv", index=False)
    [row] = run_tables.features(runs.read(folder)).to_dict("records")
    assert row["difference"] == pytest.approx((4 + 1 - 1) / 3)
    assert (row["people_same_sign"], row["people"]) == (2, 3)
    assert "g" not in row


def test_scores_table_has_a_dummy_and_a_null_row(make_run: MakeRun) -> None:
    table = run_tables.scores(runs.read(make_run(permutations=99))).set_index(["who", "measure"])
    null = table.loc[("shuffled labels (99)", "AUC")]
    assert (null["low"], null["value"], null["high"]) == (pytest.approx(0.43 - 0.17), 0.43, pytest.approx(0.43 + 0.17))
    assert table.loc[("dummy (knows the class sizes only)", "AUC"), "value"] == 0.5
    assert table.loc[("this run", "AUC"), "p"] == 1 / 100
    assert table.loc[("single repetitions (not independent)", "AUC"), "low"] == 0.66


def test_recall_has_the_intervals_of_specificity_and_sensitivity(make_run: MakeRun) -> None:
    run = runs.read(make_run())
    table = run_tables.recall(run).set_index("class")
    assert table["of"].tolist() == [11, 11]
    assert table.loc["HC", ["low", "high"]].tolist() == [0.62, 0.98]
    assert table.loc["ALS", ["low", "high"]].tolist() == [0.52, 0.95]
    assert table.loc["ALS", "recall"] == run.subject_scores["sensitivity"]


def test_people_with_their_attributes(make_run: MakeRun) -> None:
    table = run_tables.people(runs.read(make_run()))
    assert table.to_dict("records") == [
        {"group": name, "people": 11, "repetitions": 55, "age": "61.2 ± 8.4", "sex": "F 4, M 7"}
        for name in ("HC", "ALS")
    ]


def test_what_was_filled_merged_and_missing(make_run: MakeRun) -> None:
    table = run_tables.handled(runs.read(make_run()))
    assert dict(zip(table["what"], table["how much"], strict=True)) == {
        "frames filled by interpolation": "140",
        "feature values missing, imputed inside each fold": "1",
        "timestamps merged": "3",
    }


def test_what_landmark_detection_counted_is_told_in_the_words_of_its_verb(make_run: MakeRun) -> None:
    folder = make_run()
    cohort = json.loads((folder / "cohort.json").read_text())
    counts = {"frames_without_face": 7, "faces_detected_again": 0, "not_held_out": 2, "depths_masked": 68}
    (folder / "cohort.json").write_text(json.dumps(cohort | counts))
    table = run_tables.handled(runs.read(folder))
    told = {what.partition(" (")[0]: how_much for what, how_much in table.to_numpy().tolist()}
    in_words = {name.replace("_", " "): str(n) for name, n in counts.items() if n}
    assert in_words.items() <= told.items()
    assert "faces detected again" not in told


def test_pictures_without_landmarks_have_no_gaps(make_run: MakeRun) -> None:
    folder = make_run()
    cohort, facts = (json.loads((folder / name).read_text()) for name in ("cohort.json", "run.json"))
    (folder / "cohort.json").write_text(json.dumps(cohort | {"frames": 24, "frames_filled": 0, "frames_missing": 24}))
    assert "gaps too long" in str(run_tables.handled(runs.read(folder)).to_numpy())
    facts["choices"]["landmarks"] = "none"
    (folder / "run.json").write_text(json.dumps(facts))
    assert "gaps too long" not in str(run_tables.handled(runs.read(folder)).to_numpy())


def test_audit_findings_stand_beside_their_check(make_run: MakeRun) -> None:
    folder = make_run()
    found = {"verdict": "suspect", "checks": {"no sample twice": "found", "other": "passed"},
             "findings": [{"check": "no sample twice", "found": ["a", "b"]}]}  # fmt: skip
    (folder / "audit.json").write_text(json.dumps(found))
    assert run_tables.audit(runs.read(folder)).to_numpy().tolist() == [
        ["no sample twice", "found", "a; b"],
        ["other", "passed", ""],
    ]


def test_ids_that_look_like_numbers_or_nothing_stay_text(make_run: MakeRun) -> None:
    folder = make_run()
    text = (folder / "predictions.csv").read_text().replace("A001", "001").replace("A002", "NA")
    (folder / "predictions.csv").write_text(text)
    assert {"001", "NA"} <= set(runs.read(folder).units["subject"])


def test_of_how_many_people_a_fact_is_not_known_stands_beside_it():
    words = run_tables.attribute_words
    assert words({"mean": 61.2, "sd": 8.4, "n": 9}, people=11) == "61.2 ± 8.4 (not known of 2)"
    assert words({"mean": 61.2, "sd": 8.4, "n": 11}, people=11) == "61.2 ± 8.4"
    assert words({"F": 4, "M": 6}, people=11) == "F 4, M 6 (not known of 1)"
