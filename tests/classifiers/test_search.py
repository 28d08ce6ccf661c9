from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from neuroface.classifiers.search import Searched, points_of
from neuroface.errors import ConfigError

RNG = np.random.default_rng(0)
PERSON = np.repeat(np.arange(12), 3)
Y = np.where(PERSON < 6, "HC", "ALS")
X = RNG.normal(size=(36, 2)) + 3 * (Y == "ALS")[:, None]
LOGISTIC = make_pipeline(StandardScaler(), LogisticRegression())


def test_what_helps_held_out_people_is_chosen():
    found = Searched(LOGISTIC, {"C": [1e-6, 1.0]}).fit(X, Y, groups=PERSON)
    assert found.choice_["chosen"] == {"C": 1.0}
    assert [point["C"] for point in found.choice_["tried"]] == [1e-6, 1.0]
    assert found.best_[-1].C == 1.0
    assert found.predict_proba(X).shape == (36, 2)
    check_is_fitted(found.best_)


def test_people_not_rows_are_held_out():
    """Every person has a place of their own and a class at random: whoever knows a person's other rows wins."""
    rng = np.random.default_rng(1)
    y = rng.permutation(np.repeat(["HC", "ALS"], 6))[PERSON]
    where = np.eye(12)[PERSON] + 0.01 * rng.normal(size=(36, 12))
    by_people = Searched(LogisticRegression(), {"C": [1e-6, 1e3]}).fit(where, y, groups=PERSON)
    by_rows = Searched(LogisticRegression(), {"C": [1e-6, 1e3]}).fit(where, y)
    assert by_people.choice_["chosen"] == {"C": 1e-6}
    assert by_rows.choice_["chosen"] == {"C": 1e3}


def test_numbers_are_judged_by_squared_error():
    y = X[:, 0] * 2
    found = Searched(Ridge(), {"alpha": [1e4, 1e-3]}).fit(X, y, groups=PERSON)
    assert found.choice_["chosen"] == {"alpha": 1e-3}
    assert found.predict(X) == pytest.approx(y, abs=0.01)


def test_where_nobody_can_be_held_out_the_first_point_is_taken():
    found = Searched(LOGISTIC, {"C": [0.5, 1.0]}).fit(X[[0, 35]], Y[[0, 35]], groups=PERSON[[0, 35]])
    assert found.choice_["chosen"] == {"C": 0.5}


def test_some_points_at_random():
    points = points_of(LOGISTIC, {"C": [1, 2, 3], "max_iter": [10, 20], "draws": 4}, seed=1)
    assert len({tuple(point.values()) for point in points}) == 4
    assert set(points[0]) == {"logisticregression__C", "logisticregression__max_iter"}


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"c": [1]}, "search.c: the classifier has no such setting.*C"),
        ({"C": 1}, "search.C must be a list"),
        ({}, "must be a list"),
        ({"C": [1], "draws": 0}, "draws is 0"),
        ({"C": list(range(300))}, "300 points"),
        ({"copy": [True], "verbose": [0]}, None),
    ],
)
def test_settings_that_cannot_be_tried_are_refused(search, said):
    if said is None:  # of the names that several steps have, the outermost is meant
        assert points_of(LOGISTIC, search, seed=0)[0]["verbose"] == 0
        return
    with pytest.raises(ConfigError, match=said):
        points_of(LOGISTIC, search, seed=0)
