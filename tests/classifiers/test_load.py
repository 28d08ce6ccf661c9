from __future__ import annotations

import numpy as np
import pytest
import skops.io
from sklearn.base import is_regressor
from sklearn.linear_model import LogisticRegression

from neuroface.classifiers import array_file
from neuroface.classifiers.load import load_model
from neuroface.classifiers.rocket import Rocket
from neuroface.configuration.compose import compose, options
from neuroface.configuration.search_path import hydra_context
from neuroface.errors import ConfigError, DataError
from neuroface.evaluate.workers import saved
from neuroface.studies.building import build_estimator

RANDOM = np.random.default_rng(0)
Y = np.repeat(["ALS", "HC"], 10)


class Foreign(LogisticRegression):
    """A type that nobody has put on the list."""


def names() -> list[str]:
    with hydra_context():
        return options("classifier")


def kept(model, folder):
    found = saved(model)
    file = folder / f"model.{found.ending}"
    file.write_bytes(found.content)
    return file


@pytest.mark.parametrize("name", names())
def test_every_classifier_of_a_table_is_opened_again(name, tmp_path):
    words = [f"classifier={name}"]
    config, _ = compose("train", words)
    if config.classifier.get("view", "table") != "table":
        pytest.skip("does not look at a table")
    if name == "mlp":
        config.classifier.max_epochs = 1
    X, estimator = RANDOM.normal(size=(20, 3)), build_estimator(config)
    if is_regressor(estimator):
        model = estimator.fit(X, X[:, 0])
        assert load_model(kept(model, tmp_path)).predict(X) == pytest.approx(model.predict(X))
        return
    model = estimator.fit(X, Y)
    again = load_model(kept(model, tmp_path))
    assert again.predict_proba(X) == pytest.approx(model.predict_proba(X))
    assert list(again.classes_) == ["ALS", "HC"]


def test_kernels_on_series_are_opened_again(tmp_path):
    X = RANDOM.normal(size=(20, 30, 2))
    model = Rocket(kernels=84).fit(X, Y)
    assert load_model(kept(model, tmp_path)).predict_proba(X) == pytest.approx(model.predict_proba(X))


def test_a_type_that_is_not_on_the_list_is_refused_by_name(tmp_path):
    file = kept(Foreign().fit(RANDOM.normal(size=(20, 3)), Y), tmp_path)
    name = f"{Foreign.__module__}.Foreign"
    with pytest.raises(ConfigError, match=f"types that are not trusted: {name}"):
        load_model(file)
    assert isinstance(load_model(file, trusted=[name]), Foreign)


@pytest.mark.parametrize("ending", ["npz", "skops", "safetensors"])
def test_half_a_file_is_told(ending, tmp_path):
    file = tmp_path / f"model.{ending}"
    file.write_bytes(skops.io.dumps(LogisticRegression())[:100])
    with pytest.raises(DataError, match=file.name):
        load_model(file)


def test_a_model_of_another_version_is_told(tmp_path):
    (tmp_path / "A1.npz").write_bytes(array_file.to_bytes({"format": "neuroface forest 9"}, {}))
    with pytest.raises(
        DataError, match="the format 'neuroface forest 9', which this version of neuroface does not read"
    ):
        load_model(tmp_path / "A1.npz")


def test_what_is_no_model_is_told(tmp_path):
    with pytest.raises(ConfigError, match="is no model file"):
        load_model(tmp_path / "predictions.csv")
    with pytest.raises(ConfigError, match=r"execution\.save_models=true"):
        load_model(tmp_path / "loso-S01.npz")
