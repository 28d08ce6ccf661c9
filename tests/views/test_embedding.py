from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import yaml
from safetensors.torch import save_file

from neuroface.classifiers.backbones import Backbone
from neuroface.classifiers.scn import scn
from neuroface.errors import ConfigError, LeakageError
from neuroface.features.rom import mouth_width
from neuroface.views.embedding import Embedding
from neuroface.views.table import Table

from .videos import NumberedVideo, face_px, seen_of

VIEW = {"_target_": "neuroface.views.images.Images", "size": 20, "align": "similarity", "part": "face", "margin": 0.1}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two folds: the first model has seen P2 and P3, the second P1 and P3."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "models").mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump({"classifier": {"view": VIEW}}), encoding="utf-8")
    rng = np.random.default_rng(0)
    for fold, people in (("P1", ["P2", "P3"]), ("P2", ["P1", "P3"])):
        X, y = rng.integers(0, 255, (8, 20, 20, 3)).astype(np.uint8), np.repeat(["a", "b"], 4)
        model = scn(width=2, epochs=1, epoch_selection="last", device="cpu").fit(X, y, np.repeat(people, 4))
        ending, content = model.saved()
        (folder / "models" / f"{fold}.{ending}").write_bytes(content)
    return folder


def seen(subject="P1"):
    found = seen_of(face_px(30, shift_px=np.arange(30.0)), [(0, 15), (15, 30)], video=NumberedVideo(30))
    return replace(found, recording=replace(found.recording, subject=subject))


def test_a_person_is_embedded_by_a_model_that_has_not_seen_them(run):
    embedding = Embedding(run=run, device="cpu")
    assert embedding.fitted_on("P1") == {"P2", "P3"}
    assert embedding.fitted_on("P2") == {"P1", "P3"}
    assert embedding.fitted_on("somebody else") == {"P2", "P3"}
    _, one = embedding.rows(seen("P1"))
    _, two = embedding.rows(seen("P2"))
    assert not np.allclose(one[0], two[0])


def test_who_was_seen_by_every_model_is_refused_unless_asked_for(run):
    with pytest.raises(LeakageError, match=r"Every network of .* was fitted on P3\."):
        Embedding(run=run, device="cpu").rows(seen("P3"))
    embedding = Embedding(run=run, seen=True, device="cpu")
    assert len(embedding.rows(seen("P3"))[1]) == 2
    assert "P3" in embedding.fitted_on("P3")  # a fold that judges them by it is refused


def test_the_vector_is_what_the_head_reads(run):
    from neuroface.classifiers.load_network import load

    embedding = Embedding(run=run, device="cpu")
    names, (vector, _) = embedding.rows(seen("P1"))
    assert names[:2] == ("embedding.v000", "embedding.v001")
    assert len(names) == len(vector) == 16  # eight times the width
    model = load(run / "models" / "P1.safetensors", device="cpu")
    (picture, _) = embedding.images.rows(seen("P1"))[1]
    outputs = model.predict_outputs(picture[None])[0]
    head = model.network_.head
    logits = vector @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    assert outputs[-1] * logits == pytest.approx(outputs[:-1], abs=1e-5)


def test_published_weights_have_seen_nobody_we_know(tmp_path):
    file = tmp_path / "w.safetensors"
    save_file(Backbone((32, 32, 3), kind="resnet18").network.state_dict(), file)
    embedding = Embedding(weights=file, size=32, device="cpu")
    names, rows = embedding.rows(seen())
    assert len(names) == 512
    assert np.isfinite(rows).all()
    assert embedding.fitted_on("P1") == frozenset()


def test_the_table_joins_features_of_landmarks_and_of_pictures(run):
    table = Table({"rom": {"width": mouth_width}, "embedding": {"vector": Embedding(run=run, device="cpu")}})
    names, rows = table.rows(seen("P1"))
    assert names[0] == "rom.mouth_width_px"
    assert len(names) == 17
    assert [len(row) for row in rows] == [17, 17]
    assert table.fitted_on("P1") == {"P2", "P3"}
    assert Table({"rom": {"width": mouth_width}}).fitted_on("P1") == frozenset()


def test_one_network_must_be_named(run):
    for keys in ({}, {"run": run, "weights": "w.pth"}):
        with pytest.raises(ConfigError, match="features=embedding needs one of"):
            Embedding(**keys).rows(seen())
