"""The lists from 468 to 68 points, by the symmetry of both schemes."""

from __future__ import annotations

import numpy as np
import pytest

from neuroface import face
from neuroface.errors import ConfigError
from neuroface.landmarks import mesh68


@pytest.mark.parametrize("name", mesh68.LISTS)
def test_a_list_names_68_points_once_each(name):
    vertices = [at if isinstance(at, tuple) else (at, at) for at in mesh68.LISTS[name]]
    assert len(vertices) == face.N_POINTS
    assert len(set(vertices)) == face.N_POINTS
    assert all(0 <= at < 468 for pair in vertices for at in pair)


def test_pairs_are_their_middle():
    mesh = np.zeros((468, 2))
    mesh[168], mesh[6] = [10, 0], [20, 8]
    assert mesh68.points68(mesh, "yan")[27] == pytest.approx([15, 4])
    assert mesh68.points68(mesh, "common")[27] == pytest.approx([10, 0])
    assert mesh68.points68(np.zeros((5, 468, 3)), "yan").shape == (5, 68, 3)


def test_offsets_turn_and_grow_with_the_face():
    points = np.random.default_rng(1).uniform(0, 40, (68, 2))
    points[[face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER]] = [[0, 10], [40, 10]]
    moved = mesh68.offset(points[None], "dlib")[0] - points
    assert 0.1 < np.linalg.norm(moved, axis=1).mean() < 4  # px of 40 between the canthi
    turn = np.array([[0.0, -1], [1, 0]])
    again = mesh68.offset(2 * points[None] @ turn.T, "dlib")[0] - 2 * points @ turn.T
    assert again == pytest.approx(2 * moved @ turn.T)
    assert mesh68.offset(points, "none") is points


def test_other_names_are_told():
    with pytest.raises(ConfigError, match=r"index_list=yen: there is no such list\. "):
        mesh68.points68(np.zeros((468, 2)), "yen")
    with pytest.raises(ConfigError, match="offsets=dlb: there is no such choice"):
        mesh68.offset(np.zeros((68, 2)), "dlb")
