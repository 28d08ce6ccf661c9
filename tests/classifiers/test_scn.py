from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroface.classifiers import training
from neuroface.classifiers.load_network import load
from neuroface.classifiers.scn import SelfCureNetwork, scn
from neuroface.errors import ConfigError

PEOPLE, EACH, SIZE = 12, 8, 16
KEYS = {"width": 2, "epochs": 14, "batch_size": 32, "learning_rate": 1e-2, "epoch_selection": "last", "device": "cpu"}


def pictures(seed=0):
    """Pictures whose class, one of three, is how bright their upper half is; 8 of each of 12 people."""
    rng = np.random.default_rng(seed)
    groups = np.repeat([f"p{i:02d}" for i in range(PEOPLE)], EACH)
    y = np.repeat(np.array(["a", "b", "c"])[np.arange(PEOPLE) % 3], EACH)
    X = rng.integers(90, 160, (len(y), SIZE, SIZE, 3))
    X[:, : SIZE // 2] += (40 * (np.searchsorted(["a", "b", "c"], y) - 1))[:, None, None, None]
    return X.astype(np.uint8), y, groups


X, Y, GROUPS = pictures()


def test_attention_weighs_the_logits():
    network = SelfCureNetwork((SIZE, SIZE, 3), 4, width=2).eval()
    x = torch.randn(5, SIZE, SIZE, 3)
    outputs, vector = network(x), network.backbone(x)
    attention = 1 / (1 + torch.exp(-network.attention(vector)))
    torch.testing.assert_close(outputs, torch.cat([attention * network.head(vector), attention], dim=1))


def test_it_learns_and_is_read_again(tmp_path):
    model = scn(**KEYS).fit(X, Y, GROUPS)
    assert (model.predict(X) == Y).mean() > 0.9
    ending, content = model.saved()
    file = tmp_path / f"m.{ending}"
    file.write_bytes(content)
    assert np.array_equal(load(file, device="cpu").predict_proba(X), model.predict_proba(X))
    attention = model.predict_outputs(X)[:, -1]
    assert ((attention > 0) & (attention < 1)).all()


def test_vectors_of_a_frozen_network_need_no_backbone():
    table = X.reshape(len(X), -1)[:, ::48].astype(float)
    model = scn(**KEYS).fit(table, Y, GROUPS)
    assert isinstance(model.network_.backbone, torch.nn.Identity)
    assert (model.predict(table) == Y).mean() > 0.8


def test_labels_are_mended_from_the_epoch_asked_for():
    model = scn(**KEYS, label_noise=0.25).fit(X, Y, GROUPS)
    mended = [told["relabelled"] for told in model.history_]
    assert mended[:9] == [0] * 9
    assert sum(mended[9:]) > 0
    assert "relabelled" not in scn(**KEYS, relabel="off").fit(X, Y, GROUPS).history_[0]


def noisy_and_kept(monkeypatch, **keys):
    """Rows of wrong labels before and after training, and the fitted model."""
    seen = {}
    run = training.Training.run

    def watched(self, *arguments):
        seen["given"] = self.targets.argmax(dim=1).numpy().copy()
        run(self, *arguments)
        seen["kept"] = self.targets.argmax(dim=1).numpy()

    monkeypatch.setattr(training.Training, "run", watched)
    model = scn(**{**KEYS, **keys}, label_noise=0.25).fit(X, Y, GROUPS)
    truth = np.searchsorted(model.classes_, Y)
    return seen["given"] != truth, seen["kept"] != truth, model


def test_most_wrong_labels_are_recovered_and_their_attention_is_lower(monkeypatch):
    before, after, model = noisy_and_kept(monkeypatch)
    assert before.sum() == 24
    assert after.sum() < before.sum() / 2
    assert not (after & ~before).sum() > 3
    assert (model.predict(X) == Y).mean() > 0.9


def test_published_relabelling_overwrites_more_than_it_mends(monkeypatch):
    before, after, _ = noisy_and_kept(monkeypatch, relabel="as_published", learning_rate=1e-4)
    assert (after & ~before).sum() > 10  # right labels that a network which has learnt little makes wrong


def test_an_interrupted_training_ends_in_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_S", 0.0)
    keys = {**KEYS, "label_noise": 0.25}
    whole = scn(**keys).fit(X, Y, GROUPS)
    step, calls = training.Training._step, []

    def failing(self, *arguments):
        calls.append(1)
        if len(calls) == 12 * 3 + 2:  # three batches an epoch: in the thirteenth, labels have been mended
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(training.Training, "_step", failing)
    with pytest.raises(KeyboardInterrupt):
        scn(**keys).fit(X, Y, GROUPS, checkpoint=tmp_path / "fold")
    again = scn(**keys).fit(X, Y, GROUPS, checkpoint=tmp_path / "fold")
    assert sum(told["relabelled"] for told in whole.history_[:12]) > 0
    assert again.history_ == whole.history_
    assert again.saved() == whole.saved()


def test_what_mends_labels_takes_no_mixture_of_them():
    with pytest.raises(ConfigError, match=r"classifier\.mixup is 0\.2; with this loss it must be 0\."):
        scn(**KEYS, mixup=0.2).check()
    scn(**KEYS, mixup=0.2, relabel="off").check()
    with pytest.raises(ConfigError, match=r"classifier\.side_weight is 0\.5"):
        scn(**KEYS, side_weight=0.5, relabel="off").check()
