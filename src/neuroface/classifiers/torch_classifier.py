"""Any network of ours as a scikit-learn classifier: the one place where networks are trained."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neuroface.classifiers import model_file
from neuroface.classifiers.inner_people import held_out_people
from neuroface.classifiers.inputs import SOLE, Augment, Inputs, Part
from neuroface.classifiers.objectives import OBJECTIVES
from neuroface.classifiers.training import OPTIMISERS, SCHEDULES, Training, Tunables
from neuroface.errors import ConfigError, DataError, NeurofaceError, did_you_mean
from neuroface.types import Parts

EPOCH_SELECTIONS = ("inner_people", "last")
PRECISIONS = ("fp32", "bf16")


class TorchClassifier(ClassifierMixin, BaseEstimator):
    """Trains a network on X of any view, and keeps the epoch that did best on people it did not learn from.

    network: f(shape, n_outputs) -> nn.Module with its tunables bound, `shape` that of one sample, or a mapping of them
    for `Parts`; its forward(x, seen) takes float32 x (B, *shape) and seen, (B, T) bool for series and None for others.
    max_epochs: at most. batch_size: rows per step; an epoch is divided evenly, so the last batch is no smaller rest.
    learning_rate, optimiser (adamw, adam, sgd), schedule (constant, cosine, warm_cosine, exponential), weight_decay.
    clip_norm: largest norm of the gradient, None for any. label_smoothing: share of the target given to all classes.
    mixup: alpha of Beta(alpha, alpha), 0 for none. loss: cross_entropy.
    patience: epochs without a better loss on people held out, before training stops. inner_share: share of each class's
    people to hold out. epoch_selection: "inner_people", or "last" to hold out nobody and take the last epoch.
    augment: done to pictures, f(pixels, generator); see `inputs.Inputs`. precision: fp32 or bf16 (autocast). compile:
    by torch.compile. device: auto (a GPU where there is one, in turns over the processes), cpu, cuda, cuda:1.

    Fitted: classes_, network_, inputs_, history_ (one dict per epoch), n_epochs_ (of the network kept), and, where
    people were held out, held_out_ (their positions in X, their probabilities).
    """

    costly = True  # a permutation null that trains it anew for each permutation is not for everyday

    def __init__(
        self,
        network: Callable[..., torch.nn.Module],
        *,
        max_epochs: int = 100,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        optimiser: str = "adamw",
        schedule: str = "constant",
        weight_decay: float = 1e-2,
        clip_norm: float | None = 1.0,
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
        loss: str = "cross_entropy",
        patience: int = 20,
        inner_share: float = 0.2,
        epoch_selection: str = "inner_people",
        augment: Augment | None = None,
        precision: str = "fp32",
        compile: bool = False,
        device: str = "auto",
        random_state: int | None = 0,
    ) -> None:
        self.network = network
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimiser = optimiser
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.label_smoothing = label_smoothing
        self.mixup = mixup
        self.loss = loss
        self.patience = patience
        self.inner_share = inner_share
        self.epoch_selection = epoch_selection
        self.augment = augment
        self.precision = precision
        self.compile = compile
        self.device = device
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags

    def fit(
        self,
        X: np.ndarray | Parts,
        y: np.ndarray,
        groups: np.ndarray | None = None,
        sample_weight: np.ndarray | None = None,
        checkpoint: Path | None = None,
    ) -> TorchClassifier:
        """X: (n, ...) in a view, or `Parts`. y: (n,) classes. groups: (n,) person of each row; None, every row is one.

        sample_weight: (n,) weights in the loss, None for equal ones. checkpoint: a file to keep the state of training
        in while it lasts; where there is one, training goes on from it, to the same result.
        Errors: ConfigError for a wrong parameter; DataError for X of no view; RunFailedError when the loss is no
        number; RunMismatchError for a checkpoint of another training.
        """
        from sklearn.utils import check_random_state

        self._check()
        X, y = self._valid(X, y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        held = self._held_out(codes, np.arange(len(codes)) if groups is None else np.asarray(groups), seed)
        weights = np.ones(len(codes)) if sample_weight is None else _valid_weights(sample_weight, X)
        device = device_of(self.device)
        with reproducible(seed, device), memory_told(self.batch_size):
            self.inputs_ = Inputs.fitted(X[np.flatnonzero(~held)], self.augment)
            network = self.network(self.inputs_.shape, OBJECTIVES[self.loss].outputs(len(self.classes_))).to(device)
            training = Training(
                network=network,
                inputs=self.inputs_,
                objective=OBJECTIVES[self.loss],
                tunables=Tunables(**{one.name: getattr(self, one.name) for one in fields(Tunables)}),
                rows=self.inputs_.rows(X, device),
                targets=torch.eye(len(self.classes_), device=device)[torch.from_numpy(codes).to(device)],
                weights=torch.as_tensor(weights, dtype=torch.float32, device=device),
                learn=np.flatnonzero(~held),
                held=np.flatnonzero(held),
                device=device,
                generator=torch.Generator().manual_seed(seed),
            )
            identity = {**self._settings(), "seed": seed, "rows": len(codes), "people": int(held.sum())}
            training.run(_file(checkpoint), identity)
            self._keep(training)
        return self

    def predict_proba(self, X: np.ndarray | Parts) -> np.ndarray:
        """(n, n_classes) in the order of classes_; rows add up to 1."""
        check_is_fitted(self)
        X = self._valid(X)
        device = next(self.network_.parameters()).device
        with memory_told(self.batch_size):
            outputs = self._runner(device).outputs(self.inputs_.rows(X, device), np.arange(len(X)))
        return self._probabilities(outputs)

    def predict(self, X: np.ndarray | Parts) -> np.ndarray:
        """(n,) the most probable class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
