from __future__ import annotations

import numpy as np
import pytest

from neuroface.classifiers.forest import Forest
from neuroface.explain import trees


@pytest.fixture(scope="module")
def forest():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3))
    y = np.where(X[:, 0] + 0.2 * X[:, 1] > 0, "B", "A")
    X[::7, 1] = np.nan
    return Forest(n_estimators=4, random_state=0).fit(X, y), X


def test_the_forest_in_shaps_notation_says_what_the_forest_says(forest):
    model, X = forest
    total = np.zeros((len(X), 2))
    for tree in trees.as_shap(model)["trees"]:
        for i, row in enumerate(X.astype(np.float32)):
            at = 0
            while tree["children_left"][at] >= 0:
                value = row[tree["features"][at]]
                side = "default" if np.isnan(value) else ("left" if value <= tree["thresholds"][at] else "right")
                at = tree[f"children_{side}"][at]
            total[i] += tree["values"][at]
    np.testing.assert_allclose(total, model.predict_proba(X))


def test_attributions_add_up_and_name_the_feature(forest):
    pytest.importorskip("shap", reason="the extra neuroface[explain] is not installed")
    model, X = forest
    values, mean = trees.attributions(model, X, X)
    np.testing.assert_allclose(values.sum(axis=1) + mean, model.predict_proba(X), atol=1e-6)
    assert np.abs(values[..., 0]).mean(axis=0).argmax() == 0
    assert not np.abs(values[:, 2]).mean() > np.abs(values[:, 0]).mean() / 3


def test_what_is_no_tree_is_told():
    from sklearn.linear_model import LogisticRegression

    assert not trees.can_explain(LogisticRegression())
    assert trees.can_explain(Forest())
