"""An epoch of fine-tuning the last stack of the published FAN: features from the cache, against two plain loops.

python scripts/bench/finetuning.py [--images 6] [--rounds 2]
naive: everything runs with gradients, the optimiser steps the last stack (frozen batch normalisation evaluates). peer:
the frozen part runs without gradients. ours: neuroface.landmarks.finetune. All train the same parts from the same
weights on the same images, in the same order and memory layout (channels last), and must show the same loss: RMSprop's
first steps are as long for a gradient of rounding errors, so another layout shows in the fifth digit. One thread; CPU
seconds of the process, which a busy machine leaves alone, the loops taking turns; the best of the rounds. Random
weights: they cost what trained ones cost. Filling the cache is told apart: it is paid once per view, whatever the
number of epochs.
Then the bundled network is fine-tuned to rendered people in fp32 and bf16, to see what the precision costs in error.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import Tensor

from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.landmarks import annotated, heatmaps, losses, metrics, weights
from neuroface.landmarks.fan import FAN
from neuroface.landmarks.finetune import FineTune
from neuroface.landmarks.training import Training

AT_LEAST = {"fp32 over naive": 4.5, "bf16 over naive": 8.0, "fp32 over peer": 2.0}
SAME_CURVE, SAME_NRMSE = 1e-5, 0.01  # shares by which losses of fp32, and errors of bf16, may differ
COPIES, EPOCHS, BATCH = 4, 40, 2


def drawn(n: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise and places: what an image shows costs nothing."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8), rng.uniform(0.2, 0.8, (n, 68, 2)) * size


class Loop:
    """A plain training loop; `frozen` runs what does not learn."""

    def __init__(self, file: str, crops: np.ndarray, points: np.ndarray, *, gradients: bool) -> None:
        self.fan, self.gradients = weights.load(file).to(memory_format=torch.channels_last), gradients
        self.parts = torch.nn.ModuleList(self.fan.last_parts()).train()
        self.optimiser = torch.optim.RMSprop(self.parts.parameters(), lr=1e-4)
        self.images = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
        self.targets = heatmaps.draw(heatmaps.from_crop(torch.from_numpy(points)), self.fan.size // 4)

    def epoch(self, number: int) -> float:
        order, total = np.random.default_rng([0, number]).permutation(len(self.images)), 0.0
        for rows in np.split(order, len(order) // BATCH):
            loss = losses.adaptive_wing(self._heatmaps(self.images[rows]), self.targets[rows])
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total += float(loss.detach()) * len(rows)
        return total / len(order)

    def _heatmaps(self, images: Tensor) -> Tensor:
        with torch.set_grad_enabled(self.gradients):
            features = self.fan.trunk(images)
        return self.fan.last(features)


def ours(file: str, crops: np.ndarray, points: np.ndarray, folder: Path, precision: str) -> tuple[Training, float]:
    """A training whose cache is filled, and the seconds that took per view."""
    folder.mkdir()
    people = np.array([f"P{row}" for row in range(len(crops))])
    model = FineTune(weights=file, batch_size=BATCH, copies=1, epochs=EPOCHS, precision=precision, device="cpu")
    start = time.process_time()
    rows = np.arange(len(crops))
    training = model._training(folder, crops, points.astype(np.float32), rows=rows, people=people, labels=None)
    return training, (time.process_time() - start) / (len(crops) + 1)  # one view more tells the shape


def timed(epoch: Callable[[int], float], number: int) -> tuple[float, float]:
    start = time.process_time()
    loss = epoch(number)
    return time.process_time() - start, loss


def errors_by_precision(folder: Path) -> dict[str, float]:
    """Precision -> error of people that were not trained on, after fine-tuning the bundled network to 9 others."""
    cohort = SyntheticCohort(
        people={"HC": 4, "ALS": 4, "PS": 4},
        tasks=["OPEN"],
        repetitions={"OPEN": 1},
        modality="rgbd",
        annotation_shift=1.0,
    )
    faces = annotated.collect(cohort.recordings(), folder=folder, size=128, frames=6)
    test = np.isin(faces.subject, ["N004", "A004", "S004"])
    found = {}
    for precision in ("fp32", "bf16"):
        model = FineTune(epochs=10, inner_share=0.0, precision=precision, device="cpu")
        model.fit(faces.crops[~test], faces.points[~test], groups=faces.subject[~test])
        found[precision] = float(metrics.errors(model.predict(faces.crops[test])[0], faces.points[test]).mean())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.manual_seed(0)
        file = str(folder / "fan.safetensors")
        weights.save(FAN(), file, about={})
        crops, points = drawn(asked.images, 256)
        cached = {precision: ours(file, crops, points, folder / precision, precision) for precision in ("fp32", "bf16")}
        epochs: dict[str, Callable[[int], float]] = {
            "naive": Loop(file, crops, points, gradients=True).epoch,
            "peer": Loop(file, crops, points, gradients=False).epoch,
        }
        for precision, (training, _) in cached.items():
            epochs[precision] = lambda number, training=training: training._learn(number)["loss"]
        runs = {name: [] for name in epochs}
        for number in range(1, asked.rounds + 1):
            for name, epoch in epochs.items():
                runs[name].append(timed(epoch, number))
        nrmse = errors_by_precision(folder / "faces")
    raise SystemExit(0 if report(runs, {name: fill for name, (_, fill) in cached.items()}, nrmse, asked.images) else 1)


def report(
    runs: dict[str, list[tuple[float, float]]], fill: dict[str, float], nrmse: dict[str, float], images: int
) -> bool:
    best = {name: min(seconds for seconds, _ in rounds) / images for name, rounds in runs.items()}
    for name, seconds in best.items():
        losses_shown = ", ".join(f"{loss:.7g}" for _, loss in runs[name])
        extra = f"; filling the cache {1e3 * fill[name]:.0f} ms a view" if name in fill else ""
        print(f"{name:6s} {1e3 * seconds:6.0f} ms an image and epoch; loss {losses_shown}{extra}")
    ratios = {
        "fp32 over naive": best["naive"] / best["fp32"],
        "bf16 over naive": best["naive"] / best["bf16"],
        "fp32 over peer": best["peer"] / best["fp32"],
    }
    for name, ratio in ratios.items():
        print(f"{name}: {ratio:.1f} times (at least {AT_LEAST[name]:g})")
    for precision, seconds in fill.items():
        whole = COPIES * seconds + EPOCHS * best[precision]
        saved = EPOCHS * best["naive"] / whole
        print(f"{EPOCHS} epochs over {COPIES} views, cache and all, {precision}: {saved:.1f} times")
    curve = max(abs(a / b - 1) for (_, a), (_, b) in zip(runs["fp32"], runs["naive"], strict=True))
    apart = nrmse["bf16"] / nrmse["fp32"] - 1
    print(f"loss of fp32 and naive differ by {curve:.1e} (at most {SAME_CURVE:g})")
    shown = ", ".join(f"{precision} {100 * error:.2f} %" for precision, error in nrmse.items())
    print(f"NRMSE after fine-tuning: {shown} ({apart:+.1%})")
    return all(ratios[name] >= AT_LEAST[name] for name in ratios) and curve <= SAME_CURVE and apart <= SAME_NRMSE


if __name__ == "__main__":
    main()
