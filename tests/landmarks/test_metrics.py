"""Errors of landmarks against arithmetic, plain loops and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from checks import still_face
from neuroface import face
from neuroface.errors import ConfigError, DataError
from neuroface.landmarks import metrics

INNER, OUTER = 32.0, 92.0  # px between the canthi of the still face: x = 16 and x = 46 on either side
SHIFT = np.array([3.0, 4.0])  # 5 px


def faces(n: int = 3) -> np.ndarray:
    """(N, 68, 2) px."""
    return np.tile(still_face()[:, :2], (n, 1, 1)) + 200


def wandering(n: int = 5, seed: int = 0) -> np.ndarray:
    return faces(n) + np.random.default_rng(seed).normal(0, 3, (n, face.N_POINTS, 2))


def test_a_shift_is_the_error_of_every_point():
    truth = faces()
    shifted = truth + SHIFT
    for error in ("rmse", "mean"):
        assert metrics.errors(shifted, truth, error=error) == pytest.approx(5 / INNER)
        assert metrics.per_landmark(shifted, truth, error=error) == pytest.approx(5 / INNER)
        assert metrics.per_region(shifted, truth, error=error) == pytest.approx(dict.fromkeys(face.REGIONS, 5 / INNER))


def test_one_point_off_tells_root_mean_square_from_mean_and_jaw_from_face():
    truth = faces(1)
    predicted = truth.copy()
    predicted[0, face.NOSE_TIP] += [0, 6.0]
    assert metrics.errors(predicted, truth, normaliser="none") == pytest.approx(6 / math.sqrt(51))
    assert metrics.errors(predicted, truth, normaliser="none", error="mean") == pytest.approx(6 / 51)
    assert metrics.errors(predicted, truth, normaliser="none", jaw=True) == pytest.approx(6 / math.sqrt(68))
    predicted = truth.copy()
    predicted[0, face.CHIN] += [0, 6.0]
    assert metrics.errors(predicted, truth) == 0
    assert metrics.per_landmark(predicted, truth, normaliser="none")[face.CHIN] == pytest.approx(6)
    assert metrics.per_region(predicted, truth, normaliser="none")["jaw"] == pytest.approx(6 / math.sqrt(17))


def test_lengths_are_those_of_the_annotation():
    truth = faces(2)
    truth[1] *= 2
    assert metrics.normaliser(truth) == pytest.approx([INNER, 2 * INNER])
    assert metrics.normaliser(truth, "interocular") == pytest.approx([OUTER, 2 * OUTER])
    width, height = np.ptp(truth[0], axis=0)
    assert metrics.normaliser(truth, "box") == pytest.approx(math.sqrt(width * height) * np.array([1, 2]))
    assert metrics.normaliser(truth, "none") == pytest.approx([1, 1])


@pytest.mark.parametrize("kind", [k for k in metrics.LENGTHS if k != "none"])
def test_errors_do_not_feel_the_size_of_the_picture(kind: str):
    truth, predicted = wandering(seed=1), wandering(seed=2)
    assert metrics.errors(2.5 * predicted, 2.5 * truth, normaliser=kind) == pytest.approx(
        metrics.errors(predicted, truth, normaliser=kind)
    )


def test_errors_equal_a_plain_loop():
    truth, predicted = wandering(seed=3), wandering(seed=4)
    seen = np.random.default_rng(5).random((5, 68)) < 0.7
    found = {e: metrics.errors(predicted, truth, error=e, seen=seen, jaw=True) for e in ("rmse", "mean")}
    for f in range(5):
        length = math.dist(truth[f, 39], truth[f, 42])
        distances = [math.dist(predicted[f, k], truth[f, k]) / length for k in range(68) if seen[f, k]]
        assert found["mean"][f] == pytest.approx(sum(distances) / len(distances))
        assert found["rmse"][f] == pytest.approx(math.sqrt(sum(d * d for d in distances) / len(distances)))


def test_points_that_are_not_seen_are_masked():
    truth, predicted = faces(2), faces(2) + SHIFT
    predicted[:, face.MOUTH] += 1000
    seen = np.ones((2, 68), dtype=bool)
    seen[:, face.MOUTH] = False
    assert metrics.errors(predicted, truth, seen=seen) == pytest.approx(5 / INNER)
    truth[:, face.MOUTH] = np.nan  # not annotated: the same
    assert metrics.errors(predicted, truth) == pytest.approx(5 / INNER)
    assert np.isnan(metrics.per_landmark(predicted, truth)[face.MOUTH]).all()
    assert math.isnan(metrics.per_region(predicted, truth)["mouth"])
    assert metrics.per_region(predicted, truth)["eyes"] == pytest.approx(5 / INNER)


def test_a_frame_without_a_face_is_a_failure_and_is_counted():
    truth = faces(4)
    predicted = truth.copy()
    predicted[1] = np.nan
    predicted[2, face.NOSE_TIP] = np.nan  # a counted point is missing: the frame's error is not known
    predicted[3, face.CHIN] = np.nan  # the jaw is not counted
    errors = metrics.errors(predicted, truth)
    assert np.isnan(errors).tolist() == [False, True, True, False]
    assert metrics.n_without_face(errors) == 2
    assert metrics.failure_rate(errors) == 0.5
    assert metrics.cumulative(errors, np.array([0.0, 1e9])).tolist() == [0.5, 0.5]
    assert metrics.area_under(errors) == pytest.approx(0.5)
    assert metrics.per_landmark(predicted, truth)[face.NOSE_TIP] == 0
    assert metrics.per_region(predicted, truth)["nose"] == 0


def test_the_area_is_the_mean_distance_to_the_limit():
    """The area under a step curve is exactly mean(max(0, 1 - e / limit)); Simpson's steps cost less than one step."""
    errors = np.random.default_rng(0).gamma(4, 0.02, 500)
    exact = np.maximum(0, 1 - errors / 0.1).mean()
    assert metrics.area_under(errors) == pytest.approx(exact, abs=metrics.STEP / 0.1)
    assert metrics.area_under(errors, limit=0.3) == pytest.approx(np.maximum(0, 1 - errors / 0.3).mean(), abs=1e-3)
    assert metrics.area_under(np.zeros(3)) == pytest.approx(1)
    assert metrics.area_under(np.full(3, 0.2)) == 0


def test_an_error_at_the_limit_is_not_a_failure():
    errors = np.array([0.05, 0.1, 0.11])
    assert metrics.failure_rate(errors) == pytest.approx(1 / 3)
    assert metrics.cumulative(errors, np.array([0.0, 0.05, 0.1, 0.2])) == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_the_mean_face_does_not_feel_where_and_how_large_faces_are():
    one = faces(1)
    turn = np.array([[math.cos(0.5), -math.sin(0.5)], [math.sin(0.5), math.cos(0.5)]])
    many = np.concatenate([one, 3 * one - 70, one @ turn.T + [5, 9]])
    mean = metrics.mean_face(many)
    assert mean == pytest.approx((one[0] - 200 - [0, -30]) / OUTER)
    assert mean[[face.CANTHUS_RIGHT_OUTER, face.CANTHUS_LEFT_OUTER]] == pytest.approx(np.array([[-0.5, 0], [0.5, 0]]))


def test_definitions_say_points_length_and_mean():
    assert metrics.definition() == (
        "Root mean square Euclidean distance of 51 points (jaw left out) from the annotation, "
        "divided by the distance of the inner canthi (points 39 and 42)."
    )
    assert metrics.definition("none", jaw=True, error="mean") == (
        "Mean Euclidean distance of all 68 points from the annotation, in pixels."
    )
    assert metrics.definition(error="mean", of="landmark").startswith("Mean Euclidean distance of each point from")
    assert metrics.definition("box", of="region").endswith("box of the annotated points, averaged over frames.")
    assert (metrics.unit("none"), metrics.unit("box")) == ("px", "%")


def test_wrong_names_are_told_with_the_nearest():
    with pytest.raises(ConfigError, match=r"There is no normaliser 'interoccular'\. Did you mean 'interocular'\?"):
        metrics.normaliser(faces(), "interoccular")
    with pytest.raises(ConfigError, match=r"There is no error 'nme'\. Choose from mean, rmse\."):
        metrics.errors(faces(), faces(), error="nme")
    with pytest.raises(ConfigError, match=r"limit=0 leaves no curve to measure\. It is a fraction"):
        metrics.area_under(np.zeros(3), limit=0)


def test_arrays_of_another_shape_are_refused():
    with pytest.raises(DataError, match=r"`truth` is \(3, 67, 2\); it needs \(N, 68, 2\) px, the 68-point scheme\."):
        metrics.errors(faces(), faces()[:, :67])
    with pytest.raises(DataError, match=r"3 predicted frames against 2 annotated ones\. Match them first\."):
        metrics.errors(faces(3), faces(2))
    with pytest.raises(DataError, match=r"`seen` is \(3, 51\), but there are \(3, 68\) points\."):
        metrics.errors(faces(), faces(), seen=np.ones((3, 51), dtype=bool))


def test_truth_that_cannot_answer_is_an_error_and_no_failure_of_the_network():
    truth = faces(12)
    truth[[0, 2], face.CANTHUS_LEFT_INNER] = np.nan
    with pytest.raises(DataError, match=r"The intercanthal length is missing or 0 in 2 of 12 frames \(rows 0, 2\)\."):
        metrics.errors(faces(12), truth)
    assert metrics.errors(faces(12), truth, normaliser="box") == pytest.approx(0)
    nothing = np.full((12, 68, 2), np.nan)
    with pytest.raises(DataError, match=r"in 12 of 12 frames \(rows 0, 1, 2, 3, 4, 5, 6, 7 and 4 more\)\. Leave"):
        metrics.errors(faces(12), nothing, normaliser="none")
    with pytest.raises(DataError, match=r"There are no frames to score\."):
        metrics.failure_rate(np.array([]))
