from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroface.landmarks.trunk_cache import TrunkCache


class Source:
    """Views whose only content is a number, and a frozen network that halves it; counts how much is computed."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype, self.computed = dtype, 0

    def draw(self, rows, copy):
        pictures = np.full((len(rows), 4, 4, 3), (10 * copy + rows)[:, None, None, None], dtype=np.uint8)
        return pictures, np.full((len(rows), 68, 2), 100.0 * copy + rows[:, None, None])

    def features(self, pictures):
        self.computed += len(pictures)
        halves = torch.from_numpy(pictures[:, :2, :3, :1].copy()).permute(0, 3, 1, 2).repeat(1, 5, 1, 1)
        return (halves.float() / 2 + torch.arange(5)[:, None, None]).to(self.dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_features_and_points_come_back_by_row_and_copy(tmp_path, dtype):
    source = Source(dtype)
    cache = TrunkCache(tmp_path / "trunk", source.draw, source.features, n=6, varied=np.array([1, 4]), copies=3)
    for rows, copy in (([5, 0, 2], 0), ([4, 1], 1), ([1, 4, 1], 2)):
        features, points = cache(np.array(rows), copy)
        assert features.dtype == dtype
        assert features.shape == (len(rows), 5, 2, 3)
        assert features.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(features, source.features(source.draw(np.array(rows), copy)[0]))
        assert points[:, 0, 0].tolist() == [100 * copy + row for row in rows]


def test_it_is_on_disk_and_no_larger_than_it_says(tmp_path):
    source = Source(torch.bfloat16)
    cache = TrunkCache(tmp_path / "trunk", source.draw, source.features, n=6, varied=np.arange(6), copies=2)
    assert (tmp_path / "trunk").stat().st_size == 12 * 5 * 2 * 3 * 2  # views, channels, height, width, bytes
    cache.remove()
    assert not any(tmp_path.iterdir())


def test_a_whole_file_is_used_again_and_half_of_one_is_not(tmp_path):
    keys = {"n": 6, "varied": np.arange(6), "copies": 2}
    (tmp_path / "trunk.half").write_bytes(b"interrupted")
    first, second = Source(torch.float32), Source(torch.float32)
    TrunkCache(tmp_path / "trunk", first.draw, first.features, **keys)
    again = TrunkCache(tmp_path / "trunk", second.draw, second.features, **keys)
    assert (first.computed, second.computed) == (13, 1)  # one more to learn the shape
    assert torch.equal(again(np.array([3]), 1)[0], first.features(first.draw(np.array([3]), 1)[0]))
