"""How people move the face in each task: minimum-jerk strokes between targets, with habits, and never twice alike.

Sizes, durations and their sources: docs/datasheet_synthetic.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from neuroface.synthesis.face_model import MUSCLES
from neuroface.synthesis.people import CHANNELS, JAW, Person

TASK_HABIT_SD = 0.10  # log: how much larger or smaller a person does this task than their other ones
REPETITION_SIZE_SD, REPETITION_TEMPO_SD = 0.06, 0.06  # log: from one repetition to the next, in health
STROKE_SIZE_SD, STROKE_TEMPO_SD = 0.04, 0.05  # log: from one stroke to the next within a repetition, in health
WOBBLE_SD, WOBBLE_HZ = 0.02, 3.0  # share of an excursion by which a held position wanders, in health
SIDE_LAG_SD_S = 0.008  # how late one side of a healthy face moves
TONE_SD_MM, TONE_HZ = 0.15, 0.5  # a face at rest is not quite still
BLINK_GAP_S, BLINK_MEAN_GAP_S = 0.9, 3.8  # about 16 blinks a minute
BLINK_MM, BLINK_STROKES_S = 9.5, (0.1, 0.04, 0.2)


@dataclass(frozen=True)
class Task:
    """One repetition of a task as strokes between rests.

    shape: share of the full excursion at each rest. strokes_s: seconds from each rest to the next. size: the full
    excursion per channel, degrees for the jaw and mm of pull for muscles. pause_s: rest after each repetition; 0 for a
    train, whose repetitions follow on without a gap. bilabial: lips are pressed together where shape is 0.
    repetitions: how many a person does by default. lead_s: stillness before the first and after the last one.
    self_paced: the person's tempo sets the durations, not a clock.
    """

    shape: tuple[float, ...]
    strokes_s: tuple[float, ...]
    size: Mapping[str, float] = field(default_factory=dict)
    pause_s: float = 0.8
    bilabial: bool = False
    repetitions: int = 5
    lead_s: float = 0.8
    self_paced: bool = True


def _gesture(size: Mapping[str, float], *, hold_s: float = 0.6) -> Task:
    """Reach, hold, return: a non-speech movement."""
    return Task((0.0, 1.0, 1.0, 0.0), (0.5, hold_s, 0.6), size)


_SPOKEN = {JAW: 4.5, "lower_lip_depression": 1.5, "upper_lip_raise": 0.7}
TASKS: dict[str, Task] = {
    # "Buy Bobby a puppy": five bilabial closures, then rest; "-by a" is one opening of the lips
    "BBP": Task(
        (0.0, 1.0, 0.0, 0.9, 0.0, 0.65, 0.0, 0.75, 0.0, 0.55, 0.0),
        (0.11, 0.13) * 5,
        {**_SPOKEN, "spread": 1.5},
        pause_s=0.7,
        bilabial=True,
        repetitions=10,
    ),
    # one repetition is one syllable of the train
    "PA": Task((0.0, 1.0, 0.0), (0.075, 0.095), _SPOKEN, pause_s=0.0, bilabial=True, repetitions=20),
    # one repetition is one triplet; the lips touch for /p/ only, for /t/ and /k/ the jaw merely rises
    "PATAKA": Task(
        (0.0, 1.0, 0.5, 0.8, 0.6, 0.8, 0.0), (0.08, 0.09) * 3, _SPOKEN, pause_s=0.0, bilabial=True, repetitions=10
    ),
    "KISS": _gesture({"pucker": 7.0}),
    "BLOW": _gesture({"pucker": 5.0, JAW: 2.0, "lower_lip_depression": 0.8, "upper_lip_raise": 0.8}, hold_s=1.0),
    "OPEN": _gesture({JAW: 19.0, "lower_lip_depression": 3.0, "upper_lip_raise": 2.0, "pucker": 1.5}),
    "SPREAD": _gesture({"spread": 6.5, "lip_press": 1.0}),
    "BIGSMILE": _gesture({"smile": 9.3, "upper_lip_raise": 3.0, "lower_lip_depression": 1.5, JAW: 2.0}),
    "BROW": _gesture({"brow_raise": 10.6}),
    "REST": Task((0.0, 0.0), (20.0,), pause_s=0.0, repetitions=1, lead_s=0.0, self_paced=False),
}


@dataclass(frozen=True, eq=False)
class Performance:
    """One task performed, frame by frame.

    times_s: (T,). jaw_deg: (T,). right_mm, left_mm: (T, n_muscles) in the order of face_model.MUSCLES. bounds_s: (R, 2)
    onset and end of each repetition.
    """

    times_s: np.ndarray
    jaw_deg: np.ndarray
    right_mm: np.ndarray
    left_mm: np.ndarray
    bounds_s: np.ndarray


def perform(task: Task, person: Person, generator: np.random.Generator, *, repetitions: int, fps: float) -> Performance:
    """One person performs one task; all that is not a trait of the person comes from `generator`."""
    knots_s, targets, bounds_s = _score(task, person, generator, repetitions)
    times_s = np.arange(int(np.ceil((knots_s[-1] + task.lead_s) * fps))) / fps
    wander = smooth_noise(generator, times_s, rate_hz=WOBBLE_HZ, columns=len(CHANNELS))
    steadiness = 1.0 + WOBBLE_SD * person.unsteadiness() * wander
    background = _tone_and_blinks(generator, times_s)
    lags_s = _lags(person, generator)
    jaw_deg = minimum_jerk(times_s, knots_s, targets[:, 0]) * steadiness[:, 0]
    pulls = {}
    for side, lag_s in lags_s.items():
        pulls[side] = minimum_jerk(times_s - lag_s, knots_s, targets[:, 1:]) * steadiness[:, 1:] + background
        pulls[side] *= person.side(side)
        if side == person.affected_side:  # lost tone: the corner hangs, as if its smile were pulled backwards
            pulls[side][:, MUSCLES.index("smile")] -= person.disease.droop_mm * person.load
    latest = np.append(bounds_s[1:, 0], knots_s[-1] + task.lead_s)
    bounds_s[:, 1] = np.minimum(bounds_s[:, 1] + max(lags_s.values()), latest)
    return Performance(times_s, jaw_deg, pulls["right"], pulls["left"], bounds_s)


def _score(
    task: Task, person: Person, generator: np.random.Generator, repetitions: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When and how far: knots (K,) seconds, targets (K, n_channels), bounds (R, 2) seconds."""
    n_strokes, paused = len(task.strokes_s), task.pause_s > 0
    unsteady = person.unsteadiness()
    tempo = REPETITION_TEMPO_SD * generator.standard_normal((repetitions, 1))
    tempo = tempo + STROKE_TEMPO_SD * generator.standard_normal((repetitions, n_strokes))
    pace = person.slowness() * np.exp(unsteady * tempo) if task.self_paced else np.ones_like(tempo)
    durations = np.array(task.strokes_s) * pace
    if paused:
        pause = task.pause_s * person.tempo * np.exp(0.2 * generator.standard_normal((repetitions, 1)))
        durations = np.hstack([durations, pause])
    knots_s = task.lead_s + np.append(0.0, np.cumsum(durations))

    shape = np.array(task.shape[: durations.shape[1]])
    size = REPETITION_SIZE_SD * generator.standard_normal((repetitions, 1))
    size = size + STROKE_SIZE_SD * generator.standard_normal((repetitions, len(shape)))
    if not task.bilabial:  # a held position is one position: its two rests share their size
        size = np.broadcast_to(size[:, :1], size.shape)
    share = np.append(shape * np.exp(unsteady * size), task.shape[-1])
    full = np.array([task.size.get(channel, 0.0) for channel in CHANNELS])
    targets = share[:, None] * full
    if task.bilabial:
        closed = np.append(np.tile((shape == 0.0) & (np.arange(len(shape)) < n_strokes), repetitions), False)
        targets[closed, CHANNELS.index("lip_press")] = 1.0
    task_habit = np.exp(TASK_HABIT_SD * generator.standard_normal(len(CHANNELS)))
    ends = np.cumsum(durations.sum(axis=1))
    onsets = task.lead_s + ends - durations.sum(axis=1)
    stops = task.lead_s + ends - (durations[:, -1] if paused else 0.0)
    return knots_s, targets * person.excursion() * task_habit, np.column_stack([onsets, stops])


def _lags(person: Person, generator: np.random.Generator) -> dict[str, float]:
    """Seconds by which each side moves late: a little by nature, more on an affected side."""
    lag = SIDE_LAG_SD_S * generator.standard_normal()
    lags = {"right": max(lag, 0.0), "left": max(-lag, 0.0)}
    if person.affected_side:
        lags[person.affected_side] += person.disease.lag_s * person.load
    return lags


def _tone_and_blinks(generator: np.random.Generator, times_s: np.ndarray) -> np.ndarray:
    """(T, n_muscles) mm: what a face does besides its task, both sides alike."""
    out = np.zeros((len(times_s), len(MUSCLES)))
    tone = TONE_SD_MM * smooth_noise(generator, times_s, rate_hz=TONE_HZ, columns=2)
    out[:, [MUSCLES.index("smile"), MUSCLES.index("brow_raise")]] = tone
    gaps = BLINK_GAP_S + generator.exponential(BLINK_MEAN_GAP_S - BLINK_GAP_S, int(times_s[-1] / BLINK_GAP_S) + 1)
    onsets = np.cumsum(gaps)
    knots_s = (onsets[:, None] + np.cumsum([0.0, *BLINK_STROKES_S])).ravel()
    closed = np.tile([0.0, BLINK_MM, BLINK_MM, 0.0], len(onsets))
    out[:, MUSCLES.index("blink")] = minimum_jerk(times_s, knots_s, closed)
    return out


def minimum_jerk(times_s: np.ndarray, knots_s: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(T, ...): smooth path that rests at each knot, by the fifth-order polynomial of least jerk between neighbours.

    knots_s: (K,) increasing seconds; values: (K, ...). Before the first and after the last knot the path holds still.
    The peak speed of a stroke is 15/8 of its mean speed. Flash & Hogan, J Neurosci 5 (1985) 1688.
    """
    left = np.clip(np.searchsorted(knots_s, times_s, side="right") - 1, 0, len(knots_s) - 2)
    u = np.clip((times_s - knots_s[left]) / (knots_s[left + 1] - knots_s[left]), 0.0, 1.0)
    share = (u**3 * (10.0 - 15.0 * u + 6.0 * u**2)).reshape(-1, *[1] * (values.ndim - 1))
    return values[left] + (values[left + 1] - values[left]) * share


def smooth_noise(generator: np.random.Generator, times_s: np.ndarray, *, rate_hz: float, columns: int) -> np.ndarray:
    """(T, columns): wandering of mean 0 and variance 1 over time that turns about `rate_hz` times a second.

    Independent normal values, 1 / rate_hz apart and at a random phase, joined by minimum-jerk strokes.
    """
    step_s = 1.0 / rate_hz
    knots_s = np.arange(times_s[0] - step_s * (1.0 + generator.random()), times_s[-1] + 2.0 * step_s, step_s)
    values = generator.standard_normal((len(knots_s), columns))
    # a stroke lies between its ends, so its variance, (1 - s)^2 + s^2, averages less than 1: 181/231 by integration
    return minimum_jerk(times_s, knots_s, values) / np.sqrt(181.0 / 231.0)
