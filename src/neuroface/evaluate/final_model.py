"""One more model, fitted on everybody, for whoever wants to use what was learnt; no number of the run is about it."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from neuroface.errors import ConfigError
from neuroface.evaluate.fold import fit
from neuroface.evaluate.plan import Plan
from neuroface.evaluate.run_folder import RunFolder
from neuroface.evaluate.seeds import derive_seed
from neuroface.evaluate.splits import ordered_unique
from neuroface.evaluate.workers import one_thread, saved

NAME = "final"
NEVER_EVALUATED = (
    "Fitted on everybody, so nobody is left to judge it: this model was never evaluated. The scores of the run are of "
    "the models of its folds, each fitted on fewer people. Research software, not a medical device."
)


def write(plan: Plan, folder: RunFolder) -> None:
    """models/final.<ending>, and models/final.json, which says what it is, was fitted on and never was: evaluated.

    Errors: ConfigError for an estimator that chooses its epoch on the people who are judged (here there are none), and
    where a person's own fold has the name.
    """
    task = replace(plan.task, checkpoints=None, models=None)
    if task.shows_test:
        raise ConfigError("execution.final_model=true: this classifier chooses its epoch on the people who are judged.")
    if NAME in {fold.name for fold in plan.folds}:
        raise ConfigError(f"execution.final_model=true: a fold is named {NAME} already; give that person another id.")
    rows = np.arange(len(plan.samples))
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were told of the folds
        model = saved(fit(task, rows, derive_seed(task.seed, NAME)))
    about: dict[str, Any] = {
        "evaluated": False,
        "note": NEVER_EVALUATED,
        "classes": list(task.classes),
        "view": plan.samples.view,
        "features": list(plan.samples.feature_names),
        "fitted_on": ordered_unique(task.subject),
        "run_digest": folder.facts["digest"],
    }
    folder.write_bytes(f"models/{NAME}.{model.ending}", model.content)
    folder.write_text(f"models/{NAME}.json", json.dumps(about, indent=2, ensure_ascii=False) + "\n")


def is_there(folder: RunFolder) -> bool:
    return (folder.path / "models" / f"{NAME}.json").is_file()
