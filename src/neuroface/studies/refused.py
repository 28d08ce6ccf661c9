"""New recordings that a finished run must not judge: its own people, and other features than it learnt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuroface.cohorts.pseudonyms import as_word
from neuroface.errors import DataError, LeakageError

if TYPE_CHECKING:
    from neuroface.report.run import Run
    from neuroface.types import Samples

SHOWN = 3  # names in one message
# What is advised where a recording has no depth, and what is said instead to a run on mm.
PIXELS = ("set lift=none for features in pixels", "give them, or set lift=none", "Set lift=none to go on in 2-D")
MILLIMETRES = (
    "the run learnt millimetres, so give depth or landmarks in mm, or ask a run that was trained on pixels (lift=none)"
)


def refuse_seen(run: Run, samples: Samples, models: Sequence[Path], *, other_people: bool) -> None:
    """Nobody whom the run judged, or whom weights were fitted on that a network of it began with.

    models: the files of its models. Errors: LeakageError that names them.
    """
    if other_people:
        return
    asked = set(map(str, samples.subject))
    before = sorted(asked & set().union(*map(_people_of, models)) - set(run.predictions["subject"]))
    if before:
        raise LeakageError(
            f"the weights that the models of {run.folder} began with were fitted on {', '.join(before[:6])}. Leave "
            "them out with cohort.exclude=[...], or rename them if they are other people."
        )
    seen = sorted(set(run.predictions["subject"]) & asked)
    if seen:
        raise LeakageError(
            f"the models of {run.folder} were fitted on {', '.join(seen[:6])}: their scores stand in its "
            "predictions.csv. Leave them out with cohort.exclude=[...], or rename them if they are other people."
        )


def _people_of(model: Path) -> set[str]:
    """People whom a network was fitted on, itself and before, by its file; none of other kinds of models."""
    if model.suffix != ".safetensors":
        return set()
    from neuroface.classifiers import model_file

    return set(map(str, model_file.from_file(model)[0].get("people", ())))


def refuse_named(run: Run, files: Sequence[str]) -> None:
    """A file that bears the name of somebody whom the models were fitted on is most likely theirs."""
    people = [person for person in set(map(str, run.predictions["subject"])) if re.search("[A-Za-z]", person)]
    for name in (Path(file).name for file in files):
        for person in people:
            if as_word(person).search(name):
                raise LeakageError(
                    f"{name} bears the name of {person}, on whom models of {run.folder} were fitted: the scores stand "
                    "in its predictions.csv. If it is of somebody else, say who: subject=NAME."
                )


def refuse_copies(run: Run, samples: Samples) -> None:
    """A row that is a row of the run is of the same person, whatever the name."""
    if samples.view != "table" or run.features is None or set(samples.feature_names) - set(run.features.columns):
        return
    known = _row_texts(run.features[list(samples.feature_names)].to_numpy(float))
    names = dict(zip(known, run.features["subject"], strict=True))
    rows = zip(_row_texts(np.asarray(samples.X, dtype=float)), samples.subject, strict=True)
    found = {str(who): str(names[row]) for row, who in rows if row in names}
    if found:
        same = ", ".join(f"{who} is {other}" for who, other in list(found.items())[:SHOWN])
        raise LeakageError(
            f"rows of {len(found)} people are rows that the models of {run.folder} were fitted on ({same}): they are "
            "the same people under other names. Leave them out with cohort.exclude=[...]."
        )


def _row_texts(X: np.ndarray) -> list[str]:
    """Each row to nine digits: a table that was written and read may differ in the last one."""
    return [" ".join(f"{value:.9g}" for value in row) for row in X]


def check_features(run: Run, samples: Samples) -> None:
    if samples.view != "table" or run.features is None:
        return
    from neuroface.report.run import feature_columns

    wanted, given = feature_columns(run.features), list(samples.feature_names)
    if wanted != given:
        gone, odd = ([n for n in names if n not in other] for names, other in ((wanted, given), (given, wanted)))
        told = [f"{what} {_some(names)}" for what, names in (("without", gone), ("with", odd)) if names]
        raise DataError(
            "the run looks at other features than these recordings give, which are "
            f"{' and '.join(told) or 'in another order'}. A run on mm needs depth or landmarks in mm (lift=depth), one "
            "on pixels lift=none; a table needs the columns of the run's samples.csv."
        )


def without_dead_end(error: DataError, run: Run) -> DataError:
    """To give up depth is no way for a run on millimetres: other features would be refused next."""
    text = str(error)
    in_mm = run.features is not None and any("_mm" in name for name in map(str, run.features.columns))
    if not in_mm or "lift=none" not in text:
        return error
    for advice in PIXELS:
        text = text.replace(advice, MILLIMETRES)
    return DataError(text)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
