"""Any network of ours as a scikit-learn classifier: the one place where networks are trained."""

from __future__ import annotations

import multiprocessing
import warnings
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
from neuroface.classifiers.inputs import SOLE, Augment, Inputs, Part, Rows
from neuroface.classifiers.objectives import OBJECTIVES
from neuroface.classifiers.training import OPTIMISERS, SCHEDULES, Training, Tunables, outputs_of, runner
from neuroface.errors import ConfigError, DataError, NeurofaceError, did_you_mean
from neuroface.types import Parts

EPOCH_SELECTIONS = ("inner_people", "last")
PRECISIONS = ("fp32", "bf16")
LEARNT = ("fill", "centre", "scale")  # of each part of the inputs


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
        X = self._valid(X, reset=True)
        self.classes_, codes = np.unique(_valid_y(y, X), return_inverse=True)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        held = self._held_out(codes, np.arange(len(codes)) if groups is None else np.asarray(groups), seed)
        weights = np.ones(len(codes)) if sample_weight is None else _valid_weights(sample_weight, X)
        device = device_of(self.device)
        with reproducible(seed, device), memory_told(self.batch_size):
            self.inputs_ = Inputs.fitted(X[np.flatnonzero(~held)] if held.any() else X, self.augment)
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
        X = self._valid(X, reset=False)
        device = next(self.network_.parameters()).device
        with memory_told(self.batch_size):
            return self._probabilities(self.inputs_.rows(X, device), np.arange(len(X)))

    def predict(self, X: np.ndarray | Parts) -> np.ndarray:
        """(n,) the most probable class."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def saved(self) -> tuple[str, bytes]:
        """("safetensors", the bytes of a file that `load` reads): tensors, and in the metadata what to build."""
        check_is_fitted(self)
        tensors = {f"network.{name}": value for name, value in self.network_.state_dict().items()}
        parts = {}
        for name, part in self.inputs_.parts.items():
            parts[name] = {"kind": part.kind, "shape": list(part.shape)}
            tensors |= {f"inputs.{name}.{key}": model_file.array(getattr(part, key)) for key in LEARNT}
        config = {"settings": self._settings(), "classes": self.classes_.tolist(), "parts": parts}
        return "safetensors", model_file.to_bytes(config, tensors)

    def _check(self) -> None:
        """ConfigError naming every parameter that cannot be."""
        choices: dict[str, Collection[str]] = {
            "optimiser": OPTIMISERS,
            "schedule": SCHEDULES,
            "loss": OBJECTIVES,
            "epoch_selection": EPOCH_SELECTIONS,
            "precision": PRECISIONS,
        }
        wrong = [
            f"classifier.{key} is {getattr(self, key)!r}.{did_you_mean(getattr(self, key), known)}"
            for key, known in choices.items()
            if getattr(self, key) not in known
        ]
        at_least = {"max_epochs": 1, "batch_size": 1, "patience": 0, "mixup": 0, "weight_decay": 0}
        wrong += [
            f"classifier.{key} is {getattr(self, key)!r}; it must be {least} or more."
            for key, least in at_least.items()
            if not getattr(self, key) >= least
        ]
        shares = {"inner_share": (0, 1), "label_smoothing": (-1e-12, 1)}
        wrong += [
            f"classifier.{key} is {getattr(self, key)!r}; it must lie between 0 and 1."
            for key, (low, high) in shares.items()
            if not low < getattr(self, key) < high
        ]
        positive = {"learning_rate": self.learning_rate, "clip_norm": self.clip_norm}
        wrong += [
            f"classifier.{key} is {value!r}; it must be positive."
            for key, value in positive.items()
            if value is not None and not value > 0
        ]
        if wrong:
            raise ConfigError(" ".join(wrong))

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
        held = held_out_people(codes, groups, share=self.inner_share, seed=seed)
        if not held.any():
            warnings.warn(
                "Too few people to hold any out in training: the last epoch is taken. Say so with "
                "classifier.epoch_selection=last, and choose classifier.max_epochs.",
                stacklevel=3,
            )
        return held

    def _keep(self, training: Training) -> None:
        """The attributes of a fitted classifier."""
        self.network_ = training.network.eval()
        self.history_ = training.history
        self.n_epochs_ = training.best_epoch or len(training.history)
        if len(training.held):
            self.held_out_ = (training.held, self._probabilities(training.rows, training.held))

    def _probabilities(self, rows: Rows, positions: np.ndarray) -> np.ndarray:
        forward = runner(self.network_, self.precision)
        outputs = outputs_of(forward, self.network_, self.inputs_, rows, positions, self.batch_size)
        return OBJECTIVES[self.loss].probabilities(outputs).cpu().numpy()

    def _settings(self) -> dict[str, Any]:
        """The parameters as plain values, but for where it runs."""
        return {
            key: model_file.described(value) for key, value in self.get_params(deep=False).items() if key != "device"
        }


def load(path: Path | str, *, trusted: Collection[str] = (), device: str = "auto") -> TorchClassifier:
    """A fitted classifier from the file that `saved` made. Nothing in the file is executed.

    trusted: targets outside neuroface that the file may name; those of the run's own configuration, say.
    Errors: DataError for a file that is none or does not fit its network; ConfigError for a target not trusted.
    """
    config, tensors = model_file.from_file(path)
    model = TorchClassifier(**model_file.built(config["settings"], trusted), device=device)
    model.classes_ = np.array(config["classes"])
    parts = {}
    for name, part in config["parts"].items():
        learnt = {key: tensors[f"inputs.{name}.{key}"].numpy() for key in LEARNT}
        parts[name] = Part(part["kind"], tuple(part["shape"]), **learnt)
    model.inputs_ = Inputs(parts, model.augment)
    if SOLE in parts and parts[SOLE].kind == "table":
        model.n_features_in_ = parts[SOLE].shape[0]
    network = model.network(model.inputs_.shape, OBJECTIVES[model.loss].outputs(len(model.classes_)))
    try:
        network.load_state_dict(model_file.under("network.", tensors))
    except RuntimeError as error:
        raise DataError(f"{path} does not fit its network: {str(error).splitlines()[1].strip()}") from error
    model.network_ = network.to(device_of(device)).eval()
    return model


def device_of(name: str) -> torch.device:
    """The device to work on. "auto": a GPU where there is one; processes take turns over several.

    Errors: ConfigError for one that is not there.
    """
    if name == "auto":
        count = torch.cuda.device_count()
        number = multiprocessing.current_process().name.rpartition("-")[2]  # joblib's workers: LokyProcess-3
        return torch.device("cuda", int(number) % count if number.isdigit() else 0) if count else torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"execution.device={name}: there is no such device. Choose auto, cpu or cuda.") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"execution.device={name}: {torch.cuda.device_count()} GPUs are found here. Choose auto or cpu."
        )
    return device


@contextmanager
def reproducible(seed: int, device: torch.device) -> Iterator[None]:
    """torch's chance starts from the seed, algorithms do not vary, and outside nothing changes."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices), torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        torch.manual_seed(seed)
        yield


@contextmanager
def memory_told(batch_size: int) -> Iterator[None]:
    """Running out of GPU memory as an error that says what to do."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise NeurofaceError(
            f"GPU memory ran out with batches of {batch_size}. Lower classifier.batch_size, or set "
            "classifier.precision=bf16, fewer execution.n_jobs, or execution.device=cpu."
        ) from error


def _valid_y(y: Any, X: np.ndarray | Parts) -> np.ndarray:
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_consistent_length, column_or_1d

    if y is None:
        raise ValueError("TorchClassifier requires y to be passed, but the target y is None.")
    y = column_or_1d(y, warn=True)
    check_consistent_length(X, y)
    check_classification_targets(y)
    return y


def _valid_weights(sample_weight: np.ndarray, X: np.ndarray | Parts) -> np.ndarray:
    weights = np.asarray(sample_weight, dtype=float)
    if weights.shape != (len(X),) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(f"sample_weight must be {len(X)} finite weights, none negative; not every weight may be zero.")
    return weights


def _file(checkpoint: Path | None) -> Path | None:
    return None if checkpoint is None else checkpoint.with_name(f"{checkpoint.name}.pt")
