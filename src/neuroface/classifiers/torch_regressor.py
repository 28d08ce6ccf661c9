"""Any network of ours as a scikit-learn regressor: one number of each row, trained by the one training loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from neuroface.classifiers import model_file
from neuroface.classifiers.devices import device_of, memory_told, reproducible
from neuroface.classifiers.inner_people import held_out_people
from neuroface.classifiers.inputs import Inputs
from neuroface.classifiers.objectives import SQUARED
from neuroface.classifiers.settings import valid_weights
from neuroface.classifiers.torch_classifier import LEARNT
from neuroface.classifiers.training import OPTIMISERS, SCHEDULES, Training, Tunables, outputs_of, runner
from neuroface.errors import ConfigError, did_you_mean
from neuroface.types import Parts


class TorchRegressor(RegressorMixin, BaseEstimator):
    """Trains a network on X of any view towards a number, and keeps the epoch with the least squared error on people
    it did not learn from.

    network, max_epochs, batch_size, learning_rate, optimiser, schedule, weight_decay, clip_norm, patience, inner_share,
    device: as TorchClassifier's. Numbers are standardised by those learnt from. Errors: ConfigError for an optimiser or
    schedule that is none.

    Fitted: network_, inputs_, centre_ and scale_ (of the numbers), history_, n_epochs_.
    """

    costly = True

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
        patience: int = 20,
        inner_share: float = 0.2,
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
        self.patience = patience
        self.inner_share = inner_share
        self.device = device
        self.random_state = random_state

    def check(self) -> None:
        """ConfigError for an optimiser or a schedule that is none."""
        for key, known in (("optimiser", OPTIMISERS), ("schedule", SCHEDULES)):
            if getattr(self, key) not in known:
                value = getattr(self, key)
                raise ConfigError(f"classifier.{key} is {value!r}.{did_you_mean(value, known)}")

    def fit(
        self,
        X: np.ndarray | Parts,
        y: np.ndarray,
        groups: np.ndarray | None = None,
        sample_weight: np.ndarray | None = None,
    ) -> TorchRegressor:
        """X: (n, ...) in a view, or `Parts`. y: (n,) numbers. groups: (n,) person of each row; None: each its own."""
        from sklearn.utils import check_random_state

        self.check()
        device, y = device_of(self.device), np.asarray(y, dtype=float)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        weights = np.ones(len(y)) if sample_weight is None else valid_weights(sample_weight, X)
        people = np.arange(len(y)) if groups is None else np.asarray(groups)
        held = held_out_people(np.zeros(len(y), dtype=int), people, share=self.inner_share, seed=seed)
        learn = np.flatnonzero(~held)
        self.centre_ = float(np.average(y[learn], weights=weights[learn]))
        self.scale_ = float(y[learn].std()) or 1.0
        with reproducible(seed, device), memory_told(self.batch_size):
            self.inputs_ = Inputs.fitted(X[learn], None)
            self.network_ = self.network(self.inputs_.shape, 1).to(device)
            targets = ((y - self.centre_) / self.scale_)[:, None]
            training = Training(
                network=self.network_,
                inputs=self.inputs_,
                objective=SQUARED,
                tunables=self._tunables(),
                rows=self.inputs_.rows(X, device),
                targets=torch.as_tensor(targets, dtype=torch.float32, device=device),
                weights=torch.as_tensor(weights, dtype=torch.float32, device=device),
                learn=learn,
                held=np.flatnonzero(held),
                device=device,
                generator=torch.Generator().manual_seed(seed),
                n_classes=1,
            )
            training.run(None, {})
        self.network_, self.history_ = training.network.eval(), training.history
        self.n_epochs_ = training.best_epoch or len(training.history)
        return self

    def predict(self, X: np.ndarray | Parts) -> np.ndarray:
        """(n,) numbers."""
        check_is_fitted(self)
        device = next(self.network_.parameters()).device
        with memory_told(self.batch_size):
            rows, at = self.inputs_.rows(X, device), np.arange(len(X))
            outputs = outputs_of(runner(self.network_, "fp32"), self.network_, self.inputs_, rows, at, self.batch_size)
        return outputs[:, 0].double().cpu().numpy() * self.scale_ + self.centre_

    def saved(self) -> tuple[str, bytes]:
        """("safetensors", bytes): the tensors, and in the metadata what to build; see TorchClassifier.saved."""
        check_is_fitted(self)
        tensors = {f"network.{name}": value for name, value in self.network_.state_dict().items()}
        parts = {name: {"kind": part.kind, "shape": list(part.shape)} for name, part in self.inputs_.parts.items()}
        for name, part in self.inputs_.parts.items():
            tensors |= {f"inputs.{name}.{key}": model_file.array(getattr(part, key)) for key in LEARNT}
        settings = {k: model_file.described(v) for k, v in self.get_params(deep=False).items() if k != "device"}
        number = {"centre": self.centre_, "scale": self.scale_}
        return "safetensors", model_file.to_bytes({"settings": settings, "number": number, "parts": parts}, tensors)

    def _tunables(self) -> Tunables:
        own: tuple[str, ...] = ("max_epochs", "batch_size", "learning_rate", "optimiser", "schedule")
        own += ("weight_decay", "clip_norm", "patience")
        fixed: dict[str, Any] = {
            "label_smoothing": 0.0,
            "mixup": 0.0,
            "precision": "fp32",
            "compile": False,
            "sampling": "shuffled",
            "save_every": None,
        }
        return Tunables(**{k: getattr(self, k) for k in own}, **fixed)
