"""What leave-one-subject-out does to features that know nothing; the simulation behind loso_rebalanced."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from neuroface.evaluate import statistics
from neuroface.evaluate.splits import Loso, LosoRebalanced, StratifiedSubjectKFold, make_folds

from .people import cohort

N_SETS = 60


def pooled_aucs(splitter, *, class_weight=None) -> np.ndarray:
    """(N_SETS,) subject AUCs of a strongly shrunken logistic regression on Gaussian noise, 11 v 11, 5 repetitions."""
    aucs = []
    for seed in range(N_SETS):
        samples = cohort({"HC": 11, "ALS": 11}, repetitions=5, features=11, shift=0, seed=seed)
        scores = np.zeros(len(samples))
        for fold in make_folds(splitter, samples.X, samples.y, samples.subject):
            model = LogisticRegression(C=0.01, class_weight=class_weight)
            model.fit(samples.X[fold.train], samples.y[fold.train])
            scores[fold.test] = model.predict_proba(samples.X[fold.test])[:, 0]  # ALS comes first in the alphabet
        people, person = np.unique(samples.subject, return_inverse=True)
        means = np.bincount(person, weights=scores) / 5
        aucs.append(statistics.auc(means, np.char.startswith(people, "ALS")))
    return np.array(aucs)


@pytest.mark.slow
def test_plain_loso_is_biased_below_one_half_and_rebalanced_is_not():
    plain, rebalanced, kfold = map(pooled_aucs, (Loso(), LosoRebalanced(), StratifiedSubjectKFold(n_splits=11)))
    error = rebalanced.std(ddof=1) / np.sqrt(N_SETS)
    assert plain.mean() < 0.35  # a simulation with 300 sets gave .27
    assert rebalanced.mean() == pytest.approx(0.5, abs=3 * error)
    assert kfold.mean() == pytest.approx(0.5, abs=3 * kfold.std(ddof=1) / np.sqrt(N_SETS))


@pytest.mark.slow
def test_balanced_class_weights_remove_most_of_the_bias():
    balanced = pooled_aucs(Loso(), class_weight="balanced")
    assert 0.38 < balanced.mean() < 0.55
