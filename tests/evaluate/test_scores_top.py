"""Top-N accuracy of people: against scikit-learn, at its ends, and beside guessing."""

import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from neuroface.evaluate import statistics
from neuroface.evaluate.scores_top import top_scores


def test_agrees_with_scikit_learn():
    rng = np.random.default_rng(4)
    p, y = rng.dirichlet(np.ones(5), 40), rng.integers(0, 5, 40)
    found = top_scores(p, y)
    for top in (2, 3, 4):
        hits = top_k_accuracy_score(y, p, k=top, labels=range(5), normalize=False)
        assert found[f"top_{top}_accuracy"] == pytest.approx(hits / 40)
        assert found[f"top_{top}_accuracy_ci"] == list(statistics.wilson(int(hits), 40))


def test_all_classes_are_no_candidates():
    assert "top_3_accuracy" not in top_scores(np.eye(3), np.arange(3))


def test_equal_probabilities_give_no_hit_to_the_last_class():
    found = top_scores(np.full((4, 3), 1 / 3), np.array([0, 1, 2, 2]))
    assert found["top_2_accuracy"] == 2 / 4


def test_the_dummy_names_the_largest_classes():
    y = np.repeat([0, 1, 2], [1, 6, 3])
    assert top_scores(np.full((10, 3), 1 / 3), y)["dummy_top_2_accuracy"] == pytest.approx(0.9)
