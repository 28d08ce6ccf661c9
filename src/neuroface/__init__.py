"""neuroface: honest, reproducible answers about neurological disease from recordings of moving faces.

Research software, not a medical device.

    import neuroface as nf

    run = nf.train("cohort=folder", "cohort.root=DIR", classifier="forest")
    run.scores["subject"]["auc"], run.predictions, run.command

`train`, `evaluate`, `features` and `landmarks` take the words of the command line and return what they made. Nothing is
imported before it is used.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuroface.door.calls import evaluate, features, landmarks, predict, show, train
    from neuroface.door.experiment import Experiment
    from neuroface.door.run import Run
    from neuroface.errors import NeurofaceError
    from neuroface.studies.kept_models import load_model
    from neuroface.types import Landmarks, Recording

__version__ = "0.1.0"

# Name -> the module that it is imported from when it is first asked for.
_WHERE = {
    "predict": "neuroface.door.calls",
    "train": "neuroface.door.calls",
    "show": "neuroface.door.calls",
    "load_model": "neuroface.studies.kept_models",
    "Run": "neuroface.door.run",
    "Experiment": "neuroface.door.experiment",
    "Recording": "neuroface.types",
    "Landmarks": "neuroface.types",
    "NeurofaceError": "neuroface.errors",
}
# Sub-packages that can be called, too. Python puts every imported sub-package on its parent under its own name, so a
# function of that name beside it would be gone after the first import of the sub-package.
_ROOMS = ("evaluate", "features", "landmarks")

__all__ = [
    "Experiment",
    "Landmarks",
    "NeurofaceError",
    "Recording",
    "Run",
    "evaluate",
    "features",
    "landmarks",
    "load_model",
    "predict",
    "show",
    "train",
]


class _Room(ModuleType):
    """neuroface.features holds the features and, called, computes them."""

    def __call__(self, *words: Any, **keys: Any) -> Any:
        calls = importlib.import_module("neuroface.door.calls")
        return getattr(calls, self.__name__.rpartition(".")[2])(*words, **keys)


class _House(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        if name in _ROOMS and isinstance(value, ModuleType):
            value.__class__ = _Room
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _House


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"neuroface.{name}")
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'neuroface' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
