"""What a finished run costs when it is asked again: predict on a file, importance, and the digital face's fit.

    python scripts/bench/predict.py [--theirs 2]

Three ratios, in processor time, each within one run of this script, as a machine may be shared:
predict of a forest run on a file of landmarks beside a process that only imports what it needs; permutation importance
of 11 features, 22 folds and 100 repeats beside a loop over scikit-learn's permutation_importance (--theirs folds of it,
scaled up); the face fitted to 500 frames beside scipy.optimize.least_squares frame by frame (20 frames, scaled up).
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation
from sklearn.inspection import permutation_importance

import neuroface as nf
from neuroface.cohorts.synthetic import SyntheticCohort
from neuroface.evaluate.fold import predict
from neuroface.explain import face_fit
from neuroface.explain.importance import Judge, importance
from neuroface.explain.question import Question
from neuroface.synthesis.face_model import pose_face

IMPORTS = "import numpy, pandas, hydra, omegaconf, scipy.signal, sklearn.base, numba, neuroface.classifiers.forest"


def children(command: list[str]) -> float:
    """Processor seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def of_predict(run: Path, folder: Path) -> None:
    """The best of three each: compiled code and files are then in place."""
    (one,) = SyntheticCohort(people={"ALS": 1}, tasks=["OPEN"], seed=11).recordings()
    np.savez(folder / "new.npz", points=one.landmarks.points, timestamps_s=one.landmarks.timestamps_s)
    ask = [sys.executable, "-m", "neuroface", "predict", f"run={run}", f"recording={folder / 'new.npz'}"]
    ours = min(children(ask) for _ in range(3))
    only = min(children([sys.executable, "-c", IMPORTS]) for _ in range(3))
    print(f"predict {ours:.2f} s, imports alone {only:.2f} s: ratio {ours / only:.2f} (at most 2)")


def of_importance(run: nf.Run, theirs: int) -> None:
    names = [name for name in run.features.columns if "." in name]
    X, table = run.features[names].to_numpy(float), run.predictions
    classes = ("HC", "ALS")
    models = {fold: nf.load_model(run.path / "models" / f"{fold}.npz") for fold in table["fold"].unique()}
    place = {sample: i for i, sample in enumerate(run.features["sample"])}
    rows = {fold: np.array([place[s] for s in of["sample"]]) for fold, of in table.groupby("fold")}
    judges = [Judge(fold, partial(_ask, model, classes), rows[fold]) for fold, model in models.items()]
    y, subject, task = (run.features[name].astype(str).tolist() for name in ("y", "subject", "task"))
    groups = {("feature", name): [i] for i, name in enumerate(names)}
    start = time.process_time()
    importance(judges, X, Question.of(y, subject, task, classes), groups, repeats=100)
    ours = time.process_time() - start
    start = time.process_time()
    for fold in list(models)[:theirs]:
        permutation_importance(models[fold], X[rows[fold]], np.array(y)[rows[fold]], n_repeats=100, random_state=0)
    loop = (time.process_time() - start) * len(models) / theirs
    print(
        f"importance, {len(names)} features x {len(models)} folds x 100: {ours:.2f} s, the loop {loop:.1f} s: "
        f"ratio {ours / loop:.3f} (at most .1)"
    )


def _ask(model: object, classes: tuple[str, ...], X: np.ndarray) -> np.ndarray:
    return predict(model, X, classes)


def of_face() -> None:
    (one,) = SyntheticCohort(people={"PS": 1}, tasks=["BIGSMILE"], seed=3).recordings()
    points = one.landmarks.points[:500]
    start = time.process_time()
    fit = face_fit.fit_face(points)
    ours = time.process_time() - start
    known = np.flatnonzero(np.isfinite(fit.error_mm))
    first = np.r_[np.zeros(17), Rotation.from_matrix(fit.rotation[known[0]]).as_rotvec(), fit.translation[known[0]]]
    chosen, apart = known[:: len(known) // 20][:20], []
    start = time.process_time()
    for frame in chosen:
        theirs = least_squares(_residuals, first, args=(points[frame], fit.neutral)).x[:17]
        own = np.r_[fit.jaw_deg[frame], fit.right_mm[frame], fit.left_mm[frame]]
        apart.append(float(np.abs(own - theirs).max()))
    loop = (time.process_time() - start) * len(points) / len(chosen)
    print(
        f"face, {len(points)} frames: {ours:.2f} s with identity, scipy {loop:.1f} s without: {loop / ours:.0f} times "
        f"(at least 20); largest difference of a parameter {max(apart):.1e} mm or degrees"
    )


def _residuals(x: np.ndarray, points: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    own = pose_face(neutral, x[:1], x[None, 1:9], x[None, 9:17])[0]
    apart = (points - Rotation.from_rotvec(x[17:20]).apply(own) - x[20:]) / face_fit.NOISE_MM
    return np.r_[apart[np.isfinite(apart)], x[0] / face_fit.JAW_DEG, x[1:17] / face_fit.MUSCLE_MM]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--theirs", type=int, default=2, help="folds of scikit-learn's loop")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as place:
        run = nf.train("protocol.permutations=0", "execution.n_jobs=1", run=Path(place) / "run")
        of_predict(run.path, Path(place))
        of_importance(run, arguments.theirs)
    of_face()


if __name__ == "__main__":
    main()
