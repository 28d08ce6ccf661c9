"""Target heat-maps drawn separably, against Gaussians drawn one by one; and what reading heat-maps back costs.

python scripts/bench/heatmaps.py [--faces 10] [--repeats 7] One thread, interleaved, best of the repeats, from landmarks
in px of the frame to maps. One by one is face-alignment's own `create_target_heatmap`, a loop in torch over whole maps,
and, for reference, the same loop in numpy, which has less overhead per call than torch.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch

from neuroface.landmarks import heatmaps
from neuroface.landmarks.crops import FanCrop

AT_LEAST = 20.0
SIZE = 64
CROP = FanCrop((210.0, 180.0), 1.3)


def separable(points: np.ndarray) -> torch.Tensor:
    return heatmaps.draw(heatmaps.from_crop(torch.from_numpy(CROP.to_crop(points))), SIZE)


def in_torch(points: np.ndarray) -> torch.Tensor:
    places = heatmaps.from_crop(torch.from_numpy(CROP.to_crop(points)).float())
    y, x = torch.meshgrid(torch.arange(float(SIZE)), torch.arange(float(SIZE)), indexing="ij")
    maps = torch.zeros(*points.shape[:2], SIZE, SIZE)
    for face, face_places in enumerate(places):
        for landmark, (px, py) in enumerate(face_places):
            maps[face, landmark] = torch.exp(-((x - px) ** 2 + (y - py) ** 2) / 2)
    return maps


def in_numpy(points: np.ndarray) -> np.ndarray:
    places = heatmaps.from_crop(torch.from_numpy(CROP.to_crop(points)).float()).numpy()
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    maps = np.zeros((*points.shape[:2], SIZE, SIZE), np.float32)
    for face, face_places in enumerate(places):
        for landmark, (px, py) in enumerate(face_places):
            maps[face, landmark] = np.exp(-((x - px) ** 2 + (y - py) ** 2) / 2)
    return maps


def published(points: np.ndarray) -> torch.Tensor:
    from face_alignment.utils import create_target_heatmap

    return create_target_heatmap(torch.from_numpy(points), [CROP.centre] * len(points), [CROP.scale] * len(points))


def best_ms(runs: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], 1e3 * (time.perf_counter() - start))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=10, help="the published batch")
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    points = CROP.to_frame(np.random.default_rng(0).uniform(32, 220, (asked.faces, 68, 2)))
    maps = separable(points)
    for same in (in_torch(points), in_numpy(points)):
        np.testing.assert_allclose(maps, same, atol=1e-5)
    best = best_ms(
        {
            "separable": lambda: separable(points),
            "one by one, face-alignment": lambda: published(points),
            "one by one, torch": lambda: in_torch(points),
            "one by one, numpy": lambda: in_numpy(points),
            "read, subpixel": lambda: heatmaps.decode(maps),
            "read, quarter": lambda: heatmaps.decode(maps, method="quarter"),
        },
        asked.repeats,
    )
    for name, ms in best.items():
        ratio = f", {ms / best['separable']:.1f} times the separable" if name.startswith("one by one") else ""
        print(f"{name}: {ms / asked.faces:.3f} ms a face{ratio}")
    slower = min(best["one by one, face-alignment"], best["one by one, torch"]) / best["separable"]
    print(
        f"{'yes' if slower >= AT_LEAST else 'NO'} (face-alignment, torch: at least {AT_LEAST:.0f} times the separable)"
    )
    raise SystemExit(0 if slower >= AT_LEAST else 1)


if __name__ == "__main__":
    main()
