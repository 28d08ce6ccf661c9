"""The models that a run keeps, each asked about rows of features: of a task, of all tasks, or less covariates."""

from __future__ import annotations

import tempfile
import warnings
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroface import outside
from neuroface.classifiers import load
from neuroface.errors import DataError
from neuroface.evaluate import over_tasks, residualised
from neuroface.evaluate.model_archive import ABOUT, ENDING

if TYPE_CHECKING:
    from neuroface.types import Samples

ENDINGS = (*load.ENDINGS, f".{ENDING}")
KINDS: Mapping[str, Any] = {
    over_tasks.FORMAT: over_tasks.OverTasks,
    residualised.FORMAT: residualised.Residualised,
}
MOST_MODELS = 1000  # of tasks; no cohort has more
SHOWN = 3  # people in one message


def load_model(path: Path | str, *, trusted: Collection[str] = ()) -> Any:
    """The classifier in a file below models/ of a run folder, with predict_proba and classes_.

    trusted: names of further types (skops) or targets (safetensors) that the file may name: a plug-in's, say. A model
    over tasks (protocol.task=all) and one of features less covariates (protocol.residualise) are what
    `evaluate.over_tasks` and `evaluate.residualised` describe.
    Errors: ConfigError for a file that is not there, is of another kind, or names a type that is not trusted; DataError
    for one that is damaged.
    """
    path = Path(path)
    if path.suffix != f".{ENDING}" or not path.is_file():
        return load.load_model(path, trusted=trusted)
    return _from_archive(path, trusted, deeper=True)


def _from_archive(path: Path, trusted: Collection[str], *, deeper: bool) -> Any:
    """deeper: whether the models in it may be archives themselves: those of tasks, less covariates."""
    try:
        outside.check_zip(path)
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as room:
            about = outside.read_json(outside.read_member(archive, ABOUT))
            kind, files = KINDS[about["format"]], about["files"]
            if not isinstance(files, list) or not 0 < len(files) <= MOST_MODELS:
                raise ValueError("it names no models")
            models: list[Any] = []
            for place, name in enumerate(files):
                if name is None:
                    models.append(None)
                    continue
                file = Path(room) / f"{place}{Path(str(name)).suffix}"
                file.write_bytes(outside.read_member(archive, str(name), at_most=outside.MOST_BYTES))
                if file.suffix == f".{ENDING}" and deeper:
                    models.append(_from_archive(file, trusted, deeper=False))
                else:
                    models.append(load.load_model(file, trusted=trusted))
        return kind.restored(about, models)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is no model file of neuroface, or is damaged ({type(error).__name__}).") from error


def tasks_of(model: Any) -> tuple[str, ...]:
    """The tasks that a model puts together; () for one that does not ask which task a row is of."""
    return tuple(model.models_) if isinstance(model, over_tasks.OverTasks) else ()


def covariates_of(model: Any) -> list[str]:
    """The facts about people that a model asks for."""
    return list(dict.fromkeys(column.name for column in _coding(model)))


def said(
    model: Any, samples: Samples, classes: tuple[str, ...], people: Mapping[str, Mapping[str, Any]] | None = None
) -> np.ndarray:
    """(n, n_classes) probabilities of the samples' rows; over tasks, a person's on each of their rows.

    people: subject -> facts, where the model takes some of them out of the features. Errors: DataError for somebody
    whose facts are not known, or are none that the run knew, and for somebody who did none of its tasks.
    """
    from neuroface.evaluate.fold import predict

    if not (coding := _coding(model)) and not tasks_of(model):
        return predict(model, samples.X, classes)
    X, subject = np.asarray(samples.X, dtype=float), np.asarray(samples.subject).astype(str)
    if coding:
        X = np.hstack([X, _coded(coding, subject, people or {})])
    if not (tasks := tasks_of(model)):
        return predict(model, X, classes)
    names, person = np.unique(subject, return_inverse=True)
    task = np.asarray(samples.meta["task"]).astype(str)
    known = np.isin(task, tasks)
    if lacking := sorted(set(names.tolist()) - set(subject[known].tolist())):
        there = ", ".join(sorted(set(task.tolist())))
        raise DataError(
            f"{', '.join(lacking[:SHOWN])}: none of the run's tasks ({', '.join(tasks)}) is here, but {there}. Name "
            "the column of the task by cohort.task=, the task of a recording by task=, or leave these people out with "
            "cohort.exclude=[...]."
        )
    parts = over_tasks.parts_by_task(X[known], person[known], task[known], len(names), tasks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # who did too little was told when the run was made
        return predict(model, parts, classes)[person]


class OfPerson:
    """A model that takes covariates out of the features, asked about rows of features of one person. facts: theirs."""

    def __init__(self, model: Any, facts: Mapping[str, Any]) -> None:
        from neuroface.evaluate.covariates import coded

        self.model, self.classes_ = model, model.classes_
        self.covariates = coded([facts], model.coding)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.asarray(self.model.predict_proba(np.hstack([X, np.repeat(self.covariates, len(X), axis=0)])))


def of_person(model: Any, facts: Mapping[str, Any]) -> Any:
    """A model that is asked about rows of features of one person, who `said` has been asked about before."""
    return OfPerson(model, facts) if _coding(model) else model


def _coding(model: Any) -> Sequence[Any]:
    inner = next((one for one in model.models_.values() if one is not None), None) if tasks_of(model) else model
    return inner.coding if isinstance(inner, residualised.Residualised) else ()


def _coded(coding: Sequence[Any], subject: np.ndarray, people: Mapping[str, Mapping[str, Any]]) -> np.ndarray:
    """(n, k) covariates of the rows, whose people are `subject` (n,)."""
    from neuroface.evaluate.covariates import coded

    names, back = np.unique(subject, return_inverse=True)
    try:
        return coded([people.get(str(name), {}) for name in names], coding)[back]
    except ValueError as error:
        place, why = error.args
        raise DataError(
            f"the run takes {', '.join(dict.fromkeys(column.name for column in coding))} out of the features, and "
            f"{names[place]}: {why}. Give it (cohort.age=COLUMN of a table, participants.tsv of a folder), or leave "
            "these people out with cohort.exclude=[...]."
        ) from None
