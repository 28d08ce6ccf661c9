from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from neuroface.synthesis.face_model import MUSCLES
from neuroface.synthesis.motion import TASKS, WOBBLE_SD, Task, minimum_jerk, perform, smooth_noise
from neuroface.synthesis.people import CHANNELS, DISEASES, HEALTHY, JAW, Disease, Person

TIMES = np.linspace(0, 1, 2_001)


def person(disease: Disease = HEALTHY, **kwargs) -> Person:
    return Person(identity={}, size=np.ones(len(CHANNELS)), tempo=1.0, sidedness=0.0, disease=disease, **kwargs)


def done(task: str, who: Person | None = None, *, seed: int = 0, fps: float = 200.0, repetitions: int | None = None):
    count = repetitions or TASKS[task].repetitions
    return perform(TASKS[task], who or person(), np.random.default_rng(seed), repetitions=count, fps=fps)


def peaks(signal: np.ndarray) -> int:
    """Local maxima above a fifth of the range."""
    inside = signal[1:-1]
    high = inside > signal.min() + 0.2 * np.ptp(signal)
    return int((high & (inside > signal[:-2]) & (inside >= signal[2:])).sum())


def test_a_minimum_jerk_stroke_passes_the_middle_half_way_and_is_fastest_there():
    path = minimum_jerk(TIMES, np.array([0.0, 1.0]), np.array([0.0, 8.0]))
    speed = np.gradient(path, TIMES)
    assert path[[0, 1_000, 2_000]] == pytest.approx([0, 4, 8])
    assert speed.max() == pytest.approx(8 * 15 / 8, rel=1e-5)
    assert TIMES[speed.argmax()] == pytest.approx(0.5)
    assert speed[[0, -1]] == pytest.approx([0, 0], abs=1e-3)


def test_the_path_rests_at_each_target_and_holds_outside_the_knots():
    knots, values = np.array([0.2, 0.5, 0.8]), np.array([[1.0, 0.0], [2.0, -3.0], [0.0, 5.0]])
    assert_allclose(minimum_jerk(knots, knots, values), values)
    assert_allclose(minimum_jerk(np.array([0.0, 0.1, 0.9]), knots, values), values[[0, 0, 2]])


def test_smooth_noise_has_unit_variance_at_any_rate():
    times = np.arange(0, 4_000, 0.05)
    for rate in (0.5, 3.0):
        noise = smooth_noise(np.random.default_rng(1), times, rate_hz=rate, columns=2)
        assert_allclose(noise.var(axis=0), 1, atol=0.12)
        assert_allclose(noise.mean(axis=0), 0, atol=0.08)


def test_smooth_noise_is_smooth():
    times = np.arange(0, 100, 0.01)
    noise = smooth_noise(np.random.default_rng(1), times, rate_hz=0.5, columns=1)
    # the widest stroke, 8 standard deviations in 2 s, peaks at 15/8 of its mean speed
    assert np.abs(np.diff(noise[:, 0])).max() < 8 * 15 / 8 / 2 * 0.01


@pytest.mark.parametrize("task", TASKS)
def test_bounds_follow_each_other_within_the_recording(task: str):
    performance = done(task)
    bounds = performance.bounds_s
    assert bounds.shape == (TASKS[task].repetitions, 2)
    assert (bounds[:, 0] < bounds[:, 1]).all()
    assert (bounds[1:, 0] >= bounds[:-1, 1]).all()
    assert bounds[0, 0] >= 0
    assert bounds[-1, 1] <= performance.times_s[-1] + 1 / 200


@pytest.mark.parametrize("task", ["OPEN", "SPREAD", "KISS", "BIGSMILE", "BBP"])
def test_the_task_is_still_outside_its_bounds(task: str):
    performance = done(task, seed=4)
    channel = max((c for c in TASKS[task].size if c != JAW), key=TASKS[task].size.__getitem__)
    pull = np.stack([performance.right_mm, performance.left_mm])[:, :, MUSCLES.index(channel)]
    moving = np.abs(np.gradient(pull, performance.times_s, axis=1)).max(axis=0) > 0.5 * pull.max()  # per second
    inside = np.zeros(len(moving), dtype=bool)
    for start, stop in performance.bounds_s:
        inside |= (performance.times_s >= start) & (performance.times_s <= stop)
    assert moving.any()
    if channel != "smile":  # the resting tone of a face shows in the smile
        assert not (moving & ~inside).any()


def test_a_sentence_has_five_openings_between_bilabial_closures():
    performance = done("BBP", seed=2)
    press = performance.right_mm[:, MUSCLES.index("lip_press")]
    for start, stop in performance.bounds_s:
        frames = slice(*np.searchsorted(performance.times_s, [start, stop]))
        assert peaks(performance.jaw_deg[frames]) == 5
        closures = press[frames] > 0.8 * press.max()
        assert closures[0]
        assert np.diff(closures.astype(int)).clip(0).sum() == 4  # four more: B-B-b-P-pp


def test_a_train_has_no_gaps_and_one_lip_closure_per_repetition():
    for task, openings in (("PA", 1), ("PATAKA", 3)):
        performance = done(task, seed=2)
        assert_allclose(performance.bounds_s[1:, 0], performance.bounds_s[:-1, 1])
        start, stop = performance.bounds_s[0, 0], performance.bounds_s[-1, 1]
        frames = slice(*np.searchsorted(performance.times_s, [start, stop]))
        assert peaks(performance.jaw_deg[frames]) == openings * TASKS[task].repetitions


def test_a_gesture_reaches_its_size():
    sizes = [done("OPEN", seed=seed).jaw_deg.max() for seed in range(60)]
    # habits and repetitions vary by about 12 %; the largest of five lies a little above the mean
    assert np.mean(sizes) == pytest.approx(TASKS["OPEN"].size[JAW], rel=0.15)


def test_rest_takes_twenty_seconds_whoever_rests():
    for tempo in (0.7, 1.4):
        who = Person({}, np.ones(len(CHANNELS)), tempo=tempo, sidedness=0.0)
        performance = done("REST", who, fps=50)
        assert len(performance.times_s) == 20 * 50
        assert performance.bounds_s == pytest.approx(np.array([[0.0, 20.0]]))
        assert not performance.jaw_deg.any()


def test_tempo_scales_the_movement():
    slow = Person({}, np.ones(len(CHANNELS)), tempo=2.0, sidedness=0.0)
    onsets = [done("PA", who).bounds_s[:, 0] for who in (person(), slow)]
    assert_allclose(np.diff(onsets[1]), 2 * np.diff(onsets[0]))


def test_als_is_slower_smaller_and_less_steady():
    healthy, ill = person(), person(DISEASES["ALS"], severity=1.0)
    pairs = [(done("OPEN", healthy, seed=seed), done("OPEN", ill, seed=seed)) for seed in range(30)]
    for without, with_als in pairs:  # same random stream: the difference is the disease
        assert with_als.jaw_deg.max() < without.jaw_deg.max()
        assert np.ptp(with_als.bounds_s, axis=1).sum() > np.ptp(without.bounds_s, axis=1).sum()
    spread = [np.mean([np.ptp(p.bounds_s, axis=1).std() for p in side]) for side in zip(*pairs, strict=True)]
    assert spread[1] > 1.5 * spread[0]


def test_a_healthy_hold_wobbles_as_stated():
    who = person()
    long_hold = Task((0.0, 1.0, 1.0, 0.0), (0.5, 200.0, 0.5), {JAW: 20.0})
    performance = perform(long_hold, who, np.random.default_rng(5), repetitions=1, fps=50)
    hold = performance.jaw_deg[200:-200]
    assert hold.std() / hold.mean() == pytest.approx(WOBBLE_SD, rel=0.15)


def test_stroke_weakens_delays_and_droops_one_side():
    patient = person(DISEASES["PS"], severity=1.0, affected_side="left")
    performance = done("SPREAD", patient, seed=1)
    spread, smile = MUSCLES.index("spread"), MUSCLES.index("smile")
    right, left = performance.right_mm[:, spread], performance.left_mm[:, spread]
    assert left.max() / right.max() == pytest.approx(np.exp(-DISEASES["PS"].weakness), rel=1e-2)
    droop = performance.left_mm[:, smile].mean() - performance.right_mm[:, smile].mean()
    assert droop == pytest.approx(-DISEASES["PS"].droop_mm, abs=0.2)
    onset = [performance.times_s[np.argmax(pull > 0.5 * pull.max())] for pull in (right, left)]
    assert onset[1] - onset[0] == pytest.approx(DISEASES["PS"].lag_s, abs=0.03)


def test_people_blink_about_sixteen_times_a_minute_and_close_the_eye():
    blink = MUSCLES.index("blink")
    lids = np.concatenate([done("REST", seed=seed, fps=50).right_mm[:, blink] for seed in range(15)])
    closed = (lids > 5).astype(int)
    per_minute = np.diff(closed).clip(0).sum() / (15 * 20 / 60)
    assert 12 < per_minute < 20
    assert lids.max() == pytest.approx(9.5, abs=0.1)
