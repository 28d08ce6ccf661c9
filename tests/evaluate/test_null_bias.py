"""What leave-one-subject-out does to features that know nothing, and which splits do not do it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from neuroface.classifiers.forest import Forest
from neuroface.evaluate import statistics
from neuroface.evaluate.leave_pair_out import LeavePairOut
from neuroface.evaluate.permutations import gatherer
from neuroface.evaluate.splits import Loso, LosoRebalanced, StratifiedSubjectKFold, make_folds
from neuroface.evaluate.task import Task

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


def aucs(make, splitter, *, people: int, sets: int, features: int = 5) -> np.ndarray:
    """(sets,) subject AUCs of what `make` makes on Gaussian noise, gathered as a permutation of a run gathers them."""
    found = []
    for seed in range(sets):
        samples = cohort({"HC": people, "ALS": people}, repetitions=1, features=features, shift=0, seed=seed)
        task = Task(samples.X, samples.y, samples.subject, ("HC", "ALS"), make(), balance=False, seed=0)
        folds, scores = make_folds(splitter, samples.X, samples.y, samples.subject), []
        for fold in folds:
            model = make().fit(samples.X[fold.train], samples.y[fold.train])
            decide = getattr(model, "decision_function", None)  # classes are sorted: the second is HC
            held_out = samples.X[fold.test]
            score = -decide(held_out) if decide else model.predict_proba(held_out)[:, 0]
            scores.append(np.stack([-score, score], axis=1).round(12))
        found.append(float(statistics.auc(gatherer(task, splitter, folds)(scores)[:, 1], samples.y == "ALS")))
    return np.array(found)


@pytest.mark.parametrize(("splitter", "area"), [(Loso(), 0.0), (LosoRebalanced(), 0.5), (LeavePairOut(), 0.5)])
def test_knowing_the_class_shares_alone_is_worse_than_nothing_under_plain_loso_only(splitter, area):
    """The held-out person's class is the rarer one in training: a model of the shares alone is always wrong."""
    assert aucs(lambda: DummyClassifier(strategy="prior"), splitter, people=4, sets=1).item() == area


def test_a_shrunken_model_is_below_one_half_under_plain_loso_and_at_it_under_leave_pair_out():
    def shrunken():
        return LogisticRegression(C=0.01)

    plain, pairs = (aucs(shrunken, splitter, people=4, sets=8) for splitter in (Loso(), LeavePairOut()))
    assert plain.mean() < 0.2
    assert pairs.mean() == pytest.approx(0.5, abs=4 * pairs.std(ddof=1) / np.sqrt(8))


MODELS = {
    "logistic": lambda: LogisticRegression(C=0.01),
    "svm": lambda: SVC(),
    "neighbours": lambda: KNeighborsClassifier(5),
    "naive_bayes": lambda: GaussianNB(),
    "forest": lambda: Forest(n_estimators=25),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_on_null_data_pairs_and_rebalanced_folds_average_one_half(name):
    """Rebalanced folds keep a little, .47 to .50 (docs/statistics.md): every two people are in each other's folds."""
    sets = 60
    plain, rebalanced, pairs = (
        aucs(MODELS[name], splitter, people=7, sets=sets) for splitter in (Loso(), LosoRebalanced(), LeavePairOut())
    )
    assert pairs.mean() == pytest.approx(0.5, abs=3 * pairs.std(ddof=1) / np.sqrt(sets))
    assert rebalanced.mean() == pytest.approx(0.5, abs=0.03 + 3 * rebalanced.std(ddof=1) / np.sqrt(sets))
    assert plain.mean() < rebalanced.mean() - 0.03


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
