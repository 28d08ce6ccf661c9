"""What the audit costs beside the run that it audits: at most a tenth is asked for.

    python scripts/bench/audit.py [--permutations 19]

22 people x 5 repetitions x 11 features, leave one subject out, the forest of the default run. Processor time of the
whole run and, inside it, of all checks: those before the folds and those that fit two folds again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from neuroface.classifiers.forest import Forest
from neuroface.evaluate import audit_after, engine
from neuroface.evaluate import plan as planning
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.splits import Loso
from neuroface.types import Samples


def samples() -> Samples:
    rng = np.random.default_rng(0)
    subject = np.repeat([f"S{i:02d}" for i in range(22)], 5)
    y = np.repeat([("HC", "ALS")[i % 2] for i in range(22)], 5)
    X = rng.normal(size=(110, 11)) + np.repeat(rng.normal(size=(22, 11)), 5, axis=0) + 0.5 * (y == "ALS")[:, None]
    meta = {"sample": np.array([f"{name}/{i % 5}" for i, name in enumerate(subject)])}
    return Samples(X=X, y=y, subject=subject, meta=meta, feature_names=tuple(f"f{i}" for i in range(11)))


def timed(function: Any, spent: list[float]) -> Any:
    def wrapped(*args: Any, **keys: Any) -> Any:
        began = time.process_time()
        try:
            return function(*args, **keys)
        finally:
            spent.append(time.process_time() - began)

    return wrapped


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--permutations", type=int, default=19)
    permutations = parser.parse_args().permutations
    protocol, spent = Protocol(classes=("HC", "ALS"), permutations=permutations), list[float]()
    planning.audit = timed(planning.audit, spent)
    audit_after.complete = timed(audit_after.complete, spent)
    for attempt in ("warming up", "measured"):
        spent.clear()
        began = time.process_time()
        with tempfile.TemporaryDirectory() as place:
            planned = planning.plan(samples(), Forest(), Loso(), protocol=protocol)
            with RunFolder(Path(place) / "run").open({"x": 1}) as folder:
                engine.run(planned, folder, save_models=False)
        whole = time.process_time() - began
        print(f"{attempt}: run {whole:.2f} s, audit {sum(spent):.3f} s = {sum(spent) / (whole - sum(spent)):.1%} added")


if __name__ == "__main__":
    main()
