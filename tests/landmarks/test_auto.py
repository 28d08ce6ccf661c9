"""landmarks=auto takes the best that is there, says what it took, and keeps to it."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import checks
from neuroface import model_files
from neuroface.detection import made_by
from neuroface.errors import ConfigError
from neuroface.landmarks.auto import ORDER, AutoDetector
from neuroface.landmarks.detector import FanDetector
from neuroface.landmarks.mesh import MeshDetector
from neuroface.types import Landmarks, Recording


@pytest.fixture
def there(monkeypatch, tmp_path):
    """there("mesh", "fan"): as if these files were here and no others."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    own = importlib.util.find_spec

    def have(*names: str) -> None:
        monkeypatch.setattr(model_files, "is_there", lambda name: name in names)
        monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if name == "dlib" else own(name))
        if "fan" in names:
            model_files.official_fan().parent.mkdir(parents=True)
            model_files.official_fan().touch()

    return have


@pytest.mark.parametrize("best", ORDER)
def test_the_best_that_is_there_is_chosen_with_its_digest(there, best):
    there(*ORDER[ORDER.index(best) :])
    name, digest = AutoDetector().choice.split()
    assert name == best
    assert len(digest) >= 10


def test_a_network_for_real_faces_is_taken_as_it_is(there, capsys):
    there("mesh")
    step = AutoDetector(whose="central", median_frames=3)
    assert isinstance(step._chosen(), MeshDetector)
    assert step._chosen().whose == "central"
    assert step.described.startswith("landmarks=auto chose mesh: face mesh of MediaPipe (1055cb9d4a9c)")
    assert "usual error 0.8 %" in step.described
    assert capsys.readouterr().err == ""


def test_the_bundled_network_never_comes_without_a_warning(there, capsys):
    there()
    assert isinstance(AutoDetector()._chosen(), FanDetector)
    (line,) = capsys.readouterr().err.splitlines()
    assert "not for the opening of the mouth" in line
    assert "Give: neuroface fetch mesh." in line


def test_what_was_settled_is_kept_or_refused(there):
    there()
    assert AutoDetector(choice="mesh 1055cb9d4a9c").choice == "mesh 1055cb9d4a9c"  # also where a better one came since
    with pytest.raises(ConfigError, match="the file of mesh here is another one"):
        AutoDetector(choice="mesh 0123456789ab")
    with pytest.raises(ConfigError, match="choice=mash: there is no such network"):
        AutoDetector(choice="mash")


def test_a_recording_keeps_its_own_landmarks(there):
    there("mesh")
    points = np.tile(checks.still_face()[:, :2], (4, 1, 1))
    own = Recording("A", "HC", "REST", Landmarks(points, np.arange(4) / 25, "pixel"))
    landmarks, counts = AutoDetector()(own)
    assert landmarks.points == pytest.approx(points)
    assert "frames_without_face" not in counts
    assert AutoDetector().keeps(own)
    assert made_by(AutoDetector(), own) == {}
    unseen = replace(own, landmarks=replace(own.landmarks, points=np.full((4, 68, 2), np.nan)))
    assert "1055cb9d4a9c" in made_by(AutoDetector(), unseen)["landmarks"]  # which stands in cohort.json and the report


@pytest.mark.parametrize("home", [None, "elsewhere"])
def test_the_official_file_is_where_torch_keeps_files(home, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    if home:
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / home))
    assert model_files.official_fan().parent == Path(torch.hub.get_dir()) / "checkpoints"
