"""What the words of `train` ask for: a run, a landmark network or an experiment, brought to its end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from neuroface.configuration.compose import compose
from neuroface.errors import DataError, UnknownGroupError
from neuroface.studies import finetune, pretrain, train
from neuroface.studies.building import build_cohort
from neuroface.studies.experiment import run_cells


def run(overrides: list[str]) -> Path:
    """Run what the overrides ask for: one run folder, or one per cell of an experiment and a table above them.

    Returns the folder; an experiment's table is printed as soon as its cells are done, whether or not all succeeded.
    """
    overrides = with_own_labels(with_meant_cohort(overrides))
    config, choices = compose("train", overrides)
    path = _path(config, choices)
    if config.get("pretrain"):
        pretrain.train(config, choices, path, overrides)
    elif config.get("cells"):
        run_cells(config, choices, overrides, path)
    elif config.get("finetune"):
        finetune.train(config, choices, path, overrides)
    else:
        train.train(config, choices, path, overrides)
    return path


def folder_of(overrides: list[str]) -> Path:
    """Where `run` would write what these words ask for, or has written it."""
    meant = with_own_labels(with_meant_cohort(overrides), told=False)
    return _path(*compose("train", meant))


def _path(config: DictConfig, choices: dict[str, Any]) -> Path:
    return pretrain.run_path(config) if config.get("pretrain") else train.run_path(config, choices)


def with_own_labels(overrides: list[str], *, told: bool = True) -> list[str]:
    """The words, with protocol=as_labelled where none is named and the cohort on disk has no class of the default's.

    One's own control and patient are a question, too, without a protocol's name that says ALS. That it is asked so, and
    of which groups, is told on standard error.
    """
    if any(word.lstrip("+").startswith(("protocol=", "experiment=", "pretrain=")) for word in overrides):
        return overrides
    config, _ = compose("train", [word for word in overrides if not word.startswith("protocol.classes=")])
    wanted = config.protocol.classes
    if not wanted or config.protocol.target != "group" or not config.cohort.get("root"):
        return overrides
    cohort, _ = build_cohort(config)
    try:
        next(iter(cohort.recordings(groups=list(wanted))), None)
    except UnknownGroupError as error:
        if len(error.known) < 2 or set(error.known) & set(wanted):
            return overrides
        if told:
            print(
                f"the cohort has {', '.join(error.known)}, not {', '.join(wanted)}: protocol=as_labelled, of all "
                "tasks; protocol.classes and protocol.task ask for some of them",
                file=sys.stderr,
            )
        return [*overrides, "protocol=as_labelled"]
    except DataError:  # told when it is read
        pass
    return overrides


def with_meant_cohort(overrides: list[str]) -> list[str]:
    """The words, cohort=synthetic replaced by the synthetic cohort that an experiment means by it (synthetic_means)."""
    named = [word for word in overrides if word.startswith("experiment=")]
    if "cohort=synthetic" not in overrides or not named:
        return overrides
    config, _ = compose("train", named)
    meant = config.get("synthetic_means") or "synthetic"
    return [f"cohort={meant}" if word == "cohort=synthetic" else word for word in overrides]
