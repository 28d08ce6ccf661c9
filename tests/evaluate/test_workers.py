from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from neuroface.errors import RunFailedError
from neuroface.evaluate.workers import outcomes

PARENT = """
import os, sys, time
from pathlib import Path
from neuroface.evaluate.workers import outcomes

def busy(folder):
    Path(folder, str(os.getpid())).touch()
    time.sleep(60)

if __name__ == "__main__":
    list(outcomes([(busy, (sys.argv[1],))] * 2, n_jobs=2, where=Path(sys.argv[1])))
"""


def lives(pid: int) -> bool:
    """Whether a process runs; one that ended but was not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    (tmp_path / "pids").mkdir()
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, str(script), str(tmp_path / "pids")], stderr=subprocess.DEVNULL)
    workers: list[int] = []
    try:
        wait_until(lambda: len(list((tmp_path / "pids").iterdir())) == 2, seconds=60)
        workers = [int(file.name) for file in (tmp_path / "pids").iterdir()]
        assert all(map(lives, workers))
        assert parent.pid not in workers
        parent.kill()
        parent.wait()
        wait_until(lambda: not any(map(lives, workers)), seconds=10)
    finally:
        for pid in filter(lives, [parent.pid, *workers]):
            os.kill(pid, signal.SIGKILL)


def test_workers_know_a_folder_of_plug_ins_that_was_added_after_they_began(tmp_path, monkeypatch):
    def asked(function):
        return sorted(outcomes([(function, (number,)) for number in range(4)], n_jobs=2, where=tmp_path))

    assert asked(abs) == [0, 1, 2, 3]
    (tmp_path / "plug_in_of_a_later_run.py").write_text("def double(number):\n    return 2 * number\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert asked(importlib.import_module("plug_in_of_a_later_run").double) == [0, 2, 4, 6]


def test_what_cannot_be_sent_to_workers_is_one_message(tmp_path):
    with pytest.raises(
        RunFailedError, match=r"could not be sent .*: TypeError: cannot pickle '_thread.lock' object\. What"
    ):
        list(outcomes([(print, (threading.Lock(),))] * 2, n_jobs=2, where=tmp_path))


def wait_until(condition, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


GROWS = """
import os, time
import numpy as np

held = []

def grows(number):
    held.append(np.ones(25_000_000))
    time.sleep(1.2)
    return number, os.getpid()
"""
ASKS = """
from pathlib import Path
from grows import grows
from neuroface.evaluate.workers import outcomes
found = list(outcomes([(grows, (number,)) for number in range(10)], n_jobs=2, where=Path(".")))
print(sorted(number for number, _ in found) == list(range(10)), len({pid for _, pid in found}) > 2)
"""


@pytest.mark.slow
def test_a_worker_that_grew_is_replaced_and_nothing_is_lost_or_said(tmp_path):
    """loky ends workers whose memory grows by 300 MB, and warns of what nobody can do anything about."""
    pytest.importorskip("psutil")
    (tmp_path / "grows.py").write_text(GROWS)
    told = {"capture_output": True, "text": True, "timeout": 120, "cwd": tmp_path}
    done = subprocess.run([sys.executable, "-c", ASKS], **told)
    assert done.stdout.split() == ["True", "True"], done.stderr
    assert not done.stderr
