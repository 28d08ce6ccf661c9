"""A run of a network, killed in the middle of a fold and started again: the same bytes as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RUN = """
import sys
import numpy as np
from made_up import classifier, series
from neuroface.classifiers import training
from neuroface.evaluate import engine
from neuroface.evaluate.plan import plan
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso
from neuroface.types import Samples

training.CHECKPOINT_S = 0.0
X, y, subject = series()
names = [f"{person}/OPEN/{i}" for i, person in enumerate(subject)]
meta = {"sample": names, "group": y, "task": np.full(len(y), "OPEN"), "repetition": np.arange(len(y))}
samples = Samples(X=X, y=y, subject=subject, meta={k: np.array(v) for k, v in meta.items()}, view="series")
estimator = classifier(max_epochs=60, patience=60, mixup=0.2)
protocol = Protocol(classes=("a", "b"), task=None, permutations=2)
with RunFolder(sys.argv[1]).open({"seed": 0}) as folder:
    engine.run(plan(samples, estimator, Loso(), protocol=protocol), folder)
"""


@pytest.mark.slow
def test_killed_in_the_middle_of_a_fold_gives_the_same_bytes(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(RUN)
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run([sys.executable, script, whole], check=True, env=environment)
    process = subprocess.Popen([sys.executable, script, killed], env=environment)
    deadline = time.monotonic() + 120
    while not begun(killed) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert begun(killed)
    subprocess.run([sys.executable, script, killed], check=True, env=environment)
    files = [f.relative_to(whole) for part in ("models/*", "predictions.csv", "scores.json") for f in whole.glob(part)]
    assert len(files) == 8 * 2 + 2
    assert [file for file in files if (whole / file).read_bytes() != (killed / file).read_bytes()] == []
    assert not (killed / "checkpoints").exists()


def begun(folder: Path) -> bool:
    """Whether the third fold is on its way and has kept its state."""
    return (folder / "checkpoints" / "p02.pt").is_file() and not (folder / "folds" / "p02.csv").is_file()
