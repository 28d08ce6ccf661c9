"""Heat-maps: what is drawn is read back, where it is and how well."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroface.errors import ConfigError
from neuroface.landmarks import heatmaps


def somewhere(count: int = 40, *, low: float = 5.0, high: float = 58.0, seed: int = 0) -> torch.Tensor:
    """(count, 68, 2) heat-map px, at least five cells from the border of a map of 64."""
    return low + (high - low) * torch.rand(count, 68, 2, generator=torch.Generator().manual_seed(seed))


def rms(points: torch.Tensor, truth: torch.Tensor) -> float:
    return float((points - truth).square().sum(-1).mean().sqrt())


def test_a_drawn_map_is_a_round_gaussian():
    maps = heatmaps.draw(torch.tensor([[[3.25, 10.5], [0.0, 15.0]]]), 16, sigma=1.5)
    y, x = np.mgrid[:16, :16]
    for found, (px, py) in zip(maps[0].numpy(), [(3.25, 10.5), (0.0, 15.0)], strict=True):
        np.testing.assert_allclose(found, np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 1.5**2)), atol=1e-6)
    assert maps.dtype == torch.float32


@pytest.mark.parametrize("point", [(np.nan, 3.0), (3.0, np.nan), (-0.6, 3.0), (3.0, 15.6)])
def test_a_point_that_is_missing_or_outside_has_an_empty_map(point):
    maps = heatmaps.draw(torch.tensor([[point, (3.0, 4.0)]]), 16)
    assert not maps[0, 0].any()
    assert maps[0, 1].max() == 1


def test_subpixel_finds_a_gaussian_exactly():
    for sigma in (1.0, 1.5, 2.0):
        points, score = heatmaps.decode(heatmaps.draw(somewhere(), 64, sigma=sigma))
        assert (points - somewhere()).abs().max() < 2e-3  # cells
        assert score.min() > 0.75  # the worst place is the corner of four cells: exp(-1/4 / sigma^2)


@pytest.mark.parametrize(("noise", "error"), [(0.02, 0.025), (0.05, 0.065), (0.1, 0.13)])
def test_subpixel_in_noise_errs_by_a_fraction_of_what_quarter_does(noise, error):
    """Root mean square distance in cells; that of the quarter rule is 0.2 at best, whatever the noise."""
    truth = somewhere()
    maps = heatmaps.draw(truth, 64)
    maps += noise * torch.randn(maps.shape, generator=torch.Generator().manual_seed(1))
    subpixel, quarter = (rms(heatmaps.decode(maps, method=method)[0], truth) for method in heatmaps.METHODS)
    assert subpixel < error
    assert quarter > 0.2
    assert quarter > 2 * subpixel


def test_subpixel_follows_a_gaussian_that_is_long_and_slanted():
    """Jaw points have such maps; without the mixed derivative the step would go astray."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    dx, dy = x - 30.3, y - 25.2
    maps = torch.exp(-0.5 * (((dx + dy) / 3.5) ** 2 + ((dx - dy) / 1.4) ** 2))[None, None]
    points, _ = heatmaps.decode(maps)
    torch.testing.assert_close(points, torch.tensor([[[30.3, 25.2]]]), atol=5e-3, rtol=0)


@pytest.mark.slow
def test_quarter_is_the_published_rule():
    theirs = pytest.importorskip("face_alignment.utils").get_preds_fromhm
    generator = torch.Generator().manual_seed(2)
    for maps in (torch.randn(3, 68, 64, 64, generator=generator), heatmaps.draw(somewhere(3, low=-0.4, high=63.4), 64)):
        expected, _, expected_score = theirs(maps.numpy())
        points, score = heatmaps.decode(maps, method="quarter")
        np.testing.assert_allclose(points.numpy() + 0.5, expected, atol=1e-6)
        np.testing.assert_array_equal(score.numpy(), expected_score)


@pytest.mark.parametrize("method", heatmaps.METHODS)
def test_on_the_border_the_cell_is_the_answer(method):
    points = torch.tensor([[[0.2, 30.3], [63.3, 30.3], [30.3, -0.3], [63.0, 63.0]]])
    found, _ = heatmaps.decode(heatmaps.draw(points, 64), method=method)
    torch.testing.assert_close(found, points.round())


@pytest.mark.parametrize("method", heatmaps.METHODS)
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_flat_map_gives_a_number(method, value):
    points, score = heatmaps.decode(torch.full((1, 2, 8, 12), value), method=method)
    assert torch.isfinite(points).all()
    assert (score == value).all()


def test_maps_may_be_oblong():
    maps = torch.zeros(1, 1, 10, 20)
    maps[0, 0, 7, 15] = 1
    for method in heatmaps.METHODS:
        torch.testing.assert_close(heatmaps.decode(maps, method=method)[0], torch.tensor([[[15.0, 7.0]]]))


def test_the_crop_is_a_multiple_of_the_map():
    """The four crop px 0..3 lie in cell 0: their middle, 1.5, is its centre."""
    assert heatmaps.to_crop(torch.tensor([0.0, 63.0])).tolist() == [1.5, 253.5]
    assert heatmaps.from_crop(heatmaps.to_crop(torch.tensor([12.3]))) == pytest.approx(12.3)


def test_another_method_is_refused():
    with pytest.raises(ConfigError) as caught:
        heatmaps.decode(torch.zeros(1, 1, 4, 4), method="subpixels")
    assert str(caught.value) == "decode=subpixels is no way to read heat-maps. Did you mean 'subpixel'?"


@pytest.mark.gpu
def test_the_gpu_draws_and_reads_the_same():
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    maps = heatmaps.draw(somewhere(2).cuda(), 64)
    torch.testing.assert_close(maps.cpu(), heatmaps.draw(somewhere(2), 64), atol=1e-6, rtol=0)
    for method in heatmaps.METHODS:
        points, _ = heatmaps.decode(maps, method=method)
        torch.testing.assert_close(points.cpu(), heatmaps.decode(maps.cpu(), method=method)[0], atol=1e-4, rtol=0)
