"""A confound that is all there is falls to .5, a true effect stays, and who is judged shapes no slope."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuroface.classifiers.least_squares import Ridge
from neuroface.errors import ConfigError
from neuroface.evaluate.plan import plan
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.residualised import Residualised, with_covariates
from neuroface.evaluate.splits import Loso, StratifiedSubjectKFold

from .people import table

ASK = Protocol(classes=("HC", "ALS"), permutations=0, residualise=["age"])


def aged(n=12, *, older=0.0, by_age=0.0, effect=0.0, seed=0, features=3):
    """n people a class, three repetitions; ALS is `older` years older, age moves all features, the class the first."""
    rng = np.random.default_rng(seed)
    names = [f"{group}{i:02d}" for group in ("HC", "ALS") for i in range(n)]
    ill = np.repeat([0.0, 1.0], n)
    age = 60 + older * ill + 8 * rng.normal(size=2 * n)
    of_person = by_age * (age[:, None] - 60) / 8 + rng.normal(size=(2 * n, features))
    of_person[:, 0] += effect * ill
    X = np.repeat(of_person, 3, axis=0) + 0.2 * rng.normal(size=(6 * n, features))
    samples = table(X, np.repeat(np.where(ill, "ALS", "HC"), 3), np.repeat(names, 3))
    return samples, {name: {"age": float(a)} for name, a in zip(names, age, strict=True)}


def right_pairs(make, n_cohorts=30, **protocol):
    """Share of rightly ordered pairs within folds, over cohorts: no bias of left-out scores."""
    found = []
    for seed in range(n_cohorts):
        samples, people = make(seed)
        task = plan(
            samples, Ridge(), StratifiedSubjectKFold(n_splits=4), protocol=replace(ASK, **protocol), people=people
        ).task
        for train, test in StratifiedSubjectKFold(n_splits=4, seed=seed).split(None, task.y, task.subject):
            p = task.estimator.fit(task.X[train], task.y[train]).predict_proba(task.X[test])[:, 0].round(12)
            ill = task.y[test] == "ALS"
            found.append((p[ill][:, None] > p[~ill]).mean())
    return np.mean(found), np.std(found) / np.sqrt(len(found))


def test_a_pure_confound_falls_to_one_half():
    def confounded(seed):
        return aged(older=12, by_age=1.5, seed=seed)

    raw, _ = right_pairs(confounded, 10, residualise=None)
    left, error = right_pairs(confounded)
    assert raw > 0.75
    assert left == pytest.approx(0.5, abs=3 * error)


def test_a_true_effect_survives():
    def ill(seed):
        return aged(by_age=1.5, effect=2, seed=seed)

    raw, _ = right_pairs(ill, 10, residualise=None)
    for source in ("everyone", "controls"):
        left, _ = right_pairs(ill, 10, residualise_from=source)
        assert left > 0.8
        assert left > raw  # what age scatters is gone


def test_who_is_judged_shapes_no_slope():
    samples, people = aged(6, by_age=1)
    task = plan(samples, Ridge(), Loso(), protocol=ASK, people=people).task
    judged = task.subject == "ALS03"
    before = task.estimator.fit(task.X[~judged], task.y[~judged])
    absurd = replace(samples, X=np.where(judged[:, None], 1e6, samples.X))
    again = plan(absurd, Ridge(), Loso(), protocol=ASK, people={**people, "ALS03": {"age": -1e4}}).task
    after = again.estimator.fit(again.X[~judged], again.y[~judged])
    assert after.residuals(again.X)[~judged] == pytest.approx(before.residuals(task.X)[~judged], abs=1e-6)


@pytest.mark.parametrize("fact", [{"site": "B"}, {"age": None}])
@pytest.mark.parametrize("source", ["everyone", "controls"])
def test_what_only_the_judged_person_shows_shifts_no_residual(fact, source):
    samples, people = aged(6, by_age=1)
    far = replace(samples, X=samples.X + 30)  # as millimetres are: far from zero
    people = {name: {"site": "A", **of} for name, of in people.items()}
    people["HC03"] = {**people["HC03"], **fact}
    protocol = replace(ASK, residualise=list(fact), residualise_from=source)
    task = plan(far, Ridge(), Loso(), protocol=protocol, people=people).task
    judged = task.subject == "HC03"
    found = task.estimator.fit(task.X[~judged], task.y[~judged]).residuals(task.X)
    learnt = ~judged if source == "everyone" else ~judged & (task.y == "HC")
    assert found[judged] == pytest.approx(far.X[judged] - far.X[learnt].mean(axis=0), abs=8)  # not 30
    if "site" in fact:  # nothing else is taken out
        assert found == pytest.approx(far.X - far.X[learnt].mean(axis=0))


def test_slopes_are_those_of_the_controls_where_they_are_asked_for():
    samples, people = aged(10, by_age=1)
    X = samples.X.copy()
    X[samples.y == "ALS"] += 5
    samples = replace(samples, X=X)
    full, n = with_covariates(samples, people, ["age"])
    model = Residualised(Ridge(), n, control="HC").fit(full.X, full.y)
    residuals = model.residuals(full.X)
    age = full.X[:, -1]
    healthy = full.y == "HC"
    assert residuals[healthy].mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert np.abs(age[healthy] @ residuals[healthy]) == pytest.approx(0, abs=1e-6)
    assert residuals[~healthy].mean() > 3


def test_missing_values_stay_missing_and_shift_no_other_feature():
    samples, people = aged(6, by_age=1)
    X = samples.X.copy()
    X[::5, 1] = np.nan
    full, n = with_covariates(replace(samples, X=X), people, ["age"])
    whole, _ = with_covariates(samples, people, ["age"])
    found, other = (Residualised(Ridge(), n).fit(of.X, of.y).residuals(of.X) for of in (full, whole))
    assert (np.isnan(found) == np.isnan(X)).all()
    assert found[:, [0, 2]] == pytest.approx(other[:, [0, 2]])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["agee"], "protocol.residualise names agee, which nobody's facts have. Did you mean 'age'"),
        (["age", "age"], "protocol.residualise names age twice"),
        (["group"], "group has one value for each class"),
        (["clinic"], "are the same for everybody; nothing can be taken out"),
    ],
)
def test_covariates_that_cannot_be_taken_out(names, message):
    samples, people = aged(6)
    people = {name: {**of, "group": name[:2], "clinic": "one"} for name, of in people.items()}
    with pytest.raises(ConfigError, match=message):
        plan(samples, Ridge(), Loso(), protocol=replace(ASK, residualise=names), people=people)
