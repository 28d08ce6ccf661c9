"""Leave one subject out with the default LSTM: ways to share a machine's cores, as ratios; the same predictions.

    python scripts/bench/networks.py [--quick] [--jobs 2] [--repeats 3]

Each way runs in a process of its own, because the number of threads is settled when torch is loaded. In turns, so that
a slow moment of the machine meets them all. Goals on two cores: processes of one thread at least 1.8x as fast as one
such process and 1.25x as torch's default threads; beside a neighbour that spins on a core no more than 2x slower.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SPIN = "300"  # GOMP_SPINCOUNT of the command line
WAYS: dict[str, dict[str, Any]] = {
    "one process, one thread": {"jobs": 1, "threads": 1},
    "processes of one thread": {"jobs": None, "threads": 1},
    "one process, torch's threads": {"jobs": 1, "threads": None},
}
NEIGHBOUR = "processes of one thread, busy neighbour"


def planned_run(people: int, epochs: int) -> Any:
    """The plan of a LOSO of the default LSTM over so many people of each class."""
    from omegaconf import DictConfig

    from neuroface.configuration.compose import compose
    from neuroface.evaluate.plan import plan
    from neuroface.studies.building import build_estimator, build_protocol, build_samples, build_splitter

    overrides = ["classifier=lstm", f"classifier.max_epochs={epochs}", f"classifier.patience={epochs}"]
    config: DictConfig
    config, _ = compose("train", [*overrides, f"size.people={{HC: {people}, ALS: {people}}}"])
    protocol = build_protocol(config)
    samples, _ = build_samples(config, protocol)
    return plan(samples, build_estimator(config), build_splitter(config), protocol=protocol)


def measure(jobs: int, people: int, epochs: int) -> None:
    """In a process of its own: seconds of a LOSO, its start-up left out, and its predictions, as JSON."""
    from neuroface.evaluate.workers import fold_call, outcomes

    planned = planned_run(people, epochs)
    calls = [(call(fold_call), (planned.task, fold, False)) for fold in planned.folds]
    list(outcomes(calls[: max(jobs, 1)], n_jobs=jobs, where=ROOT))  # processes start and torch is loaded
    start = time.perf_counter()
    found = list(outcomes(calls, n_jobs=jobs, where=ROOT))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "probabilities": predicted(found)}))


def predicted(found: list[Any]) -> dict[str, Any]:
    """Probabilities by fold; ends the program where a fold failed."""
    from neuroface.evaluate.workers import Failure

    failed = [one.cause for one in found if isinstance(one, Failure)]
    if failed:
        raise SystemExit(failed[0])
    return {result.name: result.probabilities.tolist() for result, _, _ in found}


def folds_together(people: int, epochs: int) -> None:
    """On a GPU: seconds of folds trained one after the other over those of folds trained together."""
    import torch

    if not torch.cuda.is_available():
        print("folds together against one after the other   skipped: it pays on a GPU, and there is none")
        return
    from neuroface.evaluate.workers import fold_call, together_calls

    planned = planned_run(people, epochs)
    task, folds = planned.task, planned.folds
    fold_call(task, folds[0], False)  # CUDA starts
    start = time.perf_counter()
    alone = [fold_call(task, fold, False) for fold in folds]
    between = time.perf_counter()
    together = list(together_calls(task, folds, False))
    end = time.perf_counter()
    found, reference = predicted(together), predicted(alone)
    apart = max(np.abs(np.array(found[name]) - np.array(values)).max() for name, values in reference.items())
    ratio = (between - start) / (end - between)
    print(
        f"folds together against one after the other   x{ratio:.2f}   (goal: x5 or more); predictions {apart:.1e} apart"
    )


def call(function: Any) -> Any:
    """A fold as the engine runs it; with torch's own threads where the environment leaves them to it."""
    if "OMP_NUM_THREADS" in os.environ:
        return function
    from unittest.mock import patch

    def threaded(*arguments: Any) -> Any:
        from contextlib import nullcontext

        with patch("neuroface.evaluate.workers.one_thread", nullcontext):
            return function(*arguments)

    return threaded


def run(jobs: int, threads: int | None, people: int, epochs: int) -> dict[str, Any]:
    environment = {key: value for key, value in os.environ.items() if key not in ("OMP_NUM_THREADS", "GOMP_SPINCOUNT")}
    if threads is not None:  # as the command line sets it; without, torch is as it comes
        environment |= {"OMP_NUM_THREADS": str(threads), "GOMP_SPINCOUNT": SPIN}
    words = [sys.executable, __file__, "--measure", str(jobs), str(people), str(epochs)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def beside_a_spinner(*arguments: Any) -> dict[str, Any]:
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        return run(*arguments)
    finally:
        spinner.kill()
        spinner.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="8 people, 10 epochs, once")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--measure", type=int, nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(*arguments.measure)
        return
    people, epochs, repeats = (4, 10, 1) if arguments.quick else (11, 40, arguments.repeats)
    seconds: dict[str, list[float]] = {name: [] for name in [*WAYS, NEIGHBOUR]}
    reference: dict[str, Any] = {}
    for _ in range(repeats):
        for name, way in WAYS.items():
            told = run(way["jobs"] or arguments.jobs, way["threads"], people, epochs)
            seconds[name].append(told["seconds"])
            reference = reference or told["probabilities"]
            check(name, told["probabilities"], reference)
        told = beside_a_spinner(arguments.jobs, 1, people, epochs)
        seconds[NEIGHBOUR].append(told["seconds"])
        check(NEIGHBOUR, told["probabilities"], reference)
    report({name: statistics.median(values) for name, values in seconds.items()})
    folds_together(people, epochs)


def check(name: str, probabilities: dict[str, Any], reference: dict[str, Any]) -> None:
    """Equal to the last bit with one thread; torch's own threads may add in another order."""
    exact = "torch's" not in name
    for fold, expected in reference.items():
        found = np.array(probabilities[fold])
        same = np.array_equal(found, expected) if exact else np.allclose(found, expected, atol=1e-4)
        if not same:
            raise SystemExit(f"{name}: fold {fold} predicts otherwise than one process with one thread")


def report(median: dict[str, float]) -> None:
    serial, processes, threads = (median[name] for name in WAYS)
    for name, value in median.items():
        print(f"{name:<42}{value:7.2f} s")
    print(f"processes against one process, one thread   x{serial / processes:.2f}   (goal: x1.8 or more)")
    print(f"processes against torch's threads           x{threads / processes:.2f}   (goal: x1.25 or more)")
    print(f"busy neighbour against none                 x{median[NEIGHBOUR] / processes:.2f}   (goal: x2 or less)")


if __name__ == "__main__":
    main()
