from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroface.report import roc

people = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=30).filter(
    lambda rows: len({positive for positive, _ in rows}) == 2
)


def arrays(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p for p, _ in rows]), np.array([s for _, s in rows], dtype=float)


@settings(deadline=None)  # the first example pays for the import of the oracle
@given(people)
def test_auc_and_curve_agree_with_scikit_learn_also_with_ties(rows: list[tuple[bool, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    positive, score = arrays(rows)
    false, true, _ = metrics.roc_curve(positive, score, drop_intermediate=False)
    assert roc.auc(positive, score) == pytest.approx(metrics.roc_auc_score(positive, score))
    assert np.allclose(roc.curve(positive, score), (false, true))


@given(people)
def test_the_area_under_the_curve_is_the_auc(rows: list[tuple[bool, int]]) -> None:
    positive, score = arrays(rows)
    false, true = roc.curve(positive, score)
    assert np.trapezoid(true, false) == pytest.approx(roc.auc(positive, score))


def test_auc_without_both_classes_is_missing() -> None:
    assert np.isnan(roc.auc(np.array([True, True]), np.array([0.1, 0.2])))


def test_band_of_separated_classes_is_the_upper_edge() -> None:
    positive = np.repeat([True, False], 8)
    low, high = roc.bootstrap_band(positive, np.where(positive, 0.9, 0.1), n_bootstrap=50)
    assert (low == 1).all()
    assert (high == 1).all()


def test_band_encloses_the_curve_and_repeats_with_its_seed() -> None:
    rng = np.random.default_rng(0)
    positive = np.repeat([True, False], 11)
    score = rng.normal(size=22) + positive
    low, high = roc.bootstrap_band(positive, score, n_bootstrap=400, seed=3)
    curve = roc.on_grid(positive, score)
    assert ((low <= curve) & (curve <= high)).mean() > 0.95
    assert np.array_equal(low, roc.bootstrap_band(positive, score, n_bootstrap=400, seed=3)[0])


def test_bootstrap_keeps_the_number_of_people_in_each_class() -> None:
    # With one negative, every resample holds it: the true positive rate at its left is a binomial share of the others.
    positive = np.array([True, True, True, True, False])
    low, high = roc.bootstrap_band(positive, np.array([0.9, 0.8, 0.7, 0.1, 0.5]), n_bootstrap=2000)
    assert low[0] == pytest.approx(0.25)
    assert high[0] == 1


def test_null_band() -> None:
    curves = [np.full(3, value) for value in np.linspace(0, 1, 101)]
    mean, low, high = roc.band(curves)
    assert mean == pytest.approx(np.full(3, 0.5))
    assert low == pytest.approx(np.full(3, 0.05))
    assert high == pytest.approx(np.full(3, 0.95))
