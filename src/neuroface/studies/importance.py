"""Which features the models of a run on a table rest on, each person judged by the fold that left them out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from neuroface.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

    from neuroface.evaluate.task import Task
    from neuroface.explain.importance import Judge
    from neuroface.explain.question import Question
    from neuroface.report.run import Run

FOLDER = "explain"
TOLERANCE = 1e-6  # of a probability, when a model is asked again


@dataclass(frozen=True, eq=False)
class _Asked:
    """run, its table X (n, d) by `names`, models by fold with what they learnt from, and what is scored."""

    run: Run
    names: list[str]
    X: np.ndarray
    models: dict[str, Any]
    judges: list[Judge]
    train: dict[str, np.ndarray]
    question: Question


def explain_table(path: Path, config: DictConfig, *, repeats: int, checks: int) -> str:
    """Write explain/explain.html with its tables and figures; returns where it is, and the first lines.

    config: of the run (`finished.run_config`). checks: how often labels are shuffled, and half as often models
    scrambled; 0 for never.
    Errors: ConfigError for a run without models; DataError when a model no longer says what predictions.csv says.
    """
    from neuroface.evaluate.run_folder import RunFolder
    from neuroface.explain.importance import groups_of, importance
    from neuroface.report.importance_page import render
    from neuroface.studies.building import build_estimator

    asked = _asked(path, config)
    groups = groups_of(asked.names, asked.X, asked.question.subject)
    table = importance(asked.judges, asked.X, asked.question, groups, repeats=repeats)
    table["members"] = [", ".join(asked.names[i] for i in columns) for columns in groups.values()]
    estimator = build_estimator(config)
    told = ""
    if checks and getattr(estimator, "costly", False):
        told, checks = "not checked with shuffled labels: this classifier takes long to fit\n", 0
    if checks:
        table = table.assign(**_checks(asked, _task(asked, config, estimator), groups, table, checks))
    with RunFolder(path).locked():
        page = render(asked.run, table, _attributions(asked), path / FOLDER, measure=asked.question.measure)
    best = table[table["kind"] == "feature"].nlargest(3, "importance")
    lines = [f"{row.name_} {row.importance:.3f} [{row.low:.3f}, {row.high:.3f}]" for row in _named(best)]
    return f"{told}fall of the {asked.question.measure}, largest first: {'; '.join(lines)}\n{page}"


def _named(table: pd.DataFrame) -> Any:
    return table.rename(columns={"name": "name_"}).itertuples()


def _asked(path: Path, config: DictConfig) -> _Asked:
    from neuroface.classifiers.load import load_model
    from neuroface.evaluate.fold import predict
    from neuroface.explain.importance import Judge
    from neuroface.explain.question import Question
    from neuroface.report import run as runs
    from neuroface.studies.finished import model_files, refuse_composed, targets_of_node

    refuse_composed(path, config)
    run = runs.read(path)
    names = runs.feature_columns(run.features) if run.features is not None else []
    if not names or run.features is None:
        raise DataError(f"{path}/samples.csv holds no features. Train again with another run=.")
    table, trusted = run.features, set(targets_of_node(config.classifier))
    place = {str(sample): i for i, sample in enumerate(table["sample"])}
    files = {file.stem: file for file in model_files(path)}
    models, judges, train = {}, [], {}
    for name, rows in run.predictions.groupby("fold", sort=False):
        if str(name) not in files:
            raise ConfigError(f"{path}/models holds no model of fold {name}. Train again with another run=.")
        model = models[str(name)] = load_model(files[str(name)], trusted=trusted)
        at = np.array([place[sample] for sample in rows["sample"]])
        judges.append(Judge(str(name), partial(_ask, predict, model, run.classes), at))
        train[str(name)] = np.flatnonzero(~table["subject"].isin(set(rows["subject"])).to_numpy())
        _check_same(judges[-1], table[names].to_numpy(float), rows, run.classes, path)
    y, subject, task = (table[name].astype(str).tolist() for name in ("y", "subject", "task"))
    question = Question.of(y, subject, task, run.classes)
    return _Asked(run, names, table[names].to_numpy(float), models, judges, train, question)


def _ask(predict: Any, model: Any, classes: tuple[str, ...], X: np.ndarray) -> np.ndarray:
    return predict(model, X, classes)


def _check_same(judge: Judge, X: np.ndarray, rows: pd.DataFrame, classes: Sequence[str], path: Path) -> None:
    before = rows[[f"p_{name}" for name in classes]].to_numpy(float)
    apart = float(np.abs(judge.ask(X[judge.rows]) - before).max())
    if apart > TOLERANCE:
        raise DataError(
            f"{path}, fold {judge.name}: its model now gives probabilities up to {apart:.3f} away from those in "
            "predictions.csv. Its files have changed since; train again with another run=."
        )


def _task(asked: _Asked, config: DictConfig, estimator: Any) -> Task:
    from neuroface.evaluate.task import Task

    names = np.array(asked.question.classes)
    return Task(
        X=asked.X,
        y=names[asked.question.y],
        subject=asked.question.subject,
        classes=asked.question.classes,
        estimator=estimator,
        balance=bool(config.protocol.get("balance", True)),
        seed=int(config.get("seed", 0)),
        tasks=asked.question.task,
    )


def _checks(asked: _Asked, task: Task, groups: Any, table: pd.DataFrame, times: int) -> dict[str, np.ndarray]:
    """The columns that `render` wants of both checks."""
    from neuroface.evaluate.splits import Fold
    from neuroface.evaluate.statistics import permutation_p
    from neuroface.explain import sanity

    folds = [Fold(judge.name, asked.train[judge.name], judge.rows) for judge in asked.judges]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were told when the run was made
        shuffled = sanity.with_shuffled_labels(task, folds, asked.question, groups, times=times)
        scrambled = sanity.with_scrambled_models(
            asked.judges, asked.X, asked.question, groups, times=max(1, times // 2), seed=task.seed
        )
    real = table["importance"].to_numpy(float)
    alone = (table["kind"] == "feature").to_numpy()
    largest = shuffled[:, alone].max(axis=1)
    return {
        "shuffled_mean": shuffled.mean(axis=0),
        "shuffled_low": np.quantile(shuffled, 0.05, axis=0),
        "shuffled_high": np.quantile(shuffled, 0.95, axis=0),
        "p_shuffled": np.array([permutation_p(value, null) for value, null in zip(real, shuffled.T, strict=True)]),
        "p_any": np.array([permutation_p(value, largest) for value in real]),
        "scrambled_mean": scrambled.mean(axis=0),
    }


def _attributions(asked: _Asked) -> pd.DataFrame | None:
    """subject, y, feature, attribution to the last class's probability; None for other than trees, or without shap."""
    import importlib.util

    import pandas as pd

    from neuroface.explain import trees

    if importlib.util.find_spec("shap") is None or not all(map(trees.can_explain, asked.models.values())):
        return None
    parts = []
    for judge in asked.judges:
        model = asked.models[judge.name]
        values, _ = trees.attributions(model, asked.X[judge.rows], asked.X[asked.train[judge.name]])
        last = [str(name) for name in model.classes_].index(asked.question.classes[-1])  # models sort by name
        of_last = pd.DataFrame(values[:, :, last], columns=asked.names)
        parts.append(of_last.assign(subject=asked.question.subject[judge.rows], y=asked.question.y[judge.rows]))
    means = pd.concat(parts).groupby(["subject", "y"], sort=False).mean().reset_index()
    long = means.melt(["subject", "y"], var_name="feature", value_name="attribution")
    return long.assign(y=np.array(asked.question.classes)[long["y"]])
