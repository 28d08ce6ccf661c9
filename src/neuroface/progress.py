"""One line that says where a long job is and when it will be done. Silent when nobody watches."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class Progress:
    """`with Progress("folds") as progress: progress("folds", done, total)`.

    total 0: nobody knows how many there will be. Writes to standard error only if that is a terminal, and only once a
    job has taken more than two seconds.
    """

    def __init__(self, *, patience_s: float = 2.0) -> None:
        self._start = time.monotonic()
        self._stage = ""
        self._stage_start = self._start
        self._patience_s = patience_s
        self._shown = False
        self._last = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_start, self._last = stage, now, 0.0
        too_soon = now - self._start < self._patience_s or (now - self._last < 0.2 and done != total)
        if too_soon or not sys.stderr.isatty():
            return
        self._last = now
        elapsed = now - self._stage_start
        left = f"/{total}, {_duration(elapsed / done * (total - done))} left" if done and total else ""
        self._write(f"{stage} {done}{left}")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
        self._shown = True


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
