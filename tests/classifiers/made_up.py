"""Series whose classes are plain to see, and a network small enough for tests."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import nn

from neuroface.classifiers.lstm import LSTM
from neuroface.classifiers.mlp import MLP
from neuroface.classifiers.torch_classifier import TorchClassifier

TINY = functools.partial(LSTM, hidden=4)


def series(people: int = 8, repetitions: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (n, 10, 2) of lengths 4 to 10, y and groups: class "b" lies two standard deviations above "a"."""
    rng = np.random.default_rng(seed)
    groups = np.repeat([f"p{i:02d}" for i in range(people)], repetitions)
    y = np.repeat(np.array(["a", "b"])[np.arange(people) % 2], repetitions)
    X = rng.normal(size=(len(y), 10, 2)).astype(np.float32) + 2 * (y == "b")[:, None, None]
    X[np.arange(10) >= rng.integers(4, 11, len(y))[:, None]] = np.nan
    return X, y, groups


def classifier(**keys) -> TorchClassifier:
    """A tiny LSTM on the CPU, a few epochs."""
    defaults = {"max_epochs": 5, "batch_size": 8, "learning_rate": 1e-2, "device": "cpu"}
    return TorchClassifier(keys.pop("network", TINY), **{**defaults, **keys})


def table_classifier(**keys) -> TorchClassifier:
    return classifier(network=functools.partial(MLP, hidden=(8,)), **keys)


class Normalised(nn.Module):
    """Batch normalisation on a table, which a batch of one row cannot have."""

    def __init__(self, shape, n_classes):
        super().__init__()
        self.layers = nn.Sequential(nn.BatchNorm1d(shape[0]), nn.Linear(shape[0], n_classes))

    def forward(self, x, seen=None):
        return self.layers(x)


class Exploding(nn.Module):
    """Outputs that are no number from the third training step on."""

    def __init__(self, shape, n_classes):
        super().__init__()
        self.head, self.steps = nn.Linear(shape[-1], n_classes), 0

    def forward(self, x, seen=None):
        self.steps += self.training
        return self.head(x) * (torch.nan if self.steps > 2 else 1)
