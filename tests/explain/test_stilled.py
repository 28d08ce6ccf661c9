from __future__ import annotations

import numpy as np
import pytest

from neuroface import face, geometry
from neuroface.explain.stilled import MOVED, PLACES, Stilled, stilled
from neuroface.synthesis.face_model import MUSCLES, NEUTRAL, pose_face
from neuroface.types import Landmarks, Recording, Repetition, Truth
from neuroface.views.seen import Seen

REPETITIONS = (Repetition(0, 20, 0), Repetition(20, 40, 1))


@pytest.fixture
def opening() -> Landmarks:
    """A mouth that opens twice on a head that turns."""
    t = np.linspace(0, 4 * np.pi, 40)
    points = pose_face(NEUTRAL, 10 * (1 - np.cos(t)) / 2, np.zeros((40, len(MUSCLES))), np.zeros((40, len(MUSCLES))))
    angle = np.radians(5 * np.sin(t / 3))
    turn = np.stack([[np.cos(a), 0, np.sin(a), 0, 1, 0, -np.sin(a), 0, np.cos(a)] for a in angle]).reshape(40, 3, 3)
    return Landmarks(np.einsum("tij,tpj->tpi", turn, points), np.arange(40) / 50, "camera")


def test_one_point_stops_on_the_head_and_the_others_go_on(opening):
    after = stilled(opening, REPETITIONS, face.LIP_BOTTOM_OUTER)
    for repetition in REPETITIONS:
        head = geometry.head_frame(opening.points[repetition.frames])
        own = after.points[repetition.frames]
        assert np.ptp(own[:, face.LIP_BOTTOM_OUTER], axis=0).max() == 0
        others = np.arange(face.N_POINTS) != face.LIP_BOTTOM_OUTER
        np.testing.assert_allclose(own[:, others], head[:, others])
        assert np.ptp(head[:, face.LIP_BOTTOM_OUTER], axis=0).max() > 5


def test_a_point_that_is_never_seen_stays_missing(opening):
    opening.points[:, face.CHIN] = np.nan
    assert np.isnan(stilled(opening, REPETITIONS, face.CHIN).points[:, face.CHIN]).all()


class Paths:
    """A view of one number: how far the chin goes."""

    name = "table"

    def rows(self, seen):
        return ("chin",), [
            np.ptp(seen.landmarks.points[one.frames, face.CHIN, 1], keepdims=True) for one in seen.repetitions
        ]

    def gather(self, rows):
        return np.array(rows)


def test_all_points_are_stilled_in_turn_and_the_truth_is_kept(opening):
    truth = Truth(opening, REPETITIONS, 0.0, None, {})
    recording = Recording("P1", "HC", "OPEN", opening, truth=truth)
    view = Stilled(Paths())
    _, rows = view.rows(Seen(recording, opening, opening, REPETITIONS))
    arrays = view.gather(rows).arrays
    assert arrays[str(face.CHIN)].max() == 0 < arrays["as_it_is"].min()
    np.testing.assert_allclose(arrays["0"], arrays["1"])
    assert arrays[PLACES].shape == (2, 68, 2)
    assert arrays[MOVED][:, face.CHIN].min() > 10
    assert arrays[MOVED][:, face.CANTHUS_LEFT_INNER].max() < 0.5
