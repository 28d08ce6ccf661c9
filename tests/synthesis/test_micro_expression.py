from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroface import face
from neuroface.synthesis import face_model
from neuroface.synthesis.face_model import MUSCLES, NEUTRAL
from neuroface.synthesis.micro_expression import EMOTIONS, express
from neuroface.synthesis.motion import TASKS, Performance
from neuroface.synthesis.people import CHANNELS, HEALTHY, Person

EVENLY = Person(identity={}, size=np.ones(len(CHANNELS)), tempo=1.0, sidedness=0.0, disease=HEALTHY)
FPS = 200.0


def shown(emotion: str, count: int = 60, *, effect: float = 1.0, seed: int = 0) -> tuple[Performance, np.ndarray]:
    return express([emotion] * count, EVENLY, np.random.default_rng(seed), effect=effect, fps=FPS)


def points_of(done: Performance) -> np.ndarray:
    return face_model.pose_face(NEUTRAL, done.jaw_deg, done.right_mm, done.left_mm)


def moved(emotion: str, **kwargs) -> np.ndarray:
    """(R, 68, 3) mm: from onset to apex."""
    done, apex = shown(emotion, **kwargs)
    points = points_of(done)
    return points[apex] - points[np.floor(done.bounds_s[:, 0] * FPS).astype(int)]


def test_they_are_as_brief_as_published():
    """1/25 s to 1/2 s, about .32 s on average, at most 260 ms of it onset."""
    done, apex = shown("positive", 400)
    duration = np.ptp(done.bounds_s, axis=1)
    onset = apex / FPS - done.bounds_s[:, 0]
    assert duration.min() > 1 / 25
    assert duration.max() <= 0.5 + 1e-9
    assert duration.mean() == pytest.approx(0.317, abs=0.02)
    assert onset.max() < 0.26


def test_they_are_small_beside_voluntary_movement():
    """The greatest is a fifth of a full smile or brow raise, the mean about an eighth."""
    for emotion, landmark, task, muscle in (
        ("positive", face.MOUTH_CORNER_LEFT, "BIGSMILE", "smile"),
        ("surprise", face.BROW_LEFT[2], "BROW", "brow_raise"),
    ):
        full = TASKS[task].size[muscle]
        excursion = np.linalg.norm(moved(emotion, count=200)[:, landmark], axis=1)
        assert excursion.max() < 0.24 * full
        assert excursion.min() > 0.05 * full
        assert excursion.mean() == pytest.approx(0.14 * full, rel=0.1)


def test_the_apex_is_where_the_face_is_farthest_from_its_onset():
    done, apex = shown("surprise", 40)
    points = points_of(done)
    for (start_s, stop_s), at in zip(done.bounds_s, apex, strict=True):
        start, stop = int(start_s * FPS), int(stop_s * FPS) + 1
        far = np.linalg.norm(points[start:stop] - points[start], axis=2).mean(axis=1)
        assert abs(start + far.argmax() - at) <= 3


def test_the_face_is_neutral_between_them():
    done, _ = shown("negative", 10)
    rest = np.ones(len(done.times_s), dtype=bool)
    for start_s, stop_s in done.bounds_s:
        rest[(done.times_s >= start_s) & (done.times_s <= stop_s)] = False
    assert done.jaw_deg[rest].max() == 0
    toned = [MUSCLES.index("smile"), MUSCLES.index("brow_raise")]
    assert_allclose(np.delete(done.right_mm[rest], toned, axis=1), 0, atol=1e-12)
    assert np.abs(done.right_mm[rest]).max() < 0.8  # a face at rest is not quite still: .15 mm, 1 SD


def test_emotions_move_the_face_as_their_action_units_say():
    brow, corner = (np.array([face.BROW_LEFT[2]]), np.array([face.MOUTH_CORNER_LEFT]))
    up = {e: {p: -moved(e)[:, at, 1].mean() for p, at in (("brow", brow), ("corner", corner))} for e in EMOTIONS}
    assert up["surprise"]["brow"] > 1  # 1 and 2
    assert up["negative"]["brow"] < -0.4  # 4
    assert abs(up["positive"]["brow"]) < 0.1
    assert up["positive"]["corner"] > 0.6  # 12
    lids = np.array(face.EYELIDS_LEFT).T
    opened = {e: (moved(e)[:, lids[1], 1] - moved(e)[:, lids[0], 1]).mean() for e in EMOTIONS}
    assert opened["surprise"] > 0.2  # 5
    assert opened["positive"] < -0.1  # 6


def test_without_effect_emotions_are_one_movement():
    without = [moved(emotion, count=200, effect=0.0, seed=i).mean(axis=0) for i, emotion in enumerate(EMOTIONS)]
    noise = moved("positive", count=200, effect=0.0).std(axis=0) / np.sqrt(200)
    for one, two in ((0, 1), (1, 2)):
        assert (np.abs(without[one] - without[two]) < 5 * np.sqrt(2) * noise + 1e-9).all()
    assert np.linalg.norm(without[0], axis=1).max() > 0.1  # something moves all the same


def test_differences_grow_with_effect():
    apart = [
        np.abs(moved("surprise", effect=effect) - moved("positive", effect=effect)).mean() for effect in (0.5, 1.0, 2.0)
    ]
    assert apart[0] < apart[1] < apart[2]
    assert apart[2] == pytest.approx(2 * apart[1], rel=0.1)
