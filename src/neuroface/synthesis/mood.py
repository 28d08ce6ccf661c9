"""Faces under emotional stimuli, in health and in disorders of mood: how far, how evenly and how fast they respond.

Directions are clinical, sizes are calibrated so that a small network tells the groups apart in part. Depression: less
expression (Gaebel & Woelwer, Eur Arch Psychiatry Clin Neurosci 254 (2004) 46) and slower (psychomotor retardation:
Sobin & Sackeim, Am J Psychiatry 154 (1997) 4). Bipolar: livelier and less even, as between episodes and in hypomania;
the asymmetry is an assumption, on which reports disagree. docs/datasheet_synthetic.md says so, too.
"""

from __future__ import annotations

import numpy as np

from neuroface import face
from neuroface.synthesis.motion import Task
from neuroface.synthesis.people import HEALTHY, JAW, Disease

# Of what a film moves at full strength: degrees for the jaw, mm of pull for muscles; antagonists pull negatively.
# Action units of the emotions as FACS names them: amusement 6, 12, 25; sadness 4, 15; surprise 1, 2, 5, 26.
FILMS = {
    "AMUSING": {"smile": 9.3, "upper_lip_raise": 3.0, "blink": 2.0, JAW: 3.0},
    "SAD": {"smile": -7.0, "brow_raise": -5.0},
    "SURPRISING": {"brow_raise": 10.6, "blink": -3.0, JAW: 12.0},
}
# Latency, onset, hold and offset of a response, in seconds from the stimulus, at a person's usual tempo.
STROKES_S = (0.4, 0.7, 1.4, 0.9)
WINDOW_S = (0.8, 3.2)  # after each stimulus, in which frames are taken: a slow face begins late, a fast one has done
TASKS = {
    name: Task((0.0, 0.0, 1.0, 1.0, 0.0), STROKES_S, size, pause_s=2.0, repetitions=2, lead_s=0.6)
    for name, size in FILMS.items()
}

# Natural logarithms per severity; negative: more, or faster, than in health.
MOODS: dict[str, Disease] = {
    "HC": HEALTHY,
    "MDD": Disease((2.4, 1.4), jaw=1.6, lips=2.0, brows=2.0, slowing=0.6),
    "BD": Disease((2.4, 1.4), lips=-0.3, brows=-0.3, slowing=-0.3, unsteadiness=0.6, weakness=2.0, upper_weakness=1.6),
}


def intensity_mm(points: np.ndarray) -> float:
    """How far brows and mouth corners are, on average, from where they were in the first frame; the most of any frame.

    points: (T, 68, 3) mm, face axes.
    """
    return float(_moved(points).mean(axis=(1, 2)).max())


def asymmetry(points: np.ndarray) -> float:
    """Smaller over greater excursion of both sides, 1 for even; points: (T, 68, 3) mm, face axes."""
    right, left = _moved(points).max(axis=0).mean(axis=1)
    return float(min(right, left) / max(right, left))


def _moved(points: np.ndarray) -> np.ndarray:
    """(T, 2, 2) mm: right and left; brow and mouth corner."""
    sides = (
        (face.BROW_RIGHT, face.MOUTH_CORNER_RIGHT),
        (face.BROW_LEFT, face.MOUTH_CORNER_LEFT),
    )
    paths = np.stack([[points[:, brow].mean(axis=1), points[:, corner]] for brow, corner in sides])  # (2, 2, T, 3)
    return np.moveaxis(np.linalg.norm(paths - paths[:, :, :1], axis=3), 2, 0)
