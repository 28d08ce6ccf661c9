"""What each feature adds to a forest's probability for one row: Shapley values by the package shap.

Lundberg et al., Nature Machine Intelligence 2020; 2:56. Asked against the training people of the fold
("interventional"): the values of a row add up to its probability less the mean probability of those people.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from neuroface.classifiers.forest import Forest
from neuroface.classifiers.forest_kernels import LEAF
from neuroface.errors import ConfigError

BACKGROUND = 100  # rows at most that a row is compared with
NEEDS = "Attributions of trees need the package shap: pip install 'neuroface[explain]'."


def can_explain(model: Any) -> bool:
    """Whether a fitted model, or the last step of a pipeline, is a forest or a tree."""
    last = _steps(model)[1]
    return isinstance(last, Forest) or type(last).__name__ in (
        "RandomForestClassifier",
        "ExtraTreesClassifier",
        "DecisionTreeClassifier",
    )


def attributions(model: Any, X: np.ndarray, background: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, d, k) what each feature adds to the probability of each class, and (k,) the mean of the background.

    model: `can_explain`. X: (n, d). background: (m, d) rows of the people that the model was fitted on; BACKGROUND of
    them at most are used, evenly spread. Errors: ConfigError where shap is not installed.
    """
    try:
        import shap
    except ImportError as error:
        raise ConfigError(NEEDS) from error
    before, last = _steps(model)
    some = background[np.linspace(0, len(background) - 1, min(BACKGROUND, len(background))).round().astype(int)]
    for step in before:
        X, some = step.transform(X), step.transform(some)
    last = getattr(last, "forest_", last)  # scikit-learn's own, which a large table falls back to
    trees = as_shap(last) if isinstance(last, Forest) else last
    explainer = shap.TreeExplainer(trees, data=some.astype(np.float32), feature_perturbation="interventional")
    # float32 as the trees were grown: a value must not change sides of a threshold
    told = np.asarray(explainer.shap_values(X.astype(np.float32), check_additivity=False))
    return told, np.atleast_1d(explainer.expected_value)


def as_shap(forest: Forest) -> dict[str, Any]:
    """The compiled forest in the notation that shap reads: one mapping of arrays per tree."""
    trees = forest.trees_
    bounds = trees.root.tolist()
    out = []
    for start, stop in itertools.pairwise(bounds):
        column, child, missing_left = trees.node[start:stop].T
        leaf = column == LEAF
        left = np.where(leaf, -1, child - start)
        out.append(
            {
                "children_left": left,
                "children_right": np.where(leaf, -1, left + 1),
                "children_default": np.where(leaf, -1, np.where(missing_left == 1, left, left + 1)),
                "features": np.where(leaf, -2, column),
                "thresholds": trees.threshold[start:stop],
                "values": trees.share[start:stop] / (len(bounds) - 1),
                "node_sample_weight": np.ones(stop - start),  # of no use against a background
            }
        )
    return {"trees": out}


def _steps(model: Any) -> tuple[list[Any], Any]:
    """What comes before the last step of a pipeline, and that step."""
    steps = getattr(model, "steps", None)
    return ([step for _, step in steps[:-1]], steps[-1][1]) if steps else ([], model)
