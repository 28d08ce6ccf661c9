"""What can be asked once the folds are done: thresholds, memory between folds, people who are judged together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface.evaluate.audit import finding
from neuroface.evaluate.audit_checks import MEMORY, NUMBER, THRESHOLD, TOGETHER, verdict_of
from neuroface.evaluate.fold import fit, predict
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.splits import Fold
from neuroface.evaluate.task import Task
from neuroface.evaluate.threshold import NEUTRAL, youden_threshold
from neuroface.evaluate.units import judged, mean_in_stages
from neuroface.evaluate.workers import one_thread

if TYPE_CHECKING:
    import pandas as pd

SAME = 1e-6  # of a probability; rounding alone differs less
FEWEST_FOLDS = 4  # with fewer, thresholds that are equal say nothing


def complete(audit: dict[str, Any], task: Task, folds: Sequence[Fold], predictions: pd.DataFrame) -> dict[str, Any]:
    """The audit with what the finished folds tell.

    Two folds, the first and the last, are fitted once more; not by an estimator that is costly, whose outcome is "not
    done", nor where many folds were fitted at once.
    """
    found: dict[str, list[str] | None] = {THRESHOLD: common_threshold(predictions, task), MEMORY: None, TOGETHER: None}
    if not is_costly(task):
        with one_thread():
            found |= _fitted_again(task, folds, predictions)
    outcome = {name: "not done" if texts is None else "found" if texts else "passed" for name, texts in found.items()}
    findings = [*audit["findings"], *(finding(name, texts) for name, texts in found.items() if texts)]
    worse = verdict_of([name for name, texts in found.items() if texts])
    return {
        **audit,
        "verdict": worse if audit["verdict"] == "clean" else audit["verdict"],
        "checks": {**audit["checks"], **outcome},
        "numbers": {**audit["numbers"], **{name: NUMBER[name] for name in found}},
        "findings": findings,
    }


def common_threshold(predictions: pd.DataFrame, task: Task) -> list[str]:
    """Whether all folds share the one threshold that suits their own predictions best."""
    if len(task.classes) != 2 or "threshold" not in predictions:
        return []
    thresholds = predictions.groupby("fold")["threshold"].first()
    first = float(thresholds.iloc[0])
    if len(thresholds) < FEWEST_FOLDS or (thresholds != first).any() or first == NEUTRAL:
        return []
    best = best_threshold(predictions, task)
    if not np.isclose(best, first, rtol=0, atol=1e-9):
        return []
    return [f"every fold has the threshold {first:.3g}, which is the best for the very people who are judged"]


def best_threshold(predictions: pd.DataFrame, task: Task) -> float:
    """The threshold with the largest sensitivity + specificity over everyone who is judged: a mistake as a choice."""
    column = f"p_{task.classes[1]}"
    units = mean_in_stages(predictions, [column], judged(task.design))
    return youden_threshold(units[column].to_numpy(float), (units["y"].astype(str) == task.classes[1]).to_numpy())


def is_costly(task: Task) -> bool:
    """Whether fitting a fold once more is too much to ask of the task's estimator."""
    from neuroface.evaluate.leaky_estimators import Wrapped

    return bool(getattr(task.estimator, "costly", False)) and not isinstance(task.estimator, Wrapped)


def _fitted_again(task: Task, folds: Sequence[Fold], predictions: pd.DataFrame) -> dict[str, list[str] | None]:
    columns = [f"p_{name}" for name in task.classes]
    kept = {str(name): rows for name, rows in predictions.groupby("fold", sort=False)}
    differ, together = [], []
    # The last comes first: what workers remember this process must not have learnt from the first fold's rows.
    for fold in {folds[-1].name: folds[-1], folds[0].name: folds[0]}.values():
        model = fit(task, fold.train, derive_seed(task.seed, fold.name), test=fold.test)
        again = predict(model, task.X[fold.test], task.classes)
        change = float(np.abs(again - kept[fold.name][columns].to_numpy(float)).max())
        if change > SAME:
            differ.append(f"fold {fold.name} fitted again differs by up to {change:.2g}")
        alone = np.concatenate([predict(model, task.X[fold.test[i : i + 1]], task.classes) for i in range(len(again))])
        change = float(np.abs(again - alone).max())
        if change > SAME:
            together.append(f"fold {fold.name}: predicted one by one, its rows differ by up to {change:.2g}")
    return {MEMORY: differ, TOGETHER: together}
