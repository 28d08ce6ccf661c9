from __future__ import annotations

import numpy as np
import pytest
import torch
from made_up import Exploding, Normalised, classifier, series

from neuroface.classifiers.training import SCHEDULES, Training
from neuroface.errors import RunFailedError

X, Y, GROUPS = series()


def sizes(n: int, batch_size: int) -> list[int]:
    """Batches of an epoch over n rows."""
    some = Training.__new__(Training)
    some.learn, some.generator = np.arange(n) + 100, torch.Generator().manual_seed(0)
    some.tunables = type("Tunables", (), {"batch_size": batch_size, "sampling": "shuffled"})
    batches = some._batches()
    assert sorted(torch.cat(batches).tolist()) == list(range(100, 100 + n))
    return [len(batch) for batch in batches]


@pytest.mark.parametrize(
    ("n", "batch_size", "expected"),
    [
        (32, 32, [32]),
        (33, 32, [17, 16]),
        (100, 32, [25] * 4),
        (3, 2, [3]),
        (5, 2, [3, 2]),
        (1, 8, [1]),
        (3, 1, [1] * 3),
    ],
)
def test_an_epoch_is_divided_evenly_and_nobody_is_left_over(n, batch_size, expected):
    assert sizes(n, batch_size) == expected


def test_batch_normalisation_never_meets_a_single_row():
    rows = np.random.default_rng(0).normal(size=(9, 2))
    model = classifier(network=Normalised, batch_size=2, epoch_selection="last").fit(rows, np.arange(9) % 2)
    assert np.isfinite(model.predict_proba(rows[:1])).all()


def test_a_loss_that_is_no_number_names_the_epoch():
    rows = np.random.default_rng(0).normal(size=(8, 2))
    model = classifier(network=Exploding, batch_size=4, epoch_selection="last")
    with pytest.raises(RunFailedError) as told:
        model.fit(rows, np.arange(8) % 2)
    assert str(told.value) == (
        "The loss of epoch 2 is not a number. Lower classifier.learning_rate (0.01), or set classifier.clip_norm or "
        "classifier.precision=fp32."
    )


def test_schedules_begin_and_end_where_they_should():
    assert [SCHEDULES["constant"](e, 10) for e in (0, 9)] == [1, 1]
    assert [SCHEDULES["cosine"](e, 10) for e in (0, 5, 10)] == pytest.approx([1, 0.5, 0])
    assert SCHEDULES["warm_cosine"](0, 100) == pytest.approx(0.1)
    assert SCHEDULES["exponential"](2, 10) == pytest.approx(0.81)
    model = classifier(schedule="cosine", max_epochs=2, epoch_selection="last").fit(X, Y)
    assert [told["learning_rate"] for told in model.history_] == pytest.approx([0.01, 0.005])


def test_label_smoothing_keeps_a_share_for_other_classes():
    """However long it learns, the loss stays above the entropy of targets .9 and .1."""
    model = classifier(label_smoothing=0.2, max_epochs=60, epoch_selection="last").fit(X, Y)
    entropy = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    assert entropy <= model.history_[-1]["loss"] < entropy + 0.1
