"""What the engine costs per fold, and how folds and recordings spread over workers. python scripts/bench/scale.py

Folds that sleep half a second stand for work: how well they spread can be seen on a machine that others use, too. Wall
time of the second of two runs of one pool, so that starting the workers is not counted. Landmarks of recordings are
really found, by the bundled network on rendered frames: measure them on a machine that nobody else uses.
"""

from __future__ import annotations

import io
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from neuroface.evaluate import engine
from neuroface.evaluate.plan import plan
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso
from neuroface.evaluate.spread import spread
from neuroface.types import Samples
from neuroface.verbs import landmarks as verb

FOLDS, WORK_S = 26, 0.5
PEOPLE, FPS = 20, 4  # of each group; few frames, so that a recording is some seconds of work


class Sleeper(ClassifierMixin, BaseEstimator):
    """Takes its time once per fold and knows nothing; it holds nobody out, so that no inner fits are made."""

    def __init__(self, work_s: float = WORK_S):
        self.work_s = work_s

    def fit(self, X, y):
        time.sleep(self.work_s)
        self.classes_ = np.unique(y)
        self.held_out_ = np.arange(len(X)), np.full((len(X), 2), 0.5)
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


def samples(n: int) -> Samples:
    group = np.array(["HC", "ALS"] * (n // 2))
    who = np.array([f"S{i:04d}" for i in range(n)])
    meta = {"sample": who, "group": group, "task": np.full(n, "OPEN"), "repetition": np.zeros(n, int)}
    X = np.random.default_rng(0).normal(size=(n, 11))
    return Samples(X=X, y=group, subject=who, meta=meta, feature_names=tuple(f"rom.f{i}_mm" for i in range(11)))


def seconds(estimator: Sleeper, n_jobs: int) -> float:
    protocol = Protocol(classes=("HC", "ALS"), permutations=0)
    planned = plan(samples(FOLDS), estimator, Loso(), protocol=protocol)
    with tempfile.TemporaryDirectory() as folder, RunFolder(Path(folder) / "run").open({}) as run:
        started = time.perf_counter()
        engine.run(planned, run, n_jobs=n_jobs, save_models=False)
        return time.perf_counter() - started


def landmarks(people: int, n_jobs: int) -> float:
    """Seconds for the landmarks of so many people of two groups, one short recording each; two before it start it."""
    words = ["cohort.tasks=[OPEN]", "cohort.repetitions={OPEN: 1}", "cohort.modality=rgbd", f"cohort.fps={FPS}"]
    words += ["landmarks=fan", "landmarks.weights=bundled", "lift=depth", f"execution.n_jobs={n_jobs}"]
    for n in (1, people):
        with tempfile.TemporaryDirectory() as out, redirect_stdout(io.StringIO()):
            started = time.perf_counter()
            verb.run([f"cohort.people={{HC: {n}, ALS: {n}}}", *words, f"out={out}"])
    return time.perf_counter() - started


def main() -> None:
    started = time.process_time()
    seconds(Sleeper(0.0), 1)
    started = time.process_time()
    seconds(Sleeper(0.0), 1)
    print(f"engine, per fold, processor time: {(time.process_time() - started) / FOLDS * 1e3:.1f} ms")
    one = seconds(Sleeper(), 1)
    seconds(Sleeper(0.0), 2)
    two = seconds(Sleeper(), 2)
    print(f"{FOLDS} folds of {WORK_S} s: one process {one:.1f} s, two of loky {two:.1f} s (x{one / two:.2f})")
    with spread("dask", n_jobs=2):
        seconds(Sleeper(0.0), 2)
        dask = seconds(Sleeper(), 2)
    print(f"two workers of Dask {dask:.1f} s, {dask / two:.2f} times as long as loky")
    one, two = (landmarks(PEOPLE, n_jobs) for n_jobs in (1, 2))
    told = f"one process {one:.1f} s, two {two:.1f} s (efficiency {one / two / 2:.2f})"
    print(f"landmarks of {2 * PEOPLE} recordings: {told}")


if __name__ == "__main__":
    main()
