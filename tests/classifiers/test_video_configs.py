"""Each video classifier as its YAML says, down to 2 epochs: built, fitted, saved and loaded again."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface.classifiers import load_network
from neuroface.configuration.compose import compose
from neuroface.studies.building import build_estimator, build_steps, build_view
from neuroface.types import Parts
from neuroface.views.clips import Clips

SLOW = pytest.mark.slow


def config_of(name, *words):
    return compose("train", [f"classifier={name}", *words])[0]


def flashing(n, *, frames, side):
    """(n, T, side, side, 3) uint8 clips and their classes: a patch lights up early or late."""
    rng, y = np.random.default_rng(0), np.arange(n) % 2
    x = rng.integers(60, 120, (n, frames, side, side, 3), dtype=np.uint8)
    for clip, late in zip(x, y, strict=True):
        half = slice(frames // 2, None) if late else slice(frames // 2)
        clip[half, side // 4 : -side // 4, side // 4 : -side // 4] += 100
    return x, np.array(["HC", "ALS"])[y]


def fitted(name, X, y):
    estimator = build_estimator(config_of(name)).set_params(max_epochs=2, device="cpu")
    return estimator.fit(X, y, groups=np.arange(len(y)))


@pytest.mark.parametrize(
    "name", ["c3d", "hybrid", pytest.param("r3d18", marks=SLOW), pytest.param("r2plus1d", marks=SLOW)]
)
def test_it_fits_and_comes_back_from_its_file(name, tmp_path):
    X, y = flashing(12, frames=20, side=16)
    model = fitted(name, X, y)
    ending, content = model.saved()
    (tmp_path / f"model.{ending}").write_bytes(content)
    again = load_network.load(tmp_path / f"model.{ending}", device="cpu")
    probabilities = model.predict_proba(X)
    assert len(model.history_) == 2
    assert probabilities.sum(axis=1) == pytest.approx(1)
    np.testing.assert_array_equal(again.predict_proba(X), probabilities)


def test_multimodal_fits_on_two_parts():
    clips, y = flashing(12, frames=20, side=16)
    table = np.random.default_rng(1).normal(size=(12, 5))
    table[3, 2] = np.nan
    X = Parts({"features": table, "clips": clips})
    assert fitted("multimodal", X, y).predict_proba(X).shape == (12, 2)


@pytest.mark.parametrize("name", ["c3d", "hybrid", "r3d18", "r2plus1d"])
def test_clips_need_no_depth_unless_it_is_asked_for(name):
    assert config_of(name).lift["_target_"] == "neuroface.landmarks.lift.none"
    assert config_of(name, "lift=depth").lift["_target_"] == "neuroface.landmarks.lift.depth"


def test_what_augmentation_takes_follows_the_view():
    assert config_of("c3d", "classifier.view.frames=24").classifier.augment.frames == 24
    assert config_of("multimodal", "classifier.view.parts.clips.frames=24").classifier.augment.frames == 24


@pytest.mark.parametrize("name", ["c3d", "multimodal"])
def test_the_view_keeps_its_pictures_where_execution_says(name, tmp_path):
    config = config_of(name, f"execution.store={tmp_path}")
    view = build_view(config, build_steps(config))
    clips = view if isinstance(view, Clips) else view.parts["clips"]
    assert isinstance(clips, Clips)
    assert clips.store.folder == tmp_path
