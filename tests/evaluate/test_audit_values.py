"""What values tell of scaling, choosing and augmenting; and that honest ones tell nothing."""

from __future__ import annotations

import numpy as np

from neuroface.evaluate import audit_values

RNG = np.random.default_rng(3)
PEOPLE = np.repeat([f"P{i:02d}" for i in range(22)], 3)
Y = np.repeat(["HC", "ALS"], 33)


def measured(columns: int, shift: float = 0.0) -> np.ndarray:
    person = np.repeat(RNG.normal(size=(22, columns)), 3, axis=0)
    return 30 + 5 * (person + 0.5 * RNG.normal(size=(66, columns)) + shift * (Y == "ALS")[:, None])


def test_honest_values_tell_nothing():
    for shift in (0.0, 1.0):
        X = measured(11, shift)
        assert audit_values.scaled(X) == []
        assert audit_values.chosen(X, Y, PEOPLE) == []
        assert audit_values.nearly_equal(X, PEOPLE) == []
        assert audit_values.between(X, PEOPLE) == []


def test_each_scaler_leaves_its_mark_also_in_rounded_tables():
    X = measured(4)
    standard = (X - X.mean(0)) / X.std(0, ddof=1)
    ranged = (X - X.min(0)) / np.ptp(X, axis=0)
    q = np.percentile(X, [25, 50, 75], axis=0)
    for scaled, word in (
        (standard.round(3), "deviation 1"),
        (ranged, "0 to 1"),
        ((X - q[1]) / (q[2] - q[0]), "median"),
    ):
        assert len(found := audit_values.scaled(scaled)) == 1
        assert word in found[0]


def test_the_best_of_many_columns_of_noise_differ_evenly():
    X = measured(200)
    means = X.reshape(22, 3, -1).mean(axis=1)
    best = np.argsort(-np.abs(means[:11].mean(0) - means[11:].mean(0)))[:10]
    assert audit_values.chosen(X[:, best], Y, PEOPLE)


def test_a_person_measured_twice_and_rows_between_others():
    X = measured(6)
    X[-3:] = X[:3] + 1e-3 * RNG.normal(size=(3, 6))
    assert audit_values.nearly_equal(X, PEOPLE) == ["P00 and P21: 3 rows lie within 2% of the usual distance of people"]
    X = measured(6)
    X[-30:] = X[:30] + 0.4 * (X[3:33] - X[:30])
    assert "exactly between two others" in audit_values.between(X, PEOPLE)[0]


def blurred(spread, n=11, seed=0):
    """X (rows, 2): noise, and the class with noise of this deviation; y, subject."""
    rng = np.random.default_rng(seed)
    subject = np.repeat([f"{group}{i}" for group in "HA" for i in range(n)], 3)
    y = np.array([name[0] for name in subject])
    return np.column_stack([rng.normal(size=len(y)), (y == "A") + spread * rng.normal(size=len(y))]), y, subject


def test_the_class_give_or_take_a_little_is_named():
    [text] = audit_values.implausible(*blurred(0.05), ["noise", "score"])
    assert text.startswith("score: people of the classes lie ")


def test_large_differences_that_people_can_have_are_not_named():
    """Three deviations apart, 6 to 30 people of each: surely not 6."""
    found = [
        audit_values.implausible(*blurred(np.sqrt(3) / 3, n=n, seed=seed), ["noise", "score"])
        for n in (6, 11, 30) for seed in range(100)
    ]  # fmt: skip
    assert not any(found)


def test_every_two_of_three_classes_must_lie_apart():
    X, y, subject = blurred(0.02, n=12)
    third = np.isin(subject, [f"A{i}" for i in range(6)])
    y = np.where(third, "B", y)
    assert not audit_values.implausible(X, y, subject, ["noise", "score"])
    X[third, 1] += 1
    assert len(audit_values.implausible(X, y, subject, ["noise", "score"])) == 1
