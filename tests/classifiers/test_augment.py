from __future__ import annotations

import pytest
import torch
from torch.testing import assert_close

from neuroface.classifiers.augment import augment
from neuroface.errors import ConfigError, DataError

STILL = {"flip": 0, "zoom": 0, "shift": 0, "brightness": 0, "contrast": 0, "saturation": 0, "time_shift": 0, "speed": 0}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(*shape):
    return torch.randint(0, 256, shape, generator=seeded(9)).to(torch.uint8)


def counting(n, stored, side=4):
    """Clips whose every pixel is the number of its frame."""
    return torch.arange(stored, dtype=torch.uint8).view(1, -1, 1, 1, 1).repeat(n, 1, side, side, 3)


def test_without_chance_the_middle_frames_are_as_they_were():
    clips = noise(2, 20, 8, 8, 3)
    assert_close(augment(clips), clips[:, 2:18])
    assert_close(augment(clips, frames=None), clips)
    assert_close(augment(clips[:, 0]), clips[:, 0])


def test_nothing_asked_for_changes_nothing():
    clips = noise(3, 16, 9, 7, 3)
    assert_close(augment(clips, seeded(), **STILL), clips.float(), atol=2e-3, rtol=0)


def test_the_same_seed_gives_the_same_batch():
    clips = noise(3, 20, 8, 8, 3)
    once, again, other = augment(clips, seeded(1)), augment(clips, seeded(1)), augment(clips, seeded(2))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


def test_a_flip_mirrors_all_frames_of_a_sample():
    clips = noise(200, 3, 8, 8, 3)
    moved = augment(clips, seeded(), **{**STILL, "flip": 0.5, "frames": 3})
    same = (moved - clips).abs().amax(dim=(1, 2, 3, 4)) < 0.01
    turned = (moved - clips.flip(3)).abs().amax(dim=(1, 2, 3, 4)) < 0.01
    assert (same ^ turned).all()
    assert 70 < turned.sum() < 130  # 4 standard deviations of 200 coins


def test_a_shift_moves_the_picture_by_no_more_than_its_share():
    x = torch.arange(100.0).view(1, 1, 100, 1).expand(40, 100, 100, 3).to(torch.uint8)  # as bright as its column
    moved = augment(x, seeded(), **{**STILL, "shift": 0.1})
    by = moved[:, 50, 50, 0] - 50
    assert by.abs().max() <= 10.01
    assert by.min() < -7
    assert by.max() > 7
    assert_close(moved[:, 50, 30:70, 0] - by[:, None], x[:, 50, 30:70, 0].float(), atol=0.01, rtol=0)


def test_zoom_changes_distances_by_no_more_than_its_share():
    x = torch.arange(100.0).view(1, 1, 100, 1).expand(40, 100, 100, 3).to(torch.uint8)
    moved = augment(x, seeded(), **{**STILL, "zoom": 0.2})
    slope = (moved[:, 50, 70, 0] - moved[:, 50, 30, 0]) / 40  # 1 / (1 - .2 .. 1 + .2)
    assert slope.min() >= 1 / 1.2 - 1e-3
    assert slope.max() <= 1 / 0.8 + 1e-3
    assert slope.max() - slope.min() > 0.3


def test_brightness_is_one_factor_per_clip():
    clips = noise(30, 4, 6, 6, 3) // 2
    ratio = augment(clips, seeded(), **{**STILL, "brightness": 0.3, "frames": 4}) / clips.clamp(1)
    factor = ratio.amax(dim=(1, 2, 3, 4))
    assert_close(ratio[clips > 0], factor.view(-1, 1, 1, 1, 1).expand_as(ratio)[clips > 0], atol=2e-3, rtol=0)
    assert factor.min() >= 0.699
    assert factor.max() <= 1.301


def test_contrast_keeps_the_mean_and_scales_what_is_about_it():
    clips = 100 + noise(30, 4, 6, 6, 3) // 8
    moved = augment(clips, seeded(), **{**STILL, "contrast": 0.3, "frames": 4})
    flat = (1, 2, 3, 4)
    assert_close(moved.mean(dim=flat), clips.float().mean(dim=flat), atol=0.01, rtol=0)
    ratio = moved.std(dim=flat) / clips.float().std(dim=flat)
    assert ratio.min() >= 0.699
    assert ratio.max() <= 1.301
    assert ratio.max() - ratio.min() > 0.3


def test_saturation_leaves_grey_alone():
    grey = noise(5, 4, 6, 6, 1).expand(-1, -1, -1, -1, 3)
    keys = {**STILL, "saturation": 0.9, "frames": 4}
    assert_close(augment(grey, seeded(), **keys), grey.float(), atol=0.01, rtol=0)
    color = 60 + noise(5, 4, 6, 6, 3) // 4
    moved = augment(color, seeded(), **keys)
    luma = torch.tensor([0.299, 0.587, 0.114])
    assert_close(moved @ luma, color.float() @ luma, atol=0.01, rtol=0)
    assert (moved - color).abs().max() > 5


def test_time_is_shifted_within_the_spare_frames():
    moved = augment(counting(100, 20), seeded(), **{**STILL, "time_shift": 2.0})
    start = moved[:, 0, 0, 0, 0]
    assert moved.shape[1] == 16
    assert set(start.tolist()) == {0, 1, 2, 3, 4}
    assert_close(moved[:, :, 0, 0, 0] - start[:, None], torch.arange(16.0).expand(100, 16))


def test_a_faster_clip_spans_more_of_what_is_stored_and_ends_hold():
    moved = augment(counting(100, 16), seeded(), **{**STILL, "speed": 0.4})[:, :, 0, 0, 0]
    span = moved[:, -1] - moved[:, 0]
    assert span.min() == pytest.approx(15 * 0.6, abs=1)
    assert span.max() == 15  # there is no more: the ends repeat
    assert (moved.diff(dim=1) >= 0).all()
    wide = augment(counting(100, 30), seeded(), **{**STILL, "speed": 0.4})[:, :, 0, 0, 0]
    assert (wide[:, -1] - wide[:, 0]).max() == pytest.approx(15 * 1.4, abs=1)
    assert_close(wide.mean(dim=1), torch.full((100,), 14.5), atol=0.6, rtol=0)  # about the middle


def test_values_stay_values_of_pixels_and_shapes_stay():
    images = noise(6, 10, 12, 3)
    moved = augment(images, seeded(), brightness=0.9, contrast=0.9)
    assert moved.shape == images.shape
    assert moved.dtype == torch.float32
    assert 0 <= moved.min() < moved.max() <= 255


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        (
            {"zoom": 1.0, "shift": -0.1},
            ConfigError,
            "augment: zoom=1.0, shift=-0.1; a share from 0 to below 1 is needed.",
        ),
        ({"frames": 0}, ConfigError, "augment: time_shift=1.0, frames=0; 0 or more, and a frame at least."),
        ({"frames": 9}, DataError, "augment.frames is 9, clips have 8; set frames of the view."),
    ],
)
def test_values_without_meaning_are_refused(keys, error, message):
    with pytest.raises(error) as told:
        augment(noise(2, 8, 6, 6, 3), **keys)
    assert str(told.value) == message
