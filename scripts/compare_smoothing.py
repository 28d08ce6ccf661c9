"""What each smoothing of landmarks does to the peak speed of the opening mouth: the table in docs/landmarks.md.

python scripts/compare_smoothing.py [--people 8] [--noise-mm 0.5]

Truth is the landmarks of synthetic people, as they are and with noise on each coordinate; a number is the peak after
smoothing, % of the true one, the median over repetitions. Some 20 s.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.features.velocity import opening_peak
from neuroface.landmarks.given import steady
from neuroface.types import Landmarks, Recording

TASKS, SEED = ("OPEN", "BBP"), 5
FILTERS: Mapping[str, Mapping[str, Any]] = {
    "nothing": {"median_frames": 1},
    "median of 5 frames": {"median_frames": 5},
    "Butterworth 10 Hz": {"median_frames": 1, "smooth": "butterworth", "cutoff_hz": 10.0},
    "Butterworth 12 Hz": {"median_frames": 1, "smooth": "butterworth", "cutoff_hz": 12.0},
    "Butterworth 14 Hz": {"median_frames": 1, "smooth": "butterworth", "cutoff_hz": 14.0},
    "median of 5, then Butterworth 12 Hz": {"median_frames": 5, "smooth": "butterworth", "cutoff_hz": 12.0},
    "1-Euro 12 Hz": {"median_frames": 1, "smooth": "one_euro", "cutoff_hz": 12.0},
}


def shares(recording: Recording, noise_mm: float, generator: np.random.Generator) -> dict[str, list[float]]:
    """filter -> peak after it as a share of the true peak, of each repetition."""
    assert recording.truth is not None
    true = recording.truth.landmarks
    noisy = replace(true, points=true.points + noise_mm * generator.standard_normal(true.points.shape))
    frames = [repetition.frames for repetition in recording.truth.repetitions]
    found = {}
    for name, keys in FILTERS.items():
        smooth, _ = steady(noisy, max_gap_s=0.0, **keys)
        found[name] = [peak(smooth[at]) / peak(true[at]) for at in frames]
    return found


def peak(landmarks: Landmarks) -> float:
    (speed,) = opening_peak(landmarks).values()
    return speed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--noise-mm", type=float, default=0.5)
    asked = parser.parse_args()
    columns: dict[str, dict[str, list[float]]] = {}
    generator = np.random.default_rng(0)
    for noise_mm in (0.0, asked.noise_mm):
        for task in TASKS:
            column = columns.setdefault(f"{task}, {noise_mm:g} mm", defaultdict(list))
            cohort = SyntheticCohort(people={"HC": asked.people}, tasks=[task], noise_mm=0.0, dropped=0.0, seed=SEED)
            for recording in cohort.recordings():
                for name, values in shares(recording, noise_mm, generator).items():
                    column[name] += values
    width = max(map(len, FILTERS))
    print(" " * width, *(f"{name:>13}" for name in columns))
    for name in FILTERS:
        print(f"{name:{width}}", *(f"{100 * np.median(column[name]):13.0f}" for column in columns.values()))


if __name__ == "__main__":
    main()
