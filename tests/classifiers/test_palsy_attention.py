"""Asymmetry maps and regions mean what their names say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from checks import still_face
from neuroface import face
from neuroface.classifiers.htnet import HTNet
from neuroface.classifiers.palsy_attention import (
    REGIONS,
    LandmarkRegions,
    merge_windows,
    neighbours,
    region_masks,
    split_windows,
)
from neuroface.errors import DataError

SIZE = 56


def mirror_network(**keys) -> HTNet:
    torch.manual_seed(3)
    return HTNet(SIZE, 7, 3, 20, 2, 3, (2, 4, 2), micro_attention="mirror", **keys).eval()


def faces(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def points(n: int = 1, *, seed: int | None = None) -> np.ndarray:
    """(n, 68, 2) px: the still face in the middle of the picture, or each with points that wander by 1 px."""
    at = np.tile(still_face()[:, :2] * 0.33 + (SIZE - 1) / 2, (n, 1, 1))
    return at if seed is None else at + np.random.default_rng(seed).normal(size=at.shape)


def mirrored_points(at: np.ndarray) -> np.ndarray:
    return np.stack([SIZE - 1 - at[:, face.MIRROR, 0], at[:, face.MIRROR, 1]], axis=-1)


def masks(at: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(region_masks(at, SIZE))


def test_windows_are_squares_of_the_picture():
    x = torch.arange(2 * 6 * 6).view(2, 6, 6, 1)
    windows = split_windows(x, 3)
    assert windows.shape == (18, 4, 1)
    assert windows[9 + 5].flatten().tolist() == x[1, 2:4, 4:6].flatten().tolist()  # second row, third column
    assert torch.equal(merge_windows(windows, 3), x)


def test_neighbours_touch():
    """In 3 x 3 a corner has 3 neighbours, an edge 5, the middle 8, and each token sees itself."""
    assert neighbours(3).sum(1).tolist() == [4, 6, 4, 6, 9, 6, 4, 6, 4]
    assert neighbours(2).all()


@pytest.mark.parametrize("image", [28, SIZE, 112])
def test_a_symmetric_face_has_no_asymmetry(image: int):
    torch.manual_seed(0)
    network = HTNet(image, 7, 3, 20, 2, 3, (2, 4, 2), micro_attention="mirror").eval()
    half = torch.randn(3, 3, image, image // 2)
    maps = network.forward_with_maps(torch.cat([half, half.flip(-1)], dim=-1))[1]
    assert maps.keys() == {"asymmetry.0", "asymmetry.1", "asymmetry.2", "asymmetry"}
    assert not any(value.any() for value in maps.values())


@pytest.mark.parametrize("roi", [None, "mirror"])
def test_a_mirrored_face_has_the_mirrored_maps(roi: str | None):
    network, x, at = mirror_network(roi=roi), faces(3), points(3, seed=0)
    here, there = (masks(at), masks(mirrored_points(at))) if roi else (None, None)
    maps, mirrored = network.forward_with_maps(x, here)[1], network.forward_with_maps(x.flip(-1), there)[1]
    for name in maps:
        expected = maps[name] if name == "roi_weight" else maps[name].flip(-1)
        torch.testing.assert_close(mirrored[name], expected, atol=1e-5, rtol=1e-4)
    assert (maps["asymmetry.0"] - maps["asymmetry.0"].flip(-1)).abs().max() > 1e-3  # the two sides may differ


def test_the_map_stands_where_the_face_differs_and_opposite():
    """One patch of a symmetric face is changed; the finest hierarchy has windows of 2 x 2 tokens of 7 px."""
    half = faces(1)[..., : SIZE // 2]
    x = torch.cat([half, half.flip(-1)], dim=-1)
    x[:, :, 14:21, 7:14] += 1.0  # row 2, column 1: in the window of rows 2-3, columns 0-1
    level = mirror_network().forward_with_maps(x)[1]["asymmetry.0"][0]
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[2:4, 0:2] = expected[2:4, 6:8] = True
    assert torch.equal(level > 0, expected)


def test_asymmetry_is_a_share():
    maps = mirror_network().forward_with_maps(100 * faces(4))[1]
    for name, value in maps.items():
        assert value.min() >= 0, name
        assert 0 < value.max() <= 1, name


def test_the_published_map_is_not_about_symmetry():
    """What the mirror version puts right: equal halves score near a half, and each window is its own face."""
    torch.manual_seed(0)
    network = HTNet(SIZE, 7, 3, 20, 2, 3, (2, 4, 2), micro_attention="as_published").eval()
    half = faces(2)[..., : SIZE // 2]
    maps = network.forward_with_maps(torch.cat([half, half.flip(-1)], dim=-1))[1]
    assert maps["asymmetry.0"].min() > 0.1


def test_logits_feel_the_asymmetry_map():
    network, x = mirror_network(), faces(2)
    network(x).square().sum().backward()
    gates = [p.grad for name, p in network.named_parameters() if "asymmetry" in name]
    assert len(gates) == 2 * 4  # two layers in every second of 2 + 4 + 2 blocks
    assert all(gradient.abs().max() > 0 for gradient in gates)


def test_regions_hold_their_landmarks():
    at = points(2, seed=1)
    found = region_masks(at, SIZE)
    assert found.shape == (2, 5, SIZE, SIZE)
    assert set(np.unique(found)) == {0, 1}
    held = {"forehead": face.REGIONS["brows"], "eyes": face.REGIONS["eyes"], "nose": face.REGIONS["nose"]}
    for name, names in (held | {"mouth": face.MOUTH}).items():
        for i in range(2):
            x, y = at[i, names].astype(int).T
            near = found[i, REGIONS.index(name)]
            assert (near[y, x] + near[y + 1, x] + near[y, x + 1] + near[y + 1, x + 1] > 0).all(), name
    cheeks = found[0, REGIONS.index("cheeks")]
    below_eye = (at[0, face.EYE_LEFT].max(0) + at[0, face.MOUTH_CORNER_LEFT]).round().astype(int) // 2
    assert cheeks[below_eye[1] + 2, below_eye[0] + 3] == 1
    assert cheeks[:, int(at[0, face.NOSE_TIP, 0])].max() == 0


def test_regions_of_a_symmetric_face_are_symmetric():
    found = region_masks(points(), SIZE)
    assert np.array_equal(found, found[..., ::-1])
    assert (found.sum((2, 3)) > 20).all()


def test_faces_without_landmarks_are_named():
    at = points(3)
    at[1, face.NOSE_TIP] = np.nan
    with pytest.raises(DataError) as error:
        region_masks(at, SIZE)
    assert str(error.value) == "1 of 3 faces lack landmarks: 1. Fill the gaps or leave these faces out."


def test_region_maps_are_weights_inside_the_regions():
    network = HTNet(SIZE, 7, 3, 20, 2, 3, (1, 1, 1), roi="mirror").eval()
    given = masks(points(2, seed=4))
    maps = network.forward_with_maps(faces(2), given)[1]
    share = given.view(2, 5, 8, 7, 8, 7).mean((3, 5))
    torch.testing.assert_close(maps["roi"], share * maps["roi_weight"][:, :, None, None])
    torch.testing.assert_close(maps["roi_mask"], share.sum(1).clamp(max=1))
    assert ((maps["roi_weight"] > 0) & (maps["roi_weight"] < 1)).all()


def test_tokens_outside_all_regions_pass_unchanged():
    torch.manual_seed(0)
    module, x = LandmarkRegions(6), torch.randn(2, 8, 8, 6)
    given = torch.zeros(2, 5, SIZE, SIZE)
    given[:, 3, 28:42, 14:42] = 1
    (out, _), maps = module([x, x.flip(2)], given)
    inside = torch.zeros(8, 8, dtype=torch.bool)
    inside[4:6, 2:6] = True
    assert torch.equal((out != x).any(-1).any(0), inside)
    assert torch.equal(maps["roi"][:, [0, 1, 2, 4]], torch.zeros(2, 4, 8, 8))


def test_a_region_weight_comes_from_that_region_only():
    torch.manual_seed(0)
    module, x = LandmarkRegions(6), torch.randn(1, 8, 8, 6)
    given = torch.zeros(1, 5, 8, 8)
    given[:, 1, 2, :] = given[:, 3, 5, :] = 1
    changed = x.clone()
    changed[:, 5] += 1
    before, after = (module([y, y.flip(2)], given)[1]["roi_weight"][0] for y in (x, changed))
    assert (before != after).tolist() == [False, False, False, True, False]
