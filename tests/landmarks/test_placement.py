from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroface.errors import ConfigError
from neuroface.landmarks.placement import Placement, Portions


class SmallMemory:
    """Work that fails for more than `room` rows at once."""

    def __init__(self, room: int) -> None:
        self.room, self.seen = room, []

    def __call__(self, rows):
        if len(rows) > self.room:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        self.seen += rows.tolist()
        return len(rows)


def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_says_so():
    portions, work, begun = Portions(), SmallMemory(3), []
    with pytest.warns(UserWarning, match=r"does not hold 10 images at once; each batch is now computed in 2 portions"):
        assert portions(work, np.arange(10), begin=lambda: begun.append(work.seen.clear())) == [3, 3, 2, 2]
    assert work.seen == list(range(10))
    assert len(begun) == 3  # whole, in halves, in quarters
    assert portions(work, np.arange(8)) == [2, 2, 2, 2]  # remembered for the next batch


def test_a_single_image_that_does_not_fit_is_an_error():
    message = "A single image does not fit into the memory of the device. Choose a smaller network, or device=cpu."
    with pytest.warns(UserWarning, match="portions"), pytest.raises(ConfigError) as error:
        Portions()(SmallMemory(0), np.arange(3))
    assert str(error.value) == message


def test_pictures_are_rgb_0_to_1_with_channels_last():
    views = np.zeros((1, 2, 2, 3), np.uint8)
    views[0, 1, 0] = [255, 51, 0]
    pictures = Placement("cpu", "fp32").pictures(views)
    assert pictures[0, :, 1, 0].tolist() == pytest.approx([1.0, 0.2, 0.0])
    assert pictures.is_contiguous(memory_format=torch.channels_last)


def test_auto_takes_the_gpu_where_there_is_one(monkeypatch):
    for there, name in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert Placement("auto", "fp32").device.type == name
