"""How fast the command line answers, and what a busy neighbour costs: ratios within one run.

    python scripts/bench/command_line.py [--no-train]

help, version: against `python -c pass` (goal: within 4x). A finished train again: against the first time. A train with
one other process spinning on a core: against the same train on an idle machine (goal: no more than 2x).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

REPEATS = 15
COMMAND = Path(sys.executable).with_name("neuroface")
TRAIN = ["train", "size=ci", "execution.tensorboard=false"]


def seconds(*words: str) -> float:
    start = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - start


def interleaved(*commands: list[str], repeats: int = REPEATS) -> list[float]:
    """Median seconds of each command, run in turns so that a slow moment of the machine meets them all."""
    times = [[seconds(*command) for command in commands] for _ in range(repeats + 1)][1:]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def with_spinner(run: Callable[[], float]) -> float:
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        return run()
    finally:
        spinner.kill()
        spinner.wait()


def main() -> None:
    python, help_, version = interleaved(
        [sys.executable, "-c", "pass"], [str(COMMAND), "--help"], [str(COMMAND), "--version"]
    )
    print(f"python -c pass      {1000 * python:6.1f} ms")
    print(f"neuroface --help    {1000 * help_:6.1f} ms   x{help_ / python:.1f}   (goal: within x4)")
    print(f"neuroface --version {1000 * version:6.1f} ms   x{version / python:.1f}   (goal: within x4)")
    if "--no-train" in sys.argv:
        return
    with tempfile.TemporaryDirectory() as place:
        idle, busy = [], []
        for i in range(3):
            idle.append(seconds(str(COMMAND), *TRAIN, f"run={place}/idle{i}"))
            busy.append(with_spinner(lambda i=i: seconds(str(COMMAND), *TRAIN, f"run={place}/busy{i}")))
        again = seconds(str(COMMAND), *TRAIN, f"run={place}/idle0")
    first, beside = statistics.median(idle), statistics.median(busy)
    print(f"train               {first:6.1f} s    again when finished {again:.2f} s, x{again / first:.3f}")
    print(f"  busy neighbour    {beside:6.1f} s    x{beside / first:.2f}   (goal: no more than x2)")


if __name__ == "__main__":
    main()
