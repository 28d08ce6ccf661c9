from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroface.classifiers.parts import MISSING, of_parts, skill_weights


def outputs_of(p, weight):
    """(B, R, K + 1) whose softmax is p (B, R, K)."""
    return torch.from_numpy(np.concatenate([np.log(p), np.asarray(weight, dtype=float)[..., None]], axis=-1))


P = np.array([[[0.7, 0.2, 0.1], [0.2, 0.6, 0.2]], [[0.1, 0.1, 0.8], [0.5, 0.25, 0.25]]])  # 2 rows, 2 parts, 3 classes


def test_the_probabilities_are_the_mean_of_the_parts():
    p = of_parts().probabilities(outputs_of(P, np.zeros((2, 2)))).numpy()
    assert p == pytest.approx(P.mean(axis=1))


def test_a_part_that_is_missing_is_left_out_of_mean_and_loss():
    outputs = outputs_of(P, [[0, MISSING], [0, 0]])
    p, each = of_parts().probabilities(outputs).numpy(), of_parts().each(outputs).numpy()
    assert p == pytest.approx(np.stack([P[0, 0], P[1].mean(axis=0)]))
    assert np.isnan(each[0, 1]).all()
    assert each[1] == pytest.approx(P[1])
    targets = torch.tensor([[1.0, 0, 0], [0, 0, 1.0]], dtype=torch.float64)
    losses = of_parts().losses(outputs, targets).numpy()
    assert losses == pytest.approx([-np.log(0.7), -(np.log(0.8) + np.log(0.25)) / 2])


def test_weights_weigh_and_a_row_without_parts_knows_nothing():
    p = of_parts().probabilities(outputs_of(P, np.log([[0.75, 0.25], [0.75, 0.25]]))).numpy()
    assert p == pytest.approx(0.75 * P[:, 0] + 0.25 * P[:, 1])
    nothing = torch.cat([torch.zeros(1, 2, 3), torch.full((1, 2, 1), MISSING)], dim=2)
    assert of_parts().probabilities(nothing).numpy() == pytest.approx(1 / 3)
    assert float(of_parts().losses(nothing, torch.tensor([[1.0, 0, 0]]))) == 0


def test_skill_goes_to_the_part_that_knows_and_little_of_it_to_one_of_few_people():
    rng = np.random.default_rng(0)
    knows, guesses = rng.uniform(0.7, 0.95, 60), rng.uniform(0.05, 0.95, 60)
    of_truth = np.stack([knows, guesses, guesses[::-1]], axis=1)
    many = skill_weights(of_truth, np.ones(60))
    assert many.sum() == pytest.approx(1)
    assert many[0] > 0.85
    few = skill_weights(of_truth[:2], np.ones(2))
    assert 1 / 3 < few[0] < many[0]
    assert skill_weights(of_truth, np.full(60, 1e-9)) == pytest.approx(1 / 3, abs=1e-3)


def test_skill_is_the_best_there_is_on_a_grid():
    """Two parts, one missing in half of the rows: no other pair of weights has a lower loss with the prior."""
    rng = np.random.default_rng(1)
    of_truth = rng.uniform(0.1, 0.9, (30, 2))
    of_truth[::2, 1] = np.nan
    w = skill_weights(of_truth, np.ones(30))

    def loss(w):
        average = np.where(np.isnan(of_truth[:, 1]), of_truth[:, 0], of_truth @ w)
        return -np.log(average).sum() - np.log(w).mean()

    grid = [loss(np.array([a, 1 - a])) for a in np.linspace(0.001, 0.999, 999)]
    assert loss(w) <= min(grid) + 1e-6
