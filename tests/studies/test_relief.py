"""`neuroface explain face=true relief=true`: against the true skin of rendered people."""

from __future__ import annotations

import numpy as np
import pytest

import neuroface as nf
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.errors import ConfigError
from neuroface.explain import digital_face as pictures
from neuroface.explain import relief as reliefs
from neuroface.landmarks.lift import depth as lift
from neuroface.studies import digital_face, relief
from neuroface.synthesis import figure
from neuroface.synthesis.head_shape import head_shape
from neuroface.verbs import explain
from neuroface.views.seen import Seen

FILMED = {"tasks": ["OPEN"], "repetitions": {"OPEN": 1}, "fps": 5.0, "modality": "rgbd", "seed": 3}


@pytest.fixture
def swollen(monkeypatch):
    """Everybody's left cheek is 6 mm thicker than the face model knows, between all landmarks."""
    layout = head_shape().layout
    out = 6.0 * np.exp(-((layout - [44.0, 25.0]) ** 2).sum(axis=1) / (2 * 12.0**2))
    build = figure.build

    def thicker(neutral, *, long_hair):
        made = build(neutral, long_hair=long_hair)
        made.base[: len(out)] += out[:, None] * reliefs.normals(made.base[: len(out)])
        made.base[:68] = neutral
        return made

    monkeypatch.setattr(figure, "build", thicker)
    return out


def measured(tmp_path, **more):
    (one,) = SyntheticCohort(people={"ALS": 1}, **FILMED, **more).recordings()
    landmarks, _ = lift(one.landmarks, one, store=str(tmp_path))
    fit, _, frames = pictures.fit_repetitions(landmarks, one.repetitions)
    seen = Seen(one, one.landmarks, landmarks, one.repetitions)
    return relief.measure(seen, fit, frames, pictures.MOMENTS, origin="color")


@pytest.mark.parametrize("sensor", ["d400", "sr300"])
def test_the_skin_comes_nearer_to_the_true_one(swollen, tmp_path, sensor):
    """Through noise, holes, flying pixels and a mouth that opens."""
    found = measured(tmp_path, sensor=sensor)
    before, after = found.wrong_mm
    assert before > 0.8
    assert after < 0.5
    assert found.relief.rest[int(swollen.argmax())] == pytest.approx(swollen.max(), abs=1.2)
    assert found.apart_mm[1] < found.apart_mm[0]


def test_where_the_model_is_right_depth_does_no_harm(tmp_path):
    before, after = measured(tmp_path).wrong_mm
    assert before < 0.5
    assert after < before + 0.05


def test_landmarks_alone_have_no_depth(tmp_path):
    (one,) = SyntheticCohort(people={"ALS": 1}, **{**FILMED, "modality": "landmarks"}).recordings()
    fit, _, frames = pictures.fit_repetitions(one.landmarks, one.repetitions)
    seen = Seen(one, one.landmarks, one.landmarks, one.repetitions)
    assert relief.measure(seen, fit, frames, pictures.MOMENTS, origin="color") is None


def test_relief_needs_a_face(tmp_path):
    with pytest.raises(ConfigError, match="true goes with face=true"):
        explain.run([f"run={tmp_path}", "relief=true"])


@pytest.mark.slow
def test_meshes_and_the_page_are_moved_onto_depth(swollen, tmp_path, monkeypatch):
    monkeypatch.setattr(digital_face, "FRAMES", 4)
    monkeypatch.setattr(pictures, "SIZE_PX", (84, 104))
    people = ["cohort.people={HC: 2, ALS: 2}", "cohort.repetitions={OPEN: 1}", "cohort.fps=5", "cohort.modality=rgbd"]
    quick = ["protocol.permutations=0", "execution.n_jobs=1", "split=group_kfold", "split.n_splits=2", "quality=null"]
    nf.train(*people, *quick, f"execution.store={tmp_path / 's'}", classifier="logistic", run=tmp_path / "r")
    vertices = {}
    for word in ("false", "true"):
        explain.run([f"run={tmp_path / 'r'}", "face=true", f"relief={word}", f"execution.store={tmp_path / 's'}"])
        text = (tmp_path / "r/explain/face/HC.obj").read_text().splitlines()
        vertices[word] = np.array([line.split()[1:4] for line in text if line.startswith("v ")], float)
    went = np.linalg.norm(vertices["true"] - vertices["false"], axis=1)
    assert went[int(swollen.argmax())] == pytest.approx(6, abs=1.5)
    assert np.median(went) < 1
    page = (tmp_path / "r/explain/face/face.html").read_text()
    assert "moved onto the depth of 4 recordings" in page
    assert "moved onto measured depth" in page
