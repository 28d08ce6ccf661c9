from __future__ import annotations

import functools

import numpy as np
import pytest

from neuroface.classifiers.mlp import MLP
from neuroface.classifiers.torch_classifier import TorchClassifier
from neuroface.errors import ConfigError, RunFailedError
from neuroface.evaluate import engine
from neuroface.evaluate.plan import plan
from neuroface.evaluate.predictions import read_predictions
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso

from .people import ALS_HC, cohort, logistic


def estimator(**keys) -> TorchClassifier:
    network = functools.partial(MLP, hidden=(4,))
    return TorchClassifier(network, **{"max_epochs": 6, "learning_rate": 1e-2, "device": "cpu", **keys})


def run(path, estimator, **options):
    planned = plan(cohort({"HC": 5, "ALS": 4}), estimator, Loso(), protocol=ALS_HC)
    with RunFolder(path).open({"seed": 0}) as folder:
        engine.run(planned, folder, **options)
    return planned


def test_a_run_with_folds_together_is_the_run_without(tmp_path):
    run(tmp_path / "alone", estimator(), n_jobs=1)
    planned = run(tmp_path / "together", estimator(), folds_together=True)
    one, other = (read_predictions(tmp_path / name / "predictions.csv") for name in ("alone", "together"))
    numbers = one.select_dtypes("number").columns
    assert len(one) == len(planned.samples.y)
    assert np.allclose(one[numbers], other[numbers], rtol=0, atol=1e-4, equal_nan=True)
    names = [sorted(file.name for file in (tmp_path / name / "models").iterdir()) for name in ("alone", "together")]
    assert names[0] == names[1]
    assert len(names[0]) == 2 * len(planned.folds)


def test_folds_that_fail_are_named(tmp_path):
    with pytest.raises(RunFailedError, match=r"folds failed alike in .*The loss of epoch 1 is not a number"):
        run(tmp_path / "run", estimator(learning_rate=1e38, clip_norm=None), folds_together=True)


def test_an_estimator_that_cannot_is_refused(tmp_path):
    with pytest.raises(ConfigError) as error:
        run(tmp_path / "run", logistic(), folds_together=True)
    assert str(error.value) == (
        "execution.folds_together=true: Pipeline cannot train folds together. Set execution.folds_together=false."
    )
