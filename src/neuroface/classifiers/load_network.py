"""A fitted network from its file."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.classifiers import model_file
from neuroface.classifiers.devices import device_of
from neuroface.classifiers.inputs import SOLE, Inputs, Part
from neuroface.classifiers.torch_classifier import LEARNT, TorchClassifier
from neuroface.classifiers.torch_regressor import TorchRegressor
from neuroface.errors import DataError
from neuroface.processor import has_bf16


def load(path: Path | str, *, trusted: Collection[str] = (), device: str = "auto") -> TorchClassifier | TorchRegressor:
    """A fitted classifier, or a regressor, from the file that `saved` made. Nothing in the file is executed.

    trusted: targets outside neuroface that the file may name; those of the run's own configuration, say.
    Trained in bf16 and loaded where there is none, it predicts in fp32, which is told.
    Errors: DataError for a file that is none or does not fit its network; ConfigError for a target not trusted.
    """
    config, tensors = model_file.from_file(path)
    try:
        return _built(path, config, tensors, trusted, device)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RuntimeError) as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise DataError(f"{path} is a damaged model file, or another version's ({what}).") from error


def _built(
    path: Path | str, config: dict[str, Any], tensors: dict[str, Any], trusted: Collection[str], device: str
) -> TorchClassifier | TorchRegressor:
    if "number" in config:
        return _number(path, config, tensors, trusted, device)
    model = TorchClassifier(**model_file.built(config["settings"], trusted), device=device)
    if model.precision == "bf16" and not has_bf16(device_of(device)):
        model.precision = "fp32"
        warnings.warn(f"{path} was trained in bf16, which is not to be had here: it predicts in fp32.", stacklevel=2)
    model.classes_ = np.array(config["classes"])
    parts = _parts(config, tensors)
    model.inputs_ = Inputs(parts, model.augment)
    if SOLE in parts and parts[SOLE].kind == "table":
        model.n_features_in_ = parts[SOLE].shape[0]
    model.people_ = config.get("people", [])
    blank = model.network if model.weights is None else partial(model.network, weights=None)  # the file has its own
    network = blank(model.inputs_.shape, model.objective.outputs(len(model.classes_)))
    model.network_ = _filled(network, path, tensors, device)
    return model


def _number(
    path: Path | str, config: dict[str, Any], tensors: dict[str, Any], trusted: Collection[str], device: str
) -> TorchRegressor:
    model = TorchRegressor(**model_file.built(config["settings"], trusted), device=device)
    model.centre_, model.scale_ = float(config["number"]["centre"]), float(config["number"]["scale"])
    model.inputs_ = Inputs(_parts(config, tensors), None)
    model.network_ = _filled(model.network(model.inputs_.shape, 1), path, tensors, device)
    return model


def _parts(config: dict[str, Any], tensors: dict[str, Any]) -> dict[str, Part]:
    parts = {}
    for name, part in config["parts"].items():
        learnt = {key: tensors[f"inputs.{name}.{key}"].numpy() for key in LEARNT}
        parts[name] = Part(part["kind"], tuple(part["shape"]), **learnt)
    return parts


def _filled(network: Any, path: Path | str, tensors: dict[str, Any], device: str) -> Any:
    try:
        network.load_state_dict(model_file.under("network.", tensors))
    except RuntimeError as error:
        raise DataError(f"{path} does not fit its network: {str(error).splitlines()[1].strip()}") from error
    return network.to(device_of(device)).eval()
