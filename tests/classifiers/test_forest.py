"""The compiled forest against scikit-learn's, and what must hold of it whatever that does."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from neuroface.classifiers import forest as forest_module
from neuroface.classifiers import forest_kernels as kernels
from neuroface.classifiers.forest import Forest, load
from neuroface.classifiers.forest_trees import leaves_of
from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.many import Fit

PLAIN = {"n_estimators": 1, "max_features": None, "bootstrap": False, "random_state": 0}


def table(n=60, d=4, classes=2, *, missing=0.0, seed=0, shift=0.8):
    """(X, y, weights) of overlapping classes, no two values of a column and no two weights alike.

    Weights are whole numbers: scikit-learn cuts pure nodes whose impurity is not 0 by rounding.
    """
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % classes)
    X = rng.normal(size=(n, d)) + shift * y[:, None]
    X[rng.random(X.shape) < missing] = np.nan
    return X, y, rng.permutation(np.arange(n, 2 * n)).astype(float)


def drawn(estimator):
    return {"check_sample_weight_equivalence_on_dense_data": "rows are drawn by weight: equal in law, not draw by draw"}


@parametrize_with_checks([Forest(n_estimators=5)], expected_failed_checks=drawn)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "keys",
    [
        {"d": 1},
        {"d": 1, "min_samples_leaf": 4},
        {"d": 1, "max_depth": 3},
        {"d": 1, "min_samples_split": 9},
        {"d": 4, "min_samples_leaf": 12},
        {"d": 4, "max_depth": 2},
    ],
)
def test_a_tree_of_all_rows_and_columns_is_scikit_learns(classes, missing, keys):
    """Several columns are compared in large nodes only: among few rows many cut equally well, and chance decides."""
    keys = dict(keys)
    d = keys.pop("d")
    X, y, weights = table(80, d, classes, missing=missing, shift=0.5)
    ours = Forest(**PLAIN, **keys).fit(X, y, weights)
    theirs = DecisionTreeClassifier(random_state=0, **keys).fit(X, y, sample_weight=weights)
    assert len(ours.trees_.node) == theirs.tree_.node_count > 3
    cuts = ours.trees_.node[:, 0] >= 0
    thresholds = theirs.tree_.threshold[theirs.tree_.feature >= 0]
    assert np.array_equal(np.sort(ours.trees_.threshold[cuts]), np.sort(thresholds))
    assert ours.feature_importances_ == pytest.approx(theirs.feature_importances_, abs=1e-12)
    fresh, _, _ = table(400, d, classes, missing=missing, seed=1)
    assert ours.predict_proba(fresh) == pytest.approx(theirs.predict_proba(fresh), abs=1e-12)


def test_what_was_never_missing_goes_the_way_of_most():
    X, y, weights = table(d=1)
    ours = Forest(**PLAIN).fit(X, y, weights)
    theirs = DecisionTreeClassifier(random_state=0).fit(X, y, sample_weight=weights)
    gone = np.array([[np.nan]])
    assert ours.predict_proba(gone) == pytest.approx(theirs.predict_proba(gone), abs=1e-12)


def test_many_trees_have_the_law_of_scikit_learns():
    """Mean probabilities of 1500 trees differ by their Monte-Carlo error only: weights, holes, ties and all."""
    X, y, weights = table(40, d=5, missing=0.1, shift=0.4)
    X[:, 0] = X[:, 0].round()
    weights[:3] = 0
    fresh, _, _ = table(50, d=5, missing=0.1, seed=3, shift=0.4)
    keys = {"n_estimators": 1500, "min_samples_leaf": 2}
    ours = Forest(random_state=0, **keys).fit(X, y, weights)
    theirs = RandomForestClassifier(random_state=0, **keys)
    if not draws_by_weight():
        pytest.skip("this scikit-learn does not draw rows by their weights; since 1.9 it does")
    theirs.fit(X, y, sample_weight=weights)
    one, other = (
        np.array([leaf[:, 1] for leaf in votes])
        for votes in (
            [ours.trees_.share[at] for at in leaves_of(ours.trees_, fresh.astype(np.float32))],
            [tree.tree_.predict(fresh.astype(np.float32)) for tree in theirs.estimators_],
        )
    )
    error = np.sqrt(one.var(axis=0) / len(one) + other.var(axis=0) / len(other))
    z = (one.mean(axis=0) - other.mean(axis=0)) / error
    assert np.abs(z).max() < 4.5
    assert ours.feature_importances_ == pytest.approx(theirs.feature_importances_, abs=0.01)


def draws_by_weight() -> bool:
    """Whether scikit-learn's forest draws rows by weight: then no tree sees weights other than counts."""
    X, y = np.arange(6.0)[:, None], np.array([0, 1] * 3)
    forest = RandomForestClassifier(1, random_state=0).fit(X, y, sample_weight=np.linspace(0.1, 0.7, 6))
    return float(forest.estimators_[0].tree_.weighted_n_node_samples[0]).is_integer()


def many(X, y, train, test, **keys):
    [p] = Forest(n_estimators=30).predict_many(X, [Fit(y, train, test, np.ones(len(train)), 7)], 2, **keys)
    return p


def test_rows_held_out_move_no_threshold():
    """Rows that are neither learnt from nor judged change nothing, wherever between the training rows they lie."""
    X, y, _ = table(50)
    train, judged, other = np.arange(30), np.arange(30, 40), np.arange(40, 50)
    before = many(X, y, train, judged)
    X[other] = np.random.default_rng(9).normal(scale=100, size=(10, 4))
    assert np.array_equal(many(X, y, train, judged), before)
    X[other] = (X[train[:10]] + X[train[10:20]]) / 2
    y[other] = 1 - y[other]
    assert np.array_equal(many(X, y, train, judged), before)
    alone = Forest(n_estimators=30, random_state=7).fit(X[train], y[train])
    assert np.array_equal(alone.predict_proba(X[judged]), before)


def test_thresholds_lie_midway_between_training_rows():
    X, y, _ = table(30)
    trees = Forest(n_estimators=20, random_state=0).fit(X, y).trees_
    single = X.astype(np.float32).astype(float)
    for (column, _, _), threshold in zip(trees.node, trees.threshold, strict=True):
        if column >= 0:
            values = np.sort(single[:, column])
            assert threshold in (values[:, None] + values[None]) / 2


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_many_fits_are_those_alone_for_any_number_of_threads(missing):
    X, _, _ = table(60, d=6, missing=missing)
    rng = np.random.default_rng(4)
    fits = []
    for i in range(12):
        rows, y = rng.permutation(60), rng.integers(0, 3 if i else 2, 60)  # the first lacks a class
        fits.append(Fit(y, rows[:50], rows[50:], rng.uniform(0, 2, 50), i))
    found = list(Forest(n_estimators=8).predict_many(X, fits, 3))
    for fit, p in zip(fits, found, strict=True):
        alone = Forest(n_estimators=8, random_state=fit.random_state)
        alone.fit(X[fit.train], fit.y[fit.train], fit.weights)
        assert np.array_equal(p[:, alone.classes_], alone.predict_proba(X[fit.test]))
        assert p.sum(axis=1) == pytest.approx(1)
    again = Forest(n_estimators=8).predict_many(X, fits[::-1], 3, n_jobs=3)
    assert all(np.array_equal(a, b) for a, b in zip(found[::-1], again, strict=True))


def test_trees_grown_in_portions_are_the_same_forest(monkeypatch):
    X, y, weights = table(missing=0.1)
    whole = Forest(n_estimators=10, random_state=0).fit(X, y, weights)
    monkeypatch.setattr(forest_module, "NODES_AT_ONCE", 3 * (2 * len(X) - 1))
    portions = Forest(n_estimators=10, random_state=0).fit(X, y, weights)
    for one, other in zip(whole.trees_, portions.trees_, strict=True):
        assert np.array_equal(one, other)


def test_a_saved_forest_predicts_the_same_and_nothing_is_executed(tmp_path):
    X, y, weights = table(missing=0.1)
    model = Forest(n_estimators=10, random_state=0).fit(X, np.array(["HC", "ALS"])[y], weights)
    ending, content = model.saved()
    file = tmp_path / f"model.{ending}"
    file.write_bytes(content)
    loaded = load(file)
    assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert list(loaded.classes_) == ["ALS", "HC"]
    assert np.array_equal(loaded.feature_importances_, model.feature_importances_)
    assert model.saved()[1] == content
    with np.load(file, allow_pickle=False) as arrays:
        assert all(arrays[name].dtype.kind in "uif" for name in arrays.files)


def test_a_damaged_model_file_is_refused(tmp_path):
    X, y, _ = table()
    content = Forest(n_estimators=3).fit(X, y).saved()[1]
    for i, damaged in enumerate((b"", content[:200], b"\0" * 50)):
        (tmp_path / f"{i}.npz").write_bytes(damaged)
        with pytest.raises(DataError, match="is no model file of neuroface, or is damaged"):
            load(tmp_path / f"{i}.npz")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    held["node"] = np.where(held["node"] > 1, 1, held["node"])  # a child before its parent: a walk without end
    forest_file = tmp_path / "ring.npz"
    np.savez(forest_file, **held)
    with pytest.raises(DataError, match=r"ring\.npz is no model file"):
        load(forest_file)


@pytest.mark.parametrize("keys", [{}, {"bootstrap": False}])
def test_bad_columns_and_tiny_tables_are_learnt_from_as_far_as_they_go(keys):
    X, y, _ = table(20, d=3)
    X[:, 0], X[:, 1] = 5.0, np.nan
    model = Forest(n_estimators=20, random_state=0, **keys).fit(X, y)
    assert model.feature_importances_.tolist() == [0, 0, 1]
    assert model.score(X, y) > 0.9
    nothing = Forest(n_estimators=5, **keys).fit(np.full((6, 2), np.nan), [0, 1, 0, 1, 1, 1])
    assert np.ptp(nothing.predict_proba([[1.0, 2.0], [np.nan, 0.0]]), axis=0).tolist() == [0, 0]
    two = Forest(n_estimators=50, random_state=0, **keys).fit([[0.0], [1.0]], ["a", "b"])
    assert two.predict([[0.0], [1.0]]).tolist() == ["a", "b"]  # many a bootstrap of two rows holds one class


def test_one_class_alone_is_certain():
    model = Forest(n_estimators=3).fit([[0.0], [1.0]], ["a", "a"])
    assert model.predict_proba([[0.5]]).tolist() == [[1.0]]
    assert model.feature_importances_.tolist() == [0.0]


@pytest.mark.parametrize("bootstrap", [True, False])
def test_rows_of_no_weight_are_as_if_absent(bootstrap):
    X, y, weights = table(40)
    weights[10:] = 0
    keys = {"n_estimators": 200, "random_state": 0, "bootstrap": bootstrap}
    model = Forest(**keys).fit(X, y, weights)
    X[10:], y[10:] = X[10:] + 50, 1 - y[10:]
    assert np.array_equal(model.predict_proba(X), Forest(**keys).fit(X, y, weights).predict_proba(X))


@pytest.mark.parametrize("weights", [np.zeros(20), np.full(20, np.nan), -np.ones(20)])
def test_impossible_weights_are_refused(weights):
    X, y, _ = table(20)
    with pytest.raises(ValueError, match="sample_weight must be finite and not negative, and some must not be zero"):
        Forest().fit(X, y, weights)


def test_impossible_settings_are_all_named():
    with pytest.raises(ConfigError, match=r"n_estimators=0, min_samples_leaf=1\.5, max_features='square'"):
        Forest(n_estimators=0, min_samples_leaf=1.5, max_features="square").fit(*table()[:2])


def test_a_table_too_long_for_ranks_is_scikit_learns_and_says_so(monkeypatch):
    monkeypatch.setattr(forest_module, "MOST_ROWS", 50)
    X, y, weights = table()
    assert not Forest().can_predict_many(X)
    with pytest.warns(UserWarning, match="60 rows are too many for the compiled forest .* scikit-learn's is fitted"):
        model = Forest(n_estimators=5, random_state=0).fit(X, y, weights)
    assert model.predict_proba(X).shape == (60, 2)


def test_a_hundred_thousand_rows_fall_back():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100_000, 1)), np.arange(100_000) % 2
    with pytest.warns(UserWarning, match="100000 rows are too many"):
        Forest(n_estimators=1, max_depth=1).fit(X, y)


def test_the_bit_that_is_read_is_the_lowest():
    assert [find_lowest(np.uint64(word)) for word in (1, 6, 2**63, 2**63 + 2**40)] == [0, 1, 63, 40]


@kernels.compiled
def find_lowest(word):
    return kernels.lowest_bit(word)


def test_without_a_place_to_keep_compiled_code_it_is_compiled_anew(tmp_path):
    """numba keeps code beside the source or in the user's cache; where neither can be written all still works."""
    if os.name != "posix":
        pytest.skip("folders that nobody can write to")
    code = (
        "import numba.core.caching as c\n"
        "c.CacheImpl._locator_classes = []\n"
        "from neuroface.classifiers.forest_kernels import mixed, compiled\n"
        "f = compiled(lambda x: x + 1)\n"
        "assert f(1) == 2\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=with_source(), timeout=120)


def test_no_benchmark_is_taken_for_a_library():
    """A script's folder comes first on the path: numba asked for `coverage` and got the benchmark of that name."""
    folder = Path(__file__).parents[2] / "scripts" / "bench"
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import neuroface.classifiers.forest_kernels"
    subprocess.run([sys.executable, "-c", code], check=True, env=with_source(), timeout=120)


def test_a_run_with_a_forest_needs_no_torch():
    """Importing it takes seconds and 300 MB."""
    code = (
        "import sys\n"
        "from neuroface.classifiers import forest\n"
        "from neuroface.evaluate import engine, plan\n"
        "from neuroface.report import html, tensorboard\n"
        "from neuroface.studies import building, train\n"
        "from tensorboard.summary.writer import record_writer\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=with_source(), timeout=120)


def with_source() -> dict[str, str]:
    source = str(Path(kernels.__file__).parents[2])
    return {**os.environ, "PYTHONPATH": source + os.pathsep + os.environ.get("PYTHONPATH", "")}


def test_fitting_warns_of_nothing():
    X, y, _ = table(missing=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Forest(n_estimators=3).fit(X, y).predict_proba(X)
