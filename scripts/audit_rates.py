"""How often the audit finds what is planted, and what it says of honest cohorts: the tables of docs/audit.md.

    python scripts/audit_rates.py [cohorts per kind, 100]

Cohorts of Gaussian features (11 v 11 people, 5 repetitions, 11 features, ICC .7), half of them without any difference
between the groups, half with features that differ by up to 1.5 deviations. Every mistake is planted as protocol.leak
plants it. "declared": through the engine, where steps say whom they were fitted on. "values": the same table as it
would come from elsewhere, with nothing said about how it was made. Seeded; prints Markdown.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import ExtraTreeClassifier

from neuroface.evaluate import audit_after, repeats, statistics
from neuroface.evaluate.audit import audit
from neuroface.evaluate.audit_checks import CHECKS
from neuroface.evaluate.fold import fit, predict, run_fold
from neuroface.evaluate.leaky_estimators import Remembering
from neuroface.evaluate.plan import Plan, plan
from neuroface.evaluate.protocol import Protocol
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.splits import StratifiedSubjectKFold
from neuroface.types import Samples

PEOPLE, REPETITIONS, FEATURES, ICC = 11, 5, 11, 0.7
QUESTION = Protocol(classes=("HC", "ALS"), permutations=0)
BY_VALUES = {"recording_twice", "person_twice", "scale_before_split", "select_before_split", "augment_before_split"}
BY_VALUES |= {"label_in_features", "row_number", "noisy_label"}


def cohort(seed: int, *, effect: bool) -> Samples:
    rng = np.random.default_rng(seed)
    n = 2 * PEOPLE
    people = np.array([f"{'NA'[i % 2]}{i:03d}" for i in range(n)])
    group = np.where(np.char.startswith(people, "A"), "ALS", "HC")
    size = rng.uniform(0, 1.5, FEATURES) * effect
    mean = rng.normal(size=(n, FEATURES)) + np.outer(group == "ALS", size)
    own = np.sqrt(ICC) * np.repeat(mean, REPETITIONS, axis=0)
    X = 20 + 4 * (own + np.sqrt(1 - ICC) * rng.normal(size=own.shape))
    subject = np.repeat(people, REPETITIONS)
    sample = np.array([f"{name}/{i % REPETITIONS}" for i, name in enumerate(subject)])
    names = tuple(f"feature_{i}" for i in range(FEATURES))
    return Samples(X=X, y=np.repeat(group, REPETITIONS), subject=subject, meta={"sample": sample}, feature_names=names)


def judged(planned: Plan, leak: str) -> pd.DataFrame:
    """Predictions of every fold; thresholds, which cost five fits more, only where they are looked at."""
    task, tables = planned.task, []
    for fold in planned.folds:
        if leak in ("refused", "threshold_on_test"):
            result = run_fold(task, fold)
            p, threshold = result.probabilities, {"threshold": result.threshold}
        else:
            model = fit(task, fold.train, derive_seed(task.seed, fold.name), test=fold.test)
            p, threshold = predict(model, task.X[fold.test], task.classes), {}
        about = {"sample": planned.samples.meta["sample"][fold.test], "subject": task.subject[fold.test], "task": ""}
        about |= {"y": task.y[fold.test], "fold": fold.name, "p_HC": p[:, 0], "p_ALS": p[:, 1], **threshold}
        tables.append(pd.DataFrame(about))
    predictions = pd.concat(tables, ignore_index=True)
    if leak == "threshold_on_test":
        predictions["threshold"] = audit_after.best_threshold(predictions, task)
    return predictions


def one(samples: Samples, leak: str, *, repeat: bool = False) -> tuple[dict, dict, float]:
    """The audit of a run, that of its table alone, and its AUC."""
    estimator = ExtraTreeClassifier(max_depth=3, random_state=0) if repeat else GaussianNB()
    Remembering.memory.clear()
    planned = plan(samples, estimator, StratifiedSubjectKFold(), protocol=replace(QUESTION, leak=leak))
    if leak == "best_seed":
        planned = repeats.with_best_seed(planned)
    predictions = judged(planned, leak)
    found = audit_after.complete(planned.audit, planned.task, planned.folds, predictions)
    p = predictions[["p_HC", "p_ALS"]].to_numpy(float)
    value = repeats.score_of(p, predictions["y"].to_numpy(str), predictions["subject"].to_numpy(str), QUESTION.classes)
    if repeat:
        found = repeats.repeated(found, planned, value)
    bare = replace(planned.samples, prepared={}, fitted_on=(frozenset(),) * len(planned.samples))
    return found, audit(bare, planned.folds), value


def share(hits: list[bool]) -> str:
    low, high = statistics.wilson(sum(hits), len(hits))
    return f"{sum(hits)}/{len(hits)} [{low:.3f}, {high:.3f}]"


def main(n: int) -> None:
    warnings.simplefilter("ignore")
    kinds = {"null": [cohort(i, effect=False) for i in range(n)]}
    kinds["effect"] = [cohort(10_000 + i, effect=True) for i in range(n)]
    honest = {kind: [one(samples, "refused") for samples in cohorts] for kind, cohorts in kinds.items()}
    trees = {kind: [one(samples, "refused", repeat=True) for samples in cohorts] for kind, cohorts in kinds.items()}
    print("| check | planted | found, no difference | found, a difference | from the values alone | false alarms |")
    print("|---|---|---|---|---|---|")
    gains = []
    for check in CHECKS:
        if check.leak is None:
            continue
        repeat = check.leak == "best_seed"
        base = trees if repeat else honest
        cells, alone = [], []
        for kind, cohorts in kinds.items():
            runs = [one(samples, check.leak, repeat=repeat) for samples in cohorts]
            cells.append(share([run[0]["checks"][check.name] == "found" for run in runs]))
            alone += [run[1]["checks"].get(check.name) == "found" for run in runs]
            change = np.array([run[2] for run in runs]) - np.array([run[2] for run in base[kind]])
            gains.append((check, kind, np.mean([run[2] for run in base[kind]]), change))
        alarms = [run[0]["checks"][check.name] == "found" for runs in base.values() for run in runs]
        by_values = share(alone) if check.leak in BY_VALUES else "–"
        row = f"| {check.number} | `{check.leak}` | {cells[0]} | {cells[1]} | {by_values} | {share(alarms)} |"
        print(row, flush=True)
    clean = [run[0]["verdict"] == "clean" for runs in honest.values() for run in runs]
    print(f"\nHonest cohorts with any finding: {share([not c for c in clean])}\n")
    print("| planted | AUC added, no difference (5-95 %) | AUC added, a difference (5-95 %) |\n|---|---|---|")
    for i in range(0, len(gains), 2):
        texts = [
            f"{change.mean():+.3f} ({np.quantile(change, 0.05):+.2f} to {np.quantile(change, 0.95):+.2f})"
            for _, _, _, change in gains[i : i + 2]
        ]
        print(f"| `{gains[i][0].leak}` | {texts[0]} | {texts[1]} |")
    print(f"\nhonest AUC: {', '.join(f'{kind} {honest_mean(runs):.3f}' for kind, runs in honest.items())}")


def honest_mean(runs: list[tuple[dict, dict, float]]) -> float:
    return float(np.mean([run[2] for run in runs]))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
