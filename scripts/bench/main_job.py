"""What the README's command costs, beside an earlier build of it in the same minutes.

    git worktree add /tmp/before 973ef98
    python scripts/bench/main_job.py --before /tmp/before/src [--jobs 2] [--permutations 0 499]

Each run is a process of its own in a fresh folder, first the earlier build with 49 permutations (its default) and with
none, then this one. Processor seconds of the process and its workers, wall seconds, and the largest of its processes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parents[2] / "src"
# The earlier build (973ef98) on a 2-core machine, where no worktree of it is given.
STATED = {49: (254.0, 825.0), 0: (50.0, 826.0)}  # processor seconds, MB


class Cost(NamedTuple):
    processor: float
    wall: float
    memory: float


def cost(source: Path, permutations: int, jobs: int, folder: Path) -> Cost:
    """Of one run that starts from nothing. Raises SystemExit with its words where it fails."""
    words = [f"run={folder}", f"protocol.permutations={permutations}", f"execution.n_jobs={jobs}"]
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "neuroface", "train", *words],
        env=environment, cwd=folder.parent, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr
    told = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(told)
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description="The README's command, beside an earlier build of it.")
    parser.add_argument("--before", type=Path, help="src of an earlier build; else stated figures are used")
    parser.add_argument("--permutations", type=int, nargs="+", default=[0, 499])
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for permutations in arguments.permutations:
            of_before = 49 if permutations else 0
            ours = cost(HERE, permutations, arguments.jobs, Path(place) / f"now-{permutations}")
            print(f"now, {permutations} permutations: {show(ours)}", flush=True)
            if arguments.before:
                before = cost(arguments.before, of_before, arguments.jobs, Path(place) / f"before-{of_before}")
                print(f"before, {of_before} permutations: {show(before)}")
                print(f"wall time: 1/{before.wall / ours.wall:.1f}")
            else:
                before = Cost(STATED[of_before][0], float("nan"), STATED[of_before][1])
                print(f"before, {of_before} permutations (stated): {before.processor:.0f} s of processor")
            goal = "a quarter" if permutations else "a third"
            print(f"processor time: 1/{before.processor / ours.processor:.1f} (goal {goal})")
            print(f"memory: {ours.memory / before.memory:.2f} of before (goal: not more)")


def show(found: Cost) -> str:
    return f"{found.processor:.1f} s of processor, {found.wall:.1f} s of wall time, {found.memory:.0f} MB"


if __name__ == "__main__":
    main()
