from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from neuroface.classifiers.augment_stills import augment_stills
from neuroface.errors import ConfigError

STILL = {"flip": 0, "zoom": 0, "shift": 0, "brightness": 0, "contrast": 0, "saturation": 0}
GREY = torch.full((400, 20, 20, 3), 100, dtype=torch.uint8)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_without_chance_pictures_stay():
    assert_close(augment_stills(GREY, noise=5.0, erase=1.0), GREY)
    assert_close(augment_stills(GREY, seeded(), **STILL), GREY.float(), atol=2e-3, rtol=0)


def test_noise_is_of_the_deviation_asked_for_on_every_other_picture():
    spread = augment_stills(GREY, seeded(), **STILL, noise=5.0).std(dim=(1, 2, 3))
    noisy = spread > 1
    assert 0.4 < noisy.float().mean() < 0.6
    assert spread[noisy].mean() == pytest.approx(5.0, rel=0.02)


def test_a_rectangle_of_the_published_areas_is_erased():
    out = augment_stills(GREY, seeded(), **STILL, erase=0.5)
    gone = (out - 100).abs().amax(dim=3) > 1
    area = gone.float().mean(dim=(1, 2))
    assert 0.4 < (area > 0).float().mean() < 0.6
    assert area.max() < 0.29  # rounded to pixels
    assert area[area > 0].min() > 0.008
    one = gone[area.argmax()]
    rows, columns = one.any(dim=1), one.any(dim=0)
    assert one.sum() == rows.sum() * columns.sum()
    assert (out[gone] == 127.5).all()


def test_the_same_seed_gives_the_same_pictures_and_values_without_meaning_are_told():
    keys = {"noise": 5.0, "erase": 0.5}
    assert_close(augment_stills(GREY, seeded(), **keys), augment_stills(GREY, seeded(), **keys), atol=0, rtol=0)
    with pytest.raises(ConfigError, match=r"augment: noise=-1, erase=2"):
        augment_stills(GREY, noise=-1, erase=2)
