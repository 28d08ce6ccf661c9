from __future__ import annotations

import numpy as np
import pytest

from neuroface.evaluate.weights import sample_weights, weights_of_codes

SUBJECT = np.array(["h1", "h1", "h1", "h2", "a1", "a1"])
Y = np.array(["HC", "HC", "HC", "HC", "ALS", "ALS"])


def total(of, weights):
    return {name: pytest.approx(weights[of == name].sum()) for name in dict.fromkeys(of.tolist())}


def test_each_subject_weighs_the_same_without_balance():
    weights = sample_weights(Y, SUBJECT, balance=False)
    assert total(SUBJECT, weights) == {"h1": 2, "h2": 2, "a1": 2}
    assert weights.mean() == pytest.approx(1)


def test_classes_weigh_the_same_and_people_within_them():
    weights = sample_weights(Y, SUBJECT)
    assert total(Y, weights) == {"HC": 3, "ALS": 3}
    assert total(SUBJECT, weights) == {"h1": 1.5, "h2": 1.5, "a1": 3}


def test_classes_within_people_share_the_person():
    subject, y = np.array(["p", "p", "p", "q", "q"]), np.array(["a", "a", "b", "a", "b"])
    weights = sample_weights(y, subject)
    assert total(subject, weights) == {"p": 2.5, "q": 2.5}
    assert total(y, weights) == {"a": 2.5, "b": 2.5}


@pytest.mark.parametrize("balance", [True, False])
def test_a_row_that_stands_for_several_gets_their_weight_to_the_bit(balance):
    person, code = np.array([0, 0, 0, 1, 2, 2, 3]), np.array([1, 1, 1, 0, 0, 0, 1])
    each = weights_of_codes(code, person, balance=balance)
    first, times = np.array([0, 3, 4, 6]), np.array([3, 1, 2, 1])
    assert np.array_equal(weights_of_codes(code[first], person[first], balance=balance, times=times), each[first])
