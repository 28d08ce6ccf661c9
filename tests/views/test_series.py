from __future__ import annotations

import numpy as np
import pytest

from checks import face_opening, flat, missing, moved, scaled, still_face, stretched, wild_face
from neuroface import face
from neuroface.errors import ConfigError, DataError
from neuroface.types import Landmarks, Recording, Repetition
from neuroface.views.seen import Seen
from neuroface.views.series import Series, in_face_axes

SIZE = 92.0  # mm between the outer canthi of the still face


def seen(landmarks, *spans) -> Seen:
    repetitions = tuple(Repetition(*span, i) for i, span in enumerate(spans or [(0, len(landmarks))]))
    recording = Recording(subject="N001", group="HC", task="OPEN", landmarks=landmarks)
    return Seen(recording, landmarks, landmarks, repetitions)


def only(view: Series, landmarks) -> np.ndarray:
    _, [row] = view.rows(seen(landmarks))
    return row


def turned(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def test_a_signal_is_the_opening_in_sizes_of_the_face():
    row = only(Series(signals=["mouth_opening"], velocities=False), face_opening(from_mm=4, to_mm=34))
    assert row.shape == (51, 1)  # 2 s at 25 samples per second, both ends
    assert row.min() == pytest.approx(4 / SIZE, rel=1e-3)
    assert row.max() == pytest.approx(34 / SIZE, rel=1e-3)


def test_velocity_is_per_second_of_the_timestamps():
    opening = face_opening(from_mm=4, to_mm=34)
    names, [row] = Series(signals=["mouth_opening"], rate_hz=50).rows(seen(opening))
    assert names == ("mouth_opening", "mouth_opening_per_s")
    # a raised cosine of period 2 s: its steepest is 15 mm * pi / s
    assert row[:, 1].max() == pytest.approx(15 * np.pi / SIZE, rel=5e-3)
    slow = only(Series(signals=["mouth_opening"], rate_hz=50), stretched(opening, 2))
    assert len(slow) == 201
    assert slow[:, 1].max() == pytest.approx(row[:, 1].max() / 2, rel=5e-3)


VIEWS = {"signals": Series(), "mouth": Series(points="mouth", signals=None), "all": Series(points="all")}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_neither_size_nor_head_motion_nor_seat_is_felt(view):
    landmarks = wild_face(3)
    before = only(view, landmarks)
    sway = np.stack([turned(angle) for angle in np.linspace(-5, 5, len(landmarks))])
    rigid = face.RIGID
    still = landmarks.points.copy()
    still[:, rigid] = still_face()[rigid]  # a skull that does not deform, so that its motion can be undone
    landmarks = Landmarks(still, landmarks.timestamps_s, "head")
    before = only(view, landmarks)
    other = moved(scaled(landmarks, 1.3), sway, np.array([20.0, -5.0, 400.0]))
    assert only(view, other) == pytest.approx(before, abs=2e-4)


def test_axes_of_the_face():
    points = in_face_axes(still_face()[None])[0]
    assert points[face.CANTHUS_RIGHT_OUTER] == pytest.approx([-46, 0, 0], abs=1e-9)
    assert points[face.CANTHUS_LEFT_OUTER] == pytest.approx([46, 0, 0], abs=1e-9)
    assert points[face.NOSE_BASE][0] == pytest.approx(0, abs=1e-9)
    assert points[face.NOSE_BASE][1] > 0
    assert np.isnan(in_face_axes(np.full((3, 68, 2), np.nan))).all()


def test_two_dimensions_are_read_too():
    names, [row] = Series(points="mouth", signals=None, velocities=False).rows(seen(flat(wild_face(0))))
    assert len(names) == row.shape[1] == 20 * 2
    assert names[:2] == ("x48", "y48")
    assert len(Series(points="mouth", signals=None).channels(3)) == 20 * 3 * 2


def test_gaps_are_interpolated_and_ends_are_held():
    opening = face_opening(from_mm=4, to_mm=34)
    gappy = missing(missing(missing(opening, np.s_[:3]), np.s_[40:44]), np.s_[-2:])
    row, whole = (
        only(Series(signals=["mouth_opening"], velocities=False, rate_hz=50), one) for one in (gappy, opening)
    )
    assert np.isfinite(row).all()
    assert np.abs(row - whole).max() < 0.5 / SIZE
    assert (row[:3] == row[3]).all()
    assert row[42] == pytest.approx(whole[39] + (whole[44] - whole[39]) * 3 / 5)


def test_a_single_frame_is_a_series_of_one_that_does_not_move():
    row = only(Series(signals=["mouth_opening"]), face_opening(from_mm=4, to_mm=34)[50:51])
    assert row == pytest.approx(np.array([[34 / SIZE, 0]]), rel=1e-6)


def test_a_repetition_in_which_nothing_is_seen_is_none():
    landmarks = missing(wild_face(1), np.s_[10:20])
    _, rows = Series().rows(seen(landmarks, (0, 10), (10, 20), (20, 40)))
    assert [row is None for row in rows] == [False, True, False]


def test_what_cannot_be_used_is_told():
    with pytest.raises(DataError, match="never shows both outer canthi, whose distance is the size of the face"):
        Series().rows(seen(missing(wild_face(1))))
    with pytest.raises(DataError, match=r"repetition 0 of 2.0 s, longer than classifier.view.max_s=1; raise it"):
        Series(max_s=1).rows(seen(face_opening(from_mm=4, to_mm=34)))
    landmarks = wild_face(1)
    points = landmarks.points.copy()
    points[:, face.CHIN] = np.nan
    with pytest.raises(DataError, match="never shows x8, y8, z8 in repetition 0"):
        Series(points="jaw").rows(seen(Landmarks(points, landmarks.timestamps_s, "head")))


def test_rows_are_padded_with_nan_to_the_longest():
    X = Series().gather([np.zeros((2, 3)), np.ones((4, 3))])
    assert X.shape == (2, 4, 3)
    assert X.dtype == np.float32
    assert np.isnan(X[0, 2:]).all()
    assert np.isfinite(X[1]).all()


def test_wrong_choices_are_told():
    with pytest.raises(ConfigError, match=r"classifier.view.points is 'moth'. Did you mean 'mouth'\?"):
        Series(points="moth")
    with pytest.raises(ConfigError, match=r"classifier.view.signals holds 'mouth_width_mm'. Did you mean"):
        Series(signals=["mouth_width_mm"])
    with pytest.raises(ConfigError, match="has neither points nor signals"):
        Series(signals=None)
