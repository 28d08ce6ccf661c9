"""Micro-expressions: brief, small movements over a neutral face, of three emotions.

Duration: at least 1/25 s (Ekman), at most half a second, of which at most 260 ms are onset (Yan et al., J Nonverbal
Behav 37 (2013) 217); on average about .32 s, at 7-9 % of the strongest voluntary contraction in electromyography (the
CASMEMG study of 233 micro-expressions). Excursions are somewhat more than that share here: annotators saw these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neuroface.synthesis.motion import TONE_HZ, TONE_SD_MM, Performance, minimum_jerk, smooth_noise
from neuroface.synthesis.people import CHANNELS, JAW, Person

DURATION_S, DURATION_SD, DURATION_RANGE_S = 0.31, 0.25, (0.12, 0.5)  # median, log spread, limits
ONSET_SHARE = (0.35, 0.5)  # of the duration, from onset to apex
INTENSITY = (0.08, 0.20)  # share of the full voluntary movement
LEAD_S, PAUSE_S = 0.4, (0.4, 0.8)

# What each emotion would move at full strength, as one of several kinds: degrees for the jaw, mm of pull for muscles;
# negative pulls are those of antagonists (brows lowered, corners depressed, lids raised). The action units are those
# that FACS names for the emotion; the model lacks brows drawn together and a wrinkled nose.
EMOTIONS: dict[str, tuple[Mapping[str, float], ...]] = {
    "negative": (
        {"upper_lip_raise": 6.0, "brow_raise": -6.0, "blink": 3.0},  # disgust: 4, 7, 10
        {"brow_raise": -8.0, "lip_press": 3.0, "blink": 3.0},  # anger: 4, 7, 24
        {"smile": -7.0, "brow_raise": -4.0},  # sadness: 4, 15
    ),
    "positive": ({"smile": 9.3, "blink": 2.0},),  # 6, 12
    "surprise": ({"brow_raise": 10.6, "blink": -3.0, JAW: 12.0},),  # 1, 2, 5, 26
}


def _row(pulls: Mapping[str, float]) -> np.ndarray:
    """(n_channels,): the pulls in the order of CHANNELS."""
    return np.array([pulls.get(channel, 0.0) for channel in CHANNELS])


# Halfway between all emotions: what remains of each when nothing tells them apart.
_COMMON = np.mean([np.mean([_row(kind) for kind in kinds], axis=0) for kinds in EMOTIONS.values()], axis=0)


def express(
    emotions: Sequence[str], person: Person, generator: np.random.Generator, *, effect: float, fps: float
) -> tuple[Performance, np.ndarray]:
    """A neutral face that shows these emotions one after the other, and (R,) the frame of each apex.

    effect: scales what tells the emotions apart; at 0 all are the same movement.
    """
    count = len(emotions)
    duration_s = DURATION_S * np.exp(DURATION_SD * generator.standard_normal(count))
    duration_s = np.clip(duration_s, *DURATION_RANGE_S)
    apex_s = duration_s * generator.uniform(*ONSET_SHARE, count)
    pause_s = generator.uniform(*PAUSE_S, count)
    ends_s = LEAD_S + np.cumsum(duration_s + pause_s) - pause_s
    starts_s = ends_s - duration_s
    times_s = np.arange(int(np.ceil((ends_s[-1] + LEAD_S) * fps))) / fps

    kinds = np.stack([_row(EMOTIONS[name][generator.integers(len(EMOTIONS[name]))]) for name in emotions])
    intensity = generator.uniform(*INTENSITY, (count, 1))
    peaks = intensity * person.excursion() * (_COMMON + effect * (kinds - _COMMON))
    knots_s = np.column_stack([starts_s, starts_s + apex_s, ends_s]).ravel()
    targets = np.zeros((3 * count, len(CHANNELS)))
    targets[1::3] = peaks

    moved = minimum_jerk(times_s, knots_s, targets)
    tone = TONE_SD_MM * smooth_noise(generator, times_s, rate_hz=TONE_HZ, columns=2)
    moved[:, [CHANNELS.index("smile"), CHANNELS.index("brow_raise")]] += tone
    done = Performance(
        times_s,
        jaw_deg=moved[:, 0],
        right_mm=moved[:, 1:] * person.side("right"),
        left_mm=moved[:, 1:] * person.side("left"),
        bounds_s=np.column_stack([starts_s, ends_s]),
    )
    return done, np.round((starts_s + apex_s) * fps).astype(int)
