from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge as TheirRidge
from sklearn.preprocessing import StandardScaler

from neuroface.classifiers.least_squares import Discriminant, Ridge
from neuroface.classifiers.load import load_model
from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.leave_pair_out import LeavePairOut
from neuroface.evaluate.many import Fit
from neuroface.evaluate.permutations import run_permutation, run_permutations
from neuroface.evaluate.splits import Loso
from neuroface.evaluate.task import Task
from neuroface.evaluate.weights import weights_of_codes

BOTH = [Ridge(), Discriminant()]


def table(*, n=24, p=5, k=2, missing=0.0, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % k
    X = rng.normal(size=(n, p)) * rng.uniform(0.1, 50, p) + 300 * rng.normal(size=p) + 0.5 * y[:, None]
    X[rng.random(X.shape) < missing] = np.nan
    return X, y


def test_ridge_is_scikit_learns_on_standardised_columns():
    X, y = table()
    weights = np.random.default_rng(1).uniform(0.2, 2, len(y))
    mean = np.average(X, axis=0, weights=weights)
    z = (X - mean) / np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weights))
    theirs = TheirRidge(alpha=0.3 * weights.sum()).fit(z, y == 1, sample_weight=weights)
    ours = Ridge(alpha=0.3).fit(X, y, sample_weight=weights)
    p = ours.predict_proba(X)[:, 1]
    f = theirs.predict(z)  # of the second class; that of the first is 1 - f
    assert p == pytest.approx(1 / (1 + np.exp(-2 * (2 * f - 1))), abs=1e-10)


@pytest.mark.parametrize("k", [2, 3])
def test_the_discriminant_is_scikit_learns(k):
    X, y = table(k=k)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.25)
    z = StandardScaler().fit_transform(X)
    assert Discriminant(shrinkage=0.25).fit(X, y).predict_proba(X) == pytest.approx(
        theirs.fit(z, y).predict_proba(z), abs=1e-9
    )


@pytest.mark.parametrize("model", BOTH, ids=lambda m: type(m).__name__)
def test_a_missing_value_is_the_mean_of_the_training_rows(model):
    X, y = table(missing=0.15)
    filled = SimpleImputer().fit_transform(X)
    ours = model.fit(X, y)
    assert ours.mean_ == pytest.approx(np.nanmean(X, axis=0))
    assert ours.scale_ == pytest.approx(np.nanstd(X, axis=0))
    assert ours.predict_proba(X) == pytest.approx(ours.predict_proba(filled))
    if isinstance(model, Ridge):
        z = (filled - ours.mean_) / ours.scale_
        expected = np.linalg.solve(z.T @ z / len(z) + model.alpha * np.eye(z.shape[1]), z.T @ (y - y.mean()) / len(z))
        assert ours.coef_[:, 1] == pytest.approx(expected)


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("model", BOTH, ids=lambda m: type(m).__name__)
def test_many_fits_equal_single_ones(model, k, missing):
    X, _ = table(n=30, k=k, missing=missing)
    fits = some_fits(k)
    for fit, p in zip(fits, model.predict_many(X, fits, k), strict=True):
        single = type(model)(**model.get_params()).fit(X[fit.train], fit.y[fit.train], sample_weight=fit.weights)
        expected = np.zeros((len(fit.test), k))
        expected[:, single.classes_] = single.predict_proba(X[fit.test])
        assert p == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("split", [Loso(), LeavePairOut()], ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("model", BOTH, ids=lambda m: type(m).__name__)
def test_a_null_of_people_or_pairs_left_out_is_that_of_refitting(model, split, missing):
    """Rows of a person are summed once; the person left out, or both of a pair, are judged as if fitted anew."""
    rng = np.random.default_rng(2)
    subject = np.repeat([f"S{i}" for i in range(6)], [3, 1, 2, 3, 2, 4])
    y = np.array(["HC", "ALS"])[np.unique(subject, return_inverse=True)[1] % 2]
    X = rng.normal(size=(len(y), 3)) + 40
    X[rng.random(X.shape) < missing] = np.nan
    task = Task(X, y, subject, ("HC", "ALS"), model, True, 0)
    for b, permuted, p in run_permutations(task, split, range(3)):
        expected = run_permutation(task, split, b)
        assert (permuted == expected[0]).all()
        assert p == pytest.approx(expected[1], abs=1e-8)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("model", BOTH, ids=lambda m: type(m).__name__)
def test_sums_over_exchanged_units_change_no_fit(model, missing):
    X, _ = table(n=30, missing=missing)
    fits = some_fits(n_permutations=3)
    units = [replace(fit, unit=np.arange(30) // 2) for fit in fits]
    for p, expected in zip(model.predict_many(X, units, 2), model.predict_many(X, fits, 2), strict=True):
        assert p == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("model", BOTH, ids=lambda m: type(m).__name__)
def test_a_saved_model_predicts_the_same_and_is_plain_arrays(model, tmp_path):
    X, y = table(missing=0.1)
    ending, content = model.fit(X, y).saved()
    file = tmp_path / f"model.{ending}"
    file.write_bytes(content)
    loaded = load_model(file)
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.get_params() == model.get_params()
    with np.load(file, allow_pickle=False) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    held["coef"] = held["coef"][:-1]
    np.savez(tmp_path / "short.npz", **held)
    (tmp_path / "cut.npz").write_bytes(content[:300])
    for damaged in ("short", "cut"):
        with pytest.raises(DataError, match=rf"{damaged}\.npz is no model file of neuroface, or is damaged"):
            load_model(tmp_path / f"{damaged}.npz")


def some_fits(k=2, *, n_permutations=4):
    """Three of 15 people with two rows each are left out in turn, of permuted classes."""
    rng, fits, person = np.random.default_rng(5), [], np.arange(30) // 2
    for _ in range(n_permutations):
        permuted = rng.permutation(np.arange(15) % k)[person]
        for left_out in range(3):
            train, test = np.flatnonzero(person != left_out), np.flatnonzero(person == left_out)
            fits.append(Fit(permuted, train, test, weights_of_codes(permuted[train], person[train]), 0))
    return fits


@pytest.mark.parametrize("model", BOTH, ids=lambda m: type(m).__name__)
def test_how_fits_are_grouped_changes_no_bit(model):
    X, _ = table(n=30, missing=0.1)
    fits = some_fits(n_permutations=7)
    together = list(model.predict_many(X, fits, 2))
    alone = [next(model.predict_many(X, [fit], 2)) for fit in fits]
    assert all((a == b).all() for a, b in zip(together, alone, strict=True))


@pytest.mark.parametrize("model", BOTH, ids=lambda m: type(m).__name__)
def test_held_out_rows_cannot_move_a_digit_of_a_fit(model):
    X, _ = table(n=30)
    fits = [fit for fit in some_fits() if 0 not in fit.train]
    inside = [Fit(fit.y, fit.train, fit.train, fit.weights, 0) for fit in fits]
    before = list(model.predict_many(X, inside, 2))
    X[:2] = 1e12
    after = list(model.predict_many(X, inside, 2))
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("model", BOTH, ids=lambda m: type(m).__name__)
def test_columns_that_say_nothing_say_nothing(model):
    X, y = table()
    expected = model.fit(X, y).predict_proba(X)
    rest = np.column_stack([np.full(len(X), 0.1), np.full(len(X), np.nan)])
    found = (
        type(model)(**model.get_params()).fit(np.column_stack([X, rest]), y).predict_proba(np.column_stack([X, rest]))
    )
    assert np.isfinite(found).all()
    if isinstance(model, Ridge):  # the sphere of the discriminant is smaller for columns that do not vary
        assert found == pytest.approx(expected, abs=1e-9)


def test_rows_without_weight_do_not_count():
    X, y = table()
    weights = np.ones(len(y))
    weights[:4] = 0
    assert Ridge().fit(X, y, sample_weight=weights).coef_ == pytest.approx(Ridge().fit(X[4:], y[4:]).coef_)


def test_what_cannot_be_is_refused():
    X, y = table()
    with pytest.raises(ConfigError, match=r"classifier.alpha is 0; the penalty of a ridge must be above 0\."):
        Ridge(alpha=0).fit(X, y)
    with pytest.raises(ConfigError, match=r"classifier.shrinkage is 2; it must be above 0 and at most 1\."):
        Discriminant(shrinkage=2).fit(X, y)
    with pytest.raises(DataError, match="given rows of 1 class; it needs two"):
        Ridge().fit(X, np.zeros(len(y)))
    with pytest.raises(DataError, match="values that are infinite"):
        Ridge().fit(np.full_like(X, np.inf), y)
