"""A fitted network from its file."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from pathlib import Path

import numpy as np

from neuroface.classifiers import model_file
from neuroface.classifiers.devices import device_of
from neuroface.classifiers.inputs import SOLE, Inputs, Part
from neuroface.classifiers.torch_classifier import LEARNT, TorchClassifier
from neuroface.errors import DataError
from neuroface.processor import has_bf16


def load(path: Path | str, *, trusted: Collection[str] = (), device: str = "auto") -> TorchClassifier:
    """A fitted classifier from the file that `saved` made. Nothing in the file is executed.

    trusted: targets outside neuroface that the file may name; those of the run's own configuration, say.
    Trained in bf16 and loaded where there is none, it predicts in fp32, which is told.
    Errors: DataError for a file that is none or does not fit its network; ConfigError for a target not trusted.
    """
    config, tensors = model_file.from_file(path)
    model = TorchClassifier(**model_file.built(config["settings"], trusted), device=device)
    if model.precision == "bf16" and not has_bf16(device_of(device)):
        model.precision = "fp32"
        warnings.warn(f"{path} was trained in bf16, which is not to be had here: it predicts in fp32.", stacklevel=2)
    model.classes_ = np.array(config["classes"])
    parts = {}
    for name, part in config["parts"].items():
        learnt = {key: tensors[f"inputs.{name}.{key}"].numpy() for key in LEARNT}
        parts[name] = Part(part["kind"], tuple(part["shape"]), **learnt)
    model.inputs_ = Inputs(parts, model.augment)
    if SOLE in parts and parts[SOLE].kind == "table":
        model.n_features_in_ = parts[SOLE].shape[0]
    model.people_ = config.get("people", [])
    network = model.network(model.inputs_.shape, model.objective.outputs(len(model.classes_)))
    try:
        network.load_state_dict(model_file.under("network.", tensors))
    except RuntimeError as error:
        raise DataError(f"{path} does not fit its network: {str(error).splitlines()[1].strip()}") from error
    model.network_ = network.to(device_of(device)).eval()
    return model
