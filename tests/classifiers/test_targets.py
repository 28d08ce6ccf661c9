from __future__ import annotations

import numpy as np
import pytest

from neuroface.classifiers.targets import class_factors, with_sides, with_test
from neuroface.errors import ConfigError, DataError, LeakageError
from neuroface.types import Parts

Y = np.array(["a", "a", "a", "b"])
CLASSES = np.array(["a", "b"])


def test_balanced_classes_weigh_the_same_whatever_they_weighed_before():
    weights = np.array([1.0, 1.0, 2.0, 1.0])
    found = weights * class_factors("balanced", Y, CLASSES, weights)
    assert found[:3].sum() == pytest.approx(found[3:].sum())
    assert found.sum() == pytest.approx(weights.sum())
    assert class_factors("balanced", Y, CLASSES, found) == pytest.approx(1)


def test_a_mapping_scales_the_classes_it_names():
    found = class_factors({"b": 3}, Y, CLASSES, np.ones(4))
    assert found == pytest.approx(np.array([1, 1, 1, 3]) * 4 / 6)


def test_a_class_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"^classifier.class_weight names c\. Choose from a, b\.$"):
        class_factors({"c": 2.0}, Y, CLASSES, np.ones(4))


def test_an_unknown_side_is_no_target():
    found = with_sides(np.eye(4), np.array(["left", "", "right", "unknown"]))
    assert found[:, 4:].tolist() == [[1, 0], [0, 0], [0, 1], [0, 0]]


def test_one_side_alone_cannot_be_learnt():
    with pytest.raises(DataError, match="do not have both sides known"):
        with_sides(np.eye(2), np.array(["left", ""]))


def test_test_rows_come_after_those_to_learn_from():
    X = Parts({"one": np.zeros((2, 3)), "two": np.zeros((2, 4, 4, 3))})
    other = Parts({"one": np.ones((1, 3)), "two": np.ones((1, 4, 4, 3))})
    joined, targets, weights, held = with_test(X, np.eye(2), np.ones(2), CLASSES, other, np.array(["b"]))
    assert joined.arrays["two"].shape == (3, 4, 4, 3)
    assert joined.arrays["one"][2].tolist() == [1, 1, 1]
    assert targets[2].tolist() == [0, 1]
    assert (weights.tolist(), held.tolist()) == ([1, 1, 1], [False, False, True])


def test_no_test_rows_no_choice_on_them():
    with pytest.raises(LeakageError, match=r"Accept that leak with protocol\.leak=accepted, or set"):
        with_test(np.zeros((2, 3)), np.eye(2), np.ones(2), CLASSES, None, None)
