"""Make the bundled landmark network: render faces of the synthetic `wild` look, train a small FAN on them, score it.

python scripts/train_bundled_fan.py all --data <folder> [--out <file>]
render: crops of 1,000 people, 12 frames each (a second per person). train: from scratch (30 ms per crop and epoch on
one core). looks: on 108 more people with wide smiles and open mouths, painted anew in each round by painted_faces.py.
score: on people that it has not seen. Each stage keeps what an interrupted one left in the folder, which needs 3 GB.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch
from torch import Tensor

from neuroface import face
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.landmarks import annotated, losses, metrics, weights
from neuroface.landmarks.annotated import Annotated
from neuroface.landmarks.fan import FAN
from neuroface.landmarks.finetune import FineTune
from neuroface.synthesis import motion
from neuroface.synthesis.filming import annotation_shift
from painted_faces import painted

STACKS, WIDTH, SIZE, MARGIN = 2, 64, 128, 0.25
ROUNDS, PEOPLE, FRAMES = 5, {"HC": 14, "ALS": 3, "PS": 3}, 12
# The clinics that anything is tested on have small seeds; nobody here is in one of them.
FIRST_SEED, UNSEEN_SEED, CLINIC_SEED = 680_000, 690_000, 0
UNSEEN_PEOPLE, CLINIC_PEOPLE, SHIFT_PX = {"HC": 3, "ALS": 1, "PS": 1}, {"HC": 6, "ALS": 6, "PS": 6}, 1.0
# Smiles wider than those of a task at the clinic, teeth bare; for the looks alone
SMILES = {
    "LAUGH": motion._gesture({"smile": 9.0, "upper_lip_raise": 4.0, "lower_lip_depression": 5.0, motion.JAW: 7.0}),
    "GRIN": motion._gesture(
        {"smile": 6.0, "spread": 3.0, "upper_lip_raise": 5.0, "lower_lip_depression": 6.0, motion.JAW: 2.0}
    ),
}
TASKS = tuple(motion.TASKS)
LOOKS_SEED, LOOKS_PEOPLE, LOOKS_FRAMES = 710_000, {"HC": 10, "ALS": 2}, 10
LOOKS_TASKS = ("LAUGH", "GRIN", "OPEN", "BIGSMILE", "LAUGH", "BBP", "KISS", "BROW", "GRIN")


class Round(NamedTuple):
    """One round of painting and training. opened: share of mouths drawn further open; inner: weight of inner lips."""

    seed: int
    copies: int
    epochs: int
    opened: float
    inner: float


# Share of the last round in the mean of its weights and those of the round before. The last one sees an open mouth best
# (slope .88 on real clips, .47 before it) and loses some faces; the mean keeps most of the one without the other.
# "Robust fine-tuning" by a mean of weights: Wortsman et al., CVPR 2022. The share was chosen on those clips.
BLEND = 0.7
ROUNDS_OF_LOOKS = (Round(1, 2, 3, opened=0.0, inner=0.0), Round(2, 3, 3, opened=0.6, inner=1.0))
ABOUT = {
    "made_by": "scripts/train_bundled_fan.py",
    "data": "neuroface synthetic people, look=wild: rendered faces, no photograph",
    "use": "Research software, not a medical device. For the synthetic clinic and for tests.",
}


def wild(seed: int, task: str, people: Mapping[str, int]) -> SyntheticCohort:
    """People at one task; landmarks are where they truly are, not an annotator's marks."""
    return SyntheticCohort(
        people=people,
        tasks=[task],
        repetitions={task: 1},
        noise_mm=0.0,
        depth_noise_mm=0.0,
        dropped=0.0,
        seed=seed,
        modality="rgbd",
        look="wild",
        aligned=True,
    )


def collected(cohort: SyntheticCohort, folder: Path, frames: int) -> Annotated:
    """Crops of a cohort in a folder, where they may already be."""
    if not (folder / annotated.TABLE_FILE).is_file():
        start = time.perf_counter()
        annotated.collect(cohort.recordings(), folder=folder, size=SIZE, margin=MARGIN, frames=frames)
        print(f"{folder.name}: {time.perf_counter() - start:.0f} s", flush=True)
    return annotated.load(folder)


def rendered(data: Path) -> Iterator[tuple[int, Annotated]]:
    """(seed, crops) of one cohort after another, new people in each."""
    for number in range(ROUNDS):
        for at, task in enumerate(TASKS):
            seed = FIRST_SEED + number * len(TASKS) + at
            yield seed, collected(wild(seed, task, PEOPLE), data / f"{number:02d}_{task}", FRAMES)


def joined(data: Path) -> dict[str, np.ndarray]:
    """All crops in one memory map, their points, and who they show, by names that no clinic uses."""
    parts = list(rendered(data))
    n, side = sum(len(part) for _, part in parts), parts[0][1].crops.shape[1]
    crops = np.memmap(data / "all.u8", dtype=np.uint8, mode="w+", shape=(n, side, side, 3))
    start = 0
    for _, part in parts:
        crops[start : start + len(part)] = part.crops
        start += len(part)
    return {
        "crops": crops,
        "points": np.concatenate([part.points for _, part in parts]),
        "groups": np.concatenate([[f"wild-{seed}-{who}" for who in part.subject] for seed, part in parts]),
        "labels": np.concatenate([part.group for _, part in parts]),
    }


def train(data: Path, out: Path, *, epochs: int, batch_size: int, learning_rate: float) -> None:
    torch.manual_seed(0)
    begin = data / "begin.safetensors"
    weights.save(FAN(STACKS, width=WIDTH, size=SIZE), begin, about={})
    model = FineTune(
        weights=str(begin),
        parts="all",
        optimiser="adamw",
        learning_rate=learning_rate,
        schedule="cosine",
        epochs=epochs,
        batch_size=batch_size,
        inner_share=0.04,
        precision="bf16",
    )
    faces = joined(data)
    start = time.perf_counter()
    model.fit(**faces, checkpoint=data / "checkpoint")
    print(f"trained in {(time.perf_counter() - start) / 60:.0f} min; epoch {model.epoch_} of {epochs}", flush=True)
    for entry in model.history_:
        print("  " + ", ".join(f"{name} {value:.4g}" for name, value in entry.items()))
    weights.save(model.fan_, out, about={**ABOUT, "epoch": str(model.epoch_)}, fitted_on=model.fitted_on_)


def inner_lips(prediction: Tensor, target: Tensor, seen: Tensor | None = None, *, inner: float) -> Tensor:
    """The adaptive wing of all landmarks, and that of the inner lips `inner` times more."""
    lips = slice(face.MOUTH_INNER[0], face.MOUTH_INNER[-1] + 1)
    every = losses.adaptive_wing(prediction, target, seen)
    own = losses.adaptive_wing(prediction[:, lips], target[:, lips], None if seen is None else seen[:, lips])
    return every + inner * own


def looks(data: Path, out: Path, *, batch_size: int) -> None:
    """Rounds of training on painted faces; `out` is where each begins, and holds the blend in the end."""
    motion.TASKS.update(SMILES)
    people = [
        (LOOKS_SEED + at, collected(wild(LOOKS_SEED + at, task, LOOKS_PEOPLE), data / f"{at}_{task}", LOOKS_FRAMES))
        for at, task in enumerate(LOOKS_TASKS)
    ]
    for one in ROUNDS_OF_LOOKS:
        before = weights.load(out).state_dict()
        generator = np.random.default_rng(one.seed)
        shown = [
            (*painted(crop, points, generator, opened=one.opened), f"wild-{seed}-{who}")
            for _ in range(one.copies)
            for seed, part in people
            for crop, points, who in zip(part.crops, part.points, part.subject, strict=True)
        ]
        crops, points, groups = (np.array(column) for column in zip(*shown, strict=True))
        model = FineTune(
            weights=str(out),
            parts="all",
            loss=partial(inner_lips, inner=one.inner) if one.inner else None,
            optimiser="adamw",
            learning_rate=4e-4,
            schedule="cosine",
            epochs=one.epochs,
            batch_size=batch_size,
            inner_share=0.04,
            precision="bf16",
        )
        start = time.perf_counter()
        model.fit(crops, points, groups=groups, checkpoint=data / f"checkpoint_{one.seed}")
        print(f"looks {one.seed}: {(time.perf_counter() - start) / 60:.0f} min; epoch {model.epoch_} of {one.epochs}")
        for entry in model.history_:
            print("  " + ", ".join(f"{name} {value:.4g}" for name, value in entry.items()), flush=True)
        last = one is ROUNDS_OF_LOOKS[-1]
        fan = blended(model.fan_, before, share=BLEND) if last else model.fan_
        weights.save(fan, out, about={**ABOUT, "epoch": str(model.epoch_)}, fitted_on=model.fitted_on_)


def blended(fan: FAN, other: Mapping[str, Tensor], *, share: float) -> FAN:
    """The network with the mean of its weights, which count `share`, and others."""
    own = fan.state_dict()
    mean = {name: share * w + (1 - share) * other[name] if w.is_floating_point() else w for name, w in own.items()}
    fan.load_state_dict(mean)
    return fan


def score(data: Path, out: Path) -> None:
    """Errors of people not seen in training; each person's mean counts once."""
    model = FineTune(weights=str(out)).untrained()
    print(f"{metrics.definition()} Mean ± standard deviation over people.")
    errors, people = [], []
    for at, task in enumerate(TASKS):
        faces = collected(wild(UNSEEN_SEED + at, task, UNSEEN_PEOPLE), data / f"unseen_{task}", 4)
        errors.append(errors_of(model, faces, faces.points))
        people.append(np.char.add(faces.subject, task))
    print(f"wild look, unseen: {over_people(np.concatenate(errors), np.concatenate(people))}")
    tasks = ("BBP", "OPEN", "SPREAD")
    clinic = SyntheticCohort(
        people=CLINIC_PEOPLE, tasks=tasks, repetitions=dict.fromkeys(tasks, 2), seed=CLINIC_SEED, modality="rgbd"
    )
    faces = collected(clinic, data / "clinic", 8)
    shift = annotation_shift(SHIFT_PX) * faces.matrix[:, :1, :1]  # px of the frame to px of the crop
    for name, points in (("own marks", faces.points), (f"annotation_shift={SHIFT_PX:g}", faces.points + shift)):
        found = errors_of(model, faces, points)
        for group in CLINIC_PEOPLE:
            chosen = faces.group == group
            print(f"lab look, {group}, {name}: {over_people(found[chosen], faces.subject[chosen])}")


def errors_of(model: FineTune, faces: Annotated, points: np.ndarray) -> np.ndarray:
    """(n,) shares of the distance of the inner canthi."""
    return metrics.errors(model.predict(faces.crops)[0], points)


def over_people(errors: np.ndarray, people: np.ndarray) -> str:
    means = np.array([errors[people == person].mean() for person in np.unique(people)])
    return f"{100 * means.mean():.2f} ± {100 * means.std(ddof=1):.2f} % ({len(means)} people, {len(errors)} frames)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", choices=["render", "train", "looks", "score", "all"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=weights.BUNDLED)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    if asked.stage in ("render", "all"):
        print(f"{sum(len(part) for _, part in rendered(asked.data))} crops", flush=True)
    if asked.stage in ("train", "all"):
        keys = {"epochs": asked.epochs, "batch_size": asked.batch_size, "learning_rate": asked.learning_rate}
        train(asked.data, asked.out, **keys)
    if asked.stage in ("looks", "all"):
        looks(asked.data, asked.out, batch_size=asked.batch_size)
    if asked.stage in ("score", "all"):
        score(asked.data, asked.out)


if __name__ == "__main__":
    main()
