"""Runs of numbers and of landmarks compared by their errors, against arithmetic."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from neuroface.errors import ConfigError, DataError
from neuroface.report.comparison_errors import compare_numbers, compare_points, mae, refuse_mixed, rmse

Y = np.linspace(0, 1, 12)


def numbers(folder: Path, errors: np.ndarray, *, y: np.ndarray = Y, column: str = "severity") -> Path:
    folder.mkdir()
    people = [f"p{i:02d}" for i in range(len(y))]
    table = pd.DataFrame({"sample": [f"{p}/0" for p in people], "subject": people, "group": "ALS", "task": "OPEN"})
    table = table.assign(fold=people, y=y, predicted=y + errors, dummy=y.mean())
    table.to_csv(folder / "predictions.csv", index=False)
    (folder / "scores.json").write_text(json.dumps({"column": column}))
    return folder


def test_errors_of_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    good, bad = rng.normal(0, 0.1, 12), rng.normal(0, 0.5, 12)
    a, b = numbers(tmp_path / "a", bad), numbers(tmp_path / "b", good)
    text = compare_numbers([a, b], tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "differences.csv").set_index("measure")
    assert table.loc["RMSE", "a"] == pytest.approx(np.sqrt(np.mean(bad**2)))
    assert table.loc["mean absolute error", "b"] == pytest.approx(np.abs(good).mean())
    difference = table.loc["RMSE", "difference"]
    assert difference == pytest.approx(rmse(good) - rmse(bad))
    assert table.loc["RMSE", "low"] < difference < table.loc["RMSE", "high"] < 0
    assert table.loc["RMSE", "p"] < 0.01
    assert "severity" in text


def with_null(folder: Path, errors: np.ndarray, *, seed: int = 0) -> Path:
    """Permutations of Y, the same for the same seed, and a run's errors (B, n) in them."""
    rng = np.random.default_rng(seed)
    (folder / "null").mkdir()
    for b, error in enumerate(errors):
        y = rng.permutation(Y)
        people = [f"p{i:02d}" for i in range(len(Y))]
        table = pd.DataFrame({"subject": people, "y": y, "predicted": y + error, "dummy": Y.mean(), "permutation": b})
        table.to_csv(folder / "null" / f"{b:05d}.csv", index=False)
    return folder


def test_where_both_were_fitted_again_with_the_same_numbers_their_differences_are_the_null(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    errors = rng.normal(0, 0.1, 12), rng.normal(0, 0.5, 12)
    null = rng.normal(0, 0.4, size=(2, 39, 12))
    a, b = (with_null(numbers(tmp_path / n, e), of) for n, e, of in zip("ab", errors, null, strict=True))
    compare_numbers([a, b], tmp_path / "out")
    row = pd.read_csv(tmp_path / "out" / "differences.csv").set_index("measure").loc["RMSE"]
    observed, again = rmse(errors[1]) - rmse(errors[0]), np.abs(rmse(null[1]) - rmse(null[0]))
    assert row["test"] == "both fitted again"
    assert row["p"] == pytest.approx((1 + (again >= observed).sum()) / 40)


def test_where_other_numbers_changed_hands_errors_are_swapped(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    null = rng.normal(0, 0.4, size=(2, 39, 12))
    runs = [with_null(numbers(tmp_path / str(i), null[i, 0]), null[i], seed=i) for i in range(2)]
    compare_numbers(runs, tmp_path / "out")
    assert set(pd.read_csv(tmp_path / "out" / "differences.csv")["test"]) == {"swapped"}


def test_equal_methods_differ_as_often_as_promised(tmp_path: Path) -> None:
    """Two errors of the same law, fixed beforehand: p at most .05 in about .05 of 200 cohorts."""
    from neuroface.evaluate.comparison import swapped

    rng = np.random.default_rng(1)
    p = [swapped(*rng.normal(size=(2, 9)), mae)[1] for _ in range(200)]
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5


def test_other_people_other_values_and_other_numbers_are_refused(tmp_path: Path) -> None:
    a = numbers(tmp_path / "a", np.zeros(12))
    with pytest.raises(DataError, match="b predicts alsfrs, a severity"):
        compare_numbers([a, numbers(tmp_path / "b", np.zeros(12), column="alsfrs")], tmp_path / "out")
    with pytest.raises(DataError, match="other values of p11"):
        compare_numbers([a, numbers(tmp_path / "c", np.zeros(12), y=np.append(Y[:-1], 2))], tmp_path / "out")
    with pytest.raises(DataError, match="judge different people: p11"):
        compare_numbers([a, numbers(tmp_path / "d", np.zeros(11), y=Y[:-1])], tmp_path / "out")
    with pytest.raises(ConfigError, match="two runs or more"):
        compare_numbers([a], tmp_path / "out")
    with pytest.raises(ConfigError, match="these are numbers, classes"):
        refuse_mixed(["numbers", "classes"])


def points(folder: Path, after: np.ndarray, subject: list[str], *, jaw: bool = False) -> Path:
    folder.mkdir()
    frames = pd.DataFrame({"sample": [f"s{i}" for i in range(len(after))], "subject": subject, "group": "HC"})
    frames.assign(error_before=0.08, error_after=after).to_csv(folder / "predictions.csv", index=False, na_rep="nan")
    scoring = {"normaliser": "intercanthal", "jaw": jaw, "error": "rmse"}
    (folder / "config.yaml").write_text(yaml.safe_dump({"scoring": scoring}))
    for name in ("cohort", "splits"):
        (folder / f"{name}.json").write_text("{}")
    (folder / "run.json").write_text(json.dumps({"seeds": {"run": 0}, "digest": "", "status": "done", "wall_s": 1.0}))
    return folder


def test_landmarks_weigh_each_person_alike(tmp_path: Path) -> None:
    subject = ["a"] * 6 + ["b"] * 2
    first, second = np.full(8, 0.06), np.array([0.05] * 6 + [0.03, np.nan])
    a, b = points(tmp_path / "a", first, subject), points(tmp_path / "b", second, subject)
    compare_points([a, b], tmp_path / "out")
    row = pd.read_csv(tmp_path / "out" / "differences.csv").iloc[0]
    assert row["measure"] == "NRMSE, %"
    assert row["difference"] == pytest.approx((-1.0 - 3.0) / 2)  # per cent of the eye distance, mean of two people
    assert (row["a"], row["b"]) == (pytest.approx(6.0), pytest.approx((5.0 + 3.0) / 2))
    assert row["people"] == 2
    with pytest.raises(DataError, match="c measures"):
        compare_points([a, points(tmp_path / "c", first, subject, jaw=True)], tmp_path / "out")
