"""One line that says where a long job is and when it will be done; a line now and then where nobody watches."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType


class Progress:
    """`with Progress() as progress: progress("folds", done, total)`.

    total 0: nobody knows how many there will be. On a terminal, standard error has one line that changes, once the job
    took more than `patience_s`. Elsewhere (a log, a batch system) it gets a whole line every `every_s` seconds, also
    while one step takes longer than that.
    """

    def __init__(self, *, patience_s: float = 2.0, every_s: float = 30.0) -> None:
        self._start = time.monotonic()
        self._stage, self._text = "", "working"
        self._stage_start, self._stage_first = self._start, 0
        self._patience_s, self._every_s = patience_s, every_s
        self._shown = False
        self._last = 0.0
        self._over = threading.Event()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_start, self._stage_first, self._last = stage, now, done, 0.0
        self._text = f"{stage} {done}{self._left(now - self._stage_start, done, total)}"
        too_soon = now - self._start < self._patience_s or (now - self._last < 0.2 and done != total)
        if too_soon or not sys.stderr.isatty():
            return
        self._last = now
        self._write(self._text)

    def __enter__(self) -> Progress:
        if not sys.stderr.isatty():
            threading.Thread(target=self._tell_now_and_then, name="progress", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._shown:
            self._write("")

    def _left(self, elapsed_s: float, done: int, total: int) -> str:
        """How many there are and how long the rest takes, by what was done since the stage began to be counted."""
        counted = done - self._stage_first
        if not total:
            return ""
        return f"/{total}" + (f", {_duration(elapsed_s / counted * (total - done))} left" if counted > 0 else "")

    def _tell_now_and_then(self) -> None:
        while not self._over.wait(self._every_s):
            so_far = _duration(time.monotonic() - self._start)
            print(f"{self._text} ({so_far} so far)", file=sys.stderr, flush=True)

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
        self._shown = True


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
