from __future__ import annotations

import io
import sys
import time

from neuroface import progress as module
from neuroface.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_a_line_comes_now_and_then_even_within_one_long_step(capsys):
    with Progress(every_s=0.02) as progress:
        time.sleep(0.05)
        progress("folds", 3, 22)
        time.sleep(0.05)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "working (0 s so far)"
    assert lines[-1] == "folds 3/22 (0 s so far)"
    assert not any("\x1b" in line or "\r" in line for line in lines)
    time.sleep(0.05)
    assert capsys.readouterr().err == ""  # it ends with the job


def test_a_short_job_says_nothing(capsys):
    with Progress() as progress:
        progress("folds", 1, 2)
    assert capsys.readouterr().err == ""


def test_a_terminal_has_one_line_and_the_time_left_counts_what_was_done_now(monkeypatch):
    clock = iter([0.0, 10.0, 16.0])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with Progress() as progress:
        progress("folds", 11, 22)  # ten were there from an earlier run
        progress("folds", 14, 22)  # three in six seconds
    assert terminal.getvalue() == "\r\x1b[Kfolds 11/22\r\x1b[Kfolds 14/22, 16 s left\r\x1b[K"
