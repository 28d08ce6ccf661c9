from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from checks import face_with_lips, flat, missing, times
from neuroface import face
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.errors import DataError
from neuroface.repetitions import MOVEMENTS, agreement, find, given, period, unusual_count, whole
from neuroface.types import Landmarks, Repetition

NON_SPEECH = ("OPEN", "SPREAD", "BIGSMILE", "KISS", "BLOW", "BROW")


def bumps(n: int, *, bump_s: float, rest_s: float, cycles: int = 1) -> tuple[np.ndarray, list[Repetition]]:
    """(T,) 0..1 at 50 frames/s: n repetitions of `cycles` raised cosines each, rests around them; and their bounds."""
    rest = np.zeros(round(rest_s * 50))
    phase = np.arange(round(bump_s * 50)) / round(bump_s * 50)
    bump = (1 - np.cos(2 * np.pi * cycles * phase)) / 2
    step = len(rest) + len(bump)
    bounds = [Repetition(len(rest) + k * step, (k + 1) * step, k) for k in range(n)]
    return np.concatenate([np.concatenate([rest, bump] * n), rest]), bounds


def acted(task: str, wave: np.ndarray, *, noise_mm: float = 0.1) -> Landmarks:
    """A face that moves by the wave (T,) 0..1 in the way the task asks for."""
    width, height = np.full(len(wave), 50.0), np.full(len(wave), 10.0)
    if task in ("SPREAD", "BIGSMILE"):
        width = width + 12 * wave
    elif task in ("KISS", "BLOW"):
        width = width - 12 * wave
    elif task != "BROW":
        height = height + 15 * wave
    landmarks = face_with_lips(width, height)
    brows = np.concatenate([face.BROW_RIGHT, face.BROW_LEFT])
    landmarks.points[:, brows, 1] -= 8 * wave[:, None] * (task == "BROW")
    landmarks.points[:] += np.random.default_rng(0).normal(0, noise_mm, landmarks.points.shape)
    return landmarks


@pytest.mark.parametrize("task", NON_SPEECH)
def test_each_non_speech_task_is_found_in_its_own_movement(task):
    wave, true = bumps(5, bump_s=1.6, rest_s=0.8)
    scores = agreement(find(acted(task, wave), task=task, given=None), true, times(len(wave)))
    assert scores["count_error"] == 0
    assert scores["mean_iou"] > 0.85


def test_a_sentence_with_several_closures_is_one_repetition():
    wave, true = bumps(10, bump_s=1.25, rest_s=0.7, cycles=5)
    scores = agreement(find(acted("BBP", wave), task="BBP", given=None), true, times(len(wave)))
    assert scores["count_error"] == 0
    assert scores["mean_iou"] > 0.85


def test_a_train_without_pauses_is_cut_at_the_closures():
    wave, _ = bumps(1, bump_s=4.0, rest_s=1.0, cycles=20)  # 20 syllables of 0.2 s
    found = find(acted("PA", wave), task="PA", given=None)
    assert len(found) == 20
    starts = np.array([r.start for r in found])
    assert starts[1:] == pytest.approx(50 + 10 * np.arange(1, 20), abs=1)
    assert all(a.stop == b.start for a, b in pairwise(found))


def test_a_small_movement_between_repetitions_is_none():
    wave, true = bumps(5, bump_s=1.6, rest_s=1.2)
    wave[true[2].stop + 10 : true[2].stop + 40] = 0.15 * np.sin(np.pi * np.arange(30) / 30)
    assert len(find(acted("OPEN", wave), task="OPEN", given=None)) == 5


def test_one_repetition_is_found_once():
    wave, true = bumps(1, bump_s=1.6, rest_s=1.0)
    found = find(acted("OPEN", wave), task="OPEN", given=None)
    assert agreement(found, true, times(len(wave)))["mean_iou"] > 0.85
    assert len(found) == 1


def test_rest_is_one_repetition_of_the_whole_recording():
    assert find(acted("OPEN", np.zeros(70)), task="REST", given=None) == (Repetition(0, 70, 0),)


def test_missing_frames_pixels_and_scale_do_not_change_what_is_found():
    wave, true = bumps(5, bump_s=1.6, rest_s=0.8)
    landmarks = acted("OPEN", wave)
    found = find(landmarks, task="OPEN", given=None)
    assert find(replace(landmarks, points=landmarks.points * 3), task="OPEN", given=None) == found
    assert len(find(flat(landmarks), task="OPEN", given=None)) == 5
    holes = missing(landmarks, np.random.default_rng(0).random(len(wave)) < 0.1)
    assert agreement(find(holes, task="OPEN", given=None), true, times(len(wave)))["mean_iou"] > 0.85


def test_timestamps_and_not_frame_numbers_are_time():
    wave, true = bumps(5, bump_s=1.6, rest_s=0.8)
    keep = np.random.default_rng(1).random(len(wave)) < 0.6
    landmarks = acted("OPEN", wave)
    uneven = Landmarks(landmarks.points[keep], landmarks.timestamps_s[keep], "head")
    where = np.cumsum(keep) - 1
    true = [Repetition(int(where[r.start]), int(where[r.stop - 1]) + 1, r.index) for r in true]
    scores = agreement(find(uneven, task="OPEN", given=None), true, uneven.timestamps_s)
    assert scores["count_error"] == 0
    assert scores["mean_iou"] > 0.8


def test_a_whole_recording_is_one_repetition_whatever_its_task():
    assert whole(acted("OPEN", np.zeros(20)), task="reading", given=(Repetition(0, 5, 0),)) == (Repetition(0, 20, 0),)


def test_given_repetitions_are_returned_as_they_are():
    bounds = (Repetition(0, 10, 0), Repetition(10, 20, 1))
    assert given(acted("OPEN", np.zeros(20)), task="OPEN", given=bounds) is bounds


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda face: given(face, task="OPEN", given=None),
            "has no repetition bounds; set repetitions=find, or repetitions=whole to take it as one",
        ),
        (
            lambda face: find(face, task="OPNE", given=None),
            "has task 'OPNE', whose movement is not known; repetitions=whole takes each recording as one. "
            "Did you mean 'OPEN'?",
        ),
        (
            lambda face: find(missing(face), task="OPEN", given=None),
            "shows the landmarks of its task in fewer than 3 frames; no repetition can be found",
        ),
        (
            lambda face: find(face, task="OPEN", given=None),
            "shows no movement of its task; no repetition can be found",
        ),
    ],
)
def test_what_cannot_be_found_says_why(call, message):
    with pytest.raises(DataError) as error:
        call(acted("OPEN", np.zeros(50), noise_mm=0))
    assert str(error.value) == message


def test_period_is_not_its_double_nor_that_of_the_syllables():
    wave, _ = bumps(8, bump_s=1.2, rest_s=0.8, cycles=5)
    found = period(wave, times(len(wave)), between_s=(0.9, 6.0))
    assert found == pytest.approx(2.0, abs=0.03)


def test_unusual_counts_are_flagged_where_the_protocol_names_one():
    assert unusual_count("BBP", 8) == "BBP has 8 repetitions; the protocol asks for 10"
    assert unusual_count("BBP", 10) is None
    assert unusual_count("PA", 8) is None
    assert unusual_count("REST", 1) is None


def test_agreement_of_equal_repetitions():
    true = (Repetition(0, 10, 0), Repetition(20, 30, 1))
    assert agreement(true, true, times(40)) == {
        "mean_iou": 1.0,
        "f1": 1.0,
        "boundary_error_ms": 0.0,
        "count_error": 0.0,
        "off_by_more_than_one": 0.0,
    }


def test_agreement_by_arithmetic():
    true = [Repetition(0, 100, 0), Repetition(100, 200, 1), Repetition(200, 300, 2)]
    found = [Repetition(10, 100, 0), Repetition(150, 200, 1)]
    scores = agreement(found, true, times(300, fps=100))
    assert scores == pytest.approx(
        {
            "mean_iou": (90 / 100 + 50 / 100 + 0) / 3,
            "f1": 2 * 2 / (2 + 3),
            "boundary_error_ms": (100 + 0 + 500 + 0) / 4,
            "count_error": -1,
            "off_by_more_than_one": 0,
        }
    )


def test_agreement_matches_one_to_one():
    true = [Repetition(0, 60, 0)]
    halves = [Repetition(0, 30, 0), Repetition(30, 60, 1), Repetition(60, 90, 2)]
    scores = agreement(halves, true, times(90))
    assert scores["mean_iou"] == pytest.approx(30 / 60)
    assert scores["f1"] == pytest.approx(2 * 1 / (3 + 1))
    assert (scores["count_error"], scores["off_by_more_than_one"]) == (2, 1)


def test_agreement_of_the_best_matching_and_not_of_the_first():
    # greedy would give the first true one its best overlap and leave the second with nothing
    true = [Repetition(0, 40, 0), Repetition(40, 60, 1)]
    found = [Repetition(20, 60, 0), Repetition(0, 18, 1)]
    assert agreement(found, true, times(60))["mean_iou"] == pytest.approx((18 / 40 + 20 / 40) / 2)


def test_agreement_with_nothing_found_and_with_nothing_true():
    scores = agreement([], [Repetition(0, 10, 0)], times(10))
    assert (scores["mean_iou"], scores["f1"], scores["count_error"]) == (0, 0, -1)
    assert np.isnan(scores["boundary_error_ms"])
    with pytest.raises(DataError, match="has no true repetition to compare found ones with"):
        agreement([Repetition(0, 10, 0)], [], times(10))


@pytest.mark.slow
@pytest.mark.parametrize(("tasks", "goal"), [(NON_SPEECH, 0.8), (("BBP",), 0.6), (("PA",), 0.6), (("PATAKA",), 0.6)])
def test_repetitions_of_the_synthetic_clinic(tasks, goal):
    scores: dict[tuple[str, str], list[float]] = {}
    for recording in SyntheticCohort(people={"HC": 6, "ALS": 6, "PS": 6}, tasks=tasks, seed=5).recordings():
        found = find(recording.landmarks, task=recording.task, given=None)
        score = agreement(found, recording.repetitions, recording.landmarks.timestamps_s)
        scores.setdefault((recording.task, recording.group), []).append(score["mean_iou"])
    assert len(scores) == 3 * len(tasks)
    assert {key: np.mean(values) for key, values in scores.items() if np.mean(values) < goal} == {}


def test_every_task_of_the_clinic_has_a_movement():
    assert set(SyntheticCohort().tasks) - {"REST"} == set(MOVEMENTS)
