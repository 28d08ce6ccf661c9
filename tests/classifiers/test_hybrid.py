from __future__ import annotations

import torch
from clip_networks import accuracy_after, flashes

from neuroface.classifiers.hybrid import Hybrid

SHAPE = (6, 16, 16, 3)


def small(**keys):
    torch.manual_seed(0)
    return Hybrid(SHAPE, 3, **{"width": 2, "frame_width": 2, "hidden": 5, "dropout": 0.0, **keys}).eval()


def test_it_learns_when_something_happens():
    torch.manual_seed(0)
    x, y = flashes(32)
    network = Hybrid(x.shape[1:], 2, width=2, frame_width=4, hidden=16, dropout=0.0)
    assert accuracy_after(network, x, y) >= 0.9


def test_both_branches_reach_the_answer():
    network, x = small(), torch.randn(2, *SHAPE)
    both = network(x)
    for branch in (slice(0, 5), slice(5, 10)):  # of the last layer's inputs
        weight = network.head.weight[:, branch]
        kept = weight.clone()
        with torch.no_grad():
            weight.zero_()
        assert not torch.allclose(network(x), both)
        with torch.no_grad():
            weight.copy_(kept)
    assert torch.equal(network(x), both)


def test_frames_are_seen_one_by_one_and_in_order():
    """The LSTM's last state is that of a loop over the frames, each through the CNN by itself."""
    network, x = small(sees="picture"), torch.randn(2, *SHAPE)
    state = None
    for t in range(SHAPE[0]):
        frame = network.frames(x[:, t].permute(0, 3, 1, 2))
        _, state = network.lstm(frame[:, None], state)
    joined = torch.cat([state[0][0], torch.relu(network.clip(x))], dim=1)
    torch.testing.assert_close(network(x), network.head(joined))


def test_vgg16_may_see_the_frames():
    torch.manual_seed(0)
    network = Hybrid((2, 32, 32, 3), 3, frame_cnn="vgg16", width=2, hidden=5)
    assert network.lstm.input_size == 512
    assert network(torch.randn(2, 2, 32, 32, 3)).shape == (2, 3)
