"""Kill a run at random instants, start it again until it is done, and compare every byte with a run that was let be.

    python scripts/chaos.py --kills 50 --seed 1

Half of the kills are of the main process, half of one of its workers (SIGKILL: nothing can be put in order). After each
kill nothing half-written may count as done. Prints a table of faults, how often, and how many results were lost; ends
with 1 if any was.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

WORDS = [
    "classifier=svm", "cohort.people={HC: 5, ALS: 5}", "protocol.permutations=20",  # svm: a process per fold
    "execution.n_jobs=2", "execution.tensorboard=false", "features=[als11_v1]",
]  # fmt: skip
COMPARED = ("predictions.csv", "scores.json", "splits.json", "audit.json", "folds/*.csv", "null/*.csv", "models/*")
DEADLINE_S = 300


def start(run: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "neuroface", "train", *WORDS, f"run={run}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def workers_of(process: int) -> list[int]:
    """Processes whose parent it is, by /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def kill(run: Path, chosen: random.Random, whole_s: float) -> str:
    """Start the run, kill it or a worker at a random instant; returns what was killed, "" when it was done before."""
    process = start(run)
    of_worker = chosen.random() < 0.5
    at = time.monotonic() + chosen.uniform(0.2, 1.0) * whole_s
    while time.monotonic() < at and process.poll() is None:
        time.sleep(0.005)
    victims = workers_of(process.pid) if of_worker else [process.pid]
    if process.poll() is not None:
        return ""
    if not victims:
        of_worker, victims = False, [process.pid]
    os.kill(chosen.choice(victims), signal.SIGKILL)
    process.wait(timeout=DEADLINE_S)
    return "worker" if of_worker else "main process"


def results(run: Path) -> dict[str, bytes]:
    files = sorted(file for pattern in COMPARED for file in run.glob(pattern) if not file.name.startswith("."))
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chosen = random.Random(options.seed)
    killed: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        started = time.monotonic()
        if start(whole).wait(timeout=DEADLINE_S):
            print("the run itself fails", file=sys.stderr)
            return 1
        whole_s, expected = time.monotonic() - started, results(whole)
        number = 0
        while killed.total() < options.kills:
            number += 1
            run, faults = Path(folder) / f"run{number}", []
            for _ in range(chosen.randint(1, 5)):
                fault = kill(run, chosen, whole_s)
                if not fault or killed.total() + len(faults) >= options.kills:
                    break
                faults.append(fault)
                print(f"killed: {fault}, {len(list(run.glob('folds/*.csv')))} folds there", file=sys.stderr, flush=True)
                halves = [file for file in run.glob("*/*.csv") if not file.read_bytes().endswith(b"\n")]
                lost[fault] += len(halves)
            code = start(run).wait(timeout=DEADLINE_S)
            same = code == 0 and results(run) == expected
            killed.update(faults)
            lost.update(faults if not same else [])
    print(f"{'fault':<14} {'times':>5} {'lost':>5}")
    for fault in sorted(killed):
        print(f"{fault:<14} {killed[fault]:>5} {lost[fault]:>5}")
    print(f"{number} runs of {whole_s:.1f} s, started again {killed.total()} times, {len(expected)} files compared")
    return int(lost.total() > 0)


if __name__ == "__main__":
    raise SystemExit(main())
