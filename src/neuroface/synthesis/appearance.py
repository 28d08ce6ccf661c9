"""What a synthetic person looks like beyond the shape of the face: skin, hair, eyes, clothes.

Invented people: colours and how often they occur are chosen by eye and describe no population. Looks are drawn without
regard to group, so that no disease can be told by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

# RGB, from light to dark.
SKIN = np.array([(236, 198, 176), (224, 180, 152), (206, 158, 126), (176, 126, 94), (134, 92, 68), (96, 64, 48)], float)
HAIR = np.array([(34, 26, 24), (62, 42, 30), (98, 68, 44), (150, 112, 70)], float)
GREY = np.array([176.0, 172.0, 168.0])
IRIS = np.array([(74, 48, 30), (96, 72, 44), (92, 104, 74), (86, 112, 140), (104, 118, 128)], float)
CLOTH = np.array([(58, 70, 96), (96, 44, 48), (70, 92, 74), (150, 148, 142), (44, 46, 52), (182, 170, 148)], float)


@dataclass(frozen=True, eq=False)
class Appearance:
    """Colours are (3,) RGB 0..255. stubble, wrinkles: 0..1. brow: thickness, 1 is usual. seed: of the grain."""

    skin: np.ndarray
    hair: np.ndarray
    brow_hair: np.ndarray
    iris: np.ndarray
    cloth: np.ndarray
    long_hair: bool
    stubble: float
    wrinkles: float
    brow: float
    seed: int

    def __eq__(self, other: object) -> bool:
        """Whether every colour and number is the same: one person's looks, drawn for two recordings."""
        if not isinstance(other, Appearance):
            return NotImplemented
        return all(np.array_equal(getattr(self, one.name), getattr(other, one.name)) for one in fields(self))

    def __hash__(self) -> int:
        return hash(self.seed)


def draw_appearance(generator: np.random.Generator, attributes: Mapping[str, Any]) -> Appearance:
    """One person's looks; of the attributes, age greys hair and deepens wrinkles, sex leans hair length and stubble."""
    woman, age = attributes.get("sex") == "F", float(attributes.get("age", 50))
    tone = generator.random() * (len(SKIN) - 1)
    low = int(tone)
    skin = SKIN[low] + (SKIN[min(low + 1, len(SKIN) - 1)] - SKIN[low]) * (tone - low)
    dark = tone > 2.5  # darker skin goes with dark hair and eyes
    hair = HAIR[generator.integers(0, 2 if dark else len(HAIR))]
    greying = np.clip((age - 45) / 30 + 0.25 * generator.standard_normal(), 0, 1)
    iris = IRIS[generator.integers(0, 2 if dark else len(IRIS))]
    return Appearance(
        skin=skin,
        hair=hair + (GREY - hair) * 0.9 * greying,
        brow_hair=hair * 0.85 + (GREY - hair) * 0.35 * greying,
        iris=iris,
        cloth=CLOTH[generator.integers(0, len(CLOTH))] * generator.uniform(0.8, 1.1),
        long_hair=bool(generator.random() < (0.7 if woman else 0.06)),
        stubble=0.0 if woman else float(generator.random() ** 2),
        wrinkles=float(np.clip((age - 30) / 50, 0, 1) * generator.uniform(0.5, 1.0)),
        brow=float(generator.uniform(0.75, 1.25) * (0.85 if woman else 1.1)),
        seed=int(generator.integers(2**31)),
    )
