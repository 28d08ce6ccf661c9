from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroface import face
from neuroface.classifiers.stgcn import STGCN, adjacency
from neuroface.errors import ConfigError, DataError

EVERY = np.arange(face.N_POINTS)


def test_messages_are_shares_and_edges_go_both_ways():
    itself, along, across = adjacency(EVERY)
    assert np.array_equal(itself, np.eye(face.N_POINTS))
    assert np.allclose(along.sum(axis=1), 1)
    assert np.array_equal(along > 0, along.T > 0)
    mirrored = np.flatnonzero(face.MIRROR != EVERY)
    assert np.array_equal(across.argmax(axis=1)[mirrored], face.MIRROR[mirrored])
    assert across.sum() == len(mirrored)


def test_the_face_is_symmetric_and_the_mouth_a_ring():
    _, along, _ = adjacency(EVERY)
    assert np.array_equal(along > 0, along[face.MIRROR][:, face.MIRROR] > 0)
    corner = np.flatnonzero(along[face.MOUTH_CORNER_RIGHT])
    assert corner.tolist() == [face.MOUTH_OUTER[1], face.MOUTH_OUTER[-1]]


def test_a_point_hears_its_neighbours_and_its_mirror_and_nobody_else():
    torch.manual_seed(0)
    network = STGCN((4, 68 * 2), 2, velocities=False, blocks=1, dropout=0.0).eval()
    heard = []
    network.blocks[0].register_forward_hook(lambda _, __, y: heard.append(y))
    seen = torch.ones(1, 4, dtype=torch.bool)
    x = torch.randn(1, 4, 68 * 2)
    network(x, seen)
    network(x + torch.nn.functional.one_hot(torch.tensor(2 * face.CHIN), 68 * 2), seen)
    changed = torch.nonzero((heard[0] - heard[1]).abs().sum(dim=(0, 1, 3)) > 1e-6)[:, 0]
    expected = {face.CHIN, *np.flatnonzero(adjacency(EVERY)[1][:, face.CHIN]).tolist()}
    assert set(changed.tolist()) == expected


def test_padding_never_matters():
    torch.manual_seed(0)
    network = STGCN((5, 20 * 3 * 2), 2, points="mouth", width=4, kernel=3).eval()
    x, seen = torch.randn(2, 5, 120), torch.tensor([[True] * 5, [True, True, False, False, False]])
    x = torch.where(seen[..., None], x, 0)
    longer = torch.nn.functional.pad(x, (0, 0, 0, 4)), torch.nn.functional.pad(seen, (0, 4))
    assert torch.allclose(network(x, seen), network(*longer), atol=1e-6)


def test_channels_that_are_no_points_are_refused():
    with pytest.raises(DataError, match="A series of 16 channels is no 68 points in 2-D or 3-D with velocities"):
        STGCN((5, 16), 2)
    with pytest.raises(ConfigError, match=r"classifier.network.points is 'moth'. Did you mean 'mouth'\?"):
        STGCN((5, 16), 2, points="moth")
