from __future__ import annotations

import pandas as pd
import pytest

from neuroface.evaluate.scores_side import side_scores


def rows(*people: tuple[str, str, tuple[float, ...]]) -> pd.DataFrame:
    """(subject, side, probabilities of left), one sample each."""
    return pd.DataFrame(
        [
            {"sample": f"{who}/{i}", "subject": who, "side": side, "side_left": p}
            for who, side, several in people
            for i, p in enumerate(several)
        ]
    )


def test_a_person_is_judged_once_and_the_unknown_not_at_all():
    found = side_scores(
        rows(("A", "left", (0.9, 0.4)), ("B", "right", (0.7, 0.8)), ("C", "right", (0.1,)), ("D", "", (0.9,)))
    )
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["auc"] == pytest.approx(1 / 2)
    assert found["n"] == {"left": 1, "right": 2}
    assert found["accuracy_ci"][0] < 2 / 3 < found["accuracy_ci"][1]


def test_people_photographed_from_both_sides_are_judged_by_the_photograph():
    both = rows(("A", "left", (0.9,)), ("B", "left", (0.2,)))
    both = pd.concat([both, rows(("A", "right", (0.1,))).assign(sample="A/right")])
    found = side_scores(both)
    assert found["unit"] == "sample"
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert "accuracy_ci" not in found


def test_nothing_to_score():
    assert side_scores(pd.DataFrame({"sample": ["A"], "subject": ["A"]})) is None
    assert side_scores(rows(("A", "", (0.5,)))) is None
