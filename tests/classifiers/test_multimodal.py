from __future__ import annotations

import pytest
import torch
from clip_networks import accuracy_after, flashes

from neuroface.classifiers.multimodal import Multimodal
from neuroface.errors import ConfigError

SHAPE = {"features": (4,), "clips": (8, 16, 16, 3)}


def small(fusion, n_classes=2):
    torch.manual_seed(0)
    return Multimodal(SHAPE, n_classes, fusion=fusion, hidden=16, width=4, dropout=0.0)


def rows(n, *, told_by):
    """Rows whose class only the features tell, or only the clips."""
    clips, y = flashes(n)
    features = torch.randn((n, 4), generator=torch.Generator().manual_seed(1))
    if told_by == "features":
        features[:, 2] += 4 * (2 * y - 1)
        clips = clips[torch.arange(n) // 2 * 2]  # all of one class
    return {"features": features, "clips": clips}, y


@pytest.mark.parametrize("fusion", ["joint", "late"])
@pytest.mark.parametrize("told_by", ["features", "clips"])
def test_it_learns_from_whichever_part_tells(fusion, told_by):
    x, y = rows(40, told_by=told_by)
    assert accuracy_after(small(fusion), x, y, steps=30) >= 0.9


def test_late_fusion_is_the_mean_of_two_probabilities():
    network = small("late", n_classes=3).eval()
    x, _ = rows(6, told_by="clips")
    features = network.heads[0](torch.relu(network.table(x["features"])))
    clips = network.heads[1](torch.relu(network.clip(x["clips"])))
    expected = (features.softmax(dim=1) + clips.softmax(dim=1)) / 2
    torch.testing.assert_close(network(x).softmax(dim=1), expected)


@pytest.mark.parametrize(
    ("shape", "fusion", "message"),
    [
        (SHAPE, "early", "fusion=early: there is no such way to join. Choose from joint, late."),
        ((8, 32, 32, 3), "late", "multimodal looks at two parts; set classifier.view.parts to features and clips."),
        ({"a": (4,)}, "late", "multimodal looks at two parts; set classifier.view.parts to features and clips."),
    ],
)
def test_what_cannot_be_is_refused(shape, fusion, message):
    with pytest.raises(ConfigError) as told:
        Multimodal(shape, 2, fusion=fusion)
    assert str(told.value) == message
