"""A training step of the published HTNet: its layout written plainly, against ours in fp32 and with bf16, one thread.

    python scripts/bench/htnet.py [--batch 256] [--repeats 3] [--processes 2] [--quick]

139.6 M parameters, images 28x28x3, batch 256. Plain: channel-first 1x1 convolutions, einsum attention, Adam one tensor
after the other (tests/classifiers/published_htnet.py). Ours: the same weights, fused Adam, fp32 and bf16 autocast. The
three run in turn after one warm-up each; ratios are of medians, above 1 is faster than plain. Seconds are those of the
core that works (CPU time), so that other work on the machine does not count. The fp32 logits must be equal to 1e-5 of
the largest, else it stops. Then bf16 steps run in several processes side by side, and the time of 68 folds, a core for
each process, is worked out from them: 442 samples, 435.5 in the mean training fold, epochs without evaluation. --quick:
a batch of 32, one repeat. Needs 5 GB, and 2.5 GB for each process.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from neuroface.classifiers.htnet import HTNet
from neuroface.classifiers.htnet_weights import load_official

sys.path.append(str(Path(__file__).parents[2] / "tests" / "classifiers"))
from published_htnet import PublishedHTNet

AT_LEAST = 5.0
FOLDS, SAMPLES = 68, 442  # MEGC2019 composite: subjects, samples
LEARNING_RATE = 5e-5  # the official script's


def data(batch: int) -> tuple[Tensor, Tensor]:
    """Images (batch, 3, 28, 28), 0..255 as the official script feeds them, and classes (batch,)."""
    draw = torch.Generator().manual_seed(0)
    return 255 * torch.rand(batch, 3, 28, 28, generator=draw), torch.randint(3, (batch,), generator=draw)


def stepper(network: nn.Module, x: Tensor, y: Tensor, *, fused: bool, bf16: bool) -> Callable[[], float]:
    """One training step -> its seconds of one core."""
    optimiser = torch.optim.Adam(network.parameters(), LEARNING_RATE, fused=fused, foreach=False)

    def step() -> float:
        start = time.process_time()
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = network(x)
        nn.functional.cross_entropy(logits.float(), y).backward()
        optimiser.step()
        return time.process_time() - start

    return step


def compare(batch: int, repeats: int) -> float:
    """Prints medians and ratios, and returns the bf16 ratio."""
    torch.manual_seed(0)
    x, y = data(batch)
    plain, ours = PublishedHTNet(28, 7, 3, 256, 3, 3, (2, 2, 10)), HTNet()
    load_official(ours, plain.state_dict())
    with torch.no_grad():
        expected, found = plain(x), ours(x)
    difference = float((expected - found).abs().max() / expected.abs().max())
    print(f"{sum(p.numel() for p in ours.parameters()) / 1e6:.1f} M parameters, batch {batch}")
    print(f"largest difference of fp32 logits {difference:.1e} of the largest logit")
    if difference > 1e-5:
        raise SystemExit("ours and the published layout differ by more than 1e-5")
    steps = {
        "published layout, fp32": stepper(plain, x, y, fused=False, bf16=False),
        "ours, fp32": stepper(ours, x, y, fused=True, bf16=False),
        "ours, bf16 autocast": stepper(ours, x, y, fused=True, bf16=True),
    }
    for step in steps.values():
        step()
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            seconds[name].append(step())
    slow = median(seconds["published layout, fp32"])
    for name, values in seconds.items():
        print(f"{name:<24} {median(values):7.2f} s a step   {slow / median(values):5.2f} x")
    return slow / median(seconds["ours, bf16 autocast"])


def bf16_seconds(batch: int, repeats: int) -> float:
    """Median seconds of a bf16 step in this process."""
    torch.set_num_threads(1)
    step = stepper(HTNet(), *data(batch), fused=True, bf16=True)
    return median([step() for _ in range(repeats + 1)][1:])


def side_by_side(batch: int, repeats: int, processes: int) -> None:
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        each = pool.starmap(bf16_seconds, [(batch, repeats)] * processes, chunksize=1)
    step = max(each)
    hours = FOLDS * SAMPLES * (FOLDS - 1) / FOLDS / batch * step / processes / 3600
    print(f"{processes} processes side by side: {step:.2f} s a bf16 step in the slower one")
    for epochs in (10, 50, 800):
        print(f"{FOLDS} folds x {epochs:3d} epochs of batch {batch}: about {hours * epochs:6.1f} h")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="batch 32, one repeat: no goal is judged")
    asked = parser.parse_args()
    batch, repeats = (32, 1) if asked.quick else (asked.batch, asked.repeats)
    torch.set_num_threads(1)
    ratio = compare(batch, repeats)
    side_by_side(batch, repeats, asked.processes)
    if not asked.quick:
        print(f"at least {AT_LEAST:g} x with bf16: {'yes' if ratio >= AT_LEAST else 'NO'}")
        raise SystemExit(0 if ratio >= AT_LEAST else 1)


if __name__ == "__main__":
    main()
