"""Any network of ours as a scikit-learn classifier: the one place where networks are trained."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neuroface.classifiers import local_weights, model_file, transfer
from neuroface.classifiers.devices import chance, device_of, memory_told, reproducible
from neuroface.classifiers.folds_together import check_network, check_settings, run_together
from neuroface.classifiers.inner_people import held_out_people
from neuroface.classifiers.inputs import Augment, Inputs, Rows
from neuroface.classifiers.objectives import OBJECTIVES, Objective, with_side
from neuroface.classifiers.settings import check_settings_of, valid_weights, valid_y
from neuroface.classifiers.targets import class_factors, one_hot, with_noise, with_sides, with_test
from neuroface.classifiers.training import Training, Tunables, outputs_of, runner
from neuroface.errors import RunFailedError
from neuroface.types import Parts

LEARNT = ("fill", "centre", "scale")  # of each part of the inputs


class TorchClassifier(ClassifierMixin, BaseEstimator):
    """Trains a network on X of any view, and keeps the epoch that did best on people it did not learn from.

    network: f(shape, n_outputs) -> nn.Module with its tunables bound, `shape` that of one sample, or a mapping of them
    for `Parts`; its forward(x, seen) takes float32 x (B, *shape) and seen, (B, T) bool for series and None for others.
    max_epochs: at most. batch_size: rows per step; an epoch is divided evenly, so the last batch is no smaller rest.
    learning_rate, weight_decay. optimiser: adamw, adam, sgd (Nesterov's), momentum (without his step). schedule:
    constant, cosine, warm_cosine, exponential, warm_exponential.
    clip_norm: largest norm of the gradient, None for any. label_smoothing: share of the target given to all classes.
    mixup: alpha of Beta(alpha, alpha), 0 for none. loss: cross_entropy, or ordinal for classes whose names sort in
    their order, or f() -> Objective. class_weight: see `targets.class_factors`. sampling: "shuffled" sees each row once
    in an epoch and weighs its loss; "weighted" draws rows by their weights. side_weight: above 0 one more output learns
    the affected side, its loss counting so much.
    label_noise: share of the rows learnt from that are given another class, each other one as likely.
    patience: epochs without a better loss on people held out, before training stops. inner_share: share of each class's
    people to hold out. epoch_selection: "inner_people"; "inner_rows" for rows of whomever, a poor guide since the
    network knows their faces; "last" to hold out nobody and take the last epoch; "test_best" to take the epoch that is
    best on the very rows that will be judged, a leak that some published results rest on.
    start_from: a model file of a fitted network to begin with, see `transfer`. save_every: epochs between two copies of
    the network kept beside the model; None keeps none.
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
        loss: str | Callable[[], Objective] = "cross_entropy",
        class_weight: str | Mapping[str, float] | None = None,
        sampling: str = "shuffled",
        side_weight: float = 0.0,
        label_noise: float = 0.0,
        patience: int = 20,
        inner_share: float = 0.2,
        epoch_selection: str = "inner_people",
        start_from: str | Path | None = None,
        save_every: int | None = None,
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
        self.class_weight = class_weight
        self.sampling = sampling
        self.side_weight = side_weight
        self.label_noise = label_noise
        self.patience = patience
        self.inner_share = inner_share
        self.epoch_selection = epoch_selection
        self.start_from = start_from
        self.save_every = save_every
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
        *,
        side: np.ndarray | None = None,
        X_test: np.ndarray | Parts | None = None,
        y_test: np.ndarray | None = None,
        snapshots: Path | None = None,
    ) -> TorchClassifier:
        """X: (n, ...) in a view, or `Parts`. y: (n,) classes. groups: (n,) person of each row; None, every row is one.

        sample_weight: (n,) weights in the loss, None for equal ones. checkpoint: a file to keep the state of training
        in while it lasts; where there is one, training goes on from it, to the same result. side: (n,) affected side,
        "left", "right", anything else is unknown. X_test, y_test: rows to judge, for epoch_selection="test_best" only.
        snapshots: what the files of `save_every` begin with.
        Errors: ConfigError for a wrong parameter; DataError for X of no view; LeakageError for "test_best" without test
        rows; RunFailedError when the loss is no number; RunMismatchError for a checkpoint of another training.
        """
        self.check()
        seed, device = self._seed(), device_of(self.device)
        with reproducible(seed, device), memory_told(self.batch_size):
            training = self._training(X, y, groups, sample_weight, side, X_test, y_test, seed=seed, device=device)
            if snapshots is not None:
                training.snapshot = lambda epoch: self._snapshot(snapshots, epoch)
            identity = {**self._settings(), "seed": seed, "rows": len(training.weights), "people": len(training.held)}
            training.run(_file(checkpoint), identity)
            self._keep(training)
        return self

    def fit_folds(
        self,
        X: np.ndarray,
        y: np.ndarray,
        groups: np.ndarray,
        weights: Sequence[np.ndarray],
        folds: Sequence[np.ndarray],
        seeds: Sequence[int],
    ) -> list[TorchClassifier | RunFailedError]:
        """What `fit` of each fold's rows gives, to numerical tolerance, from one training of them all.

        X, y, groups: (n, ...) all rows. folds: positions of each fold's training rows. weights: theirs. seeds: the
        random_state of each. Keeps no checkpoint. The failure of a fold stands in its place.
        Errors: ConfigError for what only one-by-one training serves; those of `fit`.
        """
        from sklearn.base import clone

        self.check()
        check_settings(self)
        device = device_of(self.device)
        models = [clone(self).set_params(random_state=seed) for seed in seeds]
        trainings, chances = [], []
        with memory_told(self.batch_size):
            for model, rows, weight in zip(models, folds, weights, strict=True):
                seed = model._seed()
                with reproducible(seed, device):
                    trainings.append(model._training(X[rows], y[rows], groups[rows], weight, seed=seed, device=device))
                    check_network(model.network_)
                    chances.append(chance(device))
            with reproducible(0, device):
                failures = run_together(trainings, chances)
                for position, model in enumerate(models):
                    if position not in failures:
                        model._keep(trainings[position])
        return [failures.get(position, model) for position, model in enumerate(models)]

    def _seed(self) -> int:
        from sklearn.utils import check_random_state

        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _training(
        self,
        X: np.ndarray | Parts,
        y: np.ndarray,
        groups: np.ndarray | None,
        sample_weight: np.ndarray | None,
        side: np.ndarray | None = None,
        X_test: np.ndarray | Parts | None = None,
        y_test: np.ndarray | None = None,
        *,
        seed: int,
        device: torch.device,
    ) -> Training:
        """The training of these rows before its first epoch; what `fit` takes, valid and on the device."""
        X = self._valid(X, reset=True)
        labels = valid_y(y, X)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self.people_ = [] if groups is None else sorted({*map(str, groups), *self.fitted_on})
        weights = np.ones(len(codes)) if sample_weight is None else valid_weights(sample_weight, X)
        weights = weights * class_factors(self.class_weight, labels, self.classes_, weights)
        targets = one_hot(codes, len(self.classes_))
        targets = with_sides(targets, side) if self.side_weight > 0 else targets
        if self.epoch_selection == "test_best":
            X, targets, weights, held = with_test(X, targets, weights, self.classes_, X_test, y_test)
        else:
            people = np.arange(len(codes)) if groups is None else np.asarray(groups)
            held = self._held_out(codes, people, seed)
            self._n_held_people = len(set(people[held].tolist()))
        if self.label_noise:
            targets = with_noise(targets, np.flatnonzero(~held), len(self.classes_), share=self.label_noise, seed=seed)
        self.inputs_ = Inputs.fitted(X[np.flatnonzero(~held)] if held.any() else X, self.augment)
        network = self._started(self.network(self.inputs_.shape, self.objective.outputs(len(self.classes_))))
        self.network_ = network.to(device)
        return Training(
            network=self.network_,
            inputs=self.inputs_,
            objective=self.objective,
            tunables=Tunables(**{one.name: getattr(self, one.name) for one in fields(Tunables)}),
            rows=self.inputs_.rows(X, device),
            targets=torch.as_tensor(targets, dtype=torch.float32, device=device),
            weights=torch.as_tensor(weights, dtype=torch.float32, device=device),
            learn=np.flatnonzero(~held),
            held=np.flatnonzero(held),
            device=device,
            generator=torch.Generator().manual_seed(seed),
            n_classes=len(self.classes_),
            by_accuracy=self.epoch_selection == "test_best",
        )

    def predict_proba(self, X: np.ndarray | Parts) -> np.ndarray:
        """(n, n_classes) in the order of classes_; rows add up to 1."""
        check_is_fitted(self)
        X = self._valid(X, reset=False)
        device = next(self.network_.parameters()).device
        with memory_told(self.batch_size):
            return self._probabilities(self.inputs_.rows(X, device), np.arange(len(X)))

    def predict(self, X: np.ndarray | Parts) -> np.ndarray:
        """(n,) the most probable class."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_side(self, X: np.ndarray | Parts) -> np.ndarray:
        """(n,) probability that the left side is the affected one; of a classifier with side_weight above 0."""
        return 1 / (1 + np.exp(-self.predict_outputs(X)[:, -1]))

    def predict_outputs(self, X: np.ndarray | Parts) -> np.ndarray:
        """(n, .) float64, what the network gives: for a self-cure network, the last column is the attention."""
        check_is_fitted(self)
        X = self._valid(X, reset=False)
        with memory_told(self.batch_size):
            rows = self.inputs_.rows(X, next(self.network_.parameters()).device)
            return self._outputs(rows, np.arange(len(X))).double().cpu().numpy()

    def parts_of(self, X: Any) -> tuple[str, ...]:
        """Names of the parts of X that `predict_parts` tells of; none of a network that decides on all at once."""
        return tuple(sorted(X.arrays)) if self.objective.each is not None and isinstance(X, Parts) else ()

    def predict_parts(self, X: Parts) -> dict[str, np.ndarray]:
        """Part -> (n, n_classes) probabilities by that part alone, NaN in rows where it is missing."""
        assert self.objective.each is not None
        each = self.objective.each(torch.from_numpy(self.predict_outputs(X))).numpy()
        return dict(zip(self.parts_of(X), np.moveaxis(each, 1, 0), strict=True))

    @property
    def fitted_on(self) -> frozenset[str]:
        """People that the weights to start from were fitted on: nobody of them may be judged."""
        before = frozenset() if self.start_from is None else transfer.people_of(self.start_from)
        return before if self.weights is None else before | local_weights.people_of(self.weights)

    @property
    def weights(self) -> str | Path | None:
        """The file of weights that its network is built with, if any."""
        return getattr(self.network, "keywords", {}).get("weights")

    def saved(self) -> tuple[str, bytes]:
        """("safetensors", the bytes of a file that `load` reads): tensors, and in the metadata what to build."""
        check_is_fitted(self)
        tensors = {f"network.{name}": value for name, value in self.network_.state_dict().items()}
        parts = {}
        for name, part in self.inputs_.parts.items():
            parts[name] = {"kind": part.kind, "shape": list(part.shape)}
            tensors |= {f"inputs.{name}.{key}": model_file.array(getattr(part, key)) for key in LEARNT}
        config = {
            "settings": self._settings(),
            "classes": self.classes_.tolist(),
            "parts": parts,
            "people": self.people_,
        }
        return "safetensors", model_file.to_bytes(config, tensors)

    def check(self) -> None:
        """ConfigError naming every parameter that cannot be, here: before anything is fitted."""
        check_settings_of(self)

    @property
    def objective(self) -> Objective:
        """What its outputs are trained for."""
        objective = OBJECTIVES[self.loss] if isinstance(self.loss, str) else self.loss()
        return with_side(objective, self.side_weight) if self.side_weight > 0 else objective

    def _started(self, network: torch.nn.Module) -> torch.nn.Module:
        """The network, with the weights of `start_from` where that is set; what was not taken over is warned of."""
        if self.start_from is not None:
            skipped = transfer.start_from(network, self.start_from)
            if skipped:
                warnings.warn(f"Not taken over from {self.start_from}: {'; '.join(skipped)}.", stacklevel=4)
        return network

    def _snapshot(self, beginning: Path, epoch: int) -> None:
        """The network as it is now, in a model file of its own."""
        ending, content = self.saved()
        beginning.parent.mkdir(parents=True, exist_ok=True)
        file = beginning.with_name(f"{beginning.name}.epoch-{epoch:04d}.{ending}")
        draft = file.with_name(f".{file.name}.tmp")
        draft.write_bytes(content)
        draft.replace(file)

    def _valid(self, X: Any, *, reset: bool) -> np.ndarray | Parts:
        """X as an array or Parts. A table passes scikit-learn's own validation; reset: learn its width and names."""
        from sklearn.utils.validation import validate_data

        if isinstance(X, Parts) or (isinstance(X, np.ndarray) and X.ndim > 2):
            return X
        return validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=reset)

    def _held_out(self, codes: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
        """(n,) bool: rows of people to choose the epoch by."""
        if self.epoch_selection == "last":
            return np.zeros(len(codes), dtype=bool)
        if self.epoch_selection == "inner_rows":
            groups = np.arange(len(codes))
        held = held_out_people(codes, groups, share=self.inner_share, seed=seed)
        if not held.any():
            warnings.warn(
                "Too few people to hold any out in training: the last epoch is taken. Say so with "
                "classifier.epoch_selection=last, and choose classifier.max_epochs.",
                stacklevel=4,
            )
        return held

    def _keep(self, training: Training) -> None:
        """The attributes of a fitted classifier."""
        self.network_ = training.network.eval()
        self.history_ = training.history
        self.n_epochs_ = training.best_epoch or len(training.history)
        if len(training.held) and not training.by_accuracy:
            if (settle := getattr(self.network_, "settle", None)) is not None:
                held, outputs = training.held, self._outputs(training.rows, training.held)
                settle(outputs, training.targets[held], training.weights[held], self._n_held_people)
            self.held_out_ = (training.held, self._probabilities(training.rows, training.held))

    def _probabilities(self, rows: Rows, positions: np.ndarray) -> np.ndarray:
        return self.objective.probabilities(self._outputs(rows, positions)).cpu().numpy()

    def _outputs(self, rows: Rows, positions: np.ndarray) -> torch.Tensor:
        forward = runner(self.network_, self.precision)
        return outputs_of(forward, self.network_, self.inputs_, rows, positions, self.batch_size)

    def _settings(self) -> dict[str, Any]:
        """The parameters as plain values, but for where it runs."""
        return {
            key: model_file.described(value) for key, value in self.get_params(deep=False).items() if key != "device"
        }


def _file(checkpoint: Path | None) -> Path | None:
    return None if checkpoint is None else checkpoint.with_name(f"{checkpoint.name}.pt")
