"""Finished runs scored again, and several of them as one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from neuroface.configuration.compose import compose
from neuroface.studies import covariates, finetune, folders, regression, scoring
from neuroface.studies.audit_again import audit_again
from neuroface.studies.verdict import accept


def _covariates(asked: Any) -> list[str]:
    """covariates= as names, whether one or a list of them is given."""
    return [str(name) for name in ([asked] if isinstance(asked, str) else asked or ())]


def _tell_ignored(path: Path, config: DictConfig, keys: Sequence[str]) -> None:
    """Which of the keys are given and say nothing about this run."""
    if given := [f"{key}=" for key in keys if config[key]]:
        print(f"{path}: {' and '.join(given)} is for runs that tell classes; nothing is done here.", file=sys.stderr)


def evaluated(overrides: list[str]) -> Iterator[Path]:
    """Each folder once it is scored and drawn: runs, then experiments, then the ensemble of several named runs."""
    config, _ = compose("eval", overrides)
    runs, experiments = folders.run_folders(config.run), folders.experiment_folders(config.run)
    for path in runs:
        number, landmarks = regression.is_run(path), finetune.is_run(path)
        if number or landmarks:
            _tell_ignored(path, config, ("covariates", "audit") if number else ("covariates", "audit", "accept"))
        if number:
            regression.score_again(path, n_bootstrap=config.bootstrap)
        elif not landmarks:  # whose page computes every score from the predicted points
            scoring.score_again(path, n_bootstrap=config.bootstrap)
            if names := _covariates(config.covariates):
                covariates.write(path, names)
            else:
                covariates.write_again(path)
            covariates.write_repeatability(path)
            if config.audit:
                audit_again(path)
        if config.accept is not None and not landmarks:
            accept(path, config.accept)
        folders.draw(path)
        yield path
    yield from experiments
    if config.ensemble and len(runs) > 1 and not experiments:
        yield scoring.ensemble(runs, method=config.ensemble, out=config.out, n_bootstrap=config.bootstrap)
