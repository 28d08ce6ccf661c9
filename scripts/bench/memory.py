"""Peak memory of the stages of a run, for so many recordings and ten times as many. python scripts/bench/memory.py

Each stage of each size is a process of its own, so that nothing is left of another one; what it had before the stage
began, libraries read, is told beside it.
"""

from __future__ import annotations

import subprocess
import sys

PEOPLE = (4, 40)  # of each of two groups, with one recording each
BEGIN = """
import resource, sys
from neuroface.configuration.compose import compose
from neuroface.evaluate import engine
from neuroface.studies.building import build_estimator, build_protocol, build_samples, build_splitter
import sklearn.linear_model, pandas
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
n = int(sys.argv[1])
config, _ = compose("train", [f"cohort.people={{HC: {n}, ALS: {n}}}", "classifier=logistic", *sys.argv[2:]])
protocol = build_protocol(config)
"""
READ = "before = peak(); samples, _ = build_samples(config, protocol); after = peak()\n"
FOLDS = """
from pathlib import Path
import tempfile
from neuroface.evaluate.plan import plan
from neuroface.evaluate.run_folder import RunFolder
samples, _ = build_samples(config, protocol)
planned = plan(samples, build_estimator(config), build_splitter(config), protocol=protocol.settled(samples.y))
before = peak()
with tempfile.TemporaryDirectory() as folder, RunFolder(Path(folder) / "run").open({}) as run:
    engine.run(planned, run, n_jobs=1)
after = peak()
"""
STAGES = {
    "recordings to features": (READ, []),
    "recordings to series": (READ, ["classifier=lstm"]),
    "folds and a null": (FOLDS, ["split=group_kfold", "split.n_splits=4", "protocol.permutations=3"]),
}


def main() -> None:
    print(f"{'stage':<24} {'recordings':>10}  before  most")
    for stage, (code, words) in STAGES.items():
        for n in PEOPLE:
            script = f"{BEGIN}{code}\nprint(before, after)"
            told = subprocess.run([sys.executable, "-c", script, str(n), *words], capture_output=True, text=True)
            if told.returncode:
                raise SystemExit(told.stderr)
            before, after = map(float, told.stdout.split()[-2:])
            print(f"{stage:<24} {2 * n:>10} {before:>5.0f} MB {after:>5.0f} MB", flush=True)


if __name__ == "__main__":
    main()
