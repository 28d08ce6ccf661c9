from __future__ import annotations

import numpy as np
import pytest

from neuroface import face
from neuroface.synthesis import face_model
from neuroface.synthesis.mood import MOODS, TASKS, asymmetry, intensity_mm
from neuroface.synthesis.motion import perform
from neuroface.synthesis.people import draw_person


def responses(group, *, effect=1.0, people=40):
    """(n, 3): intensity in mm, symmetry and duration in s of one response to an amusing film of each person."""
    found = []
    for seed in range(people):
        streams = [np.random.default_rng([seed, k]) for k in range(3)]
        person = draw_person(streams[0], streams[1], disease=MOODS[group], effect=effect)
        done = perform(TASKS["AMUSING"], person, streams[2], repetitions=1, fps=20.0)
        neutral = face_model.identity_face(person.identity)
        points = face_model.pose_face(neutral, done.jaw_deg, done.right_mm, done.left_mm)
        found.append([intensity_mm(points), asymmetry(points), np.ptp(done.bounds_s)])
    return np.array(found)


def moved(right_mm, left_mm):
    """(3, 68, 3) mm: brows and mouth corners that go up by so much."""
    points = np.zeros((3, face.N_POINTS, 3))
    for points_of, by in (
        ((face.BROW_RIGHT, face.MOUTH_CORNER_RIGHT), right_mm),
        ((face.BROW_LEFT, face.MOUTH_CORNER_LEFT), left_mm),
    ):
        for part in points_of:
            points[1, part, 1] = by
    return points


def test_intensity_and_symmetry_of_a_known_movement():
    assert intensity_mm(moved(4.0, 3.0)) == pytest.approx(3.5)
    assert asymmetry(moved(4.0, 3.0)) == pytest.approx(3 / 4)
    assert asymmetry(moved(3.0, 4.0)) == pytest.approx(3 / 4)


def test_groups_differ_as_the_datasheet_says():
    healthy, low, high = (np.median(responses(group), axis=0) for group in ("HC", "MDD", "BD"))
    assert low[0] < 0.7 * healthy[0]  # less expression
    assert low[2] > 1.2 * healthy[2]  # slower
    assert high[2] < 0.9 * healthy[2]  # faster
    assert high[1] < healthy[1] - 0.15  # less even
    assert abs(low[1] - healthy[1]) < 0.05


def test_without_an_effect_everybody_moves_alike():
    healthy = responses("HC", effect=0.0, people=5)
    for group in ("MDD", "BD"):
        assert np.array_equal(responses(group, effect=0.0, people=5), healthy)
