"""ICC and detectable change of features, against a simulation with known variances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuroface.report.repeatability_table import repeatability, words


def table(*, people: int, repetitions: int, between: float, within: float, visits: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for person in range(people):
        own = rng.normal(0, between)
        for visit in range(visits):
            for k in range(repetitions):
                row = {"sample": f"{person}/{visit}/{k}", "subject": str(person), "task": "OPEN", "y": "HC"}
                row = {"session": f"s{visit}", **row} if visits > 1 else row
                rows.append({**row, "rom.mouth_opening_mm": 30 + own + rng.normal(0, within)})
    return pd.DataFrame(rows)


def test_known_variances_come_back() -> None:
    found = repeatability(table(people=400, repetitions=5, between=3.0, within=1.0)).iloc[0]
    assert found["icc"] == pytest.approx(9 / 10, abs=0.02)
    assert found["low"] < 9 / 10 < found["high"]
    assert found["sem"] == pytest.approx(1.0, abs=0.05)
    assert found["mdc"] == pytest.approx(1.96 * 2**0.5, rel=0.05)
    assert found["mdc_of_means"] == pytest.approx(found["mdc"] / 5**0.5)
    assert (found["feature"], found["unit"], found["of"]) == ("rom · mouth opening", "mm", "repetitions")


def test_visits_are_a_row_of_their_own() -> None:
    found = repeatability(table(people=200, repetitions=4, between=3.0, within=1.0, visits=2))
    assert list(found["of"]) == ["repetitions", "visits"]
    assert found["people"].tolist() == [400, 200]  # of repetitions, each visit of a person is one
    assert found["icc"].iloc[1] == pytest.approx(9 / (9 + 1 / 4), abs=0.02)


def test_nothing_where_nobody_repeats() -> None:
    assert repeatability(table(people=9, repetitions=1, between=1.0, within=1.0)).empty
    assert repeatability(None).empty
    assert words(repeatability(None)).empty
