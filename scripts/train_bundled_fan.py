"""Make the bundled landmark network: render faces of the synthetic `wild` look, train a small FAN on them, score it.

python scripts/train_bundled_fan.py render --data <folder>
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2

from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.landmarks import annotated
from neuroface.synthesis.motion import TASKS

SIZE, MARGIN = 128, 0.25
FIRST_SEED = 680_000  # far from the seeds of the clinics that anything is tested on
ROUNDS, PEOPLE, FRAMES = 5, {"HC": 14, "ALS": 3, "PS": 3}, 12


def cohorts(rounds: int) -> Iterator[tuple[str, SyntheticCohort]]:
    """(name, people at one task), new people in each; what they do is truth, not an annotator's marks."""
    for number in range(rounds):
        for at, task in enumerate(TASKS):
            yield f"{number:02d}_{task}", SyntheticCohort(
                people=PEOPLE,
                tasks=[task],
                repetitions={task: 1},
                noise_mm=0.0,
                depth_noise_mm=0.0,
                dropped=0.0,
                seed=FIRST_SEED + number * len(TASKS) + at,
                modality="rgbd",
                look="wild",
                aligned=True,
            )


def render(data: Path) -> None:
    """Crops of every cohort in a folder of its own; those that are there are kept."""
    for name, cohort in cohorts(ROUNDS):
        folder, start = data / name, time.perf_counter()
        if not (folder / annotated.TABLE_FILE).is_file():
            faces = annotated.collect(cohort.recordings(), folder=folder, size=SIZE, margin=MARGIN, frames=FRAMES)
            print(f"{name}: {len(faces)} crops in {time.perf_counter() - start:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["render"])
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    render(asked.data)


if __name__ == "__main__":
    main()
