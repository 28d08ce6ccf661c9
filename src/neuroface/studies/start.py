"""What the words of `train` ask for: a run, a landmark network or an experiment, brought to its end."""

from __future__ import annotations

from pathlib import Path

from neuroface.configuration.compose import compose
from neuroface.studies import finetune, train
from neuroface.studies.experiment import run_cells


def run(overrides: list[str]) -> Path:
    """Run what the overrides ask for: one run folder, or one per cell of an experiment and a table above them.

    Returns the folder; an experiment's table is printed as soon as its cells are done, whether or not all succeeded.
    """
    overrides = with_meant_cohort(overrides)
    config, choices = compose("train", overrides)
    path = train.run_path(config, choices)
    if config.get("cells"):
        run_cells(config, choices, overrides, path)
    elif config.get("finetune"):
        finetune.train(config, choices, path, overrides)
    else:
        train.train(config, choices, path, overrides)
    return path


def folder_of(overrides: list[str]) -> Path:
    """Where `run` would write what these words ask for, or has written it."""
    return train.run_path(*compose("train", with_meant_cohort(overrides)))


def with_meant_cohort(overrides: list[str]) -> list[str]:
    """The words, cohort=synthetic replaced by the synthetic cohort that an experiment means by it (synthetic_means)."""
    named = [word for word in overrides if word.startswith("experiment=")]
    if "cohort=synthetic" not in overrides or not named:
        return overrides
    config, _ = compose("train", named)
    meant = config.get("synthetic_means") or "synthetic"
    return [f"cohort={meant}" if word == "cohort=synthetic" else word for word in overrides]
