"""What a network's classifier may be set to and given, with errors that name each wrong parameter."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from neuroface.classifiers.devices import device_of
from neuroface.classifiers.objectives import OBJECTIVES
from neuroface.classifiers.training import OPTIMISERS, SCHEDULES
from neuroface.errors import ConfigError, did_you_mean
from neuroface.processor import check_precision
from neuroface.types import Parts

EPOCH_SELECTIONS = ("inner_people", "inner_rows", "last", "test_best")
SAMPLINGS = ("shuffled", "weighted")
PRECISIONS = ("fp32", "bf16")


def check_settings_of(model: Any) -> None:
    """ConfigError naming every parameter of a TorchClassifier that cannot be, here on this machine."""
    choices: dict[str, Collection[str]] = {
        "optimiser": OPTIMISERS,
        "schedule": SCHEDULES,
        "sampling": SAMPLINGS,
        "epoch_selection": EPOCH_SELECTIONS,
        "precision": PRECISIONS,
    }
    if isinstance(model.loss, str):
        choices["loss"] = OBJECTIVES
    wrong = [
        f"classifier.{key} is {getattr(model, key)!r}.{did_you_mean(getattr(model, key), known)}"
        for key, known in choices.items()
        if getattr(model, key) not in known
    ]
    at_least = {"max_epochs": 1, "batch_size": 1, "patience": 0, "mixup": 0, "weight_decay": 0, "side_weight": 0}
    wrong += [
        f"classifier.{key} is {getattr(model, key)!r}; it must be {least} or more."
        for key, least in at_least.items()
        if not getattr(model, key) >= least
    ]
    shares = {"inner_share": (0, 1), "label_smoothing": (-1e-12, 1), "label_noise": (-1e-12, 1)}
    wrong += [
        f"classifier.{key} is {getattr(model, key)!r}; it must lie between 0 and 1."
        for key, (low, high) in shares.items()
        if not low < getattr(model, key) < high
    ]
    positive = {"learning_rate": model.learning_rate, "clip_norm": model.clip_norm}
    wrong += [
        f"classifier.{key} is {value!r}; it must be positive."
        for key, value in positive.items()
        if value is not None and not value > 0
    ]
    if model.save_every is not None and not model.save_every >= 1:
        wrong.append(f"classifier.save_every is {model.save_every!r}; it must be 1 or more, or null.")
    if model.side_weight > 0 and getattr(model.augment, "keywords", {}).get("flip"):
        wrong.append("classifier.augment.flip exchanges the sides that side_weight learns; set it to 0.")
    wrong += _of_own_loss(model) if not isinstance(model.loss, str) else []
    if wrong:
        raise ConfigError(" ".join(wrong))
    check_precision(model.precision, device_of(model.device), key="classifier.precision")


def _of_own_loss(model: Any) -> list[str]:
    """What cannot go with an objective of its own; to mend a label, a row must be one row, of one label."""
    needed: dict[str, Any] = {"side_weight": 0}
    if model.loss().relabel is not None:
        needed |= {"mixup": 0, "sampling": "shuffled"}
    return [
        f"classifier.{key} is {getattr(model, key)!r}; with this loss it must be {value}."
        for key, value in needed.items()
        if getattr(model, key) != value
    ]


def valid_y(y: Any, X: np.ndarray | Parts) -> np.ndarray:
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_consistent_length, column_or_1d

    if y is None:
        raise ValueError("TorchClassifier requires y to be passed, but the target y is None.")
    y = column_or_1d(y, warn=True)
    check_consistent_length(X, y)
    check_classification_targets(y)
    return y


def valid_weights(sample_weight: np.ndarray, X: np.ndarray | Parts) -> np.ndarray:
    weights = np.asarray(sample_weight, dtype=float)
    if weights.shape != (len(X),) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(f"sample_weight must be {len(X)} finite weights, none negative; not every weight may be zero.")
    return weights
