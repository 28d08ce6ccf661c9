"""Synthetic people: habits that each brings to every task, and what a disease of a given severity does to movement.

Where each magnitude comes from, and which are calibrated rather than measured, stands in docs/datasheet_synthetic.md.
These are invented people: nothing here is a finding about patients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuroface.synthesis.face_model import IDENTITY_MODES, MUSCLES

JAW = "jaw"
CHANNELS = (JAW, *MUSCLES)  # what a person sets in motion: degrees for the jaw, mm of pull for each muscle
UPPER_FACE = ("brow_raise", "blink")


@dataclass(frozen=True)
class Disease:
    """What a disease does at severity 1. Rates are natural logarithms: .5 leaves exp(-.5) = 61 % of an excursion.

    severity: the two parameters of its Beta distribution, or None for "always 0". jaw, lips, brows: loss of excursion;
    rounding: further loss of lip protrusion. slowing: longer strokes and holds. unsteadiness: more variation between
    repetitions and within them. weakness, upper_weakness: further loss on the affected side of the lower and upper
    face. droop_mm, lag_s: how far that side's mouth corner hangs and how late it moves.
    """

    severity: tuple[float, float] | None = None
    jaw: float = 0.0
    lips: float = 0.0
    brows: float = 0.0
    rounding: float = 0.0
    slowing: float = 0.0
    unsteadiness: float = 0.0
    weakness: float = 0.0
    upper_weakness: float = 0.0
    droop_mm: float = 0.0
    lag_s: float = 0.0

    def loss(self, channel: str) -> float:
        """Rate at which both sides lose excursion of a channel."""
        if channel == JAW:
            return self.jaw
        if channel in UPPER_FACE:
            return self.brows
        return self.lips + (self.rounding if channel == "pucker" else 0.0)


HEALTHY = Disease()
DISEASES: dict[str, Disease] = {
    "HC": HEALTHY,
    "ALS": Disease((2.0, 1.6), jaw=0.5, lips=0.95, brows=0.25, rounding=0.2, slowing=0.38, unsteadiness=0.8),
    "PS": Disease(
        (1.8, 1.6),
        jaw=0.15,
        lips=0.15,
        slowing=0.15,
        unsteadiness=0.2,
        weakness=0.85,
        upper_weakness=0.25,
        droop_mm=3.0,
        lag_s=0.03,
    ),
}

# Standard deviations of habits, natural logarithms (0.1 is about 10 %): see the datasheet.
SIZE_SD, SIZE_OF_CHANNEL_SD, TEMPO_SD, SIDEDNESS_SD = 0.10, 0.12, 0.10, 0.08


@dataclass(frozen=True)
class Person:
    """Traits that one person brings to every task.

    identity: shape in standard deviations (face_model.IDENTITY_MODES). size: (n_channels,) habitual factor on each
    excursion. tempo: habitual factor on durations. sidedness: log ratio of right to left excursion. severity: 0..1.
    affected_side: "left", "right" or None. effect: scales all that the disease does; 0 makes severity a mere label.
    """

    identity: Mapping[str, float]
    size: np.ndarray
    tempo: float
    sidedness: float
    disease: Disease = HEALTHY
    severity: float = 0.0
    affected_side: str | None = None
    effect: float = 1.0

    @property
    def load(self) -> float:
        """Severity as it acts on movement."""
        return self.severity * self.effect

    def excursion(self) -> np.ndarray:
        """(n_channels,) factor on every excursion, both sides alike."""
        loss = np.array([self.disease.loss(channel) for channel in CHANNELS])
        return self.size * np.exp(-loss * self.load)

    def side(self, side: str) -> np.ndarray:
        """(n_muscles,) factor on the pull of one side's muscles."""
        habit = np.exp((0.5 if side == "right" else -0.5) * self.sidedness)
        if side != self.affected_side:
            return np.full(len(MUSCLES), habit)
        upper = np.isin(MUSCLES, UPPER_FACE)
        return habit * np.exp(-np.where(upper, self.disease.upper_weakness, self.disease.weakness) * self.load)

    def slowness(self) -> float:
        """Factor on durations."""
        return float(self.tempo * np.exp(self.disease.slowing * self.load))

    def unsteadiness(self) -> float:
        """Factor on every kind of variation; 1 in health."""
        return float(np.exp(self.disease.unsteadiness * self.load))


def draw_person(
    habits: np.random.Generator, illness: np.random.Generator, *, disease: Disease, effect: float
) -> Person:
    """One person: habits from one generator, severity and side from another, so that habits know nothing of groups."""
    n_modes, n_channels = len(IDENTITY_MODES), len(CHANNELS)
    identity = habits.standard_normal(n_modes).clip(-2.5, 2.5)
    size = SIZE_SD * habits.standard_normal() + SIZE_OF_CHANNEL_SD * habits.standard_normal(n_channels)
    return Person(
        identity=dict(zip(IDENTITY_MODES, identity.tolist(), strict=True)),
        size=np.exp(size),
        tempo=float(np.exp(TEMPO_SD * habits.standard_normal())),
        sidedness=float(SIDEDNESS_SD * habits.standard_normal()),
        disease=disease,
        severity=float(illness.beta(*disease.severity)) if disease.severity else 0.0,
        affected_side=str(illness.choice(["left", "right"])) if disease.weakness else None,
        effect=effect,
    )
