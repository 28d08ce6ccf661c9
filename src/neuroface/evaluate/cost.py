"""What a run costs in time, memory and disk: told from its first pieces, and noted afterwards."""

from __future__ import annotations

import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroface.evaluate.run_folder import RunFolder

FIRST = 2  # pieces that a forecast needs, or one per process where there are more
WARM_S = 5.0  # after which what happens once, compiling above all, no longer counts as if it happened each time
QUIET_S = 60.0  # a stage that takes less is not worth a line
KIB = 1 if sys.platform == "darwin" else 1024  # what getrusage counts memory in: bytes on macOS, else KiB


@dataclass(frozen=True)
class Spent:
    """seconds: of one piece of work. peak_bytes: most memory that its process has had so far. pid: which one."""

    seconds: float
    peak_bytes: int
    pid: int


def spent_since(started: float) -> Spent:
    """By a piece that began then, by time.monotonic, in this process."""
    return Spent(time.monotonic() - started, peak_bytes(), os.getpid())


def peak_bytes() -> int:
    """The most memory that this process has had (resident)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


class Notes:
    """What a Meter notes of a command without a run folder. path: where it writes."""

    def __init__(self, path: Path) -> None:
        self.path, self.facts = path, dict[str, Any]()

    def update(self, **facts: Any) -> None:
        self.facts.update(facts)

    def tell(self) -> None:
        """Say on standard error what each stage took that was worth a line."""
        for stage, noted in self.facts.get("cost", {}).items():
            if noted["wall_s"] > QUIET_S:
                print(f"took: {in_words(stage, noted)}", file=sys.stderr)


class Meter:
    """Of one stage of a run, its folds or its permutations: a forecast after the first ones, the sum at its end.

    n: how many there are to do now. processes: that do them at the same time.
    """

    def __init__(self, folder: RunFolder | Notes, stage: str, n: int, processes: int) -> None:
        self.folder, self.stage, self.n, self.processes = folder, stage, n, max(1, min(processes, n))
        self.started, self.before = time.monotonic(), disk_bytes(folder)
        self.done, self.seconds, self.settled = 0, 0.0, False
        self.peaks: dict[int, int] = {}

    def count(self, spent: Spent | None = None) -> None:
        """One more is done and written."""
        self.done += 1
        if spent is not None:
            self.seconds += spent.seconds
            self.peaks[spent.pid] = max(self.peaks.get(spent.pid, 0), spent.peak_bytes)
        first = min(max(FIRST, self.processes), self.n)
        warm = bool(self.seconds) or time.monotonic() - self.started >= WARM_S
        if self.done == first or (self.done > first and warm and not self.settled):
            self.settled = warm
            self._foretell()

    def end(self) -> None:
        """Note in run.json what it was."""
        if self.done:
            self._note("cost", done=self.done, wall_s=time.monotonic() - self.started, disk=self._grown())

    def _foretell(self) -> None:
        if self.seconds:  # what starting the workers took is not taken n times
            wall_s = self.seconds / self.done * self.n / self.processes
        else:
            wall_s = (time.monotonic() - self.started) / self.done * self.n
        expected = self._note("forecast", done=self.n, wall_s=wall_s, disk=self._grown() / self.done * self.n)
        if self.settled and wall_s > QUIET_S:
            print(f"by the first {self.done}: {in_words(self.stage, expected)}", file=sys.stderr, flush=True)

    def _grown(self) -> float:
        return max(0, disk_bytes(self.folder) - self.before)

    def _note(self, kind: str, *, done: int, wall_s: float, disk: float) -> dict[str, Any]:
        here = peak_bytes()
        workers = sum(sorted(self.peaks.values())[-self.processes :])
        if len(self.peaks) == 1 and self.processes > 1:  # only one of them has answered yet
            workers *= self.processes
        noted = {
            "n": done,
            "wall_s": round(wall_s, 1),
            "processes": self.processes,
            "memory_bytes": max(here, workers) if self.processes == 1 else here + workers,
            "disk_bytes": round(disk),
        }
        known = self.folder.facts.get(kind, {})
        self.folder.update(**{kind: {**known, self.stage: noted}})
        return noted


def disk_bytes(folder: RunFolder | Notes) -> int:
    """What the files of a run, or of a folder that is written, take."""
    return sum(file.stat().st_size for file in folder.path.rglob("*") if file.is_file() and file.suffix != ".tmp")


def in_words(stage: str, noted: dict[str, Any]) -> str:
    """`499 permutations: 3 min, 0.5 GB of memory in 2 processes, 4.1 MB on disk`."""
    where = f" in {noted['processes']} processes" if noted["processes"] > 1 else ""
    memory = f"{noted['memory_bytes'] / 1e9:.1f} GB of memory{where}"
    return f"{noted['n']} {stage}: {duration(noted['wall_s'])}, {memory}, {noted['disk_bytes'] / 1e6:.1f} MB on disk"


def duration(seconds: float) -> str:
    """`40 s`, `12 min` or `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
