"""Video networks: how fast clips reach the network, and how much of an epoch is the network itself.

python scripts/bench/clips.py [--quick]
Feed: an epoch of batches of clips kept in a store, as training takes them, against torch's DataLoader with two workers
over the same memory map, both scaled as the network takes them. Epoch: one of TorchClassifier with all that belongs to
it (augmentation, optimiser), against forward and backward of the same network on as many batches that are ready in
memory. One thread; the shortest of several takings, in turns, counts.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from neuroface.classifiers.augment import augment
from neuroface.classifiers.c3d import C3D
from neuroface.classifiers.inputs import Inputs
from neuroface.classifiers.torch_classifier import TorchClassifier
from neuroface.store import Store

FEED_AT_LEAST, EPOCH_AT_MOST = 5.0, 1.15
BATCH, SHAPE = 8, (20, 56, 56, 3)  # configs/classifier/c3d.yaml and configs/view/clips.yaml
CPU = torch.device("cpu")


class Crops(Dataset):
    """The clips one by one, as a loader asks for them."""

    def __init__(self, X: np.ndarray) -> None:
        self.X = X

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, i: int) -> torch.Tensor:
        return torch.from_numpy(self.X[i].copy())


def clips(folder: str, n: int) -> np.ndarray:
    """(n, 20, 56, 56, 3) uint8 noise in a store, memory-mapped."""

    def fill(out: np.ndarray) -> None:
        out[:] = np.random.default_rng(0).integers(0, 256, out.shape, dtype=np.uint8)

    return Store(folder).array({"bench": "clips"}, (n, *SHAPE), fill)


def shortest(takings: int, *works: Callable[[], object]) -> list[float]:
    """Seconds of each work, the shortest of several; taken in turns, so that a busy moment meets all of them."""
    times = [[] for _ in works]
    for _ in range(takings):
        for work, taken in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
    return [min(taken) for taken in times]


def feed(X: np.ndarray, takings: int) -> tuple[float, ...]:
    """Seconds per epoch of batches as the network takes them: ours, the loader's, ours with augmentation.

    Ours and the loader's are compared before they are timed.
    """
    plain, drawn = Inputs.fitted(X), Inputs.fitted(X, augment)
    rows, generator = plain.rows(X[np.arange(len(X))], CPU), torch.Generator().manual_seed(0)
    batches = torch.randperm(len(X), generator=generator).split(BATCH)
    loader = DataLoader(Crops(X), batch_sampler=[at.tolist() for at in batches], num_workers=2, persistent_workers=True)
    part = plain.parts["X"]
    centre, scale = (torch.as_tensor(value, dtype=torch.float32) for value in (part.centre, part.scale))

    def ours(inputs: Inputs, chance: torch.Generator | None = None) -> Iterator[torch.Tensor]:
        return (inputs.batch(rows, at, CPU, chance)[0] for at in batches)

    def loaded() -> Iterator[torch.Tensor]:
        return (batch.float().sub_(centre).div_(scale) for batch in loader)

    if not all(torch.allclose(a, b, atol=1e-5) for a, b in zip(ours(plain), loaded(), strict=True)):
        raise SystemExit("the two feeds give different batches")
    return tuple(
        shortest(
            takings,
            lambda: [None for _ in ours(plain)],
            lambda: [None for _ in loaded()],
            lambda: [None for _ in ours(drawn, generator)],
        )
    )


def epoch(X: np.ndarray, takings: int) -> tuple[float, float]:
    """Seconds of one epoch of TorchClassifier, and of forward and backward alone."""
    X, y = np.array(X), np.arange(len(X)) % 2
    network = partial(C3D)
    classifier = TorchClassifier(network, batch_size=BATCH, epoch_selection="last", augment=augment, device="cpu")
    bare = network((16, *SHAPE[1:]), 2)
    ready = [torch.randn(len(at), 16, *SHAPE[1:]) for at in torch.arange(len(X)).split(BATCH)]
    answers = [torch.arange(len(x)) % 2 for x in ready]

    def trained(epochs: int) -> None:
        classifier.set_params(max_epochs=epochs).fit(X, y)

    def alone() -> None:
        for x, answer in zip(ready, answers, strict=True):
            bare.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(bare(x), answer).backward()

    alone()
    one, three, forward_backward = shortest(takings, lambda: trained(1), lambda: trained(3), alone)
    return (three - one) / 2, forward_backward


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer clips and takings: says that it runs, not how fast")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        X = clips(folder, 64 if quick else 256)
        ours, loader, augmented = feed(X, 2 if quick else 5)
        whole, bare = epoch(X[: 16 if quick else 64], 1 if quick else 4)
    print(f"feed   {len(X)} clips {SHAPE}: {1e3 * ours:.0f} ms, DataLoader {1e3 * loader:.0f} ms: {loader / ours:.1f}x")
    print(f"       augmentation adds {1e3 * (augmented - ours):.0f} ms")
    print(f"epoch  {1e3 * whole:.0f} ms, forward and backward {1e3 * bare:.0f} ms: {whole / bare:.2f}x")
    fine = loader / ours >= FEED_AT_LEAST and whole / bare <= EPOCH_AT_MOST
    print(f"feed at least {FEED_AT_LEAST:g}x and epoch at most {EPOCH_AT_MOST:g}x: {'yes' if fine else 'NO'}")
    raise SystemExit(0 if fine else 1)


if __name__ == "__main__":
    main()
