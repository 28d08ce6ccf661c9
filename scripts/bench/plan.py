"""What breaks first as a study grows: the plan of folds and the files of a run. python scripts/bench/plan.py

Nothing is fitted: a plan is made for so many people with one recording each, its splits are written as a run writes
them, and so many fold files. Sizes marked with ~ are computed from the largest measured one: time grows with the square
of people (the audit looks for each person's rows among all); what is held and written does so for leave one out, where
each fold lists everybody, and in proportion for ten folds.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier

from neuroface.evaluate.plan import Plan, plan
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso, StratifiedSubjectKFold, ordered_unique
from neuroface.types import Samples

FEATURES = 11
LOSO = (250, 500, 1000)
KFOLD = (1000, 3000, 10_000)
FILES = (1000, 10_000)
MILLION = 1_000_000


def samples(n: int) -> Samples:
    group = np.tile(np.array(["HC", "ALS"]), n // 2)
    who = np.char.add("S", np.char.zfill(np.arange(n).astype(str), 7))
    meta = {"sample": who, "group": group, "task": np.full(n, "OPEN"), "repetition": np.zeros(n, int)}
    X = np.random.default_rng(0).normal(size=(n, FEATURES))
    return Samples(X=X, y=group, subject=who, meta=meta, feature_names=tuple(f"rom.f{i}_mm" for i in range(FEATURES)))


def planned(n: int, splitter: Any) -> tuple[Plan, float, int]:
    """The plan, seconds, and bytes of what it holds: the table, and for each fold who is in it."""
    given = samples(n)
    started = time.perf_counter()
    made = plan(given, DummyClassifier(), splitter, protocol=Protocol(classes=("HC", "ALS"), permutations=0))
    took = time.perf_counter() - started
    held = made.task.X.nbytes + sum(fold.train.nbytes + fold.test.nbytes for fold in made.folds)
    return made, took, held


def splits_bytes(made: Plan) -> int:
    """Of splits.json: the same for every fold of a plan, to a few bytes."""
    subject, fold = made.task.subject, made.folds[0]
    one = {"test": ordered_unique(subject[fold.test]), "train": ordered_unique(subject[fold.train])}
    return len(made.folds) * len(json.dumps({fold.name: one}, indent=2))


def row(what: str, n: int, seconds: float, memory: float, splits: float, mark: str = " ") -> None:
    values = f"{mark}{seconds:>9.1f} s {mark}{memory / 1e9:>9.2f} GB {mark}{splits / 1e9:>9.3f} GB"
    print(f"{what:<22} {n:>9,} {values}", flush=True)


def main() -> None:
    print(f"{'plan':<22} {'people':>9}       time      held        splits.json")
    for n in LOSO:
        made, took, held = planned(n, Loso())
        splits = splits_bytes(made)
        row("leave one out", n, took, held, splits)
        del made
    for many in (10_000, MILLION):
        grown = (many / n) ** 2  # each fold lists everybody
        row("leave one out", many, took * grown, held * grown, splits * grown, "~")
    for n in KFOLD:
        made, took, held = planned(n, StratifiedSubjectKFold(n_splits=10))
        splits = splits_bytes(made)
        row("10 folds of people", n, took, held, splits)
        del made
    grown = MILLION / n
    row("10 folds of people", MILLION, took * grown**2, held * grown, splits * grown, "~")
    print(f"\n{'files of folds':<22} {'files':>9}  written in  found in")
    for n in FILES:
        with tempfile.TemporaryDirectory() as folder, RunFolder(Path(folder) / "run").open({}) as run:
            started = time.perf_counter()
            for i in range(n):
                run.write_text(f"folds/S{i:07d}.csv", "sample,subject\n")
            written, started = time.perf_counter() - started, time.perf_counter()
            assert all(run.holds(f"folds/S{i:07d}.csv") for i in range(n))
            read = time.perf_counter() - started
        print(f"{'':<22} {n:>9,} {written:>8.1f} s {read:>8.1f} s", flush=True)
    print(f"{'':<22} {MILLION:>9,} ~{written * MILLION / n:>7.0f} s ~{read * MILLION / n:>7.0f} s")


if __name__ == "__main__":
    main()
